# SPDX-License-Identifier: Apache-2.0
"""The vendor's commands under both names: what they do, what they print, how they end."""
import json
import re

import pytest

NAMES = ["guidon", "superflag"]
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture(params=NAMES)
def cli(request, guidon):
    return guidon.named(request.param)


def lines_of(cli, *words):
    """The vendor's plain lines: its own form, and ours as -o tsv."""
    more = () if cli.name == "superflag" else ("-o", "tsv")
    return cli.run(*words, *more).ok().fields()


# ---- apps and environments -------------------------------------------------------------------------
def test_an_app_is_created_and_listed(cli):
    made = lines_of(cli, "apps", "create", f"made by {cli.name}")
    assert re.fullmatch(r"app_\w+", made[0][0]) and made[0][1] == f"made by {cli.name}"
    assert re.fullmatch(INSTANT, made[0][2])
    assert made[0] in lines_of(cli, "apps", "list")


def test_the_same_name_twice_is_refused_in_the_servers_words(cli, app):
    refused = cli.run("apps", "create", app.name)
    assert refused.ended(1).err.startswith("error: App name already exists\n")
    assert refused.out == ""


def test_environments_of_the_app_in_use(cli, app):
    found = [row[:2] for row in lines_of(cli, "envs", "list")]
    assert found == [[e["id"], e["name"]] for e in app.envs()]


def test_environments_of_another_app_by_name_and_by_id(cli, api):
    other = api.new_app(f"other of {cli.name}")
    ids = [e["id"] for e in other.envs()]
    for word in (other.name, other.id):
        assert [row[0] for row in lines_of(cli, "envs", "list", "--app", word)] == ids


# ---- flags -----------------------------------------------------------------------------------------
VALUES = [("bool", "true", True), ("bool", "false", False), ("number", "25", 25),
          ("number", "-0.5", -0.5), ("string", "", ""), ("string", " true ", " true "),
          ("string", '{"a":1}', '{"a":1}'), ("json", '{"max": 3}', {"max": 3}),
          ("json", "[1,null]", [1, None])]


@pytest.mark.parametrize("kind,text,value", VALUES)
def test_a_value_is_read_by_its_type(cli, app, kind, text, value):
    cli.run("flags", "create", "--key", "one", "--type", kind, "--value", text).ok()
    assert app.flags()["one"] == {"type": kind, "value": value}


WRONG = [("bool", "yes"), ("bool", "True"), ("bool", ""), ("number", "1,5"), ("number", "true"),
         ("number", "0x10"), ("number", ""), ("json", "3"), ("json", '"x"'), ("json", "null"),
         ("json", "{"), ("text", "x")]


@pytest.mark.parametrize("kind,text", WRONG)
def test_a_value_of_another_type_goes_nowhere(cli, app, kind, text):
    refused = cli.run("flags", "create", "--key", "one", "--type", kind, "--value", text)
    refused.ended(2 if cli.name == "superflag" else 4)
    assert refused.err.startswith("error: ")
    assert app.flags() == {}


def test_created_flags_may_be_hidden_and_roll_out(cli, app):
    cli.run("flags", "create", "--key", "one", "--type", "bool", "--value", "true",
            "--client-enabled=false", "--rollout", "12.5").ok()
    assert app.flags()["one"] == {"type": "bool", "value": True, "rollout": {"percentage": 12.5},
                                  "clientEnabled": False}


def test_flags_are_listed_by_key_with_values_as_json(cli, app):
    app.add("zebra", "bool", True)
    app.add("apple", "json", {"b": [1, "x"], "a": None})
    app.add("mango", "string", "a\tb\n\x1b")
    assert lines_of(cli, "flags", "list") == [
        ["apple", "json", '{"b":[1,"x"],"a":null}'], ["mango", "string", r'"a\tb\n\u001b"'],
        ["zebra", "bool", "true"]]
    assert lines_of(cli, "flags", "get", "apple") == [["apple", "json", '{"b":[1,"x"],"a":null}']]


def test_the_data_member_as_one_line(cli, app):
    app.add("one", "number", 1)
    assert cli.run("flags", "list", "--json").ok().out == '{"one":{"type":"number","value":1}}\n'
    assert cli.run("flags", "get", "one", "--json").ok().json() == {"type": "number", "value": 1}
    assert cli.run("apps", "list", "--json").ok().out.startswith('[{"id":"app_')
    changed = cli.run("flags", "set", "one", "2", "--json", "--yes").ok().json()
    assert changed == {"version": 2, "flag": {"type": "number", "value": 2}}


