/* SPDX-License-Identifier: Apache-2.0 */
/*
 * member - members of what this room writes, and reads back itself.
 *
 * When reading, a member that is missing or of the wrong type is zero or absent: a checksum, or the
 * process that wrote it a moment ago, has vouched for the bytes, so this is about a form nobody
 * wrote, and the model's check decides.
 */
#ifndef SNAPSHOT_MEMBER_H
#define SNAPSHOT_MEMBER_H

#include "base/number.h"
#include "json/write.h"

static inline void member_optional(struct json_writer *writer, struct str key, struct str value)
{
    if (!str_is_absent(value))
        json_member_string(writer, key, value);
}

static inline struct str member_text(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

static inline bool is_count(const struct json *json)
{
    return json->type == JSON_NUMBER && json->number >= 0 && number_is_safe_integer(json->number);
}

static inline uint64_t member_count(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && is_count(member) ? (uint64_t)member->number : 0;
}

static inline bool member_boolean(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && member->type == JSON_BOOLEAN && member->boolean;
}

static inline const struct json *member_list(const struct json *json, struct str key, size_t *count)
{
    const struct json *member = json_find(json, key);
    *count = member != NULL && member->type == JSON_ARRAY ? member->count : 0;
    return *count == 0 ? NULL : member->elements;
}

#endif
