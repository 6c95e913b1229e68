/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revision - what was current in each version of an environment.
 *
 * A revision is current in [version_from, version_to). Nothing is ever overwritten but version_to,
 * once, when the next one begins; so every version can be read again exactly as it was.
 */
#include "store/revision.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- kinds and checksums ----------------------------------------------------------------- */

struct str revision_kind_name(enum revision_kind kind)
{
    switch (kind) {
    case REVISION_FLAG:
        return STR("flag");
    case REVISION_SEGMENT:
        return STR("segment");
    case REVISION_SETTINGS:
        return STR("settings");
    case REVISION_COHORT:
        return STR("cohort");
    }
    assert(false);
    return STR("flag");
}

static bool find_kind(struct str word, enum revision_kind *kind)
{
    for (int i = REVISION_FLAG; i <= REVISION_COHORT; i++) {
        if (str_equal(word, revision_kind_name((enum revision_kind)i))) {
            *kind = (enum revision_kind)i;
            return true;
        }
    }
    return false;
}

enum { CHECKSUM_BYTES = 8 };

struct checksum {
    unsigned char bytes[CHECKSUM_BYTES];
};

static void hash_u64(crypto_hash_sha256_state *state, uint64_t value)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    crypto_hash_sha256_update(state, bytes, sizeof(bytes));
}

static void hash_text(crypto_hash_sha256_state *state, struct str text)
{
    hash_u64(state, text.size);
    crypto_hash_sha256_update(state, (const unsigned char *)text.data, text.size);
}

/* Against disks that forget a bit, not against people: of everything in the row that does not
 * change once it is written. The database checks the shape of its pages, not what is in them. */
static struct checksum revision_checksum(uint64_t environment, const struct revision_row *revision)
{
    crypto_hash_sha256_state state;
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_init(&state);
    hash_u64(&state, environment);
    hash_u64(&state, revision->version_from);
    hash_u64(&state, revision->is_tombstone);
    hash_text(&state, revision_kind_name(revision->kind));
    hash_text(&state, revision->object_id);
    hash_text(&state, revision->key);
    hash_text(&state, revision->document);
    crypto_hash_sha256_final(&state, hash);
    struct checksum checksum;
    memcpy(checksum.bytes, hash, sizeof(checksum.bytes));
    return checksum;
}

/* ---- writing ----------------------------------------------------------------------------- */

/* The plus keeps version_from out of the choice of an index: by revision_current this looks at one
 * row, by the primary key it would walk all that the key ever was. */
