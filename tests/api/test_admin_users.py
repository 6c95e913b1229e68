# SPDX-License-Identifier: Apache-2.0
"""People, their roles and the tokens that stand for them."""
import datetime
import re
import time

import pytest
import requests

from admin_desk import UNLIMITED, Admin, Desk, assert_problem, content
from harness import Server, is_watched_for_races

ROLES = ("viewer", "editor", "admin", "owner")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("desk"), UNLIMITED).start()
    made = Desk(server)
    made.app()
    yield made
    server.close()


@pytest.fixture(scope="module")
def owner(desk):
    return desk.owner


@pytest.fixture
def app(desk):
    return desk.app()


@pytest.fixture
def number(app):
    return app["environments"][0]["number"]


@pytest.fixture
def callers(desk, app, number):
    """One of every kind that could ask."""
    made = {role: desk.person(role) for role in ROLES}
    made["reading admin"] = desk.person("admin", access="read")
    made["reading owner"] = desk.person("owner", access="read")
    made["app"] = desk.speaker(kind="app", app=app["id"])
    made["environment"] = desk.speaker(environments=[number])
    return made


ADMINISTRATORS = ("admin", "owner")


# ---- people ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", ROLES)
def test_somebody_comes_changes_and_goes(owner, desk, role):
    made = desk.user(role)
    path = f"/users/{made['id']}"
    assert re.fullmatch(r"user_[A-Za-z0-9]{22}", made["id"])
    assert made["role"] == role
    assert content(owner.get(path)) == made
    assert made in owner.all("/users")
    for other in ROLES:
        assert content(owner.patch(path, {"role": other})) == {**made, "role": other}
    assert owner.delete(path).status_code == 204
    assert_problem(owner.get(path), 404, "not_found")
    assert_problem(owner.delete(path), 404, "not_found")
    assert_problem(owner.patch(path, {"role": "viewer"}), 404, "not_found")


def test_an_address_is_one_persons_until_they_go(owner, desk):
    made = desk.user("viewer")
    for taken in (made["email"], made["email"].upper()):
        assert_problem(owner.post("/users", {"email": taken, "role": "viewer"}), 409, "conflict",
                       "/email")
    owner.delete(f"/users/{made['id']}")
    again = content(owner.post("/users", {"email": made["email"], "role": "editor"}), 201)
    assert again["id"] != made["id"]


@pytest.mark.parametrize("body, where", [
    ({}, "/role"), ({"email": "a@b"}, "/role"), ({"role": "viewer"}, "/email"),
    ({"email": "a@b", "role": "none"}, "/role"), ({"email": "a@b", "role": "Owner"}, "/role"),
    ({"email": "a@b", "role": 1}, "/role"), ({"email": "ab", "role": "viewer"}, "/email"),
    ({"email": "@b", "role": "viewer"}, "/email"), ({"email": "a@", "role": "viewer"}, "/email"),
    ({"email": "a@b@c", "role": "viewer"}, "/email"), ({"email": "a b@c", "role": "viewer"}, "/email"),
    ({"email": "é@b", "role": "viewer"}, "/email"), ({"email": 1, "role": "viewer"}, "/email"),
    ({"email": "a@" + "b" * 253, "role": "viewer"}, "/email"),
    ({"email": "a@b", "role": "viewer", "password": "x"}, "/password")])
def test_bad_people_are_refused(owner, body, where):
    before = owner.all("/users")
    assert_problem(owner.post("/users", body), 400, "invalid", where)
    assert owner.all("/users") == before


def test_the_longest_address(owner):
    longest = "a@" + "b" * 252
    assert content(owner.post("/users", {"email": longest, "role": "viewer"}), 201)["email"] == longest


@pytest.mark.parametrize("body", [{}, {"role": "boss"}, {"email": "x@y"}, {"role": None}])
def test_bad_edits_of_people_change_nothing(owner, desk, body):
    made = desk.user("viewer")
    assert_problem(owner.patch(f"/users/{made['id']}", body), 400, "invalid")
    assert content(owner.get(f"/users/{made['id']}")) == made


