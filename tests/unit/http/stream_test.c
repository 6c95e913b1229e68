/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream - answers without an end: what the reader gets, when, and how it ends.
 *
 * The server is a river: /stream begins one that says "hello\n" at once. What all streams do next
 * is told by numbers that every loop works off when it is woken.
 */
#include <pthread.h>

#include "client.h"

#include "base/sanitized.h"

enum { LOOPS_MAX = 2, STREAMS_MAX = 16, BOULDER_BYTES = SHARED_BYTES };

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

struct river;

struct boat { /* one stream */
    struct river *river;
    struct http_stream *stream; /* NULL: free */
    unsigned told;              /* of river->lines */
    unsigned boulders;          /* of river->boulders */
    bool is_slow;
    struct bank *bank;
};

struct bank { /* one loop */
    struct boat boats[STREAMS_MAX];
};

struct river {
    struct site *site;
    struct bank banks[LOOPS_MAX];
    struct http_request *held;
    char *boulder;
    _Atomic unsigned banks_used;
    _Atomic unsigned lines, boulders; /* how many every stream shall have had */
    _Atomic bool must_end, must_cut, ignores_drain;
    _Atomic unsigned closed, drained, released, missed, wakes;
    _Atomic size_t most_unsent;
};

static void release_boulder(void *owner)
{
    struct river *river = owner;
    atomic_fetch_add(&river->released, 1);
}

static void work_off(struct boat *boat)
{
    struct river *river = boat->river;
    for (; boat->told < atomic_load(&river->lines); boat->told++) {
        char line[16];
        int size = snprintf(line, sizeof(line), "%u\n", boat->told);
        http_stream_send(boat->stream, (struct str){line, (size_t)size}, NULL, NULL);
    }
    for (; boat->boulders < atomic_load(&river->boulders); boat->boulders++)
        http_stream_send(boat->stream, (struct str){river->boulder, BOULDER_BYTES}, river,
                         release_boulder);
    size_t unsent = http_stream_unsent_bytes(boat->stream);
    if (unsent > atomic_load(&river->most_unsent))
        atomic_store(&river->most_unsent, unsent);
    if (atomic_load(&river->must_end))
        http_stream_end(boat->stream);
    if (atomic_load(&river->must_cut))
        http_stream_cut(boat->stream);
}

static void on_close(struct http_stream *stream, void *user)
{
    struct boat *boat = user;
    CHECK(boat->stream == stream);
    boat->stream = NULL;
    atomic_fetch_add(&boat->river->closed, 1);
}

static void on_drained(struct http_stream *stream, void *user)
{
    struct boat *boat = user;
    CHECK(boat->stream == stream);
    CHECK_INT(http_stream_unsent_bytes(stream), 0);
    atomic_fetch_add(&boat->river->drained, 1);
}

static const struct http_stream_events events = {on_close, on_drained};

static struct bank *bank_of(struct river *river, struct http_loop *loop)
{
    struct bank *bank = http_loop_streams(loop);
    if (bank == NULL) {
        bank = &river->banks[atomic_fetch_add(&river->banks_used, 1)];
        http_loop_set_streams(loop, bank);
    }
    return bank;
}

static void launch(struct river *river, struct http_request *request)
{
    struct bank *bank = bank_of(river, request->loop);
    struct boat *boat = bank->boats;
    while (boat->stream != NULL)
        boat++;
    CHECK(boat < bank->boats + STREAMS_MAX);
    *boat = (struct boat){.river = river, .bank = bank};
    boat->stream =
        http_stream_begin(request, 200, STR("Content-Type: text/x-river\r\n"), &events, boat);
    if (boat->stream == NULL)
        atomic_fetch_add(&river->missed, 1);
    else
        http_stream_send(boat->stream, STR("hello\n"), NULL, NULL);
}

static void nothing(struct http_request *request)
{
    (void)request;
}

static void launch_later(struct http_request *request)
{
    launch(request->user, request);
}

static void on_request(struct http_request *request, void *context)
{
    struct river *river = context;
    request->user = river;
    if (str_equal(request->path, STR("/stream"))) {
        launch(river, request);
    } else if (str_equal(request->path, STR("/later"))) {
        CHECK(http_offload(request, nothing, launch_later));
    } else if (str_equal(request->path, STR("/hold"))) {
        river->held = request;
    } else if (str_equal(request->path, STR("/launch"))) {
        struct http_request *held = river->held;
        river->held = NULL;
        launch(river, held);
        site_say(request, STR("launched"));
    } else {
        site_echo(request);
    }
}

