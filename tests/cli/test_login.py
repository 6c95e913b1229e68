# SPDX-License-Identifier: Apache-2.0
"""login with a token, whoami, status, use, logout, and what is kept where."""
import json
import os
import signal
import stat
import termios

import pytest

from cli import Cli, Talk

NAMES = ["guidon", "superflag"]


@pytest.fixture(params=NAMES)
def newcomer(request, stranger):
    """Nobody is logged in, nothing is chosen; the server is known."""
    return stranger.named(request.param)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def token(admin):
    """One more of the owner's."""
    owner = admin.call("GET", "/admin/v1/me").json()["userId"]
    return admin.call("POST", "/admin/v1/tokens", {"kind": "personal", "user": owner}).json()["token"]


# ---- login --token ---------------------------------------------------------------------------------
def test_a_token_is_checked_and_kept(newcomer, server, token):
    said = newcomer.run("login", "--token", token).ok()
    assert token not in said.out + said.err and "owner@localhost" in said.out
    assert newcomer.kept("credentials") == {"token": token, "email": "owner@localhost",
                                            "api": server.base}
    newcomer.having(GUIDON_API=None).run("apps", "list").ok()


def test_a_token_may_come_from_standard_input(newcomer, token):
    for written in (token, token + "\n", token + "\r\n"):
        newcomer.run("login", "--token", "-", input=written).ok()
        assert newcomer.kept("credentials")["token"] == token


def test_a_token_may_be_typed_and_is_not_echoed(newcomer, token):
    said = newcomer.terminal("login", "--token", "-", answers=[("Token: ", token)]).ok()
    assert token not in said.out and newcomer.kept("credentials")["token"] == token


@pytest.mark.parametrize("end, number", [
    (lambda talk: talk.type("\x03"), signal.SIGINT),
    (lambda talk: talk.type("\x1c"), signal.SIGQUIT),
    (lambda talk: os.kill(talk.pid, signal.SIGTERM), signal.SIGTERM),
], ids=["ctrl-c", "ctrl-backslash", "terminate"])
def test_a_question_that_is_broken_off_leaves_the_terminal_as_it_was(newcomer, end, number):
    """What is typed next, at the shell, is to be seen again."""
    talk = Talk(newcomer.command(["login", "--token", "-"]), newcomer.variables(), newcomer.work, 100, 40)
    try:
        talk.expect("Token: ")
        assert termios.tcgetattr(talk.terminal)[3] & termios.ECHO == 0
        end(talk)
        assert talk.end() == -number
        assert termios.tcgetattr(talk.terminal)[3] & termios.ECHO
    finally:
        talk.close()


def test_a_question_that_is_stopped_goes_on_afterwards(newcomer, token):
    """Ctrl-Z, a look around with everything visible, fg."""
    talk = Talk(newcomer.command(["login", "--token", "-"]), newcomer.variables(), newcomer.work, 100, 40)
    try:
        talk.expect("Token: ")
        os.kill(talk.pid, signal.SIGSTOP)  # a process group without a shell takes no Ctrl-Z
        os.waitpid(talk.pid, os.WUNTRACED)
        os.kill(talk.pid, signal.SIGCONT)
        talk.type(token + "\n")
        assert talk.end() == 0, talk.text
        assert token not in talk.text
        assert termios.tcgetattr(talk.terminal)[3] & termios.ECHO
    finally:
        talk.close()


@pytest.mark.parametrize("wrong", ["cli_" + "x" * 49, "nonsense"])
def test_a_token_nobody_knows_is_not_kept(newcomer, server, wrong):
    refused = newcomer.run("login", "--token", wrong).ended(3 if newcomer.name == "superflag" else 5)
    assert "Not authenticated" in refused.err and server.base in refused.err
    assert newcomer.kept("credentials") is None


@pytest.mark.parametrize("wrong", ["", "two words", "a\r\nX-Evil: 1", "ü", "x" * 2000])
def test_what_is_no_token_is_not_even_sent(newcomer, wrong):
    refused = newcomer.run("login", "--token", wrong).ended(2 if newcomer.name == "superflag" else 4)
    assert "no token" in refused.err and newcomer.kept("credentials") is None


def test_a_login_that_fails_leaves_the_old_one(newcomer, token):
    newcomer.run("login", "--token", token).ok()
    newcomer.run("login", "--token", "nonsense").ended(3 if newcomer.name == "superflag" else 5)
    newcomer.run("login", "--token", token, "--api", "http://127.0.0.1:9").ended(
        4 if newcomer.name == "superflag" else 8)
    assert newcomer.kept("credentials")["token"] == token


def test_keys_that_sdks_read_with_are_no_tokens(newcomer, app):
    refused = newcomer.run("login", "--token", app.key("sdk"))
    refused.ended(3 if newcomer.name == "superflag" else 5)
    assert newcomer.kept("credentials") is None


