#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the server with SIGKILL, over and over, while eight writers change flags.

    python3 tests/fault/kill_test.py        GUIDON_BINARY, GUIDON_SEED, GUIDON_LANES (2 servers),
                                            GUIDON_KILLS (500), GUIDON_KILL_FLAGS (0 besides)

Each writer owns its flags and sends one change at a time: it knows what was acknowledged, and that
at most its last request may have happened without a word. After every restart the store must hold
exactly that: every acknowledged change, each unanswered one wholly or not at all, no version
lower than any that was seen, and no version acknowledged twice. One kill is one test.

Most kills meet changes; some a start, the recovery of the last kill, the moment after the last
change in which the snapshot is saved and the log moved, a stop, or the very first start, which makes
the schema and the owner.
"""
import contextlib
import http.client
import json
import random
import shutil
import signal
import sys
import threading
import time

from fault_kit import LANES, SEED, Server, data_of, ended, in_lanes, record, scratch, size_of
from harness import core_flag

KILLS = size_of("GUIDON_KILLS", 500)
OTHER_FLAGS = size_of("GUIDON_KILL_FLAGS", 0)  # in the store besides: what a start has to read
WRITERS = 8
FLAGS_PER_WRITER = 40
GONE = None  # the state of a flag that does not exist


class Writer:
    """Changes its own flags; remembers what it was told and what it is still waiting for."""

    def __init__(self, number, app_id, seed):
        self.name = f"w{number}"
        self.app_id = app_id
        self.random = random.Random(seed)
        self.known = {}     # key -> value, or GONE: what was acknowledged
        self.pending = {}   # key -> value: the request without an answer
        self.versions = []  # acknowledged, in order
        self.counter = 0
        self.complaints = []

    def run(self, port, token, stop):
        """Until the server dies or the round is over."""
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            while not stop.is_set():
                self._change(link, token)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            pass  # killed under us: the change stays pending
        finally:
            link.close()

    def _change(self, link, token):
        method, path, body, self.pending = self._next()
        link.request(method, "/api/v1" + path, body if body is None else json.dumps(body),
                     {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        response = link.getresponse()
        text = response.read()
        if response.status not in (200, 201):
            self.complaints.append(f"{self.name}: {method} {path}: {response.status} {text[:200]}")
            raise http.client.HTTPException("refused")
        version = json.loads(text)["data"]["version"]
        if self.versions and version <= self.versions[-1]:
            self.complaints.append(f"{self.name}: version {version} after {self.versions[-1]}")
        self.versions.append(version)
        self.known.update(self.pending)
        self.pending = {}

    def _next(self):
        """The next change: mostly an update, else a bulk, a new flag or the end of one."""
        self.counter += 1
        at = {"appId": self.app_id, "env": "production"}
        alive = [key for key, value in self.known.items() if value is not GONE]
        dice = self.random.random()
        if len(alive) < 2 or (dice < 0.15 and len(alive) < FLAGS_PER_WRITER):
            key = f"{self.name}-{self.counter}"
            return "POST", "/flags", {**at, "key": key, "type": "number",
                                      "value": self.counter}, {key: self.counter}
        if dice < 0.25:
            key = self.random.choice(alive)
            path = f"/flags?appId={self.app_id}&env=production&key={key}"
            return "DELETE", path, None, {key: GONE}
        if dice < 0.45:
            values = {key: self.counter for key in self.random.sample(alive, min(5, len(alive)))}
            return "POST", "/flags/bulk", {**at, "flags": values}, values
        key = self.random.choice(alive)
        return "PATCH", "/flags", {**at, "key": key, "value": self.counter}, {key: self.counter}

    def settle(self, flags):
        """Compares with what the store holds, and takes note of how the last request ended."""
        mine = {key: value for key, value in flags.items() if key.startswith(self.name + "-")}
        before = {key: value for key, value in self.known.items() if value is not GONE}
        after = {key: value for key, value in {**self.known, **self.pending}.items()
                 if value is not GONE}
        if mine not in (before, after):
            wrong = {key: (mine.get(key), before.get(key), after.get(key))
                     for key in {*mine, *before, *after}
                     if mine.get(key) not in (before.get(key), after.get(key))}
            self.complaints.append(f"{self.name}: lost or torn (is, acknowledged, unanswered): "
                                   f"{wrong or 'half of ' + str(self.pending)}")
        self.known, self.pending = dict(mine), {}
        complaints, self.complaints = self.complaints, []
        return complaints


class Campaign:
    def __init__(self, directory):
        self.server = Server(directory)
        self.kinds = {}
        self.version = 0
        self.acknowledged = set()
        self.ready_ms = []

    def begin(self, seed):
        self.random = random.Random(seed)
        self.be_born()
        self.app = self.server.api().new_app("victim")
        if OTHER_FLAGS:
            crowd = self.server.api().new_app("crowd")
            data_of(crowd.put(crowd.draft({f"flag-{i}": core_flag() for i in range(OTHER_FLAGS)})))
        self.key = self.app.key("pub")
        self.writers = [Writer(i, self.app.id, seed * 1000 + i) for i in range(WRITERS)]

    def round(self):
        """Writers at work, a kill at a random instant, a restart; what is wrong afterwards."""
        stop = threading.Event()
        threads = [threading.Thread(target=writer.run, daemon=True,
                                    args=(self.server.port, self.server.token, stop))
                   for writer in self.writers]
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0.005, 0.12))
        kind = self.random.choices(("changes", "start", "quiet", "stop"), (76, 10, 6, 8))[0]
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind == "quiet":  # the snapshot is saved and the log moved 0.3 s after the last change
            stop.set()
            time.sleep(self.random.uniform(0.28, 0.5))
        if kind == "stop":
            self.server.process.send_signal(signal.SIGTERM)
            time.sleep(self.random.uniform(0, 0.03))
        self.server.kill()
        stop.set()
        for thread in threads:
            thread.join(30)
        if kind == "start":
            self.die_while_starting()
        started = time.monotonic()
        self.server.start()
        self.ready_ms.append((time.monotonic() - started) * 1000)
        return self.check()

    def die_while_starting(self):
        """Recovery itself is interrupted."""
        server = self.server
        announced, server._announced = server._announced, lambda: True
        server.start()
        time.sleep(self.random.uniform(0, 0.05))
        server.kill()
        server._announced = announced

    def be_born(self):
        """The first start, which may take several: one that was killed leaves nothing in the way of
        the next, and whoever the token was shown to is the owner."""
        for _ in range(self.random.randrange(4)):
            self.die_while_starting()
        self.server.start()
        assert self.server.api().get("/apps").status_code == 200, "the token opens nothing"

    def check(self):
        self.app.api = self.server.api()
        flags = {key: flag["value"] for key, flag in self.app.flags().items()}
        complaints = [line for writer in self.writers for line in writer.settle(flags)]
        new = [version for writer in self.writers for version in writer.versions]
        for writer in self.writers:
            writer.versions = []
        if len(set(new)) != len(new) or self.acknowledged & set(new):
            complaints.append("a version was acknowledged twice")
        self.acknowledged.update(new)
        now = self.app.version()
        least = max([self.version, *new])
        if now < least:
            complaints.append(f"version {now} after {least}")
        # At most one unanswered change of each writer may have happened beyond those we know of.
        if now > self.version + len(new) + WRITERS:
            complaints.append(f"version {now}: more steps than changes since {self.version}")
        self.version = now
        config = self.app.config(self.key)
        served = {key: flag["value"] for key, flag in config.json()["doc"]["flags"].items()}
        if served != flags or config.headers["ETag"] != f'"v{now}"':
            complaints.append("what is served is not what is stored")
        return complaints

    def finish(self):
        """The server still takes changes, stops in order and finds them again."""
        version = self.app.add("after-all", "bool", True)["version"]
        state = self.app.state()
        self.server.restart()
        self.app.api = self.server.api()
        assert version > self.version
        assert self.app.state() == state
        data_of(self.app.remove("after-all"))
        self.server.close()


def newborn(seed):
    """A directory of its own, killed while it is made; complaints."""
    directory = scratch("born")
    try:
        campaign = Campaign(directory)
        with ended(campaign.server):
            campaign.begin(seed)
            campaign.server.close()
        return []
    except AssertionError as problem:
        return [f"a first start: {problem}"]
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def lane(order):
    """So many kills of one server; its figures and what was wrong."""
    number, kills = order
    seed = SEED * 100 + number
    directory = scratch("kill")
    complaints, failed = [], 0
    campaign = Campaign(directory)
    try:
        campaign.begin(seed)
        for kill in range(1, kills + 1):
            found = campaign.round()
            if kill % 20 == 0:
                found += newborn(seed * 1000 + kill)
            failed += bool(found)
            complaints += [f"lane {number}, kill {kill}: {complaint}" for complaint in found]
        campaign.finish()
        if len(campaign.acknowledged) < kills:
            raise AssertionError(f"only {len(campaign.acknowledged)} changes: nothing was tested")
    except AssertionError as problem:
        complaints.append(f"lane {number}: {problem}")
        failed += 1
    finally:
        if campaign.server.process is not None:
            with contextlib.suppress(AssertionError):
                campaign.server.kill()
        if failed:
            complaints.append(f"lane {number}: its data is in {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    return {"kills": kills, "failed": failed, "complaints": complaints, "ready": campaign.ready_ms,
            "acknowledged": len(campaign.acknowledged), "kinds": campaign.kinds}


def main():
    print(f"kill_test: {KILLS} kills of {LANES} servers, {WRITERS} writers, GUIDON_SEED={SEED}",
          flush=True)
    orders = [(i, KILLS // LANES + (i < KILLS % LANES)) for i in range(LANES)]
    results = list(in_lanes(lane, orders))
    for result in results:
        print("\n".join(result["complaints"]), end="\n" if result["complaints"] else "", flush=True)
    ready = sorted(time_ms for result in results for time_ms in result["ready"]) or [0]
    failed = sum(result["failed"] for result in results)
    acknowledged = sum(result["acknowledged"] for result in results)
    kinds = {}
    for result in results:
        for kind, count in result["kinds"].items():
            kinds[kind] = kinds.get(kind, 0) + count
    print(f"{acknowledged} changes acknowledged; killed in: {kinds}; ready after "
          f"{ready[len(ready) // 2]:.0f} ms, at worst {ready[-1]:.0f} ms", flush=True)
    record("D1", "kill", kills=KILLS, lost=failed, acknowledged=acknowledged, flags=OTHER_FLAGS,
           ready_p99_ms=round(ready[min(len(ready) - 1, len(ready) * 99 // 100)]), seed=SEED)
    print(f"kill_test: {KILLS - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
