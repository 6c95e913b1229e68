/* SPDX-License-Identifier: Apache-2.0 */
/* random_typed - flags and segments of the typed family: every operator, splits, ramps,
 * prerequisites, segments, schedules, visibility. Most pass the checks; the others are not kept. */
#ifndef SCENARIO_RANDOM_TYPED_H
#define SCENARIO_RANDOM_TYPED_H

#include "base/instant.h"
#include "model/flag.h"
#include "random_people.h"

static const int64_t world_now_ms = 1930815000000;

static inline void some_instant(struct dice *dice, int64_t from_ms, struct str *text, int64_t *ms)
{
    char *written = arena_allocate(dice->arena, INSTANT_TEXT_BYTES);
    *ms = from_ms + (int64_t)roll(dice, 20) * 3600000;
    instant_format(*ms, written);
    *text = str_of(written);
}

/* Now is before, in or behind it. */
static inline struct schedule some_schedule(struct dice *dice, bool is_closed)
{
    struct schedule schedule = {0};
    int64_t middle_ms = world_now_ms + ((int64_t)roll(dice, 3) - 1) * 10 * 3600000;
    if (is_closed || once_in(dice, 2))
        some_instant(dice, middle_ms - 21 * 3600000, &schedule.start, &schedule.start_ms);
    if (is_closed || once_in(dice, 2))
        some_instant(dice, middle_ms, &schedule.end, &schedule.end_ms);
    return schedule;
}

static inline struct schedule seldom_schedule(struct dice *dice)
{
    return once_in(dice, 8) ? some_schedule(dice, false) : (struct schedule){0};
}

/* Mostly now, else before, in or behind what is scheduled. */
static inline int64_t some_moment(struct dice *dice)
{
    if (once_in(dice, 2))
        return world_now_ms;
    return world_now_ms + ((int64_t)roll(dice, 81) - 40) * 3600000 + (int64_t)roll(dice, 3) - 1;
}

/* ---- expressions ----------------------------------------------------------------------------- */

static inline struct str some_path(struct dice *dice)
{
    static const struct str paths[] = {{"country", 7},
                                       {"version", 7},
                                       {"plan", 4},
                                       {"age", 3},
                                       {"beta", 4},
                                       {"tags", 4},
                                       {"nested.a.b", 10},
                                       {"nested", 6},
                                       {"nested.1", 8},
                                       {"targetingKey", 12},
                                       {"device_id", 9},
                                       {"attributes.plan", 15},
                                       {"user_id", 7},
                                       {"st\xc3\xb8rrelse", 9},
                                       {"cohort_ids", 10},
                                       {"user_properties.age", 19},
                                       {"2", 1}};
    return one_of(dice, paths, COUNT_OF(paths));
}

static inline struct json some_typed_operand(struct dice *dice, enum operator operator)
{
    static const struct str patterns[] = {{"^[a-z]+$", 8}, {"O$", 2},     {"^.$", 3},
                                          {"1\\.10", 5},   {"\\d{2}", 5}, {"(", 1}};
    static const struct str instants[] = {{"2031-03-10T00:00:00Z", 20}, {"2031-03-10", 10}};
    if (OPERATOR_MATCHES == operator)
        return json_make_string(one_of(dice, patterns, COUNT_OF(patterns)));
    if (OPERATOR_GT <= operator&& operator<= OPERATOR_LTE)
        return json_make_number(one_number(dice));
    if (operator== OPERATOR_BEFORE || operator== OPERATOR_AFTER)
        return json_make_string(one_of(dice, instants, COUNT_OF(instants)));
    bool is_list = operator== OPERATOR_IN || operator== OPERATOR_NOT_IN || once_in(dice, 10);
    return is_list ? some_list(dice) : some_scalar(dice);
}

static inline struct expression some_typed_match(struct dice *dice)
{
    struct expression match = {.kind = EXPRESSION_MATCH, .attribute = some_path(dice)};
    match.operator=(enum operator) roll(dice, OPERATOR_TEXT_IS);
    match.has_value = OPERATOR_EXISTS != match.operator;
    match.value = match.has_value ? some_typed_operand(dice, match.operator) : json_make_null();
    return match;
}

static inline struct str some_segment_key(struct dice *dice)
{
    static const struct str keys[] = {{"s-a", 3}, {"s-b", 3}, {"s-c", 3}};
    return one_of(dice, keys, COUNT_OF(keys));
}

