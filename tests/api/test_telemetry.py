# SPDX-License-Identifier: Apache-2.0
"""What SDKs report: each event judged for itself, answered in order, counted once."""
import itertools
import json

import pytest

from harness import ABSENT, assert_error, data_of, event

BODY_BYTES_MAX = 2 * 1024 * 1024
EVENT_BYTES_MAX = 16384


@pytest.fixture(scope="module")
def shop(api):
    app = api.new_app("shop")
    app.pub, app.sdk = app.key("pub"), app.key("sdk")
    return app


_numbers = itertools.count(1)


@pytest.fixture
def fresh():
    """An event id nobody has used."""
    return f"evt-{next(_numbers)}"


def send(app, events, token=None, **members):
    body = {"schemaVersion": 1, "events": events, **members}
    return app.api.post("/events/batch", {k: v for k, v in body.items() if v is not ABSENT},
                        token=token or app.pub)


def answer(app, events, token=None):
    """The items of a batch that was taken, one for each event and in their order."""
    response = send(app, events, token)
    assert response.status_code == 200, response.text[:500]
    body = response.json()
    assert set(body) - {"requestId"} == {"apiVersion", "schemaVersion", "items"}
    assert body["apiVersion"] == 1 and body["schemaVersion"] == 1
    assert isinstance(body.get("requestId", ""), str)
    assert len(body["items"]) == len(events)
    for item, sent in zip(body["items"], events):
        assert isinstance(item["eventId"], str)
        if isinstance(sent, dict) and isinstance(sent.get("id"), str):
            assert item["eventId"] == sent["id"]
        if item["status"] == "permanent_error":
            assert set(item) == {"eventId", "status", "code", "message"}
            assert isinstance(item["code"], str) and isinstance(item["message"], str)
        else:
            assert set(item) == {"eventId", "status"}
    return body["items"]


OUTCOME = {"kind": "outcome", "exposureId": "never-seen",
           "metric": {"key": "revenue", "revision": 2}, "value": 12.5}
EXPERIMENT = {"experimentId": "exp-1", "iterationId": "it-1"}
VALID = {
    "exposure": {}, "decision": {"kind": "decision"},
    "assignment": {"kind": "assignment", "experiment": EXPERIMENT},
    "outcome": OUTCOME, "outcome-boolean": {**OUTCOME, "value": False},
    "exposure-in-experiment": {"experiment": EXPERIMENT},
    "anonymous": {"subject": {"id": "psn_" + "a" * 96, "namespace": "n", "revision": 1,
                              "state": "anonymous"}},
    "dimensions": {"dimensions": {"plan": "pro", "n": 1.5, "b": True}},
    "16-dimensions": {"dimensions": {f"d{i}": i for i in range(16)}},
    "longest-names": {"flagKey": "f" * 96, "variation": "\U0001f680" * 48},
    "unknown-members": {"targetingKey": "raw", "context": {"a": [1, None]}},
    "version-0": {"configVersion": 0}, "version-max": {"configVersion": 2**53 - 1},
    "offset": {"timestamp": "2031-03-10T09:30:00+05:30"},
    "no-fraction": {"timestamp": "2031-03-10T09:30:00Z"},
    "february-30": {"timestamp": "2031-02-30T00:00:00Z"},
    "unknown-flag-and-variation": {"flagKey": "no-such-flag", "variation": "variant-7"},
}
VALID.update({f"reason-{r}": {"reason": r} for r in (
    "OFF", "TARGETING_MATCH", "SPLIT", "FALLTHROUGH", "PREREQUISITE_FAILED", "SCHEDULED_OUT",
    "DEFAULT")})
VALID.update({f"platform-{p}": {"sdk": {"name": "x", "version": "1", "platform": p}} for p in (
    "browser", "node", "react-native", "expo", "remote")})


@pytest.mark.parametrize("name", VALID)
def test_an_event_that_keeps_the_rules_is_accepted(shop, fresh, name):
    assert answer(shop, [event(shop.id, fresh, **VALID[name])]) == [
        {"eventId": fresh, "status": "accepted"}]


