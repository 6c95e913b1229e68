# SPDX-License-Identifier: Apache-2.0
"""A project and the people who call it: owners of tokens, scripts, SDKs.

Beside harness.py, for everything under /api/1 and what SDKs ask of it.
"""
import base64
import contextlib
import itertools
import json
import re
import socket
import time

import requests

import amplitude_oracle as oracle
from harness import ABSENT

UNLIMITED = ("--management-per-second=0", "--management-per-day=0", "--admin-per-second=0")
SALT = r"[A-Za-z0-9]{8}"
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
FLAG = {"id", "projectId", "deployments", "key", "name", "description", "enabled", "evaluationMode",
        "bucketingKey", "bucketingSalt", "bucketingUnit", "createdBy", "lastModifiedBy",
        "createdAt",
        "lastModifiedAt", "variants", "rolloutPercentage", "rolloutWeights", "targetSegments",
        "deleted", "tags"}
EXPERIMENT = FLAG | {"decision", "decisionReason", "rolledOutVariant", "stickyBucketing", "state",
                     "startDate", "endDate", "experimentType", "exposureEvent"}
CONFIG = {"id", "projectId", "deployments", "key", "name", "description", "enabled",
          "evaluationMode", "bucketingKey", "bucketingSalt", "bucketingUnit", "variants",
          "rolloutPercentage", "rolloutWeights", "targetSegments"}
RESOURCES = ("flags", "experiments")
_serial = itertools.count(1)


def fresh(prefix="k"):
    """A key nobody used before."""
    return f"{prefix}-{next(_serial)}"


class Caller:
    """One Authorization header and one kept-alive connection."""

    def __init__(self, base, authorization=None):
        self.base = base
        self.authorization = authorization
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.clear()

    def call(self, method, path, body=ABSENT, *, data=None, headers=None, **params):
        sent = {"Authorization": self.authorization} if self.authorization else {}
        if body is not ABSENT:
            data = json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        return self.session.request(method, self.base + path, data=data, params=params,
                                    headers=sent,
                                    timeout=30, allow_redirects=False)

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=ABSENT, **more):
        return self.call("POST", path, body, **more)

    def patch(self, path, body=ABSENT, **more):
        return self.call("PATCH", path, body, **more)

    def delete(self, path, body=ABSENT, **more):
        return self.call("DELETE", path, body, **more)


def content(answer, status=200):
    """The JSON of an answer of the expected status and media type."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:600]}"
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    return answer.json()


def assert_ok(answer):
    assert answer.status_code == 200, f"{answer.status_code}: {answer.text[:600]}"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content == b"OK"


def assert_refused(answer, status=400, field=None):
    body = content(answer, status)
    assert isinstance(body["error"], str)
    assert body["error"]
    assert set(body) <= {"error", "code", "field"}
    assert re.fullmatch("[a-z_]+", body["code"])
    if field is not None:
        assert body.get("field") == field, body
    return body


class Town:
    """A server, its owner, and as many projects as tests ask for."""

    def __init__(self, server):
        self.server = server
        self.owner = Caller(server.base, f"Bearer {server.token}")

    def environments(self):
        found, query = [], {"limit": 1000}
        while True:
            page = content(self.owner.get("/admin/v1/environments", **query))
            found += page["items"]
            if page["next"] is None:
                return found
            query["cursor"] = page["next"]

    def app(self):
        """The numbers of the three environments of a new app, production's last."""
        name = fresh("town")
        assert self.owner.post("/api/v1/apps", {"name": name}).status_code == 201
        found = {e["name"]: e["number"] for e in self.environments() if e["appName"] == name}
        return [found[n] for n in ("development", "staging", "production")]

    def token(self, *numbers, **more):
        made = content(self.owner.post("/admin/v1/tokens", {"environments": list(numbers), **more}),
                       201)
        return made

    def api(self, *numbers):
        return Caller(self.server.base, f"Bearer {self.token(*numbers)['token']}")

    def project(self):
        return Project(self, self.app()[-1])


