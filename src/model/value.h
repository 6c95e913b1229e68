/* SPDX-License-Identifier: Apache-2.0 */
/* value - what a variation serves: one of four types, held as JSON. Never null. */
#ifndef MODEL_VALUE_H
#define MODEL_VALUE_H

#include "json/json.h"

enum value_type {
    VALUE_BOOLEAN,
    VALUE_STRING,
    VALUE_NUMBER,
    VALUE_OBJECT, /* objects and arrays */
};

enum { VALUE_TYPE_COUNT = 4 };

struct str value_type_name(enum value_type type); /* boolean string number object */
bool value_type_parse(struct str name, enum value_type *type);
bool value_type_of(const struct json *value, enum value_type *type); /* false for null */

#endif
