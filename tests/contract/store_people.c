/* SPDX-License-Identifier: Apache-2.0 */
/* Users, apps, environments and credentials, as every store keeps them. */
#include "store_contract.h"

TEST(people_come_back_as_they_were_stored)
{
    struct lab lab;
    lab_open(&lab);
    lab_reopen(&lab);
    struct user_row *users = NULL;
    size_t count = 0;
    CHECK_OK(store_load_users(lab.store, &lab.arena, &users, &count));
    CHECK_INT(count, 1);
    CHECK_STR(users[0].id, STR("user_1"));
    CHECK_STR(users[0].email, STR("owner@example.test"));
    CHECK_INT(users[0].role, ROLE_OWNER);
    CHECK(users[0].created_ms == lab_now_ms);

    struct app_row *apps = NULL;
    CHECK_OK(store_load_apps(lab.store, &lab.arena, &apps, &count));
    CHECK_INT(count, 1);
    CHECK_STR(apps[0].id, STR("app_1"));
    CHECK_STR(apps[0].name, STR("Shop"));
    CHECK_STR(apps[0].owner_user_id, STR("user_1"));
    CHECK(apps[0].hides_flags_by_default);
    lab_close(&lab);
}

TEST(every_role_is_remembered)
{
    static const enum role roles[] = {ROLE_NONE, ROLE_VIEWER, ROLE_EDITOR, ROLE_ADMIN};
    struct lab lab;
    lab_open(&lab);
    CHECK_OK(store_begin(lab.store));
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        const struct user_row user = {
            .id = arena_format(&lab.arena, "user_x%zu", i),
            .email = arena_format(&lab.arena, "%zu@example.test", i),
            .role = roles[i],
            .created_ms = lab_now_ms + 1 + (int64_t)i,
        };
        CHECK_OK(store_insert_user(lab.store, &user));
    }
    CHECK_OK(store_commit(lab.store));
    struct user_row *users = NULL;
    size_t count = 0;
    CHECK_OK(store_load_users(lab.store, &lab.arena, &users, &count));
    CHECK_INT(count, 1 + COUNT_OF(roles));
    for (size_t i = 0; i < COUNT_OF(roles); i++)
        CHECK_INT(users[i + 1].role, roles[i]);
    lab_close(&lab);
}

TEST(names_that_must_be_unique_are)
{
    struct lab lab;
    lab_open(&lab);
    const struct user_row user = {STR("user_2"), STR("owner@example.test"), ROLE_OWNER, 1};
    const struct app_row app = {STR("app_2"), STR("Shop"), STR("user_1"), false, 1};
    const struct app_row orphan = {STR("app_3"), STR("Attic"), STR("user_9"), false, 1};
    const struct environment_row environment = {
        .id = STR("env_2"), .app_id = STR("app_1"), .name = STR("production"), .created_ms = 1};
    uint64_t number = 0;
    CHECK_OK(store_begin(lab.store));
    LAB_REFUSES(&lab, store_insert_user(lab.store, &user), FAULT_CONFLICT);
    LAB_REFUSES(&lab, store_insert_app(lab.store, &app), FAULT_CONFLICT);
    LAB_REFUSES(&lab, store_insert_app(lab.store, &orphan), FAULT_CONFLICT);
    LAB_REFUSES(&lab, store_insert_environment(lab.store, &environment, &number), FAULT_CONFLICT);
    CHECK_OK(store_commit(lab.store)); /* a refusal does not end the transaction */
    lab_close(&lab);
}

