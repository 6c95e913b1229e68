/* SPDX-License-Identifier: Apache-2.0 */
/* connection - one client's bytes, request by request: see connection.h. */
#include "http/connection.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "http/intake.h"
#include "http/response.h"
#include "http/stream.h"

enum {
    TOO_SLOW = 408,
    HANDLER_TOO_SLOW = 503,
    PENDING_BYTES_MAX = 64 * 1024, /* beyond, reading stops until it is this one's turn */
    DISCARDED_BYTES_MAX = 256 * 1024,
};

static uv_stream_t *stream_of(struct connection *connection)
{
    return (uv_stream_t *)&connection->tcp;
}

struct connection *connection_of_deadline(struct deadline *deadline)
{
    return (struct connection *)((char *)deadline - offsetof(struct connection, deadline));
}

static struct connection *connection_of_stream(uv_stream_t *stream)
{
    return (struct connection *)((char *)stream - offsetof(struct connection, tcp));
}

static bool is_in(const struct connection *connection, enum connection_state state)
{
    return connection->state == state;
}

bool connection_is_blocked(const struct connection *connection)
{
    return is_in(connection, CONNECTION_HANDLING) ||
           (is_in(connection, CONNECTION_HEAD) && connection->queued_writes > 0);
}

static void wait_for(struct connection *connection, enum deadline_kind kind)
{
    struct http_loop *loop = connection_loop(connection);
    if (connection->deadline.kind != kind)
        deadline_start(&loop->deadlines, &connection->deadline, kind, loop_now_ms(loop));
}

static void settle(struct connection *connection);
static void resume(struct connection *connection);
static void pause_or_continue_reading(struct connection *connection);

/* ---- closing ------------------------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle)
{
    struct connection *connection = connection_of_stream((uv_stream_t *)handle);
    struct http_loop *loop = connection_loop(connection);
    assert(connection->request == NULL);
    assert(connection->queued_writes == 0);
    if (connection->stream != NULL)
        stream_closed(connection->stream);
    newcomers_forget(connection);
    if (connection->is_ready) {
        struct connection **link = &loop->ready;
        while (*link != connection)
            link = &(*link)->ready_next;
        *link = connection->ready_next;
    }
    buf_close(&connection->pending);
    memory_free(connection);
    loop_connection_closed(loop);
}

/* Its body will not be whole: who took the pieces is told. Else the handler has the sink. */
static void abandon_sink(struct request *request)
{
    struct http_body_sink *sink = request->shown.sink;
    request->shown.sink = NULL;
    if (sink != NULL)
        sink->abandon(sink);
}

/* The callback still has the request: it stays until it is answered, and nobody will hear that. */
static void let_go_of_request(struct connection *connection)
{
    struct request *request = connection->request;
    connection->request = NULL;
    if (request == NULL)
        return;
    request->connection = NULL;
    request->is_abandoned = true;
    if (is_in(connection, CONNECTION_HANDLING))
        return;
    abandon_sink(request);
    request_release(&connection_loop(connection)->requests, request);
}

