# SPDX-License-Identifier: Apache-2.0
"""OFREP 0.3 on the wire: the server rules that keep every provider working, one by one, and the ways
in which clients differ."""
import contextlib
import json
import threading
import time

import pytest
import requests

from amplitude import Town, fresh
from harness import ABSENT, converse, core_flag, data_of, targeted_flag, wait_until

ONE = "/ofrep/v1/evaluate/flags/"
ALL = "/ofrep/v1/evaluate/flags"
SPLIT = {"rollout": {"variations": [{"variation": "on", "weight": 50000},
                                    {"variation": "off", "weight": 50000}]}}
SWITCH = {"variations": {"on": {"value": True}, "off": {"value": False}}, "offVariation": "off"}
REASONS = {"STATIC", "TARGETING_MATCH", "SPLIT", "DEFAULT", "DISABLED"}


class Client:
    """A provider with one key."""

    def __init__(self, server, key):
        self.base = server.base
        self.key = key
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.clear()

    def call(self, method, path, body=ABSENT, *, data=None, headers=None, key=ABSENT, **params):
        key = self.key if key is ABSENT else key
        sent = {"Authorization": f"Bearer {key}"} if key else {}
        if body is not ABSENT:
            data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        sent.update(headers or {})
        return self.session.request(method, self.base + path, data=data, params=params,
                                    headers=sent, timeout=30, allow_redirects=False)

    def one(self, flag, context=ABSENT, **more):
        body = {} if context is ABSENT else {"context": context}
        return self.call("POST", ONE + flag, body, **more)

    def all(self, context=ABSENT, **more):
        body = {} if context is ABSENT else {"context": context}
        return self.call("POST", ALL, body, **more)


def subject(key="user-1", **attributes):
    return {"targetingKey": key, **attributes}


