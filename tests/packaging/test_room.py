# SPDX-License-Identifier: Apache-2.0
"""The package's life on a machine without a running systemd: a plain Debian, changed into.

What the service would run is taken from the installed unit file: the command of ExecStart, as its
user, with its variables, in a network of its own.
"""
import os
import re
import socket
import stat

import pytest

from conftest import OLDER, version
from places import Asker, evaluate, make_flag, run, wait_ready

UNIT = "/lib/systemd/system/guidon.service"
STATE = "/var/lib/guidon"
TOKEN = STATE + "/owner-token"
SETTINGS = "/etc/guidon/guidon.conf"


def setting_of(room, name):
    return re.findall(rf"^{name}=(.*)$", room.path(UNIT).read_text(), re.M)


class Service:
    """What systemd would do with the unit, as far as a room goes."""

    def __init__(self, room, log):
        self.room, self.log = room, log
        self.notices = room.path("/run/notify")
        self.notices.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        folder = os.open(self.notices.parent, os.O_PATH)  # a socket's path has 107 bytes at most
        self.socket.bind(f"/proc/self/fd/{folder}/{self.notices.name}")
        os.close(folder)
        self.notices.chmod(0o666)
        self.process = None

    def start(self):
        environment = dict(entry.split("=", 1) for entry in setting_of(self.room, "Environment"))
        environment["NOTIFY_SOCKET"] = "/run/notify"
        command = setting_of(self.room, "ExecStart")[0].split()
        user = self.room.user_ids(setting_of(self.room, "User")[0])
        self.process = self.room.serve(user, command, environment, self.log)
        wait_ready(self.asker())
        return self

    def asker(self):
        token = self.room.path(TOKEN)
        return Asker(self.process.pid, token.read_text().strip() if token.exists() else None)

    def told(self):
        """What it has told its supervisor so far."""
        self.socket.setblocking(False)
        said = []
        while True:
            try:
                said += self.socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return said

    def stop(self):
        assert self.room.stop(self.process) == 0, self.log.read_text()


@pytest.fixture
def service(room, tmp_path):
    made = Service(room, tmp_path / "log")
    yield made
    made.socket.close()


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def test_it_installs_serves_as_its_user_and_removes_cleanly(room, package, service):
    room.install(package)
    assert room.has_user()
    uid, gid = room.user_ids("guidon")
    assert uid < 1000
    assert (os.stat(room.path(STATE)).st_uid, os.stat(room.path(STATE)).st_gid) == (uid, gid)
    assert mode_of(room.path(STATE)) == 0o700
    shell = room.run("getent", "passwd", "guidon").stdout.strip().rsplit(":", 1)[1]
    assert shell.endswith("nologin")

    service.start()
    assert "READY=1" in service.told()
    assert mode_of(room.path(TOKEN)) == 0o600
    asker = service.asker()
    assert asker.probe("/livez") == (200, "alive\n")
    app = make_flag(asker)
    assert evaluate(asker, app) is True
    service.stop()
    assert "STOPPING=1" in service.told()

    room.run("apt-get", "-qq", "remove", "-y", "guidon")
    assert not room.path("/usr/bin/guidon").exists()
    assert not room.path(UNIT).exists()
    assert room.path(TOKEN).exists(), "removing leaves the data"
    assert room.path(SETTINGS).exists(), "and the settings"
    assert room.has_user()

    room.install(package)
    service.start()
    assert evaluate(service.asker(), app) is True
    service.stop()

    room.run("apt-get", "-qq", "purge", "-y", "guidon")
    assert not room.path(STATE).exists()
    assert not room.path("/etc/guidon").exists()
    assert not room.has_user()
    assert room.run("getent", "group", "guidon", check=False).returncode != 0
    left = [line for line in run("find", room.root, "-xdev", "-iname", "*guidon*").stdout.split()
            if not line.startswith((str(room.path("/root/")), str(room.path("/var/log"))))
            and "/apt/" not in line]
    assert left == []

    room.install(package)
    service.start()
    assert service.asker().data("GET", "/apps") == [], "a new beginning"
    service.stop()


def test_an_upgrade_keeps_data_and_changed_settings(room, older_package, package, service):
    room.install(older_package)
    assert OLDER in room.run("guidon", "--version").stdout
    settings = room.path(SETTINGS)
    settings.write_text(settings.read_text() + "\n# ours\nlog-level = warn\nlog-requests = true\n")
    kept = settings.read_text()
    service.start()
    app = make_flag(service.asker())
    service.stop()

    room.install(package)
    assert room.run("guidon", "--version").stdout == f"guidon {version()}\n"
    assert settings.read_text() == kept
    service.start()
    assert evaluate(service.asker(), app) is True
    service.stop()


def test_its_units_say_nothing_systemd_would_complain_of(room, package):
    room.install(package)
    done = room.run("systemd-analyze", "verify", "--man=no", UNIT,
                    "/lib/systemd/system/guidon.socket",
                    "/lib/systemd/system/guidon-operations.socket", check=False)
    assert done.returncode == 0, done.stderr
    assert "guidon" not in done.stderr, done.stderr


def test_an_image_made_with_it_starts_the_service_when_it_boots(room, package):
    room.install(package)
    wants = room.path("/etc/systemd/system/multi-user.target.wants/guidon.service")
    assert wants.is_symlink()
    room.run("dpkg", "--purge", "guidon")
    assert not wants.is_symlink()
