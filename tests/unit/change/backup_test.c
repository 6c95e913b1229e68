/* SPDX-License-Identifier: Apache-2.0 */
/* backup - a copy of all there is beside a changer that goes on, and the first owner's token. */
#include "auth/secret.h"
#include "change/backup.h"
#include "change/follow.h"

#include "story.h"

static const struct copying always = {0};

static void write_out(const struct backup *backup, const char *path)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (uint64_t at = 0; at < backup->size;) {
        char piece[8192];
        ssize_t got = pread(backup->descriptor, piece, sizeof(piece), (off_t)at);
        CHECK(got > 0);
        CHECK_INT(fwrite(piece, 1, (size_t)got, file), got);
        at += (uint64_t)got;
    }
    CHECK_INT(fclose(file), 0);
}

static unsigned count_copies(const struct town *town)
{
    unsigned count = 0;
    DIR *listing = opendir(town->scratch.path);
    assert_non_null(listing);
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        count += strncmp(entry->d_name, "backup-", 7) == 0 ? 1 : 0;
    closedir(listing);
    return count;
}

TEST(what_is_in_a_backup_tells_the_same_story)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct cohort_members *members = story_members("user-", 300);
    CHECK_OK(town_put(&town, environment, STR("dark-mode"), true));
    CHECK_OK(story_put_cohort(&town, environment, STR("beta"), members));
    struct str story = story_now(&town, environment);
    struct backup *backup = NULL;
    CHECK_OK(change_open_backup(town.changer, &always, &backup));
    CHECK_OK(town_put(&town, environment, STR("dark-mode"), false)); /* goes on, beyond it */
    CHECK_INT(count_copies(&town), 0);                               /* it has no name */

    struct scratch other;
    CHECK(scratch_open(&other));
    write_out(backup, arena_format(&town.arena, "%s/guidon.db", other.path).data);
    change_close_backup(backup);
    struct store *store = NULL;
    CHECK_OK(store_open(&store, scratch_path(&other), STORE_WRITER));
    struct view *view = NULL;
    CHECK_OK(follow_everything(store, town_render, town.now_ms, &view));
    CHECK_STR(story_of(&town.arena, view_find(view, environment)), story);
    CHECK_OK(store_verify_audit(store, &town.arena));
    view_release(view);
    store_close(store);
    scratch_close(&other);
    cohort_members_release(members);
    town_close(&town);
}

TEST(one_backup_at_a_time)
{
    struct town town;
    town_open(&town);
    struct backup *first = NULL;
    struct backup *second = NULL;
    CHECK_OK(change_open_backup(town.changer, &always, &first));
    struct fault fault = change_open_backup(town.changer, &always, &second);
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    CHECK_STR(fault.where, STR("backup"));
    CHECK(second == NULL);
    change_close_backup(first);
    CHECK_OK(change_open_backup(town.changer, &always, &second));
    change_close_backup(second);
    town_close(&town);
}

static bool never(void *context)
{
    (void)context;
    return false;
}

TEST(a_backup_that_is_given_up_leaves_nothing_and_makes_room)
{
    struct town town;
    town_open(&town);
    const struct copying given_up = {never, NULL};
    struct backup *backup = NULL;
    CHECK_FAULT(change_open_backup(town.changer, &given_up, &backup), FAULT_UNAVAILABLE);
    CHECK(backup == NULL);
    CHECK_INT(count_copies(&town), 0);
    CHECK_OK(change_open_backup(town.changer, &always, &backup));
    change_close_backup(backup);
    town_close(&town);
}

TEST(copies_that_a_crash_left_are_swept)
{
    struct town town;
    town_open(&town);
    town_stop(&town);
    static const char *const names[] = {"backup-a.partial", "backup-a.partial-journal",
                                        "backup-mine"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        FILE *file =
            fopen(arena_format(&town.arena, "%s/%s", town.scratch.path, names[i]).data, "w");
        assert_non_null(file);
        fclose(file);
    }
    CHECK_OK(town_start(&town));
    CHECK_INT(count_copies(&town), 1);
    town_close(&town);
}

TEST(without_a_store_there_is_nothing_to_copy)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    town_stop(&town);
    town_lose_store(&town);
    CHECK_OK(town_start(&town));
    CHECK(failed(town.degraded));
    struct backup *backup = NULL;
    CHECK_FAULT(change_open_backup(town.changer, &always, &backup), FAULT_UNAVAILABLE);
    town_close(&town);
}

/* ---- versions that were never made ---------------------------------------------------------- */

