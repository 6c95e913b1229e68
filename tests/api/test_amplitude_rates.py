# SPDX-License-Identifier: Apache-2.0
"""Rate limits: exact with many callers at once, one count for each project."""
from concurrent.futures import ThreadPoolExecutor
import calendar
import time

import pytest

from amplitude import Caller, Town, assert_refused, content


def make(new_server, second, day):
    return Town(new_server(f"--management-per-second={second}",
                           f"--management-per-day={day}").start())


def refused(answer):
    body = assert_refused(answer, 429)
    assert body == {"error": body["error"], "code": "rate_limited"}
    return int(answer.headers["Retry-After"])


def wait_for_a_free_second():
    time.sleep(1.01)


def test_exact_under_16_callers(new_server):
    town = make(new_server, 50, 0)
    number = town.app()[0]
    token = town.token(number)["token"]

    def ask(_):
        caller = Caller(town.server.base, f"Bearer {token}")
        began = time.monotonic()
        return [(caller.get("/api/1/flags"), began) for _ in range(8)]

    began = time.monotonic()
    with ThreadPoolExecutor(16) as crowd:
        answers = [a for part in crowd.map(ask, range(16)) for a, _ in part]
    taken = time.monotonic() - began
    passed = [a for a in answers if a.status_code == 200]
    assert len(answers) == 128
    if taken < 1:
        assert len(passed) == 50
    assert 50 <= len(passed) <= 50 * (1 + int(taken))
    for answer in answers:
        if answer.status_code != 200:
            assert refused(answer) == 1


def test_a_sliding_second(new_server):
    town = make(new_server, 5, 0)
    api = town.api(town.app()[0])
    for _ in range(10):  # seven calls within a second, on however busy a machine
        began = time.monotonic()
        codes = [api.get("/api/1/flags").status_code for _ in range(7)]
        took_s = time.monotonic() - began
        wait_for_a_free_second()
        if took_s < 0.9:
            break
    assert took_s < 0.9
    assert codes == [200] * 5 + [429] * 2
    assert [api.get("/api/1/flags").status_code for _ in range(6)] == [200] * 5 + [429]


def test_what_is_refused_does_nothing(new_server):
    town = make(new_server, 3, 0)
    number = town.app()[0]
    api = town.api(number)
    made = [api.post("/api/1/flags", {"projectId": number, "key": f"k{n}"}).status_code
            for n in range(5)]
    assert made == [200, 200, 200, 429, 429]
    wait_for_a_free_second()
    assert len(content(api.get("/api/1/flags"))["flags"]) == 3


def test_each_project_has_its_own(new_server):
    town = make(new_server, 4, 0)
    one, two, _ = town.app()
    both, first, second = town.api(one, two), town.api(one), town.api(two)
    assert [first.get("/api/1/flags").status_code for _ in range(5)] == [200] * 4 + [429]
    assert second.get("/api/1/flags").status_code == 200
    assert both.get("/api/1/flags", projectId=two).status_code == 200
    assert refused(both.get("/api/1/flags")) == 1
    assert town.owner.get("/admin/v1/environments").status_code == 200


@pytest.mark.parametrize("answer", [400, 404])
def test_what_counts(new_server, answer):
    """A refused request of a known project counts, one that finds no project does not."""
    town = make(new_server, 3, 0)
    number = town.app()[0]
    api = town.api(number)
    if answer == 400:
        codes = [api.post("/api/1/flags", {"projectId": number}).status_code for _ in range(4)]
        assert codes == [400, 400, 400, 429]
    else:
        codes = [api.get("/api/1/flags/99999999").status_code for _ in range(10)]
        assert codes == [404] * 10
        assert api.get("/api/1/flags").status_code == 200


def test_strangers_use_nothing_up(new_server):
    town = make(new_server, 3, 0)
    one, two, _ = town.app()
    mine, other = town.api(one), town.api(two)
    path = "/api/1/flags/" + content(mine.post("/api/1/flags",
                                               {"projectId": one, "key": "k"}))["id"]
    wait_for_a_free_second()
    for _ in range(10):
        assert other.get(path).status_code == 403
        assert Caller(town.server.base, "Bearer x").get(path).status_code == 401
    assert mine.get(path).status_code == 200


def test_a_day(new_server):
    town = make(new_server, 0, 10)
    one, two, _ = town.app()
    api = town.api(one)
    assert [api.get("/api/1/flags").status_code for _ in range(10)] == [200] * 10
    now = time.time()
    left = 86400 - calendar.timegm(time.gmtime(now)) % 86400
    waits = [refused(api.get("/api/1/flags")) for _ in range(3)]
    assert all(left - 5 <= wait <= left + 1 for wait in waits)
    assert town.api(two).get("/api/1/flags").status_code == 200


def test_a_day_exact_under_16_callers(new_server):
    town = make(new_server, 0, 77)
    token = town.token(town.app()[0])["token"]

    def ask(_):
        caller = Caller(town.server.base, f"Bearer {token}")
        return [caller.get("/api/1/flags").status_code for _ in range(8)]

    with ThreadPoolExecutor(16) as crowd:
        codes = sum(crowd.map(ask, range(16)), [])
    assert (codes.count(200), codes.count(429)) == (77, 51)


def test_the_legacy_paths_count_as_well(new_server):
    town = make(new_server, 3, 0)
    api = town.api(town.app()[0])
    assert [api.get("/flags/list").status_code for _ in range(2)] == [200] * 2
    assert [api.get("/api/1/flags").status_code for _ in range(2)] == [200, 429]


def test_reads_of_sdks_are_not_limited(new_server):
    town = make(new_server, 6, 0)
    project = town.project()
    deployment = project.web
    assert [deployment.sdk.get("/sdk/v2/flags").status_code for _ in range(40)] == [200] * 40


def test_off(new_server):
    town = make(new_server, 0, 0)
    api = town.api(town.app()[0])
    assert {api.get("/api/1/flags").status_code for _ in range(150)} == {200}


def test_the_documented_default(new_server):
    town = Town(new_server().start())
    api = town.api(town.app()[0])
    began = time.monotonic()
    codes = [api.get("/api/1/deployments").status_code for _ in range(120)]
    if time.monotonic() - began < 1:
        assert codes == [200] * 100 + [429] * 20
