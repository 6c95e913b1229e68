# SPDX-License-Identifier: Apache-2.0
"""Users, devices and cohorts that get a variant whatever the rules say."""
import pytest

from amplitude import RESOURCES, assert_ok, assert_refused
from test_amplitude_refusals import BODIES


@pytest.fixture(params=RESOURCES)
def path(project, request):
    return project.new(request.param, "it", enabled=True, variants=[{"key": "a"}, {"key": "b"}])


def add(project, path, variant, ids, what="users"):
    assert_ok(project.api.post(f"{path}/variants/{variant}/{what}", {"inclusions": ids}))


def test_users_are_kept_in_order_without_repetitions(project, path):
    assert project.show(path + "/variants/a/users") == []
    with project.changes(path):
        add(project, path, "a", ["u-17", "device-9", "u-17"])
    with project.changes(path):
        add(project, path, "a", ["b", "u-17", "a"])
    assert project.show(path + "/variants/a/users") == ["u-17", "device-9", "b", "a"]
    assert project.show(path + "/variants/b/users") == []


def test_they_get_the_variant_by_either_id(project, path):
    add(project, path, "b", ["x", "b@example.org", "\u65e5\u672c", "a,b", " "])
    for one in ("x", "b@example.org", "\u65e5\u672c", "a,b", " "):
        for member in ("user_id", "device_id"):
            result = project.vardata({member: one})["it"]
            assert result["key"] == "b", (one, member)
            assert result["metadata"]["segmentName"] == "individual-inclusions"
    for one in ("X", "a", "b", "x "):
        assert project.web.variant("it", user_id=one, device_id=one) == "off"


def test_the_earlier_variant_wins(project, path):
    add(project, path, "b", ["both"])
    add(project, path, "a", ["both"])
    assert project.web.variant("it", user_id="both") == "a"
    add(project, path, "a", ["dev"])
    add(project, path, "b", ["usr"])
    assert project.web.variant("it", user_id="usr", device_id="dev") == "a"


def test_nobody_when_disabled(project, path):
    add(project, path, "a", ["u"])
    project.edit(path, enabled=False)
    assert project.web.variant("it", user_id="u") == "off"


def test_deleting_by_index(project, path):
    add(project, path, "a", ["p", "q", "r"])
    with project.changes(path):
        assert_ok(project.api.delete(path + "/variants/a/users/1"))
    assert project.show(path + "/variants/a/users") == ["p", "r"]
    assert_ok(project.api.delete(path + "/variants/a/users/1"))
    assert_ok(project.api.delete(path + "/variants/a/users/0"))
    assert project.show(path + "/variants/a/users") == []
    assert project.web.variant("it", user_id="q") == "off"


@pytest.mark.parametrize("index", ["3", "-1", "x", "1.0", "99999999999999999999", "0x0", "p"])
def test_an_index_out_of_range(project, path, index):
    add(project, path, "a", ["p", "q", "r"])
    with project.unchanged():
        assert_refused(project.api.delete(f"{path}/variants/a/users/{index}"), 404)


def test_deleting_all(project, path):
    add(project, path, "a", ["p", "q"])
    add(project, path, "b", ["r"])
    with project.changes(path):
        assert_ok(project.api.delete(path + "/variants/a/users"))
    assert project.show(path + "/variants/a/users") == []
    assert project.show(path + "/variants/b/users") == ["r"]
    assert_ok(project.api.delete(path + "/variants/a/users"))


def test_deleting_many(project, path):
    add(project, path, "a", [f"u{n}" for n in range(120)])
    with project.changes(path):
        assert_ok(project.api.delete(path + "/variants/a/bulk-delete-users",
                                     {"users": ["u3", "nobody", "u5", "u3"]}))
    left = project.show(path + "/variants/a/users")
    assert left == [f"u{n}" for n in range(120) if n not in (3, 5)]
    with project.unchanged():
        assert_refused(project.api.delete(path + "/variants/a/bulk-delete-users",
                                          {"users": [f"u{n}" for n in range(101)]}), 400, "users")
    assert_ok(project.api.delete(path + "/variants/a/bulk-delete-users",
                                 {"users": [f"u{n}" for n in range(100)]}))
    assert project.show(path + "/variants/a/users") == [f"u{n}" for n in range(100, 120)]


def test_2000_and_no_more(project, path):
    add(project, path, "a", [f"u{n}" for n in range(1999)])
    with project.unchanged():
        assert_refused(project.api.post(path + "/variants/a/users", {"inclusions": ["x", "y"]}),
                       400)
    add(project, path, "a", ["last", "u0", "u1998"])
    assert len(project.show(path + "/variants/a/users")) == 2000
    with project.unchanged():
        assert_refused(project.api.post(path + "/variants/a/users", {"inclusions": ["x"]}), 400)
    add(project, path, "a", ["u5"])
    add(project, path, "b", [f"u{n}" for n in range(2000)])
    assert project.web.variant("it", user_id="last") == "a"
    with project.unchanged():
        assert_refused(project.api.delete(path + "/variants/a/users/2000"), 404)
    assert_ok(project.api.delete(path + "/variants/a/users/1999"))
    assert project.web.variant("it", user_id="last") == "off"


def test_2001_at_once(project, path):
    with project.unchanged():
        assert_refused(project.api.post(path + "/variants/a/users",
                                        {"inclusions": [f"u{n}" for n in range(2001)]}), 400)
    add(project, path, "a", [f"u{n}" for n in range(2000)] + ["u0", "u1"])


