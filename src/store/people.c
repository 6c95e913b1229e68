/* SPDX-License-Identifier: Apache-2.0 */
/* people - users, apps, environments and credentials: rows in, rows out. */
#include <assert.h>
#include <string.h>

#include "store/connection.h"

/* ---- words for enums: what is stored is readable and survives reordering ------------------ */

static struct str role_word(enum role role)
{
    switch (role) {
    case ROLE_NONE:
        return STR("none");
    case ROLE_VIEWER:
        return STR("viewer");
    case ROLE_EDITOR:
        return STR("editor");
    case ROLE_ADMIN:
        return STR("admin");
    case ROLE_OWNER:
        return STR("owner");
    }
    assert(false);
    return STR("none");
}

/* A word nobody knows has no rights. */
static enum role role_of_word(struct str word)
{
    for (enum role role = ROLE_NONE; role <= ROLE_OWNER; role++) {
        if (str_equal(word, role_word(role)))
            return role;
    }
    return ROLE_NONE;
}

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

/* ---- users ------------------------------------------------------------------------------- */

struct fault store_insert_user(struct store *store, const struct user_row *user)
{
    static const char sql[] = "INSERT INTO app_user (id, email, role, created_ms)"
                              " VALUES ($1, $2, $3, $4)";
    const struct bind binds[] = {bind_text(user->id), bind_text(user->email),
                                 bind_text(role_word(user->role)), bind_integer(user->created_ms)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

static struct fault add_user(const struct row *row, void *context)
{
    struct gathering *users = context;
    struct user_row *user = gathering_add(users);
    user->id = row_copy_text(row, 0, users->arena);
    user->email = row_copy_text(row, 1, users->arena);
    user->role = role_of_word(row_text(row, 2));
    user->created_ms = row_integer(row, 3);
    return fault_none();
}

struct fault store_load_users(struct store *store, struct arena *arena, struct user_row **rows,
                              size_t *count)
{
    static const char sql[] = "SELECT id, email, role, created_ms FROM app_user"
                              " ORDER BY created_ms, id";
    struct gathering users = {.arena = arena, .item_bytes = sizeof(struct user_row)};
    struct fault fault = store_query(store, sql, NULL, 0, add_user, &users);
    *rows = users.items;
    *count = users.count;
    return fault;
}

/* ---- apps -------------------------------------------------------------------------------- */

struct fault store_insert_app(struct store *store, const struct app_row *app)
{
    static const char sql[] =
        "INSERT INTO app (id, name, owner_user_id, hides_flags_by_default, created_ms)"
        " VALUES ($1, $2, $3, $4, $5)";
    const struct bind binds[] = {
        bind_text(app->id), bind_text(app->name), bind_text(app->owner_user_id),
        bind_integer(app->hides_flags_by_default), bind_integer(app->created_ms)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

static struct fault add_app(const struct row *row, void *context)
{
    struct gathering *apps = context;
    struct app_row *app = gathering_add(apps);
    app->id = row_copy_text(row, 0, apps->arena);
    app->name = row_copy_text(row, 1, apps->arena);
    app->owner_user_id = row_copy_text(row, 2, apps->arena);
    app->hides_flags_by_default = row_integer(row, 3) != 0;
    app->created_ms = row_integer(row, 4);
    return fault_none();
}

struct fault store_load_apps(struct store *store, struct arena *arena, struct app_row **rows,
                             size_t *count)
{
    static const char sql[] =
        "SELECT id, name, owner_user_id, hides_flags_by_default, created_ms FROM app"
        " ORDER BY created_ms, id";
    struct gathering apps = {.arena = arena, .item_bytes = sizeof(struct app_row)};
    struct fault fault = store_query(store, sql, NULL, 0, add_app, &apps);
    *rows = apps.items;
    *count = apps.count;
    return fault;
}

/* ---- environments ------------------------------------------------------------------------ */

static struct fault take_number(const struct row *row, void *context)
{
    uint64_t *number = context;
    *number = row_u64(row, 0);
    return fault_none();
}

/* From a counter of its own, so that a number is never used again, whatever is deleted. */
static struct fault next_environment_number(struct store *store, uint64_t *number)
{
    static const char sql[] = "UPDATE counter SET value = value + 1 WHERE name = 'environment'"
                              " RETURNING value";
    *number = 0;
    struct fault fault = store_execute_returning(store, sql, NULL, 0, take_number, number);
    if (!failed(fault) && *number == 0)
        return fault_make(FAULT_UNAVAILABLE, STR("counter"), STR("the store is damaged"));
    return fault;
}

struct fault store_insert_environment(struct store *store,
                                      const struct environment_row *environment, uint64_t *number)
{
    static const char sql[] =
        "INSERT INTO environment (number, id, app_id, name, version, created_ms, monthly_quota)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)";
    static const char version_sql[] =
        "INSERT INTO environment_version (environment, version, at_ms) VALUES ($1, $2, $3)";
    struct fault fault = next_environment_number(store, number);
    if (failed(fault))
        return fault;
    const struct bind binds[] = {bind_u64(*number),
                                 bind_text(environment->id),
                                 bind_text(environment->app_id),
                                 bind_text(environment->name),
                                 bind_u64(environment->version),
                                 bind_integer(environment->created_ms),
                                 bind_u64(environment->monthly_quota)};
    fault = store_execute(store, sql, binds, COUNT_OF(binds), NULL);
    if (failed(fault))
        return fault;
    const struct bind version_binds[] = {bind_u64(*number), bind_u64(environment->version),
                                         bind_integer(environment->created_ms)};
    return store_execute(store, version_sql, version_binds, COUNT_OF(version_binds), NULL);
}

struct fault store_set_monthly_quota(struct store *store, uint64_t environment, uint64_t quota)
{
    static const char sql[] = "UPDATE environment SET monthly_quota = $2 WHERE number = $1";
    const struct bind binds[] = {bind_u64(environment), bind_u64(quota)};
    size_t changed = 0;
    struct fault fault = store_execute(store, sql, binds, COUNT_OF(binds), &changed);
    if (!failed(fault) && changed == 0)
        return fault_make(FAULT_MISSING, STR("environment"), STR("there is no such environment"));
    return fault;
}

static struct fault add_environment(const struct row *row, void *context)
{
    struct gathering *environments = context;
    struct environment_row *environment = gathering_add(environments);
    environment->number = row_u64(row, 0);
    environment->id = row_copy_text(row, 1, environments->arena);
    environment->app_id = row_copy_text(row, 2, environments->arena);
    environment->name = row_copy_text(row, 3, environments->arena);
    environment->version = row_u64(row, 4);
    environment->created_ms = row_integer(row, 5);
    environment->monthly_quota = row_u64(row, 6);
    return fault_none();
}

struct fault store_load_environments(struct store *store, struct arena *arena,
                                     struct environment_row **rows, size_t *count)
{
    static const char sql[] =
        "SELECT number, id, app_id, name, version, created_ms, monthly_quota FROM environment"
        " ORDER BY number";
    struct gathering environments = {.arena = arena, .item_bytes = sizeof(struct environment_row)};
    struct fault fault = store_query(store, sql, NULL, 0, add_environment, &environments);
    *rows = environments.items;
    *count = environments.count;
    return fault;
}

/* ---- credentials ------------------------------------------------------------------------- */

struct fault store_insert_credential(struct store *store, const struct credential_row *credential)
{
    static const char sql[] =
        "INSERT INTO credential (id, kind, hash, shown, tail, user_id, app_id, environment,"
        " created_ms, expires_ms, revoked_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
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
    };
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
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

static struct fault add_credential(const struct row *row, void *context)
{
    struct gathering *credentials = context;
    struct arena *arena = credentials->arena;
    struct credential_row *credential = gathering_add(credentials);
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
    return fault_none();
}

struct fault store_load_credentials(struct store *store, struct arena *arena,
                                    struct credential_row **rows, size_t *count)
{
    static const char sql[] =
        "SELECT id, kind, hash, shown, tail, user_id, app_id, environment, created_ms,"
        " expires_ms, revoked_ms FROM credential WHERE revoked_ms = 0 ORDER BY created_ms, id";
    struct gathering credentials = {.arena = arena, .item_bytes = sizeof(struct credential_row)};
    struct fault fault = store_query(store, sql, NULL, 0, add_credential, &credentials);
    *rows = credentials.items;
    *count = credentials.count;
    return fault;
}
