/* SPDX-License-Identifier: Apache-2.0 */
/* What the SQLite engine does beyond the contract: settings, files, locks, bounds. */
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "steps.h"
#include "world.h"

#include "store/connection.h"
#include "store/migrations.h"
#include "store/sqlite/connection.h"

static struct fault keep_text(const struct row *row, void *context)
{
    struct str *text = context;
    CHECK(row_text(row, 0).size < 64);
    memcpy((char *)text->data, row_text(row, 0).data, row_text(row, 0).size);
    text->size = row_text(row, 0).size;
    return fault_none();
}

static struct str ask(struct world *world, struct store *store, const char *sql)
{
    struct str text = {arena_allocate(&world->arena, 64), 0};
    CHECK_OK(store_query(store, sql, NULL, 0, keep_text, &text));
    return text;
}

/* ---- settings and files ------------------------------------------------------------------- */

TEST(connections_are_made_as_the_program_relies_on)
{
    static const struct {
        const char *sql, *writer, *reader;
    } settings[] = {
        {"PRAGMA journal_mode", "wal", "wal"},   {"PRAGMA synchronous", "2", "2"},
        {"PRAGMA foreign_keys", "1", "1"},       {"PRAGMA query_only", "0", "1"},
        {"PRAGMA wal_autocheckpoint", "0", "0"}, {"PRAGMA trusted_schema", "0", "0"},
        {"PRAGMA cell_size_check", "1", "1"},    {"PRAGMA busy_timeout", "2000", "2000"},
        {"PRAGMA mmap_size", "0", "0"},          {"PRAGMA cache_size", "-1024", "-256"},
        {"PRAGMA temp_store", "2", "2"},
    };
    struct world world;
    struct store *reader = NULL;
    world_open(&world);
    CHECK_OK(store_open(&reader, scratch_path(&world.place), STORE_READER));
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        CHECK_STR(ask(&world, world.store, settings[i].sql), str_of(settings[i].writer));
        CHECK_STR(ask(&world, reader, settings[i].sql), str_of(settings[i].reader));
    }
    CHECK(str_starts_with(store_engine_version(reader), STR("sqlite 3.")));
    store_close(reader);
    world_close(&world);
}

TEST(only_the_owner_can_read_the_files)
{
    struct world world;
    struct stat status;
    world_open(&world);
    static const char *const names[] = {"guidon.db", "guidon.db-wal", "guidon.db-shm",
                                        "guidon.lock"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        CHECK_INT(stat(file_of(&world, names[i]), &status), 0);
        CHECK_INT(status.st_mode & 07777, 0600);
    }
    close_store(&world);
    CHECK_INT(chmod(file_of(&world, "guidon.db"), 0644), 0);
    CHECK_OK(open_store(&world));
    CHECK_INT(stat(file_of(&world, "guidon.db"), &status), 0);
    CHECK_INT(status.st_mode & 07777, 0600);
    world_close(&world);
}

TEST(the_directory_is_made_for_the_owner_alone)
{
    struct world world;
    struct stat status;
    struct store *inner = NULL;
    world_open(&world);
    struct str directory = str_of(file_of(&world, "data"));
    CHECK_OK(store_open(&inner, directory, STORE_WRITER));
    store_close(inner);
    CHECK_INT(stat(directory.data, &status), 0);
    CHECK_INT(status.st_mode & 07777, 0700);
    CHECK_FAULT(store_open(&inner, str_of(file_of(&world, "none/data")), STORE_WRITER),
                FAULT_UNAVAILABLE);
    CHECK_FAULT(store_open(&inner, str_of(file_of(&world, "guidon.db")), STORE_WRITER),
                FAULT_UNAVAILABLE);
    CHECK_FAULT(store_open(&inner, STR(""), STORE_WRITER), FAULT_UNAVAILABLE);
    unlink(file_of(&world, "data/guidon.db"));
    unlink(file_of(&world, "data/guidon.lock"));
    CHECK_INT(rmdir(directory.data), 0);
    world_close(&world);
}

/* "file:" would be read as a URI, and what follows "?" as settings. */
TEST(a_directory_may_have_any_name)
{
    static const char *const names[] = {"file:x?mode=memory", "mit Umlaut ä", "-x", "%41 #"};
    struct world world;
    char former[PATH_MAX];
    world_open(&world);
    CHECK(getcwd(former, sizeof(former)) != NULL);
    CHECK_INT(chdir(world.place.path), 0);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct store *store = NULL;
        CHECK_OK(store_open(&store, str_of(names[i]), STORE_WRITER));
        store_close(store);
        struct str file = arena_format(&world.arena, "%s/guidon.db", names[i]);
        CHECK_INT(unlink(file.data), 0);
        CHECK_INT(unlink(arena_format(&world.arena, "%s/guidon.lock", names[i]).data), 0);
        CHECK_INT(rmdir(names[i]), 0);
    }
    CHECK_INT(chdir(former), 0);
    world_close(&world);
}

