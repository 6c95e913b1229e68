#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the differential tests and records what they counted.

    tests/differential/run.py PROGRAM...

A program ends with a line `figures: name=value …`; which promise that backs goes by its name.
"""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "proofs"))
from record import figure_of, record  # noqa: E402

PROOFS = {"evaluation": ("E1", "differential"), "documents": ("V1", "documents")}


def run(program):
    done = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="", flush=True)
    figures = [line for line in done.stdout.splitlines() if line.startswith("figures: ")]
    if done.returncode == 0 and figures:
        promises, name = PROOFS[pathlib.Path(program).name]
        record(promises, name, **dict(figure_of(word) for word in figures[-1].split()[1:]))
    return done.returncode


if __name__ == "__main__":
    sys.exit(max([1 if run(program) else 0 for program in sys.argv[1:]], default=1))
