/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change - the only writer of definitions.
 *
 * A change is one accepted mutation: it is applied to the newest state, checked, compiled, written
 * in one transaction with its audit row, published as a new view, announced, and only then
 * answered: durable, visible, announced, answered. Nothing is committed that does not compile.
 *
 * One writer thread owns the store's writer connection. It drains what is waiting into one
 * transaction (group commit), each change behind a savepoint of its own, so that many writers
 * share one sync and one bad change takes nobody along. Callers block until their change is
 * answered; call change_apply from pool threads only.
 *
 * A change whose caller's credential was revoked while it waited is FAULT_UNAUTHENTICATED. A person
 * who has just shown a password has no credential yet: such a caller has a user_id alone, and makes
 * a token of their own with it and nothing else.
 */
#ifndef CHANGE_CHANGE_H
#define CHANGE_CHANGE_H

#include "auth/keyring.h"
#include "base/clock.h"
#include "base/fault.h"
#include "ingest/ingest.h"
#include "ingest/notebook.h"
#include "snapshot/snapshot.h"
#include "store/store.h"

struct changer;
struct edit; /* change/edit.h: what an environment change may do */

enum change_kind {
    CHANGE_ENVIRONMENT, /* flags, segments, cohorts, settings of one environment: one version step
                         */
    CHANGE_CREATE_APP,  /* with its development, staging and production */
    CHANGE_CREATE_KEY,
    CHANGE_REVOKE_CREDENTIAL,
    CHANGE_SET_QUOTA,
    CHANGE_CREATE_DEPLOYMENT, /* with its key */
    CHANGE_EDIT_DEPLOYMENT,   /* label, archived or not */
    CHANGE_CREATE_TOKEN, /* by key_kind: CREDENTIAL_PERSONAL (user), _APP (app), _ENVIRONMENT */
    CHANGE_CREATE_PROJECT_KEYS, /* an environment's project key (with its default deployment, which
                                   is restored if it was archived) and project secret; a pair that
                                   was there is revoked */
    CHANGE_EDIT_APP,            /* name, what new environments hide */
    CHANGE_CREATE_ENVIRONMENT,  /* one more in an app */
    CHANGE_CREATE_USER,         /* e-mail and role, without a credential */
    CHANGE_EDIT_USER,           /* role */
    CHANGE_DELETE_USER,         /* and revokes all their tokens */
    CHANGE_SET_PASSWORD,        /* a person's, by what it will be checked against */
};

/* What becomes of a change that gives a key to a new flag, segment or cohort when another one had
 * it and was deleted (change/reuse.h). The trail says so in any case. */
enum reuse {
    REUSE_REFUSED,      /* FAULT_LIMIT, where is "reuse" */
    REUSE_ACKNOWLEDGED, /* it was said that this is meant */
    REUSE_UNASKED,      /* whoever asks has no word for it, or puts back what was there */
};

/* What had the key before; deleted_in is 0 when nothing had. */
struct reused {
    uint64_t deleted_in; /* version of the environment */
    struct str id;
};
/* The member "reuses": {"deletedIn":7,"id":"flag_…"}; none when nothing was reused. */
struct json_writer;
void reused_write(struct json_writer *writer, const struct reused *reused);

/* One object that a change touched, for who wants to see it. */
enum change_operation { CHANGED_CREATE, CHANGED_UPDATE, CHANGED_DELETE };
struct change_item {
    enum revision_kind kind;
    enum change_operation operation;
    struct str key;           /* of a flag or segment, id of a cohort, empty for settings */
    struct str before, after; /* canonical documents (codec.h); absent where there is none */
    struct reused reused;
};
struct change_report {
    const struct change_item *items; /* by kind, then key */
    size_t item_count;
    /* Keys of the flags whose decisions may differ from before, in key order: what evaluation reads
     * of them, or of something they lean on, is not what it was. */
    const struct str *affected;
    size_t affected_count;
};

/* What makes a change safe to ask for twice: kept in the change's own transaction. */
struct change_once {
    unsigned char key[32];         /* hash of who asks and the key they gave */
    unsigned char fingerprint[32]; /* hash of what they asked for */
};

struct change {
    enum change_kind kind;
    const struct caller *caller;
    struct arena *arena; /* results live here; the caller's until change_apply returns */
    struct str action;   /* for the audit trail: "flag.create" */
    struct str subject;  /* key or id of what is changed */

