/* SPDX-License-Identifier: Apache-2.0 */
/* Limits and edges of the text family: let through at the limit, refused one past it. */
#include "text_fixture.h"

static struct str *names_of(struct arena *arena, size_t count)
{
    struct str *names = ARENA_NEW_ARRAY(arena, struct str, count);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_format(arena, "n%zu", i);
    return names;
}

static struct str selector_of(struct arena *arena, size_t bytes)
{
    struct str text = fixture_repeat(arena, 'x', bytes);
    return arena_format(arena, "/%.*s", (int)bytes - 1, text.data);
}

static struct flag with_included(struct arena *arena, size_t count, size_t bytes)
{
    struct flag flag = text_fixture(arena);
    flag.variations[1].included = names_of(arena, count);
    flag.variations[1].included_count = count;
    if (bytes > 0)
        flag.variations[1].included[0] = fixture_repeat(arena, 'x', bytes);
    return flag;
}

TEST(a_variation_may_include_so_many)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct flag flag = with_included(&arena, INCLUSIONS_PER_VARIATION_MAX, CONTEXT_KEY_BYTES_MAX);
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag = with_included(&arena, INCLUSIONS_PER_VARIATION_MAX + 1, 0);
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.variations.teal.included"));
    flag = with_included(&arena, 1, CONTEXT_KEY_BYTES_MAX + 1);
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.variations.teal.included[0]"));
    arena_close(&arena);
}

static struct flag with_cohorts(struct arena *arena, size_t count, size_t bytes)
{
    struct flag flag = text_fixture(arena);
    flag.variations[1].cohorts = names_of(arena, count);
    flag.variations[1].cohort_count = count;
    flag.variations[1].cohorts[0] = fixture_repeat(arena, 'x', bytes);
    return flag;
}

TEST(a_variation_may_name_so_many_cohorts)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct flag flag = with_cohorts(&arena, COHORTS_PER_ENVIRONMENT_MAX, COHORT_ID_BYTES_MAX);
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag = with_cohorts(&arena, COHORTS_PER_ENVIRONMENT_MAX + 1, 1);
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.variations.teal.cohorts"));
    flag = with_cohorts(&arena, 1, COHORT_ID_BYTES_MAX + 1);
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.variations.teal.cohorts[0]"));
    arena_close(&arena);
}

TEST(a_selector_may_be_so_long)
{
    struct arena arena;
    arena_open(&arena, 65536);
    for (size_t excess = 0; excess < 2; excess++) {
        enum fault_kind kind = excess == 0 ? FAULT_NONE : FAULT_LIMIT;
        struct str selector = selector_of(&arena, SELECTOR_BYTES_MAX + excess);
        struct flag flag = text_fixture(&arena);
        flag.bucket_by = selector;
        check_both_doors(&arena, &flag, kind, STR("$.bucketBy"));
        flag = text_fixture(&arena);
        flag.fallthrough.bucket.bucket_by = selector;
        check_both_doors(&arena, &flag, kind, STR("$.fallthrough.bucket.bucketBy"));
        flag = text_fixture(&arena);
        flag.rules[0].when.children[0].attribute = selector;
        check_both_doors(&arena, &flag, kind, STR("$.rules[0].when.expressions[0].attribute"));
    }
    arena_close(&arena);
}

static struct flag with_values(struct arena *arena, size_t count)
{
    struct flag flag = text_fixture(arena);
    struct json *values = ARENA_NEW_ARRAY(arena, struct json, count);
    for (size_t i = 0; i < count; i++)
        values[i] = json_make_string(STR("v"));
    flag.rules[0].when.children[0].value =
        (struct json){.type = JSON_ARRAY, .count = (uint32_t)count, .elements = values};
    return flag;
}

TEST(a_condition_may_have_so_many_values)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct flag flag = with_values(&arena, VALUES_PER_CLAUSE_MAX);
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag = with_values(&arena, VALUES_PER_CLAUSE_MAX + 1);
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.rules[0].when.expressions[0].value"));
    arena_close(&arena);
}

