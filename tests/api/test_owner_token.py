# SPDX-License-Identifier: Apache-2.0
"""The way back in: a token for an owner who lost theirs, made on a stopped server's data.

    guidon owner-token --data /var/lib/guidon
"""
import subprocess

import pytest
import requests

from harness import BINARY, clean_environment


def owner_token(server, *more):
    return subprocess.run([str(BINARY), "owner-token", "--data", str(server.data), *more],
                          capture_output=True, text=True, timeout=30, check=False,
                          stdin=subprocess.DEVNULL, env=clean_environment())


def get(server, token, path):
    return requests.get(server.base + path, headers={"Authorization": f"Bearer {token}"}, timeout=10)


@pytest.fixture
def stopped(new_server):
    server = new_server().start()
    made = requests.post(server.base + "/admin/v1/apps", json={"name": "shop"}, timeout=10,
                         headers={"Authorization": f"Bearer {server.token}"})
    assert made.status_code == 201
    server.stop()
    return server


def test_an_owner_gets_back_in(stopped):
    done = owner_token(stopped)
    assert done.returncode == 0, done.stderr
    token = done.stdout.strip()
    assert done.stdout == token + "\n" and token.startswith("cli_")
    assert token not in done.stderr and "owner@localhost" in done.stderr
    stopped.start()
    assert get(stopped, token, "/admin/v1/me").json()["role"] == "owner"
    assert [one["name"] for one in get(stopped, token, "/admin/v1/apps").json()["items"]] == ["shop"]
    newest = get(stopped, token, "/admin/v1/audit").json()["items"][0]
    assert (newest["action"], newest["actor"]) == ("token.recover", "owner@localhost")
    assert get(stopped, token, "/admin/v1/audit/verify").json()["verified"] is True
    assert get(stopped, stopped.token, "/admin/v1/me").status_code == 200


def test_a_running_server_keeps_its_data_to_itself(stopped):
    stopped.start()
    done = owner_token(stopped)
    assert done.returncode > 0 and done.stdout == ""
    assert "another process" in done.stderr


def test_nothing_is_made_where_nothing_is(new_server, tmp_path):
    server = new_server()
    done = owner_token(server)
    assert done.returncode == 3 and done.stdout == ""
    assert not server.data.exists()
    assert owner_token(server, "--email").returncode == 4


def test_only_an_owner_is_given_one(stopped):
    done = owner_token(stopped, "--email", "somebody@example.com")
    assert done.returncode == 3 and done.stdout == ""
    stopped.start()
    boss = {"email": "boss@example.com", "role": "owner"}
    made = requests.post(stopped.base + "/admin/v1/users", json=boss, timeout=10,
                         headers={"Authorization": f"Bearer {stopped.token}"})
    assert made.status_code == 201
    stopped.stop()
    assert owner_token(stopped).returncode == 4, "which of the two?"
    token = owner_token(stopped, "--email", "BOSS@example.com").stdout.strip()
    stopped.start()
    assert get(stopped, token, "/admin/v1/me").json()["actor"] == "boss@example.com"
