#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/guarantees.md and the README's table of reliability from promises and ledger.

    proofs/report.py --write
    proofs/report.py --check     fails when a page is not what this would write

A promise is shown with its commands and the last figures each gave; figures named under "sum" in
promises.json are added up over the whole ledger, since campaigns accumulate.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROMISES = ROOT / "proofs/promises.json"
LEDGER = ROOT / "proofs/ledger.jsonl"
PAGE = ROOT / "docs/guarantees.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- reliability: proofs/report.py -->", "<!-- end of reliability -->"


def load_promises():
    return [promise for topic in json.loads(PROMISES.read_text()) for promise in topic["promises"]]


def load_ledger():
    return [json.loads(line) for line in LEDGER.read_text().splitlines() if line.strip()]


def figure_text(value):
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}"


def name_text(name):
    """ready_p99_ms -> ready p99 ms"""
    return name.replace("_", " ")


def entries_of(ledger, promise_id, proof):
    run = proof.get("run", proof["command"])
    return [entry for entry in ledger if promise_id in entry["promises"] and
            (entry["run"] == run or entry["run"].startswith(run + "-"))]


def runs_of(entries):
    """The entries of each run by its name, in order of their first appearance."""
    runs = {}
    for entry in entries:
        runs.setdefault(entry["run"], []).append(entry)
    return runs


def figures_of(entries, sums):
    """The newest figures, with the sums over all instead of the newest where asked."""
    figures = dict(entries[-1]["figures"])
    for name in sums:
        if name in figures:
            figures[name] = sum(entry["figures"].get(name, 0) for entry in entries)
    return figures


def last_text(ledger, promise_id, proof):
    entries = entries_of(ledger, promise_id, proof)
    if not entries:
        return "not recorded yet"
    texts = []
    for name, same_run in runs_of(entries).items():
        shown = [f"{figure_text(value)} {name_text(figure)}" for figure, value
                 in figures_of(same_run, proof.get("sum", [])).items()
                 if figure != "seed"]
        prefix = "" if len(runs_of(entries)) == 1 else f"{name}: "
        texts.append(prefix + ", ".join(shown))
    newest = entries[-1]
    when = newest["date"] + (f", `{newest['commit']}`" if newest["commit"] else "")
    return "; ".join(texts) + f" ({when})"


def state_of(promise):
    if "waits" in promise:
        return f"waits: {promise['waits']}"
    return f"partly: {promise['lacks']}" if "lacks" in promise else "kept"


def page_text(topics, ledger):
    lines = [
        "# What is guaranteed, and how it is proved",
        "",
        "Each row is a sentence you may hold Guidon to, the commands that prove it, and the figures they last gave. `make prove`",
        "runs what belongs to every commit, `make prove PROMISES=\"D3 S5\"` all there is for these, `make campaign` the long tier, which adds",
        "up in `proofs/ledger.jsonl`. This page is written from that ledger by `proofs/report.py`; nothing in it is typed by hand.",
        "",
        "\"Kept\" means that all the promise names is tested; \"partly\" says what is not; \"waits\" names the part of the product it needs.",
        "",
    ]
    for topic in topics:
        lines += [f"## {topic['title']}", "", "| | promise | state | proved by | last figures |", "|---|---|---|---|---|"]
        for promise in topic["promises"]:
            commands, figures = [], []
            for proof in promise.get("proofs", []):
                commands.append(f"`{proof['command']}`")
                figures.append(last_text(ledger, promise["id"], proof))
            lines.append(f"| {promise['id']} | {promise['says']} | {state_of(promise)} | {'<br>'.join(commands)} | "
                         f"{'<br>'.join(figures)} |")
        lines.append("")
    return "\n".join(lines)


def readme_text(topics, ledger):
    """The promises that are marked for the first page, in one short table."""
    lines = ["| promised | last proof |", "|---|---|"]
    for topic in topics:
        for promise in topic["promises"]:
            shown = [proof for proof in promise.get("proofs", [])
                     if proof.get("readme") and entries_of(ledger, promise["id"], proof)]
            if shown:
                texts = "<br>".join(last_text(ledger, promise["id"], proof) for proof in shown)
                lines.append(f"| {promise['says']} ({promise['id']}) | {texts} |")
    return "\n".join(lines)


def put_between(text, begin, end, inside):
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"report.py: {begin} … {end} are not in the README")
    return f"{before}{begin}\n{inside}\n{end}{after}"


def pages():
    topics = json.loads(PROMISES.read_text())
    ledger = load_ledger()
    return {
        PAGE: page_text(topics, ledger),
        README: put_between(README.read_text(), BEGIN, END, readme_text(topics, ledger)),
    }


def main(arguments):
    if arguments == ["--write"]:
        for path, text in pages().items():
            path.write_text(text)
    elif arguments == ["--check"]:
        stale = [path.relative_to(ROOT) for path, text in pages().items()
                 if not path.exists() or path.read_text() != text]
        for path in stale:
            print(f"{path} is not what the ledger says: proofs/report.py --write")
        raise SystemExit(1 if stale else 0)
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
