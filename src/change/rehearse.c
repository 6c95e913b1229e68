/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rehearse - what a rehearsal tries, in the player: see rehearsal.h.
 *
 * Reading what will be stored comes first, then compiling and rendering, then the decisions. All of
 * it about an environment of nothing but what changed, what leans on that and what these lean on
 * (choice.h): the rest has been compiled and rendered as it is. Decisions are tried of each flag
 * that may decide otherwise than before, for every kind of probe, in both forms of a context, and
 * each of its rules and clauses by itself (eval/explain.h).
 */
#include "change/probe.h"
#include "change/rehearsal.h"
#include "change/script.h"
#include "eval/evaluate.h"
#include "eval/explain.h"

struct performance {
    struct scene *scene;
    struct arena arena; /* emptied with each flag */
    const struct ruleset *rules;
    struct explainer *explainer;
    struct pattern_scratch *scratch;
    int64_t now_ms;
};

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

static void open_context(struct performance *performance, struct context *context,
                         enum context_form form, const struct probe *probe)
{
    if (form == CONTEXT_FLAT)
        context_open(context, &performance->arena, performance->rules, probe->targeting_key,
                     &probe->attributes, performance->scratch);
    else
        context_open_user(context, &performance->arena, performance->rules, &probe->tree,
                          performance->scratch);
}

/* Once as traffic asks, once as people do, and the same must come out. */
static bool decide(struct performance *performance, const struct flag_rules *rules,
                   enum context_form form, const struct probe *probe)
{
    struct context context;
    struct trace trace;
    open_context(performance, &context, form, probe);
    struct decision decision = evaluate_flag(rules, &context, performance->now_ms, NULL);
    trace_open(&trace, &performance->arena);
    open_context(performance, &context, form, probe);
    struct decision traced = evaluate_flag(rules, &context, performance->now_ms, &trace);
    if (!is_possible(rules->flag, &decision))
        return scene_fail(performance->scene, "is decided as what it does not have");
    return is_same_decision(&decision, &traced) ||
           scene_fail(performance->scene, "is decided now one way, now another");
}

static void explain_whole(struct performance *performance, const struct flag_rules *rules,
                          enum context_form form, const struct probe *probe)
{
    struct context context;
    open_context(performance, &context, form, probe);
    explain(performance->explainer, &performance->arena, rules->flag->key, &context,
            performance->now_ms);
}

static bool try_probe(struct performance *performance, const struct flag_rules *rules,
                      const struct probe *probe)
{
    return decide(performance, rules, CONTEXT_FLAT, probe) &&
           decide(performance, rules, CONTEXT_USER, probe);
}

static bool rehearse_flag(struct performance *performance, const struct flag_rules *rules)
{
    const struct flag *flag = rules->flag;
    scene_step(performance->scene, "deciding flag", flag->key, 0);
    const struct expression **expressions =
        ARENA_NEW_ARRAY(&performance->arena, const struct expression *, flag->rule_count);
    for (size_t i = 0; i < flag->rule_count; i++)
        expressions[i] = &flag->rules[i].when;
    for (enum probe_kind kind = 0; kind < PROBE_KINDS; kind++) {
        const struct probe probe =
            probe_make(&performance->arena, kind, expressions, flag->rule_count);
        if (!try_probe(performance, rules, &probe))
            return false;
        if (kind != PROBE_WANTED && kind != PROBE_LISTED)
            continue;
        explain_whole(performance, rules, CONTEXT_FLAT, &probe);
        explain_whole(performance, rules, CONTEXT_USER, &probe);
    }
    for (size_t i = 0; i < flag->rule_count; i++) { /* who passes this rule may pass no other */
        const struct probe probe =
            probe_make(&performance->arena, PROBE_WANTED, &expressions[i], 1);
        if (!try_probe(performance, rules, &probe))
            return false;
    }
    return true;
}

static void rehearse_segment(struct performance *performance, const struct segment *segment)
{
    scene_step(performance->scene, "asking segment", segment->key, 0);
    const struct expression **expressions =
        ARENA_NEW_ARRAY(&performance->arena, const struct expression *, segment->rule_count);
    for (size_t i = 0; i < segment->rule_count; i++)
        expressions[i] = &segment->rules[i];
    for (enum probe_kind kind = 0; kind < PROBE_KINDS; kind++) {
        const struct probe probe =
            probe_make(&performance->arena, kind, expressions, segment->rule_count);
        for (enum context_form form = CONTEXT_FLAT; form <= CONTEXT_USER; form++) {
            struct context context;
            open_context(performance, &context, form, &probe);
            evaluate_segment(performance->rules, segment->key, &context, performance->now_ms,
                             &performance->arena);
        }
    }
}

static size_t position_of(const struct json *positions, size_t index)
{
    return (size_t)positions[index].number;
}

static bool decide_asked(struct performance *performance, const struct script_part *part)
{
    for (size_t i = 0; i < part->asked_flag_count; i++) {
        size_t at = position_of(part->asked_flags, i);
        const struct flag_rules *rules =
            ruleset_find(performance->rules, part->parts.flags[at]->flag.key);
        if (rules == NULL)
            return scene_fail(performance->scene, "lost a flag");
        if (!rehearse_flag(performance, rules))
            return false;
        arena_reset(&performance->arena);
    }
    for (size_t i = 0; i < part->asked_segment_count; i++) {
        size_t at = position_of(part->asked_segments, i);
        rehearse_segment(performance, &part->parts.segments[at]->segment);
        arena_reset(&performance->arena);
    }
    return true;
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

/* The player ends right after: what is opened here is not closed. */
static bool rehearse_part(struct scene *scene, snapshot_renderer render,
                          const struct script *script, size_t script_bytes, size_t index)
{
    struct script_part part;
    scene_step(scene, "reading", STR("an environment"), scene_reading_ms(script_bytes));
    if (failed(script_read(script, index, &part)))
        return scene_fail(scene, "does not read as it was written");
    uint32_t size_ms = (uint32_t)part.parts.flag_count / 4;
    scene_step(scene, "compiling", part.parts.name, size_ms);
    struct snapshot *candidate = snapshot_make(&part.parts);
    scene_step(scene, "rendering", part.parts.name, size_ms);
    snapshot_note_asked(candidate, UINT32_MAX); /* all there is to render, asked for yet or not */
    render(candidate);
    struct performance performance = {
        .scene = scene,
        .rules = candidate->rules,
        .explainer = explainer_open(script->arena, candidate->rules),
        .scratch = pattern_scratch_open(),
        .now_ms = script->now_ms,
    };
    arena_open(&performance.arena, 8192);
    ruleset_moment(performance.rules, script->now_ms);
    ruleset_next_moment_ms(performance.rules, script->now_ms);
    return decide_asked(&performance, &part);
}

bool rehearse(struct scene *scene, struct str text, void *render)
{
    struct arena arena;
    struct script script;
    arena_open(&arena, 16384);
    if (failed(script_open(&script, &arena, text)))
        return scene_fail(scene, "is no script");
    for (size_t i = 0; i < script.part_count; i++) {
        if (!rehearse_part(scene, *(const snapshot_renderer *)render, &script, text.size, i))
            return false;
    }
    return true;
}
