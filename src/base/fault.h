/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault - a refusal, returned by value.
 *
 * Zero when all is well. A fault is not a bug (that is an assert) and not an evaluation that goes
 * badly (that is a decision with a reason). Each dialect turns `kind` into its vendor's status and
 * body in one table.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "base/str.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_INVALID,         /* the input is malformed or breaks a rule */
    FAULT_MISSING,         /* what it names does not exist, or is not the caller's to see */
    FAULT_CONFLICT,        /* it exists already, or somebody else was first */
    FAULT_UNAUTHENTICATED, /* no credential, or one nobody knows */
    FAULT_DENIED,          /* a genuine credential without the right */
    FAULT_LIMIT,           /* a documented limit is passed */
    FAULT_UNAVAILABLE,     /* not now: the store is away, a queue is full, we are stopping */
    FAULT_FULL,            /* not now: the disk has no room */
    FAULT_STALE,           /* it is not (any longer) what the caller said it must be (If-Match) */
};

struct fault {
    enum fault_kind kind;
    struct str where; /* a JSON pointer or path, a key, or empty; outlives the request */
    struct str why;   /* one short sentence for the caller; never a secret */
};

#define MUST_CHECK __attribute__((warn_unused_result))

static inline bool failed(struct fault fault)
{
    return fault.kind != FAULT_NONE;
}

/* Whether the same may be well another time. */
static inline bool fault_is_passing(struct fault fault)
{
    return fault.kind == FAULT_UNAVAILABLE || fault.kind == FAULT_FULL;
}

static inline struct fault fault_none(void)
{
    return (struct fault){0};
}

static inline struct fault fault_make(enum fault_kind kind, struct str where, struct str why)
{
    return (struct fault){kind, where, why};
}

#endif
