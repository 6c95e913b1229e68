/* SPDX-License-Identifier: Apache-2.0 */
/* operations_evaluate - asking what is decided, and why. */
#include "dialect/admin/operations.h"

#define TAG STR("Evaluation")

const struct operation operation_evaluate = {
    .id = STR("evaluate"),
    .tag = TAG,
    .summary = STR("Evaluate flags for one context or many"),
    .details =
        STR("Now, as of a version, or as of an instant: with the documents of then, cohorts "
            "included, and schedules as they stood at that instant (at `now`, where it is given). "
            "What is answered is recomputed from these documents; it is not the record of what "
            "somebody was served. Nothing is remembered between evaluations here: a sticky "
            "experiment keeps a variation that the context itself names, and no other. Nothing is "
            "counted, and no assignment is noted. Without `flags`, all flags and experiments that "
            "are not archived are answered, by key; named ones are answered whatever they are."),
    .traits = OPERATION_AS_OF,
    .status = 200,
    .body = STR("EvaluationQuestion"),
    .answer = STR("EvaluationAnswer"),
};

const struct operation operation_explain = {
    .id = STR("explain"),
    .tag = TAG,
    .summary = STR("Explain why flags are decided as they are"),
    .details =
        STR("The same question as evaluate, about at most 20 named flags. Every check is shown in "
            "the order in which it is made, with what was compared; checks that the decision did "
            "not come to (`reached` is false) say what they would have said. A segment or a "
            "prerequisite is shown in full where it comes first. Each answer brings the case along "
            "as a test: an environment to import, the question, and what is expected."),
    .traits = OPERATION_AS_OF,
    .status = 200,
    .body = STR("ExplanationQuestion"),
    .answer = STR("ExplanationAnswer"),
};
