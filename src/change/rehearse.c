/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rehearse - what a rehearsal tries, in the child: see rehearsal.h.
 *
 * Reading back what will be stored comes first, then compiling and rendering, then the decisions.
 * All of it about an environment of nothing but what changed, what leans on that and what these
 * lean on (choice.h): the rest has been compiled and rendered as it is. Decisions are tried of each
 * flag that may decide otherwise than before, for every kind of probe, in both forms of a context,
 * and each of its rules and clauses by itself (eval/explain.h).
 */
#include "change/choice.h"
#include "change/probe.h"
#include "change/rehearsal.h"
#include "eval/evaluate.h"
#include "eval/explain.h"
#include "model/codec.h"

struct stage_set {
    struct stage *stage;
    struct arena arena; /* emptied with each flag */
    const struct ruleset *rules;
    struct explainer *explainer;
    struct pattern_scratch *scratch;
    int64_t now_ms;
};

/* ---- what will be stored ----------------------------------------------------------------------
 */

static bool reads_back(const struct flag *flag)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct buf text;
    buf_open(&text, SIZE_MAX);
    flag_encode(flag, &text);
    struct flag read;
    struct fault fault = flag_decode(&arena, buf_str(&text), &read);
    bool is_same = !failed(fault) && flag_is_same(flag, &read);
    buf_close(&text);
    arena_close(&arena);
    return is_same;
}

static bool segment_reads_back(const struct segment *segment)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct buf text;
    buf_open(&text, SIZE_MAX);
    segment_encode(segment, &text);
    struct segment read;
    struct fault fault = segment_decode(&arena, buf_str(&text), &read);
    bool is_same = !failed(fault) && segment_is_same(segment, &read);
    buf_close(&text);
    arena_close(&arena);
    return is_same;
}

static bool check_stored(struct stage *stage, const struct rehearsal_part *part,
                         const struct choice *choice)
{
    for (size_t i = 0; i < part->draft->flag_count; i++) {
        const struct flag *flag = &part->draft->flags[i]->flag;
        if (!choice->is_new[i])
            continue;
        stage_step(stage, "reading back flag", flag->key, 0);
        if (!reads_back(flag))
            return stage_fail(stage, "does not read as it was written");
    }
    for (size_t i = 0; i < part->draft->segment_count; i++) {
        const struct segment *segment = &part->draft->segments[i]->segment;
        if (!choice_is_new_segment(part, i))
            continue;
        stage_step(stage, "reading back segment", segment->key, 0);
        if (!segment_reads_back(segment))
            return stage_fail(stage, "does not read as it was written");
    }
    return true;
}

/* ---- decisions --------------------------------------------------------------------------------
 */

static bool is_possible(const struct flag *flag, const struct decision *decision)
{
    return decision->variation >= VARIATION_NONE &&
           decision->variation < (int)flag->variation_count && decision->rule >= RULE_NONE &&
           decision->rule < (int)flag->rule_count;
}

static bool is_same_decision(const struct decision *a, const struct decision *b)
{
    return a->variation == b->variation && a->rule == b->rule && a->reason == b->reason &&
           a->error == b->error;
}

static void open_context(struct stage_set *set, struct context *context, enum context_form form,
                         const struct probe *probe)
{
    if (form == CONTEXT_FLAT)
        context_open(context, &set->arena, set->rules, probe->targeting_key, &probe->attributes,
                     set->scratch);
    else
        context_open_user(context, &set->arena, set->rules, &probe->tree, set->scratch);
}

/* Once as traffic asks, once as people do, and the same must come out. */
static bool decide(struct stage_set *set, const struct flag_rules *rules, enum context_form form,
                   const struct probe *probe)
{
    struct context context;
    struct trace trace;
    open_context(set, &context, form, probe);
    struct decision decision = evaluate_flag(rules, &context, set->now_ms, NULL);
    trace_open(&trace, &set->arena);
    open_context(set, &context, form, probe);
    struct decision traced = evaluate_flag(rules, &context, set->now_ms, &trace);
    if (!is_possible(rules->flag, &decision))
        return stage_fail(set->stage, "is decided as what it does not have");
    return is_same_decision(&decision, &traced) ||
           stage_fail(set->stage, "is decided now one way, now another");
}

static void explain_whole(struct stage_set *set, const struct flag_rules *rules,
                          enum context_form form, const struct probe *probe)
{
    struct context context;
    open_context(set, &context, form, probe);
    explain(set->explainer, &set->arena, rules->flag->key, &context, set->now_ms);
}

