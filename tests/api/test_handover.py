# SPDX-License-Identifier: Apache-2.0
"""Restarting without a refused connection: the listening sockets go from one binary to the next."""
import contextlib
import http.client
import os
import random
import re
import shutil
import signal
import socket
import sys
import threading
import time

import pytest

from amplitude import Caller
from harness import BINARY, Server, wait_until
from tls_desk import Kept, TlsServer, trust

GRACE_MS = "300"


class CopiedServer(Server):
    """Runs from a binary of its own, which a test can replace as an upgrade does."""

    def __init__(self, directory, *arguments, **environment):
        super().__init__(directory, *arguments, **environment)
        self.binary = self.directory / "guidon"
        shutil.copy(BINARY, self.binary)

    def command(self):
        return [str(self.binary), *super().command()[1:]]

    def replace(self, content=None, mode=0o755):
        """By what such a file holds, or by another copy of the binary."""
        fresh = self.directory / "fresh"
        if content is None:
            shutil.copy(BINARY, fresh)
        else:
            fresh.write_text(content)
        fresh.chmod(mode)
        fresh.rename(self.binary)
        return self.binary.stat().st_ino


def hand_over(server, limit_s=20):
    """SIGUSR2; returns when the successor serves, with the milliseconds in which nobody did."""
    log = server.output("err")
    server.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: server.output("err").count("event=took_over") > log.count("event=took_over"),
               "the successor", limit_s)
    assert server.process.poll() is None, "the process stays the same"
    gaps = re.findall(r"event=took_over gap_us=(\d+)", server.output("err"))
    return int(gaps[-1]) / 1000


def refused(server, told):
    """SIGUSR2 that changes nothing, and why."""
    before = server.output("err").count("event=restart_refused")
    server.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: server.output("err").count("event=restart_refused") > before, "a refusal")
    assert told in server.output("err").splitlines()[-1]
    assert "event=took_over" not in server.output("err")


class Crowd:
    """Callers in threads; what goes wrong for any of them is remembered."""

    def __init__(self):
        self.must_stop, self.failures, self.threads = threading.Event(), [], []
        self.answers, self.longest_s = 0, 0.0
        self.lock = threading.Lock()

    def _run(self, visit, pause_s):
        while not self.must_stop.is_set():
            began = time.monotonic()
            try:
                visit()
            except Exception as problem:  # pylint: disable=broad-except
                with self.lock:
                    self.failures.append(f"{type(problem).__name__}: {problem}")
            with self.lock:
                self.answers += 1
                self.longest_s = max(self.longest_s, time.monotonic() - began)
            time.sleep(random.uniform(0, 2 * pause_s))

    def add(self, visit, pause_s):
        thread = threading.Thread(target=self._run, args=(visit, pause_s))
        self.threads.append(thread)
        thread.start()

    @contextlib.contextmanager
    def at_work(self):
        try:
            yield self
        finally:
            self.must_stop.set()
            for thread in self.threads:
                thread.join()


def reads(server, caller, token):
    def visit():
        status, body = caller.call("GET", "/api/v1/me", token=token)
        assert status == 200 and body["data"], (status, body)
    return visit


def reads_once(server, context, token):
    def visit():
        caller = Kept(server, context)
        reads(server, caller, token)()
        caller.close()
    return visit


class Writer:
    """Changes one flag again and again, and knows what was acknowledged last."""

    def __init__(self, server, context, token):
        self.caller, self.token = Kept(server, context), token
        made = self.caller.call("POST", "/api/v1/apps", {"name": "written"}, token=token)
        self.place = {"appId": made[1]["data"]["id"], "env": "production"}
        self.value = 0
        self._call("POST", {"key": "count", "type": "number", "value": 0}, 201)

    def _call(self, method, body, expected=200):
        status, answer = self.caller.call(method, "/api/v1/flags", {**self.place, **body},
                                          token=self.token)
        assert status == expected, answer

    def visit(self):
        self._call("PATCH", {"key": "count", "value": self.value + 1})
        self.value += 1

    def stored(self):
        query = "&".join(f"{name}={value}" for name, value in self.place.items())
        _, answer = self.caller.call("GET", f"/api/v1/flags?{query}", token=self.token)
        return answer["data"]["count"]["value"]


