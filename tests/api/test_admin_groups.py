# SPDX-License-Identifier: Apache-2.0
"""Mutual exclusion and holdout groups through the admin API."""
import pytest

from admin_desk import assert_problem, content
from admin_place import desk, place  # noqa: F401 (fixtures)
from harness import ABSENT


class Groups:
    def __init__(self, place):
        self.place, self.owner = place, place.owner
        self.base = f"{place.base}/groups"

    def call(self, path="", method="GET", body=ABSENT, **more):
        return self.owner.call(method, self.base + path, body, **more)

    def mutex(self, key, *percents, **more):
        slots = [{"percent": p} for p in percents]
        return content(self.call("", "POST", {"kind": "mutex", "key": key, "slots": slots, **more}), 201)

    def holdout(self, key, percent, **more):
        return content(self.call("", "POST", {"kind": "holdout", "key": key, "percent": percent,
                                              **more}), 201)

    def get(self, key, **params):
        return content(self.call(f"/{key}", **params))

    def put(self, group, flag, slots=None, **more):
        body = {} if slots is None else {"slots": slots}
        return self.call(f"/{group}/members/{flag}", "PUT", body, **more)

    def take(self, group, flag, **more):
        return self.call(f"/{group}/members/{flag}", "DELETE", **more)


@pytest.fixture
def groups(place):
    return Groups(place)


# ---- made ------------------------------------------------------------------------------------------
def test_a_mutex_deals_its_slots(groups):
    made = groups.mutex("m", 50, 30, name="M", description="d")
    assert made["slots"] == [{"name": "slot-1", "percent": 50, "members": []},
                             {"name": "slot-2", "percent": 30, "members": []}]
    assert (made["key"], made["kind"], made["name"], made["description"]) == ("m", "mutex", "M", "d")
    assert groups.get("m") == made
    flag = groups.place.get("m")
    assert (flag["number"], flag["revision"], flag["id"]) == (made["number"], 1, made["id"])
    document = flag["document"]
    assert document["kind"] == "mutex"
    assert document["enabled"] is True
    assert document["deployments"] == []
    shares = document["fallthrough"]["bucket"]["slices"][0]["variations"]
    assert shares == [{"variation": "slot-1", "weight": 50}, {"variation": "slot-2", "weight": 30},
                      {"variation": "unallocated", "weight": 20}]


def test_a_holdout_keeps_some_out(groups):
    made = groups.holdout("h", 10)
    assert (made["percent"], made["members"], made["name"]) == (10, [], "h")
    assert groups.get("h") == made


@pytest.mark.parametrize("body, where", [
    ({}, "/kind"), ({"kind": "flag", "key": "g"}, "/kind"), ({"kind": "mutex", "key": "g"}, "/slots"),
    ({"kind": "mutex", "slots": [{"percent": 1}]}, "/key"),
    ({"kind": "mutex", "key": "-", "slots": [{"percent": 1}]}, "/key"),
    ({"kind": "mutex", "key": "g", "slots": []}, "/slots"),
    ({"kind": "mutex", "key": "g", "slots": [{"percent": 1}] * 21}, "/slots"),
    ({"kind": "mutex", "key": "g", "slots": [{"percent": 51}, {"percent": 50}]}, "/slots"),
    ({"kind": "mutex", "key": "g", "slots": [{"percent": 0}]}, "/slots/0/percent"),
    ({"kind": "mutex", "key": "g", "slots": [{"percent": 1.5}]}, "/slots/0/percent"),
    ({"kind": "mutex", "key": "g", "slots": [{"percent": 1, "x": 1}]}, "/slots/0"),
    ({"kind": "mutex", "key": "g", "slots": [7]}, "/slots/0"),
    ({"kind": "mutex", "key": "g", "slots": [{"percent": 1}], "percent": 1}, "/percent"),
    ({"kind": "holdout", "key": "g"}, "/percent"),
    ({"kind": "holdout", "key": "g", "percent": 100}, "/percent"),
    ({"kind": "holdout", "key": "g", "percent": 0}, "/percent"),
    ({"kind": "holdout", "key": "g", "percent": "10"}, "/percent"),
    ({"kind": "holdout", "key": "g", "percent": 10, "slots": []}, "/slots"),
    ({"kind": "holdout", "key": "g", "percent": 10, "name": 1}, "/name"),
    ({"kind": "holdout", "key": "g", "percent": 10, "members": []}, "/members")])
def test_what_is_refused_is_pointed_at(groups, body, where):
    assert_problem(groups.call("", "POST", body), 400, "invalid", where)
    assert groups.owner.all(groups.base) == []


def test_a_key_is_a_flags_or_a_groups(groups, place):
    place.make("f")
    assert_problem(groups.call("", "POST", {"kind": "holdout", "key": "f", "percent": 1}), 409,
                   "conflict", "/key")
    groups.holdout("h", 1)
    assert_problem(place.flags("", "POST", {"key": "h"}), 409, "conflict", "/key")
    assert_problem(groups.call("/f"), 404, "not_found")
    assert_problem(groups.call("/f", "DELETE"), 404, "not_found")


