# SPDX-License-Identifier: Apache-2.0
"""tail, api, open, backup: a running server from the outside."""
import base64
import hashlib
import json
import re
import signal
import sqlite3
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli import Cli
from harness import wait_until

STAGING = ("--env", "staging")


class Follower:
    """A tail that runs, and the lines it has said."""

    def __init__(self, cli, *words):
        self.process = cli.begin("tail", *words)
        self.lines, self.errors = [], []
        for pipe, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            threading.Thread(target=lambda p=pipe, l=lines: l.extend(iter(p.readline, "")),
                             daemon=True).start()

    def wait(self, count):
        wait_until(lambda: len(self.lines) >= count, f"{count} lines, not {self.lines}")
        return [json.loads(line) for line in self.lines[:count]]

    def begun(self):
        wait_until(lambda: any("following" in line for line in self.errors), "the beginning")
        return self

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(10)


@pytest.fixture
def follow(guidon):
    begun = []

    def make(*words, cli=None):
        begun.append(Follower(cli or guidon, *words))
        return begun[-1]

    yield make
    for one in begun:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()


# ---- tail ------------------------------------------------------------------------------------------
def test_changes_are_told_as_they_are_made(guidon, follow):
    guidon.run("flag", "create", "before", *STAGING).ok()
    tail = follow(*STAGING).begun()
    guidon.run("flag", "create", "one", *STAGING).ok()
    guidon.run("flag", "on", "one", *STAGING).ok()
    told = tail.wait(2)
    assert [t["version"] for t in told] == [2, 3] and told[0]["actor"] == "owner@localhost"
    assert told[1]["changes"][0]["diff"] == [
        {"op": "replace", "path": "/enabled", "from": False, "to": True}]
    assert tail.stop() == 0 and len(tail.lines) == 2


def test_nothing_between_is_left_out(guidon, follow, app):
    tail = follow("--since", "0")
    for i in range(30):
        assert app.create(f"flag-{i}", "bool", True).status_code == 201
    assert [t["version"] for t in tail.wait(30)] == list(range(1, 31))
    assert tail.stop() == 0


def test_since_and_limit(guidon, follow):
    for key in ("one", "two", "three"):
        guidon.run("flag", "create", key, *STAGING).ok()
    said = guidon.run("tail", "--since", "1", "--limit", "2", *STAGING).ok()
    assert [t["version"] for t in said.items()] == [2, 3]
    said = guidon.run("tail", "--since", "0", "--limit", "1", "--flag", "three", *STAGING).ok()
    assert said.json()["version"] == 3
    row = guidon.run("tail", "--since", "0", "--limit", "1", "-o", "tsv", *STAGING).ok().fields()[0]
    assert row[0] == "1" and row[2] == "owner@localhost" and row[4] == "created flag one"


def test_a_person_reads_words(guidon):
    guidon.run("flag", "create", "one", *STAGING).ok()
    guidon.run("flag", "on", "one", *STAGING).ok()
    guidon.run("flag", "delete", "one", *STAGING).ok()
    said = guidon.terminal("tail", "--since", "0", "--limit", "3", *STAGING).ok().plain.splitlines()
    assert re.match(r"v1  \S+Z  owner@localhost  flag\.create  created flag one$", said[0])
    assert said[1].endswith("flag one: turned on") and said[2].endswith("deleted flag one")
    narrow = guidon.having(NO_COLOR="1").terminal("tail", "--since", "0", "--limit", "1", *STAGING)
    assert "\x1b" not in narrow.ok().out


def test_a_lost_connection_is_made_again(guidon, follow, new_server, tmp_path):
    server = new_server().start()
    app = server.api().new_app("shop")
    (tmp_path / "person").mkdir()
    person = Cli(tmp_path / "person").log_in(server).use(app)
    port = server.port
    tail = follow(cli=person).begun()
    app.add("one", "bool", True)
    tail.wait(1)
    server.stop()
    server.arguments += ["--listen", f"127.0.0.1:{port}"]
    server.start()
    assert server.port == port
    server.api().call("POST", "/flags", app.at(key="two", type="bool", value=True))
    told = tail.wait(2)
    assert [t["version"] for t in told] == [1, 2]
    assert any("trying again" in line for line in tail.errors) and tail.stop() == 0


@pytest.mark.parametrize("words, status", [
    (["--since", "x"], 4), (["--limit", "0"], 4), (["--env", "nowhere"], 3),
    (["--token", "cli_nonsense"], 5), (["--api", "http://127.0.0.1:9"], 8)])
