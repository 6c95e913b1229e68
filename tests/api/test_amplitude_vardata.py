# SPDX-License-Identifier: Apache-2.0
"""Remote evaluation on the wire: every form of a request, its limits, its refusals, CORS, gzip."""
import base64
import gzip
import json
import re

import pytest
import requests

from amplitude import Caller, assert_ok, content, encode, plain
from harness import converse, raw_head, statuses

SDK = ("/sdk/v2/vardata", "/sdk/vardata", "/v1/vardata")
ROUTES = ("/sdk/v2/vardata", "/sdk/vardata", "/v1/vardata", "/sdk/v2/flags", "/v1/flags",
          "/sdk/stream/v1/flags",
          "/sdk/v2/memberships/User/u")
USER = {"user_id": "norwegian", "country": "Norway", "user_properties": {"plan": "pro"}}


@pytest.fixture(scope="module")
def served(town):
    """A project with a flag that is on, one that is off, a payload, and targeting."""
    project = town.project()
    project.live("flags", "plain")
    project.flag("disabled", variants=[{"key": "on", "payload": {"a": 1}}])
    project.live("experiments", "colour", variants=[{"key": "teal", "payload": {"hex": "#088"}}])
    project.live("flags", "nordic", rolloutPercentage=0, targetSegments=[
        {"name": "Nordics", "percentage": 100, "rolloutWeights": {"on": 1}, "conditions": [
            {"type": "property", "prop": "country", "op": "is", "values": ["Norway", "Iceland"]},
            {"type": "property", "prop": "gp:plan", "op": "is", "values": ["pro"]}]}])
    project.web.flags()
    return project


def keys(results):
    return {key: result["key"] for key, result in results.items()}


ALL = {"plain": "on", "disabled": "off", "colour": "teal", "nordic": "on"}
SHOWN = {"plain": "on", "colour": "teal", "nordic": "on"}


# ---- forms ---------------------------------------------------------------------------------------
def test_the_whole_answer(served):
    results = served.vardata(USER)
    for result in results.values():
        assert re.fullmatch(r"\d+_\d{13}_\d+", result["metadata"]["evaluationId"])
    metadata = {"deployed": True, "evaluationMode": "remote", "flagVersion": 1}
    release = {**metadata, "flagType": "release"}
    expected = {
        "plain": {"key": "on", "value": "on",
                  "metadata": {**release, "segmentName": "All Other Users"}},
        "disabled": {"key": "off",
                     "metadata": {**release, "segmentName": "default", "default": True}},
        "colour": {"key": "teal", "value": "teal", "payload": {"hex": "#088"}, "metadata": {
            **metadata, "flagType": "experiment", "experimentKey": "exp-1",
            "segmentName": "All Other Users"}},
        "nordic": {"key": "on", "value": "on", "metadata": {**release, "segmentName": "Nordics"}}}
    assert plain(results) == expected


def test_evaluation_ids_differ(served):
    ids = [r["metadata"]["evaluationId"] for _ in range(3) for r in served.vardata(USER).values()]
    assert len(set(ids)) in (3, 12)


@pytest.mark.parametrize("alphabet", ["url", "standard"])
@pytest.mark.parametrize("padded", [False, True])
def test_both_alphabets_with_and_without_padding(served, alphabet, padded):
    for name in ("a>b?c~~~", "d??>>", "zo\u00eb-\u65e5\u672c", "\U0001f680", "x", "xy", "xyz"):
        user = {**USER, "user_id": name,
                "user_properties": {"plan": "pro", "t": "??>>~~\u00ff\u00ff"}}
        answer = served.web.sdk.get("/sdk/v2/vardata", headers={
            "X-Amp-Exp-User": encode(user, alphabet, padded),
            "X-Amp-Exp-Flag-Keys": encode(["nordic", "??>>\u00ff"], alphabet, padded)})
        assert keys(content(answer)) == {"nordic": "on"}


def test_mixed_alphabets_and_blanks(served):
    text = base64.b64encode(json.dumps({**USER, "t": "\u00ff\u00fe??>>~~"},
                                       ensure_ascii=False).encode()).decode()
    assert "+" in text or "/" in text
    mixed = text.replace("+", "-", 1).replace("=", "")
    spaced = " ".join(mixed[at:at + 7] for at in range(0, len(mixed), 7))
    for sent in (mixed, spaced, mixed + "=", "  " + mixed + "  ", mixed + "\t"):
        answer = served.web.sdk.get("/sdk/v2/vardata",
                                    headers={"X-Amp-Exp-User": sent.strip(" \t") or sent})
        assert keys(content(answer)) == ALL


