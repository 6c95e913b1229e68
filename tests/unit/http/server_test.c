/* SPDX-License-Identifier: Apache-2.0 */
/* server - conversations: keep-alive, pipelining, bodies, answers now and later, and the end. */
#include <pthread.h>

#include "client.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

TEST(an_answer_carries_the_lines_every_answer_carries)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    struct reply reply = client_ask(&client, STR(GET("/status/404")));
    CHECK_INT(reply.status, 404);
    CHECK(str_starts_with(reply.head, STR("HTTP/1.1 404 Not Found\r\n")));
    CHECK_STR(reply_header(&reply, "X-Content-Type-Options"), STR("nosniff"));
    CHECK_INT(reply_header(&reply, "Date").size, sizeof("Sun, 06 Nov 1994 08:49:37 GMT") - 1);
    CHECK_STR(reply_header(&reply, "Content-Length"), STR("8"));
    CHECK_STR(reply_header(&reply, "X-Answer"), STR("yes"));
    CHECK(str_is_absent(reply_header(&reply, "Connection")));
    CHECK(str_is_absent(reply_header(&reply, "Server")));
    CHECK_STR(reply.body, STR("as asked"));
    client_close(&client);
    site_close(site);
}

TEST(a_connection_serves_one_request_after_the_other)
{
    struct site *site = site_open(http_limits_default, 2);
    struct client client = client_open(site);
    for (int i = 0; i < 100; i++) {
        char text[64];
        int size = snprintf(text, sizeof(text), GET("/e?%d"), i);
        struct reply reply = client_ask(&client, (struct str){text, (size_t)size});
        size = snprintf(text, sizeof(text), "GET /e?%d []", i);
        CHECK_STR(reply.body, ((struct str){text, (size_t)size}));
    }
    struct http_counters counters = http_counters_read(site->server);
    CHECK_INT(counters.connections_total, 1);
    CHECK_INT(counters.requests, 100);
    CHECK_INT(counters.bytes_in, 10 * (sizeof(GET("/e?0")) - 1) + 90 * (sizeof(GET("/e?10")) - 1));
    while (counters.bytes_out < client.size) /* counted just after it was written */
        counters = http_counters_read(site->server);
    CHECK_INT(counters.bytes_out, client.size);
    client_close(&client);
    site_close(site);
}

TEST(pipelined_requests_are_answered_in_order)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    struct buf bytes;
    buf_open(&bytes, SIZE_MAX);
    for (int i = 0; i < 500; i++)
        buf_append_format(&bytes, i % 7 == 0 ? GET("/offload?%d") : GET("/e?%d"), i);
    /* Behind an offloaded request at most 16 may wait, so they go out in bundles of seven. */
    struct str rest = buf_str(&bytes);
    for (int i = 0; i < 500; i++) {
        if (i % 7 == 0) {
            size_t size = 0;
            for (int count = 0; count < 7 && size < rest.size; count++)
                size += find_text(str_slice(rest, size, rest.size), "\r\n\r\n") + 4;
            client_send(&client, str_slice(rest, 0, size));
            rest = str_slice(rest, size, rest.size);
        }
        char text[64];
        int size = snprintf(text, sizeof(text), "GET /e?%d []", i);
        struct str expected = {text, (size_t)size};
        CHECK_STR(client_read(&client, false).body, i % 7 == 0 ? STR("worked") : expected);
    }
    buf_close(&bytes);
    client_close(&client);
    site_close(site);
}

TEST(a_thousand_pipelined_requests_in_one_write_are_all_answered)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    struct buf bytes;
    buf_open(&bytes, SIZE_MAX);
    for (int i = 0; i < 1000; i++)
        buf_append(&bytes, STR(GET("/e")));
    client_send(&client, buf_str(&bytes));
    for (int i = 0; i < 1000; i++)
        CHECK_STR(client_read(&client, false).body, STR("GET /e? []"));
    buf_close(&bytes);
    client_close(&client);
    site_close(site);
}

