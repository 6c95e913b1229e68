/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_environment - what a flag costs with all it leans on: see ruleset.h.
 *
 * Runs on every change, so a flag that leans on nothing costs a look at its rules, and nothing is
 * built until one leans on something. Flags and segments are nodes of one graph, flags first. A
 * node's own steps and what it leans on are found once, when first asked for; a flag's total is
 * then a walk over what it reaches, which ends when the budget does.
 */
#include <assert.h>

#include "eval/compile.h"
#include "eval/steps.h"
#include "model/references.h"

struct node {
    bool is_known;    /* the rest is filled in */
    uint32_t reached; /* by the walk of this number last */
    uint32_t steps;   /* its own, at most STEPS_MAX */
    uint32_t edge_count;
    uint32_t *edges; /* nodes it leans on; one may come twice */
};

enum { STEPS_MAX = 1000000000 };

struct survey {
    struct arena *arena;
    const struct environment_state *state;
    struct node *nodes; /* NULL until needed */
    uint32_t *waiting;  /* nodes reached and not yet walked on from */
    uint32_t walks;
};

/* ---- what leans on what --------------------------------------------------------------------- */

static size_t count_segments(const struct expression *expression, unsigned depth)
{
    if (depth >= EXPRESSION_DEPTH_MAX)
        return 0;
    size_t count = expression->kind == EXPRESSION_SEGMENT;
    for (size_t i = 0; i < expression->child_count; i++)
        count += count_segments(&expression->children[i], depth + 1);
    return count;
}

static size_t count_flag_edges(const struct environment_state *state, const struct flag *flag)
{
    size_t count = flag->prerequisite_count;
    for (size_t i = 0; state->segment_count > 0 && i < flag->rule_count; i++)
        count += count_segments(&flag->rules[i].when, 0);
    return count;
}

/* A key's node, or false when nothing has it: flags first, segments behind them. */
static bool find_flag_node(const struct survey *survey, struct str key, uint32_t *node)
{
    size_t index = environment_flag_index(survey->state, key);
    *node = (uint32_t)index;
    return index != INDEX_ABSENT;
}

static bool find_segment_node(const struct survey *survey, struct str key, uint32_t *node)
{
    size_t index = environment_segment_index(survey->state, key);
    *node = (uint32_t)(survey->state->flag_count + index);
    return index != INDEX_ABSENT;
}

static void add_segment_edges(const struct survey *survey, struct node *node,
                              const struct expression *expression, unsigned depth)
{
    if (depth >= EXPRESSION_DEPTH_MAX)
        return;
    bool is_segment = expression->kind == EXPRESSION_SEGMENT;
    if (is_segment &&
        find_segment_node(survey, expression->segment, &node->edges[node->edge_count]))
        node->edge_count++;
    for (size_t i = 0; i < expression->child_count; i++)
        add_segment_edges(survey, node, &expression->children[i], depth + 1);
}

static void add_flag_edges(const struct survey *survey, struct node *node, const struct flag *flag)
{
    node->edges =
        ARENA_NEW_ARRAY(survey->arena, uint32_t, count_flag_edges(survey->state, flag) + 1);
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        if (find_flag_node(survey, flag->prerequisites[i].flag, &node->edges[node->edge_count]))
            node->edge_count++;
    }
    for (size_t i = 0; survey->state->segment_count > 0 && i < flag->rule_count; i++)
        add_segment_edges(survey, node, &flag->rules[i].when, 0);
}

static void add_nested_edges(const struct survey *survey, struct node *node,
                             const struct segment *segment)
{
    size_t count = 0;
    for (size_t i = 0; i < segment->rule_count; i++)
        count += count_segments(&segment->rules[i], 0);
    node->edges = ARENA_NEW_ARRAY(survey->arena, uint32_t, count + 1);
    for (size_t i = 0; i < segment->rule_count; i++)
        add_segment_edges(survey, node, &segment->rules[i], 0);
}

static const struct node *survey_node(const struct survey *survey, uint32_t index)
{
    struct node *node = &survey->nodes[index];
    if (node->is_known)
        return node;
    node->is_known = true;
    size_t steps = 0;
    if (index < survey->state->flag_count) {
        const struct flag *flag = survey->state->flags[index];
        steps = flag_steps(survey->arena, flag);
        add_flag_edges(survey, node, flag);
    } else {
        const struct segment *segment = survey->state->segments[index - survey->state->flag_count];
        steps = segment_steps(survey->arena, segment);
        add_nested_edges(survey, node, segment);
    }
    node->steps = steps < STEPS_MAX ? (uint32_t)steps : STEPS_MAX;
    return node;
}

/* ---- totals --------------------------------------------------------------------------------- */

static void survey_begin(struct survey *survey)
{
    if (survey->nodes != NULL)
        return;
    size_t count = survey->state->flag_count + survey->state->segment_count;
    assert(count < UINT32_MAX);
    survey->nodes = ARENA_NEW_ARRAY(survey->arena, struct node, count);
    survey->waiting = ARENA_NEW_ARRAY(survey->arena, uint32_t, count);
}

/* Its own steps and those of all it reaches; where they pass steps_max, some sum beyond it. */
static size_t total_steps(struct survey *survey, uint32_t flag, size_t steps_max)
{
    survey_begin(survey);
    uint32_t walk = ++survey->walks;
    size_t waiting_count = 0;
    size_t steps = 0;
    survey->nodes[flag].reached = walk;
    survey->waiting[waiting_count++] = flag;
    while (waiting_count > 0 && steps <= steps_max) {
        const struct node *node = survey_node(survey, survey->waiting[--waiting_count]);
        steps += node->steps;
        for (uint32_t i = 0; i < node->edge_count; i++) {
            struct node *next = &survey->nodes[node->edges[i]];
            if (next->reached == walk)
                continue;
            next->reached = walk;
            survey->waiting[waiting_count++] = node->edges[i];
        }
    }
    return steps;
}

/* Whether the flag was as costly before this change. */
static bool was_as_costly(struct survey *before, const struct flag *flag, size_t steps)
{
    uint32_t index = 0;
    return before->state != NULL && find_flag_node(before, flag->key, &index) &&
           total_steps(before, index, SIZE_MAX) >= steps;
}

struct fault ruleset_check_environment(struct arena *arena, const struct environment_state *state,
                                       const struct environment_state *before)
{
    struct survey now = {.arena = arena, .state = state};
    struct survey then = {.arena = arena, .state = before};
    for (uint32_t i = 0; i < state->flag_count; i++) {
        const struct flag *flag = state->flags[i];
        if (count_flag_edges(state, flag) == 0)
            continue; /* ruleset_check_flag has counted it */
        if (total_steps(&now, i, EVALUATION_STEPS_MAX) <= EVALUATION_STEPS_MAX)
            continue;
        size_t steps = total_steps(&now, i, SIZE_MAX);
        if (was_as_costly(&then, flag, steps))
            continue;
        struct str where = arena_format(arena, "$.flags.%.*s", STR_ARG(flag->key));
        struct str why = arena_format(
            arena, "would take up to %zu steps to evaluate with all it leans on; %d is the most",
            steps, EVALUATION_STEPS_MAX);
        return fault_make(FAULT_LIMIT, where, why);
    }
    return fault_none();
}
