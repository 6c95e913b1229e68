/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version - environment versions, and the revisions current in each.
 *
 * A revision is current in [version_from, version_to). Nothing is ever overwritten but version_to,
 * once, when the next one begins; so every version can be read again exactly as it was.
 */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "store/connection.h"

/* ---- versions ---------------------------------------------------------------------------- */

static struct fault take_version(const struct row *row, void *context)
{
    uint64_t *version = context;
    *version = row_u64(row, 0);
    return fault_none();
}

struct fault store_advance_version(struct store *store, uint64_t environment, int64_t now_ms,
                                   uint64_t *version)
{
    static const char sql[] = "UPDATE environment SET version = version + 1 WHERE number = $1"
                              " RETURNING version";
    static const char note_sql[] =
        "INSERT INTO environment_version (environment, version, at_ms) VALUES ($1, $2, $3)";
    *version = 0;
    const struct bind binds[] = {bind_u64(environment)};
    struct fault fault =
        store_execute_returning(store, sql, binds, COUNT_OF(binds), take_version, version);
    if (failed(fault))
        return fault;
    if (*version == 0)
        return fault_make(FAULT_MISSING, STR("environment"), STR("there is no such environment"));
    const struct bind note_binds[] = {bind_u64(environment), bind_u64(*version),
                                      bind_integer(now_ms)};
    return store_execute(store, note_sql, note_binds, COUNT_OF(note_binds), NULL);
}

/* The highest version with a time at or before it, not the latest time: a clock that was set back
 * must not bring an older version to the front. Walks back from the newest one, which is near for
 * most questions. */
struct fault store_find_version_at(struct store *store, uint64_t environment, int64_t at_ms,
                                   uint64_t *version)
{
    static const char sql[] = "SELECT version FROM environment_version"
                              " WHERE environment = $1 AND at_ms <= $2"
                              " ORDER BY version DESC LIMIT 1";
    const struct bind binds[] = {bind_u64(environment), bind_integer(at_ms)};
    *version = UINT64_MAX;
    struct fault fault = store_query(store, sql, binds, COUNT_OF(binds), take_version, version);
    if (!failed(fault) && *version == UINT64_MAX)
        fault = fault_make(FAULT_MISSING, STR("environment"),
                           STR("the environment did not exist at that time"));
    if (failed(fault))
        *version = 0;
    return fault;
}

/* ---- kinds and checksums ----------------------------------------------------------------- */

/* Their order as texts is the order of the enum. */
static struct str kind_word(enum revision_kind kind)
{
    switch (kind) {
    case REVISION_FLAG:
        return STR("flag");
    case REVISION_SEGMENT:
        return STR("segment");
    case REVISION_SETTINGS:
        return STR("settings");
    }
    assert(false);
    return STR("flag");
}

static bool find_kind(struct str word, enum revision_kind *kind)
{
    for (int i = REVISION_FLAG; i <= REVISION_SETTINGS; i++) {
        if (str_equal(word, kind_word((enum revision_kind)i))) {
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
    hash_text(&state, kind_word(revision->kind));
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
    const struct bind binds[] = {bind_u64(environment), bind_text(kind_word(revision->kind)),
                                 bind_text(revision->key), bind_u64(revision->version_from)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

struct fault store_write_revision(struct store *store, uint64_t environment,
                                  const struct revision_row *revision)
{
    static const char sql[] =
        "INSERT INTO revision (environment, kind, key, version_from, version_to, object_id,"
        " is_tombstone, checksum, document) VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8)";
    assert(revision->version_from > 0);
    struct fault fault = end_current(store, environment, revision);
    if (failed(fault))
        return fault;

    struct revision_row stored = *revision;
    if (stored.is_tombstone)
        stored.document = STR("");
    struct checksum checksum = revision_checksum(environment, &stored);
    const struct bind binds[] = {
        bind_u64(environment),
        bind_text(kind_word(stored.kind)),
        bind_text(stored.key),
        bind_u64(stored.version_from),
        bind_text(stored.object_id),
        bind_integer(stored.is_tombstone),
        bind_bytes(checksum.bytes, sizeof(checksum.bytes)),
        bind_text(stored.document),
    };
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

/* ---- reading ----------------------------------------------------------------------------- */

struct loading {
    struct gathering revisions;
    uint64_t environment;
};

#define REVISION_COLUMNS                                                                           \
    "kind, key, version_from, version_to, object_id, is_tombstone, checksum, document"

static struct fault add_revision(const struct row *row, void *context)
{
    struct loading *loading = context;
    struct arena *arena = loading->revisions.arena;
    struct revision_row *revision = gathering_add(&loading->revisions);
    bool is_known = find_kind(row_text(row, 0), &revision->kind);
    revision->key = row_copy_text(row, 1, arena);
    revision->version_from = row_u64(row, 2);
    revision->version_to = row_u64(row, 3);
    revision->object_id = row_copy_text(row, 4, arena);
    revision->is_tombstone = row_integer(row, 5) != 0;
    revision->document = row_copy_text(row, 7, arena);

    struct checksum checksum = revision_checksum(loading->environment, revision);
    struct str expected = {(const char *)checksum.bytes, sizeof(checksum.bytes)};
    if (!is_known || !str_equal(row_text(row, 6), expected))
        return fault_make(FAULT_UNAVAILABLE, revision->key, STR("the store is damaged"));
    return fault_none();
}

static struct fault load_revisions(struct store *store, struct arena *arena, const char *sql,
                                   const struct bind *binds, size_t bind_count,
                                   struct revision_row **rows, size_t *count)
{
    assert(bind_count > 0);
    struct loading loading = {
        .revisions = {.arena = arena, .item_bytes = sizeof(struct revision_row)},
        .environment = (uint64_t)binds[0].integer,
    };
    struct fault fault = store_query(store, sql, binds, bind_count, add_revision, &loading);
    *rows = failed(fault) ? NULL : loading.revisions.items;
    *count = failed(fault) ? 0 : loading.revisions.count;
    return fault;
}

/* One statement, so that a reader sees one moment. The first half reads the index of current rows;
 * the second what has ended since, which is little when the version is a recent one. */
struct fault store_load_environment_at(struct store *store, struct arena *arena,
                                       uint64_t environment, uint64_t version,
                                       struct revision_row **rows, size_t *count)
{
    static const char sql[] =
        "SELECT " REVISION_COLUMNS " FROM revision"
        " WHERE environment = $1 AND version_to = 0 AND version_from <= $2 AND is_tombstone = 0"
        " UNION ALL SELECT " REVISION_COLUMNS " FROM revision"
        " WHERE environment = $1 AND version_to <> 0 AND version_to > $2 AND version_from <= $2"
        " AND is_tombstone = 0"
        " ORDER BY kind, key";
    const struct bind binds[] = {bind_u64(environment), bind_u64(version)};
    return load_revisions(store, arena, sql, binds, COUNT_OF(binds), rows, count);
}

struct fault store_load_history(struct store *store, struct arena *arena, uint64_t environment,
                                enum revision_kind kind, struct str key, struct revision_row **rows,
                                size_t *count)
{
    static const char sql[] = "SELECT " REVISION_COLUMNS " FROM revision"
                              " WHERE environment = $1 AND kind = $2 AND key = $3"
                              " ORDER BY version_from";
    const struct bind binds[] = {bind_u64(environment), bind_text(kind_word(kind)), bind_text(key)};
    return load_revisions(store, arena, sql, binds, COUNT_OF(binds), rows, count);
}
