# SPDX-License-Identifier: Apache-2.0
"""What a server that nobody asks anything takes: memory of its own, with and without many flags, and
that what is made on demand is right when it is demanded.

The exact targets are the benchmarks' (bench/standing.py); these bounds are wide enough for any
machine, and narrow enough that a table that is touched, a body that is kept twice or a text that is
rendered ahead for nobody is found.
"""
import re
import time

import pytest

from harness import PATIENT, is_sanitized
from record import record

FLAGS = 5000
EMPTY_KIB_MAX = 4 * 1024    # measured: 1.8 MiB
FILLED_KIB_MAX = 20 * 1024  # measured: 13 MiB
SAVED_S = 30


def anonymous_kib(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"^RssAnon:\s+(\d+) kB", file.read(), re.M).group(1))


def least_kib(server, enough):
    """Once the snapshot on disk is written, which takes a text of all flags for a moment."""
    deadline = time.monotonic() + SAVED_S
    least = anonymous_kib(server)
    while least > enough and time.monotonic() < deadline:
        time.sleep(0.2)
        least = min(least, anonymous_kib(server))
    return least


def flag_of(index):
    on = {"id": "rule-1", "serve": {"variation": "on"},
          "when": {"op": "match", "attribute": "plan", "operator": "in",
                   "value": ["pro", "team", f"plan-{index}"]}}
    return {"type": "boolean", "description": "one of many", "tags": [], "owner": "footprint",
            "lifecycle": "active", "enabled": True, "visibility": "client",
            "variations": {"on": {"value": True}, "off": {"value": False}}, "offVariation": "off",
            "fallthrough": {"variation": "off"}, "rules": [on] if index % 2 else []}


def fill(app):
    answer = app.put(app.draft({f"flag-{n:04}": flag_of(n) for n in range(FLAGS)}))
    assert answer.status_code == 200, answer.text[:300]


@pytest.mark.skipif(is_sanitized(), reason="sanitizers keep memory of their own")
def test_memory_at_rest(new_server):
    server = new_server(*PATIENT).start()
    empty = least_kib(server, EMPTY_KIB_MAX)
    app = server.api().new_app("footprint")
    fill(app)
    server.restart()
    filled = least_kib(server, FILLED_KIB_MAX)
    record("A10", "footprint", flags=FLAGS, idle_empty_anonymous_kib=empty,
           idle_anonymous_kib=filled)
    assert empty <= EMPTY_KIB_MAX
    assert filled <= FILLED_KIB_MAX


def test_what_is_made_on_demand_is_whole_and_follows_changes(new_server):
    server = new_server(*PATIENT).start()
    app = server.api().new_app("footprint")
    fill(app)
    key = app.key("pub")
    server.restart()  # so that nothing is made yet
    app.api = server.api()

    def evaluate():
        answer = app.api.session.post(f"{server.base}/ofrep/v1/evaluate/flags", timeout=60,
                                      headers={"Authorization": f"Bearer {key}"},
                                      json={"context": {"targetingKey": "u", "plan": "pro"}})
        assert answer.status_code == 200
        return {flag["key"]: flag["value"] for flag in answer.json()["flags"]}

    for serves in (False, True, False):  # made by who asks, and then before it is published
        values = evaluate()
        assert len(values) == FLAGS
        assert (values["flag-0000"], values["flag-0001"]) == (serves, True)
        served = app.config(key).json()["doc"]["flags"]
        assert len(served) == FLAGS
        assert (served["flag-0000"]["fallthrough"] == {"variation": "on"}) is serves
        document = app.document()
        document["flags"]["flag-0000"]["fallthrough"] = {"variation": "off" if serves else "on"}
        assert app.put(document).status_code == 200
