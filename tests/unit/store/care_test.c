/* SPDX-License-Identifier: Apache-2.0 */
/* care - copies made beside a writer, looks that leave no trace, and what a restored store is told.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "store/care.h"

#include "world.h"

static struct str document_of(struct world *world, uint64_t version)
{
    return arena_format(&world->arena, "{\"version\":%0300d}", (int)version);
}

static void write_versions(struct world *world, uint64_t from, uint64_t to)
{
    for (uint64_t version = from; version <= to; version++)
        change(world, arena_format(&world->arena, "k%d", (int)version % 10),
               document_of(world, version));
}

static struct store *open_as(struct world *world, const char *directory, enum store_mode mode)
{
    struct store *store = NULL;
    struct str path = directory == NULL ? scratch_path(&world->place) : str_of(directory);
    CHECK_OK(store_open(&store, path, mode));
    return store;
}

/* A directory for a copy, as a store's. */
struct other {
    struct scratch place;
    char file[300];
};

static void other_open(struct other *other)
{
    CHECK(scratch_open(&other->place));
    snprintf(other->file, sizeof(other->file), "%s/" STORE_FILE_NAME, other->place.path);
}

static unsigned count_files(const struct scratch *place)
{
    unsigned count = 0;
    DIR *listing = opendir(place->path);
    CHECK(listing != NULL);
    while (readdir(listing) != NULL)
        count++;
    closedir(listing);
    return count - 2;
}

/* ---- copies --------------------------------------------------------------------------------- */

static const struct copying always = {0};

struct busy {
    struct world *world;
    _Atomic bool must_stop;
    _Atomic uint64_t written;
};

static void *write_on(void *context)
{
    struct busy *busy = context;
    for (uint64_t version = 201; !atomic_load(&busy->must_stop); version++) {
        write_versions(busy->world, version, version);
        atomic_store(&busy->written, version);
    }
    return NULL;
}

static uint64_t version_of(struct store *store, struct arena *arena)
{
    struct environment_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environments(store, arena, &rows, &count));
    CHECK_INT(count, 1);
    return rows[0].version;
}

static bool has_seen_writes(void *context)
{
    struct busy *busy = context;
    uint64_t before = atomic_load(&busy->written);
    for (int i = 0; i < 2000 && atomic_load(&busy->written) == before; i++)
        usleep(1000); /* so that something is written between any two steps */
    return true;
}

TEST(a_copy_is_the_store_as_of_one_moment_while_others_write)
{
    struct world world;
    struct other other;
    world_open(&world);
    other_open(&other);
    write_versions(&world, 1, 200);
    for (int i = 0; i < 6; i++) { /* so that there are several steps */
        char *large = arena_allocate(&world.arena, 1 << 20);
        memset(large, 'x', 1 << 20);
        CHECK_OK(store_begin(world.store));
        const unsigned char digest[32] = {(unsigned char)i};
        CHECK_OK(store_put_members(world.store, digest, (struct str){large, 1 << 20}));
        CHECK_OK(store_commit(world.store));
    }
    struct store *reader = open_as(&world, NULL, STORE_READER);
    struct busy busy = {.world = &world};
    pthread_t writer;
    CHECK_INT(pthread_create(&writer, NULL, write_on, &busy), 0);
    while (atomic_load(&busy.written) == 0)
        usleep(100);
    uint64_t before = atomic_load(&busy.written);
    const struct copying copying = {has_seen_writes, &busy};
    CHECK_OK(store_copy(reader, other.file, &copying));
    uint64_t after = atomic_load(&busy.written);
    atomic_store(&busy.must_stop, true);
    pthread_join(writer, NULL);
    CHECK(after > before + 3);

    struct arena arena;
    arena_open(&arena, 4096);
    struct store *copy = open_as(&world, other.place.path, STORE_WRITER);
    CHECK_OK(store_check_pages(copy, false));
    uint64_t version = version_of(copy, &arena);
    CHECK(version >= before);
    CHECK(version <= before + 2); /* of the moment it began, whatever came later */
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environment_at(copy, &arena, 1, version, &rows, &count));
    CHECK_INT(count, 10);
    for (size_t i = 0; i < count; i++)
        CHECK(rows[i].version_from + 10 > version);
    arena_close(&arena);
    store_close(copy);
    store_close(reader);
    scratch_close(&other.place);
    world_close(&world);
}

static bool never(void *context)
{
    *(unsigned *)context += 1;
    return false;
}

