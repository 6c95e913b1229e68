# SPDX-License-Identifier: Apache-2.0
"""peers - the same OFREP questions to other servers that answer them, for run.py: flagd and the GO
Feature Flag relay proxy, and whether Unleash Edge can be had.

Each is built from its registry in the version named here, into a folder beside the build, once. It
gets the flags of ofrep.py as near as it can say them, and the load of ofrep.py on the same core, in
turn with ours. Before it is measured its answers are looked at: a peer that cannot be had, does not
start or does not answer the question is a line that says why.
"""
import json
import os
import re
import shutil
import subprocess
import time

import ofrep

FLAGS = 100
START_SECONDS_MAX, INSTALL_SECONDS_MAX, EDGE_SECONDS_MAX, WINDOWS_MAX = 20, 240, 900, 3
PATH = "/ofrep/v1/evaluate/flags"
EDGE_VERSION = "19.15.1"


class Skipped(Exception):
    """Why there is no such server here."""


# ---- flags as each says them ---------------------------------------------------------------------
def flagd_rule(index):
    countries = ofrep.COUNTRIES[index % 6:]
    return {"if": [{"and": [{"in": [{"var": "country"}, countries]},
                            {"!=": [{"var": "plan"}, ofrep.PLANS[index % 4]]}]}, "on",
                   {">": [{"var": "age"}, 20 + index % 50]}, "off", "on"]}


def flagd_flag(index):
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
    return {**flag, "targeting": flagd_rule(index)} if index % 2 else flag


def relay_flag(index):
    flag = {"variations": {"on": True, "off": False}, "defaultRule": {"variation": "on"}}
    listed = ", ".join(f'"{name}"' for name in ofrep.COUNTRIES[index % 6:])
    rules = [{"name": "rule-1", "variation": "on",
              "query": f'country in [{listed}] and plan ne "{ofrep.PLANS[index % 4]}"'},
             {"name": "rule-2", "variation": "off", "query": f"age gt {20 + index % 50}"}]
    return {**flag, "targeting": rules} if index % 2 else flag


def write_json(folder, name, document):
    """JSON is YAML too."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)
    return path


def flagd_command(bench, program, folder, port):
    flags = {f"flag-{n:03}": flagd_flag(n) for n in range(FLAGS)}
    path = write_json(folder, "flags.flagd.json", {"flags": flags})
    return [program, "start", "--uri", f"file:{path}", "--ofrep-port", str(port), "--port",
            str(bench.free_port()), "--management-port", str(bench.free_port()), "--sync-port",
            str(bench.free_port())]


def relay_command(_, program, folder, port):
    path = write_json(folder, "flags.goff.yaml", {f"flag-{n:03}": relay_flag(n) for n in range(FLAGS)})
    settings = {"listen": port, "logLevel": "error",
                "retrievers": [{"kind": "file", "path": path}]}
    return [program, f"--config={write_json(folder, 'relay.yaml', settings)}"]


PEERS = {
    "flagd": ("github.com/open-feature/flagd/flagd", "v0.12.9", "flagd", flagd_command),
    "goff": ("github.com/thomaspoignant/go-feature-flag/cmd/relayproxy", "v1.46.0", "relayproxy",
             relay_command),
}
TITLES = {"flagd": "flagd", "goff": "GO Feature Flag relay proxy", "edge": "Unleash Edge"}


# ---- having them ---------------------------------------------------------------------------------
def run_within(command, seconds_max, environment):
    """What it said when it failed; nothing when it did not."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=seconds_max, env={**os.environ, **environment})
    except subprocess.TimeoutExpired:
        raise Skipped(f"not built within {seconds_max} s; what was built stays for the next time"
                      ) from None
    if done.returncode != 0:
        raise Skipped(f"the registry does not give it: {reason(done.stderr)}")


def reason(text):
    """The end of what an installer said, from the status it got where it names one; no addresses."""
    text = " ".join(re.sub(r"https?://\S+", "", text).split())
    found = re.search(r"\b[45]\d\d [A-Z].*$", text)
    return (found.group(0) if found else text)[-160:]


def go_program(bench, module, version, name):
    folder = os.path.abspath(os.path.join(bench.BUILD, "bench-peers"))
    program = os.path.join(folder, f"{name}-{version}")  # none from the path: its version is not ours to say
    if os.path.exists(program):
        return program
    if not shutil.which("go"):
        raise Skipped("there is no go")
    run_within(["go", "install", f"{module}@{version}"], INSTALL_SECONDS_MAX, {"GOBIN": folder})
    os.rename(os.path.join(folder, name), program)
    return program


