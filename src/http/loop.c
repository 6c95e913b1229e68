/* SPDX-License-Identifier: Apache-2.0 */
/* loop - one event loop, its listener and everything its connections share: see loop.h. */
#include "http/loop.h"

#include <assert.h>
#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "http/connection.h"
#include "http/server.h"

enum {
    ACCEPTS_PER_TURN = 32,
    ACCEPT_PAUSE_MS = 100,
    HAND_OVER_TICK_MS = 10,
    STREAM_TURN_MS = 750,      /* looked at by the tick: with its grain, about once a second */
    RESERVED_DESCRIPTORS = 64, /* left to the rest of the process */
};

/* ---- accepting ---------------------------------------------------------------------------- */

static void on_acceptable(uv_poll_t *listener, int status, int events);

static void start_accepting(struct http_loop *loop)
{
    bool may_accept = !loop->is_accepting && !loop->is_draining &&
                      loop->connection_count < loop->connections_max &&
                      !uv_is_active((uv_handle_t *)&loop->accept_pause);
    if (!may_accept)
        return;
    loop->is_accepting = true;
    uv_poll_start(&loop->listener, UV_READABLE, on_acceptable);
}

static void stop_accepting(struct http_loop *loop)
{
    loop->is_accepting = false;
    uv_poll_stop(&loop->listener);
}

static void on_pause_over(uv_timer_t *timer)
{
    start_accepting(timer->data);
}

static void pause_accepting(struct http_loop *loop)
{
    stop_accepting(loop);
    uv_timer_start(&loop->accept_pause, on_pause_over, ACCEPT_PAUSE_MS, 0);
}

/* False: no more until the next turn. */
static bool accept_one(struct http_loop *loop)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    int descriptor = accept4(loop->listener_descriptor, (struct sockaddr *)&address, &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
        if (errno == EINTR || errno == ECONNABORTED)
            return true;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            pause_accepting(loop); /* EMFILE, ENFILE, ENOMEM: trying at once again would spin */
        return false;
    }
    if (descriptor > loop->descriptor_max || memory_is_nearly_gone()) {
        close(descriptor);
        pause_accepting(loop);
        return false;
    }
    connection_open(loop, descriptor, (struct sockaddr *)&address);
    return true;
}

static void on_acceptable(uv_poll_t *listener, int status, int events)
{
    (void)status;
    (void)events;
    struct http_loop *loop = listener->data;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        if (loop->connection_count >= loop->connections_max) {
            stop_accepting(loop);
            return;
        }
        if (!accept_one(loop))
            return;
    }
}

/* ---- time --------------------------------------------------------------------------------- */

static void close_all(struct http_loop *loop)
{
    for (enum deadline_kind kind = 0; kind < DEADLINE_KINDS; kind++) {
        struct deadline *deadline = NULL;
        while ((deadline = deadlines_take(&loop->deadlines, kind)) != NULL)
            connection_close(connection_of_deadline(deadline));
    }
}

/* Lets go of all that have nothing under way. */
static void drain_all(struct http_loop *loop)
{
    for (enum deadline_kind kind = 0; kind < DEADLINE_KINDS; kind++) {
        struct deadline *ring = &loop->deadlines.lists[kind];
        for (struct deadline *at = ring->next; at != ring;) {
            struct deadline *next = at->next;
            connection_drain(connection_of_deadline(at));
            at = next;
        }
    }
}

static void wake_user(struct http_loop *loop)
{
    assert(loop->advancing == NULL);
    loop->user_woken_ms = loop_now_ms(loop);
    if (loop->callbacks->on_wake != NULL)
        loop->callbacks->on_wake(loop, loop->is_draining, loop->callbacks->context);
}

static void on_wake_later(uv_timer_t *timer)
{
    wake_user(timer->data);
}

/* A timer without a delay that is started by a timer runs before anything else: whoever asks for
 * the next turn in every turn would keep all others waiting. */
static void wake_next_turn(struct http_loop *loop)
{
    atomic_store(&loop->must_wake, true);
    if (!uv_is_closing((uv_handle_t *)&loop->wake))
        uv_async_send(&loop->wake);
}

void http_wake_after(struct http_loop *loop, uint32_t delay_ms)
{
    uv_timer_t *timer = &loop->wake_later;
    if (delay_ms == 0) {
        wake_next_turn(loop);
        return;
    }
    bool is_soon_enough =
        uv_is_active((uv_handle_t *)timer) && uv_timer_get_due_in(timer) <= delay_ms;
    if (!is_soon_enough && !uv_is_closing((uv_handle_t *)timer))
        uv_timer_start(timer, on_wake_later, delay_ms, 0);
}