TEST(a_copy_nobody_waits_for_is_given_up_and_leaves_no_file)
{
    struct world world;
    struct other other;
    world_open(&world);
    other_open(&other);
    char *large = arena_allocate(&world.arena, 4 << 20);
    const unsigned char digest[32] = {1};
    CHECK_OK(store_begin(world.store));
    CHECK_OK(store_put_members(world.store, digest, (struct str){large, 4 << 20}));
    CHECK_OK(store_commit(world.store));
    struct store *reader = open_as(&world, NULL, STORE_READER);
    unsigned asked = 0;
    const struct copying copying = {never, &asked};
    CHECK_FAULT(store_copy(reader, other.file, &copying), FAULT_UNAVAILABLE);
    CHECK_INT(asked, 1);
    CHECK_INT(count_files(&other.place), 0);
    CHECK_OK(store_copy(reader, other.file, &always)); /* the connection is as good as before */
    CHECK_INT(version_of(reader, &world.arena), 0);
    store_close(reader);
    scratch_close(&other.place);
    world_close(&world);
}

TEST(a_copy_takes_nobodys_place)
{
    struct world world;
    struct other other;
    world_open(&world);
    other_open(&other);
    FILE *file = fopen(other.file, "w");
    CHECK(file != NULL);
    fputs("mine", file);
    fclose(file);
    struct store *reader = open_as(&world, NULL, STORE_READER);
    CHECK_FAULT(store_copy(reader, other.file, &always), FAULT_UNAVAILABLE);
    struct stat status;
    CHECK_INT(stat(other.file, &status), 0);
    CHECK_INT(status.st_size, 4);
    store_close(reader);
    scratch_close(&other.place);
    world_close(&world);
}

/* ---- looks ---------------------------------------------------------------------------------- */

TEST(a_look_leaves_no_trace_and_sees_what_is_in_the_log)
{
    struct world world;
    world_open(&world);
    write_versions(&world, 1, 5);
    struct store_facts facts;
    struct store *examiner = open_as(&world, NULL, STORE_EXAMINER); /* beside the writer */
    CHECK_OK(store_examine(examiner, &facts));
    CHECK_INT(facts.schema, facts.schema_known);
    CHECK_INT(version_of(examiner, &world.arena), 5);
    store_close(examiner);
    close_store(&world);
    unsigned files = count_files(&world.place);
    examiner = open_as(&world, NULL, STORE_EXAMINER); /* of a closed one */
    CHECK_OK(store_check_pages(examiner, false));
    CHECK_INT(version_of(examiner, &world.arena), 5);
    CHECK_INT(count_files(&world.place), files);
    store_close(examiner);
    CHECK_INT(count_files(&world.place), files);
    world_close(&world);
}

static void run_sql(struct world *world, const char *sql)
{
    sqlite3 *database = NULL;
    CHECK_INT(sqlite3_open(file_of(world, "guidon.db"), &database), SQLITE_OK);
    CHECK_INT(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_close(database), SQLITE_OK);
}

static void expect_refused(const char *sql, struct str why)
{
    struct world world;
    struct store_facts facts;
    world_open(&world);
    close_store(&world);
    run_sql(&world, sql);
    struct store *examiner = open_as(&world, NULL, STORE_EXAMINER);
    struct fault fault = store_examine(examiner, &facts);
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    CHECK_STR(fault.why, why);
    store_close(examiner);
    world_close(&world);
}

TEST(what_is_no_store_of_ours_is_told_from_one_that_is_newer)
{
    expect_refused("DROP TABLE schema_migration", STR("it holds no store of this program"));
    expect_refused("DELETE FROM schema_migration", STR("the store is empty"));
    expect_refused("INSERT INTO schema_migration VALUES (99, 'x', 0, x'00')",
                   STR("the store was made by a newer version of this program"));
    expect_refused("UPDATE schema_migration SET checksum = x'00' WHERE number = 2",
                   STR("the store was made by a different program"));
}

TEST(an_older_schema_can_be_looked_at)
{
    struct world world;
    struct store_facts facts;
    world_open(&world);
    write_versions(&world, 1, 3);
    close_store(&world);
    run_sql(&world, "DELETE FROM schema_migration WHERE number > 1");
    struct store *examiner = open_as(&world, NULL, STORE_EXAMINER);
    CHECK_OK(store_examine(examiner, &facts));
    CHECK_INT(facts.schema, 1);
    CHECK(facts.schema_known > 1);
    struct mark_row *marks = NULL;
    size_t count = 0;
    CHECK_OK(store_load_marks(examiner, &world.arena, &marks, &count));
    CHECK_INT(count, 1);
    CHECK_STR(marks[0].app_name, STR("Shop"));
    CHECK_INT(marks[0].version, 3);
    store_close(examiner);
    world_close(&world);
}

