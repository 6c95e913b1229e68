#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every single call to the disk fails, in turn: once, and with all that follow.

    python3 tests/fault/io_test.py     GUIDON_BINARY, GUIDON_SEED,
                                       GUIDON_IO_POINTS (120; 0: every one there is)

The work is a start on a store with a log to recover, changes, events, a backup, a stop that saves
the snapshot and moves the log; and a first start, on nothing. The n-th call of it that touches the
data directory fails with EIO, ENOSPC, EINTR or a short count. Then: nothing crashes; a start that
cannot be says why; a change is answered 2xx, 503 or 507 and flags are served through all of it;
after a sync of the store that failed no change is taken; and a restart on a mended disk finds every
acknowledged change, no half of any other.
"""
import json
import pathlib
import random
import shutil
import sys
import time

import requests

from fault_kit import (FAILURES, LANES, SEED, SHIM, Disk, Gone, Server, Tally, Writer, data_of, ended,
                       event, furnish, in_lanes, need, record, scratch, size_of)

POINTS = size_of("GUIDON_IO_POINTS", 120)
CHANGES = 5
REFUSED = (503, 507)


class Template:
    """A stopped store that has seen a few changes, its log still beside it."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        server, writer = furnish(self.directory, 10, SEED)
        with ended(server):
            server.restart()
            writer.connect(server.port)
            for _ in range(4):
                writer.change()
            server.kill()
        self.writer = writer

    def copy(self, directory):
        """(server, writer) on a copy of it."""
        shutil.copytree(self.directory / "data", directory / "data")
        shutil.copy2(self.directory / "token", directory / "token")
        known = self.writer
        writer = Writer(known.app_id, known.token, known.key, SEED + 1)
        writer.states, writer.counter = list(known.states), known.counter
        writer.history = list(known.history)
        return Server(directory), writer


TEMPLATE = []


def served_is_known(server, writer):
    """A refused change that may have reached the disk is never shown while the process lives; one
    that could not open its store serves the newest snapshot that is whole, and says so."""
    _, served = writer.served()
    if served == writer.states[-1]:
        return []
    if "store_unavailable" in server.output("err") and served in writer.history:
        return []
    return [f"served {served}, not {writer.states[-1]}"]


def say_events(writer):
    body = {"schemaVersion": 1,
            "events": [event(writer.app_id, f"event-of-trouble-{i}") for i in range(3)]}
    status, text = writer.ask("POST", "/events/batch", body, token=writer.key)
    if status not in (200, 202, 503):
        return [f"events: {status} {text[:200]}"]
    return []


def take_backup(server, writer):
    try:
        status, text = writer.ask("GET", "/backup", prefix="/admin/v1")
    except Gone:
        # A copy that cannot be read to its end is cut off, so that nobody takes it for whole.
        if server.process.poll() is not None:
            raise
        return []
    if status == 200 and text[:15] != b"SQLite format 3":
        return [f"a backup of {text[:15]}"]
    return [] if status in (200, *REFUSED) else [f"backup: {status} {text[:200]}"]


def has_lost_sync(disk):
    """Of the store: a snapshot that could not be synced is thrown away, and nothing hangs on it."""
    return disk.control.failed_syncs > 0 and "fsync guidon.db" in disk.last()


def work(server, writer, disk):
    """What a process does in its life; complaints."""
    complaints = served_is_known(server, writer)
    is_shut = False
    for _ in range(CHANGES):
        synced = not has_lost_sync(disk)
        status, text = writer.change()
        if status not in (200, 201, *REFUSED):
            complaints.append(f"a change: {status} {text[:200]}")
        if status in (200, 201) and (is_shut or not synced):
            complaints.append("a change was taken after a sync of the store had failed")
        is_shut = is_shut or has_lost_sync(disk)
        complaints += served_is_known(server, writer)
    complaints += say_events(writer)
    complaints += take_backup(server, writer)
    complaints += served_is_known(server, writer)
    return complaints


def starts(server, disk):
    """(whether it did, complaints): a start that cannot be ends by itself and says why."""
    server.environment = disk.environment()
    try:
        server.start()
        return True, []
    except AssertionError:
        status, server.process = server.process.poll(), None
        if status is None or status <= 0 or not server.output("err").strip():
            return False, [f"the start ended with {status}, saying {server.output('err')!r}"]
        return False, []


