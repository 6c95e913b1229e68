# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a server for each module, an app for each test, a home for each test."""
import itertools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "api"))

from admin import Admin  # noqa: E402
from cli import Cli  # noqa: E402
from harness import BINARY, Server  # noqa: E402

_names = itertools.count(1)
UNLIMITED = ("--management-per-second=0", "--management-per-day=0", "--admin-per-second=0")


def pytest_sessionstart(session):
    if not BINARY.exists():
        pytest.exit(f"{BINARY} does not exist: build it, or set GUIDON_BINARY", returncode=3)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One process for the module, which must live and leave in order."""
    made = Server(tmp_path_factory.mktemp("server"), *UNLIMITED).start()
    yield made
    made.close()


@pytest.fixture
def new_server(tmp_path):
    """Makes servers that a test may stop, kill and damage."""
    made = []

    def make(*arguments, **environment):
        one = Server(tmp_path / f"server-{len(made) + 1}", *UNLIMITED, *arguments, **environment)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def api(server):
    """The vendor's API, asked directly: harness.Api."""
    return server.api()


@pytest.fixture(scope="module")
def admin(server):
    """The admin API, asked directly: tests/api/admin.py."""
    return Admin(server, server.token)


@pytest.fixture(scope="module")
def person_token(admin):
    """Makes a new person with a role and a token of theirs."""
    def make(role="editor", **more):
        user = admin.call("POST", "/admin/v1/users", {
            "email": f"person-{next(_names)}@example.com", "role": role}).json()
        made = admin.call("POST", "/admin/v1/tokens",
                          {"kind": "personal", "user": user["id"], **more})
        assert made.status_code == 201, made.text
        return made.json()["token"]
    return make


@pytest.fixture
def app(api):
    """An app nobody else touches: harness.App."""
    return api.new_app(f"app-{next(_names)}")


@pytest.fixture
def stranger(tmp_path, server):
    """The binary as `guidon` in an empty home: nobody is logged in, the server is known."""
    return Cli(tmp_path, GUIDON_API=server.base)


@pytest.fixture
def owner(tmp_path, server):
    """The binary as `guidon`, logged in as the owner; no app is chosen."""
    return Cli(tmp_path).log_in(server)


@pytest.fixture
def guidon(owner, app):
    """The binary as `guidon`, logged in, with app's production environment in use."""
    return owner.use(app)


@pytest.fixture
def superflag(guidon):
    """The same home under the vendor's name."""
    return guidon.named("superflag")