void connection_close(struct connection *connection)
{
    if (is_in(connection, CONNECTION_CLOSED))
        return;
    let_go_of_request(connection);
    connection->state = CONNECTION_CLOSED;
    deadline_stop(&connection->deadline);
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

/* The last answer is away. Half-closes and waits for the other side when bytes may still come that
 * would turn an immediate close into a reset. */
static void leave(struct connection *connection)
{
    uv_os_fd_t descriptor = -1;
    bool can_linger = connection->lingers && !connection->has_input_ended &&
                      uv_fileno((uv_handle_t *)&connection->tcp, &descriptor) == 0 &&
                      shutdown(descriptor, SHUT_WR) == 0;
    if (!can_linger) {
        connection_close(connection);
        return;
    }
    connection->state = CONNECTION_LINGERING;
    pause_or_continue_reading(connection);
    wait_for(connection, DEADLINE_LINGER);
}

/* ---- writing ------------------------------------------------------------------------------ */

static void on_queued_written(uv_stream_t *stream, int status)
{
    struct connection *connection = connection_of_stream(stream);
    connection->queued_writes--;
    if (is_in(connection, CONNECTION_CLOSED))
        return;
    if (status < 0) {
        connection_close(connection);
        return;
    }
    if (connection->queued_writes > 0)
        return;
    if (connection->deadline.kind == DEADLINE_WRITE)
        deadline_stop(&connection->deadline);
    if (is_in(connection, CONNECTION_STREAMING))
        stream_drained(connection->stream);
    else
        resume(connection);
}

/* Writes what the loop has collected, all of it this connection's. */
void connection_flush(struct connection *connection)
{
    struct http_loop *loop = connection_loop(connection);
    if (is_in(connection, CONNECTION_CLOSED)) {
        output_discard(&loop->output);
        return;
    }
    switch (output_flush(&loop->output, stream_of(connection), connection->queued_writes == 0,
                         on_queued_written)) {
    case OUTPUT_WRITTEN:
        break;
    case OUTPUT_QUEUED:
        connection->queued_writes++;
        connection->unwritten_bytes = uv_stream_get_write_queue_size(stream_of(connection));
        break;
    case OUTPUT_BROKEN:
        connection_close(connection);
        break;
    }
    atomic_store_explicit(&loop->counters.bytes_out, loop->output.bytes_written,
                          memory_order_relaxed);
}

void connection_begin_output(struct connection *connection)
{
    struct http_loop *loop = connection_loop(connection);
    if (loop->advancing != NULL && loop->advancing != connection)
        connection_flush(loop->advancing); /* the output holds that one's answers */
    else if (output_is_full(&loop->output))
        connection_flush(connection);
}

static void append_answer(struct connection *connection, const struct request *request,
                          const struct http_response *response)
{
    struct http_loop *loop = connection_loop(connection);
    enum response_connection says = RESPONSE_SAYS_NOTHING;
    if (connection->is_last)
        says = RESPONSE_SAYS_CLOSE;
    else if (request->is_http_1_0)
        says = RESPONSE_SAYS_KEEP_ALIVE;
    bool is_head = request->shown.method == HTTP_HEAD;
    if (response_append(loop, response, is_head, says) || output_is_full(&loop->output))
        connection_flush(connection);
}

/* ---- refusing ----------------------------------------------------------------------------- */

/* The request to refuse, for its path and its arena. One that the callback has is not ours to use:
 * a fresh one takes its place, and it is let go of. */
static struct request *take_request_to_refuse(struct connection *connection)
{
    struct request_pool *pool = &connection_loop(connection)->requests;
    struct request *request = connection->request;
    if (request == NULL)
        return request_acquire(pool);
    if (!is_in(connection, CONNECTION_HANDLING)) {
        connection->request = NULL;
        abandon_sink(request);
        return request;
    }
    struct request *fresh = request_acquire(pool);
    fresh->shown.method = request->shown.method;
    fresh->shown.path = arena_copy_str(&fresh->arena, request->shown.path);
    let_go_of_request(connection);
    return fresh;
}

void connection_refuse(struct connection *connection, int status)
{
    struct http_loop *loop = connection_loop(connection);
    struct request *request = take_request_to_refuse(connection);
    struct str path = request->shown.path;
    connection->is_last = true;
    connection->lingers = true;
    connection->state = CONNECTION_LEAVING;
    deadline_stop(&connection->deadline);
    counter_add(&loop->counters.refusals, 1);

    struct http_response response = {.status = status};
    if (loop->callbacks->on_refusal != NULL)
        loop->callbacks->on_refusal(status, path, &request->arena, &response,
                                    loop->callbacks->context);
    response.status = status;
    append_answer(connection, request, &response);
    request_release(&loop->requests, request);
}

/* The same from outside a read event. */
static void refuse_now(struct connection *connection, int status)
{
    connection_refuse(connection, status);
    connection_flush(connection);
    settle(connection);
}

/* ---- handling ----------------------------------------------------------------------------- */

void connection_callback_returned(struct http_loop *loop, struct request *request)
{
    request->is_inside_callback = false;
    if (request->is_answered)
        request_release(&loop->requests, request);
}

void connection_dispatch(struct connection *connection)
{
    struct http_loop *loop = connection_loop(connection);
    struct request *request = connection->request;
    connection->state = CONNECTION_HANDLING;
    connection->served_count++;
    counter_add(&loop->counters.requests, 1);
    if (!request->is_keep_alive)
        connection->is_last = true;
    if (connection->served_count >= loop->limits->requests_per_connection || loop->is_draining) {
        connection->is_last = true;
        connection->lingers = true; /* the client may have sent more already */
    }
    request->is_inside_callback = true;
    loop->callbacks->on_request(&request->shown, loop->callbacks->context);
    connection_callback_returned(loop, request);
}

void connection_dispatch_early(struct connection *connection)
{
    connection->is_last = true;
    connection->lingers = true;
    connection->ignores_input = true;
    connection_dispatch(connection);
}

static void answer(struct connection *connection, struct request *request,
                   const struct http_response *response)
{
    struct http_loop *loop = connection_loop(connection);
    assert(connection->request == request);
    if (response->closes || loop->is_draining) {
        connection->is_last = true;
        connection->lingers = true;
    }
    connection->request = NULL;
    connection->state = connection->is_last ? CONNECTION_LEAVING : CONNECTION_HEAD;
    if (connection->deadline.kind == DEADLINE_HANDLER)
        deadline_stop(&connection->deadline);

    connection_begin_output(connection);
    append_answer(connection, request, response);
    if (loop->advancing == connection)
        return;
    connection_flush(connection);
    resume(connection);
}

void http_respond(struct http_request *shown, const struct http_response *response)
{
    struct request *request = (struct request *)shown;
    struct http_loop *loop = shown->loop;
    struct connection *connection = request_take_connection(request);
    if (connection != NULL)
        answer(connection, request, response);
    else if (response->body_owner != NULL)
        response->release(response->body_owner);
    if (!request->is_inside_callback)
        request_release(&loop->requests, request);
    loop_check_drained(loop);
}

/* ---- streams ------------------------------------------------------------------------------ */

/* Outside of its turn a connection writes and waits at once; inside, when the turn ends. */
static void end_step(struct connection *connection)
{
    if (connection_loop(connection)->advancing == connection)
        return;
    connection_flush(connection);
    settle(connection);
}

void connection_begin_stream(struct connection *connection, struct http_stream *stream,
                             bool is_head_only)
{
    bool is_in_turn = connection_loop(connection)->advancing == connection;
    connection->request = NULL;
    connection->stream = stream;
    connection->state = is_head_only ? CONNECTION_LEAVING : CONNECTION_STREAMING;
    connection->is_last = true;
    connection->ignores_input = true;
    deadline_stop(&connection->deadline);
    if (!is_in_turn) /* else its turn still reads there */
        buf_close(&connection->pending);
    end_step(connection);
}

void connection_end_stream(struct connection *connection)
{
    connection->state = CONNECTION_LEAVING;
    deadline_stop(&connection->deadline);
    end_step(connection);
}

/* ---- requests that wait behind one -------------------------------------------------------- */

/* The request under way is answered, those behind it are not. */
static void stop_listening(struct connection *connection)
{
    connection->is_last = true;
    connection->lingers = true;
    connection->ignores_input = true;
    buf_close(&connection->pending);
    if (is_in(connection, CONNECTION_HEAD))
        connection->state = CONNECTION_LEAVING;
}

/* ---- a connection's turn ------------------------------------------------------------------ */

static void keep_rest(struct connection *connection, struct str input, size_t used)
{
    struct buf *pending = &connection->pending;
    bool is_pending = input.data == pending->data;
    struct str rest = str_slice(input, used, input.size);
    if (rest.size == 0 || connection->state >= CONNECTION_LEAVING || connection->ignores_input) {
        if (pending->data != NULL)
            buf_close(pending);
        return;
    }
    if (!is_pending) {
        assert(pending->size == 0);
        buf_append(pending, rest);
    } else if (used > 0) {
        memmove(pending->data, rest.data, rest.size);
        pending->size = rest.size;
    }
    if (is_in(connection, CONNECTION_HEAD) && connection->head_began_us == 0)
        connection->head_began_us = connection_loop(connection)->turn_began_us;
    if (connection_is_blocked(connection) && intake_has_too_many_waiting(connection))
        stop_listening(connection);
}

static void advance(struct connection *connection, struct str input)
{
    struct http_loop *loop = connection_loop(connection);
    assert(loop->advancing == NULL);
    loop->advancing = connection;
    loop->turn_began_us = clock_monotonic_us();
    size_t used = 0;
    while (used < input.size) {
        size_t step = intake_take(connection, str_slice(input, used, input.size));
        if (step == 0)
            break;
        used += step;
    }
    keep_rest(connection, input, used);
    connection_flush(connection);
    loop->advancing = NULL;
    settle(connection);
}

static void advance_ready(struct http_loop *loop)
{
    while (loop->ready != NULL) {
        struct connection *connection = loop->ready;
        loop->ready = connection->ready_next;
        connection->is_ready = false;
        if (!is_in(connection, CONNECTION_CLOSED))
            advance(connection, buf_str(&connection->pending));
    }
}

/* Goes on with what was waiting; not within another connection's turn, but right behind it. */
static void resume(struct connection *connection)
{
    struct http_loop *loop = connection_loop(connection);
    if (is_in(connection, CONNECTION_CLOSED))
        return;
    if (!connection->is_ready) {
        connection->is_ready = true;
        connection->ready_next = loop->ready;
        loop->ready = connection;
    }
    if (loop->advancing == NULL)
        advance_ready(loop);
}

static bool is_newcomer(const struct connection *connection)
{
    return connection->served_count == 0 && is_in(connection, CONNECTION_HEAD) &&
           connection->pending.size == 0;
}

/* No room for the first bytes of a newcomer whose turn it is not: on_read hears UV_ENOBUFS. */
static void on_allocate(uv_handle_t *handle, size_t suggested_size, uv_buf_t *buffer)
{
    (void)suggested_size;
    struct connection *connection = connection_of_stream((uv_stream_t *)handle);
    struct http_loop *loop = handle->data;
    bool may_read = !is_newcomer(connection) || newcomers_admit(connection);
    *buffer = may_read ? uv_buf_init(loop->read_buffer, READ_BUFFER_BYTES) : uv_buf_init(NULL, 0);
}

static void on_input_end(struct connection *connection, bool is_orderly)
{
    connection->has_input_ended = true;
    connection->is_reading = false;
    bool owes_answer = connection_is_blocked(connection) || is_in(connection, CONNECTION_LEAVING);
    if (!is_orderly || !owes_answer)
        connection_close(connection);
}

static void discard(struct connection *connection, size_t size)
{
    connection->discarded_bytes += (uint32_t)size;
    if (connection->discarded_bytes > DISCARDED_BYTES_MAX)
        connection_close(connection);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct connection *connection = connection_of_stream(stream);
    struct http_loop *loop = connection_loop(connection);
    if (size == 0 || is_in(connection, CONNECTION_CLOSED))
        return;
    if (size == UV_ENOBUFS) {
        newcomers_postpone(connection);
        return;
    }
    if (size < 0) {
        on_input_end(connection, size == UV_EOF);
        return;
    }
    counter_add(&loop->counters.bytes_in, (uint64_t)size);
    if (connection->state >= CONNECTION_LEAVING || connection->ignores_input) {
        discard(connection, (size_t)size);
        return;
    }
    struct str input = {buffer->base, (size_t)size};
    if (connection->pending.size > 0) {
        buf_append(&connection->pending, input);
        input = buf_str(&connection->pending);
    }
    advance(connection, input);
    if (loop->ready != NULL)
        advance_ready(loop);
}

static void pause_or_continue_reading(struct connection *connection)
{
    bool has_enough = connection->ignores_input || connection->pending.size >= PENDING_BYTES_MAX;
    bool wants = !connection->has_input_ended && !connection->is_postponed &&
                 !(connection_is_blocked(connection) && has_enough);
    if (wants == connection->is_reading)
        return;
    connection->is_reading = wants;
    if (wants)
        uv_read_start(stream_of(connection), on_allocate, on_read);
    else
        uv_read_stop(stream_of(connection));
}

void connection_continue_reading(struct connection *connection)
{
    if (!is_in(connection, CONNECTION_CLOSED))
        pause_or_continue_reading(connection);
}

static void choose_deadline(struct connection *connection)
{
    bool is_fresh = connection->served_count == 0;
    if (is_in(connection, CONNECTION_HANDLING))
        wait_for(connection, DEADLINE_HANDLER);
    else if (is_in(connection, CONNECTION_STREAMING))
        wait_for(connection, DEADLINE_STREAM);
    else if (connection->queued_writes > 0)
        wait_for(connection, DEADLINE_WRITE);
    else if (is_in(connection, CONNECTION_BODY))
        wait_for(connection, DEADLINE_BODY);
    else if (connection->pending.size > 0 || is_fresh)
        wait_for(connection, DEADLINE_HEADER);
    else
        wait_for(connection, DEADLINE_IDLE);
}

/* After a turn: leaves, or waits for the right thing. */
static void settle(struct connection *connection)
{
    bool is_head = is_in(connection, CONNECTION_HEAD) && connection->queued_writes == 0;
    if (is_in(connection, CONNECTION_CLOSED) || is_in(connection, CONNECTION_LINGERING))
        return;
    if (is_in(connection, CONNECTION_LEAVING) && connection->queued_writes == 0) {
        leave(connection);
        return;
    }
    bool is_idle = is_head && connection->pending.size == 0;
    if ((is_head && connection->has_input_ended) ||
        (is_idle && connection->served_count > 0 && connection_loop(connection)->is_draining)) {
        connection_close(connection);
        return;
    }
    pause_or_continue_reading(connection);
    choose_deadline(connection);
}

/* What has arrived and was not read yet: its sender saw an open connection. */
static bool has_unread_bytes(struct connection *connection)
{
    uv_os_fd_t descriptor = -1;
    char byte = 0;
    return uv_fileno((uv_handle_t *)stream_of(connection), &descriptor) == 0 &&
           recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void connection_drain(struct connection *connection)
{
    bool is_idle = is_in(connection, CONNECTION_HEAD) && connection->pending.size == 0 &&
                   connection->queued_writes == 0 && !has_unread_bytes(connection);
    if (is_idle)
        connection_close(connection);
}

/* ---- time --------------------------------------------------------------------------------- */

/* A body that goes into a sink may be longer than what is held of one, and has longer for it. */
static uint64_t body_time_ms(const struct http_limits *limits, const struct request *request)
{
    uint64_t portions = 1;
    if (limits->body_bytes > 0 && request->body_bytes_max > limits->body_bytes)
        portions = (request->body_bytes_max - 1) / limits->body_bytes + 1;
    return limits->body_timeout_ms * portions;
}

static void expire_head(struct connection *connection)
{
    if (connection->pending.size == 0) {
        connection_close(connection);
        return;
    }
    intake_refuse_head(connection, buf_str(&connection->pending), TOO_SLOW);
    connection_flush(connection);
    settle(connection);
}

static void check_body(struct connection *connection)
{
    const struct http_loop *loop = connection_loop(connection);
    const struct request *request = connection->request;
    uint64_t elapsed_ms = loop_now_ms(loop) - (uint64_t)request->body_began_ms;
    uint64_t due_bytes = elapsed_ms * loop->limits->body_bytes_per_second_min / 1000;
    if (elapsed_ms >= body_time_ms(loop->limits, request) || request->body_bytes_taken < due_bytes)
        refuse_now(connection, TOO_SLOW);
    else
        wait_for(connection, DEADLINE_BODY);
}

static void check_write(struct connection *connection)
{
    size_t unwritten = uv_stream_get_write_queue_size(stream_of(connection));
    bool has_moved = unwritten < connection->unwritten_bytes;
    connection->unwritten_bytes = unwritten;
    if (has_moved)
        wait_for(connection, DEADLINE_WRITE);
    else
        connection_close(connection);
}

void connection_expire(struct connection *connection, enum deadline_kind kind)
{
    switch (kind) {
    case DEADLINE_HEADER:
        expire_head(connection);
        return;
    case DEADLINE_BODY:
        check_body(connection);
        return;
    case DEADLINE_WRITE:
        check_write(connection);
        return;
    case DEADLINE_HANDLER:
        refuse_now(connection, HANDLER_TOO_SLOW);
        return;
    case DEADLINE_IDLE:
    case DEADLINE_LINGER:
        connection_close(connection);
        return;
    case DEADLINE_STREAM:
        wait_for(connection, DEADLINE_STREAM);
        return;
    case DEADLINE_KINDS:
    case DEADLINE_NONE:
        break;
    }
    assert(false);
}

/* ---- opening ------------------------------------------------------------------------------ */

static void note_peer(struct connection *connection, const struct sockaddr *address)
{
    const void *bytes = NULL;
    if (address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (bytes == NULL ||
        inet_ntop(address->sa_family, bytes, connection->peer, sizeof(connection->peer)) == NULL)
        return;
    connection->peer_size = (uint8_t)strlen(connection->peer);
}

void connection_open(struct http_loop *loop, int descriptor, const struct sockaddr *address)
{
    struct connection *connection = MEMORY_NEW(struct connection);
    int problem = uv_tcp_init(&loop->uv, &connection->tcp);
    assert(problem == 0);
    connection->tcp.data = loop;
    connection->state = CONNECTION_HEAD;
    deadline_init(&connection->deadline);
    buf_open(&connection->pending, SIZE_MAX / 2);
    note_peer(connection, address);
    loop_connection_opened(loop);
    if (uv_tcp_open(&connection->tcp, descriptor) != 0) {
        close(descriptor);
        connection_close(connection);
        return;
    }
    settle(connection);
}
