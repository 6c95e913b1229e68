/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instant - a moment, as text and as milliseconds since 1970 UTC.
 *
 * The text form is RFC 3339 as ECMAScript writes it. The parser takes exactly
 * YYYY-MM-DDTHH:MM:SS[.fraction](Z|+HH:MM|-HH:MM): upper-case T and Z, seconds mandatory, day
 * 01-31 whatever the month (2030-02-30 is 2030-03-02), hour 24 only as 24:00:00 with a zero
 * fraction; digits beyond milliseconds are dropped.
 */
#ifndef BASE_INSTANT_H
#define BASE_INSTANT_H

#include "base/str.h"

enum { INSTANT_TEXT_BYTES = 28 }; /* "+010000-01-01T00:00:00.000Z" and its NUL */

bool instant_parse(struct str text, int64_t *ms); /* false: not such a text */

/* As the above, or a date alone (YYYY-MM-DD is midnight UTC): what before/after compare. */
bool instant_parse_date(struct str text, int64_t *ms);

/* Whether the text begins with a date that is in the calendar: the parsers roll a day that its
 * month does not have over into the next, but a person who writes one has made a mistake. */
bool instant_is_calendar_date(struct str text);

/* "2031-03-10T09:30:00.000Z" with a NUL. Years outside 0..9999 as ECMAScript's expanded form. */
void instant_format(int64_t ms, char text[INSTANT_TEXT_BYTES]);

/* "2031-03-10T09:30:00Z": whole seconds, for the dialects that show no fraction. */
void instant_format_seconds(int64_t ms, char text[INSTANT_TEXT_BYTES]);

/* Year and month (1-12) in UTC of a moment; quotas count by them. */
void instant_month(int64_t ms, int *year, int *month);

#endif
