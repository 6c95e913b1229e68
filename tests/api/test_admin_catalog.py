# SPDX-License-Identifier: Apache-2.0
"""The admin API's catalog: apps, environments, deployments, keys, and what holds for all of them."""
import re

import pytest
import requests

from admin_desk import UNLIMITED, Admin, Desk, assert_problem, content
from harness import ABSENT, Server, is_watched_for_races


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("desk"), UNLIMITED).start()
    yield Desk(server)
    server.close()


@pytest.fixture(scope="module")
def owner(desk):
    return desk.owner


@pytest.fixture
def app(desk):
    return desk.app()


@pytest.fixture
def place(app):
    """The path of an environment of its own."""
    return f"/environments/{app['environments'][2]['number']}"


# ---- apps ------------------------------------------------------------------------------------------
def test_an_app_comes_with_three_environments(owner, app):
    assert re.fullmatch(r"app_[A-Za-z0-9]{22}", app["id"])
    assert app["hidesFlagsByDefault"] is False
    assert [e["name"] for e in app["environments"]] == ["development", "staging", "production"]
    assert content(owner.get(f"/apps/{app['id']}")) == app
    assert app in owner.all("/apps")


def test_an_app_that_hides_flags_makes_environments_that_do(desk, owner):
    made = content(owner.post("/apps", {"name": desk.fresh("app"), "hidesFlagsByDefault": True}), 201)
    assert made["hidesFlagsByDefault"] is True
    for environment in made["environments"]:
        shown = content(owner.get(f"/environments/{environment['id']}"))
        assert shown["hidesFlagsByDefault"] is True
        assert shown["number"] == environment["number"]


def test_an_app_is_renamed_and_its_default_changed(desk, owner, app):
    path, name = f"/apps/{app['id']}", desk.fresh("renamed")
    renamed = content(owner.patch(path, {"name": name}))
    assert renamed == {**app, "name": name}
    assert content(owner.patch(path, {"name": name})) == renamed  # its own name is not taken
    hiding = content(owner.patch(path, {"hidesFlagsByDefault": True}))
    assert hiding == {**renamed, "hidesFlagsByDefault": True}
    assert content(owner.get(path)) == hiding
    # Environments that are there stay; the next one takes after the app.
    first = content(owner.get(f"/environments/{app['environments'][0]['number']}"))
    assert first["hidesFlagsByDefault"] is False
    assert first["appName"] == name
    made = content(owner.post(f"{path}/environments", {"name": "qa"}), 201)
    assert made["hidesFlagsByDefault"] is True


def test_no_two_apps_have_one_name(desk, owner, app):
    other = desk.app()
    assert_problem(owner.post("/apps", {"name": app["name"]}), 409, "conflict", "/name")
    assert_problem(owner.patch(f"/apps/{other['id']}", {"name": app["name"]}), 409, "conflict",
                   "/name")
    assert content(owner.get(f"/apps/{other['id']}")) == other


@pytest.mark.parametrize("body, where", [
    ({}, None), ({"hidesFlagsByDefault": True}, "/name"), ({"name": ""}, "/name"),
    ({"name": " x"}, "/name"), ({"name": "x "}, "/name"), ({"name": "a\tb"}, "/name"),
    ({"name": 7}, "/name"), ({"name": None}, "/name"), ({"name": "x" * 97}, "/name"),
    ({"name": "\U0001f600" * 49}, "/name"), ({"name": "x", "surprise": 1}, "/surprise"),
    ({"name": "x", "hidesFlagsByDefault": "no"}, "/hidesFlagsByDefault"), ([], None), ("x", None)])
def test_bad_apps_are_refused(owner, body, where):
    before = owner.all("/apps")
    assert_problem(owner.post("/apps", body), 400, "invalid", where)
    assert owner.all("/apps") == before


@pytest.mark.parametrize("name", ["x" * 96, "\U0001f600" * 48, "é", "a b", "\u3000x"])
def test_the_longest_and_oddest_names(owner, name):
    assert content(owner.post("/apps", {"name": name}), 201)["name"] == name


@pytest.mark.parametrize("body", [{}, {"name": " "}, {"id": "app_x"}, {"hidesFlagsByDefault": 1}])
def test_bad_edits_of_an_app_change_nothing(owner, app, body):
    assert_problem(owner.patch(f"/apps/{app['id']}", body), 400, "invalid")
    assert content(owner.get(f"/apps/{app['id']}")) == app


