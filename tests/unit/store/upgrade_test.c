/* SPDX-License-Identifier: Apache-2.0 */
/* A store of any release is brought up to date with everything that was in it. */
#include <sodium.h>
#include <sqlite3.h>

#include "released_0001.h"
#include "released_0002.h"
#include "world.h"

#include "base/clock.h"
#include "store/migrations.h"

static void run_sql(struct world *world, const char *sql)
{
    sqlite3 *database = NULL;
    CHECK_INT(sqlite3_open(file_of(world, "guidon.db"), &database), SQLITE_OK);
    CHECK_INT(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_close(database), SQLITE_OK);
}

static void restore(struct world *world, const char *const *statements, size_t count)
{
    random_open();
    *world = (struct world){0};
    arena_open(&world->arena, 4096);
    CHECK(scratch_open(&world->place));
    struct str sql = STR("");
    for (size_t i = 0; i < count; i++)
        sql = arena_format(&world->arena, "%.*s\n%s", STR_ARG(sql), statements[i]);
    run_sql(world, sql.data);
}

static void restore_released(struct world *world)
{
    restore(world, released_0001, COUNT_OF(released_0001));
}

static void upgrade(struct world *world)
{
    restore_released(world);
    CHECK_OK(open_store(world));
}

TEST(the_text_of_a_released_migration_never_changes)
{
    static const char *const checksums[] = {
        "fe03bf1f494f17d8a9cb812c78b894c207964d35dbb8ea6e5ba7a7f261859b41",
        "77115a85191c055e9333eb8e1807391986954d68a74bdc6ac897913f6a342674",
    };
    size_t count = 0;
    const struct migration *migrations = migrations_list(&count);
    CHECK(count >= COUNT_OF(checksums));
    for (size_t i = 0; i < COUNT_OF(checksums); i++) {
        unsigned char hash[crypto_hash_sha256_BYTES];
        char text[2 * sizeof(hash) + 1];
        crypto_hash_sha256(hash, (const unsigned char *)migrations[i].sql.data,
                           migrations[i].sql.size);
        sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
        CHECK_STR(str_of(text), str_of(checksums[i]));
    }
}

/* "flag a@1-2=…" for every revision of an environment's keys. */
TEST(every_version_is_there_as_it_was)
{
    struct world world;
    upgrade(&world);
    static const struct {
        uint64_t environment, version;
        const char *state;
    } expected[] = {
        {1, 0, ""},
        {1, 1, " 0 a={\"a\":1}"},
        {1, 2, " 0 a={\"a\":2}"},
        {1, 3, " 0 a={\"a\":2} 0 b={\"b\":1} 0 c={\"c\":1} 1 x={\"x\":1} 2 settings={\"set\":1}"},
        {1, 4, " 0 b={\"b\":1} 0 c={\"c\":1} 1 x={\"x\":1} 2 settings={\"set\":1}"},
        {1, 6,
         " 0 a={\"again\":1} 0 b={\"b\":\"zwei ✓ 'quoted'\"} 0 c={\"c\":1} 1 x={\"x\":2}"
         " 2 settings={\"set\":1}"},
        {2, 1, " 0 a={\"s\":1}"},
        {2, 2, " 0 a={\"s\":2}"},
    };
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        struct revision_row *rows = NULL;
        size_t count = 0;
        CHECK_OK(store_load_environment_at(world.store, &world.arena, expected[i].environment,
                                           expected[i].version, &rows, &count));
        struct str state = STR("");
        for (size_t k = 0; k < count; k++)
            state =
                arena_format(&world.arena, "%.*s %d %.*s=%.*s", STR_ARG(state), (int)rows[k].kind,
                             STR_ARG(rows[k].key), STR_ARG(rows[k].document));
        CHECK_STR(state, str_of(expected[i].state));
    }
    uint64_t version = 0;
    CHECK_OK(store_find_version_at(world.store, 1, now_ms + 350, &version));
    CHECK_INT(version, 3);
    world_close(&world);
}

