# SPDX-License-Identifier: Apache-2.0
"""One environment's definitions through the admin API, every answer held against its description."""
import pytest

from admin_desk import UNLIMITED, Desk, content
from harness import ABSENT, Server


class DefinitionDesk(Desk):
    """What is taken is described. A schema cannot say the rest: what a flag's parts say of each other,
    and of other flags."""

    def check_body(self, method, path, body, answer):
        if answer.status_code < 300:
            super().check_body(method, path, body, answer)


class Place:
    """One environment's flags, as its owner sees them."""

    def __init__(self, desk, number):
        self.desk, self.owner, self.number = desk, desk.owner, number
        self.base = f"/environments/{number}"

    def flags(self, path="", method="GET", body=ABSENT, **more):
        return self.owner.call(method, f"{self.base}/flags{path}", body, **more)

    def make(self, key, **members):
        return content(self.flags(method="POST", body={"key": key, **members}), 201)

    def make_again(self, key, **members):
        """Under a key that was another's."""
        return content(self.flags(method="POST", body={"key": key, **members}, acknowledge="reuse"), 201)

    def put(self, key, status=200, headers=None, params=None, **members):
        return content(self.flags(f"/{key}", "PUT", members, headers=headers, **(params or {})),
                       status)

    def patch(self, key, **members):
        return content(self.flags(f"/{key}", "PATCH", members))

    def get(self, key, **params):
        return content(self.flags(f"/{key}", **params))

    def tag(self, key):
        return self.flags(f"/{key}").headers["ETag"]

    def keys(self, **params):
        return [item["document"]["key"] for item in self.owner.all(f"{self.base}/flags", **params)]

    def version(self):
        return content(self.owner.get(self.base))["version"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("definitions"), UNLIMITED).start()
    yield DefinitionDesk(server)
    server.close()


@pytest.fixture
def place(desk):
    """An environment nobody else touches."""
    return Place(desk, desk.app()["environments"][0]["number"])