def life(server, writer, disk):
    """From start to stop on a disk that fails; complaints."""
    is_up, complaints = starts(server, disk)
    if not is_up:
        return complaints
    writer.connect(server.port)
    try:
        complaints = work(server, writer, disk)
    except Gone as gone:
        time.sleep(0.2)
        status = server.process.poll()
        server.process = None if status is not None else server.process
        return [f"no answer (exit status {status}): {gone}: {server.output('err')[-600:]}"]
    except AssertionError as problem:
        complaints = [str(problem)]
    status = server.stop()
    if status != 0:
        complaints.append(f"the stop ended with {status}: {server.output('err')[-600:]}")
    return complaints


def afterwards(server, writer):
    """A restart on a disk that works again; complaints."""
    server.environment = {}
    server.start()
    writer.connect(server.port)
    stored = writer.stored()
    complaints = []
    if stored not in writer.states:
        complaints.append(f"stored {stored}, which is none of {writer.states}")
    if writer.served()[1] != stored:
        complaints.append("what is served is not what is stored")
    writer.states = [stored]
    status, text = writer.change()
    if status not in (200, 201):
        complaints.append(f"a change after the restart: {status} {text[:200]}")
    return complaints


def birth(server, disk):
    """A first start on a disk that fails, and one on a mended one; complaints."""
    is_up, complaints = starts(server, disk)
    made = is_up and server.api().post("/apps", {"name": "first"}).status_code
    if made not in (False, 201, *REFUSED):
        complaints.append(f"an app: {made}")
    if is_up and server.stop() != 0:
        complaints.append(f"the stop failed: {server.output('err')[-600:]}")
    server.environment = {}
    disk.mend()
    server.start()
    apps = server.api().get("/apps")
    if apps.status_code != 200:
        return complaints + [f"the owner's token opens nothing: {apps.status_code}"]
    if made == 201 and "first" not in [app["name"] for app in data_of(apps)]:
        complaints.append("an app was acknowledged and is not there")
    server.api().new_app("second")
    return complaints


def point(case):
    """One life with one fault; (case, complaints, what failed, hits, calls)."""
    scene, how, goes_on, number = case
    directory = pathlib.Path(scratch("io"))
    complaints, last, hits, count = [], "?", 0, 0
    disk = Disk(directory)
    disk.break_at(number, how, goes_on)
    server, writer = Server(directory), None
    if scene == "life":
        server, writer = TEMPLATE[0].copy(directory)
    try:
        with ended(server):
            complaints = birth(server, disk) if writer is None else life(server, writer, disk)
            last, hits, count = disk.last(), disk.control.hits, disk.control.count
            if writer is not None and server.process is None:
                complaints += afterwards(server, writer)
    except requests.RequestException as problem:
        complaints.append(f"no answer: {problem}: {server.output('err')[-600:]}")
    except AssertionError as problem:
        complaints.append(f"{problem}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return case, complaints, last, hits, count


def choose(counts):
    """Every point there is, or so many of them, of each kind alike."""
    cases = []
    for scene, how in counts:
        for goes_on in (False, True):
            numbers = list(range(1, counts[scene, how] + 1))
            if POINTS:
                share = max(1, POINTS // (2 * len(counts)))
                numbers = random.Random(f"{SEED} {scene} {how} {goes_on}").sample(
                    numbers, min(share, len(numbers)))
            cases += [(scene, how, goes_on, number) for number in numbers]
    return cases


def main():
    need(SHIM)
    print(f"io_test: GUIDON_SEED={SEED} GUIDON_IO_POINTS={POINTS}, {LANES} at a time", flush=True)
    directory = scratch("io-template")
    tally = Tally("io_test")
    try:
        TEMPLATE.append(Template(directory))
        counts = {}
        scenes = [(scene, how, False, 0) for scene in ("life", "birth") for how in FAILURES]
        for case, complaints, _, _, count in in_lanes(point, scenes):
            tally.add(complaints, f"nothing fails ({case[0]}, {case[1]})")
            counts[case[:2]] = count
        counts = {name: counts[name] for name in sorted(counts)}
        print(f"calls that can fail: {counts}", flush=True)
        hit, befallen = 0, {}
        for case, complaints, last, hits, _ in in_lanes(point, choose(counts)):
            scene, how, goes_on, number = case
            tally.add(complaints, f"{scene}, {how} at {number}{' and after' if goes_on else ''} ({last})")
            hit += hits > 0
            if hits:
                befallen[last.split()[0]] = befallen.get(last.split()[0], 0) + 1
        print(f"failed last: {json.dumps(befallen)}", flush=True)
        tally.add([] if hit else ["no call failed: nothing was tested"], "all points")
        record("D3", "io", points=hit, failed=tally.failed, calls=max(counts.values()), seed=SEED)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
