/* SPDX-License-Identifier: Apache-2.0 */
/* What was acknowledged survives a disk that fails at any moment, and the power with it. */
#include "faulty_disk.h"
#include "scratch.h"
#include "test.h"

#include "base/random.h"
#include "base/sanitized.h"
#include "store/store.h"

enum { CHANGES = 12, CHECKPOINT_EVERY = 5 };

static const int64_t now_ms = 1700000000000;

struct world {
    struct faulty_disk disk;
    struct scratch place;
    struct arena arena;
    struct store *store;
};

static void world_open(struct world *world)
{
    random_open();
    *world = (struct world){0};
    arena_open(&world->arena, 4096);
    CHECK(scratch_open(&world->place));
    faulty_disk_plug(&world->disk);
}

static void world_close(struct world *world)
{
    store_close(world->store);
    faulty_disk_unplug(&world->disk);
    scratch_close(&world->place);
    arena_close(&world->arena);
}

static struct fault open_store(struct world *world)
{
    return store_open(&world->store, scratch_path(&world->place), STORE_WRITER);
}

static void close_store(struct world *world)
{
    store_close(world->store);
    world->store = NULL;
}

/* An open transaction ends one way or the other, as change/ does it. */
static struct fault finish(struct store *store, struct fault fault)
{
    if (!failed(fault))
        return store_commit(store);
    store_rollback(store);
    return fault;
}

static struct fault make_environment(struct store *store)
{
    const struct user_row user = {STR("user_1"), STR("a@example.test"), ROLE_OWNER, now_ms};
    const struct app_row app = {STR("app_1"), STR("Shop"), STR("user_1"), false, now_ms};
    const struct environment_row environment = {
        .id = STR("env_1"), .app_id = STR("app_1"), .name = STR("production")};
    uint64_t number = 0;
    struct fault fault = store_begin(store);
    if (failed(fault))
        return fault;
    fault = store_insert_user(store, &user);
    if (!failed(fault))
        fault = store_insert_app(store, &app);
    if (!failed(fault))
        fault = store_insert_environment(store, &environment, &number);
    return finish(store, fault);
}

/* What a change may bring along beside its revision. */
static struct fault write_company(struct store *store, struct arena *arena, int turn)
{
    uint64_t number = 0;
    struct fault fault = store_assign_number(store, 1, arena_format(arena, "flag_%d", turn), 0,
                                             STR("ann"), now_ms, &number);
    unsigned char digest[32] = {(unsigned char)turn};
    if (!failed(fault))
        fault = store_put_members(store, digest, arena_format(arena, "%0300d", turn));
    const struct note_row note = {1, arena_format(arena, "d%d", turn), STR("ann"), now_ms};
    if (!failed(fault))
        fault = store_put_notes(store, NOTE_DEVICE, &note, 1);
    const struct deployment_row deployment = {.environment = 1,
                                              .label = STR("web"),
                                              .key = arena_format(arena, "client-%d", turn),
                                              .kind = CREDENTIAL_CLIENT_DEPLOYMENT};
    if (!failed(fault))
        fault = store_insert_deployment(store, &deployment, &number);
    return fault;
}

static struct fault write_change(struct store *store, struct arena *arena)
{
    uint64_t version = 0;
    struct fault fault = store_advance_version(store, 1, now_ms, &version);
    if (!failed(fault))
        fault = write_company(store, arena, (int)version);
    if (failed(fault))
        return fault;
    struct str padding = arena_format(arena, "%0900d", (int)version);
    const struct revision_row revision = {.kind = REVISION_FLAG,
                                          .object_id = arena_format(arena, "flag_%d", (int)version),
                                          .key = arena_format(arena, "k%d", (int)version % 4),
                                          .version_from = version,
                                          .document = padding};
    const struct audit_row audit = {
        .at_ms = now_ms, .action = STR("flag.update"), .environment = 1, .version = version};
    fault = store_write_revision(store, 1, &revision);
    if (!failed(fault))
        fault = store_append_audit(store, &audit);
    return fault;
}

static struct fault change(struct store *store, struct arena *arena)
{
    struct fault fault = store_begin(store);
    if (failed(fault))
        return fault;
    return finish(store, write_change(store, arena));
}

