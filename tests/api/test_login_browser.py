# SPDX-License-Identifier: Apache-2.0
"""A login in a browser on the command line's machine: the page, where it leads, what it makes."""
import datetime

import pytest

from admin_desk import UNLIMITED, Admin, Desk, assert_problem, content
from harness import Server, data_of
from logins import PASSWORD, Browser, Page, callback_of, person, who

MANY = ("--sign-ins-per-account=1000", "--sign-ins-per-address=1000")
HOSTILE = "<script>alert(1)</script>\"'&x@example.com"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("desk"), UNLIMITED, *MANY).start()
    yield Desk(server)
    server.close()


@pytest.fixture
def browser(desk):
    return Browser(desk.server)


# ---- the page --------------------------------------------------------------------------------------
def test_the_page_says_what_asks_and_what_will_be_made(browser):
    page = browser.open("/cli/login", port="4567", state="s-t_a.t~e")
    assert page.status == 200
    assert page.fields["port"] == "4567"
    assert page.fields["state"] == "s-t_a.t~e"
    assert browser.address in page.text
    assert "4567" in page.text
    assert f"cli on {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}" in page.text
    types = {a["name"]: a["type"] for tag, a in page.tags if tag == "input" and "type" in a}
    assert types == {"port": "hidden", "state": "hidden", "email": "email",
                     "password": "password", "token": "password"}


def test_without_a_port_and_a_state_it_is_the_fixed_port(browser):
    page = browser.open("/cli/login")
    assert page.fields["port"] == "3737"
    assert "state" not in page.fields


