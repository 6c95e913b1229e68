# SPDX-License-Identifier: Apache-2.0
"""What people get: against the written algorithm, and the promises made to them one by one."""
import random
import re
import threading

import pytest

import amplitude_oracle as oracle
from amplitude import Caller, Compiled, Project, assert_ok, content, without_counters
from test_amplitude_configurations import SEED, condition, some_project

COUNTRIES = ["NO", "SE", "no", "", "Norway"]


def some_value(dice):
    return dice.choice(["pro", "free", "PRO", "a", "true", True, False, 1, 18, 0.5, "1e2", 100, -3,
                        None, "", "(none)",
                        ["a", "b"], ["a"], [], ["d", "c", "b", "a"], '["a","b"]', "[a", {"a": 1},
                        [1, None, "", True],
                        "1.2.3", "\u65e5\u672c", 1e21, 1.5e-7, 10 ** 15, -0.0,
                        [["a"], {"b": [1.0]}]])


def some_user(dice, serial):
    user = {}
    if dice.random() < 0.85:
        user["user_id"] = f"u{dice.randrange(40)}" if dice.random() < 0.4 else f"user-{serial}"
    if dice.random() < 0.7 and ("user_id" not in user or dice.random() < 0.5):
        user["device_id"] = f"device-{serial}"
    for member, values in (("country", COUNTRIES), ("platform", ["iOS", "Android"]),
                           ("version", ["1.2.3", "1.2", "1.10.0", "2.0.0-rc.1", "2.0.0", "x", "v1",
                                        "1", "3.0.0+b"])):
        if dice.random() < 0.6:
            user[member] = dice.choice(values)
    if dice.random() < 0.8:
        user["user_properties"] = {name: some_value(dice)
                                   for name in ("plan", "tags", "age", "zo\u00eb", "team")
                                   if dice.random() < 0.6}
    if dice.random() < 0.3:
        user["cohort_ids"] = dice.sample(["c1", "c2", "c3", "c9"], dice.randrange(4))
    return user


def united(user, cohorts):
    """The user with the cohorts the server knows it to be in."""
    known = [c for c, ids in cohorts.items() if user.get("user_id") in ids]
    if not known:
        return user
    return {**user, "cohort_ids": user.get("cohort_ids", []) + known}


@pytest.mark.parametrize("seed", range(SEED, SEED + 5))
def test_random_users_get_what_the_algorithm_says(project, seed):
    cohorts = some_project(project, seed)
    compiled = Compiled(project)
    whole = project.flags(eval_mode="remote")
    dice = random.Random(seed)
    wrong, names = [], set()
    for serial in range(250):
        user = some_user(dice, f"{seed}-{serial}")
        got = without_counters(project.vardata(user))
        wanted = compiled.results(united(user, cohorts), project.web)
        if got != wanted:
            differing = {k: (got.get(k), wanted.get(k)) for k in got.keys() | wanted
                         if got.get(k) != wanted.get(k)}
            wrong.append((user, differing))
        context = oracle.context_of(united(user, cohorts))
        identity = user.get("user_id") or user.get("device_id")
        if identity:
            context["user"]["amplitude_id"] = identity
        mine = {k: r["key"] for k, r in oracle.evaluate(whole, context).items()
                if r["metadata"]["deployed"]}
        assert {k: r["key"] for k, r in got.items()} == mine, user
        names.update(r["metadata"]["segmentName"] for r in got.values())
    assert not wrong, (len(wrong), wrong[:2])
    assert {"All Other Users", "flag-dependencies", "individual-inclusions", "segment 0",
            "segment 1"} <= names


def live(project, *conditions, key="f", **more):
    return project.flag(key, enabled=True, bucketingKey="user_id", targetSegments=[
        {"name": "S", "percentage": 100, "rolloutWeights": {"on": 1},
         "conditions": list(conditions)}], **more)


