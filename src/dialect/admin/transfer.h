/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer - an environment as one text: what export writes and import reads.
 *
 * {"format": "guidon.environment/1", "settings": …, "segments": […], "flags": […], "cohorts": […]},
 * sorted by key, one object a line: equal environments have equal texts, and importing an export
 * into an empty environment and exporting that gives the same bytes. Ids and version numbers stay
 * behind, deployments go by their labels (deployment_labels.h), cohorts bring their members along.
 */
#ifndef ADMIN_TRANSFER_H
#define ADMIN_TRANSFER_H

#include "dialect/admin/whole.h"

enum { TRANSFER_MEMBER_BYTES_MAX = 12 * 1024 * 1024 }; /* so that import takes what export gives */

/* with_cohorts: else the member is left out. FAULT_LIMIT when cohorts have too many members. */
struct fault transfer_write(struct buf *buf, const struct catalog *catalog,
                            const struct snapshot *snapshot, bool with_cohorts) MUST_CHECK;

/* What a text asks for; owns the members of its cohorts. Faults say where: "$.flags[3].rules".
 * Without a catalog (NULL) deployments are left out: decisions do not depend on them. */
struct transfer {
    struct whole_state state;
    struct cohort_members **members; /* one reference each */
    size_t member_count;
};
struct fault transfer_read(struct arena *arena, const struct catalog *catalog, uint64_t environment,
                           struct str text, struct transfer *transfer) MUST_CHECK;
void transfer_close(struct transfer *transfer); /* after a fault, too */

#endif
