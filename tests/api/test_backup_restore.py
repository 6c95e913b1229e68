# SPDX-License-Identifier: Apache-2.0
"""guidon restore: a backup is verified before anything is replaced, what is replaced is kept, and
versions never go down."""
import contextlib
import os
import pty
import random
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from backup_scene import (Writers, content, download, export, fill, guidon, owner_of, put_flag,
                          restore, version_of)
from harness import BINARY, clean_environment, connect

UNLIMITED = ("--admin-per-second", "0")


def serve(new_server, data, token_file=None):
    """A server on a directory that is there already."""
    server = new_server(*UNLIMITED)
    if server.data.exists():
        server.data.rmdir()
    data.rename(server.data)
    if token_file is not None:
        shutil.copy(token_file, server.token_file)
    return server.start()


@pytest.fixture
def scene(new_server, tmp_path):
    """A server with some history, a backup of it, and changes beyond; stopped."""

    class Scene:
        pass

    made = Scene()
    made.server = new_server(*UNLIMITED).start()
    made.owner = owner_of(made.server)
    made.numbers = fill(made.owner)
    put_flag(made.owner, made.numbers["production"], "flag-7", True, description="twice")
    made.number = made.numbers["production"]
    made.backup = tmp_path / "backup.db"
    download(made.owner, made.backup)
    made.at = version_of(made.owner, made.number)
    made.then = content(made.owner, made.number)
    for i in range(5):
        put_flag(made.owner, made.number, "flag-0", i % 2 == 0, description=f"later {i}")
    made.later = version_of(made.owner, made.number)
    made.now = content(made.owner, made.number)
    assert made.then != made.now and made.later == made.at + 5
    assert made.server.stop() == 0
    return made


def files_of(directory):
    return {p.name: p.read_bytes() for p in directory.iterdir() if p.is_file()}


def of(report, environment, app="shop"):
    return next(e for e in report["environments"]
                if e["environment"] == environment and e["app"] == app)


# ---- the proof ------------------------------------------------------------------------------------

def test_a_backup_under_200_writes_a_second_restores_to_an_equal_export(new_server, tmp_path):
    """Under load, killed in between: what comes back is what the server had at that version."""
    server = new_server(*UNLIMITED).start()
    owner = owner_of(server)
    number = fill(owner)["production"]
    path = tmp_path / "backup.db"
    with Writers(server, number, rate=200) as writers:
        writers.wait_for(200)
        half = connect(server)  # a first try that dies half-way
        half.sendall(f"GET /admin/v1/backup HTTP/1.1\r\nHost: a\r\n"
                     f"Authorization: Bearer {server.token}\r\n\r\n".encode())
        half.close()
        while owner.call("HEAD", "/admin/v1/backup").status_code != 200:
            time.sleep(0.05)
        before = len(writers.latencies)
        download(owner, path)
        print(f"{len(writers.latencies) - before} changes while it was downloaded")
        writers.wait_for(200)
    assert not writers.failures, writers.failures[:3]
    with sqlite3.connect(path) as database:
        version, = database.execute("SELECT version FROM environment WHERE number = ?",
                                    (number,)).fetchone()
    assert version < version_of(owner, number)
    expected = export(owner, number, version)
    history = export(owner, number, version - 10)
    server.kill()

    data = tmp_path / "restored"
    report = restore(path, data)
    assert of(report, "production")["version"] == version
    assert report["digestChecked"]
    second = serve(new_server, data, server.token_file)
    there = owner_of(second)
    assert version_of(there, number) == version
    assert export(there, number) == expected
    assert export(there, number, version - 10) == history
    assert there.call("GET", "/admin/v1/audit/verify").status_code == 200


