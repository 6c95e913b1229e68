/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evaluate_vector - a case as a test that needs nothing but itself.
 *
 * Its environment is what an import takes (transfer.h): the flag with all it leans on. Two things
 * are narrowed to what the case needs: cohorts have no members but the one who is asked about, and
 * flags are on all deployments, because a decision does not depend on them.
 */
#include "base/instant.h"
#include "dialect/admin/definition.h"
#include "dialect/admin/evaluate.h"
#include "model/codec.h"
#include "model/limits.h"
#include "model/references.h"

/* What is needed, by place in the state, and what is yet to be looked into. */
struct needs {
    const struct environment_state *state;
    const struct ruleset *rules;
    bool *flags, *segments, *cohorts;
    uint32_t *flags_left, *segments_left;
    size_t flags_left_count, segments_left_count;
};

static struct needs needs_open(struct arena *arena, const struct ruleset *rules)
{
    const struct environment_state *state = rules->state;
    return (struct needs){
        .state = state,
        .rules = rules,
        .flags = ARENA_NEW_ARRAY(arena, bool, state->flag_count),
        .segments = ARENA_NEW_ARRAY(arena, bool, state->segment_count),
        .cohorts = ARENA_NEW_ARRAY(arena, bool, state->cohort_count),
        .flags_left = ARENA_NEW_ARRAY(arena, uint32_t, state->flag_count),
        .segments_left = ARENA_NEW_ARRAY(arena, uint32_t, state->segment_count),
    };
}

static void need_flag(struct needs *needs, struct str key)
{
    const struct flag_rules *flag = ruleset_find(needs->rules, key);
    if (flag == NULL || needs->flags[flag->index])
        return;
    needs->flags[flag->index] = true;
    needs->flags_left[needs->flags_left_count++] = flag->index;
}

static void need_segment(struct needs *needs, struct str key)
{
    size_t place = environment_segment_index(needs->state, key);
    if (place == INDEX_ABSENT || needs->segments[place])
        return;
    needs->segments[place] = true;
    needs->segments_left[needs->segments_left_count++] = (uint32_t)place;
}

static void need_cohort(struct needs *needs, struct str id)
{
    const struct cohort *cohort = environment_find_cohort(needs->state, id);
    for (size_t i = 0; cohort != NULL && i < needs->state->cohort_count; i++)
        needs->cohorts[i] = needs->cohorts[i] || needs->state->cohorts[i] == cohort;
}

static void need_values(struct needs *needs, const struct expression *match)
{
    bool is_any = match->operator== OPERATOR_TEXT_SET_CONTAINS_ANY || match->operator==
                  OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY;
    bool is_list = is_any && match->value.type == JSON_ARRAY;
    for (uint32_t i = 0; is_list && i < match->value.count; i++) {
        if (match->value.elements[i].type == JSON_STRING)
            need_cohort(needs, match->value.elements[i].string);
    }
}

/* Recursion is bounded by RULE_NESTING_MAX, which the model enforces; deeper than it nothing is
 * looked for. */
static void need_expression(struct needs *needs, const struct expression *expression,
                            unsigned nesting)
{
    if (nesting > RULE_NESTING_MAX)
        return;
    if (expression->kind == EXPRESSION_SEGMENT)
        need_segment(needs, expression->segment);
    if (expression->kind == EXPRESSION_MATCH)
        need_values(needs, expression);
    for (size_t i = 0; i < expression->child_count; i++)
        need_expression(needs, &expression->children[i], nesting + 1);
}

static void need_of_flag(struct needs *needs, const struct flag *flag)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++)
        need_flag(needs, flag->prerequisites[i].flag);
    for (size_t i = 0; i < flag->rule_count; i++)
        need_expression(needs, &flag->rules[i].when, 0);
    for (size_t i = 0; i < flag->variation_count; i++) {
        for (size_t at = 0; at < flag->variations[i].cohort_count; at++)
            need_cohort(needs, flag->variations[i].cohorts[at]);
    }
}

static void need_of_segment(struct needs *needs, const struct segment *segment)
{
    for (size_t i = 0; i < segment->rule_count; i++)
        need_expression(needs, &segment->rules[i], 0);
}

