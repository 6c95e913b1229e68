/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request - a request being read or handled, with the memory it lives in.
 *
 * Borrowed from the loop's pool when a head is complete and given back when it was answered, so
 * an idle connection holds none. When a connection goes first, its request stays until the
 * callback's answer has come, and that answer is dropped.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "http/chunk.h"
#include "http/http.h"

struct connection;

struct request {
    struct http_request shown;     /* to the callback; first, so that http_respond finds the rest */
    struct connection *connection; /* NULL once it is gone or was answered for */
    struct request *previous, *next; /* in use: the loop's ring; else `next` in the pool */
    struct request *queued_next;     /* while http_offload has it */
    void (*work)(struct http_request *request);
    void (*done)(struct http_request *request);
    struct arena arena;
    struct str head, small_body; /* copies in the arena, wiped when it is given back */
    struct buf body;
    struct chunk_decoder chunks;
    uint64_t body_bytes_left;  /* announced and not here yet */
    uint64_t body_bytes_taken; /* here, without the framing */
    size_t body_bytes_max;
    size_t large_bytes; /* of the body, counted in the pool's */
    int64_t body_began_ms;
    bool is_chunked;
    bool is_keep_alive;
    bool is_http_1_0;
    bool is_inside_callback; /* given back when that returns, not when it answers */
    bool is_answered;
    bool takes_time;           /* no deadline while it is handled */
    _Atomic bool is_abandoned; /* nobody waits for the answer: work that has not begun is skipped */
    struct http_header *headers; /* as many as the limit allows, behind this structure */
};

/* The requests of one loop. */
struct request_pool {
    struct request *free;
    size_t free_count;
    struct request in_use; /* ring head */
    size_t in_use_count;
    size_t header_count; /* limit: room every request has */
    size_t large_bytes;  /* of bodies, beyond what any request may hold */
};

void request_pool_open(struct request_pool *pool, size_t header_count);
void request_pool_close(struct request_pool *pool); /* frees those in use, too */

struct request *request_acquire(struct request_pool *pool);
/* Its body is about to hold so many bytes; false: those of all are too many. */
bool request_may_hold(struct request_pool *pool, struct request *request, size_t bytes,
                      size_t large_bytes_max);
/* It is being answered: once. Its connection, from now on without it; NULL when that is gone. */
struct connection *request_take_connection(struct request *request);
void request_release(struct request_pool *pool, struct request *request);

#endif
