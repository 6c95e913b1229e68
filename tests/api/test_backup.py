# SPDX-License-Identifier: Apache-2.0
"""Online backup: everything as of one moment, while changes go on, and nothing left behind."""
import random
import socket
import sqlite3
import time

import pytest

from admin import Admin, assert_problem
from backup_scene import Writers, content, download, fill, owner_of, version_of
from harness import connect, wait_until

UNLIMITED = ("--admin-per-second", "0")


@pytest.fixture(scope="module")
def owner(server):
    return owner_of(server)


def left_behind(server):
    return [p.name for p in server.data.iterdir() if p.name.startswith("backup-")]


def ask(server, token, method="GET"):
    """The request's bytes sent and nothing read."""
    link = connect(server)
    link.sendall(f"{method} /admin/v1/backup HTTP/1.1\r\nHost: a\r\n"
                 f"Authorization: Bearer {token}\r\n\r\n".encode())
    return link


def test_a_backup_is_one_whole_sqlite_file_with_all_that_is_true(server, owner, tmp_path):
    numbers = fill(owner, "whole")
    path = tmp_path / "backup.db"
    answer = download(owner, path)
    assert answer.headers["Content-Type"] == "application/vnd.sqlite3"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="guidon-2')
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = {row[0] for row in database.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table'")}
        assert {"revision", "cohort_members", "event", "credential", "audit", "audit_head", "note",
                "once", "app_user", "quota_use", "deployment"} <= tables
        assert database.execute("SELECT count(*) FROM cohort_members").fetchone()[0] >= 1
        version = database.execute("SELECT version FROM environment WHERE number = ?",
                                   (numbers["production"],)).fetchone()[0]
    assert version == version_of(owner, numbers["production"])
    assert left_behind(server) == []


def test_head_says_what_get_would(owner):
    answer = owner.call("HEAD", "/admin/v1/backup")
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) > 4096
    assert answer.headers["Repr-Digest"].startswith("sha-256=:")
    assert answer.content == b""


def test_who_has_the_same_one_already_gets_nothing(new_server, tmp_path):
    server = new_server().start()
    owner = owner_of(server)
    fill(owner)
    first = download(owner, tmp_path / "first.db")
    tag = first.headers["ETag"]
    answer = owner.call("GET", "/admin/v1/backup", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    fill(owner, "another", flags=1)
    answer = owner.call("GET", "/admin/v1/backup", headers={"If-None-Match": tag})
    assert answer.status_code == 200 and answer.headers["ETag"] != tag


def test_only_owners_take_everything_along(server, owner):
    app = owner.make_app("theirs")
    number = owner.environments("theirs")["production"]
    tokens = [owner.new_token([number])["token"],
              owner.call("POST", "/admin/v1/tokens", {"kind": "app", "app": app["id"]}).json()["token"]]
    for role in ("admin", "editor", "viewer"):
        user = owner.call("POST", "/admin/v1/users",
                          {"email": f"{role}@example.test", "role": role}).json()
        made = owner.call("POST", "/admin/v1/tokens", {"kind": "personal", "user": user["id"]})
        tokens.append(made.json()["token"])
    for token in tokens:
        answer = Admin(server, token).call("GET", "/admin/v1/backup")
        assert_problem(answer, 403, "denied")
    assert_problem(Admin(server, None).call("GET", "/admin/v1/backup"), 401, "unauthenticated")


def test_an_owners_read_only_token_may(server, owner, tmp_path):
    user = owner.call("GET", "/admin/v1/me").json()["userId"]
    made = owner.call("POST", "/admin/v1/tokens",
                      {"kind": "personal", "user": user, "access": "read"})
    assert made.status_code == 201, made.text
    download(Admin(server, made.json()["token"]), tmp_path / "backup.db")


def grow(owner, number, megabytes):
    """Cohorts of ids that have nothing in common, so that a copy takes a moment and fills a
    socket."""
    chance = random.Random(megabytes)
    for part in range(megabytes):
        ids = [f"{chance.getrandbits(256):064x}" for _ in range(16000)]
        answer = owner.put_cohort(number, f"big-{part}", ids)
        assert answer.status_code in (200, 201), answer.text


def test_one_backup_at_a_time(new_server, tmp_path):
    server = new_server(*UNLIMITED).start()
    owner = owner_of(server)
    grow(owner, fill(owner)["production"], 12)
    first = ask(server, server.token)  # and nothing of it is read: the socket is full
    assert first.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL) == b"HTTP/1.1 200"
    answer = owner.call("GET", "/admin/v1/backup")
    assert_problem(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert version_of(owner, 1) == 0  # all else goes on
    first.close()
    wait_until(lambda: owner.call("HEAD", "/admin/v1/backup").status_code == 200,
               "the place of the one who left")
    download(owner, tmp_path / "backup.db")
    assert left_behind(server) == []


def test_who_stops_reading_is_given_up(new_server, tmp_path):
    server = new_server(*UNLIMITED, "--write-timeout-ms", "400").start()
    owner = owner_of(server)
    grow(owner, fill(owner)["production"], 12)
    stalled = ask(server, server.token)
    assert stalled.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL) == b"HTTP/1.1 200"
    wait_until(lambda: owner.call("HEAD", "/admin/v1/backup").status_code == 200,
               "the place of the one who does not read")
    received = 0
    with pytest.raises(ConnectionResetError):
        while piece := stalled.recv(1 << 20):
            received += len(piece)
        raise ConnectionResetError  # a close is as good, as long as it comes too early
    download(owner, tmp_path / "backup.db")
    assert received < (tmp_path / "backup.db").stat().st_size


