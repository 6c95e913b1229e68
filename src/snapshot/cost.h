/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cost - what it takes to decide all flags of an environment for one subject.
 *
 * A flag's own decision is bounded by EVALUATION_STEPS_MAX (eval/ruleset.h); clients ask for all of
 * them at once, on an event loop, so their sum is bounded, too. In steps of 2.5 ns (eval/steps.h),
 * counted at worst: SNAPSHOT_STEPS_MAX is 30 ms, and 45 on a machine that is slow or shared; an
 * environment of ten thousand ordinary flags is 3.
 */
#ifndef SNAPSHOT_COST_H
#define SNAPSHOT_COST_H

#include "snapshot/snapshot.h"

enum { SNAPSHOT_STEPS_MAX = 12000000 };

/* Counted when first asked for; any thread. */
size_t flag_revision_steps(const struct flag_revision *revision);
/* Of all segments, each once, and of what is made once of each attribute. */
size_t snapshot_shared_steps(const struct snapshot *snapshot);
/* The same and all flags. */
size_t snapshot_steps(const struct snapshot *snapshot);

#endif
