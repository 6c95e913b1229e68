/* SPDX-License-Identifier: Apache-2.0 */
/* people - users, apps and environments: rows in, rows out. */
#include <assert.h>

#include "model/names.h"
#include "store/connection.h"

/* ---- roles: what is stored is readable and survives reordering ---------------------------- */

/* A word nobody knows has no rights. */
static enum role role_of_word(struct str word)
{
    int role = name_find(&role_names, word);
    return role < 0 ? ROLE_NONE : (enum role)role;
}

/* ---- users ------------------------------------------------------------------------------- */

struct fault store_insert_user(struct store *store, const struct user_row *user)
{
    static const char sql[] = "INSERT INTO app_user (id, email, role, created_ms)"
                              " VALUES ($1, $2, $3, $4)";
    const struct bind binds[] = {bind_text(user->id), bind_text(user->email),
                                 bind_text(name_at(&role_names, user->role)),
                                 bind_integer(user->created_ms)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

static struct fault must_have_changed(size_t changed, struct str where, struct str why)
{
    return changed == 0 ? fault_make(FAULT_MISSING, where, why) : fault_none();
}

struct fault store_set_user_role(struct store *store, struct str id, enum role role)
{
    static const char sql[] = "UPDATE app_user SET role = $2 WHERE id = $1 AND deleted_ms = 0";
    const struct bind binds[] = {bind_text(id), bind_text(name_at(&role_names, role))};
    size_t changed = 0;
    struct fault fault = store_execute(store, sql, binds, COUNT_OF(binds), &changed);
    if (failed(fault))
        return fault;
    return must_have_changed(changed, STR("user"), STR("there is no such user"));
}

struct fault store_delete_user(struct store *store, struct str id, int64_t now_ms)
{
    static const char sql[] =
        "UPDATE app_user SET deleted_ms = $2, former_email = email, email = id, password = NULL"
        " WHERE id = $1 AND deleted_ms = 0";
    assert(now_ms > 0);
    const struct bind binds[] = {bind_text(id), bind_integer(now_ms)};
    size_t changed = 0;
    struct fault fault = store_execute(store, sql, binds, COUNT_OF(binds), &changed);
    if (failed(fault))
        return fault;
    return must_have_changed(changed, STR("user"), STR("there is no such user"));
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
                              " WHERE deleted_ms = 0 ORDER BY created_ms, id";
    struct gathering users = {.arena = arena, .item_bytes = sizeof(struct user_row)};
    struct fault fault = store_query(store, sql, NULL, 0, add_user, &users);
    *rows = users.items;
    *count = users.count;
    return fault;
}

struct fault store_set_password(struct store *store, struct str id, struct str verifier)
{
    static const char sql[] = "UPDATE app_user SET password = $2 WHERE id = $1 AND deleted_ms = 0";
    assert(!str_is_empty(verifier));
    const struct bind binds[] = {bind_text(id), bind_text(verifier)};
    size_t changed = 0;
    struct fault fault = store_execute(store, sql, binds, COUNT_OF(binds), &changed);
    if (failed(fault))
        return fault;
    return must_have_changed(changed, STR("user"), STR("there is no such user"));
}

struct password_search {
    struct arena *arena;
    struct str verifier;
};

static struct fault take_password(const struct row *row, void *context)
{
    struct password_search *search = context;
    search->verifier = row_copy_text(row, 0, search->arena);
    return fault_none();
}

struct fault store_find_password(struct store *store, struct arena *arena, struct str id,
                                 struct str *verifier)
{
    static const char sql[] = "SELECT password FROM app_user WHERE id = $1 AND deleted_ms = 0"
                              " AND password IS NOT NULL";
    const struct bind binds[] = {bind_text(id)};
    struct password_search search = {.arena = arena};
    struct fault fault = store_query(store, sql, binds, COUNT_OF(binds), take_password, &search);
    *verifier = search.verifier;
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

struct fault store_update_app(struct store *store, struct str id, struct str name,
                              bool hides_flags_by_default)
{
    static const char sql[] = "UPDATE app SET name = coalesce($2, name),"
                              " hides_flags_by_default = $3 WHERE id = $1";
    const struct bind binds[] = {bind_text(id), bind_text(name),
                                 bind_integer(hides_flags_by_default)};
    size_t changed = 0;
    struct fault fault = store_execute(store, sql, binds, COUNT_OF(binds), &changed);
    if (failed(fault))
        return fault;
    return must_have_changed(changed, STR("app"), STR("there is no such app"));
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

struct fault store_insert_environment(struct store *store,
                                      const struct environment_row *environment, uint64_t *number)
{
    static const char sql[] =
        "INSERT INTO environment (number, id, app_id, name, version, created_ms, monthly_quota,"
        " hides_flags_by_default) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    static const char version_sql[] =
        "INSERT INTO environment_version (environment, version, at_ms) VALUES ($1, $2, $3)";
    struct fault fault = store_next_number(store, STR("environment"), number);
    if (failed(fault))
        return fault;
    const struct bind binds[] = {bind_u64(*number),
                                 bind_text(environment->id),
                                 bind_text(environment->app_id),
                                 bind_text(environment->name),
                                 bind_u64(environment->version),
                                 bind_integer(environment->created_ms),
                                 bind_u64(environment->monthly_quota),
                                 bind_integer(environment->hides_flags_by_default)};
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
    if (failed(fault))
        return fault;
    return must_have_changed(changed, STR("environment"), STR("there is no such environment"));
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
    environment->hides_flags_by_default = row_integer(row, 7) != 0;
    return fault_none();
}

struct fault store_load_environments(struct store *store, struct arena *arena,
                                     struct environment_row **rows, size_t *count)
{
    static const char sql[] = "SELECT number, id, app_id, name, version, created_ms, monthly_quota,"
                              " hides_flags_by_default FROM environment ORDER BY number";
    struct gathering environments = {.arena = arena, .item_bytes = sizeof(struct environment_row)};
    struct fault fault = store_query(store, sql, NULL, 0, add_environment, &environments);
    *rows = environments.items;
    *count = environments.count;
    return fault;
}
