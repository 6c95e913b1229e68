# SPDX-License-Identifier: Apache-2.0
"""Requests that are wrong: a clear refusal in the vendor's form, and nothing stored."""
import json

import pytest

from harness import assert_error, data_of

# What a client may send by mistake or on purpose in place of each kind of member.
WRONG = {"text": [None, 1, 1.5, True, [], {}, ["x"], {"a": 1}],
         "map": [None, 1, True, "x", []],
         "flag": [None, "true", 1, [], {}]}


@pytest.fixture(scope="module")
def shop(api):
    """What the refused requests aim at. Nothing may change it, so one serves all tests."""
    app = api.new_app("shop")
    app.add("there", "bool", True)
    app.key_id = app.new_key("pub")["id"]
    return app


def valid(shop, route):
    """A body of the route that would be accepted, and which kind each member is."""
    at = {"appId": shop.id, "env": "production"}
    return {
        "POST /apps": ({"name": "new app"}, {"name": "text"}),
        "POST /flags": ({**at, "key": "new", "type": "bool", "value": True},
                        {"appId": "text", "env": "text", "key": "text", "type": "text",
                         "value": "flag"}),
        "PATCH /flags": ({**at, "key": "there", "value": False},
                         {"appId": "text", "env": "text", "key": "text", "value": "flag"}),
        "POST /flags/bulk": ({**at, "flags": {"there": False}},
                             {"appId": "text", "env": "text", "flags": "map"}),
        "POST /keys": ({**at, "type": "pub"}, {"appId": "text", "env": "text", "type": "text"}),
        "PATCH /keys": ({"keyId": shop.key_id, "revoked": True},
                        {"keyId": "text", "revoked": "flag"}),
        "PATCH /envs": ({**at, "documentFormat": "core"},
                        {"appId": "text", "env": "text", "documentFormat": "text"}),
    }[route]


MEMBERS = {"POST /apps": ["name"], "POST /flags": ["appId", "env", "key", "type", "value"],
           "PATCH /flags": ["appId", "env", "key", "value"],
           "POST /flags/bulk": ["appId", "env", "flags"], "POST /keys": ["appId", "env", "type"],
           "PATCH /keys": ["keyId", "revoked"], "PATCH /envs": ["appId", "env", "documentFormat"]}
PAIRS = [(route, member) for route, members in MEMBERS.items() for member in members]


def send(shop, route, body):
    method, path = route.split(" ")
    return shop.api.call(method, path, body)


def send_raw(shop, route, data):
    method, path = route.split(" ")
    return shop.api.call(method, path, data=data)


@pytest.mark.parametrize("route,member", PAIRS)
def test_a_member_of_the_wrong_kind_is_400(shop, route, member):
    body, kinds = valid(shop, route)
    with shop.unchanged():
        for wrong in WRONG[kinds[member]]:
            response = send(shop, route, {**body, member: wrong})
            assert response.status_code == 400, f"{member}: {wrong!r}: {response.text}"
            assert_error(response, 400)


@pytest.mark.parametrize("route,member", PAIRS)
def test_a_missing_member_is_400(shop, route, member):
    body, _ = valid(shop, route)
    with shop.unchanged():
        response = send(shop, route, {k: v for k, v in body.items() if k != member})
        assert_error(response, 400)


@pytest.mark.parametrize("route", MEMBERS)
def test_a_member_nobody_knows_is_400(shop, route):
    body, _ = valid(shop, route)
    with shop.unchanged():
        for extra in ("unknown", "Name", "__proto__", "id", ""):
            assert_error(send(shop, route, {**body, extra: 1}), 400)


