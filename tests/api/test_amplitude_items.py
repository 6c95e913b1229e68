# SPDX-License-Identifier: Apache-2.0
"""Flags and experiments: created, shown, edited, archived, as documented."""
import json
import re

import pytest
import requests

from amplitude import (CONFIG, EXPERIMENT, FLAG, INSTANT, RESOURCES, SALT, assert_ok,
                       assert_refused,
                       content, fresh)
from harness import ABSENT

SEGMENT = {"name": "Nordics", "conditions": [
    {"type": "property", "prop": "country", "op": "is", "values": ["Norway", "Iceland"]},
    {"type": "property", "prop": "gp:plan", "op": "is not", "values": ["(none)"]}],
    "percentage": 100, "bucketingKey": "amplitude_id", "rolloutWeights": {"on": 1}}


# ---- create --------------------------------------------------------------------------------------
@pytest.mark.parametrize("resource", RESOURCES)
def test_the_smallest_create_has_the_documented_defaults(project, resource):
    key = fresh()
    with_version = project.version()
    answer = project.create(resource, key)
    made = content(answer)
    assert set(made) == {"id", "url"}
    assert re.fullmatch(r"[1-9]\d*", made["id"])
    assert made["url"].startswith("http")
    assert made["url"].endswith(made["id"])
    assert project.version() == with_version + 1
    shown = project.show(f"/api/1/{resource}/{made['id']}")
    variants = ["on"] if resource == "flags" else ["control", "treatment"]
    assert set(shown) == (FLAG if resource == "flags" else EXPERIMENT)
    expected = {"id": made["id"], "projectId": project.id, "deployments": [], "key": key,
                "name": key,
                "description": "", "enabled": False, "evaluationMode": "remote",
                "bucketingKey": "amplitude_id", "bucketingUnit": "User",
                "variants": [{"key": v} for v in variants], "rolloutPercentage": 0,
                "rolloutWeights": {v: 1 for v in variants}, "targetSegments": [], "deleted": False,
                "tags": []}
    if resource == "experiments":
        expected.update(decision=None, decisionReason=None, rolledOutVariant=None,
                        stickyBucketing=False, state="planning", startDate=None, endDate=None,
                        experimentType="a-b-test", exposureEvent=None)
    assert {name: shown[name] for name in expected} == expected
    assert re.fullmatch(SALT, shown["bucketingSalt"])
    assert re.fullmatch(INSTANT, shown["createdAt"])
    assert shown["createdAt"] == shown["lastModifiedAt"]
    assert isinstance(shown["createdBy"], str)
    assert shown["createdBy"] == shown["lastModifiedBy"]


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("as_number", [False, True])
def test_every_documented_member_of_a_create(project, resource, as_number):
    form = int if as_number else str
    members = {"name": "New checkout", "description": "Two-step checkout",
               "variants": [{"key": "on", "name": "On", "description": "d",
                             "payload": {"steps": 2}},
                            {"key": "slow_lane", "payload": [1, "two", None, True, 2.5]},
                            {"key": "third"}],
               "bucketingKey": "device_id", "rolloutWeights": {"on": 3, "slow_lane": 1},
               "targetSegments": [SEGMENT], "deployments": [form(project.web.id)],
               "evaluationMode": "local"}
    if resource == "experiments":
        members["experimentType"] = "multi-arm-bandit"
    made = content(project.create(resource, projectId=form(project.id), **members))
    shown = project.show(f"/api/1/{resource}/{made['id']}")
    assert shown["deployments"] == [project.web.id]
    assert shown["rolloutWeights"] in ({"on": 3, "slow_lane": 1},
                                       {"on": 3, "slow_lane": 1, "third": 0})
    for name in set(members) - {"deployments", "rolloutWeights", "targetSegments"}:
        assert shown[name] == members[name], name
    (segment,) = shown["targetSegments"]
    assert segment["conditions"] == SEGMENT["conditions"]
    assert (segment["name"], segment["percentage"]) == ("Nordics", 100)
    assert segment["bucketingKey"] == "amplitude_id"
    assert segment["rolloutWeights"]["on"] == 1
    (flag,) = project.flags()
    assert set(flag["variants"]) == {"on", "slow_lane", "third", "off"}
    assert flag["variants"]["slow_lane"]["payload"] == [1, "two", None, True, 2.5]


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_create_takes_enabled_and_rollout(project, resource):
    path = project.new(resource, enabled=True, rolloutPercentage=100,
                       variants=[{"key": "x"}], rolloutWeights={"x": 1})
    shown = project.show(path)
    assert (shown["enabled"], shown["rolloutPercentage"]) == (True, 100)
    assert project.vardata({"user_id": "u"})[shown["key"]]["key"] == "x"


