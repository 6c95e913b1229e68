/* SPDX-License-Identifier: Apache-2.0 */
/* pattern_set - building the character sets of a pattern (private to pattern*.c). */
#ifndef EVAL_PATTERN_SET_H
#define EVAL_PATTERN_SET_H

#include "eval/pattern_tree.h"

#define CODE_POINT_MAX UINT32_C(0x10FFFF)

enum pattern_class { CLASS_DIGIT, CLASS_SPACE, CLASS_WORD };

bool code_point_is_surrogate(uint32_t code_point);

void pattern_set_add(struct pattern_set *set, struct arena *arena, uint32_t first, uint32_t last);

/* \d \s \w, or with is_complement \D \S \W. */
void pattern_set_add_class(struct pattern_set *set, struct arena *arena, enum pattern_class class,
                           bool is_complement);

/* \p{name}, \p{name=value} (value absent or given), \P. False: not one we serve. */
bool pattern_set_add_property(struct pattern_set *set, struct arena *arena, struct str name,
                              struct str value, bool is_complement);

/* Sorts, joins what touches, and drops surrogates, which valid UTF-8 cannot hold, unless the set is
 * about units. */
void pattern_set_finish(struct pattern_set *set, bool by_units);

bool pattern_set_has(const struct pattern_set *set, uint32_t code_point); /* by ranges alone */

#endif
