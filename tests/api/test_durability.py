# SPDX-License-Identifier: Apache-2.0
"""Stopping, dying and starting again: what was acknowledged is there, and secrets are not."""
import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
import time

import pytest
import requests

from harness import BINARY, assert_error, clean_environment, connect, core_flag, data_of, event, \
    targeted_flag, wait_until


def furnish(server):
    """An app with something of everything in it."""
    app = server.api().new_app("furnished")
    app.add("plain", "string", "ü\U0001f680")
    app.add("rolled", "bool", True, rollout={"percentage": 12.5})
    app.add("hidden", "json", {"a": [1, None]}, clientEnabled=False)
    app.add("gone", "bool", True)
    data_of(app.remove("gone"))
    app.add("varied", "string", "a", "staging", variants=[{"value": "a", "weight": 100}])
    data_of(app.put(app.draft({"ruled": targeted_flag(), "plain": core_flag(1)},
                              {"beta": {"included": ["u"]}}, "development"), "development"))
    app.pub, app.sdk = app.key("pub"), app.key("sdk")
    revoked = app.new_key("pub")
    data_of(app.api.delete("/keys", keyId=revoked["id"]))
    app.revoked = revoked["key"]
    return app


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_everything_is_there_after(new_server, how):
    server = new_server().start()
    app = furnish(server)
    before = app.state()
    served = [app.config(app.pub).content, app.config(app.sdk, "/config").content]
    getattr(server, how)()
    server.start()
    app.api = server.api()
    assert app.state() == before
    assert [app.config(app.pub).content, app.config(app.sdk, "/config").content] == served
    assert_error(app.config(app.revoked), 401)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_versions_never_go_down_over_restarts(new_server, how):
    server = new_server().start()
    app = server.api().new_app("counted")
    key = app.key("pub")
    app.add("n", "number", 0)
    highest = 1
    for i in range(5):
        highest = data_of(app.update("n", value=i))["version"]
        getattr(server, how)()
        server.start()
        app.api = server.api()
        assert app.config(key).json()["version"] == highest
    app.remove("n")
    getattr(server, how)()
    server.start()
    app.api = server.api()
    assert app.add("n", "number", 0)["version"] == highest + 2


def test_an_etag_is_still_good_after_a_restart(new_server):
    server = new_server().start()
    app = furnish(server)
    etag = app.config(app.pub).headers["ETag"]
    server.restart()
    app.api = server.api()
    assert app.config(app.pub, etag=etag).status_code == 304


def test_settings_survive_a_restart(new_server):
    server = new_server().start()
    app = server.api().new_app("set")
    data_of(app.settings(monthlyQuota=3))
    server.restart()
    app.api = server.api()
    assert data_of(app.api.get("/usage", **app.at()))["limit"] == 3


def test_the_token_is_printed_on_the_first_start_only(new_server):
    server = new_server().start()
    token = server.token
    assert token in server.output()
    assert re.fullmatch(r"cli_[0-9A-Za-z]{32,}", token)
    server.restart()
    assert "cli_" not in server.output()
    assert server.token == token
    assert server.api().get("/apps").status_code == 200


def test_the_token_file_is_for_its_owner_only(new_server):
    server = new_server().start()
    assert stat.S_IMODE(os.stat(server.token_file).st_mode) == 0o600


def test_a_token_file_that_lay_open_before_is_closed_or_refused(new_server):
    server = new_server()
    server.token_file.write_text("old")
    os.chmod(server.token_file, 0o644)
    with contextlib.suppress(AssertionError):
        server.start()
    if server.token_file.read_text() != "old":
        assert stat.S_IMODE(os.stat(server.token_file).st_mode) == 0o600
    if server.process and server.process.poll() is not None:
        server.process = None


def test_the_data_directory_is_for_its_owner_only(new_server):
    server = new_server().start()
    furnish(server)
    for path in [server.data, *server.data.iterdir()]:
        assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0, path


def printed_lines(server):
    """What the first start says to try, for a shell."""
    said = server.output().split("Try it:\n\n", 1)[1]
    return said.split("\n\n", 1)[0].splitlines()


def paste(lines, home):
    """Each line in a shell of its own, as in a new terminal; what it printed."""
    printed = []
    for line in lines:
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30,
                              check=False, stdin=subprocess.DEVNULL,
                              env=clean_environment(SUPERFLAG_HOME=str(home)))
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        printed.append(done.stdout)
    return printed