@pytest.mark.parametrize("resource", RESOURCES)
def test_unknown_members_are_ignored(project, resource):
    path = project.new(resource, surprise={"a": [1]}, _x=None, variants=[{"key": "a", "colour": 1}])
    assert "surprise" not in project.show(path)
    assert project.show(path)["variants"] == [{"key": "a"}]
    project.edit(path, surprise=1, name="n")
    assert project.show(path)["name"] == "n"


def test_no_content_type_is_needed(project):
    body = json.dumps({"projectId": project.id, "key": "plain"}).encode()
    for kind in (None, "text/plain", "application/x-www-form-urlencoded"):
        answer = project.api.call("POST", "/api/1/flags",
                                  data=body.replace(b"plain", fresh().encode()),
                                  headers={"Content-Type": kind} if kind
                                  else {"Content-Type": None})
        content(answer)


@pytest.mark.parametrize("first", ["flags", "experiments", "mutexes", "holdouts"])
@pytest.mark.parametrize("second", ["flags", "experiments", "mutexes", "holdouts"])
def test_one_name_space_of_keys(project, first, second):
    more = {"flags": {}, "experiments": {},
            "mutexes": {"name": "n", "slots": [{"percentage": 100}]},
            "holdouts": {"name": "n", "holdoutPercentage": 5}}
    content(project.create(first, "taken", **more[first]))
    with project.unchanged():
        assert_refused(project.create(second, "taken", **more[second]), 400, "key")


def test_the_same_key_in_another_project(town, project):
    project.flag("same")
    other = town.project()
    other.flag("same")
    assert project.flags() != []
    assert {f["projectId"] for f in project.everything("flags")} == {project.id}


@pytest.mark.parametrize("resource", RESOURCES)
def test_an_id_belongs_to_one_resource(project, resource):
    other = RESOURCES[1 - RESOURCES.index(resource)]
    number = project.new(resource).rsplit("/", 1)[1]
    assert_refused(project.api.get(f"/api/1/{other}/{number}"), 404)


def test_ids_are_never_used_twice(project):
    paths = [project.flag(), project.experiment(), project.mutex(), project.holdout(),
             project.flag()]
    ids = [int(p.rsplit("/", 1)[1]) for p in paths]
    assert len(set(ids)) == 5
    assert ids == sorted(ids)


# ---- edit ----------------------------------------------------------------------------------------
EDITS = [("name", "A name"), ("description", "words \u2713 \U0001f680"),
         ("bucketingKey", "device_id"), ("bucketingKey", "user_id"), ("bucketingKey", "gp:team"),
         ("bucketingSalt", "AAAAbbbb"), ("bucketingSalt", "s"), ("bucketingUnit", "org id"),
         ("evaluationMode", "local"), ("rolloutPercentage", 0), ("rolloutPercentage", 37),
         ("rolloutPercentage", 100), ("targetSegments", [SEGMENT]), ("targetSegments", []),
         ("enabled", True), ("enabled", False), ("tags", ["a", "b c"]), ("tags", []),
         ("rolloutWeights", {"on": 7, "b": 2})]
EXPERIMENT_EDITS = [("experimentType", "multi-arm-bandit"), ("experimentType", "a-b-test"),
                    ("experimentType", "hypothesis-testing"), ("experimentType", "no-harm"),
                    ("stickyBucketing", True), ("startDate", "2025-05-01"), ("startDate", None),
                    ("endDate", "2025-06-01"), ("endDate", None), ("exposureEvent", None),
                    ("exposureEvent", {"event_type": "checkout opened", "filters": []}),
                    ("exposureEvent", {"event_type": "checkout opened", "filters": [
                        {"group_type": "User", "subprop_key": "cart size", "subprop_op": "greater",
                         "subprop_type": "event", "subprop_value": ["2"]}]}),
                    ("exposureEvent", {"event_type": "e", "filters": [
                        {"group_type": None, "subprop_key": None,
                         "subprop_op": "glob does not match",
                         "subprop_type": "day_time_prop", "subprop_value": []}]}),
                    ("decision", "rollout"), ("decision", "rollback"),
                    ("decision", "continue-running"),
                    ("decisionReason", "because"), ("rolledOutVariant", "on")]


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_documented_edit(project, resource):
    path = project.new(resource, variants=[{"key": "on"}, {"key": "b"}])
    for member, value in EDITS + (EXPERIMENT_EDITS if resource == "experiments" else []):
        before = project.show(path)
        with project.changes(path):
            assert_ok(project.api.patch(path, {member: value}))
        after = project.show(path)
        if member == "targetSegments":
            assert [s["name"] for s in after[member]] == [s["name"] for s in value]
        else:
            assert after[member] == value, member
        assert after["lastModifiedAt"] >= before["lastModifiedAt"]
        left = {"lastModifiedAt", "state", member}
        assert {k: v for k, v in after.items() if k not in left} == \
            {k: v for k, v in before.items() if k not in left}, member


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("body",
                         [{}, {"enabled": False}, {"rolloutPercentage": 0}, {"surprise": 1}])
