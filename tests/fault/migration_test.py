#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stores of every earlier schema are brought up to date, and killed while they are.

    python3 tests/fault/migration_test.py    GUIDON_BINARY, GUIDON_SEED,
        GUIDON_MIGRATION_KILLS (25 of each migration), GUIDON_MIGRATION_CUTS (20 of each),
        GUIDON_MIGRATION_STARTS (1 of each)

A server's data, as the program of each earlier schema would have kept it, is opened. The process is
killed (SIGKILL) between two calls to its disk, or the power is cut there (power_cut.py). Then: the
store has an old schema or a new one, whole, all that was in it, and no more; another start brings
it up to date; and what is there in the end is byte for byte what an undisturbed upgrade makes.
Whoever finds a store of a newer program, or of another one, refuses it and changes no file.
"""
import hashlib
import json
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys

from fault_kit import (LANES, SEED, SHIM, SNAPSHOTS, Disk, Server, Tally, Writer, ended, furnish,
                       in_lanes, need, record, scratch, size_of)
from power_cut import MODES, Directory, read_journal
from power_test import States, lay_out

from admin import Admin  # tests/api

KILLS = size_of("GUIDON_MIGRATION_KILLS", 25)
CUTS = size_of("GUIDON_MIGRATION_CUTS", 20)
STARTS = size_of("GUIDON_MIGRATION_STARTS", 1)
STORE = "guidon.db"
# What programs before the second migration did not know.
OF_FIRST = {"revision": "kind <> 'cohort'",
            "credential": "kind IN ('browser', 'server', 'personal', 'app', 'environment')"}


# ---- old stores ----------------------------------------------------------------------------------
def columns(database, table):
    return [row[1] for row in database.execute(f"PRAGMA main.table_info({table})")]


def tables(database, schema="main"):
    found = database.execute(f"SELECT name FROM {schema}.sqlite_schema WHERE type = 'table'"
                             " AND name NOT LIKE 'sqlite_%' ORDER BY name")
    return [row[0] for row in found]


def note(database, number, name, text):
    database.execute("INSERT INTO schema_migration VALUES (?, ?, 0, ?)",
                     (number, name, hashlib.sha256(text.encode()).digest()))


def make_notebook(database, newest):
    database.execute("ATTACH ? AS newest", (str(newest),))
    database.execute(database.execute("SELECT sql FROM newest.sqlite_schema"
                                      " WHERE name = 'schema_migration'").fetchone()[0])


def age(newest, path, migrations, count):
    """The data of a store that is up to date, in the schema of so many migrations."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    make_notebook(database, newest)
    for number, (name, sql, text) in enumerate(migrations[:count], 1):
        database.executescript(sql)
        note(database, number, name, text)
    for table in tables(database):
        if table == "schema_migration":
            continue
        names = ", ".join(columns(database, table))
        where = OF_FIRST.get(table, "1") if count == 1 else "1"
        database.execute(f"DELETE FROM {table}")
        counters = " AND name IN ('environment')" if table == "counter" and count == 1 else ""
        database.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM newest.{table}"
                         f" WHERE {where}{counters}")
    database.close()


def contents(path):
    """(migrations noted, the schema, all rows): as text that is the same when they are."""
    if not path.exists() or path.stat().st_size == 0:
        return 0, "", ""
    database = sqlite3.connect(path)
    schema = [row for row in database.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")]
    names = tables(database)
    noted = 0
    if "schema_migration" in names:
        names.remove("schema_migration")
        noted = database.execute("SELECT count(*) FROM schema_migration").fetchone()[0]
    rows = [(name, sorted(map(repr, database.execute(f"SELECT * FROM {name}")))) for name in names]
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    if not rows:
        return 0, "", ""  # the notebook alone: nothing was begun
    return noted, repr(schema), repr(rows)


class Age:
    """A store of `count` migrations: its files, and what is in it after each further migration."""

    def __init__(self, directory, newest, migrations, count):
        self.count, self.directory = count, pathlib.Path(directory) / f"age-{count}"
        self.directory.mkdir(mode=0o700)
        if count > 0:
            age(newest, self.directory / STORE, migrations, count)
        self.expected = {count: contents(self.directory / STORE)}
        work = pathlib.Path(directory) / f"work-{count}.db"
        if count > 0:
            shutil.copy(self.directory / STORE, work)
        database = sqlite3.connect(work, isolation_level=None)
        if count == 0:
            make_notebook(database, newest)
        for number, (_, sql, _) in enumerate(migrations[count:], count + 1):
            database.executescript(f"BEGIN;{sql};COMMIT")
            self.expected[number] = (number, *contents(work)[1:])
        database.close()

    def lay_out(self, place):
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.directory, place)


