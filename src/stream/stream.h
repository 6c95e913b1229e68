/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream - answers that go on: server-sent events that follow an environment.
 *
 * One hub per process, one board of streams per event loop. Every publication wakes the loops; each
 * asks, for its streams of environments that changed, for the body of the newest snapshot, one
 * shared buffer for all streams of the same channel, and sends it to those who have not had it. A
 * reader that is slower than the changes skips what it missed and gets the newest; one that takes
 * too little for too long is cut. Heartbeats go out when nothing else did. What changes by time
 * alone is announced when its moment comes. A stream whose credential is gone, has expired, or does
 * not see the environment any longer ends within a second.
 *
 * The first change after a pause goes out at once; those behind it are taken together, the longer
 * the more streams a loop has. Work for many streams is done in slices, so that requests on the
 * same loop come in between.
 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include "http/http.h"
#include "snapshot/snapshot.h"

/* How one dialect's streams look; static. */
struct stream_kind {
    struct str headers;   /* ready lines of the answer, its media type among them */
    struct str heartbeat; /* whole bytes of a keep-alive */
    uint32_t heartbeat_ms;
    /* The bytes to send for a snapshot at a moment of the wall clock, events framed and all: shared
     * by every stream of the same (environment, channel) on a loop. Called on a loop; what is large
     * is kept with the snapshot (snapshot_keep_body) by whoever renders, for the other loops. The
     * reference is the caller's. Sent only when it is other news than the stream had last: another
     * id, or another digest where there is no id. NULL ends the stream. */
    struct shared_body *(*render)(const struct view *view, const struct snapshot *snapshot,
                                  uint64_t channel, int64_t now_ms);
    /* A stream begins with "retry: N", N drawn for each between half of this and one and a half
     * times it, so that those who lose a server do not come back together; 0: it is not said. */
    uint32_t retry_ms;
    /* When, after now (wall clock), render would say something else of the same snapshot, because
     * what it follows is a function of time; INT64_MAX: never. NULL: never. */
    int64_t (*next_change)(const struct snapshot *snapshot, uint64_t channel, int64_t now_ms);
};

/*
 * Resuming: where a body's first line is "id: X", a client that comes back with "Last-Event-ID: X"
 * has had it, and gets what comes next.
 */

struct stream_hub;

/* Bounds, over all loops. While the socket of a stream is full, it gets nothing new; in each
 * stalled_ms it must take unsent_bytes_max, or all that waits, or it is cut. */
struct stream_limits {
    size_t streams_max;
    size_t streams_per_credential_max;
    /* New streams: so many a second; 0: no limit. After a pause as many at once as may be open, so
     * that all clients of a server that restarts come back in one go: to turn most of them away
     * would cost more, as each attempt costs about what a stream costs. */
    uint32_t begins_per_second;
    uint32_t age_ms; /* a stream ends when it is so old, 20 % more or less; 0: never */
    size_t unsent_bytes_max;
    uint32_t stalled_ms;
    uint32_t close_spread_ms; /* on shutdown, streams end spread over this long */
};
extern const struct stream_limits stream_limits_default;

struct stream_hub *stream_hub_open(struct view_slot *views, const struct clock *clock,
                                   const struct stream_limits *limits);
void stream_hub_close(struct stream_hub *hub); /* after the HTTP server is gone */

/* For main: the server whose loops carry the streams; NULL before that one is closed, and no
 * notification reaches it any more when this returns. */
void stream_hub_attach(struct stream_hub *hub, struct http_server *server);
/* Before that: a successor takes over at once, so streams end as fast as they can. */
void stream_hub_hurry(struct stream_hub *hub);
/* A view was published; from any thread, attached or not. */
void stream_hub_notify(struct stream_hub *hub);
/* For http_callbacks.on_wake. */
void stream_hub_wake(struct stream_hub *hub, struct http_loop *loop, bool is_draining);

struct stream_request {
    const struct stream_kind *kind;
    uint64_t environment;     /* number */
    uint64_t channel;         /* the dialect's choice, as a deployment's number */
    struct str credential_id; /* the stream ends when this one may not follow any longer */
};
/* Takes the request over: answers 200 with the kind's headers and sends the first body at once.
 * FAULT_LIMIT when this credential has too many streams, FAULT_UNAVAILABLE when all together are
 * too many or begin too fast, when the server is closing, there is nothing to send, or hub is NULL,
 * and FAULT_UNAUTHENTICATED when the credential is gone by now; the request is then still the
 * caller's to answer. On the request's loop. */
struct fault stream_open(struct stream_hub *hub, struct http_request *request,
                         const struct stream_request *stream) MUST_CHECK;

struct stream_counters {
    uint64_t open, opened;
    uint64_t sent;    /* bodies, the first of each stream among them */
    uint64_t skipped; /* bodies that a slow reader never got: a newer one was there */
    uint64_t heartbeats;
    uint64_t cut;        /* slow readers */
    uint64_t aged;       /* ended because they were old */
    uint64_t refused;    /* for a limit, not begun */
    size_t unsent_bytes; /* of slow readers, when they were last looked at */
};
struct stream_counters stream_counters_read(struct stream_hub *hub);

#endif
