/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events - an event stream (text/event-stream, WHATWG HTML 9.2) on its way in.
 *
 * Takes bytes as they come and tells each event when it is whole; comments and unknown fields are
 * passed over.
 */
#ifndef CLIENT_EVENTS_H
#define CLIENT_EVENTS_H

#include "base/buf.h"

struct event {
    struct str id;   /* the last one that was sent; empty: none */
    struct str name; /* "message" when none is sent */
    struct str data; /* lines joined by '\n' */
};

struct events {
    /* The event is good until it returns; false: no more are wanted. */
    bool (*tell)(const struct event *event, void *user);
    void *user;
    struct buf line, id, name, data;
    bool has_data, was_return;
};

void events_open(struct events *events, bool (*tell)(const struct event *event, void *user),
                 void *user);
/* Another connection: what has come of an unfinished event is forgotten, the id is not. */
void events_restart(struct events *events);
/* False: tell said so, or an event was larger than 1 MiB. */
bool events_take(struct events *events, struct str piece);
void events_close(struct events *events);

#endif
