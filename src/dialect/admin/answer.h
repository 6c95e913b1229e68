/* SPDX-License-Identifier: Apache-2.0 */
/* answer - how the admin API says yes and no: plain JSON, and problem documents (RFC 9457). */
#ifndef ADMIN_ANSWER_H
#define ADMIN_ANSWER_H

#include "dialect/exchange.h"

/* {"type": "/problems/<code>", "title": …, "status": …, "code": …, "detail": why, "instance": …,
 * "requestId": …, "errors": [{"pointer" | "parameter", "detail"}]}; by the fault's kind when status
 * is 0 (problems.h says how its `where` is read). */
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
/* The tag to answer with; without one, a GET's is a digest of its body. A GET whose If-None-Match
 * has it becomes a 304 in admin_answer_end. */
void admin_answer_tag(struct exchange *x, struct str tag);

/* {"items": [ … ], "next": "…"}: items are written in between. next is the key of the last item
 * when more follow, absent at the end; it goes out as an opaque cursor, in the body and as a Link.
 */
struct json_writer *admin_page_begin(struct admin_answer *answer);
void admin_page_end(struct exchange *x, struct admin_answer *answer, struct str next);

/* "createdAt":"2026-01-06T12:00:00.000Z", exact, so that it can be asked for (?at); null for 0. */
void admin_member_instant(struct json_writer *writer, struct str key, int64_t ms);

#endif
