# SPDX-License-Identifier: Apache-2.0
"""Every route with every kind of credential, shown in every way: taken exactly as declared, and never
anything of another app (promise S5). Generated from the server's own tables."""
import json

import pytest

import amplitude
from harness import Server
from record import record
from route_table import (ADMITS, FORMS, MARK, Credential, Street, Wire, absent, is_admitted,
                         routes)

ROUTES = routes()
OWN_TOKEN = "/api/v1/tokens/current"
# Queries without which these say only that something is missing.
IN_PRODUCTION = "appId={app}&env=production"
REQUIRED = {"/api/v1/envs": "appId={app}", "/api/v1/flags": IN_PRODUCTION,
            "/api/v1/keys": IN_PRODUCTION, "/api/v1/config-document": IN_PRODUCTION,
            "/api/v1/usage": IN_PRODUCTION,
            "/v1/vardata": "user_id=u", "/sdk/vardata": "user_id=u",
            "/sdk/v2/vardata": "user_id=u", "/admin/v1/compare": "from={number}&to={number}"}


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("street"), *amplitude.UNLIMITED).start()
    yield Street(server)
    server.close()


@pytest.fixture(scope="module")
def wire(street):
    made = Wire(street.server)
    yield made
    made.close()


def send(wire, route, credential, form, values=absent, members=None):
    headers, query = credential.shown(form) if credential else ([], "")
    target = route.fill(values)
    if route.dialect == "admin" and route.method != "GET":
        query += ("&" if query else "") + "dryRun=true"
    body = None
    if route.body_bytes_max > 0 and route.method != "GET":
        body = json.dumps(members or {}).encode()
    return wire.send(route.method, target + ("?" + query if query else ""), headers, body)


def test_every_route_has_a_policy_this_test_knows():
    assert {route.scope for route in ROUTES} <= ADMITS.keys() | {"anyone"}
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
    # Whatever is open to anyone is on this list, by name.
    assert {str(route) for route in ROUTES if route.scope == "anyone"} == {
        "POST /2/httpapi", "POST /batch", "GET /status", "GET /openapi.json", "GET /openapi.yaml",
        "GET /problems/{code}", "GET /cli/login", "POST /cli/login", "POST /cli/device",
        "POST /cli/device/token", "GET /device", "POST /device", "GET /cli/page.css"}


def test_nobody_gets_in_without_a_credential(street, wire):
    with street.unchanged():
        for route in ROUTES:
            status = send(wire, route, None, None, street.first.own).status
            assert (status != 401) == (route.scope == "anyone"), (str(route), status)


def test_each_kind_shown_in_each_way_is_taken_as_declared(street, wire):
    """A credential of another kind is 403, one shown in another way 401 or 403; the right one is
    neither 401, nor, for an owner, 403."""
    asked = 0
    with street.unchanged():
        for route in ROUTES:
            for credential in street.first.credentials() + street.people:
                for form in FORMS:
                    is_taken = is_admitted(route, credential, form)
                    if is_taken and route.path == OWN_TOKEN:
                        continue  # it would be given up
                    answer = send(wire, route, credential, form)
                    said = (str(route), credential.kind, form, answer.status, answer.body[:200])
                    asked += 1
                    if not is_taken:
                        assert answer.status in (401, 403), said
                        continue
                    assert answer.status != 401 or route.scope == "anyone", said
                    assert answer.status < 500, said
                    if credential.kind == "owner":
                        assert answer.status != 403, said
    record("S5", "route-matrix", routes=len(ROUTES), requests=asked, wrong=0)


def test_a_token_gives_itself_up_and_no_other(street, wire):
    made = street.town.token(street.first.number)
    route = next(route for route in ROUTES if route.path == OWN_TOKEN)
    personal = amplitude.content(street.town.owner.post("/admin/v1/tokens", {
        "kind": "app", "app": street.first.app}), 201)
    assert send(wire, route, Credential("environment", made["token"]), "Bearer").status == 403
    assert send(wire, route, Credential("app", personal["token"]), "Bearer").status < 300
    assert send(wire, route, Credential("app", personal["token"]), "Bearer").status == 401
    assert street.town.owner.get(f"/admin/v1/tokens/{made['id']}").status_code == 200


