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

int64_t clock_monotonic_us(void); /* for measuring a duration, never for a rule */

#endif
