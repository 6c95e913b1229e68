/* SPDX-License-Identifier: Apache-2.0 */
/* routes - the admin API at a glance. */
#include "dialect/admin/routes.h"

#include "dialect/admin/answer.h"
#include "dialect/admin/manage.h"
#include "model/limits.h"

enum { BODY = 64 * 1024, NO_BODY = 0, UPLOAD = COHORT_BODY_BYTES_MAX };

#define ENVIRONMENT "/admin/v1/environments/{number}"

static const struct route routes[] = {
    {HTTP_GET, STR("/admin/v1/environments"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_list_environments},
    {HTTP_POST, STR(ENVIRONMENT "/project-keys"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_create_project_keys},
    {HTTP_GET, STR(ENVIRONMENT "/flags/{key}/reach"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_explain_reach},

    {HTTP_GET, STR("/admin/v1/tokens"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_list_tokens},
    {HTTP_POST, STR("/admin/v1/tokens"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_create_token},
    {HTTP_DELETE, STR("/admin/v1/tokens/{id}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, NO_BODY,
     admin_revoke_token},

    {HTTP_GET, STR(ENVIRONMENT "/cohorts"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_list_cohorts},
    {HTTP_GET, STR(ENVIRONMENT "/cohorts/{cohort}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_get_cohort},
    {HTTP_PUT, STR(ENVIRONMENT "/cohorts/{cohort}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, UPLOAD,
     admin_put_cohort, admin_open_upload},
    {HTTP_DELETE, STR(ENVIRONMENT "/cohorts/{cohort}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE,
     NO_BODY, admin_delete_cohort},
};

static const struct str prefixes[] = {STR("/admin/v1")};

const struct dialect admin_dialect = {
    .name = "admin",
    .prefixes = prefixes,
    .prefix_count = COUNT_OF(prefixes),
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .refuse = admin_refuse,
    .preflight = admin_preflight,
};
