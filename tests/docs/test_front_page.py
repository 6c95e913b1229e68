# SPDX-License-Identifier: Apache-2.0
"""The first screen keeps its promise: from a server that starts to a flag that is evaluated."""
import os
import re
import signal
import subprocess
import time

from cli import Cli
from harness import BINARY, ROOT, wait_until
from page import Page

MINUTE_S = 60


def first_screen():
    """The first commands under `In a minute`."""
    page = Page(ROOT / "README.md")
    heading = page.text[:page.text.index("## In a minute")].count("\n") + 1
    return next(block for block in page.commands if block.line > heading)


def test_the_first_lines_are_run_and_test():
    first = Page(ROOT / "README.md").blocks[0]
    assert first.line < 6
    assert [line.split()[:2] for line in first.lines] == [["make", "run"], ["make", "test"]]


def test_a_newcomer_has_an_evaluated_flag_within_a_minute(tmp_path):
    """As `make run` starts it, but for the port, and from another terminal."""
    cli = Cli(tmp_path)
    (cli.work / "build").mkdir()
    (cli.work / "build" / "guidon").symlink_to(BINARY)
    began_s = time.monotonic()
    with open(tmp_path / "said", "wb") as said:
        server = subprocess.Popen(["build/guidon", "serve", "--listen", "127.0.0.1:0", "--data",
                                   "./data"], stdout=said, stderr=said, stdin=subprocess.DEVNULL,
                                  cwd=cli.work, env=cli.variables())
    try:
        listening = wait_until(lambda: re.search(r"^listening on (\S+)", said_by(tmp_path),
                                                 re.MULTILINE), "the server")
        token = re.search(r"cli_[0-9A-Za-z]+", said_by(tmp_path)).group()
        commands = first_screen().text
        assert commands.count("cli_…") == 1
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands.replace("cli_…", token)],
                              cwd=cli.work, capture_output=True, text=True, check=False,
                              timeout=MINUTE_S, stdin=subprocess.DEVNULL,
                              env=cli.having(GUIDON_API=listening.group(1)).variables())
        took_s = time.monotonic() - began_s
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(15)
    assert done.returncode == 0, done.stderr
    assert '"value":true' in done.stdout
    assert took_s < MINUTE_S
    print(f"from the server's start to an evaluated flag: {took_s:.2f} s")


def said_by(folder):
    return (folder / "said").read_text(errors="replace")


def test_relative_links_lead_somewhere():
    """On every page, and to a heading where they name one."""
    broken = []
    for path in [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md",
                 *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "src").rglob("README.md"))]:
        text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            file, _, heading = target.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            there = (path.parent / file) if file else path
            if not there.exists() or heading and heading not in headings(there):
                broken.append(f"{os.path.relpath(path, ROOT)}: {target}")
    assert not broken, "\n".join(broken)


def headings(path):
    """The anchors of a page, as its readers' sites make them."""
    found = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", one).lower()).replace(" ", "-")
            for one in found}
