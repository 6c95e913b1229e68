/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http - whatever a client sends, nothing breaks, and what is read does not depend on how it was
 * cut.
 *
 * The first byte says where the input is cut in two. The rest goes through the pure readers, in
 * one piece and in two, and then through a whole connection: a socket pair into the event loop of a
 * server that was opened but never started. PUT requests are answered a turn later than others;
 * PATCH and HEAD begin streams, which get a few sends and an end; bodies of POST go into a sink.
 */
#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/utf.h"
#include "http/chunk.h"
#include "http/connection.h"
#include "http/head.h"
#include "http/server.h"

enum { HELD_MAX = 4, TURNS = 4, BODY_BYTES_MAX = 4096, STREAM_SENDS = 3, SINK_BYTES_MAX = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http_limits tight = {
    .request_line_bytes = 256,
    .header_bytes = 1024,
    .header_count = 16,
    .header_value_bytes = 256,
    .body_bytes = BODY_BYTES_MAX,
    .connections = 10,
    .requests_per_connection = 20,
    .pipelined_requests = 3,
    .header_timeout_ms = 60000,
    .body_timeout_ms = 60000,
    .idle_timeout_ms = 60000,
    .write_timeout_ms = 60000,
    .handler_timeout_ms = 60000,
    .drain_timeout_ms = 1000,
};

/* ---- the pure readers --------------------------------------------------------------------- */

static void check_inside(struct str part, struct str whole)
{
    if (part.size == 0)
        return;
    assert(part.data >= whole.data);
    assert(part.data + part.size <= whole.data + whole.size);
}

static void check_path(struct str target)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct str path = {0};
    struct str raw = str_slice(target, 0, str_find_byte(target, '?', 0));
    if (!failed(http_canonical_path(&arena, raw, &path))) {
        assert(path.size > 0);
        assert(path.data[0] == '/');
        assert(utf8_is_valid(path));
        assert(!str_contains(path, STR("//")));
        assert(!str_contains(path, STR("/../")));
        assert(!str_contains(path, STR("/./")));
        assert(!str_ends_with(path, STR("/..")));
        assert(!str_contains(path, STR("\\")));
        assert(memchr(path.data, '\0', path.size) == NULL);
    }
    arena_close(&arena);
}

static void check_head(struct str bytes, size_t cut)
{
    struct head_scan whole = {0};
    struct head_verdict expected = head_scan(&whole, bytes, &tight);
    struct head_scan scan = {0};
    struct head_verdict verdict = head_scan(&scan, str_slice(bytes, 0, cut), &tight);
    if (verdict.refusal == 0 && verdict.ends_at == 0)
        verdict = head_scan(&scan, bytes, &tight);
    assert(verdict.ends_at == expected.ends_at);
    assert((verdict.refusal == 0) == (expected.refusal == 0));
    if (expected.ends_at == 0)
        return;

    struct http_header headers[16];
    struct head head;
    struct str head_bytes = str_slice(bytes, 0, expected.ends_at);
    if (head_parse(&whole, head_bytes, headers, &head) != 0)
        return;
    assert(head.header_count <= tight.header_count);
    assert(!head.is_chunked || head.content_length == 0);
    check_inside(head.target, head_bytes);
    for (size_t i = 0; i < head.header_count; i++) {
        assert(headers[i].name.size > 0);
        check_inside(headers[i].name, head_bytes);
        check_inside(headers[i].value, head_bytes);
    }
    check_path(head.target);
    const struct http_request request = {.headers = headers, .header_count = head.header_count};
    http_accepts_gzip(&request);
}

static void check_query(struct str bytes)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct http_request request = {.query = bytes, .arena = &arena};
    bool is_malformed = false;
    struct str value = http_query(&request, STR("a"), &is_malformed);
    assert(!is_malformed || str_is_absent(value));
    assert(utf8_is_valid(value));
    arena_close(&arena);
}