def test_tails_that_cannot_be(guidon, words, status):
    if "--api" in words:
        words = [*words, "--token", "cli_x"]
    assert guidon.run("tail", *words).ended(status).out == ""


# ---- api -------------------------------------------------------------------------------------------
def test_any_call_can_be_made(guidon, server):
    assert guidon.run("api", "GET", "me").ok().json()["role"] == "owner"
    assert guidon.run("api", "GET", "/api/v1/apps").ok().json()
    number = guidon.kept("context")["environment"]
    path = f"environments/{number}/flags/one"
    guidon.run("api", "PUT", path, "-d", '{"enabled":true}').ok()
    guidon.write("patch.json", {"tags": ["web"]})
    guidon.run("api", "PATCH", path, "-d", "@patch.json").ok()
    guidon.run("api", "PATCH", path, "-d", "-", input='{"owner":"ann"}').ok()
    document = guidon.run("api", "GET", path).ok().json()["document"]
    assert (document["tags"], document["owner"], document["enabled"]) == (["web"], "ann", True)
    said = guidon.terminal("api", "GET", path, "--include").ok().plain
    assert "status 200" in said and re.search(r'tag "\d+-\d+"', said)
    assert '  "document": {' in said
    assert guidon.run("api", "DELETE", path).ok().out == ""


def test_headers_are_sent_and_replace_ours(guidon):
    number = guidon.kept("context")["environment"]
    path = f"environments/{number}/flags/one"
    guidon.run("api", "PUT", path, "-d", "{}").ok()
    stale = guidon.run("api", "PATCH", path, "-d", "{}", "-H", 'If-Match: "9-9"').ended(6)
    assert stale.json()["code"] == "stale"
    plain = guidon.run("api", "PATCH", path, "-d", "{}", "-H", "content-type: text/plain").ended(1)
    assert plain.json()["code"] == "content_type"
    keyed = [guidon.run("api", "POST", "apps", "-d", '{"name":"k"}', "-H", "Idempotency-Key: k-1")
             .ok().json()["id"] for _ in range(2)]
    assert keyed[0] == keyed[1]
    other = guidon.run("api", "GET", "me", "-H", "Authorization: Bearer cli_x").ended(5)
    assert "unauthenticated" in other.out


def test_all_pages_are_one_list(guidon, app):
    for i in range(3):
        app.create(f"flag-{i}", "bool", True)
    number = guidon.kept("context")["environment"]
    listed = guidon.run("api", "GET", f"environments/{number}/flags", "--paginate").ok().items()
    assert [item["document"]["key"] for item in listed] == ["flag-0", "flag-1", "flag-2"]
    guidon.run("api", "POST", "apps", "--paginate").ended(4)


def test_refusals_of_calls(guidon):
    missing = guidon.run("api", "GET", "environments/999999").ended(3)
    assert missing.json()["code"] == "not_found" and missing.err.startswith("error: ")
    for words in (["get", "me"], ["GET", "a b"], ["GET", ""], ["GET", "me", "-H", "nonsense"],
                  ["GET", "me", "-H", "A: b\nC: d"], ["GET"], ["GET", "me", "more"]):
        assert guidon.run("api", *words).ended(4).out == ""
    guidon.run("api", "POST", "apps", "-d", "@nowhere").ended(3)


# ---- open ------------------------------------------------------------------------------------------
def test_an_address_is_printed_where_no_browser_is(guidon, server):
    base = f"{server.base}/ui/environments/{guidon.kept('context')['environment']}"
    for words, path in (([], ""), (["flags"], "/flags"), (["flag", "a/b"], "/flags/a%2Fb"),
                        (["segment", "beta"], "/segments/beta"), (["change", "4"], "/changes/4")):
        assert guidon.run("open", *words).ok().out == f"{base}{path}\n"
    guidon.run("open", "nonsense").ended(4)
    assert guidon.run("open", "flags", *STAGING).ok().out != f"{base}/flags\n"


def test_nothing_chosen_is_the_front_page(owner, server):
    assert owner.run("open").ok().out == f"{server.base}/ui/\n"


