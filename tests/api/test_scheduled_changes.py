# SPDX-License-Identifier: Apache-2.0
"""Scheduled and progressive changes of both families of flags: functions of time, seen through
every protocol the server decides in, at their moments and announced at them."""
import datetime
import random
import time

import pytest

import amplitude
from amplitude import Caller, Project, Town, content
from harness import Server
from ofrep_oracle import World
from streams import StreamDesk
from superflag_oracle import instant

MURMUR = {"hash": "murmur3_32_utf8", "comparison": "text"}
FNV = {"hash": "fnv1a_32_utf16", "comparison": "typed"}
ON, OFF = {"variation": "on"}, {"variation": "off"}
LATE_S = 0.25  # how late an announcement may be on a machine that is busy
SLACK_S = 0.002  # instants are written in milliseconds
DAY_MS = 86400000


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("schedules"), *amplitude.UNLIMITED).start()
    yield StreamDesk(server)
    server.close()


@pytest.fixture
def desk(hall):
    yield hall
    hall.close()


@pytest.fixture
def place(desk):
    return Timed(desk.place())


def spelled(seconds):
    made = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return made.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def spelled_ms(ms):
    return spelled(ms / 1000)


class Timed:
    """An environment with a few keys, its flags' values through each protocol."""

    def __init__(self, place):
        self.place, self.owner, self.base = place, place.owner, place.base
        self.project = Project(Town(place.desk.server), place.number)
        self.web = self.project.web
        self.key = place.key("server")["key"]
        self.sdk = Caller(place.desk.server.base, f"Bearer {self.key}")

    def flag(self, key, arithmetic, **members):
        """A switch that is on, unless it is said otherwise."""
        kind = "string" if arithmetic is MURMUR else "boolean"
        values = ("on", "off") if arithmetic is MURMUR else (True, False)
        return self.place.make(key, type=kind, arithmetic=arithmetic, enabled=True,
                               offVariation="off", variations=[{"id": "on", "value": values[0]},
                                           {"id": "off", "value": values[1]}],
                               **{"fallthrough": ON, **members})

    def ofrep(self, person="ann"):
        """{key: whether it is on}"""
        answer = content(self.sdk.post("/ofrep/v1/evaluate/flags",
                         {"context": {"targetingKey": person}}))
        return {one["key"]: one.get("value", False) is True for one in answer["flags"]}

    def vardata(self, person="ann"):
        found = self.web.vardata({"user_id": person})
        return {key: one["key"] == "on" for key, one in found.items()}

    def admin(self, person="ann", **more):
        answer = content(self.owner.post(f"{self.base}/evaluate",
                                         {"context": {"targetingKey": person}, **more}))
        return {one["key"]: one["variation"] == "on" for one in answer["results"][0]["flags"]}

    def on_for(self, people, now, **params):
        """{key: the people it is on for at this moment}"""
        found = {}
        for first in range(0, len(people), 100):
            contexts = [{"targetingKey": one} for one in people[first:first + 100]]
            answer = content(self.owner.post(
                f"{self.base}/evaluate", {"contexts": contexts, "now": now}, **params))
            for person, result in zip(people[first:first + 100], answer["results"]):
                for one in result["flags"]:
                    found.setdefault(one["key"], set())
                    if one["variation"] == "on":
                        found[one["key"]].add(person)
        return found


def scheduled(place, start, end):
    """Flags of every kind that hold between two instants."""
    schedule = {"start": spelled(start), "end": spelled(end)}
    everybody = {MURMUR["hash"]: {"op": "match", "attribute": "/context/user/user_id",
                                  "operator": "text is not", "value": ["nobody"]},
                 FNV["hash"]: {"op": "match", "attribute": "targetingKey", "operator": "exists"}}
    for name, arithmetic in (("murmur", MURMUR), ("fnv", FNV)):
        place.flag(f"{name}-flag", arithmetic, schedule=schedule)
        place.flag(f"{name}-rule", arithmetic, fallthrough=OFF, rules=[
            {"id": "r", "when": everybody[arithmetic["hash"]], "serve": ON, "schedule": schedule}])
        place.flag(f"{name}-child", arithmetic, prerequisites=[
            {"flag": f"{name}-flag", "variations": ["on"]}])
    place.owner.put(f"{place.base}/segments/timed", {"included": ["ann"], "schedule": schedule,
                                                     "visibility": "client"})
    place.flag("fnv-segment", FNV, fallthrough=OFF, rules=[
        {"id": "r", "when": {"op": "segment", "segment": "timed"}, "serve": ON}])
    return {"murmur-flag", "murmur-rule", "murmur-child", "fnv-flag", "fnv-rule", "fnv-child",
            "fnv-segment"}


