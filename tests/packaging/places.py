# SPDX-License-Identifier: Apache-2.0
"""Where packages are tried: a Debian in a folder, and the same one booted.

A Room is a copy of a minimal Debian that is changed into; a Booted one has its own systemd as
process 1, its own processes and its own network (nothing but a loopback device). Both are
folders below the build directory; no mount outlives the process it was made for.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from harness import BINARY, ROOT, wait_until

HERE = pathlib.Path(__file__).resolve().parent
WORK = BINARY.parent / "packaging"
PLAIN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
         "DEBIAN_FRONTEND": "noninteractive"}
UNREACHABLE = ("Failed getting release file", "Could not resolve", "Temporary failure",
               "Could not connect", "Connection failed", "no mirror of")


def skip(why):
    pytest.skip("NOTHING WAS TESTED: " + why)


def need_root(*programs):
    if os.geteuid() != 0:
        skip("needs root")
    for program in programs:
        if shutil.which(program) is None:
            skip(f"needs {program}: tools/install packaging-test")
    if subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "true"], check=False,
                      capture_output=True).returncode != 0:
        skip("this machine grants no namespaces")


def run(*command, check=True, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL, **more)
    if check:
        assert done.returncode == 0, f"{command} ended {done.returncode}:\n{done.stdout}{done.stderr}"
    return done


# ---- asking a server in a network of its own --------------------------------------------------
class Asker:
    """Speaks HTTP to a server in the network namespace of a process, with this machine's curl."""

    def __init__(self, pid, token=None, base="http://127.0.0.1:8080"):
        self.pid, self.token, self.base = pid, token, base

    def command(self, method, path, body=None, base=None):
        words = ["nsenter", "--target", str(self.pid), "--net", "curl", "--silent", "--show-error",
                 "--noproxy", "*", "--insecure", "--max-time", "20", "--write-out", "\n%{http_code}", "-X", method,
                 (base or self.base) + path]
        if self.token:
            words += ["-H", f"Authorization: Bearer {self.token}"]
        if body is not None:
            words += ["-H", "Content-Type: application/json", "--data-binary", json.dumps(body)]
        return words

    def ask(self, method, path, body=None, base=None):
        """Status and text; when nobody answered, status 0 and curl's own words."""
        done = run(*self.command(method, path, body, base), check=False)
        text, _, status = done.stdout.rpartition("\n")
        return (int(status), text) if int(status or 0) else (0, done.stderr)

    def admin(self, method, path, body=None, status=200):
        """What the admin API answers."""
        got, text = self.ask(method, "/admin/v1" + path, body)
        assert got == status, f"{method} {path}: {got} {text}"
        return json.loads(text)

    def data(self, method, path, body=None, status=200):
        """What the management API answers."""
        got, text = self.ask(method, "/api/v1" + path, body)
        assert got == status, f"{method} {path}: {got} {text}"
        return json.loads(text)["data"]

    def probe(self, path):
        return self.ask("GET", path, base="http://127.0.0.1:8081")

    def is_ready(self):
        return self.probe("/readyz") == (200, "ready\n")


def make_flag(asker, key="dark-mode"):
    """An app with a flag that is true; returns the app's id."""
    app = asker.data("POST", "/apps", {"name": "shop"}, 201)["id"]
    asker.data("POST", "/flags", {"appId": app, "env": "production", "key": key, "type": "bool",
                                  "value": True}, 201)
    return app


def make_matcher(asker, app, expression, key="matched"):
    """A flag that says `yes` to those whose id the regular expression matches, else `no`."""
    apps = asker.admin("GET", f"/apps/{app}")
    number = next(one["number"] for one in apps["environments"] if one["name"] == "production")
    rule = {"op": "match", "attribute": "/context/user/user_id", "operator": "text regex match",
            "value": [expression]}
    asker.admin("POST", f"/environments/{number}/flags", {
        "key": key, "enabled": True, "arithmetic": {"hash": "murmur3_32_utf8", "comparison": "text"},
        "variations": [{"id": "yes", "value": "yes"}, {"id": "no", "value": "no"}],
        "offVariation": "no", "rules": [{"id": "r1", "when": rule, "serve": {"variation": "yes"}}],
        "fallthrough": {"variation": "no"}}, 201)


def evaluate(asker, app, key="dark-mode", subject="user-1"):
    """The value by OpenFeature's protocol, with a key made for it."""
    made = asker.data("POST", "/keys", {"appId": app, "env": "production", "type": "sdk"}, 201)
    status, text = Asker(asker.pid, made["key"]).ask(
        "POST", f"/ofrep/v1/evaluate/flags/{key}",
        {"context": {"targetingKey": subject}})
    assert status == 200, text
    return json.loads(text)["value"]


# ---- rooms --------------------------------------------------------------------------------------
def lay_base(packages):
    """A Debian with what the package depends on, made once and kept for the next run."""
    base, stamp = WORK / "debian", WORK / "debian.stamp"
    suite = "bookworm"
    wanted = suite + " " + " ".join(packages)
    if stamp.exists() and stamp.read_text() == wanted:
        return base
    shutil.rmtree(base, ignore_errors=True)
    WORK.mkdir(parents=True, exist_ok=True)
    done = run(ROOT / "tools" / "lay-debian", base, suite, *packages, check=False)
    if done.returncode != 0:
        shutil.rmtree(base, ignore_errors=True)
        said = done.stdout + done.stderr
        if any(word in said for word in UNREACHABLE):
            skip("the mirror of Debian packages cannot be reached")
        raise AssertionError(said[-4000:])
    for folder in ("var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man"):
        shutil.rmtree(base / folder, ignore_errors=True)
        (base / folder).mkdir(mode=0o755)
    stamp.write_text(wanted)
    return base


