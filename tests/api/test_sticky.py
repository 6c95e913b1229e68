# SPDX-License-Identifier: Apache-2.0
"""Sticky bucketing by the server's own memory: over changes, restarts and crashes."""
import contextlib
import sqlite3

import pytest

import amplitude
from amplitude import assert_ok, content, fresh
from harness import wait_until

RED = {"red": 1, "blue": 0}
BLUE = {"red": 0, "blue": 1}
STUCK = "sticky-bucketing"
OTHERS = "All Other Users"


def colours(project, key=None, **members):
    """An experiment that deals red to everybody."""
    key = key or fresh("sticky")
    members = {"evaluationMode": "remote", "stickyBucketing": True, "rolloutWeights": RED,
               "variants": [{"key": "red"}, {"key": "blue"}], **members}
    return key, project.live("experiments", key, **members)


def stored_notes(server):
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/guidon.db?mode=ro", uri=True)) as store:
        return store.execute("SELECT count(*) FROM note").fetchone()[0]


def ask(project, key, user, track=None):
    headers = {} if track is None else {"X-Amp-Exp-Track": track}
    result = project.vardata(user, [key], headers=headers)[key]
    return result["key"], result["metadata"]["segmentName"]


@pytest.mark.parametrize("mode", ["remote", "local"])
def test_what_was_tracked_is_kept(project, mode):
    key, path = colours(project, evaluationMode=mode, bucketingKey="user_id")
    tracked = [None, "track", "anything"]
    for track in [*tracked, "no-track", "read-only"]:
        assert ask(project, key, {"user_id": f"user-{track}"}, track) == ("red", OTHERS)
    project.edit(path, rolloutWeights=BLUE)
    for track in ["no-track", "read-only", "track", None]:
        for user in tracked:
            assert ask(project, key, {"user_id": f"user-{user}"}, track) == ("red", STUCK)
    for user in ["no-track", "read-only", "new"]:
        assert ask(project, key, {"user_id": f"user-{user}"}, "no-track") == ("blue", OTHERS)


def test_configurations_do_not_know_what_is_remembered(project):
    key, _ = colours(project, evaluationMode="local", bucketingKey="user_id")
    before = project.flags()
    assert ask(project, key, {"user_id": "ann"}) == ("red", OTHERS)
    assert ask(project, key, {"user_id": "ann"}) == ("red", STUCK)
    assert project.flags() == before


def test_stickiness_gives_way(project):
    """To what comes before it in the order of decision, and only as long as that lasts."""
    key, path = colours(project)
    ann = {"user_id": "ann"}
    assert ask(project, key, ann) == ("red", OTHERS)
    project.edit(path, rolloutWeights=BLUE)
    assert ask(project, key, ann) == ("red", STUCK)
    said = {"user_id": "ann", "user_properties": {f"[Experiment] {key}": "blue"}}
    assert ask(project, key, said) == ("blue", STUCK)
    project.edit(path, enabled=False)
    assert ask(project, key, ann) == ("off", "default")
    project.edit(path, enabled=True)
    assert_ok(project.api.post(f"{path}/variants/blue/users", {"inclusions": ["ann"]}))
    assert ask(project, key, ann) == ("blue", "individual-inclusions")
    assert_ok(project.api.delete(f"{path}/variants/blue/bulk-delete-users", {"users": ["ann"]}))
    project.edit(path, rolloutPercentage=0)
    assert ask(project, key, ann) == ("red", STUCK)
    project.edit(path, stickyBucketing=False)
    assert ask(project, key, ann) == ("off", OTHERS)
    project.edit(path, stickyBucketing=True)
    assert ask(project, key, ann) == ("red", STUCK)
    assert ask(project, key, {"user_id": "ben"}) == ("off", OTHERS)


def test_a_group_keeps_its_variant(project):
    key, path = colours(project, bucketingUnit="org")
    assert ask(project, key, {"user_id": "ann", "groups": {"org": ["acme"]}}) == ("red", OTHERS)
    project.edit(path, rolloutWeights=BLUE)
    assert ask(project, key, {"user_id": "ben", "groups": {"org": ["acme"]}}) == ("red", STUCK)
    assert ask(project, key, {"user_id": "ann", "groups": {"org": ["apex"]}}) == ("blue", OTHERS)


def test_projects_remember_for_themselves(town):
    one, other = town.project(), town.project()
    key, _ = colours(one, "shared-name")
    colours(other, "shared-name", rolloutWeights=BLUE)
    assert ask(one, key, {"user_id": "ann"}) == ("red", OTHERS)
    assert ask(other, key, {"user_id": "ann"}, "no-track") == ("blue", OTHERS)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_forgets_nobody(new_server, how):
    people = [{"user_id": f"user-{n}", "device_id": f"phone-{n}"} for n in range(300)]
    server = new_server(*amplitude.UNLIMITED).start()
    project = amplitude.Town(server).project()
    key, path = colours(project, bucketingKey="amplitude_id")
    for person in people:
        assert ask(project, key, person) == ("red", OTHERS)
    project.edit(path, rolloutWeights=BLUE)
    if how == "kill":
        # Written down behind the requests, not before their answers.
        wait_until(lambda: stored_notes(server) == 2 * len(people), "notes of everybody")
    getattr(server, how)()
    server.start()
    web = amplitude.Caller(server.base, f"Api-Key {project.web.key}")

    def ask_again(user):
        headers = {"X-Amp-Exp-User": amplitude.encode(user), "X-Amp-Exp-Track": "no-track"}
        result = content(web.get("/sdk/v2/vardata", headers=headers))[key]
        return result["key"], result["metadata"]["segmentName"]
    for person in people:
        assert ask_again(person) == ("red", STUCK)
        assert ask_again({"device_id": person["device_id"]}) == ("red", STUCK)
    assert ask_again({"user_id": "new"}) == ("blue", OTHERS)
