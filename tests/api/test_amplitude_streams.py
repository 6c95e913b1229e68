# SPDX-License-Identifier: Apache-2.0
"""Streams of flag configurations: the first event at once, one event a change, nothing else."""
from concurrent.futures import ThreadPoolExecutor
import json
import time

import pytest

from amplitude import Caller, Stream, Town, UNLIMITED, assert_ok, content


@pytest.fixture
def opened(town):
    """Opens streams and closes them in the end."""
    streams = []

    def open_one(deployment, headers=""):
        streams.append(Stream(town.server, f"Api-Key {deployment.key}", headers))
        return streams[-1]

    yield open_one
    for stream in streams:
        stream.close()


def local(project, key="f", **more):
    return project.flag(key, enabled=True, evaluationMode="local", bucketingKey="user_id", **more)


def same(one, two):
    return sorted(one, key=lambda f: f["key"]) == sorted(two, key=lambda f: f["key"])


def test_the_first_event_at_once(project, opened):
    local(project)
    project.flag("remote")
    wanted = project.flags()
    began = time.monotonic()
    stream = opened(project.web)
    assert stream.status == 200
    assert stream.headers["content-type"].split(";")[0] == "text/event-stream"
    assert "no-cache" in stream.headers["cache-control"]
    assert stream.headers["access-control-allow-origin"] == "*"
    assert "content-length" not in stream.headers
    message = stream.message(1.5)
    assert time.monotonic() - began < 1.5
    assert message.startswith(b"data: [")
    assert message.endswith(b"]\n\n")
    assert message.count(b"\n") == 2
    assert same(json.loads(message[6:]), wanted)


def test_no_flags_is_an_empty_array(project, opened):
    assert opened(project.web).message() == b"data: []\n\n"


def test_every_change_is_the_whole_array(project, opened):
    path = local(project)
    other = local(project, "g")
    stream = opened(project.web)
    assert same(stream.flags(), project.flags())
    for change in (lambda: project.edit(path, rolloutPercentage=50),
                   lambda: project.edit(path, enabled=False),
                   lambda: project.edit(path, enabled=True),
                   lambda: project.edit(path, bucketingSalt="salt"),
                   lambda: assert_ok(project.api.post(path + "/variants",
                                                      {"key": "b", "payload": {"x": 1}})),
                   lambda: assert_ok(project.api.post(path + "/variants/b/users",
                                                      {"inclusions": ["u"]})),
                   lambda: project.edit(other, archive=True), lambda: local(project, "h"),
                   lambda: assert_ok(project.api.delete(f"{path}/deployments/{project.web.id}"))):
        change()
        assert same(stream.flags(), project.flags())


def test_what_alters_no_array_is_no_event(project, opened):
    """Other projects, other deployments, groups nobody is in, cohorts."""
    local(project)
    other = project.deployment("client")
    stream = opened(project.web)
    stream.flags()
    local(project, "elsewhere", deployments=[other.id])
    local(project.town.project(), "stranger")
    project.mutex()
    project.cohort("c", ["u"])
    project.edit(other.path, label="renamed")
    with project.unchanged():
        assert project.api.patch("/api/1/flags/99999999", {"name": "x"}).status_code == 404
    assert stream.message(0.7) is None
    local(project, "here")
    assert {f["key"] for f in stream.flags()} == {"f", "here"}


def test_a_change_of_a_parent_is_an_event(project, opened):
    parent = local(project, "parent", deployments=[])
    local(project, "child",
          parentDependencies={"flags": {parent.rsplit("/", 1)[1]: ["on"]}, "operator": "all"})
    stream = opened(project.web)
    stream.flags()
    project.edit(parent, rolloutPercentage=42)
    flags = {f["key"]: f for f in stream.flags()}
    assert flags["parent"]["segments"][-1]["bucket"]["allocations"][0]["range"] == [0, 42]


def test_changes_one_after_another_end_at_the_newest(project, opened):
    path = local(project)
    stream = opened(project.web)
    stream.flags()
    for n in range(30):
        project.edit(path, rolloutPercentage=n + 1)
    seen = []
    while not seen or seen[-1] != 30:
        (flag,) = stream.flags()
        seen.append(flag["segments"][-1]["bucket"]["allocations"][0]["range"][1])
    assert seen == sorted(seen)
    assert stream.message(0.3) is None


