/* SPDX-License-Identifier: Apache-2.0 */
/* random_text - flags of the text family: every operator, buckets, inclusions, cohorts, groups,
 * stickiness. Most are shaped as the management API makes them; some say what it cannot. */
#ifndef SCENARIO_RANDOM_TEXT_H
#define SCENARIO_RANDOM_TEXT_H

#include "random_typed.h"

enum { DEPLOYMENTS = 3 }; /* 1 to 3 */

/* ---- conditions ------------------------------------------------------------------------------ */

static inline struct str some_context_selector(struct dice *dice)
{
#define SELECTOR(text)                                                                             \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
    enum { NAMEABLE = 14 }; /* the first ones have a name in the management API */
    static const struct str selectors[] = {
        SELECTOR("/context/user/country"),
        SELECTOR("/context/user/version"),
        SELECTOR("/context/user/platform"),
        SELECTOR("/context/user/user_id"),
        SELECTOR("/context/user/device_id"),
        SELECTOR("/context/user/amplitude_id"),
        SELECTOR("/context/user/cohort_ids"),
        SELECTOR("/context/user/user_properties/plan"),
        SELECTOR("/context/user/user_properties/age"),
        SELECTOR("/context/user/user_properties/tags"),
        SELECTOR("/context/user/user_properties/nested"),
        SELECTOR("/context/user/user_properties/a~1b"),
        SELECTOR("/context/user/user_properties/a~0b"),
        SELECTOR("/context/user/user_properties/st\xc3\xb8rrelse"),
        SELECTOR("/context/user/user_properties/tags/0"),
        SELECTOR("/context/user/user_properties/nested/a/b"),
        SELECTOR("/context/user/user_properties"),
        SELECTOR("/context/groups/org/group_name"),
        SELECTOR("/context/groups/org/group_properties/tier"),
        SELECTOR("/context/groups/org/cohort_ids"),
        SELECTOR("/context/groups/team/group_name"),
    };
#undef SELECTOR
    return one_of(dice, selectors, dice->is_tame ? NAMEABLE : COUNT_OF(selectors));
}

/* Plain flags are called t<n>. Of others (groups, flags whose off variation has another name) only
 * the key is asked for: what else their results have differs between engines, and no API of ours
 * makes a condition of it. */
static inline bool is_plain_key(struct str key)
{
    return str_starts_with(key, STR("t"));
}

/* What a parent's result is asked for. */
static inline struct str some_result_selector(struct dice *dice, struct str parent)
{
    static const char *const members[] = {"key", "key", "value", "payload", "payload/a"};
    uint32_t choices = is_plain_key(parent) ? COUNT_OF(members) : 1;
    return arena_format(dice->arena, "/result/%.*s/%s", STR_ARG(parent),
                        members[roll(dice, choices)]);
}

static inline struct str some_text_operand(struct dice *dice, enum operator operator)
{
    static const struct str numbers[] = {{"30", 2}, {"-1.5", 4}, {"1e21", 4}, {"35.50", 5}};
    static const struct str versions[] = {{"1.10", 4}, {"1.10.0", 6}, {"1.9.0-b", 7}, {"2.0.0", 5}};
    static const struct str patterns[] = {{"^[a-z]+$", 8}, {"O$", 2},     {"^.$", 3},
                                          {"[.*+]", 5},    {"\\d{2}", 5}, {"1\\.10", 5}};
    static const struct str globs[] = {{"*", 1},  {"?", 1},   {"[!a]*", 5}, {"*.{z,0}", 7},
                                       {"n?", 2}, {"\\*", 2}, {"", 0},      {"*\xc3\x9f*", 4}};
    if (OPERATOR_TEXT_LESS <= operator&& operator<= OPERATOR_TEXT_GREATER_OR_EQUAL)
        return one_of(dice, numbers, COUNT_OF(numbers));
    if (OPERATOR_TEXT_VERSION_LESS <= operator&& operator<= OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL)
        return one_of(dice, versions, COUNT_OF(versions));
    if (operator== OPERATOR_TEXT_REGEX_MATCH || operator== OPERATOR_TEXT_REGEX_DOES_NOT_MATCH)
        return one_of(dice, patterns, COUNT_OF(patterns));
    if (operator>= OPERATOR_TEXT_GLOB_MATCH)
        return one_of(dice, globs, COUNT_OF(globs));
    return once_in(dice, 4) ? some_cohort_id(dice) : some_word(dice);
}

/* Whether the management API has a word for it. */
static inline bool has_word(struct str selector, enum operator operator)
{
    bool is_versioned = str_ends_with(selector, STR("/version"));
    if (OPERATOR_TEXT_LESS <= operator&& operator<= OPERATOR_TEXT_GREATER_OR_EQUAL)
        return !is_versioned;
    if (OPERATOR_TEXT_VERSION_LESS <= operator&& operator<= OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL)
        return is_versioned;
    return operator!= OPERATOR_TEXT_SET_CONTAINS_ANY && operator!=
        OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY &&
        operator!= OPERATOR_TEXT_REGEX_MATCH &&
        operator!= OPERATOR_TEXT_REGEX_DOES_NOT_MATCH;
}