static inline struct expression some_typed_expression(struct dice *dice, size_t levels_left)
{
    struct expression expression = {.kind = EXPRESSION_SEGMENT};
    uint32_t kind = roll(dice, levels_left == 0 ? 6 : 10);
    if (kind < 5)
        return some_typed_match(dice);
    if (kind == 5) {
        expression.segment = some_segment_key(dice);
        expression.is_negated = once_in(dice, 3);
        return expression;
    }
    expression.kind = kind < 8 ? EXPRESSION_ALL : EXPRESSION_ANY;
    expression.child_count = roll(dice, 4);
    if (kind == 9) {
        expression.kind = EXPRESSION_NOT;
        expression.child_count = 1;
    }
    expression.children = ARENA_NEW_ARRAY(dice->arena, struct expression, expression.child_count);
    for (size_t i = 0; i < expression.child_count; i++)
        expression.children[i] = some_typed_expression(dice, levels_left - 1);
    return expression;
}

/* ---- serves ---------------------------------------------------------------------------------- */

static inline struct split some_split(struct dice *dice, const struct flag *flag)
{
    struct split split = {.allocation_count = flag->variation_count};
    split.allocations = ARENA_NEW_ARRAY(dice->arena, struct allocation, flag->variation_count);
    uint32_t left = SPLIT_WEIGHT_TOTAL;
    bool deals_all = !once_in(dice, 3);
    for (size_t i = 0; i < flag->variation_count; i++) {
        bool is_last = i + 1 == flag->variation_count;
        uint32_t weight = is_last && deals_all ? left : roll(dice, left + 1);
        split.allocations[i] = (struct allocation){flag->variations[i].id, weight};
        left -= weight;
    }
    if (once_in(dice, 3))
        split.bucket_by = some_path(dice);
    if (!once_in(dice, 3))
        split.salt = once_in(dice, 2) ? STR("legacy") : some_word(dice);
    return split;
}

static inline struct serve some_typed_serve(struct dice *dice, const struct flag *flag)
{
    struct serve serve = {.kind = (enum serve_kind)roll(dice, 3)};
    if (serve.kind == SERVE_VARIATION)
        serve.variation = flag->variations[roll(dice, (uint32_t)flag->variation_count)].id;
    else
        serve.split = some_split(dice, flag);
    if (serve.kind == SERVE_PROGRESSIVE) {
        serve.to = some_split(dice, flag);
        serve.to.salt = serve.split.salt;
        serve.to.bucket_by = serve.split.bucket_by;
        serve.schedule = some_schedule(dice, true);
    }
    return serve;
}

/* ---- flags ----------------------------------------------------------------------------------- */

static inline struct json some_value_of(struct dice *dice, enum value_type type)
{
    switch (type) {
    case VALUE_BOOLEAN:
        return json_make_boolean(once_in(dice, 2));
    case VALUE_STRING:
        return json_make_string(some_word(dice));
    case VALUE_NUMBER:
        return json_make_number(one_number(dice));
    case VALUE_OBJECT:
        break;
    }
    return once_in(dice, 2) ? some_nested(dice) : some_list(dice);
}

static inline void some_typed_variations(struct dice *dice, struct flag *flag)
{
    static const struct str ids[] = {
        {"on", 2}, {"off", 3}, {"b", 1}, {"10", 2}, {"\xc3\xa9t\xc3\xa9", 5}};
    size_t first = roll(dice, 3);
    flag->variation_count = 1 + roll(dice, 3);
    flag->variations = ARENA_NEW_ARRAY(dice->arena, struct variation, flag->variation_count);
    for (size_t i = 0; i < flag->variation_count; i++) {
        flag->variations[i].id = ids[first + i];
        flag->variations[i].value = some_value_of(dice, flag->type);
    }
    flag->off_variation = flag->variations[roll(dice, (uint32_t)flag->variation_count)].id;
}

static inline void some_typed_rules(struct dice *dice, struct flag *flag)
{
    flag->rule_count = roll(dice, 4);
    flag->rules = ARENA_NEW_ARRAY(dice->arena, struct rule, flag->rule_count);
    for (size_t i = 0; i < flag->rule_count; i++) {
        flag->rules[i].id = arena_format(dice->arena, "r%zu", i);
        flag->rules[i].when = some_typed_expression(dice, 3);
        flag->rules[i].serve = some_typed_serve(dice, flag);
        flag->rules[i].schedule = seldom_schedule(dice);
    }
}

