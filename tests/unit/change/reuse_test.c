/* SPDX-License-Identifier: Apache-2.0 */
/* A key that was another's is given to something new only when that is said, and is in the trail.
 */
#include "change/edit.h"

#include "story.h"

static struct audit_row last_audit(struct town *town)
{
    struct store *reader = NULL;
    struct audit_row *rows = NULL;
    size_t count = 0;
    const struct audit_query newest = {.limit = 1};
    CHECK_OK(store_open(&reader, scratch_path(&town->scratch), STORE_READER));
    CHECK_OK(store_query_audit(reader, &town->arena, &newest, &rows, &count));
    CHECK_OK(store_verify_audit(reader, &town->arena));
    store_close(reader);
    CHECK_INT(count, 1);
    return rows[0];
}

static struct str id_now(struct town *town, uint64_t environment, struct str key)
{
    struct view *view = view_acquire(town->views);
    const struct flag_revision *revision = snapshot_find_flag(view_find(view, environment), key);
    assert_non_null(revision);
    struct str id = arena_copy_str(&town->arena, revision->flag.id);
    view_release(view);
    return id;
}

static struct fault put(struct town *town, uint64_t environment, struct str key, enum reuse reuse,
                        struct change *change)
{
    struct town_put put = {.key = key, .value = true};
    *change = town_change(environment, &put);
    change->reuse = reuse;
    change->wants_report = true;
    return town_apply(town, change);
}

TEST(a_deleted_key_is_refused_until_it_is_meant_and_the_trail_has_whose_it_was)
{
    struct town town;
    struct change change;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(put(&town, environment, STR("a"), REUSE_REFUSED, &change));
    struct str first = id_now(&town, environment, STR("a"));
    CHECK_OK(put(&town, environment, STR("a"), REUSE_REFUSED, &change)); /* it is the flag's own */
    CHECK_OK(town_delete(&town, environment, STR("a")));
    uint64_t version = town_version(&town, environment);

    struct fault fault = put(&town, environment, STR("a"), REUSE_REFUSED, &change);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("reuse"));
    CHECK_STR(fault.why, STR("a was the key of a flag that version 3 deleted; say that it is meant "
                             "(acknowledge=reuse) if a new one is to have it"));
    CHECK_INT(town_version(&town, environment), version);
    CHECK_STR(last_audit(&town).detail,
              STR("{\"changes\":[{\"key\":\"a\",\"kind\":\"flag\",\"op\":\"delete\"}]}"));

    CHECK_OK(put(&town, environment, STR("a"), REUSE_ACKNOWLEDGED, &change));
    CHECK_STR(last_audit(&town).detail,
              arena_format(&town.arena,
                           "{\"changes\":[{\"key\":\"a\",\"kind\":\"flag\",\"op\":\"create\","
                           "\"reuses\":{\"deletedIn\":3,\"id\":\"%.*s\"}}],"
                           "\"acknowledged\":[\"reuse\"]}",
                           STR_ARG(first)));
    CHECK_INT(change.report.item_count, 1);
    CHECK_INT(change.report.items[0].reused.deleted_in, 3);
    CHECK_STR(change.report.items[0].reused.id, first);
    CHECK(!str_equal(id_now(&town, environment, STR("a")), first));
    town_close(&town);
}

TEST(who_has_no_word_for_it_is_let_through_and_the_trail_has_it_all_the_same)
{
    struct town town;
    struct change change;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(put(&town, environment, STR("a"), REUSE_UNASKED, &change));
    struct str first = id_now(&town, environment, STR("a"));
    CHECK_OK(town_delete(&town, environment, STR("a")));
    CHECK_OK(put(&town, environment, STR("a"), REUSE_UNASKED, &change));
    CHECK_STR(last_audit(&town).detail,
              arena_format(&town.arena,
                           "{\"changes\":[{\"key\":\"a\",\"kind\":\"flag\",\"op\":\"create\","
                           "\"reuses\":{\"deletedIn\":2,\"id\":\"%.*s\"}}]}",
                           STR_ARG(first)));
    town_close(&town);
}

