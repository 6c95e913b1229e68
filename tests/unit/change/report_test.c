/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: what a change touched, as it was and as it is, and who decides differently for it. */
#include "story.h"

/* ---- reports --------------------------------------------------------------------------------- */

static struct fault put_many(struct edit *edit, void *input)
{
    struct arena *arena = edit_arena(edit);
    const struct cohort_members *members = input;
    struct str someone = STR("ann");
    const struct cohort vip = {.id = STR("vip"), .group_type = STR("User"), .members = members};
    struct segment beta = {.key = STR("beta"), .included = &someone, .included_count = 1};
    struct flag base = town_flag(arena, STR("base"), true);
    struct flag leans = town_flag(arena, STR("leans"), true);
    struct str wanted = STR("default");
    struct prerequisite prerequisite = {
        .flag = STR("base"), .variations = &wanted, .variation_count = 1};
    leans.prerequisites = &prerequisite;
    leans.prerequisite_count = 1;
    struct rule rule = {.id = STR("r"),
                        .when = {.kind = EXPRESSION_SEGMENT, .segment = STR("beta")},
                        .serve = {.kind = SERVE_VARIATION, .variation = STR("default")}};
    struct flag gated = town_flag(arena, STR("gated"), true);
    gated.visibility = VISIBILITY_SERVER;
    gated.rules = &rule;
    gated.rule_count = 1;
    struct environment_settings settings = edit_state(edit)->settings;
    settings.document_form = DOCUMENT_FORM_CORE;
    edit_put_settings(edit, &settings);
    struct fault fault = edit_put_cohort(edit, &vip);
    if (!failed(fault))
        fault = edit_put_segment(edit, &beta);
    if (!failed(fault))
        fault = edit_put_flag(edit, &leans);
    if (!failed(fault))
        fault = edit_put_flag(edit, &gated);
    return failed(fault) ? fault : edit_put_flag(edit, &base);
}

static struct str affected_of(struct town *town, const struct change *change)
{
    struct str text = STR("");
    for (size_t i = 0; i < change->report.affected_count; i++)
        text = arena_format(&town->arena, "%.*s %.*s", STR_ARG(text),
                            STR_ARG(change->report.affected[i]));
    return text;
}

static struct change reported(uint64_t environment, struct fault (*edit)(struct edit *, void *),
                              void *input)
{
    return (struct change){.kind = CHANGE_ENVIRONMENT,
                           .action = STR("test"),
                           .environment = environment,
                           .edit = edit,
                           .input = input,
                           .wants_report = true};
}

static bool has(struct str text, const char *part)
{
    struct str wanted = str_of(part);
    for (size_t i = 0; i + wanted.size <= text.size; i++) {
        if (str_equal(str_slice(text, i, i + wanted.size), wanted))
            return true;
    }
    return false;
}

TEST(a_report_lists_what_was_touched_by_kind_and_key)
{
    static const struct {
        enum revision_kind kind;
        enum change_operation operation;
        const char *key, *in_after;
    } expected[] = {
        {REVISION_FLAG, CHANGED_CREATE, "base", "\"key\":\"base\""},
        {REVISION_FLAG, CHANGED_CREATE, "gated", "\"beta\""},
        {REVISION_FLAG, CHANGED_CREATE, "leans", "\"prerequisites\""},
        {REVISION_SEGMENT, CHANGED_CREATE, "beta", "\"included\":[\"ann\"]"},
        {REVISION_SETTINGS, CHANGED_UPDATE, "", "\"form\":\"core\""},
        {REVISION_COHORT, CHANGED_CREATE, "vip", "\"id\":\"vip\""},
    };
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct cohort_members *members = story_members("person", 3);
    struct change change = reported(environment, put_many, members);
    change.members = members;
    CHECK_OK(town_apply(&town, &change));
    CHECK_INT(change.report.item_count, COUNT_OF(expected));
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        const struct change_item *item = &change.report.items[i];
        CHECK_INT(item->kind, expected[i].kind);
        CHECK_INT(item->operation, expected[i].operation);
        CHECK_STR(item->key, str_of(expected[i].key));
        CHECK(str_is_absent(item->before) == (item->operation == CHANGED_CREATE));
        CHECK(has(item->after, expected[i].in_after));
        CHECK(!has(item->after, "person")); /* of a cohort its description, not its members */
    }
    CHECK(has(change.report.items[4].before, "\"form\":\"auto\""));
    CHECK_STR(affected_of(&town, &change), STR(" base gated leans"));
    cohort_members_release(members);
    town_close(&town);
}

