/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve - from a subject to a ticket, from a ticket to a variation: wire reference, sections 13
 * ("Serve selection") and 14.
 */
#include <assert.h>
#include <math.h>

#include "base/number.h"
#include "eval/evaluation.h"
#include "eval/hash.h"

static uint32_t ticket_of(const struct compiled_serve *serve, struct str subject)
{
    switch (serve->hash) {
    case FLAG_HASH_FNV1A_32_UTF16:
        return hash_fnv1a_utf16_continue(serve->prefix, subject) % SPLIT_WEIGHT_TOTAL;
    }
    assert(false);
    return 0;
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
static inline bool draw_ticket(const struct compiled_serve *serve, const struct json *subject,
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

static inline int split_owner(const struct compiled_serve *serve, uint32_t ticket)
{
    for (uint32_t i = 0; i < serve->share_count; i++) {
        if (ticket < serve->shares[i].end)
            return serve->shares[i].variation;
    }
    return VARIATION_NONE;
}

/* How far a progressive serve has come: 0 before its start, 1 from its end on. */
static double progress_at(const struct activity *activity, int64_t now_ms)
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

static int progressive_owner(const struct compiled_serve *serve, uint32_t ticket, double progress)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < serve->share_count; i++) {
        end += share_weight_at(&serve->shares[i], progress);
        if (ticket < end)
            return serve->shares[i].variation;
    }
    return VARIATION_NONE;
}

int serve_choose(struct evaluation *evaluation, const struct compiled_serve *serve,
                 struct trace *trace)
{
    if (trace != NULL)
        trace_note_serve(trace, serve);
    if (serve->kind == SERVE_VARIATION)
        return serve->variation;

    uint32_t ticket = 0;
    if (!draw_ticket(serve, context_read(evaluation->context, serve->slot), &ticket))
        return VARIATION_NONE;
    double progress = 0;
    if (serve->kind == SERVE_PROGRESSIVE)
        progress = progress_at(&serve->activity, evaluation->now_ms);
    if (trace != NULL)
        trace_note_ticket(trace, serve, ticket, progress);
    return serve->kind == SERVE_SPLIT ? split_owner(serve, ticket)
                                      : progressive_owner(serve, ticket, progress);
}
