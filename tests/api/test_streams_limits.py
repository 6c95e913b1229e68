# SPDX-License-Identifier: Apache-2.0
"""Limits of event streams, each at it and one past it; and refusals that come before a request is
whole, in the form and with the headers its path asks for."""
import time

import pytest

from amplitude import UNLIMITED, Stream, Town, content
from harness import connect, converse, raw_head, wait_until

PATH = "/sdk/stream/v1/flags"


@pytest.fixture
def make(new_server):
    """A project on a server with these settings, and the streams of its tests."""
    streams = []

    class House:
        def __init__(self, *settings):
            self.server = new_server(*settings, *UNLIMITED).start()
            self.project = Town(self.server).project()

        def open(self, deployment=None):
            key = (deployment or self.project.web).key
            stream = Stream(self.server, f"Api-Key {key}")
            streams.append(stream)
            return stream

        def refused(self, status, deployment=None):
            answer = (deployment or self.project.web).sdk.get(PATH)
            assert isinstance(content(answer, status), dict)
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            return int(answer.headers["Retry-After"])

        def metric(self, name):
            text = self.project.web.sdk.session.get(self.server.operations + "/metrics").text
            return int(next(line for line in text.splitlines()
                            if line.startswith(f"guidon_{name} ")).split(" ")[1])

        def leave(self, stream):
            still_open = self.metric("streams_open") - 1
            stream.close()
            wait_until(lambda: self.metric("streams_open") == still_open, "a place to be free")

    yield House
    for stream in streams:
        stream.close()


def test_the_headers_of_a_stream(make):
    stream = make().open()
    assert stream.status == 200
    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["cache-control"] == "no-cache"
    assert stream.headers["access-control-allow-origin"] == "*"
    assert stream.headers["x-content-type-options"] == "nosniff"
    assert stream.flags() == []


def test_as_many_streams_as_allowed_and_not_one_more(make):
    house = make("--streams-max=3")
    streams = [house.open() for _ in range(3)]
    assert [s.status for s in streams] == [200] * 3
    assert house.refused(503) >= 1
    assert house.refused(503, house.project.deployment("client")) >= 1
    assert house.metric("streams_refused_total") == 2
    house.leave(streams[0])
    assert house.open().flags() == []


def test_as_many_streams_of_one_key_as_allowed_and_not_one_more(make):
    house = make("--streams-per-credential-max=3")
    other = house.project.deployment("client")
    streams = [house.open() for _ in range(3)]
    assert [s.status for s in streams] == [200] * 3
    assert house.refused(429) >= 1
    assert house.open(other).flags() == []
    house.leave(streams[0])
    assert house.open().flags() == []
    assert house.refused(429) >= 1


def test_streams_that_begin_too_fast_are_asked_to_come_again(make):
    house = make("--streams-max=4", "--streams-per-second=1")
    for _ in range(4):
        stream = house.open()
        assert stream.status == 200
        house.leave(stream)
    began = time.monotonic()
    taken, refused = 0, 0
    while time.monotonic() - began < 2.5:
        stream = house.open()
        taken, refused = taken + (stream.status == 200), refused + (stream.status == 503)
        if stream.status == 200:
            house.leave(stream)
        else:
            assert stream.headers["retry-after"] == "1"
        time.sleep(0.05)
    assert taken in (2, 3, 4), "one a second, and what came back while the first four went"
    assert refused > 5


def test_an_old_stream_ends_in_order(make):
    house = make("--stream-age-ms=3000")
    began = time.monotonic()
    stream = house.open()
    assert stream.flags() == []
    assert stream.ends(6)
    assert 1.4 < time.monotonic() - began < 5.5
    assert stream.buffer == b""
    assert house.metric("streams_aged_total") == 1
    assert house.metric("streams_cut_total") == 0
    assert house.open().flags() == []


# ---- before a request is whole -----------------------------------------------------------------
LONG = "x" * 40000
EVALUATION = ["/sdk/v2/vardata", "/sdk/v2/flags", "/v1/vardata", "/v1/flags", "/sdk/vardata", PATH,
              "//sdk//v2/vardata", "/v1/vardata/", "/2/httpapi", "/batch"]
