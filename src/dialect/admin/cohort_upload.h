/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cohort_upload - a list of ids on its way in.
 *
 * Two forms, by content type. text/plain: one id per line (LF or CRLF; empty lines are skipped),
 * taken piece by piece, so that a million ids never stand in memory as text. application/json:
 * {"memberIds": ["…"]} or the bare array, held whole and so bounded by BODY_BYTES_IMPORT_MAX.
 */
#ifndef ADMIN_COHORT_UPLOAD_H
#define ADMIN_COHORT_UPLOAD_H

#include "http/http.h"
#include "model/cohort.h"

struct cohort_upload;

struct fault cohort_upload_open(struct str content_type, struct http_body_sink **sink) MUST_CHECK;

/* What came in; the upload is gone either way. The fault says which id, in the arena. */
struct fault cohort_upload_finish(struct http_body_sink *sink, struct arena *arena,
                                  struct cohort_members **members) MUST_CHECK;

#endif
