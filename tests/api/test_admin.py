# SPDX-License-Identifier: Apache-2.0
"""The admin API as far as it goes: environments, tokens, project keys, cohorts, reach."""
import re
import threading

import pytest
import requests

from admin import Admin, assert_problem


@pytest.fixture(scope="module")
def owner(server, api):
    api.new_app("admin-one")
    api.new_app("admin-two")
    return Admin(server, server.token)


@pytest.fixture(scope="module")
def numbers(owner):
    """{(app, environment): number}"""
    listed = owner.call("GET", "/admin/v1/environments").json()["items"]
    return {(e["appName"], e["name"]): e["number"] for e in listed}


@pytest.fixture
def number(numbers):
    return numbers["admin-one", "production"]


def new_token(owner, environments, **more):
    answer = owner.call("POST", "/admin/v1/tokens", {"environments": environments, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


# ---- environments ------------------------------------------------------------------------------
def test_environments_are_listed_with_numbers(owner, numbers):
    listed = owner.call("GET", "/admin/v1/environments").json()["items"]
    assert len(listed) == len({e["number"] for e in listed}) == 6
    for environment in listed:
        assert environment["id"].startswith("env_")
        assert environment["appId"].startswith("app_")
        assert isinstance(environment["version"], int)
    assert {name for _, name in numbers} == {"development", "staging", "production"}


def test_a_token_sees_its_environments_alone(server, owner, number):
    token = new_token(owner, [number])
    listed = Admin(server, token["token"]).call("GET", "/admin/v1/environments").json()
    assert [e["number"] for e in listed["items"]] == [number]


@pytest.mark.parametrize("method, path", [
    ("GET", "/environments"), ("GET", "/tokens"), ("POST", "/tokens"), ("DELETE", "/tokens/x"),
    ("POST", "/environments/1/project-keys"), ("GET", "/environments/1/cohorts"),
    ("GET", "/environments/1/cohorts/c"), ("PUT", "/environments/1/cohorts/c"),
    ("DELETE", "/environments/1/cohorts/c"), ("GET", "/environments/1/flags/f/reach")])
def test_nothing_without_a_credential(server, owner, method, path):
    for token in (None, "cli_nonsense", "ampex_nonsense"):
        assert_problem(Admin(server, token).call(method, "/admin/v1" + path), 401, "unauthenticated")


def test_unknown_paths_and_methods(owner):
    assert_problem(owner.call("GET", "/admin/v1/nothing"), 404, "not_found")
    answer = owner.call("PATCH", "/admin/v1/environments")
    assert_problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


# ---- tokens ------------------------------------------------------------------------------------
def test_a_token_is_shown_once(owner, number):
    made = new_token(owner, [number], name="ci")
    assert re.fullmatch(r"ampex_[A-Za-z0-9]{49}", made["token"])
    listed = owner.call("GET", "/admin/v1/tokens")
    assert made["token"] not in listed.text
    row = next(t for t in listed.json()["items"] if t["id"] == made["id"])
    assert row["name"] == "ci"
    assert row["environments"] == [number]
    assert row["expiresAt"] is None
    assert made["token"].endswith(row["tail"])


def test_a_revoked_token_opens_nothing(server, owner, number):
    made = new_token(owner, [number])
    admin = Admin(server, made["token"])
    assert admin.call("GET", "/admin/v1/environments").status_code == 200
    assert owner.call("DELETE", f"/admin/v1/tokens/{made['id']}").status_code == 204
    assert admin.call("GET", "/admin/v1/environments").status_code == 401
    assert_problem(owner.call("DELETE", f"/admin/v1/tokens/{made['id']}"), 404, "not_found")


def test_a_token_may_give_itself_up_and_no_other(server, owner, number):
    mine, other = new_token(owner, [number]), new_token(owner, [number])
    admin = Admin(server, mine["token"])
    assert_problem(admin.call("DELETE", f"/admin/v1/tokens/{other['id']}"), 404, "not_found")
    assert admin.call("DELETE", f"/admin/v1/tokens/{mine['id']}").status_code == 204


def test_a_token_makes_no_tokens(server, owner, number):
    admin = Admin(server, new_token(owner, [number])["token"])
    assert_problem(admin.call("POST", "/admin/v1/tokens", {"environments": [number]}), 403, "denied")
    assert_problem(admin.call("POST", f"/admin/v1/environments/{number}/project-keys"), 403,
                   "denied")


@pytest.mark.parametrize("body, pointer", [
    ({}, "/environments"), ({"environments": []}, "/environments"),
    ({"environments": "1"}, "/environments"), ({"environments": [True]}, "/environments/0"),
    ({"environments": [1.5]}, "/environments/0"), ({"environments": [1, ""]}, "/environments/1"),
    ({"environments": [1], "name": 7}, "/name"), ({"environments": [1], "name": ""}, "/name"),
    ({"environments": [1], "expiresAt": "soon"}, "/expiresAt"),
    ({"environments": [1], "expiresAt": "2001-01-01T00:00:00Z"}, "/expiresAt"),
    ({"environments": [1], "surprise": 1}, "/surprise")])
def test_bad_tokens_are_refused(owner, body, pointer):
    before = owner.call("GET", "/admin/v1/tokens").text
    assert_problem(owner.call("POST", "/admin/v1/tokens", body), 400, "invalid", pointer)
    assert owner.call("GET", "/admin/v1/tokens").text == before


# ---- project keys ------------------------------------------------------------------------------
def test_project_keys_come_as_a_pair_and_replace_each_other(server, owner, numbers):
    number = numbers["admin-two", "staging"]
    first = owner.call("POST", f"/admin/v1/environments/{number}/project-keys").json()
    second = owner.call("POST", f"/admin/v1/environments/{number}/project-keys").json()
    for pair in (first, second):
        assert re.fullmatch(r"[0-9a-f]{32}", pair["apiKey"])
        assert re.fullmatch(r"[0-9a-f]{32}", pair["secretKey"])
    assert first["deployment"] == second["deployment"]
    flags = [requests.get(server.base + "/sdk/v2/flags", timeout=10,
                          headers={"Authorization": f"Api-Key {pair['apiKey']}"}).status_code
             for pair in (first, second)]
    assert flags == [401, 200]


# ---- cohorts -----------------------------------------------------------------------------------
def test_a_cohort_is_uploaded_replaced_and_deleted(owner, number):
    path = f"/admin/v1/environments/{number}/cohorts/beta"
    answer = owner.put_cohort(number, "beta", ["u-2", "u-1", "u-2", ""], name="Beta people")
    assert answer.status_code == 200, answer.text
    assert answer.json()["size"] == 2
    shown = owner.call("GET", path).json()
    assert (shown["id"], shown["name"], shown["size"], shown["groupType"]) == \
        ("beta", "Beta people", 2, "User")
    answer = owner.call("PUT", path, {"memberIds": ["u-9"]})
    assert answer.json()["size"] == 1
    assert owner.call("GET", path).json()["name"] == "Beta people"
    assert owner.call("DELETE", path).status_code == 204
    assert_problem(owner.call("GET", path), 404, "not_found")
    assert_problem(owner.call("DELETE", path), 404, "not_found")


def test_cohorts_are_listed(owner, number):
    for name in ("list-b", "list-a"):
        owner.put_cohort(number, name, ["x"])
    listed = owner.call("GET", f"/admin/v1/environments/{number}/cohorts").json()["items"]
    ids = [cohort["id"] for cohort in listed]
    assert ids == sorted(ids)
    assert {"list-a", "list-b"} <= set(ids)


def test_line_ends_and_pieces_do_not_matter(owner, number):
    def pieces():
        for part in ("al", "pha\r", "\nbet", "a\n\n", "gam", "ma"):
            yield part.encode()
    path = f"/admin/v1/environments/{number}/cohorts/pieces"
    answer = owner.call("PUT", path, data=pieces(), headers={"Content-Type": "text/plain"})
    assert answer.json()["size"] == 3


@pytest.mark.parametrize("content_type, data, part", [
    ("application/json", b"{", "JSON"), ("application/json", b'{"memberIds":[1]}', "texts"),
    ("application/json", b'{"members":[]}', "not known"), ("application/json", b'[""]', "id 1"),
    ("text/plain", b"ok\n" + b"x" * 257 + b"\n", "id 2"), ("text/plain", b"ok\n\xff\xfe\n", "id 2"),
    ("application/xml", b"<a/>", "text/plain"), ("", b"a", "text/plain")])
def test_bad_uploads_change_nothing(owner, number, content_type, data, part):
    path = f"/admin/v1/environments/{number}/cohorts/bad"
    owner.put_cohort(number, "bad", ["kept"])
    answer = owner.call("PUT", path, data=data, headers={"Content-Type": content_type})
    assert answer.status_code in (400, 415), answer.text
    assert part in answer.json()["detail"]
    assert owner.call("GET", path).json()["size"] == 1


@pytest.mark.parametrize("name", ["-x", "a b", "x" * 65, "%C3%A9"])
def test_bad_cohort_ids_are_refused(owner, number, name):
    answer = owner.call("PUT", f"/admin/v1/environments/{number}/cohorts/{name}", data=b"a",
                        headers={"Content-Type": "text/plain"})
    assert_problem(answer, 400, "invalid")


def test_the_longest_id_and_cohort_name(owner, number):
    assert owner.put_cohort(number, "x" * 64, ["y" * 256]).json()["size"] == 1


def test_a_token_of_another_environment_sees_no_cohort(server, owner, numbers, number):
    owner.put_cohort(number, "hidden", ["a"])
    stranger = Admin(server, new_token(owner, [numbers["admin-two", "production"]])["token"])
    for method in ("GET", "PUT", "DELETE"):
        more = {"data": b"b", "headers": {"Content-Type": "text/plain"}} if method == "PUT" else {}
        answer = stranger.call(method, f"/admin/v1/environments/{number}/cohorts/hidden", **more)
        assert_problem(answer, 404, "not_found")
    assert owner.call("GET", f"/admin/v1/environments/{number}/cohorts/hidden").json()["size"] == 1


def test_reads_go_on_while_a_large_cohort_comes_in(server, owner, numbers):
    """A quarter of a million ids, and nobody waits for them."""
    number = numbers["admin-two", "development"]
    done, slowest = threading.Event(), [0.0]

    reader = Admin(server, new_token(owner, [number])["token"])  # with a rate of its own

    def read():
        while not done.is_set():
            slowest[0] = max(slowest[0], reader.call("GET", "/admin/v1/tokens").elapsed.total_seconds())

    thread = threading.Thread(target=read)
    thread.start()
    try:
        answer = owner.put_cohort(number, "large", [f"user-{n:08d}" for n in range(250_000)])
    finally:
        done.set()
        thread.join()
    assert answer.json()["size"] == 250_000
    assert slowest[0] < 1.0


@pytest.mark.parametrize("count, status", [(1_000_000, 200), (1_000_001, 422)])
def test_the_largest_cohort_and_one_more(owner, numbers, count, status):
    number = numbers["admin-two", "development"]
    answer = owner.put_cohort(number, f"limit-{count}", [str(n) for n in range(count)])
    assert answer.status_code == status, answer.text
    owner.call("DELETE", f"/admin/v1/environments/{number}/cohorts/limit-{count}")


def test_cohorts_survive_a_restart(new_server):
    server = new_server().start()
    server.api().new_app("kept")
    owner = Admin(server, server.token)
    owner.put_cohort(3, "kept", ["a", "b"], name="Kept", groupType="org")
    before = owner.call("GET", "/admin/v1/environments/3/cohorts").json()
    server.restart()
    owner = Admin(server, server.token)
    assert owner.call("GET", "/admin/v1/environments/3/cohorts").json() == before


# ---- reach ---------------------------------------------------------------------------------------
def test_reach_tells_each_protocol(owner, api, numbers):
    app_id = next(e["appId"] for e in owner.call("GET", "/admin/v1/environments").json()["items"]
                  if e["appName"] == "admin-one")
    api.post("/flags", {"appId": app_id, "env": "production", "key": "plain", "type": "bool",
                        "value": True})
    number = numbers["admin-one", "production"]
    answer = owner.call("GET", f"/admin/v1/environments/{number}/flags/plain/reach").json()
    served = {row["protocol"]: row["served"] for row in answer["reach"]}
    assert served["superflag.config"] == "yes"
    assert served["amplitude.vardata"] == "yes"
    assert served["amplitude.flags"] == "stub"
    assert all(row.get("why") for row in answer["reach"] if row["served"] != "yes")
    assert_problem(owner.call("GET", f"/admin/v1/environments/{number}/flags/none/reach"), 404,
                   "not_found")
