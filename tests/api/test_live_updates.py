# SPDX-License-Identifier: Apache-2.0
"""The stream of an environment's versions, and what the streams of all protocols have in common."""
from concurrent.futures import ThreadPoolExecutor
import re
import time

import pytest

from admin_desk import UNLIMITED, assert_problem, content
from amplitude import Caller
from harness import Server
from streams import StreamDesk

ON, OFF = {"variation": "on"}, {"variation": "off"}


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
    made.make("f", type="boolean", enabled=True)
    return made


# ---- versions ----------------------------------------------------------------------------------------
def test_the_newest_version_at_once_and_each_that_is_made(place):
    stream = place.watch()
    assert stream.status == 200
    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.headers["cache-control"] == "no-cache"
    assert stream.headers["x-accel-buffering"] == "no"
    assert "access-control-allow-origin" not in stream.headers
    for serve in (OFF, ON, OFF):
        event = stream.next()
        assert (event["id"], event["event"]) == (str(event["data"]["version"]), "version")
        assert set(event["data"]) == {"environment", "version", "publishedAt"}
        assert event["data"]["environment"] == place.number
        assert event["data"]["version"] == place.version()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["data"]["publishedAt"])
        place.patch("f", fallthrough=serve)
    assert 1000 <= stream.retry <= 3000


def test_it_is_as_described(desk, place):
    operation = desk.description.operation("GET", f"/admin/v1{place.base}/stream")
    assert operation["operationId"] == "followEnvironment"
    (media, described), = operation["responses"]["200"]["content"].items()
    stream = place.watch()
    assert media == stream.headers["content-type"]
    assert desk.description.faults(described["x-itemSchema"], stream.next()["data"]) == []
    for status in ("401", "403", "404", "429", "503"):
        assert status in operation["responses"], status


def test_versions_that_follow_each_other_closely_are_told_by_the_last(place):
    stream = place.watch()
    first = stream.next()["data"]["version"]
    for n in range(40):
        place.patch("f", fallthrough=(OFF, ON)[n % 2])
    seen = [first]
    while seen[-1] != first + 40:
        seen.append(stream.next()["data"]["version"])
    assert seen == sorted(set(seen))
    assert stream.is_silent()


def test_who_comes_back_hears_of_newer_versions_alone(place):
    last = place.watch().next()["id"]
    again = place.watch(last=last)
    assert again.is_silent()
    assert 1000 <= again.retry <= 3000
    place.patch("f", fallthrough=OFF)
    assert again.next()["id"] == str(int(last) + 1)
    assert place.watch(last=last).next()["id"] == str(int(last) + 1)


def test_other_environments_are_not_heard_of(desk, place):
    elsewhere = desk.place()
    stream = place.watch()
    stream.next()
    elsewhere.make("g", type="boolean")
    assert stream.is_silent()


def test_an_id_is_as_good_as_a_number(desk, place):
    shown = content(place.owner.get(place.base))
    stream = desk.open(f"/admin/v1/environments/{shown['id']}/stream",
                       f"Bearer {desk.server.token}")
    assert stream.next()["data"]["environment"] == place.number


def test_head_is_answered_without_a_stream(desk, place):
    caller = Caller(desk.server.base, f"Bearer {desk.server.token}")
    answer = caller.call("HEAD", f"/admin/v1{place.base}/stream")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.content == b""


# ---- who may follow -----------------------------------------------------------------------------------
def watched(place, token):
    """(status, code of the refusal)"""
    stream = place.watch(token)
    if stream.status == 200:
        return 200, None
    assert stream.headers["content-type"] == "application/problem+json"
    return stream.status, stream.body()["code"]


def test_who_sees_the_environment_follows_it(desk, place):
    app = next(e["appId"] for e in desk.owner.all("/environments") if e["number"] == place.number)
    other = desk.place()
    for token in (desk.person("viewer").token, desk.person("admin").token,
                  desk.token(kind="app", app=app)["token"],
                  desk.token(kind="environment", environments=[place.number])["token"],
                  desk.token(kind="environment", environments=[place.number],
                             access="read")["token"]):
        assert watched(place, token) == (200, None)
    assert watched(place, desk.token(kind="environment", environments=[other.number])["token"]) == (
        404, "not_found")
    for token in (place.key("server")["key"], place.key("browser")["key"]):
        assert watched(place, token) == (403, "denied")
    assert watched(place, "cli_nobody") == (401, "unauthenticated")
    assert_problem(desk.owner.get("/environments/999999/stream"), 404, "not_found")
    assert_problem(place.owner.get(f"{place.base}/stream", since=1), 400, "invalid", "?since")


def revoke(desk, shown):
    path = f"/tokens/{shown['id']}"
    answer = desk.owner.delete(path, headers={"If-Match": desk.owner.tag(path)})
    assert answer.status_code == 204, answer.text


def drop_user(desk, user):
    path = f"/users/{user['id']}"
    answer = desk.owner.delete(path, headers={"If-Match": desk.owner.tag(path)})
    assert answer.status_code == 204, answer.text


