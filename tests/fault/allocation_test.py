# SPDX-License-Identifier: Apache-2.0
"""Every n-th allocation fails, once or from there on (promise D4): at the start, in a request of every
route, in changes, in what streams are sent, in a reload and at the stop. The process lives, or does
not start and says why; an answer is the usual one or 503; what was acknowledged stays; evaluation
answers throughout. GUIDON_SEED repeats a run; GUIDON_ALLOCATION_POINTS=0 takes every n."""
import json
import mmap
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import sys
import time

from fault_kit import (BINARY, SEED, Gone, Server, Tally, Writer, ended, furnish, in_lanes, need,
                       record, scratch, size_of)
import amplitude
from harness import wait_until
from route_table import Credential, FORMS, Street, Wire, absent, is_admitted, routes

SHIM = BINARY.parent / "fault" / "memory_shim.so"
POINTS = size_of("GUIDON_ALLOCATION_POINTS", 6)  # of each route and of each way to fail; 0: all
STARTS = size_of("GUIDON_ALLOCATION_STARTS", 60)
CHANGES = size_of("GUIDON_ALLOCATION_CHANGES", 120)
NEVER = 1 << 62
OWN_TOKEN = "/api/v1/tokens/current"


class Memory:
    """The allocator of one server, by the page it shares with the shim."""

    def __init__(self, directory):
        self.page = pathlib.Path(directory) / "memory"
        self.page.write_bytes(bytes(4096))
        with open(self.page, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 4096)

    def environment(self):
        return {"LD_PRELOAD": str(SHIM), "MEMORY_SHIM_CONTROL": str(self.page)}

    def fail_at(self, number, goes_on):
        self.map[8:32] = struct.pack("QQQ", int(goes_on), 0, 0)
        self.map[0:8] = struct.pack("Q", number)

    def mend(self):
        """(allocations counted, of them refused)"""
        self.map[0:8] = struct.pack("Q", 0)
        return struct.unpack("QQ", self.map[16:32])

    def live(self):
        return struct.unpack("q", self.map[32:40])[0]


def choose(count, most, *seed):
    numbers = list(range(1, count + 1))
    if most and count > most:
        numbers = sorted(random.Random(f"{SEED} {seed}").sample(numbers, most))
    return numbers


def dead(server):
    status = server.process.poll()
    return [] if status is None else [f"the process ended with {status}: "
                                      f"{server.output('err')[-800:]}"]


# ---- the start -----------------------------------------------------------------------------------
TEMPLATE = []


def start(case):
    """One life that begins with a fault; (case, complaints, hits, whether it served, count)."""
    number, goes_on = case
    directory = pathlib.Path(scratch("allocation"))
    shutil.copytree(TEMPLATE[0], directory, dirs_exist_ok=True)
    server, memory = Server(directory), Memory(directory)
    server.environment = memory.environment()
    complaints, serves = [], False
    with ended(server):
        memory.fail_at(number, goes_on)
        try:
            server.start()
            serves = True
        except AssertionError:
            status, server.process = server.process.poll(), None
            if status not in (1, 4, 127) or not server.output("err").strip():
                complaints.append(f"the start ended with {status}, saying "
                                  f"{server.output('err')[-800:]!r}")
        count, hits = memory.mend()
        if serves:
            complaints += serve_and_stop(server)
    shutil.rmtree(directory, ignore_errors=True)
    return case, complaints, hits, serves, count


def serve_and_stop(server):
    app_id, key, served = TEMPLATE[1]
    writer = Writer(app_id, server.token, key, 1)
    writer.connect(server.port)
    try:
        if writer.served() != served:
            return [f"serves {writer.served()} instead of {served}"]
    except (Gone, AssertionError) as problem:
        return dead(server) or [str(problem)]
    status = server.stop()
    return [] if status == 0 else [f"the stop ended with {status}: {server.output('err')[-800:]}"]


