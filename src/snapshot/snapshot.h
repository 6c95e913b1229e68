/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot - what readers see.
 *
 * A view is the whole server at one moment: the catalog (apps, environments, credentials) and, per
 * environment, one immutable snapshot: its state, its ruleset, its version, and bodies rendered
 * ahead. A view never changes after publication, so reading it needs no lock; a newer one takes
 * its place, and the last reader to let go frees what no newer view shares.
 *
 * Made by change/ alone, and by disk.h when there is no store. Read by every dialect, pinned to
 * its exchange.
 */
#ifndef SNAPSHOT_SNAPSHOT_H
#define SNAPSHOT_SNAPSHOT_H

#include <stdatomic.h>

#include "auth/keyring.h"
#include "base/map.h"
#include "eval/ruleset.h"
#include "model/environment.h"
#include "store/store.h"

struct kept_body; /* kept.c */

/* Who made a flag and who changed it last. */
struct provenance {
    uint64_t number; /* 1, 2, …: the flag's numeric identity, over all environments, never reused */
    uint64_t sequence; /* 1, 2, …: its revisions so far */
    int64_t created_ms, modified_ms;
    struct str created_by, modified_by; /* actors, as in the audit trail */
};

/*
 * What a dialect prepares of a revision or of a snapshot, once, when it is first asked for: most
 * servers are spoken to in one language, and most flags of a large environment by few. Whoever
 * comes first makes it, on any thread, so it lives in an arena of its own; what is kept never
 * changes again. First member of what a dialect keeps there (annex.c).
 */
struct annex {
    struct arena arena; /* holds the annex itself and all it refers to */
};
typedef _Atomic(struct annex *) annex_slot;
enum { ANNEXES_MAX = 5 }; /* each dialect's header says which are its own */

/* `bytes` large, zeroed but for its arena, in which there is room for `more` bytes besides. */
void *annex_make(size_t bytes, size_t more);
/* Takes over mine and returns what is kept from now on: mine, or, when somebody was faster, theirs.
 */
const void *annex_keep(annex_slot *slot, void *mine);
/* NULL until somebody has made it. Good as long as the revision or snapshot is held. */
static inline const void *annex_find(const annex_slot *slot)
{
    return atomic_load_explicit(slot, memory_order_acquire);
}

/* A flag or a segment at one revision, shared by every snapshot in which it is current. */
struct flag_revision {
    _Atomic uint32_t references;
    struct arena arena; /* holds the revision itself and what it borrows: of just that size */
    _Atomic uint32_t steps_and_one; /* 0: not counted yet; snapshot/cost.h */
    struct flag flag;
    struct provenance provenance;
    annex_slot annexes[ANNEXES_MAX];
};
struct segment_revision {
    _Atomic uint32_t references;
    struct arena arena;
    struct segment segment;
    annex_slot annexes[ANNEXES_MAX];
};

/* Names a cohort's members by content: SHA-256 of their stored form (cohort_members_encode). */
enum { COHORT_DIGEST_BYTES = 32 };
struct cohort_digest {
    unsigned char bytes[COHORT_DIGEST_BYTES];
};
struct cohort_digest cohort_digest_of(struct str stored_form);

/* A cohort's revision is shared the same way; its members by all revisions that have the same. */
struct cohort_revision {
    _Atomic uint32_t references;
    struct arena arena;
    struct cohort cohort; /* holds one reference of its members */
    struct cohort_digest digest;
};

/* Copies; one reference, the caller's. A flag without provenance (NULL) has none, number 0. */
struct flag_revision *flag_revision_make(const struct flag *flag,
                                         const struct provenance *provenance);
/* Copies the texts, acquires the members. */
struct cohort_revision *cohort_revision_make(const struct cohort *cohort,
                                             const struct cohort_digest *digest);
void cohort_revision_acquire(struct cohort_revision *revision);
void cohort_revision_release(struct cohort_revision *revision);
void flag_revision_acquire(struct flag_revision *revision);
void flag_revision_release(struct flag_revision *revision);
struct segment_revision *segment_revision_make(const struct segment *segment);
void segment_revision_acquire(struct segment_revision *revision);
void segment_revision_release(struct segment_revision *revision);

/* Places in an array of revisions by the flags' numbers. */
struct number_table {
    uint32_t *slots;   /* index + 1; 0: empty */
    size_t slot_count; /* power of two; 0: nothing is found */
};
struct number_table number_table_make(struct arena *arena, struct flag_revision *const *flags,
                                      size_t count);
/* NULL when there is none. flags: those it was made of. */
struct flag_revision *number_table_find(const struct number_table *table,
                                        struct flag_revision *const *flags, uint64_t number);

/* What is said of every answer of a version; the body is kept apart (snapshot_keep_body). */
struct rendered {
    struct str etag;    /* quoted, ready for the header */
    struct str headers; /* whole lines, ready to send; empty where a dialect does without */
};

enum { KEPT_LISTS = 16 };
enum { RENDERINGS_MAX = 4 }; /* slots a dialect's renderer fills; see snapshot_renderer */