def test_a_new_role_holds_at_once(desk, owner, number):
    person = desk.person("viewer")
    place = f"/environments/{number}"
    assert_problem(person.patch(place, {"metadata": {}}), 403, "denied")
    owner.patch(f"/users/{person.user['id']}", {"role": "editor"})
    content(person.patch(place, {"metadata": {}}))
    assert content(person.get("/me"))["role"] == "editor"
    owner.patch(f"/users/{person.user['id']}", {"role": "viewer"})
    assert_problem(person.patch(place, {"metadata": None}), 403, "denied")


def test_with_somebody_their_tokens_go(desk, owner):
    person = desk.person("admin")
    second = Admin(desk, content(person.post("/tokens", {"kind": "personal"}), 201)["token"])
    mine = {t["id"] for t in owner.all("/tokens") if t.get("userId") == person.user["id"]}
    assert len(mine) == 2
    assert owner.delete(f"/users/{person.user['id']}").status_code == 204
    for caller in (person, second):
        assert_problem(caller.get("/me"), 401, "unauthenticated")
    assert not mine & {t["id"] for t in owner.all("/tokens")}


# ---- who may ---------------------------------------------------------------------------------------
def test_administrators_see_all_others_themselves(desk, owner, callers):
    everybody = owner.all("/users")
    stranger = desk.user("viewer")
    everybody.append(stranger)
    for name, caller in callers.items():
        overseer = name.split()[-1] in ADMINISTRATORS
        own = [caller.user] if hasattr(caller, "user") else []
        assert caller.all("/users") == (everybody if overseer else own)
        answer = caller.get(f"/users/{stranger['id']}")
        if overseer:
            assert content(answer) == stranger
        else:
            assert_problem(answer, 404, "not_found")


def test_others_change_nobody(desk, owner, callers):
    victim = desk.user("viewer")
    before = owner.all("/users")
    for name, caller in callers.items():
        if name in ADMINISTRATORS:
            continue
        denied = 403 if name.startswith("reading") else 404
        code = "denied" if denied == 403 else "not_found"
        assert_problem(caller.post("/users", {"email": "x@y", "role": "viewer"}), 403, "denied")
        assert_problem(caller.patch(f"/users/{victim['id']}", {"role": "owner"}), denied, code)
        assert_problem(caller.delete(f"/users/{victim['id']}"), denied, code)
    assert owner.all("/users") == before


def test_nobody_raises_themselves(desk, callers):
    for role in ("viewer", "editor", "admin"):
        caller = callers[role]
        path = f"/users/{caller.user['id']}"
        for wanted in ROLES[ROLES.index(role) + 1:]:
            assert_problem(caller.patch(path, {"role": wanted}), 403, "denied")
        assert content(desk.owner.get(path))["role"] == role
    for role in ("viewer", "editor"):
        caller = callers[role]
        assert_problem(caller.delete(f"/users/{caller.user['id']}"), 403, "denied")


def test_admins_manage_all_but_owners(desk, owner, callers):
    admin, boss = callers["admin"], desk.user("owner")
    path = f"/users/{boss['id']}"
    for role in ("viewer", "editor", "admin"):
        made = content(admin.post("/users", {"email": f"{desk.fresh('by')}@x", "role": role}), 201)
        assert_problem(admin.patch(f"/users/{made['id']}", {"role": "owner"}), 403, "denied")
        for other in ("editor", "admin", "viewer"):
            content(admin.patch(f"/users/{made['id']}", {"role": other}))
        assert admin.delete(f"/users/{made['id']}").status_code == 204
    assert_problem(admin.post("/users", {"email": "boss@x", "role": "owner"}), 403, "denied")
    assert_problem(admin.patch(path, {"role": "viewer"}), 403, "denied")
    assert_problem(admin.patch(path, {"role": "owner"}), 403, "denied")
    assert_problem(admin.delete(path), 403, "denied")
    assert content(owner.get(path)) == boss
    # Stepping down is their own affair.
    own = f"/users/{admin.user['id']}"
    assert content(admin.patch(own, {"role": "viewer"}))["role"] == "viewer"
    assert_problem(admin.patch(own, {"role": "admin"}), 403, "denied")