def sweep_starts(tally):
    directory = pathlib.Path(scratch("allocation-template"))
    server, writer = furnish(directory, 20, SEED)
    with ended(server):
        served = writer.served()
        assert server.stop() == 0
    TEMPLATE[:] = [directory, (writer.app_id, writer.key, served)]
    _, complaints, _, _, count = start((NEVER, False))
    tally.add(complaints, "a start in which nothing fails")
    print(f"allocations of a start: {count}", flush=True)
    cases = [(n, goes_on) for goes_on in (False, True)
             for n in choose(count, STARTS // 2 if STARTS else 0, "start", goes_on)]
    hit = refused = 0
    for (number, goes_on), complaints, hits, serves, _ in in_lanes(start, cases):
        tally.add(complaints, f"start, allocation {number}{' and after' if goes_on else ''}")
        hit += hits > 0
        refused += not serves
    shutil.rmtree(directory, ignore_errors=True)
    return {"start_points": hit, "starts_refused": refused}


# ---- requests ------------------------------------------------------------------------------------
class Site:
    """A server with two households, an SDK that asks between faults, and its allocator."""

    def __init__(self, directory):
        self.server, self.memory = Server(directory, *amplitude.UNLIMITED), Memory(directory)
        self.server.environment = self.memory.environment()
        self.server.start()
        self.street = Street(self.server)
        app = self.server.api().new_app("victim")
        self.writer = Writer(app.id, self.server.token, app.key("pub"), SEED)
        self.writer.connect(self.server.port)
        self.key = app.key("pub")
        self.app = app
        for _ in range(6):
            assert self.writer.change()[0] in (200, 201)
        self.wire = Wire(self.server)
        self.points = self.n503 = 0

    def request_of(self, route):
        """(method, target, headers, body) of one that is let in, or None."""
        household = self.street.first
        chosen = None
        for credential in [*self.street.people[::-1], *household.credentials()]:
            for form in FORMS:
                if chosen is None and is_admitted(route, credential, form):
                    chosen = credential, form
        headers, query = Credential.shown(*chosen) if route.scope != "anyone" else ([], "")
        is_harmless = route.method == "GET" or route.dialect == "admin"
        target = route.fill(household.own if is_harmless else absent)
        if route.dialect == "admin" and route.method != "GET":
            query += ("&" if query else "") + "dryRun=true"
        elif "projectId" not in query:
            query += ("&" if query else "") + (f"appId={household.app}&env=production&user_id=u"
                                               f"&projectId={household.number}")
        body = None
        if route.body_bytes_max > 0 and route.method != "GET":
            body = json.dumps({"key": "new-one", "name": "new", "context": {"targetingKey": "t"},
                               "kind": "server"}).encode()
        return route.method, target + "?" + query, headers, body

    def ask(self, request):
        return self.wire.send(*request).status

    def evaluates(self):
        return Wire(self.server).send("GET", "/api/v1/public-config", [
            ("Authorization", f"Bearer {self.key}")]).status

    def point(self, request, usual, number, goes_on):
        """Complaints of one request with one fault."""
        self.memory.fail_at(number, goes_on)
        try:
            status = self.ask(request)
            evaluated = self.evaluates() if goes_on else 200
        except (OSError, ValueError, IndexError) as problem:
            status, evaluated = f"none: {problem}", 200
        _, hits = self.memory.mend()
        self.points += hits > 0
        self.n503 += status == 503
        complaints = dead(self.server)
        if status not in {*usual, 503}:
            complaints.append(f"answered {status} instead of {usual} or 503")
        if evaluated != 200:
            complaints.append(f"meanwhile an evaluation was {evaluated}")
        return complaints


def sweep_route(site, route, tally):
    request = site.request_of(route)
    usual = {site.ask(request), site.ask(request)}
    if route.dialect == "login":
        usual.add(429)
    if 503 in usual:
        tally.add([f"answered {usual} before anything failed"], str(route))
    site.memory.fail_at(NEVER, False)
    site.ask(request)
    count, _ = site.memory.mend()
    complaints = []
    for goes_on in (False, True):
        for number in choose(count, POINTS, str(route), goes_on):
            found = site.point(request, usual, number, goes_on)
            complaints += [f"allocation {number}{' and after' if goes_on else ''}: {one}"
                           for one in found]
            if dead(site.server):
                tally.add(complaints, str(route))
                raise SystemExit(tally.finish())
    answer = site.wire.send(*request)
    if answer.status not in usual:
        complaints.append(f"when memory is back: {answer.status} {answer.body[:200]}")
    tally.add(complaints[:5], str(route))


def sweep_routes(site, tally):
    table = [route for route in routes() if route.path != OWN_TOKEN]
    for route in table:
        sweep_route(site, route, tally)
    return {"routes": len(table)}


# ---- changes -------------------------------------------------------------------------------------
def change_once(site, number, goes_on):
    """Complaints of a change with one fault in it."""
    writer, memory = site.writer, site.memory
    memory.fail_at(number, goes_on)
    status, text = writer.change_or_gone()
    evaluated = site.evaluates() if goes_on else 200
    _, hits = memory.mend()
    complaints = dead(site.server)
    if complaints:
        return complaints
    site.points += hits > 0
    site.n503 += status == 503
    if status is None:
        writer.connect(site.server.port)
    if status not in (200, 201, 503):
        complaints.append(f"a change was {status}: {text[:200]}")
    if evaluated != 200:
        complaints.append(f"meanwhile an evaluation was {evaluated}")
    stored, served = writer.stored(), writer.served()[1]
    if stored not in writer.states:
        complaints.append(f"stored {stored}, which is none of {writer.states}")
    if served != stored:
        complaints.append("what is served is not what is stored")
    writer.states = [stored]
    return complaints


def sweep_changes(site, tally):
    site.memory.fail_at(NEVER, False)
    status, text = site.writer.change()
    assert status in (200, 201), (status, text, site.server.output("err")[-2000:])
    time.sleep(1)  # what is done after a change, once changes pause
    count, _ = site.memory.mend()
    print(f"allocations of a change: {count}", flush=True)
    for goes_on in (False, True):
        for number in choose(count, CHANGES // 2 if CHANGES else 0, "change", goes_on):
            complaints = change_once(site, number, goes_on)
            tally.add(complaints, f"change, allocation {number}{' and after' if goes_on else ''}")
            if dead(site.server):
                raise SystemExit(tally.finish())
    status, text = site.writer.change()
    tally.add([] if status in (200, 201) else [f"{status} {text[:200]}"],
              "a change when memory is back")
    restarted = site.writer.stored()
    return {"change_allocations": count, "flags": len(restarted)}


# ---- streams -------------------------------------------------------------------------------------
class Follower:
    """One stream; what it was told so far."""

    def __init__(self, site):
        uri = "/ofrep/v1/evaluate/flags"
        site.wire.close()
        answer = site.wire.send("POST", uri, [("Authorization", f"Bearer {site.key}")],
                                b'{"context":{"targetingKey":"t"}}')
        endpoint = json.loads(answer.body)["eventStreams"][0]["endpoint"]["requestUri"]
        self.link = socket.create_connection(("127.0.0.1", site.server.port), timeout=10)
        self.link.sendall(f"GET {endpoint} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        self.heard = b""

    def hears_more(self):
        """Whether something came, or its end, within the socket's time."""
        try:
            piece = self.link.recv(65536)
        except (TimeoutError, socket.timeout):
            return False
        self.heard += piece
        return True


def sweep_streams(site, tally):
    told = 0
    for goes_on in (False, True):
        for number in choose(200, 2 * POINTS if POINTS else 0, "stream", goes_on):
            follower = Follower(site)
            follower.hears_more()
            site.memory.fail_at(number, goes_on)
            status, _ = site.writer.change_or_gone()
            time.sleep(0.02)
            _, hits = site.memory.mend()
            site.points += hits > 0
            site.n503 += status == 503
            complaints = dead(site.server)
            if complaints:
                tally.add(complaints, f"stream {number}")
                raise SystemExit(tally.finish())
            site.writer.states = [site.writer.stored()]
            again, _ = site.writer.change()
            if again not in (200, 201):
                complaints.append(f"a change when memory is back: {again}")
            if not follower.hears_more():
                complaints.append("the stream heard nothing of a change")
            told += b"data:" in follower.heard
            follower.link.close()
            tally.add(complaints, f"stream, allocation {number}{' and after' if goes_on else ''}")
    return {"streams_told": told}


# ---- reload, leaks, stop -------------------------------------------------------------------------
def sweep_reloads(site, tally):
    for goes_on in (False, True):
        for number in choose(40, POINTS, "reload", goes_on):
            site.memory.fail_at(number, goes_on)
            site.server.process.send_signal(signal.SIGHUP)
            time.sleep(0.05)
            evaluated = site.evaluates()
            _, hits = site.memory.mend()
            site.points += hits > 0
            complaints = dead(site.server)
            if evaluated != 200:
                complaints.append(f"an evaluation was {evaluated}")
            tally.add(complaints, f"reload, allocation {number}{' and after' if goes_on else ''}")


def look_for_leaks(site, tally):
    """The same faults again and again: a block lost to each would show."""
    def rounds(count):
        for number in range(count):
            site.memory.fail_at(1 + number % 12, number % 2 == 1)
            site.evaluates()
            site.ask(manage)
            site.memory.mend()
    manage = ("GET", f"/api/v1/flags?appId={site.app.id}&env=production",
              [("Authorization", f"Bearer {site.server.token}")], None)
    rounds(100)
    time.sleep(1.2)
    before = site.memory.live()
    rounds(300)
    time.sleep(1.2)
    lost = site.memory.live() - before
    tally.add([] if lost < 100 else [f"{lost} blocks were not given back after 300 faults"], "leaks")
    return {"blocks_lost": max(0, lost)}


def reserve_used(site):
    host = site.server.operations.split("//")[1].split(":")
    with socket.create_connection((host[0], int(host[1])), timeout=10) as link:
        link.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: link.recv(65536), b""))
    return int(re.search(rb"memory_reserve_used_bytes (\d+)", text)[1])


def main():
    need(SHIM, BINARY.parent / "support" / "routes")
    print(f"allocation_test: GUIDON_SEED={SEED} GUIDON_ALLOCATION_POINTS={POINTS}", flush=True)
    tally = Tally("allocation_test")
    only = set(sys.argv[1:])
    figures = {}
    if not only or "start" in only:
        figures.update(sweep_starts(tally))
    directory = pathlib.Path(scratch("allocation"))
    site = Site(directory)
    with ended(site.server):
        for name, sweep in (("routes", sweep_routes), ("changes", sweep_changes),
                            ("streams", sweep_streams), ("reloads", sweep_reloads),
                            ("leaks", look_for_leaks)):
            if not only or name in only:
                figures.update(sweep(site, tally) or {})
        figures["reserve_left_in_use_bytes"] = reserve_used(site)
        wait_until(lambda: site.writer.change()[0] in (200, 201), "a change at the end")
        expected = site.writer.stored()
        site.memory.fail_at(1, True)
        status = site.server.stop()
        site.memory.mend()
        tally.add([] if status == 0 else [f"{status}: {site.server.output('err')[-600:]}"],
                  "a stop without memory")
        site.server.environment = {}
        site.server.start()
        site.writer.connect(site.server.port)
        tally.add([] if site.writer.stored() == expected else ["something was lost"], "a restart")
        site.server.stop()
    shutil.rmtree(directory, ignore_errors=True)
    figures["points"] = site.points + figures.get("start_points", 0)
    record("D4", "allocation", **figures, n503=site.n503, crashes=tally.failed, seed=SEED)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