def mutations(app):
    app.add("switch", "bool", True)
    app.add("size", "number", 25)
    app.add("text", "string", "a")
    return [
        (("flags", "update", "--key", "size", "--value", "50"), ("size", 50)),
        (("flags", "set", "size", "-5"), ("size", -5)),
        (("flags", "set", "text", "true"), ("text", "true")),
        (("flags", "set", "size", "7", "--type", "number"), ("size", 7)),
        (("flags", "toggle", "switch"), ("switch", False)),
        (("flags", "toggle", "switch"), ("switch", True)),
    ]


def test_changes_say_the_version_they_made(superflag, app):
    for version, (words, (key, value)) in enumerate(mutations(app), 4):
        assert superflag.run(*words).ok().out == f"version {version}\n"
        assert app.flags()[key]["value"] == value
    assert superflag.run("flags", "delete", "text").ok().out == "version 10\n"
    assert "text" not in app.flags()
    assert superflag.run("flags", "set", "size", "1", "-q").ok().out == ""
    assert superflag.run("flags", "create", "--key", "n", "--type", "bool", "--value",
                         "true").ok().out == "version 12\n"


def test_changes_under_our_name_are_the_answers_data(guidon, app):
    for version, (words, (key, value)) in enumerate(mutations(app), 4):
        answer = guidon.run(*words, "--yes").ok().json()
        assert answer == {"version": version, "flag": app.flags()[key]}
        assert app.flags()[key]["value"] == value
    assert guidon.run("flags", "set", "size", "1", "-y", "-o", "tsv").ok().out == "10\n"
    assert guidon.run("flags", "delete", "text", "--yes").ok().json() == {"version": 11}


def test_a_type_cannot_change(cli, app):
    app.add("size", "number", 25)
    refused = cli.run("flags", "set", "size", "big", "--yes")
    refused.ended(2 if cli.name == "superflag" else 4)
    assert "JSON number" in refused.err and app.flags()["size"]["value"] == 25


def test_only_bool_flags_toggle(cli, app):
    app.add("size", "number", 25)
    assert "only bool flags toggle" in cli.run("flags", "toggle", "size", "--yes").ended(1).err


def test_many_flags_in_one_step_from_a_file_and_from_a_pipe(cli, app):
    app.add("promo", "bool", False)
    app.add("size", "number", 1)
    cli.write("values.json", {"promo": True, "size": 50})
    answer = cli.run("flags", "bulk", "values.json", "--yes", "--json").ok().json()
    assert answer == {"version": 3, "updated": 2}
    cli.run("flags", "bulk", "-", "--yes", input='{"size": 60}').ok()
    assert [f["value"] for f in app.flags().values()] == [True, 60]


@pytest.mark.parametrize("text,what", [("[1]", "object"), ("{", "not JSON"), ("", "not JSON"),
                                       ('{"a":1,"a":2}', "not JSON")])
def test_a_bulk_file_that_is_none(cli, app, text, what):
    cli.write("values.json", text)
    assert what in cli.run("flags", "bulk", "values.json", "--yes").ended(1).err


def test_a_bulk_update_is_all_or_nothing(cli, app):
    app.add("size", "number", 1)
    refused = cli.run("flags", "bulk", "-", "--yes", input='{"size": 2, "nope": 3}')
    assert refused.err.startswith("error: Flag not found: nope\n")
    refused.ended(1 if cli.name == "superflag" else 3)
    assert app.flags()["size"]["value"] == 1


# ---- where -----------------------------------------------------------------------------------------
def test_app_and_environment_for_one_command(cli, app, api):
    other = api.new_app(f"elsewhere of {cli.name}")
    env = next(e for e in other.envs() if e["name"] == "staging")
    spellings = [("--app", other.name, "--env", "staging"), ("--app", other.id, "--env", env["id"]),
                 ("--env", f"{other.name}/staging"), ("--env", str(env["number"]))]
    for count, where in enumerate(spellings, 1):
        cli.run("flags", "create", "--key", f"f{count}", "--type", "bool", "--value", "true",
                *where).ok()
        assert len(other.flags("staging")) == count
    assert app.flags() == {} and other.flags() == {}