# ---- environments ----------------------------------------------------------------------------------
def test_an_environment_is_known_by_number_and_id(owner, app):
    brief = app["environments"][1]
    shown = content(owner.get(f"/environments/{brief['number']}"))
    assert content(owner.get(f"/environments/{brief['id']}")) == shown
    assert shown == {**brief, "appId": app["id"], "appName": app["name"], "version": 0,
                     "documentForm": "auto", "hidesFlagsByDefault": False, "metadata": None,
                     "monthlyQuota": None, "createdAt": shown["createdAt"]}
    assert shown in owner.all("/environments")


def test_environments_are_made_one_by_one(owner, app):
    path = f"/apps/{app['id']}/environments"
    made = content(owner.post(path, {"name": "eu-1.canary"}), 201)
    assert made["appId"] == app["id"]
    listed = content(owner.get(f"/apps/{app['id']}"))["environments"]
    assert listed[3] == {k: made[k] for k in ("number", "id", "name")}
    assert_problem(owner.post(path, {"name": "eu-1.canary"}), 409, "conflict", "/name")
    assert_problem(owner.post(path, {"name": "staging"}), 409, "conflict", "/name")
    for name in ("", "-x", "a b", "x" * 65, "env_abc", 7, None, "é"):
        assert_problem(owner.post(path, {"name": name}), 400, "invalid", "/name")
    assert len(content(owner.get(f"/apps/{app['id']}"))["environments"]) == 4
    assert content(owner.post(path, {"name": "x" * 64}), 201)["name"] == "x" * 64


def test_an_app_has_fifty_environments_and_no_more(owner, app):
    path = f"/apps/{app['id']}/environments"
    for n in range(47):
        content(owner.post(path, {"name": f"e{n}"}), 201)
    assert_problem(owner.post(path, {"name": "one-more"}), 422, "limit")
    assert len(content(owner.get(f"/apps/{app['id']}"))["environments"]) == 50


def test_settings_have_a_version_and_the_quota_has_none(owner, place):
    before = content(owner.get(place))
    settings = {"documentForm": "core", "hidesFlagsByDefault": True, "metadata": {"team": ["a", 1.5]}}
    changed = content(owner.patch(place, settings))
    assert changed == {**before, **settings, "version": before["version"] + 1}
    assert content(owner.patch(place, {"metadata": None}))["metadata"] is None
    limited = content(owner.patch(place, {"monthlyQuota": 10**12}))
    assert (limited["monthlyQuota"], limited["version"]) == (10**12, before["version"] + 2)
    assert content(owner.patch(place, {"monthlyQuota": None}))["monthlyQuota"] is None
    assert content(owner.get(place)) == {**limited, "monthlyQuota": None}


def test_quota_and_settings_do_not_mix(owner, place):
    before = content(owner.get(place))
    body = {"monthlyQuota": 5, "documentForm": "core"}
    assert_problem(owner.patch(place, body), 400, "invalid", "/monthlyQuota")
    assert content(owner.get(place)) == before


@pytest.mark.parametrize("body, where", [
    ({}, None), ({"documentForm": "new"}, "/documentForm"), ({"documentForm": None}, "/documentForm"),
    ({"hidesFlagsByDefault": "x"}, "/hidesFlagsByDefault"), ({"metadata": []}, "/metadata"),
    ({"metadata": "x"}, "/metadata"), ({"monthlyQuota": 0}, "/monthlyQuota"),
    ({"monthlyQuota": 1.5}, "/monthlyQuota"), ({"monthlyQuota": "9"}, "/monthlyQuota"),
    ({"monthlyQuota": 10**12 + 1}, "/monthlyQuota"), ({"name": "x"}, "/name"),
    ({"version": 7}, "/version")])
def test_bad_settings_change_nothing(owner, place, body, where):
    before = content(owner.get(place))
    assert_problem(owner.patch(place, body), 400, "invalid", where)
    assert content(owner.get(place)) == before


