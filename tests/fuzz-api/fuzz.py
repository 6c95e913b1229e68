#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The admin API and OFREP as /openapi.json describes them, against a running server.

    tests/sdk/run api-fuzz [SCHEMATHESIS OPTION]...     (make api-fuzz)

Runs under tests/sdk/stage.py. Validates the document, puts something of every kind on the server,
and lets schemathesis make requests up from the document, right ones and wrong ones, and judge every
answer. API_FUZZ_SEED=… repeats a run (1 without it); API_FUZZ_EXAMPLES bounds the requests per
operation and phase.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import openapi_spec_validator
import requests

HERE = pathlib.Path(__file__).resolve().parent
URL, OWNER = os.environ["GUIDON_URL"], os.environ["GUIDON_CLI_TOKEN"]
SEED = os.environ.get("API_FUZZ_SEED", "1")
EXAMPLES = os.environ.get("API_FUZZ_EXAMPLES", "20")
PHASES = "examples,coverage,fuzzing,stateful"
LIMIT_S = 600
REDOCLY_NODE = (20, 19)
# Where a value that exists is put, and how often; the rest is made up.
OFTEN = 0.8

session = requests.Session()
session.trust_env = False
session.headers["Authorization"] = f"Bearer {OWNER}"


def call(method, path, body=None, **more):
    answer = session.request(method, URL + path, json=body, timeout=30, **more)
    if not answer.ok:
        raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer.json() if answer.content else None


def furnish():
    """An app with something of every kind; returns what there is by (path, parameter)."""
    app = call("POST", "/admin/v1/apps", {"name": "fuzzed"})
    number = {one["name"]: str(one["number"]) for one in app["environments"]}
    at = f"/admin/v1/environments/{number['production']}"
    key = call("POST", at + "/keys", {"kind": "server"})
    deployment = call("POST", at + "/deployments", {"label": "fuzzed", "kind": "server"})
    call("POST", at + "/segments", {"key": "testers", "included": ["ann"]})
    for flag, members in {
            "dark-mode": {"enabled": True},
            "checkout": {"kind": "experiment", "enabled": True, "variations": [
                {"id": "off", "value": "off"}, {"id": "a", "value": "a"}, {"id": "b", "value": "b"}],
                "offVariation": "off", "fallthrough": {"variation": "a"}}}.items():
        call("POST", at + "/flags", {"key": flag, **members})
    call("POST", at + "/groups", {"kind": "mutex", "key": "lanes", "slots": [{"percent": 50}, {"percent": 50}]})
    call("POST", at + "/groups", {"kind": "holdout", "key": "held-out", "percent": 10})
    call("PUT", at + "/cohorts/ten", {"memberIds": ["ann", "bob"]})
    token = call("POST", "/admin/v1/tokens", {"environments": [int(number["production"])]})
    user = call("POST", "/admin/v1/users", {"email": "fred@example.com", "role": "viewer"})
    me = call("GET", "/admin/v1/me")
    call("PUT", at + "/groups/lanes/members/checkout", {"slots": [1]})
    evaluations = call("POST", "/ofrep/v1/evaluate/flags", {}, headers={"Authorization": key["key"]})
    address = evaluations["eventStreams"][0]["endpoint"]["requestUri"]
    os.environ.update(FUZZ_KEY=key["key"], FUZZ_EVENT_TOKEN=address.split("token=")[1], FUZZ_OWN_TOKEN=me["tokenId"], FUZZ_OWN_USER=me["userId"])
    there = [  # the first that fits
        ("/environments/.environment}/(import|restore)$", "path.environment", [number["staging"]]),
        ("/environments/.environment", "path.environment", [number["production"], number["staging"]]),
        ("/flags/.key", "path.key", ["dark-mode", "checkout"]),
        ("/members/.flag", "path.flag", ["dark-mode", "checkout"]),
        ("/segments/.key", "path.key", ["testers"]),
        ("/groups/.key", "path.key", ["lanes", "held-out"]),
        ("/keys/.key", "path.key", [key["id"]]),
        ("/deployments/.deployment", "path.deployment", [deployment["number"]]),
        ("/cohorts/.cohort", "path.cohort", ["ten"]),
        ("/versions/.version", "path.version", [1, 2, 3]),
        ("/apps/.app", "path.app", [app["id"]]),
        ("/tokens/.token", "path.token", [token["id"], me["tokenId"]]),
        ("/users/.user", "path.user", [user["id"], me["userId"]]),
        ("/problems/.code", "path.code", ["invalid", "stale", "not_found"]),
        ("/compare$", "query.from", [number["production"], f"{number['production']}@1"]),
        ("/compare$", "query.to", [number["staging"], number["production"]]),
        ("/audit$", "query.environment", [number["production"]]),
    ]
    os.environ["FUZZ_THERE"] = json.dumps(there)
    return there


