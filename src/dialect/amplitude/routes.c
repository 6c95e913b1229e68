/* SPDX-License-Identifier: Apache-2.0 */
/* routes - the dialect at a glance. amplitude-management-api.md 12 and 9, amplitude-evaluation.md
 * 1; what is ours is marked. */
#include "dialect/amplitude/routes.h"

#include "dialect/amplitude/answer.h"
#include "dialect/amplitude/evaluate.h"
#include "dialect/amplitude/manage.h"
#include "dialect/amplitude/reach.h"
#include "model/limits.h"

enum { BODY = BODY_BYTES_MANAGEMENT_MAX, EVENTS = BODY_BYTES_EVENTS_MAX, IGNORED = 4096 };

/* What comes with a read is not looked at: some clients always send "{}". Everything that changes
 * something may have one, a DELETE too (2.5). */
#define READ(path, handler)                                                                        \
    {                                                                                              \
        HTTP_GET, STR(path), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, IGNORED, handler, NULL         \
    }
#define CHANGE(method, path, handler)                                                              \
    {                                                                                              \
        HTTP_##method, STR(path), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE, BODY, handler, NULL       \
    }
#define EVALUATE(method, path, bytes, handler)                                                     \
    {                                                                                              \
        HTTP_##method, STR(path), SCOPE_READ_DEPLOYMENT, LANE_FAST, bytes, handler, NULL           \
    }

/* Flags and experiments have the same sub-tree (2). */
#define ITEM(items)                                                                                \
    READ(items "/{id}", amplitude_get_item), CHANGE(PATCH, items "/{id}", amplitude_patch_item),   \
        READ(items "/{id}/versions", amplitude_list_item_versions),                                \
        READ(items "/{id}/versions/{versionId}", amplitude_get_item_version),                      \
        READ(items "/{id}/variants", amplitude_list_variants),                                     \
        CHANGE(POST, items "/{id}/variants", amplitude_create_variant),                            \
        READ(items "/{id}/variants/{variantKey}", amplitude_get_variant),                          \
        CHANGE(PATCH, items "/{id}/variants/{variantKey}", amplitude_patch_variant),               \
        CHANGE(POST, items "/{id}/variants/{variantKey}", amplitude_patch_variant),                \
        CHANGE(DELETE, items "/{id}/variants/{variantKey}", amplitude_delete_variant),             \
        READ(items "/{id}/variants/{variantKey}/users", amplitude_list_users),                     \
        CHANGE(POST, items "/{id}/variants/{variantKey}/users", amplitude_add_users),              \
        CHANGE(DELETE, items "/{id}/variants/{variantKey}/users", amplitude_delete_all_users),     \
        CHANGE(DELETE, items "/{id}/variants/{variantKey}/users/{userIndex}",                      \
               amplitude_delete_user)
#define ITEM_OF_TODAY(items)                                                                       \
    READ(items, amplitude_list_items), CHANGE(POST, items, amplitude_create_item), ITEM(items),    \
        CHANGE(DELETE, items "/{id}/variants/{variantKey}/bulk-delete-users",                      \
               amplitude_delete_users),                                                            \
        READ(items "/{id}/variants/{variantKey}/cohorts", amplitude_list_cohorts),                 \
        CHANGE(POST, items "/{id}/variants/{variantKey}/cohorts", amplitude_add_cohorts),          \
        CHANGE(DELETE, items "/{id}/variants/{variantKey}/bulk-delete-cohorts",                    \
               amplitude_delete_cohorts),                                                          \
        READ(items "/{id}/deployments", amplitude_list_item_deployments),                          \
        CHANGE(POST, items "/{id}/deployments", amplitude_add_item_deployments),                   \
        CHANGE(DELETE, items "/{id}/deployments/{deploymentId}", amplitude_delete_item_deployment)
#define ITEM_OF_OLD(items)                                                                         \
    READ(items "/list", amplitude_list_items),                                                     \
        CHANGE(POST, items "/new", amplitude_legacy_create_item), ITEM(items)

