#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Backups taken while changes go on, each restored and held against what its versions were.

    python3 tests/fault/backup_test.py    GUIDON_BINARY, GUIDON_SEED, GUIDON_BACKUPS (6),
                                          GUIDON_BACKUP_WRITES (200 a second, if the machine can)

Four writers change environments of their own. A backup is of one moment: restored (guidon restore),
each environment is exactly what it was in the version it has, which is none below the last that was
acknowledged before the backup was asked for.
"""
import pathlib
import shutil
import subprocess
import sys
import threading
import time

from fault_kit import (BINARY, SEED, SNAPSHOTS, Server, Tally, Writer, ended, need, record, scratch,
                       size_of)
from harness import clean_environment
from power_test import States

BACKUPS = size_of("GUIDON_BACKUPS", 6)
WRITES_PER_S = size_of("GUIDON_BACKUP_WRITES", 200)
WRITERS = 4
BETWEEN_S = 0.1


class Crowd:
    """Writers at a steady pace; what each was acknowledged last, by the app's environment."""

    def __init__(self, server):
        self.stop, self.complaints, self.taken = threading.Event(), [], 0
        self.writers, self.numbers, self.newest = [], [], []
        for number in range(WRITERS):
            app = server.api().new_app(f"app-{number}")
            writer = Writer(app.id, server.token, app.key("pub"), SEED + number)
            writer.connect(server.port)
            self.writers.append(writer)
            self.numbers.append(str(3 * number + 3))  # development, staging, production of each
            self.newest.append(0)
        self.threads = [threading.Thread(target=self._run, args=(i,), daemon=True)
                        for i in range(WRITERS)]

    def _run(self, number):
        writer, due = self.writers[number], time.monotonic()
        while not self.stop.is_set():
            status, version = writer.change()
            if status not in (200, 201):
                self.complaints.append(f"a change: {status} {version[:200]}")
                return
            self.newest[number] = version
            self.taken += 1
            due += WRITERS / WRITES_PER_S
            time.sleep(max(0.0, due - time.monotonic()))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)


def take(server, path, owner):
    """One backup into a file."""
    asker = Writer("", server.token, "", 0)
    asker.connect(server.port)
    status, text = asker.ask("GET", "/backup", prefix="/admin/v1")
    asker.link.close()
    if status != 200:
        return [f"a backup: {status} {text[:200]}"]
    path.write_bytes(text)
    return [] if owner.taken else ["nothing was written meanwhile"]


def restore(backup, place, states):
    """What is in it, once it is a store again: {environment: [version, digest]}."""
    shutil.rmtree(place, ignore_errors=True)
    done = subprocess.run([BINARY, "restore", backup, "--data", place, "--yes"], timeout=60,
                          capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                          env=clean_environment())
    if done.returncode != 0:
        raise AssertionError(f"restore: {done.returncode}: {done.stderr[:300]}")
    seen = states.ask(f"look {place}")
    if seen["store"] is None:
        raise AssertionError(f"restored, and refused: {seen['why']}")
    return seen["store"]


def judge(found, numbers, least, histories):
    complaints = []
    for number, version in zip(numbers, least):
        has, digest = found[number]
        if has < version:
            complaints.append(f"environment {number}: version {has}, {version} was acknowledged")
        if histories[number][has] != digest:
            complaints.append(f"environment {number}: version {has} is not what it was")
    return complaints


def main():
    need(SNAPSHOTS)
    print(f"backup_test: GUIDON_SEED={SEED}, {BACKUPS} backups, {WRITES_PER_S} writes/s", flush=True)
    directory, tally, states = pathlib.Path(scratch("backups")), Tally("backup_test"), States()
    server, floors = Server(directory), []
    try:
        with ended(server):
            server.start()
            began = time.monotonic()
            with Crowd(server) as crowd:
                for number in range(BACKUPS):
                    time.sleep(BETWEEN_S)
                    floors.append(list(crowd.newest))
                    tally.add(take(server, directory / f"{number}.db", crowd), f"backup {number}")
                pace = crowd.taken / (time.monotonic() - began)
            tally.add(crowd.complaints, "the writers")
            server.close()
        histories = states.ask(f"history {server.data}")
        for number, least in enumerate(floors):
            try:
                found = restore(directory / f"{number}.db", directory / "restored", states)
                complaints = judge(found, crowd.numbers, least, histories)
            except AssertionError as problem:
                complaints = [str(problem)]
            tally.add(complaints, f"restoring {number}")
        record("D6", "backups", backups=BACKUPS, failed=tally.failed, changes=crowd.taken,
               writes_per_s=round(pace), seed=SEED)
    finally:
        states.close()
        shutil.rmtree(directory, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
