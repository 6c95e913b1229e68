/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check - what a flag or a segment would cost a decision at worst, told before it is accepted.
 *
 * A step is about one short comparison, 2.5 ns on the machines we measure on, so that
 * EVALUATION_STEPS_MAX is the 50 microseconds a decision may take (checklist rule 21). Every test
 * of every rule is counted, as if none cut another short:
 *
 *     equality          one for each scalar in the expected value; members of an object are
 *                       looked up, so n of them count n times n more
 *     in, notIn         one for each text up to TEXT_SET_FEW_MAX, HASHED_STEPS for a table of
 *                       more; what is not a text counts as equality
 *     contains, dates, versions   PARSE_STEPS
 *     matches           PATTERN_STEPS: a usual match, not the limit it would be stopped at
 *     segment           REFERENCE_STEPS, and so each prerequisite: they have a budget of their own,
 *                       and are decided once however often they are asked
 *     a split           HASH_STEPS and one for each of its shares, two when it is progressive
 *     everything else   one
 */
#include <assert.h>

#include "eval/compile.h"

enum {
    HASHED_STEPS = 4,
    PARSE_STEPS = 4,
    PATTERN_STEPS = 40,
    REFERENCE_STEPS = 8,
    HASH_STEPS = 8,
};

/* Depth-bounded like the tree it counts: json's budget keeps values shallow. */
static size_t equality_steps(const struct json *value, unsigned depth)
{
    if (depth >= EXPRESSION_DEPTH_MAX)
        return EVALUATION_STEPS_MAX + 1;
    size_t steps = 1;
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

static size_t match_steps(const struct expression *match)
{
    switch (match->operator) {
    case OPERATOR_EQ:
    case OPERATOR_NEQ:
        return equality_steps(&match->value, 0);
    case OPERATOR_IN:
    case OPERATOR_NOT_IN:
        return list_steps(&match->value);
    case OPERATOR_MATCHES:
        return PATTERN_STEPS;
    case OPERATOR_CONTAINS:
    case OPERATOR_BEFORE:
    case OPERATOR_AFTER:
    case OPERATOR_SEMVER_EQ:
    case OPERATOR_SEMVER_GT:
    case OPERATOR_SEMVER_GTE:
    case OPERATOR_SEMVER_LT:
    case OPERATOR_SEMVER_LTE:
        return PARSE_STEPS;
    case OPERATOR_STARTS_WITH:
    case OPERATOR_ENDS_WITH:
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

static size_t serve_steps(const struct serve *serve)
{
    switch (serve->kind) {
    case SERVE_VARIATION:
        return 1;
    case SERVE_SPLIT:
        return HASH_STEPS + serve->split.allocation_count;
    case SERVE_PROGRESSIVE:
        return HASH_STEPS + 2 * (serve->split.allocation_count + serve->to.allocation_count);
    }
    assert(false);
    return 1;
}

static struct fault check_match(struct arena *arena, const struct expression *match,
                                struct str path)
{
    bool has_pattern = match->value.type == JSON_STRING && OPERATOR_MATCHES == match->operator;
    if (!has_pattern)
        return fault_none();
    struct fault fault = pattern_check(match->value.string);
    if (failed(fault))
        fault.where = arena_format(arena, "%.*s.value", STR_ARG(path));
    return fault;
}

static struct fault check_expression(struct arena *arena, const struct expression *expression,
                                     struct str path, unsigned depth, size_t *steps);

static struct fault check_children(struct arena *arena, const struct expression *expression,
                                   struct str path, unsigned depth, size_t *steps)
{
    for (size_t i = 0; i < expression->child_count; i++) {
        struct str child = expression->kind == EXPRESSION_NOT
                               ? arena_format(arena, "%.*s.expression", STR_ARG(path))
                               : arena_format(arena, "%.*s.expressions[%zu]", STR_ARG(path), i);
        struct fault fault =
            check_expression(arena, &expression->children[i], child, depth + 1, steps);
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

/* Adds the expression's steps; refuses the first pattern that is not served, with its path. */
static struct fault check_expression(struct arena *arena, const struct expression *expression,
                                     struct str path, unsigned depth, size_t *steps)
{
    if (depth >= EXPRESSION_DEPTH_MAX)
        return fault_make(FAULT_LIMIT, path, STR("nests too deep"));
    switch (expression->kind) {
    case EXPRESSION_ALL:
    case EXPRESSION_ANY:
    case EXPRESSION_NOT:
        return check_children(arena, expression, path, depth, steps);
    case EXPRESSION_MATCH:
        *steps += match_steps(expression);
        return check_match(arena, expression, path);
    case EXPRESSION_SEGMENT:
        *steps += REFERENCE_STEPS;
        return fault_none();
    }
    assert(false);
    return fault_none();
}

static struct fault check_steps(struct arena *arena, size_t steps)
{
    if (steps <= EVALUATION_STEPS_MAX)
        return fault_none();
    struct str why = arena_format(arena, "would take up to %zu steps to evaluate; %d is the most",
                                  steps, EVALUATION_STEPS_MAX);
    return fault_make(FAULT_LIMIT, STR("$.rules"), why);
}

struct fault ruleset_check_flag(struct arena *arena, const struct flag *flag)
{
    size_t steps = flag->prerequisite_count * REFERENCE_STEPS + serve_steps(&flag->fallthrough);
    for (size_t i = 0; i < flag->rule_count; i++) {
        struct str path = arena_format(arena, "$.rules[%zu].when", i);
        struct fault fault = check_expression(arena, &flag->rules[i].when, path, 0, &steps);
        if (failed(fault))
            return fault;
        steps += serve_steps(&flag->rules[i].serve);
    }
    return check_steps(arena, steps);
}

struct fault ruleset_check_segment(struct arena *arena, const struct segment *segment)
{
    size_t steps = 2 * HASHED_STEPS;
    for (size_t i = 0; i < segment->rule_count; i++) {
        struct str path = arena_format(arena, "$.rules[%zu]", i);
        struct fault fault = check_expression(arena, &segment->rules[i], path, 0, &steps);
        if (failed(fault))
            return fault;
    }
    return check_steps(arena, steps);
}
