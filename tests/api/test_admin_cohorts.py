# SPDX-License-Identifier: Apache-2.0
"""Cohorts through the admin API: what all of it has, pages, tags, conditions, dry runs."""
import pytest

from admin_desk import assert_problem, content
from admin_place import desk, place  # noqa: F401 (fixtures)
from harness import ABSENT

LINES = {"Content-Type": "text/plain"}


class Cohorts:
    def __init__(self, place):
        self.place, self.owner = place, place.owner
        self.base = f"{place.base}/cohorts"

    def call(self, path="", method="GET", body=ABSENT, **more):
        return self.owner.call(method, self.base + path, body, **more)

    def upload(self, cohort, ids, headers=None, **params):
        return self.call(f"/{cohort}", "PUT", data="\n".join(ids).encode(),
                         headers={**LINES, **(headers or {})}, **params)

    def put(self, cohort, ids, **more):
        return content(self.upload(cohort, ids, **more))

    def get(self, cohort):
        return content(self.call(f"/{cohort}"))

    def tag(self, cohort):
        return self.call(f"/{cohort}").headers["ETag"]


@pytest.fixture
def cohorts(place):
    return Cohorts(place)


def test_an_upload_answers_with_the_cohort(cohorts):
    answer = cohorts.upload("beta", ["u-2", "u-1", "u-2", ""], name="Beta", description="d",
                            groupType="org")
    made = content(answer)
    assert {k: made[k] for k in ("id", "name", "description", "groupType", "size", "version")} == \
        {"id": "beta", "name": "Beta", "description": "d", "groupType": "org", "size": 2, "version": 1}
    assert cohorts.get("beta") == made
    assert answer.headers["ETag"] == cohorts.tag("beta")
    again = cohorts.put("beta", ["u-3"])
    assert (again["name"], again["description"], again["groupType"]) == ("Beta", "d", "org")
    assert (again["size"], again["version"]) == (1, 2)
    assert content(cohorts.call("/beta", "PUT", {"memberIds": ["a", "b"]}))["size"] == 2
    assert content(cohorts.call("/beta", "PUT", data=b'["a"]'))["size"] == 1


@pytest.mark.parametrize("headers, data", [
    (LINES, b"\xff"), ({"Content-Type": "application/json"}, b'{"memberIds":["a"],"x":1}'),
    ({"Content-Type": "application/json"}, b'{"memberIds":{}}')])
def test_bad_uploads_change_nothing(cohorts, headers, data):
    before = cohorts.put("c", ["kept"])
    assert_problem(cohorts.call("/c", "PUT", data=data, headers=headers), 400, "invalid")
    assert cohorts.get("c") == before


@pytest.mark.parametrize("name, value", [("name", "x" * 2049), ("groupType", "")])
def test_bad_words_about_a_cohort_are_pointed_at(cohorts, name, value):
    assert_problem(cohorts.upload("c", ["a"], **{name: value}), 400, "invalid", "?" + name)
    assert_problem(cohorts.call("/c"), 404, "not_found")


def test_the_tag_is_that_of_the_members(cohorts):
    cohorts.put("c", ["a", "b"])
    tag = cohorts.tag("c")
    assert cohorts.call("/c", headers={"If-None-Match": tag}).status_code == 304
    cohorts.put("d", ["x"])
    assert cohorts.tag("c") == tag
    cohorts.put("c", ["a", "c"])
    assert cohorts.tag("c") != tag


def test_a_stale_tag_changes_nothing(cohorts):
    cohorts.put("c", ["a"])
    stale = cohorts.tag("c")
    cohorts.put("c", ["a", "b"])
    before = cohorts.get("c")
    assert_problem(cohorts.upload("c", ["z"], headers={"If-Match": stale}), 412, "stale")
    assert_problem(cohorts.call("/c", "DELETE", headers={"If-Match": stale}), 412, "stale")
    assert_problem(cohorts.upload("c", ["z"], headers={"If-None-Match": "*"}), 412, "stale")
    assert_problem(cohorts.upload("none", ["z"], headers={"If-Match": "*"}), 412, "stale")
    assert cohorts.get("c") == before
    answer = cohorts.upload("c", ["z"], headers={"If-Match": cohorts.tag("c")})
    assert content(answer)["size"] == 1
    assert content(cohorts.upload("new", ["z"], headers={"If-None-Match": "*"}))["size"] == 1
    assert cohorts.call("/c", "DELETE", headers={"If-Match": answer.headers["ETag"]}).status_code == 204
    assert_problem(cohorts.call("/c", "DELETE"), 404, "not_found")


def test_a_dry_run_reads_the_body_and_keeps_nothing(cohorts, place):
    before = cohorts.put("c", ["a"])
    report = content(cohorts.upload("c", ["a", "b"], dryRun="true"))
    assert report["version"] == before["version"] + 1
    (change,) = report["changes"]
    assert (change["kind"], change["key"], change["op"]) == ("cohort", "c", "update")
    assert {"op": "replace", "path": "/size", "from": 1, "to": 2} in change["diff"]
    assert_problem(cohorts.upload("c", ["x" * 257], dryRun="true"), 400, "invalid")
    made = content(cohorts.upload("new", ["a"], dryRun="true"))
    assert [c["op"] for c in made["changes"]] == ["create"]
    gone = content(cohorts.call("/c", "DELETE", dryRun="true"))
    assert [c["op"] for c in gone["changes"]] == ["delete"]
    assert cohorts.get("c") == before
    assert_problem(cohorts.call("/new"), 404, "not_found")
    assert place.version() == before["version"]


def test_a_dry_run_names_the_flags_that_ask(cohorts, place):
    cohorts.put("c", ["a"])
    place.make("f", enabled=True, variations=[{"id": "on", "value": True, "cohorts": ["c"]},
                                              {"id": "off", "value": False}])
    place.make("g", enabled=True)
    assert content(cohorts.upload("c", ["b"], dryRun="true"))["affected"] == ["f"]


def test_asking_twice_uploads_once(cohorts, place):
    headers = {"Idempotency-Key": "u-1"}
    answers = [cohorts.upload("c", ["a"], headers=headers) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert place.version() == 1
    assert_problem(cohorts.upload("c", ["b"], headers=headers), 422, "idempotency_mismatch")


def test_pages_go_by_id(cohorts):
    for name in "dbac":
        cohorts.put(name, ["x"])
    page = content(cohorts.call(limit=2))
    assert [c["id"] for c in page["items"]] == ["a", "b"]
    assert cohorts.call("/b", "DELETE").status_code == 204
    rest = content(cohorts.call(limit=2, cursor=page["next"]))
    assert [c["id"] for c in rest["items"]] == ["c", "d"]
    assert rest["next"] is None
    first = cohorts.call()
    assert cohorts.call(headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_viewers_read_and_strangers_do_not(desk, cohorts):
    cohorts.put("c", ["a"])
    viewer = desk.person("viewer")
    stranger = desk.speaker(kind="environment",
                            environments=[desk.app()["environments"][0]["number"]])
    for speaker, status, code in ((viewer, 403, "denied"), (stranger, 404, "not_found")):
        assert_problem(speaker.put(cohorts.base + "/c", data=b"b", headers=LINES), status, code)
        assert_problem(speaker.delete(cohorts.base + "/c"), status, code)
    assert viewer.get(cohorts.base + "/c").status_code == 200
    assert_problem(stranger.get(cohorts.base + "/c"), 404, "not_found")
    assert_problem(stranger.get(cohorts.base), 404, "not_found")
    assert cohorts.get("c")["size"] == 1
