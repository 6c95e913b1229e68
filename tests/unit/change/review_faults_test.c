/* SPDX-License-Identifier: Apache-2.0 */
/* When something fails on the way: what was refused is not there, what was kept is shown, and
 * nobody is told otherwise. */
#include <sys/stat.h>

#include "base/sanitized.h"
#include "change/internal.h"
#include "model/limits.h"

#include "errand.h"
#include "faulty_disk.h"
#include "huge.h"

/* ---- a hand on the data file, past the store ------------------------------------------------ */

static void tamper(const struct town *town, const char *sql)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/guidon.db", town->scratch.path);
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static size_t count_stored_apps(struct town *town)
{
    struct store *reader = NULL;
    struct app_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_open(&reader, scratch_path(&town->scratch), STORE_READER));
    CHECK_OK(store_load_apps(reader, &town->arena, &rows, &count));
    store_close(reader);
    return count;
}

/* A credential of a kind nobody knows makes the catalog unreadable, and poisons nothing. */
TEST(what_cannot_be_shown_is_not_kept)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    tamper(&town, "INSERT INTO credential (id, kind, hash, shown, tail, created_ms, expires_ms,"
                  " revoked_ms) VALUES ('key_x', 'strange', x'00', '', '', 1, 0, 0)");
    struct change change = {
        .kind = CHANGE_CREATE_APP, .action = STR("app.create"), .name = STR("blog")};
    CHECK_FAULT(town_apply(&town, &change), FAULT_UNAVAILABLE);
    CHECK_INT(count_stored_apps(&town), 1);
    CHECK_OK(town_put(&town, environment, STR("a"), true)); /* the others go on */
    tamper(&town, "DELETE FROM credential WHERE id = 'key_x'");
    CHECK_OK(town_apply(&town, &change));
    CHECK_INT(count_stored_apps(&town), 2);
    town_close(&town);
}

/* ---- callers -------------------------------------------------------------------------------- */

TEST(a_credential_revoked_meanwhile_changes_nothing_more)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct change revoke = {.kind = CHANGE_REVOKE_CREDENTIAL,
                            .action = STR("token.revoke"),
                            .credential_id = town.owner.credential_id};
    CHECK_OK(town_apply(&town, &revoke));
    CHECK_FAULT(town_put(&town, environment, STR("a"), true), FAULT_UNAUTHENTICATED);
    CHECK_INT(town_version(&town, environment), 0);
    struct change change = {
        .kind = CHANGE_CREATE_APP, .action = STR("app.create"), .name = STR("blog")};
    CHECK_FAULT(town_apply(&town, &change), FAULT_UNAUTHENTICATED);
    town_close(&town);
}

/* ---- the disk ------------------------------------------------------------------------------- */

TEST(a_store_that_failed_says_that_it_is_read_only)
{
    struct faulty_disk disk;
    faulty_disk_plug(&disk);
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    CHECK(!change_counters_read(town.changer).is_read_only);
    faulty_disk_fail(&disk, 1, DISK_STAYS_BROKEN);
    CHECK_FAULT(town_put(&town, environment, STR("b"), true), FAULT_UNAVAILABLE);
    CHECK_INT(town_version(&town, environment), 1);
    CHECK(change_counters_read(town.changer).is_read_only);
    faulty_disk_repair(&disk); /* too late: nothing is written any more until a restart */
    CHECK_FAULT(town_put(&town, environment, STR("c"), true), FAULT_UNAVAILABLE);
    struct event_row event = {.environment = environment,
                              .event_id = STR("e"),
                              .kind = STR("exposure"),
                              .document = STR("{}")};
    enum offer_result result;
    CHECK_FAULT(ingest_offer(change_ingest(town.changer), &event, 1, &result), FAULT_UNAVAILABLE);
    CHECK_INT(ingest_counters_read(change_ingest(town.changer)).dropped, 0);
    town_close(&town);
    faulty_disk_unplug(&disk);
}

/* ---- versions ------------------------------------------------------------------------------- */

TEST(that_an_environment_was_never_changed_can_be_expected)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    for (size_t i = 0; i < 2; i++) {
        struct town_put put = {.key = STR("a"), .value = i == 0};
        struct change change = town_change(environment, &put);
        change.expects_version = true;
        change.expected_version = 0;
        CHECK_FAULT(town_apply(&town, &change), i == 0 ? FAULT_NONE : FAULT_CONFLICT);
    }
    CHECK_INT(town_version(&town, environment), 1);
    town_close(&town);
}

