# SPDX-License-Identifier: Apache-2.0
"""validate, fmt, plan, apply: definitions kept in files."""
import json
import re

import pytest

STAGING = ("--env", "staging")
THEME = """\
type: string
enabled: true
variations:
  - {id: dark, value: dark}
  - {id: light, value: light}
"""


@pytest.fixture
def files(guidon):
    """A folder written by hand: a flag by its name alone, one in YAML, a segment."""
    guidon.write("shop/flags/dark-mode.json", {"enabled": True})
    guidon.write("shop/flags/theme.yaml", THEME)
    guidon.write("shop/segments/beta.json", {"included": ["ann"]})
    return guidon


def flags(cli, env="staging"):
    return {item["document"]["key"]: item["document"]
            for item in cli.run("flag", "list", "--env", env).ok().items()}


def version(cli, env="staging"):
    listed = cli.run("change", "list", "--limit", "1", "--env", env).ok().items()
    return listed[0]["version"] if listed else 0


# ---- validate --------------------------------------------------------------------------------------
def test_good_files_are_valid_without_a_server(files):
    alone = files.having(GUIDON_API="http://127.0.0.1:9")
    assert alone.run("validate", "shop").ok().out == ""
    assert "valid: 3 definitions in 3 files" in alone.terminal("validate", "shop").ok().plain
    alone.run("validate", "shop/flags/theme.yaml").ok()


def test_every_bad_file_is_named(files):
    files.write("shop/flags/bad.json", {"enabled": "yes"})
    files.write("shop/flags/worse.json", {"offVariation": "none"})
    refused = files.run("validate", "shop").ended(1)
    found = {row["file"]: row for row in refused.items()}
    assert set(found) == {"flags/bad.json", "flags/worse.json"}
    assert found["flags/bad.json"]["where"] == "$.enabled"
    assert found["flags/worse.json"]["where"] == "$.offVariation"
    assert "2 of 5" in refused.err
    assert "flags/bad.json" in files.terminal("validate", "shop").ended(1).plain


@pytest.mark.parametrize("name, content, says", [
    ("flags/x.json", "{", "flags/x.json"),
    ("flags/x.json", "[]", "no object"),
    ("flags/x.json", '{"key":"dark-mode"}', "there twice"),
    ("more.json", '{"format":"guidon.environment/2"}', "format"),
    ("more.json", '{"flags":[1]}', "no object"),
    ("more.json", '{"flags":[],"flaggs":[]}', "flaggs"),
    ("flags/x.yaml", "a: [", "flags/x.yaml")])
def test_files_nobody_can_read(files, name, content, says):
    files.write(f"shop/{name}", content)
    assert says in files.run("validate", "shop").ended(1).err


def test_what_things_say_of_each_other_is_checked(files):
    files.write("shop/flags/lean.json", {"prerequisites": [{"flag": "gone", "variations": ["on"]}]})
    row = files.run("validate", "shop").ended(1).json()
    assert row["where"] == "$.flags.lean.prerequisites[0].flag" and "existing" in row["why"]


def test_paths_that_are_not_there(files):
    files.run("validate", "nowhere").ended(3)
    (files.work / "empty").mkdir()
    files.run("validate", "empty").ended(3)
    files.run("validate").ended(4)


def test_ids_are_refused(files):
    files.write("shop/flags/x.json", {"id": "flag_1", "enabled": True})
    assert files.run("validate", "shop").ended(1).json()["where"] == "$.id"


# ---- fmt -------------------------------------------------------------------------------------------
def test_form_is_a_matter_of_order_and_blanks_alone(files):
    written = {"enabled": True, "variations": [{"value": True, "id": "on"},
                                               {"value": False, "id": "off"}], "key": "dark-mode"}
    files.write("shop/flags/dark-mode.json", written)
    path = files.work / "shop/flags/dark-mode.json"
    assert "flags/dark-mode.json" in files.run("fmt", "shop", "--check").ended(2).lines
    assert json.loads(path.read_text()) == written
    files.run("fmt", "shop").ok()
    assert json.loads(path.read_text()) == written
    assert list(json.loads(path.read_text())) == ["key", "enabled", "variations"]
    assert list(json.loads(path.read_text())["variations"][0]) == ["id", "value"]
    assert files.run("fmt", "shop", "--check").ok().out == ""
    assert (files.work / "shop/flags/theme.yaml").read_text() == THEME


