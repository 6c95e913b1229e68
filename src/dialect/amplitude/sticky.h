/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sticky - who got a variation of a sticky experiment keeps it, though the caller does not say so.
 * amplitude-evaluation.md 6.4, 9.5.
 *
 * What a tracked evaluation dealt is noted by the flag's id, so that a key created again starts
 * afresh, and the person, or the group that is bucketed in their place. Later evaluations, tracked
 * or not, find it there. Flags that do not stick are never looked up.
 */
#ifndef AMPLITUDE_STICKY_H
#define AMPLITUDE_STICKY_H

#include "dialect/amplitude/user.h"
#include "dialect/exchange.h"
#include "eval/evaluate.h"

/* One request's. */
struct sticky {
    struct exchange *x;
    uint64_t environment;
    const struct amplitude_user *user;
};

/* What the context asks from now on; sticky and what it borrows outlive it. */
void sticky_bind(const struct sticky *sticky, struct context *context);

/* Notes a decision about a flag that sticks, when the caller lets it be tracked. */
void sticky_note(const struct sticky *sticky, const struct decision *decision);

#endif
