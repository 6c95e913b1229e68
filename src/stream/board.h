/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board - the streams of one event loop.
 *
 * Streams that follow the same thing with the same credential share a topic: what is new is found
 * out, rendered and checked once for all of them. A topic keeps its streams in lists by what is to
 * be done, so a change moves one list behind another, and who has nothing to do is not looked at:
 *
 *     current   had the newest body
 *     due       shall get it
 *     slow      the socket is full: gets it when that has drained
 *     leaving   shall be ended
 *
 * Heartbeats come from a wheel of seconds that each stream is on once; when its turn comes and
 * something was sent since, it moves on. There it also ends when it is old. Belongs to the loop's
 * thread; the counters may be read from others.
 */
#ifndef STREAM_BOARD_H
#define STREAM_BOARD_H

#include <pthread.h>
#include <stdatomic.h>

#include "stream/account.h"
#include "stream/pace.h"
#include "stream/ring.h"
#include "stream/stream.h"

enum { TOPIC_LISTS = 256, WHEEL_SECONDS = 32 };

struct board_counters { /* one writer each */
    _Atomic uint64_t opened, sent, skipped, heartbeats, cut, aged, refused;
    _Atomic size_t unsent_bytes;
};

struct board {
    struct stream_hub *hub;
    struct http_loop *loop;
    struct board *next; /* the hub's list */
    struct topic *topics[TOPIC_LISTS];
    size_t stream_count;     /* ended ones, too, until they are closed */
    size_t due_count;        /* of streams in `due` and `leaving`, over all topics */
    struct catalog *catalog; /* the one all topics were checked against; one reference */
    uint64_t generation;     /* of the view that was looked at last */
    int64_t next_look_ms;    /* not before */
    int64_t next_moment_ms;  /* wall clock: topics are to be looked at, whatever is published */
    int64_t looked_wall_ms;  /* wall clock: when topics were looked at last */
    size_t sent_in_round;    /* news handed over since the last look */
    int64_t next_check_ms;   /* of slow readers */
    struct ring wheel[WHEEL_SECONDS];
    int64_t wheel_second; /* the last one that was dealt with */
    bool is_draining;
    int64_t drain_began_ms;
    size_t drain_total, drain_ended;
    struct board_counters counters;
};

struct topic {
    struct topic *next;
    struct board *board;
    const struct stream_kind *kind;
    uint64_t environment, channel;
    struct account *account;  /* of the credential */
    int64_t expires_ms;       /* wall clock; 0: never */
    uint64_t version;         /* of the snapshot that was looked at last */
    int64_t since_ms;         /* wall clock: the body is what was said then */
    int64_t changes_ms;       /* wall clock: that snapshot has another body from then on */
    struct shared_body *body; /* the newest; one reference */
    uint64_t news;            /* what it says: event_news */
    bool is_split;            /* some stream was given other news, ahead of the look */
    uint32_t revision;        /* grows with each other body */
    bool is_over;             /* takes no more streams */
    size_t stream_count;
    struct ring current, due, slow, leaving;
};

enum stream_place { STREAM_CURRENT, STREAM_DUE, STREAM_SLOW, STREAM_LEAVING, STREAM_ENDED };

struct stream {
    struct ring link; /* in one of its topic's lists, or in none */
    struct ring beat; /* on the wheel */
    struct topic *topic;
    struct http_stream *http;
    uint64_t news; /* what it had last */
    int64_t sent_ms;
    int64_t ends_ms;     /* monotonic: it is old by then */
    int64_t looked_ms;   /* slow: when its time began */
    size_t unsent_bytes; /* slow: at that moment */
    uint32_t revision;   /* of the topic's body, when it was sent or found the same */
    uint8_t place;       /* enum stream_place */
};

struct board *board_open(struct stream_hub *hub, struct http_loop *loop);
void board_close(struct board *board); /* no stream is left */

void board_wake(struct board *board, bool is_draining);

/* Puts a stream on the wheel: where its next heartbeat or its end is due, or as far ahead as the
 * wheel goes. */
void board_set_beat(struct board *board, struct stream *stream);
/* Sends it a body, whatever it had. */
void stream_hand_over(struct stream *stream, struct shared_body *body, uint64_t news);
/* It has these news with these bytes; what the socket does not take at once waits there. Bytes of a
 * body take over a reference of it; without one they are copied. */
void stream_send(struct stream *stream, struct str bytes, struct shared_body *body, uint64_t news);
extern const struct http_stream_events stream_events;

/* ---- welcome.c: how a stream begins -------------------------------------------------------- */

/* The request is answered by a stream, or a fault says why not. */
struct fault board_add(struct board *board, struct http_request *request,
                       const struct stream_request *wanted, struct view *view) MUST_CHECK;

/* ---- topic.c: what streams follow ---------------------------------------------------------- */

/* The topic that was asked for and the body of this view, which the topic may not have come to yet;
 * its reference is the caller's. */
struct fault topic_take(struct board *board, const struct stream_request *wanted,
                        const struct view *view, struct topic **topic,
                        struct shared_body **body) MUST_CHECK;
void topic_drop_if_empty(struct topic *topic); /* frees it when it has no stream */
/* Finds out what is new in a view, now: other bodies, topics that are over; and when to look again
 * whatever is published. False: nothing was. */
bool topics_look(struct board *board, const struct view *view);
/* All its streams shall be ended. */
void topic_end(struct topic *topic);

static inline struct stream *stream_of_link(struct ring *link)
{
    return RING_MEMBER(link, struct stream, link);
}

static inline void counter_raise(_Atomic uint64_t *counter, uint64_t amount)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + amount, memory_order_relaxed);
}

/* ---- stream.c: what all boards share ------------------------------------------------------- */

struct stream_hub {
    struct view_slot *views;
    const struct clock *clock;
    struct stream_limits limits;
    _Atomic uint64_t open; /* streams, over all boards */
    struct pace pace;
    struct accounts accounts;
    pthread_mutex_t mutex; /* guards the next two */
    struct http_server *server;
    struct board *boards;
};

static inline int64_t board_now_ms(const struct board *board)
{
    return clock_monotonic_ms(board->hub->clock);
}

#endif
