/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_serve - what was hashed, what came out, and whose that was.
 *
 * The serve itself deals, with a trace; what is added is the text it hashed and the whole hash.
 */
#include "base/number.h"
#include "eval/explainer.h"
#include "eval/hash.h"

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

static void explain_split_hash(struct inquiry *inquiry, const struct compiled_serve *serve,
                               struct explained_serve *explained)
{
    struct str subject = split_subject(inquiry, serve);
    explained->input = arena_format(inquiry->arena, "%.*s:%.*s:%.*s", STR_ARG(serve->flag->key),
                                    STR_ARG(explained->salt), STR_ARG(subject));
    explained->hash = hash_fnv1a_utf16(explained->input);
}

static void explain_bucket_hash(struct inquiry *inquiry, const struct compiled_serve *serve,
                                struct explained_serve *explained)
{
    struct str subject =
        text_view_text(context_view(inquiry->context, serve->slot), inquiry->arena);
    explained->input =
        arena_format(inquiry->arena, "%.*s/%.*s", STR_ARG(explained->salt), STR_ARG(subject));
    explained->hash = hash_murmur3_32(explained->input, 0);
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
    bool is_bucket = serve_is_bucket(serve->serve);
    explained->has_subject = true;
    explained->bucket_by = trace->bucket_by;
    explained->salt = trace->salt;
    explained->ticket = trace->ticket;
    explained->ticket_count = is_bucket ? BUCKET_TICKETS : SPLIT_WEIGHT_TOTAL;
    if (is_bucket) {
        explain_bucket_hash(inquiry, serve, explained);
        explained->percent = trace->percent;
        explained->slice_start = trace->slice_start;
        explained->slice_end = trace->slice_end;
    } else {
        explain_split_hash(inquiry, serve, explained);
    }
    explain_ranges(inquiry, serve->flag, trace, explained);
}

static struct str text_or_empty(struct str text)
{
    return str_is_absent(text) ? STR("") : text;
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
    bool is_bucket = serve_is_bucket(serve->serve);
    struct str bucket_by = is_bucket ? serve->bucket->selector : serve_bucket_by(serve->serve);
    explained->hash_name = is_bucket ? FLAG_HASH_MURMUR3_32_UTF8 : FLAG_HASH_FNV1A_32_UTF16;
    explained->bucket_by = str_is_absent(bucket_by) ? STR("targetingKey") : bucket_by;
    explained->salt = text_or_empty(is_bucket ? serve->bucket->salt : serve_salt(serve->serve));
    explained->is_progressive = serve_is_progressive(serve->serve);
    if (explained->is_progressive)
        explained->progress = progress_of(&serve->serve->schedule, inquiry->now_ms);
    if (trace.has_ticket)
        explain_ticket(inquiry, serve, &trace, explained);
}
