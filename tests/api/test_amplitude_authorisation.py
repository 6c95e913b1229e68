# SPDX-License-Identifier: Apache-2.0
"""Who may do what: every route with every kind of credential, and nothing changed by strangers."""
import base64
import re
import time

import pytest

from amplitude import Caller, Project, assert_refused, content

ITEM = [("GET", ""), ("PATCH", ""), ("GET", "/versions"), ("GET", "/versions/1"),
        ("GET", "/variants"),
        ("POST", "/variants"), ("GET", "/variants/on"), ("PATCH", "/variants/on"),
        ("POST", "/variants/on"),
        ("DELETE", "/variants/on"), ("GET", "/variants/on/users"), ("POST", "/variants/on/users"),
        ("DELETE", "/variants/on/users"), ("DELETE", "/variants/on/users/0"),
        ("DELETE", "/variants/on/bulk-delete-users"), ("GET", "/variants/on/cohorts"),
        ("POST", "/variants/on/cohorts"), ("DELETE", "/variants/on/bulk-delete-cohorts"),
        ("GET", "/deployments"), ("POST", "/deployments"), ("DELETE", "/deployments/{deployment}")]
BODIES = {"/variants": {"key": "new"}, "/variants/on": {"name": "taken over"},
          "": {"name": "taken over"},
          "/variants/on/users": {"inclusions": ["x"]},
          "/variants/on/cohorts": {"inclusions": ["x"]},
          "/variants/on/bulk-delete-users": {"users": ["u"]},
          "/variants/on/bulk-delete-cohorts": {"users": ["c"]}, "/deployments": {"deployments": []}}
ROUTES = [(m, f"/api/1/{r}/{{{r}}}{tail}", BODIES.get(tail)) for r in ("flags", "experiments")
          for m, tail in ITEM]
ROUTES += [("GET", f"/api/1/{what}", None)
           for what in ("flags", "experiments", "versions", "deployments",
                                                       "mutexes", "holdouts", "holdout")]
ROUTES += [("POST", "/api/1/flags", {"projectId": "{project}", "key": "stolen"}),
           ("POST", "/api/1/experiments", {"projectId": "{project}", "key": "stolen"}),
           ("POST", "/api/1/deployments",
            {"projectId": "{project}", "label": "x", "type": "server"}),
           ("POST", "/api/1/mutexes",
            {"projectId": "{project}", "name": "x", "slots": [{"percentage": 100}]}),
           ("POST", "/api/1/holdouts",
            {"projectId": "{project}", "name": "x", "holdoutPercentage": 5}),
           ("GET", "/api/1/deployments/{deployment}", None),
           ("PATCH", "/api/1/deployments/{deployment}", {"label": "stolen"}),
           ("GET", "/api/1/mutexes/{mutexes}", None),
           ("PATCH", "/api/1/mutexes/{mutexes}", {"name": "x"}),
           ("PATCH", "/api/1/mutexes/{mutexes}/slots/1", {"individuals": ["x"]}),
           ("GET", "/api/1/holdouts/{holdouts}", None),
           ("PATCH", "/api/1/holdouts/{holdouts}", {"name": "x"}),
           ("GET", "/flags/list", None), ("GET", "/experiments/list", None),
           ("GET", "/deployments/list", None),
           ("POST", "/flags/new", {"projectId": "{project}", "key": "stolen"}),
           ("POST", "/experiments/new", {"projectId": "{project}", "key": "stolen"}),
           ("POST", "/experiments/{experiments}/activate", None),
           ("POST", "/experiments/{experiments}/deactivate", None),
           ("POST", "/experiments/{experiments}/rollout-weights", {"rolloutWeights": {"on": 3}})]
ROUTES += [(m, f"/{r}/{{{r}}}{tail}", BODIES.get(tail)) for r in ("flags", "experiments") for m,
           tail in ITEM
           if "cohorts" not in tail and "bulk" not in tail and "deployments" not in tail
           and (m, tail) != ("POST", "/variants/on")]


@pytest.fixture(scope="module")
def house(town):
    """A project with something to steal, and its keys of every kind."""
    project = town.project()
    ids = {"project": project.id, "deployment": project.web.id}
    for what in ("flags", "experiments"):
        path = project.live(what, variants=[{"key": "on"}])
        ids[what] = path.rsplit("/", 1)[1]
        assert project.api.post(path + "/variants/on/users",
                                {"inclusions": ["u"]}).status_code == 200
    ids["mutexes"] = project.mutex().rsplit("/", 1)[1]
    ids["holdouts"] = project.holdout().rsplit("/", 1)[1]
    return project, ids


