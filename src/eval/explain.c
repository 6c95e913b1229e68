/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain - a flag's checks in order: see explain.h.
 *
 * Flags it leans on are explained first, each once: deciding with a trace makes the context forget
 * what it had found out, and what clauses read of other flags' results is remembered from the
 * decision of the flag that is being explained.
 */
#include "eval/explain.h"

#include <assert.h>

#include "eval/explainer.h"

/* ---- choices ----------------------------------------------------------------------------------
 */

static bool choice_holds(struct inquiry *inquiry, const struct flag_rules *flag,
                         const struct compiled_choice *choice)
{
    struct evaluation evaluation = inquiry_ask(inquiry, NULL);
    return program_accepts(&evaluation, flag->tests, choice->entry);
}

/* The first of a variation's cohorts that the context itself names. */
static struct str named_cohort(struct inquiry *inquiry, const struct variation *variation)
{
    const struct text_view *view = explain_view(inquiry, STR("/context/user/cohort_ids"));
    for (uint32_t i = 0; view != NULL && view->kind == VIEW_LIST && i < view->count; i++) {
        for (size_t at = 0; at < variation->cohort_count; at++) {
            if (str_equal(variation->cohorts[at], view->elements[i].text))
                return variation->cohorts[at];
        }
    }
    return STR("");
}

/* By which of its ways (compile_choice.c) a list has the subject. */
static void explain_way(struct inquiry *inquiry, const struct flag *flag,
                        struct explained_choice *choice)
{
    const struct variation *variation = &flag->variations[choice->variation];
    const struct explained_owner owner = {flag, flag->arithmetic.comparison};
    const struct expression *ways = explainer_inclusion(inquiry->explainer, variation);
    assert(ways != NULL); /* it holds: somebody is listed */
    for (size_t i = 0; i < ways->child_count; i++) {
        struct explained_expression way;
        explain_expression(inquiry, owner, &ways->children[i], true, &way);
        if (!way.holds)
            continue;
        if (str_equal(way.expression->attribute, STR("/context/user/cohort_ids"))) {
            choice->way = CHOICE_COHORT;
            choice->listed =
                str_is_absent(way.cohort) ? named_cohort(inquiry, variation) : way.cohort;
            return;
        }
        bool is_user = str_equal(way.expression->attribute, STR("/context/user/user_id"));
        choice->way = is_user ? CHOICE_USER_ID : CHOICE_DEVICE_ID;
        choice->listed =
            text_view_text(explain_view(inquiry, way.expression->attribute), inquiry->arena);
        return;
    }
}

static void explain_inclusions(struct inquiry *inquiry, struct explanation *explanation)
{
    const struct flag_rules *flag = explanation->flag;
    explanation->inclusion_count = flag->inclusion_count;
    explanation->inclusions =
        ARENA_NEW_ARRAY(inquiry->arena, struct explained_choice, flag->inclusion_count);
    explanation->included = VARIATION_NONE;
    for (uint32_t i = 0; i < flag->inclusion_count; i++) {
        struct explained_choice *choice = &explanation->inclusions[i];
        choice->variation = flag->inclusions[i].variation;
        choice->holds = choice_holds(inquiry, flag, &flag->inclusions[i]);
        if (!choice->holds)
            continue;
        explain_way(inquiry, flag->flag, choice);
        if (explanation->included == VARIATION_NONE)
            explanation->included = choice->variation;
    }
}

static void explain_stickiness(struct inquiry *inquiry, struct explanation *explanation)
{
    const struct flag_rules *flag = explanation->flag;
    explanation->is_sticky = flag->sticky_count > 0;
    explanation->kept = VARIATION_NONE;
    for (uint32_t i = 0; i < flag->sticky_count && explanation->kept == VARIATION_NONE; i++) {
        if (choice_holds(inquiry, flag, &flag->sticky[i]))
            explanation->kept = flag->sticky[i].variation;
    }
    bool is_kept = explanation->decision.reason == REASON_STICKY;
    if (is_kept && explanation->kept == VARIATION_NONE) {
        explanation->kept = explanation->decision.variation;
        explanation->is_from_memory = true;
    }
}

/* ---- prerequisites --------------------------------------------------------------------------- */

static struct explanation *explain_flag(struct inquiry *inquiry, const struct flag_rules *flag,
                                        unsigned depth);

