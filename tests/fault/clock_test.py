#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The system's clock lies (promise A11): it is put forward and back by a second, a minute, a day and a
year, to 1970 and beyond 2038, and a second comes twice.

    python3 tests/fault/clock_test.py    GUIDON_BINARY, GUIDON_SEED, GUIDON_CLOCK_STEPS (60)

What the server takes for the time on the wall comes from shim/clock_shim.c and stands still where it
is not moved, so that nothing here depends on how fast the machine is. What is scheduled happens
once; rates, kept connections and streams live by another clock; credentials end when they are to.
"""
import datetime
import http.client
import mmap
import pathlib
import random
import shutil
import socket
import struct
import sys
import time

from fault_kit import BINARY, SEED, Server, Tally, ended, need, record, scratch, size_of
from streams import StreamDesk
from amplitude import Caller

SHIM = BINARY.parent / "fault" / "clock_shim.so"
STEPS = size_of("GUIDON_CLOCK_STEPS", 60)
SECOND, MINUTE, HOUR, DAY, YEAR = 1000, 60000, 3600000, 86400000, 31536000000
NOON = 1795348800000  # 2026-11-22T12:00:00Z
LEAP = 1483228799000  # 2016-12-31T23:59:59Z, behind which a second was put in
END_2038 = (1 << 31) * 1000
HELD = 2000  # a clock that goes back by no more is waited for
PATIENCE_S = 20  # for what comes within a second on a machine that is not busy
QUIET_S = 1.2  # longer than any turn of the server's own
JUMPS = {"a second": SECOND, "a minute": MINUTE, "a day": DAY, "a year": YEAR,
         "to 1970": 10 * SECOND - NOON, "to 2038": END_2038 - NOON - 1, "past 2038": END_2038 - NOON + 1}


def spelled(ms):
    made = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return f"{made:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


class Clock:
    """The clock on the wall of one server."""

    def __init__(self, directory):
        self.page = pathlib.Path(directory) / "clock"
        self.page.write_bytes(bytes(4096))
        with open(self.page, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 4096)
        self.steps = 0
        self.put(NOON)

    def environment(self):
        return {"LD_PRELOAD": str(SHIM), "CLOCK_SHIM_CONTROL": str(self.page)}

    def put(self, ms):
        self.steps += 1
        self.map[8:16] = struct.pack("q", ms * 1000000)

    def reads(self):
        return struct.unpack("Q", self.map[16:24])[0]


class Scene:
    """A server, an environment of it, and who follows."""

    def __init__(self, server, clock):
        self.server, self.clock, self.complaints = server, clock, []
        self.desk = StreamDesk(server)
        self.owner = self.desk.owner
        self.events = 0

    def place(self):
        place = self.desk.place()
        place.sdk = place.key("server")["key"]
        return place

    def check(self, is_so, what):
        if not is_so:
            self.complaints.append(what)

    def same(self, found, wanted, what):
        self.check(found == wanted, f"{what}: {found}, not {wanted}")

    def told(self, stream, what):
        self.check(stream.event(PATIENCE_S) is not None, f"{what}: nothing was told")
        self.events += 1

    def silent(self, stream, what):
        self.check(stream.event(QUIET_S) is None, f"{what}: told once more")
        self.check(not stream.ended, f"{what}: the stream ended")


def schedule(place, key, begin, end=None):
    times = {"start": spelled(begin), **({} if end is None else {"end": spelled(end)})}
    place.make(key, type="boolean", enabled=True, offVariation="off", fallthrough={"variation": "on"},
               variations=[{"id": "on", "value": True}, {"id": "off", "value": False}],
               visibility="client", schedule=times)


def values(place):
    """{key: value} of everything, as an SDK is told."""
    flags = place.bulk(place.sdk).json()["flags"]
    return {one["key"]: one.get("value", False) for one in flags}


def traces(scene, place):
    """What happened once more would show in."""
    rows = scene.owner.all("/audit")
    return place.version(), len(rows)


# ---- schedules -----------------------------------------------------------------------------------
def jump(scene, name, by):
    """Over the beginning of a schedule and back."""
    clock, place = scene.clock, scene.place()
    clock.put(NOON)
    schedule(place, "f", NOON + by // 2)
    schedule(place, "other", 0, NOON + 500 * YEAR)
    before = traces(scene, place)
    is_on = NOON >= NOON + by // 2
    scene.same(values(place)["f"], is_on, f"{name}: before")
    stream = place.follow(place.sdk)
    stream.next(PATIENCE_S)
    now = NOON
    for what, ms in ((f"{name}, there", NOON + by), (f"{name}, back", NOON)):
        clock.put(ms)
        if now - HELD <= ms <= now:
            scene.silent(stream, what)
        else:
            now, is_on = ms, not is_on
            scene.told(stream, what)
        scene.same(values(place), {"f": is_on, "other": True}, what)
    scene.silent(stream, name)
    scene.same(traces(scene, place), before, f"{name}: version and rows of the audit trail")
    stream.close()


def leap_second(scene, name="leap second"):
    """23:59:59 comes twice, and what begins within it begins once."""
    clock, place = scene.clock, scene.place()
    clock.put(LEAP - HOUR)
    schedule(place, "f", LEAP + 500, LEAP + 5 * MINUTE)
    clock.put(LEAP)
    stream = place.follow(place.sdk)
    stream.next(PATIENCE_S)
    scene.same(values(place)["f"], False, name)
    seen = []
    for ms in (LEAP + 499, LEAP + 500, LEAP + 999, LEAP, LEAP + 250, LEAP + 499, LEAP + 750,
               LEAP + 1000, LEAP + 2000):
        clock.put(ms)
        seen.append(values(place)["f"])
    scene.same(seen, [False] + [True] * 8, name)
    scene.told(stream, name)
    scene.silent(stream, name)
    stream.close()


def walk(scene, steps):
    """Anywhere at random, and everything is as it is to be at that time."""
    dice, clock, place = random.Random(SEED), scene.clock, scene.place()
    clock.put(NOON)
    times = {}
    for number in range(12):
        begin = NOON + dice.choice((-1, 1)) * dice.choice((SECOND, MINUTE, DAY, YEAR)) * dice.randint(0, 3)
        end = begin + dice.choice((SECOND, MINUTE, DAY, YEAR)) * dice.randint(1, 4)
        times[f"f-{number}"] = (begin, end)
        schedule(place, f"f-{number}", begin, end)
    edges = [edge + by for pair in times.values() for edge in pair for by in (-1, 0, 1)]
    latest = NOON
    for step in range(steps):
        now = dice.choice((latest + dice.randint(-3000, 3000), dice.choice(edges), NOON,
                           dice.randint(1, END_2038 * 2)))
        clock.put(now)
        if not latest - HELD <= now <= latest:
            latest = now
        wanted = {key: begin <= latest < end for key, (begin, end) in times.items()}
        scene.same(values(place), wanted, f"step {step} to {now}")


# ---- other clocks --------------------------------------------------------------------------------
def expiry(scene):
    """A credential ends within two seconds of its time, whatever way the clock takes there."""
    clock, place = scene.clock, scene.place()
    for name, by in JUMPS.items():
        clock.put(NOON)
        ends = NOON + max(by, 10 * SECOND)
        token = scene.desk.token(kind="environment", environments=[place.number],
                                 expiresAt=spelled(ends))["token"]
        stream = place.watch(token)
        stream.next(PATIENCE_S)
        for ms, wanted in ((NOON, 200), (ends - HELD, 200), (ends + HELD, 401)):
            clock.put(ms)
            answer = Caller(scene.server.base, f"Bearer {token}").get(f"/admin/v1{place.base}")
            scene.same(answer.status_code, wanted, f"a token's end, {name}, {ms - ends} ms")
        scene.check(stream.ends(PATIENCE_S), f"{name}: a stream goes on without its token")
        stream.close()


def rates(scene, server):
    """As many in a second of the machine's, whatever the wall says."""
    caller = Caller(server.base, f"Bearer {server.token}")
    time.sleep(1.05)
    began, taken = time.monotonic(), 0
    for by in [0, *JUMPS.values(), *(-by for by in JUMPS.values())]:
        scene.clock.put(max(1, NOON + by))
        taken += sum(caller.get("/admin/v1/me").status_code == 200 for _ in range(20))
    most = 40 * (1 + int(time.monotonic() - began))
    scene.check(40 <= taken <= most, f"rates: {taken} taken, not 40 to {most}")
    scene.clock.put(1)  # and it goes on where that stands
    time.sleep(1.05)
    scene.same(caller.get("/admin/v1/me").status_code, 200, "rates: a second later")


