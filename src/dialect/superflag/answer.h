/* SPDX-License-Identifier: Apache-2.0 */
/* answer - how this dialect says yes and no: envelopes, error texts, CORS. superflag-api.md 3. */
#ifndef SUPERFLAG_ANSWER_H
#define SUPERFLAG_ANSWER_H

#include "dialect/exchange.h"

/* {"error": text} with a status. */
void superflag_refuse_with(struct exchange *x, int status, struct str text);

/* By the fault's kind, in the documented words; status 0 lets the kind decide. */
void superflag_refuse(struct exchange *x, struct fault fault, int status, struct str allow);

void superflag_preflight(struct exchange *x, struct str allow);

/*
 * Building {"data": …}: begin opens the envelope and hands a writer positioned at the value, end
 * closes it and answers. The buffer lives between the two only.
 */
struct superflag_answer {
    struct buf buf;
    struct json_writer writer;
};
struct json_writer *superflag_answer_begin(struct superflag_answer *answer);
void superflag_answer_end(struct exchange *x, struct superflag_answer *answer, int status);

/* {"data": {"success": true}} */
void superflag_answer_success(struct exchange *x);

/* A body as it is, without the envelope; copied. */
void superflag_answer_bare(struct exchange *x, int status, struct str body);

/* "createdAt":"2026-01-06T12:00:00Z" */
void superflag_member_instant(struct json_writer *writer, struct str key, int64_t ms);

/* The header lines every config answer of this version carries, CORS included or not. */
struct str superflag_config_headers(struct arena *arena, struct str etag, bool is_for_browsers);

/* The same for a 304, which has no content to describe. */
struct str superflag_unchanged_headers(struct str config_headers);

#endif
