/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe - who is asked about when a flag is rehearsed.
 *
 * Made from the flag itself: what its rules compare, or a segment's, is given to somebody as it is
 * compared with, so that the operators have something to do; and to others as everything it is not:
 * blank, long, of every other type. Each comes in both forms of a context (eval/evaluate.h).
 */
#ifndef CHANGE_PROBE_H
#define CHANGE_PROBE_H

#include "base/arena.h"
#include "model/rule.h"
#include "json/json.h"

/* The targeting key of all but nobody and the long one. */
#define PROBE_NAME "rehearsal"

/* What everybody's attributes are. */
enum probe_kind {
    PROBE_NOBODY, /* no attributes, and no targeting key */
    PROBE_WANTED, /* as they are compared with; of a list its first */
    PROBE_LISTED, /* the same in a list */
    PROBE_BLANK,
    PROBE_LONG, /* as long a text as contexts may have */
    PROBE_NUMBER,
    PROBE_TRUTH,
    PROBE_NULL,
    PROBE_NESTED,
    PROBE_KINDS,
};

struct probe {
    struct str targeting_key;
    struct json attributes; /* CONTEXT_FLAT */
    struct json tree;       /* CONTEXT_USER */
};

/* About these expressions; lives in the arena. */
struct probe probe_make(struct arena *arena, enum probe_kind kind,
                        const struct expression *const *expressions, size_t count);

#endif
