# SPDX-License-Identifier: Apache-2.0
"""Core documents: the extension that reads and writes them, and when SDKs are served one."""
import json

import pytest

from harness import assert_error, core_flag, data_of, targeted_flag

CLIENT_SEGMENT = {"included": ["u1"], "visibility": "client"}


def put(app, flags, segments=None, env="production", **more):
    return data_of(app.put(app.draft(flags, segments, env), env, **more))


def refused(app, document, path=None, message=None):
    """The document is refused, with its issues, and nothing is stored."""
    with app.unchanged():
        response = app.put(document)
        assert response.status_code == 400, response.text[:500]
        body = response.json()
        assert set(body) == {"error", "issues"}
        assert body["issues"]
        assert all(set(issue) == {"path", "message"} for issue in body["issues"])
        first = body["issues"][0]
        assert body["error"] == f"{first['path']}: {first['message']}"
        if path is not None:
            found = [(issue["path"], issue["message"]) for issue in body["issues"]]
            assert (path, message) in found
    return body


def test_a_document_read_is_what_was_written(app):
    flags = {"plain": core_flag("x"), "ruled": targeted_flag(metadata={"team": "a"})}
    segments = {"beta": CLIENT_SEGMENT}
    assert put(app, flags, segments) == {"version": 1, "flags": 2, "segments": 1}
    document = app.document()
    assert document["schemaVersion"] == 1
    assert document["source"] == {"app": app.id, "environment": "production"}
    assert document["configVersion"] == 1
    assert document["flags"] == flags
    assert document["segments"] == segments


def test_a_document_may_be_written_back_as_it_was_read(app):
    put(app, {"plain": core_flag("x"), "ruled": targeted_flag()}, {"beta": CLIENT_SEGMENT})
    document = app.document()
    assert data_of(app.put(document))["version"] == 2
    assert app.document() == {**document, "configVersion": 2}


def test_a_flag_made_by_the_management_api_keeps_its_form_through_a_round_trip(app):
    app.add("k", "string", "x", rollout={"percentage": 12.5}, clientEnabled=True)
    app.add("v", "string", "x", variants=[{"value": "a", "weight": 100, "name": "n"}])
    listed, public = app.flags(), app.config(app.key("pub")).json()["doc"]
    data_of(app.put(app.document()))
    assert app.flags() == listed
    assert app.config(app.key("pub")).json()["doc"] == public


def test_a_document_replaces_everything_in_one_version(app):
    for i in range(5):
        app.add(f"old{i}", "bool", True)
    assert put(app, {"new": core_flag(1)}) == {"version": 6, "flags": 1, "segments": 0}
    assert list(app.document()["flags"]) == ["new"]
    assert list(app.flags()) == ["new"]


def test_a_document_may_be_empty(app):
    app.add("a", "bool", True)
    assert put(app, {}) == {"version": 2, "flags": 0, "segments": 0}
    assert app.flags() == {}


def test_the_document_carries_an_etag_of_its_version(app):
    app.add("a", "bool", True)
    response = app.api.get("/config-document", **app.at())
    assert response.headers["ETag"] == '"v1"'


def test_if_match_with_the_current_version_writes(app):
    app.add("a", "bool", True)
    assert put(app, {"b": core_flag()}, headers={"If-Match": '"v1"'})["version"] == 2


@pytest.mark.parametrize("etag", ['"v1"', '"v3"', '"v0"'])
def test_if_match_with_another_version_is_412_and_writes_nothing(app, etag):
    app.add("a", "bool", True)
    app.add("b", "bool", True)
    with app.unchanged():
        assert_error(app.put(app.draft({}), headers={"If-Match": etag}), 412)


@pytest.mark.parametrize("etag", ['"2x"', "v2", '"v"', "x", '"v99999999999999999999"', '"v-2"'])
def test_an_if_match_that_is_no_version_never_writes(app, etag):
    app.add("a", "bool", True)
    with app.unchanged():
        response = app.put(app.draft({}), headers={"If-Match": etag})
        assert response.status_code in (400, 412)


def test_a_document_belongs_to_one_environment(app):
    put(app, {"a": core_flag()}, env="staging")
    assert app.document("production")["flags"] == {}
    assert app.config(app.key("pub", "staging")).json()["doc"]["flags"].keys() == {"a"}


