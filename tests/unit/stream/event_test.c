/* SPDX-License-Identifier: Apache-2.0 */
/* event - events with ids: who comes back, what is the same news, and what time alone changes. */
#include "square.h"

/* The rest of the line behind "retry: ", and the empty line behind it. */
static unsigned expect_retry(struct client *client)
{
    uint64_t retry_ms = 0;
    expect(client, "retry: ");
    while (!str_contains(client_unread(client), STR("\n\n")))
        CHECK(client_receive(client));
    struct str rest = client_unread(client);
    size_t size = str_find_byte(rest, '\n', 0);
    CHECK(str_parse_u64(str_slice(rest, 0, size), &retry_ms));
    client->taken += size + 2;
    return (unsigned)retry_ms;
}

static struct client hear(struct square *square, const char *path, const char *headers)
{
    struct client client = follow_with(square, path, headers);
    expect_retry(&client);
    return client;
}

TEST(a_stream_begins_with_how_long_to_wait_before_the_next)
{
    enum { CLIENTS = 200 };
    struct square *square = square_open();
    unsigned least = UINT32_MAX;
    unsigned most = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client client = follow(square, "/1e7");
        unsigned retry_ms = expect_retry(&client);
        expect(&client, "id: one.0\ndata: version 1\n\n");
        least = retry_ms < least ? retry_ms : least;
        most = retry_ms > most ? retry_ms : most;
        leave(square, &client);
    }
    CHECK(least >= RETRY_MS / 2);
    CHECK(least < RETRY_MS * 3 / 4);
    CHECK(most <= RETRY_MS * 3 / 2);
    CHECK(most > RETRY_MS * 5 / 4);
    struct client plain = follow(square, "/1/7");
    expect(&plain, "one for 7\n");
    leave(square, &plain);
    CHECK_INT(stream_counters_read(square->hub).sent, CLIENTS + 1);
    square_close(square);
}

TEST(who_has_had_the_newest_event_gets_what_comes_next)
{
    struct square *square = square_open();
    struct client client = hear(square, "/1e7", "Last-Event-ID: one.0\r\n");
    expect_silence(square, &client);
    CHECK_INT(stream_counters_read(square->hub).sent, 0);
    write_text(square, 1, "two");
    expect(&client, "id: two.0\ndata: version 2\n\n");
    leave(square, &client);
    client = hear(square, "/1e7", "last-event-id:two.0\r\n");
    expect_silence(square, &client);
    pass_time(square, 16000);
    expect(&client, ": ping\n\n");
    leave(square, &client);
    square_close(square);
}

TEST(who_has_had_anything_else_gets_the_newest_event)
{
    static const char *const others[] = {
        "",
        "Last-Event-ID: \r\n",
        "Last-Event-ID: one\r\n",
        "Last-Event-ID: one.00\r\n",
        "Last-Event-ID: ONE.0\r\n",
        "Last-Event-ID: zero.0\r\nLast-Event-ID: one.0\r\n",
    };
    struct square *square = square_open();
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct client client = hear(square, "/1e7", others[i]);
        expect(&client, "id: one.0\ndata: version 1\n\n");
        leave(square, &client);
    }
    struct client plain = follow_with(square, "/1/7", "Last-Event-ID: one.0\r\n");
    expect(&plain, "one for 7\n"); /* bodies without an id cannot be resumed */
    leave(square, &plain);
    square_close(square);
}

TEST(what_has_the_same_id_is_the_same_news)
{
    struct square *square = square_open();
    struct client client = hear(square, "/1e7", "");
    expect(&client, "id: one.0\ndata: version 1\n\n");
    write_text(square, 1, "one"); /* another version, and the body says so */
    expect_silence(square, &client);
    pass_time(square, 1000);
    expect_silence(square, &client);
    struct client late = hear(square, "/1e7", "Last-Event-ID: one.0\r\n");
    expect_silence(square, &late);
    write_text(square, 1, "two");
    pass_time(square, 1000);
    expect(&client, "id: two.0\ndata: version 3\n\n");
    expect(&late, "id: two.0\ndata: version 3\n\n");
    leave(square, &late);
    leave(square, &client);
    square_close(square);
}

TEST(what_changes_by_time_alone_is_announced_at_its_moment)
{
    struct square *square = square_open();
    int64_t now_ms = gazette_now(&square->gazette.clock);
    atomic_store(&moments[0], now_ms + 5000);
    atomic_store(&moments[1], now_ms + 9000);
    struct client client = hear(square, "/1e7", "");
    struct client plain = follow(square, "/1/7");
    expect(&client, "id: one.0\ndata: version 1\n\n");
    expect(&plain, "one for 7\n");
    pass_time(square, 4999);
    expect_silence(square, &client);
    pass_time(square, 1);
    expect(&client, "id: one.1\ndata: version 1\n\n");
    expect_silence(square, &plain);
    struct client late = hear(square, "/1e7", "Last-Event-ID: one.0\r\n");
    expect(&late, "id: one.1\ndata: version 1\n\n");
    unsigned before = atomic_load(&rendered[1]);
    pass_time(square, 3000);
    expect_silence(square, &client);
    CHECK_INT(atomic_load(&rendered[1]), before); /* nobody asks before there is something new */
    pass_time(square, 1000);
    expect(&client, "id: one.2\ndata: version 1\n\n");
    expect(&late, "id: one.2\ndata: version 1\n\n");
    write_text(square, 1, "two");
    pass_time(square, 1000);
    expect(&client, "id: two.2\ndata: version 2\n\n");
    leave(square, &late);
    leave(square, &plain);
    leave(square, &client);
    square_close(square);
}

