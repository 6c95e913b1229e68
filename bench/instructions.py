#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""instructions - how many instructions each hot journey takes, held against bench/instructions.json.

    bench/instructions.py            fails when a journey costs more than TOLERANCE above what is kept
    bench/instructions.py --accept   keeps what is measured now
    bench/instructions.py --print    says what is measured now

Callgrind counts; time plays no part, so a busy machine gives the same figures. What is kept belongs
to a compiler, a C library and a processor family: elsewhere nothing is compared, which is said.
BUILD (build) and INSTRUCTION_REQUESTS (200) may be set.
"""
import glob
import json
import os
import platform
import re
import subprocess
import sys
import tempfile

import evaluation
import journeys
import ofrep
import run as bench

KEPT = os.path.join(bench.ROOT, "bench", "instructions.json")
REQUESTS = int(os.environ.get("INSTRUCTION_REQUESTS", "200"))
TOLERANCE = 0.03
SECONDS_MAX = 300
# The C library picks its string functions by processor; callgrind follows the machine it runs on.
PLAIN_LIBC = "glibc.cpu.hwcaps=-AVX2,-AVX,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,-MOVBE,-BMI2"
MEANING = {
    "public-config-200": "`public-config`, 100 flags",
    "public-config-304": "`public-config`, unchanged",
    "vardata": "`/sdk/v2/vardata`, 100 flags of 3 segments",
    "ofrep-one": "OFREP, one flag",
    "ofrep-all": f"OFREP, all of {ofrep.FLAGS} flags",
    "ofrep-304": f"OFREP, all of {ofrep.FLAGS} flags, unchanged",
    "json_parse": "parsing one user of ten fields",
    "evaluate_flag": "deciding one flag of 3 segments",
}


def machine():
    """What must be the same for figures to be the same."""
    compiler = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True,
                              check=True).stdout.strip()
    return {"compiler": f"gcc {compiler}", "libc": " ".join(platform.libc_ver()),
            "processor": platform.machine()}


# ---- counting ------------------------------------------------------------------------------------
def count(folder):
    """Instructions per journey and request."""
    data, asked, flags = journeys.prepare(bench, folder)
    user = json.dumps({"user": evaluation.user_of(1)})
    files = [journeys.write(folder, "flags.json", flags), journeys.write(folder, "user.json", user)]
    requests = [f"{name}={path}" for name, path in journeys.write_all(folder, asked).items()]
    command = ["valgrind", "--tool=callgrind", "--quiet", "--instr-atstart=no",
               f"--callgrind-out-file={folder}/counts",
               os.path.join(bench.BUILD, "bench", "instructions"), data, str(bench.free_port()),
               str(REQUESTS), *files, *requests]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS_MAX,
                          env={**os.environ, "GLIBC_TUNABLES": PLAIN_LIBC, "LC_ALL": "C"})
    decided = re.search(r"^flags (\d+)$", done.stdout, re.M)
    if done.returncode != 0 or not decided:
        sys.exit(f"instructions: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    totals = read_dumps(folder)
    rounds = {name: REQUESTS for name in totals}
    rounds["evaluate_flag"] *= int(decided.group(1))
    return {name: round(totals[name] / rounds[name]) for name in MEANING}


def read_dumps(folder):
    """What was counted for each journey: the least of its rounds."""
    totals = {}
    for path in glob.glob(os.path.join(folder, "counts.*")):
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        name = re.search(r"^desc: Trigger: Client Request: ([\w-]+)", text, re.M)
        total = re.search(r"^totals: (\d+)", text, re.M)
        if name and total:
            journey, counted = name.group(1), int(total.group(1))
            totals[journey] = min(totals.get(journey, counted), counted)
    missing = [name for name in MEANING if not totals.get(name)]
    if missing:
        sys.exit(f"instructions: callgrind counted nothing for {', '.join(missing)}")
    return totals


# ---- holding against what is kept ----------------------------------------------------------------
def accept(counted):
    with open(KEPT, "w", encoding="utf-8") as file:
        json.dump({"machine": machine(), "tolerance": TOLERANCE, "journeys": counted}, file, indent=2)
        file.write("\n")


def judge(kept, counted):
    """A line for each journey, and how many cost too much."""
    lines, failures = [], 0
    for name, now in counted.items():
        before = kept["journeys"].get(name)
        if before is None:
            lines.append(f"{name}: {now:,}, not kept yet: make instructions-accept")
            failures += 1
            continue
        change, word = now / before - 1, "ok"
        if now > before * (1 + kept["tolerance"]):
            word, failures = "COSTS MORE", failures + 1
        elif now < before * (1 - kept["tolerance"]):
            word = "costs less: make instructions-accept keeps it so"
        lines.append(f"{name}: {now:,} instructions, kept {before:,} ({change:+.1%}) {word}")
    return lines, failures


def check(counted_by):
    with open(KEPT, encoding="utf-8") as file:
        kept = json.load(file)
    if kept["machine"] != machine():
        print(f"instructions: kept on {kept['machine']}, this is {machine()}: not compared\n"
              f"instructions: 0 passed, 0 failed, {len(kept['journeys'])} skipped")
        return 0
    counted = counted_by()
    lines, failures = judge(kept, counted)
    print("\n".join(lines))
    print(f"instructions: {len(counted) - failures} passed, {failures} failed")
    return 1 if failures else 0


def measured():
    with tempfile.TemporaryDirectory(prefix="guidon-instructions-") as folder:
        return count(folder)


def main(arguments):
    if arguments == ["--accept"]:
        accept(measured())
    elif arguments == ["--print"]:
        print(json.dumps(measured(), indent=2))
    elif arguments:
        sys.exit(__doc__)
    else:
        sys.exit(check(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
