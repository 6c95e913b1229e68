# SPDX-License-Identifier: Apache-2.0
"""`change`: an environment's versions, what each changed in words, and the way back."""
import json

import pytest


@pytest.fixture
def story(guidon, app):
    """Five versions: made, turned on, rolled out, a rule, a rule changed."""
    cli = guidon.use(app, "staging")
    cli.run("flag", "create", "one").ok()
    cli.run("flag", "on", "one").ok()
    cli.run("flag", "create", "two", "--type", "string", "--variation", "a", "--variation",
            "b").ok()
    for plans in (["pro"], ["pro", "team"]):
        cli.run("flag", "patch", "one", json.dumps({"rules": [{
            "id": "plans", "serve": {"variation": "on"}, "when": {
                "op": "match", "attribute": "/context/user/user_properties/plan",
                "operator": "text is", "value": plans}}]})).ok()
    return cli


def versions(cli, *words):
    return [item["version"] for item in cli.run("change", "list", *words).ok().items()]


def test_newest_first_and_narrowed(story):
    assert versions(story) == [5, 4, 3, 2, 1]
    assert versions(story, "--limit", "2") == [5, 4]
    assert versions(story, "--flag", "two") == [3]
    assert versions(story, "--by", "owner@") == [5, 4, 3, 2, 1] and versions(story, "--by", "x") == []
    assert versions(story, "--since", "1h") == [5, 4, 3, 2, 1]
    assert versions(story, "--since", "2099-01-01T00:00:00Z") == []


@pytest.mark.parametrize("words", [("--limit", "0"), ("--limit", "many"), ("--since", "soon"),
                                   ("--since", "2026-02-30T00:00:00Z"), ("--since", "h")])
def test_filters_that_make_no_sense(story, words):
    assert words[0] in story.run("change", "list", *words).ended(4).err


def test_a_version_in_words(story):
    shown = story.terminal("change", "show", "5").ok()
    assert "  rule 1: plan text is {pro} -> plan text is {pro, team}" in shown.plain.splitlines()
    assert "\x1b[33mupdate" in shown.out
    assert "  turned on" in story.terminal("change", "show", "2").ok().plain
    assert "\x1b[32mcreate\x1b[0m flag one" in story.terminal("change", "show", "1").ok().out
    told = story.run("change", "show", "5").ok().json()
    assert told["changes"][0]["diff"] == [
        {"op": "add", "path": "/rules/0/when/value/1", "to": "team"}]


@pytest.mark.parametrize("version", ["6", "x", "0", "-1"])
def test_a_version_that_is_not_there(story, version):
    assert story.run("change", "show", version).ended(3).out == ""


def test_what_differs_between_versions(story):
    shown = story.terminal("change", "diff", "1", "5").ended(2).plain
    assert shown.splitlines() == [
        "update flag one", "  turned on",
        "  rules added: if plan text is {pro, team} serve on", "create flag two"]
    assert story.run("change", "diff", "5").ended(0).json()["changes"] == []
    assert "nothing changes" in story.terminal("change", "diff", "5").ended(0).plain
    story.run("change", "diff", "99").ended(3)


def test_a_whole_environment_goes_back(story):
    dry = story.terminal("change", "restore", "1", "--dry-run").ok().plain
    assert "turned off" in dry and "delete flag two" in dry
    assert versions(story)[0] == 5
    assert "version 6" in story.terminal("change", "restore", "1").ok().plain
    assert story.run("change", "diff", "1", "6").ended(0)
    story.run("change", "restore", "first").ended(4)


def test_a_restore_holds_on_to_what_was_seen(story):
    assert story.run("change", "restore", "1", "--if-match", '"v4"').ended(6).out == ""
    story.run("change", "restore", "1", "--if-match", '"v5"').ok()


def test_deletions_are_told(story):
    story.run("flag", "delete", "two").ok()
    assert "\x1b[31mdelete\x1b[0m flag two" in story.terminal("change", "show", "6").ok().out
