# SPDX-License-Identifier: Apache-2.0
"""What SDKs fetch: envelope, visibility, ETags, CORS, caching."""
import gzip
import json

import pytest

from harness import assert_error, converse, data_of, raw_head

EXPOSED = {"etag", "retry-after", "x-request-id"}


def members(header):
    return {item.strip().lower() for item in header.split(",")}


@pytest.fixture(scope="module")
def shop(api):
    """An environment at version 12 with one visible and one hidden flag."""
    app = api.new_app("shop")
    app.add("banner", "string", "Hi")
    app.add("secret-flag", "string", "only-for-servers", clientEnabled=False)
    for i in range(10):
        data_of(app.bulk({"banner": f"Hi {i}"}))
    app.pub, app.sdk = app.key("pub"), app.key("sdk")
    assert app.version() == 12
    return app


def both(shop):
    return [("/public-config", shop.pub), ("/config", shop.sdk)]


def test_the_envelope_is_bare_and_has_the_documented_members(shop):
    for path, key in both(shop):
        body = shop.config(key, path).json()
        assert set(body) == {"appId", "env", "version", "doc", "ttlSeconds"}
        assert body["appId"] == shop.id
        assert body["env"] == "production"
        assert body["version"] == 12
        assert body["ttlSeconds"] == 60


def test_plain_flags_are_served_as_the_legacy_document(shop):
    doc = shop.config(shop.pub).json()["doc"]
    assert set(doc) == {"flags", "overrides", "rules"}
    assert doc["overrides"] == {} and doc["rules"] == {}
    assert set(doc["flags"]) == {"banner"}
    assert doc["flags"]["banner"]["type"] == "string"
    assert doc["flags"]["banner"]["value"] == "Hi 9"


def test_public_config_says_no_word_about_hidden_flags(shop):
    text = shop.config(shop.pub).text
    assert "secret-flag" not in text
    assert "only-for-servers" not in text


def test_config_has_every_flag(shop):
    flags = shop.config(shop.sdk, "/config").json()["doc"]["flags"]
    assert flags["banner"]["value"] == "Hi 9"
    assert flags["secret-flag"]["value"] == "only-for-servers"


def test_an_empty_environment_is_served_as_such(app):
    for path, kind in (("/public-config", "pub"), ("/config", "sdk")):
        body = app.config(app.key(kind), path).json()
        assert body["version"] == 0
        assert body["doc"] == {"flags": {}, "overrides": {}, "rules": {}}


@pytest.mark.parametrize("env", ["development", "staging", "production"])
def test_a_key_opens_its_own_environment(app, env):
    app.add(f"in-{env}", "bool", True, env)
    body = app.config(app.key("pub", env)).json()
    assert (body["appId"], body["env"]) == (app.id, env)
    assert list(body["doc"]["flags"]) == [f"in-{env}"]


def test_the_etag_is_the_version_in_the_documented_form(shop):
    for path, key in both(shop):
        assert shop.config(key, path).headers["ETag"] == '"v12"'


@pytest.mark.parametrize("etag", ['"v12"', '"12"', 'W/"v12"', 'W/"12"', "*", '"v11", "v12"',
                                  '"v12","v11"', '"x" , W/"12"', '"a","b","c", "v12"',
                                  '"v11"  ,\t"v12"',
                                  'W/"v1", W/"v12"', '"with, comma", "v12"'])
def test_a_matching_tag_gets_304_without_body_and_with_the_tag(shop, etag):
    for path, key in both(shop):
        response = shop.config(key, path, etag)
        assert response.status_code == 304
        assert response.content == b""
        assert response.headers["ETag"] == '"v12"'


@pytest.mark.parametrize("etag", ['"v11"', '"11"', '"v13"', '"v1"', '"v120"', '"v012"', '"V12"',
                                  '"xv12"', '"v12x"', '""', '"v11", "v13"', '"12.0"', '"-12"',
                                  '"v12', 'v', 'W/', ',', '"v4294967308"', '"*"', '"a, v12"',
                                  '"v18446744073709551628"', "x" * 4000, ""])
