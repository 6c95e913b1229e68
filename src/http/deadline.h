/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deadline - what a connection must have done, and by when.
 *
 * A connection waits for one thing at a time, and every wait of one kind takes equally long. So
 * each kind keeps its waits in the order they began, which is the order they end: starting,
 * stopping and finding the next one due cost the same however many there are.
 */
#ifndef HTTP_DEADLINE_H
#define HTTP_DEADLINE_H

#include "http/http.h"

enum deadline_kind {
    DEADLINE_HEADER,  /* the rest of a head */
    DEADLINE_BODY,    /* a look at how a body is coming along; it recurs */
    DEADLINE_IDLE,    /* the next request */
    DEADLINE_WRITE,   /* the other side takes what is written */
    DEADLINE_HANDLER, /* an answer from the callback */
    DEADLINE_LINGER,  /* the other side closes after the last answer */
    DEADLINE_STREAM,  /* nothing: streams have no time; here they can be found */
    DEADLINE_REST,    /* nothing: it was shed, and is not read until then: patience.h */
    DEADLINE_KINDS,
    DEADLINE_NONE,
};

enum { BODY_LOOKS = 10 }; /* how often a body is looked at within its time */

struct deadline {
    struct deadline *previous, *next; /* NULL while it is not running */
    uint64_t due_ms;
    enum deadline_kind kind;
};

struct deadlines {
    struct deadline lists[DEADLINE_KINDS]; /* ring heads */
    uint32_t interval_ms[DEADLINE_KINDS];
};

void deadlines_open(struct deadlines *deadlines, const struct http_limits *limits);
uint32_t deadlines_tick_ms(const struct deadlines *deadlines); /* how often to look */

void deadline_init(struct deadline *deadline);
void deadline_start(struct deadlines *deadlines, struct deadline *deadline, enum deadline_kind kind,
                    uint64_t now_ms);
void deadline_stop(struct deadline *deadline);

/* The one of this kind that has waited longest, stopped, if it is due; else NULL. */
struct deadline *deadlines_take_due(struct deadlines *deadlines, enum deadline_kind kind,
                                    uint64_t now_ms);

/* The one of this kind that has waited longest, stopped, due or not; else NULL. */
struct deadline *deadlines_take(struct deadlines *deadlines, enum deadline_kind kind);

#endif