TEST(http_1_0_closes_unless_it_asks_to_stay)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    struct reply reply =
        client_ask(&client, STR("GET /e HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    CHECK_STR(reply_header(&reply, "Connection"), STR("keep-alive"));
    reply = client_ask(&client, STR("GET /e HTTP/1.0\r\n\r\n"));
    CHECK_INT(reply.status, 200);
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&client);
    client_close(&client);
    site_close(site);
}

TEST(connection_close_is_honoured_from_both_sides)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    struct reply reply =
        client_ask(&client, STR("GET /e HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&client);
    client_close(&client);

    client = client_open(site);
    reply = client_ask(&client, STR(GET("/closes") GET("/e")));
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&client);
    client_close(&client);
    site_close(site);
}

TEST(head_says_the_length_and_sends_no_body)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    client_send(&client, STR("HEAD /e HTTP/1.1\r\nHost: a\r\n\r\n"
                             "HEAD /shared HTTP/1.1\r\nHost: a\r\n\r\n" GET("/e")));
    struct reply reply = client_read(&client, true);
    CHECK_STR(reply_header(&reply, "Content-Length"), STR("11"));
    reply = client_read(&client, true);
    CHECK_STR(reply_header(&reply, "Content-Length"), STR("4194304"));
    CHECK_INT(atomic_load(&site->released), 1);
    CHECK_STR(client_read(&client, false).body, STR("GET /e? []"));
    client_close(&client);
    site_close(site);
}

TEST(no_content_and_not_modified_have_neither_body_nor_length)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    client_send(&client, STR(GET("/status/204") GET("/status/304") GET("/e")));
    for (int status = 204; status <= 304; status += 100) {
        struct reply reply = client_read(&client, false);
        CHECK_INT(reply.status, status);
        CHECK(str_is_absent(reply_header(&reply, "Content-Length")));
    }
    CHECK_STR(client_read(&client, false).body, STR("GET /e? []"));
    CHECK_INT(atomic_load(&site->released), 2);
    client_close(&client);
    site_close(site);
}

TEST(a_body_is_read_whole_however_it_comes)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    struct reply reply =
        client_ask(&client, STR("PUT /e HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"));
    CHECK_STR(reply.body, STR("PUT /e? [hello]"));
    client_send(&client, STR("DELETE /e HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe"));
    reply = client_ask(&client, STR("llo"));
    CHECK_STR(reply.body, STR("DELETE /e? [hello]"));
    reply = client_ask(&client, STR("POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"));
    CHECK_STR(reply.body, STR("POST /e? []"));

    client_send(&client, STR("POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n"));
    client_send(&client, (struct str){site->large, 1048576});
    reply = client_read(&client, false);
    CHECK_INT(reply.body.size, 1048576 + sizeof("POST /e? []") - 1);
    client_close(&client);
    site_close(site);
}

TEST(continue_is_said_when_the_body_will_be_taken)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    struct str asks = STR("POST /small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                          "Content-Length: 5\r\n\r\n");
    struct reply reply = client_ask(&client, asks);
    CHECK_INT(reply.status, 100);
    reply = client_ask(&client, STR("hello"));
    CHECK_STR(reply.body, STR("POST /small? [hello]"));
    /* Not when the body is there already, nor when there will be none. */
    client_send(&client, asks);
    CHECK_INT(client_read(&client, false).status, 100);
    CHECK_INT(client_ask(&client, STR("hello")).status, 200);
    reply = client_ask(&client, STR("GET /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"));
    CHECK_INT(reply.status, 200);
    client_close(&client);
    expect_refusal(site,
                   STR("POST /small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                       "Content-Length: 9\r\n\r\n"),
                   413);
    site_close(site);
}

TEST(large_answers_arrive_whole)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    /* More than the socket takes at once: the rest is queued, and those behind it wait. */
    client_send(&client, STR(GET("/shared") GET("/large") GET("/e") GET("/large")));
    struct reply reply = client_read(&client, false);
    CHECK_INT(reply.body.size, SHARED_BYTES);
    CHECK(memcmp(reply.body.data, site->large, SHARED_BYTES) == 0);
    reply = client_read(&client, false);
    CHECK_INT(reply.body.size, LARGE_BYTES);
    CHECK(memcmp(reply.body.data, site->large, LARGE_BYTES) == 0);
    CHECK_STR(client_read(&client, false).body, STR("GET /e? []"));
    CHECK_INT(client_read(&client, false).body.size, LARGE_BYTES);
    CHECK_INT(atomic_load(&site->released), 1);
    client_close(&client);
    site_close(site);
}

