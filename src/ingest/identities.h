/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identities - which user a device belongs to: the newest user seen with it.
 *
 * Resolves who a request is about when it names a device alone, so that buckets by identity stay
 * the same after a log-out. Devices are noted with their users in a notebook of NOTE_DEVICE; those
 * seen alone do not count as seen.
 */
#ifndef INGEST_IDENTITIES_H
#define INGEST_IDENTITIES_H

#include "base/arena.h"
#include "ingest/notebook.h"

/* Longer ids are not remembered: they resolve to themselves. */
enum { IDENTITY_BYTES_MAX = 256 };

/*
 * The identity to bucket by: user_id when it is not empty (and device_id, when there is one too,
 * belongs to that user from now on), else the user that device_id belongs to, else device_id, else
 * absent. In the arena or borrowed from the arguments. Any thread.
 */
struct str identity_resolve(struct notebook *devices, uint64_t environment, struct str user_id,
                            struct str device_id, struct arena *arena);

#endif
