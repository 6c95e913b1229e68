/* SPDX-License-Identifier: Apache-2.0 */
/* openfeature - the provider's mapping: see openfeature.h. */
#include "dialect/superflag/openfeature.h"

#include "dialect/superflag/property.h"

static struct str mapped_reason(enum reason reason)
{
    switch (reason) {
    case REASON_OFF:
    case REASON_SCHEDULED_OUT:
        return STR("DISABLED");
    case REASON_TARGETING_MATCH:
    case REASON_INCLUDED:
    case REASON_STICKY:
    case REASON_PREREQUISITE_FAILED:
        return STR("TARGETING_MATCH");
    case REASON_SPLIT:
        return STR("SPLIT");
    case REASON_FALLTHROUGH:
        return STR("DEFAULT");
    case REASON_DEFAULT:
        return STR("ERROR");
    }
    return STR("ERROR");
}

static struct str mapped_error(enum superflag_error error)
{
    switch (error) {
    case SUPERFLAG_OK:
        return (struct str){0};
    case SUPERFLAG_FLAG_NOT_FOUND:
    case SUPERFLAG_TYPE_MISMATCH:
        return superflag_error_name(error);
    case SUPERFLAG_INVALID_CONTEXT:
        return STR("TARGETING_KEY_MISSING");
    case SUPERFLAG_CYCLE_DETECTED:
    case SUPERFLAG_EVALUATION_ERROR:
        return STR("GENERAL");
    }
    return STR("GENERAL");
}

static bool is_scalar(const struct json *json)
{
    return json->type == JSON_BOOLEAN || json->type == JSON_NUMBER || json->type == JSON_STRING;
}

static void append_metadata(struct json_writer *writer, const struct superflag_details *details)
{
    json_key(writer, STR("flagMetadata"));
    json_object_begin(writer);
    const struct json *metadata = details->flag == NULL ? NULL : &details->flag->metadata;
    for (size_t i = 0; json_is_object(metadata) && i < metadata->count; i++) {
        if (is_scalar(&metadata->members[i].value))
            json_member_tree(writer, metadata->members[i].key, &metadata->members[i].value);
    }
    json_member_string(writer, STR("superflag.source.app"), details->state->app_id);
    json_member_string(writer, STR("superflag.source.environment"), details->state->name);
    json_member_u64(writer, STR("superflag.configVersion"), details->state->version);
    if (!str_is_absent(details->rule_id))
        json_member_string(writer, STR("superflag.ruleId"), details->rule_id);
    json_object_end(writer);
}

void superflag_append_resolution(struct json_writer *writer,
                                 const struct superflag_details *details)
{
    json_object_begin(writer);
    if (details->value != NULL)
        json_member_tree(writer, STR("value"), details->value);
    if (!str_is_absent(details->variation))
        json_member_string(writer, STR("variant"), details->variation);
    json_member_string(writer, STR("reason"), mapped_reason(details->reason));
    if (details->error != SUPERFLAG_OK) {
        json_member_string(writer, STR("errorCode"), mapped_error(details->error));
        json_member_string(writer, STR("errorMessage"), details->error_message);
    }
    append_metadata(writer, details);
    json_object_end(writer);
}

struct json superflag_context_of_openfeature(struct arena *arena, const struct json *context)
{
    struct json attributes = {.type = JSON_OBJECT};
    struct json result = {.type = JSON_OBJECT,
                          .members = ARENA_NEW_ARRAY(arena, struct json_member, 2)};
    if (!json_is_object(context))
        return result;
    attributes.members = ARENA_NEW_ARRAY(arena, struct json_member, context->count);
    for (size_t i = 0; i < context->count; i++) {
        if (str_equal(context->members[i].key, STR("targetingKey")))
            result.members[result.count++] = context->members[i];
        else
            attributes.members[attributes.count++] = context->members[i];
    }
    result.members[result.count++] = (struct json_member){STR("attributes"), attributes};
    return result;
}
