/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choice - which part of an environment a rehearsal is about.
 *
 * Asked are the flags that are new, those whose decisions may differ for what they lean on, and the
 * segments that are new. To decide them takes what they lean on themselves. What nothing changed
 * for is left out: a rehearsal costs as much as the change is large, not the environment.
 */
#ifndef CHANGE_CHOICE_H
#define CHANGE_CHOICE_H

#include "change/internal.h"

/* An environment about to change. */
struct rehearsal_part {
    const struct draft *draft;
    const struct snapshot *before;
};

struct choice {
    size_t flag_count, segment_count; /* of the part's draft, which is what these go by: */
    bool *is_new;                     /* a revision of its own */
    bool *is_asked;                   /* its decisions are tried */
    bool *is_needed;                  /* part of `draft` */
    bool *is_segment_new;             /* a revision of its own, and asked */
    bool *is_segment_needed;
    struct draft draft; /* borrows: not to be closed */
};

struct choice choice_make(struct arena *arena, const struct rehearsal_part *part);

#endif
