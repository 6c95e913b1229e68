# SPDX-License-Identifier: Apache-2.0
"""Flags through the admin API: what is left out, what changes, what is refused, what they were."""
import json
import re

import pytest

from admin_desk import UNLIMITED, assert_problem, content
from admin_place import DefinitionDesk, Place, desk, place  # noqa: F401 (fixtures)
from harness import ABSENT, Server

TEXT = {"hash": "murmur3_32_utf8", "comparison": "text"}
TYPED = {"hash": "fnv1a_32_utf16", "comparison": "typed"}
BUCKET = {"bucket": {"slices": [{"percent": 50, "variations": [{"variation": "on", "weight": 1}]}],
                     "otherwise": "off"}}


# ---- what is left out ------------------------------------------------------------------------------
def test_a_key_alone_is_a_switch(place):
    made = place.make("dark-mode")
    document = dict(made["document"])
    assert re.fullmatch("[A-Za-z0-9]{8}", document.pop("salt"))
    assert document == {
        "key": "dark-mode", "kind": "flag", "type": "boolean", "description": "", "tags": [],
        "owner": "", "lifecycle": "active", "enabled": False, "arithmetic": TEXT,
        "bucketBy": "/context/user/user_id",
        "variations": [{"id": "on", "value": True}, {"id": "off", "value": False}],
        "offVariation": "off", "fallthrough": {"variation": "on"}}
    assert made["revision"] == 1
    assert made["id"].startswith("flag_")
    assert made["createdAt"] == made["modifiedAt"]
    assert made["createdBy"] == made["modifiedBy"] == "owner@localhost"
    assert place.get("dark-mode") == made


@pytest.mark.parametrize("values, kind, off, first", [
    (["x", "y"], "string", "b", "a"), ([1, 2.5], "number", "b", "a"), ([{}, []], "object", "b", "a"),
    ([False, True], "boolean", "b", "a")])
def test_the_type_is_that_of_the_variations(place, values, kind, off, first):
    variations = [{"id": i, "value": v} for i, v in zip("ab", values)]
    document = place.make("typed-by-values", variations=variations)["document"]
    assert document["type"] == kind
    assert document["offVariation"] == off
    assert document["fallthrough"] == {"variation": first}


def test_a_whole_document_comes_back_as_it_was_sent(place):
    place.make("parent", enabled=True)
    document = {
        "key": "whole", "kind": "experiment", "type": "string", "name": "Whole", "description": "d",
        "tags": ["a", "b"], "owner": "me", "lifecycle": "draft", "enabled": True, "archived": True,
        "visibility": "client", "arithmetic": TEXT, "evaluationMode": "local", "deployments": [],
        "bucketBy": "/context/user/device_id", "bucketingUnit": "org", "salt": "s",
        "variations": [{"id": "on", "value": "x", "name": "X", "description": "y",
                        "payload": {"a": [1, None]}, "included": ["u-1"], "cohorts": ["c"]},
                       {"id": "off", "value": ""}],
        "offVariation": "off", "fallthrough": BUCKET,
        "rules": [{"id": "r1", "when": {"op": "all", "expressions": [
            {"op": "match", "attribute": "/context/user/country", "operator": "text is",
             "value": ["de", "fr"]},
            {"op": "not", "expression": {"op": "any", "expressions": []}}]},
            "serve": {"variation": None}, "schedule": {"start": "2027-01-01T00:00:00Z"},
            "description": "some"},
            {"id": "r2", "when": {"op": "all", "expressions": []},
             "serve": {"progressiveBucket": {
                 "start": "2027-01-01T00:00:00Z", "end": "2027-02-01T00:00:00+01:00",
                 "slices": [{"from": 1, "to": 99,
                             "variations": [{"variation": "on", "weight": 3}, {"weight": 1}]}],
                 "otherwise": "off"}}}],
        "schedule": {"start": "2026-01-01T00:00:00Z", "end": "2029-01-01T00:00:00.5Z"},
        "metadata": {"ticket": 7},
        "experiment": {"type": "a-b-test", "sticky": True, "started": True, "start": "2026-01-01",
                       "end": "2027-01-01", "decision": "rollout", "decisionReason": "why",
                       "rolledOutVariation": "on", "exposureEvent": {"event_type": "seen"}}}
    assert place.make(**document)["document"] == document
    assert content(place.flags("/whole", "PUT", document))["document"] == document


