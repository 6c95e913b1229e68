/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode - the one spelling of a flag, a segment and an environment's settings: see codec.h.
 *
 * Member order is part of the format: revisions are compared and hashed as text.
 */
#include "model/encode.h"
#include "model/codec.h"
#include "model/names.h"

/* A switch that is off is left out. */
static void encode_true(struct json_writer *writer, struct str key, bool is_true)
{
    if (is_true)
        json_member_boolean(writer, key, true);
}

static void encode_name(struct json_writer *writer, struct str key, const struct name_list *list,
                        size_t index)
{
    json_member_string(writer, key, name_at(list, index));
}

static void encode_visibility(struct json_writer *writer, enum visibility visibility)
{
    if (visibility != VISIBILITY_UNSET)
        encode_name(writer, STR("visibility"), &visibility_names, visibility - VISIBILITY_CLIENT);
}

static void encode_texts(struct json_writer *writer, struct str key, const struct str *texts,
                         size_t count)
{
    json_key(writer, key);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        json_string(writer, texts[i]);
    json_array_end(writer);
}

static void encode_metadata(struct json_writer *writer, const struct json *metadata)
{
    if (metadata->type != JSON_NULL)
        json_member_tree(writer, STR("metadata"), metadata);
}

static void encode_schedule_member(struct json_writer *writer, const struct schedule *schedule)
{
    if (str_is_absent(schedule->start) && str_is_absent(schedule->end))
        return;
    json_key(writer, STR("schedule"));
    schedule_encode(schedule, writer);
}

static void encode_arithmetic(struct json_writer *writer, const struct arithmetic *arithmetic)
{
    json_key(writer, STR("arithmetic"));
    json_object_begin(writer);
    encode_name(writer, STR("hash"), &flag_hash_names, arithmetic->hash);
    encode_name(writer, STR("comparison"), &flag_comparison_names, arithmetic->comparison);
    json_object_end(writer);
}

static void encode_variation_extras(struct json_writer *writer, const struct variation *variation)
{
    if (variation->has_payload)
        json_member_tree(writer, STR("payload"), &variation->payload);
    if (variation->included_count > 0)
        encode_texts(writer, STR("included"), variation->included, variation->included_count);
    if (variation->cohort_count > 0)
        encode_texts(writer, STR("cohorts"), variation->cohorts, variation->cohort_count);
}

/* A flag that is on each deployment says nothing about them. */
static void encode_deployments(struct json_writer *writer, const struct flag *flag)
{
    if (flag->is_on_all_deployments)
        return;
    json_key(writer, STR("deployments"));
    json_array_begin(writer);
    for (size_t i = 0; i < flag->deployment_count; i++)
        json_u64(writer, flag->deployments[i]);
    json_array_end(writer);
}

static bool experiment_is_plain(const struct experiment *experiment)
{
    return str_is_absent(experiment->type) && !experiment->is_sticky && !experiment->has_started &&
           str_is_absent(experiment->start) && str_is_absent(experiment->end) &&
           str_is_absent(experiment->decision) && str_is_absent(experiment->decision_reason) &&
           str_is_absent(experiment->rolled_out_variation) &&
           experiment->exposure_event.type == JSON_NULL;
}

static void encode_experiment(struct json_writer *writer, const struct experiment *experiment)
{
    if (experiment_is_plain(experiment))
        return;
    json_key(writer, STR("experiment"));
    json_object_begin(writer);
    encode_optional(writer, STR("type"), experiment->type);
    encode_true(writer, STR("sticky"), experiment->is_sticky);
    encode_true(writer, STR("started"), experiment->has_started);
    encode_optional(writer, STR("start"), experiment->start);
    encode_optional(writer, STR("end"), experiment->end);
    encode_optional(writer, STR("decision"), experiment->decision);
    encode_optional(writer, STR("decisionReason"), experiment->decision_reason);
    encode_optional(writer, STR("rolledOutVariation"), experiment->rolled_out_variation);
    if (experiment->exposure_event.type != JSON_NULL)
        json_member_tree(writer, STR("exposureEvent"), &experiment->exposure_event);
    json_object_end(writer);
}

