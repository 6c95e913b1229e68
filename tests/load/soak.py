#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hours of ordinary life, on loopback: does anything grow? (promise A10)

    tests/load/soak.py [MINUTES]          GUIDON_BINARY, GUIDON_SEED

Flags are changed, deleted and made again, people are evaluated under ever new keys, streams come and
go, telemetry is sent, and some requests are wrong. Every few seconds memory, descriptors and threads
of the server and its rehearser are noted. The first third warms up; over the rest the memory of its
own may not climb faster than 0.5 MiB an hour, which is told apart from noise from an hour on, and
descriptors and threads, when all is quiet at the end, are as many as at the start.
"""
import os
import pathlib
import random
import re
import statistics
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "api"), str(ROOT / "proofs")]

from amplitude import UNLIMITED, Caller  # noqa: E402
from harness import Server, event, targeted_flag  # noqa: E402
from record import record  # noqa: E402
from streams import EventStream  # noqa: E402

FLAGS, STREAMS = 200, 50
SAMPLE_S, REST_S = 5, 8
SLOPE_MAX_MIB_PER_H, SLOPE_TELLS_FROM_MINUTES = 0.5, 60


class Life:
    """Those who live with the server; each in a thread of its own, until told to stop."""

    def __init__(self, server, seed):
        self.server, self.seed = server, seed
        self.app = server.api().new_app("soak")
        self.app.put(self.app.draft({f"flag-{n}": targeted_flag() for n in range(FLAGS)}))
        self.key = self.app.key("sdk")
        self.public = self.app.key("pub")
        self.over = threading.Event()
        self.counts = {"changes": 0, "evaluations": 0, "streams": 0, "events": 0, "refusals": 0}
        self.failures = []
        self.threads = []

    def _run(self, deed):
        dice = random.Random(f"{self.seed} {deed.__name__}")
        try:
            for step in deed(dice):
                if self.over.wait(step):
                    return
        except Exception as why:  # whatever it was, the run must say so
            self.failures.append(f"{deed.__name__}: {why!r}")

    def change(self, dice):
        while True:
            self.counts["changes"] += 1
            name = f"flag-{dice.randrange(FLAGS)}"
            if dice.random() < 0.1:
                self.app.remove(name)
                self.app.add(name, "bool", True)
            else:
                self.app.update(name, value=dice.random() < 0.5)
            yield 0.02

    def evaluate(self, dice):
        sdk = Caller(self.server.base, f"Bearer {self.key}")
        reader = Caller(self.server.base, f"Bearer {self.public}")
        while True:
            self.counts["evaluations"] += 1
            who = {"targetingKey": f"user-{dice.randrange(10 ** 9)}", "plan": dice.choice(["pro", "x"])}
            answer = sdk.post("/ofrep/v1/evaluate/flags", {"context": who})
            assert answer.status_code == 200, answer.text
            assert reader.get("/api/v1/public-config").status_code == 200
            yield 0.002

    def follow(self, dice):
        sdk = Caller(self.server.base, f"Bearer {self.key}")
        streams = []
        while True:
            if len(streams) == STREAMS:
                streams.pop(dice.randrange(STREAMS)).close()
            answer = sdk.post("/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "follower"}})
            address = answer.json()["eventStreams"][0]["endpoint"]["requestUri"]
            streams.append(EventStream(self.server, address))
            assert streams[-1].status == 200
            self.counts["streams"] += 1
            for stream in streams[::5]:
                while stream.event(0):
                    continue
            yield 0.1

    def report(self, _):
        sender = Caller(self.server.base, f"Bearer {self.public}")
        while True:
            self.counts["events"] += 1
            sent = [event(self.app.id, f"soak-{self.counts['events']}-{n}") for n in range(10)]
            answer = sender.post("/api/v1/events/batch", {"schemaVersion": 1, "events": sent})
            assert answer.status_code < 300, answer.text
            yield 0.05

    def blunder(self, dice):
        paths = ["/nowhere", "/api/v1/flags", "/admin/v1/environments/1/flags/none", "/sdk/v2/vardata"]
        while True:
            self.counts["refusals"] += 1
            stranger = Caller(self.server.base, f"Bearer {dice.choice(['x', 'pub_x_y', ''])}")
            assert 400 <= stranger.get(dice.choice(paths)).status_code < 500
            yield 0.1

    def begin(self):
        self.over.clear()
        self.threads = [threading.Thread(target=self._run, args=(deed,)) for deed in (
            self.change, self.evaluate, self.follow, self.report, self.blunder)]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(60)


# ---- looking -------------------------------------------------------------------------------------
def family(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [int(child) for child in children]


def look(pid):
    """KiB of its own, descriptors and threads of the server; KiB of its rehearser."""
    def kib(process):
        """0 of a rehearser that has just ended."""
        try:
            status = pathlib.Path(f"/proc/{process}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return 0
        found = re.search(r"^RssAnon:\s+(\d+)", status, re.M)
        return int(found[1]) if found else 0
    server, *others = family(pid)
    threads = len(list(pathlib.Path(f"/proc/{server}/task").iterdir()))
    descriptors = len(list(pathlib.Path(f"/proc/{server}/fd").iterdir()))
    return kib(server), descriptors, threads, sum(map(kib, others))


def slope_per_hour(samples):
    """Least squares of (seconds, value)."""
    return statistics.linear_regression(*zip(*samples)).slope * 3600


def soak(minutes, seed):
    """What it looked like at rest before and after, the samples behind the warm-up, what was done."""
    server = Server(tempfile.mkdtemp(prefix="guidon-soak-"), *UNLIMITED).start()
    try:
        return live(server, seed, minutes)
    finally:
        server.close()


def live(server, seed, minutes):
    life = Life(server, seed)
    life.begin()  # what is made when it is first needed is there from then on
    time.sleep(REST_S)
    life.end()
    time.sleep(REST_S)
    at_rest = look(server.process.pid)
    samples, began = [], time.monotonic()
    life.begin()
    while time.monotonic() - began < minutes * 60 and not life.failures:
        time.sleep(SAMPLE_S)
        samples.append((time.monotonic() - began, *look(server.process.pid)))
    life.end()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and look(server.process.pid)[1] > at_rest[1]:
        time.sleep(1)
    in_the_end = look(server.process.pid)
    assert not life.failures, life.failures
    warm = [sample for sample in samples if sample[0] > minutes * 20]
    return at_rest, in_the_end, warm, life.counts


def main(minutes=120):
    seed = int(os.environ.get("GUIDON_SEED", time.time()))
    print(f"soak: {minutes} minutes, GUIDON_SEED={seed}", flush=True)
    at_rest, in_the_end, warm, counts = soak(minutes, seed)
    slope = slope_per_hour([(at, own / 1024) for at, own, *_ in warm])
    rehearser = slope_per_hour([(at, kib / 1024) for at, *_, kib in warm])
    record("A10", "soak", minutes=minutes, slope_mib_per_h=round(slope, 2),
           rehearser_slope_mib_per_h=round(rehearser, 2),
           first_mib=round(warm[0][1] / 1024, 1), last_mib=round(warm[-1][1] / 1024, 1),
           descriptors_before=at_rest[1], descriptors_after=in_the_end[1],
           threads_before=at_rest[2], threads_after=in_the_end[2], seed=seed, **counts)
    assert in_the_end[1] <= at_rest[1], (at_rest, in_the_end)
    assert in_the_end[2] <= max(sample[3] for sample in warm)
    if minutes >= SLOPE_TELLS_FROM_MINUTES:
        assert slope < SLOPE_MAX_MIB_PER_H, slope


if __name__ == "__main__":
    main(*[float(argument) for argument in sys.argv[1:]])
