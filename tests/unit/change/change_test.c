/* SPDX-License-Identifier: Apache-2.0 */
/* The change path: durable, visible, announced, answered; nothing lost, nothing half. */
#include <pthread.h>

#include "change/follow.h"
#include "model/codec.h"
#include "model/limits.h"

#include "town.h"

TEST(the_first_start_makes_an_owner_once)
{
    struct town town;
    town_open(&town);
    CHECK(town.bootstrap.is_first_start);
    CHECK(str_starts_with(town.bootstrap.token, STR("cli_")));
    struct view *view = view_acquire(town.views);
    const struct caller *caller =
        keyring_find(&view->catalog->keyring, town.bootstrap.token, town.now_ms);
    assert_non_null(caller);
    CHECK_INT(caller->role, ROLE_OWNER);
    CHECK_STR(caller->actor, STR("owner@localhost"));
    view_release(view);
    town_stop(&town);
    CHECK_OK(town_start(&town));
    CHECK(!town.bootstrap.is_first_start);
    town_close(&town);
}

TEST(an_app_has_three_environments_with_numbers_of_their_own)
{
    struct town town;
    town_open(&town);
    uint64_t first = town_app(&town, STR("shop"));
    uint64_t second = town_app(&town, STR("blog"));
    CHECK_INT(first, 1);
    CHECK_INT(second, 4);
    struct view *view = view_acquire(town.views);
    const struct catalog_app *app = catalog_find_app_by_name(view->catalog, STR("blog"));
    CHECK_INT(app->environment_count, 3);
    static const struct str names[] = {STR("development"), STR("staging"), STR("production")};
    for (size_t i = 0; i < 3; i++) {
        const struct catalog_environment *environment =
            catalog_find_environment_of(view->catalog, app, names[i]);
        assert_non_null(environment);
        CHECK_INT(environment->number, second + i);
        CHECK_INT(view_of(view, environment)->version, 0);
        CHECK(catalog_find_environment_of(view->catalog, app, environment->id) == environment);
    }
    view_release(view);
    town_close(&town);
}

TEST(a_change_is_visible_and_announced_when_it_is_answered)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("dark-mode"), true));
    CHECK_INT(town.announced_version, 1);
    CHECK_INT(town.visible_when_announced, 1);
    struct view *view = view_acquire(town.views);
    const struct snapshot *snapshot = view_find(view, environment);
    CHECK_INT(snapshot->version, 1);
    CHECK_STR(snapshot->renderings[0].headers, STR("1 flags"));
    const struct flag *flag = environment_find_flag(&snapshot->state, STR("dark-mode"));
    assert_non_null(flag);
    CHECK(str_starts_with(flag->id, STR("flag_")));
    CHECK(ruleset_find(snapshot->rules, STR("dark-mode"))->flag == flag);
    view_release(view);
    town_close(&town);
}

TEST(every_change_is_one_version_step_and_survives_a_restart)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    CHECK_OK(town_put(&town, environment, STR("a"), true)); /* a no-op still steps */
    CHECK_OK(town_put(&town, environment, STR("b"), false));
    CHECK_OK(town_delete(&town, environment, STR("a")));
    CHECK_INT(town_version(&town, environment), 4);
    town_stop(&town);
    CHECK_OK(town_start(&town));
    CHECK_INT(town_version(&town, environment), 4);
    struct view *view = view_acquire(town.views);
    const struct environment_state *state = &view_find(view, environment)->state;
    CHECK_INT(state->flag_count, 1);
    CHECK_STR(state->flags[0]->key, STR("b"));
    view_release(view);
    town_close(&town);
}

TEST(a_refused_change_leaves_no_trace)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    struct fault fault = town_put(&town, environment, STR("not a key"), true);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_FAULT(town_delete(&town, environment, STR("absent")), FAULT_MISSING);
    CHECK_FAULT(town_put(&town, 99, STR("a"), true), FAULT_MISSING);
    CHECK_INT(town_version(&town, environment), 1);
    town_stop(&town);
    CHECK_OK(town_start(&town));
    CHECK_INT(town_version(&town, environment), 1);
    town_close(&town);
}

TEST(an_expected_version_is_held_against_the_newest)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    struct town_put put = {.key = STR("a"), .value = false};
    struct change change = town_change(environment, &put);
    change.expects_version = true;
    change.expected_version = 1;
    CHECK_OK(town_apply(&town, &change));
    CHECK_INT(change.version, 2);
    change.expected_version = 1;
    CHECK_FAULT(town_apply(&town, &change), FAULT_CONFLICT);
    CHECK_INT(town_version(&town, environment), 2);
    town_close(&town);
}

