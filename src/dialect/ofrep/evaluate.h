/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evaluate - what the protocol has: one flag, all flags, and being told that they have changed.
 * Handlers for routes.c; memory only, LANE_FAST.
 */
#ifndef OFREP_EVALUATE_H
#define OFREP_EVALUATE_H

#include "dialect/exchange.h"

/* POST /ofrep/v1/evaluate/flags/{key*}, SCOPE_EVALUATE */
void ofrep_evaluate_one(struct exchange *x); /* evaluate_one.c */
/* POST /ofrep/v1/evaluate/flags, SCOPE_EVALUATE */
void ofrep_evaluate_all(struct exchange *x); /* evaluate_all.c */
/* GET /ofrep/v1/events, SCOPE_EVENT_ADDRESS */
void ofrep_follow(struct exchange *x); /* stream.c */

#endif
