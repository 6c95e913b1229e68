/* SPDX-License-Identifier: Apache-2.0 */
/* limits - at the limit all is well, one past it the documented status. */
#include <sys/resource.h>

#include "client.h"

enum { LIMIT = 300 };

static struct site *tight_site(void)
{
    struct http_limits limits = http_limits_default;
    limits.request_line_bytes = LIMIT;
    limits.header_bytes = 2 * LIMIT;
    limits.header_count = 5;
    limits.header_value_bytes = LIMIT;
    limits.body_bytes = LIMIT;
    limits.requests_per_connection = 3;
    limits.pipelined_requests = 2;
    return site_open(limits, 1);
}

/* before, as many zeros as padding says, after. */
static struct str padded(struct buf *text, const char *before, size_t padding, const char *after)
{
    buf_clear(text);
    buf_append(text, str_of(before));
    for (size_t i = 0; i < padding; i++)
        buf_append_byte(text, '0');
    buf_append(text, str_of(after));
    return buf_str(text);
}

static void expect_edge(const struct site *site, const char *before, size_t padding_at_limit,
                        const char *after, int status_past_it)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    struct client client = client_open(site);
    struct reply reply = client_ask(&client, padded(&text, before, padding_at_limit, after));
    CHECK_INT(reply.status, 200);
    client_close(&client);
    expect_refusal(site, padded(&text, before, padding_at_limit + 1, after), status_past_it);
    buf_close(&text);
}

static void expect_endless(const struct site *site, const char *before, size_t padding, int status)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    expect_refusal(site, padded(&text, before, padding, ""), status);
    buf_close(&text);
}

TEST(a_request_line_past_its_limit_is_414)
{
    struct site *site = tight_site();
    size_t around = sizeof("GET / HTTP/1.1") - 1;
    expect_edge(site, "GET /", LIMIT - around, " HTTP/1.1\r\nHost: a\r\n\r\n", 414);
    site_close(site);
}

TEST(an_endless_request_line_is_refused_before_it_ends)
{
    struct site *site = tight_site();
    expect_endless(site, "GET /", LIMIT, 414);
    site_close(site);
}

TEST(one_header_value_past_its_limit_is_431)
{
    struct site *site = tight_site();
    expect_edge(site, "GET / HTTP/1.1\r\nHost: a\r\nX:  ", LIMIT, " \r\n\r\n", 431);
    site_close(site);
}

TEST(header_lines_past_their_limit_are_431)
{
    struct site *site = tight_site();
    struct buf before;
    buf_open(&before, SIZE_MAX);
    padded(&before, "GET / HTTP/1.1\r\nHost: a\r\nX: ", LIMIT, "\r\nY: ");
    buf_append_byte(&before, '\0');
    size_t around = sizeof("Host: a\r\nX: \r\nY: \r\n") - 1;
    expect_edge(site, before.data, 2 * LIMIT - around - LIMIT, "\r\n\r\n", 431);
    buf_close(&before);
    site_close(site);
}

TEST(endless_headers_are_refused_before_they_end)
{
    struct site *site = tight_site();
    expect_endless(site, "GET / HTTP/1.1\r\nX: ", 2 * LIMIT, 431);
    site_close(site);
}

TEST(one_header_more_than_allowed_is_431)
{
    struct site *site = tight_site();
    struct client client = client_open(site);
    struct reply reply = client_ask(
        &client, STR("GET / HTTP/1.1\r\nHost: a\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n"));
    CHECK_INT(reply.status, 200);
    client_close(&client);
    expect_refusal(site,
                   STR("GET / HTTP/1.1\r\nHost: a\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\n\r\n"),
                   431);
    site_close(site);
}

