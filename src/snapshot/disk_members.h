/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk_members - cohorts' members beside the snapshots on disk, one file per list, named by its
 * digest: written once however many generations refer to it. For disk.c.
 *
 * A file is SHA-256 over the digest and the rest, and the list's stored form. (The digest in its
 * name is that of the stored form when it was first made; another compressor would make another.)
 */
#ifndef SNAPSHOT_DISK_MEMBERS_H
#define SNAPSHOT_DISK_MEMBERS_H

#include "snapshot/cohort_document.h"

/* A set of digests, in the arena it was opened with. */
struct digest_set {
    struct arena *arena;
    struct map places;
    struct cohort_digest *digests;
    size_t count, capacity;
};
void digest_set_open(struct digest_set *set, struct arena *arena);
bool digest_set_add(struct digest_set *set, const struct cohort_digest *digest); /* was it new? */

/* Writes the lists of a view that are not there yet; adds the digests of all of them to the set. */
struct fault disk_members_save(int directory, const struct view *view,
                               struct digest_set *digests) MUST_CHECK;

/* A members_source; context: the directory's descriptor (int *). */
struct fault disk_members_load(void *context, struct arena *arena,
                               const struct cohort_digest *digest,
                               struct str *stored_form) MUST_CHECK;

/* Removes the files whose digest is not in the set; one too many is no harm. */
void disk_members_sweep(int directory, const struct digest_set *wanted);

#endif