@pytest.mark.parametrize("kind", [Server, TlsServer])
def test_three_restarts_under_load_fail_nobody(tmp_path, kind):
    server = kind(tmp_path, "--restart-grace-ms", GRACE_MS, "--admin-per-second", "0").start()
    context = trust() if kind is TlsServer else None
    token, pid = server.token, server.process.pid
    crowd, writer = Crowd(), Writer(server, context, token)
    gaps = []
    with crowd.at_work():
        for _ in range(4):
            crowd.add(reads(server, Kept(server, context), token), 0.01)
        for _ in range(2):
            crowd.add(reads_once(server, context, token), 0.01)
        crowd.add(writer.visit, 0.01)
        for _ in range(3):
            time.sleep(0.5)
            gaps.append(hand_over(server))
        time.sleep(0.3)
    assert crowd.failures == []
    assert crowd.answers > 300
    assert server.process.pid == pid
    assert writer.value > 30
    assert writer.stored() == writer.value
    assert max(gaps) < 2000, gaps
    assert crowd.longest_s < 3
    print(f"{kind.__name__}: {crowd.answers} answers, nobody served for {gaps} ms, "
          f"the longest answer took {crowd.longest_s * 1000:.0f} ms")
    server.close()


def test_who_follows_comes_back_and_has_lost_nothing(tmp_path):
    server = Server(tmp_path, "--restart-grace-ms", GRACE_MS).start()
    owner = Caller(server.base, f"Bearer {server.token}")
    number = owner.post("/admin/v1/apps", {"name": "followed"}).json()["environments"][0]["number"]
    followed = f"/admin/v1/environments/{number}"

    def follow(last=None):
        link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        headers = {"Authorization": f"Bearer {server.token}"}
        if last is not None:
            headers["Last-Event-ID"] = last
        link.request("GET", followed + "/stream", headers=headers)
        answer = link.getresponse()
        assert answer.status == 200
        return answer

    def event(stream):
        fields = {}
        while line := stream.readline().decode():
            name, _, value = line.strip().partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                return fields
        return fields  # its end: what came before it

    stream = follow()
    first = event(stream)
    assert int(first["retry"]) > 0, "when to come back is said at the beginning"
    began = time.monotonic()
    hand_over(server)
    assert "data" not in event(stream), "an end, in order: anything else raises"
    assert time.monotonic() - began < 5
    made = owner.post(followed + "/flags", {"key": "meanwhile"})
    assert made.status_code == 201
    again = follow(first["id"])
    assert event(again)["id"] != first["id"]
    server.close()


