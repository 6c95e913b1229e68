/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk - the last views, kept on disk so that the server can start without its store.
 *
 * A file holds the catalog (hashes of credentials, and of what opens something only the keys of
 * deployments: decision 0006) and every environment's canonical documents with their provenance:
 * magic, format, generation, length, payload, SHA-256. Members of cohorts lie beside it, a file per
 * list, named by its digest and shared by all generations that refer to it. Written to a temporary
 * name, synced, renamed, directory synced; DISK_GENERATIONS files are kept, and a reader falls
 * back to the newest one that is whole, its lists of members included. Damage is detected, never
 * believed; a file of another format counts as not there.
 */
#ifndef SNAPSHOT_DISK_H
#define SNAPSHOT_DISK_H

#include "base/fault.h"
#include "snapshot/snapshot.h"

enum { DISK_GENERATIONS = 8 };

/* Writes the next generation and removes those beyond the newest DISK_GENERATIONS. */
struct fault disk_save(struct str directory, const struct view *view) MUST_CHECK;

/* The number of the newest generation; 0: none. */
uint64_t disk_newest(struct str directory);
/* The newest generation that has proved good (whoever serves it decides): kept beside the newest
 * ones until there is another. 0: none. */
struct fault disk_keep_good(struct str directory, uint64_t generation) MUST_CHECK;
uint64_t disk_good(struct str directory);

/* Removes all but the newest `kept` generations (the lists of members they refer to go with the
 * next save): after a restore, what was before must not be loaded. */
void disk_forget(struct str directory, size_t kept);

/* Loads the newest whole generation as a read-only view, compiled but not rendered: the renderer
 * is called per snapshot. FAULT_MISSING when there is none that is whole. */
struct fault disk_load(struct str directory, snapshot_renderer render, int64_t now_ms,
                       struct view **view) MUST_CHECK;
/* The same of the generations up to `newest`; *generation says which it was. */
struct fault disk_load_up_to(struct str directory, uint64_t newest, snapshot_renderer render,
                             int64_t now_ms, struct view **view, uint64_t *generation) MUST_CHECK;

#endif
