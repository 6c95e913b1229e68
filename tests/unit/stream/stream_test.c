/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream - who follows an environment hears what is new, once, and at last the newest.
 *
 * A server of its own, whose GET /<environment>/<channel> is a stream, and a clock that stands
 * still unless a test moves it. The body of a snapshot is its text, followed by the channel.
 */
#include <pthread.h>

#include "../http/client.h"
#include "gazette.h"
#include "stream/stream.h"

struct square {
    struct gazette gazette;
    struct site *site;
    struct stream_hub *hub;
    struct stream_kind kind;
};

/* What render() counts; it is handed nothing of a test's. */
static _Atomic unsigned rendered[GAZETTE_ENVIRONMENTS + 1];
static _Atomic bool renders_nothing;

static struct shared_body *render(const struct view *view, const struct snapshot *snapshot,
                                  uint64_t channel)
{
    CHECK(view_find(view, snapshot->environment) == snapshot);
    if (atomic_load(&renders_nothing))
        return NULL;
    struct shared_body *kept = snapshot_find_body(snapshot, channel);
    if (kept != NULL)
        return kept;
    atomic_fetch_add(&rendered[snapshot->environment], 1);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, snapshot->renderings[0].body);
    buf_append_format(&buf, " for %llu\n", (unsigned long long)channel);
    return snapshot_keep_body(snapshot, channel, shared_body_make(&buf));
}

static const struct stream_kind kind = {
    .headers = STR("Content-Type: text/event-stream\r\n"),
    .heartbeat = STR("tick\n"),
    .heartbeat_ms = 15000,
    .render = render,
};

/* /1/7 follows environment 1 on channel 7 with credential key_1; /2/7 with key_2. */
static void on_request(struct http_request *request, void *context)
{
    struct square *square = context;
    if (str_equal(request->path, STR("/e"))) {
        site_say(request, STR("here"));
        return;
    }
    uint64_t environment = (uint64_t)(request->path.data[1] - '0');
    uint64_t channel = 0;
    CHECK(str_parse_u64(str_slice(request->path, 3, request->path.size), &channel));
    const struct stream_request wanted = {
        .kind = &kind,
        .environment = environment,
        .channel = channel,
        .credential_id = arena_format(request->arena, "key_%llu", (unsigned long long)environment),
    };
    struct fault fault = stream_open(square->hub, request, &wanted);
    if (failed(fault))
        http_respond(request, &(struct http_response){.status = 500 + (int)fault.kind});
}

static void on_wake(struct http_loop *loop, bool is_draining, void *context)
{
    struct square *square = context;
    stream_hub_wake(square->hub, loop, is_draining);
}

static struct stream_limits test_limits(void)
{
    struct stream_limits limits = stream_limits_default;
    limits.streams_max = 1000;
    return limits;
}

static struct square *square_open_with(struct stream_limits limits, unsigned loop_count)
{
    struct square *square = calloc(1, sizeof(struct square));
    CHECK(square != NULL);
    gazette_open(&square->gazette);
    for (uint64_t i = 1; i <= GAZETTE_ENVIRONMENTS; i++)
        gazette_add_credential(
            &square->gazette,
            (struct credential_row){
                .id = arena_format(&square->gazette.arena, "key_%llu", (unsigned long long)i),
                .kind = CREDENTIAL_SERVER_DEPLOYMENT,
                .environment = i,
                .deployment = i,
            });
    gazette_publish(&square->gazette);
    for (size_t i = 0; i <= GAZETTE_ENVIRONMENTS; i++)
        atomic_store(&rendered[i], 0);
    atomic_store(&renders_nothing, false);
    square->hub = stream_hub_open(square->gazette.views, &square->gazette.clock, &limits);
    struct http_limits http_limits = http_limits_default;
    http_limits.drain_timeout_ms = 20000;
    square->site = site_open_with(
        http_limits, loop_count,
        (struct http_callbacks){.on_wake = on_wake, .on_request = on_request, .context = square});
    stream_hub_attach(square->hub, square->site->server);
    return square;
}

