/* SPDX-License-Identifier: Apache-2.0 */
/* text_number - a text as ECMAScript's Number() takes it: ECMA-262 7.1.4.1. */
#ifndef EVAL_TEXT_NUMBER_H
#define EVAL_TEXT_NUMBER_H

#include "base/str.h"

/*
 * White space around it is trimmed; nothing at all is 0; decimal digits with an optional sign,
 * point and exponent; Infinity with an optional sign; unsigned 0x, 0o, 0b integers. NaN for
 * anything else, and for numerals of more than NUMBER_PARSE_BYTES_MAX bytes. Valid UTF-8.
 */
double text_number(struct str text);

#endif