class Project:
    """One environment, spoken to with a token of its own."""

    def __init__(self, town, number):
        self.town = town
        self.number = number
        self.id = str(number)
        self.api = town.api(number)
        self._default = None

    # -- what scripts do
    def create(self, resource, key=None, **members):
        body = {"projectId": self.id, "key": fresh() if key is None else key, **members}
        return self.api.post(f"/api/1/{resource}",
                             {k: v for k, v in body.items() if v is not ABSENT})

    def new(self, resource, key=None, **members):
        """The path of a new item that is served to the default deployment."""
        members.setdefault("deployments", [self.web.id])
        made = content(self.create(resource, key, **members))
        assert set(made) == {"id", "url"}
        return f"/api/1/{resource}/{made['id']}"

    def flag(self, key=None, **members):
        return self.new("flags", key, **members)

    def experiment(self, key=None, **members):
        return self.new("experiments", key, **members)

    def live(self, resource="flags", key=None, **members):
        """An item that is on for everybody, unless told otherwise."""
        return self.new(resource, key, **{"enabled": True, "rolloutPercentage": 100, **members})

    def show(self, path):
        return content(self.api.get(path))

    def edit(self, path, **members):
        assert_ok(self.api.patch(path, members))

    def mutex(self, percentages=(100,), **members):
        slots = members.pop("slots", None) or [{"percentage": p} for p in percentages]
        made = content(self.api.post("/api/1/mutexes", {
            "projectId": self.id, "name": "Lanes", "slots": slots, **members}))
        return f"/api/1/mutexes/{made['id']}"

    def holdout(self, percentage=10, **members):
        made = content(self.api.post("/api/1/holdouts", {
            "projectId": self.id, "name": "Held", "holdoutPercentage": percentage, **members}))
        return f"/api/1/holdouts/{made['id']}"

    def deployment(self, kind="server", label=None):
        made = content(self.api.post("/api/1/deployments", {
            "projectId": self.id, "label": label or fresh("label"), "type": kind}))
        assert set(made) == {"id"}
        listed = content(self.api.get("/api/1/deployments"))["deployments"]
        return Deployment(self, next(d for d in listed if d["id"] == made["id"]))

    def cohort(self, cohort, ids, **params):
        answer = self.town.owner.call(
            "PUT", f"/admin/v1/environments/{self.number}/cohorts/{cohort}",
            data="\n".join(ids).encode(), headers={"Content-Type": "text/plain"}, **params)
        assert answer.status_code == 200, answer.text

    def project_keys(self):
        return content(self.town.owner.post(
            f"/admin/v1/environments/{self.number}/project-keys"), 201)

    @property
    def web(self):
        """A `server-` deployment, made when first asked for."""
        if self._default is None:
            self._default = self.deployment("server", "default-one")
        return self._default

    # -- what SDKs see
    def flags(self, **params):
        return self.web.flags(**params)

    def vardata(self, user, keys=None, **more):
        return self.web.vardata(user, keys, **more)

    # -- what must or must not have happened
    def version(self):
        return next(e["version"] for e in self.town.environments() if e["number"] == self.number)

    def everything(self, resource, **params):
        return content(self.api.get(f"/api/1/{resource}", includeArchived="true",
                                    **params))[resource]

    def state(self):
        """All there is to see, which a refused request must leave as it was."""
        items = {}
        for resource in RESOURCES:
            for item in self.everything(resource):
                path = f"/api/1/{resource}/{item['id']}"
                items[path] = (item, [self.show(f"{path}/variants/{v['key']}/{what}")
                                      for v in item["variants"] for what in ("users", "cohorts")],
                               self.show(path + "/variants"))
        served = sorted(self.flags(), key=lambda flag: flag["key"]) if self._default else None
        return (self.version(), items, self.everything("mutexes"), self.everything("holdouts"),
                self.everything("deployments"),
                content(self.api.get("/api/1/versions"))["versions"],
                served)

    @contextlib.contextmanager
    def unchanged(self):
        before = self.state()
        yield
        assert self.state() == before

    @contextlib.contextmanager
    def changes(self, *paths):
        """One version of the project, and one of each item named, and of no other."""
        def counts():
            return {f"/api/1/{r}/{i['id']}": len(self.show(f"/api/1/{r}/{i['id']}/versions"))
                    for r in RESOURCES for i in self.everything(r)}
        before, items = self.version(), counts()
        yield
        assert self.version() == before + 1
        after = counts()
        assert {p for p in after if after[p] != items.get(p)} == set(paths)
        assert all(after[p] == items[p] + 1 for p in paths)


