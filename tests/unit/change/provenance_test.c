/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, sequences, moments and actors: given once, kept for ever, the same wherever read. */
#include <pthread.h>

#include "change/follow.h"

#include "story.h"

static struct provenance provenance_now(struct town *town, uint64_t environment, struct str key)
{
    struct view *view = view_acquire(town->views);
    struct flag_revision *revision = snapshot_find_flag(view_find(view, environment), key);
    assert_non_null(revision);
    struct provenance provenance = revision->provenance;
    provenance.created_by = arena_copy_str(&town->arena, provenance.created_by);
    provenance.modified_by = arena_copy_str(&town->arena, provenance.modified_by);
    CHECK(snapshot_find_number(view_find(view, environment), provenance.number) == revision);
    view_release(view);
    return provenance;
}

TEST(a_flag_says_who_made_it_and_who_changed_it_last)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    int64_t created_ms = town.now_ms;
    struct provenance first = provenance_now(&town, environment, STR("a"));
    CHECK_INT(first.number, 1);
    CHECK_INT(first.sequence, 1);
    CHECK_INT(first.created_ms, created_ms);
    CHECK_INT(first.modified_ms, created_ms);
    CHECK_STR(first.created_by, STR("owner@localhost"));
    CHECK_STR(first.modified_by, STR("owner@localhost"));

    town.now_ms += 5000;
    town.owner.actor = STR("somebody@else");
    CHECK_OK(town_put(&town, environment, STR("a"), false));
    struct provenance second = provenance_now(&town, environment, STR("a"));
    CHECK_INT(second.number, 1);
    CHECK_INT(second.sequence, 2);
    CHECK_INT(second.created_ms, created_ms);
    CHECK_INT(second.modified_ms, created_ms + 5000);
    CHECK_STR(second.created_by, STR("owner@localhost"));
    CHECK_STR(second.modified_by, STR("somebody@else"));
    town_close(&town);
}

TEST(who_puts_a_flag_means_a_new_version_of_it)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    CHECK_INT(provenance_now(&town, environment, STR("a")).sequence, 2);
    town_close(&town);
}

TEST(what_a_document_puts_as_it_was_makes_no_revision)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    struct view *before = view_acquire(town.views);
    town.now_ms += 5000;
    struct town_put again = {.key = STR("a"), .value = true};
    struct change change = town_change(environment, &again);
    change.keeps_same_flags = true;
    CHECK_OK(town_apply(&town, &change));
    struct view *after = view_acquire(town.views);
    CHECK_INT(view_find(after, environment)->version, 2); /* answered like any change */
    CHECK(view_find(after, environment)->flags[0] == view_find(before, environment)->flags[0]);
    view_release(before);
    view_release(after);
    struct store *reader = NULL;
    struct revision_row *rows = NULL;
    struct audit_row *audit = NULL;
    size_t count = 0;
    CHECK_OK(store_open(&reader, scratch_path(&town.scratch), STORE_READER));
    CHECK_OK(store_load_history(reader, &town.arena, environment, REVISION_FLAG, STR("a"), &rows,
                                &count));
    CHECK_INT(count, 1);
    CHECK_OK(store_load_audit(reader, &town.arena, 0, 100, &audit, &count));
    CHECK_STR(audit[count - 1].detail, STR("{\"changes\":[]}"));
    store_close(reader);
    town_close(&town);
}

TEST(a_key_created_again_has_a_number_of_its_own)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    CHECK_OK(town_put(&town, environment, STR("a"), false));
    CHECK_OK(town_delete(&town, environment, STR("a")));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    struct provenance again = provenance_now(&town, environment, STR("a"));
    CHECK_INT(again.number, 2);
    CHECK_INT(again.sequence, 1);
    CHECK_OK(town_put(&town, environment + 1, STR("a"), true)); /* numbers span environments */
    CHECK_INT(provenance_now(&town, environment + 1, STR("a")).number, 3);
    town_close(&town);
}

/* ---- inside an edit ----------------------------------------------------------------------- */

static struct fault look_around(struct edit *edit, void *input)
{
    const struct flag *kept = edit_find_flag_by_number(edit, 1);
    const struct flag *renewed = edit_find_flag_by_number(edit, 2);
    assert_non_null(kept);
    assert_non_null(renewed);
    CHECK_STR(kept->key, STR("kept"));
    CHECK_INT(edit_flag_number(edit, STR("renewed")), 2);
    CHECK_INT(edit_flag_number(edit, STR("new")), 0);
    CHECK(edit_find_flag_by_number(edit, 0) == NULL);
    CHECK(edit_find_flag_by_number(edit, 4) == NULL);

