/* SPDX-License-Identifier: Apache-2.0 */
/* Cohorts: replaced whole, stored once, shared wherever the members are the same. */
#include "change/follow.h"
#include "model/limits.h"

#include "story.h"

static bool has_member(struct town *town, uint64_t environment, struct str cohort_id, struct str id)
{
    struct view *view = view_acquire(town->views);
    const struct cohort *cohort =
        environment_find_cohort(&view_find(view, environment)->state, cohort_id);
    bool has = cohort != NULL && cohort_has(cohort, id);
    view_release(view);
    return has;
}

TEST(a_cohort_is_visible_with_the_change_that_puts_it)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct cohort_members *members = story_members("ann-", 100);
    CHECK_OK(story_put_cohort(&town, environment, STR("beta"), members));
    cohort_members_release(members);
    CHECK_INT(town.announced_version, 1);
    CHECK(has_member(&town, environment, STR("beta"), STR("ann-99")));
    CHECK(!has_member(&town, environment, STR("beta"), STR("ann-100")));

    members = story_members("ben-", 7); /* replaced whole */
    CHECK_OK(story_put_cohort(&town, environment, STR("beta"), members));
    cohort_members_release(members);
    CHECK(!has_member(&town, environment, STR("beta"), STR("ann-99")));
    CHECK(has_member(&town, environment, STR("beta"), STR("ben-6")));
    struct view *view = view_acquire(town.views);
    const struct cohort *cohort =
        environment_find_cohort(&view_find(view, environment)->state, STR("beta"));
    CHECK_INT(cohort->size, 7);
    CHECK_INT(cohort->modified_ms, town.now_ms); /* none was given */
    view_release(view);

    CHECK_OK(story_delete_cohort(&town, environment, STR("beta")));
    CHECK(!has_member(&town, environment, STR("beta"), STR("ben-6")));
    CHECK_FAULT(story_delete_cohort(&town, environment, STR("beta")), FAULT_MISSING);
    CHECK_INT(town_version(&town, environment), 3);
    town_close(&town);
}

TEST(cohorts_lie_in_the_order_of_their_ids)
{
    static const char *const ids[] = {"m", "a", "z", "b"};
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct cohort_members *members = story_members("x", 1);
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        CHECK_OK(story_put_cohort(&town, environment, str_of(ids[i]), members));
    cohort_members_release(members);
    CHECK_OK(story_delete_cohort(&town, environment, STR("m")));
    struct view *view = view_acquire(town.views);
    const struct environment_state *state = &view_find(view, environment)->state;
    CHECK_INT(state->cohort_count, 3);
    CHECK_STR(state->cohorts[0]->id, STR("a"));
    CHECK_STR(state->cohorts[1]->id, STR("b"));
    CHECK_STR(state->cohorts[2]->id, STR("z"));
    view_release(view);
    town_close(&town);
}

/* ---- one list, many cohorts ---------------------------------------------------------------- */

static const struct cohort_members *members_now(struct town *town, uint64_t environment,
                                                struct str id)
{
    struct view *view = view_acquire(town->views);
    const struct cohort_members *members =
        environment_find_cohort(&view_find(view, environment)->state, id)->members;
    view_release(view);
    return members;
}

TEST(equal_members_are_held_once)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    const struct cohort_members *held = NULL;
    for (size_t i = 0; i < 2; i++) { /* twice the same upload, for two cohorts each */
        struct cohort_members *members = story_members("ann-", 500);
        held = i == 0 ? members : held;
        town.now_ms += 1000; /* a revision of its own */
        CHECK_OK(story_put_cohort(&town, environment, STR("a"), members));
        CHECK_OK(story_put_cohort(&town, environment, STR("b"), members));
        CHECK_OK(story_put_cohort(&town, environment + 1, STR("a"), members));
        cohort_members_release(members);
    }
    CHECK(members_now(&town, environment, STR("a")) == held); /* the second one was not needed */
    CHECK(members_now(&town, environment, STR("a")) == members_now(&town, environment, STR("b")));
    town_stop(&town);
    CHECK_OK(town_start(&town));
    const struct cohort_members *members = members_now(&town, environment, STR("a"));
    CHECK(members == members_now(&town, environment, STR("b")));
    CHECK(members == members_now(&town, environment + 1, STR("a"))); /* read and decoded once */
    CHECK(has_member(&town, environment, STR("b"), STR("ann-499")));
    town_close(&town);
}

