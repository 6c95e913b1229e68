/* SPDX-License-Identifier: Apache-2.0 */
/* request - a request being read or handled, with the memory it lives in: see request.h. */
#include "http/request.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

enum {
    ARENA_CHUNK_BYTES = 4 * 1024,
    ARENA_BYTES_KEPT = 64 * 1024, /* more than this goes back to the system */
    BODY_BYTES_KEPT = 64 * 1024,
    FREE_COUNT_MAX = 256,
    SMALL_BODY_BYTES = 64 * 1024, /* whoever sends it */
};

void request_pool_open(struct request_pool *pool, size_t header_count)
{
    *pool = (struct request_pool){.header_count = header_count};
    pool->in_use.previous = &pool->in_use;
    pool->in_use.next = &pool->in_use;
}

static void free_request(struct request *request)
{
    arena_close(&request->arena);
    buf_close(&request->body);
    memory_free(request);
}

void request_pool_close(struct request_pool *pool)
{
    while (pool->in_use.next != &pool->in_use) {
        struct request *request = pool->in_use.next;
        pool->in_use.next = request->next;
        free_request(request);
    }
    while (pool->free != NULL) {
        struct request *request = pool->free;
        pool->free = request->next;
        free_request(request);
    }
    *pool = (struct request_pool){0};
}

static struct request *make_request(const struct request_pool *pool)
{
    size_t header_bytes = pool->header_count * sizeof(struct http_header);
    struct request *request = memory_allocate(sizeof(struct request) + header_bytes);
    request->headers = (struct http_header *)(request + 1);
    arena_open(&request->arena, ARENA_CHUNK_BYTES);
    buf_open(&request->body, 0);
    return request;
}

struct request *request_acquire(struct request_pool *pool)
{
    struct request *request = pool->free;
    if (request == NULL) {
        request = make_request(pool);
    } else {
        pool->free = request->next;
        pool->free_count--;
    }
    request->previous = pool->in_use.previous;
    request->next = &pool->in_use;
    request->previous->next = request;
    pool->in_use.previous = request;
    pool->in_use_count++;

    request->shown = (struct http_request){.arena = &request->arena};
    request->connection = NULL;
    request->is_abandoned = false;
    request->chunks = (struct chunk_decoder){0};
    request->body_bytes_left = 0;
    request->body_bytes_taken = 0;
    request->body_bytes_max = 0;
    request->large_bytes = 0;
    request->is_chunked = false;
    request->is_keep_alive = false;
    request->is_http_1_0 = false;
    request->is_inside_callback = false;
    request->is_answered = false;
    request->takes_time = false;
    return request;
}

bool request_may_hold(struct request_pool *pool, struct request *request, size_t bytes,
                      size_t large_bytes_max)
{
    size_t large = bytes > SMALL_BODY_BYTES ? bytes - SMALL_BODY_BYTES : 0;
    if (large <= request->large_bytes)
        return true;
    size_t more = large - request->large_bytes;
    assert(pool->large_bytes >= request->large_bytes);
    if (more > large_bytes_max || pool->large_bytes > large_bytes_max - more)
        return false;
    pool->large_bytes += more;
    request->large_bytes = large;
    return true;
}

struct connection *request_take_connection(struct request *request)
{
    struct connection *connection = request->connection;
    assert(!request->is_answered);
    request->is_answered = true;
    request->connection = NULL;
    return connection;
}

/* Credentials and passwords are not to wait for whoever has this memory next. */
static void forget(struct request *request)
{
    if (request->head.size > 0)
        explicit_bzero((char *)request->head.data, request->head.size);
    if (request->small_body.size > 0)
        explicit_bzero((char *)request->small_body.data, request->small_body.size);
    if (request->body.size > 0)
        explicit_bzero(request->body.data, request->body.size);
    request->head = request->small_body = (struct str){0};
}

void request_release(struct request_pool *pool, struct request *request)
{
    assert(pool->in_use_count > 0);
    request->previous->next = request->next;
    request->next->previous = request->previous;
    pool->in_use_count--;
    pool->large_bytes -= request->large_bytes;
    forget(request);
    if (pool->free_count == FREE_COUNT_MAX) {
        free_request(request);
        return;
    }
    if (request->arena.total_bytes > ARENA_BYTES_KEPT) {
        arena_close(&request->arena);
        arena_open(&request->arena, ARENA_CHUNK_BYTES);
    } else {
        arena_reset(&request->arena);
    }
    if (request->body.capacity > BODY_BYTES_KEPT)
        buf_close(&request->body);
    else
        buf_clear(&request->body);
    request->next = pool->free;
    pool->free = request;
    pool->free_count++;
}
