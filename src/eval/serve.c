/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve - from a subject to a ticket, from a ticket to a variation: wire reference of the typed
 * family, sections 13 ("Serve selection") and 14; of the text family, section 10.4.
 */
#include <math.h>

#include "eval/draw.h"
#include "eval/evaluation.h"
#include "eval/hash.h"

static uint32_t ticket_of(const struct compiled_serve *serve, struct str subject)
{
    return hash_fnv1a_utf16_continue(serve->prefix, subject) % SPLIT_WEIGHT_TOTAL;
}

/* A number is hashed as ECMAScript spells it. */
static __attribute__((noinline)) uint32_t ticket_of_number(const struct compiled_serve *serve,
                                                           double subject)
{
    char text[NUMBER_TEXT_BYTES];
    size_t size = number_format(subject, text);
    return ticket_of(serve, (struct str){text, size});
}

/* False for what has no ticket: anything but a text or a number, and what is missing. */
static inline bool take_ticket(const struct compiled_serve *serve, const struct json *subject,
                               uint32_t *ticket)
{
    if (subject->type == JSON_STRING) {
        *ticket = ticket_of(serve, subject->string);
        return true;
    }
    if (subject->type != JSON_NUMBER)
        return false;
    *ticket = ticket_of_number(serve, subject->number);
    return true;
}

static inline int share_owner(const struct compiled_share *shares, uint32_t count, uint32_t ticket)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ticket < shares[i].end)
            return shares[i].variation;
    }
    return VARIATION_NONE;
}

/* Who has no ticket for want of a targeting key is not known to be without one. */
static int choose_without_ticket(const struct context *context, const struct compiled_serve *serve)
{
    bool is_key = serve->slot == SLOT_TARGETING_KEY;
    return is_key && context_lacks_key(context) ? VARIATION_KEY_MISSING : VARIATION_NONE;
}

/* How far a progressive serve has come: 0 before its start, 1 from its end on. */
static inline __attribute__((always_inline)) double progress_at(const struct activity *activity,
                                                                int64_t now_ms)
{
    if (now_ms <= activity->start_ms)
        return 0;
    if (now_ms >= activity->end_ms)
        return 1;
    return (double)(now_ms - activity->start_ms) / (double)(activity->end_ms - activity->start_ms);
}

/* Rounds halves up, as Math.round does: rounding up is decided on the exact remainder. */
uint32_t share_weight_at(const struct compiled_share *share, double progress)
{
    double from = share->from;
    double weight = from + ((double)share->to - from) * progress;
    double whole = floor(weight);
    return (uint32_t)(weight - whole >= 0.5 ? whole + 1 : whole);
}

static inline __attribute__((always_inline)) int
progressive_owner(const struct compiled_serve *serve, uint32_t ticket, double progress)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < serve->share_count; i++) {
        end += share_weight_at(&serve->shares[i], progress);
        if (ticket < end)
            return serve->shares[i].variation;
    }
    return serve->variation;
}

uint32_t slice_end_at(const struct compiled_serve *serve, uint32_t index, int64_t now_ms)
{
    const struct compiled_deal *deal = serve->deal;
    uint32_t end = deal->slices[index].end;
    if (serve->kind == SERVE_BUCKET)
        return end;
    return bucket_percent_at(end, deal->ends_to[index], &serve->serve->schedule, now_ms);
}

/* Index of the slice that has the percent; slice_count behind the last. */
static inline uint32_t slice_of(const struct compiled_deal *deal, uint32_t percent)
{
    uint32_t index = 0;
    while (index < deal->slice_count && percent >= deal->slices[index].end)
        index++;
    return index;
}

/* The same while the ends move. */
static uint32_t moving_slice_of(const struct compiled_serve *serve, uint32_t percent,
                                int64_t now_ms)
{
    uint32_t index = 0;
    while (index < serve->deal->slice_count && percent >= slice_end_at(serve, index, now_ms))
        index++;
    return index;
}

/* Of a bucket: nobody's, unless the targeting key would have been the subject. */
static __attribute__((noinline)) int choose_without_subject(const struct context *context,
                                                            const struct compiled_serve *serve,
                                                            const struct text_view *view)
{
    const struct selector *selector = &context->ruleset->selectors[serve->slot];
    bool is_key =
        context->form == CONTEXT_FLAT && view->kind == VIEW_NOTHING && selector_reads_key(selector);
    return is_key && context_lacks_key(context) ? VARIATION_KEY_MISSING : serve->variation;
}

/* Wire reference of the text family, 10.4. A slice without shares is nobody's. */
static inline __attribute__((always_inline)) int
choose_by_bucket(struct evaluation *evaluation, const struct compiled_serve *serve,
                 struct trace *trace, bool is_moving)
{
    struct context *context = evaluation->context;
    const struct compiled_deal *deal = serve->deal;
    const struct text_view *view = context_view(context, serve->slot);
    struct str subject =
        view->kind == VIEW_TEXT ? view->value.text : text_view_text(view, context->arena);
    if (subject.size == 0)
        return choose_without_subject(context, serve, view);
    uint32_t hash = hash_murmur3_finish(&deal->begun, subject);
    uint32_t percent = hash % 100;
    uint32_t ticket = hash / 100;
    uint32_t index =
        is_moving ? moving_slice_of(serve, percent, evaluation->now_ms) : slice_of(deal, percent);
    if (trace != NULL)
        trace_note_bucket(trace, serve, percent, ticket, index, evaluation->now_ms);
    if (index == deal->slice_count || deal->slices[index].share_count == 0)
        return serve->variation;
    return share_owner(deal->slices[index].shares, deal->slices[index].share_count, ticket);
}