@pytest.mark.parametrize("words,what", [
    (("flags", "list", "--app", "nowhere"), 'there is no app "nowhere"'),
    (("flags", "list", "--env", "env_nowhere"), 'there is no environment "env_nowhere"'),
    (("flags", "list", "--env", "nowhere"), "Environment not found"),
    (("flags", "get", "nothing"), "Flag not found"),
    (("flags", "delete", "nothing", "--yes"), "Flag not found")])
def test_what_is_not_there(cli, words, what):
    missing = cli.run(*words)
    assert what in missing.ended(1 if cli.name == "superflag" else 3).err


def test_nothing_is_guessed_when_nothing_is_chosen(owner):
    for name, status in (("guidon", 4), ("superflag", 2)):
        refused = owner.named(name).run("flags", "list").ended(status)
        assert f"`{name} use APP ENVIRONMENT`" in refused.err


# ---- keys ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["pub", "sdk"])
def test_a_keys_secret_stands_alone_on_a_line_once(superflag, app, kind):
    secret = superflag.run("keys", "create", "--type", kind).ok().lines
    assert len(secret) == 1 and re.fullmatch(kind + r"_prod_\w{32,}", secret[0])
    key = app.keys()[0]
    listed = superflag.run("keys", "list").ok()
    assert listed.fields() == [[key["id"], kind, f"{kind}_prod_", key["createdAt"]]]
    assert secret[0] not in listed.out
    superflag.run("keys", "revoke", key["id"]).ok()
    assert app.keys() == []


def test_keys_under_our_name(guidon, app):
    made = guidon.run("keys", "create", "--type", "pub").ok().json()
    assert made["key"].startswith("pub_prod_")
    assert guidon.run("keys", "list").ok().items() == app.keys()
    refused = guidon.run("keys", "revoke", made["id"]).ended(4)
    assert "--yes" in refused.err and app.keys()
    guidon.run("keys", "revoke", made["id"], "--env", "staging", "--yes").ended(3)
    assert guidon.run("keys", "revoke", made["id"], "--yes").ok().json() == {"success": True}
    assert app.keys() == []


def test_a_key_of_an_unknown_kind(cli, app):
    cli.run("keys", "create", "--type", "admin").ended(2 if cli.name == "superflag" else 4)
    cli.run("keys", "create").ended(2 if cli.name == "superflag" else 4)
    assert app.keys() == []


# ---- production ------------------------------------------------------------------------------------
ASKING = [("flags", "update", "--key", "one", "--value", "false"), ("flags", "set", "one", "false"),
          ("flags", "toggle", "one"), ("flags", "delete", "one"), ("flags", "bulk", "values.json")]


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_our_name_asks_before_a_change_in_production(guidon, app, words):
    app.add("one", "bool", True)
    guidon.write("values.json", {"one": False})
    refused = guidon.run(*words).ended(4)
    assert "in production needs a confirmation" in refused.err and "--yes" in refused.err
    wrong = guidon.terminal(*words, answers=[("Type production to go on: ", "prod")]).ended(4)
    assert "not confirmed" in wrong.plain
    assert app.flags()["one"]["value"] is True
    right = guidon.terminal(*words, answers=[("Type production to go on: ", "production")]).ok()
    assert "version 2" in right.plain
    assert app.flags().get("one", {}).get("value") is not True


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_nothing_is_asked_elsewhere_or_under_the_vendors_name(guidon, superflag, app, words):
    for env in ("production", "staging"):
        app.add("one", "bool", True, env=env)
    guidon.write("values.json", {"one": False})
    guidon.run(*words, "--env", "staging").ok()
    superflag.terminal(*words).ok()
    for env in ("production", "staging"):
        assert app.flags(env).get("one", {}).get("value") is not True


# ---- forms -----------------------------------------------------------------------------------------
def test_a_terminal_gets_a_table_and_a_pipe_gets_json_lines(guidon, app):
    app.add("dark-mode", "bool", True)
    shown = guidon.terminal("flags", "list").ok()
    assert shown.plain == "KEY        TYPE  VALUE\ndark-mode  bool  true\n" and "\x1b[" in shown.out
    assert guidon.run("flags", "list").ok().items() == [
        {"key": "dark-mode", "type": "bool", "value": True}]
    assert guidon.run("flags", "list", "-o", "table").ok().out == shown.plain
    assert guidon.terminal("flags", "list", "-o", "json").ok().plain == \
        '{"key":"dark-mode","type":"bool","value":true}\n'


