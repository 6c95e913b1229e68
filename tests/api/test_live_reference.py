# SPDX-License-Identifier: Apache-2.0
"""Live updates as the references have them: OpenFeature's section 3.4, and the checklist's rules on
streams (revocation within a second, one order of events, coalescing, resumption, pacing)."""
import contextlib
import random
import re
import time

import pytest

import amplitude
from amplitude import Caller, Project, Town
from harness import Server
from streams import EventStream, StreamDesk

SEED = 7
WORD_S = 1.0  # no word is later than this on an idle machine
ON, OFF = {"variation": "on"}, {"variation": "off"}
TYPED = {"hash": "fnv1a_32_utf16", "comparison": "typed"}
SWITCH = {"type": "boolean", "arithmetic": TYPED, "enabled": True, "offVariation": "off",
          "variations": [{"id": "on", "value": True}, {"id": "off", "value": False}]}


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("live"), *amplitude.UNLIMITED).start()
    yield StreamDesk(server)
    server.close()


@pytest.fixture
def desk(hall):
    yield hall
    hall.close()


@pytest.fixture
def place(desk):
    return desk.place()


def project_of(place):
    return Project(Town(place.desk.server), place.number)


def settled(stream, for_s=0.15):
    """The last of what is told until it is quiet."""
    last = None
    while (event := stream.event(for_s)) is not None:
        last = event
    return last


# ---- 3.4 what is on the wire ---------------------------------------------------------------------
def test_34_bytes_as_a_browser_reads_them(place):
    place.make("f", **SWITCH, fallthrough=ON)
    address = place.address(place.key("browser")["key"])
    stream = EventStream(place.desk.server, address, headers="Origin: https://shop.example\r\n")
    with contextlib.closing(stream):
        assert stream.status == 200
        assert stream.headers["content-type"].split(";")[0] == "text/event-stream"
        assert stream.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in stream.headers
        assert re.search("no-(store|cache)", stream.headers["cache-control"])
        assert stream.headers["access-control-allow-origin"] in ("*", "https://shop.example")
        said = b""
        while b'"refetchEvaluation"' not in said:
            piece = stream.message(2)
            assert piece is not None
            said += piece
        lines = said.decode().splitlines()
        allowed = re.compile(r"(id: \S+|event: message|data: \{.*\}|retry: [1-9]\d{2,4}|:.*|)")
        assert all(allowed.fullmatch(line) for line in lines), lines
        assert sum(line.startswith("data:") for line in lines) == 1


def test_34_an_event_leads_to_an_answer_that_is_not_older(place):
    """Durable, visible, announced, answered: whoever is told finds nothing older than the news."""
    place.make("f", **SWITCH, fallthrough=ON)
    key = place.key("server")["key"]
    stream, tag, wanted = place.follow(key), place.bulk(key).headers["ETag"], True
    stream.next()
    for _ in range(40):
        wanted = not wanted
        place.patch("f", fallthrough=ON if wanted else OFF)
        told = stream.next(WORD_S)["data"]
        answer = place.bulk(f"{key}", {"If-None-Match": tag})
        assert answer.json()["flags"][0]["value"] is wanted
        tag = answer.headers["ETag"]
        assert told["etag"].startswith('"')
        assert abs(told["lastModified"] - time.time()) < 5


def test_34_the_address_carries_the_whole_right(place):
    """And no other: the token opens nothing else, and half of it nothing at all."""
    place.make("f", **SWITCH, fallthrough=ON)
    address = place.address(place.key("browser")["key"])
    path, _, token = address.partition("?token=")
    anybody = Caller(place.desk.server.base)
    for header in ({"Authorization": f"Bearer {token}"}, {"X-API-Key": token}):
        assert anybody.post("/ofrep/v1/evaluate/flags", {}, headers=header).status_code == 401
        assert anybody.get(f"/admin/v1{place.base}/flags", headers=header).status_code == 401
    assert anybody.post(f"/ofrep/v1/evaluate/flags?token={token}", {}).status_code == 401
    wrong = [token[:-1], token + "a", token[1:], token.swapcase(), "", token[:-1] + "~",
             token[:10] + ("a" if token[10] != "a" else "b") + token[11:]]
    for text in wrong:
        refused = place.desk.open(f"{path}?token={text}")
        assert refused.status == 401, text
        assert refused.body()["errorCode"] == "GENERAL"
    for query in (f"?token={token}&token={wrong[0]}", f"?x=1&token={token}"):
        assert place.desk.open(path + query).status in (200, 400, 401)


