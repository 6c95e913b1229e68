/* SPDX-License-Identifier: Apache-2.0 */
/* What flags of the text family may lean on, and cohorts in an environment. */
#include "environment_fixture.h"

/* a leans on b; both are of the text family, remote and in use. */
static struct environment_state pair(struct arena *arena)
{
    static const struct flag_row rows[] = {{"a", {"b"}, {NULL}}, {"b", {NULL}, {NULL}}};
    struct environment_state state = fixture_tables(arena, rows, COUNT_OF(rows), NULL, 0);
    for (size_t i = 0; i < state.flag_count; i++) {
        struct flag *flag = fixture_flag_in(&state, i == 0 ? "a" : "b");
        flag->arithmetic = (struct arithmetic){FLAG_HASH_MURMUR3_32_UTF8, FLAG_COMPARISON_TEXT};
    }
    return state;
}

static void check_refused(struct arena *arena, const struct environment_state *state,
                          const char *why)
{
    struct fault fault = environment_check(arena, state);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.where, STR("$.flags.a.prerequisites"));
    CHECK_STR(fault.why, str_of(why));
}

TEST(a_local_flag_leans_on_local_ones_alone)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct environment_state state = pair(&arena);
    CHECK_OK(environment_check(&arena, &state));
    fixture_flag_in(&state, "b")->evaluation_mode = EVALUATION_LOCAL;
    CHECK_OK(environment_check(&arena, &state));
    fixture_flag_in(&state, "a")->evaluation_mode = EVALUATION_LOCAL;
    CHECK_OK(environment_check(&arena, &state));
    fixture_flag_in(&state, "b")->evaluation_mode = EVALUATION_REMOTE;
    check_refused(&arena, &state, "local flag references remote flag b");
    arena_close(&arena);
}

TEST(a_flag_in_use_leans_on_flags_in_use)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct environment_state state = pair(&arena);
    fixture_flag_in(&state, "b")->is_archived = true;
    check_refused(&arena, &state, "flag references archived flag b");
    fixture_flag_in(&state, "a")->is_archived = true;
    CHECK_OK(environment_check(&arena, &state));
    fixture_flag_in(&state, "b")->is_archived = false;
    CHECK_OK(environment_check(&arena, &state));
    arena_close(&arena);
}

/* Whether browsers see a flag is decided per deployment in the text family; what a typed one leans
 * on has to be as visible as itself whatever it is, because documents say so of both. */
TEST(a_text_flag_may_lean_on_what_browsers_do_not_see)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct environment_state state = pair(&arena);
    fixture_flag_in(&state, "a")->visibility = VISIBILITY_CLIENT;
    fixture_flag_in(&state, "b")->visibility = VISIBILITY_SERVER;
    CHECK_OK(environment_check(&arena, &state));
    fixture_flag_in(&state, "a")->arithmetic = (struct arithmetic){0};
    check_refused(&arena, &state, "client flag references server flag b");
    arena_close(&arena);
}

TEST(a_prerequisite_that_gates_nothing_still_orders)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct environment_state state = pair(&arena);
    fixture_flag_in(&state, "a")->prerequisites[0].variation_count = 0;
    CHECK_OK(environment_check(&arena, &state));
    struct resource_path *paths = NULL;
    CHECK_INT(environment_paths(&arena, &state, (struct resource){RESOURCE_FLAG, STR("b")},
                                PATH_IMPACT, 8, &paths),
              1);
    CHECK_STR(paths[0].resources[1].key, STR("a"));

    fixture_require(&arena, fixture_flag_in(&state, "b"), STR("a"));
    struct fault fault = environment_check(&arena, &state);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.why, STR("must not form a cycle: a -> b -> a"));
    arena_close(&arena);
}

static const struct cohort **cohorts_of(struct arena *arena, size_t count)
{
    const struct cohort **cohorts = ARENA_NEW_ARRAY(arena, const struct cohort *, count);
    for (size_t i = 0; i < count; i++) {
        struct cohort *cohort = ARENA_NEW(arena, struct cohort);
        cohort->id = arena_format(arena, "c%04zu", i);
        cohorts[i] = cohort;
    }
    return cohorts;
}

TEST(cohorts_are_found_by_id_and_counted)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct environment_state state = pair(&arena);
    CHECK(environment_find_cohort(&state, STR("c0000")) == NULL);
    state.cohorts = cohorts_of(&arena, COHORTS_PER_ENVIRONMENT_MAX + 1);
    state.cohort_count = COHORTS_PER_ENVIRONMENT_MAX;
    CHECK_OK(environment_check(&arena, &state));
    for (size_t i = 0; i < state.cohort_count; i++)
        CHECK(environment_find_cohort(&state, state.cohorts[i]->id) == state.cohorts[i]);
    CHECK(environment_find_cohort(&state, STR("c")) == NULL);

    state.cohort_count++;
    struct fault fault = environment_check(&arena, &state);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("$.cohorts"));
    arena_close(&arena);
}

TESTS(a_local_flag_leans_on_local_ones_alone, a_flag_in_use_leans_on_flags_in_use,
      a_text_flag_may_lean_on_what_browsers_do_not_see,
      a_prerequisite_that_gates_nothing_still_orders, cohorts_are_found_by_id_and_counted)
