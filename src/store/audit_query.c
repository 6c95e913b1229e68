/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_query - the trail, newest first, by who, what, where and when.
 *
 * First the sequences of the rows that fit, along one index that is chosen here (the plus keeps the
 * others out); then the rows themselves, those of the page alone. Of many environments each is read
 * from its newest end, and no further than the page that is known so far reaches.
 *
 * Rows that the index finds and that do not fit come back as well, so that they can be counted: who
 * asks for something rare gets short pages, and nobody else waits for them.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/audit.h"

enum { BATCH_FIRST = 64, BATCH_MAX = 4096 };

struct found {
    uint64_t sequence, environment;
    bool fits;
};

struct search {
    struct store *store;
    const struct audit_query *query;
    struct arena arena;     /* gone when the page is known */
    uint64_t *environments; /* the query's, ascending, with 0 for rows of none */
    size_t environment_count;
    struct gathering page; /* sequences, descending */
    uint64_t looked_to;    /* lowest sequence above which nothing was left out; 0: the first */
};

/* What every statement asks beside the index it walks: $1 below, $2 above, $3 how many. */
#define WINDOW "+sequence < $1 AND +sequence > $2"
#define ALONG_SEQUENCE "sequence < $1 AND sequence > $2"
#define FITS                                                                                       \
    "(CAST($4 AS TEXT) IS NULL OR +actor = $4)"                                                    \
    " AND (CAST($5 AS TEXT) IS NULL OR +subject = $5)"                                             \
    " AND (CAST($6 AS TEXT) IS NULL OR action = $6)"                                               \
    " AND (CAST($7 AS TEXT) IS NULL OR substr(action, 1, length($7)) = $7)"                        \
    " AND +at_ms >= $8 AND +at_ms < $9 AND +version >= $10 AND +version <= $11"
#define NEWEST_FIRST " ORDER BY sequence DESC LIMIT $3"
#define LOOK "SELECT sequence, environment, CASE WHEN " FITS " THEN 1 ELSE 0 END FROM audit WHERE "

static const char by_sequence[] = LOOK ALONG_SEQUENCE NEWEST_FIRST;
static const char by_subject[] = LOOK "subject = $5 AND " ALONG_SEQUENCE NEWEST_FIRST;
static const char by_actor[] = LOOK "actor = $4 AND " ALONG_SEQUENCE NEWEST_FIRST;
static const char by_environment[] = LOOK "environment = $12 AND " ALONG_SEQUENCE NEWEST_FIRST;
static const char by_version[] =
    LOOK "environment = $12 AND version = $10 AND " WINDOW NEWEST_FIRST;
/* Its index is in another order: all of the range is sorted, whatever is asked for of it. */
static const char by_time[] =
    "SELECT sequence, environment, 1 FROM audit"
    " WHERE at_ms >= $8 AND at_ms < $9 AND " WINDOW " AND " FITS NEWEST_FIRST;

static struct fault add_found(const struct row *row, void *context)
{
    struct found *found = gathering_add(context);
    *found = (struct found){row_u64(row, 0), row_u64(row, 1), row_integer(row, 2) != 0};
    return fault_none();
}

struct window {
    uint64_t below, above;
    size_t limit;
    bool is_of_one; /* the statement names an environment: this one */
    uint64_t environment;
};

static int64_t begin_ms(const struct audit_query *query)
{
    return query->from_ms == 0 ? INT64_MIN : query->from_ms;
}

static int64_t end_ms(const struct audit_query *query)
{
    return query->to_ms == 0 ? INT64_MAX : query->to_ms;
}

static struct fault look(const struct search *search, const char *sql, struct window window,
                         struct gathering *batch)
{
    const struct audit_query *query = search->query;
    bool is_prefix = query->action.size > 0 && query->action.data[query->action.size - 1] == '.';
    uint64_t version_min = query->version != 0 ? query->version : query->only_versions ? 1 : 0;
    uint64_t version_max = query->version != 0 ? query->version : INT64_MAX;
    const struct bind binds[] = {
        bind_u64(window.below),
        bind_u64(window.above),
        bind_u64(window.limit),
        bind_text(query->actor),
        bind_text(query->subject),
        bind_text(is_prefix ? (struct str){0} : query->action),
        bind_text(is_prefix ? query->action : (struct str){0}),
        bind_integer(begin_ms(query)),
        bind_integer(end_ms(query)),
        bind_u64(version_min),
        bind_u64(version_max),
        bind_u64(window.environment),
    };
    size_t bind_count = COUNT_OF(binds) - (window.is_of_one ? 0 : 1);
    batch->count = 0;
    return store_query(search->store, sql, binds, bind_count, add_found, batch);
}

