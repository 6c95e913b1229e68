# SPDX-License-Identifier: Apache-2.0
"""What is decided, and why, asked of the admin API: now, at a version, at an instant."""
import datetime
import time

import pytest

from admin_desk import UNLIMITED, Desk, assert_problem, content
from harness import ABSENT, Server

ANN, BOB = {"targetingKey": "ann"}, {"targetingKey": "bob"}
FORMAT = "guidon.environment/1"


def match(attribute, operator, value=ABSENT):
    leaf = {"op": "match", "attribute": attribute, "operator": operator}
    return leaf if value is ABSENT else {**leaf, "value": value}


def rule(name, when, serve, **more):
    return {"id": name, "when": when, "serve": serve, **more}


def typed(key, **members):
    return {"key": key, "kind": "flag", "type": "boolean", "description": "d", "tags": [],
            "owner": "o", "lifecycle": "active", "enabled": True,
            "arithmetic": {"hash": "fnv1a_32_utf16", "comparison": "typed"},
            "variations": [{"id": "off", "value": False}, {"id": "on", "value": True}],
            "offVariation": "off", "fallthrough": {"variation": "off"}, **members}


def segment(key, **members):
    return {"key": key, "visibility": "client", **members}


def text(key, **members):
    return {"key": key, "kind": "experiment", "type": "string", "description": "d", "tags": [],
            "owner": "o", "lifecycle": "active", "enabled": True,
            "arithmetic": {"hash": "murmur3_32_utf8", "comparison": "text"},
            "bucketBy": "/context/user/user_id", "salt": "s",
            "variations": [{"id": "on", "value": "on", "payload": {"size": 2}},
                           {"id": "b", "value": "b"}, {"id": "off", "value": "off"}],
            "offVariation": "off", "fallthrough": {"variation": "off"},
            "experiment": {"type": "a-b-test", "sticky": True}, **members}


def split(**weights):
    return {"rollout": {"variations": [{"variation": name, "weight": weight}
                                       for name, weight in weights.items()]}}


def instant(seconds):
    made = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return made.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Place:
    """One environment, filled by imports and asked about people."""

    def __init__(self, desk, number):
        self.desk, self.number = desk, number
        self.path = f"/environments/{number}"

    def fill(self, flags, segments=(), cohorts=()):
        """The version this makes."""
        return self.take({"format": FORMAT, "flags": list(flags), "segments": list(segments),
                          "cohorts": list(cohorts)})

    def take(self, environment):
        answer = self.desk.owner.post(f"{self.path}/import", environment, mode="replace")
        return content(answer)["version"]

    def ask(self, word, body, **params):
        return self.desk.owner.post(f"{self.path}/{word}", body, **params)

    def evaluate(self, context, *flags, at=None, **more):
        """{key: decision}"""
        body = {"context": context, **({"flags": list(flags)} if flags else {}), **more}
        answer = content(self.ask("evaluate", body, **({"at": at} if at is not None else {})))
        return {one["key"]: one for one in answer["results"][0]["flags"]}

    def explain(self, context, flag, at=None, **more):
        answer = content(self.ask("explain", {"context": context, "flags": [flag], **more},
                                  **({"at": at} if at is not None else {})))
        return answer["results"][0]["flags"][0]


def step(explained, check):
    return next(one for one in explained["steps"] if one["check"] == check)


def rules(explained):
    return [one for one in explained["steps"] if one["check"] == "rule"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("desk"), UNLIMITED).start()
    yield Desk(server)
    server.close()


def places_of(desk):
    app = desk.app()
    listed = desk.owner.all("/environments")
    return [Place(desk, one["number"]) for one in listed if one["appId"] == app["id"]]


@pytest.fixture
def place(desk):
    return places_of(desk)[0]


# ---- evaluating ----------------------------------------------------------------------------------
def test_flags_and_experiments_are_answered_by_key(place):
    version = place.fill([typed("b"), text("a"), typed("gone", archived=True)])
    answer = content(place.ask("evaluate", {"contexts": [ANN, {"user": {"user_id": "bob"}}]}))
    assert (answer["environment"], answer["version"]) == (place.number, version)
    assert answer["source"] == "recomputed"
    assert [one["targetingKey"] for one in answer["results"]] == ["ann", "bob"]
    for result in answer["results"]:
        assert result["flags"] == [
            {"key": "a", "variation": "off", "value": "off", "reason": "FALLTHROUGH"},
            {"key": "b", "variation": "off", "value": False, "reason": "FALLTHROUGH"}]


