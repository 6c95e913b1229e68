/* SPDX-License-Identifier: Apache-2.0 */
/* Dry runs: what would happen is told as it would be, and nothing happens. Guards: what is not as
 * it should be stops a change before it begins. */
#include <string.h>

#include "model/limits.h"

#include "errand.h"
#include "huge.h"
#include "story.h"

/* ---- everything there is, as one text -------------------------------------------------------- */

static void list_audit(struct store *reader, struct arena *arena, struct buf *text)
{
    struct audit_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_audit(reader, arena, 0, 10000, &rows, &count));
    for (size_t i = 0; i < count; i++)
        buf_append_format(text, "%.*s %.*s\n", STR_ARG(rows[i].action), STR_ARG(rows[i].subject));
    CHECK_OK(store_verify_audit(reader, arena));
}

static void list_catalog(struct store *reader, struct arena *arena, struct buf *text)
{
    struct environment_row *environments = NULL;
    struct credential_row *credentials = NULL;
    struct user_row *users = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environments(reader, arena, &environments, &count));
    for (size_t i = 0; i < count; i++)
        buf_append_format(text, "%.*s %llu\n", STR_ARG(environments[i].id),
                          (unsigned long long)environments[i].version);
    CHECK_OK(store_load_credentials(reader, arena, &credentials, &count));
    for (size_t i = 0; i < count; i++)
        buf_append_format(text, "%.*s\n", STR_ARG(credentials[i].id));
    CHECK_OK(store_load_users(reader, arena, &users, &count));
    for (size_t i = 0; i < count; i++)
        buf_append_format(text, "%.*s %d\n", STR_ARG(users[i].email), (int)users[i].role);
}

static struct str whole_store(struct town *town)
{
    struct store *reader = NULL;
    struct buf text;
    buf_open(&text, SIZE_MAX);
    CHECK_OK(store_open(&reader, scratch_path(&town->scratch), STORE_READER));
    list_catalog(reader, &town->arena, &text);
    list_audit(reader, &town->arena, &text);
    store_close(reader);
    struct str taken = arena_copy_str(&town->arena, buf_str(&text));
    buf_close(&text);
    return taken;
}

/* ---- dry runs of environments ---------------------------------------------------------------- */

TEST(a_dry_run_says_what_it_would_make_and_makes_nothing)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    struct str store_before = whole_store(&town);
    struct str story_before = story_now(&town, environment);
    uint64_t generation = view_generation(town.views);
    struct change_counters counters = change_counters_read(town.changer);
    town.announced_version = 0;

    struct town_put put = {.key = STR("b"), .value = true};
    struct change change = town_change(environment, &put);
    change.is_dry_run = true;
    change.wants_report = true;
    for (size_t i = 0; i < 2; i++) { /* the second is no different: the first left nothing */
        CHECK_OK(town_apply(&town, &change));
        CHECK_INT(change.version, 2);
        CHECK_INT(change.created_number, 2);
        CHECK_INT(change.report.item_count, 1);
        CHECK_INT(change.report.items[0].operation, CHANGED_CREATE);
        CHECK_STR(change.report.items[0].key, STR("b"));
        CHECK_INT(change.report.affected_count, 1);
    }
    CHECK_STR(whole_store(&town), store_before);
    CHECK_STR(story_now(&town, environment), story_before);
    CHECK_INT(view_generation(town.views), generation);
    CHECK_INT(town.announced_version, 0);
    CHECK_INT(change_counters_read(town.changer).applied, counters.applied);
    change.is_dry_run = false;
    CHECK_OK(town_apply(&town, &change));
    CHECK_INT(change.version, 2);
    CHECK_INT(change.created_number, 2);
    town_close(&town);
}

TEST(a_dry_run_is_refused_as_the_change_would_be)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct town_put put = {.key = STR("a"), .is_deletion = true};
    struct change change = town_change(environment, &put);
    change.is_dry_run = true;
    CHECK_FAULT(town_apply(&town, &change), FAULT_MISSING);
    put.is_deletion = false;
    change.expects_version = true;
    change.expected_version = 7;
    CHECK_FAULT(town_apply(&town, &change), FAULT_CONFLICT);
    change.environment = 99;
    CHECK_FAULT(town_apply(&town, &change), FAULT_MISSING);
    CHECK_INT(change_counters_read(town.changer).refused, 0);
    town_close(&town);
}

