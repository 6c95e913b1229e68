# SPDX-License-Identifier: Apache-2.0
"""Mutual exclusion groups and holdouts: their objects, their members, and whom they keep apart."""
import re

import pytest

from amplitude import INSTANT, RESOURCES, SALT, assert_ok, assert_refused, content, fresh
from harness import ABSENT
from test_amplitude_refusals import NOT_LIST, NOT_TEXT

MUTEX = {"id", "projectId", "name", "key", "description", "evaluationMode", "bucketingKey",
         "bucketingSalt", "slots", "deleted"}
SLOT = {"name", "index", "variantKey", "percentage", "experiments", "holdouts", "individuals",
        "cohorts"}
HOLDOUT = {"id", "projectId", "name", "key", "description", "holdoutPercentage", "evaluationMode",
           "bucketingKey", "bucketingSalt", "variantName", "experiments", "individualInclusion",
           "individualExclusion", "deleted", "createdBy", "lastModifiedBy", "createdAt",
           "lastModifiedAt"}


def number(path):
    return int(path.rsplit("/", 1)[1])


def parents_of(project, path):
    return project.show(path).get("parentDependencies", {}).get("flags", {})


def post_mutex(project, **members):
    body = {"projectId": project.id, "name": "Lanes", "slots": [{"percentage": 100}], **members}
    return project.api.post("/api/1/mutexes", {k: v for k, v in body.items() if v is not ABSENT})


def post_holdout(project, **members):
    body = {"projectId": project.id, "name": "Held", "holdoutPercentage": 5, **members}
    return project.api.post("/api/1/holdouts", {k: v for k, v in body.items() if v is not ABSENT})


# ---- objects -------------------------------------------------------------------------------------
def test_the_smallest_mutex(project):
    before = project.version()
    made = content(post_mutex(project))
    assert set(made) == {"id", "url"}
    assert isinstance(made["id"], str)
    assert project.version() == before + 1
    shown = project.show(f"/api/1/mutexes/{made['id']}")
    assert set(shown) == MUTEX
    assert re.fullmatch("mutex-[a-z]{8}", shown["key"])
    assert re.fullmatch(SALT, shown["bucketingSalt"])
    assert shown["slots"] == [{"name": "SLOT 1", "index": 1, "variantKey": "slot-1",
                               "percentage": 100,
                               "experiments": [], "holdouts": [], "individuals": [], "cohorts": []}]
    assert {**shown, "key": 0, "bucketingSalt": 0, "slots": 0} == {
        "id": made["id"], "projectId": project.id, "name": "Lanes", "key": 0, "description": None,
        "evaluationMode": "remote", "bucketingKey": "amplitude_id", "bucketingSalt": 0, "slots": 0,
        "deleted": False}
    assert content(project.api.get("/api/1/mutexes")) == {"mutexes": [shown]}


@pytest.mark.parametrize("form", [str, int])
def test_every_member_of_a_mutex(project, form):
    one, two = project.experiment(), project.experiment()
    held = project.holdout()
    made = content(post_mutex(
        project, projectId=form(project.number), name="Checkout lanes", key="lanes",
        description="d",
        evaluationMode="remote", bucketingKey="device_id", bucketingSalt="A0bc9dEf", slots=[
            {"percentage": 40, "experiments": [form(number(one))], "holdouts": [form(number(held))],
             "individuals": ["qa-1"]}, {"percentage": 59, "experiments": [form(number(two))]},
            {"percentage": 1}]))
    shown = project.show(f"/api/1/mutexes/{made['id']}")
    for member, value in {"name": "Checkout lanes", "key": "lanes", "description": "d",
                          "bucketingKey": "device_id", "bucketingSalt": "A0bc9dEf"}.items():
        assert shown[member] == value
    assert all(set(slot) == SLOT for slot in shown["slots"])
    assert [(s["name"], s["index"], s["variantKey"], s["percentage"]) for s in shown["slots"]] == [
        ("SLOT 1", 1, "slot-1", 40), ("SLOT 2", 2, "slot-2", 59), ("SLOT 3", 3, "slot-3", 1)]
    assert [s["experiments"] for s in shown["slots"]] == [[number(one)], [number(two)], []]
    assert [s["holdouts"] for s in shown["slots"]] == [[number(held)], [], []]
    assert [s["individuals"] for s in shown["slots"]] == [["qa-1"], [], []]
    assert parents_of(project, one) == {made["id"]: ["slot-1"]}
    assert parents_of(project, two) == {made["id"]: ["slot-2"]}


