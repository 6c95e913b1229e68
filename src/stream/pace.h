/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace - so many a second, and so many at once: a token bucket for all loops.
 *
 * Kept as the one number of the generic cell rate algorithm: the moment up to which what was let
 * in uses up the rate. Time is counted in units of a thousandth of one admission, so that nothing
 * is rounded: in a millisecond `per_second` of them pass, and each who is let in costs a thousand.
 */
#ifndef STREAM_PACE_H
#define STREAM_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pace {
    _Atomic int64_t used_until; /* 0 before the first */
    uint32_t per_second;        /* 0: no limit */
    uint32_t burst;             /* at once after a pause; at least 1 */
};

static inline bool pace_admit(struct pace *pace, int64_t now_ms)
{
    enum { COST = 1000 };
    if (pace->per_second == 0)
        return true;
    int64_t now = now_ms * pace->per_second;
    int64_t before = atomic_load(&pace->used_until);
    int64_t after = 0;
    do {
        after = (before > now ? before : now) + COST;
        if (after - now > (int64_t)pace->burst * COST)
            return false;
    } while (!atomic_compare_exchange_weak(&pace->used_until, &before, after));
    return true;
}

#endif