TEST(a_second_writer_is_refused_and_the_first_is_none_the_worse)
{
    struct world world;
    struct store *second = NULL;
    world_open(&world);
    struct fault fault = store_open(&second, scratch_path(&world.place), STORE_WRITER);
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    CHECK_STR(fault.why, STR("another process is using this data directory"));
    CHECK(second == NULL);
    change(&world, STR("a"), STR("1"));
    world_close(&world);
}

TEST(a_second_process_is_refused_and_let_in_when_the_first_is_gone)
{
    struct world world;
    world_open(&world);
    for (int is_gone = 0; is_gone <= 1; is_gone++) {
        if (is_gone == 1)
            close_store(&world);
        pid_t child = fork();
        if (child == 0) {
            struct store *store = NULL;
            struct fault fault = store_open(&store, scratch_path(&world.place), STORE_WRITER);
            /* Held to the end of the process: an exit is enough to let go. */
            _exit(failed(fault) ? 1 : 0);
        }
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status));
        CHECK_INT(WEXITSTATUS(status), is_gone == 1 ? 0 : 1);
    }
    CHECK_OK(open_store(&world));
    world_close(&world);
}

TEST(network_file_systems_are_known)
{
    CHECK(filesystem_is_remote(0x6969, STR("")));     /* NFS */
    CHECK(filesystem_is_remote(0xfe534d42, STR(""))); /* SMB2 */
    CHECK(filesystem_is_remote(0xff534d42, STR(""))); /* CIFS */
    CHECK(filesystem_is_remote(0x01021997, STR(""))); /* 9P */
    CHECK(filesystem_is_remote(0x65735546, STR("fuse.sshfs")));
    CHECK(!filesystem_is_remote(0x65735546, STR("fuseblk")));
    CHECK(!filesystem_is_remote(0x65735546, STR("virtiofs")));
    CHECK(!filesystem_is_remote(0xef53, STR("")));     /* ext4 */
    CHECK(!filesystem_is_remote(0x01021994, STR(""))); /* tmpfs */
    CHECK(!filesystem_is_remote(0x58465342, STR(""))); /* XFS */
    CHECK(!filesystem_is_remote(0x9123683e, STR(""))); /* btrfs */
    CHECK(!filesystem_is_remote(0x794c7630, STR(""))); /* overlay */
}

/* ---- bounds --------------------------------------------------------------------------------- */

TEST(the_log_does_not_grow_without_bound)
{
    struct world world;
    struct stat status;
    world_open(&world);
    char *document = arena_allocate(&world.arena, 200000);
    memset(document, 'x', 200000);
    for (int i = 0; i < 300; i++)
        change(&world, STR("k"), (struct str){document, 200000});
    CHECK_INT(stat(file_of(&world, "guidon.db-wal"), &status), 0);
    CHECK(status.st_size < (LOG_PAGES_MAX + 200) * (4096 + 24));
    CHECK(file_size(&world) > (size_t)40 << 20);
    world_close(&world);
}

