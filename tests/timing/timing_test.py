#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a wrong credential's time says how wrong it is (promise S8), by credential_timing.c.

    tests/timing/timing_test.py count PROGRAM    callgrind: every class costs exactly the same
    tests/timing/timing_test.py time PROGRAM     GUIDON_TIMINGS (1,000,000) of each class, Welch's t

GUIDON_SEED repeats a run of timings as far as time can be repeated.
"""
import collections
import glob
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "proofs"))
from record import record  # noqa: E402

T_MAX = 4.5
TIMINGS = int(os.environ.get("GUIDON_TIMINGS", "1000000"))
SEED = int(os.environ.get("GUIDON_SEED", str(int(time.time()))))
SECONDS_MAX = 900
# The widest registers would hide where a comparison of few bytes ends.
PLAIN_LIBC = "glibc.cpu.hwcaps=-AVX512VL,-AVX512BW,-AVX2,-AVX,-AVX2_Usable,-EVEX"
CONTROL = "naive"  # a comparison that stops at the first difference has to be found
CLASSES = {"key": {"right-prefix", "wrong-first-byte", "unknown", "revoked"},
           "token": {"right-head", "wrong-first-digit", "random"},
           "naive": {"wrong-first-byte", "wrong-last-byte"},
           "hash": {"byte-16", "byte-21", "byte-26", "byte-31"}}


def run(command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS_MAX,
                          env={**os.environ, **environment})
    if done.returncode != 0:
        sys.exit(f"timing_test: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


# ---- instructions --------------------------------------------------------------------------------
def counts_of(folder):
    """{subject: {class: instructions}}"""
    counts = collections.defaultdict(dict)
    for path in glob.glob(os.path.join(folder, "counts.*")):
        text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
        name = re.search(r"^desc: Trigger: Client Request: (\S+) (\S+)", text, re.M)
        total = re.search(r"^totals: (\d+)", text, re.M)
        if name and total:
            counts[name.group(1)][name.group(2)] = int(total.group(1))
    return counts


def count(program):
    with tempfile.TemporaryDirectory(prefix="guidon-timing-") as folder:
        run(["valgrind", "--tool=callgrind", "--quiet",
             f"--callgrind-out-file={folder}/counts", program, "count"], GLIBC_TUNABLES=PLAIN_LIBC)
        counts = counts_of(folder)
    failures = 0
    for subject, classes in CLASSES.items():
        found = counts[subject]
        if set(found) != classes:
            sys.exit(f"timing_test: {subject}: counted {sorted(found)}")
        least, most = min(found.values()), max(found.values())
        is_even = least > 0 and least == most
        is_good = is_even != (subject == CONTROL)
        failures += not is_good
        print(f"{subject}: {'ok' if is_good else 'NOT ok'}: {'even' if is_even else 'uneven'}, "
              f"{dict(sorted(found.items()))}")
    record("S8", "credential-instructions", uneven=failures,
           classes=sum(len(classes) for name, classes in CLASSES.items() if name != CONTROL))
    print(f"timing_test: {len(CLASSES) - failures} passed, {failures} failed")
    return 1 if failures else 0


# ---- time ----------------------------------------------------------------------------------------
def timings(program):
    print(f"timing_test: GUIDON_SEED={SEED}", flush=True)
    said = run([program, "time", str(TIMINGS), str(SEED)])
    worst, least, failures, pairs, control = 0.0, None, 0, 0, 0.0
    for line in said.splitlines():
        _, subject, first, second, value, number = line.split()
        t = abs(float(value))
        print(f"{subject}: {first} and {second}: t = {value} of {int(number):,} timings each")
        if subject == CONTROL:
            control = t
            continue
        pairs += 1
        failures += t >= T_MAX
        worst, least = max(worst, t), min(least or int(number), int(number))
    failures += control < T_MAX
    record("S8", "credential-timing", timings_of_a_class=least, pairs=pairs,
           largest_t=round(worst, 2), limit_t=T_MAX, control_t=round(control, 2), seed=SEED)
    print(f"timing_test: {pairs + 1 - failures} passed, {failures} failed")
    return 1 if failures or pairs != 9 else 0


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("count", "time"):
        sys.exit(__doc__)
    return (count if arguments[0] == "count" else timings)(arguments[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