def test_metadata_up_to_16_kib(owner, place):
    fits = {"x": "y" * (16 * 1024 - len('{"x":""}'))}
    assert content(owner.patch(place, {"metadata": fits}))["metadata"] == fits
    answer = owner.patch(place, {"metadata": {"x": fits["x"] + "y"}})
    assert answer.status_code in (400, 422), answer.text
    assert content(owner.get(place))["metadata"] == fits


def test_project_keys_come_as_a_pair(owner, place):
    first = content(owner.post(f"{place}/project-keys"), 201)
    second = content(owner.post(f"{place}/project-keys"), 201)
    assert first["deployment"] == second["deployment"]
    assert first["apiKey"] != second["apiKey"]
    shown = content(owner.get(f"{place}/deployments/{second['deployment']}"))
    assert (shown["kind"], shown["key"]) == ("project", second["apiKey"])


# ---- deployments -----------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["client", "server"])
def test_a_deployment_is_made_renamed_archived_and_restored(desk, owner, place, kind):
    def opens(deployment):
        return requests.get(f"{desk.server.base}/sdk/v2/flags", timeout=10,
                            headers={"Authorization": f"Api-Key {deployment['key']}"}).status_code
    made = content(owner.post(f"{place}/deployments", {"label": "web", "kind": kind}), 201)
    path = f"{place}/deployments/{made['number']}"
    assert made["key"].startswith(f"{kind}-")
    assert (made["label"], made["kind"], made["archived"]) == ("web", kind, False)
    assert content(owner.get(path)) == made
    assert opens(made) == 200
    assert content(owner.patch(path, {"label": "Web_2-x"})) == {**made, "label": "Web_2-x"}
    assert owner.delete(path).status_code == 204
    assert content(owner.get(path))["archived"] is True
    assert opens(made) == 401
    assert owner.delete(path).status_code == 204  # archived it stays
    assert content(owner.patch(path, {"archived": False})) == {**made, "label": "Web_2-x"}
    assert opens(made) == 200


@pytest.mark.parametrize("body, where", [
    ({}, "/label"), ({"kind": "client"}, "/label"), ({"label": "x"}, "/kind"),
    ({"label": "", "kind": "client"}, "/label"), ({"label": "a b", "kind": "client"}, "/label"),
    ({"label": "x" * 65, "kind": "client"}, "/label"), ({"label": "x", "kind": "project"}, "/kind"),
    ({"label": "x", "kind": 1}, "/kind"), ({"label": "x", "kind": "client", "key": "k"}, "/key")])
def test_bad_deployments_are_refused(owner, place, body, where):
    assert_problem(owner.post(f"{place}/deployments", body), 400, "invalid", where)
    assert owner.all(f"{place}/deployments") == []


@pytest.mark.parametrize("body", [{}, {"label": " "}, {"archived": 1}, {"kind": "client"}])
def test_bad_edits_of_a_deployment_change_nothing(owner, place, body):
    made = content(owner.post(f"{place}/deployments", {"label": "x" * 64, "kind": "client"}), 201)
    path = f"{place}/deployments/{made['number']}"
    assert_problem(owner.patch(path, body), 400, "invalid")
    assert content(owner.get(path)) == made


def test_an_environment_has_a_hundred_deployments_and_no_more(owner, place):
    for n in range(100):
        content(owner.post(f"{place}/deployments", {"label": f"d{n}", "kind": "client"}), 201)
    refused = owner.post(f"{place}/deployments", {"label": "more", "kind": "client"})
    assert_problem(refused, 422, "limit")
    numbers = [d["number"] for d in owner.all(f"{place}/deployments", limit=7)]
    assert len(numbers) == 100
    assert numbers == sorted(numbers)


def test_keys_of_deployments_are_masked_for_those_who_may_not_administer(desk, owner, app, place):
    keys = {}
    for kind in ("client", "server"):
        made = content(owner.post(f"{place}/deployments", {"label": kind, "kind": kind}), 201)
        keys[kind] = made["key"]
    keys["project"] = content(owner.post(f"{place}/project-keys"), 201)["apiKey"]
    masked = {"client": keys["client"], "server": f"server-****{keys['server'][-4:]}",
              "project": f"****{keys['project'][-4:]}"}
    number = int(place.rsplit("/", 1)[1])
    callers = [(owner, keys), (desk.person("admin"), keys), (desk.speaker(kind="app", app=app["id"]), keys),
               (desk.speaker(kind="app", app=app["id"], access="read"), masked),
               (desk.person("admin", access="read"), masked), (desk.person("editor"), masked),
               (desk.person("viewer"), masked), (desk.speaker(environments=[number]), masked)]
    for caller, expected in callers:
        listed = caller.all(f"{place}/deployments")
        assert {d["kind"]: d["key"] for d in listed} == expected
        for deployment in listed:
            path = f"{place}/deployments/{deployment['number']}"
            assert content(caller.get(path)) == deployment


