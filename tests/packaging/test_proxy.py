# SPDX-License-Identifier: Apache-2.0
"""Behind the proxies as the shipped files set them up: real nginx, real HAProxy, on loopback.

Only addresses, ports and certificates are replaced; each replacement must find its line.
"""
import contextlib
import itertools
import json
import os
import shutil
import socket
import subprocess
import threading
import time

import pytest
import requests

from harness import ROOT, Server, data_of, wait_until
from places import run, skip

NGINX = ROOT / "packaging" / "nginx" / "guidon.conf"
NAMES = itertools.count(1)
HAPROXY = ROOT / "packaging" / "haproxy" / "haproxy.cfg"


def free_port():
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return any_socket.getsockname()[1]


def replaced(text, pairs):
    for old, new in pairs:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


def tool(name):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if path is None:
        skip(f"needs {name}: tools/install packaging-test")
    return path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    chain, key = folder / "chain.pem", folder / "key.pem"
    run(tool("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key,
        "-out", chain)
    (folder / "both.pem").write_text(chain.read_text() + key.read_text())
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("server"), "--log-requests").start()
    yield made
    made.close()


def nginx(server, certificate, folder, port):
    site = replaced(NGINX.read_text(), [
        ("server 127.0.0.1:8080;", f"server 127.0.0.1:{server.port};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;"),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("server_name flags.example.com;", "server_name localhost;"),
        ("/etc/ssl/certs/flags.example.com.pem", str(certificate / "chain.pem")),
        ("/etc/ssl/private/flags.example.com.key", str(certificate / "key.pem"))])
    temporary = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/pid;\nworker_processes 1;\nerror_log stderr warn;\n"
        f"events {{}}\nhttp {{\n    access_log off;\n{temporary}{site}}}\n")
    return [tool("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]


def haproxy(server, certificate, folder, port):
    operations = server.operations.rsplit(":", 1)[1]
    (folder / "haproxy.cfg").write_text(replaced(HAPROXY.read_text(), [
        ("maxconn 20000", "maxconn 200"),  # a shell's limit of descriptors is below a service's
        ("bind :443 ssl", f"bind 127.0.0.1:{port} ssl"),
        ("/etc/haproxy/certs/flags.example.com.pem", str(certificate / "both.pem")),
        ("server one 127.0.0.1:8080 check port 8081",
         f"server one 127.0.0.1:{server.port} check port {operations}")]))
    return [tool("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]


@contextlib.contextmanager
def running(kind, server, certificate, folder):
    """A proxy's origin, once it answers."""
    port = free_port()
    command = kind(server, certificate, folder, port)
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT)
    origin = f"https://localhost:{port}"
    with Through(origin, certificate) as caller:
        def answers():
            assert process.poll() is None, (folder / "log").read_text()
            with contextlib.suppress(requests.ConnectionError):
                return caller.get("/openapi.json").status_code == 200
            return False
        wait_until(answers, "the proxy")
    try:
        yield origin
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module", params=[nginx, haproxy], ids=["nginx", "haproxy"])
def proxy(request, server, certificate, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param.__name__)
    with running(request.param, server, certificate, folder) as origin:
        yield origin


class Through(requests.Session):
    """A caller who trusts the test's certificate and no proxy of the machine."""

    def __init__(self, origin, certificate, token=None):
        super().__init__()
        self.trust_env = False
        self.verify = str(certificate / "chain.pem")
        self.origin = origin
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def request(self, method, url, *args, **kwargs):
        kwargs.setdefault("timeout", 30)
        return super().request(method, self.origin + url, *args, **kwargs)


@pytest.fixture
def owner(proxy, certificate, server):
    with Through(proxy, certificate, server.token) as caller:
        yield caller


def new_app(owner):
    made = data_of(owner.post("/api/v1/apps", json={"name": f"behind {next(NAMES)}"}), 201)["id"]
    data_of(owner.post("/api/v1/flags", json={"appId": made, "env": "production", "key": "seen",
                                              "type": "bool", "value": True}), 201)
    return made


@pytest.fixture
def app(owner):
    return new_app(owner)


def new_key(owner, app, kind="pub"):
    return data_of(owner.post("/api/v1/keys", json={"appId": app, "env": "production",
                                                    "type": kind}), 201)["key"]


def test_answers_pass_unchanged_tags_and_304_included(owner, app, proxy, certificate):
    key = new_key(owner, app)
    with Through(proxy, certificate, key) as sdk:
        first = sdk.get("/api/v1/public-config")
        assert first.status_code == 200
        again = sdk.get("/api/v1/public-config", headers={"If-None-Match": first.headers["ETag"]})
        assert again.status_code == 304
        assert "Strict-Transport-Security" in first.headers


class Follower:
    """An event stream read by a thread: when which line came."""

    def __init__(self, owner, app, origin, certificate):
        key = new_key(owner, app)
        self.session = Through(origin, certificate, key)
        bulk = self.session.post("/ofrep/v1/evaluate/flags",
                                 json={"context": {"targetingKey": "user-1"}}).json()
        address = bulk["eventStreams"][0]["endpoint"]["requestUri"]
        self.stream = self.session.get(address, stream=True)
        assert self.stream.status_code == 200
        self.lines = []
        self.ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with contextlib.suppress(requests.RequestException):
            for line in self.stream.iter_lines(chunk_size=1):
                self.lines.append((time.monotonic(), line))
        self.ended = True

    def times(self, beginning):
        return [when for when, line in list(self.lines) if line.startswith(beginning)]


def test_an_event_is_through_at_once(owner, app, proxy, certificate):
    follower = Follower(owner, app, proxy, certificate)
    wait_until(lambda: len(follower.times(b"data:")) == 1, "the first event", 5)
    for count in range(2, 6):
        data_of(owner.patch("/api/v1/flags", json={"appId": app, "env": "production",
                                                   "key": "seen", "value": count % 2 == 1}))
        answered = time.monotonic()
        wait_until(lambda count=count: len(follower.times(b"data:")) == count, "an event", 5)
        assert follower.times(b"data:")[-1] - answered < 1
    assert not follower.ended


def test_silence_is_broken_by_heartbeats_that_come_through_as_well(server, certificate,
                                                                  tmp_path_factory):
    """Through both proxies at once, because it takes its time."""
    with contextlib.ExitStack() as stack:
        followers = []
        for kind in (nginx, haproxy):
            folder = tmp_path_factory.mktemp(kind.__name__)
            origin = stack.enter_context(running(kind, server, certificate, folder))
            owner = stack.enter_context(Through(origin, certificate, server.token))
            followers.append(Follower(owner, new_app(owner), origin, certificate))
        for follower in followers:
            wait_until(lambda follower=follower: follower.times(b":"), "a heartbeat", 25)
            assert not follower.ended


def test_a_large_import_passes_and_one_too_large_is_refused_by_the_server(owner):
    large = json.dumps({"padding": "x" * (12 * 1024 * 1024)})
    answer = owner.post("/admin/v1/environments/1/import", data=large,
                        headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 404, 422), "read whole and judged by what it says"
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_long_headers_pass(owner):
    answer = owner.get("/api/v1/apps", headers={"X-Long": "y" * 20000})
    assert answer.status_code == 200


class StandIn:
    """In the server's place, to see what it would be sent."""

    def __init__(self, listener, server):
        self.port = listener.getsockname()[1]
        self.operations = server.operations


@pytest.mark.parametrize("kind", [nginx, haproxy])
def test_what_a_caller_claims_of_itself_does_not_reach_the_server(kind, server, certificate,
                                                                  tmp_path):
    port = free_port()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        command = kind(StandIn(listener, server), certificate, tmp_path, port)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            seen = ask_and_listen(f"https://localhost:{port}", certificate, listener)
        finally:
            process.terminate()
            process.wait(10)
    assert b"203.0.113.9" not in seen
    assert b"x-forwarded-proto: https" in seen.lower()


def ask_and_listen(origin, certificate, listener):
    heads = []

    def answer():
        while not any(b"GET /claimed" in head for head in heads):
            with contextlib.suppress(OSError):
                link, _ = listener.accept()
                with link:
                    heads.append(link.recv(65536))
                    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    claims = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9",
              "Forwarded": "for=203.0.113.9"}
    with Through(origin, certificate) as caller:
        def asked():
            with contextlib.suppress(requests.ConnectionError):
                return caller.get("/claimed", headers=claims).status_code == 200
            return False
        wait_until(asked, "the stand-in's answer")
    thread.join(10)
    return next(head for head in heads if b"GET /claimed" in head)
