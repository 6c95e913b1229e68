# SPDX-License-Identifier: Apache-2.0
"""promote, diff, export, import: definitions on their way."""
import json

import pytest

UNLEASH = {"version": 1, "features": [
    {"name": "plain", "type": "release", "enabled": True, "strategies": [{"name": "default"}]},
    {"name": "by-host", "type": "release", "enabled": True,
     "strategies": [{"name": "applicationHostname", "parameters": {"hostNames": "a,b"}}]}]}


@pytest.fixture
def places(guidon):
    """One flag in staging, which production does not have."""
    guidon.run("flag", "create", "one", "--on", "--env", "staging").ok()
    return guidon


def flags(cli, env):
    return {item["document"]["key"]: item["document"]
            for item in cli.run("flag", "list", "--env", env).ok().items()}


# ---- promote ---------------------------------------------------------------------------------------
def test_a_flag_is_promoted(places):
    told = places.run("promote", "one", "--from", "staging", "--to", "production", "--yes").ok()
    assert [c["op"] for c in told.json()["changes"]] == ["create"]
    assert flags(places, "production") == flags(places, "staging")


def test_promotion_keeps_the_switch_when_asked(places):
    places.run("flag", "create", "one").ok()
    places.run("flag", "off", "one", "--yes").ok()
    places.run("promote", "one", "--from", "staging", "--to", "production", "--enabled", "keep",
               "--yes").ok()
    assert not flags(places, "production")["one"]["enabled"]
    places.run("promote", "one", "--from", "staging", "--to", "production", "--yes").ok()
    assert flags(places, "production")["one"]["enabled"]


def test_promotion_into_production_is_confirmed(places):
    words = ("promote", "one", "--from", "staging", "--to", "production")
    assert "--yes" in places.run(*words).ended(4).err
    places.terminal(*words, answers=[("Type production to go on: ", "no")]).ended(4)
    assert flags(places, "production") == {}
    said = places.terminal(*words, answers=[("Type production to go on: ", "production")]).ok()
    assert "create flag one" in said.plain and "version 1" in said.plain


def test_a_dry_promotion_changes_nothing(places):
    words = ("promote", "one", "--from", "staging", "--to", "production", "--dry-run")
    assert "create flag one" in places.terminal(*words).ok().plain
    assert places.run(*words).ok().json()["affected"] == ["one"]
    assert flags(places, "production") == {}


@pytest.mark.parametrize("words, status", [
    (["one", "--to", "production"], 4), (["--from", "staging", "--to", "production"], 4),
    (["none", "--from", "staging", "--to", "development"], 1),
    (["one", "--from", "nowhere", "--to", "production"], 3),
    (["one", "--from", "staging", "--to", "development", "--enabled", "maybe"], 1),
    (["one", "--from", "staging", "--to", "development", "--if-match", '"v9"'], 6)])
def test_promotions_that_cannot_be(places, words, status):
    refused = places.run("promote", *words).ended(status)
    assert refused.out == "" and refused.err.startswith("error: ")


def test_everything_is_promoted(places):
    use = ("--env", "staging")
    places.run("segment", "put", "beta", "-", *use, input='{"included":["ann"]}').ok()
    places.run("flag", "create", "two", *use).ok()
    places.run("promote", "--all", "--from", "staging@1", "--to", "development").ok()
    assert set(flags(places, "development")) == {"one"}
    places.run("promote", "--all", "--from", "staging", "--to", "development").ok()
    places.run("diff", "staging", "development").ok()
    places.run("promote", "--all", "one", "--from", "staging", "--to", "development").ended(4)


# ---- diff ------------------------------------------------------------------------------------------
def test_a_difference_is_told_in_words(places):
    said = places.terminal("diff", "production", "staging").ended(2)
    assert said.plain == "create flag one\n"
    places.run("promote", "one", "--from", "staging", "--to", "production", "--yes").ok()
    assert "nothing changes" in places.terminal("diff", "production", "staging").ok().plain
    places.run("flag", "off", "one", "--env", "staging").ok()
    assert "turned off" in places.terminal("diff", "production", "staging").ended(2).plain


def test_a_difference_between_versions_of_one(places):
    places.run("flag", "off", "one", "--env", "staging").ok()
    told = places.run("diff", "staging@1", "staging@2").ended(2).json()
    assert told["changes"][0]["diff"][0]["path"] == "/enabled"
    places.run("diff", "staging@2", "staging").ok()
    assert places.run("diff", "staging", "staging@77").ended(3).out == ""


# ---- export ----------------------------------------------------------------------------------------
def test_an_export_is_the_servers_text(places, admin):
    text = places.run("export", "--env", "staging").ok().out
    assert places.run("export", "--env", "staging", "-O", "shop.json").ok().out == ""
    assert (places.work / "shop.json").read_text() == text
    assert text.startswith('{"format":"guidon.environment/1"') and text.endswith("}\n")
    assert "one" not in places.run("export", "--env", "staging", "--at", "0").ok().out
    assert "cohorts" not in json.loads(
        places.run("export", "--env", "staging", "--no-cohorts").ok().out)


