/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choice - which part of an environment a rehearsal is about.
 *
 * Asked are the flags that are new, and those whose decisions may differ for what they lean on. To
 * decide them takes what they lean on themselves. Flags that nothing changed for are left out: a
 * rehearsal costs as much as the change is large, not the environment.
 */
#ifndef CHANGE_CHOICE_H
#define CHANGE_CHOICE_H

#include "change/rehearsal.h"

struct choice {
    bool *is_new;       /* by flag of the draft: a revision of its own */
    bool *is_asked;     /* the same: its decisions are tried */
    bool *is_needed;    /* the same: part of `draft` */
    struct draft draft; /* borrows: not to be closed */
};

struct choice choice_make(struct arena *arena, const struct rehearsal_part *part);
/* Of the part's own draft. */
bool choice_is_new_segment(const struct rehearsal_part *part, size_t index);

#endif
