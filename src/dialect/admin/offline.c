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

static int compare_flags(const void *a, const void *b)
{
    const struct flag *const *left = a, *const *right = b;
    return str_compare((*left)->key, (*right)->key);
}

static int compare_segments(const void *a, const void *b)
{
    const struct segment *const *left = a, *const *right = b;
    return str_compare((*left)->key, (*right)->key);
}

static int compare_cohorts(const void *a, const void *b)
{
    const struct cohort *const *left = a, *const *right = b;
    return str_compare((*left)->id, (*right)->id);
}

/* A sorted copy: people write files in any order. */
static const void *sorted(struct arena *arena, const void *pointers, size_t count,
                          int (*compare)(const void *, const void *))
{
    if (count == 0)
        return pointers;
    size_t bytes = count * sizeof(void *);
    void *copy = ARENA_NEW_ARRAY(arena, void *, count);
    memcpy(copy, pointers, bytes);
    qsort(copy, count, sizeof(void *), compare);
    return copy;
}

static struct environment_state state_of(struct arena *arena, const struct whole_state *read)
{
    return (struct environment_state){
        .name = STR("file"),
        .flags = sorted(arena, read->flags, read->flag_count, compare_flags),
        .flag_count = read->flag_count,
        .segments = sorted(arena, read->segments, read->segment_count, compare_segments),
        .segment_count = read->segment_count,
        .cohorts = sorted(arena, read->cohorts, read->cohort_count, compare_cohorts),
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