MALFORMED = {
    "empty": b"", "blank": b"  \n", "cut": b'{"appId":', "open": b"{", "word": b"nothing",
    "single-quotes": b"{'a':1}", "comment": b"{/* */}", "trailing-comma": b'{"a":1,}',
    "trailing-garbage": b"{} x", "two-documents": b"{}{}", "bare-key": b"{a:1}",
    "nan": b'{"a":NaN}', "infinity": b'{"a":Infinity}', "plus": b'{"a":+1}', "hex": b'{"a":0x10}',
    "leading-zero": b'{"a":01}', "bare-point": b'{"a":1.}', "bom": b"\xef\xbb\xbf{}",
    "utf-16": '{"a":1}'.encode("utf-16"), "control-in-text": b'{"a":"\x01"}',
    "newline-in-text": b'{"a":"\n"}', "bad-escape": b'{"a":"\\x"}',
    "short-escape": b'{"a":"\\u12"}',
    "nul": b'{"a":1}\x00', "null-document": b"null", "number-document": b"5",
    "text-document": b'"x"', "array-document": b"[]", "array-of-objects": b"[{}]",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_body_that_is_no_json_object_is_400_on_every_route(shop, name):
    with shop.unchanged():
        for route in MEMBERS:
            assert_error(send_raw(shop, route, MALFORMED[name]), 400)


@pytest.mark.parametrize("name", MALFORMED)
def test_a_document_that_is_no_json_object_is_400(shop, name):
    with shop.unchanged():
        response = shop.api.put("/config-document", data=MALFORMED[name], **shop.at())
        assert response.status_code == 400
        assert isinstance(response.json()["error"], str)


TEXTS = {
    "stray-continuation": b"\x80", "overlong-slash": b"\xc0\xaf", "overlong-nul": b"\xc0\x80",
    "overlong-3": b"\xe0\x80\xaf", "surrogate": b"\xed\xa0\x80",
    "surrogate-pair": b"\xed\xa0\xbd\xed\xb8\x80",
    "beyond-unicode": b"\xf4\x90\x80\x80", "five-bytes": b"\xf8\x88\x80\x80\x80", "ff": b"\xff",
    "cut-short": b"\xe2\x82", "lone-high": b"\\ud83d", "lone-low": b"\\ude80",
    "two-highs": b"\\ud83d\\ud83d", "low-first": b"\\ude80\\ud83d", "high-then-letter": b"\\ud83dx",
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_that_is_not_unicode_is_400_wherever_it_stands(shop, name):
    bad = TEXTS[name]
    at = json.dumps(shop.at())[1:-1].encode()
    bodies = [b'{%s,"key":"new","type":"string","value":"%s"}' % (at, bad),
              b'{%s,"key":"new","type":"json","value":{"%s":1}}' % (at, bad),
              b'{%s,"key":"%s","type":"bool","value":true}' % (at, bad),
              b'{%s,"key":"new","type":"json","value":[["%s"]]}' % (at, bad)]
    with shop.unchanged():
        for body in bodies:
            assert_error(shop.api.post("/flags", data=body), 400)
        assert_error(shop.api.post("/apps", data=b'{"name":"%s"}' % bad), 400)


def test_an_escaped_surrogate_pair_is_the_character_it_stands_for(app):
    body = json.dumps(app.at(key="k", type="string", value="\U0001f680"))
    assert "\\ud83d\\ude80" in body
    data_of(app.api.post("/flags", data=body.encode()), 201)
    assert app.flags()["k"]["value"] == "\U0001f680"


@pytest.mark.parametrize("body", [
    '{"appId":"%s","env":"production","key":"new","type":"bool","value":true,"value":false}',
    '{"appId":"%s","appId":"%s","env":"production","key":"new","type":"bool","value":true}',
    '{"appId":"%s","env":"production","key":"new","type":"json","value":{"a":1,"a":1}}',
    '{"appId":"%s","env":"production","key":"new","type":"json","value":[{"b":{"a":1,"a":2}}]}',
    '{"appId":"%s","env":"production","key":"new","k\\u0065y":"other","type":"bool","value":true}'],
    ids=["value", "appId", "nested", "deeper", "escaped"])
def test_a_member_given_twice_is_400(shop, body):
    with shop.unchanged():
        assert_error(shop.api.post("/flags", data=body.replace("%s", shop.id).encode()), 400)


def test_bulk_with_a_key_given_twice_is_400(shop):
    body = f'{{"appId":"{shop.id}","env":"production","flags":{{"there":false,"there":false}}}}'
    with shop.unchanged():
        assert_error(shop.api.post("/flags/bulk", data=body.encode()), 400)


def test_a_document_with_a_flag_given_twice_is_400(shop):
    flag = json.dumps(shop.document()["flags"]["there"])
    body = json.dumps(shop.draft({})).replace('"flags": {}',
                                              f'"flags": {{"a": {flag}, "a": {flag}}}')
    with shop.unchanged():
        response = shop.api.put("/config-document", data=body.encode(), **shop.at())
        assert response.status_code == 400


UNKNOWN_IDS = ["app_nothing", "x", "app_", "' OR 1=1 --", "app_%00", "../..", "a" * 5000, "ключ",
               "*"]


@pytest.mark.parametrize("app_id", UNKNOWN_IDS, ids=range(len(UNKNOWN_IDS)))
def test_an_unknown_app_is_404_on_every_route(shop, app_id):
    at = {"appId": app_id, "env": "production"}
    with shop.unchanged():
        for response in (
                shop.api.get("/envs", appId=app_id), shop.api.get("/flags", **at),
                shop.api.get("/keys", **at), shop.api.get("/usage", **at),
                shop.api.get("/config-document", **at),
                shop.api.delete("/flags", **at, key="there"),
                shop.api.post("/flags", {**at, "key": "new", "type": "bool", "value": True}),
                shop.api.patch("/flags", {**at, "key": "there", "value": False}),
                shop.api.post("/flags/bulk", {**at, "flags": {"there": False}}),
                shop.api.post("/keys", {**at, "type": "pub"}),
                shop.api.patch("/envs", {**at, "monthlyQuota": 1}),
                shop.api.put("/config-document", shop.draft({}), **at)):
            assert_error(response, 404, "App not found")


@pytest.mark.parametrize("env", ["prod", "Production", "production ", "env_nothing", "' OR 1=1 --",
                                 "*", "ü", "x" * 5000], ids=range(8))
def test_an_unknown_environment_is_404_on_every_route(shop, env):
    at = {"appId": shop.id, "env": env}
    with shop.unchanged():
        for response in (
                shop.api.get("/flags", **at), shop.api.get("/keys", **at),
                shop.api.get("/usage", **at), shop.api.get("/config-document", **at),
                shop.api.delete("/flags", **at, key="there"),
                shop.api.post("/flags", {**at, "key": "new", "type": "bool", "value": True}),
                shop.api.patch("/flags", {**at, "key": "there", "value": False}),
                shop.api.post("/flags/bulk", {**at, "flags": {"there": False}}),
                shop.api.post("/keys", {**at, "type": "pub"}),
                shop.api.patch("/envs", {**at, "monthlyQuota": 1}),
                shop.api.put("/config-document", shop.draft({}), **at)):
            assert_error(response, 404, "Environment not found")


def test_missing_parameters_are_400(shop):
    with shop.unchanged():
        for path in ("/flags", "/keys", "/usage", "/config-document"):
            assert_error(shop.api.get(path), 400)
            assert_error(shop.api.get(path, appId=shop.id), 400)
            assert_error(shop.api.get(path, env="production"), 400)
        assert_error(shop.api.delete("/flags"), 400)
        assert_error(shop.api.delete("/flags", **shop.at()), 400)
        assert_error(shop.api.delete("/flags", appId=shop.id, key="there"), 400)
        assert_error(shop.api.delete("/keys"), 400)


def test_empty_parameters_name_nothing(shop):
    with shop.unchanged():
        for response in (shop.api.get("/envs", appId=""), shop.api.delete("/keys", keyId=""),
                         shop.api.get("/flags", appId=shop.id, env=""),
                         shop.api.delete("/flags", **shop.at(key=""))):
            assert response.status_code in (400, 404)
            assert_error(response, response.status_code)


def test_an_environment_of_another_app_is_not_found(api, shop):
    other = api.new_app("someone else's")
    other.add("theirs", "bool", True)
    foreign = other.envs()[2]["id"]
    theirs = other.state()
    with shop.unchanged():
        at = {"appId": shop.id, "env": foreign}
        for response in (
                shop.api.get("/flags", **at), shop.api.get("/keys", **at),
                shop.api.get("/config-document", **at), shop.api.get("/usage", **at),
                shop.api.delete("/flags", **at, key="theirs"),
                shop.api.post("/flags", {**at, "key": "new", "type": "bool", "value": True}),
                shop.api.patch("/flags", {**at, "key": "theirs", "value": False}),
                shop.api.post("/flags/bulk", {**at, "flags": {"theirs": False}}),
                shop.api.post("/keys", {**at, "type": "pub"}),
                shop.api.patch("/envs", {**at, "monthlyQuota": 1})):
            assert_error(response, 404, "Environment not found")
    assert other.state() == theirs


def test_a_flag_of_another_app_or_environment_is_not_found(api, shop):
    other = api.new_app("a third one")
    other.add("theirs", "bool", True)
    shop.add("elsewhere", "bool", True, "staging")
    with shop.unchanged():
        for key in ("theirs", "elsewhere"):
            assert_error(shop.remove(key), 404, "Flag not found")
            assert_error(shop.update(key, value=False), 404, "Flag not found")
            assert_error(shop.bulk({key: False}), 404, f"Flag not found: {key}")
    assert other.flags() == {"theirs": {"type": "bool", "value": True}}


def test_a_foreign_and_an_absent_flag_are_refused_alike(api, shop):
    api.new_app("a fourth one").add("foreign", "bool", True)
    assert shop.remove("foreign").content == shop.remove("absent").content


@pytest.mark.parametrize("kind", ["admin", "cli", "PUB", "", "pub ", "server"])
def test_a_key_of_an_unknown_kind_is_400(shop, kind):
    with shop.unchanged():
        assert_error(shop.api.post("/keys", shop.at(type=kind)), 400, "Invalid key type")


@pytest.mark.parametrize("body", [{"revoked": True}, {"revoked": False}, {}, {"revoked": None}],
                         ids=str)
def test_a_key_is_only_revoked_by_its_id_and_true(shop, body):
    with shop.unchanged():
        assert_error(shop.api.patch("/keys", body), 400)
        if body.get("revoked") is not True:
            assert_error(shop.api.patch("/keys", {**body, "keyId": shop.key_id}), 400)


@pytest.mark.parametrize("key_id", ["key_nothing", "x", "' OR 1=1 --", "*", "%", "k" * 5000])
def test_an_unknown_key_id_is_404(shop, key_id):
    with shop.unchanged():
        assert_error(shop.api.delete("/keys", keyId=key_id), 404)
        assert_error(shop.api.patch("/keys", {"keyId": key_id, "revoked": True}), 404)


def test_a_secret_is_no_key_id(shop):
    secret = shop.key("pub")
    with shop.unchanged():
        assert_error(shop.api.delete("/keys", keyId=secret), 404)


def test_errors_do_not_repeat_what_was_sent(shop):
    """Error bodies end in logs and on screens: no markup, no secret of the sender."""
    marker = "<img src=x onerror=alert(1)>"
    for response in (shop.api.get("/envs", appId=marker), shop.create(marker, "bool", True),
                     shop.create("k", marker, True), shop.api.get("/" + marker)):
        assert response.status_code in (400, 404)
        assert response.headers["Content-Type"].startswith("application/json")
        assert shop.api.token not in response.text


def test_after_all_this_the_server_works(app):
    app.add("k", "bool", True)
    assert app.config(app.key("pub")).json()["doc"]["flags"]["k"]["value"] is True
