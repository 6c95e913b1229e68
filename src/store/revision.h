/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revision - how revisions are read: the columns and the joins every query of them shares.
 *
 * A revision is told together with the moment of its version, and with its object: who has a
 * numeric identity has a row of its own in `object`; of others the first revision says when and by
 * whom they were made.
 */
#ifndef STORE_REVISION_H
#define STORE_REVISION_H

#include "store/connection.h"

#define REVISION_COLUMNS                                                                           \
    "r.environment, r.kind, r.key, r.version_from, r.version_to, r.object_id, r.is_tombstone,"     \
    " r.checksum, r.document, r.actor, r.sequence, v.at_ms, o.number,"                             \
    " coalesce(o.created_ms, w.at_ms), coalesce(o.created_by, f.actor, '')"

/* Behind "FROM … AS r". */
#define REVISION_JOINS                                                                             \
    " LEFT JOIN environment_version AS v"                                                          \
    " ON v.environment = r.environment AND v.version = r.version_from"                             \
    " LEFT JOIN object AS o ON r.kind = 'flag'"                                                    \
    " AND o.environment = r.environment AND o.object_id = r.object_id"                             \
    " LEFT JOIN revision AS f ON o.number IS NULL AND f.environment = r.environment"               \
    " AND f.kind = r.kind AND f.object_id = r.object_id AND f.sequence = 1"                        \
    " AND f.is_tombstone = 0"                                                                      \
    " LEFT JOIN environment_version AS w"                                                          \
    " ON w.environment = f.environment AND w.version = f.version_from"

/* Adds what the query answers (REVISION_COLUMNS) to a gathering of revision_row. A document that
 * does not match its checksum ends it: FAULT_UNAVAILABLE. */
struct fault revisions_add(struct store *store, const char *sql, const struct bind *binds,
                           size_t bind_count, struct gathering *revisions) MUST_CHECK;

/* All revisions, and all members, against their checksums: FAULT_UNAVAILABLE. */
struct fault revisions_check(struct store *store) MUST_CHECK;
struct fault cohort_members_check(struct store *store) MUST_CHECK; /* cohort.c */

#endif
