# SPDX-License-Identifier: Apache-2.0
"""The admin API's manners, for every operation that its description lists: conditions, requests
sent twice, dry runs, refusals, pages, tags and rates."""
import json
import os
import re
import threading
import time

import pytest
import requests

from admin_desk import UNLIMITED, Admin, content
from admin_scene import (MUTATIONS, PREFIX, Scene, SceneDesk, assert_problem, plain, read, same,
                         desk, scene, still)  # noqa: F401 (fixtures)
from harness import ABSENT

ASKING = {"evaluate", "explain"}  # POST, and change nothing
UNSEEN = {"setPassword"}  # what it changes nobody can read: test_login_passwords.py


def test_no_mutation_is_missing_here(desk, still):
    listed = {name for name, (method, _, _) in desk.operations().items()
              if method != "GET" and name not in ASKING | UNSEEN}
    assert listed == set(MUTATIONS) == set(still.mutations())


# ---- dry runs ------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_dry_run_changes_nothing_and_says_what_will_be(scene, name):
    mutation, before = scene.mutations()[name], scene.state()
    foretold = content(mutation.send(scene.owner, dryRun="true"))
    assert scene.state() == before
    assert foretold["dryRun"] is True
    version = scene.version()
    done = mutation.send(scene.owner)
    assert done.status_code in (200, 201, 204), done.text
    after = scene.state()
    assert after != before
    if foretold["version"] is None:
        return
    assert foretold["environment"] in scene.numbers
    if foretold["environment"] == scene.number:
        grown = scene.version()
        # Settings of an environment that SDKs do not see have no version.
        assert grown in (version, foretold["version"])
        assert foretold["version"] == version + 1 or grown == version
        if grown > version:
            said = content(scene.owner.get(f"{scene.base}/versions/{grown}"))
            assert without_names(said["changes"]) == without_names(foretold["changes"])


def without_names(changes):
    """Differences without what is drawn: ids and salts are other ones in what is then done."""
    def is_time(one):
        return isinstance(one, dict) and one.get("path") == "/modifiedMs"

    def drop(value):
        if isinstance(value, dict):
            return {k: drop(v) for k, v in value.items() if k not in ("salt", "id")}
        return [drop(one) for one in value if not is_time(one)
                     ] if isinstance(value, list) else value

    return sorted((json.dumps(drop(change), sort_keys=True) for change in changes))


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_dry_run_takes_no_idempotency_key(scene, name):
    mutation = scene.mutations()[name]
    key = {"Idempotency-Key": f"dry-{name}"}
    content(mutation.send(scene.owner, headers=key, dryRun="true"))
    done = mutation.send(scene.owner, headers=key)
    assert done.status_code in (200, 201, 204), done.text
    assert "Idempotency-Replayed" not in done.headers


# ---- conditions ----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MUTATIONS)
def test_conditions_hold(desk, scene, name):
    """Every mutation of something that exists takes If-Match; 412 says nothing was done."""
    mutation = scene.mutations()[name]
    parameters = [one.get("$ref", "").rsplit("/", 1)[-1]
                  for one in desk.operations()[name][2]["parameters"]]
    assert ("ifMatch" in parameters) == bool(mutation.tagged), "If-Match where something exists"
    if not mutation.tagged:
        return
    before = scene.state()
    tag = scene.tag(mutation)
    for wrong in ('"nonsense"', tag[:-2] + '~"', '"a", "b"', f"W/{tag}"):
        answer = mutation.send(scene.owner, headers={"If-Match": wrong})
        problem = assert_problem(answer, 412, "stale")
        assert tag in problem["detail"] or answer.headers.get("ETag") == tag
        assert scene.state() == before
        assert_problem(
    mutation.send(
        scene.owner,
        headers={
            "If-Match": wrong},
            dryRun="true"),
            412,
             "stale")
    done = mutation.send(scene.owner, headers={"If-Match": f'"other" , {tag}'})
    assert done.status_code in (200, 201, 204), done.text
    again = mutation.send(scene.owner, headers={"If-Match": tag}, body=mutation.other)
    assert again.status_code in (412, 404), again.text


@pytest.mark.parametrize("name", ["putFlag", "putSegment", "putCohort"])
def test_creating_never_replaces(scene, name):
    mutation, before = scene.mutations()[name], scene.state()
    assert_problem(mutation.send(scene.owner, headers={"If-None-Match": "*"}), 412, "stale")
    assert scene.state() == before
    mutation.path = mutation.path.rsplit("/", 1)[0] + "/another"
    made = mutation.send(scene.owner, headers={"If-None-Match": "*"})
    assert made.status_code in (200, 201)
    assert made.headers["ETag"] == scene.owner.tag(mutation.path)
    missing = mutation.path + "-one"
    assert scene.owner.put(missing, mutation.body, headers={
                           "If-Match": "*"}).status_code in (404, 412)
    assert scene.owner.get(missing).status_code == 404


