# SPDX-License-Identifier: Apache-2.0
"""Who may do what through the admin API, for every operation its description lists; methods,
names of other places, and what every answer carries."""
import pytest
import requests

from admin_desk import Admin, content
from admin_scene import (MUTATIONS, PREFIX, assert_problem, plain, read,
                         desk, still)  # noqa: F401 (fixtures)
from harness import ABSENT


# ---- who may what --------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def callers(desk, still):
    """{name: (caller, whether they see the scene)}"""
    stranger = desk.app()
    made = {role: (desk.person(role), True) for role in ("viewer", "editor", "admin", "owner")}
    made.update({f"reading {role}": (desk.person(role, access="read"), True)
                for role in ("editor", "owner")})
    for access in ("read", "write"):
        made[f"{access} app token"] = (desk.speaker(kind="app", app=still.app, access=access), True)
        made[f"{access} environment token"] = (desk.speaker(
            environments=still.numbers[:2], access=access), True)
        made[f"{access} stranger"] = (
    desk.speaker(
        kind="app",
        app=stranger["id"],
        access=access),
         False)
        made[f"{access} strange place"] = (
    desk.speaker(
        environments=[
            stranger["environments"][0]["number"]],
            access=access),
             False)
    return made


PEOPLES_OWN = {"createUser", "editUser", "deleteUser", "createApp"}


@pytest.mark.parametrize("name", MUTATIONS)
def test_roles_and_routes(desk, still, callers, name):
    """Generated: what /me says somebody may is what they may, and nothing else."""
    mutation = still.mutations()[name]
    for who, (caller, sees) in callers.items():
        may = set(content(caller.get("/me"))["may"])
        answer = mutation.send(caller, dryRun="true")
        if mutation.needs in may and (sees or name in PEOPLES_OWN):
            assert answer.status_code == 200, (who, answer.text)
        else:
            assert answer.status_code in (403, 404), (who, answer.text)
            code = "denied" if answer.status_code == 403 else "not_found"
            assert_problem(answer, answer.status_code, code)
            if not sees and name not in PEOPLES_OWN | {"createToken"}:
                assert answer.status_code == 404, (who, answer.text)


def test_what_each_may_is_as_promised(callers):
    """Viewers read; editors change definitions; admins and owners the rest; tokens their own."""
    promised = {"viewer": set(), "editor": {"write", "createApps"},
                "admin": {"write", "createApps", "administer", "manageUsers"},
                "owner": {"write", "createApps", "administer", "manageUsers", "manageOwners"},
                "reading editor": set(), "reading owner": set(), "read app token": set(),
                "write app token": {"write", "administer"}, "read environment token": set(),
                "write environment token": {"write"}}
    for who, wanted in promised.items():
        assert set(content(callers[who][0].get("/me"))["may"]) == wanted | {"read"}, who


def test_reading_is_for_those_who_see(desk, still, callers):
    own_view = {"/users", f"/users/{still.user['id']}", "/tokens", f"/tokens/{still.token['id']}",
                "/audit/verify"}
    for path in still.reads():
        for who, (caller, sees) in callers.items():
            answer = read(caller, path)
            if path.split("?")[0] in own_view or path.startswith(("/audit", "/apps")):
                assert answer.status_code in (200, 403, 404), (who, path, answer.text)
            elif sees or path in ("/apps", "/environments", "/me"):
                assert answer.status_code == 200, (who, path, answer.text)
            else:
                assert answer.status_code == 404, (who, path, answer.text)


def test_nothing_for_keys_and_strangers(desk, still):
    """Keys that read flags manage nothing; no credential, nothing at all."""
    secrets = [still.deployment["key"], still.key["key"],
               content(still.owner.post(f"{still.base}/keys", {"kind": "browser"}), 201)["key"]]
    for method, path, _ in desk.operations().values():
        url = still.fill(path).removeprefix(PREFIX).replace("{", "").replace("}", "")
        for secret in secrets:
            answer = Admin(desk, secret).call(method, url)
            assert_problem(answer, 403, "denied")
        for secret in (None, "cli_" + "a" * 43, "x"):
            answer = Admin(desk, secret).call(method, url)
            assert_problem(answer, 401, "unauthenticated")
            assert answer.headers["WWW-Authenticate"]