class World:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        server, self.writer = furnish(self.directory / "newest", 120, SEED)
        with ended(server):
            self.furnish_more(server)
            assert server.stop() == 0
        self.data, self.token = server.data, server.token
        states = States()
        self.migrations = states.ask(f"migrations {self.data}")
        self.ages = [Age(self.directory, self.data / STORE, self.migrations, count)
                     for count in range(len(self.migrations))]
        states.close()

    def furnish_more(self, server):
        """One of each thing that later schemas keep otherwise."""
        admin = Admin(server, server.token)
        number = admin.environments("victim")["production"]
        base = f"/admin/v1/environments/{number}"
        app = next(e["appId"] for e in admin.items("/admin/v1/environments", limit=1000)
                   if e["number"] == number)
        for method, path, body in (
                ("PATCH", f"/admin/v1/apps/{app}", {"hidesFlagsByDefault": True}),
                ("POST", f"{base}/segments", {"key": "beta", "included": ["ann"]}),
                ("PUT", f"{base}/cohorts/vip", {"memberIds": ["ann", "bob"]}),
                ("POST", f"{base}/deployments", {"label": "web", "kind": "client"}),
                ("POST", f"{base}/flags", {"key": "again"}), ("DELETE", f"{base}/flags/again", None),
                ("POST", "/admin/v1/users", {"email": "ann@example.com", "role": "editor"}),
                ("POST", "/admin/v1/tokens", {"environments": [number], "access": "read"})):
            answer = admin.call(method, path, **({} if body is None else {"body": body}))
            assert answer.status_code < 300, f"{method} {path}: {answer.text}"


WORLD = []


# ---- what is wrong with what was found -------------------------------------------------------------
def judge(states, store, place):
    """store: the Age it was."""
    found = contents(place / STORE)
    complaints = []
    if found != store.expected.get(found[0]):
        complaints.append(f"{found[0]} migrations are noted, and the store is not what they make")
    seen = states.ask(f"look {place}")
    if seen["store"] is None:
        return found[0], [*complaints, f"the next start refuses it: {seen['why']}"]
    newest = len(WORLD[0].migrations)
    if contents(place / STORE) != store.expected[newest]:
        complaints.append("the next start makes of it what no undisturbed upgrade makes")
    return found[0], complaints


def start_on(place, version):
    """The server itself, on what a store of its own app became."""
    world = WORLD[0]
    home = place.parent / "start"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(place, home / "data")
    (home / "token").write_text(world.token)
    (home / "token").chmod(0o600)
    server = Server(home)
    with ended(server):
        server.start()
        known = world.writer
        writer = Writer(known.app_id, known.token, known.key, 0)
        writer.connect(server.port)
        status, _ = writer.ask("GET", "/public-config", token=writer.key)
        stored = writer.stored()
        complaints = [] if status == 200 else [f"evaluation: {status}"]
        if {key: stored.get(key) for key in known.states[-1]} != known.states[-1]:
            complaints.append(f"the server started at {version} has {stored}")
        server.stop()
    return complaints


