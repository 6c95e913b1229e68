/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, sequences, and who wrote what: each revision knows its object and its author. */
#include "store_contract.h"

struct authored {
    const char *object, *key, *document, *actor;
    int64_t after_ms; /* lab_now_ms */
    int group;
};

/* One version with one flag in it; its number is assigned as change/ does it. */
static uint64_t author_flag(struct lab *lab, struct authored authored)
{
    uint64_t number = 0;
    struct revision_row row = lab_flag(authored.key, authored.document, 0);
    row.object_id = str_of(authored.object);
    row.actor = str_of(authored.actor);
    row.is_tombstone = authored.document[0] == '\0';
    CHECK_OK(store_begin(lab->store));
    CHECK_OK(store_assign_number(lab->store, lab->environment, row.object_id, authored.group,
                                 row.actor, lab_now_ms + authored.after_ms, &number));
    lab_write(lab, row, lab_now_ms + authored.after_ms);
    CHECK_OK(store_commit(lab->store));
    return number;
}

static void add_environment(struct lab *lab, const char *id)
{
    const struct environment_row environment = {
        .id = str_of(id), .app_id = STR("app_1"), .name = str_of(id), .created_ms = lab_now_ms};
    CHECK_OK(store_begin(lab->store));
    CHECK_OK(store_insert_environment(lab->store, &environment, &lab->environment));
    CHECK_OK(store_commit(lab->store));
}

TEST(an_object_gets_one_number_and_keeps_it)
{
    struct lab lab;
    lab_open(&lab);
    CHECK_INT(author_flag(&lab, (struct authored){"flag_a", "a", "1", "ann", 1, 0}), 1);
    CHECK_INT(author_flag(&lab, (struct authored){"flag_b", "b", "1", "bob", 2, 0}), 2);
    CHECK_INT(author_flag(&lab, (struct authored){"flag_a", "a", "2", "bob", 3, 0}), 1);
    add_environment(&lab, "env_2"); /* the same id in another environment is another object */
    CHECK_INT(author_flag(&lab, (struct authored){"flag_a", "a", "1", "bob", 4, 0}), 3);
    lab_reopen(&lab);
    CHECK_INT(author_flag(&lab, (struct authored){"flag_a", "a", "2", "ann", 5, 0}), 3);
    CHECK_INT(author_flag(&lab, (struct authored){"flag_c", "c", "1", "ann", 6, 0}), 4);
    uint64_t number = 0;
    CHECK_OK(store_begin(lab.store));
    LAB_REFUSES(&lab, store_assign_number(lab.store, 9, STR("flag_x"), 0, STR("ann"), 1, &number),
                FAULT_CONFLICT);
    CHECK_OK(store_savepoint(lab.store));
    CHECK_OK(store_assign_number(lab.store, 1, STR("flag_x"), 0, (struct str){0}, 1, &number));
    CHECK_INT(number, 5);
    store_rollback_savepoint(lab.store); /* what never was used up no number */
    CHECK_OK(store_assign_number(lab.store, 1, STR("flag_y"), 0, STR("ann"), 1, &number));
    CHECK_INT(number, 5);
    CHECK_OK(store_commit(lab.store));
    lab_close(&lab);
}

TEST(a_revision_says_who_wrote_it_when_and_as_which_of_its_object)
{
    struct lab lab;
    lab_open(&lab);
    author_flag(&lab, (struct authored){"flag_a", "a", "1", "ann", 10, 0});
    author_flag(&lab, (struct authored){"flag_b", "b", "1", "bob", 20, 0});
    author_flag(&lab, (struct authored){"flag_a", "a", "2", "bob", 30, 0});
    author_flag(&lab, (struct authored){"flag_a", "a", "", "ann", 40, 0});
    author_flag(&lab, (struct authored){"flag_a2", "a", "3", "cyd", 50, 0});
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_history(lab.store, &lab.arena, lab.environment, REVISION_FLAG, STR("a"),
                                &rows, &count));
    static const struct {
        uint64_t number, sequence;
        int64_t after_ms, created_after_ms;
        const char *actor, *created_by;
    } expected[] = {{1, 1, 10, 10, "ann", "ann"},
                    {1, 2, 30, 10, "bob", "ann"},
                    {1, 2, 40, 10, "ann", "ann"},
                    {3, 1, 50, 50, "cyd", "cyd"}};
    CHECK_INT(count, COUNT_OF(expected));
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(rows[i].environment, lab.environment);
        CHECK_INT(rows[i].number, expected[i].number);
        CHECK_INT(rows[i].sequence, expected[i].sequence);
        CHECK(rows[i].at_ms == lab_now_ms + expected[i].after_ms);
        CHECK(rows[i].created_ms == lab_now_ms + expected[i].created_after_ms);
        CHECK_STR(rows[i].actor, str_of(expected[i].actor));
        CHECK_STR(rows[i].created_by, str_of(expected[i].created_by));
    }
    CHECK(rows[2].is_tombstone);
    CHECK_OK(store_load_environment_at(lab.store, &lab.arena, lab.environment, 3, &rows, &count));
    CHECK_INT(count, 2);
    CHECK_INT(rows[0].number, 1);
    CHECK_INT(rows[0].sequence, 2);
    CHECK(rows[0].created_ms == lab_now_ms + 10);
    CHECK_STR(rows[0].actor, STR("bob"));
    CHECK_INT(rows[1].number, 2);
    CHECK_STR(rows[1].created_by, STR("bob"));
    lab_close(&lab);
}

