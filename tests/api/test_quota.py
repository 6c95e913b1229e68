# SPDX-License-Identifier: Apache-2.0
"""The monthly quota of config requests: off unless set, and what it counts."""
import datetime

import pytest

from harness import assert_error, data_of, event


def usage(app, env="production"):
    return data_of(app.api.get("/usage", **app.at(env)))


@pytest.fixture
def metered(app):
    """An app whose production environment may be asked three times a month."""
    app.pub, app.sdk = app.key("pub"), app.key("sdk")
    data_of(app.settings(monthlyQuota=3))
    return app


def spend(app, count=3):
    for _ in range(count):
        assert app.config(app.pub).status_code == 200


def test_without_a_quota_nobody_is_stopped_and_use_is_unlimited(app):
    key = app.key("pub")
    for _ in range(50):
        assert app.config(key).status_code == 200
    assert usage(app)["limit"] is None


def test_the_request_after_the_last_is_429_in_the_documented_words(metered):
    spend(metered)
    response = metered.config(metered.pub)
    assert response.status_code == 429
    assert response.content == b'{"error":"Monthly quota exceeded"}'


def test_a_429_can_be_read_by_a_browser(metered):
    spend(metered)
    headers = metered.config(metered.pub).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "ETag" in headers["Access-Control-Expose-Headers"]


def test_both_config_endpoints_draw_on_one_quota(metered):
    assert metered.config(metered.pub).status_code == 200
    assert metered.config(metered.sdk, "/config").status_code == 200
    assert metered.config(metered.pub).status_code == 200
    assert metered.config(metered.pub).status_code == 429
    assert metered.config(metered.sdk, "/config").status_code == 429


def test_a_304_counts(metered):
    spend(metered, 1)
    for _ in range(2):
        assert metered.config(metered.pub, etag='"v0"').status_code == 304
    assert metered.config(metered.pub, etag='"v0"').status_code == 429


def test_a_401_does_not_count(metered):
    for _ in range(5):
        assert metered.config(metered.pub[:-1] + "!").status_code == 401
        assert metered.config(metered.sdk).status_code == 401
    spend(metered)
    assert usage(metered)["used"] == 3


def test_a_429_does_not_count(metered):
    spend(metered)
    for _ in range(5):
        assert metered.config(metered.pub).status_code == 429
    assert usage(metered)["used"] == 3
    data_of(metered.settings(monthlyQuota=4))
    assert metered.config(metered.pub).status_code == 200
    assert metered.config(metered.pub).status_code == 429


def test_a_preflight_does_not_count(metered):
    for _ in range(5):
        metered.api.call("OPTIONS", "/public-config", token=None)
    spend(metered)


def test_management_and_telemetry_are_not_stopped(metered):
    spend(metered)
    assert metered.config(metered.pub).status_code == 429
    metered.add("a", "bool", True)
    data_of(metered.update("a", value=False))
    assert metered.flags()["a"]["value"] is False
    response = metered.api.post("/events/batch", {
        "schemaVersion": 1, "events": [event(metered.id, "e1")]}, token=metered.pub)
    assert response.json()["items"][0]["status"] == "accepted"


def test_each_environment_has_its_own_quota(metered):
    spend(metered)
    assert metered.config(metered.pub).status_code == 429
    staging = metered.key("pub", "staging")
    for _ in range(5):
        assert metered.config(staging).status_code == 200


def test_a_new_version_does_not_refill_the_quota(metered):
    spend(metered)
    metered.add("a", "bool", True)
    assert metered.config(metered.pub).status_code == 429


def test_usage_tells_the_month_the_use_and_the_limit(metered):
    spend(metered, 2)
    month = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m")
    assert usage(metered) == {"period": month, "used": 2, "limit": 3}


def test_null_lifts_the_quota(metered):
    spend(metered)
    assert metered.config(metered.pub).status_code == 429
    assert data_of(metered.settings(monthlyQuota=None))["monthlyQuota"] is None
    spend(metered, 5)
    assert usage(metered)["limit"] is None


def test_a_429_is_no_answer_to_a_bad_key(metered):
    spend(metered)
    assert_error(metered.config("pub_prod_nonsense"), 401, "Invalid or unauthorized client key")


def test_the_quota_and_its_use_survive_a_restart(new_server):
    server = new_server().start()
    app = server.api().new_app("metered")
    app.pub = app.key("pub")
    data_of(app.settings(monthlyQuota=3))
    spend(app, 3)
    server.restart()
    app.api = server.api()
    assert usage(app) == {**usage(app), "used": 3, "limit": 3}
    assert app.config(app.pub).status_code == 429
