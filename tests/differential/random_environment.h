/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random_environment - environments for the differential tests: the flags, segments and cohorts of
 * tests/scenario with operands and contexts of random_edges.h. Each flag passes flag_check; most
 * environments are such as a writer would accept, the others have references to nothing, and
 * cycles among segments and typed flags.
 */
#ifndef DIFFERENTIAL_RANDOM_ENVIRONMENT_H
#define DIFFERENTIAL_RANDOM_ENVIRONMENT_H

#include "eval/evaluate.h"
#include "model/cohort_members.h"
#include "random_conditions.h"
#include "random_contexts.h"
#include "test.h"

enum { FLAGS_MAX = 28, SEGMENTS = 3, COHORTS = 3 };

struct random_environment {
    struct arena arena;
    struct dice dice;
    bool is_broken; /* a writer would refuse it */
    struct flag flags[FLAGS_MAX];
    const struct flag *flag_list[FLAGS_MAX]; /* by key */
    size_t flag_count;                       /* of flags, in the order they came */
    struct segment segments[SEGMENTS];
    const struct segment *segment_list[SEGMENTS];
    struct cohort cohorts[COHORTS];
    const struct cohort *cohort_list[COHORTS];
    struct environment_state state;
};

static inline void add_cohort(struct random_environment *environment, struct str id,
                              struct str group_type)
{
    struct dice *dice = &environment->dice;
    struct cohort_builder *builder = cohort_builder_open();
    struct cohort_members *members = NULL;
    bool is_of_people = str_equal(group_type, STR("User"));
    for (size_t i = 0; i < 4; i++)
        CHECK_OK(
            cohort_builder_add(builder, is_of_people ? some_user_id(dice) : some_group_name(dice)));
    CHECK_OK(cohort_builder_finish(builder, &members));
    size_t index = environment->state.cohort_count++;
    environment->cohorts[index] = (struct cohort){.id = id,
                                                  .group_type = group_type,
                                                  .size = cohort_members_count(members),
                                                  .members = members};
    environment->cohort_list[index] = &environment->cohorts[index];
}

static inline bool is_kept(struct random_environment *environment)
{
    return environment->is_broken ||
           !failed(environment_check(&environment->arena, &environment->state));
}

static inline void add_segments(struct random_environment *environment)
{
    static const char *const keys[SEGMENTS] = {"s-a", "s-b", "s-c"};
    struct dice *dice = &environment->dice;
    environment->state.segments = environment->segment_list;
    environment->state.segment_count = SEGMENTS;
    for (size_t i = 0; i < SEGMENTS; i++) {
        environment->segment_list[i] = &environment->segments[i];
        environment->segments[i] = (struct segment){.id = str_of(keys[i]), .key = str_of(keys[i])};
    }
    for (size_t i = 0; i < SEGMENTS; i++) {
        struct segment *segment = &environment->segments[i];
        struct segment before = *segment;
        *segment = some_segment(dice, before.key);
        for (size_t j = 0; j < segment->rule_count; j++)
            sharpen(dice, &segment->rules[j]);
        if (failed(segment_check(&environment->arena, segment)) || !is_kept(environment))
            *segment = before;
    }
}

/* On flags that are there already; in a broken environment on any, there or not. */
static inline void add_parents(struct random_environment *environment, struct flag *flag)
{
    struct dice *dice = &environment->dice;
    size_t count = once_in(dice, 3) ? 1 + roll(dice, 3) : 0;
    if (environment->flag_count < 3)
        return;
    flag->prerequisites = ARENA_NEW_ARRAY(dice->arena, struct prerequisite, count);
    size_t first = roll(dice, (uint32_t)(environment->flag_count - 2));
    for (size_t i = 0; i < count; i++) {
        const struct flag *parent = &environment->flags[first + i];
        struct prerequisite *added = &flag->prerequisites[flag->prerequisite_count++];
        added->flag = parent->key;
        added->variation_count = roll(dice, (uint32_t)parent->variation_count + 1);
        added->variations = ARENA_NEW_ARRAY(dice->arena, struct str, added->variation_count);
        for (size_t j = 0; j < added->variation_count; j++)
            added->variations[j] = parent->variations[j].id;
        if (environment->is_broken && once_in(dice, 6))
            added->flag = STR("nowhere");
    }
}

