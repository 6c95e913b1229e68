/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate - how many requests an environment, or somebody else who has a name, may have: per second
 * and per UTC day.
 *
 * A sliding window that remembers the last requests themselves: "100 in one second" then holds for
 * every second, wherever it begins. (A token bucket lets through twice that around a pause.) Exact
 * under concurrency: accounts lie in many short lists, under a few locks that are held for a
 * handful of instructions.
 *
 * Memory is bounded, whatever is asked: of 131,072 accounts at the most, those that have been quiet
 * for longest are forgotten first, which lets through what could have been refused, never the other
 * way round. (An account is made for what the catalog knows, which is fewer.)
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
/* From now on; what was counted still counts. Any thread. */
void rates_change(struct rates *rates, struct rate_limits limits);

struct rate_answer {
    bool is_allowed;
    uint32_t retry_after_s;             /* when it is not: whole seconds, at least 1 */
    uint32_t limit, remaining, reset_s; /* of the tighter of the two, for a header */
};
/* Counts one request of an environment, if it is allowed. Any thread. */
struct rate_answer rates_take(struct rates *rates, uint64_t environment);
/* The same for a name: a credential's id. Whoever has been quiet for long enough that nothing of
 * them counts any more is forgotten on the way, so that names may come and go. */
struct rate_answer rates_take_named(struct rates *rates, struct str name);

#endif
