# SPDX-License-Identifier: Apache-2.0
"""What tests of the admin API share: a credential that calls it, and what its refusals look like."""
import json

import requests

from harness import ABSENT


class Admin:
    """One credential, speaking to /admin/v1 and beyond."""

    def __init__(self, server, token):
        self.base = server.base
        self.token = token
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method, path, body=ABSENT, *, data=None, headers=None, **params):
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not ABSENT:
            data, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        sent.update(headers or {})
        return self.session.request(method, self.base + path, data=data, params=params,
                                    headers=sent, timeout=60)

    def items(self, path, **params):
        """The items of all pages of a list."""
        found, query = [], dict(params)
        while True:
            answer = self.call("GET", path, **query)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["items"]
            if page["next"] is None:
                return found
            query["cursor"] = page["next"]

    def make_app(self, name):
        answer = self.call("POST", "/admin/v1/apps", {"name": name})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def environments(self, app_name):
        """{environment: number} of one app."""
        return {e["name"]: e["number"] for e in self.items("/admin/v1/environments", limit=1000)
                if e["appName"] == app_name}

    def new_token(self, environments, **more):
        answer = self.call("POST", "/admin/v1/tokens", {"environments": environments, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def put_cohort(self, number, cohort, ids, headers=None, **params):
        return self.call("PUT", f"/admin/v1/environments/{number}/cohorts/{cohort}",
                         data="\n".join(ids).encode(),
                         headers={"Content-Type": "text/plain", **(headers or {})}, **params)


def assert_problem(answer, status, code, pointer=None, parameter=None):
    """A problem document of this kind; returns it."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:500]}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"/problems/{code}"
    assert problem["title"]
    assert problem["requestId"] == answer.headers["X-Request-Id"]
    if pointer is not None:
        assert problem["errors"][0]["pointer"] == pointer
    if parameter is not None:
        assert problem["errors"][0]["parameter"] == parameter
    return problem
