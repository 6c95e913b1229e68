# SPDX-License-Identifier: Apache-2.0
"""A running server and the people who call it.

Everything a test needs to speak to a real guidon process through its sockets: starting, stopping
and killing it, calling its API over kept-alive connections, and sending bytes no client would.
"""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("GUIDON_BINARY", ROOT / "build" / "guidon"))


def is_sanitized():
    """A sanitizer keeps what was freed, takes crashes upon itself, and wants no tracer beside it."""
    binary = BINARY.read_bytes()
    return b"__asan_init" in binary or b"__tsan_init" in binary


def is_watched_for_races():
    return b"__tsan_init" in BINARY.read_bytes()


# Everything takes longer under a sanitizer; and a server that is given much at once is to be asked
# for more of it.
PATIENT = ("--handler-timeout-ms", "60000", "--rehearsal-ms", "20000")
ORDINARY = PATIENT if is_sanitized() else ()

# Every route that wants a management token.
MANAGEMENT = [("GET", "/apps"), ("POST", "/apps"), ("GET", "/envs"), ("PATCH", "/envs"),
              ("GET", "/flags"), ("POST", "/flags"), ("PATCH", "/flags"), ("DELETE", "/flags"),
              ("POST", "/flags/bulk"), ("GET", "/keys"), ("POST", "/keys"), ("PATCH", "/keys"),
              ("DELETE", "/keys"), ("GET", "/config-document"), ("PUT", "/config-document"),
              ("GET", "/me"), ("GET", "/usage"), ("DELETE", "/tokens/current")]
STEP_S = 0.02
START_S = 30
STOP_S = 15


class _Absent:
    """Stands for a member that is not there, which is not the same as null."""

    def __repr__(self):
        return "ABSENT"


ABSENT = _Absent()


def wait_until(condition, what, limit_s=10):
    """Polls until condition() is true and returns what it said."""
    deadline = time.monotonic() + limit_s
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {limit_s} s in vain for {what}"
        time.sleep(STEP_S)


def clean_environment(**more):
    """The caller's environment without settings of ours."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith("GUIDON_") and not k.lower().endswith("_proxy")}
    kept.update(more)
    return kept


class Server:
    """One data directory and, most of the time, the process that serves it."""

    def __init__(self, directory, *arguments, **environment):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.data = self.directory / "data"
        self.token_file = self.directory / "token"
        self.arguments = list(arguments)
        self.environment = environment
        self.process = None
        self.starts = 0
        self.base = self.operations = None

    @property
    def token(self):
        return self.token_file.read_text().strip()

    @property
    def port(self):
        return int(self.base.rsplit(":", 1)[1])

    def output(self, stream="out", start=None):
        path = self.directory / f"{stream}.{start or self.starts}"
        return path.read_text(errors="replace") if path.exists() else ""

    def command(self):
        return [str(BINARY), "serve", "--listen", "127.0.0.1:0", "--operations-listen",
                "127.0.0.1:0", "--data", str(self.data), "--bootstrap-token-file",
                str(self.token_file), *ORDINARY, *self.arguments]

    def start(self):
        assert self.process is None
        self.starts += 1
        with open(self.directory / f"out.{self.starts}", "wb") as out, \
                open(self.directory / f"err.{self.starts}", "wb") as err:
            self.process = subprocess.Popen(self.command(), stdout=out, stderr=err,
                                            stdin=subprocess.DEVNULL, cwd=self.directory,
                                            env=clean_environment(**self.environment))
        wait_until(self._announced, "the line `listening on`", START_S)
        return self

    def _announced(self):
        assert self.process.poll() is None, \
            f"exited {self.process.returncode} at start: {self.output('err')}"
        found = re.search(r"^listening on (http://\S+:\d+) \(operations on (http://\S+:\d+)\)\n",
                          self.output(), re.MULTILINE)
        if found:
            self.base, self.operations = found.groups()
        return found

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        return self._gone()

    def _gone(self):
        try:
            status = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running {STOP_S} s after the signal") from None
        finally:
            self.process = None
        return status

    def restart(self):
        assert self.stop() == 0, self.output("err")
        return self.start()

    def close(self):
        """What every fixture ends with: nothing crashed, no sanitizer spoke."""
        if self.process is None:
            return
        early = self.process.poll()
        assert early is None, f"the server died with {early}: {self.output('err')[-4000:]}"
        status = self.stop()
        assert status == 0, f"exit status {status}: {self.output('err')[-4000:]}"

    def api(self, token=None):
        return Api(self.base, self.token if token is None else token)


class Api:
    """A caller with one credential and one kept-alive connection."""

    def __init__(self, base, token):
        self.base = base + "/api/v1"
        self.token = token
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method, path, body=ABSENT, *, token=ABSENT, headers=None, data=None, **params):
        sent = {}
        token = self.token if token is ABSENT else token
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not ABSENT:
            data = json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        return self.session.request(method, self.base + path, data=data, params=params,
                                    headers=sent, timeout=30, allow_redirects=False)

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=ABSENT, **more):
        return self.call("POST", path, body, **more)

    def patch(self, path, body=ABSENT, **more):
        return self.call("PATCH", path, body, **more)

    def put(self, path, body=ABSENT, **more):
        return self.call("PUT", path, body, **more)

    def delete(self, path, **more):
        return self.call("DELETE", path, **more)

    def new_app(self, name):
        return App(self, data_of(self.post("/apps", {"name": name}), 201)["id"], name)


class App:
    """An app of its own for a test, spoken to as its owner."""

    def __init__(self, api, app_id, name):
        self.api = api
        self.id = app_id
        self.name = name

    def at(self, env="production", **more):
        """The members every request about this app's environment starts with."""
        return {"appId": self.id, "env": env, **more}

    def create(self, key, kind, value, env="production", **more):
        return self.api.post("/flags", self.at(env, key=key, type=kind, value=value, **more))

    def add(self, key, kind, value, env="production", **more):
        """create(), for tests that are about something else."""
        return data_of(self.create(key, kind, value, env, **more), 201)

    def update(self, key, env="production", **changes):
        return self.api.patch("/flags", self.at(env, key=key, **changes))

    def remove(self, key, env="production"):
        return self.api.delete("/flags", **self.at(env, key=key))

    def bulk(self, values, env="production"):
        return self.api.post("/flags/bulk", self.at(env, flags=values))

    def flags(self, env="production"):
        return data_of(self.api.get("/flags", **self.at(env)))

    def keys(self, env="production"):
        return data_of(self.api.get("/keys", **self.at(env)))

    def new_key(self, kind, env="production"):
        return data_of(self.api.post("/keys", self.at(env, type=kind)), 201)

    def key(self, kind, env="production"):
        return self.new_key(kind, env)["key"]

    def envs(self):
        return data_of(self.api.get("/envs", appId=self.id))

    def settings(self, env="production", **settings):
        return self.api.patch("/envs", self.at(env, **settings))

    def document(self, env="production"):
        return data_of(self.api.get("/config-document", **self.at(env)))

    def version(self, env="production"):
        return self.document(env)["configVersion"]

    def put(self, document, env="production", **more):
        return self.api.put("/config-document", document, **self.at(env), **more)

    def draft(self, flags, segments=None, env="production", version=0):
        """A core document around these flags, as PUT expects it."""
        document = {"schemaVersion": 1, "source": {"app": self.id, "environment": env},
                    "configVersion": version, "flags": flags}
        if segments is not None:
            document["segments"] = segments
        return document

    def config(self, key, path="/public-config", etag=None, headers=None):
        sent = {} if etag is None else {"If-None-Match": etag}
        return self.api.get(path, token=key, headers={**sent, **(headers or {})})

    def state(self):
        """Everything a refused request must leave as it was."""
        return ([app["id"] for app in data_of(self.api.get("/apps"))], self.envs(),
                self.version("development"), self.document(), self.flags(), self.keys())

    @contextlib.contextmanager
    def unchanged(self):
        before = self.state()
        yield
        assert self.state() == before


