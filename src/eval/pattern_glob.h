/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern_glob - a glob as a regular expression that every engine of the text family understands
 * alike.
 *
 * `?` is one character but a slash, `*` any run without one, `**` any run; `[abc]`, `[a-z]`, `[!a]`
 * are classes, `{a,b}` alternatives, a backslash takes the next character as it is. Brackets and
 * braces that do not close, and a backslash at the end, are themselves. The expression is anchored
 * on both sides: wire reference of the family, 9.11. Whether it is one we serve (a class may run
 * backwards) is for pattern_check to say, with PATTERN_GLOB.
 */
#ifndef EVAL_PATTERN_GLOB_H
#define EVAL_PATTERN_GLOB_H

#include "base/arena.h"

struct str glob_to_pattern(struct arena *arena, struct str glob); /* of valid UTF-8 */

#endif
