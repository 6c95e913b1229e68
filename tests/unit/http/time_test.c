/* SPDX-License-Identifier: Apache-2.0 */
/* time - who is too slow is told so, or just let go. Waits are on the socket, never on a clock. */
#include "client.h"

enum { SHORT_MS = 60, LONG_MS = 60000 };

static struct http_limits patient_limits(void)
{
    struct http_limits limits = http_limits_default;
    limits.header_timeout_ms = LONG_MS;
    limits.body_timeout_ms = LONG_MS;
    limits.idle_timeout_ms = LONG_MS;
    limits.write_timeout_ms = LONG_MS;
    limits.handler_timeout_ms = LONG_MS;
    limits.body_bytes_per_second_min = 0;
    return limits;
}

static void expect_408(struct client *client, struct str bytes)
{
    struct reply reply = client_ask(client, bytes);
    CHECK_INT(reply.status, 408);
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(client);
    client_close(client);
}

TEST(a_slow_head_is_408)
{
    struct http_limits limits = patient_limits();
    limits.header_timeout_ms = SHORT_MS;
    struct site *site = site_open(limits, 1);
    struct client client = client_open(site);
    expect_408(&client, STR("GET /e HTTP/1.1\r\nHost:"));

    client = client_open(site);
    CHECK_INT(client_ask(&client, STR("GET /e HTTP/1.1\r\nHost: a\r\n\r\n")).status, 200);
    expect_408(&client, STR("G"));
    site_close(site);
}

TEST(a_head_that_trickles_gets_no_more_time_for_it)
{
    struct http_limits limits = patient_limits();
    limits.header_timeout_ms = SHORT_MS;
    struct site *site = site_open(limits, 1);
    struct client client = client_open(site);
    client_send(&client, STR("GET /e HTTP/1.1\r\nX: "));
    struct timeval pause = {.tv_usec = 5000};
    setsockopt(client.descriptor, SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof(pause));
    char answer[512];
    ssize_t size = -1;
    for (int i = 0; i < 1000 && size < 0; i++) {
        client_send(&client, STR("x"));
        size = recv(client.descriptor, answer, sizeof(answer), 0);
    }
    CHECK(size > 0);
    CHECK(str_starts_with((struct str){answer, (size_t)size}, STR("HTTP/1.1 408 ")));
    client_close(&client);
    site_close(site);
}

TEST(who_connects_and_says_nothing_is_let_go_silently)
{
    struct http_limits limits = patient_limits();
    limits.header_timeout_ms = SHORT_MS;
    struct site *site = site_open(limits, 1);
    struct client client = client_open(site);
    client_expect_end(&client);
    CHECK_INT(client.size, 0);
    client_close(&client);
    site_close(site);
}

TEST(an_idle_connection_is_let_go_silently)
{
    struct http_limits limits = patient_limits();
    limits.idle_timeout_ms = SHORT_MS;
    struct site *site = site_open(limits, 1);
    struct client client = client_open(site);
    CHECK_INT(client_ask(&client, STR("GET /e HTTP/1.1\r\nHost: a\r\n\r\n")).status, 200);
    client_expect_end(&client);
    client_close(&client);
    site_close(site);
}

TEST(a_slow_body_is_408)
{
    struct http_limits limits = patient_limits();
    limits.body_timeout_ms = SHORT_MS;
    struct site *site = site_open(limits, 1);
    struct client client = client_open(site);
    expect_408(&client, STR("POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell"));
    client = client_open(site);
    expect_408(&client, STR("POST /e HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5"));
    site_close(site);
}

TEST(a_body_below_the_least_rate_is_408_long_before_its_time)
{
    struct http_limits limits = patient_limits();
    limits.body_timeout_ms = 10 * SHORT_MS; /* looked at ten times */
    limits.body_bytes_per_second_min = 1000000;
    struct site *site = site_open(limits, 1);
    struct client client = client_open(site);
    int64_t began_us = clock_monotonic_us();
    expect_408(&client, STR("POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nslow"));
    CHECK(clock_monotonic_us() - began_us < (int64_t)limits.body_timeout_ms * 1000);
    site_close(site);
}

