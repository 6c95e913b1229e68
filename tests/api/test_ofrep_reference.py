# SPDX-License-Identifier: Apache-2.0
"""OpenFeature's protocol as its written description has it, clause by clause; numbers in the titles
are sections of the description (service/openapi.yaml 0.3.0 and what providers really do)."""
import json
import re
import socket

import pytest

from amplitude import Caller, content, fresh
from harness import converse, raw_head, statuses

ONE = "/ofrep/v1/evaluate/flags/"
ALL = "/ofrep/v1/evaluate/flags"
TEXT = {"hash": "murmur3_32_utf8", "comparison": "text"}
TYPED = {"hash": "fnv1a_32_utf16", "comparison": "typed"}
REASONS = {"STATIC", "TARGETING_MATCH", "SPLIT", "DEFAULT", "DISABLED"}
CODES = {"PARSE_ERROR", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "GENERAL", "FLAG_NOT_FOUND"}
ANN = {"targetingKey": "ann"}


def match(attribute, value, operator="eq"):
    return {"op": "match", "attribute": attribute, "operator": operator, "value": value}


class Place:
    """One environment, filled through the admin API and asked in OpenFeature's protocol."""

    def __init__(self, project):
        self.project, self.owner = project, project.town.owner
        self.base = f"/admin/v1/environments/{project.number}"
        self.sdk, self.pub = self.caller("server"), self.caller("browser")

    def key(self, kind):
        return content(self.owner.post(f"{self.base}/keys", {"kind": kind}), 201)

    def caller(self, kind):
        return Caller(self.owner.base, f"Bearer {self.key(kind)['key']}")

    def put(self, key, **members):
        answer = self.owner.call("PUT", f"{self.base}/flags/{key}", {"enabled": True, **members})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def typed(self, key, *values, **members):
        """A typed flag of these values; everybody gets the first."""
        names = [f"v{n}" for n in range(len(values))]
        return self.put(key, **{
            "arithmetic": TYPED, "offVariation": names[-1], "fallthrough": {"variation": "v0"},
            "variations": [{"id": n, "value": v} for n, v in zip(names, values)], **members})

    def one(self, key, context=None, **more):
        return self.sdk.post(ONE + key, {"context": ANN if context is None else context}, **more)

    def all(self, context=None, **more):
        return self.sdk.post(ALL, {"context": ANN if context is None else context}, **more)


