# SPDX-License-Identifier: Apache-2.0
"""Bodies that are refused: wrong types, out of range, missing; each leaves everything as it was."""
import pytest

from amplitude import RESOURCES, assert_refused, fresh
from harness import ABSENT

NOT_TEXT = [1, 1.5, True, [], {}, ["x"]]
NOT_BOOLEAN = [None, 0, 1, "true", "", [], {}]
NOT_LIST = [None, "x", 1, True, {}]
NOT_OBJECT = [None, "x", 1, True, []]


def condition(**members):
    made = {"type": "property", "prop": "country", "op": "is", "values": ["NO"], **members}
    return {k: v for k, v in made.items() if v is not ABSENT}


def segment(**members):
    made = {"name": "S", "conditions": [condition()], "percentage": 50, "rolloutWeights": {"on": 1},
            **members}
    return [{k: v for k, v in made.items() if v is not ABSENT}]


def with_condition(**members):
    return segment(conditions=[condition(**members)])


BAD = {  # member: [values], for creates and edits alike
    "name": NOT_TEXT + [None], "description": NOT_TEXT,
    "bucketingKey": NOT_TEXT + [None, ""],
    "evaluationMode": NOT_TEXT + [None, "", "Remote", "server"],
    "targetSegments": NOT_LIST + [[1], ["x"], [None], [[]]],
    "rolloutWeights": NOT_OBJECT + [{"nobody": 1}, {"on": -1}, {"on": "1"}, {"on": None},
                                    {"on": 0.5},
                                    {"on": True}, {"on": 1000000001}, {"on": 1e300}, {"off": 1}],
    "enabled": NOT_BOOLEAN,
    "rolloutPercentage": [None, "50", True, [], {}, -1, 101, 0.5, 1e9, -0.1],
    "tags": NOT_LIST + [[1], [None], [["a"]], "a,b"],
    "bucketingSalt": NOT_TEXT + [None], "bucketingUnit": NOT_TEXT + [None, ""],
}
BAD_EXPERIMENT = {
    "experimentType": NOT_TEXT + [None, "", "A-B-TEST", "other"], "stickyBucketing": NOT_BOOLEAN,
    "startDate": NOT_TEXT + ["", "soon", "2025-13-01", "2025-02-30", "2025-5-1", "01.05.2025",
                             "2025-05-01T25:00:00Z", "2025-05-01T00:00:00", "2025-05-01x"],
    "endDate": NOT_TEXT + ["", "never", "2025-02-29", "2025-05-01T24:61:00Z"],
    "decision": NOT_TEXT + ["", "Rollout", "keep"], "decisionReason": NOT_TEXT,
    "rolledOutVariant": NOT_TEXT + ["nobody", ""],
    "exposureEvent": ["x", 1, True, [], {}, {"event_type": "e"}, {"filters": []},
                      {"event_type": 1, "filters": []}, {"event_type": "e", "filters": {}},
                      {"event_type": "e", "filters": [1]}, {"event_type": "e", "filters": [{}]}],
}
SEGMENTS = [
    (segment(name=ABSENT), "name"), (segment(name=1), "name"), (segment(name=None), "name"),
    (segment(conditions=ABSENT), "conditions"), (segment(conditions={}), "conditions"),
    (segment(conditions=[1]), "conditions[0]"), (segment(percentage=ABSENT), "percentage"),
    (segment(percentage="5"), "percentage"), (segment(percentage=-1), "percentage"),
    (segment(percentage=101), "percentage"), (segment(percentage=None), "percentage"),
    (segment(percentage=True), "percentage"), (segment(percentage=1.5), "percentage"),
    (segment(rolloutWeights=ABSENT), "rolloutWeights"),
    (segment(rolloutWeights=[]), "rolloutWeights"),
    (segment(rolloutWeights={"x": 1}), "rolloutWeights.x"),
    (segment(rolloutWeights={"on": -1}), None),
    (segment(rolloutWeights={"on": "1"}), None), (segment(bucketingKey=1), "bucketingKey"),
    (segment(bucketingKey=""), "bucketingKey"),
    (with_condition(type=ABSENT), "conditions[0].type"),
    (with_condition(type="cohort"), "conditions[0].type"),
    (with_condition(type="Property"), "conditions[0].type"),
    (with_condition(type=1), "conditions[0].type"),
    (with_condition(prop=ABSENT), "conditions[0].prop"),
    (with_condition(prop=1), "conditions[0].prop"),
    (with_condition(prop=""), "conditions[0].prop"),
    (with_condition(op=ABSENT), "conditions[0].op"), (with_condition(op="Is"), "conditions[0].op"),
    (with_condition(op="regex match"), "conditions[0].op"),
    (with_condition(op="set contains any"), "conditions[0].op"),
    (with_condition(op="version less"), "conditions[0].op"),
    (with_condition(op=""), "conditions[0].op"),
    (with_condition(op=1), "conditions[0].op"),
    (with_condition(values=ABSENT), "conditions[0].values"),
    (with_condition(values="NO"), "conditions[0].values"), (with_condition(values=[1]), None),
    (with_condition(values=[None]), None), (with_condition(values=[True]), None),
    (with_condition(values=[]), "conditions[0].values"),
    (with_condition(op="less", values=["x"]), None),
    (with_condition(op="greater", values=["1", "y"]), None),
    (with_condition(op="less or equal", values=["1,5"]), None),
    (with_condition(prop="version", op="greater or equal", values=["1"]), None),
    (with_condition(prop="version", op="less", values=["v1.2"]), None),
    (with_condition(prop="start_version", op="less", values=["1.2.3+b"]), None),
    (with_condition(op="set is", values=["a", "a"]), None),
    (with_condition(op="set contains", values=[""]), None),
    (with_condition(op="set is not", values=["a", "b", "a"]), None),
    (with_condition(op="glob match", values=["[a"]), None),
    (with_condition(op="glob match", values=["{a,b"]), None),
    (with_condition(op="glob does not match", values=["a\\"]), None),
]
VARIANTS = NOT_LIST + [[1], [None], ["on"], [{}], [{"key": 1}], [{"key": ""}], [{"key": "off"}],
                       [{"key": "Upper"}], [{"key": "two words"}], [{"key": "-x"}], [{"key": "x-"}],
                       [{"key": "a--b"}], [{"key": "a_-b"}], [{"key": "ünï"}], [{"key": "a.b"}],
                       [{"key": "x" * 129}], [{"key": "a"}, {"key": "a"}],
                       [{"key": "a", "name": 1}],
                       [{"key": "a", "description": 1}], [{"key": f"v{n}"} for n in range(65)]]


