# SPDX-License-Identifier: Apache-2.0
"""Through nginx and HAProxy: what they forward as one message is one message to us (promise S2).

Mutated requests go to a real proxy, which sends each on over a connection of its own to a recorder.
What was recorded is then said to the server with one more request behind it: the server answers the
first and then the other, or refuses and hangs up. A third answer, or waiting for more, would be a
disagreement about where a message ends, of which smuggling is made.

GUIDON_MUTANTS (how many) and GUIDON_SEED repeat and enlarge a run.
"""
import concurrent.futures
import contextlib
import os
import random
import re
import shutil
import socket
import subprocess
import threading

import pytest

from conformance_cases import CASES, NEXT
from harness import converse, statuses, wait_until
from record import record

MUTANTS = int(os.environ.get("GUIDON_MUTANTS", 400))
SEED = int(os.environ.get("GUIDON_SEED", 20260722))
QUIET_S = 0.05  # nothing more of a message comes after this
WORKERS = 8

NGINX = """daemon off;
pid {folder}/pid;
worker_processes 1;
error_log stderr crit;
events {{ worker_connections 512; }}
http {{
    access_log off;
{temporary}
    underscores_in_headers on;
    ignore_invalid_headers {invalid};
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_http_version 1.1;
            proxy_read_timeout 5s;
            proxy_request_buffering {buffering};
        }}
    }}
}}
"""
HAPROXY = """global
    maxconn 400
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
    {option}
frontend front
    bind 127.0.0.1:{port}
    default_backend back
backend back
    option httpclose
    http-reuse never
    server one 127.0.0.1:{behind}
"""


def tool(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if found is None:
        pytest.skip(f"needs {name}: apt-get install {name}")
    return found


def free_port():
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return any_socket.getsockname()[1]


# ---- behind the proxy ----------------------------------------------------------------------------
class Recorder:
    """Answers everything with an empty 200 and keeps what was said, one text for each connection."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.messages, self.lock = [], threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        said = b""
        with link:
            link.settimeout(QUIET_S)
            with contextlib.suppress(OSError):
                while True:
                    try:
                        piece = link.recv(65536)
                    except socket.timeout:
                        break
                    if not piece:
                        break
                    said += piece
            with self.lock:
                if said:
                    self.messages.append(said)
            with contextlib.suppress(OSError):
                link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def take(self):
        with self.lock:
            taken, self.messages = self.messages, []
        return taken

    def close(self):
        self.listener.close()


# ---- mutants -------------------------------------------------------------------------------------
BASES = [case.sent for case in CASES if len(case.sent) < 4000]
PIECES = [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"0", b"\r\n\r\n", b"Content-Length: 3\r\n", b";",
          b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding:\x0bchunked\r\n", b",", b"+", b"-", b"_",
          b"\0", b"\x80", b"HTTP/1.0", b"HTTP/1.1", b"0\r\n\r\n", b"5\r\n", b"Host: localhost\r\n",
          b"Connection: keep-alive, Content-Length\r\n", b"Expect: 100-continue\r\n", b"X: a\r\n b\r\n"]


def mutant(dice):
    """A few requests, one behind the other, with a few bytes changed."""
    made = b"".join(dice.choice(BASES) for _ in range(dice.choice((1, 1, 2))))
    for _ in range(dice.choice((0, 1, 1, 2, 3))):
        at = dice.randrange(len(made) + 1)
        kind = dice.randrange(3)
        if kind == 0:
            made = made[:at] + dice.choice(PIECES) + made[at:]
        elif kind == 1:
            made = made[:at] + made[at + dice.randrange(1, 6):]
        else:
            made = made[:at] + bytes([dice.randrange(256)]) + made[at + 1:]
    return made + NEXT


def send(port, sent):
    """Until the proxy hangs up or falls silent; what it answers does not matter."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2) as link:
        link.settimeout(0.5)
        link.sendall(sent)
        while link.recv(65536):
            pass


@contextlib.contextmanager
def running(command, port, folder):
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT)

    def answers():
        assert process.poll() is None, (folder / "log").read_text()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        return False
    try:
        wait_until(answers, "the proxy")
        yield
    finally:
        process.terminate()
        process.wait(10)


def nginx(folder, port, behind, is_lenient):
    temporary = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "conf").write_text(NGINX.format(
        folder=folder, temporary=temporary, port=port, behind=behind,
        invalid="off" if is_lenient else "on", buffering="off" if is_lenient else "on"))
    return [tool("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(folder / "conf")]


def haproxy(folder, port, behind, is_lenient):
    (folder / "conf").write_text(HAPROXY.format(
        port=port, behind=behind,
        option="option accept-invalid-http-request" if is_lenient else "option http-server-close"))
    return [tool("haproxy"), "-db", "-f", str(folder / "conf")]


def asked_to_stay(message):
    """The same message, of the same length, without its wish that the connection end."""
    head, mark, body = message.partition(b"\r\n\r\n")
    for wish in (b"Connection: close", b"connection: close"):
        head = head.replace(wish, wish[:12] + b"x-one")
    return head + mark + body


def is_unfinished(message):
    """The proxy was still waiting for its client when it was answered."""
    head, mark, body = message.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *(\d+)\r?$", head)
    if re.search(rb"(?im)^transfer-encoding: *chunked", head):
        return not re.search(rb"(^|\r\n)0+[^\r\n]*\r\n([^\r\n]+\r\n)*\r\n$", body)
    return not mark or (length is not None and len(body) < int(length[1]))


@pytest.mark.parametrize("is_lenient", [False, True], ids=["strict", "lenient"])
@pytest.mark.parametrize("kind", [nginx, haproxy], ids=["nginx", "haproxy"])
def test_one_message_to_them_is_one_to_us(server, tmp_path, kind, is_lenient):
    dice = random.Random(f"{SEED} {kind.__name__} {is_lenient}")
    print(f"GUIDON_SEED={SEED} GUIDON_MUTANTS={MUTANTS}")
    recorder, port = Recorder(), free_port()
    with running(kind(tmp_path, port, recorder.port, is_lenient), port, tmp_path), \
            concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda sent: send(port, sent), [mutant(dice) for _ in range(MUTANTS)]))
        messages = recorder.take()
    recorder.close()
    assert len(messages) > MUTANTS // 10, "hardly anything was forwarded: nothing is proved"
    agreed, refused = 0, 0
    unfinished = [message for message in messages if is_unfinished(message)]
    for message in messages:
        if message in unfinished:
            continue
        got, closed = converse(server, asked_to_stay(message) + NEXT, limit_s=15)
        codes = [code for code in statuses(got) if code != 100]
        assert closed, ("waits for more than was forwarded", message, codes)
        if len(codes) == 2 and codes[1] == 404:
            agreed += 1
            continue
        # Stricter than they are: no harm, as long as nothing behind it is read.
        assert len(codes) <= 1, ("more messages than were forwarded", message, codes)
        refused += 1
    assert agreed > 0
    record("S2", f"proxy-differential-{kind.__name__}-{'lenient' if is_lenient else 'strict'}",
           mutants=MUTANTS, forwarded=len(messages), unfinished=len(unfinished), agreed=agreed,
           refused=refused, disagreed=0, seed=SEED)
