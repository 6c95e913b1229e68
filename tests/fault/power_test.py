#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The power is cut after every write, sync, rename and removal of a server's life.

    python3 tests/fault/power_test.py    GUIDON_BINARY, GUIDON_SEED,
        GUIDON_POWER_CHANGES (60), GUIDON_POWER_POINTS (500; 0: every one), GUIDON_POWER_RANDOM (100)

A server starts on nothing and takes changes, with pauses in which it saves its snapshot and moves
its log, and a restart. Every call it made to its disk is in a journal; power_cut.py makes of it the
directory as it may be after a cut at any of its points. The rooms of the server look at each
(shim/states.c), the server itself at some: the store is whole, it has every change acknowledged
before the cut, its state is the state that its version had, and so is the snapshot's.
"""
import json
import pathlib
import random
import shutil
import subprocess
import sys
import time

from fault_kit import (LANES, SEED, SHIM, SNAPSHOTS, Disk, Server, Tally, Writer, ended, in_lanes,
                       need, record, scratch, size_of)
from power_cut import MODES, Directory, read_journal

CHANGES = size_of("GUIDON_POWER_CHANGES", 60)
POINTS = size_of("GUIDON_POWER_POINTS", 500)
RANDOM = size_of("GUIDON_POWER_RANDOM", 100)
STARTS = size_of("GUIDON_POWER_STARTS", 12)
PAUSE_S = 0.6  # longer than the server waits for quiet before it saves and checkpoints


class States:
    """shim/states.c, kept running."""

    def __init__(self):
        self.process = None

    def ask(self, order):
        if self.process is None:
            self.process = subprocess.Popen([SNAPSHOTS], stdin=subprocess.PIPE, text=True,
                                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            status, self.process = self.process.wait(), None
            raise AssertionError(f"whoever looked died of it: {status}")
        return json.loads(line)

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()


class Life:
    """What a server did and what it acknowledged when."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.journal = self.directory / "journal"
        self.acknowledged = []  # (size of the journal by then, version)
        (self.directory / "data").mkdir()
        server = Server(self.directory, **Disk(self.directory, self.journal).environment())
        with ended(server):
            server.start()
            app = server.api().new_app("victim")
            self.writer = Writer(app.id, server.token, app.key("pub"), SEED)
            self.acknowledge(0)
            self.writer.connect(server.port)
            for number in range(CHANGES):
                status, version = self.writer.change()
                assert status in (200, 201), version
                self.acknowledge(version)
                if number % 40 == 39:
                    time.sleep(PAUSE_S)
                if number == CHANGES // 2:
                    server.restart()
                    self.writer.connect(server.port)
            assert server.stop() == 0
        self.token = (self.directory / "token").read_text()
        states = States()
        histories = states.ask(f"history {self.directory / 'data'}")
        states.close()
        self.number = max(histories, key=lambda number: len(histories[number]))
        self.history = histories[self.number]
        assert len(self.history) == CHANGES + 1
        # A flag that is made and removed again leaves the state before it; few do.
        assert len(set(self.history)) > CHANGES * 3 / 4, "different states have one digest"

    def acknowledge(self, version):
        self.acknowledged.append((self.journal.stat().st_size, version))

    def least(self, position):
        """The newest version acknowledged before this point; None: the app was not yet."""
        return max((version for end, version in self.acknowledged if end <= position), default=None)


LIFE = []


def judge(life, seen, least, floor):
    """What is wrong with what was found; floor: what the snapshot on disk had come to for sure."""
    if seen["store"] is None:
        return [f"the store is refused: {seen['why']}"]
    complaints = []
    version, digest = seen["store"].get(life.number, (None, ""))
    if least is not None and (version is None or version < least):
        complaints.append(f"version {version}, but {least} was acknowledged")
    if version is not None and life.history[version] != digest:
        complaints.append(f"version {version} is not what it was")
    kept, digest = (seen["snapshot"] or {}).get(life.number, (None, ""))
    if kept is not None and life.history[kept] != digest:
        complaints.append(f"the snapshot's version {kept} is not what it was")
    if floor is not None and (kept is None or kept < floor):
        complaints.append(f"the snapshot has {kept}, and had {floor} before")
    return complaints


