#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the commands behind promises, and records what those that only count tests counted.

    proofs/prove.py            every promise's tests of the commit tier
    proofs/prove.py D3 S5      these promises, campaigns too

A proof of promises.json with a "run" records its own figures when its command runs; of any other,
what is recorded is how many tests passed. A command that several promises share runs once.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

from record import ROOT, record
from report import load_promises


def run(command, environment):
    """(passed, failed, skipped), as tools/suite counts them."""
    if command.startswith("pytest "):
        command = f"{sys.executable} -m pytest -q -p no:cacheprovider {command.removeprefix('pytest ')}"
    with tempfile.TemporaryDirectory() as logs:
        subprocess.run([ROOT / "tools/suite", "proof", "sh", "-c", command], cwd=ROOT, check=True,
                       env={**environment, "SUITE_LOGS": logs}, stdout=subprocess.DEVNULL)
        for line in pathlib.Path(logs, "proof.log").read_text(errors="replace").splitlines():
            if line.startswith("proof: "):
                print(line)
        passed, failed, skipped, _ = pathlib.Path(logs, "proof.result").read_text().split()
        if int(failed):
            print(pathlib.Path(logs, "proof.log").read_text(errors="replace")[-4000:])
    return int(passed), int(failed), int(skipped)


def chosen_proofs(wanted):
    """command -> (the promises that rest on it, its run or None), in the order of the page."""
    chosen = {}
    for promise in load_promises():
        if wanted and promise["id"] not in wanted:
            continue
        for proof in promise.get("proofs", []):
            if not wanted and proof.get("tier", "commit") != "commit":
                continue
            ids, _ = chosen.setdefault(proof["command"], ([], proof.get("run")))
            ids.append(promise["id"])
    return chosen


def main(wanted):
    unknown = set(wanted) - {promise["id"] for promise in load_promises()}
    if unknown:
        raise SystemExit(f"prove.py: no such promise: {' '.join(sorted(unknown))}")
    failures = 0
    for command, (ids, own_run) in chosen_proofs(wanted).items():
        print(f"{' '.join(ids)}: {command}", flush=True)
        passed, failed, skipped = run(command, dict(os.environ))
        failures += failed
        if own_run is None or failed:
            record(" ".join(ids), command, passed=passed, failed=failed, skipped=skipped)
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