def test_named_flags_are_answered_as_they_are_named(place):
    place.fill([typed("b"), typed("gone", archived=True), typed("off", enabled=False)])
    answer = content(place.ask("evaluate", {"context": ANN, "flags": ["off", "nope", "gone"]}))
    assert answer["results"][0]["flags"] == [
        {"key": "off", "variation": "off", "value": False, "reason": "OFF"},
        {"key": "nope", "variation": None, "value": None, "reason": "DEFAULT",
         "errorCode": "FLAG_NOT_FOUND"},
        {"key": "gone", "variation": "off", "value": False, "reason": "FALLTHROUGH"}]


def test_rules_payloads_and_both_forms_of_a_context(place):
    country = {"op": "match", "attribute": "/context/user/country", "operator": "text is",
               "value": ["NO"]}
    place.fill([text("exp", rules=[rule("r", country, {"variation": "on"})]),
                typed("flag", rules=[rule("r", match("country", "eq", "NO"),
                                          {"variation": "on"})])])
    for context in ({"targetingKey": "u", "country": "NO"},
                    {"user": {"user_id": "u", "country": "NO"}}):
        decided = place.evaluate(context)
        assert decided["exp"] == {"key": "exp", "variation": "on", "value": "on", "rule": "r",
                                  "payload": {"size": 2}, "reason": "TARGETING_MATCH"}
        assert decided["flag"]["rule"] == "r"
    # With a targetingKey it is flat, whatever else it has.
    decided = place.evaluate({"targetingKey": "u", "user": {"country": "NO"}})
    assert decided["flag"]["variation"] == "off"


def test_a_context_without_a_key_is_decided_as_far_as_that_goes(place):
    place.fill([typed("dealt", fallthrough=split(on=100000)), typed("plain")])
    decided = place.evaluate({"country": "NO"})
    assert decided["dealt"]["errorCode"] == "TARGETING_KEY_MISSING"
    assert "errorCode" not in decided["plain"]
    assert place.evaluate({"user": {}}, "plain")["plain"]["errorCode"] == "TARGETING_KEY_MISSING"


def test_now_moves_schedules(place):
    place.fill([typed("soon", fallthrough={"variation": "on"},
                      schedule={"start": "2040-01-01T00:00:00Z"})])
    assert place.evaluate(ANN)["soon"]["reason"] == "SCHEDULED_OUT"
    later = place.evaluate(ANN, now="2040-01-01T00:00:00Z")
    assert later["soon"]["variation"] == "on"


def test_a_sticky_experiment_remembers_nothing_here(place):
    place.fill([text("exp", fallthrough={"bucket": {"slices": [
        {"percent": 100, "variations": [{"variation": "on", "weight": 1}]}]}})])
    assert place.evaluate({"user": {"user_id": "u"}})["exp"]["variation"] == "on"
    place.fill([text("exp")])
    assert place.evaluate({"user": {"user_id": "u"}})["exp"]["variation"] == "off"
    had = {"user": {"user_id": "u", "user_properties": {"[Experiment] exp": "b"}}}
    assert place.evaluate(had)["exp"]["reason"] == "STICKY"


def test_readers_may_ask(desk, place):
    place.fill([typed("flag")])
    body = {"context": ANN, "flags": ["flag"]}
    for speaker in (desk.person("viewer"), desk.speaker(kind="environment", access="read",
                                                        environments=[place.number])):
        for word in ("evaluate", "explain"):
            content(speaker.post(f"{place.path}/{word}", body))
    stranger = desk.speaker(kind="environment", access="read",
                            environments=[places_of(desk)[0].number])
    assert_problem(stranger.post(f"{place.path}/evaluate", body), 404, "not_found")


