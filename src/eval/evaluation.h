/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evaluation - one call of evaluate() at work: what its parts hand each other.
 *
 * evaluate.c decides a flag; it asks program.c whether a rule's tests hold, which asks segment.c
 * about segments, text_test.c about the text family's tests and context.c about attributes; serve.c
 * deals the ticket; trace.c writes down what an explanation needs. Nothing here allocates unless
 * there is a trace, but for what evaluate.h says of contexts.
 */
#ifndef EVAL_EVALUATION_H
#define EVAL_EVALUATION_H

#include "eval/compile.h"
#include "eval/evaluate.h"

/* Bounds of what a write would have refused (environment_check), so that it ends all the same. */
enum {
    PREREQUISITE_STACK_MAX = 64,     /* flags leaning on each other; beyond: taken for a cycle */
    SEGMENT_DEPTH_MAX = 500,         /* no chain of different segments is longer */
    SEGMENT_CYCLIC_VISITS_MAX = 1000 /* to segments that lead to a cycle, per decision */
};

struct evaluation {
    struct context *context;
    int64_t now_ms;
    struct trace *trace; /* or NULL */
    uint32_t segment_depth;
    uint32_t cyclic_visits_left;
};

/* A flag whose prerequisites are being decided, and the flag that asked for it. */
struct frame {
    const struct flag_rules *flag;
    const struct frame *below;
    uint32_t depth; /* frames below */
};

static inline bool activity_holds(const struct activity *activity, int64_t now_ms)
{
    return activity->start_ms <= now_ms && now_ms < activity->end_ms;
}

/* Less, equal or greater is -1, 0 or 1. */
static inline bool test_allows_order(const struct test *test, int order)
{
    return (test->orders >> (order + 1)) & 1;
}

/* ---- context.c ------------------------------------------------------------------------------- */

extern const struct json attribute_missing; /* stands in for what the context does not have */

const struct json *context_bind(struct context *context, uint32_t slot);

/* The attribute's value, or &attribute_missing. */
static inline const struct json *context_read(struct context *context, uint32_t slot)
{
    const struct json *value = context->values[slot];
    return value != NULL ? value : context_bind(context, slot);
}

struct text_view *context_open_view(struct context *context, uint32_t slot);

static inline struct text_view *context_view(struct context *context, uint32_t slot)
{
    struct text_view *view = &context->views[slot];
    return view->kind != VIEW_UNREAD ? view : context_open_view(context, slot);
}

/* Whether the context has no targeting key, and may. */
static inline bool context_lacks_key(const struct context *context)
{
    return context->may_lack_key && str_is_empty(context->targeting_key);
}

/* Forgets what was found out at another moment. */
void context_forget(struct context *context);
void context_forget_segments(struct context *context);

static inline void context_remember(struct context *context, int64_t now_ms)
{
    if (context->remembered_ms == now_ms)
        return;
    if (context->remembered_ms != INT64_MIN)
        context_forget(context);
    context->remembered_ms = now_ms;
}

/* ---- program.c ------------------------------------------------------------------------------- */

bool program_accepts(struct evaluation *evaluation, const struct test *tests, uint32_t entry);

/* ---- text_test.c ----------------------------------------------------------------------------- */

bool text_test_holds(struct evaluation *evaluation, const struct test *test);

/* The same, remembered for the other flags that ask it. */
enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };
enum answer text_test_ask(struct evaluation *evaluation, const struct test *test);

/* ---- segment.c ------------------------------------------------------------------------------- */

enum {
    SEGMENT_KNOWN = 1,    /* whether it holds is settled for this context and moment */
    SEGMENT_HOLDS = 2,    /* if known */
    SEGMENT_VISITING = 4, /* on the path being walked */
    SEGMENT_MATCHED = 8,  /* said yes at least once */
};

bool segment_holds(struct evaluation *evaluation, uint32_t index);

/* Keys of the segments marked SEGMENT_MATCHED, by UTF-16 units. */
struct str *segments_matched(const struct context *context, struct arena *arena, size_t *count);

/* ---- serve.c --------------------------------------------------------------------------------- */

/* Beside VARIATION_NONE: who deals by the targeting key and has none says DECISION_KEY_MISSING. */
enum { VARIATION_KEY_MISSING = -2 };

/* The variation served, or one of the two. With a trace, what was dealt goes there. */
int serve_choose(struct evaluation *evaluation, const struct compiled_serve *serve,
                 struct trace *trace);
uint32_t share_weight_at(const struct compiled_share *share, double progress);
uint32_t slice_end_at(const struct compiled_serve *serve, uint32_t index, int64_t now_ms);

/* ---- trace.c --------------------------------------------------------------------------------- */

void trace_note_prerequisite(struct trace *trace, const struct flag_rules *flag,
                             const struct decision *decision, bool is_satisfied);
void trace_note_cycle(struct trace *trace, const struct frame *top, const struct flag_rules *again);
void trace_note_serve(struct trace *trace, const struct compiled_serve *serve);
void trace_note_ticket(struct trace *trace, const struct compiled_serve *serve, uint32_t ticket,
                       double progress);
/* slice is an index; behind the last it is their number. */
void trace_note_bucket(struct trace *trace, const struct compiled_serve *serve, uint32_t percent,
                       uint32_t ticket, uint32_t slice, int64_t now_ms);

#endif
