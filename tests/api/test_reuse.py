# SPDX-License-Identifier: Apache-2.0
"""A key that was another's is given to something new only when that is said, and the trail has it."""
import pytest

from admin import Admin, assert_problem
from amplitude import Town
from amplitude import content as item
from admin_desk import UNLIMITED
from harness import ABSENT, Server, core_flag, data_of
from record import record

REUSE = {"acknowledge": "reuse"}


class Place:
    """One environment, through the product's own API."""

    def __init__(self, admin, number):
        self.admin, self.number = admin, number

    def call(self, method, rest, body=ABSENT, **more):
        return self.admin.call(method, f"/admin/v1/environments/{self.number}{rest}", body, **more)

    def make(self, rest, body, **more):
        answer = self.call("POST", rest, body, **more)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def end(self, rest):
        assert self.call("DELETE", rest).status_code == 204
        return self.version()

    def version(self):
        return self.call("GET", "").json()["version"]

    def newest(self):
        rows = self.admin.call("GET", "/admin/v1/audit", environment=self.number, limit=1)
        return rows.json()["items"][0]["detail"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("reuse"), UNLIMITED).start()
    yield made
    made.close()


@pytest.fixture
def place(server, app):
    admin = Admin(server, server.token)
    return Place(admin, admin.environments(app.name)["production"])


def assert_reused(place, key, deleted_in, identity, acknowledged=True):
    detail = place.newest()
    entry = next(one for one in detail["changes"] if one["key"] == key)
    assert entry["op"] == "create"
    assert entry["reuses"] == {"deletedIn": deleted_in, "id": identity}
    assert detail.get("acknowledged") == (["reuse"] if acknowledged else None)


# ---- the product's own API -------------------------------------------------------------------------
HOLDOUT = {"kind": "holdout", "percent": 5}
MAKING = [("/flags", "POST", "/flags", {"key": "k"}, "flag"),
          ("/flags", "PUT", "/flags/k", {"type": "boolean"}, "flag"),
          ("/segments", "POST", "/segments", {"key": "k", "included": ["ann"]}, "segment"),
          ("/segments", "PUT", "/segments/k", {"included": ["ann"]}, "segment"),
          ("/groups", "POST", "/groups", {"key": "k", **HOLDOUT}, "flag"),
          ("/cohorts", "PUT", "/cohorts/k", {"memberIds": ["ann"]}, "cohort")]


@pytest.mark.parametrize("home, method, path, body, kind", MAKING, ids=[f"{m[1]}{m[2]}" for m in MAKING])
def test_everything_with_a_key_asks(place, home, method, path, body, kind):
    first = place.call(method, path, body)
    assert first.status_code in (200, 201), first.text
    identity = first.json().get("id", "k")
    deleted_in = place.end(f"{home}/k")
    problem = assert_problem(place.call(method, path, body), 422, "needs_acknowledgement")
    assert problem["detail"].startswith(f"k was the key of a {kind} that version {deleted_in} deleted")
    assert "acknowledge=reuse" in problem["detail"]
    assert place.version() == deleted_in
    again = place.call(method, path, body, **REUSE)
    assert again.status_code in (200, 201), again.text
    assert_reused(place, "k", deleted_in, identity)
    changed = place.call(method.replace("POST", "PUT"), f"{home}/k", body) if method == "PUT" else None
    assert changed is None or changed.status_code == 200  # it is its own now
    record("V8", f"reuse-{kind}", refused=1, acknowledged=1)


def test_a_group_may_not_slip_into_a_flags_key(place):
    flag = place.make("/flags", {"key": "k"})
    deleted_in = place.end("/flags/k")
    assert_problem(place.call("POST", "/groups", {"key": "k", **HOLDOUT}), 422, "needs_acknowledgement")
    place.make("/groups", {"key": "k", **HOLDOUT}, **REUSE)
    assert_reused(place, "k", deleted_in, flag["id"])


def test_an_acknowledgement_that_was_not_needed_is_not_kept(place):
    place.make("/flags", {"key": "k"}, **REUSE)
    assert "acknowledged" not in place.newest()
    assert "reuses" not in place.newest()["changes"][0]


def test_words_are_known_where_they_mean_something(place):
    place.make("/flags", {"key": "k"})
    for path, method, words in (("/flags", "POST", "reshuffle"), ("/flags/k", "PUT", "growth"),
                                ("/flags/k", "PUT", "reuse,"), ("/flags/k", "PUT", "reuse growth"),
                                ("/flags/k", "PATCH", "reuse"), ("/segments", "POST", "growth")):
        answer = place.call(method, path, {"type": "boolean"}, acknowledge=words)
        assert_problem(answer, 400, "invalid", parameter="acknowledge")
    for words in ("reuse", "reshuffle", "reshuffle,reuse", "reuse,reshuffle"):
        assert place.call("PUT", "/flags/k", {"type": "boolean"}, acknowledge=words).status_code == 200
    assert_problem(place.call("PATCH", "/segments/s", {}, acknowledge="reuse"), 400, "invalid")


