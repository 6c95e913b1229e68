/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer - the parts of an answer that are the same for all of them: headers for browsers, and how
 * this protocol says no. Every answer with a body is a JSON object, refusals too: some providers
 * decode it before they look at the status.
 */
#ifndef OFREP_ANSWER_H
#define OFREP_ANSWER_H

#include "dialect/exchange.h"

/* Pages of any origin may ask. No cookies are used, so there are no credentials to allow. */
#define OFREP_CORS_LINES                                                                           \
    "Access-Control-Allow-Origin: *\r\n"                                                           \
    "Access-Control-Expose-Headers: ETag, Retry-After\r\n"

#define OFREP_JSON_LINES                                                                           \
    "Content-Type: application/json\r\n"                                                           \
    "Cache-Control: no-store\r\n" OFREP_CORS_LINES

/* What the protocol calls what went wrong. */
enum ofrep_error {
    OFREP_FLAG_NOT_FOUND,
    OFREP_TARGETING_KEY_MISSING,
    OFREP_INVALID_CONTEXT,
    OFREP_PARSE_ERROR,
    OFREP_GENERAL,
};

/* {"key":…,"errorCode":…,"errorDetails":…,"metadata":{}}: with the key when it is one flag that was
 * asked for. */
void ofrep_refuse_with(struct exchange *x, int status, enum ofrep_error error, struct str details);

/* The dialect's. */
void ofrep_refuse(struct exchange *x, struct fault fault, int status, struct str allow);
void ofrep_preflight(struct exchange *x, struct str allow);

#endif
