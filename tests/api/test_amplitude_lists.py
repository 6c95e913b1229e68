# SPDX-License-Identifier: Apache-2.0
"""Lists: pages, order, filters, and tokens that cover several projects."""
from concurrent.futures import ThreadPoolExecutor

import pytest

from amplitude import RESOURCES, Caller, assert_refused, content, fresh

LISTS = ("flags", "experiments", "mutexes", "holdouts", "deployments", "versions")
MAKERS = {"flags": lambda p: p.new("flags", deployments=[]), "holdouts": lambda p: p.holdout(),
          "experiments": lambda p: p.new("experiments", deployments=[]),
          "mutexes": lambda p: p.mutex(),
          "deployments": lambda p: p.deployment().path,
          "versions": lambda p: p.new("flags", deployments=[])}


@pytest.fixture(scope="module")
def seven(town):
    """A project with seven of everything that can be listed."""
    project = town.project()
    made = {what: [MAKERS[what](project) for _ in range(7)] for what in LISTS[:-1]}
    return project, made


def page(api, what, **params):
    body = content(api.get(f"/api/1/{what}", **params))
    assert set(body) <= {what, "nextCursor"}
    return body[what], body.get("nextCursor")


@pytest.mark.parametrize("what", LISTS)
def test_newest_first_and_no_cursor_on_the_last_page(seven, what):
    project, made = seven
    rows, cursor = page(project.api, what)
    assert cursor is None
    if what == "versions":
        assert len(rows) == 14
        stamps = [row["createdAt"] for row in rows]
        assert stamps == sorted(stamps, reverse=True)
    else:
        ids = [row["id"] for row in rows]
        wanted = [path.rsplit("/", 1)[1] for path in reversed(made[what])]
        assert [i for i in ids if i in wanted] == wanted
        assert ids == sorted(ids, key=int, reverse=True)


@pytest.mark.parametrize("what", LISTS)
@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 14, 1000, 1001, 100000])
def test_pages_join_to_the_whole(seven, what, limit):
    project, _ = seven
    whole, _ = page(project.api, what)
    joined, cursor = [], 0
    while cursor is not None:
        rows, following = page(project.api, what, limit=limit, cursor=cursor)
        assert len(rows) == min(limit, len(whole) - cursor)
        if following is not None:
            assert type(following) is int
            assert following == cursor + len(rows) < len(whole)
        joined, cursor = joined + rows, following
    assert joined == whole


@pytest.mark.parametrize("what", LISTS)
@pytest.mark.parametrize("name, value", [
    ("limit", "0"), ("limit", "-1"), ("limit", "x"), ("limit", ""), ("limit", "1.5"),
    ("limit", "1e2"),
    ("limit", " 5"), ("limit", "+5"), ("cursor", "-1"), ("cursor", "x"), ("cursor", ""),
    ("cursor", "1.0"), ("cursor", "0x1"), ("cursor", "99999999999999999999999999")])
def test_pages_that_do_not_exist(seven, what, name, value):
    project, _ = seven
    assert_refused(project.api.get(f"/api/1/{what}", **{name: value}), 400, name)


@pytest.mark.parametrize("what", LISTS)
@pytest.mark.parametrize("cursor", [7, 14, 15, 1000, 2147483647, 4294967296])
def test_past_the_end_is_an_empty_page(seven, what, cursor):
    project, _ = seven
    count = len(page(project.api, what)[0])
    rows, following = page(project.api, what, cursor=cursor)
    assert (len(rows), following) == (max(0, count - cursor), None)


@pytest.mark.parametrize("what", LISTS)
def test_unknown_parameters_are_ignored(seven, what):
    project, _ = seven
    assert page(project.api, what, v="0", nonsense="a,b") == page(project.api, what)


@pytest.mark.parametrize("resource", RESOURCES)
def test_one_key(project, resource):
    for key in ("alpha", "alphabet", "Alpha"):
        project.new(resource, key)
    assert [i["key"] for i in page(project.api, resource, key="alpha")[0]] == ["alpha"]
    assert [i["key"] for i in page(project.api, resource, key="Alpha")[0]] == ["Alpha"]
    for key in ("alph", "ALPHA", "nobody", "alpha*"):
        assert page(project.api, resource, key=key) == ([], None)