struct outcome {
    bool has_environment; /* acknowledged */
    uint64_t acknowledged;
    size_t refused;
};

static void work(struct world *world, struct outcome *outcome)
{
    *outcome = (struct outcome){0};
    if (failed(open_store(world)))
        return;
    outcome->has_environment = !failed(make_environment(world->store));
    for (int i = 1; i <= CHANGES && outcome->has_environment; i++) {
        if (failed(change(world->store, &world->arena)))
            outcome->refused++;
        else
            outcome->acknowledged++;
        if (i % CHECKPOINT_EVERY == 0)
            store_checkpoint(world->store);
    }
}

/* Numbers follow the versions without a gap: what was rolled back took none along. */
static void check_company(struct world *world, uint64_t version)
{
    struct deployment_row *deployments = NULL;
    struct note_row *notes = NULL;
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_deployments(world->store, &world->arena, &deployments, &count));
    CHECK_INT(count, version);
    for (size_t i = 0; i < count; i++)
        CHECK_INT(deployments[i].number, i + 1);
    CHECK_OK(store_load_notes(world->store, &world->arena, NOTE_DEVICE, 100, &notes, &count));
    CHECK_INT(count, version);
    CHECK_OK(store_load_environment_at(world->store, &world->arena, 1, version, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(rows[i].number, rows[i].version_from);
        CHECK_INT(rows[i].sequence, 1);
    }
}

/* Everything acknowledged is there, in order; at most the one change that was refused while it
 * was on its way to the disk is there too. */
static void check_nothing_is_lost(struct world *world, const struct outcome *outcome)
{
    struct environment_row *environments = NULL;
    struct audit_row *audit = NULL;
    size_t count = 0;
    CHECK_OK(open_store(world));
    CHECK_OK(store_load_environments(world->store, &world->arena, &environments, &count));
    CHECK(count == 1 || !outcome->has_environment);
    uint64_t version = count == 1 ? environments[0].version : 0;
    CHECK(version >= outcome->acknowledged);
    CHECK(version <= outcome->acknowledged + 1);
    for (uint64_t i = 1; i <= version; i++) {
        struct revision_row *rows = NULL;
        CHECK_OK(store_load_environment_at(world->store, &world->arena, 1, i, &rows, &count));
        CHECK_INT(count, i < 4 ? i : 4);
    }
    check_company(world, version);
    CHECK_OK(store_verify_audit(world->store, &world->arena));
    CHECK_OK(store_load_audit(world->store, &world->arena, 0, 100, &audit, &count));
    CHECK_INT(count, version);
    if (outcome->has_environment)
        CHECK_OK(change(world->store, &world->arena)); /* and life goes on */
}

/* Fails the n-th operation, for n = 1, 2, … until a run ends before its failure comes. A sanitizer
 * is shown every seventh, which is enough to walk each path of the code. */
static void fail_everywhere(enum faulty_disk_mode mode, bool cuts_power, uint32_t seed)
{
    bool is_through = false;
    for (size_t nth = 1; !is_through; nth += IS_SANITIZED ? 7 : 1) {
        struct world world;
        struct outcome outcome;
        world_open(&world);
        faulty_disk_fail(&world.disk, nth, mode);
        work(&world, &outcome);
        size_t operations = world.disk.operations;
        is_through = operations < nth;
        CHECK_INT(outcome.acknowledged == CHANGES, outcome.has_environment && !outcome.refused);
        CHECK(!is_through || outcome.acknowledged == CHANGES);
        close_store(&world);
        faulty_disk_repair(&world.disk);
        if (cuts_power)
            faulty_disk_cut_power(&world.disk, seed == 0 ? 0 : seed + (uint32_t)nth);
        check_nothing_is_lost(&world, &outcome);
        world_close(&world);
        if (is_through)
            print_message("%zu operations\n", operations);
    }
}

TEST(a_disk_that_fails_once_loses_nothing_acknowledged)
{
    fail_everywhere(DISK_FAILS_ONCE, false, 0);
}

TEST(a_power_cut_that_loses_all_unsynced_loses_nothing_acknowledged)
{
    fail_everywhere(DISK_STAYS_BROKEN, true, 0);
}

