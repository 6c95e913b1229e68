# SPDX-License-Identifier: Apache-2.0
"""Deployments: made, renamed, archived, and the items that are on them."""
import re

import pytest

from amplitude import RESOURCES, Deployment, assert_ok, assert_refused, content
from harness import ABSENT


def create(project, label="web-prod", kind="client", **more):
    body = {"projectId": project.id, "label": label, "type": kind, **more}
    return project.api.post("/api/1/deployments",
                            {k: v for k, v in body.items() if v is not ABSENT})


def listed(project, number):
    return next(d for d in project.everything("deployments") if d["id"] == number)


@pytest.mark.parametrize("kind", ["client", "server"])
@pytest.mark.parametrize("form", [str, int])
def test_making_one(project, kind, form):
    made = content(create(project, kind=kind, projectId=form(project.number)))
    assert set(made) == {"id"}
    assert isinstance(made["id"], str)
    shown = listed(project, made["id"])
    assert set(shown) == {"id", "projectId", "label", "key", "deleted"}
    assert (shown["projectId"], shown["label"], shown["deleted"]) == (project.id, "web-prod", False)
    assert re.fullmatch(kind + "-[A-Za-z0-9]{32}", shown["key"])
    assert Deployment(project, shown).flags() == []
    assert content(project.api.get(f"/api/1/deployments/{made['id']}")) == shown


def test_making_one_with_a_query(project):
    made = content(project.api.post("/api/1/deployments", projectId=project.id, label="q",
                                    type="server"))
    assert listed(project, made["id"])["label"] == "q"
    assert_ok(project.api.patch(f"/api/1/deployments/{made['id']}", label="renamed",
                                archive="true"))
    shown = listed(project, made["id"])
    assert (shown["label"], shown["deleted"]) == ("renamed", True)
    assert_ok(project.api.patch(f"/api/1/deployments/{made['id']}", archive="false"))
    assert listed(project, made["id"])["deleted"] is False


def test_the_body_goes_before_the_query(project):
    answer = project.api.post("/api/1/deployments",
                              {"projectId": project.id, "label": "body", "type": "client"},
                              label="query", type="server")
    shown = listed(project, content(answer)["id"])
    assert shown["label"] == "body"
    assert shown["key"].startswith("client-")
    answer = project.api.post("/api/1/deployments", {"label": "half"}, projectId=project.id,
                              type="server",
                              label="other")
    assert listed(project, content(answer)["id"])["label"] == "half"


@pytest.mark.parametrize("member, values", [
    ("label", [ABSENT, None, "", 1, "a b", "a.b", "\u00e9", "a/b", [], True, "x" * 2000]),
    ("type", [ABSENT, None, "", "Client", "web", 1, []]),
    ("projectId", [ABSENT, None, "", "x", True, [], -1, 1.5])])
def test_wrong_members(project, member, values):
    with project.unchanged():
        for value in values:
            answer = create(project, **{member if member != "type" else "kind": value})
            assert_refused(answer, 400, member)


def test_labels(project):
    for label in ("a", "A_b-9", "-", "_", "9", "web-prod", "web-prod"):
        assert create(project, label).status_code in (200, 400), label
    assert create(project, "A_b-10").status_code == 200


def test_editing(project):
    number = content(create(project))["id"]
    path, shown = f"/api/1/deployments/{number}", listed(project, number)
    assert_ok(project.api.patch(path, {"label": "new_one"}))
    assert listed(project, number) == {**shown, "label": "new_one"}
    with project.unchanged():
        for body in ({"label": ""}, {"label": "a b"}, {"label": 1}, {"archive": "yes"},
                     {"archive": 1},
                     {"archive": None}, {"label": None}):
            assert_refused(project.api.patch(path, body), 400)
        for wrong in ("0", "x", "99999999"):
            assert_refused(project.api.patch(f"/api/1/deployments/{wrong}", {"label": "x"}), 404)
            assert_refused(project.api.get(f"/api/1/deployments/{wrong}"), 404)


@pytest.mark.parametrize("kind", ["client", "server"])
def test_an_archived_one_opens_nothing_until_restored(project, kind):
    deployment = project.deployment(kind)
    path = project.live("flags", "it", deployments=[deployment.id])
    assert deployment.variant("it", user_id="u") == "on"
    assert_ok(project.api.patch(deployment.path, {"archive": True}))
    for route in ("/sdk/v2/flags", "/sdk/v2/vardata", "/v1/flags", "/v1/vardata?user_id=u",
                  "/sdk/vardata",
                  "/sdk/stream/v1/flags", "/sdk/v2/memberships/User/u"):
        assert_refused_by_sdk_side(deployment.sdk.get(route))
    assert project.show(path)["deployments"] == [deployment.id]
    assert_ok(project.api.patch(deployment.path, {"archive": False}))
    assert deployment.variant("it", user_id="u") == "on"


def assert_refused_by_sdk_side(answer):
    assert isinstance(content(answer, 401), dict)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_100_of_a_project_and_no_more(project):
    for n in range(100):
        assert create(project, f"d{n}").status_code == 200, n
    with project.unchanged():
        assert_refused(create(project, "one-more"))


# ---- of an item ----------------------------------------------------------------------------------
@pytest.fixture(params=RESOURCES)
def path(project, request):
    return project.live(request.param, "it", deployments=[])


@pytest.mark.parametrize("form", [str, int])
def test_putting_an_item_on_deployments(project, path, form):
    one, two = project.deployment("client"), project.deployment("server")
    assert project.show(path + "/deployments") == []
    assert one.flags() == two.flags() == []
    with project.changes(path):
        assert_ok(project.api.post(path + "/deployments", {"deployments": [form(one.id)]}))
    with project.changes(path):
        assert_ok(project.api.post(path + "/deployments",
                                   {"deployments": [form(two.id), form(one.id)]}))
    assert project.show(path)["deployments"] == [one.id, two.id]
    assert project.show(path + "/deployments") == [
        {"id": d.id, "projectId": project.id, "label": d.label, "key": d.key, "deleted": False}
        for d in (one, two)]
    for deployment in (one, two):
        assert [f["key"] for f in deployment.flags()] == ["it"]
        assert list(deployment.vardata({"user_id": "u"})) == ["it"]
    with project.changes(path):
        assert_ok(project.api.delete(f"{path}/deployments/{one.id}"))
    assert project.show(path)["deployments"] == [two.id]
    assert one.flags() == []
    assert one.vardata({"user_id": "u"}, ["it"]) == {}
    assert len(two.flags()) == 1


def test_wrong_deployments(town, project, path):
    stranger = town.project().deployment()
    with project.unchanged():
        for value in (None, "1", 1, {}, [True], [{}], [None], ["x"], ["0"], ["99999999"],
                      [stranger.id],
                      [int(stranger.id)], [project.web.id, stranger.id], [1.5], [[project.web.id]]):
            assert_refused(project.api.post(path + "/deployments", {"deployments": value}), 400)
        assert_refused(project.api.post(path + "/deployments", {}), 400)
        for number in (project.web.id, stranger.id, "x", "0", "99999999"):
            assert_refused(project.api.delete(f"{path}/deployments/{number}"), 404)


def test_a_default_deployment_is_the_project_key(project):
    pair = project.project_keys()
    (row,) = project.everything("deployments")
    assert row["key"] == pair["apiKey"]
    assert re.fullmatch("[0-9a-f]{32}", row["key"])
    project.live("flags", "it", deployments=[pair["deployment"]])
    assert Deployment(project, row).variant("it", user_id="u") == "on"