def test_two_thousand_users_are_bucketed_exactly(project):
    """Percentage, weights and order of variants, ticket by ticket."""
    path = project.live("experiments", "e", rolloutPercentage=37, bucketingKey="user_id",
                        variants=[{"key": k} for k in "abc"],
                        rolloutWeights={"a": 1, "b": 5, "c": 2})
    salt = project.show(path)["bucketingSalt"]
    dealt = oracle.ranges([("a", 1), ("b", 5), ("c", 2)])
    for n in range(500):
        ticket = oracle.murmur3(f"{salt}/user-{n}")
        wanted = "off"
        if ticket % 100 < 37:
            wanted = next(v for v, (start, end) in dealt if start <= ticket // 100 < end)
        assert project.web.variant("e", user_id=f"user-{n}") == wanted, n


@pytest.mark.parametrize("identity",
                         ["", "u", "a" * 1000, "\u65e5\u672c", "\U0001f680", "a/b", " ", "0",
                          "\u0301e"])
def test_odd_identities(project, identity):
    path = project.live("flags", "f", rolloutPercentage=50, bucketingKey="user_id")
    for salt in ("s1", "s2", "\u00e9", "a/b"):
        project.edit(path, bucketingSalt=salt)
        wanted = "on" if identity and oracle.murmur3(f"{salt}/{identity}") % 100 < 50 else "off"
        assert project.web.variant("f", user_id=identity) == wanted, salt


@pytest.mark.parametrize("value, text", [
    (True, "true"), (1, "1"), (1.0, "1"), (1.5, "1.5"), (1e21, "1e+21"), (1e-7, "1e-7"),
    (-0.0, "0"), (10 ** 15, "1000000000000000"),
    (123456789012, "123456789012"), ("x", "x"), ({"b": 1, "a": [1, None]}, '{"b":1,"a":[1,null]}'),
    ({"2": 1, "1": 2, "x": "\u00e9"}, '{"1":2,"2":1,"x":"\u00e9"}'), ([1, "a"], '[1,"a"]')])
def test_the_text_that_is_hashed(project, value, text):
    path = project.live("flags", "f", bucketingKey="gp:v",
                        variants=[{"key": f"v{n}"} for n in range(20)])
    salt = project.show(path)["bucketingSalt"]
    ticket = oracle.murmur3(f"{salt}/{text}") // 100
    dealt = oracle.ranges([(f"v{n}", 1) for n in range(20)])
    wanted = next(v for v, (start, end) in dealt if start <= ticket < end)
    assert project.web.variant("f", user_id="u", user_properties={"v": value}) == wanted


# ---- conditions, one by one ----------------------------------------------------------------------
CASES = [
    ("is", ["Pro"], {"Pro": True, "pro": False, None: False, "": False}),
    ("is", ["true"], {True: True, "TRUE": True, "True": True, False: False, "1": False}),
    ("is", ["(none)"], {None: True, "x": False, "": False}),
    ("is", ["1"], {1: True, "1": True, "1.0": False}),
    ("is not", ["a"], {"a": False, "b": True, None: True}),
    ("is not", ["(none)"], {None: False, "x": True, "": True}),
    ("contains", ["LL"], {"hello": True, "helo": False, None: False}),
    ("does not contain", ["LL"], {"hello": False, "helo": True, None: True}),
    ("less", ["10"], {9: True, 10: False, "9.5": True, "x": False, None: False, " 5 ": True,
                      "": True, True: False}),
    ("greater", ["10", "5"],
     {6: True, 5: False, "0x10": True, "1e3": True, "Infinity": True, "1_000": False}),
    ("glob match", ["*.js"],
     {"a.js": True, "a/b.js": False, "ajs": False, "a.jsx": False, None: False, "\n.js": True}),
    ("glob match", ["src/**"], {"src/a/b": True, "src/": True, "srcs": False, "xsrc/a": False}),
    ("glob match", ["a?c"], {"abc": True, "a/c": False, "ac": False, "aBc": True, "ABC": False}),
    ("glob match", ["[a-c]x", "[!a]y"], {"bx": True, "dx": False, "by": True, "ay": False}),
    ("glob match", ["{foo,ba?}.txt"], {"foo.txt": True, "bar.txt": True, "bazz.txt": False}),
    ("glob match", ["\\*.+^$()|"], {"*.+^$()|": True, "x.+^$()|": False}),
    ("glob does not match", ["*.js"], {"a.js": False, "a.ts": True, "a/b.js": True}),
]


@pytest.mark.parametrize("op, values, people", CASES, ids=lambda v: str(v)[:30])
def test_operators(project, op, values, people):
    live(project, condition("gp:p", op, *values))
    for value, holds in people.items():
        properties = {} if value is None else {"p": value}
        seen = project.web.variant("f", user_id="u", user_properties=properties)
        assert seen == ("on" if holds else "off"), value


def test_all_conditions_of_a_segment_and_the_first_segment(project):
    project.flag("f", enabled=True, variants=[{"key": "a"}, {"key": "b"}], targetSegments=[
        {"name": "First", "percentage": 100, "rolloutWeights": {"a": 1}, "conditions": [
            condition("country", "is", "NO"), condition("gp:plan", "is", "pro")]},
        {"name": "Second", "percentage": 0, "rolloutWeights": {"b": 1},
         "conditions": [condition("country", "is", "SE")]},
        {"name": "Third", "percentage": 100, "rolloutWeights": {"b": 1}, "conditions": [
            condition("country", "is", "NO", "SE")]}])
    for user, key, name in (({"country": "NO", "user_properties": {"plan": "pro"}}, "a", "First"),
                            ({"country": "NO"}, "b", "Third"), ({"country": "SE"}, "off", "Second"),
                            ({"country": "DK"}, "off", "All Other Users"),
                            ({}, "off", "All Other Users")):
        result = project.vardata({"user_id": "u", **user})["f"]
        assert (result["key"], result["metadata"]["segmentName"]) == (key, name)
        assert result["metadata"].get("default") is (True if key == "off" else None)
        assert ("value" in result) is (key != "off")


def test_an_empty_list_of_conditions_is_everybody(project):
    live(project)
    assert project.vardata({})["f"]["metadata"]["segmentName"] == "S"


# ---- identity ------------------------------------------------------------------------------------
@pytest.fixture
def halves(project):
    """Sees which text was bucketed: one variant of fifty for each."""
    path = project.live("flags", "f", variants=[{"key": f"v{n}"} for n in range(50)])
    salt = project.show(path)["bucketingSalt"]
    dealt = oracle.ranges([(f"v{n}", 1) for n in range(50)])

    def bucketed(text):
        ticket = oracle.murmur3(f"{salt}/{text}") // 100
        return next(v for v, (start, end) in dealt if start <= ticket < end)
    return bucketed


def test_amplitude_id_is_the_user_else_the_device(project, halves):
    names = [f"someone-{n}" for n in range(5)]
    for name in names:
        assert project.web.variant("f", user_id=name) == halves(name)
        assert project.web.variant("f", device_id="device-" + name) == halves("device-" + name)
        assert project.web.variant("f", user_id=name, device_id="other-" + name) == halves(name)
    assert project.web.variant("f") == "off"


def test_a_device_belongs_to_the_user_seen_with_it(project, halves):
    assert project.web.variant("f", device_id="phone") == halves("phone")
    assert project.web.variant("f", user_id="ann", device_id="phone") == halves("ann")
    assert project.web.variant("f", device_id="phone") == halves("ann")
    assert project.web.variant("f", device_id="phone", user_id="bo") == halves("bo")
    assert project.web.variant("f", user_id="ann") == halves("ann")


def test_what_the_caller_says_wins(project, halves):
    assert project.web.variant("f", user_id="u", device_id="d",
                               amplitude_id="mine") == halves("mine")
    assert project.web.variant("f", user_id="u", amplitude_id=12345) == halves("12345")
    assert project.web.variant("f", user_id="u", amplitude_id="") in (halves("u"), "off")


def test_devices_of_two_projects_are_strangers(town, project, halves):
    project.web.variant("f", user_id="ann", device_id="shared")
    other = town.project()
    path = other.live("flags", "g", variants=[{"key": f"v{n}"} for n in range(50)])
    other.edit(path, bucketingSalt="S")
    dealt = oracle.ranges([(f"v{n}", 1) for n in range(50)])
    ticket = oracle.murmur3("S/shared") // 100
    assert other.web.variant("g", device_id="shared") == next(v for v,
                                                              (a, b) in dealt if a <= ticket < b)


# ---- sticky --------------------------------------------------------------------------------------
def test_sticky_by_user_property(project):
    path = project.live("experiments", "e", variants=[{"key": "on"}, {"key": "other"}],
                        rolloutWeights={"on": 0, "other": 1}, stickyBucketing=True)
    def ask(stored, **user):
        properties = {} if stored is None else {"[Experiment] e": stored}
        result = project.vardata({"user_id": f"sticky-{stored}", "user_properties": properties,
                                  **user},
                                 headers={"X-Amp-Exp-Track": "no-track"})["e"]
        return result["key"], result["metadata"]["segmentName"]
    assert ask("on") == ("on", "sticky-bucketing")
    assert ask("other") == ("other", "sticky-bucketing")
    for stored in ("off", "unknown", "", "ON", None):
        assert ask(stored) == ("other", "All Other Users"), stored
    project.edit(path, stickyBucketing=False)
    assert ask("on") == ("other", "All Other Users")
    project.edit(path, stickyBucketing=True)
    assert_ok(project.api.post(path + "/variants/other/users", {"inclusions": ["sticky-on"]}))
    assert ask("on") == ("other", "individual-inclusions")
    project.edit(path, enabled=False)
    assert ask("on") == ("off", "default")


def test_sticky_gives_way_to_dependencies(project):
    parent = project.flag("parent", enabled=True)
    project.live("experiments", "e", variants=[{"key": "on"}], stickyBucketing=True,
                 parentDependencies={
        "flags": {parent.rsplit("/", 1)[1]: ["on"]}, "operator": "all"})
    result = project.vardata({"user_id": "u", "user_properties": {"[Experiment] e": "on"}})["e"]
    assert (result["key"], result["metadata"]["segmentName"]) == ("off", "flag-dependencies")


def test_sticky_by_what_was_assigned_before(project):
    """A tracked answer is kept when weights change; one that was not tracked is not."""
    path = project.live("experiments", "e", variants=[{"key": "a"}, {"key": "b"}],
                        stickyBucketing=True,
                        rolloutWeights={"a": 1, "b": 0})
    people = {"track": {}, "asked": {"X-Amp-Exp-Track": "track"},
              "no-track": {"X-Amp-Exp-Track": "no-track"},
              "read-only": {"X-Amp-Exp-Track": "read-only"}}
    for name, headers in people.items():
        assert project.vardata({"user_id": name}, headers=headers)["e"]["key"] == "a"
    project.edit(path, rolloutWeights={"a": 0, "b": 1})
    for name in people:
        kept = name in ("track", "asked")
        result = project.vardata({"user_id": name}, headers={"X-Amp-Exp-Track": "no-track"})["e"]
        assert (result["key"], result["metadata"]["segmentName"]) == \
            (("a", "sticky-bucketing") if kept else ("b", "All Other Users")), name
    project.edit(path, stickyBucketing=False)
    assert project.web.variant("e", user_id="track") == "b"


# ---- many at once --------------------------------------------------------------------------------
def test_readers_never_see_half_a_change(project):
    """Two parts of a flag are edited together; whoever reads sees both or neither."""
    path = project.flag("f", enabled=True, evaluationMode="local", bucketingKey="user_id",
                        rolloutPercentage=1,
                        bucketingSalt="s1")
    done, seen = threading.Event(), []

    def read():
        reader = Caller(project.api.base, project.web.sdk.authorization)
        while not done.is_set():
            (flag,) = content(reader.get("/sdk/v2/flags"))
            bucket = flag["segments"][0]["bucket"]
            seen.append((bucket["allocations"][0]["range"][1], bucket["salt"],
                         flag["metadata"]["flagVersion"]))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(2, 80):
        project.edit(path, rolloutPercentage=n, bucketingSalt=f"s{n}")
        assert project.flags()[0]["segments"][0]["bucket"]["salt"] == f"s{n}"
    done.set()
    for thread in threads:
        thread.join()
    assert len(seen) > 20
    assert all(salt == f"s{percentage}" and percentage == version for percentage, salt,
               version in seen)


# ---- cohorts and groups --------------------------------------------------------------------------
def test_cohort_conditions(project):
    live(project, condition("userdata_cohort", "is", "c1"))
    live(project, condition("userdata_cohort", "is not", "c1"), key="g")
    def ask(**user):
        return project.web.variant("f", **user), project.web.variant("g", **user)
    project.cohort("c1", ["ann"])
    assert ask(user_id="ann") == ("on", "off")
    assert ask(user_id="bo") == ("off", "on")
    assert ask(user_id="bo", cohort_ids=["c1"]) == ("on", "off")
    assert ask(user_id="ann", cohort_ids=[]) == ("on", "off")
    assert ask(user_id="ann", cohort_ids=["c9"]) == ("on", "off")
    project.cohort("c1", ["bo"])
    assert ask(user_id="ann") == ("off", "on")
    assert ask(user_id="bo") == ("on", "off")
    answer = project.town.owner.delete(f"/admin/v1/environments/{project.number}/cohorts/c1")
    if answer.status_code == 204:
        assert ask(user_id="bo") == ("off", "on")


def test_archived_flags_answer_nobody(project):
    path = project.live("flags", "f")
    project.edit(path, archive=True)
    assert project.vardata({"user_id": "u"}) == {}
    answer = project.web.sdk.get("/v1/vardata", user_id="u", flag_keys="f")
    assert content(answer) == {}


def test_each_deployment_sees_its_own(project):
    one, two = project.deployment("client"), project.deployment("server")
    project.live("flags", "a", deployments=[one.id])
    project.live("flags", "b", deployments=[one.id, two.id])
    project.live("flags", "c", deployments=[])
    assert set(one.vardata({"user_id": "u"})) == {f["key"] for f in one.flags()} == {"a", "b"}
    assert set(two.vardata({"user_id": "u"})) == {f["key"] for f in two.flags()} == {"b"}


# ---- flags made elsewhere ------------------------------------------------------------------------
def test_flags_of_the_other_api_are_listed_evaluated_and_stubs(town):
    name = town.server.api()
    app = name.new_app("elsewhere-app")
    app.add("switch", "bool", True)
    app.add("words", "string", "hello")
    number = next(e["number"] for e in town.environments()
                  if e["appName"] == "elsewhere-app" and e["name"] == "production")
    project = Project(town, number)
    results = project.vardata({"user_id": "u"})
    assert set(results) == {"switch", "words"}
    for result in results.values():
        assert re.fullmatch(r"[a-z0-9_-]+", result["key"])
        assert result.get("value", "off") == result["key"]
    assert results["words"]["payload"] == "hello"
    flags = {f["key"]: f for f in project.flags()}
    assert set(flags) == {"switch", "words"}
    assert all(f["segments"] == [{"metadata": {"segmentName": "default"}, "variant": "off"}]
               for f in flags.values())
    oracle.check_configurations(project.flags(eval_mode="remote"))
    shown = {i["key"]: i for i in project.everything("flags")}
    assert set(shown) == {"switch", "words"}
    path = f"/api/1/flags/{shown['switch']['id']}"
    project.edit(path, name="Renamed", description="d")
    for body in ({"rolloutPercentage": 5}, {"targetSegments": []}, {"bucketingSalt": "x"},
                 {"evaluationMode": "local"}):
        assert content(project.api.patch(path, body), 400)["field"] == next(iter(body))
    project.edit(path, archive=True)
    assert set(project.vardata({"user_id": "u"})) == {"words"}
