/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ingest - events, deduplicated, queued within a bound, stored in batches. See ingest.h.
 *
 * `waiting` names every event between its acceptance and its commit. An offer reserves its names
 * there first and asks the store second, so that an event committed in between is still seen by
 * one of the two. Names leave `waiting` only after the commit.
 */
#include "ingest/ingest.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"

/* One kept event: the row and, behind it, the bytes its texts borrow. */
struct kept {
    struct kept *next;       /* in the queue, oldest first */
    struct kept *next_named; /* in its bucket of names */
    uint64_t name_hash;
    size_t bytes;
    struct event_row row;
};

enum { NAME_BUCKETS = 4096 };

struct ingest {
    pthread_mutex_t lock; /* guards all below but `reader` */
    struct kept *oldest, *newest;
    struct kept **names; /* NAME_BUCKETS chains, made when the first event comes */
    struct ingest_counters counters;
    bool is_shut;
    size_t queue_bytes_max;
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

void ingest_close(struct ingest *ingest)
{
    struct kept *kept = ingest->oldest;
    while (kept != NULL) {
        struct kept *next = kept->next;
        memory_free(kept);
        kept = next;
    }
    memory_free(ingest->names);
    if (ingest->reader != NULL)
        store_close(ingest->reader);
    pthread_mutex_destroy(&ingest->lock);
    pthread_mutex_destroy(&ingest->reader_lock);
    memory_free(ingest);
}

void ingest_shut(struct ingest *ingest)
{
    pthread_mutex_lock(&ingest->lock);
    ingest->is_shut = true;
    pthread_mutex_unlock(&ingest->lock);
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

static bool has_room(const struct ingest *ingest, const struct event_row *events, size_t count)
{
    size_t bytes = ingest->counters.queued_bytes;
    for (size_t i = 0; i < count; i++)
        bytes += sizeof(struct kept) + text_bytes(&events[i]);
    return bytes <= ingest->queue_bytes_max;
}

static struct fault refuse_unkept(const struct ingest *ingest, const struct event_row *events,
                                  size_t count)
{
    if (ingest->is_shut || ingest->reader == NULL)
        return fault_make(FAULT_UNAVAILABLE, STR("events"), STR("the store is away"));
    if (!has_room(ingest, events, count))
        return fault_make(FAULT_UNAVAILABLE, STR("events"), STR("the event queue is full"));
    return fault_none();
}

/* Reserves the names nobody holds yet; fresh[i] is NULL for a duplicate. */
static struct fault reserve(struct ingest *ingest, const struct event_row *events, size_t count,
                            struct kept **fresh)
{
    pthread_mutex_lock(&ingest->lock);
    struct fault fault = refuse_unkept(ingest, events, count);
    for (size_t i = 0; !failed(fault) && i < count; i++) {
        uint64_t hash = hash_name(events[i].environment, events[i].event_id);
        fresh[i] = NULL;
        if (find_name(ingest, hash, &events[i]) != NULL)
            continue;
        fresh[i] = keep(&events[i], hash);
        add_name(ingest, fresh[i]);
        ingest->counters.queued_bytes += fresh[i]->bytes;
    }
    if (failed(fault))
        ingest->counters.refused += count;
    pthread_mutex_unlock(&ingest->lock);
    return fault;
}

static void forget(struct ingest *ingest, struct kept *kept)
{
    remove_name(ingest, kept);
    ingest->counters.queued_bytes -= kept->bytes;
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

static void enqueue(struct ingest *ingest, struct kept *kept)
{
    if (ingest->newest == NULL)
        ingest->oldest = kept;
    else
        ingest->newest->next = kept;
    ingest->newest = kept;
    ingest->counters.queued_count++;
    ingest->counters.accepted++;
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
            enqueue(ingest, fresh[i]);
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
    struct kept *first = take(ingest, count_max, &count);
    if (count == 0)
        return 0;
    size_t stored = 0;
    struct fault fault = store_taken(writer, first, count, &stored);

    pthread_mutex_lock(&ingest->lock);
    if (failed(fault))
        ingest->counters.dropped += count;
    else
        ingest->counters.stored += stored;
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
    return counters;
}
