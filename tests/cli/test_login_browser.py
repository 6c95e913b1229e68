# SPDX-License-Identifier: Apache-2.0
"""login with a browser: the listener on this machine, and the whole way round with a real server.

The browser is a script that leaves the address it was given in a file; the tests go on from there.
"""
import contextlib
import re
import socket
import subprocess
import time
import urllib.parse

import pytest
import requests

from harness import wait_until

NAMES = ["guidon", "superflag"]


@pytest.fixture(params=NAMES)
def person(request, stranger):
    """Somebody with a screen and a browser."""
    script = stranger.place / "browser"
    script.write_text('#!/bin/sh\nenv >"$0.env"\nls -l /proc/self/fd >"$0.files"\n'
                      'echo "$1" >"$0.new" && mv "$0.new" "$0.page"\n')
    script.chmod(0o755)
    return stranger.named(request.param).having(BROWSER=script)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def page_of(person):
    """Waits for the browser; the address it was given."""
    file = person.place / "browser.page"
    return wait_until(lambda: file.exists() and file.read_text().strip(), "the browser")


def parts(page):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page).query))


def call_back(port, path="/callback", **query):
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"http://127.0.0.1:{port}{path}", params=query, timeout=15)


@contextlib.contextmanager
def login(person, *words):
    """A login under way: (process, port, state)."""
    port = free_port()
    process = person.begin("login", "--port", port, *words)
    try:
        if "--no-browser" in words:
            stream = process.stdout if person.name == "superflag" else process.stderr
            page = ""
            while "/cli/login" not in page:
                page = stream.readline()
                assert page, process.communicate()
        else:
            page = page_of(person)
        asked = parts(page.strip())
        assert asked["port"] == str(port) and len(asked["state"]) >= 22
        yield process, port, asked["state"]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(process, status):
    out, err = process.communicate(timeout=20)
    assert process.returncode == status, out + err
    return out, err


@pytest.fixture
def token(person_token):
    return person_token("editor")


# ---- the way round -----------------------------------------------------------------------------------
def test_a_whole_login_with_the_real_server(person, server):
    with login(person) as (process, port, state):
        page = page_of(person)
        assert page.startswith(f"{server.base}/cli/login?")
        with requests.Session() as session:
            session.trust_env = False
            assert session.get(page, timeout=10).status_code == 200
            sent = session.post(f"{server.base}/cli/login", timeout=10, allow_redirects=False,
                                data={"port": port, "state": state, "token": server.token})
            assert sent.status_code == 303, sent.text
            back = urllib.parse.urlsplit(sent.headers["Location"])
            assert back.hostname == "localhost" and back.port == port
            shown = session.get(back._replace(netloc=f"127.0.0.1:{port}").geturl(), timeout=10)
        assert shown.status_code == 200 and "You are logged in" in shown.text
        out, err = ended(process, 0)
    kept = person.kept("credentials")
    assert kept["email"] == "owner@localhost" and kept["api"] == server.base
    assert kept["token"] != server.token and kept["token"] not in out + err
    assert kept["token"] not in shown.text
    person.run("apps", "list").ok()


def test_the_page_takes_the_token_out_of_the_address(person, token):
    with login(person) as (process, port, state):
        answer = call_back(port, token=token, state=state)
        ended(process, 0)
    assert "history.replaceState" in answer.text and token not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "sha256-" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_script_is_the_one_the_policy_names(person, token):
    import base64
    import hashlib
    with login(person) as (process, port, state):
        answer = call_back(port, token=token, state=state)
        ended(process, 0)
    script = re.search("<script>(.*)</script>", answer.text).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["Content-Security-Policy"]


def test_the_address_is_shown_for_opening_by_hand(person, token):
    with login(person, "--no-browser") as (process, port, state):
        assert call_back(port, token=token, state=state).status_code == 200
        ended(process, 0)
    assert not (person.place / "browser.page").exists()


def test_the_browser_inherits_nothing_of_ours(person, token):
    known = person.having(GUIDON_TOKEN=token, SUPERFLAG_TOKEN=token)
    with login(known) as (process, port, state):
        environment = (person.place / "browser.env").read_text()
        assert token not in environment and "GUIDON_API" in environment
        files = (person.place / "browser.files").read_text()
        assert "socket:" not in files and "pipe:" not in files
        assert call_back(port, token=token, state=state).status_code == 200
        _, err = ended(process, 0)
    assert "GUIDON_TOKEN is set and counts before what is kept" in err


def test_a_token_the_server_does_not_know_is_not_kept(person):
    with login(person) as (process, port, state):
        answer = call_back(port, token="cli_" + "x" * 49, state=state)
        assert answer.status_code == 502 and "The terminal says why" in answer.text
        ended(process, 3 if person.name == "superflag" else 5)
    assert person.kept("credentials") is None


