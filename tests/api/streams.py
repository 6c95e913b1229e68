# SPDX-License-Identifier: Apache-2.0
"""Event streams as browsers read them, and somebody to follow with."""
import json
import time

from admin_desk import Desk, content
from admin_place import Place
from amplitude import Caller, Stream

PING = b": ping\n\n"


class EventStream(Stream):
    """One stream of server-sent events, told apart by what they are."""

    def __init__(self, server, path, authorization=None, last=None, headers=""):
        if last is not None:
            headers += f"Last-Event-ID: {last}\r\n"
        super().__init__(server, authorization, headers, path)
        self.retry = None

    def event(self, limit_s=3):
        """{"id", "event", "data"} of the next event, or None; what else is said is passed over."""
        deadline = time.monotonic() + limit_s
        while True:
            message = self.message(max(0.0, deadline - time.monotonic()))
            if message is None:
                return None
            if message.startswith(b"retry: "):
                assert self.retry is None, "said once"
                self.retry = int(message[7:])
            elif message != PING:
                break
        lines = message.decode().rstrip("\n").split("\n")
        fields = dict(line.split(": ", 1) for line in lines)
        assert [line.split(": ", 1)[0] for line in lines] == ["id", "event", "data"]
        return {**fields, "data": json.loads(fields["data"])}

    def next(self, limit_s=3):
        event = self.event(limit_s)
        assert event is not None, f"nothing within {limit_s} s (ended: {self.ended})"
        return event

    def is_silent(self, for_s=0.3):
        return self.event(for_s) is None and not self.ended

    def body(self):
        """Of a refusal."""
        size = int(self.headers["content-length"])
        assert self._until(lambda: len(self.raw) >= size, 3)
        return json.loads(self.raw[:size])


class StreamDesk(Desk):
    """A desk whose people follow; whatever they opened is closed in the end."""

    def __init__(self, server):
        super().__init__(server)
        self.streams = []

    def open(self, path, authorization=None, **more):
        self.streams.append(EventStream(self.server, path, authorization, **more))
        return self.streams[-1]

    def close(self):
        for stream in self.streams:
            stream.close()
        self.streams.clear()

    def place(self):
        return FollowedPlace(self, self.app()["environments"][0]["number"])

    def metric(self, name):
        text = Caller(self.server.operations).get("/metrics").text
        return int(next(line for line in text.splitlines()
                        if line.startswith(f"guidon_{name} ")).split(" ")[1])


class FollowedPlace(Place):
    """An environment, its keys, and streams of it in all three protocols."""

    def key(self, kind, **more):
        return content(self.owner.post(f"{self.base}/keys", {"kind": kind, **more}), 201)

    def deployment(self, kind):
        made = content(self.owner.post(f"{self.base}/deployments",
                                       {"kind": kind, "label": self.desk.fresh("label")}), 201)
        return made

    def project_keys(self):
        return content(self.owner.post(f"{self.base}/project-keys"), 201)

    # -- OFREP
    def bulk(self, key, headers=None, **context):
        sdk = Caller(self.desk.server.base, f"Bearer {key}")
        answer = sdk.post("/ofrep/v1/evaluate/flags",
                          {"context": {"targetingKey": "user-1", **context}}, headers=headers)
        assert answer.status_code in (200, 304), answer.text
        return answer

    def address(self, key):
        return self.bulk(key).json()["eventStreams"][0]["endpoint"]["requestUri"]

    def follow(self, key, **more):
        return self.desk.open(self.address(key), **more)

    # -- the admin API's
    def watch(self, token=None, **more):
        return self.desk.open(f"/admin/v1{self.base}/stream",
                              f"Bearer {token or self.owner.token}", **more)

    # -- Amplitude's
    def stream_flags(self, key, **more):
        return self.desk.open("/sdk/stream/v1/flags", f"Api-Key {key}", **more)