TEST(a_shared_body_is_released_when_its_reader_leaves)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    client_send(&client, STR(GET("/shared") GET("/shared")));
    CHECK(client_receive(&client)); /* it is being written */
    client_close(&client);
    struct client other = client_open(site);
    do
        CHECK_INT(client_ask(&other, STR(GET("/e"))).status, 200);
    while (http_counters_read(site->server).connections_open > 1);
    CHECK(atomic_load(&site->released) >= 1);
    client_close(&other);
    site_close(site);
}

TEST(a_later_answer_reaches_its_connection_and_lets_it_go_on)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    client_send(&client, STR(GET("/hold") GET("/e") GET("/e")));
    struct client other = client_open(site);
    /* The other's answers stand on both sides of the one it sets free. */
    client_send(&other, STR(GET("/e") GET("/release") GET("/e")));
    CHECK_STR(client_read(&other, false).body, STR("GET /e? []"));
    CHECK_STR(client_read(&other, false).body, STR("released"));
    CHECK_STR(client_read(&other, false).body, STR("GET /e? []"));
    CHECK_STR(client_read(&client, false).body, STR("xxxx"));
    CHECK_STR(client_read(&client, false).body, STR("GET /e? []"));
    CHECK_STR(client_read(&client, false).body, STR("GET /e? []"));
    client_close(&other);
    client_close(&client);
    site_close(site);
}

TEST(an_answer_to_somebody_who_left_is_dropped_and_its_body_released)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    client_send(&client, STR(GET("/hold")));
    struct client other = client_open(site);
    while (http_counters_read(site->server).requests == 0)
        CHECK(http_counters_read(site->server).refusals == 0);
    struct linger reset = {.l_onoff = 1};
    setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    client_close(&client);
    do
        CHECK_INT(client_ask(&other, STR(GET("/e"))).status, 200);
    while (http_counters_read(site->server).connections_open > 1);
    CHECK_INT(client_ask(&other, STR(GET("/release"))).status, 200);
    CHECK_INT(atomic_load(&site->released), 1);
    client_close(&other);
    site_close(site);
}

TEST(a_client_that_only_stops_sending_still_gets_its_answers)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    client_send(&client, STR(GET("/offload") GET("/shared") GET("/e")));
    shutdown(client.descriptor, SHUT_WR);
    CHECK_STR(client_read(&client, false).body, STR("worked"));
    CHECK_INT(client_read(&client, false).body.size, SHARED_BYTES);
    CHECK_STR(client_read(&client, false).body, STR("GET /e? []"));
    client_expect_end(&client);
    client_close(&client);
    site_close(site);
}

