# SPDX-License-Identifier: Apache-2.0
"""Flags: types, keys, values, rollouts, variants, visibility, and how they change."""
import json

import pytest

from harness import assert_error, data_of

VALUES = {
    "true": ("bool", True), "false": ("bool", False), "text": ("string", "Hi"),
    "empty-text": ("string", ""), "zero": ("number", 0), "negative": ("number", -25),
    "fraction": ("number", 0.1), "max-safe": ("number", 2**53 - 1),
    "min-safe": ("number", -(2**53 - 1)), "huge": ("number", 1.7976931348623157e308),
    "tiny": ("number", 5e-324), "long-fraction": ("number", 3.141592653589793),
    "exponent": ("number", 1e21), "small-exponent": ("number", 1e-7),
    "object": ("json", {"max": 3}), "empty-object": ("json", {}), "array": ("json", [1, "a", None]),
    "empty-array": ("json", []), "nulls-inside": ("json", {"a": None, "b": [None]}),
    "nested": ("json", {"a": {"b": {"c": [1, {"d": [[], {}]}]}}}),
    "emoji": ("string", "\U0001f680 \U0001f468\u200d\U0001f469\u200d\U0001f467"),
    "right-to-left": ("string", "\u202eשלום مرحبا"), "separators": ("string", "a\u2028b\u2029c"),
    "controls": ("string", "".join(map(chr, range(1, 32)))), "quotes": ("string", '"\\/</script>'),
    "non-characters": ("string", "\ufffe\uffff\U0010ffff"), "del": ("string", "\x7f\x80"),
    "unicode-members": ("json", {"ключ": "значение", "": 1, "__proto__": 2, "a b": 3}),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_back_as_it_was_posted(app, name):
    kind, value = VALUES[name]
    assert app.add("k", kind, value) == {"version": 1, "flag": {"type": kind, "value": value}}
    assert app.flags() == {"k": {"type": kind, "value": value}}
    flag = app.config(app.key("pub")).json()["doc"]["flags"]["k"]
    assert (flag["type"], flag["value"]) == (kind, value)


@pytest.mark.parametrize("name", VALUES)
def test_a_value_survives_an_update(app, name):
    kind, value = VALUES[name]
    start = {"bool": not value, "string": "start", "number": 7, "json": {"start": []}}[kind]
    app.add("k", kind, start)
    assert data_of(app.update("k", value=value))["flag"] == {"type": kind, "value": value}
    assert app.flags() == {"k": {"type": kind, "value": value}}


def test_the_order_of_members_inside_a_value_is_kept(app):
    text = json.dumps(app.at(key="k", type="json", value={"z": 1, "a": 2, "m": 3})).encode()
    data_of(app.api.post("/flags", data=text), 201)
    assert list(app.flags()["k"]["value"]) == ["z", "a", "m"]


@pytest.mark.parametrize("kind,value", [
    ("bool", 1), ("bool", 0), ("bool", "true"), ("bool", None), ("bool", {}), ("bool", []),
    ("string", 1), ("string", True), ("string", None), ("string", {}), ("string", ["a"]),
    ("number", "1"), ("number", True), ("number", None), ("number", {}), ("number", [1]),
    ("json", None), ("json", True), ("json", 1), ("json", "{}"), ("json", "")])
def test_a_value_of_another_type_is_refused(app, kind, value):
    good = {"bool": True, "string": "", "number": 0, "json": {}}[kind]
    app.add("there", kind, good)
    with app.unchanged():
        assert_error(app.create("k", kind, value), 400)
        assert_error(app.update("there", value=value), 400)
        assert_error(app.bulk({"there": value}), 400)


@pytest.mark.parametrize("kind", ["boolean", "object", "array", "int", "Bool", "", "null"])
def test_an_unknown_type_is_refused_in_the_documented_words(app, kind):
    with app.unchanged():
        assert_error(app.create("k", kind, True), 400, "Invalid flag type")


@pytest.mark.parametrize("text", ["1e309", "-1e309", "1e999999"])
def test_a_number_must_be_finite(app, text):
    body = json.dumps(app.at(key="k", type="number", value=0)).replace(": 0}", f": {text}}}")
    with app.unchanged():
        assert_error(app.api.post("/flags", data=body.encode()), 400)


@pytest.mark.parametrize("key", ["a", "Z", "0", "42", "a.b-c_d", "A9", "x" * 96, "toStrings",
                                 "proto", "a..b", "null", "true"])
def test_a_key_of_the_documented_form_is_taken(app, key):
    app.add(key, "bool", True)
    assert list(app.flags()) == [key]


@pytest.mark.parametrize("key", [
    "", " ", "a b", ".a", "-a", "_a", "a/b", "a:b", "ü", "aü", "a\n", "\u0000", "a\u0000", "x" * 97,
    "a\U0001f680", "__proto__", "constructor", "prototype", "toString", "valueOf",
    "hasOwnProperty"], ids=repr)
def test_a_key_of_any_other_form_is_refused(app, key):
    with app.unchanged():
        assert_error(app.create(key, "bool", True), 400)


def test_keys_differ_by_case(app):
    app.add("Key", "bool", True)
    app.add("key", "number", 2)
    assert app.flags() == {"Key": {"type": "bool", "value": True},
                           "key": {"type": "number", "value": 2}}


def test_a_key_is_taken_once(app):
    app.add("k", "bool", True)
    with app.unchanged():
        assert_error(app.create("k", "string", "x"), 400, "Flag already exists")


def test_a_deleted_key_can_be_created_again_with_another_type(app):
    app.add("k", "bool", True)
    assert data_of(app.remove("k")) == {"version": 2}
    assert app.flags() == {}
    assert app.add("k", "string", "new")["version"] == 3
    assert app.flags() == {"k": {"type": "string", "value": "new"}}


def test_a_recreated_flag_inherits_nothing(app):
    app.add("k", "bool", True, clientEnabled=False, rollout={"percentage": 5})
    data_of(app.remove("k"))
    app.add("k", "bool", True)
    assert app.flags() == {"k": {"type": "bool", "value": True}}
    assert "k" in app.config(app.key("pub")).json()["doc"]["flags"]


def test_deleting_what_is_not_there_is_404(app):
    with app.unchanged():
        assert_error(app.remove("nothing"), 404, "Flag not found")


def test_deleting_twice_is_404_the_second_time(app):
    app.add("k", "bool", True)
    data_of(app.remove("k"))
    with app.unchanged():
        assert_error(app.remove("k"), 404, "Flag not found")


def test_updating_what_is_not_there_is_404(app):
    with app.unchanged():
        assert_error(app.update("nothing", value=True), 404, "Flag not found")


def test_an_update_must_change_something(app):
    app.add("k", "bool", True)
    with app.unchanged():
        assert_error(app.update("k"), 400)


def test_an_update_cannot_change_the_type(app):
    app.add("k", "bool", True)
    with app.unchanged():
        assert_error(app.update("k", type="string", value="x"), 400)


def test_an_update_to_the_same_value_still_counts_as_a_version(app):
    app.add("k", "bool", True)
    assert data_of(app.update("k", value=True))["version"] == 2


def test_an_update_touches_only_what_it_names(app):
    app.add("k", "number", 1, clientEnabled=True, rollout={"percentage": 40})
    flag = data_of(app.update("k", value=2))["flag"]
    assert flag == {"type": "number", "value": 2, "clientEnabled": True,
                    "rollout": {"percentage": 40}}
    assert app.flags() == {"k": flag}


@pytest.mark.parametrize("percentage", [0, 100, 25, 33.333, 0.001, 99.999, 0.5])
def test_a_rollout_comes_back_as_it_was_posted(app, percentage):
    flag = app.add("k", "bool", True, rollout={"percentage": percentage})["flag"]
    assert flag == {"type": "bool", "value": True, "rollout": {"percentage": percentage}}
    assert app.flags() == {"k": flag}
    served = app.config(app.key("pub")).json()["doc"]["flags"]["k"]
    assert served["rollout"] == {"percentage": percentage}


@pytest.mark.parametrize("rollout", [
    {"percentage": -0.001}, {"percentage": 100.001}, {"percentage": "50"}, {"percentage": None},
    {"percentage": True}, {"percentage": [50]}, {}, [], 50, "50", True, {"percentage": 1e308},
    {"percentage": 50, "unknown": 1}], ids=str)
def test_a_bad_rollout_is_refused(app, rollout):
    app.add("there", "bool", True)
    with app.unchanged():
        assert_error(app.create("k", "bool", True, rollout=rollout), 400)
        assert_error(app.update("there", rollout=rollout), 400)


VARIANTS = {
    "two": ("string", [{"value": "a", "weight": 60}, {"value": "b", "weight": 40}]),
    "named": ("string", [{"value": "a", "weight": 50, "name": "first"},
                         {"value": "b", "weight": 50, "name": "second"}]),
    "half-named": ("bool", [{"value": True, "weight": 99.5, "name": "on"},
                            {"value": False, "weight": 0.5}]),
    "one": ("number", [{"value": 7, "weight": 100}]),
    "zero-weight": ("number", [{"value": 1, "weight": 0}, {"value": 2, "weight": 100}]),
    "same-value-twice": ("number", [{"value": 1, "weight": 50}, {"value": 1, "weight": 50}]),
    "json": ("json", [{"value": {"a": [1]}, "weight": 30}, {"value": [2], "weight": 70}]),
    "thirds": ("string", [{"value": "a", "weight": 33.33}, {"value": "b", "weight": 33.33},
                          {"value": "c", "weight": 33.34}]),
    "sum-99.995": ("string", [{"value": "a", "weight": 33.335}, {"value": "b", "weight": 33.33},
                              {"value": "c", "weight": 33.33}]),
    "sum-100.005": ("string", [{"value": "a", "weight": 50.005}, {"value": "b", "weight": 50}]),
    "unicode-name": ("string", [{"value": "ü", "weight": 100, "name": "\U0001f680"}]),
}
# Weights are kept in thousandths of a percent, and the last variant takes what is left to 100, as
# the SDK deals them: that is what is shown.
SHOWN = {
    "sum-99.995": [{"value": "a", "weight": 33.335}, {"value": "b", "weight": 33.33},
                   {"value": "c", "weight": 33.335}],
    "sum-100.005": [{"value": "a", "weight": 50.005}, {"value": "b", "weight": 49.995}],
}
START = {"bool": True, "string": "start", "number": 0, "json": {}}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_come_back_as_they_were_posted(app, name):
    kind, variants = VARIANTS[name]
    flag = app.add("k", kind, START[kind], variants=variants)["flag"]
    assert flag == {"type": kind, "value": START[kind], "variants": SHOWN.get(name, variants)}
    assert app.flags() == {"k": flag}
    served = app.config(app.key("pub")).json()["doc"]["flags"]["k"]
    assert (served["value"], served["variants"]) == (START[kind], SHOWN.get(name, variants))


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_can_be_added_and_taken_away(app, name):
    kind, variants = VARIANTS[name]
    app.add("k", kind, START[kind])
    assert data_of(app.update("k", variants=variants))["flag"]["variants"] == SHOWN.get(name, variants)
    assert data_of(app.update("k", variants=None))["flag"] == {"type": kind,
                                                               "value": START[kind]}
    assert app.flags() == {"k": {"type": kind, "value": START[kind]}}


@pytest.mark.parametrize("variants", [
    [], {}, "a", 1, [{}], [{"value": "a"}], [{"weight": 100}], [None], ["a"], [["a", 100]],
    [{"value": "a", "weight": 99.98}], [{"value": "a", "weight": 100.02}],
    [{"value": "a", "weight": "100"}], [{"value": "a", "weight": None}],
    [{"value": "a", "weight": 150}, {"value": "b", "weight": -50}],
    [{"value": None, "weight": 100}], [{"value": 1, "weight": 100}],
    [{"value": "a", "weight": 50}, {"value": True, "weight": 50}],
    [{"value": "a", "weight": 100, "name": 5}], [{"value": "a", "weight": 100, "unknown": 1}]],
    ids=str)
def test_bad_variants_are_refused(app, variants):
    app.add("there", "string", "x")
    with app.unchanged():
        assert_error(app.create("k", "string", "x", variants=variants), 400)
        assert_error(app.update("there", variants=variants), 400)


def test_a_flag_has_a_rollout_or_variants_but_not_both(app):
    variants = [{"value": True, "weight": 100}]
    app.add("rolled", "bool", True, rollout={"percentage": 5})
    app.add("varied", "bool", True, variants=variants)
    with app.unchanged():
        assert_error(app.create("k", "bool", True, rollout={"percentage": 5}, variants=variants),
                     400)
        assert_error(app.update("rolled", variants=variants), 400)
        assert_error(app.update("varied", rollout={"percentage": 5}), 400)


def test_a_rollout_gives_way_to_variants_in_one_request(app):
    variants = [{"value": True, "weight": 100}]
    app.add("k", "bool", True, rollout={"percentage": 5})
    flag = data_of(app.update("k", rollout=None, variants=variants))["flag"]
    assert flag == {"type": "bool", "value": True, "variants": variants}
    flag = data_of(app.update("k", rollout={"percentage": 6}, variants=None))["flag"]
    assert flag == {"type": "bool", "value": True, "rollout": {"percentage": 6}}


def test_null_takes_a_rollout_away(app):
    app.add("k", "bool", True, rollout={"percentage": 5})
    assert data_of(app.update("k", rollout=None))["flag"] == {"type": "bool", "value": True}
    assert app.flags() == {"k": {"type": "bool", "value": True}}


def visible(app, key):
    return key in app.config(app.key("pub")).json()["doc"]["flags"]


def test_a_flag_is_for_clients_unless_told_otherwise(app):
    app.add("k", "bool", True)
    assert visible(app, "k")
    assert "clientEnabled" not in app.flags()["k"]


@pytest.mark.parametrize("enabled", [True, False])
def test_client_enabled_decides_and_is_echoed(app, enabled):
    flag = app.add("k", "bool", True, clientEnabled=enabled)["flag"]
    assert flag == {"type": "bool", "value": True, "clientEnabled": enabled}
    assert app.flags()["k"] == flag
    assert visible(app, "k") is enabled


@pytest.mark.parametrize("enabled", [True, False])
def test_client_enabled_can_be_changed_alone(app, enabled):
    app.add("k", "string", "x", clientEnabled=not enabled)
    assert data_of(app.update("k", clientEnabled=enabled)) == {
        "version": 2, "flag": {"type": "string", "value": "x", "clientEnabled": enabled}}
    assert visible(app, "k") is enabled


def test_the_environments_default_decides_for_flags_that_say_nothing(app):
    app.add("silent", "bool", True)
    app.add("open", "bool", True, clientEnabled=True)
    app.add("closed", "bool", True, clientEnabled=False)
    data_of(app.settings(defaultClientEnabled=False))
    assert [visible(app, key) for key in ("silent", "open", "closed")] == [False, True, False]
    data_of(app.settings(defaultClientEnabled=True))
    assert [visible(app, key) for key in ("silent", "open", "closed")] == [True, True, False]


def test_null_gives_client_enabled_back_to_the_environment(app):
    app.add("k", "bool", True, clientEnabled=False)
    data_of(app.update("k", clientEnabled=None))
    assert visible(app, "k")
    data_of(app.settings(defaultClientEnabled=False))
    assert not visible(app, "k")


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}, ""], ids=repr)
def test_client_enabled_is_a_boolean(app, value):
    app.add("there", "bool", True)
    with app.unchanged():
        assert_error(app.create("k", "bool", True, clientEnabled=value), 400)
        assert_error(app.update("there", clientEnabled=value), 400)


