# SPDX-License-Identifier: Apache-2.0
"""Variants of flags and experiments: shown, added, edited by both verbs, renamed, deleted."""
import pytest

from amplitude import RESOURCES, assert_ok, assert_refused, content
from test_amplitude_refusals import BODIES

PAYLOADS = [{"hex": "#088"}, {}, [], [1, {"a": None}], "text", "", 0, 1.5, -7, 1e21, True, False,
            "\u65e5\u672c \U0001f680", {"z": 1, "a": {"nested": [[]]}}, {"": 1, "1": 2}]
BAD = {"key": [1, None, "", "off", "Upper", "a b", "-a", "a-", "a--b", "\u00fc", "x" * 129, [], {},
               "a.b"],
       "name": [1, [], {}, True], "description": [1, [], {}, True],
       "rolloutWeight": ["1", None, True, [], -1, 0.5, 1e300, 1000000001]}


@pytest.fixture(params=RESOURCES)
def path(project, request):
    return project.live(request.param, "it", variants=[{"key": "a"}, {"key": "b", "name": "Bee",
                        "description": "d", "payload": {"x": 1}}], bucketingKey="user_id",
                        evaluationMode="local", rolloutWeights={"a": 1, "b": 3})


def test_details_have_all_five_members(project, path):
    details = [{"key": "a", "name": "", "payload": {}, "description": "", "rolloutWeight": 1},
               {"key": "b", "name": "Bee", "payload": {"x": 1}, "description": "d",
                "rolloutWeight": 3}]
    assert project.show(path + "/variants") == details
    for detail in details:
        assert project.show(f"{path}/variants/{detail['key']}") == detail
    assert project.show(path)["variants"] == [
        {"key": "a"}, {"key": "b", "name": "Bee", "description": "d", "payload": {"x": 1}}]


def test_off_is_never_shown(project, path):
    for variant in ("off", "nobody", "A", "a%20"):
        assert_refused(project.api.get(f"{path}/variants/{variant}"), 404)
        assert_refused(project.api.patch(f"{path}/variants/{variant}", {"name": "x"}), 404)
        assert_refused(project.api.delete(f"{path}/variants/{variant}"), 404)
        assert_refused(project.api.get(f"{path}/variants/{variant}/users"), 404)


def test_adding(project, path):
    with project.changes(path):
        assert_ok(project.api.post(path + "/variants", {"key": "c"}))
    assert project.show(path + "/variants/c") == {"key": "c", "name": "", "payload": {},
                                                  "description": "", "rolloutWeight": 0}
    with project.changes(path):
        assert_ok(project.api.post(path + "/variants", {
            "key": "d_e-f", "name": "n", "description": "x", "payload": [1], "rolloutWeight": 4}))
    assert project.show(path + "/variants/d_e-f") == {"key": "d_e-f", "name": "n", "payload": [1],
                                                      "description": "x", "rolloutWeight": 4}
    assert [v["key"] for v in project.show(path)["variants"]] == ["a", "b", "c", "d_e-f"]
    assert project.show(path)["rolloutWeights"]["d_e-f"] == 4
    (flag,) = project.flags()
    assert flag["variants"]["d_e-f"] == {"key": "d_e-f", "value": "d_e-f", "payload": [1]}
    seen = [d["variant"] for d in flag["segments"][-1]["bucket"]["allocations"][0]["distributions"]]
    assert seen == ["a", "b", "d_e-f"]


def test_a_key_there_already(project, path):
    with project.unchanged():
        assert_refused(project.api.post(path + "/variants", {"key": "a"}), 400, "key")
        assert_refused(project.api.patch(path + "/variants/a", {"key": "b"}), 400, "key")


@pytest.mark.parametrize("verb", ["PATCH", "POST"])
def test_editing_by_both_verbs(project, path, verb):
    def edit(**members):
        with project.changes(path):
            assert_ok(project.api.call(verb, path + "/variants/b", members))
        return project.show(path + "/variants/b")
    assert edit(name="New")["name"] == "New"
    assert edit(description="")["description"] == ""
    assert edit(rolloutWeight=0)["rolloutWeight"] == 0
    shown = edit(payload={"y": 2})
    assert shown == {"key": "b", "name": "New", "payload": {"y": 2}, "description": "",
                     "rolloutWeight": 0}
    assert edit(payload=None)["payload"] == {}
    assert project.show(path)["variants"][1] == {"key": "b", "name": "New"}
    assert project.vardata({"user_id": "u"})["it"]["key"] == "a"


