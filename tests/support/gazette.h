/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gazette - views made by hand, for rooms below the one that writes: a few environments of one app,
 * each with a version and a text (renderings[0].headers), credentials with secrets that are told,
 * and a clock one can set.
 */
#ifndef SUPPORT_GAZETTE_H
#define SUPPORT_GAZETTE_H

#include <stdatomic.h>

#include "auth/secret.h"
#include "base/clock.h"
#include "base/random.h"
#include "snapshot/snapshot.h"
#include "test.h"

enum { GAZETTE_ENVIRONMENTS = 3, GAZETTE_CREDENTIALS_MAX = 16, GAZETTE_DEPLOYMENTS = 3 };

struct gazette {
    struct clock clock; /* first: its callbacks cast back */
    _Atomic int64_t now_ms;
    _Atomic int64_t put_back_ms; /* the clock on the wall, behind that */
    struct arena arena;
    struct view_slot *views;
    struct catalog *catalog;
    struct snapshot *snapshots[GAZETTE_ENVIRONMENTS];
    struct credential_row credentials[GAZETTE_CREDENTIALS_MAX];
    size_t credential_count;
    /* Deployment n (1, 2, …) belongs to environment n. */
    struct deployment_row deployments[GAZETTE_DEPLOYMENTS];
    enum role role; /* of user_1 */
    bool is_read_only;
};

static inline int64_t gazette_now(const struct clock *clock)
{
    return atomic_load(&((const struct gazette *)clock)->now_ms);
}

static inline int64_t gazette_wall(const struct clock *clock)
{
    return gazette_now(clock) - atomic_load(&((const struct gazette *)clock)->put_back_ms);
}

static inline void gazette_make_catalog(struct gazette *gazette)
{
    const struct user_row user = {
        .id = STR("user_1"), .email = STR("o@localhost"), .role = gazette->role};
    const struct app_row app = {
        .id = STR("app_1"), .name = STR("app"), .owner_user_id = STR("user_1")};
    struct environment_row environments[GAZETTE_ENVIRONMENTS];
    for (size_t i = 0; i < GAZETTE_ENVIRONMENTS; i++) {
        struct str name = arena_format(&gazette->arena, "env%zu", i + 1);
        environments[i] =
            (struct environment_row){.number = i + 1, .id = name, .app_id = app.id, .name = name};
    }
    const struct catalog_parts parts = {
        .users = &user,
        .user_count = 1,
        .apps = &app,
        .app_count = 1,
        .environments = environments,
        .environment_count = GAZETTE_ENVIRONMENTS,
        .credentials = gazette->credentials,
        .credential_count = gazette->credential_count,
        .deployments = gazette->deployments,
        .deployment_count = GAZETTE_DEPLOYMENTS,
    };
    if (gazette->catalog != NULL)
        catalog_release(gazette->catalog);
    gazette->catalog = catalog_make(&parts);
}

static inline void gazette_publish(struct gazette *gazette)
{
    view_publish(gazette->views,
                 view_make(gazette->catalog, gazette->snapshots, gazette->is_read_only));
}

static inline void gazette_set_text(struct gazette *gazette, uint64_t environment, uint64_t version,
                                    struct str text)
{
    const struct snapshot_parts parts = {.environment = environment,
                                         .version = version,
                                         .now_ms = gazette_now(&gazette->clock),
                                         .app_id = STR("app_1"),
                                         .name = STR("env")};
    struct snapshot *snapshot = snapshot_make(&parts);
    snapshot->renderings[0].headers = arena_copy_str(&snapshot->arena, text);
    struct snapshot **slot = &gazette->snapshots[environment - 1];
    if (*slot != NULL)
        snapshot_release(*slot);
    *slot = snapshot;
}

/* The next version of an environment says this, and everybody can see it. */
static inline void gazette_write(struct gazette *gazette, uint64_t environment, struct str text)
{
    gazette_set_text(gazette, environment, gazette->snapshots[environment - 1]->version + 1, text);
    gazette_publish(gazette);
}

/* The secret of a new credential; not published yet. */
static inline struct str gazette_add_credential(struct gazette *gazette, struct credential_row row)
{
    struct str shown;
    struct str secret = secret_make(&gazette->arena, row.kind, STR("t"), &shown);
    row.shown = shown;
    row.tail = secret_tail(secret);
    row.hash = secret_hash(secret);
    CHECK(gazette->credential_count < GAZETTE_CREDENTIALS_MAX);
    gazette->credentials[gazette->credential_count++] = row;
    gazette_make_catalog(gazette);
    return secret;
}

static inline void gazette_remove_credential(struct gazette *gazette, struct str id)
{
    size_t kept = 0;
    for (size_t i = 0; i < gazette->credential_count; i++) {
        if (!str_equal(gazette->credentials[i].id, id))
            gazette->credentials[kept++] = gazette->credentials[i];
    }
    CHECK_INT(kept + 1, gazette->credential_count);
    gazette->credential_count = kept;
    gazette_make_catalog(gazette);
}

static inline void gazette_open(struct gazette *gazette)
{
    random_open();
    *gazette = (struct gazette){.clock = {gazette_wall, gazette_now}, .role = ROLE_OWNER};
    atomic_store(&gazette->now_ms, 1893456000000); /* 2030-01-01 */
    arena_open(&gazette->arena, 4096);
    gazette->views = view_slot_open();
    for (size_t i = 0; i < GAZETTE_DEPLOYMENTS; i++)
        gazette->deployments[i] = (struct deployment_row){
            .number = i + 1,
            .environment = i + 1,
            .label = STR("label"),
            .key = arena_format(&gazette->arena, "server-%zu", i),
            .kind = CREDENTIAL_SERVER_DEPLOYMENT,
        };
    gazette_make_catalog(gazette);
    for (uint64_t i = 1; i <= GAZETTE_ENVIRONMENTS; i++)
        gazette_set_text(gazette, i, 1, STR("one"));
    gazette_publish(gazette);
}

static inline void gazette_close(struct gazette *gazette)
{
    view_slot_close(gazette->views);
    catalog_release(gazette->catalog);
    for (size_t i = 0; i < GAZETTE_ENVIRONMENTS; i++)
        snapshot_release(gazette->snapshots[i]);
    arena_close(&gazette->arena);
}

#endif
