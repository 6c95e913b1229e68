/* SPDX-License-Identifier: Apache-2.0 */
/* details - the library's outer procedure and its result: see details.h. */
#include "dialect/superflag/details.h"

#include <assert.h>

#include "dialect/superflag/fragment.h"
#include "dialect/superflag/issue.h"
#include "dialect/superflag/property.h"

struct str superflag_error_name(enum superflag_error error)
{
    switch (error) {
    case SUPERFLAG_OK:
        return STR("");
    case SUPERFLAG_FLAG_NOT_FOUND:
        return STR("FLAG_NOT_FOUND");
    case SUPERFLAG_TYPE_MISMATCH:
        return STR("TYPE_MISMATCH");
    case SUPERFLAG_INVALID_CONTEXT:
        return STR("INVALID_CONTEXT");
    case SUPERFLAG_CYCLE_DETECTED:
        return STR("CYCLE_DETECTED");
    case SUPERFLAG_EVALUATION_ERROR:
        return STR("EVALUATION_ERROR");
    }
    return STR("");
}

struct str superflag_reason_name(enum reason reason)
{
    bool is_targeted = reason == REASON_INCLUDED || reason == REASON_STICKY;
    return reason_name(is_targeted ? REASON_TARGETING_MATCH : reason);
}

/* ---- contexts --------------------------------------------------------------------------- */

struct str superflag_targeting_key(const struct json *context)
{
    struct str key = property_text(context, STR("targetingKey"));
    return key.size > 0 ? key : (struct str){0};
}

const struct json *superflag_attributes(const struct json *context)
{
    const struct json *attributes = property_find(context, STR("attributes"));
    return json_is_object(attributes) ? attributes : NULL;
}

struct json superflag_sanitize_context(struct arena *arena, const struct json *context,
                                       const struct str *allowed, size_t allowed_count)
{
    const struct json *attributes = superflag_attributes(context);
    struct json kept = {.type = JSON_OBJECT,
                        .members = ARENA_NEW_ARRAY(arena, struct json_member, allowed_count)};
    for (size_t i = 0; i < allowed_count; i++) {
        const struct json *value = property_find(attributes, allowed[i]);
        if (value != NULL && json_find(&kept, allowed[i]) == NULL)
            kept.members[kept.count++] = (struct json_member){allowed[i], *value};
    }
    struct json result = {.type = JSON_OBJECT,
                          .members = ARENA_NEW_ARRAY(arena, struct json_member, 2)};
    const struct json *key = property_find(context, STR("targetingKey"));
    if (key != NULL)
        result.members[result.count++] = (struct json_member){STR("targetingKey"), *key};
    if (attributes != NULL)
        result.members[result.count++] = (struct json_member){STR("attributes"), kept};
    return result;
}

/* ---- evaluating ------------------------------------------------------------------------- */

static void fail(struct superflag_details *details, enum superflag_error error, struct str message)
{
    details->error = error;
    details->error_message = message;
}

/* Null is of no type a flag can have; the library files it under "everything else". */
static enum value_type expected_type(const struct superflag_question *question)
{
    enum value_type type = VALUE_OBJECT;
    if (question->has_type)
        return question->type;
    return question->fallback != NULL && value_type_of(question->fallback, &type) ? type
                                                                                  : VALUE_OBJECT;
}

/* Quirk 9: absent keys that every JavaScript object inherits are "found", disabled and empty. */
static void fail_not_found(struct superflag_details *details, struct arena *arena)
{
    if (property_is_inherited(details->flag_key)) {
        details->reason = REASON_OFF;
        fail(details, SUPERFLAG_EVALUATION_ERROR, STR("No variation was selected"));
        return;
    }
    fail(details, SUPERFLAG_FLAG_NOT_FOUND,
         issue_message(arena, STR("Flag "), details->flag_key, STR(" was not found")));
}

static struct str mismatch_message(struct arena *arena, const struct superflag_details *details,
                                   enum value_type expected)
{
    struct str rest =
        arena_format(arena, " is %.*s, not %.*s", STR_ARG(value_type_name(details->flag->type)),
                     STR_ARG(value_type_name(expected)));
    return issue_message(arena, STR("Flag "), details->flag_key, rest);
}

/* A variation was selected: its value, if it is of the type that was asked for. */
static void serve(struct superflag_details *details, struct arena *arena, enum value_type expected)
{
    const struct decision *decision = &details->decision;
    assert(details->flag != NULL);
    if (details->flag->type != expected) {
        details->reason = REASON_DEFAULT;
        fail(details, SUPERFLAG_TYPE_MISMATCH, mismatch_message(arena, details, expected));
        return;
    }
    details->value = &details->flag->variations[decision->variation].value;
    if (decision->rule != RULE_NONE)
        details->rule_id = details->flag->rules[decision->rule].id;
}

static void conclude(struct superflag_details *details, struct arena *arena,
                     enum value_type expected)
{
    const struct decision *decision = &details->decision;
    details->reason = decision->reason;
    details->flag = decision->flag == NULL ? NULL : decision->flag->flag;
    if (details->flag != NULL && decision->variation != VARIATION_NONE)
        details->variation = details->flag->variations[decision->variation].id;
    switch (decision->error) {
    case DECISION_OK:
        serve(details, arena, expected);
        break;
    case DECISION_FLAG_NOT_FOUND:
        fail_not_found(details, arena);
        break;
    case DECISION_KEY_MISSING: /* not asked for here: contexts without a key are refused whole */
    case DECISION_INVALID_CONTEXT:
        fail(details, SUPERFLAG_INVALID_CONTEXT, STR("targetingKey must be a non-empty string"));
        break;
    case DECISION_CYCLE_DETECTED:
        fail(details, SUPERFLAG_CYCLE_DETECTED,
             issue_message(arena, STR("Prerequisite cycle: "), details->trace.cycle, STR("")));
        break;
    case DECISION_NO_VARIATION:
        fail(details, SUPERFLAG_EVALUATION_ERROR, STR("No variation was selected"));
        break;
    }
}