static inline enum operator some_text_operator(struct dice *dice, struct str selector)
{
    enum operator operator= OPERATOR_TEXT_IS;
    do {
        operator=(enum operator)(OPERATOR_TEXT_IS + roll(dice, OPERATOR_COUNT - OPERATOR_TEXT_IS));
    } while (dice->is_tame && !has_word(selector, operator));
    if (str_ends_with(selector, STR("cohort_ids")) && (dice->is_tame || !once_in(dice, 3)))
        operator= once_in(dice, 3) ? OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY
                                   : OPERATOR_TEXT_SET_CONTAINS_ANY;
    return operator;
}

static inline struct expression some_text_match(struct dice *dice, struct str selector)
{
    struct expression match = {.kind = EXPRESSION_MATCH, .has_value = true, .attribute = selector};
    uint32_t count = 1 + roll(dice, 3);
    struct json *values = room_for(dice, count);
    match.operator= some_text_operator(dice, selector);
    for (uint32_t i = 0; i < count; i++)
        values[i] = json_make_string(some_text_operand(dice, match.operator));
    if (once_in(dice, 10)) {
        values[0] = json_make_string(STR("(none)"));
        count = 1;
    }
    match.value = list_of(values, count);
    return match;
}

static inline struct str some_selector(struct dice *dice, const struct flag *flag)
{
    if (flag->prerequisite_count == 0 || dice->is_tame || !once_in(dice, 5))
        return some_context_selector(dice);
    size_t parent = roll(dice, (uint32_t)flag->prerequisite_count);
    return some_result_selector(dice, flag->prerequisites[parent].flag);
}

/* All of a few matches, none of them included. */
static inline struct expression some_conjunction(struct dice *dice)
{
    struct expression all = {.kind = EXPRESSION_ALL, .child_count = roll(dice, 3)};
    all.children = ARENA_NEW_ARRAY(dice->arena, struct expression, all.child_count);
    for (size_t i = 0; i < all.child_count; i++)
        all.children[i] = some_text_match(dice, some_context_selector(dice));
    return all;
}

static inline struct expression some_text_expression(struct dice *dice, const struct flag *flag,
                                                     size_t levels_left)
{
    struct expression expression = {.kind = EXPRESSION_ALL};
    uint32_t kind = roll(dice, levels_left == 0 ? 5 : 20);
    if (dice->is_tame)
        return some_conjunction(dice);
    if (kind < 5)
        return some_text_match(dice, some_selector(dice, flag));
    if (kind > 15)
        expression.kind = EXPRESSION_ANY;
    expression.child_count = roll(dice, 3);
    if (kind == 19) { /* more than the engines elsewhere have */
        expression.kind = EXPRESSION_NOT;
        expression.child_count = 1;
    }
    expression.children = ARENA_NEW_ARRAY(dice->arena, struct expression, expression.child_count);
    for (size_t i = 0; i < expression.child_count; i++)
        expression.children[i] = some_text_expression(dice, flag, levels_left - 1);
    return expression;
}

/* ---- buckets --------------------------------------------------------------------------------- */

static inline struct slice some_slice(struct dice *dice, const struct flag *flag, uint32_t percent)
{
    static const uint32_t weights[] = {0, 0, 1, 1, 3, 33, 99, 1000000000, 7919};
    struct slice slice = {.percent = percent};
    slice.allocation_count = roll(dice, (uint32_t)flag->variation_count + 1);
    if (dice->is_tame)
        slice.allocation_count = flag->variation_count - 1; /* all but "off" */
    slice.allocations = ARENA_NEW_ARRAY(dice->arena, struct allocation, slice.allocation_count);
    for (size_t i = 0; i < slice.allocation_count; i++) {
        slice.allocations[i].variation = flag->variations[i].id;
        slice.allocations[i].weight = weights[roll(dice, COUNT_OF(weights))];
        if (!dice->is_tame && once_in(dice, 15))
            slice.allocations[i].variation = (struct str){0};
    }
    return slice;
}

static inline struct str some_bucketing(struct dice *dice)
{
    static const struct str selectors[] = {{"/context/user/user_id", 21},
                                           {"/context/user/amplitude_id", 26},
                                           {"/context/user/device_id", 23}};
    return once_in(dice, 4) ? some_context_selector(dice)
                            : one_of(dice, selectors, COUNT_OF(selectors));
}

