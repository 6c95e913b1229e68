# SPDX-License-Identifier: Apache-2.0
"""What all of them share: confirmations, dry runs, forms of output, hostile names, exit codes."""
import json
import re

import pytest

CHANGES = [("flag", "off", "one"), ("flag", "delete", "one"), ("flag", "rollout", "one", "10"),
           ("flag", "set", "one", "owner=ann"), ("flag", "archive", "one"),
           ("flag", "restore", "one", "1"), ("change", "restore", "1"),
           ("experiment", "start", "trial")]


@pytest.fixture
def production(guidon):
    """Two flags where changes are confirmed; making some is not one."""
    guidon.run("flag", "create", "one", "--on").ok()
    guidon.run("experiment", "create", "trial").ok()
    return guidon


def version(cli):
    return cli.run("change", "list", "--limit", "1").ok().json()["version"]


# ---- confirmations ---------------------------------------------------------------------------------
@pytest.mark.parametrize("words", CHANGES)
def test_a_script_has_to_say_yes(production, words):
    before = version(production)
    refused = production.run(*words).ended(4)
    assert refused.out == "" and "needs a confirmation" in refused.err and "--yes" in refused.err
    assert version(production) == before


@pytest.mark.parametrize("words", CHANGES)
def test_a_person_types_where(production, words):
    before = version(production)
    refused = production.terminal(*words, answers=[("Type production to go on: ", "yes")]).ended(4)
    assert "nothing was changed" in refused.plain and version(production) == before
    production.terminal(*words, answers=[("Type production to go on: ", "production")]).ok()
    assert version(production) == before + 1


def test_yes_goes_before_the_question(production):
    assert "Type" not in production.terminal("flag", "off", "one", "--yes").ok().plain


def test_elsewhere_nobody_is_asked(production):
    production.run("flag", "create", "one", "--env", "staging").ok()
    production.run("flag", "delete", "one", "--env", "staging").ok()


# ---- dry runs, conditions --------------------------------------------------------------------------
@pytest.mark.parametrize("words", CHANGES)
def test_a_dry_run_asks_nobody_and_changes_nothing(production, words):
    before = version(production)
    report = production.run(*words, "--dry-run").ok().json()
    assert report["changes"] and isinstance(report["affected"], list)
    assert version(production) == before
    assert production.terminal(*words, "-n").ok().plain.split()[0] in ("update", "delete")


def test_a_change_holds_on_to_what_was_seen(production):
    shown = production.terminal("flag", "get", "one").ok().plain
    tag = re.search(r"^Tag +(\S+)$", shown, re.M).group(1)
    production.run("flag", "off", "one", "--if-match", tag, "--yes").ok()
    stale = production.run("flag", "on", "one", "--if-match", tag, "--yes").ended(6)
    assert stale.out == "" and stale.err.startswith("error: ")


# ---- forms -----------------------------------------------------------------------------------------
def test_forms_of_the_same_answer(production):
    as_json = production.terminal("flag", "get", "one", "-o", "json").ok()
    assert json.loads(as_json.plain)["document"]["key"] == "one" and "\x1b" not in as_json.out
    assert production.run("flag", "list", "-o", "table").ok().lines[0].startswith("KEY")
    assert "\t" in production.terminal("flag", "list", "-o", "tsv").ok().out
    assert "table" in production.run("flag", "list", "-o", "yaml").ended(4).err


def test_no_colour_where_it_is_not_wanted(production):
    assert "\x1b[1mKEY" in production.terminal("flag", "list").ok().out
    for variables in ({"NO_COLOR": 1}, {"TERM": "dumb"}):
        assert "\x1b" not in production.having(**variables).terminal("flag", "list").ok().out


def test_quiet_says_nothing_but_what_was_asked_for(production):
    assert production.terminal("flag", "off", "one", "-y", "-q").ok().out == ""
    assert production.terminal("flag", "list", "-q").ok().plain.startswith("KEY")


def test_an_error_as_data(production):
    refused = production.run("flag", "get", "nothing", "-o", "json").ended(3)
    told = json.loads(refused.err)
    assert told["exitStatus"] == 3 and told["error"] and told["problem"]["status"] == 404


# ---- hostile names ---------------------------------------------------------------------------------
HOSTILE = ["\x1b]0;title\x07", "a\tb\nc\r", "x" * 900, "ünïcødé ✓ 日本語", "\x7f\u0085\u202eabc",
           "\u200b\u2066", "; rm -rf ~", "%s%n", "--yes"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_breaks_no_table(production, text):
    staging = production.having()
    words = ("--env", "staging")
    staging.run("flag", "create", "one", "--tag", "x", *words).ok()
    patch = {"owner": text, "description": text}
    accepted = staging.run("flag", "patch", "one", json.dumps(patch), *words).status == 0
    staging.run("app", "create", f"app {text}")
    staging.run("key", "create", "server", f"--name={text}", *words)
    for asked in (("flag", "list"), ("flag", "get", "one"), ("key", "list"), ("app", "list"),
                  ("flag", "history", "one"), ("change", "list")):
        shown = staging.terminal(*asked, *words, columns=90).ok()
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x7f\x80-\x9f\u202e\u2066\u200b]",
                             shown.plain.replace("\x1b", "")), asked
        assert not re.search(r"\x1b(?!\[[0-9;]*m)", shown.out), asked
        if asked[1] == "list":
            assert max(map(len, shown.plain.splitlines())) <= 90, asked
    rows = staging.run("flag", "list", "-o", "tsv", *words).ok()
    assert [len(row) for row in rows.fields()] == [7]
    if accepted:
        got = staging.run("flag", "get", "one", *words).ok().json()["document"]
        assert got["owner"] == text.strip() or got["owner"] == text


@pytest.mark.parametrize("key", ["../../apps", "a/b?c#d", "%2e%2e", "a b", "\u202e", "é" * 50])
def test_a_hostile_key_goes_nowhere_else(production, key):
    refused = production.run("flag", "get", key)
    assert refused.status in (1, 3) and refused.out == ""
    assert production.run("flag", "on", key, "--yes").status in (1, 3)


# ---- other ends ------------------------------------------------------------------------------------
def test_no_server(production):
    lost = production.having(GUIDON_API="http://127.0.0.1:1", GUIDON_TOKEN="nobodys-token")
    for words in (("flag", "list"), ("flag", "off", "one", "--yes"), ("why", "one", "ann")):
        refused = lost.run(*words).ended(8)
        assert "no answer from http://127.0.0.1:1" in refused.err and "--api" in refused.err


def test_a_word_that_is_no_verb(production):
    refused = production.run("flag", "lst").ended(4)
    assert "did you mean `guidon flag list`?" in refused.err
    assert "there is no option --nothing" in production.run("flag", "list", "--nothing").ended(4).err
    assert "one word too many" in production.run("flag", "get", "a", "b").ended(4).err


NOUNS = ["flag", "segment", "experiment", "cohort", "group", "change", "app", "env", "key", "token",
         "user", "deployment"]


@pytest.mark.parametrize("noun", NOUNS)
def test_help_begins_with_examples_and_fits(stranger, noun):
    shown = stranger.run(noun, "--help").ok()
    assert f"  guidon {noun} " in shown.out and len(shown.lines) <= 24
    assert max(map(len, shown.lines)) <= 100
    for line in shown.lines:
        found = re.match(rf"  {noun} (\S+) ", line)
        if found:
            told = stranger.run(noun, found.group(1), "--help").ok()
            assert told.lines[0].startswith("  guidon ") and len(told.lines) <= 24
