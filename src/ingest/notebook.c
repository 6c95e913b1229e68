/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notebook - texts by key: see notebook.h.
 *
 * Sixteen shards by hash of (environment, key). In each, records lie in a ring in the order in
 * which they were learned, so that the oldest is always at its tail; and a table of slots says
 * where a key's record is. A key's slot is one of the few of its bucket and never moves to another
 * while it is known: a reader that looks at all of them cannot miss it.
 *
 * A slot holds the tag of a hash and a position, which only grows. A reader copies the record and
 * looks at the tail afterwards: the writer moves the tail before it writes over a record, so that
 * who still finds the tail behind the record has read it whole. Otherwise it looks at the slot
 * again, and somebody has made progress meanwhile. Every word is an atomic one; each store of a
 * record's releases and each load acquires, which is what makes the order above hold.
 *
 * Writers take the shard's lock. They write a record, then point the slot at it, and only then
 * make room for the next one: what is known is never absent in between, not even while it is
 * written anew. Records that were superseded give way first: while those that count fill less than
 * half of the ring, they are carried from its tail to its head.
 */
#include "ingest/notebook.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"

enum {
    SHARDS = 16,
    SHARD_RECORDS_MAX = NOTES_MAX / SHARDS,
    /* Half full at most, so that one bucket in ten thousand runs over. */
    BUCKET_SLOTS = 32,
    BUCKETS = SHARD_RECORDS_MAX * 2 / BUCKET_SLOTS,
    RING_WORDS = 1 << 18, /* 2 MiB: 16 words for each record, dead ones among them */
    HEAD_WORDS = 3,       /* environment; instant; slot and sizes */
    TEXT_WORDS_MAX = NOTE_BYTES_MAX / 8,
    RECORD_WORDS_MAX = HEAD_WORDS + 2 * TEXT_WORDS_MAX,
    POSITION_BITS = 48,
    RECORDS_PER_LOCK = 32,
    REPEATED_AFTER_MS = 24 * 3600 * 1000,
    TRIM_AFTER_ROWS = 4096,
};

static_assert((RING_WORDS & (RING_WORDS - 1)) == 0, "a ring wraps by a mask");
static_assert(NOTE_BYTES_MAX % 8 == 0, "the longest text fills its words");

struct shard {
    pthread_mutex_t lock; /* writers */
    _Atomic uint64_t *slots;
    _Atomic uint64_t *ring;
    _Atomic uint64_t tail; /* position of the oldest record */
    uint64_t head;         /* where the next one goes; this and below: under the lock */
    uint64_t stored;       /* what lies before it is in the store */
    size_t known;
    size_t known_words; /* of the records that slots point at */
    uint64_t learned, unsaved;
};

struct notebook {
    enum note_kind kind;
    const struct clock *clock;
    void (*on_ready)(void *context);
    void *context;
    _Atomic bool is_announced;
    size_t first_shard;    /* whose turn it is to be stored first; the writer thread's */
    size_t rows_untrimmed; /* the writer thread's */
    struct shard shards[SHARDS];
};

/* A record, copied out. */
struct record {
    uint64_t environment;
    int64_t at_ms;
    size_t slot, words;
    struct str key, value; /* in text */
    uint64_t text[2 * TEXT_WORDS_MAX];
};

/* ---- opening and closing ---------------------------------------------------------------- */

struct notebook *notebook_open(enum note_kind kind, const struct clock *clock,
                               void (*on_ready)(void *context), void *context)
{
    struct notebook *notebook = MEMORY_NEW(struct notebook);
    notebook->kind = kind;
    notebook->clock = clock;
    notebook->on_ready = on_ready;
    notebook->context = context;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &notebook->shards[i];
        pthread_mutex_init(&shard->lock, NULL);
        shard->slots = MEMORY_NEW_ARRAY(_Atomic uint64_t, BUCKETS *BUCKET_SLOTS);
        shard->ring = MEMORY_NEW_ARRAY(_Atomic uint64_t, RING_WORDS);
    }
    return notebook;
}

