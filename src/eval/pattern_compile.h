/* SPDX-License-Identifier: Apache-2.0 */
/* pattern_compile - the halves of pattern_open and pattern_match, which the probe needs apart
 * (private to pattern*.c).
 */
#ifndef EVAL_PATTERN_COMPILE_H
#define EVAL_PATTERN_COMPILE_H

#include "eval/pattern.h"
#include "eval/pattern_translate.h"

enum pattern_purpose {
    PATTERN_TO_SERVE, /* as fast as it goes: machine code where the system allows it */
    PATTERN_TO_PROBE  /* interpreted and without shortcuts, so that every step is counted */
};

/* The tree of a pattern within the limits on its text and states. */
struct fault pattern_understand(const struct pattern_branch **tree, struct str text,
                                enum pattern_grammar grammar, struct arena *arena) MUST_CHECK;

/* What a match on a subject of that size may take, and a match that may take another number. */
uint32_t pattern_steps_max(size_t subject_bytes);
enum pattern_result pattern_match_within(const struct pattern *pattern,
                                         struct pattern_scratch *scratch, struct str subject,
                                         uint32_t steps_max);

struct fault pattern_compile(struct pattern **pattern, const struct pattern_branch *tree,
                             enum pattern_form form, enum pattern_purpose purpose) MUST_CHECK;

#endif
