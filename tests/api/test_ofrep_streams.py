# SPDX-License-Identifier: Apache-2.0
"""OFREP event streams: who is told of what, when, and for how long."""
import datetime
import re
import time

import pytest

from admin_desk import UNLIMITED
from amplitude import Caller
from harness import ABSENT, Server
from streams import StreamDesk

EVENTS = "/ofrep/v1/events"
ON = {"variation": "on"}
OFF = {"variation": "off"}


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("streams"), UNLIMITED, "--management-per-second=0").start()
    yield StreamDesk(server)
    server.close()


@pytest.fixture
def desk(hall):
    yield hall
    hall.close()


@pytest.fixture
def place(desk):
    made = desk.place()
    made.make("seen", type="boolean", enabled=True, visibility="client")
    made.make("hidden", type="boolean", enabled=True, visibility="server")
    return made


def instant(seconds):
    made = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return made.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# ---- what is said --------------------------------------------------------------------------------
def test_the_head_and_the_first_event(place):
    stream = place.follow(place.key("browser")["key"])
    assert stream.status == 200
    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.headers["cache-control"] == "no-cache"
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["access-control-allow-origin"] == "*"
    assert "content-length" not in stream.headers
    event = stream.next(1)
    assert event["event"] == "message"
    assert set(event["data"]) == {"type", "etag", "lastModified"}
    assert event["data"]["type"] == "refetchEvaluation"
    assert event["data"]["etag"] == f'"{event["id"]}"'
    assert abs(event["data"]["lastModified"] - time.time()) < 60
    assert 1500 <= stream.retry <= 4500
    assert stream.is_silent()


def test_the_wait_before_coming_back_is_drawn_for_each(place):
    key = place.key("server")["key"]
    drawn = []
    for _ in range(20):
        stream = place.follow(key)
        stream.next()
        drawn.append(stream.retry)
    assert all(1500 <= retry <= 4500 for retry in drawn)
    assert len(set(drawn)) > 10
    assert max(drawn) - min(drawn) > 500


def test_a_change_is_an_event_with_another_id(place):
    stream = place.follow(place.key("browser")["key"])
    ids = {stream.next()["id"]}
    for serve in (OFF, ON, OFF):
        place.patch("seen", fallthrough=serve)
        ids.add(stream.next()["id"])
    assert len(ids) == 2, "what is as it was has the id it had"


def test_a_change_that_is_taken_back_at_once_is_no_news(place):
    stream = place.follow(place.key("browser")["key"])
    first = stream.next()["id"]
    place.patch("seen", description="for people alone")
    assert stream.is_silent()
    place.patch("seen", fallthrough=OFF)
    assert stream.next()["id"] != first


def test_a_comment_comes_before_fifteen_silent_seconds_are_much_over(place):
    stream = place.follow(place.key("browser")["key"])
    stream.next()
    began = time.monotonic()
    assert stream.message(17) == b": ping\n\n"
    assert time.monotonic() - began > 13


def test_head_is_answered_without_a_stream(desk, place):
    address = place.address(place.key("server")["key"])
    answer = Caller(desk.server.base).call("HEAD", address)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.content == b""
    assert Caller(desk.server.base).call("HEAD", EVENTS).status_code == 401


# ---- who is told of what ---------------------------------------------------------------------------
def test_what_a_key_does_not_see_it_does_not_hear_of(place):
    browser = place.follow(place.key("browser")["key"])
    server = place.follow(place.key("server")["key"])
    client = place.follow(place.deployment("client")["key"])
    seen = {stream: stream.next()["id"] for stream in (browser, server, client)}
    place.patch("hidden", fallthrough=OFF)
    assert server.next()["id"] != seen[server]
    assert browser.is_silent()
    assert client.is_silent(0)
    place.patch("seen", fallthrough=OFF)
    assert browser.next()["id"] != seen[browser]
    server.next()
    client.next()


def test_a_deployment_hears_of_its_flags(place):
    ours, other = place.deployment("server"), place.deployment("server")
    place.make("mine", type="boolean", enabled=True, deployments=[ours["number"]])
    stream, stranger = place.follow(ours["key"]), place.follow(other["key"])
    stream.next()
    stranger.next()
    place.patch("mine", fallthrough=OFF)
    stream.next()
    assert stranger.is_silent()
    place.patch("mine", deployments=[other["number"]])
    stream.next()
    stranger.next()


def test_what_a_flag_leans_on_counts(place):
    place.make("parent", type="boolean", enabled=True, visibility="server")
    place.make("child", type="boolean", enabled=True, visibility="client",
               prerequisites=[{"flag": "parent", "variations": ["on"]}])
    browser = place.follow(place.key("browser")["key"])
    browser.next()
    place.patch("parent", fallthrough=OFF)
    browser.next()