TEST(a_document_that_lost_a_bit_is_found_though_it_is_past)
{
    static const char *const damages[] = {
        "UPDATE revision SET document = replace(document, '1', '2') WHERE version_from = 1",
        "UPDATE revision SET key = 'elsewhere' WHERE version_from = 2",
        "UPDATE revision SET checksum = x'0000000000000000' WHERE version_to = 0",
        "INSERT INTO cohort_members (digest, bytes) VALUES (zeroblob(32), x'6e6f')",
    };
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        struct world world;
        world_open(&world);
        write_versions(&world, 1, 25);
        CHECK_OK(store_check_contents(world.store));
        close_store(&world);
        run_sql(&world, damages[i]);
        CHECK_OK(open_store(&world));
        CHECK_FAULT(store_check_contents(world.store), FAULT_UNAVAILABLE);
        world_close(&world);
    }
}

TEST(marks_are_the_same_for_the_same_content_and_only_then)
{
    struct world world;
    struct mark_row *before = NULL;
    struct mark_row *after = NULL;
    size_t count = 0;
    world_open(&world);
    write_versions(&world, 1, 3);
    CHECK_OK(store_load_marks(world.store, &world.arena, &before, &count));
    CHECK_OK(store_load_marks(world.store, &world.arena, &after, &count));
    CHECK_INT(memcmp(before[0].digest, after[0].digest, 32), 0);
    write_versions(&world, 4, 4);
    CHECK_OK(store_load_marks(world.store, &world.arena, &after, &count));
    CHECK(memcmp(before[0].digest, after[0].digest, 32) != 0);
    world_close(&world);
}

/* ---- the directory ----------------------------------------------------------------------------
 */

TEST(a_claim_keeps_writers_out_and_they_keep_claims_out)
{
    struct world world;
    struct store_claim *claim = NULL;
    world_open(&world);
    CHECK(store_is_claimed(scratch_path(&world.place)));
    CHECK_FAULT(store_claim_open(&claim, scratch_path(&world.place)), FAULT_CONFLICT);
    CHECK(claim == NULL);
    close_store(&world);
    CHECK(!store_is_claimed(scratch_path(&world.place)));
    CHECK_OK(store_claim_open(&claim, scratch_path(&world.place)));
    CHECK(store_is_claimed(scratch_path(&world.place)));
    CHECK_FAULT(open_store(&world), FAULT_UNAVAILABLE);
    store_claim_close(claim);
    CHECK_OK(open_store(&world));
    world_close(&world);
}

TEST(asking_whether_there_is_a_claim_makes_nothing)
{
    struct scratch place;
    CHECK(scratch_open(&place));
    CHECK(!store_is_claimed(scratch_path(&place)));
    CHECK(!store_is_claimed(STR("/nowhere/at/all")));
    CHECK_INT(count_files(&place), 0);
    scratch_close(&place);
}

TEST(a_settled_store_is_its_file_alone)
{
    struct world world;
    struct other other;
    world_open(&world);
    other_open(&other);
    write_versions(&world, 1, 40);
    /* As a killed process leaves it: the file and the log, taken while the writer is there. */
    for (int part = 0; part < 2; part++) {
        const char *name = part == 0 ? "guidon.db" : "guidon.db-wal";
        char to[320];
        snprintf(to, sizeof(to), "%s/%s", other.place.path, name);
        FILE *from = fopen(file_of(&world, name), "rb");
        FILE *copy = fopen(to, "wb");
        CHECK(from != NULL);
        CHECK(copy != NULL);
        char piece[4096];
        size_t got = 0;
        while ((got = fread(piece, 1, sizeof(piece), from)) > 0)
            CHECK_INT(fwrite(piece, 1, got, copy), got);
        fclose(from);
        fclose(copy);
    }
    CHECK_OK(store_settle(scratch_path(&other.place)));
    CHECK_INT(count_files(&other.place), 1);
    struct store *settled = open_as(&world, other.place.path, STORE_EXAMINER);
    CHECK_INT(version_of(settled, &world.arena), 40);
    store_close(settled);
    scratch_close(&other.place);
    world_close(&world);
}