struct superflag_details superflag_evaluate(struct arena *arena,
                                            const struct superflag_question *question)
{
    struct superflag_details details = {
        .state = question->ruleset->state,
        .flag_key = question->flag_key,
        .value = question->fallback,
        .reason = REASON_DEFAULT,
        .now_ms = question->now_ms,
        .decision = {.variation = VARIATION_NONE, .rule = RULE_NONE, .reason = REASON_DEFAULT},
    };
    trace_open(&details.trace, arena);
    if (question->is_now_invalid) {
        fail(&details, SUPERFLAG_EVALUATION_ERROR, STR("options.now is invalid"));
        return details;
    }
    struct context context;
    context_open(&context, arena, question->ruleset, superflag_targeting_key(question->context),
                 superflag_attributes(question->context), question->scratch);
    details.decision =
        evaluate(question->ruleset, question->flag_key, &context, question->now_ms, &details.trace);
    conclude(&details, arena, expected_type(question));
    return details;
}

/* ---- showing ---------------------------------------------------------------------------- */

void superflag_append_prerequisites(struct json_writer *writer, const struct trace *trace)
{
    json_key(writer, STR("prerequisites"));
    json_array_begin(writer);
    for (size_t i = 0; i < trace->prerequisite_count; i++) {
        const struct trace_prerequisite *prerequisite = &trace->prerequisites[i];
        const struct flag *flag = prerequisite->flag == NULL ? NULL : prerequisite->flag->flag;
        json_object_begin(writer);
        if (flag != NULL)
            json_member_string(writer, STR("flagKey"), flag->key);
        if (flag != NULL && prerequisite->variation != VARIATION_NONE)
            json_member_string(writer, STR("variation"),
                               flag->variations[prerequisite->variation].id);
        json_member_boolean(writer, STR("satisfied"), prerequisite->is_satisfied);
        json_member_string(writer, STR("reason"), superflag_reason_name(prerequisite->reason));
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void append_error(struct json_writer *writer, const struct superflag_details *details)
{
    if (details->error == SUPERFLAG_OK)
        return;
    json_member_string(writer, STR("errorCode"), superflag_error_name(details->error));
    json_member_string(writer, STR("errorMessage"), details->error_message);
}

/* What results and snapshots have in common, up to ruleId. */
static void append_head(struct json_writer *writer, const struct superflag_details *details)
{
    json_member_string(writer, STR("flagKey"), details->flag_key);
    superflag_append_source(writer, details->state);
    json_member_u64(writer, STR("configVersion"), details->state->version);
    if (details->value != NULL)
        json_member_tree(writer, STR("value"), details->value);
    superflag_append_optional(writer, STR("variation"), details->variation);
    json_member_string(writer, STR("reason"), superflag_reason_name(details->reason));
    superflag_append_optional(writer, STR("ruleId"), details->rule_id);
}

void superflag_append_details(struct json_writer *writer, const struct superflag_details *details)
{
    json_object_begin(writer);
    append_head(writer, details);
    superflag_append_texts(writer, STR("segmentIds"), details->trace.segments,
                           details->trace.segment_count);
    superflag_append_prerequisites(writer, &details->trace);
    append_error(writer, details);
    superflag_append_instant(writer, STR("timestamp"), details->now_ms);
    if (details->flag != NULL && details->flag->metadata.type == JSON_OBJECT)
        json_member_tree(writer, STR("metadata"), &details->flag->metadata);
    json_object_end(writer);
}

/* ---- snapshots for browsers ------------------------------------------------------------- */

static const struct json *fallback_of(const struct flag *flag, const struct json *fallbacks)
{
    const struct json *given = property_find(fallbacks, flag->key);
    if (given != NULL)
        return given;
    int off = flag_find_variation(flag, flag->off_variation);
    return off < 0 ? NULL : &flag->variations[off].value;
}

static void append_snapshot_flag(struct json_writer *writer,
                                 const struct superflag_details *details)
{
    json_object_begin(writer);
    append_head(writer, details);
    append_error(writer, details);
    superflag_append_instant(writer, STR("timestamp"), details->now_ms);
    json_object_end(writer);
}

void superflag_append_client_snapshot(struct json_writer *writer, struct arena *arena,
                                      const struct superflag_question *question,
                                      const struct json *fallbacks)
{
    const struct environment_state *state = question->ruleset->state;
    json_object_begin(writer);
    json_member_u64(writer, STR("schemaVersion"), 1);
    superflag_append_source(writer, state);
    json_member_u64(writer, STR("configVersion"), state->version);
    superflag_append_instant(writer, STR("evaluatedAt"), question->now_ms);
    json_key(writer, STR("flags"));
    json_object_begin(writer);
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct flag *flag = state->flags[i];
        if (flag->is_archived || !flag_is_client_visible(flag, &state->settings))
            continue;
        struct superflag_question one = *question;
        one.flag_key = flag->key;
        one.fallback = fallback_of(flag, fallbacks);
        one.has_type = false;
        struct superflag_details details = superflag_evaluate(arena, &one);
        json_key(writer, flag->key);
        append_snapshot_flag(writer, &details);
    }
    json_object_end(writer);
    json_object_end(writer);
}
