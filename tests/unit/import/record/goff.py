# SPDX-License-Identifier: Apache-2.0
"""goff - records what the vendor's own evaluation module decides, for ../goff_test.c to compare with.

    pip install gofeatureflag-python-provider==1.3.0
    python goff.py > ../goff.json

The module is the one the provider brings along (WebAssembly, built from the vendor's Go source).
Every flag is asked with every context; `variant` is null where the program's own value is what it
gives. Texts in contexts have the case that rules write them in: the module folds case, we do not,
and importing says so. Dates lie far from today, but for the progressive rollouts that are under way.
"""
import json
import pathlib
import sys
import time

import gofeatureflag_python_provider.wasm as module
import wasmtime

FILE = next(pathlib.Path(module.__file__).parent.glob("*.wasi"))
ENGINE = wasmtime.Engine()
MODULE = wasmtime.Module.from_file(ENGINE, str(FILE))


class Evaluator:
    def __init__(self):
        self.start()

    def start(self):
        self.store = wasmtime.Store(ENGINE)
        self.store.set_wasi(wasmtime.WasiConfig())
        linker = wasmtime.Linker(ENGINE)
        linker.define_wasi()
        self.exports = linker.instantiate(self.store, MODULE).exports(self.store)
        try:
            self.exports["_start"](self.store)
        except wasmtime.ExitTrap:
            pass

    def decide(self, key, flag, context):
        asked = {"flagKey": key, "flag": flag, "evalContext": context,
                 "flagContext": {"defaultSdkValue": None, "evaluationContextEnrichment": {}}}
        text = json.dumps(asked).encode()
        memory = self.exports["memory"]
        try:
            place = self.exports["malloc"](self.store, len(text) + 1)
            memory.write(self.store, text + b"\0", place)
            result = self.exports["evaluate"](self.store, place, len(text))
        except (wasmtime.Trap, wasmtime.WasmtimeError):  # a panic, which programs see as an error
            self.start()
            return None
        begin, size = result >> 32 & 0xFFFFFFFF, result & 0xFFFFFFFF
        answer = json.loads(bytes(memory.read(self.store, begin, begin + size)))
        self.exports["free"](self.store, place)
        return None if answer["variationType"] == "SdkDefault" else answer["variationType"]


COLOURS = {"red": "#f00", "green": "#0f0", "blue": "#00f"}
ON_OFF = {"on": True, "off": False}


def when(query):
    return {"variations": ON_OFF, "targeting": [{"query": query, "variation": "on"}],
            "defaultRule": {"variation": "off"}}


def logic(rule):
    return when(json.dumps(rule))


def shares(percentage, **more):
    return {"variations": COLOURS, "defaultRule": {"percentage": percentage}, **more}


def progressive(initial, end):
    return {"variations": COLOURS,
            "defaultRule": {"progressiveRollout": {"initial": initial, "end": end}}}


