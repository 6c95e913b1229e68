/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_decode - a core document that validated, as the nouns of the model.
 *
 * Everything here runs behind superflag_validate, so shapes are asserted, not reported. Unknown
 * members are ignored at every level, as the schema says.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/instant.h"
#include "dialect/superflag/document.h"
#include "dialect/superflag/property.h"
#include "dialect/superflag/validate.h"
#include "model/names.h"

static size_t count_of(const struct json *array)
{
    return array == NULL ? 0 : array->count;
}

static struct str *decode_texts(struct arena *arena, const struct json *array)
{
    struct str *texts = ARENA_NEW_ARRAY(arena, struct str, count_of(array));
    for (size_t i = 0; i < count_of(array); i++)
        texts[i] = array->elements[i].string;
    return texts;
}

static struct schedule decode_schedule(const struct json *json)
{
    struct schedule schedule = {0};
    if (json == NULL)
        return schedule;
    schedule.start = property_text(json, STR("start"));
    schedule.end = property_text(json, STR("end"));
    if (!str_is_absent(schedule.start) && !instant_parse(schedule.start, &schedule.start_ms))
        assert(false);
    if (!str_is_absent(schedule.end) && !instant_parse(schedule.end, &schedule.end_ms))
        assert(false);
    return schedule;
}

static enum visibility decode_visibility(const struct json *object, enum visibility absent)
{
    const struct json *visibility = property_find(object, STR("visibility"));
    if (visibility == NULL)
        return absent;
    return str_equal(visibility->string, STR("client")) ? VISIBILITY_CLIENT : VISIBILITY_SERVER;
}

static struct json decode_metadata(const struct json *object)
{
    const struct json *metadata = property_find(object, STR("metadata"));
    return metadata == NULL ? json_make_null() : *metadata;
}

/* ---- serves ----------------------------------------------------------------------------- */

static struct split decode_split(struct arena *arena, const struct json *rollout)
{
    const struct json *list = property_find(rollout, STR("variations"));
    assert(list != NULL);
    struct split split = {
        .allocations = ARENA_NEW_ARRAY(arena, struct allocation, list->count),
        .allocation_count = list->count,
        .bucket_by = property_text(rollout, STR("bucketBy")),
        .salt = property_text(rollout, STR("salt")),
    };
    for (size_t i = 0; i < list->count; i++) {
        const struct json *weight = property_find(&list->elements[i], STR("weight"));
        assert(weight != NULL);
        assert(weight->number <= SPLIT_WEIGHT_TOTAL);
        split.allocations[i].variation = property_text(&list->elements[i], STR("variation"));
        split.allocations[i].weight = (uint32_t)weight->number;
    }
    return split;
}

static struct serve decode_serve(struct arena *arena, const struct json *json)
{
    const struct json *rollout = property_find(json, STR("rollout"));
    const struct json *progressive = property_find(json, STR("progressive"));
    if (rollout != NULL)
        return (struct serve){.kind = SERVE_SPLIT, .split = decode_split(arena, rollout)};
    if (progressive != NULL)
        return (struct serve){
            .kind = SERVE_PROGRESSIVE,
            .split = decode_split(arena, property_find(progressive, STR("from"))),
            .to = decode_split(arena, property_find(progressive, STR("to"))),
            .schedule = decode_schedule(progressive),
        };
    return (struct serve){.kind = SERVE_VARIATION,
                          .variation = property_text(json, STR("variation"))};
}

/* ---- expressions ------------------------------------------------------------------------ */

static struct expression decode_expression(struct arena *arena, const struct json *json,
                                           size_t levels_left);

static void decode_children(struct arena *arena, const struct json *list,
                            struct expression *expression, size_t levels_left)
{
    expression->child_count = count_of(list);
    expression->children = ARENA_NEW_ARRAY(arena, struct expression, expression->child_count);
    for (size_t i = 0; i < expression->child_count; i++)
        expression->children[i] = decode_expression(arena, &list->elements[i], levels_left);
}

static struct expression decode_match(const struct json *json)
{
    struct expression match = {.kind = EXPRESSION_MATCH,
                               .attribute = property_text(json, STR("attribute"))};
    if (!operator_parse(property_text(json, STR("operator")), &match.operator))
        assert(false);
    const struct json *value = property_find(json, STR("value"));
    match.has_value = value != NULL;
    match.value = value == NULL ? json_make_null() : *value;
    return match;
}