def configuration(there):
    """schemathesis.toml, and for every parameter a dictionary of what exists."""
    text = (HERE / "schemathesis.toml").read_text().replace('hooks = "', f'hooks = "{HERE}/')
    for place, (_, _, values) in enumerate(there):
        text += f"\n[dictionaries.there-{place}]\nvalues = {json.dumps(values)}\n"
    paths = call("GET", "/openapi.json")["paths"]
    for path in paths:
        known = {}
        for place, (where, name, _) in enumerate(there):
            if re.search(where, path):
                known.setdefault(name, place)
        if known:
            text += f'\n[[operations]]\ninclude-path = {json.dumps(path)}\n[operations.parameters]\n'
            text += "".join(f'"{name}" = {{ dictionary = "there-{place}", probability = {OFTEN} }}\n'
                            for name, place in known.items())
    return text


def validate():
    """The document, by two judges of documents; returns (judgements passed, skipped)."""
    for name in ("openapi.json", "openapi.yaml"):
        openapi_spec_validator.validate(json.loads(session.get(f"{URL}/{name}", timeout=30).content))
    print("openapi-spec-validator: valid")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < REDOCLY_NODE:
        print(f"SKIPPED: redocly wants a node newer than {version}")
        return 1, 1
    with tempfile.TemporaryDirectory(prefix="guidon-fuzz-") as directory:
        document = pathlib.Path(directory, "openapi.json")
        document.write_bytes(session.get(f"{URL}/openapi.json", timeout=30).content)
        done = subprocess.run(
            ["node", HERE / "node_modules/@redocly/cli/bin/cli.js", "lint", document,
             "--config", HERE / "redocly.yaml", "--format", "json"], capture_output=True, text=True, check=False,
            env={**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"})
        totals = json.loads(done.stdout)["totals"]
    if totals["errors"] or totals["warnings"]:
        raise SystemExit(f"redocly: {done.stdout}")
    print("redocly: valid, no warnings")
    return 2, 0


def main(options):
    valid, skipped = validate()
    with tempfile.TemporaryDirectory(prefix="guidon-fuzz-") as directory:
        settings, report = pathlib.Path(directory, "schemathesis.toml"), pathlib.Path(directory, "report.json")
        settings.write_text(configuration(furnish()))
        done = subprocess.run(
            [pathlib.Path(sys.executable).with_name("schemathesis"), "--config-file", settings,
             "run", f"{URL}/openapi.json", "--no-color", "--phases", PHASES, "--seed", SEED,
             "--max-examples", EXAMPLES, "--report", "json", "--report-json-path", report, *options],
            cwd=directory, timeout=LIMIT_S, check=False, env={**os.environ, "PYTHONPATH": str(HERE)})
        found = json.loads(report.read_text())
    failures = found["test_cases"]["unique_failures"] + found["test_cases"]["errored"]
    spoilt = {one for failure in found["failures"] for one in failure["operations"]}
    status = done.returncode or (0 if found["complete"] else 1)
    print(f"api-fuzz: {valid + found['operations']['tested'] - len(spoilt)} passed, "
          f"{max(failures, 1 if status else 0)} failed, {skipped} skipped")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