/* A reader that never lets go keeps the log from starting over; commits must not each try. */
TEST(a_reader_that_holds_on_does_not_stop_the_writer)
{
    struct world world;
    struct store *reader = NULL;
    world_open(&world);
    CHECK_OK(store_open(&reader, scratch_path(&world.place), STORE_READER));
    struct sqlite_engine *held = sqlite_engine_of(reader->engine);
    struct sqlite_engine *writer = sqlite_engine_of(world.store->engine);
    CHECK_INT(
        sqlite3_exec(held->database, "BEGIN; SELECT count(*) FROM revision", NULL, NULL, NULL),
        SQLITE_OK);
    char *document = arena_allocate(&world.arena, 200000);
    memset(document, 'x', 200000);
    for (int i = 0; i < 200; i++)
        change(&world, STR("k"), (struct str){document, 200000});
    CHECK(writer->log_pages > LOG_PAGES_MAX);
    CHECK(writer->log_pages_next > writer->log_pages);
    CHECK_INT(sqlite3_exec(held->database, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    store_checkpoint(world.store);
    change(&world, STR("k"), STR("small"));
    CHECK(writer->log_pages < 200); /* it has started over */
    CHECK_INT(writer->log_pages_next, LOG_PAGES_MAX);
    store_close(reader);
    world_close(&world);
}

TEST(statements_are_kept_up_to_a_bound)
{
    struct world world;
    world_open(&world);
    struct sqlite_engine *engine = sqlite_engine_of(world.store->engine);
    size_t before = engine->statement_count;
    for (int i = 0; i < 3; i++)
        change(&world, STR("k"), STR("{}"));
    CHECK(engine->statement_count > before);
    before = engine->statement_count;
    change(&world, STR("k"), STR("{}"));
    CHECK_INT(engine->statement_count, before); /* found again */
    for (int i = 0; i < 3 * STATEMENTS_MAX; i++) {
        /* Another address each time. */
        const char *sql = arena_format(&world.arena, "SELECT %d", i).data;
        CHECK_STR(ask(&world, world.store, sql), arena_format(&world.arena, "%d", i));
    }
    CHECK_INT(engine->statement_count, STATEMENTS_MAX);
    change(&world, STR("k"), STR("{}"));
    world_close(&world);
}

static struct fault stop_at_second(const struct row *row, void *context)
{
    size_t *seen = context;
    (void)row;
    return ++*seen == 2 ? fault_make(FAULT_LIMIT, STR(""), STR("enough")) : fault_none();
}

TEST(a_row_may_end_the_query_and_binds_go_by_name)
{
    /* SQLite numbers these by first appearance: 2, 1, 11, 3 and so on. */
    static const char sql[] = "SELECT 1 WHERE $2 = 'b' UNION ALL SELECT 2 WHERE $1 = 7"
                              " UNION ALL SELECT 3 WHERE $11 = x'' AND $3 IS NULL AND $4 IS NULL"
                              " AND $5 IS NULL AND $6 IS NULL AND $7 IS NULL AND $8 IS NULL"
                              " AND $9 IS NULL AND $10 IS NULL";
    struct world world;
    size_t seen = 0;
    world_open(&world);
    struct bind binds[11] = {bind_integer(7), bind_text(STR("b"))};
    binds[10] = bind_bytes("", 0);
    struct fault fault = store_query(world.store, sql, binds, 11, stop_at_second, &seen);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_INT(seen, 2);
    seen = 10;
    CHECK_OK(store_query(world.store, sql, binds, 11, stop_at_second, &seen));
    CHECK_INT(seen, 13);
    world_close(&world);
}

/* ---- a full disk ----------------------------------------------------------------------------- */

TEST(a_full_disk_refuses_the_transaction_and_forgives)
{
    struct world world;
    world_open(&world);
    change(&world, STR("a"), STR("1"));
    struct engine *engine = world.store->engine;
    CHECK_OK(engine->kind->script(engine, STR("PRAGMA max_page_count = 80")));
    char *document = arena_allocate(&world.arena, 400000);
    memset(document, 'x', 400000);
    CHECK_OK(store_begin(world.store));
    CHECK_OK(store_savepoint(world.store));
    CHECK_OK(write_document(world.store, STR("b"), STR("2")));
    CHECK_OK(store_release_savepoint(world.store));
    CHECK_OK(store_savepoint(world.store));
    struct fault fault = write_document(world.store, STR("c"), (struct str){document, 400000});
    CHECK_FAULT(fault, FAULT_FULL);
    CHECK_STR(fault.why, STR("the disk is full"));
    store_rollback_savepoint(world.store);
    /* Whether SQLite gave up the whole transaction or the statement, nothing is half done. */
    fault = write_document(world.store, STR("d"), STR("4"));
    bool is_lost = failed(fault);
    CHECK_INT(failed(store_commit(world.store)), is_lost);
    CHECK(!store_is_poisoned(world.store));

    CHECK_OK(engine->kind->script(engine, STR("PRAGMA max_page_count = 100000")));
    change(&world, STR("e"), (struct str){document, 400000});
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environment_at(world.store, &world.arena, 1, 99, &rows, &count));
    CHECK_INT(count, is_lost ? 2 : 4);
    world_close(&world);
}

/* SQLite ends a transaction by itself after some failures; a statement that came after would then
 * be committed alone. */
TEST(nothing_is_written_after_the_database_gave_up_the_transaction)
{
    struct world world;
    world_open(&world);
    struct sqlite_engine *engine = sqlite_engine_of(world.store->engine);
    CHECK_OK(store_begin(world.store));
    CHECK_OK(write_document(world.store, STR("a"), STR("1")));
    CHECK_OK(store_savepoint(world.store));
    CHECK_INT(sqlite3_exec(engine->database, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    struct fault fault = write_document(world.store, STR("b"), STR("2"));
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    CHECK_STR(fault.why, STR("the transaction was lost"));
    store_rollback_savepoint(world.store);
    CHECK_FAULT(store_savepoint(world.store), FAULT_UNAVAILABLE);
    CHECK_FAULT(store_commit(world.store), FAULT_UNAVAILABLE);
    CHECK(!store_is_poisoned(world.store));
    change(&world, STR("c"), STR("3"));
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environment_at(world.store, &world.arena, 1, 99, &rows, &count));
    CHECK_INT(count, 1);
    CHECK_STR(rows[0].key, STR("c"));
    CHECK_INT(rows[0].version_from, 1);
    world_close(&world);
}

/* ---- migrations and plans ---------------------------------------------------------------------
 */

TEST(migrations_are_numbered_in_order_and_noted)
{
    struct world world;
    size_t count = 0;
    const struct migration *migrations = migrations_list(&count);
    world_open(&world);
    for (size_t i = 0; i < count; i++) {
        struct str number = arena_format(&world.arena, "%04zu_", i + 1);
        CHECK(str_starts_with(migrations[i].name, number));
    }
    CHECK_STR(ask(&world, world.store, "SELECT count(*) FROM schema_migration"),
              arena_format(&world.arena, "%zu", count));
    close_store(&world);
    CHECK_OK(open_store(&world)); /* a second start applies nothing */
    CHECK_STR(ask(&world, world.store, "SELECT count(*) FROM schema_migration"),
              arena_format(&world.arena, "%zu", count));
    CHECK_STR(ask(&world, world.store,
                  "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                  " AND sql NOT LIKE '%STRICT%'"),
              STR("0"));
    world_close(&world);
}

static int plans_made_anew(struct world *world)
{
    struct sqlite_engine *engine = sqlite_engine_of(world->store->engine);
    int plans = 0;
    for (size_t i = 0; i < engine->statement_count; i++)
        plans +=
            sqlite3_stmt_status(engine->statements[i].handle, SQLITE_STMTSTATUS_REPREPARE, true);
    return plans;
}

/* Were plans to depend on what is bound, partial indices would have them made anew each time. */
TEST(a_statement_is_planned_once)
{
    struct world world;
    world_open(&world);
    for (int i = 0; i < 3; i++)
        change(&world, arena_format(&world.arena, "k%d", i), STR("{}"));
    plans_made_anew(&world); /* the migrations' share */
    for (int i = 0; i < 20; i++)
        change(&world, arena_format(&world.arena, "k%d", i % 4), STR("{}"));
    CHECK_INT(plans_made_anew(&world), 0);
    world_close(&world);
}

static void load_current(struct world *world)
{
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environment_at(world->store, &world->arena, 1, 1 << 20, &rows, &count));
    CHECK_INT(count, 1);
}

TEST(a_long_history_makes_neither_a_change_nor_a_load_slower)
{
    struct world world;
    int change_steps[2];
    int load_steps[2];
    world_open(&world);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 400; i++)
            change(&world, STR("k"), STR("{}"));
        steps_taken(&world);
        change(&world, STR("k"), STR("{}"));
        change_steps[round] = steps_taken(&world);
        load_current(&world);
        load_steps[round] = steps_taken(&world);
    }
    CHECK(change_steps[1] <= change_steps[0] + 10);
    CHECK(load_steps[1] <= load_steps[0] + 10);
    world_close(&world);
}

