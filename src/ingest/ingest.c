/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ingest - events, deduplicated, queued within a bound, stored in batches. See ingest.h.
 *
 * `waiting` names every event between its acceptance and its commit. An offer reserves its names
 * there first and asks the store second, so that an event committed in between is still seen by
 * one of the two. Names leave `waiting` only after the commit.
 *
 * Posted events have no name there. They lie on a stack that anyone may push on and that the writer
 * thread takes whole, to the end of the queue in the order in which they came.
 */
#include "ingest/ingest.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"

/* One kept event: the row and, behind it, the bytes its texts borrow. */
struct kept {
    struct kept *next;       /* in the queue, oldest first */
    struct kept *next_named; /* in its bucket of names */
    bool is_named;           /* offered, not posted */
    uint64_t name_hash;
    size_t bytes;
    struct event_row row;
};

enum { NAME_BUCKETS = 4096 };

struct ingest {
    pthread_mutex_t lock; /* guards all below but `reader` and what is atomic */
    struct kept *oldest, *newest;
    struct kept **names;             /* NAME_BUCKETS chains, made when the first event comes */
    struct ingest_counters counters; /* of what was offered, and stored; see counters_read */
    _Atomic bool is_shut;
    _Atomic size_t held_bytes; /* of all events from acceptance to commit */
    size_t queue_bytes_max;
    _Atomic(struct kept *) posted; /* newest first */
    _Atomic size_t posted_count;   /* on the stack */
    _Atomic uint64_t posts_accepted, posts_dropped;
    pthread_mutex_t reader_lock; /* one question at a time on the reader connection */
    struct store *reader;
    void (*on_ready)(void *context);
    void *context;
};

struct ingest *ingest_open(struct store *reader, size_t queue_bytes_max,
                           void (*on_ready)(void *context), void *context)
{
    struct ingest *ingest = MEMORY_NEW(struct ingest);
    pthread_mutex_init(&ingest->lock, NULL);
    pthread_mutex_init(&ingest->reader_lock, NULL);
    ingest->reader = reader;
    ingest->queue_bytes_max = queue_bytes_max;
    ingest->on_ready = on_ready;
    ingest->context = context;
    return ingest;
}

static void free_all(struct kept *kept)
{
    while (kept != NULL) {
        struct kept *next = kept->next;
        memory_free(kept);
        kept = next;
    }
}

void ingest_close(struct ingest *ingest)
{
    free_all(ingest->oldest);
    free_all(atomic_load(&ingest->posted));
    memory_free(ingest->names);
    if (ingest->reader != NULL)
        store_close(ingest->reader);
    pthread_mutex_destroy(&ingest->lock);
    pthread_mutex_destroy(&ingest->reader_lock);
    memory_free(ingest);
}

void ingest_shut(struct ingest *ingest)
{
    atomic_store(&ingest->is_shut, true);
}

/* ---- names ----------------------------------------------------------------------------- */

static uint64_t hash_name(uint64_t environment, struct str event_id)
{
    return map_hash(event_id) ^ (environment * 0x9E3779B97F4A7C15u);
}

static struct kept *find_name(const struct ingest *ingest, uint64_t hash,
                              const struct event_row *row)
{
    if (ingest->names == NULL)
        return NULL;
    struct kept *kept = ingest->names[hash % NAME_BUCKETS];
    while (kept != NULL && (kept->name_hash != hash || kept->row.environment != row->environment ||
                            !str_equal(kept->row.event_id, row->event_id)))
        kept = kept->next_named;
    return kept;
}

static void add_name(struct ingest *ingest, struct kept *kept)
{
    if (ingest->names == NULL)
        ingest->names = MEMORY_NEW_ARRAY(struct kept *, NAME_BUCKETS);
    struct kept **bucket = &ingest->names[kept->name_hash % NAME_BUCKETS];
    kept->next_named = *bucket;
    *bucket = kept;
    kept->is_named = true;
}

static void remove_name(struct ingest *ingest, struct kept *kept)
{
    struct kept **at = &ingest->names[kept->name_hash % NAME_BUCKETS];
    while (*at != kept)
        at = &(*at)->next_named;
    *at = kept->next_named;
}

/* ---- keeping --------------------------------------------------------------------------- */

static size_t text_bytes(const struct event_row *row)
{
    return row->event_id.size + row->kind.size + row->flag_key.size + row->variation.size +
           row->subject_id.size + row->document.size;
}

static struct str keep_text(char **at, struct str text)
{
    if (text.size > 0)
        memcpy(*at, text.data, text.size);
    struct str kept = {*at, text.size};
    *at += text.size;
    return str_is_absent(text) ? text : kept;
}