static struct fault describe_base(struct edit *edit, void *input)
{
    struct flag flag = *edit_find_flag(edit, STR("base"));
    flag.description = *(const struct str *)input;
    return edit_put_flag(edit, &flag);
}

static struct fault switch_base_off(struct edit *edit, void *input)
{
    (void)input;
    struct flag flag = *edit_find_flag(edit, STR("base"));
    flag.is_enabled = false;
    return edit_put_flag(edit, &flag);
}

static struct fault widen_beta(struct edit *edit, void *input)
{
    struct segment segment = *edit_find_segment(edit, STR("beta"));
    segment.excluded = input;
    segment.excluded_count = 1;
    return edit_put_segment(edit, &segment);
}

static struct fault put_and_take_back(struct edit *edit, void *input)
{
    (void)input;
    struct flag flag = town_flag(edit_arena(edit), STR("short-lived"), true);
    struct fault fault = edit_put_flag(edit, &flag);
    if (!failed(fault))
        fault = edit_delete_flag(edit, STR("short-lived"));
    return failed(fault) ? fault : edit_delete_flag(edit, STR("leans"));
}

TEST(a_report_tells_who_decides_differently)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    struct cohort_members *members = story_members("person", 3);
    struct change all = reported(environment, put_many, members);
    all.members = members;
    CHECK_OK(town_apply(&town, &all));

    struct str text = STR("new words");
    struct change words = reported(environment, describe_base, &text);
    CHECK_OK(town_apply(&town, &words));
    CHECK_INT(words.report.item_count, 1);
    CHECK(has(words.report.items[0].before, "a flag"));
    CHECK(has(words.report.items[0].after, "new words"));
    CHECK_STR(affected_of(&town, &words), STR(""));

    struct change off = reported(environment, switch_base_off, NULL);
    off.is_dry_run = true;
    CHECK_OK(town_apply(&town, &off));
    CHECK_STR(affected_of(&town, &off), STR(" base leans"));

    struct str somebody = STR("bob");
    struct change widen = reported(environment, widen_beta, &somebody);
    CHECK_OK(town_apply(&town, &widen));
    CHECK_STR(affected_of(&town, &widen), STR(" gated"));

    struct change drop = reported(environment, put_and_take_back, NULL);
    CHECK_OK(town_apply(&town, &drop));
    CHECK_INT(drop.report.item_count, 1); /* what never was is not told of */
    CHECK_INT(drop.report.items[0].operation, CHANGED_DELETE);
    CHECK_STR(drop.report.items[0].key, STR("leans"));
    CHECK(str_is_absent(drop.report.items[0].after));
    CHECK_STR(affected_of(&town, &drop), STR(" leans"));
    cohort_members_release(members);
    town_close(&town);
}

/* ---- provenance, seen from inside an edit ---------------------------------------------------- */

static struct fault check_provenance(struct edit *edit, void *input)
{
    const struct provenance *provenance = edit_flag_provenance(edit, STR("a"));
    assert_non_null(provenance);
    CHECK_INT(provenance->number, 1);
    CHECK_INT(provenance->sequence, *(const uint64_t *)input);
    struct flag flag = town_flag(edit_arena(edit), STR("b"), true);
    struct fault fault = edit_put_flag(edit, &flag);
    CHECK(edit_flag_provenance(edit, STR("b")) == NULL); /* it has none yet */
    return fault;
}

TEST(an_edit_sees_the_provenance_of_what_was_there)
{
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    CHECK_OK(town_put(&town, environment, STR("a"), false));
    uint64_t sequence = 2;
    struct change change = reported(environment, check_provenance, &sequence);
    CHECK_OK(town_apply(&town, &change));
    town_close(&town);
}

TESTS(a_report_lists_what_was_touched_by_kind_and_key, a_report_tells_who_decides_differently,
      an_edit_sees_the_provenance_of_what_was_there)
