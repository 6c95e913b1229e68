# SPDX-License-Identifier: Apache-2.0
"""Flags brought over with another system's arithmetic: decided here by every protocol that evaluates,
as that system dealt them, and told to no SDK that would evaluate them itself."""
import hashlib
import json

import pytest
import requests

from admin_desk import UNLIMITED, Desk, assert_problem, content
from harness import Server, data_of

PEOPLE = ["ann", "bob", "ünïcødé-😀", "7f3c0f2e-9f0b-4a56-8a8e-2f3a6c1d9e55"] + [
    f"user-{n}" for n in range(96)]
ON_OFF = [{"id": "on", "value": True}, {"id": "off", "value": False}]


# ---- the arithmetics, once more -------------------------------------------------------------------
def murmur3(text, seed=0):
    data, mask = text.encode(), 0xFFFFFFFF

    def scramble(block):
        block = block * 0xCC9E2D51 & mask
        return (block << 15 | block >> 17) * 0x1B873593 & mask

    value, whole = seed, len(data) // 4 * 4
    for at in range(0, whole, 4):
        value ^= scramble(int.from_bytes(data[at:at + 4], "little"))
        value = ((value << 13 | value >> 19) * 5 + 0xE6546B64) & mask
    value ^= scramble(int.from_bytes(data[whole:], "little")) ^ len(data)
    value = (value ^ value >> 16) * 0x85EBCA6B & mask
    value = (value ^ value >> 13) * 0xC2B2AE35 & mask
    return value ^ value >> 16


def fnv1a(text):
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def position(text):
    return int(hashlib.sha1(text.encode()).hexdigest()[:15], 16) / 0xFFFFFFFFFFFFFFF


def owner(shares, ticket):
    """Of (variation, weight): whose the ticket is; the last has what is behind all."""
    end = 0
    for variation, weight in shares:
        end += weight
        if ticket < end:
            return variation
    return shares[-1][0]


SPLITS = {
    "sha1_60": ([("on", 33000), ("off", 50000)],
                lambda key, who, total: position(f"{key}.{who}") * 100000),
    "murmur3_32_scaled": ([("on", 1), ("off", 2)],
                          lambda key, who, total: murmur3(key + who) * total >> 32),
    "fnv1a_32_modulo": ([("on", 25000), ("off", 75000)],
                        lambda key, who, total: fnv1a(key + who) % total),
}


def split_flag(key, name, **rollout):
    shares = [{"variation": variation, "weight": weight} for variation, weight in SPLITS[name][0]]
    return {"key": key, "kind": "flag", "type": "boolean", "description": "d", "tags": [],
            "owner": "o", "lifecycle": "active", "enabled": True,
            "arithmetic": {"hash": name, "comparison": "typed"}, "variations": ON_OFF,
            "offVariation": "off", "fallthrough": {"rollout": {"variations": shares, **rollout}}}


def expected_split(name, prefix, who):
    shares, draw = SPLITS[name]
    return owner(shares, draw(prefix, who, sum(weight for _, weight in shares)))


def percent_flag(key, salt, percent=60, weights=(400, 600)):
    slices = [{"percent": percent, "variations": [{"variation": name, "weight": weight}
                                                  for name, weight in zip("ab", weights)]}]
    return {"key": key, "kind": "flag", "type": "string", "description": "d", "tags": [],
            "owner": "o", "lifecycle": "active", "enabled": True,
            "arithmetic": {"hash": "murmur3_32_percent", "comparison": "text"},
            "evaluationMode": "local", "bucketBy": "/context/user/user_id", "salt": salt,
            "variations": [{"id": name, "value": name} for name in ("a", "b", "off")],
            "offVariation": "off",
            "fallthrough": {"bucket": {"slices": slices, "otherwise": "off"}}}


def expected_percent(salt, who, percent=60, weights=(400, 600)):
    if murmur3(f"{salt}:{who}") % 100 + 1 > percent:
        return "off"
    return owner(list(zip("ab", weights)), murmur3(f"{salt}:{who}", 86028157) % sum(weights))


WORLD = [percent_flag("p", "p"), percent_flag("p-group", "group", 25, (1, 0)),
         *(split_flag(f"s-{name}", name) for name in SPLITS),
         split_flag("seeded", "sha1_60", salt="61"),
         split_flag("salted", "sha1_60", salt="salted.s1")]


