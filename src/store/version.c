/* SPDX-License-Identifier: Apache-2.0 */
/* version - environment versions: each has its moment, and every moment finds its version. */
#include "store/connection.h"

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

static struct fault take_presence(const struct row *row, void *context)
{
    (void)row;
    *(bool *)context = true;
    return fault_none();
}

struct fault store_has_version(struct store *store, uint64_t environment, uint64_t version,
                               bool *has)
{
    static const char sql[] =
        "SELECT 1 FROM environment_version WHERE environment = $1 AND version = $2";
    const struct bind binds[] = {bind_u64(environment), bind_u64(version)};
    *has = version == 0;
    return *has ? fault_none()
                : store_query(store, sql, binds, COUNT_OF(binds), take_presence, has);
}
