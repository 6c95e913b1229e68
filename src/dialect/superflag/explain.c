/* SPDX-License-Identifier: Apache-2.0 */
/* explain - inspection reports: see explain.h. */
#include "dialect/superflag/explain.h"

#include "dialect/superflag/fragment.h"

/* ---- the four stages -------------------------------------------------------------------- */

static bool is_eligible(const struct superflag_details *details)
{
    return details->error == SUPERFLAG_OK && details->reason != REASON_OFF &&
           details->reason != REASON_SCHEDULED_OUT &&
           details->reason != REASON_PREREQUISITE_FAILED && details->reason != REASON_DEFAULT;
}

static void append_eligibility(struct json_writer *writer, const struct superflag_details *details)
{
    json_object_begin(writer);
    json_member_string(writer, STR("stage"), STR("eligibility"));
    json_member_boolean(writer, STR("eligible"), is_eligible(details));
    json_member_string(writer, STR("reason"), superflag_reason_name(details->reason));
    superflag_append_prerequisites(writer, &details->trace);
    if (details->flag != NULL)
        superflag_append_schedule(writer, STR("flagSchedule"), &details->flag->schedule);
    if (details->error != SUPERFLAG_OK)
        json_member_string(writer, STR("errorCode"), superflag_error_name(details->error));
    json_object_end(writer);
}

static struct str serve_name(const struct serve *serve)
{
    switch (serve->kind) {
    case SERVE_VARIATION:
        return STR("variation");
    case SERVE_SPLIT:
    case SERVE_BUCKET:
        return STR("rollout");
    case SERVE_PROGRESSIVE:
    case SERVE_PROGRESSIVE_BUCKET:
        return STR("progressive");
    }
    return STR("");
}

static void append_bucket(struct json_writer *writer, const struct trace *trace)
{
    if (!trace->has_ticket)
        return;
    json_key(writer, STR("bucket"));
    json_object_begin(writer);
    json_member_u64(writer, STR("value"), trace->ticket);
    json_member_u64(writer, STR("size"), trace->ticket_count);
    json_member_string(writer, STR("bucketBy"), trace->bucket_by);
    json_member_string(writer, STR("salt"), trace->salt);
    json_key(writer, STR("allocations"));
    json_array_begin(writer);
    for (size_t i = 0; i < trace->allocation_count; i++) {
        json_object_begin(writer);
        json_member_string(writer, STR("variation"), trace->allocations[i].variation);
        json_member_u64(writer, STR("start"), trace->allocations[i].start);
        json_member_u64(writer, STR("end"), trace->allocations[i].end);
        json_object_end(writer);
    }
    json_array_end(writer);
    json_object_end(writer);
}

static void append_assignment(struct json_writer *writer, const struct superflag_details *details)
{
    const struct serve *serve = is_eligible(details) ? details->trace.serve : NULL;
    json_object_begin(writer);
    json_member_string(writer, STR("stage"), STR("assignment"));
    json_member_boolean(writer, STR("attempted"), serve != NULL);
    json_member_string(writer, STR("serve"), serve == NULL ? STR("none") : serve_name(serve));
    if (serve != NULL) {
        superflag_append_optional(writer, STR("variation"), details->variation);
        superflag_append_optional(writer, STR("ruleId"), details->rule_id);
        if (details->decision.rule != RULE_NONE)
            superflag_append_schedule(writer, STR("ruleSchedule"),
                                      &details->flag->rules[details->decision.rule].schedule);
        if (serve_is_progressive(serve))
            superflag_append_schedule(writer, STR("progressiveSchedule"), &serve->schedule);
        append_bucket(writer, &details->trace);
    }
    json_object_end(writer);
}

static void append_exposure(struct json_writer *writer, const struct superflag_details *details)
{
    json_object_begin(writer);
    json_member_string(writer, STR("stage"), STR("exposure-candidate"));
    json_member_boolean(writer, STR("candidate"), is_eligible(details));
    json_member_string(writer, STR("flagKey"), details->flag_key);
    superflag_append_optional(writer, STR("variation"), details->variation);
    json_member_u64(writer, STR("configVersion"), details->state->version);
    json_member_string(writer, STR("reason"), superflag_reason_name(details->reason));
    superflag_append_optional(writer, STR("ruleId"), details->rule_id);
    json_object_end(writer);
}

static void append_report(struct json_writer *writer, const struct superflag_details *details)
{
    json_object_begin(writer);
    json_member_u64(writer, STR("schemaVersion"), 1);
    superflag_append_source(writer, details->state);
    json_member_u64(writer, STR("configVersion"), details->state->version);
    json_member_string(writer, STR("flagKey"), details->flag_key);
    superflag_append_instant(writer, STR("now"), details->now_ms);
    json_key(writer, STR("stages"));
    json_array_begin(writer);
    append_eligibility(writer, details);
    append_assignment(writer, details);
    json_object_begin(writer);
    json_member_string(writer, STR("stage"), STR("evaluation"));
    json_key(writer, STR("details"));
    superflag_append_details(writer, details);
    json_object_end(writer);
    append_exposure(writer, details);
    json_array_end(writer);
    json_object_end(writer);
}

void superflag_append_explanation(struct json_writer *writer, struct arena *arena,
                                  const struct superflag_question *question)
{
    struct superflag_details details = superflag_evaluate(arena, question);
    append_report(writer, &details);
}

/* ---- segments and paths ----------------------------------------------------------------- */

