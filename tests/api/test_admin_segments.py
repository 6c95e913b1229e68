# SPDX-License-Identifier: Apache-2.0
"""Segments through the admin API."""
import pytest

from admin_desk import assert_problem, content
from admin_place import desk, place  # noqa: F401 (fixtures)
from harness import ABSENT

TYPED = {"hash": "fnv1a_32_utf16", "comparison": "typed"}


class Segments:
    def __init__(self, place):
        self.place, self.owner = place, place.owner
        self.base = f"{place.base}/segments"

    def call(self, path="", method="GET", body=ABSENT, **more):
        return self.owner.call(method, self.base + path, body, **more)

    def make(self, key, **members):
        return content(self.call("", "POST", {"key": key, **members}), 201)

    def get(self, key, **params):
        return content(self.call(f"/{key}", **params))

    def tag(self, key):
        return self.call(f"/{key}").headers["ETag"]

    def keys(self, **params):
        return [item["document"]["key"] for item in self.owner.all(self.base, **params)]


@pytest.fixture
def segments(place):
    return Segments(place)


def using(segment):
    return {"arithmetic": TYPED, "rules": [{"id": "r", "when": {"op": "segment", "segment": segment},
                                            "serve": {"variation": "on"}}]}


def test_a_segment_is_made_shown_changed_and_deleted(segments):
    made = segments.make("beta", included=["u-1"])
    assert made["document"] == {"key": "beta", "included": ["u-1"]}
    assert made["id"].startswith("segment_")
    assert segments.get("beta") == {**made, "usedBy": {"flags": [], "segments": []}}
    replaced = content(segments.call("/beta", "PUT", {"excluded": ["u-2"]}))
    assert replaced["document"] == {"key": "beta", "excluded": ["u-2"]}
    assert (replaced["id"], replaced["version"]) == (made["id"], made["version"] + 1)
    changed = content(segments.call("/beta", "PATCH", {"description": "d", "excluded": None}))
    assert changed["document"] == {"key": "beta", "description": "d"}
    assert segments.call("/beta", "DELETE").status_code == 204
    for method, body in (("GET", ABSENT), ("PATCH", {}), ("DELETE", ABSENT)):
        assert_problem(segments.call("/beta", method, body), 404, "not_found")


def test_a_whole_document_comes_back_as_it_was_sent(segments):
    segments.make("other")
    document = {
        "key": "whole", "description": "d", "visibility": "server", "included": ["a"], "excluded": [],
        "rules": [{"op": "all", "expressions": [
            {"op": "match", "attribute": "plan", "operator": "in", "value": ["pro", 1, None]},
            {"op": "not", "expression": {"op": "segment", "segment": "other"}}]}],
        "schedule": {"start": "2026-01-01T00:00:00Z"}}
    assert segments.make(**document)["document"] == document
    assert content(segments.call("/whole", "PUT", document))["document"] == document


def test_the_largest_segment(segments):
    included = [f"{n:0256d}" for n in range(10_000)]
    segments.make("large", included=included)
    assert segments.get("large")["document"]["included"] == included
    content(segments.call("/large", "PATCH", {"included": None, "excluded": included}))
    assert len(segments.owner.all(f"{segments.base}/large/history")) == 2


def test_put_creates_and_says_where(segments):
    answer = segments.call("/new", "PUT", {}, headers={"If-None-Match": "*"})
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/admin/v1" + segments.base + "/new"
    assert answer.headers["ETag"] == segments.tag("new")
    assert_problem(segments.call("/new", "PUT", {}, headers={"If-None-Match": "*"}), 412, "stale")
    assert_problem(segments.call("", "POST", {"key": "new"}), 409, "conflict", "/key")


@pytest.mark.parametrize("body, where", [
    ({}, "/key"), ({"key": 1}, "/key"), ({"key": "a b"}, "/key"), ({"key": "a", "id": "x"}, "/id"),
    ({"key": "a", "x": 1}, "/x"), ({"key": "a", "included": "u"}, "/included"),
    ({"key": "a", "included": [1]}, "/included"),
    ({"key": "a", "rules": [{"op": "segment", "segment": "none"}]}, "/rules/0/segment"),
    ({"key": "a", "rules": [{"op": "match", "attribute": "/context/user/a", "operator": "text is",
                             "value": ["1"]}]}, "/rules/0/operator"),
    ({"key": "a", "schedule": {"start": "2027-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"}},
     "/schedule")])
def test_what_is_refused_is_pointed_at(segments, body, where):
    assert_problem(segments.call("", "POST", body), 400, "invalid", where)
    assert segments.keys() == []


@pytest.mark.parametrize("body, where", [
    ({"key": "x" * 65}, "/key"), ({"key": "a", "included": ["x"] * 10_001}, "/included"),
    ({"key": "a", "included": ["x"] * 5_001, "excluded": ["x"] * 5_000}, "/excluded")])
def test_what_passes_a_limit_is_pointed_at(segments, body, where):
    assert_problem(segments.call("", "POST", body), 422, "limit", where)


