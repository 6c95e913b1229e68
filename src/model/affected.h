/* SPDX-License-Identifier: Apache-2.0 */
/*
 * affected - whose decisions a change may change.
 *
 * A flag is affected when what evaluation reads of it is not what it was, or when a segment, a
 * cohort or a prerequisite it leans on, however deep, is affected itself. What people read alone
 * (names, descriptions, owners, tags, the lifecycle) affects nothing.
 */
#ifndef MODEL_AFFECTED_H
#define MODEL_AFFECTED_H

#include "model/environment.h"

/* Keys of the flags of either state, in key order; in the arena, copied. Both states have passed
 * environment_check; documents they share are not looked at. */
size_t environment_affected(struct arena *arena, const struct environment_state *before,
                            const struct environment_state *after, const struct str **keys);

#endif
