/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object - the numeric identity of flags, and lists of revisions across environments.
 *
 * A list is merged from one cursor per environment, each of which reads keys alone, a batch at a
 * time, along an index from its newest end; documents are read for the page that was asked for. So
 * a page costs what lies before it and in it, not what lies behind.
 */
#include <assert.h>
#include <string.h>

#include "store/revision.h"

/* ---- numbers ----------------------------------------------------------------------------- */

static struct fault take_number(const struct row *row, void *context)
{
    uint64_t *number = context;
    *number = row_u64(row, 0);
    return fault_none();
}

struct fault store_next_number(struct store *store, struct str counter, uint64_t *number)
{
    static const char sql[] = "UPDATE counter SET value = value + 1 WHERE name = $1"
                              " RETURNING value";
    const struct bind binds[] = {bind_text(counter)};
    *number = 0;
    struct fault fault =
        store_execute_returning(store, sql, binds, COUNT_OF(binds), take_number, number);
    if (!failed(fault) && *number == 0)
        return fault_make(FAULT_UNAVAILABLE, STR("counter"), STR("the store is damaged"));
    return fault;
}

static struct fault find_number(struct store *store, uint64_t environment, struct str object_id,
                                uint64_t *number)
{
    static const char sql[] = "SELECT number FROM object WHERE environment = $1 AND object_id = $2";
    const struct bind binds[] = {bind_u64(environment), bind_text(object_id)};
    *number = 0;
    return store_query(store, sql, binds, COUNT_OF(binds), take_number, number);
}

struct fault store_find_number_of_key(struct store *store, uint64_t environment, struct str key,
                                      uint64_t *number)
{
    static const char sql[] = "SELECT o.number FROM revision AS r JOIN object AS o"
                              " ON o.environment = r.environment AND o.object_id = r.object_id"
                              " WHERE r.environment = $1 AND r.kind = 'flag' AND r.key = $2"
                              " ORDER BY r.version_from DESC LIMIT 1";
    const struct bind binds[] = {bind_u64(environment), bind_text(key)};
    *number = 0;
    return store_query(store, sql, binds, COUNT_OF(binds), take_number, number);
}

/* The plus keeps the key out of the choice of an index: an object has few revisions beside all that
 * had its key. */
struct fault store_find_number_of_id(struct store *store, uint64_t environment, struct str key,
                                     struct str object_id, uint64_t *number)
{
    static const char sql[] = "SELECT o.number FROM revision AS r JOIN object AS o"
                              " ON o.environment = r.environment AND o.object_id = r.object_id"
                              " WHERE r.environment = $1 AND r.kind = 'flag' AND r.object_id = $2"
                              " AND r.is_tombstone = 0 AND +r.key = $3 LIMIT 1";
    const struct bind binds[] = {bind_u64(environment), bind_text(object_id), bind_text(key)};
    *number = 0;
    return store_query(store, sql, binds, COUNT_OF(binds), take_number, number);
}