/* The flags leaned on, each explained before the one that leans on it. */
static void explain_required(struct inquiry *inquiry, const struct flag_rules *flag, unsigned depth,
                             struct explained_prerequisite *explained)
{
    for (uint32_t i = 0; i < flag->prerequisite_count; i++) {
        const struct flag_rules *required = flag->prerequisites[i].flag;
        explained[i] = (struct explained_prerequisite){
            .wanted = &flag->flag->prerequisites[i],
            .flag = required == NULL ? NULL : required->flag,
            .is_gate = flag->prerequisites[i].is_gate,
            .variation = VARIATION_NONE,
            .reason = REASON_DEFAULT,
        };
        if (required == NULL || inquiry->is_walking[required->index])
            continue;
        explained[i].is_repeated = inquiry->flags[required->index] != NULL;
        if (explained[i].is_repeated || depth + 1 < EXPLAINED_FLAG_DEPTH_MAX)
            explained[i].why = explain_flag(inquiry, required, depth + 1);
    }
}

static void note_reached(const struct trace *trace, struct explained_prerequisite *explained)
{
    for (size_t i = 0; i < trace->prerequisite_count; i++) {
        explained[i].is_reached = true;
        explained[i].variation = trace->prerequisites[i].variation;
        explained[i].is_satisfied = trace->prerequisites[i].is_satisfied;
        explained[i].reason = trace->prerequisites[i].reason;
    }
}

/* As a flag that leans on it gets it: without what is said at the door alone. */
static struct decision inner_decision(const struct explanation *explanation)
{
    struct decision decision = explanation->decision;
    if (decision.error == DECISION_NO_VARIATION)
        decision.error = DECISION_OK;
    decision.flag = explanation->flag;
    return decision;
}

