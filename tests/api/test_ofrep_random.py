# SPDX-License-Identifier: Apache-2.0
"""OpenFeature's protocol against an oracle: random flags of all three APIs, random people; the same
flag asked for alone, among all, and of the admin API.

REFERENCE_SEED=n begins with another world.
"""
import json
import os
import random
import time

import pytest

from amplitude import Caller, Compiled, Project, content, fresh
from harness import App, data_of
from ofrep_oracle import World
from superflag_oracle import OPERATORS, KeyMissing, instant
from test_amplitude_configurations import some_project

SEED = int(os.environ.get("REFERENCE_SEED", "41"))
WORLDS, PEOPLE = 4, 60
NAMES = ["plan", "age", "tags", "team", "when", "release", "deep.x", "ok"]
VALUES = ["pro", "free", "Pro", "", 1, 18, 18.0, 0.5, -3, True, False, "1.2.3",
          "v2.0.0-rc.1", "2.0.0", "2026-01-01", "2026-01-01T00:00:00Z",
          "2031-05-05T10:00:00.5+02:00", ["a", "b"], ["a"], [],
          {"x": 1}, {"x": {"y": [1]}}, "\u65e5\u672c", "\U0001f680", "a"]


# ---- flags ---------------------------------------------------------------------------------------
def some_leaf(dice, segments):
    if segments and dice.random() < 0.25:
        leaf = {"op": "segment", "segment": dice.choice(segments)}
        return {**leaf, "negate": True} if dice.random() < 0.3 else leaf
    operator, attribute = dice.choice(OPERATORS), dice.choice(NAMES + ["targetingKey"])
    value = dice.choice(VALUES)
    if operator in ("in", "notIn"):
        value = dice.sample(VALUES, dice.randrange(5))
    elif operator == "matches":
        value = dice.choice(["^pr", "o$", "[a-z]+", "^$", "."])
    if attribute == "targetingKey" and operator in ("eq", "in", "startsWith"):
        value = dice.choice(["user-1", "user"])
    leaf = {"op": "match", "attribute": attribute, "operator": operator}
    return leaf if operator == "exists" else {**leaf, "value": value}


def some_when(dice, leaf, depth=0):
    kind = dice.randrange(4) if depth < 3 else 0
    if kind == 1:
        return {"op": "not", "expression": some_when(dice, leaf, depth + 1)}
    if kind == 2:
        return {"op": dice.choice(["all", "any"]),
                "expressions": [some_when(dice, leaf, depth + 1) for _ in range(dice.randrange(4))]}
    return leaf(dice)


def some_schedule(dice, moments):
    start, end = sorted(dice.sample(moments, 2))
    return dice.choice([{"start": start, "end": end}, {"start": start}, {"end": end}])


def some_split(dice, names, **fixed):
    weights = [dice.choice([0, 1, 20000, 25000]) for _ in names]
    return {"variations": [{"variation": n, "weight": w} for n, w in zip(names, weights)], **fixed}


def some_serve(dice, names, moments):
    kind = dice.randrange(4)
    if kind < 2:
        return {"variation": dice.choice(names)}
    fixed = {}
    if dice.random() < 0.4:
        fixed["bucketBy"] = dice.choice(["team", "age", "deep.x", "targetingKey"])
    if dice.random() < 0.5:
        fixed["salt"] = dice.choice(["", "s1", "\u65e5"])
    names = dice.sample(names, dice.randint(1, len(names)))
    if kind == 2:
        return {"rollout": some_split(dice, names, **fixed)}
    start, end = sorted(dice.sample(moments, 2))
    return {"progressive": {"start": start, "end": end, "from": some_split(dice, names, **fixed),
                            "to": some_split(dice, names[::-1], **fixed)}}


def typed_values(dice):
    kind = dice.choice(["boolean", "string", "number", "object"])
    values = {"boolean": [True, False], "string": ["on", "off", "", "x", "\u65e5"],
              "number": dice.choice([[0, 1, 2, 30], [0, 1, 0.5, 2], [1.5, 3, -0.25]]),
              "object": [{}, {"a": [1]}, [1, 2], {"b": {"c": None}}]}[kind]
    count = dice.randint(1, min(4, len(values)))
    return kind, dict(zip(dice.sample(["on", "off", "c", "d.d", "e e"], count),
                          dice.sample(values, count)))