void notebook_close(struct notebook *notebook)
{
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_destroy(&notebook->shards[i].lock);
        memory_free((void *)notebook->shards[i].slots);
        memory_free((void *)notebook->shards[i].ring);
    }
    memory_free(notebook);
}

/* ---- where things are ------------------------------------------------------------------- */

struct place {
    struct shard *shard;
    size_t bucket; /* index of its first slot */
    uint64_t tag;  /* in the bits of a slot above the position */
};

static struct place find_place(struct notebook *notebook, uint64_t environment, struct str key)
{
    char name[sizeof(environment) + NOTE_BYTES_MAX];
    assert(key.size <= NOTE_BYTES_MAX);
    memcpy(name, &environment, sizeof(environment));
    memcpy(name + sizeof(environment), key.data, key.size);
    uint64_t hash = map_hash((struct str){name, sizeof(environment) + key.size});
    return (struct place){
        .shard = &notebook->shards[hash % SHARDS],
        .bucket = hash / SHARDS % BUCKETS * BUCKET_SLOTS,
        .tag = hash >> POSITION_BITS << POSITION_BITS,
    };
}

/* Positions are kept one higher: 0 is an empty slot. */
static uint64_t slot_make(uint64_t tag, uint64_t position)
{
    assert(position + 1 < (uint64_t)1 << POSITION_BITS);
    return tag | (position + 1);
}

static uint64_t slot_position(uint64_t slot)
{
    return (slot & (((uint64_t)1 << POSITION_BITS) - 1)) - 1;
}

static uint64_t slot_tag(uint64_t slot)
{
    return slot >> POSITION_BITS << POSITION_BITS;
}

static size_t text_words(size_t size)
{
    return (size + 7) / 8;
}

/* ---- reading ---------------------------------------------------------------------------- */

static uint64_t load_word(const struct shard *shard, uint64_t position)
{
    return atomic_load_explicit(&shard->ring[position & (RING_WORDS - 1)], memory_order_acquire);
}

/* False when it was written over meanwhile. */
static bool read_record(const struct shard *shard, uint64_t position, struct record *record)
{
    record->environment = load_word(shard, position);
    record->at_ms = (int64_t)load_word(shard, position + 1);
    uint64_t sizes = load_word(shard, position + 2);
    size_t key_size = sizes >> 16 & 0xffff;
    size_t value_size = sizes & 0xffff;
    if (key_size > NOTE_BYTES_MAX || value_size > NOTE_BYTES_MAX)
        return false;
    size_t key_words = text_words(key_size);
    size_t count = key_words + text_words(value_size);
    for (size_t i = 0; i < count; i++)
        record->text[i] = load_word(shard, position + HEAD_WORDS + i);
    record->slot = sizes >> 32;
    record->words = HEAD_WORDS + count;
    record->key = (struct str){(const char *)record->text, key_size};
    record->value = (struct str){(const char *)(record->text + key_words), value_size};
    return atomic_load_explicit(&shard->tail, memory_order_acquire) <= position;
}

/* Whether this slot's record is the one of (environment, key). */
static bool slot_has(const struct place *place, size_t index, uint64_t environment, struct str key,
                     struct record *record)
{
    _Atomic uint64_t *slot = &place->shard->slots[index];
    uint64_t value = atomic_load_explicit(slot, memory_order_acquire);
    while (value != 0 && slot_tag(value) == place->tag) {
        if (read_record(place->shard, slot_position(value), record))
            return record->environment == environment && str_equal(record->key, key);
        uint64_t again = atomic_load_explicit(slot, memory_order_acquire);
        assert(again != value); /* a slot lets go of a record before its place is used again */
        value = again;
    }
    return false;
}

static bool find_record(const struct place *place, uint64_t environment, struct str key,
                        struct record *record)
{
    for (size_t i = 0; i < BUCKET_SLOTS; i++) {
        if (slot_has(place, place->bucket + i, environment, key, record))
            return true;
    }
    return false;
}

/* ---- writing: under the shard's lock ----------------------------------------------------- */

static void store_word(struct shard *shard, uint64_t position, uint64_t word)
{
    atomic_store_explicit(&shard->ring[position & (RING_WORDS - 1)], word, memory_order_release);
}