@pytest.mark.parametrize("source", [
    {"app": "app_other", "environment": "production"}, {"app": "", "environment": "production"}],
    ids=str)
def test_the_source_must_be_this_app(app, source):
    with app.unchanged():
        assert app.put({**app.draft({}), "source": source}).status_code == 400


def test_the_source_must_be_this_environment(app):
    with app.unchanged():
        document = app.draft({})
        document["source"]["environment"] = "staging"
        assert app.put(document).status_code == 400


def test_the_name_of_the_app_is_not_its_id(app):
    with app.unchanged():
        document = app.draft({})
        document["source"]["app"] = app.name
        assert app.put(document).status_code == 400


ISSUES = {
    "schema": ({"schemaVersion": 2}, "$.schemaVersion", "must equal 1"),
    "schema-text": ({"schemaVersion": "1"}, "$.schemaVersion", "must equal 1"),
    "version": ({"configVersion": -1}, "$.configVersion", "must be a non-negative safe integer"),
    "version-fraction": ({"configVersion": 1.5}, "$.configVersion",
                         "must be a non-negative safe integer"),
    "source": ({"source": None}, "$.source", "must be an object"),
    "flags": ({"flags": []}, "$.flags", "must be an object"),
    "segments": ({"segments": []}, "$.segments", "must be an object"),
    "metadata": ({"metadata": []}, "$.metadata", "must contain only JSON values"),
    "flag": ({"flags": {"a": 1}}, "$.flags.a", "must be an object"),
}


@pytest.mark.parametrize("name", ISSUES)
def test_a_bad_document_is_refused_with_the_vendors_issue(app, name):
    change, path, message = ISSUES[name]
    refused(app, {**app.draft({}), **change}, path, message)


def ruled(when, **rule):
    return core_flag(rules=[{"id": "r", "when": when, "serve": {"variation": "only"}, **rule}])


def matching(**members):
    return {"op": "match", "attribute": "a", "operator": "eq", "value": 1, **members}


RULE = "$.flags.a.rules[0]"
FLAG_ISSUES = {
    "enabled": (core_flag(enabled="yes"), "$.flags.a.enabled", "must be a boolean"),
    "type": (core_flag(type="json"), "$.flags.a.type",
             "must be boolean, string, number, or object"),
    "owner": (core_flag(owner=" "), "$.flags.a.owner", "must be a non-empty string"),
    "lifecycle": (core_flag(lifecycle="new"), "$.flags.a.lifecycle",
                  "must be draft, active, deprecated, or archived"),
    "tags": (core_flag(tags=["x", "x"]), "$.flags.a.tags", "must not contain duplicates"),
    "variations": (core_flag(variations={}), "$.flags.a.variations",
                   "must be a non-empty object"),
    "null-value": (core_flag(variations={"only": {"value": None}}),
                   "$.flags.a.variations.only.value", "must be a non-null JSON value"),
    "kind": (core_flag(type="string"), "$.flags.a.variations.only.value",
             "must match declared flag type string"),
    "off": (core_flag(offVariation="x"), "$.flags.a.offVariation",
            "must reference a variation on this flag"),
    "serve": (core_flag(fallthrough={}), "$.flags.a.fallthrough",
              "must specify exactly one of variation, rollout, or progressive"),
    "serve-null-counts": (core_flag(fallthrough={"variation": "only", "rollout": None}),
                          "$.flags.a.fallthrough",
                          "must specify exactly one of variation, rollout, or progressive"),
    "weights": (core_flag(fallthrough={"rollout": {"variations": [
        {"variation": "only", "weight": 100001}]}}), "$.flags.a.fallthrough.rollout",
        "weights must total at most 100000"),
    "visibility": (core_flag(visibility="public"), "$.flags.a.visibility",
                   "must be client or server"),
    "prerequisite": (core_flag(prerequisites=[{"flag": "b", "variations": ["on"]}]),
                     "$.flags.a.prerequisites[0].flag", "must reference an existing flag"),
    "schedule": (core_flag(schedule={"start": "2031-01-01"}), "$.flags.a.schedule.start",
                 "must be an ISO-8601 instant"),
    "operator": (ruled(matching(operator="like")), f"{RULE}.when.operator", "is not supported"),
    "segment": (ruled({"op": "segment", "segment": "none"}), f"{RULE}.when.segment",
                "must reference an existing segment"),
    "no-value": (ruled({"op": "match", "attribute": "a", "operator": "eq"}), f"{RULE}.when.value",
                 "is required for this operator"),
    "rule-id": (core_flag(rules=[{"id": "r", "when": matching(),
                                  "serve": {"variation": "only"}}] * 2),
                "$.flags.a.rules[1].id", "must be unique within the flag"),
}


