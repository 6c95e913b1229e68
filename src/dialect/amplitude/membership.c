/* SPDX-License-Identifier: Apache-2.0 */
/* membership - who is in a group: see dependencies.h. The group's own document says nothing about
 * it; each member's prerequisite does. */
#include <stdlib.h>
#include <string.h>

#include "dialect/amplitude/dependencies.h"

static int find_prerequisite(const struct flag *flag, struct str group)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        if (str_equal(flag->prerequisites[i].flag, group))
            return (int)i;
    }
    return -1;
}

static bool lists(const struct prerequisite *prerequisite, struct str variation)
{
    for (size_t i = 0; i < prerequisite->variation_count; i++) {
        if (str_equal(prerequisite->variations[i], variation))
            return true;
    }
    return false;
}

static bool is_member(const struct flag *flag, struct str group, struct str variation)
{
    int index = find_prerequisite(flag, group);
    return index >= 0 && lists(&flag->prerequisites[index], variation);
}

/* ---- one member ------------------------------------------------------------------------------ */

static void append_prerequisite(struct arena *arena, struct flag *flag, struct str group)
{
    size_t count = flag->prerequisite_count;
    struct prerequisite *list = ARENA_NEW_ARRAY(arena, struct prerequisite, count + 1);
    if (count > 0)
        memcpy(list, flag->prerequisites, count * sizeof(*list));
    list[count].flag = group;
    flag->prerequisites = list;
    flag->prerequisite_count = count + 1;
}

static void join(struct arena *arena, struct flag *flag, struct str group, struct str variation)
{
    int index = find_prerequisite(flag, group);
    if (index < 0) {
        index = (int)flag->prerequisite_count;
        append_prerequisite(arena, flag, group);
    }
    struct prerequisite *prerequisite = &flag->prerequisites[index];
    size_t count = prerequisite->variation_count;
    struct str *variations = ARENA_NEW_ARRAY(arena, struct str, count + 1);
    if (count > 0)
        memcpy(variations, prerequisite->variations, count * sizeof(*variations));
    variations[count] = variation;
    prerequisite->variations = variations;
    prerequisite->variation_count = count + 1;
}

static void leave_group(struct flag *flag, struct str group)
{
    int index = find_prerequisite(flag, group);
    if (index < 0)
        return;
    size_t at = (size_t)index;
    size_t behind = flag->prerequisite_count - at - 1;
    memmove(&flag->prerequisites[at], &flag->prerequisites[at + 1],
            behind * sizeof(*flag->prerequisites));
    flag->prerequisite_count--;
}

static void leave(struct flag *flag, struct str group, struct str variation)
{
    int index = find_prerequisite(flag, group);
    if (index < 0)
        return;
    struct prerequisite *prerequisite = &flag->prerequisites[index];
    size_t kept = 0;
    for (size_t i = 0; i < prerequisite->variation_count; i++) {
        if (!str_equal(prerequisite->variations[i], variation))
            prerequisite->variations[kept++] = prerequisite->variations[i];
    }
    prerequisite->variation_count = kept;
    if (kept == 0)
        leave_group(flag, group);
}

/* ---- a list of members ----------------------------------------------------------------------- */

static bool has_kind(const struct flag *flag, bool is_holdout)
{
    return flag->kind == (is_holdout ? FLAG_KIND_HOLDOUT : FLAG_KIND_EXPERIMENT);
}

static void check_newcomer(struct wire *wire, const struct membership *membership,
                           const struct flag *flag, struct str where)
{
    bool is_local = flag->evaluation_mode == EVALUATION_LOCAL;
    if (is_member(flag, membership->group, membership->variation))
        return;
    if (flag->is_archived)
        wire_refuse(wire, where, STR("is archived"));
    else if (is_local && membership->mode != EVALUATION_LOCAL)
        wire_refuse(wire, where, STR("is evaluated locally, which this group is not"));
}

static void check_listed(struct wire *wire, const struct edit *edit,
                         const struct membership *membership)
{
    for (size_t i = 0; i < membership->count && !wire_failed(wire); i++) {
        struct str where = wire_item_path(wire, membership->where, i);
        const struct flag *flag = edit_find_flag_by_number(edit, membership->numbers[i]);
        if (flag != NULL && has_kind(flag, membership->holds_holdouts))
            check_newcomer(wire, membership, flag, where);
        else
            wire_refuse(wire, where,
                        membership->holds_holdouts ? STR("names no holdout group of this project")
                                                   : STR("names no experiment of this project"));
    }
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* Each flag of the project is looked for in the list. */
static const uint64_t *sort_listed(struct arena *arena, const struct membership *membership)
{
    uint64_t *sorted = ARENA_NEW_ARRAY(arena, uint64_t, membership->count);
    for (size_t i = 0; i < membership->count; i++)
        sorted[i] = membership->numbers[i];
    if (membership->count > 1)
        qsort(sorted, membership->count, sizeof(*sorted), compare_numbers);
    return sorted;
}

static bool is_listed(const uint64_t *sorted, size_t count, uint64_t number)
{
    return count > 0 && bsearch(&number, sorted, count, sizeof(number), compare_numbers) != NULL;
}

static void put(struct wire *wire, struct edit *edit, const struct flag *flag)
{
    if (!wire_failed(wire))
        wire->fault = edit_put_flag(edit, flag);
}

void membership_set(struct wire *wire, struct edit *edit, const struct membership *membership)
{
    const struct environment_state *state = edit_state(edit);
    const uint64_t *listed = sort_listed(wire->arena, membership);
    check_listed(wire, edit, membership);
    for (size_t i = 0; i < state->flag_count && !wire_failed(wire); i++) {
        if (!has_kind(state->flags[i], membership->holds_holdouts))
            continue; /* before it is looked for: nothing here changes a kind */
        struct str key = state->flags[i]->key;
        const struct flag *flag = edit_find_flag(edit, key);
        if (flag == NULL)
            continue;
        bool is_in = is_member(flag, membership->group, membership->variation);
        bool belongs = is_listed(listed, membership->count, edit_flag_number(edit, key));
        if (is_in == belongs)
            continue;
        struct flag changed = flag_copy(wire->arena, flag);
        if (belongs)
            join(wire->arena, &changed, membership->group, membership->variation);
        else
            leave(&changed, membership->group, membership->variation);
        put(wire, edit, &changed);
    }
}

void membership_clear(struct wire *wire, struct edit *edit, struct str group)
{
    const struct environment_state *state = edit_state(edit);
    for (size_t i = 0; i < state->flag_count && !wire_failed(wire); i++) {
        const struct flag *flag = edit_find_flag(edit, state->flags[i]->key);
        if (flag == NULL || find_prerequisite(flag, group) < 0)
            continue;
        struct flag changed = flag_copy(wire->arena, flag);
        leave_group(&changed, group);
        put(wire, edit, &changed);
    }
}
