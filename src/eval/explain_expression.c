/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_expression - a tree of expressions, each with its answer, and the segments it asks about.
 *
 * Every part is asked, also where a decision would have known enough by then. Whether somebody is
 * in a segment is the evaluator's answer; its lists and rules are shown beside it.
 */
#include <assert.h>

#include "eval/explainer.h"

static void explain_node(struct inquiry *inquiry, struct explained_owner owner,
                         const struct expression *expression, bool is_reached, unsigned depth,
                         struct explained_expression *explained);

/* ---- segments -------------------------------------------------------------------------------- */

static void expand_segment(struct inquiry *inquiry, const struct compiled_segment *compiled,
                           struct explained_segment *explained)
{
    static const struct explained_owner typed = {NULL, FLAG_COMPARISON_TYPED};
    const struct segment *segment = compiled->segment;
    struct str key = inquiry->context->targeting_key;
    bool has_key = !str_is_empty(key);
    explained->is_expanded = true;
    explained->is_in_schedule = activity_holds(&compiled->activity, inquiry->now_ms);
    explained->is_excluded = has_key && text_set_has(&compiled->excluded, key);
    explained->is_included = has_key && text_set_has(&compiled->included, key);
    explained->rules =
        ARENA_NEW_ARRAY(inquiry->arena, struct explained_expression, segment->rule_count);
    bool is_open = explained->is_in_schedule && !explained->is_excluded && !explained->is_included;
    for (size_t i = 0; i < segment->rule_count; i++) {
        explain_node(inquiry, typed, &segment->rules[i], is_open, 0, &explained->rules[i]);
        is_open = is_open && !explained->rules[i].holds;
    }
}

static const struct explained_segment *explain_segment(struct inquiry *inquiry, uint32_t index)
{
    const struct compiled_segment *compiled = &inquiry->context->ruleset->segments[index];
    uint8_t *state = &inquiry->context->segments[index];
    struct evaluation evaluation = inquiry_ask(inquiry, NULL);
    struct explained_segment *explained = ARENA_NEW(inquiry->arena, struct explained_segment);
    explained->segment = compiled->segment;
    explained->is_member = segment_holds(&evaluation, index);
    if (inquiry->segments[index] != NULL || inquiry->segment_depth >= EXPLAINED_SEGMENT_DEPTH_MAX)
        return explained;
    inquiry->segments[index] = explained;
    inquiry->segment_depth++;
    /* As on the path of a decision: meeting itself again, a segment says no. */
    bool was_visiting = *state & SEGMENT_VISITING;
    *state |= SEGMENT_VISITING;
    expand_segment(inquiry, compiled, explained);
    if (!was_visiting)
        *state &= (uint8_t)~SEGMENT_VISITING;
    inquiry->segment_depth--;
    return explained;
}

static void explain_segment_leaf(struct inquiry *inquiry, struct explained_expression *explained)
{
    const struct expression *leaf = explained->expression;
    uint32_t index = map_find(&inquiry->explainer->private.segments, leaf->segment);
    bool is_member = false;
    if (index != MAP_ABSENT) {
        explained->segment = explain_segment(inquiry, index);
        is_member = explained->segment->is_member;
    }
    explained->holds = is_member != leaf->is_negated;
    if (explained->holds)
        return;
    explained->failing = is_member ? FAILING_MEMBER : FAILING_NOT_MEMBER;
    if (index == MAP_ABSENT)
        explained->failing = FAILING_NO_SEGMENT;
}

/* ---- trees ----------------------------------------------------------------------------------- */

/* All until the first that does not hold; any until the first that does. */
static void explain_children(struct inquiry *inquiry, struct explained_owner owner, unsigned depth,
                             struct explained_expression *explained)
{
    const struct expression *expression = explained->expression;
    bool is_all = expression->kind == EXPRESSION_ALL;
    explained->holds = is_all;
    for (size_t i = 0; i < expression->child_count; i++) {
        bool is_reached = explained->is_reached && explained->holds == is_all;
        struct explained_expression *child = &explained->children[i];
        explain_node(inquiry, owner, &expression->children[i], is_reached, depth + 1, child);
        if (child->holds != is_all)
            explained->holds = !is_all;
    }
    if (!explained->holds)
        explained->failing = is_all ? FAILING_ALL : FAILING_ANY;
}

static void explain_not(struct inquiry *inquiry, struct explained_owner owner, unsigned depth,
                        struct explained_expression *explained)
{
    assert(explained->expression->child_count == 1);
    explain_node(inquiry, owner, explained->expression->children, explained->is_reached, depth + 1,
                 explained->children);
    explained->holds = !explained->children->holds;
    if (!explained->holds)
        explained->failing = FAILING_INNER_HOLDS;
}

static void explain_node(struct inquiry *inquiry, struct explained_owner owner,
                         const struct expression *expression, bool is_reached, unsigned depth,
                         struct explained_expression *explained)
{
    *explained = (struct explained_expression){.expression = expression, .is_reached = is_reached};
    if (depth >= EXPRESSION_DEPTH_MAX) {
        explained->failing = FAILING_TOO_DEEP;
        return;
    }
    explained->children =
        ARENA_NEW_ARRAY(inquiry->arena, struct explained_expression, expression->child_count);
    switch (expression->kind) {
    case EXPRESSION_ALL:
    case EXPRESSION_ANY:
        explain_children(inquiry, owner, depth, explained);
        return;
    case EXPRESSION_NOT:
        explain_not(inquiry, owner, depth, explained);
        return;
    case EXPRESSION_MATCH:
        explain_match(inquiry, owner, explained);
        return;
    case EXPRESSION_SEGMENT:
        explain_segment_leaf(inquiry, explained);
        return;
    }
    assert(false);
}

void explain_expression(struct inquiry *inquiry, struct explained_owner owner,
                        const struct expression *expression, bool is_reached,
                        struct explained_expression *explained)
{
    explain_node(inquiry, owner, expression, is_reached, 0, explained);
}

/* ---- what it fails by ------------------------------------------------------------------------ */

/* The child whose failing is the whole's; NULL when it is all of them, or the negation. */
static const struct explained_expression *
failing_child(const struct explained_expression *explained, size_t *index)
{
    const struct expression *expression = explained->expression;
    bool is_first_failing = expression->kind == EXPRESSION_ALL ||
                            (expression->kind == EXPRESSION_ANY && expression->child_count == 1);
    if (!is_first_failing || explained->failing == FAILING_TOO_DEEP)
        return NULL;
    for (*index = 0; *index < expression->child_count; (*index)++) {
        if (!explained->children[*index].holds)
            return &explained->children[*index];
    }
    return NULL;
}

const struct explained_expression *explained_culprit(const struct explained_expression *expression,
                                                     struct arena *arena, struct str *path)
{
    *path = STR("");
    if (expression->holds)
        return NULL;
    const struct explained_expression *culprit = expression;
    size_t index = 0;
    const struct explained_expression *child = failing_child(culprit, &index);
    while (child != NULL) {
        *path = arena_format(arena, "%.*s/expressions/%zu", STR_ARG(*path), index);
        culprit = child;
        child = failing_child(culprit, &index);
    }
    return culprit;
}
