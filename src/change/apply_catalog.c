/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply_catalog - one change to apps, credentials, deployments or quotas, inside the group's
 * transaction: checked against the catalog, then rows and audit row. Credentials: credentials.c.
 */
#include "auth/secret.h"
#include "change/internal.h"
#include "model/limits.h"

/* ---- catalog --------------------------------------------------------------------------- */

static struct str caller_user_id(const struct catalog *catalog, const struct caller *caller)
{
    const struct catalog_credential *credential =
        catalog_find_credential(catalog, caller->credential_id);
    return credential == NULL ? (struct str){0} : credential->user_id;
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
        };
        uint64_t number = 0;
        struct fault fault = store_insert_environment(store, &row, &number);
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

static struct fault create_app(struct store *store, const struct catalog *catalog,
                               struct change *change)
{
    struct str user_id = caller_user_id(catalog, change->caller);
    if (catalog->app_count >= APPS_MAX)
        return fault_make(FAULT_LIMIT, STR("name"), STR("there are 500 apps already"));
    const struct catalog_app *same = catalog_find_app_by_name(catalog, change->name);
    if (same != NULL)
        return fault_make(FAULT_CONFLICT, STR("name"), STR("App name already exists"));
    change->created_id = id_make(change->arena, STR("app"));
    const struct app_row row = {
        .id = change->created_id,
        .name = change->name,
        .owner_user_id = user_id,
        .created_ms = change->at_ms,
    };
    struct fault fault = store_insert_app(store, &row);
    if (!failed(fault))
        fault = create_environments(store, change);
    if (failed(fault))
        return fault;
    return append_audit(store, change, row.id, row.id, STR("{}"));
}

static struct fault set_quota(struct store *store, const struct catalog *catalog,
                              struct change *change)
{
    const struct catalog_environment *environment =
        catalog_find_environment(catalog, change->environment);
    if (environment == NULL)
        return fault_make(FAULT_MISSING, STR("environment"), STR("there is no such environment"));
    struct fault fault = store_set_monthly_quota(store, environment->number, change->quota);
    if (failed(fault))
        return fault;
    struct str detail =
        arena_format(change->arena, "{\"monthlyQuota\":%llu}", (unsigned long long)change->quota);
    return append_audit(store, change, environment->app_id, environment->id, detail);
}

static struct fault change_catalog(struct store *store, const struct catalog *catalog,
                                   struct change *change)
{
    switch (change->kind) {
    case CHANGE_CREATE_APP:
        return create_app(store, catalog, change);
    case CHANGE_CREATE_KEY:
        return create_key(store, catalog, change);
    case CHANGE_REVOKE_CREDENTIAL:
        return revoke_credential(store, catalog, change);
    case CHANGE_SET_QUOTA:
        return set_quota(store, catalog, change);
    case CHANGE_CREATE_DEPLOYMENT:
        return create_deployment(store, catalog, change);
    case CHANGE_EDIT_DEPLOYMENT:
        return edit_deployment(store, catalog, change);
    case CHANGE_CREATE_TOKEN:
        return create_token(store, catalog, change);
    case CHANGE_CREATE_PROJECT_KEYS:
        return create_project_keys(store, catalog, change);
    case CHANGE_ENVIRONMENT:
        break;
    }
    return fault_make(FAULT_INVALID, STR("change"), STR("not a change of the catalog"));
}

struct fault apply_catalog_change(struct store *store, const struct catalog *catalog,
                                  struct change *change)
{
    struct fault fault = change_catalog(store, catalog, change);
    return failed(fault) ? keep_fault(change, fault) : fault; /* it may name a row of the catalog */
}