def test_a_slow_reader_gets_it_whole(new_server):
    server = new_server(*UNLIMITED, "--write-timeout-ms", "1000").start()
    owner = owner_of(server)
    grow(owner, fill(owner)["production"], 6)
    link = ask(server, server.token)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    received = b""
    while piece := link.recv(131072):
        received += piece
        time.sleep(0.01)
    head, body = received.split(b"\r\n\r\n", 1)
    length = int(next(line.split(b":")[1] for line in head.split(b"\r\n")
                      if line.lower().startswith(b"content-length")))
    assert len(body) == length


def test_a_copy_that_a_crash_left_is_swept_at_the_next_start(new_server):
    server = new_server().start()
    server.kill()
    names = ["backup-0123456789abcdefghijkl.partial", "backup-0123456789abcdefghijkl.partial-journal"]
    for name in names:
        (server.data / name).write_bytes(b"half a copy")
    (server.data / "backup-of-mine.db").write_bytes(b"not ours to sweep")
    server.start()
    assert left_behind(server) == ["backup-of-mine.db"]


def test_a_server_that_stops_does_not_wait_for_a_reader_who_does_not_read(new_server):
    server = new_server(*UNLIMITED, "--drain-timeout-ms", "500").start()
    owner = owner_of(server)
    grow(owner, fill(owner)["production"], 8)
    link = ask(server, server.token)
    assert link.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL) == b"HTTP/1.1 200"
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 4
    assert left_behind(server) == []


def test_changes_do_not_wait_for_a_backup(new_server, tmp_path):
    """Measured, with room for a machine that does other things as well; see docs for figures."""
    server = new_server(*UNLIMITED).start()
    owner = owner_of(server)
    number = fill(owner)["production"]
    grow(owner, number, 40)
    with Writers(server, number) as writers:
        time.sleep(3)
        begin = time.monotonic()
        for i in range(3):
            download(owner, tmp_path / f"backup-{i}.db")
        end = time.monotonic()
        time.sleep(1)
    assert not writers.failures, writers.failures[:3]
    before = writers.slow(0.99, 0, begin)
    during = writers.slow(0.99, begin, end)
    print(f"\n3 backups of {(tmp_path / 'backup-0.db').stat().st_size >> 20} MiB in "
          f"{end - begin:.2f} s; {len(writers.latencies) / writers.took:.0f} changes/s; "
          f"p99 before {before:.1f} ms, during {during:.1f} ms")
    assert during < 10 * before + 500


def test_a_backup_under_load_is_the_store_as_of_its_versions(new_server, tmp_path):
    """What is in the file is exactly what the server had at the version the file says."""
    server = new_server(*UNLIMITED).start()
    owner = owner_of(server)
    number = fill(owner)["production"]
    path = tmp_path / "backup.db"
    with Writers(server, number) as writers:
        time.sleep(1)
        download(owner, path)
        time.sleep(0.5)
    assert not writers.failures, writers.failures[:3]
    with sqlite3.connect(path) as database:
        version, = database.execute("SELECT version FROM environment WHERE number = ?",
                                    (number,)).fetchone()
        in_file = {row[0] for row in database.execute(
            "SELECT document FROM revision WHERE environment = ? AND version_to = 0"
            " AND kind = 'flag' AND is_tombstone = 0", (number,))}
        last, = database.execute("SELECT max(version) FROM audit WHERE environment = ?",
                                 (number,)).fetchone()
    assert 20 < version < version_of(owner, number)
    assert last == version
    then = content(owner, number, version)
    assert len(in_file) == len(then["flags"]) == 20
