# SPDX-License-Identifier: Apache-2.0
"""Methods, paths, content types, headers: HTTP as the reference and the checklist ask for it."""
import itertools
import json
import re

import pytest

from harness import App, assert_error, converse, data_of, raw_head, statuses

ROUTES = {"/apps": {"GET", "POST"}, "/envs": {"GET", "PATCH"},
          "/flags": {"GET", "POST", "PATCH", "DELETE"}, "/flags/bulk": {"POST"},
          "/keys": {"GET", "POST", "PATCH", "DELETE"}, "/config-document": {"GET", "PUT"},
          "/me": {"GET"}, "/usage": {"GET"}, "/tokens/current": {"DELETE"},
          "/public-config": {"GET"}, "/config": {"GET"}, "/events/batch": {"POST"}}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WRITES = [("POST", "/apps"), ("PATCH", "/envs"), ("POST", "/flags"), ("PATCH", "/flags"),
          ("POST", "/flags/bulk"), ("POST", "/keys"), ("PATCH", "/keys"),
          ("PUT", "/config-document"), ("POST", "/events/batch")]


@pytest.fixture(scope="module")
def keys(shared_app):
    return {"pub": shared_app.key("pub"), "sdk": shared_app.key("sdk")}


def credential(path, shared_app, keys):
    return {"/public-config": keys["pub"], "/config": keys["sdk"],
            "/events/batch": keys["pub"]}.get(path, shared_app.api.token)


@pytest.mark.parametrize("path", ["/", "/nothing", "/apps/x", "/flag", "/flagss", "/flags/bulk/x",
                                  "/events", "/tokens", "/tokens/other", "/admin", "/APPS"])
def test_an_unknown_path_is_404(api, path):
    assert_error(api.get(path), 404)


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/api/v2/apps", "/apps", "/index.html",
                                  "/livez", "/metrics", "/readyz"])
def test_nothing_is_served_outside_the_api(server, api, path):
    response = api.session.get(server.base + path, timeout=10)
    assert_error(response, 404)


@pytest.mark.parametrize("method,path", [(method, path) for path in ROUTES for method in METHODS
                                         if method not in ROUTES[path]])
def test_a_wrong_method_is_405_and_says_which_are_right(shared_app, keys, method, path):
    with shared_app.unchanged():
        response = shared_app.api.call(method, path, {},
                                       token=credential(path, shared_app, keys))
        assert_error(response, 405)
        allowed = set(re.split(r"\s*,\s*", response.headers["Allow"]))
        assert ROUTES[path] <= allowed
        assert method not in allowed


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get", "FOO"])
def test_a_method_of_no_route_is_refused(server, method):
    got, _ = converse(server, f"{method} /api/v1/apps HTTP/1.1\r\nHost: x\r\n"
                              "Connection: close\r\n\r\n".encode())
    assert statuses(got)[0] in (400, 405, 501)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded",
                                          "multipart/form-data; boundary=x", "application/xml",
                                          "application/jsonx", "json"])
@pytest.mark.parametrize("route", WRITES, ids=" ".join)
def test_a_body_that_is_not_json_by_its_type_is_415(shared_app, keys, route, content_type):
    with shared_app.unchanged():
        body = json.dumps(shared_app.at(key="k", type="bool", value=True, name="n")).encode()
        response = shared_app.api.call(*route, data=body, headers={"Content-Type": content_type},
                                       token=credential(route[1], shared_app, keys),
                                       appId=shared_app.id, env="production")
        assert_error(response, 415)


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8",
                                          "application/json;charset=UTF-8", "Application/JSON"])
def test_json_is_taken_however_its_type_is_spelled(app, content_type):
    body = json.dumps(app.at(key="k", type="bool", value=True)).encode()
    response = app.api.post("/flags", data=body, headers={"Content-Type": content_type})
    assert response.status_code == 201


@pytest.mark.parametrize("path", [p for p in ROUTES if "GET" in ROUTES[p]])
def test_head_answers_as_get_without_the_body(server, shared_app, keys, path):
    token = credential(path, shared_app, keys)
    query = f"?appId={shared_app.id}&env=production"

    def ask(method):
        got, closed = converse(server, (
            f"{method} /api/v1{path}{query} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n").encode())
        assert closed
        status, headers = raw_head(got)
        headers.pop("date")
        return status, headers, got.split(b"\r\n\r\n", 1)[1]

    get, head = ask("GET"), ask("HEAD")
    assert head[:2] == get[:2]
    assert get[2]
    assert head[2] == b""


@pytest.mark.parametrize("path", [p for p in ROUTES if "GET" not in ROUTES[p]])
def test_head_is_405_where_nothing_can_be_got(shared_app, keys, path):
    response = shared_app.api.call("HEAD", path, token=credential(path, shared_app, keys))
    assert response.status_code == 405


@pytest.mark.parametrize("path", [p for p in ROUTES if p not in ("/public-config", "/config",
                                                                "/events/batch")])
def test_options_on_management_discloses_no_data(shared_app, path):
    response = shared_app.api.call("OPTIONS", path, token=None)
    assert response.status_code in (204, 401, 405)
    if response.status_code != 204:
        assert_error(response, response.status_code)


