# SPDX-License-Identifier: Apache-2.0
"""Between dialects: exact elsewhere or not there at all; and bodies in odd clothes."""
import json

import pytest

from amplitude import Caller, Project, Town, UNLIMITED, assert_ok, content
from harness import Server, converse, statuses


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("across"), *UNLIMITED).start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def app(house):
    return house.api().new_app("both")


@pytest.fixture(scope="module")
def project(house, app):
    town = Town(house)
    return Project(town,
                   next(e["number"] for e in town.environments() if e["name"] == "production"))


def reach(project, key):
    path = f"/admin/v1/environments/{project.number}/flags/{key}/reach"
    return {row["protocol"]: row for row in content(project.town.owner.get(path))["reach"]}


@pytest.mark.parametrize("key, members, value", [
    ("constant", {"enabled": True, "rolloutPercentage": 100}, "on"), ("disabled", {}, "off"),
    ("half", {"enabled": True, "rolloutPercentage": 50}, None),
    ("targeted", {"enabled": True,
                  "targetSegments": [{"name": "S", "percentage": 100, "rolloutWeights": {"on": 1},
                  "conditions": [{"type": "property", "prop": "country", "op": "is",
                                  "values": ["NO"]}]}]}, None)])
def test_exact_or_absent_in_the_other_document(project, app, key, members, value):
    project.flag(key, **members)
    served = app.config(app.key("sdk"), "/config").json()["doc"]["flags"]
    if value is None:
        assert key not in served
    elif key in served:
        assert served[key]["value"] == value
    rows = reach(project, key)
    assert (rows["superflag.config"]["served"] == "yes") is (key in served)
    assert all(row.get("why") for row in rows.values() if row["served"] == "no")
    assert rows["amplitude.vardata"]["served"] == "yes"


def test_an_archived_flag_is_served_to_nobody(project, app):
    path = project.live("flags", "gone")
    project.edit(path, archive=True)
    assert "gone" not in app.config(app.key("sdk"), "/config").json()["doc"]["flags"]
    assert "gone" not in {f["key"] for f in project.flags()}


def test_keys_are_taken_across(project, app):
    app.add("theirs", "bool", True)
    assert project.create("flags", "theirs").status_code == 400
    project.flag("ours")
    assert app.create("ours", "bool", True).status_code == 400


# ---- bodies in odd clothes -----------------------------------------------------------------------
def raw(project, method, path, body, *headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", *headers,
             f"Authorization: {project.api.authorization}", "", ""]
    return converse(project.town.server, "\r\n".join(lines).encode() + body)[0]


def test_chunked_bodies_on_every_method(project):
    path = project.flag()
    assert_ok(project.api.post(path + "/variants/on/users", {"inclusions": ["u1", "u2"]}))
    for method, tail, body in (("PATCH", "", {"name": "chunked"}),
                               ("POST", "/variants/on/users", {"inclusions": ["u3"]}),
                               ("DELETE", "/variants/on/bulk-delete-users", {"users": ["u1"]})):
        text = json.dumps(body).encode()
        pieces = b"".join(b"%x\r\n%s\r\n" % (len(text[at:at + 5]), text[at:at + 5])
                          for at in range(0, len(text), 5))
        received = raw(project, method, path + tail, pieces + b"0\r\n\r\n",
                       "Transfer-Encoding: chunked")
        assert statuses(received) == [200], received
    assert project.show(path)["name"] == "chunked"
    assert project.show(path + "/variants/on/users") == ["u2", "u3"]


def test_a_delete_without_its_body_is_refused(project):
    path = project.flag()
    assert_ok(project.api.post(path + "/variants/on/users", {"inclusions": ["u1"]}))
    assert statuses(raw(project, "DELETE", path + "/variants/on/bulk-delete-users", b"")) == [400]
    assert project.show(path + "/variants/on/users") == ["u1"]


def test_a_delete_may_carry_a_body_nobody_needs(project):
    path = project.flag()
    assert_ok(project.api.post(path + "/variants/on/users", {"inclusions": ["u1", "u2"]}))
    answer = project.api.delete(path + "/variants/on/users/0", {"surprise": 1})
    assert answer.status_code in (200, 413)
    if answer.status_code == 200:
        assert project.show(path + "/variants/on/users") == ["u2"]


def test_requests_in_a_row_on_one_connection(project):
    path = project.flag()
    caller = Caller(project.api.base, project.api.authorization)
    for n in range(50):
        assert caller.patch(path, {"name": str(n)}).content == b"OK"
        assert content(caller.get(path))["name"] == str(n)
