#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a proof found, kept as one line of JSON.

    from record import record
    record("D1 D9", "kill", kills=500, lost=0, seed=7)

    proofs/record.py "D1 D9" kill kills=500 lost=0 seed=7

The promises it backs (promises.json says what they are), the name of the run, and its figures: numbers
or short texts, named with their unit. The line is printed, and appended to the file that GUIDON_PROOFS
names: `make campaign` names the ledger, other runs nothing.
"""
import datetime
import fcntl
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def commit():
    """The commit the tree is of; with a + when the tree differs from it, empty without git."""
    try:
        name = subprocess.run(["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, check=True,
                              capture_output=True, text=True).stdout.strip()
        changed = subprocess.run(["git", "status", "--porcelain", "--untracked-files=no"], cwd=ROOT,
                                 check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    # The ledger itself changes with every run.
    foreign = [line for line in changed.splitlines() if not line.endswith("proofs/ledger.jsonl")]
    return name + ("+" if foreign else "")


def record(promises, run, **figures):
    for name, value in figures.items():
        if not isinstance(value, (int, float, str)) or isinstance(value, bool):
            raise TypeError(f"{name}: a figure is a number or a text")
    entry = {
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "commit": commit(),
        "promises": promises.split(),
        "run": run,
        "figures": figures,
    }
    line = json.dumps(entry, ensure_ascii=False)
    print(f"proof: {line}", flush=True)
    ledger = os.environ.get("GUIDON_PROOFS")
    if ledger:
        with open(ledger, "a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(line + "\n")
    return entry


def figure_of(word):
    """name=value, the value a number where it is one."""
    name, found, text = word.partition("=")
    if not found or not name.isidentifier():
        raise SystemExit(f"record.py: {word}: not name=value")
    for kind in (int, float):
        try:
            return name, kind(text)
        except ValueError:
            continue
    return name, text


def main(arguments):
    if len(arguments) < 2:
        raise SystemExit(__doc__)
    record(arguments[0], arguments[1], **dict(figure_of(word) for word in arguments[2:]))


if __name__ == "__main__":
    main(sys.argv[1:])
