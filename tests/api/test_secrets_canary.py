# SPDX-License-Identifier: Apache-2.0
"""Secrets go in and do not come out (promises S7 and S16): every kind of key, a password, and words in
contexts are said to every route; then everything the server wrote anywhere is searched for them.

What is kept of a secret is its hash. Declared exceptions: a deployment's key (a project's is that of
its default deployment), which the Management API shows whoever manages it, is in the store and in what
is made of it (snapshot, backup); the ids of people are in events, for which events are there; and the
first owner's token is said once, on the terminal, at the first start.
"""
import base64
import json

import pytest
import requests

import amplitude
from harness import Server
from record import record
from route_table import Credential, Street, Wire, absent, routes

ROUTES = routes()
WORD = "canary"
# In what is asked, by its place there; a letter more where a word must be one of a kind.
SAID = {"attribute": f"{WORD}AttributeQ7", "private": f"{WORD}PrivateQ7", "header": f"{WORD}HeaderQ7",
        "cookie": f"{WORD}CookieQ7", "query": f"{WORD}QueryQ7", "body": f"{WORD}BodyQ7",
        "subject": f"{WORD}SubjectQ7", "password": f"{WORD}PasswordQ7", "wrong": f"{WORD}WrongQ7",
        "name": f"{WORD}NameQ7", "path": f"{WORD}PathQ7", "agent": f"{WORD}AgentQ7"}
SHOWN_ON_PURPOSE = {"client-deployment", "server-deployment", "project"}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """A server everybody has spoken to; what it answered, and what it left behind."""
    server = Server(tmp_path_factory.mktemp("canary"), *amplitude.UNLIMITED, "--log-requests").start()
    street = Street(server)
    told = Story(server, street)
    told.speak()
    yield told
    server.close()


class Story:
    def __init__(self, server, street):
        self.server, self.street = server, street
        self.answers, self.refusals = [], []
        self.secrets = {kind: secret for kind, secret in street.first.secrets.items()}
        self.secrets["pair's secret"] = self.secrets.pop("pair").split(":")[1]
        self.secrets.update({one.kind: one.secret for one in street.people})
        self.secrets["first owner"] = server.token
        self.asked = 0

    def speak(self):
        wire = Wire(self.server)
        owner = self.street.town.owner
        user = amplitude.content(owner.post("/admin/v1/users", {
            "email": "canary@example.com", "role": "viewer"}), 201)
        assert owner.call("PUT", f"/admin/v1/users/{user['id']}/password",
                          body={"password": SAID["password"]}).status_code in (200, 204)
        self._contexts(wire)
        credentials = self.street.first.credentials() + self.street.people
        credentials.append(Credential("wrong", "cli_" + SAID["wrong"] * 3))
        for route in ROUTES:
            for credential in credentials:
                for form in ("Bearer", "Api-Key", "query", "Basic"):
                    if not route.path.endswith("/tokens/current"):
                        self._say(wire, route, credential, form)
        self._sign_in(wire)
        wire.close()

    def _keep(self, answer):
        self.asked += 1
        self.answers.append(answer.body)
        if answer.status >= 400:
            self.refusals.append(answer.body + repr(answer.headers).encode())

    def _say(self, wire, route, credential, form):
        headers, query = credential.shown(form)
        headers = headers + [("Cookie", f"session={SAID['cookie']}"), ("X-More", SAID["header"]),
                             ("User-Agent", SAID["agent"]),
                             ("X-Forwarded-For", SAID["header"])]
        target = route.fill(absent) + f"?unheard={SAID['query']}&{query}"
        body = None
        if route.body_bytes_max > 0:
            body = json.dumps({"password": SAID["body"], "context": {
                "targetingKey": SAID["subject"], "more": SAID["attribute"]}}).encode()
        self._keep(wire.send(route.method, target, headers, body))

    def _contexts(self, wire):
        """Evaluations that are right in all they say."""
        context = {"targetingKey": SAID["subject"], "email": SAID["attribute"],
                   "_meta": {"privateAttributes": [SAID["private"]]}, SAID["name"]: "x"}
        for path in ("/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/alphasecret-flags"):
            self._keep(wire.send("POST", path, [
                ("Authorization", f"Bearer {self.secrets['server']}")],
                json.dumps({"context": context}).encode()))
        properties = {"email": SAID["attribute"], SAID["name"]: SAID["private"]}
        user = {"user_id": SAID["subject"], "user_properties": properties}
        shown = base64.urlsafe_b64encode(json.dumps(user).encode()).decode().rstrip("=")
        key = ("Authorization", f"Api-Key {self.secrets['server-deployment']}")
        self._keep(wire.send("GET", "/sdk/v2/vardata", [key, ("X-Amp-Exp-User", shown)]))
        self._keep(wire.send("POST", "/sdk/v2/vardata", [key], json.dumps(user).encode()))
        owner = [("Authorization", f"Bearer {self.server.token}")]
        for word in ("evaluate", "explain"):
            self._keep(wire.send(
                "POST", f"/admin/v1/environments/{self.street.first.number}/{word}", owner,
                json.dumps({"context": context, "flags": ["alphasecret-flags"]}).encode()))

    def _sign_in(self, wire):
        form = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", self.server.base)]
        for word in (SAID["password"], SAID["body"]):
            body = f"email=canary%40example.com&password={word}".encode()
            for path in ("/cli/login", "/device"):
                answer = requests.post(self.server.base + path, data=body, headers=dict(form), timeout=30)
                self.refusals.append(answer.content)
        self._keep(wire.send("GET", f"/{SAID['path']}/{self.secrets['server']}"))

    def logs(self):
        """What was written once the greeting of the first start was."""
        greeting, mark, after = self.server.output(start=1).partition(f"--token {self.server.token}")
        assert mark and greeting.count(self.server.token) == 1
        return (after + self.server.output("err", start=1)).encode()

    def files(self):
        """Everything in the data directory, by name."""
        return {path.name: path.read_bytes() for path in self.server.data.rglob("*") if path.is_file()}