QUERIES = [
    '', 'plan eq "pro"', 'plan == "pro"', 'plan EQ "pro"', 'plan ne "pro"', 'plan != "pro"',
    'not (plan eq "pro")', 'NOT (plan eq "pro")', 'plan pr', 'not (plan pr)', 'plan eq null', 'plan ne null',
    'age eq 18', 'age ne 18', 'age gt 18', 'age ge 18', 'age lt 18', 'age le 18', 'age > 18', 'age >= 18',
    'age < 18', 'age <= 18', 'age eq 0', 'age gt 0', 'age ge 0', 'age lt 0', 'age le 0', 'age gt -3', 'age ge -3',
    'age lt -3', 'age le -3', 'age eq -3', 'age ne -3', 'age eq 18.5', 'age ne 18.5', 'age gt 18.5', 'age le 18.0',
    'beta eq true', 'beta eq false', 'beta ne true', 'beta ne false', 'anonymous eq true', 'anonymous eq false',
    'anonymous ne true', 'email co "@example"', 'email sw "ann"', 'email ew ".com"', 'country in ["DE", "FR"]',
    'country in ["DE","NO"]', 'age in [17, 18]', 'age in [18.5]', 'company.name eq "Acme"', 'key eq "u-1"',
    'targetingKey in ["u-1", "u-2"]', 'attributes.plan eq "pro"', 'version eq 1.2.3', 'version gt 1.2.3',
    'version ge 1.2.3', 'version lt 2.0.0', 'version le 1.2.3', 'version ne 1.2.3', 'plan eq "pro" and age gt 17',
    'plan eq "pro" or age gt 17', 'plan eq "pro" or age gt 17 and beta eq true',
    'plan eq "pro" and age gt 17 or beta eq true', 'plan eq "pro" and (age gt 18 or beta eq true)',
    '((plan eq "pro"))', 'not (not (plan eq "pro"))', 'not (plan eq "pro") or age eq 30',
    ' plan eq "pro" ', 'plan  eq  "pro"', 'garbage', 'plan eq',
]
RULES = [
    {"==": [{"var": "plan"}, "pro"]}, {"!=": [{"var": "plan"}, "pro"]}, {"===": [{"var": "age"}, 18]},
    {"==": [{"var": "plan"}, None]}, {"!": [{"var": "plan"}]}, {"!!": [{"var": "roles"}]}, {"var": "plan"},
    {"<": [{"var": "age"}, 18]}, {">": [{"var": "age"}, -1]}, {">=": [{"var": "age"}, 0]}, {"<=": [{"var": "age"}, 18]},
    {"<": [10, {"var": "age"}, 30]}, {"in": [{"var": "country"}, ["DE", "FR"]]}, {"in": ["admin", {"var": "roles"}]},
    {"in": ["@example", {"var": "email"}]}, {"missing": ["plan"]}, {"==": [{"var": "company.name"}, "Acme"]},
    {"==": [{"var": "key"}, "u-1"]}, {"==": [{"var": "targetingKey"}, "u-1"]},
    {"and": [{"==": [{"var": "plan"}, "pro"]}, {">": [{"var": "age"}, 17]}]},
    {"or": [{"==": [{"var": "plan"}, "pro"]}, {"!": [{"==": [{"var": "beta"}, True]}]}]},
    {"if": [{"==": [{"var": "plan"}, "pro"]}, {">": [{"var": "age"}, 17]}, {"==": [{"var": "beta"}, True]}]},
]
PAST, LONG_AGO, FUTURE = "2015-01-01T00:00:00Z", "2012-01-01T00:00:00Z", "2097-01-01T00:00:00Z"
FLAGS = {
    "plain": {"variations": ON_OFF, "defaultRule": {"variation": "on"}},
    "numbers": {"variations": {"a": 1, "b": 2.5}, "defaultRule": {"variation": "b"}, "metadata": {"description": "Sizes"}},
    "objects": {"variations": {"a": {"x": 1}, "b": [2]}, "defaultRule": {"variation": "a"}},
    "disabled": {"variations": ON_OFF, "disable": True, "defaultRule": {"variation": "on"}},
    "rule-disabled": {"variations": ON_OFF, "targeting": [{"query": 'plan eq "pro"', "variation": "on", "disable": True}],
                      "defaultRule": {"variation": "off"}},
    "several": {"variations": COLOURS, "targeting": [
        {"name": "pros", "query": 'plan eq "pro"', "variation": "green"},
        {"name": "adults", "query": "age ge 18", "percentage": {"red": 50, "blue": 50}}],
        "defaultRule": {"variation": "red"}},
    "shares-hundred": shares({"red": 20, "green": 30, "blue": 50}),
    "shares-order": shares({"blue": 50, "green": 30, "red": 20}),
    "shares-ninety": shares({"red": 30, "green": 60}),
    "shares-two-hundred": shares({"red": 100, "green": 100}),
    "shares-fractions": shares({"red": 33.333, "green": 33.333, "blue": 33.334}),
    "shares-whole": shares({"red": 0, "green": 100}),
    "shares-by-team": shares({"red": 50, "blue": 50}, bucketingKey="team"),
    "progressive-before": progressive({"variation": "red", "percentage": 20, "date": FUTURE},
                                      {"variation": "blue", "percentage": 80, "date": "2098-01-01T00:00:00Z"}),
    "progressive-after": progressive({"variation": "red", "percentage": 20, "date": LONG_AGO},
                                     {"variation": "blue", "percentage": 80, "date": PAST}),
    "progressive-whole": progressive({"variation": "red", "date": LONG_AGO}, {"variation": "blue", "date": PAST}),
    "progressive-now": progressive({"variation": "red", "percentage": 0, "date": PAST},
                                   {"variation": "blue", "percentage": 100, "date": FUTURE}),
    "progressive-now-within": progressive({"variation": "red", "percentage": 20, "date": PAST},
                                          {"variation": "blue", "percentage": 80, "date": FUTURE}),
    "experiment-now": shares({"red": 50, "blue": 50}, experimentation={"start": PAST, "end": FUTURE}),
    "experiment-over": shares({"red": 50, "blue": 50}, experimentation={"start": LONG_AGO, "end": PAST}),
    "steps": {"variations": COLOURS, "targeting": [{"name": "pros", "query": 'plan eq "pro"', "variation": "green"}],
              "defaultRule": {"variation": "red"}, "scheduledRollout": [
                  {"date": LONG_AGO, "defaultRule": {"variation": "blue"}},
                  {"date": PAST, "targeting": [{"name": "pros", "variation": "red"},
                                               {"name": "adults", "query": "age ge 18", "variation": "green"}]},
                  {"date": FUTURE, "defaultRule": {"variation": "green"}}]},
    "steps-out-of-order": {"variations": COLOURS, "defaultRule": {"variation": "red"}, "scheduledRollout": [
        {"date": PAST, "defaultRule": {"variation": "green"}}, {"date": LONG_AGO, "defaultRule": {"variation": "blue"}}]},
    "steps-shares": {"variations": COLOURS, "defaultRule": {"percentage": {"red": 50, "green": 50}},
                     "scheduledRollout": [{"date": PAST, "defaultRule": {"percentage": {"green": -1, "blue": 30}}}]},
    "steps-off": {"variations": COLOURS, "defaultRule": {"variation": "red"},
                  "scheduledRollout": [{"date": PAST, "disable": True}]},
}
for index, query in enumerate(QUERIES):
    FLAGS[f"query-{index:02}"] = when(query)
