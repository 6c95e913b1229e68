/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps - what a flag or a segment costs a decision at worst.
 *
 * A step is about one short comparison: 2.5 ns on the machines we measure on, so that
 * EVALUATION_STEPS_MAX is the 50 microseconds a decision may take (checklist rule 21). Every test
 * of every rule is counted, as if none cut another short, on a subject whose texts are ordinary but
 * as long as a context may have them (2 KiB). steps.c has the prices, bench/eval_bench.c checks
 * them.
 */
#ifndef EVAL_STEPS_H
#define EVAL_STEPS_H

#include "model/flag.h"

/* On its own: what it leans on is REFERENCE_STEPS each. The arena is for the moment. */
size_t flag_steps(struct arena *arena, const struct flag *flag);
size_t segment_steps(struct arena *arena, const struct segment *segment);

/* What a flag or a segment adds to the decisions of one subject about all of them: without what is
 * made once of an attribute, however many read it. That is at most SHARED_STEPS for each of
 * ruleset.selectors. */
enum { SHARED_STEPS = 1632 };
size_t flag_added_steps(struct arena *arena, const struct flag *flag);
size_t segment_added_steps(struct arena *arena, const struct segment *segment);

#endif
