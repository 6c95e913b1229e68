# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the package of this build and of one before it, rooms to install them in."""
import os
import pathlib
import re
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))
from harness import BINARY, ROOT  # noqa: E402

sys.path.insert(0, str(ROOT / "proofs"))  # record.py: what a test counts or measures

from places import WORK, Booted, Room, lay_base, need_root, run, skip  # noqa: E402

EPOCH = "1700000000"
OLDER = "0.0.9"


def version():
    return re.search(r"^VERSION := (\S+)", (ROOT / "Makefile").read_text(), re.M).group(1)


def build_package(binary, of_version):
    done = run(ROOT / "packaging" / "deb" / "build", binary, of_version, WORK / "packages",
               env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})
    return pathlib.Path(done.stdout.strip())


@pytest.fixture(scope="session")
def package():
    return build_package(BINARY, version())


@pytest.fixture(scope="session")
def older_package():
    """The same tree under an older number: only what says the number is compiled again."""
    build = WORK / "older"
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    run("cp", "-a", BINARY.parent / "obj", build / "obj")
    for source in (ROOT / "src").rglob("*.c"):
        if "GUIDON_VERSION" in source.read_text():
            (build / "obj" / source.relative_to(ROOT / "src")).with_suffix(".o").unlink()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    run("make", "-C", ROOT, f"BUILD={build}", f"VERSION={OLDER}", "-j2", "all", env=environment)
    return build_package(build / "guidon", OLDER)


@pytest.fixture(scope="session")
def base(package):
    need_root("debootstrap", "nsenter", "curl")
    depends = run("dpkg-deb", "-f", package, "Depends").stdout
    names = [re.split(r"[ (|]", entry.strip())[0] for entry in depends.split(",")]
    return lay_base(sorted({"systemd", "systemd-sysv", *names}))


@pytest.fixture
def room(base, request):
    made = Room(base, request.node.name)
    yield made
    made.close()


@pytest.fixture(scope="session")
def can_boot(base):
    """Whether a systemd can be process 1 here at all: containers often forbid it."""
    need_root("systemd-nspawn")
    trial = Booted(base, "trial")
    try:
        return trial.boot(), trial.log.read_text(errors="replace")[-2000:]
    finally:
        trial.close()


@pytest.fixture
def booted(base, can_boot, request):
    works, said = can_boot
    if not works:
        skip("no systemd can be booted here:\n" + said)
    made = Booted(base, request.node.name)
    try:
        assert made.boot(), made.log.read_text(errors="replace")[-4000:]
        yield made
    finally:
        made.close()


# As tests/sdk/run has it: a registry that cannot be reached is no fault of ours, all else is.
UNREACHABLE = re.compile(
    "NewConnectionError|Temporary failure in name resolution|Name or service not known|"
    "Network is unreachable|[Cc]onnection refused|No route to host|CERTIFICATE_VERIFY_FAILED")


@pytest.fixture(scope="session")
def judges():
    """The folder with the programs of tests/packaging/requirements.txt."""
    wanted = pathlib.Path(__file__).with_name("requirements.txt")
    venv = WORK / "venv"
    installed = venv / "requirements.txt"
    if installed.exists() and installed.read_text() == wanted.read_text():
        return venv / "bin"
    shutil.rmtree(venv, ignore_errors=True)
    run(sys.executable, "-m", "venv", venv)
    done = run(venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check",
               "--require-hashes", "--only-binary", ":all:", "-r", wanted, check=False)
    if done.returncode != 0 and UNREACHABLE.search(done.stdout + done.stderr):
        skip("the registry of the PyPI packages cannot be reached")
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.copy(wanted, installed)
    return venv / "bin"
