# SPDX-License-Identifier: Apache-2.0
"""Every command of docs/admin-api.md, run in its order against a fresh server."""
import re
import subprocess

import pytest
import requests

from harness import ROOT, Server, clean_environment

PAGE = ROOT / "docs" / "admin-api.md"
TOKEN = "cli_…"
ORIGIN = "http://127.0.0.1:8080"


def blocks():
    return re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Output of the whole page as one script that stops at the first refusal."""
    directory = tmp_path_factory.mktemp("page")
    server = Server(directory).start()
    script = "".join(blocks())
    assert TOKEN in script and ORIGIN in script
    script = script.replace(TOKEN, server.token).replace(ORIGIN, server.base)
    script = re.sub(r"^curl ", "curl --fail-with-body -w '\\\\n' ", script, flags=re.MULTILINE)
    done = subprocess.run(["bash", "-euo", "pipefail", "-x", "-c", script], cwd=directory,
                          capture_output=True, text=True, timeout=60, check=False,
                          env=clean_environment())
    server.close()
    return done


def test_every_command_works(ran):
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-1000:]


def test_the_page_has_commands(ran):
    commands = [line for block in blocks() for line in block.splitlines() if line.startswith("curl ")]
    assert len(commands) > 20
    assert ran.stderr.count("+ curl ") == len(commands)


def test_codes_are_those_that_are_described(new_server):
    """The table of the page against the server."""
    server = new_server().start()
    table = re.search(r"\| status \| code \|\n\|---\|---\|\n(.*?)\n\n", PAGE.read_text(),
                      re.DOTALL).group(1)
    codes = re.findall(r"`(\w+)`", table)
    assert len(codes) >= 14
    for code in codes:
        assert requests.get(f"{server.base}/problems/{code}", timeout=10).status_code == 200, code
    server.close()