TEST(options_asterisk_and_upgrades_are_plain_requests)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    struct reply reply = client_ask(&client, STR("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_STR(reply.body, STR("OPTIONS *? []"));
    reply = client_ask(&client, STR("GET /e HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                                    "Upgrade: websocket\r\n\r\n"));
    CHECK_STR(reply.body, STR("GET /e? []"));
    reply = client_ask(&client, STR("POST /e HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                                    "Upgrade: h2c\r\nContent-Length: 2\r\n\r\nhi"));
    CHECK_STR(reply.body, STR("POST /e? [hi]"));
    client_close(&client);
    site_close(site);
}

TEST(work_off_the_loop_comes_back_to_it)
{
    struct site *site = site_open(http_limits_default, 2);
    struct client clients[8];
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        clients[i] = client_open(site);
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < COUNT_OF(clients); i++)
            client_send(&clients[i], STR(GET("/offload") GET("/offload")));
        for (size_t i = 0; i < COUNT_OF(clients); i++) {
            CHECK_STR(client_read(&clients[i], false).body, STR("worked"));
            CHECK_STR(client_read(&clients[i], false).body, STR("worked"));
        }
    }
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        client_close(&clients[i]);
    site_close(site);
}

TEST(work_past_the_queue_is_turned_away)
{
    enum { CLIENTS = 16 + 1024 + 1 };
    struct http_limits limits = http_limits_default;
    limits.handler_timeout_ms = 600000;
    struct site *site = site_open(limits, 1);
    struct client *clients = calloc(CLIENTS, sizeof(struct client));
    CHECK(clients != NULL);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = client_open(site);
        /* The last finds all the others there: a loop reads new connections in an order of its own.
         */
        while (i == CLIENTS - 1 && http_counters_read(site->server).requests < i)
            usleep(100);
        client_send(&clients[i], STR(GET("/block")));
        /* The first sixteen must have left the queue before it is filled. */
        while (i < 16 && atomic_load(&site->works_begun) <= i)
            usleep(100);
    }
    CHECK_STR(client_read(&clients[CLIENTS - 1], false).body, STR("full"));
    atomic_store(&site->may_finish, true);
    for (size_t i = 0; i < CLIENTS; i++) {
        if (i < CLIENTS - 1)
            CHECK_STR(client_read(&clients[i], false).body, STR("worked"));
        client_close(&clients[i]);
    }
    free(clients);
    site_close(site);
}

static void *close_server(void *argument)
{
    struct site *site = argument;
    http_close(site->server);
    return NULL;
}

/* On one loop: when the idle one has gone, the loop of the others knows that it is closing. */
TEST(closing_answers_what_is_under_way_and_lets_the_idle_go)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client idle = client_open(site);
    CHECK_INT(client_ask(&idle, STR(GET("/e"))).status, 200);
    struct client busy = client_open(site);
    client_send(&busy, STR(GET("/block")));
    while (atomic_load(&site->works_begun) == 0)
        usleep(100);
    struct client sending = client_open(site);
    CHECK_INT(client_ask(&sending, STR("POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                                       "Expect: 100-continue\r\n\r\n"))
                  .status,
              100);

    pthread_t closer;
    CHECK_INT(pthread_create(&closer, NULL, close_server, site), 0);
    client_expect_end(&idle);
    struct reply reply = client_ask(&sending, STR("hi"));
    CHECK_STR(reply.body, STR("POST /e? [hi]"));
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&sending);
    atomic_store(&site->may_finish, true);
    reply = client_read(&busy, false);
    CHECK_STR(reply.body, STR("worked"));
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&busy);
    client_close(&idle);
    client_close(&sending);
    client_close(&busy);
    CHECK_INT(pthread_join(closer, NULL), 0);
    site_free(site);
}

TEST(closing_does_not_wait_for_ever)
{
    struct http_limits limits = http_limits_default;
    limits.drain_timeout_ms = 50;
    struct site *site = site_open(limits, 1);
    struct client client = client_open(site);
    client_send(&client, STR(GET("/hold")));
    while (http_counters_read(site->server).requests == 0)
        CHECK_INT(http_counters_read(site->server).refusals, 0);
    site_close(site); /* nobody ever answers /hold */
    client_expect_end(&client);
    client_close(&client);
}

TEST(closing_waits_for_running_work_even_past_its_time)
{
    struct http_limits limits = http_limits_default;
    limits.drain_timeout_ms = 50;
    struct site *site = site_open(limits, 1);
    struct client client = client_open(site);
    client_send(&client, STR(GET("/block")));
    while (atomic_load(&site->works_begun) == 0)
        usleep(100);
    pthread_t closer;
    CHECK_INT(pthread_create(&closer, NULL, close_server, site), 0);
    client_expect_end(&client); /* cut off unanswered */
    atomic_store(&site->may_finish, true);
    CHECK_INT(pthread_join(closer, NULL), 0);
    client_close(&client);
    site_free(site);
}

TEST(a_request_began_when_its_first_byte_was_seen)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    client_send(&client, STR("G"));
    while (http_counters_read(site->server).bytes_in == 0)
        usleep(100);
    int64_t seen_us = clock_monotonic_us();
    struct reply reply = client_ask(&client, STR("ET /began HTTP/1.1\r\nHost: a\r\n\r\n"));
    uint64_t began_us = 0;
    CHECK(str_parse_u64(reply.body, &began_us));
    CHECK((int64_t)began_us <= seen_us + 1000); /* the counter runs a moment ahead */
    reply = client_ask(&client, STR(GET("/began")));
    CHECK(str_parse_u64(reply.body, &began_us));
    CHECK((int64_t)began_us > seen_us);
    client_close(&client);
    site_close(site);
}