@pytest.mark.parametrize("resource", RESOURCES)
def test_archived_ones_when_asked_for(project, resource):
    kept, gone = project.new(resource, "kept"), project.new(resource, "gone")
    project.edit(gone, archive=True)
    for params, keys in (({}, ["kept"]), ({"includeArchived": "false"}, ["kept"]),
                         ({"includeArchived": "true"}, ["gone", "kept"]),
                         ({"includeArchived": "true", "key": "gone"}, ["gone"]),
                         ({"key": "gone"}, [])):
        rows, cursor = page(project.api, resource, **params)
        assert [i["key"] for i in rows] == keys, params
        assert cursor is None
    rows, cursor = page(project.api, resource, limit=1)
    assert ([i["key"] for i in rows], cursor) == (["kept"], None)
    assert project.show(kept)["deleted"] is False


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("value", ["maybe", "", "2"])
def test_booleans_in_a_query(project, resource, value):
    answer = project.api.get(f"/api/1/{resource}", includeArchived=value)
    assert answer.status_code in (200, 400)


def test_delivery_method(project):
    project.experiment("one")
    assert len(page(project.api, "experiments", deliveryMethod="feature")[0]) == 1
    assert page(project.api, "experiments", deliveryMethod="web") == ([], None)


def test_archived_groups_are_left_out_like_items(project):
    for kind, path in (("mutexes", project.mutex()), ("holdouts", project.holdout())):
        project.edit(path, archive=True)
        assert page(project.api, kind) == ([], None)
        (row,) = page(project.api, kind, includeArchived="true")[0]
        assert row["deleted"] is True
        assert project.show(path) == row


def test_archived_deployments_are_listed(project):
    deployment = project.deployment()
    project.edit(deployment.path, archive=True)
    (row,) = page(project.api, "deployments")[0]
    assert row == {"id": deployment.id, "projectId": project.id, "label": deployment.label,
                   "key": deployment.key, "deleted": True}


# ---- several projects in one token ---------------------------------------------------------------
@pytest.fixture(scope="module")
def three(town):
    """Three projects with one of everything, and a token for the first two."""
    projects = [town.project() for _ in range(3)]
    for project in projects:
        for maker in MAKERS.values():
            maker(project)
    return projects, town.api(projects[0].number, projects[1].number)


@pytest.mark.parametrize("what", LISTS)
def test_lists_span_the_projects_of_the_token(three, what):
    projects, both = three
    alone = [page(p.api, what)[0] for p in projects]
    rows, _ = page(both, what)
    key = (lambda r: (r["flagConfig"]["id"],
                      r["version"])) if what == "versions" else (lambda r: r["id"])
    assert sorted(map(key, rows)) == sorted(map(key, alone[0] + alone[1]))
    assert [key(r) for r in rows] == [key(r)
                                      for r in alone[1] + alone[0]] or what in ("flags", "versions")
    joined, cursor = [], 0
    while cursor is not None:
        part, cursor = page(both, what, limit=1, cursor=cursor)
        joined += part
    assert joined == rows


@pytest.mark.parametrize("what", LISTS)
def test_one_project_of_several(three, what):
    projects, both = three
    assert page(both, what, projectId=projects[1].id) == page(projects[1].api, what)
    assert_refused(both.get(f"/api/1/{what}", projectId=projects[2].id), 403)
    assert_refused(both.get(f"/api/1/{what}", projectId="99999999"), 404)
    assert_refused(both.get(f"/api/1/{what}", projectId="x"), 400, "projectId")


@pytest.mark.parametrize("what", LISTS)
def test_the_owner_sees_all_projects(town, three, what):
    projects, both = three
    rows, _ = page(town.owner, what)
    seen = {r["flagConfig"]["projectId"] if what == "versions" else r["projectId"] for r in rows}
    assert {p.id for p in projects} <= seen


def test_a_key_in_several_projects(three):
    projects, both = three
    for project in projects:
        project.flag("twin")
    rows, _ = page(both, "flags", key="twin")
    assert {r["projectId"] for r in rows} == {projects[0].id, projects[1].id}
    assert len(page(both, "flags", key="twin", projectId=projects[0].id)[0]) == 1


def test_more_than_a_page(town):
    """A thousand at most, whatever was asked for; the deployments page is the vendor proxy's."""
    project = town.project()

    def create(count):
        caller = Caller(town.server.base, project.api.authorization)
        for _ in range(count):
            content(caller.post("/api/1/flags", {"projectId": project.id, "key": fresh()}))

    with ThreadPoolExecutor(17) as crowd:
        list(crowd.map(create, [59] * 17))
    rows, cursor = page(project.api, "flags")
    assert (len(rows), cursor) == (1000, 1000)
    rows, cursor = page(project.api, "flags", limit=5000)
    assert (len(rows), cursor) == (1000, 1000)
    rows, cursor = page(project.api, "flags", cursor=cursor)
    assert (len(rows), cursor) == (3, None)
    rows, cursor = page(project.api, "versions", limit=1000, cursor=999)
    assert (len(rows), cursor) == (4, None)