TEST(a_power_cut_that_loses_some_unsynced_loses_nothing_acknowledged)
{
    print_message("seed %d\n", 4711);
    fail_everywhere(DISK_STAYS_BROKEN, true, 4711);
}

TEST(after_a_failed_commit_the_store_is_read_only_until_a_restart)
{
    struct world world;
    world_open(&world);
    CHECK_OK(open_store(&world));
    CHECK_OK(make_environment(world.store));
    CHECK_OK(change(world.store, &world.arena));
    CHECK_OK(store_begin(world.store));
    CHECK_OK(write_change(world.store, &world.arena));
    faulty_disk_fail(&world.disk, 1, DISK_FAILS_ONCE);
    struct fault fault = store_commit(world.store);
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    CHECK_STR(fault.why, STR("the disk failed"));
    CHECK(store_is_poisoned(world.store));

    faulty_disk_repair(&world.disk);
    fault = store_begin(world.store);
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    CHECK_STR(fault.why, STR("the store is read-only until a restart"));
    store_checkpoint(world.store);
    CHECK_INT(world.disk.operations, 0); /* not a byte more */
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environment_at(world.store, &world.arena, 1, 9, &rows, &count));
    CHECK_INT(count, 1);
    store_close(world.store);
    CHECK_INT(world.disk.operations, 0);
    CHECK_OK(open_store(&world));
    CHECK_OK(change(world.store, &world.arena));
    world_close(&world);
}

TEST(a_commit_that_finds_no_room_is_refused_and_the_next_one_may_find_it)
{
    struct world world;
    world_open(&world);
    CHECK_OK(open_store(&world));
    CHECK_OK(make_environment(world.store));
    world.disk.is_full = true;
    for (size_t at = 1; at <= 4; at++) {
        CHECK_OK(store_begin(world.store));
        CHECK_OK(write_change(world.store, &world.arena));
        faulty_disk_fail(&world.disk, at, DISK_STAYS_BROKEN);
        struct fault fault = store_commit(world.store);
        CHECK_FAULT(fault, FAULT_FULL);
        CHECK_STR(fault.why, STR("the disk is full"));
        CHECK(!store_is_poisoned(world.store));
        faulty_disk_repair(&world.disk);
    }
    CHECK_OK(change(world.store, &world.arena));
    close_store(&world);
    CHECK_OK(open_store(&world));
    struct environment_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environments(world.store, &world.arena, &rows, &count));
    CHECK_INT(rows[0].version, 1); /* the refused ones were never made */
    world_close(&world);
}

/* The shim must be able to lose data, or the tests above prove nothing. */
TEST(without_a_sync_the_power_cut_does_lose_it)
{
    struct world world;
    world_open(&world);
    CHECK_OK(open_store(&world));
    CHECK_OK(make_environment(world.store));
    close_store(&world);

    char file[300];
    snprintf(file, sizeof(file), "%s/guidon.db", world.place.path);
    sqlite3 *careless = NULL;
    CHECK_INT(sqlite3_open(file, &careless), SQLITE_OK);
    CHECK_INT(sqlite3_exec(careless, "PRAGMA synchronous = OFF; UPDATE environment SET version = 7",
                           NULL, NULL, NULL),
              SQLITE_OK);
    faulty_disk_fail(&world.disk, 1, DISK_STAYS_BROKEN);
    sqlite3_close(careless);
    faulty_disk_repair(&world.disk);
    faulty_disk_cut_power(&world.disk, 0);
    CHECK_OK(open_store(&world));
    struct environment_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environments(world.store, &world.arena, &rows, &count));
    CHECK_INT(count, 1);
    CHECK_INT(rows[0].version, 0);
    world_close(&world);
}

TESTS(a_disk_that_fails_once_loses_nothing_acknowledged,
      a_power_cut_that_loses_all_unsynced_loses_nothing_acknowledged,
      a_power_cut_that_loses_some_unsynced_loses_nothing_acknowledged,
      after_a_failed_commit_the_store_is_read_only_until_a_restart,
      a_commit_that_finds_no_room_is_refused_and_the_next_one_may_find_it,
      without_a_sync_the_power_cut_does_lose_it)
