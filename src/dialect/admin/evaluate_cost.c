/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate_cost - what a question would take at worst, before it is answered: see evaluate.h. */
#include "base/map.h"
#include "dialect/admin/evaluate.h"
#include "snapshot/cost.h"

enum { EXPLAINED_STEPS = 4 }; /* explaining a step, in steps, as measured */

/* What asked flags lean on, each once, as a context keeps what it has decided. */
struct leaning {
    const struct snapshot *snapshot;
    struct map seen;
    const struct flag **waiting;
    size_t waiting_count;
    size_t steps;
};

static void lean_on(struct leaning *leaning, struct str key)
{
    const struct flag_revision *revision = snapshot_find_flag(leaning->snapshot, key);
    if (revision == NULL || !map_insert(&leaning->seen, revision->flag.key, 0))
        return;
    leaning->steps += flag_revision_steps(revision);
    leaning->waiting[leaning->waiting_count++] = &revision->flag;
}

static void lean_on_prerequisites(struct leaning *leaning, const struct flag *flag)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++)
        lean_on(leaning, flag->prerequisites[i].flag);
}

/* Those asked for by name are decided again each time they are named. */
static size_t steps_of_context(struct leaning *leaning, const struct admin_question *question)
{
    for (size_t i = 0; i < question->flag_count; i++) {
        const struct flag_revision *revision =
            snapshot_find_flag(leaning->snapshot, question->flags[i]);
        if (revision == NULL)
            continue;
        leaning->steps += flag_revision_steps(revision);
        lean_on_prerequisites(leaning, &revision->flag);
    }
    while (leaning->waiting_count > 0)
        lean_on_prerequisites(leaning, leaning->waiting[--leaning->waiting_count]);
    return leaning->steps;
}

size_t admin_question_steps(struct arena *arena, const struct admin_question *question,
                            bool is_explained)
{
    const struct snapshot *snapshot = question->state.snapshot;
    struct leaning leaning = {.snapshot = snapshot};
    map_open(&leaning.seen, arena, 0);
    leaning.waiting = ARENA_NEW_ARRAY(arena, const struct flag *, snapshot->state.flag_count);
    size_t steps = steps_of_context(&leaning, question) + snapshot_shared_steps(snapshot);
    return steps * question->context_count * (is_explained ? EXPLAINED_STEPS : 1);
}
