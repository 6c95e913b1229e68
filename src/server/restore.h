/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore - a backup becomes the store of a stopped server.
 *
 *   claim the directory -> stage a copy (restore_stage.c) -> verify it -> plan the versions
 *   (restore_plan.c) -> report, confirm -> tell the copy what it must know -> swap (restore_swap.c)
 *
 * Nothing in the directory changes before the copy was verified whole; until the one rename that
 * swaps them, the store there is the old one, and after it the new one, whatever happens. The old
 * one is kept. Versions never go down: who has seen version 184 of an environment is never told of
 * another 184, or of less.
 */
#ifndef SERVER_RESTORE_H
#define SERVER_RESTORE_H

#include "snapshot/snapshot.h"
#include "store/care.h"

/* What is known of the store that is replaced. */
enum replaced {
    REPLACED_NOTHING,    /* the directory is empty */
    REPLACED_STORE,      /* it was read */
    REPLACED_SNAPSHOT,   /* it cannot be read; the snapshot on disk can */
    REPLACED_UNREADABLE, /* nothing can be read */
};

/* An environment that is in the backup, in the replaced store, or in both (by its id). */
struct restored_environment {
    struct str id, app_name, name;
    uint64_t number;   /* in the backup; 0: it is lost */
    uint64_t backup;   /* version in the backup */
    bool was_there;    /* in the replaced store */
    uint64_t replaced; /* version there, if it was */
    uint64_t version;  /* that it has afterwards */
};

struct restore {
    struct arena arena;
    /* The command line. */
    struct str file;
    struct str data;
    struct str output;
    uint64_t above;
    bool is_dry_run, is_confirmed;

    const char *directory; /* data, with a NUL */
    const char *staging;   /* a directory in it */
    bool made_directory;
    struct store_claim *claim;
    struct store *store; /* the staged copy's writer */
    struct view *view;   /* of it: proof that it compiles, then what goes on disk */
    int64_t now_ms;

    struct str digest;      /* SHA-256 of the file, in hexadecimal digits */
    bool is_digest_checked; /* one lay beside it, and is the same */
    struct store_facts facts;
    uint64_t file_bytes;

    enum replaced replaced;
    struct str replaced_why; /* it cannot be read */
    struct store_facts replaced_facts;
    struct counter_row *counters; /* of the replaced store */
    size_t counter_count;
    bool knows_lost;       /* the replaced store went on where the backup ends */
    uint64_t lost_changes; /* rows of its trail beyond */

    struct restored_environment *environments;
    size_t environment_count;
    struct str kept;    /* where the replaced store is now; absent: nowhere */
    struct str warning; /* done, but something is to be looked at; or absent */
};

/* FAULT_MISSING: no such file. Whatever else is wrong with it is FAULT_UNAVAILABLE, and the staged
 * copy is the caller's to remove (restore_unstage). */
struct fault restore_stage(struct restore *restore) MUST_CHECK;
void restore_unstage(struct restore *restore);

/* Which versions the environments get. */
struct fault restore_plan(struct restore *restore) MUST_CHECK;
/* Versions, numbers and the trail of the staged copy. */
struct fault restore_tell(struct restore *restore) MUST_CHECK;

/* The staged copy, closed, takes the place of the store. */
struct fault restore_swap(struct restore *restore) MUST_CHECK;

void restore_write_report(const struct restore *restore, struct buf *buf);
void restore_write_json(const struct restore *restore, struct buf *buf);

#endif