/* ---- which environments ---------------------------------------------------------------------- */

static int compare_ascending(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static int compare_descending(const void *a, const void *b)
{
    return compare_ascending(b, a);
}

static void list_environments(struct search *search)
{
    const struct audit_query *query = search->query;
    search->environments = ARENA_NEW_ARRAY(&search->arena, uint64_t, query->environment_count + 1);
    if (query->takes_others)
        search->environments[search->environment_count++] = 0;
    for (size_t i = 0; i < query->environment_count; i++)
        search->environments[search->environment_count++] = query->environments[i];
    qsort(search->environments, search->environment_count, sizeof(*search->environments),
          compare_ascending);
}

static bool takes(const struct search *search, uint64_t environment)
{
    return search->query->environments == NULL ||
           bsearch(&environment, search->environments, search->environment_count,
                   sizeof(environment), compare_ascending) != NULL;
}

/* ---- along one index of all rows ------------------------------------------------------------- */

static void keep_those_taken(struct search *search, const struct gathering *batch)
{
    const struct found *found = batch->items;
    for (size_t i = 0; i < batch->count && search->page.count < search->query->limit; i++) {
        if (!found[i].fits || !takes(search, found[i].environment))
            continue;
        uint64_t *sequence = gathering_add(&search->page);
        *sequence = found[i].sequence;
    }
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Where the next batch begins: behind the last row of this one. */
static uint64_t end_of(const struct gathering *batch)
{
    const struct found *found = batch->items;
    return found[batch->count - 1].sequence;
}

/* What is asked for doubles each time, so that a page far away takes few statements. */
static struct fault walk(struct search *search, const char *sql, uint64_t below)
{
    struct gathering batch = {.arena = &search->arena, .item_bytes = sizeof(struct found)};
    struct window window = {.below = below};
    size_t left = search->query->looked_max == 0 ? SIZE_MAX : search->query->looked_max;
    for (size_t step = BATCH_FIRST;; step = smaller(2 * step, BATCH_MAX)) {
        window.limit = smaller(step, left);
        struct fault fault = look(search, sql, window, &batch);
        if (failed(fault))
            return fault;
        keep_those_taken(search, &batch);
        if (batch.count < window.limit || search->page.count == search->query->limit)
            return fault_none();
        window.below = end_of(&batch);
        left -= batch.count;
        if (left == 0) {
            search->looked_to = window.below;
            return fault_none();
        }
    }
}

/* ---- environment by environment -------------------------------------------------------------- */

/* Returns how many of the batch fit. */
static size_t merge(struct search *search, const struct gathering *batch)
{
    const struct found *found = batch->items;
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (!found[i].fits)
            continue;
        uint64_t *sequence = gathering_add(&search->page);
        *sequence = found[i].sequence;
        count++;
    }
    if (count > 0)
        qsort(search->page.items, search->page.count, sizeof(uint64_t), compare_descending);
    search->page.count = smaller(search->page.count, search->query->limit);
    return count;
}

static struct fault visit_one(struct search *search, const char *sql, struct window window,
                              size_t left)
{
    struct gathering batch = {.arena = &search->arena, .item_bytes = sizeof(struct found)};
    size_t limit = search->query->limit;
    size_t found = 0;
    for (size_t step = limit;; step = smaller(2 * step, BATCH_MAX)) {
        window.limit = smaller(step, left);
        struct fault fault = look(search, sql, window, &batch);
        if (failed(fault))
            return fault;
        found += merge(search, &batch);
        if (batch.count < window.limit || found >= limit)
            return fault_none();
        window.below = end_of(&batch);
        left -= batch.count;
        if (left == 0) {
            if (search->looked_to < window.below)
                search->looked_to = window.below;
            return fault_none();
        }
    }
}

/* Below where the first of them stopped nothing is known of it; a page that is full needs no more.
 */
static void drop_what_is_unsure(struct search *search)
{
    const uint64_t *page = search->page.items;
    while (search->page.count > 0 && page[search->page.count - 1] < search->looked_to)
        search->page.count--;
    if (search->page.count == search->query->limit)
        search->looked_to = 0;
}

static struct fault visit(struct search *search, const char *sql, uint64_t below)
{
    const struct audit_query *query = search->query;
    size_t share = SIZE_MAX;
    if (query->looked_max > 0 && search->environment_count > 0)
        share = query->looked_max / search->environment_count + query->limit;
    for (size_t i = 0; i < search->environment_count; i++) {
        const uint64_t *page = search->page.items;
        bool is_full = search->page.count == query->limit;
        const struct window window = {
            .below = below,
            .above = is_full ? page[search->page.count - 1] : 0,
            .is_of_one = true,
            .environment = search->environments[i],
        };
        struct fault fault = visit_one(search, sql, window, share);
        if (failed(fault))
            return fault;
    }
    drop_what_is_unsure(search);
    return fault_none();
}

/* ---- a range of time ------------------------------------------------------------------------- */

static struct fault add_count(const struct row *row, void *context)
{
    uint64_t *count = context;
    *count = row_u64(row, 0);
    return fault_none();
}

/* Sorted at once when it is not more than may be looked at; else from the newest row on. */
static struct fault walk_range(struct search *search, uint64_t below)
{
    static const char sql[] = "SELECT count(*) FROM (SELECT sequence FROM audit"
                              " WHERE at_ms >= $1 AND at_ms < $2 LIMIT $3) AS range";
    const struct audit_query *query = search->query;
    const struct bind binds[] = {bind_integer(begin_ms(query)), bind_integer(end_ms(query)),
                                 bind_u64((uint64_t)query->looked_max + 1)};
    uint64_t count = 0;
    if (query->looked_max == 0)
        return walk(search, by_time, below);
    struct fault fault = store_query(search->store, sql, binds, COUNT_OF(binds), add_count, &count);
    if (failed(fault))
        return fault;
    return walk(search, count <= query->looked_max ? by_time : by_sequence, below);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static struct fault find_page(struct search *search)
{
    const struct audit_query *query = search->query;
    uint64_t below = query->below == 0 || query->below > INT64_MAX ? INT64_MAX : query->below;
    if (query->limit == 0)
        return fault_none();
    if (query->environments != NULL && query->version != 0)
        return visit(search, by_version, below);
    if (!str_is_absent(query->subject))
        return walk(search, by_subject, below);
    if (!str_is_absent(query->actor))
        return walk(search, by_actor, below);
    if (query->environments != NULL)
        return visit(search, by_environment, below);
    if (query->from_ms != 0 || query->to_ms != 0)
        return walk_range(search, below);
    return walk(search, by_sequence, below);
}

static struct fault load_page(const struct search *search, struct gathering *rows)
{
    static const char sql[] = "SELECT " AUDIT_COLUMNS " FROM audit WHERE sequence = $1";
    const uint64_t *page = search->page.items;
    struct fault fault = fault_none();
    for (size_t i = 0; i < search->page.count && !failed(fault); i++) {
        const struct bind binds[] = {bind_u64(page[i])};
        fault = store_query(search->store, sql, binds, COUNT_OF(binds), audit_add, rows);
    }
    return fault;
}

struct fault store_query_audit(struct store *store, struct arena *arena,
                               const struct audit_query *query, struct audit_row **rows,
                               size_t *count)
{
    struct gathering gathered = {.arena = arena, .item_bytes = sizeof(struct audit_row)};
    struct search search = {.store = store, .query = query};
    arena_open(&search.arena, 4096);
    search.page = (struct gathering){.arena = &search.arena, .item_bytes = sizeof(uint64_t)};
    list_environments(&search);
    struct fault fault = find_page(&search);
    if (!failed(fault))
        fault = load_page(&search, &gathered);
    arena_close(&search.arena);
    if (query->looked_to != NULL)
        *query->looked_to = failed(fault) ? 0 : search.looked_to;
    *rows = failed(fault) ? NULL : gathered.items;
    *count = failed(fault) ? 0 : gathered.count;
    return fault;
}
