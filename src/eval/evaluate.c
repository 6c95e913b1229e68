/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate - decides: see evaluate.h. The steps follow the wire references: section 13 of the typed
 * family's, 9.2 and 10 of the text family's. */
#include "eval/evaluate.h"

#include <assert.h>

#include "eval/evaluation.h"

static inline struct decision decide(const struct flag_rules *flag, int variation,
                                     enum reason reason)
{
    return (struct decision){flag, variation, RULE_NONE, reason, DECISION_OK};
}

static struct decision decide_nothing(enum decision_error error)
{
    return (struct decision){NULL, VARIATION_NONE, RULE_NONE, REASON_DEFAULT, error};
}

static struct decision decide_cycle(const struct flag_rules *flag, enum reason reason)
{
    return (struct decision){flag, flag->off_variation, RULE_NONE, reason, DECISION_CYCLE_DETECTED};
}

static inline enum reason reason_of(const struct compiled_serve *serve, enum reason plain)
{
    return serve->kind == SERVE_VARIATION ? plain : REASON_SPLIT;
}

/* A flag that cannot be decided for want of somebody to decide about. */
static struct decision decide_nobody(const struct flag_rules *flag, enum decision_error error)
{
    return (struct decision){flag, VARIATION_NONE, RULE_NONE, REASON_DEFAULT, error};
}

static inline bool is_subject_missing(const struct context *context, const struct flag_rules *flag)
{
    return flag->is_typed && str_is_empty(context->targeting_key) && !context->may_lack_key;
}

/* ---- prerequisites --------------------------------------------------------------------------- */

static struct decision decide_flag(struct evaluation *evaluation, const struct flag_rules *flag,
                                   const struct frame *below);

static bool is_on_stack(const struct frame *top, const struct flag_rules *flag)
{
    for (const struct frame *frame = top; frame != NULL; frame = frame->below) {
        if (frame->flag == flag)
            return true;
    }
    return false;
}

/*
 * A decision without a cycle does not depend on which flags lean on it, so it is kept for the
 * next that does. One with a cycle fails every flag on the stack at once: nothing to keep.
 */
static struct decision decide_required(struct evaluation *evaluation,
                                       const struct flag_rules *required, const struct frame *top)
{
    if (is_on_stack(top, required) || top->depth + 1 >= PREREQUISITE_STACK_MAX) {
        if (evaluation->trace != NULL)
            trace_note_cycle(evaluation->trace, top, required);
        return decide_cycle(required, REASON_DEFAULT);
    }
    struct decision *kept = &evaluation->context->decisions[required->memo];
    if (kept->flag != NULL)
        return *kept;
    struct decision decision = is_subject_missing(evaluation->context, required)
                                   ? decide_nobody(required, DECISION_INVALID_CONTEXT)
                                   : decide_flag(evaluation, required, top);
    if (decision.error != DECISION_CYCLE_DETECTED)
        *kept = decision;
    return decision;
}

enum standing { STANDING_MET, STANDING_UNMET, STANDING_CYCLE, STANDING_KEY_MISSING };

static enum standing check_prerequisite(struct evaluation *evaluation,
                                        const struct compiled_prerequisite *prerequisite,
                                        const struct frame *top, struct trace *trace)
{
    struct decision decision = decide_nothing(DECISION_FLAG_NOT_FOUND);
    if (prerequisite->flag != NULL)
        decision = decide_required(evaluation, prerequisite->flag, top);
    bool is_decided = decision.error == DECISION_OK && decision.variation != VARIATION_NONE;
    bool is_satisfied =
        !prerequisite->is_gate || (is_decided && prerequisite->satisfies[decision.variation]);
    if (trace != NULL)
        trace_note_prerequisite(trace, prerequisite->flag, &decision, is_satisfied);
    if (decision.error == DECISION_CYCLE_DETECTED)
        return STANDING_CYCLE;
    if (decision.error == DECISION_KEY_MISSING)
        return STANDING_KEY_MISSING;
    return is_satisfied ? STANDING_MET : STANDING_UNMET;
}

/* In order, up to the first that is not met. */
static __attribute__((noinline)) enum standing check_prerequisites(struct evaluation *evaluation,
                                                                   const struct flag_rules *flag,
                                                                   const struct frame *below,
                                                                   struct trace *trace)
{
    struct frame top = {flag, below, below == NULL ? 0 : below->depth + 1};
    if (trace != NULL)
        trace->prerequisites =
            ARENA_NEW_ARRAY(trace->arena, struct trace_prerequisite, flag->prerequisite_count);
    enum standing standing = STANDING_MET;
    for (uint32_t i = 0; i < flag->prerequisite_count && standing == STANDING_MET; i++)
        standing = check_prerequisite(evaluation, &flag->prerequisites[i], &top, trace);
    return standing;
}