# ---- keys ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind, prefix", [("browser", "pub_prod_"), ("server", "sdk_prod_")])
def test_a_key_is_shown_once_and_revoked(desk, owner, place, kind, prefix):
    made = content(owner.post(f"{place}/keys", {"kind": kind, "name": "shop front"}), 201)
    secret = made.pop("key")
    assert secret.startswith(prefix) and secret.endswith(made["tail"])
    assert (made["kind"], made["name"], made["prefix"]) == (kind, "shop front", prefix)
    path = f"{place}/keys/{made['id']}"
    listed = owner.get(f"{place}/keys")
    assert secret not in listed.text
    assert content(listed)["items"] == [made] == [content(owner.get(path))]
    read = {"browser": "/api/v1/public-config", "server": "/api/v1/config"}[kind]

    def opens():
        return requests.get(desk.server.base + read, timeout=10,
                            headers={"Authorization": f"Bearer {secret}"}).status_code
    assert opens() == 200
    assert owner.delete(path).status_code == 204
    assert opens() == 401
    assert_problem(owner.delete(path), 404, "not_found")
    assert owner.all(f"{place}/keys") == []


def test_a_key_may_go_without_a_name(owner, place):
    assert content(owner.post(f"{place}/keys", {"kind": "server"}), 201)["name"] is None


@pytest.mark.parametrize("body, where", [
    ({}, "/kind"), ({"kind": "pub"}, "/kind"), ({"kind": "server", "name": ""}, "/name"),
    ({"kind": "server", "name": "x" * 2049}, "/name"), ({"kind": "server", "name": 1}, "/name"),
    ({"kind": "server", "expiresAt": None}, "/expiresAt")])
def test_bad_keys_are_refused(owner, place, body, where):
    assert_problem(owner.post(f"{place}/keys", body), 400, "invalid", where)
    assert owner.all(f"{place}/keys") == []


def test_keys_of_deployments_are_none_of_these(owner, place):
    content(owner.post(f"{place}/deployments", {"label": "x", "kind": "server"}), 201)
    content(owner.post(f"{place}/project-keys"), 201)
    assert owner.all(f"{place}/keys") == []


@pytest.mark.skipif(is_watched_for_races(), reason="test_limits.py fills the same table")
def test_there_are_two_thousand_keys_and_no_more(new_server):
    desk = Desk(new_server(UNLIMITED).start())
    place = f"/environments/{desk.app()['environments'][0]['number']}"
    while desk.owner.post(f"{place}/keys", {"kind": "server"}).status_code == 201:
        pass
    keys = desk.owner.all(f"{place}/keys", limit=999)
    assert len(keys) == 1999  # and the owner's token
    assert len({k["id"] for k in keys}) == 1999
    for path, body in ((f"{place}/keys", {"kind": "browser"}), ("/tokens", {"kind": "personal"}),
                       (f"{place}/deployments", {"label": "x", "kind": "client"}),
                       (f"{place}/project-keys", ABSENT)):
        assert_problem(desk.owner.post(path, body), 422, "limit")
    assert desk.owner.delete(f"{place}/keys/{keys[7]['id']}").status_code == 204
    assert desk.owner.post("/tokens", {"kind": "personal"}).status_code == 201


# ---- who may ---------------------------------------------------------------------------------------
def mutations(app, place, deployment, key):
    """What only administrators do, and the app's own token."""
    return [("PATCH", f"/apps/{app['id']}", {"hidesFlagsByDefault": False}),
            ("POST", f"/apps/{app['id']}/environments", {"name": "more"}),
            ("PATCH", place, {"monthlyQuota": 7}), ("POST", f"{place}/project-keys", None),
            ("POST", f"{place}/deployments", {"label": "x", "kind": "client"}),
            ("PATCH", f"{place}/deployments/{deployment}", {"label": "y"}),
            ("DELETE", f"{place}/deployments/{deployment}", None),
            ("POST", f"{place}/keys", {"kind": "server"}), ("DELETE", f"{place}/keys/{key}", None)]


