/* SPDX-License-Identifier: Apache-2.0 */
/* Finding things in a snapshot and in the catalog; who is let in by which credential. */
#include "fixture.h"

TEST(flags_are_found_by_key_and_by_number)
{
    struct snapshot *snapshot = fixture_snapshot(1, 2);
    struct flag_revision *greeting = snapshot_find_flag(snapshot, STR("greeting"));
    assert_non_null(greeting);
    CHECK_INT(greeting->provenance.number, 41);
    CHECK(snapshot_find_number(snapshot, 41) == greeting);
    CHECK(snapshot_find_number(snapshot, 5) == snapshot_find_flag(snapshot, STR("zoo")));
    CHECK(snapshot_find_number(snapshot, 0) == NULL);
    CHECK(snapshot_find_number(snapshot, 42) == NULL);
    CHECK(snapshot_find_flag(snapshot, STR("goo")) == NULL);
    CHECK(snapshot_find_flag(snapshot, STR("zoom")) == NULL);
    snapshot_release(snapshot);
}

enum { MANY = 3000 };

TEST(every_number_of_many_is_found)
{
    random_open();
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag_revision **flags = ARENA_NEW_ARRAY(&arena, struct flag_revision *, MANY);
    struct flag flag = fixture_flag(&arena, STR("key"));
    for (size_t i = 0; i < MANY; i++) { /* numbers with gaps, as a busy counter leaves them */
        const struct provenance provenance = {.number = (MANY - i) * 1024};
        flags[i] = flag_revision_make(&flag, &provenance);
    }
    struct number_table table = number_table_make(&arena, flags, MANY);
    for (uint64_t number = 1; number <= (uint64_t)MANY * 1024 + 1024; number += 512) {
        struct flag_revision *found = number_table_find(&table, flags, number);
        bool is_there = number % 1024 == 0 && number <= (uint64_t)MANY * 1024;
        CHECK((found != NULL) == is_there);
    }
    for (size_t i = 0; i < MANY; i++) {
        CHECK(number_table_find(&table, flags, flags[i]->provenance.number) == flags[i]);
        flag_revision_release(flags[i]);
    }
    arena_close(&arena);
}

TEST(a_flag_without_a_number_is_found_by_none)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct flag flag = fixture_flag(&arena, STR("key"));
    struct flag_revision *revision = flag_revision_make(&flag, NULL);
    CHECK_INT(revision->provenance.number, 0);
    struct number_table table = number_table_make(&arena, &revision, 1);
    CHECK(number_table_find(&table, &revision, 0) == NULL);
    flag_revision_release(revision);
    arena_close(&arena);
}

TEST(cohorts_are_in_the_state_and_have_their_members)
{
    struct snapshot *snapshot = fixture_snapshot(1, 50);
    CHECK_INT(snapshot->state.cohort_count, 2);
    const struct cohort *large = environment_find_cohort(&snapshot->state, STR("large"));
    assert_non_null(large);
    CHECK(large == &snapshot_find_cohort(snapshot, STR("large"))->cohort);
    CHECK_INT(large->size, 50);
    CHECK(cohort_has(large, STR("member-49")));
    CHECK(!cohort_has(large, STR("member-50")));
    CHECK(snapshot_find_cohort(snapshot, STR("larg")) == NULL);
    snapshot_release(snapshot);
}

/* ---- the catalog -------------------------------------------------------------------------- */

TEST(an_archived_deployment_is_listed_and_its_key_opens_nothing)
{
    struct catalog *catalog = fixture_catalog(1);
    CHECK_INT(catalog->deployment_count, 2); /* the one of no environment is left out */
    const struct catalog_deployment *web = catalog_find_deployment(catalog, FIXTURE_DEPLOYMENT);
    CHECK_STR(web->key, STR("client-abc"));
    CHECK(!web->is_archived);
    CHECK(catalog_find_deployment(catalog, FIXTURE_ARCHIVED)->is_archived);
    CHECK(catalog_find_deployment(catalog, 13) == NULL);
    CHECK(catalog_find_deployment(catalog, 1) == NULL);
    CHECK(catalog_find_default_deployment(catalog, FIXTURE_ENVIRONMENT) ==
          catalog_find_deployment(catalog, FIXTURE_ARCHIVED));
    CHECK(catalog_find_default_deployment(catalog, 99) == NULL);
    CHECK(catalog_find_credential(catalog, STR("key_2")) != NULL);
    CHECK(catalog_find_credential(catalog, STR("key_3")) == NULL);
    for (size_t i = 0; i < catalog->keyring.entry_count; i++)
        CHECK(catalog->keyring.entries[i].hash.bytes[0] != 11);
    catalog_release(catalog);
}

TEST(callers_say_what_they_read_and_manage)
{
    struct catalog *catalog = fixture_catalog(1);
    CHECK_INT(catalog->keyring.entry_count, 4);
    const struct caller *deployment = &catalog->keyring.entries[1].caller;
    CHECK_INT(deployment->kind, CREDENTIAL_CLIENT_DEPLOYMENT);
    CHECK_INT(deployment->deployment, FIXTURE_DEPLOYMENT);
    CHECK_INT(deployment->environment, FIXTURE_ENVIRONMENT);
    CHECK_STR(deployment->app_id, STR("app_1"));
    const struct caller *token = &catalog->keyring.entries[3].caller;
    CHECK_INT(token->kind, CREDENTIAL_ENVIRONMENT);
    CHECK_STR(token->actor, STR("token_1"));
    CHECK_INT(token->environment_count, 1); /* the others are not there */
    CHECK(caller_sees_environment(token, STR("app_1"), FIXTURE_ENVIRONMENT));
    CHECK(!caller_sees_environment(token, STR("app_1"), 3));
    CHECK(token->is_read_only);
    CHECK(caller_may_read(token));
    CHECK(!caller_may_write(token));
    CHECK(!deployment->is_read_only);
    CHECK_STR(catalog_find_user(catalog, STR("user_1"))->email, STR("owner@localhost"));
    CHECK(catalog_find_user(catalog, STR("user_2")) == NULL);
    CHECK(catalog_find_user_by_email(catalog, STR("Owner@LOCALHOST")) == &catalog->users[0]);
    CHECK(catalog_find_user_by_email(catalog, STR("owner@local")) == NULL);
    CHECK(catalog_find_credential(catalog, STR("token_2")) == NULL); /* manages nothing at all */
    CHECK_STR(catalog_find_credential(catalog, STR("token_1"))->name, STR("ci"));
    catalog_release(catalog);
}

TESTS(flags_are_found_by_key_and_by_number, every_number_of_many_is_found,
      a_flag_without_a_number_is_found_by_none, cohorts_are_in_the_state_and_have_their_members,
      an_archived_deployment_is_listed_and_its_key_opens_nothing,
      callers_say_what_they_read_and_manage)
