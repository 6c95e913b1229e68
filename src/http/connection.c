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
#include "http/response.h"

enum {
    TOO_SLOW = 408,
    TOO_LARGE = 413,
    REFUSED = 400,
    HANDLER_TOO_SLOW = 503,
    PENDING_BYTES_MAX = 64 * 1024, /* beyond, reading stops until it is this one's turn */
    DISCARDED_BYTES_MAX = 256 * 1024,
    SMALLEST_REQUEST_BYTES = 18, /* "GET / HTTP/1.0" and its two line ends */
};

static struct http_loop *loop_of(const struct connection *connection)
{
    return (struct http_loop *)connection->tcp.data;
}

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

/* Whether the next request must wait: one is being handled, or its answer does not get away. */
static bool is_blocked(const struct connection *connection)
{
    return is_in(connection, CONNECTION_HANDLING) ||
           (is_in(connection, CONNECTION_HEAD) && connection->queued_writes > 0);
}

static void wait_for(struct connection *connection, enum deadline_kind kind)
{
    struct http_loop *loop = loop_of(connection);
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
    struct http_loop *loop = loop_of(connection);
    assert(connection->request == NULL);
    assert(connection->queued_writes == 0);
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

/* The callback still has the request: it stays until it is answered, and nobody will hear that. */
static void let_go_of_request(struct connection *connection)
{
    struct request *request = connection->request;
    connection->request = NULL;
    if (request == NULL)
        return;
    request->connection = NULL;
    if (!is_in(connection, CONNECTION_HANDLING))
        request_release(&loop_of(connection)->requests, request);
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
    resume(connection);
}

/* Writes what the loop has collected, all of it this connection's. */
static void flush(struct connection *connection)
{
    struct http_loop *loop = loop_of(connection);
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

static void append_answer(struct connection *connection, const struct request *request,
                          const struct http_response *response)
{
    struct http_loop *loop = loop_of(connection);
    enum response_connection says = RESPONSE_SAYS_NOTHING;
    if (connection->is_last)
        says = RESPONSE_SAYS_CLOSE;
    else if (request->is_http_1_0)
        says = RESPONSE_SAYS_KEEP_ALIVE;
    bool is_head = request->public.method == HTTP_HEAD;
    if (response_append(loop, response, is_head, says) || output_is_full(&loop->output))
        flush(connection);
}

/* ---- refusing ----------------------------------------------------------------------------- */

/* The request to refuse, for its path and its arena. One that the callback has is not ours to use:
 * a fresh one takes its place, and it is let go of. */
static struct request *take_request_to_refuse(struct connection *connection)
{
    struct request_pool *pool = &loop_of(connection)->requests;
    struct request *request = connection->request;
    if (request == NULL)
        return request_acquire(pool);
    if (!is_in(connection, CONNECTION_HANDLING)) {
        connection->request = NULL;
        return request;
    }
    struct request *fresh = request_acquire(pool);
    fresh->public.method = request->public.method;
    fresh->public.path = arena_copy_str(&fresh->arena, request->public.path);
    let_go_of_request(connection);
    return fresh;
}

/* Answers with a refusal and closes: what follows on this connection is not to be trusted. */
static void refuse(struct connection *connection, int status)
{
    struct http_loop *loop = loop_of(connection);
    struct request *request = take_request_to_refuse(connection);
    struct str path = request->public.path;
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
    refuse(connection, status);
    flush(connection);
    settle(connection);
}

/* ---- handling ----------------------------------------------------------------------------- */

void connection_callback_returned(struct http_loop *loop, struct request *request)
{
    request->is_inside_callback = false;
    if (request->is_answered)
        request_release(&loop->requests, request);
}

static void dispatch(struct connection *connection)
{
    struct http_loop *loop = loop_of(connection);
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
    loop->callbacks->on_request(&request->public, loop->callbacks->context);
    connection_callback_returned(loop, request);
}

static void answer(struct connection *connection, struct request *request,
                   const struct http_response *response)
{
    struct http_loop *loop = loop_of(connection);
    assert(connection->request == request);
    if (response->closes || loop->is_draining) {
        connection->is_last = true;
        connection->lingers = true;
    }
    connection->request = NULL;
    connection->state = connection->is_last ? CONNECTION_LEAVING : CONNECTION_HEAD;
    if (connection->deadline.kind == DEADLINE_HANDLER)
        deadline_stop(&connection->deadline);

    if (loop->advancing == connection) {
        append_answer(connection, request, response);
        return;
    }
    if (loop->advancing != NULL)
        flush(loop->advancing); /* the output holds that one's answers */
    append_answer(connection, request, response);
    flush(connection);
    resume(connection);
}

void http_respond(struct http_request *public, const struct http_response *response)
{
    struct request *request = (struct request *)public;
    struct http_loop *loop = public->loop;
    assert(!request->is_answered);
    request->is_answered = true;
    struct connection *connection = request->connection;
    request->connection = NULL;
    if (connection != NULL)
        answer(connection, request, response);
    else if (response->body_owner != NULL)
        response->release(response->body_owner);
    if (!request->is_inside_callback)
        request_release(&loop->requests, request);
    loop_check_drained(loop);
}

/* ---- reading a request -------------------------------------------------------------------- */

static void fill_public(struct connection *connection, const struct head *head)
{
    struct request *request = connection->request;
    struct http_loop *loop = loop_of(connection);
    struct http_request *public = &request->public;
    size_t question = str_find_byte(head->target, '?', 0);
    public->method = head->method;
    public->method_text = head->method_text;
    public->target = head->target;
    if (question < head->target.size)
    public->query = str_slice(head->target, question + 1, head->target.size);
    public->headers = request->headers;
    public->header_count = head->header_count;
    public->body = STR("");
    public->peer = (struct str){connection->peer, connection->peer_size};
    public->loop = loop;
    public->began_us =
        connection->head_began_us != 0 ? connection->head_began_us : loop->turn_began_us;
    connection->head_began_us = 0;
    request->is_chunked = head->is_chunked;
    request->is_keep_alive = head->is_keep_alive;
    request->is_http_1_0 = head->is_http_1_0;
    request->body_bytes_left = head->content_length;
}

/* The most this route takes; 413 is due when the head announces more. */
static size_t body_bytes_max(const struct connection *connection)
{
    const struct http_loop *loop = loop_of(connection);
    const struct http_request *public = &connection->request->public;
    size_t most = loop->limits->body_bytes;
    if (loop->callbacks->body_bytes_max == NULL)
        return most;
    size_t route =
        loop->callbacks->body_bytes_max(public->method, public->path, loop->callbacks->context);
    return route < most ? route : most;
}

static void begin_body(struct connection *connection, bool expects_continue, bool has_more_input)
{
    struct http_loop *loop = loop_of(connection);
    struct request *request = connection->request;
    size_t most = body_bytes_max(connection);
    if (request->body_bytes_left > most) {
        refuse(connection, TOO_LARGE);
        return;
    }
    request->body.bytes_max = most;
    request->body_began_ms = (int64_t)loop_now_ms(loop);
    connection->state = CONNECTION_BODY;
    if (expects_continue && !has_more_input)
        output_append(&loop->output, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

/* A copy of the head becomes a request; what the head says decides what comes next. */
static void begin_request(struct connection *connection, struct str bytes, bool has_more_input)
{
    struct http_loop *loop = loop_of(connection);
    struct request *request = request_acquire(&loop->requests);
    request->connection = connection;
    connection->request = request;
    deadline_stop(&connection->deadline);

    struct str head_bytes = arena_copy_str(&request->arena, bytes);
    struct head head;
    int refusal = head_parse(&connection->scan, head_bytes, request->headers, &head);
    connection->scan = (struct head_scan){0};
    if (refusal != 0) {
        request->public.method = head.method;
        refuse(connection, refusal);
        return;
    }
    fill_public(connection, &head);
    struct str raw_path = str_slice(head.target, 0, str_find_byte(head.target, '?', 0));
    struct str path = raw_path;
    if (raw_path.data[0] == '/' && failed(http_canonical_path(&request->arena, raw_path, &path))) {
        refuse(connection, REFUSED);
        return;
    }
    request->public.path = path;
    if (head.is_chunked || head.content_length > 0)
        begin_body(connection, head.expects_continue, has_more_input);
    else
        dispatch(connection);
}

/* Each of these takes bytes from the front of input and returns how many; 0: none for now. */

static size_t read_head(struct connection *connection, struct str input)
{
    const struct http_loop *loop = loop_of(connection);
    struct head_verdict verdict = head_scan(&connection->scan, input, loop->limits);
    if (verdict.refusal != 0) {
        refuse(connection, verdict.refusal);
        return input.size;
    }
    if (verdict.ends_at == 0)
        return 0;
    begin_request(connection, str_slice(input, 0, verdict.ends_at), input.size > verdict.ends_at);
    return verdict.ends_at;
}

static size_t read_chunks(struct connection *connection, struct str input)
{
    struct request *request = connection->request;
    size_t used = 0;
    switch (chunk_decode(&request->chunks, input, &request->body, &used)) {
    case CHUNK_MORE:
        break;
    case CHUNK_DONE:
        request->public.body = buf_str(&request->body);
        dispatch(connection);
        break;
    case CHUNK_REFUSED:
        refuse(connection, REFUSED);
        break;
    case CHUNK_TOO_LARGE:
        refuse(connection, TOO_LARGE);
        break;
    }
    return used;
}

static size_t read_sized(struct connection *connection, struct str input)
{
    struct request *request = connection->request;
    struct str part = str_slice(input, 0, request->body_bytes_left);
    if (request->body.size == 0 && part.size == request->body_bytes_left) {
        request->public.body = arena_copy_str(&request->arena, part);
    } else {
        buf_append(&request->body, part);
        assert(!buf_failed(&request->body));
        request->public.body = buf_str(&request->body);
    }
    request->body_bytes_left -= part.size;
    if (request->body_bytes_left == 0)
        dispatch(connection);
    return part.size;
}

static size_t take_input(struct connection *connection, struct str input)
{
    if (is_blocked(connection))
        return 0;
    switch ((enum connection_state)connection->state) {
    case CONNECTION_HEAD:
        return read_head(connection, input);
    case CONNECTION_BODY:
        return connection->request->is_chunked ? read_chunks(connection, input)
                                               : read_sized(connection, input);
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

static bool has_too_many_waiting(struct connection *connection)
{
    struct http_loop *loop = loop_of(connection);
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
    if (rest.size == 0 || connection->state >= CONNECTION_LEAVING) {
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
        connection->head_began_us = loop_of(connection)->turn_began_us;
    if (is_blocked(connection) && has_too_many_waiting(connection))
        stop_listening(connection);
}

static void advance(struct connection *connection, struct str input)
{
    struct http_loop *loop = loop_of(connection);
    assert(loop->advancing == NULL);
    loop->advancing = connection;
    loop->turn_began_us = clock_monotonic_us();
    size_t used = 0;
    while (used < input.size) {
        size_t step = take_input(connection, str_slice(input, used, input.size));
        if (step == 0)
            break;
        used += step;
    }
    keep_rest(connection, input, used);
    flush(connection);
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
    struct http_loop *loop = loop_of(connection);
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

static void on_allocate(uv_handle_t *handle, size_t suggested_size, uv_buf_t *buffer)
{
    (void)suggested_size;
    struct http_loop *loop = handle->data;
    *buffer = uv_buf_init(loop->read_buffer, READ_BUFFER_BYTES);
}

static void on_input_end(struct connection *connection, bool is_orderly)
{
    connection->has_input_ended = true;
    connection->is_reading = false;
    bool owes_answer = is_blocked(connection) || is_in(connection, CONNECTION_LEAVING);
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
    struct http_loop *loop = loop_of(connection);
    if (size == 0 || is_in(connection, CONNECTION_CLOSED))
        return;
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
    bool wants = !connection->has_input_ended &&
                 !(is_blocked(connection) && connection->pending.size >= PENDING_BYTES_MAX);
    if (wants == connection->is_reading)
        return;
    connection->is_reading = wants;
    if (wants)
        uv_read_start(stream_of(connection), on_allocate, on_read);
    else
        uv_read_stop(stream_of(connection));
}

static void choose_deadline(struct connection *connection)
{
    bool is_fresh = connection->served_count == 0;
    if (is_in(connection, CONNECTION_HANDLING))
        wait_for(connection, DEADLINE_HANDLER);
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
        (is_idle && connection->served_count > 0 && loop_of(connection)->is_draining)) {
        connection_close(connection);
        return;
    }
    pause_or_continue_reading(connection);
    choose_deadline(connection);
}

void connection_drain(struct connection *connection)
{
    bool is_idle = is_in(connection, CONNECTION_HEAD) && connection->pending.size == 0 &&
                   connection->queued_writes == 0;
    if (is_idle)
        connection_close(connection);
}

/* ---- time --------------------------------------------------------------------------------- */

static void check_body(struct connection *connection)
{
    const struct http_loop *loop = loop_of(connection);
    const struct request *request = connection->request;
    uint64_t elapsed_ms = loop_now_ms(loop) - (uint64_t)request->body_began_ms;
    uint64_t due_bytes = elapsed_ms * loop->limits->body_bytes_per_second_min / 1000;
    if (elapsed_ms >= loop->limits->body_timeout_ms || request->body.size < due_bytes)
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
        if (connection->pending.size > 0)
            refuse_now(connection, TOO_SLOW);
        else
            connection_close(connection);
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
