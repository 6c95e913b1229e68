# SPDX-License-Identifier: Apache-2.0
"""Events of SDKs: taken, refused, told apart by insert_id, and remembered."""
import gzip
import json
import re
import time

import pytest

from amplitude import Caller, Town, UNLIMITED, content, fresh
from harness import wait_until

PATHS = ("/2/httpapi", "/batch")


def assignment(**members):
    return {"event_type": "[Experiment] Assignment", "user_id": "u-1", "device_id": "d-1",
            "groups": {},
            "event_properties": {"button-colour.variant": "treatment",
                                 "button-colour.details": "v12 rule:Nordics",
                                 "new-checkout.variant": "off",
                                 "new-checkout.details": "v4 rule:All Other Users"},
            "user_properties": {"$set": {"[Experiment] button-colour": "treatment"},
                                "$unset": {"[Experiment] new-checkout": "-"}},
            "insert_id": fresh("u-1 d-1 "), **members}


def exposure(**members):
    return {"event_type": "[Experiment] Exposure", "user_id": "u-1", "event_properties": {
        "[Experiment] Flag Key": "f", "[Experiment] Variant": "on",
        "[Experiment] Experiment Key": "exp-1",
        "metadata": {"deployed": True}}, "user_properties": {"$set": {"[Experiment] f": "on"}},
        "insert_id": fresh("x "), **members}


@pytest.fixture
def anyone(town):
    return Caller(town.server.base)


def accepted(answer, count):
    body = content(answer)
    assert body["code"] == 200
    assert body["events_ingested"] == count
    assert type(body["payload_size_bytes"]) is int
    assert body["payload_size_bytes"] > 0
    assert abs(body["server_upload_time"] - time.time() * 1000) < 60000
    return body


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("event", [
    assignment(), exposure(), {"event_type": "$exposure", "user_id": "u", "event_properties": {
        "flag_key": "f", "variant": "on", "experiment_key": "exp-1",
        "metadata": {}}, "time": 1746000000000},
    {"event_type": "$exposure", "device_id": "d", "event_properties": {"flag_key": "f"}},
    {"event_type": "$impression", "user_id": "u",
     "event_properties": {"flag_key": "f", "variant": "on"}},
    {"event_type": "checkout opened", "user_id": "u"},
    assignment(event_properties={"[Experiment] button-colour.variant": "treatment"}),
    assignment(time=1746000000000, platform="iOS", ip="127.0.0.1", library="x/1", session_id=-1,
               surprise={"a": [1]})], ids=lambda e: e["event_type"])
def test_events_of_every_kind(project, anyone, path, event):
    body = {"api_key": project.web.key, "events": [event], "options": {"min_id_length": 1}}
    accepted(anyone.post(path, body), 1)


@pytest.mark.parametrize("path", PATHS)
def test_every_kind_of_key(project, anyone, path):
    pair = project.project_keys()
    for key in (project.web.key, project.deployment("client").key, pair["apiKey"]):
        accepted(anyone.post(path, {"api_key": key, "events": [assignment()]}), 1)


@pytest.mark.parametrize("path", PATHS)
def test_keys_that_are_none(town, project, anyone, path):
    pair = project.project_keys()
    gone = project.deployment("client")
    project.edit(gone.path, archive=True)
    token = project.api.authorization.split(" ")[1]
    for key in ("", "x", pair["secretKey"], gone.key, project.web.key[:-1], token,
                town.server.token):
        answer = anyone.post(path, {"api_key": key, "events": [assignment()]})
        assert answer.status_code in (400, 401), key
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    for body in ({"events": [assignment()]}, {"api_key": None, "events": [assignment()]},
                 {"api_key": 1, "events": [assignment()]},
                 {"api_key": [project.web.key], "events": [assignment()]}):
        assert anyone.post(path, body).status_code in (400, 401), body


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("events", [None, {}, "x", 1, [1], ["x"], [None], [[]]])
def test_events_of_the_wrong_shape(project, anyone, path, events):
    answer = anyone.post(path, {"api_key": project.web.key, "events": events})
    body = content(answer, 400)
    assert body["code"] == 400


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("change", [
    {"event_type": None}, {"event_type": 1}, {"event_type": ""}, {"user_id": 1, "device_id": None},
    {"user_id": None, "device_id": None}, {"user_id": "", "device_id": ""},
    {"event_properties": "x"},
    {"event_properties": [1]}, {"insert_id": 5}, {"user_properties": 1}, {"time": "soon"}])