def test_a_dry_run_shows_it_and_versions_tell_it(place):
    first = place.make("/flags", {"key": "k"})
    deleted_in = place.end("/flags/k")
    shown = place.call("POST", "/flags", {"key": "k"}, dryRun="true")
    reuses = {"deletedIn": deleted_in, "id": first["id"]}
    assert shown.json()["changes"][0]["reuses"] == reuses
    assert place.version() == deleted_in
    made = place.make("/flags", {"key": "k"}, **REUSE)
    version = place.call("GET", f"/versions/{made['version']}").json()
    assert version["changes"][0]["reuses"] == reuses
    first_version = place.call("GET", f"/versions/{first['version']}").json()
    assert "reuses" not in first_version["changes"][0]


def test_histories_stay_apart(place):
    first = place.make("/flags", {"key": "k", "description": "first"})
    place.end("/flags/k")
    second = place.make("/flags", {"key": "k", "description": "second"}, **REUSE)
    other = place.make("/flags", {"key": "other"})

    def history(**more):
        rows = place.call("GET", "/flags/k/history", **more)
        return rows.status_code == 200 and [(row["revision"], row["document"]["description"])
                                            for row in rows.json()["items"]]

    assert history() == history(id=second["id"]) == [(1, "second")]
    assert history(id=first["id"]) == [(1, "first")]
    for foreign in ("flag_none", other["id"]):
        assert_problem(place.call("GET", "/flags/k/history", id=foreign), 404, "not_found")
    assert place.call("GET", "/flags/k", at=str(first["version"])).json()["id"] == first["id"]


def test_what_comes_back_is_no_reuse(place):
    first = place.make("/flags", {"key": "k"})
    segment = place.make("/segments", {"key": "s", "included": ["ann"]})
    place.call("PUT", "/cohorts/c", {"memberIds": ["ann"]})
    whole = place.version()
    for path in ("/flags/k", "/segments/s", "/cohorts/c"):
        place.end(path)
    back = place.call("POST", "/flags/k/restore", {"version": whole})
    assert back.status_code == 200 and back.json()["id"] == first["id"]
    back = place.call("POST", "/segments/s/restore", {"version": whole})
    assert back.status_code == 200 and back.json()["id"] == segment["id"]
    assert "reuses" not in place.newest()["changes"][0]
    place.end("/flags/k")
    assert place.call("POST", "/restore", {"version": whole}).status_code == 200
    place.end("/flags/k")
    assert place.call("POST", "/rollback").status_code == 200
    assert place.call("GET", "/flags/k").json()["id"] == first["id"]


# ---- whole environments ----------------------------------------------------------------------------
def test_imports_ask_for_all_their_keys_at_once(place):
    for key in "abc":
        place.make("/flags", {"key": key})
    text = place.call("GET", "/export", cohorts="none").json()
    place.end("/flags/a")
    place.end("/flags/b")
    problem = assert_problem(place.call("POST", "/import", text, mode="merge"), 422,
                             "needs_acknowledgement")
    assert problem["detail"].startswith("a was the key of a flag") and "(and 1 more" in problem["detail"]
    shown = place.call("POST", "/import", text, mode="merge", dryRun="true").json()
    assert [("reuses" in one) for one in shown["changes"]] == [True, True]
    assert place.call("POST", "/import", text, mode="merge", acknowledge="growth,reuse").status_code == 200
    assert place.newest()["acknowledged"] == ["reuse"]  # growth was not needed


def test_promotions_ask(server, app, place):
    numbers = place.admin.environments(app.name)
    staging = Place(place.admin, numbers["staging"])
    staging.make("/flags", {"key": "k"})
    first = place.make("/flags", {"key": "k"})
    deleted_in = place.end("/flags/k")
    body = {"from": str(staging.number), "flags": ["k"]}
    assert_problem(place.call("POST", "/promote", body), 422, "needs_acknowledgement")
    assert place.call("POST", "/promote", body, **REUSE).status_code == 200
    assert_reused(place, "k", deleted_in, first["id"])


# ---- other languages have no word for it: they go on, and the trail has it ----------------------------
@pytest.mark.parametrize("headers, acknowledged", [({}, False),
                                                   ({"X-Guidon-Acknowledge": "reuse"}, True),
                                                   ({"X-Guidon-Acknowledge": "growth, reuse"}, True)])
def test_superflag_makes_a_key_again_and_the_trail_says_so(app, place, headers, acknowledged):
    app.add("k", "bool", True)
    identity = place.call("GET", "/flags/k").json()["id"]
    data_of(app.remove("k"))
    deleted_in = place.version()
    body = app.at(key="k", type="bool", value=False)
    data_of(app.api.post("/flags", body, headers=headers), 201)
    assert_reused(place, "k", deleted_in, identity, acknowledged)
    data_of(app.remove("k"))
    data_of(app.put(app.draft({"k": core_flag()}, version=app.version())))
    assert place.newest()["changes"][0]["reuses"]["deletedIn"] == deleted_in + 2
    record("V8", "reuse-vendor", audited=2)


def test_amplitude_makes_a_key_again_and_the_trail_says_so(server):
    project = Town(server).project()
    place = Place(Admin(server, server.token), project.number)
    first = item(project.create("flags", "k"))
    identity = place.call("GET", "/flags/k").json()["id"]
    deleted_in = place.end("/flags/k")
    second = item(project.create("flags", "k"))
    assert second["id"] != first["id"]
    assert_reused(place, "k", deleted_in, identity, acknowledged=False)
    record("V8", "reuse-vendor", audited=1)
