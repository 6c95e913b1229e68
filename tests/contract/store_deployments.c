/* SPDX-License-Identifier: Apache-2.0 */
/* Deployments, the credentials that belong to them, and tokens for some environments. */
#include "store_contract.h"

static struct deployment_row deployment(uint64_t environment, const char *key)
{
    return (struct deployment_row){.environment = environment,
                                   .label = STR("web ✓"),
                                   .key = str_of(key),
                                   .kind = CREDENTIAL_CLIENT_DEPLOYMENT,
                                   .created_ms = lab_now_ms + 7};
}

TEST(deployments_are_numbered_upwards_and_can_be_edited)
{
    struct lab lab;
    lab_open(&lab);
    struct deployment_row first = deployment(1, "client-1");
    struct deployment_row second = deployment(1, "0123456789abcdef0123456789abcdef");
    second.kind = CREDENTIAL_PROJECT_KEY;
    second.is_archived = true;
    uint64_t number = 0;
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_deployment(lab.store, &first, &number));
    CHECK_INT(number, 1);
    CHECK_OK(store_insert_deployment(lab.store, &second, &number));
    CHECK_INT(number, 2);
    LAB_REFUSES(&lab, store_insert_deployment(lab.store, &first, &number), FAULT_CONFLICT);
    const struct deployment_row nowhere = deployment(9, "client-9");
    LAB_REFUSES(&lab, store_insert_deployment(lab.store, &nowhere, &number), FAULT_CONFLICT);
    CHECK_OK(store_update_deployment(lab.store, 1, STR("mobile"), true));
    CHECK_OK(store_update_deployment(lab.store, 2, (struct str){0}, false));
    CHECK_FAULT(store_update_deployment(lab.store, 3, STR("none"), false), FAULT_MISSING);
    CHECK_OK(store_commit(lab.store));
    lab_reopen(&lab);

    struct deployment_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_deployments(lab.store, &lab.arena, &rows, &count));
    CHECK_INT(count, 2);
    CHECK_INT(rows[0].number, 1);
    CHECK_INT(rows[0].environment, 1);
    CHECK_STR(rows[0].label, STR("mobile"));
    CHECK_STR(rows[0].key, STR("client-1"));
    CHECK_INT(rows[0].kind, CREDENTIAL_CLIENT_DEPLOYMENT);
    CHECK(rows[0].is_archived);
    CHECK(rows[0].created_ms == lab_now_ms + 7);
    CHECK_INT(rows[1].number, 2);
    CHECK_STR(rows[1].label, STR("web ✓"));
    CHECK_INT(rows[1].kind, CREDENTIAL_PROJECT_KEY);
    CHECK(!rows[1].is_archived);
    lab_close(&lab);
}

TEST(every_kind_of_credential_comes_back_with_what_it_belongs_to)
{
    struct lab lab;
    lab_open(&lab);
    const struct deployment_row channel = deployment(1, "client-1");
    uint64_t number = 0;
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_deployment(lab.store, &channel, &number));
    for (int i = 0; i < CREDENTIAL_KIND_COUNT; i++) {
        struct credential_row row = {.id = arena_format(&lab.arena, "key_%d", i),
                                     .kind = (enum credential_kind)i,
                                     .shown = STR("x_"),
                                     .tail = STR("wxyz"),
                                     .environment = 1,
                                     .created_ms = lab_now_ms};
        memset(row.hash.bytes, i, sizeof(row.hash.bytes));
        if (i % 2 == 1) {
            row.name = arena_format(&lab.arena, "name %d", i);
            row.deployment = number;
        }
        CHECK_OK(store_insert_credential(lab.store, &row));
    }
    CHECK_OK(store_commit(lab.store));
    struct credential_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_credentials(lab.store, &lab.arena, &rows, &count));
    CHECK_INT(count, CREDENTIAL_KIND_COUNT);
    for (int i = 0; i < CREDENTIAL_KIND_COUNT; i++) {
        CHECK_INT(rows[i].kind, i);
        CHECK_INT(rows[i].deployment, i % 2 == 1 ? number : 0);
        CHECK_INT(str_is_absent(rows[i].name), i % 2 == 0);
        CHECK_INT(rows[i].environment_count, 0);
    }
    CHECK_STR(rows[3].name, STR("name 3"));
    lab_close(&lab);
}

static struct credential_row token(const char *id, unsigned char secret, int64_t created_ms,
                                   const uint64_t *environments, size_t environment_count)
{
    struct credential_row row = {.id = str_of(id),
                                 .kind = CREDENTIAL_ENVIRONMENT,
                                 .shown = STR("ampex_"),
                                 .tail = STR("wxyz"),
                                 .created_ms = created_ms,
                                 .environments = environments,
                                 .environment_count = environment_count};
    memset(row.hash.bytes, secret, sizeof(row.hash.bytes));
    return row;
}

TEST(a_token_lists_its_environments_in_order)
{
    struct lab lab;
    lab_open(&lab);
    static const uint64_t all[] = {12, 1, 3};
    static const uint64_t one[] = {2};
    static const uint64_t missing[] = {1, 77};
    static const uint64_t twice[] = {1, 1};
    CHECK_OK(store_begin(lab.store));
    for (int i = 2; i <= 12; i++) {
        uint64_t number = 0;
        const struct environment_row environment = {.id = arena_format(&lab.arena, "env_%d", i),
                                                    .app_id = STR("app_1"),
                                                    .name = arena_format(&lab.arena, "%d", i)};
        CHECK_OK(store_insert_environment(lab.store, &environment, &number));
    }
    const struct credential_row rows_in[] = {token("token_2", 2, 1, all, 3),
                                             token("token_1", 1, 1, one, 1),
                                             token("token_3", 3, 2, NULL, 0)};
    for (size_t i = 0; i < COUNT_OF(rows_in); i++)
        CHECK_OK(store_insert_credential(lab.store, &rows_in[i]));
    const struct credential_row lost = token("token_4", 4, 3, missing, 2);
    const struct credential_row doubled = token("token_5", 5, 3, twice, 2);
    LAB_REFUSES(&lab, store_insert_credential(lab.store, &lost), FAULT_CONFLICT);
    LAB_REFUSES(&lab, store_insert_credential(lab.store, &doubled), FAULT_CONFLICT);
    CHECK_OK(store_commit(lab.store));

    struct credential_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_credentials(lab.store, &lab.arena, &rows, &count));
    CHECK_INT(count, 3);
    CHECK_STR(rows[0].id, STR("token_1"));
    CHECK_INT(rows[0].environment_count, 1);
    CHECK_INT(rows[0].environments[0], 2);
    CHECK_STR(rows[1].id, STR("token_2"));
    CHECK_INT(rows[1].environment_count, 3);
    CHECK_INT(rows[1].environments[0], 1);
    CHECK_INT(rows[1].environments[1], 3);
    CHECK_INT(rows[1].environments[2], 12);
    CHECK_INT(rows[2].environment_count, 0);
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_revoke_credential(lab.store, STR("token_2"), lab_now_ms));
    CHECK_OK(store_commit(lab.store));
    CHECK_OK(store_load_credentials(lab.store, &lab.arena, &rows, &count));
    CHECK_INT(count, 2);
    CHECK_STR(rows[1].id, STR("token_3"));
    lab_close(&lab);
}

#define STORE_CONTRACT_DEPLOYMENTS                                                                 \
    deployments_are_numbered_upwards_and_can_be_edited,                                            \
        every_kind_of_credential_comes_back_with_what_it_belongs_to,                               \
        a_token_lists_its_environments_in_order