/* What a change costs where only its texts change: the members are neither made nor stored. */
TEST(a_new_name_leaves_the_members_alone)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct cohort_members *members = story_members("ann-", 10);
    CHECK_OK(story_put_cohort(&town, environment, STR("beta"), members));
    struct view *view = view_acquire(town.views);
    struct story_cohort put = {.cohort = *view_find(view, environment)->state.cohorts[0]};
    put.cohort.name = STR("Beta testers");
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("cohort.put"),
                            .environment = environment,
                            .edit = story_edit_cohort,
                            .input = &put};
    CHECK_OK(town_apply(&town, &change));
    CHECK(members_now(&town, environment, STR("beta")) == members);
    view_release(view);
    struct str story = story_now(&town, environment);
    CHECK(str_contains(story, STR("Beta testers")));
    town_stop(&town);
    cohort_members_release(members);
    CHECK_OK(town_start(&town));
    CHECK_STR(story_now(&town, environment), story);
    town_close(&town);
}

/* change.members is there for speed alone. */
TEST(members_nobody_announced_are_stored_all_the_same)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct cohort_members *members = story_members("ann-", 10);
    struct story_cohort put = {
        .cohort = {.id = STR("beta"), .group_type = STR("org"), .members = members}};
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("cohort.put"),
                            .environment = environment,
                            .edit = story_edit_cohort,
                            .input = &put};
    CHECK_OK(town_apply(&town, &change));
    cohort_members_release(members);
    struct str story = story_now(&town, environment);
    town_stop(&town);
    CHECK_OK(town_start(&town));
    CHECK_STR(story_now(&town, environment), story);
    CHECK(has_member(&town, environment, STR("beta"), STR("ann-9")));
    town_close(&town);
}

TEST(a_cohort_put_as_it_was_makes_no_revision)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct cohort_members *members = story_members("ann-", 10);
    CHECK_OK(story_put_cohort(&town, environment, STR("beta"), members));
    CHECK_OK(story_put_cohort(&town, environment, STR("beta"), members)); /* in the same moment */
    cohort_members_release(members);
    struct store *reader = NULL;
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_open(&reader, scratch_path(&town.scratch), STORE_READER));
    CHECK_OK(store_load_history(reader, &town.arena, environment, REVISION_COHORT, STR("beta"),
                                &rows, &count));
    CHECK_INT(count, 1);
    store_close(reader);
    town_close(&town);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static struct fault put_text(struct town *town, uint64_t environment, struct cohort cohort)
{
    struct story_cohort put = {.cohort = cohort};
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("cohort.put"),
                            .environment = environment,
                            .edit = story_edit_cohort,
                            .input = &put};
    return town_apply(town, &change);
}

TEST(a_cohort_with_bad_texts_is_refused_and_nothing_changes)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct cohort_members *members = story_members("ann-", 1);
    char long_text[TEXT_BYTES_MAX + 1];
    memset(long_text, 'x', sizeof(long_text));
    const struct cohort good = {.id = STR("a"), .group_type = STR("User"), .members = members};
    struct cohort cohort = good;
    cohort.id = STR("");
    CHECK_FAULT(put_text(&town, environment, cohort), FAULT_INVALID);
    cohort.id = STR("-a");
    CHECK_FAULT(put_text(&town, environment, cohort), FAULT_INVALID);
    cohort.id = (struct str){long_text, COHORT_ID_BYTES_MAX + 1};
    struct fault fault = put_text(&town, environment, cohort);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.where, STR("id"));
    cohort.id.size--;
    CHECK_OK(put_text(&town, environment, cohort));
    cohort = good;
    cohort.group_type = (struct str){0};
    fault = put_text(&town, environment, cohort);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.where, STR("groupType"));
    cohort = good;
    cohort.name = (struct str){long_text, sizeof(long_text)};
    fault = put_text(&town, environment, cohort);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.where, STR("name"));
    cohort = good;
    cohort.description = STR("\xff");
    CHECK_FAULT(put_text(&town, environment, cohort), FAULT_INVALID);
    CHECK_INT(town_version(&town, environment), 1);
    cohort_members_release(members);
    town_close(&town);
}

