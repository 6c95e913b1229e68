#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the tests notice? Changes the evaluator, authorisation and limits one place at a time (promise E2).

    tests/mutation/mutants.py BUILD [--per-file N] [--seed S] [--jobs J] [--minutes M] [FILE...]
    tests/mutation/mutants.py BUILD --list FILE        all mutants of a file, none run

BUILD is made by `make mutation-parts`. What was found is kept in BUILD/mutation/results.jsonl: killed
mutants are not run twice while their file is as it was, survivors are. Those of equivalent.json, which no
test could kill, are run once and do not count; one that a test kills counts as killed. Fails when a
group's score is below 95 %.
"""
import argparse
import concurrent.futures
import json
import pathlib
import random
import sys
import time

import mutate
import plan
import workshop

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "proofs"))
from record import record  # noqa: E402

TARGET_PERCENT = 95


def read_words():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--per-file", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=55)
    parser.add_argument("--list", action="store_true")
    return parser.parse_intermixed_args()


def clang_flags(shop, path):
    """What clang is to know of the compiler's words: where things are and what is defined."""
    words = [word for word in shop.compiler[1:] if word.startswith(("-I", "-D", "-std="))]
    # -isystem takes the next word.
    systems = [part for index, word in enumerate(shop.compiler) if word == "-isystem"
               for part in shop.compiler[index:index + 2]]
    return [*words, *systems, *shop.includes(plan.room_of(path))]


def sample(shop, path, count, seed):
    """The same ones for the same file and seed; a larger sample has a smaller one in it."""
    found = mutate.mutants_of(ROOT, path, clang_flags(shop, path))
    drawn = random.Random(f"{seed} {path}").sample(found, len(found))
    return sorted(drawn[:count] if count > 0 else drawn, key=lambda one: one["offset"]), len(found)


def read_equivalents():
    rows = json.loads((ROOT / "tests/mutation/equivalent.json").read_text(encoding="utf-8"))
    return {(row["file"], row["function"], row["was"], row["becomes"]) for row in rows}


def is_equivalent(mutant, equivalents):
    return (mutant["file"], mutant["function"], mutant["was"], mutant["becomes"]) in equivalents


def read_results(path):
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row["key"]: row for row in rows}


def is_settled(row, equivalents):
    return row is not None and (row["status"] != "survived" or is_equivalent(row, equivalents))


def hunt(shop, mutants, known, equivalents, results_path, minutes):
    """Judges each mutant that is not settled; what there was no time for is left out."""
    kills, ends = {}, time.monotonic() + 60 * minutes
    for row in known.values():
        if row["status"] == "killed":
            kills[(row["file"], row["by"])] = kills.get((row["file"], row["by"]), 0) + 1
    originals = {path: shop.original(path) for path in {one["file"] for one in mutants}}
    print(f"{len(shop.tests)} tests, {sum(test['seconds'] for test in shop.tests):.0f} s", flush=True)
    settled, open_ones = [], []
    for one in mutants:
        row = known.get(one["key"])
        if is_settled(row, equivalents):
            settled.append({**one, **{name: row[name] for name in ("status", "by", "how") if name in row}})
        else:
            open_ones.append(one)

    def judge(mutant):
        if time.monotonic() > ends:
            return None
        return shop.judge(mutant, kills, originals)

    with concurrent.futures.ThreadPoolExecutor(shop.jobs) as pool, open(results_path, "a", encoding="utf-8") as file:
        for judged in concurrent.futures.as_completed([pool.submit(judge, one) for one in open_ones]):
            row = judged.result()
            if row is None:
                continue
            settled.append(row)
            file.write(json.dumps(row) + "\n")
            file.flush()
            if row["status"] == "survived":
                print(f"survived: {row['file']}:{row['line']} {row['function']}: {row['was']}  ->  {row['becomes']}"
                      f"  ({row['tried']} tests)", flush=True)
    return settled


def score(rows, equivalents):
    """Figures of a group; stillborn mutants do not count, nor ones that compile to the same code."""
    counted = [row for row in rows if row["status"] in ("killed", "survived")]
    killed = sum(row["status"] == "killed" for row in counted)
    equivalent = sum(row["status"] == "survived" and is_equivalent(row, equivalents) for row in counted)
    rest = len(counted) - equivalent
    return {"mutants": len(counted), "killed": killed, "equivalent": equivalent, "survived": rest - killed,
            "score_percent": round(100 * killed / rest, 1) if rest else 0.0,
            "equivalent_percent": round(100 * equivalent / len(counted), 1) if counted else 0.0,
            "same_code": sum(row["status"] == "identical" for row in rows),
            "endless": sum(row.get("how") == "endless" for row in counted)}


def report(rows, equivalents, words):
    good = True
    for group in plan.GROUPS:
        of_group = [row for row in rows if plan.group_of(ROOT, row["file"]) == group]
        if not of_group:
            continue
        print(f"\n{group:44} {'mutants':>8} {'killed':>7} {'equivalent':>11} {'score':>6}")
        for path in sorted({row["file"] for row in of_group}):
            figures = score([row for row in of_group if row["file"] == path], equivalents)
            print(f"{path:44} {figures['mutants']:8} {figures['killed']:7} {figures['equivalent']:11} "
                  f"{figures['score_percent']:6}")
        killers = {}
        for row in of_group:
            if row["status"] == "killed":
                killers[row["by"]] = killers.get(row["by"], 0) + 1
        for name, count in sorted(killers.items(), key=lambda pair: -pair[1])[:6]:
            print(f"  {count:4} killed by {name}")
        figures = score(of_group, equivalents)
        good = good and figures["score_percent"] >= TARGET_PERCENT
        if not words.files:
            record("E2", f"mutants-{group}", **figures, seed=words.seed, per_file=words.per_file)
    return good


def main():
    words = read_words()
    shop = workshop.Workshop(ROOT, words.build, words.jobs)
    everything = [path for group in plan.GROUPS for path in plan.files(ROOT, group)]
    files = words.files or everything
    chosen, made = [], 0
    for path in files:
        mutants, count = sample(shop, path, 0 if words.list else words.per_file, words.seed)
        chosen += mutants
        made += count
    if words.list:
        for one in chosen:
            print(f"{one['file']}:{one['line']} {one['operator']}: {one['was']}  ->  {one['becomes']}")
        return 0
    for one in chosen:
        one["key"] = workshop.fingerprint(ROOT, one)
    print(f"{len(chosen)} of {made} mutants in {len(files)} files, seed {words.seed}", flush=True)
    shop.prepare(everything)
    results_path = shop.place / "results.jsonl"
    equivalents = read_equivalents()
    rows = hunt(shop, chosen, read_results(results_path), equivalents, results_path, words.minutes)
    good = report(rows, equivalents, words)
    if len(rows) < len(chosen):
        print(f"{len(chosen) - len(rows)} mutants not tried for want of time")
    print("1 passed" if good else "1 failed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