def test_the_last_owner_stays(new_server):
    desk = Desk(new_server(UNLIMITED).start())
    me = content(desk.owner.get("/me"))
    path = f"/users/{me['userId']}"
    for role in ("viewer", "editor", "admin"):
        assert_problem(desk.owner.patch(path, {"role": role}), 409, "conflict")
    assert_problem(desk.owner.delete(path), 409, "conflict")
    assert content(desk.owner.patch(path, {"role": "owner"}))["role"] == "owner"
    second = desk.person("owner")
    assert content(desk.owner.patch(path, {"role": "admin"}))["role"] == "admin"
    assert_problem(desk.owner.delete(f"/users/{second.user['id']}"), 403, "denied")
    assert_problem(second.delete(f"/users/{second.user['id']}"), 409, "conflict")
    assert second.delete(path).status_code == 204


@pytest.mark.skipif(is_watched_for_races(), reason="one request after the other")
def test_there_are_a_thousand_people_and_no_more(new_server):
    desk = Desk(new_server(UNLIMITED).start())
    for n in range(999):  # and the owner
        content(desk.owner.post("/users", {"email": f"u{n}@x", "role": "viewer"}), 201)
    assert_problem(desk.owner.post("/users", {"email": "more@x", "role": "viewer"}), 422, "limit")
    assert len({u["email"] for u in desk.owner.all("/users", limit=300)}) == 1000


# ---- who am I --------------------------------------------------------------------------------------
def test_me(desk, callers, app, number):
    everything = ["read", "write", "createApps", "administer", "manageUsers"]
    expected = {"viewer": ["read"], "editor": everything[:3], "admin": everything,
                "owner": everything + ["manageOwners"], "reading admin": ["read"],
                "reading owner": ["read"], "app": ["read", "write", "administer"],
                "environment": ["read", "write"]}
    for name, caller in callers.items():
        me = content(caller.get("/me"))
        assert me["may"] == expected[name], name
        assert me["access"] == ("read" if name.startswith("reading") else "write")
        assert me["apps"] == [a["id"] for a in caller.all("/apps")]
        assert me["environments"] == [e["number"] for e in caller.all("/environments")]
        if hasattr(caller, "user"):
            assert (me["kind"], me["actor"], me["userId"], me["role"]) == (
                "personal", caller.user["email"], caller.user["id"], caller.user["role"])
        else:
            assert (me["kind"], me["actor"]) == (name, me["tokenId"])
            assert "role" not in me and "userId" not in me
        assert content(caller.get(f"/tokens/{me['tokenId']}"))["id"] == me["tokenId"]
    assert content(callers["app"].get("/me"))["apps"] == [app["id"]]
    assert content(callers["environment"].get("/me"))["environments"] == [number]


# ---- tokens ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind, prefix", [("environment", "ampex"), ("app", "admin"), ("personal", "cli")])
def test_a_token_is_shown_once(desk, owner, app, number, kind, prefix):
    person = desk.user("editor")
    reach = {"environment": {"environments": [number]}, "app": {"app": app["id"]},
             "personal": {"user": person["id"]}}[kind]
    made = desk.token(kind=kind, name="ci", expiresAt="2100-01-02T03:04:05Z", access="read", **reach)
    secret = made.pop("token")
    assert re.fullmatch(prefix + r"_[A-Za-z0-9]{49}", secret)
    shown = {"environment": {"environments": [number]}, "app": {"appId": app["id"]},
             "personal": {"userId": person["id"]}}[kind]
    assert made == {"id": made["id"], "kind": kind, "name": "ci", "prefix": f"{prefix}_",
                    "tail": secret[-4:], "access": "read", "createdAt": made["createdAt"],
                    "expiresAt": "2100-01-02T03:04:05.000Z", **shown}
    assert content(owner.get(f"/tokens/{made['id']}")) == made
    listed = owner.get("/tokens", limit=1000)
    assert secret not in listed.text
    assert made in content(listed)["items"]
    caller = Admin(desk, secret)
    assert content(caller.get("/me"))["tokenId"] == made["id"]
    assert owner.delete(f"/tokens/{made['id']}").status_code == 204
    assert_problem(caller.get("/me"), 401, "unauthenticated")
    assert_problem(owner.get(f"/tokens/{made['id']}"), 404, "not_found")
    assert_problem(owner.delete(f"/tokens/{made['id']}"), 404, "not_found")