@pytest.mark.parametrize("path", SDK)
def test_a_posted_user(served, path):
    wanted = ALL if path == SDK[0] else SHOWN
    for kind in ("application/json", "application/json; charset=utf-8", "text/plain"):
        answer = served.web.sdk.call("POST", path, data=json.dumps(USER).encode(),
                                     headers={"Content-Type": kind})
        assert keys(content(answer)) == wanted
    answer = served.web.sdk.post(path, USER,
                                 headers={"X-Amp-Exp-Flag-Keys": encode(["plain", "disabled"])})
    assert keys(content(answer)) == {k: wanted[k] for k in ("plain", "disabled") if k in wanted}


@pytest.mark.parametrize("path", SDK[:2])
def test_a_user_in_a_header(served, path):
    wanted = ALL if path == SDK[0] else SHOWN
    answer = served.web.sdk.get(path + "?v=0", headers={"X-Amp-Exp-User": encode(USER)})
    assert keys(content(answer)) == wanted


def test_members_that_are_null_or_empty(served):
    """One SDK writes every known member, another sends empty texts."""
    names = ["device_id", "region", "city", "dma", "language", "platform", "version", "os",
             "groups",
             "device_manufacturer", "group_properties", "cohort_ids", "group_cohort_ids", "carrier"]
    for value in (None, ""):
        user = {**USER, **{n: value for n in names if value is None or "group" not in n
                           and n != "cohort_ids"}}
        assert keys(content(served.web.sdk.post(SDK[0], user))) == ALL
    for user in ({"user_properties": None}, {"groups": {}}, {"groups": {"org": []}},
                 {"groups": {"org": "acme"}},
                 {"groups": {"org": None}}, {"unknown": {"a": [1, {"b": None}]}}):
        assert content(served.web.sdk.post(SDK[0], user))["plain"]["key"] == "on"


def test_the_documented_get(served):
    def ask(**params):
        return content(served.web.sdk.get("/v1/vardata", **params))
    results = ask(user_id="u", context=json.dumps(USER))
    assert keys(results) == SHOWN
    assert results["colour"] == {"key": "teal", "value": "teal", "payload": {"hex": "#088"},
                                 "expKey": "exp-1",
                                 "evaluationId": results["colour"]["evaluationId"]}
    assert set(results["plain"]) == {"key", "value", "evaluationId"}
    assert keys(ask(user_id="u")) == {"plain": "on", "colour": "teal"}
    assert keys(ask(device_id="d")) == {"plain": "on", "colour": "teal"}
    assert keys(ask(user_id="u", flag_keys="plain")) == {"plain": "on"}
    assert keys(ask(user_id="u",
                    flag_keys="plain,colour,disabled,nobody")) == {"plain": "on", "colour": "teal"}
    assert keys(ask(user_id="u", flag_key="colour")) == {"colour": "teal"}
    assert keys(ask(user_id="u", flag_keys="")) == {"plain": "on", "colour": "teal"}
    assert ask(user_id="u", flag_keys="nobody") == {}
    assert ask(user_id="u", flag_keys="disabled") == {}
    assert keys(ask(context=json.dumps(USER), flag_keys="nordic")) == {"nordic": "on"}


def test_query_ids_override_the_context(served):
    path = served.flag("mine", enabled=True)
    try:
        assert_ok(served.api.post(path + "/variants/on/users",
                                  {"inclusions": ["winner", "device"]}))
        for params, wins in (({"user_id": "winner"}, True), ({"user_id": "other"}, False),
                             ({"device_id": "device"}, True), ({}, False)):
            answer = served.web.sdk.get("/v1/vardata", flag_keys="mine",
                                        context='{"user_id":"loser"}', **params)
            assert ("mine" in content(answer)) is wins, params
    finally:
        served.edit(path, archive=True)


@pytest.mark.parametrize("params",
                         [{"context": "{"}, {"context": "x"}, {"context": "[]"}, {"context": '"u"'},
                                    {"context": "1"}, {"context": '{"a":1}x'}])
def test_contexts_that_are_no_user(served, params):
    assert isinstance(content(served.web.sdk.get("/v1/vardata", user_id="u", **params), 400), dict)