def expected(who):
    found = {"p": expected_percent("p", who), "p-group": expected_percent("group", who, 25, (1, 0)),
             **{f"s-{name}": expected_split(name, f"s-{name}", who) for name in SPLITS},
             "seeded": expected_split("sha1_60", "61", who),
             "salted": expected_split("sha1_60", "salted.s1", who)}
    return found


# ---- the place ------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("arithmetics"), UNLIMITED).start()
    yield Desk(server)
    server.close()


class Place:
    def __init__(self, desk, environment):
        self.desk, self.owner, self.number = desk, desk.owner, environment["number"]
        self.name, self.path = environment["name"], f"/environments/{environment['number']}"

    def fill(self, flags):
        body = {"format": "guidon.environment/1", "flags": flags, "segments": [], "cohorts": []}
        return content(self.owner.post(f"{self.path}/import", body, mode="replace"))

    def ask(self, word, body):
        return content(self.owner.post(f"{self.path}/{word}", body))["results"]


@pytest.fixture
def app(desk):
    return desk.app()


@pytest.fixture
def places(desk, app):
    listed = desk.owner.all("/environments")
    return [Place(desk, one) for one in listed if one["appId"] == app["id"]]


@pytest.fixture
def place(places):
    return places[0]


# ---- decided here ---------------------------------------------------------------------------------
def test_an_evaluation_deals_as_the_other_system_did(place):
    place.fill(WORLD)
    for form in (lambda who: {"targetingKey": who}, lambda who: {"user": {"user_id": who}}):
        results = place.ask("evaluate", {"contexts": [form(who) for who in PEOPLE]})
        for who, result in zip(PEOPLE, results):
            assert {one["key"]: one["variation"] for one in result["flags"]} == expected(who), who


def test_an_explanation_shows_the_text_the_hash_and_the_ticket(place):
    place.fill(WORLD)
    for who in PEOPLE[:8]:
        result = place.ask("explain", {"context": {"targetingKey": who},
                                       "flags": [flag["key"] for flag in WORLD]})[0]
        serves = {one["key"]: next(step for step in one["steps"] if step["check"] == "fallthrough")
                  ["serve"] for one in result["flags"]}
        for name in SPLITS:
            assert serves[f"s-{name}"]["hash"]["name"] == name
            chosen = [one for one in serves[f"s-{name}"]["ranges"] if one["chosen"]]
            assert [one["variation"] for one in chosen] == [expected(who)[f"s-{name}"]]
        digits = hashlib.sha1(f"61.{who}".encode()).hexdigest()[:15]
        assert serves["seeded"]["hash"] == {"name": "sha1_60", "input": f"61.{who}",
                                            "value": digits}
        assert serves["seeded"]["ticket"] == int(position(f"61.{who}") * 100000)
        assert serves["seeded"]["tickets"] == 100000
        assert serves["s-murmur3_32_scaled"]["hash"]["value"] == murmur3(
            f"s-murmur3_32_scaled{who}")
        assert serves["s-murmur3_32_scaled"]["tickets"] == 3
        assert serves["p"]["hash"] == {"name": "murmur3_32_percent", "input": f"p:{who}",
                                       "value": murmur3(f"p:{who}"),
                                       "second": murmur3(f"p:{who}", 86028157)}
        assert serves["p"]["percent"] == murmur3(f"p:{who}") % 100
        is_in = serves["p"]["percent"] < 60
        assert serves["p"].get("ticket") == (murmur3(f"p:{who}", 86028157) % 1000 if is_in else None)


def deployment_key(place):
    made = content(place.owner.post(f"{place.path}/deployments", {"label": "web", "kind": "server"}),
                   201)
    return made["key"]


def test_openfeature_is_told_what_was_dealt(place):
    place.fill(WORLD)
    headers = {"Authorization": f"Bearer {deployment_key(place)}"}
    for who in PEOPLE[:20]:
        answer = requests.post(f"{place.desk.server.base}/ofrep/v1/evaluate/flags", headers=headers,
                               json={"context": {"targetingKey": who}}, timeout=30)
        assert answer.status_code == 200, answer.text
        told = {one["key"]: one["variant"] for one in answer.json()["flags"]}
        assert told == expected(who)


