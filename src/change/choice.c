/* SPDX-License-Identifier: Apache-2.0 */
/* choice - which part of an environment a rehearsal is about: see choice.h. */
#include "change/choice.h"

#include "model/affected.h"
#include "model/references.h"

/* Index in the draft, or flag_count. */
static size_t find_flag(const struct draft *draft, struct str key)
{
    size_t low = 0;
    size_t high = draft->flag_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_compare(draft->flags[middle]->flag.key, key);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return draft->flag_count;
}

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

bool choice_is_new_segment(const struct rehearsal_part *part, size_t index)
{
    const struct segment_revision *revision = part->draft->segments[index];
    size_t at = environment_segment_index(&part->before->state, revision->segment.key);
    return at == INDEX_ABSENT || part->before->segments[at] != revision;
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
                          const struct rehearsal_part *part)
{
    struct environment_state state = draft_state(part->draft, arena);
    const struct str *keys = NULL;
    size_t count = environment_affected(arena, &part->before->state, &state, &keys);
    for (size_t i = 0; i < count; i++) {
        size_t at = find_flag(part->draft, keys[i]);
        if (at < part->draft->flag_count) /* else it is deleted */
            choice->is_asked[at] = true;
    }
}

static bool leans_on_asked(const struct choice *choice, const struct draft *draft,
                           const struct flag *flag)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        size_t at = find_flag(draft, flag->prerequisites[i].flag);
        if (at < draft->flag_count && choice->is_asked[at])
            return true;
    }
    return false;
}

/* Until nobody is added: at most as often as prerequisites are deep, and once. */
static void mark_leaning(struct choice *choice, const struct draft *draft)
{
    bool is_added = true;
    while (is_added) {
        is_added = false;
        for (size_t i = 0; i < draft->flag_count; i++) {
            if (choice->is_asked[i] || !leans_on_asked(choice, draft, &draft->flags[i]->flag))
                continue;
            choice->is_asked[i] = is_added = true;
        }
    }
}

/* What those asked lean on, however deep. */
static void mark_needed(struct choice *choice, struct arena *arena, const struct draft *draft)
{
    size_t *needed = ARENA_NEW_ARRAY(arena, size_t, draft->flag_count);
    size_t count = 0;
    for (size_t i = 0; i < draft->flag_count; i++) {
        choice->is_needed[i] = choice->is_asked[i];
        if (choice->is_needed[i])
            needed[count++] = i;
    }
    for (size_t i = 0; i < count; i++) {
        const struct flag *flag = &draft->flags[needed[i]]->flag;
        for (size_t j = 0; j < flag->prerequisite_count; j++) {
            size_t at = find_flag(draft, flag->prerequisites[j].flag);
            if (at == draft->flag_count || choice->is_needed[at])
                continue;
            choice->is_needed[at] = true;
            needed[count++] = at;
        }
    }
}

struct choice choice_make(struct arena *arena, const struct rehearsal_part *part)
{
    const struct draft *draft = part->draft;
    struct choice choice = {
        .is_new = ARENA_NEW_ARRAY(arena, bool, draft->flag_count),
        .is_asked = ARENA_NEW_ARRAY(arena, bool, draft->flag_count),
        .is_needed = ARENA_NEW_ARRAY(arena, bool, draft->flag_count),
        .draft = *draft,
    };
    mark_new(&choice, part);
    if (!has_same_surroundings(part))
        mark_affected(&choice, arena, part);
    mark_leaning(&choice, draft);
    mark_needed(&choice, arena, draft);
    choice.draft.flags = ARENA_NEW_ARRAY(arena, struct flag_revision *, draft->flag_count);
    choice.draft.flag_count = 0;
    for (size_t i = 0; i < draft->flag_count; i++) {
        if (choice.is_needed[i])
            choice.draft.flags[choice.draft.flag_count++] = draft->flags[i];
    }
    return choice;
}
