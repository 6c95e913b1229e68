# SPDX-License-Identifier: Apache-2.0
"""`flag` and `segment`: made, read, changed, switched, looked back at, brought back."""
import json
import re

import pytest

BETA = {"op": "match", "attribute": "/context/user/user_properties/plan", "operator": "text is",
        "value": ["pro"]}


@pytest.fixture
def staging(guidon, app):
    """The same, with an environment in use whose changes are not confirmed."""
    return guidon.use(app, "staging")


def document(cli, key, *more, noun="flag"):
    return cli.run(noun, "get", key, "--document", *more).ok().json()


def rule(identifier, when, variation):
    return {"id": identifier, "when": when, "serve": {"variation": variation}}


# ---- made ------------------------------------------------------------------------------------------
def test_a_flag_is_made_with_two_words(staging):
    made = staging.run("flag", "create", "dark-mode").ok().json()["document"]
    assert [v["value"] for v in made["variations"]] == [True, False]
    assert (made["enabled"], made["offVariation"]) == (False, "off")
    assert made["arithmetic"] == {"hash": "murmur3_32_utf8", "comparison": "text"}


def test_a_flag_is_made_with_all_that_can_be_said(staging):
    staging.run("flag", "create", "limit", "--type", "number", "--variation", "few=3",
                "--variation", "many=10", "--description", "how many", "--owner", "ann",
                "--tag", "web", "--tag", "cart", "--on").ok()
    made = document(staging, "limit")
    assert [(v["id"], v["value"]) for v in made["variations"]] == [("few", 3), ("many", 10)]
    assert made["tags"] == ["web", "cart"] and made["enabled"] is True
    assert (made["description"], made["owner"], made["offVariation"]) == ("how many", "ann", "many")


def test_a_value_that_is_no_json_goes_nowhere(staging):
    refused = staging.run("flag", "create", "limit", "--type", "number", "--variation", "few=three")
    assert "ID=VALUE" in refused.ended(4).err
    staging.run("flag", "get", "limit").ended(3)


def test_the_same_key_twice_is_a_conflict(staging):
    staging.run("flag", "create", "one").ok()
    assert "error:" in staging.run("flag", "create", "one").ended(6).err


def test_a_terminal_is_told_the_version_and_a_pipe_gets_the_flag(staging):
    assert staging.terminal("flag", "create", "one").ok().plain == "version 1\n"
    assert staging.run("flag", "create", "two").ok().json()["version"] == 2


# ---- read ------------------------------------------------------------------------------------------
@pytest.fixture
def three(staging):
    staging.run("flag", "create", "alpha", "--tag", "web", "--on").ok()
    staging.run("flag", "create", "beta", "--tag", "web", "--tag", "cart").ok()
    staging.run("experiment", "create", "gamma").ok()
    return staging


FILTERS = [((), ["alpha", "beta", "gamma"]), (("--tag", "web"), ["alpha", "beta"]),
           (("--tag", "cart"), ["beta"]), (("--kind", "experiment"), ["gamma"]),
           (("--enabled", "true"), ["alpha"]), (("--q", "et"), ["beta"]),
           (("--at", "1"), ["alpha"]), (("--archived", "true"), [])]


@pytest.mark.parametrize("words,keys", FILTERS)
def test_a_list_is_narrowed(three, words, keys):
    found = three.run("flag", "list", *words).ok().items()
    assert sorted(item["document"]["key"] for item in found) == keys
    assert sorted(row[0] for row in three.run("flag", "list", *words, "-o", "tsv").fields()) == keys


def test_a_terminal_gets_a_table(three):
    titles, *rows = three.terminal("flag", "list").ok().plain.splitlines()
    assert titles.split() == ["KEY", "KIND", "TYPE", "STATE", "TAGS", "BY", "CHANGED"]
    assert re.match(r"alpha +flag +boolean +on +web +owner@localhost", rows[0])
    assert re.match(r"beta +flag +boolean +off +web, cart +owner@localhost", rows[1])


def test_a_long_list_comes_page_after_page(staging):
    staging.run("flag", "create", "pattern").ok()
    pattern = staging.run("export").ok().json()["flags"][0]
    staging.write("many.json", {"format": "guidon.environment/1", "flags": [
        {**pattern, "key": f"flag-{n:04}"} for n in range(1203)]})
    staging.run("import", "many.json", "--apply").ok()
    assert len(staging.run("flag", "list").ok().lines) == 1204