def test_an_edit_that_changes_nothing_is_a_version(project, resource, body):
    path = project.new(resource)
    before = project.show(path)
    with project.changes(path):
        assert_ok(project.api.patch(path, body))
    assert {**project.show(path), "lastModifiedAt": before["lastModifiedAt"]} == before


def test_an_edit_is_seen_at_once_by_everybody(project):
    path = project.flag("seen", evaluationMode="local", bucketingKey="user_id")
    assert project.web.variant("seen", user_id="u") == "off"
    project.edit(path, enabled=True, rolloutPercentage=100)
    assert project.web.variant("seen", user_id="u") == "on"
    (flag,) = project.flags()
    assert flag["segments"][-1]["variant"] == "on"
    assert flag["metadata"]["flagVersion"] == 2
    project.edit(path, enabled=False)
    assert project.web.variant("seen", user_id="u") == "off"
    (flag,) = project.flags()
    assert flag["segments"] == [{"metadata": {"segmentName": "default"}, "variant": "off"}]
    assert flag["metadata"]["flagVersion"] == 3


def test_the_salt_reshuffles(project):
    path = project.live(rolloutPercentage=50, bucketingKey="user_id")
    key = project.show(path)["key"]
    users = [f"u-{n}" for n in range(40)]
    project.edit(path, bucketingSalt="one")
    first = [project.web.variant(key, user_id=u) for u in users]
    project.edit(path, bucketingSalt="two")
    second = [project.web.variant(key, user_id=u) for u in users]
    project.edit(path, bucketingSalt="one")
    assert first != second
    assert first == [project.web.variant(key, user_id=u) for u in users]


def test_who_did_what(town, project):
    path = project.flag()
    project.edit(path, name="by the token")
    by_token = project.show(path)["lastModifiedBy"]
    assert_ok(town.owner.patch(path, {"name": "by the owner"}))
    shown = project.show(path)
    assert shown["createdBy"] == by_token
    assert shown["lastModifiedBy"] != by_token
    assert "@" in shown["lastModifiedBy"]


# ---- archive -------------------------------------------------------------------------------------
@pytest.mark.parametrize("resource", RESOURCES)
def test_archiving_and_restoring(project, resource):
    path = project.live(resource)
    shown = project.show(path)
    with project.changes(path):
        assert_ok(project.api.patch(path, {"archive": True}))
    archived = project.show(path)
    assert archived["deleted"] is True
    assert project.flags() == []
    assert project.vardata({"user_id": "u"}) == {}
    assert project.vardata({"user_id": "u"}, [shown["key"]]) == {}
    assert content(project.api.get(f"/api/1/{resource}"))[resource] == []
    assert content(project.api.get(f"/api/1/{resource}",
                                   includeArchived="true"))[resource] == [archived]
    with project.changes(path):
        assert_ok(project.api.patch(path, {"archive": False}))
    restored = project.show(path)
    assert {**restored, "lastModifiedAt": 0} == {**shown, "lastModifiedAt": 0}
    assert shown["key"] in project.vardata({"user_id": "u"})


def test_the_key_of_an_archived_item_stays_taken_or_says_otherwise(project):
    path = project.flag("gone")
    project.edit(path, archive=True)
    answer = project.create("flags", "gone")
    if answer.status_code == 400:
        assert_refused(answer, 400, "key")
    else:
        assert_refused(project.api.patch(path, {"archive": False}), 400)


# ---- dates and state -----------------------------------------------------------------------------
@pytest.mark.parametrize("sent, shown", [
    ("2025-05-01", "2025-05-01"), ("2025-05-01T00:00:00Z", "2025-05-01"),
    ("2025-05-01T23:59:59.999Z", "2025-05-01"), ("2025-05-01T23:30:00-02:00", "2025-05-02"),
    ("2025-05-01T00:30:00+02:00", "2025-04-30"), ("2024-02-29", "2024-02-29")])
@pytest.mark.parametrize("member", ["startDate", "endDate"])
def test_dates_are_answered_as_days(project, member, sent, shown):
    path = project.experiment()
    project.edit(path, **{member: sent})
    assert project.show(path)[member] == shown


@pytest.mark.parametrize("members, state", [
    ({}, "planning"), ({"enabled": True}, "running"),
    ({"enabled": True, "endDate": "2199-01-01"}, "running"),
    ({"enabled": True, "endDate": "2020-01-01"}, "analyzing"),
    ({"enabled": True, "decision": "rollout"}, "decision-made"),
    ({"enabled": True, "decision": "rollback"}, "decision-made"),
    ({"enabled": True, "decision": "continue-running"}, "running"),
    ({"decision": "rollout"}, "decision-made"), ({"startDate": "2020-01-01"}, "planning")])
