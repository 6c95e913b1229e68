/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offload - a few threads for work that may block, and the way back to the loop.
 *
 * Not libuv's pool: that one is shared with name look-ups, has no bound on its queue and cannot
 * be closed. Threads start when there is work for them, up to a small fixed number.
 */
#ifndef HTTP_OFFLOAD_H
#define HTTP_OFFLOAD_H

#include <pthread.h>
#include <uv.h>

#include "http/request.h"

enum { OFFLOAD_THREADS_MAX = 16, OFFLOAD_QUEUE_MAX = 1024, OFFLOAD_STACK_BYTES = 256 * 1024 };

/* Requests whose work is done, on their way back to one loop. */
struct completions {
    pthread_mutex_t mutex;
    struct request *first, *last;
    uv_async_t *wake;
};

void completions_open(struct completions *completions, uv_async_t *wake);
void completions_close(struct completions *completions);
struct request *completions_take(struct completions *completions); /* all, linked; NULL: none */

struct offload {
    pthread_mutex_t mutex;
    pthread_cond_t has_work;
    struct request *first, *last;
    size_t waiting;
    size_t idle_threads;
    size_t thread_count;
    pthread_t threads[OFFLOAD_THREADS_MAX];
    bool is_closing;
};

void offload_open(struct offload *offload);
/* Sends home undone what is queued, waits for what is running and brings it home, ends the threads.
 */
void offload_close(struct offload *offload);

/* false: the queue is full or no thread can be had, and nothing will be called. */
bool offload_submit(struct offload *offload, struct request *request);

#endif
