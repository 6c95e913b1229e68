/* SPDX-License-Identifier: Apache-2.0 */
/*
 * square - a server of its own whose GET /<environment>/<channel> is a stream, and a clock that
 * stands still unless a test moves it. The body of a snapshot is its text, followed by the channel.
 */
#ifndef TESTS_UNIT_STREAM_SQUARE_H
#define TESTS_UNIT_STREAM_SQUARE_H

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

static inline struct shared_body *render(const struct view *view, const struct snapshot *snapshot,
                                         uint64_t channel, int64_t now_ms)
{
    (void)now_ms;
    CHECK(view_find(view, snapshot->environment) == snapshot);
    if (atomic_load(&renders_nothing))
        return NULL;
    struct shared_body *kept = snapshot_find_body(snapshot, channel);
    if (kept == NULL) {
        atomic_fetch_add(&rendered[snapshot->environment], 1);
        struct buf buf;
        buf_open(&buf, SIZE_MAX);
        buf_append(&buf, snapshot->renderings[0].headers);
        buf_append_format(&buf, " for %llu\n", (unsigned long long)channel);
        kept = snapshot_keep_body(snapshot, channel, shared_body_make(&buf));
    }
    shared_body_acquire(kept);
    return kept;
}

static const struct stream_kind kind = {
    .headers = STR("Content-Type: text/event-stream\r\n"),
    .heartbeat = STR("tick\n"),
    .heartbeat_ms = 15000,
    .render = render,
};

/* The moments at which what the events below say is another thing, ascending. */
enum { MOMENTS = 3 };
static _Atomic int64_t moments[MOMENTS];

static inline size_t moments_passed(int64_t now_ms)
{
    size_t passed = 0;
    while (passed < MOMENTS && atomic_load(&moments[passed]) <= now_ms)
        passed++;
    return passed;
}

/* "id: one.0", and the version, which is not what the news are known by. */
static inline struct shared_body *render_event(const struct view *view,
                                               const struct snapshot *snapshot, uint64_t channel,
                                               int64_t now_ms)
{
    (void)channel;
    CHECK(view_find(view, snapshot->environment) == snapshot);
    atomic_fetch_add(&rendered[snapshot->environment], 1);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("id: "));
    buf_append(&buf, snapshot->renderings[0].headers);
    buf_append_format(&buf, ".%zu\ndata: version %llu\n\n", moments_passed(now_ms),
                      (unsigned long long)snapshot->version);
    return shared_body_make(&buf);
}

static inline int64_t next_moment(const struct snapshot *snapshot, uint64_t channel, int64_t now_ms)
{
    (void)snapshot;
    (void)channel;
    size_t passed = moments_passed(now_ms);
    return passed < MOMENTS ? atomic_load(&moments[passed]) : INT64_MAX;
}

enum { RETRY_MS = 2000 };
static const struct stream_kind event_kind = {
    .headers = STR("Content-Type: text/event-stream\r\n"),
    .heartbeat = STR(": ping\n\n"),
    .heartbeat_ms = 15000,
    .render = render_event,
    .retry_ms = RETRY_MS,
    .next_change = next_moment,
};

/* /1/7 follows environment 1 on channel 7 with credential key_1, /2/7 with key_2, and /1/7?as=x
 * with x; /1e7 hears events. */
static inline void on_request(struct http_request *request, void *context)
{
    struct square *square = context;
    if (str_equal(request->path, STR("/e"))) {
        site_say(request, STR("here"));
        return;
    }
    uint64_t environment = (uint64_t)(request->path.data[1] - '0');
    uint64_t channel = 0;
    CHECK(str_parse_u64(str_slice(request->path, 3, request->path.size), &channel));
    bool is_malformed = false;
    struct str id = http_query(request, STR("as"), &is_malformed);
    if (str_is_absent(id))
        id = arena_format(request->arena, "key_%llu", (unsigned long long)environment);
    const struct stream_request wanted = {
        .kind = request->path.data[2] == 'e' ? &event_kind : &kind,
        .environment = environment,
        .channel = channel,
        .credential_id = id,
    };
    struct fault fault = stream_open(square->hub, request, &wanted);
    if (failed(fault))
        http_respond(request, &(struct http_response){.status = 500 + (int)fault.kind});
}

static inline void on_wake(struct http_loop *loop, bool is_draining, void *context)
{
    struct square *square = context;
    stream_hub_wake(square->hub, loop, is_draining);
}

static inline struct stream_limits test_limits(void)
{
    struct stream_limits limits = stream_limits_default;
    limits.streams_max = 1000;
    return limits;
}

static inline struct square *square_open_with(struct stream_limits limits, unsigned loop_count)
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
    for (size_t i = 0; i < MOMENTS; i++)
        atomic_store(&moments[i], INT64_MAX);
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

static inline struct square *square_open(void)
{
    return square_open_with(test_limits(), 1);
}

static inline void square_free(struct square *square)
{
    CHECK_INT(stream_counters_read(square->hub).open, 0);
    stream_hub_close(square->hub);
    gazette_close(&square->gazette);
    free(square);
}

static inline void square_close(struct square *square)
{
    CHECK_INT(stream_counters_read(square->hub).open, 0);
    stream_hub_attach(square->hub, NULL);
    site_close(square->site);
    square_free(square);
}

static inline void wait_for_open(struct square *square, uint64_t count)
{
    for (int i = 0; stream_counters_read(square->hub).open != count; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
}

static inline void leave(struct square *square, struct client *client)
{
    uint64_t open = stream_counters_read(square->hub).open;
    client_close(client);
    wait_for_open(square, open - 1);
}

static inline void pass_time(struct square *square, int64_t by_ms)
{
    atomic_fetch_add(&square->gazette.now_ms, by_ms);
    stream_hub_notify(square->hub);
}

static inline void write_text(struct square *square, uint64_t environment, const char *text)
{
    gazette_write(&square->gazette, environment, str_of(text));
    stream_hub_notify(square->hub);
}

/* Bare bytes are easier to compare: HTTP/1.0. */
static inline struct client follow_with(struct square *square, const char *path,
                                        const char *headers)
{
    char text[256];
    int size = snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\n%s\r\n", path, headers);
    struct client client = client_open(square->site);
    struct reply reply = client_ask(&client, (struct str){text, (size_t)size});
    CHECK_INT(reply.status, 200);
    CHECK_STR(reply_header(&reply, "Content-Type"), STR("text/event-stream"));
    return client;
}

static inline struct client follow(struct square *square, const char *path)
{
    return follow_with(square, path, "");
}

static inline void expect(struct client *client, const char *text)
{
    struct str expected = str_of(text);
    while (client_unread(client).size < expected.size)
        CHECK(client_receive(client));
    CHECK_STR(str_slice(client_unread(client), 0, expected.size), expected);
    client->taken += expected.size;
}

/* The loop has had its turn, and there is nothing for this one. */
static inline void expect_silence(struct square *square, struct client *client)
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

#endif