static void check_chunks(struct str bytes, size_t cut)
{
    struct buf whole;
    struct buf parts;
    buf_open(&whole, BODY_BYTES_MAX);
    buf_open(&parts, BODY_BYTES_MAX);
    struct chunk_decoder decoder = {0};
    size_t whole_used = 0;
    enum chunk_verdict expected = chunk_decode(&decoder, bytes, &whole, &whole_used);

    decoder = (struct chunk_decoder){0};
    size_t used = 0;
    enum chunk_verdict verdict = chunk_decode(&decoder, str_slice(bytes, 0, cut), &parts, &used);
    if (verdict == CHUNK_MORE) {
        size_t more = 0;
        verdict = chunk_decode(&decoder, str_slice(bytes, cut, bytes.size), &parts, &more);
        used += more;
    }
    assert(verdict == expected);
    assert(used == whole_used);
    assert(str_equal(buf_str(&parts), buf_str(&whole)));
    assert(!buf_failed(&whole));
    buf_close(&whole);
    buf_close(&parts);
}

/* ---- a connection ------------------------------------------------------------------------- */

struct town {
    struct http_server *server;
    struct http_request *held[HELD_MAX];
    size_t held_count;
    struct http_stream *streams[HELD_MAX]; /* NULL: free */
    unsigned sends[HELD_MAX];
    size_t stream_count, sink_count, shared_count;
};

static void release_shared(void *owner)
{
    ((struct town *)owner)->shared_count--;
}

static void send_some(struct town *town, size_t i)
{
    static const char shared[2000];
    struct http_stream *stream = town->streams[i];
    if (town->sends[i]++ >= STREAM_SENDS) {
        http_stream_end(stream);
        return;
    }
    town->shared_count += 2;
    http_stream_send(stream, STR("short"), town, release_shared);
    http_stream_send(stream, (struct str){shared, sizeof(shared)}, town, release_shared);
    http_stream_send(stream, STR("copied"), NULL, NULL);
}

static void on_stream_close(struct http_stream *stream, void *user)
{
    struct town *town = user;
    town->stream_count--;
    for (size_t i = 0; i < HELD_MAX; i++) {
        if (town->streams[i] == stream)
            town->streams[i] = NULL;
    }
}

static const struct http_stream_events stream_events = {.on_close = on_stream_close};

static void begin_stream(struct town *town, size_t i, struct http_request *request)
{
    town->streams[i] =
        http_stream_begin(request, 200, STR("X-Stream: yes\r\n"), &stream_events, town);
    town->sends[i] = 0;
    if (town->streams[i] == NULL)
        return;
    town->stream_count++;
    send_some(town, i);
}

/* ---- bodies in pieces ----------------------------------------------------------------------- */

struct bucket {
    struct http_body_sink sink; /* first */
    struct town *town;
    size_t size;
};

static bool take_piece(struct http_body_sink *sink, struct str piece)
{
    struct bucket *bucket = (struct bucket *)sink;
    assert(piece.size > 0);
    assert(bucket->size < SINK_BYTES_MAX);
    bucket->size += piece.size;
    assert(bucket->size <= BODY_BYTES_MAX);
    return bucket->size < SINK_BYTES_MAX;
}

static void close_bucket(struct http_body_sink *sink)
{
    struct bucket *bucket = (struct bucket *)sink;
    bucket->town->sink_count--;
    memory_free(bucket);
}

static struct http_body_sink *open_bucket(struct http_request *head, bool *is_refused,
                                          void *context)
{
    struct town *town = context;
    *is_refused = str_equal(head->path, STR("/no"));
    if (*is_refused || head->method != HTTP_POST)
        return NULL;
    struct bucket *bucket = MEMORY_NEW(struct bucket);
    bucket->sink = (struct http_body_sink){take_piece, close_bucket};
    bucket->town = town;
    town->sink_count++;
    return &bucket->sink;
}

/* ---- requests ------------------------------------------------------------------------------- */

static void answer(struct http_request *request)
{
    bool is_malformed = false;
    struct str value = http_query(request, STR("a"), &is_malformed);
    struct http_response response = {.status = is_malformed ? 400 : 200, .body = request->body};
    if (!str_is_empty(value))
        response.body = value;
    if (request->sink != NULL) {
        assert(request->body.size == 0);
        close_bucket(request->sink);
    }
    http_respond(request, &response);
}