TEST(a_dry_run_that_would_be_too_large_is_refused)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct huge_put put = {STR("huge"), HUGE_FLAGS_THAT_FIT};
    struct change change = huge_change(environment, &put);
    change.is_dry_run = true;
    CHECK_OK(town_apply(&town, &change));
    put.count++;
    struct fault fault = town_apply(&town, &change);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("environment"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    town_close(&town);
}

enum { MIXED = 9 };

/* Put, try to put, try to delete, and again: dry runs see what was done before them in their
 * group, and those behind them do not see what they tried. */
TEST(neighbours_of_a_dry_run_do_not_notice_it)
{
    static const struct {
        const char *key;
        bool is_deletion, is_dry_run;
        enum fault_kind fault;
        uint64_t version;
    } steps[MIXED] = {
        {"a", false, false, FAULT_NONE, 1},  {"b", false, true, FAULT_NONE, 2},
        {"b", true, true, FAULT_MISSING, 0}, {"a", true, true, FAULT_NONE, 2},
        {"a", true, false, FAULT_NONE, 2},   {"a", true, true, FAULT_MISSING, 0},
        {"c", false, true, FAULT_NONE, 3},   {"c", true, false, FAULT_MISSING, 0},
        {"d", false, false, FAULT_NONE, 3},
    };
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct gathering_at_gate held;
    struct errand errands[MIXED];
    memset(errands, 0, sizeof(errands));
    gate_close(&held, &town, environment);
    for (size_t i = 0; i < MIXED; i++) {
        errands[i].put =
            (struct town_put){.key = str_of(steps[i].key), .is_deletion = steps[i].is_deletion};
        errands[i].change = town_change(environment, &errands[i].put);
        errands[i].change.is_dry_run = steps[i].is_dry_run;
        start_errand(&errands[i], &town, i + 1);
    }
    gate_open(&held, errands, MIXED);
    for (size_t i = 0; i < MIXED; i++) {
        CHECK_FAULT(errands[i].fault, steps[i].fault);
        if (steps[i].fault == FAULT_NONE)
            CHECK_INT(errands[i].change.version, steps[i].version);
        arena_close(&errands[i].arena);
    }
    CHECK_INT(town_version(&town, environment), 3);
    struct str told = story_now(&town, environment);
    town_stop(&town);
    CHECK_OK(town_start(&town));
    CHECK_STR(story_now(&town, environment), told); /* what is shown is what is stored */
    town_close(&town);
}

/* ---- dry runs of the catalog ----------------------------------------------------------------- */

static struct str first_app(struct town *town)
{
    struct view *view = view_acquire(town->views);
    struct str id = arena_copy_str(&town->arena, view->catalog->apps[0].id);
    view_release(view);
    return id;
}

