# SPDX-License-Identifier: Apache-2.0
"""config, evaluate and types: configuration documents, with a key and without any server."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from cli import Cli
from harness import BINARY, core_flag, targeted_flag

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = [ROOT / "tests" / "conformance" / "superflag" / "own_vectors.json",
           pathlib.Path(os.environ.get("SUPERFLAG_VECTORS",
                                       ROOT.parent / "shared/reference/superflag-vectors.json"))]
CASES = [json.loads(path.read_text()) for path in VECTORS if path.exists()]
NAMES = ["guidon", "superflag"]


@pytest.fixture(params=NAMES)
def alone(request, tmp_path):
    """Nobody, nowhere: no server, no credentials."""
    return Cli(tmp_path, request.param, GUIDON_API="http://127.0.0.1:9")


def document(flags, **more):
    return {"schemaVersion": 1, "source": {"app": "app_f", "environment": "dev"},
            "configVersion": 4, "flags": flags, **more}


# ---- config pull -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
def test_what_sdks_get_is_pulled_with_their_key(guidon, app, name):
    cli = guidon.named(name)
    app.add("shown", "bool", True)
    app.add("hidden", "bool", True, clientEnabled=False)
    pub, sdk = app.key("pub"), app.key("sdk")
    public = cli.run("config", "pull", "--public", "--key", pub).ok().json()
    assert public["appId"] == app.id and list(public["doc"]["flags"]) == ["shown"]
    assert cli.run("config", "pull", "--key", pub).ok().json() == public
    whole = cli.run("config", "pull", "--key", sdk).ok().json()
    assert sorted(whole["doc"]["flags"]) == ["hidden", "shown"]
    assert cli.having(GUIDON_KEY=sdk).run("config", "pull").ok().json() == whole
    refused = cli.run("config", "pull", "--public", "--key", sdk)
    assert "Invalid or unauthorized client key" in refused.ended(3 if name == "superflag" else 5).err
    assert "login" not in refused.err
    cli.run("config", "pull").ended(2 if name == "superflag" else 4)


@pytest.mark.parametrize("form", ["legacy", "core", "hybrid"])
def test_what_was_pulled_is_valid_and_evaluates(superflag, app, form):
    app.add("theme", "string", "dark")
    if form == "core":
        app.settings(documentFormat="core")
    if form == "hybrid":
        held = app.document()
        held["flags"]["beta"] = targeted_flag()
        assert app.put(held).status_code == 200
    superflag.write("config.json", superflag.run("config", "pull", "--key", app.key("sdk")).out)
    superflag.run("config", "validate", "config.json").ok()
    details = superflag.run("evaluate", "config.json", "--flag", "theme", "--targeting-key",
                            "u").ok().json()
    assert details["value"] == "dark" and details["source"]["app"] == app.id
    assert '"theme": "dark"' in superflag.run("types", "config.json").ok().out


# ---- config validate -------------------------------------------------------------------------------
def test_issues_are_lines_of_path_and_message(alone):
    alone.write("bad.json", document({"f": core_flag(offVariation="none"),
                                      "g": core_flag(rules=[{"id": ""}])}, configVersion=-1))
    shown = alone.run("config", "validate", "bad.json").ended(1)
    if alone.name == "superflag":
        assert "$.configVersion: must be a non-negative safe integer\n" in shown.out
    else:
        assert {"path": "$.configVersion",
                "message": "must be a non-negative safe integer"} in shown.items()
    assert alone.run("config", "validate", "bad.json", "--json").ended(1).json()["success"] is False


@pytest.mark.parametrize("cases", CASES, ids=lambda c: c["meta"]["title"][:12])
def test_the_librarys_issues_are_ours(tmp_path, cases):
    """One process each: those with several issues, which are in the library's order."""
    cli = Cli(tmp_path, "superflag")
    chosen = [c for c in cases["validate"] if c["valid"] or len(c["issues"]) > 1]
    assert chosen
    for case in chosen[:40]:
        done = cli.run("config", "validate", "-", "--json", input=json.dumps(case["doc"]))
        assert done.json() == {"success": case["valid"], "issues": case.get("issues", [])}, case
        assert done.status == (0 if case["valid"] else 1)


