/* SPDX-License-Identifier: Apache-2.0 */
/*
 * visit - what the admin API notes about one request, beside what its handler does.
 *
 * admin_admit counts it against its credential's rate, holds its query, its media type and its
 * conditions against what the route's operation says, and answers instead of the handler when it
 * has been answered before (idempotency.h). admin_conclude adds the lines every answer carries, and
 * keeps the answer for whoever asks again.
 */
#ifndef ADMIN_VISIT_H
#define ADMIN_VISIT_H

#include "dialect/exchange.h"
#include "dialect/rate.h"

struct repeat; /* idempotency.h */

struct visit {
    struct str request_id; /* theirs, or made here */
    bool is_admitted;      /* admin_conclude will add the lines every answer carries */
    bool has_rate;
    struct rate_answer rate;
    bool is_dry_run;
    struct str tag;        /* what admin_answer_tag said */
    struct str upload;     /* digest of what came in pieces; absent without an Idempotency-Key */
    struct repeat *repeat; /* NULL without an Idempotency-Key, and in a dry run */
};

/* The exchange's; made when it is first asked for. */
struct visit *visit_of(struct exchange *x);

bool admin_admit(struct exchange *x);
void admin_conclude(struct exchange *x);

/* The lines that every answer carries. */
struct str visit_lines(struct exchange *x);

#endif