def test_a_typed_document_comes_back_as_it_was_sent(place):
    content(place.owner.post(f"{place.base}/segments", {"key": "beta", "visibility": "client"}), 201)
    split = {"variations": [{"variation": "on", "weight": 1000}], "bucketBy": "plan", "salt": "s"}
    document = {
        "key": "typed", "kind": "flag", "type": "boolean", "description": "", "tags": [], "owner": "",
        "lifecycle": "active", "enabled": True, "arithmetic": TYPED,
        "variations": [{"id": "on", "value": True}, {"id": "off", "value": False}],
        "offVariation": "off", "fallthrough": {"rollout": split},
        "rules": [
            {"id": "a", "when": {"op": "segment", "segment": "beta", "negate": True},
             "serve": {"progressive": {"start": "2027-01-01T00:00:00Z", "end": "2027-01-02T00:00:00Z",
                                       "from": split, "to": split}}},
            {"id": "b", "when": {"op": "match", "attribute": "age", "operator": "gt", "value": 3},
             "serve": {"variation": "off"}},
            {"id": "c", "when": {"op": "match", "attribute": "age", "operator": "exists"},
             "serve": {"variation": "off"}}]}
    assert place.make(**document)["document"] == document


# ---- created or replaced ---------------------------------------------------------------------------
def test_put_creates_and_replaces(place):
    made = place.put("f", 201, enabled=True, tags=["x"])
    answer = place.flags("/f", "PUT", {"key": "f"})
    replaced = content(answer)
    assert replaced["document"]["enabled"] is False
    assert replaced["document"]["tags"] == []
    assert replaced["document"]["salt"] == made["document"]["salt"]
    assert (replaced["id"], replaced["number"]) == (made["id"], made["number"])
    assert (replaced["revision"], replaced["version"]) == (2, made["version"] + 1)
    assert answer.headers["ETag"] == place.tag("f") == f'"{made["number"]}-2"'
    assert place.get("f") == replaced


def test_a_new_flag_says_where_it_is(place):
    for method, path in (("POST", ""), ("PUT", "/b")):
        body = {"key": "a"} if method == "POST" else {}
        answer = place.flags(path, method, body)
        assert answer.status_code == 201
        made = place.owner.session.get(place.desk.server.base + answer.headers["Location"], timeout=9,
                                       headers={"Authorization": f"Bearer {place.owner.token}"})
        assert made.json() == answer.json()
        assert made.headers["ETag"] == answer.headers["ETag"]


def test_put_may_be_held_to_creating(place):
    only = {"If-None-Match": "*"}
    place.put("once", 201, headers=only)
    assert_problem(place.flags("/once", "PUT", {"enabled": True}, headers=only), 412, "stale")
    assert place.get("once")["document"]["enabled"] is False


def test_a_key_is_taken_once(place):
    place.make("f")
    before = place.version()
    assert_problem(place.flags("", "POST", {"key": "f"}), 409, "conflict", "/key")
    assert place.version() == before


@pytest.mark.parametrize("body, where", [
    ({}, "/key"), ({"key": 7}, "/key"), ({"key": "-x"}, "/key"), ({"key": ""}, "/key"),
    ({"key": "x", "id": "flag_1"}, "/id"), ({"key": "x", "surprise": 1}, "/surprise"),
    ({"key": "x", "enabled": 1}, "/enabled"), ({"key": "x", "type": "text"}, "/type"),
    ({"key": "x", "variations": []}, "/variations"),
    ({"key": "x", "type": "string"}, "/variations"),
    ({"key": "x", "arithmetic": {"hash": "murmur3_32_utf8", "comparison": "typed"}}, "/arithmetic"),
    ({"key": "x", "variations": [{"id": "a.b", "value": 1}, {"id": "a", "value": "x"}]},
     "/variations/1/value"),
    ({"key": "x", "fallthrough": {"variation": "none"}}, "/fallthrough/variation"),
    ({"key": "x", "fallthrough": {"rollout": {"variations": [{"variation": "on", "weight": 1}]}}},
     "/fallthrough"),
    ({"key": "x", "rules": [{"id": "r", "when": {"op": "match", "attribute": "/context/user/x",
                                                 "operator": "eq", "value": ["1"]},
                             "serve": {"variation": "on"}}]}, "/rules/0/when/operator"),
    ({"key": "x", "prerequisites": [{"flag": "none", "variations": ["on"]}]},
     "/prerequisites/0/flag"),
    ({"key": "x", "deployments": [999999]}, "/deployments/0"),
    ({"key": "x", "metadata": 7}, "/metadata"), ({"key": "x", "schedule": {"start": "soon"}},
                                                 "/schedule/start")])
