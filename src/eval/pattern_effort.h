/* SPDX-License-Identifier: Apache-2.0 */
/* pattern_effort - what a pattern costs at most, read off its tree (private to pattern*.c). */
#ifndef EVAL_PATTERN_EFFORT_H
#define EVAL_PATTERN_EFFORT_H

#include "eval/pattern_tree.h"

/* No subject of that size can take the interpreter more steps; SIZE_MAX when that is no number to
 * speak of. */
size_t pattern_steps_bound(const struct pattern_branch *tree, size_t subject_bytes);

/* What one step may cost, 1 being the usual: PCRE2 counts as one the whole way from one choice to
 * the next, however many characters it compares there and however long their classes are. */
size_t pattern_step_price(const struct pattern_branch *tree);

#endif
