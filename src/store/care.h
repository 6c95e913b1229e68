/* SPDX-License-Identifier: Apache-2.0 */
/*
 * care - what a store needs beside being used: copies, a look at one that nobody may trust yet, and
 * the few things a restored one must be told.
 *
 * For backup (change/backup.h), restore and doctor (server/). A copy is one file that holds
 * everything the truth is made of. A look is a store opened with STORE_EXAMINER: it reads whatever
 * schema there is, changes nothing and leaves nothing behind.
 */
#ifndef STORE_CARE_H
#define STORE_CARE_H

#include "store/store.h"

/* The file of a store, in its directory; its log is named the same with "-wal" behind it. */
#define STORE_FILE_NAME "guidon.db"

/* ---- the directory ---------------------------------------------------------------------- */

struct store_claim; /* holds the directory: no writer can open the store in it */

/* Makes the directory when it is missing, and its lock file. FAULT_CONFLICT when another process
 * has it; FAULT_UNAVAILABLE for a directory that will not do (as store_open says). */
struct fault store_claim_open(struct store_claim **claim, struct str directory) MUST_CHECK;
void store_claim_close(struct store_claim *claim);

/* Whether a process holds it now; makes and changes nothing. */
bool store_is_claimed(struct str directory);
/* The directory is there, and on a file system a store can lie on. */
struct fault store_check_place(struct str directory) MUST_CHECK;

/* Moves the log into the file and removes it, whatever the schema. Whoever calls has the claim. */
struct fault store_settle(struct str directory) MUST_CHECK;

/* ---- copying ---------------------------------------------------------------------------- */

struct copying {
    /* Asked now and then, NULL: always. False ends the copying, which is FAULT_UNAVAILABLE. */
    bool (*goes_on)(void *context);
    void *context;
};

/* A copy of everything as of one moment, in a file that must not be there yet (mode 0600), through
 * a reading connection that nobody else uses meanwhile. Writers go on. Who means to keep the file
 * syncs it. When refused, it is gone. */
struct fault store_copy(struct store *store, const char *file,
                        const struct copying *copying) MUST_CHECK;

/* ---- examining -------------------------------------------------------------------------- */

struct store_facts {
    uint64_t schema, schema_known; /* migrations it has, and those this program knows */
    uint64_t audit_sequence;       /* of the last row; 0: none */
    unsigned char audit_hash[32];  /* of it */
    int64_t last_ms;               /* when it was written; 0: there is none */
};

/* FAULT_UNAVAILABLE for what is no store of this program, or one that a newer one made. */
struct fault store_examine(struct store *store, struct store_facts *facts) MUST_CHECK;

/* Every page, every index and every reference, or the quick part of it: FAULT_UNAVAILABLE. */
struct fault store_check_pages(struct store *store, bool is_quick) MUST_CHECK;

/* Every document there is and was, and all members of cohorts, against the checksums they were
 * stored with; of a store with this program's schema. FAULT_UNAVAILABLE. */
struct fault store_check_contents(struct store *store) MUST_CHECK;

/* An environment as far as restoring is concerned. */
struct mark_row {
    uint64_t number;
    struct str id, app_name, name;
    uint64_t version;
    unsigned char digest[32]; /* of what is current in it */
};
struct fault store_load_marks(struct store *store, struct arena *arena, struct mark_row **rows,
                              size_t *count) MUST_CHECK; /* by number */

/* The hash of an audit row; *is_found says whether there is one of that sequence. */
struct fault store_find_audit_hash(struct store *store, uint64_t sequence, unsigned char hash[32],
                                   bool *is_found) MUST_CHECK;

struct counter_row {
    struct str name;
    uint64_t value; /* the number given last */
};
struct fault store_load_counters(struct store *store, struct arena *arena,
                                 struct counter_row **rows, size_t *count) MUST_CHECK;

/* ---- what a restored store is told, inside a transaction ------------------------------------ */

/* The environment's next version, with what it has now: above its own by any step. Those between
 * were never made. FAULT_CONFLICT when it has come so far already. */
struct fault store_raise_version(struct store *store, uint64_t environment, uint64_t version,
                                 int64_t now_ms) MUST_CHECK;
/* The numbers up to this one are used; a counter that is further stays. */
struct fault store_raise_counter(struct store *store, const struct counter_row *counter) MUST_CHECK;

#endif
