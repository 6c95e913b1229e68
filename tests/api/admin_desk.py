# SPDX-License-Identifier: Apache-2.0
"""The admin API, spoken to: one credential, and every answer held against the API's own description."""
import datetime
import json
import re

import requests

from harness import ABSENT

UNLIMITED = "--admin-per-second=0"
_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def _is_instant(text):
    """An instant of the calendar: February has no 30th."""
    if not _INSTANT.fullmatch(text):
        return False
    try:
        datetime.datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return True


# ---- JSON Schema, as far as the description goes -------------------------------------------------
def _is_of_type(value, name):
    if name in ("integer", "number"):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and (name == "number" or value == int(value))
    return isinstance(value, _TYPES[name])


class Description:
    """/openapi.json, as a judge."""

    def __init__(self, base):
        self.document = requests.get(base + "/openapi.json", timeout=30).json()
        self.templates = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), item)
                          for path, item in self.document["paths"].items()]
        # What has no parameters wins.
        self.templates.sort(key=lambda one: one[0].pattern.count("[^/]+"))

    def operation(self, method, path):
        for template, item in self.templates:
            if template.fullmatch(path):
                return item.get(method.lower())
        return None

    def body_of(self, method, path):
        """The schema of what an operation takes."""
        return self.operation(method, path)["requestBody"]["content"]["application/json"]["schema"]

    def faults(self, schema, value, at="$"):
        """Why the value is not as the schema says; [] when it is."""
        if schema is True:
            return []
        if "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        found = []
        for one in schema.get("allOf", []):
            found += self.faults(one, value, at)
        for word, sort in (("oneOf", "one"), ("anyOf", "any")):
            if word in schema:
                good = sum(not self.faults(one, value, at) for one in schema[word])
                if good == 0 or (sort == "one" and good > 1):
                    found.append(f"{at}: {good} of {word} fit")
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(_is_of_type(value, one) for one in types):
            return found + [f"{at}: {value!r} is no {types}"]
        if "const" in schema and value != schema["const"]:
            found.append(f"{at}: {value!r} is not {schema['const']!r}")
        if "enum" in schema and value not in schema["enum"]:
            found.append(f"{at}: {value!r} is none of {schema['enum']}")
        for check in (self._text, self._number, self._list, self._object):
            found += check(schema, value, at)
        return found

    @staticmethod
    def _text(schema, value, at):
        if not isinstance(value, str):
            return []
        found = []
        if "pattern" in schema and not re.search(schema["pattern"].replace("$", r"\Z"), value):
            found.append(f"{at}: {value!r} does not match {schema['pattern']}")
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9):
            found.append(f"{at}: {len(value)} characters")
        if schema.get("format") == "date-time" and not _is_instant(value):
            found.append(f"{at}: {value!r} is no instant")
        return found

    @staticmethod
    def _number(schema, value, at):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return []
        is_within = schema.get("minimum", value) <= value <= schema.get("maximum", value)
        return [] if is_within else [f"{at}: {value} is out of bounds"]

    def _list(self, schema, value, at):
        if not isinstance(value, list):
            return []
        found = [f"{at}: too few"] if len(value) < schema.get("minItems", 0) else []
        if schema.get("uniqueItems") and len(value) != len({json.dumps(one) for one in value}):
            found.append(f"{at}: twice the same")
        for index, item in enumerate(value):
            found += self.faults(schema.get("items", True), item, f"{at}/{index}")
        return found

    def _object(self, schema, value, at):
        if not isinstance(value, dict):
            return []
        known = schema.get("properties", {})
        found = [f"{at}: no {name}" for name in schema.get("required", []) if name not in value]
        if len(value) < schema.get("minProperties", 0):
            found.append(f"{at}: too few members")
        for name, member in value.items():
            if name in known:
                found += self.faults(known[name], member, f"{at}/{name}")
            elif schema.get("additionalProperties", True) is False:
                found.append(f"{at}: unexpected {name}")
        return found


