# SPDX-License-Identifier: Apache-2.0
"""More questions than can be answered: some are answered well, the rest hear so at once, and those
who rule the server get through (docs/decisions/0020-too-much-is-refused-early.md)."""
import collections
import json
import re
import selectors
import socket
import threading

import pytest
import requests

from admin_desk import Desk, content
from harness import ORDINARY, Server, wait_until

CONNECTIONS, FLAGS = 256, 20
ANSWERED, REFUSED, CHANGES = 20, 200, 5
SUBJECT = "prose and more of it, over and over " * 55


def dear_flag(number):
    """Some 50 us: its text is searched for much that is not there."""
    needles = [f"zz{number}_{k}" for k in range(170)]
    return {"key": f"f{number}", "kind": "flag", "type": "boolean", "description": "", "tags": [],
            "owner": "", "lifecycle": "active", "enabled": True, "salt": "s",
            "arithmetic": {"hash": "murmur3_32_utf8", "comparison": "text"},
            "variations": [{"id": "on", "value": True}, {"id": "off", "value": False}],
            "offVariation": "off", "fallthrough": {"variation": "off"},
            "rules": [{"id": "r", "serve": {"variation": "on"}, "when": {
                "op": "match", "attribute": "/context/user/user_properties/a",
                "operator": "text contains", "value": needles}}]}


class Asker:
    """One connection that asks again as soon as it has its answer, without a pause."""

    def __init__(self, port, request):
        self.link = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.link.setblocking(False)
        self.request, self.received = request, b""
        self.link.send(request)

    def hear(self):
        """(head, body) of an answer that is whole now; the next question is sent."""
        piece = self.link.recv(262144)
        assert piece, "hung up on"
        self.received += piece
        head, end, rest = self.received.partition(b"\r\n\r\n")
        size = end and int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        if not end or len(rest) < size:
            return None
        assert len(rest) == size
        self.received = b""
        self.link.send(self.request)
        return head.decode("latin-1"), rest


class Crowd(threading.Thread):
    """Many of them; what they heard, counted."""

    def __init__(self, server, request):
        super().__init__(daemon=True)
        self.port, self.request = server.port, request
        self.over, self.heard, self.failure = threading.Event(), collections.Counter(), None

    def run(self):
        try:
            with selectors.DefaultSelector() as selector:
                askers = [Asker(self.port, self.request) for _ in range(CONNECTIONS)]
                for asker in askers:
                    selector.register(asker.link, selectors.EVENT_READ, asker)
                while not self.over.is_set():
                    for key, _ in selector.select(0.1):
                        self.heard[key.data.hear()] += 1
                for asker in askers:
                    asker.link.close()
        except Exception as why:  # the test has to say so
            self.failure = why

    def count(self, status):
        return sum(times for answer, times in list(self.heard.items())
                   if answer is not None and f" {status} " in answer[0].partition("\r\n")[0])


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path, *ORDINARY).start()
    yield made
    made.close()


def sheds(server):
    text = requests.get(f"{server.operations}/metrics", timeout=10).text
    return int(re.search(r"^\S*http_sheds_total (\d+)", text, re.M)[1])


def test_a_crowd_is_refused_early_and_who_rules_gets_through(server):
    desk, app, ruled = Desk(server), server.api().new_app("crowded"), server.api().new_app("ruled")
    number = next(one["number"] for one in desk.owner.all("/environments")
                  if one["appId"] == app.id and one["name"] == "production")
    content(desk.owner.post(f"/environments/{number}/import", {
        "format": "guidon.environment/1", "flags": [dear_flag(k) for k in range(FLAGS)]},
        mode="replace"))
    ruled.add("switch", "bool", True)
    body = json.dumps({"context": {"targetingKey": "u", "a": SUBJECT}})
    request = (f"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
               f"Authorization: Bearer {app.key('sdk')}\r\nContent-Length: {len(body)}\r\n\r\n{body}")
    before = sheds(server)
    crowd = Crowd(server, request.encode())
    crowd.start()
    changes = 0

    def has_seen_enough():
        nonlocal changes
        assert crowd.failure is None, crowd.failure
        answer = ruled.update("switch", value=bool(changes % 2))
        assert answer.status_code in (200, 503), answer.text
        changes += answer.status_code == 200
        assert requests.get(f"{server.operations}/readyz", timeout=10).status_code == 200
        return crowd.count(200) >= ANSWERED and crowd.count(503) >= REFUSED and changes >= CHANGES

    wait_until(has_seen_enough, "a crowd of whom some are refused", 60)
    assert sheds(server) - before >= REFUSED
    crowd.over.set()
    crowd.join()
    assert crowd.failure is None, crowd.failure
    answers = [one for one in crowd.heard if one is not None]
    good = {answered for head, answered in answers if " 200 " in head.partition("\r\n")[0]}
    assert len(good) == 1 and len(json.loads(good.pop())["flags"]) == FLAGS
    refusals = [one for one in answers if " 200 " not in one[0].partition("\r\n")[0]]
    for head, refused in refusals:
        assert head.startswith("HTTP/1.1 503 "), head
        assert re.findall(r"(?i)\r\nretry-after: (.*)", head) == ["1"], head
        assert json.loads(refused), refused
    wait_until(lambda: requests.post(
        f"{server.base}/ofrep/v1/evaluate/flags", data=body, timeout=10,
        headers={"Authorization": f"Bearer {app.key('sdk')}", "Content-Type": "application/json"},
    ).status_code == 200, "an answer without a crowd", 5)