    struct flag flag = town_flag(edit_arena(edit), STR("kept"), false);
    CHECK_OK(edit_put_flag(edit, &flag));
    CHECK(!edit_find_flag_by_number(edit, 1)->variations[0].value.boolean); /* as staged */
    CHECK_OK(edit_delete_flag(edit, STR("renewed")));
    CHECK(edit_find_flag_by_number(edit, 2) == NULL);
    flag = town_flag(edit_arena(edit), STR("renewed"), true);
    CHECK_OK(edit_put_flag(edit, &flag));
    CHECK(edit_find_flag_by_number(edit, 2) == NULL); /* another flag of the same key */
    flag = town_flag(edit_arena(edit), STR("new"), true);
    CHECK_OK(edit_put_flag(edit, &flag));
    CHECK_INT(edit_flag_number(edit, STR("new")), 0);
    *(bool *)input = true;
    return fault_none();
}

TEST(an_edit_finds_flags_by_number_as_it_has_staged_them)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("kept"), true));
    CHECK_OK(town_put(&town, environment, STR("renewed"), true));
    bool has_run = false;
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("test"),
                            .environment = environment,
                            .edit = look_around,
                            .input = &has_run};
    CHECK_OK(town_apply(&town, &change));
    CHECK(has_run);
    CHECK_INT(change.created_number, 3); /* the first that was created */
    CHECK_INT(provenance_now(&town, environment, STR("kept")).sequence, 2);
    CHECK_INT(provenance_now(&town, environment, STR("renewed")).number, 3);
    CHECK_INT(provenance_now(&town, environment, STR("renewed")).sequence, 1);
    CHECK_INT(provenance_now(&town, environment, STR("new")).number, 4);
    town_close(&town);
}

static struct fault put_with_id(struct edit *edit, void *input)
{
    struct flag flag = town_flag(edit_arena(edit), STR("a"), false);
    flag.id = *(const struct str *)input;
    return edit_put_flag(edit, &flag);
}

TEST(a_flag_that_comes_back_with_its_id_goes_on_where_it_was)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    CHECK_OK(town_put(&town, environment, STR("a"), false));
    int64_t created_ms = town.now_ms;
    struct view *view = view_acquire(town.views);
    struct str id = arena_copy_str(&town.arena, view_find(view, environment)->flags[0]->flag.id);
    view_release(view);
    CHECK_OK(town_delete(&town, environment, STR("a")));
    town.now_ms += 5000;
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("test"),
                            .environment = environment,
                            .edit = put_with_id,
                            .input = &id};
    CHECK_OK(town_apply(&town, &change));
    struct provenance provenance = provenance_now(&town, environment, STR("a"));
    CHECK_INT(provenance.number, 1);
    CHECK_INT(provenance.sequence, 3);
    CHECK_INT(provenance.created_ms, created_ms);
    struct str story = story_now(&town, environment);
    town_stop(&town);
    CHECK_OK(town_start(&town));
    CHECK_STR(story_now(&town, environment), story);
    town_close(&town);
}

/* ---- anywhere, any time ------------------------------------------------------------------- */

enum { CHANGES = 80 };

/* Puts and deletes of flags and cohorts in turn, by several people. */
static void change_something(struct town *town, uint64_t environment, uint32_t *seed)
{
    static const struct str actors[] = {STR("ann@here"), STR("ben@here"), STR("token_3")};
    *seed = *seed * 1664525 + 1013904223;
    uint32_t dice = *seed >> 8;
    town->now_ms += 1000;
    town->owner.actor = actors[dice % COUNT_OF(actors)];
    struct str key = arena_format(&town->arena, "key-%u", dice / 8 % 5);
    bool deletes = dice / 64 % 4 == 0;
    struct fault fault;
    if (dice / 512 % 3 == 0) {
        struct cohort_members *members = story_members("member-", 1 + dice / 2048 % 6);
        fault = deletes ? story_delete_cohort(town, environment, key)
                        : story_put_cohort(town, environment, key, members);
        if (failed(fault)) /* deleting what is not there: put it instead */
            CHECK_OK(story_put_cohort(town, environment, key, members));
        cohort_members_release(members);
        return;
    }
    fault = deletes ? town_delete(town, environment, key)
                    : town_put(town, environment, key, dice / 2048 % 2 == 0);
    if (failed(fault))
        CHECK_OK(town_put(town, environment, key, true));
}