def test_what_is_refused_is_pointed_at(place, body, where):
    assert_problem(place.flags("", "POST", body), 400, "invalid", where)
    assert place.keys() == []
    assert place.version() == 0


@pytest.mark.parametrize("body, where", [
    ({"key": "x" * 129}, "/key"), ({"key": "x", "tags": [str(n) for n in range(65)]}, "/tags"),
    ({"key": "x", "owner": "x" * 2049}, "/owner"),
    ({"key": "x", "metadata": {"a": "x" * 16_384}}, "/metadata"),
    ({"key": "x", "variations": [{"id": str(n), "value": n} for n in range(65)]}, "/variations")])
def test_what_passes_a_limit_is_pointed_at(place, body, where):
    assert_problem(place.flags("", "POST", body), 422, "limit", where)


def test_a_body_past_its_limit(place):
    answer = place.flags("", "POST", {"key": "x", "description": "x" * (16 * 1024 * 1024)})
    assert_problem(answer, 413, "too_large")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"key":"a","key":"b"}', b"\xff"])
def test_bodies_that_are_no_document(place, data):
    assert_problem(place.flags("", "POST", data=data), 400, "invalid")


def test_paths_and_bodies_agree_on_the_key(place):
    assert_problem(place.flags("/a", "PUT", {"key": "b"}), 400, "invalid", "/key")
    place.make("a")
    assert_problem(place.flags("/a", "PATCH", {"key": "b"}), 400, "invalid", "/key")
    assert place.flags("/a", "PATCH", {"key": "a", "enabled": True}).status_code == 200


def test_deployments_are_of_this_environment(place):
    number = content(place.owner.post(f"{place.base}/deployments", {"label": "l", "kind": "server"}),
                     201)["number"]
    assert place.make("f", deployments=[number])["document"]["deployments"] == [number]
    other = Place(place.desk, place.desk.app()["environments"][0]["number"])
    assert_problem(other.flags("", "POST", {"key": "f", "deployments": [number]}), 400, "invalid",
                   "/deployments/0")


# ---- changed ---------------------------------------------------------------------------------------
def test_a_patch_names_what_changes(place):
    made = place.make("f", name="F", tags=["a", "b"], metadata={"a": 1, "b": 2})
    changed = place.patch("f", enabled=True, name=None, tags=["c"], metadata={"a": None, "c": 3})
    expected = {**made["document"], "enabled": True, "tags": ["c"], "metadata": {"b": 2, "c": 3}}
    del expected["name"]
    assert changed["document"] == expected
    assert changed["revision"] == 2


def test_null_means_the_default_again(place):
    made = place.make("f", description="d", salt="s")
    changed = place.patch("f", description=None, salt=None, fallthrough=None)
    assert changed["document"]["description"] == ""
    assert changed["document"]["salt"] == made["document"]["salt"] == "s"
    assert changed["document"]["fallthrough"] == {"variation": "on"}


@pytest.mark.parametrize("media, status", [
    ("application/merge-patch+json", 200), ("application/json", 200),
    ("application/json; charset=utf-8", 200), ("text/plain", 415), ("application/json-patch+json", 415)])
def test_media_of_a_patch(place, media, status):
    place.make("f")
    answer = place.flags("/f", "PATCH", data=b'{"enabled":true}', headers={"Content-Type": media})
    assert answer.status_code == status


def test_what_is_not_there_cannot_change(place):
    for method, path, body in (("PATCH", "", {}), ("DELETE", "", ABSENT), ("GET", "", ABSENT),
                               ("GET", "/reach", ABSENT), ("GET", "/history", ABSENT)):
        assert_problem(place.flags("/none" + path, method, body), 404, "not_found")
    place.make("f")
    assert_problem(place.flags("/none/restore", "POST", {"version": 1}), 404, "not_found")