static void on_request(struct http_request *request, void *context)
{
    struct town *town = context;
    size_t free_place = 0;
    while (free_place < HELD_MAX && town->streams[free_place] != NULL)
        free_place++;
    bool is_stream = request->method == HTTP_PATCH || request->method == HTTP_HEAD;
    if (request->method == HTTP_PUT && town->held_count < HELD_MAX)
        town->held[town->held_count++] = request;
    else if (is_stream && free_place < HELD_MAX)
        begin_stream(town, free_place, request);
    else
        answer(request);
}

static void on_wake(struct http_loop *loop, bool is_draining, void *context)
{
    (void)loop;
    (void)is_draining;
    (void)context;
}

static void answer_held(struct town *town)
{
    size_t count = town->held_count;
    struct http_request *held[HELD_MAX];
    memcpy(held, town->held, sizeof(held));
    town->held_count = 0;
    for (size_t at = 0; at < count; at++) {
        size_t free_place = 0;
        while (free_place < HELD_MAX && town->streams[free_place] != NULL)
            free_place++;
        if (free_place < HELD_MAX && str_equal(held[at]->path, STR("/s")))
            begin_stream(town, free_place, held[at]);
        else
            answer(held[at]);
    }
}

static void take_turns(struct town *town)
{
    for (int i = 0; i < TURNS; i++) {
        uv_run(&town->server->loops[0].uv, UV_RUN_NOWAIT);
        answer_held(town);
        for (size_t at = 0; at < HELD_MAX; at++) {
            if (town->streams[at] != NULL)
                send_some(town, at);
        }
    }
}

static void drop_output(int descriptor)
{
    char bytes[8192];
    bool is_first = true;
    ssize_t size = 0;
    while ((size = recv(descriptor, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        assert(!is_first || size < 9 || memcmp(bytes, "HTTP/1.1 ", 9) == 0);
        is_first = false;
    }
}

static void check_connection(struct town *town, struct str bytes, size_t cut)
{
    struct http_loop *loop = &town->server->loops[0];
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return;
    struct sockaddr nobody = {.sa_family = AF_UNIX};
    connection_open(loop, pair[0], &nobody);
    struct str parts[] = {str_slice(bytes, 0, cut), str_slice(bytes, cut, bytes.size)};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        ssize_t sent = send(pair[1], parts[i].data, parts[i].size, MSG_NOSIGNAL);
        take_turns(town);
        if (sent >= 0)
            drop_output(pair[1]);
    }
    close(pair[1]);
    for (int i = 0; i < 100 && loop->connection_count > 0; i++)
        take_turns(town);
    assert(loop->connection_count == 0);
    assert(loop->requests.in_use_count == 0);
    assert(loop->output.piece_count == 0);
    assert(town->stream_count == 0);
    assert(town->sink_count == 0);
    assert(town->shared_count == 0);
}

static void open_town(struct town *town)
{
    struct http_config config = {.listen = STR("127.0.0.1:0"),
                                 .loop_count = 1,
                                 .limits = tight,
                                 .callbacks = {.on_wake = on_wake,
                                               .body_sink = open_bucket,
                                               .on_request = on_request,
                                               .context = town,
                                               .takes_encoded_slashes = true},
                                 .clock = clock_system()};
    struct fault fault = http_open(&town->server, &config);
    assert(!failed(fault));
    loop_begin_turns(&town->server->loops[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct town town;
    if (town.server == NULL)
        open_town(&town);
    if (size < 1)
        return 0;
    struct str bytes = {(const char *)data + 1, size - 1};
    size_t cut = bytes.size == 0 ? 0 : (size_t)data[0] * bytes.size / 256;
    check_head(bytes, cut);
    check_query(bytes);
    check_path(bytes);
    check_chunks(bytes, cut);
    check_connection(&town, bytes, cut);
    return 0;
}
