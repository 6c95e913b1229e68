# SPDX-License-Identifier: Apache-2.0
"""The past through the admin API: evaluated as it was answered then, exported, brought back, taken
elsewhere, told in differences that can be applied, and a trail anybody can verify."""
import copy
import hashlib
import json
import os
import random
import time

import pytest

from admin_desk import UNLIMITED, content
from admin_scene import Scene, SceneDesk, read
from harness import Server
from test_ofrep_random import some_context, some_core_flag, some_leaf, some_text_flag, some_when

SEED = int(os.environ.get("REFERENCE_SEED", "11"))
MOMENTS = [f"20{year}-06-01T00:00:00Z" for year in (20, 24, 25, 26, 27, 28, 30, 35)]
TYPED = {"hash": "fnv1a_32_utf16", "comparison": "typed"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("past"), UNLIMITED).start()
    yield SceneDesk(server)
    server.close()


class Life:
    """An environment that goes through random changes, each remembered with what was answered."""

    def __init__(self, desk, seed):
        self.dice, self.desk, self.owner = random.Random(seed), desk, desk.owner
        self.numbers = [e["number"] for e in desk.app()["environments"]]
        self.base = f"/environments/{self.numbers[0]}"
        self.people = [some_context(self.dice, n) for n in range(6)]
        self.segments, self.flags, self.moments = [], {}, []
        for n in range(2):
            self.put_segment(f"s{n}")
            self.put_cohort(f"c{n + 1}")

    # -- what happens
    def put_segment(self, key):
        rule = some_when(self.dice, lambda d: some_leaf(d, []))
        body = {
    "included": [f"user-{self.dice.randrange(20)}"],
    "rules": [rule],
     "visibility": "client"}
        answer = self.owner.put(f"{self.base}/segments/{key}", body, acknowledge="reuse")
        assert answer.status_code in (200, 201), answer.text
        self.segments = sorted({*self.segments, key})

    def put_cohort(self, key):
        ids = [f"u{n}" for n in range(40) if self.dice.random() < 0.4] or ["u1"]
        content(self.owner.put(f"{self.base}/cohorts/{key}", {"memberIds": ids}, acknowledge="reuse"))

    def put_flag(self, key):
        dice = self.dice
        if dice.random() < 0.5:
            flag = some_core_flag(dice, [], self.segments, MOMENTS)
            flag["variations"] = [{"id": i, **v} for i, v in flag["variations"].items()]
            flag["arithmetic"] = TYPED
        else:
            flag = {k: v for k, v in some_text_flag(dice, key, [], MOMENTS).items() if k != "key"}
        answer = self.owner.put(f"{self.base}/flags/{key}", flag,
                                acknowledge="reshuffle,reuse")
        self.flags[key] = answer.status_code in (200, 201)
        return answer

    def change(self):
        dice, owner, key = self.dice, self.owner, f"f{self.dice.randrange(6)}"
        what = dice.choice(["put"] * 4 + ["delete", "toggle",
                           "segment", "cohort", "restore", "settings"])
        if what == "put":
            self.put_flag(key)
        elif what == "delete":
            owner.delete(f"{self.base}/flags/{key}")
        elif what == "toggle":
            owner.patch(f"{self.base}/flags/{key}", {"enabled": dice.random() < 0.7})
        elif what == "segment":
            self.put_segment(dice.choice(self.segments))
        elif what == "cohort":
            self.put_cohort(dice.choice(["c1", "c2"]))
        elif what == "restore":
            owner.post(f"{self.base}/restore", {"version": dice.randint(1, self.version())})
        else:
            owner.patch(self.base, {"metadata": {"n": dice.random()}})
        return what

    # -- what is seen
    def version(self):
        return content(self.owner.get(self.base))["version"]

    def evaluate(self, base=None, now=None, **params):
        body = {"contexts": self.people, **({"now": now} if now else {})}
        return content(self.owner.post(f"{base or self.base}/evaluate", body, **params))

    def export(self, base=None, **params):
        answer = self.owner.get(f"{base or self.base}/export", **params)
        assert answer.status_code == 200, answer.text
        return answer.text

    def documents(self, **params):
        return {one["document"]["key"]: one["document"]
                for one in self.owner.all(f"{self.base}/flags", **params)}

    def live(self, steps):
        """[(version, instant, answers, export)] of every version on the way."""
        for _ in range(steps):
            self.change()
            time.sleep(0.003)
            answer = self.evaluate()
            if not self.moments or self.moments[-1][0] != answer["version"]:
                self.moments.append(
    (answer["version"], answer["at"], answer["results"], self.export()))
            time.sleep(0.003)
        return self.moments


