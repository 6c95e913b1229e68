# SPDX-License-Identifier: Apache-2.0
"""`app`, `env`, `key`, `token`, `user`, `deployment`: places and who may enter them."""
import re

import pytest

from cli import Cli

PASSWORD = "correct horse battery"


def names(cli, noun, member="name", *words):
    return [item[member] for item in cli.run(noun, "list", *words).ok().items()]


# ---- apps and environments -------------------------------------------------------------------------
def test_an_app_is_made_renamed_and_found(owner):
    made = owner.run("app", "create", "shop of words").ok().json()
    assert [e["name"] for e in made["environments"]] == ["development", "staging", "production"]
    owner.run("app", "set", "shop of words", "--name", "store", "--hides-flags", "true").ok()
    assert owner.run("app", "get", made["id"]).ok().json()["hidesFlagsByDefault"] is True
    assert re.search(r"^HIDES FLAGS +on$", owner.terminal("app", "get", "store").ok().plain, re.M)
    owner.run("app", "get", "shop of words").ended(3)
    owner.run("app", "set", "store", "--hides-flags", "maybe").ended(4)
    owner.run("app", "create", "store").ended(6)


def test_a_dry_run_makes_no_app(owner):
    owner.run("app", "create", "never made", "--dry-run").ok()
    assert "never made" not in names(owner, "app")


def test_environments_are_made_set_and_shown(guidon, app):
    made = guidon.run("env", "create", "qa").ok().json()
    assert guidon.run("env", "get", f"{app.name}/qa").ok().json()["id"] == made["id"]
    guidon.run("env", "set", "qa", "--document-form", "core",
               "--metadata", '{"team":"a"}').ok()
    guidon.run("env", "set", "qa", "--monthly-quota", "1000").ok()
    told = guidon.run("env", "get", "qa").ok().json()
    assert (told["documentForm"], told["monthlyQuota"], told["metadata"]) == \
        ("core", 1000, {"team": "a"})
    guidon.run("env", "set", "qa", "--monthly-quota", "none").ok()
    guidon.run("env", "set", "qa", "--monthly-quota", "lots").ended(4)
    assert re.search(r"^Name +production$", guidon.terminal("env", "get").ok().plain, re.M)
    guidon.run("env", "get", "nowhere").ended(3)


def test_the_environment_is_chosen_by_words(guidon, app):
    guidon.run("flag", "create", "one", "--env", "staging").ok()
    assert guidon.run("flag", "list").ok().out == ""
    assert len(guidon.run("flag", "list", "--env", f"{app.name}/staging").ok().lines) == 1
    assert "env list" in guidon.run("flag", "list", "--env", "nowhere").ended(3).err


def test_without_an_environment_in_use(owner):
    assert "guidon use" in owner.run("flag", "list").ended(4).err


# ---- secrets ---------------------------------------------------------------------------------------
def test_a_key_is_shown_once_alone_on_a_line(guidon):
    shown = guidon.terminal("key", "create", "server", "--name", "backend").ok().plain
    secret = shown.splitlines()[-1]
    assert re.fullmatch(r"\w+_\w{20,}", secret), shown
    listed = guidon.run("key", "list").ok()
    assert secret not in listed.out
    found = [item for item in listed.items() if item["name"] == "backend"]
    assert [secret.endswith(item["tail"]) for item in found] == [True]


def test_a_key_in_a_script(guidon):
    made = guidon.run("key", "create", "browser").ok().json()
    assert made["key"].endswith(made["tail"])
    status, out, err = guidon.run_bytes("key", "create", "server", "-o", "tsv")
    assert status == 0 and re.fullmatch(rb"\w+_\w{20,}", out.splitlines()[-1])
    assert b"once" in err


def test_a_key_is_revoked_with_a_confirmation(guidon):
    made = guidon.run("key", "create", "server").ok().json()
    assert "--yes" in guidon.run("key", "revoke", made["id"]).ended(4).err
    guidon.run("key", "revoke", made["id"], "--yes").ok()
    assert made["id"] not in names(guidon, "key", "id")
    guidon.run("key", "revoke", made["id"], "--yes").ended(3)
    guidon.run("key", "create", "laptop").ended(1)


def test_tokens_for_an_environment_an_app_and_a_person(guidon, app):
    for words in (("environment",), ("environment", "--for", "staging", "--for", "production"),
                  ("app", "--app", app.id), ("personal", "--access", "read")):
        made = guidon.run("token", "create", *words, "--name", "ci").ok().json()
        assert made["kind"] == words[0] and made["token"]
        assert made["id"] in names(guidon, "token", "id")
        guidon.run("token", "revoke", made["id"]).ok()
        assert made["id"] not in names(guidon, "token", "id")