TEST(a_key_created_again_is_a_new_flag)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    struct view *view = view_acquire(town.views);
    struct str first =
        arena_copy_str(&town.arena, view_find(view, environment)->state.flags[0]->id);
    view_release(view);
    CHECK_OK(town_delete(&town, environment, STR("a")));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    view = view_acquire(town.views);
    CHECK(!str_equal(first, view_find(view, environment)->state.flags[0]->id));
    view_release(view);
    town_close(&town);
}

TEST(two_apps_of_one_name_are_refused)
{
    struct town town;
    town_open(&town);
    town_app(&town, STR("shop"));
    struct change change = {
        .kind = CHANGE_CREATE_APP, .action = STR("app.create"), .name = STR("shop")};
    CHECK_FAULT(town_apply(&town, &change), FAULT_CONFLICT);
    town_close(&town);
}

/* ---- keys -------------------------------------------------------------------------------- */

TEST(a_key_reads_its_environment_until_it_is_revoked)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct change create = {.kind = CHANGE_CREATE_KEY,
                            .action = STR("key.create"),
                            .environment = environment + 2,
                            .key_kind = CREDENTIAL_BROWSER_KEY};
    CHECK_OK(town_apply(&town, &create));
    CHECK(str_starts_with(create.secret, STR("pub_prod_")));
    struct view *view = view_acquire(town.views);
    const struct caller *caller = keyring_find(&view->catalog->keyring, create.secret, town.now_ms);
    assert_non_null(caller);
    CHECK_INT(caller->environment, environment + 2);
    view_release(view);
    struct change revoke = {.kind = CHANGE_REVOKE_CREDENTIAL,
                            .action = STR("key.revoke"),
                            .credential_id = create.created_id};
    CHECK_OK(town_apply(&town, &revoke));
    view = view_acquire(town.views);
    CHECK(keyring_find(&view->catalog->keyring, create.secret, town.now_ms) == NULL);
    view_release(view);
    CHECK_FAULT(town_apply(&town, &revoke), FAULT_MISSING);
    town_close(&town);
}

/* ---- many at once ------------------------------------------------------------------------ */

enum { WRITERS = 8, CHANGES_EACH = 40 };

struct writer {
    struct town *town;
    uint64_t environment;
    size_t number;
    size_t refused;
    uint64_t versions[CHANGES_EACH];
    pthread_t thread;
};

static void *write_much(void *argument)
{
    struct writer *writer = argument;
    struct arena arena;
    arena_open(&arena, 1024);
    for (size_t i = 0; i < CHANGES_EACH; i++) {
        bool is_bad = i % 5 == 4;
        struct town_put put = {.value = i % 2 == 0};
        put.key = arena_format(&arena, is_bad ? "bad key %zu" : "flag-%zu", writer->number);
        struct change change = town_change(writer->environment, &put);
        change.caller = &writer->town->owner;
        change.arena = &arena;
        struct fault fault = change_apply(writer->town->changer, &change);
        writer->refused += failed(fault) ? 1 : 0;
        writer->versions[i] = failed(fault) ? 0 : change.version;
    }
    arena_close(&arena);
    return NULL;
}

TEST(writers_share_a_commit_and_one_bad_change_takes_nobody_along)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct writer writers[WRITERS];
    for (size_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.town = &town, .environment = environment, .number = i};
        pthread_create(&writers[i].thread, NULL, write_much, &writers[i]);
    }
    bool seen[WRITERS * CHANGES_EACH + 1] = {false};
    size_t accepted = 0;
    for (size_t i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        CHECK_INT(writers[i].refused, CHANGES_EACH / 5);
        for (size_t j = 0; j < CHANGES_EACH; j++) {
            if (writers[i].versions[j] == 0)
                continue;
            CHECK(!seen[writers[i].versions[j]]); /* every change has a version of its own */
            seen[writers[i].versions[j]] = true;
            accepted++;
        }
    }
    CHECK_INT(town_version(&town, environment), accepted);
    struct change_counters counters = change_counters_read(town.changer);
    CHECK_INT(counters.refused, WRITERS * CHANGES_EACH / 5);
    CHECK_INT(counters.applied, accepted + 1);
    town_close(&town);
}

/* ---- history ----------------------------------------------------------------------------- */

static struct str canonical(struct arena *arena, const struct environment_state *state)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < state->flag_count; i++)
        flag_encode(state->flags[i], &buf);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

