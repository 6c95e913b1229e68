/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain - the vendor's inspection reports (section 16): why a flag decided as it did, who is in
 * a segment, what leans on what, and what a change would move.
 *
 * All of them are about one explicit moment: where a caller sends text that is none, it is refused
 * before anything here is asked.
 */
#ifndef SUPERFLAG_EXPLAIN_H
#define SUPERFLAG_EXPLAIN_H

#include "dialect/superflag/details.h"

/* Four stages: eligibility, assignment, evaluation, exposure-candidate. What a bucket was drawn
 * from is never shown. */
void superflag_append_explanation(struct json_writer *writer, struct arena *arena,
                                  const struct superflag_question *question);

/* {segmentId, matched, now, segmentIds, error?, errorCode?, errorMessage?}. Of the question only
 * ruleset, scratch, context and now_ms are read. */
void superflag_append_membership(struct json_writer *writer, struct arena *arena,
                                 const struct superflag_question *question, struct str segment);

/* [{resources: [{kind, key}…], relationships: […]}…] */
enum { SUPERFLAG_PATHS_MAX = 1000 };
void superflag_append_paths(struct json_writer *writer, struct arena *arena,
                            const struct environment_state *state, struct resource start,
                            enum path_direction direction);

/* {scenarios: [{flagKey, before, after, changed}…]}: each question explained over its own ruleset
 * and over `after`; changed compares value, variation, reason, rule, segments, prerequisites and
 * error code. */
void superflag_append_simulation(struct json_writer *writer, struct arena *arena,
                                 const struct superflag_question *questions, size_t question_count,
                                 const struct ruleset *after);

#endif