def test_no_page_is_kept_framed_or_runs_anything(browser):
    for answer in (browser.get("/cli/login", port="4567"), browser.get("/device"),
                   browser.post("/cli/login", {"token": "cli_x"}), browser.get("/cli/nothing"),
                   browser.get("/cli/login", port="1")):
        headers = answer.headers
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "Set-Cookie" not in headers
        policy = dict(part.strip().split(" ", 1) for part in
                      headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["base-uri"] == "'none'"
        assert policy["style-src"] == "'self'"
        assert "script-src" not in policy
        assert set(policy["form-action"].split()) <= {"'self'", "http://localhost:4567",
                                                      "http://localhost:3737"}
        names = [tag for tag, _ in Page(answer).tags]
        assert "script" not in names
        assert "style" not in names
        assert not any(name.startswith("on") or name == "style"
                       for _, given in Page(answer).tags for name in given)


def test_the_form_may_lead_to_that_port_alone(browser):
    for port in (1024, 3737, 65535):
        policy = browser.get("/cli/login", port=str(port)).headers["Content-Security-Policy"]
        assert policy.endswith(f"form-action 'self' http://localhost:{port}")


def test_the_style_sheet_is_there(browser):
    answer = browser.get("/cli/page.css")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("query", [
    {"port": "80"}, {"port": "1023"}, {"port": "65536"}, {"port": "-1"}, {"port": "abc"},
    {"port": ""}, {"port": "3737 "}, {"port": "99999999999999999999"}, {"port": "0x1000"},
    {"state": ""}, {"state": "a b"}, {"state": "a&b"}, {"state": "x" * 129}, {"state": "é"},
    {"state": "a\r\nSet-Cookie: b"}, {"state": "<b>"}])
def test_other_targets_are_refused(desk, browser, query):
    assert browser.open("/cli/login", **query).status == 400
    fields = {"token": desk.owner.token, **query}
    answer = browser.post("/cli/login", fields)
    # A form's blanks at either end are nobody's intention.
    is_trimmed = query == {"port": "3737 "}
    assert answer.status_code == (303 if is_trimmed else 400)
    assert is_trimmed or "Location" not in answer.headers


def test_a_host_is_not_for_the_asking(desk, browser):
    answer = browser.post("/cli/login?port=4000&host=evil.example&redirect_uri=http://evil.example/",
                          {"token": desk.owner.token, "host": "evil.example", "port": "4001",
                           "redirect_uri": "http://evil.example/"})
    where, _ = callback_of(answer)
    assert where == "http://localhost:4001/callback"


def test_other_methods_and_paths(browser):
    assert browser.session.put(browser.base + "/cli/login").status_code == 405
    assert "GET" in browser.session.delete(browser.base + "/cli/login").headers["Allow"]
    assert browser.get("/cli").status_code == 404
    assert browser.get("/cli/login/").status_code == 404
    assert browser.session.head(browser.base + "/cli/login").status_code == 200
    options = browser.session.options(browser.base + "/cli/login",
                                      headers={"Origin": "https://evil.example"})
    assert options.status_code == 204
    assert "Access-Control-Allow-Origin" not in options.headers


# ---- signing in ------------------------------------------------------------------------------------
def test_a_password_leads_back_with_a_new_token(desk, browser):
    user = person(desk)
    page = browser.open("/cli/login", port="4567", state="abc123")
    where, brought = callback_of(browser.send(page, email=user["email"], password=PASSWORD))
    assert where == "http://localhost:4567/callback"
    assert set(brought) == {"token", "email", "state"}
    assert brought["email"] == user["email"]
    assert brought["state"] == "abc123"
    assert who(desk, brought["token"])["userId"] == user["id"]


def test_a_token_leads_back_with_another(desk, browser):
    someone = desk.person("editor")
    page = browser.open("/cli/login", port="4567")
    where, brought = callback_of(browser.send(page, token=f"  {someone.token} "))
    assert set(brought) == {"token", "email"}
    assert brought["token"] != someone.token
    assert who(desk, brought["token"])["userId"] == someone.user["id"]


def test_the_first_token_of_a_new_server_is_enough(new_server):
    server = new_server().start()
    _, brought = callback_of(Browser(server).post("/cli/login", {"token": server.token}))
    assert brought["email"] == "owner@localhost"
    assert data_of(server.api(brought["token"]).get("/me"))["email"] == "owner@localhost"


def test_an_address_in_any_case_is_the_same(desk, browser):
    user = person(desk)
    answer = browser.post("/cli/login", {"email": user["email"].upper(), "password": PASSWORD})
    assert callback_of(answer)[1]["email"] == user["email"]


def test_the_new_token_is_listed_named_in_the_trail_and_revocable(desk, browser):
    user = person(desk)
    _, brought = callback_of(browser.post("/cli/login", {"email": user["email"],
                                                         "password": PASSWORD}))
    session = Admin(desk, brought["token"])
    me = content(session.get("/me"))
    (listed,) = [one for one in session.all("/tokens") if one["id"] == me["tokenId"]]
    assert listed["kind"] == "personal"
    assert listed["name"] == f"cli on {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}"
    assert listed["expiresAt"] is None
    (row,) = [one for one in desk.owner.all("/audit", action="token.create")
              if one["subject"] == me["tokenId"]]
    assert row["actor"] == user["email"]
    # What the command line asks and does: whoami and logout.
    api = desk.server.api(brought["token"])
    assert data_of(api.get("/me")) == {"email": user["email"]}
    assert data_of(api.delete("/tokens/current")) == {"success": True}
    assert api.get("/me").status_code == 401
    assert_problem(session.get("/me"), 401, "unauthenticated")


def test_a_token_that_ends_makes_none_that_lasts(desk, browser):
    ends = "2099-01-31T12:00:00.000Z"
    someone = desk.person("editor", expiresAt=ends)
    _, brought = callback_of(browser.post("/cli/login", {"token": someone.token}))
    assert who(desk, brought["token"])["expiresAt"] == ends


# ---- refusals --------------------------------------------------------------------------------------
def test_a_refusal_is_the_form_again_with_one_sentence(desk, browser):
    user = person(desk)
    page = browser.open("/cli/login", port="4567", state="abc")
    again = Page(browser.send(page, email=user["email"], password="not this one, surely"))
    assert again.status == 403
    assert again.objection == "This e-mail address and this password do not belong together."
    assert (again.fields["port"], again.fields["state"]) == ("4567", "abc")
    assert again.fields["email"] == user["email"]
    assert again.fields["password"] == ""
    callback_of(browser.send(again, password=PASSWORD))


@pytest.mark.parametrize("typed", [{"email": ""}, {"email": "a@example.com"}, {"password": PASSWORD},
                                   {"email": " ", "password": PASSWORD}, {"token": "   "}])
def test_nothing_typed_is_said_so(browser, typed):
    page = Page(browser.post("/cli/login", typed))
    assert page.status == 400
    assert page.objection.startswith("Give your e-mail address")


def test_tokens_that_are_no_good_here(desk, browser):
    reader = desk.person("editor", access="read")
    app = desk.app()
    number = app["environments"][0]["number"]
    sorts = {
        "a reader's": (reader.token, "may only read"),
        "an app's": (desk.token(kind="app", app=app["id"])["token"], "own token"),
        "an environment's": (desk.token(environments=[number])["token"], "own token"),
        "nobody's": ("cli_" + "x" * 49, "Nobody knows"),
        "half of one": (desk.owner.token[:-1], "Nobody knows"),
        "not one": ("x" * 500, "Nobody knows"),
    }
    for sort, (token, words) in sorts.items():
        page = Page(browser.post("/cli/login", {"token": token}))
        assert page.status == 403, sort
        assert words in page.objection, sort
        assert token not in page.answer.text


def test_a_revoked_token_makes_none(desk, browser):
    someone = desk.person("editor")
    desk.server.api(someone.token).delete("/tokens/current")
    assert browser.post("/cli/login", {"token": someone.token}).status_code == 403


def test_what_is_typed_comes_back_as_text(browser):
    answer = browser.post("/cli/login", {"email": HOSTILE, "password": PASSWORD})
    assert Page(answer).fields["email"] == HOSTILE
    assert "<script" not in answer.text
    assert HOSTILE not in answer.text


@pytest.mark.parametrize("headers,status", [
    ({"Sec-Fetch-Site": "same-origin"}, 303),
    ({"Sec-Fetch-Site": "none"}, 303),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
    ({"Origin": "null"}, 303),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "OWN"}, 303),
    ({"Origin": "OWN.evil.example"}, 403),
    ({}, 303)])
@pytest.mark.parametrize("path", ["/cli/login", "/device"])
def test_forms_of_other_sites_are_refused(desk, browser, headers, status, path):
    sent = {name: value.replace("OWN", browser.base) for name, value in headers.items()}
    fields = {"token": desk.owner.token}
    if path == "/device":
        code = browser.post("/cli/device").json()["user_code"]
        fields.update(code=code, answer="deny")
        status = 200 if status == 303 else status
    assert browser.post(path, fields, sent).status_code == status


def test_only_forms_are_taken(desk, browser):
    fields = {"token": desk.owner.token}
    for answer in (browser.post("/cli/login", json=fields),
                   browser.post("/cli/login", "token=x", {"Content-Type": "text/plain"})):
        assert answer.status_code == 415
    large = browser.post("/cli/login", {"token": "x" * 9000})
    assert large.status_code == 413


def test_a_store_that_is_away_is_said_so(new_server):
    server = new_server(UNLIMITED).start()
    token = server.token
    assert server.stop() == 0
    (server.data / "guidon.db").write_bytes(b"this is no database" * 1000)
    server.start()
    browser = Browser(server)
    for fields in ({"token": token}, {"email": "owner@localhost", "password": PASSWORD}):
        answer = browser.post("/cli/login", fields)
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers
        assert Page(answer).objection