static struct square *square_open(void)
{
    return square_open_with(test_limits(), 1);
}

static void square_free(struct square *square)
{
    CHECK_INT(stream_counters_read(square->hub).open, 0);
    stream_hub_close(square->hub);
    gazette_close(&square->gazette);
    free(square);
}

static void square_close(struct square *square)
{
    CHECK_INT(stream_counters_read(square->hub).open, 0);
    stream_hub_attach(square->hub, NULL);
    site_close(square->site);
    square_free(square);
}

static void wait_for_open(struct square *square, uint64_t count)
{
    for (int i = 0; stream_counters_read(square->hub).open != count; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
}

static void leave(struct square *square, struct client *client)
{
    uint64_t open = stream_counters_read(square->hub).open;
    client_close(client);
    wait_for_open(square, open - 1);
}

static void pass_time(struct square *square, int64_t by_ms)
{
    atomic_fetch_add(&square->gazette.now_ms, by_ms);
    stream_hub_notify(square->hub);
}

static void write_text(struct square *square, uint64_t environment, const char *text)
{
    gazette_write(&square->gazette, environment, str_of(text));
    stream_hub_notify(square->hub);
}

/* Bare bytes are easier to compare: HTTP/1.0. */
static struct client follow(struct square *square, const char *path)
{
    char text[128];
    int size = snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\n\r\n", path);
    struct client client = client_open(square->site);
    struct reply reply = client_ask(&client, (struct str){text, (size_t)size});
    CHECK_INT(reply.status, 200);
    CHECK_STR(reply_header(&reply, "Content-Type"), STR("text/event-stream"));
    return client;
}

static void expect(struct client *client, const char *text)
{
    struct str expected = str_of(text);
    while (client_unread(client).size < expected.size)
        CHECK(client_receive(client));
    CHECK_STR(str_slice(client_unread(client), 0, expected.size), expected);
    client->taken += expected.size;
}

/* The loop has had its turn, and there is nothing for this one. */
static void expect_silence(struct square *square, struct client *client)
{
    stream_hub_notify(square->hub);
    for (int i = 0; i < 3; i++) {
        struct client other = client_open(square->site);
        CHECK_INT(client_ask(&other, STR("GET /e HTTP/1.0\r\n\r\n")).status, 200);
        client_close(&other);
    }
    char byte;
    CHECK_INT(client_unread(client).size, 0);
    CHECK_INT(recv(client->descriptor, &byte, 1, MSG_DONTWAIT), -1);
    CHECK_INT(errno, EAGAIN);
}

TEST(the_newest_body_comes_at_once_and_each_change_after_it)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    write_text(square, 1, "two");
    expect(&client, "two for 7\n");
    pass_time(square, 1000);
    write_text(square, 1, "three");
    expect(&client, "three for 7\n");
    struct client late = follow(square, "/1/7");
    expect(&late, "three for 7\n");
    expect_silence(square, &client);
    leave(square, &late);
    leave(square, &client);
    struct stream_counters counters = stream_counters_read(square->hub);
    CHECK_INT(counters.opened, 2);
    CHECK_INT(counters.sent, 4);
    CHECK_INT(counters.skipped, 0);
    square_close(square);
}

TEST(a_body_is_rendered_once_for_all_who_follow_it_and_for_nobody_else)
{
    enum { CLIENTS = 20 };
    struct square *square = square_open();
    struct client clients[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = follow(square, i % 2 == 0 ? "/1/7" : "/1/8");
        expect(&clients[i], i % 2 == 0 ? "one for 7\n" : "one for 8\n");
    }
    struct client other = follow(square, "/2/7");
    expect(&other, "one for 7\n");
    CHECK_INT(atomic_load(&rendered[1]), 2);
    CHECK_INT(atomic_load(&rendered[2]), 1);
    write_text(square, 1, "two");
    for (size_t i = 0; i < CLIENTS; i++)
        expect(&clients[i], i % 2 == 0 ? "two for 7\n" : "two for 8\n");
    expect_silence(square, &other);
    CHECK_INT(atomic_load(&rendered[1]), 4);
    CHECK_INT(atomic_load(&rendered[2]), 1);
    CHECK_INT(atomic_load(&rendered[3]), 0);
    for (size_t i = 0; i < CLIENTS; i++)
        leave(square, &clients[i]);
    leave(square, &other);
    square_close(square);
}

