# SPDX-License-Identifier: Apache-2.0
"""journeys - one server with what every hot journey asks for, and each question as bytes: for
instructions.py and openloop.py."""
import json
import os

import evaluation
import ofrep


def request_text(method, path, headers, body=""):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost",
             *[f"{name}: {value}" for name, value in headers.items()]]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", body])


def prepare(bench, folder):
    """A data directory with three applications; the requests, the flags and the user."""
    data = os.path.join(folder, "journeys")
    os.mkdir(data)
    port = bench.free_port()
    server = bench.start_guidon(data, port, None, "--management-per-second", "0",
                                "--management-per-day", "0")
    try:
        _, _, browser_key = bench.populate(port, data, 100)
        remote_key = ofrep.populate(bench, port, data)
        town = evaluation.Town(bench, port, data)
        asked = questions(bench, port, browser_key, remote_key, town.key)
        return data, asked, flags_of(bench, port, town.key)
    finally:
        server.stop()


def flags_of(bench, port, key):
    reader = bench.Client(port, "")
    reader.headers = {"Authorization": f"Api-Key {key}"}
    return reader.call("GET", "/sdk/v2/flags")[1].decode()


def questions(bench, port, browser_key, remote_key, deployment_key):
    browser = {"Authorization": f"Bearer {browser_key}"}
    remote = {"Authorization": f"Bearer {remote_key}"}
    config, every = "/api/v1/public-config", "/ofrep/v1/evaluate/flags"
    body = json.dumps({"context": ofrep.CONTEXT})
    config_tag = bench.Client(port, browser_key).call("GET", config)[0].headers["ETag"]
    every_tag = bench.Client(port, remote_key).call(
        "POST", every, {"context": ofrep.CONTEXT})[0].headers["ETag"]
    user = {"Authorization": f"Api-Key {deployment_key}",
            "X-Amp-Exp-User": evaluation.encoded(evaluation.user_of(1))}
    return {
        "public-config-200": request_text("GET", config, browser),
        "public-config-304": request_text("GET", config, {**browser, "If-None-Match": config_tag}),
        "vardata": request_text("GET", "/sdk/v2/vardata", user),
        "ofrep-one": request_text("POST", f"{every}/flag-001", remote, body),
        "ofrep-all": request_text("POST", every, remote, body),
        "ofrep-304": request_text("POST", every, {**remote, "If-None-Match": every_tag}, body),
    }


# ---- as files, for programs ----------------------------------------------------------------------
def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return path


def write_all(folder, asked):
    """The file of each question."""
    return {name: write(folder, f"{name}.http", text) for name, text in asked.items()}