def test_an_empty_user(served):
    for answer in (served.web.sdk.get(SDK[0]), served.web.sdk.post(SDK[0], {}),
                   served.web.sdk.get(SDK[0], headers={"X-Amp-Exp-User": encode({})})):
        assert keys(content(answer)) == {**ALL, "nordic": "off"}
    assert keys(content(served.web.sdk.get("/sdk/vardata"))) == {"plain": "on", "colour": "teal"}
    for params in ({}, {"user_id": ""}, {"user_id": "", "device_id": ""}, {"context": "{}"},
                   {"context": '{"user_id":""}'}, {"context": '{"user_id":null,"country":"NO"}'}):
        content(served.web.sdk.get("/v1/vardata", **params), 400)


# ---- flag keys -----------------------------------------------------------------------------------
@pytest.mark.parametrize("sent, wanted", [
    (["plain"], {"plain"}), (["plain", "plain"], {"plain"}), (["nobody"], set()), ([], set(ALL)),
    (["nobody", "colour", "disabled"], {"colour", "disabled"}), (["Plain"], set()),
    (list(ALL), set(ALL)),
    ([""], set())])
def test_flag_keys(served, sent, wanted):
    assert set(served.vardata(USER, sent)) == wanted
    answer = served.web.sdk.post(SDK[0], USER, headers={"X-Amp-Exp-Flag-Keys": encode(sent)})
    assert set(content(answer)) == wanted


@pytest.mark.parametrize("text", ["{", '"plain"', "{}", "1", "[1]", '["a",null]', "nothing"])
@pytest.mark.parametrize("header", ["X-Amp-Exp-Flag-Keys", "X-Amp-Exp-User"])
def test_headers_that_are_no_json_of_the_right_kind(served, header, text):
    if header == "X-Amp-Exp-User" and text == "{}":
        return
    sent = base64.b64encode(text.encode()).decode()
    assert isinstance(content(served.web.sdk.get(SDK[0], headers={header: sent}), 400), dict)


@pytest.mark.parametrize("text",
                         ["!!!!", "eyJ1c2VyX2lkIjoidTEifQ.", "{}", "e", "eyJ1c2VyX2lkIjoi*", "====",
                                  "=eyJ1c2VyX2lkIjoidTEifQ", "eyJ1=c2VyX2lkIjoidTEifQ",
                                  "eyJ1c2VyX2lkIjoidTEifQ==="])
@pytest.mark.parametrize("header", ["X-Amp-Exp-Flag-Keys", "X-Amp-Exp-User"])
def test_headers_that_are_no_base64(served, header, text):
    if text.endswith("===") or text.startswith("=eyJ") or text == "====":
        assert served.web.sdk.get(SDK[0], headers={header: text}).status_code in (200, 400)
        return
    answer = served.web.sdk.get(SDK[0], headers={header: text})
    assert isinstance(content(answer, 400), dict)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("raw",
                         [b"\xff\xfe", b'{"user_id":"\xff"}', b'{"user_id":"a"', b'{"a":"\x00"}',
                                 b"{'user_id':1}", b'{"a":' * 40 + b"1" + b"}" * 40, b'{"a":NaN}',
                                 b'{"a":1,}'])
def test_users_that_are_no_json(served, raw):
    sent = base64.urlsafe_b64encode(raw).decode()
    content(served.web.sdk.get(SDK[0], headers={"X-Amp-Exp-User": sent}), 400)
    content(served.web.sdk.call("POST", SDK[0], data=raw), 400)


@pytest.mark.parametrize("path", SDK)
@pytest.mark.parametrize("data",
                         [b"[]", b'"u"', b"1", b"null", b"true", b"x", b"{", b'[{"user_id":"u"}]'])
def test_bodies_that_are_no_user(served, path, data):
    assert isinstance(content(served.web.sdk.call("POST", path, data=data), 400), dict)


def test_members_of_the_wrong_type_harm_nobody(served):
    for member in ("user_id", "device_id", "country", "user_properties", "groups",
                   "group_properties",
                   "cohort_ids", "group_cohort_ids", "amplitude_id"):
        for value in (1, True, [1], {"a": 1}, "x", 1.5, [None], [[]], {"a": {"b": []}}):
            answer = served.web.sdk.post(SDK[0], {**USER, member: value})
            assert answer.status_code in (200, 400), (member, value)
    assert keys(served.vardata(USER)) == ALL


