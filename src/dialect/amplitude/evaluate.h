/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evaluate - the half of this dialect that SDKs and plain HTTP callers talk to: evaluations, flag
 * configurations, their stream, cohorts, events. Wire reference: amplitude-evaluation.md.
 *
 * Handlers for the route table, one line each; routes.c says which of them two routes share. Every
 * one of them answers browsers from any origin, and so do its refusals.
 */
#ifndef AMPLITUDE_EVALUATE_H
#define AMPLITUDE_EVALUATE_H

#include "dialect/exchange.h"

enum { USER_BODY_BYTES_MAX = 64 * 1024 };

/* ---- LANE_FAST, SCOPE_READ_DEPLOYMENT ---------------------------------------------------------
 */

/* GET and POST /sdk/v2/vardata: all results, with metadata. POST takes USER_BODY_BYTES_MAX. */
void amplitude_evaluate_user(struct exchange *x);
/* GET and POST /sdk/vardata, POST /v1/vardata: the same without default results. */
void amplitude_evaluate_user_legacy(struct exchange *x);
/* GET /v1/vardata: the user in the query, the documented form. */
void amplitude_evaluate_query(struct exchange *x);

/* GET /sdk/v2/flags */
void amplitude_get_flags(struct exchange *x);
/* GET /v1/flags: with flag_keys */
void amplitude_get_flags_by_key(struct exchange *x);
/* GET /sdk/stream/v1/flags */
void amplitude_stream_flags(struct exchange *x);

/* GET /sdk/v2/memberships/{group_type}/{group_name} */
void amplitude_list_memberships(struct exchange *x);

/* ---- others -----------------------------------------------------------------------------------
 */

/* GET /sdk/v1/cohort/{cohort_id}: LANE_STORE (a body of megabytes is made), SCOPE_DOWNLOAD */
void amplitude_download_cohort(struct exchange *x);

/* POST /2/httpapi and POST /batch: LANE_STORE, SCOPE_ANYONE (the key is in the body),
 * BODY_BYTES_EVENTS_MAX */
void amplitude_post_events(struct exchange *x);

/* GET /status: LANE_FAST, SCOPE_ANYONE: "OK" */
void amplitude_get_status(struct exchange *x);

/* ---- for the dialect's table ------------------------------------------------------------------
 */

/* Whether a path is one of these; the paths below /api are the management half's. */
bool amplitude_is_evaluation_path(struct str path);
/* The dialect's refuse and preflight on those paths: {"error": text} with CORS headers, the events'
 * own form on theirs; a preflight names every header SDKs send (section 2.6). */
void amplitude_refuse_evaluation(struct exchange *x, struct fault fault, int status,
                                 struct str allow);
void amplitude_preflight_evaluation(struct exchange *x, struct str allow);

#endif