# ---- strangers -----------------------------------------------------------------------------------
def test_another_state_changes_nothing(person, token):
    with login(person) as (process, port, state):
        for wrong in ({"state": "x" * len(state)}, {"state": ""}, {}, {"state": state + "x"},
                      {"state": state.swapcase()}):
            assert call_back(port, token="cli_evil", **wrong).status_code == 400
        assert call_back(port, state=state).status_code == 400
        assert process.poll() is None
        assert call_back(port, token=token, state=state).status_code == 200
        ended(process, 0)
    assert person.kept("credentials")["token"] == token


def test_other_paths_and_methods_are_refused(person, token):
    with login(person) as (process, port, state):
        for path in ("/", "/callback/", "/callbackx", "/favicon.ico", "//callback"):
            assert call_back(port, path, token=token, state=state).status_code == 404
        with requests.Session() as session:
            session.trust_env = False
            refused = session.post(f"http://127.0.0.1:{port}/callback",
                                   params={"token": token, "state": state}, timeout=10)
            assert refused.status_code == 405
        assert call_back(port, token=token, state=state).status_code == 200
        ended(process, 0)


GARBAGE = [b"", b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"GET /callback\r\n\r\n",
           b"GET " + b"x" * 20000, b"\x00" * 9000, b"GET /callback?state HTTP/1.1\r\n\r\n",
           b"GET /callback?state=%zz&token=%f HTTP/1.1\r\n\r\n", b"GET  /callback HTTP/9.9\r\n\r\n"]


def test_garbage_and_slow_callers_stand_in_nobodys_way(person, token):
    with login(person) as (process, port, state):
        slow = []
        for _ in range(40):
            link = socket.create_connection(("127.0.0.1", port), timeout=10)
            link.sendall(b"GET /callback?tok")
            slow.append(link)
        for sent in GARBAGE:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
                with contextlib.suppress(ConnectionError):
                    link.sendall(sent)
        assert process.poll() is None
        began = time.monotonic()
        assert call_back(port, token=token, state=state).status_code == 200
        assert time.monotonic() - began < 5
        ended(process, 0)
        for link in slow:
            link.close()


def test_a_request_may_come_byte_by_byte(person, token):
    with login(person) as (process, port, state):
        sent = (f"GET /callback?email=a%40b&token={token}&state={state}&x=1 HTTP/1.1\r\n"
                f"Host: localhost:{port}\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(sent), 7):
                link.sendall(sent[at:at + 7])
                time.sleep(0.002)
            assert link.recv(15) == b"HTTP/1.1 200 OK"
        ended(process, 0)


def test_only_this_machine_is_heard(person):
    with login(person) as (process, port, _):
        listing = subprocess.run(["ss", "-ltnH", f"sport = :{port}"], capture_output=True,
                                 text=True, check=False)
        if listing.returncode == 0:
            assert re.findall(r"\S+:\d+", listing.stdout)[0] == f"127.0.0.1:{port}"
        with pytest.raises(OSError):
            socket.create_connection(("::1", port), timeout=2)
        assert process.poll() is None


# ---- ports and places ------------------------------------------------------------------------------
def test_a_port_that_is_taken(person):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = person.run("login", "--port", port).ended(1)
    assert f"port {port}" in refused.err and "stop the other program" in refused.err
    assert not (person.place / "browser.page").exists()


def test_the_documented_port(person, token):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 3737))
        except OSError:
            pytest.skip("port 3737 is taken on this machine")
    process = person.begin("login")
    try:
        asked = parts(page_of(person))
        assert asked["port"] == "3737"
        assert call_back(3737, token=token, state=asked["state"]).status_code == 200
        ended(process, 0)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("port", ["0", "80", "65536", "x", "-1", ""])
def test_ports_that_are_none(person, port):
    person.run("login", "--port", port).ended(2 if person.name == "superflag" else 4)


@pytest.mark.parametrize("variables", [{"BROWSER": None}, {"SSH_CONNECTION": "a 1 b 2"},
                                       {"SSH_TTY": "/dev/pts/1"}, {"BROWSER": "/nowhere/browser"}])
def test_without_a_browser_to_be_seen_a_code_is_shown(person, variables):
    process = person.having(**variables).begin("login")
    stream = process.stdout if person.name == "superflag" else process.stderr
    try:
        assert "/device" in stream.readline() and re.search(r"\w{4}-\w{4}", stream.readline())
    finally:
        process.kill()
        process.communicate()
    assert not (person.place / "browser.page").exists()