static inline struct flag edge_flag(struct random_environment *environment, size_t index)
{
    struct dice *dice = &environment->dice;
    uint32_t kind = roll(dice, 10);
    struct flag flag;
    if (kind < 5) {
        flag = some_typed_flag(
            dice, arena_format(dice->arena, "%c%zu", 'a' + (char)roll(dice, 26), index));
        add_parents(environment, &flag);
    } else {
        const char *name = kind == 5 ? "group" : kind == 6 ? "odd" : "t";
        flag = begin_text(dice, arena_format(dice->arena, "%s%zu", name, index));
        add_parents(environment, &flag);
        if (kind == 5)
            finish_group(dice, &flag);
        else
            finish_text(dice, &flag);
        if (once_in(dice, 8)) {
            flag.metadata = object_for(dice, 1);
            add_member(&flag.metadata, STR("a"), edge_value(dice));
        }
    }
    sharpen_serve(dice, &flag.fallthrough);
    for (size_t i = 0; i < flag.rule_count; i++) {
        sharpen(dice, &flag.rules[i].when);
        sharpen_serve(dice, &flag.rules[i].serve);
    }
    return flag;
}

static inline int compare_keys(const void *left, const void *right)
{
    const struct flag *const *a = left;
    const struct flag *const *b = right;
    return str_compare((*a)->key, (*b)->key);
}

static inline void list_flags(struct random_environment *environment)
{
    for (size_t i = 0; i < environment->flag_count; i++)
        environment->flag_list[i] = &environment->flags[i];
    qsort(environment->flag_list, environment->flag_count, sizeof(environment->flag_list[0]),
          compare_keys);
    environment->state.flags = environment->flag_list;
    environment->state.flag_count = environment->flag_count;
}

static inline void offer_flag(struct random_environment *environment, const struct flag *flag)
{
    if (failed(flag_check(&environment->arena, flag)))
        return;
    environment->flags[environment->flag_count++] = *flag;
    list_flags(environment);
    if (is_kept(environment))
        return;
    environment->flag_count--;
    list_flags(environment);
}

static inline struct flag *typed_flag(struct random_environment *environment, struct str key)
{
    for (size_t i = 0; i < environment->flag_count; i++) {
        struct flag *flag = &environment->flags[i];
        bool is_typed = flag->arithmetic.comparison == FLAG_COMPARISON_TYPED;
        if (is_typed && str_equal(flag->key, key))
            return flag;
    }
    return NULL;
}

/* Has a typed flag lean on one that leans on it. */
static inline void tie_a_knot(struct random_environment *environment)
{
    struct dice *dice = &environment->dice;
    const struct flag *child = &environment->flags[roll(dice, (uint32_t)environment->flag_count)];
    if (child->prerequisite_count == 0 || typed_flag(environment, child->key) == NULL)
        return;
    struct flag *parent = typed_flag(environment, child->prerequisites[0].flag);
    if (parent == NULL)
        return;
    parent->prerequisites = ARENA_NEW(dice->arena, struct prerequisite);
    parent->prerequisite_count = 1;
    parent->prerequisites[0].flag = child->key;
    parent->prerequisites[0].variation_count = 1;
    parent->prerequisites[0].variations = ARENA_NEW(dice->arena, struct str);
    parent->prerequisites[0].variations[0] = child->variations[0].id;
}

static inline void random_environment_open(struct random_environment *environment, uint64_t seed)
{
    *environment = (struct random_environment){0};
    arena_open(&environment->arena, 65536);
    environment->dice = dice_of(seed, &environment->arena);
    struct dice *dice = &environment->dice;
    environment->is_broken = once_in(dice, 8);
    environment->state =
        (struct environment_state){.app_id = STR("app_1"), .name = STR("production")};
    environment->state.cohorts = environment->cohort_list;
    add_cohort(environment, STR("beta"), STR("User"));
    add_cohort(environment, STR("crew"), STR("User"));
    add_cohort(environment, STR("orgs"), STR("org"));
    add_segments(environment);
    for (size_t i = 0; i < FLAGS_MAX; i++) {
        struct flag flag = edge_flag(environment, i);
        offer_flag(environment, &flag);
    }
    for (size_t i = 0; environment->is_broken && i < 8; i++)
        tie_a_knot(environment);
}

static inline void random_environment_close(struct random_environment *environment)
{
    for (size_t i = 0; i < environment->state.cohort_count; i++)
        cohort_members_release(environment->cohorts[i].members);
    arena_close(&environment->arena);
}

#endif