def test_the_printed_lines_work_when_pasted(new_server, tmp_path):
    server = new_server().start()
    lines = printed_lines(server)
    assert [line.split(f"{BINARY} ", 1)[1].split()[0] for line in lines] == [
        "login", "apps", "use", "flags", "eval", "why"]
    assert lines[0].startswith(f"GUIDON_API={server.base} {BINARY} login --token cli_")
    printed = paste(lines, tmp_path / "home")
    assert json.loads(printed[4])["value"] is True
    [told] = json.loads(printed[5])["results"][0]["flags"]
    assert (told["key"], told["value"]) == ("dark-mode", True)


def test_a_token_that_was_given_is_pasted_from_its_file(new_server, tmp_path):
    server = new_server()
    subprocess.run([BINARY, "keygen", "token", "--out", server.token_file], check=True, timeout=30,
                   env=clean_environment())
    token = server.token
    server.start()
    assert token not in server.output()
    printed = paste(printed_lines(server), tmp_path / "home")
    assert json.loads(printed[4])["value"] is True


def test_nothing_is_accepted_before_the_line_that_says_so(new_server):
    server = new_server().start()
    assert server.api().get("/apps").status_code == 200
    assert server.output().count("listening on ") == 1


def test_a_second_server_on_the_same_data_is_refused(new_server):
    server = new_server().start()
    app = furnish(server)
    # With one there is something to serve without the store: that is for stores that are lost.
    wait_until(lambda: list(server.data.glob("snapshot-*")), "a snapshot on disk")
    done = subprocess.run(server.command(), capture_output=True, text=True, timeout=30,
                          env=clean_environment())
    assert done.returncode > 0
    assert done.stderr.strip()
    assert "listening" not in done.stdout
    assert app.add("after", "bool", True)["version"]


def test_the_data_is_free_again_after_a_kill(new_server):
    server = new_server().start()
    server.kill()
    server.start()
    assert server.api().get("/apps").status_code == 200


def test_sigterm_does_not_wait_for_idle_connections(new_server):
    server = new_server().start()
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            link = stack.enter_context(connect(server))
            link.sendall(f"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                         f"{server.token}\r\n\r\n".encode())
            assert link.recv(4096).startswith(b"HTTP/1.1 200 ")
        silent = stack.enter_context(connect(server))
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5
        assert silent.recv(1) == b""


@pytest.mark.parametrize("sent", ["POST /api/v1/apps HTTP/1.1\r\nHost: x\r\nContent-Le",
                                  "POST /api/v1/apps HTTP/1.1\r\nHost: x\r\n"
                                  "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"],
                         ids=["head", "body"])
def test_sigterm_ends_within_10_seconds_though_a_request_never_comes_to_its_end(new_server, sent):
    server = new_server("--drain-timeout-ms", "1000").start()
    with connect(server) as link:
        link.sendall(sent.encode())
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5


def test_a_request_under_way_is_answered_before_the_end(new_server):
    server = new_server().start()
    app = server.api().new_app("late")
    body = b'{"name":"last words"}'
    with connect(server) as link:
        link.sendall(b"POST /api/v1/apps HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     + f"Authorization: Bearer {server.token}\r\n".encode()
                     + b"Content-Length: %d\r\n\r\n" % len(body) + body[:5])
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(server.port), "the listener to close")
        link.sendall(body[5:])
        assert link.recv(4096).startswith(b"HTTP/1.1 201 ")
        assert server._gone() == 0
    server.start()
    app.api = server.api()
    assert "last words" in [a["name"] for a in data_of(app.api.get("/apps"))]


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False


def hidden_in(secret, data):
    return secret.encode() in data or secret.split("_")[-1].encode() in data


