# SPDX-License-Identifier: Apache-2.0
"""Every route of the server as its own tables have it, two apps that are strangers to each other, and
a client that sends what no library would.

The table comes from tests/support/routes.c: a route that is added is in the tests the same day.
"""
import base64
import contextlib
import re
import socket
import subprocess
from typing import NamedTuple

from amplitude import Town, content
from harness import BINARY

ABSENT_IDS = {"environment": "999999999", "app": "app_AAAAAAAAAAAAAAAAAAAAAA"}
MARK = "alphasecret"  # in the name of everything the first app owns


class Route(NamedTuple):
    dialect: str
    method: str
    path: str
    scope: str
    lane: str
    body_bytes_max: int
    folds_slashes: bool
    operation: str

    def __str__(self):
        return f"{self.method} {self.path}"

    @property
    def parameters(self):
        return re.findall(r"\{(\w+)\*?\}", self.path)

    def fill(self, values):
        return re.sub(r"\{(\w+)\*?\}", lambda found: str(values(self, found[1])), self.path)


def routes():
    program = BINARY.parent / "support" / "routes"
    assert program.exists(), f"{program} does not exist: make {program}"
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    made = [Route(d, m, p, s, lane, int(size), folds == "1", operation)
            for d, m, p, s, lane, size, folds, operation in (line.split("\t") for line in lines)]
    assert made
    return made


def absent(route, name):
    """Something that is not there, in a form that could be."""
    if name == "id":
        return "99999999"
    return ABSENT_IDS.get(name, "absent-one")


# ---- a client that sends bytes -------------------------------------------------------------------
class Answer(NamedTuple):
    status: int
    headers: dict
    body: bytes


class Wire:
    """One connection at a time; a new one when the server closed it."""

    def __init__(self, server):
        self.port = server.port
        self.link = None
        self.rest = b""

    def close(self):
        if self.link is not None:
            self.link.close()
        self.link, self.rest = None, b""

    def _more(self):
        piece = self.link.recv(262144)
        if not piece:
            raise ConnectionResetError("closed within an answer")
        self.rest += piece

    def _until(self, mark):
        while mark not in self.rest:
            self._more()
        found, self.rest = self.rest.split(mark, 1)
        return found

    def _answer(self, method):
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip()
                   for name, _, value in (line.partition(":") for line in head[1:])}
        status = int(head[0].split(" ")[1])
        body = b""
        if method != "HEAD" and status not in (204, 304):
            if headers.get("content-type", "").startswith("text/event-stream") and status == 200:
                self.close()
                return Answer(status, headers, b"a stream")
            if headers.get("transfer-encoding") == "chunked":
                body = self._chunks()
            else:
                size = int(headers.get("content-length", 0))
                while len(self.rest) < size:
                    self._more()
                body, self.rest = self.rest[:size], self.rest[size:]
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body)

    def _chunks(self):
        body = b""
        while True:
            size = int(self._until(b"\r\n"), 16)
            while len(self.rest) < size + 2:
                self._more()
            body += self.rest[:size]
            self.rest = self.rest[size + 2:]
            if size == 0:
                return body

    def send(self, method, target, headers=(), body=None):
        """The answer to exactly these bytes; tried again when an idle connection had been closed."""
        target = target.encode("latin-1") if isinstance(target, str) else target
        lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: localhost"]
        lines += [f"{name}: {value}".encode("latin-1") for name, value in headers]
        if body is not None:
            lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
        sent = b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")
        for is_last in (False, True):
            if self.link is None:
                self.link = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            try:
                self.link.sendall(sent)
                return self._answer(method)
            except (ConnectionError, BrokenPipeError):
                self.close()
                if is_last:
                    raise
        return None


# ---- who calls -----------------------------------------------------------------------------------
class Credential(NamedTuple):
    kind: str
    secret: str  # of an event address: the query's token; of a pair: key:secret

    def shown(self, form):
        """Headers and the query that show it in one of the ways a credential can be shown."""
        if form == "query":
            return [], "token=" + self.secret
        if form == "X-API-Key":
            return [("X-API-Key", self.secret)], ""
        secret = self.secret
        if form == "Basic":
            secret = base64.b64encode(secret.encode()).decode()
        return [("Authorization", secret if form == "bare" else f"{form} {secret}")], ""


FORMS = ("Bearer", "Api-Key", "Basic", "bare", "X-API-Key", "query")
PEOPLE = ("viewer", "editor", "admin", "owner")
READING_KEYS = {"browser", "server", "client-deployment", "server-deployment", "project"}
MANAGERS = {*PEOPLE, "app"}
# Who a scope takes, and shown how: said here a second time, on purpose.
ADMITS = {
    "manage": ({"Bearer"}, MANAGERS),
    "manage-environments": ({"Bearer"}, MANAGERS | {"environment"}),
    "read-browser": ({"Bearer"}, {"browser"}),
    "read-server": ({"Bearer"}, {"server"}),
    "report": ({"Bearer"}, {"browser", "server"}),
    "read-deployment": ({"Api-Key"}, {"client-deployment", "server-deployment", "project"}),
    "download": ({"Basic"}, {"pair"}),
    "evaluate": ({"Bearer", "Api-Key", "bare", "X-API-Key"}, READING_KEYS),
    "event-address": ({"query"}, {"address"}),
}


def is_admitted(route, credential, form):
    if route.scope == "anyone":
        return True
    forms, kinds = ADMITS[route.scope]
    return form in forms and credential.kind in kinds