TEST(what_has_no_number_knows_its_beginnings_too)
{
    struct lab lab;
    lab_open(&lab);
    static const enum revision_kind kinds[] = {REVISION_COHORT, REVISION_SEGMENT,
                                               REVISION_SETTINGS};
    for (int round = 1; round <= 2; round++) {
        uint64_t version = 0;
        CHECK_OK(store_begin(lab.store));
        CHECK_OK(store_advance_version(lab.store, lab.environment, lab_now_ms + round, &version));
        for (size_t i = 0; i < COUNT_OF(kinds); i++) {
            struct revision_row row = lab_flag("k", "{}", version);
            row.kind = kinds[i]; /* of one object id: kinds are apart */
            row.actor = round == 1 ? STR("ann") : STR("bob");
            CHECK_OK(store_write_revision(lab.store, lab.environment, &row));
        }
        CHECK_OK(store_commit(lab.store));
    }
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environment_at(lab.store, &lab.arena, lab.environment, 2, &rows, &count));
    CHECK_INT(count, 3);
    CHECK_INT(rows[0].kind, REVISION_SEGMENT);
    CHECK_INT(rows[1].kind, REVISION_SETTINGS);
    CHECK_INT(rows[2].kind, REVISION_COHORT); /* in the order of the enum */
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(rows[i].number, 0);
        CHECK_INT(rows[i].sequence, 2);
        CHECK_STR(rows[i].actor, STR("bob"));
        CHECK(rows[i].at_ms == lab_now_ms + 2);
        CHECK_STR(rows[i].created_by, STR("ann"));
        CHECK(rows[i].created_ms == lab_now_ms + 1);
    }
    lab_close(&lab);
}

TEST(an_object_tells_its_history_newest_first_whatever_its_key)
{
    struct lab lab;
    lab_open(&lab);
    author_flag(&lab, (struct authored){"flag_b", "b", "1", "ann", 5, 0});
    uint64_t number = author_flag(&lab, (struct authored){"flag_a", "a", "1", "ann", 10, 0});
    author_flag(&lab, (struct authored){"flag_a", "a", "2", "ann", 20, 0});
    author_flag(&lab, (struct authored){"flag_a", "a", "", "ann", 30, 0});
    author_flag(&lab, (struct authored){"flag_a", "renamed", "3", "bob", 40, 0});
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_object_history(lab.store, &lab.arena, number, (struct history_page){0},
                                       &rows, &count));
    CHECK_INT(count, 3);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(rows[i].sequence, 3 - i);
        CHECK_STR(rows[i].document, arena_format(&lab.arena, "%zu", 3 - i));
        CHECK(!rows[i].is_tombstone);
        CHECK_INT(rows[i].number, number);
        CHECK_STR(rows[i].created_by, STR("ann"));
    }
    CHECK_STR(rows[0].key, STR("renamed"));
    CHECK_OK(store_load_object_history(lab.store, &lab.arena, 99, (struct history_page){0}, &rows,
                                       &count));
    CHECK_INT(count, 0);
    lab_close(&lab);
}

