# SPDX-License-Identifier: Apache-2.0
"""A login with a code (RFC 8628): what the machine asks, what the person sees, and who gets what."""
import concurrent.futures
import re
import subprocess
import time

import pytest

from admin_desk import UNLIMITED, Desk, content
from harness import BINARY, Server, clean_environment
from logins import PASSWORD, Browser, Page, person, who

MANY = ("--sign-ins-per-account=1000", "--sign-ins-per-address=1000")
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("desk"), UNLIMITED, *MANY).start()
    yield Desk(server)
    server.close()


@pytest.fixture
def machine(desk):
    return Browser(desk.server)


@pytest.fixture
def browser(desk):
    return Browser(desk.server)


def begin(machine, **more):
    answer = machine.post("/cli/device", **more)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    return content(answer)


def ask(machine, device_code):
    return machine.post("/cli/device/token", {"grant_type": GRANT, "device_code": device_code,
                                              "client_id": "guidon"})


def error_of(answer, status=400):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"error", "error_description"}
    return answer.json()["error"]


def allow(desk, browser, code, answer="allow"):
    page = browser.open("/device", code=code)
    assert page.status == 200
    return Page(browser.send(page, token=desk.owner.token, answer=answer))


# ---- from end to end -------------------------------------------------------------------------------
def test_a_person_allows_and_the_machine_gets_a_token_once(desk, machine, browser):
    user = person(desk)
    begun = begin(machine)
    assert set(begun) == {"device_code", "user_code", "verification_uri",
                          "verification_uri_complete", "expires_in", "interval"}
    assert re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", begun["user_code"])
    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    assert begun["verification_uri"] == machine.base + "/device"
    assert begun["verification_uri_complete"] == f"{machine.base}/device?code={begun['user_code']}"
    assert error_of(ask(machine, begun["device_code"])) == "authorization_pending"

    page = browser.open("/device", code=begun["user_code"])
    assert begun["user_code"] in page.text
    assert machine.address in page.text
    assert time.strftime("%Y-%m-%d", time.gmtime()) in page.text
    said = Page(browser.send(page, email=user["email"], password=PASSWORD, answer="allow"))
    assert said.status == 200
    assert "cli_" not in said.answer.text
    time.sleep(begun["interval"])
    got = content(ask(machine, begun["device_code"]))
    assert set(got) == {"token", "email"}
    assert got["email"] == user["email"]
    assert who(desk, got["token"])["userId"] == user["id"]
    assert error_of(ask(machine, begun["device_code"])) == "invalid_grant"
    assert browser.open("/device", code=begun["user_code"]).status == 404


def test_a_person_denies(desk, machine, browser):
    begun = begin(machine)
    assert allow(desk, browser, begun["user_code"], "deny").status == 200
    for _ in range(2):
        assert error_of(ask(machine, begun["device_code"])) == "access_denied"


def test_the_first_answer_stands(desk, machine, browser):
    begun = begin(machine)
    page = browser.open("/device", code=begun["user_code"])
    assert allow(desk, browser, begun["user_code"], "deny").status == 200
    late = Page(browser.send(page, token=desk.owner.token, answer="allow"))
    assert late.status == 404
    assert error_of(ask(machine, begun["device_code"])) == "access_denied"


def test_who_asks_too_early_is_slowed_down(machine):
    begun = begin(machine)
    assert error_of(ask(machine, begun["device_code"])) == "authorization_pending"
    assert error_of(ask(machine, begun["device_code"])) == "slow_down"
    time.sleep(begun["interval"])
    assert error_of(ask(machine, begun["device_code"])) == "slow_down", "5 s more than before"


def test_one_of_many_who_ask_at_once_gets_it(desk, machine, browser):
    begun = begin(machine)
    allow(desk, browser, begun["user_code"])
    before = len(desk.owner.all("/tokens"))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(Browser(desk.server), begun["device_code"]), range(8)))
    got = [one.json()["token"] for one in answers if one.status_code == 200]
    assert len(got) == 1
    assert {error_of(one) for one in answers if one.status_code != 200} <= {"slow_down",
                                                                           "invalid_grant"}
    assert len(desk.owner.all("/tokens")) == before + 1


# ---- what the machine may send -----------------------------------------------------------------------
def test_a_code_may_come_as_json(desk, machine, browser):
    begun = begin(machine)
    allow(desk, browser, begun["user_code"])
    answer = machine.post("/cli/device/token", json={"device_code": begun["device_code"]})
    assert content(answer)["token"].startswith("cli_")


