# SPDX-License-Identifier: Apache-2.0
"""guidon doctor, keygen and config: what an operator asks of a machine before asking anybody else."""
import json
import os
import socket
import sqlite3
import subprocess

import pytest

from admin import Admin
from backup_scene import fill, guidon, owner_of
from harness import wait_until


def findings(*arguments, expect=0, **environment):
    """{check: finding}, each once."""
    told = guidon("doctor", "-o", "json", *arguments, expect=expect, **environment).stdout
    found = [json.loads(line) for line in told.splitlines()]
    assert all(set(f) == {"check", "outcome", "what", "todo"} for f in found)
    assert all((f["todo"] is None) == (f["outcome"] == "ok") for f in found)
    return {f["check"]: f for f in found}


def addresses(server):
    return ("--data", server.data, "--listen", server.base.split("//")[1],
            "--operations-listen", server.operations.split("//")[1])


def listing(directory):
    return sorted((p.name, p.stat().st_size, p.stat().st_mtime_ns, p.stat().st_mode)
                  for p in directory.iterdir())


@pytest.fixture
def stopped(new_server):
    server = new_server().start()
    fill(owner_of(server), flags=3)
    server.data.chmod(0o700)
    assert server.stop() == 0
    return server


FREE = ("--listen", "127.0.0.1:0", "--operations-listen", "127.0.0.1:0")


# ---- doctor -----------------------------------------------------------------------------------------

def test_a_stopped_servers_directory_is_well_and_left_as_it_was(stopped):
    before = listing(stopped.data)
    found = findings("--data", stopped.data, *FREE)
    for name in ("settings", "data directory", "owner", "mode", "free space", "file system", "lock",
                 "store", "schema", "audit trail", "snapshot"):
        assert found[name]["outcome"] == "ok", found[name]
    assert found["lock"]["what"].startswith("free")
    assert "sqlite 3." in found["store"]["what"]
    assert listing(stopped.data) == before


def test_beside_a_running_server_it_finds_what_is_the_servers(server):
    found = findings(*addresses(server))
    assert found["lock"]["what"].startswith("held")
    assert found["listen"]["what"].endswith("is the server's")
    assert found["operations"]["what"].endswith("is the server's")
    assert found["server"]["outcome"] == "ok"
    assert found["store"]["outcome"] == "ok"
    fill(owner_of(server), "after-the-doctor", flags=1)  # and it goes on


def test_a_killed_servers_store_is_read_with_its_log(stopped):
    stopped.start()
    fill(owner_of(stopped), "in-the-log", flags=1)
    stopped.kill()
    assert (stopped.data / "guidon.db-wal").stat().st_size > 0
    found = findings("--data", stopped.data, *FREE)
    assert found["store"]["outcome"] == "ok" and found["lock"]["what"].startswith("free")
    stopped.start()
    assert "in-the-log" in {a["name"] for a in owner_of(stopped).items("/admin/v1/apps")}


def test_before_the_first_start_nothing_is_wrong(tmp_path):
    found = findings("--data", tmp_path / "data", *FREE)
    assert found["data directory"]["outcome"] == "warning"
    assert "store" not in found
    assert not (tmp_path / "data").exists()
    assert findings("--data", tmp_path / "no" / "where", *FREE, expect=1)["data directory"][
        "outcome"] == "failed"
    (tmp_path / "file").write_text("")
    findings("--data", tmp_path / "file", *FREE, expect=1)


@pytest.mark.parametrize("damage, check, outcome", [
    (lambda data: data.chmod(0o755), "mode", "warning"),
    (lambda data: (data / "guidon.db").chmod(0o644), "store's mode", "warning"),
    (lambda data: (data / "guidon.db").write_bytes(b"nothing"), "store", "failed"),
    (lambda data: os.truncate(data / "guidon.db", 40960), "store", "failed"),
    (lambda data: [p.unlink() for p in data.glob("snapshot-*")], "snapshot", "warning"),
    (lambda data: (data / "backup-0123456789012345678901.partial").write_bytes(b""), "left over",
     "warning"),
    (lambda data: (data / "guidon.db.before-restore-20300101T000000Z").write_bytes(b""),
     "kept stores", "warning"),
    (lambda data: run_sql(data, "UPDATE audit SET subject = 'x' WHERE sequence = 2"), "audit trail",
     "failed"),
    (lambda data: run_sql(data, "INSERT INTO schema_migration VALUES (99, 'x', 0, x'00')"), "store",
     "failed"),
    (lambda data: run_sql(data, "DELETE FROM schema_migration WHERE number > 3"), "schema",
     "warning"),
])
def test_what_is_wrong_is_found_and_what_to_do_is_said(stopped, damage, check, outcome):
    damage(stopped.data)
    found = findings("--data", stopped.data, *FREE, expect=None)
    assert found[check]["outcome"] == outcome, found[check]
    any_failed = any(f["outcome"] == "failed" for f in found.values())
    done = guidon("doctor", "--data", stopped.data, *FREE, expect=1 if any_failed else 0)
    assert found[check]["todo"] in done.stdout
    assert any_failed == (outcome == "failed")


