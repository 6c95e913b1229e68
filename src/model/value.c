/* SPDX-License-Identifier: Apache-2.0 */
/* value - what a variation serves: see value.h. */
#include "model/value.h"

#include "model/names.h"

struct str value_type_name(enum value_type type)
{
    return name_at(&value_type_names, type);
}

bool value_type_parse(struct str name, enum value_type *type)
{
    int found = name_find(&value_type_names, name);
    if (found < 0)
        return false;
    *type = (enum value_type)found;
    return true;
}

bool value_type_of(const struct json *value, enum value_type *type)
{
    switch (value->type) {
    case JSON_NULL:
        return false;
    case JSON_BOOLEAN:
        *type = VALUE_BOOLEAN;
        return true;
    case JSON_NUMBER:
        *type = VALUE_NUMBER;
        return true;
    case JSON_STRING:
        *type = VALUE_STRING;
        return true;
    case JSON_ARRAY:
    case JSON_OBJECT:
        *type = VALUE_OBJECT;
        return true;
    }
    return false;
}