@pytest.fixture
def browser(tmp_path):
    """A program that notes what it is told to show; its notes are beside it."""
    path = tmp_path / "browser"
    path.write_text(f"#!/bin/sh\necho \"$1 $GUIDON_TOKEN\" > {tmp_path}/seen.part\n"
                    f"mv {tmp_path}/seen.part {tmp_path}/seen\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def dashboard():
    """Somebody who has a page for everything."""
    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as pages:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{pages.server_port}"
        pages.shutdown()


def test_a_browser_gets_the_address_and_no_token(guidon, tmp_path, browser, dashboard):
    # The context is of the server it was chosen at.
    context = guidon.home / "context.json"
    context.write_text(json.dumps({**json.loads(context.read_text()), "api": dashboard}))
    with_one = guidon.having(BROWSER=browser, GUIDON_TOKEN=guidon.kept("credentials")["token"],
                             GUIDON_API=dashboard)
    said = with_one.terminal("open", "flag", "one").ok().plain
    wait_until((tmp_path / "seen").exists, "the browser")
    address = (tmp_path / "seen").read_text().strip()
    assert address.endswith("/flags/one") and f"opened {address}" in said
    (tmp_path / "seen").unlink()
    assert with_one.terminal("open", "flag", "one", "--print").ok().plain == address + "\n"
    assert with_one.run("open", "flag", "one").ok().out == address + "\n"
    time.sleep(0.2)
    assert not (tmp_path / "seen").exists()


def test_a_server_without_a_dashboard_shows_none(guidon, tmp_path, browser):
    said = guidon.having(BROWSER=browser).terminal("open", "flag", "one").ended(3).plain
    assert "has no dashboard" in said
    assert not (tmp_path / "seen").exists()


# ---- backup ----------------------------------------------------------------------------------------
def test_a_backup_is_a_store_and_its_digest_holds(guidon):
    guidon.run("flag", "create", "one").ok()
    told = guidon.run("backup", "-O", "copy.db").ok().json()
    copy = guidon.work / "copy.db"
    assert told["bytes"] == copy.stat().st_size and copy.stat().st_mode & 0o777 == 0o600
    digest = hashlib.sha256(copy.read_bytes()).hexdigest()
    assert (guidon.work / "copy.db.sha256").read_text() == f"{digest}  copy.db\n"
    checked = subprocess.run(["sha256sum", "-c", "copy.db.sha256"], cwd=guidon.work,
                             capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    store = sqlite3.connect(f"file:{copy}?mode=ro", uri=True)
    assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()


def test_a_backup_replaces_nothing_unasked(guidon):
    guidon.write("copy.db", "precious")
    assert "--force" in guidon.run("backup", "-O", "copy.db").ended(6).err
    assert (guidon.work / "copy.db").read_text() == "precious"
    guidon.run("backup", "-O", "copy.db", "--force").ok()
    assert (guidon.work / "copy.db").read_bytes().startswith(b"SQLite format 3")
    guidon.run("backup", "-O", "no/where.db").ended(3)


def test_a_backup_has_a_name_of_its_own(guidon):
    name = guidon.run("backup").ok().json()["file"]
    assert re.fullmatch(r"guidon-\d{8}T\d{6}Z\.db", name) and (guidon.work / name).exists()
    assert "Bytes" in guidon.terminal("backup", "-O", "x.db").ok().plain


def test_only_owners_take_everything(guidon, person_token):
    refused = guidon.having(GUIDON_TOKEN=person_token("admin")).run("backup", "-O", "x.db").ended(5)
    assert refused.out == "" and list(guidon.work.iterdir()) == []


class Liar(BaseHTTPRequestHandler):
    """Sends a backup as its paths say: whole, cut short, or with another's digest."""

    def do_GET(self):
        body = b"SQLite format 3\0" + b"x" * 100000
        digest = hashlib.sha256(body if self.server.is_honest else b"other").digest()
        self.send_response(200)
        if self.server.has_digest:
            self.send_header("Repr-Digest",
                             f"sha-256=:{base64.b64encode(digest).decode()}:")
        self.send_header("Content-Length", str(len(body) + self.server.missing))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize("honest, has_digest, missing, status", [
    (True, True, 0, 0), (False, True, 0, 1), (True, False, 0, 1), (True, True, 10, 8)])
def test_what_did_not_arrive_whole_is_not_kept(tmp_path, honest, has_digest, missing, status):
    liar = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    liar.is_honest, liar.has_digest, liar.missing = honest, has_digest, missing
    threading.Thread(target=liar.serve_forever, daemon=True).start()
    try:
        cli = Cli(tmp_path, GUIDON_API=f"http://127.0.0.1:{liar.server_port}", GUIDON_TOKEN="t0ken")
        cli.run("backup", "-O", "x.db").ended(status)
        left = sorted(path.name for path in cli.work.iterdir())
        assert left == (["x.db", "x.db.sha256"] if status == 0 else [])
    finally:
        liar.shutdown()
        liar.server_close()