static void store_text(struct shard *shard, uint64_t position, struct str text)
{
    for (size_t at = 0; at < text.size; at += 8) {
        uint64_t word = 0;
        memcpy(&word, text.data + at, text.size - at < 8 ? text.size - at : 8);
        store_word(shard, position + at / 8, word);
    }
}

static size_t record_words(uint64_t sizes)
{
    return HEAD_WORDS + text_words(sizes >> 16 & 0xffff) + text_words(sizes & 0xffff);
}

/* Writes a record at the head and points the slot at it; there is room for the largest. */
static void write_record(struct shard *shard, uint64_t tag, size_t slot, const struct note_row *row)
{
    uint64_t position = shard->head;
    uint64_t sizes = (uint64_t)slot << 32 | (uint64_t)row->key.size << 16 | row->value.size;
    store_word(shard, position, row->environment);
    store_word(shard, position + 1, (uint64_t)row->at_ms);
    store_word(shard, position + 2, sizes);
    store_text(shard, position + HEAD_WORDS, row->key);
    store_text(shard, position + HEAD_WORDS + text_words(row->key.size), row->value);
    shard->head = position + record_words(sizes);
    uint64_t former = atomic_exchange_explicit(&shard->slots[slot], slot_make(tag, position),
                                               memory_order_release);
    shard->known_words += record_words(sizes);
    if (former == 0)
        shard->known++;
    else
        shard->known_words -= record_words(load_word(shard, slot_position(former) + 2));
}

/* Whether a slot points at the record at the tail; says which. */
static bool tail_is_known(const struct shard *shard, size_t *slot, uint64_t *value)
{
    uint64_t tail = atomic_load_explicit(&shard->tail, memory_order_relaxed);
    *slot = load_word(shard, tail + 2) >> 32;
    *value = atomic_load_explicit(&shard->slots[*slot], memory_order_relaxed);
    return *value != 0 && slot_position(*value) == tail;
}

static void advance_tail(struct shard *shard)
{
    uint64_t tail = atomic_load_explicit(&shard->tail, memory_order_relaxed);
    uint64_t end = tail + record_words(load_word(shard, tail + 2));
    if (shard->stored < end)
        shard->stored = end;
    atomic_store_explicit(&shard->tail, end, memory_order_release);
}

static void carry_over(struct shard *shard, size_t slot, uint64_t value)
{
    struct record record;
    bool is_whole = read_record(shard, slot_position(value), &record);
    assert(is_whole);
    const struct note_row row = {record.environment, record.key, record.value, record.at_ms};
    write_record(shard, slot_tag(value), slot, &row);
}

static void forget(struct shard *shard, size_t slot, uint64_t value)
{
    atomic_store_explicit(&shard->slots[slot], 0, memory_order_release);
    shard->known--;
    shard->known_words -= record_words(load_word(shard, slot_position(value) + 2));
    shard->unsaved += shard->stored <= slot_position(value);
}

/* So that one more record can be written at any time, and one be carried over after that. */
static void make_room(struct shard *shard)
{
    while (shard->known > SHARD_RECORDS_MAX ||
           shard->head - atomic_load_explicit(&shard->tail, memory_order_relaxed) >
               RING_WORDS - 2 * RECORD_WORDS_MAX) {
        size_t slot = 0;
        uint64_t value = 0;
        bool is_known = tail_is_known(shard, &slot, &value);
        if (is_known && shard->known <= SHARD_RECORDS_MAX && shard->known_words <= RING_WORDS / 2)
            carry_over(shard, slot, value);
        else if (is_known)
            forget(shard, slot, value);
        advance_tail(shard);
    }
}

/* An empty slot of the bucket; where there is none, the oldest of its records is forgotten. */
static size_t take_slot(const struct place *place)
{
    size_t oldest = 0;
    uint64_t oldest_value = 0;
    for (size_t i = place->bucket; i < place->bucket + BUCKET_SLOTS; i++) {
        uint64_t value = atomic_load_explicit(&place->shard->slots[i], memory_order_relaxed);
        if (value == 0)
            return i;
        if (oldest_value == 0 || slot_position(value) < slot_position(oldest_value)) {
            oldest = i;
            oldest_value = value;
        }
    }
    forget(place->shard, oldest, oldest_value);
    return oldest;
}