def test_the_smallest_holdout(project):
    made = content(post_holdout(project))
    assert set(made) == {"id", "url"}
    shown = project.show(f"/api/1/holdouts/{made['id']}")
    assert set(shown) == HOLDOUT
    assert re.fullmatch("holdout-[a-z]{8}", shown["key"])
    assert re.fullmatch(SALT, shown["bucketingSalt"])
    assert re.fullmatch(INSTANT, shown["createdAt"])
    expected = {"id": made["id"], "projectId": project.id, "name": "Held", "holdoutPercentage": 5,
                "evaluationMode": "remote", "bucketingKey": "amplitude_id", "variantName": "on",
                "experiments": [], "individualInclusion": [], "individualExclusion": [],
                "deleted": False}
    assert {k: shown[k] for k in expected} == expected
    assert content(project.api.get("/api/1/holdouts")) == {"holdouts": [shown]}
    assert content(project.api.get("/api/1/holdout")) == {"holdouts": [shown]}


@pytest.mark.parametrize("form", [str, int])
def test_every_member_of_a_holdout(project, form):
    one = project.experiment()
    members = {"name": "H2", "key": "held-back", "description": "5 %", "holdoutPercentage": 99,
               "bucketingKey": "user_id", "evaluationMode": "remote",
               "individualInclusion": ["ann", "b"], "individualExclusion": ["bo"]}
    made = content(post_holdout(project, projectId=form(project.number),
                                experiments=[form(number(one))], **members))
    shown = project.show(f"/api/1/holdouts/{made['id']}")
    assert {k: shown[k] for k in members} == members
    assert shown["experiments"] == [number(one)]
    assert parents_of(project, one) == {made["id"]: ["on"]}


@pytest.mark.parametrize("member, values", [
    ("name", NOT_TEXT), ("description", [1, [], True, {}]),
    ("evaluationMode", NOT_TEXT + ["", "both", None]),
    ("bucketingKey", NOT_TEXT + ["", None]), ("bucketingSalt", NOT_TEXT),
    ("key", NOT_TEXT + ["", "a b", "x" * 129]),
    ("projectId", [ABSENT, None, "x", True, [], -1]),
    ("slots", [ABSENT, [], [1], [None]] + NOT_LIST)])
def test_wrong_members_of_a_mutex(project, member, values):
    with project.unchanged():
        for value in values:
            answer = post_mutex(project, **{member: value})
            assert answer.status_code == 400, (value, answer.text)
            assert_refused(answer)


@pytest.mark.parametrize("percentages",
                         [[99], [101], [50, 51], [50, 49], [0, 100], [100, 0], [-1, 101],
                                         [5] * 19 + [6], [5] * 19, ["100"], [None], [True],
                                         [50.5, 49.5],
                                         [5] * 19 + [4, 1]])
def test_slots_sum_to_100(project, percentages):
    with project.unchanged():
        assert_refused(post_mutex(project, slots=[{"percentage": p} for p in percentages]))
        assert_refused(post_mutex(project, slots=[{}]))


def test_20_slots(project):
    path = project.mutex([5] * 20)
    assert [s["variantKey"]
            for s in project.show(path)["slots"]] == [f"slot-{n}" for n in range(1, 21)]


@pytest.mark.parametrize("member, values", [
    ("name", NOT_TEXT + [ABSENT, None]), ("description", [1, [], True, {}]),
    ("evaluationMode", NOT_TEXT + ["", None]), ("bucketingKey", NOT_TEXT + ["", None]),
    ("key", NOT_TEXT + ["", "a b"]), ("projectId", [ABSENT, None, "x", True]),
    ("holdoutPercentage", [ABSENT, None, "5", 0, 100, -1, 1.5, True, [], 1e9]),
    ("experiments", NOT_LIST + [["x"], [True], ["0"], [99999999], [None]]),
    ("individualInclusion", NOT_LIST + [[1], [""], [None]]),
    ("individualExclusion", NOT_LIST + [[1], [""]])])
def test_wrong_members_of_a_holdout(project, member, values):
    with project.unchanged():
        for value in values:
            answer = post_holdout(project, **{member: value})
            assert answer.status_code == 400, (value, answer.text)
            assert_refused(answer)


