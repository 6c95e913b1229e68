/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that may come twice: a key is taken once, its answer kept, and forgotten in time. */
#include "store_contract.h"

static struct once_row once_of(unsigned char key, int64_t at_ms)
{
    struct once_row row = {.at_ms = at_ms, .version = 7, .created_id = STR("key_1")};
    memset(row.key, key, sizeof(row.key));
    memset(row.fingerprint, key + 1, sizeof(row.fingerprint));
    return row;
}

static bool find_once(struct lab *lab, unsigned char key, struct once_row *row)
{
    unsigned char bytes[32];
    bool is_found = false;
    memset(bytes, key, sizeof(bytes));
    CHECK_OK(store_find_once(lab->store, &lab->arena, bytes, row, &is_found));
    return is_found;
}

TEST(a_key_is_taken_once_and_told_from_others)
{
    struct lab lab;
    lab_open(&lab);
    struct once_row first = once_of(1, lab_now_ms);
    struct once_row bare = {.at_ms = lab_now_ms};
    struct once_row found;
    CHECK(!find_once(&lab, 1, &found));
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_once(lab.store, &first));
    CHECK_OK(store_insert_once(lab.store, &bare));
    CHECK_OK(store_savepoint(lab.store));
    struct fault fault = store_insert_once(lab.store, &first);
    CHECK_FAULT(fault, FAULT_CONFLICT);
    CHECK_STR(fault.where, STR("idempotency-key"));
    store_rollback_savepoint(lab.store);
    CHECK_OK(store_commit(lab.store));
    lab_reopen(&lab);
    CHECK(find_once(&lab, 1, &found));
    CHECK(memcmp(found.key, first.key, sizeof(found.key)) == 0);
    CHECK(memcmp(found.fingerprint, first.fingerprint, sizeof(found.fingerprint)) == 0);
    CHECK(found.at_ms == lab_now_ms);
    CHECK_INT(found.version, 7);
    CHECK_STR(found.created_id, STR("key_1"));
    CHECK_STR(found.sealed, STR(""));
    CHECK(find_once(&lab, 0, &found));
    CHECK_STR(found.created_id, STR(""));
    CHECK(!find_once(&lab, 2, &found));
    lab_close(&lab);
}

TEST(a_key_taken_by_what_was_rolled_back_is_free)
{
    struct lab lab;
    lab_open(&lab);
    struct once_row row = once_of(1, lab_now_ms);
    struct once_row found;
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_savepoint(lab.store));
    CHECK_OK(store_insert_once(lab.store, &row));
    store_rollback_savepoint(lab.store);
    CHECK(!find_once(&lab, 1, &found));
    CHECK_OK(store_insert_once(lab.store, &row));
    CHECK_OK(store_commit(lab.store));
    CHECK(find_once(&lab, 1, &found));
    lab_close(&lab);
}

TEST(an_answer_is_kept_byte_for_byte)
{
    struct lab lab;
    lab_open(&lab);
    struct once_row row = once_of(1, lab_now_ms);
    struct once_row found;
    unsigned char other[32] = {9};
    const struct str sealed = {"\x00\xff{}\x00", 5};
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_once(lab.store, &row));
    CHECK_OK(store_keep_once_answer(lab.store, row.key, sealed));
    LAB_REFUSES(&lab, store_keep_once_answer(lab.store, other, sealed), FAULT_MISSING);
    CHECK_OK(store_commit(lab.store));
    CHECK(find_once(&lab, 1, &found));
    CHECK(str_equal(found.sealed, sealed));
    lab_close(&lab);
}

TEST(old_keys_are_forgotten_and_young_ones_are_not)
{
    struct lab lab;
    lab_open(&lab);
    struct once_row found;
    CHECK_OK(store_begin(lab.store));
    for (unsigned char i = 0; i < 10; i++) {
        struct once_row row = once_of(i, lab_now_ms + i);
        CHECK_OK(store_insert_once(lab.store, &row));
    }
    CHECK_OK(store_trim_once(lab.store, lab_now_ms + 4));
    CHECK_OK(store_commit(lab.store));
    for (unsigned char i = 0; i < 10; i++)
        CHECK(find_once(&lab, i, &found) == (i >= 4));
    lab_close(&lab);
}

#define STORE_CONTRACT_ONCE                                                                        \
    a_key_is_taken_once_and_told_from_others, a_key_taken_by_what_was_rolled_back_is_free,         \
        an_answer_is_kept_byte_for_byte, old_keys_are_forgotten_and_young_ones_are_not
