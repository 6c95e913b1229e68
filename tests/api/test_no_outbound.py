# SPDX-License-Identifier: Apache-2.0
"""Nobody is called: every protocol spoken with a server in a network that leads nowhere.

The tests of TOUR run once more, in a network namespace that has nothing but loopback, against
servers whose sockets and connections are traced: no connection is begun, and there is no socket
that a name could be asked by. The sandbox is off for it, so that nothing is refused before it is
counted.
"""
import collections
import os
import re
import shutil
import subprocess
import sys

import pytest

from harness import BINARY, ROOT, is_sanitized
from record import record

HERE = ROOT / "tests" / "api"
TOUR = ["test_apps.py", "test_telemetry.py", "test_live_updates.py", "test_ofrep_protocol.py",
        "test_amplitude_events.py", "test_admin_flags.py", "test_admin_evaluate.py",
        "test_management_page.py", "test_openapi.py"]
# The long tier takes all that there are: OUTBOUND_TOUR=all
if os.environ.get("OUTBOUND_TOUR") == "all":
    TOUR = sorted(path.name for path in HERE.glob("test_*.py")
                  if path.name not in {"test_no_outbound.py", "test_sandbox.py"})

TRACED = """#!/bin/sh
[ "$1" = serve ] || exec {binary} "$@"
GUIDON_SANDBOX=off
export GUIDON_SANDBOX
exec strace -D -f --seccomp-bpf -qq -e trace=socket,connect,execve -e signal=none -o {folder}/trace.$$ {binary} "$@"
"""

# In a network of its own: loopback is switched on, and the tests take this process's place.
INSIDE = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    fcntl.ioctl(link, 0x8914, struct.pack("16sh14x", b"lo", 1))
os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *sys.argv[1:]])
"""


def namespace():
    words = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    if shutil.which("unshare") is None or \
            subprocess.run([*words, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine grants no network namespace")
    return words


def needs_strace(tmp_path):
    done = shutil.which("strace") and subprocess.run(
        ["strace", "-D", "-f", "--seccomp-bpf", "-o", str(tmp_path / "probe"), "true"], capture_output=True,
        check=False).returncode == 0
    if not done:
        pytest.skip("strace is not there, or may not trace")


@pytest.mark.skipif(is_sanitized(), reason="a sanitizer wants no tracer beside it")
def test_every_protocol_is_served_and_nobody_is_called(tmp_path):
    inside = namespace()
    needs_strace(tmp_path)
    binary = tmp_path / "guidon"
    binary.write_text(TRACED.format(binary=BINARY, folder=tmp_path))
    binary.chmod(0o755)
    (tmp_path / "support").symlink_to(BINARY.parent / "support")  # what tests look for beside it
    tour = [str(HERE / name) for name in TOUR if (HERE / name).exists()]
    assert len(tour) >= 9
    done = subprocess.run(
        [*inside, sys.executable, "-c", INSIDE, "--basetemp", str(tmp_path / "tour"), *tour],
        capture_output=True, text=True, check=False, timeout=3600,
        env={**os.environ, "GUIDON_BINARY": str(binary)})
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    passed = int(re.search(r"(\d+) passed", done.stdout)[1])

    traces = [path.read_text(errors="replace") for path in tmp_path.glob("trace.*")]
    assert len(traces) >= len(tour) / 2, "the servers were traced"
    whole = "\n".join(traces)
    assert "execve(" in whole
    kinds = collections.Counter(re.findall(r"\bsocket\((AF_\w+), (SOCK_\w+)", whole))
    assert kinds[("AF_INET", "SOCK_STREAM")] > 0, "they listen, and the trace shows it"
    calls = re.findall(r"\bconnect\(.*", whole)
    others = {kind: count for kind, count in kinds.items()
              if kind not in {("AF_INET", "SOCK_STREAM"), ("AF_INET6", "SOCK_STREAM")}}
    record("S11 S12", "no-outbound", tests=passed, servers=len(traces), connects=len(calls),
           datagram_sockets=sum(others.values()))
    assert not calls
    assert not others, "not even one to ask for a name by"
