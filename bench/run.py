#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run - how fast the server is, beside nginx `return 200` in the same minute.

`make bench` builds and calls this; bench/README.md says what is measured and how to read it.
BENCH_PAIRS (5), BENCH_SECONDS (4) and BUILD (build) may be set, BENCH_ONLY to some of SECTIONS, and
BENCH_RESULTS to the file the rows go to. Prints them as one Markdown table.
"""
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import curves
import evaluation
import ofrep
import openloop
import pages
import peers
import standing
import streams
import unleash
from results import Results

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
PAIRS = int(os.environ.get("BENCH_PAIRS", "5"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
CONNECTIONS = 64
SERVER_CORE, LOAD_CORE = "0", "1"
TICKS = os.sysconf("SC_CLK_TCK")
# A window in which other processes took more of the machine than this is measured again, as long as
# that has not happened too often: on a busy machine nothing would be won by it but time.
FOREIGN_MAX, REPEATS_MAX = 0.10, 3
repeats_left = [20]
foreign_seen = []
results = Results()


# ---- processes -------------------------------------------------------------------------------
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]
    return []


def cpu_s(pid):
    """User and system time of a process and its children, all threads, and of theirs that ended."""
    total = 0
    for process in [pid, *children(pid)]:
        with open(f"/proc/{process}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def machine_busy_s():
    with open("/proc/stat") as file:
        fields = [int(field) for field in file.readline().split()[1:]]
    idle_and_steal = fields[3] + fields[4] + (fields[7] if len(fields) > 7 else 0)
    return (sum(fields[:8]) - idle_and_steal) / TICKS


def memory_kib(pid, name):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(rf"^{name}:\s+(\d+) kB", file.read(), re.M).group(1))


def pinned(command, core):
    cores = os.sched_getaffinity(0)
    return ["taskset", "-c", core, *command] if int(core) in cores and len(cores) > 1 else command


class Server:
    """A child process that says when it listens; ended at exit."""

    def __init__(self, command, ready, core=None, environment=None, seconds_max=20):
        self.log = tempfile.TemporaryFile()
        began = time.monotonic()
        self.process = subprocess.Popen(pinned(command, core) if core else command,
                                        stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, env=environment)
        while not ready(self):
            if self.process.poll() is not None or time.monotonic() - began > seconds_max:
                sys.exit(f"bench: does not start: {' '.join(command)}\n{self.output()}")
            time.sleep(0.0005)
        self.start_ms = (time.monotonic() - began) * 1000

    @property
    def pid(self):
        return self.process.pid

    def output(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode(errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def start_guidon(data, port, core=None, *more, before=()):
    command = [*before, os.path.join(BUILD, "guidon"), "serve", "--listen", f"127.0.0.1:{port}",
               "--data", data, "--bootstrap-token-file", os.path.join(data, "token"), *more]
    if core:
        command += ["--loops", "1"]  # as many as the cores it may use, like nginx's one worker
    return Server(command, lambda server: "listening on" in server.output(), core)


NGINX = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log crit;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    default_type application/json;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        add_header ETag '"v100"';
        location /small {{ return 200 "ok"; }}
        location /same {{ {pieces} return 200 "{names}"; }}
    }}
}}
"""


def start_nginx(folder, port, body_bytes):
    """One location answers two bytes, one as many as the flag document has."""
    sizes = [min(3000, body_bytes - at) for at in range(0, body_bytes, 3000)]
    pieces = " ".join(f'set $piece{i} "{"x" * size}";' for i, size in enumerate(sizes))
    names = "".join(f"${{piece{i}}}" for i in range(len(sizes)))
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(NGINX.format(folder=folder, port=port, pieces=pieces, names=names))
    return Server([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", path],
                  lambda server: answers(port), SERVER_CORE)


# ---- talking to the server -----------------------------------------------------------------------
class Client:
    def __init__(self, port, credential):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": f"Bearer {credential}"}

    def call(self, method, path, body=None, headers=None, expect=(200, 201)):
        text = None if body is None else json.dumps(body)
        extra = {"Content-Type": "application/json"} if text else {}
        self.connection.request(method, path, text, {**self.headers, **extra, **(headers or {})})
        response = self.connection.getresponse()
        content = response.read()
        if response.status not in expect:
            sys.exit(f"bench: {method} {path}: {response.status} {content[:300]}")
        return response, content


def flag_of(index):
    """A mix of the four types; the first eight are switches, for the writers."""
    kinds = [("bool", index % 2 == 0), ("string", f"value of flag {index}"), ("number", index * 1.5),
             ("json", {"limit": index, "names": ["a", "b"], "nested": {"on": True}})]
    kind, value = kinds[0] if index < 8 else kinds[index % 4]
    return {"key": f"flag-{index}", "type": kind, "value": value, "clientEnabled": True}


def populate(server_port, data, flag_count):
    """An app with flag_count flags in production; returns (token, app id, browser key)."""
    with open(os.path.join(data, "token"), encoding="ascii") as file:
        token = file.read().strip()
    client = Client(server_port, token)
    app = json.loads(client.call("POST", "/api/v1/apps", {"name": "bench"})[1])["data"]["id"]
    where = {"appId": app, "env": "production"}
    for index in range(flag_count):
        client.call("POST", "/api/v1/flags", {**where, **flag_of(index)})
    key = json.loads(client.call("POST", "/api/v1/keys", {**where, "type": "pub"})[1])["data"]["key"]
    return token, app, key


# ---- measuring -------------------------------------------------------------------------------------
def post_script(posted):
    """A file that makes wrk send a body."""
    path = os.path.join(tempfile.gettempdir(), f"guidon-bench-{os.getpid()}.lua")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"wrk.method = 'POST'\nwrk.body = {json.dumps(posted['body'])}\n"
                   f"wrk.headers['Content-Type'] = '{posted['media']}'\n")
    return path


