/* SPDX-License-Identifier: Apache-2.0 */
/* cost - what all flags take together is the sum of what each takes, counted once. */
#include "snapshot/cost.h"

#include "eval/steps.h"
#include "fixture.h"

TEST(a_revision_is_counted_once_and_as_the_evaluator_counts)
{
    struct arena arena;
    arena_open(&arena, 1024);
    random_open();
    struct snapshot *snapshot = fixture_snapshot(7, 10);
    for (size_t i = 0; i < snapshot->state.flag_count; i++) {
        struct flag_revision *revision = snapshot->flags[i];
        size_t steps = flag_added_steps(&arena, &revision->flag);
        CHECK_INT(flag_revision_steps(revision), steps);
        CHECK_INT(atomic_load(&revision->steps_and_one), steps + 1);
        CHECK_INT(flag_revision_steps(revision), steps);
    }
    snapshot_release(snapshot);
    arena_close(&arena);
}

TEST(a_snapshot_costs_what_its_flags_and_what_they_share_cost)
{
    random_open();
    struct snapshot *snapshot = fixture_snapshot(7, 10);
    size_t steps = snapshot_shared_steps(snapshot);
    CHECK(steps >= snapshot->rules->selector_count * SHARED_STEPS);
    for (size_t i = 0; i < snapshot->state.flag_count; i++)
        steps += flag_revision_steps(snapshot->flags[i]);
    CHECK_INT(snapshot_steps(snapshot), steps);
    CHECK(steps < SNAPSHOT_STEPS_MAX);
    snapshot_release(snapshot);
}

TESTS(a_revision_is_counted_once_and_as_the_evaluator_counts,
      a_snapshot_costs_what_its_flags_and_what_they_share_cost)