TEST(any_version_and_any_instant_can_be_had_again)
{
    enum { CHANGES = 60 };
    struct town town;
    town_open(&town);
    uint64_t number = town_app(&town, STR("shop"));
    int64_t began_ms = town.now_ms;
    struct str texts[CHANGES + 1];
    texts[0] = STR("");
    uint32_t seed = 20300101;
    for (size_t i = 1; i <= CHANGES; i++) {
        town.now_ms += 1000;
        seed = seed * 1664525 + 1013904223;
        struct str key = arena_format(&town.arena, "flag-%u", (seed >> 16) % 7);
        bool deletes = (seed >> 8) % 4 == 0;
        struct fault fault = deletes ? town_delete(&town, number, key)
                                     : town_put(&town, number, key, (seed & 1) != 0);
        if (failed(fault)) /* deleting what is not there: put it instead */
            CHECK_OK(town_put(&town, number, key, true));
        struct view *view = view_acquire(town.views);
        texts[i] = canonical(&town.arena, &view_find(view, number)->state);
        view_release(view);
    }
    struct store *reader = NULL;
    CHECK_OK(store_open(&reader, scratch_path(&town.scratch), STORE_READER));
    struct view *view = view_acquire(town.views);
    const struct catalog_environment *environment = catalog_find_environment(view->catalog, number);
    for (size_t i = 0; i <= CHANGES; i++) {
        struct snapshot *then = NULL;
        CHECK_OK(follow_environment(reader, environment, false, i, 0, &then));
        CHECK_INT(then->version, i);
        CHECK_STR(canonical(&town.arena, &then->state), texts[i]);
        snapshot_release(then);
        int64_t just_before_next = began_ms + (int64_t)i * 1000 + 999;
        uint64_t version = 0;
        CHECK_OK(follow_find_version(reader, environment, just_before_next, &version));
        CHECK_INT(version, i);
    }
    uint64_t never = 0;
    CHECK_FAULT(follow_find_version(reader, environment, began_ms - 1, &never), FAULT_MISSING);
    view_release(view);
    CHECK_OK(store_verify_audit(reader, &town.arena));
    store_close(reader);
    town_close(&town);
}

/* ---- without a store --------------------------------------------------------------------- */

static void overwrite(const struct town *town, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", town->scratch.path, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

TEST(a_lost_store_is_served_from_the_snapshot_on_disk)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    struct change create = {.kind = CHANGE_CREATE_KEY,
                            .action = STR("key.create"),
                            .environment = environment,
                            .key_kind = CREDENTIAL_SERVER_KEY};
    CHECK_OK(town_apply(&town, &create));
    town_stop(&town);
    overwrite(&town, "guidon.db", "this is no database, whatever its name says; not at all");
    CHECK_OK(town_start(&town));
    CHECK_FAULT(town.degraded, FAULT_UNAVAILABLE);
    struct view *view = view_acquire(town.views);
    CHECK(view->is_read_only);
    const struct snapshot *snapshot = view_find(view, environment);
    CHECK_INT(snapshot->version, 1);
    CHECK_STR(snapshot->renderings[0].headers, STR("1 flags"));
    const struct caller *caller = keyring_find(&view->catalog->keyring, create.secret, town.now_ms);
    assert_non_null(caller);
    CHECK_INT(caller->environment, environment);
    view_release(view);
    CHECK_FAULT(town_put(&town, environment, STR("b"), true), FAULT_UNAVAILABLE);
    struct event_row event = {.environment = environment, .event_id = STR("e")};
    enum offer_result result;
    CHECK_FAULT(ingest_offer(change_ingest(town.changer), &event, 1, &result), FAULT_UNAVAILABLE);
    town_close(&town);
}

TEST(an_empty_store_beside_snapshots_is_a_lost_one)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    town_stop(&town);
    char path[512];
    snprintf(path, sizeof(path), "%s/guidon.db", town.scratch.path);
    CHECK_INT(unlink(path), 0);
    for (size_t i = 0; i < 2; i++) { /* and so it stays: the second start finds an empty file */
        CHECK_OK(town_start(&town));
        CHECK_FAULT(town.degraded, FAULT_UNAVAILABLE);
        CHECK(!town.bootstrap.is_first_start);
        CHECK_INT(town_version(&town, environment), 1);
        town_stop(&town);
    }
    CHECK_OK(town_start(&town));
    town_close(&town);
}

TEST(apps_are_limited)
{
    struct town town;
    town_open(&town);
    for (size_t i = 0; i < APPS_MAX; i++)
        town_app(&town, arena_format(&town.arena, "app %zu", i));
    struct change change = {
        .kind = CHANGE_CREATE_APP, .action = STR("app.create"), .name = STR("one more")};
    CHECK_FAULT(town_apply(&town, &change), FAULT_LIMIT);
    town_close(&town);
}

