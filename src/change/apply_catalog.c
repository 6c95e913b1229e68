/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply_catalog - one change to apps, people, credentials, deployments or quotas, inside the
 * group's transaction: checked against the catalog, then rows and audit row.
 */
#include "change/internal.h"

static catalog_applier *find_applier(enum change_kind kind)
{
    switch (kind) {
    case CHANGE_CREATE_APP:
        return create_app;
    case CHANGE_EDIT_APP:
        return edit_app;
    case CHANGE_CREATE_ENVIRONMENT:
        return create_environment;
    case CHANGE_CREATE_KEY:
        return create_key;
    case CHANGE_REVOKE_CREDENTIAL:
        return revoke_credential;
    case CHANGE_SET_QUOTA:
        return set_quota;
    case CHANGE_CREATE_DEPLOYMENT:
        return create_deployment;
    case CHANGE_EDIT_DEPLOYMENT:
        return edit_deployment;
    case CHANGE_CREATE_TOKEN:
        return create_token;
    case CHANGE_CREATE_PROJECT_KEYS:
        return create_project_keys;
    case CHANGE_CREATE_USER:
        return create_user;
    case CHANGE_EDIT_USER:
        return edit_user;
    case CHANGE_DELETE_USER:
        return delete_user;
    case CHANGE_SET_PASSWORD:
        return set_password;
    case CHANGE_ENVIRONMENT:
        break;
    }
    return NULL;
}

struct fault apply_catalog_change(struct store *store, const struct catalog *catalog,
                                  struct change *change)
{
    catalog_applier *apply = find_applier(change->kind);
    if (apply == NULL)
        return fault_make(FAULT_INVALID, STR("change"), STR("not a change of the catalog"));
    struct fault fault = apply(store, catalog, change);
    return failed(fault) ? keep_fault(change, fault) : fault; /* it may name a row of the catalog */
}
