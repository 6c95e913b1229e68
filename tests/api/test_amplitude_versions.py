# SPDX-License-Identifier: Apache-2.0
"""Versions: of one item and of all, what they held then, ranges of time."""
import datetime
import re
import time

import pytest

from amplitude import CONFIG, INSTANT, RESOURCES, assert_ok, assert_refused, content

EXPERIMENT_CONFIG = CONFIG | {"stickyBucketing", "startDate", "endDate", "experimentType"}


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.mark.parametrize("resource", RESOURCES)
def test_each_change_is_a_version(project, resource):
    path = project.new(resource, variants=[{"key": "on"}])
    project.edit(path, name="second", tags=["t"])
    assert_ok(project.api.post(path + "/variants", {"key": "third"}))
    project.edit(path, enabled=True)
    versions = project.show(path + "/versions")
    assert [v["version"] for v in versions] == [4, 3, 2, 1]
    for version in versions:
        assert set(version) == {"createdAt", "createdBy", "version", "flagConfig"}
        assert re.fullmatch(INSTANT, version["createdAt"])
        assert isinstance(version["createdBy"], str)
        config = version["flagConfig"]
        assert set(config) >= (CONFIG if resource == "flags" else EXPERIMENT_CONFIG)
        assert not set(config) & {"createdBy", "lastModifiedBy", "createdAt", "lastModifiedAt",
                                  "deleted", "tags"}
        assert project.show(f"{path}/versions/{version['version']}") == version
    configs = [v["flagConfig"] for v in reversed(versions)]
    assert [c["name"] for c in configs][1:] == ["second"] * 3
    assert [[v["key"] for v in c["variants"]] for c in configs] == \
        [["on"], ["on"], ["on", "third"], ["on", "third"]]
    assert [c["enabled"] for c in configs] == [False, False, False, True]
    shown = project.show(path)
    assert {k: shown[k] for k in configs[-1]} == configs[-1]
    stamps = [v["createdAt"] for v in reversed(versions)]
    assert stamps == sorted(stamps)
    assert (stamps[0], stamps[-1]) == (shown["createdAt"], shown["lastModifiedAt"])


def test_old_versions_hold_what_was_then(project):
    parent = project.live(variants=[{"key": "on"}])
    number = parent.rsplit("/", 1)[1]
    path = project.flag(parentDependencies={"flags": {number: ["on"]}, "operator": "all"})
    project.edit(path, parentDependencies=None)
    assert_ok(project.api.delete(f"{path}/deployments/{project.web.id}"))
    versions = project.show(path + "/versions")
    assert [v["flagConfig"].get("parentDependencies") for v in versions] == \
        [None, None, {"flags": {number: ["on"]}, "operator": "all"}]
    assert [v["flagConfig"]["deployments"] for v in versions] == \
        [[], [project.web.id], [project.web.id]]


def test_membership_of_then(project):
    path = project.experiment()
    number = path.rsplit("/", 1)[1]
    mutex = project.mutex(slots=[{"percentage": 100, "experiments": [number]}])
    project.edit(mutex, archive=True)
    versions = project.show(path + "/versions")
    assert [v["flagConfig"].get("parentDependencies") for v in versions] == [
        None, {"flags": {mutex.rsplit("/", 1)[1]: ["slot-1"]}, "operator": "all"}, None]


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("version", ["0", "3", "-1", "x", "1.0", "99999999999999999999", "01x"])
def test_versions_that_are_not_there(project, resource, version):
    path = project.new(resource)
    project.edit(path, name="n")
    assert_refused(project.api.get(f"{path}/versions/{version}"), 404)


def test_of_an_archived_item(project):
    path = project.flag()
    project.edit(path, archive=True)
    assert [v["version"] for v in project.show(path + "/versions")] == [2, 1]


def test_across_items_newest_first_without_groups(project):
    one, two = project.flag("one"), project.experiment("two")
    project.mutex()
    project.holdout()
    project.edit(one, name="again")
    listed = content(project.api.get("/api/1/versions"))
    assert set(listed) == {"versions"}
    assert [(v["flagConfig"]["key"], v["version"]) for v in listed["versions"]] == \
        [("one", 2), ("two", 1), ("one", 1)]
    every = project.show(one + "/versions") + project.show(two + "/versions")
    assert sorted(listed["versions"], key=str) == sorted(every, key=str)


def test_start_is_inclusive_and_end_exclusive(project):
    path = project.flag()
    for name in ("b", "c", "d"):
        time.sleep(0.003)
        project.edit(path, name=name)
    stamps = [v["createdAt"] for v in reversed(project.show(path + "/versions"))]
    assert len(set(stamps)) == 4

    def found(**params):
        return sorted(v["version"]
                      for v in content(project.api.get("/api/1/versions", **params))["versions"])

    assert found(start=stamps[1]) == [2, 3, 4]
    assert found(end=stamps[2]) == [1, 2]
    assert found(start=stamps[1], end=stamps[3]) == [2, 3]
    assert found(start=stamps[2], end=stamps[2]) == []
    assert found(start=stamps[3], end=stamps[0]) == []
    assert found(start="2020-01-01T00:00:00Z", end="2199-01-01T00:00:00.000Z") == [1, 2, 3, 4]
    assert found(start="2199-01-01") == []
    assert found(end="2020-01-01") == []
    east = instant(stamps[1]).astimezone(datetime.timezone(datetime.timedelta(hours=5, minutes=30)))
    assert found(start=east.isoformat(timespec="milliseconds")) == [2, 3, 4]
    body = content(project.api.get("/api/1/versions", start=stamps[1], limit=2))
    assert [v["version"] for v in body["versions"]] == [4, 3]
    assert body["nextCursor"] == 2
    body = content(project.api.get("/api/1/versions", start=stamps[1], limit=2, cursor=2))
    assert ([v["version"] for v in body["versions"]], "nextCursor" in body) == ([2], False)


@pytest.mark.parametrize("name", ["start", "end"])
@pytest.mark.parametrize("value",
                         ["", "x", "yesterday", "2025-13-01", "2025-02-30", "2025-01-01T25:00:00Z",
                                   "1746000000000x", "2025-01-01T00:00:00+99:00"])
def test_instants_that_are_none(project, name, value):
    assert_refused(project.api.get("/api/1/versions", **{name: value}), 400, name)


def test_the_counter_is_the_one_of_the_evaluation(project):
    path = project.live("flags", "counted")
    for n in range(5):
        project.edit(path, name=str(n))
    newest = project.show(path + "/versions")[0]["version"]
    assert newest == 6
    assert project.flags()[0]["metadata"]["flagVersion"] == 6
    assert project.vardata({"user_id": "u"})["counted"]["metadata"]["flagVersion"] == 6
