/* SPDX-License-Identifier: Apache-2.0 */
/* property - ECMAScript's view of objects and text: see property.h. */
#include "dialect/superflag/property.h"

#include <stdlib.h>

#include "base/utf.h"

/* An array index is the decimal spelling, without leading zeros, of 0 .. 2^32 - 2. */
static bool is_array_index(struct str key)
{
    uint64_t index = 0;
    if (key.size == 0 || key.size > 10 || (key.data[0] == '0' && key.size > 1))
        return false;
    return str_parse_u64(key, &index) && index <= UINT32_MAX - 1;
}

static int compare_indices(const void *left, const void *right)
{
    const struct json_member *const *a = left;
    const struct json_member *const *b = right;
    if ((*a)->key.size != (*b)->key.size)
        return (*a)->key.size < (*b)->key.size ? -1 : 1;
    return str_compare((*a)->key, (*b)->key);
}

const struct json_member **property_order(struct arena *arena, const struct json *object)
{
    size_t count = object->count;
    const struct json_member **order = ARENA_NEW_ARRAY(arena, const struct json_member *, count);
    size_t index_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_array_index(object->members[i].key))
            order[index_count++] = &object->members[i];
    }
    if (index_count > 1)
        qsort(order, index_count, sizeof(*order), compare_indices);

    size_t at = index_count;
    for (size_t i = 0; i < count; i++) {
        if (!is_array_index(object->members[i].key))
            order[at++] = &object->members[i];
    }
    return order;
}

bool property_is_inherited(struct str key)
{
    static const struct str inherited[] = {
        {"constructor", 11},      {"hasOwnProperty", 14},   {"isPrototypeOf", 13},
        {"toString", 8},          {"valueOf", 7},           {"propertyIsEnumerable", 20},
        {"toLocaleString", 14},   {"__proto__", 9},         {"__defineGetter__", 16},
        {"__defineSetter__", 16}, {"__lookupGetter__", 16}, {"__lookupSetter__", 16},
    };
    for (size_t i = 0; i < COUNT_OF(inherited); i++) {
        if (str_equal(key, inherited[i]))
            return true;
    }
    return false;
}

bool json_is_truthy(const struct json *json)
{
    if (json == NULL)
        return false;
    switch (json->type) {
    case JSON_NULL:
        return false;
    case JSON_BOOLEAN:
        return json->boolean;
    case JSON_NUMBER:
        return json->number != 0;
    case JSON_STRING:
        return json->string.size > 0;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return true;
    }
    return false;
}

static bool is_white_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

bool text_is_blank(struct str text)
{
    for (size_t at = 0; at < text.size;) {
        if (!is_white_space(utf8_next(text, &at)))
            return false;
    }
    return true;
}
