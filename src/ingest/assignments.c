/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assignments - which outcomes were noted today already: see assignments.h.
 *
 * A table of buckets of eight entries, one cache line each; an entry is a digest and the day it was
 * seen, in one word. Which entry of a bucket a newcomer takes follows from what the bucket holds:
 * the first that is empty, else the first of an earlier day, else one that its digest names. Two
 * threads with the same newcomer therefore reach for the same entry, unless a third has changed the
 * bucket meanwhile, and then the slower one fails, looks again and finds the other's.
 */
#include "ingest/assignments.h"

#include <stdatomic.h>

#include "base/map.h"
#include "base/memory.h"

enum {
    BUCKET_ENTRIES = 8,
    BUCKETS = ASSIGNMENTS_REMEMBERED_MAX / BUCKET_ENTRIES,
    DAY_BITS = 16, /* 179 years, and then from the beginning */
};

struct assignments {
    struct ingest *ingest;
    uint64_t seed; /* who knows digests does not know buckets */
    /* Two megabytes that a server without experiments never writes to: made by who comes first. */
    _Atomic(_Atomic uint64_t *) entries;
};

struct assignments *assignments_open(struct ingest *ingest)
{
    struct assignments *assignments = MEMORY_NEW(struct assignments);
    assignments->ingest = ingest;
    assignments->seed = map_hash(STR("assignments"));
    return assignments;
}

void assignments_close(struct assignments *assignments)
{
    memory_free((void *)atomic_load_explicit(&assignments->entries, memory_order_acquire));
    memory_free(assignments);
}

/* The finalizer of splitmix64: one to one, and every bit depends on every other. */
static uint64_t scatter(uint64_t value)
{
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

static uint16_t entry_day(uint64_t entry)
{
    return (uint16_t)entry;
}

static bool is_earlier(uint16_t day, uint16_t than)
{
    return (int16_t)(uint16_t)(day - than) < 0;
}

/* Where in the bucket a newcomer goes; its own place when it is there. */
static size_t choose_entry(const uint64_t held[BUCKET_ENTRIES], uint64_t newcomer)
{
    size_t chosen = BUCKET_ENTRIES;
    for (size_t i = 0; i < BUCKET_ENTRIES; i++) {
        if (held[i] == newcomer)
            return i;
        if (chosen == BUCKET_ENTRIES && held[i] == 0)
            chosen = i;
    }
    for (size_t i = 0; i < BUCKET_ENTRIES && chosen == BUCKET_ENTRIES; i++) {
        if (is_earlier(entry_day(held[i]), entry_day(newcomer)))
            chosen = i;
    }
    return chosen < BUCKET_ENTRIES ? chosen : (newcomer >> DAY_BITS) % BUCKET_ENTRIES;
}

static _Atomic uint64_t *entries_of(struct assignments *assignments)
{
    _Atomic uint64_t *entries = atomic_load_explicit(&assignments->entries, memory_order_acquire);
    if (entries != NULL)
        return entries;
    _Atomic uint64_t *mine = MEMORY_NEW_ARRAY(_Atomic uint64_t, ASSIGNMENTS_REMEMBERED_MAX);
    if (atomic_compare_exchange_strong_explicit(&assignments->entries, &entries, mine,
                                                memory_order_acq_rel, memory_order_acquire))
        return mine;
    memory_free((void *)mine);
    return entries;
}

bool assignments_is_new(struct assignments *assignments, uint64_t digest, int64_t day)
{
    uint64_t hash = scatter(digest ^ assignments->seed);
    _Atomic uint64_t *bucket = &entries_of(assignments)[hash % BUCKETS * BUCKET_ENTRIES];
    uint64_t newcomer = hash >> DAY_BITS << DAY_BITS | (uint16_t)day;
    if (newcomer == 0)
        newcomer = (uint64_t)1 << DAY_BITS; /* 0 is an empty entry */
    for (;;) {
        uint64_t held[BUCKET_ENTRIES];
        for (size_t i = 0; i < BUCKET_ENTRIES; i++)
            held[i] = atomic_load_explicit(&bucket[i], memory_order_relaxed);
        size_t chosen = choose_entry(held, newcomer);
        if (held[chosen] == newcomer)
            return false;
        if (atomic_compare_exchange_strong(&bucket[chosen], &held[chosen], newcomer))
            return true;
    }
}

bool assignments_post(struct assignments *assignments, const struct event_row *events, size_t count)
{
    return ingest_post(assignments->ingest, events, count);
}