@pytest.mark.parametrize("name", FLAG_ISSUES)
def test_a_bad_flag_is_refused_with_the_vendors_issue(app, name):
    flag, path, message = FLAG_ISSUES[name]
    refused(app, app.draft({"a": flag}), path, message)


@pytest.mark.parametrize("when", [{"op": "all"}, {"op": "any", "expressions": {}}, {"op": "not"},
                                  {"op": "xor"}, {}, None, "all", [], matching(attribute="")],
                         ids=str)
def test_a_bad_expression_is_refused(app, when):
    refused(app, app.draft({"a": ruled(when)}))


@pytest.mark.parametrize("rule", [{"id": "r", "serve": {"variation": "only"}}, 1, None, {}],
                         ids=str)
def test_a_malformed_rule_lists_issues_also_for_client_flags(app, rule):
    """Quirk 11: the vendor's library throws here; a server has to answer."""
    refused(app, app.draft({"a": core_flag(rules=[rule])}))


def test_all_issues_are_listed_not_just_the_first(app):
    body = refused(app, app.draft({"a": core_flag(owner="", enabled=1), "b": 5}))
    assert [issue["path"] for issue in body["issues"]] == \
        ["$.flags.a.enabled", "$.flags.a.owner", "$.flags.b"]


def test_a_client_flag_cannot_lean_on_a_server_flag(app):
    flags = {"a": core_flag(prerequisites=[{"flag": "b", "variations": ["only"]}]),
             "b": core_flag(visibility="server")}
    assert "client flag references server flag b" in refused(app, app.draft(flags))["error"]


def test_a_client_flag_cannot_use_a_server_segment(app):
    flags = {"a": ruled({"op": "segment", "segment": "s"})}
    error = refused(app, app.draft(flags, {"s": {"included": ["u"]}}))["error"]
    assert "client flag references server segment s" in error


