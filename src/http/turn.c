/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turn - what a connection does when bytes come, or when it may go on: see connection.h.
 *
 * Reads, has the intake make requests of it, writes what was answered meanwhile, and settles: goes
 * away, or waits for the right thing.
 */
#include <assert.h>
#include <string.h>

#include "http/connection.h"
#include "http/intake.h"

enum {
    PENDING_BYTES_MAX = 64 * 1024, /* beyond, reading stops until it is this one's turn */
    DISCARDED_BYTES_MAX = 256 * 1024,
};

/* ---- requests that wait behind one -------------------------------------------------------- */

/* The request under way is answered, those behind it are not. */
static void stop_listening(struct connection *connection)
{
    connection->is_last = true;
    connection->lingers = true;
    connection->ignores_input = true;
    buf_close(&connection->pending);
    if (connection_is_in(connection, CONNECTION_HEAD))
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
    if (connection_is_in(connection, CONNECTION_HEAD) && connection->head_began_us == 0)
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
    connection_settle(connection);
}

static void advance_ready(struct http_loop *loop)
{
    while (loop->ready != NULL) {
        struct connection *connection = loop->ready;
        loop->ready = connection->ready_next;
        connection->is_ready = false;
        if (!connection_is_in(connection, CONNECTION_CLOSED))
            advance(connection, buf_str(&connection->pending));
    }
}

/* Goes on with what was waiting; not within another connection's turn, but right behind it. */
void connection_resume(struct connection *connection)
{
    struct http_loop *loop = connection_loop(connection);
    if (connection_is_in(connection, CONNECTION_CLOSED))
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
    return connection->served_count == 0 && connection_is_in(connection, CONNECTION_HEAD) &&
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
    bool owes_answer =
        connection_is_blocked(connection) || connection_is_in(connection, CONNECTION_LEAVING);
    if (!is_orderly || !owes_answer)
        connection_close(connection);
}

static void discard(struct connection *connection, size_t size)
{
    connection->discarded_bytes += (uint32_t)size;
    if (connection->discarded_bytes > DISCARDED_BYTES_MAX)
        connection_close(connection);
}

static void take_input(struct connection *connection, struct str input)
{
    struct http_loop *loop = connection_loop(connection);
    counter_add(&loop->counters.bytes_in, input.size);
    if (connection->pending.size > 0) {
        buf_append(&connection->pending, input);
        input = buf_str(&connection->pending);
    }
    advance(connection, input);
    if (loop->ready != NULL)
        advance_ready(loop);
}

/* ---- under TLS ---------------------------------------------------------------------------- */

/* What follows the handshake has the time of a head from here on. One that was done counts, even if
 * the other side left on the spot. */
static void note_handshake(struct connection *connection, enum tls_verdict verdict)
{
    struct loop_counters *counters = &connection_loop(connection)->counters;
    if (tls_session_is_established(connection->tls)) {
        counter_add(&counters->handshakes, 1);
        deadline_stop(&connection->deadline);
        connection->is_late = false; /* the handshake was, and it has been done */
    } else if (verdict == TLS_BROKEN || verdict == TLS_WAS_NO_TLS) {
        counter_add(&counters->handshakes_failed, 1);
    }
}

static void take_ciphertext(struct connection *connection, struct str ciphertext)
{
    bool was_established = tls_session_is_established(connection->tls);
    struct str plain;
    enum tls_verdict verdict = tls_session_take(connection->tls, ciphertext, &plain);
    if (!was_established)
        note_handshake(connection, verdict);
    if (verdict == TLS_BROKEN) {
        connection_close(connection);
        return;
    }
    if (verdict == TLS_WAS_NO_TLS) {
        connection_refuse_plain(connection);
        return;
    }
    if (plain.size > 0)
        take_input(connection, plain);
    else
        connection_settle(connection);
    if (verdict == TLS_SAID_GOODBYE && !connection_is_in(connection, CONNECTION_CLOSED))
        on_input_end(connection, true);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct connection *connection = connection_of_stream(stream);
    struct http_loop *loop = connection_loop(connection);
    if (size == 0 || connection_is_in(connection, CONNECTION_CLOSED))
        return;
    if (size == UV_ENOBUFS) {
        newcomers_postpone(connection);
        return;
    }
    if (size < 0) {
        on_input_end(connection, size == UV_EOF);
        return;
    }
    if (connection->state >= CONNECTION_LEAVING || connection->ignores_input) {
        counter_add(&loop->counters.bytes_in, (uint64_t)size);
        discard(connection, (size_t)size);
        return;
    }
    struct str input = {buffer->base, (size_t)size};
    if (connection->tls != NULL) {
        take_ciphertext(connection, input);
        return;
    }
    take_input(connection, input);
    /* What is needed was copied; credentials and passwords are not to wait for the next to come. */
    explicit_bzero(buffer->base, (size_t)size);
}

static void pause_or_continue_reading(struct connection *connection)
{
    bool has_enough = connection->ignores_input || connection->pending.size >= PENDING_BYTES_MAX;
    bool wants = !connection->has_input_ended && !connection->is_postponed &&
                 !connection->is_resting && !(connection_is_blocked(connection) && has_enough);
    if (wants == connection->is_reading)
        return;
    connection->is_reading = wants;
    if (wants)
        uv_read_start(connection_uv(connection), on_allocate, on_read);
    else
        uv_read_stop(connection_uv(connection));
}

void connection_continue_reading(struct connection *connection)
{
    if (!connection_is_in(connection, CONNECTION_CLOSED))
        pause_or_continue_reading(connection);
}

static void choose_deadline(struct connection *connection)
{
    bool is_fresh = connection->served_count == 0;
    if (connection_is_in(connection, CONNECTION_HANDLING))
        connection_wait_for(connection,
                            connection->request->takes_time ? DEADLINE_STREAM : DEADLINE_HANDLER);
    else if (connection_is_in(connection, CONNECTION_STREAMING))
        connection_wait_for(connection, DEADLINE_STREAM);
    else if (connection->queued_writes > 0)
        connection_wait_for(connection, DEADLINE_WRITE);
    else if (connection->is_resting)
        connection_wait_for(connection, DEADLINE_REST);
    else if (connection_is_in(connection, CONNECTION_BODY))
        connection_wait_for(connection, DEADLINE_BODY);
    else if (connection->pending.size > 0 || is_fresh)
        connection_wait_for(connection, DEADLINE_HEADER);
    else
        connection_wait_for(connection, DEADLINE_IDLE);
}

/* After a turn: leaves, or waits for the right thing. */
void connection_settle(struct connection *connection)
{
    bool is_head = connection_is_in(connection, CONNECTION_HEAD) && connection->queued_writes == 0;
    if (connection_is_in(connection, CONNECTION_CLOSED) ||
        connection_is_in(connection, CONNECTION_LINGERING))
        return;
    if (connection_is_in(connection, CONNECTION_LEAVING) && connection->queued_writes == 0) {
        connection_leave(connection);
        return;
    }
    bool is_idle = is_head && connection->pending.size == 0;
    if ((is_head && connection->has_input_ended) ||
        (is_idle && connection->served_count > 0 && !connection->is_late &&
         connection_loop(connection)->is_draining)) {
        connection_close(connection);
        return;
    }
    pause_or_continue_reading(connection);
    choose_deadline(connection);
}
