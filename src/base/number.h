/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number - doubles as text, the way ECMAScript writes them.
 *
 * Shortest decimal that reads back as the same double; integers without a point; exponent form
 * from 1e21 up and below 1e-6 ("1e+21", "1e-7"); minus zero is "0". JSON, bucketing and canonical
 * text all rely on this one spelling.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "base/str.h"

enum {
    NUMBER_TEXT_BYTES = 32,
    NUMBER_PARSE_BYTES_MAX = 1024, /* longer texts are refused unread */
};

/* Writes into text, returns the bytes written (no NUL counted). value must be finite. */
size_t number_format(double value, char text[NUMBER_TEXT_BYTES]);

/* A JSON number (RFC 8259 grammar) as the nearest double; false when it is not one (*value stays)
 * or overflows (*value is then infinite). Expects the C locale, as the program runs in. */
bool number_parse(struct str text, double *value);

/* Whether value is an integer that a double holds exactly: |value| <= 2^53 - 1. */
bool number_is_safe_integer(double value);

#endif
