/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group - mutual exclusion and holdout groups: flags of their own kinds that deal people to slots.
 *
 * A mutex deals everybody to slot-1 … slot-n and unallocated, a holdout to holdout and on; both are
 * always on, compare text and are on no deployment. A member is a flag with a prerequisite on one
 * or more of the group's variations: the group's own document says nothing of its members.
 */
#ifndef MODEL_GROUP_H
#define MODEL_GROUP_H

#include "base/map.h"
#include "model/environment.h"

static inline bool flag_is_group(const struct flag *flag)
{
    return flag->kind == FLAG_KIND_MUTEX || flag->kind == FLAG_KIND_HOLDOUT;
}

/* ---- made ------------------------------------------------------------------------------------ */

/* A group without key, names, salt and selector. What is left of 100 percent is unallocated; a slot
 * may have none. count is at most SLOTS_PER_MUTEX_MAX, and the percents at most 100 together. */
struct flag group_make_mutex(struct arena *arena, const uint32_t *percents, size_t count);
struct flag group_make_holdout(struct arena *arena, uint32_t held_out_percent);

/* ---- read ------------------------------------------------------------------------------------ */

/* "slot-3"; and whether a variation is a slot. */
struct str group_slot(struct arena *arena, uint64_t number);
bool group_is_slot(struct str variation);
/* What members of a holdout lean on: who is not held out. */
extern const struct str group_not_held_out;

/* Of everybody who is dealt to anything but "off", how many percent get this. */
uint32_t group_percent(const struct flag *group, struct str variation);

/* Who leans on which variation of which flag, found in one walk over an environment. */
struct group_member {
    struct str variation;
    size_t flag;   /* index into the state's flags */
    uint32_t next; /* of the same parent; MAP_ABSENT: the last */
};
struct group_members {
    struct map parents; /* key of the flag that is leaned on -> index into first */
    uint32_t *first;    /* indices into list */
    struct group_member *list;
    size_t count;
};
struct group_members group_members_find(struct arena *arena, const struct environment_state *state);
/* Index of the first who leans on it, in the order of the flags; MAP_ABSENT: nobody does. */
uint32_t group_members_first(const struct group_members *members, struct str group);

/* ---- membership ------------------------------------------------------------------------------ */

bool group_has(const struct flag *member, struct str group, struct str variation);
bool group_has_any(const struct flag *member, struct str group);
/* The member's lists are replaced, not written to; the texts are borrowed. */
void group_join(struct arena *arena, struct flag *member, struct str group, struct str variation);
void group_leave(struct arena *arena, struct flag *member, struct str group, struct str variation);
void group_leave_all(struct arena *arena, struct flag *member, struct str group);

#endif