static void list_page(struct world *world, size_t offset)
{
    static const uint64_t environments[] = {1};
    const struct revision_query query = {environments, 1, 1, 0, INT64_MAX, offset, 10};
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_query_revisions(world->store, &world->arena, &query, &rows, &count));
    CHECK_INT(count, 10);
}

static void load_object(struct world *world)
{
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_object_history(world->store, &world->arena, 1, (struct history_page){0},
                                       &rows, &count));
    CHECK_INT(count, 1);
}

TEST(a_page_of_a_list_costs_what_lies_before_it_and_not_what_lies_behind)
{
    struct world world;
    int near_steps[2];
    int far_steps[2];
    int object_steps[2];
    world_open(&world);
    uint64_t number = 0;
    CHECK_OK(store_begin(world.store));
    CHECK_OK(store_assign_number(world.store, 1, STR("flag_0"), 0, STR(""), 1, &number));
    CHECK_OK(store_assign_number(world.store, 1, STR("flag_1"), 0, STR(""), 1, &number));
    uint64_t version = 0;
    CHECK_OK(store_advance_version(world.store, 1, now_ms, &version));
    const struct revision_row revision = {.kind = REVISION_FLAG,
                                          .object_id = STR("flag_0"),
                                          .key = STR("other"),
                                          .version_from = version,
                                          .document = STR("{}")};
    CHECK_OK(store_write_revision(world.store, 1, &revision));
    CHECK_OK(store_commit(world.store));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 1000; i++)
            change(&world, STR("k"), STR("{}"));
        steps_taken(&world);
        list_page(&world, 0);
        near_steps[round] = steps_taken(&world);
        list_page(&world, 200);
        far_steps[round] = steps_taken(&world);
        load_object(&world);
        object_steps[round] = steps_taken(&world);
    }
    CHECK(near_steps[1] <= near_steps[0] + 10);
    CHECK(far_steps[1] <= far_steps[0] + 10);
    CHECK(object_steps[1] <= object_steps[0] + 10);
    CHECK(near_steps[1] * 4 < far_steps[1]);
    world_close(&world);
}