def data_of(response, status=200):
    """The payload of a management answer of the expected status."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    body = response.json()
    assert list(body) == ["data"]
    return body["data"]


def assert_error(response, status, text=None):
    """A refusal in the vendor's form: one member `error`, a text that is not empty."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["Content-Type"].split(";")[0] == "application/json"
    body = response.json()
    assert list(body) == ["error"]
    assert isinstance(body["error"], str) and body["error"].strip()
    if text is not None:
        assert body["error"] == text


def core_flag(value=True, **members):
    """A flag of the core document with one variation, ready to be made worse."""
    kinds = {bool: "boolean", str: "string", int: "number", float: "number"}
    flag = {"type": kinds.get(type(value), "object"), "description": "d", "tags": [],
            "owner": "o", "lifecycle": "active", "enabled": True,
            "variations": {"only": {"value": value}}, "offVariation": "only",
            "fallthrough": {"variation": "only"}, "visibility": "client"}
    flag.update(members)
    return flag


def targeted_flag(expression=None, **members):
    """A flag with a rule, which the legacy document cannot say."""
    when = expression or {"op": "match", "attribute": "plan", "operator": "eq", "value": "pro"}
    return core_flag(variations={"off": {"value": False}, "on": {"value": True}},
                     offVariation="off", fallthrough={"variation": "off"},
                     rules=[{"id": "r1", "when": when, "serve": {"variation": "on"}}], **members)


def event(app_id, event_id, env="production", **members):
    """A feature event that is right in every member not overridden."""
    made = {"schemaVersion": 1, "id": event_id, "kind": "exposure",
            "source": {"app": app_id, "environment": env}, "flagKey": "theme",
            "variation": "dark", "configVersion": 17, "reason": "TARGETING_MATCH",
            "timestamp": "2031-03-10T09:30:00.000Z",
            "sdk": {"name": "@superflag-sh/react", "version": "0.7.0", "platform": "browser"},
            "subject": {"id": "psn_AAAABBBBCCCCDDDD", "namespace": f"{app_id}:{env}"[:96],
                        "revision": 1, "state": "authenticated"}}
    made.update(members)
    return {k: v for k, v in made.items() if v is not ABSENT}


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def converse(server, sent, limit_s=3):
    """Sends bytes and reads until the server closes; (what came, whether it closed)."""
    with connect(server) as link:
        received = b""
        deadline = time.monotonic() + limit_s
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            link.sendall(sent)
        while time.monotonic() < deadline:
            link.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                piece = link.recv(65536)
            except ConnectionResetError:
                return received, True
            except socket.timeout:
                break
            if not piece:
                return received, True
            received += piece
        return received, False


def statuses(received):
    """The status of every response in a byte stream, in order."""
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def raw_head(received):
    """Status and lower-cased headers of the first response."""
    head = received.split(b"\r\n\r\n", 1)[0].decode("latin-1").split("\r\n")
    headers = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return int(head[0].split(" ")[1]), headers
