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
struct fault pattern_understand(const struct pattern_branch **tree, enum pattern_syntax syntax,
                                struct str text, enum pattern_grammar grammar,
                                struct arena *arena) MUST_CHECK;

/* As utf8_put, for surrogates too: units of what lies beyond U+FFFF are matched as three bytes
 * each. */
size_t pattern_put_unit(uint32_t unit, char bytes[4]);

/* What a match on a subject of that size may take, and a match that may take another number. */
uint32_t pattern_steps_max(size_t subject_bytes);
enum pattern_result pattern_match_within(const struct pattern *pattern,
                                         struct pattern_scratch *scratch, struct str subject,
                                         uint32_t steps_max);

struct fault pattern_compile(struct pattern **pattern, enum pattern_syntax syntax,
                             const struct pattern_branch *tree, enum pattern_form form,
                             enum pattern_purpose purpose) MUST_CHECK;

#endif
