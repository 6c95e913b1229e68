/* SPDX-License-Identifier: Apache-2.0 */
/*
 * superflag_old_sdk - how SDKs before the core schema read a flag (superflag-api.md 11): from
 * value, rollout and variants alone, with a hash of their own. Written from that text, for tests.
 */
#ifndef SUPPORT_SUPERFLAG_OLD_SDK_H
#define SUPPORT_SUPERFLAG_OLD_SDK_H

#include <math.h>

#include "base/arena.h"
#include "base/utf.h"
#include "eval/hash.h"
#include "json/json.h"

/* murmur3-32, seed 0, over the low byte of each UTF-16 unit. */
static inline uint32_t old_sdk_hash(struct arena *arena, struct str text)
{
    char *bytes = arena_allocate(arena, text.size + 1);
    size_t count = 0;
    for (size_t at = 0; at < text.size;) {
        uint32_t c = utf8_next(text, &at);
        if (c >= 0x10000) {
            bytes[count++] = (char)((0xD800 + ((c - 0x10000) >> 10)) & 0xFF);
            c = 0xDC00 + ((c - 0x10000) & 0x3FF);
        }
        bytes[count++] = (char)(c & 0xFF);
    }
    return hash_murmur3_32((struct str){bytes, count}, 0);
}

static inline uint32_t old_sdk_bucket(struct arena *arena, struct str user_id, struct str flag_key)
{
    struct str text = arena_format(arena, "%.*s:%.*s", STR_ARG(user_id), STR_ARG(flag_key));
    return old_sdk_hash(arena, text) % 10000;
}

static inline const struct json *old_sdk_type_default(struct arena *arena, const struct json *flag)
{
    struct json *value = ARENA_NEW(arena, struct json);
    struct str type = json_find(flag, STR("type"))->string;
    if (str_equal(type, STR("bool")))
        *value = json_make_boolean(false);
    else if (str_equal(type, STR("string")))
        *value = json_make_string(STR(""));
    else if (str_equal(type, STR("number")))
        *value = json_make_number(0);
    else
        *value = (struct json){.type = JSON_OBJECT};
    return value;
}

/* What the flag is worth to a user; an absent user id takes the value as it stands. */
static inline const struct json *old_sdk_value(struct arena *arena, const struct json *flag,
                                               struct str flag_key, struct str user_id)
{
    const struct json *value = json_find(flag, STR("value"));
    const struct json *rollout = json_find(flag, STR("rollout"));
    const struct json *variants = json_find(flag, STR("variants"));
    if (str_is_absent(user_id))
        return value;
    uint32_t bucket = old_sdk_bucket(arena, user_id, flag_key);
    if (rollout != NULL) {
        double percentage = json_find(rollout, STR("percentage"))->number;
        return bucket < floor(percentage * 100) ? value : old_sdk_type_default(arena, flag);
    }
    if (variants == NULL || variants->count == 0)
        return value;
    double sum = 0;
    for (uint32_t i = 0; i < variants->count; i++) {
        sum += json_find(&variants->elements[i], STR("weight"))->number;
        if (sum > bucket / 100.0)
            return json_find(&variants->elements[i], STR("value"));
    }
    return json_find(&variants->elements[variants->count - 1], STR("value"));
}

#endif