TEST(a_change_that_alters_nothing_is_not_sent)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    write_text(square, 1, "one");
    expect_silence(square, &client);
    pass_time(square, 1000);
    expect_silence(square, &client);
    write_text(square, 1, "two");
    expect(&client, "two for 7\n");
    leave(square, &client);
    square_close(square);
}

TEST(changes_in_quick_succession_are_taken_together_and_the_last_one_comes)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    write_text(square, 1, "first"); /* after a pause: at once */
    expect(&client, "first for 7\n");
    for (int i = 0; i < 50; i++) {
        char text[32];
        snprintf(text, sizeof(text), "number %d", i);
        write_text(square, 1, text);
    }
    expect_silence(square, &client);
    unsigned before = atomic_load(&rendered[1]);
    pass_time(square, 60);
    expect(&client, "number 49 for 7\n");
    CHECK_INT(atomic_load(&rendered[1]), before + 1);
    expect_silence(square, &client);
    leave(square, &client);
    square_close(square);
}

TEST(who_comes_between_a_change_and_its_announcement_hears_it_once)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    write_text(square, 1, "two");
    expect(&client, "two for 7\n");
    gazette_write(&square->gazette, 1, STR("three")); /* visible, not announced yet */
    struct client late = follow(square, "/1/7");
    expect(&late, "three for 7\n");
    expect_silence(square, &client); /* the moment for the others has not come */
    pass_time(square, 1000);
    expect(&client, "three for 7\n");
    expect_silence(square, &late);
    write_text(square, 1, "four");
    pass_time(square, 1000);
    expect(&client, "four for 7\n");
    expect(&late, "four for 7\n");
    leave(square, &late);
    leave(square, &client);
    square_close(square);
}

TEST(more_streams_than_fit_into_one_turn_all_hear_it_on_every_loop)
{
    enum { CLIENTS = 700 };
    struct square *square = square_open_with(test_limits(), 2);
    static struct client clients[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++)
        clients[i] = follow(square, "/1/7");
    for (size_t i = 0; i < CLIENTS; i++)
        expect(&clients[i], "one for 7\n");
    CHECK(atomic_load(&rendered[1]) <= 2); /* both loops may have begun at the same moment */
    write_text(square, 1, "two");
    for (size_t i = 0; i < CLIENTS; i++)
        expect(&clients[i], "two for 7\n");
    CHECK(atomic_load(&rendered[1]) <= 4);
    pass_time(square, 15000);
    for (size_t i = 0; i < CLIENTS; i++)
        expect(&clients[i], "tick\n");
    CHECK_INT(stream_counters_read(square->hub).open, CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
    wait_for_open(square, 0);
    square_close(square);
}

TEST(a_heartbeat_comes_after_silence_and_only_then)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    pass_time(square, 13000);
    expect_silence(square, &client);
    pass_time(square, 3000);
    expect(&client, "tick\n");
    for (int i = 0; i < 40; i++) {
        pass_time(square, 15000);
        expect(&client, "tick\n");
    }
    pass_time(square, 10000);
    write_text(square, 1, "two");
    expect(&client, "two for 7\n");
    pass_time(square, 10000); /* something was said meanwhile */
    expect_silence(square, &client);
    pass_time(square, 6000);
    expect(&client, "tick\n");
    CHECK_INT(stream_counters_read(square->hub).heartbeats, 42);
    leave(square, &client);
    square_close(square);
}

/* More than the kernel takes for a reader that does not read. */
static char *large_text(char letter, size_t size)
{
    char *text = malloc(size + 1);
    CHECK(text != NULL);
    memset(text, letter, size);
    text[size] = '\0';
    return text;
}

enum { LARGE = 12 * 1024 * 1024 };

