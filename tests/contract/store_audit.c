/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail: complete, in order, and no row of it changed unnoticed. */
#include <sodium.h>

#include "store_contract.h"

static void append(struct lab *lab, uint64_t number)
{
    const struct audit_row row = {
        .at_ms = lab_now_ms + (int64_t)number,
        .actor = STR("owner@example.test"),
        .action = STR("flag.update"),
        .app_id = number % 2 == 0 ? STR("app_1") : (struct str){0},
        .environment = number % 2 == 0 ? lab->environment : 0,
        .version = number,
        .subject = STR("chéckout"),
        .detail = arena_format(&lab->arena, "{\"n\":%d,\"text\":\"\\\"\"}", (int)number),
    };
    CHECK_OK(store_append_audit(lab->store, &row));
}

static void append_rows(struct lab *lab, size_t count)
{
    CHECK_OK(store_begin(lab->store));
    for (size_t i = 1; i <= count; i++)
        append(lab, i);
    CHECK_OK(store_commit(lab->store));
}

TEST(audit_rows_come_back_chained_and_without_gaps)
{
    struct lab lab;
    lab_open(&lab);
    CHECK_OK(store_verify_audit(lab.store, &lab.arena)); /* an empty one is in order */
    append_rows(&lab, 3);
    lab_reopen(&lab);
    append_rows(&lab, 2);
    struct audit_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_audit(lab.store, &lab.arena, 0, 100, &rows, &count));
    CHECK_INT(count, 5);
    static const unsigned char beginning[32] = {0};
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(rows[i].sequence, i + 1);
        const unsigned char *previous = i == 0 ? beginning : rows[i - 1].hash;
        CHECK(memcmp(rows[i].previous_hash, previous, 32) == 0);
    }
    CHECK_STR(rows[1].actor, STR("owner@example.test"));
    CHECK_STR(rows[1].action, STR("flag.update"));
    CHECK_STR(rows[1].app_id, STR("app_1"));
    CHECK(str_is_absent(rows[0].app_id));
    CHECK_INT(rows[1].environment, lab.environment);
    CHECK_INT(rows[1].version, 2);
    CHECK_STR(rows[1].subject, STR("chéckout"));
    CHECK_STR(rows[1].detail, STR("{\"n\":2,\"text\":\"\\\"\"}"));
    CHECK(rows[1].at_ms == lab_now_ms + 2);
    CHECK_OK(store_verify_audit(lab.store, &lab.arena));
    lab_close(&lab);
}

TEST(audit_rows_come_in_pages)
{
    struct lab lab;
    lab_open(&lab);
    append_rows(&lab, 10);
    struct audit_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_audit(lab.store, &lab.arena, 4, 3, &rows, &count));
    CHECK_INT(count, 3);
    CHECK_INT(rows[0].sequence, 5);
    CHECK_INT(rows[2].sequence, 7);
    CHECK_OK(store_load_audit(lab.store, &lab.arena, 10, 3, &rows, &count));
    CHECK_INT(count, 0);
    lab_close(&lab);
}

/* Anybody can check a trail with a JSON writer and SHA-256: this is the text that is hashed. */
TEST(the_hash_is_the_documented_one)
{
    struct lab lab;
    lab_open(&lab);
    append_rows(&lab, 2);
    static const char *const texts[] = {
        "{\"sequence\":1,\"at\":1700000000001,\"actor\":\"owner@example.test\",\"action\":\"flag."
        "update\",\"app\":null,\"environment\":0,\"version\":1,\"subject\":\"chéckout\",\"detail\":"
        "\"{\\\"n\\\":1,\\\"text\\\":\\\"\\\\\\\"\\\"}\"}",
        "{\"sequence\":2,\"at\":1700000000002,\"actor\":\"owner@example.test\",\"action\":\"flag."
        "update\",\"app\":\"app_1\",\"environment\":1,\"version\":2,\"subject\":\"chéckout\","
        "\"detail\":\"{\\\"n\\\":2,\\\"text\\\":\\\"\\\\\\\"\\\"}\"}",
    };
    struct audit_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_audit(lab.store, &lab.arena, 0, 2, &rows, &count));
    unsigned char hash[32] = {0};
    for (size_t i = 0; i < count; i++) {
        crypto_hash_sha256_state state;
        crypto_hash_sha256_init(&state);
        crypto_hash_sha256_update(&state, hash, sizeof(hash));
        crypto_hash_sha256_update(&state, (const unsigned char *)texts[i], strlen(texts[i]));
        crypto_hash_sha256_final(&state, hash);
        CHECK(memcmp(rows[i].hash, hash, sizeof(hash)) == 0);
    }
    lab_close(&lab);
}

