/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: together or not at all, one writer, readers that see only what is committed. */
#include "store_contract.h"

TEST(what_is_rolled_back_never_was)
{
    struct lab lab;
    lab_open(&lab);
    lab_put(&lab, "a", "1");
    CHECK_OK(store_begin(lab.store));
    lab_write(&lab, lab_flag("a", "2", 0), lab_now_ms);
    lab_write(&lab, lab_flag("b", "2", 0), lab_now_ms);
    CHECK_STR(lab_state(&lab, lab.store, 3), STR("a=2 b=2")); /* its own writes it does see */
    store_rollback(lab.store);
    CHECK_INT(lab_version(&lab, lab.store), 1);
    CHECK_STR(lab_state(&lab, lab.store, 9), STR("a=1"));
    CHECK_INT(lab_put(&lab, "a", "3"), 2);
    lab_close(&lab);
}

TEST(closing_in_the_middle_of_a_transaction_forgets_it)
{
    struct lab lab;
    lab_open(&lab);
    CHECK_OK(store_begin(lab.store));
    lab_write(&lab, lab_flag("a", "1", 0), lab_now_ms);
    lab_reopen(&lab);
    CHECK_INT(lab_version(&lab, lab.store), 0);
    CHECK_STR(lab_state(&lab, lab.store, 9), STR(""));
    lab_close(&lab);
}

TEST(one_bad_change_takes_nobody_of_its_group_along)
{
    struct lab lab;
    lab_open(&lab);
    const struct audit_row audit = {.at_ms = lab_now_ms, .action = STR("flag.create")};
    CHECK_OK(store_begin(lab.store));
    for (int i = 0; i < 5; i++) {
        char key[2] = {(char)('a' + i), '\0'};
        CHECK_OK(store_savepoint(lab.store));
        uint64_t version = lab_write(&lab, lab_flag(key, "1", 0), lab_now_ms);
        CHECK_OK(store_append_audit(lab.store, &audit));
        if (i == 1 || i == 3) {
            store_rollback_savepoint(lab.store);
        } else {
            CHECK_INT(version, i / 2 + 1); /* the refused ones used up no version */
            CHECK_OK(store_release_savepoint(lab.store));
        }
    }
    CHECK_OK(store_commit(lab.store));
    lab_reopen(&lab);
    CHECK_INT(lab_version(&lab, lab.store), 3);
    CHECK_STR(lab_state(&lab, lab.store, 3), STR("a=1 c=1 e=1"));
    struct audit_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_audit(lab.store, &lab.arena, 0, 10, &rows, &count));
    CHECK_INT(count, 3);
    CHECK_OK(store_verify_audit(lab.store, &lab.arena));
    lab_close(&lab);
}

TEST(a_refused_statement_leaves_the_rest_of_the_transaction_alone)
{
    struct lab lab;
    lab_open(&lab);
    const struct user_row twin = {STR("user_1"), STR("twin@example.test"), ROLE_VIEWER, 1};
    CHECK_OK(store_begin(lab.store));
    lab_write(&lab, lab_flag("a", "1", 0), lab_now_ms);
    CHECK_OK(store_savepoint(lab.store));
    CHECK_FAULT(store_insert_user(lab.store, &twin), FAULT_CONFLICT);
    store_rollback_savepoint(lab.store);
    CHECK_OK(store_commit(lab.store));
    CHECK_STR(lab_state(&lab, lab.store, 1), STR("a=1"));
    CHECK(!store_is_poisoned(lab.store));
    lab_close(&lab);
}

TEST(a_reader_sees_what_is_committed_and_nothing_else)
{
    struct lab lab;
    lab_open(&lab);
    lab_put(&lab, "a", "1");
    struct store *reader = NULL;
    CHECK_OK(store_open(&reader, lab_place(), STORE_READER));
    CHECK_STR(lab_state(&lab, reader, 9), STR("a=1"));

    CHECK_OK(store_begin(lab.store));
    lab_write(&lab, lab_flag("a", "2", 0), lab_now_ms);
    CHECK_STR(lab_state(&lab, reader, 9), STR("a=1"));
    CHECK_INT(lab_version(&lab, reader), 1);
    CHECK_OK(store_commit(lab.store));
    CHECK_STR(lab_state(&lab, reader, 9), STR("a=2"));
    CHECK_INT(lab_version(&lab, reader), 2);

    store_checkpoint(lab.store);
    lab_put(&lab, "b", "1");
    CHECK_STR(lab_state(&lab, reader, 9), STR("a=2 b=1"));
    store_close(reader);
    lab_close(&lab);
}

