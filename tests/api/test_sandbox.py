# SPDX-License-Identifier: Apache-2.0
"""The fences round a running server: that they are up, that all of it works inside, and what does not.

What a process behind them cannot do any more is tried one by one in tests/unit/server/sandbox_test.c.
"""
import os
import pathlib
import re
import signal
import subprocess

import pytest

from harness import BINARY, Server, is_sanitized, wait_until
from record import record
from test_handover import CopiedServer, hand_over, refused
from test_configuration import guidon, printed

FILTERED = 2  # /proc/PID/status: Seccomp
HANDOVERS = int(os.environ.get("SANDBOX_HANDOVERS", "20"))


def status(pid, name, thread=None):
    text = pathlib.Path(f"/proc/{pid}/task/{thread or pid}/status").read_text(encoding="utf-8")
    return int(re.search(rf"^{name}:\s+(\d+)", text, re.M)[1])


def needs_fences(tmp_path):
    """A server that insists; skipped aloud where the kernel or the build has no fences."""
    server = Server(tmp_path, "--sandbox", "strict", "--restart-grace-ms", "50")
    try:
        server.start()
    except AssertionError as problem:
        if "sandbox is strict" in str(problem):
            pytest.skip(f"this kernel has no fences to put up: {problem}")
        raise
    return server


pytestmark = pytest.mark.skipif(is_sanitized(), reason="a sanitizer needs what the fences forbid")


def test_it_is_up_by_default_round_every_thread(tmp_path):
    assert printed()["sandbox"] == "on"
    needs_fences(tmp_path / "strict").close()
    server = Server(tmp_path / "default").start()
    assert re.search(r"event=sandbox_on revision=\d+ landlock=[1-9]\d* seccomp=true",
                     server.output("err"))
    server.api().new_app("Inside")  # by now there are threads of every kind
    pid = server.process.pid
    threads = os.listdir(f"/proc/{pid}/task")
    assert len(threads) > 3
    for thread in threads:
        assert status(pid, "Seccomp", thread) == FILTERED
        assert status(pid, "NoNewPrivs", thread) == 1
    record("S12", "sandbox-threads", threads=len(threads), outside=0)
    server.close()


def test_what_is_tried_inside_is_refused():
    """The tries themselves are the unit tests'; here they are counted."""
    program = BINARY.parent / "unit" / "server" / "sandbox_test"
    if not program.exists():
        pytest.skip(f"{program} is not built: make unit-server")
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    refusals = int(re.search(r"refused=(\d+)", done.stdout + done.stderr)[1])
    record("S12", "sandbox-refusals", tried=refusals, refused=refusals)


def test_it_can_be_left_out(tmp_path):
    server = Server(tmp_path, "--sandbox", "off").start()
    assert "event=sandbox" not in server.output("err")
    assert status(server.process.pid, "Seccomp_filters") == status(os.getpid(), "Seccomp_filters")
    server.close()


def test_it_is_one_of_three_words():
    done = guidon("serve", "--sandbox", "maybe", "--config", "check")
    assert done.returncode == 4
    assert "sandbox must be on, off or strict" in done.stderr


def test_the_owner_s_token_of_a_first_start_still_finds_its_file(tmp_path):
    server = needs_fences(tmp_path)
    assert server.token_file.parent == server.data.parent, "which is outside"
    assert server.api().get("/me").status_code == 200
    assert server.restart().api().get("/me").status_code == 200
    server.close()


def test_successors_put_no_fence_inside_the_fence(tmp_path):
    """Kernels bound how deep they nest: Landlock at 16."""
    server = needs_fences(tmp_path)
    pid = server.process.pid
    before = status(pid, "Seccomp_filters")
    for _ in range(HANDOVERS):
        hand_over(server)
        assert server.api().get("/me").status_code == 200
    assert status(pid, "Seccomp_filters") == before
    assert status(pid, "Seccomp") == FILTERED
    assert server.output("err").count("event=sandbox_inherited") == HANDOVERS
    record("S12 A8", "sandbox-handovers", handovers=HANDOVERS, filters_added=0)
    server.close()


def test_a_script_in_the_successor_s_place_is_not_started(tmp_path):
    needs_fences(tmp_path / "strict").close()
    server = CopiedServer(tmp_path / "copied", "--restart-grace-ms", "50").start()
    server.replace("#!/bin/sh\necho it ran >&2\nexit 1\n")
    refused(server, "cannot be run")
    assert "it ran" not in server.output("err")
    server.replace()
    hand_over(server)
    server.close()


def test_a_successor_with_data_outside_is_told_to_restart(tmp_path):
    settings = tmp_path / "settings"
    settings.write_text("")
    needs_fences(tmp_path / "strict").close()
    server = Server(tmp_path / "one", "--config-file", str(settings))
    command = server.command()
    place = command.index("--data")
    del command[place:place + 2]
    server.command = lambda: command
    settings.write_text(f"data = {server.data}\n")
    server.start()
    other = tmp_path / "other"
    other.mkdir()
    settings.write_text(f"data = {other}\n")
    refused(server, "outside the sandbox")
    settings.write_text(f"data = {server.data}\n")
    hand_over(server)
    server.close()


def test_settings_can_be_replaced_and_read_again(tmp_path):
    needs_fences(tmp_path / "strict").close()
    folder = tmp_path / "etc"
    folder.mkdir()
    settings = folder / "guidon.conf"
    settings.write_text("log-level = info\n")
    server = Server(tmp_path / "server", "--config-file", str(settings)).start()
    fresh = folder / "fresh"
    fresh.write_text("log-level = debug\n")
    fresh.rename(settings)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "event=reloaded settings=read" in server.output("err"), "the settings")
    server.close()
