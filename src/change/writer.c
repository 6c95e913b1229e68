/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer - the one thread that owns the store's writer connection.
 *
 * Each turn: take every change that waits, as one group; then one batch of events, and the notes
 * that are new; then, when there is time, housekeeping: quota counts, the snapshot on
 * disk, the write-ahead log.
 */
#include <assert.h>
#include <time.h>

#include "base/log.h"
#include "base/memory.h"
#include "change/group.h"
#include "snapshot/disk.h"

enum {
    EVENT_BATCH_MAX = 1000,
    TURN_MS = 500,             /* how long a turn waits for something to do */
    QUIET_MS = 300,            /* without a change for this long: time for the snapshot on disk */
    SAVE_AT_LATEST_MS = 30000, /* however busy it is */
    QUOTAS_EVERY_MS = 10000,
    ONCE_TRIMMED_EVERY_MS = 600000,
    ONCE_KEPT_MS = 86400000, /* how long a request may be asked for again */
};

struct housekeeping {
    uint64_t saved_generation, tried_generation;                /* on disk; meant to be */
    int64_t changed_ms, wrote_ms, saved_ms, quotas_ms, once_ms; /* monotonic */
    bool needs_checkpoint;
};

struct turn {
    size_t job_count;
    bool has_events, has_notes;
    bool is_last;
};

static void wait_for_work(struct changer *changer)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)TURN_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (changer->first == NULL && !changer->has_events && !changer->has_notes &&
           !changer->is_stopping) {
        if (pthread_cond_timedwait(&changer->wake, &changer->lock, &until) != 0)
            return;
    }
}

/* Under the lock. */
static size_t take_jobs(struct changer *changer, struct job **jobs)
{
    size_t count = 0;
    while (changer->first != NULL && count < GROUP_CHANGES_MAX) {
        jobs[count++] = changer->first;
        changer->first = changer->first->next;
    }
    if (changer->first == NULL)
        changer->last = NULL;
    changer->waiting -= count;
    return count;
}

static void count_group(struct changer *changer, struct job *const *jobs, size_t count)
{
    pthread_mutex_lock(&changer->lock);
    struct change_counters *counters = &changer->counters;
    counters->groups++;
    if (count > counters->group_size_max)
        counters->group_size_max = count;
    for (size_t i = 0; i < count; i++) {
        if (jobs[i]->change == NULL || jobs[i]->change->is_dry_run)
            continue; /* nothing was to be changed */
        if (failed(jobs[i]->fault))
            counters->refused++;
        else
            counters->applied++;
    }
    pthread_mutex_unlock(&changer->lock);
}

/* Reads go on as if nothing were, so it is said once, loudly, and events are no longer promised
 * a place. */
static void notice_failed_store(struct changer *changer)
{
    if (!store_is_poisoned(changer->store))
        return;
    pthread_mutex_lock(&changer->lock);
    bool is_known = changer->counters.is_read_only;
    changer->counters.is_read_only = true;
    pthread_mutex_unlock(&changer->lock);
    if (is_known)
        return;
    ingest_shut(changer->ingest);
    log_error("store_failed", "serving=\"reads; changes and events are refused until a restart\"");
}

static void answer(struct job *const *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sem_post(&jobs[i]->done); /* the job is the waiter's from here on */
}

static void save_snapshot(struct changer *changer, struct housekeeping *house, int64_t now_ms)
{
    struct fault fault = disk_save(changer->config.directory, changer->view);
    if (failed(fault))
        log_warn("snapshot_not_saved", "why=\"%.*s\"", STR_ARG(fault.why));
    else
        house->saved_generation = changer->view->generation;
    memory_trim(); /* it was all one text for a moment */
    house->tried_generation = changer->view->generation;
    house->saved_ms = now_ms;
    uint64_t newest = failed(fault) ? 0 : disk_newest(changer->config.directory);
    pthread_mutex_lock(&changer->lock);
    changer->counters.saves_failed += failed(fault);
    if (newest != 0)
        changer->counters.saved_generation = newest;
    pthread_mutex_unlock(&changer->lock);
}

static struct fault trim_once(struct changer *changer)
{
    int64_t before_ms = clock_wall_ms(changer->config.clock) - ONCE_KEPT_MS;
    struct fault fault = store_begin(changer->store);
    if (failed(fault))
        return fault;
    fault = store_trim_once(changer->store, before_ms);
    if (!failed(fault))
        return store_commit(changer->store);
    store_rollback(changer->store);
    return fault;
}

/* When changes pause; if they never do, or it could not be saved then, every SAVE_AT_LATEST_MS. */
static bool is_time_to_save(const struct changer *changer, const struct housekeeping *house,
                            int64_t now_ms)
{
    uint64_t generation = changer->view->generation;
    if (house->saved_generation == generation)
        return false;
    return now_ms - house->saved_ms >= SAVE_AT_LATEST_MS ||
           (house->tried_generation != generation && now_ms - house->changed_ms >= QUIET_MS);
}

