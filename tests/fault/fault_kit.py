# SPDX-License-Identifier: Apache-2.0
"""What tests of faults share: a server whose disk can be made to fail (shim/disk_shim.c), and one
writer who knows exactly which states its flags may be in."""
import contextlib
import ctypes
import http.client
import json
import mmap
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent / "api"), str(HERE.parents[1] / "proofs")]
from harness import BINARY, Server, data_of, event  # noqa: E402
from record import record  # noqa: E402,F401

SHIM = BINARY.parent / "fault" / "disk_shim.so"
SNAPSHOTS = BINARY.parent / "fault" / "states"
SEED = int(os.environ.get("GUIDON_SEED", str(int(time.time()))))
LANES = int(os.environ.get("GUIDON_LANES", str(min(2, os.cpu_count() or 1))))
# Waits for nothing that is on a disk: what is tested is the order of calls, not their speed.
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# As disk_shim.c has them.
CALLS = ("open", "write", "read", "ftruncate", "fsync", "rename", "unlink", "fstat", "mmap", "mkdir",
         "create")
FAILURES = ("EIO", "ENOSPC", "EINTR", "short")  # of a call; a process lives through these
HOWS = {how: number for number, how in enumerate((*FAILURES, "kill"), 1)}


def size_of(name, default):
    """A number the caller may set."""
    return int(os.environ.get(name, str(default)))


def scratch(prefix):
    return tempfile.mkdtemp(prefix=f"guidon-{prefix}-", dir=SCRATCH)


class Control(ctypes.Structure):
    _fields_ = [("count", ctypes.c_uint64), ("fails_at", ctypes.c_uint64),
                ("how", ctypes.c_uint32), ("goes_on", ctypes.c_uint32),
                ("hits", ctypes.c_uint64), ("failed_syncs", ctypes.c_uint64),
                ("seen", ctypes.c_uint64 * 16), ("last", ctypes.c_char * 160)]


class Disk:
    """The disk under one server, by the page it shares with the shim."""

    def __init__(self, directory, journal=None):
        self.directory = pathlib.Path(directory)
        self.page = self.directory / "control"
        self.page.write_bytes(bytes(4096))
        with open(self.page, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 4096)
        self.control = Control.from_buffer(self.memory)
        self.journal = journal

    def environment(self):
        settings = {"LD_PRELOAD": str(SHIM), "DISK_SHIM_CONTROL": str(self.page),
                    "DISK_SHIM_DIRECTORY": str((self.directory / "data").resolve())}
        if self.journal:
            settings["DISK_SHIM_JOURNAL"] = str(self.journal)
        return settings

    def break_at(self, number, how, goes_on):
        control = self.control
        control.count = control.hits = control.failed_syncs = 0
        control.how, control.goes_on = HOWS[how], goes_on
        control.fails_at = number

    def mend(self):
        self.control.fails_at = 0

    def last(self):
        """What failed last: "pwrite guidon.db-wal"."""
        number, _, name = self.control.last.decode(errors="replace").partition(" ")
        return f"{CALLS[int(number)]} {name}" if number else "nothing"


class Gone(Exception):
    """No answer."""


