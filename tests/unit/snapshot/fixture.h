/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixture - one app with one environment: a flag with provenance, a cohort, two deployments (one
 * archived) and a credential of every sort that can be told apart on disk.
 */
#ifndef SNAPSHOT_FIXTURE_H
#define SNAPSHOT_FIXTURE_H

#include "base/memory.h"
#include "base/random.h"
#include "snapshot/snapshot.h"

#include "test.h"

enum { FIXTURE_ENVIRONMENT = 7, FIXTURE_DEPLOYMENT = 11, FIXTURE_ARCHIVED = 12 };

static inline struct flag fixture_flag(struct arena *arena, struct str key)
{
    struct flag flag = {
        .id = STR("flag_1"),
        .key = key,
        .type = VALUE_STRING,
        .description = STR("a flag"),
        .owner = STR("qa"),
        .lifecycle = LIFECYCLE_ACTIVE,
        .is_enabled = true,
        .is_on_all_deployments = true,
        .variation_count = 1,
        .off_variation = STR("default"),
        .fallthrough = {.kind = SERVE_VARIATION, .variation = STR("default")},
    };
    flag.variations = ARENA_NEW(arena, struct variation);
    flag.variations[0] =
        (struct variation){.id = STR("default"), .value = json_make_string(STR("grüß\n\"dich\""))};
    return flag;
}

/* "member-0" to "member-<count - 1>"; one reference. */
static inline struct cohort_members *fixture_members(size_t count)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct cohort_builder *builder = cohort_builder_open();
    for (size_t i = 0; i < count; i++)
        CHECK_OK(cohort_builder_add(builder, arena_format(&arena, "member-%zu", i)));
    struct cohort_members *members = NULL;
    CHECK_OK(cohort_builder_finish(builder, &members));
    arena_close(&arena);
    return members;
}

static inline struct cohort_revision *fixture_cohort(struct str id, size_t count)
{
    struct cohort_members *members = fixture_members(count);
    struct buf stored_form;
    buf_open(&stored_form, SIZE_MAX);
    cohort_members_encode(members, &stored_form);
    struct cohort_digest digest = cohort_digest_of(buf_str(&stored_form));
    const struct cohort cohort = {
        .id = id,
        .name = STR("Beta testers"),
        .group_type = STR("User"),
        .modified_ms = 1234,
        .size = cohort_members_count(members),
        .members = members,
    };
    struct cohort_revision *revision = cohort_revision_make(&cohort, &digest);
    buf_close(&stored_form);
    cohort_members_release(members);
    return revision;
}

static inline struct credential_row fixture_credential(struct str id, enum credential_kind kind,
                                                       unsigned char hash)
{
    struct credential_row row = {
        .id = id, .kind = kind, .shown = STR("shown_"), .tail = STR("abcd"), .created_ms = 5};
    for (size_t i = 0; i < sizeof(row.hash.bytes); i++)
        row.hash.bytes[i] = hash;
    return row;
}