/* What would have come of those that nobody got to, for the clauses that read it. */
static void decide_unreached(struct inquiry *inquiry, const struct flag_rules *flag,
                             struct explained_prerequisite *explained)
{
    for (uint32_t i = 0; i < flag->prerequisite_count; i++) {
        const struct compiled_prerequisite *prerequisite = &flag->prerequisites[i];
        if (explained[i].is_reached)
            continue;
        explained[i].is_satisfied = !prerequisite->is_gate;
        if (explained[i].why == NULL)
            continue;
        struct decision decision = inner_decision(explained[i].why);
        bool is_decided = decision.error == DECISION_OK && decision.variation != VARIATION_NONE;
        explained[i].variation = decision.variation;
        explained[i].reason = decision.reason;
        if (prerequisite->is_gate)
            explained[i].is_satisfied = is_decided && prerequisite->satisfies[decision.variation];
        struct decision *kept = &inquiry->context->decisions[prerequisite->flag->memo];
        if (kept->flag == NULL && decision.error != DECISION_CYCLE_DETECTED)
            *kept = decision;
    }
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void explain_rule(struct inquiry *inquiry, const struct flag_rules *flag, uint32_t index,
                         bool is_reached, struct explained_rule *explained)
{
    const struct compiled_rule *rule = &flag->rules[index];
    const struct explained_owner owner = {flag->flag, flag->flag->arithmetic.comparison};
    explained->rule = &flag->flag->rules[index];
    explained->is_reached = is_reached;
    explained->is_in_schedule = activity_holds(&rule->activity, inquiry->now_ms);
    explain_expression(inquiry, owner, &explained->rule->when,
                       is_reached && explained->is_in_schedule, &explained->when);
    struct evaluation evaluation = inquiry_ask(inquiry, NULL);
    explained->holds = program_accepts(&evaluation, flag->tests, rule->entry);
    explained->serve.variation = VARIATION_NONE;
    if (explained->holds)
        explain_serve(inquiry, &rule->serve, &explained->serve);
}

/* Up to the one that deals something, or wants a key to. */
static void explain_rules(struct inquiry *inquiry, struct explanation *explanation)
{
    const struct flag_rules *flag = explanation->flag;
    explanation->rules = ARENA_NEW_ARRAY(inquiry->arena, struct explained_rule, flag->rule_count);
    bool is_open = explanation->settled_by >= STEP_RULES;
    for (uint32_t i = 0; i < flag->rule_count; i++) {
        struct explained_rule *rule = &explanation->rules[i];
        explain_rule(inquiry, flag, i, is_open, rule);
        bool has_dealt = rule->serve.variation != VARIATION_NONE || rule->serve.lacks_key;
        bool is_last = is_open && rule->is_in_schedule && rule->holds && has_dealt;
        rule->is_serving = is_last && rule->serve.variation != VARIATION_NONE;
        if (is_last)
            explanation->settled_by = STEP_RULES;
        is_open = is_open && !is_last;
    }
    explain_serve(inquiry, flag->fallthrough, &explanation->fallthrough);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool is_key_missing(const struct explained_prerequisite *prerequisites, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (prerequisites[i].is_reached && prerequisites[i].why != NULL &&
            prerequisites[i].why->decision.error == DECISION_KEY_MISSING)
            return true;
    }
    return false;
}

/* Of a decision that its rules or its fallthrough made, the latter: explain_rules knows which. */
static enum explained_step settled_by(const struct explanation *explanation)
{
    const struct decision *decision = &explanation->decision;
    if (decision->flag == NULL)
        return STEP_KEY;
    if (decision->error == DECISION_KEY_MISSING)
        return is_key_missing(explanation->prerequisites, explanation->flag->prerequisite_count)
                   ? STEP_PREREQUISITES
                   : STEP_FALLTHROUGH;
    switch (decision->reason) {
    case REASON_OFF:
        return STEP_ENABLED;
    case REASON_SCHEDULED_OUT:
        return STEP_SCHEDULE;
    case REASON_INCLUDED:
        return STEP_INCLUSIONS;
    case REASON_PREREQUISITE_FAILED:
        return STEP_PREREQUISITES;
    case REASON_STICKY:
        return STEP_STICKINESS;
    case REASON_TARGETING_MATCH:
    case REASON_SPLIT:
    case REASON_FALLTHROUGH:
    case REASON_DEFAULT:
        break;
    }
    return STEP_FALLTHROUGH;
}

static void decide(struct inquiry *inquiry, struct explanation *explanation)
{
    struct trace trace;
    trace_open(&trace, inquiry->arena);
    explanation->decision =
        evaluate_flag(explanation->flag, inquiry->context, inquiry->now_ms, &trace);
    explanation->cycle = trace.cycle;
    note_reached(&trace, explanation->prerequisites);
    explanation->settled_by = settled_by(explanation);
}

static struct explanation *explain_flag(struct inquiry *inquiry, const struct flag_rules *flag,
                                        unsigned depth)
{
    if (inquiry->flags[flag->index] != NULL)
        return inquiry->flags[flag->index];
    struct explanation *explanation = ARENA_NEW(inquiry->arena, struct explanation);
    inquiry->flags[flag->index] = explanation;
    inquiry->is_walking[flag->index] = true;
    explanation->flag = flag;
    explanation->is_in_schedule = activity_holds(&flag->activity, inquiry->now_ms);
    explanation->prerequisites =
        ARENA_NEW_ARRAY(inquiry->arena, struct explained_prerequisite, flag->prerequisite_count);
    explain_required(inquiry, flag, depth, explanation->prerequisites);
    decide(inquiry, explanation);
    decide_unreached(inquiry, flag, explanation->prerequisites);
    explain_inclusions(inquiry, explanation);
    explain_stickiness(inquiry, explanation);
    explain_rules(inquiry, explanation);
    inquiry->is_walking[flag->index] = false;
    return explanation;
}

const struct explanation *explain(struct explainer *explainer, struct arena *arena, struct str key,
                                  struct context *context, int64_t now_ms)
{
    const struct ruleset *ruleset = explainer->ruleset;
    assert(context->ruleset == ruleset);
    struct explanation *explanation = ARENA_NEW(arena, struct explanation);
    const struct flag_rules *flag = ruleset_find(ruleset, key);
    if (flag == NULL) {
        explanation->decision = evaluate(ruleset, key, context, now_ms, NULL);
        return explanation;
    }
    context_remember(context, now_ms);
    struct inquiry inquiry = {
        .explainer = explainer,
        .arena = arena,
        .context = context,
        .now_ms = now_ms,
        .flags = ARENA_NEW_ARRAY(arena, struct explanation *, ruleset->flag_count),
        .is_walking = ARENA_NEW_ARRAY(arena, bool, ruleset->flag_count),
        .segments =
            ARENA_NEW_ARRAY(arena, const struct explained_segment *, ruleset->segment_count),
    };
    explanation = explain_flag(&inquiry, flag, 0);
    context_forget(context);
    return explanation;
}
