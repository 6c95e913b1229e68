/* SPDX-License-Identifier: Apache-2.0 */
/* lower_case_table - what lower_case.c looks up, each list sorted; made by a tool. */
#ifndef EVAL_LOWER_CASE_TABLE_H
#define EVAL_LOWER_CASE_TABLE_H

#include "base/str.h"

/* Code points first, first + step, … last have their lower case `delta` further on. */
struct case_run {
    uint32_t first, last;
    uint8_t step; /* 1 or 2 */
    int32_t delta;
};
struct case_range {
    uint32_t first, last;
};

extern const struct case_run lower_case_runs[]; /* beyond ASCII; without U+0130 and U+03A3 */
extern const size_t lower_case_runs_count;
extern const struct case_range case_ignorable[]; /* Case_Ignorable */
extern const size_t case_ignorable_count;
extern const struct case_range case_bearing[]; /* Cased and not Case_Ignorable */
extern const size_t case_bearing_count;

#endif