TEST(each_deletion_asks_anew_and_a_restart_forgets_none)
{
    struct town town;
    struct change change;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(put(&town, environment, STR("a"), REUSE_REFUSED, &change));
    for (uint64_t round = 0; round < 5; round++) {
        struct str before = id_now(&town, environment, STR("a"));
        CHECK_OK(town_delete(&town, environment, STR("a")));
        town_stop(&town);
        CHECK_OK(town_start(&town));
        CHECK_FAULT(put(&town, environment, STR("a"), REUSE_REFUSED, &change), FAULT_LIMIT);
        CHECK_OK(put(&town, environment, STR("a"), REUSE_ACKNOWLEDGED, &change));
        CHECK_INT(change.report.items[0].reused.deleted_in, 2 + 2 * round);
        CHECK_STR(change.report.items[0].reused.id, before);
    }
    town_close(&town);
}

TEST(keys_are_one_environments_and_one_kinds)
{
    struct town town;
    struct change change;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(put(&town, environment, STR("a"), REUSE_REFUSED, &change));
    CHECK_OK(town_delete(&town, environment, STR("a")));
    CHECK_OK(put(&town, environment + 1, STR("a"), REUSE_REFUSED, &change));
    CHECK_OK(put(&town, environment, STR("b"), REUSE_REFUSED, &change));
    struct cohort_members *members = story_members("member-", 2);
    CHECK_OK(story_put_cohort(&town, environment, STR("a"), members));
    CHECK_STR(last_audit(&town).detail,
              STR("{\"changes\":[{\"key\":\"a\",\"kind\":\"cohort\",\"op\":\"create\"}]}"));
    cohort_members_release(members);
    town_close(&town);
}

TEST(a_dry_run_tells_and_is_not_refused)
{
    struct town town;
    struct town_put input = {.key = STR("a"), .value = true};
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    CHECK_OK(town_delete(&town, environment, STR("a")));
    struct change change = town_change(environment, &input);
    change.reuse = REUSE_REFUSED;
    change.is_dry_run = true;
    change.wants_report = true;
    CHECK_OK(town_apply(&town, &change));
    CHECK_INT(change.report.items[0].reused.deleted_in, 2);
    CHECK_INT(town_version(&town, environment), 2);
    town_close(&town);
}

/* ---- what comes back ------------------------------------------------------------------------- */

static struct fault put_under_its_id(struct edit *edit, void *input)
{
    struct flag flag = town_flag(edit_arena(edit), STR("a"), true);
    flag.id = *(const struct str *)input;
    return edit_put_flag(edit, &flag);
}

TEST(a_flag_that_comes_back_under_its_id_reuses_nothing_but_behind_another_it_does)
{
    struct town town;
    struct change change;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    struct str first = id_now(&town, environment, STR("a"));
    CHECK_OK(town_delete(&town, environment, STR("a")));
    change = (struct change){.kind = CHANGE_ENVIRONMENT,
                             .action = STR("flag.restore"),
                             .subject = STR("a"),
                             .environment = environment,
                             .edit = put_under_its_id,
                             .input = &first};
    CHECK_OK(town_apply(&town, &change));
    CHECK_STR(last_audit(&town).detail,
              STR("{\"changes\":[{\"key\":\"a\",\"kind\":\"flag\",\"op\":\"create\"}]}"));

    CHECK_OK(town_delete(&town, environment, STR("a")));
    struct change other;
    CHECK_OK(put(&town, environment, STR("a"), REUSE_ACKNOWLEDGED, &other));
    CHECK_OK(town_delete(&town, environment, STR("a")));
    CHECK_FAULT(town_apply(&town, &change), FAULT_LIMIT);
    town_close(&town);
}

