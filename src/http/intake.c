/* SPDX-License-Identifier: Apache-2.0 */
/* intake - a connection's bytes become requests: see intake.h. */
#include "http/intake.h"

#include <assert.h>

#include "base/memory.h"
#include "http/path.h"

enum {
    REFUSED = 400,
    TOO_LARGE = 413,
    TOO_MUCH_AT_ONCE = 503,
    SMALL_BODY_BYTES = 64 * 1024, /* held even when memory is short */
    SMALLEST_REQUEST_BYTES = 18,  /* "GET / HTTP/1.0" and its two line ends */
};

static void fill_shown(struct connection *connection, const struct head *head)
{
    struct request *request = connection->request;
    struct http_loop *loop = connection_loop(connection);
    struct http_request *shown = &request->shown;
    size_t question = str_find_byte(head->target, '?', 0);
    shown->method = head->method;
    shown->method_text = head->method_text;
    shown->target = head->target;
    if (question < head->target.size)
        shown->query = str_slice(head->target, question + 1, head->target.size);
    shown->headers = request->headers;
    shown->header_count = head->header_count;
    shown->body = STR("");
    shown->peer = (struct str){connection->peer, connection->peer_size};
    shown->loop = loop;
    shown->is_secure = connection->tls != NULL;
    shown->began_us =
        connection->head_began_us != 0 ? connection->head_began_us : loop->turn_began_us;
    connection->head_began_us = 0;
    request->is_chunked = head->is_chunked;
    request->is_keep_alive = head->is_keep_alive;
    request->is_http_1_0 = head->is_http_1_0;
    request->body_bytes_left = head->content_length;
}

/* The path as far as it can be told: decoded, or else as it was written. */
static void note_line(struct request *request, const struct head_scan *scan, struct str head,
                      size_t path_bytes_max)
{
    struct head_line line = head_peek(scan, head);
    struct str raw = str_slice(line.path, 0, path_bytes_max);
    bool has_encoded_slash = false;
    request->shown.method = line.method;
    if (failed(path_decode(&request->arena, raw, &request->shown.path, &has_encoded_slash)))
        request->shown.path = raw;
}

void intake_refuse_head(struct connection *connection, struct str head, int status)
{
    struct http_loop *loop = connection_loop(connection);
    assert(connection->request == NULL);
    connection->request = request_acquire(&loop->requests);
    note_line(connection->request, &connection->scan, head, loop->limits->request_line_bytes);
    connection_refuse(connection, status);
}

/* False: two readers could understand the path differently. */
static bool fill_path(struct request *request, bool takes_encoded_slashes)
{
    struct http_request *shown = &request->shown;
    struct str raw = str_slice(shown->target, 0, str_find_byte(shown->target, '?', 0));
    struct str path = raw;
    shown->path = raw; /* what a refusal is told */
    if (raw.data[0] == '/' &&
        failed(path_decode(&request->arena, raw, &path, &shown->has_encoded_slash)))
        return false;
    shown->path = path;
    return takes_encoded_slashes || !shown->has_encoded_slash;
}

/* The most this route takes; 413 is due when the head announces more. */
static size_t body_bytes_max(const struct connection *connection)
{
    const struct http_loop *loop = connection_loop(connection);
    const struct http_request *shown = &connection->request->shown;
    return loop->callbacks->body_bytes_max == NULL
               ? loop->limits->body_bytes
               : loop->callbacks->body_bytes_max(shown, loop->callbacks->context);
}

/* Asks for a sink; false when the request is refused and on its way to the callback. */
static bool find_sink(struct connection *connection)
{
    const struct http_callbacks *callbacks = connection_loop(connection)->callbacks;
    struct http_request *shown = &connection->request->shown;
    if (callbacks->body_sink == NULL)
        return true;
    bool is_refused = false;
    shown->sink = callbacks->body_sink(shown, &is_refused, callbacks->context);
    assert(!is_refused || shown->sink == NULL);
    if (is_refused)
        connection_dispatch_early(connection);
    return !is_refused;
}

