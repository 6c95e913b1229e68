# SPDX-License-Identifier: Apache-2.0
"""docs/guarantees.md and the README's tables say what the ledger says, and every command is there."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "proofs"))
import record  # noqa: E402
import report  # noqa: E402


def test_pages_are_what_the_ledger_says():
    stale = [str(path.relative_to(ROOT)) for path, text in report.pages().items() if path.read_text() != text]
    assert not stale, "make guarantees puts it right"


def test_there_are_all_promises():
    ids = [promise["id"] for promise in report.load_promises()]
    assert len(ids) == len(set(ids)) == 53


def test_a_promise_is_proved_or_says_what_it_waits_for():
    for promise in report.load_promises():
        assert promise.get("proofs") or promise.get("waits") or promise.get("lacks"), promise["id"]


def test_every_command_exists():
    rules = "".join((ROOT / name).read_text() for name in ("Makefile", "tools/tasks.mk", "tools/campaign.mk"))
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", rules, re.M))
    patterns = [re.compile(pattern.replace("%", ".+")) for pattern in re.findall(r"^([a-z-]+-%):", rules, re.M)]
    rooms = re.search(r"^ROOMS := (.*)$", rules, re.M)[1].replace("/", "-").split()
    for promise in report.load_promises():
        for proof in promise.get("proofs", []):
            words = proof["command"].split()
            if words[0] == "make":
                for target in (word for word in words[1:] if "=" not in word):
                    known = target in targets or any(pattern.fullmatch(target) for pattern in patterns)
                    known = known or target.removeprefix("unit-") in rooms
                    known = known or (ROOT / "tests" / target).is_dir()
                    known = known or target.removeprefix("check-") in rules and target.startswith("check-")
                    assert known, f"{promise['id']}: make {target}"
            else:
                paths = [word for word in words if "/" in word and not word.startswith("-")]
                assert paths, f"{promise['id']}: {proof['command']} names no test"
                for path in paths:
                    assert (ROOT / path.partition("::")[0]).exists(), f"{promise['id']}: {path}"


def test_what_is_recorded_reads_back(tmp_path, monkeypatch):
    ledger = tmp_path / "ledger.jsonl"
    monkeypatch.setenv("GUIDON_PROOFS", str(ledger))
    for kills in (3, 4):
        record.record("D1", "kill", kills=kills, lost=0, ready_p99_ms=12.5)
    monkeypatch.setattr(report, "LEDGER", ledger)
    proof = {"command": "make campaign-kill", "run": "kill", "sum": ["kills"]}
    text = report.last_text(report.load_ledger(), "D1", proof)
    assert text.startswith("7 kills, 0 lost, 12.5 ready p99 ms (")
    assert report.last_text(report.load_ledger(), "D2", proof) == "not recorded yet"
