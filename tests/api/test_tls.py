# SPDX-License-Identifier: Apache-2.0
"""TLS in the process: whatever holds without it holds through it."""
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import time

import pytest
import requests

from amplitude import Caller
from harness import BINARY, Server, clean_environment, data_of, wait_until
from tls_desk import Kept, TlsServer, connect, pairs, read_answer, request, trust


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = TlsServer(tmp_path_factory.mktemp("tls"), "--header-timeout-ms", "2000",
                     "--admin-per-second", "0").start()
    yield made
    made.close()


def metric(server, name):
    text = Caller(server.operations).get("/metrics").text
    return int(next(line for line in text.splitlines()
                    if line.startswith(f"guidon_{name} ")).split(" ")[1])


# ---- handshakes ----------------------------------------------------------------------------------
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_are_spoken(server, version):
    context = trust(minimum_version=version, maximum_version=version)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with connect(server, context) as link:
        assert link.selected_alpn_protocol() == "http/1.1"
        # Forward secrecy and authenticated encryption, in both.
        name, _, bits = link.cipher()
        assert bits >= 128 and ("GCM" in name or "CHACHA20" in name)
        link.sendall(request(server, "/api/v1/me", "Connection: close"))
        status, headers, body = read_answer(reader := link.makefile("rb"))
        assert (status, headers["connection"]) == (200, "close")
        assert json.loads(body)["data"]
        assert reader.read() == b"", "and then a goodbye: without one this raises"


def test_older_versions_are_not(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        with connect(server, context):
            pass


def test_who_speaks_http_2_only_is_told(server):
    context = trust()
    context.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError, match="NO_APPLICATION_PROTOCOL|no application protocol"):
        with connect(server, context):
            pass


def test_a_ticket_spares_a_second_handshake(server):
    context = trust()

    def visit(session):
        with connect(server, context, session=session) as link:
            link.sendall(request(server, "/api/v1/me"))
            assert read_answer(link.makefile("rb"))[0] == 200
            return link.session, link.session_reused

    session, was_known = visit(None)
    assert not was_known
    assert visit(session)[1]


def test_plain_http_gets_an_answer_it_can_read(server):
    answer = requests.get(server.base.replace("https:", "http:") + "/api/v1/me", timeout=10)
    assert answer.status_code == 400
    assert "https://" in answer.text
    assert answer.headers["Connection"] == "close"


