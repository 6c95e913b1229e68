/* SPDX-License-Identifier: Apache-2.0 */
/* trace - writes down what an explanation needs: see evaluate.h. */
#include <assert.h>

#include "base/buf.h"
#include "eval/draw.h"
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
    trace->ticket_count = 0;
    trace->has_percent = false;
    trace->percent = 0;
    trace->slice_start = 0;
    trace->slice_end = 0;
    trace->bucket_by = (struct str){0};
    trace->salt = (struct str){0};
    trace->allocations = NULL;
    trace->allocation_count = 0;
}

/* Elsewhere the last has what is left over, and nobody more than there is. */
static uint32_t split_end(const struct compiled_serve *serve, uint32_t index, uint32_t start,
                          double progress)
{
    const struct compiled_share *share = &serve->shares[index];
    if (serve->kind == SERVE_SPLIT)
        return share->end;
    uint32_t end = start + share_weight_at(share, progress);
    if (serve->deal == NULL)
        return end;
    bool is_last = index + 1 == serve->share_count;
    return is_last || end > serve->deal->ticket_count ? serve->deal->ticket_count : end;
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
        uint32_t end = split_end(serve, i, start, progress);
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
    trace->has_ticket = true;
    trace->ticket = ticket;
    trace->ticket_count = serve->deal == NULL ? SPLIT_WEIGHT_TOTAL : serve->deal->ticket_count;
    trace->bucket_by = compiled_bucket_by(serve);
    trace->salt = compiled_salt(serve);
    trace->allocations = copy_allocations(trace->arena, serve, progress);
    trace->allocation_count = serve->share_count;
}

static void note_slice(struct trace *trace, const struct compiled_serve *serve, uint32_t slice,
                       int64_t now_ms)
{
    bool is_first = slice == 0;
    bool is_behind = slice == serve->deal->slice_count;
    trace->slice_start = is_first ? 0 : slice_end_at(serve, slice - 1, now_ms);
    trace->slice_end = is_behind ? SLICE_PERCENT_MAX : slice_end_at(serve, slice, now_ms);
}

/* Those of the slice; behind the last there are none. */
static void note_shares(struct trace *trace, const struct compiled_serve *serve, uint32_t slice)
{
    const struct bucket *bucket = &serve->serve->bucket;
    bool is_ours = serve->deal->hash == FLAG_HASH_MURMUR3_32_UTF8;
    trace->ticket_count = is_ours ? BUCKET_TICKETS : 0;
    if (slice == bucket->slice_count || bucket->slices[slice].allocation_count == 0)
        return;
    const struct slice *dealt = &bucket->slices[slice];
    struct bucket_range *ranges =
        ARENA_NEW_ARRAY(trace->arena, struct bucket_range, dealt->allocation_count);
    size_t count = is_ours ? bucket_ranges(dealt, ranges) : draw_ranges(dealt, ranges);
    trace->allocations = ARENA_NEW_ARRAY(trace->arena, struct trace_allocation, count);
    trace->allocation_count = count;
    for (size_t i = 0; i < count; i++) {
        bool is_nobodys = str_is_absent(ranges[i].variation);
        trace->allocations[i] = (struct trace_allocation){
            is_nobodys ? STR("") : ranges[i].variation, ranges[i].start, ranges[i].end};
    }
    if (!is_ours)
        trace->ticket_count = ranges[count - 1].end;
}

void trace_note_bucket(struct trace *trace, const struct compiled_serve *serve, uint32_t percent,
                       uint32_t ticket, uint32_t slice, int64_t now_ms)
{
    trace->has_ticket = true;
    trace->ticket = ticket;
    trace->has_percent = true;
    trace->percent = percent;
    trace->bucket_by = compiled_bucket_by(serve);
    trace->salt = compiled_salt(serve);
    note_slice(trace, serve, slice, now_ms);
    note_shares(trace, serve, slice);
}