TEST(absent_texts_of_an_audit_row_are_empty)
{
    struct lab lab;
    lab_open(&lab);
    const struct audit_row bare = {.at_ms = -1, .action = STR("server.start")};
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_append_audit(lab.store, &bare));
    CHECK_OK(store_commit(lab.store));
    struct audit_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_audit(lab.store, &lab.arena, 0, 2, &rows, &count));
    CHECK_INT(count, 1);
    CHECK(!str_is_absent(rows[0].actor));
    CHECK_STR(rows[0].detail, STR(""));
    CHECK_OK(store_verify_audit(lab.store, &lab.arena));
    lab_close(&lab);
}

TEST(tampering_is_found_at_the_first_row_it_touches)
{
    static const struct {
        const char *sql;
        const char *first_bad;
    } sins[] = {
        {"UPDATE audit SET detail = '{}' WHERE sequence = 4", "4"},
        {"UPDATE audit SET actor = 'mallory' WHERE sequence = 7", "7"},
        {"UPDATE audit SET at_ms = at_ms + 1 WHERE sequence = 1", "1"},
        {"UPDATE audit SET app_id = NULL WHERE sequence = 2", "2"},
        {"UPDATE audit SET app_id = '' WHERE sequence = 3", "3"},
        {"UPDATE audit SET environment = 2 WHERE sequence = 10", "10"},
        {"UPDATE audit SET version = 0 WHERE sequence = 5", "5"},
        {"UPDATE audit SET hash = previous_hash WHERE sequence = 6", "6"},
        {"UPDATE audit SET previous_hash = hash WHERE sequence = 6", "6"},
        {"DELETE FROM audit WHERE sequence = 1", "1"},
        {"DELETE FROM audit WHERE sequence = 5", "5"},
        {"DELETE FROM audit WHERE sequence > 8", "9"},
        {"DELETE FROM audit", "1"},
        {"DELETE FROM audit_head", "1"},
        {"UPDATE audit_head SET sequence = 9", "9"},
        {"UPDATE audit SET sequence = 99 WHERE sequence = 3;"
         "UPDATE audit SET sequence = 3 WHERE sequence = 4;"
         "UPDATE audit SET sequence = 4 WHERE sequence = 99",
         "3"},
        {"DELETE FROM audit WHERE sequence = 5;"
         "UPDATE audit SET sequence = sequence - 1 WHERE sequence > 5",
         "5"},
        {"INSERT INTO audit SELECT 11, at_ms, actor, action, app_id, environment, version, subject,"
         " detail, previous_hash, hash FROM audit WHERE sequence = 10",
         "11"},
        {"INSERT INTO audit SELECT 0, at_ms, actor, action, app_id, environment, version, subject,"
         " detail, previous_hash, hash FROM audit WHERE sequence = 10",
         "1"},
    };
    for (size_t i = 0; i < COUNT_OF(sins); i++) {
        struct lab lab;
        lab_open(&lab);
        append_rows(&lab, 10);
        CHECK_OK(store_verify_audit(lab.store, &lab.arena));
        store_close(lab.store);
        lab_tamper(sins[i].sql);
        CHECK_OK(store_open(&lab.store, lab_place(), STORE_WRITER));
        struct fault fault = store_verify_audit(lab.store, &lab.arena);
        CHECK_FAULT(fault, FAULT_INVALID);
        CHECK_STR(fault.where, str_of(sins[i].first_bad));
        lab_close(&lab);
    }
}

TEST(a_reader_verifies_while_the_writer_appends)
{
    struct lab lab;
    lab_open(&lab);
    append_rows(&lab, 5);
    struct store *reader = NULL;
    CHECK_OK(store_open(&reader, lab_place(), STORE_READER));
    CHECK_OK(store_begin(lab.store));
    append(&lab, 6);
    CHECK_OK(store_verify_audit(reader, &lab.arena));
    CHECK_OK(store_verify_audit(lab.store, &lab.arena));
    CHECK_OK(store_commit(lab.store));
    CHECK_OK(store_verify_audit(reader, &lab.arena));
    store_close(reader);
    lab_close(&lab);
}

#define STORE_CONTRACT_AUDIT                                                                       \
    audit_rows_come_back_chained_and_without_gaps, audit_rows_come_in_pages,                       \
        the_hash_is_the_documented_one, absent_texts_of_an_audit_row_are_empty,                    \
        tampering_is_found_at_the_first_row_it_touches, a_reader_verifies_while_the_writer_appends