TEST(a_dry_run_of_the_catalog_makes_nothing_known)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct str app = first_app(&town);
    struct change changes[] = {
        {.kind = CHANGE_CREATE_APP, .name = STR("bank")},
        {.kind = CHANGE_EDIT_APP, .app_id = app, .name = STR("store")},
        {.kind = CHANGE_CREATE_ENVIRONMENT, .app_id = app, .name = STR("qa")},
        {.kind = CHANGE_CREATE_USER, .name = STR("ann@example.test"), .role = ROLE_ADMIN},
        {.kind = CHANGE_CREATE_KEY, .environment = environment, .key_kind = CREDENTIAL_SERVER_KEY},
        {.kind = CHANGE_CREATE_TOKEN, .key_kind = CREDENTIAL_APP, .app_id = app},
        {.kind = CHANGE_CREATE_DEPLOYMENT,
         .environment = environment,
         .name = STR("web"),
         .key_kind = CREDENTIAL_CLIENT_DEPLOYMENT},
        {.kind = CHANGE_CREATE_PROJECT_KEYS, .environment = environment},
        {.kind = CHANGE_SET_QUOTA, .environment = environment, .quota = 5},
    };
    struct str before = whole_store(&town);
    uint64_t generation = view_generation(town.views);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        changes[i].action = STR("test");
        changes[i].is_dry_run = true;
        CHECK_OK(town_apply(&town, &changes[i]));
        CHECK(str_is_absent(changes[i].secret));
        CHECK(str_is_absent(changes[i].key));
        bool creates = changes[i].kind != CHANGE_EDIT_APP && changes[i].kind != CHANGE_SET_QUOTA;
        CHECK(str_is_absent(changes[i].created_id) == !creates);
    }
    CHECK_STR(whole_store(&town), before);
    CHECK_INT(view_generation(town.views), generation);
    for (size_t i = 0; i < COUNT_OF(changes); i++) { /* none of them is in another's way now */
        changes[i].is_dry_run = false;
        CHECK_OK(town_apply(&town, &changes[i]));
    }
    town_close(&town);
}

/* ---- guards ---------------------------------------------------------------------------------- */

struct watch {
    size_t calls;
    size_t apps_seen;
    struct town_put put;
};

static struct fault allow_two_apps(const struct catalog *catalog, void *input)
{
    struct watch *watch = input;
    watch->calls++;
    watch->apps_seen = catalog->app_count;
    if (catalog->app_count > 2)
        return fault_make(FAULT_STALE, catalog_find_app_by_name(catalog, STR("shop"))->name,
                          STR("there are others"));
    return fault_none();
}

TEST(a_guard_sees_the_newest_catalog_of_its_group)
{
    static const struct str names[] = {STR("a"), STR("b"), STR("c")};
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct gathering_at_gate held;
    struct errand errands[COUNT_OF(names)];
    struct watch watches[COUNT_OF(names)];
    memset(errands, 0, sizeof(errands));
    memset(watches, 0, sizeof(watches));
    gate_close(&held, &town, environment);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        errands[i].change = (struct change){.kind = CHANGE_CREATE_APP,
                                            .action = STR("app.create"),
                                            .name = names[i],
                                            .guard = allow_two_apps,
                                            .input = &watches[i]};
        start_errand(&errands[i], &town, i + 1);
    }
    gate_open(&held, errands, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        CHECK_INT(watches[i].calls, 1);
        CHECK_INT(watches[i].apps_seen, i + 1);
        CHECK_FAULT(errands[i].fault, i < 2 ? FAULT_NONE : FAULT_STALE);
    }
    CHECK_STR(errands[2].fault.where, STR("shop")); /* kept, though the catalog may be gone */
    for (size_t i = 0; i < COUNT_OF(names); i++)
        arena_close(&errands[i].arena);
    town_close(&town);
}

static struct fault edit_watched(struct edit *edit, void *input)
{
    struct watch *watch = input;
    CHECK_INT(watch->calls, 1); /* the guard came first */
    return town_edit(edit, &watch->put);
}

TEST(a_guard_comes_before_the_edit)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct watch watch = {.put = {.key = STR("a")}};
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("flag.put"),
                            .environment = environment,
                            .edit = edit_watched,
                            .input = &watch,
                            .guard = allow_two_apps};
    CHECK_OK(town_apply(&town, &change));
    CHECK_INT(change.version, 1);
    town_app(&town, STR("two"));
    town_app(&town, STR("three"));
    CHECK_FAULT(town_apply(&town, &change), FAULT_STALE);
    CHECK_INT(town_version(&town, environment), 1);
    town_close(&town);
}

TESTS(a_dry_run_says_what_it_would_make_and_makes_nothing,
      a_dry_run_is_refused_as_the_change_would_be, a_dry_run_that_would_be_too_large_is_refused,
      neighbours_of_a_dry_run_do_not_notice_it, a_dry_run_of_the_catalog_makes_nothing_known,
      a_guard_sees_the_newest_catalog_of_its_group, a_guard_comes_before_the_edit)
