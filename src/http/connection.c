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
#include "http/file.h"
#include "http/intake.h"
#include "http/response.h"
#include "http/stream.h"

enum { PLAIN_WHERE_TLS_IS = 400, SHED = 503 };

struct connection *connection_of_deadline(struct deadline *deadline)
{
    return (struct connection *)((char *)deadline - offsetof(struct connection, deadline));
}

bool connection_is_blocked(const struct connection *connection)
{
    return connection_is_in(connection, CONNECTION_HANDLING) ||
           (connection_is_in(connection, CONNECTION_HEAD) && connection->queued_writes > 0);
}

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
    tls_session_close(connection->tls);
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
    if (connection_is_in(connection, CONNECTION_HANDLING))
        return;
    abandon_sink(request);
    request_release(&connection_loop(connection)->requests, request);
}

void connection_close(struct connection *connection)
{
    if (connection_is_in(connection, CONNECTION_CLOSED))
        return;
    let_go_of_request(connection);
    if (connection->tls != NULL)
        tls_session_say_goodbye(connection->tls);
    connection->state = CONNECTION_CLOSED;
    deadline_stop(&connection->deadline);
    uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

/* The last answer is away. Half-closes and waits for the other side when bytes may still come that
 * would turn an immediate close into a reset. */
void connection_leave(struct connection *connection)
{
    uv_os_fd_t descriptor = -1;
    bool should_linger =
        connection->lingers && !connection->has_input_ended && !connection_hands_over(connection);
    if (connection->tls != NULL)
        tls_session_say_goodbye(connection->tls);
    bool can_linger = should_linger &&
                      uv_fileno((uv_handle_t *)&connection->tcp, &descriptor) == 0 &&
                      shutdown(descriptor, SHUT_WR) == 0;
    if (!can_linger) {
        connection_close(connection);
        return;
    }
    connection->state = CONNECTION_LINGERING;
    connection_continue_reading(connection);
    connection_wait_for(connection, DEADLINE_LINGER);
}

/* ---- writing ------------------------------------------------------------------------------ */

static void on_queued_written(uv_stream_t *stream, int status)
{
    struct connection *connection = connection_of_stream(stream);
    connection->queued_writes--;
    if (connection_is_in(connection, CONNECTION_CLOSED))
        return;
    if (status < 0) {
        connection_close(connection);
        return;
    }
    if (connection->queued_writes > 0)
        return;
    if (connection->deadline.kind == DEADLINE_WRITE)
        deadline_stop(&connection->deadline);
    if (connection_is_in(connection, CONNECTION_STREAMING))
        stream_drained(connection->stream);
    else
        connection_resume(connection);
}

static enum output_result write_out(struct connection *connection)
{
    struct output *output = &connection_loop(connection)->output;
    if (connection->tls != NULL)
        return tls_session_flush(connection->tls, output);
    return output_flush(output, connection_uv(connection), connection->queued_writes == 0,
                        on_queued_written);
}

size_t connection_unwritten_bytes(const struct connection *connection)
{
    if (connection->tls != NULL)
        return tls_session_unwritten_bytes(connection->tls);
    return uv_stream_get_write_queue_size((const uv_stream_t *)&connection->tcp);
}

/* Writes what the loop has collected, all of it this connection's. */
void connection_flush(struct connection *connection)
{
    struct http_loop *loop = connection_loop(connection);
    if (connection_is_in(connection, CONNECTION_CLOSED)) {
        output_discard(&loop->output);
        return;
    }
    switch (write_out(connection)) {
    case OUTPUT_WRITTEN:
        break;
    case OUTPUT_QUEUED:
        connection->queued_writes++;
        connection->unwritten_bytes = connection_unwritten_bytes(connection);
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
    if (!connection_is_in(connection, CONNECTION_HANDLING)) {
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

static void begin_refusal(struct connection *connection)
{
    connection->is_last = true;
    connection->lingers = true;
    connection->is_resting = false;
    connection->state = CONNECTION_LEAVING;
    deadline_stop(&connection->deadline);
    counter_add(&connection_loop(connection)->counters.refusals, 1);
}

void connection_refuse(struct connection *connection, int status)
{
    struct http_loop *loop = connection_loop(connection);
    struct request *request = take_request_to_refuse(connection);
    struct str path = request->shown.path;
    begin_refusal(connection);
    struct http_response response = {.status = status};
    if (loop->callbacks->on_refusal != NULL)
        loop->callbacks->on_refusal(status, path, &request->arena, &response,
                                    loop->callbacks->context);
    response.status = status;
    append_answer(connection, request, &response);
    request_release(&loop->requests, request);
}

/* The same from outside a read event. */
void connection_refuse_now(struct connection *connection, int status)
{
    connection_refuse(connection, status);
    connection_flush(connection);
    connection_settle(connection);
}

/* Somebody typed http:// for https://, and is told so in a language that is understood. */
void connection_refuse_plain(struct connection *connection)
{
    static const struct http_response response = {
        .status = PLAIN_WHERE_TLS_IS,
        .headers = STR("Content-Type: text/plain; charset=utf-8\r\n"),
        .body = STR("This port speaks HTTPS: write https:// instead of http://\n"),
    };
    struct request *request = request_acquire(&connection_loop(connection)->requests);
    tls_session_close(connection->tls);
    connection->tls = NULL;
    begin_refusal(connection);
    append_answer(connection, request, &response);
    request_release(&connection_loop(connection)->requests, request);
    connection_flush(connection);
    connection_settle(connection);
}

/* ---- handling ----------------------------------------------------------------------------- */

void connection_callback_returned(struct http_loop *loop, struct request *request)
{
    request->is_inside_callback = false;
    if (request->is_answered)
        request_release(&loop->requests, request);
}

/* Its turn comes too late. What went into a sink is worth more than the time it takes. */
static bool is_to_be_shed(struct connection *connection, const struct http_request *request)
{
    const struct http_loop *loop = connection_loop(connection);
    const struct http_callbacks *callbacks = loop->callbacks;
    bool is_late = connection->is_late;
    connection->is_late = false;
    if (request->sink != NULL)
        return false;
    bool is_control =
        callbacks->is_control != NULL && callbacks->is_control(request, callbacks->context);
    return !patience_admits(&loop->patience, clock_monotonic_ms(clock_system()), is_control,
                            is_late);
}

/* The connection stays good, but is not read for a while. */
static void shed(struct connection *connection, struct request *request)
{
    struct http_loop *loop = connection_loop(connection);
    struct http_response response = {.status = SHED};
    if (loop->callbacks->on_refusal != NULL)
        loop->callbacks->on_refusal(SHED, request->shown.path, &request->arena, &response,
                                    loop->callbacks->context);
    response.status = SHED;
    if (!str_contains(response.headers, STR("Retry-After:"))) /* dialects have words for it */
        response.headers =
            arena_format(&request->arena, "%.*sRetry-After: 1\r\n", STR_ARG(response.headers));
    counter_add(&loop->counters.sheds, 1);
    connection->request = NULL;
    connection->state = connection->is_last ? CONNECTION_LEAVING : CONNECTION_HEAD;
    connection->is_resting = !connection->is_last;
    append_answer(connection, request, &response);
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
    if (connection->served_count >= loop->limits->requests_per_connection || loop->is_retired) {
        connection->is_last = true;
        connection->lingers = true; /* the client may have sent more already */
    }
    int64_t batch_began_ms = (int64_t)loop_now_ms(loop);
    patience_count(&loop->patience, batch_began_ms);
    bool is_tried = connection->is_late || patience_is_tried(&loop->patience, batch_began_ms);
    if (is_tried && is_to_be_shed(connection, &request->shown)) {
        shed(connection, request);
        return;
    }
    connection->is_resting = false; /* one behind a shed one may be of those that are answered */
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
    if (response->closes || loop->is_retired) {
        connection->is_last = true;
        connection->lingers = true;
    }
    connection->request = NULL;
    connection->state = connection->is_last ? CONNECTION_LEAVING : CONNECTION_HEAD;
    if (connection->deadline.kind == DEADLINE_HANDLER ||
        connection->deadline.kind == DEADLINE_STREAM)
        deadline_stop(&connection->deadline);

    connection_begin_output(connection);
    append_answer(connection, request, response);
    if (loop->advancing == connection)
        return;
    connection_flush(connection);
    connection_resume(connection);
}

void http_take_time(struct http_request *shown)
{
    ((struct request *)shown)->takes_time = true;
}

bool http_is_abandoned(const struct http_request *shown)
{
    return ((const struct request *)shown)->is_abandoned;
}

void http_respond(struct http_request *shown, const struct http_response *response)
{
    struct request *request = (struct request *)shown;
    if (response->file != NULL) {
        file_send(shown, response);
        return;
    }
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
    connection_settle(connection);
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

void connection_expect_progress(struct connection *connection)
{
    if (!connection_is_in(connection, CONNECTION_STREAMING))
        return;
    connection->unwritten_bytes = connection_unwritten_bytes(connection);
    connection_wait_for(connection,
                        connection->queued_writes > 0 ? DEADLINE_WRITE : DEADLINE_STREAM);
}

void connection_end_stream(struct connection *connection)
{
    connection->state = CONNECTION_LEAVING;
    deadline_stop(&connection->deadline);
    end_step(connection);
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
    if (loop->wire != NULL)
        connection->tls =
            tls_session_open(loop->wire, connection_uv(connection), on_queued_written);
    connection_settle(connection);
}