# ---- edits ---------------------------------------------------------------------------------------
def test_editing_a_mutex(project):
    path = project.mutex()
    shown = project.show(path)
    for member, value in (("name", "New"), ("description", "text"), ("description", None)):
        before = project.version()
        assert project.api.patch(path, {member: value}).status_code == 200
        assert project.version() == before + 1
        shown[member] = value
        assert project.show(path) == shown
    with project.unchanged():
        for body in ({"name": 1}, {"name": None}, {"description": 1}, {"archive": "x"},
                     {"archive": None}):
            assert_refused(project.api.patch(path, body))


def test_slots_are_edited_by_what_they_name(project):
    one, two, held = project.experiment(), project.experiment(), project.holdout()
    path = project.mutex([30, 70], slots=[{"percentage": 30, "experiments": [number(one)],
                                           "individuals": ["a"]}, {"percentage": 70}])
    group = str(number(path))

    def slots():
        return [(s["experiments"], s["holdouts"], s["individuals"])
                for s in project.show(path)["slots"]]

    with project.changes(two):
        assert project.api.patch(path + "/slots/2",
                                 {"experiments": [str(number(two))]}).status_code == 200
    assert slots() == [([number(one)], [], ["a"]), ([number(two)], [], [])]
    assert parents_of(project, two) == {group: ["slot-2"]}
    assert project.api.patch(path + "/slots/2", {"individuals": ["b", "c", "b"],
                                                 "holdouts": [number(held)]}).status_code == 200
    assert slots()[1] == ([number(two)], [number(held)], ["b", "c"])
    with project.changes(one):
        assert project.api.patch(path + "/slots/1", {"experiments": []}).status_code == 200
    assert slots()[0] == ([], [], ["a"])
    assert parents_of(project, one) == {}
    project.api.patch(path + "/slots/1", {"experiments": [number(two)]})
    assert {k: sorted(v) for k,
            v in parents_of(project, two).items()} == {group: ["slot-1", "slot-2"]}


@pytest.mark.parametrize("index", ["0", "3", "-1", "x", "1.0", "slot-1", "99999999999999999999"])
def test_slots_that_are_not_there(project, index):
    path = project.mutex([50, 50])
    with project.unchanged():
        assert_refused(project.api.patch(f"{path}/slots/{index}", {"individuals": ["x"]}), 404)


def test_wrong_edits_of_slots(town, project):
    path = project.mutex([50, 50])
    flag, stranger = project.flag(), town.project().experiment()
    with project.unchanged():
        for body in [{m: v} for m in ("experiments", "holdouts", "individuals")
                     for v in NOT_LIST] + [
                {"experiments": ["x"]}, {"experiments": [99999999]},
                {"experiments": [number(stranger)]},
                {"experiments": [number(path)]}, {"holdouts": [number(flag)]},
                {"holdouts": [99999999]},
                {"individuals": [1]}, {"individuals": [""]}, {"individuals": [None]},
                {"experiments": [True]}]:
            answer = project.api.patch(path + "/slots/1", body)
            assert answer.status_code == 400, (body, answer.text)


def test_slots_and_percentages_stay(project):
    path = project.mutex([50, 50])
    shown = project.show(path)
    project.api.patch(path, {"slots": [{"percentage": 100}], "key": "x", "bucketingKey": "user_id"})
    project.api.patch(path + "/slots/1", {"percentage": 10})
    assert project.show(path) == shown


def test_editing_a_holdout(project):
    one, two = project.experiment(), project.experiment()
    path = project.holdout(experiments=[number(one)])
    for member, value in (("name", "New"), ("description", "text"),
                          ("individualInclusion", ["a", "b"]),
                          ("individualExclusion", ["c"]), ("individualInclusion", [])):
        before = project.version()
        assert project.api.patch(path, {member: value}).status_code == 200
        assert project.version() == before + 1
        assert project.show(path)[member] == value
    with project.changes(one, two):
        project.api.patch(path, {"experiments": [str(number(two))]})
    assert project.show(path)["experiments"] == [number(two)]
    assert parents_of(project, one) == {}
    assert parents_of(project, two) == {str(number(path)): ["on"]}
    project.api.patch(path, {"holdoutPercentage": 50})
    assert project.show(path)["holdoutPercentage"] == 10
    with project.unchanged():
        for body in ({"name": 1}, {"experiments": ["x"]}, {"experiments": [99999999]},
                     {"archive": 1},
                     {"individualInclusion": [1]}, {"individualExclusion": "x"},
                     {"description": 1}):
            answer = project.api.patch(path, body)
            assert answer.status_code == 400, (body, answer.text)


