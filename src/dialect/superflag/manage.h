/* SPDX-License-Identifier: Apache-2.0 */
/* manage - handlers of the management API: superflag-api.md 4. One paragraph each: decode, ask the
 * domain, answer. Listed in routes.c. */
#ifndef SUPERFLAG_MANAGE_H
#define SUPERFLAG_MANAGE_H

#include "dialect/exchange.h"

/* manage_apps.c */
void superflag_list_apps(struct exchange *x);
void superflag_create_app(struct exchange *x);
void superflag_list_environments(struct exchange *x);
void superflag_patch_environment(struct exchange *x);
void superflag_get_me(struct exchange *x);
void superflag_get_usage(struct exchange *x);
void superflag_revoke_own_token(struct exchange *x);

/* manage_flags.c */
void superflag_list_flags(struct exchange *x);
void superflag_create_flag(struct exchange *x);
void superflag_patch_flag(struct exchange *x);
void superflag_delete_flag(struct exchange *x);
void superflag_bulk_flags(struct exchange *x);

/* manage_keys.c */
void superflag_list_keys(struct exchange *x);
void superflag_create_key(struct exchange *x);
void superflag_delete_key(struct exchange *x);
void superflag_patch_key(struct exchange *x);

/* manage_document.c */
void superflag_get_document(struct exchange *x);
void superflag_put_document(struct exchange *x);

/* events.c */
void superflag_post_events(struct exchange *x);

#endif