struct fault store_assign_number(struct store *store, uint64_t environment, struct str object_id,
                                 int group, struct str actor, int64_t now_ms, uint64_t *number)
{
    static const char sql[] =
        "INSERT INTO object (environment, object_id, number, object_group, created_ms, created_by)"
        " VALUES ($1, $2, $3, $4, $5, $6)";
    struct fault fault = find_number(store, environment, object_id, number);
    if (failed(fault) || *number != 0)
        return fault;
    fault = store_next_number(store, STR("flag"), number);
    if (failed(fault))
        return fault;
    const struct bind binds[] = {
        bind_u64(environment), bind_text(object_id),
        bind_u64(*number),     bind_integer(group),
        bind_integer(now_ms),  bind_text(str_is_absent(actor) ? STR("") : actor)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

/* ---- lists ------------------------------------------------------------------------------- */

enum { CURSOR_KEYS_FIRST = 16, CURSOR_KEYS_MAX = 1024 };

/* Where a revision stands in the list. */
struct place {
    int64_t at_ms;
    uint64_t environment, version, number;
    uint64_t sequence; /* finds the row; no part of the order */
};

/* One environment's part of the list; `places` holds what comes next, newest first. */
struct cursor {
    struct place last; /* what has been read so far ends here */
    struct place *places;
    size_t at, count, capacity, keys_max;
    bool is_at_end;
};

static bool is_before(const struct place *a, const struct place *b)
{
    if (a->at_ms != b->at_ms)
        return a->at_ms > b->at_ms;
    if (a->environment != b->environment)
        return a->environment > b->environment;
    if (a->version != b->version)
        return a->version > b->version;
    return a->number > b->number;
}

static struct fault add_place(const struct row *row, void *context)
{
    struct cursor *cursor = context;
    assert(cursor->count < cursor->capacity);
    cursor->places[cursor->count++] = (struct place){
        .at_ms = row_integer(row, 0),
        .environment = cursor->last.environment,
        .version = row_u64(row, 1),
        .number = row_u64(row, 2),
        .sequence = row_u64(row, 3),
    };
    return fault_none();
}

static void make_room(struct cursor *cursor, struct arena *arena)
{
    if (cursor->capacity < cursor->keys_max) {
        cursor->places = ARENA_NEW_ARRAY(arena, struct place, cursor->keys_max);
        cursor->capacity = cursor->keys_max;
    }
    cursor->at = 0;
    cursor->count = 0;
}

/* Reads on behind `last`; what is asked for doubles each time, so that a far page takes few
 * statements and a near one few keys. The tables are joined in the order they are named in: the
 * index of versions by time is what makes it cheap to stop early. */
static struct fault refill(struct store *store, struct arena *arena,
                           const struct revision_query *query, struct cursor *cursor)
{
    static const char sql[] =
        "SELECT v.at_ms, v.version, o.number, r.sequence"
        " FROM environment_version AS v CROSS JOIN revision AS r CROSS JOIN object AS o"
        " WHERE v.environment = $1 AND v.at_ms >= $2 AND v.at_ms <= $3"
        " AND (v.at_ms, v.version, o.number) < ($3, $4, $5)"
        " AND r.environment = v.environment AND r.version_from = v.version"
        " AND r.kind = 'flag' AND r.is_tombstone = 0"
        " AND o.environment = r.environment AND o.object_id = r.object_id"
        " AND (CAST($6 AS BIGINT) >> CAST(o.object_group AS INTEGER)) & 1 = 1"
        " ORDER BY v.at_ms DESC, v.version DESC, o.number DESC LIMIT $7";
    make_room(cursor, arena);
    const struct bind binds[] = {
        bind_u64(cursor->last.environment), bind_integer(query->from_ms),
        bind_integer(cursor->last.at_ms),   bind_u64(cursor->last.version),
        bind_u64(cursor->last.number),      bind_u64(query->groups),
        bind_u64(cursor->keys_max),
    };
    struct fault fault = store_query(store, sql, binds, COUNT_OF(binds), add_place, cursor);
    if (failed(fault))
        return fault;
    cursor->is_at_end = cursor->count < cursor->keys_max;
    if (cursor->count > 0)
        cursor->last = cursor->places[cursor->count - 1];
    if (cursor->keys_max < CURSOR_KEYS_MAX)
        cursor->keys_max *= 2;
    return fault_none();
}

/* The first place of a cursor, or NULL when there is none left. */
static struct fault peek(struct store *store, struct arena *arena,
                         const struct revision_query *query, struct cursor *cursor,
                         const struct place **first)
{
    *first = NULL;
    if (cursor->at == cursor->count && !cursor->is_at_end) {
        struct fault fault = refill(store, arena, query, cursor);
        if (failed(fault))
            return fault;
    }
    if (cursor->at < cursor->count)
        *first = &cursor->places[cursor->at];
    return fault_none();
}

/* ---- the merge: a heap of cursors by their first place -------------------------------------- */

struct merge {
    struct store *store;
    struct arena *arena; /* gone when the page is known */
    const struct revision_query *query;
    struct cursor *cursors;
    struct cursor **heap; /* those that have a place, the newest on top */
    size_t count;
};

static bool leads(const struct cursor *a, const struct cursor *b)
{
    return is_before(&a->places[a->at], &b->places[b->at]);
}

static void sift_down(struct merge *merge, size_t at)
{
    for (;;) {
        size_t lead = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < merge->count; child++) {
            if (leads(merge->heap[child], merge->heap[lead]))
                lead = child;
        }
        if (lead == at)
            return;
        struct cursor *moved = merge->heap[at];
        merge->heap[at] = merge->heap[lead];
        merge->heap[lead] = moved;
        at = lead;
    }
}

static struct fault open_merge(struct merge *merge)
{
    const struct revision_query *query = merge->query;
    merge->cursors = ARENA_NEW_ARRAY(merge->arena, struct cursor, query->environment_count);
    merge->heap = ARENA_NEW_ARRAY(merge->arena, struct cursor *, query->environment_count);
    for (size_t i = 0; i < query->environment_count; i++) {
        struct cursor *cursor = &merge->cursors[i];
        cursor->last = (struct place){.at_ms = query->to_ms, .environment = query->environments[i]};
        cursor->keys_max = CURSOR_KEYS_FIRST;
        const struct place *first = NULL;
        struct fault fault = peek(merge->store, merge->arena, query, cursor, &first);
        if (failed(fault))
            return fault;
        if (first != NULL)
            merge->heap[merge->count++] = cursor;
    }
    for (size_t i = merge->count; i-- > 0;)
        sift_down(merge, i);
    return fault_none();
}

/* Takes the newest place of all; false when there is none left. */
static struct fault next_place(struct merge *merge, struct place *place, bool *has_place)
{
    *has_place = merge->count > 0;
    if (!*has_place)
        return fault_none();
    struct cursor *cursor = merge->heap[0];
    *place = cursor->places[cursor->at++];
    const struct place *first = NULL;
    struct fault fault = peek(merge->store, merge->arena, merge->query, cursor, &first);
    if (failed(fault))
        return fault;
    if (first == NULL)
        merge->heap[0] = merge->heap[--merge->count];
    sift_down(merge, 0);
    return fault_none();
}

static struct fault add_row_at(struct store *store, const struct place *place,
                               struct gathering *revisions)
{
    static const char sql[] =
        "SELECT " REVISION_COLUMNS " FROM revision AS r " REVISION_JOINS
        " WHERE r.environment = $1 AND r.kind = 'flag' AND r.is_tombstone = 0"
        " AND r.object_id = (SELECT object_id FROM object WHERE number = $2) AND r.sequence = $3";
    const struct bind binds[] = {bind_u64(place->environment), bind_u64(place->number),
                                 bind_u64(place->sequence)};
    return revisions_add(store, sql, binds, COUNT_OF(binds), revisions);
}

static struct fault take_page(struct merge *merge, struct gathering *revisions)
{
    struct fault fault = open_merge(merge);
    for (size_t i = 0; !failed(fault) && revisions->count < merge->query->limit; i++) {
        struct place place;
        bool has_place = false;
        fault = next_place(merge, &place, &has_place);
        if (!has_place)
            break;
        if (!failed(fault) && i >= merge->query->offset)
            fault = add_row_at(merge->store, &place, revisions);
    }
    return fault;
}

struct fault store_query_revisions(struct store *store, struct arena *arena,
                                   const struct revision_query *query, struct revision_row **rows,
                                   size_t *count)
{
    struct gathering revisions = {.arena = arena, .item_bytes = sizeof(struct revision_row)};
    struct arena keys;
    arena_open(&keys, 4096);
    struct merge merge = {.store = store, .arena = &keys, .query = query};
    struct fault fault = take_page(&merge, &revisions);
    arena_close(&keys);
    *rows = failed(fault) ? NULL : revisions.items;
    *count = failed(fault) ? 0 : revisions.count;
    return fault;
}