TEST(environments_are_numbered_upwards_and_keep_their_quota)
{
    struct lab lab;
    lab_open(&lab);
    CHECK_INT(lab.environment, 1);
    struct environment_row environment = {.id = STR("env_2"),
                                          .app_id = STR("app_1"),
                                          .name = STR("staging"),
                                          .created_ms = lab_now_ms + 5};
    uint64_t number = 0;
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_environment(lab.store, &environment, &number));
    CHECK_INT(number, 2);
    CHECK_OK(store_set_monthly_quota(lab.store, 2, 1000000));
    CHECK_FAULT(store_set_monthly_quota(lab.store, 3, 1), FAULT_MISSING);
    CHECK_OK(store_commit(lab.store));

    struct environment_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environments(lab.store, &lab.arena, &rows, &count));
    CHECK_INT(count, 2);
    CHECK_STR(rows[0].id, STR("env_1"));
    CHECK_INT(rows[0].version, 0);
    CHECK_INT(rows[0].monthly_quota, 0);
    CHECK_INT(rows[1].number, 2);
    CHECK_STR(rows[1].app_id, STR("app_1"));
    CHECK_STR(rows[1].name, STR("staging"));
    CHECK(rows[1].created_ms == lab_now_ms + 5);
    CHECK_INT(rows[1].monthly_quota, 1000000);
    lab_close(&lab);
}

TEST(apps_come_by_creation_then_id)
{
    struct lab lab;
    lab_open(&lab);
    const struct app_row apps[] = {
        {STR("app_z"), STR("z"), STR("user_1"), false, 10},
        {STR("app_a"), STR("a"), STR("user_1"), false, 10},
        {STR("app_B"), STR("B"), STR("user_1"), false, 10},
        {STR("app_0"), STR("0"), STR("user_1"), false, 20},
    };
    CHECK_OK(store_begin(lab.store));
    for (size_t i = 0; i < COUNT_OF(apps); i++)
        CHECK_OK(store_insert_app(lab.store, &apps[i]));
    CHECK_OK(store_commit(lab.store));
    struct app_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_apps(lab.store, &lab.arena, &rows, &count));
    CHECK_INT(count, 5);
    CHECK_STR(rows[0].id, STR("app_B")); /* by bytes, whatever the locale */
    CHECK_STR(rows[1].id, STR("app_a"));
    CHECK_STR(rows[2].id, STR("app_z"));
    CHECK_STR(rows[3].id, STR("app_0"));
    CHECK_STR(rows[4].id, STR("app_1"));
    lab_close(&lab);
}

static struct credential_row credential(const char *id, enum credential_kind kind, int seed)
{
    struct credential_row row = {
        .id = str_of(id), .kind = kind, .shown = STR("pub_prod_"), .tail = STR("wxyz")};
    memset(row.hash.bytes, seed, sizeof(row.hash.bytes));
    row.created_ms = lab_now_ms + seed;
    return row;
}

TEST(credentials_live_until_revoked)
{
    struct lab lab;
    lab_open(&lab);
    struct credential_row key = credential("key_1", CREDENTIAL_SERVER_KEY, 2);
    key.environment = lab.environment;
    key.app_id = STR("app_1");
    key.expires_ms = lab_now_ms + 99;
    struct credential_row token = credential("token_1", CREDENTIAL_PERSONAL, 1);
    token.user_id = STR("user_1");
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_credential(lab.store, &key));
    CHECK_OK(store_insert_credential(lab.store, &token));
    CHECK_OK(store_commit(lab.store));

    struct credential_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_credentials(lab.store, &lab.arena, &rows, &count));
    CHECK_INT(count, 2);
    CHECK_STR(rows[0].id, STR("token_1"));
    CHECK_INT(rows[0].kind, CREDENTIAL_PERSONAL);
    CHECK_STR(rows[0].user_id, STR("user_1"));
    CHECK(str_is_absent(rows[0].app_id));
    CHECK_INT(rows[0].environment, 0);
    CHECK_STR(rows[1].id, STR("key_1"));
    CHECK_INT(rows[1].kind, CREDENTIAL_SERVER_KEY);
    CHECK(memcmp(rows[1].hash.bytes, key.hash.bytes, sizeof(key.hash.bytes)) == 0);
    CHECK_STR(rows[1].shown, STR("pub_prod_"));
    CHECK_STR(rows[1].tail, STR("wxyz"));
    CHECK(str_is_absent(rows[1].user_id));
    CHECK_INT(rows[1].environment, lab.environment);
    CHECK(rows[1].expires_ms == lab_now_ms + 99);
    CHECK(rows[1].revoked_ms == 0);

    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_revoke_credential(lab.store, STR("key_1"), lab_now_ms + 3));
    CHECK_FAULT(store_revoke_credential(lab.store, STR("key_1"), lab_now_ms + 4), FAULT_MISSING);
    CHECK_FAULT(store_revoke_credential(lab.store, STR("key_9"), lab_now_ms), FAULT_MISSING);
    CHECK_OK(store_commit(lab.store));
    CHECK_OK(store_load_credentials(lab.store, &lab.arena, &rows, &count));
    CHECK_INT(count, 1);
    CHECK_STR(rows[0].id, STR("token_1"));
    lab_close(&lab);
}

