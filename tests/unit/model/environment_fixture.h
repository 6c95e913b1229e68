/* SPDX-License-Identifier: Apache-2.0 */
/* environment_fixture - environments written as tables of who leans on whom. */
#ifndef MODEL_ENVIRONMENT_FIXTURE_H
#define MODEL_ENVIRONMENT_FIXTURE_H

#include "fixture.h"

enum { LINKS_MAX = 3 };

struct flag_row {
    const char *key;
    const char *prerequisites[LINKS_MAX]; /* keys */
    const char *segments[LINKS_MAX];      /* keys, each in a rule of its own */
};

struct segment_row {
    const char *key;
    const char *segments[LINKS_MAX]; /* keys, each in a rule of its own */
};

static inline int order_flags(const void *a, const void *b)
{
    return str_compare((*(struct flag *const *)a)->key, (*(struct flag *const *)b)->key);
}

static inline int order_segments(const void *a, const void *b)
{
    return str_compare((*(struct segment *const *)a)->key, (*(struct segment *const *)b)->key);
}

/* Sorts, as whoever builds a state must. */
static inline struct environment_state fixture_state(struct flag **flags, size_t flag_count,
                                                     struct segment **segments,
                                                     size_t segment_count)
{
    if (flag_count > 0)
        qsort(flags, flag_count, sizeof(flags[0]), order_flags);
    if (segment_count > 0)
        qsort(segments, segment_count, sizeof(segments[0]), order_segments);
    return (struct environment_state){
        .app_id = STR("app_9f2c"),
        .name = STR("production"),
        .version = 17,
        .flags = (const struct flag *const *)flags,
        .flag_count = flag_count,
        .segments = (const struct segment *const *)segments,
        .segment_count = segment_count,
    };
}

static inline struct flag *flag_of(struct arena *arena, const struct flag_row *row)
{
    struct flag *flag = ARENA_NEW(arena, struct flag);
    *flag = fixture_flag(arena, str_of(row->key));
    for (size_t i = 0; i < LINKS_MAX && row->prerequisites[i] != NULL; i++)
        fixture_require(arena, flag, str_of(row->prerequisites[i]));
    flag->rules = ARENA_NEW_ARRAY(arena, struct rule, LINKS_MAX);
    for (size_t i = 0; i < LINKS_MAX && row->segments[i] != NULL; i++) {
        flag->rules[flag->rule_count++] = (struct rule){
            .id = arena_format(arena, "r%zu", i),
            .when = fixture_in_segment(str_of(row->segments[i])),
            .serve = {.kind = SERVE_VARIATION, .variation = STR("on")},
        };
    }
    return flag;
}

static inline struct segment *segment_of(struct arena *arena, const struct segment_row *row)
{
    struct segment *segment = ARENA_NEW(arena, struct segment);
    *segment = fixture_segment(str_of(row->key));
    segment->rules = ARENA_NEW_ARRAY(arena, struct expression, LINKS_MAX);
    for (size_t i = 0; i < LINKS_MAX && row->segments[i] != NULL; i++)
        segment->rules[segment->rule_count++] = fixture_in_segment(str_of(row->segments[i]));
    return segment;
}

static inline struct environment_state
fixture_tables(struct arena *arena, const struct flag_row *flag_rows, size_t flag_count,
               const struct segment_row *segment_rows, size_t segment_count)
{
    struct flag **flags = ARENA_NEW_ARRAY(arena, struct flag *, flag_count);
    struct segment **segments = ARENA_NEW_ARRAY(arena, struct segment *, segment_count);
    for (size_t i = 0; i < flag_count; i++)
        flags[i] = flag_of(arena, &flag_rows[i]);
    for (size_t i = 0; i < segment_count; i++)
        segments[i] = segment_of(arena, &segment_rows[i]);
    struct environment_state state = fixture_state(flags, flag_count, segments, segment_count);
    state.settings.hides_flags_by_default = true;
    return state;
}

/* For tests that change something about one of them afterwards. */
static inline struct flag *fixture_flag_in(const struct environment_state *state, const char *key)
{
    const struct flag *flag = environment_find_flag(state, str_of(key));
    assert_non_null(flag);
    return (struct flag *)(uintptr_t)flag;
}

static inline struct segment *fixture_segment_in(const struct environment_state *state,
                                                 const char *key)
{
    const struct segment *segment = environment_find_segment(state, str_of(key));
    assert_non_null(segment);
    return (struct segment *)(uintptr_t)segment;
}

#endif
