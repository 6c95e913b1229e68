# SPDX-License-Identifier: Apache-2.0
"""Prerequisites: what may depend on what, and what that does to an evaluation."""
import pytest

from amplitude import RESOURCES, assert_ok, assert_refused


def number(path):
    return path.rsplit("/", 1)[1]


def parents(*paths, variants=("on",), operator="all"):
    return {"flags": {number(p): list(variants) for p in paths}, "operator": operator}


@pytest.fixture(params=RESOURCES)
def pair(project, request):
    """A parent that is on for `pro` users, and a child that is on for all."""
    parent = project.live("flags", "parent", rolloutPercentage=0, bucketingKey="user_id",
                          targetSegments=[
        {"name": "Pros", "percentage": 100, "rolloutWeights": {"on": 1}, "conditions": [
            {"type": "property", "prop": "gp:plan", "op": "is", "values": ["pro"]}]}])
    child = project.live(request.param, "child", bucketingKey="user_id", variants=[{"key": "x"}])
    return parent, child


PRO = {"user_id": "u", "user_properties": {"plan": "pro"}}


def test_a_child_follows_its_parent(project, pair):
    parent, child = pair
    with project.changes(child):
        assert_ok(project.api.patch(child, {"parentDependencies": parents(parent)}))
    assert project.show(child)["parentDependencies"] == parents(parent)
    assert "parentDependencies" not in project.show(parent)
    assert project.vardata(PRO)["child"]["key"] == "x"
    result = project.vardata({"user_id": "u"})["child"]
    assert (result["key"], result["metadata"]["segmentName"]) == ("off", "flag-dependencies")
    assert list(project.vardata(PRO, ["child"])) == ["child"]
    project.edit(parent, enabled=False)
    assert project.vardata(PRO)["child"]["key"] == "off"
    project.edit(child, parentDependencies=None)
    assert "parentDependencies" not in project.show(child)
    assert project.vardata(PRO)["child"]["key"] == "x"


def test_off_may_be_what_is_asked_for(project, pair):
    parent, child = pair
    project.edit(child, parentDependencies=parents(parent, variants=["off"]))
    assert project.vardata(PRO)["child"]["key"] == "off"
    assert project.web.variant("child", user_id="u") == "x"
    project.edit(child, parentDependencies=parents(parent, variants=["off", "on"]))
    assert project.vardata(PRO)["child"]["key"] == project.web.variant("child", user_id="u") == "x"


def test_inclusions_go_before_dependencies(project, pair):
    parent, child = pair
    project.edit(child, parentDependencies=parents(parent))
    assert_ok(project.api.post(child + "/variants/x/users", {"inclusions": ["qa"]}))
    assert project.web.variant("child", user_id="qa") == "x"


def test_all_parents_have_to_agree(project, pair):
    parent, child = pair
    other = project.live("flags", "other", rolloutPercentage=0)
    project.edit(child, parentDependencies=parents(parent, other))
    assert project.show(child)["parentDependencies"] == parents(parent, other)
    assert project.vardata(PRO)["child"]["key"] == "off"
    project.edit(other, rolloutPercentage=100)
    assert project.vardata(PRO)["child"]["key"] == "x"
    assert project.web.variant("child", user_id="u") == "off"


def test_any_is_not_of_this_api(project, pair):
    parent, child = pair
    with project.unchanged():
        assert_refused(project.api.patch(child,
                                         {"parentDependencies": parents(parent, operator="any")}),
                       400, "parentDependencies.operator")


def test_at_creation(project, pair):
    parent, _ = pair
    path = project.live("experiments", "third", parentDependencies=parents(parent))
    assert project.show(path)["parentDependencies"] == parents(parent)
    assert project.web.variant("third", user_id="u") == "off"


def test_a_parent_elsewhere_deployed_is_evaluated_but_not_returned(project, pair):
    parent, child = pair
    project.edit(child, parentDependencies=parents(parent))
    assert_ok(project.api.delete(f"{parent}/deployments/{project.web.id}"))
    assert {k: v["key"] for k, v in project.vardata(PRO).items()} == {"child": "x"}
    assert {k: v["key"] for k, v in project.vardata({"user_id": "u"}).items()} == {"child": "off"}
    project.edit(parent, evaluationMode="local")
    project.edit(child, evaluationMode="local")
    flags = {f["key"]: f for f in project.flags()}
    assert flags["parent"]["metadata"]["deployed"] is False
    assert flags["child"]["metadata"]["deployed"] is True
    assert flags["child"]["dependencies"] == ["parent"]
    assert flags["child"]["segments"][0] == {
        "conditions": [[{"selector": ["result", "parent", "key"], "op": "is not",
                         "values": ["on"]}]],
        "metadata": {"segmentName": "flag-dependencies"}, "variant": "off"}
    assert len(flags["parent"]["segments"]) == 2


@pytest.mark.parametrize("value", [
    "x", 1, [], True, {"flags": []}, {"flags": {"x": ["on"]}}, {"flags": {"99999999": ["on"]}},
    {"flags": {"0": ["on"]}}, {"operator": "some"}])
def test_wrong_shapes(project, pair, value):
    parent, child = pair
    if isinstance(value, dict) and "operator" in value:
        value = {**parents(parent), **value}
    with project.unchanged():
        assert_refused(project.api.patch(child, {"parentDependencies": value}))


