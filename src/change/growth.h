/* SPDX-License-Identifier: Apache-2.0 */
/*
 * growth - changes that do far more to an environment than changes do.
 *
 * A file that doubled, a list that came back empty: what generated it was broken, and nobody meant
 * it. A change that takes more than half of an environment's flags away (deletes or archives them),
 * or that makes it twice as large, is refused unless whoever asks says that it is meant
 * (change.acknowledges_growth), and then the trail says so. Turning flags off is always fine.
 * Environments with few flags, and changes of little, are left alone: see the floors.
 */
#ifndef CHANGE_GROWTH_H
#define CHANGE_GROWTH_H

#include "change/internal.h"

enum {
    GROWTH_FLAGS_LEAST = 10,                /* of an environment that is guarded */
    GROWTH_REMOVED_LEAST = 10,              /* flags that go */
    GROWTH_ADDED_LEAST = 100,               /* flags that come */
    GROWTH_ADDED_BYTES_LEAST = 1024 * 1024, /* of canonical text */
};

/* FAULT_LIMIT at "growth" for a change that does too much and does not acknowledge it. */
struct fault growth_check(const struct change *change, struct edit *edit,
                          const struct draft *after) MUST_CHECK;

#endif
