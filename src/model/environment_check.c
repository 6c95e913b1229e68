/* SPDX-License-Identifier: Apache-2.0 */
/*
 * environment_check - the rules between flags and segments: see environment.h.
 *
 * Runs on every change, so a flag that refers to nothing costs a comparison of its key and two
 * counts, and the graphs are built only when something refers to something.
 */
#include <assert.h>

#include "model/graph.h"
#include "model/inspect.h"
#include "model/leaves.h"
#include "model/limits.h"
#include "model/references.h"

struct environment_inspection {
    struct inspection base;
    const struct environment_state *state;
    struct edge_list prerequisites; /* between flags, by position */
    struct edge_list nested;        /* between segments, by position */
};

static void refuse_reference(struct environment_inspection *inspection, const struct place *outer,
                             struct str name, const char *message, struct str key)
{
    if (inspection_failed(&inspection->base))
        return;
    inspect_refuse_member(&inspection->base, outer, name,
                          arena_format(inspection->base.arena, "%s %.*s", message, STR_ARG(key)));
}

/* Position of the segment a leaf names; INDEX_ABSENT, refused, when there is none. */
static size_t find_leaf_segment(struct environment_inspection *inspection,
                                const struct leaf_walk *walk, const struct expression *leaf,
                                const struct place *root)
{
    size_t index = environment_segment_index(inspection->state, leaf->segment);
    if (index == INDEX_ABSENT && !inspection_failed(&inspection->base)) {
        struct place place = place_root(leaf_walk_path(walk, inspection->base.arena, root));
        inspect_refuse_member(&inspection->base, &place, STR("segment"),
                              STR("must reference an existing segment"));
    }
    return index;
}

static bool is_client_segment(const struct segment *segment)
{
    return segment->visibility == VISIBILITY_CLIENT;
}

/* ---- segments ------------------------------------------------------------------------------- */

static void check_segment_rule(struct environment_inspection *inspection,
                               const struct place *segment_place, size_t segment_index,
                               size_t rule_index)
{
    const struct segment *segment = inspection->state->segments[segment_index];
    struct place rules = place_member(segment_place, STR("rules"));
    struct place place = place_item(&rules, rule_index);
    struct leaf_walk walk;
    leaf_walk_begin(&walk, &segment->rules[rule_index]);
    for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;) {
        if (leaf->kind != EXPRESSION_SEGMENT)
            continue;
        size_t target = find_leaf_segment(inspection, &walk, leaf, &place);
        if (target == INDEX_ABSENT)
            return;
        edge_list_add(&inspection->nested, inspection->base.arena, segment_index, target);
        if (is_client_segment(segment) && !is_client_segment(inspection->state->segments[target]))
            refuse_reference(inspection, segment_place, STR("rules"),
                             "client segment references server segment", leaf->segment);
    }
}

static void check_segments(struct environment_inspection *inspection)
{
    const struct environment_state *state = inspection->state;
    struct place root = place_root(STR("$"));
    struct place list = place_member(&root, STR("segments"));
    for (size_t i = 0; i < state->segment_count && !inspection_failed(&inspection->base); i++) {
        const struct segment *segment = state->segments[i];
        struct place place = place_member(&list, segment->key);
        assert(i == 0 || str_compare(state->segments[i - 1]->key, segment->key) < 0);
        for (size_t rule = 0; rule < segment->rule_count; rule++)
            check_segment_rule(inspection, &place, i, rule);
    }
}

/* ---- flags ---------------------------------------------------------------------------------- */

static void check_prerequisite_variations(struct environment_inspection *inspection,
                                          const struct place *prerequisites,
                                          const struct prerequisite *prerequisite,
                                          const struct flag *target)
{
    struct place named = place_member(prerequisites, prerequisite->flag);
    struct place list = place_member(&named, STR("variations"));
    for (size_t i = 0; i < prerequisite->variation_count; i++) {
        struct place item = place_item(&list, i);
        if (flag_find_variation(target, prerequisite->variations[i]) < 0)
            inspect_refuse(&inspection->base, &item,
                           STR("must reference a variation on the prerequisite flag"));
    }
}

