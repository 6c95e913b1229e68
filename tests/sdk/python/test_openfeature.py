# SPDX-License-Identifier: Apache-2.0
"""PyPI's openfeature-sdk with openfeature-provider-ofrep, unmodified, against a running server. See
tests/sdk/openfeature.py."""
import contextlib
import json
import os
import pathlib
import urllib.request

import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode

URL, OWNER = os.environ["GUIDON_URL"], os.environ["GUIDON_CLI_TOKEN"]
PROJECT, KEY, BROWSER_KEY, SERVER_KEY, CLIENT_KEY = (
    os.environ[f"GUIDON_OPENFEATURE_{name}"]
    for name in ("PROJECT", "KEY", "BROWSER_KEY", "SERVER_KEY", "CLIENT_KEY"))
QUESTIONS = json.loads(pathlib.Path(os.environ["GUIDON_OPENFEATURE_QUESTIONS"]).read_text())
WAYS = {"Authorization": {"Authorization": f"Bearer {KEY}"}, "X-API-Key": {"X-API-Key": KEY}}
DEALT = {"am-colour": ("object", {}), "am-half": ("boolean", False), "dealt": ("string", "")}


def manage(method, path, body):
    request = urllib.request.Request(
        f"{URL}/admin/v1/environments/{PROJECT}{path}", json.dumps(body).encode(), method=method,
        headers={"Authorization": f"Bearer {OWNER}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@contextlib.contextmanager
def client(headers):
    """A client of a domain of its own, whose provider sends these headers."""
    domain = f"domain-{json.dumps(headers)}"
    api.set_provider(OFREPProvider(URL, headers_factory=lambda: headers), domain=domain)
    yield api.get_client(domain)


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    api.clear_providers()


def context(attributes):
    return EvaluationContext(attributes.get("targetingKey"),
                             {k: v for k, v in attributes.items() if k != "targetingKey"})


def ask(asked, flag, kind, default, attributes):
    return getattr(asked, f"get_{kind}_details")(flag, default, context(attributes))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: f"{one['flag']}-{one['type']}")
def test_every_question_has_its_answer(question, way):
    with client(WAYS[way]) as asked:
        found = ask(asked, question["flag"], question["type"], question["default"], question["context"])
    assert (found.value, type(found.value)) == (question["value"], type(question["value"]))
    assert found.error_code == (ErrorCode(question["error"]) if "error" in question else None)
    if "reason" in question:
        assert (found.reason.value, found.variant) == (question["reason"], question["variant"])
        assert found.flag_metadata == question.get("metadata", {})


def test_everybody_is_dealt_what_the_server_itself_says():
    contexts = [{"targetingKey": f"user-{i}", "country": "Chile" if i % 3 else "Norway"} for i in range(100)]
    results = manage("POST", "/evaluate", {"contexts": contexts, "flags": list(DEALT)})["results"]
    reached = set()
    with client(WAYS["X-API-Key"]) as asked:
        for attributes, result in zip(contexts, results, strict=True):
            for flag in result["flags"]:
                found = ask(asked, flag["key"], *DEALT[flag["key"]], attributes)
                assert found.variant == flag["variation"], (flag, attributes)
                reached.add((flag["key"], found.variant, found.error_code))
    assert reached == {("am-colour", "control", None), ("am-colour", "treatment", None), ("am-half", "on", None),
                       ("am-half", "off", None), ("dealt", "red", None), ("dealt", "blue", None)}


def test_a_flag_that_is_off_says_so():
    with client(WAYS["X-API-Key"]) as asked:
        found = asked.get_string_details("dormant", "code")
    assert (found.value, found.reason.value, found.variant) == ("code", "DISABLED", "asleep")


@pytest.mark.parametrize("key, sees_all", [(SERVER_KEY, True), (BROWSER_KEY, False), (CLIENT_KEY, False)],
                         ids=["server", "browser", "client"])
def test_keys_see_what_is_theirs(key, sees_all):
    with client({"Authorization": f"Bearer {key}"}) as asked:
        found = asked.get_boolean_details("hidden", False)
        assert found.value is sees_all
        assert found.error_code == (None if sees_all else ErrorCode.FLAG_NOT_FOUND)
        assert asked.get_string_value("sf-text", "code") == "classic"


def test_a_wrong_key_leaves_the_values_of_the_code():
    with client({"Authorization": "Bearer sdk_prod_000000000000"}) as asked:
        found = asked.get_string_details("sf-text", "code")
    assert (found.value, found.error_code) == ("code", ErrorCode.GENERAL)


def test_a_change_is_in_the_next_answer():
    with client(WAYS["Authorization"]) as asked:
        for variation, value in (("after", 1), ("before", 0)):
            manage("PATCH", "/flags/live", {"fallthrough": {"variation": variation}})
            assert asked.get_integer_value("live", -1) == value
