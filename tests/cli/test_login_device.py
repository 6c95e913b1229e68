# SPDX-License-Identifier: Apache-2.0
"""login with a code that is entered on another device (RFC 8628)."""
import contextlib
import http.server
import json
import re
import threading

import pytest
import requests

NAMES = ["guidon", "superflag"]


@pytest.fixture(params=NAMES)
def person(request, stranger):
    return stranger.named(request.param)


@contextlib.contextmanager
def login(person):
    """A login under way: (process, address, code)."""
    process = person.begin("login", "--device")
    stream = process.stdout if person.name == "superflag" else process.stderr
    try:
        address = stream.readline().split()[-1]
        code = stream.readline().split()[-1]
        yield process, address, code
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(process, status, limit_s=30):
    out, err = process.communicate(timeout=limit_s)
    assert process.returncode == status, out + err
    return out + err


def answer_page(address, code, answer, token):
    with requests.Session() as session:
        session.trust_env = False
        return session.post(address, data={"code": code, "answer": answer, "token": token},
                            timeout=10)


def test_who_is_allowed_is_logged_in(person, server):
    with login(person) as (process, address, code):
        assert address == f"{server.base}/device" and re.fullmatch(r"\w{4}-\w{4}", code)
        assert answer_page(address, code, "allow", server.token).status_code == 200
        said = ended(process, 0)
    kept = person.kept("credentials")
    assert kept["email"] == "owner@localhost" and kept["token"] not in said
    assert kept["token"] != server.token
    person.run("apps", "list").ok()


def test_who_is_denied_is_not(person, server):
    with login(person) as (process, address, code):
        assert answer_page(address, code, "deny", server.token).status_code == 200
        assert "the login was denied" in ended(process, 3 if person.name == "superflag" else 5)
    assert person.kept("credentials") is None


# ---- a stand-in, for what a real server does rarely ---------------------------------------------------
class StandIn(http.server.BaseHTTPRequestHandler):
    """Answers with what its server's script says, in order; the last one for ever."""

    def log_message(self, *arguments):
        pass

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        self.server.heard.append((self.command, self.path, body, dict(self.headers)))
        script = self.server.script[self.path]
        status, document = script.pop(0) if len(script) > 1 else script[0]
        sent = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_DELETE = answer


@pytest.fixture
def stand_in():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    server.heard, server.script = [], {}
    server.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def begun(**more):
    return [(200, {"device_code": "d" * 43, "user_code": "WDJB-MJHT",
                   "verification_uri": "http://flags.example/device", "expires_in": 30,
                   "interval": 1, **more})]


def refusal(error, status=400):
    return (status, {"error": error, "error_description": f"said {error}"})


def test_waiting_goes_on_through_all_that_passes(person, stand_in):
    stand_in.script = {
        "/cli/device": begun(),
        "/cli/device/token": [refusal("authorization_pending"),
                              refusal("temporarily_unavailable", 503), (500, {}),
                              refusal("authorization_pending"),
                              (200, {"token": "cli_secret", "email": "a@example.com"})],
        "/api/v1/me": [(200, {"data": {"email": "ann@example.com"}})]}
    done = person.run("login", "--device", "--api", stand_in.base).ok()
    assert "cli_secret" not in done.out + done.err
    assert person.kept("credentials") == {"token": "cli_secret", "email": "ann@example.com",
                                          "api": stand_in.base}
    asked = [h for h in stand_in.heard if h[1] == "/cli/device/token"]
    assert [json.loads(h[2]) for h in asked] == [{"device_code": "d" * 43}] * 5
    assert all("Authorization" not in h[3] for h in stand_in.heard[:-1])


@pytest.mark.parametrize("error,words", [("access_denied", "denied"),
                                         ("expired_token", "no longer good"),
                                         ("invalid_grant", "no longer good")])
def test_waiting_ends(person, stand_in, error, words):
    stand_in.script = {"/cli/device": begun(), "/cli/device/token": [refusal(error)]}
    refused = person.run("login", "--device", "--api", stand_in.base)
    assert words in refused.ended(3 if person.name == "superflag" else 5).err
    assert person.kept("credentials") is None


def test_asking_too_often_asks_less_often(person, stand_in):
    stand_in.script = {"/cli/device": begun(expires_in=3),
                       "/cli/device/token": [refusal("slow_down")]}
    refused = person.run("login", "--device", "--api", stand_in.base)
    assert "no longer good" in refused.ended(3 if person.name == "superflag" else 5).err
    assert len([h for h in stand_in.heard if h[1] == "/cli/device/token"]) == 2


def test_a_code_that_is_never_entered_runs_out(person, stand_in):
    stand_in.script = {"/cli/device": begun(expires_in=2),
                       "/cli/device/token": [refusal("authorization_pending")]}
    refused = person.run("login", "--device", "--api", stand_in.base)
    assert "no longer good" in refused.ended(3 if person.name == "superflag" else 5).err


def test_a_server_that_knows_no_codes(person, stand_in):
    stand_in.script = {"/cli/device": [(404, {"error": "Not found"})]}
    refused = person.run("login", "--device", "--api", stand_in.base).ended(
        1)
    assert "has no login with a code" in refused.err and "--token" in refused.err


def test_what_a_server_says_does_not_reach_the_terminal_raw(person, stand_in):
    stand_in.script = {"/cli/device": begun(user_code="A\x1b]0;evil\x07", expires_in=1),
                       "/cli/device/token": [refusal("expired_token")]}
    shown = person.terminal("login", "--device", "--api", stand_in.base)
    assert "\x1b]0;" not in shown.out and r"A\x1b]0;evil\x07" in shown.out


def test_a_server_without_the_question_of_our_own(person, stand_in):
    """The vendor documents no way to ask whose a token is; listing apps proves that it works."""
    stand_in.script = {"/api/v1/me": [(404, {"error": "Not found"})],
                       "/api/v1/apps": [(200, {"data": []})]}
    person.run("login", "--token", "cli_good", "--api", stand_in.base).ok()
    assert person.kept("credentials") == {"token": "cli_good", "api": stand_in.base}
    assert person.having(GUIDON_API=None).named("superflag").run("whoami").ok().lines[-1] == \
        "token: works"
