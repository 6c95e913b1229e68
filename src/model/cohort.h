/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cohort - a list of ids kept outside the rules: up to millions, replaced whole by an upload.
 *
 * A cohort is immutable once built: the ids in one block of text, sorted and free of repetitions,
 * and a table of keyed hashes over them, so that asking costs one probe whatever its size. About 10
 * bytes per member beside the ids themselves.
 */
#ifndef MODEL_COHORT_H
#define MODEL_COHORT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

struct cohort {
    struct str id;          /* [A-Za-z0-9][A-Za-z0-9._-]*, at most COHORT_ID_BYTES_MAX */
    struct str name;        /* for people; absent when not set */
    struct str description; /* absent when not set */
    struct str group_type;  /* "User" for people, else the type of group its members are */
    int64_t modified_ms;    /* when these members were uploaded */
    size_t size;            /* members */
    const struct cohort_members *members;
};

struct cohort_members; /* owned, reference counted: cohort_members_acquire / _release */

/* Collects ids one by one, in any order, repetitions welcome. */
struct cohort_builder;
struct cohort_builder *cohort_builder_open(void);
/* FAULT_INVALID for an empty id, one past COHORT_MEMBER_BYTES_MAX or not UTF-8; FAULT_LIMIT past
 * COHORT_MEMBERS_MAX different ids. */
struct fault cohort_builder_add(struct cohort_builder *builder, struct str id) MUST_CHECK;
/* The builder is gone either way; one reference, the caller's. */
struct fault cohort_builder_finish(struct cohort_builder *builder,
                                   struct cohort_members **members) MUST_CHECK;
void cohort_builder_abandon(struct cohort_builder *builder);

void cohort_members_acquire(const struct cohort_members *members);
void cohort_members_release(const struct cohort_members *members);
size_t cohort_members_count(const struct cohort_members *members);
struct str cohort_member_at(const struct cohort_members *members, size_t index); /* byte order */
size_t cohort_members_bytes(const struct cohort_members *members);               /* memory held */

/* Constant time, no allocation, any thread. */
bool cohort_has(const struct cohort *cohort, struct str id);

/* The stored form: a compact text that depends on the set of ids alone, and back. */
void cohort_members_encode(const struct cohort_members *members, struct buf *buf);
struct fault cohort_members_decode(struct str bytes, struct cohort_members **members) MUST_CHECK;

#endif
