/* SPDX-License-Identifier: Apache-2.0 */
/* apps - apps and their environments. For apply_catalog.c. */
#include "auth/secret.h"
#include "change/internal.h"
#include "model/limits.h"
#include "model/title.h"
#include "json/write.h"

/* ---- apps ------------------------------------------------------------------------------------ */

static struct str caller_user_id(const struct catalog *catalog, const struct caller *caller)
{
    const struct catalog_credential *credential =
        catalog_find_credential(catalog, caller->credential_id);
    return credential == NULL ? (struct str){0} : credential->user_id;
}

/* except: the app that may have it already, or NULL. */
static struct fault check_app_name(const struct catalog *catalog, struct str name,
                                   const struct catalog_app *except)
{
    if (!app_name_is_valid(name))
        return fault_make(FAULT_INVALID, STR("name"), STR("must be a text of 1 to 96 characters"));
    const struct catalog_app *same = catalog_find_app_by_name(catalog, name);
    if (same != NULL && same != except)
        return fault_make(FAULT_CONFLICT, STR("name"), STR("App name already exists"));
    return fault_none();
}

static struct fault create_environments(struct store *store, struct change *change)
{
    static const struct str names[] = {STR("development"), STR("staging"), STR("production")};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct environment_row row = {
            .id = id_make(change->arena, STR("env")),
            .app_id = change->created_id,
            .name = names[i],
            .created_ms = change->at_ms,
            .hides_flags_by_default = change->hides_flags_by_default,
        };
        uint64_t number = 0;
        struct fault fault = store_insert_environment(store, &row, &number);
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

struct fault create_app(struct store *store, const struct catalog *catalog, struct change *change)
{
    struct str user_id = caller_user_id(catalog, change->caller);
    if (catalog->app_count >= APPS_MAX)
        return fault_make(FAULT_LIMIT, STR("name"), STR("there are 500 apps already"));
    struct fault fault = check_app_name(catalog, change->name, NULL);
    if (failed(fault))
        return fault;
    change->created_id = id_make(change->arena, STR("app"));
    const struct app_row row = {
        .id = change->created_id,
        .name = change->name,
        .owner_user_id = user_id,
        .hides_flags_by_default = change->hides_flags_by_default,
        .created_ms = change->at_ms,
    };
    fault = store_insert_app(store, &row);
    if (!failed(fault))
        fault = create_environments(store, change);
    if (failed(fault))
        return fault;
    return append_audit(store, change, row.id, row.id, STR("{}"));
}

/* {"hidesFlagsByDefault":true,"name":"Shop"}: what was asked for. */
static struct fault append_app_audit(struct store *store, const struct change *change,
                                     struct str app_id)
{
    struct buf detail;
    struct json_writer writer;
    buf_open(&detail, SIZE_MAX);
    json_writer_open(&writer, &detail);
    json_object_begin(&writer);
    if (change->sets_hides_flags)
        json_member_boolean(&writer, STR("hidesFlagsByDefault"), change->hides_flags_by_default);
    if (!str_is_absent(change->name))
        json_member_string(&writer, STR("name"), change->name);
    json_object_end(&writer);
    struct fault fault = append_audit(store, change, app_id, app_id, buf_str(&detail));
    buf_close(&detail);
    return fault;
}

struct fault edit_app(struct store *store, const struct catalog *catalog, struct change *change)
{
    const struct catalog_app *app = catalog_find_app(catalog, change->app_id);
    if (app == NULL)
        return fault_make(FAULT_MISSING, STR("app"), STR("there is no such app"));
    struct fault fault =
        str_is_absent(change->name) ? fault_none() : check_app_name(catalog, change->name, app);
    if (failed(fault))
        return fault;
    bool hides =
        change->sets_hides_flags ? change->hides_flags_by_default : app->hides_flags_by_default;
    fault = store_update_app(store, app->id, change->name, hides);
    return failed(fault) ? fault : append_app_audit(store, change, app->id);
}

/* ---- environments ---------------------------------------------------------------------------- */

static struct fault check_environment_name(const struct catalog *catalog,
                                           const struct catalog_app *app, struct str name)
{
    if (app->environment_count >= ENVIRONMENTS_PER_APP_MAX)
        return fault_make(FAULT_LIMIT, STR("name"), STR("the app has 50 environments already"));
    if (!environment_name_is_valid(name))
        return fault_make(FAULT_INVALID, STR("name"),
                          STR("must be 1 to 64 letters, digits, '.', '_' and '-', beginning with a "
                              "letter or digit, and not with env_"));
    if (catalog_find_environment_of(catalog, app, name) != NULL)
        return fault_make(FAULT_CONFLICT, STR("name"),
                          STR("the app has an environment with this name"));
    return fault_none();
}

struct fault create_environment(struct store *store, const struct catalog *catalog,
                                struct change *change)
{
    const struct catalog_app *app = catalog_find_app(catalog, change->app_id);
    if (app == NULL)
        return fault_make(FAULT_MISSING, STR("app"), STR("there is no such app"));
    struct fault fault = check_environment_name(catalog, app, change->name);
    if (failed(fault))
        return fault;
    const struct environment_row row = {
        .id = id_make(change->arena, STR("env")),
        .app_id = app->id,
        .name = change->name,
        .created_ms = change->at_ms,
        .hides_flags_by_default = app->hides_flags_by_default,
    };
    fault = store_insert_environment(store, &row, &change->created_number);
    if (failed(fault))
        return fault;
    change->created_id = row.id;
    change->environment = change->created_number;
    return append_audit(store, change, app->id, row.id, STR("{}"));
}

struct fault set_quota(struct store *store, const struct catalog *catalog, struct change *change)
{
    const struct catalog_environment *environment = NULL;
    struct fault fault = find_environment(catalog, change->environment, &environment);
    if (!failed(fault))
        fault = store_set_monthly_quota(store, environment->number, change->quota);
    if (failed(fault))
        return fault;
    struct str detail =
        arena_format(change->arena, "{\"monthlyQuota\":%llu}", (unsigned long long)change->quota);
    return append_audit(store, change, environment->app_id, environment->id, detail);
}