WRONG = [{}, {"inclusions": None}, {"inclusions": "u"}, {"inclusions": {}}, {"inclusions": [1]},
         {"inclusions": [None]}, {"inclusions": [["u"]]}, {"inclusions": ["u", True]},
         {"inclusions": [""]}, {"inclusions": ["x" * 257]}]


@pytest.mark.parametrize("what, limit", [("users", 256), ("cohorts", None)])
def test_wrong_bodies(project, path, what, limit):
    with project.unchanged():
        for body in WRONG:
            assert_refused(project.api.post(f"{path}/variants/a/{what}", body), 400)
        for body in WRONG[:8]:
            renamed = {"users": body["inclusions"]} if body else {}
            assert_refused(project.api.delete(f"{path}/variants/a/bulk-delete-{what}", renamed),
                           400)
        for data in BODIES:
            for method, tail in (("POST", what), ("DELETE", f"bulk-delete-{what}")):
                assert_refused(project.api.call(method, f"{path}/variants/a/{tail}", data=data),
                               400)


def test_ids_of_1_to_256_bytes(project, path):
    add(project, path, "a", ["x", "y" * 256, "\u00e9" * 128])
    with project.unchanged():
        assert_refused(project.api.post(path + "/variants/a/users",
                                        {"inclusions": ["\u00e9" * 129]}))
    assert project.web.variant("it", user_id="y" * 256) == "a"


def test_an_empty_list_is_no_error(project, path):
    for method, tail, body in (("POST", "users", {"inclusions": []}),
                               ("POST", "cohorts", {"inclusions": []}),
                               ("DELETE", "bulk-delete-users", {"users": []}),
                               ("DELETE", "bulk-delete-cohorts", {"users": []})):
        assert_ok(project.api.call(method, f"{path}/variants/a/{tail}", body))


def test_unknown_variants_of_an_item(project, path):
    with project.unchanged():
        for method, tail, body in (
                ("POST", "users", {"inclusions": ["u"]}), ("DELETE", "users", None),
                ("DELETE", "users/0", None),
                ("DELETE", "bulk-delete-users", {"users": ["u"]}),
                ("POST", "cohorts", {"inclusions": ["c"]}),
                ("DELETE", "bulk-delete-cohorts", {"users": ["c"]})):
            for variant in ("nobody", "off"):
                more = {} if body is None else {"body": body}
                assert_refused(project.api.call(method, f"{path}/variants/{variant}/{tail}",
                                                **more), 404)


# ---- cohorts -------------------------------------------------------------------------------------
def test_cohorts_by_members_and_by_what_the_caller_says(project, path):
    project.cohort("kx82mf0a", ["u-1", "u-2"])
    with project.changes(path):
        add(project, path, "b", ["kx82mf0a", "other", "kx82mf0a"], "cohorts")
    assert project.show(path + "/variants/b/cohorts") == ["kx82mf0a", "other"]
    assert project.show(path + "/variants/b/users") == []
    assert project.web.variant("it", user_id="u-1") == "b"
    result = project.vardata({"user_id": "u-1"})["it"]
    assert result["metadata"]["segmentName"] == "individual-inclusions"
    assert project.web.variant("it", user_id="u-3") == "off"
    assert project.web.variant("it", device_id="u-1") == "off"
    assert project.web.variant("it", user_id="u-3", cohort_ids=["x", "other"]) == "b"
    assert project.web.variant("it", cohort_ids=["kx82mf0a"]) == "b"
    project.cohort("kx82mf0a", ["u-3"])
    assert project.web.variant("it", user_id="u-1") == "off"
    assert project.web.variant("it", user_id="u-3") == "b"


def test_deleting_cohorts_with_both_names(project, path):
    add(project, path, "a", ["c1", "c2", "c3", "c4"], "cohorts")
    with project.changes(path):
        assert_ok(project.api.delete(path + "/variants/a/bulk-delete-cohorts",
                                     {"users": ["c2", "none"]}))
    assert_ok(project.api.delete(path + "/variants/a/bulk-delete-cohorts", {"cohorts": ["c3"]}))
    assert project.show(path + "/variants/a/cohorts") == ["c1", "c4"]
    with project.unchanged():
        assert_refused(project.api.delete(path + "/variants/a/bulk-delete-cohorts",
                                          {"users": [f"c{n}" for n in range(101)]}), 400)
        assert_refused(project.api.delete(path + "/variants/a/cohorts/0"), 404)
        assert project.api.delete(path + "/variants/a/cohorts").status_code == 405


def test_100_cohorts_and_no_more(project, path):
    add(project, path, "a", [f"c{n}" for n in range(100)], "cohorts")
    with project.unchanged():
        assert_refused(project.api.post(path + "/variants/a/cohorts", {"inclusions": ["c100"]}))


def test_in_configurations(project, path):
    project.edit(path, evaluationMode="local", bucketingKey="user_id")
    add(project, path, "a", ["u-1", "d-1"])
    add(project, path, "b", ["c-1"], "cohorts")
    (flag,) = project.flags()
    ids = {"op": "is", "values": ["u-1", "d-1"]}
    assert flag["segments"][:2] == [
        {"conditions": [[{"selector": ["context", "user", "user_id"], **ids}],
                        [{"selector": ["context", "user", "device_id"], **ids}]],
         "metadata": {"segmentName": "individual-inclusions"}, "variant": "a"},
        {"conditions": [[{"selector": ["context", "user", "cohort_ids"], "op": "set contains any",
                          "values": ["c-1"]}]],
         "metadata": {"segmentName": "individual-inclusions"}, "variant": "b"}]
