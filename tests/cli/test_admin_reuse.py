# SPDX-License-Identifier: Apache-2.0
"""A key that a deleted flag had is given to a new one with --acknowledge-reuse, and not without."""
import pytest


@pytest.fixture
def staging(guidon, app):
    return guidon.use(app, "staging")


def deleted(cli, noun, key):
    cli.run(noun, "delete", key).ok()


def refused(run):
    """It is said what to say, and nothing was made."""
    error = run.ended(1).err
    assert "acknowledge=reuse" in error and "that version" in error, error


@pytest.mark.parametrize("noun, words, text", [
    ("flag", ["create", "k"], None),
    ("flag", ["put", "k", "-"], '{"type":"boolean"}'),
    ("segment", ["put", "k", "-"], '{"included":["ann"]}'),
    ("group", ["create", "k", "holdout", "--percent", "5"], None),
    ("cohort", ["put", "k", "-"], "ann\nbob\n")])
def test_everything_with_a_key_asks(staging, noun, words, text):
    staging.run(noun, *words, input=text).ok()
    deleted(staging, noun, "k")
    refused(staging.run(noun, *words, input=text))
    staging.run(noun, "get", "k").ended(3)
    staging.run(noun, *words, "--acknowledge-reuse", input=text).ok()
    staging.run(noun, "get", "k").ok()


def test_a_dry_run_says_whose_the_key_was(staging):
    staging.run("flag", "create", "k").ok()
    deleted(staging, "flag", "k")
    shown = staging.terminal("flag", "create", "k", "--dry-run").ok().plain
    assert "create flag k\n  the key was another's, which version 2 deleted\n" in shown


def test_earlier_flags_keep_their_histories(staging):
    first = staging.run("flag", "create", "k", "--owner", "ann").ok().json()["id"]
    deleted(staging, "flag", "k")
    staging.run("flag", "create", "k", "--owner", "bob", "--acknowledge-reuse").ok()
    owners = {which: [row["document"]["owner"] for row in
                      staging.run("flag", "history", "k", *which, "-o", "json").ok().items()]
              for which in ((), ("--id", first))}
    assert owners == {(): ["bob"], ("--id", first): ["ann"]}


def test_files_and_promotions_ask_too(staging):
    staging.run("flag", "create", "k").ok()
    staging.write("shop/flags/k.json", {"enabled": True})
    deleted(staging, "flag", "k")
    refused(staging.run("apply", "shop"))
    staging.run("apply", "shop", "--acknowledge-reuse", "--acknowledge-growth").ok()
    staging.run("promote", "k", "--from", "staging", "--to", "development").ok()
    staging.run("flag", "delete", "k", "--env", "development").ok()
    words = ["promote", "k", "--from", "staging", "--to", "development"]
    refused(staging.run(*words))
    staging.run(*words, "--acknowledge-reuse").ok()


def test_imports_ask_too(staging):
    staging.run("flag", "create", "k").ok()
    text = staging.run("export").ok().out
    deleted(staging, "flag", "k")
    refused(staging.run("import", "-", "--apply", input=text))
    staging.run("import", "-", "--apply", "--acknowledge-reuse", input=text).ok()


def test_a_restore_needs_no_word(staging):
    staging.run("flag", "create", "k").ok()
    deleted(staging, "flag", "k")
    staging.run("flag", "restore", "k", "1").ok()
