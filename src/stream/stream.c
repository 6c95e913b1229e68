/* SPDX-License-Identifier: Apache-2.0 */
/* stream - answers that go on: the hub of all loops. See stream.h. */
#include "stream/stream.h"

#include <assert.h>
#include <pthread.h>

#include "base/memory.h"
#include "stream/board.h"

const struct stream_limits stream_limits_default = {
    .streams_max = 10000,
    .streams_per_credential_max = 2000,
    .begins_per_second = 500,
    .age_ms = 30 * 60 * 1000,
    .unsent_bytes_max = 64 * 1024,
    .stalled_ms = 10000,
    .close_spread_ms = 2000,
};

static uint32_t burst_of(const struct stream_limits *limits)
{
    size_t most = limits->streams_max;
    if (most < limits->begins_per_second)
        most = limits->begins_per_second;
    return most < UINT32_MAX ? (uint32_t)most : UINT32_MAX;
}

struct stream_hub *stream_hub_open(struct view_slot *views, const struct clock *clock,
                                   const struct stream_limits *limits)
{
    struct stream_hub *hub = MEMORY_NEW(struct stream_hub);
    hub->views = views;
    hub->clock = clock;
    hub->limits = *limits;
    hub->pace.per_second = limits->begins_per_second;
    hub->pace.burst = burst_of(limits);
    accounts_open(&hub->accounts);
    pthread_mutex_init(&hub->mutex, NULL);
    return hub;
}

void stream_hub_close(struct stream_hub *hub)
{
    assert(hub->server == NULL);
    while (hub->boards != NULL) {
        struct board *board = hub->boards;
        hub->boards = board->next;
        board_close(board);
    }
    accounts_close(&hub->accounts);
    pthread_mutex_destroy(&hub->mutex);
    memory_free(hub);
}

void stream_hub_attach(struct stream_hub *hub, struct http_server *server)
{
    pthread_mutex_lock(&hub->mutex);
    hub->server = server;
    pthread_mutex_unlock(&hub->mutex);
}

void stream_hub_notify(struct stream_hub *hub)
{
    pthread_mutex_lock(&hub->mutex);
    if (hub->server != NULL)
        http_wake(hub->server);
    pthread_mutex_unlock(&hub->mutex);
}

/* Read by the loops only once they drain, which http_close tells them of later. */
void stream_hub_hurry(struct stream_hub *hub)
{
    hub->limits.close_spread_ms = 0;
}

void stream_hub_wake(struct stream_hub *hub, struct http_loop *loop, bool is_draining)
{
    (void)hub;
    struct board *board = http_loop_streams(loop);
    if (board != NULL)
        board_wake(board, is_draining);
}

static struct board *find_board(struct stream_hub *hub, struct http_loop *loop)
{
    struct board *board = http_loop_streams(loop);
    if (board != NULL)
        return board;
    board = board_open(hub, loop);
    http_loop_set_streams(loop, board);
    pthread_mutex_lock(&hub->mutex);
    board->next = hub->boards;
    hub->boards = board;
    pthread_mutex_unlock(&hub->mutex);
    return board;
}

static struct fault open_on(struct stream_hub *hub, struct board *board,
                            struct http_request *request, const struct stream_request *stream)
{
    struct view *view = view_acquire(hub->views);
    if (view == NULL)
        return fault_make(FAULT_UNAVAILABLE, STR("stream"), STR("there is nothing to follow"));
    struct fault fault = board_add(board, request, stream, view);
    view_release(view);
    return fault;
}

struct fault stream_open(struct stream_hub *hub, struct http_request *request,
                         const struct stream_request *stream)
{
    if (hub == NULL)
        return fault_make(FAULT_UNAVAILABLE, STR("stream"), STR("streams are not served"));
    struct board *board = find_board(hub, request->loop);
    if (board->is_draining)
        return fault_make(FAULT_UNAVAILABLE, STR("stream"), STR("the server is closing"));
    if (memory_is_short()) {
        counter_raise(&board->counters.refused, 1);
        return fault_make(FAULT_UNAVAILABLE, STR("stream"), STR("memory is short at the moment"));
    }
    if (atomic_fetch_add(&hub->open, 1) >= hub->limits.streams_max) {
        atomic_fetch_sub(&hub->open, 1);
        counter_raise(&board->counters.refused, 1);
        return fault_make(FAULT_UNAVAILABLE, STR("stream"), STR("too many streams are open"));
    }
    struct fault fault = open_on(hub, board, request, stream);
    if (failed(fault))
        atomic_fetch_sub(&hub->open, 1);
    return fault;
}

static uint64_t read_counter(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

struct stream_counters stream_counters_read(struct stream_hub *hub)
{
    struct stream_counters sum = {.open = atomic_load(&hub->open)};
    pthread_mutex_lock(&hub->mutex);
    for (const struct board *board = hub->boards; board != NULL; board = board->next) {
        sum.opened += read_counter(&board->counters.opened);
        sum.sent += read_counter(&board->counters.sent);
        sum.skipped += read_counter(&board->counters.skipped);
        sum.heartbeats += read_counter(&board->counters.heartbeats);
        sum.cut += read_counter(&board->counters.cut);
        sum.aged += read_counter(&board->counters.aged);
        sum.refused += read_counter(&board->counters.refused);
        sum.unsent_bytes +=
            atomic_load_explicit(&board->counters.unsent_bytes, memory_order_relaxed);
    }
    pthread_mutex_unlock(&hub->mutex);
    return sum;
}
