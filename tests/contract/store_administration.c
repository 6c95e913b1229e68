/* SPDX-License-Identifier: Apache-2.0 */
/* Users who come and go, apps that change their name, tokens that only look. */
#include "store_contract.h"

static size_t load_users(struct lab *lab, struct user_row **users)
{
    size_t count = 0;
    CHECK_OK(store_load_users(lab->store, &lab->arena, users, &count));
    return count;
}

static void insert_user(struct lab *lab, const char *id, const char *email)
{
    const struct user_row user = {str_of(id), str_of(email), ROLE_VIEWER, lab_now_ms + 1};
    CHECK_OK(store_insert_user(lab->store, &user));
}

TEST(a_role_changes_and_a_stranger_has_none)
{
    struct lab lab;
    struct user_row *users = NULL;
    lab_open(&lab);
    CHECK_OK(store_begin(lab.store));
    insert_user(&lab, "user_2", "ann@example.test");
    CHECK_OK(store_set_user_role(lab.store, STR("user_2"), ROLE_ADMIN));
    LAB_REFUSES(&lab, store_set_user_role(lab.store, STR("user_3"), ROLE_ADMIN), FAULT_MISSING);
    CHECK_OK(store_commit(lab.store));
    CHECK_INT(load_users(&lab, &users), 2);
    CHECK_INT(users[0].role, ROLE_OWNER);
    CHECK_INT(users[1].role, ROLE_ADMIN);
    lab_close(&lab);
}

TEST(a_deleted_user_makes_room_and_is_still_referred_to)
{
    struct lab lab;
    struct user_row *users = NULL;
    lab_open(&lab);
    CHECK_OK(store_begin(lab.store));
    insert_user(&lab, "user_2", "ann@example.test");
    const struct user_row twin = {STR("user_3"), STR("ANN@example.test"), ROLE_VIEWER, 1};
    LAB_REFUSES(&lab, store_insert_user(lab.store, &twin), FAULT_CONFLICT);
    const struct app_row app = {
        .id = STR("app_2"), .name = STR("Bank"), .owner_user_id = STR("user_2")};
    CHECK_OK(store_insert_app(lab.store, &app));
    CHECK_OK(store_delete_user(lab.store, STR("user_2"), lab_now_ms));
    LAB_REFUSES(&lab, store_delete_user(lab.store, STR("user_2"), lab_now_ms), FAULT_MISSING);
    LAB_REFUSES(&lab, store_set_user_role(lab.store, STR("user_2"), ROLE_OWNER), FAULT_MISSING);
    CHECK_INT(load_users(&lab, &users), 1);
    insert_user(&lab, "user_3", "Ann@example.test");
    CHECK_OK(store_delete_user(lab.store, STR("user_3"), lab_now_ms));
    insert_user(&lab, "user_4", "ann@example.test");
    CHECK_OK(store_commit(lab.store));
    lab_reopen(&lab);
    CHECK_INT(load_users(&lab, &users), 2);
    CHECK_STR(users[1].id, STR("user_4"));
    struct app_row *apps = NULL;
    size_t count = 0;
    CHECK_OK(store_load_apps(lab.store, &lab.arena, &apps, &count));
    CHECK_INT(count, 2);
    CHECK_STR(apps[0].owner_user_id, STR("user_2"));
    lab_close(&lab);
}

TEST(an_app_changes_what_is_said_and_keeps_the_rest)
{
    struct lab lab;
    struct app_row *apps = NULL;
    size_t count = 0;
    lab_open(&lab);
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_update_app(lab.store, STR("app_1"), (struct str){0}, false));
    CHECK_OK(store_load_apps(lab.store, &lab.arena, &apps, &count));
    CHECK_STR(apps[0].name, STR("Shop"));
    CHECK(!apps[0].hides_flags_by_default);
    CHECK_OK(store_update_app(lab.store, STR("app_1"), STR("Store"), true));
    LAB_REFUSES(&lab, store_update_app(lab.store, STR("app_9"), STR("X"), true), FAULT_MISSING);
    const struct app_row other = {
        .id = STR("app_2"), .name = STR("Bank"), .owner_user_id = STR("user_1")};
    CHECK_OK(store_insert_app(lab.store, &other));
    LAB_REFUSES(&lab, store_update_app(lab.store, STR("app_2"), STR("Store"), true),
                FAULT_CONFLICT);
    CHECK_OK(store_commit(lab.store));
    CHECK_OK(store_load_apps(lab.store, &lab.arena, &apps, &count));
    CHECK_STR(apps[1].name, STR("Store"));
    CHECK(apps[1].hides_flags_by_default);
    lab_close(&lab);
}

TEST(a_token_that_only_looks_is_remembered_as_one)
{
    struct lab lab;
    struct credential_row *rows = NULL;
    size_t count = 0;
    lab_open(&lab);
    CHECK_OK(store_begin(lab.store));
    for (int i = 0; i < 2; i++) {
        struct credential_row token = {
            .id = arena_format(&lab.arena, "token_%d", i),
            .kind = CREDENTIAL_ENVIRONMENT,
            .shown = STR("ampex_"),
            .tail = STR("abcd"),
            .environments = &lab.environment,
            .environment_count = 1,
            .created_ms = lab_now_ms + i,
            .is_read_only = i == 1,
        };
        memset(token.hash.bytes, i + 1, sizeof(token.hash.bytes));
        CHECK_OK(store_insert_credential(lab.store, &token));
    }
    CHECK_OK(store_commit(lab.store));
    lab_reopen(&lab);
    CHECK_OK(store_load_credentials(lab.store, &lab.arena, &rows, &count));
    CHECK_INT(count, 2);
    CHECK(!rows[0].is_read_only);
    CHECK(rows[1].is_read_only);
    CHECK_INT(rows[1].environment_count, 1);
    lab_close(&lab);
}

TEST(an_environment_keeps_the_default_it_was_made_with)
{
    struct lab lab;
    struct environment_row *rows = NULL;
    size_t count = 0;
    uint64_t number = 0;
    lab_open(&lab);
    const struct environment_row hiding = {.id = STR("env_2"),
                                           .app_id = STR("app_1"),
                                           .name = STR("staging"),
                                           .created_ms = lab_now_ms,
                                           .hides_flags_by_default = true};
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_environment(lab.store, &hiding, &number));
    CHECK_OK(store_update_app(lab.store, STR("app_1"), (struct str){0}, false));
    CHECK_OK(store_commit(lab.store));
    CHECK_OK(store_load_environments(lab.store, &lab.arena, &rows, &count));
    CHECK_INT(count, 2);
    CHECK(!rows[0].hides_flags_by_default);
    CHECK(rows[1].hides_flags_by_default);
    lab_close(&lab);
}

#define STORE_CONTRACT_ADMINISTRATION                                                              \
    a_role_changes_and_a_stranger_has_none, a_deleted_user_makes_room_and_is_still_referred_to,    \
        an_app_changes_what_is_said_and_keeps_the_rest,                                            \
        a_token_that_only_looks_is_remembered_as_one,                                              \
        an_environment_keeps_the_default_it_was_made_with
