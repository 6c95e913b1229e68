/* SPDX-License-Identifier: Apache-2.0 */
/* flag_write - what every write of a flag goes through, wherever its document comes from. */
#ifndef ADMIN_FLAG_WRITE_H
#define ADMIN_FLAG_WRITE_H

#include "dialect/admin/definition.h"
#include "dialect/admin/flag_list.h"
#include "dialect/admin/flag_resource.h"

struct flag_write {
    struct definition_write asked; /* of a document that was sent */
    uint64_t environment;
    const struct catalog *catalog;
    unsigned acknowledged; /* enum acknowledgement */
    /* Filled inside the edit. */
    struct flag_written written;
    bool is_new;
    struct fault needs_acknowledgement;
};

/* The environment, and the right to write there. */
bool flag_write_begin(struct exchange *x, struct flag_write *write);
/* Inside the edit: deployments are of this environment, and nobody is dealt anew unmeant. */
struct fault flag_write_check(struct flag_write *write, const struct flag *current,
                              const struct flag *flag) MUST_CHECK;
/* An experiment that is on has started, and one that has started stays so. */
void flag_write_note_start(struct flag *flag, const struct flag *current);
/* Applies a change whose edit and input are this write's; false when the exchange is answered. */
bool flag_write_apply(struct exchange *x, struct flag_write *write, struct change *change);

/* Deletes a flag of one of these kinds, on which nothing leans. tag: what an If-Match is held
 * against. */
void flag_delete(struct exchange *x, unsigned kinds, struct str action,
                 struct str (*tag)(struct edit *edit, struct str key));

#endif