def test_lists_are_of_groups_alone(groups, place):
    for key in ("a", "z"):
        place.make(key)
    groups.mutex("m", 100)
    groups.holdout("h", 5)
    assert [g["key"] for g in groups.owner.all(groups.base, limit=1)] == ["h", "m"]
    assert place.keys(kind="mutex") == ["m"]
    assert place.keys(kind="holdout") == ["h"]
    version = place.version()
    groups.call("/m", "DELETE")
    assert [g["key"] for g in groups.owner.all(groups.base)] == ["h"]
    assert [g["key"] for g in groups.owner.all(groups.base, at=str(version))] == ["h", "m"]


def test_a_new_group_says_where_it_is(groups):
    answer = groups.call("", "POST", {"kind": "holdout", "key": "h", "percent": 1})
    assert answer.headers["Location"] == "/admin/v1" + groups.base + "/h"
    assert answer.headers["ETag"] == groups.call("/h").headers["ETag"]


# ---- members ---------------------------------------------------------------------------------------
def test_members_of_a_mutex_are_in_slots(groups, place):
    groups.mutex("m", 50, 50)
    place.make("f", prerequisites=[])
    answer = groups.put("m", "f", [2])
    member = content(answer)
    assert member["document"]["prerequisites"] == [{"flag": "m", "variations": ["slot-2"]}]
    assert answer.headers["ETag"] == place.tag("f")
    assert place.get("f") == member
    place.make("e")
    content(groups.put("m", "e", [1, 2]))
    assert [s["members"] for s in groups.get("m")["slots"]] == [["e"], ["e", "f"]]
    content(groups.put("m", "f", [1]))
    assert [s["members"] for s in groups.get("m")["slots"]] == [["e", "f"], ["e"]]
    assert groups.take("m", "f").status_code == 204
    assert [s["members"] for s in groups.get("m")["slots"]] == [["e"], ["e"]]
    assert "prerequisites" not in place.get("f")["document"]
    assert_problem(groups.take("m", "f"), 404, "not_found")


def test_members_of_a_holdout_are_those_not_held_out(groups, place):
    groups.holdout("h", 10)
    place.make("p")
    place.make("f", kind="experiment", prerequisites=[{"flag": "p", "variations": ["on"]}])
    member = content(groups.put("h", "f"))
    assert member["document"]["prerequisites"] == [{"flag": "p", "variations": ["on"]},
                                                   {"flag": "h", "variations": ["on"]}]
    assert groups.get("h")["members"] == ["f"]
    assert groups.take("h", "f").status_code == 204
    assert place.get("f")["document"]["prerequisites"] == [{"flag": "p", "variations": ["on"]}]


def test_a_holdout_may_be_in_a_mutex(groups):
    groups.mutex("m", 100)
    groups.holdout("h", 10)
    groups.holdout("i", 10)
    content(groups.put("m", "h", [1]))
    assert groups.get("m")["slots"][0]["members"] == ["h"]
    assert_problem(groups.put("h", "i"), 409, "conflict")
    assert_problem(groups.put("h", "m"), 409, "conflict")
    assert_problem(groups.put("m", "m", [1]), 409, "conflict")


@pytest.mark.parametrize("body, where", [
    ({}, "/slots"), ({"slots": []}, "/slots"), ({"slots": [0]}, "/slots/0"),
    ({"slots": [1, 3]}, "/slots/1"), ({"slots": ["1"]}, "/slots/0"), ({"slots": [1.5]}, "/slots/0"),
    ({"slots": [1] * 21}, "/slots"), ({"slot": 1}, "/slot")])
def test_slots_there_are_not(groups, place, body, where):
    groups.mutex("m", 50, 50)
    place.make("f")
    assert_problem(groups.call("/m/members/f", "PUT", body), 400, "invalid", where)
    assert place.get("f")["revision"] == 1


def test_holdouts_have_no_slots(groups, place):
    groups.holdout("h", 10)
    place.make("f")
    assert_problem(groups.put("h", "f", [1]), 400, "invalid", "/slots")


def test_nobody_joins_what_is_not_there(groups, place):
    groups.holdout("h", 10)
    place.make("f")
    assert_problem(groups.put("none", "f"), 404, "not_found")
    assert_problem(groups.put("f", "f"), 404, "not_found")
    assert_problem(groups.put("h", "none"), 404, "not_found")
    assert_problem(groups.take("none", "f"), 404, "not_found")
    assert_problem(groups.take("h", "f"), 404, "not_found")


def test_what_is_archived_joins_nothing(groups, place):
    groups.holdout("h", 10)
    place.make("f", archived=True)
    assert_problem(groups.put("h", "f"), 409, "conflict")
    place.patch("f", archived=False)
    place.patch("h", archived=True)
    assert_problem(groups.put("h", "f"), 409, "conflict")