static bool has_streams(const struct http_loop *loop)
{
    return atomic_load_explicit(&loop->counters.streams_open, memory_order_relaxed) > 0;
}

static void on_tick(uv_timer_t *tick)
{
    struct http_loop *loop = tick->data;
    uint64_t now_ms = loop_now_ms(loop);
    if (has_streams(loop) && now_ms - loop->user_woken_ms >= STREAM_TURN_MS)
        wake_user(loop);
    for (enum deadline_kind kind = 0; kind < DEADLINE_KINDS; kind++) {
        struct deadline *due = NULL;
        while ((due = deadlines_take_due(&loop->deadlines, kind, now_ms)) != NULL)
            connection_expire(connection_of_deadline(due), kind);
    }
    if (loop->is_draining && now_ms >= loop->drain_ends_ms)
        close_all(loop);
    else if (loop->is_draining && loop->keeps_listener)
        drain_all(loop);
    loop_check_drained(loop);
}

static void start_tick(struct http_loop *loop)
{
    uint32_t every_ms = loop->is_draining && loop->keeps_listener
                            ? HAND_OVER_TICK_MS
                            : deadlines_tick_ms(&loop->deadlines);
    if (!uv_is_active((uv_handle_t *)&loop->tick))
        uv_timer_start(&loop->tick, on_tick, every_ms, every_ms);
}

void loop_connection_opened(struct http_loop *loop)
{
    loop->connection_count++;
    counter_add(&loop->counters.connections_open, 1);
    counter_add(&loop->counters.connections_total, 1);
    start_tick(loop);
}

void loop_connection_closed(struct http_loop *loop)
{
    assert(loop->connection_count > 0);
    loop->connection_count--;
    counter_add(&loop->counters.connections_open, UINT64_MAX); /* one less */
    if (loop->connection_count == 0 && !loop->is_draining)
        uv_timer_stop(&loop->tick);
    start_accepting(loop);
    loop_check_drained(loop);
}

/* ---- ending ------------------------------------------------------------------------------- */

static void begin_drain(struct http_loop *loop)
{
    loop->keeps_listener = atomic_load(&loop->must_keep_listener);
    if (loop->is_accepting && !loop->keeps_listener) /* whom the kernel let in is not turned away */
        on_acceptable(&loop->listener, 0, UV_READABLE);
    loop->is_retired = true;
    loop->is_draining = true;
    loop->drain_ends_ms = loop_now_ms(loop) + loop->limits->drain_timeout_ms;
    stop_accepting(loop);
    uv_timer_stop(&loop->accept_pause);
    /* The handle before its descriptor: libuv names the number once more when it lets go, and by
     * then it could be somebody else's. */
    uv_close((uv_handle_t *)&loop->listener, NULL);
    close(loop->listener_descriptor);
    loop->listener_descriptor = -1;
    drain_all(loop);
    uv_timer_stop(&loop->tick);
    start_tick(loop);
}

/* Reports to http_close, once, that nothing is under way any more or its time is up. */
void loop_check_drained(struct http_loop *loop)
{
    if (!loop->is_draining || loop->has_drained || loop->connection_count > 0)
        return;
    if (loop->requests.in_use_count > 0 && loop_now_ms(loop) < loop->drain_ends_ms)
        return;
    loop->has_drained = true;
    uv_timer_stop(&loop->tick);
    server_loop_drained(loop->server);
}

static void close_handles(struct http_loop *loop)
{
    uv_handle_t *handles[] = {(uv_handle_t *)&loop->listener,     (uv_handle_t *)&loop->tick,
                              (uv_handle_t *)&loop->accept_pause, (uv_handle_t *)&loop->wake_later,
                              (uv_handle_t *)&loop->turn,         (uv_handle_t *)&loop->wake};
    for (size_t i = 0; i < COUNT_OF(handles); i++) {
        if (!uv_is_closing(handles[i]))
            uv_close(handles[i], NULL);
    }
}

static void run_completions(struct http_loop *loop)
{
    struct request *request = completions_take(&loop->completions);
    while (request != NULL) {
        struct request *next = request->queued_next;
        request->is_inside_callback = true;
        request->done(&request->shown);
        connection_callback_returned(loop, request);
        request = next;
    }
    loop_check_drained(loop);
}