@pytest.fixture(scope="module")
def strangers(town, house):
    """Authorization headers that open nothing here."""
    project, _ = house
    token = project.api.authorization.split(" ")[1]
    gone = town.token(project.number)
    assert town.owner.delete(f"/admin/v1/tokens/{gone['id']}").status_code == 204
    pair = project.project_keys()
    apps = town.owner.get("/api/v1/apps").json()["data"]
    env = next(e for e in town.environments() if e["number"] == project.number)
    app = next(a["id"] for a in apps if a["id"] == env["appId"])
    keys = [town.owner.post("/api/v1/keys",
                            {"appId": app, "env": env["name"], "type": kind}).json()["data"]["key"]
            for kind in ("pub", "sdk")]
    client = project.deployment("client")
    basic = base64.b64encode(f"{pair['apiKey']}:{pair['secretKey']}".encode()).decode()
    other_kinds = [f"Bearer {key}" for key in (project.web.key, client.key, *pair.values(), *keys)
                   if isinstance(key, str) and len(key) > 30]
    bearers = ["", "x", "ampex_", "ampex_" + "A" * 49, token[:-1], token + "A", token.swapcase(),
               token[:6] + token[7:], "cli_nonsense", gone["token"], f'"{token}"',
               "ampex_\u00e9".encode().decode("latin-1")]
    return other_kinds, [None, "", "Bearer", token, f"Basic {token}", f"Basic {basic}",
                         f"Api-Key {token}",
            f"Api-Key {project.web.key}", f"Token {token}", f"Bearer{token}",
            f"Bearer {token} {token}", *(f"Bearer {b}" for b in bearers)]


def fill(value, ids):
    if isinstance(value, dict):
        return {k: fill(v, ids) for k, v in value.items()}
    return value.format(**ids) if isinstance(value, str) else value


def send(caller, route, ids):
    method, path, body = route
    more = {} if body is None or method == "GET" else {"body": fill(body, ids)}
    return caller.call(method, fill(path, ids), **more)


def named(route):
    return f"{route[0]} {route[1]}"


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_strangers_are_401(town, house, strangers, route):
    _, ids = house
    caller = Caller(town.server.base)
    for authorization in strangers[1]:
        caller.authorization = authorization
        answer = send(caller, route, ids)
        assert answer.status_code == 401, (authorization, answer.text)
    assert_refused(answer, 401)


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_keys_of_other_kinds_open_nothing(town, house, strangers, route):
    """A key that is known, but no management key: the reference says neither 401 nor 403."""
    _, ids = house
    caller = Caller(town.server.base)
    for authorization in strangers[0]:
        caller.authorization = authorization
        answer = send(caller, route, ids)
        assert answer.status_code in (401, 403), (authorization, answer.text)
        assert_refused(answer, answer.status_code)


def test_strangers_changed_nothing(town, house, strangers):
    project, ids = house
    caller = Caller(town.server.base)
    with project.unchanged():
        for route in ROUTES:
            for authorization in strangers[0][:2] + strangers[1][:4] + strangers[1][-3:]:
                caller.authorization = authorization
                assert send(caller, route, ids).status_code in (401, 403)


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_another_project_is_403(town, house, neighbour, route):
    project, ids = house
    answer = send(neighbour.api, route, ids)
    is_list = route[0] == "GET" and not re.search(r"\{|versions/", route[1])
    if is_list:
        assert content(answer)
        assert project.id not in re.findall(r'"projectId":"(\d+)"', answer.text)
    else:
        assert_refused(answer, 403)


def test_another_project_changed_nothing(house, neighbour):
    project, ids = house
    with project.unchanged():
        for route in ROUTES:
            send(neighbour.api, route, ids)


@pytest.fixture(scope="module")
def neighbour(town):
    return town.project()


@pytest.mark.parametrize("route", [r for r in ROUTES if r[0] == "GET"], ids=named)
def test_the_owner_reads_all(town, house, route):
    _, ids = house
    content(send(town.owner, route, ids))


def test_the_owner_writes_all(town):
    project = town.project()
    project.api = town.owner
    path = project.live()
    project.edit(path, name="by the owner")
    assert project.show(path)["name"] == "by the owner"
    assert project.everything("flags", projectId=project.id)[0]["name"] == "by the owner"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_word_may_be_written_in_any_case(house, scheme):
    project, _ = house
    token = project.api.authorization.split(" ")[1]
    caller = Caller(project.api.base, f"{scheme} {token}")
    assert caller.get("/api/1/flags").status_code == 200
    caller.authorization = f"{scheme}   {token}  "
    assert caller.get("/api/1/flags").status_code in (200, 401)


def test_one_token_for_several_projects(town):
    numbers = town.app()
    both = town.api(*numbers[:2])
    for number, status in zip(numbers, (200, 200, 403)):
        answer = both.post("/api/1/flags", {"projectId": number, "key": "k"})
        assert answer.status_code == status
    third = Project(town, numbers[2]).flag("mine")
    assert both.get(third).status_code == 403
    assert both.patch(third, {"name": "x"}).status_code == 403


def test_expiry(town):
    number = town.app()[0]
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    made = town.token(number, expiresAt=soon)
    caller = Caller(town.server.base, f"Bearer {made['token']}")
    assert caller.get("/api/1/flags").status_code == 200
    deadline = time.monotonic() + 4
    while caller.get("/api/1/flags").status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert_refused(caller.get("/api/1/flags"), 401)


def test_401_goes_before_404_and_400(town, house):
    caller = Caller(town.server.base)
    for method, path in (("GET", "/api/1/flags/99999999"), ("GET", "/api/1/flags?limit=x"),
                         ("POST", "/api/1/flags"), ("GET", "/api/1/deployments/9999999")):
        assert_refused(caller.call(method, path), 401)


def test_a_refused_body_is_read_to_its_end(town):
    """The connection is as good as before."""
    caller = Caller(town.server.base, "Bearer nobody")
    for _ in range(3):
        assert caller.call("POST", "/api/1/flags", data=b"x" * 50000).status_code == 401
        assert caller.call("GET", "/status").content == b"OK"