def test_bulk_is_one_version_however_many_flags(app):
    for i in range(20):
        app.add(f"f{i}", "number", 0)
    assert data_of(app.bulk({f"f{i}": i for i in range(20)})) == {"version": 21, "updated": 20}
    assert {key: flag["value"] for key, flag in app.flags().items()} == \
        {f"f{i}": i for i in range(20)}


def test_bulk_changes_values_and_nothing_else(app):
    app.add("k", "number", 1, clientEnabled=False, rollout={"percentage": 7})
    data_of(app.bulk({"k": 2}))
    assert app.flags()["k"] == {"type": "number", "value": 2, "clientEnabled": False,
                                "rollout": {"percentage": 7}}


def test_bulk_takes_json_values(app):
    app.add("o", "json", {})
    app.add("a", "json", [])
    data_of(app.bulk({"o": {"type": "bool", "value": True}, "a": [1, [2]]}))
    assert app.flags() == {"o": {"type": "json", "value": {"type": "bool", "value": True}},
                           "a": {"type": "json", "value": [1, [2]]}}


def test_bulk_with_an_unknown_key_changes_nothing_and_names_it(app):
    app.add("known", "bool", False)
    with app.unchanged():
        assert_error(app.bulk({"known": True, "stranger": True}), 404, "Flag not found: stranger")


