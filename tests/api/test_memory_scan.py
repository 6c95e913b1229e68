# SPDX-License-Identifier: Apache-2.0
"""What was secret is not left lying in memory: looked for in the whole of the process's.

A password that was set and a credential nobody has: the server never needs either again. Once
whoever brought it has gone, no copy is found.
"""
import pathlib
import re
import secrets
import socket
import time

import pytest

from harness import Server, is_sanitized, wait_until
from amplitude import Caller
from record import record

PIECE = 1 << 20


pytestmark = pytest.mark.skipif(is_sanitized(), reason="a sanitizer keeps what was freed")


def found_in_memory(pid, wanted):
    """How often each of these byte strings is in what the process can write to."""
    counts = dict.fromkeys(wanted, 0)
    try:
        memory = open(f"/proc/{pid}/mem", "rb", buffering=0)
    except PermissionError:
        pytest.skip("this user may not look into the process: it forbids that")
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    with memory:
        for start, end in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", maps, re.M):
            start, end = int(start, 16), int(end, 16)
            try:
                memory.seek(start)
                whole = b"".join(iter(lambda: memory.read(min(PIECE, end - memory.tell())), b""))
            except (OSError, OverflowError):
                continue
            for secret in wanted:
                counts[secret] += whole.count(secret)
    return counts


def say(server, request):
    """One request on a connection of its own, and its whole answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
        link.sendall(request)
        answer = b""
        while piece := link.recv(65536):
            answer += piece
    return answer


def ask(server, method, path, body="", **headers):
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return say(server, (f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}"
                        f"Content-Length: {len(body)}\r\n\r\n{body}").encode())


def test_the_scan_finds_what_is_there(tmp_path):
    """While somebody who sent it is connected, it is there: else nothing was proved below."""
    server = Server(tmp_path).start()
    canary = "cli_" + secrets.token_hex(24)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
        link.sendall(f"GET /admin/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {canary}".encode())
        time.sleep(0.3)
        assert found_in_memory(server.process.pid, [canary.encode()])[canary.encode()] > 0
    server.close()


def test_a_password_and_a_wrong_credential_are_not_kept(tmp_path):
    server = Server(tmp_path).start()
    owner = Caller(server.base, f"Bearer {server.token}")
    user = owner.get("/admin/v1/me").json()["userId"]
    owner.session.close()
    credential = "cli_" + secrets.token_hex(24)
    password = secrets.token_hex(16)

    refused = ask(server, "GET", "/admin/v1/me", Authorization=f"Bearer {credential}")
    assert refused.split(b" ")[1] == b"401"
    taken = ask(server, "PUT", f"/admin/v1/users/{user}/password", f'{{"password": "{password}"}}',
                Authorization=f"Bearer {server.token}", Content_Type="application/json")
    assert taken.split(b" ")[1] in {b"200", b"204"}, taken

    wanted = {"a wrong credential": credential.encode(), "a password": password.encode()}

    def left():
        counts = found_in_memory(server.process.pid, list(wanted.values()))
        return {name: counts[secret] for name, secret in wanted.items() if counts[secret]}

    wait_until(lambda: not left(), "the last copies to go", 10)
    record("S7", "memory-scan", secrets=len(wanted), copies_left=sum(left().values()))
    server.close()
