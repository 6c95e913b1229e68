#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bits are flipped, sectors wiped and ends cut off in every kind of file a server keeps.

    python3 tests/fault/flip_test.py    GUIDON_BINARY, GUIDON_SEED,
                                        GUIDON_FLIPS (600), GUIDON_FLIP_STARTS (30)

The rooms of the server look at each damaged directory (shim/states.c), the server itself starts on
some, and restores some damaged backups. Damage is found and said, or it is harmless: what is there
is what was there in the version it says it is, for the store and for the snapshot, which falls back
to an older generation. Nothing crashes, and nothing that never was is served.
"""
import json
import pathlib
import random
import shutil
import subprocess
import sys
import time

from fault_kit import (BINARY, LANES, SEED, SNAPSHOTS, Server, Tally, Writer, ended, furnish,
                       in_lanes, need, record, scratch, size_of)
from harness import clean_environment
from power_test import States, judge

FLIPS = size_of("GUIDON_FLIPS", 600)
STARTS = size_of("GUIDON_FLIP_STARTS", 30)
CHANGES = 60
QUIET_S = 0.6
SECTOR = 512


class Life:
    """A directory that has everything: a log, pages, generations of the snapshot, a backup."""

    def __init__(self, directory, is_quiet):
        self.directory = pathlib.Path(directory)
        server, self.writer = furnish(self.directory, CHANGES // 2, SEED)
        with ended(server):
            self.backup = self.take_backup()
            for _ in range(3):
                server.restart()
                self.writer.connect(server.port)
                for _ in range(CHANGES // 6):
                    status, text = self.writer.change()
                    assert status in (200, 201), text
            if is_quiet:
                time.sleep(QUIET_S)  # the last state is in a snapshot, and moved out of the log
            server.kill()
        states = States()
        copy = self.directory / "read"
        shutil.copytree(self.directory / "data", copy)
        histories = states.ask(f"history {copy}")
        states.close()
        self.number = max(histories, key=lambda number: len(histories[number]))
        self.history = histories[self.number]
        self.files = {path.name: path.read_bytes() for path in (self.directory / "data").iterdir()}
        self.files["backup"] = self.backup
        self.token = (self.directory / "token").read_text()

    def take_backup(self):
        status, bytes_ = self.writer.ask("GET", "/backup", prefix="/admin/v1")
        assert status == 200
        return bytes_

    def names(self, kind):
        if kind == "snapshot":
            return sorted(name for name in self.files if name.startswith(kind))[-1:]
        if kind == "old snapshot":
            return sorted(name for name in self.files if name.startswith("snapshot"))[:-1]
        return [kind]


LIFE = []
KINDS = ("guidon.db", "guidon.db", "guidon.db-wal", "snapshot", "old snapshot", "backup")


def damage(content, dice):
    """(what was done, the content with it done)"""
    bad, how = bytearray(content), dice.random()
    at = dice.randrange(len(bad))
    if how < 0.6:
        bits = dice.choice((1, 1, 1, 2, 8))
        for _ in range(bits):
            at = dice.randrange(len(bad))
            bad[at] ^= 1 << dice.randrange(8)
        return f"{bits} bits flipped, the last at {at}", bad
    if how < 0.75:
        some = dice.randbytes(dice.randrange(1, 64))
        bad[at:at + len(some)] = some
        return f"{len(some)} bytes written at {at}", bad[:len(content)]
    if how < 0.9:
        at -= at % SECTOR
        bad[at:at + SECTOR] = bytes(len(bad[at:at + SECTOR]))
        return f"a sector wiped at {at}", bad
    return f"cut off at {at}", bad[:at]


def lay_out(life, place, name, content):
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700, parents=True)
    for other, whole in life.files.items():
        if name == "backup" or other == "backup" or other.endswith("-shm"):
            continue
        (place / other).write_bytes(content if other == name else whole)
    if name == "backup":
        (place / "guidon.db").write_bytes(content)
        for other, whole in life.files.items():
            if other.startswith("snapshot"):
                (place / other).write_bytes(whole)


def judge_look(life, seen, kind):
    """(outcome, complaints)"""
    complaints = []
    if seen["store"] is not None:
        versions = len(life.history)
        if seen["store"].get(life.number, (None,))[0] not in range(versions):
            return "believed", [f"the store has {seen['store']}"]
        complaints = judge(life, seen, None, None)
    elif kind.endswith("snapshot"):
        complaints.append(f"the store is refused: {seen['why']}")
    if seen["snapshot"] is None:
        complaints.append("no snapshot on disk is whole")
    elif seen["snapshot"][life.number][0] not in range(len(life.history)):
        complaints.append(f"the snapshot has {seen['snapshot']}")
    if complaints:
        return "believed", complaints
    if kind.endswith("snapshot"):
        return ("fell back" if kind == "snapshot" else "as it was"), []
    if seen["store"] is None:
        return "refused", []
    newest = seen["store"][life.number][0] == len(life.history) - 1
    return ("as it was" if newest or kind == "backup" else "older"), []


def start_on(life, place):
    """The server itself: it starts and serves a state there was, or says why not."""
    (place / "token").write_text(life.token)
    (place / "token").chmod(0o600)
    server = Server(place)
    with ended(server):
        try:
            server.start()
        except AssertionError:
            status, server.process = server.process.poll(), None
            said = server.output("err").strip()
            return [] if status and status > 0 and said else [f"exit status {status}: {said!r}"]
        known = life.writer
        writer = Writer(known.app_id, known.token, known.key, 0)
        writer.connect(server.port)
        status, text = writer.ask("GET", "/public-config", token=writer.key)
        if status != 200:  # the key may be what was hit: then nobody is let in
            return [] if status in (401, 503) else [f"evaluation: {status} {text[:200]}"]
        flags = {key: flag["value"] for key, flag in json.loads(text)["doc"]["flags"].items()}
        return [] if flags in known.history else [f"served {flags}, which never was"]


def restore(life, place, content):
    """guidon restore: refused with a reason, or what is restored is what was."""
    target = place / "restored"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o700)
    (place / "backup.db").write_bytes(content)
    done = subprocess.run([BINARY, "restore", place / "backup.db", "--data", target / "data", "--yes"],
                          capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          env=clean_environment())
    if done.returncode < 0 or (done.returncode > 0 and not done.stderr.strip()):
        return "believed", [f"restore ended with {done.returncode}: {done.stderr[:300]}"]
    if done.returncode > 0:
        return "refused", []
    return "as it was", start_on(life, target)


def lane(order):
    number, cases = order
    states = States()
    place = pathlib.Path(scratch(f"flip-{number}"))
    found = []
    try:
        for index, seed in cases:
            dice, life = random.Random(seed), LIFE[index // len(KINDS) % 2]
            kind = KINDS[index % len(KINDS)]
            name = dice.choice(life.names(kind))
            what, content = damage(life.files[name], dice)
            what = f"{name}: {what} (case {index})"
            try:
                lay_out(life, place / "data", name, content)
                starts = index % max(1, FLIPS // max(1, STARTS)) == 0
                seen = None
                if starts:
                    complaints = start_on(life, place)
                    if kind == "backup":
                        complaints += restore(life, place, content)[1]
                    lay_out(life, place / "data", name, content)
                seen = states.ask(f"look {place / 'data'}")
                outcome, more = judge_look(life, seen, kind)
                complaints = (complaints if starts else []) + more
            except AssertionError as problem:
                outcome, complaints = "crashed", [str(problem)]
            found.append((what, kind, outcome, complaints))
    finally:
        states.close()
        shutil.rmtree(place, ignore_errors=True)
    return found


def main():
    need(SNAPSHOTS)
    print(f"flip_test: GUIDON_SEED={SEED}, {FLIPS} files damaged, {LANES} at a time", flush=True)
    directory = scratch("flip")
    tally, outcomes = Tally("flip_test"), {}
    try:
        LIFE.extend(Life(f"{directory}/{is_quiet}", is_quiet) for is_quiet in (False, True))
        dice = random.Random(SEED)
        cases = [(index, dice.getrandbits(48)) for index in range(FLIPS)]
        for found in in_lanes(lane, [(i, cases[i::LANES]) for i in range(LANES)]):
            for what, kind, outcome, complaints in found:
                tally.add(complaints, what)
                counts = outcomes.setdefault(kind, {})
                counts[outcome] = counts.get(outcome, 0) + 1
        for kind, counts in sorted(outcomes.items()):
            print(f"{kind}: {json.dumps(counts)}", flush=True)
        sums = {}
        for counts in outcomes.values():
            for outcome, count in counts.items():
                sums[outcome] = sums.get(outcome, 0) + count
        tally.add([] if sums.get("refused") and sums.get("fell back") else
                  [f"not every kind of damage was met: {sums}"], "all of it")
        record("D8", "flips", files=FLIPS, believed=sums.get("believed", 0),
               crashed=sums.get("crashed", 0), refused=sums.get("refused", 0),
               fell_back=sums.get("fell back", 0), older=sums.get("older", 0), seed=SEED)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