class Writer:
    """One connection, one change at a time; `states` is what the flags may be, newest last."""

    def __init__(self, app_id, token, key, seed):
        self.app_id, self.token, self.key = app_id, token, key
        self.random = random.Random(seed)
        self.states = [{}]
        self.history = [{}]  # all that were ever acknowledged
        self.counter = 0
        self.link = None

    def connect(self, port):
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def ask(self, method, path, body=None, token=None, prefix="/api/v1"):
        """(status, body); Gone when the server is."""
        data = None if body is None else json.dumps(body)
        try:
            self.link.request(method, prefix + path, data,
                              {"Authorization": f"Bearer {token or self.token}",
                               "Content-Type": "application/json"})
            response = self.link.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as problem:
            self.link.close()
            raise Gone(str(problem)) from problem

    def next_change(self):
        """(method, path, body, the state it leads to): a new flag, an update, many, or an end."""
        self.counter += 1
        at = {"appId": self.app_id, "env": "production"}
        state = self.states[-1]
        alive, dice = sorted(state), self.random.random()
        if len(alive) < 4 or (dice < 0.15 and len(alive) < 40):
            key = f"f-{self.counter}"
            return ("POST", "/flags", {**at, "key": key, "type": "number", "value": self.counter},
                    {**state, key: self.counter})
        if dice < 0.25:
            key = self.random.choice(alive)
            rest = {name: value for name, value in state.items() if name != key}
            return "DELETE", f"/flags?appId={self.app_id}&env=production&key={key}", None, rest
        if dice < 0.5:
            values = dict.fromkeys(self.random.sample(alive, min(5, len(alive))), self.counter)
            return "POST", "/flags/bulk", {**at, "flags": values}, {**state, **values}
        key = self.random.choice(alive)
        return ("PATCH", "/flags", {**at, "key": key, "value": self.counter},
                {**state, key: self.counter})

    def change(self):
        """Asks for the next one; the status. states[-1] was acknowledged; others may also be."""
        method, path, body, after = self.next_change()
        known, self.maybe = self.states[-1], after
        status, text = self.ask(method, path, body)
        if status in (200, 201):
            self.states = [after]
            self.history.append(after)
            return status, json.loads(text)["data"]["version"]
        self.states = [after, *self.states[:-1], known]
        return status, text

    def change_or_gone(self):
        """change(), where no answer is one too: then it may have happened."""
        try:
            return self.change()
        except Gone:
            self.states = [self.maybe, *self.states]
            return None, b""

    def served(self):
        """What SDKs are given: (version, {key: value})."""
        status, text = self.ask("GET", "/public-config", token=self.key)
        if status != 200:
            raise AssertionError(f"evaluation: {status} {text[:200]}")
        document = json.loads(text)
        return document["version"], {key: flag["value"]
                                     for key, flag in document["doc"]["flags"].items()}

    def stored(self):
        status, text = self.ask("GET", f"/flags?appId={self.app_id}&env=production")
        if status != 200:
            raise AssertionError(f"flags: {status} {text[:200]}")
        return {key: flag["value"] for key, flag in json.loads(text)["data"].items()}


def furnish(directory, changes, seed):
    """A server with an app and a history; (server, writer), connected."""
    server = Server(directory).start()
    app = server.api().new_app("victim")
    writer = Writer(app.id, server.token, app.key("pub"), seed)
    writer.connect(server.port)
    for _ in range(changes):
        status, text = writer.change()
        assert status in (200, 201), text
    return server, writer


@contextlib.contextmanager
def ended(server):
    """Whatever happens, no process is left."""
    try:
        yield server
    finally:
        if server.process is not None:
            server.process.kill()
            server.process.wait()
            server.process = None


class Tally:
    """One line at the end, as tools/suite counts."""

    def __init__(self, name):
        self.name, self.passed, self.failed, self.skipped = name, 0, 0, 0

    def add(self, complaints, what):
        self.passed += not complaints
        self.failed += bool(complaints)
        for complaint in complaints:
            print(f"{what}: {complaint}", flush=True)

    def skip(self, why):
        print(f"{self.name}: SKIPPED: {why}", flush=True)
        self.skipped += 1

    def finish(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        print(f"{self.name}: {self.passed} passed, {self.failed} failed{skipped}", flush=True)
        return 1 if self.failed else 0


def in_lanes(function, items):
    """function(item) for each, LANES processes at a time; results as they come."""
    import multiprocessing
    with multiprocessing.get_context("fork").Pool(LANES) as pool:
        yield from pool.imap_unordered(function, items)


def need(*paths):
    for path in paths:
        if not pathlib.Path(path).exists():
            raise SystemExit(f"{path} is missing: make fault builds it")
