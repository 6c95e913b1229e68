# SPDX-License-Identifier: Apache-2.0
"""audit list, export, verify."""
import hashlib
import json
import sqlite3

import pytest

from cli import Cli


@pytest.fixture
def trail(guidon, admin):
    """An exported trail with all kinds of rows, and its lines, newest first."""
    guidon.run("flag", "create", "one", "--on").ok()
    guidon.run("flag", "off", "one", "--yes").ok()
    admin.call("POST", "/admin/v1/users", {"email": f"{guidon.place.name}@example.com",
                                           "role": "viewer"})
    guidon.run("flag", "delete", "one", "--yes").ok()
    guidon.run("audit", "export", "-O", "trail.ndjson").ok()
    return guidon


def lines(cli):
    return (cli.work / "trail.ndjson").read_text().splitlines()


def verify(cli, rows, *more):
    cli.write("rows.ndjson", "".join(row + "\n" for row in rows))
    return cli.having(GUIDON_API="http://127.0.0.1:9", GUIDON_TOKEN=None).run(
        "audit", "verify", "rows.ndjson", *more)


# ---- list ------------------------------------------------------------------------------------------
def test_rows_are_listed_newest_first(trail):
    rows = trail.run("audit", "list", "--limit", "3").ok().items()
    assert [row["action"] for row in rows][0] == "flag.delete"
    assert [row["sequence"] for row in rows] == sorted((r["sequence"] for r in rows), reverse=True)
    assert len(rows) == 3
    said = trail.terminal("audit", "list", "--limit", "1").ok().plain.splitlines()
    assert said[0].split() == ["SEQUENCE", "AT", "ACTOR", "ACTION", "ENVIRONMENT", "VERSION",
                               "SUBJECT"]
    assert "flag.delete" in said[1]


def test_rows_are_filtered(trail):
    def actions(*words):
        return [row["action"] for row in trail.run("audit", "list", *words).ok().items()]
    assert set(actions("--action", "flag.delete")) == {"flag.delete"}
    assert all(action.startswith("app.") for action in actions("--action", "app."))
    assert actions("--subject", "one", "--env", "production")[0] == "flag.delete"
    assert actions("--actor", "nobody@example.com") == []
    assert actions("--to", "2001-01-01") == [] and actions("--from", "2001-01-01")
    assert actions("--env", "staging") == []


@pytest.mark.parametrize("words, status", [(["--limit", "0"], 4), (["--from", "yesterday"], 1),
                                           (["--env", "nowhere"], 3)])
def test_lists_that_cannot_be(trail, words, status):
    assert trail.run("audit", "list", *words).ended(status).out == ""


# ---- export, verify --------------------------------------------------------------------------------
def test_an_export_is_whole(trail):
    rows = [json.loads(line) for line in lines(trail)]
    assert [row["sequence"] for row in rows] == list(range(len(rows), 0, -1))
    told = verify(trail, lines(trail)).ok().json()
    assert told == {"verified": True, "rows": len(rows), "hash": rows[0]["hash"], "firstBad": None}
    assert verify(trail, reversed(lines(trail))).ok().json() == told
    assert "Whole" in trail.terminal("audit", "verify", "trail.ndjson").ok().plain


def test_an_export_goes_to_standard_output_too(trail):
    done = trail.run("audit", "export").ok()
    assert done.lines == lines(trail) and "head" in done.err
    assert trail.run("audit", "verify", "-", input=done.out).ok().json()["verified"]


def test_many_pages_are_one_trail(guidon, app):
    for i in range(1100):
        assert app.create(f"flag-{i}", "bool", True).status_code == 201
    guidon.run("audit", "export", "-O", "trail.ndjson").ok()
    assert len(lines(guidon)) > 1100
    verify(guidon, lines(guidon)).ok()


def test_a_changed_member_is_noticed(trail):
    rows = lines(trail)
    for member in json.loads(rows[1]):
        row = json.loads(rows[1])
        row[member] = {"sequence": 77, "environment": 88, "version": 99, "at": "2031-01-01T00:00:00Z",
                       "detail": {"changes": []}, "hash": "0" * 64,
                       "previousHash": "0" * 64}.get(member, "another")
        refused = verify(trail, [rows[0], json.dumps(row), *rows[2:]]).ended(1)
        assert not refused.json()["verified"] and "the chain breaks at row" in refused.err, member