def attempts():
    for resource in RESOURCES:
        cases = dict(BAD, **(BAD_EXPERIMENT if resource == "experiments" else {}))
        for member, values in cases.items():
            yield resource, member, [({member: value}, member) for value in values]
        yield resource, "segments", [
            ({"targetSegments": value}, f"targetSegments[0].{field}" if field else None)
            for value, field in SEGMENTS]


@pytest.fixture(scope="module")
def items(shared_project):
    return {r: shared_project.live(r, variants=[{"key": "on"}, {"key": "b"}]) for r in RESOURCES}


def refuse(project, calls):
    """Every call is 400, names its member, and nothing changed after any of them."""
    before, wrong = project.state(), []
    for what, call, field in calls:
        answer = call()
        try:
            body = assert_refused(answer, 400)
            if field is not None:
                assert body.get("field", "").startswith(field), body
            assert project.version() == before[0]
        except (AssertionError, KeyError, ValueError) as failure:
            wrong.append((what, str(failure).split("\n")[0][:300]))
    assert not wrong, "\n".join(map(str, wrong))
    assert project.state() == before


@pytest.mark.parametrize("resource, member, cases", attempts(),
                         ids=lambda v: v if isinstance(v, str) else "")
def test_edits(shared_project, items, resource, member, cases):
    path = items[resource]
    refuse(shared_project, [(body, lambda b=body: shared_project.api.patch(path, b), field)
                            for body, field in cases])


@pytest.mark.parametrize("resource, member, cases", attempts(),
                         ids=lambda v: v if isinstance(v, str) else "")
def test_creates(shared_project, items, resource, member, cases):
    variants = [{"key": "on"}, {"key": "b"}]
    refuse(shared_project, [
        (body, lambda b=body: shared_project.create(resource, **{"variants": variants, **b}), field)
        for body, field in cases])


@pytest.mark.parametrize("resource", RESOURCES)
def test_creates_with_bad_variants(shared_project, items, resource):
    refuse(shared_project, [(v, lambda v=v: shared_project.create(resource, variants=v), "variants")
                            for v in VARIANTS])


@pytest.mark.parametrize("resource", RESOURCES)
def test_keys_of_items(shared_project, items, resource):
    keys = NOT_TEXT + [None, "", "a b", "x" * 129, "a/b", "é", "-a", ".a", "a\u0000", "a\n"]
    refuse(shared_project, [(k, lambda k=k: shared_project.api.post(
        f"/api/1/{resource}", {"projectId": shared_project.id, "key": k}), "key") for k in keys] +
        [("no key", lambda: shared_project.api.post(
            f"/api/1/{resource}", {"projectId": shared_project.id}), "key")])
    for key in ("x" * 128, "a.b_c-D9", "0"):
        assert shared_project.create(resource, f"{resource[0]}{key}"[:128]).status_code == 200


@pytest.mark.parametrize("resource", RESOURCES)
def test_projects_of_creates(shared_project, items, resource):
    values = [None, "", "x", True, [], {}, 0, "0", 1.5, -1, "-1", " 1", "1.0"]
    refuse(shared_project, [(v, lambda v=v: shared_project.api.post(
        f"/api/1/{resource}", {"projectId": v, "key": fresh()}), "projectId") for v in values])
    for value in (99999999, "99999999"):
        with shared_project.unchanged():
            assert_refused(shared_project.api.post(
                f"/api/1/{resource}", {"projectId": value, "key": fresh()}), 404)


