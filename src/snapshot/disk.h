/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk - the last views, kept on disk so that the server can start without its store.
 *
 * A file holds the catalog (hashes of credentials, never secrets) and every environment's
 * canonical documents: magic, format, generation, length, payload, SHA-256. Written to a temporary
 * name, synced, renamed, directory synced; DISK_GENERATIONS files are kept, and a reader falls
 * back to the newest one that is whole. Damage is detected, never believed.
 */
#ifndef SNAPSHOT_DISK_H
#define SNAPSHOT_DISK_H

#include "base/fault.h"
#include "snapshot/snapshot.h"

enum { DISK_GENERATIONS = 8 };

struct fault disk_save(struct str directory, const struct view *view) MUST_CHECK;

/* What a file holds, decoded but not compiled: change/follow.c makes a view of it. */
struct disk_environment {
    uint64_t number, version;
    struct environment_settings settings;
    struct flag *flags;
    size_t flag_count;
    struct segment *segments;
    size_t segment_count;
};
struct disk_image {
    uint64_t generation;
    struct catalog *catalog; /* one reference, the caller's */
    struct disk_environment *environments;
    size_t environment_count;
};
/* Loads the newest whole generation; FAULT_MISSING when there is none. */
struct fault disk_load(struct str directory, struct arena *arena,
                       struct disk_image *image) MUST_CHECK;

#endif