def test_one_is_shown_with_its_tag_and_document(three):
    shown = three.terminal("flag", "get", "alpha").ok().plain
    assert re.search(r"^Key +alpha$", shown, re.M) and re.search(r"^State +on$", shown, re.M)
    assert re.search(r'^Tag +"\d+-1"$', shown, re.M)
    assert json.loads(shown[shown.index("{"):])["key"] == "alpha"


def test_the_document_alone_goes_back_as_it_came(three):
    before = three.run("flag", "get", "alpha", "--document").ok().out
    three.write("alpha.json", before)
    three.run("flag", "put", "alpha", "alpha.json").ok()
    assert three.run("flag", "get", "alpha", "--document").ok().out == before


def test_what_is_not_there_says_so(staging):
    refused = staging.run("flag", "get", "nothing").ended(3)
    assert refused.out == "" and refused.err.startswith("error: ")


# ---- changed ---------------------------------------------------------------------------------------
def test_put_makes_and_replaces(staging):
    staging.run("flag", "create", "one").ok()
    text = document(staging, "one")
    staging.write("two.json", {**text, "key": "two", "description": "made"})
    staging.run("flag", "put", "two", "two.json").ok()
    staging.run("flag", "put", "two", "-", input=json.dumps({**text, "key": "two"})).ok()
    assert document(staging, "two")["description"] == ""


def test_patch_takes_json_a_file_and_standard_input(staging):
    staging.run("flag", "create", "one").ok()
    staging.run("flag", "patch", "one", '{"owner":"ann"}').ok()
    staging.write("patch.json", {"description": "from a file"})
    staging.run("flag", "patch", "one", "@patch.json").ok()
    staging.run("flag", "patch", "one", "-", input='{"tags":["x"]}').ok()
    now = document(staging, "one")
    assert (now["owner"], now["description"], now["tags"]) == ("ann", "from a file", ["x"])


def test_set_changes_members_one_by_one(staging):
    staging.run("experiment", "create", "one").ok()
    staging.run("flag", "set", "one", "owner=ann", "experiment.type=no-harm", 'tags=["a","b"]',
                "experiment.sticky=true", "description=a = b").ok()
    now = document(staging, "one")
    assert (now["owner"], now["tags"], now["description"]) == ("ann", ["a", "b"], "a = b")
    assert now["experiment"]["type"] == "no-harm" and now["experiment"]["sticky"] is True
    staging.run("flag", "set", "one", "description=").ok()
    assert document(staging, "one")["description"] == ""


@pytest.mark.parametrize("pair", ["owner", "=ann", "", ".owner=ann", "a..b=1", "a.=1"])
def test_set_wants_a_name_and_a_value(staging, pair):
    staging.run("flag", "create", "one").ok()
    assert "NAME=VALUE" in staging.run("flag", "set", "one", pair).ended(4).err


def test_an_unknown_member_is_refused_with_its_place(staging):
    staging.run("flag", "create", "one").ok()
    assert "colour" in staging.run("flag", "set", "one", "colour=red").ended(1).err


def test_on_off_archive_and_back(staging):
    staging.run("flag", "create", "one").ok()
    for verb, member, value in [("on", "enabled", True), ("off", "enabled", False),
                                ("archive", "archived", True), ("unarchive", "archived", False)]:
        staging.run("flag", verb, "one").ok()
        assert document(staging, "one").get(member, False) is value


def test_a_rollout_is_counted_by_what_people_get(staging):
    staging.run("flag", "create", "one", "--on").ok()
    staging.run("flag", "rollout", "one", "25").ok()
    got = [staging.run("eval", "one", f"user-{n}", "--value").ok().out for n in range(40)]
    assert set(got) == {"true\n", "false\n"}
    staging.run("flag", "rollout", "one", "100%").ok()
    assert {staging.run("eval", "one", f"user-{n}", "--value").out for n in range(9)} == {"true\n"}
    staging.run("flag", "rollout", "one", "0").ok()
    assert {staging.run("eval", "one", f"user-{n}", "--value").out for n in range(9)} == {"false\n"}


