/* SPDX-License-Identifier: Apache-2.0 */
/* once - keys of requests that may come twice, and what was answered: see store.h. */
#include <string.h>

#include "store/connection.h"

static struct str present(struct str text)
{
    return str_is_absent(text) ? STR("") : text;
}

struct fault store_insert_once(struct store *store, const struct once_row *row)
{
    static const char sql[] =
        "INSERT INTO once (key, fingerprint, at_ms, version, created_id, sealed)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO NOTHING";
    struct str sealed = present(row->sealed);
    const struct bind binds[] = {
        bind_bytes(row->key, sizeof(row->key)),
        bind_bytes(row->fingerprint, sizeof(row->fingerprint)),
        bind_integer(row->at_ms),
        bind_u64(row->version),
        bind_text(present(row->created_id)),
        bind_bytes(sealed.data, sealed.size),
    };
    size_t changed = 0;
    struct fault fault = store_execute(store, sql, binds, COUNT_OF(binds), &changed);
    if (!failed(fault) && changed == 0)
        return fault_make(FAULT_CONFLICT, STR("idempotency-key"),
                          STR("this key was used for a request before"));
    return fault;
}

struct fault store_keep_once_answer(struct store *store, const unsigned char key[32],
                                    struct str sealed)
{
    static const char sql[] = "UPDATE once SET sealed = $2 WHERE key = $1";
    const struct bind binds[] = {bind_bytes(key, 32), bind_bytes(sealed.data, sealed.size)};
    size_t changed = 0;
    struct fault fault = store_execute(store, sql, binds, COUNT_OF(binds), &changed);
    if (!failed(fault) && changed == 0)
        return fault_make(FAULT_MISSING, STR("idempotency-key"), STR("there is no such key"));
    return fault;
}

struct finding {
    struct arena *arena;
    struct once_row *row;
    bool is_found;
};

static struct fault take_once(const struct row *row, void *context)
{
    struct finding *finding = context;
    struct once_row *once = finding->row;
    struct str key = row_text(row, 0);
    struct str fingerprint = row_text(row, 1);
    if (key.size != sizeof(once->key) || fingerprint.size != sizeof(once->fingerprint))
        return fault_make(FAULT_UNAVAILABLE, STR("once"), STR("the store is damaged"));
    memcpy(once->key, key.data, key.size);
    memcpy(once->fingerprint, fingerprint.data, fingerprint.size);
    once->at_ms = row_integer(row, 2);
    once->version = row_u64(row, 3);
    once->created_id = row_copy_text(row, 4, finding->arena);
    once->sealed = row_copy_text(row, 5, finding->arena);
    finding->is_found = true;
    return fault_none();
}

struct fault store_find_once(struct store *store, struct arena *arena, const unsigned char key[32],
                             struct once_row *row, bool *is_found)
{
    static const char sql[] =
        "SELECT key, fingerprint, at_ms, version, created_id, sealed FROM once WHERE key = $1";
    const struct bind binds[] = {bind_bytes(key, 32)};
    *row = (struct once_row){0};
    struct finding finding = {.arena = arena, .row = row};
    struct fault fault = store_query(store, sql, binds, COUNT_OF(binds), take_once, &finding);
    *is_found = !failed(fault) && finding.is_found;
    return fault;
}

struct fault store_trim_once(struct store *store, int64_t before_ms)
{
    static const char sql[] = "DELETE FROM once WHERE at_ms < $1";
    const struct bind binds[] = {bind_integer(before_ms)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}