REFUSED = {
    "431": ("GET {path} HTTP/1.1\r\nHost: x\r\nX-Amp-Exp-User: " + LONG + "\r\n\r\n", 431),
    "414": ("GET {path}?flag_keys=" + LONG + " HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "400": ("GET {path} HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", 400),
    "two lengths": ("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
    "417": ("POST {path} HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", 417),
    "501": ("BREW {path} HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    "505": ("GET {path} HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    "413": ("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 413),
}


@pytest.mark.parametrize("refusal", REFUSED)
@pytest.mark.parametrize("path", EVALUATION)
def test_a_page_can_read_why_it_was_refused(town, path, refusal):
    sent, expected = REFUSED[refusal]
    got, closed = converse(town.server, sent.format(path=path).encode())
    assert closed
    status, headers = raw_head(got)
    assert (status, headers["access-control-allow-origin"]) == (expected, "*")
    assert headers["content-type"] == "application/json"
    body = got.split(b"\r\n\r\n", 1)[1]
    assert body.startswith(b'{"code":' if path in ("/2/httpapi", "/batch") else b'{"error":')


@pytest.mark.parametrize("refusal", REFUSED)
@pytest.mark.parametrize("path,form", [
    ("/api/1/flags", b'"code":"'), ("/api/1/flags/17/variants/a%2Fb", b'"code":"'),
    ("/admin/v1/tokens", b'{"type":"/problems/'), ("/api/v1/flags", b'{"error":"'),
    ("/nobody", b'{"error":"')])
def test_a_refusal_has_the_form_of_its_language(town, path, form, refusal):
    sent, expected = REFUSED[refusal]
    got, closed = converse(town.server, sent.format(path=path).encode())
    assert closed
    status, headers = raw_head(got)
    assert status == expected
    assert "access-control-allow-origin" not in headers
    assert form in got.split(b"\r\n\r\n", 1)[1]


def test_a_head_that_never_ends_is_told_so(new_server):
    town = Town(new_server("--header-timeout-ms=200").start())
    got, closed = converse(town.server, b"GET /sdk/v2/vardata?x HTTP/1.1\r\nHost: x\r\nX-Amp", 3)
    assert closed
    status, headers = raw_head(got)
    assert (status, headers["access-control-allow-origin"]) == (408, "*")


def test_a_refused_head_request_has_no_body(town):
    got, _ = converse(town.server, f"HEAD /sdk/v2/flags HTTP/1.1\r\nHost: x\r\nX: {LONG}\r\n\r\n".encode())
    assert raw_head(got)[0] == 431
    assert got.endswith(b"\r\n\r\n")


def test_large_bodies_of_strangers_share_a_room(new_server):
    """Small ones need none: whoever sends them is served while others hold all there is."""
    server = new_server("--large-bodies-bytes-max=65536", "--loops=1").start()
    head = "POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n"

    def status(size):
        got, _ = converse(server, head.format("/2/httpapi", size).encode() + b" " * size)
        code, headers = raw_head(got)
        assert headers["access-control-allow-origin"] == "*"
        return code

    assert status(128 * 1024) == 400
    assert status(128 * 1024 + 1) == 503
    with connect(server) as holder:
        holder.sendall(head.format("/batch", 1 << 20).encode() + b" " * (128 * 1024))
        wait_until(lambda: status(64 * 1024 + 1) == 503, "the room to be taken")
        assert status(64 * 1024) == 400
    wait_until(lambda: status(128 * 1024) == 400, "the room to be free")


# ---- every evaluation route --------------------------------------------------------------------
METHODS = {"/sdk/v2/vardata": "GET, HEAD, POST, OPTIONS", "/sdk/vardata": "GET, HEAD, POST, OPTIONS",
           "/v1/vardata": "GET, HEAD, POST, OPTIONS", "/sdk/v2/flags": "GET, HEAD, OPTIONS",
           "/v1/flags": "GET, HEAD, OPTIONS", PATH: "GET, HEAD, OPTIONS",
           "/sdk/v2/memberships/User/u": "GET, HEAD, OPTIONS", "/sdk/v1/cohort/c": "GET, HEAD, OPTIONS",
           "/2/httpapi": "POST, OPTIONS", "/batch": "POST, OPTIONS", "/status": "GET, HEAD, OPTIONS"}


@pytest.mark.parametrize("path", METHODS)
@pytest.mark.parametrize("end", ["", "/"])
def test_other_methods_and_preflights(town, path, end):
    caller = town.owner
    for method in ("PUT", "PATCH", "DELETE", "TRACE", *(["GET"] if "GET" not in METHODS[path] else [])):
        answer = caller.call(method, path + end)
        assert answer.status_code == 405, method
        assert answer.headers["Allow"] == METHODS[path]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    preflight = caller.call("OPTIONS", path + end)
    assert preflight.status_code == 204
    assert preflight.headers["Allow"] == METHODS[path]
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", [p for p in METHODS if "GET" in METHODS[p] and "cohort" not in p])
def test_head_says_what_get_says(shared_project, path):
    sdk = shared_project.web.sdk
    with sdk.session.get(sdk.base + path, headers={"Authorization": sdk.authorization}, stream=True,
                         timeout=10) as got:
        head = sdk.call("HEAD", path)
        assert head.status_code == got.status_code
        assert head.content == b""
        for name in ("Content-Type", "Cache-Control", "Access-Control-Allow-Origin"):
            assert head.headers.get(name) == got.headers.get(name), name


@pytest.mark.parametrize("path", [p for p in METHODS if p.startswith("/sdk/v2") or p == PATH])
def test_two_credentials_are_none(town, shared_project, path):
    line = f"Authorization: {shared_project.web.sdk.authorization}\r\n"
    for more in (line, "Authorization: Api-Key x\r\n", "authorization:\r\n"):
        got, _ = converse(town.server, (f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                        f"{line}{more}\r\n").encode())
        assert raw_head(got)[0] == 401
