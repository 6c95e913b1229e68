#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The disk is full, again and again, under load.

    python3 tests/fault/full_disk_test.py    GUIDON_BINARY, GUIDON_SEED, GUIDON_FULL_SECONDS (8)

The data directory is a small file system of its own, in a mount namespace of the test. While two
readers ask for flags and three writers change theirs, all its room is taken to the last page, for a
while, and given back. Nobody who reads is refused; a change is taken or refused with 507 and the
reason; once there is room changes are taken again by the same process; and a restart finds every
change that was taken.
"""
import collections
import contextlib
import errno
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from fault_kit import SEED, Server, Tally, Writer, ended, record, size_of

SECONDS = size_of("GUIDON_FULL_SECONDS", 8)
FULL_S = size_of("GUIDON_FULL_SPELL_SECONDS", 2 if SECONDS < 60 else 60)
MEBIBYTES = 48
READERS, WRITERS = 2, 3
WAIT_S = 30


class Load:
    """Readers and writers of one server, counting what they are told."""

    def __init__(self, server):
        self.server, self.stop = server, threading.Event()
        app = server.api().new_app("crowded")
        key = app.key("pub")
        self.writers = []
        for number in range(WRITERS):
            own = server.api().new_app(f"own-{number}")
            writer = Writer(own.id, server.token, own.key("pub"), SEED + number)
            writer.connect(server.port)
            self.writers.append(writer)
        self.readers = [Writer(app.id, server.token, key, 0) for _ in range(READERS)]
        for reader in self.readers:
            reader.connect(server.port)
        app.add("steady", "bool", True)
        self.counts = collections.Counter()
        self.reasons = collections.Counter()
        self.complaints = []
        self.threads = [threading.Thread(target=self._guard, args=(work, who), daemon=True)
                        for work, crowd in ((self._read, self.readers), (self._write, self.writers))
                        for who in crowd]

    def start(self):
        for thread in self.threads:
            thread.start()

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)

    def _guard(self, work, who):
        try:
            while not self.stop.is_set():
                work(who)
        except Exception as problem:  # told at the end, not lost with the thread
            self.complaints.append(f"{type(problem).__name__}: {problem}")

    def _read(self, reader):
        _, flags = reader.served()
        self.counts["evaluations"] += 1
        if flags != {"steady": True}:
            self.counts["failed"] += 1
            self.complaints.append(f"served {flags}")
        status, text = reader.ask("POST", "/ofrep/v1/evaluate/flags/steady",
                                  {"context": {"targetingKey": "someone"}}, token=reader.key,
                                  prefix="")
        self.counts["evaluations"] += 1
        if status != 200 or b'"value":true' not in text.replace(b" ", b""):
            self.counts["failed"] += 1
            self.complaints.append(f"evaluated {status} {text[:200]}")

    def _write(self, writer):
        status, text = writer.change()
        if status in (200, 201):
            self.counts["taken"] += 1
            return
        self.counts["refused"] += 1
        self.reasons[f"{status} {text.decode(errors='replace')[:160]}"] += 1
        if len(writer.states) > 1:  # refused for want of room: it did not happen
            writer.states = writer.states[-1:]
        time.sleep(0.005)


def fill(path, dice):
    """Takes all the room there is, or all but a few pages."""
    spare = dice.choice((0, 0, 1, 3, 10)) * 4096
    block = bytes(64 * 1024)
    with open(path, "wb", buffering=0) as file:
        for size in (len(block), 4096, 512):
            with contextlib.suppress(OSError):
                while True:
                    if file.write(block[:size]) != size:
                        break
        if spare:
            file.truncate(max(0, file.tell() - spare))


def keep_full(path, seconds, dice):
    """What the server gives back by moving its log is taken again."""
    until = time.monotonic() + seconds
    number = 0
    while time.monotonic() < until:
        fill(path / f"filler-{number}", dice)
        number += 1
        time.sleep(0.1)


def wait_for(load, name, more):
    """The counter has grown by so much; else what became of it."""
    goal, deadline = load.counts[name] + more, time.monotonic() + WAIT_S
    while load.counts[name] < goal and not load.complaints:
        if time.monotonic() > deadline:
            return [f"no {name} for {WAIT_S} s; refused: {dict(load.reasons)}"]
        time.sleep(0.02)
    return []


def spell(load, path, dice):
    """Full, and then not; complaints."""
    complaints = []
    refused = load.counts["refused"]
    keep_full(path, FULL_S, dice)
    if load.counts["refused"] == refused:
        complaints += wait_for(load, "refused", 1)
    complaints += wait_for(load, "evaluations", 20)
    for filler in path.glob("filler-*"):
        filler.unlink()
    return complaints + wait_for(load, "taken", 3 * WRITERS)


def judge(load):
    complaints = list(load.complaints)
    for reason in load.reasons:
        if not reason.startswith("507 ") or "disk is full" not in reason:
            complaints.append(f"refused with {reason}")
    return complaints


def check_stored(server, load):
    complaints = []
    for writer in load.writers:
        writer.connect(server.port)
        stored = writer.stored()
        if stored not in writer.states:
            complaints.append(f"stored {stored}, not {writer.states}")
    return complaints


def run(path, tally):
    dice = random.Random(SEED)
    server = Server(path / "server")
    server.data.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEBIBYTES}m,mode=0700", "tmpfs",
                    server.data], check=True)
    try:
        with ended(server):
            server.start()
            load = Load(server)
            load.start()
            began = time.monotonic()
            spells = 0
            while time.monotonic() - began < SECONDS or spells < 2:
                complaints = spell(load, server.data, dice)
                spells += 1
                tally.add(complaints, f"spell {spells}")
                if complaints or load.complaints:
                    break
            load.end()
            tally.add(judge(load), "under load")
            assert server.stop() == 0, server.output("err")[-2000:]
            server.start()
            tally.add(check_stored(server, load), "after a restart")
            server.close()
    finally:
        subprocess.run(["umount", "-l", server.data], check=False)
    print(f"answers: {dict(load.counts)}; refusals: {dict(load.reasons)}", flush=True)
    record("D5", "full_disk", seconds=round(time.monotonic() - began), spells=spells,
           evaluations=load.counts["evaluations"], failed_evaluations=load.counts["failed"],
           writes_taken=load.counts["taken"], writes_refused=load.counts["refused"], seed=SEED)


def may_mount():
    """Whether a namespace of mounts can be had here."""
    try:
        return subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], check=False,
                              stderr=subprocess.DEVNULL).returncode == 0
    except OSError as problem:
        if problem.errno != errno.ENOENT:
            raise
        return False


def main():
    tally = Tally("full_disk_test")
    if "--inside" not in sys.argv:
        if not may_mount():
            tally.skip("no namespace of mounts can be made here")
            return tally.finish()
        os.execvp("unshare", ["unshare", "-rm", sys.executable, __file__, "--inside"])
    print(f"full_disk_test: GUIDON_SEED={SEED}, {SECONDS} s", flush=True)
    path = pathlib.Path(tempfile.mkdtemp(prefix="guidon-full-"))
    (path / "server").mkdir()
    try:
        run(path, tally)
    finally:
        shutil.rmtree(path, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