def test_payloads_with_line_ends_stay_one_event(project, opened):
    payload = {"text": "a\nb\r\nc\u2028d\u0000", "k\n\n": "data: x\n\n"}
    local(project, variants=[{"key": "on", "payload": payload}])
    (flag,) = opened(project.web).flags()
    assert flag["variants"]["on"]["payload"] == payload


def test_a_large_array(project, opened):
    for n in range(20):
        local(project, f"f{n}", variants=[{"key": "on", "payload": "x" * 60000}])
    stream = opened(project.web)
    assert len(stream.flags(5)) == 20
    local(project, "last")
    assert len(stream.flags(5)) == 21


@pytest.mark.parametrize("query", ["?v=0", "?v=0&d=xxxxx"])
def test_queries_are_ignored(project, query):
    local(project)
    sdk = project.web.sdk
    with sdk.session.get(sdk.base + "/sdk/stream/v1/flags" + query, stream=True, timeout=5,
                         headers={"Authorization": sdk.authorization}) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_lines()).startswith(b"data: [")


def test_no_gzip_that_holds_events_back(project, opened):
    path = local(project)
    stream = opened(project.web, "Accept-Encoding: gzip\r\n")
    assert "content-encoding" not in stream.headers
    stream.flags()
    project.edit(path, rolloutPercentage=7)
    stream.flags()


@pytest.mark.parametrize("end", ["archive", "keys"])
def test_an_archived_deployment_ends_its_streams(project, opened, end):
    local(project)
    if end == "archive":
        gone, kept = project.deployment("client"), project.web
        streams = [opened(gone), opened(gone), opened(kept)]
    else:
        pair = project.project_keys()
        row = next(d for d in project.everything("deployments") if d["id"] == pair["deployment"])
        gone = type(project.web)(project, row)
        streams = [opened(gone), opened(gone), opened(project.web)]
    for stream in streams:
        stream.flags()
    if end == "archive":
        assert_ok(project.api.patch(gone.path, {"archive": True}))
    else:
        project.project_keys()
    began = time.monotonic()
    assert streams[0].ends(3)
    assert streams[1].ends(1)
    assert time.monotonic() - began < 2
    assert not streams[2].ends(0.2)
    assert Caller(project.api.base,
                  f"Api-Key {gone.key}").get("/sdk/stream/v1/flags").status_code == 401


def test_many_streams_hear_of_a_change(project, opened):
    path = local(project)
    with ThreadPoolExecutor(16) as crowd:
        streams = list(crowd.map(lambda _: opened(project.web), range(300)))
    for stream in streams:
        stream.flags(5)
    began = time.monotonic()
    project.edit(path, rolloutPercentage=33)
    for stream in streams:
        (flag,) = stream.flags(5)
        assert flag["segments"][-1]["bucket"]["allocations"][0]["range"] == [0, 33]
    assert time.monotonic() - began < 5


def test_keep_alives_are_a_message_of_one_space(project, opened):
    """The only test that waits: clients drop a stream after 17 silent seconds."""
    local(project)
    stream = opened(project.web)
    stream.flags()
    began = time.monotonic()
    assert stream.message(17) == b"data:  \n\n"
    assert time.monotonic() - began > 13


def test_streams_end_in_order_when_the_server_stops(new_server):
    server = new_server(*UNLIMITED).start()
    project = Town(server).project()
    local(project)
    streams = [Stream(server, f"Api-Key {project.web.key}") for _ in range(50)]
    for stream in streams:
        stream.flags()
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 8
    for stream in streams:
        assert stream.ends(1)
        assert stream.buffer == b""
        stream.close()
    server.start()
    again = Stream(server, f"Api-Key {project.web.key}")
    assert [f["key"] for f in again.flags()] == ["f"]
    again.close()


def test_too_many_streams(new_server):
    server = new_server("--streams-max=3", *UNLIMITED).start()
    project = Town(server).project()
    streams = [Stream(server, f"Api-Key {project.web.key}") for _ in range(3)]
    assert all(s.status == 200 for s in streams)
    answer = project.web.sdk.get("/sdk/stream/v1/flags")
    assert answer.status_code == 503
    content(answer, 503)
    for stream in streams:
        stream.close()