def test_a_rollout_of_a_variation_that_is_named(staging):
    staging.run("flag", "create", "colour", "--type", "string", "--variation", "blue",
                "--variation", "green", "--variation", "none", "--on").ok()
    staging.run("flag", "rollout", "colour", "100", "--variation", "green").ok()
    assert staging.run("eval", "colour", "ann", "--value").ok().out == "green\n"


@pytest.mark.parametrize("percent", ["-1", "101", "12.5", "half", ""])
def test_a_share_is_a_whole_percent(staging, percent):
    staging.run("flag", "create", "one").ok()
    assert "0 to 100" in staging.run("flag", "rollout", "one", percent).ended(4).err


def make_typed(cli, key):
    """A flag that compares JSON values and splits tickets, as the vendor's flags do."""
    cli.run("flags", "create", "--key", key, "--type", "bool", "--value", "true").ok()
    cli.run("flag", "patch", key, json.dumps({"variations": [
        {"id": "on", "value": True}, {"id": "off", "value": False}], "offVariation": "off",
        "fallthrough": {"variation": "on"}, "enabled": True})).ok()
    assert document(cli, key)["arithmetic"]["comparison"] == "typed"


def test_a_rollout_of_a_typed_flag_splits_it(staging):
    make_typed(staging, "old")
    staging.run("flag", "rollout", "old", "30").ok()
    shares = document(staging, "old")["fallthrough"]["rollout"]["variations"]
    assert shares == [{"variation": "on", "weight": 30000}, {"variation": "off", "weight": 70000}]
    staging.run("flag", "rollout", "old", "50").ok()
    what = staging.run("flag", "history", "old", "-o", "tsv").ok().fields()[0][4]
    assert what == "fallthrough: 30 % on, 70 % off -> 50 % on, 50 % off"


def test_a_rollout_needs_two_variations(staging):
    staging.run("flags", "create", "--key", "one", "--type", "number", "--value", "3").ok()
    assert "flag edit" in staging.run("flag", "rollout", "one", "30").ended(1).err


def test_deleted_and_brought_back(staging):
    staging.run("flag", "create", "one", "--description", "precious").ok()
    staging.run("flag", "delete", "one").ok()
    staging.run("flag", "get", "one").ended(3)
    staging.run("flag", "restore", "one", "1").ok()
    assert document(staging, "one")["description"] == "precious"


# ---- one's own editor ------------------------------------------------------------------------------
def editing(cli, script):
    """With an editor that is a shell script; $1 is the file."""
    path = cli.work / "editor.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return cli.having(EDITOR=path, TMPDIR=cli.work)


def test_edit_puts_back_what_the_editor_left(staging):
    staging.run("flag", "create", "one").ok()
    edited = editing(staging, """sed -i 's/"owner": ""/"owner": "ann"/' "$1" """)
    assert edited.terminal("flag", "edit", "one").ok().plain == "version 2\n"
    assert document(staging, "one")["owner"] == "ann"
    assert list(staging.work.glob("guidon-*")) == []


def test_edit_without_a_change_changes_nothing(staging):
    staging.run("flag", "create", "one").ok()
    assert "nothing was changed" in editing(staging, "true").terminal("flag", "edit", "one").ok().out


def test_edit_keeps_the_text_that_was_refused(staging):
    staging.run("flag", "create", "one").ok()
    refused = editing(staging, 'echo "{" > "$1"').terminal("flag", "edit", "one").ended(1)
    kept = re.search(r"your text is in (\S+)", refused.plain).group(1)
    with open(kept, encoding="utf-8") as file:
        assert file.read() == "{\n"


def test_edit_notices_that_somebody_was_faster(staging):
    staging.run("flag", "create", "one").ok()
    slow = editing(staging, f"""{staging.bin}/guidon flag set one owner=bob > /dev/null
sed -i 's/"owner": ""/"owner": "ann"/' "$1" """)
    refused = slow.terminal("flag", "edit", "one").ended(6)
    assert "your text is in" in refused.plain
    assert document(staging, "one")["owner"] == "bob"


def test_an_editor_that_fails_changes_nothing(staging):
    staging.run("flag", "create", "one").ok()
    failed = editing(staging, 'echo x > "$1"; exit 3').terminal("flag", "edit", "one").ended(1)
    assert "nothing was changed" in failed.plain


def test_edit_without_a_terminal_says_what_to_use(staging):
    staging.run("flag", "create", "one").ok()
    assert "patch" in staging.run("flag", "edit", "one").ended(4).err


