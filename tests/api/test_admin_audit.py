# SPDX-License-Identifier: Apache-2.0
"""The trail of all changes: who sees what of it, and that it cannot be rewritten unnoticed."""
import datetime
import hashlib
import json
import re
import sqlite3

import pytest

from admin_desk import UNLIMITED, Admin, Desk, assert_problem, content
from harness import Server


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("desk"), UNLIMITED).start()
    yield Desk(server)
    server.close()


@pytest.fixture(scope="module")
def owner(desk):
    return desk.owner


@pytest.fixture
def app(desk):
    return desk.app()


def text_of(value):
    """JSON without blanks, members in order, minimal escapes: as the description says."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def hash_of(row):
    """What a row's hash has to be, of nothing but what the API answers."""
    at = datetime.datetime.fromisoformat(row["at"].replace("Z", "+00:00"))
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    text = text_of({"sequence": row["sequence"],
                    "at": (at - epoch) // datetime.timedelta(milliseconds=1),
                    "actor": row["actor"], "action": row["action"], "app": row["appId"],
                    "environment": row["environment"] or 0, "version": row["version"] or 0,
                    "subject": row["subject"],
                    "detail": "" if row["detail"] is None else text_of(row["detail"])})
    return hashlib.sha256(bytes.fromhex(row["previousHash"]) + text.encode()).hexdigest()


# ---- the chain -------------------------------------------------------------------------------------
def test_the_chain_can_be_verified_by_whoever_has_the_pages(desk, owner, app):
    place = f"/environments/{app['environments'][0]['number']}"
    owner.patch(place, {"metadata": {"é\u2028\x7f": "\u0001\n\"\\/", "n": 1.5}})
    owner.patch(f"/apps/{app['id']}", {"name": desk.fresh("née \"O'Hara\" \\ /\x7f".replace("\x7f", ""))})
    content(owner.post(f"{place}/keys", {"kind": "server", "name": "ключ \U0001f511"}), 201)
    desk.person("editor").patch(place, {"monthlyQuota": 5})
    desk.person("admin").patch(place, {"monthlyQuota": 5})
    rows = owner.all("/audit", limit=7)[::-1]
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    before = "0" * 64
    for row in rows:
        assert row["previousHash"] == before
        assert row["hash"] == hash_of(row), row
        before = row["hash"]
    assert content(owner.get("/audit/verify")) == {"verified": True, "rows": len(rows),
                                                   "hash": before, "firstBad": None}


def test_a_row_that_was_rewritten_is_found(new_server):
    server = new_server(UNLIMITED).start()
    desk = Desk(server)
    for _ in range(4):
        desk.app()
    assert server.stop() == 0
    store = sqlite3.connect(server.data / "guidon.db")
    store.execute("UPDATE audit SET actor = 'somebody@else' WHERE sequence = 3")
    store.commit()
    store.close()
    server.start()
    desk = Desk(server)
    found = content(desk.owner.get("/audit/verify"))
    assert (found["verified"], found["firstBad"]) == (False, 3)
    assert found["rows"] == len(desk.owner.all("/audit"))
    assert desk.owner.all("/audit")[-3]["actor"] == "somebody@else"


