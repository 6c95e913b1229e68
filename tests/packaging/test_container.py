# SPDX-License-Identifier: Apache-2.0
"""The container's root file system, run as the Dockerfile says: nobody's user, nothing writable."""
import json
import os
import re
import shutil

import pytest
import yaml

from harness import BINARY, ROOT, clean_environment
from places import PLAIN, WORK, Asker, Room, evaluate, make_flag, need_root, run, wait_ready
from test_units import settings

DOCKER = ROOT / "packaging" / "docker"


def dockerfile():
    """The last stage's instructions: name -> list of what stands behind it."""
    text = re.sub(r"\\\n\s*", " ", (DOCKER / "Dockerfile").read_text())
    stage = re.split(r"^FROM ", text, flags=re.M)[-1]
    found = {"FROM": [stage.split("\n", 1)[0]]}
    for name, rest in re.findall(r"^([A-Z]+) (.+)$", stage, re.M):
        found.setdefault(name, []).append(rest)
    return found


def environment():
    return dict(pair.split("=", 1) for line in dockerfile()["ENV"] for pair in line.split())


def words(instruction):
    return json.loads(dockerfile()[instruction][0])


class Image(Room):
    """A room that is no Debian: what packaging/docker/rootfs made."""

    def __init__(self):
        self.root = WORK / "rootfs"
        self.data = WORK / "rootfs-data"
        self.processes = []
        for folder in (self.root, self.data):
            shutil.rmtree(folder, ignore_errors=True)
        run(DOCKER / "rootfs", BINARY, self.root)
        self.user = tuple(int(part) for part in dockerfile()["USER"][0].split(":"))

    def new_volume(self):
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir()
        os.chown(self.data, *self.user)

    def start(self, log, **more):
        command = words("ENTRYPOINT") + words("CMD")
        variables = {**environment(), **more}
        return self.serve(self.user, command, variables, log, read_only=[f"/data={self.data}"])

    def ask_inside(self, process, *command):
        """A command in the running container, as the engine would run the health check."""
        return run("nsenter", "--target", process.pid, "--net", "--mount", "--root", "--wd=/",
                   f"--setuid={self.user[0]}", f"--setgid={self.user[1]}", "--", *command,
                   check=False, env={**PLAIN, **environment()})


@pytest.fixture(scope="module")
def image():
    need_root("nsenter", "curl")
    made = Image()
    yield made
    made.close()
    shutil.rmtree(made.data, ignore_errors=True)


@pytest.fixture
def container(image, tmp_path):
    image.new_volume()
    process = image.start(tmp_path / "log")
    asker = Asker(process.pid)
    wait_ready(asker)
    asker.token = re.search(r"^  (cli_\S+)$", (tmp_path / "log").read_text(), re.M).group(1)
    yield process, asker
    if process.poll() is None:
        image.stop(process)


def test_it_serves_as_nobody_with_nothing_to_write_to_but_its_volume(image, container, tmp_path):
    process, asker = container
    app = make_flag(asker)
    assert evaluate(asker, app) is True
    status = dict(line.split(":\t", 1) for line in
                  open(f"/proc/{process.pid}/status", encoding="utf-8").read().splitlines()
                  if ":\t" in line)
    assert status["Uid"].split() == [str(image.user[0])] * 4
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    root = next(line.split() for line in open(f"/proc/{process.pid}/mountinfo", encoding="utf-8")
                if line.split()[4] == "/")
    assert "ro" in root[5].split(",")
    assert image.stop(process) == 0, (tmp_path / "log").read_text()

    again = image.start(tmp_path / "second")
    asker = Asker(again.pid, asker.token)
    wait_ready(asker)
    assert evaluate(asker, app) is True, "the volume has it all"
    assert image.stop(again) == 0


def test_the_health_check_tells_a_live_server_from_a_dead_one(image, container):
    process, _ = container
    check = json.loads(dockerfile()["HEALTHCHECK"][0].split(" CMD ", 1)[1])
    done = image.ask_inside(process, *check)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr
    dead = image.ask_inside(process, *check, "--operations-listen", "127.0.0.1:1")
    assert dead.returncode == 8
    assert "nobody listens there" in dead.stderr
    ready = image.ask_inside(process, "/usr/bin/guidon", "readyz")
    assert (ready.returncode, ready.stdout) == (0, "ready\n")


def test_the_command_line_works_in_it_though_its_client_library_is_loaded_by_name(image, container):
    process, asker = container
    done = image.ask_inside(process, "/usr/bin/guidon", "apps", "list", "-o", "json", "--api",
                            asker.base, "--token", asker.token)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_nothing_else_in_it(image):
    files = [path for path in image.root.rglob("*") if path.is_file() or path.is_symlink()]
    programs = {path.name for path in files if os.access(path, os.X_OK) and ".so" not in path.name}
    assert programs == {"guidon", "superflag"}
    for path in image.root.rglob("*"):
        there = os.lstat(path)
        mode = there.st_mode & 0o7777
        inside = "/" + str(path.relative_to(image.root))
        assert there.st_uid == (image.user[0] if inside == "/data" else 0), inside
        assert path.is_symlink() or not mode & 0o022 or inside == "/tmp", (inside, oct(mode))
        assert not mode & 0o6000, inside


def test_every_library_is_of_the_closure_and_every_one_is_there(image):
    closure = run(ROOT / "packaging" / "libraries", "closure", BINARY).stdout.split()
    there = {"/" + str(path.relative_to(image.root)) for path in image.root.rglob("*.so*")}
    assert there == set(closure)


def test_the_dockerfile_names_only_what_is_there():
    stages = (DOCKER / "Dockerfile").read_text()
    assert dockerfile()["FROM"] == ["scratch"]
    for source in re.findall(r"^COPY (?!--from)(\S+) \S+$", stages, re.M):
        assert (ROOT / source).exists(), source
    for script in re.findall(r"(packaging/\S+|tools/\S+) ", stages):
        assert (ROOT / script).exists(), script
    known = {"GUIDON_" + name.upper().replace("-", "_") for name in settings()}
    assert {name for name in environment() if name.startswith("GUIDON_")} <= known
    assert dockerfile()["VOLUME"] == [environment()["GUIDON_DATA"]]
    ports = {environment()[name].rsplit(":", 1)[1]
             for name in ("GUIDON_LISTEN", "GUIDON_OPERATIONS_LISTEN")}
    assert set(dockerfile()["EXPOSE"][0].split()) == ports
    assert run(BINARY, "serve", "--config", "check",
               env=clean_environment(**environment())).returncode == 0


def test_compose_locks_the_container_in_and_publishes_on_loopback_only():
    service = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]["guidon"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    folder = (DOCKER / service["build"]["context"]).resolve()
    assert folder == ROOT
    assert (folder / service["build"]["dockerfile"]).exists()
    port = environment()["GUIDON_LISTEN"].rsplit(":", 1)[1]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert [volume.split(":")[1] for volume in service["volumes"]] == dockerfile()["VOLUME"]
    drain_s = int(settings()["drain-timeout-ms"]) / 1000
    assert int(service["stop_grace_period"].rstrip("s")) >= drain_s + 2 + 5