def test_a_legacy_document_is_judged_as_the_sdks_do(alone):
    good = {"flags": {"f": {"type": "bool", "value": True}}, "overrides": {}, "rules": {}}
    alone.write("good.json", good)
    alone.run("config", "validate", "good.json").ok()
    good["flags"]["f"]["value"] = 3
    alone.write("bad.json", good)
    shown = alone.run("config", "validate", "bad.json", "--json").ended(1).json()
    assert shown["issues"] == [{"path": "$.flags.f",
                                "message": "Legacy flag f declares bool but contains number"}]


def test_files_that_are_none(alone):
    status = 1 if alone.name == "superflag" else 3
    assert "cannot read" in alone.run("config", "validate", "nowhere.json").ended(status).err
    for words in (("evaluate", "nowhere.json", "--flag", "f"), ("types", "nowhere.json")):
        alone.run(*words).ended(status)
    alone.write("broken.json", "{")
    issues = alone.run("config", "validate", "broken.json", "--json").ended(1).json()["issues"]
    assert [i["path"] for i in issues] == ["$"]
    alone.run("types", "broken.json").ended(1)
    alone.run("config", "validate", "/dev").ended(1)


# ---- evaluate --------------------------------------------------------------------------------------
def arguments_of(case):
    context = case["context"]
    words = ["evaluate", "config.json", "--flag", case["flagKey"], "--fallback",
             json.dumps(case["fallback"])]
    if isinstance(context, dict) and isinstance(context.get("targetingKey"), str):
        words += ["--targeting-key", context["targetingKey"]]
    for name, value in context.get("attributes", {}).items():
        words += ["--attr", f"{name}={json.dumps(value)}"]
    if case["method"] != "evaluate":
        words += ["--type", case["method"]]
    if "now" in case:
        words += ["--now", str(case["now"])]
    return words


def is_sayable(case):
    """What a command line can say: a text for a key, an object of attributes."""
    context = case["context"]
    return (isinstance(context, dict) and isinstance(context.get("attributes", {}), dict) and
            isinstance(context.get("targetingKey", ""), str) and "\0" not in json.dumps(context) and
            "\\ud" not in json.dumps(context) and "fallback" in case and "" != case["flagKey"])


@pytest.mark.parametrize("cases", CASES, ids=lambda c: c["meta"]["title"][:12])
def test_the_details_are_the_librarys(tmp_path, cases):
    cli = Cli(tmp_path, "superflag")
    chosen = [c for c in cases["evaluate"] if is_sayable(c)]
    assert len(chosen) > len(cases["evaluate"]) * 0.8
    for case in chosen:
        cli.write("config.json", cases["configs"][case["config"]])
        details = cli.run(*arguments_of(case)).ok().json()
        expected = dict(case["expect"])
        if expected.get("timestamp") == "<current time>":
            expected["timestamp"] = details["timestamp"]
        assert details == expected, case.get("name")


def test_the_off_value_is_what_a_missing_fallback_is(alone):
    flag = targeted_flag(enabled=False)
    alone.write("c.json", document({"f": flag}))
    details = alone.run("evaluate", "c.json", "--flag", "f").ok().json()
    assert (details["value"], details["errorCode"]) == (False, "INVALID_CONTEXT")
    details = alone.run("evaluate", "c.json", "--flag", "nope", "--targeting-key", "u").ok().json()
    assert (details["value"], details["errorCode"]) == (None, "FLAG_NOT_FOUND")


@pytest.mark.parametrize("written,plan", [("pro", "pro"), ('"pro"', "pro"), ("3", 3),
                                          ("true", True), ('"3"', "3"), ("", "")])