def test_a_local_flag_joins_a_local_group(groups, place):
    groups.holdout("h", 10)
    place.make("f", evaluationMode="local")
    problem = assert_problem(groups.put("h", "f"), 409, "conflict")
    assert "flag f" in problem["detail"]
    place.patch("h", evaluationMode="local")
    content(groups.put("h", "f"))


def test_membership_is_held_to_the_members_tag(groups, place):
    groups.mutex("m", 50, 50)
    place.make("f")
    stale = place.tag("f")
    place.patch("f", enabled=True)
    assert_problem(groups.put("m", "f", [1], headers={"If-Match": stale}), 412, "stale")
    content(groups.put("m", "f", [1], headers={"If-Match": place.tag("f")}))
    assert_problem(groups.take("m", "f", headers={"If-Match": stale}), 412, "stale")
    assert groups.take("m", "f", headers={"If-Match": place.tag("f")}).status_code == 204


def test_a_groups_tag_changes_with_its_members(groups, place):
    groups.holdout("h", 10)
    place.make("f")
    tag = groups.call("/h").headers["ETag"]
    assert groups.call("/h", headers={"If-None-Match": tag}).status_code == 304
    content(groups.put("h", "f"))
    assert groups.call("/h", headers={"If-None-Match": tag}).status_code == 200
    groups.take("h", "f")
    assert_problem(groups.call("/h", "DELETE", headers={"If-Match": '"x"'}), 412, "stale")
    assert groups.call("/h", "DELETE", headers={"If-Match": tag}).status_code == 204


def test_a_group_with_members_stays(groups, place):
    groups.holdout("h", 10)
    place.make("f")
    content(groups.put("h", "f"))
    for answer in (groups.call("/h", "DELETE"), place.flags("/h", "DELETE")):
        problem = assert_problem(answer, 409, "conflict")
        assert "flag f" in problem["detail"]
    groups.take("h", "f")
    assert groups.call("/h", "DELETE").status_code == 204


def test_a_dry_run_tells_and_does_nothing(groups, place):
    groups.holdout("h", 10)
    place.make("f", enabled=True)
    report = content(groups.put("h", "f", dryRun="true"))
    assert report["affected"] == ["f"]
    assert report["changes"] == [{"kind": "flag", "key": "f", "op": "update", "diff": [
        {"op": "add", "path": "/prerequisites", "to": [{"flag": "h", "variations": ["on"]}]}]}]
    report = content(groups.call("", "POST", {"kind": "mutex", "key": "m", "slots": [{"percent": 1}]},
                                 dryRun="true"))
    assert [(c["key"], c["op"]) for c in report["changes"]] == [("m", "create")]
    assert groups.get("h")["members"] == []
    assert_problem(groups.call("/m"), 404, "not_found")


def test_groups_decide_who_gets_a_flag(groups, place):
    """Two flags in two slots: nobody gets both, everybody in a slot gets one."""
    groups.mutex("m", 50, 50)
    for key, slot in (("a", 1), ("b", 2)):
        place.make(key, enabled=True)
        content(groups.put("m", key, [slot]))
    got = []
    for first in (0, 100):
        contexts = [{"targetingKey": f"u-{n}"} for n in range(first, first + 100)]
        answer = content(place.owner.post(f"{place.base}/evaluate", {"contexts": contexts,
                                                                     "flags": ["a", "b"]}))
        got += [{one["key"]: one["variation"] for one in row["flags"]} for row in answer["results"]]
    assert {tuple(row.values()).count("on") for row in got} == {1}
    assert 60 < sum(row["a"] == "on" for row in got) < 140


def test_viewers_read_and_strangers_do_not(desk, groups):
    groups.holdout("h", 10)
    groups.place.make("f")
    viewer = desk.person("viewer")
    stranger = desk.speaker(kind="environment",
                            environments=[desk.app()["environments"][0]["number"]])
    for method, path, body in (("POST", "", {"kind": "holdout", "key": "g", "percent": 1}),
                               ("DELETE", "/h", ABSENT), ("PUT", "/h/members/f", {}),
                               ("DELETE", "/h/members/f", ABSENT)):
        assert_problem(viewer.call(method, groups.base + path, body), 403, "denied")
        assert_problem(stranger.call(method, groups.base + path, body), 404, "not_found")
    assert viewer.get(groups.base + "/h").status_code == 200
    assert_problem(stranger.get(groups.base), 404, "not_found")


def test_the_other_dialect_sees_the_same_group(desk, groups, place):
    groups.mutex("m", 60, 40)
    place.make("e", kind="experiment", evaluationMode="remote")
    member = content(groups.put("m", "e", [2]))
    answer = groups.owner.session.get(
        f"{desk.server.base}/api/1/mutexes", timeout=30, params={"projectId": place.number},
        headers={"Authorization": f"Bearer {desk.token(kind='environment', environments=[place.number])['token']}"})
    assert answer.status_code == 200, answer.text
    mutex = next(m for m in answer.json()["mutexes"] if m["key"] == "m")
    assert [(s["percentage"], s["experiments"]) for s in mutex["slots"]] == \
        [(60, []), (40, [member["number"]])]
