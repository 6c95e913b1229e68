/* SPDX-License-Identifier: Apache-2.0 */
/*
 * affected - whose decisions a change may change: see affected.h.
 *
 * First every document by itself: two are alike to evaluation when the canonical texts of their
 * essences are. Then along the edges of the newer state, from what is leaned
 * on to who leans: a flag whose own document is the same has the same edges in both.
 */
#include "model/affected.h"

#include "model/codec.h"
#include "model/essence.h"
#include "model/graph.h"
#include "model/leaves.h"
#include "model/references.h"

struct comparison {
    struct arena arena; /* gone with the comparison */
    const struct environment_state *before, *after;
    struct edge_list edges; /* from what is leaned on to who leans; flags, then segments */
    bool *is_affected;      /* per node */
    uint32_t *found;        /* affected nodes, in the order in which they were found */
    size_t found_count;
};

static void mark(struct comparison *comparison, size_t node)
{
    if (comparison->is_affected[node])
        return;
    comparison->is_affected[node] = true;
    comparison->found[comparison->found_count++] = (uint32_t)node;
}

/* ---- one document ---------------------------------------------------------------------------- */

static struct flag essence_for(struct comparison *comparison, const struct flag *flag,
                               const struct environment_settings *settings)
{
    struct flag essence = flag_essence(&comparison->arena, flag);
    essence.visibility =
        flag_is_client_visible(flag, settings) ? VISIBILITY_CLIENT : VISIBILITY_SERVER;
    return essence;
}

static bool is_same_flag(struct comparison *comparison, const struct flag *before,
                         const struct flag *after)
{
    const struct environment_settings *old_settings = &comparison->before->settings;
    const struct environment_settings *new_settings = &comparison->after->settings;
    if (before == after)
        return flag_is_client_visible(before, old_settings) ==
               flag_is_client_visible(after, new_settings);
    struct flag old_flag = essence_for(comparison, before, old_settings);
    struct flag new_flag = essence_for(comparison, after, new_settings);
    return flag_is_same(&old_flag, &new_flag);
}

static bool is_same_segment(const struct segment *before, const struct segment *after)
{
    if (before == after)
        return true;
    struct segment old_segment = segment_essence(before);
    struct segment new_segment = segment_essence(after);
    return segment_is_same(&old_segment, &new_segment);
}

/* Lists that are one are told by their address; others are compared whole: both are sorted. */
static bool has_same_members(const struct cohort_members *before,
                             const struct cohort_members *after)
{
    size_t count = cohort_members_count(before);
    if (before == after)
        return true;
    if (count != cohort_members_count(after))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(cohort_member_at(before, i), cohort_member_at(after, i)))
            return false;
    }
    return true;
}

static bool is_same_cohort(const struct comparison *comparison, struct str id)
{
    const struct cohort *before = environment_find_cohort(comparison->before, id);
    const struct cohort *after = environment_find_cohort(comparison->after, id);
    if (before == after)
        return true;
    return before != NULL && after != NULL && str_equal(before->group_type, after->group_type) &&
           has_same_members(before->members, after->members);
}

/* ---- what each leans on ---------------------------------------------------------------------- */

/* The ids of cohorts that a comparison asks for; of cohorts there never were many. */
static void note_cohorts(struct comparison *comparison, size_t node, const struct expression *leaf)
{
    if (leaf->value.type != JSON_ARRAY || !str_ends_with(leaf->attribute, STR("/cohort_ids")))
        return;
    for (size_t i = 0; i < leaf->value.count; i++) {
        const struct json *id = &leaf->value.elements[i];
        if (id->type == JSON_STRING && !is_same_cohort(comparison, id->string))
            mark(comparison, node);
    }
}

static void note_expression(struct comparison *comparison, size_t node,
                            const struct expression *expression)
{
    const struct environment_state *after = comparison->after;
    struct leaf_walk walk;
    leaf_walk_begin(&walk, expression);
    for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;) {
        if (leaf->kind == EXPRESSION_MATCH)
            note_cohorts(comparison, node, leaf);
        if (leaf->kind != EXPRESSION_SEGMENT)
            continue;
        size_t segment = environment_segment_index(after, leaf->segment);
        if (segment != INDEX_ABSENT)
            edge_list_add(&comparison->edges, &comparison->arena, after->flag_count + segment,
                          node);
    }
}

