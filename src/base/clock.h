/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock - what time it is, injected.
 *
 * Nobody below server/ asks the system for the time: they are handed a clock, so that a test can
 * set it. Wall time is milliseconds since 1970 UTC; monotonic time is milliseconds since some
 * moment and never steps.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*wall_ms)(const struct clock *clock);
    int64_t (*monotonic_ms)(const struct clock *clock);
};

const struct clock *clock_system(void);

static inline int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock);
}

static inline int64_t clock_monotonic_ms(const struct clock *clock)
{
    return clock->monotonic_ms(clock);
}

/*
 * A clock on the wall that does not go back by a little: where the one beneath it is put back by up
 * to two seconds, a leap second or somebody's correction, it stands still until that has caught up.
 * What was to happen once at a moment then happens once. A clock that is put back by more is
 * followed: it was wrong before. Any thread.
 */
struct steady_clock {
    struct clock clock; /* first: its callbacks cast back */
    const struct clock *beneath;
    _Atomic int64_t latest_ms;
};
enum { CLOCK_STEADY_MS = 2000 };
void steady_clock_init(struct steady_clock *steady, const struct clock *beneath);

int64_t clock_monotonic_us(void); /* for measuring a duration, never for a rule */

#endif