TEST(people_and_credentials_are_there_as_they_were)
{
    struct world world;
    upgrade(&world);
    struct environment_row *environments = NULL;
    struct credential_row *credentials = NULL;
    struct quota_row *quotas = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environments(world.store, &world.arena, &environments, &count));
    CHECK_INT(count, 2);
    CHECK_INT(environments[0].version, 6);
    CHECK_INT(environments[0].monthly_quota, 1000);
    CHECK_STR(environments[1].name, STR("staging"));
    CHECK_OK(store_load_credentials(world.store, &world.arena, &credentials, &count));
    CHECK_INT(count, 3); /* the revoked one stays revoked */
    static const char *const ids[] = {"key_1", "token_1", "token_2"};
    static const enum credential_kind kinds[] = {CREDENTIAL_BROWSER_KEY, CREDENTIAL_PERSONAL,
                                                 CREDENTIAL_APP};
    for (size_t i = 0; i < count; i++) {
        CHECK_STR(credentials[i].id, str_of(ids[i]));
        CHECK_INT(credentials[i].kind, kinds[i]);
        CHECK(str_is_absent(credentials[i].name));
        CHECK_INT(credentials[i].deployment, 0);
        CHECK_INT(credentials[i].environment_count, 0);
    }
    CHECK_INT(credentials[0].hash.bytes[31], 1);
    CHECK_OK(store_load_quota_use(world.store, &world.arena, 202311, &quotas, &count));
    CHECK_INT(count, 1);
    CHECK_INT(quotas[0].used, 42);
    bool has = false;
    CHECK_OK(store_has_event(world.store, 1, STR("e1"), &has));
    CHECK(has);
    world_close(&world);
}

TEST(flags_get_numbers_and_revisions_their_authors)
{
    static const struct {
        uint64_t environment;
        const char *key;
        uint64_t version, number, sequence;
        int64_t created_after_ms;
        const char *actor, *created_by;
    } expected[] = {
        {1, "a", 1, 1, 1, 100, "owner@example.test", "owner@example.test"},
        {1, "a", 2, 1, 2, 100, "token_2", "owner@example.test"},
        {1, "a", 4, 1, 2, 100, "owner@example.test", "owner@example.test"}, /* the tombstone */
        {1, "a", 5, 5, 1, 500, "", ""}, /* nobody wrote down who */
        {1, "b", 3, 3, 1, 300, "owner@example.test", "owner@example.test"},
        {1, "b", 6, 3, 2, 300, "token_2", "owner@example.test"},
        {1, "c", 3, 4, 1, 300, "owner@example.test", "owner@example.test"},
        {2, "a", 1, 2, 1, 150, "token_2", "token_2"},
        {2, "a", 2, 2, 2, 150, "owner@example.test", "token_2"},
    };
    struct world world;
    upgrade(&world);
    size_t at = 0;
    while (at < COUNT_OF(expected)) {
        struct revision_row *rows = NULL;
        size_t count = 0;
        CHECK_OK(store_load_history(world.store, &world.arena, expected[at].environment,
                                    REVISION_FLAG, str_of(expected[at].key), &rows, &count));
        CHECK(count > 0);
        for (size_t i = 0; i < count; i++, at++) {
            CHECK_INT(rows[i].version_from, expected[at].version);
            CHECK_INT(rows[i].number, expected[at].number);
            CHECK_INT(rows[i].sequence, expected[at].sequence);
            CHECK(rows[i].created_ms == now_ms + expected[at].created_after_ms);
            CHECK_STR(rows[i].actor, str_of(expected[at].actor));
            CHECK_STR(rows[i].created_by, str_of(expected[at].created_by));
        }
    }
    static const uint64_t both[] = {1, 2};
    const struct revision_query query = {both, 2, 1, 0, INT64_MAX, 1, 2};
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_query_revisions(world.store, &world.arena, &query, &rows, &count));
    CHECK_INT(count, 2);
    CHECK_STR(rows[0].key, STR("b"));
    CHECK_INT(rows[0].version_from, 6);
    CHECK_STR(rows[1].key, STR("a"));
    CHECK_INT(rows[1].version_from, 5);
    world_close(&world);
}

TEST(the_audit_chain_goes_on_where_it_was)
{
    struct world world;
    upgrade(&world);
    CHECK_OK(store_verify_audit(world.store, &world.arena));
    const struct audit_row audit = {.at_ms = now_ms, .action = STR("flag.update")};
    CHECK_OK(store_begin(world.store));
    CHECK_OK(store_append_audit(world.store, &audit));
    CHECK_OK(store_commit(world.store));
    CHECK_OK(store_verify_audit(world.store, &world.arena));
    struct audit_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_audit(world.store, &world.arena, 9, 9, &rows, &count));
    CHECK_INT(count, 2);
    CHECK_STR(rows[0].actor, STR("owner@example.test"));
    CHECK_INT(rows[1].sequence, 11);
    world_close(&world);
}