# ---- kills -----------------------------------------------------------------------------------------
def upgrade(place, kill_at):
    """Opens it as a start does, in a process that dies before its n-th change; calls that it made."""
    disk = Disk(place.parent, place.parent / "journal" if kill_at == 0 else None)
    disk.break_at(kill_at, "kill", False)
    settings = {**disk.environment(), "DISK_SHIM_DIRECTORY": str(place.resolve())}
    ended_as = subprocess.run([SNAPSHOTS], input=f"look {place}\n", text=True, env=settings,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    expected = -signal.SIGKILL if kill_at else 0
    assert ended_as.returncode == expected, f"killed at {kill_at}: {ended_as.returncode}"
    return disk.control.count


def kill_lane(order):
    """Kills of one age until each of its migrations had enough of them, or no more to kill at."""
    count, seed = order
    store, dice, states = WORLD[0].ages[count], random.Random(seed), States()
    place = pathlib.Path(scratch("migration")) / "data"
    found = []
    try:
        store.lay_out(place)
        calls = upgrade(place, 0)
        wanted, tries = KILLS, 0
        starts = STARTS if count > 0 else 0
        while wanted > 0 and tries < 20 * KILLS:
            tries += 1
            kill_at = dice.randrange(1, calls + 1)
            store.lay_out(place)
            try:
                upgrade(place, kill_at)
                was = contents_at(place)
                left, complaints = judge(states, store, place)
                if starts > 0 and was == count:
                    starts -= 1
                    complaints += start_on(place, left)
            except AssertionError as problem:
                left, complaints = count, [str(problem)]
            wanted -= left == count or bool(complaints)
            found.append((count, left, f"{count} migrations, killed at {kill_at} of {calls}", complaints))
    finally:
        states.close()
        shutil.rmtree(place.parent, ignore_errors=True)
    return found


def contents_at(place):
    """How many migrations a killed upgrade had done, read from a copy: reading moves the log."""
    copy = place.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(place, copy)
    return contents(copy / STORE)[0]


# ---- power cuts --------------------------------------------------------------------------------------
def cut_lane(order):
    count, seed = order
    store, dice, states = WORLD[0].ages[count], random.Random(seed), States()
    place = pathlib.Path(scratch("migration-cut")) / "data"
    found = []
    try:
        store.lay_out(place)
        upgrade(place, 0)
        steps = list(read_journal(place.parent / "journal"))
        points = sorted(dice.randrange(1, len(steps) + 1) for _ in range(CUTS))
        directory, at = begun(store), 0
        for point in points:
            while at < point:
                directory.feed(*steps[at][1:])
                at += 1
            mode = dice.choice(MODES)
            lay_out(place, directory.cut(mode, dice))
            what = f"{count} migrations, power cut after {at} of {len(steps)}, {mode}"
            try:
                left, complaints = judge(states, store, place)
            except AssertionError as problem:
                left, complaints = count, [str(problem)]
            found.append((count, left, what, complaints))
    finally:
        states.close()
        shutil.rmtree(place.parent, ignore_errors=True)
    return found


def begun(store):
    """A directory in which all that an old store has is sure."""
    directory = Directory()
    for path in sorted(store.directory.iterdir()):
        directory.feed("create", path.name, "", False, 0, b"")
        directory.feed("write", path.name, "", False, 0, path.read_bytes())
        directory.feed("fsync", path.name, "", False, 0, b"")
    directory.feed("fsync", "", "", True, 0, b"")
    return directory


# ---- programs that are older, or others --------------------------------------------------------------
def digests(place):
    """Of all files but the count of starts that ended badly, which is about this program alone."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(place.iterdir()) if path.is_file() and path.name != "starts"}


def spoil_newer(database):
    database.execute("CREATE TABLE of_tomorrow (a INTEGER NOT NULL PRIMARY KEY) STRICT")
    database.execute("ALTER TABLE revision ADD COLUMN of_tomorrow TEXT")
    note(database, len(WORLD[0].migrations) + 1, "0099_tomorrow", "CREATE TABLE of_tomorrow")


def spoil_other(database):
    database.execute("UPDATE schema_migration SET checksum = zeroblob(32) WHERE number = 2")


REFUSALS = {"a newer program's": (spoil_newer, "newer version of this program"),
            "another program's": (spoil_other, "made by a different program")}


def refuse(directory, name, has_snapshots):
    """The server on a store that is not its own: what it says, and what became of the files."""
    spoil, words = REFUSALS[name]
    world = WORLD[0]
    home = directory / "refused"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(world.data, home / "data")
    for path in () if has_snapshots else (home / "data").glob("snapshot-*"):
        path.unlink()
    database = sqlite3.connect(home / "data" / STORE, isolation_level=None)
    spoil(database)
    database.close()
    before, rows = digests(home / "data"), contents(home / "data" / STORE)
    (home / "token").write_text(world.token)
    server = Server(home)
    complaints = []
    with ended(server):
        try:
            server.start()
            if not has_snapshots:
                complaints.append("the server started")
            complaints += reads_only(server)
            server.stop()
        except AssertionError as problem:
            if has_snapshots:
                complaints.append(f"reads were not served: {problem}")
    if words not in server.output("err"):
        complaints.append(f"it does not say so: {server.output('err')[-300:]}")
    after = digests(home / "data")
    if {name: after.get(name) for name in before} != before:
        complaints.append(f"files are not what they were: {sorted(set(before.items()) ^ set(after.items()))}")
    if contents(home / "data" / STORE) != rows:
        complaints.append("the store is not what it was")
    return complaints


def reads_only(server):
    known = WORLD[0].writer
    writer = Writer(known.app_id, known.token, known.key, 0)
    writer.connect(server.port)
    _, served = writer.served()
    at = {"appId": known.app_id, "env": "production", "key": "new", "type": "bool", "value": True}
    status, _ = writer.ask("POST", "/flags", at)
    complaints = [] if served else ["nothing is served"]
    return complaints + ([] if status == 503 else [f"a change was answered {status}"])


# ---- all of it -----------------------------------------------------------------------------------
def run(lane, tally):
    """How many there were while each migration was under way, and after the last."""
    ages = range(len(WORLD[0].migrations))
    per_migration = dict.fromkeys([*ages, len(ages)], 0)
    for found in in_lanes(lane, [(count, f"{SEED}-{count}") for count in ages]):
        for count, left, what, complaints in found:
            tally.add(complaints, what)
            per_migration[left] += 1
    return per_migration


def main():
    need(SHIM, SNAPSHOTS)
    print(f"migration_test: GUIDON_SEED={SEED}, of each migration {KILLS} kills and {CUTS} power"
          f" cuts, {LANES} at a time", flush=True)
    directory = scratch("migrations")
    tally = Tally("migration_test")
    try:
        WORLD.append(World(directory))
        kills = run(kill_lane, tally)
        cuts = run(cut_lane, tally)
        kills_of_each = min(list(kills.values())[:-1])
        tally.add([] if kills_of_each >= KILLS else [f"too few kills: {kills}"], "all of them")
        for name in REFUSALS:
            for has_snapshots in (False, True):
                tally.add(refuse(pathlib.Path(directory), name, has_snapshots),
                          f"{name} store, {'with' if has_snapshots else 'without'} snapshots")
        record("D7", "migrations", migrations=len(WORLD[0].migrations), kills=sum(kills.values()),
               kills_of_each=kills_of_each, cuts=sum(cuts.values()), failed=tally.failed,
               seed=SEED)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
