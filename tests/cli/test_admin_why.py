# SPDX-License-Identifier: Apache-2.0
"""`eval` and `why`: what somebody gets and how it comes about, from a server and from a file."""
import json
import re

import pytest


def match(attribute, operator, *values):
    return {"op": "match", "attribute": f"/context/user/user_properties/{attribute}",
            "operator": operator, "value": list(values)}


RULES = [
    {"id": "team", "when": {"op": "all", "expressions": [
        match("plan", "text is", "pro", "team"),
        {"op": "not", "expression": match("country", "text is", "NO")}]},
     "serve": {"variation": "green"}},
    {"id": "later", "schedule": {"start": "2031-01-01T00:00:00Z"},
     "when": match("plan", "text is", "free"), "serve": {"variation": "green"}},
]


@pytest.fixture
def shop(guidon, app):
    """An environment with something to explain, its past and its export."""
    cli = guidon.use(app, "staging")
    cli.run("flag", "create", "base", "--on").ok()
    cli.run("flag", "create", "colour", "--type", "string", "--variation", "blue",
            "--variation", "green", "--variation", "none", "--on").ok()
    cli.run("flag", "patch", "colour", json.dumps({"rules": RULES})).ok()
    cli.run("flag", "rollout", "colour", "40").ok()
    cli.run("flag", "patch", "colour", json.dumps(
        {"prerequisites": [{"flag": "base", "variations": ["on"]}]})).ok()
    cli.write("ids.txt", "ann\nbob\n")
    cli.run("cohort", "put", "buyers", "ids.txt").ok()
    cli.run("flag", "create", "for-buyers", "--on").ok()
    cli.run("flag", "patch", "for-buyers", json.dumps({"variations": [
        {"id": "on", "value": True, "cohorts": ["buyers"]}, {"id": "off", "value": False}],
        "fallthrough": {"variation": "off"}})).ok()
    cli.run("export", "-O", "shop.json").ok()
    return cli


ASKED = [("colour", "ann"), ("colour", "bob", "--with", "plan=team"), ("colour",),
         ("colour", "ann", "--with", "plan=pro", "--with", "country=NO"),
         ("colour", "ann", "--context", '{"user_properties":{"plan":"pro"}}'),
         ("colour", "--context",
          '{"user":{"user_id":"ann","user_properties":{"plan":"team"}}}'),
         ("colour", "ann", "--with", "plan=free", "--at", "2032-05-05T00:00:00Z"),
         ("for-buyers", "bob"), ("for-buyers", "eve"), ("base", "u" * 200)]
ITS_OWN = ("environment", "version", "at")


def without(answer, *names):
    return {name: value for name, value in answer.items() if name not in names}


# ---- eval ------------------------------------------------------------------------------------------
def test_a_value_for_a_pipe_a_script_and_a_person(shop):
    piped = shop.run("eval", "colour", "ann", "--with", "plan=pro").ok().json()
    assert piped == {"key": "colour", "value": piped["value"], "variation": piped["variation"],
                     "reason": piped["reason"], **({"rule": "team"} if "rule" in piped else {})}
    assert shop.run("eval", "base", "ann", "--value").ok().out == "true\n"
    assert re.search(r"^VALUE +true$", shop.terminal("eval", "base", "ann").ok().plain, re.M)
    assert shop.run("eval", "base", "ann", "-o", "tsv").ok().fields()[0][:3] == \
        ["base", "true", "on"]


def test_attributes_by_name_win_over_the_context(shop):
    context = '{"targetingKey":"eve","user_properties":{"plan":"none"},"x":1}'
    vector = shop.run("why", "colour", "ann", "--context", context, "--with", "x=[2]",
                      "--with", "note=plain text", "--vector").ok().json()
    assert vector["context"] == {"targetingKey": "ann", "user_properties": {"plan": "none"},
                                 "x": [2], "note": "plain text"}


def test_a_context_from_a_file_and_from_standard_input(shop):
    context = {"user": {"user_id": "ann", "user_properties": {"plan": "pro"}}}
    shop.write("user.json", context)
    asked = [shop.run("eval", "colour", "--context", "@user.json").ok().json(),
             shop.run("eval", "colour", "--context", "-", input=json.dumps(context)).ok().json(),
             shop.run("eval", "colour", "--context", json.dumps(context)).ok().json()]
    assert asked[0]["rule"] == "team" and asked[0] == asked[1] == asked[2]


@pytest.mark.parametrize("context", ["[1]", "{", "3", ""])
def test_a_context_is_an_object(shop, context):
    assert "--context" in shop.run("eval", "colour", "--context", context).ended(4).err


def test_all_flags_at_once(shop):
    keys = [item["key"] for item in shop.run("eval", "--all", "ann").ok().items()]
    assert keys == ["base", "colour", "for-buyers"]


def test_a_test_passes_or_fails(shop):
    shop.run("eval", "base", "ann", "--test", "true").ok()
    shop.run("eval", "base", "ann", "--test", "on").ok()
    failed = shop.run("eval", "base", "ann", "--test", "false").ended(1)
    assert "it is not false" in failed.err and failed.json()["value"] is True


def test_as_of_a_version_and_an_instant(shop):
    assert shop.run("eval", "--all", "ann", "--at", "1").ok().items() == \
        [{"key": "base", "variation": "on", "value": True, "reason": "FALLTHROUGH"}]
    shop.run("eval", "base", "ann", "--at", "2001-01-01T00:00:00Z").ended(3)
    shop.run("eval", "base", "ann", "--at", "9999").ended(3)