# ---- the past ------------------------------------------------------------------------------------
def test_any_version_and_any_instant_is_decided_as_then(place):
    crew = {"id": "crew", "groupType": "User", "memberIds": ["ann"]}
    of_crew = text("exp", variations=[{"id": "on", "value": "on", "cohorts": ["crew"]},
                                      {"id": "b", "value": "b"}, {"id": "off", "value": "off"}])
    moments = []
    for members in (["ann"], ["bob"], ["ann", "bob"]):
        version = place.fill([of_crew], cohorts=[{**crew, "memberIds": members}])
        moments.append((version, members, instant(time.time() + 0.002)))
        time.sleep(0.02)
    emptied = place.fill([])
    for version, members, at in moments:
        for moment in (version, at):
            answer = content(place.ask("evaluate", {"contexts": [ANN, BOB], "flags": ["exp"]},
                                       at=moment))
            assert answer["version"] == version
            for result, name in zip(answer["results"], ("ann", "bob")):
                reason = "INCLUDED" if name in members else "FALLTHROUGH"
                assert result["flags"][0]["reason"] == reason, (version, name)
            if moment == at:
                assert answer["at"] == at
    assert place.evaluate(ANN, at=emptied) == place.evaluate(ANN) == {}
    assert place.evaluate(ANN, at=0) == {}


def test_an_instant_is_the_moment_schedules_are_read_at(place):
    changed = time.time()
    end = instant(changed + 0.5)
    place.fill([typed("flag", fallthrough={"variation": "on"}, schedule={"end": end})])
    during = instant(time.time() + 0.002)
    time.sleep(0.6)
    assert place.evaluate(ANN)["flag"]["reason"] == "SCHEDULED_OUT"
    assert place.evaluate(ANN, at=during)["flag"]["variation"] == "on"
    assert place.evaluate(ANN, at=during, now=end)["flag"]["reason"] == "SCHEDULED_OUT"


def test_what_is_not_there_yet_or_never_was(place):
    version = place.fill([typed("flag")])
    body = {"context": ANN}
    for at in (version + 1, "999999999999999", instant(time.time() + 60), "2001-01-01T00:00:00Z"):
        assert_problem(place.ask("evaluate", body, at=at), 404, "not_found", "?at")
    for at in ("", "-1", "1.0", "yesterday", "2031-02-30T00:00:00Z", "2031-01-01", "9" * 16):
        assert_problem(place.ask("evaluate", body, at=at), 400, "invalid", "?at")


def test_the_past_survives_a_restart(tmp_path):
    server = Server(tmp_path / "server", UNLIMITED).start()
    place = places_of(Desk(server))[0]
    first = place.fill([typed("flag", fallthrough={"variation": "on"})])
    at = instant(time.time() + 0.002)
    time.sleep(0.02)
    place.fill([typed("flag")])
    server.restart()
    again = Place(Desk(server), place.number)
    assert again.evaluate(ANN, at=first)["flag"]["variation"] == "on"
    assert again.evaluate(ANN, at=at)["flag"]["variation"] == "on"
    assert again.evaluate(ANN)["flag"]["variation"] == "off"
    server.close()


# ---- bad questions -------------------------------------------------------------------------------
@pytest.mark.parametrize("body, where", [
    ({}, None), ({"context": {}, "contexts": [{}]}, None), ({"context": []}, "/context"),
    ({"contexts": []}, "/contexts"), ({"contexts": {}}, "/contexts"),
    ({"contexts": [{}, 1]}, "/contexts/1"), ({"context": {"targetingKey": 7}}, "/context"),
    ({"context": {}, "flags": []}, "/flags"), ({"context": {}, "flags": "a"}, "/flags"),
    ({"context": {}, "flags": ["a", 1]}, "/flags/1"), ({"context": {}, "flags": [""]}, "/flags/0"),
    ({"context": {}, "now": "soon"}, "/now"), ({"context": {}, "now": 7}, "/now"),
    ({"context": {}, "now": "2031-02-30T00:00:00Z"}, "/now"),
    ({"context": {}, "more": 1}, "/more")])
def test_a_bad_question_is_refused_where_it_is_bad(place, body, where):
    for word in ("evaluate", "explain"):
        assert_problem(place.ask(word, body if word == "evaluate" else {"flags": ["a"], **body}),
                       400, "invalid", where)


