/* SPDX-License-Identifier: Apache-2.0 */
/* clock - what time it is, injected: see clock.h. */
#include "base/clock.h"

#include <stdatomic.h>
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

/* What was read last is fetched before the clock is, again on each turn: a thread that slept in
 * between then sees a later clock, never one that seems to have been put back. */
static int64_t steady_wall_ms(const struct clock *clock)
{
    struct steady_clock *steady = (struct steady_clock *)clock;
    int64_t latest_ms = atomic_load_explicit(&steady->latest_ms, memory_order_acquire);
    for (;;) {
        int64_t now_ms = clock_wall_ms(steady->beneath);
        if (now_ms <= latest_ms && latest_ms - now_ms <= CLOCK_STEADY_MS)
            return latest_ms;
        if (atomic_compare_exchange_weak_explicit(&steady->latest_ms, &latest_ms, now_ms,
                                                  memory_order_acq_rel, memory_order_acquire))
            return now_ms;
    }
}

static int64_t steady_monotonic_ms(const struct clock *clock)
{
    return clock_monotonic_ms(((const struct steady_clock *)clock)->beneath);
}

void steady_clock_init(struct steady_clock *steady, const struct clock *beneath)
{
    *steady = (struct steady_clock){
        .clock = {steady_wall_ms, steady_monotonic_ms},
        .beneath = beneath,
        .latest_ms = clock_wall_ms(beneath),
    };
}

int64_t clock_monotonic_us(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
