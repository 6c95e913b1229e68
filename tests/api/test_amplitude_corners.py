# SPDX-License-Identifier: Apache-2.0
"""Corners: what was read can be written back, odd names, races between writers."""
from concurrent.futures import ThreadPoolExecutor
import random

import pytest

import amplitude_oracle as oracle
from amplitude import RESOURCES, Caller, assert_ok, assert_refused, bare, content
from test_amplitude_configurations import SEED, condition, some_project

WRITABLE = ["name", "description", "bucketingKey", "bucketingSalt", "bucketingUnit",
            "evaluationMode", "enabled",
            "rolloutPercentage", "rolloutWeights", "targetSegments", "tags", "experimentType",
            "stickyBucketing",
            "startDate", "endDate", "exposureEvent", "decision", "decisionReason",
            "rolledOutVariant"]


def test_what_was_read_can_be_written_back(project):
    some_project(project, SEED + 100)
    for remote in ("local", "remote"):
        before = bare(project.flags(eval_mode=remote))
        for resource in RESOURCES:
            for item in project.everything(resource):
                path = f"/api/1/{resource}/{item['id']}"
                assert_ok(project.api.patch(path, {m: item[m] for m in WRITABLE if m in item}))
                for detail in project.show(path + "/variants"):
                    given = {k: v for k, v in detail.items() if k != "payload" or v != {}}
                    assert_ok(project.api.patch(f"{path}/variants/{detail['key']}", given))
                after = project.show(path)
                ignored = {"lastModifiedAt", "lastModifiedBy"}
                assert {k: v for k, v in after.items() if k not in ignored} == \
                    {k: v for k, v in item.items() if k not in ignored}
        assert bare(project.flags(eval_mode=remote)) == before


def test_an_item_can_be_made_anew_from_what_was_read(town, project):
    some_project(project, SEED + 101)
    other = town.project()
    for resource in RESOURCES:
        for item in project.everything(resource):
            members = {m: item[m] for m in WRITABLE if m in item}
            path = other.new(resource, item["key"], variants=item["variants"], **members)
            copy = other.show(path)
            assert {m: copy[m] for m in (*WRITABLE, "variants") if m in item} == \
                {m: item[m] for m in (*WRITABLE, "variants") if m in item}


@pytest.mark.parametrize("name",
                         ["a/b", "a~b", "~1", "~0", "a.b", "a b", "0", "12", "\u65e5\u672c",
                          "\U0001f680", "gp:x",
                                  "__proto__", "user", "constructor", "-", "%2F", "[Experiment] x",
                                  "x" * 300])
def test_names_of_properties(project, name):
    path = project.flag("f", enabled=True, evaluationMode="local", bucketingKey="gp:" + name,
                        rolloutPercentage=0,
                        targetSegments=[{"name": "S", "percentage": 100,
                                         "rolloutWeights": {"on": 1},
                                         "conditions": [condition("gp:" + name, "is", "x")]}])
    for properties, wanted in (({name: "x"}, "on"), ({name: "y"}, "off"), ({}, "off"),
                               ({name + "z": "x"}, "off"),
                               ({"a": {"b": "x"}, "": {"": "x"}}, "off")):
        assert project.web.variant("f", user_id="u",
                                   user_properties=properties) == wanted, properties
    assert project.show(path)["targetSegments"][0]["conditions"][0]["prop"] == "gp:" + name
    assert project.show(path)["bucketingKey"] == "gp:" + name
    (flag,) = project.flags()
    selector = flag["segments"][0]["conditions"][0][0]["selector"]
    assert selector == ["context", "user", "user_properties", name]
    project.edit(path, targetSegments=[], rolloutPercentage=50, bucketingSalt="s")
    for value in ("a", "b", "c", "d", "e", "f"):
        wanted = "on" if oracle.murmur3("s/" + value) % 100 < 50 else "off"
        assert project.web.variant("f", user_properties={name: value}) == wanted


@pytest.mark.parametrize("prop", ["", "gp:", "x" * 2000, "gp:" + "x" * 2000])
def test_names_that_are_none(project, prop):
    path = project.flag()
    with project.unchanged():
        assert_refused(project.api.patch(path, {"bucketingKey": prop}), 400, "bucketingKey")
        assert_refused(project.api.patch(path, {"targetSegments": [
            {"name": "S", "percentage": 100, "rolloutWeights": {"on": 1},
             "conditions": [condition(prop, "is", "x")]}]}))


@pytest.mark.parametrize("identity", [123, 0, 1.5, True, ["a"], {"a": 1}])
def test_ids_that_are_no_text(project, identity):
    """Some callers send numbers: bucketed by their text, or refused, and never a crash."""
    project.live("flags", "f", rolloutPercentage=50, bucketingKey="user_id", bucketingSalt="s")
    answer = project.web.sdk.post("/sdk/v2/vardata", {"user_id": identity})
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        wanted = "on" if oracle.murmur3("s/" + oracle.text_of(identity)) % 100 < 50 else "off"
        assert content(answer)["f"]["key"] == wanted


