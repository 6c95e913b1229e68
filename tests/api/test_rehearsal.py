# SPDX-License-Identifier: Apache-2.0
"""A fault in the evaluator, planted: changes that would meet it are refused, and nothing else happens.

The server is tests/support/planted.c: as shipped, but for flags with a rule of a certain id.
"""
import pathlib
import statistics
import subprocess
import time

import pytest
import requests

from admin import Admin, assert_problem
from harness import BINARY, Server, data_of, is_sanitized, targeted_flag, wait_until
from record import record

PLANTED = pathlib.Path(BINARY).parent / "support/planted"


class Planted(Server):
    def command(self):
        return [str(PLANTED), *super().command()[1:]]


def with_rule(rule):
    flag = targeted_flag()
    flag["rules"][0]["id"] = rule
    return flag


@pytest.fixture
def planted(tmp_path):
    assert PLANTED.exists(), f"{PLANTED} is not there: make test-binaries"
    server = Planted(tmp_path / "server", "--rehearsal-ms", "500").start()
    yield server
    server.close()


def decide(server, key, sdk_key):
    return requests.post(f"{server.base}/ofrep/v1/evaluate/flags/{key}", timeout=10,
                         json={"context": {"targetingKey": "ann", "plan": "pro"}},
                         headers={"Authorization": f"Bearer {sdk_key}"})


def put(app, flags):
    return app.put(app.draft(flags, version=app.version()))


@pytest.mark.parametrize("rule, how", [("aborts", "crashes"), ("hangs", "takes too long"),
                                       ("invents", "is decided as what it does not have"),
                                       ("wanders", "is decided now one way, now another")])
def test_what_the_evaluator_would_trip_over_is_refused_and_the_server_lives(planted, rule, how):
    app = planted.api().new_app("shop")
    key = app.key("sdk")
    data_of(put(app, {"checkout": targeted_flag()}))
    began = time.monotonic()
    refused = put(app, {"checkout": with_rule(rule)})
    took_ms = (time.monotonic() - began) * 1000
    assert refused.status_code == 400, refused.text
    assert how in refused.json()["error"]
    assert "deciding flag checkout" in refused.json()["error"]
    assert app.version() == 1
    assert decide(planted, "checkout", key).json()["value"] is True
    assert planted.process.poll() is None
    assert "event=rehearsal_failed" in planted.output("err")
    data_of(put(app, {"checkout": targeted_flag(), "other": targeted_flag()}))
    planted.restart()
    assert decide(planted, "other", key).json()["value"] is True
    record("V2", f"rehearsal-{rule}", refused=1, server_died=0, answered_ms=round(took_ms))


def test_the_admin_api_has_a_word_for_it(planted):
    admin = Admin(planted, planted.token)
    made = admin.make_app("shop")
    number = admin.environments("shop")["production"]
    flag = {"key": "checkout", "type": "boolean", "enabled": True,
            "variations": [{"id": "on", "value": True}, {"id": "off", "value": False}],
            "offVariation": "off", "fallthrough": {"variation": "off"}}
    answer = admin.call("POST", f"/admin/v1/environments/{number}/flags", flag)
    assert answer.status_code == 201, (answer.text, made)
    rules = [{"id": "aborts", "serve": {"variation": "on"}, "when": {
        "op": "match", "attribute": "/context/user/user_properties/plan", "operator": "text is",
        "value": ["pro"]}}]
    for query in ({}, {"dryRun": "true"}):
        answer = admin.call("PATCH", f"/admin/v1/environments/{number}/flags/checkout",
                            {"rules": rules}, headers={"Content-Type": "application/merge-patch+json"},
                            **query)
        assert_problem(answer, 422, "rehearsal_failed")
    metrics = requests.get(planted.operations + "/metrics", timeout=10).text
    assert "guidon_rehearsals_failed_total 2" in metrics


# ---- crash loops ----------------------------------------------------------------------------------

class Doomed(Planted):
    """Rehearses nothing, and is started again by hand as a supervisor would."""

    def crash(self, key, sdk_key):
        with pytest.raises(requests.exceptions.RequestException):
            decide(self, key, sdk_key)
        wait_until(lambda: self.process.poll() is not None, "the crash")
        assert self.process.returncode != 0
        self.process = None


@pytest.fixture
def doomed(tmp_path):
    if is_sanitized():
        pytest.skip("a sanitizer takes crashes upon itself")
    server = Doomed(tmp_path / "server", "--rehearsal-ms", "0", "--good-after-ms", "400",
                    "--good-after-requests", "5").start()
    yield server
    server.close()


def ready(server):
    return requests.get(server.operations + "/readyz", timeout=10).text


def wait_for_snapshot(server, count):
    wait_until(lambda: len(list(server.data.glob("snapshot-*"))) >= count, "a snapshot on disk")


