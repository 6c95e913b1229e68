/* SPDX-License-Identifier: Apache-2.0 */
/* answer - how the management half says yes and no: bodies, error objects, statuses.
 * amplitude-management-api.md 1.2, 1.3, 11. */
#ifndef AMPLITUDE_ANSWER_H
#define AMPLITUDE_ANSWER_H

#include "dialect/exchange.h"
#include "json/write.h"

/* The dialect's refuse and preflight: hands evaluation paths on to evaluate.h. Status 0 lets the
 * fault's kind decide; its `where` is then the field the message is about. */
void amplitude_refuse(struct exchange *x, struct fault fault, int status, struct str allow);
void amplitude_preflight(struct exchange *x, struct str allow);

/* By the fault's kind; `why` of a FAULT_MISSING is what there is none of. */
void amplitude_refuse_fault(struct exchange *x, struct fault fault);
/* 404 {"error": "There is no such flag", …} */
void amplitude_refuse_missing(struct exchange *x, struct str what);
/* 403 */
void amplitude_refuse_denied(struct exchange *x);
/* 429 with Retry-After */
void amplitude_refuse_rate(struct exchange *x, uint32_t retry_after_s);

/* 200, the two letters. */
void amplitude_answer_ok(struct exchange *x);

/* 200 with a JSON body: what is written between begin and end. */
struct amplitude_answer {
    struct buf buf;
    struct json_writer writer;
};
struct json_writer *amplitude_answer_begin(struct amplitude_answer *answer);
void amplitude_answer_end(struct exchange *x, struct amplitude_answer *answer);

/* A page ends early once its body has this many bytes: the cursor leads on. */
enum { PAGE_BODY_BYTES_MAX = 8 * 1024 * 1024 };

/* {"id":"183402","url":"http://<host>/api/1/<collection>/183402"} */
void amplitude_answer_created(struct exchange *x, const char *collection, uint64_t id);

/* The wire's name for a path that a check of the model reports ("$.rules[0].when.expressions[1]"
 * is "targetSegments[0].conditions[1]"); others stay as they are. */
struct str amplitude_field(struct arena *arena, struct str where);

#endif
