/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lower_case - ECMAScript's toLowerCase: Unicode's full mapping, whatever the locale.
 *
 * Every code point has its simple lower case, but for two (SpecialCasing.txt): U+0130 becomes an i
 * and a dot above, and a capital sigma at the end of a word becomes a final one. The tables are
 * made from a browser's own engine (tools/lower-case-table.js).
 */
#ifndef EVAL_LOWER_CASE_H
#define EVAL_LOWER_CASE_H

#include "base/arena.h"

/* Valid UTF-8 in, valid UTF-8 out. What is in lower case already is borrowed. */
struct str lower_case(struct arena *arena, struct str text);

#endif