static bool try_probe(struct stage_set *set, const struct flag_rules *rules,
                      const struct probe *probe)
{
    return decide(set, rules, CONTEXT_FLAT, probe) && decide(set, rules, CONTEXT_USER, probe);
}

static bool rehearse_flag(struct stage_set *set, const struct flag_rules *rules)
{
    const struct flag *flag = rules->flag;
    stage_step(set->stage, "deciding flag", flag->key, 0);
    const struct expression **expressions =
        ARENA_NEW_ARRAY(&set->arena, const struct expression *, flag->rule_count);
    for (size_t i = 0; i < flag->rule_count; i++)
        expressions[i] = &flag->rules[i].when;
    for (enum probe_kind kind = 0; kind < PROBE_KINDS; kind++) {
        const struct probe probe = probe_make(&set->arena, kind, expressions, flag->rule_count);
        if (!try_probe(set, rules, &probe))
            return false;
        if (kind != PROBE_WANTED && kind != PROBE_LISTED)
            continue;
        explain_whole(set, rules, CONTEXT_FLAT, &probe);
        explain_whole(set, rules, CONTEXT_USER, &probe);
    }
    for (size_t i = 0; i < flag->rule_count; i++) { /* who passes this rule may pass no other */
        const struct probe probe = probe_make(&set->arena, PROBE_WANTED, &expressions[i], 1);
        if (!try_probe(set, rules, &probe))
            return false;
    }
    return true;
}

static void rehearse_segment(struct stage_set *set, const struct segment *segment)
{
    stage_step(set->stage, "asking segment", segment->key, 0);
    const struct expression **expressions =
        ARENA_NEW_ARRAY(&set->arena, const struct expression *, segment->rule_count);
    for (size_t i = 0; i < segment->rule_count; i++)
        expressions[i] = &segment->rules[i];
    for (enum probe_kind kind = 0; kind < PROBE_KINDS; kind++) {
        const struct probe probe = probe_make(&set->arena, kind, expressions, segment->rule_count);
        for (enum context_form form = CONTEXT_FLAT; form <= CONTEXT_USER; form++) {
            struct context context;
            open_context(set, &context, form, &probe);
            evaluate_segment(set->rules, segment->key, &context, set->now_ms, &set->arena);
        }
    }
}

static bool decide_chosen(struct stage_set *set, const struct rehearsal_part *part,
                          const struct choice *choice)
{
    for (size_t i = 0; i < part->draft->flag_count; i++) {
        if (!choice->is_asked[i])
            continue;
        const struct flag_rules *rules = ruleset_find(set->rules, part->draft->flags[i]->flag.key);
        if (rules == NULL)
            return stage_fail(set->stage, "lost a flag");
        if (!rehearse_flag(set, rules))
            return false;
        arena_reset(&set->arena);
    }
    for (size_t i = 0; i < part->draft->segment_count; i++) {
        if (choice_is_new_segment(part, i))
            rehearse_segment(set, &part->draft->segments[i]->segment);
        arena_reset(&set->arena);
    }
    return true;
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

/* The child ends right after: what is opened here is not closed. */
bool rehearse_part(struct stage *stage, snapshot_renderer render, const struct rehearsal_part *part,
                   int64_t now_ms)
{
    struct arena arena;
    arena_open(&arena, 16384);
    uint32_t size_ms = (uint32_t)part->draft->flag_count / 4;
    stage_step(stage, "comparing", part->draft->name, size_ms);
    struct choice choice = choice_make(&arena, part);
    if (!check_stored(stage, part, &choice))
        return false;
    stage_step(stage, "compiling", part->draft->name, size_ms);
    struct snapshot *candidate = draft_compile(&choice.draft, now_ms);
    stage_step(stage, "rendering", part->draft->name, size_ms);
    snapshot_note_asked(candidate, UINT32_MAX); /* all there is to render, asked for yet or not */
    render(candidate);
    struct stage_set set = {
        .stage = stage,
        .rules = candidate->rules,
        .explainer = explainer_open(&arena, candidate->rules),
        .scratch = pattern_scratch_open(),
        .now_ms = now_ms,
    };
    arena_open(&set.arena, 8192);
    ruleset_moment(set.rules, now_ms);
    ruleset_next_moment_ms(set.rules, now_ms);
    return decide_chosen(&set, part, &choice);
}