    /* CHANGE_ENVIRONMENT, CHANGE_CREATE_KEY, CHANGE_SET_QUOTA, CHANGE_CREATE_DEPLOYMENT,
     * CHANGE_CREATE_PROJECT_KEYS */
    uint64_t environment;
    uint64_t expected_version; /* FAULT_CONFLICT unless it is the current one; where that is said */
    /* CHANGE_ENVIRONMENT: runs on the writer thread against the newest state, touches memory only,
     * stages what it wants through change/edit.h. Its fault refuses the change whole. */
    struct fault (*edit)(struct edit *edit, void *input);
    void *input;
    /* CHANGE_ENVIRONMENT: those of the cohort the edit is going to put, if it is. Their stored form
     * is then made here, on the caller's thread, and not on the writer's. */
    const struct cohort_members *members;

    /* Refuses what is not as the caller thinks: called on the writer thread with the newest
     * catalog, before anything is done; its fault refuses the change. NULL: no condition. (An edit
     * checks for itself.) */
    struct fault (*guard)(const struct catalog *catalog, void *input);
    const struct change_once *once; /* or NULL. A key that was used is FAULT_CONFLICT, where is
                                       "idempotency-key" */

    struct str name; /* CHANGE_CREATE_APP, _ENVIRONMENT, _TOKEN, _KEY, CHANGE_EDIT_APP; the label in
                        CHANGE_*_DEPLOYMENT, absent: kept; the e-mail in CHANGE_CREATE_USER */
    struct str app_id;   /* CHANGE_EDIT_APP, _CREATE_ENVIRONMENT, CHANGE_CREATE_TOKEN of an app */
    struct str user_id;  /* CHANGE_*_USER, CHANGE_CREATE_TOKEN of a person, CHANGE_SET_PASSWORD */
    struct str verifier; /* CHANGE_SET_PASSWORD: auth/password.h; never in the trail */
    uint64_t deployment; /* CHANGE_EDIT_DEPLOYMENT */
    const uint64_t *environments; /* CHANGE_CREATE_TOKEN of environments: numbers */
    size_t environment_count;
    int64_t expires_ms;            /* CHANGE_CREATE_TOKEN; 0: never */
    struct str credential_id;      /* CHANGE_REVOKE_CREDENTIAL */
    uint64_t quota;                /* CHANGE_SET_QUOTA */
    enum role role;                /* CHANGE_CREATE_USER, CHANGE_EDIT_USER */
    enum credential_kind key_kind; /* CHANGE_CREATE_KEY, _CREATE_DEPLOYMENT, _CREATE_TOKEN */

    bool expects_version; /* see expected_version */
    /* CHANGE_ENVIRONMENT: a flag that is put as it was makes no revision of it. For edits that put
     * many at once; else who puts a flag means a new version of it. */
    bool keeps_same_flags;
    /* CHANGE_ENVIRONMENT: that it takes most flags away or makes twice as much of them is meant.
     * Without it such a change is FAULT_LIMIT, where is "growth" (change/growth.h). */
    bool acknowledges_growth;
    enum reuse reuse; /* CHANGE_ENVIRONMENT */
    /* Everything is done but kept: checks, versions and reports are as they would be, nothing is
     * written, published or announced, and no secret is made known. */
    bool is_dry_run;
    bool wants_report;                             /* CHANGE_ENVIRONMENT: fills report, in arena */
    bool is_read_only;                             /* CHANGE_CREATE_TOKEN */
    bool sets_hides_flags, hides_flags_by_default; /* CHANGE_EDIT_APP */
    bool sets_archived, is_archived;               /* CHANGE_EDIT_DEPLOYMENT */

    /* Results. */
    uint64_t version;      /* of the environment after the change */
    struct str created_id; /* app_…, key_… */
    struct str secret;     /* of a key, a token or a project: shown once */
    struct str key; /* CHANGE_CREATE_DEPLOYMENT, CHANGE_CREATE_PROJECT_KEYS: the readable one */
    uint64_t created_number; /* of the deployment, the environment, or of the first flag that was
                                created */
    int64_t at_ms;
    struct change_report report;
};

