/* SPDX-License-Identifier: Apache-2.0 */
/*
 * errand - changes that meet in one group of the writer.
 *
 * A gate holds the writer inside a change until errands, each on a thread of its own, wait behind
 * it; then they are taken together, in the order in which they were started.
 */
#ifndef CHANGE_ERRAND_H
#define CHANGE_ERRAND_H

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "town.h"

struct gate {
    sem_t is_held, may_go;
};

static inline struct fault wait_at_gate(struct edit *edit, void *input)
{
    (void)edit;
    struct gate *gate = input;
    sem_post(&gate->is_held);
    sem_wait(&gate->may_go);
    return fault_make(FAULT_INVALID, STR("gate"), STR("only here to hold the writer"));
}

struct errand {
    struct town *town;
    struct change change;
    struct town_put put;
    struct arena arena;
    struct fault fault;
    pthread_t thread;
};

static inline void *run_errand(void *argument)
{
    struct errand *errand = argument;
    errand->fault = change_apply(errand->town->changer, &errand->change);
    return NULL;
}

static inline void start_errand(struct errand *errand, struct town *town, uint64_t waiting)
{
    errand->town = town;
    arena_open(&errand->arena, 1024);
    errand->change.caller = &town->owner;
    errand->change.arena = &errand->arena;
    assert_int_equal(pthread_create(&errand->thread, NULL, run_errand, errand), 0);
    while (change_counters_read(town->changer).waiting < waiting)
        usleep(100);
}

struct gathering_at_gate {
    struct gate gate;
    struct errand holder;
};

static inline void gate_close(struct gathering_at_gate *held, struct town *town,
                              uint64_t environment)
{
    sem_init(&held->gate.is_held, 0, 0);
    sem_init(&held->gate.may_go, 0, 0);
    held->holder = (struct errand){.change = {.kind = CHANGE_ENVIRONMENT,
                                              .action = STR("test"),
                                              .environment = environment,
                                              .edit = wait_at_gate,
                                              .input = &held->gate}};
    start_errand(&held->holder, town, 0);
    sem_wait(&held->gate.is_held);
}

/* Lets them all through and waits for them; their faults and results are there afterwards. */
static inline void gate_open(struct gathering_at_gate *held, struct errand *errands, size_t count)
{
    sem_post(&held->gate.may_go);
    pthread_join(held->holder.thread, NULL);
    arena_close(&held->holder.arena);
    for (size_t i = 0; i < count; i++)
        pthread_join(errands[i].thread, NULL);
}

#endif
