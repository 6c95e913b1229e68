/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal - what the files of change/ share: drafts, groups, the changer itself.
 *
 * All of it belongs to the writer thread, but for the queue of jobs and the atomic counters.
 */
#ifndef CHANGE_INTERNAL_H
#define CHANGE_INTERNAL_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/map.h"
#include "change/change.h"
#include "change/edit.h"
#include "change/follow.h"
#include "eval/ruleset.h"

/* An environment as it would be after the changes so far of this group. */
struct draft {
    uint64_t environment;
    struct str environment_id, app_id, name;
    uint64_t version;
    struct environment_settings settings;
    struct flag_revision **flags; /* sorted by key; one reference each */
    size_t flag_count;
    struct segment_revision **segments; /* sorted by key; one reference each */
    size_t segment_count;
    struct cohort_revision **cohorts; /* sorted by id; one reference each */
    size_t cohort_count;
    bool is_changed;
};

void draft_open(struct draft *draft, const struct snapshot *snapshot,
                const struct catalog_environment *environment);
void draft_close(struct draft *draft);
void draft_copy(struct draft *copy, const struct draft *draft);
/* The state a draft stands for; its arrays live in the arena. */
struct environment_state draft_state(const struct draft *draft, struct arena *arena);
/* NULL takes the key out. A revision's reference is taken over. */
void draft_put_flag(struct draft *draft, struct str key, struct flag_revision *revision);
void draft_put_segment(struct draft *draft, struct str key, struct segment_revision *revision);
void draft_put_cohort(struct draft *draft, struct str id, struct cohort_revision *revision);
struct flag_revision *draft_find_flag(const struct draft *draft, struct str key); /* or NULL */
struct cohort_revision *draft_find_cohort(const struct draft *draft, struct str id);
/* What it is made of; borrows from it. */
struct snapshot_parts draft_parts(const struct draft *draft, int64_t now_ms);
struct snapshot *draft_compile(const struct draft *draft, int64_t now_ms);

/* Members as they are stored, made on the thread of whoever brings them. */
struct stored_members {
    const struct cohort_members *members; /* NULL: none were named */
    struct buf bytes;
    struct cohort_digest digest;
};
void stored_members_open(struct stored_members *stored, const struct cohort_members *members);
void stored_members_close(struct stored_members *stored);

enum staged_kind { STAGED_FLAG, STAGED_SEGMENT, STAGED_COHORT, STAGED_SETTINGS };
struct staged {
    enum staged_kind kind;
    struct str key;
    const struct flag *flag;       /* NULL: deleted */
    const struct segment *segment; /* NULL: deleted */
    const struct cohort *cohort;   /* NULL: deleted */
    struct cohort_digest digest;   /* STAGED_COHORT */
    struct str members;            /* STAGED_COHORT: their stored form; absent: stored already */
    struct environment_settings settings;
    struct str object_id;
    struct reused reused; /* by what is created: reuse.h */
    bool brings_id;       /* came with an id of its own, which may have a history */
    bool was_there;       /* before this edit */
    bool is_same;         /* as it was there: no revision */
};

enum { STAGED_KIND_COUNT = STAGED_SETTINGS + 1 };

struct edit {
    struct arena *arena;
    const struct draft *draft;
    const struct stored_members *stored;
    int64_t now_ms;
    struct environment_state state;
    struct number_table *numbers;      /* of draft; made when first asked for */
    struct pattern_admission patterns; /* those this edit brings */
    struct staged *staged; /* one per key: what is staged again takes the place of what was */
    size_t staged_count, staged_capacity;
    struct map places[STAGED_KIND_COUNT]; /* key -> index into staged */
    bool is_growth_acknowledged;          /* it does much, and that is meant: growth.h */
    bool is_reuse_acknowledged;           /* it takes keys over, and that is meant: reuse.h */
};

void edit_open(struct edit *edit, struct arena *arena, const struct draft *draft,
               const struct stored_members *stored, int64_t now_ms);
enum revision_kind staged_revision_kind(enum staged_kind kind);
bool staged_is_deletion(const struct staged *staged);
bool staged_leaves_no_trace(const struct staged *staged); /* put and deleted again: never was */
bool staged_makes_a_revision(const struct staged *staged);
void report_fill(struct change *change, const struct edit *edit, const struct draft *after);