def test_the_first_bad_row_is_named(trail):
    rows = lines(trail)
    bad = json.loads(rows[2])
    sequence = bad["sequence"]
    refused = verify(trail, [*rows[:2], json.dumps({**bad, "actor": "eve"}), *rows[3:]]).ended(1)
    assert refused.json()["firstBad"] == sequence and f"row {sequence}:" in refused.err


def test_removed_added_and_moved_rows_are_noticed(trail):
    rows = lines(trail)
    bad = {"removed": rows[:2] + rows[3:], "removed at the start": rows[:-1], "none": [],
           "moved": [*rows[:2], rows[3], rows[2], *rows[4:]], "twice": [rows[0], *rows],
           "moved at the top": [rows[1], rows[0], *rows[2:]],
           "an added member": [*rows[:2], rows[2][:-1] + ',"note":"x"}', *rows[3:]],
           "no row": [*rows[:2], "{}", *rows[3:]], "no JSON": [*rows[:2], "nonsense", *rows[3:]],
           "cut in the line": [*rows[:2], rows[2][:40], *rows[3:]]}
    for what, changed in bad.items():
        refused = verify(trail, changed).ended(1)
        assert not refused.json()["verified"], what


def test_a_chain_made_anew_from_some_row_on_is_not_whole(trail):
    """Without rewriting all rows behind it, another hash for one does not help."""
    rows = [json.loads(line) for line in lines(trail)]
    row = rows[2]
    row["actor"] = "eve"
    text = json.dumps({"sequence": row["sequence"], "at": 0, "actor": "eve"})
    row["hash"] = hashlib.sha256(bytes.fromhex(row["previousHash"]) + text.encode()).hexdigest()
    verify(trail, [json.dumps(r) for r in rows]).ended(1)


def test_a_cut_at_the_end_shows_by_the_head(trail):
    rows = lines(trail)
    head = json.loads(rows[0])["hash"]
    verify(trail, rows, "--head", head).ok()
    verify(trail, rows, "--head", head.upper()).ok()
    verify(trail, rows[1:]).ok()
    assert "missing at the end" in verify(trail, rows[1:], "--head", head).ended(1).err
    assert trail.run("audit", "verify", "--head", head).ok().json()["hash"] == head
    trail.run("audit", "verify", "--head", "0" * 64).ended(1)
    assert "--head" in trail.run("audit", "verify", "--help").ok().out


def test_files_that_are_not_there(trail):
    assert trail.run("audit", "verify", "nowhere").ended(3).out == ""
    trail.run("audit", "export", "-O", "no/where").ended(3)


def test_who_sees_little_is_told_so(trail, admin):
    number = trail.kept("context")["environment"]
    token = admin.new_token([number])["token"]
    few = trail.having(GUIDON_TOKEN=token)
    done = few.run("audit", "export", "-O", "few.ndjson").ok()
    assert "no whole chain" in done.err
    few.run("audit", "verify", "few.ndjson").ended(1)
    few.run("audit", "verify").ended(5)


def test_the_server_verifies_its_own(new_server, tmp_path):
    server = new_server().start()
    (tmp_path / "person").mkdir()
    cli = Cli(tmp_path / "person").log_in(server)
    server.api().new_app("shop")
    assert cli.run("audit", "verify").ok().json()["verified"]
    server.stop()
    store = sqlite3.connect(server.data / "guidon.db")
    store.execute("UPDATE audit SET actor = 'eve' WHERE sequence = 2")
    store.commit()
    store.close()
    server.start()
    cli.log_in(server)
    refused = cli.run("audit", "verify").ended(1)
    assert refused.json()["firstBad"] == 2 and "tampered" in refused.err
    exported = cli.run("audit", "export", "-O", "trail.ndjson").ok()
    assert "no whole chain" in exported.err
    assert cli.run("audit", "verify", "trail.ndjson").ended(1).json()["firstBad"] == 2