static struct fault end_current(struct store *store, uint64_t environment,
                                const struct revision_row *revision)
{
    static const char sql[] = "UPDATE revision SET version_to = $4 WHERE environment = $1"
                              " AND kind = $2 AND key = $3 AND version_to = 0"
                              " AND +version_from < $4";
    const struct bind binds[] = {bind_u64(environment),
                                 bind_text(revision_kind_name(revision->kind)),
                                 bind_text(revision->key), bind_u64(revision->version_from)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

/* A tombstone is none of its object's revisions and bears the number of the last one. The newest is
 * found at the end of an index, however many there are. */
struct fault store_write_revision(struct store *store, uint64_t environment,
                                  const struct revision_row *revision)
{
    static const char sql[] =
        "INSERT INTO revision (environment, kind, key, version_from, version_to, object_id,"
        " is_tombstone, checksum, document, actor, sequence)"
        " VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, 1 - CAST($6 AS BIGINT) + coalesce("
        "(SELECT sequence FROM revision WHERE environment = $1 AND kind = $2 AND object_id = $5"
        " AND is_tombstone = 0 ORDER BY sequence DESC LIMIT 1), 0))";
    assert(revision->version_from > 0);
    struct fault fault = end_current(store, environment, revision);
    if (failed(fault))
        return fault;

    struct revision_row stored = *revision;
    if (stored.is_tombstone)
        stored.document = STR("");
    if (str_is_absent(stored.actor))
        stored.actor = STR("");
    struct checksum checksum = revision_checksum(environment, &stored);
    const struct bind binds[] = {
        bind_u64(environment),
        bind_text(revision_kind_name(stored.kind)),
        bind_text(stored.key),
        bind_u64(stored.version_from),
        bind_text(stored.object_id),
        bind_integer(stored.is_tombstone),
        bind_bytes(checksum.bytes, sizeof(checksum.bytes)),
        bind_text(stored.document),
        bind_text(stored.actor),
    };
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

/* ---- reading ----------------------------------------------------------------------------- */

static void read_provenance(const struct row *row, struct revision_row *revision,
                            struct arena *arena)
{
    revision->actor = row_copy_text(row, 9, arena);
    revision->sequence = row_u64(row, 10);
    revision->at_ms = row_integer(row, 11);
    revision->number = row_u64(row, 12);
    revision->created_ms = row_integer(row, 13);
    revision->created_by = row_copy_text(row, 14, arena);
}

static struct fault add_revision(const struct row *row, void *context)
{
    struct gathering *revisions = context;
    struct arena *arena = revisions->arena;
    struct revision_row *revision = gathering_add(revisions);
    revision->environment = row_u64(row, 0);
    bool is_known = find_kind(row_text(row, 1), &revision->kind);
    revision->key = row_copy_text(row, 2, arena);
    revision->version_from = row_u64(row, 3);
    revision->version_to = row_u64(row, 4);
    revision->object_id = row_copy_text(row, 5, arena);
    revision->is_tombstone = row_integer(row, 6) != 0;
    revision->document = row_copy_text(row, 8, arena);
    read_provenance(row, revision, arena);

    struct checksum checksum = revision_checksum(revision->environment, revision);
    struct str expected = {(const char *)checksum.bytes, sizeof(checksum.bytes)};
    bool has_version = !str_is_absent(row_text(row, 11));
    if (!is_known || !has_version || !str_equal(row_text(row, 7), expected))
        return fault_make(FAULT_UNAVAILABLE, revision->key, STR("the store is damaged"));
    return fault_none();
}

struct fault revisions_add(struct store *store, const char *sql, const struct bind *binds,
                           size_t bind_count, struct gathering *revisions)
{
    assert(revisions->item_bytes == sizeof(struct revision_row));
    return store_query(store, sql, binds, bind_count, add_revision, revisions);
}

/* As add_revision, but nothing is kept. */
static struct fault check_revision(const struct row *row, void *context)
{
    (void)context;
    struct revision_row revision = {
        .environment = row_u64(row, 0),
        .key = row_text(row, 2),
        .version_from = row_u64(row, 3),
        .object_id = row_text(row, 4),
        .is_tombstone = row_integer(row, 5) != 0,
        .document = row_text(row, 7),
    };
    bool is_known = find_kind(row_text(row, 1), &revision.kind);
    struct checksum checksum = revision_checksum(revision.environment, &revision);
    struct str expected = {(const char *)checksum.bytes, sizeof(checksum.bytes)};
    if (!is_known || !str_equal(row_text(row, 6), expected))
        return fault_make(FAULT_UNAVAILABLE, STR("revision"),
                          STR("the store is damaged: a document is not as it was written"));
    return fault_none();
}

struct fault revisions_check(struct store *store)
{
    static const char sql[] = "SELECT environment, kind, key, version_from, object_id,"
                              " is_tombstone, checksum, document FROM revision";
    return store_query(store, sql, NULL, 0, check_revision, NULL);
}

static struct fault load_revisions(struct store *store, struct arena *arena, const char *sql,
                                   const struct bind *binds, size_t bind_count,
                                   struct revision_row **rows, size_t *count)
{
    struct gathering revisions = {.arena = arena, .item_bytes = sizeof(struct revision_row)};
    struct fault fault = revisions_add(store, sql, binds, bind_count, &revisions);
    *rows = failed(fault) ? NULL : revisions.items;
    *count = failed(fault) ? 0 : revisions.count;
    return fault;
}

static int compare_places(const void *a, const void *b)
{
    const struct revision_row *left = a;
    const struct revision_row *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return str_compare(left->key, right->key);
}

/* Most rows come in the order of an index, which is nearly this one. */
static void sort_by_place(struct revision_row *rows, size_t count)
{
    size_t at = 1;
    while (at < count && compare_places(&rows[at - 1], &rows[at]) < 0)
        at++;
    if (at < count)
        qsort(rows, count, sizeof(*rows), compare_places);
}

/* One statement, so that a reader sees one moment. The first half reads the index of current rows;
 * the second what has ended since, which is little when the version is a recent one (the plus keeps
 * other indexes out of the choice). Sorted here: a database would copy every document once more to
 * do it. */
struct fault store_load_environment_at(struct store *store, struct arena *arena,
                                       uint64_t environment, uint64_t version,
                                       struct revision_row **rows, size_t *count)
{
    static const char sql[] =
        "SELECT " REVISION_COLUMNS " FROM (SELECT * FROM revision"
        " WHERE environment = $1 AND version_to = 0 AND +version_from <= $2 AND +is_tombstone = 0"
        " UNION ALL SELECT * FROM revision"
        " WHERE environment = $1 AND version_to <> 0 AND version_to > $2 AND +version_from <= $2"
        " AND +is_tombstone = 0) AS r " REVISION_JOINS;
    const struct bind binds[] = {bind_u64(environment), bind_u64(version)};
    struct fault fault = load_revisions(store, arena, sql, binds, COUNT_OF(binds), rows, count);
    sort_by_place(*rows, *count);
    return fault;
}

struct fault store_load_history(struct store *store, struct arena *arena, uint64_t environment,
                                enum revision_kind kind, struct str key, struct revision_row **rows,
                                size_t *count)
{
    static const char sql[] =
        "SELECT " REVISION_COLUMNS " FROM revision AS r " REVISION_JOINS
        " WHERE r.environment = $1 AND r.kind = $2 AND r.key = $3 ORDER BY r.version_from";
    const struct bind binds[] = {bind_u64(environment), bind_text(revision_kind_name(kind)),
                                 bind_text(key)};
    return load_revisions(store, arena, sql, binds, COUNT_OF(binds), rows, count);
}

static struct bind bind_bound(uint64_t bound)
{
    return bind_integer(bound == 0 || bound > INT64_MAX ? INT64_MAX : (int64_t)bound);
}

struct fault store_load_object_history(struct store *store, struct arena *arena, uint64_t number,
                                       struct history_page page, struct revision_row **rows,
                                       size_t *count)
{
    static const char sql[] =
        "SELECT " REVISION_COLUMNS " FROM revision AS r " REVISION_JOINS
        " WHERE r.kind = 'flag' AND r.is_tombstone = 0"
        " AND r.environment = (SELECT environment FROM object WHERE number = $1)"
        " AND r.object_id = (SELECT object_id FROM object WHERE number = $1)"
        " AND r.sequence < $2 ORDER BY r.sequence DESC LIMIT $3";
    const struct bind binds[] = {bind_u64(number), bind_bound(page.below), bind_bound(page.limit)};
    return load_revisions(store, arena, sql, binds, COUNT_OF(binds), rows, count);
}

struct fault store_load_key_history(struct store *store, struct arena *arena, uint64_t environment,
                                    enum revision_kind kind, struct str key,
                                    struct history_page page, struct revision_row **rows,
                                    size_t *count)
{
    static const char sql[] =
        "SELECT " REVISION_COLUMNS " FROM revision AS r " REVISION_JOINS
        " WHERE r.environment = $1 AND r.kind = $2 AND r.key = $3 AND r.is_tombstone = 0"
        " AND r.version_from < $4 ORDER BY r.version_from DESC LIMIT $5";
    const struct bind binds[] = {bind_u64(environment), bind_text(revision_kind_name(kind)),
                                 bind_text(key), bind_bound(page.below), bind_bound(page.limit)};
    return load_revisions(store, arena, sql, binds, COUNT_OF(binds), rows, count);
}

struct fault store_find_tombstone(struct store *store, struct arena *arena, uint64_t environment,
                                  enum revision_kind kind, struct str key,
                                  struct revision_row *tombstone, bool *is_found)
{
    static const char sql[] =
        "SELECT " REVISION_COLUMNS " FROM revision AS r " REVISION_JOINS
        " WHERE r.environment = $1 AND r.kind = $2 AND r.key = $3 AND r.version_to = 0"
        " AND +r.is_tombstone = 1";
    const struct bind binds[] = {bind_u64(environment), bind_text(revision_kind_name(kind)),
                                 bind_text(key)};
    struct revision_row *rows = NULL;
    size_t count = 0;
    struct fault fault = load_revisions(store, arena, sql, binds, COUNT_OF(binds), &rows, &count);
    *is_found = count > 0;
    if (*is_found)
        *tombstone = rows[0];
    return fault;
}

/* ---- one step ------------------------------------------------------------------------------ */

/* Both are in one order, and what ended at a version was replaced by what began there. */
static void pair_up(struct arena *arena, const struct revision_row *rows, size_t count,
                    const struct revision_row *ended, size_t ended_count,
                    struct revision_row **before)
{
    *before = ARENA_NEW_ARRAY(arena, struct revision_row, count);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_replaced = at < ended_count && ended[at].kind == rows[i].kind &&
                           str_equal(ended[at].key, rows[i].key);
        struct revision_row none = {.kind = rows[i].kind, .key = rows[i].key};
        (*before)[i] = is_replaced ? ended[at++] : none;
        if ((*before)[i].is_tombstone)
            (*before)[i].document = (struct str){0};
    }
}

struct fault store_load_step(struct store *store, struct arena *arena, uint64_t environment,
                             uint64_t version, struct revision_row **rows,
                             struct revision_row **before, size_t *count)
{
    static const char begun_sql[] =
        "SELECT " REVISION_COLUMNS " FROM revision AS r " REVISION_JOINS
        " WHERE r.environment = $1 AND r.version_from = $2"
        " ORDER BY CASE WHEN r.kind = 'cohort' THEN 1 ELSE 0 END, r.kind, r.key";
    static const char ended_sql[] =
        "SELECT " REVISION_COLUMNS " FROM revision AS r " REVISION_JOINS
        " WHERE r.environment = $1 AND r.version_to = $2 AND r.version_to <> 0"
        " ORDER BY CASE WHEN r.kind = 'cohort' THEN 1 ELSE 0 END, r.kind, r.key";
    const struct bind binds[] = {bind_u64(environment), bind_u64(version)};
    struct revision_row *ended = NULL;
    size_t ended_count = 0;
    *before = NULL;
    struct fault fault =
        load_revisions(store, arena, begun_sql, binds, COUNT_OF(binds), rows, count);
    if (!failed(fault) && version != 0)
        fault =
            load_revisions(store, arena, ended_sql, binds, COUNT_OF(binds), &ended, &ended_count);
    if (failed(fault)) {
        *count = 0;
        return fault;
    }
    pair_up(arena, *rows, *count, ended, ended_count, before);
    return fault_none();
}