/* ---- threads -----------------------------------------------------------------------------------
 */

struct reading {
    struct str place;
    _Atomic bool *is_over;
    size_t rounds;
    bool is_consistent;
};

/* Each change writes its version into both keys: a reader that saw half of one would see two. */
static bool is_whole(struct store *reader, struct arena *arena, uint64_t *newest)
{
    struct revision_row *rows = NULL;
    size_t count = 0;
    if (failed(store_load_environment_at(reader, arena, 1, 1 << 20, &rows, &count)))
        return false;
    if (count == 0)
        return *newest == 0;
    bool is_forward = rows[0].version_from >= *newest;
    *newest = rows[0].version_from;
    return count == 2 && is_forward && rows[0].version_from == rows[1].version_from;
}

static void *read_all_along(void *context)
{
    struct reading *reading = context;
    struct store *reader = NULL;
    struct arena arena;
    uint64_t newest = 0;
    arena_open(&arena, 4096);
    reading->is_consistent = !failed(store_open(&reader, reading->place, STORE_READER));
    while (reading->is_consistent && !*reading->is_over) {
        reading->is_consistent = is_whole(reader, &arena, &newest);
        reading->rounds++;
        arena_reset(&arena);
    }
    store_close(reader);
    arena_close(&arena);
    return NULL;
}

static void change_both(struct world *world)
{
    uint64_t version = 0;
    CHECK_OK(store_begin(world->store));
    CHECK_OK(store_advance_version(world->store, 1, now_ms, &version));
    struct revision_row revision = {.kind = REVISION_FLAG,
                                    .object_id = STR("flag_1"),
                                    .key = STR("a"),
                                    .version_from = version,
                                    .document = STR("{}")};
    CHECK_OK(store_write_revision(world->store, 1, &revision));
    revision.key = STR("b");
    CHECK_OK(store_write_revision(world->store, 1, &revision));
    CHECK_OK(store_commit(world->store));
}

TEST(readers_on_other_threads_see_whole_changes_in_order)
{
    struct world world;
    _Atomic bool is_over = false;
    pthread_t threads[2];
    struct reading readings[2];
    world_open(&world);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        readings[i] = (struct reading){scratch_path(&world.place), &is_over, 0, false};
        CHECK_INT(pthread_create(&threads[i], NULL, read_all_along, &readings[i]), 0);
    }
    for (int i = 0; i < 300; i++) {
        change_both(&world);
        if (i % 50 == 0)
            store_checkpoint(world.store);
    }
    is_over = true;
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
        CHECK(readings[i].is_consistent);
    }
    world_close(&world);
}

TESTS(connections_are_made_as_the_program_relies_on, only_the_owner_can_read_the_files,
      the_directory_is_made_for_the_owner_alone, a_directory_may_have_any_name,
      a_second_writer_is_refused_and_the_first_is_none_the_worse,
      a_second_process_is_refused_and_let_in_when_the_first_is_gone, network_file_systems_are_known,
      the_log_does_not_grow_without_bound, a_reader_that_holds_on_does_not_stop_the_writer,
      statements_are_kept_up_to_a_bound, a_row_may_end_the_query_and_binds_go_by_name,
      a_full_disk_refuses_the_transaction_and_forgives,
      nothing_is_written_after_the_database_gave_up_the_transaction,
      migrations_are_numbered_in_order_and_noted, a_statement_is_planned_once,
      a_long_history_makes_neither_a_change_nor_a_load_slower,
      a_page_of_a_list_costs_what_lies_before_it_and_not_what_lies_behind,
      readers_on_other_threads_see_whole_changes_in_order)