def some_core_flag(dice, parents, segments, moments):
    kind, values = typed_values(dice)
    names = list(values)
    flag = {"type": kind, "description": "d", "tags": [], "owner": "o", "lifecycle": "active",
            "enabled": dice.random() < 0.9, "visibility": dice.choice(["client", "server"]),
            "variations": {name: {"value": value} for name, value in values.items()},
            "offVariation": dice.choice(names), "fallthrough": some_serve(dice, names, moments)}
    flag["rules"] = [{"id": f"r{n}", "when": some_when(dice, lambda d: some_leaf(d, segments)),
                      "serve": some_serve(dice, names, moments)} for n in range(dice.randrange(4))]
    for rule in flag["rules"]:
        if dice.random() < 0.25:
            rule["schedule"] = some_schedule(dice, moments)
    if dice.random() < 0.2:
        flag["schedule"] = some_schedule(dice, moments)
    if parents and dice.random() < 0.3:
        parent, of = dice.choice(parents)
        flag["prerequisites"] = [
            {"flag": parent, "variations": dice.sample(of, dice.randint(1, len(of)))}]
    if dice.random() < 0.3:
        flag["metadata"] = {"team": "a", "ratio": 0.1, "n": 3, "on": True, "list": [1]}
    return flag


def some_text_leaf(dice):
    operator, values = dice.choice([
        ("text is", ["pro", "18", "true"]), ("text is not", ["pro", "(none)"]),
        ("text is not", ["x"]),
        ("text contains", ["R", "1"]), ("text does not contain", ["o"]),
        ("text less", ["18", "1e2"]),
        ("text greater or equal", ["0.5"]), ("text version less", ["2.0.0"]),
        ("text version greater or equal", ["1.2"]), ("text set contains any", ["a", "c", "c1"]),
        ("text set does not contain any", ["a", "c2"]), ("text set contains", ["a", "b"]),
        ("text set is", ["a", "b"]), ("text is", ["(none)"]), ("text regex match", ["^[a-z]+$"]),
        ("text regex does not match", ["o$"])])
    where = dice.choice(["user_properties/plan",
    "plan",
    "user_properties/age",
    "user_properties/tags",
    "user_properties/deep/x",
    "user_id",
    "device_id",
    "cohort_ids",
     "country"])
    return {
    "op": "match",
    "attribute": f"/context/user/{where}",
    "operator": operator,
     "value": values}


def some_bucket(dice, names, moments):
    bucket = {}
    if dice.random() < 0.7:
        bucket["otherwise"] = dice.choice(names)
    if dice.random() < 0.3:
        bucket["bucketBy"] = dice.choice(["/context/user/user_properties/team",
                                          "/context/user/device_id", "/context/user/amplitude_id"])
    if dice.random() < 0.3:
        bucket["salt"] = dice.choice(["s", "\u00e9", "a/b"])

    def shares():
        made = [{"weight": dice.choice([0, 1, 1, 7]), "variation": name}
                for name in dice.sample(names, dice.randint(1, len(names)))]
        return made + [{"weight": 2}] if dice.random() < 0.3 else made

    if dice.random() < 0.5:
        bucket["slices"] = [{"percent": dice.choice([0, 7, 33, 50]), "variations": shares()}
                            for _ in range(dice.randint(1, 2))]
        return {"bucket": bucket}
    start, end = sorted(dice.sample(moments, 2))
    bucket["slices"] = [{"from": dice.choice([0, 10, 50]), "to": dice.choice([0, 33, 50]),
                         "variations": shares()} for _ in range(dice.randint(1, 2))]
    return {"progressiveBucket": {"start": start, "end": end, **bucket}}


def some_text_serve(dice, names, moments):
    if dice.random() < 0.4:
        return {"variation": dice.choice(names + [None])}
    return some_bucket(dice, names, moments)