static void keep_house(struct changer *changer, struct housekeeping *house, bool is_last)
{
    int64_t now_ms = clock_monotonic_ms(changer->config.clock);
    view_slot_sweep(changer->config.slot);
    if (is_time_to_save(changer, house, now_ms) ||
        (is_last && house->saved_generation != changer->view->generation))
        save_snapshot(changer, house, now_ms);
    if (is_last || now_ms - house->quotas_ms >= QUOTAS_EVERY_MS) {
        struct fault fault = quotas_write(&changer->quotas, changer->store);
        if (failed(fault))
            log_warn("quota_not_written", "why=\"%.*s\"", STR_ARG(fault.why));
        house->quotas_ms = now_ms;
    }
    if (now_ms - house->once_ms >= ONCE_TRIMMED_EVERY_MS) {
        struct fault fault = trim_once(changer);
        if (failed(fault))
            log_warn("once_not_trimmed", "why=\"%.*s\"", STR_ARG(fault.why));
        house->once_ms = now_ms;
    }
    if (house->needs_checkpoint && (is_last || now_ms - house->wrote_ms >= QUIET_MS)) {
        store_checkpoint(changer->store);
        house->needs_checkpoint = false;
    }
}

/* One call's worth; what a refused transaction did not keep comes again with the next one. */
static struct fault store_some_notes(struct changer *changer, struct notebook *notebook)
{
    struct fault fault = store_begin(changer->store);
    if (failed(fault))
        return fault;
    fault = notebook_store(notebook, changer->store);
    if (!failed(fault))
        return store_commit(changer->store);
    store_rollback(changer->store);
    return fault;
}

static void store_notes_of(struct changer *changer, struct notebook *notebook, bool is_last)
{
    struct fault fault = store_some_notes(changer, notebook);
    while (is_last && !failed(fault) && notebook_is_pending(notebook))
        fault = store_some_notes(changer, notebook);
    if (failed(fault))
        log_warn("notes_not_stored", "why=\"%.*s\"", STR_ARG(fault.why));
}

/* Says whether there were any. */
static bool store_notes(struct changer *changer, const struct turn *turn)
{
    bool had_any = false;
    if (!turn->has_notes && !turn->is_last)
        return false;
    for (size_t i = 0; i < changer->config.notebook_count; i++) {
        struct notebook *notebook = changer->config.notebooks[i];
        if (!notebook_is_pending(notebook))
            continue;
        store_notes_of(changer, notebook, turn->is_last);
        had_any = true;
    }
    return had_any;
}

static void store_events(struct changer *changer, const struct turn *turn)
{
    size_t events_left = 0;
    if (turn->has_events || turn->is_last)
        events_left = ingest_store_batch(changer->ingest, changer->store, EVENT_BATCH_MAX);
    while (turn->is_last && events_left > 0)
        events_left = ingest_store_batch(changer->ingest, changer->store, EVENT_BATCH_MAX);
    if (events_left == 0)
        return;
    pthread_mutex_lock(&changer->lock);
    changer->has_events = true;
    pthread_mutex_unlock(&changer->lock);
}

/* What waits for the writer, taken under the lock. */
static struct turn take_turn(struct changer *changer, struct job **jobs)
{
    pthread_mutex_lock(&changer->lock);
    wait_for_work(changer);
    struct turn turn = {
        .job_count = take_jobs(changer, jobs),
        .has_events = changer->has_events,
        .has_notes = changer->has_notes,
    };
    changer->has_events = false;
    changer->has_notes = false;
    turn.is_last = changer->is_stopping && changer->first == NULL;
    pthread_mutex_unlock(&changer->lock);
    return turn;
}

void *writer_run(void *argument)
{
    struct changer *changer = argument;
    struct job *jobs[GROUP_CHANGES_MAX];
    int64_t began_ms = clock_monotonic_ms(changer->config.clock);
    struct housekeeping house = {
        .saved_ms = began_ms, .quotas_ms = began_ms, .once_ms = began_ms - ONCE_TRIMMED_EVERY_MS};
    struct turn turn = {.is_last = false};
    while (!turn.is_last) {
        turn = take_turn(changer, jobs);
        if (turn.job_count > 0) {
            group_apply(changer, jobs, turn.job_count);
            count_group(changer, jobs, turn.job_count);
            notice_failed_store(changer);
            answer(jobs, turn.job_count);
        }
        store_events(changer, &turn);
        bool had_notes = store_notes(changer, &turn);
        int64_t now_ms = clock_monotonic_ms(changer->config.clock);
        if (turn.job_count > 0)
            house.changed_ms = now_ms;
        if (turn.job_count > 0 || turn.has_events || had_notes) {
            house.wrote_ms = now_ms;
            house.needs_checkpoint = true;
        }
        keep_house(changer, &house, turn.is_last);
        notice_failed_store(changer);
    }
    return NULL;
}
