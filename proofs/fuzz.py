#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every fuzz target for its share of the time, and how often each ran.

    proofs/fuzz.py BINARIES FOUND MINUTES [TARGET...]

BINARIES holds a program per target, FOUND what earlier runs kept. What a run finds joins the corpus in
fuzz/TARGET/corpus, minimised, as far as CORPUS_FILES and CORPUS_BYTES allow; a crash stays in FOUND and
fails the run. FUZZ_SEED=N repeats the choices of a run.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from record import ROOT, record

CORPUS_FILES = int(os.environ.get("CORPUS_FILES", "120"))
CORPUS_BYTES = int(os.environ.get("CORPUS_BYTES", str(4 * 1024)))  # of one input


def arguments(target, seconds, crashes, seed):
    words = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
             f"-seed={seed}", f"-artifact_prefix={crashes}/"]
    dictionary = ROOT / "fuzz" / target / f"{target}.dict"
    return words + ([f"-dict={dictionary}"] if dictionary.exists() else [])


def run(binary, target, found, seconds, seed):
    """(executions, crashes)"""
    kept, crashes = found / target, found / "crashes" / target
    kept.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(parents=True, exist_ok=True)
    before = set(crashes.iterdir())
    done = subprocess.run([binary, *arguments(target, seconds, crashes, seed), kept,
                           ROOT / "fuzz" / target / "corpus"], capture_output=True, text=True,
                          errors="replace", check=False)
    seen = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    if done.returncode != 0 or seen is None:
        print(done.stderr[-4000:])
    made = len(set(crashes.iterdir()) - before)
    return int(seen.group(1)) if seen else 0, max(made, int(done.returncode != 0))


def merge(binary, target, found):
    """Inputs that reach what the corpus does not, smallest first, into the corpus; how many."""
    corpus = ROOT / "fuzz" / target / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    room = CORPUS_FILES - len(list(corpus.iterdir()))
    with tempfile.TemporaryDirectory() as folder:
        fresh = pathlib.Path(folder)
        for file in corpus.iterdir():
            (fresh / file.name).write_bytes(file.read_bytes())
        subprocess.run([binary, "-merge=1", "-timeout=10", fresh, found / target], capture_output=True,
                       check=False)
        names = {file.name for file in corpus.iterdir()}
        added = sorted((file for file in fresh.iterdir() if file.name not in names
                        and file.stat().st_size <= CORPUS_BYTES), key=lambda file: file.stat().st_size)
        for file in added[:max(room, 0)]:
            (corpus / file.name).write_bytes(file.read_bytes())
    return min(len(added), max(room, 0))


def main(words):
    if len(words) < 3:
        raise SystemExit(__doc__)
    binaries, found, minutes = pathlib.Path(words[0]), pathlib.Path(words[1]), float(words[2])
    targets = words[3:] or sorted(path.name[:-len("_fuzz.c")] for path in (ROOT / "fuzz").glob("*_fuzz.c"))
    seconds = max(1, int(minutes * 60 / len(targets)))
    seed = int(os.environ.get("FUZZ_SEED", "0")) or int.from_bytes(os.urandom(3), "big") + 1
    print(f"{len(targets)} targets, {seconds} s each, FUZZ_SEED={seed}", flush=True)
    failed = 0
    for target in targets:
        executions, crashes = run(binaries / target, target, found, seconds, seed)
        added = merge(binaries / target, target, found) if crashes == 0 else 0
        record("S1", f"fuzz-{target}", executions=executions, crashes=crashes, seconds=seconds,
               corpus_added=added, seed=seed)
        failed += crashes > 0
    print(f"{len(targets) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