TEST(a_reader_outlives_the_writer)
{
    struct lab lab;
    lab_open(&lab);
    lab_put(&lab, "a", "1");
    struct store *reader = NULL;
    CHECK_OK(store_open(&reader, lab_place(), STORE_READER));
    lab_reopen(&lab);
    lab_put(&lab, "b", "2");
    CHECK_STR(lab_state(&lab, reader, 9), STR("a=1 b=2"));
    store_close(reader);
    lab_close(&lab);
}

TEST(a_reader_does_not_make_a_store)
{
    lab_make();
    struct store *reader = NULL;
    CHECK_FAULT(store_open(&reader, lab_place(), STORE_READER), FAULT_UNAVAILABLE);
    CHECK(reader == NULL);
    lab_remove();
}

TEST(a_checkpoint_loses_nothing)
{
    struct lab lab;
    lab_open(&lab);
    for (int i = 0; i < 20; i++) {
        lab_put(&lab, "a", "1");
        if (i % 3 == 0)
            store_checkpoint(lab.store);
    }
    lab_reopen(&lab);
    CHECK_INT(lab_version(&lab, lab.store), 20);
    lab_close(&lab);
}

TEST(a_store_of_a_newer_program_is_refused)
{
    struct lab lab;
    lab_open(&lab);
    store_close(lab.store);
    lab_tamper("INSERT INTO schema_migration (number, name, applied_ms, checksum)"
               " SELECT 9999, 'from the future', 0, checksum FROM schema_migration"
               " WHERE number = 1");
    static const enum store_mode modes[] = {STORE_WRITER, STORE_READER};
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct fault fault = store_open(&lab.store, lab_place(), modes[i]);
        CHECK_FAULT(fault, FAULT_UNAVAILABLE);
        CHECK_STR(fault.why, STR("the store was made by a newer version of this program"));
    }
    lab_tamper("DELETE FROM schema_migration WHERE number = 9999");
    CHECK_OK(store_open(&lab.store, lab_place(), STORE_WRITER));
    lab_close(&lab);
}

TEST(a_migration_that_was_another_one_is_refused)
{
    struct lab lab;
    lab_open(&lab);
    store_close(lab.store);
    lab_tamper("UPDATE schema_migration SET number = 99 WHERE number = 1");
    CHECK_FAULT(store_open(&lab.store, lab_place(), STORE_WRITER), FAULT_UNAVAILABLE);
    lab_tamper("UPDATE schema_migration SET number = 1 WHERE number = 99");
    CHECK_OK(store_open(&lab.store, lab_place(), STORE_WRITER));
    lab_put(&lab, "a", "1");
    store_close(lab.store);
    lab_tamper("UPDATE schema_migration SET checksum = (SELECT checksum FROM revision LIMIT 1)"
               " WHERE number = 1");
    CHECK_FAULT(store_open(&lab.store, lab_place(), STORE_WRITER), FAULT_UNAVAILABLE);
    CHECK_FAULT(store_open(&lab.store, lab_place(), STORE_READER), FAULT_UNAVAILABLE);
    lab_close(&lab);
}

TEST(a_document_that_lost_a_bit_is_not_served)
{
    struct lab lab;
    lab_open(&lab);
    lab_put(&lab, "a", "on");
    lab_put(&lab, "b", "on");
    store_close(lab.store);
    lab_tamper("UPDATE revision SET document = 'oo' WHERE key = 'b'");
    CHECK_OK(store_open(&lab.store, lab_place(), STORE_WRITER));
    struct revision_row *rows = NULL;
    size_t count = 9;
    struct fault fault =
        store_load_environment_at(lab.store, &lab.arena, lab.environment, 2, &rows, &count);
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    CHECK_STR(fault.where, STR("b"));
    CHECK_INT(count, 0);
    CHECK_STR(lab_state(&lab, lab.store, 1), STR("a=on"));
    lab_close(&lab);
}

#define STORE_CONTRACT_TRANSACTIONS                                                                \
    what_is_rolled_back_never_was, closing_in_the_middle_of_a_transaction_forgets_it,              \
        one_bad_change_takes_nobody_of_its_group_along,                                            \
        a_refused_statement_leaves_the_rest_of_the_transaction_alone,                              \
        a_reader_sees_what_is_committed_and_nothing_else, a_reader_outlives_the_writer,            \
        a_reader_does_not_make_a_store, a_checkpoint_loses_nothing,                                \
        a_store_of_a_newer_program_is_refused, a_migration_that_was_another_one_is_refused,        \
        a_document_that_lost_a_bit_is_not_served