def test_failed_handshakes_are_counted_and_not_logged(server):
    before, log = metric(server, "http_handshakes_failed_total"), server.output("err")
    for nonsense in (b"\x16\x03\x01\x00\x05hello", b"\x80\x2e\x01\x00\x02", b"\x00" * 100,
                     b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
            link.sendall(nonsense)
            while link.recv(1000):
                pass
    assert metric(server, "http_handshakes_failed_total") == before + 4
    assert server.output("err") == log
    assert server.api().get("/me").status_code == 200


def test_a_handshake_that_stops_is_ended(server):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
        link.sendall(b"\x16\x03\x01\x02")
        assert link.recv(100) == b""
    assert 1.5 < time.monotonic() - began < 6


# ---- conversations -------------------------------------------------------------------------------
def test_requests_in_one_record_are_answered_in_order(server):
    with connect(server) as link:
        link.sendall(b"".join(request(server, path) for path in
                              ["/api/v1/me", "/api/v1/none", "/api/v1/apps"] * 5))
        reader = link.makefile("rb")
        assert [read_answer(reader)[0] for _ in range(15)] == [200, 404, 200] * 5


def test_a_request_in_one_record_for_each_byte_is_one_request(server):
    with connect(server) as link:
        for byte in request(server, "/api/v1/me", "Connection: close"):
            link.sendall(bytes([byte]))
        assert read_answer(link.makefile("rb"))[0] == 200


def test_large_bodies_go_both_ways_whole(server):
    app = server.api().new_app("large")
    value = {"text": "".join(chr(97 + i * 7 % 26) for i in range(60_000))}
    app.add("large", "json", value)
    assert app.flags()["large"]["value"] == value
    description = requests.get(server.base + "/openapi.json", timeout=30,
                               verify=server.api().session.verify)
    assert len(description.content) > 100_000
    assert description.json()["openapi"]


def test_a_reader_who_does_not_read_stops_nobody_and_is_let_go(tmp_path):
    """Answers wait for it, within bounds; then it is hung up on."""
    server = TlsServer(tmp_path, "--write-timeout-ms", "500", "--loops", "1",
                       "--pipelined-requests-max", "200").start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link = trust().wrap_socket(raw, server_hostname="localhost")
        api = server.api()
        assert api.get("/me").status_code == 200
        open_before = metric(server, "http_connections_open")
        link.sendall(request(server, "/openapi.json") * 100)
        began = time.monotonic()
        for _ in range(20):
            assert api.get("/me").status_code == 200
        assert time.monotonic() - began < 2
        wait_until(lambda: metric(server, "http_connections_open") < open_before, "its end")
        link.close()
    server.close()


def test_a_slow_reader_gets_everything(server):
    with connect(server) as link:
        count = 12
        link.sendall(request(server, "/openapi.json") * count)
        reader = link.makefile("rb", buffering=1000)
        bodies = []
        for _ in range(count):
            time.sleep(0.02)
            bodies.append(read_answer(reader))
        assert {(status, len(body)) for status, _, body in bodies} == {(200, len(bodies[0][2]))}
        assert len({body for _, _, body in bodies}) == 1


def test_changes_reach_a_stream(server):
    owner = Caller(server.base, f"Bearer {server.token}")
    owner.session.verify = server.api().session.verify
    number = owner.post("/admin/v1/apps", {"name": "streamed"}).json()["environments"][0]["number"]
    link = http.client.HTTPSConnection("localhost", server.port, timeout=10, context=trust())
    link.request("GET", f"/admin/v1/environments/{number}/stream",
                 headers={"Authorization": f"Bearer {server.token}"})
    stream = link.getresponse()
    assert stream.status == 200

    def event():
        lines = []
        while (line := stream.readline().strip()) or not any(one.startswith(b"data:")
                                                             for one in lines):
            lines.append(line)
        return lines

    event()
    for i in range(20):
        made = owner.post(f"/admin/v1/environments/{number}/flags", {"key": f"flag-{i}"})
        assert made.status_code == 201, made.text
        assert any(b"version" in line or b"data:" in line for line in event())
    link.close()


# ---- certificates --------------------------------------------------------------------------------
def name_shown(server, name):
    with connect(server, trust(name)) as link:
        return dict(part[0] for part in link.getpeercert()["subject"])["commonName"]


def test_a_newer_pair_is_shown_from_sighup_on_and_nobody_is_cut_off(tmp_path):
    server = TlsServer(tmp_path).start()
    kept = Kept(server, trust())
    assert kept.call("GET", "/api/v1/me")[0] == 200
    assert name_shown(server, "localhost") == "localhost"

    def reload(count):
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.output("err").count("event=reloaded") == count, "a reload")

    server.show("other")
    assert name_shown(server, "localhost") == "localhost", "not before it is told"
    reload(1)
    assert name_shown(server, "other") == "other"
    server.show("localhost", key="other")
    reload(2)
    assert "event=tls_kept" in server.output("err")
    assert "tls-key" in server.output("err")
    assert name_shown(server, "other") == "other", "a pair that does not fit changes nothing"
    server.certificate.unlink()
    reload(3)
    assert name_shown(server, "other") == "other"
    assert kept.call("GET", "/api/v1/me")[0] == 200
    assert kept.opened == 1
    kept.close()
    server.close()


@pytest.mark.parametrize("certificate, key, told", [
    ("localhost.pem", "other.key", "tls-key"),
    ("localhost.key", "localhost.key", "tls-certificate"),
    ("nowhere.pem", "localhost.key", "tls-certificate"),
    ("localhost.pem", None, "go together"),
])
def test_a_bad_pair_is_refused_before_anything_starts(tmp_path, certificate, key, told):
    settings = ["--tls-certificate", str(pairs() / certificate)]
    settings += [] if key is None else ["--tls-key", str(pairs() / key)]
    for more in ([], ["--config", "check"]):
        ended = subprocess.run([str(BINARY), "serve", "--listen", "127.0.0.1:0", "--data",
                                str(tmp_path / "data"), *settings, *more], capture_output=True,
                               text=True, timeout=20, env=clean_environment(), check=False)
        assert ended.returncode in (1, 4)
        assert told in ended.stderr
        assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_without_a_certificate_no_library_is_loaded(tmp_path):
    server = Server(tmp_path).start()
    maps = open(f"/proc/{server.process.pid}/maps", encoding="utf-8").read()
    assert "libssl" not in maps and "libcrypto" not in maps
    assert data_of(server.api().get("/me"))
    server.close()


def test_a_restart_shows_the_pair_of_then(tmp_path):
    server = TlsServer(tmp_path, "--restart-grace-ms", "50").start()
    server.show("other")
    server.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: "event=took_over" in server.output("err"), "the successor")
    assert name_shown(server, "other") == "other"
    server.show("localhost", key="other")
    server.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: "event=restart_refused" in server.output("err"), "a refusal")
    assert name_shown(server, "other") == "other"
    assert os.path.exists(f"/proc/{server.process.pid}")
    server.close()
