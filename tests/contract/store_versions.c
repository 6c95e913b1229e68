/* SPDX-License-Identifier: Apache-2.0 */
/* Versions and revisions: any environment can be read again as it was, at any version. */
#include "store_contract.h"

TEST(each_change_is_one_version_and_the_empty_beginning_is_none)
{
    struct lab lab;
    lab_open(&lab);
    CHECK_INT(lab_version(&lab, lab.store), 0);
    CHECK_INT(lab_put(&lab, "a", "1"), 1);
    CHECK_INT(lab_put(&lab, "b", "2"), 2);
    CHECK_INT(lab_put(&lab, "a", "3"), 3);
    CHECK_INT(lab_delete(&lab, "b"), 4);
    CHECK_STR(lab_state(&lab, lab.store, 0), STR(""));
    CHECK_STR(lab_state(&lab, lab.store, 1), STR("a=1"));
    CHECK_STR(lab_state(&lab, lab.store, 2), STR("a=1 b=2"));
    CHECK_STR(lab_state(&lab, lab.store, 3), STR("a=3 b=2"));
    CHECK_STR(lab_state(&lab, lab.store, 4), STR("a=3"));
    CHECK_STR(lab_state(&lab, lab.store, 99), STR("a=3")); /* what is current now */
    lab_reopen(&lab);
    CHECK_INT(lab_version(&lab, lab.store), 4);
    CHECK_STR(lab_state(&lab, lab.store, 2), STR("a=1 b=2"));
    lab_close(&lab);
}

TEST(environments_do_not_see_each_other)
{
    struct lab lab;
    lab_open(&lab);
    const struct environment_row environment = {
        .id = STR("env_2"), .app_id = STR("app_1"), .name = STR("staging"), .created_ms = 1};
    uint64_t other = 0;
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_environment(lab.store, &environment, &other));
    CHECK_OK(store_commit(lab.store));
    lab_put(&lab, "a", "here");
    lab.environment = other;
    CHECK_INT(lab_put(&lab, "a", "there"), 1);
    CHECK_INT(lab_put(&lab, "b", "there"), 2);
    CHECK_STR(lab_state(&lab, lab.store, 9), STR("a=there b=there"));
    lab.environment = 1;
    CHECK_INT(lab_version(&lab, lab.store), 1);
    CHECK_STR(lab_state(&lab, lab.store, 9), STR("a=here"));
    lab_close(&lab);
}

TEST(kinds_are_separate_key_spaces_and_come_in_order)
{
    struct lab lab;
    lab_open(&lab);
    static const enum revision_kind kinds[] = {REVISION_SETTINGS, REVISION_SEGMENT, REVISION_FLAG};
    uint64_t version = 0;
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_advance_version(lab.store, lab.environment, lab_now_ms, &version));
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct revision_row revision = lab_flag("k", "{}", version);
        revision.kind = kinds[i];
        CHECK_OK(store_write_revision(lab.store, lab.environment, &revision));
    }
    CHECK_OK(store_commit(lab.store));
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environment_at(lab.store, &lab.arena, lab.environment, 1, &rows, &count));
    CHECK_INT(count, 3);
    CHECK_INT(rows[0].kind, REVISION_FLAG);
    CHECK_INT(rows[1].kind, REVISION_SEGMENT);
    CHECK_INT(rows[2].kind, REVISION_SETTINGS);
    lab_close(&lab);
}

TEST(keys_of_any_script_come_in_order_of_their_bytes)
{
    static const char *const keys[] = {"zebra", "Ärger",        "ärger", "日本",
                                       "🏴",  "\xef\xbf\xbd", "Z",     "a"};
    struct lab lab;
    lab_open(&lab);
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        lab_put(&lab, keys[i], "\"✓\"");
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environment_at(lab.store, &lab.arena, lab.environment, 99, &rows, &count));
    CHECK_INT(count, COUNT_OF(keys));
    for (size_t i = 0; i < count; i++) {
        CHECK_STR(rows[i].document, STR("\"✓\""));
        CHECK(i == 0 || str_compare(rows[i - 1].key, rows[i].key) < 0);
    }
    lab_close(&lab);
}