def hits(words, text):
    """Which words are in the text, as they are or in base64."""
    found = []
    for name, word in words.items():
        raw = word.encode()
        forms = [raw, base64.b64encode(raw)[:-4], raw[::-1]]
        if any(form in text for form in forms if len(form) >= 8):
            found.append(name)
    return found


def test_the_searching_finds_what_is_there():
    assert hits({"a": "canaryOne"}, b"..canaryOne..") == ["a"]
    assert hits({"a": "canaryOne"}, b".." + base64.b64encode(b"canaryOne") + b"..") == ["a"]
    assert hits({"a": "canaryOne"}, b"..canaryTwo..") == []


def test_logs_tell_nothing(story):
    logs = story.logs()
    assert logs.count(b"request ") > 1000 or logs.count(b"\n") > 1000, "nothing was logged"
    assert hits(story.secrets, logs) == []
    assert hits(SAID, logs) == []


def test_metrics_and_probes_tell_nothing(story):
    for path in ("/metrics", "/livez", "/readyz"):
        text = requests.get(story.server.operations + path, timeout=10).content
        assert hits({**story.secrets, **SAID}, text) == [], path


def test_refusals_repeat_no_secret(story):
    assert len(story.refusals) > 1000
    for body in story.refusals:
        assert hits({**story.secrets, "password": SAID["password"], "wrong": SAID["wrong"],
                     "cookie": SAID["cookie"], "header": SAID["header"]}, body) == [], body[:300]


def test_no_answer_shows_a_password_or_a_token_again(story):
    hidden = {name: secret for name, secret in story.secrets.items()
              if name not in SHOWN_ON_PURPOSE | {"address"}}
    for body in story.answers:
        assert hits({**hidden, "password": SAID["password"]}, body) == [], body[:300]


def test_files_hold_hashes(story):
    """The database with its log, snapshots, whatever else is there: while it runs and afterwards."""
    said = {name: word for name, word in SAID.items() if name != "subject"}
    hidden = {name: secret for name, secret in story.secrets.items() if name not in SHOWN_ON_PURPOSE}
    backup = requests.get(story.server.base + "/admin/v1/backup", timeout=60,
                          headers={"Authorization": f"Bearer {story.server.token}"})
    assert backup.status_code == 200
    assert b"alphasecret" in backup.content or len(backup.content) > 10000
    running = story.files()
    story.server.restart()
    story.server.restart()
    searched = {**running, **{f"later {name}": data for name, data in story.files().items()},
                "backup": backup.content}
    assert any(b"alphasecret" in data for data in searched.values()), "not the server's data"
    for name, data in searched.items():
        assert hits({**hidden, **said}, data) == [], name
    record("S7 S16", "secrets-canary", requests=story.asked, secrets=len(story.secrets),
           words=len(SAID), files=len(searched), hits=0)


def test_the_process_shows_nothing_of_itself(story):
    folder = f"/proc/{story.server.process.pid}"
    for name in ("cmdline", "environ", "comm"):
        with open(f"{folder}/{name}", "rb") as file:
            assert hits({**story.secrets, **SAID}, file.read()) == [], name
    with open(f"{folder}/limits", encoding="ascii") as file:
        core, = [line for line in file if line.startswith("Max core file size")]
    assert core.split()[4] == "0", core
