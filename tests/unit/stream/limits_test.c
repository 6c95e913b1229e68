/* SPDX-License-Identifier: Apache-2.0 */
/* limits - how many streams there are, how fast they begin and how old they grow. */
#include "square.h"

TEST(only_so_many_streams_are_open)
{
    struct stream_limits limits = test_limits();
    limits.streams_max = 2;
    struct square *square = square_open_with(limits, 1);
    struct client first = follow(square, "/1/7");
    struct client second = follow(square, "/2/7");
    struct client third = client_open(square->site);
    CHECK_INT(client_ask(&third, STR("GET /1/7 HTTP/1.1\r\nHost: a\r\n\r\n")).status,
              500 + FAULT_UNAVAILABLE);
    leave(square, &first);
    CHECK_INT(client_ask(&third, STR("GET /1/7 HTTP/1.1\r\nHost: a\r\n\r\n")).status, 200);
    wait_for_open(square, 2);
    leave(square, &second);
    leave(square, &third);
    square_close(square);
}

/* The status; a stream that begins is left at once. */
static int ask_and_leave(struct square *square, const char *path)
{
    char text[128];
    int size = snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\n\r\n", path);
    struct client client = client_open(square->site);
    int status = client_ask(&client, (struct str){text, (size_t)size}).status;
    client_close(&client);
    return status;
}

TEST(a_credential_has_only_so_many_streams_on_all_loops_and_channels)
{
    enum { MOST = 6 };
    struct stream_limits limits = test_limits();
    limits.streams_per_credential_max = MOST;
    struct square *square = square_open_with(limits, 2);
    struct client clients[MOST];
    for (size_t i = 0; i < MOST; i++)
        clients[i] = follow(square, i % 2 == 0 ? "/1/7" : "/1/8");
    for (int i = 0; i < 4; i++) /* whichever loop takes it */
        CHECK_INT(ask_and_leave(square, i % 2 == 0 ? "/1/7" : "/1/9"), 500 + FAULT_LIMIT);
    struct client other = follow(square, "/2/7"); /* another credential */
    CHECK_INT(stream_counters_read(square->hub).open, MOST + 1);
    CHECK_INT(stream_counters_read(square->hub).refused, 4);
    leave(square, &clients[0]);
    clients[0] = follow(square, "/1/9");
    CHECK_INT(ask_and_leave(square, "/1/7"), 500 + FAULT_LIMIT);
    for (size_t i = 0; i < MOST; i++)
        leave(square, &clients[i]);
    leave(square, &other);
    square_close(square);
}

TEST(streams_begin_only_so_fast_but_after_a_pause_as_many_as_may_be_open)
{
    enum { MOST = 6, PER_SECOND = 2 };
    struct stream_limits limits = test_limits();
    limits.streams_max = MOST;
    limits.begins_per_second = PER_SECOND;
    struct square *square = square_open_with(limits, 2);
    for (int i = 0; i < MOST; i++) {
        CHECK_INT(ask_and_leave(square, "/1/7"), 200);
        wait_for_open(square, 0);
    }
    CHECK_INT(ask_and_leave(square, "/1/7"), 500 + FAULT_UNAVAILABLE);
    CHECK_INT(ask_and_leave(square, "/2/7"), 500 + FAULT_UNAVAILABLE);
    pass_time(square, 499);
    CHECK_INT(ask_and_leave(square, "/1/7"), 500 + FAULT_UNAVAILABLE);
    pass_time(square, 1); /* who was refused has not used anything up */
    CHECK_INT(ask_and_leave(square, "/1/7"), 200);
    CHECK_INT(ask_and_leave(square, "/1/7"), 500 + FAULT_UNAVAILABLE);
    wait_for_open(square, 0);
    pass_time(square, 3600000); /* no more than that is saved up */
    for (int i = 0; i < MOST; i++) {
        CHECK_INT(ask_and_leave(square, "/1/7"), 200);
        wait_for_open(square, 0);
    }
    CHECK_INT(ask_and_leave(square, "/1/7"), 500 + FAULT_UNAVAILABLE);
    CHECK_INT(stream_counters_read(square->hub).refused, 5);
    square_close(square);
}

/* Three seconds each, and the loop has had its turn in between. */
static void pass_turns(struct square *square, int count)
{
    for (int i = 0; i < count; i++) {
        pass_time(square, 3000);
        CHECK_INT(ask_and_leave(square, "/e"), 200);
        CHECK_INT(ask_and_leave(square, "/e"), 200);
    }
}

TEST(a_stream_ends_when_it_is_old_and_not_all_at_once)
{
    enum { CLIENTS = 100, AGE_MS = 100000 };
    struct stream_limits limits = test_limits();
    limits.age_ms = AGE_MS;
    struct square *square = square_open_with(limits, 1);
    struct client clients[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++)
        clients[i] = follow(square, "/1/7");
    pass_turns(square, 26);
    CHECK_INT(stream_counters_read(square->hub).open, CLIENTS);
    pass_turns(square, 7);
    uint64_t half = stream_counters_read(square->hub).open;
    CHECK(half > CLIENTS / 5);
    CHECK(half < CLIENTS - CLIENTS / 5);
    pass_turns(square, 7);
    wait_for_open(square, 0);
    CHECK_INT(stream_counters_read(square->hub).aged, CLIENTS);
    CHECK_INT(stream_counters_read(square->hub).cut, 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        expect(&clients[i], "one for 7\ntick\n");
        while (client_receive(&clients[i]))
            continue;
        client_close(&clients[i]);
    }
    square_close(square);
}

TEST(the_answer_to_a_head_takes_no_place)
{
    struct square *square = square_open();
    struct client client = client_open(square->site);
    client_send(&client, STR("HEAD /1/7 HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(client_read(&client, true).status, 200);
    client_expect_end(&client);
    client_close(&client);
    wait_for_open(square, 0);
    square_close(square);
}

TESTS(only_so_many_streams_are_open,
      a_credential_has_only_so_many_streams_on_all_loops_and_channels,
      streams_begin_only_so_fast_but_after_a_pause_as_many_as_may_be_open,
      a_stream_ends_when_it_is_old_and_not_all_at_once, the_answer_to_a_head_takes_no_place)