def test_attributes_are_json_or_plain_words(alone, written, plan):
    rule = {"op": "match", "attribute": "plan", "operator": "eq", "value": plan}
    alone.write("c.json", document({"f": targeted_flag(rule)}))
    details = alone.run("evaluate", "c.json", "--flag", "f", "--targeting-key", "u", "--attr",
                        f"plan={written}").ok().json()
    assert details["value"] is True
    details = alone.run("evaluate", "c.json", "--flag", "f", "--targeting-key", "u", "--attr",
                        f"plan={written}", "--attr", "plan=other").ok().json()
    assert details["value"] is False


@pytest.mark.parametrize("words", [("--attr", "plan"), ("--attr", "=x"), ("--attr", "a={"),
                                   ("--fallback", "{"), ("--type", "bool")])
def test_questions_that_are_none(alone, words):
    alone.write("c.json", document({"f": core_flag()}))
    alone.run("evaluate", "c.json", "--flag", "f", *words).ended(
        2 if alone.name == "superflag" else 4)


def test_details_for_people(tmp_path):
    cli = Cli(tmp_path)
    cli.write("c.json", document({"f": core_flag("x")}))
    words = ("evaluate", "c.json", "--flag", "f", "--targeting-key", "u", "--now", "2031-01-01")
    assert cli.run(*words, "-o", "tsv").ok().out == \
        '"x"\tonly\tFALLTHROUGH\t\t\t\t2031-01-01T00:00:00.000Z\n'
    assert json.loads(cli.terminal(*words).ok().plain)["value"] == "x"


def test_an_invalid_document_decides_nothing(alone):
    alone.write("c.json", document({"f": core_flag(offVariation="none")}))
    for words in (("evaluate", "c.json", "--flag", "f", "--targeting-key", "u"),
                  ("types", "c.json")):
        refused = alone.run(*words).ended(1)
        assert "$.flags.f.offVariation" in refused.err and "config validate" in refused.err
        assert refused.out == ""


# ---- types -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("cases", CASES, ids=lambda c: c["meta"]["title"][:12])
def test_the_types_are_the_librarys(tmp_path, cases):
    cli = Cli(tmp_path, "superflag")
    for case in cases["codegen"]:
        cli.write("config.json", case["config"])
        words = ["types", "config.json"]
        for option, name in (("--interface", "interfaceName"), ("--banner", "banner")):
            if name in case["options"]:
                words += [option, case["options"][name]]
        done = cli.run(*words)
        if "error" in case:
            assert done.ended(2).err == f"error: {case['error']}\n"
        else:
            assert done.ok().out == case["text"]


def find_typescript():
    """The compiler of whoever has one: the suite of npm packages, or this machine."""
    inner = "node_modules/typescript/bin/tsc"
    for place in (ROOT / "tests" / "sdk" / "npm", BINARY.parent):
        for found in (*place.glob(inner), *place.glob("*/" + inner), *place.glob("*/*/" + inner)):
            return str(found)
    return os.environ.get("TSC") or shutil.which("tsc")


@pytest.mark.skipif(find_typescript() is None, reason="no TypeScript compiler here: TSC names one")
def test_typescript_takes_the_types(tmp_path):
    cli = Cli(tmp_path)
    flags = {"empty": core_flag({}), "list": core_flag([1, {"a": None, "b": []}]),
             'quo"te\n': core_flag("a\"b\\\u2028"), "10": core_flag(-0.5)}
    cli.write("c.json", document(flags))
    text = cli.run("types", "c.json", "--interface", "Flags").ok().out
    cli.write("flags.ts", text + 'const v: Flags["10"] = -0.5;\nconst e: Flags["empty"] = {};\n'
              'const l: Flags["list"] = [1, { a: null, b: [] }];\nexport { v, e, l };\n')
    done = subprocess.run([find_typescript(), "--strict", "--noEmit", "flags.ts"], cwd=cli.work,
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
