# SPDX-License-Identifier: Apache-2.0
"""Who may do what: every route against every kind of credential."""
import pytest

from harness import MANAGEMENT, assert_error, converse, data_of, statuses

CONFIG = ["/public-config", "/config"]

MANAGEMENT_401 = "Not authenticated"
MANAGEMENT_403 = "Insufficient permissions"
CONFIG_401 = "Invalid or unauthorized client key"

# A whole Authorization header each; {pub} {sdk} {cli} stand for good credentials.
MALFORMED = {
    "empty": "", "scheme-only": "Bearer", "scheme-and-blank": "Bearer ",
    "basic": "Basic Y2xpOg==", "basic-with-token": "Basic {cli}", "no-scheme": "{cli}",
    "word": "Bearer x", "prefix-only": "Bearer cli_", "two-tokens": "Bearer {cli} {cli}",
    "comma": "Bearer {cli},{cli}", "shortened": "Bearer {cli:.-1}", "lengthened": "Bearer {cli}A",
    "upper-case": "Bearer {cli:upper}", "quoted": 'Bearer "{cli}"',
    "huge": "Bearer cli_" + "A" * 8000, "latin": "Bearer cli_\xe9\xff",
    "query-in-token": "Bearer {cli}?x=1", "kind-swapped": "Bearer admin_{cli:tail}",
}


def malformed(name, cli):
    text = MALFORMED[name]
    for mark, value in (("{cli:.-1}", cli[:-1]), ("{cli:upper}", cli.upper()),
                        ("{cli:tail}", cli[4:]), ("{cli}", cli)):
        text = text.replace(mark, value)
    return text.encode("latin-1")


def one_letter_off(secret):
    return secret[:-1] + ("a" if secret[-1] != "a" else "b")


@pytest.fixture(scope="module")
def secrets(shared_app):
    """Credentials of every kind, good and spent."""
    revoked_pub, revoked_sdk = shared_app.new_key("pub"), shared_app.new_key("sdk")
    for key in (revoked_pub, revoked_sdk):
        data_of(shared_app.api.delete("/keys", keyId=key["id"]))
    shared_app.add("hidden", "string", "for servers", clientEnabled=False)
    shared_app.add("shown", "string", "for all")
    pub, sdk, cli = shared_app.key("pub"), shared_app.key("sdk"), shared_app.api.token
    return {"pub": pub, "sdk": sdk, "cli": cli, "revoked-pub": revoked_pub["key"],
            "revoked-sdk": revoked_sdk["key"], "unknown-cli": one_letter_off(cli),
            "unknown-pub": one_letter_off(pub), "unknown-sdk": one_letter_off(sdk)}


def call(app, route, **more):
    """A request with the least that its method may carry."""
    if route[0] not in ("GET", "DELETE"):
        more.setdefault("body", {})
    return app.api.call(*route, **more)


def name_of(route):
    return " ".join(route) if isinstance(route, tuple) else route


@pytest.mark.parametrize("route", MANAGEMENT, ids=name_of)
def test_management_answers_401_to_who_is_nobody(shared_app, secrets, route):
    with shared_app.unchanged():
        for kind in ("none", "unknown-cli", "unknown-pub", "unknown-sdk", "revoked-pub",
                     "revoked-sdk"):
            response = call(shared_app, route, token=secrets.get(kind))
            assert_error(response, 401, MANAGEMENT_401)


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("route", [("GET", "/apps"), ("POST", "/flags")], ids=name_of)
def test_management_answers_401_to_a_malformed_credential(shared_app, secrets, route, name):
    header = {"Authorization": malformed(name, secrets["cli"])}
    response = call(shared_app, route, token=None, headers=header)
    assert_error(response, 401, MANAGEMENT_401)


@pytest.mark.parametrize("route", MANAGEMENT, ids=name_of)
def test_management_answers_403_to_a_reading_key(shared_app, secrets, route):
    with shared_app.unchanged():
        for kind in ("pub", "sdk"):
            response = call(shared_app, route, token=secrets[kind])
            assert_error(response, 403, MANAGEMENT_403)


@pytest.mark.parametrize("kind", ["pub", "sdk"])
def test_a_reading_key_cannot_write_to_its_own_environment(shared_app, secrets, kind):
    with shared_app.unchanged():
        body = shared_app.at(key="mine", type="bool", value=True)
        assert_error(shared_app.api.post("/flags", body, token=secrets[kind]), 403, MANAGEMENT_403)


