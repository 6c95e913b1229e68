/* SPDX-License-Identifier: Apache-2.0 */
/* offload - a few threads for work that may block, and the way back to the loop: see offload.h. */
#include "http/offload.h"

#include <assert.h>
#include <signal.h>

#include "http/loop.h"

void completions_open(struct completions *completions, uv_async_t *wake)
{
    *completions = (struct completions){.wake = wake};
    pthread_mutex_init(&completions->mutex, NULL);
}

void completions_close(struct completions *completions)
{
    assert(completions->first == NULL);
    pthread_mutex_destroy(&completions->mutex);
}

struct request *completions_take(struct completions *completions)
{
    pthread_mutex_lock(&completions->mutex);
    struct request *first = completions->first;
    completions->first = NULL;
    completions->last = NULL;
    pthread_mutex_unlock(&completions->mutex);
    return first;
}

static void completions_add(struct completions *completions, struct request *request)
{
    request->queued_next = NULL;
    pthread_mutex_lock(&completions->mutex);
    if (completions->first == NULL)
        completions->first = request;
    else
        completions->last->queued_next = request;
    completions->last = request;
    uv_async_send(completions->wake); /* inside, so that the loop cannot end before */
    pthread_mutex_unlock(&completions->mutex);
}

void offload_open(struct offload *offload)
{
    *offload = (struct offload){0};
    pthread_mutex_init(&offload->mutex, NULL);
    pthread_cond_init(&offload->has_work, NULL);
}

/* The next request, with the mutex held; NULL when the pool closes. */
static struct request *wait_for_work(struct offload *offload)
{
    offload->idle_threads++;
    while (offload->first == NULL && !offload->is_closing)
        pthread_cond_wait(&offload->has_work, &offload->mutex);
    offload->idle_threads--;
    if (offload->is_closing)
        return NULL;
    struct request *request = offload->first;
    offload->first = request->queued_next;
    if (offload->first == NULL)
        offload->last = NULL;
    offload->waiting--;
    return request;
}

static void *run_thread(void *argument)
{
    struct offload *offload = argument;
    for (;;) {
        pthread_mutex_lock(&offload->mutex);
        struct request *request = wait_for_work(offload);
        pthread_mutex_unlock(&offload->mutex);
        if (request == NULL)
            return NULL;
        if (!request->is_abandoned)
            request->work(&request->shown);
        completions_add(&request->shown.loop->completions, request);
    }
}

/* Signals are the main thread's; a new thread inherits a full mask. */
static bool start_thread(struct offload *offload)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, OFFLOAD_STACK_BYTES);
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int problem =
        pthread_create(&offload->threads[offload->thread_count], &attributes, run_thread, offload);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (problem == 0)
        offload->thread_count++;
    return problem == 0;
}

bool offload_submit(struct offload *offload, struct request *request)
{
    request->queued_next = NULL;
    pthread_mutex_lock(&offload->mutex);
    bool wants_thread =
        offload->waiting >= offload->idle_threads && offload->thread_count < OFFLOAD_THREADS_MAX;
    bool is_taken = !offload->is_closing && offload->waiting < OFFLOAD_QUEUE_MAX;
    if (is_taken && wants_thread)
        is_taken = start_thread(offload) || offload->thread_count > 0;
    if (is_taken) {
        if (offload->first == NULL)
            offload->first = request;
        else
            offload->last->queued_next = request;
        offload->last = request;
        offload->waiting++;
        pthread_cond_signal(&offload->has_work);
    }
    pthread_mutex_unlock(&offload->mutex);
    return is_taken;
}

/* With the mutex held: what has not begun goes home undone. */
static void abandon_queue(struct offload *offload)
{
    struct request *request = offload->first;
    offload->first = NULL;
    offload->last = NULL;
    offload->waiting = 0;
    while (request != NULL) {
        struct request *next = request->queued_next;
        request->is_abandoned = true;
        completions_add(&request->shown.loop->completions, request);
        request = next;
    }
}

void offload_close(struct offload *offload)
{
    pthread_mutex_lock(&offload->mutex);
    offload->is_closing = true;
    abandon_queue(offload);
    pthread_cond_broadcast(&offload->has_work);
    pthread_mutex_unlock(&offload->mutex);
    for (size_t i = 0; i < offload->thread_count; i++)
        pthread_join(offload->threads[i], NULL);
    pthread_cond_destroy(&offload->has_work);
    pthread_mutex_destroy(&offload->mutex);
}