TEST(numbers_and_sequences_go_on_where_the_upgrade_left_them)
{
    struct world world;
    upgrade(&world);
    uint64_t number = 0;
    uint64_t version = 0;
    CHECK_OK(store_begin(world.store));
    CHECK_OK(store_assign_number(world.store, 1, STR("flag_b"), 0, STR("x"), 1, &number));
    CHECK_INT(number, 3);
    CHECK_OK(store_assign_number(world.store, 1, STR("flag_n"), 1, STR("x"), 1, &number));
    CHECK_INT(number, 6);
    CHECK_OK(store_advance_version(world.store, 1, now_ms + 900, &version));
    CHECK_INT(version, 7);
    struct revision_row revision = {.kind = REVISION_FLAG,
                                    .object_id = STR("flag_b"),
                                    .key = STR("b"),
                                    .version_from = version,
                                    .document = STR("{}"),
                                    .actor = STR("x")};
    CHECK_OK(store_write_revision(world.store, 1, &revision));
    const struct deployment_row deployment = {.environment = 2,
                                              .label = STR("web"),
                                              .key = STR("k"),
                                              .kind = CREDENTIAL_SERVER_DEPLOYMENT};
    CHECK_OK(store_insert_deployment(world.store, &deployment, &number));
    CHECK_INT(number, 1);
    CHECK_OK(store_commit(world.store));
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_object_history(world.store, &world.arena, 3, (struct history_page){0},
                                       &rows, &count));
    CHECK_INT(count, 3);
    CHECK_INT(rows[0].sequence, 3);
    CHECK_INT(rows[0].version_from, 7);
    world_close(&world);
}

static void upgrade_0002(struct world *world)
{
    restore(world, released_0002, COUNT_OF(released_0002));
    CHECK_OK(open_store(world));
}

TEST(what_the_second_release_knew_is_there_as_it_was)
{
    struct world world;
    upgrade_0002(&world);
    struct user_row *users = NULL;
    struct credential_row *credentials = NULL;
    struct deployment_row *deployments = NULL;
    struct environment_row *environments = NULL;
    struct revision_row *rows = NULL;
    struct note_row *notes = NULL;
    size_t count = 0;
    CHECK_OK(store_load_users(world.store, &world.arena, &users, &count));
    CHECK_INT(count, 2);
    CHECK_STR(users[1].email, STR("ann@example.test"));
    CHECK_INT(users[1].role, ROLE_EDITOR);
    CHECK_OK(store_load_credentials(world.store, &world.arena, &credentials, &count));
    CHECK_INT(count, 5);
    for (size_t i = 0; i < count; i++)
        CHECK(!credentials[i].is_read_only); /* nobody had asked for one */
    CHECK_STR(credentials[4].name, STR("ci"));
    CHECK_INT(credentials[4].environment_count, 2);
    CHECK_INT(credentials[3].deployment, 1);
    CHECK_OK(store_load_deployments(world.store, &world.arena, &deployments, &count));
    CHECK_INT(count, 1);
    CHECK_STR(deployments[0].key, STR("client-k"));
    CHECK_OK(store_load_environments(world.store, &world.arena, &environments, &count));
    CHECK_INT(count, 3);
    CHECK(environments[0].hides_flags_by_default); /* as their app said */
    CHECK(environments[1].hides_flags_by_default);
    CHECK(!environments[2].hides_flags_by_default);
    CHECK_OK(store_load_environment_at(world.store, &world.arena, 3, 1, &rows, &count));
    CHECK_INT(count, 2);
    CHECK_STR(rows[0].document, STR("{\"x\":1}"));
    CHECK_STR(rows[1].key, STR("vip"));
    CHECK_OK(store_load_environment_at(world.store, &world.arena, 3, 2, &rows, &count));
    CHECK_INT(count, 1);
    CHECK_INT(rows[0].number, 6);
    CHECK_INT(rows[0].sequence, 2);
    CHECK_OK(store_load_notes(world.store, &world.arena, NOTE_VARIATION, 10, &notes, &count));
    CHECK_INT(count, 1);
    CHECK_STR(notes[0].value, STR("on"));
    CHECK_OK(store_verify_audit(world.store, &world.arena));
    world_close(&world);
}

TEST(old_trails_are_searched_like_new_ones)
{
    struct world world;
    upgrade_0002(&world);
    static const uint64_t third[] = {3};
    const struct audit_query of_ann = {.actor = STR("ann@example.test"), .limit = 10};
    const struct audit_query of_third = {
        .environments = third, .environment_count = 1, .version = 2, .limit = 10};
    struct audit_row *found = NULL;
    struct revision_row *rows = NULL;
    struct revision_row *before = NULL;
    size_t count = 0;
    CHECK_OK(store_query_audit(world.store, &world.arena, &of_ann, &found, &count));
    CHECK_INT(count, 2);
    CHECK(found[0].sequence > found[1].sequence);
    CHECK_OK(store_query_audit(world.store, &world.arena, &of_third, &found, &count));
    CHECK_INT(count, 1);
    CHECK_INT(found[0].version, 2);
    CHECK_OK(store_load_step(world.store, &world.arena, 3, 2, &rows, &before, &count));
    CHECK_INT(count, 2);
    CHECK_STR(rows[0].document, STR("{\"x\":2}"));
    CHECK_STR(before[0].document, STR("{\"x\":1}"));
    CHECK(rows[1].is_tombstone);
    CHECK_STR(before[1].document, STR("{\"id\":\"vip\"}"));
    world_close(&world);
}

