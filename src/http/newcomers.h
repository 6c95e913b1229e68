/* SPDX-License-Identifier: Apache-2.0 */
/*
 * newcomers - who has just connected does not push aside who is here.
 *
 * When thousands connect at once, after a network came back or a server restarted, their first
 * requests would all be dealt with in one turn of the loop, and whoever is connected already would
 * wait for as long as that takes. So only so many connections have their first bytes read in a
 * turn; the others are not looked at until it is theirs, in the order in which they were ready.
 */
#ifndef HTTP_NEWCOMERS_H
#define HTTP_NEWCOMERS_H

#include <stdbool.h>

struct connection;
struct http_loop;

struct newcomers {
    struct connection *first, *last; /* whose bytes wait; by connection.queued_next */
    unsigned left;                   /* in this turn */
};

/* A turn of the loop begins: goes on with those that have waited longest. */
void newcomers_begin_turn(struct http_loop *loop);

/* Whether the first bytes of a connection may be read in this turn; counts it if so. */
bool newcomers_admit(struct connection *connection);
/* They may not: it waits, and is not read until then. */
void newcomers_postpone(struct connection *connection);
/* It is closed. */
void newcomers_forget(struct connection *connection);

#endif
