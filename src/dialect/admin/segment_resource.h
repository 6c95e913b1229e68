/* SPDX-License-Identifier: Apache-2.0 */
/* segment_resource - a segment as the admin API shows it; its tag is a digest of its document. */
#ifndef ADMIN_SEGMENT_RESOURCE_H
#define ADMIN_SEGMENT_RESOURCE_H

#include "dialect/admin/definition.h"

struct segment_resource {
    const struct segment *segment;
    uint64_t version;                     /* of the environment it was read at, or that was made */
    const struct definition_users *users; /* NULL: not told, as finding them is work */
};
/* With its tag, and with where it is when the status is 201. */
void segment_resource_answer(struct exchange *x, const struct segment_resource *resource,
                             int status);

/* The tag of what is under a key; absent when nothing is. */
struct str segment_tag_in_edit(struct edit *edit, struct str key);

/* 404 for a segment that is not there. */
bool segment_find(struct exchange *x, const struct snapshot *snapshot,
                  const struct segment **segment);

#endif