def test_34_who_comes_back_with_the_newest_id_hears_nothing_twice(place):
    place.make("f", **SWITCH, fallthrough=ON)
    key = place.key("server")["key"]
    stream = place.follow(key)
    first = stream.next()["id"]
    place.patch("f", fallthrough=OFF)
    second = stream.next()["id"]
    assert place.follow(key, last=second).is_silent()
    for last in (first, "", "0", "999999999999", "\u65e5", "a" * 500, f'"{second}"'):
        assert place.follow(key, last=last).next()["id"] == second, last


# ---- everything that changes an answer is announced ----------------------------------------------
def everybody(place, key):
    return [place.bulk(key, targetingKey=f"user-{n}", plan=("pro", "free")[n % 2],
                       deviceId=f"d{n}").json()["flags"] for n in range(12)]


def world(place):
    """Flags whose answers hang on segments in segments, hidden parents, cohorts and groups."""
    owner, base = place.owner, place.base
    for name, members in (("inner", {"included": ["user-1"]}),
                          ("outer", {"rules": [{"op": "segment", "segment": "inner"}]}),
                          ("unused", {"included": ["user-1"]})):
        answer = owner.put(f"{base}/segments/{name}", {"visibility": "client", **members})
        assert answer.status_code == 201, answer.text
    place.make("parent", **SWITCH, fallthrough=ON, visibility="server")
    place.make("leans", **SWITCH, fallthrough=ON, visibility="server",
               prerequisites=[{"flag": "parent", "variations": ["on"]}])
    place.make("segmented", **SWITCH, fallthrough=OFF, visibility="client", rules=[
        {"id": "r", "when": {"op": "segment", "segment": "outer"}, "serve": ON}])
    text = {"type": "string", "enabled": True, "visibility": "client", "offVariation": "b",
            "variations": [{"id": "a", "value": "A"}, {"id": "b", "value": "B"}]}
    put_cohort(place, ["user-2"])
    place.make("asks", **text, fallthrough={"variation": "b"}, rules=[
        {"id": "r", "serve": {"variation": "a"}, "when": {
            "op": "match", "attribute": "/context/user/cohort_ids",
            "operator": "text set contains any", "value": ["crowd"]}}])
    place.make("grouped", **text, fallthrough={"variation": "a"})
    made = owner.post(f"{base}/groups", {"kind": "mutex",
                      "key": "lanes", "slots": [{"percent": 50}]})
    assert made.status_code == 201, made.text


def put_cohort(place, ids):
    answer = place.owner.call("PUT", f"{place.base}/cohorts/crowd", data="\n".join(ids).encode(),
                              headers={"Content-Type": "text/plain"})
    assert answer.status_code == 200, answer.text


def some_change(place, dice):
    """Something happens; what, for who reads a failure."""
    owner, base = place.owner, place.base
    kind = dice.choice(["inner",
    "unused",
    "outer",
    "cohort",
    "parent",
    "parent off",
    "group",
    "plain",
    "people",
    "deployment",
    "restore",
     "tags"])
    if kind in ("inner", "unused"):
        owner.patch(f"{base}/segments/{kind}", {"included": dice.sample(
            [f"user-{n}" for n in range(12)], 3)})
    elif kind == "outer":
        owner.patch(f"{base}/segments/outer", {"excluded": dice.sample(["user-1", "user-2"], 1)})
    elif kind == "cohort":
        put_cohort(place, dice.sample([f"user-{n}" for n in range(12)], 3))
    elif kind == "parent":
        place.patch("parent", fallthrough=dice.choice([ON, OFF]))
    elif kind == "parent off":
        place.patch("parent", enabled=dice.random() < 0.5)
    elif kind == "group":
        if dice.random() < 0.6:
            owner.put(f"{base}/groups/lanes/members/grouped", {"slots": [1]})
        else:
            owner.delete(f"{base}/groups/lanes/members/grouped")
    elif kind == "plain":
        place.patch("grouped", enabled=dice.random() < 0.6)
    elif kind == "people":
        place.patch("grouped", description=str(dice.random()))
    elif kind == "deployment":
        place.deployment("server")
    elif kind == "restore":
        owner.post(f"{base}/restore", {"version": dice.randint(9, place.version())})
    else:
        place.patch("segmented", tags=[str(dice.random())])
    return kind


def test_whatever_changes_an_answer_is_announced_to_those_who_get_it(place):
    dice = random.Random(SEED)
    world(place)
    keys = {kind: place.key(kind)["key"] for kind in ("browser", "server")}
    streams = {kind: place.follow(key) for kind, key in keys.items()}
    for stream in streams.values():
        stream.next()
    before = {kind: everybody(place, key) for kind, key in keys.items()}
    moved = {kind: 0 for kind in keys}
    for n in range(60):
        what = some_change(place, dice)
        for kind, key in keys.items():
            after = everybody(place, key)
            told = settled(streams[kind], 0.05)
            if after != before[kind]:
                moved[kind] += 1
                assert told or settled(streams[kind], WORD_S), (SEED, n, what, kind)
            elif what in ("unused", "people", "tags", "deployment"):
                assert told is None, (SEED, n, what, kind)
            before[kind] = after
    assert min(moved.values()) > 10, moved


