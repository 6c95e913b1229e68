/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft_check - leaves out of a draft what an environment of ours could not have.
 *
 * First each by itself: shape and limits (flag_check, segment_check), patterns and what a decision
 * costs (ruleset_check_…). Then what refers to something that is not there, round after round until
 * all references hold. Then what only shows in the whole (cycles, depth): environment_check names
 * one flag or segment at a time, which goes, and with it those that lean on it.
 */
#include <stdlib.h>

#include "eval/ruleset.h"
#include "import/draft.h"
#include "model/leaves.h"
#include "model/limits.h"

/* "$.rules[0].when: must …", as a sentence. */
static struct str fault_text(struct arena *arena, struct fault fault)
{
    struct str where = fault.where;
    if (str_starts_with(where, STR("$")))
        where = str_slice(where, 1, where.size);
    if (str_starts_with(where, STR(".")))
        where = str_slice(where, 1, where.size);
    if (str_is_empty(where))
        return arena_copy_str(arena, fault.why);
    return arena_format(arena, "%.*s: %.*s", STR_ARG(where), STR_ARG(fault.why));
}

/* ---- each by itself -------------------------------------------------------------------------- */

static struct fault inspect_flag(struct arena *arena, const struct flag *flag)
{
    struct pattern_admission admission;
    struct fault fault = flag_check(arena, flag);
    if (failed(fault))
        return fault;
    pattern_admission_open(&admission, arena);
    return ruleset_check_flag(&admission, flag, NULL);
}

static struct fault inspect_segment(struct arena *arena, const struct segment *segment)
{
    struct pattern_admission admission;
    struct fault fault = segment_check(arena, segment);
    if (failed(fault))
        return fault;
    pattern_admission_open(&admission, arena);
    return ruleset_check_segment(&admission, segment, NULL);
}

static void check_each(struct draft *draft)
{
    for (size_t i = 0; i < draft->flag_count; i++) {
        struct draft_flag *flag = draft->flags[i];
        if (flag->is_left_out)
            continue;
        struct fault fault = inspect_flag(draft->arena, &flag->flag);
        if (failed(fault))
            draft_leave_out_flag(draft, flag, fault_text(draft->arena, fault));
    }
    for (size_t i = 0; i < draft->segment_count; i++) {
        struct draft_segment *segment = draft->segments[i];
        if (segment->is_left_out)
            continue;
        struct fault fault = inspect_segment(draft->arena, &segment->segment);
        if (failed(fault))
            draft_leave_out_segment(draft, segment, fault_text(draft->arena, fault));
    }
}

/* ---- too many -------------------------------------------------------------------------------- */

static void check_counts(struct draft *draft)
{
    size_t kept = 0;
    for (size_t i = 0; i < draft->flag_count; i++) {
        if (!draft->flags[i]->is_left_out && ++kept > FLAGS_PER_ENVIRONMENT_MAX)
            draft_leave_out_flag(draft, draft->flags[i],
                                 STR("an environment has 10,000 flags at most"));
    }
    kept = 0;
    for (size_t i = 0; i < draft->segment_count; i++) {
        if (!draft->segments[i]->is_left_out && ++kept > SEGMENTS_PER_ENVIRONMENT_MAX)
            draft_leave_out_segment(draft, draft->segments[i],
                                    STR("an environment has 500 segments at most"));
    }
}

/* ---- references ------------------------------------------------------------------------------ */

struct presence {
    struct map flags, segments;
};

static struct presence find_presence(struct draft *draft)
{
    struct presence presence;
    map_open(&presence.flags, draft->arena, draft->flag_count);
    map_open(&presence.segments, draft->arena, draft->segment_count);
    for (size_t i = 0; i < draft->flag_count; i++) {
        if (!draft->flags[i]->is_left_out)
            map_insert(&presence.flags, draft->flags[i]->flag.key, (uint32_t)i);
    }
    for (size_t i = 0; i < draft->segment_count; i++) {
        if (!draft->segments[i]->is_left_out)
            map_insert(&presence.segments, draft->segments[i]->segment.key, (uint32_t)i);
    }
    return presence;
}

/* The key of a segment the expression names and the draft does not have; absent: none. */
static struct str missing_segment(const struct presence *presence,
                                  const struct expression *expression)
{
    struct leaf_walk walk;
    leaf_walk_begin(&walk, expression);
    for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;) {
        if (leaf->kind == EXPRESSION_SEGMENT &&
            map_find(&presence->segments, leaf->segment) == MAP_ABSENT)
            return leaf->segment;
    }
    return (struct str){0};
}

static bool leave_out_leaning_flag(struct draft *draft, const struct presence *presence,
                                   struct draft_flag *flag)
{
    for (size_t i = 0; i < flag->flag.prerequisite_count; i++) {
        struct str key = flag->flag.prerequisites[i].flag;
        if (map_find(&presence->flags, key) != MAP_ABSENT)
            continue;
        draft_leave_out_flag(
            draft, flag,
            arena_format(draft->arena, "needs the flag %.*s, which is not there", STR_ARG(key)));
        return true;
    }
    for (size_t i = 0; i < flag->flag.rule_count; i++) {
        struct str key = missing_segment(presence, &flag->flag.rules[i].when);
        if (str_is_absent(key))
            continue;
        draft_leave_out_flag(
            draft, flag,
            arena_format(draft->arena, "needs the segment %.*s, which is not there", STR_ARG(key)));
        return true;
    }
    return false;
}