/* In malloc's memory: the world it was read in is gone. */
static char *schema_of(struct world *world)
{
    static const char sql[] =
        "SELECT group_concat(text, char(10)) FROM (SELECT m.type || ' ' || m.name || ' ' ||"
        " coalesce((SELECT group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' || pk, ', "
        "')"
        " FROM pragma_table_xinfo(m.name)), '') AS text FROM sqlite_schema AS m ORDER BY m.name)";
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    close_store(world);
    CHECK_INT(sqlite3_open(file_of(world, "guidon.db"), &database), SQLITE_OK);
    CHECK_INT(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_step(statement), SQLITE_ROW);
    char *text = strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    CHECK_INT(sqlite3_close(database), SQLITE_OK);
    world_close(world);
    return text;
}

TEST(an_upgraded_store_has_the_schema_of_a_new_one)
{
    struct world world;
    world_open(&world);
    char *new = schema_of(&world);
    upgrade(&world);
    char *from_0001 = schema_of(&world);
    upgrade_0002(&world);
    char *from_0002 = schema_of(&world);
    CHECK(strstr(new, "table once") != NULL);
    CHECK_STR(str_of(from_0001), str_of(new));
    CHECK_STR(str_of(from_0002), str_of(new));
    free(new);
    free(from_0001);
    free(from_0002);
}

TEST(a_reader_does_not_upgrade)
{
    struct world world;
    restore_released(&world);
    run_sql(&world, "PRAGMA journal_mode = WAL");
    struct store *reader = NULL;
    struct fault fault = store_open(&reader, scratch_path(&world.place), STORE_READER);
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    CHECK_STR(fault.why, STR("the store has not been brought up to date"));
    world_close(&world);
}

/* Steps are bound to the size of the store, not to its square. */
TEST(a_large_store_is_upgraded_in_little_time)
{
    enum { FLAGS = 2000, CHANGES = 20000 };
    struct world world;
    restore_released(&world);
    run_sql(&world, "BEGIN;"
                    "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n"
                    "  WHERE i < 20099)"
                    " INSERT INTO environment_version SELECT 2, i, 1700000000000 + i FROM n;"
                    "WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n"
                    "  WHERE i < 20099)"
                    " INSERT INTO revision SELECT 2, 'flag', 'k' || (i % 2000), i,"
                    "  CASE WHEN i + 2000 < 20100 THEN i + 2000 ELSE 0 END, 'flag_k' || (i % 2000),"
                    "  0, x'00', '{}' FROM n;"
                    "INSERT INTO audit SELECT version + 100, at_ms, 'ann', 'flag.update', 'app_1',"
                    "  2, version, 'k', '{}', x'00', x'00' FROM environment_version"
                    "  WHERE environment = 2 AND version >= 100;"
                    "COMMIT");
    int64_t began_us = clock_monotonic_us();
    CHECK_OK(open_store(&world));
    int64_t took_ms = (clock_monotonic_us() - began_us) / 1000;
    print_message("%d revisions in %d ms\n", CHANGES, (int)took_ms);
    CHECK(took_ms < 10000);
    close_store(&world);
    run_sql(&world, "CREATE TABLE checked (bad INTEGER CHECK (bad = 0));"
                    "INSERT INTO checked SELECT count(*) FROM revision"
                    "  WHERE environment = 2 AND version_from >= 100"
                    "  AND (actor <> 'ann' OR sequence <> (version_from - 100) / 2000 + 1);"
                    "INSERT INTO checked SELECT count(*) - 2005 FROM object");
    world_close(&world);
}

TESTS(the_text_of_a_released_migration_never_changes, every_version_is_there_as_it_was,
      people_and_credentials_are_there_as_they_were, flags_get_numbers_and_revisions_their_authors,
      the_audit_chain_goes_on_where_it_was, numbers_and_sequences_go_on_where_the_upgrade_left_them,
      what_the_second_release_knew_is_there_as_it_was, old_trails_are_searched_like_new_ones,
      an_upgraded_store_has_the_schema_of_a_new_one, a_reader_does_not_upgrade,
      a_large_store_is_upgraded_in_little_time)
