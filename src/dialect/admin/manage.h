/* SPDX-License-Identifier: Apache-2.0 */
/* manage - the admin API's handlers, one per route: see routes.c. */
#ifndef ADMIN_MANAGE_H
#define ADMIN_MANAGE_H

#include "dialect/exchange.h"

/* The catalog: apps.c, environments.c, deployments.c, keys.c, tokens.c, tokens_create.c, users.c,
 * me.c */
void admin_list_apps(struct exchange *x);
void admin_create_app(struct exchange *x);
void admin_get_app(struct exchange *x);
void admin_edit_app(struct exchange *x);
void admin_create_environment(struct exchange *x);
void admin_list_environments(struct exchange *x);
void admin_get_environment(struct exchange *x);
void admin_edit_environment(struct exchange *x);
void admin_create_project_keys(struct exchange *x);
void admin_list_deployments(struct exchange *x);
void admin_create_deployment(struct exchange *x);
void admin_get_deployment(struct exchange *x);
void admin_edit_deployment(struct exchange *x);
void admin_archive_deployment(struct exchange *x);
void admin_list_keys(struct exchange *x);
void admin_create_key(struct exchange *x);
void admin_get_key(struct exchange *x);
void admin_revoke_key(struct exchange *x);
void admin_list_tokens(struct exchange *x);
void admin_create_token(struct exchange *x);
void admin_get_token(struct exchange *x);
void admin_revoke_token(struct exchange *x);
void admin_list_users(struct exchange *x);
void admin_create_user(struct exchange *x);
void admin_get_user(struct exchange *x);
void admin_edit_user(struct exchange *x);
void admin_delete_user(struct exchange *x);
void admin_set_password(struct exchange *x); /* users_password.c */
void admin_get_me(struct exchange *x);

/* The trail of all changes: audit.c */
void admin_list_audit(struct exchange *x);
void admin_verify_audit(struct exchange *x);

/* Flags: flags.c, flag_write.c, flag_history.c */
void admin_list_flags(struct exchange *x);
void admin_create_flag(struct exchange *x);
void admin_get_flag(struct exchange *x);
void admin_put_flag(struct exchange *x);
void admin_patch_flag(struct exchange *x);
void admin_delete_flag(struct exchange *x);
void admin_list_flag_history(struct exchange *x);
void admin_restore_flag(struct exchange *x);
void admin_explain_reach(struct exchange *x);

/* The whole store: backup.c. */
void admin_download_backup(struct exchange *x);

/* Segments: segments.c, segment_write.c */
void admin_list_segments(struct exchange *x);
void admin_create_segment(struct exchange *x);
void admin_get_segment(struct exchange *x);
void admin_put_segment(struct exchange *x);
void admin_patch_segment(struct exchange *x);
void admin_delete_segment(struct exchange *x);
void admin_list_segment_history(struct exchange *x);
void admin_restore_segment(struct exchange *x);

/* Mutual exclusion and holdouts: groups.c, group_members.c */
void admin_list_groups(struct exchange *x);
void admin_create_group(struct exchange *x);
void admin_get_group(struct exchange *x);
void admin_delete_group(struct exchange *x);
void admin_put_group_member(struct exchange *x);
void admin_delete_group_member(struct exchange *x);

void admin_list_cohorts(struct exchange *x);
void admin_get_cohort(struct exchange *x);
void admin_put_cohort(struct exchange *x);
void admin_delete_cohort(struct exchange *x);
/* Takes the upload piece by piece: cohort_upload.c. */
struct fault admin_open_upload(struct exchange *x, struct http_body_sink **sink);

/* An environment's history, and it as a whole: versions.c, compare.c, promote.c, transfer.c. */
void admin_list_versions(struct exchange *x);
void admin_get_version(struct exchange *x);
void admin_restore_environment(struct exchange *x);
void admin_roll_back_environment(struct exchange *x);
void admin_compare(struct exchange *x);
void admin_promote(struct exchange *x);
void admin_export_environment(struct exchange *x);
void admin_import_environment(struct exchange *x);
void admin_follow_environment(struct exchange *x); /* stream.c */

/* Decisions, and why they are what they are: evaluate.c. */
void admin_evaluate(struct exchange *x);
void admin_explain(struct exchange *x);

#endif
