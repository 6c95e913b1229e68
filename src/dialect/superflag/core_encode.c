/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_encode - a state as a core document.
 *
 * Only known members are written, in the order of section 15, so that equal states have equal
 * bytes and a projection for browsers carries nothing it should not. Expressions, serves and
 * schedules are spelled by model/codec.h: the vendor's schema is where that spelling comes from.
 */
#include "dialect/superflag/document.h"
#include "dialect/superflag/fragment.h"
#include "dialect/superflag/projection.h"
#include "model/codec.h"
#include "model/names.h"

enum { PROJECTION_CHUNK_BYTES = 4096 };

static void append_variations(struct json_writer *writer, const struct flag *flag)
{
    json_key(writer, STR("variations"));
    json_object_begin(writer);
    for (size_t i = 0; i < flag->variation_count; i++) {
        const struct variation *variation = &flag->variations[i];
        json_key(writer, variation->id);
        json_object_begin(writer);
        json_member_tree(writer, STR("value"), &variation->value);
        superflag_append_optional(writer, STR("name"), variation->name);
        superflag_append_optional(writer, STR("description"), variation->description);
        json_object_end(writer);
    }
    json_object_end(writer);
}

static void append_prerequisites(struct json_writer *writer, const struct flag *flag)
{
    if (flag->prerequisite_count == 0)
        return;
    json_key(writer, STR("prerequisites"));
    json_array_begin(writer);
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct prerequisite *prerequisite = &flag->prerequisites[i];
        json_object_begin(writer);
        json_member_string(writer, STR("flag"), prerequisite->flag);
        superflag_append_texts(writer, STR("variations"), prerequisite->variations,
                               prerequisite->variation_count);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void append_rules(struct json_writer *writer, const struct flag *flag)
{
    if (flag->rule_count == 0)
        return;
    json_key(writer, STR("rules"));
    json_array_begin(writer);
    for (size_t i = 0; i < flag->rule_count; i++) {
        const struct rule *rule = &flag->rules[i];
        json_object_begin(writer);
        json_member_string(writer, STR("id"), rule->id);
        json_key(writer, STR("when"));
        expression_encode(&rule->when, writer);
        json_key(writer, STR("serve"));
        serve_encode(&rule->serve, writer);
        superflag_append_schedule(writer, STR("schedule"), &rule->schedule);
        superflag_append_optional(writer, STR("description"), rule->description);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void superflag_append_core_flag(struct json_writer *writer,
                                       const struct environment_state *state,
                                       const struct flag *flag, bool include_metadata,
                                       bool is_hybrid)
{
    bool is_client = flag_is_client_visible(flag, &state->settings);
    json_object_begin(writer);
    json_member_string(writer, STR("type"), value_type_name(flag->type));
    json_member_string(writer, STR("description"), flag->description);
    superflag_append_texts(writer, STR("tags"), flag->tags, flag->tag_count);
    json_member_string(writer, STR("owner"), flag->owner);
    json_member_string(writer, STR("lifecycle"), name_at(&lifecycle_names, flag->lifecycle));
    json_member_boolean(writer, STR("enabled"), flag->is_enabled);
    append_variations(writer, flag);
    json_member_string(writer, STR("offVariation"), flag->off_variation);
    json_key(writer, STR("fallthrough"));
    serve_encode(&flag->fallthrough, writer);
    append_prerequisites(writer, flag);
    append_rules(writer, flag);
    superflag_append_schedule(writer, STR("schedule"), &flag->schedule);
    json_member_string(writer, STR("visibility"), is_client ? STR("client") : STR("server"));
    if (include_metadata && flag->metadata.type == JSON_OBJECT)
        json_member_tree(writer, STR("metadata"), &flag->metadata);
    if (is_hybrid)
        superflag_append_old_reading(writer, flag);
    json_object_end(writer);
}

static void append_segment(struct json_writer *writer, const struct segment *segment)
{
    json_object_begin(writer);
    if (segment->has_included || segment->included_count > 0)
        superflag_append_texts(writer, STR("included"), segment->included, segment->included_count);
    if (segment->has_excluded || segment->excluded_count > 0)
        superflag_append_texts(writer, STR("excluded"), segment->excluded, segment->excluded_count);
    if (segment->has_rules || segment->rule_count > 0) {
        json_key(writer, STR("rules"));
        json_array_begin(writer);
        for (size_t i = 0; i < segment->rule_count; i++)
            expression_encode(&segment->rules[i], writer);
        json_array_end(writer);
    }
    superflag_append_schedule(writer, STR("schedule"), &segment->schedule);
    if (segment->visibility != VISIBILITY_UNSET)
        json_member_string(writer, STR("visibility"),
                           name_at(&visibility_names, segment->visibility - VISIBILITY_CLIENT));
    superflag_append_optional(writer, STR("description"), segment->description);
    json_object_end(writer);
}

static bool is_segment_served(const struct segment *segment, enum superflag_audience audience)
{
    return audience == SUPERFLAG_SERVER || segment->visibility == VISIBILITY_CLIENT;
}

static void append_segments(struct json_writer *writer, const struct environment_state *state,
                            enum superflag_audience audience)
{
    bool has_any = false;
    for (size_t i = 0; i < state->segment_count; i++)
        has_any = has_any || is_segment_served(state->segments[i], audience);
    if (!has_any)
        return;
    json_key(writer, STR("segments"));
    json_object_begin(writer);
    for (size_t i = 0; i < state->segment_count; i++) {
        if (!is_segment_served(state->segments[i], audience))
            continue;
        json_key(writer, state->segments[i]->key);
        append_segment(writer, state->segments[i]);
    }
    json_object_end(writer);
}

static void append_empty_object(struct json_writer *writer, struct str key)
{
    json_key(writer, key);
    json_object_begin(writer);
    json_object_end(writer);
}

static bool is_flag_served(const struct environment_state *state, const struct flag *flag,
                           enum superflag_audience audience)
{
    return audience == SUPERFLAG_SERVER || flag_is_client_visible(flag, &state->settings);
}

void superflag_append_projection(struct buf *buf, const struct environment_state *state,
                                 enum superflag_audience audience, bool include_metadata,
                                 bool is_hybrid)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_member_u64(&writer, STR("schemaVersion"), 1);
    superflag_append_source(&writer, state);
    json_member_u64(&writer, STR("configVersion"), state->version);
    json_key(&writer, STR("flags"));
    json_object_begin(&writer);
    for (size_t i = 0; i < state->flag_count; i++) {
        if (!is_flag_served(state, state->flags[i], audience))
            continue;
        json_key(&writer, state->flags[i]->key);
        superflag_append_core_flag(&writer, state, state->flags[i], include_metadata, is_hybrid);
    }
    json_object_end(&writer);
    append_segments(&writer, state, audience);
    if (include_metadata && state->settings.metadata.type == JSON_OBJECT)
        json_member_tree(&writer, STR("metadata"), &state->settings.metadata);
    if (is_hybrid) {
        append_empty_object(&writer, STR("overrides"));
        append_empty_object(&writer, STR("rules"));
    }
    json_object_end(&writer);
}

void superflag_append_core_document(struct buf *buf, const struct environment_state *state,
                                    enum superflag_audience audience, bool include_metadata,
                                    bool is_hybrid)
{
    struct arena arena;
    arena_open(&arena, PROJECTION_CHUNK_BYTES);
    struct environment_state projected = superflag_project(&arena, state, audience);
    superflag_append_projection(buf, &projected, audience, include_metadata, is_hybrid);
    arena_close(&arena);
}

static void append_legacy(struct buf *buf, const struct environment_state *state,
                          enum superflag_audience audience)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_key(&writer, STR("flags"));
    json_object_begin(&writer);
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct flag *flag = state->flags[i];
        if (!is_flag_served(state, flag, audience) || !superflag_read_as_old(flag).is_exact)
            continue;
        json_key(&writer, flag->key);
        if (superflag_is_legacy(flag)) {
            superflag_append_legacy_flag(&writer, flag, false);
            continue;
        }
        json_object_begin(&writer);
        json_member_string(&writer, STR("type"), superflag_legacy_type_name(flag->type));
        superflag_append_old_reading(&writer, flag);
        json_object_end(&writer);
    }
    json_object_end(&writer);
    append_empty_object(&writer, STR("overrides"));
    append_empty_object(&writer, STR("rules"));
    json_object_end(&writer);
}

void superflag_append_legacy_document(struct buf *buf, const struct environment_state *state,
                                      enum superflag_audience audience)
{
    struct arena arena;
    arena_open(&arena, PROJECTION_CHUNK_BYTES);
    struct environment_state projected = superflag_project(&arena, state, audience);
    append_legacy(buf, &projected, audience);
    arena_close(&arena);
}
