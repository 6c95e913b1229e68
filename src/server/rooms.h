/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rooms - all that a server consists of, opened from the options in this order:
 *
 *   parts (view slot, notebooks, streams, rates, dialects) -> change (store, first view)
 *   -> http -> operations
 *
 * and closed the other way round. When, is server.c's business.
 */
#ifndef SERVER_ROOMS_H
#define SERVER_ROOMS_H

#include "dialect/exchange.h"
#include "dialect/operations.h"
#include "server/options.h"
#include "server/sandbox.h"
#include "server/starts.h"
#include "server/watch.h"

struct server {
    struct options options;
    struct arena arena;
    struct steady_clock clock;
    struct watch watch;
    struct starts starts;
    struct sandbox sandbox;
    struct view_slot *views;
    struct changer *changer;
    struct notebook *notebooks[2]; /* by enum note_kind */
    struct assignments *assignments;
    struct stream_hub *streams;
    struct rates *rates;
    struct rates *admin_rates;
    struct description *description;
    struct sign_in *sign_in;
    struct device_logins *device_logins;
    struct operations operations;
    struct services services;
    struct http_server *http;
    const struct dialect *dialects[16];
};

/* Without TLS there is nothing to open. */
struct fault rooms_open_tls(struct server *server) MUST_CHECK;

/* What needs neither the store nor the network. */
void rooms_open_parts(struct server *server);
void rooms_close_parts(struct server *server);

/* The store, or what is served instead of it, which the log says. To be closed with change_close.
 */
struct fault rooms_open_change(struct server *server, struct bootstrap *bootstrap) MUST_CHECK;

struct fault rooms_open_http(struct server *server) MUST_CHECK;
void rooms_close_http(struct server *server);
/* After http, whose port its own is next to. */
struct fault rooms_open_operations(struct server *server) MUST_CHECK;

#endif