def poisoned(doomed, good):
    """An app whose newest version crashes whoever decides `checkout`; its key."""
    app = doomed.api().new_app("shop")
    key = app.key("sdk")
    data_of(put(app, {"checkout": targeted_flag()}))
    if good:
        def is_good():
            decide(doomed, "checkout", key)
            return "event=generation_good" in doomed.output("err")
        wait_until(is_good, "a good generation")
    else:
        wait_for_snapshot(doomed, 1)
        time.sleep(1)
    data_of(put(app, {"checkout": with_rule("aborts")}))
    time.sleep(1)  # what crashes is on disk, too, and is its newest
    return app, key


@pytest.mark.parametrize("good", [True, False])
def test_the_third_start_serves_what_was_before(doomed, good):
    app, key = poisoned(doomed, good)
    doomed.crash("checkout", key)
    doomed.start()
    assert ready(doomed) == "ready\n"
    doomed.crash("checkout", key)
    began = time.monotonic()
    doomed.start()
    ready_ms = (time.monotonic() - began) * 1000
    for _ in range(3):
        assert decide(doomed, "checkout", key).json()["value"] is True
    assert ready(doomed).startswith("degraded: after crashes in a row")
    assert "event=crash_loop" in doomed.output("err")
    metrics = requests.get(doomed.operations + "/metrics", timeout=10).text
    assert "guidon_served_generation 0" not in metrics
    app.api = doomed.api()
    assert app.create("other", "bool", True).status_code == 503
    record("V5", f"crash-loop-{'good' if good else 'previous'}", starts=3, wrong_answers=0,
           ready_ms=round(ready_ms))


def test_the_way_out_is_a_rollback_where_no_traffic_comes(doomed):
    _, key = poisoned(doomed, True)
    for _ in range(2):
        doomed.crash("checkout", key)
        doomed.start()
    assert ready(doomed).startswith("degraded: after crashes in a row")
    doomed.arguments += ["--crash-window-ms", "0"]
    doomed.restart()
    assert ready(doomed) == "ready\n"
    admin = Admin(doomed, doomed.token)
    number = admin.environments("shop")["production"]
    assert admin.call("POST", f"/admin/v1/environments/{number}/rollback").status_code == 200
    del doomed.arguments[-2:]
    doomed.restart()
    assert ready(doomed) == "ready\n"
    assert decide(doomed, "checkout", key).json()["value"] is True


def test_a_crash_of_the_earlier_one_goes_back_further(doomed):
    """The poison was there long before anybody came across it: what counts as good has it."""
    app = doomed.api().new_app("shop")
    key = app.key("sdk")
    data_of(put(app, {"checkout": targeted_flag()}))
    wait_for_snapshot(doomed, 1)
    time.sleep(1)
    data_of(put(app, {"checkout": with_rule("aborts")}))
    def is_good():
        app.version()
        return "event=generation_good" in doomed.output("err")
    wait_until(is_good, "a good generation", 20)
    for start in range(8):
        if start > 0:
            doomed.start()
        try:
            if decide(doomed, "checkout", key).json()["value"] is True:
                break
        except requests.exceptions.RequestException:
            wait_until(lambda: doomed.process.poll() is not None, "the crash")
            doomed.process = None
    else:
        raise AssertionError("never came to the generation that is good")
    assert ready(doomed).startswith("degraded: after crashes in a row")


def test_a_second_server_that_is_refused_is_no_start(doomed):
    _, key = poisoned(doomed, False)
    doomed.crash("checkout", key)
    doomed.start()
    refused = subprocess.run(doomed.command(), capture_output=True, text=True, timeout=60)
    assert refused.returncode != 0, refused.stderr
    doomed.crash("checkout", key)
    doomed.start()
    assert ready(doomed).startswith("degraded: after crashes in a row")


def test_being_killed_is_no_crash(doomed):
    for _ in range(4):
        doomed.kill()
        doomed.start()
    assert ready(doomed) == "ready\n"


def test_stopping_in_order_ends_the_row(doomed):
    _, key = poisoned(doomed, False)
    doomed.crash("checkout", key)
    doomed.start()
    doomed.restart()
    doomed.crash("checkout", key)
    doomed.start()
    assert ready(doomed) == "ready\n"


def test_a_rehearsal_adds_little(planted):
    """Counted as the median of a few: what is asserted leaves room for a busy machine."""
    app = planted.api().new_app("shop")
    app.add("switch", "bool", True)
    times = []
    for i in range(20):
        began = time.monotonic()
        data_of(app.update("switch", value=bool(i % 2)))
        times.append((time.monotonic() - began) * 1000)
    median = statistics.median(times)
    assert median < 2000
    record("V2", "rehearsal-change", changes=20, change_median_ms=round(median, 1))