def test_the_future_is_known_as_far_as_it_is_scheduled(shop):
    asked = ("eval", "colour", "ann", "--with", 'user_properties={"plan":"free"}')
    assert "rule" not in shop.run(*asked).ok().json()
    assert shop.run(*asked, "--at", "2032-05-05T00:00:00Z").ok().json()["rule"] == "later"


@pytest.mark.parametrize("verb", ["eval", "why"])
def test_a_flag_that_is_not_there(shop, verb):
    for more in ((), ("--file", "shop.json")):
        refused = shop.run(verb, "nothing", "ann", *more).ended(3)
        assert refused.out == "" and 'there is no flag "nothing"' in refused.err


def test_no_flag_at_all_is_usage(shop):
    assert "which flag?" in shop.run("eval").ended(4).err
    shop.run("why").ended(4)


# ---- why -------------------------------------------------------------------------------------------
def test_the_tree_shows_each_check(shop):
    drawn = shop.terminal("why", "colour", "ann", "--with", "user_properties="
                          '{"plan":"pro","country":"NO"}').ok().plain
    for line in [r"^colour = ", r"the flag is on$", r"prerequisites$", r"base is on, wanted", r"✗ rule team$",
                 r'✓ plan text is \["pro","team"\]: it is "pro"', r"✗ not$",
                 r"· rule later, schedule: before$|✗ rule later, schedule: before$",
                 r'hashed ".*/ann" with murmur3_32_utf8: \d+', r"ticket \d+ of \d+",
                 r"percent \d+, in the slice \[\d+, \d+\)"]:
        assert re.search(line, drawn, re.M), f"{line} is not in\n{drawn}"


def test_the_tree_has_colour_only_where_it_is_wanted(shop):
    assert "\x1b[32m✓" in shop.terminal("why", "base", "ann").ok().out
    plain = shop.having(NO_COLOR=1).terminal("why", "base", "ann").ok().out
    assert "\x1b" not in plain and "✓" in plain
    assert "\x1b" not in shop.run("why", "base", "ann", "-o", "table").ok().out


def test_a_pipe_gets_the_whole_explanation(shop):
    told = shop.run("why", "colour", "ann").ok().json()
    decision = told["results"][0]["flags"][0]
    assert decision["key"] == "colour" and decision["steps"] and decision["vector"]


def test_hostile_texts_do_not_reach_the_terminal(shop):
    drawn = shop.terminal("why", "colour", "a\x1b[2Jb", "--with",
                          'user_properties={"plan":"\x07\u202e"}').ok()
    assert "\x1b[2J" not in drawn.out and "\x07" not in drawn.out
    assert "a\\x1b[2Jb" in drawn.out


# ---- offline ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("words", ASKED)
def test_a_file_answers_as_the_server_does(shop, words):
    alone = shop.having(GUIDON_API="http://127.0.0.1:1", GUIDON_TOKEN="nobodys-token")
    asked = shop.run("why", *words).ok().json()
    told = alone.run("why", *words, "--file", "shop.json").ok().json()
    for answer in (asked, told):
        answer["results"][0]["flags"][0]["vector"].pop("now")
    assert without(told, *ITS_OWN) == without(asked, *ITS_OWN)
    assert alone.run("eval", *words, "--file", "shop.json").ok().out == \
        shop.run("eval", *words).ok().out


def test_a_file_answers_about_all_flags_alike(shop):
    assert shop.run("eval", "--all", "bob", "--file", "shop.json").ok().out == \
        shop.run("eval", "--all", "bob").ok().out


def test_a_file_needs_neither_home_nor_server(shop):
    alone = shop.having(HOME=None, SUPERFLAG_HOME=None)
    assert alone.run("eval", "base", "ann", "--file", "shop.json", "--value").ok().out == "true\n"


def test_a_file_in_any_order_is_read(shop):
    export = json.loads((shop.work / "shop.json").read_text())
    export["flags"].reverse()
    shop.write("turned.json", export)
    assert shop.run("eval", "--all", "bob", "--file", "turned.json").ok().out == \
        shop.run("eval", "--all", "bob", "--file", "shop.json").ok().out


def test_a_version_is_the_servers_to_know(shop):
    refused = shop.run("eval", "base", "ann", "--file", "shop.json", "--at", "3").ended(4)
    assert "a file has no versions" in refused.err and "the server" in refused.err


def test_a_file_that_is_wrong_says_where(shop):
    shop.write("bad.json", {"format": "guidon.environment/1", "flags": [{"key": "a"}]})
    assert "bad.json: $.flags[0]" in shop.run("eval", "a", "--file", "bad.json").ended(1).err
    shop.write("other.json", {"flags": []})
    assert "guidon export" in shop.run("eval", "a", "--file", "other.json").ended(1).err
    export = json.loads((shop.work / "shop.json").read_text())
    export["flags"] = [flag for flag in export["flags"] if flag["key"] != "base"]
    shop.write("lacks.json", export)
    assert "colour.prerequisites[0]" in \
        shop.run("eval", "colour", "--file", "lacks.json").ended(1).err
    assert shop.run("eval", "a", "--file", "nothing.json").ended(3).err.startswith("error: ")


def test_limits_of_contexts_hold_offline(shop):
    for more in ((), ("--file", "shop.json")):
        refused = shop.run("eval", "base", "x" * 300, *more).ended(1)
        assert "longer than 256 bytes" in refused.err
