/* SPDX-License-Identifier: Apache-2.0 */
/* cost - what it takes to decide all flags for one subject: see cost.h. */
#include "snapshot/cost.h"

#include "eval/steps.h"

enum { FLAG_STEPS_MAX = 1000000000 };

static uint32_t count_steps(const struct flag *flag)
{
    struct arena arena;
    arena_open(&arena, 4096);
    size_t steps = flag_added_steps(&arena, flag);
    arena_close(&arena);
    return steps < FLAG_STEPS_MAX ? (uint32_t)steps : FLAG_STEPS_MAX;
}

/* Two threads may count at once: they come to the same. */
size_t flag_revision_steps(const struct flag_revision *revision)
{
    struct flag_revision *kept = (struct flag_revision *)revision;
    uint32_t steps_and_one = atomic_load_explicit(&kept->steps_and_one, memory_order_relaxed);
    if (steps_and_one == 0) {
        steps_and_one = count_steps(&revision->flag) + 1;
        atomic_store_explicit(&kept->steps_and_one, steps_and_one, memory_order_relaxed);
    }
    return steps_and_one - 1;
}

size_t snapshot_shared_steps(const struct snapshot *snapshot)
{
    struct arena arena;
    size_t steps = snapshot->rules->selector_count * SHARED_STEPS;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < snapshot->state.segment_count; i++) {
        steps += segment_added_steps(&arena, snapshot->state.segments[i]);
        arena_reset(&arena);
    }
    arena_close(&arena);
    return steps;
}

size_t snapshot_steps(const struct snapshot *snapshot)
{
    size_t steps = snapshot_shared_steps(snapshot);
    for (size_t i = 0; i < snapshot->state.flag_count; i++)
        steps += flag_revision_steps(snapshot->flags[i]);
    return steps;
}
