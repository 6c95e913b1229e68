/* SPDX-License-Identifier: Apache-2.0 */
/* Whose decisions a change may change: those, and no others. */
#include "model/affected.h"

#include "environment_fixture.h"
#include "text_fixture.h"

static const struct flag_row flag_rows[] = {
    {"alone", {NULL}, {NULL}},
    {"base", {NULL}, {NULL}},
    {"leans", {"base", NULL}, {NULL}},
    {"leans-deep", {"leans", NULL}, {NULL}},
    {"in-inner", {NULL}, {"inner", NULL}},
    {"in-outer", {NULL}, {"outer", NULL}},
    {"on-in-outer", {"in-outer", NULL}, {NULL}},
};
static const struct segment_row segment_rows[] = {
    {"inner", {NULL}},
    {"outer", {"inner", NULL}},
    {"unused", {NULL}},
};

struct pair {
    struct arena arena;
    struct environment_state before, after;
};

static void pair_open(struct pair *pair)
{
    arena_open(&pair->arena, 4096);
    pair->before = fixture_tables(&pair->arena, flag_rows, COUNT_OF(flag_rows), segment_rows,
                                  COUNT_OF(segment_rows));
    pair->after = fixture_tables(&pair->arena, flag_rows, COUNT_OF(flag_rows), segment_rows,
                                 COUNT_OF(segment_rows));
}

/* "base leans" */
static struct str affected(struct pair *pair)
{
    const struct str *keys = NULL;
    size_t count = environment_affected(&pair->arena, &pair->before, &pair->after, &keys);
    struct str text = STR("");
    for (size_t i = 0; i < count; i++) {
        text = arena_format(&pair->arena, "%.*s%s%.*s", STR_ARG(text), i == 0 ? "" : " ",
                            STR_ARG(keys[i]));
        CHECK(i == 0 || str_compare(keys[i - 1], keys[i]) < 0);
    }
    return text;
}

static void check_affected(struct pair *pair, const char *expected)
{
    CHECK_STR(affected(pair), str_of(expected));
    arena_close(&pair->arena);
}

TEST(equal_states_affect_nobody)
{
    struct pair pair;
    pair_open(&pair);
    check_affected(&pair, "");
    pair_open(&pair);
    pair.after = pair.before;
    check_affected(&pair, "");
}

TEST(what_only_people_read_affects_nobody)
{
    struct pair pair;
    pair_open(&pair);
    struct flag *flag = fixture_flag_in(&pair.after, "in-inner");
    struct str tag = STR("new");
    flag->id = STR("flag_2");
    flag->name = STR("A name");
    flag->description = STR("another text");
    flag->owner = STR("somebody else");
    flag->tags = &tag;
    flag->tag_count = 1;
    flag->lifecycle = LIFECYCLE_DEPRECATED;
    flag->evaluation_mode = EVALUATION_LOCAL;
    flag->variations[0].name = STR("Off");
    flag->variations[0].description = STR("nothing to see");
    flag->rules[0].description = STR("those inside");
    flag->metadata = (struct json){.type = JSON_OBJECT};
    struct segment *segment = fixture_segment_in(&pair.after, "inner");
    segment->description = STR("another text");
    segment->id = STR("segment_2");
    segment->has_included = true; /* an empty list is none */
    check_affected(&pair, "");
}

/* Each makes a change that matters of the flag "base"; two others lean on it. */
static void change_base(struct pair *pair, size_t which)
{
    struct flag *flag = fixture_flag_in(&pair->after, "base");
    switch (which) {
    case 0:
        flag->is_enabled = false;
        break;
    case 1:
        flag->is_archived = true;
        break;
    case 2:
        flag->fallthrough.variation = STR("off");
        break;
    case 3:
        flag->salt = STR("other");
        break;
    case 4:
        flag->variations[1].value = json_make_boolean(false);
        break;
    case 5:
        flag->variations[1].has_payload = true;
        break;
    case 6:
        flag->visibility = VISIBILITY_CLIENT;
        break;
    case 7:
        flag->schedule = (struct schedule){.start = STR("2031-01-01T00:00:00Z"), .start_ms = 1};
        break;
    case 8:
        flag->is_on_all_deployments = false;
        break;
    case 9:
        fixture_rule(&pair->arena, flag, fixture_match(STR("a"), json_make_boolean(true)));
        break;
    case 10:
        fixture_require(&pair->arena, flag, STR("alone"));
        break;
    default:
        flag->off_variation = STR("on");
        break;
    }
}