static struct kept *keep(const struct event_row *row, uint64_t name_hash)
{
    size_t bytes = sizeof(struct kept) + text_bytes(row);
    struct kept *kept = memory_allocate(bytes);
    char *at = (char *)(kept + 1);
    kept->name_hash = name_hash;
    kept->bytes = bytes;
    kept->row = *row;
    kept->row.event_id = keep_text(&at, row->event_id);
    kept->row.kind = keep_text(&at, row->kind);
    kept->row.flag_key = keep_text(&at, row->flag_key);
    kept->row.variation = keep_text(&at, row->variation);
    kept->row.subject_id = keep_text(&at, row->subject_id);
    kept->row.document = keep_text(&at, row->document);
    assert((size_t)(at - (char *)kept) == bytes);
    return kept;
}

static size_t kept_bytes(const struct event_row *events, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += sizeof(struct kept) + text_bytes(&events[i]);
    return bytes;
}

/* Takes that much of the bound, or nothing of it. */
static bool take_room(struct ingest *ingest, size_t bytes, size_t bytes_max)
{
    if (atomic_fetch_add(&ingest->held_bytes, bytes) + bytes <= bytes_max)
        return true;
    atomic_fetch_sub(&ingest->held_bytes, bytes);
    return false;
}

static bool is_away(const struct ingest *ingest)
{
    return ingest->reader == NULL || atomic_load(&ingest->is_shut);
}

static struct fault refuse_unkept(struct ingest *ingest, size_t bytes)
{
    if (is_away(ingest))
        return fault_make(FAULT_UNAVAILABLE, STR("events"), STR("the store is away"));
    if (!take_room(ingest, bytes, ingest->queue_bytes_max))
        return fault_make(FAULT_UNAVAILABLE, STR("events"), STR("the event queue is full"));
    return fault_none();
}

/* Reserves the names nobody holds yet; fresh[i] is NULL for a duplicate. */
static struct fault reserve(struct ingest *ingest, const struct event_row *events, size_t count,
                            struct kept **fresh)
{
    pthread_mutex_lock(&ingest->lock);
    size_t unused = kept_bytes(events, count);
    struct fault fault = refuse_unkept(ingest, unused);
    for (size_t i = 0; !failed(fault) && i < count; i++) {
        uint64_t hash = hash_name(events[i].environment, events[i].event_id);
        fresh[i] = NULL;
        if (find_name(ingest, hash, &events[i]) != NULL)
            continue;
        fresh[i] = keep(&events[i], hash);
        add_name(ingest, fresh[i]);
        unused -= fresh[i]->bytes;
    }
    if (failed(fault))
        ingest->counters.refused += count;
    else
        atomic_fetch_sub(&ingest->held_bytes, unused);
    pthread_mutex_unlock(&ingest->lock);
    return fault;
}

static void forget(struct ingest *ingest, struct kept *kept)
{
    if (kept->is_named)
        remove_name(ingest, kept);
    atomic_fetch_sub(&ingest->held_bytes, kept->bytes);
    memory_free(kept);
}

/* Marks what the store has already by has[i]. */
static struct fault ask_store(struct ingest *ingest, size_t count, struct kept *const *fresh,
                              bool *has)
{
    struct fault fault = fault_none();
    pthread_mutex_lock(&ingest->reader_lock);
    for (size_t i = 0; i < count && !failed(fault); i++) {
        if (fresh[i] != NULL)
            fault = store_has_event(ingest->reader, fresh[i]->row.environment,
                                    fresh[i]->row.event_id, &has[i]);
    }
    pthread_mutex_unlock(&ingest->reader_lock);
    return fault;
}

/* first … last are linked already. */
static void enqueue(struct ingest *ingest, struct kept *first, struct kept *last, size_t count)
{
    if (ingest->newest == NULL)
        ingest->oldest = first;
    else
        ingest->newest->next = first;
    ingest->newest = last;
    ingest->counters.queued_count += count;
}

static void settle(struct ingest *ingest, size_t count, struct kept *const *fresh, const bool *has,
                   bool is_refused, enum offer_result *results)
{
    pthread_mutex_lock(&ingest->lock);
    for (size_t i = 0; i < count; i++) {
        bool is_new = fresh[i] != NULL && !has[i];
        results[i] = is_new ? OFFER_ACCEPTED : OFFER_DUPLICATE;
        if (fresh[i] != NULL && (is_refused || !is_new))
            forget(ingest, fresh[i]);
        else if (is_new)
            enqueue(ingest, fresh[i], fresh[i], 1);
        if (is_new && !is_refused)
            ingest->counters.accepted++;
        if (!is_new && !is_refused)
            ingest->counters.duplicates++;
    }
    if (is_refused)
        ingest->counters.refused += count;
    pthread_mutex_unlock(&ingest->lock);
}

struct fault ingest_offer(struct ingest *ingest, const struct event_row *events, size_t count,
                          enum offer_result *results)
{
    struct kept **fresh = MEMORY_NEW_ARRAY(struct kept *, count);
    bool *has = MEMORY_NEW_ARRAY(bool, count);
    struct fault fault = reserve(ingest, events, count, fresh);
    if (!failed(fault)) {
        fault = ask_store(ingest, count, fresh, has);
        settle(ingest, count, fresh, has, failed(fault), results);
    }
    memory_free(fresh);
    memory_free(has);
    if (!failed(fault))
        ingest->on_ready(ingest->context);
    return fault;
}

