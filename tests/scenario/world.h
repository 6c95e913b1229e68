/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world - one random environment that a writer would accept, published as the server does it.
 *
 *     world_open(&world, seed);      flags, segments and cohorts that pass every check; a snapshot
 *     world_close(&world);
 */
#ifndef SCENARIO_WORLD_H
#define SCENARIO_WORLD_H

#include <stdlib.h>
#include <string.h>

#include "dialect/amplitude/pieces.h"
#include "dialect/exchange.h"
#include "dialect/superflag/read_config.h"
#include "random_text.h"
#include "test.h"

enum { WORLD_FLAGS_MAX = 28, WORLD_SEGMENTS = 3, WORLD_COHORTS = 3, WORLD_ENVIRONMENT = 7 };

struct world {
    uint64_t seed;
    struct arena arena;
    struct dice dice;
    struct flag flags[WORLD_FLAGS_MAX]; /* in the order they came */
    size_t flag_count;
    const struct flag *by_key[WORLD_FLAGS_MAX];
    struct segment segments[WORLD_SEGMENTS];
    const struct segment *segment_list[WORLD_SEGMENTS];
    struct cohort cohorts[WORLD_COHORTS];
    const struct cohort *cohort_list[WORLD_COHORTS];
    struct environment_state state; /* what the checks see */
    struct snapshot *snapshot;
};

/* ---- making ---------------------------------------------------------------------------------- */

static inline void world_add_cohort(struct world *world, struct str id, struct str group_type)
{
    struct cohort_builder *builder = cohort_builder_open();
    struct cohort_members *members = NULL;
    bool is_of_people = str_equal(group_type, STR("User"));
    for (size_t i = 0; i < 3; i++)
        CHECK_OK(cohort_builder_add(builder, is_of_people ? some_user_id(&world->dice)
                                                          : some_group_name(&world->dice)));
    CHECK_OK(cohort_builder_finish(builder, &members));
    size_t index = world->state.cohort_count++;
    world->cohorts[index] = (struct cohort){.id = id,
                                            .group_type = group_type,
                                            .size = cohort_members_count(members),
                                            .members = members};
    world->cohort_list[index] = &world->cohorts[index];
}

static inline bool world_is_good(struct world *world)
{
    return !failed(environment_check(&world->arena, &world->state));
}

/* With a neighbour or without: segments may lean on each other. */
static inline void world_add_segments(struct world *world)
{
    static const char *const keys[WORLD_SEGMENTS] = {"s-a", "s-b", "s-c"};
    world->state.segments = world->segment_list;
    for (size_t i = 0; i < WORLD_SEGMENTS; i++) {
        struct segment *segment = &world->segments[i];
        world->segment_list[i] = segment;
        *segment = (struct segment){.id = str_of(keys[i]), .key = str_of(keys[i])};
    }
    world->state.segment_count = WORLD_SEGMENTS;
    for (size_t i = 0; i < WORLD_SEGMENTS; i++) {
        struct segment before = world->segments[i];
        world->segments[i] = some_segment(&world->dice, before.key);
        if (failed(segment_check(&world->arena, &world->segments[i])) || !world_is_good(world))
            world->segments[i] = before;
    }
}

/* On flags that are there already, so that most come without a cycle. */
static inline void world_add_parents(struct world *world, struct flag *flag)
{
    struct dice *dice = &world->dice;
    size_t count = roll(dice, 4) > 0 ? 0 : 1 + roll(dice, 2);
    if (count == 0 || world->flag_count < 2)
        return;
    flag->prerequisites = ARENA_NEW_ARRAY(dice->arena, struct prerequisite, count);
    size_t first = roll(dice, (uint32_t)(world->flag_count - 1));
    for (size_t i = 0; i < count; i++) {
        const struct flag *parent = &world->flags[first + i];
        struct prerequisite *added = &flag->prerequisites[flag->prerequisite_count++];
        added->flag = parent->key;
        added->variation_count = roll(dice, 3);
        if (added->variation_count > parent->variation_count)
            added->variation_count = parent->variation_count;
        added->variations = ARENA_NEW_ARRAY(dice->arena, struct str, added->variation_count);
        for (size_t j = 0; j < added->variation_count; j++)
            added->variations[j] = parent->variations[j].id;
    }
}

/* What a world is mostly made of. */
enum world_mood { MOOD_MIXED, MOOD_OLD, MOOD_TEXT, MOOD_MANAGED, MOODS };