def test_a_token_that_is_no_persons_has_no_email(newcomer, admin, app):
    made = admin.call("POST", "/admin/v1/tokens", {"kind": "app", "app": app.id}).json()["token"]
    assert f"a key of {app.id}" in newcomer.run("login", "--token", made).ok().out
    assert "email" not in newcomer.kept("credentials")


def test_a_token_of_one_environment_works_with_our_own_commands(stranger, admin, app):
    number = next(e["number"] for e in app.envs() if e["name"] == "staging")
    stranger.run("login", "--token", admin.new_token([number])["token"]).ok()
    stranger.run("use", app.name, "staging").ok()
    assert stranger.kept("context")["environment"] == number
    stranger.run("use", app.name, "production").ended(3)
    assert stranger.run("status").ok().json()["env"] == "staging"
    stranger.run("flag", "list").ok()


# ---- the files -------------------------------------------------------------------------------------
def test_files_are_their_owners_alone(newcomer, token, app):
    old = os.umask(0)
    try:
        newcomer.run("login", "--token", token).ok()
        newcomer.run("use", app.name, "production").ok()
    finally:
        os.umask(old)
    assert mode(newcomer.home) == 0o700
    assert sorted(p.name for p in newcomer.home.iterdir()) == ["context.json", "credentials.json"]
    assert {mode(p) for p in newcomer.home.iterdir()} == {0o600}


def test_files_are_replaced_whole_and_keep_what_is_not_ours(newcomer, token, app):
    newcomer.keep("credentials", token="old", email="old@example.com", theme={"dark": [1]})
    newcomer.keep("context", note="mine", env="old")
    before = (newcomer.home / "credentials.json").stat().st_ino
    (newcomer.home / "credentials.json").chmod(0o644)
    newcomer.run("login", "--token", token).ok()
    newcomer.run("use", app.name, "staging").ok()
    assert newcomer.kept("credentials")["theme"] == {"dark": [1]}
    assert newcomer.kept("credentials")["token"] == token
    assert newcomer.kept("context")["note"] == "mine"
    assert (newcomer.home / "credentials.json").stat().st_ino != before
    assert mode(newcomer.home / "credentials.json") == 0o600


def test_a_link_is_replaced_and_not_followed(newcomer, token, tmp_path):
    target = tmp_path / "elsewhere"
    target.write_text("{}")
    newcomer.home.mkdir(mode=0o700)
    (newcomer.home / "credentials.json").symlink_to(target)
    newcomer.run("login", "--token", token).ok()
    assert target.read_text() == "{}" and not (newcomer.home / "credentials.json").is_symlink()


def test_another_folder(newcomer, token, tmp_path):
    folder = tmp_path / "deep"
    newcomer.having(SUPERFLAG_HOME=folder).run("login", "--token", token).ok()
    assert json.loads((folder / "credentials.json").read_text())["token"] == token
    assert mode(folder) == 0o700 and not newcomer.home.exists()


def test_a_file_that_is_broken_is_named(newcomer):
    newcomer.keep("credentials")
    (newcomer.home / "credentials.json").write_text("{")
    refused = newcomer.run("apps", "list").ended(2 if newcomer.name == "superflag" else 4)
    assert "credentials.json is not a JSON object; remove it" in refused.err


# ---- whoami, status --------------------------------------------------------------------------------
def test_whoami(owner, server):
    assert owner.named("superflag").run("whoami").ok().out == "user: owner@localhost\ntoken: works\n"
    mine = owner.run("whoami").ok().json()
    assert (mine["user"], mine["role"], mine["tokenWorks"]) == ("owner@localhost", "owner", True)
    assert "owner@localhost" in owner.terminal("whoami").ok().plain


def test_the_vendors_status_is_four_lines(stranger, server, token, app):
    cli = stranger.named("superflag")
    assert cli.run("status").ended(3).out == \
        f"user: not authenticated\napp: none\nenv: none\napi: {server.base}\n"
    cli.run("login", "--token", token).ok()
    cli.run("use", app.name, "staging").ok()
    assert cli.run("status").ok().out == \
        f"user: owner@localhost\napp: {app.name}\nenv: staging\napi: {server.base}\n"


def test_our_status_says_more(guidon, app, server):
    mine = guidon.run("status").ok().json()
    assert {k: mine[k] for k in ("user", "role", "app", "env", "api", "reachable")} == {
        "user": "owner@localhost", "role": "owner", "app": app.name, "env": "production",
        "api": server.base, "reachable": True}
    assert mine["serverVersion"] == mine["version"] and mine["home"] == str(guidon.home)
    shown = guidon.terminal("status").ok().plain
    assert "Server version" in shown and app.name in shown


def test_status_of_a_server_that_is_gone(guidon):
    away = guidon.having(GUIDON_API="http://127.0.0.1:9", GUIDON_TOKEN="cli_x")
    ended = away.run("status").ended(8)
    assert ended.json()["reachable"] is False and "no answer" in ended.err
    ended = away.named("superflag").run("status").ended(4)
    assert ended.lines[-1] == "api: http://127.0.0.1:9"