static struct flag with_slices(struct arena *arena, size_t count)
{
    struct flag flag = text_fixture(arena);
    flag.fallthrough.bucket.slices = ARENA_NEW_ARRAY(arena, struct slice, count);
    flag.fallthrough.bucket.slice_count = count;
    for (size_t i = 0; i < count && i < SLICE_PERCENT_MAX; i++)
        flag.fallthrough.bucket.slices[i].percent = 1;
    return flag;
}

TEST(a_bucket_may_have_so_many_slices_and_so_much_weight)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct flag flag = with_slices(&arena, SLICES_PER_BUCKET_MAX);
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag = with_slices(&arena, SLICES_PER_BUCKET_MAX + 1);
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.fallthrough.bucket.slices"));

    flag = text_fixture(&arena); /* at the limit as it is */
    flag.fallthrough.bucket.slices[0].allocations[2].weight = BUCKET_WEIGHT_MAX + 1;
    check_both_doors(&arena, &flag, FAULT_LIMIT,
                     STR("$.fallthrough.bucket.slices[0].variations[2].weight"));
    arena_close(&arena);
}

static struct flag with_deployments(struct arena *arena, size_t count)
{
    struct flag flag = text_fixture(arena);
    flag.deployments = ARENA_NEW_ARRAY(arena, uint64_t, count);
    flag.deployment_count = count;
    for (size_t i = 0; i < count; i++)
        flag.deployments[i] = i + 1;
    return flag;
}

TEST(a_flag_may_be_on_so_many_deployments)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct flag flag = with_deployments(&arena, DEPLOYMENTS_PER_FLAG_MAX);
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag = with_deployments(&arena, DEPLOYMENTS_PER_FLAG_MAX + 1);
    check_both_doors(&arena, &flag, FAULT_LIMIT, STR("$.deployments"));
    arena_close(&arena);
}

/* A group as groups are: variations by name, one bucket over them, no rules. */
static struct flag group_of(struct arena *arena, enum flag_kind kind, const char *const *ids,
                            size_t count)
{
    struct flag flag = text_fixture(arena);
    flag.kind = kind;
    flag.experiment = (struct experiment){0};
    flag.rule_count = flag.prerequisite_count = 0;
    flag.variations = ARENA_NEW_ARRAY(arena, struct variation, count);
    flag.variation_count = count;
    for (size_t i = 0; i < count; i++)
        flag.variations[i] =
            (struct variation){.id = str_of(ids[i]), .value = json_make_string(str_of(ids[i]))};
    flag.fallthrough = (struct serve){.kind = SERVE_BUCKET, .bucket = {.otherwise = STR("off")}};
    return flag;
}

static struct flag mutex_of(struct arena *arena, size_t slots)
{
    const char **ids = ARENA_NEW_ARRAY(arena, const char *, slots + 2);
    for (size_t i = 0; i < slots; i++)
        ids[i] = arena_format(arena, "slot-%zu", i + 1).data;
    ids[slots] = "unallocated";
    ids[slots + 1] = "off";
    return group_of(arena, FLAG_KIND_MUTEX, ids, slots + 2);
}

/* One variation of a group has another name than all groups give it. */
static void check_renamed(struct arena *arena, struct flag *group, size_t index)
{
    struct variation *variation = &group->variations[index];
    if (str_equal(variation->id, STR("off")))
        group->off_variation = group->fallthrough.bucket.otherwise = STR("other");
    *variation = (struct variation){.id = STR("other"), .value = json_make_string(STR("other"))};
    check_both_doors(arena, group, FAULT_INVALID, STR("$.variations"));
}