def test_whoever_is_idle_is_let_go_and_whoever_waits_is_served(tmp_path):
    """A request that takes its time is answered by who got it; the next goes to the successor."""
    server = Server(tmp_path, "--restart-grace-ms", "200").start()
    head = (f"POST /api/v1/apps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as idle, \
            socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
        idle.sendall(f"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}"
                     "\r\n\r\n".encode())
        assert b" 200 " in idle.recv(4096)
        slow.sendall(head + b'{"name"')
        server.process.send_signal(signal.SIGUSR2)
        assert idle.recv(4096) == b"", "without a word, when the grace is over"
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as late:
            late.sendall(b"GET /api/v1/none HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.3)
            assert server.output("err").count("event=took_over") == 0, "it waits for the slow one"
            slow.sendall(b':"slow"}')
            answer = slow.recv(4096)
            assert b" 201 " in answer and b"Connection: close" in answer
            assert b"HTTP/1.1 4" in late.recv(4096)
    wait_until(lambda: "event=took_over" in server.output("err"), "the successor")
    assert [app["name"] for app in server.api().get("/apps").json()["data"]] == ["slow"]
    server.close()


def test_an_upgrade_is_what_runs_afterwards(tmp_path):
    server = CopiedServer(tmp_path, "--restart-grace-ms", "50").start()
    inode = server.replace()
    assert os.stat(f"/proc/{server.process.pid}/exe").st_ino != inode
    hand_over(server)
    assert os.stat(f"/proc/{server.process.pid}/exe").st_ino == inode
    assert server.api().get("/me").status_code == 200
    hand_over(server)
    assert server.api().get("/me").status_code == 200
    server.close()


def test_an_upgrade_that_cannot_run_is_not_taken(tmp_path):
    # Inside the sandbox no script gets as far as to say anything (test_sandbox.py).
    server = CopiedServer(tmp_path, "--restart-grace-ms", "50", "--sandbox", "off").start()
    kept = Kept(server)
    kept.call("GET", "/api/v1/me")
    server.replace("no binary", mode=0o644)
    refused(server, "cannot be run")
    server.replace("no binary", mode=0o755)
    refused(server, "")
    server.replace("#!/bin/sh\necho it is broken >&2\nexit 1\n")
    refused(server, "it is broken")
    server.replace("#!/bin/sh\nkill -SEGV $$\n")
    refused(server, "signal 11")
    server.replace("#!/bin/sh\nexec sleep 100\n")
    refused(server, "in time")
    server.binary.unlink()
    refused(server, "cannot be run")
    assert kept.call("GET", "/api/v1/me")[0] == 200
    assert kept.opened == 1, "nobody noticed"
    kept.close()
    server.replace()
    hand_over(server)
    assert server.api().get("/me").status_code == 200
    server.close()


def test_settings_that_are_no_good_are_not_taken(tmp_path):
    settings = tmp_path / "settings"
    settings.write_text("restart-grace-ms = 50\n")
    server = Server(tmp_path, "--config-file", str(settings)).start()
    settings.write_text("restart-grace-ms = many\n")
    refused(server, "restart-grace-ms")
    settings.write_text("restart-grace-ms = 60\nstreams-max = 7\n")
    hand_over(server)
    server.close()


def test_whoever_replaces_the_binary_after_it_was_looked_at_changes_nothing(tmp_path):
    """The look succeeds, the leap does not: the server goes on by itself, on the same sockets."""
    server = CopiedServer(tmp_path, "--restart-grace-ms", "600").start()
    server.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: "event=restarting" in server.output("err"), "the look")
    server.replace("no binary", mode=0o644)
    wait_until(lambda: "event=restart_failed" in server.output("err"), "the leap")
    wait_until(lambda: server.output().count("listening on") == 2, "that it goes on")
    assert server.api().get("/me").status_code == 200
    server.replace()
    hand_over(server)
    assert server.api().get("/me").status_code == 200
    server.close()


def test_a_stop_overrules_a_restart(tmp_path):
    server = Server(tmp_path, "--restart-grace-ms", "5000").start()
    server.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: "event=restarting" in server.output("err"), "the restart")
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 3
    assert "event=took_over" not in server.output("err")


# ---- supervisors ---------------------------------------------------------------------------------
class Supervisor:
    """What NOTIFY_SOCKET names."""

    def __init__(self, path):
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.link.bind("\0" + path[1:] if path.startswith("@") else path)
        self.link.settimeout(10)

    def next(self):
        return dict(line.split("=", 1) for line in self.link.recv(4096).decode().split("\n"))

    def wait_for(self, name, limit=100):
        for _ in range(limit):
            message = self.next()
            if name in message:
                return message
        raise AssertionError(f"no {name} in {limit} messages")


@pytest.mark.parametrize("is_abstract", [False, True])
def test_a_supervisor_hears_of_every_turn(tmp_path, is_abstract):
    path = f"@guidon-{tmp_path}" if is_abstract else str(tmp_path / "notify")
    supervisor = Supervisor(path)
    server = Server(tmp_path, "--restart-grace-ms", "100", NOTIFY_SOCKET=path,
                    WATCHDOG_USEC="300000").start()
    ready = supervisor.next()
    assert ready["READY"] == "1" and server.base in ready["STATUS"]
    for _ in range(3):
        assert supervisor.next() == {"WATCHDOG": "1"}
    environment = open(f"/proc/{server.process.pid}/environ", encoding="utf-8").read()
    assert "NOTIFY_SOCKET" in environment, "what it was started with"

    before_us = time.monotonic_ns() // 1000
    server.process.send_signal(signal.SIGHUP)
    reloading = supervisor.wait_for("RELOADING")
    assert before_us <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert supervisor.next()["READY"] == "1"

    hand_over(server)
    supervisor.wait_for("RELOADING")
    assert supervisor.wait_for("READY")["READY"] == "1"
    for _ in range(3):
        assert supervisor.next() == {"WATCHDOG": "1"}, "the successor goes on"
    assert server.stop() == 0
    assert supervisor.wait_for("STOPPING")


