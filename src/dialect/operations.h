/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operations - the listener for those who run the server: /livez, /readyz, /metrics.
 *
 * Alive means its loop turns; ready means there is a view to serve from. Neither touches the
 * store. Its own listener, loopback by default: probes must answer when the main one is drowned.
 */
#ifndef DIALECT_OPERATIONS_H
#define DIALECT_OPERATIONS_H

#include <pthread.h>
#include <stdatomic.h>

#include "change/change.h"
#include "http/http.h"
#include "stream/stream.h"

struct operations {
    struct http_server *server;
    const int *listeners; /* as http_config has them: one that listens already, or none */
    size_t listener_count;
    pthread_mutex_t lock;            /* guards the next */
    struct http_server *main_server; /* for its counters; NULL once it is about to go */
    struct changer *changer;
    struct view_slot *views;
    struct stream_hub *streams; /* NULL: none; closed after this */
    const struct clock *clock;
    int64_t began_ms;
    _Atomic bool is_stopping; /* ready no more: drain has begun */
};

/* listen empty: loopback, port `preferred_port`, or any other when that is taken. */
struct fault operations_open(struct operations *operations, struct str listen,
                             uint16_t preferred_port) MUST_CHECK;
/* The main server is about to be closed, and its counters are not read again. A successor goes on
 * at once: ready all the same. */
void operations_forget_main(struct operations *operations);
/* The same, and ready no more. */
void operations_begin_stop(struct operations *operations);
void operations_close(struct operations *operations);

#endif