/* Nobody moves the clock or publishes: the loop itself has to come back. */
TEST(a_moment_is_met_without_a_publication)
{
    struct square *square = square_open();
    atomic_store(&moments[0], gazette_now(&square->gazette.clock) + 5000);
    struct client client = hear(square, "/1e7", "");
    expect(&client, "id: one.0\ndata: version 1\n\n");
    atomic_fetch_add(&square->gazette.now_ms, 5000);
    expect(&client, "id: one.1\ndata: version 1\n\n");
    leave(square, &client);
    square_close(square);
}

/* What they were told last is not so any more; the moment is met again when it comes again. */
TEST(a_clock_that_is_put_back_is_heard_of)
{
    struct square *square = square_open();
    atomic_store(&moments[0], gazette_now(&square->gazette.clock) + 5000);
    struct client client = hear(square, "/1e7", "");
    expect(&client, "id: one.0\ndata: version 1\n\n");
    pass_time(square, 5000);
    expect(&client, "id: one.1\ndata: version 1\n\n");
    atomic_store(&square->gazette.put_back_ms, 8000);
    pass_time(square, 1000);
    expect(&client, "id: one.0\ndata: version 1\n\n");
    struct client late = hear(square, "/1e7", "");
    expect(&late, "id: one.0\ndata: version 1\n\n");
    pass_time(square, 3000);
    expect_silence(square, &client);
    expect_silence(square, &late);
    atomic_store(&square->gazette.put_back_ms, -86400000);
    pass_time(square, 1000);
    expect(&client, "id: one.1\ndata: version 1\n\n");
    expect(&late, "id: one.1\ndata: version 1\n\n");
    pass_time(square, 1000);
    expect_silence(square, &client);
    leave(square, &late);
    leave(square, &client);
    square_close(square);
}

TEST(a_moment_that_comes_between_two_looks_is_heard_by_who_came_meanwhile)
{
    struct square *square = square_open();
    atomic_store(&moments[0], gazette_now(&square->gazette.clock) + 5000);
    struct client client = hear(square, "/1e7", "");
    expect(&client, "id: one.0\ndata: version 1\n\n");
    atomic_fetch_add(&square->gazette.now_ms, 5000);
    struct client late = hear(square, "/1e7", "");
    expect(&late, "id: one.1\ndata: version 1\n\n");
    expect(&client, "id: one.1\ndata: version 1\n\n");
    expect_silence(square, &late);
    leave(square, &late);
    leave(square, &client);
    square_close(square);
}

TEST(who_was_ahead_of_the_others_hears_it_when_the_news_is_taken_back)
{
    struct square *square = square_open();
    struct client client = hear(square, "/1e7", "");
    expect(&client, "id: one.0\ndata: version 1\n\n");
    gazette_write(&square->gazette, 1, STR("two")); /* visible, not announced yet */
    struct client early = hear(square, "/1e7", "");
    expect(&early, "id: two.0\ndata: version 2\n\n");
    gazette_write(&square->gazette, 1, STR("one"));
    pass_time(square, 1000);
    expect(&early, "id: one.0\ndata: version 3\n\n");
    expect_silence(square, &client);
    expect_silence(square, &early);
    leave(square, &early);
    leave(square, &client);
    square_close(square);
}

TEST(credentials_that_see_the_same_share_what_is_rendered)
{
    enum { CREDENTIALS = 8 };
    struct square *square = square_open();
    struct client clients[CREDENTIALS];
    for (size_t i = 0; i < CREDENTIALS; i++) {
        char path[32];
        struct str id = arena_format(&square->gazette.arena, "more_%zu", i);
        gazette_add_credential(
            &square->gazette,
            (struct credential_row){.id = id, .kind = CREDENTIAL_SERVER_KEY, .environment = 1});
        gazette_publish(&square->gazette);
        snprintf(path, sizeof(path), "/1e7?as=more_%zu", i);
        clients[i] = hear(square, path, "");
        expect(&clients[i], "id: one.0\ndata: version 1\n\n");
    }
    CHECK_INT(atomic_load(&rendered[1]), 1);
    write_text(square, 1, "two");
    for (size_t i = 0; i < CREDENTIALS; i++)
        expect(&clients[i], "id: two.0\ndata: version 2\n\n");
    CHECK_INT(atomic_load(&rendered[1]), 2);
    for (size_t i = 0; i < CREDENTIALS; i++)
        leave(square, &clients[i]);
    square_close(square);
}

TESTS(a_stream_begins_with_how_long_to_wait_before_the_next,
      who_has_had_the_newest_event_gets_what_comes_next,
      who_has_had_anything_else_gets_the_newest_event, what_has_the_same_id_is_the_same_news,
      what_changes_by_time_alone_is_announced_at_its_moment, a_moment_is_met_without_a_publication,
      a_clock_that_is_put_back_is_heard_of,
      a_moment_that_comes_between_two_looks_is_heard_by_who_came_meanwhile,
      who_was_ahead_of_the_others_hears_it_when_the_news_is_taken_back,
      credentials_that_see_the_same_share_what_is_rendered)