def test_a_watchdog_for_somebody_else_is_left_alone(tmp_path):
    supervisor = Supervisor(str(tmp_path / "notify"))
    server = Server(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="100000",
                    WATCHDOG_PID="1").start()
    assert supervisor.next()["READY"] == "1"
    time.sleep(0.4)
    server.stop()
    assert "STOPPING" in supervisor.next(), "and nothing in between"


# Opens the sockets of its first argument ("port:port") and becomes what the others say.
ACTIVATE = """
import os, socket, sys
links = [socket.create_server(("127.0.0.1", int(port))) for port in sys.argv[1].split(":")]
away = [os.dup2(link.fileno(), 100 + place) for place, link in enumerate(links)]
for place, descriptor in enumerate(away, 3):
    os.dup2(descriptor, place, inheritable=True)
os.closerange(3 + len(away), 200)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(away)))
os.execv(sys.argv[2], sys.argv[2:])
"""


class ActivatedServer(Server):
    """Its sockets are opened by somebody else."""

    def __init__(self, directory, names, *arguments):
        super().__init__(directory, *arguments)
        if names:
            self.environment["LISTEN_FDNAMES"] = ":".join(names)
        with contextlib.ExitStack() as links:
            self.ports = [links.enter_context(socket.create_server(("127.0.0.1", 0)))
                          .getsockname()[1] for _ in names or ["unnamed"]]

    def command(self):
        return [sys.executable, "-c", ACTIVATE, ":".join(map(str, self.ports)),
                *super().command()]


@pytest.mark.parametrize("names", [["main", "operations"], ["operations", "main"], [],
                                   ["main", "main", "operations"]])
def test_sockets_may_be_opened_by_somebody_else(tmp_path, names):
    server = ActivatedServer(tmp_path, names, "--loops", "2")
    main = [port for port, name in zip(server.ports, names or ["main"]) if name == "main"]
    server.start()
    assert server.port in main
    for port in main:
        for _ in range(8):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
                link.sendall(b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b" 401 " in link.recv(4096)
    if "operations" in names:
        assert server.operations.endswith(f":{server.ports[names.index('operations')]}")
        assert Caller(server.operations).get("/readyz").text == "ready\n"
    hand_over(server)
    assert server.api().get("/me").status_code == 200
    server.close()


@pytest.mark.parametrize("handovers", [0, 1, 2])
def test_who_lent_the_sockets_has_them_open_to_the_end(tmp_path, handovers):
    """Whoever connects while it stops waits for the next server, and is not turned away by this one;
    also when this one has taken over from another since."""
    server = ActivatedServer(tmp_path, ["main", "operations"], "--restart-grace-ms", "50").start()
    for _ in range(handovers):
        hand_over(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
        slow.sendall(b"POST /api/v1/apps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                     server.token.encode() + b"\r\nContent-Type: application/json\r\n"
                     b"Content-Length: 99\r\n\r\n{")
        assert server.api().get("/me").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "event=stopping" in server.output("err"), "the stop")
        for _ in range(25):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10):
                time.sleep(0.02)
        assert server.process.poll() is None, "it was still at work"
    assert server.process.wait(15) == 0
    server.process = None


# ---- what can be changed while it serves ---------------------------------------------------------
def test_sighup_takes_over_what_it_can_and_names_the_rest(tmp_path):
    settings = tmp_path / "settings"
    settings.write_text("log-level = info\nadmin-per-second = 3\n")
    server = Server(tmp_path, "--config-file", str(settings)).start()
    owner = Caller(server.base, f"Bearer {server.token}")

    def burst():
        return [owner.get("/admin/v1/apps").status_code for _ in range(12)]

    def reload(count):
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.output("err").count("event=reloaded") == count, "a reload")

    assert 429 in burst()
    settings.write_text("log-level = debug\nadmin-per-second = 0\nstreams-max = 5\n")
    reload(1)
    assert set(burst()) == {200}
    log = server.output("err")
    assert "event=needs_restart setting=streams-max" in log
    assert log.count("event=needs_restart") == 1
    server.api().new_app("published").add("flag", "bool", True)
    wait_until(lambda: "level=debug event=published" in server.output("err"), "a debug line")

    settings.write_text("log-level = loud\n")
    reload(2)
    assert "event=settings_kept" in server.output("err")
    settings.write_text("log-level = info\nadmin-per-second = 2\nstreams-max = 5\n")
    reload(3)
    time.sleep(1.1)
    assert 429 in burst()
    server.close()
