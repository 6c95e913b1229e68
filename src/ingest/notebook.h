/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notebook - texts by (environment, key), remembered over restarts for as long as there is room.
 *
 * One for all event loops: what one of them has noted all of them answer with from then on.
 * Bounded (NOTES_MAX, those noted least recently go first); kept in the store by the writer
 * thread, loaded at start. Asking takes no lock; only noting something new does, for a moment. What
 * is noted again unchanged is written down again once a day, so that "least recently" means
 * something.
 *
 * Memory is touched as notes come: an empty notebook costs next to nothing.
 */
#ifndef INGEST_NOTEBOOK_H
#define INGEST_NOTEBOOK_H

#include "base/clock.h"
#include "base/str.h"
#include "store/store.h"

/* Keys and values that are longer, or empty, are not remembered. */
enum { NOTES_MAX = 1 << 18, NOTE_BYTES_MAX = 320 };

struct notebook;

/* on_ready: called on any thread, without a lock held, when there is something to write down;
 * once, until notebook_store has been called again. */
struct notebook *notebook_open(enum note_kind kind, const struct clock *clock,
                               void (*on_ready)(void *context), void *context);
void notebook_close(struct notebook *notebook);

/* What the store knows and memory does not; before or while requests come. */
struct fault notebook_load(struct notebook *notebook, struct store *reader) MUST_CHECK;

/* Whether notebook_store would write anything. */
bool notebook_is_pending(struct notebook *notebook);

/* The writer thread, inside a transaction of the caller's: what is new since the last call, at most
 * NOTES_PER_CALL_MAX of it; when there is more, on_ready is called again. After a fault the same
 * comes again with the next call: roll back. The store forgets what is beyond NOTES_MAX here, too.
 */
enum { NOTES_PER_CALL_MAX = 1024 };
struct fault notebook_store(struct notebook *notebook, struct store *writer) MUST_CHECK;

/* ---- any thread ------------------------------------------------------------------------------ */

/* What was noted last, copied into `room`; absent when nothing is known. */
struct str notebook_find(struct notebook *notebook, uint64_t environment, struct str key,
                         char room[NOTE_BYTES_MAX]);

/* From now on this is the key's value. */
void notebook_note(struct notebook *notebook, uint64_t environment, struct str key,
                   struct str value);

/* Notes again what is known of the key, if anything is. */
void notebook_repeat(struct notebook *notebook, uint64_t environment, struct str key);

struct notebook_counters {
    size_t known;     /* keys remembered */
    uint64_t learned; /* new keys, new values of known ones, daily repetitions */
    uint64_t unsaved; /* pushed out before they were written down */
};
struct notebook_counters notebook_counters_read(struct notebook *notebook);

#endif