void superflag_append_membership(struct json_writer *writer, struct arena *arena,
                                 const struct superflag_question *question, struct str segment)
{
    struct str key = superflag_targeting_key(question->context);
    struct context context;
    context_open(&context, arena, question->ruleset, key, superflag_attributes(question->context),
                 question->scratch);
    struct membership membership =
        evaluate_segment(question->ruleset, segment, &context, question->now_ms, arena);
    json_object_begin(writer);
    json_member_string(writer, STR("segmentId"), segment);
    json_member_boolean(writer, STR("matched"), membership.is_member);
    superflag_append_instant(writer, STR("now"), question->now_ms);
    superflag_append_texts(writer, STR("segmentIds"), membership.segments,
                           membership.segment_count);
    if (!membership.is_found)
        json_member_string(writer, STR("error"), STR("SEGMENT_NOT_FOUND"));
    if (membership.is_found && str_is_absent(key)) {
        json_member_string(writer, STR("errorCode"), STR("INVALID_CONTEXT"));
        json_member_string(writer, STR("errorMessage"),
                           STR("targetingKey must be a non-empty string"));
    }
    json_object_end(writer);
}

static struct str relationship_name(enum relationship relationship)
{
    switch (relationship) {
    case RELATION_FLAG_PREREQUISITE:
        return STR("flag_prerequisite");
    case RELATION_FLAG_SEGMENT:
        return STR("flag_segment");
    case RELATION_SEGMENT_SEGMENT:
        return STR("segment_segment");
    }
    return STR("");
}

static void append_path(struct json_writer *writer, const struct resource_path *path)
{
    json_object_begin(writer);
    json_key(writer, STR("resources"));
    json_array_begin(writer);
    for (size_t i = 0; i <= path->relationship_count; i++) {
        bool is_flag = path->resources[i].kind == RESOURCE_FLAG;
        json_object_begin(writer);
        json_member_string(writer, STR("kind"), is_flag ? STR("flag") : STR("segment"));
        json_member_string(writer, STR("key"), path->resources[i].key);
        json_object_end(writer);
    }
    json_array_end(writer);
    json_key(writer, STR("relationships"));
    json_array_begin(writer);
    for (size_t i = 0; i < path->relationship_count; i++)
        json_string(writer, relationship_name(path->relationships[i]));
    json_array_end(writer);
    json_object_end(writer);
}

void superflag_append_paths(struct json_writer *writer, struct arena *arena,
                            const struct environment_state *state, struct resource start,
                            enum path_direction direction)
{
    struct resource_path *paths = NULL;
    size_t count = environment_paths(arena, state, start, direction, SUPERFLAG_PATHS_MAX, &paths);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        append_path(writer, &paths[i]);
    json_array_end(writer);
}

/* ---- simulation ------------------------------------------------------------------------- */

static bool values_differ(const struct json *a, const struct json *b)
{
    if (a == NULL || b == NULL)
        return a != b;
    return !json_equal(a, b);
}

static bool optional_texts_differ(struct str a, struct str b)
{
    return str_is_absent(a) != str_is_absent(b) || !str_equal(a, b);
}

static bool segments_differ(const struct trace *a, const struct trace *b)
{
    if (a->segment_count != b->segment_count)
        return true;
    for (size_t i = 0; i < a->segment_count; i++) {
        if (!str_equal(a->segments[i], b->segments[i]))
            return true;
    }
    return false;
}

static struct str prerequisite_variation(const struct trace_prerequisite *prerequisite)
{
    if (prerequisite->flag == NULL || prerequisite->variation == VARIATION_NONE)
        return (struct str){0};
    return prerequisite->flag->flag->variations[prerequisite->variation].id;
}

static struct str prerequisite_key(const struct trace_prerequisite *prerequisite)
{
    return prerequisite->flag == NULL ? (struct str){0} : prerequisite->flag->flag->key;
}

static bool prerequisites_differ(const struct trace *a, const struct trace *b)
{
    if (a->prerequisite_count != b->prerequisite_count)
        return true;
    for (size_t i = 0; i < a->prerequisite_count; i++) {
        const struct trace_prerequisite *one = &a->prerequisites[i];
        const struct trace_prerequisite *other = &b->prerequisites[i];
        if (optional_texts_differ(prerequisite_key(one), prerequisite_key(other)) ||
            optional_texts_differ(prerequisite_variation(one), prerequisite_variation(other)) ||
            one->is_satisfied != other->is_satisfied || one->reason != other->reason)
            return true;
    }
    return false;
}

static bool details_differ(const struct superflag_details *a, const struct superflag_details *b)
{
    return values_differ(a->value, b->value) || optional_texts_differ(a->variation, b->variation) ||
           a->reason != b->reason || optional_texts_differ(a->rule_id, b->rule_id) ||
           segments_differ(&a->trace, &b->trace) || prerequisites_differ(&a->trace, &b->trace) ||
           a->error != b->error;
}

void superflag_append_simulation(struct json_writer *writer, struct arena *arena,
                                 const struct superflag_question *questions, size_t question_count,
                                 const struct ruleset *after)
{
    json_object_begin(writer);
    json_key(writer, STR("scenarios"));
    json_array_begin(writer);
    for (size_t i = 0; i < question_count; i++) {
        struct superflag_question changed = questions[i];
        changed.ruleset = after;
        struct superflag_details before_details = superflag_evaluate(arena, &questions[i]);
        struct superflag_details after_details = superflag_evaluate(arena, &changed);
        json_object_begin(writer);
        json_member_string(writer, STR("flagKey"), questions[i].flag_key);
        json_key(writer, STR("before"));
        append_report(writer, &before_details);
        json_key(writer, STR("after"));
        append_report(writer, &after_details);
        json_member_boolean(writer, STR("changed"),
                            details_differ(&before_details, &after_details));
        json_object_end(writer);
    }
    json_array_end(writer);
    json_object_end(writer);
}
