/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate - how many management requests an environment may have: per second and per UTC day.
 *
 * A sliding window that remembers the last requests themselves: "100 in one second" then holds for
 * every second, wherever it begins. (A token bucket lets through twice that around a pause.) Exact
 * under concurrency: one lock per environment, held for a handful of instructions.
 */
#ifndef DIALECT_RATE_H
#define DIALECT_RATE_H

#include "base/clock.h"
#include "base/str.h"

struct rate_limits {
    uint32_t per_second; /* 0: no limit; at most RATE_PER_SECOND_MAX */
    uint64_t per_day;    /* 0: no limit */
};
enum { RATE_PER_SECOND_MAX = 10000 };

struct rates;
struct rates *rates_open(const struct clock *clock, struct rate_limits limits);
void rates_close(struct rates *rates);

struct rate_answer {
    bool is_allowed;
    uint32_t retry_after_s;             /* when it is not: whole seconds, at least 1 */
    uint32_t limit, remaining, reset_s; /* of the tighter of the two, for a header */
};
/* Counts one request of an environment, if it is allowed. Any thread. */
struct rate_answer rates_take(struct rates *rates, uint64_t environment);

#endif
