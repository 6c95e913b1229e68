# SPDX-License-Identifier: Apache-2.0
"""unleash - the same question to a peer: Unleash server's frontend API with 100 flags, for run.py.

Unleash comes from npm into a folder beside the build, once, and stores in a private PostgreSQL from
the distribution, which lives as long as the measurement. Where one of them cannot be had, or does
not start, there is a line that says so, and no row.
"""
import contextlib
import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

PACKAGE = "unleash-server@7.5.1"  # the last that runs on node 20
FLAGS = 100
INSTALL_SECONDS_MAX, START_SECONDS_MAX, WINDOWS_MAX = 300, 60, 3
ADMIN, FRONTEND = "*:*.bench-admin", "default:development.bench-frontend"


class Skipped(Exception):
    """Why there is no such server here."""


# ---- what it needs ---------------------------------------------------------------------------
def program(name):
    """A program of PostgreSQL: Debian keeps them out of the way."""
    found = shutil.which(name)
    places = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    if not found and not places:
        raise Skipped("there is no PostgreSQL")
    return found or places[-1]


def install(build):
    """The folder with its modules; they stay for the next time."""
    folder = os.path.join(build, "bench-unleash")
    entry = os.path.join(folder, "node_modules", "unleash-server", "dist", "server.js")
    done = os.path.join(folder, PACKAGE)
    if not shutil.which("node"):
        raise Skipped("there is no node")
    if os.path.exists(done):
        return entry
    if not shutil.which("npm"):
        raise Skipped("there is no npm")
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    with open(os.path.join(folder, "package.json"), "w", encoding="ascii") as file:
        json.dump({"private": True}, file)
    try:
        installed = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--omit=dev", "--ignore-scripts", PACKAGE],
            cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        raise Skipped(f"npm did not install it within {INSTALL_SECONDS_MAX} s") from None
    if installed.returncode != 0 or not os.path.exists(entry):
        raise Skipped(f"npm does not install it: {installed.stderr.strip()[-200:]}")
    with open(done, "w", encoding="ascii"):
        return entry


