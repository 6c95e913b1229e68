# SPDX-License-Identifier: Apache-2.0
"""Every route, its path written in more than forty other ways (promise S5): a spelling opens what the
plain path opens, or nothing. Never more without a credential, never what is another's."""
import pytest

import amplitude
from harness import Server
from record import record
from route_table import ADMITS, FORMS, MARK, Street, Wire, routes

ROUTES = routes()


def escaped(path, at):
    return path[:at] + "%%%02X" % ord(path[at]) + path[at + 1:]


def last(path):
    """Where the last segment begins."""
    return path.rindex("/") + 1


def middle(path):
    """A slash that is not the first, if there is one."""
    return path.find("/", 1) if path.count("/") > 1 else 0


# Each takes a path and returns the target to ask for.
SPELLINGS = {
    "a letter escaped": lambda p: escaped(p, 1),
    "the last letter escaped": lambda p: escaped(p, len(p) - 1),
    "all escaped": lambda p: "/" + "".join("%%%02x" % ord(c) if c != "/" else c for c in p[1:]),
    "escaped twice": lambda p: escaped(p, 1).replace("%", "%25"),
    "escaped in small and capital letters": lambda p: p[:last(p)] + "%6a%6A/../" + p[last(p):],
    "escaped slash": lambda p: p[:middle(p)] + "%2f" + p[middle(p) + 1:],
    "escaped slash in capitals": lambda p: p[:middle(p)] + "%2F" + p[middle(p) + 1:],
    "all slashes escaped": lambda p: "/" + p[1:].replace("/", "%2f"),
    "first slash escaped": lambda p: "%2f" + p[1:],
    "slash escaped twice": lambda p: p[:middle(p)] + "%252f" + p[middle(p) + 1:],
    "two slashes first": lambda p: "/" + p,
    "two slashes inside": lambda p: p[:middle(p)] + "/" + p[middle(p):],
    "three slashes inside": lambda p: p[:middle(p)] + "//" + p[middle(p):],
    "slash behind": lambda p: p + "/",
    "slashes behind": lambda p: p + "//",
    "dot segment first": lambda p: "/." + p,
    "dot segment inside": lambda p: p[:middle(p)] + "/." + p[middle(p):],
    "dot behind": lambda p: p + "/.",
    "dot at the end of the name": lambda p: p + ".",
    "escaped dot segment": lambda p: p[:middle(p)] + "/%2e" + p[middle(p):],
    "two dots and back": lambda p: "/x/.." + p,
    "two dots out of an open page": lambda p: "/status/.." + p,
    "escaped dots out of an open page": lambda p: "/status/%2e%2e" + p,
    "half-escaped dots": lambda p: "/status/.%2e" + p,
    "dots with an escaped slash": lambda p: "/status/..%2f" + p[1:],
    "dots beyond the root": lambda p: "/../.." + p,
    "dots behind": lambda p: p + "/..",
    "dots and the name again": lambda p: p + "/../" + p[last(p):],
    "dots behind a semicolon": lambda p: "/status/..;" + p,
    "semicolon behind": lambda p: p + ";a=b",
    "semicolon inside": lambda p: p[:middle(p)] + ";a" + p[middle(p):],
    "escaped semicolon": lambda p: p + "%3ba",
    "capital letters": str.upper,
    "one capital letter": lambda p: "/" + p[1:2].upper() + p[2:],
    "backslash": lambda p: p[:middle(p)] + "\\" + p[middle(p) + 1:],
    "escaped backslash": lambda p: p[:middle(p)] + "%5c" + p[middle(p) + 1:],
    "overlong slash": lambda p: p[:middle(p)] + "%c0%af" + p[middle(p) + 1:],
    "overlong dots": lambda p: "/status/%c0%ae%c0%ae" + p,
    "overlong slash of three": lambda p: p[:middle(p)] + "%e0%80%af" + p[middle(p) + 1:],
    "division slash": lambda p: p[:middle(p)] + "%e2%88%95" + p[middle(p) + 1:],
    "full-width slash": lambda p: p[:middle(p)] + "%ef%bc%8f" + p[middle(p) + 1:],
    "%u escape": lambda p: p[:middle(p)] + "%u002f" + p[middle(p) + 1:],
    "NUL behind": lambda p: p + "%00",
    "NUL and more behind": lambda p: p + "%00.css",
    "line end behind": lambda p: p + "%0d%0a",
    "tab behind": lambda p: p + "%09",
    "blank behind": lambda p: p + "%20",
    "plus behind": lambda p: p + "+",
    "delete behind": lambda p: p + "%7f",
    "raw latin letter": lambda p: p + "\xe9",
    "invalid UTF-8": lambda p: p + "%ff",
    "lone surrogate": lambda p: p + "%ed%a0%80",
    "half an escape": lambda p: p + "%2",
    "an escape of no digits": lambda p: p + "%zz",
    "fragment": lambda p: p + "#top",
    "escaped question mark": lambda p: p + "%3fa=b",
    "escaped number sign": lambda p: p + "%23",
    "absolute form": lambda p: "http://localhost" + p,
    "absolute form of another host": lambda p: "http://elsewhere.example" + p,
    "absolute form with a user": lambda p: "http://a:b@localhost" + p,
    "authority first": lambda p: "//localhost" + p,
    "no first slash": lambda p: p[1:],
    "asterisk before": lambda p: "*" + p,
    "ending of a page": lambda p: p + ".json",
    "ending of a style": lambda p: p + ";.css",
}
REFUSED = {400, 401, 403, 404, 405, 414, 421}


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("street"), *amplitude.UNLIMITED).start()
    yield Street(server)
    server.close()