/* ---- choices ----------------------------------------------------------------------------------
 */

/* The first variation whose test holds, or VARIATION_NONE. */
static int choose(struct evaluation *evaluation, const struct flag_rules *flag,
                  const struct compiled_choice *choices, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (program_accepts(evaluation, flag->tests, choices[i].entry))
            return choices[i].variation;
    }
    return VARIATION_NONE;
}

/* What the context says comes before what is remembered, even when it is the name of nothing. */
static int recall(struct evaluation *evaluation, const struct flag_rules *flag)
{
    const struct recollection *recollection = &evaluation->context->recollection;
    if (recollection->find == NULL ||
        context_view(evaluation->context, flag->sticky_selector)->kind != VIEW_NOTHING)
        return VARIATION_NONE;
    int kept = recollection->find(flag, recollection->source);
    bool is_served = kept != flag->off_variation && kept != flag->blank_variation;
    return is_served ? kept : VARIATION_NONE;
}

/* The variation of a sticky flag that who is asking had before. */
static int find_kept(struct evaluation *evaluation, const struct flag_rules *flag)
{
    int kept = choose(evaluation, flag, flag->sticky, flag->sticky_count);
    return kept != VARIATION_NONE ? kept : recall(evaluation, flag);
}

/* ---- rules ----------------------------------------------------------------------------------- */

/*
 * As program_accepts, but what was asked for another flag is not asked again: flags are many,
 * questions about a person are few. Tests of the typed family are not remembered.
 */
static bool remembered_accepts(struct evaluation *evaluation, const struct test *tests,
                               uint32_t entry)
{
    const uint8_t *answers = evaluation->context->answers;
    uint32_t at = entry;
    while (at < TARGET_REJECT) {
        const struct test *test = &tests[at];
        if (test->kind < TEST_TEXT_FIRST)
            return program_accepts(evaluation, tests, at);
        enum answer answer = answers[test->memo];
        if (answer == ANSWER_UNKNOWN)
            answer = text_test_ask(evaluation, test);
        at = answer == ANSWER_YES ? test->on_true : test->on_false;
    }
    return at == TARGET_ACCEPT;
}

static inline bool rule_matches(struct evaluation *evaluation, const struct flag_rules *flag,
                                const struct compiled_rule *rule, struct trace *trace)
{
    if (!activity_holds(&rule->activity, evaluation->now_ms))
        return false;
    if (evaluation->trace == NULL)
        return remembered_accepts(evaluation, flag->tests, rule->entry);
    if (trace != NULL)
        context_forget_segments(evaluation->context); /* marks are about this rule alone */
    return program_accepts(evaluation, flag->tests, rule->entry); /* memory leaves no trace */
}

/* Nothing is served of a flag that had to deal by the key and has none. */
static __attribute__((noinline)) struct decision decide_without_key(const struct flag_rules *flag,
                                                                    struct trace *trace)
{
    if (trace != NULL)
        trace->serve = NULL;
    return decide_nobody(flag, DECISION_KEY_MISSING);
}

/* A ticket nobody owns, or a subject without one, passes on to the next rule. */
static inline __attribute__((always_inline)) struct decision
decide_by_rules(struct evaluation *evaluation, const struct flag_rules *flag, struct trace *trace)
{
    for (uint32_t i = 0; i < flag->rule_count; i++) {
        const struct compiled_rule *rule = &flag->rules[i];
        if (!rule_matches(evaluation, flag, rule, trace))
            continue;
        int variation = serve_choose(evaluation, &rule->serve, trace);
        if (variation == VARIATION_NONE)
            continue;
        if (variation == VARIATION_KEY_MISSING)
            return decide_without_key(flag, trace);
        if (trace != NULL)
            trace->segments =
                segments_matched(evaluation->context, trace->arena, &trace->segment_count);
        return (struct decision){flag, variation, (int)i,
                                 reason_of(&rule->serve, REASON_TARGETING_MATCH), DECISION_OK};
    }
    int variation = serve_choose(evaluation, flag->fallthrough, trace);
    if (variation == VARIATION_KEY_MISSING)
        return decide_without_key(flag, trace);
    if (variation == VARIATION_NONE && trace != NULL)
        trace->serve = NULL;
    return decide(flag, variation, reason_of(flag->fallthrough, REASON_FALLTHROUGH));
}

