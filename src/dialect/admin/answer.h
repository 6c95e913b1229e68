/* SPDX-License-Identifier: Apache-2.0 */
/* answer - how the admin API says yes and no: plain JSON, and problem documents (RFC 9457). */
#ifndef ADMIN_ANSWER_H
#define ADMIN_ANSWER_H

#include "dialect/exchange.h"

/* {"type": "about:blank", "title": …, "status": …, "detail": why, "code": …, "errors": [{"pointer",
 * "detail"}]}; by the fault's kind when status is 0. */
void admin_refuse(struct exchange *x, struct fault fault, int status, struct str allow);

/* Answers an OPTIONS: nothing here is called from other origins. */
void admin_preflight(struct exchange *x, struct str allow);

/* A body written between begin and end; the buffer lives between the two only. */
struct admin_answer {
    struct buf buf;
    struct json_writer writer;
};
struct json_writer *admin_answer_begin(struct admin_answer *answer);
void admin_answer_end(struct exchange *x, struct admin_answer *answer, int status);
void admin_answer_nothing(struct exchange *x); /* 204 */

/* "createdAt":"2026-01-06T12:00:00Z"; null for 0. */
void admin_member_instant(struct json_writer *writer, struct str key, int64_t ms);

#endif
