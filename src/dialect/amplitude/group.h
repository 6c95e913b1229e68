/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group - mutual exclusion and holdout groups as the management API speaks of them.
 * amplitude-management-api.md 6 and 7, amplitude-evaluation.md 9.8.
 *
 * A group is a flag of its own kind that is always on and on no deployment. Its lists of members
 * are found by looking at who depends on it.
 */
#ifndef AMPLITUDE_GROUP_H
#define AMPLITUDE_GROUP_H

#include "dialect/amplitude/item.h"
#include "model/limits.h"

/* ---- in -------------------------------------------------------------------------------------- */

enum { MEMBERS_PER_LIST_MAX = 1000 };

/* A list of members as a body has it; is_given tells an empty one from none. */
struct member_list {
    bool is_given;
    uint64_t *numbers;
    size_t count;
    struct str where;
};
struct slot_input {
    struct str variation;
    struct member_list experiments, holdouts;
};

/* New groups, but for the key when none is given (absent). slots holds SLOTS_PER_MUTEX_MAX. */
void mutex_create(struct wire *wire, const struct json *body, struct flag *flag,
                  struct slot_input *slots, size_t *slot_count);
void holdout_create(struct wire *wire, const struct json *body, struct flag *flag,
                    struct member_list *experiments);

/* What a PATCH names; `archive` first, which makes it ignore all else (6.2). */
void mutex_patch(struct wire *wire, const struct json *body, struct flag *flag);
void holdout_patch(struct wire *wire, const struct json *body, struct flag *flag,
                   struct member_list *experiments);
/* "slot-<n>", absent when the text is no number of a slot of this group. */
struct str slot_variation(struct arena *arena, const struct flag *flag, struct str index);
void slot_patch(struct wire *wire, const struct json *body, struct flag *flag,
                struct slot_input *slot);

/* "<prefix>-" and 8 letters of a-z. */
struct str group_random_key(struct arena *arena, const char *prefix);

/* inclusions: who is listed by name (2.5). */
enum { BULK_DELETE_MAX = 100 };
/* Appends what is not there yet. */
void inclusions_add(struct wire *wire, struct str where, struct str **list, size_t *list_count,
                    const struct str *texts, size_t count, size_t max);
void inclusions_remove(struct str *list, size_t *list_count, const struct str *texts, size_t count);

/* ---- back ------------------------------------------------------------------------------------ */

/* Who depends on which variation of which flag, found in one walk over a snapshot. */
struct members;
const struct members *members_find(struct arena *arena, const struct snapshot *snapshot);

struct group_source {
    const struct flag *flag;
    uint64_t environment;
    const struct provenance *provenance;
    const struct members *members;
};
void mutex_put(struct json_writer *writer, struct arena *arena, const struct group_source *source);
void holdout_put(struct json_writer *writer, struct arena *arena,
                 const struct group_source *source);

#endif