def stolen(street):
    """Members that name the first household's things in all the ways bodies name things."""
    first = street.first
    return {"appId": first.app, "env": "production", "projectId": str(first.number), "app": first.app,
            "environments": [first.number], "key": f"{MARK}-flags", "name": "taken-over",
            "from": str(first.number), "version": 1, "confirm": True}


def test_another_apps_credential_gets_nothing_of_this_one(street, wire):
    """Every route with this app's names in it, by every credential of another app."""
    asked = 0
    with street.unchanged():
        for route in ROUTES:
            if route.scope == "anyone" or route.path == OWN_TOKEN:
                continue
            for credential in street.second.credentials():
                forms = [form for form in FORMS if is_admitted(route, credential, form)]
                for form in forms:
                    for members in ({}, stolen(street)):
                        answer = send(wire, route, credential, form, street.first.own, members)
                        asked += 1
                        said = (str(route), credential.kind, answer.status, answer.body[:300])
                        assert MARK.encode() not in answer.body.replace(
                            route.fill(street.first.own).encode(), b"").replace(
                            f'"{MARK}-flags"'.encode(), b""), said
                        if {"app", "environment", "id"} & set(route.parameters):
                            assert answer.status in (400, 403, 404, 422), said
    record("S5 S6", "route-matrix-foreign", routes=len(ROUTES), requests=asked, leaks=0)


def test_queries_that_name_another_app_get_nothing(street, wire):
    for route in ROUTES:
        if route.method != "GET" or not route.path.startswith(("/api/v1/", "/api/1/", "/admin/v1")):
            continue
        for kind in ("app", "environment"):
            credential = Credential(kind, street.second.secrets[kind])
            if not is_admitted(route, credential, "Bearer"):
                continue
            for query in (f"appId={street.first.app}&env=production",
                          f"projectId={street.first.number}", f"app={street.first.app}",
                          f"environment={street.first.number}",
                          f"from={street.first.number}&to={street.second.number}"):
                answer = wire.send("GET", route.fill(street.second.own) + "?" + query,
                                   credential.shown("Bearer")[0])
                assert MARK.encode() not in answer.body, (str(route), query, answer.body[:300])


def test_who_only_reads_changes_nothing(street, wire):
    made = amplitude.content(street.town.owner.post("/admin/v1/tokens", {
        "kind": "app", "app": street.first.app, "access": "read"}), 201)
    viewer = next(one for one in street.people if one.kind == "viewer")
    with street.unchanged():
        for credential in (viewer, Credential("app", made["token"])):
            for route in ROUTES:
                if route.method == "GET" or route.path == OWN_TOKEN or \
                        route.path.endswith(("/evaluate", "/explain")) or \
                        not is_admitted(route, credential, "Bearer"):
                    continue
                answer = send(wire, route, credential, "Bearer", street.first.own, stolen(street))
                is_refused = 400 <= answer.status < 500 or route.scope == "anyone"
                assert is_refused, (str(route), answer.status, answer.body[:300])


def test_the_names_of_these_tests_lead_somewhere(street, wire):
    """Else a refusal would prove nothing: the one they belong to gets the same addresses answered."""
    for route in ROUTES:
        if route.method != "GET" or route.scope == "anyone":
            continue
        kinds = ADMITS[route.scope][1]
        own = next((one for one in street.people if one.kind == "owner" and "owner" in kinds), None)
        own = own or next(one for one in street.first.credentials() if one.kind in kinds)
        form = next(form for form in FORMS if form in ADMITS[route.scope][0])
        headers, query = own.shown(form)
        query = "&".join([one for one in (query, REQUIRED.get(route.path)) if one]).format(
            app=street.first.app, number=street.first.number)
        answer = wire.send("GET", route.fill(street.first.own) + "?" + query, headers)
        is_theirs_to_lack = {"user", "groupName"} & set(route.parameters)
        assert answer.status in ((200, 400, 404) if is_theirs_to_lack else (200,)), (
            str(route), answer.status, answer.body[:300])