def connections(scene, place, key):
    """A kept connection, a stream and changes get through all of it."""
    link = http.client.HTTPConnection("127.0.0.1", scene.server.port, timeout=PATIENCE_S)
    link.connect()
    port = link.sock.getsockname()[1]
    stream = place.watch()
    stream.next(PATIENCE_S)
    for name, by in JUMPS.items():
        for ms in (NOON + by, max(1, NOON - by), NOON):
            scene.clock.put(ms)
            link.request("GET", "/api/v1/config", headers={"Authorization": f"Bearer {key}"})
            answer = link.getresponse()
            answer.read()
            scene.same((answer.status, link.sock.getsockname()[1]), (200, port), f"kept, {name}")
            changed = scene.owner.patch(f"{place.base}/flags/f", {"description": f"{name} {ms}"})
            scene.same(changed.status_code, 200, f"a change, {name}")
            scene.check(stream.event(PATIENCE_S) is not None, f"{name}: a change was not told")
            ready = Caller(scene.server.operations).get("/readyz")
            scene.same(ready.status_code, 200, f"readiness, {name}")
    link.close()
    stream.close()


def deadlines(scene, server):
    """Who says nothing is sent away, though the wall clock goes back all the time."""
    scene.clock.put(NOON + YEAR)
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as idle:
        for by in (SECOND, MINUTE, DAY, YEAR):
            scene.clock.put(NOON - by)
            time.sleep(0.1)
        scene.clock.put(1)
        try:
            while idle.recv(4096):
                pass
        except TimeoutError:
            scene.complaints.append("deadlines: an idle connection is kept")