static bool is_typed(const struct flag *flag)
{
    return flag->arithmetic.comparison == FLAG_COMPARISON_TYPED;
}

/* What a flag may lean on at all. Whether browsers may see a flag of the text family is decided by
 * its deployments; what is handed out whole needs everything it leans on handed out with it. */
static void check_leaning(struct environment_inspection *inspection, const struct place *flag_place,
                          const struct flag *flag, const struct flag *target)
{
    const struct environment_settings *settings = &inspection->state->settings;
    struct str name = STR("prerequisites");
    if (is_typed(flag) && flag_is_client_visible(flag, settings) &&
        !flag_is_client_visible(target, settings))
        refuse_reference(inspection, flag_place, name, "client flag references server flag",
                         target->key);
    if (flag->evaluation_mode == EVALUATION_LOCAL && target->evaluation_mode != EVALUATION_LOCAL)
        refuse_reference(inspection, flag_place, name, "local flag references remote flag",
                         target->key);
    if (!flag->is_archived && target->is_archived)
        refuse_reference(inspection, flag_place, name, "flag references archived flag",
                         target->key);
}

static void check_prerequisites(struct environment_inspection *inspection,
                                const struct place *flag_place, size_t flag_index)
{
    const struct environment_state *state = inspection->state;
    const struct flag *flag = state->flags[flag_index];
    struct place list = place_member(flag_place, STR("prerequisites"));
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct prerequisite *prerequisite = &flag->prerequisites[i];
        struct place item = place_item(&list, i);
        size_t target = environment_flag_index(state, prerequisite->flag);
        if (target == INDEX_ABSENT) {
            inspect_refuse_member(&inspection->base, &item, STR("flag"),
                                  STR("must reference an existing flag"));
            return;
        }
        edge_list_add(&inspection->prerequisites, inspection->base.arena, flag_index, target);
        check_leaning(inspection, flag_place, flag, state->flags[target]);
        check_prerequisite_variations(inspection, &list, prerequisite, state->flags[target]);
    }
}

static void check_flag_rule(struct environment_inspection *inspection,
                            const struct place *flag_place, const struct flag *flag,
                            size_t rule_index)
{
    const struct environment_state *state = inspection->state;
    struct place rules = place_member(flag_place, STR("rules"));
    struct place rule = place_item(&rules, rule_index);
    struct place when = place_member(&rule, STR("when"));
    struct leaf_walk walk;
    leaf_walk_begin(&walk, &flag->rules[rule_index].when);
    for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;) {
        if (leaf->kind != EXPRESSION_SEGMENT)
            continue;
        size_t target = find_leaf_segment(inspection, &walk, leaf, &when);
        if (target == INDEX_ABSENT)
            return;
        if (flag_is_client_visible(flag, &state->settings) &&
            !is_client_segment(state->segments[target]))
            refuse_reference(inspection, flag_place, STR("rules"),
                             "client flag references server segment", leaf->segment);
    }
}

static void check_flags(struct environment_inspection *inspection)
{
    const struct environment_state *state = inspection->state;
    struct place root = place_root(STR("$"));
    struct place list = place_member(&root, STR("flags"));
    for (size_t i = 0; i < state->flag_count && !inspection_failed(&inspection->base); i++) {
        const struct flag *flag = state->flags[i];
        struct place place = place_member(&list, flag->key);
        assert(i == 0 || str_compare(state->flags[i - 1]->key, flag->key) < 0);
        check_prerequisites(inspection, &place, i);
        for (size_t rule = 0; rule < flag->rule_count; rule++)
            check_flag_rule(inspection, &place, flag, rule);
    }
}

/* ---- chains --------------------------------------------------------------------------------- */