def test_secrets_are_in_no_log_no_file_and_no_error(new_server):
    server = new_server("--log-requests=true", "--log-level", "debug").start()
    app = furnish(server)
    secrets = [server.token, app.pub, app.sdk, app.revoked]
    typo = app.pub[:-1] + ("x" if app.pub[-1] != "x" else "y")
    errors = []
    for token in (*secrets, typo):
        for path in ("/apps", "/public-config", "/config", f"/{token}", f"/envs?appId={token}"):
            response = app.api.get(path, token=token)
            if response.status_code >= 400:
                errors.append(response.content)
        errors.append(app.api.delete("/keys", keyId=token).content)
        errors.append(app.create(token, "bool", 5).content)
        app.api.post("/events/batch", {"schemaVersion": 1, "events": [
            event(app.id, "e", targetingKey=token)]}, token=app.pub)
    assert len(errors) > 10
    for secret in secrets:
        assert not any(hidden_in(secret, error) for error in errors)
    server.stop()
    assert server.output("err").count("\n") >= 20
    for secret in (*secrets, typo):
        assert not hidden_in(secret, server.output("err").encode())
    files = [path for path in server.data.iterdir() if path.is_file()]
    assert any(path.name == "guidon.db" for path in files)
    for path in files:
        data = path.read_bytes()
        for secret in secrets:
            assert not hidden_in(secret, data), path


def test_subjects_and_values_stay_out_of_the_logs(new_server):
    server = new_server("--log-requests=true", "--log-level", "debug").start()
    app = server.api().new_app("quiet")
    key = app.key("pub")
    app.add("k", "string", "canary-value")
    app.api.post("/events/batch", {"schemaVersion": 1, "events": [
        event(app.id, "e", subject={"id": "psn_CANARYSUBJECT0000", "namespace": "n",
                                    "revision": 1, "state": "anonymous"})]}, token=key)
    app.api.get("/flags?appId=canary-query")
    server.stop()
    assert "event=request" in server.output("err")
    for canary in ("canary-value", "CANARYSUBJECT", "canary-query"):
        assert canary not in server.output("err")


def test_nobody_can_write_lines_into_the_log(new_server):
    server = new_server("--log-requests=true").start()
    api = server.api()
    for path in ("/x%0Atime=forged", "/x%0D%0Alevel=error", "/x%1b[31m", "/x%22%20forged=1"):
        api.get(path)
    with connect(server) as link:
        link.sendall(b"GET /\x1b[2Jforged HTTP/1.1\r\nHost: x\r\n\r\n")
        link.recv(4096)
    server.stop()
    lines = server.output("err").splitlines()
    assert lines
    assert all(re.match(r"time=\d{4}-\d\d-\d\dT[0-9:.]+Z level=\w+ event=\w+", line)
               for line in lines)
    assert "\x1b" not in server.output("err")


def test_a_request_is_one_log_line_and_only_on_demand(new_server):
    loud, quiet = new_server("--log-requests=true").start(), new_server().start()
    for server in (loud, quiet):
        for _ in range(7):
            server.api().get("/apps")
        server.stop()
    assert loud.output("err").count("event=request") == 7
    assert quiet.output("err").count("event=request") == 0
    assert "route=/api/v1/apps" in loud.output("err")


@pytest.mark.parametrize("path,text", [("/livez", ""), ("/readyz", "ready"),
                                       ("/metrics", "# TYPE ")])
def test_operations_answer_on_their_own_listener(server, path, text):
    response = requests.get(server.operations + path, timeout=10)
    assert response.status_code == 200
    assert text in response.text


def test_operations_serve_nothing_else(server):
    for path in ("/", "/api/v1/apps", "/public-config", "/livez/x"):
        assert requests.get(server.operations + path, timeout=10).status_code == 404


def test_metrics_are_prometheus_text_without_ids_or_secrets(server):
    app = furnish(server)
    app.config(app.pub)
    text = requests.get(server.operations + "/metrics", timeout=10).text
    names = set()
    for line in text.splitlines():
        if line.startswith("# "):
            continue
        sample = re.fullmatch(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})? [-+0-9.eEInfNa]+', line)
        assert sample, line
        names.add(sample.group(1))
    assert len(names) > 5
    assert not any(hidden_in(secret, text.encode()) for secret in (server.token, app.pub, app.sdk))
    assert app.id not in text


def test_metrics_count_requests(server):
    def count():
        text = requests.get(server.operations + "/metrics", timeout=10).text
        return float(re.search(r"^guidon_http_requests_total (\d+)", text, re.MULTILINE).group(1))
    before = count()
    api = server.api()
    for _ in range(10):
        api.get("/apps")
    assert before + 10 <= count() <= before + 12
