# SPDX-License-Identifier: Apache-2.0
"""The store is damaged or gone: flags are still served, changes are refused, and health says so."""
import contextlib
import subprocess

import pytest
import requests

from harness import assert_error, clean_environment, data_of, event, targeted_flag, wait_until


def damage_store(server):
    """What a dying disk leaves: a database of garbage, no write-ahead log."""
    (server.data / "guidon.db").write_bytes(b"garbage, not a database. " * 400)
    for name in ("guidon.db-wal", "guidon.db-shm"):
        with contextlib.suppress(FileNotFoundError):
            (server.data / name).unlink()


def snapshots(server):
    return sorted(path for path in server.data.iterdir() if path.name.startswith("snapshot-"))


@pytest.fixture
def degraded(new_server):
    """A server that has lost its store but not its last snapshot, and an app of that time."""
    server = new_server().start()
    app = server.api().new_app("shop")
    app.add("shown", "string", "Hi")
    app.add("hidden", "bool", True, clientEnabled=False)
    data_of(app.update("shown", value="Hello"))
    app.pub, app.sdk = app.key("pub"), app.key("sdk")
    revoked = app.new_key("pub")
    data_of(app.api.delete("/keys", keyId=revoked["id"]))
    app.revoked = revoked["key"]
    app.before = [app.config(app.pub).content, app.config(app.sdk, "/config").content]
    assert server.stop() == 0
    damage_store(server)
    server.start()
    app.api = server.api()
    app.server = server
    return app


def test_flags_are_served_as_they_were(degraded):
    assert degraded.config(degraded.pub).content == degraded.before[0]
    assert degraded.config(degraded.sdk, "/config").content == degraded.before[1]
    assert degraded.config(degraded.pub).json()["version"] == 3


def test_tags_and_credentials_work_as_before(degraded):
    assert degraded.config(degraded.pub, etag='"v3"').status_code == 304
    assert_error(degraded.config("pub_prod_x"), 401)
    assert_error(degraded.config(degraded.revoked), 503)  # or made after the snapshot: no 401 for it
    assert_error(degraded.config(degraded.sdk), 401)


def test_every_write_is_503(degraded):
    writes = [degraded.create("new", "bool", True), degraded.update("shown", value="x"),
              degraded.remove("shown"), degraded.bulk({"shown": "x"}),
              degraded.api.post("/apps", {"name": "new"}),
              degraded.api.post("/keys", degraded.at(type="pub")),
              degraded.settings(monthlyQuota=1), degraded.put(degraded.draft({}))]
    for response in writes:
        assert_error(response, 503)
    assert degraded.config(degraded.pub).content == degraded.before[0]


def test_telemetry_is_503_so_that_sdks_keep_their_events(degraded):
    """Any 4xx would make an SDK drop the batch for good."""
    response = degraded.api.post("/events/batch", {
        "schemaVersion": 1, "events": [event(degraded.id, "e")]}, token=degraded.pub)
    assert_error(response, 503)


def test_a_client_key_still_cannot_manage(degraded):
    assert_error(degraded.api.get("/apps", token=degraded.pub), 403, "Insufficient permissions")
    assert_error(degraded.api.get("/apps", token=None), 401, "Not authenticated")


def test_health_says_degraded_but_alive(degraded):
    assert requests.get(degraded.server.operations + "/livez", timeout=10).status_code == 200
    ready = requests.get(degraded.server.operations + "/readyz", timeout=10)
    assert "degraded" in ready.text.lower()


def test_the_log_says_what_happened(degraded):
    assert "level=error" in degraded.server.output("err")


def test_no_new_owner_is_made_over_a_damaged_store(degraded):
    assert "cli_" not in degraded.server.output()


def test_the_damaged_store_is_left_as_it_was_found(degraded):
    degraded.server.stop()
    assert (degraded.server.data / "guidon.db").read_bytes() == b"garbage, not a database. " * 400


def test_a_snapshot_appears_without_a_stop(new_server):
    """A killed server has no chance to write one at the end."""
    server = new_server().start()
    app = server.api().new_app("shop")
    key = app.key("pub")
    wait_until(lambda: snapshots(server), "the first snapshot")
    known = set(snapshots(server))
    app.add("k", "string", "v")
    wait_until(lambda: set(snapshots(server)) - known, "a snapshot of the change")
    server.kill()
    damage_store(server)
    server.start()
    app.api = server.api()
    body = app.config(key).json()
    assert (body["version"], body["doc"]["flags"]) == (1, {"k": {"type": "string", "value": "v"}})


def test_rules_and_formats_come_back_from_the_snapshot(new_server):
    server = new_server().start()
    app = server.api().new_app("shop")
    data_of(app.put(app.draft({"ruled": targeted_flag()}, {"s": {"included": ["u"],
                                                                "visibility": "client"}})))
    key = app.key("pub")
    before = app.config(key).content
    server.stop()
    damage_store(server)
    server.start()
    app.api = server.api()
    assert app.config(key).content == before


def test_a_good_store_is_believed_more_than_any_snapshot(new_server):
    server = new_server().start()
    app = server.api().new_app("shop")
    app.add("k", "number", 1)
    key = app.key("pub")
    server.stop()
    for path in snapshots(server):
        path.write_bytes(b"\xff" * 5000)
    server.start()
    app.api = server.api()
    assert app.config(key).json()["doc"]["flags"]["k"]["value"] == 1
    assert app.add("l", "number", 2)["version"] == 2


def test_a_store_that_is_gone_beside_its_snapshots_is_lost_and_not_new(new_server):
    """A fresh owner over lost data would lock the old one out and start versions again at 0."""
    server = new_server().start()
    app = server.api().new_app("shop")
    app.add("k", "string", "v")
    key = app.key("pub")
    before = app.config(key).content
    server.stop()
    damage_store(server)
    (server.data / "guidon.db").unlink()
    server.start()
    assert "cli_" not in server.output()
    app.api = server.api()
    assert app.config(key).content == before
    assert_error(app.update("k", value="w"), 503)


def exits(server):
    done = subprocess.run(server.command(), capture_output=True, text=True, timeout=30,
                          env=clean_environment())
    assert done.returncode > 0, "killed by a signal" if done.returncode < 0 else "it started"
    assert done.stderr.strip()
    assert "listening" not in done.stdout


def test_without_store_and_snapshot_it_does_not_start_and_says_why(new_server):
    server = new_server().start()
    server.api().new_app("shop")
    server.stop()
    damage_store(server)
    for path in snapshots(server):
        path.unlink()
    exits(server)


@pytest.mark.parametrize("spoil", [
    lambda data: b"", lambda data: data[:10], lambda data: data[:-1], lambda data: data + b"x",
    lambda data: b"\0" * len(data), lambda data: b"\xff" * 64, lambda data: data[:40] * 100,
    *(lambda data, at=at: data[:len(data) * at // 16] + bytes([data[len(data) * at // 16] ^ 1])
      + data[len(data) * at // 16 + 1:] for at in range(16))], ids=range(23))
def test_a_spoiled_snapshot_is_never_served(new_server, spoil):
    server = new_server().start()
    app = server.api().new_app("shop")
    app.add("k", "string", "the truth")
    server.stop()
    for path in snapshots(server):
        path.write_bytes(spoil(path.read_bytes()))
    damage_store(server)
    exits(server)
