# SPDX-License-Identifier: Apache-2.0
"""What a reading of the Amplitude and admin dialects found: ids of other projects, much from little,
answers that a restart changed."""
import json
import socket
import sqlite3

import pytest

import amplitude
from amplitude import assert_ok, assert_refused, content, fresh
from harness import is_watched_for_races


@pytest.fixture
def other(town):
    """Another project nobody else touches."""
    return town.project()


def made_elsewhere(project):
    """The path of a flag of the other API, which is on every deployment."""
    place = next(e for e in project.town.environments() if e["number"] == project.number)
    key = fresh("typed")
    answer = project.town.owner.post("/api/v1/flags", {
        "appId": place["appId"], "env": place["name"], "key": key, "type": "bool",
        "value": True})
    assert answer.status_code == 201, answer.text
    found = content(project.api.get("/api/1/flags", key=key))["flags"]
    return f"/api/1/flags/{found[0]['id']}"


# ---- ids of other projects -----------------------------------------------------------------------
def test_taking_away_a_foreign_deployment_reveals_nothing(project, other):
    """An item on every deployment of its project is on none of another's."""
    path = made_elsewhere(project)
    own = project.deployment("client")
    foreign = [other.deployment("server") for _ in range(3)]
    with project.unchanged():
        assert_refused(project.api.delete(f"{path}/deployments/{foreign[0].id}"), 404)
    assert [d["id"] for d in project.show(f"{path}/deployments")] == [own.id]


def test_an_item_leaves_one_deployment_of_all(project):
    path = made_elsewhere(project)
    kept, left = project.deployment("client"), project.deployment("server")
    assert_ok(project.api.delete(f"{path}/deployments/{left.id}"))
    assert [d["id"] for d in project.show(f"{path}/deployments")] == [kept.id]
    assert_refused(project.api.delete(f"{path}/deployments/{left.id}"), 404)


def test_a_cohort_is_refused_before_it_is_sent(town, project, other):
    """A token of another project does not get to send a quarter of a gigabyte first."""
    head = (f"PUT /admin/v1/environments/{other.number}/cohorts/c HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: {project.api.authorization}\r\nContent-Type: text/plain\r\n"
            f"Content-Length: 200000000\r\n\r\n")
    with socket.create_connection(("127.0.0.1", town.server.port), timeout=5) as link:
        link.sendall(head.encode() + b"u-1\n")
        assert link.recv(64).startswith(b"HTTP/1.1 404 ")


# ---- much from little ----------------------------------------------------------------------------
def test_few_bytes_about_many_flags_are_not_kept_thousandfold(project):
    """Each row repeats what the event says of itself."""
    key = project.project_keys()["apiKey"]
    event = {"event_type": "[Experiment] Assignment", "user_id": "u", "insert_id": "i",
             "groups": {"g": "g" * 15000},
             "event_properties": {f"f{i}.variant": "on" for i in range(9000)}}
    answer = project.town.owner.post("/2/httpapi", {"api_key": key, "events": [event]})
    assert answer.status_code == 413, answer.text
    assert answer.json()["code"] == 413


def test_a_long_history_is_told_whole(project):
    path = project.flag(description="1")
    for i in range(2, 71):
        project.edit(path, description=str(i))
    told = project.show(f"{path}/versions")
    assert [v["version"] for v in told] == list(range(70, 0, -1))
    assert [v["flagConfig"]["description"] for v in told] == [str(i) for i in range(70, 0, -1)]
    for version in (1, 2, 35, 69, 70):
        assert project.show(f"{path}/versions/{version}") == told[70 - version]
    for version in (0, 71, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1, 2 ** 64):
        assert_refused(project.api.get(f"{path}/versions/{version}"), 404)


def resident_kib(server, what):
    status = open(f"/proc/{server.process.pid}/status", encoding="ascii").read()
    return int(status.partition(what + ":")[2].split()[0])


@pytest.mark.skipif(is_watched_for_races(), reason="it measures memory, one request after the other")
def test_one_version_of_many_large_ones_costs_one(new_server):
    """Forty versions of a megabyte each; telling one of them reads no other."""
    server = new_server(*amplitude.UNLIMITED).start()
    project = amplitude.Town(server).project()
    path = project.flag(variants=[{"key": "on"}, {"key": "blue"}])
    for variant in ("on", "blue"):
        assert_ok(project.api.post(f"{path}/variants/{variant}/users", {
            "inclusions": [f"{variant}-{i}-".ljust(250, "x") for i in range(2000)]}))
    for i in range(40):
        project.edit(path, description=str(i))
    server.restart()
    project.api.base = server.base
    project.show(path)
    before = resident_kib(server, "VmHWM")
    for _ in range(4):
        assert project.show(f"{path}/versions/1")["version"] == 1
        assert project.show(f"{path}/versions/4")["flagConfig"]["description"] == "0"
    assert resident_kib(server, "VmHWM") - before < 24 * 1024