struct change_config {
    struct str directory; /* where the store and the snapshots on disk live */
    /* The first owner's token, where a first start is not to make one up: absent, or a personal
     * token by its form (auth/secret.h), else that start is FAULT_INVALID. */
    struct str bootstrap_token;
    const struct clock *clock;
    snapshot_renderer render;
    struct view_slot *slot;
    /* Not the store, but the newest whole snapshot on disk up to this generation is served, and
     * changes are FAULT_UNAVAILABLE: the store's state has crashed us. Without one, the store is
     * opened after all. 0: as ever. */
    uint64_t generation_max;
    /* Loaded when the store is opened, and stored by the writer thread. What is handed to
     * notebook_open as on_ready should lead to change_notice_notes. */
    struct notebook *const *notebooks;
    size_t notebook_count;
    size_t event_queue_bytes_max;
    size_t waiting_max; /* changes waiting beyond this are FAULT_UNAVAILABLE */
    /* Processor time of each step of a rehearsal (rehearsal.h), beyond what it is allowed for the
     * size of the environment; 0: changes are not rehearsed. */
    uint32_t rehearsal_ms;
    /* Called in the process that makes the ones changes are rehearsed in, before anything else
     * (stage.h): what it need not do it may be forbidden. NULL: nothing. */
    void (*fence)(void *context);
    /* Called on the writer thread after a view is visible, per environment that changed. */
    void (*on_published)(uint64_t environment, uint64_t version, void *context);
    /* The same when the catalog changed: a credential may be gone. NULL: nobody asks. */
    void (*on_catalog)(void *context);
    /* A first start made this token up; its owner is not there yet, and will not be without what is
     * done here. NULL: who opens has it from bootstrap, unless the process dies in between. */
    void (*on_token)(struct str token, void *context);
    void *context;
};

/* What a first start made; secrets appear here once and nowhere else. */
struct bootstrap {
    bool is_first_start;
    struct str owner_email;
    struct str token;    /* cli_…, in the arena given to change_open */
    bool is_token_given; /* it is the config's */
};

/* Opens the store, makes the owner on an empty one, follows every environment and publishes the
 * first view. When the store cannot be opened but a snapshot on disk can, the view is read-only and
 * every change is FAULT_UNAVAILABLE; *degraded then holds why. */
struct fault change_open(struct changer **changer, const struct change_config *config,
                         struct arena *arena, struct bootstrap *bootstrap,
                         struct fault *degraded) MUST_CHECK;
/* Finishes what is waiting, saves the snapshot, checkpoints, closes the store. */
void change_close(struct changer *changer);

/* Blocks until the change is durable, visible and announced, or refused. */
struct fault change_apply(struct changer *changer, struct change *change) MUST_CHECK;

/* Runs read(store, input) with a reading connection, one caller at a time; for pool threads.
 * FAULT_UNAVAILABLE when the store is away. */
struct fault change_read_store(struct changer *changer,
                               struct fault (*read)(struct store *store, void *input),
                               void *input) MUST_CHECK;

/* What was answered to a change that had `once`, for whoever asks again: bytes the caller has
 * sealed, stored by the writer thread. Blocks as change_apply does. */
struct fault change_keep_answer(struct changer *changer, const struct change_once *once,
                                struct str sealed) MUST_CHECK;

/* What was kept of a change that had this key; in the arena. Waits for nobody who reads for long.
 */
struct fault change_find_once(struct changer *changer, struct arena *arena,
                              const unsigned char key[32], struct once_row *row,
                              bool *is_found) MUST_CHECK;

/* What a person's password is checked against; absent when none was ever set, or when there is
 * nobody with this id. Waits for nobody who reads for long. */
struct fault change_find_password(struct changer *changer, struct arena *arena, struct str user_id,
                                  struct str *verifier) MUST_CHECK;

struct ingest *change_ingest(struct changer *changer); /* events are stored by the same thread */
/* There are notes to write down; any thread, does not wait. */
void change_notice_notes(struct changer *changer);

/* Adds to an environment's use of this month's quota and says whether it is within it; memory
 * only, written down by the writer thread now and then. Thread-safe, no lock. */
bool change_count_config_request(struct changer *changer, uint64_t environment, uint64_t quota);
uint64_t change_config_requests_used(struct changer *changer, uint64_t environment);

struct change_counters {
    uint64_t applied, refused, groups, group_size_max;
    uint64_t waiting;
    uint64_t rehearsals, rehearsals_failed,
        rehearsals_skipped;     /* skipped: no process could be had */
    uint64_t saves_failed;      /* of the snapshot on disk; they are tried again */
    uint64_t saved_generation;  /* the newest on disk that is of this process; 0: none yet */
    uint64_t served_generation; /* from disk instead of the store: generation_max; 0: the store */
    bool is_read_only;          /* the store could not be opened, or has failed since: reads only */
};
struct change_counters change_counters_read(struct changer *changer);

#endif
