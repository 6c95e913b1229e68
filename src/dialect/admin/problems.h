/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problems - every way the admin API says no, once: status, code, title, what to do about it.
 *
 * A problem document (RFC 9457) names its kind by `type`, "/problems/<code>", where GET answers
 * with what is known about the kind.
 */
#ifndef ADMIN_PROBLEMS_H
#define ADMIN_PROBLEMS_H

#include "dialect/exchange.h"

struct problem {
    int status;
    struct str code, title, detail;
};

extern const struct problem problems[];
extern const size_t problem_count;

/* NULL for a code there is not. */
const struct problem *problem_find(struct str code);
/* By the status the transport asks for; 0: by the fault's kind. */
const struct problem *problem_of(struct fault fault, int status);

/* Answers with this kind of problem: where a JSON Pointer, a path as the model's checks write them
 * ("$.rules[0].when"), "?member" of the query, or anything else, which is not shown. version: of
 * the environment, when it is known, else 0. */
void problem_answer(struct exchange *x, const struct problem *problem, struct fault fault,
                    struct str more_headers, uint64_t version);

/* "$.rules[0].when" -> "/rules/0/when"; a pointer stays; absent for what is neither. A member's
 * name that has a dot or a bracket comes apart. */
struct str problem_pointer(struct arena *arena, struct str where);

/* A member's name as a pointer's step, "/a~1b" (RFC 6901 section 4). */
void problem_append_step(struct buf *buf, struct str name);

/* GET /problems/{code} */
void admin_describe_problem(struct exchange *x);

#endif