TEST(a_slow_reader_skips_what_it_missed_and_gets_the_newest)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    char *large = large_text('x', LARGE);
    write_text(square, 1, large);
    for (int i = 0; stream_counters_read(square->hub).sent < 2; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
    static const char *const later[] = {"two", "three", "four"};
    for (size_t i = 0; i < COUNT_OF(later); i++) {
        struct client quick = follow(square, "/1/7"); /* it is not waited for */
        client_close(&quick);
        write_text(square, 1, later[i]);
        pass_time(square, 100);
        struct client other = client_open(square->site);
        CHECK_INT(client_ask(&other, STR("GET /e HTTP/1.0\r\n\r\n")).status, 200);
        client_close(&other);
    }
    wait_for_open(square, 1);
    for (size_t left = LARGE; left > 0; left--) { /* now it reads */
        if (client_unread(&client).size == 0) {
            client.size = 0;
            client.taken = 0;
            CHECK(client_receive(&client));
        }
        CHECK(client_unread(&client).data[0] == 'x');
        client.taken++;
    }
    expect(&client, " for 7\n");
    expect(&client, "four for 7\n");
    CHECK_INT(stream_counters_read(square->hub).skipped, 2);
    expect_silence(square, &client);
    free(large);
    leave(square, &client);
    square_close(square);
}

