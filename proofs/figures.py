#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs programs that say what they found, and records it.

    proofs/figures.py "S9" fair-limits PROGRAM...

A program says so in lines of its output: `figures: sequences=3000 seed=7`. When one of them fails
nothing is recorded.
"""
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from record import figure_of, record  # noqa: E402


def figures_of(program):
    done = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False)
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        sys.exit(f"figures: {program} failed with {done.returncode}")
    found = re.findall(r"^figures: (.*)$", done.stdout, re.M)
    return dict(figure_of(word) for line in found for word in line.split())


def main(arguments):
    if len(arguments) < 3:
        sys.exit(__doc__)
    promises, run, *programs = arguments
    figures = {}
    for program in programs:
        figures.update(figures_of(program))
    record(promises, run, **figures)


if __name__ == "__main__":
    main(sys.argv[1:])
