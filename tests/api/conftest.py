# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a server for each module, an app for each test, fresh servers on request."""
import itertools
import sys

import pytest

import amplitude
from harness import BINARY, ROOT, Server

sys.path.insert(0, str(ROOT / "proofs"))  # record.py: what a test counts or measures

_names = itertools.count(1)


def pytest_sessionstart(session):
    if not BINARY.exists():
        pytest.exit(f"{BINARY} does not exist: build it, or set GUIDON_BINARY", returncode=3)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One process for the module; each module asserts that it lived and left in order."""
    made = Server(tmp_path_factory.mktemp("server")).start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(server):
    return server.api()


@pytest.fixture
def app(api):
    """An app nobody else touches."""
    return api.new_app(f"app-{next(_names)}")


@pytest.fixture(scope="module")
def shared_app(api):
    """An app for tests that leave it as they found it."""
    return api.new_app("shared")


@pytest.fixture
def new_server(tmp_path):
    """Makes servers that a test may stop, kill and damage."""
    made = []

    def make(*arguments, **environment):
        server = Server(tmp_path / f"server-{len(made) + 1}", *arguments, **environment)
        made.append(server)
        return server

    yield make
    for server in made:
        server.close()


# ---- the Amplitude dialect's Management API and what SDKs ask --------------------------------------
@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A server without rate limits, and its owner; test modules make their projects in it."""
    server = Server(tmp_path_factory.mktemp("town"), *amplitude.UNLIMITED).start()
    yield amplitude.Town(server)
    server.close()


@pytest.fixture
def project(town):
    """A project nobody else touches."""
    return town.project()


@pytest.fixture(scope="module")
def shared_project(town):
    """A project for tests that leave it as they found it."""
    return town.project()
