/* SPDX-License-Identifier: Apache-2.0 */
/* choice - which part of an environment a rehearsal is about: see choice.h. */
#include "change/choice.h"

#include "model/affected.h"
#include "model/leaves.h"
#include "model/references.h"

/* Revisions are shared by snapshots: what has the same address is the same. Both are sorted. */
static void mark_new(struct choice *choice, const struct rehearsal_part *part)
{
    const struct draft *draft = part->draft;
    const struct snapshot *before = part->before;
    size_t old = 0;
    for (size_t i = 0; i < draft->flag_count; i++) {
        while (old < before->state.flag_count && before->flags[old] != draft->flags[i] &&
               str_compare(before->flags[old]->flag.key, draft->flags[i]->flag.key) < 0)
            old++;
        bool is_there = old < before->state.flag_count && before->flags[old] == draft->flags[i];
        choice->is_new[i] = choice->is_asked[i] = !is_there;
        old += is_there ? 1 : 0;
    }
}

static void mark_new_segments(struct choice *choice, const struct rehearsal_part *part)
{
    for (size_t i = 0; i < choice->segment_count; i++) {
        const struct segment_revision *revision = part->draft->segments[i];
        size_t at = environment_segment_index(&part->before->state, revision->segment.key);
        choice->is_segment_new[i] = at == INDEX_ABSENT || part->before->segments[at] != revision;
    }
}

static bool has_same_surroundings(const struct rehearsal_part *part)
{
    const struct draft *draft = part->draft;
    const struct snapshot *before = part->before;
    bool is_same =
        draft->segment_count == before->state.segment_count &&
        draft->cohort_count == before->state.cohort_count &&
        draft->settings.hides_flags_by_default == before->settings.hides_flags_by_default;
    for (size_t i = 0; i < draft->segment_count && is_same; i++)
        is_same = draft->segments[i] == before->segments[i];
    for (size_t i = 0; i < draft->cohort_count && is_same; i++)
        is_same = draft->cohorts[i] == before->cohorts[i];
    return is_same;
}

/* Where more than flags changed. */
static void mark_affected(struct choice *choice, struct arena *arena,
                          const struct rehearsal_part *part, const struct environment_state *state)
{
    const struct str *keys = NULL;
    size_t count = environment_affected(arena, &part->before->state, state, &keys);
    for (size_t i = 0; i < count; i++) {
        size_t at = environment_flag_index(state, keys[i]);
        if (at != INDEX_ABSENT) /* else it is deleted */
            choice->is_asked[at] = true;
    }
}

static bool leans_on_asked(const struct choice *choice, const struct environment_state *state,
                           const struct flag *flag)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        size_t at = environment_flag_index(state, flag->prerequisites[i].flag);
        if (at != INDEX_ABSENT && choice->is_asked[at])
            return true;
    }
    return false;
}

/* Until nobody is added: at most as often as prerequisites are deep, and once. */
static void mark_leaning(struct choice *choice, const struct environment_state *state)
{
    bool is_added = true;
    while (is_added) {
        is_added = false;
        for (size_t i = 0; i < state->flag_count; i++) {
            if (choice->is_asked[i] || !leans_on_asked(choice, state, state->flags[i]))
                continue;
            choice->is_asked[i] = is_added = true;
        }
    }
}

/* What those asked lean on, however deep. */
static void mark_needed(struct choice *choice, struct arena *arena,
                        const struct environment_state *state)
{
    size_t *needed = ARENA_NEW_ARRAY(arena, size_t, state->flag_count);
    size_t count = 0;
    for (size_t i = 0; i < state->flag_count; i++) {
        choice->is_needed[i] = choice->is_asked[i];
        if (choice->is_needed[i])
            needed[count++] = i;
    }
    for (size_t i = 0; i < count; i++) {
        const struct flag *flag = state->flags[needed[i]];
        for (size_t j = 0; j < flag->prerequisite_count; j++) {
            size_t at = environment_flag_index(state, flag->prerequisites[j].flag);
            if (at == INDEX_ABSENT || choice->is_needed[at])
                continue;
            choice->is_needed[at] = true;
            needed[count++] = at;
        }
    }
}

