/* SPDX-License-Identifier: Apache-2.0 */
/* care - looking at a store, and telling a restored one what it must know: see care.h. */
#include "store/care.h"

#include <sodium.h>
#include <string.h>

#include "store/connection.h"
#include "store/migrations.h"
#include "store/revision.h"

enum { HASH_BYTES = crypto_hash_sha256_BYTES };

struct fault store_copy(struct store *store, const char *file, const struct copying *copying)
{
    return store->engine->kind->copy(store->engine, file, copying->goes_on, copying->context);
}

struct fault store_check_pages(struct store *store, bool is_quick)
{
    return store->engine->kind->check(store->engine, is_quick);
}

struct fault store_check_contents(struct store *store)
{
    struct fault fault = revisions_check(store);
    return failed(fault) ? fault : cohort_members_check(store);
}

/* ---- facts --------------------------------------------------------------------------------- */

static struct fault take_head(const struct row *row, void *context)
{
    struct store_facts *facts = context;
    struct str hash = row_text(row, 1);
    facts->audit_sequence = row_u64(row, 0);
    if (hash.size == HASH_BYTES)
        memcpy(facts->audit_hash, hash.data, HASH_BYTES);
    facts->last_ms = row_integer(row, 2);
    return fault_none();
}

struct fault store_examine(struct store *store, struct store_facts *facts)
{
    static const char sql[] = "SELECT h.sequence, h.hash, a.at_ms FROM audit_head h"
                              " LEFT JOIN audit a ON a.sequence = h.sequence WHERE h.id = 1";
    *facts = (struct store_facts){0};
    migrations_list(&facts->schema_known);
    struct fault fault = migrations_count(store, &facts->schema);
    if (!failed(fault))
        fault = store_query(store, sql, NULL, 0, take_head, facts);
    /* The database's own refusals name no place: a table or a column is missing. */
    if (failed(fault) && str_is_empty(fault.where))
        fault = fault_make(FAULT_UNAVAILABLE, STR("schema_migration"),
                           STR("it holds no store of this program"));
    else if (!failed(fault) && facts->schema == 0)
        fault = fault_make(FAULT_UNAVAILABLE, STR("schema_migration"), STR("the store is empty"));
    return fault;
}

struct found_hash {
    unsigned char *hash;
    bool is_found;
};

static struct fault take_hash(const struct row *row, void *context)
{
    struct found_hash *found = context;
    struct str hash = row_text(row, 0);
    found->is_found = hash.size == HASH_BYTES;
    if (found->is_found)
        memcpy(found->hash, hash.data, HASH_BYTES);
    return fault_none();
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is written through a callback. */
struct fault store_find_audit_hash(struct store *store, uint64_t sequence, unsigned char hash[32],
                                   bool *is_found)
{
    static const char sql[] = "SELECT hash FROM audit WHERE sequence = $1";
    const struct bind binds[] = {bind_u64(sequence)};
    struct found_hash found = {.hash = hash};
    struct fault fault = store_query(store, sql, binds, COUNT_OF(binds), take_hash, &found);
    *is_found = found.is_found;
    return fault;
}

/* ---- marks --------------------------------------------------------------------------------- */

static struct fault add_mark(const struct row *row, void *context)
{
    struct gathering *marks = context;
    struct mark_row *mark = gathering_add(marks);
    mark->number = row_u64(row, 0);
    mark->id = row_copy_text(row, 1, marks->arena);
    mark->app_name = row_copy_text(row, 2, marks->arena);
    mark->name = row_copy_text(row, 3, marks->arena);
    mark->version = row_u64(row, 4);
    return fault_none();
}

static struct fault add_to_digest(const struct row *row, void *context)
{
    for (int column = 0; column < 4; column++) {
        struct str text = row_text(row, column);
        unsigned char size[8] = {0};
        for (size_t i = 0; i < sizeof(size); i++)
            size[i] = (unsigned char)((uint64_t)text.size >> (8 * i));
        crypto_hash_sha256_update(context, size, sizeof(size));
        crypto_hash_sha256_update(context, (const unsigned char *)text.data, text.size);
    }
    return fault_none();
}

/* Over the checksums the rows have, which cover their documents: see revision.c. */
static struct fault digest_mark(struct store *store, struct mark_row *mark)
{
    static const char sql[] =
        "SELECT kind, key, object_id, checksum FROM revision WHERE environment = $1"
        " AND version_to = 0 AND is_tombstone = 0 ORDER BY kind, key";
    const struct bind binds[] = {bind_u64(mark->number)};
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    struct fault fault = store_query(store, sql, binds, COUNT_OF(binds), add_to_digest, &state);
    crypto_hash_sha256_final(&state, mark->digest);
    return fault;
}

struct fault store_load_marks(struct store *store, struct arena *arena, struct mark_row **rows,
                              size_t *count)
{
    static const char sql[] = "SELECT e.number, e.id, a.name, e.name, e.version FROM environment e"
                              " JOIN app a ON a.id = e.app_id ORDER BY e.number";
    struct gathering marks = {.arena = arena, .item_bytes = sizeof(struct mark_row)};
    struct fault fault = store_query(store, sql, NULL, 0, add_mark, &marks);
    *rows = marks.items;
    *count = failed(fault) ? 0 : marks.count;
    for (size_t i = 0; i < *count && !failed(fault); i++)
        fault = digest_mark(store, &(*rows)[i]);
    return fault;
}

/* ---- counters ------------------------------------------------------------------------------ */

static struct fault add_counter(const struct row *row, void *context)
{
    struct gathering *counters = context;
    struct counter_row *counter = gathering_add(counters);
    counter->name = row_copy_text(row, 0, counters->arena);
    counter->value = row_u64(row, 1);
    return fault_none();
}

struct fault store_load_counters(struct store *store, struct arena *arena,
                                 struct counter_row **rows, size_t *count)
{
    static const char sql[] = "SELECT name, value FROM counter ORDER BY name";
    struct gathering counters = {.arena = arena, .item_bytes = sizeof(struct counter_row)};
    struct fault fault = store_query(store, sql, NULL, 0, add_counter, &counters);
    *rows = counters.items;
    *count = failed(fault) ? 0 : counters.count;
    return fault;
}

/* ---- after a restore ------------------------------------------------------------------------- */

struct fault store_raise_version(struct store *store, uint64_t environment, uint64_t version,
                                 int64_t now_ms)
{
    static const char sql[] =
        "UPDATE environment SET version = $2 WHERE number = $1 AND version < $2";
    static const char note_sql[] =
        "INSERT INTO environment_version (environment, version, at_ms) VALUES ($1, $2, $3)";
    const struct bind binds[] = {bind_u64(environment), bind_u64(version)};
    const struct bind note_binds[] = {bind_u64(environment), bind_u64(version),
                                      bind_integer(now_ms)};
    size_t changed = 0;
    struct fault fault = store_execute(store, sql, binds, COUNT_OF(binds), &changed);
    if (failed(fault))
        return fault;
    if (changed == 0)
        return fault_make(FAULT_CONFLICT, STR("environment"), STR("versions never go down"));
    return store_execute(store, note_sql, note_binds, COUNT_OF(note_binds), NULL);
}

struct fault store_raise_counter(struct store *store, const struct counter_row *counter)
{
    static const char sql[] = "UPDATE counter SET value = $2 WHERE name = $1 AND value < $2";
    const struct bind binds[] = {bind_text(counter->name), bind_u64(counter->value)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}
