/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operations - what the admin API's routes say of themselves, and the schemas they name.
 *
 * By topic: operations_<topic>.c and schemas_<topic>.c. See dialect/operation.h and routes.c.
 */
#ifndef ADMIN_OPERATIONS_H
#define ADMIN_OPERATIONS_H

#include "dialect/operation.h"

/* ---- about this API: operations_common.c ---- */
extern const struct operation operation_get_description, operation_get_description_as_yaml,
    operation_get_problem;
extern const struct operation_schemas schemas_common;

/* ---- catalog ---- */
extern const struct operation operation_list_apps, operation_create_app, operation_get_app,
    operation_edit_app, operation_create_environment, operation_list_environments,
    operation_get_environment, operation_edit_environment, operation_create_project_keys,
    operation_list_deployments, operation_create_deployment, operation_get_deployment,
    operation_edit_deployment, operation_archive_deployment, operation_list_keys,
    operation_create_key, operation_get_key, operation_revoke_key, operation_list_tokens,
    operation_create_token, operation_get_token, operation_revoke_token, operation_list_users,
    operation_create_user, operation_get_user, operation_edit_user, operation_delete_user,
    operation_set_password, operation_get_me, operation_list_audit, operation_verify_audit,
    operation_download_backup;
extern const struct operation_schemas schemas_catalog;

/* ---- definitions ---- */
extern const struct operation operation_list_flags, operation_create_flag, operation_get_flag,
    operation_put_flag, operation_patch_flag, operation_delete_flag, operation_explain_reach,
    operation_list_flag_history, operation_restore_flag, operation_list_segments,
    operation_create_segment, operation_get_segment, operation_put_segment, operation_patch_segment,
    operation_delete_segment, operation_list_segment_history, operation_restore_segment,
    operation_list_groups, operation_create_group, operation_get_group, operation_delete_group,
    operation_put_group_member, operation_delete_group_member, operation_list_cohorts,
    operation_get_cohort, operation_put_cohort, operation_delete_cohort;
extern const struct operation_schemas schemas_definitions;
extern const struct operation_schemas schemas_rules; /* the parts of a flag's document */

/* ---- environments as a whole ---- */
extern const struct operation operation_list_versions, operation_get_version,
    operation_restore_environment, operation_roll_back_environment, operation_compare,
    operation_promote, operation_export_environment, operation_import_environment,
    operation_follow_environment;
extern const struct operation_schemas schemas_environment;

/* ---- evaluation and streams ---- */
extern const struct operation operation_evaluate, operation_explain;
extern const struct operation_schemas schemas_evaluate;

#endif
