# SPDX-License-Identifier: Apache-2.0
"""evaluation - the Amplitude side: 100 flags with three segments each, for run.py.

One user asks /sdk/v2/vardata and /sdk/v2/flags beside nginx `return 200` in the same minute, then
/sdk/v2/vardata while flags change; the same flags and users go through our evaluator and through
@amplitude/experiment-core, each in a process of its own, one after the other.
"""
import base64
import json
import os
import random
import re
import shutil
import subprocess

FLAGS, SEGMENTS, USERS = 100, 3, 1000
CHANGES_PER_SECOND = 1000
COUNTRIES = ["Norway", "Iceland", "Chile", "Japan", "Kenya", "Peru"]
PLANS = ["free", "pro", "team", "enterprise"]


def flag_of(index, project):
    """Three segments, as teams write them: a list, a comparison, a pair of conditions."""
    conditions = [
        [{"type": "property", "prop": "country", "op": "is",
          "values": [COUNTRIES[index % 6], COUNTRIES[(index + 1) % 6]]}],
        [{"type": "property", "prop": "gp:age", "op": "greater", "values": [str(20 + index % 50)]},
         {"type": "property", "prop": "gp:plan", "op": "is not", "values": ["free"]}],
        [{"type": "property", "prop": "version", "op": "greater or equal",
          "values": [f"{index % 4}.{index % 10}.0"]},
         {"type": "property", "prop": "gp:email", "op": "contains", "values": ["@example.org"]}],
    ]
    return {"projectId": project, "key": f"flag-{index}", "evaluationMode": "local",
            "bucketingKey": "user_id",
            "variants": [{"key": "control"}, {"key": "treatment", "payload": {"step": index}}],
            "rolloutWeights": {"control": 1, "treatment": 1}, "enabled": True, "rolloutPercentage": 50,
            "targetSegments": [{"name": f"Segment {n + 1}", "conditions": conditions[n],
                                "percentage": 100 if n else 60, "bucketingKey": "user_id",
                                "rolloutWeights": {"control": 1, "treatment": 1}}
                               for n in range(SEGMENTS)]}


def user_of(index):
    draw = random.Random(index)
    return {"user_id": f"user-{index}", "device_id": f"device-{index}",
            "country": draw.choice(COUNTRIES), "version": f"{index % 4}.{index % 12}.{index % 5}",
            "platform": "Web", "language": "English",
            "user_properties": {"age": str(draw.randrange(15, 80)), "plan": draw.choice(PLANS),
                                "email": f"user-{index}@example.org"}}


def encoded(user):
    return base64.urlsafe_b64encode(json.dumps(user).encode()).decode().rstrip("=")


class Town:
    """An environment with the flags, a deployment, and a token of its own."""

    def __init__(self, bench, port, data):
        with open(os.path.join(data, "token"), encoding="ascii") as file:
            owner = bench.Client(port, file.read().strip())
        owner.call("POST", "/api/v1/apps", {"name": "evaluation"})
        environments = json.loads(owner.call("GET", "/admin/v1/environments")[1])["items"]
        self.project = str(environments[-1]["number"])
        token = json.loads(owner.call("POST", "/admin/v1/tokens",
                                      {"environments": [int(self.project)]})[1])["token"]
        self.manager = bench.Client(port, token)
        deployment = json.loads(self.manager.call(
            "POST", "/api/1/deployments",
            {"projectId": self.project, "label": "bench", "type": "server"})[1])["id"]
        listed = json.loads(self.manager.call("GET", "/api/1/deployments")[1])["deployments"]
        self.key = next(d["key"] for d in listed if d["id"] == str(deployment))
        self.ids = [json.loads(self.manager.call(
            "POST", "/api/1/flags",
            {**flag_of(n, self.project), "deployments": [deployment]})[1])["id"]
            for n in range(FLAGS)]