TEST(what_evaluation_reads_affects_the_flag_and_who_leans_on_it)
{
    for (size_t i = 0; i < 12; i++) {
        struct pair pair;
        pair_open(&pair);
        change_base(&pair, i);
        check_affected(&pair, "base leans leans-deep");
    }
}

TEST(a_segment_affects_all_that_use_it_at_any_depth)
{
    static struct str someone[] = {STR("ann")};
    struct pair pair;
    pair_open(&pair);
    struct segment *inner = fixture_segment_in(&pair.after, "inner");
    inner->included = someone;
    inner->included_count = 1;
    check_affected(&pair, "in-inner in-outer on-in-outer");
    pair_open(&pair);
    struct segment *outer = fixture_segment_in(&pair.after, "outer");
    outer->excluded = someone;
    outer->excluded_count = 1;
    check_affected(&pair, "in-outer on-in-outer");
    pair_open(&pair);
    struct segment *unused = fixture_segment_in(&pair.after, "unused");
    unused->included = someone;
    unused->included_count = 1;
    check_affected(&pair, "");
}

TEST(flags_that_come_and_go_are_affected)
{
    struct pair pair;
    pair_open(&pair);
    pair.after.flags++; /* the first in key order: "alone" */
    pair.after.flag_count--;
    check_affected(&pair, "alone");
    pair_open(&pair);
    pair.before.flag_count--; /* the last: "on-in-outer" */
    check_affected(&pair, "on-in-outer");
    pair_open(&pair);
    pair.before.flag_count = 0;
    check_affected(&pair, "alone base in-inner in-outer leans leans-deep on-in-outer");
    pair_open(&pair);
    pair.after.flag_count = 0;
    check_affected(&pair, "alone base in-inner in-outer leans leans-deep on-in-outer");
}

TEST(a_default_of_visibility_affects_those_who_follow_it)
{
    struct pair pair;
    pair_open(&pair);
    for (size_t i = 0; i < pair.before.flag_count; i++) {
        struct flag *flag = (struct flag *)(uintptr_t)pair.before.flags[i];
        bool is_free = str_equal(flag->key, STR("alone"));
        flag->visibility = is_free ? VISIBILITY_UNSET : VISIBILITY_SERVER;
    }
    pair.after = pair.before;
    pair.after.settings.hides_flags_by_default = !pair.before.settings.hides_flags_by_default;
    check_affected(&pair, "alone");
}

/* ---- the text family ------------------------------------------------------------------------- */

struct text_pair {
    struct arena arena;
    struct flag before_flag, after_flag;
    const struct flag *before_list[1], *after_list[1];
    struct environment_state before, after;
};

static void text_pair_open(struct text_pair *pair)
{
    arena_open(&pair->arena, 4096);
    pair->before_flag = text_fixture(&pair->arena);
    pair->after_flag = text_fixture(&pair->arena);
    pair->before_list[0] = &pair->before_flag;
    pair->after_list[0] = &pair->after_flag;
    pair->before = (struct environment_state){.flags = pair->before_list, .flag_count = 1};
    pair->after = (struct environment_state){.flags = pair->after_list, .flag_count = 1};
}

static void check_text_affected(struct text_pair *pair, size_t expected)
{
    const struct str *keys = NULL;
    CHECK_INT(environment_affected(&pair->arena, &pair->before, &pair->after, &keys), expected);
    if (expected == 1)
        CHECK_STR(keys[0], STR("button-colour"));
    arena_close(&pair->arena);
}

TEST(a_rule_of_the_text_family_is_told_by_its_description)
{
    struct text_pair pair;
    text_pair_open(&pair);
    check_text_affected(&pair, 0);
    text_pair_open(&pair);
    pair.after_flag.rules[0].description = STR("Scandinavia");
    check_text_affected(&pair, 1);
    text_pair_open(&pair);
    pair.after_flag.experiment.decision_reason = STR("it lost");
    pair.after_flag.experiment.start = STR("2024-01-01");
    check_text_affected(&pair, 0);
    text_pair_open(&pair);
    pair.after_flag.experiment.is_sticky = false;
    check_text_affected(&pair, 1);
    text_pair_open(&pair);
    pair.after_flag.id = STR("flag_8"); /* what sticks, sticks to the id */
    check_text_affected(&pair, 1);
}

