/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode - who is asking: from a request's body to a flat context.
 *
 * Read with leniency, because providers send what they have: no body, no context, a null
 * targetingKey, members nobody knows. What is left must be an object within the limits of contexts
 * (model/limits.h).
 */
#ifndef OFREP_DECODE_H
#define OFREP_DECODE_H

#include "dialect/exchange.h"

struct ofrep_subject {
    struct str key;         /* targetingKey; absent: none was sent, or an empty one */
    struct str device_id;   /* absent: none, or an empty one */
    struct json attributes; /* the context's members, device_id among them however it is spelled */
};

/* Refuses with FAULT_INVALID and a sentence in `why`. Borrows from the body and lives in the
 * request's arena. */
struct fault ofrep_decode_subject(struct exchange *x, struct ofrep_subject *subject) MUST_CHECK;

#endif