@pytest.mark.parametrize("method, body", [("PUT", {}), ("PATCH", {}), ("DELETE", ABSENT)])
def test_a_stale_tag_changes_nothing(place, method, body):
    place.make("f")
    stale = place.tag("f")
    place.patch("f", enabled=True)
    before = place.get("f")
    problem = assert_problem(place.flags("/f", method, body, headers={"If-Match": stale}), 412,
                             "stale")
    assert place.tag("f") in problem["detail"]
    assert place.get("f") == before
    fresh = place.flags("/f", method, body, headers={"If-Match": f'"x", {place.tag("f")}'})
    assert fresh.status_code in (200, 204)


def test_only_one_of_many_with_the_same_tag_wins(place):
    place.make("f")
    tag = place.tag("f")
    statuses = [place.flags("/f", "PATCH", {"owner": str(n)}, headers={"If-Match": tag}).status_code
                for n in range(4)]
    assert statuses == [200, 412, 412, 412]
    assert place.get("f")["document"]["owner"] == "0"


def test_asking_twice_changes_once(place):
    headers = {"Idempotency-Key": "k-1"}
    first = place.flags("", "POST", {"key": "f"}, headers=headers)
    again = place.flags("", "POST", {"key": "f"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert place.version() == 1


def test_an_experiment_that_was_on_has_started(place):
    made = place.make("e", kind="experiment")
    assert "experiment" not in made["document"]
    assert place.patch("e", enabled=True)["document"]["experiment"] == {"started": True}
    off = place.put("e", kind="experiment", experiment={"sticky": True, "started": False})
    assert off["document"]["experiment"] == {"sticky": True, "started": True}
    back = content(place.flags("/e/restore", "POST", {"version": made["version"]}))
    assert back["document"]["experiment"] == {"started": True}
    assert place.make("f", enabled=True)["document"].get("experiment") is None


# ---- dealing anew ----------------------------------------------------------------------------------
@pytest.mark.parametrize("change, where", [
    ({"salt": "t"}, "/salt"),
    ({"arithmetic": TYPED, "salt": None, "bucketBy": None, "fallthrough": {
        "bucket": None, "rollout": {"variations": [{"variation": "on", "weight": 1}]}}},
     "/arithmetic"),
    ({"fallthrough": {"bucket": {"salt": "t"}}}, "/fallthrough")])
def test_dealing_anew_wants_to_be_meant(place, change, where):
    place.make("f", salt="s", fallthrough=BUCKET)
    problem = assert_problem(place.flags("/f", "PATCH", change), 422, "needs_acknowledgement", where)
    assert "/fallthrough" in problem["detail"]
    assert place.get("f")["revision"] == 1
    answer = place.flags("/f", "PATCH", change, acknowledge="reshuffle")
    assert answer.status_code == 200, answer.text
    assert answer.json()["revision"] == 2


def test_moving_shares_needs_no_acknowledgement(place):
    place.make("f", salt="s", fallthrough=BUCKET)
    more = json.loads(json.dumps(BUCKET))
    more["bucket"]["slices"][0]["percent"] = 60
    place.put("f", salt="s", fallthrough=more, enabled=True)


def test_acknowledgements_are_of_something(place):
    place.make("f")
    assert_problem(place.flags("/f", "PATCH", {}, acknowledge="anything"), 400, "invalid",
                   "?acknowledge")
    assert_problem(place.flags("", "POST", {"key": "g"}, acknowledge="reshuffle"), 400, "invalid",
                   "?acknowledge")


# ---- dry runs --------------------------------------------------------------------------------------
def test_a_dry_run_tells_and_does_nothing(place):
    place.make("parent", enabled=True)
    place.make("child", prerequisites=[{"flag": "parent", "variations": ["on"]}])
    before = [place.get("parent"), place.get("child")]
    report = content(place.flags("/parent", "PATCH", {"enabled": False}, dryRun="true"))
    assert report == {
        "dryRun": True, "environment": place.number, "version": before[0]["version"] + 1,
        "changes": [{"kind": "flag", "key": "parent", "op": "update", "diff": [
            {"op": "replace", "path": "/enabled", "from": True, "to": False}]}],
        "affected": ["child", "parent"]}
    made = content(place.flags("", "POST", {"key": "new"}, dryRun="true"))
    assert [(c["key"], c["op"], c["diff"][0]["op"], c["diff"][0]["path"]) for c in made["changes"]] == \
        [("new", "create", "add", "")]
    assert "id" not in made["changes"][0]["diff"][0]["to"]
    gone = content(place.flags("/child", "DELETE", dryRun="true"))
    assert gone["changes"][0]["op"] == "delete"
    assert_problem(place.flags("/parent", "DELETE", dryRun="true"), 409, "conflict")
    assert_problem(place.flags("", "POST", {"key": "child"}, dryRun="true"), 409, "conflict")
    assert [place.get("parent"), place.get("child")] == before
    assert place.keys() == ["child", "parent"]


def test_descriptions_only_affect_nobody(place):
    place.make("f")
    report = content(place.flags("/f", "PATCH", {"description": "d"}, dryRun="true"))
    assert report["affected"] == []


# ---- deleted ---------------------------------------------------------------------------------------
def test_a_flag_others_lean_on_stays(place):
    place.make("parent")
    for key in ("one", "two"):
        place.make(key, prerequisites=[{"flag": "parent", "variations": ["on"]}])
    problem = assert_problem(place.flags("/parent", "DELETE"), 409, "conflict")
    assert "one" in problem["detail"]
    assert "two" in problem["detail"]
    problem = assert_problem(place.flags("/parent", "PATCH", {
        "variations": [{"id": "yes", "value": True}], "offVariation": "yes", "fallthrough": None}),
        409, "conflict")
    assert "flag one" in problem["detail"]
    assert place.flags("/one", "DELETE").status_code == 204
    assert place.flags("/two", "DELETE").status_code == 204
    assert place.flags("/parent", "DELETE").status_code == 204
    assert place.keys() == []


def test_a_key_that_is_used_again_is_another_flag(place):
    first = place.make("f")
    assert place.flags("/f", "DELETE").status_code == 204
    second = place.make_again("f")
    assert second["id"] != first["id"]
    assert second["number"] > first["number"]
    assert second["revision"] == 1
    assert second["document"]["salt"] != first["document"]["salt"]


# ---- lists -----------------------------------------------------------------------------------------
def test_lists_are_filtered(place):
    place.make("alpha", name="First One", tags=["x"], enabled=True)
    place.make("beta", tags=["x", "y"], archived=True)
    place.make("gamma", kind="experiment", name="one more")
    assert place.keys() == ["alpha", "beta", "gamma"]
    assert place.keys(tag="x") == ["alpha", "beta"]
    assert place.keys(tag="X") == []
    assert place.keys(q="ONE") == ["alpha", "gamma"]
    assert place.keys(q="eTa") == ["beta"]
    assert place.keys(q="") == ["alpha", "beta", "gamma"]
    assert place.keys(archived="true") == ["beta"]
    assert place.keys(archived="false", enabled="false") == ["gamma"]
    assert place.keys(kind="experiment") == ["gamma"]
    assert place.keys(kind="mutex") == []
    assert place.keys(tag="x", enabled="true") == ["alpha"]


@pytest.mark.parametrize("params, where", [
    ({"kind": "all"}, "?kind"), ({"archived": "1"}, "?archived"), ({"enabled": "yes"}, "?enabled"),
    ({"limit": 0}, "?limit"), ({"cursor": "x"}, "?cursor"), ({"sort": "key"}, "?sort")])
def test_filters_there_are_not(place, params, where):
    assert_problem(place.flags(**params), 400, "invalid", where)


def test_pages_go_by_key_whatever_comes_and_goes(place):
    for key in "acegik":
        place.make(key)
    page = content(place.flags(limit=2))
    assert [i["document"]["key"] for i in page["items"]] == ["a", "c"]
    place.make("b")
    place.make("d")
    assert place.flags("/c", "DELETE").status_code == 204
    rest = place.keys(limit=2, cursor=page["next"])
    assert rest == ["d", "e", "g", "i", "k"]
    assert place.keys(limit=1, q="k") == ["k"]


def test_reads_tell_what_has_not_changed(place):
    place.make("f")
    for path in ("/f", "", "/f/history", "/f/reach"):
        first = place.flags(path)
        again = place.flags(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    tag = place.tag("f")
    place.patch("f", enabled=True)
    assert place.flags("/f", headers={"If-None-Match": tag}).status_code == 200


# ---- what was --------------------------------------------------------------------------------------
def test_flags_are_read_as_they_were(place):
    first = place.make("f")
    place.patch("f", enabled=True)
    place.make("g")
    assert place.get("f", at=str(first["version"])) == first
    assert place.keys(at=str(first["version"])) == ["f"]
    assert place.keys(at="0") == []
    assert_problem(place.flags("/g", at="1"), 404, "not_found")
    assert_problem(place.flags("/f", at="4"), 404, "not_found")
    assert_problem(place.flags("/f", at="yesterday"), 400, "invalid")


def test_history_is_newest_first(place):
    documents = [place.make("f")["document"]]
    documents += [place.patch("f", owner=str(n))["document"] for n in range(4)]
    place.make("other")
    rows = place.owner.all(f"{place.base}/flags/f/history", limit=2)
    assert [row["document"] for row in rows] == documents[::-1]
    assert [row["revision"] for row in rows] == [5, 4, 3, 2, 1]
    assert [row["version"] for row in rows] == [5, 4, 3, 2, 1]
    assert {row["actor"] for row in rows} == {"owner@localhost"}


def test_history_outlives_the_flag(place):
    place.make("f", owner="first")
    place.flags("/f", "DELETE")
    rows = place.owner.all(f"{place.base}/flags/f/history")
    assert [(row["revision"], row["document"]["owner"]) for row in rows] == [(1, "first")]
    place.make_again("f", owner="second")
    rows = place.owner.all(f"{place.base}/flags/f/history")
    assert [(row["revision"], row["document"]["owner"]) for row in rows] == [(1, "second")]


def test_a_cursor_of_another_list(place):
    place.make("a")
    place.make("b")
    cursor = content(place.flags(limit=1))["next"]
    assert_problem(place.flags("/a/history", cursor=cursor), 400, "invalid", "?cursor")


def test_a_flag_goes_back(place):
    first = place.make("f", tags=["first"])
    place.patch("f", tags=["second"], enabled=True)
    answer = place.flags("/f/restore", "POST", {"version": first["version"]})
    restored = content(answer)
    assert restored["document"] == first["document"]
    assert (restored["id"], restored["revision"], restored["version"]) == (first["id"], 3, 3)
    assert answer.headers["ETag"] == place.tag("f")
    assert place.get("f") == restored


def test_a_deleted_flag_comes_back_as_itself(place):
    made = place.make("f", owner="me")
    place.patch("f", owner="you")
    place.flags("/f", "DELETE")
    place.make("g")
    restored = content(place.flags("/f/restore", "POST", {"version": made["version"]}))
    assert (restored["id"], restored["number"]) == (made["id"], made["number"])
    assert (restored["revision"], restored["version"]) == (3, 5)
    assert restored["createdAt"] == made["createdAt"]
    assert restored["document"] == made["document"]
    assert place.get("f") == restored
    rows = place.owner.all(f"{place.base}/flags/f/history")
    assert [row["revision"] for row in rows] == [3, 2, 1]


def test_a_flag_takes_its_key_back_from_another(place):
    first = place.make("f", salt="s")
    place.flags("/f", "DELETE")
    second = place.make_again("f", salt="s")
    restored = content(place.flags("/f/restore", "POST", {"version": 1}))
    assert (restored["id"], restored["number"]) == (first["id"], first["number"])
    assert restored["id"] != second["id"]
    assert restored["revision"] == 2
    assert place.get("f") == restored


def test_restoring_is_conditional_and_checked(place):
    made = place.make("f", salt="s", fallthrough=BUCKET)
    stale = place.tag("f")
    place.flags("/f", "PATCH", {"salt": "t"}, acknowledge="reshuffle")
    body = {"version": made["version"]}
    assert_problem(place.flags("/f/restore", "POST", body, headers={"If-Match": stale}), 412, "stale")
    assert_problem(place.flags("/f/restore", "POST", body), 422, "needs_acknowledgement", "/salt")
    assert place.flags("/f/restore", "POST", body, acknowledge="reshuffle").status_code == 200
    for wrong in ({}, {"version": "1"}, {"version": -1}, {"version": 1.5}):
        assert_problem(place.flags("/f/restore", "POST", wrong), 400, "invalid", "/version")
    assert_problem(place.flags("/f/restore", "POST", {"version": 99}), 404, "not_found")
    assert_problem(place.flags("/f/restore", "POST", {"version": 0}), 404, "not_found")
    report = content(place.flags("/f/restore", "POST", body, dryRun="true"))
    assert [c["op"] for c in report["changes"]] == ["update"]


def test_what_a_restored_flag_leans_on_has_to_be_there(place):
    place.make("parent")
    made = place.make("child", prerequisites=[{"flag": "parent", "variations": ["on"]}])
    place.flags("/child", "DELETE")
    place.flags("/parent", "DELETE")
    answer = place.flags("/child/restore", "POST", {"version": made["version"]})
    assert_problem(answer, 400, "invalid", "/prerequisites/0/flag")


# ---- who may ---------------------------------------------------------------------------------------
def test_viewers_read_and_editors_write(desk, place):
    viewer, editor = desk.person("viewer"), desk.person("editor")
    place.make("f")
    path = f"{place.base}/flags"
    assert viewer.get(path + "/f").status_code == 200
    for method, end, body in (("POST", "", {"key": "g"}), ("PUT", "/f", {}), ("PATCH", "/f", {}),
                              ("DELETE", "/f", ABSENT), ("POST", "/f/restore", {"version": 1})):
        assert_problem(viewer.call(method, path + end, body), 403, "denied")
    changed = content(editor.patch(path + "/f", {"enabled": True}))
    assert changed["modifiedBy"] == editor.user["email"]
    assert changed["createdBy"] == "owner@localhost"


def test_strangers_see_nothing(desk, place):
    other = desk.app()["environments"][0]["number"]
    stranger = desk.speaker(kind="environment", environments=[other])
    place.make("f")
    path = f"{place.base}/flags"
    for method, end, body in (("GET", "", ABSENT), ("POST", "", {"key": "g"}), ("GET", "/f", ABSENT),
                              ("PUT", "/f", {}), ("PATCH", "/f", {}), ("DELETE", "/f", ABSENT),
                              ("GET", "/f/history", ABSENT), ("GET", "/f/reach", ABSENT),
                              ("POST", "/f/restore", {"version": 1})):
        assert_problem(stranger.call(method, path + end, body), 404, "not_found")
    assert place.version() == 1


def test_a_read_only_token_changes_nothing(desk, place):
    reader = desk.speaker(kind="environment", environments=[place.number], access="read")
    assert reader.get(f"{place.base}/flags").status_code == 200
    assert_problem(reader.post(f"{place.base}/flags", {"key": "f"}), 403, "denied")


# ---- limits and durability -------------------------------------------------------------------------
def test_large_documents_page_early(place):
    value = "x" * 60_000
    for n in range(8):
        place.make(f"large-{n}", variations=[{"id": str(i), "value": value} for i in range(14)])
    page = content(place.flags(limit=1000))
    assert 0 < len(page["items"]) < 8
    assert place.keys(limit=1000) == [f"large-{n}" for n in range(8)]


def test_flags_survive_a_restart(tmp_path):
    server = Server(tmp_path / "kept", UNLIMITED).start()
    try:
        place = Place(DefinitionDesk(server), 1)
        place.desk.app()
        made = place.make("f", tags=["kept"])
        place.patch("f", enabled=True)
        before = [place.get("f"), place.owner.all(f"{place.base}/flags/f/history")]
        server.restart()
        place = Place(DefinitionDesk(server), 1)
        assert [place.get("f"), place.owner.all(f"{place.base}/flags/f/history")] == before
        assert place.get("f", at="1") == made
    finally:
        server.close()


# ---- reach -----------------------------------------------------------------------------------------
def test_reach_tells_each_protocol(place):
    place.make("native")
    place.make("typed", arithmetic=TYPED)
    for key in ("native", "typed"):
        answer = content(place.flags(f"/{key}/reach"))
        assert answer["flag"] == key
        assert all(row.get("why") for row in answer["reach"] if row["served"] != "yes")
    served = {row["protocol"]: row["served"] for row in content(place.flags("/typed/reach"))["reach"]}
    assert served["superflag.config"] == "yes"
