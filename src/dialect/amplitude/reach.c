/* SPDX-License-Identifier: Apache-2.0 */
/* reach - see reach.h. */
#include "dialect/amplitude/reach.h"

#include "dialect/amplitude/configuration_encode.h"

static bool is_group(const struct flag *flag)
{
    return flag->kind == FLAG_KIND_MUTEX || flag->kind == FLAG_KIND_HOLDOUT;
}

static struct reach reach_vardata(const struct flag *flag)
{
    struct reach reach = {.protocol = STR("amplitude.vardata"), .kind = REACH_SERVED};
    if (flag->is_archived) {
        reach.kind = REACH_ABSENT;
        reach.why = STR("it is archived");
    } else if (is_group(flag)) {
        reach.kind = REACH_ABSENT;
        reach.why = STR("a group is evaluated for its members; its own result is not returned");
    }
    return reach;
}

static struct reach reach_flags(const struct flag *flag)
{
    struct reach reach = {.protocol = STR("amplitude.flags"), .kind = REACH_SERVED};
    if (flag->is_archived) {
        reach.kind = REACH_ABSENT;
        reach.why = STR("it is archived");
    } else if (!configuration_is_whole(flag, false)) {
        reach.kind = REACH_STUB;
        reach.why = configuration_obstacle(flag);
        if (str_is_absent(reach.why))
            reach.why = STR("it is evaluated remotely: SDKs get its variants without its rules");
    }
    return reach;
}

size_t amplitude_reach(const struct snapshot *snapshot, const struct flag *flag,
                       struct arena *arena, struct reach reaches[REACHES_PER_DIALECT_MAX])
{
    (void)snapshot;
    (void)arena;
    reaches[0] = reach_vardata(flag);
    reaches[1] = reach_flags(flag);
    return 2;
}
