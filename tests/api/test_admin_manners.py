# SPDX-License-Identifier: Apache-2.0
"""What every route of the admin API has in common: pages, conditions, requests that come twice,
dry runs, problems, rates, and the lines every answer carries."""
import itertools
import re
import threading
import time

import pytest

from admin import Admin, assert_problem
from harness import Server

APPS = "/admin/v1/apps"
_names = itertools.count(1)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A server whose callers may ask as often as they like."""
    server = Server(tmp_path_factory.mktemp("town"), "--admin-per-second=0").start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def owner(town):
    return Admin(town, town.token)


@pytest.fixture
def name():
    return f"manners-{next(_names)}"


def app_names(admin):
    return [app["name"] for app in admin.items(APPS)]


# ---- pages -----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def many(owner):
    """More apps than a small page holds; their names in the order they were made."""
    return [owner.make_app(f"page-{n}")["name"] for n in range(7)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
def test_pages_together_are_the_list(owner, many, limit):
    listed = [app["name"] for app in owner.items(APPS, limit=limit)]
    assert [n for n in listed if n in many] == many
    assert len(listed) == len(set(listed))
    answer = owner.call("GET", APPS, limit=limit)
    assert len(answer.json()["items"]) == min(limit, len(listed))


def test_the_link_leads_to_the_next_page(owner, many):
    seen, path = [], f"{APPS}?limit=3"
    while path:
        answer = owner.call("GET", path)
        seen += [app["name"] for app in answer.json()["items"]]
        link = answer.links.get("next")
        if link:
            assert re.fullmatch(r"/admin/v1/apps\?limit=3&cursor=[\w-]+", link["url"])
            assert answer.json()["next"] in link["url"]
        path = link and link["url"]
    assert seen == app_names(owner)


def test_what_is_made_meanwhile_moves_no_page(owner, many, name):
    first = owner.call("GET", APPS, limit=2).json()
    before = owner.items(APPS)
    owner.make_app(name)
    rest, cursor = [], first["next"]
    while cursor:
        page = owner.call("GET", APPS, limit=2, cursor=cursor).json()
        rest, cursor = rest + page["items"], page["next"]
    assert first["items"] + rest[:-1] == before
    assert rest[-1]["name"] == name


@pytest.mark.parametrize("query, parameter", [
    ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("limit=", "limit"),
    ("limit=1&limit=2", "limit"), ("cursor=", "cursor"), ("cursor=nonsense", "cursor"),
    ("cursor=AAAAAAAA", "cursor"), ("offset=3", "offset"), ("at=1", "at"), ("dryRun=true", "dryRun"),
    ("limit=%zz", "limit")])
def test_a_list_refuses_what_it_does_not_know(owner, query, parameter):
    assert_problem(owner.call("GET", f"{APPS}?{query}"), 400, "invalid", parameter=parameter)


def test_a_cursor_that_was_cut_is_refused(owner, many):
    cursor = owner.call("GET", APPS, limit=1).json()["next"]
    for size in range(len(cursor)):
        assert_problem(owner.call("GET", f"{APPS}?cursor={cursor[:size]}"), 400, "invalid",
                       parameter="cursor")


# ---- conditions --------------------------------------------------------------------------------
READS = ["/admin/v1/apps", "/admin/v1/environments", "/admin/v1/tokens", "/admin/v1/users",
         "/admin/v1/me", "/openapi.json", "/openapi.yaml", "/problems/stale"]


@pytest.mark.parametrize("path", READS)
def test_what_is_known_is_not_sent_again(owner, path):
    first = owner.call("GET", path)
    assert first.status_code == 200
    tag = first.headers["ETag"]
    assert re.fullmatch(r'"[!#-~]+"', tag)
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = owner.call("GET", path, headers={"If-None-Match": known})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["ETag"] == tag
    assert owner.call("GET", path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", READS)
def test_head_is_get_without_a_body(owner, path):
    got, head = owner.call("GET", path), owner.call("HEAD", path)
    assert head.status_code == 200
    assert head.content == b""
    for line in ("ETag", "Content-Type", "Content-Length"):
        assert head.headers[line] == got.headers[line]


def test_who_saw_an_older_one_changes_nothing(owner, name):
    app = owner.make_app(name)
    path = f"{APPS}/{app['id']}"
    old = owner.call("GET", path).headers["ETag"]
    changed = owner.call("PATCH", path, {"name": name + "-a"}, headers={"If-Match": old})
    assert changed.status_code == 200, changed.text
    new = changed.headers["ETag"]
    assert new == owner.call("GET", path).headers["ETag"] != old
    problem = assert_problem(
        owner.call("PATCH", path, {"name": name + "-b"}, headers={"If-Match": old}), 412, "stale")
    assert new in problem["detail"]
    assert owner.call("GET", path).json()["name"] == name + "-a"
    for match in (f'"x", {new}', "*"):
        assert owner.call("PATCH", path, {"name": name + "-c"},
                          headers={"If-Match": match}).status_code == 200
        new = owner.call("GET", path).headers["ETag"]


@pytest.mark.parametrize("match", ["1", '"1', "", "W/1", '"a" "b"'])
def test_a_condition_that_is_none_is_refused(owner, name, match):
    app = owner.make_app(name)
    assert_problem(owner.call("PATCH", f"{APPS}/{app['id']}", {"name": name + "-a"},
                              headers={"If-Match": match}), 400, "invalid")


def test_nothing_can_match_what_is_not_there_yet(owner, name):
    assert_problem(owner.call("POST", APPS, {"name": name}, headers={"If-Match": "*"}), 400,
                   "invalid")
    assert name not in app_names(owner)


# ---- requests that come twice --------------------------------------------------------------------
def keyed(key, **more):
    return {"Idempotency-Key": key, **more}


def assert_replayed(again, first):
    assert again.headers.get("Idempotency-Replayed") == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for line in ("Content-Type", "ETag"):
        assert again.headers.get(line) == first.headers.get(line)
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]


def test_a_change_is_made_once_and_answered_twice(owner, name):
    first = owner.call("POST", APPS, {"name": name}, headers=keyed(name))
    assert first.status_code == 201, first.text
    for _ in range(3):
        assert_replayed(owner.call("POST", APPS, {"name": name}, headers=keyed(name)), first)
    assert app_names(owner).count(name) == 1


def test_a_secret_that_was_shown_once_is_shown_to_its_maker_again(owner, name, town):
    body = {"kind": "environment", "environments": [1], "name": name}
    first = owner.call("POST", "/admin/v1/tokens", body, headers=keyed(name))
    again = owner.call("POST", "/admin/v1/tokens", body, headers=keyed(name))
    assert_replayed(again, first)
    secret = first.json()["token"]
    assert Admin(town, secret).call("GET", "/admin/v1/me").status_code == 200
    for path in town.data.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


def test_what_is_gone_is_gone_once(owner, name):
    token = owner.new_token([1], name=name)
    path = f"/admin/v1/tokens/{token['id']}"
    first = owner.call("DELETE", path, headers=keyed(name))
    assert first.status_code == 204
    assert_replayed(owner.call("DELETE", path, headers=keyed(name)), first)
    assert_problem(owner.call("DELETE", path), 404, "not_found")


def test_a_key_is_one_request(owner, name):
    assert owner.call("POST", APPS, {"name": name}, headers=keyed(name)).status_code == 201
    others = [("POST", APPS, {"name": name + "-b"}, {}),
              ("POST", APPS + "?dryRun=false", {"name": name}, {}),
              ("POST", "/admin/v1/users", {"email": f"{name}@localhost", "role": "viewer"}, {}),
              ("POST", APPS, {"name": name}, {"If-None-Match": "*"})]
    for method, path, body, headers in others:
        assert_problem(owner.call(method, path, body, headers=keyed(name, **headers)), 422,
                       "idempotency_mismatch")
    assert f"{name}-b" not in app_names(owner)


def test_keys_are_of_a_credential(owner, name, town):
    me = owner.call("GET", "/admin/v1/me").json()
    other = owner.call("POST", "/admin/v1/tokens", {"kind": "personal", "user": me["userId"]})
    assert other.status_code == 201, other.text
    assert owner.call("POST", APPS, {"name": name}, headers=keyed(name)).status_code == 201
    answer = Admin(town, other.json()["token"]).call("POST", APPS, {"name": name + "-b"},
                                                     headers=keyed(name))
    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer.headers


@pytest.mark.parametrize("key", ["", "a b", "\x7f", "ä".encode().decode("latin-1"), "k" * 256])
def test_a_key_that_is_none_is_refused(owner, name, key):
    assert_problem(owner.call("POST", APPS, {"name": name}, headers=keyed(key)), 400, "invalid")
    assert name not in app_names(owner)


def test_the_longest_key_is_one(owner, name):
    key = (name + "k" * 255)[:255]
    first = owner.call("POST", APPS, {"name": name}, headers=keyed(key))
    assert_replayed(owner.call("POST", APPS, {"name": name}, headers=keyed(key)), first)


def test_a_refusal_is_not_remembered(owner, name):
    assert_problem(owner.call("POST", APPS, {"name": 7}, headers=keyed(name)), 400, "invalid")
    assert owner.call("POST", APPS, {"name": name}, headers=keyed(name)).status_code == 201
    assert_problem(owner.call("POST", APPS, {"name": name}, headers=keyed(name + "-2")), 409,
                   "conflict")


def test_a_dry_run_is_not_remembered(owner, name):
    for _ in range(2):
        answer = owner.call("POST", APPS + "?dryRun=true", {"name": name}, headers=keyed(name))
        assert answer.status_code == 200
        assert "Idempotency-Replayed" not in answer.headers
    assert owner.call("POST", APPS, {"name": name}, headers=keyed(name)).status_code == 201


def test_many_at_once_make_one(town, owner, name):
    answers, start = [], threading.Barrier(8)

    def ask():
        admin = Admin(town, town.token)
        start.wait()
        answers.append(admin.call("POST", APPS, {"name": name}, headers=keyed(name)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [a for a in answers if a.status_code == 201]
    assert made
    assert len({a.content for a in made}) == 1
    assert sum("Idempotency-Replayed" not in a.headers for a in made) == 1
    for answer in answers:
        if answer.status_code != 201:
            assert_problem(answer, 409, "idempotency_unfinished")
            assert answer.headers["Retry-After"] == "1"
    assert app_names(owner).count(name) == 1
    assert owner.call("POST", APPS, {"name": name},
                      headers=keyed(name)).headers["Idempotency-Replayed"] == "true"


def test_an_answer_outlives_the_process(new_server, name):
    server = new_server().start()
    body = {"kind": "environment", "environments": [1]}
    admin = Admin(server, server.token)
    app = admin.call("POST", APPS, {"name": name}, headers=keyed("app"))
    token = admin.call("POST", "/admin/v1/tokens", body, headers=keyed("token"))
    assert (app.status_code, token.status_code) == (201, 201)
    server.kill()
    server.start()
    admin = Admin(server, server.token)
    assert_replayed(admin.call("POST", APPS, {"name": name}, headers=keyed("app")), app)
    assert_replayed(admin.call("POST", "/admin/v1/tokens", body, headers=keyed("token")), token)
    assert app_names(admin) == [name]
    server.close()


def test_an_upload_is_known_by_what_is_in_it(owner, name):
    owner.make_app(name)
    number = owner.environments(name)["production"]
    first = owner.put_cohort(number, "friends", ["u1", "u2"], keyed(name))
    assert first.status_code in (200, 201), first.text
    assert_replayed(owner.put_cohort(number, "friends", ["u1", "u2"], keyed(name)), first)
    assert_problem(owner.put_cohort(number, "friends", ["u1", "u3"], keyed(name)), 422,
                   "idempotency_mismatch")
    cohort = owner.call("GET", f"/admin/v1/environments/{number}/cohorts/friends")
    assert cohort.json()["size"] == 2
    assert owner.put_cohort(number, "friends", ["u1", "u3", "u4"]).status_code == 200


# ---- dry runs --------------------------------------------------------------------------------------
DRY_RUN = ["dryRun", "environment", "version", "changes", "affected"]


def test_a_dry_run_makes_nothing(owner, name):
    before = owner.items("/admin/v1/environments")
    answer = owner.call("POST", APPS, {"name": name}, dryRun="true")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"dryRun": True, "environment": None, "version": None, "changes": [],
                             "affected": []}
    assert owner.items("/admin/v1/environments") == before
    assert name not in app_names(owner)


def test_a_dry_run_makes_no_secret_known(owner, name):
    answer = owner.call("POST", "/admin/v1/tokens", {"kind": "environment", "environments": [1]},
                        dryRun="true")
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == DRY_RUN


def test_a_dry_run_says_what_would_be(owner, name):
    owner.make_app(name)
    number = owner.environments(name)["production"]
    path = f"/admin/v1/environments/{number}"
    version = owner.call("GET", path).json()["version"]
    dry = owner.call("PATCH", path, {"hidesFlagsByDefault": True}, dryRun="true")
    assert dry.status_code == 200, dry.text
    said = dry.json()
    assert list(said) == DRY_RUN
    assert (said["environment"], said["version"]) == (number, version + 1)
    assert [(c["kind"], c["op"]) for c in said["changes"]] == [("settings", "update")]
    assert owner.call("GET", path).json()["version"] == version
    assert owner.call("GET", path).json()["hidesFlagsByDefault"] is False
    assert owner.call("PATCH", path, {"hidesFlagsByDefault": True}).json()["version"] == version + 1


def test_a_dry_run_is_refused_as_the_change_would_be(owner, name):
    owner.make_app(name)
    assert_problem(owner.call("POST", APPS, {"name": name}, dryRun="true"), 409, "conflict")
    assert_problem(owner.call("POST", APPS, {"name": 1}, dryRun="true"), 400, "invalid",
                   pointer="/name")
    for wrong in ("1", "yes", "", "True"):
        assert_problem(owner.call("POST", f"{APPS}?dryRun={wrong}", {"name": name}), 400, "invalid",
                       parameter="dryRun")


# ---- problems and lines --------------------------------------------------------------------------
def test_a_problem_leads_to_what_is_known_about_it(owner):
    problem = assert_problem(owner.call("GET", "/admin/v1/apps/app_nothing"), 404, "not_found")
    assert problem["instance"] == "/admin/v1/apps/app_nothing"
    kind = Admin.call(owner, "GET", problem["type"])
    assert kind.status_code == 200
    assert kind.json()["title"] == problem["title"]
    assert kind.json()["status"] == problem["status"]
    assert kind.json()["detail"]
    assert_problem(owner.call("GET", "/problems/nonsense"), 404, "not_found")


def test_a_body_must_be_what_it_says_it_is(owner, name):
    for media in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""):
        assert_problem(owner.call("POST", APPS, data=b'{"name":"x"}',
                                  headers={"Content-Type": media}), 415, "content_type")
    assert_problem(owner.call("POST", APPS, data=b"{", headers={"Content-Type": "application/json"}),
                   400, "invalid")
    assert_problem(owner.call("POST", APPS, {"name": name, "a/b~": 1}), 400, "invalid",
                   pointer="/a~1b~0")
    answer = owner.call("POST", APPS, data=f'{{"name":"{name}"}}'.encode(),
                        headers={"Content-Type": "application/json; charset=utf-8"})
    assert answer.status_code == 201


def test_another_method_is_told_which_there_are(owner):
    answer = owner.call("PUT", APPS)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    answer = owner.call("OPTIONS", APPS)
    assert answer.status_code == 204
    assert answer.headers["Allow"] == "GET, HEAD, POST, OPTIONS"


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/admin/v1/me", 200), ("GET", "/admin/v1/nothing", 404), ("PUT", APPS, 405),
    ("OPTIONS", APPS, 204), ("GET", "/openapi.json", 200), ("GET", APPS + "?x", 400),
    ("POST", APPS, 400)])
def test_every_answer_carries_its_lines(owner, method, path, status):
    mine = owner.call(method, path, headers={"X-Request-Id": "mine-17/a"})
    assert mine.status_code == status
    assert mine.headers["X-Request-Id"] == "mine-17/a"
    assert mine.headers["X-Content-Type-Options"] == "nosniff"
    made = owner.call(method, path)
    assert re.fullmatch(r"[A-Za-z0-9]{22}", made.headers["X-Request-Id"])


@pytest.mark.parametrize("theirs", ["", "a b", "x" * 129])
def test_a_request_id_nobody_wants_is_replaced(owner, theirs):
    answer = owner.call("GET", "/admin/v1/me", headers={"X-Request-Id": theirs})
    assert re.fullmatch(r"[A-Za-z0-9]{22}", answer.headers["X-Request-Id"])


def test_strangers_get_a_problem_with_an_id(town):
    answer = Admin(town, None).call("GET", "/admin/v1/me", headers={"X-Request-Id": "mine"})
    problem = assert_problem(answer, 401, "unauthenticated")
    assert problem["requestId"] == "mine"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


# ---- rates -----------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("narrow"), "--admin-per-second=5").start()
    yield server
    server.close()


def test_a_credential_has_so_many_requests_a_second(narrow):
    admin = Admin(narrow, narrow.token)
    answers = [admin.call("GET", "/admin/v1/me") for _ in range(8)]
    assert [a.status_code for a in answers[:5]] == [200] * 5
    left = []
    for answer in answers:
        assert answer.headers["RateLimit-Policy"] == '"management";q=5;w=1'
        found = re.fullmatch(r'"management";r=(\d+);t=1', answer.headers["RateLimit"])
        left.append(int(found.group(1)))
    assert left[:5] == [4, 3, 2, 1, 0]
    refused = answers[5]
    assert_problem(refused, 429, "rate_limited")
    assert refused.headers["Retry-After"] == "1"
    time.sleep(1.1)
    assert admin.call("GET", "/admin/v1/me").status_code == 200


def test_credentials_do_not_share_a_rate(narrow):
    time.sleep(1.1)
    admin = Admin(narrow, narrow.token)
    admin.make_app("narrow")
    other = Admin(narrow, admin.new_token([1])["token"])
    answers = [admin.call("GET", "/admin/v1/me").status_code for _ in range(6)]
    assert 429 in answers
    assert other.call("GET", "/admin/v1/me").status_code == 200


def test_what_anybody_may_read_has_no_rate(narrow):
    admin = Admin(narrow, None)
    for _ in range(20):
        answer = admin.call("GET", "/openapi.json")
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers


def test_without_a_limit_there_is_nothing_to_say(owner):
    answers = [owner.call("GET", "/admin/v1/me") for _ in range(150)]
    assert {a.status_code for a in answers} == {200}
    assert "RateLimit" not in answers[0].headers


def test_the_usual_limit(server):
    answer = Admin(server, server.token).call("GET", "/admin/v1/me")
    assert answer.headers["RateLimit-Policy"] == '"management";q=100;w=1'


# ---- forms -----------------------------------------------------------------------------------------
def test_the_description_comes_compressed_to_who_takes_it(owner):
    plain = owner.call("GET", "/openapi.json", headers={"Accept-Encoding": "identity"})
    small = owner.call("GET", "/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert small.content == plain.content
    assert int(small.headers["Content-Length"]) < len(plain.content) / 4
    assert small.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in small.headers["Vary"]