TEST(cohorts_are_limited)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct cohort_members *members = story_members("ann-", 3);
    for (size_t i = 0; i < COHORTS_PER_ENVIRONMENT_MAX; i++) {
        struct str id = arena_format(&town.arena, "cohort-%zu", i);
        CHECK_OK(story_put_cohort(&town, environment, id, members));
    }
    CHECK_FAULT(story_put_cohort(&town, environment, STR("one-more"), members), FAULT_LIMIT);
    CHECK_OK(story_put_cohort(&town, environment, STR("cohort-0"), members));
    CHECK_OK(story_put_cohort(&town, environment + 1, STR("one-more"), members));
    CHECK_INT(town_version(&town, environment), COHORTS_PER_ENVIRONMENT_MAX + 1);
    cohort_members_release(members);
    town_close(&town);
}

static struct fault put_then_refuse(struct edit *edit, void *input)
{
    struct fault fault = edit_put_cohort(edit, input);
    if (failed(fault))
        return fault;
    CHECK(edit_find_cohort(edit, STR("beta")) != NULL);
    fault = edit_delete_cohort(edit, STR("beta"));
    CHECK(edit_find_cohort(edit, STR("beta")) == NULL);
    if (failed(fault))
        return fault;
    return fault_make(FAULT_CONFLICT, STR("test"), STR("after all, no"));
}

TEST(a_refused_edit_keeps_no_members)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct cohort_members *members = story_members("ann-", 3);
    struct cohort cohort = {.id = STR("beta"), .group_type = STR("User"), .members = members};
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("test"),
                            .environment = environment,
                            .edit = put_then_refuse,
                            .input = &cohort,
                            .members = members};
    CHECK_FAULT(town_apply(&town, &change), FAULT_CONFLICT);
    CHECK_INT(town_version(&town, environment), 0);
    cohort_members_release(members); /* the sanitizer would say if it was not the last */
    town_close(&town);
}

/* ---- without a store ------------------------------------------------------------------------ */

TEST(cohorts_are_served_from_the_snapshot_on_disk)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct cohort_members *members = story_members("ann-", 20000);
    CHECK_OK(story_put_cohort(&town, environment, STR("beta"), members));
    cohort_members_release(members);
    struct str story = story_now(&town, environment);
    town_stop(&town);
    town_lose_store(&town);
    CHECK_OK(town_start(&town));
    CHECK_FAULT(town.degraded, FAULT_UNAVAILABLE);
    CHECK_STR(story_now(&town, environment), story);
    CHECK(has_member(&town, environment, STR("beta"), STR("ann-19999")));
    CHECK_FAULT(story_delete_cohort(&town, environment, STR("beta")), FAULT_UNAVAILABLE);
    town_close(&town);
}

TESTS(a_cohort_is_visible_with_the_change_that_puts_it, cohorts_lie_in_the_order_of_their_ids,
      equal_members_are_held_once, a_new_name_leaves_the_members_alone,
      members_nobody_announced_are_stored_all_the_same, a_cohort_put_as_it_was_makes_no_revision,
      a_cohort_with_bad_texts_is_refused_and_nothing_changes, cohorts_are_limited,
      a_refused_edit_keeps_no_members, cohorts_are_served_from_the_snapshot_on_disk)