# ---- the list --------------------------------------------------------------------------------------
def test_every_change_leaves_one_row(desk, owner, app):
    number = app["environments"][1]["number"]
    place = f"/environments/{number}"
    start = owner.all("/audit")[0]["sequence"]
    owner.patch(f"/apps/{app['id']}", {"hidesFlagsByDefault": True})
    owner.patch(place, {"documentForm": "core"})
    owner.patch(place, {"monthlyQuota": 5})
    deployment = content(owner.post(f"{place}/deployments", {"label": "web", "kind": "client"}), 201)
    owner.delete(f"{place}/deployments/{deployment['number']}")
    key = content(owner.post(f"{place}/keys", {"kind": "server"}), 201)
    owner.delete(f"{place}/keys/{key['id']}")
    user = desk.user("viewer")
    owner.patch(f"/users/{user['id']}", {"role": "editor"})
    token = desk.token(kind="personal", user=user["id"])
    owner.delete(f"/tokens/{token['id']}")
    owner.delete(f"/users/{user['id']}")
    owner.patch(place, {"documentForm": "none"})  # refused: no row
    owner.patch(place, {"documentForm": "auto"}, dryRun="true")  # not done: no row
    rows = [row for row in owner.all("/audit") if row["sequence"] > start][::-1]
    assert [row["action"] for row in rows] == [
        "app.update", "environment.update", "environment.quota", "deployment.create",
        "deployment.archive", "key.create", "key.revoke", "user.create", "user.update",
        "token.create", "token.revoke", "user.delete"]
    assert {row["actor"] for row in rows} == {content(owner.get("/me"))["actor"]}
    assert [row["environment"] for row in rows] == [None] + [number] * 6 + [None] * 5
    assert [row["version"] for row in rows if row["version"]] == \
        [content(owner.get(place))["version"]]
    assert {row["appId"] for row in rows[:7]} == {app["id"]}
    # Nothing that is shown once is written down.
    for secret in (key["key"], token["token"], deployment["key"]):
        assert secret not in json.dumps(rows)