def test_events_with_wrong_members(project, anyone, path, change):
    answer = anyone.post(path, {"api_key": project.web.key, "events": [assignment(**change)]})
    if set(change) & {"event_properties", "insert_id", "user_properties", "time"}:
        assert answer.status_code in (200, 400)
    else:
        assert answer.status_code == 400, answer.text
        assert content(answer, 400)["code"] == 400


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("data",
                         [b"", b"{", b"[]", b"null", b"x", b'"x"', b'{"api_key":"\xff"}', b"{}"])
def test_bodies_that_are_none(anyone, path, data):
    answer = anyone.call("POST", path, data=data)
    assert answer.status_code in (400, 401)
    assert isinstance(answer.json(), dict)


@pytest.mark.parametrize("path", PATHS)
def test_no_content_type_and_a_charset(project, anyone, path):
    body = json.dumps({"api_key": project.web.key, "events": [assignment()]}).encode()
    for kind in ("application/json; charset=UTF-8", "text/plain", "*/*"):
        accepted(anyone.call("POST", path, data=body, headers={"Content-Type": kind}), 1)


@pytest.mark.parametrize("path", PATHS)
def test_many_events(project, anyone, path):
    events = [assignment() for _ in range(100)]
    accepted(anyone.post(path, {"api_key": project.web.key, "events": events}), 100)
    answer = anyone.post(path, {"api_key": project.web.key, "events": events + [assignment()]})
    assert answer.status_code in (200, 400, 413)


@pytest.mark.parametrize("path", PATHS)
def test_more_than_2_mib(project, anyone, path):
    big = assignment(event_properties={"pad": "x" * 15000})
    answer = anyone.post(path, {"api_key": project.web.key, "events": [big] * 160})
    assert answer.status_code == 413
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_batch_that_is_partly_wrong_is_refused_whole_or_counted(project, anyone):
    answer = anyone.post("/2/httpapi", {"api_key": project.web.key, "events": [
        assignment(), {"event_type": ""}, assignment()]})
    if answer.status_code == 200:
        assert content(answer)["events_ingested"] == 2
    else:
        assert content(answer, 400)["code"] == 400


def test_gzip_or_a_clear_refusal(project, anyone):
    body = gzip.compress(json.dumps({"api_key": project.web.key,
                                     "events": [assignment()]}).encode())
    answer = anyone.call("POST", "/batch", data=body, headers={"Content-Encoding": "gzip"})
    assert answer.status_code in (200, 400, 415)


@pytest.mark.parametrize("path", PATHS)
def test_methods(anyone, path):
    for method in ("GET", "PUT", "DELETE"):
        assert anyone.call(method, path).status_code == 405


# ---- what became of them -------------------------------------------------------------------------
@pytest.fixture
def house(new_server):
    """A server of its own, whose counts nobody else moves."""
    server = new_server(*UNLIMITED).start()
    project = Town(server).project()
    return server, project, Caller(server.base)


def counts(server):
    """(stored, seen before), once nothing is on its way."""
    def read():
        text = Caller(server.operations).get("/metrics").text
        found = dict(re.findall(r"^guidon_events_(\w+) (\d+)$", text, re.MULTILINE))
        done = found["accepted_total"] == found["stored_total"]
        stored = int(found["stored_total"]), int(found["duplicate_total"])
        return done and found["queued_bytes"] == "0" and stored
    return wait_until(read, "the events to be stored", 5)


def test_repetitions_are_told_apart_by_insert_id(house):
    server, project, anyone = house
    once, twice = exposure(insert_id="once"), exposure(insert_id="twice")
    for path, events in (("/2/httpapi", [once, twice]), ("/batch", [twice]),
                         ("/2/httpapi", [twice, once]),
                         ("/batch", [twice, twice])):
        accepted(anyone.post(path, {"api_key": project.web.key, "events": events}), len(events))
    assert counts(server) == (2, 5)
    third = dict(twice, insert_id="third", user_id="another")
    accepted(anyone.post("/batch", {"api_key": project.web.key, "events": [third]}), 1)
    assert counts(server) == (3, 5)