class Deployment:
    """A deployment key and what it reads."""

    def __init__(self, project, shown):
        self.id = shown["id"]
        self.label = shown["label"]
        self.key = shown["key"]
        self.path = f"/api/1/deployments/{self.id}"
        self.sdk = Caller(project.town.server.base, f"Api-Key {self.key}")

    def flags(self, **params):
        return content(self.sdk.get("/sdk/v2/flags", **params))

    def vardata(self, user, keys=None, headers=None, path="/sdk/v2/vardata"):
        sent = {"X-Amp-Exp-User": encode(user)}
        if keys is not None:
            sent["X-Amp-Exp-Flag-Keys"] = encode(keys)
        return content(self.sdk.get(path, headers={**sent, **(headers or {})}))

    def variant(self, key, **user):
        """The variant this user gets."""
        return self.vardata(user, [key])[key]["key"]


def encode(value, alphabet="url", padded=False):
    raw = json.dumps(value, ensure_ascii=False).encode()
    text = (base64.urlsafe_b64encode if alphabet == "url" else base64.b64encode)(raw).decode()
    return text if padded else text.rstrip("=")


def plain(results):
    """Results without what is different each time."""
    return {key: {**result, "metadata": {k: v for k, v in result["metadata"].items()
                                         if k != "evaluationId"}}
            for key, result in results.items()}


def bare(flags):
    """Configurations by key, without counters, lists of conditions in one order."""
    made = {}
    for flag in flags:
        metadata = {k: v for k, v in flag["metadata"].items()
                    if k not in ("flagVersion", "experimentKey", "exposureEvent", "trackExposure")}
        made[flag["key"]] = {**flag, "metadata": metadata}
        if "dependencies" in flag:
            made[flag["key"]]["dependencies"] = sorted(flag["dependencies"])
    return made


def without_counters(results):
    drop = ("evaluationId", "flagVersion", "experimentKey", "exposureEvent", "trackExposure")
    return {key: {**result,
                  "metadata": {k: v for k, v in result["metadata"].items() if k not in drop}}
            for key, result in results.items()}