for index, rule in enumerate(RULES):
    FLAGS[f"logic-{index:02}"] = logic(rule)

PEOPLE = [
    {},
    {"plan": "pro", "age": 30, "country": "DE", "email": "ann@example.com", "roles": ["admin"], "beta": True,
     "version": "1.2.3", "company": {"name": "Acme"}, "team": "north"},
    {"plan": "free", "age": 18, "country": "FR", "email": "bo@example.org", "roles": [], "beta": False,
     "version": "2.0.0-rc.1", "company": {}, "team": "", "anonymous": True},
    {"plan": "pro", "age": 17, "country": "US", "email": "annika@shop.com", "roles": ["editor", "admin"],
     "version": "1.2.3+build.5", "attributes": {"plan": "pro"}, "anonymous": False, "team": "sud-é"},
    {"plan": None, "age": 0, "country": "", "email": "", "roles": ["x"], "beta": True, "version": "0.9.0"},
    {"plan": 5, "age": -3, "country": "NO", "version": "1.9.12"},
    {"age": 18.5, "country": "DE", "version": "1.2.4-alpha", "beta": False},
    {"age": -3.5, "plan": "", "version": "no version"},
    {"age": -0.5, "beta": "true"},
]
CONTEXTS = [{"targetingKey": f"u-{index}", **person} for index, person in enumerate(PEOPLE)]
MANY = CONTEXTS + [{"targetingKey": f"user-{index}{'é😀' if index % 9 == 0 else ''}", "age": 20, "team": f"team {index}"}
                   for index in range(60)]


def main():
    evaluator = Evaluator()
    now = int(time.time() * 1000)
    cases = []
    for key, flag in FLAGS.items():
        is_dealt = key.startswith(("shares", "progressive", "experiment", "steps-shares", "several"))
        for context in MANY if is_dealt else CONTEXTS:
            cases.append({"flag": key, "context": context, "now": now,
                          "variant": evaluator.decide(key, flag, context)})
    rows = ",\n".join(json.dumps(one, ensure_ascii=False) for one in cases)
    sys.stdout.write('{"about":"what the evaluation module of gofeatureflag-python-provider 1.3.0 decides; see '
                     'record/goff.py","documents":[{"name":"file","vendor":"goff",\n'
                     f'"text":{json.dumps(json.dumps(FLAGS))},\n"cases":[\n{rows}]}}]}}\n')


main()