static void on_wake(struct http_loop *loop, bool is_draining, void *context)
{
    struct river *river = context;
    struct bank *bank = http_loop_streams(loop);
    atomic_fetch_add(&river->wakes, 1);
    for (size_t i = 0; bank != NULL && i < STREAMS_MAX; i++) {
        if (bank->boats[i].stream == NULL)
            continue;
        work_off(&bank->boats[i]);
        if (is_draining && !atomic_load(&river->ignores_drain))
            http_stream_end(bank->boats[i].stream);
    }
}

static struct river *river_open(struct http_limits limits, unsigned loop_count)
{
    struct river *river = calloc(1, sizeof(struct river));
    CHECK(river != NULL);
    river->boulder = malloc(BOULDER_BYTES);
    CHECK(river->boulder != NULL);
    memset(river->boulder, 'b', BOULDER_BYTES);
    river->site = site_open_with(limits, loop_count,
                                 (struct http_callbacks){.on_wake = on_wake,
                                                         .on_request = on_request,
                                                         .on_refusal = site_refuse,
                                                         .context = river});
    return river;
}

static void river_close(struct river *river)
{
    site_close(river->site);
    free(river->boulder);
    free(river);
}

static struct client board(struct river *river)
{
    struct client client = client_open(river->site);
    struct reply reply = client_ask(&client, STR(GET("/stream")));
    CHECK_INT(reply.status, 200);
    return client;
}

static void tell(struct river *river, _Atomic unsigned *number, unsigned value)
{
    atomic_store(number, value);
    http_wake(river->site->server);
}

/* The data of exactly the next `size` body bytes; chunk heads are walked over. */
static void read_chunked(struct client *client, struct buf *data, size_t size)
{
    while (data->size < size) {
        struct str unread = client_unread(client);
        size_t line = find_text(unread, "\r\n");
        size_t length = 0;
        for (size_t i = 0; line != SIZE_MAX && i < line; i++) {
            const char *digits = "0123456789abcdef";
            CHECK(strchr(digits, unread.data[i]) != NULL);
            length = length * 16 + (size_t)(strchr(digits, unread.data[i]) - digits);
        }
        if (line == SIZE_MAX || unread.size < line + 2 + length + 2) {
            CHECK(client_receive(client));
            continue;
        }
        CHECK(length > 0);
        buf_append(data, str_slice(unread, line + 2, line + 2 + length));
        CHECK_STR(str_slice(unread, line + 2 + length, line + 4 + length), STR("\r\n"));
        client->taken += line + 4 + length;
    }
    CHECK_INT(data->size, size);
}

static void expect_data(struct client *client, struct str expected)
{
    struct buf data;
    buf_open(&data, SIZE_MAX);
    read_chunked(client, &data, expected.size);
    CHECK_STR(buf_str(&data), expected);
    buf_close(&data);
}