@pytest.mark.parametrize("resource", RESOURCES)
def test_deployments_of_creates(town, shared_project, items, resource):
    stranger = town.project().deployment("client").id
    values = NOT_LIST + [[True], [{}], [None], ["x"], ["99999"], [stranger], [int(stranger)], [1.5]]
    refuse(shared_project,
           [(v, lambda v=v: shared_project.create(resource, deployments=v), "deployments")
                            for v in values])


BODIES = [b"", b"{", b"nonsense", b"[]", b"[{}]", b'"text"', b"1", b"null", b"true", b"{}{}",
          b"{'a':1}",
          b'{"name":"a",}', b'{"name":"\xff"}', b'{"name":"\\ud800"}', b"{\"name\":\"a\"} x",
          b'{"a":' * 40 + b"1" + b"}" * 40, b'{"name":01}', b"\xef\xbb\xbf{", b'{"name":"a\x01"}']


@pytest.mark.parametrize("method, path", [
    ("POST", "/api/1/flags"), ("POST", "/api/1/experiments"), ("PATCH", "{flag}"),
    ("PATCH", "{experiment}"),
    ("POST", "{flag}/variants"), ("PATCH", "{flag}/variants/on"), ("POST", "{flag}/variants/on"),
    ("POST", "{flag}/variants/on/users"), ("POST", "{flag}/variants/on/cohorts"),
    ("DELETE", "{flag}/variants/on/bulk-delete-users"),
    ("DELETE", "{flag}/variants/on/bulk-delete-cohorts"),
    ("POST", "{flag}/deployments"), ("POST", "/api/1/mutexes"), ("POST", "/api/1/holdouts"),
    ("PATCH", "{mutex}"), ("PATCH", "{mutex}/slots/1"), ("PATCH", "{holdout}")])
def test_bodies_that_are_no_object(shared_project, items, groups, method, path):
    path = path.format(flag=items["flags"], experiment=items["experiments"], **groups)
    refuse(shared_project,
           [(data, lambda d=data: shared_project.api.call(method, path, data=d), None)
                            for data in BODIES])


@pytest.fixture(scope="module")
def groups(shared_project):
    return {"mutex": shared_project.mutex(), "holdout": shared_project.holdout()}


@pytest.mark.parametrize("path", ["/api/1/deployments"])
def test_bodies_of_deployments(shared_project, items, path):
    refuse(shared_project, [(d, lambda d=d: shared_project.api.call("POST", path, data=d), None)
                            for d in BODIES])


def test_a_body_may_be_1_mib_and_no_more(shared_project, items):
    path = items["flags"]
    with shared_project.unchanged():
        for size, status in ((1 << 20, 400), ((1 << 20) + 1, 413)):
            body = b'{"name":7,' + b" " * (size - 11) + b"}"
            assert len(body) == size
            assert shared_project.api.call("PATCH", path, data=body).status_code == status


def test_how_long_texts_may_be(shared_project, items):
    for member, length in (("name", 1 << 16), ("description", 1 << 16)):
        with shared_project.unchanged():
            assert_refused(shared_project.api.patch(items["flags"], {member: "x" * (length + 1)}))


@pytest.mark.parametrize("member, good, bad", [
    ("targetSegments", 64, 65), ("conditions", 32, 33), ("values", 1000, 1001)])
def test_how_many_there_may_be(shared_project, items, member, good, bad):
    def made(count):
        if member == "targetSegments":
            return [segment(name=f"s{n}")[0] for n in range(count)]
        if member == "conditions":
            return segment(conditions=[condition(values=[str(n)]) for n in range(count)])
        return with_condition(values=[f"v{n}" for n in range(count)])
    with shared_project.unchanged():
        assert_refused(shared_project.api.patch(items["flags"], {"targetSegments": made(bad)}))
    assert shared_project.api.patch(items["flags"],
                                    {"targetSegments": made(good)}).status_code == 200
    shared_project.edit(items["flags"], targetSegments=[])


def test_one_bad_member_spoils_the_whole_edit(shared_project, items):
    with shared_project.unchanged():
        assert_refused(shared_project.api.patch(items["flags"], {
            "name": "new", "description": "new", "enabled": False, "tags": ["x"],
            "rolloutPercentage": 101}), 400, "rolloutPercentage")


@pytest.mark.parametrize("dates", [{"startDate": "2025-05-02", "endDate": "2025-05-01"}])
def test_an_end_before_the_start(shared_project, items, dates):
    with shared_project.unchanged():
        assert_refused(shared_project.api.patch(items["experiments"], dates))


def test_members_of_experiments_mean_nothing_on_flags(shared_project, items):
    for member in ("decision", "stickyBucketing", "exposureEvent", "experimentType", "startDate"):
        answer = shared_project.api.patch(items["flags"], {member: 12})
        assert answer.status_code in (200, 400), member
        assert member not in shared_project.show(items["flags"])
