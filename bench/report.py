#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""report - the README's table of speed, docs/performance.md and its plots, out of bench/results.json.

    bench/report.py --print [FILE]    the whole table
    bench/report.py --write           the pages
    bench/report.py --check           fails when a page is not what --write would make of it
"""
import os
import sys

import pages
import results


def main(arguments):
    kept = results.load(arguments[1] if len(arguments) > 1 else results.KEPT)
    if arguments[:1] == ["--print"]:
        print(pages.table(kept["rows"]), kept["conditions"], sep="\n\n")
        return 0
    if arguments not in (["--write"], ["--check"]):
        sys.exit(__doc__)
    if not kept["rows"]:
        sys.exit("report.py: there are no results: make bench")
    stale = pages.stale(kept)
    if arguments == ["--check"]:
        for path in stale:
            print(f"report.py: {os.path.relpath(path, results.ROOT)} is not what --write makes")
        return 1 if stale else 0
    os.makedirs(pages.PLOTS, exist_ok=True)
    for path, text in stale.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
