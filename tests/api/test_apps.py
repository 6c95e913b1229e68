# SPDX-License-Identifier: Apache-2.0
"""Apps, environments and their settings, the owner, and leaving."""
import datetime
import re

import pytest

from harness import MANAGEMENT, assert_error, data_of


def test_an_app_name_is_trimmed(api):
    assert data_of(api.post("/apps", {"name": "  trimmed app \t"}), 201)["name"] == "trimmed app"


def test_an_app_name_is_taken_once(api):
    data_of(api.post("/apps", {"name": "only one"}), 201)
    before = data_of(api.get("/apps"))
    assert_error(api.post("/apps", {"name": "only one"}), 400, "App name already exists")
    assert data_of(api.get("/apps")) == before


def test_a_trimmed_name_meets_the_one_that_is_there(api):
    data_of(api.post("/apps", {"name": "seen"}), 201)
    assert_error(api.post("/apps", {"name": " seen "}), 400, "App name already exists")


@pytest.mark.parametrize("name", ["a", "x" * 96, "\U0001f680" * 48, "Ünïcode app", "a\u3000b"],
                         ids=["one", "96", "96-units-of-surrogates", "unicode", "inner-space"])
def test_an_app_name_may_be_any_text_of_1_to_96_units(api, name):
    assert data_of(api.post("/apps", {"name": name}), 201)["name"] == name


@pytest.mark.parametrize("name", ["", "   ", "x" * 97, "\U0001f680" * 48 + "x"],
                         ids=["empty", "blank", "97", "97-units-of-surrogates"])
def test_an_app_name_outside_1_to_96_units_is_invalid(api, name):
    before = data_of(api.get("/apps"))
    assert_error(api.post("/apps", {"name": name}), 400, "Invalid app name")
    assert data_of(api.get("/apps")) == before


def test_apps_are_listed_in_order_of_creation(api):
    made = [data_of(api.post("/apps", {"name": name}), 201)["id"] for name in ("zz", "aa", "mm")]
    listed = [app["id"] for app in data_of(api.get("/apps"))]
    assert [app_id for app_id in listed if app_id in made] == made


def test_envs_need_an_app(api):
    assert_error(api.get("/envs"), 400, "appId is required")


def test_an_environment_starts_at_version_0(app):
    response = app.config(app.key("pub"))
    assert response.json()["version"] == 0
    assert response.headers["ETag"] == '"v0"'


def test_environments_count_their_versions_apart(app):
    app.add("a", "bool", True, "staging")
    app.add("b", "bool", True, "staging")
    app.add("a", "bool", True, "production")
    assert [app.version(env) for env in ("development", "staging", "production")] == [0, 2, 1]


def test_flags_are_not_shared_between_environments(app):
    app.add("a", "bool", True, "staging")
    assert app.flags("production") == {}
    assert app.flags("development") == {}


def test_an_environment_may_be_named_by_its_id(app):
    production = app.envs()[2]["id"]
    assert app.add("a", "bool", True, production)["version"] == 1
    assert app.flags(production) == app.flags("production") == {"a": {"type": "bool",
                                                                      "value": True}}


def test_settings_answer_what_now_holds(app):
    settings = data_of(app.settings(documentFormat="core", defaultClientEnabled=False,
                                    monthlyQuota=25000))
    assert set(settings) == {"version", "documentFormat", "defaultClientEnabled", "monthlyQuota"}
    assert settings["documentFormat"] == "core"
    assert settings["defaultClientEnabled"] is False
    assert settings["monthlyQuota"] == 25000


def test_settings_start_as_documented_and_change_one_at_a_time(app):
    first = data_of(app.settings(monthlyQuota=5))
    assert (first["documentFormat"], first["defaultClientEnabled"]) == ("auto", True)
    second = data_of(app.settings(documentFormat="legacy"))
    assert (second["documentFormat"], second["monthlyQuota"]) == ("legacy", 5)


def test_settings_belong_to_one_environment(app):
    data_of(app.settings("staging", monthlyQuota=5))
    assert data_of(app.settings("production", documentFormat="auto"))["monthlyQuota"] is None


@pytest.mark.parametrize("settings", [
    {"documentFormat": "hybrid"}, {"documentFormat": "Auto"}, {"documentFormat": None},
    {"documentFormat": 1}, {"defaultClientEnabled": "true"}, {"defaultClientEnabled": 1},
    {"defaultClientEnabled": None}, {"monthlyQuota": -1}, {"monthlyQuota": 1.5},
    {"monthlyQuota": "3"}, {"monthlyQuota": True}, {"monthlyQuota": [3]},
    {"monthlyQuota": 2**53 + 2},
    {"unknown": 1}, {"name": "renamed"}, {}], ids=str)
def test_bad_settings_are_refused_and_change_nothing(app, settings):
    before = data_of(app.settings(monthlyQuota=7))
    assert_error(app.settings(**settings), 400)
    assert app.version() == before["version"]
    after = data_of(app.settings(defaultClientEnabled=True))
    del before["version"], after["version"]
    assert after == before


def test_me_tells_who_the_token_belongs_to(api):
    me = data_of(api.get("/me"))
    assert list(me) == ["email"]
    assert re.fullmatch(r"[^@\s]+@[^@\s]+", me["email"])


def test_usage_is_reported_for_the_calendar_month_in_utc(app):
    usage = data_of(app.api.get("/usage", **app.at()))
    now = datetime.datetime.now(datetime.timezone.utc)
    assert usage == {"period": now.strftime("%Y-%m"), "used": 0, "limit": None}


def test_after_logout_the_token_is_worth_nothing_on_any_route(new_server):
    server = new_server().start()
    api = server.api()
    app = api.new_app("left behind")
    key = app.key("sdk")
    assert api.delete("/tokens/current").status_code == 200
    for method, path in MANAGEMENT:
        body = {} if method in ("GET", "DELETE") else {"body": app.at()}
        assert_error(api.call(method, path, **body), 401, "Not authenticated")
    assert app.config(key, "/config").json()["version"] == 0


def test_a_logout_lasts_over_a_restart_and_makes_no_new_owner(new_server):
    server = new_server().start()
    data_of(server.api().delete("/tokens/current"))
    server.restart()
    assert "cli_" not in server.output()
    assert_error(server.api().get("/apps"), 401, "Not authenticated")