static const struct route routes[] = {
    /* evaluation: what SDKs call */
    EVALUATE(GET, "/sdk/v2/vardata", IGNORED, amplitude_evaluate_user),
    EVALUATE(POST, "/sdk/v2/vardata", USER_BODY_BYTES_MAX, amplitude_evaluate_user),
    EVALUATE(GET, "/sdk/vardata", IGNORED, amplitude_evaluate_user_legacy),
    EVALUATE(POST, "/sdk/vardata", USER_BODY_BYTES_MAX, amplitude_evaluate_user_legacy),
    EVALUATE(GET, "/v1/vardata", IGNORED, amplitude_evaluate_query),
    EVALUATE(POST, "/v1/vardata", USER_BODY_BYTES_MAX, amplitude_evaluate_user_legacy),
    EVALUATE(GET, "/sdk/v2/flags", IGNORED, amplitude_get_flags),
    EVALUATE(GET, "/v1/flags", IGNORED, amplitude_get_flags_by_key),
    EVALUATE(GET, "/sdk/stream/v1/flags", IGNORED, amplitude_stream_flags),
    EVALUATE(GET, "/sdk/v2/memberships/{groupType}/{groupName}", IGNORED,
             amplitude_list_memberships),
    {HTTP_GET, STR("/sdk/v1/cohort/{cohortId}"), SCOPE_DOWNLOAD, LANE_STORE, IGNORED,
     amplitude_download_cohort, NULL},
    {HTTP_POST, STR("/2/httpapi"), SCOPE_ANYONE, LANE_STORE, EVENTS, amplitude_post_events, NULL},
    {HTTP_POST, STR("/batch"), SCOPE_ANYONE, LANE_STORE, EVENTS, amplitude_post_events, NULL},
    {HTTP_GET, STR("/status"), SCOPE_ANYONE, LANE_FAST, IGNORED, amplitude_get_status, NULL},

    /* management */
    ITEM_OF_TODAY("/api/1/flags"),
    ITEM_OF_TODAY("/api/1/experiments"),
    READ("/api/1/versions", amplitude_list_versions),
    READ("/api/1/deployments", amplitude_list_deployments),
    CHANGE(POST, "/api/1/deployments", amplitude_create_deployment),
    CHANGE(PATCH, "/api/1/deployments/{id}", amplitude_patch_deployment),
    READ("/api/1/mutexes", amplitude_list_groups),
    CHANGE(POST, "/api/1/mutexes", amplitude_create_mutex),
    READ("/api/1/mutexes/{id}", amplitude_get_group),
    CHANGE(PATCH, "/api/1/mutexes/{id}", amplitude_patch_group),
    CHANGE(PATCH, "/api/1/mutexes/{id}/slots/{slotIndex}", amplitude_patch_slot),
    READ("/api/1/holdouts", amplitude_list_groups),
    CHANGE(POST, "/api/1/holdouts", amplitude_create_holdout),
    READ("/api/1/holdouts/{id}", amplitude_get_group),
    CHANGE(PATCH, "/api/1/holdouts/{id}", amplitude_patch_group),

    /* extensions of ours, and an alias that one documented command uses: README.md */
    READ("/api/1/deployments/{id}", amplitude_get_deployment),
    READ("/api/1/holdout", amplitude_list_groups),

    /* the old beta API on its root paths */
    ITEM_OF_OLD("/flags"),
    ITEM_OF_OLD("/experiments"),
    CHANGE(POST, "/experiments/{id}/activate", amplitude_legacy_activate),
    CHANGE(POST, "/experiments/{id}/deactivate", amplitude_legacy_deactivate),
    CHANGE(POST, "/experiments/{id}/rollout-weights", amplitude_legacy_set_weights),
    READ("/deployments/list", amplitude_list_deployments),
};

static const struct str prefixes[] = {
    STR("/api/1"),  STR("/sdk"),   STR("/v1"),          STR("/2"),           STR("/batch"),
    STR("/status"), STR("/flags"), STR("/experiments"), STR("/deployments"),
};

const struct dialect amplitude_dialect = {
    .name = "amplitude",
    .prefixes = prefixes,
    .prefix_count = COUNT_OF(prefixes),
    .takes_repeated_slashes = true, /* a configured origin that ends in a slash */
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .refuse = amplitude_refuse,
    .preflight = amplitude_preflight,
    .reach = amplitude_reach,
};
