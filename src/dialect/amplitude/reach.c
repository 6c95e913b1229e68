/* SPDX-License-Identifier: Apache-2.0 */
/* reach - see reach.h. */
#include "dialect/amplitude/reach.h"

#include "dialect/amplitude/configuration_encode.h"

static bool is_on_any_deployment(const struct flag *flag)
{
    return flag->is_on_all_deployments || flag->deployment_count > 0;
}

static bool has_prerequisite(const struct flag *flag, struct str key)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        if (str_equal(flag->prerequisites[i].flag, key))
            return true;
    }
    return false;
}

/* SDKs are told of what a flag leans on, wherever that is deployed itself. */
static bool is_leaned_on(const struct environment_state *state, struct str key)
{
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct flag *flag = state->flags[i];
        if (!flag->is_archived && configuration_is_whole(flag, false) &&
            has_prerequisite(flag, key))
            return true;
    }
    return false;
}

static struct reach reach_vardata(const struct flag *flag)
{
    struct reach reach = {.protocol = STR("amplitude.vardata"), .kind = REACH_SERVED};
    if (flag->is_archived) {
        reach.kind = REACH_ABSENT;
        reach.why = STR("it is archived");
    } else if (configuration_is_group(flag)) {
        reach.kind = REACH_ABSENT;
        reach.why = STR("a group is evaluated for its members; its own result is not returned");
    } else if (!is_on_any_deployment(flag)) {
        reach.kind = REACH_ABSENT;
        reach.why = STR("it is on no deployment");
    }
    return reach;
}

static struct reach reach_flags(const struct environment_state *state, const struct flag *flag,
                                struct arena *arena)
{
    struct reach reach = {.protocol = STR("amplitude.flags"), .kind = REACH_SERVED};
    const struct flag *stub = configuration_stub_below(state, flag, false);
    if (flag->is_archived) {
        reach.kind = REACH_ABSENT;
        reach.why = STR("it is archived");
    } else if (!is_on_any_deployment(flag) && !is_leaned_on(state, flag->key)) {
        reach.kind = REACH_ABSENT;
        reach.why = STR("it is on no deployment, and no flag that SDKs evaluate leans on it");
    } else if (!configuration_is_whole(flag, false)) {
        reach.kind = REACH_STUB;
        reach.why = configuration_obstacle(flag);
        if (str_is_absent(reach.why))
            reach.why = STR("it is evaluated remotely: SDKs get its variants without its rules");
    } else if (stub != NULL) {
        reach.kind = REACH_STUB;
        reach.why = arena_format(arena, "it leans on %.*s, which these SDKs cannot evaluate",
                                 STR_ARG(stub->key));
    }
    return reach;
}

size_t amplitude_reach(const struct snapshot *snapshot, const struct flag *flag,
                       struct arena *arena, struct reach reaches[REACHES_PER_DIALECT_MAX])
{
    reaches[0] = reach_vardata(flag);
    reaches[1] = reach_flags(&snapshot->state, flag, arena);
    return 2;
}
