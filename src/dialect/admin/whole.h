/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whole - changes of an environment as a whole: restore, promote, import.
 *
 * What they are conditional on is the environment's version: If-Match takes "v42", which is also
 * the tag they answer with. What they answer is what they did: {"environment", "version",
 * "changes": [difference.h …], "affected"}.
 */
#ifndef ADMIN_WHOLE_H
#define ADMIN_WHOLE_H

#include "change/edit.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/request.h"

/* Inside an edit. */
struct fault whole_condition_check(const struct edit *edit,
                                   const struct admin_condition *condition);

/* ?acknowledge, of words among `known` (enum acknowledgement). False when the exchange is answered.
 */
bool whole_read_acknowledgement(struct exchange *x, unsigned known, struct change *change);
/* Applies a CHANGE_ENVIRONMENT and answers with what it did. */
void whole_apply(struct exchange *x, struct change *change);

/* An environment's state to be: what is put, and whether all else goes. */
struct whole_state {
    const struct flag *const *flags;
    size_t flag_count;
    const struct segment *const *segments;
    size_t segment_count;
    const struct cohort *const *cohorts;
    size_t cohort_count;
    const struct environment_settings *settings; /* NULL: they stay */
    bool is_whole;                               /* what is not listed is deleted */
    bool keeps_cohorts;                          /* but cohorts stay as they are */
};
struct fault whole_put(struct edit *edit, const struct whole_state *state) MUST_CHECK;

#endif