TEST(every_version_can_be_had_again_with_provenance_and_cohorts)
{
    struct town town;
    town_open(&town);
    uint64_t number = town_app(&town, STR("shop"));
    struct str stories[CHANGES + 1];
    stories[0] = STR("");
    uint32_t seed = 20300102;
    for (size_t i = 1; i <= CHANGES; i++) {
        change_something(&town, number, &seed);
        stories[i] = story_now(&town, number);
    }
    struct store *reader = NULL;
    CHECK_OK(store_open(&reader, scratch_path(&town.scratch), STORE_READER));
    struct view *view = view_acquire(town.views);
    const struct catalog_environment *environment = catalog_find_environment(view->catalog, number);
    for (size_t i = 0; i <= CHANGES; i++) {
        struct snapshot *then = NULL;
        CHECK_OK(follow_environment(reader, environment, false, i, 0, &then));
        CHECK_STR(story_of(&town.arena, then), stories[i]);
        snapshot_release(then);
    }
    view_release(view);
    store_close(reader);
    town_stop(&town);
    CHECK_OK(town_start(&town));
    CHECK_STR(story_now(&town, number), stories[CHANGES]);
    town_stop(&town);
    town_lose_store(&town);
    CHECK_OK(town_start(&town));
    CHECK_FAULT(town.degraded, FAULT_UNAVAILABLE);
    CHECK_STR(story_now(&town, number), stories[CHANGES]);
    town_close(&town);
}

/* ---- many at once ------------------------------------------------------------------------- */

enum { WRITERS = 8, CREATES_EACH = 30 };

struct creator {
    struct town *town;
    uint64_t environment;
    size_t index;
    uint64_t numbers[CREATES_EACH];
    size_t failures;
    pthread_t thread;
};

static void *create_many(void *argument)
{
    struct creator *creator = argument;
    struct arena arena;
    arena_open(&arena, 1024);
    for (size_t i = 0; i < CREATES_EACH; i++) {
        struct town_put put = {.key = arena_format(&arena, "flag-%zu-%zu", creator->index, i),
                               .value = true};
        struct change change = town_change(creator->environment + creator->index % 2, &put);
        change.caller = &creator->town->owner;
        change.arena = &arena;
        creator->failures += failed(change_apply(creator->town->changer, &change)) ? 1 : 0;
        creator->numbers[i] = change.created_number;
        /* One in three asks for what is refused: no number is given twice for that. */
        struct town_put bad = {.key = STR("not a key"), .value = true};
        change = town_change(creator->environment, &bad);
        change.caller = &creator->town->owner;
        change.arena = &arena;
        if (i % 3 == 0 && !failed(change_apply(creator->town->changer, &change)))
            creator->failures++;
    }
    arena_close(&arena);
    return NULL;
}

static void check_numbers(struct town *town, const struct creator *creators)
{
    bool seen[WRITERS * CREATES_EACH * 2] = {false};
    struct view *view = view_acquire(town->views);
    for (size_t i = 0; i < WRITERS; i++) {
        uint64_t environment = creators[i].environment + i % 2;
        for (size_t j = 0; j < CREATES_EACH; j++) {
            uint64_t number = creators[i].numbers[j];
            CHECK(number > 0);
            CHECK(number < COUNT_OF(seen));
            CHECK(!seen[number]);
            seen[number] = true;
            struct flag_revision *revision =
                snapshot_find_number(view_find(view, environment), number);
            assert_non_null(revision);
            CHECK_STR(revision->flag.key, arena_format(&town->arena, "flag-%zu-%zu", i, j));
        }
    }
    view_release(view);
}

TEST(creators_in_two_environments_never_share_a_number)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct creator creators[WRITERS];
    for (size_t i = 0; i < WRITERS; i++) {
        creators[i] = (struct creator){.town = &town, .environment = environment, .index = i};
        pthread_create(&creators[i].thread, NULL, create_many, &creators[i]);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        pthread_join(creators[i].thread, NULL);
        CHECK_INT(creators[i].failures, 0);
    }
    check_numbers(&town, creators);
    town_stop(&town);
    CHECK_OK(town_start(&town));
    check_numbers(&town, creators);
    town_close(&town);
}

TESTS(a_flag_says_who_made_it_and_who_changed_it_last, who_puts_a_flag_means_a_new_version_of_it,
      what_a_document_puts_as_it_was_makes_no_revision, a_key_created_again_has_a_number_of_its_own,
      an_edit_finds_flags_by_number_as_it_has_staged_them,
      a_flag_that_comes_back_with_its_id_goes_on_where_it_was,
      every_version_can_be_had_again_with_provenance_and_cohorts,
      creators_in_two_environments_never_share_a_number)