/* ---- learning --------------------------------------------------------------------------- */

static bool is_due(const struct record *known, const struct note_row *row)
{
    return row->at_ms - known->at_ms >= REPEATED_AFTER_MS;
}

static bool is_news(const struct record *known, const struct note_row *row)
{
    return !str_equal(known->value, row->value) || is_due(known, row);
}

static void announce(struct notebook *notebook)
{
    if (!atomic_exchange(&notebook->is_announced, true))
        notebook->on_ready(notebook->context);
}

/* A row without a value repeats the one that is known. */
static bool complete_row(struct note_row *row, const struct record *known, bool is_known)
{
    if (str_is_absent(row->value)) {
        if (!is_known)
            return false;
        row->value = known->value;
    }
    /* A clock that was set back does not make this the older one of the two. */
    if (is_known && row->at_ms < known->at_ms)
        row->at_ms = known->at_ms;
    return !is_known || is_news(known, row);
}

static void learn(struct notebook *notebook, const struct place *place, struct note_row row)
{
    struct shard *shard = place->shard;
    struct record known;
    pthread_mutex_lock(&shard->lock);
    bool is_known = find_record(place, row.environment, row.key, &known);
    bool is_new = complete_row(&row, &known, is_known);
    if (is_new) {
        write_record(shard, place->tag, is_known ? known.slot : take_slot(place), &row);
        make_room(shard);
        shard->learned++;
    }
    pthread_mutex_unlock(&shard->lock);
    if (is_new)
        announce(notebook);
}

static bool is_rememberable(struct str text)
{
    return text.size > 0 && text.size <= NOTE_BYTES_MAX;
}

static struct note_row row_now(const struct notebook *notebook, uint64_t environment,
                               struct str key, struct str value)
{
    return (struct note_row){environment, key, value, clock_wall_ms(notebook->clock)};
}

void notebook_note(struct notebook *notebook, uint64_t environment, struct str key,
                   struct str value)
{
    if (!is_rememberable(key) || !is_rememberable(value))
        return;
    const struct note_row row = row_now(notebook, environment, key, value);
    struct place place = find_place(notebook, environment, key);
    struct record known;
    if (!find_record(&place, environment, key, &known) || is_news(&known, &row))
        learn(notebook, &place, row);
}

void notebook_repeat(struct notebook *notebook, uint64_t environment, struct str key)
{
    if (!is_rememberable(key))
        return;
    const struct note_row row = row_now(notebook, environment, key, (struct str){0});
    struct place place = find_place(notebook, environment, key);
    struct record known;
    if (find_record(&place, environment, key, &known) && is_due(&known, &row))
        learn(notebook, &place, row);
}

struct str notebook_find(struct notebook *notebook, uint64_t environment, struct str key,
                         char room[NOTE_BYTES_MAX])
{
    if (!is_rememberable(key))
        return (struct str){0};
    struct place place = find_place(notebook, environment, key);
    struct record known;
    if (!find_record(&place, environment, key, &known))
        return (struct str){0};
    memcpy(room, known.value.data, known.value.size);
    return (struct str){room, known.value.size};
}

/* ---- the store ---------------------------------------------------------------------------- */

/* It is in the store already; and what memory has was seen later than what the store has. */
static void recall(struct notebook *notebook, const struct note_row *row)
{
    if (!is_rememberable(row->value) || !is_rememberable(row->key))
        return;
    struct place place = find_place(notebook, row->environment, row->key);
    struct shard *shard = place.shard;
    struct record known;
    pthread_mutex_lock(&shard->lock);
    if (!find_record(&place, row->environment, row->key, &known)) {
        bool is_all_stored = shard->stored == shard->head;
        write_record(shard, place.tag, take_slot(&place), row);
        make_room(shard);
        if (is_all_stored)
            shard->stored = shard->head;
    }
    pthread_mutex_unlock(&shard->lock);
}