TEST(a_key_made_again_is_a_new_object_with_its_history_in_order)
{
    struct lab lab;
    lab_open(&lab);
    lab_put(&lab, "a", "old");
    lab_put(&lab, "other", "x");
    lab_put(&lab, "a", "older");
    lab_delete(&lab, "a");
    struct revision_row again = lab_flag("a", "new", 0);
    again.object_id = STR("flag_2");
    lab_change(&lab, again, lab_now_ms);

    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_history(lab.store, &lab.arena, lab.environment, REVISION_FLAG, STR("a"),
                                &rows, &count));
    CHECK_INT(count, 4);
    static const struct {
        uint64_t from, to;
        const char *document, *object;
        bool is_tombstone;
    } expected[] = {{1, 3, "old", "flag_1", false},
                    {3, 4, "older", "flag_1", false},
                    {4, 5, "", "flag_1", true},
                    {5, 0, "new", "flag_2", false}};
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(rows[i].version_from, expected[i].from);
        CHECK_INT(rows[i].version_to, expected[i].to);
        CHECK_STR(rows[i].document, str_of(expected[i].document));
        CHECK_STR(rows[i].object_id, str_of(expected[i].object));
        CHECK_INT(rows[i].is_tombstone, expected[i].is_tombstone);
        CHECK_STR(rows[i].key, STR("a"));
    }
    CHECK_STR(lab_state(&lab, lab.store, 4), STR("other=x"));
    CHECK_STR(lab_state(&lab, lab.store, 5), STR("a=new other=x"));
    CHECK_OK(store_load_history(lab.store, &lab.arena, lab.environment, REVISION_SEGMENT, STR("a"),
                                &rows, &count));
    CHECK_INT(count, 0);
    lab_close(&lab);
}

TEST(a_tombstone_is_found_while_it_is_the_last_of_its_key)
{
    struct lab lab;
    struct revision_row found = {0};
    bool is_found = true;
    lab_open(&lab);
    CHECK_OK(store_find_tombstone(lab.store, &lab.arena, lab.environment, REVISION_FLAG, STR("a"),
                                  &found, &is_found));
    CHECK(!is_found);
    lab_put(&lab, "a", "1");
    CHECK_OK(store_find_tombstone(lab.store, &lab.arena, lab.environment, REVISION_FLAG, STR("a"),
                                  &found, &is_found));
    CHECK(!is_found);
    lab_delete(&lab, "a");
    lab_put(&lab, "b", "1");
    lab_reopen(&lab);
    CHECK_OK(store_find_tombstone(lab.store, &lab.arena, lab.environment, REVISION_FLAG, STR("a"),
                                  &found, &is_found));
    CHECK(is_found);
    CHECK(found.is_tombstone);
    CHECK_INT(found.version_from, 2);
    CHECK_STR(found.object_id, STR("flag_1"));
    CHECK_OK(store_find_tombstone(lab.store, &lab.arena, lab.environment, REVISION_SEGMENT,
                                  STR("a"), &found, &is_found));
    CHECK(!is_found);
    CHECK_OK(store_find_tombstone(lab.store, &lab.arena, lab.environment + 1, REVISION_FLAG,
                                  STR("a"), &found, &is_found));
    CHECK(!is_found);
    lab_put(&lab, "a", "2");
    CHECK_OK(store_find_tombstone(lab.store, &lab.arena, lab.environment, REVISION_FLAG, STR("a"),
                                  &found, &is_found));
    CHECK(!is_found);
    lab_close(&lab);
}

TEST(large_documents_come_back_whole)
{
    static const size_t sizes[] = {65536, 65537, 1 << 20};
    struct lab lab;
    lab_open(&lab);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char *document = arena_allocate(&lab.arena, sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++)
            document[at] = (char)('a' + (at * 7 + i) % 26);
        struct revision_row revision = lab_flag("big", "", 0);
        revision.document = (struct str){document, sizes[i]};
        uint64_t version = lab_change(&lab, revision, lab_now_ms);
        struct revision_row *rows = NULL;
        size_t count = 0;
        CHECK_OK(store_load_environment_at(lab.store, &lab.arena, lab.environment, version, &rows,
                                           &count));
        CHECK_INT(count, 1);
        CHECK(str_equal(rows[0].document, revision.document));
    }
    lab_close(&lab);
}

TEST(a_revision_belongs_to_a_version_that_was_made_and_is_written_once_in_it)
{
    struct lab lab;
    lab_open(&lab);
    lab_put(&lab, "a", "1");
    CHECK_OK(store_begin(lab.store));
    struct revision_row early = lab_flag("b", "2", 2);
    LAB_REFUSES(&lab, store_write_revision(lab.store, lab.environment, &early), FAULT_CONFLICT);
    struct revision_row twice = lab_flag("a", "2", 1);
    LAB_REFUSES(&lab, store_write_revision(lab.store, lab.environment, &twice), FAULT_CONFLICT);
    uint64_t version = 0;
    CHECK_FAULT(store_advance_version(lab.store, 9, lab_now_ms, &version), FAULT_MISSING);
    store_rollback(lab.store);
    CHECK_STR(lab_state(&lab, lab.store, 1), STR("a=1"));
    lab_close(&lab);
}