# ---- all of it -----------------------------------------------------------------------------------
def with_server(path, name, *arguments):
    (path / name).mkdir()
    clock = Clock(path / name)
    server = Server(path / name, *arguments, **clock.environment())
    return server, clock


def play(tally, scene, name, part, *arguments):
    scene.complaints = []
    part(scene, *arguments)
    tally.add(scene.complaints, name)


def run(path, tally):
    server, clock = with_server(path, "server", "--admin-per-second=0")
    with ended(server):
        scene = Scene(server.start(), clock)
        tally.add([] if clock.reads() > 0 else ["the server reads another clock"], "shim")
        for name, by in JUMPS.items():
            play(tally, scene, f"forward or back: {name}", lambda s, n=name, b=by: jump(s, n, b))
            if name.startswith("a "):
                play(tally, scene, f"back by {name}", lambda s, n=name, b=by: jump(s, n, -b))
        play(tally, scene, "leap second", leap_second)
        play(tally, scene, "random steps", walk, STEPS)
        play(tally, scene, "expiry", expiry)
        clock.put(NOON)
        place = scene.place()
        schedule(place, "f", NOON)
        play(tally, scene, "connections", connections, place, place.sdk)
        scene.clock.put(1)
        server.close()  # it stops in order, in 1970
    limited, slow_clock = with_server(path, "limited", "--admin-per-second=40",
                                      "--idle-timeout-ms=2000", "--header-timeout-ms=2000")
    with ended(limited):
        limited.start()
        again = Scene.__new__(Scene)
        again.clock, again.complaints = slow_clock, []
        play(tally, again, "rates", rates, limited)
        play(tally, again, "deadlines", deadlines, limited)
        limited.close()
    record("A11", "clock", steps=clock.steps + slow_clock.steps, schedules_told=scene.events,
           failed=tally.failed, seed=SEED)


def main():
    tally = Tally("clock_test")
    need(BINARY, SHIM)
    print(f"clock_test: GUIDON_SEED={SEED}, {STEPS} random steps", flush=True)
    path = pathlib.Path(scratch("clock"))
    try:
        run(path, tally)
    finally:
        shutil.rmtree(path, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
