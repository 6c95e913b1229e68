#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a rehearsal costs: durable changes with and without, and one change among many flags.

    proofs/rehearsal.py        sizes: REHEARSAL_ROUNDS=5 REHEARSAL_SECONDS=3 REHEARSAL_FLAGS=10000

Rounds with and without are interleaved, so that a busy machine is busy for both.
"""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/api"))
from harness import BINARY, Server  # noqa: E402
from record import record  # noqa: E402

ROUNDS = int(os.environ.get("REHEARSAL_ROUNDS", 5))
SECONDS = int(os.environ.get("REHEARSAL_SECONDS", 3))
FLAGS = int(os.environ.get("REHEARSAL_FLAGS", 10000))
ALONE = 60  # changes one after the other, per round
WRITERS = 8
MANNERS = {"with": [], "without": ["--rehearsal-ms", "0"]}


def populate(server, count):
    """An app whose production has count flags; the first eight are switches for the writers."""
    app = server.api().new_app("bench")
    app.add("flag-0", "bool", True)
    document = app.document()
    pattern = document["flags"]["flag-0"]
    flags = {f"flag-{i}": {**pattern, "key": f"flag-{i}"} for i in range(count)}
    for flag in flags.values():
        flag.pop("id", None)
    answer = app.put({**document, "flags": flags})
    assert answer.status_code == 200, answer.text[:300]
    return app


def rate(server, app):
    done = subprocess.run([BINARY.parent / "bench/writers", str(server.port), server.token, app.id,
                           str(WRITERS), str(SECONDS)], capture_output=True, text=True, check=True)
    found = re.match(r"(\d+) changes in ([\d.]+) s, p50 (\d+) us, p99 (\d+) us", done.stdout)
    return int(found.group(1)) / float(found.group(2))


def alone_ms(app):
    """Each change by itself: what one person waits."""
    times = []
    for i in range(ALONE):
        began = time.monotonic()
        app.update("flag-0", value=bool(i % 2))
        times.append((time.monotonic() - began) * 1000)
    return times


def start(folder, manner, count):
    server = Server(folder / manner, *MANNERS[manner]).start()
    return server, populate(server, count)


def measure(folder, count, of):
    """manner -> what `of` gave in each round, the manners by turns."""
    servers = {manner: start(folder, manner, count) for manner in MANNERS}
    found = {manner: [] for manner in MANNERS}
    for _ in range(ROUNDS):
        for manner, (server, app) in servers.items():
            found[manner].append(of(server, app))
    for server, _ in servers.values():
        server.close()
    return found


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="guidon-rehearsal-"))
    try:
        few = measure(folder / "few", 100, rate)
        many = measure(folder / "many", FLAGS, lambda server, app: statistics.median(alone_ms(app)))
    finally:
        shutil.rmtree(folder)
    rates = {manner: statistics.median(found) for manner, found in few.items()}
    waits = {manner: statistics.median(found) for manner, found in many.items()}
    record("V2", "rehearsal-cost",
           changes_per_s=round(rates["with"]), changes_per_s_unrehearsed=round(rates["without"]),
           flags=FLAGS, extra_ms=round(waits["with"] - waits["without"], 1),
           one_change_ms=round(waits["with"], 1))
    print(json.dumps({"few": few, "many": many}))


if __name__ == "__main__":
    main()