@pytest.fixture
def furnished(desk, owner, app, place):
    deployment = content(owner.post(f"{place}/deployments", {"label": "d", "kind": "server"}), 201)
    key = content(owner.post(f"{place}/keys", {"kind": "server"}), 201)
    return mutations(app, place, deployment["number"], key["id"])


def send(caller, method, path, body, **more):
    return caller.call(method, path, **({} if body is None else {"body": body}), **more)


def test_administrators_and_the_apps_own_token_administer(desk, app, place, furnished):
    for caller in (desk.person("admin"), desk.speaker(kind="app", app=app["id"])):
        for method, path, body in furnished:
            answer = send(caller, method, path, body, dryRun="true")
            assert answer.status_code == 200, f"{method} {path}: {answer.text}"


def test_others_who_see_it_do_not(desk, app, place, furnished):
    number = int(place.rsplit("/", 1)[1])
    for caller in (desk.person("viewer"), desk.person("editor"), desk.person("admin", access="read"),
                   desk.person("owner", access="read"),
                   desk.speaker(kind="app", app=app["id"], access="read"),
                   desk.speaker(environments=[number])):
        for method, path, body in furnished:
            answer = send(caller, method, path, body)
            # An environment's token sees no app.
            if answer.status_code != 404 or not path.startswith("/apps"):
                assert_problem(answer, 403, "denied")


def test_editors_change_settings(desk, place):
    number = int(place.rsplit("/", 1)[1])
    for caller in (desk.person("editor"), desk.speaker(environments=[number])):
        content(caller.patch(place, {"hidesFlagsByDefault": True}))
    for caller in (desk.person("viewer"), desk.speaker(environments=[number], access="read")):
        assert_problem(caller.patch(place, {"hidesFlagsByDefault": False}), 403, "denied")
    assert content(desk.owner.get(place))["hidesFlagsByDefault"] is True


def test_apps_are_made_by_people_who_may_write(desk, app):
    for caller in (desk.person("editor"), desk.person("admin")):
        content(caller.post("/apps", {"name": desk.fresh("app")}), 201)
    before = desk.owner.all("/apps")
    number = app["environments"][0]["number"]
    for caller in (desk.person("viewer"), desk.person("editor", access="read"),
                   desk.speaker(kind="app", app=app["id"]), desk.speaker(environments=[number])):
        assert_problem(caller.post("/apps", {"name": desk.fresh("app")}), 403, "denied")
    assert desk.owner.all("/apps") == before


def test_whoever_does_not_see_it_learns_nothing(desk, app, place, furnished):
    """What is another's and what is nowhere are answered alike, whatever is asked."""
    other = desk.app()
    strangers = [desk.speaker(kind="app", app=other["id"]),
                 desk.speaker(environments=[other["environments"][0]["number"]])]
    number = place.rsplit("/", 1)[1]
    reads = [("GET", path, None) for path in (f"/apps/{app['id']}", place, f"{place}/deployments",
                                              f"{place}/keys")]
    for caller in strangers:
        for method, path, body in furnished + reads:
            absent = path.replace(app["id"], "app_" + "0" * 22).replace(place, "/environments/99999")
            foreign, nowhere = (send(caller, method, one, body) for one in (path, absent))
            assert_problem(foreign, 404, "not_found")
            ids = re.compile(r'"(requestId|instance)":"[^"]*"')
            assert ids.sub("", foreign.text) == ids.sub("", nowhere.text)
        assert app["id"] not in {a["id"] for a in caller.all("/apps")}
        assert int(number) not in {e["number"] for e in caller.all("/environments")}


def test_a_deployment_and_a_key_belong_to_one_environment(owner, app, furnished, place):
    elsewhere = f"/environments/{app['environments'][0]['number']}"
    for method, path, body in furnished:
        if path.count("/") == 4:
            answer = send(owner, method, path.replace(place, elsewhere), body)
            assert_problem(answer, 404, "not_found")