def test_foreign_is_absent(desk, still, callers):
    """For each operation with a name in its path: the same answer for what is somebody else's."""
    absent = {"app": "app_AAAAAAAAAAAAAAAAAAAAAA", "environment": "999999", "token": "token_AAAA",
              "user": "user_AAAA"}
    for who in ("write stranger", "write strange place"):
        caller = callers[who][0]
        for name, (method, path, _) in desk.operations().items():
            named = next((one for one in absent if "{" + one + "}" in path), None)
            if named is None:
                continue
            mutation = still.mutations().get(name)
            body, params = (mutation.body, mutation.params) if mutation else (ABSENT, {})
            foreign = still.fill(path).removeprefix(PREFIX)
            strange = foreign.replace(f"/{still.ids[named]}", f"/{absent[named]}", 1)
            assert foreign != strange
            if name == "evaluate" or name == "explain":
                body = {"context": {}, "flags": ["f"]}
            found = [plain(caller.call(method, one, body, **params)) for one in (foreign, strange)]
            assert found[0] == found[1], (who, name, found)
            if named in ("app", "environment"):
                assert found[0][0] == 404, (who, name, found)


# ---- methods, and names under other names --------------------------------------------------------
def test_head_says_what_get_says(still):
    for path in still.reads():
        plain_path, _, query = path.partition("?")
        url = f"{still.desk.server.base}{PREFIX}{plain_path}"
        sent = {"Authorization": f"Bearer {still.desk.server.token}"}
        got = requests.get(url, params=query, headers=sent, timeout=10)
        head = requests.head(url, params=query, headers=sent, timeout=10)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        for name in ("ETag", "Content-Type", "Content-Length", "Link"):
            assert head.headers.get(name) == got.headers.get(name), (path, name)


def test_methods_that_are_not_there_say_which_are(desk, still):
    paths = {}
    for method, path, _ in desk.operations().values():
        paths.setdefault(path, set()).add(method)
    for path, methods in paths.items():
        url = f"{desk.server.base}{still.fill(path)}"
        sent = {"Authorization": f"Bearer {desk.server.token}"}
        for method in {"GET", "PUT", "POST", "PATCH", "DELETE"} - methods:
            answer = requests.request(method, url, headers=sent, timeout=10)
            assert_problem(answer, 405, "method_not_allowed")
            allowed = {one.strip() for one in answer.headers["Allow"].split(",")}
            assert methods <= allowed <= methods | {"HEAD", "OPTIONS"}, path
        answer = requests.options(url, headers=sent, timeout=10)
        assert answer.status_code in (200, 204)
        assert methods <= {one.strip() for one in answer.headers["Allow"].split(",")}


def test_what_is_one_environments_is_not_anothers(desk, still):
    """Swapped: each name of this environment, under another one of this app and of another."""
    strange = desk.app()["environments"][0]["number"]
    mutations = still.mutations()
    for name, (method, path, _) in desk.operations().items():
        if path.count("{") < 2 or name in ("putFlag", "putSegment", "putCohort", "getVersion"):
            continue
        for number in (still.numbers[2], strange):
            url = still.fill(path).removeprefix(PREFIX).replace(
                still.base, f"/environments/{number}", 1)
            mutation = mutations.get(name)
            body = mutation.body if mutation else ABSENT
            answer = still.owner.call(method, url, body, **({"dryRun": "true"} if mutation else {}))
            assert_problem(answer, 404, "not_found")


def test_every_answer_is_nobodys_to_keep(still):
    for path in still.reads():
        answer = read(still.owner, path)
        assert "no-store" in answer.headers["Cache-Control"] or \
            "no-cache" in answer.headers["Cache-Control"], path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("word", ["evaluate", "explain"])
def test_a_targeting_key_is_as_long_as_is_described(desk, still, word):
    described = desk.description.document["components"]["schemas"]["EvaluationContext"]
    longest = described["properties"]["targetingKey"]["maxLength"]
    for size, status in ((longest, 200), (longest + 1, 400)):
        answer = requests.post(f"{desk.server.base}{PREFIX}{still.base}/{word}", timeout=10,
                               json={"context": {"targetingKey": "k" * size}, "flags": ["f"]},
                               headers={"Authorization": f"Bearer {desk.server.token}"})
        assert answer.status_code in (status, 422 if status == 400 else status), size
