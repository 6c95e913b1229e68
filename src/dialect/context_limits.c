/* SPDX-License-Identifier: Apache-2.0 */
/* context_limits - see context_limits.h. */
#include "dialect/context_limits.h"

#include "model/limits.h"

static struct fault refuse(struct str why)
{
    return fault_make(FAULT_LIMIT, STR(""), why);
}

static struct fault check_container(const struct json *json, unsigned depth);

static inline struct fault check_value(const struct json *json, unsigned depth)
{
    if (json->type == JSON_STRING && json->string.size > CONTEXT_VALUE_BYTES_MAX)
        return refuse(STR("a text of the context is longer than 2,048 bytes"));
    if (json->type != JSON_OBJECT && json->type != JSON_ARRAY)
        return fault_none();
    return check_container(json, depth);
}

/* depth: of what is inside; the context's own members have 1. */
static struct fault check_container(const struct json *json, unsigned depth)
{
    if (depth >= CONTEXT_DEPTH_MAX)
        return refuse(STR("the context is nested deeper than 8 levels"));
    struct fault fault = fault_none();
    for (uint32_t i = 0; i < json->count && !failed(fault); i++) {
        const struct json *inner =
            json->type == JSON_ARRAY ? &json->elements[i] : &json->members[i].value;
        fault = check_value(inner, depth + 1);
    }
    return fault;
}

struct fault context_limits_check(const struct json *context)
{
    if (context->count > CONTEXT_ATTRIBUTES_MAX)
        return refuse(STR("the context has more than 256 attributes"));
    return check_container(context, 0);
}
