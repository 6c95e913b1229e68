/* SPDX-License-Identifier: Apache-2.0 */
/* validate - the parts of section 12's validation that its two files and experiments share. */
#ifndef SUPERFLAG_VALIDATE_H
#define SUPERFLAG_VALIDATE_H

#include "base/map.h"
#include "dialect/superflag/issue.h"

enum { EXPRESSION_NESTING_MAX = 48 }; /* beyond any document the limits of model/ let through */

struct validation {
    struct issue_list issues;
    struct map flags, segments; /* keys to indices of the members below */
    const struct json *flags_json, *segments_json;
    struct map variations; /* of the flag being looked at */
};

bool json_is_name(const struct json *json); /* a string with something in it to see */
bool json_is_array_of_names(const struct json *json);
bool json_is_array_of_strings(const struct json *json);
bool json_is_non_negative_integer(const struct json *json); /* up to 2^53 - 1 */
bool json_is_instant(const struct json *json, int64_t *ms);

void validate_serve(struct validation *v, const struct issue_path *path, const struct json *serve);
void validate_schedule(struct validation *v, const struct issue_path *path,
                       const struct json *schedule);

/* checks_segments: whether references to segments must resolve. levels_left bounds the nesting. */
void validate_expression(struct validation *v, const struct issue_path *path,
                         const struct json *expression, bool checks_segments, size_t levels_left);

#endif