def test_killed_while_it_is_made_and_killed_while_it_is_restored(new_server, tmp_path):
    server = new_server(*UNLIMITED).start()
    owner = owner_of(server)
    number = fill(owner)["production"]
    path = tmp_path / "backup.db"
    download(owner, path)
    then = content(owner, number)
    put_flag(owner, number, "flag-1", True, description="beyond")
    now, later = content(owner, number), version_of(owner, number)
    server.kill()  # not stopped: the last changes are in the log alone
    chance = random.Random(5)
    outcomes = set()
    for _ in range(25):
        process = subprocess.Popen([str(BINARY), "restore", str(path), "--data", str(server.data),
                                    "--yes"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   env=clean_environment())
        time.sleep(chance.uniform(0, 0.06))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with sqlite3.connect(f"file:{server.data}/guidon.db?mode=ro", uri=True) as database:
            assert database.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        server.start()
        found, version = content(owner_of(server), number), version_of(owner_of(server), number)
        server.kill()
        assert (found, version) == (now, later) or found == then and version > later
        outcomes.add(found == then)
        later = max(later, version)
        if found == then:
            now = then
    print(f"\n25 restores killed: {outcomes}")
    restore(path, server.data)
    assert not (server.data / "restoring").exists()
    server.start()
    assert content(owner_of(server), number) == then


# ---- versions -------------------------------------------------------------------------------------

def test_versions_never_go_down(scene, new_server):
    report = restore(scene.backup, scene.server.data)
    row = of(report, "production")
    assert row == {"id": row["id"], "app": "shop", "environment": "production",
                   "backup": scene.at, "replaced": scene.later, "version": scene.later + 1,
                   "outcome": "raised"}
    assert of(report, "development")["outcome"] == "kept"
    assert report["replaced"] == "store"
    assert report["lostChanges"] == 5
    scene.server.start()
    owner = owner_of(scene.server)
    assert version_of(owner, scene.number) == scene.later + 1
    assert content(owner, scene.number) == scene.then
    rows = owner.items("/admin/v1/audit", action="store.restore")
    assert [r["version"] for r in rows] == [scene.later + 1, None]
    assert rows[0]["detail"] == {"content": scene.at}
    assert rows[1]["detail"]["trail"]["sequence"] == report["auditRows"]
    assert "replacedTrail" in rows[1]["detail"]
    versions = owner.items(f"/admin/v1/environments/{scene.number}/versions")
    assert versions[0]["version"] == scene.later + 1 and versions[0]["action"] == "store.restore"
    assert versions[1]["version"] == scene.at
    put_flag(owner, scene.number, "flag-0", False)
    assert version_of(owner, scene.number) == scene.later + 2


def test_versions_that_were_lost_are_not_there(scene):
    restore(scene.backup, scene.server.data)
    scene.server.start()
    owner = owner_of(scene.server)
    for version in range(scene.at + 1, scene.later + 1):
        answer = owner.call("GET", f"/admin/v1/environments/{scene.number}/export", at=version)
        assert answer.status_code == 404, version
    assert content(owner, scene.number, scene.at) == scene.then


def test_numbers_are_never_given_twice(scene):
    scene.server.start()
    owner = owner_of(scene.server)
    lost = put_flag(owner, scene.number, "made-after-the-backup", True)
    assert scene.server.stop() == 0
    restore(scene.backup, scene.server.data)
    scene.server.start()
    owner = owner_of(scene.server)
    made = put_flag(owner, scene.number, "made-after-the-restore", True)
    assert made["number"] > lost["number"]
    app = owner.make_app("another")
    assert min(owner.environments("another").values()) > max(scene.numbers.values()), app


def test_what_was_replaced_is_put_back_by_the_same_command(scene):
    first = restore(scene.backup, scene.server.data)
    assert first["kept"].startswith(str(scene.server.data))
    second = restore(first["kept"], scene.server.data)
    assert of(second, "production")["version"] == scene.later + 2
    scene.server.start()
    owner = owner_of(scene.server)
    assert content(owner, scene.number) == scene.now
    assert version_of(owner, scene.number) == scene.later + 2


def test_a_store_that_was_killed_is_read_with_its_log(scene):
    scene.server.start()
    owner = owner_of(scene.server)
    put_flag(owner, scene.number, "flag-3", True, description="in the log alone")
    later = version_of(owner, scene.number)
    scene.server.kill()
    assert (scene.server.data / "guidon.db-wal").stat().st_size > 0
    report = restore(scene.backup, scene.server.data)
    assert of(report, "production")["version"] == later + 1
    assert not (scene.server.data / "guidon.db-wal").exists()
    back = restore(report["kept"], scene.server.data)
    assert of(back, "production")["backup"] == later


def test_the_snapshot_says_what_a_store_beyond_reading_cannot(scene):
    (scene.server.data / "guidon.db").write_bytes(b"no database at all" * 1000)
    report = restore(scene.backup, scene.server.data)
    assert report["replaced"] == "snapshot"
    assert of(report, "production")["version"] > scene.later
    scene.server.start()
    owner = owner_of(scene.server)
    assert content(owner, scene.number) == scene.then
    assert version_of(owner, scene.number) == of(report, "production")["version"]


def test_where_nothing_can_be_read_somebody_must_say_a_version(scene):
    (scene.server.data / "guidon.db").write_bytes(b"no database at all" * 1000)
    for snapshot in scene.server.data.glob("snapshot-*"):
        snapshot.unlink()
    before = files_of(scene.server.data)
    refused = restore(scene.backup, scene.server.data, expect=6)
    assert "--above" in refused.stderr
    assert files_of(scene.server.data) == before
    report = restore(scene.backup, scene.server.data, "--above", "5000")
    assert all(e["version"] == 5001 for e in report["environments"])
    scene.server.start()
    assert version_of(owner_of(scene.server), scene.number) == 5001


def test_apps_of_one_side_alone_are_said(scene):
    scene.server.start()
    owner_of(scene.server).make_app("after")
    assert scene.server.stop() == 0
    first = restore(scene.backup, scene.server.data)
    lost = of(first, "production", "after")
    assert (lost["outcome"], lost["backup"], lost["version"]) == ("lost", None, None)
    back = restore(first["kept"], scene.server.data)
    assert of(back, "production", "after")["outcome"] == "added"


def test_no_snapshot_of_before_is_left_to_be_served(scene, tmp_path):
    report = restore(scene.backup, scene.server.data)
    assert len(list(scene.server.data.glob("snapshot-*"))) == 1
    (scene.server.data / "guidon.db").write_bytes(b"lost at once")
    scene.server.start()  # from the snapshot alone
    owner = owner_of(scene.server)
    assert version_of(owner, scene.number) == of(report, "production")["version"]
    assert content(owner, scene.number)["flags"] == scene.then["flags"]


# ---- what is refused --------------------------------------------------------------------------------

def test_a_running_server_keeps_its_directory(scene):
    scene.server.start()
    refused = restore(scene.backup, scene.server.data, expect=6)
    assert "stop the server" in refused.stderr
    assert content(owner_of(scene.server), scene.number) == scene.now


def test_flipped_bytes_are_refused_by_the_digest(scene):
    before = files_of(scene.server.data)
    whole = scene.backup.read_bytes()
    chance = random.Random(11)
    for _ in range(12):
        at = chance.randrange(len(whole))
        scene.backup.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
        refused = restore(scene.backup, scene.server.data, expect=1)
        assert "digest" in refused.stderr
        assert files_of(scene.server.data) == before
    scene.backup.write_bytes(whole[:-4096])
    restore(scene.backup, scene.server.data, expect=1)
    scene.backup.write_bytes(b"")
    restore(scene.backup, scene.server.data, expect=1)
    assert files_of(scene.server.data) == before


def places_of(path, needle):
    whole = path.read_bytes()
    at, found = whole.find(needle), []
    while at >= 0:
        found.append(at)
        at = whole.find(needle, at + 1)
    return found


def test_without_a_digest_the_store_itself_says_what_is_damaged(scene):
    """Documents, the trail, the pages: each has a checksum, a chain or a shape of its own."""
    os.unlink(f"{scene.backup}.sha256")
    before = files_of(scene.server.data)
    whole = scene.backup.read_bytes()
    with sqlite3.connect(scene.backup) as database:
        document, = database.execute("SELECT document FROM revision WHERE version_to = 0"
                                     " AND kind = 'flag' AND is_tombstone = 0 LIMIT 1").fetchone()
        former, = database.execute("SELECT document FROM revision WHERE version_to <> 0"
                                   " AND kind = 'flag' LIMIT 1").fetchone()
        members, = database.execute("SELECT bytes FROM cohort_members LIMIT 1").fetchone()
        hash_of_row, = database.execute("SELECT hash FROM audit WHERE sequence = 7").fetchone()
    spots = [0, 16, 105]  # the header, and the first page's
    for needle in (document.encode()[:200], former.encode()[:200], members[:200], hash_of_row):
        found = places_of(scene.backup, needle)
        assert found
        spots += [at + len(needle) // 2 for at in found]
    for at in spots:
        scene.backup.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1:])
        refused = guidon("restore", scene.backup, "--data", scene.server.data, "--yes", expect=1)
        assert str(scene.backup) in refused.stderr, at
        assert files_of(scene.server.data) == before, at
    scene.backup.write_bytes(whole)
    assert not restore(scene.backup, scene.server.data)["digestChecked"]