TEST(a_body_past_the_limit_of_all_is_413_from_its_head)
{
    struct site *site = tight_site();
    struct buf text;
    buf_open(&text, SIZE_MAX);
    struct client client = client_open(site);
    struct reply reply = client_ask(
        &client,
        padded(&text, "POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\n", LIMIT, ""));
    CHECK_INT(reply.status, 200);
    CHECK_INT(reply.body.size, LIMIT + sizeof("POST /e? []") - 1);
    client_close(&client);
    buf_close(&text);
    expect_refusal(site, STR("POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 301\r\n\r\n"), 413);
    expect_refusal(site,
                   STR("POST /e HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n"
                       "\r\n"),
                   413);
    site_close(site);
}

TEST(a_body_past_the_limit_of_its_route_is_413)
{
    struct site *site = tight_site();
    struct client client = client_open(site);
    struct reply reply = client_ask(
        &client, STR("POST //small HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n12345678"));
    CHECK_INT(reply.status, 200);
    CHECK_STR(reply.body, STR("POST /small? [12345678]"));
    client_close(&client);
    expect_refusal(
        site, STR("POST //small HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789"), 413);
    expect_refusal(site, STR("PUT /small HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1"), 413);
    site_close(site);
}

TEST(chunks_past_the_limit_are_413)
{
    struct site *site = tight_site();
    struct client client = client_open(site);
    struct reply reply = client_ask(
        &client, STR("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "4\r\n1234\r\n4\r\n5678\r\n0\r\n\r\n"));
    CHECK_INT(reply.status, 200);
    CHECK_STR(reply.body, STR("POST /small? [12345678]"));
    client_close(&client);
    expect_refusal(site,
                   STR("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "4\r\n1234\r\n5\r\n"),
                   413);
    site_close(site);
}

enum { SMALL_BODY = 64 * 1024, ROOM = 100000 };

static struct str body_head(char *text, size_t size, const char *line, const char *framing)
{
    int length = snprintf(text, size, "%s HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", line, framing);
    return (struct str){text, (size_t)length};
}

static void wait_for_bytes_in(const struct site *site, uint64_t count)
{
    for (int i = 0; http_counters_read(site->server).bytes_in < count; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
}

static int send_whole(const struct site *site, size_t size)
{
    char head[128];
    char framing[64];
    snprintf(framing, sizeof(framing), "Content-Length: %zu", size);
    struct client client = client_open(site);
    client_send(&client, body_head(head, sizeof(head), "POST /status/200", framing));
    client_send(&client, (struct str){site->large, size});
    int status = client_read(&client, false).status;
    client_close(&client);
    return status;
}

/* One body holds all the room there is for large ones, and wants one byte more in the end. */
static void expect_room_to_be_bounded(const char *framing, struct str before, struct str after)
{
    struct http_limits limits = http_limits_default;
    limits.large_bodies_bytes = ROOM;
    struct site *site = site_open(limits, 1);
    struct client holder = client_open(site);
    char head[256];
    struct str sent = body_head(head, sizeof(head), "POST /held", framing);
    client_send(&holder, sent);
    client_send(&holder, before);
    client_send(&holder, (struct str){site->large, SMALL_BODY + ROOM});
    wait_for_bytes_in(site, sent.size + before.size + SMALL_BODY + ROOM);
    CHECK_INT(send_whole(site, SMALL_BODY), 200);
    CHECK_INT(send_whole(site, SMALL_BODY + 1), 503);
    client_send(&holder, after);
    struct reply reply = client_read(&holder, false);
    CHECK_INT(reply.status, 503);
    CHECK_STR(reply.body, STR("refused 503 at /held"));
    client_expect_end(&holder);
    client_close(&holder);
    CHECK_INT(send_whole(site, SMALL_BODY + 1), 200); /* its room is free again */
    CHECK_INT(send_whole(site, SMALL_BODY + ROOM), 200);
    CHECK_INT(send_whole(site, SMALL_BODY + ROOM), 200);
    CHECK_INT(send_whole(site, SMALL_BODY + ROOM + 1), 503);
    site_close(site);
}

TEST(large_bodies_share_a_room_and_small_ones_need_none)
{
    expect_room_to_be_bounded("Content-Length: 165537", STR(""), STR("x")); /* 65536 + 100001 */
    expect_room_to_be_bounded("Transfer-Encoding: chunked", STR("286a1\r\n"), STR("x"));
}

TEST(who_leaves_in_the_middle_of_a_large_body_leaves_its_room)
{
    struct http_limits limits = http_limits_default;
    limits.large_bodies_bytes = ROOM;
    struct site *site = site_open(limits, 1);
    for (uint64_t i = 1; i <= 3; i++) {
        struct client client = client_open(site);
        char head[256];
        struct str sent = body_head(head, sizeof(head), "POST /held", "Content-Length: 9999999");
        uint64_t before = http_counters_read(site->server).bytes_in;
        client_send(&client, sent);
        client_send(&client, (struct str){site->large, SMALL_BODY + ROOM});
        wait_for_bytes_in(site, before + sent.size + SMALL_BODY + ROOM);
        client_close(&client);
        while (http_counters_read(site->server).connections_open > 0)
            usleep(1000);
    }
    CHECK_INT(send_whole(site, SMALL_BODY + ROOM), 200);
    site_close(site);
}

/* A client that is still sending must get to read why it was refused. */
TEST(a_client_in_the_middle_of_a_large_body_reads_the_413)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    client_send(&client, STR("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 150000\r\n\r\n"));
    char part[1500];
    memset(part, 'x', sizeof(part));
    for (int i = 0; i < 100; i++)
        client_send(&client, (struct str){part, sizeof(part)});
    struct reply reply = client_read(&client, false);
    CHECK_INT(reply.status, 413);
    CHECK_STR(reply.body, STR("refused 413 at /small"));
    client_expect_end(&client);
    client_close(&client);
    site_close(site);
}

TEST(a_connection_closes_after_its_last_request)
{
    struct site *site = tight_site();
    struct client client = client_open(site);
    for (int i = 1; i <= 3; i++) {
        struct reply reply = client_ask(&client, STR("GET /e HTTP/1.1\r\nHost: a\r\n\r\n"));
        CHECK_INT(reply.status, 200);
        struct str connection = reply_header(&reply, "Connection");
        CHECK_STR(connection, i < 3 ? (struct str){0} : STR("close"));
    }
    client_expect_end(&client);
    client_close(&client);
    site_close(site);
}

#define HOLD "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"
#define ECHO "GET /e HTTP/1.1\r\nHost: a\r\n\r\n"
#define CHUNKED                                                                                    \
    "POST /e HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"

static void release_held(const struct site *site)
{
    struct client other = client_open(site);
    CHECK_INT(client_ask(&other, STR("GET /release HTTP/1.1\r\nHost: a\r\n\r\n")).status, 200);
    client_close(&other);
}

TEST(as_many_requests_as_allowed_wait_behind_one)
{
    struct site *site = tight_site();
    struct client client = client_open(site);
    client_send(&client, STR(HOLD ECHO CHUNKED));
    release_held(site);
    struct reply reply = client_read(&client, false);
    CHECK_STR(reply.body, STR("xxxx"));
    CHECK_STR(client_read(&client, false).body, STR("GET /e? []"));
    CHECK_STR(client_read(&client, false).body, STR("POST /e? [x]"));
    client_close(&client);
    site_close(site);
}

TEST(one_waiting_request_too_many_ends_the_connection)
{
    struct site *site = tight_site();
    struct client client = client_open(site);
    client_send(&client, STR(HOLD CHUNKED ECHO ECHO));
    release_held(site);
    struct reply reply = client_read(&client, false);
    CHECK_INT(reply.status, 200);
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&client);
    client_close(&client);
    site_close(site);
}

TEST(connections_past_the_limit_wait_for_one_to_leave)
{
    struct http_limits limits = http_limits_default;
    limits.connections = 1;
    struct site *site = site_open(limits, 1);
    struct client first = client_open(site);
    CHECK_INT(client_ask(&first, STR(ECHO)).status, 200);
    struct client second = client_open(site); /* the kernel takes it, the server does not yet */
    client_send(&second, STR(ECHO));
    CHECK_INT(client_ask(&first, STR(ECHO)).status, 200);
    CHECK_INT(http_counters_read(site->server).connections_open, 1);
    CHECK_INT(http_counters_read(site->server).connections_total, 1);
    client_close(&first);
    CHECK_INT(client_read(&second, false).status, 200);
    client_close(&second);
    site_close(site);
}

/* Both ends are in this process, so every connection takes two descriptors. */
TEST(a_reserve_of_descriptors_is_left_to_the_rest_of_the_process)
{
    enum { DESCRIPTORS = 256, RESERVE = 64, CLIENTS = (DESCRIPTORS - RESERVE) / 2 + 1 };
    struct rlimit before;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit few = {.rlim_cur = DESCRIPTORS, .rlim_max = before.rlim_max};
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
    struct site *site = site_open(http_limits_default, 1);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);

    struct client clients[CLIENTS];
    size_t served = 0;
    size_t opened = 0;
    bool is_turned_away = false;
    while (opened < CLIENTS && !is_turned_away) {
        clients[opened] = client_open(site);
        is_turned_away = client_ask(&clients[opened], STR(ECHO)).status != 200;
        served += !is_turned_away;
        opened++;
    }
    CHECK(is_turned_away);
    CHECK(served > CLIENTS / 2);
    CHECK_INT(client_ask(&clients[0], STR(ECHO)).status, 200);
    for (size_t i = 0; i < opened; i++)
        client_close(&clients[i]);

    struct client late = client_open(site); /* accepting goes on after a pause */
    CHECK_INT(client_ask(&late, STR(ECHO)).status, 200);
    client_close(&late);
    site_close(site);
}

/* docs/limits.md, in bytes and milliseconds. */
TEST(without_settings_the_limits_are_the_documented_ones)
{
    const struct http_limits *limits = &http_limits_default;
    CHECK_INT(limits->request_line_bytes, 8192);
    CHECK_INT(limits->header_bytes, 65536);
    CHECK_INT(limits->header_count, 64);
    CHECK_INT(limits->header_value_bytes, 32768);
    CHECK_INT(limits->body_bytes, 16777216);
    CHECK_INT(limits->large_bodies_bytes, 134217728);
    CHECK_INT(limits->connections, 20000);
    CHECK_INT(limits->requests_per_connection, 10000);
    CHECK_INT(limits->pipelined_requests, 16);
    CHECK_INT(limits->header_timeout_ms, 10000);
    CHECK_INT(limits->body_timeout_ms, 30000);
    CHECK_INT(limits->idle_timeout_ms, 60000);
    CHECK_INT(limits->write_timeout_ms, 10000);
    CHECK_INT(limits->handler_timeout_ms, 5000);
    CHECK_INT(limits->body_bytes_per_second_min, 500);
    CHECK_INT(limits->drain_timeout_ms, 8000);
}

TESTS(without_settings_the_limits_are_the_documented_ones, a_request_line_past_its_limit_is_414,
      an_endless_request_line_is_refused_before_it_ends, one_header_value_past_its_limit_is_431,
      header_lines_past_their_limit_are_431, endless_headers_are_refused_before_they_end,
      one_header_more_than_allowed_is_431, a_body_past_the_limit_of_all_is_413_from_its_head,
      a_body_past_the_limit_of_its_route_is_413, chunks_past_the_limit_are_413,
      large_bodies_share_a_room_and_small_ones_need_none,
      who_leaves_in_the_middle_of_a_large_body_leaves_its_room,
      a_client_in_the_middle_of_a_large_body_reads_the_413,
      a_connection_closes_after_its_last_request, as_many_requests_as_allowed_wait_behind_one,
      one_waiting_request_too_many_ends_the_connection,
      connections_past_the_limit_wait_for_one_to_leave,
      a_reserve_of_descriptors_is_left_to_the_rest_of_the_process)