@pytest.mark.parametrize("end", ["revoked", "user deleted", "of an environment", "of an app"])
def test_a_stream_ends_with_its_token_within_a_second(desk, place, end):
    user = desk.user("editor")
    if end == "of an environment":
        token = desk.token(kind="environment", environments=[place.number])
    elif end == "of an app":
        app = next(e["appId"] for e in desk.owner.all("/environments")
                   if e["number"] == place.number)
        token = desk.token(kind="app", app=app)
    else:
        token = desk.token(kind="personal", user=user["id"])
    streams, other = [place.watch(token["token"]) for _ in range(3)], place.watch()
    for stream in (other, *streams):
        stream.next()
    if end == "user deleted":
        drop_user(desk, user)
    else:
        revoke(desk, token)
    began = time.monotonic()
    assert all(stream.ends(1) for stream in streams)
    assert time.monotonic() - began < 1
    assert other.is_silent()
    assert watched(place, token["token"])[0] == 401


def test_a_smaller_role_that_still_sees_goes_on(desk, place):
    person = desk.person("editor")
    stream = place.watch(person.token)
    stream.next()
    path = f"/users/{person.user['id']}"
    content(desk.owner.patch(path, {"role": "viewer"}, headers={"If-Match": desk.owner.tag(path)}))
    assert stream.is_silent(1.2)
    place.patch("f", fallthrough=OFF)
    stream.next()


def test_a_stream_ends_when_its_token_expires(desk, place):
    soon = time.time() + 2
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(soon))
    token = desk.token(kind="environment", environments=[place.number], expiresAt=text)
    stream = place.watch(token["token"])
    stream.next()
    assert stream.ends(4)
    assert -0.1 < time.time() - int(soon) < 1


# ---- how many -------------------------------------------------------------------------------------------
def test_limits_per_token_and_in_all(new_server):
    server = new_server(UNLIMITED, "--streams-per-credential-max=2", "--streams-max=3").start()
    desk = StreamDesk(server)
    place = desk.place()
    token = desk.token(kind="environment", environments=[place.number])["token"]
    opened = [place.watch(token) for _ in range(2)]
    assert [stream.status for stream in opened] == [200, 200]
    assert watched(place, token) == (429, "rate_limited")
    assert int(place.watch(token).headers["retry-after"]) > 0
    assert place.watch().status == 200
    assert watched(place, server.token) == (503, "unavailable")
    assert int(place.watch().headers["retry-after"]) > 0
    desk.close()


# ---- all of them ----------------------------------------------------------------------------------------
def followers(place, key):
    """A stream in each protocol with its first word heard."""
    versions, ofrep = place.watch(), place.follow(key)
    flags = place.stream_flags(key)
    versions.next()
    ofrep.next()
    assert flags.flags() is not None
    return versions, ofrep, flags


def test_one_change_is_heard_in_every_protocol(place):
    deployment = place.deployment("server")
    place.patch("f", deployments=[deployment["number"]])
    versions, ofrep, flags = followers(place, deployment["key"])
    place.patch("f", fallthrough=OFF)
    versions.next()
    ofrep.next()
    assert [flag["key"] for flag in flags.flags()] == ["f"]


def test_the_stream_of_configurations_is_as_it_was(place):
    deployment = place.deployment("server")
    stream = place.stream_flags(deployment["key"], last="1")
    assert stream.message().startswith(b"data: [")
    assert stream.message(0.2) is None


def test_who_does_not_read_is_skipped_and_the_others_are_not_kept_waiting(desk, place):
    """Their sockets hold what is small: nobody is cut, and the newest is what comes in the end."""
    sleepers = [place.watch() for _ in range(20)]
    awake = place.watch()
    awake.next()
    for n in range(60):
        place.patch("f", fallthrough=(OFF, ON)[n % 2])
    newest = place.version()
    seen = awake.next()
    while seen["data"]["version"] != newest:
        seen = awake.next()
    for stream in sleepers:
        heard = [stream.next()["data"]["version"]]
        while heard[-1] != newest:
            heard.append(stream.next()["data"]["version"])
        assert heard == sorted(heard)
    assert desk.metric("streams_cut_total") == 0


def test_a_crowd_hears_of_a_change_and_leaves_nothing_behind(new_server):
    server = new_server(UNLIMITED).start()
    desk = StreamDesk(server)
    place = desk.place()
    place.make("f", type="boolean", enabled=True)
    address = place.address(place.key("server")["key"])
    before = desk.metric("streams_open")
    with ThreadPoolExecutor(16) as crowd:
        streams = list(crowd.map(lambda _: desk.open(address), range(400)))
    for stream in streams:
        stream.next(5)
    place.patch("f", fallthrough=OFF)
    began = time.monotonic()
    for stream in streams:
        stream.next(5)
    assert time.monotonic() - began < 5
    drawn = [stream.retry for stream in streams]
    assert min(drawn) < 2250 < 3750 < max(drawn)
    desk.close()
    deadline = time.monotonic() + 10
    while desk.metric("streams_open") != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert desk.metric("streams_open") == before