def test_a_name_given_twice_in_a_body(project):
    path = project.flag()
    answer = project.api.call("PATCH", path, data=b'{"name":"first","name":"second"}')
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert project.show(path)["name"] == "second"


@pytest.mark.parametrize("depth, status", [(25, 200), (40, 400)])
def test_deep_payloads(project, depth, status):
    path = project.live("flags", "f")
    payload = "x"
    for _ in range(depth):
        payload = [payload]
    answer = project.api.patch(path + "/variants/on", {"payload": payload})
    assert answer.status_code == status
    if status == 200:
        assert project.vardata({"user_id": "u"})["f"]["payload"] == payload


def test_numbers_keep_their_value(project):
    payload = [0, -1, 1.5, 1e21, 1e-7, 123456789012345, 0.1, -0.0, 9007199254740991]
    project.live("flags", "f", variants=[{"key": "on", "payload": payload}])
    assert project.vardata({"user_id": "u"})["f"]["payload"] == payload


# ---- races ---------------------------------------------------------------------------------------
def crowd(project, count, what):
    def act(n):
        return what(Caller(project.api.base, project.api.authorization), n)
    with ThreadPoolExecutor(count) as people:
        return list(people.map(act, range(count)))


def test_one_of_many_gets_the_key(project):
    answers = crowd(project, 16, lambda caller, n: caller.post("/api/1/flags", {
        "projectId": project.id, "key": "wanted", "name": str(n)}).status_code)
    assert sorted(answers) == [200] + [400] * 15
    assert len(project.everything("flags")) == 1


def test_edits_of_different_members_all_stay(project):
    path = project.live("experiments", variants=[{"key": f"v{n}"} for n in range(8)])
    edits = [{"name": "N"}, {"description": "D"}, {"tags": ["t"]}, {"bucketingSalt": "S"},
             {"rolloutPercentage": 7},
             {"decisionReason": "R"}, {"startDate": "2025-01-01"}, {"endDate": "2199-01-01"}]
    crowd(project, 8, lambda caller, n: assert_ok(caller.patch(path, edits[n])))
    crowd(project, 8, lambda caller,
          n: assert_ok(caller.patch(f"{path}/variants/v{n}", {"rolloutWeight": n})))
    shown = project.show(path)
    for edit in edits:
        assert {m: shown[m] for m in edit} == edit
    assert shown["rolloutWeights"] == {f"v{n}": n for n in range(8)}
    assert len(project.show(path + "/versions")) == 17


def test_inclusions_of_many_stay_under_the_limit(project):
    path = project.flag()
    assert_ok(project.api.post(path + "/variants/on/users",
                               {"inclusions": [f"u{n}" for n in range(1900)]}))
    answers = crowd(project, 16, lambda caller, n: caller.post(path + "/variants/on/users", {
        "inclusions": [f"more-{n}-{m}" for m in range(10)]}).status_code)
    assert sorted(answers) == [200] * 10 + [400] * 6
    assert len(project.show(path + "/variants/on/users")) == 2000


def test_two_that_would_make_a_cycle(project):
    for attempt in range(5):
        one, two = project.live(), project.live()
        ids = [p.rsplit("/", 1)[1] for p in (one, two)]
        answers = crowd(project, 2, lambda caller, n, o=(one, two), i=ids: caller.patch(o[n], {
            "parentDependencies": {"flags": {i[1 - n]: ["on"]}, "operator": "all"}}).status_code)
        assert sorted(answers) == [200, 400]
    assert content(project.web.sdk.get("/sdk/v2/flags", eval_mode="remote"))


def test_members_join_and_leave_groups_at_once(project):
    paths = [project.experiment() for _ in range(8)]
    ids = [int(p.rsplit("/", 1)[1]) for p in paths]
    groups = [project.mutex([50, 50]) for _ in range(4)]
    dice = random.Random(SEED)
    plans = [[(dice.choice(groups), dice.randint(1, 2), dice.sample(ids, 3)) for _ in range(6)]
             for _ in range(8)]

    def act(caller, n):
        for group, slot, members in plans[n]:
            assert caller.patch(f"{group}/slots/{slot}",
                                {"experiments": members}).status_code == 200

    crowd(project, 8, act)
    shown = {g.rsplit("/", 1)[1]: project.show(g)["slots"] for g in groups}
    for path, number in zip(paths, ids):
        wanted = {}
        for group, slots in shown.items():
            inside = {s["variantKey"] for s in slots if number in s["experiments"]}
            if inside:
                wanted[group] = inside
        parents = project.show(path).get("parentDependencies", {}).get("flags", {})
        assert {k: set(v) for k, v in parents.items()} == wanted
