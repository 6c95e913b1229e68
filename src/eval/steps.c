/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The prices, in steps of 2.5 ns, as measured:
 *
 *     equality          one for each scalar in the expected value and for each piece of a text of
 *                       TEXT_BYTES_PER_STEP; members of an object are looked up, so n of them
 *                       count n times n more
 *     in, notIn         one for each text up to TEXT_SET_FEW_MAX, HASHED_STEPS for a table of
 *                       more; what is not a text counts as equality
 *     contains          CONTAINS_STEPS: 0.2 to 0.3 us on 2 KiB of prose, 20 ns on a mail address.
 *                       The library is slower in searching for 2 to 4 bytes: 0.5 to 1.1 us,
 *                       CONTAINS_SHORT_STEPS
 *     dates, versions   DATE_STEPS, VERSION_STEPS: they are parsed
 *     matches           by how far it reads (pattern_profile): GLANCE_STEPS, READ_STEPS; a search
 *                       begins anew at every character, which takes 2.5 to 3 us on 2 KiB of prose
 *                       and 0.1 us on a mail address: SEARCH_STEPS, and BEGINNING_STEPS for every
 *                       alternative it may begin with but the first. Not the limit it would be
 *                       stopped at: pattern_check keeps ordinary texts far from that
 *     an attribute      LOOKUP_STEPS for each part of each distinct path; a selector VIEW_STEPS
 * more segment           REFERENCE_STEPS, and so each prerequisite: each is decided once however
 *                       often it is asked; ruleset_check_environment adds what they cost
 *     a split           HASH_STEPS and one for each of its shares, two when it is progressive;
 *                       SHA1_STEPS more by sha1_60
 *     everything else   one
 *
 * And of the text family:
 *
 *     is, set …         as `in`; a list takes SET_STEPS beside
 *     contains          CONTAINS_STEPS for each value, and LOWER_STEPS once for each attribute
 *     versions          VERSION_STEPS: the subject's is parsed; numbers are parsed once
 *     regex, glob       as `matches`, for each value
 *     cohorts           HASHED_STEPS for each that may be stored
 *     inclusions        two tables for each variation that has any
 *     a bucket          HASH_STEPS and one for each slice and each share of the longest;
 *                       MOVING_STEPS more for each slice when it is progressive
 */
#include "eval/steps.h"

#include <assert.h>

#include "base/map.h"
#include "eval/compile.h"
#include "model/limits.h"

enum {
    TEXT_BYTES_PER_STEP = 128,
    HASHED_STEPS = 8,
    CONTAINS_STEPS = 100,
    CONTAINS_SHORT_STEPS = 400,
    DATE_STEPS = 24,
    VERSION_STEPS = 8,
    GLANCE_STEPS = 40,
    READ_STEPS = 400,
    SEARCH_STEPS = 1200,
    BEGINNING_STEPS = 250,
    LOOKUP_STEPS = 8,
    REFERENCE_STEPS = 8,
    HASH_STEPS = 8,
    SHA1_STEPS = 128,
    SET_STEPS = 64,
    LOWER_STEPS = 1600,
    NUMBER_STEPS = 32,
    VIEW_STEPS = 24,
    MOVING_STEPS = 4,
};
static_assert(LOWER_STEPS + NUMBER_STEPS == SHARED_STEPS, "what is made once of an attribute");

struct count {
    struct arena *arena;
    struct map paths;   /* of attributes, seen so far */
    struct map lowered; /* selectors whose texts are put into lower case */
    struct map numbers; /* selectors whose texts are read as numbers */
    size_t steps;
    size_t shared; /* beside: once for each subject, whoever else reads the attribute */
};

/* Depth-bounded like the tree it counts: json's budget keeps values shallow. */
static size_t equality_steps(const struct json *value, unsigned depth)
{
    if (depth >= EXPRESSION_DEPTH_MAX)
        return EVALUATION_STEPS_MAX + 1;
    size_t steps = 1;
    if (value->type == JSON_STRING)
        steps += value->string.size / TEXT_BYTES_PER_STEP;
    if (value->type == JSON_ARRAY) {
        for (uint32_t i = 0; i < value->count; i++)
            steps += equality_steps(&value->elements[i], depth + 1);
    }
    if (value->type == JSON_OBJECT) {
        steps += (size_t)value->count * value->count;
        for (uint32_t i = 0; i < value->count; i++)
            steps += equality_steps(&value->members[i].value, depth + 1);
    }
    return steps;
}

static size_t list_steps(const struct json *list)
{
    if (list->type != JSON_ARRAY)
        return equality_steps(list, 0);
    size_t steps = 0;
    size_t text_count = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->elements[i].type == JSON_STRING)
            text_count++;
        else
            steps += equality_steps(&list->elements[i], 0);
    }
    return steps + (text_count <= TEXT_SET_FEW_MAX ? text_count : HASHED_STEPS);
}