static __attribute__((noinline)) int choose_untraced(struct evaluation *evaluation,
                                                     const struct compiled_serve *serve)
{
    return choose_by_bucket(evaluation, serve, NULL, false);
}

/* ---- as other systems deal: draw.h ----------------------------------------------------------- */

/* As above, but for the ticket: it is of another hash, and of the slice's weights. */
static int choose_by_percent(struct evaluation *evaluation, const struct compiled_serve *serve,
                             struct trace *trace)
{
    struct context *context = evaluation->context;
    const struct compiled_deal *deal = serve->deal;
    const struct text_view *view = context_view(context, serve->slot);
    struct str subject = text_view_text(view, context->arena);
    if (subject.size == 0)
        return choose_without_subject(context, serve, view);
    uint32_t percent = (uint32_t)draw_hash(deal, subject) % 100;
    uint32_t index = moving_slice_of(serve, percent, evaluation->now_ms);
    struct compiled_slice slice = {0};
    if (index < deal->slice_count)
        slice = deal->slices[index];
    uint32_t ticket = 0;
    if (slice.share_count > 0)
        ticket = draw_hash_again(deal, subject) % slice.shares[slice.share_count - 1].end;
    if (trace != NULL)
        trace_note_bucket(trace, serve, percent, ticket, index, evaluation->now_ms);
    return slice.share_count > 0 ? share_owner(slice.shares, slice.share_count, ticket)
                                 : serve->variation;
}

static int owner_at(const struct compiled_serve *serve, uint32_t ticket, double progress)
{
    return serve->kind == SERVE_PROGRESSIVE
               ? progressive_owner(serve, ticket, progress)
               : share_owner(serve->shares, serve->share_count, ticket);
}

/* By sha1_60, who has no subject has the first ticket. */
static int choose_without_text(const struct context *context, const struct compiled_serve *serve,
                               double progress)
{
    int variation = choose_without_ticket(context, serve);
    bool has_first = variation != VARIATION_KEY_MISSING && serve->deal->hash == FLAG_HASH_SHA1_60;
    return has_first ? owner_at(serve, 0, progress) : variation;
}

static int choose_by_split_elsewhere(struct evaluation *evaluation,
                                     const struct compiled_serve *serve, struct trace *trace)
{
    const struct compiled_deal *deal = serve->deal;
    const struct json *value = context_read(evaluation->context, serve->slot);
    char number[NUMBER_TEXT_BYTES];
    struct str subject;
    double progress = 0;
    if (deal->ticket_count == 0)
        return VARIATION_NONE;
    if (serve->kind == SERVE_PROGRESSIVE)
        progress = progress_at(&serve->activity, evaluation->now_ms);
    if (!draw_subject(deal, value, number, &subject))
        return choose_without_text(evaluation->context, serve, progress);
    uint32_t ticket = draw_ticket(deal, draw_hash(deal, subject));
    if (trace != NULL)
        trace_note_ticket(trace, serve, ticket, progress);
    return owner_at(serve, ticket, progress);
}

static __attribute__((noinline)) int choose_elsewhere(struct evaluation *evaluation,
                                                      const struct compiled_serve *serve,
                                                      struct trace *trace)
{
    if (serve->deal->hash == FLAG_HASH_MURMUR3_32_PERCENT)
        return choose_by_percent(evaluation, serve, trace);
    return choose_by_split_elsewhere(evaluation, serve, trace);
}

/* ---- any of them ----------------------------------------------------------------------------- */

static __attribute__((noinline)) int choose_at_length(struct evaluation *evaluation,
                                                      const struct compiled_serve *serve,
                                                      struct trace *trace)
{
    if (trace != NULL)
        trace_note_serve(trace, serve);
    if (serve->way == WAY_VARIATION)
        return serve->variation;
    if (serve->way != WAY_SPLIT)
        return serve->way == WAY_ELSEWHERE ? choose_elsewhere(evaluation, serve, trace)
                                           : choose_by_bucket(evaluation, serve, trace, true);

    uint32_t ticket = 0;
    if (!take_ticket(serve, context_read(evaluation->context, serve->slot), &ticket))
        return choose_without_ticket(evaluation->context, serve);
    double progress = 0;
    if (serve->kind == SERVE_PROGRESSIVE)
        progress = progress_at(&serve->activity, evaluation->now_ms);
    if (trace != NULL)
        trace_note_ticket(trace, serve, ticket, progress);
    return serve->kind == SERVE_SPLIT ? share_owner(serve->shares, serve->share_count, ticket)
                                      : progressive_owner(serve, ticket, progress);
}

int serve_choose(struct evaluation *evaluation, const struct compiled_serve *serve,
                 struct trace *trace)
{
    bool is_short = serve->way == WAY_BUCKET && trace == NULL;
    return is_short ? choose_untraced(evaluation, serve)
                    : choose_at_length(evaluation, serve, trace);
}
