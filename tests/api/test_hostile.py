# SPDX-License-Identifier: Apache-2.0
"""Hostile but well-formed configurations: refused when written or served, never fatal.

Each is made from a good flag by a few changes of its tree; HOSTILE_SEED repeats a run, HOSTILE_COUNT
sizes it. What is refused leaves the environment as it was; what is taken is decided by every
protocol's evaluator, and is what loads after a restart, bit for bit.
"""
import copy
import os
import random
import secrets

import pytest
import requests

from admin import Admin
from record import record

COUNT = int(os.environ.get("HOSTILE_COUNT", 400))
SEED = int(os.environ.get("HOSTILE_SEED", 0)) or secrets.randbits(32)

LEAVES = ["", " ", "\u0000", "\ufeff", "a" * 60000, "%s%n", "../../x", "__proto__", "\ud7ff", None, True, False,
          0, -1, 1.5, 1e308, 2 ** 53, [], {}, [[]], [None], {"": ""}, "(a+)+$", "(?<=a)b", "[", "(a|aa)*b",
          "99999999999.1.1", "2026-13-45T99:99:99Z", "0000-01-01T00:00:00Z"]
OPERATORS = ["eq", "notEq", "in", "notIn", "contains", "matches", "gt", "lt", "exists", "semverGt", "before",
             "text is", "text contains", "set is", "regex matches", "unknown", "", None]


def deep(depth, kind):
    when = {"op": "match", "attribute": "plan", "operator": "eq", "value": "pro"}
    for _ in range(depth):
        when = {"op": "not", "expression": when} if kind == "not" else {"op": kind, "expressions": [when]}
    return when


def typed():
    return {"key": "victim", "type": "boolean", "enabled": True,
            "arithmetic": {"hash": "fnv1a_32_utf16", "comparison": "typed"},
            "variations": [{"id": "on", "value": True}, {"id": "off", "value": False}],
            "offVariation": "off", "fallthrough": {"variation": "off"},
            "rules": [{"id": "r1", "when": deep(1, "all"), "serve": {"variation": "on"}}]}


def text():
    return {"key": "victim", "type": "string", "enabled": True,
            "variations": [{"id": "on", "value": "x"}, {"id": "off", "value": ""}],
            "offVariation": "off", "fallthrough": {"variation": "off"},
            "rules": [{"id": "r1", "when": {"op": "match", "attribute": "/context/user/plan",
                                            "operator": "text is", "value": ["pro"]},
                       "serve": {"variation": "on"}}]}


def places(tree, path=()):
    """Paths of everything inside."""
    found = [path] if path else []
    if isinstance(tree, dict):
        for key in tree:
            found += places(tree[key], path + (key,))
    elif isinstance(tree, list):
        for index in range(len(tree)):
            found += places(tree[index], path + (index,))
    return found


def put_at(tree, path, value):
    for step in path[:-1]:
        tree = tree[step]
    tree[path[-1]] = value


def worsen(dice, flag):
    kind = dice.randrange(8)
    if kind == 0:
        flag["rules"] = [{"id": f"r{i}", "when": deep(dice.randrange(12), dice.choice(["not", "all", "any"])),
                          "serve": {"variation": "on"}} for i in range(dice.choice([1, 64, 65]))]
    elif kind == 1:
        flag["prerequisites"] = [{"flag": dice.choice(["victim", "base", "nobody", ""]),
                                  "variations": dice.choice([["on"], [], [""], ["on", "on"]])}]
    elif kind == 2:
        flag["fallthrough"] = {"split": {"allocations": [
            {"variation": dice.choice(["on", "off", "nobody"]), "weight": dice.choice([0, 1, 50000, 100000, -1])}
            for _ in range(dice.randrange(5))]}}
    elif kind == 3:
        leaf = {"op": "match", "attribute": dice.choice(["plan", "", "a." * 100 + "a", "/context/user/x", "/"]),
                "operator": dice.choice(OPERATORS), "value": copy.deepcopy(dice.choice(LEAVES))}
        flag["rules"] = [{"id": "r1", "when": leaf, "serve": {"variation": "on"}}]
    elif kind == 4:
        flag["variations"] = [{"id": dice.choice(["on", "off", "", f"v{i}"]), "value": copy.deepcopy(dice.choice(LEAVES))}
                              for i in range(dice.choice([0, 1, 2, 64, 65]))]
    elif kind == 5:
        put_at(flag, ("metadata",), {str(i): copy.deepcopy(dice.choice(LEAVES)) for i in range(dice.randrange(40))})
    else:
        path = dice.choice([path for path in places(flag) if path != ("key",)])
        put_at(flag, path, copy.deepcopy(dice.choice(LEAVES)))


def hostile(number):
    dice = random.Random(SEED * 100003 + number)
    flag = copy.deepcopy(dice.choice([typed, text])())
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        worsen(dice, flag)
    return flag


@pytest.fixture
def desk(new_server):
    server = new_server("--admin-per-second", "0").start()
    admin = Admin(server, server.token)
    admin.make_app("shop")
    admin.server, admin.number = server, admin.environments("shop")["production"]
    return admin


def environment(desk):
    answer = desk.call("GET", f"/admin/v1/environments/{desk.number}/export")
    assert answer.status_code == 200
    return {name: part for name, part in answer.json().items() if name not in ("exportedAt", "at")}


def decide(desk, key):
    return requests.post(f"{desk.server.base}/ofrep/v1/evaluate/flags/victim", timeout=20,
                         json={"context": {"targetingKey": "ann", "plan": "pro"}},
                         headers={"Authorization": f"Bearer {key}"})


def test_hostile_configurations_are_refused_or_served_and_load_as_they_were(desk):
    path = f"/admin/v1/environments/{desk.number}/flags"
    assert desk.call("POST", path, {**text(), "key": "base"}).status_code == 201
    made = desk.server.api().new_app("keys")
    app_id = [e["appId"] for e in desk.items("/admin/v1/environments") if e["number"] == desk.number][0]
    made.id = app_id
    key = made.key("sdk")
    taken = refused = 0
    for number in range(COUNT):
        flag = hostile(number)
        where = f"seed {SEED}, number {number}: {str(flag)[:600]}"
        before = environment(desk) if number % 20 == 0 else None
        answer = desk.call("PUT", f"{path}/victim", flag, acknowledge="reshuffle")
        assert answer.status_code in (200, 201, 400, 409, 413, 422), f"{where}: {answer.text[:300]}"
        assert desk.server.process.poll() is None, where
        if answer.status_code < 300:
            taken += 1
            assert decide(desk, key).status_code < 500, where
        else:
            refused += 1
            assert "rehearsal" not in answer.json()["code"], where
            assert before is None or environment(desk) == before, where
        if taken % 25 == 24 and answer.status_code < 300:
            seen = environment(desk)
            desk.server.restart()
            desk.base = desk.server.base
            assert environment(desk) == seen, where
    assert taken and refused
    record("A2 V1", "hostile", configurations=COUNT, taken=taken, refused=refused, fatal=0, seed=SEED)
