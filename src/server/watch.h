/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch - the main thread while the server serves: signals, and signs of life.
 *
 *   SIGTERM, SIGINT   stop
 *   SIGHUP            read the settings again, take over what can be, say what needs a restart
 *   SIGUSR2           a successor takes the listening sockets over, if one can be had
 *
 * A supervisor's watchdog hears of us as long as every event loop turns.
 */
#ifndef SERVER_WATCH_H
#define SERVER_WATCH_H

#include <signal.h>

#include "dialect/rate.h"
#include "http/http.h"
#include "server/handover.h"
#include "server/notify.h"
#include "server/options.h"

struct watch {
    const struct options *options; /* those we run with */
    int argument_count;            /* behind `serve`, to read them again */
    char **arguments;
    struct notifier notifier;
    struct handover handover;
    sigset_t signals;
    struct http_tls *tls; /* NULL: plain */
    struct rates *rates, *admin_rates;
    struct http_server *servers[2]; /* whose loops must turn; NULL: none */
    int64_t sign_due_ms;            /* monotonic: the supervisor's watchdog wants to hear of us */
    bool has_silent_loops;          /* when it was last due */
    uint32_t look_every_ms;         /* 0: never */
    void (*look)(void *context);    /* every so often while it waits */
    void *context;
};

enum watch_order { WATCH_STOP, WATCH_RESTART };

/* From the first moment on, before any thread: the signals wait until they are asked for. */
void watch_open(struct watch *watch, struct arena *arena, int count, char **arguments);

/* Until there is an order that ends this server. */
enum watch_order watch_wait(struct watch *watch);
/* Waits for so long; WATCH_STOP when somebody wants us to stop meanwhile. */
enum watch_order watch_pause(struct watch *watch, uint32_t pause_ms);

#endif