static void encode_variations(struct json_writer *writer, const struct flag *flag)
{
    json_key(writer, STR("variations"));
    json_array_begin(writer);
    for (size_t i = 0; i < flag->variation_count; i++) {
        const struct variation *variation = &flag->variations[i];
        json_object_begin(writer);
        json_member_string(writer, STR("id"), variation->id);
        json_member_tree(writer, STR("value"), &variation->value);
        encode_optional(writer, STR("name"), variation->name);
        encode_optional(writer, STR("description"), variation->description);
        encode_variation_extras(writer, variation);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void encode_prerequisites(struct json_writer *writer, const struct flag *flag)
{
    if (flag->prerequisite_count == 0)
        return;
    json_key(writer, STR("prerequisites"));
    json_array_begin(writer);
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct prerequisite *prerequisite = &flag->prerequisites[i];
        json_object_begin(writer);
        json_member_string(writer, STR("flag"), prerequisite->flag);
        encode_texts(writer, STR("variations"), prerequisite->variations,
                     prerequisite->variation_count);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void encode_rule(struct json_writer *writer, const struct rule *rule)
{
    json_object_begin(writer);
    json_member_string(writer, STR("id"), rule->id);
    json_key(writer, STR("when"));
    expression_encode(&rule->when, writer);
    json_key(writer, STR("serve"));
    serve_encode(&rule->serve, writer);
    encode_schedule_member(writer, &rule->schedule);
    encode_optional(writer, STR("description"), rule->description);
    json_object_end(writer);
}

static void encode_flag_rules(struct json_writer *writer, const struct flag *flag)
{
    if (flag->rule_count == 0)
        return;
    json_key(writer, STR("rules"));
    json_array_begin(writer);
    for (size_t i = 0; i < flag->rule_count; i++)
        encode_rule(writer, &flag->rules[i]);
    json_array_end(writer);
}

void flag_encode(const struct flag *flag, struct buf *buf)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("id"), flag->id);
    json_member_string(&writer, STR("key"), flag->key);
    encode_name(&writer, STR("kind"), &flag_kind_names, flag->kind);
    json_member_string(&writer, STR("type"), value_type_name(flag->type));
    encode_optional(&writer, STR("name"), flag->name);
    json_member_string(&writer, STR("description"), flag->description);
    encode_texts(&writer, STR("tags"), flag->tags, flag->tag_count);
    json_member_string(&writer, STR("owner"), flag->owner);
    encode_name(&writer, STR("lifecycle"), &lifecycle_names, flag->lifecycle);
    json_member_boolean(&writer, STR("enabled"), flag->is_enabled);
    encode_true(&writer, STR("archived"), flag->is_archived);
    encode_visibility(&writer, flag->visibility);
    encode_arithmetic(&writer, &flag->arithmetic);
    if (flag->evaluation_mode != EVALUATION_REMOTE)
        encode_name(&writer, STR("evaluationMode"), &evaluation_mode_names, flag->evaluation_mode);
    encode_deployments(&writer, flag);
    encode_optional(&writer, STR("bucketBy"), flag->bucket_by);
    encode_optional(&writer, STR("bucketingUnit"), flag->bucketing_unit);
    encode_optional(&writer, STR("salt"), flag->salt);
    encode_variations(&writer, flag);
    json_member_string(&writer, STR("offVariation"), flag->off_variation);
    json_key(&writer, STR("fallthrough"));
    serve_encode(&flag->fallthrough, &writer);
    encode_prerequisites(&writer, flag);
    encode_flag_rules(&writer, flag);
    encode_schedule_member(&writer, &flag->schedule);
    encode_metadata(&writer, &flag->metadata);
    encode_experiment(&writer, &flag->experiment);
    json_object_end(&writer);
}

static void encode_segment_rules(struct json_writer *writer, const struct segment *segment)
{
    if (segment->rule_count == 0 && !segment->has_rules)
        return;
    json_key(writer, STR("rules"));
    json_array_begin(writer);
    for (size_t i = 0; i < segment->rule_count; i++)
        expression_encode(&segment->rules[i], writer);
    json_array_end(writer);
}

void segment_encode(const struct segment *segment, struct buf *buf)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("id"), segment->id);
    json_member_string(&writer, STR("key"), segment->key);
    encode_optional(&writer, STR("description"), segment->description);
    encode_visibility(&writer, segment->visibility);
    if (segment->included_count > 0 || segment->has_included)
        encode_texts(&writer, STR("included"), segment->included, segment->included_count);
    if (segment->excluded_count > 0 || segment->has_excluded)
        encode_texts(&writer, STR("excluded"), segment->excluded, segment->excluded_count);
    encode_segment_rules(&writer, segment);
    encode_schedule_member(&writer, &segment->schedule);
    json_object_end(&writer);
}

void settings_encode(const struct environment_settings *settings, struct buf *buf)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    encode_name(&writer, STR("form"), &document_form_names, settings->document_form);
    json_member_boolean(&writer, STR("hidesFlagsByDefault"), settings->hides_flags_by_default);
    encode_metadata(&writer, &settings->metadata);
    json_object_end(&writer);
}

/* ---- the same ------------------------------------------------------------------------------- */

static bool close_compared(struct buf *one, struct buf *other)
{
    bool is_same = str_equal(buf_str(one), buf_str(other));
    buf_close(one);
    buf_close(other);
    return is_same;
}

bool flag_is_same(const struct flag *a, const struct flag *b)
{
    struct buf one;
    struct buf other;
    buf_open(&one, SIZE_MAX);
    buf_open(&other, SIZE_MAX);
    flag_encode(a, &one);
    flag_encode(b, &other);
    return close_compared(&one, &other);
}

bool segment_is_same(const struct segment *a, const struct segment *b)
{
    struct buf one;
    struct buf other;
    buf_open(&one, SIZE_MAX);
    buf_open(&other, SIZE_MAX);
    segment_encode(a, &one);
    segment_encode(b, &other);
    return close_compared(&one, &other);
}