TEST(a_history_comes_in_pages)
{
    struct lab lab;
    lab_open(&lab);
    uint64_t number = author_flag(&lab, (struct authored){"flag_a", "a", "1", "ann", 10, 0});
    author_flag(&lab, (struct authored){"flag_a", "a", "2", "ann", 20, 0});
    author_flag(&lab, (struct authored){"flag_a", "a", "3", "ann", 30, 0});
    static const struct {
        struct history_page page;
        size_t count;
        uint64_t first;
    } cases[] = {
        {{.limit = 2}, 2, 3},          {{.below = 3}, 2, 2},  {{.below = 3, .limit = 1}, 1, 2},
        {{.below = 1}, 0, 0},          {{.below = 99}, 3, 3}, {{.below = UINT64_MAX}, 3, 3},
        {{.limit = UINT64_MAX}, 3, 3},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct revision_row *rows = NULL;
        size_t count = 0;
        CHECK_OK(
            store_load_object_history(lab.store, &lab.arena, number, cases[i].page, &rows, &count));
        CHECK_INT(count, cases[i].count);
        CHECK_INT(count == 0 ? 0 : rows[0].sequence, cases[i].first);
    }
    lab_close(&lab);
}

/* Whoever had it, without what was deleted; of one kind and one environment. */
TEST(a_key_tells_its_history_newest_first_whoever_had_it)
{
    struct lab lab;
    lab_open(&lab);
    author_flag(&lab, (struct authored){"flag_a", "a", "1", "ann", 10, 0});
    author_flag(&lab, (struct authored){"flag_b", "b", "1", "ann", 15, 0});
    author_flag(&lab, (struct authored){"flag_a", "a", "", "ann", 20, 0});
    author_flag(&lab, (struct authored){"flag_c", "a", "2", "bob", 30, 0});
    author_flag(&lab, (struct authored){"flag_c", "a", "3", "bob", 40, 0});
    static const struct {
        struct history_page page;
        size_t count;
        uint64_t first;
    } cases[] = {
        {{0}, 3, 5},          {{.limit = 1}, 1, 5},
        {{.below = 5}, 2, 4}, {{.below = 4, .limit = 9}, 1, 1},
        {{.below = 1}, 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct revision_row *rows = NULL;
        size_t count = 0;
        CHECK_OK(store_load_key_history(lab.store, &lab.arena, lab.environment, REVISION_FLAG,
                                        STR("a"), cases[i].page, &rows, &count));
        CHECK_INT(count, cases[i].count);
        CHECK_INT(count == 0 ? 0 : rows[0].version_from, cases[i].first);
        for (size_t at = 0; at < count; at++)
            CHECK(!rows[at].is_tombstone);
    }
    struct revision_row *rows = NULL;
    size_t count = 7;
    CHECK_OK(store_load_key_history(lab.store, &lab.arena, lab.environment, REVISION_SEGMENT,
                                    STR("a"), (struct history_page){0}, &rows, &count));
    CHECK_INT(count, 0);
    CHECK_OK(store_load_key_history(lab.store, &lab.arena, lab.environment + 1, REVISION_FLAG,
                                    STR("a"), (struct history_page){0}, &rows, &count));
    CHECK_INT(count, 0);
    lab_close(&lab);
}

TEST(a_key_tells_the_number_of_who_had_it_last)
{
    struct lab lab;
    lab_open(&lab);
    uint64_t found = 7;
    CHECK_OK(store_find_number_of_key(lab.store, lab.environment, STR("a"), &found));
    CHECK_INT(found, 0);
    uint64_t first = author_flag(&lab, (struct authored){"flag_a", "a", "1", "ann", 10, 0});
    author_flag(&lab, (struct authored){"flag_a", "a", "", "ann", 20, 0});
    CHECK_OK(store_find_number_of_key(lab.store, lab.environment, STR("a"), &found));
    CHECK_INT(found, first);
    uint64_t second = author_flag(&lab, (struct authored){"flag_b", "a", "1", "ann", 30, 0});
    CHECK_OK(store_find_number_of_key(lab.store, lab.environment, STR("a"), &found));
    CHECK_INT(found, second);
    CHECK_OK(store_find_number_of_id(lab.store, lab.environment, STR("a"), STR("flag_a"), &found));
    CHECK_INT(found, first);
    CHECK_OK(store_find_number_of_id(lab.store, lab.environment, STR("a"), STR("flag_b"), &found));
    CHECK_INT(found, second);
    CHECK_OK(store_find_number_of_id(lab.store, lab.environment, STR("b"), STR("flag_b"), &found));
    CHECK_INT(found, 0);
    CHECK_OK(
        store_find_number_of_id(lab.store, lab.environment + 1, STR("a"), STR("flag_a"), &found));
    CHECK_INT(found, 0);
    lab_close(&lab);
}

/* ---- lists ---------------------------------------------------------------------------------- */

static struct str list_text(struct lab *lab, struct revision_query query)
{
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_query_revisions(lab->store, &lab->arena, &query, &rows, &count));
    struct str text = STR("");
    for (size_t i = 0; i < count; i++)
        text =
            arena_format(&lab->arena, "%.*s%s%d/%d:%.*s", STR_ARG(text), i == 0 ? "" : " ",
                         (int)rows[i].environment, (int)rows[i].version_from, STR_ARG(rows[i].key));
    return text;
}