@pytest.mark.parametrize("name",
    ["patchFlag",
    "patchSegment",
    "editEnvironment",
    "putCohort",
    "editApp",
    "putGroupMember",
     "restoreEnvironment"])
def test_of_many_who_saw_the_same_one_changes_it(desk, scene, name):
    mutation = scene.mutations()[name]
    tag, answers = scene.tag(mutation), []

    def change(n):
        caller = Admin(desk, desk.server.token)
        body = {**mutation.body, **({"description": f"by {n}"}
                                    if "description" in mutation.body else {})}
        answers.append(mutation.send(caller, headers={"If-Match": tag}, body=body).status_code)

    at_once(change, 8)
    assert answers.count(200) == 1, answers
    assert answers.count(412) == 7


def at_once(work, count):
    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# ---- asked twice ---------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MUTATIONS)
def test_what_comes_twice_is_done_once(desk, scene, name):
    mutation = scene.mutations()[name]
    key = {"Idempotency-Key": f"twice-{name}-{scene.app}"}
    first = mutation.send(scene.owner, headers=key)
    assert first.status_code in (200, 201, 204), first.text
    after = scene.state()
    for _ in range(2):
        again = mutation.send(scene.owner, headers=key)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
        for header in ("ETag", "Location", "Content-Type"):
            assert again.headers.get(header) == first.headers.get(header), header
    assert "Idempotency-Replayed" not in first.headers
    assert scene.state() == after
    if mutation.other is not ABSENT:
        assert_problem(mutation.send(scene.owner, headers=key, body=mutation.other), 422,
                       "idempotency_mismatch")
    elsewhere = scene.owner.post("/apps", {"name": desk.fresh("app")}, headers=key)
    assert_problem(elsewhere, 422, "idempotency_mismatch")
    assert scene.state() == after


@pytest.mark.parametrize("name", MUTATIONS)
def test_duplicates_at_once_are_done_once(desk, scene, name):
    mutation = scene.mutations()[name]
    key = {"Idempotency-Key": f"race-{name}-{scene.app}"}
    rows = trail(desk)
    answers = []
    at_once(lambda n: answers.append(mutation.send(Admin(desk, desk.server.token), headers=key)), 6)
    done = [one for one in answers if one.status_code in (200, 201, 204)]
    assert done
    for one in answers:
        if one.status_code not in (200, 201, 204):
            assert_problem(one, 409, "idempotency_unfinished")
    assert len({one.content for one in done}) == 1
    assert sum("Idempotency-Replayed" not in one.headers for one in done) == 1
    assert trail(desk) == rows + 1
    last = mutation.send(scene.owner, headers=key)
    assert (last.status_code, last.content) == (done[0].status_code, done[0].content)


def trail(desk):
    return content(desk.owner.get("/audit/verify"))["rows"]


def test_a_key_is_its_callers_alone(desk, scene):
    key = {"Idempotency-Key": "everybodys"}
    callers = [
    scene.owner,
    desk.person("editor"),
    desk.person("editor"),
    desk.speaker(
        kind="app",
         app=scene.app)]
    for n, caller in enumerate(callers):
        made = caller.post(f"{scene.base}/flags", {"key": f"mine-{n}"}, headers=key)
        assert made.status_code == 201, made.text
        assert "Idempotency-Replayed" not in made.headers


def test_a_refusal_uses_up_no_key(scene):
    key = {"Idempotency-Key": "refused-first"}
    path = f"{scene.base}/flags"
    assert scene.owner.post(path, {"key": "f"}, headers=key).status_code in (400, 409, 422)
    assert scene.owner.post(path, {"key": "!"}, headers=key).status_code in (400, 422)
    assert scene.owner.post(path, {"key": "g"}, headers=key).status_code == 201


@pytest.mark.parametrize("key, status", [("", 400), ("a" *
    255, 201), ("a" *
     256, 400), ("a b", 400), ("\u00e4", 400), ("!~", 201)])
def test_which_keys_there_are(scene, key, status):
    sent = {"Idempotency-Key": key.encode("latin-1")}
    made = scene.owner.post(f"{scene.base}/flags", {"key": "g"}, headers=sent)
    assert made.status_code == status, made.text


