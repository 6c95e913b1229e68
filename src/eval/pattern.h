/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern - ECMAScript regular expressions (flag u) on PCRE2, with bounded work.
 *
 * The text is parsed as ECMAScript's `u` grammar and translated, so that `.`, `\s`, `\d`, `\w`,
 * `$`, `\u{…}` mean what they mean in JavaScript and what JavaScript rejects is rejected. Refused
 * though ECMAScript knows it: look-behind, back-references (numbered and named), group names
 * outside ASCII, and property escapes other than those listed in pattern_set.c.
 *
 * Matching stops after PATTERN_MATCH_LIMIT steps and PATTERN_STEPS_PER_BYTE more for each byte
 * of the subject, counted over all places where a match could begin, and never sees more than
 * REGEX_SUBJECT_BYTES_MAX bytes: both count as "no match", told apart in the result. A compiled
 * pattern is immutable and shared between threads; scratch memory belongs to one thread.
 */
#ifndef EVAL_PATTERN_H
#define EVAL_PATTERN_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/str.h"

enum { PATTERN_MATCH_LIMIT = 10000, PATTERN_STEPS_PER_BYTE = 16, PATTERN_STATES_MAX = 2000 };

struct pattern; /* owned by PCRE2: close it */
struct pattern_scratch;

enum pattern_result { PATTERN_NO_MATCH, PATTERN_MATCH, PATTERN_GAVE_UP };

/* NULL with a fault when the text is not a pattern we serve. `why` is one phrase, static. */
struct fault pattern_open(struct pattern **pattern, struct str text) MUST_CHECK;
void pattern_close(struct pattern *pattern);

/* pattern_open's refusals and, beyond them, FAULT_LIMIT for patterns that give up on one of the
 * hostile subjects derived from them: for writes. Takes milliseconds. */
struct fault pattern_check(struct str text) MUST_CHECK;

struct pattern_scratch *pattern_scratch_open(void);
void pattern_scratch_close(struct pattern_scratch *scratch);

/* Unanchored, case-sensitive; subject is valid UTF-8. Allocates nothing after the scratch's first
 * use. */
enum pattern_result pattern_match(const struct pattern *pattern, struct pattern_scratch *scratch,
                                  struct str subject);

#endif