static bool leave_out_leaning_segment(struct draft *draft, const struct presence *presence,
                                      struct draft_segment *segment)
{
    for (size_t i = 0; i < segment->segment.rule_count; i++) {
        struct str key = missing_segment(presence, &segment->segment.rules[i]);
        if (str_is_absent(key))
            continue;
        draft_leave_out_segment(
            draft, segment,
            arena_format(draft->arena, "needs the segment %.*s, which is not there", STR_ARG(key)));
        return true;
    }
    return false;
}

/* Ends: each round but the last leaves something out. */
static void check_references(struct draft *draft)
{
    bool is_settled = false;
    while (!is_settled) {
        const struct presence presence = find_presence(draft);
        is_settled = true;
        for (size_t i = 0; i < draft->segment_count; i++) {
            if (!draft->segments[i]->is_left_out &&
                leave_out_leaning_segment(draft, &presence, draft->segments[i]))
                is_settled = false;
        }
        for (size_t i = 0; i < draft->flag_count; i++) {
            if (!draft->flags[i]->is_left_out &&
                leave_out_leaning_flag(draft, &presence, draft->flags[i]))
                is_settled = false;
        }
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static struct environment_state state_of(struct draft *draft)
{
    const struct flag **flags =
        ARENA_NEW_ARRAY(draft->arena, const struct flag *, draft->flag_count);
    const struct segment **segments =
        ARENA_NEW_ARRAY(draft->arena, const struct segment *, draft->segment_count);
    struct environment_state state = {.name = STR("imported"), .settings = draft->settings};
    for (size_t i = 0; i < draft->flag_count; i++) {
        if (!draft->flags[i]->is_left_out)
            flags[state.flag_count++] = &draft->flags[i]->flag;
    }
    for (size_t i = 0; i < draft->segment_count; i++) {
        if (!draft->segments[i]->is_left_out)
            segments[state.segment_count++] = &draft->segments[i]->segment;
    }
    environment_sort_flags(flags, state.flag_count);
    environment_sort_segments(segments, state.segment_count);
    state.flags = flags;
    state.segments = segments;
    return state;
}

/* The place of "$.flags.<key>…" is about that flag: nothing but a dot or a bracket comes after. */
static bool is_about(struct str where, struct str list, struct str key)
{
    struct str rest = str_slice(where, list.size, where.size);
    if (!str_starts_with(where, list) || !str_starts_with(rest, key))
        return false;
    return rest.size == key.size || rest.data[key.size] == '.' || rest.data[key.size] == '[';
}

/* Keys may have dots: the longest that fits is meant. */
static struct draft_flag *flag_of_fault(const struct draft *draft, struct str where)
{
    struct draft_flag *found = NULL;
    for (size_t i = 0; i < draft->flag_count; i++) {
        struct draft_flag *flag = draft->flags[i];
        if (!flag->is_left_out && is_about(where, STR("$.flags."), flag->flag.key) &&
            (found == NULL || flag->flag.key.size > found->flag.key.size))
            found = flag;
    }
    return found;
}

static struct draft_segment *segment_of_fault(const struct draft *draft, struct str where)
{
    struct draft_segment *found = NULL;
    for (size_t i = 0; i < draft->segment_count; i++) {
        struct draft_segment *segment = draft->segments[i];
        if (!segment->is_left_out && is_about(where, STR("$.segments."), segment->segment.key) &&
            (found == NULL || segment->segment.key.size > found->segment.key.size))
            found = segment;
    }
    return found;
}

/* A fault that names nobody is about something else than flags and segments, of which there is
 * nothing in a draft: all that is left goes, so that what is written is always valid. */
static void leave_out_named(struct draft *draft, struct fault fault)
{
    struct draft_flag *flag = flag_of_fault(draft, fault.where);
    struct draft_segment *segment = segment_of_fault(draft, fault.where);
    if (flag != NULL) /* its row says whose place it is */
        fault.where =
            str_slice(fault.where, STR("$.flags.").size + flag->flag.key.size, fault.where.size);
    if (segment != NULL)
        fault.where = str_slice(fault.where, STR("$.segments.").size + segment->segment.key.size,
                                fault.where.size);
    struct str why = fault_text(draft->arena, fault);
    if (flag != NULL)
        draft_leave_out_flag(draft, flag, why);
    if (segment != NULL)
        draft_leave_out_segment(draft, segment, why);
    if (flag != NULL || segment != NULL)
        return;
    for (size_t i = 0; i < draft->flag_count; i++)
        draft_leave_out_flag(draft, draft->flags[i], why);
    for (size_t i = 0; i < draft->segment_count; i++)
        draft_leave_out_segment(draft, draft->segments[i], why);
}

static struct fault inspect_whole(struct draft *draft)
{
    const struct environment_state state = state_of(draft);
    struct fault fault = environment_check(draft->arena, &state);
    return failed(fault) ? fault : ruleset_check_environment(draft->arena, &state, NULL);
}

void draft_check(struct draft *draft)
{
    check_each(draft);
    check_counts(draft);
    check_references(draft);
    for (struct fault fault = inspect_whole(draft); failed(fault); fault = inspect_whole(draft)) {
        leave_out_named(draft, fault);
        check_references(draft);
    }
}