class Household:
    """One app with something of everything in it, and a credential of every kind."""

    def __init__(self, town, word):
        self.town, self.word, owner = town, word, town.owner
        app = content(owner.post("/admin/v1/apps", {"name": f"{word}-app"}), 201)
        self.app = app["id"]
        self.number = next(e["number"] for e in app["environments"] if e["name"] == "production")
        self.ids = {"app": self.app, "environment": str(self.number)}
        self.secrets = {}
        self._keys()
        self._items()

    def _admin(self, method, path, body=None, status=201, **more):
        answer = self.town.owner.call(method, f"/admin/v1{path}",
                                      **({} if body is None else {"body": body}), **more)
        return content(answer, status)

    def _keys(self):
        place = f"/environments/{self.number}"
        for kind in ("browser", "server"):
            made = self._admin("POST", place + "/keys", {"kind": kind})
            self.secrets[kind], self.ids["key"] = made["key"], made["id"]
        for kind in ("client", "server"):
            made = self._admin("POST", place + "/deployments",
                               {"label": f"{self.word}-{kind}", "kind": kind})
            self.secrets[f"{kind}-deployment"] = made["key"]
            self.ids["deployment"] = self.ids["deploymentId"] = str(made["number"])
        pair = self._admin("POST", place + "/project-keys")
        self.secrets["project"] = pair["apiKey"]
        self.secrets["pair"] = f"{pair['apiKey']}:{pair['secretKey']}"
        for kind, where in (("app", {"kind": "app", "app": self.app}),
                            ("environment", {"environments": [self.number]})):
            made = self._admin("POST", "/tokens", {**where, "name": f"{self.word}-token"})
            self.secrets[kind], self.ids["token"] = made["token"], made["id"]
        answer = self.town.owner.call(
            "POST", "/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "t"}},
            headers={"Authorization": f"Bearer {self.secrets['server']}"})
        uri = content(answer)["eventStreams"][0]["endpoint"]["requestUri"]
        self.secrets["address"] = uri.split("token=")[1]

    def _items(self):
        api = self.town.api(self.number)
        for what in ("flags", "experiments"):
            made = content(api.post(f"/api/1/{what}", {
                "projectId": str(self.number), "key": f"{self.word}-{what}", "enabled": True,
                "variants": [{"key": f"{self.word}-on"}]}))
            self.ids[what] = made["id"]
            assert api.post(f"/api/1/{what}/{made['id']}/variants/{self.word}-on/users",
                            {"inclusions": [f"{self.word}-person"]}).status_code == 200
        for what, more in (("mutexes", {"slots": [{"percentage": 100}]}),
                           ("holdouts", {"holdoutPercentage": 5})):
            made = content(api.post(f"/api/1/{what}", {
                "projectId": str(self.number), "name": f"{self.word}-{what}", **more}))
            self.ids[what] = made["id"]
        listed = content(api.get("/api/1/deployments"))["deployments"]
        self.ids["deployments"] = listed[0]["id"]
        place = f"/environments/{self.number}"
        answer = self.town.owner.call("PUT", f"/admin/v1{place}/cohorts/{self.word}-cohort",
                                      data=f"{self.word}-person\n".encode(),
                                      headers={"Content-Type": "text/plain"})
        assert answer.status_code in (200, 201), answer.text
        self._admin("POST", place + "/groups", {
            "kind": "mutex", "key": f"{self.word}-group", "slots": [{"percent": 100}]})
        self._admin("POST", place + "/segments", {
            "key": f"{self.word}-segment", "included": [f"{self.word}-person"]})

    def own(self, route, name):
        """What stands for a parameter of a route where this household's thing is meant."""
        word = self.word
        if name == "id":
            return self.ids[route.path.replace("/api/1", "").split("/")[1]]
        named = {"cohort": f"{word}-cohort", "cohortId": f"{word}-cohort", "version": "1",
                 "versionId": "1", "variantKey": f"{word}-on", "userIndex": "0", "slotIndex": "1",
                 "flag": f"{word}-flags", "groupType": "User", "groupName": f"{word}-person",
                 "user": "user_AAAA", "code": "denied"}
        if name == "key":
            if "/keys/" in route.path:
                return self.ids["key"]
            for thing in ("segment", "group"):
                if f"/{thing}s/" in route.path:
                    return f"{word}-{thing}"
            return f"{word}-flags"
        return named.get(name) or self.ids[name]

    def credentials(self):
        return [Credential(kind, secret) for kind, secret in self.secrets.items()]

    def state(self):
        """What strangers must leave as it was: the environment, its keys, and its audit trail."""
        place = f"/admin/v1/environments/{self.number}"
        listed = [self.town.owner.get(f"{place}/{what}").json()["items"]
                  for what in ("keys", "deployments", "cohorts", "versions")]
        return (self.town.owner.get(place).json(), self.town.owner.get(place + "/export").json(),
                listed, self.town.owner.get(f"/admin/v1/apps/{self.app}").json())


class Street:
    """Two households of one server, and people with each role."""

    def __init__(self, server):
        self.server = server
        self.town = Town(server)
        self.first = Household(self.town, MARK)
        self.second = Household(self.town, "beta")
        self.people = [Credential(role, self._person(role)) for role in PEOPLE]

    def _person(self, role):
        owner = self.town.owner
        user = content(owner.post("/admin/v1/users", {"email": f"{role}@example.com",
                                                      "role": role}), 201)
        return content(owner.post("/admin/v1/tokens", {"kind": "personal", "user": user["id"]}),
                       201)["token"]

    @contextlib.contextmanager
    def unchanged(self):
        before = self.first.state(), self.second.state()
        yield
        assert (self.first.state(), self.second.state()) == before
