# SPDX-License-Identifier: Apache-2.0
"""What goes wrong by accident: numbers of another server, names in capitals, words mistyped, files
that lie in the way."""
import json
import os
import pathlib
import stat
import subprocess

import pytest

from harness import BINARY


def context_file(cli):
    return cli.home / "context.json"


def test_a_word_that_is_no_percentage(guidon):
    guidon.run("flags", "create", "--key", "dark", "--type", "bool", "--value", "true").ok()
    refused = guidon.run("flags", "update", "--key", "dark", "--rollout", "on", "--yes").ended(4)
    assert "percentage" in refused.err


def test_the_number_of_another_server_is_not_believed(guidon):
    """Environment 3 here is another's there: maybe production, where nothing would be asked."""
    guidon.run("flag", "create", "one", "--on").ok()
    before = json.loads(context_file(guidon).read_text())
    guidon.run("use", before["appId"], "production").ok()
    chosen = json.loads(context_file(guidon).read_text())
    assert chosen["env"] == "production" and chosen["api"].startswith("http://")
    kept = {**chosen, "env": "development", "api": "http://127.0.0.1:1"}
    context_file(guidon).write_text(json.dumps(kept))
    assert guidon.run("flag", "list").ok().items() == []
    kept["appId"] = "app_of_another_server"
    context_file(guidon).write_text(json.dumps(kept))
    refused = guidon.run("flag", "off", "one").ended(3)
    assert "there is no environment" in refused.err
    context_file(guidon).write_text(json.dumps(chosen))
    assert guidon.run("flag", "get", "one", "--document").ok().json()["enabled"] is True


@pytest.mark.parametrize("name", ["Production", "PROD"])
def test_production_is_production_in_capitals(guidon, name):
    guidon.run("env", "create", name).ok()
    guidon.run("flag", "create", "one", "--env", name).ok()
    refused = guidon.run("flag", "off", "one", "--env", name).ended(4)
    assert "needs a confirmation" in refused.err


def test_a_copy_goes_into_a_file_of_its_own(guidon, tmp_path):
    """Who may write beside it has put a file there, and a link to another."""
    other = tmp_path / "other"
    other.write_text("theirs")
    (tmp_path / "copy.db.part").symlink_to(other)
    guidon.run("backup", "-O", tmp_path / "copy.db").ok()
    assert other.read_text() == "theirs"
    assert stat.S_IMODE(os.stat(tmp_path / "copy.db").st_mode) == 0o600
    assert sorted(p.name for p in tmp_path.glob("copy.db*")) == [
        "copy.db", "copy.db.part", "copy.db.sha256"]


def test_nothing_said_to_this_machine_goes_through_a_proxy(guidon):
    guidon.environment["http_proxy"] = "http://127.0.0.1:1"
    guidon.run("whoami").ok()


# ---- restore ---------------------------------------------------------------------------------------
def restore(*words):
    return subprocess.run([BINARY, "restore", *words], capture_output=True, text=True, timeout=30,
                          check=False)


@pytest.fixture
def copy(guidon, tmp_path):
    made = tmp_path / "copy.db"
    guidon.run("backup", "-O", made).ok()
    return made


def test_a_link_in_the_data_directory_leads_nowhere(copy, tmp_path):
    data, victim = tmp_path / "data", tmp_path / "victim"
    for folder in (data, victim):
        folder.mkdir()
    (victim / "precious").write_text("x")
    (data / "restoring").symlink_to(victim)
    assert restore(copy, "--data", data, "--yes").returncode == 1
    assert [p.name for p in victim.iterdir()] == ["precious"]


def test_a_log_beside_a_copy_is_not_believed_with_its_digest(copy, tmp_path):
    pathlib.Path(f"{copy}-wal").write_bytes(b"x" * 4096)
    refused = restore(copy, "--data", tmp_path / "data", "--yes")
    assert refused.returncode == 1 and "-wal" in refused.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("above", ["18446744073709551615", "9007199254740991"])
def test_a_version_that_cannot_be_is_refused(copy, tmp_path, above):
    refused = restore(copy, "--data", tmp_path / "data", "--above", above)
    assert refused.returncode == 4 and "--above" in refused.stderr
    assert not (tmp_path / "data").exists()