def test_a_token_for_reading_may_not_write(guidon, stranger):
    token = guidon.run("token", "create", "personal", "--access", "read").ok().json()["token"]
    reader = guidon.having(GUIDON_TOKEN=token)
    reader.run("flag", "list").ok()
    assert "whoami" in reader.run("flag", "create", "one").ended(5).err
    assert "guidon login" in guidon.having(GUIDON_TOKEN="cli_nobodys").run("flag", "list") \
        .ended(5).err
    (guidon.home / "credentials.json").unlink()
    assert "GUIDON_TOKEN" in stranger.run("app", "list").ended(5).err


# ---- people ----------------------------------------------------------------------------------------
def test_people_come_change_and_go(owner):
    owner.run("user", "create", "ada@example.org", "editor").ok()
    owner.run("user", "set", "ada@example.org", "admin").ok()
    found = [u for u in owner.run("user", "list").ok().items() if u["email"] == "ada@example.org"]
    assert [u["role"] for u in found] == ["admin"]
    assert "deleted" in owner.terminal("user", "delete", "ada@example.org").ok().plain
    assert "user list" in owner.run("user", "delete", "ada@example.org").ended(3).err
    owner.run("user", "create", "eve@example.org", "queen").ended(1)


def test_a_password_is_typed_twice_and_not_shown(owner):
    owner.run("user", "create", "bob@example.org", "editor").ok()
    talk = owner.terminal("user", "password", "bob@example.org", answers=[
        ("New password: ", PASSWORD), ("The same again: ", PASSWORD)]).ok()
    assert PASSWORD not in talk.out and "set" in talk.plain
    differ = owner.terminal("user", "password", "bob@example.org", answers=[
        ("New password: ", PASSWORD), ("The same again: ", PASSWORD + "!")])
    assert "nothing was changed" in differ.ended(4).plain
    owner.run("user", "delete", "bob@example.org").ok()


def test_a_password_from_a_file(owner):
    owner.run("user", "create", "eve@example.org", "editor").ok()
    owner.write("secret.txt", PASSWORD + "\n")
    owner.run("user", "password", "eve@example.org", "--new-from", "secret.txt").ok()
    owner.run("user", "password", "eve@example.org", "--new-from", "-", input=PASSWORD).ok()
    owner.write("short.txt", "short\n")
    assert "12 to 128" in owner.run("user", "password", "eve@example.org", "--new-from",
                                    "short.txt").ended(1).err
    assert "terminal" in owner.run("user", "password", "eve@example.org").ended(4).err
    owner.run("user", "password", "nobody@example.org").ended(3)
    owner.run("user", "delete", "eve@example.org").ok()


def test_ones_own_password_needs_the_one_so_far(new_server, tmp_path):
    server = new_server().start()
    owner = Cli(tmp_path).log_in(server)
    owner.write("first.txt", PASSWORD + "\n")
    owner.write("second.txt", PASSWORD + " again\n")
    me = "owner@localhost"
    owner.run("user", "password", me, "--new-from", "first.txt").ok()
    owner.run("user", "password", me, "--new-from", "second.txt").ended(5)
    owner.run("user", "password", me, "--new-from", "second.txt", "--current-from",
              "first.txt").ok()
    owner.terminal("user", "password", me, answers=[
        ("Password so far", PASSWORD + " again"), ("New password: ", PASSWORD),
        ("The same again: ", PASSWORD)]).ok()


# ---- deployments -----------------------------------------------------------------------------------
def test_deployments_by_label(guidon):
    made = guidon.run("deployment", "create", "web", "client").ok().json()
    assert made["key"] and made["kind"] == "client"
    guidon.run("deployment", "set", "web", "--label", "site", "--yes").ok()
    assert "site" in names(guidon, "deployment", "label")
    assert "--yes" in guidon.run("deployment", "archive", "site").ended(4).err
    assert "archived" in guidon.terminal("deployment", "archive", str(made["number"]), answers=[
        ("Type production to go on: ", "production")]).ok().plain
    guidon.run("deployment", "set", "site", "--archived", "false", "--yes").ok()
    guidon.run("deployment", "set", "site", "--archived", "perhaps").ended(4)
    guidon.run("deployment", "archive", "nothing", "--yes").ended(3)
    guidon.run("deployment", "create", "web", "toaster").ended(1)


@pytest.mark.parametrize("words", [("app", "create"), ("token", "create"), ("user", "create", "a@b"),
                                   ("deployment", "create", "x"), ("key", "revoke")])
def test_something_is_missing(guidon, words):
    refused = guidon.run(*words).ended(4)
    assert "something is missing" in refused.err and "--help" in refused.err