@pytest.fixture(scope="module")
def wire(street):
    made = Wire(street.server)
    yield made
    made.close()


def steady(body):
    """Without what differs from answer to answer."""
    return body.split(b'"requestId"')[0]


def test_there_are_forty_spellings_and_each_is_one():
    assert len(SPELLINGS) >= 40
    path = "/admin/v1/environments/3/flags/theme"
    made = [spell(path) for spell in SPELLINGS.values()]
    assert path not in made
    assert len(set(made)) == len(made)


def test_no_spelling_opens_more_to_nobody(street, wire):
    asked = 0
    with street.unchanged():
        for route in ROUTES:
            path = route.fill(street.first.own)
            plain = wire.send(route.method, path)
            for name, spell in SPELLINGS.items():
                answer = wire.send(route.method, spell(path))
                asked += 1
                if answer.status in REFUSED:
                    continue
                said = (str(route), name, answer.status, answer.body[:200])
                assert route.scope == "anyone", said
                assert (answer.status, answer.headers.get("content-type")) == (
                    plain.status, plain.headers.get("content-type")), said
    record("S5", "path-encodings", routes=len(ROUTES), spellings=len(SPELLINGS), requests=asked,
           opened=0)


def own_credential(street, household, route):
    kinds = ADMITS[route.scope][1]
    credential = next(one for one in household.credentials() if one.kind in kinds)
    form = next(form for form in FORMS if form in ADMITS[route.scope][0])
    return credential.shown(form)


def test_no_spelling_opens_what_is_anothers(street, wire):
    """What the first household owns, asked for with a credential of the second."""
    with street.unchanged():
        for route in ROUTES:
            if route.scope == "anyone" or route.path.endswith("/tokens/current"):
                continue
            headers, query = own_credential(street, street.second, route)
            path = route.fill(street.first.own)
            is_theirs = bool({"app", "environment", "id"} & set(route.parameters))
            for name, spell in SPELLINGS.items():
                target = spell(path) + ("?" + query if query else "")
                answer = wire.send(route.method, target, headers)
                said = (str(route), name, answer.status, answer.body[:300])
                if is_theirs:
                    assert answer.status in REFUSED | {422}, said
                elif answer.status == 200:
                    assert MARK.encode() not in answer.body, said


def test_whoever_may_read_the_plain_path_reads_the_same_or_nothing(street, wire):
    """A spelling that is taken is taken for the same object, not for its neighbour."""
    for route in ROUTES:
        if route.method != "GET" or not route.parameters or route.scope == "anyone" or \
                "groupName" in route.parameters:  # every name has an answer there
            continue
        headers, query = own_credential(street, street.first, route)
        path = route.fill(street.first.own)
        plain = wire.send("GET", path + "?" + query, headers)
        for name, spell in SPELLINGS.items():
            if "fragment" in name:
                continue
            answer = wire.send("GET", spell(path) + "?" + query, headers)
            if answer.status == 200:
                said = (str(route), name, answer.body[:200], plain.body[:200])
                assert plain.status == 200, said
                assert steady(answer.body) == steady(plain.body), said