/* Now and then another system's. */
static inline enum flag_hash some_typed_hash(struct dice *dice)
{
    static const enum flag_hash hashes[] = {FLAG_HASH_SHA1_60, FLAG_HASH_MURMUR3_32_SCALED,
                                            FLAG_HASH_FNV1A_32_MODULO};
    return once_in(dice, 6) ? hashes[roll(dice, COUNT_OF(hashes))] : FLAG_HASH_FNV1A_32_UTF16;
}

static inline struct flag begin_typed(struct dice *dice, struct str key)
{
    return (struct flag){
        .id = key,
        .key = key,
        .description = once_in(dice, 6) ? STR(" ") : STR("d"),
        .owner = once_in(dice, 6) ? (struct str){0} : STR("o"),
        .lifecycle = LIFECYCLE_ACTIVE,
        .is_archived = once_in(dice, 12),
        .is_enabled = !once_in(dice, 6),
        .visibility = (enum visibility)roll(dice, VISIBILITY_SERVER + 1),
        .arithmetic = {some_typed_hash(dice), FLAG_COMPARISON_TYPED},
        .is_on_all_deployments = true,
        .type = (enum value_type)roll(dice, VALUE_TYPE_COUNT),
    };
}

static inline struct flag some_typed_flag(struct dice *dice, struct str key)
{
    struct flag flag = begin_typed(dice, key);
    some_typed_variations(dice, &flag);
    flag.fallthrough = some_typed_serve(dice, &flag);
    some_typed_rules(dice, &flag);
    flag.schedule = seldom_schedule(dice);
    return flag;
}

/* One of the three shapes that the old documents know (superflag-api.md 11). */
static inline struct flag some_old_flag(struct dice *dice, struct str key)
{
    struct flag flag = begin_typed(dice, key);
    uint32_t shape = roll(dice, 3);
    flag.arithmetic.hash = FLAG_HASH_FNV1A_32_UTF16;
    static const struct str names[][2] = {{{"default", 7}, {"default", 7}},
                                          {{"on", 2}, {"off", 3}},
                                          {{"variant-0", 9}, {"variant-1", 9}}};
    flag.is_enabled = true;
    flag.type = VALUE_BOOLEAN;
    flag.variation_count = shape == 0 ? 1 : 2;
    flag.variations = ARENA_NEW_ARRAY(dice->arena, struct variation, 2);
    for (size_t i = 0; i < 2; i++) {
        flag.variations[i].id = names[shape][i];
        flag.variations[i].value = json_make_boolean(i == 0);
    }
    flag.off_variation = names[shape][shape == 1];
    flag.fallthrough = (struct serve){.kind = SERVE_VARIATION, .variation = names[shape][0]};
    if (shape == 0)
        return flag;
    flag.fallthrough.kind = SERVE_SPLIT;
    flag.fallthrough.split = some_split(dice, &flag);
    struct split *split = &flag.fallthrough.split;
    split->salt = STR("legacy");
    split->bucket_by = (struct str){0};
    split->allocations[1].weight = SPLIT_WEIGHT_TOTAL - split->allocations[0].weight;
    return flag;
}

/* ---- segments -------------------------------------------------------------------------------- */

static inline struct str *some_ids(struct dice *dice, size_t count)
{
    struct str *ids = ARENA_NEW_ARRAY(dice->arena, struct str, count);
    for (size_t i = 0; i < count; i++)
        ids[i] = some_user_id(dice);
    return ids;
}

static inline struct segment some_segment(struct dice *dice, struct str key)
{
    struct segment segment = {.id = key, .key = key};
    segment.visibility = (enum visibility)roll(dice, VISIBILITY_SERVER + 1);
    segment.included_count = roll(dice, 2);
    segment.included = some_ids(dice, segment.included_count);
    segment.excluded_count = roll(dice, 2);
    segment.excluded = some_ids(dice, segment.excluded_count);
    segment.rule_count = roll(dice, 3);
    segment.rules = ARENA_NEW_ARRAY(dice->arena, struct expression, segment.rule_count);
    for (size_t i = 0; i < segment.rule_count; i++)
        segment.rules[i] = some_typed_expression(dice, 2);
    segment.schedule = seldom_schedule(dice);
    return segment;
}

#endif
