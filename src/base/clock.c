/* SPDX-License-Identifier: Apache-2.0 */
/* clock - what time it is, injected: see clock.h. */
#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec now = {0};
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall_ms(const struct clock *clock)
{
    (void)clock;
    return read_ms(CLOCK_REALTIME);
}

static int64_t system_monotonic_ms(const struct clock *clock)
{
    (void)clock;
    return read_ms(CLOCK_MONOTONIC);
}

const struct clock *clock_system(void)
{
    static const struct clock system_clock = {system_wall_ms, system_monotonic_ms};
    return &system_clock;
}

int64_t clock_monotonic_us(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