def test_exports_are_in_form(files):
    files.run("apply", "shop", *STAGING).ok()
    files.run("export", "--folder", "made", *STAGING).ok()
    files.run("export", "-O", "made.json", *STAGING).ok()
    text = (files.work / "made.json").read_text()
    files.run("fmt", "made", "--check").ok()
    files.run("fmt", "made.json", "--check").ok()
    files.write("made.json", json.dumps(json.loads(text), indent=3, sort_keys=True))
    files.run("fmt", "made.json", "--check").ended(2)
    files.run("fmt", "made.json").ok()
    assert (files.work / "made.json").read_text() == text


# ---- plan ------------------------------------------------------------------------------------------
def test_a_plan_tells_and_changes_nothing(files):
    plan = files.run("plan", "shop", *STAGING).ended(2).json()
    assert [(c["op"], c["kind"], c["key"]) for c in plan["changes"]] == [
        ("create", "flag", "dark-mode"), ("create", "flag", "theme"), ("create", "segment", "beta")]
    assert plan["affected"] == ["dark-mode", "theme"] and plan["version"] == 0
    said = files.terminal("plan", "shop", *STAGING).ended(2).plain
    assert "create flag dark-mode" in said
    assert "staging, version 0: 3 to add, 0 to change, 0 to remove" in said
    assert version(files) == 0


def test_what_is_there_already_is_no_change(files):
    files.run("apply", "shop", *STAGING).ok()
    assert files.run("plan", "shop", *STAGING).ok().json()["changes"] == []
    assert "nothing changes" in files.terminal("plan", "shop", *STAGING).ok().plain


def test_differences_are_semantic(files):
    files.run("apply", "shop", *STAGING).ok()
    files.write("shop/flags/dark-mode.json", {"enabled": False, "tags": ["web"]})
    said = files.terminal("plan", "shop", *STAGING).ended(2).plain
    assert "update flag dark-mode" in said and "turned off" in said and "1 to change" in said
    assert "may decide otherwise: dark-mode" in said


def test_what_files_lack_is_left_alone_unless_pruned(files):
    files.run("apply", "shop", *STAGING).ok()
    (files.work / "shop/flags/theme.yaml").unlink()
    files.run("plan", "shop", *STAGING).ok()
    plan = files.run("plan", "shop", "--prune", *STAGING).ended(2).json()
    assert [(c["op"], c["key"]) for c in plan["changes"]] == [("delete", "theme")]
    files.run("apply", "shop", "--prune", *STAGING).ok()
    assert set(flags(files)) == {"dark-mode"}


def test_salt_stays_and_another_one_is_warned_about(files):
    files.run("apply", "shop", *STAGING).ok()
    files.run("flag", "rollout", "dark-mode", "50", *STAGING).ok()
    kept = flags(files)["dark-mode"]
    files.write("shop/flags/dark-mode.json", {"enabled": True, "fallthrough": kept["fallthrough"]})
    assert files.run("plan", "shop", *STAGING).ok().json()["warnings"] == []
    files.write("shop/flags/dark-mode.json", {"enabled": True, "fallthrough": kept["fallthrough"],
                                              "salt": "another"})
    told = files.run("plan", "shop", *STAGING).ended(2)
    assert told.json()["warnings"][0].startswith("dark-mode: ") and "warning: dark-mode" in told.err


# ---- apply -----------------------------------------------------------------------------------------
def test_files_are_applied_as_one_version(files):
    done = files.run("apply", "shop", *STAGING).ok()
    assert done.json()["version"] == 1 and version(files) == 1
    assert set(flags(files)) == {"dark-mode", "theme"} and flags(files)["dark-mode"]["enabled"]
    assert files.run("apply", "shop", *STAGING).ok().json()["changes"] == []
    assert version(files) == 1


def test_one_bad_file_and_nothing_is_applied(files):
    files.write("shop/flags/bad.json", {"enabled": "yes"})
    refused = files.run("apply", "shop", *STAGING).ended(1)
    assert "flags/bad.json: $.enabled" in refused.err and "guidon validate" in refused.err
    assert version(files) == 0


