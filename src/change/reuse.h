/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reuse - keys that were another's.
 *
 * Whoever deleted a flag may still be asked for it: by clients that were not updated, by rules that
 * name its segment, by people who read an old report. A key that is given to something new wakes
 * all of them, and means something else to them. So it is not done in silence: it is refused unless
 * whoever asks says that it is meant (change.reuse), and the trail names what had the key and the
 * version that deleted it.
 *
 * What comes back under its own id (a restored flag) is not a reuse. A cohort's id is its key:
 * putting one again where one was deleted is.
 */
#ifndef CHANGE_REUSE_H
#define CHANGE_REUSE_H

#include "change/internal.h"

/* Notes in what the edit creates what it reuses. Looks at one row of an index for each thing that
 * is created, and at none for others. FAULT_LIMIT at "reuse" for a change that may not. */
struct fault reuse_check(struct store *store, const struct change *change,
                         struct edit *edit) MUST_CHECK;

#endif