TEST(a_handler_that_takes_too_long_is_answered_for_and_its_answer_dropped)
{
    struct http_limits limits = patient_limits();
    limits.handler_timeout_ms = SHORT_MS;
    struct site *site = site_open(limits, 1);
    struct client client = client_open(site);
    struct reply reply = client_ask(&client, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"
                                                 "GET /e HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(reply.status, 503);
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    CHECK_STR(reply.body, STR("refused 503 at /hold"));
    client_expect_end(&client);
    client_close(&client);

    struct client other = client_open(site);
    CHECK_INT(client_ask(&other, STR("GET /release HTTP/1.1\r\nHost: a\r\n\r\n")).status, 200);
    CHECK_INT(atomic_load(&site->released), 1);
    client_close(&other);
    site_close(site);
}

TEST(work_that_takes_too_long_is_answered_for_and_comes_home_unheard)
{
    struct http_limits limits = patient_limits();
    limits.handler_timeout_ms = SHORT_MS;
    struct site *site = site_open(limits, 1);
    struct client client = client_open(site);
    client_send(&client, STR("HEAD /block HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(client_read(&client, true).status, 503);
    client_expect_end(&client);
    atomic_store(&site->may_finish, true);
    client_close(&client);
    site_close(site);
}

TEST(work_whose_asker_has_been_answered_is_not_begun)
{
    enum { ASKERS = 20, POOL_THREADS = 16 };
    struct http_limits limits = patient_limits();
    limits.handler_timeout_ms = SHORT_MS;
    struct site *site = site_open(limits, 1);
    struct client clients[ASKERS];
    for (size_t i = 0; i < ASKERS; i++) {
        clients[i] = client_open(site);
        client_send(&clients[i], STR("GET /block HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    for (size_t i = 0; i < ASKERS; i++) {
        CHECK_INT(client_read(&clients[i], false).status, 503);
        client_close(&clients[i]);
    }
    CHECK_INT(atomic_load(&site->works_begun), POOL_THREADS);
    atomic_store(&site->may_finish, true);
    struct client last = client_open(site); /* queued behind the four that wait */
    CHECK_INT(client_ask(&last, STR("GET /offload HTTP/1.1\r\nHost: a\r\n\r\n")).status, 200);
    CHECK_INT(atomic_load(&site->works_begun), POOL_THREADS);
    client_close(&last);
    site_close(site);
}

TEST(a_reader_that_does_not_read_is_cut_off)
{
    struct http_limits limits = patient_limits();
    limits.write_timeout_ms = SHORT_MS;
    struct site *site = site_open(limits, 1);
    struct client client = client_open(site);
    int small = 4096;
    setsockopt(client.descriptor, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    client_send(&client, STR("GET /shared HTTP/1.1\r\nHost: a\r\n\r\n"
                             "GET /shared HTTP/1.1\r\nHost: a\r\n\r\n"
                             "GET /shared HTTP/1.1\r\nHost: a\r\n\r\n"));
    struct client other = client_open(site);
    bool is_gone = false;
    while (!is_gone) {
        CHECK_INT(client_ask(&other, STR("GET /e HTTP/1.1\r\nHost: a\r\n\r\n")).status, 200);
        struct http_counters counters = http_counters_read(site->server);
        is_gone = counters.connections_total == 2 && counters.connections_open == 1 &&
                  counters.requests > 1;
        other.size = 0;
        other.taken = 0;
    }
    CHECK(atomic_load(&site->released) >= 1);
    client_close(&other);
    client_close(&client);
    site_close(site);
}

TESTS(a_slow_head_is_408, a_head_that_trickles_gets_no_more_time_for_it,
      who_connects_and_says_nothing_is_let_go_silently, an_idle_connection_is_let_go_silently,
      a_slow_body_is_408, a_body_below_the_least_rate_is_408_long_before_its_time,
      a_handler_that_takes_too_long_is_answered_for_and_its_answer_dropped,
      work_that_takes_too_long_is_answered_for_and_comes_home_unheard,
      work_whose_asker_has_been_answered_is_not_begun, a_reader_that_does_not_read_is_cut_off)