TEST(who_takes_too_little_for_too_long_is_cut)
{
    struct square *square = square_open();
    struct client stalled = follow(square, "/1/7");
    struct client brisk = follow(square, "/1/7");
    char *large = large_text('x', LARGE);
    write_text(square, 1, large);
    for (int i = 0; stream_counters_read(square->hub).sent < 4; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
    pass_time(square, 9000);
    for (int i = 0; stream_counters_read(square->hub).unsent_bytes <= 64 * 1024; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
    CHECK_INT(stream_counters_read(square->hub).open, 2);
    size_t taken = 0; /* the brisk one takes a part, by far not all */
    while (taken < LARGE / 2) {
        CHECK(client_receive(&brisk));
        taken += brisk.size;
        brisk.size = 0;
    }
    pass_time(square, 2000);
    wait_for_open(square, 1);
    CHECK_INT(stream_counters_read(square->hub).cut, 1);
    while (client_receive(&stalled))
        stalled.size = 0;
    client_close(&stalled);
    while (taken < LARGE) {
        CHECK(client_receive(&brisk));
        taken += brisk.size;
        brisk.size = 0;
    }
    CHECK_INT(stream_counters_read(square->hub).cut, 1);
    leave(square, &brisk);
    free(large);
    square_close(square);
}

static void expect_end(struct client *client)
{
    client_expect_end(client);
    client_close(client);
}

TEST(a_stream_ends_with_its_credential)
{
    struct square *square = square_open();
    struct client one = follow(square, "/1/7");
    struct client other = follow(square, "/2/7");
    expect(&one, "one for 7\n");
    expect(&other, "one for 7\n");
    gazette_remove_credential(&square->gazette, STR("key_1"));
    gazette_publish(&square->gazette);
    stream_hub_notify(square->hub);
    expect_end(&one);
    expect_silence(square, &other);
    struct client refused = client_open(square->site);
    CHECK_INT(client_ask(&refused, STR("GET /1/7 HTTP/1.0\r\n\r\n")).status,
              500 + FAULT_UNAUTHENTICATED);
    client_close(&refused);
    leave(square, &other);
    square_close(square);
}

TEST(a_stream_ends_with_its_deployment_and_with_its_time)
{
    struct square *square = square_open();
    struct client archived = follow(square, "/1/7");
    struct client expiring = follow(square, "/2/7");
    struct client lasting = follow(square, "/3/7");
    expect(&archived, "one for 7\n");
    expect(&expiring, "one for 7\n");
    expect(&lasting, "one for 7\n");
    square->gazette.deployments[0].is_archived = true;
    square->gazette.credentials[1].expires_ms = gazette_now(&square->gazette.clock) + 5000;
    gazette_make_catalog(&square->gazette);
    gazette_publish(&square->gazette);
    stream_hub_notify(square->hub);
    expect_end(&archived);
    pass_time(square, 4000);
    expect_silence(square, &expiring);
    pass_time(square, 1000);
    expect_end(&expiring);
    expect_silence(square, &lasting);
    leave(square, &lasting);
    square_close(square);
}

TEST(where_there_is_nothing_to_send_a_stream_does_not_begin_or_ends)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    atomic_store(&renders_nothing, true);
    write_text(square, 1, "two");
    expect_end(&client);
    struct client refused = client_open(square->site);
    CHECK_INT(client_ask(&refused, STR("GET /1/7 HTTP/1.0\r\n\r\n")).status,
              500 + FAULT_UNAVAILABLE);
    client_close(&refused);
    wait_for_open(square, 0);
    CHECK_FAULT(stream_open(NULL, NULL, NULL), FAULT_UNAVAILABLE);
    square_close(square);
}

TEST(only_so_many_streams_are_open)
{
    struct stream_limits limits = test_limits();
    limits.streams_max = 2;
    struct square *square = square_open_with(limits, 1);
    struct client first = follow(square, "/1/7");
    struct client second = follow(square, "/2/7");
    struct client third = client_open(square->site);
    CHECK_INT(client_ask(&third, STR("GET /1/7 HTTP/1.1\r\nHost: a\r\n\r\n")).status,
              500 + FAULT_LIMIT);
    leave(square, &first);
    CHECK_INT(client_ask(&third, STR("GET /1/7 HTTP/1.1\r\nHost: a\r\n\r\n")).status, 200);
    wait_for_open(square, 2);
    leave(square, &second);
    leave(square, &third);
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

static void *close_site(void *argument)
{
    struct square *square = argument;
    stream_hub_attach(square->hub, NULL);
    site_close(square->site);
    return NULL;
}

/* Waits until the number of open streams rests within bounds; steps of a drain are 20 ms. */
static void expect_open_between(struct square *square, uint64_t least, uint64_t most)
{
    for (int i = 0; stream_counters_read(square->hub).open > most; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
    usleep(100000);
    CHECK(stream_counters_read(square->hub).open >= least);
}

TEST(streams_end_one_after_the_other_when_the_server_closes)
{
    enum { CLIENTS = 100 };
    struct square *square = square_open_with(test_limits(), 2);
    struct client clients[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++)
        clients[i] = follow(square, "/1/7");
    wait_for_open(square, CLIENTS);
    pthread_t closer;
    CHECK_INT(pthread_create(&closer, NULL, close_site, square), 0);
    usleep(100000);
    expect_open_between(square, CLIENTS - 4, CLIENTS); /* the clock stands still */
    atomic_fetch_add(&square->gazette.now_ms, 500);
    expect_open_between(square, 70, 75);
    atomic_fetch_add(&square->gazette.now_ms, 500);
    expect_open_between(square, 45, 50);
    atomic_fetch_add(&square->gazette.now_ms, 1000);
    CHECK_INT(pthread_join(closer, NULL), 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        expect(&clients[i], "one for 7\n");
        client_expect_end(&clients[i]);
        client_close(&clients[i]);
    }
    square_free(square);
}

TESTS(the_newest_body_comes_at_once_and_each_change_after_it,
      a_body_is_rendered_once_for_all_who_follow_it_and_for_nobody_else,
      a_change_that_alters_nothing_is_not_sent,
      changes_in_quick_succession_are_taken_together_and_the_last_one_comes,
      who_comes_between_a_change_and_its_announcement_hears_it_once,
      more_streams_than_fit_into_one_turn_all_hear_it_on_every_loop,
      a_heartbeat_comes_after_silence_and_only_then,
      a_slow_reader_skips_what_it_missed_and_gets_the_newest,
      who_takes_too_little_for_too_long_is_cut, a_stream_ends_with_its_credential,
      a_stream_ends_with_its_deployment_and_with_its_time,
      where_there_is_nothing_to_send_a_stream_does_not_begin_or_ends, only_so_many_streams_are_open,
      the_answer_to_a_head_takes_no_place, streams_end_one_after_the_other_when_the_server_closes)