class Compiled:
    """What a project's flags should compile to, from what its Management API shows."""

    def __init__(self, project):
        groups = {kind: project.everything(kind) for kind in ("mutexes", "holdouts")}
        items = [(kind, item) for kind in RESOURCES for item in project.everything(kind)]
        self.keys = {i["id"]: i["key"] for _, i in items}
        self.keys.update({g["id"]: g["key"] for listed in groups.values() for g in listed})
        self.whole = {}
        for kind, item in items:
            if item["deleted"]:
                continue
            base = f"/api/1/{kind}/{item['id']}/variants/"
            included = {v["key"]: (project.show(f"{base}{v['key']}/users"),
                                   project.show(f"{base}{v['key']}/cohorts"))
                        for v in item["variants"]}
            name = "release" if kind == "flags" else "experiment"
            self.whole[item["key"]] = oracle.compile_item(item, included, self.keys, name)
        for group in groups["mutexes"]:
            if not group["deleted"]:
                self.whole[group["key"]] = oracle.compile_mutex(group)
        for group in groups["holdouts"]:
            if not group["deleted"]:
                self.whole[group["key"]] = oracle.compile_holdout(group)
        self.on = {item["key"]: item["deployments"] for _, item in items if not item["deleted"]}

    def results(self, user, deployment):
        """What /sdk/v2/vardata should answer, counters apart."""
        context = oracle.context_of(user)
        identity = user.get("amplitude_id") or user.get("user_id") or user.get("device_id")
        if identity:
            context["user"]["amplitude_id"] = identity
        results = oracle.evaluate(list(self.whole.values()), context)
        return {key: result for key, result in results.items()
                if deployment.id in self.on.get(key, ())}

    def _parents(self, key, found):
        for parent in self.whole[key].get("dependencies", ()):
            if parent not in found:
                found.add(parent)
                self._parents(parent, found)

    def configurations(self, deployment, remote=False):
        """What /sdk/v2/flags should answer, by key."""
        made, parents = {}, set()
        for key, deployments in self.on.items():
            if deployment.id not in deployments:
                continue
            flag = made[key] = dict(self.whole[key])
            if flag["metadata"]["evaluationMode"] == "remote" and not remote:
                flag.pop("dependencies", None)
                flag["segments"] = [{"metadata": {"segmentName": "default"}, "variant": "off"}]
            else:
                self._parents(key, parents)
        for key in parents - set(made):
            flag = self.whole[key]
            made[key] = {**flag, "metadata": {**flag["metadata"], "deployed": False}}
        return bare(made.values())


class Stream:
    """An open event stream, read byte by byte as an SDK would."""

    def __init__(self, server, authorization, headers="", path="/sdk/stream/v1/flags"):
        if authorization is not None:
            headers += f"Authorization: {authorization}\r\n"
        self.link = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self.link.sendall((f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}"
                           "Accept: text/event-stream\r\nCache-Control: no-cache\r\n\r\n").encode())
        self.raw, self.ended, self.chunked = b"", False, False
        head = self._until(lambda: b"\r\n\r\n" in self.raw, 5)
        assert head, self.raw
        head, _, self.raw = self.raw.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = {k.lower(): v.strip() for k, _,
                        v in (line.partition(":") for line in lines[1:])}
        self.chunked = self.headers.get("transfer-encoding") == "chunked"
        self.buffer = b""

    def _until(self, condition, limit_s):
        deadline = time.monotonic() + limit_s
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0 or self.ended:
                return False
            self.link.settimeout(left)
            try:
                piece = self.link.recv(1 << 20)
            except (socket.timeout, ConnectionResetError) as failure:
                self.ended = not isinstance(failure, socket.timeout)
                continue
            self.ended = not piece
            self.raw += piece
        return True

    def _unchunk(self):
        if not self.chunked:
            self.buffer, self.raw = self.buffer + self.raw, b""
            return
        while b"\r\n" in self.raw:
            line, _, rest = self.raw.partition(b"\r\n")
            size = int(line.split(b";")[0], 16)
            if size == 0:
                self.ended = True
            if len(rest) < size + 2:
                return
            self.buffer, self.raw = self.buffer + rest[:size], rest[size + 2:]

    def _has_message(self):
        self._unchunk()
        return b"\n\n" in self.buffer

    def message(self, limit_s=3):
        """The bytes of the next message, or None."""
        if not self._until(self._has_message, limit_s):
            return None
        found, _, self.buffer = self.buffer.partition(b"\n\n")
        return found + b"\n\n"

    def flags(self, limit_s=3):
        """The next array of flags; keep-alives are passed over."""
        deadline = time.monotonic() + limit_s
        while True:
            message = self.message(max(0.01, deadline - time.monotonic()))
            assert message is not None, f"nothing within {limit_s} s (ended: {self.ended})"
            if message != b"data:  \n\n":
                assert message.startswith(b"data: [")
                assert message.count(b"\n") == 2
                return json.loads(message[6:])

    def ends(self, limit_s=3):
        def over():
            self._unchunk()
            return self.ended
        return self._until(over, limit_s) or self.ended

    def close(self):
        self.link.close()