# ---- limits --------------------------------------------------------------------------------------
def padded_user(size):
    """A header value of exactly this many bytes (a multiple of 4)."""
    room = size // 4 * 3 - len(json.dumps({**USER, "pad": ""}))
    value = base64.b64encode(json.dumps({**USER, "pad": "x" * room}).encode()).decode()
    assert len(value) == size
    return value


def test_a_user_of_32_kib(served):
    answer = served.web.sdk.get(SDK[0], headers={"X-Amp-Exp-User": padded_user(32768)})
    assert keys(content(answer)) == ALL


def test_a_header_one_byte_longer(served):
    answer = served.web.sdk.get(SDK[0], headers={"X-Amp-Exp-User": padded_user(32768) + "A"})
    assert answer.status_code == 431


def test_64_kib_of_headers(served):
    sent = {"X-Amp-Exp-User": padded_user(32768), "X-Other": "x" * 31000}
    assert keys(content(served.web.sdk.get(SDK[0], headers=sent))) == ALL
    sent["X-More"] = "x" * 3000
    assert served.web.sdk.get(SDK[0], headers=sent).status_code == 431


def test_a_posted_user_of_64_kib_and_more(served):
    room = 65536 - len(json.dumps({**USER, "a": "", "b": ""}))
    body = json.dumps({**USER, "a": "x" * 40000, "b": "y" * (room - 40000)}).encode()
    assert len(body) == 65536
    assert keys(content(served.web.sdk.call("POST", SDK[0], data=body))) == ALL
    answer = served.web.sdk.call("POST", SDK[0], data=b"{" + b" " * (4 << 20) + b"}")
    assert answer.status_code == 413
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_long_list_of_flag_keys(served):
    assert keys(served.vardata(USER,
                               [f"flag-{n}" for n in range(1500)] + ["plain"])) == {"plain": "on"}


# ---- credentials ---------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ROUTES)
def test_keys_that_open_nothing(town, served, path):
    pair = served.project_keys()
    token = served.api.authorization.split(" ")[1]
    key = served.web.key
    for authorization in (None, "", "Api-Key", "Api-Key ", "Api-Key x", f"Api-Key {key[:-1]}",
                          f"Api-Key {key}x",
                          f"Api-Key {key.swapcase()}", f"Bearer {key}", key, f"Basic {key}",
                          f"Api-Key {token}",
                          f"Bearer {token}", f"Api-Key {pair['secretKey']}",
                          f"Api-Key {town.server.token}",
                          "Api-Key client-" + "a" * 32, f"Api-Key: {key}"):
        answer = Caller(town.server.base, authorization).get(path)
        assert answer.status_code == 401, authorization
        assert content(answer, 401) == {"error": answer.json()["error"]}
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("shape",
                         ["Api-Key {}", "api-key {}", "API-KEY {}", "Api-Key   {}", "Api-Key {}  "])
def test_the_word_in_any_case_and_blanks(served, shape):
    raw = (f"GET /sdk/v2/vardata HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: "
           f"{shape.format(served.web.key)}\r\n\r\n")
    received, _ = converse(served.town.server, raw.encode())
    assert statuses(received)[0] == 200


def test_every_kind_of_deployment_key(served):
    pair = served.project_keys()
    client = served.deployment("client")
    for authorization in (client.key, pair["apiKey"], served.web.key):
        caller = Caller(served.api.base, f"Api-Key {authorization}")
        content(caller.get("/sdk/v2/flags"))
        content(caller.get("/sdk/v2/vardata"))


# ---- CORS, caching, compression ------------------------------------------------------------------
@pytest.mark.parametrize("path", ROUTES + ("/2/httpapi", "/sdk/v1/cohort/c"))
def test_preflights_need_no_key(town, path):
    answer = Caller(town.server.base).call("OPTIONS", path, headers={
        "Origin": "https://shop.example", "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,x-amp-exp-user,x-amp-exp-flag-keys"})
    assert answer.status_code in (200, 204)
    assert answer.content == b""
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    allowed = {w.strip() for w in answer.headers["Access-Control-Allow-Headers"].lower().split(",")}
    assert {"authorization", "content-type", "x-amp-exp-user", "x-amp-exp-flag-keys",
            "x-amp-exp-track",
            "x-amp-exp-exposure-track", "x-amp-exp-library"} <= allowed
    methods = {w.strip() for w in answer.headers["Access-Control-Allow-Methods"].split(",")}
    assert {"GET", "POST", "OPTIONS"} <= methods
    assert answer.headers["Access-Control-Max-Age"] == "86400"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_cors_on_answers_and_errors(served):
    sdk = served.web.sdk
    for answer in (sdk.get(SDK[0]), sdk.get("/sdk/v2/flags"), sdk.get("/v1/vardata"),
                   sdk.get("/v1/vardata?user_id=u"),
                   sdk.get(SDK[0], headers={"X-Amp-Exp-User": "!"}), sdk.call("DELETE", SDK[0]),
                   sdk.get("/sdk/v2/nothing")):
        assert answer.headers.get("Access-Control-Allow-Origin") == "*", answer.url


