/* SPDX-License-Identifier: Apache-2.0 */
/* expire - how long a connection is waited for, and who is let go when the server closes. */
#include <assert.h>
#include <sys/socket.h>

#include "http/connection.h"
#include "http/intake.h"

enum {
    TOO_SLOW = 408,
    HANDLER_TOO_SLOW = 503,
    /* Whoever has just connected has so long for a first byte, or for the next one of a handshake,
     * when the listening sockets are handed over. */
    FRESH_MS = 500,
    /* Readers of streams come back anyway: so long they have to take the last bytes, then. */
    STREAM_END_MS = 1000,
};

/* ---- when the server closes ------------------------------------------------------------------ */

/* What has arrived and was not read yet: its sender saw an open connection. */
static bool has_unread_bytes(const struct connection *connection)
{
    uv_os_fd_t descriptor = -1;
    char byte = 0;
    return uv_fileno((const uv_handle_t *)&connection->tcp, &descriptor) == 0 &&
           recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Accepted a moment ago and silent so far: its request is on the way, or its handshake under way.
 */
static bool is_fresh(const struct connection *connection)
{
    const struct http_loop *loop = connection_loop(connection);
    const struct deadline *deadline = &connection->deadline;
    if (connection->served_count > 0 || deadline->kind != DEADLINE_HEADER)
        return false;
    uint64_t began_ms = deadline->due_ms - loop->deadlines.interval_ms[DEADLINE_HEADER];
    return loop_now_ms(loop) < began_ms + FRESH_MS;
}

bool connection_hands_over(const struct connection *connection)
{
    const struct http_loop *loop = connection_loop(connection);
    return loop->is_draining && loop->keeps_listener && !has_unread_bytes(connection);
}

/* Waits for a request of which not a byte is here. */
static bool is_idle(const struct connection *connection)
{
    return connection_is_in(connection, CONNECTION_HEAD) && connection->pending.size == 0 &&
           connection->queued_writes == 0;
}

/* Its end is said, and it does not take it: a successor is not to wait for that. */
static bool is_stalled_stream(const struct connection *connection)
{
    const struct http_loop *loop = connection_loop(connection);
    uint64_t began_ms = loop->drain_ends_ms - loop->limits->drain_timeout_ms;
    return loop->keeps_listener && connection->stream != NULL &&
           connection_is_in(connection, CONNECTION_LEAVING) &&
           loop_now_ms(loop) >= began_ms + STREAM_END_MS;
}

void connection_drain(struct connection *connection)
{
    bool keeps_listener = connection_loop(connection)->keeps_listener;
    bool may_go = is_idle(connection) && !(keeps_listener && is_fresh(connection));
    if (keeps_listener && connection_is_in(connection, CONNECTION_LINGERING))
        may_go = true;
    if (is_stalled_stream(connection) || (may_go && !has_unread_bytes(connection)))
        connection_close(connection);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* A body that goes into a sink may be longer than what is held of one, and has longer for it. */
static uint64_t body_time_ms(const struct http_limits *limits, const struct request *request)
{
    uint64_t portions = 1;
    if (limits->body_bytes > 0 && request->body_bytes_max > limits->body_bytes)
        portions = (request->body_bytes_max - 1) / limits->body_bytes + 1;
    return limits->body_timeout_ms * portions;
}

/* One that was begun and did not come to its end. */
static void note_handshake(const struct connection *connection)
{
    const struct tls_session *tls = connection->tls;
    if (tls != NULL && tls_session_has_begun(tls) && !tls_session_is_established(tls))
        counter_add(&connection_loop(connection)->counters.handshakes_failed, 1);
}

static void expire_head(struct connection *connection)
{
    if (connection->pending.size == 0) {
        note_handshake(connection);
        connection_close(connection);
        return;
    }
    intake_refuse_head(connection, buf_str(&connection->pending), TOO_SLOW);
    connection_flush(connection);
    connection_settle(connection);
}

static void check_body(struct connection *connection)
{
    const struct http_loop *loop = connection_loop(connection);
    const struct request *request = connection->request;
    uint64_t elapsed_ms = loop_now_ms(loop) - (uint64_t)request->body_began_ms;
    uint64_t due_bytes = elapsed_ms * loop->limits->body_bytes_per_second_min / 1000;
    if (elapsed_ms >= body_time_ms(loop->limits, request) || request->body_bytes_taken < due_bytes)
        connection_refuse_now(connection, TOO_SLOW);
    else
        connection_wait_for(connection, DEADLINE_BODY);
}

static void check_write(struct connection *connection)
{
    size_t unwritten = connection_unwritten_bytes(connection);
    bool has_moved = unwritten < connection->unwritten_bytes;
    connection->unwritten_bytes = unwritten;
    if (has_moved)
        connection_wait_for(connection, DEADLINE_WRITE);
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
        connection_refuse_now(connection, HANDLER_TOO_SLOW);
        return;
    case DEADLINE_IDLE:
    case DEADLINE_LINGER:
        connection_close(connection);
        return;
    case DEADLINE_STREAM:
        connection_wait_for(connection, DEADLINE_STREAM);
        return;
    case DEADLINE_REST:
        connection->is_resting = false;
        connection->is_late = has_unread_bytes(connection);
        connection_settle(connection);
        return;
    case DEADLINE_KINDS:
    case DEADLINE_NONE:
        break;
    }
    assert(false);
}
