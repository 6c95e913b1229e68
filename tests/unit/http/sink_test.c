/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink - bodies taken in pieces: what arrives, what ends it, and that somebody ends it once.
 *
 * The server takes bodies on paths below /pour into a sink that counts and sums; /pour/few wants no
 * more than FEW bytes, /pour/no is refused at its head, /pour/tight takes TIGHT bytes at most.
 */
#include <pthread.h>

#include "client.h"

enum { FEW = 1000, TIGHT = 100, HELD_BYTES_MAX = 64 * 1024, POURED_BYTES_MAX = 4 * 1024 * 1024 };

struct basin {
    struct site *site;
    _Atomic unsigned opened, abandoned, handled;
};

struct bucket {
    struct http_body_sink sink; /* first */
    struct basin *basin;
    size_t size, wanted;
    uint32_t sum;
};

static bool take_piece(struct http_body_sink *sink, struct str piece)
{
    struct bucket *bucket = (struct bucket *)sink;
    CHECK(piece.size > 0);
    CHECK(bucket->size < bucket->wanted); /* nothing comes after a refusal */
    for (size_t i = 0; i < piece.size; i++)
        bucket->sum = bucket->sum * 31 + (unsigned char)piece.data[i];
    bucket->size += piece.size;
    return bucket->size < bucket->wanted;
}

static void abandon(struct http_body_sink *sink)
{
    struct bucket *bucket = (struct bucket *)sink;
    atomic_fetch_add(&bucket->basin->abandoned, 1);
    free(bucket);
}

static struct http_body_sink *open_sink(struct http_request *head, bool *is_refused, void *context)
{
    struct basin *basin = context;
    if (!str_starts_with(head->path, STR("/pour")))
        return NULL;
    if (str_equal(head->path, STR("/pour/no"))) {
        head->user = arena_copy(head->arena, "no", 2);
        *is_refused = true;
        return NULL;
    }
    struct bucket *bucket = calloc(1, sizeof(struct bucket));
    CHECK(bucket != NULL);
    bucket->sink = (struct http_body_sink){take_piece, abandon};
    bucket->basin = basin;
    bucket->wanted = str_equal(head->path, STR("/pour/few")) ? FEW : SIZE_MAX;
    atomic_fetch_add(&basin->opened, 1);
    return &bucket->sink;
}

static size_t body_bytes_max(const struct http_request *head, void *context)
{
    (void)context;
    return str_equal(head->path, STR("/pour/tight")) ? TIGHT : POURED_BYTES_MAX;
}

static void on_request(struct http_request *request, void *context)
{
    struct basin *basin = context;
    struct bucket *bucket = (struct bucket *)request->sink;
    if (request->user != NULL) {
        CHECK(bucket == NULL);
        CHECK_INT(request->body.size, 0);
        http_respond(request, &(struct http_response){.status = 403, .body = STR("no")});
        return;
    }
    if (bucket == NULL) {
        site_say(request, arena_format(request->arena, "held %zu", request->body.size));
        return;
    }
    CHECK_INT(request->body.size, 0);
    atomic_fetch_add(&basin->handled, 1);
    struct str text = arena_format(request->arena, "%zu %u", bucket->size, bucket->sum);
    free(bucket);
    site_say(request, text);
}

static struct basin *basin_open(struct http_limits limits)
{
    struct basin *basin = calloc(1, sizeof(struct basin));
    CHECK(basin != NULL);
    basin->site = site_open_with(limits, 1,
                                 (struct http_callbacks){.on_request = on_request,
                                                         .body_sink = open_sink,
                                                         .body_bytes_max = body_bytes_max,
                                                         .on_refusal = site_refuse,
                                                         .context = basin});
    return basin;
}

static struct http_limits basin_limits(void)
{
    struct http_limits limits = http_limits_default;
    limits.body_bytes = HELD_BYTES_MAX;
    return limits;
}

static void basin_close(struct basin *basin)
{
    site_close(basin->site);
    CHECK_INT(atomic_load(&basin->opened),
              atomic_load(&basin->handled) + atomic_load(&basin->abandoned));
    free(basin);
}

static void wait_until(const _Atomic unsigned *number, unsigned least)
{
    for (int i = 0; atomic_load(number) < least; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
}

static uint32_t sum_of(struct str bytes)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes.size; i++)
        sum = sum * 31 + (unsigned char)bytes.data[i];
    return sum;
}

static void fill(struct buf *buf, size_t size)
{
    for (size_t i = 0; i < size; i++)
        buf_append_byte(buf, (char)('a' + (i * 7 + i / 26) % 26));
}

static void append_sized(struct buf *bytes, const char *path, struct str body)
{
    buf_append_format(bytes, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", path,
                      body.size);
    buf_append(bytes, body);
}

