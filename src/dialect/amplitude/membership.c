/* SPDX-License-Identifier: Apache-2.0 */
/* membership - who is in a group: see dependencies.h. The group's own document says nothing about
 * it; each member's prerequisite does. */

#include "base/numbers.h"
#include "dialect/amplitude/dependencies.h"

/* ---- a list of members ----------------------------------------------------------------------- */

static bool has_kind(const struct flag *flag, bool is_holdout)
{
    return flag->kind == (is_holdout ? FLAG_KIND_HOLDOUT : FLAG_KIND_EXPERIMENT);
}

static void check_newcomer(struct wire *wire, const struct membership *membership,
                           const struct flag *flag, struct str where)
{
    bool is_local = flag->evaluation_mode == EVALUATION_LOCAL;
    if (group_has(flag, membership->group, membership->variation))
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

static void put(struct wire *wire, struct edit *edit, const struct flag *flag)
{
    if (!wire_failed(wire))
        wire->fault = edit_put_flag(edit, flag);
}

void membership_set(struct wire *wire, struct edit *edit, const struct membership *membership)
{
    const struct environment_state *state = edit_state(edit);
    /* Each flag of the project is looked for in the list. */
    uint64_t *listed = ARENA_NEW_ARRAY(wire->arena, uint64_t, membership->count);
    for (size_t i = 0; i < membership->count; i++)
        listed[i] = membership->numbers[i];
    size_t listed_count = numbers_sort(listed, membership->count);
    check_listed(wire, edit, membership);
    for (size_t i = 0; i < state->flag_count && !wire_failed(wire); i++) {
        if (!has_kind(state->flags[i], membership->holds_holdouts))
            continue; /* before it is looked for: nothing here changes a kind */
        struct str key = state->flags[i]->key;
        const struct flag *flag = edit_find_flag(edit, key);
        if (flag == NULL)
            continue;
        bool is_in = group_has(flag, membership->group, membership->variation);
        bool belongs = numbers_have(listed, listed_count, edit_flag_number(edit, key));
        if (is_in == belongs)
            continue;
        struct flag changed = flag_copy(wire->arena, flag);
        if (belongs)
            group_join(wire->arena, &changed, membership->group, membership->variation);
        else
            group_leave(wire->arena, &changed, membership->group, membership->variation);
        put(wire, edit, &changed);
    }
}

void membership_clear(struct wire *wire, struct edit *edit, struct str group)
{
    const struct environment_state *state = edit_state(edit);
    for (size_t i = 0; i < state->flag_count && !wire_failed(wire); i++) {
        const struct flag *flag = edit_find_flag(edit, state->flags[i]->key);
        if (flag == NULL || !group_has_any(flag, group))
            continue;
        struct flag changed = flag_copy(wire->arena, flag);
        group_leave_all(wire->arena, &changed, group);
        put(wire, edit, &changed);
    }
}