/* "a -> b -> a", cut short where it would not fit a sentence. */
static struct str cycle_text(struct arena *arena, const struct graph_survey *survey,
                             environment_key_at key_at, const struct environment_state *state)
{
    enum { SHOWN_MAX = 8 };
    struct str text = key_at(state, survey->cycle[0]);
    for (size_t i = 1; i < survey->cycle_count && i < SHOWN_MAX; i++) {
        struct str key = key_at(state, survey->cycle[i]);
        text = arena_format(arena, "%.*s -> %.*s", STR_ARG(text), STR_ARG(key));
    }
    const char *gap = survey->cycle_count > SHOWN_MAX ? " -> ..." : "";
    struct str first = key_at(state, survey->cycle[0]);
    return arena_format(arena, "must not form a cycle: %.*s%s -> %.*s", STR_ARG(text), gap,
                        STR_ARG(first));
}

static void check_segment_chains(struct environment_inspection *inspection)
{
    const struct environment_state *state = inspection->state;
    struct arena *arena = inspection->base.arena;
    if (inspection_failed(&inspection->base) || inspection->nested.count == 0)
        return;
    struct graph graph = graph_build(arena, state->segment_count, &inspection->nested);
    struct graph_survey survey = graph_survey(arena, &graph);
    if (survey.cycle_count > 0) {
        struct place root = place_root(STR("$"));
        struct place list = place_member(&root, STR("segments"));
        struct place place = place_member(&list, environment_segment_key(state, survey.cycle[0]));
        inspect_refuse_member(&inspection->base, &place, STR("rules"),
                              cycle_text(arena, &survey, environment_segment_key, state));
    }
}

static void check_flag_depth(struct environment_inspection *inspection, const struct place *list,
                             const struct graph_survey *survey)
{
    const struct environment_state *state = inspection->state;
    for (size_t i = 0; i < state->flag_count && !inspection_failed(&inspection->base); i++) {
        struct place flag = place_member(list, state->flags[i]->key);
        struct place place = place_member(&flag, STR("prerequisites"));
        inspect_size(&inspection->base, &place, survey->heights[i], PREREQUISITE_DEPTH_MAX,
                     "levels deep");
    }
}

static void check_flag_chains(struct environment_inspection *inspection)
{
    const struct environment_state *state = inspection->state;
    struct arena *arena = inspection->base.arena;
    if (inspection_failed(&inspection->base) || inspection->prerequisites.count == 0)
        return;
    struct graph graph = graph_build(arena, state->flag_count, &inspection->prerequisites);
    struct graph_survey survey = graph_survey(arena, &graph);
    struct place root = place_root(STR("$"));
    struct place list = place_member(&root, STR("flags"));
    if (survey.cycle_count > 0) {
        struct place flag = place_member(&list, environment_flag_key(state, survey.cycle[0]));
        inspect_refuse_member(&inspection->base, &flag, STR("prerequisites"),
                              cycle_text(arena, &survey, environment_flag_key, state));
    } else {
        check_flag_depth(inspection, &list, &survey);
    }
}

static void check_cohorts(struct environment_inspection *inspection)
{
    const struct environment_state *state = inspection->state;
    struct place root = place_root(STR("$"));
    struct place list = place_member(&root, STR("cohorts"));
    inspect_count(&inspection->base, &list, state->cohort_count, COHORTS_PER_ENVIRONMENT_MAX,
                  "cohorts");
    for (size_t i = 1; i < state->cohort_count; i++)
        assert(str_compare(state->cohorts[i - 1]->id, state->cohorts[i]->id) < 0);
}

struct fault environment_check(struct arena *arena, const struct environment_state *state)
{
    struct environment_inspection inspection = {.base = {.arena = arena}, .state = state};
    struct place root = place_root(STR("$"));
    struct place flags = place_member(&root, STR("flags"));
    struct place segments = place_member(&root, STR("segments"));
    inspect_count(&inspection.base, &flags, state->flag_count, FLAGS_PER_ENVIRONMENT_MAX, "flags");
    inspect_count(&inspection.base, &segments, state->segment_count, SEGMENTS_PER_ENVIRONMENT_MAX,
                  "segments");
    inspect_metadata(&inspection.base, &root, &state->settings.metadata);
    check_cohorts(&inspection);
    check_segments(&inspection);
    check_flags(&inspection);
    check_segment_chains(&inspection);
    check_flag_chains(&inspection);
    return inspection.base.fault;
}