def run_sql(data, sql):
    with sqlite3.connect(data / "guidon.db") as database:
        database.execute(sql)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def test_another_programs_port_is_said_to_be(stopped):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = "127.0.0.1:%d" % other.getsockname()[1]
        found = findings("--data", stopped.data, "--listen", address, "--operations-listen",
                         "127.0.0.1:0", expect=1)
    assert found["listen"]["outcome"] == "failed"
    assert "another program" in found["listen"]["what"]


def test_wrong_settings_are_a_finding(tmp_path):
    found = findings("--listen", "nonsense", expect=1)
    assert list(found) == ["settings"] and found["settings"]["outcome"] == "failed"
    assert guidon("doctor", "-o", "yaml", expect=4).stderr
    assert len(guidon("doctor", "--help").stdout.splitlines()) <= 24


def test_a_few_descriptors_are_a_warning(stopped):
    command = f"ulimit -n 256; exec \"$0\" doctor -o json --data '{stopped.data}' {' '.join(FREE)}"
    from harness import BINARY, clean_environment
    done = subprocess.run(["bash", "-c", command, str(BINARY)], capture_output=True, text=True,
                          env=clean_environment(), check=True)
    found = {f["check"]: f for f in map(json.loads, done.stdout.splitlines())}
    assert found["descriptors"]["outcome"] == "warning"


def certificate(folder, days):
    key, chain = folder / "key.pem", folder / "chain.pem"
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                           "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", chain,
                           "-days", str(days), "-subj", "/CN=localhost"], capture_output=True,
                          check=False)
    if made.returncode != 0:
        pytest.skip("openssl(1) is not here: THE CERTIFICATE IS NOT TESTED")
    return "--tls-certificate", chain, "--tls-key", key


def test_the_certificate_is_looked_at(stopped, tmp_path):
    found = findings("--data", stopped.data, *FREE, *certificate(tmp_path, 400))
    assert found["certificate"]["outcome"] == "ok"
    found = findings("--data", stopped.data, *FREE, *certificate(tmp_path, 3))
    assert found["certificate"]["outcome"] == "warning"
    (tmp_path / "key.pem").write_text("no key")
    found = findings("--data", stopped.data, *FREE, "--tls-certificate", tmp_path / "chain.pem",
                     "--tls-key", tmp_path / "key.pem", expect=1)
    assert found["certificate"]["outcome"] == "failed"


# ---- keygen, and the first owner's token ----------------------------------------------------------

def test_a_token_made_beforehand_is_the_owners(new_server, tmp_path):
    server = new_server()
    guidon("keygen", "token", "--out", server.token_file)
    token = server.token
    assert token.startswith("cli_") and (server.token_file.stat().st_mode & 0o777) == 0o600
    server.start()
    assert token not in server.output() and token not in server.output("err")
    assert str(server.token_file) in server.output()
    me = Admin(server, token).call("GET", "/admin/v1/me").json()
    assert me["role"] == "owner"
    server.restart()
    assert server.token == token
    row = [t for t in owner_of(server).items("/admin/v1/tokens")]
    assert token not in json.dumps(row) and "cli_" in json.dumps(row)


def test_a_token_may_come_by_a_link_as_secrets_do(new_server, tmp_path):
    secret = tmp_path / "..data"
    secret.mkdir()
    guidon("keygen", "--out", secret / "token")
    server = new_server()
    server.token_file.symlink_to(secret / "token")
    server.start()
    assert owner_of(server).call("GET", "/admin/v1/me").status_code == 200


@pytest.mark.parametrize("content", ["hello", "cli_tooshort", None])
def test_what_is_no_token_stops_a_first_start_and_no_other(new_server, content):
    server = new_server()
    good = guidon("keygen").stdout
    wrong = good[:-2] + ("a" if good[-2] != "a" else "b") + "\n" if content is None else content
    server.token_file.write_text(wrong)
    with pytest.raises(AssertionError, match="no personal token"):
        server.start()
    server.process.wait()
    server.process = None
    assert str(server.token_file) in server.output("err")
    server.token_file.write_text(good)
    server.start()
    assert owner_of(server).call("GET", "/admin/v1/me").status_code == 200
    assert server.stop() == 0
    server.token_file.write_text(wrong)
    server.start()