def test_other_environments_say_nothing(desk, place):
    elsewhere = desk.place()
    elsewhere.make("seen", type="boolean", enabled=True, visibility="client")
    stream = place.follow(place.key("browser")["key"])
    stream.next()
    elsewhere.patch("seen", fallthrough=OFF)
    assert stream.is_silent()


def test_what_was_told_can_be_read(place):
    """Nobody who asks because of an event is answered with what was before it."""
    key = place.key("server")["key"]
    stream = place.follow(key)
    stream.next()
    tag = place.bulk(key).headers["ETag"]
    for serve in (OFF, ON) * 3:
        place.patch("seen", fallthrough=serve)
        stream.next()
        answer = place.bulk(key, headers={"If-None-Match": tag})
        assert answer.status_code == 200
        tag = answer.headers["ETag"]
        values = {flag["key"]: flag.get("value") for flag in answer.json()["flags"]}
        assert values["seen"] is (serve is ON)
        assert place.bulk(key, headers={"If-None-Match": tag}).status_code == 304


def test_a_change_between_asking_and_following_is_not_lost(place):
    key = place.key("server")["key"]
    told = place.follow(key).next()["id"]
    address = place.address(key)
    place.patch("seen", fallthrough=OFF)
    late = place.desk.open(address, last=told)
    assert late.next()["id"] != told


# ---- coming back ------------------------------------------------------------------------------------
def test_who_comes_back_hears_what_is_new_since(place):
    key = place.key("browser")["key"]
    first = place.follow(key).next()["id"]
    again = place.follow(key, last=first)
    assert again.is_silent()
    assert again.retry is not None
    place.patch("hidden", fallthrough=OFF)
    assert place.follow(key, last=first).is_silent()
    place.patch("seen", fallthrough=OFF)
    second = again.next()["id"]
    assert second != first
    assert place.follow(key, last=first).next()["id"] == second
    assert place.follow(key, last=second).is_silent()
    assert place.follow(key, last="unheard-of").next()["id"] == second
    assert place.follow(key, last="").next()["id"] == second


def test_ids_and_addresses_outlive_a_restart(new_server):
    server = new_server(UNLIMITED).start()
    desk = StreamDesk(server)
    place = desk.place()
    place.make("seen", type="boolean", enabled=True)
    address = place.address(place.key("server")["key"])
    told = desk.open(address).next()["id"]
    desk.close()
    server.restart()
    assert desk.open(address, last=told).is_silent()
    assert desk.open(address).next()["id"] == told
    desk.close()


# ---- time -------------------------------------------------------------------------------------------
def test_a_scheduled_change_announces_itself_at_its_moment(place):
    key = place.key("browser")["key"]
    start = time.time() + 2
    place.make("later", type="boolean", enabled=True, visibility="client",
               schedule={"start": instant(start)})
    stream, before = place.follow(key), place.bulk(key).json()
    first = stream.next()["id"]
    assert "value" not in next(f for f in before["flags"] if f["key"] == "later")
    assert place.follow(key, last=first).is_silent(0)
    second = stream.next(4)["id"]
    assert -0.05 < time.time() - start < 1
    assert second != first
    after = place.bulk(key).json()
    assert next(f for f in after["flags"] if f["key"] == "later")["value"] is True
    assert stream.is_silent()
    assert place.follow(key, last=second).is_silent()


def test_what_a_key_does_not_see_comes_in_silence(place):
    start = time.time() + 1.5
    place.make("later", type="boolean", enabled=True, visibility="server",
               schedule={"start": instant(start)})
    browser, server = (place.follow(place.key(kind)["key"]) for kind in ("browser", "server"))
    browser.next()
    server.next()
    server.next(3)
    assert time.time() > start - 0.05
    assert browser.is_silent(1)


# ---- for how long -----------------------------------------------------------------------------------
ENDS = ["browser", "server", "client deployment", "server deployment", "project key"]


def key_of_kind(place, kind):
    """A key, and what takes it away."""
    if kind == "project key":
        return place.project_keys()["apiKey"], place.project_keys
    if kind.endswith("deployment"):
        made = place.deployment(kind.split()[0])
        path = f"{place.base}/deployments/{made['number']}"
        return made["key"], lambda: place.owner.delete(
            path, headers={"If-Match": place.owner.tag(path)})
    made = place.key(kind)
    path = f"{place.base}/keys/{made['id']}"
    return made["key"], lambda: place.owner.delete(path, headers={"If-Match": place.owner.tag(path)})


@pytest.mark.parametrize("kind", ENDS)
def test_a_stream_ends_with_its_key_within_a_second(place, kind):
    key, take_away = key_of_kind(place, kind)
    other = place.follow(place.key("server")["key"])
    address = place.address(key)
    streams = [place.desk.open(address) for _ in range(3)]
    for stream in (other, *streams):
        stream.next()
    take_away()
    began = time.monotonic()
    assert all(stream.ends(1) for stream in streams)
    assert time.monotonic() - began < 1
    assert other.is_silent()
    assert place.desk.open(address).status == 401