def some_text_flag(dice, key, parents, moments):
    names = dice.sample(["on", "off", "c", "d"], dice.randint(1, 4))
    named = dice.random() < 0.5
    variations = [{"id": n, "value": n if named else f"value of {n}",
                   **({"payload": dice.choice([1, "t", [1], {"n": 1}, False, None])}
                      if dice.random() < 0.3 else {})} for n in names]
    for one in variations:
        if dice.random() < 0.15:
            one["included"] = dice.sample([f"user-{n}" for n in range(20)] + ["device-1"], 4)
        if dice.random() < 0.1:
            one["cohorts"] = [dice.choice(["c1", "c2"])]
    flag = {"key": key, "type": "string", "enabled": dice.random() < 0.9, "variations": variations,
            "offVariation": dice.choice(names), "visibility": dice.choice(["client", "server"]),
            "arithmetic": {"hash": "murmur3_32_utf8", "comparison": "text"},
            "bucketBy": dice.choice(["/context/user/user_id", "/context/user/device_id"]),
            "salt": dice.choice(["", "salt"]),
            "rules": [{"id": f"r{n}", "when": some_when(dice, some_text_leaf),
                       "serve": some_text_serve(dice, names, moments),
                       **({"schedule": some_schedule(dice, moments)}
                          if dice.random() < 0.3 else {})}
                      for n in range(dice.randrange(4))],
            "fallthrough": some_text_serve(dice, names, moments)}
    if dice.random() < 0.2:
        flag["schedule"] = some_schedule(dice, moments)
    if parents and dice.random() < 0.4:
        parent, of = dice.choice(parents)
        flag["prerequisites"] = [
            {"flag": parent, "variations": dice.sample(of, dice.randint(0, len(of)))}]
    return flag


# ---- people --------------------------------------------------------------------------------------
def some_context(dice, serial):
    context = {}
    if dice.random() < 0.85:
        context["targetingKey"] = dice.choice([
            f"user-{dice.randrange(20)}", f"u{dice.randrange(40)}", f"person-{serial}",
            "\u65e5\u672c-\U0001f680", "u1/x"])
    for name in NAMES + ["country", "platform", "version"]:
        if dice.random() < 0.6:
            context[name.split(".")[0]] = {"x": dice.choice(
                VALUES)} if "." in name else dice.choice(VALUES)
    if dice.random() < 0.1:
        context["amplitude_id"] = dice.choice([7, "u3"])
    if dice.random() < 0.4:
        context[dice.choice(["deviceId", "device_id"])] = f"device-{dice.randrange(3)}"
    return context


# ---- a world -------------------------------------------------------------------------------------
class Managed(Project):
    """A project that shows what was made through its own API alone."""

    def everything(self, resource, **params):
        return [one for one in super().everything(resource, **params)
                if one["key"].startswith(("local-", "remote-"))]


class Place:
    """A random environment, written through all three APIs, and the oracle's copy of it."""

    def __init__(self, town, seed):
        dice = random.Random(seed)
        api = town.server.api()
        name = fresh("random")
        self.app = App(api, data_of(api.post("/apps", {"name": name}), 201)["id"], name)
        number = next(e["number"] for e in town.environments()
                      if e["appName"] == name and e["name"] == "production")
        self.project, self.owner = Managed(town, number), town.owner
        self.base = f"/admin/v1/environments/{number}"
        now = time.time()
        self.moments = [_instant(now + days * 86400)
                                 for days in (-900, -90, -30, -3, 3, 30, 90, 900)]
        self._write_core(dice)
        self.world = World(some_project(self.project, seed, items=8), self.segments)
        self._write_admin(dice)
        compiled = Compiled(self.project)
        self.world.items = {key: {**flag, "metadata": {"deployed": key in compiled.on}}
                            for key, flag in compiled.whole.items()}
        self.world.core.update(self.core)
        self.clients = {kind: Caller(town.server.base, f"Bearer {self.app.key(kind)}")
                        for kind in ("sdk", "pub")}

    def _write_core(self, dice):
        self.core, parents = {}, []
        self.segments = {f"seg-{n}": {
            "included": dice.sample([f"user-{m}" for m in range(20)], 3), "visibility": "client",
            "excluded": dice.sample([f"user-{m}" for m in range(20)], 3),
            "rules": [some_when(dice, lambda d: some_leaf(d, []))]} for n in range(3)}
        self.segments["seg-2"]["rules"] = [{"op": "segment", "segment": "seg-1"}]
        for n in range(10):
            flag = some_core_flag(dice, parents, list(self.segments), self.moments)
            if any(self.core[p["flag"]]["visibility"] ==
                   "server" for p in flag.get("prerequisites", ())):
                flag["visibility"] = "server"
            self.core[f"core-{n}"] = flag
            parents.append((f"core-{n}", list(flag["variations"])))
        data_of(self.app.put(self.app.draft(self.core, self.segments, version=self.app.version())))
        self.parents = parents

    def _write_admin(self, dice):
        parents = list(self.parents)
        for n in range(12):
            key = f"admin-{n}"
            if n % 3 == 2:
                flag = some_core_flag(dice, parents, list(self.segments), self.moments)
                flag["variations"] = [{"id": i, **v} for i, v in flag["variations"].items()]
                flag.update(key=key, visibility="server",
                            arithmetic={"hash": "fnv1a_32_utf16", "comparison": "typed"})
            else:
                flag = some_text_flag(dice, key, parents, self.moments)
                flag["visibility"] = "server" if "prerequisites" in flag else flag["visibility"]
            answer = self.owner.post(f"{self.base}/flags", flag)
            assert answer.status_code == 201, (answer.text, flag)
            self.world.add_document(answer.json()["document"])
            parents.append((key, [v["id"] for v in answer.json()["document"]["variations"]]))

    def evaluate(self, contexts, **more):
        found = content(self.owner.post(f"{self.base}/evaluate", {"contexts": contexts, **more}))
        return [{one["key"]: one for one in result["flags"]} for result in found["results"]]


