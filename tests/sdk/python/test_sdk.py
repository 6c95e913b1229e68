# SPDX-License-Identifier: Apache-2.0
"""PyPI's amplitude-experiment, unmodified, against a running server. See tests/sdk/stage.py."""
import json
import logging
import os
import threading
import time
import urllib.request

import pytest
from amplitude_experiment import (AssignmentConfig, CohortSyncConfig, LocalEvaluationClient, LocalEvaluationConfig,
                                  RemoteEvaluationClient, RemoteEvaluationConfig, User)
from amplitude_experiment.exposure import ExposureConfig
from amplitude_experiment.local.evaluate_options import EvaluateOptions
from amplitude_experiment.remote.fetch_options import FetchOptions

URL, SERVER_KEY, API_KEY, SECRET_KEY, TOKEN, STREAMED = (os.environ[f"GUIDON_{name}"] for name in (
    "URL", "SERVER_KEY", "API_KEY", "SECRET_KEY", "TOKEN", "STREAMED"))
LOCAL = ["colour", "half", "dormant", "laned", "testers-only", "streamed"]
QUIET = logging.getLogger("quiet")
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False
VISIBLE_S = 2
SILENCE_S = 20


def manage(method, path, body):
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), method=method, headers={
        "Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def wait_until(condition, what, limit_s):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {limit_s} s in vain for {what}"
        time.sleep(0.02)


def essence(variant):
    return (variant.key, variant.value, variant.payload)


@pytest.fixture(scope="module")
def remote():
    with RemoteEvaluationClient(SERVER_KEY, RemoteEvaluationConfig(server_url=URL, logger=QUIET)) as client:
        yield client


def local(**more):
    settings = {"server_url": URL, "stream_server_url": URL, "flag_config_polling_interval_millis": 200,
                "logger": QUIET, "cohort_sync_config": CohortSyncConfig(API_KEY, SECRET_KEY, cohort_server_url=URL)}
    settings.update(more)
    return LocalEvaluationClient(SERVER_KEY, LocalEvaluationConfig(**settings))


@pytest.fixture
def started():
    """Starts clients and stops them whatever the test says."""
    clients = []

    def start(**more):
        clients.append(local(**more))
        clients[-1].start()
        return clients[-1]

    yield start
    for client in clients:
        client.stop()


def test_remote_answers_every_flag_assigned_or_not(remote):
    variants = remote.fetch_v2(User(user_id="ann", country="Norway"))
    assert sorted(variants) == sorted([*LOCAL, "colour-remote", "half-remote"])
    assert essence(variants["colour-remote"]) == ("treatment", "treatment", {"hex": "#088"})
    assert variants["colour-remote"].metadata["segmentName"] == "Nordics"
    assert variants["dormant"].key == "off"
    assert variants["dormant"].metadata["default"] is True


def test_remote_takes_flag_keys_and_tracking_options(remote):
    options = FetchOptions(tracksAssignment=False, tracksExposure=True, flagKeys=["half", "no such flag"])
    assert list(remote.fetch_v2(User(user_id="ann"), options)) == ["half"]


def test_remote_takes_a_user_with_everything(remote):
    user = User(user_id="Ærøskøbing/日本語/🦊", device_id="d", country="Iceland", city="", version="1.2.3",
                user_properties={"ключ": ["значение", None, 1.5, True, {"a": []}]},
                groups={"org": ["acme"]}, group_properties={"org": {"acme": {"plan": "pro"}}}, cohort_ids=["x"])
    assert remote.fetch_v2(user)["colour-remote"].metadata["segmentName"] == "Nordics"


def test_remote_takes_an_empty_user(remote):
    assert remote.fetch_v2(User())["half-remote"].key == "off"


def test_remote_answers_asynchronously(remote):
    arrived = threading.Event()
    seen = []

    def callback(user, variants, error=None):
        seen.append((user, variants, error))
        arrived.set()

    remote.fetch_async_v2(User(user_id="qa-1"), callback)
    assert arrived.wait(5)
    assert seen[0][2] is None
    assert seen[0][1]["colour-remote"].key == "control"


def test_remote_with_a_wrong_key_has_no_variants():
    with RemoteEvaluationClient("server-" + "0" * 32, RemoteEvaluationConfig(
            server_url=URL, logger=QUIET, fetch_retries=3, fetch_retry_backoff_min_millis=5000)) as client:
        began = time.monotonic()
        assert not client.fetch_v2(User(user_id="ann"))
        assert time.monotonic() - began < 4, "a wrong key is not tried again"


def test_local_and_remote_agree_on_every_user(remote, started):
    client = started()
    reached = set()
    for i in range(300):
        user_id = f"tester-{i // 30}" if i % 30 == 0 else f"user-{i}"
        country = "Norway" if i % 3 == 0 else "Chile"
        here = client.evaluate_v2(User(user_id=user_id, country=country))
        there = remote.fetch_v2(User(user_id=user_id, country=country), FetchOptions(tracksAssignment=False))
        for key in LOCAL:
            assert essence(here[key]) == essence(there[key]), (key, user_id)
            assert here[key].metadata["segmentName"] == there[key].metadata["segmentName"], (key, user_id)
            reached.add((key, here[key].key))
        assert essence(here["colour"]) == essence(there["colour-remote"])
        assert essence(here["half"]) == essence(there["half-remote"])
    for key in ("half", "laned", "testers-only"):
        assert {(key, "on"), (key, "off")} <= reached


def test_local_evaluates_the_keys_it_is_given(started):
    assert list(started().evaluate_v2(User(user_id="ann"), {"colour"})) == ["colour"]


def test_local_syncs_cohorts(started):
    client = started()
    assert client.evaluate_v2(User(user_id="tester-9"))["testers-only"].metadata["segmentName"] == "individual-inclusions"
    assert client.evaluate_v2(User(user_id="tester-10"))["testers-only"].key == "off"


def test_local_polls(started):
    client = started()
    answer = lambda: client.evaluate_v2(User(user_id="ann"))["streamed"]  # noqa: E731
    manage("PATCH", f"/api/1/flags/{STREAMED}/variants/on", {"payload": {"revision": "polled"}})
    wait_until(lambda: answer().payload == {"revision": "polled"}, "the poller", 5)


def test_local_streams_changes_and_holds_a_quiet_stream(started):
    client = started(stream_updates=True, flag_config_polling_interval_millis=600_000)
    answer = lambda: client.evaluate_v2(User(user_id="ann"))["streamed"]  # noqa: E731
    assert client.evaluate_v2(User(user_id="tester-0"))["testers-only"].key == "on"
    for revision in (1, 2):
        version = answer().metadata["flagVersion"]
        manage("PATCH", f"/api/1/flags/{STREAMED}/variants/on", {"payload": {"revision": revision}})
        wait_until(lambda: answer().payload == {"revision": revision}, "the stream", VISIBLE_S)
        assert answer().metadata["flagVersion"] > version
        if revision == 1:
            time.sleep(SILENCE_S)  # the SDK drops a stream that is silent for 17 s


def test_local_with_a_wrong_key_does_not_start():
    client = LocalEvaluationClient("server-" + "1" * 32, LocalEvaluationConfig(server_url=URL, logger=QUIET))
    try:
        with pytest.raises(Exception, match="401"):
            client.start()
    finally:
        client.stop()


def test_events_of_local_evaluation_are_taken_in(started):
    answers = []

    def taken(event, code, message=None):
        answers.append((event.event_type, code))

    settings = {"api_key": API_KEY, "server_url": f"{URL}/2/httpapi", "flush_queue_size": 1,
                "flush_interval_millis": 50, "callback": taken}
    client = started(assignment_config=AssignmentConfig(**settings), exposure_config=ExposureConfig(**settings))
    client.evaluate_v2(User(user_id="exposed", device_id="d-1", country="Norway"), {"colour"},
                       EvaluateOptions(tracks_exposure=True))
    wait_until(lambda: {("[Experiment] Assignment", 200), ("[Experiment] Exposure", 200)} <= set(answers),
               "both kinds of events", 5)