static struct cohort_members *members_of(const char *const *ids, size_t count)
{
    struct cohort_members *members = NULL;
    struct cohort_builder *builder = cohort_builder_open();
    for (size_t i = 0; i < count; i++)
        CHECK_OK(cohort_builder_add(builder, str_of(ids[i])));
    CHECK_OK(cohort_builder_finish(builder, &members));
    return members;
}

/* The variation "teal" includes the cohort "kx82mf0a". */
static void check_cohorts(const struct cohort *before, const struct cohort *after, size_t expected)
{
    struct text_pair pair;
    text_pair_open(&pair);
    pair.after.flags = pair.before.flags;
    pair.before.cohorts = &before;
    pair.before.cohort_count = before == NULL ? 0 : 1;
    pair.after.cohorts = &after;
    pair.after.cohort_count = after == NULL ? 0 : 1;
    check_text_affected(&pair, expected);
}

TEST(a_cohort_affects_who_asks_for_it_by_its_members)
{
    static const char *const ids[] = {"ann", "bob", "cid"};
    struct cohort_members *two = members_of(ids, 2);
    struct cohort_members *same = members_of(ids, 2);
    struct cohort_members *others = members_of(ids + 1, 2);
    struct cohort_members *three = members_of(ids, 3);
    const struct cohort before = {
        .id = STR("kx82mf0a"), .group_type = STR("User"), .size = 2, .members = two};
    struct cohort after = before;
    after.name = STR("VIPs");
    after.modified_ms = 99;
    check_cohorts(&before, &after, 0);
    after.members = same;
    check_cohorts(&before, &after, 0);
    after.members = others;
    check_cohorts(&before, &after, 1);
    after.members = three;
    check_cohorts(&before, &after, 1);
    after = before;
    after.group_type = STR("org");
    check_cohorts(&before, &after, 1);
    check_cohorts(NULL, &before, 1);
    check_cohorts(&before, NULL, 1);
    after = before;
    after.id = STR("other");
    check_cohorts(NULL, &after, 0);
    cohort_members_release(two);
    cohort_members_release(same);
    cohort_members_release(others);
    cohort_members_release(three);
}

TEST(a_cohort_affects_who_compares_with_it)
{
    static const char *const ids[] = {"ann"};
    struct cohort_members *members = members_of(ids, 1);
    const struct cohort cohort = {
        .id = STR("vip"), .group_type = STR("User"), .size = 1, .members = members};
    const struct cohort *list = &cohort;
    struct json id = json_make_string(STR("vip"));
    for (int round = 0; round < 2; round++) {
        struct text_pair pair;
        text_pair_open(&pair);
        struct flag *flag = &pair.before_flag;
        flag->variations[1].cohort_count = 0;
        flag->rules[1].when = (struct expression){
            .kind = EXPRESSION_MATCH,
            .attribute = round == 0 ? STR("/context/user/cohort_ids") : STR("/context/user/ids"),
            .operator= OPERATOR_TEXT_SET_CONTAINS_ANY,
            .value = {.type = JSON_ARRAY, .elements = &id, .count = 1},
            .has_value = true,
        };
        pair.after.flags = pair.before.flags;
        pair.after.cohorts = &list;
        pair.after.cohort_count = 1;
        check_text_affected(&pair, round == 0 ? 1 : 0);
    }
    cohort_members_release(members);
}

TESTS(equal_states_affect_nobody, what_only_people_read_affects_nobody,
      what_evaluation_reads_affects_the_flag_and_who_leans_on_it,
      a_segment_affects_all_that_use_it_at_any_depth, flags_that_come_and_go_are_affected,
      a_default_of_visibility_affects_those_who_follow_it,
      a_rule_of_the_text_family_is_told_by_its_description,
      a_cohort_affects_who_asks_for_it_by_its_members, a_cohort_affects_who_compares_with_it)