@pytest.mark.parametrize("damage, word", [
    ("UPDATE audit SET actor = 'nobody' WHERE sequence = 3", "audit trail"),
    ("DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)", "audit trail"),
    ("INSERT INTO schema_migration VALUES (99, '0099_future', 0, x'00')", "newer"),
    ("UPDATE schema_migration SET checksum = x'00' WHERE number = 1", "different program"),
    ("DROP TABLE audit_head", "no store of this program"),
    ("UPDATE app SET owner_user_id = 'user_of_nowhere'", "damaged"),
    ("DELETE FROM schema_migration", "empty"),
])
def test_whole_files_with_something_wrong_in_them_are_refused(scene, damage, word):
    os.unlink(f"{scene.backup}.sha256")
    before = files_of(scene.server.data)
    with sqlite3.connect(scene.backup) as database:
        database.execute(damage)
    database.close()
    refused = restore(scene.backup, scene.server.data, expect=1)
    assert word in refused.stderr, refused.stderr
    assert files_of(scene.server.data) == before


def test_foreign_files_are_refused(scene, tmp_path):
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE t (a)")
    database.close()
    for path in (other, scene.server.token_file):
        assert "guidon: " in restore(path, scene.server.data, expect=1).stderr
    restore(tmp_path / "nowhere.db", scene.server.data, expect=3)
    restore(tmp_path, scene.server.data, expect=1)