static void append_chunked(struct buf *bytes, const char *path, struct str body, size_t chunk)
{
    buf_append_format(bytes, "POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                      path);
    for (size_t at = 0; at < body.size; at += chunk) {
        struct str part = str_slice(body, at, at + chunk);
        buf_append_format(bytes, "%zx\r\n", part.size);
        buf_append(bytes, part);
        buf_append(bytes, STR("\r\n"));
    }
    buf_append(bytes, STR("0\r\n\r\n"));
}

static void expect_poured(struct client *client, struct str body)
{
    char text[64];
    int size = snprintf(text, sizeof(text), "%zu %u", body.size, sum_of(body));
    CHECK_STR(client_read(client, false).body, ((struct str){text, (size_t)size}));
}

TEST(the_pieces_of_a_body_are_the_body_however_it_is_cut)
{
    struct basin *basin = basin_open(basin_limits());
    struct client client = client_open(basin->site);
    struct buf body;
    struct buf bytes;
    buf_open(&body, SIZE_MAX);
    buf_open(&bytes, SIZE_MAX);
    fill(&body, 200);
    append_sized(&bytes, "/pour", buf_str(&body));
    append_chunked(&bytes, "/pour", buf_str(&body), 7);
    append_sized(&bytes, "/held", buf_str(&body));
    struct str all = buf_str(&bytes);
    for (size_t step = 1; step < all.size; step = step * 2 + 1) {
        for (size_t at = 0; at < all.size; at += step)
            client_send(&client, str_slice(all, at, at + step));
        expect_poured(&client, buf_str(&body));
        expect_poured(&client, buf_str(&body));
        CHECK_STR(client_read(&client, false).body, STR("held 200"));
    }
    buf_close(&body);
    buf_close(&bytes);
    client_close(&client);
    basin_close(basin);
}

TEST(a_sink_takes_more_than_is_ever_held)
{
    struct basin *basin = basin_open(basin_limits());
    struct client client = client_open(basin->site);
    struct buf body;
    struct buf bytes;
    buf_open(&body, SIZE_MAX);
    buf_open(&bytes, SIZE_MAX);
    fill(&body, POURED_BYTES_MAX);
    append_sized(&bytes, "/pour", buf_str(&body));
    client_send(&client, buf_str(&bytes));
    expect_poured(&client, buf_str(&body));
    buf_clear(&bytes);
    append_chunked(&bytes, "/pour", buf_str(&body), 100000);
    client_send(&client, buf_str(&bytes));
    expect_poured(&client, buf_str(&body));
    client_close(&client);
    expect_refusal(basin->site,
                   STR("POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n"), 413);
    CHECK_INT(atomic_load(&basin->handled), 2);
    buf_close(&body);
    buf_close(&bytes);
    basin_close(basin);
}

TEST(a_route_bounds_what_its_sink_gets)
{
    struct basin *basin = basin_open(basin_limits());
    struct buf body;
    struct buf bytes;
    buf_open(&body, SIZE_MAX);
    buf_open(&bytes, SIZE_MAX);
    fill(&body, TIGHT);
    append_sized(&bytes, "/pour/tight", buf_str(&body));
    append_chunked(&bytes, "/pour/tight", buf_str(&body), 30);
    struct client client = client_open(basin->site);
    client_send(&client, buf_str(&bytes));
    expect_poured(&client, buf_str(&body));
    expect_poured(&client, buf_str(&body));
    client_close(&client);

    fill(&body, 1);
    buf_clear(&bytes);
    append_sized(&bytes, "/pour/tight", buf_str(&body));
    expect_refusal(basin->site, buf_str(&bytes), 413);
    CHECK_INT(atomic_load(&basin->opened), 2); /* known from the head: no sink was asked for */
    buf_clear(&bytes);
    append_chunked(&bytes, "/pour/tight", buf_str(&body), 30);
    expect_refusal(basin->site, buf_str(&bytes), 413);
    CHECK_INT(atomic_load(&basin->opened), 3);
    CHECK_INT(atomic_load(&basin->abandoned), 1);
    buf_close(&body);
    buf_close(&bytes);
    basin_close(basin);
}

static void expect_enough(struct basin *basin, struct str bytes)
{
    struct client client = client_open(basin->site);
    client_send(&client, bytes);
    struct reply reply = client_read(&client, false);
    CHECK_INT(reply.status, 200);
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&client);
    client_close(&client);
}

TEST(who_wants_no_more_answers_and_closes)
{
    struct basin *basin = basin_open(basin_limits());
    struct buf body;
    struct buf bytes;
    buf_open(&body, SIZE_MAX);
    buf_open(&bytes, SIZE_MAX);
    fill(&body, 3 * FEW);
    buf_append(&body, STR("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")); /* never read as a request */
    append_sized(&bytes, "/pour/few", buf_str(&body));
    expect_enough(basin, buf_str(&bytes));
    buf_clear(&bytes);
    append_chunked(&bytes, "/pour/few", buf_str(&body), 300);
    expect_enough(basin, buf_str(&bytes));
    CHECK_INT(atomic_load(&basin->handled), 2);
    CHECK_INT(http_counters_read(basin->site->server).requests, 2);
    buf_close(&body);
    buf_close(&bytes);
    basin_close(basin);
}