# ---- use -------------------------------------------------------------------------------------------
def test_use_goes_by_names_and_keeps_ids(newcomer, token, app):
    newcomer.run("login", "--token", token).ok()
    env = next(e for e in app.envs() if e["name"] == "staging")
    expected = {"appId": app.id, "appName": app.name, "env": "staging",
                "environment": env["number"], "api": newcomer.environment["GUIDON_API"]}
    for words in ((app.name, "staging"), (app.id, env["id"]), (f"{app.name}/staging",)):
        newcomer.run("use", app.name, "production").ok()
        newcomer.run("use", *words).ok()
        assert newcomer.kept("context") == expected
    newcomer.run("use", "development").ok()
    assert newcomer.kept("context")["env"] == "development"
    assert newcomer.kept("context")["appId"] == app.id


def test_use_alone_shows_what_is_chosen(guidon, app):
    assert guidon.named("superflag").run("use").ok().out == f"app: {app.name}\nenv: production\n"
    mine = guidon.run("use").ok().json()
    assert (mine["app"], mine["env"], mine["appId"]) == (app.name, "production", app.id)


def test_use_of_what_is_not_there_changes_nothing(guidon, app):
    for name, status in (("guidon", 3), ("superflag", 1)):
        cli = guidon.named(name)
        assert 'no app "nowhere"' in cli.run("use", "nowhere", "production").ended(status).err
        assert 'no environment "moon"' in cli.run("use", app.name, "moon").ended(status).err
    assert guidon.kept("context")["env"] == "production"


def test_use_without_an_app(owner):
    assert "no app is chosen" in owner.run("use", "staging").ended(4).err


def test_what_was_chosen_is_used_by_commands_of_both_kinds(guidon, app):
    guidon.run("use", "staging").ok()
    guidon.run("flags", "create", "--key", "one", "--type", "bool", "--value", "true").ok()
    assert list(app.flags("staging")) == ["one"]
    assert "one" in guidon.run("flag", "list").ok().out


# ---- logout ----------------------------------------------------------------------------------------
def test_logout_forgets_here_and_the_token_stays_good(newcomer, token, app, api):
    newcomer.run("login", "--token", token).ok()
    newcomer.run("use", app.name, "production").ok()
    newcomer.run("logout").ok()
    assert newcomer.kept("credentials") is None and newcomer.kept("context") is not None
    newcomer.run("apps", "list").ended(3 if newcomer.name == "superflag" else 5)
    assert api.get("/me", token=token).status_code == 200
    newcomer.run("logout").ok()


def test_logout_can_revoke(newcomer, token, api):
    newcomer.run("login", "--token", token).ok()
    newcomer.run("logout", "--revoke").ok()
    assert newcomer.kept("credentials") is None
    assert api.get("/me", token=token).status_code == 401


def test_a_token_that_cannot_be_revoked_is_kept(newcomer, token):
    newcomer.run("login", "--token", token).ok()
    newcomer.keep("credentials", token=token, api="http://127.0.0.1:9")
    refused = newcomer.run("logout", "--revoke").ended(4 if newcomer.name == "superflag" else 8)
    assert "still logged in" in refused.err
    assert newcomer.kept("credentials")["token"] == token


def test_a_dead_token_is_forgotten_all_the_same(newcomer, token, api):
    newcomer.run("login", "--token", token).ok()
    assert api.delete("/tokens/current", token=token).status_code == 200
    newcomer.run("logout", "--revoke").ok()
    assert newcomer.kept("credentials") is None


# ---- whose word counts -----------------------------------------------------------------------------
def test_what_is_written_counts_before_variables_and_they_before_files(owner, server, token):
    cases = [({"GUIDON_TOKEN": "wrong"}, (), 5), ({"SUPERFLAG_TOKEN": "wrong"}, (), 5),
             ({"GUIDON_TOKEN": "wrong"}, ("--token", token), 0),
             ({"GUIDON_API": "http://127.0.0.1:9"}, ("--api", server.base), 0),
             ({"SUPERFLAG_API_URL": "http://127.0.0.1:9", "GUIDON_API": server.base}, (), 0),
             ({"SUPERFLAG_API_URL": server.base + "/"}, (), 0)]
    for variables, words, status in cases:
        owner.having(**variables).run("apps", "list", *words).ended(status)


def test_commands_that_need_no_home_need_none(tmp_path):
    cli = Cli(tmp_path, HOME=None)
    cli.write("c.json", {"schemaVersion": 1, "source": {"app": "a", "environment": "e"},
                         "configVersion": 0, "flags": {}})
    cli.run("config", "validate", "c.json").ok()
    assert "HOME" in cli.run("apps", "list").ended(4).err