TEST(a_list_is_newest_first_across_environments_and_comes_in_pages)
{
    struct lab lab;
    lab_open(&lab);
    author_flag(&lab, (struct authored){"flag_a", "a", "1", "ann", 10, 0});
    author_flag(&lab, (struct authored){"flag_x", "x", "1", "ann", 20, 1});
    author_flag(&lab, (struct authored){"flag_m", "m", "1", "ann", 30, 2});
    author_flag(&lab, (struct authored){"flag_a", "a", "", "ann", 35, 0});
    add_environment(&lab, "env_2");
    author_flag(&lab, (struct authored){"flag_b", "b", "1", "ann", 20, 0});
    author_flag(&lab, (struct authored){"flag_b", "b", "2", "ann", 20, 0});
    author_flag(&lab, (struct authored){"flag_c", "c", "1", "ann", 5, 0}); /* a clock set back */
    add_environment(&lab, "env_3");
    author_flag(&lab, (struct authored){"flag_d", "d", "1", "ann", 20, 0});

    static const uint64_t two[] = {1, 2};
    struct revision_query query = {.environments = two,
                                   .environment_count = 2,
                                   .groups = 0xf,
                                   .from_ms = INT64_MIN,
                                   .to_ms = INT64_MAX,
                                   .limit = 100};
    CHECK_STR(list_text(&lab, query), STR("1/3:m 2/2:b 2/1:b 1/2:x 1/1:a 2/3:c"));
    query.limit = 2;
    CHECK_STR(list_text(&lab, query), STR("1/3:m 2/2:b"));
    query.offset = 2;
    CHECK_STR(list_text(&lab, query), STR("2/1:b 1/2:x"));
    query.offset = 5;
    CHECK_STR(list_text(&lab, query), STR("2/3:c"));
    query.offset = 6;
    CHECK_STR(list_text(&lab, query), STR(""));
    query.offset = 0;
    query.limit = 100;
    query.groups = 1 << 1 | 1 << 2;
    CHECK_STR(list_text(&lab, query), STR("1/3:m 1/2:x"));
    query.groups = 1;
    query.from_ms = lab_now_ms + 10;
    query.to_ms = lab_now_ms + 20;
    CHECK_STR(list_text(&lab, query), STR("1/1:a"));
    query.to_ms = lab_now_ms + 21;
    CHECK_STR(list_text(&lab, query), STR("2/2:b 2/1:b 1/1:a"));
    query.environments = &two[1];
    query.environment_count = 1;
    CHECK_STR(list_text(&lab, query), STR("2/2:b 2/1:b"));
    query.environment_count = 0;
    CHECK_STR(list_text(&lab, query), STR(""));
    query.limit = 0;
    query.environment_count = 1;
    CHECK_STR(list_text(&lab, query), STR(""));
    lab_close(&lab);
}

TEST(flags_of_one_version_come_by_number)
{
    struct lab lab;
    lab_open(&lab);
    enum { COUNT = 50 };
    uint64_t version = 0;
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_advance_version(lab.store, 1, lab_now_ms, &version));
    for (int i = 0; i < COUNT; i++) {
        uint64_t number = 0;
        struct revision_row row = lab_flag("", "{}", version);
        row.key = arena_format(&lab.arena, "k%02d", i * 7 % COUNT);
        row.object_id = arena_format(&lab.arena, "flag_%02d", i * 7 % COUNT);
        CHECK_OK(store_assign_number(lab.store, 1, row.object_id, 0, STR(""), 1, &number));
        CHECK_OK(store_write_revision(lab.store, 1, &row));
    }
    CHECK_OK(store_commit(lab.store));
    static const uint64_t one[] = {1};
    struct revision_query query = {one, 1, 1, 0, INT64_MAX, 3, 40};
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_query_revisions(lab.store, &lab.arena, &query, &rows, &count));
    CHECK_INT(count, 40);
    for (size_t i = 0; i < count; i++)
        CHECK_INT(rows[i].number, COUNT - 3 - i);
    lab_close(&lab);
}

/* ---- against a list made by hand ------------------------------------------------------------- */