/* ---- what a restored store is told --------------------------------------------------------------
 */

TEST(versions_go_up_by_any_step_and_never_down)
{
    struct world world;
    bool has = false;
    world_open(&world);
    write_versions(&world, 1, 5);
    CHECK_OK(store_begin(world.store));
    CHECK_OK(store_raise_version(world.store, 1, 90, now_ms + 5));
    CHECK_FAULT(store_raise_version(world.store, 1, 90, now_ms + 6), FAULT_CONFLICT);
    CHECK_FAULT(store_raise_version(world.store, 1, 7, now_ms + 6), FAULT_CONFLICT);
    CHECK_OK(store_commit(world.store));
    CHECK_INT(version_of(world.store, &world.arena), 90);
    write_versions(&world, 91, 91);
    CHECK_INT(version_of(world.store, &world.arena), 91);
    static const struct {
        uint64_t version;
        bool has;
    } expected[] = {{0, true}, {5, true}, {6, false}, {89, false}, {90, true}, {91, true}};
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        CHECK_OK(store_has_version(world.store, 1, expected[i].version, &has));
        CHECK_INT(has, expected[i].has);
    }
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environment_at(world.store, &world.arena, 1, 90, &rows, &count));
    CHECK_INT(count, 5);
    uint64_t version = 0;
    CHECK_OK(store_find_version_at(world.store, 1, now_ms + 5, &version));
    CHECK_INT(version, 91); /* whose time is the older one: the highest counts */
    world_close(&world);
}

TEST(numbers_go_on_above_those_that_were_given)
{
    struct world world;
    struct counter_row *rows = NULL;
    size_t count = 0;
    world_open(&world);
    CHECK_OK(store_load_counters(world.store, &world.arena, &rows, &count));
    CHECK(count >= 3);
    CHECK_OK(store_begin(world.store));
    const struct counter_row up = {STR("environment"), 40};
    const struct counter_row down = {STR("environment"), 3};
    CHECK_OK(store_raise_counter(world.store, &up));
    CHECK_OK(store_raise_counter(world.store, &down));
    const struct environment_row environment = {
        .id = STR("env_2"), .app_id = STR("app_1"), .name = STR("staging")};
    uint64_t number = 0;
    CHECK_OK(store_insert_environment(world.store, &environment, &number));
    CHECK_INT(number, 41);
    CHECK_OK(store_commit(world.store));
    world_close(&world);
}

TEST(a_row_of_the_trail_is_known_by_its_hash)
{
    struct world world;
    struct store_facts facts;
    unsigned char hash[32];
    bool is_found = true;
    world_open(&world);
    CHECK_OK(store_examine(world.store, &facts));
    CHECK_INT(facts.audit_sequence, 0);
    CHECK_OK(store_find_audit_hash(world.store, 1, hash, &is_found));
    CHECK(!is_found);
    const struct audit_row row = {.at_ms = now_ms, .actor = STR("a"), .action = STR("b")};
    CHECK_OK(store_begin(world.store));
    CHECK_OK(store_append_audit(world.store, &row));
    CHECK_OK(store_append_audit(world.store, &row));
    CHECK_OK(store_commit(world.store));
    CHECK_OK(store_examine(world.store, &facts));
    CHECK_INT(facts.audit_sequence, 2);
    CHECK_INT(facts.last_ms, now_ms);
    CHECK_OK(store_find_audit_hash(world.store, 2, hash, &is_found));
    CHECK(is_found);
    CHECK_INT(memcmp(hash, facts.audit_hash, 32), 0);
    world_close(&world);
}

TESTS(a_copy_is_the_store_as_of_one_moment_while_others_write,
      a_copy_nobody_waits_for_is_given_up_and_leaves_no_file, a_copy_takes_nobodys_place,
      a_look_leaves_no_trace_and_sees_what_is_in_the_log,
      what_is_no_store_of_ours_is_told_from_one_that_is_newer, an_older_schema_can_be_looked_at,
      a_document_that_lost_a_bit_is_found_though_it_is_past,
      marks_are_the_same_for_the_same_content_and_only_then,
      a_claim_keeps_writers_out_and_they_keep_claims_out,
      asking_whether_there_is_a_claim_makes_nothing, a_settled_store_is_its_file_alone,
      versions_go_up_by_any_step_and_never_down, numbers_go_on_above_those_that_were_given,
      a_row_of_the_trail_is_known_by_its_hash)