/* The flag, and until there is nothing left, what those found need. */
static struct needs collect(struct arena *arena, const struct ruleset *rules, struct str key)
{
    struct needs needs = needs_open(arena, rules);
    need_flag(&needs, key);
    while (needs.flags_left_count + needs.segments_left_count > 0) {
        if (needs.flags_left_count > 0)
            need_of_flag(&needs, needs.state->flags[needs.flags_left[--needs.flags_left_count]]);
        else
            need_of_segment(
                &needs, needs.state->segments[needs.segments_left[--needs.segments_left_count]]);
    }
    return needs;
}

/* ---- the environment ------------------------------------------------------------------------- */

static void write_settings(struct json_writer *writer, const struct environment_settings *settings)
{
    struct environment_settings plain = *settings;
    struct buf buf;
    plain.metadata = json_make_null();
    buf_open(&buf, SIZE_MAX);
    settings_encode(&plain, &buf);
    json_key(writer, STR("settings"));
    json_raw(writer, buf_str(&buf));
    buf_close(&buf);
}

static void write_flags(struct json_writer *writer, const struct needs *needs)
{
    json_key(writer, STR("flags"));
    json_array_begin(writer);
    for (size_t i = 0; i < needs->state->flag_count; i++) {
        if (!needs->flags[i])
            continue;
        struct flag flag = *needs->state->flags[i];
        flag.is_on_all_deployments = true;
        flag.deployments = NULL;
        flag.deployment_count = 0;
        definition_write_flag(writer, &flag);
    }
    json_array_end(writer);
}

static void write_segments(struct json_writer *writer, const struct needs *needs)
{
    json_key(writer, STR("segments"));
    json_array_begin(writer);
    for (size_t i = 0; i < needs->state->segment_count; i++) {
        if (needs->segments[i])
            definition_write_segment(writer, needs->state->segments[i]);
    }
    json_array_end(writer);
}

static void write_cohort(struct json_writer *writer, struct arena *arena,
                         const struct admin_case *asked, const struct cohort *cohort)
{
    struct str subject =
        explained_subject(asked->explainer, arena, asked->context, cohort->group_type);
    json_object_begin(writer);
    json_member_string(writer, STR("id"), cohort->id);
    json_member_string(writer, STR("groupType"), cohort->group_type);
    json_key(writer, STR("memberIds"));
    json_array_begin(writer);
    if (!str_is_empty(subject) && cohort_has(cohort, subject))
        json_string(writer, subject);
    json_array_end(writer);
    json_object_end(writer);
}

static void write_cohorts(struct json_writer *writer, struct arena *arena,
                          const struct admin_case *asked, const struct needs *needs)
{
    json_key(writer, STR("cohorts"));
    json_array_begin(writer);
    for (size_t i = 0; i < needs->state->cohort_count; i++) {
        if (needs->cohorts[i])
            write_cohort(writer, arena, asked, needs->state->cohorts[i]);
    }
    json_array_end(writer);
}

/* ---- the case -------------------------------------------------------------------------------- */

void admin_write_vector(struct json_writer *writer, struct arena *arena,
                        const struct admin_case *asked)
{
    const struct snapshot *snapshot = asked->question->state.snapshot;
    const struct needs needs = collect(arena, snapshot->rules, asked->key);
    char now[INSTANT_TEXT_BYTES];
    instant_format(asked->question->now_ms, now);
    json_object_begin(writer);
    json_key(writer, STR("environment"));
    json_object_begin(writer);
    json_member_string(writer, STR("format"), STR("guidon.environment/1"));
    write_settings(writer, &snapshot->settings);
    write_segments(writer, &needs);
    write_flags(writer, &needs);
    write_cohorts(writer, arena, asked, &needs);
    json_object_end(writer);
    json_member_string(writer, STR("flag"), asked->key);
    json_member_tree(writer, STR("context"), asked->context_sent);
    json_member_string(writer, STR("now"), str_of(now));
    json_key(writer, STR("expected"));
    json_object_begin(writer);
    admin_write_decision(writer, asked->key, asked->decision);
    json_object_end(writer);
    json_object_end(writer);
}
