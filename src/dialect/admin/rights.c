/* SPDX-License-Identifier: Apache-2.0 */
/* rights - who may do what with apps, people and credentials: see rights.h. */
#include "dialect/admin/rights.h"

/* ---- who it is ----------------------------------------------------------------------------- */

struct caller rights_now(const struct catalog *catalog, const struct caller *caller)
{
    struct caller now = *caller;
    if (caller->kind != CREDENTIAL_PERSONAL)
        return now;
    const struct catalog_user *user = catalog_find_user(catalog, caller->user_id);
    now.role = user == NULL ? ROLE_NONE : user->role;
    return now;
}

/* ---- apps ---------------------------------------------------------------------------------- */

bool rights_oversee(const struct caller *caller)
{
    return caller->kind == CREDENTIAL_PERSONAL && caller->role >= ROLE_ADMIN;
}

bool rights_administer(const struct caller *caller)
{
    return rights_oversee(caller) && !caller->is_read_only;
}

bool rights_take_all(const struct caller *caller)
{
    return caller->kind == CREDENTIAL_PERSONAL && caller->role == ROLE_OWNER;
}

bool rights_administer_app(const struct caller *caller, struct str app_id)
{
    if (caller->kind == CREDENTIAL_APP)
        return !caller->is_read_only && str_equal(caller->app_id, app_id);
    return rights_administer(caller);
}

struct fault rights_demand_app(const struct catalog *catalog, const struct caller *caller,
                               void *app_id)
{
    (void)catalog;
    const struct str *id = app_id;
    if (rights_administer_app(caller, *id))
        return fault_none();
    return fault_make(FAULT_DENIED, STR(""),
                      STR("only administrators and the app's own token may do this"));
}

struct fault rights_demand_environment(const struct catalog *catalog, const struct caller *caller,
                                       void *number)
{
    const uint64_t *of = number;
    const struct catalog_environment *environment = catalog_find_environment(catalog, *of);
    if (environment == NULL)
        return fault_make(FAULT_MISSING, STR(""), STR("there is no such environment"));
    struct str app_id = environment->app_id;
    return rights_demand_app(catalog, caller, &app_id);
}

bool rights_create_apps(const struct caller *caller)
{
    return caller->kind == CREDENTIAL_PERSONAL && caller_may_write(caller);
}

/* ---- people -------------------------------------------------------------------------------- */

bool rights_see_user(const struct caller *caller, const struct catalog_user *user)
{
    return rights_oversee(caller) || str_equal(caller->user_id, user->id);
}

bool rights_manage_role(const struct caller *caller, enum role role)
{
    return rights_administer(caller) && (role != ROLE_OWNER || caller->role == ROLE_OWNER);
}

/* ---- tokens -------------------------------------------------------------------------------- */

bool rights_is_token(const struct catalog_credential *credential)
{
    return credential->kind == CREDENTIAL_PERSONAL || credential->kind == CREDENTIAL_APP ||
           credential->kind == CREDENTIAL_ENVIRONMENT;
}

/* Of environments of that app, and of no other. */
static bool is_of_app(const struct catalog *catalog, const struct catalog_credential *token,
                      struct str app_id)
{
    if (token->kind != CREDENTIAL_ENVIRONMENT)
        return false;
    for (size_t i = 0; i < token->environment_count; i++) {
        const struct catalog_environment *environment =
            catalog_find_environment(catalog, token->environments[i]);
        if (environment == NULL || !str_equal(environment->app_id, app_id))
            return false;
    }
    return true;
}

static bool is_own(const struct caller *caller, const struct catalog_credential *token)
{
    return caller->kind == CREDENTIAL_PERSONAL && token->kind == CREDENTIAL_PERSONAL &&
           str_equal(token->user_id, caller->user_id);
}

bool rights_see_token(const struct catalog *catalog, const struct caller *caller,
                      const struct catalog_credential *token)
{
    if (rights_oversee(caller) || str_equal(token->id, caller->credential_id))
        return true;
    if (caller->kind == CREDENTIAL_APP)
        return is_of_app(catalog, token, caller->app_id);
    return is_own(caller, token);
}

bool rights_revoke_token(const struct catalog *catalog, const struct caller *caller,
                         const struct catalog_credential *token)
{
    if (str_equal(token->id, caller->credential_id))
        return true;
    if (caller->is_read_only)
        return false;
    const struct catalog_user *user = catalog_find_user(catalog, token->user_id);
    bool is_an_owners =
        token->kind == CREDENTIAL_PERSONAL && user != NULL && user->role == ROLE_OWNER;
    if (is_an_owners && caller->role != ROLE_OWNER)
        return false;
    return rights_see_token(catalog, caller, token);
}