TEST(an_instant_finds_the_version_that_was_current)
{
    struct lab lab;
    lab_open(&lab);
    uint64_t version = 7;
    CHECK_FAULT(store_find_version_at(lab.store, lab.environment, lab_now_ms - 1, &version),
                FAULT_MISSING);
    CHECK_FAULT(store_find_version_at(lab.store, 9, lab_now_ms, &version), FAULT_MISSING);
    static const int64_t made_after_ms[] = {10, 20, 20, 30};
    for (size_t i = 0; i < COUNT_OF(made_after_ms); i++)
        lab_change(&lab, lab_flag("a", "1", 0), lab_now_ms + made_after_ms[i]);
    static const struct {
        int64_t after_ms;
        uint64_t version;
    } expected[] = {{0, 0}, {9, 0}, {10, 1}, {19, 1}, {20, 3}, {29, 3}, {30, 4}, {99, 4}};
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        CHECK_OK(store_find_version_at(lab.store, lab.environment,
                                       lab_now_ms + expected[i].after_ms, &version));
        CHECK_INT(version, expected[i].version);
    }
    lab_close(&lab);
}

TEST(a_clock_set_back_does_not_bring_back_an_older_version)
{
    struct lab lab;
    lab_open(&lab);
    lab_change(&lab, lab_flag("a", "1", 0), lab_now_ms + 100);
    lab_change(&lab, lab_flag("a", "2", 0), lab_now_ms + 50);
    uint64_t version = 0;
    CHECK_OK(store_find_version_at(lab.store, lab.environment, lab_now_ms + 100, &version));
    CHECK_INT(version, 2);
    CHECK_OK(store_find_version_at(lab.store, lab.environment, lab_now_ms + 60, &version));
    CHECK_INT(version, 2);
    CHECK_OK(store_find_version_at(lab.store, lab.environment, lab_now_ms + 40, &version));
    CHECK_INT(version, 0);
    lab_close(&lab);
}

/* ---- any version, from random changes ------------------------------------------------------ */

enum { RANDOM_CHANGES = 400, RANDOM_KEYS = 12 };

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* What each key holds, kept beside the store; 0: nothing. */
struct record {
    uint32_t values[RANDOM_KEYS];
    int64_t at_ms;
};

static struct str record_text(struct arena *arena, const struct record *record)
{
    struct str text = STR("");
    for (size_t i = 0; i < RANDOM_KEYS; i++) {
        if (record->values[i] != 0)
            text = arena_format(arena, "%.*s%sk%02zu=%u", STR_ARG(text), text.size == 0 ? "" : " ",
                                i, record->values[i]);
    }
    return text;
}

static void change_at_random(struct lab *lab, uint32_t *state, struct record *record)
{
    size_t key = next_random(state) % RANDOM_KEYS;
    bool is_delete = next_random(state) % 3 == 0;
    record->values[key] = is_delete ? 0 : next_random(state) % 1000 + 1;
    record->at_ms += next_random(state) % 3;
    char name[8];
    char document[16];
    snprintf(name, sizeof(name), "k%02zu", key);
    snprintf(document, sizeof(document), "%u", record->values[key]);
    struct revision_row revision = lab_flag(name, document, 0);
    revision.is_tombstone = is_delete;
    lab_change(lab, revision, record->at_ms);
}

TEST(every_version_and_instant_can_be_rebuilt)
{
    uint32_t seed = 20260131;
    print_message("seed %u\n", seed);
    struct lab lab;
    lab_open(&lab);
    static struct record records[RANDOM_CHANGES + 1];
    records[0] = (struct record){.at_ms = lab_now_ms};
    for (size_t i = 1; i <= RANDOM_CHANGES; i++) {
        records[i] = records[i - 1];
        change_at_random(&lab, &seed, &records[i]);
    }
    lab_reopen(&lab);
    for (size_t i = 0; i <= RANDOM_CHANGES; i++) {
        CHECK_STR(lab_state(&lab, lab.store, i), record_text(&lab.arena, &records[i]));
        arena_reset(&lab.arena);
    }
    size_t newest = 0;
    for (int64_t at_ms = lab_now_ms; at_ms <= records[RANDOM_CHANGES].at_ms + 1; at_ms++) {
        while (newest < RANDOM_CHANGES && records[newest + 1].at_ms <= at_ms)
            newest++;
        uint64_t version = 0;
        CHECK_OK(store_find_version_at(lab.store, lab.environment, at_ms, &version));
        CHECK_INT(version, newest);
    }
    lab_close(&lab);
}

#define STORE_CONTRACT_VERSIONS                                                                    \
    each_change_is_one_version_and_the_empty_beginning_is_none,                                    \
        environments_do_not_see_each_other, kinds_are_separate_key_spaces_and_come_in_order,       \
        keys_of_any_script_come_in_order_of_their_bytes,                                           \
        a_key_made_again_is_a_new_object_with_its_history_in_order,                                \
        a_tombstone_is_found_while_it_is_the_last_of_its_key, large_documents_come_back_whole,     \
        a_revision_belongs_to_a_version_that_was_made_and_is_written_once_in_it,                   \
        an_instant_finds_the_version_that_was_current,                                             \
        a_clock_set_back_does_not_bring_back_an_older_version,                                     \
        every_version_and_instant_can_be_rebuilt