def test_production_is_shown_and_confirmed(files):
    assert "--yes" in files.run("apply", "shop").ended(4).err
    said = files.terminal("apply", "shop", answers=[("Type production to go on: ", "nope")]).ended(4)
    assert "create flag theme" in said.plain and version(files, "production") == 0
    files.terminal("apply", "shop", answers=[("Type production to go on: ", "production")]).ok()
    assert version(files, "production") == 1
    files.write("shop/flags/theme.yaml", THEME.replace("enabled: true", "enabled: false"))
    files.run("apply", "shop", "--yes").ok()
    assert not flags(files, "production")["theme"]["enabled"]


def test_a_single_file_is_enough(files):
    files.run("apply", "shop/flags/theme.yaml", *STAGING).ok()
    files.run("apply", "-", *STAGING)
    assert set(flags(files)) == {"theme"}


def test_standard_input_is_a_file(files):
    text = '{"flags":[{"key":"piped","enabled":true}]}'
    assert files.run("plan", "-", *STAGING, input=text).ended(2).json()["affected"] == ["piped"]
    files.run("apply", "-", *STAGING, input=text).ok()
    assert set(flags(files)) == {"piped"}


# ---- kept plans ------------------------------------------------------------------------------------
@pytest.fixture
def plan(files):
    files.run("plan", "shop", "--out", "shop.plan", *STAGING).ended(2)
    return files


def test_a_kept_plan_is_what_is_done(plan):
    kept = json.loads((plan.work / "shop.plan").read_text())["plan"]
    assert kept["version"] == 0 and kept["environment"]["name"] == "staging"
    assert re.fullmatch("[0-9a-f]{64}", kept["digest"]) and len(kept["changes"]) == 3
    assert (plan.work / "shop.plan").stat().st_mode & 0o777 == 0o600
    assert plan.run("apply", "shop.plan").ok().json()["version"] == 1
    made = {flag["key"]: flag for flag in json.loads(kept["document"])["flags"]}
    assert {key: made[key]["salt"] for key in made} == {k: f["salt"] for k, f in flags(plan).items()}


def test_a_plan_needs_no_files(plan):
    (plan.work / "shop").rename(plan.work / "elsewhere")
    plan.run("apply", "shop.plan").ok()
    assert set(flags(plan)) == {"dark-mode", "theme"}


def test_a_plan_is_stale_when_the_environment_moved_on(plan):
    plan.run("flag", "create", "other", *STAGING).ok()
    refused = plan.run("apply", "shop.plan").ended(6)
    assert "stale" in refused.err and "version 0" in refused.err and "plan again" in refused.err
    assert set(flags(plan)) == {"other"}


def test_a_plan_is_carried_out_once(plan):
    plan.run("apply", "shop.plan").ok()
    plan.run("apply", "shop.plan").ended(6)
    assert version(plan) == 1


def test_a_plan_is_stale_when_its_files_changed(plan):
    plan.write("shop/flags/dark-mode.json", {"enabled": False})
    assert "has changed since" in plan.run("apply", "shop.plan").ended(6).err
    assert version(plan) == 0


def test_somebody_is_faster_while_the_question_waits(files):
    """The server, not the look before it, is what keeps a plan from being stale."""
    files.run("plan", "shop", "--out", "shop.plan").ended(2)

    def meddle():
        files.run("flag", "create", "other").ok()
        return "production"

    said = files.terminal("apply", "shop.plan", answers=[("Type production to go on: ", meddle)])
    assert "plan again" in said.ended(6).plain and set(flags(files, "production")) == {"other"}


@pytest.mark.parametrize("old, new", [('"enabled":true', '"enabled":false'),
                                      ('\\"enabled\\":true', '\\"enabled\\":false'),
                                      ('"version":0', '"version":1'), ('"prune":false', '"prune":true')])
def test_a_plan_that_was_edited_is_refused(plan, old, new):
    text = (plan.work / "shop.plan").read_text()
    assert old in text
    plan.write("shop.plan", text.replace(old, new))
    assert "changed since it was made" in plan.run("apply", "shop.plan").ended(1).err
    assert version(plan) == 0


def test_a_plan_is_for_its_environment(plan, new_server):
    assert "prune" in plan.run("apply", "shop.plan", "--prune").ended(4).err
    other = new_server().start()
    stranger = plan.having(GUIDON_API=other.base, GUIDON_TOKEN=other.token)
    assert stranger.run("apply", "shop.plan").status in (3, 6)


def test_a_reader_may_plan_but_not_apply(files, person_token):
    reader = files.having(GUIDON_TOKEN=person_token("viewer"))
    reader.run("apply", "shop", *STAGING).ended(5)
    assert version(files) == 0