TEST(a_credential_is_one_of_a_kind)
{
    struct lab lab;
    lab_open(&lab);
    const struct credential_row first = credential("key_1", CREDENTIAL_BROWSER_KEY, 7);
    const struct credential_row same_secret = credential("key_2", CREDENTIAL_APP, 7);
    const struct credential_row same_id = credential("key_1", CREDENTIAL_APP, 8);
    struct credential_row nowhere = credential("key_3", CREDENTIAL_SERVER_KEY, 9);
    nowhere.environment = 77;
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_credential(lab.store, &first));
    LAB_REFUSES(&lab, store_insert_credential(lab.store, &same_secret), FAULT_CONFLICT);
    LAB_REFUSES(&lab, store_insert_credential(lab.store, &same_id), FAULT_CONFLICT);
    LAB_REFUSES(&lab, store_insert_credential(lab.store, &nowhere), FAULT_CONFLICT);
    CHECK_OK(store_commit(lab.store));
    lab_close(&lab);
}

static struct str password_of(struct lab *lab, struct str user)
{
    struct str verifier;
    CHECK_OK(store_find_password(lab->store, &lab->arena, user, &verifier));
    return verifier;
}

TEST(a_password_stays_until_another_and_goes_with_its_person)
{
    struct lab lab;
    lab_open(&lab);
    const struct user_row user = {STR("user_2"), STR("two@example.test"), ROLE_EDITOR, 1};
    CHECK(str_is_absent(password_of(&lab, STR("user_1"))));
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_user(lab.store, &user));
    CHECK_OK(store_set_password(lab.store, STR("user_1"), STR("$first")));
    CHECK_OK(store_set_password(lab.store, STR("user_1"), STR("$second")));
    CHECK_OK(store_set_password(lab.store, STR("user_2"), STR("$third")));
    LAB_REFUSES(&lab, store_set_password(lab.store, STR("user_9"), STR("$x")), FAULT_MISSING);
    CHECK_OK(store_commit(lab.store));
    lab_reopen(&lab);
    CHECK_STR(password_of(&lab, STR("user_1")), STR("$second"));
    CHECK_STR(password_of(&lab, STR("user_2")), STR("$third"));
    CHECK(str_is_absent(password_of(&lab, STR("user_9"))));
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_delete_user(lab.store, STR("user_2"), lab_now_ms + 1));
    LAB_REFUSES(&lab, store_set_password(lab.store, STR("user_2"), STR("$x")), FAULT_MISSING);
    CHECK_OK(store_commit(lab.store));
    CHECK(str_is_absent(password_of(&lab, STR("user_2"))));
    lab_close(&lab);
}

#define STORE_CONTRACT_PEOPLE                                                                      \
    people_come_back_as_they_were_stored, every_role_is_remembered, names_that_must_be_unique_are, \
        environments_are_numbered_upwards_and_keep_their_quota, apps_come_by_creation_then_id,     \
        credentials_live_until_revoked, a_credential_is_one_of_a_kind,                             \
        a_password_stays_until_another_and_goes_with_its_person