def test_who_uses_a_segment_is_told_and_keeps_it(segments, place):
    segments.make("inner", visibility="client")
    segments.make("outer", visibility="client", rules=[{"op": "segment", "segment": "inner"}])
    place.make("direct", **using("inner"))
    place.make("indirect", **using("outer"))
    assert segments.get("inner")["usedBy"] == {"flags": ["direct"], "segments": ["outer"]}
    assert segments.get("outer")["usedBy"] == {"flags": ["indirect"], "segments": []}
    problem = assert_problem(segments.call("/inner", "DELETE"), 409, "conflict")
    assert "flag direct" in problem["detail"]
    assert "segment outer" in problem["detail"]
    problem = assert_problem(segments.call("/inner", "PATCH", {"visibility": "server"}), 409,
                             "conflict")
    assert "outer" in problem["detail"] or "direct" in problem["detail"]
    assert place.flags("/direct", "DELETE").status_code == 204
    assert segments.call("/outer", "DELETE").status_code == 409
    assert place.flags("/indirect", "DELETE").status_code == 204
    assert segments.call("/outer", "DELETE").status_code == 204
    assert segments.call("/inner", "DELETE").status_code == 204


def test_a_dry_run_names_the_flags_behind_it(segments, place):
    segments.make("inner", visibility="client")
    segments.make("outer", visibility="client", rules=[{"op": "segment", "segment": "inner"}])
    place.make("f", enabled=True, **using("outer"))
    place.make("g", enabled=True)
    before = segments.get("inner")
    report = content(segments.call("/inner", "PATCH", {"included": ["u"]}, dryRun="true"))
    assert report["affected"] == ["f"]
    assert report["changes"] == [{"kind": "segment", "key": "inner", "op": "update", "diff": [
        {"op": "add", "path": "/included", "to": ["u"]}]}]
    assert segments.get("inner") == before


@pytest.mark.parametrize("method, body", [("PUT", {}), ("PATCH", {}), ("DELETE", ABSENT)])
def test_a_stale_tag_changes_nothing(segments, method, body):
    segments.make("s")
    stale = segments.tag("s")
    content(segments.call("/s", "PATCH", {"included": ["u"]}))
    before = segments.get("s")
    assert_problem(segments.call("/s", method, body, headers={"If-Match": stale}), 412, "stale")
    assert segments.get("s") == before
    fresh = segments.call("/s", method, body, headers={"If-Match": segments.tag("s")})
    assert fresh.status_code in (200, 204)


def test_asking_twice_changes_once(segments, place):
    headers = {"Idempotency-Key": "s-1"}
    answers = [segments.call("", "POST", {"key": "s"}, headers=headers) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert place.version() == 1


def test_reads_tell_what_has_not_changed(segments):
    segments.make("s")
    for path in ("/s", "", "/s/history"):
        first = segments.call(path)
        again = segments.call(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_pages_go_by_key(segments):
    for key in "dbac":
        segments.make(key)
    page = content(segments.call(limit=3))
    assert [i["document"]["key"] for i in page["items"]] == ["a", "b", "c"]
    assert segments.call("/c", "DELETE").status_code == 204
    assert segments.keys(limit=1, cursor=page["next"]) == ["d"]
    assert segments.keys(limit=1) == ["a", "b", "d"]


def test_segments_are_read_as_they_were(segments):
    made = segments.make("s", included=["a"])
    content(segments.call("/s", "PATCH", {"included": ["b"]}))
    was = segments.get("s", at=str(made["version"]))
    assert was["document"] == made["document"]
    assert was["version"] == made["version"]
    assert segments.keys(at="0") == []


def test_history_is_newest_first_and_of_the_key(segments):
    segments.make("s", description="1")
    for text in "23":
        content(segments.call("/s", "PATCH", {"description": text}))
    segments.call("/s", "DELETE")
    content(segments.call("", "POST", {"key": "s", "description": "again"}, acknowledge="reuse"), 201)
    rows = segments.owner.all(f"{segments.base}/s/history", limit=1)
    assert [(r["revision"], r["version"], r["document"].get("description")) for r in rows] == \
        [(1, 5, "again"), (3, 3, "3"), (2, 2, "2"), (1, 1, "1")]
    assert_problem(segments.call("/none/history"), 404, "not_found")


def test_a_segment_goes_back(segments):
    made = segments.make("s", included=["a"])
    content(segments.call("/s", "PATCH", {"included": ["b"]}))
    stale = segments.tag("s")
    restored = content(segments.call("/s/restore", "POST", {"version": 1}))
    assert restored["document"] == made["document"]
    assert restored["id"] == made["id"]
    assert_problem(segments.call("/s/restore", "POST", {"version": 2}, headers={"If-Match": stale}),
                   412, "stale")
    segments.call("/s", "DELETE")
    back = content(segments.call("/s/restore", "POST", {"version": 2}))
    assert (back["id"], back["document"]["included"]) == (made["id"], ["b"])
    assert_problem(segments.call("/s/restore", "POST", {"version": 0}), 404, "not_found")
    assert_problem(segments.call("/s/restore", "POST", {"version": 77}), 404, "not_found")


def test_viewers_read_and_strangers_do_not(desk, segments):
    segments.make("s")
    viewer = desk.person("viewer")
    other = desk.app()["environments"][0]["number"]
    stranger = desk.speaker(kind="environment", environments=[other])
    for method, path, body in (("POST", "", {"key": "t"}), ("PUT", "/s", {}), ("PATCH", "/s", {}),
                               ("DELETE", "/s", ABSENT), ("POST", "/s/restore", {"version": 1})):
        assert_problem(viewer.call(method, segments.base + path, body), 403, "denied")
        assert_problem(stranger.call(method, segments.base + path, body), 404, "not_found")
    assert viewer.get(segments.base + "/s").status_code == 200
    for path in ("", "/s", "/s/history"):
        assert_problem(stranger.get(segments.base + path), 404, "not_found")