static struct fault put_and_take_back(struct edit *edit, void *input)
{
    struct flag flag = town_flag(edit_arena(edit), STR("a"), true);
    struct fault fault = edit_put_flag(edit, &flag);
    (void)input;
    return failed(fault) ? fault : edit_delete_flag(edit, STR("a"));
}

TEST(what_never_was_there_reuses_nothing)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    CHECK_OK(town_delete(&town, environment, STR("a")));
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("test"),
                            .environment = environment,
                            .edit = put_and_take_back};
    CHECK_OK(town_apply(&town, &change));
    CHECK_STR(last_audit(&town).detail, STR("{\"changes\":[]}"));
    town_close(&town);
}

/* ---- others ---------------------------------------------------------------------------------- */

static struct fault put_segment(struct edit *edit, void *input)
{
    (void)input;
    struct str ann = STR("ann");
    const struct segment segment = {.key = STR("s"), .included = &ann, .included_count = 1};
    return edit_put_segment(edit, &segment);
}

static struct fault delete_segment(struct edit *edit, void *input)
{
    (void)input;
    return edit_delete_segment(edit, STR("s"));
}

TEST(segments_and_cohorts_are_asked_for_too)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct change making = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("segment.create"),
                            .subject = STR("s"),
                            .environment = environment,
                            .edit = put_segment};
    struct change going = making;
    going.action = STR("segment.delete");
    going.edit = delete_segment;
    CHECK_OK(town_apply(&town, &making));
    CHECK_OK(town_apply(&town, &going));
    struct fault fault = town_apply(&town, &making);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("reuse"));
    making.reuse = REUSE_ACKNOWLEDGED;
    CHECK_OK(town_apply(&town, &making));

    struct cohort_members *members = story_members("member-", 2);
    CHECK_OK(story_put_cohort(&town, environment, STR("vip"), members));
    CHECK_OK(story_delete_cohort(&town, environment, STR("vip")));
    CHECK_OK(story_put_cohort(&town, environment, STR("vip"), members));
    CHECK_STR(last_audit(&town).detail,
              STR("{\"changes\":[{\"key\":\"vip\",\"kind\":\"cohort\",\"op\":\"create\","
                  "\"reuses\":{\"deletedIn\":5,\"id\":\"vip\"}}]}"));
    cohort_members_release(members);
    town_close(&town);
}

static struct fault put_three(struct edit *edit, void *input)
{
    (void)input;
    static const struct str keys[] = {STR("a"), STR("b"), STR("c")};
    struct fault fault = fault_none();
    for (size_t i = 0; i < COUNT_OF(keys) && !failed(fault); i++) {
        struct flag flag = town_flag(edit_arena(edit), keys[i], true);
        fault = edit_put_flag(edit, &flag);
    }
    return fault;
}

TEST(of_many_the_first_is_named_and_the_others_are_counted)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("environment.import"),
                            .environment = environment,
                            .edit = put_three};
    CHECK_OK(town_apply(&town, &change));
    CHECK_OK(town_delete(&town, environment, STR("b")));
    CHECK_OK(town_delete(&town, environment, STR("c")));
    CHECK_STR(
        town_apply(&town, &change).why,
        STR("b was the key of a flag that version 2 deleted (and 1 more like it); say that it "
            "is meant (acknowledge=reuse) if a new one is to have it"));
    change.reuse = REUSE_ACKNOWLEDGED;
    CHECK_OK(town_apply(&town, &change));
    town_close(&town);
}

TESTS(a_deleted_key_is_refused_until_it_is_meant_and_the_trail_has_whose_it_was,
      who_has_no_word_for_it_is_let_through_and_the_trail_has_it_all_the_same,
      each_deletion_asks_anew_and_a_restart_forgets_none, keys_are_one_environments_and_one_kinds,
      a_dry_run_tells_and_is_not_refused,
      a_flag_that_comes_back_under_its_id_reuses_nothing_but_behind_another_it_does,
      what_never_was_there_reuses_nothing, segments_and_cohorts_are_asked_for_too,
      of_many_the_first_is_named_and_the_others_are_counted)