static struct expression decode_expression(struct arena *arena, const struct json *json,
                                           size_t levels_left)
{
    assert(levels_left > 0);
    struct str op = property_text(json, STR("op"));
    struct expression expression = {0};
    if (str_equal(op, STR("match")))
        return decode_match(json);
    if (str_equal(op, STR("segment"))) {
        expression.kind = EXPRESSION_SEGMENT;
        expression.segment = property_text(json, STR("segment"));
        expression.is_negated = json_is_truthy(property_find(json, STR("negate")));
        return expression;
    }
    if (str_equal(op, STR("not"))) {
        expression.kind = EXPRESSION_NOT;
        expression.child_count = 1;
        expression.children = ARENA_NEW(arena, struct expression);
        const struct json *child = property_find(json, STR("expression"));
        expression.children[0] = decode_expression(arena, child, levels_left - 1);
        return expression;
    }
    bool is_all = str_equal(op, STR("all"));
    assert(is_all || str_equal(op, STR("any")));
    expression.kind = is_all ? EXPRESSION_ALL : EXPRESSION_ANY;
    decode_children(arena, property_find(json, STR("expressions")), &expression, levels_left - 1);
    return expression;
}

struct expression superflag_decode_expression(struct arena *arena, const struct json *json)
{
    return decode_expression(arena, json, EXPRESSION_NESTING_MAX);
}

/* ---- flags and segments ----------------------------------------------------------------- */

static void decode_variations(struct arena *arena, const struct json *object, struct flag *flag)
{
    const struct json_member **order = property_order(arena, object);
    flag->variation_count = object->count;
    flag->variations = ARENA_NEW_ARRAY(arena, struct variation, object->count);
    for (size_t i = 0; i < object->count; i++) {
        const struct json *value = property_find(&order[i]->value, STR("value"));
        assert(value != NULL);
        flag->variations[i] = (struct variation){
            .id = order[i]->key,
            .value = *value,
            .name = property_text(&order[i]->value, STR("name")),
            .description = property_text(&order[i]->value, STR("description")),
        };
    }
}

static void decode_prerequisites(struct arena *arena, const struct json *list, struct flag *flag)
{
    flag->prerequisite_count = count_of(list);
    flag->prerequisites = ARENA_NEW_ARRAY(arena, struct prerequisite, flag->prerequisite_count);
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct json *variations = property_find(&list->elements[i], STR("variations"));
        flag->prerequisites[i] = (struct prerequisite){
            .flag = property_text(&list->elements[i], STR("flag")),
            .variations = decode_texts(arena, variations),
            .variation_count = count_of(variations),
        };
    }
}

static void decode_rules(struct arena *arena, const struct json *list, struct flag *flag)
{
    flag->rule_count = count_of(list);
    flag->rules = ARENA_NEW_ARRAY(arena, struct rule, flag->rule_count);
    for (size_t i = 0; i < flag->rule_count; i++) {
        const struct json *rule = &list->elements[i];
        flag->rules[i] = (struct rule){
            .id = property_text(rule, STR("id")),
            .description = property_text(rule, STR("description")),
            .when = superflag_decode_expression(arena, property_find(rule, STR("when"))),
            .serve = decode_serve(arena, property_find(rule, STR("serve"))),
            .schedule = decode_schedule(property_find(rule, STR("schedule"))),
        };
    }
}

static enum lifecycle decode_lifecycle(struct str name)
{
    int found = name_find(&lifecycle_names, name);
    assert(found >= 0);
    return (enum lifecycle)found;
}

static struct flag decode_flag(struct arena *arena, struct str key, const struct json *json)
{
    const struct json *tags = property_find(json, STR("tags"));
    struct flag flag = {
        .key = key,
        .kind = FLAG_KIND_FLAG,
        .description = property_text(json, STR("description")),
        .owner = property_text(json, STR("owner")),
        .tags = decode_texts(arena, tags),
        .tag_count = count_of(tags),
        .lifecycle = decode_lifecycle(property_text(json, STR("lifecycle"))),
        .is_enabled = property_find(json, STR("enabled"))->boolean,
        .visibility = decode_visibility(json, VISIBILITY_SERVER),
        .arithmetic = {FLAG_HASH_FNV1A_32_UTF16, FLAG_COMPARISON_TYPED},
        .is_on_all_deployments = true,
        .off_variation = property_text(json, STR("offVariation")),
        .fallthrough = decode_serve(arena, property_find(json, STR("fallthrough"))),
        .schedule = decode_schedule(property_find(json, STR("schedule"))),
        .metadata = decode_metadata(json),
    };
    if (!value_type_parse(property_text(json, STR("type")), &flag.type))
        assert(false);
    decode_variations(arena, property_find(json, STR("variations")), &flag);
    decode_prerequisites(arena, property_find(json, STR("prerequisites")), &flag);
    decode_rules(arena, property_find(json, STR("rules")), &flag);
    return flag;
}

