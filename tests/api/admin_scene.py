# SPDX-License-Identifier: Apache-2.0
"""One of everything the admin API knows, one way to change each, and all there is to see of it."""
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from admin_desk import UNLIMITED, Desk, content
from harness import ABSENT, Server

MUTATIONS = [
    "createApp",
    "editApp",
    "createEnvironment",
    "editEnvironment",
    "createProjectKeys",
    "createDeployment",
    "editDeployment",
    "archiveDeployment",
    "createKey",
    "revokeKey",
    "createToken",
    "revokeToken",
    "createUser",
    "editUser",
    "deleteUser",
    "createFlag",
    "putFlag",
    "patchFlag",
    "deleteFlag",
    "restoreFlag",
    "createSegment",
    "putSegment",
    "patchSegment",
    "deleteSegment",
    "restoreSegment",
    "createGroup",
    "deleteGroup",
    "putGroupMember",
    "deleteGroupMember",
    "putCohort",
    "deleteCohort",
    "restoreEnvironment",
    "rollBackEnvironment",
    "promote",
     "importEnvironment"]
METHODS = ("get", "put", "post", "patch", "delete")
PREFIX = "/admin/v1"
AS_A_WHOLE = "v"  # changes of a whole environment are conditional on its version: "v42"


@dataclass
class Mutation:
    """One request that changes something."""

    method: str
    path: str
    body: Any = ABSENT
    needs: str = "write"  # of what /me says a caller may
    tagged: str = ""  # whose ETag conditions are about
    params: dict = field(default_factory=dict)
    other: Any = ABSENT  # another body, for the same place

    def send(self, caller, headers=None, body=ABSENT, **params):
        params = {**self.params, **params}
        body = self.body if body is ABSENT else body
        return caller.call(self.method, self.path, body, headers=headers, **params)


def make(path, body, other, needs="write"):
    return Mutation("POST", path, body, needs, other=other)


def edit(path, body, other, needs="write", method="PATCH"):
    return Mutation(method, path, body, needs, path, other=other)


def end(path, needs="write"):
    return Mutation("DELETE", path, needs=needs, tagged=path)


