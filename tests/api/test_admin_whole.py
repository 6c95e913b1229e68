# SPDX-License-Identifier: Apache-2.0
"""Environments as a whole through the admin API: versions, compare, promote, restore, export, import."""
import itertools
import json

import pytest
import requests

from harness import ABSENT, Server

_names = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Without the limit of requests per second, which tests meet sooner than people."""
    made = Server(tmp_path_factory.mktemp("whole"), "--admin-per-second=0").start()
    yield made
    made.close()


class Environment:
    """One environment, spoken to through /admin/v1."""

    def __init__(self, base, token, number):
        self.base, self.token, self.number = base, token, number
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method, path, body=ABSENT, *, data=None, headers=None, **params):
        sent = {"Authorization": f"Bearer {self.token}"}
        if body is not ABSENT:
            data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        elif data is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        if not path.startswith("/"):
            path = f"/admin/v1/environments/{self.number}/{path}".rstrip("/")
        return self.session.request(method, self.base + path, data=data, params=params,
                                    headers=sent, timeout=60)

    def flag(self, key, **members):
        answer = self.call("PUT", f"flags/{key}", members)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def segment(self, key, **members):
        answer = self.call("PUT", f"segments/{key}", members)
        assert answer.status_code in (200, 201), answer.text

    def deployment(self, label):
        answer = self.call("POST", "deployments", {"label": label, "kind": "server"})
        assert answer.status_code == 201, answer.text
        return answer.json()["number"]

    def version(self):
        return self.call("GET", "").json()["version"]

    def export(self, **params):
        answer = self.call("GET", "export", **params)
        assert answer.status_code == 200, answer.text
        return answer.text

    def take(self, text, mode="replace", status=200, headers=None, **params):
        answer = self.call("POST", "import", data=text.encode(), mode=mode, headers=headers, **params)
        assert answer.status_code == status, answer.text
        return answer.json()

    def document(self, key, **params):
        answer = self.call("GET", f"flags/{key}", **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["document"]


@pytest.fixture
def world(server, api):
    """A new app's environments by name."""
    app = api.new_app(f"whole-{next(_names)}")
    session = Environment(server.base, server.token, 0)
    listed = session.call("GET", "/admin/v1/environments", limit=1000).json()["items"]
    return {e["name"]: Environment(server.base, server.token, e["number"])
            for e in listed if e["appId"] == app.id}


def fill(environment):
    """A bit of everything, in an order that is not the keys'."""
    web = environment.deployment("web")
    environment.segment("staff", included=["ann", "bob"])
    environment.flag("zebra", enabled=True, type="boolean")
    environment.flag("apple", enabled=True, type="string", deployments=[web],
                     variations=[{"id": "red", "value": "red"}, {"id": "off", "value": "off"}])
    environment.flag("mango", type="number", enabled=True,
                     variations=[{"id": "low", "value": 1}, {"id": "high", "value": 2.5}])
    answer = environment.call("PUT", "cohorts/friends", data=b"zoe\nann\n",
                              headers={"Content-Type": "text/plain"}, name="Friends")
    assert answer.status_code in (200, 201), answer.text


def assert_problem(answer, status, code, pointer=None):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["code"] == code
    if pointer is not None:
        assert problem["errors"][0]["pointer"] == pointer


