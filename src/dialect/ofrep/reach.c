/* SPDX-License-Identifier: Apache-2.0 */
/* reach - see reach.h. */
#include "dialect/ofrep/reach.h"

#include "dialect/ofrep/channel.h"

static struct str why_absent(const struct flag *flag)
{
    if (flag->is_archived)
        return STR("It is archived.");
    return STR("It is a group, which is evaluated for its members alone.");
}

size_t ofrep_reach(const struct snapshot *snapshot, const struct flag *flag, struct arena *arena,
                   struct reach reaches[REACHES_PER_DIALECT_MAX])
{
    (void)snapshot;
    (void)arena;
    reaches[0] = (struct reach){.protocol = STR("ofrep.evaluate"), .kind = REACH_SERVED};
    if (!channel_serves(flag)) {
        reaches[0].kind = REACH_ABSENT;
        reaches[0].why = why_absent(flag);
    }
    return 1;
}
