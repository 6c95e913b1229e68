/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evaluate_context - contexts as they are sent: see evaluate.h.
 *
 * Flat ones are OpenFeature's and read as its remote evaluation reads them: a targetingKey, and
 * attributes beside it; a deviceId is a device_id, too.
 */
#include "dialect/admin/evaluate.h"
#include "dialect/admin/request.h"
#include "dialect/context_limits.h"
#include "model/limits.h"

/* ---- limits ---------------------------------------------------------------------------------- */

static struct fault refuse(enum fault_kind kind, struct str why)
{
    return fault_make(kind, STR(""), why);
}

struct fault admin_context_find_fault(const struct json *json)
{
    if (json->type != JSON_OBJECT)
        return refuse(FAULT_INVALID, STR("a context must be an object"));
    const struct json *key = json_find(json, STR("targetingKey"));
    if (key != NULL && key->type != JSON_STRING && key->type != JSON_NULL)
        return refuse(FAULT_INVALID, STR("the context's targetingKey must be a text"));
    if (key != NULL && key->type == JSON_STRING && key->string.size > CONTEXT_KEY_BYTES_MAX)
        return refuse(FAULT_LIMIT, STR("the context's targetingKey is longer than 256 bytes"));
    return context_limits_check(json);
}

bool admin_context_check(struct exchange *x, const struct json *json, struct str pointer)
{
    struct fault fault = admin_context_find_fault(json);
    return !failed(fault) || admin_refuse_with(x, fault.kind, pointer.data, fault.why);
}

/* ---- forms ----------------------------------------------------------------------------------- */

static bool is_tree(const struct json *json)
{
    const struct json *key = json_find(json, STR("targetingKey"));
    const struct json *user = json_find(json, STR("user"));
    bool has_key = key != NULL && key->type != JSON_NULL;
    return !has_key && user != NULL && user->type == JSON_OBJECT;
}

/* With a device_id where there is a deviceId alone: flags that are dealt by device read that. */
static const struct json *with_device(struct arena *arena, const struct json *json)
{
    const struct json *device = json_find(json, STR("deviceId"));
    if (device == NULL || json_find(json, STR("device_id")) != NULL)
        return json;
    struct json *more = ARENA_NEW(arena, struct json);
    *more = (struct json){.type = JSON_OBJECT, .count = json->count + 1};
    more->members = ARENA_NEW_ARRAY(arena, struct json_member, more->count);
    for (uint32_t i = 0; i < json->count; i++)
        more->members[i] = json->members[i];
    more->members[json->count] = (struct json_member){STR("device_id"), *device};
    return more;
}

void admin_context_open(struct context *context, struct arena *arena,
                        const struct admin_question *question, const struct json *json)
{
    const struct ruleset *ruleset = question->state.snapshot->rules;
    if (is_tree(json)) {
        context_open_user(context, arena, ruleset, json, question->scratch);
        return;
    }
    const struct json *key = json_find(json, STR("targetingKey"));
    bool has_key = key != NULL && key->type == JSON_STRING && key->string.size > 0;
    context_open(context, arena, ruleset, has_key ? key->string : (struct str){0},
                 with_device(arena, json), question->scratch);
    context->may_lack_key = true;
}