static inline struct flag some_flag(struct world *world, enum world_mood mood, size_t index)
{
    struct dice *dice = &world->dice;
    uint32_t kind = roll(dice, 10);
    bool is_text = mood >= MOOD_TEXT || (mood == MOOD_MIXED ? kind < 6 : kind < 2);
    if (!is_text) {
        /* keys sort otherwise than flags come */
        struct str key = arena_format(dice->arena, "%c%zu", 'a' + (char)roll(dice, 26), index);
        if (mood == MOOD_OLD || kind == 9)
            return some_old_flag(dice, key);
        struct flag flag = some_typed_flag(dice, key);
        world_add_parents(world, &flag);
        return flag;
    }
    bool is_odd = !dice->is_tame && once_in(dice, 15);
    const char *name = kind == 0 ? "group" : is_odd ? "odd" : "t";
    struct flag flag = begin_text(dice, arena_format(dice->arena, "%s%zu", name, index));
    world_add_parents(world, &flag);
    if (kind == 0)
        finish_group(dice, &flag);
    else
        finish_text(dice, &flag);
    return flag;
}

static inline int world_compare_flags(const void *left, const void *right)
{
    const struct flag *const *a = left;
    const struct flag *const *b = right;
    return str_compare((*a)->key, (*b)->key);
}

static inline void world_sort(struct world *world)
{
    for (size_t i = 0; i < world->flag_count; i++)
        world->by_key[i] = &world->flags[i];
    qsort(world->by_key, world->flag_count, sizeof(world->by_key[0]), world_compare_flags);
    world->state.flags = world->by_key;
    world->state.flag_count = world->flag_count;
}

/* Keeps the flag when a writer would. */
static inline void world_offer(struct world *world, const struct flag *flag)
{
    if (failed(flag_check(&world->arena, flag)))
        return;
    world->flags[world->flag_count++] = *flag;
    world_sort(world);
    if (world_is_good(world))
        return;
    world->flag_count--;
    world_sort(world);
}

/* ---- publishing ------------------------------------------------------------------------------ */

struct world_revisions {
    struct flag_revision *flags[WORLD_FLAGS_MAX];
    struct segment_revision *segments[WORLD_SEGMENTS];
    struct cohort_revision *cohorts[WORLD_COHORTS];
};

static inline void world_publish(struct world *world)
{
    struct world_revisions revisions;
    const struct environment_state *state = &world->state;
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct provenance provenance = {.number = i + 1, .sequence = 1 + i % 3};
        revisions.flags[i] = flag_revision_make(state->flags[i], &provenance);
    }
    for (size_t i = 0; i < state->segment_count; i++)
        revisions.segments[i] = segment_revision_make(state->segments[i]);
    for (size_t i = 0; i < state->cohort_count; i++) {
        const struct cohort_digest digest = {.bytes = {(unsigned char)i}};
        revisions.cohorts[i] = cohort_revision_make(state->cohorts[i], &digest);
    }
    const struct snapshot_parts parts = {
        .environment = WORLD_ENVIRONMENT,
        .version = 3,
        .now_ms = world_now_ms,
        .app_id = STR("app_1"),
        .name = STR("production"),
        .settings = state->settings,
        .flags = revisions.flags,
        .flag_count = state->flag_count,
        .segments = revisions.segments,
        .segment_count = state->segment_count,
        .cohorts = revisions.cohorts,
        .cohort_count = state->cohort_count,
    };
    world->snapshot = snapshot_make(&parts);
    superflag_render_config(world->snapshot);
    amplitude_render(world->snapshot);
    for (size_t i = 0; i < state->flag_count; i++)
        flag_revision_release(revisions.flags[i]);
    for (size_t i = 0; i < state->segment_count; i++)
        segment_revision_release(revisions.segments[i]);
    for (size_t i = 0; i < state->cohort_count; i++)
        cohort_revision_release(revisions.cohorts[i]);
}

static inline void world_open(struct world *world, uint64_t seed)
{
    memset(world, 0, sizeof(*world));
    arena_open(&world->arena, 65536);
    world->seed = seed;
    world->dice = dice_of(seed, &world->arena);
    struct dice *dice = &world->dice;
    enum world_mood mood = (enum world_mood)roll(dice, MOODS);
    dice->is_tame = mood == MOOD_MANAGED;
    world->state = (struct environment_state){.app_id = STR("app_1"), .name = STR("production")};
    world->state.settings.document_form = (enum document_form)roll(dice, 3);
    world->state.settings.hides_flags_by_default = once_in(dice, 3);
    world->state.cohorts = world->cohort_list;
    world_add_cohort(world, STR("beta"), STR("User"));
    world_add_cohort(world, STR("crew"), STR("User"));
    world_add_cohort(world, STR("orgs"), STR("org"));
    world_add_segments(world);
    for (size_t i = 0; i < WORLD_FLAGS_MAX; i++) {
        struct flag flag = some_flag(world, mood, i);
        world_offer(world, &flag);
    }
    world_publish(world);
}

static inline void world_close(struct world *world)
{
    snapshot_release(world->snapshot);
    for (size_t i = 0; i < world->state.cohort_count; i++)
        cohort_members_release(world->cohorts[i].members);
    arena_close(&world->arena);
}

/* What the environment says, or else this. */
static inline uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t number = otherwise;
    if (text != NULL)
        CHECK(str_parse_u64(str_of(text), &number));
    return number;
}

#endif
