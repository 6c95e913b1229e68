/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cohort_document - a cohort as the store and the disk keep it: a canonical text that names its
 * members by digest, and the members apart.
 */
#ifndef SNAPSHOT_COHORT_DOCUMENT_H
#define SNAPSHOT_COHORT_DOCUMENT_H

#include "base/map.h"
#include "snapshot/snapshot.h"

/* {"description":…,"digest":"<hex>","groupType":…,"id":…,"modifiedMs":…,"name":…,"size":…} */
void cohort_document_encode(const struct cohort *cohort, const struct cohort_digest *digest,
                            struct buf *buf);
/* Strict; text must live as long as the cohort, which has no members yet. */
struct fault cohort_document_decode(struct arena *arena, struct str text, struct cohort *cohort,
                                    struct cohort_digest *digest) MUST_CHECK;

/* Where members come from: the stored form of that name, in the arena, known to be undamaged. */
struct members_source {
    struct fault (*load)(void *context, struct arena *arena, const struct cohort_digest *digest,
                         struct str *stored_form);
    void *context;
};

/* The members met while loading: each distinct list is read and decoded once. */
struct members_shelf {
    struct members_source source;
    struct arena arena;
    struct map places;               /* digest -> index into members */
    struct cohort_members **members; /* one reference each */
    size_t count, capacity;
};
void members_shelf_open(struct members_shelf *shelf, struct members_source source);
void members_shelf_close(struct members_shelf *shelf);

/* The revision a document stands for: one reference, the caller's. */
struct fault cohort_revision_load(struct members_shelf *shelf, struct str document,
                                  struct cohort_revision **revision) MUST_CHECK;

#endif