@pytest.fixture(scope="module", params=range(SEED, SEED + 3))
def life(desk, request):
    print(f"seed {request.param}")
    made = Life(desk, request.param)
    made.live(60)
    assert len(made.moments) > 12
    return made


# ---- as of -------------------------------------------------------------
def test_as_of_a_version_or_an_instant_is_what_was_answered_then(life):
    for version, at, results, _ in life.moments:
        again = life.evaluate(now=at, at=str(version))
        assert (again["version"], again["at"]) == (version, at)
        assert again["results"] == results, (version, differing(again["results"], results))
        again = life.evaluate(at=at)
        assert (again["version"], again["at"]) == (version, at)
        assert again["results"] == results


def differing(mine, theirs):
    return [(a, b) for one, other in zip(mine, theirs)
            for a, b in zip(one["flags"], other["flags"]) if a != b][:3]


def test_explanations_as_of_then_end_in_the_same_decision(life):
    for version, at, results, _ in life.moments[::4]:
        for person, result in zip(life.people[:2], results):
            keys = [one["key"] for one in result["flags"]][:20]
            if not keys:
                continue
            why = content(life.owner.post(f"{life.base}/explain", {
                "context": person, "flags": keys, "now": at}, at=str(version)))
            assert why["version"] == version
            said = ("key", "variation", "value", "payload", "reason", "rule", "errorCode")
            found = [{k: one[k] for k in said if k in one} for one in why["results"][0]["flags"]]
            assert found == result["flags"]


def test_exports_of_the_past_are_what_was_exported_then(life):
    for version, at, _, text in life.moments:
        assert life.export(at=str(version)) == text
        assert life.export(at=at) == text


def test_reads_of_the_past_are_one_world(life):
    for version, _, _, text in life.moments[::3]:
        exported = json.loads(text)
        flags = {flag["key"]: flag for flag in exported["flags"]}
        listed = life.documents(at=str(version))
        assert set(listed) == set(flags)
        for key, document in listed.items():
            assert document == {**flags[key], **({"deployments": document["deployments"]}
                                                 if "deployments" in document else {})}
            one = content(life.owner.get(f"{life.base}/flags/{key}", at=str(version)))
            assert one["document"] == document
            assert one["version"] == version
        segments = {one["document"]["key"]: one["document"]
                    for one in life.owner.all(f"{life.base}/segments", at=str(version))}
        assert segments == {one["key"]: one for one in exported["segments"]}


def test_before_the_beginning_and_after_the_end(life):
    for at in (str(life.version() + 1), "2000-01-01T00:00:00Z"):
        answer = life.owner.post(f"{life.base}/evaluate", {"contexts": life.people}, at=at)
        if answer.status_code == 200:
            assert at.startswith("2000") and answer.json()["version"] == 0
        else:
            assert answer.status_code in (400, 404)
    at_zero = life.evaluate(at="0")
    assert (at_zero["version"], [one["flags"] for one in at_zero["results"]]) == (0, [[]] * 6)


# ---- differences -------------------------------------------------------
def pointer(text):
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def apply(document, differences):
    """The newer document, made from the older one and what is said to differ.

    What is removed is named by its place in the older document, all else by that in the newer.
    """
    return rebuilt(copy.deepcopy(document), [(pointer(one["path"]), one) for one in differences])


