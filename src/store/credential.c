/* SPDX-License-Identifier: Apache-2.0 */
/* credential - credentials and the deployments some of them belong to: rows in, rows out. */
#include <assert.h>
#include <string.h>

#include "store/connection.h"

/* ---- words for kinds: what is stored is readable and survives reordering ------------------ */

static struct str credential_word(enum credential_kind kind)
{
    switch (kind) {
    case CREDENTIAL_BROWSER_KEY:
        return STR("browser");
    case CREDENTIAL_SERVER_KEY:
        return STR("server");
    case CREDENTIAL_PERSONAL:
        return STR("personal");
    case CREDENTIAL_APP:
        return STR("app");
    case CREDENTIAL_ENVIRONMENT:
        return STR("environment");
    case CREDENTIAL_CLIENT_DEPLOYMENT:
        return STR("client deployment");
    case CREDENTIAL_SERVER_DEPLOYMENT:
        return STR("server deployment");
    case CREDENTIAL_PROJECT_KEY:
        return STR("project key");
    case CREDENTIAL_PROJECT_SECRET:
        return STR("project secret");
    }
    assert(false);
    return STR("browser");
}

static bool find_credential_kind(struct str word, enum credential_kind *kind)
{
    for (int i = 0; i < CREDENTIAL_KIND_COUNT; i++) {
        if (str_equal(word, credential_word((enum credential_kind)i))) {
            *kind = (enum credential_kind)i;
            return true;
        }
    }
    return false;
}

/* ---- credentials ------------------------------------------------------------------------- */

static struct fault insert_credential_environments(struct store *store,
                                                   const struct credential_row *credential)
{
    static const char sql[] =
        "INSERT INTO credential_environment (credential_id, environment) VALUES ($1, $2)";
    struct fault fault = fault_none();
    for (size_t i = 0; i < credential->environment_count && !failed(fault); i++) {
        const struct bind binds[] = {bind_text(credential->id),
                                     bind_u64(credential->environments[i])};
        fault = store_execute(store, sql, binds, COUNT_OF(binds), NULL);
    }
    return fault;
}

struct fault store_insert_credential(struct store *store, const struct credential_row *credential)
{
    static const char sql[] =
        "INSERT INTO credential (id, kind, hash, shown, tail, user_id, app_id, environment,"
        " created_ms, expires_ms, revoked_ms, name, deployment, is_read_only)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    const struct bind binds[] = {
        bind_text(credential->id),
        bind_text(credential_word(credential->kind)),
        bind_bytes(credential->hash.bytes, sizeof(credential->hash.bytes)),
        bind_text(credential->shown),
        bind_text(credential->tail),
        bind_text(credential->user_id),
        bind_text(credential->app_id),
        bind_reference(credential->environment),
        bind_integer(credential->created_ms),
        bind_integer(credential->expires_ms),
        bind_integer(credential->revoked_ms),
        bind_text(credential->name),
        bind_reference(credential->deployment),
        bind_integer(credential->is_read_only),
    };
    struct fault fault = store_execute(store, sql, binds, COUNT_OF(binds), NULL);
    if (failed(fault))
        return fault;
    return insert_credential_environments(store, credential);
}

struct fault store_revoke_credential(struct store *store, struct str id, int64_t now_ms)
{
    static const char sql[] = "UPDATE credential SET revoked_ms = $2"
                              " WHERE id = $1 AND revoked_ms = 0";
    assert(now_ms > 0);
    const struct bind binds[] = {bind_text(id), bind_integer(now_ms)};
    size_t changed = 0;
    struct fault fault = store_execute(store, sql, binds, COUNT_OF(binds), &changed);
    if (!failed(fault) && changed == 0)
        return fault_make(FAULT_MISSING, id, STR("there is no such credential"));
    return fault;
}

/* One row per credential and environment it lists; those of a credential follow each other. */
struct loading {
    struct gathering credentials;
    struct gathering environments; /* of the credential that came last */
};

static struct fault read_credential(const struct row *row, struct arena *arena,
                                    struct credential_row *credential)
{
    struct str hash = row_text(row, 2);
    if (!find_credential_kind(row_text(row, 1), &credential->kind) ||
        hash.size != sizeof(credential->hash.bytes))
        return fault_make(FAULT_UNAVAILABLE, STR("credential"), STR("the store is damaged"));
    memcpy(credential->hash.bytes, hash.data, hash.size);
    credential->id = row_copy_text(row, 0, arena);
    credential->shown = row_copy_text(row, 3, arena);
    credential->tail = row_copy_text(row, 4, arena);
    credential->user_id = row_copy_text(row, 5, arena);
    credential->app_id = row_copy_text(row, 6, arena);
    credential->environment = row_u64(row, 7);
    credential->created_ms = row_integer(row, 8);
    credential->expires_ms = row_integer(row, 9);
    credential->revoked_ms = row_integer(row, 10);
    credential->name = row_copy_text(row, 11, arena);
    credential->deployment = row_u64(row, 12);
    credential->is_read_only = row_integer(row, 14) != 0;
    return fault_none();
}