def load_window(server, url, headers, posted=None, connections=CONNECTIONS):
    """Requests per second and CPU microseconds per request over one window of load: GETs, or POSTs of
    {"body": text, "media": type}."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    script = post_script(posted) if posted else None
    command += ["-s", script] if script else []
    for attempt in range(REPEATS_MAX + 1):
        busy, cpu, load = machine_busy_s(), cpu_s(server.pid), sum(os.times()[2:4])
        began = time.monotonic()
        done = subprocess.run(pinned([*command, url], LOAD_CORE), capture_output=True, text=True,
                              check=True)
        elapsed = time.monotonic() - began
        cpu = cpu_s(server.pid) - cpu
        foreign = (machine_busy_s() - busy - cpu - (sum(os.times()[2:4]) - load)) / elapsed
        if foreign <= FOREIGN_MAX or attempt == REPEATS_MAX or repeats_left[0] == 0:
            break
        repeats_left[0] -= 1
    if script:
        os.unlink(script)
    foreign_seen.append(max(0.0, foreign))
    if "Non-2xx" in done.stdout:
        sys.exit(f"bench: {url}: {done.stdout}")
    requests = int(re.search(r"(\d+) requests in", done.stdout).group(1))
    if requests == 0:
        sys.exit(f"bench: {url}: no answer within {SECONDS} s: {done.stdout}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))
    return {"rate": rate, "cpu_us": cpu * 1e6 / requests, "foreign": foreign_seen[-1]}


def measure_http(folder):
    data = os.path.join(folder, "flags-100")
    os.mkdir(data)
    port, nginx_port = free_port(), free_port()
    server = start_guidon(data, port, SERVER_CORE)
    try:
        _, _, key = populate(port, data, 100)
        reader = Client(port, key)
        full, body = reader.call("GET", "/api/v1/public-config")
        flags = json.loads(body)["doc"]["flags"]
        if len(flags) != 100:
            sys.exit(f"bench: expected 100 flags, got {len(flags)}")
        etag = full.headers["ETag"]
        reader.call("GET", "/api/v1/public-config", headers={"If-None-Match": etag}, expect=(304,))
        nginx = start_nginx(folder, nginx_port, len(body))
        try:
            return len(body), http_pairs(server, nginx, port, nginx_port, key, etag)
        finally:
            nginx.stop()
    finally:
        server.stop()


def http_pairs(server, nginx, port, nginx_port, key, etag):
    bearer = {"Authorization": f"Bearer {key}"}
    config = f"http://127.0.0.1:{port}/api/v1/public-config"
    peer = f"http://127.0.0.1:{nginx_port}"
    known = {**bearer, "If-None-Match": etag}  # nginx gets the same requests, and answers 200
    windows = {"200": [], "304": [], "same": [], "small": []}
    for pair in range(PAIRS):
        windows["200"].append(load_window(server, config, bearer))
        windows["same"].append(load_window(nginx, f"{peer}/same", bearer))
        windows["304"].append(load_window(server, config, known))
        windows["small"].append(load_window(nginx, f"{peer}/small", known))
        print(f"bench: pair {pair + 1} of {PAIRS}", file=sys.stderr)
    return windows


def measure_changes(folder):
    """Durable changes per second with eight writers, server unpinned as in life."""
    data = os.path.join(folder, "changes")
    os.mkdir(data)
    port = free_port()
    server = start_guidon(data, port)
    rates, cpus, p50s, p99s = [], [], [], []
    try:
        token, app, _ = populate(port, data, 100)
        for _ in range(PAIRS):
            cpu = cpu_s(server.pid)
            done = subprocess.run([os.path.join(BUILD, "bench", "writers"), str(port), token, app,
                                   "8", str(SECONDS)], capture_output=True, text=True, check=False)
            found = re.match(r"(\d+) changes in ([\d.]+) s, p50 (\d+) us, p99 (\d+) us", done.stdout)
            if done.returncode != 0 or not found:
                sys.exit(f"bench: writers: {done.stdout}{done.stderr}")
            changes = int(found.group(1))
            rates.append(changes / float(found.group(2)))
            cpus.append((cpu_s(server.pid) - cpu) * 1e6 / max(1, changes))
            p50s.append(int(found.group(3)) / 1000)
            p99s.append(int(found.group(4)) / 1000)
    finally:
        server.stop()
    return rates, cpus, p50s, p99s


def run_program(name):
    path = os.path.join(BUILD, "bench", name)
    if not os.path.exists(path):
        return ""
    return subprocess.run(pinned([path], SERVER_CORE), capture_output=True, text=True,
                          check=True).stdout.strip()


def measure_decisions():
    """eval_bench as it prints, and its two rows on a flag with three clauses and a rollout."""
    decisions = {"all clauses hold": [], "mixed contexts": []}
    output = ""
    for _ in range(PAIRS):
        output = run_program("eval_bench")
        for name, values in decisions.items():
            found = re.search(rf"^3 clauses \+ rollout, {name} +([\d.]+) ns +(\d+) bytes", output, re.M)
            if found:
                values.append((float(found.group(1)), int(found.group(2))))
    return output, decisions


# ---- rows --------------------------------------------------------------------------------------------
def of(windows, name, what):
    return [window[what] for window in windows[name]]


def rows_http(folder):
    body_bytes, windows = measure_http(folder)
    full = f"`public-config` 200, 100 flags, {body_bytes:,} bytes"
    for name, peer, what, target in [("200", "same", full, ""),
                                     ("304", "small", "`public-config` 304", "ratio <= 1.00")]:
        results.add(f"public-config-{name}-rate", what, "requests/s", of(windows, name, "rate"), 0,
                    of(windows, peer, "rate"))
        results.add(f"public-config-{name}-cpu", what, "CPU µs per request",
                    of(windows, name, "cpu_us"), 2, of(windows, peer, "cpu_us"), target=target)


def rows_changes(folder):
    rates, cpus, p50s, p99s = measure_changes(folder)
    what = "durable flag changes, 8 writers, 100 flags"
    results.add("changes-rate", what, "changes/s", rates, 0, target=">= 2000")
    results.add("changes-p50", what, "ms to the answer, p50", p50s, 2)
    results.add("changes-p99", what, "ms to the answer, p99", p99s, 2)
    results.add("changes-cpu", what, "CPU µs per change", cpus, 0)


def rows_decisions(_):
    output, decisions = measure_decisions()
    for name, values in decisions.items():
        if values:
            what, part = f"a decision, 3 clauses and a rollout, {name}", name.split()[0]
            results.add(f"decision-{part}-time", what, "ns", [v[0] for v in values], 1, target="<= 60")
            results.add(f"decision-{part}-bytes", what, "bytes allocated", [v[1] for v in values], 0,
                        target="<= 0")
    for text in [output, run_program("json_bench")]:
        print(f"```\n{text}\n```\n")


def rows_amplitude(folder):
    bench = sys.modules[__name__]
    amplitude = evaluation.measure(bench, folder)
    engines = evaluation.measure_engines(bench, folder, amplitude["flags"])
    evaluation.add_rows(bench, amplitude, engines, unleash.measure(bench, evaluation))


def rows_of(module):
    return lambda folder: module.add_rows(sys.modules[__name__],
                                          module.measure(sys.modules[__name__], folder))


SECTIONS = {"http": rows_http, "changes": rows_changes, "standing": rows_of(standing),
            "decisions": rows_decisions, "amplitude": rows_amplitude, "ofrep": rows_of(ofrep),
            "openloop": rows_of(openloop), "streams": rows_of(streams), "peers": rows_of(peers),
            "curves": rows_of(curves)}


def conditions():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*: (.*)$", file.read(), re.M)
    text = (f"{PAIRS} interleaved rounds of {SECONDS} s, {CONNECTIONS} connections, server and peer on core "
            f"{SERVER_CORE}, load on core {LOAD_CORE}; {os.cpu_count()} cores"
            f"{' of ' + model.group(1).strip() if model else ''}; {results.date}, `{results.commit}`.")
    if foreign_seen:
        text += (f" Other processes took {statistics.median(foreign_seen):.1%} of a core (median), "
                 f"{max(foreign_seen):.1%} at most.")
    return text


def main():
    for tool in ["wrk", "taskset"]:
        if not shutil.which(tool):
            sys.exit(f"bench: {tool} is missing; make bench installs it")
    wanted = os.environ.get("BENCH_ONLY", "").split() or list(SECTIONS)
    path = os.environ.get("BENCH_RESULTS", os.path.join(BUILD, "bench-results.json"))
    # Beside the build, so that the store is on the disk that holds the checkout, not in memory.
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="bench-data-") as folder:
        for name in wanted:
            began = time.monotonic()
            own = os.path.join(folder, name)
            os.mkdir(own)
            SECTIONS[name](own)
            print(f"bench: {name} took {time.monotonic() - began:.0f} s", file=sys.stderr)
            results.save(path, "")  # what a later section spoils is not lost
    is_whole = wanted == list(SECTIONS)
    said = conditions() if is_whole else f"Again since then ({', '.join(wanted)}): {conditions()}"
    results.save(path, said, is_whole)
    print(pages.table(results.rows), conditions(), sep="\n\n")
    # A glance says nothing about targets.
    missed = [row["id"] for row in results.rows if row.get("meets") is False]
    return 1 if missed and SECONDS >= 2 else 0


if __name__ == "__main__":
    sys.exit(main())
