# SPDX-License-Identifier: Apache-2.0
"""The old beta API on its root paths."""
import pytest

from amplitude import EXPERIMENT, FLAG, RESOURCES, assert_ok, assert_refused, content, fresh


def create(project, resource, **members):
    body = {"projectId": project.id, "key": fresh(), "deployments": [project.web.id], **members}
    return content(project.api.post(f"/{resource}/new", body))


@pytest.fixture(params=RESOURCES)
def resource(request):
    return request.param


@pytest.fixture
def path(project, resource):
    return f"/{resource}/{create(project, resource, variants=[{'key': 'on'}, {'key': 'b'}])['id']}"


def test_creating_answers_the_object(project, resource):
    made = create(project, resource, name="New")
    assert set(made) == (FLAG if resource == "flags" else EXPERIMENT)
    assert made["name"] == "New"
    path = f"/{resource}/{made['id']}"
    assert made == project.show("/api/1" + path) == project.show(path)


def test_lists(project, resource):
    made = [create(project, resource) for _ in range(3)]
    assert content(project.api.get(f"/{resource}/list")) == {resource: made[::-1]}
    page = content(project.api.get(f"/{resource}/list", limit=2))
    assert (page[resource], page["nextCursor"]) == (made[:0:-1], 2)
    assert content(project.api.get(f"/{resource}/list", limit=2, cursor=2)) == {resource: made[:1]}
    assert_refused(project.api.get(f"/{resource}/list", limit=0), 400, "limit")


def test_deployments_are_listed(project):
    made = project.deployment()
    listed = content(project.api.get("/deployments/list"))
    assert listed == content(project.api.get("/api/1/deployments"))
    assert made.id in [d["id"] for d in listed["deployments"]]


def test_reads_are_those_of_today(project, path):
    today = "/api/1" + path
    project.edit(today, name="v2")
    assert_ok(project.api.post(today + "/variants/on/users", {"inclusions": ["u"]}))
    for tail in ("", "/versions", "/versions/2", "/variants", "/variants/b", "/variants/on/users"):
        assert project.show(path + tail) == project.show(today + tail), tail


def test_variants(project, path):
    with project.changes("/api/1" + path):
        assert_ok(project.api.post(path + "/variants",
                                   {"key": "c", "payload": '{"a": [1]}', "rolloutWeight": 2}))
    assert project.show(path + "/variants/c") == {"key": "c", "name": "", "payload": {"a": [1]},
                                                  "description": "", "rolloutWeight": 2}
    assert_ok(project.api.patch(path + "/variants/c", {"payload": '"text"', "name": "n"}))
    assert project.show(path + "/variants/c")["payload"] == "text"
    with project.unchanged():
        for payload in ("{", "text", ""):
            assert_refused(project.api.patch(path + "/variants/c", {"payload": payload}), 400,
                           "payload")
    assert_ok(project.api.delete(path + "/variants/c"))
    assert_refused(project.api.get(path + "/variants/c"), 404)


def test_users(project, path):
    assert_ok(project.api.post(path + "/variants/on/users", {"inclusions": ["p", "q", "r"]}))
    assert project.show(path + "/variants/on/users") == ["p", "q", "r"]
    assert_ok(project.api.delete(path + "/variants/on/users/1"))
    assert project.show(path + "/variants/on/users") == ["p", "r"]
    assert_ok(project.api.delete(path + "/variants/on/users"))
    assert project.show(path + "/variants/on/users") == []
    assert_refused(project.api.delete(path + "/variants/on/users/0"), 404)


def test_edits(project, path):
    with project.changes("/api/1" + path):
        assert_ok(project.api.patch(path, {"name": "n", "enabled": True, "rolloutPercentage": 30,
                                           "bucketingKey": "device_id", "bucketingSalt": "ssss",
                                           "evaluationMode": "local", "description": "d"}))
    shown = project.show(path)
    assert (shown["name"], shown["enabled"], shown["rolloutPercentage"]) == ("n", True, 30)
    assert (shown["bucketingSalt"], shown["evaluationMode"]) == ("ssss", "local")
    with project.unchanged():
        assert_refused(project.api.patch(path, {"rolloutPercentage": 101}), 400,
                       "rolloutPercentage")


def test_what_a_legacy_edit_leaves_out(project, path):
    before = project.show(path)
    assert_ok(project.api.patch(path, {
        "tags": ["t"], "archive": True, "decision": "rollout", "name": "n",
        "targetSegments": [{"name": "s", "conditions": [], "percentage": 100,
                            "rolloutWeights": {"on": 1}}]}))
    after = project.show(path)
    assert {**after, "name": 0, "lastModifiedAt": 0} == {**before, "name": 0, "lastModifiedAt": 0}


def test_segments_may_leave_out_more(project, resource):
    made = create(project, resource, enabled=True, variants=[{"key": "x"}, {"key": "y"}],
                  targetSegments=[
        {"conditions": [{"type": "property", "prop": "country", "op": "is", "values": ["NO"]}]},
        {"conditions": []}])
    segments = made["targetSegments"]
    assert [s["name"] for s in segments] == ["segment-1", "segment-2"]
    assert [s["percentage"] for s in segments] == [100, 100]
    assert [s["rolloutWeights"] for s in segments] == [{"x": 1, "y": 1}] * 2
    answer = project.api.post(f"/{resource}/new", {
        "projectId": project.id, "key": fresh(), "targetSegments": [{"conditions": [
            {"type": "property", "prop": "gp:a", "op": "set contains", "values": ["x"]}]}]})
    assert_refused(answer, 400)


def test_activating(project):
    number = create(project, "experiments")["id"]
    for verb, enabled in (("activate", True), ("deactivate", False), ("activate", True)):
        with project.changes(f"/api/1/experiments/{number}"):
            assert project.api.post(f"/experiments/{number}/{verb}").status_code == 200
        assert project.show(f"/experiments/{number}")["enabled"] is enabled


def test_weights(project):
    number = create(project, "experiments")["id"]
    with project.changes(f"/api/1/experiments/{number}"):
        answer = project.api.post(f"/experiments/{number}/rollout-weights",
                                  {"rolloutWeights": {"control": 1, "treatment": 9}})
        assert answer.status_code == 200
    shown = project.show(f"/experiments/{number}")
    assert shown["rolloutWeights"] == {"control": 1, "treatment": 9}
    with project.unchanged():
        for body in ({}, {"rolloutWeights": None}, {"rolloutWeights": {"nobody": 1}},
                     {"rolloutWeights": []},
                     {"rolloutWeights": {"control": -1}}):
            assert_refused(project.api.post(f"/experiments/{number}/rollout-weights", body), 400)


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/flags/99999999", 404), ("GET", "/flags/x", 404), ("POST", "/flags/1/activate", 404),
    ("DELETE", "/flags/list", 405), ("GET", "/experiments/99999999/versions", 404)])
def test_what_is_not_there(project, method, path, status):
    assert_refused(project.api.call(method, path), status)


def test_new_and_list_are_no_ids(project):
    assert project.api.get("/flags/new").status_code in (404, 405)
    assert project.api.patch("/flags/list", {"name": "x"}).status_code in (404, 405)