static inline struct catalog *fixture_catalog(uint64_t version)
{
    static const uint64_t listed[] = {3, FIXTURE_ENVIRONMENT, 8}; /* only one of them is there */
    const struct user_row user = {STR("user_1"), STR("owner@localhost"), ROLE_OWNER, 1};
    const struct app_row app = {STR("app_1"), STR("shop"), STR("user_1"), false, 2};
    const struct environment_row environment = {
        FIXTURE_ENVIRONMENT, STR("env_1"), STR("app_1"), STR("production"), version, 3, 4, true};
    const struct deployment_row deployments[] = {
        {FIXTURE_DEPLOYMENT, FIXTURE_ENVIRONMENT, STR("web"), STR("client-abc"),
         CREDENTIAL_CLIENT_DEPLOYMENT, false, 6},
        {FIXTURE_ARCHIVED, FIXTURE_ENVIRONMENT, STR("default"), STR("0123"), CREDENTIAL_PROJECT_KEY,
         true, 7},
        {13, 99, STR("lost"), STR("client-lost"), CREDENTIAL_CLIENT_DEPLOYMENT, false, 8},
    };
    struct credential_row rows[] = {
        fixture_credential(STR("key_1"), CREDENTIAL_SERVER_KEY, 9),
        fixture_credential(STR("key_2"), CREDENTIAL_CLIENT_DEPLOYMENT, 10),
        fixture_credential(STR("key_3"), CREDENTIAL_PROJECT_KEY, 11),
        fixture_credential(STR("key_4"), CREDENTIAL_PROJECT_SECRET, 12),
        fixture_credential(STR("token_1"), CREDENTIAL_ENVIRONMENT, 13),
        fixture_credential(STR("token_2"), CREDENTIAL_ENVIRONMENT, 14),
    };
    for (size_t i = 0; i < 4; i++) {
        rows[i].app_id = STR("app_1");
        rows[i].environment = FIXTURE_ENVIRONMENT;
    }
    rows[1].deployment = FIXTURE_DEPLOYMENT;
    rows[2].deployment = FIXTURE_ARCHIVED;
    rows[4].name = STR("ci");
    rows[4].environments = listed;
    rows[4].environment_count = COUNT_OF(listed);
    rows[4].expires_ms = 1000;
    rows[4].is_read_only = true;
    rows[5].environments = listed; /* only one that is not there */
    rows[5].environment_count = 1;
    const struct catalog_parts parts = {
        .users = &user,
        .user_count = 1,
        .apps = &app,
        .app_count = 1,
        .environments = &environment,
        .environment_count = 1,
        .credentials = rows,
        .credential_count = COUNT_OF(rows),
        .deployments = deployments,
        .deployment_count = COUNT_OF(deployments),
    };
    return catalog_make(&parts);
}

/* Two flags and two cohorts, the second as large as asked for; one reference. */
static inline struct snapshot *fixture_snapshot(uint64_t version, size_t member_count)
{
    struct arena arena;
    arena_open(&arena, 1024);
    const struct provenance provenance = {.number = 41,
                                          .sequence = 3,
                                          .created_ms = 100,
                                          .modified_ms = 300,
                                          .created_by = STR("owner@localhost"),
                                          .modified_by = STR("token_1")};
    const struct provenance other = {.number = 5, .sequence = 1, .created_ms = 9, .modified_ms = 9};
    struct flag first = fixture_flag(&arena, STR("greeting"));
    struct flag second = fixture_flag(&arena, STR("zoo"));
    second.id = STR("flag_2");
    struct flag_revision *flags[] = {flag_revision_make(&first, &provenance),
                                     flag_revision_make(&second, &other)};
    struct cohort_revision *cohorts[] = {fixture_cohort(STR("beta"), 3),
                                         fixture_cohort(STR("large"), member_count)};
    const struct snapshot_parts parts = {
        .environment = FIXTURE_ENVIRONMENT,
        .version = version,
        .app_id = STR("app_1"),
        .name = STR("production"),
        .settings = {.document_form = DOCUMENT_FORM_CORE},
        .flags = flags,
        .flag_count = COUNT_OF(flags),
        .cohorts = cohorts,
        .cohort_count = COUNT_OF(cohorts),
    };
    struct snapshot *snapshot = snapshot_make(&parts);
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        flag_revision_release(flags[i]);
    for (size_t i = 0; i < COUNT_OF(cohorts); i++)
        cohort_revision_release(cohorts[i]);
    arena_close(&arena);
    return snapshot;
}

static inline void fixture_render(struct snapshot *snapshot)
{
    snapshot->renderings[0].headers =
        arena_format(&snapshot->arena, "version %llu", (unsigned long long)snapshot->version);
}

static inline struct view *fixture_view(uint64_t version, size_t member_count)
{
    random_open();
    struct catalog *catalog = fixture_catalog(version);
    struct snapshot *snapshot = fixture_snapshot(version, member_count);
    fixture_render(snapshot);
    struct view *view = view_make(catalog, &snapshot, false);
    snapshot_release(snapshot);
    catalog_release(catalog);
    return view;
}

#endif
