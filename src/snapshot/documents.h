/* SPDX-License-Identifier: Apache-2.0 */
/*
 * documents - an environment as its canonical documents (model/codec.h) with their provenance: the
 * members "settings", "flags", "segments" and "cohorts" of a JSON object. What is kept on disk
 * (disk_payload.h) and what a rehearsal is told (change/script.h) is this.
 */
#ifndef SNAPSHOT_DOCUMENTS_H
#define SNAPSHOT_DOCUMENTS_H

#include "snapshot/cohort_document.h"
#include "json/write.h"

/* What a snapshot was made of; borrows from it. */
struct snapshot_parts documents_of(const struct snapshot *snapshot);

/* Into the object that is open. Members of cohorts are named by digest, not written. */
void documents_encode(const struct snapshot_parts *parts, struct json_writer *writer);

/* Fills in settings and revisions; the rest of *parts stays as it is. json must live as long as
 * the arena, in which the lists are. documents_release in any case, even after a fault. */
struct fault documents_decode(struct arena *arena, const struct json *json,
                              struct members_shelf *shelf, struct snapshot_parts *parts) MUST_CHECK;
void documents_release(struct snapshot_parts *parts);

#endif