# ---- at their moments ----------------------------------------------------------------------------
def test_everything_scheduled_begins_and_ends_by_itself_everywhere(place):
    begin = time.time() + 1.2
    end = begin + 1.2
    keys = scheduled(place, begin, end)
    version, polls = place.place.version(), {True: 0, False: 0}
    reads = {"ofrep": place.ofrep, "vardata": place.vardata, "admin": place.admin}
    while time.time() < end + 0.5:
        for name, read in reads.items():
            before = time.time()
            found = read()
            after = time.time()
            assert keys <= set(found), name
            if not any(before - SLACK_S < moment < after + SLACK_S for moment in (begin, end)):
                wanted = begin < before < end
                polls[wanted] += 1
                assert {k: found[k] for k in keys} == dict.fromkeys(
                    keys, wanted), (name, before - begin)
    assert min(polls.values()) > 10
    assert place.place.version() == version, "nobody edited anything"


def test_a_poller_is_told_of_a_moment_by_its_tag(place):
    """An answer that changes by itself has another tag, and a 304 never hides it."""
    begin = time.time() + 1
    end = begin + 1
    scheduled(place, begin, end)
    tag, last, changes = None, None, 0
    while time.time() < end + 0.4:
        headers = {} if tag is None else {"If-None-Match": tag}
        before = time.time()
        answer = place.sdk.post("/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "ann"}},
                                headers=headers)
        after = time.time()
        if answer.status_code == 200:
            assert answer.headers["ETag"] != tag
            last, tag = answer.json()["flags"], answer.headers["ETag"]
            changes += 1
        if not any(before - SLACK_S < moment < after + SLACK_S for moment in (begin, end)):
            is_on = {one["key"]: one.get("value", False) is True for one in last}
            assert is_on["murmur-flag"] == is_on["fnv-flag"] == (begin < before < end)
        time.sleep(0.01)
    assert changes == 3


