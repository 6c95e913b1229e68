# SPDX-License-Identifier: Apache-2.0
"""standing - what it costs that the server is there, for run.py: start, memory, size, and what a tenth
of a core and 32 MiB still serve.

A start counts from before the process is made to the answer of its first evaluation.
"""
import contextlib
import json
import os
import re
import subprocess
import time

import ofrep

STARTS = (1000, 5000, 10000)
RESTED_S = 0.5
SHARE, MEMORY_BYTES, PERIOD_US = 0.1, 32 << 20, 100000
GROUPS = "/sys/fs/cgroup"
JOIN = 'for group in {}; do echo $$ >"$group/cgroup.procs" || exit 1; done; exec "$@"'
# For the one big import that makes the data, which a busy machine may be slow at; nothing is measured.
PATIENT = ("--handler-timeout-ms", "60000", "--rehearsal-ms", "10000")
QUESTION = {"context": ofrep.CONTEXT}


class Skipped(Exception):
    """Why it cannot be had here."""


def populated(bench, folder, flags):
    """A data directory with so many flags, and the key that asks for them."""
    data = os.path.join(folder, f"flags-{flags}")
    os.mkdir(data)
    port = bench.free_port()
    server = bench.start_guidon(data, port, None, *PATIENT)
    try:
        return data, ofrep.populate(bench, port, data, flags)
    finally:
        server.stop()


def start(bench, data, key, before=(), more=()):
    """(server, client, milliseconds to the first answer)"""
    port, began = bench.free_port(), time.monotonic()
    server = bench.start_guidon(data, port, None, *more, before=before)
    client = bench.Client(port, key)
    client.call("POST", "/ofrep/v1/evaluate/flags/flag-001", QUESTION)
    return server, client, (time.monotonic() - began) * 1000


def others_mib(bench, pid):
    """What the processes below it add: of each page its share among those who have it."""
    below = bench.children(pid)
    below += [each for child in below for each in bench.children(child)]
    total = 0
    for process in below:
        with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:
            total += int(re.search(r"^Pss:\s+(\d+) kB", file.read(), re.M).group(1))
    return total / 1024


def memory(bench, pid):
    """MiB resident, of its own, and of the processes below it."""
    return (bench.memory_kib(pid, "VmRSS") / 1024, bench.memory_kib(pid, "RssAnon") / 1024,
            others_mib(bench, pid))


def rest(bench, data, key):
    """Of one start: its milliseconds, then its memory when it is idle."""
    server, _, start_ms = start(bench, data, key)
    try:
        time.sleep(RESTED_S)
        return (start_ms, *memory(bench, server.pid))
    finally:
        server.stop()


def measure_empty(bench, folder):
    """MiB of a server that nobody has told anything."""
    found = []
    for number in range(bench.PAIRS):
        data = os.path.join(folder, f"empty-{number}")
        os.mkdir(data)
        server = bench.start_guidon(data, bench.free_port())
        try:
            time.sleep(RESTED_S)
            found.append(memory(bench, server.pid))
        finally:
            server.stop()
    return found


def binary_mb(bench, folder):
    stripped = os.path.join(folder, "stripped")
    subprocess.run(["strip", "-o", stripped, os.path.join(bench.BUILD, "guidon")], check=True)
    return os.path.getsize(stripped) / 1e6


# ---- a tenth of a core ---------------------------------------------------------------------------
def group_settings():
    """Folders of a control group and what goes into their files, for either version."""
    quota = int(SHARE * PERIOD_US)
    if os.path.exists(f"{GROUPS}/cgroup.controllers"):
        return {GROUPS: {"cpu.max": f"{quota} {PERIOD_US}", "memory.max": str(MEMORY_BYTES)}}
    return {f"{GROUPS}/cpu": {"cpu.cfs_period_us": str(PERIOD_US), "cpu.cfs_quota_us": str(quota)},
            f"{GROUPS}/memory": {"memory.limit_in_bytes": str(MEMORY_BYTES)}}


@contextlib.contextmanager
def confined():
    """What to put before a command so that it may use no more; the groups go when it is over.

    It is there before it begins: memory belongs to the group its process was in when it was asked for."""
    made = []
    try:
        try:
            for parent, settings in group_settings().items():
                group = os.path.join(parent, f"guidon-bench-{os.getpid()}")
                os.mkdir(group)
                made.append(group)
                for name, value in settings.items():
                    with open(os.path.join(group, name), "w", encoding="ascii") as file:
                        file.write(value)
        except OSError as why:
            raise Skipped(f"no control groups here: {why}") from None
        yield ["sh", "-c", JOIN.format(" ".join(made)), "sh"]
    finally:
        for group in made:
            os.rmdir(group)


def confined_window(bench, data, key):
    """Requests a second, and how much of a core they took."""
    posted = {"body": json.dumps(QUESTION), "media": "application/json"}
    with confined() as before:
        server, client, _ = start(bench, data, key, before, ("--loops", "1"))
        try:
            url = f"http://127.0.0.1:{client.connection.port}/ofrep/v1/evaluate/flags/flag-001"
            window = bench.load_window(server, url, client.headers, posted)
            if server.process.poll() is not None:
                raise SystemExit("bench: the server did not live within 32 MiB")
            return window["rate"], window["rate"] * window["cpu_us"] / 1e4
        finally:
            server.stop()


def measure_confined(bench, data, key):
    """Windows, or why there are none."""
    try:
        return [confined_window(bench, data, key) for _ in range(bench.PAIRS)]
    except Skipped as why:
        return str(why)


def measure(bench, folder):
    rests, where = {}, {}
    for flags in STARTS:
        where[flags] = populated(bench, folder, flags)
    for flags, (data, key) in where.items():
        rests[flags] = [rest(bench, data, key) for _ in range(bench.PAIRS)]
    return {"rests": rests, "empty": measure_empty(bench, folder),
            "binary": binary_mb(bench, folder), "confined": measure_confined(bench, *where[1000])}


def add_rows(bench, found):
    add = bench.results.add
    for flags, rests in found["rests"].items():
        what, is_named = f"{flags:,} flags on disk", flags == 5000
        add(f"start-{flags}", f"cold start to the first answer, {what}", "ms", [r[0] for r in rests],
            1, target="<= 100" if is_named else "")
        add(f"memory-{flags}", f"idle memory, {what}", "MiB resident", [r[1] for r in rests], 1,
            target="<= 20" if is_named else "")
        add(f"memory-{flags}-own", f"idle memory, {what}", "MiB of its own", [r[2] for r in rests], 1)
    add("memory-empty", "idle memory, empty", "MiB resident", [r[0] for r in found["empty"]], 1,
        target="<= 8")
    add("memory-empty-own", "idle memory, empty", "MiB of its own", [r[1] for r in found["empty"]], 1)
    add("memory-rehearser", "the processes that play rehearsals, idle", "MiB, their share",
        [r[2] for r in found["empty"]], 1)
    add("binary", "the stripped binary", "MB", [found["binary"]], 2, target="<= 6")
    what = "OFREP, one flag of 1,000, on 0.1 of a core and 32 MiB"
    if isinstance(found["confined"], str):
        bench.results.absent("confined-rate", what, found["confined"])
    else:
        add("confined-rate", what, "evaluations/s", [each[0] for each in found["confined"]], 0,
            target=">= 5000")
        add("confined-cpu", what, "% of a core", [each[1] for each in found["confined"]], 1)
