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
#include "eval/ruleset.h"
#include "model/environment.h"
#include "store/store.h"

/* A flag or a segment at one revision, shared by every snapshot in which it is current. */
struct flag_revision {
    _Atomic uint32_t references;
    struct arena arena; /* holds flag and what it borrows */
    struct flag flag;
};
struct segment_revision {
    _Atomic uint32_t references;
    struct arena arena;
    struct segment segment;
};

struct flag_revision *flag_revision_make(const struct flag *flag); /* copies; one reference */
void flag_revision_acquire(struct flag_revision *revision);
void flag_revision_release(struct flag_revision *revision);
struct segment_revision *segment_revision_make(const struct segment *segment);
void segment_revision_acquire(struct segment_revision *revision);
void segment_revision_release(struct segment_revision *revision);

/* A body rendered once and served many times. */
struct rendered {
    struct str body;
    struct str etag;    /* quoted, ready for the header */
    struct str headers; /* whole lines, ready to send; empty where a dialect does without */
};

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
    struct environment_settings settings;
    struct rendered renderings[RENDERINGS_MAX];
};

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
};
/* Compiles; nothing is rendered yet. One reference, the caller's. */
struct snapshot *snapshot_make(const struct snapshot_parts *parts);

/* Fills renderings[] of a snapshot about to be published; each body lives in snapshot->arena.
 * A dialect hands this in through server/main.c, so that no lower row knows a vendor. */
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
    uint64_t monthly_quota; /* 0: none */
};
struct catalog_credential {
    struct str id, shown, tail;
    struct credential_hash hash;
    enum credential_kind kind;
    struct str user_id, app_id;
    uint64_t environment; /* number, 0: none */
    int64_t created_ms, expires_ms;
};
struct catalog_user {
    struct str id, email;
    enum role role;
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
    struct keyring keyring;
};

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
/* What a catalog is made of, as the store hands it out; copied. Credentials of environments or
 * apps that are not there are left out. */
struct catalog_parts {
    const struct user_row *users;
    size_t user_count;
    const struct app_row *apps;
    size_t app_count;
    const struct environment_row *environments; /* sorted by number */
    size_t environment_count;
    const struct credential_row *credentials;
    size_t credential_count;
};
struct catalog *catalog_make(const struct catalog_parts *parts); /* one reference */

void catalog_acquire(struct catalog *catalog);
void catalog_release(struct catalog *catalog);

struct view {
    _Atomic uint32_t references;
    uint64_t generation; /* grows by one with each publication in this process */
    struct catalog *catalog;
    struct snapshot **snapshots; /* snapshots[i] belongs to catalog->environments[i] */
    bool is_read_only; /* started from disk without a store: reads served, writes refused */
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
