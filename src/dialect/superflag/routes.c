/* SPDX-License-Identifier: Apache-2.0 */
/* routes - the dialect at a glance. superflag-api.md 1; what is ours is marked. */
#include "dialect/superflag/routes.h"

#include "dialect/superflag/answer.h"
#include "dialect/superflag/manage.h"
#include "dialect/superflag/reach.h"
#include "dialect/superflag/read_config.h"
#include "model/limits.h"

enum { BODY = BODY_BYTES_MANAGEMENT_MAX, NO_BODY = 0 };

static const struct route routes[] = {
    /* config and telemetry: what SDKs call */
    {HTTP_GET, STR("/api/v1/public-config"), SCOPE_READ_BROWSER, LANE_FAST, NO_BODY,
     superflag_get_public_config},
    {HTTP_GET, STR("/api/v1/config"), SCOPE_READ_SERVER, LANE_FAST, NO_BODY, superflag_get_config},
    {HTTP_POST, STR("/api/v1/events/batch"), SCOPE_REPORT, LANE_STORE, BODY_BYTES_EVENTS_MAX,
     superflag_post_events},

    /* management */
    {HTTP_GET, STR("/api/v1/apps"), SCOPE_MANAGE, LANE_FAST, NO_BODY, superflag_list_apps},
    {HTTP_POST, STR("/api/v1/apps"), SCOPE_MANAGE, LANE_STORE, BODY, superflag_create_app},
    {HTTP_GET, STR("/api/v1/envs"), SCOPE_MANAGE, LANE_FAST, NO_BODY, superflag_list_environments},
    {HTTP_GET, STR("/api/v1/flags"), SCOPE_MANAGE, LANE_STORE, NO_BODY, superflag_list_flags},
    {HTTP_POST, STR("/api/v1/flags"), SCOPE_MANAGE, LANE_STORE, BODY, superflag_create_flag},
    {HTTP_PATCH, STR("/api/v1/flags"), SCOPE_MANAGE, LANE_STORE, BODY, superflag_patch_flag},
    {HTTP_DELETE, STR("/api/v1/flags"), SCOPE_MANAGE, LANE_STORE, BODY, superflag_delete_flag},
    {HTTP_POST, STR("/api/v1/flags/bulk"), SCOPE_MANAGE, LANE_STORE, BODY, superflag_bulk_flags},
    {HTTP_GET, STR("/api/v1/keys"), SCOPE_MANAGE, LANE_FAST, NO_BODY, superflag_list_keys},
    {HTTP_POST, STR("/api/v1/keys"), SCOPE_MANAGE, LANE_STORE, BODY, superflag_create_key},
    {HTTP_DELETE, STR("/api/v1/keys"), SCOPE_MANAGE, LANE_STORE, BODY, superflag_delete_key},
    {HTTP_PATCH, STR("/api/v1/keys"), SCOPE_MANAGE, LANE_STORE, BODY, superflag_patch_key},

    /* extensions of ours: README.md */
    {HTTP_PATCH, STR("/api/v1/envs"), SCOPE_MANAGE, LANE_STORE, BODY, superflag_patch_environment},
    {HTTP_GET, STR("/api/v1/config-document"), SCOPE_MANAGE, LANE_STORE, NO_BODY,
     superflag_get_document},
    {HTTP_PUT, STR("/api/v1/config-document"), SCOPE_MANAGE, LANE_STORE, BODY_BYTES_IMPORT_MAX,
     superflag_put_document},
    {HTTP_GET, STR("/api/v1/me"), SCOPE_MANAGE, LANE_FAST, NO_BODY, superflag_get_me},
    {HTTP_GET, STR("/api/v1/usage"), SCOPE_MANAGE, LANE_FAST, NO_BODY, superflag_get_usage},
    {HTTP_DELETE, STR("/api/v1/tokens/current"), SCOPE_MANAGE, LANE_STORE, BODY,
     superflag_revoke_own_token},
};

static const struct str prefixes[] = {STR("/api/v1")};

const struct dialect superflag_dialect = {
    .name = "superflag",
    .prefixes = prefixes,
    .prefix_count = COUNT_OF(prefixes),
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .refuse = superflag_refuse,
    .preflight = superflag_preflight,
    .reach = superflag_reach,
};