/* ---- posting --------------------------------------------------------------------------- */

/* Links copies newest first; *oldest is the end of them. */
static struct kept *keep_all(const struct event_row *events, size_t count, struct kept **oldest)
{
    struct kept *newest = NULL;
    for (size_t i = 0; i < count; i++) {
        struct kept *kept = keep(&events[i], 0);
        kept->next = newest;
        newest = kept;
        if (i == 0)
            *oldest = kept;
    }
    return newest;
}

bool ingest_post(struct ingest *ingest, const struct event_row *events, size_t count)
{
    if (count == 0)
        return true;
    if (is_away(ingest) ||
        !take_room(ingest, kept_bytes(events, count), ingest->queue_bytes_max / 2)) {
        atomic_fetch_add(&ingest->posts_dropped, count);
        return false;
    }
    struct kept *oldest = NULL;
    struct kept *newest = keep_all(events, count, &oldest);
    atomic_fetch_add(&ingest->posts_accepted, count);
    atomic_fetch_add(&ingest->posted_count, count);
    struct kept *former = atomic_load(&ingest->posted);
    do {
        oldest->next = former;
    } while (!atomic_compare_exchange_weak(&ingest->posted, &former, newest));
    if (former == NULL) /* else whoever was first has said so */
        ingest->on_ready(ingest->context);
    return true;
}

/* What was posted goes to the end of the queue, the oldest first. */
static void collect_posted(struct ingest *ingest)
{
    struct kept *last = atomic_exchange(&ingest->posted, NULL);
    struct kept *first = NULL;
    size_t count = 0;
    for (struct kept *kept = last; kept != NULL; count++) {
        struct kept *next = kept->next;
        kept->next = first;
        first = kept;
        kept = next;
    }
    if (count == 0)
        return;
    pthread_mutex_lock(&ingest->lock);
    enqueue(ingest, first, last, count);
    pthread_mutex_unlock(&ingest->lock);
    atomic_fetch_sub(&ingest->posted_count, count);
}

/* ---- storing --------------------------------------------------------------------------- */

static struct kept *take(struct ingest *ingest, size_t count_max, size_t *count)
{
    pthread_mutex_lock(&ingest->lock);
    struct kept *first = ingest->oldest;
    struct kept *last = NULL;
    *count = 0;
    for (struct kept *kept = first; kept != NULL && *count < count_max; kept = kept->next) {
        last = kept;
        (*count)++;
    }
    if (last != NULL) {
        ingest->oldest = last->next;
        if (ingest->oldest == NULL)
            ingest->newest = NULL;
        last->next = NULL;
        ingest->counters.queued_count -= *count;
    }
    pthread_mutex_unlock(&ingest->lock);
    return first;
}

static struct fault store_taken(struct store *writer, const struct kept *first, size_t count,
                                size_t *stored)
{
    struct event_row *rows = MEMORY_NEW_ARRAY(struct event_row, count);
    size_t at = 0;
    for (const struct kept *kept = first; kept != NULL; kept = kept->next)
        rows[at++] = kept->row;
    assert(at == count);
    struct fault fault = store_begin(writer);
    if (!failed(fault)) {
        fault = store_insert_events(writer, rows, count, stored);
        if (failed(fault))
            store_rollback(writer);
        else
            fault = store_commit(writer);
    }
    memory_free(rows);
    return fault;
}

size_t ingest_store_batch(struct ingest *ingest, struct store *writer, size_t count_max)
{
    size_t count = 0;
    collect_posted(ingest);
    struct kept *first = take(ingest, count_max, &count);
    if (count == 0)
        return 0;
    size_t stored = 0;
    struct fault fault = store_taken(writer, first, count, &stored);

    pthread_mutex_lock(&ingest->lock);
    if (failed(fault)) {
        ingest->counters.dropped += count;
    } else {
        ingest->counters.stored += stored;
        ingest->counters.duplicates += count - stored; /* posted ones the store had */
    }
    while (first != NULL) {
        struct kept *next = first->next;
        forget(ingest, first);
        first = next;
    }
    size_t left = ingest->counters.queued_count;
    pthread_mutex_unlock(&ingest->lock);
    return left;
}

struct ingest_counters ingest_counters_read(struct ingest *ingest)
{
    pthread_mutex_lock(&ingest->lock);
    struct ingest_counters counters = ingest->counters;
    pthread_mutex_unlock(&ingest->lock);
    counters.accepted += atomic_load(&ingest->posts_accepted);
    counters.dropped += atomic_load(&ingest->posts_dropped);
    counters.queued_count += atomic_load(&ingest->posted_count);
    counters.queued_bytes = atomic_load(&ingest->held_bytes);
    return counters;
}