static void begin_body(struct connection *connection, bool expects_continue, bool has_more_input)
{
    struct http_loop *loop = connection_loop(connection);
    struct request *request = connection->request;
    size_t most = body_bytes_max(connection);
    if (request->body_bytes_left > most) {
        connection_refuse(connection, TOO_LARGE);
        return;
    }
    if (!find_sink(connection))
        return;
    if (request->shown.sink == NULL && most > loop->limits->body_bytes)
        most = loop->limits->body_bytes;
    if (request->body_bytes_left > most) {
        connection_refuse(connection, TOO_LARGE);
        return;
    }
    request->body.bytes_max = most;
    request->body_bytes_max = most;
    request->body_began_ms = (int64_t)loop_now_ms(loop);
    connection->state = CONNECTION_BODY;
    if (expects_continue && !has_more_input)
        output_append(&loop->output, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* A copy of the head becomes a request; what the head says decides what comes next. */
static void begin_request(struct connection *connection, struct str bytes, bool has_more_input)
{
    struct http_loop *loop = connection_loop(connection);
    struct request *request = request_acquire(&loop->requests);
    request->connection = connection;
    connection->request = request;
    deadline_stop(&connection->deadline);

    struct str head_bytes = arena_copy_str(&request->arena, bytes);
    request->head = head_bytes;
    struct head head;
    int refusal = head_parse(&connection->scan, head_bytes, request->headers, &head);
    if (refusal != 0)
        note_line(request, &connection->scan, head_bytes, head_bytes.size);
    connection->scan = (struct head_scan){0};
    if (refusal != 0) {
        connection_refuse(connection, refusal);
        return;
    }
    fill_shown(connection, &head);
    if (!fill_path(request, loop->callbacks->takes_encoded_slashes)) {
        connection_refuse(connection, REFUSED);
        return;
    }
    if (head.is_chunked || head.content_length > 0)
        begin_body(connection, head.expects_continue, has_more_input);
    else
        connection_dispatch(connection);
}

/* Each of these takes bytes from the front of input and returns how many; 0: none yet. */

static size_t read_head(struct connection *connection, struct str input)
{
    const struct http_loop *loop = connection_loop(connection);
    struct head_verdict verdict = head_scan(&connection->scan, input, loop->limits);
    if (verdict.refusal != 0) {
        intake_refuse_head(connection, input, verdict.refusal);
        return input.size;
    }
    if (verdict.ends_at == 0)
        return 0;
    begin_request(connection, str_slice(input, 0, verdict.ends_at), input.size > verdict.ends_at);
    return verdict.ends_at;
}

/* Hands a piece to the sink; false when that is the last it wants. */
static bool pour(struct request *request, struct str piece)
{
    struct http_body_sink *sink = request->shown.sink;
    return piece.size == 0 || sink->write(sink, piece);
}

/* What was decoded goes to the sink, and the room it took is used up. */
static bool pour_decoded(struct request *request)
{
    struct buf *body = &request->body;
    bool wants_more = pour(request, buf_str(body));
    body->bytes_max -= body->size;
    buf_clear(body);
    return wants_more;
}

static bool may_hold(const struct connection *connection, size_t bytes)
{
    struct http_loop *loop = connection_loop(connection);
    if (bytes > SMALL_BODY_BYTES && memory_is_short())
        return false;
    return request_may_hold(&loop->requests, connection->request, bytes,
                            loop->limits->large_bodies_bytes);
}

static size_t read_chunks(struct connection *connection, struct str input)
{
    struct request *request = connection->request;
    size_t used = 0;
    size_t before = request->body.size;
    enum chunk_verdict verdict = chunk_decode(&request->chunks, input, &request->body, &used);
    request->body_bytes_taken += request->body.size - before;
    bool is_readable = verdict == CHUNK_MORE || verdict == CHUNK_DONE;
    if (request->shown.sink != NULL && is_readable && !pour_decoded(request)) {
        connection_dispatch_early(connection);
        return input.size;
    }
    if (is_readable && !may_hold(connection, request->body.size)) {
        connection_refuse(connection, TOO_MUCH_AT_ONCE);
        return input.size;
    }
    switch (verdict) {
    case CHUNK_MORE:
        break;
    case CHUNK_DONE:
        request->shown.body = request->shown.sink != NULL ? STR("") : buf_str(&request->body);
        connection_dispatch(connection);
        break;
    case CHUNK_REFUSED:
        connection_refuse(connection, REFUSED);
        break;
    case CHUNK_TOO_LARGE:
        connection_refuse(connection, TOO_LARGE);
        break;
    }
    return used;
}

static size_t read_sized(struct connection *connection, struct str input)
{
    struct request *request = connection->request;
    struct str part = str_slice(input, 0, request->body_bytes_left);
    request->body_bytes_taken += part.size;
    if (!may_hold(connection, request->shown.sink != NULL ? 0 : request->body.size + part.size)) {
        connection_refuse(connection, TOO_MUCH_AT_ONCE);
        return input.size;
    }
    if (request->shown.sink != NULL) {
        if (!pour(request, part)) {
            connection_dispatch_early(connection);
            return input.size;
        }
    } else if (request->body.size == 0 && part.size == request->body_bytes_left) {
        request->small_body = arena_copy_str(&request->arena, part);
        request->shown.body = request->small_body;
    } else {
        buf_append(&request->body, part);
        assert(!buf_failed(&request->body));
        request->shown.body = buf_str(&request->body);
    }
    request->body_bytes_left -= part.size;
    if (request->body_bytes_left == 0)
        connection_dispatch(connection);
    return part.size;
}

size_t intake_take(struct connection *connection, struct str input)
{
    if (connection_is_blocked(connection))
        return 0;
    switch ((enum connection_state)connection->state) {
    case CONNECTION_HEAD:
        return read_head(connection, input);
    case CONNECTION_BODY:
        return connection->request->is_chunked ? read_chunks(connection, input)
                                               : read_sized(connection, input);
    case CONNECTION_STREAMING:
    case CONNECTION_LEAVING:
    case CONNECTION_LINGERING:
    case CONNECTION_CLOSED:
        return input.size;
    case CONNECTION_HANDLING:
        break;
    }
    return 0;
}

/* ---- requests that wait behind one -------------------------------------------------------- */

/* The size of the first request in bytes; 0 when it is not complete or will be refused. */
static size_t complete_request_size(struct http_loop *loop, struct str bytes)
{
    struct head_scan scan = {0};
    struct head_verdict verdict = head_scan(&scan, bytes, loop->limits);
    if (verdict.ends_at == 0)
        return 0;
    struct head head;
    if (head_parse(&scan, str_slice(bytes, 0, verdict.ends_at), loop->spare_headers, &head) != 0)
        return 0;
    struct str rest = str_slice(bytes, verdict.ends_at, bytes.size);
    if (!head.is_chunked)
        return head.content_length > rest.size ? 0 : verdict.ends_at + (size_t)head.content_length;
    struct chunk_decoder decoder = {0};
    size_t used = 0;
    bool is_done = chunk_decode(&decoder, rest, NULL, &used) == CHUNK_DONE;
    return is_done ? verdict.ends_at + used : 0;
}

bool intake_has_too_many_waiting(struct connection *connection)
{
    struct http_loop *loop = connection_loop(connection);
    size_t most = loop->limits->pipelined_requests;
    struct str bytes = buf_str(&connection->pending);
    if (bytes.size / SMALLEST_REQUEST_BYTES <= most)
        return false;
    size_t count = 0;
    while (bytes.size > 0) {
        size_t size = complete_request_size(loop, bytes);
        if (size == 0)
            return false;
        if (++count > most)
            return true;
        bytes = str_slice(bytes, size, bytes.size);
    }
    return false;
}
