/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str - borrowed bytes.
 *
 * A str never owns what it points at and is never terminated by NUL: it may hold any bytes. Who
 * lends the bytes (an arena, a buffer, a literal) decides how long a str is good. Passed by value.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *data; /* NULL means "absent" where a field is optional; see str_is_absent */
    size_t size;      /* bytes */
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_ARG(s) (int)(s).size, (s).data
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct str str_of(const char *text); /* of a NUL-terminated C string; NULL gives an absent str */
bool str_is_absent(struct str s);    /* not even empty: data is NULL */
bool str_is_empty(struct str s);     /* absent, or no bytes */
bool str_equal(struct str a, struct str b);
int str_compare(struct str a, struct str b); /* by bytes, as memcmp; a shorter prefix comes first */
bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);
bool str_contains(struct str s, struct str needle); /* the empty needle is in everything */

/* Bytes [from, to) of s; both are clamped to its size. */
struct str str_slice(struct str s, size_t from, size_t to);

/* Index of the first `byte` at or after `from`; s.size when there is none. */
size_t str_find_byte(struct str s, char byte, size_t from);

/* Without leading and trailing ASCII blanks and tabs. */
struct str str_trim(struct str s);

/* Equal when ASCII letters are folded; for HTTP header names and schemes. */
bool str_equal_ignoring_case(struct str a, struct str b);

/* Decimal digits only, no sign, no blanks, no overflow; false leaves *value alone. */
bool str_parse_u64(struct str s, uint64_t *value);

#endif
