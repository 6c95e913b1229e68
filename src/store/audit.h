/* SPDX-License-Identifier: Apache-2.0 */
/* audit - how rows of the audit trail are read: the columns every query of them shares. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/connection.h"

#define AUDIT_COLUMNS                                                                              \
    "sequence, at_ms, actor, action, app_id, environment, version, subject, detail,"               \
    " previous_hash, hash"

/* Adds what a query answers (AUDIT_COLUMNS) to a gathering of audit_row: an engine_on_row. */
struct fault audit_add(const struct row *row, void *gathering) MUST_CHECK;

#endif