@pytest.mark.parametrize("body", ["", "x", "device_code=", "{}", "{\"device_code\":1}", "[1]", "{",
                                  "device_code=%zz", "{\"device_code\":\"\"}"])
def test_without_a_code_it_is_said_so(machine, body):
    assert error_of(machine.post("/cli/device/token", body)) == "invalid_request"


@pytest.mark.parametrize("code", ["x", "x" * 43, "é", "x" * 2000])
def test_codes_nobody_knows(machine, code):
    assert error_of(ask(machine, code)) == "invalid_grant"


def test_a_users_code_is_not_a_machines(machine):
    begun = begin(machine)
    assert error_of(ask(machine, begun["user_code"])) == "invalid_grant"


def test_refusals_are_in_the_protocols_form(machine):
    assert error_of(machine.get("/cli/device"), 405) == "invalid_request"
    assert error_of(machine.get("/cli/device/nothing"), 404) == "invalid_request"
    assert error_of(machine.post("/cli/device/token", "x" * 9000), 413) == "invalid_request"


def test_a_restart_forgets_codes(new_server):
    server = new_server(UNLIMITED).start()
    begun = begin(Browser(server))
    server.restart()
    assert error_of(ask(Browser(server), begun["device_code"])) == "invalid_grant"


# ---- what the person types ---------------------------------------------------------------------------
def test_a_code_is_typed_in_any_way(machine, browser):
    code = begin(machine)["user_code"]
    for typed in (code, code.lower(), code.replace("-", ""), code.replace("-", " "), f" {code} "):
        page = browser.open("/device", code=typed)
        assert page.status == 200, typed
        assert page.fields["code"] == code


def test_without_a_code_the_page_asks_for_one(browser):
    page = browser.open("/device")
    assert page.status == 200
    assert page.form == {"method": "get", "action": "/device"}
    assert list(page.fields) == ["code"]


@pytest.mark.parametrize("code", ["BCDF-GHJK", "AAAA-AAAA", "x", "BCDF-GHJKL", "<b>", "%00"])
def test_other_codes_ask_again(browser, code):
    page = browser.open("/device", code=code)
    assert page.status == 404
    assert page.objection.startswith("Nothing waits")
    assert "<b>" not in page.answer.text


def test_a_wrong_password_asks_again_and_nothing_is_answered(desk, machine, browser):
    user = person(desk)
    begun = begin(machine)
    page = browser.open("/device", code=begun["user_code"])
    again = Page(browser.send(page, email=user["email"], password="not this one, surely",
                              answer="allow"))
    assert again.status == 403
    assert again.objection.startswith("This e-mail address")
    assert error_of(ask(machine, begun["device_code"])) == "authorization_pending"
    assert Page(browser.send(again, password=PASSWORD, answer="allow")).status == 200


def test_yes_and_no_need_somebody_who_is_known(desk, machine, browser):
    begun = begin(machine)
    for answer in ("allow", "deny"):
        page = browser.open("/device", code=begun["user_code"])
        assert Page(browser.send(page, answer=answer)).status == 400
        assert Page(browser.send(page, answer=answer, token="cli_x")).status == 403
    assert Page(browser.send(page, token=desk.owner.token)).status == 400, "neither yes nor no"
    assert error_of(ask(machine, begun["device_code"])) == "authorization_pending"


# ---- who may not any longer ----------------------------------------------------------------------------
def test_an_approval_ends_with_the_token_it_was_given_with(desk, machine, browser):
    someone = desk.person("editor")
    begun = begin(machine)
    page = browser.open("/device", code=begun["user_code"])
    assert Page(browser.send(page, token=someone.token, answer="allow")).status == 200
    desk.server.api(someone.token).delete("/tokens/current")
    assert error_of(ask(machine, begun["device_code"])) == "access_denied"
    assert error_of(ask(machine, begun["device_code"])) == "access_denied"


def test_an_approval_ends_with_the_person(desk, machine, browser):
    user = person(desk)
    begun = begin(machine)
    page = browser.open("/device", code=begun["user_code"])
    Page(browser.send(page, email=user["email"], password=PASSWORD, answer="allow"))
    assert desk.owner.delete(f"/users/{user['id']}").status_code == 204
    assert error_of(ask(machine, begun["device_code"])) == "access_denied"