def test_limits(place):
    place.fill([typed(f"f{i}") for i in range(101)])
    many = [{"targetingKey": str(i)} for i in range(100)]
    answer = place.ask("evaluate", {"contexts": many})
    assert_problem(answer, 422, "limit")
    assert len(content(place.ask("evaluate", {"contexts": many[:99]}))["results"]) == 99
    assert_problem(place.ask("evaluate", {"contexts": many + [ANN]}), 422, "limit", "/contexts")
    keys = [f"f{i}" for i in range(21)]
    assert_problem(place.ask("explain", {"context": ANN, "flags": keys}), 422, "limit", "/flags")
    content(place.ask("explain", {"context": ANN, "flags": keys[:20]}))
    assert_problem(place.ask("explain", {"context": ANN}), 400, "invalid", "/flags")
    deep = "x"
    for _ in range(9):
        deep = {"d": deep}
    for context in (deep, {"text": "x" * 2049}, {str(i): i for i in range(257)}):
        assert_problem(place.ask("evaluate", {"context": context}), 422, "limit", "/context")
    content(place.ask("evaluate", {"context": {**deep["d"], "text": "x" * 2048}, "flags": ["f0"]}))


def test_a_body_of_very_many_values_is_not_read(place):
    place.fill([typed("f")])
    most = 100000 - len(["body", "context", "list", "flags", "f"])
    for count, is_read in ((most, True), (most + 1, False)):
        answer = place.ask("evaluate", {"context": {"list": [1] * count}, "flags": ["f"]})
        if is_read:
            content(answer)
        else:
            assert_problem(answer, 400, "invalid")
            assert "more values than allowed" in answer.json()["detail"]


def test_an_answer_that_would_be_too_large_is_refused(place):
    most = 4 * 2**20
    place.fill([typed("large", type="string", variations=[{"id": "off", "value": "x" * 41700}])])

    def asked(padding):
        """The names of those who are asked about come back: they make the answer as long as is wanted."""
        each, more = divmod(padding, 100)
        return {"flags": ["large"], "contexts": [
            {"targetingKey": f"{i:02d}" + "k" * (each + (i < more))} for i in range(100)]}

    shortest = place.ask("evaluate", asked(0))
    content(shortest)
    padding = most - len(shortest.content)
    at_most = place.ask("evaluate", asked(padding))
    assert len(content(at_most)["results"]) == 100
    assert len(at_most.content) == most
    assert_problem(place.ask("evaluate", asked(padding + 1)), 422, "limit")


# ---- why -----------------------------------------------------------------------------------------
def test_the_steps_come_in_order_and_say_who_decided(place):
    place.fill([typed("flag", rules=[
        rule("early", match("plan", "eq", "pro"), {"variation": "on"},
             schedule={"end": "2020-01-01T00:00:00Z"}),
        rule("none", match("plan", "eq", "pro"), split(on=0)),
        rule("serves", match("plan", "eq", "pro"), {"variation": "on"}),
        rule("behind", match("plan", "eq", "free"), {"variation": "off"})])])
    why = place.explain({"targetingKey": "u", "plan": "pro"}, "flag")
    assert [one["check"] for one in why["steps"]] == [
        "key", "enabled", "schedule", "inclusions", "prerequisites", "stickiness", "rule", "rule",
        "rule", "rule", "fallthrough"]
    assert (why["settledBy"], why["rule"]) == ("rule", "serves")
    early, none, serves, behind = rules(why)
    assert (early["state"], early["held"], early["served"]) == ("after", True, False)
    assert (none["held"], none["serve"]["variation"]) == (True, None)
    assert (serves["served"], serves["serve"]) == (True, {"kind": "variation", "variation": "on"})
    assert (behind["reached"], behind["held"]) == (False, False)
    assert not step(why, "fallthrough")["reached"]


def test_a_rule_that_fails_says_by_which_clause(place):
    when = {"op": "all", "expressions": [
        match("plan", "in", ["pro", "team"]),
        {"op": "any", "expressions": [match("age", "gt", 30)]},
        {"op": "not", "expression": match("beta", "eq", True)}]}
    place.fill([typed("flag", rules=[rule("r", when, {"variation": "on"})])])

    def failing(**attributes):
        one = rules(place.explain({"targetingKey": "u", **attributes}, "flag"))[0]
        assert one["held"] == ("failing" not in one)
        return one.get("failing", {}).get("path"), one.get("failing", {}).get("why")

    assert failing(plan="pro", age=31) == (None, None)
    assert failing(age=31) == ("/when/expressions/0", "missing")
    assert failing(plan="free", age=31) == ("/when/expressions/0", "different")
    assert failing(plan="pro", age="31") == ("/when/expressions/1/expressions/0", "type")
    assert failing(plan="pro", age=31, beta=True) == ("/when/expressions/2", "innerHolds")
    one = rules(place.explain({"targetingKey": "u", "plan": "free"}, "flag"))[0]
    leaf = one["when"]["expressions"][0]
    assert (leaf["wanted"], leaf["actual"], leaf["held"]) == (["pro", "team"], "free", False)
    unread = one["when"]["expressions"][1]["expressions"][0]
    assert (unread["reached"], unread["why"]) == (False, "missing")


