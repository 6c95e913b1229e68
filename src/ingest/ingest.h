/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ingest - what happened: events, deduplicated, queued within a bound, stored in batches.
 *
 * The request path offers and goes on; the store's writer thread takes batches when it has no
 * change to commit. An event is named by (environment, event id): one already stored, already
 * queued or earlier in the same batch is a duplicate. When the queue is full it says so (503 or
 * its dialect's like), and nothing of that call is kept. Events may be lost with the process;
 * drops are counted.
 *
 * Events nobody waits for an answer about are posted instead: without a lock and without a question
 * to the store, which leaves out what it has when they are stored.
 */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include "base/fault.h"
#include "store/store.h"

struct ingest;

enum offer_result { OFFER_ACCEPTED, OFFER_DUPLICATE };

/* reader: a connection for "is it stored already?", owned by the ingest from now on; NULL when the
 * store is away, and then every offer is FAULT_UNAVAILABLE. on_ready is called, on any thread,
 * when there is something to take. */
struct ingest *ingest_open(struct store *reader, size_t queue_bytes_max,
                           void (*on_ready)(void *context), void *context);
void ingest_close(struct ingest *ingest);

/* For when the store can be written no more: every offer from now on is FAULT_UNAVAILABLE. */
void ingest_shut(struct ingest *ingest);

/* Offers a batch, all or nothing against the bound; results[i] answers events[i]. Copies what it
 * keeps. Callable from any pool thread. */
struct fault ingest_offer(struct ingest *ingest, const struct event_row *events, size_t count,
                          enum offer_result *results) MUST_CHECK;

/* Queues a batch, whole or not at all; false when it was dropped, and counted: the queue is half
 * full (the other half is kept for those who are told), or the store is away. Copies. Any thread,
 * event loops too: takes no lock. on_ready is called when it is the first to be taken. */
bool ingest_post(struct ingest *ingest, const struct event_row *events, size_t count);

/* For the writer thread: moves up to count_max queued events into the store, inside its own
 * transaction. Returns how many are left. On a store failure they are dropped and counted. */
size_t ingest_store_batch(struct ingest *ingest, struct store *writer, size_t count_max);

/* duplicates: offered ones and, once stored, posted ones. dropped: on a store failure, or not
 * queued when posted. */
struct ingest_counters {
    uint64_t accepted, duplicates, stored, dropped, refused;
    size_t queued_bytes, queued_count;
};
struct ingest_counters ingest_counters_read(struct ingest *ingest);

#endif