static struct fault put_and_delete(struct edit *edit, void *input)
{
    struct flag flag = town_flag(edit_arena(edit), STR("brief"), true);
    struct fault fault = edit_put_flag(edit, &flag);
    if (!failed(fault))
        fault = edit_delete_flag(edit, STR("brief"));
    if (failed(fault))
        return fault;
    *(bool *)input = edit_find_flag(edit, STR("brief")) == NULL;
    flag = town_flag(edit_arena(edit), STR("kept"), true);
    fault = edit_put_flag(edit, &flag);
    flag = town_flag(edit_arena(edit), STR("kept"), false);
    return failed(fault) ? fault : edit_put_flag(edit, &flag); /* the last one counts */
}

TEST(what_is_put_and_deleted_in_one_edit_never_was)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    bool was_gone = false;
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("test"),
                            .environment = environment,
                            .edit = put_and_delete,
                            .input = &was_gone};
    CHECK_OK(town_apply(&town, &change));
    CHECK(was_gone);
    struct view *view = view_acquire(town.views);
    const struct environment_state *state = &view_find(view, environment)->state;
    CHECK_INT(state->flag_count, 1);
    CHECK(!state->flags[0]->variations[0].value.boolean);
    view_release(view);
    struct store *reader = NULL;
    CHECK_OK(store_open(&reader, scratch_path(&town.scratch), STORE_READER));
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_history(reader, &town.arena, environment, REVISION_FLAG, STR("brief"),
                                &rows, &count));
    CHECK_INT(count, 0);
    CHECK_OK(store_load_history(reader, &town.arena, environment, REVISION_FLAG, STR("kept"), &rows,
                                &count));
    CHECK_INT(count, 1);
    store_close(reader);
    town_close(&town);
}

TEST(without_a_store_and_a_snapshot_there_is_no_start)
{
    struct town town;
    town_open(&town);
    town_stop(&town);
    scratch_empty(&town.scratch);
    overwrite(&town, "guidon.db", "this is no database, whatever its name says; not at all");
    CHECK_FAULT(town_start(&town), FAULT_UNAVAILABLE);
    town_close(&town);
}

/* ---- quota ------------------------------------------------------------------------------- */

TEST(a_quota_holds_for_a_calendar_month)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    for (size_t i = 0; i < 3; i++)
        CHECK(change_count_config_request(town.changer, environment, 3));
    CHECK(!change_count_config_request(town.changer, environment, 3));
    CHECK_INT(change_config_requests_used(town.changer, environment), 3);
    CHECK(change_count_config_request(town.changer, environment, 0));     /* no quota, no end */
    CHECK(change_count_config_request(town.changer, environment + 1, 3)); /* each its own */
    town.now_ms += (int64_t)31 * 24 * 3600 * 1000;                        /* February */
    CHECK_INT(change_config_requests_used(town.changer, environment), 0);
    CHECK(change_count_config_request(town.changer, environment, 3));
    town_close(&town);
}

TEST(the_use_of_a_quota_survives_a_restart)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    for (size_t i = 0; i < 5; i++)
        CHECK(change_count_config_request(town.changer, environment, 0));
    town_stop(&town);
    CHECK_OK(town_start(&town));
    CHECK_INT(change_config_requests_used(town.changer, environment), 5);
    CHECK(change_count_config_request(town.changer, environment, 6));
    CHECK(!change_count_config_request(town.changer, environment, 6));
    town_close(&town);
}

TESTS(the_first_start_makes_an_owner_once, an_app_has_three_environments_with_numbers_of_their_own,
      a_change_is_visible_and_announced_when_it_is_answered,
      every_change_is_one_version_step_and_survives_a_restart, a_refused_change_leaves_no_trace,
      an_expected_version_is_held_against_the_newest, a_key_created_again_is_a_new_flag,
      two_apps_of_one_name_are_refused, a_key_reads_its_environment_until_it_is_revoked,
      writers_share_a_commit_and_one_bad_change_takes_nobody_along,
      any_version_and_any_instant_can_be_had_again,
      a_lost_store_is_served_from_the_snapshot_on_disk,
      an_empty_store_beside_snapshots_is_a_lost_one, apps_are_limited,
      what_is_put_and_deleted_in_one_edit_never_was,
      without_a_store_and_a_snapshot_there_is_no_start, a_quota_holds_for_a_calendar_month,
      the_use_of_a_quota_survives_a_restart)
