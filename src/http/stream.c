/* SPDX-License-Identifier: Apache-2.0 */
/* stream - an answer without an end, on a connection of its own: see stream.h. */
#include "http/stream.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/hex.h"
#include "base/memory.h"
#include "http/response.h"

enum {
    /* Below this a piece is copied: cheaper than to keep track of who owns it. */
    COPIED_BYTES_MAX = 1024,
    /* How long the other side's kernel may leave what was sent unacknowledged. */
    SILENCE_MS = 30000,
    CHUNK_HEAD_BYTES_MAX = 18, /* sixteen digits and a line end */
};

struct http_stream {
    struct connection *connection;
    const struct http_stream_events *events;
    void *user;
    bool is_chunked;
    bool is_sized;
    bool owes_drained; /* something had to wait, and the user has not heard that it went */
};

bool stream_is_open(const struct http_stream *stream)
{
    return stream->connection->state == CONNECTION_STREAMING;
}

/* ---- beginning ---------------------------------------------------------------------------- */

/* A peer that vanished without a word is noticed by what it does not acknowledge. */
static void bound_silence(struct connection *connection)
{
    uv_os_fd_t descriptor = -1;
    const unsigned silence_ms = SILENCE_MS;
    if (uv_fileno((uv_handle_t *)&connection->tcp, &descriptor) == 0)
        setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence_ms, sizeof(silence_ms));
}

struct stream_head {
    int status;
    struct str headers;
    bool is_sized;
    uint64_t body_bytes; /* when it is sized */
};

static enum response_framing framing_of(const struct stream_head *head,
                                        const struct request *request)
{
    if (head->is_sized)
        return FRAMED_BY_LENGTH;
    return request->is_http_1_0 ? FRAMED_BY_NOTHING : FRAMED_BY_CHUNKS;
}

/* NULL when the socket breaks on what is to be written before. */
static struct http_stream *begin_on(struct connection *connection, const struct request *request,
                                    const struct stream_head *head)
{
    struct http_loop *loop = connection_loop(connection);
    connection_begin_output(connection);
    if (connection->state == CONNECTION_CLOSED)
        return NULL;
    struct http_stream *stream = MEMORY_NEW(struct http_stream);
    stream->connection = connection;
    enum response_framing framing = framing_of(head, request);
    stream->is_chunked = framing == FRAMED_BY_CHUNKS;
    stream->is_sized = head->is_sized;
    counter_add(&loop->counters.streams_open, 1);
    bound_silence(connection);
    response_append_stream_head(loop, head->status, head->headers, framing, head->body_bytes);
    connection_begin_stream(connection, stream, request->shown.method == HTTP_HEAD);
    return stream;
}

static struct http_stream *begin(struct http_request *shown, const struct stream_head *head,
                                 const struct http_stream_events *events, void *user)
{
    struct request *request = (struct request *)shown;
    struct http_loop *loop = shown->loop;
    struct connection *connection = request_take_connection(request);
    struct http_stream *stream = NULL;
    if (connection != NULL && !connection->has_input_ended)
        stream = begin_on(connection, request, head);
    else if (connection != NULL)
        connection_close(connection); /* it left before this began */
    if (stream != NULL) {
        stream->events = events;
        stream->user = user;
    }
    if (!request->is_inside_callback)
        request_release(&loop->requests, request);
    loop_check_drained(loop);
    return stream;
}

struct http_stream *http_stream_begin(struct http_request *request, int status, struct str headers,
                                      const struct http_stream_events *events, void *user)
{
    assert(request->loop->callbacks->on_wake != NULL);
    const struct stream_head head = {.status = status, .headers = headers};
    return begin(request, &head, events, user);
}

struct http_stream *stream_begin_sized(struct http_request *request, int status, struct str headers,
                                       uint64_t body_bytes, const struct http_stream_events *events,
                                       void *user)
{
    const struct stream_head head = {status, headers, true, body_bytes};
    return begin(request, &head, events, user);
}

/* ---- sending ------------------------------------------------------------------------------ */

static void append_chunk_head(struct output *output, size_t size)
{
    char text[CHUNK_HEAD_BYTES_MAX];
    size_t from = sizeof(text);
    text[--from] = '\n';
    text[--from] = '\r';
    do {
        text[--from] = hex_digit((unsigned)size);
        size /= 16;
    } while (size > 0);
    output_append(output, (struct str){text + from, sizeof(text) - from});
}

static void append_bytes(struct output *output, struct str bytes, void *owner,
                         void (*release)(void *owner))
{
    if (release != NULL && bytes.size > COPIED_BYTES_MAX) {
        output_borrow(output, bytes, owner, release);
        return;
    }
    output_append(output, bytes);
    if (release != NULL)
        release(owner);
}

void http_stream_send(struct http_stream *stream, struct str bytes, void *owner,
                      void (*release)(void *owner))
{
    struct connection *connection = stream->connection;
    if (!stream_is_open(stream) || bytes.size == 0) { /* an empty chunk would be the end */
        if (release != NULL)
            release(owner);
        return;
    }
    struct output *output = &connection_loop(connection)->output;
    connection_begin_output(connection);
    if (stream->is_chunked)
        append_chunk_head(output, bytes.size);
    append_bytes(output, bytes, owner, release);
    if (stream->is_chunked)
        output_append(output, STR("\r\n"));
    connection_flush(connection);
    stream->owes_drained = connection->queued_writes > 0;
    if (stream->is_sized)
        connection_expect_progress(connection);
}

size_t http_stream_unsent_bytes(const struct http_stream *stream)
{
    return stream_is_open(stream) ? connection_unwritten_bytes(stream->connection) : 0;
}

/* ---- ending ------------------------------------------------------------------------------- */

void http_stream_end(struct http_stream *stream)
{
    struct connection *connection = stream->connection;
    if (!stream_is_open(stream))
        return;
    connection_begin_output(connection);
    if (stream->is_chunked)
        output_append(&connection_loop(connection)->output, STR("0\r\n\r\n"));
    connection_end_stream(connection);
}

void http_stream_cut(struct http_stream *stream)
{
    connection_close(stream->connection);
}

void stream_drained(struct http_stream *stream)
{
    if (!stream->owes_drained || !stream_is_open(stream))
        return;
    stream->owes_drained = false;
    if (stream->events->on_drained != NULL)
        stream->events->on_drained(stream, stream->user);
}

void stream_closed(struct http_stream *stream)
{
    struct http_loop *loop = connection_loop(stream->connection);
    counter_add(&loop->counters.streams_open, UINT64_MAX); /* one less */
    stream->events->on_close(stream, stream->user);
    memory_free(stream);
}