def test_no_colour_when_it_is_not_wanted(guidon, app):
    app.add("one", "bool", True)
    for cli in (guidon.having(NO_COLOR="1"), guidon.having(TERM="dumb"), guidon.named("superflag")):
        assert "\x1b" not in cli.terminal("flags", "list").ok().out
        assert "\x1b" not in cli.terminal("flags", "get", "nothing").out


def test_the_vendors_lines_are_the_same_on_a_terminal(superflag, app):
    app.add("one", "bool", True)
    assert superflag.terminal("flags", "list").ok().plain == superflag.run("flags", "list").out


# ---- what falls through ----------------------------------------------------------------------------
def test_verbs_the_vendor_lacks_are_ours(guidon, app):
    app.add("one", "bool", True)
    ours = guidon.run("flag", "history", "one").ok()
    assert guidon.run("flags", "history", "one").ok().out == ours.out
    assert "did you mean `guidon flags list`" in guidon.run("flags", "lst").ended(4).err


def test_help_of_every_command_begins_with_an_example(guidon):
    for words in ("flags create", "flags bulk", "apps create", "envs list", "keys create",
                  "config pull", "config validate", "evaluate", "types", "login", "use", "status",
                  "whoami", "logout"):
        shown = guidon.run(*words.split(), "--help").ok()
        assert shown.lines[0].startswith(f"  guidon {words.split()[0]}"), words
        assert len(shown.lines) <= 24 and max(map(len, shown.lines)) <= 100, shown


# ---- ending ----------------------------------------------------------------------------------------
def test_usage_errors(cli):
    status = 2 if cli.name == "superflag" else 4
    for words in (("flags", "create"), ("flags", "set", "one"), ("apps", "create"), ("nonsense",),
                  ("flags", "list", "too", "many"), ("flags", "list", "--colour"),
                  ("apps", "list", "--api", "ftp://x"), ("evaluate", "f"), ("flags", "nonsense")):
        ended = cli.run(*words)
        assert ended.status == status or words[0] == "evaluate", repr(ended)
        assert ended.err.startswith("error: ") and ended.out == ""


def test_without_a_token(stranger):
    for name, status, remedy in (("guidon", 5, "`guidon login`"),
                                 ("superflag", 3, 'run "superflag login"')):
        for words in (("apps", "list"), ("flags", "list"), ("whoami",), ("use", "a", "b")):
            refused = stranger.named(name).run(*words).ended(status)
            assert refused.err.startswith("error: Not authenticated\n") and remedy in refused.err


def test_with_a_token_nobody_knows(stranger):
    for name, status in (("guidon", 5), ("superflag", 3)):
        for token in ("cli_" + "x" * 49, "nonsense"):
            cli = stranger.named(name).having(SUPERFLAG_TOKEN=token)
            refused = cli.run("apps", "list").ended(status)
            assert refused.err.startswith("error: Not authenticated\n")


def test_with_a_token_that_may_not(guidon, person_token):
    reader = person_token("viewer")
    for name, status in (("guidon", 5), ("superflag", 3)):
        cli = guidon.named(name).having(GUIDON_TOKEN=reader)
        cli.run("flags", "list").ok()
        refused = cli.run("flags", "create", "--key", "k", "--type", "bool", "--value", "true")
        assert refused.ended(status).err.startswith("error: Insufficient permissions")


def test_when_nobody_answers(guidon):
    away = guidon.having(GUIDON_API="http://127.0.0.1:9", GUIDON_TOKEN="cli_x")
    for name, status in (("guidon", 8), ("superflag", 4)):
        refused = away.named(name).run("apps", "list").ended(status)
        assert "error: no answer from http://127.0.0.1:9" in refused.err and "--api" in refused.err


def test_the_tokens_of_one_server_are_not_shown_to_another(guidon):
    refused = guidon.run("apps", "list", "--api", "http://127.0.0.1:9").ended(5)
    assert "Not authenticated" in refused.err


def test_errors_are_json_where_json_was_asked_for(guidon):
    refused = guidon.run("flags", "get", "nothing", "-o", "json").ended(3)
    said = json.loads(refused.err)
    assert said["error"] == "Flag not found" and said["exitStatus"] == 3


def test_words_after_dashes_are_no_options(guidon, app):
    guidon.run("flags", "create", "--key", "one", "--type", "string", "--value", "--json").ok()
    assert app.flags()["one"]["value"] == "--json"
    guidon.run("flags", "set", "--yes", "--", "one", "--help").ok()
    assert app.flags()["one"]["value"] == "--help"