class Scene:
    """A furnished app. `mutations` has one for every operation that changes something."""

    def __init__(self, desk):
        self.desk, self.owner = desk, desk.owner
        made = desk.app()
        self.app, self.numbers = made["id"], [e["number"] for e in made["environments"]]
        self.number, self.elsewhere = self.numbers[:2]
        self.base = f"/environments/{self.number}"
        self._furnish()
        self.ids = {"app": self.app, "environment": str(self.number), "flag": "f", "segment": "s",
                    "group": "lanes", "cohort": "c", "token": self.token["id"],
                    "user": self.user["id"], "key": self.key["id"],
                    "deployment": str(self.deployment["number"]), "version": "1", "code": "stale"}

    def _furnish(self):
        owner, base = self.owner, self.base
        self.deployment = content(owner.post(
            f"{base}/deployments", {"label": "d", "kind": "client"}), 201)
        self.key = content(owner.post(f"{base}/keys", {"kind": "server", "name": "k"}), 201)
        self.token = self.desk.token(environments=[self.number])
        self.user = self.desk.user("viewer")
        switch = {"type": "boolean", "enabled": True}
        for key in ("f", "loose", "member"):
            content(owner.put(f"{base}/flags/{key}", switch), 201)
        content(owner.patch(f"{base}/flags/f", {"tags": ["second"]}))
        content(owner.put(f"/environments/{self.elsewhere}/flags/promoted", switch), 201)
        content(owner.put(f"{base}/segments/s", {"included": ["ann"]}), 201)
        content(owner.patch(f"{base}/segments/s", {"included": ["bob"]}))
        slots = [{"percent": 40}, {"percent": 60}]
        content(owner.post(f"{base}/groups",
                {"kind": "mutex", "key": "lanes", "slots": slots}), 201)
        content(owner.post(f"{base}/groups", {"kind": "holdout", "key": "held", "percent": 5}), 201)
        content(owner.put(f"{base}/groups/lanes/members/member", {"slots": [1]}))
        content(owner.put(f"{base}/cohorts/c", {"memberIds": ["ann", "bob"]}))

    # -- what can be done
    def mutations(self):
        word = self.desk.fresh("new")
        return {**self._catalog(word), **self._definitions(word), **self._groups(word),
                **self._wholes()}

    def _catalog(self, word):
        base, app, more = self.base, f"/apps/{self.app}", word + "x"
        deployment = f"{base}/deployments/{self.deployment['number']}"
        person = {"email": f"{word}@example.com", "role": "viewer"}
        served = {"label": word, "kind": "server"}
        scoped = {"environments": [self.number]}
        hidden = {"hidesFlagsByDefault": True}
        return {
            "createApp": make("/apps", {"name": word}, {"name": more}, "createApps"),
            "editApp": edit(app, hidden, {"hidesFlagsByDefault": False}, "administer"),
            "createEnvironment": make(f"{app}/environments", {"name": word}, {"name": more},
                                      "administer"),
            "editEnvironment": edit(base, {"metadata": {"a": 1}}, {"metadata": {"a": 2}}),
            "createProjectKeys": make(f"{base}/project-keys", ABSENT, ABSENT, "administer"),
            "createDeployment": make(f"{base}/deployments", served, {**served, "label": more},
                                     "administer"),
            "editDeployment": edit(deployment, {"label": word}, {"label": more}, "administer"),
            "archiveDeployment": end(deployment, "administer"),
            "createKey": make(f"{base}/keys", {"kind": "browser"}, {"kind": "server"},
                              "administer"),
            "revokeKey": end(f"{base}/keys/{self.key['id']}", "administer"),
            "createToken": make("/tokens", scoped, {**scoped, "access": "read"}, "administer"),
            "revokeToken": end(f"/tokens/{self.token['id']}", "administer"),
            "createUser": make("/users", person, {**person, "role": "editor"}, "manageUsers"),
            "editUser": edit(f"/users/{self.user['id']}", {"role": "editor"}, {"role": "admin"},
                             "manageUsers"),
            "deleteUser": end(f"/users/{self.user['id']}", "manageUsers")}

    def _definitions(self, word):
        base, more = self.base, word + "x"
        flag, segment = f"{base}/flags/f", f"{base}/segments/s"
        return {
            "createFlag": make(f"{base}/flags", {"key": word}, {"key": more}),
            "putFlag": edit(flag, {"enabled": False}, {"enabled": True}, method="PUT"),
            "patchFlag": edit(flag, {"description": word}, {"description": more}),
            "deleteFlag": end(f"{base}/flags/loose"),
            "restoreFlag": Mutation("POST", f"{flag}/restore", {"version": 1}, tagged=flag,
                                    other={"version": 2}),
            "createSegment": make(f"{base}/segments", {"key": word}, {"key": more}),
            "putSegment": edit(segment, {"included": ["x"]}, {"included": ["y"]}, method="PUT"),
            "patchSegment": edit(segment, {"description": word}, {"description": more}),
            "deleteSegment": end(segment),
            "restoreSegment": Mutation("POST", f"{segment}/restore", {"version": 5}, tagged=segment,
                                       other={"version": 6})}

    def _groups(self, word):
        base, held = self.base, {"kind": "holdout", "key": word, "percent": 5}
        members, cohort = f"{base}/groups/lanes/members", f"{base}/cohorts/c"
        return {
            "createGroup": make(f"{base}/groups", held, {**held, "percent": 6}),
            "deleteGroup": end(f"{base}/groups/held"),
            "putGroupMember": Mutation("PUT", f"{members}/loose", {"slots": [2]},
                                       tagged=f"{base}/flags/loose", other={"slots": [1]}),
            "deleteGroupMember": Mutation("DELETE", f"{members}/member",
                                          tagged=f"{base}/flags/member"),
            "putCohort": edit(cohort, {"memberIds": [word]}, {"memberIds": [word, "x"]},
                              method="PUT"),
            "deleteCohort": end(cohort)}

    def _wholes(self):
        text = content(self.owner.get(f"/environments/{self.elsewhere}/export"))
        taken = {"from": str(self.elsewhere), "flags": ["promoted"]}
        return {
            "restoreEnvironment": Mutation("POST", f"{self.base}/restore", {"version": 2},
                                           tagged=AS_A_WHOLE, other={"version": 3}),
            "rollBackEnvironment": Mutation("POST", f"{self.base}/rollback", tagged=AS_A_WHOLE),
            "promote": Mutation("POST", f"{self.base}/promote", taken, tagged=AS_A_WHOLE,
                                other={**taken, "enabled": "keep"}),
            "importEnvironment": Mutation("POST", f"{self.base}/import", text, tagged=AS_A_WHOLE,
                                          params={"mode": "replace"},
                                          other={**text, "segments": [{"key": "more"}]})}

    # -- what can be seen
    def fill(self, template):
        """A path of the description with this scene's names in it."""
        kinds = {"keys": "key", "flags": "flag", "segments": "segment", "groups": "group"}
        parts, made = template.split("/"), []
        for part, before in zip(parts, [""] + parts):
            if part == "{key}":
                part = "{" + kinds[before] + "}"
            made.append(self.ids[part[1:-1]] if part.startswith("{") else part)
        return "/".join(made)

    def reads(self):
        """Paths of everything that can be read, the stream apart."""
        skipped = ("followEnvironment", "compare", "verifyAudit", "listAudit", "downloadBackup")
        paths = [self.fill(path).removeprefix(PREFIX)
                 for name, (method, path, _) in self.desk.operations().items()
                 if method == "GET" and name not in skipped]
        return [*paths, f"/compare?from={self.elsewhere}&to={self.number}", "/audit?limit=1",
                f"/environments/{self.elsewhere}/export", "/audit/verify"]

    def state(self):
        """{path: what is read there}"""
        found = {}
        for path in self.reads():
            answer = read(self.owner, path)
            is_there = answer.status_code == 200
            found[path] = (
    answer.status_code,
    is_there and answer.json(),
     answer.headers.get("ETag"))
        return found

    def tag(self, mutation):
        """What If-Match has to say."""
        if mutation.tagged == AS_A_WHOLE:
            return f'"v{self.version()}"'
        return self.owner.tag(mutation.tagged)

    def version(self):
        return content(self.owner.get(self.base))["version"]