@pytest.mark.parametrize("path", list(ROUTES))
def test_answers_carry_the_headers_of_the_checklist(shared_app, keys, path):
    method = "GET" if "GET" in ROUTES[path] else "POST"
    for token in (None, credential(path, shared_app, keys)):
        response = shared_app.api.call(method, path, token=token, appId=shared_app.id,
                                       env="production")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in response.headers
        assert response.headers["Content-Type"].split(";")[0] == "application/json"


@pytest.mark.parametrize("path", ["/apps", "/envs", "/flags", "/keys", "/me", "/usage",
                                  "/config-document"])
def test_management_answers_are_not_stored_by_caches(shared_app, path):
    response = shared_app.api.get(path, appId=shared_app.id, env="production")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", [
    "/api/v1/../v1/apps", "/api/v1/./apps", "/api/v1//apps", "//api/v1/apps", "/api/v1/apps/",
    "/api%2fv1/apps", "/api/v1%2Fapps", "/api/v1/apps%00", "/api/v1/apps%2e",
    "/api/v1/%2e%2e/v1/apps",
    "/api/v1/apps%20", "/api/v1/apps;x=1", "/api/v1/apps%ff", "/api/v1/apps%zz", "/api/v1/apps%",
    "/api/v1\\apps", "/x/../api/v1/apps", "/api/v1/apps%c0%af", "/API/v1/apps",
    "/api/v1/config-document/..%2fapps"])
def test_no_other_spelling_of_a_path_reaches_its_route(server, api, path):
    for token in ("x", api.token):
        got, _ = converse(server, (
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            "Connection: close\r\n\r\n").encode())
        assert statuses(got)[0] in (400, 404)


def test_a_needlessly_encoded_path_is_authorised_like_the_plain_one(server, api):
    def ask(token):
        got, _ = converse(server, (
            f"GET /api/v1/%61pps HTTP/1.1\r\nHost: x\r\n{token}Connection: close\r\n\r\n").encode())
        return statuses(got)[0]
    assert ask("") in (401, 404)
    assert ask(f"Authorization: Bearer {api.token}\r\n") in (200, 404)


def test_query_values_are_percent_decoded(app):
    app.add("a.b-c_d", "bool", True)
    query = f"appId={app.id}&env=%70roduction&key=a%2Eb%2Dc%5Fd"
    response = app.api.call("DELETE", f"/flags?{query}")
    assert data_of(response) == {"version": 2}


@pytest.mark.parametrize("query", ["appId=%zz", "appId=%f", "appId=%ff", "appId=%00",
                                   "appId=%c0%80"])
def test_a_broken_escape_in_the_query_is_an_error(api, query):
    response = api.call("GET", f"/envs?{query}")
    assert response.status_code in (400, 404)
    assert_error(response, response.status_code)


def test_requests_on_one_connection_are_answered_in_order(server, api, shared_app):
    paths = list(itertools.islice(itertools.cycle(["/api/v1/me", "/api/v1/nothing"]), 12))
    request = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n\r\n"
                      for path in paths)
    last = ("GET /api/v1/apps HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    got, closed = converse(server, (request + last).encode())
    assert closed
    assert statuses(got) == [200, 404] * 6 + [401]


def test_a_read_behind_a_write_in_the_pipeline_sees_it(server, app):
    body = json.dumps(app.at(key="piped", type="bool", value=True))
    head = f"Host: x\r\nAuthorization: Bearer {app.api.token}\r\n"
    got, _ = converse(server, (
        f"POST /api/v1/flags HTTP/1.1\r\n{head}Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
        f"GET /api/v1/flags?appId={app.id}&env=production HTTP/1.1\r\n{head}"
        "Connection: close\r\n\r\n").encode())
    assert statuses(got) == [201, 200]
    assert b'{"data":{"piped":{"type":"bool","value":true}}}' in got


def test_a_chunked_body_is_read_like_any_other(server, app):
    body = json.dumps(app.at(key="chunked", type="string", value="in pieces")).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 7]), body[i:i + 7])
                      for i in range(0, len(body), 7)) + b"0\r\n\r\n"
    got, _ = converse(server, (
        "POST /api/v1/flags HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        f"Authorization: Bearer {app.api.token}\r\nContent-Type: application/json\r\n"
        "Connection: close\r\n\r\n").encode() + chunks)
    assert statuses(got) == [201]
    assert app.flags()["chunked"]["value"] == "in pieces"


def test_expect_100_continue_is_honoured_or_ignored_but_not_fatal(app):
    body = json.dumps(app.at(key="waited", type="bool", value=True)).encode()
    response = app.api.post("/flags", data=body, headers={"Expect": "100-continue"})
    assert response.status_code == 201


def test_an_old_http_1_0_client_gets_its_answer_and_is_hung_up(server, api):
    got, closed = converse(server, (f"GET /api/v1/apps HTTP/1.0\r\nHost: x\r\n"
                                    f"Authorization: Bearer {api.token}\r\n\r\n").encode())
    assert closed
    assert statuses(got) == [200]


def test_writes_are_seen_by_the_next_read_of_anybody(server, app):
    pub = app.key("pub")
    other = App(server.api(), app.id, app.name)
    for i in range(30):
        data_of(app.bulk({"n": i}) if i else app.create("n", "number", 0), 200 if i else 201)
        assert other.flags()["n"]["value"] == i
        assert other.config(pub).json()["doc"]["flags"]["n"]["value"] == i