@pytest.mark.parametrize("kind", ["mutexes", "holdouts"])
def test_archiving_a_group_frees_its_members(project, kind):
    one, held = project.live("experiments", "one"), project.holdout()
    if kind == "mutexes":
        path = project.mutex(slots=[{"percentage": 100, "experiments": [number(one)],
                                     "holdouts": [number(held)]}])
    else:
        path = project.holdout(99, experiments=[number(one)], individualInclusion=["u"])
        assert project.web.variant("one", user_id="u") == "off"
    with project.changes(one):
        assert project.api.patch(path, {"archive": True, "name": "ignored"}).status_code == 200
    shown = project.show(path)
    assert shown["deleted"] is True
    assert shown["name"] != "ignored"
    assert parents_of(project, one) == {}
    assert "parentDependencies" not in project.show(one)
    assert project.web.variant("one", user_id="u") != "off"
    project.api.patch(path, {"archive": False})
    assert project.show(path)["deleted"] is False
    assert parents_of(project, one) == {}


@pytest.mark.parametrize("kind", ["mutexes", "holdouts"])
def test_unknown_groups(project, kind):
    for wrong in ("0", "x", "99999999", str(number(project.flag()))):
        assert_refused(project.api.get(f"/api/1/{kind}/{wrong}"), 404)
        assert_refused(project.api.patch(f"/api/1/{kind}/{wrong}", {"name": "x"}), 404)
        assert_refused(project.api.patch(f"/api/1/mutexes/{wrong}/slots/1", {"individuals": []}),
                       404)


@pytest.mark.parametrize("resource", RESOURCES)
def test_local_members_in_remote_groups(project, resource):
    path = project.new(resource, evaluationMode="local")
    local = project.mutex(evaluationMode="local")
    with project.unchanged():
        if resource == "experiments":
            assert_refused(post_mutex(project,
                                      slots=[{"percentage": 100, "experiments": [number(path)]}]))
            assert_refused(post_holdout(project, experiments=[number(path)]))
    if resource == "experiments":
        assert project.api.patch(local + "/slots/1",
                                 {"experiments": [number(path)]}).status_code == 200
        assert parents_of(project, path) == {str(number(local)): ["slot-1"]}
    remote = project.mutex()
    other = project.experiment()
    assert project.api.patch(remote + "/slots/1",
                             {"experiments": [number(other)]}).status_code == 200
    with project.unchanged():
        assert_refused(project.api.patch(other, {"evaluationMode": "local"}))


# ---- effects -------------------------------------------------------------------------------------
def spread(project, users):
    """{user: {flag: variant}} of all flags."""
    return {u: {k: r["key"] for k, r in project.vardata({"user_id": u}).items()} for u in users}


def test_experiments_of_different_slots_exclude_each_other(project):
    paths = [project.live("experiments", k, variants=[{"key": "x"}]) for k in ("a", "b", "c")]
    project.mutex(slots=[{"percentage": p, "experiments": [number(path)]}
                         for p, path in zip((20, 30, 50), paths)])
    users = [f"user-{n}" for n in range(600)]
    seen = spread(project, users)
    assert all(sum(v == "x" for v in results.values()) == 1 for results in seen.values())
    for key, share in (("a", 20), ("b", 30), ("c", 50)):
        count = sum(results[key] == "x" for results in seen.values())
        assert abs(count / 6 - share) < 7, (key, count)


def test_individuals_are_forced_into_their_slot(project):
    paths = [project.live("experiments", k, variants=[{"key": "x"}]) for k in ("a", "b")]
    project.mutex(slots=[{"percentage": 99, "experiments": [number(paths[0])]},
                         {"percentage": 1, "experiments": [number(paths[1])],
                          "individuals": ["qa", "dev"]}])
    assert spread(project, ["qa"])["qa"] == {"a": "off", "b": "x"}
    assert project.web.variant("b", device_id="dev") == "x"


