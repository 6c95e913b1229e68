# SPDX-License-Identifier: Apache-2.0
"""Many callers at once: changes in one order for all, bounded queues, honest refusals."""
import threading

from harness import App, assert_error, data_of, event

CALLERS = 8


def together(jobs):
    """Runs the jobs at the same time; what each returned or raised."""
    answers = [None] * len(jobs)
    ready = threading.Barrier(len(jobs))

    def run(number):
        ready.wait()
        try:
            answers[number] = jobs[number]()
        except Exception as problem:  # pylint: disable=broad-except
            answers[number] = problem

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    problems = [answer for answer in answers if isinstance(answer, Exception)]
    assert not problems, problems
    return answers


def caller(server, app):
    """The same app over a connection of its own."""
    return App(server.api(), app.id, app.name)


def test_changes_of_many_writers_get_consecutive_versions(server, app):
    app.add("n", "number", 0)

    def write(mine):
        return [data_of(mine.update("n", value=i))["version"] for i in range(20)]

    versions = together([lambda mine=caller(server, app): write(mine) for _ in range(CALLERS)])
    assert all(mine == sorted(mine) for mine in versions)
    assert sorted(sum(versions, [])) == list(range(2, 2 + 20 * CALLERS))
    assert app.version() == 1 + 20 * CALLERS


def test_one_of_many_who_create_the_same_flag_succeeds(server, app):
    def create(mine, number):
        return mine.create("k", "number", number).status_code

    codes = together([lambda mine=caller(server, app), i=i: create(mine, i)
                      for i in range(CALLERS)])
    assert sorted(codes) == [201] + [400] * (CALLERS - 1)
    assert app.version() == 1


def test_one_of_many_who_take_the_same_app_name_succeeds(server):
    codes = together([lambda api=server.api(): api.post("/apps", {"name": "wanted"}).status_code
                      for _ in range(CALLERS)])
    assert sorted(codes) == [201] + [400] * (CALLERS - 1)


def test_one_of_many_who_delete_the_same_flag_succeeds(server, app):
    app.add("k", "bool", True)
    codes = together([lambda mine=caller(server, app): mine.remove("k").status_code
                      for _ in range(CALLERS)])
    assert sorted(codes) == [200] + [404] * (CALLERS - 1)
    assert app.version() == 2


def test_one_of_many_who_replace_the_same_version_succeeds(server, app):
    app.add("k", "bool", True)
    codes = together([lambda mine=caller(server, app): mine.put(
        mine.draft({}), headers={"If-Match": '"v1"'}).status_code for _ in range(CALLERS)])
    assert sorted(codes) == [200] + [412] * (CALLERS - 1)


def test_readers_see_versions_only_rise_and_never_a_mixture(server, app):
    """Two flags always change together: nobody may see one without the other."""
    app.add("a", "number", 0)
    app.add("b", "number", 0)
    key = app.key("pub")
    over = threading.Event()

    def write():
        for i in range(1, 60):
            data_of(app.bulk({"a": i, "b": i}))
        over.set()

    def read(mine):
        seen = []
        while not over.is_set():
            response = mine.config(key)
            body = response.json()
            flags = body["doc"]["flags"]
            assert flags["a"]["value"] == flags["b"]["value"]
            assert response.headers["ETag"] == f'"v{body["version"]}"'
            seen.append(body["version"])
        return seen

    seen = together([write] + [lambda mine=caller(server, app): read(mine) for _ in range(4)])[1:]
    assert all(versions == sorted(versions) for versions in seen)


def test_one_event_reported_by_many_is_accepted_once(server, app):
    key = app.key("pub")
    batch = {"schemaVersion": 1, "events": [event(app.id, f"e{i}") for i in range(50)]}
    answers = together([lambda api=server.api(): api.post("/events/batch", batch, token=key).json()
                        for _ in range(CALLERS)])
    for i in range(50):
        assert sorted(answer["items"][i]["status"] for answer in answers) == \
            ["accepted"] + ["duplicate"] * (CALLERS - 1)


def test_a_full_event_queue_is_503_and_nothing_is_half_taken(new_server):
    """A 503 keeps the batch in the SDK; an item taken although refused would be counted twice."""
    server = new_server("--event-queue-bytes-max", "65536").start()
    app = server.api().new_app("busy")
    key = app.key("pub")
    dimensions = {f"dimension-{'d' * 80}-{i}": "x" * 64 for i in range(16)}
    batch = {"schemaVersion": 1, "events": [event(app.id, f"e{i}", dimensions=dimensions)
                                            for i in range(100)]}
    big = app.api.post("/events/batch", batch, token=key)
    assert_error(big, 503)
    assert "Access-Control-Allow-Origin" in big.headers
    small = {"schemaVersion": 1, "events": [event(app.id, "e0")]}
    items = app.api.post("/events/batch", small, token=key).json()["items"]
    assert items == [{"eventId": "e0", "status": "accepted"}]


def test_a_full_queue_of_changes_refuses_but_never_forgets(new_server):
    server = new_server("--changes-waiting-max", "1").start()
    app = server.api().new_app("busy")
    for i in range(16):
        app.create(f"f{i}", "number", 0)

    def write(mine, key):
        done = 0
        for i in range(1, 15):
            response = mine.update(key, value=i)
            if response.status_code == 200:
                done = i
            else:
                assert_error(response, 503)
        return done

    before = app.version()
    done = together([lambda mine=caller(server, app), i=i: write(mine, f"f{i}") for i in range(16)])
    assert [app.flags()[f"f{i}"]["value"] for i in range(16)] == done
    assert app.version() >= before + sum(value > 0 for value in done)