# ---- looked back at --------------------------------------------------------------------------------
@pytest.fixture
def history(staging):
    staging.run("flag", "create", "one").ok()
    staging.run("flag", "on", "one").ok()
    staging.run("flag", "rollout", "one", "20").ok()
    staging.run("flag", "patch", "one", json.dumps({"rules": [rule("pros", BETA, "on")]})).ok()
    wider = {**BETA, "value": ["pro", "team"]}
    staging.run("flag", "patch", "one", json.dumps({"rules": [rule("pros", wider, "on")]})).ok()
    return staging


def test_history_says_what_changed(history):
    rows = history.run("flag", "history", "one", "-o", "tsv").ok().fields()
    assert [row[0] for row in rows] == ["5", "4", "3", "2", "1"]
    assert [row[4] for row in rows] == [
        "rule 1: plan text is {pro} -> plan text is {pro, team}",
        "rules added: if plan text is {pro} serve on",
        "fallthrough: on -> 20 % on, else off", "turned on", "created"]


def test_history_gives_programs_the_documents(history):
    newest, *_ = history.run("flag", "history", "one").ok().items()
    assert newest["document"] == document(history, "one")


def test_diff_in_words_and_as_data(history):
    shown = history.terminal("flag", "diff", "one", "1", "5").ended(2).plain
    assert shown.splitlines()[0] == "update flag one"
    assert "  turned on" in shown and "  fallthrough: on -> 20 % on, else off" in shown
    paths = [d["path"] for d in history.run("flag", "diff", "one", "4").ended(2).json()[0]["diff"]]
    assert paths == ["/rules/0/when/value/1"]
    assert history.run("flag", "diff", "one", "5").ended(0).json() == []


def test_get_as_of_a_version(history):
    assert document(history, "one", "--at", "1")["enabled"] is False
    assert history.run("flag", "get", "one", "--at", "nonsense").ended(1).err.startswith("error: ")


def test_restore_makes_it_what_it_was(history):
    dry = history.terminal("flag", "restore", "one", "1", "--dry-run").ok().plain
    assert "turned off" in dry and "may decide otherwise: one" in dry
    history.run("flag", "restore", "one", "1").ok()
    assert document(history, "one") == document(history, "one", "--at", "1")
    history.run("flag", "restore", "one", "first").ended(4)
    history.run("flag", "restore", "one", "99").ended(3)


def test_reach_tells_who_can_serve_it(history):
    rows = history.run("flag", "reach", "one").ok().items()
    assert rows and all(row["served"] == "yes" or row["why"] for row in rows), rows
    assert history.terminal("flag", "reach", "one").ok().plain.startswith("PROTOCOL")


# ---- segments --------------------------------------------------------------------------------------
def test_a_segment_from_the_first_to_the_last(staging):
    staging.write("beta.json", {"key": "beta", "included": ["ann"], "description": "first"})
    staging.run("segment", "put", "beta", "beta.json").ok()
    assert [i["document"]["key"] for i in staging.run("segment", "list").ok().items()] == ["beta"]
    staging.run("segment", "patch", "beta", '{"included":["ann","bob"]}').ok()
    assert document(staging, "beta", noun="segment")["included"] == ["ann", "bob"]
    what = [row[4] for row in staging.run("segment", "history", "beta", "-o", "tsv").fields()]
    assert what == ['included 2 added: "bob"', "created"]
    staging.terminal("segment", "diff", "beta", "1").ended(2)
    staging.run("segment", "restore", "beta", "1").ok()
    assert document(staging, "beta", noun="segment")["included"] == ["ann"]
    staging.run("segment", "delete", "beta").ok()
    staging.run("segment", "get", "beta").ended(3)


def test_a_segment_that_is_used_stays(staging):
    staging.write("beta.json", {"key": "beta", "included": ["ann"], "visibility": "client"})
    staging.run("segment", "put", "beta", "beta.json").ok()
    make_typed(staging, "one")
    staging.run("flag", "patch", "one", json.dumps(
        {"rules": [rule("testers", {"op": "segment", "segment": "beta"}, "on")]})).ok()
    assert re.search(r"^Used by flags +one$",
                     staging.terminal("segment", "get", "beta").ok().plain, re.M)
    staging.run("segment", "delete", "beta").ended(6)