SUBJECT = {"id": "psn_AAAABBBBCCCCDDDD", "namespace": "n", "revision": 1, "state": "anonymous"}
OPAQUE = "must be an opaque identifier of at most 128 characters"
INVALID = {
    "kind": ({"kind": "click"}, "$.kind", "is not supported"),
    "reason": ({"reason": "ERROR"}, "$.reason", "is not supported"),
    "flag-key": ({"flagKey": "k" * 97}, "$.flagKey", "must be a bounded name"),
    "flag-key-blank": ({"flagKey": " "}, "$.flagKey", "must be a bounded name"),
    "flag-key-missing": ({"flagKey": ABSENT}, "$.flagKey", "must be a bounded name"),
    "variation": ({"variation": "\U0001f680" * 49}, "$.variation", "must be a bounded name"),
    "version": ({"configVersion": -1}, "$.configVersion", "must be a non-negative safe integer"),
    "version-big": ({"configVersion": 2**53}, "$.configVersion",
                    "must be a non-negative safe integer"),
    "timestamp": ({"timestamp": "2031-03-10T09:30:00"}, "$.timestamp",
                  "must be an ISO-8601 instant"),
    "platform": ({"sdk": {"name": "x", "version": "1", "platform": "ios"}}, "$.sdk.platform",
                 "is not supported"),
    "subject-raw": ({"subject": {**SUBJECT, "id": "user-1"}}, "$.subject.id",
                    "must use the psn_ prefix followed by a bounded opaque pseudonym"),
    "subject-long": ({"subject": {**SUBJECT, "id": "psn_" + "a" * 97}}, "$.subject.id",
                     "must use the psn_ prefix followed by a bounded opaque pseudonym"),
    "revision": ({"subject": {**SUBJECT, "revision": 0}}, "$.subject.revision",
                 "must be a positive safe integer"),
    "state": ({"subject": {**SUBJECT, "state": "known"}}, "$.subject.state",
              "must be anonymous or authenticated"),
    "no-experiment": ({"kind": "assignment"}, "$.experiment",
                      "is required for assignment events"),
    "experiment-id": ({"experiment": {"experimentId": "", "iterationId": "ok"}},
                      "$.experiment.experimentId", OPAQUE),
    "outcome-bare": ({"kind": "outcome"}, "$.exposureId", OPAQUE),
    "outcome-text": ({**OUTCOME, "value": "1"}, "$.value", "must be boolean or finite"),
    "dimension-long": ({"dimensions": {"plan": "p" * 65}}, "$.dimensions.plan",
                       "must be a bounded scalar"),
    "dimension-key": ({"dimensions": {"9x": 1}}, "$.dimensions.9x", "has an invalid key"),
    "dimension-object": ({"dimensions": {"o": {}}}, "$.dimensions.o", "must be a bounded scalar"),
    "17-dimensions": ({"dimensions": {f"d{i}": i for i in range(17)}}, "$.dimensions",
                      "must contain at most 16 entries"),
    "too-big": ({"junk": "x" * 17000}, "$", "payload exceeds the size limit"),
}


@pytest.mark.parametrize("name", INVALID)
def test_an_event_that_breaks_a_rule_is_refused_for_good_and_told_why(shop, fresh, name):
    change, path, message = INVALID[name]
    [item] = answer(shop, [event(shop.id, fresh, **change)])
    assert item["status"] == "permanent_error"
    assert item["code"] == "invalid_event"
    assert item["message"].startswith(path)
    assert message in item["message"]


@pytest.mark.parametrize("bad_id", ["", "-x", "a" * 129, "a b", "ü", 5, None, {}, ABSENT], ids=str)
def test_an_event_without_a_usable_id_still_gets_its_item(shop, bad_id):
    [item] = answer(shop, [event(shop.id, bad_id)])
    assert (item["status"], item["code"]) == ("permanent_error", "invalid_event")


@pytest.mark.parametrize("junk", [None, 1, "x", [1], [], True, {}], ids=repr)
def test_what_is_no_event_at_all_still_gets_its_item(shop, fresh, junk):
    items = answer(shop, [event(shop.id, fresh + "-1"), junk, event(shop.id, fresh + "-2")])
    assert [item["status"] for item in items] == ["accepted", "permanent_error", "accepted"]
    assert items[1]["code"] == "invalid_event"


@pytest.mark.parametrize("version", [2, 0, 2**31])
def test_an_event_of_another_schema_is_an_unknown_schema(shop, fresh, version):
    [item] = answer(shop, [event(shop.id, fresh, schemaVersion=version)])
    assert (item["status"], item["code"]) == ("permanent_error", "unknown_schema")


