/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group_members - flags put into groups, and taken out. See manage.h.
 *
 * Who is in a group is said by the member's document: a prerequisite on the group's slots, or on
 * not being held out. So what changes is the member, and its tag is what an If-Match is held
 * against.
 */
#include "dialect/admin/flag_write.h"
#include "dialect/admin/manage.h"
#include "model/group.h"
#include "model/limits.h"

struct membership {
    struct flag_write write; /* first: the edit's input */
    struct str group, member;
    bool has_slots;
    uint32_t slots[SLOTS_PER_MUTEX_MAX];
    size_t slot_count;
};

/* ---- inside the edit ------------------------------------------------------------------------- */

static struct fault find_both(const struct edit *edit, const struct membership *membership,
                              const struct flag **group, const struct flag **member)
{
    *group = edit_find_flag(edit, membership->group);
    *member = edit_find_flag(edit, membership->member);
    if (*group == NULL || !flag_is_group(*group))
        return fault_make(FAULT_MISSING, STR(""), STR("there is no such group"));
    if (*member == NULL)
        return fault_make(FAULT_MISSING, STR(""), STR("there is no such flag"));
    return fault_none();
}

static struct fault check_newcomer(const struct flag *group, const struct flag *member)
{
    if (group->is_archived)
        return fault_make(FAULT_CONFLICT, STR(""), STR("the group is archived"));
    if (member->is_archived)
        return fault_make(FAULT_CONFLICT, STR(""), STR("the flag is archived"));
    if (member->kind == FLAG_KIND_MUTEX ||
        (member->kind == FLAG_KIND_HOLDOUT && group->kind == FLAG_KIND_HOLDOUT))
        return fault_make(FAULT_CONFLICT, STR(""),
                          STR("of groups, only holdouts can be members, of mutual exclusion"));
    return fault_none();
}

/* The variations of the group that the member is to lean on. */
static struct fault find_variations(struct arena *arena, const struct membership *membership,
                                    const struct flag *group, struct str *variations, size_t *count)
{
    bool is_mutex = group->kind == FLAG_KIND_MUTEX;
    if (is_mutex != membership->has_slots)
        return fault_make(FAULT_INVALID, STR("/slots"),
                          is_mutex ? STR("must be a list of the group's slots")
                                   : STR("is only for mutual exclusion groups"));
    *count = 1;
    variations[0] = group_not_held_out;
    for (size_t i = 0; i < membership->slot_count; i++) {
        variations[i] = group_slot(arena, membership->slots[i]);
        *count = i + 1;
        if (flag_find_variation(group, variations[i]) < 0)
            return fault_make(FAULT_INVALID, arena_format(arena, "/slots/%zu", i),
                              STR("is no slot of this group"));
    }
    return fault_none();
}

static bool is_among(struct str variation, const struct str *variations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(variations[i], variation))
            return true;
    }
    return false;
}

/* What it leans on already keeps its place. */
static struct flag with_membership(struct arena *arena, const struct flag *member,
                                   const struct flag *group, const struct str *variations,
                                   size_t count)
{
    struct flag changed = *member;
    for (size_t i = 0; i < count; i++) {
        if (!group_has(&changed, group->key, variations[i]))
            group_join(arena, &changed, group->key, variations[i]);
    }
    for (size_t i = 0; i < group->variation_count; i++) {
        struct str variation = group->variations[i].id;
        if (!is_among(variation, variations, count))
            group_leave(arena, &changed, group->key, variation);
    }
    return changed;
}

static struct fault put(struct membership *membership, struct edit *edit,
                        const struct flag *changed)
{
    const struct json nothing = {.type = JSON_NULL};
    return flag_written_put(&membership->write.written, edit, changed, &nothing);
}

static struct fault check_condition(struct edit *edit, const struct membership *membership)
{
    return admin_condition_check(&membership->write.asked.condition,
                                 flag_tag_in_edit(edit, membership->member), edit_arena(edit));
}

static struct fault edit_put_member(struct edit *edit, void *input)
{
    struct membership *membership = input;
    struct arena *arena = edit_arena(edit);
    const struct flag *group = NULL;
    const struct flag *member = NULL;
    struct str variations[SLOTS_PER_MUTEX_MAX];
    size_t count = 0;
    struct fault fault = find_both(edit, membership, &group, &member);
    if (!failed(fault))
        fault = check_condition(edit, membership);
    if (!failed(fault))
        fault = check_newcomer(group, member);
    if (!failed(fault))
        fault = find_variations(arena, membership, group, variations, &count);
    if (failed(fault))
        return fault;
    const struct flag changed = with_membership(arena, member, group, variations, count);
    return put(membership, edit, &changed);
}

static struct fault edit_delete_member(struct edit *edit, void *input)
{
    struct membership *membership = input;
    const struct flag *group = NULL;
    const struct flag *member = NULL;
    struct fault fault = find_both(edit, membership, &group, &member);
    if (!failed(fault) && !group_has_any(member, group->key))
        fault = fault_make(FAULT_MISSING, STR(""), STR("the flag is not in this group"));
    if (!failed(fault))
        fault = check_condition(edit, membership);
    if (failed(fault))
        return fault;
    struct flag changed = *member;
    group_leave_all(edit_arena(edit), &changed, group->key);
    return put(membership, edit, &changed);
}

/* ---- handlers -------------------------------------------------------------------------------- */

static bool read_slots(struct exchange *x, struct membership *membership)
{
    static const struct str members[] = {STR("slots")};
    struct json body;
    if (!admin_read_body(x, members, COUNT_OF(members), &body))
        return false;
    const struct json *slots = json_find(&body, STR("slots"));
    membership->has_slots = slots != NULL;
    if (slots == NULL)
        return true;
    if (slots->type != JSON_ARRAY || slots->count == 0 || slots->count > SLOTS_PER_MUTEX_MAX)
        return admin_refuse_with(x, FAULT_INVALID, "/slots", STR("must be a list of 1 to 20"));
    for (uint32_t i = 0; i < slots->count; i++) {
        const struct json *slot = &slots->elements[i];
        bool is_good = slot->type == JSON_NUMBER && slot->number >= 1 &&
                       slot->number <= SLOTS_PER_MUTEX_MAX &&
                       slot->number == (double)(uint32_t)slot->number;
        if (!is_good)
            return admin_refuse_with(x, FAULT_INVALID, arena_format(x->arena, "/slots/%u", i).data,
                                     STR("must be the number of a slot, from 1 on"));
        membership->slots[i] = (uint32_t)slot->number;
    }
    membership->slot_count = slots->count;
    return true;
}

static bool begin(struct exchange *x, struct membership *membership)
{
    *membership = (struct membership){.group = x->parameters[1], .member = x->parameters[2]};
    return flag_write_begin(x, &membership->write) &&
           admin_read_condition(x, &membership->write.asked.condition);
}

void admin_put_group_member(struct exchange *x)
{
    struct membership membership;
    if (!begin(x, &membership) || !read_slots(x, &membership))
        return;
    struct change change = {
        .action = STR("group.member.put"), .subject = membership.group, .edit = edit_put_member};
    if (!flag_write_apply(x, &membership.write, &change))
        return;
    const struct flag_resource member = flag_written_resource(&membership.write.written, &change);
    flag_resource_answer(x, &member, 200);
}

void admin_delete_group_member(struct exchange *x)
{
    struct membership membership;
    if (!begin(x, &membership))
        return;
    struct change change = {.action = STR("group.member.delete"),
                            .subject = membership.group,
                            .edit = edit_delete_member};
    if (flag_write_apply(x, &membership.write, &change))
        admin_answer_nothing(x);
}
