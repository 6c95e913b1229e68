/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attempts - how often somebody may try.
 *
 * So many at once, and then as many again spread over each period (a leaky bucket). Who tries is
 * told apart by a keyed hash of a name into a table of a fixed size: memory does not grow however
 * many names come, and nobody outside can aim at another's place. Two names in one place wait for
 * each other, which takes tens of thousands of them at a time to be noticed.
 *
 * Any thread.
 */
#ifndef AUTH_ATTEMPTS_H
#define AUTH_ATTEMPTS_H

#include "base/str.h"

struct attempts_limit {
    uint32_t count; /* at once, and per period */
    int64_t period_ms;
};

struct attempts;
struct attempts *attempts_open(struct attempts_limit limit);
void attempts_close(struct attempts *attempts);

/* Counts one at a monotonic moment. 0: go ahead; else the whole seconds to wait before the next,
 * and it was not counted: knocking does not keep the door shut. */
uint32_t attempts_take(struct attempts *attempts, struct str name, int64_t now_ms);
/* The same without counting. */
uint32_t attempts_ask(struct attempts *attempts, struct str name, int64_t now_ms);

#endif