TEST(a_body_refused_at_its_head_is_not_read)
{
    struct basin *basin = basin_open(basin_limits());
    struct client client = client_open(basin->site);
    struct reply reply =
        client_ask(&client, STR("POST /pour/no HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n"
                                "Expect: 100-continue\r\n\r\n"));
    CHECK_INT(reply.status, 403); /* and no 100 before it */
    CHECK_STR(reply.body, STR("no"));
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&client);
    client_close(&client);
    client = client_open(basin->site);
    reply =
        client_ask(&client, STR("POST /pour/no HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\n"
                                "GET /held HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(reply.status, 403);
    client_expect_end(&client);
    client_close(&client);
    CHECK_INT(atomic_load(&basin->opened), 0);
    basin_close(basin);
}

TEST(a_sink_is_asked_before_continue_is_said)
{
    struct basin *basin = basin_open(basin_limits());
    struct client client = client_open(basin->site);
    CHECK_INT(client_ask(&client, STR("POST /pour HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                                      "Expect: 100-continue\r\n\r\n"))
                  .status,
              100);
    CHECK_INT(atomic_load(&basin->opened), 1);
    client_send(&client, STR("abc"));
    expect_poured(&client, STR("abc"));
    client_close(&client);
    basin_close(basin);
}

TEST(a_request_without_a_body_has_no_sink)
{
    struct basin *basin = basin_open(basin_limits());
    struct client client = client_open(basin->site);
    CHECK_STR(client_ask(&client, STR("POST /pour HTTP/1.1\r\nHost: a\r\n\r\n")).body,
              STR("held 0"));
    client_send(&client, STR("POST /pour HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "0\r\n\r\n"));
    expect_poured(&client, STR("")); /* one that turns out empty has */
    client_close(&client);
    basin_close(basin);
}

TEST(whatever_ends_a_body_early_abandons_its_sink)
{
    struct http_limits limits = basin_limits();
    limits.body_timeout_ms = 60;
    struct basin *basin = basin_open(limits);
    struct client client = client_open(basin->site);
    client_send(&client, STR("POST /pour HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"));
    wait_until(&basin->opened, 1);
    client_close(&client);
    wait_until(&basin->abandoned, 1);

    expect_refusal(basin->site, /* too slow, by the route's own time */
                   STR("POST /pour/tight HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"),
                   408);
    CHECK_INT(atomic_load(&basin->abandoned), 2);
    expect_refusal(basin->site,
                   STR("POST /pour HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\nx"),
                   400);
    CHECK_INT(atomic_load(&basin->abandoned), 3);
    CHECK_INT(atomic_load(&basin->handled), 0);
    basin_close(basin);
}

TEST(a_body_that_may_be_long_has_longer_but_not_at_any_rate)
{
    struct http_limits limits = basin_limits();
    limits.body_timeout_ms = 100; /* POURED_BYTES_MAX is 64 times body_bytes: 6.4 seconds */
    limits.body_bytes_per_second_min = 0;
    struct basin *basin = basin_open(limits);
    struct client client = client_open(basin->site);
    client_send(&client, STR("POST /pour HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf"));
    usleep(500000);
    client_send(&client, STR("half"));
    expect_poured(&client, STR("halfhalf"));
    client_close(&client);
    basin_close(basin);

    limits.body_bytes_per_second_min = 1000000;
    basin = basin_open(limits);
    int64_t began_us = clock_monotonic_us();
    expect_refusal(basin->site,
                   STR("POST /pour HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf"), 408);
    CHECK(clock_monotonic_us() - began_us < 3000000);
    basin_close(basin);
}

static void *close_server(void *argument)
{
    struct basin *basin = argument;
    http_close(basin->site->server);
    return NULL;
}

TEST(a_server_that_closes_lets_a_body_end_or_abandons_it)
{
    struct http_limits limits = basin_limits();
    limits.drain_timeout_ms = 300;
    struct basin *basin = basin_open(limits);
    struct client stuck = client_open(basin->site);
    client_send(&stuck, STR("POST /pour HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"));
    struct client client = client_open(basin->site);
    client_send(&client, STR("POST /pour HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha"));
    wait_until(&basin->opened, 2);
    pthread_t closer;
    CHECK_INT(pthread_create(&closer, NULL, close_server, basin), 0);
    client_send(&client, STR("lf"));
    expect_poured(&client, STR("half"));
    client_expect_end(&client);
    CHECK_INT(pthread_join(closer, NULL), 0);
    CHECK_INT(atomic_load(&basin->abandoned), 1);
    CHECK_INT(atomic_load(&basin->handled), 1);
    client_close(&client);
    client_close(&stuck);
    site_free(basin->site);
    free(basin);
}

TESTS(the_pieces_of_a_body_are_the_body_however_it_is_cut, a_sink_takes_more_than_is_ever_held,
      a_route_bounds_what_its_sink_gets, who_wants_no_more_answers_and_closes,
      a_body_refused_at_its_head_is_not_read, a_sink_is_asked_before_continue_is_said,
      a_request_without_a_body_has_no_sink, whatever_ends_a_body_early_abandons_its_sink,
      a_body_that_may_be_long_has_longer_but_not_at_any_rate,
      a_server_that_closes_lets_a_body_end_or_abandons_it)