def edge_program(bench):
    """It is hundreds of crates: EDGE_SECONDS_MAX of one core, and the rest the next time."""
    folder = os.path.abspath(os.path.join(bench.BUILD, "bench-peers"))
    program = os.path.join(folder, "edge", "bin", "unleash-edge")
    if os.path.exists(program):
        return program
    if not shutil.which("cargo"):
        raise Skipped("there is no cargo")
    if not os.environ.get("BENCH_EDGE"):
        raise Skipped("not asked for with BENCH_EDGE=1: its crates take longer to build than all the rest")
    run_within(["nice", "cargo", "install", "unleash-edge", "--version", EDGE_VERSION, "--locked",
                "-j1", "--root", os.path.join(folder, "edge")], EDGE_SECONDS_MAX,
               {"CARGO_TARGET_DIR": os.path.join(folder, "edge-target")})
    return program


# ---- asking them ---------------------------------------------------------------------------------
def ready(bench, port):
    """A client, once the peer answers one flag rightly and all of them whole."""
    began, client = time.monotonic(), bench.Client(port, "none")
    body = {"context": ofrep.CONTEXT}
    while not bench.answers(port):
        if time.monotonic() - began > START_SECONDS_MAX:
            raise Skipped("it does not listen")
        time.sleep(0.1)
    time.sleep(2)  # it may listen before it has read its flags
    one = json.loads(client.call("POST", f"{PATH}/flag-001", body)[1])
    every = json.loads(client.call("POST", PATH, body)[1])["flags"]
    if "value" not in one or len(every) != FLAGS:
        raise Skipped(f"it answers {one} and {len(every)} of {FLAGS} flags")
    return client


def windows_of(bench, ours, theirs):
    """Pairs of windows of one flag and of all: ours first, then theirs, in the same minute."""
    posted = {"body": json.dumps({"context": ofrep.CONTEXT}), "media": "application/json"}
    found = {"one": [], "all": []}
    for _ in range(min(bench.PAIRS, WINDOWS_MAX)):
        for name, path in [("one", f"{PATH}/flag-001"), ("all", PATH)]:
            found[name].append([
                bench.load_window(server, f"http://127.0.0.1:{client.connection.port}{path}",
                                  client.headers, posted) for server, client in (ours, theirs)])
    return found


def measure_peer(bench, folder, ours, peer):
    module, version, name, command_of = PEERS[peer]
    program = go_program(bench, module, version, name)
    port = bench.free_port()
    server = bench.Server(command_of(bench, program, folder, port), lambda _: bench.answers(port),
                          bench.SERVER_CORE, seconds_max=START_SECONDS_MAX)
    try:
        return windows_of(bench, ours, (server, ready(bench, port)))
    finally:
        server.stop()


def measure_edge(bench):
    """There is no window of it: it answers another question than the others."""
    edge_program(bench)
    raise Skipped(f"{EDGE_VERSION} is built; it has no OFREP, and its own API is not measured")


def measure(bench, folder):
    """Per peer its windows, or why there are none."""
    if bench.SECONDS < 2 and not os.environ.get("BENCH_ONLY"):
        return {name: "not for a glance" for name in TITLES}
    data, found = os.path.join(folder, "ours"), {}
    os.mkdir(data)
    port = bench.free_port()
    server = bench.start_guidon(data, port, bench.SERVER_CORE)
    try:
        ours = (server, bench.Client(port, ofrep.populate(bench, port, data, FLAGS)))
        for peer in TITLES:
            try:
                found[peer] = (measure_edge(bench) if peer == "edge" else
                               measure_peer(bench, folder, ours, peer))
            except (Skipped, SystemExit, OSError, ValueError, KeyError) as why:
                found[peer] = str(why) or repr(why)
    finally:
        server.stop()
    return found


def add_rows(bench, found):
    for peer, windows in found.items():
        title = TITLES[peer]
        if isinstance(windows, str):
            bench.results.absent(f"peer-{peer}", f"{title}, the same questions", windows)
            continue
        for name, what in [("one", "one flag"), ("all", f"all of {FLAGS} flags")]:
            for unit, part, digits in [("requests/s", "rate", 0), ("CPU µs per request", "cpu_us", 2)]:
                ours, theirs = ([pair[side][part] for pair in windows[name]] for side in (0, 1))
                bench.results.add(f"peer-{peer}-{name}-{part.split('_', maxsplit=1)[0]}",
                                  f"OFREP, {what}", unit, ours, digits, theirs,
                                  f"{title} {PEERS[peer][1]}")