def measure(bench, folder):
    """Windows of vardata and flags beside nginx, management writes, vardata during them, and the
    flags' text for the engines."""
    data = os.path.join(folder, "evaluation")
    os.mkdir(data)
    port, nginx_port = bench.free_port(), bench.free_port()
    server = bench.start_guidon(data, port, bench.SERVER_CORE,
                                "--management-per-second", "0", "--management-per-day", "0")
    try:
        town = Town(bench, port, data)
        reader = bench.Client(port, town.key)
        reader.headers = {"Authorization": f"Api-Key {town.key}"}
        headers = {**reader.headers, "X-Amp-Exp-User": encoded(user_of(1))}
        answer = reader.call("GET", "/sdk/v2/vardata", headers=headers)[1]
        flags = reader.call("GET", "/sdk/v2/flags")[1]
        if len(json.loads(answer)) != FLAGS or len(json.loads(flags)) != FLAGS:
            raise SystemExit("bench: an answer does not hold 100 flags")
        nginx = bench.start_nginx(folder, nginx_port, len(flags))
        try:
            windows = http_pairs(bench, server, nginx, port, nginx_port, headers, reader.headers)
        finally:
            nginx.stop()
    finally:
        server.stop()
    return {"windows": windows, "bytes": (len(answer), len(flags)), "flags": flags.decode(),
            "changes": measure_changes(bench, data, town)}


def http_pairs(bench, server, nginx, port, nginx_port, with_user, with_key):
    ours, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{nginx_port}"
    # The second is what most SDKs do when nobody reads the assignments: the user is not tracked.
    untracked = {**with_user, "X-Amp-Exp-Track": "no-track"}
    windows = {"vardata": [], "untracked": [], "flags": [], "small": [], "same": []}
    for pair in range(bench.PAIRS):
        windows["vardata"].append(bench.load_window(server, f"{ours}/sdk/v2/vardata", with_user))
        windows["small"].append(bench.load_window(nginx, f"{peer}/small", with_user))
        windows["untracked"].append(bench.load_window(server, f"{ours}/sdk/v2/vardata", untracked))
        windows["flags"].append(bench.load_window(server, f"{ours}/sdk/v2/flags", with_key))
        windows["same"].append(bench.load_window(nginx, f"{peer}/same", with_key))
        print(f"bench: evaluation pair {pair + 1} of {bench.PAIRS}", file=bench.sys.stderr)
    return windows


def measure_changes(bench, data, town):
    """Evaluations while flags change as often as a team of thousands would, and as often as eight
    connections can; the server is not pinned, as in life."""
    port = bench.free_port()
    server = bench.start_guidon(data, port, None,
                                "--management-per-second", "0", "--management-per-day", "0")
    token = town.manager.headers["Authorization"].split()[1]
    found = {"paced": [], "unpaced": []}
    try:
        for _ in range(bench.PAIRS):
            for name, rate in [("paced", CHANGES_PER_SECOND), ("unpaced", 0)]:
                done = subprocess.run(
                    [os.path.join(bench.BUILD, "bench", "latency_bench"), str(port),
                     str(bench.SECONDS), str(rate), token, town.key, encoded(user_of(1)),
                     *town.ids], capture_output=True, text=True, check=False)
                figures = re.match(r"(\d+) changes/s, (\d+) evaluations: p50 (\d+) us, "
                                   r"p99 (\d+) us, max (\d+) us", done.stdout)
                if done.returncode != 0 or not figures:
                    raise SystemExit(f"bench: latency_bench: {done.stdout}{done.stderr}")
                rate, _, *latencies = [int(figure) for figure in figures.groups()]
                found[name].append((rate, *[latency / 1000 for latency in latencies]))
    finally:
        server.stop()
    return found