def test_killed_between_two_tries(new_server):
    """Whatever moment the server dies at: asked again, the change is made once."""
    server = new_server(UNLIMITED).start()
    token, replayed, unfinished = server.token, 0, 0
    for n in range(24):
        body, key = {"name": f"once-{n}"}, {"Idempotency-Key": f"try-{n}"}
        sent = {**key, "Authorization": f"Bearer {token}"}
        answers = []

        def ask(url=f"{server.base}{PREFIX}/apps", body=body, sent=sent, answers=answers):
            try:
                answers.append(requests.post(url, json=body, headers=sent, timeout=10))
            except requests.RequestException:
                pass

        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.0005 * (n % 12))
        server.kill()
        thread.join()
        server.start()
        again = requests.post(f"{server.base}{PREFIX}/apps", json=body, headers=sent, timeout=10)
        if answers and answers[0].status_code == 201:
            assert (again.status_code, again.content) == (201, answers[0].content) or \
                again.json()["code"] == "idempotency_unfinished", again.text
        replayed += again.headers.get("Idempotency-Replayed") == "true"
        unfinished += again.status_code == 409
        assert again.status_code == 201 or again.json(
        )["code"] == "idempotency_unfinished", again.text
        third = requests.post(f"{server.base}{PREFIX}/apps", json=body, headers=sent, timeout=10)
        assert (third.status_code, plain(third)) == (again.status_code, plain(again))
        listed = SceneDesk(server).owner.all("/apps")
        assert [app["name"] for app in listed].count(f"once-{n}") == 1
    assert content(SceneDesk(server).owner.get("/audit/verify"))["verified"] is True
    print(f"{replayed} replayed, {unfinished} unfinished")


# ---- refusals ------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MUTATIONS)
def test_bad_requests_are_pointed_at_and_change_nothing(scene, name):
    mutation, before = scene.mutations()[name], scene.state()
    problem = assert_problem(mutation.send(scene.owner, unknown="1"), 400, "invalid")
    assert problem["errors"][0]["parameter"] == "unknown"
    for value in ("yes", "", "1", "TRUE"):
        problem = assert_problem(mutation.send(scene.owner, dryRun=value), 400, "invalid")
        assert problem["errors"][0]["parameter"] == "dryRun"
    for tag in ("nonsense", '"a', "", "5"):
        if mutation.tagged:
            assert mutation.send(scene.owner, headers={
                                 "If-Match": tag}).status_code in (400, 412), tag
    if isinstance(mutation.body, dict):
        body = {**mutation.body, "surprise/~": 1}
        problem = assert_problem(mutation.send(scene.owner, body=body), 400, "invalid")
        assert problem["errors"][0]["pointer"] == "/surprise~1~0"
        for data in (
    b"",
    b"{",
    b"[]",
    b'{"a":1,"a":1}',
    b"null",
    b'{"a":"\xff"}',
     b'"' + b"[" * 50):
            if data == b"[]" and name == "putCohort":
                continue  # a cohort may be sent as the bare list of its members
            answer = scene.owner.call(mutation.method, mutation.path, data=data, **mutation.params,
                                      headers={"Content-Type": "application/json"})
            assert_problem(answer, 400, "invalid")
        for media in ("text/html", "application/xml", "application/jsonx"):
            answer = scene.owner.call(
    mutation.method, mutation.path, data=json.dumps(
        mutation.body).encode(), headers={
            "Content-Type": media}, **mutation.params)
            assert_problem(answer, 415, "content_type")
    assert scene.state() == before


def test_every_problem_is_explained(desk):
    codes = re.findall(
    r"`([a-z_]+)`",
    open(
        os.path.join(
            os.path.dirname(__file__),
            "..",
            "..",
            "docs",
            "admin-api.md"),
             encoding="utf-8").read() .split("| status | code |")[1].split("```")[0])
    assert "stale" in codes
    for code in set(codes) - {"dryRun"}:
        answer = requests.get(f"{desk.server.base}/problems/{code}", timeout=10)
        if code.islower() and answer.status_code != 404:
            explained = content(answer)
            assert (explained["code"], explained["type"]) == (code, f"/problems/{code}")
            assert explained["detail"]
        else:
            raise AssertionError(f"nothing is said about {code}")