def rebuilt(old, steps):
    here = [(path[0], one) for path, one in steps if len(path) == 1]
    made = _list(old, here) if isinstance(old, list) else _object(old, here)
    below = {}
    for path, one in steps:
        if len(path) > 1:
            below.setdefault(path[0], []).append((path[1:], one))
    for name, inner in below.items():
        name = int(name) if isinstance(made, list) else name
        made[name] = rebuilt(made[name], inner)
    return made


def _object(old, here):
    for name, one in here:
        assert (name in old) == (one["op"] != "add"), one
        assert one["op"] == "add" or old[name] == one["from"], one
        if one["op"] == "remove":
            del old[name]
        else:
            old[name] = one["to"]
    return old


def _list(old, here):
    taken = {int(name) for name, one in here if one["op"] == "remove"}
    assert all(old[int(name)] == one["from"] for name, one in here if one["op"] == "remove")
    moved = {one["to"]: one["from"] for _, one in here if one["op"] == "move"}
    added = {int(name): one["to"] for name, one in here if one["op"] == "add"}
    rest = [item for n, item in enumerate(old) if n not in taken | set(moved.values())]
    made = []
    for n in range(len(rest) + len(moved) + len(added)):
        made.append(added[n] if n in added else old[moved[n]] if n in moved else rest.pop(0))
    for name, one in here:
        if one["op"] == "replace":
            assert made[int(name)] == one["from"], one
            made[int(name)] = one["to"]
    return made


def test_differences_lead_from_one_version_to_the_next(life):
    applied, before = 0, life.documents(at="0")
    for version in range(1, life.version() + 1):
        after = life.documents(at=str(version))
        detail = content(life.owner.get(f"{life.base}/versions/{version}"))
        changed = {one["key"]: one for one in detail["changes"]
                   if one["kind"] == "flag" and one["diff"]}
        assert set(changed) == {k for k in before.keys() | after if before.get(k) != after.get(k)}
        for key, one in changed.items():
            assert (one["op"] == "create") == (key not in before)
            assert (one["op"] == "delete") == (key not in after)
            if one["op"] == "update":
                assert apply(before[key], one["diff"]) == after[key], (version, key, one["diff"])
                applied += 1
        before = after
    assert applied > 2


def test_comparisons_lead_from_any_version_to_any_other(life):
    number = life.numbers[0]
    for _ in range(20):
        old, new = (life.dice.choice(life.moments)[0] for _ in range(2))
        found = content(read(life.owner, f"/compare?from={number}@{old}&to={number}@{new}"))
        before, after = life.documents(at=str(old)), life.documents(at=str(new))
        changed = {one["key"]: one for one in found["changes"] if one["kind"] == "flag"}
        assert set(changed) == {k for k in before.keys() | after if before.get(k) != after.get(k)}
        for key, one in changed.items():
            if key in before and key in after:
                assert apply(before[key], one["diff"]) == after[key]


# ---- bringing back, and taking elsewhere -------------------------------
def test_restore_makes_it_as_it_was(life):
    for version, at, results, text in life.dice.sample(life.moments, 4):
        answer = content(life.owner.post(f"{life.base}/restore", {"version": version}))
        assert answer["version"] == life.version() > version
        assert life.export() == text
        assert life.evaluate(now=at)["results"] == results


def test_an_export_makes_the_same_world_elsewhere(life):
    elsewhere = f"/environments/{life.numbers[1]}"
    for _, at, results, text in life.dice.sample(life.moments, 4):
        answer = life.owner.call("POST", f"{elsewhere}/import", data=text.encode(), mode="replace",
                                 acknowledge="reuse",
                                 headers={"Content-Type": "application/json"})
        assert answer.status_code == 200, answer.text
        assert life.export(elsewhere) == text
        assert life.evaluate(elsewhere, now=at)["results"] == results
        again = life.owner.call("POST", f"{elsewhere}/import", data=text.encode(), mode="merge",
                                headers={"Content-Type": "application/json"})
        assert answer_of_nothing(again), again.text
        assert life.export(elsewhere) == text


