/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store - the truth.
 *
 * Environment versions, revisions with the range of versions in which they were current,
 * tombstones, credentials by hash, and a hash-chained audit trail, changed together in one
 * transaction or not at all. Nothing here decides whether a change is allowed; change/ does.
 *
 * Two engines under one contract (store/engine.h): SQL is written once, here, in the subset both
 * read. A store has one writer connection, used by one thread at a time (change/'s writer thread);
 * readers are connections of their own.
 *
 * Times are wall milliseconds. Texts handed out live in the arena that was passed in.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/fault.h"
#include "model/credential.h"

struct store; /* one connection */

/* An examiner reads whatever schema there is, changes nothing and leaves no file behind: care.h. */
enum store_mode { STORE_WRITER, STORE_READER, STORE_EXAMINER };

/* Opens DIR/guidon.db; the writer creates it and runs the migrations that are missing, and takes
 * an exclusive lock file so that a second process is refused. A schema newer than this program,
 * a store without WAL or synchronous=FULL, or a damaged file is refused (FAULT_UNAVAILABLE; where
 * is "lock" when another process has it). */
struct fault store_open(struct store **store, struct str directory,
                        enum store_mode mode) MUST_CHECK;
void store_close(struct store *store);
struct str store_engine_version(const struct store *store); /* "sqlite 3.40.1": for the log */

/* Transactions, on the writer only; writes happen inside one, and nowhere else. Savepoints nest one
 * level: a change inside a group. Whatever store_commit answers, the transaction is over. When a
 * write is refused, roll back its savepoint (or the transaction) before writing anything else.
 *
 * After a failed commit the store is poisoned, but for want of room: every later write is
 * FAULT_UNAVAILABLE until a restart, while reading goes on. Whether what failed reached the disk is
 * unknown; it may be there after the restart. A disk that fails anywhere else poisons as well. When
 * the database gives up a transaction by itself (a full disk), what follows in it is
 * FAULT_UNAVAILABLE up to and including its commit, and the next transaction starts afresh. */
struct fault store_begin(struct store *store) MUST_CHECK;
struct fault store_commit(struct store *store) MUST_CHECK;
void store_rollback(struct store *store);
struct fault store_savepoint(struct store *store) MUST_CHECK;
struct fault store_release_savepoint(struct store *store) MUST_CHECK;
void store_rollback_savepoint(struct store *store);
bool store_is_poisoned(const struct store *store);

/* Moves the write-ahead log into the file; the writer calls it when idle, outside a transaction.
 * Under load a commit does it by itself once the log has grown to 16 MiB. */
void store_checkpoint(struct store *store);
/* After much was read that will not be read again soon: lets go of the memory that took. */
void store_rest(struct store *store);

/* ---- people, apps, environments -------------------------------------------------------- */

struct user_row {
    struct str id, email;
    enum role role;
    int64_t created_ms;
};
struct app_row {
    struct str id, name, owner_user_id;
    bool hides_flags_by_default; /* default of new environments */
    int64_t created_ms;
};
struct environment_row {
    uint64_t number; /* 1, 2, …: the numeric identity of an environment, never used again */
    struct str id, app_id, name;
    uint64_t version;
    int64_t created_ms;
    uint64_t monthly_quota;      /* config requests; 0: no limit */
    bool hides_flags_by_default; /* what holds until settings are written: the app's default when it
                                    was made */
};
struct credential_row {
    struct str id; /* key_… or token_… */
    enum credential_kind kind;
    struct credential_hash hash;
    struct str shown;                           /* "pub_prod_" */
    struct str tail;                            /* last four characters */
    struct str user_id, app_id;                 /* absent where they do not apply */
    uint64_t environment;                       /* number; 0 where it does not apply */
    int64_t created_ms, expires_ms, revoked_ms; /* 0: never */
    struct str name;                            /* absent when not set */
    uint64_t deployment;                        /* number; 0 where it does not apply */
    const uint64_t *environments;               /* numbers, ascending */
    size_t environment_count;
    bool is_read_only; /* a token that may change nothing */
};
struct deployment_row {
    uint64_t number; /* 1, 2, …: never used again */
    uint64_t environment;
    struct str label, key;
    enum credential_kind kind;
    bool is_archived;
    int64_t created_ms;
};

struct fault store_insert_user(struct store *store, const struct user_row *user) MUST_CHECK;
/* FAULT_MISSING when there is none with this id (or it was deleted). */
struct fault store_set_user_role(struct store *store, struct str id, enum role role) MUST_CHECK;
/* A tombstone: gone from store_load_users, its e-mail free again; apps may still name its id as who
 * made them. */
struct fault store_delete_user(struct store *store, struct str id, int64_t now_ms) MUST_CHECK;
/* What a password is checked against (auth/password.h). FAULT_MISSING as with the role. */
struct fault store_set_password(struct store *store, struct str id, struct str verifier) MUST_CHECK;
/* Absent when there is no such user, or no password was ever set. */
struct fault store_find_password(struct store *store, struct arena *arena, struct str id,
                                 struct str *verifier) MUST_CHECK;
/* An absent name stays. */
struct fault store_update_app(struct store *store, struct str id, struct str name,
                              bool hides_flags_by_default) MUST_CHECK;
struct fault store_insert_app(struct store *store, const struct app_row *app) MUST_CHECK;
/* Assigns and returns the number; the one in `environment` is ignored. Its version (0 for a new
 * one) counts as made at created_ms. */
struct fault store_insert_environment(struct store *store,
                                      const struct environment_row *environment,
                                      uint64_t *number) MUST_CHECK;
struct fault store_set_monthly_quota(struct store *store, uint64_t environment,
                                     uint64_t quota) MUST_CHECK;
struct fault store_insert_credential(struct store *store,
                                     const struct credential_row *credential) MUST_CHECK;
/* FAULT_MISSING when there is no such live credential. */
struct fault store_revoke_credential(struct store *store, struct str id, int64_t now_ms) MUST_CHECK;

/* Assigns and returns the number; the one in `deployment` is ignored. */
struct fault store_insert_deployment(struct store *store, const struct deployment_row *deployment,
                                     uint64_t *number) MUST_CHECK;
/* FAULT_MISSING when there is none with this number. An absent label stays as it is. */
struct fault store_update_deployment(struct store *store, uint64_t number, struct str label,
                                     bool is_archived) MUST_CHECK;
/* The same deployment with another key. FAULT_MISSING when there is none with this number. */
struct fault store_set_deployment_key(struct store *store, uint64_t number,
                                      struct str key) MUST_CHECK;

struct fault store_load_deployments(struct store *store, struct arena *arena,
                                    struct deployment_row **rows,
                                    size_t *count) MUST_CHECK; /* by number */
struct fault store_load_users(struct store *store, struct arena *arena, struct user_row **rows,
                              size_t *count) MUST_CHECK;
struct fault store_load_apps(struct store *store, struct arena *arena, struct app_row **rows,
                             size_t *count) MUST_CHECK; /* by creation, then id */
struct fault store_load_environments(struct store *store, struct arena *arena,
                                     struct environment_row **rows,
                                     size_t *count) MUST_CHECK; /* by number */
/* Live ones only (not revoked), by creation then id. */
struct fault store_load_credentials(struct store *store, struct arena *arena,
                                    struct credential_row **rows, size_t *count) MUST_CHECK;

/* ---- versions and revisions ------------------------------------------------------------ */

enum revision_kind { REVISION_FLAG, REVISION_SEGMENT, REVISION_SETTINGS, REVISION_COHORT };
struct str revision_kind_name(enum revision_kind kind); /* flag segment settings cohort */

struct revision_row {
    enum revision_kind kind;
    struct str object_id; /* flag_…, segment_…, or the environment's id */
    struct str key;
    uint64_t version_from; /* first environment version in which it is current */
    uint64_t version_to;   /* first in which it no longer is; 0 while current */
    struct str document;   /* canonical text; empty for a tombstone */
    bool is_tombstone;
    struct str actor; /* who wrote it */
    /* Read only: filled when loaded. */
    uint64_t environment;
    uint64_t number;    /* of the object, over all environments: 1, 2, …; flags only, else 0 */
    uint64_t sequence;  /* 1, 2, …: which of the object's revisions, tombstones not counted */
    int64_t at_ms;      /* when version_from was made */
    int64_t created_ms; /* of the object's first revision */
    struct str created_by;
};

/* Takes the row lock of the environment, moves its version by one and notes when; the new version
 * comes back. Once per change, before its revisions are written. */
struct fault store_advance_version(struct store *store, uint64_t environment, int64_t now_ms,
                                   uint64_t *version) MUST_CHECK;

/* Ends the current revision of (kind, key) at its version_from, if there is one, and begins this
 * one; version_to is ignored. A tombstone ends it and stays as the record that the key was used. A
 * version that was never advanced to, or the same key twice in one version, is FAULT_CONFLICT. */
struct fault store_write_revision(struct store *store, uint64_t environment,
                                  const struct revision_row *revision) MUST_CHECK;

/* The numeric identity of an object whose first revision is about to be written (flags), or of the
 * one that has it already. `group` says what it is for lists that are about one group of objects
 * (enum flag_kind as a number). */
struct fault store_assign_number(struct store *store, uint64_t environment, struct str object_id,
                                 int group, struct str actor, int64_t now_ms,
                                 uint64_t *number) MUST_CHECK;

/* Revisions current at `version` (tombstones left out), ordered by kind then key bytes: the whole
 * environment as it was. version 0 is the empty beginning. A stored document that does not match
 * its checksum is FAULT_UNAVAILABLE, here and in the history: damage is never served. */
struct fault store_load_environment_at(struct store *store, struct arena *arena,
                                       uint64_t environment, uint64_t version,
                                       struct revision_row **rows, size_t *count) MUST_CHECK;
/* The version that was current at an instant: the last one made at or before it. FAULT_MISSING
 * when the environment did not exist yet. */
struct fault store_find_version_at(struct store *store, uint64_t environment, int64_t at_ms,
                                   uint64_t *version) MUST_CHECK;
/* Whether it was ever made: a restored environment has gone on above what it lost. 0 was. */
struct fault store_has_version(struct store *store, uint64_t environment, uint64_t version,
                               bool *has) MUST_CHECK;
/* Every revision of one key, oldest first, tombstones included. */
struct fault store_load_history(struct store *store, struct arena *arena, uint64_t environment,
                                enum revision_kind kind, struct str key, struct revision_row **rows,
                                size_t *count) MUST_CHECK;

/* Revisions (no tombstones) of one object by its number, newest first. Each may be megabytes: a
 * page is so many of those whose sequence is below one; 0 is no bound. */
struct history_page {
    uint64_t below, limit;
};
struct fault store_load_object_history(struct store *store, struct arena *arena, uint64_t number,
                                       struct history_page page, struct revision_row **rows,
                                       size_t *count) MUST_CHECK;
/* Revisions (no tombstones) of one key, of all objects that had it, newest first; `below` is of
 * version_from. */
struct fault store_load_key_history(struct store *store, struct arena *arena, uint64_t environment,
                                    enum revision_kind kind, struct str key,
                                    struct history_page page, struct revision_row **rows,
                                    size_t *count) MUST_CHECK;
/* The tombstone that is the last there is of a key: *is_found is false for a key that was never
 * used and for one that is. Costs the same however long its history is. */
struct fault store_find_tombstone(struct store *store, struct arena *arena, uint64_t environment,
                                  enum revision_kind kind, struct str key,
                                  struct revision_row *tombstone, bool *is_found) MUST_CHECK;
/* The number of the flag that has this key or had it last; 0 when none ever had. */
struct fault store_find_number_of_key(struct store *store, uint64_t environment, struct str key,
                                      uint64_t *number) MUST_CHECK;
/* The number of the flag with this id, if it ever had this key; else 0. */
struct fault store_find_number_of_id(struct store *store, uint64_t environment, struct str key,
                                     struct str object_id, uint64_t *number) MUST_CHECK;
/* Revisions of flags of the groups in `groups` (bit n: enum flag_kind n), of these environments,
 * made in [from_ms, to_ms), newest first, skipping `offset`, at most `limit`. */
struct revision_query {
    const uint64_t *environments;
    size_t environment_count;
    unsigned groups;
    int64_t from_ms, to_ms;
    size_t offset, limit;
};
struct fault store_query_revisions(struct store *store, struct arena *arena,
                                   const struct revision_query *query, struct revision_row **rows,
                                   size_t *count) MUST_CHECK;

/* Members of cohorts, kept apart from their revisions and named by SHA-256 of their bytes
 * (cohort_members_encode), so that what does not change is stored once. */
struct fault store_put_members(struct store *store, const unsigned char digest[32],
                               struct str bytes) MUST_CHECK;
struct fault store_load_members(struct store *store, struct arena *arena,
                                const unsigned char digest[32], struct str *bytes) MUST_CHECK;

/* ---- audit ----------------------------------------------------------------------------- */

struct audit_row {
    uint64_t sequence; /* 1, 2, … without gaps */
    int64_t at_ms;
    struct str actor;     /* e-mail or credential id */
    struct str action;    /* "flag.create", "key.revoke", … */
    struct str app_id;    /* absent where it does not apply */
    uint64_t environment; /* number, 0 where it does not apply */
    uint64_t version;     /* of the environment after the change, 0 where it does not apply */
    struct str subject;   /* key or id of what was changed */
    struct str detail;    /* canonical JSON: what changed; never a secret */
    unsigned char previous_hash[32], hash[32];
};

/* Appends a row; sequence and hashes are filled in here, absent texts but app_id count as empty.
 * hash = SHA-256 over previous_hash and the row's canonical JSON (store/audit.c says which members
 * in which order). */
struct fault store_append_audit(struct store *store, const struct audit_row *row) MUST_CHECK;
/* That hash, of a row as it was read: pure, for who checks rows without a store. */
void store_hash_audit(const struct audit_row *row, unsigned char hash[32]);
/* Rows after `after`, oldest first, at most limit. */
struct fault store_load_audit(struct store *store, struct arena *arena, uint64_t after,
                              size_t limit, struct audit_row **rows, size_t *count) MUST_CHECK;
/* Rows that fit all that is said, newest first, at most limit. */
struct audit_query {
    uint64_t below; /* sequence; 0: from the newest */
    const uint64_t
        *environments; /* any of these, and rows of none when takes_others; NULL: all rows */
    size_t environment_count;
    bool takes_others;
    struct str actor, action, subject; /* absent: any; action may be a prefix that ends in '.' */
    int64_t from_ms, to_ms;            /* [from, to); 0: open */
    bool only_versions;                /* those that made a version of an environment */
    uint64_t version;                  /* 0: any */
    size_t limit;
    /* How many rows may be looked at, or about as many, whether they fit or not, because others
     * wait; 0: all. Where it stopped for that, if it is asked for: the next page is below it, this
     * one may be short. 0: it did not. */
    size_t looked_max;
    uint64_t *looked_to;
};
struct fault store_query_audit(struct store *store, struct arena *arena,
                               const struct audit_query *query, struct audit_row **rows,
                               size_t *count) MUST_CHECK;
/* Revisions that began at this version of the environment, tombstones included, and in `before` (of
 * the same count) what each replaced, its document absent where there was nothing. By kind, key. */
struct fault store_load_step(struct store *store, struct arena *arena, uint64_t environment,
                             uint64_t version, struct revision_row **rows,
                             struct revision_row **before, size_t *count) MUST_CHECK;
/* Walks the whole chain; FAULT_INVALID with the first bad sequence in `where`. Finds rows that were
 * edited, removed (the last ones too), moved or added; who rewrites the whole chain and its head
 * from some row on is found only by comparing a hash that was kept elsewhere. */
struct fault store_verify_audit(struct store *store, struct arena *arena) MUST_CHECK;

/* ---- requests that may come twice ------------------------------------------------------------ */

struct once_row {
    unsigned char key[32], fingerprint[32];
    int64_t at_ms;
    uint64_t version;      /* what the change made; 0 where it does not apply */
    struct str created_id; /* or empty */
    struct str sealed;     /* the answer; empty until it is kept */
};
/* FAULT_CONFLICT, where "idempotency-key", when the key is there already. */
struct fault store_insert_once(struct store *store, const struct once_row *row) MUST_CHECK;
struct fault store_keep_once_answer(struct store *store, const unsigned char key[32],
                                    struct str sealed) MUST_CHECK;
struct fault store_find_once(struct store *store, struct arena *arena, const unsigned char key[32],
                             struct once_row *row, bool *is_found) MUST_CHECK;
/* Forgets those made before; the writer calls it now and then. */
struct fault store_trim_once(struct store *store, int64_t before_ms) MUST_CHECK;

/* ---- events and quotas ----------------------------------------------------------------- */

struct event_row {
    uint64_t environment;
    struct str event_id;
    struct str kind; /* decision assignment exposure outcome */
    struct str flag_key, variation, subject_id;
    uint64_t version;
    int64_t at_ms, received_ms;
    struct str document; /* the canonical event */
};

/* Inserts what is not there yet, by (environment, event_id). *stored counts the new ones. */
struct fault store_insert_events(struct store *store, const struct event_row *events, size_t count,
                                 size_t *stored) MUST_CHECK;
/* Texts by (kind, environment, key), kept for as long as there is room (ingest/notebook.h). */
enum note_kind {
    NOTE_DEVICE,    /* a device id: the newest user seen with it */
    NOTE_VARIATION, /* a flag's id and a person: the variation they keep */
};
struct note_row {
    uint64_t environment;
    struct str key, value;
    int64_t at_ms;
};
struct fault store_put_notes(struct store *store, enum note_kind kind, const struct note_row *rows,
                             size_t count) MUST_CHECK;
/* The newest `limit` of a kind, newest first. */
struct fault store_load_notes(struct store *store, struct arena *arena, enum note_kind kind,
                              size_t limit, struct note_row **rows, size_t *count) MUST_CHECK;
/* Forgets all of a kind but the newest `kept`, and those of the same moment as the oldest of
 * them. */
struct fault store_trim_notes(struct store *store, enum note_kind kind, size_t kept) MUST_CHECK;
struct fault store_has_event(struct store *store, uint64_t environment, struct str event_id,
                             bool *has) MUST_CHECK;

/* Month as year * 100 + month. Adds, creating the row when it is the first. */
struct fault store_add_quota_use(struct store *store, uint64_t environment, int month,
                                 uint64_t requests) MUST_CHECK;
struct quota_row {
    uint64_t environment;
    int month;
    uint64_t used;
};
struct fault store_load_quota_use(struct store *store, struct arena *arena, int month,
                                  struct quota_row **rows, size_t *count) MUST_CHECK;

#endif
