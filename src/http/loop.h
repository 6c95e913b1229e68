/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop - one event loop, its listener and everything its connections share.
 *
 * Only the loop's own thread touches it, with three exceptions: the counters and the flags below
 * are atomic, and `completions` is guarded by its mutex.
 */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "http/deadline.h"
#include "http/http.h"
#include "http/newcomers.h"
#include "http/offload.h"
#include "http/output.h"
#include "http/patience.h"
#include "http/request.h"

enum { READ_BUFFER_BYTES = 64 * 1024, DATE_LINES_BYTES = 96 };

struct connection;
struct http_server;
struct tls_wire;

/* Each has one writer, the loop, so a plain load and store suffice to add. */
struct loop_counters {
    _Atomic uint64_t connections_open, connections_total, requests, refusals, bytes_in, bytes_out,
        streams_open, handshakes, handshakes_failed, sheds;
};

struct http_loop {
    uv_loop_t uv;
    uv_poll_t listener;
    uv_timer_t tick;         /* looks at the deadlines, while there are connections */
    uv_timer_t accept_pause; /* after the descriptors ran out */
    uv_timer_t wake_later;   /* http_wake_after */
    uv_check_t turn;         /* each turn, behind its events */
    uv_async_t wake;         /* from the pool threads, http_wake and http_close */
    int listener_descriptor;
    struct http_server *server;
    const struct http_limits *limits;
    const struct http_callbacks *callbacks;
    const struct clock *clock;
    void *user;
    void *streams; /* the user's, too */
    uint64_t user_woken_ms;

    struct deadlines deadlines;
    struct request_pool requests;
    struct output output;
    struct connection *advancing; /* whose turn it is; its answers are collected in output */
    struct connection *ready;     /* those that may go on once that turn ends */
    struct newcomers newcomers;
    struct patience patience;
    int64_t turn_began_us; /* monotonic */
    size_t connection_count;
    size_t connections_max;
    int descriptor_max; /* a higher one is not taken: the rest of the process needs a reserve */
    bool is_accepting;
    bool is_retired; /* every answer closes its connection */
    bool is_draining;
    bool keeps_listener; /* its socket lives on in a successor */
    bool has_drained;
    uint64_t drain_ends_ms;

    uint64_t date_read_ms; /* loop time */
    int64_t date_second;
    char date_lines[DATE_LINES_BYTES]; /* header lines every answer carries */
    size_t date_lines_size;

    struct loop_counters counters;
    struct completions completions;
    _Atomic bool must_retire;
    _Atomic bool must_keep_listener;
    _Atomic bool must_drain;
    _Atomic bool must_end;
    _Atomic bool must_wake;
    _Atomic uint64_t asked, answered; /* http_silent_loops: questions, and the last one heard */
    struct tls_wire *wire;            /* NULL: plain */
    char *read_buffer;
    struct http_header *spare_headers; /* to count requests that wait behind another */
};

static inline void counter_add(_Atomic uint64_t *counter, uint64_t amount)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + amount, memory_order_relaxed);
}

static inline uint64_t loop_now_ms(const struct http_loop *loop)
{
    return uv_now(&loop->uv);
}

/* Takes over a listening socket, closed when this refuses. Starts nothing. */
struct fault loop_open(struct http_loop *loop, struct http_server *server, int listener) MUST_CHECK;
void loop_run(struct http_loop *loop);         /* until it was drained and told to end */
void loop_begin_turns(struct http_loop *loop); /* for who turns it by hand; loop_run does so */
void loop_close(struct http_loop *loop);       /* after it ended, or when it never ran */

/* A connection came or went. */
void loop_connection_opened(struct http_loop *loop);
void loop_connection_closed(struct http_loop *loop);
void loop_check_drained(struct http_loop *loop); /* a request was given back while draining */

#endif