# ---- what a restart changes ----------------------------------------------------------------------
def test_a_restart_changes_no_answer(new_server):
    server = new_server(*amplitude.UNLIMITED).start()
    project = amplitude.Town(server).project()
    project.flag(targetSegments=[{"name": "N", "percentage": 10, "rolloutWeights": {"on": 1},
                                  "conditions": [{"type": "property", "prop": "country", "op": "is",
                                                  "values": ["Norway"]}]}])
    experiment = project.experiment(tags=["a"], startDate="2025-05-01", stickyBucketing=True)
    slot = {"percentage": 100, "experiments": [int(experiment.rpartition("/")[2])]}
    project.mutex(slots=[slot])
    project.mutex(slots=[{"percentage": 100}], description="Lanes of one")
    project.holdout(individualInclusion=["ann"])
    before = project.state()
    assert {group["description"] for group in before[2]} == {None, "Lanes of one"}
    server.restart()
    project.api.base = project.town.owner.base = project.web.sdk.base = server.base
    assert project.state() == before


# ---- those who only read -------------------------------------------------------------------------
def test_a_viewer_sees_no_key_that_does_more(new_server):
    server = new_server(*amplitude.UNLIMITED).start()
    project = amplitude.Town(server).project()
    client, secret = project.deployment("client"), project.deployment("server")
    project_key = project.project_keys()["apiKey"]
    path = project.flag(deployments=[client.id, secret.id])
    assert server.stop() == 0
    with sqlite3.connect(next(server.data.glob("*.db"))) as store:
        store.execute("UPDATE app_user SET role = 'viewer'")
    server.start()
    viewer = amplitude.Caller(server.base, f"Bearer {server.token}")
    listed = {d["id"]: d for d in content(viewer.get("/api/1/deployments"))["deployments"]}
    assert listed[client.id]["key"] == client.key
    assert listed[secret.id]["key"] == "server-****" + secret.key[-4:]
    assert content(viewer.get(secret.path))["key"] == listed[secret.id]["key"]
    assert content(viewer.get(f"{path}/deployments"))[1]["key"] == listed[secret.id]["key"]
    assert secret.key not in json.dumps(listed)
    assert project_key not in json.dumps(listed)
    assert_refused(viewer.patch(path, {"name": "x"}), 403)
    project.api.base = server.base
    told = {d["id"]: d["key"] for d in content(project.api.get("/api/1/deployments"))["deployments"]}
    assert told[secret.id] == secret.key


# ---- what is told of a flag ----------------------------------------------------------------------
def reach(project, path):
    key = project.show(path)["key"]
    answer = content(project.town.owner.get(
        f"/admin/v1/environments/{project.number}/flags/{key}/reach"))
    return {row["protocol"]: row["served"] for row in answer["reach"]}


def test_a_flag_on_no_deployment_reaches_nobody(project):
    lonely = project.flag(deployments=[], evaluationMode="local")
    told = reach(project, lonely)
    assert told["amplitude.vardata"] == told["amplitude.flags"] == "no"
    assert project.vardata({"user_id": "u"}) == {}
    assert project.flags() == []
    project.flag(evaluationMode="local", enabled=True, parentDependencies={
        "flags": {lonely.rpartition("/")[2]: ["on"]}, "operator": "all"})
    told = reach(project, lonely)
    assert (told["amplitude.vardata"], told["amplitude.flags"]) == ("no", "yes")
    assert {flag["key"] for flag in project.flags()} >= {project.show(lonely)["key"]}


def test_a_variant_that_is_gone_is_not_rolled_out(project):
    path = project.experiment(variants=[{"key": "a"}, {"key": "b"}])
    project.edit(path, rolledOutVariant="a", decision="rollout")
    assert_ok(project.api.delete(f"{path}/variants/b"))
    assert project.show(path)["rolledOutVariant"] == "a"
    assert_ok(project.api.delete(f"{path}/variants/a"))
    assert project.show(path)["rolledOutVariant"] is None
