# SPDX-License-Identifier: Apache-2.0
"""Cohorts as SDKs download them, and who is a member of what."""
import base64
import gzip
import json
import time

import pytest

from amplitude import Caller, content
from harness import converse, raw_head


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Downloader:
    """A project with keys, and somebody who downloads its cohorts."""

    def __init__(self, project):
        self.project = project
        self.pair = project.project_keys()
        self.caller = Caller(project.api.base, basic(self.pair["apiKey"], self.pair["secretKey"]))

    def get(self, name, **params):
        return self.caller.get(f"/sdk/v1/cohort/{name}", **params)


@pytest.fixture
def downloads(project):
    return Downloader(project)


def test_a_download(project, downloads):
    before = int(time.time() * 1000)
    project.cohort("kx82mf0a", ["u-3", "u-1", "u-2", "u-1"], name="Beta")
    answer = downloads.get("kx82mf0a", maxCohortSize=100)
    cohort = content(answer)
    assert list(cohort)[-1] == "memberIds"
    assert set(cohort) == {"cohortId", "groupType", "groupTypeId", "lastComputed", "lastModified",
                           "size", "memberIds"}
    assert (cohort["cohortId"], cohort["groupType"], cohort["groupTypeId"],
            cohort["size"]) == ("kx82mf0a", "User", 0, 3)
    assert sorted(cohort["memberIds"]) == ["u-1", "u-2", "u-3"]
    for member in ("lastComputed", "lastModified"):
        assert type(cohort[member]) is int
        assert before - 1000 <= cohort[member] <= time.time() * 1000 + 1000


def test_not_modified(project, downloads):
    project.cohort("c", ["a"])
    modified = content(downloads.get("c"))["lastModified"]
    for params in ({"lastModified": modified}, {"lastModified": modified, "maxCohortSize": 10},
                   {"lastModified": modified + 1000}):
        answer = downloads.get("c", **params)
        assert (answer.status_code, answer.content) == (204, b"")
    assert content(downloads.get("c", lastModified=modified - 1))["memberIds"] == ["a"]
    time.sleep(0.005)
    project.cohort("c", ["b"])
    cohort = content(downloads.get("c", lastModified=modified))
    assert cohort["memberIds"] == ["b"]
    assert cohort["lastModified"] > modified


def test_too_large(project, downloads):
    project.cohort("c", ["a", "b", "c"])
    assert content(downloads.get("c", maxCohortSize=3))["size"] == 3
    answer = downloads.get("c", maxCohortSize=2)
    assert answer.status_code == 413
    assert downloads.get("c", maxCohortSize=2147483647).status_code == 200
    for value in ("x", "-1", ""):
        assert downloads.get("c", maxCohortSize=value).status_code in (200, 400)
        assert downloads.get("c", lastModified=value).status_code in (200, 400)


def test_empty_and_unknown_ones(project, downloads):
    assert downloads.get("nobody").status_code == 404
    project.cohort("c", ["a"])
    assert downloads.get("C").status_code == 404
    answer = project.town.owner.call("PUT",
                                     f"/admin/v1/environments/{project.number}/cohorts/empty",
                                     data=b"", headers={"Content-Type": "text/plain"})
    if answer.status_code == 200:
        cohort = content(downloads.get("empty"))
        assert (cohort["size"], cohort["memberIds"]) == (0, [])


def test_a_deleted_cohort(project, downloads):
    project.cohort("c", ["a"])
    assert downloads.get("c").status_code == 200
    project.town.owner.delete(f"/admin/v1/environments/{project.number}/cohorts/c")
    assert downloads.get("c").status_code == 404


def test_credentials(town, project, downloads):
    project.cohort("c", ["a"])
    api, secret = downloads.pair["apiKey"], downloads.pair["secretKey"]
    other = Downloader(town.project())
    token = project.api.authorization.split(" ")[1]
    wrong = [None, "", "Basic", "Basic !!!", basic("", ""), basic(api, ""), basic("", secret),
             basic(secret, api),
             basic(api, api), basic(secret, secret), basic(api, secret[:-1]),
             basic(api, secret + "0"),
             basic(api, secret.upper()) if secret.upper() != secret else None,
             basic(api, other.pair["secretKey"]),
             basic(other.pair["apiKey"], secret), basic(project.web.key, secret), f"Api-Key {api}",
             f"Bearer {token}",
             f"Api-Key {project.web.key}", f"Bearer {basic(api, secret)[6:]}",
             "Basic " + base64.b64encode(f"{api}{secret}".encode()).decode(), basic(token, "")]
    for authorization in wrong:
        answer = Caller(project.api.base, authorization).get("/sdk/v1/cohort/c")
        assert answer.status_code == 401, authorization
        assert "memberIds" not in answer.text
    assert other.get("c").status_code == 404
    for scheme in ("basic", "BASIC"):
        right = scheme + basic(api, secret)[5:]
        assert Caller(project.api.base, right).get("/sdk/v1/cohort/c").status_code == 200
    project.project_keys()
    assert downloads.get("c").status_code == 401


