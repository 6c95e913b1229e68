#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server with a small town in it, for one suite of official SDKs.

    tests/sdk/stage.py [--SERVER-OPTION=VALUE]... COMMAND [ARGUMENT]...

Starts GUIDON_BINARY on a free port in a temporary directory, builds the town below through the
Management API, runs the command with the town's addresses and keys in its environment, and stops
the server again. The command's status is ours, unless the server died, or an SDK tried to leave
the machine: every proxy variable points at a trap.

What the command finds in its environment:

    GUIDON_URL                            origin of everything
    GUIDON_CLI_TOKEN, GUIDON_TOKEN        the owner's token, a management token of the project
    GUIDON_PROJECT                        the project's number
    GUIDON_SERVER_KEY, GUIDON_CLIENT_KEY  deployment keys, all flags of the town on both
    GUIDON_API_KEY, GUIDON_SECRET_KEY     the project's own pair, for cohorts and events
    GUIDON_COHORT                         id of the cohort of the ten testers tester-0..tester-9
    GUIDON_STREAMED                       id of the flag `streamed`, for tests that change it
    GUIDON_OPENFEATURE_…                  what openfeature.py says
"""
import itertools
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

import requests  # noqa: E402

import openfeature  # noqa: E402
from harness import Server  # noqa: E402

TOWN_S = 60
COHORT = "kx82mf0a"
TESTERS = [f"tester-{i}" for i in range(10)]
NORDICS = {"name": "Nordics", "percentage": 100, "rolloutWeights": {"treatment": 1, "control": 0},
           "bucketingKey": "user_id",
           "conditions": [{"type": "property", "prop": "country", "op": "is",
                           "values": ["Norway", "Iceland"]}]}


class Trap:
    """Stands where a proxy would and remembers who called."""

    def __init__(self):
        self.callers = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        while True:
            link, _ = self.socket.accept()
            with link:
                link.settimeout(2)
                try:
                    first = link.recv(512).split(b"\r\n", 1)[0].decode("latin-1")
                except OSError:
                    first = ""
                self.callers.append(first or "(silent)")


class Project:
    """One project, spoken to with its management token."""

    def __init__(self, base, token, number):
        self.base = base
        self.number = number
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method, path, body=None, **more):
        """Waits as told when it calls too often; any other refusal ends the suite."""
        deadline = time.monotonic() + TOWN_S
        while True:
            answer = self.session.request(method, self.base + path, json=body, timeout=30, **more)
            if answer.status_code != 429 or time.monotonic() > deadline:
                break
            time.sleep(float(answer.headers.get("Retry-After", "1")))
        if answer.status_code not in (200, 201):
            raise SystemExit(f"stage: {method} {path} {body}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.text

    def deployment(self, label, kind):
        made = self.call("POST", "/api/1/deployments",
                         {"projectId": self.number, "label": label, "type": kind})["id"]
        found = [one for one in self.call("GET", "/api/1/deployments")["deployments"]
                 if one["id"] == str(made)]
        return found[0]["id"], found[0]["key"]

    def flag(self, key, deployments, resource="flags", **members):
        """Creates an item, then edits what cannot be given at creation."""
        later = {name: members.pop(name) for name in ("rolloutPercentage", "bucketingSalt")
                 if name in members}
        body = {"projectId": self.number, "key": key, "deployments": deployments,
                "evaluationMode": "local", "bucketingKey": "user_id", **members}
        made = self.call("POST", f"/api/1/{resource}", body)["id"]
        self.call("PATCH", f"/api/1/{resource}/{made}", {"enabled": True, **later})
        return str(made)


def settle(base, owner):
    """An app with a town in its production environment; returns what the command is told."""
    cli = Project(base, owner, None)
    app = cli.call("POST", "/api/v1/apps", {"name": "sdk"})["data"]["id"]
    number = [one["number"] for one in cli.call("GET", "/admin/v1/environments?limit=1000")["items"]
              if one["appId"] == app and one["name"] == "production"][0]
    token = cli.call("POST", "/admin/v1/tokens", {"name": "sdk", "environments": [number]})["token"]
    pair = cli.call("POST", f"/admin/v1/environments/{number}/project-keys")
    cli.session.headers["Content-Type"] = "text/plain"
    cli.call("PUT", f"/admin/v1/environments/{number}/cohorts/{COHORT}", data="\n".join(TESTERS),
             params={"name": "Testers", "groupType": "User"})

    project = Project(base, token, str(number))
    server, server_key = project.deployment("town-server", "server")
    client, client_key = project.deployment("town-client", "client")
    streamed = build(project, [server, client])
    return {"URL": base, "CLI_TOKEN": owner, "TOKEN": token, "PROJECT": str(number),
            "SERVER_KEY": server_key, "CLIENT_KEY": client_key, "API_KEY": pair["apiKey"],
            "SECRET_KEY": pair["secretKey"], "COHORT": COHORT, "STREAMED": streamed,
            **openfeature.build(Project(base, owner, None), Project)}


def build(project, deployments):
    """The flags every suite knows. Same salt, same question: `colour` and `colour-remote` agree."""
    colour = {"variants": [{"key": "control"}, {"key": "treatment", "payload": {"hex": "#088"}}],
              "rolloutWeights": {"control": 1, "treatment": 1}, "targetSegments": [NORDICS],
              "rolloutPercentage": 100, "bucketingSalt": "Zt4hN0ve"}
    for key, mode in (("colour", "local"), ("colour-remote", "remote")):
        made = project.flag(key, deployments, "experiments", evaluationMode=mode, **colour)
        project.call("POST", f"/api/1/experiments/{made}/variants/control/users",
                     {"inclusions": ["qa-1", "qa-device"]})
    on = {"variants": [{"key": "on", "payload": {"revision": 0}}], "rolloutWeights": {"on": 1}}
    project.flag("half", deployments, rolloutPercentage=50, bucketingSalt="q7Lw2ZtB", **on)
    project.flag("half-remote", deployments, evaluationMode="remote", rolloutPercentage=50,
                 bucketingSalt="q7Lw2ZtB", **on)
    off = project.flag("dormant", deployments, rolloutPercentage=100, **on)
    project.call("PATCH", f"/api/1/flags/{off}", {"enabled": False})
    testers = project.flag("testers-only", deployments, rolloutPercentage=0, **on)
    project.call("POST", f"/api/1/flags/{testers}/variants/on/cohorts", {"inclusions": [COHORT]})

    laned = project.flag("laned", deployments, "experiments", rolloutPercentage=100,
                         bucketingSalt="TR3k0aPz", **on)
    project.call("POST", "/api/1/mutexes", {
        "projectId": project.number, "name": "Lanes", "key": "mutex-lanes", "bucketingKey": "user_id",
        "bucketingSalt": "A0bc9dEf", "evaluationMode": "local",
        "slots": [{"percentage": 40, "experiments": [int(laned)]}, {"percentage": 60}]})
    project.call("POST", "/api/1/holdouts", {
        "projectId": project.number, "name": "Held out", "key": "holdout-town",
        "holdoutPercentage": 20, "bucketingKey": "user_id", "evaluationMode": "local",
        "experiments": [int(laned)], "individualInclusion": ["held-out"]})
    return project.flag("streamed", deployments, rolloutPercentage=100, **on)


def run(command, town):
    trap = Trap()
    environment = {name: value for name, value in os.environ.items()
                   if not name.lower().endswith("_proxy")}
    environment.update({f"GUIDON_{name}": value for name, value in town.items()})
    for name in ("http_proxy", "https_proxy"):
        environment[name] = environment[name.upper()] = trap.address
    environment["no_proxy"] = environment["NO_PROXY"] = "127.0.0.1,localhost"
    environment["GUIDON_TRAP"] = trap.address
    status = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
    if trap.callers:
        print(f"stage: an SDK tried to leave the machine: {sorted(set(trap.callers))}")
        return status or 1
    return status


def main(command):
    options = list(itertools.takewhile(lambda word: word.startswith("--"), command))
    command = command[len(options):]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="guidon-sdk-") as directory:
        server = Server(directory, *options).start()
        try:
            status = run(command, settle(server.base, server.token))
        except BaseException:
            if server.process.poll() is None:
                server.stop()
            print(server.output("err")[-4000:], file=sys.stderr)
            raise
        server.close()
        return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
