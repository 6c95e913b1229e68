# SPDX-License-Identifier: Apache-2.0
"""What is described is what is served: the description against the running server."""
import json
import re

import pytest
import requests

from admin import Admin, assert_problem
from harness import Server

METHODS = ["get", "put", "post", "delete", "patch"]
# What templates are filled with: the first environment, and things that are not there.
FILLED = {"environment": "1", "deployment": "999999", "version": "999999", "code": "nonsense"}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("town"), "--admin-per-second=0").start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def owner(town):
    admin = Admin(town, town.token)
    admin.make_app("one")
    admin.make_app("two")
    return admin


@pytest.fixture(scope="module")
def document(owner):
    answer = owner.call("GET", "/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


@pytest.fixture(scope="module")
def operations(document):
    """[(method, template, operation)]"""
    return [(method.upper(), path, operation) for path, item in document["paths"].items()
            for method, operation in item.items()]


@pytest.fixture(scope="module")
def browser_key(owner):
    number = owner.environments("one")["production"]
    answer = owner.call("POST", f"/admin/v1/environments/{number}/keys", {"kind": "browser"})
    assert answer.status_code == 201, answer.text
    return answer.json()["key"]


def fill(template):
    return re.sub(r"\{(\w+)\}", lambda m: FILLED.get(m.group(1), "nothing"), template)


def follow(document, part):
    """The part, or what it refers to."""
    while isinstance(part, dict) and "$ref" in part:
        steps = part["$ref"].removeprefix("#/").split("/")
        part = document
        for step in steps:
            part = part[step]
    return part


def parameters_of(document, operation):
    return [follow(document, p) for p in operation["parameters"]]


# ---- the document -----------------------------------------------------------------------------
def test_the_document_is_openapi(document):
    assert document["openapi"] == "3.1.0"
    assert document["jsonSchemaDialect"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["info"]["title"] == "Guidon"
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    assert document["servers"] == [{"url": "/"}]


def test_yaml_is_the_same_text(owner):
    text = owner.call("GET", "/openapi.json").text
    answer = owner.call("GET", "/openapi.yaml")
    assert answer.headers["Content-Type"] == "application/yaml"
    assert answer.text == text


def test_the_document_survives_a_restart(town, owner, new_server):
    other = new_server().start()
    there = requests.get(other.base + "/openapi.json", timeout=10)
    here = owner.call("GET", "/openapi.json")
    assert there.content == here.content
    assert there.headers["ETag"] == here.headers["ETag"]
    other.close()


def test_operations_are_whole(document, operations):
    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(ids) == len(set(ids))
    tags = [tag["name"] for tag in document["tags"]]
    assert len(tags) == len(set(tags))
    for method, path, operation in operations:
        place = f"{method} {path}"
        assert re.fullmatch(r"[a-z][A-Za-z]+", operation["operationId"]), place
        assert set(operation["tags"]) <= set(tags), place
        assert operation["summary"].strip() and not operation["summary"].endswith("."), place
        assert "security" in operation, place
        assert any(code.startswith("2") for code in operation["responses"]), place
        for response in operation["responses"].values():
            assert follow(document, response)["description"], place


def test_parameters_are_those_of_the_path_and_each_is_there_once(document, operations):
    for method, path, operation in operations:
        place = f"{method} {path}"
        found = [(p["in"], p["name"]) for p in parameters_of(document, operation)]
        assert len(found) == len(set(found)), place
        assert [name for where, name in found if where == "path"] == re.findall(r"\{(\w+)\}", path)
        for parameter in parameters_of(document, operation):
            assert parameter["description"], place
            assert "schema" in parameter, place
            assert parameter["in"] != "path" or parameter["required"] is True, place


def test_schemas_are_closed_or_say_why_not(document):
    """Whoever generates a client wants to know all there is: objects list their members."""
    for name, schema in document["components"]["schemas"].items():
        assert isinstance(schema, dict), name
        if schema.get("type") == "object" and "properties" in schema:
            assert set(schema.get("required", [])) <= set(schema["properties"]), name


def test_mutations_take_what_makes_them_safe(document, operations):
    for method, path, operation in operations:
        if not path.startswith("/admin/v1/"):
            continue
        names = {p["name"] for p in parameters_of(document, operation)}
        mutates = "Idempotency-Key" in names
        if method in ("PUT", "PATCH", "DELETE"):
            assert mutates, path
        if mutates:
            assert "dryRun" in names, path
            assert {"409", "422"} <= set(operation["responses"]), path
        if method in ("PUT", "PATCH", "DELETE"):
            assert "If-Match" in names, path
            assert "412" in operation["responses"], path
        if method == "GET" and "text/event-stream" not in json.dumps(operation):
            assert "If-None-Match" in names, path
            assert "304" in operation["responses"], path


# ---- the document and the server ---------------------------------------------------------------
def test_nothing_is_served_to_strangers_but_what_says_so(town, operations):
    public = []
    for method, path, operation in operations:
        answer = requests.request(method, town.base + fill(path), timeout=10)
        if operation["security"]:
            assert answer.status_code == 401, f"{method} {path}: {answer.text}"
        else:
            assert answer.status_code in (200, 404), f"{method} {path}"
            public.append(path)
    assert public == ["/openapi.json", "/openapi.yaml", "/problems/{code}"]


def test_other_methods_are_405_and_tell_those_that_are_described(owner, document):
    for path, item in document["paths"].items():
        described = {method.upper() for method in item} | {"OPTIONS"}
        if "GET" in described:
            described.add("HEAD")
        for method in METHODS:
            if method in item:
                continue
            answer = owner.call(method.upper(), fill(path))
            assert answer.status_code == 405, f"{method} {path}: {answer.text}"
            assert set(answer.headers["Allow"].split(", ")) == described, path
        answer = owner.call("OPTIONS", fill(path))
        assert answer.status_code == 204, path


def test_keys_that_read_flags_manage_nothing(town, operations, browser_key):
    admin = Admin(town, browser_key)
    for method, path, operation in operations:
        if not operation["security"] or not path.startswith("/admin/v1/"):
            continue
        assert_problem(admin.call(method, fill(path)), 403, "denied")


def body_of(document, operation):
    """A body of the right type, which need not mean anything: who may is asked first or the thing
    is not there."""
    if "requestBody" not in operation:
        return {}
    media = list(operation["requestBody"]["content"])
    if "application/json" in media:
        return {"data": b"{}", "headers": {"Content-Type": "application/json"}}
    return {"data": b"x", "headers": {"Content-Type": media[0]}}


def test_a_foreign_environment_is_as_one_that_is_not_there(town, owner, document, operations):
    foreign = Admin(town, owner.new_token([owner.environments("two")["production"]])["token"])
    assert owner.environments("one")["development"] == 1
    checked = 0
    for method, path, operation in operations:
        if not path.startswith("/admin/v1/environments/{environment}"):
            continue
        required = {p["name"]: "1" for p in parameters_of(document, operation)
                    if p["in"] == "query" and p.get("required")}
        answer = foreign.call(method, fill(path), **body_of(document, operation), **required)
        assert answer.status_code in (403, 404), f"{method} {path}: {answer.text}"
        checked += 1
    assert checked > 10


def test_every_listed_path_of_the_admin_api_answers_its_owner(owner, document, operations):
    """Every GET without a parameter in its path, as it is described: status, media, headers."""
    checked = 0
    for method, path, operation in operations:
        if method != "GET" or not path.startswith("/admin/v1/"):
            continue
        if "{" in path.replace("{environment}", "") or "stream" in path:
            continue
        required = [p for p in parameters_of(document, operation)
                    if p["in"] == "query" and p.get("required")]
        answer = owner.call("GET", fill(path), **{p["name"]: "1" for p in required})
        assert answer.status_code == 200, f"{path}: {answer.text}"
        described = operation["responses"]["200"]
        assert answer.headers["Content-Type"] in described["content"], path
        for line in described["headers"]:
            if line not in ("Link", "RateLimit", "RateLimit-Policy"):
                assert line in answer.headers, f"{path}: {line}"
        checked += 1
    assert checked > 8


def test_unknown_members_of_a_query_are_refused_everywhere(owner, document, operations):
    for method, path, operation in operations:
        if not path.startswith(("/admin/v1/", "/problems", "/openapi")) or "stream" in path:
            continue
        answer = owner.call(method, fill(path), surprise="1", **body_of(document, operation))
        assert_problem(answer, 400, "invalid", parameter="surprise")
