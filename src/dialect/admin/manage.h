/* SPDX-License-Identifier: Apache-2.0 */
/* manage - the admin API's handlers, one per route: see routes.c. */
#ifndef ADMIN_MANAGE_H
#define ADMIN_MANAGE_H

#include "dialect/exchange.h"

void admin_list_environments(struct exchange *x);
void admin_create_project_keys(struct exchange *x);
void admin_explain_reach(struct exchange *x);

void admin_list_tokens(struct exchange *x);
void admin_create_token(struct exchange *x);
void admin_revoke_token(struct exchange *x);

void admin_list_cohorts(struct exchange *x);
void admin_get_cohort(struct exchange *x);
void admin_put_cohort(struct exchange *x);
void admin_delete_cohort(struct exchange *x);
/* Takes the upload piece by piece: cohort_upload.c. */
struct fault admin_open_upload(struct exchange *x, struct http_body_sink **sink);

#endif