def test_what_tokens_see(desk, app):
    mine = desk.speaker(kind="app", app=app["id"])
    assert [a["id"] for a in mine.all("/apps")] == [app["id"]]
    assert [e["number"] for e in mine.all("/environments")] == \
        [e["number"] for e in app["environments"]]
    number = app["environments"][1]["number"]
    narrow = desk.speaker(environments=[number])
    assert narrow.all("/apps") == []
    assert_problem(narrow.get(f"/apps/{app['id']}"), 404, "not_found")
    assert [e["number"] for e in narrow.all("/environments")] == [number]


@pytest.mark.parametrize("path", ["/apps", "/environments", "/tokens", "/users", "/me", "/audit",
                                  "/audit/verify", "/environments/1/keys",
                                  "/environments/1/deployments"])
def test_nothing_without_a_credential(desk, path):
    for token in (None, "cli_nonsense"):
        assert_problem(Admin(desk, token).get(path), 401, "unauthenticated")


# ---- manners ---------------------------------------------------------------------------------------
@pytest.fixture
def things(desk, owner, app, place):
    """(path, a change of it, how it goes) of one of everything that can be changed."""
    deployment = content(owner.post(f"{place}/deployments", {"label": "d", "kind": "server"}), 201)
    key = content(owner.post(f"{place}/keys", {"kind": "server"}), 201)
    token = desk.token(kind="app", app=app["id"])
    user = desk.user("viewer")
    return [(f"/apps/{app['id']}", {"hidesFlagsByDefault": True}, None),
            (place, {"metadata": {"a": 1}}, None), (place, {"monthlyQuota": 12}, None),
            (f"{place}/deployments/{deployment['number']}", {"label": "other"}, 204),
            (f"{place}/keys/{key['id']}", None, 204), (f"/tokens/{token['id']}", None, 204),
            (f"/users/{user['id']}", {"role": "editor"}, 204)]


def test_changes_are_made_of_what_the_caller_saw(owner, things):
    for path, change, gone in things:
        tag = owner.tag(path)
        if change is not None:
            assert_problem(owner.patch(path, change, headers={"If-Match": '"other"'}), 412, "stale")
            assert owner.tag(path) == tag
            answer = owner.patch(path, change, headers={"If-Match": f'"other", {tag}'})
            assert answer.status_code == 200, answer.text
            assert answer.headers["ETag"] == owner.tag(path) != tag
            assert_problem(owner.patch(path, change, headers={"If-Match": tag}), 412, "stale")
        if gone is not None:
            assert_problem(owner.delete(path, headers={"If-Match": '"other"'}), 412, "stale")
            assert owner.get(path).status_code == 200
            assert owner.delete(path, headers={"If-Match": owner.tag(path)}).status_code == gone


def test_a_flag_that_changed_makes_an_environments_tag_stale(desk, owner, app, place):
    tag = owner.tag(place)
    owner.patch(place, {"metadata": {"n": 1}})
    for change in ({"metadata": {"n": 2}}, {"monthlyQuota": 3}):
        assert_problem(owner.patch(place, change, headers={"If-Match": tag}), 412, "stale")
    tag = owner.tag(place)
    owner.patch(place, {"monthlyQuota": 9})
    assert_problem(owner.patch(place, {"metadata": None}, headers={"If-Match": tag}), 412, "stale")


def test_what_has_not_changed_is_not_sent_again(owner, things):
    lists = ["/apps", "/environments", "/tokens", "/users", "/me"]
    for path in lists + [path for path, _, _ in things]:
        tag = owner.tag(path)
        again = owner.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")


def test_dry_runs_change_nothing_and_say_what_they_would(desk, owner, app, place, furnished, things):
    before = [owner.all(p) for p in ("/apps", "/environments", "/tokens", "/users",
                                     f"{place}/deployments", f"{place}/keys", "/audit")]
    sent = furnished + [("PATCH", path, change) for path, change, _ in things if change]
    sent += [("DELETE", path, None) for path, _, gone in things if gone]
    sent += [("POST", "/apps", {"name": desk.fresh("dry")}), ("POST", "/tokens", {"kind": "personal"}),
             ("POST", "/users", {"email": "dry@example.com", "role": "viewer"})]
    for method, path, body in sent:
        report = content(send(owner, method, path, body, dryRun="true"))
        assert report["dryRun"] is True
    metadata = content(owner.patch(place, {"metadata": {"a": 2}}, dryRun="true"))
    assert metadata["version"] == content(owner.get(place))["version"] + 1
    assert [c["kind"] for c in metadata["changes"]] == ["settings"]
    after = [owner.all(p) for p in ("/apps", "/environments", "/tokens", "/users",
                                    f"{place}/deployments", f"{place}/keys", "/audit")]
    assert after == before