class Room:
    """A copy of the base; gone when the test is."""

    def __init__(self, base, name):
        self.root = WORK / "rooms" / name
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.parent.mkdir(parents=True, exist_ok=True)
        self.root.mkdir()
        # dpkg replaces files below /usr, nothing writes into them: those may be the base's own.
        for entry in sorted(base.iterdir()):
            run("cp", "-al" if entry.name == "usr" else "-a", entry, self.root)
        self.processes = []

    def close(self):
        for process in self.processes:
            self.stop(process)
        shutil.rmtree(self.root, ignore_errors=True)

    def path(self, inside):
        return self.root / inside.lstrip("/")

    def run(self, *command, check=True):
        """A command as root; what it mounts, and what it leaves running, is gone with it."""
        script = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
        return run("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script,
                   self.root, *command, check=check, env=PLAIN)

    def install(self, package, check=True):
        inside = "/root/" + package.name
        shutil.copy(package, self.path(inside))
        return self.run("apt-get", "-qq", "install", "-y", "--allow-downgrades",
                        "--no-install-recommends", inside, check=check)

    def has_user(self, name="guidon"):
        return self.run("getent", "passwd", name, check=False).returncode == 0

    def user_ids(self, name):
        fields = self.run("getent", "passwd", name).stdout.split(":")
        return int(fields[2]), int(fields[3])

    def serve(self, user, command, environment, log, read_only=None):
        """Starts a program as a user in a network of its own; returns the process."""
        uid, gid = user
        more = ["--read-only", *read_only] if read_only is not None else []
        with open(log, "wb") as output:
            process = subprocess.Popen(
                ["unshare", "--net", "--mount", "/usr/bin/python3", str(HERE / "inside.py"),
                 str(self.root), str(uid), str(gid), *more, "--", *command],
                env={**PLAIN, **environment}, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT)
        self.processes.append(process)
        return process

    def stop(self, process):
        """SIGTERM; the exit status."""
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


class Booted(Room):
    """A room with systemd as its process 1."""

    def __init__(self, base, name):
        super().__init__(base, name)
        self.path("/etc/hostname").write_text("room\n")
        # Nothing here is for a machine without a clock, a network or a login.
        for unit in ("systemd-logind.service", "apt-daily.timer", "apt-daily-upgrade.timer",
                     "console-getty.service", "e2scrub_all.timer", "systemd-resolved.service"):
            link = self.path("/etc/systemd/system/" + unit)
            link.unlink(missing_ok=True)
            link.symlink_to("/dev/null")
        words = ["systemd-nspawn", "--quiet", "--register=no", "--private-network",
                 "--console=pipe", f"--directory={self.root}", "--boot"]
        if not os.path.isdir("/run/systemd/system"):
            words.insert(1, "--keep-unit")
        self.log = WORK / (name + ".log")
        with open(self.log, "wb") as output:
            self.nspawn = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output,
                                           stderr=subprocess.STDOUT)
        self.pid = None

    def boot(self):
        """False when this machine cannot run a systemd inside."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.nspawn.poll() is None:
            self.pid = self.pid or self._leader()
            if self.pid and self.run("systemctl", "is-system-running",
                                     check=False).stdout.strip() in ("running", "degraded"):
                return True
            time.sleep(0.2)
        return False

    def _leader(self):
        """Process 1 of the room, as this machine numbers it."""
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children")
        for pid in children.read_text().split():
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            if "Name:\tsystemd\n" in status and status.split("NSpid:")[1].split("\n")[0].split()[-1] == "1":
                return int(pid)
        return None

    def run(self, *command, check=True):
        return run("nsenter", "--target", self.pid, "--mount", "--uts", "--ipc", "--net", "--pid",
                   "--root", "--wd=/", "--", *command, check=check, env=PLAIN)

    def show(self, what, unit="guidon.service"):
        return self.run("systemctl", "show", "--value", "-p", what, unit).stdout.strip()

    def journal(self):
        return self.run("journalctl", "--no-pager", "-o", "cat").stdout

    def main_pid(self):
        """Of the service, as this machine numbers it."""
        inner = self.show("MainPID")
        for path in pathlib.Path("/proc").glob("[0-9]*/status"):
            try:
                numbers = path.read_text().split("NSpid:")[1].split("\n")[0].split()
            except (OSError, IndexError):
                continue
            if len(numbers) > 1 and numbers[-1] == inner and self._is_ours(path.parent):
                return int(numbers[0])
        raise AssertionError(f"the service's process {inner} is not to be found")

    def _is_ours(self, process):
        try:
            return os.readlink(process / "ns" / "pid") == os.readlink(f"/proc/{self.pid}/ns/pid")
        except OSError:
            return False

    def drop_in(self, text, unit="guidon.service", name="test.conf"):
        folder = self.path(f"/etc/systemd/system/{unit}.d")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        self.run("systemctl", "daemon-reload")

    def asker(self):
        token = self.path("/var/lib/guidon/owner-token")
        return Asker(self.pid, token.read_text().strip() if token.exists() else None)

    def close(self):
        if self.nspawn.poll() is None:
            self.nspawn.send_signal(signal.SIGTERM)
            try:
                self.nspawn.wait(30)
            except subprocess.TimeoutExpired:
                if self.pid:
                    os.kill(self.pid, signal.SIGKILL)
                self.nspawn.kill()
                self.nspawn.wait()
        super().close()


def wait_ready(asker, limit_s=20):
    wait_until(asker.is_ready, "/readyz", limit_s)
