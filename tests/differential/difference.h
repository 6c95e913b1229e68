/* SPDX-License-Identifier: Apache-2.0 */
/* difference - one question put to the evaluator and to the oracle; what differs is shown with all
 * it takes to ask again, and fails. */
#ifndef DIFFERENTIAL_DIFFERENCE_H
#define DIFFERENTIAL_DIFFERENCE_H

#include "oracle.h"
#include "random_environment.h"

struct difference {
    struct random_environment *environment; /* what the oracle reads */
    uint64_t seed;
    const struct ruleset *ruleset; /* what the evaluator reads: the same, compiled */
    struct pattern_scratch *scratch;
    struct arena arena; /* the oracle's, for one question */
};

struct asking {
    struct oracle_person person;
    int64_t now_ms;
};

enum verdict { VERDICT_SAME, VERDICT_GAVE_UP /* a pattern hit its limit */ };

void asking_open(const struct asking *asking, const struct difference *difference,
                 struct context *context);
enum verdict difference_of_flag(struct difference *difference, const struct asking *asking,
                                struct context *context, size_t flag, struct oracle_answer *wanted);
void difference_of_segment(struct difference *difference, const struct asking *asking,
                           struct context *context, size_t segment);
/* A key that no flag has. */
enum decision_error difference_of_nothing(struct difference *difference,
                                          const struct asking *asking, struct context *context);

#endif
