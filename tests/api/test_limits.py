# SPDX-License-Identifier: Apache-2.0
"""Every limit twice: what just fits is taken, one more is refused and nothing is stored."""
import concurrent.futures
import json

import pytest

from harness import (
    PATIENT, assert_error, converse, core_flag, data_of, is_watched_for_races, statuses)

KIB = 1024
MIB = 1024 * KIB


def nested_arrays(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def taken(response):
    assert response.status_code in (200, 201), f"{response.status_code}: {response.text[:300]}"


def refused(app, response, status=400):
    assert response.status_code == status, f"{response.status_code}: {response.text[:300]}"
    assert isinstance(response.json()["error"], str)
    assert app.version() == 0
    assert app.flags() == {}


# ---- JSON ---------------------------------------------------------------------------------------

def test_json_may_be_32_deep(app):
    taken(app.create("k", "json", nested_arrays(31)))
    assert app.flags()["k"]["value"] == nested_arrays(31)


def test_json_may_not_be_33_deep(app):
    refused(app, app.create("k", "json", nested_arrays(32)))


def test_json_that_is_nothing_but_depth_is_refused(app):
    for data in (b"[" * 100000, b'{"a":' * 50000, b"[" * 500000 + b"]" * 500000):
        refused(app, app.api.post("/flags", data=data))


def test_an_object_may_have_1000_members(app):
    taken(app.create("k", "json", {f"m{i}": i for i in range(1000)}))


def test_an_object_may_not_have_1001_members(app):
    refused(app, app.create("k", "json", {f"m{i}": i for i in range(1001)}))


def test_a_string_value_may_have_64_kib(app):
    """65,534 characters: with their quotation marks exactly 64 KiB of JSON."""
    taken(app.create("k", "string", "x" * (64 * KIB - 2)))
    assert len(app.flags()["k"]["value"]) == 64 * KIB - 2


def test_a_string_value_may_not_have_more_than_64_kib(app):
    refused(app, app.create("k", "string", "x" * (64 * KIB + 1)))


def test_a_json_value_may_have_64_kib(app):
    text = json.dumps(["x" * 1000] * 65, separators=(",", ":"))
    value = ["x" * 1000] * 65 + ["y" * (64 * KIB - len(text) - 3)]
    assert len(json.dumps(value, separators=(",", ":"))) == 64 * KIB
    taken(app.create("k", "json", value))


def test_a_json_value_may_not_have_more_than_64_kib(app):
    refused(app, app.create("k", "json", ["x" * 1000] * 66))


def number_body(app, digits):
    return json.dumps(app.at(key="k", type="number", value=0)).replace(
        '"value": 0', '"value": 0.' + "1" * (digits - 2)).encode()


def test_a_number_may_have_64_characters(app):
    taken(app.api.post("/flags", data=number_body(app, 64)))


def test_a_number_may_not_have_65_characters(app):
    refused(app, app.api.post("/flags", data=number_body(app, 65)))


# ---- bodies -------------------------------------------------------------------------------------

def filled(app, size):
    body = json.dumps(app.at(key="k", type="bool", value=True)).encode()
    return body + b" " * (size - len(body))


def test_a_management_body_may_have_1_mib(app):
    taken(app.api.post("/flags", data=filled(app, MIB)))


def test_a_management_body_may_not_have_more_than_1_mib(app):
    refused(app, app.api.post("/flags", data=filled(app, MIB + 1)), 413)


def test_a_body_that_is_announced_too_long_is_refused_before_it_is_sent(server, app):
    got, closed = converse(server, (
        "POST /api/v1/flags HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {app.api.token}\r\nContent-Length: {MIB + 1}\r\n\r\n").encode())
    assert statuses(got) == [413]
    assert closed


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer cli_stranger"}], ids=str)
def test_a_stranger_may_send_64_kib_and_not_more(app, headers):
    def send(size):
        return app.api.post("/flags", data=b" " * size, token=None, headers=headers)
    assert send(64 * 1024).status_code == 401
    assert_error(send(64 * 1024 + 1), 413)


def test_a_chunked_body_meets_the_same_limit(server, app):
    piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
    got, closed = converse(server, (
        "POST /api/v1/flags HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {app.api.token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode() + piece * 17, limit_s=10)
    assert closed
    assert statuses(got) in ([413], [])
    refused(app, app.api.post("/flags", data=b"{"))


def test_a_document_body_may_have_16_mib(app):
    body = json.dumps(app.draft({"a": core_flag()})).encode()
    response = app.api.put("/config-document", data=body + b" " * (16 * MIB - len(body)),
                           **app.at())
    assert data_of(response)["version"] == 1


def test_a_document_body_may_not_have_more_than_16_mib(app):
    body = json.dumps(app.draft({"a": core_flag()})).encode()
    refused(app, app.api.put("/config-document", data=body + b" " * (16 * MIB + 1 - len(body)),
                             **app.at()), 413)


@pytest.mark.parametrize("method,path", [("GET", "/apps"), ("GET", "/public-config"),
                                         ("DELETE", "/keys")])
def test_a_route_without_a_body_takes_none_of_a_megabyte(app, method, path):
    response = app.api.call(method, path, data=b" " * (MIB + 1))
    assert response.status_code == 413


# ---- the model ----------------------------------------------------------------------------------

def ruled(*whens):
    return core_flag(rules=[{"id": f"r{i}", "when": when, "serve": {"variation": "only"}}
                            for i, when in enumerate(whens)])


def clause(value=1, operator="eq"):
    return {"op": "match", "attribute": "a", "operator": operator, "value": value}


def chain(length):
    """Flags of which each but the last needs the next: `length` steps from first to last."""
    flags = {f"f{length:03}": core_flag()}
    for i in range(length):
        flags[f"f{i:03}"] = core_flag(prerequisites=[{"flag": f"f{i + 1:03}",
                                                      "variations": ["only"]}])
    return flags


def groups(depth):
    expression = clause()
    for i in range(depth):
        expression = {"op": ("all", "any")[i % 2], "expressions": [expression]}
    return expression


def negations(depth):
    expression = clause()
    for _ in range(depth):
        expression = {"op": "not", "expression": expression}
    return expression


def variations(count):
    return {"a": core_flag(variations={f"v{i}": {"value": True} for i in range(count)},
                           offVariation="v0", fallthrough={"variation": "v0"})}


# limit: (flags of a document with exactly n of it, the greatest n that is allowed)
MODEL = {
    "variations of a flag": (variations, 64),
    "rules of a flag": (lambda n: {"a": ruled(*[clause()] * n)}, 64),
    "clauses of a rule": (lambda n: {"a": ruled({"op": "all", "expressions": [clause()] * n})}, 32),
    "values of a clause": (lambda n: {"a": ruled(clause(list(range(n)), "in"))}, 1000),
    "nested groups": (lambda n: {"a": ruled(groups(n))}, 6),
    "nested negations": (lambda n: {"a": ruled(negations(n))}, 6),
    "prerequisite steps": (chain, 8),
    "bytes of a pattern": (lambda n: {"a": ruled(clause("x" * n, "matches"))}, 256),
}


@pytest.mark.parametrize("limit", MODEL)
def test_a_document_may_reach(app, limit):
    flags, most = MODEL[limit]
    taken(app.put(app.draft(flags(most))))


@pytest.mark.parametrize("limit", MODEL)
def test_a_document_may_not_exceed(app, limit):
    flags, most = MODEL[limit]
    refused(app, app.put(app.draft(flags(most + 1))))


def test_64_variants_are_taken(app):
    weights = [1.5] * 63 + [5.5]
    taken(app.create("k", "number", 0, variants=[{"value": i, "weight": w}
                                                 for i, w in enumerate(weights)]))


def test_66_variants_are_too_many(app):
    """66 and not 65: the value itself may live in a variation of its own."""
    weights = [1.5] * 65 + [2.5]
    refused(app, app.create("k", "number", 0, variants=[{"value": i, "weight": w}
                                                        for i, w in enumerate(weights)]))


def test_a_variation_in_a_document_may_have_64_kib(app):
    taken(app.put(app.draft({"a": core_flag("x" * (64 * KIB - 2))})))


def test_a_variation_in_a_document_may_not_have_more_than_64_kib(app):
    refused(app, app.put(app.draft({"a": core_flag("x" * (64 * KIB + 1))})))


def test_500_segments_are_taken(app):
    taken(app.put(app.draft({}, {f"s{i}": {"included": ["u"]} for i in range(500)})))


def test_501_segments_are_too_many(app):
    refused(app, app.put(app.draft({}, {f"s{i}": {"included": ["u"]} for i in range(501)})))


def test_a_segment_key_may_have_64_bytes(app):
    taken(app.put(app.draft({}, {"s" * 64: {"included": ["u"]}})))


def test_a_segment_key_may_not_have_65_bytes(app):
    refused(app, app.put(app.draft({}, {"s" * 65: {"included": ["u"]}})))


def members(count):
    return {"crowd": {"included": [f"user-{i}" for i in range(count)]}}


def test_a_segment_may_name_10000_targets(app):
    taken(app.put(app.draft({}, members(10000))))


def test_a_segment_may_not_name_10001_targets(app):
    refused(app, app.put(app.draft({}, members(10001))))


def spread(server, count, job):
    """Calls job(api, number) for every number, from several callers to fill the server's groups."""
    def run(callers, mine):
        api = server.api()
        return [job(api, number).status_code for number in range(mine, count, callers)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return sum(pool.map(lambda mine: run(8, mine), range(8)), [])


def test_500_apps_are_taken_and_not_one_more(new_server):
    server = new_server().start()
    codes = spread(server, 503, lambda api, i: api.post("/apps", {"name": f"app {i}"}))
    assert sorted(codes) == [201] * 500 + [400] * 3
    assert len(data_of(server.api().get("/apps"))) == 500


@pytest.mark.skipif(is_watched_for_races(), reason="500 apps come in side by side as well")
def test_2000_keys_and_tokens_are_taken_and_not_one_more(new_server):
    """The owner's token is one of them. A revoked key makes room."""
    server = new_server().start()
    app = server.api().new_app("keyring")
    codes = spread(server, 2002, lambda api, i: api.post("/keys", app.at(type="pub")))
    assert sorted(codes) == [201] * 1999 + [400] * 3
    keys = app.keys()
    assert len(keys) == 1999
    data_of(app.api.delete("/keys", keyId=keys[7]["id"]))
    assert app.config(app.key("sdk"), "/config").status_code == 200


@pytest.mark.skipif(is_watched_for_races(), reason="one request after the other")
def test_10000_flags_are_taken_and_not_one_more(new_server):
    server = new_server(*PATIENT).start()
    app = server.api().new_app("crowded")
    flags = {f"f{i}": core_flag() for i in range(10001)}
    assert app.put(app.draft(flags)).status_code == 400
    assert app.version() == 0
    del flags["f10000"]
    assert data_of(app.put(app.draft(flags))) == {"version": 1, "flags": 10000, "segments": 0}
    assert_error(app.create("one-more", "bool", True), 400)
    assert app.version() == 1
    assert len(app.config(app.key("pub")).json()["doc"]["flags"]) == 10000
    data_of(app.remove("f7"))
    assert app.add("one-more", "bool", True)["version"] == 3


# ---- heads --------------------------------------------------------------------------------------

def ask(server, line=None, headers=()):
    """The status of a request with this request line and these header lines."""
    line = line or "GET /api/v1/nothing HTTP/1.1"
    head = "\r\n".join([line, "Host: x", "Connection: close", *headers])
    got, closed = converse(server, (head + "\r\n\r\n").encode())
    assert closed
    return statuses(got)[0]


def line_of(size):
    """A request line of so many bytes, its CRLF not counted."""
    before, after = "GET /api/v1/nothing?", " HTTP/1.1"
    return before + "q" * (size - len(before) - len(after)) + after


def test_a_request_line_may_have_8_kib(server):
    assert ask(server, line_of(8190)) == 404


def test_a_longer_request_line_is_414(server):
    assert ask(server, line_of(8193)) == 414


def test_a_path_without_end_is_414_without_waiting_for_its_end(server):
    got, closed = converse(server, b"GET /" + b"a" * 100000)
    assert closed
    assert statuses(got) == [414]


def test_64_headers_are_taken(server):
    assert ask(server, headers=[f"X-{i}: v" for i in range(62)]) == 404


def test_65_headers_are_431(server):
    assert ask(server, headers=[f"X-{i}: v" for i in range(63)]) == 431


def test_a_header_value_may_have_32_kib(server):
    assert ask(server, headers=["X: " + "v" * 32768]) == 404


def test_a_longer_header_value_is_431(server):
    assert ask(server, headers=["X: " + "v" * 32769]) == 431


def test_headers_may_have_nearly_64_kib_together(server):
    assert ask(server, headers=["X: " + "v" * 31000, "Y: " + "v" * 31000,
                                "Z: " + "v" * 2900]) == 404


def test_headers_beyond_64_kib_together_are_431(server):
    assert ask(server, headers=["X: " + "v" * 31000, "Y: " + "v" * 31000,
                                "Z: " + "v" * 3600]) == 431


def test_a_header_without_end_is_431_without_waiting_for_its_end(server):
    got, closed = converse(server, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100000)
    assert closed
    assert statuses(got) == [431]


def test_a_header_name_without_end_is_refused(server):
    got, closed = converse(server, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a" * 100000)
    assert closed
    assert statuses(got)[0] in (400, 431)


def test_a_limit_reached_is_told_in_json(server):
    got, _ = converse(server, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"v" * 40000 + b"\r\n\r\n")
    assert json.loads(got.split(b"\r\n\r\n", 1)[1])["error"]
