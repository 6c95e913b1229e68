/* SPDX-License-Identifier: Apache-2.0 */
/*
 * experiment - the library's experiment contracts (section 18): what an experiment and one of its
 * iterations must look like, how they may change, and who is assigned what.
 *
 * An iteration pins everything that decides an assignment: config version, variations, weights,
 * salt, unit and audience. A started one may change only by a ramp that moves no boundary: the
 * last weight may grow, so that newcomers join and nobody changes sides.
 */
#ifndef SUPERFLAG_EXPERIMENT_H
#define SUPERFLAG_EXPERIMENT_H

#include "dialect/superflag/details.h"
#include "dialect/superflag/issue.h"

enum experiment_stage {
    EXPERIMENT_DRAFT,
    EXPERIMENT_RUNNING,
    EXPERIMENT_PAUSED,
    EXPERIMENT_COMPLETED,
    EXPERIMENT_ARCHIVED,
};

bool superflag_parse_experiment_stage(struct str name, enum experiment_stage *stage);
bool superflag_may_transition(enum experiment_stage from, enum experiment_stage to);

size_t superflag_check_iteration(struct arena *arena, const struct json *iteration,
                                 struct issue **issues);

/* Whether going from one allocation list ([{variation, weight}…]) to the other moves nobody. */
bool superflag_ramp_preserves(const struct json *previous, const struct json *next);
/* Whether a started iteration may be replaced by the next: nothing but such a ramp differs. */
bool superflag_may_replace_iteration(const struct json *previous, const struct json *next);

/* Evaluates the iteration for a context over the document it pins, at its own start: {experimentId,
 * iterationId, flagKey, configVersion, variation?, reason, eligible}. Refused when the iteration
 * has issues (the first one) or pins another source or version. */
struct fault superflag_append_assignment(struct json_writer *writer, struct arena *arena,
                                         const struct environment_state *state,
                                         const struct json *iteration, const struct json *context,
                                         struct pattern_scratch *scratch) MUST_CHECK;

#endif
