/* SPDX-License-Identifier: Apache-2.0 */
/*
 * property - objects the way ECMAScript walks them.
 *
 * The vendor's library iterates over JavaScript objects: members whose key is an array index come
 * first, ascending, then all others as written. Where order shows (which issue comes first, which
 * variation is the first) we walk the same way.
 */
#ifndef SUPERFLAG_PROPERTY_H
#define SUPERFLAG_PROPERTY_H

#include "json/json.h"

/* As json_find, and NULL when there is no object to look in. */
static inline const struct json *property_find(const struct json *json, struct str key)
{
    return json == NULL ? NULL : json_find(json, key);
}

/* The text of a member; absent when it is none. */
static inline struct str property_text(const struct json *json, struct str key)
{
    const struct json *text = property_find(json, key);
    return text != NULL && text->type == JSON_STRING ? text->string : (struct str){0};
}

static inline bool json_is_object(const struct json *json)
{
    return json != NULL && json->type == JSON_OBJECT;
}

static inline bool json_is_array(const struct json *json)
{
    return json != NULL && json->type == JSON_ARRAY;
}

static inline bool json_is_text(const struct json *json)
{
    return json != NULL && json->type == JSON_STRING;
}

/* object->count pointers, in that order. */
const struct json_member **property_order(struct arena *arena, const struct json *object);

/* Whether every JavaScript object "has" such a member without ever being given one. */
bool property_is_inherited(struct str key);

/* false, 0, "" and null are not; absent (NULL) is not. */
bool json_is_truthy(const struct json *json);

/* Has no character but ECMAScript white space. */
bool text_is_blank(struct str text);

#endif