/* One change inside the group's transaction: runs the edit against draft, checks, writes. On
 * success *draft is the environment after it; on a fault it is untouched and so is the store, once
 * the caller has rolled its savepoint back. Faults live in change->arena. */
struct fault apply_environment_change(struct store *store, struct draft *draft,
                                      struct change *change,
                                      const struct stored_members *stored) MUST_CHECK;
/* Apps, keys, deployments, quotas: what the catalog is made of. */
struct fault apply_catalog_change(struct store *store, const struct catalog *catalog,
                                  struct change *change) MUST_CHECK;
/* What every change writes last: who did what, and that it was asked for (change.once). */
struct fault append_audit(struct store *store, const struct change *change, struct str app_id,
                          struct str subject, struct str detail) MUST_CHECK;
/* A fault made on the way lives in memory that dies with the group: moved to the caller's. */
struct fault keep_fault(struct change *change, struct fault fault);
/* What they share (credentials.c). */
struct fault find_environment(const struct catalog *catalog, uint64_t number,
                              const struct catalog_environment **environment) MUST_CHECK;
struct fault check_credential_room(const struct catalog *catalog, size_t more) MUST_CHECK;
/* A row for a new secret; what it opens is the caller's to add. */
struct credential_row make_credential(const struct change *change, struct str id_prefix,
                                      enum credential_kind kind, struct str tag,
                                      struct str *secret);

/* One kind of change of the catalog each: keys and deployments (credentials.c), tokens (tokens.c),
 * apps and environments (apps.c), users (users.c). */
typedef struct fault catalog_applier(struct store *store, const struct catalog *catalog,
                                     struct change *change) MUST_CHECK;
catalog_applier create_key, create_deployment, edit_deployment, create_project_keys;
catalog_applier revoke_credential, create_token;
catalog_applier create_app, edit_app, create_environment, set_quota;
catalog_applier create_user, edit_user, delete_user, set_password;

/* Config requests per environment and month (quota.c). */
enum { QUOTA_PAGES = 128, QUOTA_PAGE_COUNTERS = 256 };
struct quota_page {
    _Atomic uint64_t uses[QUOTA_PAGE_COUNTERS]; /* month << 40 | requests in it */
    uint64_t written[QUOTA_PAGE_COUNTERS];      /* the writer thread's: what the store has */
};
struct quotas {
    _Atomic(struct quota_page *) pages[QUOTA_PAGES];
};
void quotas_cover(struct quotas *quotas, uint64_t environment); /* writer thread */
bool quotas_count(struct quotas *quotas, uint64_t environment, uint64_t quota, int64_t now_ms);
uint64_t quotas_used(struct quotas *quotas, uint64_t environment, int64_t now_ms);
struct fault quotas_load(struct quotas *quotas, struct store *store, int64_t now_ms) MUST_CHECK;
struct fault quotas_write(struct quotas *quotas, struct store *store) MUST_CHECK;
void quotas_close(struct quotas *quotas);

/* Something that waits for the writer: a change, or an answer to keep. */
struct job {
    struct job *next;
    struct change *change;          /* NULL: an answer */
    const struct change_once *once; /* of the answer */
    struct str sealed;
    struct stored_members stored;
    struct fault fault;
    sem_t done;
};

struct stage; /* stage.h */

struct changer {
    struct change_config config;
    struct stage *stage; /* NULL: nothing is rehearsed; the writer thread's */
    struct store *store; /* the writer connection; NULL when read-only */
    struct ingest *ingest;
    struct view *view; /* the newest, one reference, the writer thread's */
    struct quotas quotas;
    pthread_t thread;
    pthread_mutex_t reading; /* guards reader */
    struct store *reader;    /* change_read_store's connection; NULL when the store is away */
    pthread_mutex_t finding; /* guards finder */
    struct store *finder;    /* change_find_once's: it never waits for those who read for long */

    _Atomic bool is_backing_up; /* change/backup.h */

    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t wake;
    struct job *first, *last;
    size_t waiting;
    bool is_stopping;
    bool has_events;
    bool has_notes;
    struct change_counters counters;
};

/* Removes copies that a crash left half made. The store is open, so nobody makes one. */
void backups_sweep(struct str directory);

void *writer_run(void *changer);

#endif