@pytest.mark.parametrize("flags", [
    {"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "a"}], ids=str)
def test_prerequisites_that_go_in_circles_are_refused(app, flags):
    document = app.draft({key: core_flag(prerequisites=[{"flag": needs, "variations": ["only"]}])
                          for key, needs in flags.items()})
    with app.unchanged():
        assert app.put(document).status_code == 400


@pytest.mark.parametrize("pattern", ["(?<=a)b", "(?<!a)b", r"(a)\1", r"(?<n>a)\k<n>", "(", "[", "*",
                                     r"\q", "(?<a"])
def test_a_pattern_that_cannot_run_within_bounds_is_refused(app, pattern):
    refused(app, app.draft({"a": ruled(matching(operator="matches", value=pattern))}))


@pytest.mark.parametrize("pattern", ["^a+$", r"^[\w.]+@example\.(com|org)$", r"\p{L}+", "", "é|ü",
                                     r"\u{1F680}", "a{2,5}?", "(?:x)(?=y)"])
def test_an_ordinary_pattern_is_taken(app, pattern):
    put(app, {"a": ruled(matching(operator="matches", value=pattern))})


def test_a_flag_with_a_rule_is_served_as_the_hybrid_document(app):
    put(app, {"ruled": targeted_flag(), "plain": core_flag("x")})
    for path, kind in (("/public-config", "pub"), ("/config", "sdk")):
        body = app.config(app.key(kind), path).json()
        doc = body["doc"]
        assert doc["schemaVersion"] == 1
        assert doc["source"] == {"app": app.id, "environment": "production"}
        assert doc["configVersion"] == body["version"] == 1
        assert doc["overrides"] == {} and doc["rules"] == {}
        assert doc["flags"]["plain"]["value"] == "x"
        assert doc["flags"]["plain"]["type"] == "string"
        assert doc["flags"]["ruled"]["value"] is False
        assert doc["flags"]["ruled"]["rules"] == targeted_flag()["rules"]


def test_the_document_turns_legacy_again_when_the_rule_goes(app):
    app.add("plain", "bool", True)
    pub = app.key("pub")
    legacy = app.config(pub).json()["doc"]
    document = app.document()
    document["flags"]["ruled"] = targeted_flag()
    data_of(app.put(document))
    assert "schemaVersion" in app.config(pub).json()["doc"]
    data_of(app.remove("ruled"))
    assert app.config(pub).json()["doc"] == legacy


@pytest.mark.parametrize("change", [
    {"schedule": {"start": "2031-01-01T00:00:00Z"}},
    {"fallthrough": {"rollout": {"variations": [{"variation": "only", "weight": 100000}],
                                 "salt": "own"}}},
    {"fallthrough": {"progressive": {
        "start": "2031-01-01T00:00:00Z", "end": "2032-01-01T00:00:00Z",
        "from": {"variations": [{"variation": "only", "weight": 0}]},
        "to": {"variations": [{"variation": "only", "weight": 100000}]}}}},
    {"prerequisites": [{"flag": "base", "variations": ["only"]}]}, {"enabled": False}],
    ids=["schedule", "salt", "progressive", "prerequisite", "disabled"])
def test_what_the_legacy_form_cannot_say_is_served_as_core(app, change):
    put(app, {"base": core_flag(), "k": core_flag(**change)})
    doc = app.config(app.key("pub")).json()["doc"]
    assert doc["schemaVersion"] == 1
    for member, value in change.items():
        assert doc["flags"]["k"][member] == value


def test_a_rule_on_a_server_flag_leaves_the_clients_document_legacy(app):
    app.add("plain", "string", "x")
    document = app.document()
    document["flags"]["ruled"] = targeted_flag(visibility="server")
    data_of(app.put(document))
    text = app.config(app.key("pub")).text
    assert "schemaVersion" not in json.loads(text)["doc"]
    assert "ruled" not in text
    full = app.config(app.key("sdk"), "/config").json()["doc"]
    assert full["flags"]["ruled"]["rules"] == targeted_flag()["rules"]


def test_the_public_projection_keeps_back_metadata_server_flags_and_server_segments(app):
    document = app.draft({"ruled": ruled({"op": "segment", "segment": "open"},
                                         description="rule text"),
                          "hidden-flag": targeted_flag(visibility="server")},
                         {"open": CLIENT_SEGMENT, "hidden-segment": {"included": ["vip-user"]}})
    document["metadata"] = {"doc-secret": 1}
    document["flags"]["ruled"]["metadata"] = {"flag-secret": 1}
    document["flags"]["ruled"]["unknown-member"] = "unknown-secret"
    data_of(app.put(document))
    text = app.config(app.key("pub")).text
    for secret in ("doc-secret", "flag-secret", "hidden-flag", "hidden-segment", "vip-user",
                   "unknown-secret"):
        assert secret not in text
    assert set(json.loads(text)["doc"]["segments"]) == {"open"}


def test_a_public_document_without_segments_has_no_such_member(app):
    put(app, {"ruled": targeted_flag()}, {"hidden": {"included": ["u"]}})
    assert "segments" not in app.config(app.key("pub")).json()["doc"]


def test_the_full_document_has_server_flags_segments_and_metadata(app):
    document = app.draft({"ruled": targeted_flag(visibility="server", metadata={"m": 1})},
                         {"hidden": {"included": ["u"]}})
    data_of(app.put(document))
    doc = app.config(app.key("sdk"), "/config").json()["doc"]
    assert doc["flags"]["ruled"]["visibility"] == "server"
    assert doc["segments"] == {"hidden": {"included": ["u"]}}


def test_format_core_serves_plain_flags_as_a_core_document(app):
    app.add("k", "json", [1], rollout={"percentage": 25})
    version = data_of(app.settings(documentFormat="core"))["version"]
    body = app.config(app.key("pub")).json()
    doc = body["doc"]
    assert doc["configVersion"] == body["version"] == version
    flag = doc["flags"]["k"]
    assert flag["type"] == "object"
    assert flag["visibility"] == "client"
    assert flag["variations"] == {"on": {"value": [1]}, "off": {"value": {}}}
    assert flag["offVariation"] == "off"
    assert flag["fallthrough"] == {"rollout": {"variations": [
        {"variation": "on", "weight": 25000}, {"variation": "off", "weight": 75000}],
        "salt": "legacy"}}
    assert "rollout" not in flag


def test_variants_become_weighted_variations_in_core_form(app):
    variants = [{"value": "a", "weight": 33.333}, {"value": "b", "weight": 33.333},
                {"value": "c", "weight": 33.334}]
    app.add("k", "string", "a", variants=variants)
    flag = app.document()["flags"]["k"]
    assert {key: v["value"] for key, v in flag["variations"].items()}.items() >= {
        "variant-0": "a", "variant-1": "b", "variant-2": "c"}.items()
    assert flag["offVariation"] == "variant-0"
    assert flag["fallthrough"]["rollout"] == {"salt": "legacy", "variations": [
        {"variation": "variant-0", "weight": 33333}, {"variation": "variant-1", "weight": 33333},
        {"variation": "variant-2", "weight": 33334}]}


@pytest.mark.parametrize("percentage,weight", [(0, 0), (100, 100000), (0.001, 1), (0.0005, 1),
                                               (0.0004, 0), (33.3335, 33334), (12.3455, 12346)])
def test_percentages_round_to_weights_as_javascript_does(app, percentage, weight):
    app.add("k", "bool", True, rollout={"percentage": percentage})
    allocations = app.document()["flags"]["k"]["fallthrough"]["rollout"]["variations"]
    assert allocations == [{"variation": "on", "weight": weight},
                           {"variation": "off", "weight": 100000 - weight}]


def test_format_legacy_leaves_out_what_it_cannot_say(app):
    app.add("plain", "string", "x")
    document = app.document()
    document["flags"]["ruled"] = targeted_flag()
    data_of(app.put(document))
    data_of(app.settings(documentFormat="legacy"))
    doc = app.config(app.key("pub")).json()["doc"]
    assert "schemaVersion" not in doc
    assert set(doc["flags"]) == {"plain"}
    assert doc["flags"]["plain"]["value"] == "x"


def test_switching_the_format_there_and_back_is_two_versions_and_no_change(app):
    app.add("k", "bool", True, rollout={"percentage": 5})
    pub = app.key("pub")
    before = app.config(pub).json()
    data_of(app.settings(documentFormat="core"))
    data_of(app.settings(documentFormat="auto"))
    after = app.config(pub).json()
    assert after["doc"] == before["doc"]
    assert after["version"] == before["version"] + 2


def test_a_hybrid_says_percentages_as_two_variants(app):
    """Pre-0.5 clients choose the off value by the legacy type name, so `rollout` is no use."""
    app.add("k", "bool", True, rollout={"percentage": 25})
    document = app.document()
    document["flags"]["ruled"] = targeted_flag()
    data_of(app.put(document))
    flag = app.config(app.key("pub")).json()["doc"]["flags"]["k"]
    assert "rollout" not in flag
    assert [(v["value"], v["weight"]) for v in flag["variants"]] == [(True, 25), (False, 75)]


def test_a_targeted_flag_is_listed_by_the_management_api(app):
    put(app, {"ruled": targeted_flag(), "object": core_flag({"a": 1})})
    flags = app.flags()
    assert flags["ruled"]["type"] == "bool"
    assert flags["object"] == {"type": "json", "value": {"a": 1}, "clientEnabled": True}


def test_a_targeted_flag_can_be_deleted_by_the_management_api(app):
    put(app, {"ruled": targeted_flag(), "plain": core_flag()})
    assert data_of(app.remove("ruled")) == {"version": 2}
    assert list(app.document()["flags"]) == ["plain"]


def test_a_change_through_the_management_api_keeps_the_rules(app):
    put(app, {"ruled": targeted_flag(), "plain": core_flag("x")})
    data_of(app.update("plain", value="y"))
    assert app.document()["flags"]["ruled"] == targeted_flag()