def test_what_was_hashed_and_whose_ticket_it_is(place):
    place.fill([typed("flag", fallthrough={"rollout": {
        "variations": [{"variation": "off", "weight": 30000}, {"variation": "on", "weight": 60000}],
        "salt": "s1"}})])
    context = {"targetingKey": "Jørgen"}
    why = place.explain(context, "flag")
    serve = step(why, "fallthrough")["serve"]
    value = 0x811C9DC5
    for unit in "flag:s1:Jørgen":
        value = (value ^ ord(unit)) * 0x01000193 & 0xFFFFFFFF
    assert serve["hash"] == {"name": "fnv1a_32_utf16", "input": "flag:s1:Jørgen", "value": value}
    assert (serve["ticket"], serve["tickets"]) == (value % 100000, 100000)
    bounds = [(one["variation"], one["start"], one["end"]) for one in serve["ranges"]]
    assert bounds == [("off", 0, 30000), ("on", 30000, 90000)]
    chosen = [one["variation"] for one in serve["ranges"] if one["chosen"]]
    assert (chosen or [None]) == [why["variation"]] == [serve["variation"]]


def test_a_ramp_says_how_far_it_is(place):
    place.fill([typed("flag", fallthrough={"progressive": {
        "start": "2031-01-01T00:00:00Z", "end": "2031-01-05T00:00:00Z",
        "from": {"variations": [{"variation": "on", "weight": 0},
                                {"variation": "off", "weight": 100000}]},
        "to": {"variations": [{"variation": "on", "weight": 100000},
                              {"variation": "off", "weight": 0}]}}})])
    why = place.explain(ANN, "flag", now="2031-01-02T00:00:00Z")
    serve = step(why, "fallthrough")["serve"]
    assert (serve["kind"], serve["progress"]) == ("progressive", 0.25)
    assert serve["ranges"][0]["end"] == 25000


def test_prerequisites_tell_their_own_story(place):
    place.fill([typed("base", rules=[rule("r", match("plan", "eq", "pro"), {"variation": "on"})]),
                typed("middle", fallthrough={"variation": "on"},
                      prerequisites=[{"flag": "base", "variations": ["on"]}]),
                typed("top", prerequisites=[{"flag": "middle", "variations": ["on"]}])])
    why = place.explain(ANN, "top")
    assert (why["reason"], why["settledBy"]) == ("PREREQUISITE_FAILED", "prerequisites")
    gate = step(why, "prerequisites")
    assert not gate["passed"]
    middle, = gate["flags"]
    assert (middle["flag"], middle["wanted"], middle["variation"], middle["satisfied"]) == (
        "middle", ["on"], "off", False)
    base, = step(middle["explanation"], "prerequisites")["flags"]
    assert (base["flag"], base["reason"]) == ("base", "FALLTHROUGH")
    assert rules(base["explanation"])[0]["failing"]["why"] == "missing"
    assert place.explain({**ANN, "plan": "pro"}, "top")["reason"] == "FALLTHROUGH"


def test_segments_show_their_lists_and_rules(place):
    inner = segment("inner", rules=[match("plan", "eq", "pro")])
    outer = segment("outer", included=["ann"], excluded=["bob"],
                    rules=[{"op": "segment", "segment": "inner"}])
    place.fill([typed("flag", rules=[rule("r", {"op": "segment", "segment": "outer"},
                                          {"variation": "on"})])], [inner, outer])

    def checks(context):
        when = rules(place.explain(context, "flag"))[0]["when"]
        return when["member"], when["checks"]["included"], when["checks"]["excluded"]

    assert checks(ANN) == (True, True, False)
    assert checks({**BOB, "plan": "pro"}) == (False, False, True)
    assert checks({"targetingKey": "eve", "plan": "pro"}) == (True, False, False)
    when = rules(place.explain({"targetingKey": "eve"}, "flag"))[0]["when"]
    assert when["checks"]["rules"][0]["checks"]["rules"][0]["why"] == "missing"