TEST(a_server_that_never_started_closes)
{
    struct http_config config = {.listen = STR("127.0.0.1:0"),
                                 .loop_count = 2,
                                 .limits = http_limits_default,
                                 .callbacks = {.on_request = site_answer_by_path},
                                 .clock = clock_system()};
    struct http_server *server = NULL;
    CHECK_OK(http_open(&server, &config));
    http_close(server);
}

TEST(an_address_that_cannot_be_had_is_refused)
{
    static const struct str unreadable[] = {
        STR(""),         STR("8080"),          STR("localhost:80"), STR("127.0.0.1"),
        STR("1.2.3.4:"), STR("1.2.3.4:65536"), STR("1.2.3.4:-1"),   STR("::1:80"),
        STR("[::1]"),    STR("[::1]80"),       STR("[::1:80"),      STR("[127.0.0.1]:80"),
        STR("1.2.3:80"),
    };
    struct http_config config = {.loop_count = 2,
                                 .limits = http_limits_default,
                                 .callbacks = {.on_request = site_answer_by_path},
                                 .clock = clock_system()};
    struct http_server *server = NULL;
    for (size_t i = 0; i < COUNT_OF(unreadable); i++) {
        config.listen = unreadable[i];
        CHECK_FAULT(http_open(&server, &config), FAULT_INVALID);
    }
    config.listen = STR("198.51.100.1:0"); /* TEST-NET-2 */
    CHECK_FAULT(http_open(&server, &config), FAULT_INVALID);
    CHECK(server == NULL);
}

TEST(two_servers_do_not_share_an_address_by_accident)
{
    for (unsigned loop_count = 1; loop_count <= 2; loop_count++) {
        struct site *site = site_open(http_limits_default, loop_count);
        char listen[32];
        snprintf(listen, sizeof(listen), "127.0.0.1:%u", http_port(site->server));
        struct http_config config = {.listen = str_of(listen),
                                     .loop_count = 2,
                                     .limits = http_limits_default,
                                     .callbacks = {.on_request = site_answer_by_path},
                                     .clock = clock_system()};
        struct http_server *server = NULL;
        CHECK_FAULT(http_open(&server, &config), FAULT_UNAVAILABLE);
        config.loop_count = 1;
        CHECK_FAULT(http_open(&server, &config), FAULT_UNAVAILABLE);
        site_close(site);
    }
}

TESTS(an_answer_carries_the_lines_every_answer_carries,
      a_connection_serves_one_request_after_the_other, pipelined_requests_are_answered_in_order,
      a_thousand_pipelined_requests_in_one_write_are_all_answered,
      http_1_0_closes_unless_it_asks_to_stay, connection_close_is_honoured_from_both_sides,
      head_says_the_length_and_sends_no_body,
      no_content_and_not_modified_have_neither_body_nor_length,
      a_body_is_read_whole_however_it_comes, continue_is_said_when_the_body_will_be_taken,
      large_answers_arrive_whole, a_shared_body_is_released_when_its_reader_leaves,
      a_later_answer_reaches_its_connection_and_lets_it_go_on,
      an_answer_to_somebody_who_left_is_dropped_and_its_body_released,
      a_client_that_only_stops_sending_still_gets_its_answers,
      options_asterisk_and_upgrades_are_plain_requests, work_off_the_loop_comes_back_to_it,
      work_past_the_queue_is_turned_away, closing_answers_what_is_under_way_and_lets_the_idle_go,
      closing_does_not_wait_for_ever, closing_waits_for_running_work_even_past_its_time,
      a_request_began_when_its_first_byte_was_seen, a_server_that_never_started_closes,
      an_address_that_cannot_be_had_is_refused, two_servers_do_not_share_an_address_by_accident)