def measure_engines(bench, folder, flags):
    """Evaluations per second of one flag for one user, ours and the vendor's engine, in turn."""
    modules = os.path.join(bench.ROOT, "tests", "sdk", "npm", "node_modules")
    node = shutil.which("node")
    ours, theirs = [], []
    with open(os.path.join(folder, "flags.json"), "w", encoding="utf-8") as file:
        file.write(flags)
    with open(os.path.join(folder, "users.json"), "w", encoding="utf-8") as file:
        json.dump([{"user": user_of(n)} for n in range(USERS)], file)
    for _ in range(bench.PAIRS):
        ours.append(rate_of(bench, [os.path.join(bench.BUILD, "bench", "configuration_bench")], folder))
        if node and os.path.isdir(modules):
            theirs.append(rate_of(bench, [node, os.path.join(bench.ROOT, "bench", "core_bench.mjs"),
                                          modules], folder))
    return ours, theirs


def rate_of(bench, command, folder):
    files = [os.path.join(folder, "flags.json"), os.path.join(folder, "users.json")]
    output = subprocess.run(bench.pinned([*command, *files], bench.SERVER_CORE), check=True,
                            capture_output=True, text=True).stdout
    return float(output.split()[0])


def add_rows(bench, measured, engines, peer):
    windows, (answer_bytes, flags_bytes) = measured["windows"], measured["bytes"]
    what = f"`/sdk/v2/vardata`, 100 flags of 3 segments, {answer_bytes:,} bytes"
    every = f"`/sdk/v2/flags`, {flags_bytes:,} bytes"
    for name, title, ours, theirs, target in [
            ("vardata", what, "vardata", "small", "ratio <= 2.2"),
            ("vardata-untracked", f"{what}, `no-track`", "untracked", "small", "ratio <= 2.2"),
            ("flags", every, "flags", "same", "")]:
        rates, peer_rates = ([w["rate"] for w in windows[each]] for each in (ours, theirs))
        cpus, peer_cpus = ([w["cpu_us"] for w in windows[each]] for each in (ours, theirs))
        bench.results.add(f"{name}-rate", title, "requests/s", rates, 0, peer_rates,
                          target="about 65000" if name == "vardata" else "")
        bench.results.add(f"{name}-cpu", title, "CPU µs per request", cpus, 2, peer_cpus,
                          target=target)
    ours, theirs = engines
    bench.results.add("engine-rate", "evaluations in process", "evaluations/s", ours, 0,
                      theirs or None, "`@amplitude/experiment-core`",
                      "ratio >= 25" if theirs else "")
    add_peer_rows(bench, windows["vardata"], peer)
    add_change_rows(bench, measured["changes"])


def add_peer_rows(bench, windows, peer):
    """Rounds are not paired here: each of theirs stands beside one of ours."""
    if isinstance(peer, str):
        bench.results.absent("unleash", "Unleash server, `/api/frontend`, the same question", peer)
        return
    what = (f"`/sdk/v2/vardata`, and `/api/frontend` of {peer['bytes']:,} bytes, {peer['toggles']} of "
            "its 100 flags on")
    for unit, name, digits in [("requests/s", "rate", 0), ("CPU µs per request", "cpu_us", 1)]:
        theirs = [window[name] for window in peer["windows"]]
        bench.results.add(f"unleash-{name.split('_', maxsplit=1)[0]}", what, unit,
                          [window[name] for window in windows][:len(theirs)], digits, theirs,
                          "Unleash server 7.5.1")


def add_change_rows(bench, changes):
    for pace, title in [("paced", f"{CHANGES_PER_SECOND:,} changes/s asked for"),
                        ("unpaced", "as many changes as can be")]:
        bench.results.add(f"vardata-during-{pace}-changes", f"`/sdk/v2/vardata` during {title}",
                          "changes/s reached", [run[0] for run in changes[pace]], 0)
        for place, name in enumerate(["p50", "p99", "slowest"], 1):
            bench.results.add(f"vardata-during-{pace}-{name}", f"`/sdk/v2/vardata` during {title}",
                              f"ms, {name}", [run[place] for run in changes[pace]], 2,
                              target="< 500" if name == "slowest" else "")