def test_any_other_tag_gets_the_whole_answer(shop, etag):
    for path, key in both(shop):
        response = shop.config(key, path, etag)
        assert response.status_code == 200
        assert response.json()["version"] == 12


def test_tags_may_be_spread_over_several_headers(server, shop):
    got, _ = converse(server, (
        f"GET /api/v1/public-config HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shop.pub}\r\n"
        'If-None-Match: "v11"\r\nIf-None-Match: "v12"\r\nConnection: close\r\n\r\n').encode())
    assert raw_head(got)[0] == 304


def test_a_304_ends_after_its_head(server, shop):
    got, closed = converse(server, (
        f"GET /api/v1/public-config HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {shop.pub}\r\n"
        'If-None-Match: "v12"\r\nConnection: close\r\n\r\n').encode())
    assert closed
    assert raw_head(got)[0] == 304
    assert got.endswith(b"\r\n\r\n")
    assert got.count(b"\r\n\r\n") == 1


def test_a_connection_lives_on_after_a_304(shop):
    for _ in range(3):
        assert shop.config(shop.pub, etag='"v12"').status_code == 304
        assert shop.config(shop.pub).status_code == 200


def test_the_tag_of_one_environment_is_no_match_in_another(app):
    app.add("a", "bool", True, "staging")
    app.add("a", "bool", True)
    app.add("b", "bool", True)
    assert app.config(app.key("pub"), etag='"v1"').status_code == 200
    assert app.config(app.key("pub", "staging"), etag='"v1"').status_code == 304


def test_every_answer_may_be_read_by_a_browser(shop):
    """Success, not modified, and each refusal: a hidden ETag would make SDKs invent one."""
    for response in (shop.config(shop.pub), shop.config(shop.pub, etag='"v12"'),
                     shop.config(None), shop.config("pub_prod_nonsense"), shop.config(shop.sdk),
                     shop.api.post("/public-config", {}, token=shop.pub),
                     shop.api.post("/events/batch", {}, token=shop.pub),
                     shop.api.post("/events/batch", {}, token=None)):
        assert response.headers["Access-Control-Allow-Origin"] == "*", response.status_code
        assert EXPOSED <= members(response.headers["Access-Control-Expose-Headers"])
        assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("path", ["/public-config", "/events/batch"])
def test_a_preflight_needs_no_key(shop, path):
    response = shop.api.call("OPTIONS", path, token=None, headers={
        "Origin": "https://app.example", "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,if-none-match,x-custom-header"})
    assert response.status_code == 204
    assert response.content == b""
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert {"get", "post", "patch", "delete", "options"} <= \
        members(response.headers["Access-Control-Allow-Methods"])
    assert {"authorization", "if-none-match"} <= \
        members(response.headers["Access-Control-Allow-Headers"])
    assert response.headers["Access-Control-Max-Age"] == "86400"


@pytest.mark.parametrize("path", ["/public-config", "/events/batch"])
def test_a_preflight_echoes_headers_the_application_added(shop, path):
    response = shop.api.call("OPTIONS", path, token=None, headers={
        "Origin": "https://app.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-tenant"})
    assert "x-tenant" in members(response.headers["Access-Control-Allow-Headers"])


@pytest.mark.parametrize("path", ["/public-config", "/events/batch"])
def test_a_preflight_that_asks_for_nothing_lists_the_usual_headers(shop, path):
    response = shop.api.call("OPTIONS", path, token=None)
    assert response.status_code == 204
    assert {"authorization", "content-type", "if-none-match", "x-request-id"} <= \
        members(response.headers["Access-Control-Allow-Headers"])


def test_caches_may_keep_it_but_must_ask(shop):
    for path, key in both(shop):
        for etag in (None, '"v12"'):
            headers = shop.config(key, path, etag).headers
            assert members(headers["Cache-Control"]) == {"private", "no-cache"}
            assert {"authorization", "accept-encoding"} <= members(headers["Vary"])


def test_a_refusal_is_not_kept_by_caches(shop):
    control = members(shop.config(None).headers["Cache-Control"])
    assert "no-store" in control or "no-cache" in control