TEST(a_version_that_was_passed_over_is_missing)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    town_stop(&town);
    struct store *store = NULL;
    CHECK_OK(store_open(&store, scratch_path(&town.scratch), STORE_WRITER));
    CHECK_OK(store_begin(store));
    CHECK_OK(store_raise_version(store, environment, 10, town.now_ms));
    CHECK_OK(store_commit(store));
    struct catalog *catalog = NULL;
    CHECK_OK(follow_catalog(store, &catalog));
    for (uint64_t version = 0; version <= 11; version++) {
        struct snapshot *snapshot = NULL;
        struct fault fault =
            follow_environment(store, catalog_find_environment(catalog, environment), false,
                               version, town.now_ms, &snapshot);
        if (version <= 1 || version == 10) {
            CHECK_OK(fault);
            CHECK_INT(snapshot->state.flag_count, version == 0 ? 0 : 1);
            snapshot_release(snapshot);
        } else {
            CHECK_FAULT(fault, FAULT_MISSING);
        }
    }
    catalog_release(catalog);
    store_close(store);
    CHECK_OK(town_start(&town));
    CHECK_INT(town_version(&town, environment), 10);
    CHECK_OK(town_put(&town, environment, STR("a"), false));
    CHECK_INT(town_version(&town, environment), 11);
    town_close(&town);
}

/* ---- the first owner's token ---------------------------------------------------------------- */

struct beginning {
    struct scratch scratch;
    struct arena arena;
    struct view_slot *views;
    struct changer *changer;
    struct bootstrap bootstrap;
};

static struct fault begin(struct beginning *beginning, struct str token)
{
    const struct change_config config = {
        .directory = scratch_path(&beginning->scratch),
        .bootstrap_token = token,
        .clock = clock_system(),
        .render = town_render,
        .slot = beginning->views,
        .event_queue_bytes_max = 1 << 20,
        .waiting_max = 16,
        .on_published = town_heard,
    };
    struct fault degraded;
    return change_open(&beginning->changer, &config, &beginning->arena, &beginning->bootstrap,
                       &degraded);
}

static void beginning_open(struct beginning *beginning)
{
    random_open();
    *beginning = (struct beginning){0};
    arena_open(&beginning->arena, 4096);
    CHECK(scratch_open(&beginning->scratch));
    beginning->views = view_slot_open();
}

static void beginning_close(struct beginning *beginning)
{
    if (beginning->changer != NULL)
        change_close(beginning->changer);
    view_slot_close(beginning->views);
    scratch_close(&beginning->scratch);
    arena_close(&beginning->arena);
}

TEST(a_token_that_is_given_is_the_owners)
{
    struct beginning beginning;
    beginning_open(&beginning);
    struct str shown;
    struct str token = secret_make(&beginning.arena, CREDENTIAL_PERSONAL, STR(""), &shown);
    CHECK_OK(begin(&beginning, token));
    CHECK(beginning.bootstrap.is_first_start);
    CHECK(beginning.bootstrap.is_token_given);
    CHECK_STR(beginning.bootstrap.token, token);
    struct view *view = view_acquire(beginning.views);
    const struct caller *caller =
        keyring_find(&view->catalog->keyring, token, clock_wall_ms(clock_system()));
    assert_non_null(caller);
    CHECK_INT(caller->role, ROLE_OWNER);
    CHECK_STR(view->catalog->credentials[0].shown, shown);
    CHECK_STR(view->catalog->credentials[0].tail, secret_tail(token));
    view_release(view);
    beginning_close(&beginning);
}

TEST(what_is_no_personal_token_makes_no_owner)
{
    struct beginning beginning;
    beginning_open(&beginning);
    struct str shown;
    const struct str wrong[] = {
        STR(""),
        STR("hello"),
        secret_make(&beginning.arena, CREDENTIAL_APP, STR(""), &shown),
        secret_make(&beginning.arena, CREDENTIAL_SERVER_KEY, STR("prod"), &shown),
        STR("cli_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct fault fault = begin(&beginning, wrong[i]);
        CHECK_FAULT(fault, FAULT_INVALID);
        CHECK_STR(fault.where, STR("bootstrap-token"));
        CHECK(!beginning.bootstrap.is_first_start);
    }
    CHECK_OK(begin(&beginning, (struct str){0})); /* it is a first start still */
    CHECK(beginning.bootstrap.is_first_start);
    CHECK(!beginning.bootstrap.is_token_given);
    change_close(beginning.changer);
    beginning.changer = NULL;
    view_slot_close(beginning.views);
    beginning.views = view_slot_open();
    CHECK_OK(begin(&beginning, STR("hello"))); /* and later nobody asks */
    beginning_close(&beginning);
}

TESTS(what_is_in_a_backup_tells_the_same_story, one_backup_at_a_time,
      a_backup_that_is_given_up_leaves_nothing_and_makes_room, copies_that_a_crash_left_are_swept,
      without_a_store_there_is_nothing_to_copy, a_version_that_was_passed_over_is_missing,
      a_token_that_is_given_is_the_owners, what_is_no_personal_token_makes_no_owner)