def object_of(answer, status):
    """6.1: a JSON object, and said to be one."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:300]}"
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    body = answer.json()
    assert isinstance(body, dict)
    return body


def success(answer, **wanted):
    """3.1 and 6.2"""
    body = object_of(answer, 200)
    assert {"key", "reason", "variant", "metadata"} <= set(body)
    assert set(body) <= {"key", "reason", "variant", "metadata", "value"}
    assert body["reason"] in REASONS
    assert isinstance(body["variant"], str)
    assert isinstance(body["metadata"], dict)
    assert body.get("value", 0) is not None
    for name, value in wanted.items():
        assert json.dumps(body.get(name)) == json.dumps(value), body
    return body


def failure(answer, status, code=None, key=None):
    """3.2 and 6.3"""
    body = object_of(answer, status)
    assert body["errorCode"] in CODES
    assert isinstance(body["errorDetails"], str)
    assert body["errorDetails"]
    assert body["metadata"] == {}
    assert body.get("key") == key
    assert code is None or body["errorCode"] == code
    return body


@pytest.fixture(scope="module")
def place(town):
    """Flags for tests that leave them as they are."""
    made = Place(town.project())
    made.put("static")
    made.typed("plan", "gold", "none", fallthrough={"variation": "v1"}, rules=[
        {"id": "r", "when": match("plan", "pro"), "serve": {"variation": "v0"}}])
    made.typed("dealt", True, False, fallthrough={"rollout": {"variations": [
        {"variation": "v0", "weight": 50000}, {"variation": "v1", "weight": 50000}]}})
    made.typed("off", True, enabled=False)
    made.typed("private", 1, visibility="server")
    return made


@pytest.fixture
def own(town):
    """An environment nobody else touches."""
    return Place(town.project())


# ---- 1. endpoints and credentials ----------------------------------------------------------------
def test_1_there_is_no_configuration_endpoint(place):
    for caller in (place.sdk, Caller(place.owner.base)):
        object_of(caller.get("/ofrep/v1/configuration"), 404)


def test_1_a_slash_behind_the_bulk_path(place):
    assert content(place.sdk.post(ALL + "/", {"context": ANN})) == content(place.all())


@pytest.mark.parametrize("name, form", [
    ("Authorization", "Bearer {}"), ("Authorization", "bearer {}"), ("Authorization", "{}"),
    ("X-API-Key", "{}"), ("x-api-key", "{}"), ("AUTHORIZATION", "BEARER {}")])
def test_1_a_key_in_any_dress(place, name, form):
    key = place.sdk.authorization.split(" ")[1]
    anybody = Caller(place.owner.base)
    success(anybody.post(ONE + "static", {"context": ANN}, headers={name: form.format(key)}),
            value=True)
    object_of(anybody.post(ALL, {"context": ANN}, headers={name: form.format(key)}), 200)


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"Authorization": "Bearer"},
                                     {"Authorization": "Bearer "}, {"X-API-Key": ""},
                                     {"Authorization": "Bearer sdk_prod_" + "a" * 43},
                                     {"Authorization": "Basic YTpi"}, {"X-API-Key": "a b"}])
def test_1_no_key_no_answer(place, headers):
    anybody = Caller(place.owner.base)
    failure(anybody.post(ONE + "static", {"context": ANN}, headers=headers), 401, key="static")
    failure(anybody.post(ALL, {"context": ANN}, headers=headers), 401)


def test_1_keys_of_all_kinds_and_no_tokens(own):
    own.put("everywhere")
    keys = content(own.owner.post(f"{own.base}/project-keys"), 201)
    kinds = [own.project.deployment("client").key, own.project.deployment("server").key,
             keys["apiKey"]]
    for key in kinds:
        success(Caller(own.owner.base, f"Bearer {key}").post(ONE + "everywhere", {"context": ANN}))
    token = own.project.api
    failure(token.post(ONE + "everywhere", {"context": ANN}), 403, key="everywhere")
    failure(token.post(ALL, {"context": ANN}), 403)


# ---- 2. requests ---------------------------------------------------------------------------------
@pytest.mark.parametrize("body", [b"", b"{}", b'{"context":{}}', b'{"context":null}',
                                  b'{"context":{"targetingKey":null}}', b" \r\n\t{} ",
                                  b'{"context":{"targetingKey":""}}'])
def test_2_a_key_is_needed_only_to_deal_by(place, body):
    def ask(flag):
        return place.sdk.call("POST", ONE + flag, data=body,
                              headers={"Content-Type": "application/json; charset=utf-8"})

    success(ask("static"), value=True, reason="STATIC")
    success(ask("plan"), value="none", reason="DEFAULT")
    success(ask("off"), reason="DISABLED")
    failure(ask("dealt"), 400, "TARGETING_KEY_MISSING", "dealt")
    everything = object_of(place.sdk.call("POST", ALL, data=body), 200)["flags"]
    assert [flag.get("errorCode") for flag in everything] == \
        ["TARGETING_KEY_MISSING", None, None, None, None]


@pytest.mark.parametrize("resource", ["flags", "experiments"])
@pytest.mark.parametrize("percentage, value", [(100, "red"), (0, None)])
def test_2_whoever_gets_the_same_as_everybody_is_not_dealt(town, resource, percentage, value):
    """Rolled out to all of one variant, or to nobody: static, whatever API wrote it."""
    project = town.project()
    key = fresh("whole")
    project.live(resource,
    key,
    variants=[{"key": "red"},
    {"key": "blue"}],
    rolloutPercentage=percentage,
    rolloutWeights={"red": 1,
    "blue": 0},
     bucketingKey="user_id")
    assert project.web.vardata({}, [key])[key]["key"] == (value or "off")
    for context in ({}, ANN):
        answer = project.web.sdk.post(ONE + key, {"context": context})
        success(answer, variant=value or "off", reason="STATIC")
        assert answer.json().get("value") == value


def test_2_a_rule_for_everybody_it_matches_needs_no_key(town):
    project = town.project()
    key = fresh("ruled")
    project.live("flags",
    key,
    variants=[{"key": "red"}],
    rolloutPercentage=0,
    bucketingKey="user_id",
    targetSegments=[{ "name": "S",
    "percentage": 100,
    "rolloutWeights": {"red": 1},
    "bucketingKey": "user_id",
    "conditions": [ {"type": "property",
    "prop": "country",
    "op": "is",
     "values": ["NO"]}]}])
    answer = project.web.sdk.post(ONE + key, {"context": {"country": "NO"}})
    success(answer, value="red", reason="TARGETING_MATCH")


def test_2_attributes_are_any_json(own):
    own.typed("deep", 1, 0, fallthrough={"variation": "v1"}, rules=[
        {"id": "r", "when": match("a.b.c", [1, {"x": None}]), "serve": {"variation": "v0"}}])
    context = {**ANN, "a": {"b": {"c": [1, {"x": None}]}}, "when": "1970-01-01T00:00:00.000Z",
               "": "", "\u65e5": [True, 1.5e300, -0.0, "\U0001f680"]}
    success(own.one("deep", context), value=1, reason="TARGETING_MATCH")
    success(own.one("deep", {**ANN, "a": {"b": {"c": [1, {}]}}}), value=0, reason="DEFAULT")


def test_2_dates_are_texts_in_time(own):
    own.typed("late", True, False, fallthrough={"variation": "v1"}, rules=[
        {"id": "r", "when": match("when", "2026-01-01T00:00:00Z", "after"),
         "serve": {"variation": "v0"}}])
    success(own.one("late", {**ANN, "when": "2026-01-01T01:00:00.001+01:00"}), value=True)
    success(own.one("late", {**ANN, "when": "2026-01-01T01:00:00.000+01:00"}), value=False)


@pytest.mark.parametrize("spelling", ["a.b_c-D9", "a%2Eb_c%2DD9", "%61.b_c-D9"])
def test_2_the_rest_of_the_path_is_the_key(own, spelling):
    own.put("a.b_c-D9")
    success(own.one(spelling), key="a.b_c-D9", value=True)


@pytest.mark.parametrize("spelling, key", [
    ("a%20b/c", "a b/c"), ("a%20b%2Fc", "a b/c"), ("a+b", "a+b"), ("a%252Eb", "a%2Eb"),
    ("A.B_C-d9", "A.B_C-d9"), ("x" * 129, "x" * 129), ("static/", "static/"),
    ("static%00", "static\0"), ("%F0%9F%9A%80", "\U0001f680"), ("static%20", "static "),
    ("__proto__", "__proto__"), ("static?x=1", "static")])
def test_2_odd_keys_are_not_found_and_said_back(place, spelling, key):
    """Or a flag, where the query is no part of it; or a bad request, where no key can be read."""
    answer = place.one(spelling)
    if key == "static":
        success(answer, key=key)
    elif "\0" in key:
        assert answer.status_code in (400, 404)
        object_of(answer, answer.status_code)
    else:
        failure(answer, 404, "FLAG_NOT_FOUND", key)


@pytest.mark.parametrize("query", [
    "flagConfigEtag=%22v2%22&flagConfigLastModified=1771622898", "flagConfigEtag=",
    "flagConfigLastModified=2026-01-01T00%3A00%3A00.000Z", "flagConfigLastModified=-1",
    "flagConfigLastModified=x&flagConfigEtag=%22", "flagConfigLastModified=99999999999999999999",
    "unknown=1&unknown=2", "&&=&", "flagConfigEtag=" + "a" * 2000, "flagConfigEtag=%C3%A4"])
def test_2_what_a_stream_told_is_no_condition(place, query):
    wanted = place.all()
    found = place.sdk.post(f"{ALL}?{query}", {"context": ANN})
    assert content(found) == content(wanted)
    assert found.headers["ETag"] == wanted.headers["ETag"]
    again = place.sdk.post(f"{ALL}?{query}", {"context": ANN},
                           headers={"If-None-Match": wanted.headers["ETag"]})
    assert again.status_code == 304


# ---- 3.1 one flag --------------------------------------------------------------------------------
@pytest.mark.parametrize("value", [
    True, False, "", "text", "\u65e5\u672c \"\\\b\u2028", 0, 1, -1, 2 ** 53, 0.5, -1.25e-7, 1e300,
    {}, [],
    {"a": {"b": [1, 0.1, None, "", {"c": True}]}}, [[], {}, [None]]])
def test_31_a_value_is_what_its_author_wrote(own, value):
    own.typed("f", value)
    success(own.one("f"), key="f", value=value, reason="STATIC", variant="v0", metadata={})
    found, = content(own.all())["flags"]
    assert json.dumps(found["value"]) == json.dumps(value)


@pytest.mark.parametrize("payload", [False, 0, "", {}, [], None, {"a": None}, 1.5])
def test_31_a_payload_is_the_value_and_null_never_is(own, payload):
    own.put("f", type="string", variations=[{"id": "a", "value": "a", "payload": payload},
                                            {"id": "b", "value": "b"}],
            fallthrough={"variation": "a"}, offVariation="b")
    found = success(own.one("f"), variant="a", reason="STATIC")
    if payload is None:
        assert "value" not in found
    else:
        assert json.dumps(found["value"]) == json.dumps(payload)
    own.put("f", type="string", variations=[{"id": "a", "value": "a", "payload": payload},
                                            {"id": "b", "value": "b"}],
            fallthrough={"variation": "b"}, offVariation="b")
    assert "value" not in success(own.one("f"), variant="b")


def test_31_each_reason(place):
    success(place.one("static"), reason="STATIC")
    success(place.one("plan", {**ANN, "plan": "pro"}), reason="TARGETING_MATCH", value="gold")
    success(place.one("plan"), reason="DEFAULT", value="none")
    success(place.one("dealt"), reason="SPLIT")
    off = success(place.one("off"), reason="DISABLED", variant="v0")
    assert "value" not in off


def test_31_nothing_dealt_is_the_callers_default(own):
    own.typed("f", True, False, fallthrough={"rollout": {"variations": [
        {"variation": "v0", "weight": 0}]}})
    assert "value" not in success(own.one("f"), variant="", reason="DEFAULT")


def test_31_a_flag_outside_of_its_schedule_is_off(own):
    for schedule in ({"end": "2020-01-01T00:00:00Z"}, {"start": "2999-01-01T00:00:00Z"}):
        own.typed("f", True, False, schedule=schedule)
        assert "value" not in success(own.one("f"), variant="v1", reason="DISABLED")


def test_31_a_prerequisite_that_fails_is_no_match(own):
    own.typed("parent", True, False, fallthrough={"variation": "v1"})
    own.typed("f", "yes", "no", prerequisites=[{"flag": "parent", "variations": ["v0"]}])
    success(own.one("f"), value="no", variant="v1", reason="DEFAULT")
    own.typed("parent", True, False)
    success(own.one("f"), value="yes", variant="v0", reason="DEFAULT")


# ---- 3.2 refusals --------------------------------------------------------------------------------
@pytest.mark.parametrize("data",
    [ b"{",
    b"[]",
    b"null",
    b"1",
    b'"x"',
    b'{"context":[]}',
    b'{"context":1}',
    b'{"context":"x"}',
    b'{"context":{"targetingKey":5}}',
    b'{"context":{"targetingKey":{}}}',
    b'{"context":{"a":01}}',
    b'{"context":{"a":1,}}',
    b'{"context":{"a":"\xff"}}',
    b'{"context":{"a":"\\ud800"}}',
    b"{}{}",
    b'{"context":{"a":Infinity}}',
    b"\xef\xbb\xbf{",
     b'{"context":{' + b'"a":[' * 40 + b"1" + b"]" * 40 + b"}}"])
def test_32_what_cannot_be_read_is_an_invalid_context(place, data):
    failure(place.sdk.call("POST", ONE + "static", data=data), 400, None, "static")
    body = failure(place.sdk.call("POST", ALL, data=data), 400)
    assert body["errorCode"] in ("INVALID_CONTEXT", "PARSE_ERROR")


def test_32_a_body_beyond_the_limit(place):
    data = json.dumps({"context": {**ANN, "x": ["y" * 1000] * 100}}).encode()
    failure(place.sdk.call("POST", ONE + "static", data=data), 413, "GENERAL", "static")
    failure(place.sdk.call("POST", ALL, data=data), 413, "GENERAL")


def test_32_refusals_keep_the_connection(place):
    key = place.sdk.authorization.split(" ")[1]
    asked = [("nothing", key, "{}"), ("static", "bad", "{}"),
              ("dealt", key, "{}"), ("static", key, "["), ("static", key, "{}")]
    sent = "".join(f"POST {ONE}{flag} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {secret}\r\n"
                   f"Content-Length: {len(body)}\r\n\r\n{body}" for flag, secret, body in asked)
    received, closed = converse(place.project.town.server, sent.encode(), 1)
    assert statuses(received) == [404, 401, 400, 400, 200]
    assert not closed


@pytest.mark.parametrize("method, path, status", [
    ("GET", ALL, 405), ("GET", ONE + "a", 405), ("PUT", ONE + "a", 405), ("DELETE", ALL, 405),
    ("PATCH", ALL, 405), ("POST", "/ofrep/v1/events", 405), ("POST", "/ofrep/v1", 404),
    ("POST", "/ofrep/v1/evaluate", 404), ("GET", "/ofrep/v1/nothing", 404), ("GET", "/ofrep", 404),
    ("POST", "/ofrep/v1/evaluate/flag/a", 404), ("GET", "/ofrep/v1/events", 401)])
def test_61_everything_below_answers_with_objects(place, method, path, status):
    body = object_of(place.sdk.call(method, path), status)
    assert body["errorDetails"]
    assert body["errorCode"] == "GENERAL"


@pytest.mark.parametrize("sent, status", [
    (b"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\n\r\n", 400),
    (b"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n", 400),
    (b"POST /ofrep/v1/evaluate/flags/" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    (b"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70000 + b"\r\n\r\n",
     431)])
def test_61_and_so_do_requests_that_are_none(place, sent, status):
    received, _ = converse(place.project.town.server, sent)
    found, headers = raw_head(received)
    assert found == status
    body = json.loads(received.split(b"\r\n\r\n", 1)[1])
    # A line that is too long to be read names no path, and nobody's form.
    if status != 414:
        assert headers["content-type"].split(";")[0] == "application/json"
        assert body["errorCode"] == "GENERAL"
    assert isinstance(body, dict)


# ---- 3.3 all flags -------------------------------------------------------------------------------
def test_33_a_tag_is_strong_and_a_304_carries_it_and_nothing_else(place):
    tag = place.all().headers["ETag"]
    assert re.fullmatch(r'"[\x21\x23-\x7e]+"', tag)
    for sent in (tag, f'"x", {tag}', f"{tag} ,\"y\"", f"W/{tag}"):
        again = place.all(headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b""), sent
        assert again.headers["ETag"] == tag
        assert "Content-Type" not in again.headers
    for sent in ('"x"', tag[1:-1], tag[:-2] + '"', ""):
        assert place.all(headers={"If-None-Match": sent}).status_code == 200, sent


def test_33_a_tag_is_never_that_of_another_context(place):
    """A client keeps its tag while attributes change: nobody is frozen on old values."""
    contexts = [ANN, {**ANN, "plan": "pro"}, {"targetingKey": "bob"},
        {"targetingKey": "bob", "plan": "pro"}, {}, {"plan": "pro"}]
    tags = [place.all(context).headers["ETag"] for context in contexts]
    for mine, context in zip(tags, contexts):
        for other in tags:
            found = place.all(context, headers={"If-None-Match": other})
            if found.status_code == 304:
                theirs = place.all(contexts[tags.index(other)])
                assert theirs.json()["flags"] == place.all(context).json()["flags"]
            else:
                assert found.headers["ETag"] == mine


def test_33_a_tag_is_never_that_of_another_key(place):
    tag = place.all().headers["ETag"]
    assert place.pub.post(ALL, {"context": ANN}, headers={"If-None-Match": tag}).status_code == 200
    other = place.caller("server").post(ALL, {"context": ANN})
    assert other.headers["ETag"] != tag


def test_33_a_changed_answer_has_another_tag_and_an_unchanged_one_has_not(own):
    own.typed("f", 1, 2)
    first = own.all().headers["ETag"]
    own.typed("f", 1, 3)
    assert own.all(headers={"If-None-Match": first}).status_code == 304
    own.typed("f", 2, 3)
    second = own.all(headers={"If-None-Match": first})
    assert (second.status_code, second.headers["ETag"] != first) == (200, True)
    own.typed("f", 1, 2)
    assert own.all(headers={"If-None-Match": first}).status_code == 304


def test_33_of_one_flag_there_is_no_tag(place):
    answer = place.one("static", headers={"If-None-Match": "*"})
    success(answer, value=True)


def test_33_streams_by_path_and_nothing_else_beside_the_flags(place):
    body = content(place.all())
    assert set(body) == {"flags", "eventStreams"}
    stream, = body["eventStreams"]
    assert stream["type"] == "sse"
    assert set(stream["endpoint"]) == {"requestUri"}
    assert stream["endpoint"]["requestUri"].startswith("/")
    assert stream["inactivityDelaySec"] == 120
    for agent in ("ktor-client", "ktor-client/2.3", "Ktor client"):
        quiet = content(place.all(headers={"User-Agent": agent}))
        if agent.startswith("ktor-client"):
            assert set(quiet) == {"flags"}
        assert quiet["flags"] == body["flags"]


def test_33_an_address_is_one_keys_and_unguessable(place):
    def token(caller):
        found = content(caller.post(ALL, {"context": ANN}))["eventStreams"][0]["endpoint"]
        return found["requestUri"].partition("token=")[2]

    mine, theirs = token(place.sdk), token(place.pub)
    assert mine != theirs
    assert mine == token(place.sdk)
    assert min(len(mine), len(theirs)) >= 32
    assert place.sdk.authorization.split(" ")[1] not in mine


def test_69_flags_are_in_the_order_of_their_keys(own):
    keys = ["b", "B", "a.1", "a-1", "a", "a_1", "Z", "0", "10", "9", "aa"]
    for key in keys:
        own.put(key)
    assert [flag["key"] for flag in content(own.all())["flags"]] == sorted(keys)


# ---- 4. pages of other origins -------------------------------------------------------------------
@pytest.mark.parametrize("path", [ALL, ALL + "/", ONE + "a",
                         "/ofrep/v1/events", "/ofrep/v1/events?token=x"])
def test_4_a_preflight_is_answered_to_anybody(place, path):
    asked = [
    "content-type",
    "if-none-match",
    "authorization",
    "x-api-key",
    "x-tenant",
     "cache-control"]
    answer = Caller(place.owner.base).call("OPTIONS", path, headers={
        "Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ",".join(asked)})
    assert answer.status_code in (200, 204)
    headers = answer.headers
    assert headers["Access-Control-Allow-Origin"] in ("*", "https://shop.example")
    allowed = {one.strip() for one in headers["Access-Control-Allow-Methods"].split(",")}
    assert {"POST", "GET", "OPTIONS"} <= allowed
    names = {one.strip().lower() for one in headers["Access-Control-Allow-Headers"].split(",")}
    assert set(asked) <= names
    assert int(headers["Access-Control-Max-Age"]) > 0
    assert "Access-Control-Allow-Credentials" not in headers


def test_4_every_answer_can_be_read_by_a_page(place):
    anybody = Caller(place.owner.base)
    tag = place.all().headers["ETag"]
    origin = {"Origin": "https://shop.example"}
    answers = [place.one("static", headers=origin), place.one("nothing", headers=origin),
               place.all(headers=origin), place.all(headers={**origin, "If-None-Match": tag}),
               anybody.post(ALL, {}, headers=origin), place.sdk.get(ALL, headers=origin),
               place.sdk.call("POST", ALL, data=b"[", headers=origin),
               place.sdk.call("POST", ALL, data=b" " * 70000, headers=origin),
               place.project.api.post(ALL, {}, headers=origin),
               anybody.get("/ofrep/v1/events", headers=origin)]
    assert [a.status_code for a in answers] == [200, 404, 200, 304, 401, 405, 400, 413, 403, 401]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] in ("*", "https://shop.example")
        exposed = {one.strip().lower() for one in
                   answer.headers["Access-Control-Expose-Headers"].split(",")}
        assert {"etag", "retry-after"} <= exposed


# ---- 6. what keeps all clients working -----------------------------------------------------------
def test_64_metadata_is_the_authors_scalars(own):
    said = {"s": "x", "empty": "", "yes": True, "n": 3, "ratio": 0.1, "big": 2 ** 53, "no": None,
            "list": [1], "object": {"a": 1}, "\u65e5": "\u672c"}
    own.typed("f", 1, metadata=said)
    wanted = {k: v for k, v in said.items() if isinstance(v, (str, bool, int, float))}
    assert success(own.one("f"))["metadata"] == wanted
    assert content(own.all())["flags"][0]["metadata"] == wanted
    own.typed("f", 1, metadata=said, enabled=False)
    assert success(own.one("f"), reason="DISABLED")["metadata"] == wanted


@pytest.mark.parametrize("values, spelled", [
    ([1, 2], "1"), ([1, 0.5], "1.0"), ([0, 0.5], "0.0"), ([-3, 0.5], "-3.0"),
    ([100000, 0.1], "100000.0"),
    ([0.5, 1], "0.5"), ([0, 1], "0"), ([2 ** 53, 1], "9007199254740992")])
def test_65_numbers_keep_their_authors_type(own, values, spelled):
    own.typed("f", *values)
    assert re.search(r'"value":([^,}]*)', own.one("f").text).group(1) == spelled
    assert re.search(r'"value":([^,}]*)', own.all().text).group(1) == spelled


def test_610_unknown_members_anywhere(place):
    body = {
    "context": {
        **ANN,
        "unknown": {
            "a": [1]}},
            "unknown": {
                "context": []},
                "flags": 5,
                 "": None}
    success(place.sdk.post(ONE + "static", body), value=True)
    object_of(place.sdk.post(ALL, body), 200)


def test_611_a_flag_that_is_made_is_there_at_once(own):
    for n in range(20):
        failure(own.one(f"f{n}"), 404, "FLAG_NOT_FOUND", f"f{n}")
        own.typed(f"f{n}", n)
        success(own.one(f"f{n}"), value=n)


def test_612_one_connection_serves_thousands(place):
    key = place.sdk.authorization.split(" ")[1]
    body = json.dumps({"context": ANN})
    sent = (f"POST {ONE}static HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    with socket.create_connection(("127.0.0.1", place.project.town.server.port), timeout=5) as link:
        pending = b""
        for _ in range(2000):
            link.sendall(sent)
            while b'"reason":"STATIC"}' not in pending:
                piece = link.recv(65536)
                assert piece, "closed"
                pending += piece
            assert pending.startswith(b"HTTP/1.1 200 ")
            pending = pending.partition(b'"reason":"STATIC"}')[2]


# ---- 7. the neutral model ------------------------------------------------------------------------
@pytest.mark.parametrize("variants, weights, value", [
    ([{"key": "on"}], {"on": 1}, True), ([{"key": "red"}], {"red": 1}, "red"),
    ([{"key": "on", "payload": {"a": 1}}], {"on": 1}, {"a": 1}),
    ([{"key": "on"}, {"key": "other"}], {"on": 1}, "on")])
def test_7_variants_become_values(town, variants, weights, value):
    project = town.project()
    key = fresh("valued")
    project.live("flags", key, variants=variants, rolloutWeights=weights)
    success(project.web.sdk.post(ONE + key, {"context": ANN}),
            value=value, variant=variants[0]["key"])


def test_7_an_on_off_flag_that_is_rolled_out_to_nobody_is_false(town):
    project = town.project()
    key = fresh("switch")
    project.live("flags", key, rolloutPercentage=0)
    success(project.web.sdk.post(ONE + key, {"context": ANN}), value=False, variant="off")


@pytest.mark.parametrize("member", ["deviceId", "device_id"])
def test_7_devices_are_dealt_by_their_id(town, member):
    project = town.project()
    key = fresh("device")
    project.live("experiments", key, bucketingKey="device_id", rolloutPercentage=50)
    for n in range(40):
        found = content(project.web.sdk.post(
            ONE + key, {"context": {**ANN, member: f"device-{n}"}}))
        assert found["variant"] == project.web.variant(key, user_id="ann", device_id=f"device-{n}")


def test_7_people_are_dealt_as_by_the_other_protocols(town):
    project = town.project()
    key = fresh("person")
    project.live("experiments", key, bucketingKey="user_id", rolloutPercentage=50)
    for n in range(100):
        found = content(project.web.sdk.post(ONE + key, {"context": {"targetingKey": f"user-{n}"}}))
        assert found["variant"] == project.web.variant(key, user_id=f"user-{n}")