TEST(groups_have_the_variations_their_members_lean_on)
{
    static const char *const holdout[] = {"holdout", "on", "off"};
    static const char *const shuffled[] = {"on", "holdout", "off"};
    struct arena arena;
    arena_open(&arena, 65536);
    struct flag flag = mutex_of(&arena, 1);
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag = mutex_of(&arena, SLOTS_PER_MUTEX_MAX);
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag = mutex_of(&arena, SLOTS_PER_MUTEX_MAX + 1);
    check_both_doors(&arena, &flag, FAULT_INVALID, STR("$.variations"));
    flag = mutex_of(&arena, 0);
    check_both_doors(&arena, &flag, FAULT_INVALID, STR("$.variations"));
    for (size_t i = 0; i < 5; i++) {
        flag = mutex_of(&arena, 3);
        check_renamed(&arena, &flag, i);
    }

    flag = group_of(&arena, FLAG_KIND_HOLDOUT, holdout, COUNT_OF(holdout));
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    flag.off_variation = STR("on");
    check_both_doors(&arena, &flag, FAULT_INVALID, STR("$.offVariation"));
    for (size_t i = 0; i < COUNT_OF(holdout); i++) {
        flag = group_of(&arena, FLAG_KIND_HOLDOUT, holdout, COUNT_OF(holdout));
        check_renamed(&arena, &flag, i);
    }
    flag = group_of(&arena, FLAG_KIND_HOLDOUT, shuffled, COUNT_OF(shuffled));
    check_both_doors(&arena, &flag, FAULT_INVALID, STR("$.variations"));
    flag = group_of(&arena, FLAG_KIND_HOLDOUT, holdout, COUNT_OF(holdout));
    flag.fallthrough = (struct serve){.kind = SERVE_VARIATION, .variation = STR("on")};
    check_both_doors(&arena, &flag, FAULT_INVALID, STR("$.fallthrough"));
    arena_close(&arena);
}

static struct fault check_value(struct arena *arena, enum operator operator, const char * value)
{
    struct flag flag = text_fixture(arena);
    struct expression *match = &flag.rules[0].when.children[0];
    struct json *values = ARENA_NEW_ARRAY(arena, struct json, 1);
    values[0] = json_make_string(str_of(value));
    match->operator= operator;
    match->value = (struct json){.type = JSON_ARRAY, .count = 1, .elements = values};
    return flag_check(arena, &flag);
}