def test_state_is_derived(project, members, state):
    path = project.experiment()
    if members:
        project.edit(path, **members)
    assert project.show(path)["state"] == state


def test_state_walks_through_a_life(project):
    path = project.experiment()
    seen = [project.show(path)["state"]]
    for edit in ({"enabled": True}, {"enabled": False}, {"enabled": True}, {"decision": "rollout"},
                 {"decision": None}, {"state": "planning"}):
        project.edit(path, **edit)
        seen.append(project.show(path)["state"])
    assert seen == ["planning", "running", "analyzing", "running", "decision-made", "running",
                    "running"]


def test_an_experiment_past_its_end_is_still_evaluated(project):
    path = project.live("experiments", "late", variants=[{"key": "a"}])
    project.edit(path, endDate="2020-01-01")
    assert project.web.variant("late", user_id="u") == "a"


def test_rolled_out_variant_by_key_or_name_serves_nobody(project):
    path = project.live("experiments", "rolled", rolloutPercentage=0,
                        variants=[{"key": "a", "name": "The A"}])
    for value in ("a", "The A"):
        project.edit(path, rolledOutVariant=value, decision="rollout", decisionReason="won")
        assert project.show(path)["rolledOutVariant"] == value
        assert project.web.variant("rolled", user_id="u") == "off"
    assert_refused(project.api.patch(path, {"rolledOutVariant": "nobody"}), 400, "rolledOutVariant")


# ---- paths ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", ["/api/1/flags/{}/", "//api/1/flags/{}", "/api//1//flags/{}",
                                   "/api/1/flags/%3{}", "/api/1/flags/{}//"])
def test_slashes_and_percent_escapes(project, shape):
    number = project.flag().rsplit("/", 1)[1]
    if "%3" in shape:
        path = "/api/1/flags/" + "".join(f"%{ord(c):02X}" for c in number)
    else:
        path = shape.format(number)
    request = requests.Request("GET", project.api.base + "/x",
                               headers={"Authorization": project.api.authorization}).prepare()
    request.url = project.api.base + path
    assert content(requests.Session().send(request, timeout=10))["id"] == number


@pytest.mark.parametrize("path", ["/api/1/flags/abc", "/api/1/flags/0", "/api/1/flags/-1",
                                  "/api/1/flags/99999999", "/api/1/flags/99999999999999999999999",
                                  "/api/1/flags/1.0", "/api/1/flags/+1", "/api/1/flags/%20",
                                  "/api/1/nothing", "/api/1", "/api/1/flag"])
def test_unknown_ids_and_paths(project, path):
    project.flag()
    assert_refused(project.api.get(path), 404)


@pytest.mark.parametrize("method, path, allowed", [
    ("PUT", "/api/1/flags", "POST"), ("DELETE", "/api/1/flags", "GET"),
    ("POST", "/api/1/flags/1", "PATCH"),
    ("DELETE", "/api/1/flags/1", "PATCH"), ("PUT", "/api/1/experiments/1", "PATCH"),
    ("POST", "/api/1/versions", "GET"), ("DELETE", "/api/1/deployments/1", "PATCH"),
    ("DELETE", "/api/1/mutexes/1", "PATCH"), ("POST", "/api/1/holdouts/1", "PATCH"),
    ("GET", "/api/1/mutexes/1/slots/1", "PATCH"),
    ("POST", "/api/1/flags/1/versions", "GET"), ("PATCH", "/api/1/flags/1/deployments", "POST"),
    ("GET", "/api/1/flags/1/variants/on/bulk-delete-users", "DELETE"),
    ("PUT", "/api/1/flags/1/variants/on/users", "POST"),
    ("DELETE", "/api/1/flags/1/variants/on/cohorts", "POST")])
def test_methods_that_are_not_there(project, method, path, allowed):
    answer = project.api.call(method, path)
    assert_refused(answer, 405)
    assert allowed in answer.headers["Allow"]


def test_head_and_options(project):
    project.flag()
    head = project.api.call("HEAD", "/api/1/flags")
    assert (head.status_code, head.content) == (200, b"")
    assert project.api.call("OPTIONS", "/api/1/flags").status_code in (200, 204, 405)


def test_a_version_shows_the_documented_members(project):
    path = project.experiment()
    (version,) = project.show(path + "/versions")
    assert set(version) == {"createdAt", "createdBy", "version", "flagConfig"}
    assert set(version["flagConfig"]) >= CONFIG
    assert not set(version["flagConfig"]) & {"createdBy", "lastModifiedBy", "createdAt",
                                             "lastModifiedAt", "deleted", "tags"}


def test_absent_is_not_sent(project):
    answer = project.create("flags", projectId=ABSENT)
    assert_refused(answer, 400, "projectId")
