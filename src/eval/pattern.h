/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern - ECMAScript regular expressions and globs on PCRE2, with bounded work.
 *
 * The text is parsed as ECMAScript's `u` grammar and translated, so that `.`, `\s`, `\d`, `\w`,
 * `$`, `\u{…}` mean what they mean in JavaScript and what JavaScript rejects is rejected. Refused
 * though ECMAScript knows it: group names outside ASCII, property escapes other than those listed
 * in pattern_set.c, and of look-behind and back-references what PCRE2 would understand otherwise:
 * look- behind of varying length, back-references inside of one or to a group inside of one, and
 * those to a group that a round of a repeat may leave as the round before left it
 * (pattern_resolve.c).
 *
 * Without the flag u (PATTERN_UNITS) a pattern is about UTF-16 units: what lies beyond U+FFFF is
 * two of them, for `.` and classes too. Of what the older grammar forgives (Annex B) we serve lone
 * brackets and braces, braces that are no quantifier, escapes of any ASCII character that is
 * neither letter nor digit, and classes beside a hyphen ([\w-.]); the rest is refused: \u{…} and
 * \p{…}, which mean something else there, octal and unknown letter escapes, repeated look-aheads.
 *
 * Look-behind and back-references are for what is stored already, by whoever shares the store: it
 * means what it means in JavaScript. Writes may not use them (pattern_check): other evaluators of
 * the same flag do not have them, and what they cost is hard to foresee.
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

enum pattern_syntax {
    PATTERN_UNICODE, /* ECMAScript with the flag u */
    PATTERN_UNITS,   /* ECMAScript without flags */
    PATTERN_GLOB     /* eval/pattern_glob.h: the whole text, by units */
};
enum { PATTERN_SYNTAXES = PATTERN_GLOB + 1 };

struct pattern; /* owned by PCRE2: close it */
struct pattern_scratch;

enum pattern_result { PATTERN_NO_MATCH, PATTERN_MATCH, PATTERN_GAVE_UP };

/* NULL with a fault when the text is not a pattern we serve. `why` is one phrase, static. */
struct fault pattern_open(struct pattern **pattern, enum pattern_syntax syntax,
                          struct str text) MUST_CHECK;
void pattern_close(struct pattern *pattern);

/* For writes: pattern_open's refusals and, beyond them, look-behind and back-references, and with
 * FAULT_LIMIT patterns that give up on one of the hostile subjects derived from them. Takes
 * microseconds for most, for the others up to about ten milliseconds. */
struct fault pattern_check(enum pattern_syntax syntax, struct str text) MUST_CHECK;

/* How far it reads into a long subject, as a rule, and what it tries at each place. */
enum pattern_pace {
    PATTERN_NEVER,   /* not a pattern we serve */
    PATTERN_GLANCES, /* at the beginning alone */
    PATTERN_READS,   /* on from the beginning */
    PATTERN_SEARCHES /* for a place to match */
};
struct pattern_profile {
    enum pattern_pace pace;
    size_t beginnings; /* alternatives that a match may begin with, at least 1 */
};
struct pattern_profile pattern_profile(enum pattern_syntax syntax, struct str text);

struct pattern_scratch *pattern_scratch_open(void);
void pattern_scratch_close(struct pattern_scratch *scratch);

/* Unanchored, case-sensitive; subject is valid UTF-8. Allocates nothing after the scratch's first
 * use. */
enum pattern_result pattern_match(const struct pattern *pattern, struct pattern_scratch *scratch,
                                  struct str subject);

/* The same, for who asks many patterns about one subject and has looked whether there is anything
 * beyond U+FFFF in it. */
bool pattern_has_pairs(struct str subject);
enum pattern_result pattern_match_known(const struct pattern *pattern,
                                        struct pattern_scratch *scratch, struct str subject,
                                        bool has_pairs);

#endif