def test_what_may_be_left_out(desk, app, number):
    made = desk.token(environments=[number])
    assert (made["kind"], made["access"], made["name"], made["expiresAt"]) == \
        ("environment", "write", None, None)
    me = content(desk.owner.get("/me"))
    assert desk.token(kind="personal")["userId"] == me["userId"]


def test_environments_are_named_by_number_or_id(desk, app):
    one, two, three = app["environments"]
    made = desk.token(environments=[three["id"], one["number"], str(two["number"]), one["id"]])
    assert made["environments"] == [one["number"], two["number"], three["number"]]


@pytest.mark.parametrize("body, status, where", [
    ({"kind": "god"}, 400, "/kind"), ({"kind": "app"}, 400, "/app"),
    ({"kind": "app", "app": "app_nobodys"}, 404, "/app"), ({"kind": "app", "app": 1}, 400, "/app"),
    ({"kind": "personal", "user": "user_nobody"}, 404, "/user"),
    ({"kind": "personal", "user": 1}, 400, "/user"),
    ({"kind": "personal", "environments": [1]}, 400, "/environments"),
    ({"kind": "personal", "app": "x"}, 400, "/app"), ({"kind": "app", "user": "x"}, 400, "/user"),
    ({"environments": [1], "app": "x"}, 400, "/app"), ({"environments": [999999]}, 404, "/environments/0"),
    ({"environments": [1, "env_x"]}, 404, "/environments/1"), ({"environments": [-1]}, 400, "/environments/0"),
    ({"environments": [1], "access": "admin"}, 400, "/access"),
    ({"environments": [1], "name": " x"}, 400, "/name"),
    ({"environments": [1], "name": "x" * 2049}, 400, "/name"),
    ({"environments": [1], "expiresAt": "2001-01-01T00:00:00Z"}, 400, "/expiresAt"),
    ({"environments": [1], "expiresAt": "2100-02-30T00:00:00Z"}, 400, "/expiresAt"),
    ({"environments": [1], "expiresAt": "2100-01-01"}, 400, "/expiresAt"),
    ({"environments": [1], "expiresAt": 4102444800}, 400, "/expiresAt"),
    ({"environments": [1], "scopes": []}, 400, "/scopes")])
def test_bad_tokens_are_refused(owner, body, status, where):
    before = owner.all("/tokens")
    assert_problem(owner.post("/tokens", body), status, "invalid" if status == 400 else "not_found",
                   where)
    assert owner.all("/tokens") == before


def test_a_reading_token_changes_nothing(desk, app, number):
    for body in ({"environments": [number]}, {"kind": "app", "app": app["id"]}, {"kind": "personal"}):
        caller = desk.speaker(**body, access="read")
        place = f"/environments/{number}"
        content(caller.get(place))
        assert_problem(caller.patch(place, {"metadata": {}}), 403, "denied")
        assert_problem(caller.post("/tokens", {"kind": "personal"}), 403, "denied")
        assert_problem(caller.post("/tokens", {"environments": [number]}), 403, "denied")
        flag = {"appId": app["id"], "env": "development", "key": "f", "type": "bool", "value": True}
        other = requests.post(f"{desk.server.base}/api/v1/flags", json=flag, timeout=10,
                              headers={"Authorization": f"Bearer {caller.token}"})
        assert other.status_code == 403, other.text  # by another API neither
        mine = content(caller.get("/me"))["tokenId"]
        assert caller.delete(f"/tokens/{mine}").status_code == 204  # but it may give itself up