@pytest.mark.parametrize("route", [r for r in MANAGEMENT if r != ("DELETE", "/tokens/current")],
                         ids=name_of)
def test_management_does_not_ask_a_token_holder_who_he_is(shared_app, route):
    assert call(shared_app, route).status_code not in (401, 403, 404, 405)


@pytest.mark.parametrize("route", MANAGEMENT, ids=name_of)
def test_a_stranger_learns_nothing_about_bodies_or_apps(shared_app, route):
    """401 comes before any look at the parameters: known and unknown apps answer alike."""
    body = {} if route[0] in ("GET", "DELETE") else {"data": b"{"}
    known = shared_app.api.call(*route, token=None, **body, **shared_app.at(key="shown"))
    unknown = shared_app.api.call(*route, token=None, **body, appId="app_0", env="x", key="y")
    assert_error(known, 401, MANAGEMENT_401)
    assert known.content == unknown.content


def test_no_credential_is_read_from_the_query_or_a_cookie(shared_app, secrets):
    cli = secrets["cli"]
    for name in ("token", "access_token", "apiKey", "key"):
        response = shared_app.api.get(f"/apps?{name}={cli}", token=None)
        assert_error(response, 401, MANAGEMENT_401)
    response = shared_app.api.get("/apps", token=None, headers={"Cookie": f"token={cli}"})
    assert_error(response, 401, MANAGEMENT_401)


def test_public_config_opens_with_a_pub_key(shared_app, secrets):
    assert shared_app.config(secrets["pub"]).status_code == 200


def test_config_opens_with_an_sdk_key(shared_app, secrets):
    assert shared_app.config(secrets["sdk"], "/config").status_code == 200


@pytest.mark.parametrize("path,kind", [
    (path, kind) for path in CONFIG
    for kind in ("none", "sdk" if path == "/public-config" else "pub", "cli", "unknown-cli",
                 "unknown-pub", "unknown-sdk", "revoked-pub", "revoked-sdk")])
def test_config_answers_401_in_its_own_words_to_every_other_credential(shared_app, secrets, path,
                                                                       kind):
    assert_error(shared_app.config(secrets.get(kind), path), 401, CONFIG_401)


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("path", CONFIG)
def test_config_answers_401_to_a_malformed_credential(shared_app, secrets, path, name):
    kind = "pub" if path == "/public-config" else "sdk"
    header = {"Authorization": malformed(name, secrets[kind])}
    assert_error(shared_app.api.get(path, token=None, headers=header), 401, CONFIG_401)


def test_a_pub_key_reads_nothing_meant_for_servers(shared_app, secrets):
    for path in CONFIG:
        text = shared_app.config(secrets["pub"], path).text
        assert "hidden" not in text
        assert "for servers" not in text


@pytest.mark.parametrize("kind", ["none", "unknown-pub", "unknown-sdk", "revoked-pub",
                                  "revoked-sdk", "unknown-cli"])
def test_events_answer_401_to_who_is_nobody(shared_app, secrets, kind):
    body = {"schemaVersion": 1, "events": []}
    assert_error(shared_app.api.post("/events/batch", body, token=secrets.get(kind)), 401)


def test_events_are_not_for_a_management_token(shared_app, secrets):
    response = shared_app.api.post("/events/batch", {"schemaVersion": 1, "events": []},
                                   token=secrets["cli"])
    assert response.status_code in (401, 403)
    assert_error(response, response.status_code)


def test_a_key_reads_its_own_environment_whatever_the_query_says(api, shared_app, secrets):
    other = api.new_app("other tenant")
    other.add("theirs", "bool", True)
    response = api.get("/public-config", token=secrets["pub"], appId=other.id, env="staging")
    assert response.status_code in (200, 400)
    if response.status_code == 200:
        assert response.json()["appId"] == shared_app.id
        assert response.json()["env"] == "production"
    assert "theirs" not in response.text


def test_a_second_authorization_header_opens_nothing(server, secrets):
    got, _ = converse(server, (
        f"GET /api/v1/apps HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secrets['pub']}\r\n"
        f"Authorization: Bearer {secrets['cli']}\r\nConnection: close\r\n\r\n").encode())
    assert statuses(got)[0] in (400, 401, 403)