/* ---- segments -------------------------------------------------------------------------------- */

struct segment_search {
    const struct environment_state *state;
    bool *is_needed;
    size_t *found; /* those needed, in the order in which they were found */
    size_t count;
};

static void need_segment(struct segment_search *search, size_t index)
{
    if (index == INDEX_ABSENT || search->is_needed[index])
        return;
    search->is_needed[index] = true;
    search->found[search->count++] = index;
}

static void need_segments_of(struct segment_search *search, const struct expression *expression)
{
    struct leaf_walk walk;
    leaf_walk_begin(&walk, expression);
    for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;) {
        if (leaf->kind == EXPRESSION_SEGMENT)
            need_segment(search, environment_segment_index(search->state, leaf->segment));
    }
}

/* The new ones, those that needed flags ask, and what these ask, however deep. */
static void mark_needed_segments(struct choice *choice, struct arena *arena,
                                 const struct environment_state *state)
{
    struct segment_search search = {
        .state = state,
        .is_needed = choice->is_segment_needed,
        .found = ARENA_NEW_ARRAY(arena, size_t, state->segment_count),
    };
    for (size_t i = 0; i < state->segment_count; i++) {
        if (choice->is_segment_new[i])
            need_segment(&search, i);
    }
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct flag *flag = state->flags[i];
        for (size_t j = 0; choice->is_needed[i] && j < flag->rule_count; j++)
            need_segments_of(&search, &flag->rules[j].when);
    }
    for (size_t i = 0; i < search.count; i++) {
        const struct segment *segment = state->segments[search.found[i]];
        for (size_t j = 0; j < segment->rule_count; j++)
            need_segments_of(&search, &segment->rules[j]);
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void take_needed(struct choice *choice, struct arena *arena, const struct draft *draft)
{
    choice->draft = *draft;
    choice->draft.flags = ARENA_NEW_ARRAY(arena, struct flag_revision *, draft->flag_count);
    choice->draft.flag_count = 0;
    for (size_t i = 0; i < draft->flag_count; i++) {
        if (choice->is_needed[i])
            choice->draft.flags[choice->draft.flag_count++] = draft->flags[i];
    }
    choice->draft.segments =
        ARENA_NEW_ARRAY(arena, struct segment_revision *, draft->segment_count);
    choice->draft.segment_count = 0;
    for (size_t i = 0; i < draft->segment_count; i++) {
        if (choice->is_segment_needed[i])
            choice->draft.segments[choice->draft.segment_count++] = draft->segments[i];
    }
}

struct choice choice_make(struct arena *arena, const struct rehearsal_part *part)
{
    const struct draft *draft = part->draft;
    struct choice choice = {
        .flag_count = draft->flag_count,
        .segment_count = draft->segment_count,
        .is_new = ARENA_NEW_ARRAY(arena, bool, draft->flag_count),
        .is_asked = ARENA_NEW_ARRAY(arena, bool, draft->flag_count),
        .is_needed = ARENA_NEW_ARRAY(arena, bool, draft->flag_count),
        .is_segment_new = ARENA_NEW_ARRAY(arena, bool, draft->segment_count),
        .is_segment_needed = ARENA_NEW_ARRAY(arena, bool, draft->segment_count),
    };
    const struct environment_state state = draft_state(draft, arena);
    mark_new(&choice, part);
    mark_new_segments(&choice, part);
    if (!has_same_surroundings(part))
        mark_affected(&choice, arena, part, &state);
    mark_leaning(&choice, &state);
    mark_needed(&choice, arena, &state);
    mark_needed_segments(&choice, arena, &state);
    take_needed(&choice, arena, draft);
    return choice;
}