def test_inclusions_say_who_is_listed(place):
    place.fill([text("exp", variations=[
        {"id": "on", "value": "on", "included": ["d-1"], "cohorts": ["crew"]},
        {"id": "b", "value": "b", "included": ["bob"]}, {"id": "off", "value": "off"}])],
        cohorts=[{"id": "crew", "groupType": "User", "memberIds": ["ann"]}])

    def listed(user):
        why = place.explain({"user": user}, "exp")
        return [(one["variation"], one["by"], one["listed"])
                for one in step(why, "inclusions")["variations"] if one["held"]]

    assert listed({"user_id": "ann"}) == [("on", "cohort", "crew")]
    assert listed({"user_id": "bob", "device_id": "d-1"}) == [("on", "deviceId", "d-1"),
                                                            ("b", "userId", "bob")]
    assert listed({"user_id": "eve"}) == []


def test_the_past_is_explained_as_it_was(place):
    first = place.fill([typed("flag", rules=[rule("r", match("plan", "eq", "pro"),
                                                  {"variation": "on"})])])
    place.fill([typed("flag", enabled=False)])
    assert place.explain(ANN, "flag")["settledBy"] == "enabled"
    assert rules(place.explain(ANN, "flag", at=first))[0]["failing"]["why"] == "missing"


# ---- the case as a test --------------------------------------------------------------------------
CASES = [
    ("plain", ANN), ("nope", ANN), ("top", {**ANN, "plan": "pro"}), ("top", BOB), ("split", ANN),
    ("split", {}), ("exp", {"user": {"user_id": "ann"}}), ("exp", {"user": {"user_id": "bob"}}),
    ("orgs", {"user": {"user_id": "u"}, "groups": {"org": {"group_name": "acme"}}}),
    ("orgs", {"targetingKey": "u", "groups": {"org": "other"}}), ("soon", ANN)]


def test_a_case_is_a_test_that_stands_alone(desk):
    here, there = places_of(desk)[:2]
    orgs = {"op": "match", "attribute": "/context/groups/org/cohort_ids",
            "operator": "text set contains any", "value": ["customers"]}
    here.fill(
        [typed("base", rules=[rule("r", {"op": "segment", "segment": "outer"},
                                   {"variation": "on"})]),
         typed("plain"), typed("soon", schedule={"start": "2031-01-01T00:00:00Z"}),
         typed("split", fallthrough=split(off=50000, on=50000)),
         typed("top", fallthrough={"variation": "on"},
               prerequisites=[{"flag": "base", "variations": ["on"]}]),
         text("exp", variations=[{"id": "on", "value": "on", "cohorts": ["crew"]},
                                 {"id": "b", "value": "b"}, {"id": "off", "value": "off"}]),
         text("orgs", rules=[rule("r", orgs, {"variation": "b"})])],
        [segment("inner", rules=[match("plan", "eq", "pro")]), segment("other"),
         segment("outer", rules=[{"op": "segment", "segment": "inner"}])],
        [{"id": "crew", "groupType": "User", "memberIds": ["ann", "eve"]},
         {"id": "customers", "groupType": "org", "memberIds": ["acme", "beta"]}])
    for flag, context in CASES:
        vector = here.explain(context, flag, now="2031-06-01T00:00:00Z")["vector"]
        assert vector["now"] == "2031-06-01T00:00:00.000Z"
        assert all("eve" not in one["memberIds"] for one in vector["environment"]["cohorts"])
        there.take(vector["environment"])
        decided = there.evaluate(vector["context"], vector["flag"], now=vector["now"])
        assert decided[flag] == vector["expected"], (flag, context)
    vector = here.explain(ANN, "top")["vector"]["environment"]
    assert [one["key"] for one in vector["flags"]] == ["base", "top"]
    assert [one["key"] for one in vector["segments"]] == ["inner", "outer"]
    assert vector["cohorts"] == []