static size_t matches_steps(enum pattern_syntax syntax, const struct json *pattern)
{
    if (pattern->type != JSON_STRING)
        return 1;
    struct pattern_profile profile = pattern_profile(syntax, pattern->string);
    switch (profile.pace) {
    case PATTERN_NEVER:
        return 1;
    case PATTERN_GLANCES:
        return GLANCE_STEPS;
    case PATTERN_READS:
        return READ_STEPS;
    case PATTERN_SEARCHES:
        return SEARCH_STEPS + BEGINNING_STEPS * (profile.beginnings - 1);
    }
    assert(false);
    return SEARCH_STEPS;
}

static size_t contains_steps(const struct json *needle)
{
    bool is_short =
        needle->type == JSON_STRING && needle->string.size >= 2 && needle->string.size <= 4;
    return is_short ? CONTAINS_SHORT_STEPS : CONTAINS_STEPS;
}

static size_t each_value(const struct json *values, size_t (*steps)(const struct json *value))
{
    size_t sum = 1;
    for (uint32_t i = 0; values->type == JSON_ARRAY && i < values->count; i++)
        sum += steps(&values->elements[i]);
    return sum;
}

static size_t regex_steps(const struct json *value)
{
    return matches_steps(PATTERN_UNITS, value);
}

static size_t glob_steps(const struct json *value)
{
    return matches_steps(PATTERN_GLOB, value);
}

/* Stored cohorts are asked one by one. */
static size_t any_steps(const struct expression *match)
{
    size_t steps = SET_STEPS + list_steps(&match->value);
    if (!str_ends_with(match->attribute, STR("/cohort_ids")) || match->value.type != JSON_ARRAY)
        return steps;
    size_t cohorts = match->value.count < COHORTS_PER_ENVIRONMENT_MAX
                         ? match->value.count
                         : (size_t)COHORTS_PER_ENVIRONMENT_MAX;
    return steps + cohorts * HASHED_STEPS;
}

static size_t match_steps(const struct expression *match)
{
    switch (match->operator) {
    case OPERATOR_EQ:
    case OPERATOR_NEQ:
    case OPERATOR_STARTS_WITH:
    case OPERATOR_ENDS_WITH:
        return equality_steps(&match->value, 0);
    case OPERATOR_IN:
    case OPERATOR_NOT_IN:
    case OPERATOR_TEXT_IS:
    case OPERATOR_TEXT_IS_NOT:
        return list_steps(&match->value);
    case OPERATOR_MATCHES:
        return matches_steps(PATTERN_UNICODE, &match->value);
    case OPERATOR_CONTAINS:
        return contains_steps(&match->value);
    case OPERATOR_BEFORE:
    case OPERATOR_AFTER:
        return DATE_STEPS;
    case OPERATOR_SEMVER_EQ:
    case OPERATOR_SEMVER_GT:
    case OPERATOR_SEMVER_GTE:
    case OPERATOR_SEMVER_LT:
    case OPERATOR_SEMVER_LTE:
    case OPERATOR_TEXT_VERSION_LESS:
    case OPERATOR_TEXT_VERSION_LESS_OR_EQUAL:
    case OPERATOR_TEXT_VERSION_GREATER:
    case OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL:
        return VERSION_STEPS;
    case OPERATOR_TEXT_LESS:
    case OPERATOR_TEXT_LESS_OR_EQUAL:
    case OPERATOR_TEXT_GREATER:
    case OPERATOR_TEXT_GREATER_OR_EQUAL:
        return 1;
    case OPERATOR_TEXT_CONTAINS:
    case OPERATOR_TEXT_DOES_NOT_CONTAIN:
        return each_value(&match->value, contains_steps);
    case OPERATOR_TEXT_REGEX_MATCH:
    case OPERATOR_TEXT_REGEX_DOES_NOT_MATCH:
        return each_value(&match->value, regex_steps);
    case OPERATOR_TEXT_GLOB_MATCH:
    case OPERATOR_TEXT_GLOB_DOES_NOT_MATCH:
        return each_value(&match->value, glob_steps);
    case OPERATOR_TEXT_SET_IS:
    case OPERATOR_TEXT_SET_IS_NOT:
    case OPERATOR_TEXT_SET_CONTAINS:
    case OPERATOR_TEXT_SET_DOES_NOT_CONTAIN:
        return SET_STEPS + list_steps(&match->value);
    case OPERATOR_TEXT_SET_CONTAINS_ANY:
    case OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY:
        return any_steps(match);
    case OPERATOR_EXISTS:
    case OPERATOR_GT:
    case OPERATOR_GTE:
    case OPERATOR_LT:
    case OPERATOR_LTE:
        return 1;
    }
    assert(false);
    return 1;
}

/* Read once, however many tests ask for it: a dotted path, or a selector. */
static void count_attribute(struct count *count, struct str path, bool is_selector)
{
    char separator = is_selector ? '/' : '.';
    if (!map_insert(&count->paths, path, 0))
        return;
    count->steps += LOOKUP_STEPS + (is_selector ? VIEW_STEPS : 0);
    for (size_t i = 0; i < path.size; i++)
        count->steps += path.data[i] == separator ? LOOKUP_STEPS : 0;
}

