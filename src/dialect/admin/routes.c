/* SPDX-License-Identifier: Apache-2.0 */
/* routes - the admin API at a glance. */
#include "dialect/admin/routes.h"

#include "dialect/admin/answer.h"
#include "dialect/admin/idempotency.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/openapi.h"
#include "dialect/admin/operations.h"
#include "dialect/admin/problems.h"
#include "dialect/admin/visit.h"
#include "model/limits.h"

enum {
    NO_BODY = 0,
    BODY = 64 * 1024,
    DEFINITION = BODY_BYTES_MANAGEMENT_MAX,
    WHOLE = BODY_BYTES_IMPORT_MAX,
    UPLOAD = COHORT_BODY_BYTES_MAX
};

#define ENVIRONMENT "/admin/v1/environments/{environment}"

static const struct route routes[] = {
    /* ---- about this API ---- */
    {HTTP_GET, STR("/openapi.json"), SCOPE_ANYONE, LANE_FAST, NO_BODY, admin_get_description, NULL,
     &operation_get_description},
    {HTTP_GET, STR("/openapi.yaml"), SCOPE_ANYONE, LANE_FAST, NO_BODY,
     admin_get_description_as_yaml, NULL, &operation_get_description_as_yaml},
    {HTTP_GET, STR("/problems/{code}"), SCOPE_ANYONE, LANE_FAST, NO_BODY, admin_describe_problem,
     NULL, &operation_get_problem},

    /* ---- catalog ---- */
    {HTTP_GET, STR("/admin/v1/apps"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_list_apps, NULL, &operation_list_apps},
    {HTTP_POST, STR("/admin/v1/apps"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_create_app, NULL, &operation_create_app},
    {HTTP_GET, STR("/admin/v1/apps/{app}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_get_app, NULL, &operation_get_app},
    {HTTP_PATCH, STR("/admin/v1/apps/{app}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_edit_app, NULL, &operation_edit_app},
    {HTTP_POST, STR("/admin/v1/apps/{app}/environments"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE,
     BODY, admin_create_environment, NULL, &operation_create_environment},
    {HTTP_GET, STR("/admin/v1/environments"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_list_environments, NULL, &operation_list_environments},
    {HTTP_GET, STR(ENVIRONMENT), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_get_environment, NULL, &operation_get_environment},
    {HTTP_PATCH, STR(ENVIRONMENT), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_edit_environment, NULL, &operation_edit_environment},
    {HTTP_POST, STR(ENVIRONMENT "/project-keys"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_create_project_keys, NULL, &operation_create_project_keys},
    {HTTP_GET, STR(ENVIRONMENT "/deployments"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_list_deployments, NULL, &operation_list_deployments},
    {HTTP_POST, STR(ENVIRONMENT "/deployments"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_create_deployment, NULL, &operation_create_deployment},
    {HTTP_GET, STR(ENVIRONMENT "/deployments/{deployment}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST,
     NO_BODY, admin_get_deployment, NULL, &operation_get_deployment},
    {HTTP_PATCH, STR(ENVIRONMENT "/deployments/{deployment}"), SCOPE_MANAGE_ENVIRONMENTS,
     LANE_STORE, BODY, admin_edit_deployment, NULL, &operation_edit_deployment},
    {HTTP_DELETE, STR(ENVIRONMENT "/deployments/{deployment}"), SCOPE_MANAGE_ENVIRONMENTS,
     LANE_STORE, NO_BODY, admin_archive_deployment, NULL, &operation_archive_deployment},
    {HTTP_GET, STR(ENVIRONMENT "/keys"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_list_keys, NULL, &operation_list_keys},
    {HTTP_POST, STR(ENVIRONMENT "/keys"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_create_key, NULL, &operation_create_key},
    {HTTP_GET, STR(ENVIRONMENT "/keys/{key}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_get_key, NULL, &operation_get_key},
    {HTTP_DELETE, STR(ENVIRONMENT "/keys/{key}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, NO_BODY,
     admin_revoke_key, NULL, &operation_revoke_key},
    {HTTP_GET, STR("/admin/v1/tokens"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_list_tokens, NULL, &operation_list_tokens},
    {HTTP_POST, STR("/admin/v1/tokens"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_create_token, NULL, &operation_create_token},
    {HTTP_GET, STR("/admin/v1/tokens/{token}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_get_token, NULL, &operation_get_token},
    {HTTP_DELETE, STR("/admin/v1/tokens/{token}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, NO_BODY,
     admin_revoke_token, NULL, &operation_revoke_token},
    {HTTP_GET, STR("/admin/v1/users"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_list_users, NULL, &operation_list_users},
    {HTTP_POST, STR("/admin/v1/users"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_create_user, NULL, &operation_create_user},
    {HTTP_GET, STR("/admin/v1/users/{user}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_get_user, NULL, &operation_get_user},
    {HTTP_PATCH, STR("/admin/v1/users/{user}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_edit_user, NULL, &operation_edit_user},
    {HTTP_DELETE, STR("/admin/v1/users/{user}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, NO_BODY,
     admin_delete_user, NULL, &operation_delete_user},
    {HTTP_GET, STR("/admin/v1/me"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY, admin_get_me,
     NULL, &operation_get_me},
    {HTTP_GET, STR("/admin/v1/audit"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, NO_BODY,
     admin_list_audit, NULL, &operation_list_audit},
    {HTTP_GET, STR("/admin/v1/audit/verify"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, NO_BODY,
     admin_verify_audit, NULL, &operation_verify_audit},

    {HTTP_GET, STR(ENVIRONMENT "/flags/{key}/reach"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_explain_reach},

    {HTTP_GET, STR(ENVIRONMENT "/cohorts"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_list_cohorts},
    {HTTP_GET, STR(ENVIRONMENT "/cohorts/{cohort}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_get_cohort},
    {HTTP_PUT, STR(ENVIRONMENT "/cohorts/{cohort}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, UPLOAD,
     admin_put_cohort, idempotency_open_upload},
    {HTTP_DELETE, STR(ENVIRONMENT "/cohorts/{cohort}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE,
     NO_BODY, admin_delete_cohort},

    /* ---- environments as a whole ---- */
    {HTTP_GET, STR(ENVIRONMENT "/versions"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, NO_BODY,
     admin_list_versions, NULL, &operation_list_versions},
    {HTTP_GET, STR(ENVIRONMENT "/versions/{version}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE,
     NO_BODY, admin_get_version, NULL, &operation_get_version},
    {HTTP_POST, STR(ENVIRONMENT "/restore"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_restore_environment, NULL, &operation_restore_environment},
    {HTTP_GET, STR("/admin/v1/compare"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, NO_BODY,
     admin_compare, NULL, &operation_compare},
    {HTTP_POST, STR(ENVIRONMENT "/promote"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY,
     admin_promote, NULL, &operation_promote},
    {HTTP_GET, STR(ENVIRONMENT "/export"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, NO_BODY,
     admin_export_environment, NULL, &operation_export_environment},
    {HTTP_POST, STR(ENVIRONMENT "/import"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, WHOLE,
     admin_import_environment, NULL, &operation_import_environment},
    {HTTP_GET, STR(ENVIRONMENT "/stream"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, NO_BODY,
     admin_follow_environment, NULL, &operation_follow_environment},
};

static const struct str prefixes[] = {STR("/admin/v1"), STR("/openapi.json"), STR("/openapi.yaml"),
                                      STR("/problems")};

static const struct operation_schemas *const schemas[] = {&schemas_common, &schemas_catalog,
                                                        &schemas_environment};

const struct dialect admin_dialect = {
    .name = "admin",
    .prefixes = prefixes,
    .prefix_count = COUNT_OF(prefixes),
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .refuse = admin_refuse,
    .preflight = admin_preflight,
    .admit = admin_admit,
    .conclude = admin_conclude,
    .schemas = schemas,
    .schemas_count = COUNT_OF(schemas),
};