def postgres_user():
    """Who may run PostgreSQL, which refuses to be root: None is ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ["postgres", "nobody"]:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Skipped("PostgreSQL refuses to run as root")


@contextlib.contextmanager
def postgres(bench):
    """A cluster of its own on a port of its own; yields the port."""
    user = postgres_user()
    as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid,
                                       "extra_groups": []}
    folder = tempfile.mkdtemp(prefix="bench-postgres-")
    data, port = os.path.join(folder, "data"), bench.free_port()
    server = None
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        made = subprocess.run([program("initdb"), "-D", data, "-U", "bench", "-A", "trust", "-E",
                               "UTF8", "--locale=C", "--no-sync"], cwd=folder, check=False,
                              capture_output=True, text=True, **as_user)
        if made.returncode != 0:
            raise Skipped(f"initdb: {made.stderr.strip()[-200:]}")
        server = subprocess.Popen([program("postgres"), "-D", data, "-h", "127.0.0.1", "-p",
                                   str(port), "-k", folder, "-c", "fsync=off"], cwd=folder,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, **as_user)
        began = time.monotonic()
        while subprocess.run([program("createdb"), "-h", "127.0.0.1", "-p", str(port), "-U",
                              "bench", "unleash"], capture_output=True, check=False).returncode:
            if server.poll() is not None or time.monotonic() - began > START_SECONDS_MAX:
                raise Skipped("PostgreSQL does not start")
            time.sleep(0.2)
        yield port
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # without waiting for its clients
            server.wait(15)
        shutil.rmtree(folder, ignore_errors=True)


# ---- the server --------------------------------------------------------------------------------
def environment(port, database_port):
    """Nothing leaves the machine, and nothing limits how often it may be asked."""
    many = "100000000"
    return {**os.environ, "NODE_ENV": "production", "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": str(port), "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": str(database_port), "DATABASE_NAME": "unleash",
            "DATABASE_USERNAME": "bench", "DATABASE_PASSWORD": "", "DATABASE_SSL": "false",
            "INIT_ADMIN_API_TOKENS": ADMIN, "INIT_FRONTEND_API_TOKENS": FRONTEND,
            "CHECK_VERSION": "false", "SEND_TELEMETRY": "false", "LOG_LEVEL": "fatal",
            "FRONTEND_API_REFRESH_INTERVAL_MS": "1000", "SDK_API_RATE_LIMIT_PER_MINUTE": many,
            "TOKEN_AUTHENTICATION_RATE_LIMIT_PER_MINUTE": many}


def strategy(name, number, evaluation):
    """One of three segments: who is in it gets one of two variants."""
    countries = [evaluation.COUNTRIES[(number + n) % 6] for n in range(2)]
    constraints = [
        [{"contextName": "country", "operator": "IN", "values": countries}],
        [{"contextName": "age", "operator": "NUM_GT", "value": str(20 + number % 50)},
         {"contextName": "plan", "operator": "NOT_IN", "values": ["free"]}],
        [{"contextName": "version", "operator": "SEMVER_GT",
          "value": f"{number % 4}.{number % 10}.0"},
         {"contextName": "email", "operator": "STR_CONTAINS", "values": ["@example.org"]}],
    ]
    return [{"name": "flexibleRollout", "constraints": each,
             "parameters": {"rollout": "100" if place else "60", "stickiness": "userId",
                            "groupId": name},
             "variants": [{"name": variant, "weight": 500, "weightType": "variable",
                           "stickiness": "userId"} for variant in ["control", "treatment"]]}
            for place, each in enumerate(constraints)]


def populate(client, evaluation):
    """The flags of evaluation.py, as near as this server can say them."""
    for number in range(FLAGS):
        name = f"flag-{number}"
        where = f"/api/admin/projects/default/features/{name}/environments/development"
        client.call("POST", "/api/admin/projects/default/features",
                    {"name": name, "type": "release"})
        for each in strategy(name, number, evaluation):
            client.call("POST", f"{where}/strategies", each)
        client.call("POST", f"{where}/on")


def question(user):
    properties = {**user["user_properties"], "country": user["country"],
                  "version": user["version"]}
    query = {"userId": user["user_id"], "appName": "bench",
             **{f"properties[{name}]": value for name, value in properties.items()}}
    return "/api/frontend?" + urllib.parse.urlencode(query)


def wait_for_toggles(client, path):
    """Its own copy of the flags is refreshed now and then."""
    began = time.monotonic()
    while time.monotonic() - began < START_SECONDS_MAX:
        toggles = json.loads(client.call("GET", path)[1])["toggles"]
        if len(toggles) >= FLAGS // 4:
            return len(toggles)
        time.sleep(0.5)
    raise Skipped("Unleash does not serve its flags")


def measure_server(bench, server, port, evaluation):
    """Windows of the question, and how many bytes and flags its answer has."""
    admin, reader = bench.Client(port, ""), bench.Client(port, "")
    admin.headers, reader.headers = {"Authorization": ADMIN}, {"Authorization": FRONTEND}
    populate(admin, evaluation)
    path = question(evaluation.user_of(1))
    toggles = wait_for_toggles(reader, path)
    answer = reader.call("GET", path)[1]
    windows = [bench.load_window(server, f"http://127.0.0.1:{port}{path}", reader.headers)
               for _ in range(min(bench.PAIRS, WINDOWS_MAX))]
    return {"windows": windows, "bytes": len(answer), "toggles": toggles}


def measure(bench, evaluation):
    """The windows, or why there are none."""
    if bench.SECONDS < 2:
        return "not for a glance"
    try:
        entry = install(bench.BUILD)
        with postgres(bench) as database_port:
            port = bench.free_port()
            server = bench.Server([shutil.which("node"), entry], lambda _: bench.answers(port),
                                  bench.SERVER_CORE, environment(port, database_port),
                                  START_SECONDS_MAX)
            try:
                return measure_server(bench, server, port, evaluation)
            finally:
                server.stop()
    except (Skipped, SystemExit) as why:
        return str(why)
