/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rights - who may do what with apps, people and credentials.
 *
 * Administrators (personal tokens of admins and owners) do all of it, but owners are made, changed
 * and signed for by owners alone. An app's token administers its app. A token that is read-only
 * changes nothing, whoever it belongs to. Asked twice of a change: before it waits, and again with
 * the newest catalog when its turn comes (rights_now), because roles change.
 */
#ifndef ADMIN_RIGHTS_H
#define ADMIN_RIGHTS_H

#include "snapshot/snapshot.h"

/* The caller as the catalog knows it now: a user's role may be another one. */
struct caller rights_now(const struct catalog *catalog, const struct caller *caller);

/* Sees all that administrators see, read-only or not; may change it. */
bool rights_oversee(const struct caller *caller);
bool rights_administer(const struct caller *caller);
/* The keys, deployments, tokens and environments of one app. */
bool rights_administer_app(const struct caller *caller, struct str app_id);
/* The same as a change's guard asks (resource.h): input points to the app's id (struct str), or to
 * the number of one of its environments (uint64_t). */
struct fault rights_demand_app(const struct catalog *catalog, const struct caller *caller,
                               void *app_id) MUST_CHECK;
struct fault rights_demand_environment(const struct catalog *catalog, const struct caller *caller,
                                       void *number) MUST_CHECK;
/* Apps are made by people who may write, as in the dialects that know no roles. */
bool rights_create_apps(const struct caller *caller);

/* The store as a whole: personal tokens of owners. */
bool rights_take_all(const struct caller *caller);

bool rights_see_user(const struct caller *caller, const struct catalog_user *user);
/* Whether somebody with this role is theirs to make, to change and to delete. */
bool rights_manage_role(const struct caller *caller, enum role role);

bool rights_is_token(const struct catalog_credential *credential);
bool rights_see_token(const struct catalog *catalog, const struct caller *caller,
                      const struct catalog_credential *token);
/* Of one that is seen. Every token may give itself up. */
bool rights_revoke_token(const struct catalog *catalog, const struct caller *caller,
                         const struct catalog_credential *token);

#endif
