/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection - one client's bytes, request by request.
 *
 *     HEAD -> BODY -> HANDLING -> HEAD …        answered, and on to the next
 *                              -> STREAMING     answered without an end
 *                              -> LEAVING -> LINGERING -> CLOSED
 *
 * Requests are read and handled one after the other; bytes that come meanwhile wait in `pending`,
 * bounded. Answers given in a read event are written together at its end. While it waits for a
 * first byte a connection holds no memory but this structure (and its keys, under TLS).
 *
 * connection.c opens, answers and closes; turn.c reads; expire.c waits no longer.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include <netinet/in.h>
#include <stddef.h>

#include "http/head.h"
#include "http/loop.h"
#include "http/tls_session.h"

enum connection_state {
    CONNECTION_HEAD,
    CONNECTION_BODY,
    CONNECTION_HANDLING,  /* the callback has a request and owes an answer */
    CONNECTION_STREAMING, /* an answer goes on; what comes in is thrown away, its end closes */
    CONNECTION_LEAVING,   /* the last answer is being written */
    CONNECTION_LINGERING, /* it is written; what still comes is thrown away, so that no reset
                             overtakes the answer (RFC 9112 section 9.6) */
    CONNECTION_CLOSED,
};

struct connection {
    uv_tcp_t tcp;
    struct deadline deadline;
    struct request *request;    /* being read or handled */
    struct tls_session *tls;    /* NULL: speaks plain */
    struct http_stream *stream; /* from its beginning until the connection is closed */
    struct buf pending;         /* bytes of what is not complete yet or must wait */
    struct head_scan scan;
    int64_t head_began_us; /* monotonic; 0: in this turn */
    int64_t postponed_ms;  /* when: newcomers.h */
    struct connection *ready_next;
    struct connection *queued_next; /* newcomers.h */
    size_t unwritten_bytes;         /* at the last look */
    uint32_t served_count;
    uint32_t queued_writes;
    uint32_t discarded_bytes;
    uint8_t state; /* enum connection_state */
    uint8_t peer_size;
    bool is_reading;
    bool is_ready;                  /* in the loop's list */
    bool is_postponed, is_admitted; /* its first bytes wait for a turn; have one: newcomers.h */
    bool is_resting, is_late;       /* was shed; its next bytes waited too long: patience.h */
    bool is_last;                   /* closes after the request under way */
    bool
        ignores_input; /* what comes is thrown away, and not even read while a request is handled */
    bool has_input_ended;
    bool lingers;
    char peer[INET6_ADDRSTRLEN];
};

/* Takes over an accepted, non-blocking socket. */
void connection_open(struct http_loop *loop, int descriptor, const struct sockaddr *address);
void connection_close(struct connection *connection); /* at once; frees itself a little later */

void connection_expire(struct connection *connection, enum deadline_kind kind);
void connection_drain(struct connection *connection); /* closes it if nothing is under way */

struct connection *connection_of_deadline(struct deadline *deadline);

static inline struct http_loop *connection_loop(const struct connection *connection)
{
    return (struct http_loop *)connection->tcp.data;
}

static inline uv_stream_t *connection_uv(struct connection *connection)
{
    return (uv_stream_t *)&connection->tcp;
}

static inline struct connection *connection_of_stream(uv_stream_t *stream)
{
    return (struct connection *)((char *)stream - offsetof(struct connection, tcp));
}

static inline bool connection_is_in(const struct connection *connection,
                                    enum connection_state state)
{
    return connection->state == state;
}

static inline void connection_wait_for(struct connection *connection, enum deadline_kind kind)
{
    struct http_loop *loop = connection_loop(connection);
    if (connection->deadline.kind != kind)
        deadline_start(&loop->deadlines, &connection->deadline, kind, loop_now_ms(loop));
}

/* Whether the next request must wait: one is being handled, or its answer does not get away. */
bool connection_is_blocked(const struct connection *connection);

/* For intake.c: its request is complete; it is as complete as it will be, and the rest of the input
 * is not wanted; it, or what should become one, is refused with a status and nothing that follows
 * on this connection is to be trusted. */
void connection_dispatch(struct connection *connection);
void connection_dispatch_early(struct connection *connection);
void connection_refuse(struct connection *connection, int status);

/* The same from outside of a turn; and to somebody who speaks plain HTTP where TLS is expected. */
void connection_refuse_now(struct connection *connection, int status);
void connection_refuse_plain(struct connection *connection);

/* Goes on with what was waiting; not within another connection's turn, but right behind it. */
void connection_resume(struct connection *connection);
/* After a turn: leaves, or waits for the right thing. */
void connection_settle(struct connection *connection);
/* The last answer is away. */
void connection_leave(struct connection *connection);
/* What it has to say is said, and its listener lives on in a successor: it may go at once. */
bool connection_hands_over(const struct connection *connection);
/* Handed over for writing and not taken by the socket yet. */
size_t connection_unwritten_bytes(const struct connection *connection);

/* For stream.c. The loop's output is about to get bytes of this connection; they are to be written
 * now; the request is answered by a stream whose head is in the output (one that has only a head
 * leaves at once); its last bytes are in the output. */
void connection_begin_output(struct connection *connection);
void connection_flush(struct connection *connection);
void connection_begin_stream(struct connection *connection, struct http_stream *stream,
                             bool is_head_only);
void connection_end_stream(struct connection *connection);
/* For file.c: it is a stream that has an end and must come closer to it. */
void connection_expect_progress(struct connection *connection);

/* For newcomers.c: reads, or does not, as things are now. */
void connection_continue_reading(struct connection *connection);

/* After a callback returned: gives the request back if it was answered. */
void connection_callback_returned(struct http_loop *loop, struct request *request);

#endif
