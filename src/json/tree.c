/* SPDX-License-Identifier: Apache-2.0 */
/* tree - finding, comparing and copying what was parsed: see json.h. */
#include <assert.h>

#include "base/map.h"
#include "json/json.h"

enum { FEW_MEMBERS_MAX = 16 /* searched one by one; beyond, through a map */ };

struct json json_make_null(void)
{
    return (struct json){.type = JSON_NULL};
}

struct json json_make_boolean(bool value)
{
    return (struct json){.type = JSON_BOOLEAN, .boolean = value};
}

struct json json_make_number(double value)
{
    return (struct json){.type = JSON_NUMBER, .number = value};
}

struct json json_make_string(struct str value)
{
    return (struct json){.type = JSON_STRING, .string = value};
}

const struct json *json_find(const struct json *json, struct str key)
{
    if (json->type != JSON_OBJECT)
        return NULL;
    for (uint32_t i = 0; i < json->count; i++) {
        if (str_equal(json->members[i].key, key))
            return &json->members[i].value;
    }
    return NULL;
}

struct map json_member_places(struct arena *arena, const struct json *object)
{
    struct map places;
    map_open(&places, arena, object->count);
    for (uint32_t i = 0; i < object->count; i++)
        map_insert(&places, object->members[i].key, i);
    return places;
}

/* ---- equality ---------------------------------------------------------------------------- */

static bool values_are_equal(const struct json *a, const struct json *b, size_t depth);

static bool arrays_are_equal(const struct json *a, const struct json *b, size_t depth)
{
    for (uint32_t i = 0; i < a->count; i++) {
        if (!values_are_equal(&a->elements[i], &b->elements[i], depth))
            return false;
    }
    return true;
}

static bool few_members_are_equal(const struct json *a, const struct json *b, size_t depth)
{
    for (uint32_t i = 0; i < a->count; i++) {
        const struct json *other = json_find(b, a->members[i].key);
        if (other == NULL || !values_are_equal(&a->members[i].value, other, depth))
            return false;
    }
    return true;
}

static bool many_members_are_equal(const struct json *a, const struct json *b, size_t depth)
{
    struct arena arena;
    struct map places; /* key -> index of the member in b */
    arena_open(&arena, 4096);
    map_open(&places, &arena, b->count);
    for (uint32_t i = 0; i < b->count; i++)
        map_insert(&places, b->members[i].key, i);
    bool is_equal = true;
    for (uint32_t i = 0; i < a->count && is_equal; i++) {
        uint32_t place = map_find(&places, a->members[i].key);
        is_equal = place != MAP_ABSENT &&
                   values_are_equal(&a->members[i].value, &b->members[place].value, depth);
    }
    arena_close(&arena);
    return is_equal;
}

/* Keys are distinct on either side, so equal counts and a partner for each make them equal. */
static bool objects_are_equal(const struct json *a, const struct json *b, size_t depth)
{
    return a->count <= FEW_MEMBERS_MAX ? few_members_are_equal(a, b, depth)
                                       : many_members_are_equal(a, b, depth);
}

static bool values_are_equal(const struct json *a, const struct json *b, size_t depth)
{
    assert(depth <= JSON_DEPTH_MAX);
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case JSON_NULL:
        return true;
    case JSON_BOOLEAN:
        return a->boolean == b->boolean;
    case JSON_NUMBER:
        return a->number == b->number;
    case JSON_STRING:
        return str_equal(a->string, b->string);
    case JSON_ARRAY:
        return a->count == b->count && arrays_are_equal(a, b, depth + 1);
    case JSON_OBJECT:
        return a->count == b->count && objects_are_equal(a, b, depth + 1);
    }
    return false;
}

bool json_equal(const struct json *a, const struct json *b)
{
    return values_are_equal(a, b, 0);
}

/* ---- copying ----------------------------------------------------------------------------- */

static struct json copy_value(struct arena *arena, const struct json *json, size_t depth)
{
    assert(depth <= JSON_DEPTH_MAX);
    struct json copy = *json;
    if (json->type == JSON_STRING)
        copy.string = arena_copy_str(arena, json->string);
    if (json->type == JSON_ARRAY) {
        copy.elements = ARENA_NEW_ARRAY(arena, struct json, json->count);
        for (uint32_t i = 0; i < json->count; i++)
            copy.elements[i] = copy_value(arena, &json->elements[i], depth + 1);
    }
    if (json->type == JSON_OBJECT) {
        copy.members = ARENA_NEW_ARRAY(arena, struct json_member, json->count);
        for (uint32_t i = 0; i < json->count; i++) {
            copy.members[i].key = arena_copy_str(arena, json->members[i].key);
            copy.members[i].value = copy_value(arena, &json->members[i].value, depth + 1);
        }
    }
    return copy;
}

struct json json_copy(struct arena *arena, const struct json *json)
{
    return copy_value(arena, json, 0);
}