@pytest.mark.parametrize("values", [{"b": True, "s": 5}, {"s": "x", "b": None}, {"b": "true"}],
                         ids=str)
def test_bulk_with_a_misfit_changes_nothing(app, values):
    app.add("b", "bool", False)
    app.add("s", "string", "")
    with app.unchanged():
        assert_error(app.bulk(values), 400)


@pytest.mark.parametrize("values", [{}, [], None, "b", 1, True, ["b"]], ids=repr)
def test_bulk_needs_a_map_with_something_in_it(app, values):
    app.add("b", "bool", False)
    with app.unchanged():
        assert_error(app.bulk(values), 400)


def test_a_bulk_that_changes_nothing_still_counts_as_a_version(app):
    app.add("b", "bool", True)
    assert data_of(app.bulk({"b": True})) == {"version": 2, "updated": 1}


def test_every_mutation_is_exactly_one_version(app):
    versions = [app.add("a", "bool", True)["version"], app.add("b", "number", 1)["version"],
                data_of(app.update("a", value=False))["version"],
                data_of(app.update("b", clientEnabled=False))["version"],
                data_of(app.bulk({"a": True, "b": 2}))["version"],
                data_of(app.remove("a"))["version"]]
    assert versions == [1, 2, 3, 4, 5, 6]
    assert app.version() == 6


def test_a_refused_change_costs_no_version(app):
    app.add("a", "bool", True)
    app.create("a", "bool", True)
    app.update("missing", value=True)
    app.bulk({"a": 5})
    app.remove("missing")
    assert data_of(app.update("a", value=False))["version"] == 2