def test_gzip_when_asked_for(project, downloads):
    ids = [f"user-{n:06d}" for n in range(20000)]
    project.cohort("big", ids)
    bodies = []
    for accept in ("", "Accept-Encoding: gzip\r\n"):
        received, _ = converse(project.town.server, (
            f"GET /sdk/v1/cohort/big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{accept}"
            f"Authorization: {downloads.caller.authorization}\r\n\r\n").encode())
        status, headers = raw_head(received)
        assert status == 200
        assert headers.get("content-encoding") == ("gzip" if accept else None)
        body = received.split(b"\r\n\r\n", 1)[1]
        if headers.get("transfer-encoding") == "chunked":
            body = unchunked(body)
        bodies.append(json.loads(gzip.decompress(body) if accept else body))
    assert bodies[0] == bodies[1]
    assert sorted(bodies[0]["memberIds"]) == ids
    assert bodies[0]["size"] == 20000


def unchunked(body):
    whole = b""
    while body:
        line, _, body = body.partition(b"\r\n")
        size = int(line, 16)
        whole, body = whole + body[:size], body[size + 2:]
    return whole


def test_odd_ids(project, downloads):
    ids = ['quote"', "DOMAIN\\user", "\u65e5\u672c", "\U0001f680", "a b", "a/b", "<&>", "x" * 256]
    project.cohort("c", ids)
    assert sorted(content(downloads.get("c"))["memberIds"]) == sorted(ids)
    for name in ids:
        assert content(project.web.sdk.get(f"/sdk/v2/memberships/User/{quoted(name)}")) == ["c"]


def quoted(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


# ---- groups --------------------------------------------------------------------------------------
def test_a_cohort_of_groups(project, downloads):
    project.cohort("orgs", ["acme", "globex"], groupType="org")
    assert content(downloads.get("orgs"))["groupType"] == "org"
    assert content(project.web.sdk.get("/sdk/v2/memberships/org/acme")) == ["orgs"]
    assert content(project.web.sdk.get("/sdk/v2/memberships/User/acme")) == []
    assert content(project.web.sdk.get("/sdk/v2/memberships/team/acme")) == []


# ---- memberships ---------------------------------------------------------------------------------
def test_memberships(town, project):
    project.cohort("c1", ["ann", "bo"])
    project.cohort("c2", ["bo"])
    other = town.project()
    other.cohort("c3", ["bo"])

    def of(name):
        return sorted(content(project.web.sdk.get(f"/sdk/v2/memberships/User/{name}")))
    assert of("ann") == ["c1"]
    assert of("bo") == ["c1", "c2"]
    assert of("cy") == []
    assert of("b%6F") == ["c1", "c2"]
    project.cohort("c2", ["cy"])
    assert (of("bo"), of("cy")) == (["c1"], ["c2"])


# ---- effects -------------------------------------------------------------------------------------
def test_replacing_a_large_cohort_is_seen_at_once(project):
    project.live("flags", "f", rolloutPercentage=0, targetSegments=[
        {"name": "S", "percentage": 100, "rolloutWeights": {"on": 1}, "conditions": [
            {"type": "property", "prop": "userdata_cohort", "op": "is", "values": ["c"]}]}])
    for start in (0, 50000):
        project.cohort("c", [f"u{n}" for n in range(start, start + 50000)])
        for n in (0, 49999, 50000, 99999):
            wanted = "on" if start <= n < start + 50000 else "off"
            assert project.web.variant("f", user_id=f"u{n}") == wanted


def test_configurations_name_cohorts_and_not_their_members(project):
    path = project.flag("f", enabled=True, evaluationMode="local", bucketingKey="user_id",
                        targetSegments=[
        {"name": "S", "percentage": 100, "rolloutWeights": {"on": 1}, "conditions": [
            {"type": "property", "prop": "userdata_cohort", "op": "is", "values": ["c"]}]}])
    before = project.flags()
    project.cohort("c", ["secret-member"])
    assert project.flags() == before
    assert "secret-member" not in project.web.sdk.get("/sdk/v2/flags").text
    assert project.show(path)["targetSegments"][0]["conditions"][0]["values"] == ["c"]
