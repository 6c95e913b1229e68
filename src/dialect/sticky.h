/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sticky - who got a variation of a sticky experiment keeps it, though the caller does not say so.
 *
 * What an evaluation dealt is noted by environment, the flag's id, so that a key created again
 * starts afresh, and the person, or the group that is bucketed in their place. Later evaluations,
 * in whatever language they are asked for, find it there. Flags that do not stick are never looked
 * up.
 */
#ifndef DIALECT_STICKY_H
#define DIALECT_STICKY_H

#include "eval/evaluate.h"
#include "ingest/notebook.h"

/* One request's. */
struct sticky {
    struct notebook *variations; /* services.variations; NULL: nothing is known */
    uint64_t environment;
    /* What the person is called, or, where a type of groups is given, their group of it; empty:
     * nobody, none. Good until the request is answered. */
    struct str (*name)(const void *source, struct str group_type);
    const void *source;
};

/* What the context asks from now on; sticky and what it borrows outlive it. */
void sticky_bind(const struct sticky *sticky, struct context *context);

/* Notes a decision about a flag that sticks. */
void sticky_note(const struct sticky *sticky, const struct decision *decision);

#endif