# ---- all protocols side by side ------------------------------------------------------------------
def test_one_change_reaches_all_three(place):
    project = project_of(place)
    project.live("flags", "theirs", evaluationMode="local", deployments=[project.web.id])
    streams = [place.stream_flags(project.web.key), place.follow(project.web.key), place.watch()]
    for stream in streams[1:]:
        stream.next()
    streams[0].flags()
    late = []
    for n in range(30):
        began = time.monotonic()
        place.patch("theirs", fallthrough={"bucket": {"otherwise": "off", "slices": [
            {"percent": 10 + n, "variations": [{"variation": "on", "weight": 1}]}]}})
        answered = time.monotonic()
        flags = streams[0].flags(WORD_S)
        streams[1].next(WORD_S)
        version = streams[2].next(WORD_S)
        late.append(time.monotonic() - answered)
        assert version["data"]["version"] == place.version()
        assert f"'range': [0, {10 + n}]" in str(flags)
        assert answered - began < WORD_S
    assert sorted(late)[len(late) // 2] < 0.1, late


def test_a_change_of_another_environment_reaches_none(desk, place):
    project = project_of(place)
    project.live("flags", "theirs", deployments=[project.web.id])
    streams = [place.follow(project.web.key), place.watch()]
    for stream in streams:
        stream.next()
    flags = place.stream_flags(project.web.key)
    flags.flags()
    for number in (e["number"] for e in desk.app()["environments"]):
        desk.owner.put(f"/environments/{number}/flags/theirs", {"enabled": True})
    assert all(stream.is_silent(0.2) for stream in streams)
    assert flags.message(0.2) is None


# ---- 47. order, coalescing, resumption -----------------------------------------------------------
def test_47_versions_only_grow_and_end_at_the_newest(place):
    stream = place.watch()
    ids = [int(stream.next()["id"])]
    for n in range(100):
        place.make(f"f{n}", type="boolean")
    newest = place.version()
    while ids[-1] != newest:
        event = stream.next(WORD_S)
        assert event["data"]["environment"] == place.number
        assert str(event["data"]["version"]) == event["id"]
        ids.append(int(event["id"]))
    assert ids == sorted(set(ids))
    assert stream.is_silent(0.2)


def test_47_who_stops_reading_misses_states_and_not_the_last(place):
    project = project_of(place)
    payload = "x" * 60000
    for n in range(5):
        project.live("flags", f"large-{n}", evaluationMode="local", variants=[
            {"key": "on", "payload": payload}], deployments=[project.web.id])
    stream = place.stream_flags(project.web.key)
    for n in range(40):
        place.patch("large-0", enabled=n % 2 == 0)
        place.patch("large-1", enabled=n % 2 == 0)
    place.patch("large-0",
    enabled=True,
    variations=[{"id": "on",
    "value": "on",
    "payload": "the last"},
    {"id": "off",
     "value": "off"}])
    read = 0
    while True:
        flags = stream.flags(5)
        read += 1
        if "the last" in str([flag for flag in flags if flag["key"] == "large-0"]):
            break
    assert read < 81, "none was left out"
    assert stream.message(0.3) is None


def test_47_native_streams_take_up_where_they_were(place):
    for n in range(5):
        place.make(f"f{n}", type="boolean")
    newest = place.version()
    assert place.watch(last=newest).is_silent()
    for last in (newest - 1, 1, 0):
        assert place.watch(last=last).next()["id"] == str(newest)
    for last in ("x", "-1", newest + 1000, "", "1" * 40):
        stream = place.watch(last=last)
        event = stream.event(0.5)
        assert event is None or event["id"] == str(newest), last
        # A number from elsewhere silences nobody for good.
        place.make(f"after-{len(str(last))}-{random.random()}".replace(".", "-"), type="boolean")
        newest = place.version()
        assert stream.next(WORD_S)["id"] == str(newest), last


def test_streams_breathe(place):
    """A byte at least every fifteen seconds, a little more allowed, on every protocol's stream."""
    project = project_of(place)
    streams = [place.stream_flags(project.web.key), place.follow(project.web.key), place.watch()]
    for stream in streams:
        assert stream.message(2) is not None
        while stream.message(0.2) is not None:
            pass
    began = time.monotonic()
    for stream in streams:
        assert stream.message(17 - (time.monotonic() - began)) is not None


# ---- 25. revocation ------------------------------------------------------------------------------
def ends_within(streams, limit_s):
    began = time.monotonic()
    return all(stream.ends(max(0.01, limit_s - (time.monotonic() - began))) for stream in streams)


def test_25_a_credential_that_is_gone_ends_its_streams_and_no_others(desk, place):
    project = project_of(place)
    doomed, kept = project.deployment("client"), project.deployment("client")
    key = place.key("browser")
    token = desk.token(environments=[place.number])
    person = desk.person("viewer")
    dying = {"deployment": [place.stream_flags(doomed.key) for _ in range(3)] +
             [place.follow(doomed.key) for _ in range(3)],
             "key": [place.follow(key["key"]) for _ in range(3)],
             "token": [place.watch(token["token"]) for _ in range(3)],
             "person": [place.watch(person.token)]}
    living = [place.stream_flags(kept.key), place.follow(kept.key), place.watch()]
    address = place.address(key["key"])
    assert all(stream.status == 200 for stream in [*living, *sum(dying.values(), [])])
    owner, base = place.owner, place.base
    assert owner.delete(f"{base}/keys/{key['id']}").status_code == 204
    assert ends_within(dying["key"], WORD_S)
    assert owner.delete(f"{base}/deployments/{doomed.id}").status_code == 204
    assert ends_within(dying["deployment"], WORD_S)
    assert owner.delete(f"/tokens/{token['id']}").status_code == 204
    assert ends_within(dying["token"], WORD_S)
    assert owner.delete(f"/users/{person.user['id']}").status_code == 204
    assert ends_within(dying["person"], WORD_S)
    assert desk.open(address).status == 401
    assert place.watch(token["token"]).status == 401
    for stream in living:
        stream.message(1)
    project.live("flags", "news", evaluationMode="local", deployments=[kept.id])
    assert all(stream.message(WORD_S) for stream in living)


def test_25_a_revoked_key_reads_nothing_more_on_an_open_connection(place):
    place.make("f", **SWITCH, fallthrough=ON)
    key = place.key("server")
    sdk = Caller(place.desk.server.base, f"Bearer {key['key']}")
    answer = sdk.post("/ofrep/v1/evaluate/flags", {})
    assert answer.status_code == 200
    assert place.owner.delete(f"{place.base}/keys/{key['id']}").status_code == 204
    for headers in ({}, {"If-None-Match": answer.headers["ETag"]}):
        assert sdk.post("/ofrep/v1/evaluate/flags", {}, headers=headers).status_code == 401
        assert sdk.post("/ofrep/v1/evaluate/flags/f", {}, headers=headers).status_code == 401


def test_25_a_role_that_no_longer_sees_ends_the_stream(desk, place):
    """A token's app or environments do not change; people's rights do."""
    person = desk.person("admin")
    stream = place.watch(person.token)
    stream.next()
    answer = desk.owner.patch(f"/users/{person.user['id']}", {"role": "viewer"})
    assert answer.status_code == 200
    place.make("f", type="boolean")
    assert stream.next(WORD_S)["id"] == str(place.version())


# ---- 48. pacing ----------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["sdk", "ofrep", "native"])
def test_48_beyond_the_cap_a_stream_is_refused_with_a_time(new_server, kind):
    server = new_server(*amplitude.UNLIMITED, "--streams-max=2",
                        "--streams-per-credential-max=2").start()
    desk = StreamDesk(server)
    place = desk.place()
    keys = [place.deployment("server")["key"] for _ in range(2)]

    def open_one(key):
        return {"sdk": lambda: place.stream_flags(key), "ofrep": lambda: place.follow(key),
                "native": place.watch}[kind]()

    opened = [open_one(keys[0]) for _ in range(2)]
    assert [stream.status for stream in opened] == [200, 200]
    for key, allowed in ((keys[0], (429, 503)), (keys[1], (429, 503)
                         if kind == "native" else (503,))):
        refused = open_one(key)
        assert refused.status in allowed
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert "json" in refused.headers["content-type"]
        assert isinstance(refused.body(), dict)
    desk.close()


def test_streams_and_requests_end_in_order(new_server):
    server = new_server(*amplitude.UNLIMITED).start()
    desk = StreamDesk(server)
    place = desk.place()
    project = project_of(place)
    streams = [place.stream_flags(project.web.key), place.follow(project.web.key), place.watch()]
    last = [stream.event(1) for stream in streams[1:]]
    address = place.address(project.web.key)
    assert server.stop() == 0
    assert ends_within(streams, WORD_S)
    server.start()
    assert desk.open(address, last=last[0]["id"]).is_silent()
    assert place.watch(last=last[1]["id"]).is_silent()
    desk.close()