struct snapshot {
    _Atomic uint32_t references;
    struct arena arena;
    uint64_t environment; /* number */
    uint64_t version;
    int64_t published_ms;
    struct environment_state state;
    const struct ruleset *rules;
    struct flag_revision **flags; /* state.flags[i] is &flags[i]->flag */
    struct segment_revision **segments;
    struct cohort_revision **cohorts; /* state.cohorts[i] is &cohorts[i]->cohort */
    struct environment_settings settings;
    struct rendered renderings[RENDERINGS_MAX];
    annex_slot annexes[ANNEXES_MAX];
    _Atomic uint32_t asked;      /* what its readers asked for: snapshot_note_asked */
    struct number_table numbers; /* of flags */
    /* Bodies made when first asked for: snapshot_keep_body. Lists by hash of the name. */
    _Atomic(struct kept_body *) kept[KEPT_LISTS];
};

/*
 * A body made on demand, by whichever reader comes first, and kept with the snapshot for all after
 * it: a document per deployment, its compressed form. Reference counted, so that a slow writer to a
 * socket can hold it longer than the snapshot lives.
 */
struct shared_body {
    _Atomic uint32_t references;
    struct str body;
    uint64_t digest; /* of the body: equal bodies have equal digests, others hardly ever; of this
                        process alone */
};
/* Takes the bytes over and leaves the buf empty; one reference, the caller's. */
struct shared_body *shared_body_make(struct buf *buf);
void shared_body_acquire(struct shared_body *body);
void shared_body_release(void *body); /* void *: it is an http_response.release */

/* The body kept under this name (a dialect's choice: form and deployment), or NULL. Borrowed: good
 * as long as the snapshot is held. */
struct shared_body *snapshot_find_body(const struct snapshot *snapshot, uint64_t name);
/* Keeps body under name and takes over the reference; when somebody was faster, theirs is returned
 * and this one is released. Any thread, no lock. */
struct shared_body *snapshot_keep_body(const struct snapshot *snapshot, uint64_t name,
                                       struct shared_body *body);

/* The flag with this numeric identity, or NULL. Constant time. */
struct flag_revision *snapshot_find_number(const struct snapshot *snapshot, uint64_t number);
struct flag_revision *snapshot_find_flag(const struct snapshot *snapshot, struct str key);
struct cohort_revision *snapshot_find_cohort(const struct snapshot *snapshot, struct str id);

/* What a snapshot is made of; all of it is copied or gains a reference. */
struct snapshot_parts {
    uint64_t environment, version;
    int64_t now_ms;
    struct str app_id, name;
    struct environment_settings settings;
    struct flag_revision *const *flags; /* sorted by key */
    size_t flag_count;
    struct segment_revision *const *segments; /* sorted by key */
    size_t segment_count;
    struct cohort_revision *const *cohorts; /* sorted by id */
    size_t cohort_count;
};
/* Compiles; nothing is rendered yet. One reference, the caller's. */
struct snapshot *snapshot_make(const struct snapshot_parts *parts);

/*
 * What is made of a snapshot for all its readers is made by the first who asks, and that takes the
 * longer the more flags there are. Who asked in one version will ask in the next: then it is made
 * before that is published, and nobody waits for it.
 *
 * Readers note what they ask for, as bits: 1 << n for the annex n, and those from
 * SNAPSHOT_BODIES_ASKED on for bodies, as dialects' headers say. A renderer looks what was asked of
 * the version before.
 */
enum { SNAPSHOT_BODIES_ASKED = 1 << ANNEXES_MAX };
void snapshot_note_asked(const struct snapshot *snapshot, uint32_t answers);
bool snapshot_is_asked(const struct snapshot *snapshot, uint32_t answer);
/* next, which is not published yet, will be asked for what last was. */
void snapshot_expect(struct snapshot *next, const struct snapshot *last);

/* What flags and segments take in memory: SNAPSHOT_BYTES_MAX bounds it. */
size_t snapshot_document_bytes(const struct snapshot *snapshot);

/* Fills renderings[] of a snapshot about to be published, in snapshot->arena, and makes
 * ahead what will be asked for (snapshot_is_asked).
 * A dialect hands this in through server/routes.c, so that no lower row knows a vendor. */
typedef void (*snapshot_renderer)(struct snapshot *snapshot);

/* The catalog: who and what exists. Immutable, shared by views until an app, an environment or a
 * credential changes. */
struct catalog_app {
    struct str id, name, owner_user_id;
    bool hides_flags_by_default;
    int64_t created_ms;
    const uint32_t *environments; /* indices into catalog.environments, in creation order */
    size_t environment_count;
};
struct catalog_environment {
    uint64_t number;
    struct str id, name, app_id;
    uint32_t app; /* index into catalog.apps */
    int64_t created_ms;
    uint64_t monthly_quota;      /* 0: none */
    bool hides_flags_by_default; /* until settings are written */
};
struct catalog_credential {
    struct str id, shown, tail;
    struct str name; /* absent when not set */
    struct credential_hash hash;
    enum credential_kind kind;
    struct str user_id, app_id;
    uint64_t environment;         /* number, 0: none */
    uint64_t deployment;          /* number, 0: none */
    const uint64_t *environments; /* CREDENTIAL_ENVIRONMENT: numbers, ascending */
    size_t environment_count;
    int64_t created_ms, expires_ms;
    bool is_read_only;
};
/* A delivery channel inside an environment, with a key of its own. The key is kept readable: the
 * API shows it (decision 6). */