# ---- callers -------------------------------------------------------------------------------------
class Admin:
    """One credential; whatever it is told has to be as described."""

    def __init__(self, desk, token):
        self.desk, self.token = desk, token
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method, path, body=ABSENT, *, headers=None, data=None, **params):
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not ABSENT:
            data = json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        answer = self.session.request(method, f"{self.desk.server.base}/admin/v1{path}", data=data,
                                      params=params, headers=sent, timeout=60)
        self.desk.check(method, f"/admin/v1{path}", answer)
        if body is not ABSENT:
            self.desk.check_body(method, f"/admin/v1{path}", body, answer)
        return answer

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

    def all(self, path, **params):
        """The items of all pages."""
        items, params = [], {"limit": 1000, **params}
        while True:
            page = content(self.get(path, **params))
            items += page["items"]
            if page["next"] is None:
                return items
            params["cursor"] = page["next"]

    def tag(self, path):
        return self.get(path).headers["ETag"]


class Desk:
    """A server, its description, its owner, and as many people as tests ask for."""

    def __init__(self, server):
        self.server = server
        self.description = Description(server.base)
        self.owner = Admin(self, server.token)
        self.made = 0

    def check(self, method, path, answer):
        operation = self.description.operation(method, path)
        if answer.status_code in (304, 405):
            return
        assert operation is not None, f"{method} {path} is not described"
        assert str(answer.status_code) in operation["responses"], \
            f"{method} {path}: {answer.status_code} is not described: {answer.text[:300]}"
        described = operation["responses"][str(answer.status_code)]
        if "$ref" in described:
            described = self.description.document["components"]["responses"][
                described["$ref"].rsplit("/", 1)[1]]
        media = answer.headers.get("Content-Type", "")
        if not described.get("content"):
            assert answer.content == b""
            return
        found = self.description.faults(described["content"][media]["schema"], answer.json())
        assert found == [], f"{method} {path}: {found[:5]}"

    def check_body(self, method, path, body, answer):
        """The description allows what was taken, and does not allow what was refused as it stood."""
        described = self.description.operation(method, path) or {}
        if "requestBody" not in described:
            return
        found = self.description.faults(
            described["requestBody"]["content"]["application/json"]["schema"], body)
        if answer.status_code < 300:
            assert found == [], f"{method} {path}: taken, but {found[:5]}"
        elif answer.status_code == 400 and answer.json().get("errors", [{}])[0].get("pointer"):
            pointer = answer.json()["errors"][0]["pointer"]
            # A schema cannot count UTF-16 units, nor tell the time or the days of a month.
            name = body.get("name")
            is_long = pointer == "/name" and isinstance(name, str) and len(name.encode()) > 96
            is_beyond = pointer == "/expiresAt" or is_long
            assert found or is_beyond, f"{method} {path}: allowed, but refused: {body}"

    def fresh(self, word):
        self.made += 1
        return f"{word}-{self.made}"

    def app(self):
        """A new app, as it was answered."""
        return content(self.owner.post("/apps", {"name": self.fresh("app")}), 201)

    def user(self, role):
        return content(self.owner.post("/users", {"email": f"{self.fresh('user')}@example.com",
                                                  "role": role}), 201)

    def token(self, **body):
        return content(self.owner.post("/tokens", body), 201)

    def speaker(self, **body):
        """Somebody with a new token."""
        return Admin(self, self.token(**body)["token"])

    def person(self, role, **more):
        """Somebody with a role, and a personal token."""
        user = self.user(role)
        person = self.speaker(kind="personal", user=user["id"], **more)
        person.user = user
        return person


def content(answer, status=200):
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:500]}"
    return answer.json()


def assert_problem(answer, status, code, where=None):
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:500]}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    if where is not None:
        error = problem["errors"][0]
        assert error.get("pointer", "?" + error.get("parameter", "")) == where
    return problem