def evaluation(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert isinstance(body["key"], str)
    assert isinstance(body["variant"], str)
    assert isinstance(body["metadata"], dict)
    assert body["reason"] in REASONS
    assert set(body) <= {"key", "value", "variant", "metadata", "reason"}
    assert body.get("value", "") is not None
    return body


def refusal(answer, status, code="GENERAL", key=None):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert body["errorCode"] == code
    assert isinstance(body["errorDetails"], str) and body["errorDetails"]
    assert body["metadata"] == {}
    assert body.get("key") == key
    assert set(body) == {"errorCode", "errorDetails", "metadata"} | ({"key"} if key else set())
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag, Retry-After"
    return body


def flags_of(answer):
    assert answer.status_code == 200, answer.text
    return {flag["key"]: flag for flag in answer.json()["flags"]}


@pytest.fixture
def put(app, server):
    """Makes these the app's flags; returns clients with a server and a browser key."""
    server_key, browser_key = app.key("sdk"), app.key("pub")

    def make(flags, **more):
        data_of(app.put(app.draft(flags, version=app.version(), **more)))
        return Client(server, server_key), Client(server, browser_key)

    return make


@pytest.fixture
def usual(put):
    return put({"static": core_flag(7), "plan": targeted_flag(),
                "split": core_flag(**SWITCH, fallthrough=SPLIT),
                "dark": core_flag(enabled=False), "hidden": core_flag(visibility="server")})


# ---- rule 1: a JSON object, whatever the status ---------------------------------------------------
def test_every_refusal_is_an_object(usual, server):
    client, _ = usual
    refusal(client.one("static", key=None), 401, key="static")
    refusal(client.one("static", key="pub_nonsense"), 401, key="static")
    refusal(client.one("static", key=server.token), 403, key="static")
    refusal(client.one("nothing"), 404, "FLAG_NOT_FOUND", key="nothing")
    refusal(client.call("GET", ONE + "static"), 405, key="static")
    refusal(client.one("static", {"a": "x" * 70000}), 413, key="static")
    refusal(client.all(key=None), 401)
    refusal(client.all(key=server.token), 403)
    refusal(client.call("DELETE", ALL), 405)
    refusal(client.all({"a": "x" * 70000}), 413)
    refusal(client.call("GET", "/ofrep/v1/configuration"), 404)
    refusal(client.call("POST", "/ofrep/v2/evaluate/flags", {}), 404)
    refusal(client.call("GET", "/ofrep/v1/events", token="x"), 401)


def test_a_wrong_method_hears_which_are_right(usual):
    client, _ = usual
    assert client.call("GET", ALL).headers["Allow"] == "POST, OPTIONS"
    assert client.call("PUT", ONE + "a", {}).headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("sent", [
    b"POST /ofrep/v1/evaluate/flags/static HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\n{}",
    b"POST /ofrep/v1/evaluate/flags/a%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /ofrep/v1/evaluate/flags/../flags HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_what_is_no_http_is_refused_in_the_same_form(server, sent):
    received, closed = converse(server, sent)
    head, body = received.split(b"\r\n\r\n", 1)
    assert b" 400 " in head.split(b"\r\n")[0]
    assert closed
    assert json.loads(body)["errorCode"] == "GENERAL"
    assert json.loads(body)["metadata"] == {}


# ---- rule 2: success -------------------------------------------------------------------------------
def test_a_success_says_everything(usual):
    client, _ = usual
    assert evaluation(client.one("static", subject())) == {
        "key": "static", "value": 7, "reason": "STATIC", "variant": "only", "metadata": {}}
    assert evaluation(client.one("plan", subject(plan="pro"))) == {
        "key": "plan", "value": True, "reason": "TARGETING_MATCH", "variant": "on",
        "metadata": {}}
    assert evaluation(client.one("plan", subject()))["reason"] == "DEFAULT"
    assert evaluation(client.one("split", subject()))["reason"] == "SPLIT"


def test_a_flag_that_is_off_has_no_value(usual):
    client, _ = usual
    assert evaluation(client.one("dark", subject())) == {
        "key": "dark", "reason": "DISABLED", "variant": "only", "metadata": {}}


def test_flags_of_names_answer_with_payloads_switches_or_names(server):
    project = Town(server).project()
    client = Client(server, project.web.key)
    cases = [
        ([{"key": "on"}], {"value": True, "variant": "on"}),
        ([{"key": "red"}], {"value": "red", "variant": "red"}),
        ([{"key": "red", "payload": {"size": 3}}], {"value": {"size": 3}, "variant": "red"}),
    ]
    for variants, expected in cases:
        key = fresh("named")
        project.live("flags", key, variants=variants)
        found = evaluation(client.one(key, subject()))
        assert {k: found[k] for k in ("value", "variant")} == expected


# ---- rule 3: errors --------------------------------------------------------------------------------
def test_bucketing_needs_a_key_and_nothing_else_does(usual):
    client, _ = usual
    for body in [{}, {"context": {}}, {"context": {"targetingKey": None}}, {"context": None}]:
        refusal(client.call("POST", ONE + "split", body), 400, "TARGETING_KEY_MISSING", "split")
        evaluation(client.call("POST", ONE + "static", body))
        evaluation(client.call("POST", ONE + "plan", body))


@pytest.mark.parametrize("data", [b"{", b"[]", b'"a"', b"7", b'{"context":[]}', b'{"context":"a"}',
                                  b'{"context":{"targetingKey":1}}', b'{"context":{"a":NaN}}',
                                  b'{"context":{"a":"\xff"}}'])
def test_a_context_that_cannot_be_read_is_invalid(usual, data):
    client, _ = usual
    refusal(client.call("POST", ONE + "static", data=data), 400, "INVALID_CONTEXT", "static")
    refusal(client.call("POST", ALL, data=data), 400, "INVALID_CONTEXT")


# ---- rule 4: metadata ------------------------------------------------------------------------------
def test_metadata_is_the_authors_and_scalar(put):
    client, _ = put({"m": core_flag(metadata={"team": "a", "ratio": 0.1, "n": 3, "on": True,
                                              "list": [1], "object": {"a": 1}})})
    found = evaluation(client.one("m", subject()))["metadata"]
    assert found == {"team": "a", "ratio": 0.1, "n": 3, "on": True}


# ---- rule 5: numbers -------------------------------------------------------------------------------
def test_numbers_keep_their_type(put):
    client, _ = put({
        "whole": core_flag(type="number", variations={"only": {"value": 1}, "b": {"value": 2}}),
        "float": core_flag(type="number", variations={"only": {"value": 1}, "b": {"value": 0.5}})})
    assert '"value":1,' in client.one("whole", subject()).text
    assert '"value":1.0,' in client.one("float", subject()).text
    assert '"value":1.0,' in client.all(subject()).text


# ---- rule 7: tags ----------------------------------------------------------------------------------
def test_a_tag_is_of_credential_context_and_answer(usual):
    client, browser = usual
    first = client.all(subject())
    tag = first.headers["ETag"]
    assert tag.startswith('"') and tag.endswith('"')
    again = client.all(subject(), headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    for other in [client.all(subject(plan="pro"), headers={"If-None-Match": tag}),
                  client.all(subject("user-2"), headers={"If-None-Match": tag}),
                  browser.all(subject(), headers={"If-None-Match": tag})]:
        assert other.status_code == 200
        assert other.headers["ETag"] != tag


def test_a_tag_lasts_until_the_answer_changes(usual, app):
    client, browser = usual
    tag = browser.all(subject()).headers["ETag"]
    data_of(app.update("hidden", value=False))
    unchanged = browser.all(subject(), headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.headers["ETag"]) == (304, tag)
    data_of(app.update("static", value=8))
    changed = browser.all(subject(), headers={"If-None-Match": tag})
    assert flags_of(changed)["static"]["value"] == 8
    assert changed.headers["ETag"] != tag


def test_tags_outlive_the_process(new_server):
    server = new_server().start()
    app = server.api().new_app("tags")
    app.add("a", "bool", True)
    client = Client(server, app.key("pub"))
    tag = client.all(subject()).headers["ETag"]
    server.restart()
    client.base = server.base
    assert client.all(subject(), headers={"If-None-Match": tag}).status_code == 304


# ---- rule 8: members beside the flags --------------------------------------------------------------
def test_streams_are_announced_by_a_path(usual):
    client, _ = usual
    body = client.all(subject()).json()
    assert set(body) == {"flags", "eventStreams"}
    stream, = body["eventStreams"]
    assert set(stream) == {"type", "endpoint", "inactivityDelaySec"}
    assert (stream["type"], stream["inactivityDelaySec"]) == ("sse", 120)
    assert set(stream["endpoint"]) == {"requestUri"}
    assert stream["endpoint"]["requestUri"].startswith("/ofrep/v1/events?token=")


def test_one_provider_gets_flags_alone(usual):
    client, _ = usual
    picky = client.all(subject(), headers={"User-Agent": "ktor-client"})
    assert set(picky.json()) == {"flags"}


# ---- rule 9: order ---------------------------------------------------------------------------------
def test_flags_come_by_key(usual):
    client, browser = usual
    assert [f["key"] for f in client.all(subject()).json()["flags"]] == \
        ["dark", "hidden", "plan", "split", "static"]
    assert [f["key"] for f in browser.all(subject()).json()["flags"]] == \
        ["dark", "plan", "split", "static"]
    assert client.all(subject()).text == client.all(subject()).text


def test_failures_stand_next_to_successes(usual):
    client, _ = usual
    found = flags_of(client.all())
    assert found["static"]["value"] == 7
    assert found["split"]["errorCode"] == "TARGETING_KEY_MISSING"
    assert set(found["split"]) == {"key", "errorCode", "errorDetails", "metadata"}


def test_one_and_all_agree(usual):
    client, _ = usual
    for n in range(20):
        context = subject(f"user-{n}", plan="pro" if n % 2 else "free")
        assert {f: client.one(f, context).json() for f in
                ["dark", "hidden", "plan", "split", "static"]} == flags_of(client.all(context))


# ---- rule 10: what comes in ------------------------------------------------------------------------
def test_unknown_members_are_overlooked(usual):
    client, _ = usual
    body = {"context": {**subject(), "deep": {"a": [1, {"b": None}]}}, "flags": ["x"], "more": 1}
    evaluation(client.call("POST", ONE + "static", body))
    assert client.call("POST", ALL, body).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/plain"},
                                     {"Content-Type": "application/json; charset=utf-8"}])
def test_an_empty_body_is_nobody(usual, headers):
    client, _ = usual
    evaluation(client.call("POST", ONE + "static", data=b"", headers=headers))
    assert client.call("POST", ALL, headers=headers).status_code == 200


@pytest.mark.parametrize("context, status", [
    ({f"a{n}": n for n in range(256)}, 200), ({f"a{n}": n for n in range(257)}, 400),
    (subject("k" * 256), 200), (subject("k" * 257), 400),
    (subject(plan="x" * 2048), 200), (subject(plan="x" * 2049), 400),
    ({"a": json.loads("[" * 7 + "]" * 7)}, 200), ({"a": json.loads("[" * 8 + "]" * 8)}, 400)])
def test_contexts_have_limits(usual, context, status):
    client, _ = usual
    assert client.one("static", context).status_code == status
    assert client.all(context).status_code == status


def test_bodies_have_a_limit(usual):
    client, _ = usual
    empty = len(json.dumps({"context": {}, "x": ""}))
    for more, status in [(0, 200), (1, 413)]:
        data = json.dumps({"context": {}, "x": "x" * (65536 - empty + more)}).encode()
        assert len(data) == 65536 + more
        assert client.call("POST", ONE + "static", data=data).status_code == status


# ---- rule 11: keys nobody knows --------------------------------------------------------------------
@pytest.mark.parametrize("path, key", [
    ("nothing", "nothing"), ("Static", "Static"), ("a%20b%2Fc", "a b/c"), ("a%20b/c", "a b/c"),
    ("a+b", "a+b"), ("static/", "static/"), ("static%2F", "static/"), ("%2525", "%25"),
    ("%C3%A4", "\u00e4"), ("a%22b", 'a"b'), ("x" * 500, "x" * 500), ("/".join("abcdefghijklmnopqrs"),
                                                                   "/".join("abcdefghijklmnopqrs"))])
def test_everything_behind_the_slash_is_the_key(usual, path, key):
    client, _ = usual
    refusal(client.one(path, subject()), 404, "FLAG_NOT_FOUND", key)


def test_keys_are_decoded_once(put):
    client, _ = put({"a.b_c-d": core_flag(1)})
    for path in ["a.b_c-d", "a%2Eb_c%2Dd", "%61.b_c-d"]:
        assert evaluation(client.one(path, subject()))["key"] == "a.b_c-d"


@pytest.mark.parametrize("path", [ALL + "/", "/" + ALL, "//ofrep/v1//evaluate/flags/"])
def test_base_addresses_may_end_in_a_slash(usual, path):
    client, _ = usual
    assert client.call("POST", path, {}).status_code == 200


# ---- credentials -----------------------------------------------------------------------------------
def test_a_key_is_shown_in_any_way(usual):
    client, _ = usual
    for headers in [{"Authorization": f"Bearer {client.key}"}, {"Authorization": client.key},
                    {"X-API-Key": client.key}, {"Authorization": f"Api-Key {client.key}"},
                    {"Authorization": f"Bearer {client.key}", "X-API-Key": client.key}]:
        evaluation(client.one("static", subject(), key=None, headers=headers))
    refusal(client.one("static", subject(), headers={"X-API-Key": "other"}), 401, key="static")


def test_browsers_see_what_browsers_may(usual):
    client, browser = usual
    evaluation(client.one("hidden", subject()))
    refusal(browser.one("hidden", subject()), 404, "FLAG_NOT_FOUND", "hidden")
    assert "hidden" not in flags_of(browser.all(subject()))


def test_deployments_see_what_is_theirs(server):
    project = Town(server).project()
    other = project.deployment()
    key = fresh("mine")
    project.live("flags", key)
    evaluation(Client(server, project.web.key).one(key, subject()))
    refusal(Client(server, other.key).one(key, subject()), 404, "FLAG_NOT_FOUND", key)
    assert flags_of(Client(server, other.key).all(subject())) == {}


def test_archived_flags_and_groups_are_nobodys(server):
    project = Town(server).project()
    client = Client(server, project.web.key)
    path = project.live("flags", fresh("gone"))
    project.edit(path, archive=True)
    project.mutex()
    assert flags_of(client.all(subject())) == {}


# ---- browsers --------------------------------------------------------------------------------------
@pytest.mark.parametrize("path, allow", [(ALL, "POST, OPTIONS"), (ONE + "a", "POST, OPTIONS"),
                                         ("/ofrep/v1/events", "GET, HEAD, OPTIONS")])
def test_a_preflight_needs_no_credential(usual, path, allow):
    client, _ = usual
    answer = client.call("OPTIONS", path, key=None, headers={
        "Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-tenant"})
    assert answer.status_code == 204
    assert answer.headers["Allow"] == allow
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag, Retry-After"
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    allowed = {name.strip().lower()
               for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed == {"content-type", "if-none-match", "authorization", "x-api-key", "x-tenant"}
    assert set(answer.headers["Access-Control-Allow-Methods"].split(", ")) == \
        {"GET", "POST", "OPTIONS"}


def test_answers_may_be_read_by_any_page(usual):
    client, _ = usual
    for answer in [client.one("static", subject()), client.all(subject())]:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Expose-Headers"] == "ETag, Retry-After"
        assert answer.headers["Cache-Control"] == "no-store"
    tag = client.all(subject()).headers["ETag"]
    unchanged = client.all(subject(), headers={"If-None-Match": tag})
    assert unchanged.headers["Access-Control-Expose-Headers"] == "ETag, Retry-After"


def test_large_answers_are_compressed_on_request(put):
    client, _ = put({f"flag-{n}": core_flag(n) for n in range(50)})
    plain = client.all(subject(), headers={"Accept-Encoding": "identity"})
    small = client.all(subject(), headers={"Accept-Encoding": "gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert small.json()["flags"] == plain.json()["flags"]
    assert small.headers["ETag"] != plain.headers["ETag"]


# ---- what was announced is served ------------------------------------------------------------------
@contextlib.contextmanager
def followed(client):
    """Yields a list that grows by (when, event) as events come."""
    uri = client.all(subject()).json()["eventStreams"][0]["endpoint"]["requestUri"]
    answer = requests.get(client.base + uri, stream=True, timeout=60,
                          headers={"Accept": "text/event-stream"})
    assert answer.status_code == 200
    events = []

    def read():
        with contextlib.suppress(Exception):
            for line in answer.iter_lines(chunk_size=1):
                if line.startswith(b"data: "):
                    events.append(json.loads(line[6:]))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    yield events
    answer.raw._fp.fp.raw._sock.shutdown(2)  # pylint: disable=protected-access
    reader.join(10)


def test_who_is_told_to_look_finds_what_is_new(usual, app):
    client, browser = usual
    tag = browser.all(subject()).headers["ETag"]
    with followed(browser) as events:
        wait_until(lambda: len(events) == 1, "the event that every stream begins with")
        for value in range(100, 120):
            data_of(app.update("static", value=value))
            wait_until(lambda: len(events) > value - 99, "the news of a change")
            answer = browser.all(subject(), headers={"If-None-Match": tag},
                                 flagConfigEtag=events[-1]["etag"],
                                 flagConfigLastModified=events[-1]["lastModified"])
            assert flags_of(answer)["static"]["value"] == value
            tag = answer.headers["ETag"]


def test_changes_of_what_is_not_seen_are_not_told(usual, app):
    _, browser = usual
    with followed(browser) as events:
        wait_until(lambda: len(events) == 1, "the event that every stream begins with")
        data_of(app.update("hidden", value=False))
        time.sleep(0.5)
        assert len(events) == 1
        data_of(app.update("static", value=9))
        wait_until(lambda: len(events) == 2, "the news of a change")
        assert events[0]["etag"] != events[1]["etag"]


@pytest.mark.parametrize("params", [{"flagConfigEtag": '"x"', "flagConfigLastModified": "1"},
                                    {"flagConfigLastModified": "2099-01-01T00:00:00Z"},
                                    {"flagConfigLastModified": "nonsense"}, {"unknown": "x"}])
def test_what_the_stream_said_may_come_along(usual, params):
    client, _ = usual
    tag = client.all(subject()).headers["ETag"]
    assert client.all(subject(), **params).headers["ETag"] == tag
    unchanged = client.all(subject(), headers={"If-None-Match": tag}, **params)
    assert unchanged.status_code == 304


# ---- what is remembered ----------------------------------------------------------------------------
def test_sticky_experiments_are_the_same_in_both_languages(server):
    project = Town(server).project()
    client = Client(server, project.web.key)
    key = fresh("sticky")
    path = project.live("experiments", key, variants=[{"key": "red"}, {"key": "blue"}],
                        stickyBucketing=True, evaluationMode="remote", bucketingKey="user_id",
                        rolloutWeights={"red": 1, "blue": 0})
    assert evaluation(client.one(key, subject("ann")))["variant"] == "red"
    assert flags_of(client.all(subject("bea")))[key]["variant"] == "red"
    assert project.vardata({"user_id": "cem"}, [key])[key]["key"] == "red"
    project.edit(path, rolloutWeights={"red": 0, "blue": 1})
    for person in ["ann", "bea", "cem"]:
        assert project.vardata({"user_id": person}, [key])[key]["key"] == "red"
        assert evaluation(client.one(key, subject(person)))["variant"] == "red"
        assert flags_of(client.all(subject(person)))[key]["variant"] == "red"
    assert evaluation(client.one(key, subject("new")))["variant"] == "blue"


def test_a_server_that_asks_about_an_experiment_assigns(new_server):
    import sqlite3
    server = new_server("--management-per-second=0").start()
    project = Town(server).project()
    client = Client(server, project.web.key)
    test, plain = fresh("test"), fresh("plain")
    project.live("experiments", test, variants=[{"key": "red"}, {"key": "blue"}],
                 bucketingKey="user_id", evaluationMode="remote")
    project.live("flags", plain)
    for _ in range(3):
        for flag in [test, plain, "nothing"]:
            client.one(flag, subject("ann"))
        client.all(subject("bea"))
        client.one(test, {})

    def rows():
        with contextlib.closing(sqlite3.connect(f"file:{server.data}/guidon.db?mode=ro",
                                                uri=True)) as store:
            return store.execute("SELECT kind, flag_key, subject_id, document FROM event").fetchall()

    found = wait_until(rows, "the assignment")
    time.sleep(0.3)
    assert [row[:3] for row in rows()] == [("assignment", test, "ann")] == [r[:3] for r in found]
    assert json.loads(found[0][3])["variation"] in {"red", "blue"}