@pytest.mark.parametrize("kind", ["browser", "server"])
def test_a_moment_is_announced_to_whoever_sees_it(place, kind):
    begin = time.time() + 1.0
    end = begin + 0.9
    schedule = {"start": spelled(begin), "end": spelled(end)}
    place.flag("parent", MURMUR, visibility="server", schedule=schedule)
    place.flag("child", MURMUR, visibility="server", prerequisites=[
        {"flag": "parent", "variations": ["on"]}])
    place.flag("plain", FNV, visibility="client", schedule=schedule)
    key = place.place.key(kind)["key"]
    stream = place.place.follow(key)
    ids = [stream.next()["id"]]
    native = place.place.watch()
    native.next()
    sdk = Caller(place.place.desk.server.base, f"Bearer {key}")
    for moment, wanted in ((begin, True), (end, False)):
        event = stream.next(moment - time.time() + LATE_S)
        assert moment - 0.02 < time.time() < moment + LATE_S
        ids.append(event["id"])
        answer = sdk.post("/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "ann"}})
        for one in content(answer)["flags"]:
            assert (one.get("value", False) is True) == wanted, one
    assert len(set(ids[:2])) == 2
    assert len(set(ids[1:])) == 2
    assert native.is_silent(0), "a moment is no version"


def test_a_hidden_parents_moment_is_heard_by_those_who_see_the_child(place):
    """What a browser's flag leans on may be hidden; that it changes is not."""
    begin = time.time() + 1.0
    place.flag("parent", MURMUR, visibility="server", schedule={"start": spelled(begin)})
    made = place.owner.post(f"{place.base}/flags", {
        "key": "child", "type": "string", "enabled": True, "visibility": "client",
        "variations": [{"id": "on", "value": "on"}, {"id": "off", "value": "off"}],
        "offVariation": "off", "fallthrough": ON,
        "prerequisites": [{"flag": "parent", "variations": ["on"]}]})
    if made.status_code != 201:
        assert made.status_code in (400, 422)  # then nothing can be missed
        return
    key = place.place.key("browser")["key"]
    stream = place.place.follow(key)
    stream.next()
    answers = [place.place.bulk(key).json()["flags"]]
    event = stream.event(begin - time.time() + LATE_S)
    answers.append(place.place.bulk(key).json()["flags"])
    assert answers[0] != answers[1]
    assert event is not None


def test_a_moment_that_passes_while_the_server_is_down(new_server):
    server = new_server(*amplitude.UNLIMITED).start()
    desk = StreamDesk(server)
    place = Timed(desk.place())
    begin = time.time() + 1.5
    keys = scheduled(place, begin, begin + 3600)
    first = place.sdk.post("/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "ann"}})
    assert time.time() < begin
    server.kill()
    time.sleep(max(0, begin - time.time()) + 0.05)
    server.start()
    again = Caller(server.base, f"Bearer {place.key}").post(
        "/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "ann"}},
        headers={"If-None-Match": first.headers["ETag"]})
    found = {one["key"]: one.get("value", False) for one in content(again)["flags"]}
    assert {key: found[key] for key in keys} == dict.fromkeys(keys, True)


# ---- at any moment -------------------------------------------------------------------------------
def test_a_start_is_inclusive_and_an_end_is_not(place):
    start, end = instant("2027-03-01T10:00:00.500Z"), instant("2027-03-02T10:00:00.500Z")
    keys = scheduled(place, start / 1000, end / 1000)
    for ms, wanted in ((start - 1, False), (start, True), (start + 1, True), (end - 1, True),
                       (end, False), (end + 1, False), (0, False), (end + 4000 * DAY_MS, False)):
        found = place.admin(now=spelled_ms(ms))
        assert {key: found[key] for key in keys} == dict.fromkeys(keys, wanted), ms - start


@pytest.mark.parametrize("written", ["2027-03-01T10:00:00Z", "2027-03-01T12:00:00+02:00",
                                     "2027-02-28T22:00:00-12:00", "2027-03-01T10:00:00.000999Z"])
def test_instants_in_any_spelling(place, written):
    start = instant("2027-03-01T10:00:00Z")
    for name, arithmetic in (("murmur", MURMUR), ("fnv", FNV)):
        made = place.flag(name, arithmetic, schedule={"start": written})
        assert made["document"]["schedule"] == {"start": written}
    assert place.admin(now=spelled_ms(start - 1)) == {"murmur": False, "fnv": False}
    assert place.admin(now=spelled_ms(start)) == {"murmur": True, "fnv": True}


def progressive(start, end, first, last):
    return {MURMUR["hash"]: {"progressiveBucket": {
        "start": start, "end": end, "otherwise": "off",
        "slices": [{"from": first, "to": last, "variations": [{"variation": "on", "weight": 1}]}]}},
        FNV["hash"]: {"progressive": {
            "start": start, "end": end, "from": {"variations": weights(first)},
            "to": {"variations": weights(last)}}}}


def weights(percent):
    return [{"variation": "on", "weight": percent * 1000},
        {"variation": "off", "weight": 100000 - percent * 1000}]


PEOPLE = [f"person-{n}" for n in range(300)]


@pytest.mark.parametrize("arithmetic", [MURMUR, FNV], ids=["murmur", "fnv"])
@pytest.mark.parametrize("first, last", [(0, 100), (5, 50), (80, 20)])
def test_a_rollout_moves_one_way_and_is_exact_at_its_ends(place, arithmetic, first, last):
    start, end = "2027-03-01T00:00:00Z", "2027-03-11T00:00:00Z"
    begin, length = instant(start), instant(end) - instant(start)
    moving = progressive(start, end, first, last)[arithmetic["hash"]]
    place.flag("moving", arithmetic, fallthrough=moving)
    steps = [place.on_for(PEOPLE, spelled_ms(begin + length * n // 10))["moving"]
                          for n in range(-1, 12)]
    for before, after in zip(steps, steps[1:]):
        assert before <= after if first < last else before >= after
    for percent, found in ((first, steps[0]), (first, steps[1]),
                           (last, steps[-2]), (last, steps[-1])):
        still = still_at(place, arithmetic, percent)
        assert found == still, percent
    assert len(steps[1]) != len(steps[-1])


def still_at(place, arithmetic, percent):
    """Who gets it when nothing moves: the flag of the same key in another environment."""
    other = next(e["number"] for e in place.owner.all("/environments")
                 if e["appId"] == content(place.owner.get(place.base))["appId"] and
                 e["number"] != place.place.number)
    document = content(place.owner.get(f"{place.base}/flags/moving"))["document"]
    serve = {"bucket": {"otherwise": "off", "slices": [
        {"percent": percent, "variations": [{"variation": "on", "weight": 1}]}]}} \
        if arithmetic is MURMUR else {"rollout": {"variations": weights(percent)}}
    answer = place.owner.put(
        f"/environments/{other}/flags/moving", {**document, "fallthrough": serve})
    assert answer.status_code in (200, 201), answer.text
    contexts = [{"targetingKey": one} for one in PEOPLE]
    found = set()
    for at in range(0, len(contexts), 100):
        answer = content(place.owner.post(f"/environments/{other}/evaluate",
                                          {"contexts": contexts[at:at + 100]}))
        found |= {one["targetingKey"]
            for one in answer["results"] if one["flags"][0]["variation"] == "on"}
    return found


def test_buckets_move_in_whole_percents_and_never_early(place):
    """At each instant it is a rollout that could have been written by hand."""
    start, end = "2027-03-01T00:00:00Z", "2027-03-01T00:01:40Z"
    place.flag("moving", MURMUR, fallthrough=progressive(start, end, 0, 100)[MURMUR["hash"]])
    begin, dice = instant(start), random.Random(3)
    for percent in [0, 1, 50, 99, *dice.sample(range(2, 99), 6)]:
        at = begin + percent * 1000
        found = place.on_for(PEOPLE, spelled_ms(at))["moving"]
        assert found == place.on_for(PEOPLE, spelled_ms(at + 999))["moving"]
        if percent:
            early = place.on_for(PEOPLE, spelled_ms(at - 1))["moving"]
            assert early <= found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_progressive_flag_at_any_moment_is_as_computed(place, seed):
    dice, world = random.Random(seed), World()
    start, end = "2027-03-01T00:00:00Z", f"2027-03-{dice.randint(2, 28):02d}T07:11:13.017Z"
    for n in range(4):
        cuts = sorted(dice.sample(range(101), 4))
        later = sorted(dice.sample(range(101), 4))
        slices = [{"from": b - a, "to": d - c, "variations": [
            {"variation": "on", "weight": dice.randint(0, 3)}, {"variation": "off", "weight": 2}]}
            for a, b, c, d in zip(cuts, cuts[1:], later, later[1:])]
        world.add_document(place.flag(f"bucket-{n}", MURMUR, fallthrough={"progressiveBucket": {
            "start": start, "end": end, "otherwise": "off", "slices": slices}})["document"])
        first, last = dice.randint(0, 50), dice.randint(0, 100)
        moving = progressive(start, end, first, last)[FNV["hash"]]
        moving["progressive"]["from"]["variations"].pop(dice.randrange(2))
        world.add_document(place.flag(f"split-{n}", FNV, fallthrough=moving)["document"])
    for _ in range(12):
        at = instant(start) + dice.randint(-DAY_MS, 29 * DAY_MS)
        found = place.on_for(PEOPLE[:100], spelled_ms(at))
        for key in world.keys():
            wanted = {one for one in PEOPLE[:100]
                      if world.decide(key, {"targetingKey": one}, at)[0] == "on"}
            assert found[key] == wanted, (seed, key, at)


def test_a_rollout_on_its_way_is_the_same_in_every_protocol(place):
    """In two seconds from nobody to everybody; each answer is of a moment while it was asked."""
    begin = time.time() + 0.3
    start, end = spelled(begin), spelled(begin + 2)
    world = World()
    for name, arithmetic in (("murmur", MURMUR), ("fnv", FNV)):
        made = place.flag(
    name, arithmetic, fallthrough=progressive(
        start, end, 0, 100)[
            arithmetic["hash"]])
        world.add_document(made["document"])
    reads, seen = [place.ofrep, place.vardata, place.admin], set()
    while time.time() < begin + 2.1:
        for read in reads:
            person = random.choice(PEOPLE)
            before = int(time.time() * 1000) - 1
            found = read(person)
            after = int(time.time() * 1000) + 1
            for key in ("murmur", "fnv"):
                may = {world.decide(key, {"targetingKey": person}, at)[0] == "on"
                       for at in (before, after)}
                assert found[key] in may, (read, key, person)
                seen.add((key, found[key]))
    assert len(seen) == 4


def test_a_tag_on_the_way_never_hides_a_step(place):
    begin = time.time() + 0.2
    for name, arithmetic in (("murmur", MURMUR), ("fnv", FNV)):
        place.flag(name, arithmetic, fallthrough=progressive(
            spelled(begin), spelled(begin + 1.5), 0, 100)[arithmetic["hash"]])
    known = {}
    while time.time() < begin + 1.7:
        for person in PEOPLE[:5]:
            tag, last = known.get(person, (None, None))
            before = time.time()
            answer = place.sdk.post("/ofrep/v1/evaluate/flags",
    {"context": {"targetingKey": person}},
     headers={"If-None-Match": tag} if tag else {})
            if answer.status_code == 200:
                assert answer.headers["ETag"] != tag
                known[person] = (answer.headers["ETag"], answer.json()["flags"])
            elif before > begin + 1.5:
                assert all(one["variant"] == "on" for one in last), person
    assert all(one["variant"] == "on" for _, flags in known.values() for one in flags)


# ---- elsewhere -----------------------------------------------------------------------------------
def test_who_evaluates_elsewhere_gets_it_exactly_or_not_at_all(place):
    scheduled(place, time.time() + 3600, time.time() + 7200)
    place.flag("murmur-moving", MURMUR, evaluationMode="local", fallthrough=progressive(
        "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z", 0, 100)[MURMUR["hash"]])
    handed_out = {flag["key"] for flag in place.web.flags()
                  if flag["segments"] != [{"metadata": {"segmentName": "default"},
                                           "variant": "off"}]}
    assert not handed_out & {"murmur-flag", "murmur-rule", "murmur-child", "murmur-moving"}
    for key in ("murmur-flag", "murmur-rule", "murmur-moving"):
        reach = content(place.owner.get(f"{place.base}/flags/{key}/reach"))["reach"]
        by_name = {row["protocol"]: row for row in reach}
        assert any(name.startswith("ofrep") and row["served"] ==
                   "yes" for name, row in by_name.items())
        assert by_name["amplitude.vardata"]["served"] == "yes"
        for row in reach:
            assert row["served"] == "yes" or row["why"]


def test_the_past_is_read_with_the_schedules_of_then(place):
    """?at=<instant> is both: the documents of then, at that moment."""
    begin = time.time() + 0.6
    place.flag("f", MURMUR, schedule={"start": spelled(begin)})
    time.sleep(begin + 0.2 - time.time())
    place.place.patch("f", schedule={"start": spelled(begin + 7200)})
    path = f"{place.base}/evaluate"

    def at(moment, **more):
        answer = place.owner.post(path, {"context": {"targetingKey": "ann"}, **more}, at=moment)
        one, = content(answer)["results"][0]["flags"]
        return one["reason"]

    assert at(spelled(begin - 0.1)) == "SCHEDULED_OUT"
    assert at(spelled(begin + 0.1)) == "FALLTHROUGH"
    assert at(spelled(begin + 0.1), now=spelled(begin - 0.1)) == "SCHEDULED_OUT"
    assert place.admin() == {"f": False}
    assert place.admin(now=spelled(begin + 7300)) == {"f": True}