def test_a_compressed_answer_says_the_same(shop, api):
    for i in range(100):
        data_of(api.post("/flags", shop.at("staging", key=f"f{i}", type="string",
                                           value="text " * 20)), 201)
    key = shop.key("pub", "staging")
    plain = shop.config(key, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    packed = shop.api.session.get(shop.api.base + "/public-config", stream=True, timeout=10,
                                  headers={"Authorization": f"Bearer {key}",
                                           "Accept-Encoding": "gzip"})
    body = packed.raw.read(decode_content=False)
    if packed.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    assert body == plain.content
    assert packed.headers["ETag"] == plain.headers["ETag"]


def test_the_same_version_is_the_same_bytes(shop):
    first = shop.config(shop.pub).content
    data_of(shop.api.get("/flags", **shop.at()))
    assert shop.config(shop.pub).content == first


def test_a_revoked_key_is_refused_at_its_next_request(app):
    for kind, path in (("pub", "/public-config"), ("sdk", "/config")):
        key, other = app.new_key(kind), app.new_key(kind)
        assert app.config(key["key"], path).status_code == 200
        data_of(app.api.delete("/keys", keyId=key["id"]))
        assert_error(app.config(key["key"], path), 401, "Invalid or unauthorized client key")
        assert_error(app.config(key["key"], path, '"v0"'), 401,
                     "Invalid or unauthorized client key")
        assert app.config(other["key"], path).status_code == 200


def test_revoking_twice_or_the_unknown_is_404(app):
    key = app.new_key("pub")
    data_of(app.api.delete("/keys", keyId=key["id"]))
    assert_error(app.api.delete("/keys", keyId=key["id"]), 404)
    assert_error(app.api.delete("/keys", keyId="key_nothing"), 404)
    assert_error(app.api.patch("/keys", {"keyId": "key_nothing", "revoked": True}), 404)


def test_a_change_is_served_as_soon_as_it_is_answered(app):
    pub = app.key("pub")
    app.add("k", "number", 0)
    for i in range(1, 40):
        version = data_of(app.update("k", value=i))["version"]
        response = app.config(pub, etag=f'"v{version - 1}"')
        assert response.status_code == 200
        assert response.headers["ETag"] == f'"v{version}"'
        assert response.json()["doc"]["flags"]["k"]["value"] == i


def served(app, keys):
    """The bytes both endpoints would send, without the number that is bound to differ."""
    answers = []
    for path, key in keys:
        body = app.config(key, path).json()
        version = body.pop("version")
        body["doc"].pop("configVersion", None)
        answers.append(json.dumps(body, sort_keys=True))
    return version, answers


def test_whatever_changes_the_served_bytes_is_a_new_version(app):
    keys = [("/public-config", app.key("pub")), ("/config", app.key("sdk"))]
    steps = [
        lambda: app.create("a", "bool", True), lambda: app.create("b", "number", 1),
        lambda: app.update("a", value=False), lambda: app.update("a", clientEnabled=False),
        lambda: app.update("a", rollout={"percentage": 5}), lambda: app.bulk({"a": True, "b": 2}),
        lambda: app.settings(defaultClientEnabled=False),
        lambda: app.settings(documentFormat="core"), lambda: app.settings(documentFormat="legacy"),
        lambda: app.settings(documentFormat="auto"),
        lambda: app.settings(defaultClientEnabled=True), lambda: app.remove("b")]
    version, before = served(app, keys)
    for number, step in enumerate(steps):
        response = step()
        assert response.status_code in (200, 201), f"step {number}: {response.text}"
        newer, after = served(app, keys)
        if after != before:
            assert newer > version, f"step {number}"
        assert newer >= version
        version, before = newer, after


def test_a_changed_setting_is_never_hidden_behind_a_304(app):
    pub = app.key("pub")
    app.add("a", "bool", True)
    etag = app.config(pub).headers["ETag"]
    data_of(app.settings(defaultClientEnabled=False))
    response = app.config(pub, etag=etag)
    assert response.status_code == 200
    assert response.json()["doc"]["flags"] == {}