def read(caller, path, **more):
    path, _, query = path.partition("?")
    return caller.get(path, **dict(one.split("=") for one in query.split("&") if one), **more)


def plain(answer):
    """What a refusal says, without the names of this one request and of what was asked for."""
    body = answer.json() if answer.content else None
    if isinstance(body, dict):
        body = {k: v for k, v in body.items() if k not in ("requestId", "instance")}
    return answer.status_code, json.dumps(body, sort_keys=True)


def same(body):
    """What is read without the moment it was read at."""
    if isinstance(body, dict):
        return {k: same(v) for k, v in body.items() if k != "version" or not {
                        "document", "slots", "percent", "size"} & set(body)}
    return [same(one) for one in body] if isinstance(body, list) else body


class SceneDesk(Desk):
    """Taken bodies are as described; there are refusals that a schema cannot say."""

    def check_body(self, method, path, body, answer):
        if answer.status_code < 300:
            super().check_body(method, path, body, answer)

    def operations(self):
        """{operationId: (method, path template, operation)} of the admin API."""
        paths = self.description.document["paths"].items()
        return {one["operationId"]: (method.upper(), path, one) for path, item in paths
                for method, one in item.items() if path.startswith(PREFIX) and method in METHODS}


def assert_problem(answer, status, code):
    """RFC 9457, and what is promised beyond it."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:300]}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code", "requestId"} <= set(problem)
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["requestId"] == answer.headers["X-Request-Id"]
    assert problem["title"] and problem["detail"]
    return problem


# ---- for test modules --------------------------------------------------
@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("reference"), UNLIMITED).start()
    yield SceneDesk(server)
    server.close()


@pytest.fixture
def scene(desk):
    return Scene(desk)


@pytest.fixture(scope="module")
def still(desk):
    """A scene for tests that leave it as it is."""
    return Scene(desk)
