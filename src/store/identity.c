/* SPDX-License-Identifier: Apache-2.0 */
/* identity - which user a device was last seen with: see store.h. */
#include "store/connection.h"

static struct fault put_identity(struct store *store, const struct identity_row *row)
{
    static const char sql[] =
        "INSERT INTO identity (environment, device_id, user_id, at_ms) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (environment, device_id) DO UPDATE"
        " SET user_id = excluded.user_id, at_ms = excluded.at_ms"
        " WHERE excluded.at_ms >= identity.at_ms";
    const struct bind binds[] = {bind_u64(row->environment), bind_text(row->device_id),
                                 bind_text(row->user_id), bind_integer(row->at_ms)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

struct fault store_put_identities(struct store *store, const struct identity_row *rows,
                                  size_t count)
{
    struct fault fault = fault_none();
    for (size_t i = 0; i < count && !failed(fault); i++)
        fault = put_identity(store, &rows[i]);
    return fault;
}

static struct fault add_identity(const struct row *row, void *context)
{
    struct gathering *identities = context;
    struct identity_row *identity = gathering_add(identities);
    identity->environment = row_u64(row, 0);
    identity->device_id = row_copy_text(row, 1, identities->arena);
    identity->user_id = row_copy_text(row, 2, identities->arena);
    identity->at_ms = row_integer(row, 3);
    return fault_none();
}

struct fault store_load_identities(struct store *store, struct arena *arena, size_t limit,
                                   struct identity_row **rows, size_t *count)
{
    static const char sql[] = "SELECT environment, device_id, user_id, at_ms FROM identity"
                              " ORDER BY at_ms DESC, environment DESC, device_id DESC LIMIT $1";
    const struct bind binds[] = {bind_u64(limit)};
    struct gathering identities = {.arena = arena, .item_bytes = sizeof(struct identity_row)};
    struct fault fault = store_query(store, sql, binds, COUNT_OF(binds), add_identity, &identities);
    *rows = failed(fault) ? NULL : identities.items;
    *count = failed(fault) ? 0 : identities.count;
    return fault;
}

/* Those as old as the oldest one kept stay as well: there is no telling them apart. */
struct fault store_trim_identities(struct store *store, size_t kept)
{
    static const char sql[] =
        "DELETE FROM identity WHERE at_ms < (SELECT at_ms FROM identity"
        " ORDER BY at_ms DESC, environment DESC, device_id DESC LIMIT 1 OFFSET $1)";
    if (kept == 0)
        return store_execute(store, "DELETE FROM identity", NULL, 0, NULL);
    const struct bind binds[] = {bind_u64(kept - 1)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}
