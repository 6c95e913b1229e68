# SPDX-License-Identifier: Apache-2.0
"""openloop - how long answers take at half load when questions come by the clock, for run.py.

First wrk asks as fast as it can, then open_bench asks half as often, in the same minute; an answer's
time counts from when its question was due.
"""
import os
import re
import subprocess

import journeys

ROUNDS_MAX, SHARE = 3, 0.5
ASKED = {"ofrep-one": "OFREP, one flag", "ofrep-all": "OFREP, all of 350 flags",
         "vardata": "`/sdk/v2/vardata`, 100 flags", "public-config-200": "`public-config`, 100 flags"}
PATTERN = re.compile(r"(\d+) answers of (\d+), p50 (\d+) us, p99 (\d+) us, p99.9 (\d+) us")


def closed_rate(bench, server, port, text):
    """The most a closed loop gets: the same request, sent by wrk."""
    head, _, body = text.partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    headers.pop("Content-Length", None)
    posted = {"body": body, "media": headers.pop("Content-Type")} if body else None
    url = f"http://127.0.0.1:{port}{first.split()[1]}"
    return bench.load_window(server, url, headers, posted)["rate"]


def open_round(bench, port, rate, path):
    """p50, p99 and p99.9 in milliseconds, and the share of the questions that was answered."""
    command = [os.path.join(bench.BUILD, "bench", "open_bench"), str(port), str(bench.SECONDS),
               str(rate), path]
    done = subprocess.run(bench.pinned(command, bench.LOAD_CORE), capture_output=True, text=True,
                          check=False)
    found = PATTERN.match(done.stdout)
    if done.returncode != 0 or not found:
        raise SystemExit(f"bench: open_bench: {done.stdout}{done.stderr}")
    answers, asked, *latencies = map(int, found.groups())
    return {"answered": answers / asked, "ms": [latency / 1000 for latency in latencies]}


def measure(bench, folder):
    data, asked, _ = journeys.prepare(bench, folder)
    paths = journeys.write_all(folder, asked)
    port, found = bench.free_port(), {name: [] for name in ASKED}
    server = bench.start_guidon(data, port, bench.SERVER_CORE)
    try:
        for _ in range(min(bench.PAIRS, ROUNDS_MAX)):
            for name, rounds in found.items():
                rate = closed_rate(bench, server, port, asked[name]) * SHARE
                rounds.append({"rate": rate, **open_round(bench, port, rate, paths[name])})
    finally:
        server.stop()
    return found


def add_rows(bench, found):
    for name, rounds in found.items():
        what = f"{ASKED[name]}, open loop at half load"
        bench.results.add(f"open-{name}-rate", what, "questions/s", [r["rate"] for r in rounds], 0)
        bench.results.add(f"open-{name}-answered", what, "% answered",
                          [100 * r["answered"] for r in rounds], 2)
        for place, part in enumerate(["p50", "p99", "p99.9"]):
            bench.results.add(f"open-{name}-{part}", what, f"ms, {part}",
                              [r["ms"][place] for r in rounds], 3)
