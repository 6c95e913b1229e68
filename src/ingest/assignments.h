/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assignments - what remote evaluation decided, noted once a day per person and outcome.
 *
 * The request path offers a digest of (environment, person, outcome) and builds the event only when
 * that is new today; a full queue drops and counts, and never makes an evaluation wait.
 */
#ifndef INGEST_ASSIGNMENTS_H
#define INGEST_ASSIGNMENTS_H

#include "ingest/ingest.h"

enum { ASSIGNMENTS_REMEMBERED_MAX = 1 << 18 };

struct assignments;
struct assignments *assignments_open(struct ingest *ingest); /* which outlives it */
void assignments_close(struct assignments *assignments);

/* Whether this digest is new in its day (days since the epoch); from now on it is not. Of several
 * threads that offer the same one at the same moment, one is told so. Lock-free, bounded: what was
 * pushed out counts as new again, and the store refuses it by its event id. The digest is to come
 * from a keyed hash (map_hash): whoever could choose it could hide somebody else's. */
bool assignments_is_new(struct assignments *assignments, uint64_t digest, int64_t day);

/* Queues events without waiting for the store; false when they were dropped. Copies. */
bool assignments_post(struct assignments *assignments, const struct event_row *events,
                      size_t count);

#endif
