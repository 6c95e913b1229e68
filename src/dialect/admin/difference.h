/* SPDX-License-Identifier: Apache-2.0 */
/*
 * difference - what differs between two documents or two environments, as people and programs read
 * it.
 *
 * [{"kind": "flag", "key": "dark-mode", "op": "update", "diff": [{"op": "replace", "path":
 * "/enabled", "from": false, "to": true}]}]: paths are JSON Pointers; elements of arrays whose
 * members all have an "id" (variations, rules) are matched by it, and their path says the id's
 * place in the newer one (json/diff.h). "add" has "to", "remove" has "from", and in a "move" the
 * two are places in the array. Documents are shown without their id.
 */
#ifndef ADMIN_DIFFERENCE_H
#define ADMIN_DIFFERENCE_H

#include "change/change.h"
#include "json/write.h"

/* The array of a report's items, each with its diff. */
void difference_write_items(struct json_writer *writer, const struct change_item *items,
                            size_t count);

/* The members `changes` and `affected`: what a change did, or would do. */
void difference_write_report(struct json_writer *writer, const struct change_report *report);

/* The items that lead from one state to another, by kind then key, cohorts and settings included.
 * is_across: between two environments, where ids and the numbers of deployments mean nothing. */
size_t difference_of_states(struct arena *arena, const struct environment_state *before,
                            const struct environment_state *after, bool is_across,
                            const struct change_item **items);

#endif