@pytest.mark.parametrize("version", ["1", None, ABSENT, True, 1.5, [1]], ids=str)
def test_an_event_whose_schema_is_no_version_is_refused(shop, fresh, version):
    [item] = answer(shop, [event(shop.id, fresh, schemaVersion=version)])
    assert item["status"] == "permanent_error"
    assert item["code"] in ("unknown_schema", "invalid_event")


@pytest.mark.parametrize("source", [{"app": "app_other"}, {"environment": "staging"},
                                    {"app": "app_other", "environment": "staging"}], ids=str)
def test_an_event_of_another_environment_is_a_source_mismatch(shop, fresh, source):
    right = {"app": shop.id, "environment": "production"}
    [item] = answer(shop, [event(shop.id, fresh, source={**right, **source})])
    assert (item["status"], item["code"]) == ("permanent_error", "source_mismatch")


@pytest.mark.parametrize("source", [None, {}, "app", {"app": 5, "environment": "production"}],
                         ids=str)
def test_an_event_of_no_environment_is_invalid(shop, fresh, source):
    [item] = answer(shop, [event(shop.id, fresh, source=source)])
    assert (item["status"], item["code"]) == ("permanent_error", "invalid_event")


def test_items_keep_the_order_and_number_of_a_mixed_batch(shop):
    events = []
    for i in range(100):
        change = ({}, {"kind": "click"}, {"source": {"app": "x", "environment": "y"}},
                  {"schemaVersion": 3})[i % 4]
        events.append(event(shop.id, f"mixed-{i}", **change))
    items = answer(shop, events)
    assert [item["eventId"] for item in items] == [f"mixed-{i}" for i in range(100)]
    assert [item.get("code", item["status"]) for item in items] == [
        "accepted", "invalid_event", "source_mismatch", "unknown_schema"] * 25


def test_the_same_id_twice_in_a_batch_is_a_duplicate_the_second_time(shop, fresh):
    items = answer(shop, [event(shop.id, fresh), event(shop.id, fresh, kind="decision")])
    assert [item["status"] for item in items] == ["accepted", "duplicate"]


def test_the_same_id_in_a_later_batch_is_a_duplicate(shop, fresh):
    assert answer(shop, [event(shop.id, fresh)])[0]["status"] == "accepted"
    for token in (shop.pub, shop.sdk):
        assert answer(shop, [event(shop.id, fresh)], token)[0]["status"] == "duplicate"


def test_a_refused_event_does_not_use_up_its_id(shop, fresh):
    assert answer(shop, [event(shop.id, fresh, kind="click")])[0]["status"] == "permanent_error"
    assert answer(shop, [event(shop.id, fresh)])[0]["status"] == "accepted"


def test_ids_are_counted_per_environment(shop, api, fresh):
    other = api.new_app("other")
    assert answer(shop, [event(shop.id, fresh)])[0]["status"] == "accepted"
    staging = shop.key("pub", "staging")
    assert answer(shop, [event(shop.id, fresh, "staging")], staging)[0]["status"] == "accepted"
    assert answer(other, [event(other.id, fresh)], other.key("pub"))[0]["status"] == "accepted"


def test_ids_differ_by_case(shop, fresh):
    items = answer(shop, [event(shop.id, fresh + "a"), event(shop.id, fresh + "A")])
    assert [item["status"] for item in items] == ["accepted", "accepted"]


@pytest.mark.parametrize("kind", ["pub", "sdk"])
def test_both_kinds_of_key_may_report(shop, fresh, kind):
    token = {"pub": shop.pub, "sdk": shop.sdk}[kind]
    assert answer(shop, [event(shop.id, fresh)], token)[0]["status"] == "accepted"


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_duplicate_is_known_after_a_restart(new_server, how):
    """A stop loses nothing; after a kill, an id that was stored is still known."""
    server = new_server().start()
    app = server.api().new_app("shop")
    key = app.key("pub")
    assert answer(app, [event(app.id, "before-1"), event(app.id, "before-2")], key)[0]["status"] \
        == "accepted"
    if how == "stop":
        assert server.stop() == 0
    else:
        server.restart()
        server.kill()
    server.start()
    app.api = server.api()
    items = answer(app, [event(app.id, "before-1"), event(app.id, "new"),
                         event(app.id, "before-2")], key)
    assert [item["status"] for item in items] == ["duplicate", "accepted", "duplicate"]


