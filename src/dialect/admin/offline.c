/* SPDX-License-Identifier: Apache-2.0 */
/* offline - questions asked of a text: see offline.h. */
#include "dialect/admin/offline.h"

#include <stdlib.h>
#include <string.h>

#include "dialect/admin/transfer.h"

struct admin_offline {
    struct arena *arena;
    struct transfer transfer;
    struct snapshot *snapshot;
};

/* ---- a state of a text -----------------------------------------------------------------------
 */

/* Copies in order: people write files in any. */
static struct environment_state state_of(struct arena *arena, const struct whole_state *read)
{
    const struct flag **flags = ARENA_NEW_ARRAY(arena, const struct flag *, read->flag_count);
    const struct segment **segments =
        ARENA_NEW_ARRAY(arena, const struct segment *, read->segment_count);
    const struct cohort **cohorts =
        ARENA_NEW_ARRAY(arena, const struct cohort *, read->cohort_count);
    for (size_t i = 0; i < read->flag_count; i++)
        flags[i] = read->flags[i];
    for (size_t i = 0; i < read->segment_count; i++)
        segments[i] = read->segments[i];
    for (size_t i = 0; i < read->cohort_count; i++)
        cohorts[i] = read->cohorts[i];
    environment_sort_flags(flags, read->flag_count);
    environment_sort_segments(segments, read->segment_count);
    environment_sort_cohorts(cohorts, read->cohort_count);
    return (struct environment_state){
        .name = STR("file"),
        .flags = flags,
        .flag_count = read->flag_count,
        .segments = segments,
        .segment_count = read->segment_count,
        .cohorts = cohorts,
        .cohort_count = read->cohort_count,
    };
}

struct fault admin_offline_open(struct arena *arena, struct str text,
                                struct admin_offline **offline)
{
    struct admin_offline *made = ARENA_NEW(arena, struct admin_offline);
    *offline = made;
    made->arena = arena;
    struct fault fault = transfer_read(arena, NULL, 0, text, &made->transfer);
    if (failed(fault))
        return fault;
    struct snapshot *snapshot = ARENA_NEW(arena, struct snapshot);
    snapshot->state = state_of(arena, &made->transfer.state);
    if (made->transfer.state.settings != NULL)
        snapshot->settings = *made->transfer.state.settings;
    snapshot->state.settings = snapshot->settings;
    fault = environment_check(arena, &snapshot->state);
    if (failed(fault))
        return fault;
    snapshot->rules = ruleset_compile(arena, &snapshot->state);
    made->snapshot = snapshot;
    return fault;
}

void admin_offline_close(struct admin_offline *offline)
{
    if (offline->snapshot != NULL)
        ruleset_close(offline->snapshot->rules);
    transfer_close(&offline->transfer);
}

/* ---- asking ----------------------------------------------------------------------------------
 */

struct fault admin_offline_answer(struct admin_offline *offline, const struct json *context,
                                  struct str key, int64_t now_ms, bool is_explained,
                                  struct buf *answer)
{
    struct fault fault = admin_context_find_fault(context);
    if (failed(fault))
        return fault;
    struct admin_question question = {
        .state = {.snapshot = offline->snapshot, .at_ms = now_ms},
        .now_ms = now_ms,
        .contexts = context,
        .context_count = 1,
        .flags = &key,
        .flag_count = 1,
    };
    if (str_is_absent(key)) {
        question.flag_count = 0;
        admin_question_list_flags(offline->arena, &question);
    }
    question.scratch = pattern_scratch_open();
    struct json_writer writer;
    json_writer_open(&writer, answer);
    admin_write_answer(&writer, &question, is_explained);
    pattern_scratch_close(question.scratch);
    return fault_none();
}
