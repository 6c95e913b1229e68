# SPDX-License-Identifier: Apache-2.0
"""After a stop, a kill, or with the store gone: the same objects, versions and answers."""
from concurrent.futures import ThreadPoolExecutor
import random

import pytest

import amplitude_oracle as oracle
from amplitude import Caller, Stream, Town, UNLIMITED, assert_ok, content, plain
from test_amplitude_configurations import SEED, some_project
from test_amplitude_evaluation import some_user
from test_degraded import damage_store


@pytest.fixture
def house(new_server):
    server = new_server(*UNLIMITED).start()
    project = Town(server).project()
    some_project(project, SEED, items=8)
    return server, project


def users():
    dice = random.Random(SEED)
    return [some_user(dice, n) for n in range(60)]


def answers(project):
    return [plain(project.vardata(user, headers={"X-Amp-Exp-Track": "no-track"}))
            for user in users()]


def again(server, project):
    """After a restart the port is another one."""
    for caller in (project.town.owner, project.api, project.web.sdk):
        caller.base = server.base


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_everything_is_as_before(house, how):
    server, project = house
    path = project.flag("last")
    project.edit(path, name="newest")
    state, seen = project.state(), answers(project)
    keys = project.project_keys()
    server.stop() if how == "stop" else server.kill()
    server.start()
    again(server, project)
    after = project.state()
    assert after[:4] == state[:4]
    assert after[5:] == state[5:]
    assert answers(project) == seen
    rows = {d["id"]: d for d in after[4]}
    assert all(rows[d["id"]] == d for d in state[4])
    assert Caller(server.base, f"Api-Key {keys['apiKey']}").get("/sdk/v2/flags").status_code == 200


def test_counters_go_on(house):
    server, project = house
    path = project.flag("counted")
    for n in range(3):
        project.edit(path, name=str(n))
    version, number = project.version(), int(path.rsplit("/", 1)[1])
    server.restart()
    again(server, project)
    assert project.version() == version
    project.edit(path, name="after")
    assert project.version() == version + 1
    assert [v["version"] for v in project.show(path + "/versions")] == [5, 4, 3, 2, 1]
    flag = next(f for f in project.flags() if f["key"] == "counted")
    assert flag["metadata"]["flagVersion"] == 5
    assert int(project.flag().rsplit("/", 1)[1]) > number
    deployment = project.deployment()
    assert int(deployment.id) > int(project.web.id)


def test_what_was_revoked_stays_revoked(house):
    server, project = house
    made = project.town.token(project.number)
    gone = project.deployment("client")
    assert project.town.owner.delete(f"/admin/v1/tokens/{made['id']}").status_code == 204
    project.edit(gone.path, archive=True)
    server.restart()
    again(server, project)
    assert Caller(server.base, f"Bearer {made['token']}").get("/api/1/flags").status_code == 401
    assert Caller(server.base, f"Api-Key {gone.key}").get("/sdk/v2/flags").status_code == 401


def test_devices_still_belong_to_their_users(house):
    server, project = house
    path = project.live("flags", "who", variants=[{"key": f"v{n}"} for n in range(50)])
    ann = project.web.variant("who", user_id="ann", device_id="phone")
    project.edit(path, bucketingSalt=next(
        f"salt-{n}" for n in range(100) if oracle.murmur3(f"salt-{n}/ann") // 100 // 858994
        != oracle.murmur3(f"salt-{n}/phone") // 100 // 858994))
    ann = project.web.variant("who", user_id="ann")
    assert project.web.variant("who", device_id="phone") == ann
    server.restart()
    again(server, project)
    assert project.web.variant("who", user_id="ann") == ann
    assert project.web.variant("who", device_id="phone") == ann


def test_sticky_assignments_stick(house):
    server, project = house
    path = project.live("experiments", "sticky", variants=[{"key": "a"}, {"key": "b"}],
                        stickyBucketing=True,
                        rolloutWeights={"a": 1, "b": 0})
    assert project.web.variant("sticky", user_id="ann") == "a"
    project.edit(path, rolloutWeights={"a": 0, "b": 1})
    assert project.web.variant("sticky", user_id="ann") == "a"
    server.restart()
    again(server, project)
    assert project.web.variant("sticky", user_id="ann") == "a"
    assert project.web.variant("sticky", user_id="bo") == "b"


def test_a_degraded_start_serves_the_same_evaluations(house):
    server, project = house
    seen, flags = answers(project), project.flags()
    whole = project.flags(eval_mode="remote")
    assert server.stop() == 0
    damage_store(server)
    server.start()
    again(server, project)
    assert answers(project) == seen
    assert sorted(map(str, project.flags())) == sorted(map(str, flags))
    assert sorted(map(str, project.flags(eval_mode="remote"))) == sorted(map(str, whole))
    stream = Stream(server, f"Api-Key {project.web.key}")
    assert sorted(map(str, stream.flags())) == sorted(map(str, flags))
    stream.close()
    number = project.everything("flags")[0]["id"]
    for answer in (project.create("flags", "new"),
                   project.api.patch(f"/api/1/flags/{number}", {"name": "x"}),
                   project.api.post(f"/api/1/flags/{number}/variants", {"key": "new"})):
        assert answer.status_code == 503, answer.text
        assert isinstance(content(answer, 503)["error"], str)


def test_edits_of_many_at_once_all_survive(house):
    """Nobody's work is lost, with a kill right after the last answer."""
    server, project = house
    path = project.flag("shared", variants=[{"key": "on"}])

    def add(n):
        caller = Caller(server.base, project.api.authorization)
        assert_ok(caller.post(path + "/variants", {"key": f"v{n}"}))
        assert_ok(caller.post(f"{path}/variants/on/users", {"inclusions": [f"u{n}"]}))

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(add, range(24)))
    server.kill()
    server.start()
    again(server, project)
    names = {v["key"] for v in project.show(path)["variants"]}
    assert names == {"on", *(f"v{n}" for n in range(24))}
    assert sorted(project.show(path + "/variants/on/users")) == sorted(f"u{n}" for n in range(24))
    assert [v["version"] for v in project.show(path + "/versions")] == list(range(49, 0, -1))
