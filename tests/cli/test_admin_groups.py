# SPDX-License-Identifier: Apache-2.0
"""`experiment`, `group`, `cohort`."""
import re

import pytest


@pytest.fixture
def staging(guidon, app):
    return guidon.use(app, "staging")


def document(cli, key):
    return cli.run("flag", "get", key, "--document").ok().json()


# ---- experiments -----------------------------------------------------------------------------------
def test_an_experiment_from_idea_to_decision(staging):
    staging.run("experiment", "create", "checkout", "--hypothesis", "one page sells more",
                "--owner", "ann", "--sticky").ok()
    made = document(staging, "checkout")
    assert [v["id"] for v in made["variations"]] == ["control", "treatment", "off"]
    assert made["enabled"] is False and made["experiment"]["sticky"] is True
    staging.run("experiment", "start", "checkout").ok()
    started = document(staging, "checkout")
    assert started["enabled"] is True and re.match(r"20\d\d-", started["experiment"]["start"])
    staging.run("experiment", "stop", "checkout").ok()
    stopped = document(staging, "checkout")
    assert stopped["enabled"] is False
    assert stopped["experiment"]["end"] >= started["experiment"]["start"]
    staging.run("experiment", "decide", "checkout", "rollout", "--variation", "treatment",
                "--because", "+3 % orders").ok()
    decided = document(staging, "checkout")["experiment"]
    assert (decided["decision"], decided["rolledOutVariation"], decided["decisionReason"]) == \
        ("rollout", "treatment", "+3 % orders")


def test_starting_again_keeps_the_first_start(staging):
    staging.run("experiment", "create", "one").ok()
    staging.run("experiment", "start", "one").ok()
    first = document(staging, "one")["experiment"]["start"]
    staging.run("experiment", "stop", "one").ok()
    staging.run("experiment", "start", "one").ok()
    assert document(staging, "one")["experiment"]["start"] == first


def test_variations_types_and_lists(staging):
    staging.run("experiment", "create", "price", "--variation", "low", "--variation", "high",
                "--type", "no-harm").ok()
    staging.run("flag", "create", "plain").ok()
    listed = staging.run("experiment", "list").ok().items()
    assert [item["document"]["key"] for item in listed] == ["price"]
    assert [v["id"] for v in document(staging, "price")["variations"]] == ["low", "high", "off"]
    assert staging.run("experiment", "list", "--enabled", "true").ok().out == ""
    assert staging.terminal("experiment", "list").ok().plain.startswith("KEY")
    # Verbs that experiments lack are flags'.
    staging.run("experiment", "rollout", "price", "50").ok()
    staging.run("experiment", "get", "price").ok()


def test_refusals(staging):
    staging.run("flag", "create", "plain").ok()
    assert "flag on" in staging.run("experiment", "start", "plain").ended(1).err
    staging.run("experiment", "start", "nothing").ended(3)
    staging.run("experiment", "create", "bad", "--type", "guess").ended(1)
    staging.run("experiment", "create", "one").ok()
    staging.run("experiment", "decide", "one", "shrug").ended(1)


# ---- groups ----------------------------------------------------------------------------------------
def test_a_mutex_group(staging):
    for key in ("one", "two"):
        staging.run("experiment", "create", key).ok()
    staging.run("group", "create", "tests", "mutex", "--slot", "50", "--slot", "50",
                "--name", "Tests").ok()
    staging.run("group", "add", "tests", "one", "--slot", "1").ok()
    staging.run("group", "add", "tests", "two", "--slot", "2").ok()
    group = staging.run("group", "get", "tests").ok().json()
    assert group["kind"] == "mutex" and len(group["slots"]) == 2
    assert "one" in str(group) and "two" in str(group)
    staging.run("group", "remove", "tests", "one").ok()
    assert "one" not in str(staging.run("group", "get", "tests").ok().json())
    assert staging.terminal("group", "list").ok().plain.startswith("KEY")
    staging.run("group", "remove", "tests", "two").ok()
    staging.run("group", "delete", "tests").ok()
    staging.run("group", "get", "tests").ended(3)


def test_a_holdout_group(staging):
    staging.run("experiment", "create", "one").ok()
    staging.run("group", "create", "year", "holdout", "--percent", "5").ok()
    staging.run("group", "add", "year", "one").ok()
    assert [item["key"] for item in staging.run("group", "list").ok().items()] == ["year"]
    assert staging.run("group", "list", "--at", "1").ok().out == ""


@pytest.mark.parametrize("words", [("mutex",), ("mutex", "--slot", "half"), ("holdout",),
                                   ("holdout", "--percent", "x")])
def test_a_group_wants_its_shares(staging, words):
    assert "group create" in staging.run("group", "create", "g", *words).ended(4).err


# ---- cohorts ---------------------------------------------------------------------------------------
def test_a_cohort_is_uploaded_replaced_and_deleted(staging):
    staging.write("ids.txt", "ann\nbob\n")
    staging.run("cohort", "put", "buyers", "ids.txt", "--name", "Buyers").ok()
    assert staging.run("cohort", "get", "buyers").ok().json()["size"] == 2
    staging.run("cohort", "put", "buyers", "-", input="ann\nbob\neve\n").ok()
    listed = staging.run("cohort", "list").ok().items()
    assert [(item["id"], item["size"]) for item in listed] == [("buyers", 3)]
    staging.run("cohort", "delete", "buyers").ok()
    staging.run("cohort", "get", "buyers").ended(3)
    staging.run("cohort", "put", "buyers", "nothing.txt").ended(3)


def test_a_long_upload_shows_how_far_it_is(staging):
    staging.write("ids.txt", "".join(f"somebody-with-a-long-name-{n}\n" for n in range(400000)))
    shown = staging.terminal("cohort", "put", "crowd", "ids.txt").ok()
    assert re.search(r"^SIZE +400000$", shown.plain, re.M)
    quiet = staging.terminal("cohort", "put", "crowd", "ids.txt", "-q").ok()
    assert "sending" not in quiet.out
    assert staging.run("cohort", "put", "crowd", "ids.txt").ok().err == ""


def test_a_dry_run_uploads_nothing(staging):
    staging.write("ids.txt", "ann\n")
    staging.run("cohort", "put", "buyers", "ids.txt", "--dry-run").ok()
    assert staging.run("cohort", "list").ok().out == ""
