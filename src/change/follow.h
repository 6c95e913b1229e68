/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follow - the store's rows become what readers see.
 *
 * Any environment can be had exactly as it was at version n, or at instant t: the same function
 * builds the view at start-up and answers "as of".
 */
#ifndef CHANGE_FOLLOW_H
#define CHANGE_FOLLOW_H

#include "snapshot/snapshot.h"

struct fault follow_catalog(struct store *store, struct catalog **catalog) MUST_CHECK;

/* One environment at a version: one reference, compiled, not rendered. hides_flags_by_default
 * holds where no settings were ever written. FAULT_MISSING for a version that is not there yet. */
struct fault follow_environment(struct store *store, const struct catalog_environment *environment,
                                bool hides_flags_by_default, uint64_t version, int64_t now_ms,
                                struct snapshot **snapshot) MUST_CHECK;

/* The last version made at or before an instant, 0 until its first. FAULT_MISSING before the
 * environment began. */
struct fault follow_find_version(struct store *store, const struct catalog_environment *environment,
                                 int64_t at_ms, uint64_t *version) MUST_CHECK;

/* Everything, rendered, as one view with one reference. */
struct fault follow_everything(struct store *store, snapshot_renderer render, int64_t now_ms,
                               struct view **view) MUST_CHECK;

#endif