@pytest.mark.parametrize("variants",
                         ["on", 1, None, [], [1], ["nobody"], ["on", "nobody"], [None], {}])
def test_wrong_variants(project, pair, variants):
    parent, child = pair
    with project.unchanged():
        assert_refused(project.api.patch(child, {"parentDependencies": {
            "flags": {number(parent): variants}, "operator": "all"}}))


def test_another_project_and_groups_are_no_parents(town, project, pair):
    _, child = pair
    stranger = town.project().flag()
    group = project.mutex()
    held = project.holdout()
    with project.unchanged():
        for path, variant in ((stranger, "on"), (group, "slot-1"), (held, "on")):
            asked = parents(path, variants=[variant])
            assert_refused(project.api.patch(child, {"parentDependencies": asked}))


def test_cycles(project, pair):
    parent, child = pair
    third = project.live("flags", "third")
    project.edit(child, parentDependencies=parents(parent))
    project.edit(third, parentDependencies=parents(child, variants=["x"]))
    with project.unchanged():
        for path, of, variant in ((parent, third, "on"), (parent, child, "x"),
                                  (parent, parent, "on")):
            asked = parents(of, variants=[variant])
            assert_refused(project.api.patch(path, {"parentDependencies": asked}))


def test_depth(project):
    chain = [project.live("flags")]
    answers = []
    for _ in range(9):
        made = project.create("flags", enabled=True, rolloutPercentage=100,
                              deployments=[project.web.id],
                              parentDependencies=parents(chain[-1]))
        answers.append(made.status_code)
        if made.status_code != 200:
            break
        chain.append("/api/1/flags/" + made.json()["id"])
    assert answers == [200] * 8 + [400]
    assert all(r["key"] == "on" for r in project.vardata({"user_id": "u"}).values())


def test_local_items_depend_on_local_ones_alone(project, pair):
    parent, child = pair
    project.edit(child, evaluationMode="local")
    with project.unchanged():
        assert_refused(project.api.patch(child, {"parentDependencies": parents(parent)}))
    project.edit(parent, evaluationMode="local")
    project.edit(child, parentDependencies=parents(parent))
    with project.unchanged():
        assert_refused(project.api.patch(parent, {"evaluationMode": "remote"}), 400,
                       "evaluationMode")
    project.edit(child, evaluationMode="remote")
    project.edit(parent, evaluationMode="remote")
    with project.unchanged():
        assert_refused(project.api.patch(child, {"evaluationMode": "local"}), 400)


def test_what_others_depend_on_stays(project, pair):
    parent, child = pair
    assert_ok(project.api.post(parent + "/variants", {"key": "spare"}))
    project.edit(child, parentDependencies=parents(parent))
    with project.unchanged():
        assert_refused(project.api.patch(parent, {"archive": True}), 400)
        assert_refused(project.api.delete(parent + "/variants/on"), 400)
        assert_refused(project.api.patch(parent + "/variants/on", {"key": "renamed"}), 400)
    assert_ok(project.api.patch(parent + "/variants/spare", {"key": "spare-2"}))
    assert_ok(project.api.delete(parent + "/variants/spare-2"))
    project.edit(child, archive=True)
    with project.unchanged():
        assert_refused(project.api.delete(parent + "/variants/on"), 400)
    project.edit(parent, archive=True)
    with project.unchanged():
        assert_refused(project.api.patch(child, {"archive": False}), 400)
    project.edit(parent, archive=False)
    project.edit(child, archive=False)
    assert project.vardata(PRO)["child"]["key"] == "x"


def test_an_experiment_starts_after_its_prerequisites(project, pair):
    parent, child = pair
    project.edit(parent, enabled=False)
    project.edit(child, enabled=False, parentDependencies=parents(parent))
    if "experiments" not in child:
        return
    with project.unchanged():
        assert_refused(project.api.patch(child, {"enabled": True}), 400, "enabled")
        assert_refused(project.api.post(f"/experiments/{number(child)}/activate"), 400)
    project.edit(parent, enabled=True)
    project.edit(child, enabled=True)


def test_a_patch_replaces_items_and_leaves_groups(project):
    one, two, child = project.live(), project.live(), project.live("experiments")
    group = project.mutex(slots=[{"percentage": 100, "experiments": [number(child)]}])
    slot = {number(group): ["slot-1"]}
    project.edit(child, parentDependencies=parents(one))
    assert project.show(child)["parentDependencies"]["flags"] == {**slot, number(one): ["on"]}
    project.edit(child, parentDependencies=parents(two))
    assert project.show(child)["parentDependencies"]["flags"] == {**slot, number(two): ["on"]}
    project.edit(child, parentDependencies=None)
    assert project.show(child)["parentDependencies"]["flags"] == slot


def test_each_parent_is_a_list_of_its_own(project, pair):
    parent, child = pair
    other = project.live("flags", "other", evaluationMode="local", bucketingKey="user_id")
    project.edit(parent, evaluationMode="local")
    project.edit(child, evaluationMode="local", parentDependencies=parents(parent, other))
    flag = next(f for f in project.flags() if f["key"] == "child")
    conditions = flag["segments"][0]["conditions"]
    assert [[c["selector"][1] for c in inner] for inner in conditions] in ([["parent"], ["other"]],
                                                                           [["other"], ["parent"]])
    assert sorted(flag["dependencies"]) == ["other", "parent"]
