# SPDX-License-Identifier: Apache-2.0
"""Flags made through one dialect, read and changed through the other: exact or absent."""
import json

import pytest

from harness import ABSENT, assert_error, core_flag, data_of, targeted_flag


class Managed:
    """The other dialect's management API over the same environment, with the same token."""

    def __init__(self, app, env="production"):
        self.api = app.api
        self.base = app.api.base.removesuffix("/api/v1")
        self.project = next(row["number"] for row in app.envs() if row["name"] == env)

    def call(self, method, path, body=ABSENT):
        headers = {"Authorization": f"Bearer {self.api.token}"}
        data = None if body is ABSENT else json.dumps(body)
        return self.api.session.request(method, self.base + path, headers=headers, data=data)

    def create(self, key, **more):
        made = self.call("POST", "/api/1/flags", {"projectId": str(self.project), "key": key, **more})
        assert made.status_code == 200, made.text
        return made.json()["id"]

    def edit(self, number, **changes):
        done = self.call("PATCH", f"/api/1/flags/{number}", changes)
        assert done.status_code == 200, done.text

    def read(self, number):
        found = self.call("GET", f"/api/1/flags/{number}")
        assert found.status_code == 200, found.text
        return found.json()


@pytest.fixture
def managed(app):
    return Managed(app)


def served(app, kind="sdk"):
    path = "/config" if kind == "sdk" else "/public-config"
    return app.config(app.key(kind), path).json()["doc"]["flags"]


def test_a_flag_that_is_the_same_for_everybody_is_served(app, managed):
    number = managed.create("colour")
    assert served(app)["colour"]["enabled"] is False
    assert served(app)["colour"]["value"] == "off"
    managed.edit(number, enabled=True, rolloutPercentage=100)
    flag = served(app)["colour"]
    assert flag["enabled"] is True
    assert flag["type"] == "string"
    assert flag["fallthrough"] == {"variation": "on"}
    assert flag["offVariation"] == "off"
    assert flag["variations"] == {"on": {"value": "on"}, "off": {"value": "off"}}
    assert served(app, "pub")["colour"]["value"] == "on"
    managed.edit(number, rolloutPercentage=50)
    assert "colour" not in served(app)
    managed.edit(number, enabled=False)
    assert served(app)["colour"]["enabled"] is False
    managed.edit(number, archive=True)
    assert "colour" not in served(app)


def test_what_leans_on_an_absent_flag_is_absent(app, managed):
    number = managed.create("gate")
    managed.edit(number, enabled=True, rolloutPercentage=100)
    leaning = core_flag(True, prerequisites=[{"flag": "gate", "variations": ["on"]}])
    document = app.document()
    document["flags"]["leaning"] = leaning
    data_of(app.put(document))
    assert set(served(app)) == {"gate", "leaning"}
    managed.edit(number, rolloutPercentage=10)
    assert served(app) == {}
    assert set(app.flags()) == {"gate", "leaning"}


def test_a_document_leaves_alone_what_it_does_not_show(app, managed):
    number = managed.create("split")
    managed.edit(number, enabled=True, rolloutPercentage=50)
    before = managed.read(number)
    assert data_of(app.put(app.draft({"plain": core_flag("x")})))["flags"] == 1
    assert set(app.flags()) == {"plain", "split"}
    assert managed.read(number) == before
    document = app.document()
    document["flags"]["split"] = core_flag("x")
    response = app.put(document)
    assert response.status_code == 400
    assert response.json()["issues"][0]["path"] == "$.flags.split"
    assert managed.read(number) == before


def test_a_document_switches_a_flag_and_keeps_its_arithmetic(app, managed):
    segment = {"name": "Nordics", "percentage": 50, "rolloutWeights": {"on": 1},
               "conditions": [{"type": "property", "prop": "country", "op": "is",
                               "values": ["Norway"]}]}
    number = managed.create("colour", targetSegments=[segment])
    before = managed.read(number)
    document = app.document()
    document["flags"]["colour"]["enabled"] = True
    document["flags"]["colour"]["owner"] = "bo"
    data_of(app.put(document))
    after = managed.read(number)
    assert after["enabled"] is True
    for member in ("targetSegments", "bucketingSalt", "bucketingKey", "variants",
                   "rolloutPercentage", "rolloutWeights", "evaluationMode"):
        assert after[member] == before[member]
    assert "colour" not in served(app)


def test_a_document_cannot_say_who_gets_what(app, managed):
    number = managed.create("colour")
    before = managed.read(number)
    document = app.document()
    document["flags"]["colour"]["fallthrough"] = {"variation": "on"}
    response = app.put(document)
    assert response.status_code == 400
    assert response.json()["issues"][0]["path"] == "$.flags.colour"
    assert managed.read(number) == before


def test_a_patch_of_such_a_flag_is_refused_clearly(app, managed):
    number = managed.create("colour")
    before = managed.read(number)
    assert app.flags()["colour"] == {"type": "string", "value": "off"}
    why = "the flag compares text: of its members only clientEnabled can be changed here"
    assert_error(app.update("colour", value="on"), 400, why)
    assert_error(app.update("colour", rollout={"percentage": 5}), 400, why)
    assert_error(app.bulk({"colour": "on"}), 400, f"colour: {why}")
    assert managed.read(number) == before
    data_of(app.update("colour", clientEnabled=False))
    assert "colour" not in served(app, "pub")
    assert "colour" in served(app)


def test_an_ordinary_flag_survives_being_read_through_the_other_dialect(app, managed):
    document = app.document()
    document["flags"]["ruled"] = targeted_flag()
    data_of(app.put(document))
    found = managed.call("GET", f"/api/1/flags?projectId={managed.project}").json()["flags"]
    assert [row["key"] for row in found] == ["ruled"]
    number = found[0]["id"]
    managed.edit(number, name="Named", archive=True)
    assert "ruled" not in served(app)
    managed.edit(number, archive=False)
    assert app.document()["flags"] == {"ruled": targeted_flag()}
    data_of(app.put(app.document()))
    assert managed.read(number)["name"] == "Named"