/* ---- groups --------------------------------------------------------------------------------- */

TEST(documents_of_an_environment_have_a_bound)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct huge_put put = {STR("huge"), HUGE_FLAGS_THAT_FIT};
    struct change change = huge_change(environment, &put);
    CHECK_OK(town_apply(&town, &change));
    struct huge_put more = {STR("more"), 1};
    struct change refused = huge_change(environment, &more);
    struct fault fault = town_apply(&town, &refused);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("environment"));
    CHECK_INT(town_version(&town, environment), 1);
    CHECK_OK(town_delete(&town, environment, STR("huge-1")));
    CHECK_OK(town_apply(&town, &refused));
    CHECK_INT(town_version(&town, environment), 3);
    town_close(&town);
}

enum { ERRANDS = 4 };

TEST(one_change_too_large_takes_nobody_of_its_group_along)
{
    struct town town;
    if (IS_SANITIZED)
        skip(); /* half a gigabyte is read and written, which would take a minute */
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct gate gate;
    sem_init(&gate.is_held, 0, 0);
    sem_init(&gate.may_go, 0, 0);
    struct errand holder = {.change = {.kind = CHANGE_ENVIRONMENT,
                                       .action = STR("test"),
                                       .environment = environment,
                                       .edit = wait_at_gate,
                                       .input = &gate}};
    start_errand(&holder, &town, 0);
    sem_wait(&gate.is_held);

    static const struct str keys[] = {STR("a"), STR("huge"), STR("b"), STR("huge")};
    struct huge_put too_many = {STR("huge"), HUGE_FLAGS_THAT_FIT + 1};
    struct errand errands[ERRANDS];
    memset(errands, 0, sizeof(errands));
    for (size_t i = 0; i < ERRANDS; i++) {
        errands[i].put = (struct town_put){.key = keys[i], .is_deletion = i == 3};
        errands[i].change = town_change(environment, &errands[i].put);
        if (i == 1)
            errands[i].change = huge_change(environment, &too_many);
        start_errand(&errands[i], &town, i + 1);
    }
    /* Together they are fine, the last takes back the second; so let a fifth be too large. */
    struct errand last = {.change = huge_change(environment, &too_many)};
    start_errand(&last, &town, ERRANDS + 1);
    sem_post(&gate.may_go);
    pthread_join(holder.thread, NULL);
    for (size_t i = 0; i < ERRANDS; i++)
        pthread_join(errands[i].thread, NULL);
    pthread_join(last.thread, NULL);

    CHECK_FAULT(holder.fault, FAULT_INVALID);
    CHECK_OK(errands[0].fault);
    CHECK_INT(errands[0].change.version, 1);
    CHECK_FAULT(errands[1].fault, FAULT_LIMIT);
    CHECK_OK(errands[2].fault);
    CHECK_INT(errands[2].change.version, 2);
    CHECK_FAULT(errands[3].fault, FAULT_MISSING); /* what it would delete never came to be */
    CHECK_FAULT(last.fault, FAULT_LIMIT);
    CHECK_INT(town_version(&town, environment), 2);
    for (size_t i = 0; i < ERRANDS; i++)
        arena_close(&errands[i].arena);
    arena_close(&holder.arena);
    arena_close(&last.arena);
    town_close(&town);
}

static struct fault put_settings(struct edit *edit, void *input)
{
    (void)input;
    struct environment_settings settings = edit_state(edit)->settings;
    settings.hides_flags_by_default = !settings.hides_flags_by_default;
    edit_put_settings(edit, &settings);
    return fault_none();
}