def test_a_revoked_key_may_not_report_any_more(shop, fresh):
    key = shop.new_key("pub")
    data_of(shop.api.delete("/keys", keyId=key["id"]))
    assert_error(send(shop, [event(shop.id, fresh)], key["key"]), 401)
    assert answer(shop, [event(shop.id, fresh)])[0]["status"] == "accepted"


def test_a_hundred_events_are_taken(shop):
    items = answer(shop, [event(shop.id, f"hundred-{i}") for i in range(100)])
    assert {item["status"] for item in items} == {"accepted"}


def test_a_hundred_and_one_events_are_too_many_and_none_is_kept(shop):
    events = [event(shop.id, f"too-many-{i}") for i in range(101)]
    assert_error(send(shop, events), 400)
    assert {item["status"] for item in answer(shop, events[:100])} == {"accepted"}


@pytest.mark.parametrize("members", [
    {"schemaVersion": 2}, {"schemaVersion": "1"}, {"schemaVersion": None},
    {"schemaVersion": ABSENT}, {"events": {}}, {"events": None}, {"events": "x"},
    {"events": ABSENT}, {"events": []}], ids=str)
def test_a_batch_of_the_wrong_form_is_400(shop, members):
    body = {"schemaVersion": 1, "events": [event(shop.id, "in-a-wrong-batch")], **members}
    body = {k: v for k, v in body.items() if v is not ABSENT}
    assert_error(shop.api.post("/events/batch", body, token=shop.pub), 400)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"1", b'{"schemaVersion":1,"events":[',
                                  b'\xff\xfe',
                                  b'{"schemaVersion":1,"schemaVersion":1,"events":[]}'])
def test_a_batch_that_is_not_an_object_of_json_is_400(shop, data):
    assert_error(shop.api.post("/events/batch", data=data, token=shop.pub), 400)


def padded(app, event_id, size):
    body = json.dumps({"schemaVersion": 1, "events": [event(app.id, event_id)]}).encode()
    return body + b" " * (size - len(body))


def test_a_body_of_2_mib_is_taken(shop, fresh):
    response = shop.api.post("/events/batch", data=padded(shop, fresh, BODY_BYTES_MAX),
                             token=shop.pub)
    assert response.status_code == 200
    assert response.json()["items"] == [{"eventId": fresh, "status": "accepted"}]


def test_a_body_beyond_2_mib_is_413_and_not_kept(shop, fresh):
    response = shop.api.post("/events/batch", data=padded(shop, fresh, BODY_BYTES_MAX + 1),
                             token=shop.pub)
    assert_error(response, 413)
    assert answer(shop, [event(shop.id, fresh)])[0]["status"] == "accepted"


def test_the_biggest_batch_the_sdk_builds_fits(shop):
    """React Native does not split: a hundred events of nearly 16 KiB each."""
    events = []
    for i in range(100):
        made = event(shop.id, f"big-{i}", junk="")
        made["junk"] = "x" * (EVENT_BYTES_MAX - len(json.dumps(made, separators=(",", ":"))))
        events.append(made)
    assert {item["status"] for item in answer(shop, events)} == {"accepted"}


def test_an_event_one_byte_over_16_kib_is_invalid(shop, fresh):
    made = event(shop.id, fresh, junk="")
    made["junk"] = "x" * (EVENT_BYTES_MAX + 1 - len(json.dumps(made, separators=(",", ":"))))
    [item] = answer(shop, [made])
    assert (item["status"], item["code"]) == ("permanent_error", "invalid_event")


def test_reporting_changes_no_version_and_no_flag(shop, fresh):
    with shop.unchanged():
        answer(shop, [event(shop.id, fresh)])


def test_a_request_id_header_of_any_kind_is_harmless(shop, fresh):
    for i, request_id in enumerate(("b7e2c0f8-0000-4000-8000-000000000000", "batch_evt-1",
                                    "x" * 5000, "<script>\t")):
        response = shop.api.post("/events/batch", {
            "schemaVersion": 1, "events": [event(shop.id, f"{fresh}-{i}")]}, token=shop.pub,
            headers={"X-Request-ID": request_id})
        assert response.json()["items"][0]["status"] == "accepted"