def listing(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_export_as_a_folder(places, admin):
    use = ("--env", "staging")
    places.run("segment", "put", "beta", "-", *use, input='{"included":["ann"]}').ok()
    number = places.run("env", "list").ok().items()
    number = next(e["number"] for e in number if e["name"] == "staging"
                  and e["appId"] == places.kept("context")["appId"])
    assert admin.put_cohort(number, "vip", ["ann", "bob"]).status_code < 300
    assert admin.call("POST", f"/admin/v1/environments/{number}/groups",
                      {"key": "lot", "kind": "holdout", "percent": 5}).status_code == 201
    places.run("export", "--folder", "shop", *use).ok()
    found = listing(places.work / "shop")
    assert {"environment.json", "flags/one.json", "segments/beta.json",
            "groups/lot.json", "cohorts/vip.json"} == set(found)
    assert json.loads((places.work / "shop/flags/one.json").read_text())["key"] == "one"
    places.run("plan", "shop", "--prune", *use).ok()


def test_a_folder_follows_what_is_gone_and_touches_nothing_else(places):
    use = ("--env", "staging")
    places.run("export", "--folder", "shop", *use).ok()
    kept = places.work / "shop/flags/one.json"
    before = kept.stat().st_mtime_ns
    places.write("shop/README.md", "ours")
    places.run("flag", "create", "two", *use).ok()
    assert "wrote 1 and removed 0" in places.run("export", "--folder", "shop", *use).ok().err
    assert kept.stat().st_mtime_ns == before
    places.run("flag", "delete", "two", *use).ok()
    assert "wrote 0 and removed 1" in places.run("export", "--folder", "shop", *use).ok().err
    assert listing(places.work / "shop") == ["README.md", "environment.json", "flags/one.json"]


def test_a_folder_of_somebody_else_is_not_written_to(places):
    places.write("other/flags/mine.json", {"key": "mine"})
    refused = places.run("export", "--folder", "other", "--env", "staging").ended(6)
    assert "not the folder of an export" in refused.err
    assert listing(places.work / "other") == ["flags/mine.json"]
    places.run("export", "--folder", "x", "-O", "y", "--env", "staging").ended(4)


# ---- import ----------------------------------------------------------------------------------------
def test_an_export_is_imported_elsewhere(places):
    places.run("export", "--env", "staging", "-O", "shop.json").ok()
    dry = places.run("import", "shop.json", "--env", "development").ok()
    assert dry.json()["changes"] and "--apply" in dry.err
    assert flags(places, "development") == {}
    places.run("import", "shop.json", "--env", "development", "--apply").ok()
    assert flags(places, "development") == flags(places, "staging")


def test_replacing_deletes_what_the_file_lacks(places):
    places.run("export", "--env", "staging", "-O", "shop.json").ok()
    places.run("flag", "create", "more", "--env", "development").ok()
    use = ("--env", "development", "--apply")
    places.run("import", "shop.json", *use).ok()
    assert set(flags(places, "development")) == {"one", "more"}
    places.run("import", "shop.json", "--mode", "replace", *use).ok()
    assert set(flags(places, "development")) == {"one"}


def test_another_systems_document_comes_with_a_report(places):
    places.write("theirs.json", UNLEASH)
    words = ("import", "theirs.json", "--from", "unleash", "--prefix", "u-", "--env", "staging")
    said = places.terminal(*words, "--report", "report.json").ok().plain
    assert "KIND" in said and "OUTCOME" in said and "u-plain" in said and "--apply" in said
    report = json.loads((places.work / "report.json").read_text())
    assert {row["name"]: row["outcome"] for row in report}["plain"] == "exact"
    assert {row["outcome"] for row in report} & {"partly", "left out"}
    assert set(flags(places, "staging")) == {"one"}
    places.run(*words, "--apply").ok()
    assert "u-plain" in flags(places, "staging")


@pytest.mark.parametrize("name, content, more, status", [
    ("none.json", None, [], 3), ("broken.json", "{", [], 1), ("list.json", "[]", [], 1),
    ("x.json", "{}", ["--from", "abacus"], 4), ("y.json", "[1]", ["--from", "unleash"], 1),
    ("z.json", '{"format":"guidon.environment/1","flags":[{"key":"a"}]}', [], 1)])
def test_imports_that_cannot_be(places, name, content, more, status):
    if content is not None:
        places.write(name, content)
    refused = places.run("import", name, *more, "--env", "staging", "--apply").ended(status)
    assert refused.err.startswith("error: ") and set(flags(places, "staging")) == {"one"}


def test_an_import_into_production_is_confirmed(places):
    places.run("export", "--env", "staging", "-O", "shop.json").ok()
    places.run("import", "shop.json").ok()
    assert "--yes" in places.run("import", "shop.json", "--apply").ended(4).err
    places.terminal("import", "shop.json", "--apply",
                    answers=[("Type production to go on: ", "production")]).ok()
    assert set(flags(places, "production")) == {"one"}