def test_filters(desk, owner, app):
    number = app["environments"][2]["number"]
    place = f"/environments/{number}"
    editor = desk.person("editor")
    content(editor.patch(place, {"metadata": {"a": 1}}))
    content(owner.patch(place, {"monthlyQuota": 9}))
    content(owner.post(f"{place}/keys", {"kind": "browser"}), 201)
    everything = owner.all("/audit")

    def expect(condition, **params):
        found = owner.all("/audit", **params)
        assert found == [row for row in everything if condition(row)], params
        assert found, params
    expect(lambda row: row["environment"] == number, environment=number)
    expect(lambda row: row["environment"] == number, environment=app["environments"][2]["id"])
    expect(lambda row: row["actor"] == editor.user["email"], actor=editor.user["email"])
    expect(lambda row: row["action"] == "environment.quota", action="environment.quota")
    expect(lambda row: row["action"].startswith("environment."), action="environment.")
    expect(lambda row: row["subject"] == app["id"], subject=app["id"])
    expect(lambda row: row["environment"] == number and row["action"].startswith("key."),
           environment=number, action="key.", limit=1)
    middle = everything[len(everything) // 2]["at"]
    expect(lambda row: row["at"] >= middle, **{"from": middle})
    expect(lambda row: row["at"] < middle, to=middle)
    expect(lambda row: True, **{"from": "2020-01-01", "to": "2100-01-01"})
    for nothing in ({"action": "environment"}, {"actor": "nobody"}, {"subject": "x"},
                    {"from": "2100-01-01"}, {"to": "2020-01-01T00:00:00Z"}, {"to": "1970-01-01"}, {"from": middle, "to": middle}):
        assert owner.all("/audit", **nothing) == []


@pytest.mark.parametrize("params, status, where", [
    ({"from": "yesterday"}, 400, "?from"), ({"to": "2026-02-30"}, 400, "?to"),
    ({"from": ""}, 400, "?from"), ({"environment": "999999"}, 404, "?environment"),
    ({"environment": "env_x"}, 404, "?environment"), ({"who": "x"}, 400, "?who"),
    ({"at": "1"}, 400, "?at"), ({"limit": "9999"}, 400, "?limit"), ({"cursor": "AAAA"}, 400, "?cursor")])
def test_bad_filters_are_refused(owner, params, status, where):
    assert_problem(owner.get("/audit", **params), status, "invalid" if status == 400 else "not_found",
                   where)


def test_pages_stand_still_while_rows_are_added(desk, owner, app):
    first = content(owner.get("/audit", limit=2))
    owner.patch(f"/apps/{app['id']}", {"hidesFlagsByDefault": True})
    second = content(owner.get("/audit", limit=3, cursor=first["next"]))
    sequences = [row["sequence"] for row in first["items"] + second["items"]]
    assert sequences == list(range(sequences[0], sequences[0] - 5, -1))
    last = content(owner.get("/audit", limit=1000))
    assert (last["items"][-1]["sequence"], last["next"]) == (1, None)


# ---- who sees what -----------------------------------------------------------------------------------
def test_everybody_sees_the_rows_of_what_they_see(desk, owner, app):
    other = desk.app()
    mine, foreign = (a["environments"][0]["number"] for a in (app, other))
    for number in (mine, foreign):
        owner.patch(f"/environments/{number}", {"metadata": {"a": 1}})
    owner.patch(f"/environments/{app['environments'][1]['number']}", {"monthlyQuota": 5})
    desk.token(environments=[mine])
    viewer, admin = desk.person("viewer"), desk.person("admin", access="read")
    of_app = desk.speaker(kind="app", app=app["id"])
    of_environment = desk.speaker(environments=[mine])
    everything = owner.all("/audit")
    numbers = {e["number"] for e in app["environments"]}
    assert admin.all("/audit") == everything
    assert viewer.all("/audit", limit=3) == \
        [r for r in everything if r["environment"] is not None or r["appId"] is not None]
    assert of_app.all("/audit") == [r for r in everything if r["environment"] in numbers or
                                    (r["environment"] is None and r["appId"] == app["id"])]
    assert of_environment.all("/audit") == [r for r in everything if r["environment"] == mine]
    for caller in (of_app, of_environment):
        assert caller.all("/audit") != []
        assert_problem(caller.get("/audit", environment=foreign), 404, "not_found", "?environment")
    assert of_app.all("/audit", environment=mine, limit=1) == of_environment.all("/audit")


def test_only_administrators_verify(desk, app):
    for caller in (desk.person("admin"), desk.person("owner", access="read")):
        assert content(caller.get("/audit/verify"))["verified"] is True
    for caller in (desk.person("editor"), desk.person("viewer"), desk.speaker(kind="app", app=app["id"])):
        assert_problem(caller.get("/audit/verify"), 403, "denied")


def test_who_sees_few_of_many_gets_them_page_by_page(new_server):
    """Eleven thousand rows of no app between those of one."""
    server = new_server(UNLIMITED).start()
    desk = Desk(server)
    app = desk.app()
    token = desk.token(kind="app", app=app["id"])["token"]
    assert server.stop() == 0
    store = sqlite3.connect(server.data / "guidon.db")
    last = store.execute("SELECT sequence FROM audit_head").fetchone()[0]
    store.executemany("INSERT INTO audit (sequence, at_ms, actor, action, environment, version,"
                      " subject, detail, previous_hash, hash) VALUES (?, 1, 'x', 'user.create', 0, 0,"
                      " 'x', '{}', ?, ?)",
                      [(last + n, b"\0" * 32, b"\0" * 32) for n in range(1, 11001)])
    store.execute("UPDATE audit_head SET sequence = ?", (last + 11000,))
    store.commit()
    store.close()
    server.start()
    desk = Desk(server)
    desk.owner.patch(f"/apps/{app['id']}", {"hidesFlagsByDefault": True})
    caller = Admin(desk, token)
    expected = [r for r in desk.owner.all("/audit") if r["appId"] == app["id"]]
    assert len(expected) == 3  # the app, its token, and the change of it
    page = content(caller.get("/audit", limit=1000))
    assert page["items"] == expected[:1]  # what could be looked at in one go
    assert page["next"] is not None
    assert caller.all("/audit") == expected == caller.all("/audit", limit=1)


def test_the_description_says_how_to_verify(desk):
    said = desk.description.document["components"]["schemas"]["AuditRow"]["properties"]["hash"]
    order = re.search(r"\{.*\}", said["description"]).group(0)
    assert re.findall(r'"(\w+)":', order) == ["sequence", "at", "actor", "action", "app", "environment",
                                              "version", "subject", "detail"]
