/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf - UTF-8 in, UTF-16 units where a specification counts or hashes them.
 *
 * Bytes that arrive are checked once (utf8_is_valid); everything behind that door may assume
 * valid UTF-8 without surrogates.
 */
#ifndef BASE_UTF_H
#define BASE_UTF_H

#include "base/str.h"

bool utf8_is_valid(struct str s); /* no overlong forms, no surrogates, at most U+10FFFF */

/* Bytes of s before the first that is not part of valid UTF-8; s.size when all is well. */
size_t utf8_valid_size(struct str s);

/* Code point at *at, which moves behind it. s is valid UTF-8 and *at < s.size. */
uint32_t utf8_next(struct str s, size_t *at);

/* Writes the code point (never a surrogate) as 1 to 4 bytes and returns how many. */
size_t utf8_put(uint32_t code_point, char bytes[4]);

size_t utf16_length(struct str s); /* in 16-bit units */

/* Order by UTF-16 code units, as ECMAScript compares strings; differs from byte order for
 * characters beyond U+FFFF against U+E000..U+FFFF. */
int utf16_compare(struct str a, struct str b);

#endif
