# SPDX-License-Identifier: Apache-2.0
"""The documentation's tests share the desks of tests/api and tests/cli."""
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "api"), str(TESTS / "cli")]

from harness import BINARY, Server  # noqa: E402


def pytest_sessionstart(session):
    if not BINARY.exists():
        pytest.exit(f"{BINARY} does not exist: build it, or set GUIDON_BINARY", returncode=3)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("server")).start()
    yield made
    made.close()