static inline struct str maybe_variation(struct dice *dice, const struct flag *flag)
{
    uint32_t index = roll(dice, (uint32_t)flag->variation_count + 1);
    return index == flag->variation_count ? (struct str){0} : flag->variations[index].id;
}

/* Who has nothing to be bucketed by gets what everybody gets, where that is one variation: wire
 * reference, section 9.6. */
static inline struct str tame_otherwise(const struct flag *flag, const struct slice *slice)
{
    struct str only = {0};
    size_t count = 0;
    for (size_t i = 0; i < slice->allocation_count; i++) {
        if (slice->allocations[i].weight == 0 && slice->allocation_count > 1)
            continue;
        only = slice->allocations[i].variation;
        count++;
    }
    return slice->percent == SLICE_PERCENT_MAX && count == 1 ? only : flag->off_variation;
}

static inline struct serve some_bucket(struct dice *dice, const struct flag *flag)
{
    static const uint32_t percents[] = {0, 1, 25, 50, 99, 100, 100};
    struct serve serve = {.kind = SERVE_BUCKET, .bucket = {.slice_count = 1}};
    struct bucket *bucket = &serve.bucket;
    bool is_odd = !dice->is_tame && once_in(dice, 5);
    if (is_odd)
        bucket->slice_count = roll(dice, 4);
    bucket->slices = ARENA_NEW_ARRAY(dice->arena, struct slice, bucket->slice_count);
    uint32_t left = SLICE_PERCENT_MAX;
    for (size_t i = 0; i < bucket->slice_count; i++) {
        uint32_t percent = is_odd ? roll(dice, left + 1) : percents[roll(dice, COUNT_OF(percents))];
        bucket->slices[i] = some_slice(dice, flag, percent);
        left -= percent < left ? percent : left;
    }
    bucket->otherwise = is_odd ? maybe_variation(dice, flag) : flag->off_variation;
    if (once_in(dice, 6))
        bucket->bucket_by = some_bucketing(dice);
    if (dice->is_tame)
        bucket->otherwise = tame_otherwise(flag, &bucket->slices[0]);
    if (is_odd && once_in(dice, 2))
        bucket->salt = some_word(dice);
    return serve;
}

/* The ends of its slices move to where they are in another bucket. */
static inline void make_progressive(struct dice *dice, struct serve *serve)
{
    uint32_t left = SLICE_PERCENT_MAX;
    serve->kind = SERVE_PROGRESSIVE_BUCKET;
    serve->schedule = some_schedule(dice, true);
    for (size_t i = 0; i < serve->bucket.slice_count; i++) {
        uint32_t percent = roll(dice, left + 1);
        serve->bucket.slices[i].percent_to = percent;
        left -= percent;
    }
}

static inline struct serve some_text_serve(struct dice *dice, const struct flag *flag)
{
    if (dice->is_tame || !once_in(dice, 4)) {
        struct serve serve = some_bucket(dice, flag);
        if (!dice->is_tame && once_in(dice, 10))
            make_progressive(dice, &serve);
        return serve;
    }
    return (struct serve){.kind = SERVE_VARIATION, .variation = maybe_variation(dice, flag)};
}

/* ---- flags ----------------------------------------------------------------------------------- */

/* "off" is shown to nobody, so that nobody can give it a payload. */
static inline void add_variation(struct dice *dice, struct flag *flag, struct str id)
{
    struct variation *variation = &flag->variations[flag->variation_count++];
    *variation = (struct variation){.id = id, .value = json_make_string(id)};
    variation->has_payload = once_in(dice, 3) && !str_equal(id, STR("off"));
    if (variation->has_payload)
        variation->payload =
            once_in(dice, 2) ? some_nested(dice) : json_make_string(some_word(dice));
}

static inline void some_text_variations(struct dice *dice, struct flag *flag)
{
    static const struct str any[] = {{"on", 2}, {"b", 1}, {"c\"d", 3}, {"\xc3\xa9t\xc3\xa9", 5}};
    static const struct str tame[] = {{"on", 2}, {"b", 1}, {"treatment-2", 11}, {"d_4", 3}};
    const struct str *ids = dice->is_tame ? tame : any;
    size_t first = roll(dice, 2);
    size_t count = 1 + roll(dice, 3);
    flag->variations = ARENA_NEW_ARRAY(dice->arena, struct variation, COUNT_OF(any) + 1);
    for (size_t i = 0; i < count; i++)
        add_variation(dice, flag, ids[first + i]);
    bool is_odd = !is_plain_key(flag->key);
    if (!is_odd || once_in(dice, 2))
        add_variation(dice, flag, STR("off"));
    size_t off = is_odd ? roll(dice, (uint32_t)flag->variation_count) : flag->variation_count - 1;
    flag->off_variation = flag->variations[off].id;
}