/* wire reference, section 12: other engines take each of the latter for something else. */
TEST(numbers_are_what_every_engine_takes_for_one)
{
    const char *good[] = {"0",         "-1",  "+1",     "1.5",
                          "5.",        ".5",  "1e3",    "1E-3",
                          "-Infinity", "007", "(none)", "123456789012345678901234567890"};
    const char *bad[] = {"",  " ",  " 5",  "5 ",  "0x10", "0b1",  "1_000",    "1,5",   "e3",
                         ".", "1e", "1e+", "--1", "NaN",  "true", "infinity", "1.2.3", "\xd9\xa3"};
    struct arena arena;
    arena_open(&arena, 65536);
    for (size_t i = 0; i < COUNT_OF(good); i++)
        CHECK_OK(check_value(&arena, OPERATOR_TEXT_GREATER_OR_EQUAL, good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CHECK_FAULT(check_value(&arena, OPERATOR_TEXT_LESS, bad[i]), FAULT_INVALID);
        CHECK_OK(check_value(&arena, OPERATOR_TEXT_IS, bad[i]));
    }
    arena_close(&arena);
}

TEST(versions_are_what_every_engine_takes_for_one)
{
    const char *good[] = {
        "1.2",          "1.2.3",  "01.002.3", "1.2.3-rc.1",        "1.2.3-a-b_c.d",
        "1.2.3-alpha.", "1.2.3-", "(none)",   "999999999999999.0", "1.2.3-azAZ09"};
    const char *bad[] = {"",
                         "1",
                         "v1.2",
                         "1.2.3+build",
                         "1.2.3.4",
                         "1.2-rc",
                         "1.2.3-a..b",
                         "1.2.3-.a",
                         "1.2.3 ",
                         "1.2.3\n",
                         "1..2",
                         ".1.2",
                         "1.2.",
                         "1.x",
                         "9999999999999999.0",
                         "1.2.3-a b",
                         "1.2.3-a+b",
                         "1.2.3-a/b",
                         "1.2.3-:",
                         "1.2.3-@",
                         "1.2.3-[",
                         "1.2.3-`",
                         "1.2.3-{",
                         "1.2.3-,",
                         "1.2.3-^",
                         "1.2.3-\xc3\xa9"};
    struct arena arena;
    arena_open(&arena, 65536);
    for (size_t i = 0; i < COUNT_OF(good); i++)
        CHECK_OK(check_value(&arena, OPERATOR_TEXT_VERSION_LESS, good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        CHECK_FAULT(check_value(&arena, OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL, bad[i]),
                    FAULT_INVALID);
    arena_close(&arena);
}

TEST(texts_of_a_text_flag_may_be_so_long)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct flag flag = text_fixture(&arena);
    struct {
        struct str *field;
        size_t bytes_max;
        const char *where;
    } rows[] = {
        {&flag.name, TEXT_BYTES_MAX, "$.name"},
        {&flag.salt, TEXT_BYTES_MAX, "$.salt"},
        {&flag.bucketing_unit, ATTRIBUTE_NAME_BYTES_MAX, "$.bucketingUnit"},
        {&flag.fallthrough.bucket.salt, TEXT_BYTES_MAX, "$.fallthrough.bucket.salt"},
        {&flag.experiment.decision_reason, TEXT_BYTES_MAX, "$.experiment.decisionReason"},
        {&flag.experiment.rolled_out_variation, TEXT_BYTES_MAX, "$.experiment.rolledOutVariation"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str before = *rows[i].field;
        *rows[i].field = fixture_repeat(&arena, 'x', rows[i].bytes_max);
        check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
        *rows[i].field = fixture_repeat(&arena, 'x', rows[i].bytes_max + 1);
        check_both_doors(&arena, &flag, FAULT_LIMIT, str_of(rows[i].where));
        *rows[i].field = before;
    }
    arena_close(&arena);
}

TEST(whatever_only_experiments_have_is_refused_of_a_flag)
{
    struct arena arena;
    arena_open(&arena, 65536);
    const struct experiment each[] = {
        {.type = STR("a-b-test")},           {.is_sticky = true},
        {.start = STR("2026-01-01")},        {.end = STR("2026-01-01")},
        {.decision = STR("rollout")},        {.decision_reason = STR("it won")},
        {.rolled_out_variation = STR("on")}, {.exposure_event = {.type = JSON_OBJECT}},
    };
    struct flag flag = text_fixture(&arena);
    flag.kind = FLAG_KIND_FLAG;
    flag.experiment = (struct experiment){0};
    check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
    for (size_t i = 0; i < COUNT_OF(each); i++) {
        flag.kind = FLAG_KIND_EXPERIMENT;
        flag.experiment = each[i];
        check_both_doors(&arena, &flag, FAULT_NONE, STR(""));
        flag.kind = FLAG_KIND_FLAG;
        check_both_doors(&arena, &flag, FAULT_INVALID, STR("$.experiment"));
    }
    arena_close(&arena);
}

TESTS(a_variation_may_include_so_many, a_variation_may_name_so_many_cohorts,
      a_selector_may_be_so_long, a_condition_may_have_so_many_values,
      a_bucket_may_have_so_many_slices_and_so_much_weight, a_flag_may_be_on_so_many_deployments,
      groups_have_the_variations_their_members_lean_on, numbers_are_what_every_engine_takes_for_one,
      versions_are_what_every_engine_takes_for_one, texts_of_a_text_flag_may_be_so_long,
      whatever_only_experiments_have_is_refused_of_a_flag)
