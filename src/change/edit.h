/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edit - what a change to an environment may do, seen from inside it.
 *
 * The edit sees the newest state, with what it has staged itself on top, and stages puts and
 * deletes. Checks between flags run once it is done. Runs on the writer thread: no waiting.
 */
#ifndef CHANGE_EDIT_H
#define CHANGE_EDIT_H

#include "model/environment.h"

struct edit;
struct provenance;
struct cohort_digest;

struct arena *edit_arena(struct edit *edit); /* dies with the edit; puts are copied out of it */
const struct environment_state *edit_state(const struct edit *edit); /* before this edit */
uint64_t edit_next_version(const struct edit *edit);                 /* what this change makes */

const struct flag *edit_find_flag(const struct edit *edit, struct str key);
const struct segment *edit_find_segment(const struct edit *edit, struct str key);
const struct cohort *edit_find_cohort(const struct edit *edit, struct str id);

/* By numeric identity, with what this edit has staged on top; NULL when there is none, or no
 * longer. Flags this edit creates have no number yet: change.created_number tells the first one's.
 */
const struct flag *edit_find_flag_by_number(const struct edit *edit, uint64_t number);
/* Of a flag that was there before this edit; 0 for others. */
uint64_t edit_flag_number(const struct edit *edit, struct str key);
/* Of a flag that was there before this edit; NULL for others. struct provenance: snapshot.h */
const struct provenance *edit_flag_provenance(const struct edit *edit, struct str key);

/* The name of a cohort's members, with what this edit has staged on top; NULL when there is none.
 * struct cohort_digest: snapshot.h */
const struct cohort_digest *edit_cohort_digest(const struct edit *edit, struct str id);

/* Creates or replaces by key; a flag that is put as it was makes no revision. An empty id is
 * filled: the current one's, or a new one. Checked alone here (flag_check, ruleset_check_flag),
 * against what it replaces; the fault is the edit's to return. All puts of an edit share what it
 * may bring in new patterns. */
struct fault edit_put_flag(struct edit *edit, const struct flag *flag) MUST_CHECK;
struct fault edit_put_segment(struct edit *edit, const struct segment *segment) MUST_CHECK;
struct fault edit_delete_flag(struct edit *edit, struct str key) MUST_CHECK; /* FAULT_MISSING */
struct fault edit_delete_segment(struct edit *edit, struct str key) MUST_CHECK;
/* Creates or replaces by id; shares its members. modified_ms 0 is now. Members that are not in the
 * environment yet are stored, too: name them in change.members, so that this thread need not make
 * their stored form. */
struct fault edit_put_cohort(struct edit *edit, const struct cohort *cohort) MUST_CHECK;
struct fault edit_delete_cohort(struct edit *edit, struct str id) MUST_CHECK; /* FAULT_MISSING */
void edit_put_settings(struct edit *edit, const struct environment_settings *settings);

#endif