# ---- bounds ----------------------------------------------------------------------------------------
def test_ten_wait_per_address(desk, machine):
    for _ in range(10):
        begin(machine)
    answer = machine.post("/cli/device")
    assert error_of(answer, 429) == "slow_down"
    assert int(answer.headers["Retry-After"]) >= 1
    begin(Browser(desk.server))


def test_guesses_are_counted(new_server):
    server = new_server(UNLIMITED).start()
    begun = begin(Browser(server))
    guesser = Browser(server)
    guesses = [guesser.open("/device", code=f"BCDF-GH{a}{b}") for a in "BCDFG" for b in "BCDFG"]
    statuses = [one.status for one in guesses]
    assert statuses[:20] == [404] * 20
    assert statuses[-1] == 429
    assert "Retry-After" in guesses[-1].answer.headers
    assert guesser.open("/device", code=begun["user_code"]).status == 200, "no guess"
    assert Browser(server).open("/device", code="BCDF-GHJK").status == 404


# ---- addresses ---------------------------------------------------------------------------------------
def test_addresses_are_made_of_the_host_that_was_asked(machine):
    begun = begin(machine, headers={"Host": "flags.example.com:8443"})
    assert begun["verification_uri"] == "http://flags.example.com:8443/device"
    odd = machine.post("/cli/device", headers={"Host": "a\"b"})
    assert odd.status_code == 400


def test_a_public_address_wins(new_server):
    server = new_server("--public-url=https://flags.example.com/").start()
    begun = begin(Browser(server))
    assert begun["verification_uri"] == "https://flags.example.com/device"
    assert begun["verification_uri_complete"].startswith("https://flags.example.com/device?code=")


def test_forms_come_from_the_public_address(new_server):
    server = new_server("--public-url=https://flags.example.com", *MANY).start()
    for origin, status in (("https://flags.example.com", 303), ("https://other.example.com", 403)):
        answer = Browser(server).post("/cli/login", {"token": server.token}, {"Origin": origin})
        assert answer.status_code == status


# ---- behind a proxy ------------------------------------------------------------------------------------
def forwarded(address, **more):
    return {"X-Forwarded-For": f"203.0.113.66, {address}", **more}


def test_a_trusted_proxys_word_about_addresses_counts(new_server):
    server = new_server(UNLIMITED, "--trusted-proxies=127.0.0.5, ::1").start()
    proxy = Browser(server, "127.0.0.5")
    begun = begin(proxy, headers=forwarded("192.0.2.7", **{"X-Forwarded-Proto": "https"}))
    assert begun["verification_uri"].startswith("https://")
    page = Page(proxy.get("/device", forwarded("192.0.2.8"), code=begun["user_code"]))
    assert "192.0.2.7" in page.text
    assert "203.0.113.66" not in page.text
    guesses = [proxy.get("/device", forwarded(f"192.0.2.{n}"), code="BCDF-GHJK").status_code
               for n in range(100, 130)]
    assert guesses == [404] * 30, "each of them has tries of their own"


def test_anybody_elses_word_counts_for_nothing(new_server):
    server = new_server(UNLIMITED, "--trusted-proxies=127.0.0.5").start()
    liar = Browser(server)
    begun = begin(liar, headers=forwarded("192.0.2.7", **{"X-Forwarded-Proto": "https"}))
    assert begun["verification_uri"].startswith("http://")
    page = liar.open("/device", code=begun["user_code"])
    assert liar.address in page.text
    assert "192.0.2.7" not in page.text
    guesses = [liar.get("/device", forwarded(f"192.0.2.{n}"), code="BCDF-GHJK").status_code
               for n in range(100, 130)]
    assert guesses.count(404) <= 21
    assert guesses[-1] == 429


@pytest.mark.parametrize("setting", ["--trusted-proxies=proxy.example.com",
                                     "--trusted-proxies=10.0.0.0/8", "--public-url=flags.example.com",
                                     "--public-url=https://a b"])
def test_settings_that_mean_nothing_are_refused(setting):
    said = subprocess.run([str(BINARY), "serve", "--config=check", setting], capture_output=True,
                          text=True, timeout=30, env=clean_environment(), check=False)
    assert said.returncode == 4
    assert said.stderr.startswith(f"guidon: {setting[2:].split('=')[0]} must be ")
