# SPDX-License-Identifier: Apache-2.0
"""The package under a real systemd: started, watched, restarted, upgraded, locked in, removed."""
import os
import pathlib
import shutil
import signal
import threading

import pytest

from conftest import OLDER, version
from harness import BINARY, ROOT, wait_until
from places import Asker, evaluate, make_flag, make_matcher, run, wait_ready

TOKEN = "/var/lib/guidon/owner-token"


@pytest.fixture
def served(booted, package):
    """Installed, and the service has come up by itself."""
    booted.install(package)
    wait_until(lambda: booted.path(TOKEN).exists(), "the first start: " + booted.journal())
    wait_ready(booted.asker())
    return booted


class Callers:
    """Two threads that ask without a pause, a new connection each time, and count what fails."""

    def __init__(self, asker, path):
        self.asker, self.path = asker, path
        self.done = threading.Event()
        self.answered, self.failed = 0, []
        self.threads = [threading.Thread(target=self._ask) for _ in range(2)]

    def _ask(self):
        while not self.done.is_set():
            status, text = self.asker.ask("GET", self.path)
            if status == 200:
                self.answered += 1
            else:
                self.failed.append((status, text))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_until(lambda: self.answered > 2 or self.failed, "the first answers")
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()


def status_of(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def test_installing_starts_the_service_and_its_locks_hold(served):
    assert served.show("ActiveState") == "active"
    assert served.show("NRestarts") == "0"
    assert served.run("systemctl", "is-enabled", "guidon.service").stdout.strip() == "enabled"

    asker = served.asker()
    app = make_flag(asker)
    assert evaluate(asker, app) is True
    # Machine code is forbidden; regular expressions are matched all the same.
    make_matcher(asker, app, "^user-[0-9]+$")
    assert evaluate(asker, app, "matched", "user-12") == "yes"
    assert evaluate(asker, app, "matched", "User-12") == "no"

    pid = served.main_pid()
    status = status_of(pid)
    uid = served.user_ids("guidon")[0]
    # The room has no user namespace, the service has one: seen from here both are the same.
    assert status["Uid"].split() == [str(uid)] * 4
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    mounts = pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    options = {line.split()[4]: line.split()[5].split(",") for line in mounts}
    assert "ro" in options["/"]
    assert "rw" in options["/var/lib/guidon"]
    assert status["Umask"] == "0077"

    token = served.path(TOKEN).read_text().strip()
    assert token not in served.journal(), "the owner's token must not be in the journal"
    assert "level=error" not in served.journal()


def test_a_server_that_hangs_or_dies_comes_back_with_its_data(served):
    app = make_flag(served.asker())
    served.drop_in("[Service]\nWatchdogSec=2\nRestartSec=100ms\n")
    served.run("systemctl", "restart", "guidon.service")
    wait_ready(served.asker())

    os.kill(served.main_pid(), signal.SIGKILL)
    wait_until(lambda: served.show("NRestarts") == "1", "the restart after a kill")
    wait_ready(served.asker())

    os.kill(served.main_pid(), signal.SIGSTOP)
    wait_until(lambda: served.show("NRestarts") == "2", "the watchdog", 20)
    wait_ready(served.asker())
    assert evaluate(served.asker(), app) is True


def test_a_reload_leaves_the_process_as_it_is(served):
    before = served.show("MainPID")
    served.run("systemctl", "reload", "guidon.service")
    wait_ready(served.asker())
    assert served.show("MainPID") == before
    assert served.show("ActiveState") == "active"


def test_the_examples_give_it_secrets_it_could_not_read_itself(booted, package, tmp_path):
    examples = ROOT / "packaging" / "systemd" / "examples"
    booted.path("/etc/guidon").mkdir()
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem")
    token = run(BINARY, "keygen", "token").stdout.strip()
    (tmp_path / "bootstrap-token").write_text(token + "\n")
    for name in ("key.pem", "certificate.pem", "bootstrap-token"):
        secret = booted.path("/etc/guidon/" + name)
        shutil.copy(tmp_path / name, secret)
        secret.chmod(0o600)
    for name in ("tls.conf", "bootstrap-token.conf"):
        booted.drop_in((examples / name).read_text(), name=name)
    booted.install(package)
    asker = Asker(booted.pid, token, "https://127.0.0.1:8080")
    wait_ready(asker)
    assert asker.data("GET", "/apps") == []
    assert not booted.path(TOKEN).exists()
    assert token not in booted.journal()


def test_an_upgrade_hands_over_without_refusing_anybody(booted, older_package, package):
    booted.install(older_package)
    wait_until(lambda: booted.path(TOKEN).exists(), "the first start")
    wait_ready(booted.asker())
    asker = booted.asker()
    app = make_flag(asker)
    before = booted.show("MainPID")
    began = booted.show("ExecMainStartTimestampMonotonic")
    with Callers(asker, "/api/v1/apps") as callers:
        booted.install(package)
        running = pathlib.Path(f"/proc/{booted.main_pid()}/exe")
        wait_until(lambda: "(deleted)" not in os.readlink(running), "the new program", 30)
        wait_ready(booted.asker())
    assert callers.failed == []
    assert booted.show("MainPID") == before, "the same process"
    assert booted.show("ExecMainStartTimestampMonotonic") == began
    assert booted.show("NRestarts") == "0"
    assert booted.show("ActiveState") == "active"
    assert evaluate(booted.asker(), app) is True
    assert OLDER not in booted.run("guidon", "--version").stdout
    assert version() in booted.run("guidon", "--version").stdout


def test_with_the_socket_units_a_restart_refuses_nobody(served):
    app = make_flag(served.asker())
    served.run("systemctl", "stop", "guidon.service")
    served.run("systemctl", "enable", "--now", "guidon.socket", "guidon-operations.socket")
    assert served.show("ActiveState") == "inactive"
    assert evaluate(served.asker(), app) is True, "the first who asks starts it"
    assert served.show("ActiveState") == "active"
    with Callers(served.asker(), "/api/v1/apps") as callers:
        served.run("systemctl", "restart", "guidon.service")
        wait_ready(served.asker())
    assert callers.failed == []


def test_purging_stops_it_and_leaves_nothing(served):
    served.run("apt-get", "-qq", "purge", "-y", "guidon")
    assert Asker(served.pid).ask("GET", "/")[0] == 0, "nobody listens any more"
    assert not served.has_user()
    assert not served.path("/var/lib/guidon").exists()
    assert not served.path("/etc/guidon").exists()
    assert served.run("systemctl", "list-unit-files", "guidon*", check=False).stdout.count(
        "guidon") == 0
    names = served.run("sh", "-c", "cat /proc/[0-9]*/comm 2>/dev/null", check=False).stdout
    assert "systemd" in names
    assert "guidon" not in names
