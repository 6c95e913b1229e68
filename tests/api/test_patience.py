# SPDX-License-Identifier: Apache-2.0
"""Slow and idle callers: each waits as long as its setting says and no longer."""
import json
import socket
import time

import pytest

from harness import Server, connect, statuses

SHORT_MS = 300


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("server"), "--header-timeout-ms", str(SHORT_MS),
                  "--body-timeout-ms", str(SHORT_MS), "--idle-timeout-ms", str(2 * SHORT_MS),
                  "--requests-per-connection", "5").start()
    yield made
    made.close()


def drip(server, first, drop, limit_s=10):
    """Sends `first`, then a little every 20 ms until the server hangs up."""
    with connect(server) as link:
        link.sendall(first)
        link.settimeout(0.02)
        received, started = b"", time.monotonic()
        while time.monotonic() - started < limit_s:
            try:
                piece = link.recv(65536)
                if not piece:
                    break
                received += piece
            except socket.timeout:
                pass
            except ConnectionResetError:
                break
            try:
                link.sendall(drop)
            except (BrokenPipeError, ConnectionResetError):
                pass
        else:
            raise AssertionError(f"still open after {limit_s} s")
        return statuses(received), time.monotonic() - started


def test_a_head_that_comes_in_drops_is_408(server):
    codes, took_s = drip(server, b"GET /api/v1/apps HTTP/1.1\r\nHost: x\r\n", b"X: y\r\n")
    assert codes == [408]
    assert took_s < 5


def test_a_head_that_stops_is_408(server):
    codes, _ = drip(server, b"GET /api/v1/apps HT", b"")
    assert codes == [408]


def test_a_body_that_comes_in_drops_is_408(server):
    codes, took_s = drip(server, (
        "POST /api/v1/apps HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {server.token}\r\nContent-Length: 100000\r\n\r\n").encode(), b" ")
    assert codes == [408]
    assert took_s < 5


def test_a_body_that_stops_is_408(server):
    codes, _ = drip(server, (
        "POST /api/v1/apps HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {server.token}\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\n").encode(), b"")
    assert codes == [408]


def test_a_caller_who_never_speaks_is_hung_up_on(server):
    codes, took_s = drip(server, b"", b"")
    assert codes in ([], [408])
    assert took_s < 5


def test_an_idle_connection_is_closed_without_a_word(server):
    codes, took_s = drip(server, (
        f"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n\r\n"
    ).encode(), b"")
    assert codes == [200]
    assert SHORT_MS / 1000 <= took_s < 5


def test_a_connection_ends_after_its_number_of_requests(server):
    request = f"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n\r\n"
    with connect(server) as link:
        reader = link.makefile("rb")
        for number in range(1, 6):
            link.sendall(request.encode())
            assert b" 200 " in reader.readline()
            headers = {}
            while (line := reader.readline()) != b"\r\n":
                name, value = line.decode().split(":", 1)
                headers[name.lower()] = value.strip()
            reader.read(int(headers["content-length"]))
            assert (headers.get("connection") == "close") == (number == 5)
        assert reader.read() == b""


def test_a_reader_who_does_not_read_stops_nobody(server):
    """Many unread answers on one connection while another is served at once."""
    request = f"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n\r\n"
    with connect(server) as silent:
        silent.sendall(request.encode() * 5)
        started = time.monotonic()
        assert server.api().get("/me").status_code == 200
        assert time.monotonic() - started < 2


def test_a_caller_who_leaves_in_the_middle_leaves_no_half_change(server):
    api = server.api()
    app = api.new_app("interrupted")
    body = json.dumps(app.at(key="k", type="bool", value=True)).encode()
    head = ("POST /api/v1/flags HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {server.token}\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    for cut in range(0, len(head) + len(body) - 1, 29):
        with connect(server) as link:
            link.sendall((head + body)[:cut])
    app.api = server.api()
    assert app.version() == 0
    assert app.flags() == {}