static void note_flag(struct comparison *comparison, size_t node)
{
    const struct flag *flag = comparison->after->flags[node];
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        size_t target = environment_flag_index(comparison->after, flag->prerequisites[i].flag);
        if (target != INDEX_ABSENT)
            edge_list_add(&comparison->edges, &comparison->arena, target, node);
    }
    for (size_t i = 0; i < flag->variation_count; i++) {
        for (size_t j = 0; j < flag->variations[i].cohort_count; j++) {
            if (!is_same_cohort(comparison, flag->variations[i].cohorts[j]))
                mark(comparison, node);
        }
    }
    for (size_t i = 0; i < flag->rule_count; i++)
        note_expression(comparison, node, &flag->rules[i].when);
}

static void note_segment(struct comparison *comparison, size_t index)
{
    const struct segment *segment = comparison->after->segments[index];
    size_t node = comparison->after->flag_count + index;
    for (size_t i = 0; i < segment->rule_count; i++)
        note_expression(comparison, node, &segment->rules[i]);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void look_at_documents(struct comparison *comparison)
{
    const struct environment_state *after = comparison->after;
    for (size_t i = 0; i < after->flag_count; i++) {
        const struct flag *before = environment_find_flag(comparison->before, after->flags[i]->key);
        if (before == NULL || !is_same_flag(comparison, before, after->flags[i]))
            mark(comparison, i);
        note_flag(comparison, i);
    }
    for (size_t i = 0; i < after->segment_count; i++) {
        const struct segment *before =
            environment_find_segment(comparison->before, after->segments[i]->key);
        if (before == NULL || !is_same_segment(before, after->segments[i]))
            mark(comparison, after->flag_count + i);
        note_segment(comparison, i);
    }
}

static void follow_edges(struct comparison *comparison, size_t node_count)
{
    struct graph graph = graph_build(&comparison->arena, node_count, &comparison->edges);
    for (size_t i = 0; i < comparison->found_count; i++) {
        uint32_t node = comparison->found[i];
        for (uint32_t k = 0; k < graph_degree(&graph, node); k++)
            mark(comparison, graph_target(&graph, node, k));
    }
}

/* Both lists are sorted: affected flags of the newer state, and those only the older one has. */
static size_t list_keys(struct arena *arena, const struct comparison *comparison,
                        const struct str **keys)
{
    const struct environment_state *before = comparison->before;
    const struct environment_state *after = comparison->after;
    struct str *list = ARENA_NEW_ARRAY(arena, struct str, before->flag_count + after->flag_count);
    size_t count = 0;
    size_t old = 0;
    for (size_t i = 0; i <= after->flag_count; i++) {
        while (old < before->flag_count &&
               (i == after->flag_count ||
                str_compare(before->flags[old]->key, after->flags[i]->key) < 0))
            list[count++] = arena_copy_str(arena, before->flags[old++]->key);
        if (i == after->flag_count)
            break;
        if (old < before->flag_count && str_equal(before->flags[old]->key, after->flags[i]->key))
            old++;
        if (comparison->is_affected[i])
            list[count++] = arena_copy_str(arena, after->flags[i]->key);
    }
    *keys = list;
    return count;
}

size_t environment_affected(struct arena *arena, const struct environment_state *before,
                            const struct environment_state *after, const struct str **keys)
{
    struct comparison comparison = {.before = before, .after = after};
    size_t node_count = after->flag_count + after->segment_count;
    arena_open(&comparison.arena, 16384);
    comparison.is_affected = ARENA_NEW_ARRAY(&comparison.arena, bool, node_count);
    comparison.found = ARENA_NEW_ARRAY(&comparison.arena, uint32_t, node_count);
    look_at_documents(&comparison);
    follow_edges(&comparison, node_count);
    size_t count = list_keys(arena, &comparison, keys);
    arena_close(&comparison.arena);
    return count;
}
