/* SPDX-License-Identifier: Apache-2.0 */
/* decode - who is asking: see decode.h. */
#include "dialect/ofrep/decode.h"

#include "dialect/context_limits.h"
#include "model/limits.h"

static struct fault refuse(struct str why)
{
    return fault_make(FAULT_INVALID, STR("context"), why);
}

/* ---- members --------------------------------------------------------------------------------- */

static struct fault read_key(const struct json *context, struct str *key)
{
    const struct json *sent = json_find(context, STR("targetingKey"));
    if (sent == NULL || sent->type == JSON_NULL)
        return fault_none();
    if (sent->type != JSON_STRING)
        return refuse(STR("targetingKey must be a string"));
    if (sent->string.size > CONTEXT_KEY_BYTES_MAX)
        return refuse(STR("targetingKey is longer than 256 bytes"));
    if (sent->string.size > 0)
        *key = sent->string;
    return fault_none();
}

static bool names_somebody(const struct json *id)
{
    return id != NULL && id->type == JSON_STRING && id->string.size > 0;
}

/* Flags that are dealt by device read device_id. */
static void read_device(struct arena *arena, struct ofrep_subject *subject)
{
    const struct json *device = json_find(&subject->attributes, STR("device_id"));
    const struct json *other = json_find(&subject->attributes, STR("deviceId"));
    if (device == NULL && other != NULL) {
        uint32_t count = subject->attributes.count;
        struct json_member *members = ARENA_NEW_ARRAY(arena, struct json_member, (size_t)count + 1);
        for (uint32_t i = 0; i < count; i++)
            members[i] = subject->attributes.members[i];
        members[count] = (struct json_member){STR("device_id"), *other};
        device = &members[count].value;
        subject->attributes.members = members;
        subject->attributes.count = count + 1;
    }
    if (names_somebody(device))
        subject->device_id = device->string;
}

/* ---- the body -------------------------------------------------------------------------------- */

/* Members beside the context may be as deep as JSON may come in. */
static const struct json_budget body_budget = {
    .depth_max = 32,
    .members_max = 1000,
    .string_bytes_max = BODY_BYTES_EVALUATION_MAX,
    .number_bytes_max = 64,
};

static struct fault parse_body(struct exchange *x, struct json *body)
{
    *body = (struct json){.type = JSON_OBJECT};
    if (str_trim(x->request->body).size == 0)
        return fault_none();
    struct fault fault = json_parse(x->arena, x->request->body, &body_budget, body);
    if (failed(fault))
        return refuse(arena_format(x->arena, "the body is not JSON: %.*s at %.*s",
                                   STR_ARG(fault.why), STR_ARG(fault.where)));
    if (body->type != JSON_OBJECT)
        return refuse(STR("the body must be a JSON object"));
    return fault_none();
}

struct fault ofrep_decode_subject(struct exchange *x, struct ofrep_subject *subject)
{
    struct json body;
    *subject = (struct ofrep_subject){.attributes = {.type = JSON_OBJECT}};
    struct fault fault = parse_body(x, &body);
    if (failed(fault))
        return fault;
    const struct json *context = json_find(&body, STR("context"));
    if (context == NULL || context->type == JSON_NULL)
        return fault_none();
    if (context->type != JSON_OBJECT)
        return refuse(STR("the context must be a JSON object"));
    fault = context_limits_check(context);
    if (failed(fault))
        return refuse(fault.why);
    fault = read_key(context, &subject->key);
    if (failed(fault))
        return fault;
    subject->attributes = *context;
    read_device(x->arena, subject);
    return fault_none();
}
