/* SPDX-License-Identifier: Apache-2.0 */
/* flag_value - a flag's value as it is written on a command line: superflag-cli.md 3.2. */
#ifndef CLI_SUPERFLAG_FLAG_VALUE_H
#define CLI_SUPERFLAG_FLAG_VALUE_H

#include "base/fault.h"
#include "json/json.h"

/* bool: exactly true or false; number: a JSON number; string: the text as it is; json: JSON text of
 * an object or an array. The fault's why says what was expected. */
struct fault flag_value_parse(struct arena *arena, struct str type, struct str text,
                              struct json *value) MUST_CHECK;

/* Any JSON text; what does not begin like JSON text of a string, list or object and is no other
 * JSON either is a text itself: pro is "pro", 3 is a number, "3" a text. */
struct fault flag_value_parse_loose(struct arena *arena, struct str text,
                                    struct json *value) MUST_CHECK;

/* JSON of any kind. */
struct fault flag_value_parse_json(struct arena *arena, struct str text,
                                   struct json *value) MUST_CHECK;

#endif