# ---- versions --------------------------------------------------------------------------------
def test_versions_are_listed_newest_first_in_pages(world):
    one = world["development"]
    for turn in range(5):
        one.flag("turn", enabled=turn % 2 == 0)
    newest = one.version()
    seen, cursor = [], None
    while True:
        page = one.call("GET", "versions", limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [item["version"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
        assert len(page["items"]) == 2
    assert seen == list(range(newest, 0, -1))


def test_a_version_says_who_did_what(world):
    one = world["development"]
    one.flag("news", enabled=False)
    one.flag("news", enabled=True)
    version = one.version()
    detail = one.call("GET", f"versions/{version}").json()
    assert detail["version"] == version
    assert detail["actor"]
    assert detail["touched"] == [{"key": "news", "kind": "flag", "op": "update"}]
    assert [change["key"] for change in detail["changes"]] == ["news"]
    assert detail["changes"][0]["diff"] == [
        {"op": "replace", "path": "/enabled", "from": False, "to": True}]
    first = one.call("GET", f"versions/{version - 1}").json()
    assert first["changes"][0]["op"] == "create"
    for absent in ("0", str(version + 1), "x", "-1"):
        assert_problem(one.call("GET", f"versions/{absent}"), 404, "not_found")


def test_a_deletion_is_a_version_too(world):
    one = world["development"]
    one.flag("gone")
    assert one.call("DELETE", "flags/gone").status_code == 204
    changes = one.call("GET", f"versions/{one.version()}").json()["changes"]
    assert [(change["key"], change["op"]) for change in changes] == [("gone", "delete")]


# ---- restore ---------------------------------------------------------------------------------
def test_restore_brings_everything_back_as_a_new_version(world):
    one = world["development"]
    fill(one)
    before, version = one.export(), one.version()
    ids = {key: one.call("GET", f"flags/{key}").json()["id"] for key in ("zebra", "apple")}
    one.flag("zebra", enabled=False, type="boolean")
    one.flag("newcomer")
    assert one.call("DELETE", "flags/apple").status_code == 204
    one.segment("staff", included=["eve"])
    assert one.call("DELETE", "cohorts/friends").status_code == 204
    done = one.call("POST", "restore", {"version": version})
    assert done.status_code == 200, done.text
    assert done.json()["version"] == one.version() > version
    assert {(c["kind"], c["key"], c["op"]) for c in done.json()["changes"]} == {
        ("flag", "zebra", "update"), ("flag", "apple", "create"), ("flag", "newcomer", "delete"),
        ("segment", "staff", "update"), ("cohort", "friends", "create")}
    assert one.export() == before
    assert {key: one.call("GET", f"flags/{key}").json()["id"] for key in ids} == ids


def test_restore_to_the_empty_beginning(world):
    one = world["development"]
    one.flag("something")
    assert one.call("POST", "restore", {"version": 0}).status_code == 200
    assert json.loads(one.export())["flags"] == []


def test_restore_refuses(world):
    one = world["development"]
    one.flag("something")
    version = one.version()
    for bad in ({"version": version + 1}, ):
        assert_problem(one.call("POST", "restore", bad), 404, "not_found")
    for bad in ({}, {"version": "1"}, {"version": 1.5}, {"version": -1}, {"version": None}):
        assert_problem(one.call("POST", "restore", bad), 400, "invalid", "/version")
    assert_problem(one.call("POST", "restore", {"version": 0, "more": 1}), 400, "invalid", "/more")
    assert_problem(one.call("POST", "restore", {"version": 0}, headers={"If-Match": '"v0"'}),
                   412, "stale")
    assert one.version() == version
    held = one.call("POST", "restore", {"version": 0}, headers={"If-Match": f'"v{version}"'})
    assert held.status_code == 200
    assert held.headers["ETag"] == f'"v{version + 1}"'


def test_a_dry_restore_changes_nothing(world):
    one = world["development"]
    one.flag("something", enabled=True)
    version, before = one.version(), one.export()
    told = one.call("POST", "restore", {"version": 0}, dryRun="true").json()
    assert told["dryRun"] is True
    assert told["version"] == version + 1
    assert [(c["key"], c["op"]) for c in told["changes"]] == [("something", "delete")]
    assert one.version() == version
    assert one.export() == before


# ---- compare ---------------------------------------------------------------------------------
def test_versions_of_one_environment_compared(world):
    one = world["development"]
    one.flag("same", enabled=True)
    one.flag("moves", enabled=False)
    version = one.version()
    one.flag("moves", enabled=True)
    answer = one.call("GET", "/admin/v1/compare", **{"from": f"{one.number}@{version}",
                                                     "to": str(one.number)}).json()
    assert answer["from"] == {"environment": one.number, "version": version}
    assert answer["to"] == {"environment": one.number, "version": version + 1}
    assert [(c["key"], c["op"]) for c in answer["changes"]] == [("moves", "update")]


def test_environments_compared_whatever_their_ids(world):
    one, two = world["development"], world["staging"]
    for environment in (one, two):
        environment.flag("same", enabled=True, salt="s")
    one.flag("only-one")
    two.flag("only-two")
    answer = one.call("GET", "/admin/v1/compare",
                      **{"from": str(one.number), "to": str(two.number)}).json()
    assert {(c["key"], c["op"]) for c in answer["changes"]} == {
        ("only-one", "delete"), ("only-two", "create")}


def test_compare_refuses(world):
    one = world["development"]
    assert_problem(one.call("GET", "/admin/v1/compare", **{"from": str(one.number)}), 400, "invalid")
    assert_problem(one.call("GET", "/admin/v1/compare", **{"from": "999999", "to": "1"}), 404,
                   "not_found")
    assert_problem(one.call("GET", "/admin/v1/compare",
                            **{"from": f"{one.number}@99999", "to": str(one.number)}), 404,
                   "not_found")


# ---- promote ---------------------------------------------------------------------------------
def test_promote_takes_a_new_flag_over(world):
    one, two = world["development"], world["staging"]
    one.segment("staff", included=["ann"])
    one.flag("launch", enabled=True, description="to be seen everywhere")
    done = two.call("POST", "promote", {"from": str(one.number), "flags": ["launch"],
                                        "segments": ["staff"]})
    assert done.status_code == 200, done.text
    assert two.document("launch") == one.document("launch")
    assert two.call("GET", "flags/launch").json()["id"] != one.call("GET", "flags/launch").json()["id"]


def test_promote_keeps_salt_and_deployments_of_a_flag_that_is_there(world):
    one, two = world["development"], world["staging"]
    web = two.deployment("web")
    two.flag("launch", enabled=False, salt="theirs", deployments=[web])
    one.flag("launch", enabled=True, salt="ours", description="new words")
    two.call("POST", "promote", {"from": str(one.number), "flags": ["launch"]})
    taken = two.document("launch")
    assert taken["salt"] == "theirs"
    assert taken["deployments"] == [web]
    assert taken["description"] == "new words"
    assert taken["enabled"] is True
    one.flag("launch", enabled=False, salt="ours")
    two.call("POST", "promote", {"from": str(one.number), "flags": ["launch"], "enabled": "keep"})
    assert two.document("launch")["enabled"] is True


def test_promote_from_a_version(world):
    one, two = world["development"], world["staging"]
    one.flag("launch", enabled=True)
    version = one.version()
    one.flag("launch", enabled=False)
    two.call("POST", "promote", {"from": f"{one.number}@{version}", "flags": ["launch"]})
    assert two.document("launch")["enabled"] is True


def test_promote_finds_deployments_by_label(world):
    one, two = world["development"], world["staging"]
    number = one.deployment("web")
    one.flag("launch", deployments=[number])
    refused = two.call("POST", "promote", {"from": str(one.number), "flags": ["launch"]})
    assert_problem(refused, 400, "invalid")
    assert "web" in refused.json()["detail"]
    theirs = two.deployment("web")
    assert two.call("POST", "promote",
                    {"from": str(one.number), "flags": ["launch"]}).status_code == 200
    assert two.document("launch")["deployments"] == [theirs]


def test_promote_refuses_what_would_not_hold(world):
    one, two = world["development"], world["staging"]
    one.flag("base", enabled=True)
    one.flag("leans", enabled=True, prerequisites=[{"flag": "base", "variations": ["on"]}])
    version = two.version()
    assert two.call("POST", "promote", {"from": str(one.number), "flags": ["leans"]}).status_code in (
        400, 409)
    assert_problem(two.call("POST", "promote", {"from": str(one.number), "flags": ["nope"]}), 400,
                   "invalid", "/flags/0")
    assert_problem(two.call("POST", "promote", {"from": str(one.number)}), 400, "invalid", "/flags")
    assert_problem(two.call("POST", "promote", {"flags": ["base"]}), 400, "invalid", "/from")
    assert_problem(two.call("POST", "promote", {"from": "999999", "flags": ["base"]}), 404,
                   "not_found")
    assert_problem(two.call("POST", "promote", {"from": str(one.number), "flags": ["base"]},
                            headers={"If-Match": '"v77"'}), 412, "stale")
    assert two.version() == version
    assert two.call("POST", "promote",
                    {"from": str(one.number), "flags": ["leans", "base"]}).status_code == 200


# ---- export and import -----------------------------------------------------------------------
def test_export_is_sorted_and_stable(world):
    one = world["development"]
    fill(one)
    text = one.export()
    assert text == one.export()
    parsed = json.loads(text)
    assert [flag["key"] for flag in parsed["flags"]] == ["apple", "mango", "zebra"]
    assert parsed["flags"][0]["deployments"] == ["web"]
    assert all("id" not in flag for flag in parsed["flags"])
    assert parsed["cohorts"][0]["memberIds"] == ["ann", "zoe"]
    assert text.endswith("}\n")


def test_a_round_trip_is_exact(world):
    one, two, three = (world[name] for name in ("development", "staging", "production"))
    fill(one)
    text = one.export()
    for other in (two, three):
        other.deployment("unrelated")
        other.deployment("web")
        other.take(text)
        assert other.export() == text
    version = two.version()
    told = two.take(text)
    assert told["changes"] == []
    assert two.export() == text
    assert two.version() >= version


def test_labels_that_are_there_twice_keep_their_meaning(world):
    one = world["development"]
    one.deployment("web")
    second = one.deployment("web")
    one.flag("apple", deployments=[second])
    text = one.export()
    assert json.loads(text)["flags"][0]["deployments"] == [f"web#{second}"]
    one.flag("apple")
    one.take(text)
    assert one.document("apple")["deployments"] == [second]


def test_replace_deletes_and_merge_keeps(world):
    one, two = world["development"], world["staging"]
    one.flag("taken", enabled=True)
    text = one.export()
    two.flag("theirs")
    two.take(text, mode="merge")
    assert [flag["key"] for flag in json.loads(two.export())["flags"]] == ["taken", "theirs"]
    two.take(text, mode="replace")
    assert [flag["key"] for flag in json.loads(two.export())["flags"]] == ["taken"]


def test_export_as_of_a_version(world):
    one = world["development"]
    one.flag("first")
    text, version = one.export(), one.version()
    one.flag("second")
    assert one.export(at=version) == text
    assert one.export() != text


def test_export_without_cohorts_leaves_them_alone(world):
    one, two = world["development"], world["staging"]
    fill(one)
    text = one.export(cohorts="none")
    assert "cohorts" not in json.loads(text)
    two.deployment("web")
    two.call("PUT", "cohorts/theirs", data=b"x\n", headers={"Content-Type": "text/plain"})
    two.take(text)
    assert [c["id"] for c in json.loads(two.export())["cohorts"]] == ["theirs"]


def test_a_dry_import_changes_nothing(world):
    one, two = world["development"], world["staging"]
    one.flag("taken", enabled=True)
    version = two.version()
    told = two.take(one.export(), dryRun="true")
    assert told["dryRun"] is True
    assert [(c["key"], c["op"]) for c in told["changes"]] == [("taken", "create")]
    assert two.version() == version
    assert json.loads(two.export())["flags"] == []


@pytest.mark.parametrize("text, pointer", [
    ('{"format":"guidon.environment/2"}', "/format"),
    ('{}', "/format"),
    ('{"format":"guidon.environment/1","flags":{}}', "/flags"),
    ('{"format":"guidon.environment/1","more":[]}', "/more"),
    ('{"format":"guidon.environment/1","flags":[1]}', "/flags/0"),
    ('{"format":"guidon.environment/1","flags":[{"id":"flag_x"}]}', "/flags/0/id"),
    ('{"format":"guidon.environment/1","cohorts":[{"id":"a","groupType":"User"}]}', "/cohorts/0"),
    ('{"format":"guidon.environment/1","cohorts":[{"id":"a","groupType":"User","memberIds":[1]}]}',
     "/cohorts/0/memberIds"),
    ('{"format":"guidon.environment/1","settings":{"form":"x"}}', "/settings"),
])
def test_import_refuses_what_is_no_export(world, text, pointer):
    one = world["development"]
    one.flag("stays")
    version = one.version()
    answer = one.call("POST", "import", data=text.encode(), mode="replace")
    assert_problem(answer, 400, "invalid", pointer)
    assert one.version() == version


def test_import_refuses_a_key_twice_and_bad_documents(world):
    one = world["development"]
    one.flag("apple")
    parsed = json.loads(one.export())
    parsed["flags"] *= 2
    assert_problem(one.call("POST", "import", parsed, mode="replace"), 400, "invalid",
                   "/flags/1/key")
    parsed["flags"] = parsed["flags"][:1]
    parsed["flags"][0]["offVariation"] = "nobody"
    answer = one.call("POST", "import", parsed, mode="replace")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith("/flags/0/")
    parsed["flags"][0]["deployments"] = ["nowhere"]
    assert_problem(one.call("POST", "import", parsed, mode="replace"), 400, "invalid",
                   "/flags/0/deployments/0")
    assert_problem(one.call("POST", "import", data=b"not json", mode="replace"), 400, "invalid")
    assert_problem(one.call("POST", "import", {}, mode="sideways"), 400, "invalid")
    assert_problem(one.call("POST", "import", {}), 400, "invalid")


# ---- asked again ---------------------------------------------------------------------------
def answer_to_import_of(environment, description_bytes, key):
    """Twice the same import, whose answer says the text that came in."""
    flag = {"key": "wide", "kind": "flag", "type": "object", "description": "", "tags": [], "owner": "",
            "lifecycle": "active", "enabled": True,
            "arithmetic": {"hash": "murmur3_32_utf8", "comparison": "text"}, "salt": "s",
            "variations": [{"id": f"v{n}", "value": {"text": "x" * description_bytes}}
                           for n in range(60)],
            "offVariation": "v0", "fallthrough": {"variation": "v0"}}
    text = json.dumps({"format": "guidon.environment/1", "flags": [flag]}).encode()
    return [environment.call("POST", "import", data=text, mode="merge",
                             headers={"Idempotency-Key": key}) for _ in range(2)]


def test_an_answer_that_is_too_long_is_not_kept(world):
    one = world["development"]
    first, again = answer_to_import_of(one, 10000, "short")
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert first.content == again.content
    assert len(first.content) < 1 << 20
    first, again = answer_to_import_of(one, 18000, "long")
    assert first.status_code == 200
    assert len(first.content) > 1 << 20
    assert_problem(again, 409, "idempotency_unfinished")
    assert again.json()["version"] == first.json()["version"] == one.version()
