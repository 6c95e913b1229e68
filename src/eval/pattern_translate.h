/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern_translate - a pattern as PCRE2 text, pure ASCII (private to pattern*.c).
 *
 * To be compiled with PCRE2_UTF, PCRE2_DOTALL, PCRE2_MATCH_UNSET_BACKREF and PCRE2_ANCHORED: the
 * search for a place to match is part of the text (`.*?` in front), so that one match limit covers
 * all of it. PCRE2's own search starts counting anew at every character. In front of a
 * back-reference stands a callout with its group's number, so that what it compares can be counted
 * too.
 */
#ifndef EVAL_PATTERN_TRANSLATE_H
#define EVAL_PATTERN_TRANSLATE_H

#include "base/buf.h"
#include "eval/pattern_tree.h"

enum { PATTERN_PROGRAM_BYTES_MAX = 64 * 1024 };

enum pattern_form {
    PATTERN_AS_WRITTEN, /* every repeat as the author has it */
    PATTERN_REDUCED     /* repeats at the edges of an unanchored search cut to their least */
};

void pattern_translate(struct buf *program, const struct pattern_branch *tree,
                       enum pattern_form form);

#endif