/* In line where a flag is asked for by itself: prerequisites alone make it recurse. */
static inline __attribute__((always_inline)) struct decision
decide_in_order(struct evaluation *evaluation, const struct flag_rules *flag,
                const struct frame *below)
{
    struct trace *trace = below == NULL ? evaluation->trace : NULL;
    if (!flag->is_enabled)
        return decide(flag, flag->off_variation, REASON_OFF);
    if (!activity_holds(&flag->activity, evaluation->now_ms))
        return decide(flag, flag->off_variation, REASON_SCHEDULED_OUT);
    int included = choose(evaluation, flag, flag->inclusions, flag->inclusion_count);
    if (included != VARIATION_NONE)
        return decide(flag, included, REASON_INCLUDED);
    if (flag->prerequisite_count > 0) {
        enum standing standing = check_prerequisites(evaluation, flag, below, trace);
        if (standing == STANDING_CYCLE)
            return decide_cycle(flag, REASON_PREREQUISITE_FAILED);
        if (standing == STANDING_KEY_MISSING)
            return decide_nobody(flag, DECISION_KEY_MISSING);
        if (standing == STANDING_UNMET)
            return decide(flag, flag->off_variation, REASON_PREREQUISITE_FAILED);
    }
    int kept = flag->sticky_count > 0 ? find_kept(evaluation, flag) : VARIATION_NONE;
    if (kept != VARIATION_NONE)
        return decide(flag, kept, REASON_STICKY);
    return decide_by_rules(evaluation, flag, trace);
}

static struct decision decide_flag(struct evaluation *evaluation, const struct flag_rules *flag,
                                   const struct frame *below)
{
    return decide_in_order(evaluation, flag, below);
}

/* ---- the doors ------------------------------------------------------------------------------- */

struct decision evaluate_flag(const struct flag_rules *flag, struct context *context,
                              int64_t now_ms, struct trace *trace)
{
    assert(flag->index < context->ruleset->flag_count);
    assert(flag == &context->ruleset->flags[flag->index]);
    if (is_subject_missing(context, flag))
        return decide_nothing(DECISION_INVALID_CONTEXT);

    struct evaluation evaluation = {
        .context = context,
        .now_ms = now_ms,
        .trace = trace,
        .cyclic_visits_left = SEGMENT_CYCLIC_VISITS_MAX,
    };
    context_remember(context, now_ms);
    if (trace != NULL)
        context_forget(context); /* what is remembered leaves no trace */
    struct decision decision = decide_in_order(&evaluation, flag, NULL);
    /* An empty id counts as no variation at all: vector ev-092. */
    bool has_variation =
        decision.variation != VARIATION_NONE && decision.variation != flag->blank_variation;
    if (!has_variation && decision.error == DECISION_OK)
        decision.error = DECISION_NO_VARIATION;
    return decision;
}

struct decision evaluate(const struct ruleset *ruleset, struct str key, struct context *context,
                         int64_t now_ms, struct trace *trace)
{
    assert(context->ruleset == ruleset);
    const struct flag_rules *flag = ruleset_find(ruleset, key);
    if (flag != NULL)
        return evaluate_flag(flag, context, now_ms, trace);
    /* Nobody asking comes before no flag: vectors of the typed family. */
    bool is_nobody = str_is_empty(context->targeting_key) && !context->may_lack_key;
    return decide_nothing(is_nobody ? DECISION_INVALID_CONTEXT : DECISION_FLAG_NOT_FOUND);
}

struct str reason_name(enum reason reason)
{
    switch (reason) {
    case REASON_OFF:
        return STR("OFF");
    case REASON_TARGETING_MATCH:
        return STR("TARGETING_MATCH");
    case REASON_SPLIT:
        return STR("SPLIT");
    case REASON_FALLTHROUGH:
        return STR("FALLTHROUGH");
    case REASON_PREREQUISITE_FAILED:
        return STR("PREREQUISITE_FAILED");
    case REASON_SCHEDULED_OUT:
        return STR("SCHEDULED_OUT");
    case REASON_DEFAULT:
        return STR("DEFAULT");
    case REASON_INCLUDED:
        return STR("INCLUDED");
    case REASON_STICKY:
        return STR("STICKY");
    }
    assert(false);
    return STR("");
}