def lay_out(place, files):
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700, parents=True)
    for name, content in files.items():
        (place / name).write_bytes(content)


def start_on(life, place, files, least):
    """The server itself, on the same files."""
    lay_out(place / "data", files)
    (place / "token").write_text(life.token)
    (place / "token").chmod(0o600)
    server = Server(place)
    with ended(server):
        server.start()
        if least is None:
            return []
        known = life.writer
        writer = Writer(known.app_id, known.token, known.key, 0)
        writer.connect(server.port)
        version, served = writer.served()
        wrong = served != known.history[version] or writer.stored() != served or version < least
        return [f"the server has version {version}: {served}"] if wrong else []


def lane(order):
    """The points (number of records) of one lane, each with its modes, in their order."""
    number, plan, starts = order
    life, states, directory = LIFE[0], States(), Directory()
    place = pathlib.Path(scratch(f"power-{number}"))
    found, floor = [], None
    try:
        for at, (end, *step) in enumerate(read_journal(life.journal), 1):
            directory.feed(*step)
            for mode, seed in plan.get(at, ()):
                files = directory.cut(mode, random.Random(seed))
                lay_out(place / "cut", files)
                what = f"after {step[0]} {step[1]} ({at}), {mode}, {seed}"
                try:
                    seen = states.ask(f"look {place / 'cut'}")
                    complaints = judge(life, seen, life.least(end), floor)
                    kept = (seen["snapshot"] or {}).get(life.number)
                    if mode == "none" and kept:
                        floor = kept[0]
                    if at in starts:
                        complaints += start_on(life, place / f"start-{at}-{mode}", files,
                                               life.least(end))
                except AssertionError as problem:
                    complaints = [str(problem)]
                found.append((what, complaints))
    finally:
        states.close()
        shutil.rmtree(place, ignore_errors=True)
    return found


def look_without_syncs(life, directory):
    """What finds losses must find one where there is one: nothing was ever synced but names."""
    states, cut = States(), Directory()
    for end, call, name, other, is_directory, offset, data in read_journal(life.journal):
        if call != "fsync" or is_directory:
            cut.feed(call, name, other, is_directory, offset, data)
    lay_out(directory / "cut", cut.cut("sectors", random.Random(SEED)))
    seen = states.ask(f"look {directory / 'cut'}")
    states.close()
    return [] if judge(life, seen, life.least(end), None) else ["no loss was found"]


def make_plan(count):
    """{record: [(mode, seed)]}: every point, or a sample, as synced and with a mode in turn; and
    random ones besides."""
    dice = random.Random(SEED)
    numbers = range(1, count + 1)
    if POINTS and POINTS < count:
        numbers = sorted(dice.sample(numbers, POINTS))
    plan = {at: [("none", 0), (MODES[1 + i % 4], dice.getrandbits(32))]
            for i, at in enumerate(numbers)}
    for _ in range(RANDOM):
        at = dice.randrange(1, count + 1)
        plan.setdefault(at, []).append((dice.choice(MODES[2:]), dice.getrandbits(32)))
    return plan, set(dice.sample(sorted(plan), min(STARTS, len(plan))))


def main():
    need(SHIM, SNAPSHOTS)
    print(f"power_test: GUIDON_SEED={SEED}, {CHANGES} changes, {POINTS or 'all'} points and {RANDOM}"
          f" random ones, {LANES} at a time", flush=True)
    directory = scratch("power")
    tally = Tally("power_test")
    try:
        LIFE.append(Life(directory))
        count = sum(1 for _ in read_journal(LIFE[0].journal))
        plan, starts = make_plan(count)
        points = sorted(plan)
        orders = [(i, {at: plan[at] for at in points[i::LANES]}, starts) for i in range(LANES)]
        for found in in_lanes(lane, orders):
            for what, complaints in found:
                tally.add(complaints, what)
        cuts = tally.passed + tally.failed
        tally.add(look_without_syncs(LIFE[0], pathlib.Path(directory)), "syncs that do nothing")
        record("D2", "power", changes=CHANGES, calls=count, points=len(points), cuts=cuts,
               failed=tally.failed, seed=SEED)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
