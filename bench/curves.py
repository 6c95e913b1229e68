# SPDX-License-Identifier: Apache-2.0
"""curves - what grows as an environment gets more flags, and as a flag gets more rules, for run.py."""
import json
import os
import re
import statistics
import subprocess
import time

import ofrep
import standing

COUNTS = (10, 100, 1000, 10000)
CHANGES, STARTS = 20, 5
CONNECTIONS = 4  # more would wait in line for answers of a megabyte
FLAGS = "flags in the environment"


def decisions(bench):
    """{"flags": [(count, ns)], "rules": [(count, ns)]}"""
    command = [os.path.join(bench.BUILD, "bench", "growth_bench")]
    output = subprocess.run(bench.pinned(command, bench.SERVER_CORE), check=True,
                            capture_output=True, text=True).stdout
    found = {"flags": [], "rules": []}
    for what, size, cost in re.findall(r"^(flags|rules) (\d+) ([\d.]+)$", output, re.M):
        found[what].append((int(size), float(cost)))
    return found


def changes_ms(bench, data, port):
    """Changing a flag, acknowledged and so on disk: the median. The flag it makes is the last there is
    room for."""
    with open(os.path.join(data, "token"), encoding="ascii") as file:
        owner = bench.Client(port, file.read().strip())
    apps = json.loads(owner.call("GET", "/api/v1/apps")[1])["data"]
    where = {"appId": apps[-1]["id"], "env": "production", "key": "changing"}
    owner.call("POST", "/api/v1/flags", {**where, "type": "bool", "value": False})
    took = []
    for number in range(CHANGES):
        began = time.monotonic()
        owner.call("PATCH", "/api/v1/flags", {**where, "value": number % 2 == 0})
        took.append((time.monotonic() - began) * 1000)
    return statistics.median(took)


def bulk_cpu_us(bench, data, key):
    """CPU of an answer with all flags, one loop on one core."""
    posted = {"body": json.dumps({"context": ofrep.CONTEXT}), "media": "application/json"}
    port = bench.free_port()
    server = bench.start_guidon(data, port, bench.SERVER_CORE)
    try:
        url = f"http://127.0.0.1:{port}/ofrep/v1/evaluate/flags"
        headers = {"Authorization": f"Bearer {key}"}
        window = bench.load_window(server, url, headers, posted, CONNECTIONS)
        return window["cpu_us"], changes_ms(bench, data, port)
    finally:
        server.stop()


def of_count(bench, folder, count):
    data, key = standing.populated(bench, folder, count - 1)
    rests = [standing.rest(bench, data, key) for _ in range(min(STARTS, bench.PAIRS))]
    cpu_us, change_ms = bulk_cpu_us(bench, data, key)
    return {"bulk": cpu_us, "change": change_ms,
            **{name: statistics.median(each[place] for each in rests)
               for place, name in enumerate(["start", "memory"])}}


def measure(bench, folder):
    return {"decisions": decisions(bench),
            "counts": {count: of_count(bench, folder, count) for count in COUNTS}}


def add_rows(bench, found):
    """Lines, no rows: what has a target is a row of another section."""
    curve = bench.results.curve
    curve("decision-by-flags", "A flag found by its key and decided", FLAGS, "ns",
          found["decisions"]["flags"], 1)
    curve("decision-by-rules", "A flag whose rules are all tried", "rules of the flag", "ns",
          found["decisions"]["rules"], 1)
    for name, what, unit in [("bulk", "An OFREP answer with all flags", "CPU µs"),
                             ("change", "A change until it is acknowledged", "ms"),
                             ("memory", "Idle memory", "MiB resident"),
                             ("start", "Cold start to the first answer", "ms")]:
        curve(f"{name}-by-flags", what, FLAGS, unit,
              [(count, each[name]) for count, each in found["counts"].items()], 2)