enum { LISTED = 600, LISTED_ENVIRONMENTS = 5, LISTED_FLAGS = 40 };

struct listed {
    int64_t at_ms;
    uint64_t environment, version;
    int group;
    uint64_t number;
};

static int compare_listed(const void *a, const void *b)
{
    const struct listed *left = a;
    const struct listed *right = b;
    if (left->at_ms != right->at_ms)
        return left->at_ms > right->at_ms ? -1 : 1;
    if (left->environment != right->environment)
        return left->environment > right->environment ? -1 : 1;
    return left->version > right->version ? -1 : left->version < right->version;
}

static void write_listed(struct lab *lab, uint32_t *seed, struct listed *listed)
{
    lab->environment = next_random(seed) % LISTED_ENVIRONMENTS + 1;
    uint32_t flag = next_random(seed) % LISTED_FLAGS;
    int64_t at_ms = lab_now_ms + next_random(seed) % 200; /* in any order, with many ties */
    struct authored authored = {
        .object = arena_format(&lab->arena, "flag_%u", flag).data,
        .key = arena_format(&lab->arena, "k%u", flag).data,
        .document = "{}",
        .actor = "ann",
        .after_ms = at_ms - lab_now_ms,
        .group = (int)flag % 4,
    };
    uint64_t number = author_flag(lab, authored);
    *listed = (struct listed){at_ms, lab->environment, lab_version(lab, lab->store), authored.group,
                              number};
}

static void check_page(struct lab *lab, const struct listed *listed, struct revision_query query)
{
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_query_revisions(lab->store, &lab->arena, &query, &rows, &count));
    size_t at = 0;
    size_t seen = 0;
    for (size_t i = 0; i < LISTED; i++) {
        bool is_asked_for = false;
        for (size_t k = 0; k < query.environment_count; k++)
            is_asked_for |= query.environments[k] == listed[i].environment;
        is_asked_for &= (query.groups >> listed[i].group & 1) == 1;
        is_asked_for &= listed[i].at_ms >= query.from_ms && listed[i].at_ms < query.to_ms;
        if (!is_asked_for || seen++ < query.offset || at == query.limit)
            continue;
        CHECK(at < count);
        CHECK_INT(rows[at].environment, listed[i].environment);
        CHECK_INT(rows[at].version_from, listed[i].version);
        CHECK_INT(rows[at].number, listed[i].number);
        CHECK(rows[at].at_ms == listed[i].at_ms);
        at++;
    }
    CHECK_INT(count, at);
}

TEST(any_page_of_any_list_is_the_right_one)
{
    uint32_t seed = 20260417;
    print_message("seed %u\n", seed);
    struct lab lab;
    lab_open(&lab);
    for (int i = 2; i <= LISTED_ENVIRONMENTS; i++)
        add_environment(&lab, arena_format(&lab.arena, "env_%d", i).data);
    static struct listed listed[LISTED];
    for (size_t i = 0; i < LISTED; i++)
        write_listed(&lab, &seed, &listed[i]);
    qsort(listed, LISTED, sizeof(listed[0]), compare_listed);
    for (int i = 0; i < 200; i++) {
        static const uint64_t environments[] = {3, 1, 5, 2, 4};
        size_t first = next_random(&seed) % LISTED_ENVIRONMENTS;
        struct revision_query query = {
            .environments = &environments[first],
            .environment_count = next_random(&seed) % (LISTED_ENVIRONMENTS - first) + 1,
            .groups = next_random(&seed) % 16,
            .from_ms = lab_now_ms + next_random(&seed) % 100,
            .to_ms = lab_now_ms + 50 + next_random(&seed) % 160,
            .offset = next_random(&seed) % 300,
            .limit = next_random(&seed) % 100,
        };
        check_page(&lab, listed, query);
        arena_reset(&lab.arena);
    }
    lab_close(&lab);
}

#define STORE_CONTRACT_OBJECTS                                                                     \
    an_object_gets_one_number_and_keeps_it,                                                        \
        a_revision_says_who_wrote_it_when_and_as_which_of_its_object,                              \
        what_has_no_number_knows_its_beginnings_too,                                               \
        an_object_tells_its_history_newest_first_whatever_its_key, a_history_comes_in_pages,       \
        a_key_tells_its_history_newest_first_whoever_had_it,                                       \
        a_key_tells_the_number_of_who_had_it_last,                                                 \
        a_list_is_newest_first_across_environments_and_comes_in_pages,                             \
        flags_of_one_version_come_by_number, any_page_of_any_list_is_the_right_one
