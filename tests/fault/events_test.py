#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Events never hurt flags (promise A13): the disk stands still, and then has no room, while events
pour in.

    python3 tests/fault/events_test.py    GUIDON_BINARY, GUIDON_SEED, GUIDON_EVENT_ROUNDS (150)

Every evaluation is answered, and answered right. What waits to be stored keeps within its bound; what
is beyond is refused where somebody is told (batches) and dropped where nobody is (assignments), and
counted: in the end as many were offered as were stored, dropped and refused together.
GUIDON_EVENTS_RATIO holds the evaluations' p99 with a disk that stands still against that with one that
does not.
"""
import collections
import http.client
import json
import mmap
import os
import pathlib
import shutil
import statistics
import struct
import sys
import time

from fault_kit import (BINARY, SEED, SHIM as DISK_SHIM, Disk, Server, Tally, ended, need, record,
                       scratch, size_of)
import amplitude
from amplitude import Project, Town, encode
from harness import event, wait_until
from streams import StreamDesk

SHIM = BINARY.parent / "fault" / "stall_shim.so"
ROUNDS = size_of("GUIDON_EVENT_ROUNDS", 150)
RATIO_MAX = float(os.environ.get("GUIDON_EVENTS_RATIO", "0"))  # 0: not a matter of time
QUEUE_BYTES = 256 * 1024
MURMUR = {"hash": "murmur3_32_utf8", "comparison": "text"}
PEOPLE = 8  # asked about in each round
PATIENCE_S = 30


class Stall:
    """Whether the disk under one server moves."""

    def __init__(self, directory):
        self.page = pathlib.Path(directory) / "stall"
        self.page.write_bytes(bytes(4096))
        with open(self.page, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 4096)

    def put(self, is_stalled):
        self.map[0:8] = struct.pack("Q", is_stalled)

    def waited(self):
        return struct.unpack("Q", self.map[16:24])[0]


class Crowd:
    """Evaluations of people nobody has seen, batches of events, and what was answered."""

    def __init__(self, server):
        self.server = server
        desk = StreamDesk(server)
        self.place = desk.place()
        self.place.make("f", type="string", arithmetic=MURMUR, enabled=True, offVariation="off",
                        variations=[{"id": "on", "value": "on"}, {"id": "off", "value": "off"}],
                        fallthrough={"variation": "on"}, visibility="client")
        self.project = Project(Town(server), self.place.number)
        self.sdk = self.place.key("server")["key"]
        app = server.api().new_app("events")
        self.app_id, self.app_key = app.id, app.key("pub")
        self.link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
        self.answers, self.times, self.complaints = collections.Counter(), [], []
        self.number = self.offered = 0

    def ask(self, method, path, headers, body=None):
        began = time.monotonic()
        self.link.request(method, path, None if body is None else json.dumps(body),
                          {"Content-Type": "application/json", **headers})
        answer = self.link.getresponse()
        text = answer.read()
        return answer.status, text, time.monotonic() - began

    def evaluation(self, name, found, wanted):
        status, text, took_s = found
        self.times.append(took_s)
        self.answers[f"{name} {status}"] += 1
        if status != 200 or not wanted(json.loads(text)):
            self.complaints.append(f"{name}: {status} {text[:200]}")

    def evaluate(self):
        for _ in range(PEOPLE):
            self.number += 1
            self.offered += 1  # who is given what, noted once
            user = encode({"user_id": f"person-{self.number}"})
            self.evaluation("vardata", self.ask("GET", "/sdk/v2/vardata", {
                "Authorization": f"Api-Key {self.project.web.key}", "X-Amp-Exp-User": user}),
                lambda answer: answer["f"]["key"] == "on")
        self.evaluation("ofrep", self.ask("POST", "/ofrep/v1/evaluate/flags/f", {
            "Authorization": f"Bearer {self.sdk}"}, {"context": {"targetingKey": "a"}}),
            lambda answer: answer["variant"] == "on")

    def report(self, events=20):
        """A batch: 200, or 503 that says why."""
        self.number += 1
        self.offered += events
        batch = [event(self.app_id, f"e-{self.number}-{n}") for n in range(events)]
        status, text, _ = self.ask("POST", "/api/v1/events/batch",
                                   {"Authorization": f"Bearer {self.app_key}"},
                                   {"schemaVersion": 1, "events": batch})
        self.answers[f"batch {status}"] += 1
        if status not in (200, 503):
            self.complaints.append(f"batch: {status} {text[:200]}")
        return status

    def metrics(self):
        host, _, port = self.server.operations[len("http://"):].partition(":")
        link = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)
        link.request("GET", "/metrics")
        text = link.getresponse().read().decode()
        link.close()
        return {line.split()[0][len("guidon_events_"):]: int(line.split()[1])
                for line in text.splitlines() if line.startswith("guidon_events_")}

    def bound(self, when):
        held = self.metrics()["queued_bytes"]
        if held > QUEUE_BYTES:
            self.complaints.append(f"{when}: {held} bytes wait, of {QUEUE_BYTES}")
        return held

    def pour(self, rounds, when):
        """Complaints; most bytes that waited."""
        most = 0
        for _ in range(rounds):
            self.evaluate()
            self.report()
            most = max(most, self.bound(when))
        return most

    def settle(self):
        """Until nothing waits any more."""
        return wait_until(lambda: self.metrics()["queued_bytes"] == 0, "an empty queue", PATIENCE_S)

    def balance(self):
        """Complaints when one event is not accounted for."""
        found = self.metrics()
        ends = ("stored_total", "duplicate_total", "dropped_total", "refused_total")
        counted = sum(found[name] for name in ends)
        return [] if counted == self.offered else [f"{self.offered} were offered: {found}"]


def still_disk(crowd, stall):
    """Nothing is written for a while; (most bytes that waited, complaints)."""
    complaints = []
    stall.put(True)
    before = crowd.answers["batch 503"]
    most = crowd.pour(ROUNDS, "the disk stands still")
    if crowd.answers["batch 503"] == before:
        complaints.append("no batch was refused: the queue was never full")
    if stall.waited() == 0:
        complaints.append("nobody waited for the disk")
    counted = crowd.metrics()
    if counted["dropped_total"] == 0 or counted["refused_total"] == 0:
        complaints.append(f"not counted: {counted}")
    stall.put(False)
    crowd.settle()
    if crowd.report() != 200:
        complaints.append("events are refused where the disk moves again")
    crowd.settle()
    if crowd.metrics()["dropped_total"] != counted["dropped_total"]:
        complaints.append("dropped while there was room")
    return most, complaints + crowd.balance()


def full_disk(crowd, disk):
    """Every write finds no room, and then does."""
    complaints = []
    before = crowd.metrics()
    disk.break_at(1, "ENOSPC", 1)
    crowd.pour(ROUNDS // 3, "the disk is full")
    during = crowd.metrics()
    disk.mend()
    if during["dropped_total"] == before["dropped_total"] and \
            during["refused_total"] == before["refused_total"]:
        complaints.append(f"a full disk cost no event: {before}, {during}")
    crowd.settle()
    return complaints + crowd.balance()


def p99(times):
    return statistics.quantiles(times, n=100)[98]


def ratio(crowd, stall, tally):
    """Interleaved rounds; the least of each kind's p99 is the machine's business the least."""
    found = {False: [], True: []}
    for number in range(10):
        is_stalled = number % 2 == 1
        crowd.pour(5, "before")
        stall.put(is_stalled)
        crowd.times = []
        crowd.pour(ROUNDS, "measured")
        found[is_stalled].append(p99(crowd.times))
        stall.put(False)
        crowd.settle()
    calm, still = min(found[False]), min(found[True])
    print(f"evaluations, p99: {calm * 1e3:.2f} ms, with a disk that stands still {still * 1e3:.2f} ms")
    record("A13", "event-latency", calm_p99_ms=round(calm * 1e3, 3), still_p99_ms=round(still * 1e3, 3),
           ratio=round(still / calm, 3), rounds=ROUNDS)
    tally.add([] if still <= calm * RATIO_MAX else
              [f"{still / calm:.2f} times as long, not {RATIO_MAX}"], "latency")


def run(path, tally):
    disk, stall = Disk(path), Stall(path)
    environment = disk.environment()
    environment["LD_PRELOAD"] = f"{SHIM}:{DISK_SHIM}"
    server = Server(path, *amplitude.UNLIMITED, f"--event-queue-bytes-max={QUEUE_BYTES}",
                    STALL_SHIM_CONTROL=str(stall.page), **environment)
    with ended(server):
        crowd = Crowd(server.start())
        crowd.pour(3, "to begin with")
        crowd.settle()
        tally.add(crowd.complaints, "to begin with")
        if RATIO_MAX:
            ratio(crowd, stall, tally)
        most, complaints = still_disk(crowd, stall)
        tally.add(complaints + crowd.complaints, "the disk stands still")
        complaints = full_disk(crowd, disk)
        tally.add(complaints + crowd.complaints, "the disk is full")
        counted = crowd.metrics()
        evaluations = sum(n for name, n in crowd.answers.items() if not name.startswith("batch"))
        failed = evaluations - crowd.answers["vardata 200"] - crowd.answers["ofrep 200"]
        print(f"answers: {dict(crowd.answers)}; {counted}", flush=True)
        record("A13", "events", evaluations=evaluations, failed_evaluations=failed,
               queue_bytes=most, queue_bytes_max=QUEUE_BYTES, dropped=counted["dropped_total"],
               refused=counted["refused_total"], stored=counted["stored_total"], seed=SEED)
        server.close()


def main():
    tally = Tally("events_test")
    need(BINARY, SHIM, DISK_SHIM)
    path = pathlib.Path(scratch("events"))
    try:
        run(path, tally)
    finally:
        shutil.rmtree(path, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