def test_cors_on_a_user_that_is_too_large(served):
    """Else the page sees a network error and asks again."""
    answer = served.web.sdk.get(SDK[0], headers={"X-Amp-Exp-User": "A" * 33000})
    assert answer.status_code == 431
    assert answer.headers.get("Access-Control-Allow-Origin") == "*"


def test_answers_are_json_and_not_stored(served):
    for path in SDK + ("/sdk/v2/flags", "/v1/flags"):
        answer = served.web.sdk.get(path, user_id="u")
        content(answer)
        caching = answer.headers["Cache-Control"]
        assert "no-store" in caching or "max-age=0" in caching


@pytest.mark.parametrize("path", ["/sdk/v2/vardata", "/sdk/v2/flags"])
def test_gzip_only_when_asked_for(served, path):
    path_of = served.flag(variants=[{"key": "on", "payload": {"text": "word " * 2000}}],
                          enabled=True,
                          rolloutPercentage=100)
    try:
        head = (f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                f"Authorization: Api-Key {served.web.key}\r\n")
        bodies = {}
        for accept in (None, "identity", "gzip", "gzip, deflate, br", "br", "gzip;q=0",
                       "*;q=0.1, gzip"):
            more = "" if accept is None else f"Accept-Encoding: {accept}\r\n"
            received, _ = converse(served.town.server, (head + more + "\r\n").encode())
            status, headers = raw_head(received)
            body = received.split(b"\r\n\r\n", 1)[1]
            assert status == 200
            assert int(headers["content-length"]) == len(body)
            zipped = headers.get("content-encoding") == "gzip"
            assert zipped is (accept is not None and "gzip" in accept
                              and "q=0" != accept[-3:]), accept
            assert "content-encoding" not in headers or zipped
            assert "accept-encoding" in headers["vary"].lower()
            bodies[accept] = json.loads(gzip.decompress(body) if zipped else body)
        if path == "/sdk/v2/vardata":
            bodies = {k: plain(v) for k, v in bodies.items()}
        assert all(b == bodies[None] for b in bodies.values())
    finally:
        served.edit(path_of, archive=True)


# ---- paths ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("path",
                         ["/sdk/v2/vardata/", "//sdk/v2/vardata", "/sdk//v2///vardata",
                          "/sdk/v2/vardata?v=0",
                                  "/sdk/v2/vardata?d=xxxxx&delivery_method=web&a=b=c&&x"])
def test_slashes_and_unknown_queries(served, path):
    raw = (f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
           f"Authorization: Api-Key {served.web.key}\r\nX-Amp-Exp-User: {encode(USER)}\r\n\r\n")
    received, _ = converse(served.town.server, raw.encode())
    assert statuses(received) == [200], received[:300]
    assert keys(json.loads(received.split(b"\r\n\r\n", 1)[1])) == ALL


def test_status_needs_no_key(town):
    answer = requests.get(town.server.base + "/status", timeout=10)
    assert (answer.status_code, answer.content) == (200, b"OK")


@pytest.mark.parametrize("path",
                         ["/sdk/v3/vardata", "/sdk/rules?eval_mode=local", "/sdk/v1/flags",
                          "/sdk/v2",
                                  "/sdk/stream/v1/vardata"])
def test_routes_that_are_not_there(served, path):
    assert served.web.sdk.get(path).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", SDK + ("/sdk/v2/flags",))
def test_methods_that_are_not_there(served, method, path):
    answer = served.web.sdk.call(method, path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("header, values",
                         [("X-Amp-Exp-Track", ["track", "no-track", "read-only", "", "other"]),
                                            ("X-Amp-Exp-Exposure-Track",
                                             ["track", "no-track", "", "other"])])
def test_tracking_headers_change_no_answer(served, header, values):
    for value in values:
        answer = served.web.sdk.get(SDK[0], headers={header: value, "X-Amp-Exp-User": encode(USER)})
        assert keys(content(answer)) == ALL