def test_a_full_disk_leaves_everything_as_it_was(scene, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system: THE FULL DISK IS NOT TESTED")
    disk = tmp_path / "disk"
    disk.mkdir()
    size = scene.backup.stat().st_size + 200_000
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk],
                      check=False, capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here: THE FULL DISK IS NOT TESTED")
    try:
        data = disk / "data"
        restore(scene.backup, data)  # one copy fits
        before = files_of(data)
        refused = restore(scene.backup, data, expect=1)
        assert "full" in refused.stderr
        assert files_of(data) == before
        assert not (data / "restoring").exists()
    finally:
        subprocess.run(["umount", disk], check=True)


# ---- manners --------------------------------------------------------------------------------------

def test_a_dry_run_replaces_nothing(scene, tmp_path):
    before = files_of(scene.server.data)
    report = restore(scene.backup, scene.server.data, "--dry-run")
    assert report["dryRun"] and report["kept"] is None
    assert of(report, "production")["version"] == scene.later + 1
    assert files_of(scene.server.data) == before
    fresh = tmp_path / "fresh"
    restore(scene.backup, fresh, "--dry-run")
    assert not fresh.exists()


def test_without_a_terminal_nothing_is_replaced_unasked(scene):
    before = files_of(scene.server.data)
    refused = guidon("restore", scene.backup, "--data", scene.server.data, expect=4)
    assert "--yes" in refused.stderr
    assert files_of(scene.server.data) == before
    told = guidon("restore", scene.backup, "--data", scene.server.data, "--yes").stdout
    assert "shop/production" in told and "To put it back" in told


def test_an_empty_directory_needs_no_word(scene, tmp_path):
    data = tmp_path / "new"
    told = guidon("restore", scene.backup, "--data", data).stdout
    assert "Restored into" in told
    assert (data.stat().st_mode & 0o777) == 0o700
    assert ((data / "guidon.db").stat().st_mode & 0o777) == 0o600
    assert {p.name.split("-")[0] for p in data.iterdir()} == \
        {"guidon.db", "guidon.lock", "snapshot", "cohort"}


@pytest.mark.parametrize("arguments", [
    [], ["a", "b", "--data", "d"], ["a", "--data", "d", "--above", "x"], ["a", "--nonsense"],
    ["a", "--data"], ["a", "--data", "d", "-o", "yaml"], ["a", "--yes=1", "--data", "d"],
])
def test_a_wrong_command_line_is_said_to_be(arguments):
    assert guidon("restore", *arguments, expect=4).stderr.startswith("guidon: ")


def test_the_directory_may_come_from_the_servers_variable(scene, tmp_path):
    guidon("restore", scene.backup, GUIDON_DATA=str(tmp_path / "by-variable"))
    assert (tmp_path / "by-variable" / "guidon.db").exists()


def test_help_fits_a_screen():
    told = guidon("restore", "--help").stdout
    assert "--above" in told and len(told.splitlines()) <= 24


def at_a_terminal(typed, *arguments):
    """Runs it on a pseudo-terminal, types a line at the prompt; what it said and its status."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(str(BINARY), [str(BINARY), *map(str, arguments)], clean_environment())
    said = b""
    while b"go on: " not in said:
        said += os.read(terminal, 4096)
    os.write(terminal, typed.encode() + b"\n")
    with contextlib.suppress(OSError):  # the other side has closed it
        while piece := os.read(terminal, 4096):
            said += piece
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(terminal)
    return said.decode(), status


def test_at_a_terminal_the_word_is_asked_for(scene):
    before = files_of(scene.server.data)
    for typed in ("yes", "", "restor"):
        said, status = at_a_terminal(typed, "restore", scene.backup, "--data", scene.server.data)
        assert status == 4 and "nothing was replaced" in said
        assert files_of(scene.server.data) == before
    said, status = at_a_terminal("restore", "restore", scene.backup, "--data", scene.server.data)
    assert status == 0 and "To put it back" in said
    scene.server.start()
    assert content(owner_of(scene.server), scene.number) == scene.then


def test_the_two_commands_fit_together(scene, tmp_path):
    """guidon backup, with the digest it leaves beside the file, and guidon restore."""
    scene.server.start()
    path = tmp_path / "by-command.db"
    guidon("backup", "-O", path, GUIDON_API=scene.server.base, GUIDON_TOKEN=scene.server.token,
           SUPERFLAG_HOME=str(tmp_path / "home"))
    assert path.with_name(path.name + ".sha256").exists()
    assert scene.server.stop() == 0
    report = restore(path, tmp_path / "elsewhere")
    assert report["digestChecked"]
    assert of(report, "production")["version"] == scene.later