def answer_of_nothing(answer):
    return answer.status_code == 200 and answer.json()["changes"] == [] == answer.json()["affected"]


def test_promoting_everything_is_all_there_is(life):
    source, target = life.numbers[0], f"/environments/{life.numbers[2]}"
    flags = list(life.documents())
    segments = [one["key"] for one in json.loads(life.export())["segments"]]
    body = {"from": str(source), "flags": flags, "segments": segments}
    content(life.owner.post(f"{target}/promote", body))
    found = content(read(life.owner, f"/compare?from={source}&to={life.numbers[2]}"))
    assert [one for one in found["changes"] if one["kind"] in ("flag", "segment")] == []


def test_what_is_deleted_and_made_again_is_another_flag(desk):
    scene = Scene(desk)
    path = f"{scene.base}/flags/loose"
    first = content(scene.owner.get(path))
    version = first["version"]
    assert scene.owner.delete(path).status_code == 204
    second = content(scene.owner.put(path, {"type": "boolean"}, acknowledge="reuse"), 201)
    assert second["id"] != first["id"]
    assert second["revision"] == 1
    assert content(scene.owner.get(path, at=str(version)))["id"] == first["id"]
    stale = scene.owner.patch(path, {"name": "x"}, headers={"If-Match": '"%d-%d"' % (
        first["number"], first["revision"])})
    assert stale.status_code == 412


# ---- the trail ---------------------------------------------------------
class Raw(str):
    """A number as it stands."""


def text_of(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{text_of(k)}:{text_of(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text_of, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\x7f")


def milliseconds(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = time.mktime(time.strptime(whole + " UTC", "%Y-%m-%dT%H:%M:%S %Z")) - time.timezone
    return int(seconds) * 1000 + int((fraction + "000")[:3])


def test_anybody_can_verify_the_trail(desk, life):
    """From the pages and what the description says about `hash`, and nothing else."""
    Scene(desk)
    rows, query = [], {"limit": 1000}
    while True:
        answer = desk.owner.get("/audit", **query)
        page = json.loads(answer.text, parse_float=Raw, parse_int=Raw)
        rows += page["items"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    rows.sort(key=lambda row: int(row["sequence"]))
    assert [int(row["sequence"]) for row in rows] == list(range(1, len(rows) + 1))
    previous = "0" * 64
    for row in rows:
        assert row["previousHash"] == previous
        said = {
    "sequence": row["sequence"],
    "at": Raw(
        milliseconds(
            row["at"])),
            "actor": row["actor"],
            "action": row["action"],
            "app": row["appId"],
            "environment": row["environment"] or Raw("0"),
            "version": row["version"] or Raw("0"),
            "subject": row["subject"],
            "detail": "" if row["detail"] is None else text_of(
                row["detail"])}
        previous = hashlib.sha256(
    bytes.fromhex(
        row["previousHash"]) +
         text_of(said).encode()).hexdigest()
        assert row["hash"] == previous, row
    verified = content(desk.owner.get("/audit/verify"))
    assert (verified["verified"], verified["hash"], verified["firstBad"]) == (True, previous, None)
    assert verified["rows"] == len(rows)


def test_each_version_has_its_row(life):
    rows = life.owner.all("/audit", environment=str(life.numbers[0]))
    versions = [row["version"] for row in rows if row["version"] is not None]
    assert sorted(versions) == list(range(1, life.version() + 1))
    listed = {one["version"]: one for one in life.owner.all(f"{life.base}/versions")}
    for row in rows:
        if row["version"] is not None:
            one = listed[row["version"]]
            assert (
    one["actor"],
    one["action"],
    one["at"]) == (
        row["actor"],
        row["action"],
         row["at"])