static struct segment decode_segment(struct arena *arena, struct str key, const struct json *json)
{
    const struct json *included = property_find(json, STR("included"));
    const struct json *excluded = property_find(json, STR("excluded"));
    const struct json *rules = property_find(json, STR("rules"));
    struct segment segment = {
        .key = key,
        .description = property_text(json, STR("description")),
        .visibility = decode_visibility(json, VISIBILITY_UNSET),
        .included = decode_texts(arena, included),
        .included_count = count_of(included),
        .excluded = decode_texts(arena, excluded),
        .excluded_count = count_of(excluded),
        .rules = ARENA_NEW_ARRAY(arena, struct expression, count_of(rules)),
        .rule_count = count_of(rules),
        .schedule = decode_schedule(property_find(json, STR("schedule"))),
        .has_included = included != NULL,
        .has_excluded = excluded != NULL,
        .has_rules = rules != NULL,
    };
    for (size_t i = 0; i < segment.rule_count; i++)
        segment.rules[i] = superflag_decode_expression(arena, &rules->elements[i]);
    return segment;
}

/* ---- documents -------------------------------------------------------------------------- */

static void decode_members(struct arena *arena, const struct json *json,
                           struct superflag_document *document)
{
    const struct json *flags = property_find(json, STR("flags"));
    const struct json *segments = property_find(json, STR("segments"));
    const struct json_member **order = property_order(arena, flags);
    document->flag_count = flags->count;
    document->flags = ARENA_NEW_ARRAY(arena, struct flag, flags->count);
    for (size_t i = 0; i < flags->count; i++)
        document->flags[i] = decode_flag(arena, order[i]->key, &order[i]->value);
    if (segments == NULL)
        return;
    order = property_order(arena, segments);
    document->segment_count = segments->count;
    document->segments = ARENA_NEW_ARRAY(arena, struct segment, segments->count);
    for (size_t i = 0; i < segments->count; i++)
        document->segments[i] = decode_segment(arena, order[i]->key, &order[i]->value);
}

struct fault superflag_decode_document(struct arena *arena, const struct json *json,
                                       struct superflag_document *document)
{
    *document = (struct superflag_document){0};
    struct issue *issues = NULL;
    if (superflag_validate(arena, json, &issues) > 0)
        return fault_make(FAULT_INVALID, issues[0].path, issues[0].message);

    const struct json *source = property_find(json, STR("source"));
    document->app = property_text(source, STR("app"));
    document->environment = property_text(source, STR("environment"));
    document->config_version = (uint64_t)property_find(json, STR("configVersion"))->number;
    document->settings.metadata = decode_metadata(json);
    decode_members(arena, json, document);
    return fault_none();
}

struct environment_state superflag_document_state(struct arena *arena,
                                                  const struct superflag_document *document)
{
    size_t flag_count = document->flag_count;
    size_t segment_count = document->segment_count;
    const struct flag **flags = ARENA_NEW_ARRAY(arena, const struct flag *, flag_count);
    const struct segment **segments = ARENA_NEW_ARRAY(arena, const struct segment *, segment_count);
    for (size_t i = 0; i < flag_count; i++)
        flags[i] = &document->flags[i];
    for (size_t i = 0; i < segment_count; i++)
        segments[i] = &document->segments[i];
    environment_sort_flags(flags, flag_count);
    environment_sort_segments(segments, segment_count);
    return (struct environment_state){
        .app_id = document->app,
        .name = document->environment,
        .version = document->config_version,
        .settings = document->settings,
        .flags = flags,
        .flag_count = flag_count,
        .segments = segments,
        .segment_count = segment_count,
    };
}
