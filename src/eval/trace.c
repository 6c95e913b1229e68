/* SPDX-License-Identifier: Apache-2.0 */
/* trace - writes down what an explanation needs: see evaluate.h. */
#include <assert.h>

#include "base/buf.h"
#include "eval/bucket.h"
#include "eval/evaluation.h"

void trace_open(struct trace *trace, struct arena *arena)
{
    *trace = (struct trace){.arena = arena};
}

void trace_note_prerequisite(struct trace *trace, const struct flag_rules *flag,
                             const struct decision *decision, bool is_satisfied)
{
    assert(trace->prerequisites != NULL); /* room for all of the flag's */
    trace->prerequisites[trace->prerequisite_count++] = (struct trace_prerequisite){
        .flag = flag,
        .variation = decision->variation,
        .is_satisfied = is_satisfied,
        .reason = decision->reason,
    };
}

/* From the flag that was asked for to the one met again: "a -> b -> a". */
void trace_note_cycle(struct trace *trace, const struct frame *top, const struct flag_rules *again)
{
    const struct flag_rules *path[PREREQUISITE_STACK_MAX] = {NULL};
    assert(top->depth < PREREQUISITE_STACK_MAX);
    for (const struct frame *frame = top; frame != NULL; frame = frame->below)
        path[frame->depth] = frame->flag;

    struct buf text;
    buf_open(&text, SIZE_MAX);
    for (uint32_t i = 0; i <= top->depth; i++) {
        buf_append(&text, path[i]->flag->key);
        buf_append(&text, STR(" -> "));
    }
    buf_append(&text, again->flag->key);
    trace->cycle = arena_copy_str(trace->arena, buf_str(&text));
    buf_close(&text);
}

void trace_note_serve(struct trace *trace, const struct compiled_serve *serve)
{
    trace->serve = serve->serve;
    trace->has_ticket = false;
    trace->ticket = 0;
    trace->has_percent = false;
    trace->percent = 0;
    trace->slice_start = 0;
    trace->slice_end = 0;
    trace->bucket_by = (struct str){0};
    trace->salt = (struct str){0};
    trace->allocations = NULL;
    trace->allocation_count = 0;
}

static struct trace_allocation *
copy_allocations(struct arena *arena, const struct compiled_serve *serve, double progress)
{
    static const struct str unknown = {"", 0};
    const struct flag *flag = serve->flag;
    struct trace_allocation *allocations =
        ARENA_NEW_ARRAY(arena, struct trace_allocation, serve->share_count);
    uint32_t start = 0;
    for (uint32_t i = 0; i < serve->share_count; i++) {
        const struct compiled_share *share = &serve->shares[i];
        uint32_t end =
            serve->kind == SERVE_SPLIT ? share->end : start + share_weight_at(share, progress);
        allocations[i] = (struct trace_allocation){
            .variation = share->variation < 0 ? unknown : flag->variations[share->variation].id,
            .start = start,
            .end = end,
        };
        start = end;
    }
    return allocations;
}

void trace_note_ticket(struct trace *trace, const struct compiled_serve *serve, uint32_t ticket,
                       double progress)
{
    struct str bucket_by = serve_bucket_by(serve->serve);
    struct str salt = serve_salt(serve->serve);
    trace->has_ticket = true;
    trace->ticket = ticket;
    trace->bucket_by = str_is_absent(bucket_by) ? STR("targetingKey") : bucket_by;
    trace->salt = str_is_absent(salt) ? STR("") : salt;
    trace->allocations = copy_allocations(trace->arena, serve, progress);
    trace->allocation_count = serve->share_count;
}

static void note_slice(struct trace *trace, const struct compiled_serve *serve, uint32_t slice,
                       int64_t now_ms)
{
    bool is_first = slice == 0;
    bool is_behind = slice == serve->bucket->slice_count;
    trace->slice_start = is_first ? 0 : slice_end_at(serve, slice - 1, now_ms);
    trace->slice_end = is_behind ? SLICE_PERCENT_MAX : slice_end_at(serve, slice, now_ms);
}

void trace_note_bucket(struct trace *trace, const struct compiled_serve *serve, uint32_t percent,
                       uint32_t ticket, uint32_t slice, int64_t now_ms)
{
    trace->has_ticket = true;
    trace->ticket = ticket;
    trace->has_percent = true;
    trace->percent = percent;
    trace->bucket_by = serve->bucket->selector;
    trace->salt = str_is_absent(serve->bucket->salt) ? STR("") : serve->bucket->salt;
    note_slice(trace, serve, slice, now_ms);
    const struct bucket *bucket = &serve->serve->bucket;
    if (slice == bucket->slice_count || bucket->slices[slice].allocation_count == 0)
        return;
    struct bucket_range *ranges =
        ARENA_NEW_ARRAY(trace->arena, struct bucket_range, bucket->slices[slice].allocation_count);
    trace->allocation_count = bucket_ranges(&bucket->slices[slice], ranges);
    trace->allocations =
        ARENA_NEW_ARRAY(trace->arena, struct trace_allocation, trace->allocation_count);
    for (size_t i = 0; i < trace->allocation_count; i++) {
        bool is_nobodys = str_is_absent(ranges[i].variation);
        trace->allocations[i] = (struct trace_allocation){
            is_nobodys ? STR("") : ranges[i].variation, ranges[i].start, ranges[i].end};
    }
}
