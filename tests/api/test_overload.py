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
from dear_flags import DEAR, SUBJECT
from harness import ORDINARY, Server, raw_head, wait_until

CONNECTIONS, FLAGS = 256, 20
ANSWERED, REFUSED, CHANGES = 20, 200, 5


class Asker:
    """One connection that asks again as soon as it has its answer, without a pause."""

    def __init__(self, port, request):
        self.link = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.link.setblocking(False)
        self.request, self.received = request, b""
        self.link.send(request)

    def hear(self):
        """(status, every Retry-After, body) of an answer that is whole now; the next question is sent."""
        piece = self.link.recv(262144)
        assert piece, "hung up on"
        self.received += piece
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return None
        status, headers = raw_head(head)
        size = int(headers["content-length"])
        if len(body) < size:
            return None
        assert len(body) == size
        self.received = b""
        self.link.send(self.request)
        return status, tuple(re.findall(rb"(?i)\r\nretry-after: ([^\r]*)", head)), body


class Crowd(threading.Thread):
    """Many of them; what they heard, counted."""

    def __init__(self, server, request):
        super().__init__(daemon=True)
        self.port, self.request = server.port, request
        self.over, self.failure = threading.Event(), None
        self.answers, self.statuses = set(), collections.Counter()

    def run(self):
        try:
            with selectors.DefaultSelector() as selector:
                askers = [Asker(self.port, self.request) for _ in range(CONNECTIONS)]
                for asker in askers:
                    selector.register(asker.link, selectors.EVENT_READ, asker)
                while not self.over.is_set():
                    for key, _ in selector.select(0.1):
                        answer = key.data.hear()
                        if answer is not None:
                            self.answers.add(answer)
                            self.statuses[answer[0]] += 1
                for asker in askers:
                    asker.link.close()
        except Exception as why:  # the test has to say so
            self.failure = why


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
        "format": "guidon.environment/1", "flags": [DEAR["long searches"](k) for k in range(FLAGS)]},
        mode="replace"))
    ruled.add("switch", "bool", True)
    key = app.key("sdk")
    body = json.dumps({"context": {"targetingKey": "u", "a": SUBJECT}})
    request = (f"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
               f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n{body}")
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
        return (crowd.statuses[200] >= ANSWERED and crowd.statuses[503] >= REFUSED and
                changes >= CHANGES)

    wait_until(has_seen_enough, "a crowd of whom some are refused", 60)
    assert sheds(server) - before >= REFUSED
    crowd.over.set()
    crowd.join()
    assert crowd.failure is None, crowd.failure
    good = {answered for status, _, answered in crowd.answers if status == 200}
    assert len(good) == 1 and len(json.loads(good.pop())["flags"]) == FLAGS
    for status, retry_after, refused in crowd.answers:
        if status != 200:
            assert (status, retry_after) == (503, (b"1",)), refused
            assert json.loads(refused), refused
    wait_until(lambda: requests.post(
        f"{server.base}/ofrep/v1/evaluate/flags", data=body, timeout=10,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    ).status_code == 200, "an answer without a crowd", 5)