def test_an_empty_file_is_filled(new_server):
    server = new_server()
    server.token_file.write_text("")
    server.start()
    wait_until(lambda: server.token.startswith("cli_"), "the token")


def test_keygen_checks_what_it_is_given(tmp_path):
    token = guidon("keygen").stdout
    assert guidon("keygen").stdout != token
    assert "a person's token" in guidon("keygen", "check", given=token).stdout
    assert "typing error" in guidon("keygen", "check", given=token.replace("_", "_x"),
                                    expect=1).stderr
    guidon("keygen", "check", given="", expect=1)
    (tmp_path / "there").write_text("kept")
    guidon("keygen", "--out", tmp_path / "there", expect=6)
    assert (tmp_path / "there").read_text() == "kept"
    for wrong in (["nonsense"], ["token", "check"], ["--what"], ["check", "--out", "x"]):
        guidon("keygen", *wrong, expect=4)


# ---- config -----------------------------------------------------------------------------------------

def origins(*arguments, **environment):
    told = guidon("config", "print", "--origin", *arguments, **environment).stdout
    rows = {}
    for line in told.splitlines():
        name, rest = line.split(None, 1)
        value, origin = rest.rsplit("  ", 1) if "  " in rest else rest.split(" ", 1)
        rows[name] = (value.strip().strip('"'), origin.strip())
    return rows


def test_each_setting_says_where_it_comes_from(tmp_path):
    settings = tmp_path / "guidon.conf"
    settings.write_text("# ours\nlog-level = debug\n\nloops = 3\ndata = /from/file\n")
    (tmp_path / "value").write_text("127.0.0.1:7070\n")
    rows = origins("--config-file", settings, "--loops", "2", GUIDON_DATA="/from/variable",
                   GUIDON_LISTEN_FILE=str(tmp_path / "value"), GUIDON_LOG_REQUESTS="true")
    assert rows["loops"] == ("2", "flag --loops")
    assert rows["data"] == ("/from/variable", "variable GUIDON_DATA")
    assert rows["log-level"] == ("debug", f"file {settings}:2")
    assert rows["listen"] == ("127.0.0.1:7070", f"variable GUIDON_LISTEN_FILE: {tmp_path}/value")
    assert rows["log-requests"] == ("true", "variable GUIDON_LOG_REQUESTS")
    assert rows["streams-max"] == ("10000", "default")
    assert "origin" not in rows and "config" not in rows


def test_what_is_printed_is_a_file_that_says_the_same(tmp_path):
    first = guidon("config", "print", "--loops", "5", "--data", "/a b").stdout
    (tmp_path / "again.conf").write_text(first.replace('config-file = ""\n', ""))
    again = guidon("config", "print", "--config-file", tmp_path / "again.conf").stdout
    assert [line for line in again.splitlines() if not line.startswith("config-file")] == \
        [line for line in first.splitlines() if not line.startswith("config-file")]


def test_files_named_by_settings_are_not_taken_for_values(tmp_path):
    """GUIDON_BOOTSTRAP_TOKEN_FILE and GUIDON_CONFIG_FILE are settings of their own."""
    settings = tmp_path / "guidon.conf"
    settings.write_text("loops = 4\n")
    rows = origins(GUIDON_CONFIG_FILE=str(settings), GUIDON_BOOTSTRAP_TOKEN_FILE="/nowhere/token")
    assert rows["loops"][0] == "4"
    assert rows["bootstrap-token-file"][0] == "/nowhere/token"


@pytest.mark.parametrize("line, words", [
    ("listn = 1", "did you mean \"listen\""), ("loops = many", "number"), ("nonsense", "form"),
    ("log-level = loud", "debug"),
])
def test_a_check_says_what_is_wrong_and_where(tmp_path, line, words):
    settings = tmp_path / "guidon.conf"
    settings.write_text(f"\n{line}\n")
    refused = guidon("config", "check", "--config-file", settings, expect=4)
    assert words in refused.stderr
    if line != "log-level = loud":  # that one is looked at when all are together
        assert f"{settings}:2: " in refused.stderr
    settings.write_text("\n")
    assert "good" in guidon("config", "check", "--config-file", settings).stdout


def test_files_of_values_are_read_or_refused(tmp_path):
    refused = guidon("config", "check", expect=4, GUIDON_DATA_FILE=str(tmp_path / "nowhere"))
    assert "GUIDON_DATA_FILE" in refused.stderr
    (tmp_path / "value").write_text("/x")
    refused = guidon("config", "check", expect=4, GUIDON_DATA="/y",
                     GUIDON_DATA_FILE=str(tmp_path / "value"))
    assert "both" in refused.stderr