def test_the_address_opens_nothing_but_the_stream(desk, place):
    made = place.key("server")
    token = place.address(made["key"]).partition("token=")[2]
    digits = token.partition(".")[2]
    for shown in (token, digits):
        for authorization in (f"Bearer {shown}", f"Api-Key {shown}", shown):
            caller = Caller(desk.server.base, authorization)
            for method, path in [("POST", "/ofrep/v1/evaluate/flags"), ("GET", "/sdk/v2/flags"),
                                 ("POST", "/ofrep/v1/evaluate/flags/seen"), ("GET", EVENTS),
                                 ("GET", "/api/v1/config"), ("GET", "/sdk/stream/v1/flags"),
                                 ("GET", f"/admin/v1{place.base}/stream")]:
                body = {"context": {}} if method == "POST" else ABSENT
                answer = caller.call(method, path, body)
                assert answer.status_code == 401, (authorization, path)
        answer = Caller(desk.server.base).post("/ofrep/v1/evaluate/flags", {"context": {}}, token=shown)
        assert answer.status_code == 401


def test_only_a_token_opens_the_stream(desk, place):
    key = place.key("server")["key"]
    token = place.address(key).partition("token=")[2]
    refused = [None, "", "x", key, token[:-1], token + "A", "key_unknown" + token[token.index("."):],
               token.replace(".", "..")]
    for shown in refused:
        for authorization in (None, f"Bearer {key}"):
            path = EVENTS if shown is None else f"{EVENTS}?token={shown}"
            stream = desk.open(path, authorization)
            assert stream.status == 401
            assert stream.headers["access-control-allow-origin"] == "*"
            assert stream.body()["errorCode"] == "GENERAL"


def test_management_tokens_follow_no_evaluations(desk, place):
    """Only keys that evaluate are told an address, so there is none to be made of others."""
    for token in (desk.server.token,
                  desk.token(kind="environment", environments=[place.number])["token"]):
        answer = Caller(desk.server.base, f"Bearer {token}").post("/ofrep/v1/evaluate/flags",
                                                                  {"context": {"targetingKey": "u"}})
        assert answer.status_code in (401, 403)
        assert "eventStreams" not in answer.json()


def test_the_token_is_in_no_log(new_server):
    server = new_server(UNLIMITED, "--log-requests=true").start()
    desk = StreamDesk(server)
    place = desk.place()
    address = place.address(place.key("server")["key"])
    desk.open(address).next()
    desk.open(address + "x")
    desk.open(f"{EVENTS}?token=", headers="X: " + "x" * 40000 + "\r\n")
    desk.close()
    assert server.stop() == 0
    logged = server.output("out") + server.output("err")
    assert f"route={EVENTS} " in logged
    assert address.partition("token=")[2] not in logged
    assert address.rpartition(".")[2] not in logged


# ---- how many -----------------------------------------------------------------------------------------
def test_limits_per_key_and_in_all(new_server):
    server = new_server(UNLIMITED, "--streams-per-credential-max=2", "--streams-max=3").start()
    desk = StreamDesk(server)
    place = desk.place()
    keys = [place.address(place.key("server")["key"]) for _ in range(3)]
    opened = [desk.open(keys[0]) for _ in range(2)]
    assert [stream.status for stream in opened] == [200, 200]
    refused = desk.open(keys[0])
    assert refused.status == 429
    assert re.fullmatch("[1-9][0-9]*", refused.headers["retry-after"])
    assert refused.headers["access-control-allow-origin"] == "*"
    assert refused.body()["errorCode"] == "GENERAL"
    assert desk.open(keys[1]).status == 200
    refused = desk.open(keys[2])
    assert refused.status == 503
    assert re.fullmatch("[1-9][0-9]*", refused.headers["retry-after"])
    desk.close()


def test_other_methods_and_preflights(desk, place):
    address = place.address(place.key("server")["key"])
    caller = Caller(desk.server.base)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = caller.call(method, address)
        assert answer.status_code == 405
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    preflight = caller.call("OPTIONS", address, headers={
        "Origin": "https://shop.example", "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "cache-control,last-event-id"})
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    allowed = preflight.headers["Access-Control-Allow-Headers"].lower()
    assert {"cache-control", "last-event-id"} <= {name.strip() for name in allowed.split(",")}


def test_streams_end_in_order_when_the_server_stops(new_server):
    server = new_server(UNLIMITED).start()
    desk = StreamDesk(server)
    place = desk.place()
    address = place.address(place.key("server")["key"])
    streams = [desk.open(address) for _ in range(40)] + [place.watch() for _ in range(10)]
    for stream in streams:
        stream.next()
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 8
    for stream in streams:
        assert stream.ends(1)
        assert stream.buffer == b""
    desk.close()
