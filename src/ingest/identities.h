/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identities - which user a device belongs to: the newest user seen with it.
 *
 * Resolves who a request is about when it names a device alone, so that buckets by identity stay
 * the same after a log-out. One table for all event loops: what one of them has learned all of
 * them answer with from then on. Bounded (IDENTITIES_MAX, those seen least recently go first);
 * kept in the store by the writer thread, loaded at start. Asking takes no lock; only learning
 * something new does, for a moment.
 *
 * A device that comes with its known user is written down again once a day, so that "least
 * recently" means something; devices seen alone do not count as seen.
 */
#ifndef INGEST_IDENTITIES_H
#define INGEST_IDENTITIES_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "store/store.h"

/* Longer ids are not remembered: they resolve to themselves. */
enum { IDENTITIES_MAX = 1 << 18, IDENTITY_BYTES_MAX = 256 };

struct identities;

/* on_ready: called on any thread, without a lock held, when there is something to write down;
 * once, until identities_store has been called again. */
struct identities *identities_open(const struct clock *clock, void (*on_ready)(void *context),
                                   void *context);
void identities_close(struct identities *identities);

/* What the store knows and memory does not; before or while requests come. */
struct fault identities_load(struct identities *identities, struct store *reader) MUST_CHECK;

/* Whether identities_store would write anything. */
bool identities_are_pending(struct identities *identities);

/* The writer thread, inside a transaction of the caller's: what is new since the last call, at most
 * IDENTITIES_PER_CALL_MAX of it; when there is more, on_ready is called again. After a fault the
 * same comes again with the next call: roll back. The store forgets what is beyond IDENTITIES_MAX
 * here, too. */
enum { IDENTITIES_PER_CALL_MAX = 1024 };
struct fault identities_store(struct identities *identities, struct store *writer) MUST_CHECK;

/*
 * The identity to bucket by: user_id when it is not empty (and device_id, when there is one too,
 * belongs to that user from now on), else the user that device_id belongs to, else device_id, else
 * absent. In the arena or borrowed from the arguments. Any thread.
 */
struct str identities_resolve(struct identities *identities, uint64_t environment,
                              struct str user_id, struct str device_id, struct arena *arena);

struct identities_counters {
    size_t known;     /* devices remembered */
    uint64_t learned; /* new devices, new users of known ones, daily repetitions */
    uint64_t unsaved; /* pushed out before they were written down */
};
struct identities_counters identities_counters_read(struct identities *identities);

#endif
