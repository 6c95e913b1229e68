# SPDX-License-Identifier: Apache-2.0
"""Changes that do far more than changes do are refused until somebody says that it is meant."""
import pytest

from admin import Admin, assert_problem
from harness import core_flag, data_of
from record import record

GROWTH = {"acknowledge": "growth"}


@pytest.fixture
def desk(server, app):
    admin = Admin(server, server.token)
    desk.admin, desk.app = admin, app
    desk.number = admin.environments(app.name)["production"]
    return desk


def document(count):
    return {f"flag-{i}": core_flag() for i in range(count)}


def fill(app, count):
    data_of(app.put(app.draft(document(count), version=app.version())))


def path(desk, rest):
    return f"/admin/v1/environments/{desk.number}{rest}"


def export(desk):
    answer = desk.admin.call("GET", path(desk, "/export"), cohorts="none")
    assert answer.status_code == 200
    return answer.json()


def send(desk, text, mode="replace", **query):
    return desk.admin.call("POST", path(desk, "/import"), text, mode=mode, **query)


def newest_audit(desk):
    return desk.admin.call("GET", "/admin/v1/audit", environment=desk.number, limit=1).json()["items"][0]


def with_flags(text, flags):
    return {**text, "flags": flags}


def test_a_list_that_lost_most_of_it_is_refused_until_it_is_meant(desk):
    fill(desk.app, 30)
    text = export(desk)
    few = with_flags(text, text["flags"][:14])
    before = desk.app.version()
    problem = assert_problem(send(desk, few), 422, "needs_acknowledgement")
    assert "takes 16 of 30 flags away" in problem["detail"]
    assert len(desk.app.document()["flags"]) == 30 and desk.app.version() == before
    assert send(desk, few, **GROWTH).status_code == 200
    assert len(desk.app.document()["flags"]) == 14
    assert newest_audit(desk)["detail"]["acknowledged"] == ["growth"]
    record("V3", "growth-removal", refused=1, acknowledged=1)


def test_half_is_not_most_and_few_are_few(desk):
    fill(desk.app, 30)
    text = export(desk)
    assert send(desk, with_flags(text, text["flags"][:15])).status_code == 200
    assert "acknowledged" not in newest_audit(desk)["detail"]
    text = export(desk)
    assert send(desk, with_flags(text, text["flags"][:6])).status_code == 200  # 9 go: below the floor


def test_archiving_counts_and_turning_off_does_not(desk):
    fill(desk.app, 12)
    text = export(desk)
    off = with_flags(text, [{**flag, "enabled": False} for flag in text["flags"]])
    assert send(desk, off, mode="merge").status_code == 200
    archived = with_flags(text, [{**flag, "archived": True} for flag in text["flags"]])
    assert_problem(send(desk, archived, mode="merge"), 422, "needs_acknowledgement")


@pytest.mark.parametrize("there, then, is_refused", [(0, 250, False), (9, 250, False), (99, 198, False),
                                                     (100, 199, False), (100, 200, True),
                                                     (10, 110, True), (10, 109, False)])
def test_twice_as_many_is_refused_from_a_floor_on(desk, there, then, is_refused):
    if there:
        fill(desk.app, there)
    answer = desk.app.put(desk.app.draft(document(then), version=desk.app.version()))
    assert answer.status_code == (400 if is_refused else 200), answer.text[:300]
    if is_refused:
        assert f"makes {then} flags of {there}" in answer.json()["error"]
        meant = desk.app.put(desk.app.draft(document(then), version=desk.app.version()),
                             headers={"X-Guidon-Acknowledge": "growth"})
        assert meant.status_code == 200
        assert newest_audit(desk)["detail"]["acknowledged"] == ["growth"]
        record("V3", "growth-flags", refused=1, acknowledged=1)


def test_twice_as_large_is_refused_however_few_flags(desk):
    fill(desk.app, 10)
    text = export(desk)
    large = with_flags(text, [{**flag, "metadata": {"note": "x" * 15000},
                               "tags": [f"{i}-{'t' * 1900}" for i in range(60)]}
                              for flag in text["flags"]])
    problem = assert_problem(send(desk, large), 422, "needs_acknowledgement")
    assert "bytes of definitions" in problem["detail"]
    assert send(desk, large, **GROWTH).status_code == 200


def test_promote_and_restore_ask_too_and_a_dry_run_shows(desk):
    empty = desk.app.version()
    fill(desk.app, 20)
    problem = assert_problem(desk.admin.call("POST", path(desk, "/restore"), {"version": empty}),
                             422, "needs_acknowledgement")
    assert "20 of 20" in problem["detail"]
    shown = desk.admin.call("POST", path(desk, "/restore"), {"version": empty}, dryRun="true")
    assert shown.status_code == 200 and len(shown.json()["changes"]) == 20
    assert desk.admin.call("POST", path(desk, "/restore"), {"version": empty}, acknowledge="shrink"
                           ).status_code == 400
    assert desk.admin.call("POST", path(desk, "/restore"), {"version": empty}, **GROWTH).status_code == 200


# ---- rollback --------------------------------------------------------------------------------------

def roll_back(desk, **query):
    return desk.admin.call("POST", path(desk, "/rollback"), **query)


def test_one_word_undoes_the_newest_version_as_a_new_one(desk):
    for value in range(3):
        data_of(desk.app.create("n", "number", 0), 201) if value == 0 else \
            data_of(desk.app.update("n", value=value))
    assert desk.app.flags()["n"]["value"] == 2
    answer = roll_back(desk)
    assert answer.status_code == 200 and answer.json()["version"] == 4
    assert desk.app.flags()["n"]["value"] == 1
    assert newest_audit(desk)["action"] == "environment.rollback"


@pytest.mark.parametrize("steps", range(1, 9))
def test_any_of_the_last_eight_lives_again(desk, steps):
    desk.app.add("n", "number", 0)
    for value in range(1, 10):
        data_of(desk.app.update("n", value=value))
    answer = roll_back(desk, steps=steps)
    assert answer.status_code == 200 and answer.json()["version"] == 11
    assert desk.app.flags()["n"]["value"] == 9 - steps
    record("V7", "rollback", steps=steps, ms=round(answer.elapsed.total_seconds() * 1000, 1))


def test_the_way_back_needs_nothing_said_but_the_trail_has_it(desk):
    desk.app.add("first", "bool", True)
    fill(desk.app, 200)
    assert roll_back(desk).status_code == 200
    assert list(desk.app.flags()) == ["first"]
    assert newest_audit(desk)["detail"]["acknowledged"] == ["growth"]


def test_there_is_no_way_behind_the_beginning_and_if_match_holds(desk):
    assert_problem(roll_back(desk), 409, "conflict")
    desk.app.add("n", "number", 0)
    assert_problem(roll_back(desk, steps=9), 400, "invalid", parameter="steps")
    assert_problem(roll_back(desk, steps=2), 409, "conflict")
    stale = desk.admin.call("POST", path(desk, "/rollback"), headers={"If-Match": '"v7"'})
    assert_problem(stale, 412, "stale")
    assert roll_back(desk).status_code == 200
    assert desk.app.flags() == {}