@pytest.mark.parametrize("payload", PAYLOADS, ids=repr)
def test_payloads_of_every_kind(project, path, payload):
    assert_ok(project.api.patch(path + "/variants/a", {"payload": payload, "rolloutWeight": 1}))
    assert_ok(project.api.patch(path + "/variants/b", {"rolloutWeight": 0}))
    assert project.show(path + "/variants/a")["payload"] == payload
    assert project.show(path)["variants"][0]["payload"] == payload
    assert project.flags()[0]["variants"]["a"]["payload"] == payload
    result = project.vardata({"user_id": "u"})["it"]
    assert (result["key"], result["payload"]) == ("a", payload)
    assert type(result["payload"]) is type(payload)


@pytest.mark.parametrize("verb", ["PATCH", "POST"])
def test_renaming(project, path, verb):
    assert_ok(project.api.post(path + "/variants/b/users", {"inclusions": ["u-1"]}))
    project.edit(path, targetSegments=[{"name": "S", "conditions": [], "percentage": 0,
                                        "rolloutWeights": {"a": 2, "b": 5}}])
    with project.changes(path):
        assert_ok(project.api.call(verb, path + "/variants/b", {"key": "new-b"}))
    assert_refused(project.api.get(path + "/variants/b"), 404)
    shown = project.show(path)
    assert [v["key"] for v in shown["variants"]] == ["a", "new-b"]
    assert shown["rolloutWeights"] == {"a": 1, "new-b": 3}
    assert shown["targetSegments"][0]["rolloutWeights"] == {"a": 2, "new-b": 5}
    assert project.show(path + "/variants/new-b/users") == ["u-1"]
    assert project.web.variant("it", user_id="u-1") == "new-b"
    assert set(project.flags()[0]["variants"]) == {"a", "new-b", "off"}


def test_renaming_to_itself(project, path):
    assert_ok(project.api.patch(path + "/variants/b", {"key": "b", "name": "same"}))
    assert project.show(path + "/variants/b")["name"] == "same"


def test_deleting(project, path):
    project.edit(path, targetSegments=[{"name": "S", "conditions": [], "percentage": 10,
                                        "rolloutWeights": {"a": 2, "b": 5}}])
    with project.changes(path):
        assert_ok(project.api.delete(path + "/variants/b"))
    shown = project.show(path)
    assert shown["variants"] == [{"key": "a"}]
    assert shown["rolloutWeights"] == {"a": 1}
    assert shown["targetSegments"][0]["rolloutWeights"] == {"a": 2}
    assert set(project.flags()[0]["variants"]) == {"a", "off"}
    assert_refused(project.api.delete(path + "/variants/b"), 404)


def test_deleting_the_last_leaves_off_for_all(project, path):
    for variant in ("a", "b"):
        assert_ok(project.api.delete(f"{path}/variants/{variant}"))
    assert project.show(path + "/variants") == []
    assert project.web.variant("it", user_id="u") == "off"
    assert set(project.flags()[0]["variants"]) == {"off"}
    assert_ok(project.api.post(path + "/variants", {"key": "again", "rolloutWeight": 1}))
    assert project.web.variant("it", user_id="u") == "again"


@pytest.mark.parametrize("member", sorted(BAD))
@pytest.mark.parametrize("method, tail", [("POST", "/variants"), ("PATCH", "/variants/a"),
                                          ("POST", "/variants/a")])
def test_wrong_members(project, path, member, method, tail):
    body = {"key": "fine"} if tail == "/variants" else {}
    with project.unchanged():
        for value in BAD[member]:
            answer = project.api.call(method, path + tail, {**body, member: value})
            assert answer.status_code == 400, (value, answer.text)
            assert_refused(answer, 400, member)


def test_a_new_variant_needs_a_key(project, path):
    with project.unchanged():
        for body in ({}, {"name": "x"}, {"payload": 1}):
            assert_refused(project.api.post(path + "/variants", body), 400, "key")
        for data in BODIES:
            assert_refused(project.api.call("POST", path + "/variants", data=data))


def test_64_variants_with_off_and_no_more(project, path):
    for n in range(61):
        assert_ok(project.api.post(path + "/variants", {"key": f"v{n}"}))
    with project.unchanged():
        assert_refused(project.api.post(path + "/variants", {"key": "one-more"}))
    assert len(project.show(path)["variants"]) == 63


def test_payloads_may_be_64_kib(project, path):
    fits, over = "x" * ((64 << 10) - 2), "x" * ((64 << 10) - 1)
    assert_ok(project.api.patch(path + "/variants/a", {"payload": fits}))
    with project.unchanged():
        assert_refused(project.api.patch(path + "/variants/a", {"payload": over}))
    assert project.show(path + "/variants/a")["payload"] == fits


def test_percent_escapes_in_a_key(project, path):
    assert content(project.api.get(path + "/variants/%61"))["key"] == "a"
    assert_refused(project.api.get(path + "/variants/%2561"), 404)


def test_unknown_members_of_a_variant(project, path):
    with project.changes(path):
        assert_ok(project.api.patch(path + "/variants/a", {"colour": 1, "name": "n"}))
    assert project.show(path + "/variants/a")["name"] == "n"
