/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_serve - what was hashed, what came out, and whose that was.
 *
 * The serve itself deals, with a trace; what is added is the text it hashed and the whole hash.
 */
#include <string.h>

#include "eval/draw.h"
#include "eval/explainer.h"

/* What a split hashes: a text, or a number as ECMAScript spells it. */
static struct str split_subject(struct inquiry *inquiry, const struct compiled_serve *serve)
{
    const struct json *value = context_read(inquiry->context, serve->slot);
    if (value->type == JSON_STRING)
        return value->string;
    char text[NUMBER_TEXT_BYTES];
    size_t size = number_format(value->number, text);
    return (struct str){arena_copy(inquiry->arena, text, size), size};
}

static struct str subject_of(struct inquiry *inquiry, const struct compiled_serve *serve)
{
    if (serve_is_bucket(serve->serve))
        return text_view_text(context_view(inquiry->context, serve->slot), inquiry->arena);
    return split_subject(inquiry, serve);
}

static void explain_hash(struct inquiry *inquiry, const struct compiled_serve *serve,
                         struct explained_serve *explained)
{
    struct str subject = subject_of(inquiry, serve);
    struct str prefix =
        flag_hash_prefix(inquiry->arena, explained->hash_name, serve->flag->key, explained->salt);
    char *input = arena_allocate(inquiry->arena, prefix.size + subject.size);
    if (prefix.size > 0)
        memcpy(input, prefix.data, prefix.size);
    if (subject.size > 0)
        memcpy(input + prefix.size, subject.data, subject.size);
    explained->input = (struct str){input, prefix.size + subject.size};
    if (serve->deal == NULL)
        explained->hash = hash_fnv1a_utf16(explained->input);
    else
        explained->hash = draw_hash(serve->deal, subject);
    if (explained->hash_name == FLAG_HASH_MURMUR3_32_PERCENT)
        explained->second_hash = draw_hash_again(serve->deal, subject);
}

static void explain_ranges(struct inquiry *inquiry, const struct flag *flag,
                           const struct trace *trace, struct explained_serve *explained)
{
    explained->range_count = trace->allocation_count;
    explained->ranges =
        ARENA_NEW_ARRAY(inquiry->arena, struct explained_range, trace->allocation_count);
    explained->chosen = -1;
    for (size_t i = 0; i < trace->allocation_count; i++) {
        const struct trace_allocation *allocation = &trace->allocations[i];
        bool is_nobodys = str_is_empty(allocation->variation);
        explained->ranges[i] = (struct explained_range){
            .variation =
                is_nobodys ? VARIATION_NONE : flag_find_variation(flag, allocation->variation),
            .start = allocation->start,
            .end = allocation->end,
        };
        if (explained->chosen < 0 && trace->ticket < allocation->end)
            explained->chosen = (int)i;
    }
}

/* How far it has come. */
static double progress_of(const struct schedule *way, int64_t now_ms)
{
    if (now_ms <= way->start_ms)
        return 0;
    if (now_ms >= way->end_ms)
        return 1;
    return (double)(now_ms - way->start_ms) / (double)(way->end_ms - way->start_ms);
}

static void explain_ticket(struct inquiry *inquiry, const struct compiled_serve *serve,
                           const struct trace *trace, struct explained_serve *explained)
{
    explained->has_subject = true;
    explained->bucket_by = trace->bucket_by;
    explained->salt = trace->salt;
    explained->ticket = trace->ticket;
    explained->ticket_count = trace->ticket_count;
    explain_hash(inquiry, serve, explained);
    explained->percent = trace->percent;
    explained->slice_start = trace->slice_start;
    explained->slice_end = trace->slice_end;
    explain_ranges(inquiry, serve->flag, trace, explained);
}

void explain_serve(struct inquiry *inquiry, const struct compiled_serve *serve,
                   struct explained_serve *explained)
{
    struct trace trace;
    trace_open(&trace, inquiry->arena);
    struct evaluation evaluation = inquiry_ask(inquiry, &trace);
    int variation = serve_choose(&evaluation, serve, &trace);
    *explained = (struct explained_serve){
        .serve = serve->serve,
        .variation = variation < 0 ? VARIATION_NONE : variation,
        .lacks_key = variation == VARIATION_KEY_MISSING,
        .chosen = -1,
    };
    if (serve->kind == SERVE_VARIATION)
        return;
    explained->hash_name = serve->deal == NULL ? FLAG_HASH_FNV1A_32_UTF16 : serve->deal->hash;
    explained->bucket_by = compiled_bucket_by(serve);
    explained->salt = compiled_salt(serve);
    explained->is_progressive = serve_is_progressive(serve->serve);
    if (explained->is_progressive)
        explained->progress = progress_of(&serve->serve->schedule, inquiry->now_ms);
    if (trace.has_ticket)
        explain_ticket(inquiry, serve, &trace, explained);
}