static void on_wake(uv_async_t *wake)
{
    struct http_loop *loop = wake->data;
    bool must_end = atomic_load(&loop->must_end);
    run_completions(loop);
    bool must_wake = atomic_exchange(&loop->must_wake, false);
    atomic_store(&loop->answered, atomic_load(&loop->asked));
    if (atomic_load(&loop->must_retire))
        loop->is_retired = true;
    if (atomic_load(&loop->must_drain) && !loop->is_draining) {
        begin_drain(loop);
        loop_check_drained(loop);
        must_wake = true;
    }
    if (must_wake && !must_end)
        wake_user(loop);
    if (must_end && !uv_is_closing((uv_handle_t *)wake))
        close_handles(loop);
}

static void on_turn(uv_check_t *turn)
{
    struct http_loop *loop = turn->data;
    if (loop->patience.requests > PATIENCE_FEW || loop->patience.is_pressed)
        patience_end_turn(&loop->patience, loop->turn_began_us / 1000);
    newcomers_begin_turn(loop);
}

void loop_begin_turns(struct http_loop *loop)
{
    uv_check_start(&loop->turn, on_turn);
    newcomers_begin_turn(loop);
}

void loop_run(struct http_loop *loop)
{
    loop_begin_turns(loop);
    start_accepting(loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

/* ---- opening and closing ------------------------------------------------------------------ */

/* As many connections as the process has descriptors for, shared fairly; those beyond wait in the
 * kernel. Who else takes descriptors is not known, so each accepted one is looked at, too. */
static void set_descriptor_limits(struct http_loop *loop)
{
    struct rlimit limit = {0};
    loop->descriptor_max = INT32_MAX;
    loop->connections_max = loop->limits->connections;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT32_MAX ||
        limit.rlim_cur <= 2 * RESERVED_DESCRIPTORS)
        return;
    loop->descriptor_max = (int)limit.rlim_cur - RESERVED_DESCRIPTORS - 1;
    size_t share = ((size_t)limit.rlim_cur - RESERVED_DESCRIPTORS) / loop->server->loop_count;
    if (loop->connections_max > share)
        loop->connections_max = share;
}

struct fault loop_open(struct http_loop *loop, struct http_server *server, int listener)
{
    *loop = (struct http_loop){
        .server = server,
        .limits = &server->config.limits,
        .callbacks = &server->config.callbacks,
        .clock = server->config.clock,
        .listener_descriptor = listener,
    };
    if (uv_loop_init(&loop->uv) != 0) {
        close(listener);
        return fault_make(FAULT_UNAVAILABLE, STR("listen"), STR("no event loop can be had"));
    }
    int problem = uv_poll_init(&loop->uv, &loop->listener, listener);
    assert(problem == 0);
    problem = uv_async_init(&loop->uv, &loop->wake, on_wake);
    assert(problem == 0);
    uv_timer_init(&loop->uv, &loop->tick);
    uv_timer_init(&loop->uv, &loop->accept_pause);
    uv_timer_init(&loop->uv, &loop->wake_later);
    uv_check_init(&loop->uv, &loop->turn);
    loop->listener.data = loop;
    loop->wake.data = loop;
    loop->tick.data = loop;
    loop->accept_pause.data = loop;
    loop->wake_later.data = loop;
    loop->turn.data = loop;
    set_descriptor_limits(loop);
    deadlines_open(&loop->deadlines, loop->limits);
    request_pool_open(&loop->requests, loop->limits->header_count);
    output_open(&loop->output);
    completions_open(&loop->completions, &loop->wake);
    if (server->config.tls != NULL)
        loop->wire = tls_wire_open(server->config.tls);
    loop->read_buffer = memory_allocate(READ_BUFFER_BYTES);
    loop->spare_headers = MEMORY_NEW_ARRAY(struct http_header, loop->limits->header_count);
    return fault_none();
}

void loop_close(struct http_loop *loop)
{
    close_handles(loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT); /* the handles' own farewell */
    int problem = uv_loop_close(&loop->uv);
    assert(problem == 0);
    if (loop->listener_descriptor >= 0)
        close(loop->listener_descriptor);
    assert(loop->connection_count == 0);
    request_pool_close(&loop->requests);
    output_close(&loop->output);
    completions_close(&loop->completions);
    memory_free(loop->spare_headers);
    memory_free(loop->read_buffer);
    tls_wire_close(loop->wire);
    if (loop->user != NULL && loop->callbacks->on_loop_end != NULL)
        loop->callbacks->on_loop_end(loop->user, loop->callbacks->context);
}

void *http_loop_user(struct http_loop *loop)
{
    return loop->user;
}

void http_loop_set_user(struct http_loop *loop, void *user)
{
    loop->user = user;
}

void *http_loop_streams(struct http_loop *loop)
{
    return loop->streams;
}

void http_loop_set_streams(struct http_loop *loop, void *streams)
{
    loop->streams = streams;
}