struct fault notebook_load(struct notebook *notebook, struct store *reader)
{
    struct arena arena;
    struct note_row *rows = NULL;
    size_t count = 0;
    arena_open(&arena, 1 << 20);
    struct fault fault = store_load_notes(reader, &arena, notebook->kind, NOTES_MAX, &rows, &count);
    for (size_t i = count; i-- > 0;) /* they come newest first; the oldest lies at the tail */
        recall(notebook, &rows[i]);
    arena_close(&arena);
    return fault;
}

/* What one call writes down. */
struct news {
    struct arena arena;
    struct note_row rows[NOTES_PER_CALL_MAX];
    size_t count;
    uint64_t ends[SHARDS]; /* up to where it has been taken from each shard */
};

static bool is_full(const struct news *news)
{
    return news->count == NOTES_PER_CALL_MAX;
}

/* Some of a shard's records from `end` on; false when there are no more. Superseded ones are not
 * worth a row. */
static bool take_some(struct shard *shard, struct news *news, uint64_t *end)
{
    pthread_mutex_lock(&shard->lock);
    if (*end < shard->stored)
        *end = shard->stored;
    for (size_t i = 0; i < RECORDS_PER_LOCK && *end < shard->head && !is_full(news); i++) {
        struct record record;
        bool is_whole = read_record(shard, *end, &record);
        assert(is_whole);
        uint64_t value = atomic_load_explicit(&shard->slots[record.slot], memory_order_relaxed);
        if (value != 0 && slot_position(value) == *end)
            news->rows[news->count++] =
                (struct note_row){record.environment, arena_copy_str(&news->arena, record.key),
                                  arena_copy_str(&news->arena, record.value), record.at_ms};
        *end += record.words;
    }
    bool has_more = *end < shard->head && !is_full(news);
    pthread_mutex_unlock(&shard->lock);
    return has_more;
}

static void take_news(struct notebook *notebook, struct news *news)
{
    for (size_t i = 0; i < SHARDS; i++) {
        size_t turn = (notebook->first_shard + i) % SHARDS;
        while (take_some(&notebook->shards[turn], news, &news->ends[turn]))
            ;
    }
    notebook->first_shard = (notebook->first_shard + 1) % SHARDS;
}

static void settle(struct notebook *notebook, const struct news *news)
{
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &notebook->shards[i];
        pthread_mutex_lock(&shard->lock);
        if (shard->stored < news->ends[i])
            shard->stored = news->ends[i];
        pthread_mutex_unlock(&shard->lock);
    }
}

static struct fault write_news(struct notebook *notebook, struct store *writer,
                               const struct news *news)
{
    struct fault fault = store_put_notes(writer, notebook->kind, news->rows, news->count);
    if (failed(fault))
        return fault;
    notebook->rows_untrimmed += news->count;
    if (notebook->rows_untrimmed < TRIM_AFTER_ROWS)
        return fault;
    notebook->rows_untrimmed = 0;
    return store_trim_notes(writer, notebook->kind, NOTES_MAX);
}

struct fault notebook_store(struct notebook *notebook, struct store *writer)
{
    struct news *news = MEMORY_NEW(struct news);
    arena_open(&news->arena, 64 * 1024);
    atomic_store(&notebook->is_announced, false);
    take_news(notebook, news);
    struct fault fault = write_news(notebook, writer, news);
    if (!failed(fault)) {
        settle(notebook, news);
        if (is_full(news))
            announce(notebook);
    }
    arena_close(&news->arena);
    memory_free(news);
    return fault;
}

bool notebook_is_pending(struct notebook *notebook)
{
    bool is_pending = false;
    for (size_t i = 0; i < SHARDS && !is_pending; i++) {
        struct shard *shard = &notebook->shards[i];
        pthread_mutex_lock(&shard->lock);
        is_pending = shard->stored < shard->head;
        pthread_mutex_unlock(&shard->lock);
    }
    return is_pending;
}

struct notebook_counters notebook_counters_read(struct notebook *notebook)
{
    struct notebook_counters counters = {0};
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &notebook->shards[i];
        pthread_mutex_lock(&shard->lock);
        counters.known += shard->known;
        counters.learned += shard->learned;
        counters.unsaved += shard->unsaved;
        pthread_mutex_unlock(&shard->lock);
    }
    return counters;
}