/* Its other forms are made once, too. */
static void count_selector(struct count *count, const struct expression *match)
{
    count_attribute(count, match->attribute, true);
    bool is_lowered = match->operator== OPERATOR_TEXT_CONTAINS || match->operator==
                      OPERATOR_TEXT_DOES_NOT_CONTAIN;
    bool is_number =
        match->operator>= OPERATOR_TEXT_LESS && match->operator<= OPERATOR_TEXT_GREATER_OR_EQUAL;
    if (is_lowered && map_insert(&count->lowered, match->attribute, 0))
        count->shared += LOWER_STEPS;
    if (is_number && map_insert(&count->numbers, match->attribute, 0))
        count->shared += NUMBER_STEPS;
}

static size_t bucket_steps(const struct bucket *bucket)
{
    size_t longest = 0;
    for (size_t i = 0; i < bucket->slice_count; i++) {
        size_t shares = bucket->slices[i].allocation_count;
        longest = shares > longest ? shares : longest;
    }
    return HASH_STEPS + LOOKUP_STEPS + bucket->slice_count + longest;
}

static void count_serve(struct count *count, const struct flag *flag, const struct serve *serve)
{
    size_t hash_steps = HASH_STEPS + (flag->arithmetic.hash == FLAG_HASH_SHA1_60 ? SHA1_STEPS : 0);
    switch (serve->kind) {
    case SERVE_VARIATION:
        count->steps += 1;
        return;
    case SERVE_SPLIT:
        count->steps += hash_steps + serve->split.allocation_count;
        return;
    case SERVE_PROGRESSIVE:
        count->steps +=
            hash_steps + 2 * (serve->split.allocation_count + serve->to.allocation_count);
        return;
    case SERVE_BUCKET:
        count->steps += bucket_steps(&serve->bucket);
        return;
    case SERVE_PROGRESSIVE_BUCKET:
        count->steps += bucket_steps(&serve->bucket) + MOVING_STEPS * serve->bucket.slice_count;
        return;
    }
    assert(false);
}

/* What lies deeper than the compiler looks is never evaluated. */
static void count_expression(struct count *count, const struct expression *expression,
                             unsigned depth)
{
    if (depth >= EXPRESSION_DEPTH_MAX)
        return;
    switch (expression->kind) {
    case EXPRESSION_ALL:
    case EXPRESSION_ANY:
    case EXPRESSION_NOT:
        for (size_t i = 0; i < expression->child_count; i++)
            count_expression(count, &expression->children[i], depth + 1);
        return;
    case EXPRESSION_MATCH:
        if (operator_is_text(expression->operator))
            count_selector(count, expression);
        else
            count_attribute(count, expression->attribute, false);
        count->steps += match_steps(expression);
        return;
    case EXPRESSION_SEGMENT:
        count->steps += REFERENCE_STEPS;
        return;
    }
    assert(false);
}

/* Lists of ids are tables, however long. */
static size_t choice_steps(const struct variation *variation)
{
    size_t steps = variation->included_count > 0 ? 2 * HASHED_STEPS : 0;
    if (variation->cohort_count > 0)
        steps += SET_STEPS + variation->cohort_count * HASHED_STEPS;
    return steps + 1; /* stickiness */
}

static struct count count_flag(struct arena *arena, const struct flag *flag)
{
    struct count count = {.arena = arena};
    map_open(&count.paths, arena, 0);
    map_open(&count.lowered, arena, 0);
    map_open(&count.numbers, arena, 0);
    count.steps = flag->prerequisite_count * REFERENCE_STEPS;
    bool has_choices = flag->arithmetic.comparison == FLAG_COMPARISON_TEXT;
    for (size_t i = 0; has_choices && i < flag->variation_count; i++)
        count.steps += choice_steps(&flag->variations[i]);
    count_serve(&count, flag, &flag->fallthrough);
    for (size_t i = 0; i < flag->rule_count; i++) {
        count_expression(&count, &flag->rules[i].when, 0);
        count_serve(&count, flag, &flag->rules[i].serve);
    }
    return count;
}

static struct count count_segment(struct arena *arena, const struct segment *segment)
{
    struct count count = {.arena = arena, .steps = 2 * HASHED_STEPS};
    map_open(&count.paths, arena, 0);
    map_open(&count.lowered, arena, 0);
    map_open(&count.numbers, arena, 0);
    for (size_t i = 0; i < segment->rule_count; i++)
        count_expression(&count, &segment->rules[i], 0);
    return count;
}

size_t flag_steps(struct arena *arena, const struct flag *flag)
{
    const struct count count = count_flag(arena, flag);
    return count.steps + count.shared;
}

size_t segment_steps(struct arena *arena, const struct segment *segment)
{
    const struct count count = count_segment(arena, segment);
    return count.steps + count.shared;
}

size_t flag_added_steps(struct arena *arena, const struct flag *flag)
{
    return count_flag(arena, flag).steps;
}

size_t segment_added_steps(struct arena *arena, const struct segment *segment)
{
    return count_segment(arena, segment).steps;
}