static inline void add_inclusions(struct dice *dice, struct flag *flag)
{
    struct variation *variation = &flag->variations[roll(dice, (uint32_t)flag->variation_count)];
    variation->included_count = 2;
    variation->included = some_ids(dice, 2);
    if (once_in(dice, 2))
        variation->included[1] = some_device_id(dice);
    if (once_in(dice, 2)) {
        variation->cohorts = ARENA_NEW(dice->arena, struct str);
        variation->cohorts[0] = some_cohort_id(dice);
        variation->cohort_count = 1;
    }
}

static inline void some_text_rules(struct dice *dice, struct flag *flag)
{
    static const struct str names[] = {{"Nordics", 7}, {"quo\"te\n", 7}, {"", 0}};
    flag->rule_count = roll(dice, 4);
    flag->rules = ARENA_NEW_ARRAY(dice->arena, struct rule, flag->rule_count);
    for (size_t i = 0; i < flag->rule_count; i++) {
        flag->rules[i].id = arena_format(dice->arena, "segment-%zu", i + 1);
        flag->rules[i].description = one_of(dice, names, COUNT_OF(names));
        flag->rules[i].when = some_text_expression(dice, flag, 3);
        flag->rules[i].serve = some_text_serve(dice, flag);
        if (!dice->is_tame && once_in(dice, 15))
            flag->rules[i].schedule = some_schedule(dice, false);
    }
}

static inline void choose_deployments(struct dice *dice, struct flag *flag)
{
    flag->is_on_all_deployments = once_in(dice, 6);
    flag->deployments = ARENA_NEW_ARRAY(dice->arena, uint64_t, DEPLOYMENTS);
    for (uint64_t i = 1; i <= DEPLOYMENTS && !flag->is_on_all_deployments; i++) {
        if (once_in(dice, 2))
            flag->deployments[flag->deployment_count++] = i;
    }
}

static inline struct flag begin_text(struct dice *dice, struct str key)
{
    struct flag flag = {
        .id = key,
        .key = key,
        .lifecycle = LIFECYCLE_ACTIVE,
        .is_archived = once_in(dice, 12),
        .is_enabled = !once_in(dice, 6),
        .visibility = (enum visibility)roll(dice, VISIBILITY_SERVER + 1),
        .arithmetic = {once_in(dice, 6) ? FLAG_HASH_MURMUR3_32_PERCENT : FLAG_HASH_MURMUR3_32_UTF8,
                       FLAG_COMPARISON_TEXT},
        .evaluation_mode = once_in(dice, 3) ? EVALUATION_REMOTE : EVALUATION_LOCAL,
        .type = VALUE_STRING,
    };
    flag.salt = once_in(dice, 12) ? (struct str){0} : STR("Qm2ZtY8w");
    flag.bucket_by = some_bucketing(dice);
    if (!dice->is_tame && once_in(dice, 12))
        flag.bucket_by = (struct str){0};
    if (!dice->is_tame && once_in(dice, 8))
        flag.bucketing_unit = once_in(dice, 4) ? STR("a/b") : STR("org");
    return flag;
}

/* Its prerequisites are there already, so that its conditions can ask for them. */
static inline void finish_text(struct dice *dice, struct flag *flag)
{
    flag->kind = once_in(dice, 2) ? FLAG_KIND_FLAG : FLAG_KIND_EXPERIMENT;
    flag->experiment.is_sticky = flag->kind == FLAG_KIND_EXPERIMENT && once_in(dice, 2);
    some_text_variations(dice, flag);
    if (once_in(dice, 4))
        add_inclusions(dice, flag);
    flag->fallthrough = some_text_serve(dice, flag);
    some_text_rules(dice, flag);
    choose_deployments(dice, flag);
    if (!dice->is_tame && once_in(dice, 15))
        flag->schedule = some_schedule(dice, false);
}

/* A group: slots of a hundred, or who is held out. */
static inline void finish_group(struct dice *dice, struct flag *flag)
{
    bool is_mutex = once_in(dice, 2);
    flag->kind = is_mutex ? FLAG_KIND_MUTEX : FLAG_KIND_HOLDOUT;
    flag->variations = ARENA_NEW_ARRAY(dice->arena, struct variation, 4);
    add_variation(dice, flag, is_mutex ? STR("slot-1") : STR("holdout"));
    add_variation(dice, flag, is_mutex ? STR("slot-2") : STR("on"));
    if (is_mutex)
        add_variation(dice, flag, STR("unallocated"));
    add_variation(dice, flag, STR("off"));
    flag->off_variation = STR("off");
    flag->fallthrough = some_bucket(dice, flag);
    flag->fallthrough.bucket.slice_count = 1;
    flag->fallthrough.bucket.slices = ARENA_NEW(dice->arena, struct slice);
    flag->fallthrough.bucket.slices[0] = some_slice(dice, flag, SLICE_PERCENT_MAX);
}

#endif