/* Catalogs come and go within a group; what an environment is called must outlive them. */
TEST(settings_keep_their_object_however_often_the_catalog_changes_meanwhile)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct gate gate;
    sem_init(&gate.is_held, 0, 0);
    sem_init(&gate.may_go, 0, 0);
    struct errand errands[1 + ERRANDS] = {{.change = {.kind = CHANGE_ENVIRONMENT,
                                                      .action = STR("test"),
                                                      .environment = environment,
                                                      .edit = wait_at_gate,
                                                      .input = &gate}}};
    start_errand(&errands[0], &town, 0);
    sem_wait(&gate.is_held);
    for (size_t i = 1; i <= ERRANDS; i++) {
        errands[i].change = (struct change){.kind = CHANGE_CREATE_KEY,
                                            .action = STR("test"),
                                            .environment = environment,
                                            .key_kind = CREDENTIAL_SERVER_KEY};
        if (i % 2 == 0) {
            errands[i].change.kind = CHANGE_ENVIRONMENT;
            errands[i].change.edit = put_settings;
        }
        start_errand(&errands[i], &town, i);
    }
    sem_post(&gate.may_go);
    for (size_t i = 0; i <= ERRANDS; i++) {
        pthread_join(errands[i].thread, NULL);
        CHECK_FAULT(errands[i].fault, i == 0 ? FAULT_INVALID : FAULT_NONE);
        arena_close(&errands[i].arena);
    }
    CHECK_INT(town_version(&town, environment), 2);

    struct view *view = view_acquire(town.views);
    struct store *reader = NULL;
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_open(&reader, scratch_path(&town.scratch), STORE_READER));
    CHECK_OK(store_load_environment_at(reader, &town.arena, environment, 2, &rows, &count));
    assert_int_equal(count, 1);
    CHECK_STR(rows[0].object_id, catalog_find_environment(view->catalog, environment)->id);
    store_close(reader);
    view_release(view);
    town_close(&town);
}

/* ---- quotas --------------------------------------------------------------------------------- */

/* The sum for the second environment does not fit a number, so its page is rolled back whole. */
TEST(uses_that_could_not_be_written_are_written_later)
{
    struct town town;
    town_open(&town);
    uint64_t first = town_app(&town, STR("shop"));
    town_stop(&town);
    tamper(&town, "INSERT INTO quota_use VALUES (2, 203001, 9223372036854775807)");
    struct store *store = NULL;
    CHECK_OK(store_open(&store, scratch_path(&town.scratch), STORE_WRITER));
    struct quotas quotas;
    memset(&quotas, 0, sizeof(quotas));
    quotas_cover(&quotas, first);
    for (size_t i = 0; i < 3; i++) {
        CHECK(quotas_count(&quotas, first, 0, town.now_ms));
        CHECK(quotas_count(&quotas, first + 1, 0, town.now_ms));
    }
    CHECK(failed(quotas_write(&quotas, store)));
    tamper(&town, "DELETE FROM quota_use");
    CHECK_OK(quotas_write(&quotas, store));
    struct quota_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_quota_use(store, &town.arena, 203001, &rows, &count));
    assert_int_equal(count, 2);
    CHECK_INT(rows[0].used, 3);
    CHECK_INT(rows[1].used, 3);
    quotas_close(&quotas);
    store_close(store);
    CHECK_OK(town_start(&town));
    town_close(&town);
}

/* ---- the snapshot on disk --------------------------------------------------------------------
 */

enum { STEP_MS = 10, RETRIED_AFTER_MS = 30000, TURNS_MAX = 4000 };

/* As time goes by: the writer may still be at the end of the last change. */
static bool comes_true(struct town *town, bool (*is_so)(const struct change_counters *counters))
{
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        struct change_counters counters = change_counters_read(town->changer);
        if (is_so(&counters))
            return true;
        town->now_ms += STEP_MS;
        usleep(5000); /* the writer looks twice a second */
    }
    return false;
}

static bool has_failed_to_save(const struct change_counters *counters)
{
    return counters->saves_failed > 0;
}

static bool has_saved(const struct change_counters *counters)
{
    return counters->saved_generation > 0;
}

TEST(a_snapshot_that_could_not_be_saved_is_saved_later)
{
    struct town town;
    char path[512];
    town_open(&town);
    snprintf(path, sizeof(path), "%s/snapshot.new", town.scratch.path);
    assert_int_equal(mkdir(path, 0700), 0); /* is in the way */
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    CHECK(comes_true(&town, has_failed_to_save));
    assert_int_equal(rmdir(path), 0);
    town.now_ms += RETRIED_AFTER_MS;
    CHECK(comes_true(&town, has_saved));
    town_close(&town);
}

TESTS(documents_of_an_environment_have_a_bound, a_snapshot_that_could_not_be_saved_is_saved_later,
      what_cannot_be_shown_is_not_kept, a_credential_revoked_meanwhile_changes_nothing_more,
      that_an_environment_was_never_changed_can_be_expected,
      one_change_too_large_takes_nobody_of_its_group_along,
      settings_keep_their_object_however_often_the_catalog_changes_meanwhile,
      uses_that_could_not_be_written_are_written_later,
      a_store_that_failed_says_that_it_is_read_only)