def _instant(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def exact(value):
    """Tells 1 from 1.0 and true from 1."""
    return json.dumps(value, sort_keys=True)


def shown(answer):
    """An answer without what is for people."""
    return {k: v for k, v in answer.items() if k != "errorDetails"}


@pytest.fixture(scope="module", params=range(SEED, SEED + WORLDS))
def random_place(town, request):
    print(f"seed {request.param}")
    place = Place(town, request.param)
    dice = random.Random(request.param)
    place.people = [some_context(dice, n) for n in range(PEOPLE)]
    return place


def bulk(caller, context):
    answer = content(caller.post("/ofrep/v1/evaluate/flags", {"context": context}))
    return {flag["key"]: flag for flag in answer["flags"]}


def test_everybody_gets_what_the_oracle_says(random_place):
    world, wrong, compared = random_place.world, [], 0
    for context in random_place.people:
        found, now_ms = bulk(random_place.clients["sdk"], context), int(time.time() * 1000)
        assert list(found) == world.keys()
        for key, answer in found.items():
            wanted = world.answer(key, context, now_ms)
            compared += 1
            if exact(shown(answer)) != exact(wanted):
                wrong.append((key, context, answer, wanted))
    assert not wrong, (len(wrong), compared, wrong[:3])
    assert compared == len(world.keys()) * PEOPLE


def test_one_is_as_among_all(random_place):
    for context in random_place.people[::6]:
        found = bulk(random_place.clients["sdk"], context)
        for key, answer in found.items():
            alone = random_place.clients["sdk"].post(f"/ofrep/v1/evaluate/flags/{key}",
                                                     {"context": context})
            assert alone.status_code == (400 if "errorCode" in answer else 200)
            assert exact(alone.json()) == exact(answer)


def test_browsers_get_the_same_of_fewer(random_place):
    for context in random_place.people[::10]:
        all_of_them = bulk(random_place.clients["sdk"], context)
        few = bulk(random_place.clients["pub"], context)
        world = random_place.world
        written = {**random_place.core, **world.documents}
        hidden = {key for key in all_of_them if key not in random_place.core and
                  key in world.core or written.get(key, {}).get("visibility") == "server"}
        shown_to_browsers = set(all_of_them) - hidden
        assert set(few) == shown_to_browsers
        assert exact(few) == exact({key: all_of_them[key] for key in few})


def test_the_admin_api_decides_alike_at_any_moment(random_place):
    world, wrong = random_place.world, []
    contexts = random_place.people[:20]
    for moment in [*random_place.moments, "2026-11-01T12:34:56.789Z"]:
        at_ms = instant(moment)
        results = random_place.evaluate(contexts, now=moment)
        for context, found in zip(contexts, results):
            for key in world.keys():
                wanted = admin_answer(world, key, context, at_ms)
                got = {k: found[key].get(k) for k in wanted}
                if got != wanted:
                    wrong.append((moment, key, context, found[key], wanted))
    assert not wrong, (len(wrong), wrong[:3])


def admin_answer(world, key, context, now_ms):
    try:
        variation, reason = world.decide(key, context, now_ms)
    except KeyMissing:
        return {"errorCode": "TARGETING_KEY_MISSING"}
    if variation is None:
        return {"errorCode": "NO_VARIATION", "variation": None, "value": None}
    return {"variation": variation, "reason": reason}