# ---- pages ---------------------------------------------------------------------------------------
def growers(scene):
    """{list: makes one more}"""
    owner, base, fresh = scene.owner, scene.base, scene.desk.fresh
    return {
        "/apps": lambda: owner.post("/apps", {"name": fresh("app")}),
        "/environments": lambda: owner.post("/apps", {"name": fresh("app")}),
        f"{base}/deployments": lambda: owner.post(f"{base}/deployments",
                                                  {"label": fresh("d"), "kind": "server"}),
        f"{base}/keys": lambda: owner.post(f"{base}/keys", {"kind": "server"}),
        "/tokens": lambda: owner.post("/tokens", {"environments": [scene.number]}),
        "/users": lambda: owner.post(
            "/users", {"email": fresh("a") + "@example.com", "role": "viewer"}),
        "/audit": lambda: owner.put(f"{base}/flags/{fresh('f')}", {}),
        f"{base}/flags": lambda: owner.put(f"{base}/flags/{fresh('b')}", {}),
        f"{base}/flags/f/history": lambda: owner.patch(f"{base}/flags/f", {"name": fresh("n")}),
        f"{base}/segments": lambda: owner.put(f"{base}/segments/{fresh('a')}", {}),
        f"{base}/segments/s/history": lambda: owner.patch(f"{base}/segments/s",
                                                          {"description": fresh("n")}),
        f"{base}/groups": lambda: owner.post(f"{base}/groups", {"kind": "holdout",
                                                                "key": fresh("a"),
                                                                "percent": 1}),
        f"{base}/cohorts": lambda: owner.put(f"{base}/cohorts/{fresh('a')}", {"memberIds": ["x"]}),
        f"{base}/versions": lambda: owner.put(f"{base}/flags/{fresh('f')}", {})}


def identity(item):
    return json.dumps(item.get("id") or item.get("number") or item.get("sequence") or
                      item.get("revision") or item.get("version") or item.get("key"))


def test_every_list_is_paged_and_stands_still(desk, scene):
    lists = {scene.fill(path).removeprefix(PREFIX) for method, path, one in desk.operations(
    ).values() if any(p.get("$ref", "").endswith("/cursor") for p in one.get("parameters", ()))}
    grow = growers(scene)
    assert lists == set(grow)
    for path, make in grow.items():
        for _ in range(5):
            assert make().status_code in (200, 201), path
        before = [identity(item) for item in scene.owner.all(path)]
        assert len(before) == len(set(before)) >= 5, path
        seen, cursor = [], {}
        while True:
            limit = max(2, len(before) // 20)
            answer = scene.owner.get(path, limit=limit, **cursor)
            page = content(answer)
            assert len(page["items"]) <= limit
            seen += [identity(item) for item in page["items"]]
            assert ("next" in answer.links) == (page["next"] is not None)
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
            if len(seen) < 3 * len(before):
                assert make().status_code in (200, 201), path
            assert len(seen) < 50000, path
        assert len(seen) == len(set(seen)), path
        assert [one for one in seen if one in before] == before, path


# ---- tags ----------------------------------------------------------------------------------------
def test_a_tag_is_new_exactly_when_what_is_read_is(scene):
    """Over one of every change: another body, another tag; the same body, the same and a 304."""
    for name in MUTATIONS:
        if name == "importEnvironment":
            continue  # ends the scene: the last of them
        before = scene.state()
        scene.mutations()[name].send(scene.owner)
        after = scene.state()
        for path, (status, body, tag) in after.items():
            if status != 200 or before[path][0] != 200:
                continue
            if same(body) != same(before[path][1]):
                assert tag != before[path][2], (name, path)
            if tag == before[path][2]:
                assert same(body) == same(before[path][1]), (name, path)
                known = read(scene.owner, path, headers={"If-None-Match": tag})
                assert (known.status_code, known.content) == (304, b""), (name, path)


# ---- rates ---------------------------------------------------------------------------------------
def test_every_answer_says_what_is_left(new_server):
    desk = SceneDesk(new_server("--admin-per-second=0").start())
    made = Scene(desk)
    desk.server.stop()
    desk.server.arguments = ["--admin-per-second=40"]
    desk.server.start()
    seen = set()
    for name, mutation in made.mutations().items():
        answer = mutation.send(Admin(desk, desk.server.token), dryRun="true")
        while answer.status_code == 429:
            assert_problem(answer, 429, "rate_limited")
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
            time.sleep(0.3)
            answer = mutation.send(Admin(desk, desk.server.token), dryRun="true")
        policy, left = answer.headers["RateLimit-Policy"], answer.headers["RateLimit"]
        assert re.fullmatch(r'"management";q=40;w=1', policy), name
        found = re.fullmatch(r'"management";r=(\d+);t=(\d+)', left)
        assert found and int(found.group(1)) < 40
        seen.add(int(found.group(1)))
    assert len(seen) > 5