def test_openfeature_is_told_that_the_key_is_missing(place):
    place.fill(WORLD)
    headers = {"Authorization": f"Bearer {deployment_key(place)}"}
    for key in expected("ann"):
        answer = requests.post(f"{place.desk.server.base}/ofrep/v1/evaluate/flags/{key}",
                               headers=headers, json={"context": {}}, timeout=30)
        assert (answer.status_code, answer.json()["errorCode"]) == (400, "TARGETING_KEY_MISSING")


def test_users_are_evaluated_remotely(place):
    place.fill(WORLD)
    headers = {"Authorization": f"Api-Key {deployment_key(place)}"}
    for who in PEOPLE[:20]:
        answer = requests.post(f"{place.desk.server.base}/sdk/v2/vardata", headers=headers,
                               json={"user_id": who}, timeout=30)
        assert {key: one["key"] for key, one in answer.json().items()} == expected(who)


# ---- told to nobody who evaluates by himself -------------------------------------------------------
def test_configurations_have_no_rules_of_them(place):
    place.fill(WORLD)
    headers = {"Authorization": f"Api-Key {deployment_key(place)}"}
    flags = requests.get(f"{place.desk.server.base}/sdk/v2/flags", headers=headers, timeout=30).json()
    for one in flags:
        assert not any("bucket" in segment for segment in one["segments"]), one["key"]
        assert "conditions" not in json.dumps(one["segments"])


def test_reach_says_why(place):
    place.fill(WORLD + [split_flag("ours", "sha1_60") | {
        "arithmetic": {"hash": "fnv1a_32_utf16", "comparison": "typed"}}])
    why = "deals its variations as another system does, which these SDKs cannot"
    for key in expected("ann"):
        reaches = {one["protocol"]: one for one in
                   content(place.owner.get(f"{place.path}/flags/{key}/reach"))["reach"]}
        assert reaches["ofrep.evaluate"]["served"] == "yes"
        assert reaches["amplitude.vardata"]["served"] == "yes"
        if key.startswith("p"):
            assert why in reaches["amplitude.flags"]["why"]
        else:
            assert why in reaches["superflag.config"]["why"]
            assert why in reaches["superflag.public-config"]["why"]


def test_documents_leave_them_out_and_leave_them_alone(place, app):
    place.fill(WORLD)
    api = place.desk.server.api()
    query = {"appId": app["id"], "env": place.name}
    document = data_of(api.get("/config-document", **query))
    assert document["flags"] == {}
    data_of(api.put("/config-document", document, **query))
    assert len(place.ask("evaluate", {"context": {"targetingKey": "ann"}})[0]["flags"]) == len(WORLD)


# ---- changed only knowingly ------------------------------------------------------------------------
def test_dealing_anew_has_to_be_meant(place):
    place.fill([split_flag("f", "fnv1a_32_modulo"), split_flag("g", "murmur3_32_scaled")])

    def patch(key, shares, **more):
        rollout = {"variations": [{"variation": name, "weight": weight} for name, weight in shares],
                   **more}
        return place.owner.call("PATCH", f"{place.path}/flags/{key}",
                                {"fallthrough": {"rollout": rollout}})

    content(patch("f", [("on", 30000), ("off", 70000)]))
    assert_problem(patch("f", [("on", 30000), ("off", 60000)]), 422, "needs_acknowledgement")
    assert_problem(patch("f", [("on", 30000), ("off", 70000)], salt=""), 422,
                   "needs_acknowledgement")
    content(patch("g", [("on", 30), ("off", 71)]))
    assert_problem(place.owner.call("PATCH", f"{place.path}/flags/g", {
        "arithmetic": {"hash": "sha1_60"}}), 422, "needs_acknowledgement")


def test_a_promotion_does_not_take_shares_for_something_else(places):
    one, two = places[:2]
    one.fill([split_flag("f", "murmur3_32_scaled")])
    two.fill([split_flag("f", "sha1_60")])
    refused = two.owner.post(f"{two.path}/promote", {"from": str(one.number), "flags": ["f"]})
    assert_problem(refused, 409, "conflict")
    two.fill([])
    content(two.owner.post(f"{two.path}/promote", {"from": str(one.number), "flags": ["f"]},
                           acknowledge="reuse"))
    exported = one.owner.get(f"{one.path}/export").json()["flags"]
    assert two.owner.get(f"{two.path}/export").json()["flags"] == exported
