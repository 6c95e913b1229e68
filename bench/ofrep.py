# SPDX-License-Identifier: Apache-2.0
"""ofrep - OpenFeature's remote evaluation: one flag, all of 350 flags, and all of them unchanged, for
run.py.

The same POSTs go to nginx `return 200` with two bytes of body in the same minute.
"""
import json
import os

FLAGS = 350
COUNTRIES = ["NO", "IS", "CL", "JP", "KE", "PE"]
PLANS = ["free", "pro", "team", "enterprise"]
CONTEXT = {"targetingKey": "user-4711", "email": "user-4711@example.org", "plan": "pro",
           "country": "NO", "age": 34, "version": "2.4.1"}
SWITCH = {"on": {"value": True}, "off": {"value": False}}
WORDS = {"control": {"value": "control"}, "treatment": {"value": "treatment"}}


def match(attribute, operator, value):
    return {"op": "match", "attribute": attribute, "operator": operator, "value": value}


def flag_of(index):
    """A switch, a switch with two rules, a split with a rule, in turn."""
    flag = {"type": "boolean", "description": "d", "tags": [], "owner": "bench",
            "lifecycle": "active", "enabled": index % 10 != 9, "visibility": "client",
            "variations": SWITCH, "offVariation": "off", "fallthrough": {"variation": "on"}}
    rules = [{"id": "rule-1", "serve": {"variation": "on"},
              "when": {"op": "all", "expressions": [match("country", "in", COUNTRIES[index % 6:]),
                                                 match("plan", "neq", PLANS[index % 4])]}},
             {"id": "rule-2", "serve": {"variation": "off"},
              "when": match("age", "gt", 20 + index % 50)}]
    if index % 3 == 1:
        flag["rules"] = rules
    if index % 3 == 2:
        flag.update(type="string", variations=WORDS, offVariation="control", rules=[
            {"id": "rule-1", "when": match("email", "endsWith", f"@{index}.example.org"),
             "serve": {"variation": "treatment"}}])
        flag["fallthrough"] = {"rollout": {"salt": f"salt-{index}", "variations": [
            {"variation": "control", "weight": 50000}, {"variation": "treatment", "weight": 50000}]}}
    return flag


def populate(bench, port, data, flags=FLAGS):
    """An app with the flags in production; its browser key."""
    with open(os.path.join(data, "token"), encoding="ascii") as file:
        owner = bench.Client(port, file.read().strip())
    app = json.loads(owner.call("POST", "/api/v1/apps", {"name": "ofrep"})[1])["data"]["id"]
    document = {"schemaVersion": 1, "source": {"app": app, "environment": "production"},
                "configVersion": 0, "flags": {f"flag-{n:03}": flag_of(n) for n in range(flags)}}
    owner.call("PUT", f"/api/v1/config-document?appId={app}&env=production", document)
    where = {"appId": app, "env": "production", "type": "pub"}
    return json.loads(owner.call("POST", "/api/v1/keys", where)[1])["data"]["key"]


def measure(bench, folder):
    data = os.path.join(folder, "ofrep")
    os.mkdir(data)
    port, nginx_port = bench.free_port(), bench.free_port()
    server = bench.start_guidon(data, port, bench.SERVER_CORE)
    try:
        client = bench.Client(port, populate(bench, port, data))
        body = {"context": CONTEXT}
        one, single = client.call("POST", "/ofrep/v1/evaluate/flags/flag-001", body)
        every, answer = client.call("POST", "/ofrep/v1/evaluate/flags", body)
        if len(json.loads(answer)["flags"]) != FLAGS or "value" not in json.loads(single):
            raise SystemExit("bench: an answer does not hold what was asked for")
        known = {"If-None-Match": every.headers["ETag"]}
        client.call("POST", "/ofrep/v1/evaluate/flags", body, headers=known, expect=(304,))
        nginx = bench.start_nginx(folder, nginx_port, 2)
        try:
            windows = pairs(bench, server, nginx, f"http://127.0.0.1:{port}",
                            f"http://127.0.0.1:{nginx_port}/small", client.headers, known)
        finally:
            nginx.stop()
    finally:
        server.stop()
    return {"windows": windows, "bytes": (len(single), len(answer))}


def pairs(bench, server, nginx, ours, peer, key, known):
    posted = {"body": json.dumps({"context": CONTEXT}), "media": "application/json"}
    path = f"{ours}/ofrep/v1/evaluate/flags"
    asked = {"one": (f"{path}/flag-001", key), "all": (path, key), "same": (path, {**key, **known})}
    windows = {name: [] for name in [*asked, *[f"nginx-{name}" for name in asked]]}
    for pair in range(bench.PAIRS):
        for name, (url, headers) in asked.items():
            windows[name].append(bench.load_window(server, url, headers, posted))
            windows[f"nginx-{name}"].append(bench.load_window(nginx, peer, headers, posted))
        print(f"bench: ofrep pair {pair + 1} of {bench.PAIRS}", file=bench.sys.stderr)
    return windows


def add_rows(bench, measured):
    one_bytes, all_bytes = measured["bytes"]
    rows = [("one", f"OFREP, one flag, {one_bytes} bytes", "ratio <= 1.2"),
            ("all", f"OFREP, all of {FLAGS} flags, {all_bytes:,} bytes", "ratio <= 5"),
            ("same", f"OFREP, all of {FLAGS} flags, unchanged: 304", "ratio <= 1.5")]
    for name, what, target in rows:
        ours, peer = measured["windows"][name], measured["windows"][f"nginx-{name}"]
        bench.results.add(f"ofrep-{name}-rate", what, "requests/s", [w["rate"] for w in ours], 0,
                          [w["rate"] for w in peer], target="about 30000" if name == "all" else "")
        bench.results.add(f"ofrep-{name}-cpu", what, "CPU µs per request",
                          [w["cpu_us"] for w in ours], 2, [w["cpu_us"] for w in peer], target=target)