def test_a_holdout_holds_back_its_share(project):
    path = project.live("experiments", "a", variants=[{"key": "x"}])
    project.holdout(25, experiments=[number(path)], individualInclusion=["in", "both"],
                    individualExclusion=["out", "both"])
    users = [f"user-{n}" for n in range(600)]
    seen = spread(project, users)
    assert abs(sum(r["a"] == "off" for r in seen.values()) / 6 - 25) < 7
    assert project.vardata({"user_id": "in"})["a"]["metadata"]["segmentName"] == "flag-dependencies"
    assert [r["a"] for r in spread(project, ["in", "out", "both"]).values()] == ["off", "x", "off"]
    assert list(project.vardata({"user_id": "in"})) == ["a"]


def test_groups_ride_along_with_local_members(project):
    path = project.live("experiments", "a", evaluationMode="local", bucketingKey="user_id")
    mutex = project.mutex([40, 60], key="lanes", evaluationMode="local", bucketingKey="user_id")
    held = project.holdout(7, key="held", evaluationMode="local", bucketingKey="user_id")
    assert [f["key"] for f in project.flags()] == ["a"]
    project.api.patch(mutex + "/slots/2", {"experiments": [number(path)]})
    project.api.patch(held, {"experiments": [number(path)]})
    flags = {f["key"]: f for f in project.flags()}
    assert set(flags) == {"a", "lanes", "held"}
    lanes, held = flags["lanes"], flags["held"]
    assert lanes["metadata"]["flagType"] == "mutual-exclusion-group"
    assert held["metadata"]["flagType"] == "holdout-group"
    for group in (lanes, held):
        assert (group["metadata"]["deployed"],
                group["metadata"]["evaluationMode"]) == (False, "local")
    member = str(number(path))
    assert {k: v.get("payload") for k, v in lanes["variants"].items()} == {
        "slot-1": {"flagIds": []}, "slot-2": {"flagIds": [member]}, "unallocated": {"flagIds": []},
        "off": None}
    assert {k: v.get("payload") for k, v in held["variants"].items()} == {
        "holdout": {"flagIds": []}, "on": {"flagIds": [member]}, "off": None}
    (allocation,) = held["segments"][-1]["bucket"]["allocations"]
    assert allocation["range"] == [0, 100]
    assert [d["variant"] for d in allocation["distributions"]] == ["holdout", "on"]
    (allocation,) = lanes["segments"][-1]["bucket"]["allocations"]
    assert [(d["variant"], d["range"]) for d in allocation["distributions"]] == [
        ("slot-1", [0, 17179870]), ("slot-2", [17179868, 42949673])]
    assert sorted(flags["a"]["dependencies"]) == ["held", "lanes"]
    values = {c["selector"][1]: c["values"] for (c,) in flags["a"]["segments"][0]["conditions"]}
    assert values == {"lanes": ["slot-2"], "held": ["on"]}


def test_a_mutex_of_one_slot_needs_no_bucket(project):
    path = project.live("experiments", "a", evaluationMode="local", bucketingKey="user_id")
    project.mutex(slots=[{"percentage": 100, "experiments": [number(path)]}],
                  evaluationMode="local", key="lanes")
    lanes = next(f for f in project.flags() if f["key"] == "lanes")
    assert lanes["segments"] == [{"metadata": {"segmentName": "All Other Users"},
                                  "variant": "slot-1"}]


def test_a_group_is_no_flag(project):
    project.mutex(key="lanes")
    project.holdout(key="held")
    assert project.vardata({"user_id": "u"}, ["lanes", "held"]) == {}
    assert project.everything("flags") == project.everything("experiments") == []


def test_a_holdout_in_a_slot_is_for_its_slot_alone(project):
    """Outside the slot the holdout is off, and so are its members."""
    path = project.live("experiments", "a", variants=[{"key": "x"}])
    held = project.holdout(1, experiments=[number(path)], individualExclusion=[])
    project.mutex(slots=[{"percentage": 1, "individuals": ["out"]},
                         {"percentage": 99, "holdouts": [number(held)]}], key=fresh("lanes"))
    users = [f"user-{n}" for n in range(50)]
    seen = spread(project, users)
    assert sum(r["a"] == "x" for r in seen.values()) > 40
    assert spread(project, ["out"])["out"]["a"] == "off"
    assert_ok(project.api.post(path + "/variants/x/users", {"inclusions": ["out"]}))
    assert spread(project, ["out"])["out"]["a"] == "x"
