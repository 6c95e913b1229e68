# SPDX-License-Identifier: Apache-2.0
"""What tests of backup and restore share: a store worth keeping, people who go on changing it, and
the commands of the binary that work on a stopped server's directory."""
import base64
import hashlib
import json
import subprocess
import threading
import time

from admin import Admin
from harness import BINARY, clean_environment

FLAG = {"type": "bool", "enabled": True, "variations": {"on": {"value": True}, "off": {"value": False}},
        "off": "off", "otherwise": {"serve": "on"}}


def owner_of(server):
    return Admin(server, server.token)


def fill(admin, name="shop", flags=20):
    """An app with a few of everything; {environment: number}."""
    admin.make_app(name)
    numbers = admin.environments(name)
    number = numbers["production"]
    for i in range(flags):
        put_flag(admin, number, f"flag-{i}", i % 2 == 0)
    answer = admin.put_cohort(number, "beta", [f"user-{i}" for i in range(500)])
    assert answer.status_code in (200, 201), answer.text
    return numbers


def put_flag(admin, number, key, is_on, **more):
    answer = admin.call("GET", f"/admin/v1/environments/{number}/flags/{key}")
    if answer.status_code == 404:
        body = {"key": key, "type": "boolean", "enabled": is_on, **more}
        answer = admin.call("POST", f"/admin/v1/environments/{number}/flags", body)
        assert answer.status_code == 201, answer.text
    else:
        answer = admin.call("PATCH", f"/admin/v1/environments/{number}/flags/{key}",
                            {"enabled": is_on, **more})
        assert answer.status_code == 200, answer.text
    return answer.json()


def version_of(admin, number):
    answer = admin.call("GET", f"/admin/v1/environments/{number}")
    assert answer.status_code == 200, answer.text
    return answer.json()["version"]


def export(admin, number, at=None):
    """The whole environment as one text, as of a version."""
    query = {} if at is None else {"at": at}
    answer = admin.call("GET", f"/admin/v1/environments/{number}/export", **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def content(admin, number, at=None):
    """An export without what says when and as of what it was made."""
    text = export(admin, number, at)
    return {k: v for k, v in text.items() if k not in ("version", "exportedAt")}


def download(admin, path, beside=True):
    """A backup in a file, checked as a client would; its SHA-256 beside it."""
    answer = admin.session.get(admin.base + "/admin/v1/backup", stream=True, timeout=60,
                               headers={"Authorization": f"Bearer {admin.token}"})
    assert answer.status_code == 200, answer.text
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for piece in answer.iter_content(65536):
            digest.update(piece)
            file.write(piece)
    assert path.stat().st_size == int(answer.headers["Content-Length"])
    expected = base64.b64encode(digest.digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{expected}:"
    if beside:
        path.with_name(path.name + ".sha256").write_text(f"{digest.hexdigest()}  {path.name}\n")
    return answer


def guidon(*arguments, expect=0, given="", **environment):
    """Runs a command of the binary; its status, standard output and error."""
    done = subprocess.run([str(BINARY), *map(str, arguments)], input=given, text=True,
                          capture_output=True, timeout=120, env=clean_environment(**environment))
    if expect is not None:
        assert done.returncode == expect, \
            f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def restore(path, data, *arguments, expect=0):
    """guidon restore, and its report."""
    done = guidon("restore", path, "--data", data, "--yes", "-o", "json", *arguments, expect=expect)
    return json.loads(done.stdout) if done.returncode == 0 else done


class Writers:
    """Threads that change flags of one environment, `rate` times a second together."""

    def __init__(self, server, number, rate=200, threads=8, keys=20):
        self.server, self.number, self.rate = server, number, rate
        self.stop = threading.Event()
        self.latencies, self.failures = [], []
        self.threads = [threading.Thread(target=self._run, args=(i, threads, keys))
                        for i in range(threads)]

    def __enter__(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        self.took = time.monotonic() - self.began

    def _run(self, index, threads, keys):
        admin = owner_of(self.server)
        every = threads / self.rate
        due = time.monotonic() + every * index / threads
        turn = index
        while not self.stop.is_set():
            time.sleep(max(0, due - time.monotonic()))
            due += every
            began = time.monotonic()
            path = f"/admin/v1/environments/{self.number}/flags/flag-{turn % keys}"
            try:
                answer = admin.call("PATCH", path, {"description": f"turn {turn}"})
            except Exception as problem:  # the server is stopped under us in one test
                self.failures.append(repr(problem))
                continue
            if answer.status_code != 200:
                self.failures.append(answer.text)
            self.latencies.append((began, time.monotonic() - began))
            turn += threads

    def wait_for(self, count, within_s=60):
        """Until so many more changes were answered."""
        wanted, deadline = len(self.latencies) + count, time.monotonic() + within_s
        while len(self.latencies) < wanted:
            assert time.monotonic() < deadline, f"{wanted - len(self.latencies)} changes short"
            time.sleep(0.01)

    def slow(self, share, begin=0.0, end=float("inf")):
        """The latency that `share` of the changes begun in a span of time stay below, in ms."""
        chosen = sorted(took for began, took in self.latencies if begin <= began < end)
        return 1000 * chosen[min(len(chosen) - 1, int(share * len(chosen)))] if chosen else 0.0