def test_people_have_tokens_of_their_own(desk, owner):
    mine, theirs = desk.person("viewer"), desk.person("viewer")
    made = content(mine.post("/tokens", {"kind": "personal", "user": mine.user["id"]}), 201)
    assert {t["userId"] for t in mine.all("/tokens")} == {mine.user["id"]}
    assert len(mine.all("/tokens")) == 2
    assert content(Admin(desk, made["token"]).get("/me"))["may"] == ["read"]
    other = content(theirs.get("/me"))["tokenId"]
    assert_problem(mine.get(f"/tokens/{other}"), 404, "not_found")
    assert_problem(mine.delete(f"/tokens/{other}"), 404, "not_found")
    for user in (theirs.user["id"], content(owner.get("/me"))["userId"], "user_nobody"):
        assert_problem(mine.post("/tokens", {"kind": "personal", "user": user}), 403, "denied")
    assert mine.delete(f"/tokens/{made['id']}").status_code == 204


def test_people_who_do_not_administer_make_no_other_tokens(desk, app, number):
    for role in ("viewer", "editor"):
        caller = desk.person(role)
        assert_problem(caller.post("/tokens", {"environments": [number]}), 403, "denied")
        assert_problem(caller.post("/tokens", {"kind": "app", "app": app["id"]}), 403, "denied")


def test_nobody_signs_for_an_owner_but_owners(desk, callers):
    boss = callers["owner"]
    token = content(boss.get("/me"))["tokenId"]
    admin = callers["admin"]
    body = {"kind": "personal", "user": boss.user["id"]}
    assert_problem(admin.post("/tokens", body), 403, "denied")
    assert_problem(admin.delete(f"/tokens/{token}"), 403, "denied")
    content(boss.get("/me"))
    made = content(desk.owner.post("/tokens", body), 201)
    assert desk.owner.delete(f"/tokens/{made['id']}").status_code == 204
    for role in ("viewer", "editor", "admin"):
        user = callers[role].user["id"]
        content(admin.post("/tokens", {"kind": "personal", "user": user}), 201)


def test_an_apps_token_makes_those_of_its_environments(desk, app, number):
    other = desk.app()
    foreign = other["environments"][0]["number"]
    caller = desk.speaker(kind="app", app=app["id"])
    made = content(caller.post("/tokens", {"environments": [number]}), 201)
    desk.token(environments=[number, foreign])  # reaches beyond the app
    desk.token(kind="app", app=app["id"])
    me = content(caller.get("/me"))["tokenId"]
    assert {t["id"] for t in caller.all("/tokens")} == {me, made["id"]}
    for body in ({"kind": "app", "app": app["id"]}, {"kind": "app", "app": other["id"]},
                 {"kind": "personal", "user": content(desk.owner.get("/me"))["userId"]}):
        assert caller.post("/tokens", body).status_code in (403, 404)
    for named in ([foreign], [number, foreign], [999999]):
        assert_problem(caller.post("/tokens", {"environments": named}), 404, "not_found")
    for body in ({"kind": "personal"}, {"kind": "personal", "user": ""}):
        assert_problem(caller.post("/tokens", body), 403, "denied")
    assert caller.delete(f"/tokens/{made['id']}").status_code == 204


def test_an_environments_token_makes_none_and_sees_itself(desk, number):
    caller = desk.speaker(environments=[number])
    assert [t["environments"] for t in caller.all("/tokens")] == [[number]]
    for body in ({"environments": [number]}, {"kind": "personal"}, {}):
        assert_problem(caller.post("/tokens", body), 403, "denied")


def test_a_token_ends_when_it_is_said_to(new_server):
    desk = Desk(new_server(UNLIMITED).start())
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    caller = desk.speaker(kind="personal", expiresAt=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    content(caller.get("/me"))
    time.sleep(2.1)
    assert_problem(caller.get("/me"), 401, "unauthenticated")