def test_what_is_asked_twice_is_done_once(desk, owner, app, place):
    asked = [("/apps", {"name": desk.fresh("once")}), (f"/apps/{app['id']}/environments", {"name": "o"}),
             (f"{place}/deployments", {"label": "once", "kind": "client"}),
             (f"{place}/keys", {"kind": "browser"}), ("/tokens", {"kind": "personal"}),
             ("/users", {"email": "once@example.com", "role": "viewer"}),
             (f"{place}/project-keys", ABSENT)]
    for path, body in asked:
        headers = {"Idempotency-Key": desk.fresh("key")}
        first, second = (owner.post(path, body, headers=headers) for _ in range(2))
        assert first.status_code == 201, first.text
        assert (second.status_code, second.content) == (201, first.content)
        assert second.headers.get("ETag") == first.headers.get("ETag")


def test_lists_come_in_pages_that_stand_still(desk, owner):
    made = [desk.app() for _ in range(5)]
    newest = owner.all("/apps")
    page = content(owner.get("/apps", limit=len(newest) - 2))
    assert [a["id"] for a in page["items"]] == [a["id"] for a in newest[:-2]]
    more = desk.app()
    rest = owner.get("/apps", cursor=page["next"], limit=2)
    assert [a["id"] for a in content(rest)["items"]] == [a["id"] for a in made[-2:]]
    assert 'rel="next"' in rest.headers["Link"]
    last = content(owner.get("/apps", cursor=content(rest)["next"], limit=2))
    assert ([a["id"] for a in last["items"]], last["next"]) == ([more["id"]], None)


def test_a_page_begins_behind_what_is_gone(owner, place):
    keys = [content(owner.post(f"{place}/keys", {"kind": "server"}), 201) for _ in range(4)]
    page = content(owner.get(f"{place}/keys", limit=2))
    owner.delete(f"{place}/keys/{page['items'][1]['id']}")
    rest = content(owner.get(f"{place}/keys", cursor=page["next"]))["items"]
    assert {k["id"] for k in page["items"] + rest} == {k["id"] for k in keys}


@pytest.mark.parametrize("params, where", [({"limit": "0"}, "?limit"), ({"limit": "1001"}, "?limit"),
                                           ({"cursor": "nonsense"}, "?cursor"), ({"page": "2"}, "?page")])
def test_bad_pages_are_refused(owner, params, where):
    for path in ("/apps", "/environments", "/tokens", "/users", "/audit"):
        assert_problem(owner.get(path, **params), 400, "invalid", where)


def test_a_cursor_of_another_list_is_refused(desk, owner):
    desk.app()
    cursor = content(owner.get("/audit", limit=1))["next"]
    assert_problem(owner.get("/apps", cursor=cursor), 400, "invalid", "?cursor")


def test_everything_survives_a_restart(new_server):
    desk = Desk(new_server(UNLIMITED).start())
    app = desk.app()
    place = f"/environments/{app['environments'][0]['number']}"
    desk.owner.patch(f"/apps/{app['id']}", {"name": "kept", "hidesFlagsByDefault": True})
    desk.owner.patch(place, {"metadata": {"a": [1, None]}, "documentForm": "legacy"})
    desk.owner.patch(place, {"monthlyQuota": 77})
    desk.owner.post(f"{place}/keys", {"kind": "server", "name": "kept"})
    desk.owner.post(f"{place}/deployments", {"label": "kept", "kind": "client"})
    desk.person("editor", access="read", expiresAt="2100-01-01T00:00:00Z")
    paths = ("/apps", "/environments", "/tokens", "/users", f"{place}/keys", f"{place}/deployments")
    before = [desk.owner.all(path) for path in paths]
    desk.server.restart()
    desk = Desk(desk.server)
    assert [desk.owner.all(path) for path in paths] == before