static struct credential_row *last_credential(const struct loading *loading)
{
    struct credential_row *rows = loading->credentials.items;
    return loading->credentials.count == 0 ? NULL : &rows[loading->credentials.count - 1];
}

static void add_credential_environment(struct loading *loading, uint64_t environment)
{
    struct credential_row *credential = last_credential(loading);
    uint64_t *added = gathering_add(&loading->environments);
    *added = environment;
    credential->environments = loading->environments.items;
    credential->environment_count = loading->environments.count;
}

static struct fault add_credential(const struct row *row, void *context)
{
    struct loading *loading = context;
    const struct credential_row *last = last_credential(loading);
    if (last == NULL || !str_equal(last->id, row_text(row, 0))) {
        loading->environments.items = NULL;
        loading->environments.count = loading->environments.capacity = 0;
        struct fault fault =
            read_credential(row, loading->credentials.arena, gathering_add(&loading->credentials));
        if (failed(fault))
            return fault;
    }
    if (row_u64(row, 13) != 0)
        add_credential_environment(loading, row_u64(row, 13));
    return fault_none();
}

struct fault store_load_credentials(struct store *store, struct arena *arena,
                                    struct credential_row **rows, size_t *count)
{
    static const char sql[] =
        "SELECT c.id, c.kind, c.hash, c.shown, c.tail, c.user_id, c.app_id, c.environment,"
        " c.created_ms, c.expires_ms, c.revoked_ms, c.name, c.deployment, e.environment,"
        " c.is_read_only"
        " FROM credential AS c LEFT JOIN credential_environment AS e ON e.credential_id = c.id"
        " WHERE c.revoked_ms = 0 ORDER BY c.created_ms, c.id, e.environment";
    struct loading loading = {
        .credentials = {.arena = arena, .item_bytes = sizeof(struct credential_row)},
        .environments = {.arena = arena, .item_bytes = sizeof(uint64_t)},
    };
    struct fault fault = store_query(store, sql, NULL, 0, add_credential, &loading);
    *rows = loading.credentials.items;
    *count = loading.credentials.count;
    return fault;
}

/* ---- deployments ------------------------------------------------------------------------- */

struct fault store_insert_deployment(struct store *store, const struct deployment_row *deployment,
                                     uint64_t *number)
{
    static const char sql[] =
        "INSERT INTO deployment (number, environment, label, key, kind, is_archived, created_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)";
    struct fault fault = store_next_number(store, STR("deployment"), number);
    if (failed(fault))
        return fault;
    const struct bind binds[] = {
        bind_u64(*number),
        bind_u64(deployment->environment),
        bind_text(deployment->label),
        bind_text(deployment->key),
        bind_text(credential_word(deployment->kind)),
        bind_integer(deployment->is_archived),
        bind_integer(deployment->created_ms),
    };
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

struct fault store_update_deployment(struct store *store, uint64_t number, struct str label,
                                     bool is_archived)
{
    static const char sql[] = "UPDATE deployment SET label = coalesce($2, label), is_archived = $3"
                              " WHERE number = $1";
    const struct bind binds[] = {bind_u64(number), bind_text(label), bind_integer(is_archived)};
    size_t changed = 0;
    struct fault fault = store_execute(store, sql, binds, COUNT_OF(binds), &changed);
    if (!failed(fault) && changed == 0)
        return fault_make(FAULT_MISSING, STR("deployment"), STR("there is no such deployment"));
    return fault;
}

struct fault store_set_deployment_key(struct store *store, uint64_t number, struct str key)
{
    static const char sql[] = "UPDATE deployment SET key = $2 WHERE number = $1";
    const struct bind binds[] = {bind_u64(number), bind_text(key)};
    size_t changed = 0;
    struct fault fault = store_execute(store, sql, binds, COUNT_OF(binds), &changed);
    if (!failed(fault) && changed == 0)
        return fault_make(FAULT_MISSING, STR("deployment"), STR("there is no such deployment"));
    return fault;
}

static struct fault add_deployment(const struct row *row, void *context)
{
    struct gathering *deployments = context;
    struct arena *arena = deployments->arena;
    struct deployment_row *deployment = gathering_add(deployments);
    if (!find_credential_kind(row_text(row, 4), &deployment->kind))
        return fault_make(FAULT_UNAVAILABLE, STR("deployment"), STR("the store is damaged"));
    deployment->number = row_u64(row, 0);
    deployment->environment = row_u64(row, 1);
    deployment->label = row_copy_text(row, 2, arena);
    deployment->key = row_copy_text(row, 3, arena);
    deployment->is_archived = row_integer(row, 5) != 0;
    deployment->created_ms = row_integer(row, 6);
    return fault_none();
}

struct fault store_load_deployments(struct store *store, struct arena *arena,
                                    struct deployment_row **rows, size_t *count)
{
    static const char sql[] =
        "SELECT number, environment, label, key, kind, is_archived, created_ms FROM deployment"
        " ORDER BY number";
    struct gathering deployments = {.arena = arena, .item_bytes = sizeof(struct deployment_row)};
    struct fault fault = store_query(store, sql, NULL, 0, add_deployment, &deployments);
    *rows = deployments.items;
    *count = deployments.count;
    return fault;
}
