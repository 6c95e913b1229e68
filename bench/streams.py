# SPDX-License-Identifier: Apache-2.0
"""streams - event streams by the thousand, for run.py: what an idle one costs, how soon all of them
hear of a change, and what others notice when all come back at once.

Server and clients share the machine's cores, as they must here: the clients' own work for so many
streams is part of every figure.
"""
import json
import os
import re
import subprocess
import time

COUNTS = (1000, 10000)
KEYS, FLAGS = 10, 100
SETTLE_S = 2


class Town:
    """An environment with flags, a token that changes them, and keys with their streams' addresses."""

    def __init__(self, bench, port, data):
        with open(os.path.join(data, "token"), encoding="ascii") as file:
            owner = bench.Client(port, file.read().strip())
        app = json.loads(owner.call("POST", "/api/v1/apps", {"name": "streams"})[1])["data"]["id"]
        environments = json.loads(owner.call("GET", "/admin/v1/environments?limit=1000")[1])["items"]
        number = max(environment["number"] for environment in environments)
        self.token = json.loads(owner.call("POST", "/admin/v1/tokens",
                                           {"environments": [number]})[1])["token"]
        manager = bench.Client(port, self.token)
        self.ids = [json.loads(manager.call(
            "POST", "/api/1/flags",
            {"projectId": str(number), "key": f"flag-{n}", "evaluationMode": "local", "enabled": True,
             "bucketingKey": "user_id", "rolloutPercentage": 50})[1])["id"] for n in range(FLAGS)]
        where = {"appId": app, "env": "production"}
        self.keys = [json.loads(owner.call("POST", "/api/v1/keys",
                                           {**where, "type": "sdk"})[1])["data"]["key"]
                     for _ in range(KEYS)]
        self.addresses = [self.address(bench, port, key) for key in self.keys]

    @staticmethod
    def address(bench, port, key):
        answer = json.loads(bench.Client(port, key).call(
            "POST", "/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "user-1"}})[1])
        if len(answer["flags"]) != FLAGS:
            raise SystemExit("bench: an answer does not hold 100 flags")
        return answer["eventStreams"][0]["endpoint"]["requestUri"]


def figures(pattern, text):
    return [[int(figure) for figure in found] for found in re.findall(pattern, text)]


def run_once(bench, folder, count):
    """One server, `count` streams: (KiB a stream, changes, returns), times in milliseconds."""
    data = os.path.join(folder, f"streams-{count}")
    os.makedirs(data)
    port = bench.free_port()
    # Twice the room: those who come back are there before those who left are noticed to be gone.
    server = bench.start_guidon(data, port, None, "--management-per-second", "0",
                                "--management-per-day", "0", "--streams-per-second", "0",
                                "--streams-max", str(2 * count))
    try:
        town = Town(bench, port, data)
        user = json.dumps({"context": {"targetingKey": "user-1", "plan": "pro"}})
        command = [os.path.join(bench.BUILD, "bench", "streams_bench"), str(port), str(count),
                   str(bench.PAIRS * 4), str(bench.PAIRS), town.token, town.ids[0], town.keys[0],
                   "flag-1", user, *town.addresses]
        time.sleep(SETTLE_S)
        before = bench.memory_kib(server.pid, "RssAnon")
        clients = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        opened = clients.stdout.readline()
        time.sleep(SETTLE_S)
        after = bench.memory_kib(server.pid, "RssAnon")
        output, errors = clients.communicate("go\n", timeout=300)
        if opened != "open\n" or clients.returncode != 0:
            raise SystemExit(f"bench: streams_bench: {opened}{output}{errors}")
    finally:
        server.stop()
    changes = figures(r"change last (\d+) median (\d+) commit (\d+)", output)
    returns = figures(r"reconnect (\d+) evaluations \d+ p50 (\d+) p99 (\d+) max (\d+)", output)
    return {"kib": (after - before) / count,
            "last": [change[0] / 1000 for change in changes],
            "half": [change[1] / 1000 for change in changes],
            "commit": [change[2] / 1000 for change in changes],
            "return_ms": [one[0] / 1000 for one in returns],
            "p50": [one[1] / 1000 for one in returns],
            "p99": [one[2] / 1000 for one in returns],
            "max": [one[3] / 1000 for one in returns]}


def measure(bench, folder):
    return {count: run_once(bench, folder, count) for count in COUNTS}


def add_rows(bench, measured):
    for count, found in measured.items():
        name, what, most = f"streams-{count}", f"{count:,} OFREP event streams", count == max(COUNTS)
        meanwhile = f"{what} come back at once, an OFREP evaluation meanwhile"
        add = bench.results.add
        add(f"{name}-memory", f"{what}, idle", "KiB of the server's memory each", [found["kib"]], 2,
            target="<= 1.00" if most else "")
        add(f"{name}-half", f"{what}: a change is at half of them", "ms from its sending",
            found["half"], 1)
        add(f"{name}-last", f"{what}: a change is at the last of them", "ms from its sending",
            found["last"], 1, target="< 150" if most else "< 20", promises="" if most else "V4")
        add(f"{name}-return", f"{what} come back at once", "ms until all are there",
            found["return_ms"], 0, target="<= 5000" if most else "", promises="A6" if most else "")
        add(f"{name}-p50", meanwhile, "ms, p50", found["p50"], 2)
        add(f"{name}-p99", meanwhile, "ms, p99", found["p99"], 2, target="< 20" if most else "",
            promises="A6" if most else "")
        add(f"{name}-slowest", meanwhile, "ms, slowest", found["max"], 2)