static void wait_until(const _Atomic unsigned *number, unsigned least)
{
    for (int i = 0; atomic_load(number) < least; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
}

TEST(a_stream_says_its_head_and_its_first_bytes_at_once)
{
    struct river *river = river_open(http_limits_default, 1);
    struct client client = client_open(river->site);
    struct reply reply = client_ask(&client, STR(GET("/stream")));
    CHECK_INT(reply.status, 200);
    CHECK_STR(reply_header(&reply, "Transfer-Encoding"), STR("chunked"));
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    CHECK_STR(reply_header(&reply, "Content-Type"), STR("text/x-river"));
    CHECK_STR(reply_header(&reply, "X-Content-Type-Options"), STR("nosniff"));
    CHECK(str_is_absent(reply_header(&reply, "Content-Length")));
    expect_data(&client, STR("hello\n"));
    CHECK_INT(atomic_load(&river->closed), 0);
    CHECK_INT(http_counters_read(river->site->server).streams_open, 1);
    client_close(&client);
    river_close(river);
}

TEST(http_1_0_gets_the_bare_bytes)
{
    struct river *river = river_open(http_limits_default, 1);
    struct client client = client_open(river->site);
    struct reply reply =
        client_ask(&client, STR("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    CHECK(str_is_absent(reply_header(&reply, "Transfer-Encoding")));
    while (client_unread(&client).size < 6)
        CHECK(client_receive(&client));
    CHECK_STR(client_unread(&client), STR("hello\n"));
    client.taken = client.size;
    atomic_store(&river->must_end, true);
    http_wake(river->site->server);
    client_expect_end(&client);
    client_close(&client);
    river_close(river);
}

TEST(many_sends_arrive_in_order_on_every_loop)
{
    enum { CLIENTS = 8, LINES = 5000 };
    struct river *river = river_open(http_limits_default, 2);
    struct client clients[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++)
        clients[i] = board(river);
    struct buf expected;
    buf_open(&expected, SIZE_MAX);
    buf_append(&expected, STR("hello\n"));
    for (unsigned i = 0; i < LINES; i++) {
        tell(river, &river->lines, i + 1);
        buf_append_format(&expected, "%u\n", i);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        expect_data(&clients[i], buf_str(&expected));
        client_close(&clients[i]);
    }
    wait_until(&river->closed, CLIENTS);
    CHECK(atomic_load(&river->banks_used) >= 1);
    buf_close(&expected);
    river_close(river);
}

TEST(a_slow_reader_makes_shared_bytes_wait_and_hears_all_of_them)
{
    enum { BOULDERS = 3 };
    struct river *river = river_open(http_limits_default, 1);
    struct client client = board(river);
    tell(river, &river->boulders, BOULDERS);
    struct client other = client_open(river->site); /* the loop is not held up */
    CHECK_INT(client_ask(&other, STR(GET("/e"))).status, 200);
    client_close(&other);
    while (atomic_load(&river->most_unsent) == 0)
        usleep(1000);
    CHECK(atomic_load(&river->released) < BOULDERS);
    CHECK_INT(atomic_load(&river->drained), 0);
    struct buf data;
    buf_open(&data, SIZE_MAX);
    read_chunked(&client, &data, 6 + (size_t)BOULDERS * BOULDER_BYTES);
    for (size_t i = 6; i < data.size; i++)
        CHECK(data.data[i] == 'b');
    buf_close(&data);
    wait_until(&river->drained, 1);
    CHECK_INT(atomic_load(&river->released), BOULDERS);
    client_close(&client);
    wait_until(&river->closed, 1);
    CHECK_INT(atomic_load(&river->drained), 1);
    river_close(river);
}

TEST(a_client_that_leaves_is_noticed_and_its_bytes_let_go)
{
    struct river *river = river_open(http_limits_default, 1);
    struct client quiet = board(river);
    struct client stuck = board(river);
    tell(river, &river->boulders, 2);
    while (atomic_load(&river->most_unsent) == 0)
        usleep(1000);
    client_close(&stuck);
    client_close(&quiet);
    wait_until(&river->closed, 2);
    CHECK_INT(atomic_load(&river->released), 4);
    CHECK_INT(http_counters_read(river->site->server).streams_open, 0);
    river_close(river);
}

TEST(a_client_that_only_stops_sending_has_left)
{
    struct river *river = river_open(http_limits_default, 1);
    struct client client = board(river);
    expect_data(&client, STR("hello\n"));
    shutdown(client.descriptor, SHUT_WR);
    client_expect_end(&client);
    wait_until(&river->closed, 1);
    client_close(&client);
    river_close(river);
}

TEST(what_a_client_says_into_its_stream_is_ignored)
{
    struct river *river = river_open(http_limits_default, 1);
    struct client client = client_open(river->site);
    client_send(&client, STR(GET("/e") GET("/stream") GET("/e") "POST nonsense"));
    CHECK_STR(client_read(&client, false).body, STR("GET /e? []"));
    CHECK_INT(client_read(&client, false).status, 200);
    expect_data(&client, STR("hello\n"));
    client_send(&client, STR(GET("/e") "more"));
    tell(river, &river->lines, 1);
    expect_data(&client, STR("0\n"));
    CHECK_INT(http_counters_read(river->site->server).requests, 2);
    CHECK_INT(http_counters_read(river->site->server).refusals, 0);
    client_close(&client);
    river_close(river);
}

TEST(an_end_can_be_told_from_a_cut)
{
    struct river *river = river_open(http_limits_default, 1);
    struct client client = board(river);
    expect_data(&client, STR("hello\n"));
    atomic_store(&river->must_end, true);
    tell(river, &river->lines, 1);
    expect_data(&client, STR("0\n"));
    while (client_receive(&client)) {
    }
    CHECK_STR(client_unread(&client), STR("0\r\n\r\n"));
    client_close(&client);
    wait_until(&river->closed, 1);

    atomic_store(&river->must_end, false);
    client = board(river);
    expect_data(&client, STR("hello\n"));
    atomic_store(&river->lines, 0);
    atomic_store(&river->must_cut, true);
    http_wake(river->site->server);
    while (client_receive(&client)) {
    }
    CHECK(!str_ends_with(client_unread(&client), STR("0\r\n\r\n")));
    client_close(&client);
    wait_until(&river->closed, 2);
    river_close(river);
}

TEST(the_answer_to_a_head_ends_with_its_head)
{
    struct river *river = river_open(http_limits_default, 1);
    struct client client = client_open(river->site);
    client_send(&client, STR("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n"));
    struct reply reply = client_read(&client, true);
    CHECK_INT(reply.status, 200);
    CHECK_STR(reply_header(&reply, "Content-Type"), STR("text/x-river"));
    client_expect_end(&client);
    wait_until(&river->closed, 1);
    client_close(&client);
    river_close(river);
}

TEST(a_stream_begun_later_is_as_good)
{
    struct river *river = river_open(http_limits_default, 2);
    struct client client = client_open(river->site);
    client_send(&client, STR(GET("/e") GET("/later") GET("/e")));
    CHECK_STR(client_read(&client, false).body, STR("GET /e? []"));
    CHECK_INT(client_read(&client, false).status, 200);
    expect_data(&client, STR("hello\n"));
    tell(river, &river->lines, 2);
    expect_data(&client, STR("0\n1\n"));
    client_close(&client);
    wait_until(&river->closed, 1);
    river_close(river);
}

TEST(no_stream_begins_for_somebody_who_left)
{
    struct river *river = river_open(http_limits_default, 1);
    struct client client = client_open(river->site);
    client_send(&client, STR(GET("/hold")));
    struct client other = client_open(river->site);
    do /* until both are held and the end of the first one's sending was read */
        CHECK_INT(client_ask(&other, STR(GET("/e"))).status, 200);
    while (http_counters_read(river->site->server).requests < 3);
    shutdown(client.descriptor, SHUT_WR);
    usleep(20000);
    CHECK_INT(client_ask(&other, STR(GET("/e"))).status, 200);
    CHECK_STR(client_ask(&other, STR(GET("/launch"))).body, STR("launched"));
    CHECK_INT(atomic_load(&river->missed), 1);
    client_expect_end(&client);
    CHECK_INT(client.size, 0);
    client_close(&client);

    client = client_open(river->site); /* and when it is gone altogether */
    uint64_t so_far = http_counters_read(river->site->server).requests;
    client_send(&client, STR(GET("/hold")));
    while (http_counters_read(river->site->server).requests == so_far)
        usleep(1000);
    struct linger reset = {.l_onoff = 1};
    setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    client_close(&client);
    while (http_counters_read(river->site->server).connections_open > 1)
        usleep(1000);
    CHECK_STR(client_ask(&other, STR(GET("/launch"))).body, STR("launched"));
    CHECK_INT(atomic_load(&river->missed), 2);
    CHECK_INT(atomic_load(&river->closed), 0);
    client_close(&other);
    river_close(river);
}

TEST(no_timeout_applies_to_a_stream)
{
    enum { SHORT_MS = IS_SANITIZED ? 500 : 100 }; /* a handshake has to fit */
    struct http_limits limits = http_limits_default;
    limits.header_timeout_ms = SHORT_MS;
    limits.idle_timeout_ms = SHORT_MS;
    limits.handler_timeout_ms = SHORT_MS;
    limits.write_timeout_ms = SHORT_MS;
    struct river *river = river_open(limits, 1);
    struct client client = board(river);
    struct client stuck = board(river);
    tell(river, &river->boulders, 1); /* the stuck one does not read: that is not ours to punish */
    struct client idle = client_open(river->site);
    client_expect_end(&idle); /* so that long it was */
    client_close(&idle);
    usleep(6 * SHORT_MS * 1000);
    tell(river, &river->lines, 1);
    struct buf data;
    buf_open(&data, SIZE_MAX);
    read_chunked(&client, &data, 6 + BOULDER_BYTES + 2);
    CHECK(str_ends_with(buf_str(&data), STR("b0\n")));
    buf_clear(&data);
    read_chunked(&stuck, &data, 6 + BOULDER_BYTES + 2);
    CHECK(str_ends_with(buf_str(&data), STR("b0\n")));
    buf_close(&data);
    CHECK_INT(atomic_load(&river->closed), 0);
    client_close(&client);
    client_close(&stuck);
    river_close(river);
}

TEST(a_loop_with_streams_is_woken_about_once_a_second)
{
    struct river *river = river_open(http_limits_default, 1);
    struct client client = board(river);
    int64_t began_us = clock_monotonic_us();
    wait_until(&river->wakes, 3); /* the first comes soon */
    int64_t took_us = clock_monotonic_us() - began_us;
    CHECK(took_us > 1000000);
    CHECK(took_us < 5000000);
    client_close(&client);
    river_close(river);
}

TEST(streams_come_to_their_end_when_the_server_closes)
{
    struct river *river = river_open(http_limits_default, 2);
    struct client client = board(river);
    expect_data(&client, STR("hello\n"));
    int64_t began_us = clock_monotonic_us();
    http_close(river->site->server);
    CHECK(clock_monotonic_us() - began_us < 5000000);
    while (client_receive(&client)) {
    }
    CHECK_STR(client_unread(&client), STR("0\r\n\r\n"));
    CHECK_INT(atomic_load(&river->closed), 1);
    client_close(&client);
    site_free(river->site);
    free(river->boulder);
    free(river);
}

TEST(streams_that_do_not_end_are_cut_when_the_time_is_up)
{
    struct http_limits limits = http_limits_default;
    limits.drain_timeout_ms = 100;
    struct river *river = river_open(limits, 1);
    atomic_store(&river->ignores_drain, true);
    struct client client = board(river);
    struct client stuck = board(river);
    tell(river, &river->boulders, 1);
    while (atomic_load(&river->most_unsent) == 0)
        usleep(1000);
    http_close(river->site->server);
    CHECK_INT(atomic_load(&river->closed), 2);
    CHECK_INT(atomic_load(&river->released), 2);
    client_close(&client);
    client_close(&stuck);
    site_free(river->site);
    free(river->boulder);
    free(river);
}

/* Its reader comes back to the successor, which is not to wait until somebody reads. */
TEST(a_reader_who_does_not_read_does_not_hold_up_a_successor)
{
    struct http_limits limits = http_limits_default;
    limits.drain_timeout_ms = 20000;
    limits.write_timeout_ms = 20000;
    struct river *river = river_open(limits, 1);
    struct client stuck = board(river);
    int socket_kept = -1;
    tell(river, &river->boulders, 1);
    while (atomic_load(&river->most_unsent) == 0)
        usleep(1000);
    CHECK_INT(http_keep_listeners(river->site->server, &socket_kept, 1), 1);
    int64_t began_us = clock_monotonic_us();
    http_close(river->site->server);
    int64_t took_us = clock_monotonic_us() - began_us;
    CHECK(took_us > 500000);
    CHECK(took_us < 10000000);
    CHECK_INT(atomic_load(&river->released), 1);
    close(socket_kept);
    client_close(&stuck);
    site_free(river->site);
    free(river->boulder);
    free(river);
}

TESTS(a_stream_says_its_head_and_its_first_bytes_at_once, http_1_0_gets_the_bare_bytes,
      many_sends_arrive_in_order_on_every_loop,
      a_slow_reader_makes_shared_bytes_wait_and_hears_all_of_them,
      a_client_that_leaves_is_noticed_and_its_bytes_let_go,
      a_client_that_only_stops_sending_has_left, what_a_client_says_into_its_stream_is_ignored,
      an_end_can_be_told_from_a_cut, the_answer_to_a_head_ends_with_its_head,
      a_stream_begun_later_is_as_good, no_stream_begins_for_somebody_who_left,
      no_timeout_applies_to_a_stream, a_loop_with_streams_is_woken_about_once_a_second,
      streams_come_to_their_end_when_the_server_closes,
      streams_that_do_not_end_are_cut_when_the_time_is_up,
      a_reader_who_does_not_read_does_not_hold_up_a_successor)
