#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Crowds in large, on loopback, against a server of this run's own; one proof for each.

    tests/load/crowd.py slow [CONNECTIONS]      slow heads, bodies and readers: others do not notice
    tests/load/crowd.py storm [STREAMS]         all streams come back at once

Times are asserted with the figures that docs/guarantees.md promises, or as ratios of two
measurements of the same minute.
"""
import json
import multiprocessing
import os
import pathlib
import re
import resource
import selectors
import socket
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "api"), str(ROOT / "proofs")]

import amplitude  # noqa: E402
from harness import Server  # noqa: E402
from record import record  # noqa: E402
from route_table import Street  # noqa: E402

GOOD_RATIO_MAX = 3.0  # of good clients' median beside a crowd that costs nothing but patience
STORM_S = 30


def served(*arguments):
    folder = tempfile.mkdtemp(prefix="guidon-crowd-")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return Server(folder, *amplitude.UNLIMITED, *arguments).start()


def evaluation(street):
    body = b'{"context":{"targetingKey":"u"}}'
    return (b"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + street.first.secrets["server"].encode() +
            b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def whole(link):
    """One answer with a length; its status."""
    got = b""
    while b"\r\n\r\n" not in got:
        piece = link.recv(65536)
        if not piece:
            raise ConnectionResetError
        got += piece
    head, _, rest = got.partition(b"\r\n\r\n")
    size = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
    while len(rest) < size:
        rest += link.recv(65536)
    return int(got[9:12])


def latencies(port, request, count):
    """Sorted, in milliseconds, one question after the other."""
    taken = []
    with socket.create_connection(("127.0.0.1", port), 30) as link:
        link.settimeout(30)
        for _ in range(count):
            began = time.perf_counter()
            link.sendall(request)
            assert whole(link) == 200
            taken.append((time.perf_counter() - began) * 1000)
            time.sleep(0.001)
    return sorted(taken)


def quantile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))]


# ---- slow peers ----------------------------------------------------------------------------------
def drip(links, drop):
    for link in links:
        try:
            link.send(drop)
        except OSError:
            continue


def slow(connections=4000):
    server = served()
    street = Street(server)
    ask = evaluation(street)
    before = latencies(server.port, ask, 1000)
    crowds = {"heads": b"GET /status HTTP/1.1\r\nHost: x\r\nX-Slow: a",
              "bodies": ask.split(b"\r\n\r\n")[0].replace(b"Content-Length: ", b"Content-Length: 1")
              + b"\r\n\r\n{",
              "readers": b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 8}
    for name, first in crowds.items():
        links = []
        for _ in range(connections):
            link = socket.socket()
            if name == "readers":
                link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.settimeout(5)
            link.connect(("127.0.0.1", server.port))
            link.setblocking(False)
            links.append(link)
        drip(links, first)
        time.sleep(0.5)
        drip(links, b"b")
        during = latencies(server.port, ask, 1000)
        memory = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(
            f"/proc/{server.process.pid}/status").read_text())[1])
        for link in links:
            link.close()
        ratio = quantile(during, 0.5) / quantile(before, 0.5)
        record("A5", f"slow-{name}", connections=connections,
               alone_p50_ms=round(quantile(before, 0.5), 3), p50_ms=round(quantile(during, 0.5), 3),
               p99_ms=round(quantile(during, 0.99), 3), ratio_p50=round(ratio, 2),
               rss_mib=round(memory / 1024, 1), failed=0)
        assert ratio < GOOD_RATIO_MAX, (name, ratio)
        time.sleep(1)
    server.close()


# ---- storm ---------------------------------------------------------------------------------------
def follow(port, address, count, arrive, go, results):
    """Streams of one process: open, told to go, opened again at once."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    request = (f"GET {address} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n").encode()
    for is_storm in (False, True):
        if is_storm:
            go.wait()
        selector, began = selectors.DefaultSelector(), time.monotonic()
        links, heard, refused = [], 0, 0
        for _ in range(count):
            link = socket.socket()
            link.setblocking(False)
            link.connect_ex(("127.0.0.1", port))
            selector.register(link, selectors.EVENT_WRITE)
            links.append(link)
        while heard + refused < count and time.monotonic() - began < STORM_S:
            for key, events in selector.select(1):
                link = key.fileobj
                try:
                    if events & selectors.EVENT_WRITE:
                        link.send(request)
                        selector.modify(link, selectors.EVENT_READ)
                        continue
                    said = link.recv(4096)
                except OSError:
                    said = b""
                heard += said.startswith(b"HTTP/1.1 200 ")
                refused += not said.startswith(b"HTTP/1.1 200 ")
                selector.unregister(link)
        results.put((heard, refused, time.monotonic() - began))
        arrive.wait()
        if not is_storm:
            go.wait()
        for link in links:
            link.close()


def storm(streams=15000):
    processes = 3
    server = served(f"--streams-max={streams + 100}", "--streams-per-second=0",
                    f"--streams-per-credential-max={streams + 100}")
    street = Street(server)
    address = "/ofrep/v1/events?token=" + street.first.secrets["address"]
    ask = evaluation(street)
    arrive, go = multiprocessing.Barrier(processes + 1), multiprocessing.Event()
    results = multiprocessing.Queue()
    crew = [multiprocessing.Process(target=follow, args=(
        server.port, address, streams // processes, arrive, go, results)) for _ in range(processes)]
    for one in crew:
        one.start()
    first = [results.get(timeout=120) for _ in crew]
    arrive.wait()
    before = latencies(server.port, ask, 500)
    go.set()  # all hang up and come back
    during = latencies(server.port, ask, 1500)
    second = [results.get(timeout=120) for _ in crew]
    arrive.wait()
    for one in crew:
        one.join()
    server.close()
    figures = {"streams": sum(one[0] for one in first), "back": sum(one[0] for one in second),
               "refused": sum(one[1] for one in second),
               "back_after_s": round(max(one[2] for one in second), 2),
               "alone_p99_ms": round(quantile(before, 0.99), 2),
               "evaluation_p50_ms": round(quantile(during, 0.5), 2),
               "evaluation_p99_ms": round(quantile(during, 0.99), 2)}
    record("A6", "storm", **figures)
    print(json.dumps(figures))
    assert figures["back"] == figures["streams"], figures


def main(arguments):
    names = {"slow": slow, "storm": storm}
    if not arguments or arguments[0] not in names or len(arguments) > 2:
        raise SystemExit(__doc__)
    print(f"processors: {os.cpu_count()}")
    names[arguments[0]](*[int(number) for number in arguments[1:]])


if __name__ == "__main__":
    main(sys.argv[1:])