def test_an_assignment_is_a_row_for_each_flag(house):
    server, project, anyone = house
    for _ in range(2):
        accepted(anyone.post("/batch",
                             {"api_key": project.web.key,
                              "events": [assignment(insert_id="two")]}), 1)
    assert counts(server) == (2, 2)


def test_without_insert_id_nothing_is_a_repetition(house):
    server, project, anyone = house
    plain = {"event_type": "checkout opened", "user_id": "u"}
    for _ in range(3):
        accepted(anyone.post("/batch", {"api_key": project.web.key, "events": [plain, plain]}), 2)
    assert counts(server) == (6, 0)


def test_an_insert_id_is_of_one_project(house):
    server, project, anyone = house
    other = Town(server).project()
    for one in (project, other):
        accepted(anyone.post("/batch",
                             {"api_key": one.web.key, "events": [exposure(insert_id="same")]}), 1)
    assert counts(server) == (2, 0)


def test_repetitions_after_a_restart(house):
    server, project, anyone = house
    body = {"api_key": project.web.key, "events": [exposure(insert_id="before")]}
    accepted(anyone.post("/batch", body), 1)
    server.restart()
    accepted(Caller(server.base).post("/batch", body), 1)
    text = wait_until(lambda: "guidon_events_duplicate_total 1" in (
        found := Caller(server.operations).get("/metrics").text) and found, "the repetition", 5)
    assert "guidon_events_stored_total 0" in text


def test_refused_events_are_not_stored(house):
    server, project, anyone = house
    for body in ({"api_key": "x", "events": [exposure()]},
                 {"api_key": project.web.key, "events": [{}]},
                 {"api_key": project.web.key, "events": "x"}):
        assert anyone.post("/batch", body).status_code in (400, 401)
    assert counts(server) == (0, 0)


def test_events_survive_a_stop_right_after(house):
    server, project, anyone = house
    ids = [f"e-{n}" for n in range(200)]
    for at in range(0, 200, 50):
        events = [exposure(insert_id=one) for one in ids[at:at + 50]]
        accepted(anyone.post("/batch", {"api_key": project.web.key, "events": events}), 50)
    server.restart()
    for at in range(0, 200, 50):
        events = [exposure(insert_id=one) for one in ids[at:at + 50]]
        accepted(Caller(server.base).post("/batch", {"api_key": project.web.key, "events": events}),
                 50)
    operations = Caller(server.operations)
    wait_until(lambda: "guidon_events_duplicate_total 200" in operations.get("/metrics").text,
               "200 repetitions", 5)


# ---- assignments the server notes itself ---------------------------------------------------------
@pytest.mark.parametrize("headers, noted", [
    ({}, 1), ({"X-Amp-Exp-Track": "track"}, 1), ({"X-Amp-Exp-Track": "anything"}, 1),
    ({"X-Amp-Exp-Track": "no-track"}, 0), ({"X-Amp-Exp-Track": "read-only"}, 0),
    ({"X-Amp-Exp-Track": "no-track", "X-Amp-Exp-Exposure-Track": "track"}, 1),
    ({"X-Amp-Exp-Exposure-Track": "track"}, 2), ({"X-Amp-Exp-Exposure-Track": "no-track"}, 1)])
def test_a_remote_evaluation_notes_what_was_assigned(house, headers, noted):
    server, project, _ = house
    project.live("experiments", "e", variants=[{"key": "a"}])
    project.web.flags()
    project.vardata({"user_id": "u"}, headers=headers)
    assert counts(server)[0] == noted
    project.vardata({"user_id": "u"}, headers=headers)
    assert counts(server)[0] in (noted, noted + ("X-Amp-Exp-Exposure-Track" in headers))
    project.vardata({"user_id": "v"}, headers=headers)
    assert counts(server)[0] >= 2 * noted


def test_an_evaluation_in_v1_notes_as_well(house):
    server, project, _ = house
    project.live("experiments", "e", variants=[{"key": "a"}])
    content(project.web.sdk.get("/v1/vardata", user_id="u"))
    assert counts(server)[0] == 1
    content(project.web.sdk.get("/v1/vardata", user_id="v",
                                headers={"X-Amp-Exp-Track": "no-track"}))
    assert counts(server)[0] == 1