struct catalog_deployment {
    uint64_t number; /* 1, 2, …: over all environments */
    uint64_t environment;
    struct str label, key;
    enum credential_kind kind; /* CLIENT_DEPLOYMENT, SERVER_DEPLOYMENT or PROJECT_KEY */
    bool is_archived;          /* its key opens nothing */
    int64_t created_ms;
};
struct catalog_user {
    struct str id, email;
    enum role role;
    int64_t created_ms;
};
struct catalog {
    _Atomic uint32_t references;
    struct arena arena;
    struct catalog_user *users;
    size_t user_count;
    struct catalog_app *apps; /* by creation */
    size_t app_count;
    struct catalog_environment *environments; /* by number */
    size_t environment_count;
    struct catalog_credential *credentials; /* by creation */
    size_t credential_count;
    struct map credential_places;           /* in credentials, by id */
    struct catalog_deployment *deployments; /* by number */
    size_t deployment_count;
    struct keyring keyring;
};

const struct catalog_user *catalog_find_user(const struct catalog *catalog, struct str id);
const struct catalog_user *catalog_find_user_by_email(const struct catalog *catalog,
                                                      struct str email); /* in any case */
const struct catalog_app *catalog_find_app(const struct catalog *catalog, struct str id);
const struct catalog_app *catalog_find_app_by_name(const struct catalog *catalog, struct str name);
const struct catalog_environment *catalog_find_environment(const struct catalog *catalog,
                                                           uint64_t number);
/* By name or by id, within one app. */
const struct catalog_environment *catalog_find_environment_of(const struct catalog *catalog,
                                                              const struct catalog_app *app,
                                                              struct str name_or_id);
const struct catalog_credential *catalog_find_credential(const struct catalog *catalog,
                                                         struct str id);
const struct catalog_deployment *catalog_find_deployment(const struct catalog *catalog,
                                                         uint64_t number);
/* The deployment that has the environment's project key, or NULL when none was ever made. */
const struct catalog_deployment *catalog_find_default_deployment(const struct catalog *catalog,
                                                                 uint64_t environment);
/* What a catalog is made of, as the store hands it out; copied. Credentials of environments or
 * apps that are not there are left out, and so are those of archived deployments: they open
 * nothing, and what they had opened ends. */
struct catalog_parts {
    const struct user_row *users;
    size_t user_count;
    const struct app_row *apps;
    size_t app_count;
    const struct environment_row *environments; /* sorted by number */
    size_t environment_count;
    const struct credential_row *credentials;
    size_t credential_count;
    const struct deployment_row *deployments; /* sorted by number */
    size_t deployment_count;
};
struct catalog *catalog_make(const struct catalog_parts *parts); /* one reference */

void catalog_acquire(struct catalog *catalog);
void catalog_release(struct catalog *catalog);

struct view {
    _Atomic uint32_t references;
    uint64_t generation; /* grows by one with each publication in this process */
    struct catalog *catalog;
    struct snapshot **snapshots; /* snapshots[i] belongs to catalog->environments[i] */
    bool is_read_only;         /* started from disk without a store: reads served, writes refused */
    struct view_slot *slot;    /* where it was published; NULL: nowhere yet */
    struct view *next_retired; /* view_slot_sweep */
};

/* One reference, the caller's; gains its own of the catalog and of each snapshot. snapshots[i]
 * belongs to catalog->environments[i]. */
struct view *view_make(struct catalog *catalog, struct snapshot *const *snapshots,
                       bool is_read_only);

const struct snapshot *view_find(const struct view *view, uint64_t environment);
const struct snapshot *view_of(const struct view *view,
                               const struct catalog_environment *environment);

/*
 * The slot holds the view that is current. Loading a shared pointer and then raising its count is
 * a race (it may be freed in between), so the slow path takes a lock; readers keep what they
 * acquired and only compare a generation between requests (view_reader).
 */
struct view_slot;
struct view_slot *view_slot_open(void);
void view_slot_close(struct view_slot *slot);
void view_publish(struct view_slot *slot, struct view *next); /* takes over next */
struct view *view_acquire(struct view_slot *slot); /* NULL before the first publication */
void view_release(struct view *view);
uint64_t view_generation(struct view_slot *slot);

/*
 * The last to let go of a published view is most often an event loop, and to free ten thousand
 * flags takes it longer than a thousand requests. So it is only put aside, and freed by whoever has
 * the time: the writer, between its groups. All views are let go of before their slot is closed.
 */
void view_slot_sweep(struct view_slot *slot);

/* One per thread: the view it holds, swapped between requests when a newer one is there. */
struct view_reader {
    struct view_slot *slot;
    struct view *view;
};
struct view *view_reader_refresh(struct view_reader *reader); /* borrowed until the next refresh */
void view_reader_close(struct view_reader *reader);

void snapshot_acquire(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot);

#endif
