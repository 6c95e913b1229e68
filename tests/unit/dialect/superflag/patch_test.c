/* SPDX-License-Identifier: Apache-2.0 */
/* Patching flags through the management API. */
#include "fixture.h"

static struct flag *patched(struct arena *arena, const struct flag *flag, const char *edits)
{
    struct flag *result = ARENA_NEW(arena, struct flag);
    CHECK_OK(superflag_patch_legacy_flag(arena, flag, tree(arena, edits), result));
    CHECK_OK(flag_check(arena, result));
    return result;
}

static void check_refused(struct arena *arena, const struct flag *flag, const char *edits,
                          const char *why)
{
    struct flag result;
    struct fault fault = superflag_patch_legacy_flag(arena, flag, tree(arena, edits), &result);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.why, str_of(why));
}

TEST(a_patch_changes_what_it_names_and_nothing_else)
{
    static const struct {
        const char *before, *edits, *after;
    } cases[] = {
        {"{\"type\":\"bool\",\"value\":true}", "{\"value\":false}",
         "{\"type\":\"bool\",\"value\":false}"},
        {"{\"type\":\"bool\",\"value\":true,\"clientEnabled\":true}", "{\"value\":false}",
         "{\"type\":\"bool\",\"value\":false,\"clientEnabled\":true}"},
        {"{\"type\":\"bool\",\"value\":true,\"clientEnabled\":true}", "{\"clientEnabled\":null}",
         "{\"type\":\"bool\",\"value\":true}"},
        {"{\"type\":\"bool\",\"value\":true}", "{\"clientEnabled\":false}",
         "{\"type\":\"bool\",\"value\":true,\"clientEnabled\":false}"},
        {"{\"type\":\"string\",\"value\":\"x\",\"rollout\":{\"percentage\":12.345}}",
         "{\"value\":\"y\"}",
         "{\"type\":\"string\",\"value\":\"y\",\"rollout\":{\"percentage\":12.345}}"},
        {"{\"type\":\"string\",\"value\":\"x\"}", "{\"rollout\":{\"percentage\":5}}",
         "{\"type\":\"string\",\"value\":\"x\",\"rollout\":{\"percentage\":5}}"},
        {"{\"type\":\"string\",\"value\":\"x\",\"rollout\":{\"percentage\":5}}",
         "{\"rollout\":{\"percentage\":6.5}}",
         "{\"type\":\"string\",\"value\":\"x\",\"rollout\":{\"percentage\":6.5}}"},
        {"{\"type\":\"string\",\"value\":\"x\",\"rollout\":{\"percentage\":5}}",
         "{\"rollout\":null}", "{\"type\":\"string\",\"value\":\"x\"}"},
        {"{\"type\":\"string\",\"value\":\"x\",\"rollout\":{\"percentage\":5}}",
         "{\"rollout\":null,\"variants\":[{\"value\":\"a\",\"weight\":100}]}",
         "{\"type\":\"string\",\"value\":\"x\",\"variants\":[{\"value\":\"a\",\"weight\":100}]}"},
        {"{\"type\":\"string\",\"value\":\"x\",\"variants\":[{\"value\":\"a\",\"weight\":33.3},"
         "{\"value\":\"b\",\"weight\":66.7,\"name\":\"B\"}]}",
         "{\"value\":\"b\"}",
         "{\"type\":\"string\",\"value\":\"b\",\"variants\":[{\"value\":\"a\",\"weight\":33.3},"
         "{\"value\":\"b\",\"weight\":66.7,\"name\":\"B\"}]}"},
        {"{\"type\":\"string\",\"value\":\"x\",\"variants\":[{\"value\":\"a\",\"weight\":100}]}",
         "{\"variants\":null}", "{\"type\":\"string\",\"value\":\"x\"}"},
        {"{\"type\":\"string\",\"value\":\"x\",\"variants\":[{\"value\":\"a\",\"weight\":100}]}",
         "{\"variants\":null,\"rollout\":{\"percentage\":1}}",
         "{\"type\":\"string\",\"value\":\"x\",\"rollout\":{\"percentage\":1}}"},
        {"{\"type\":\"json\",\"value\":{}}",
         "{\"appId\":\"app_1\",\"env\":\"production\",\"key\":\"f\",\"value\":[1]}",
         "{\"type\":\"json\",\"value\":[1]}"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena;
        arena_open(&arena, 4096);
        struct flag *before = posted(&arena, "f", cases[i].before);
        before->id = STR("flag_1");
        before->description = STR("Kept");
        const struct flag *after = patched(&arena, before, cases[i].edits);
        CHECK_STR(shown(&arena, after), str_of(cases[i].after));
        CHECK_STR(after->id, STR("flag_1"));
        CHECK_STR(after->description, STR("Kept"));
        CHECK_STR(shown(&arena, before), str_of(cases[i].before));
        arena_close(&arena);
    }
}

TEST(a_patch_keeps_the_type_and_the_rules_of_a_post)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag *flag = posted(&arena, "f", "{\"type\":\"bool\",\"value\":true}");
    check_refused(&arena, flag, "{\"value\":\"true\"}", "value must be a boolean");
    check_refused(&arena, flag, "{\"value\":null}", "value must be a boolean");
    check_refused(&arena, flag, "{}", "value, clientEnabled, rollout or variants is required");
    check_refused(&arena, flag, "{\"type\":\"string\"}",
                  "value, clientEnabled, rollout or variants is required");
    check_refused(&arena, flag, "{\"clientEnabled\":1}", "clientEnabled must be a boolean");
    check_refused(&arena, flag, "{\"rollout\":{\"percentage\":-1}}",
                  "rollout.percentage must be a number between 0 and 100");
    check_refused(&arena, flag,
                  "{\"rollout\":{\"percentage\":1},\"variants\":[{\"value\":true,"
                  "\"weight\":100}]}",
                  "rollout and variants cannot be combined");

    flag = posted(&arena, "f", "{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percentage\":1}}");
    check_refused(&arena, flag, "{\"variants\":[{\"value\":true,\"weight\":100}]}",
                  "rollout and variants cannot be combined");
    arena_close(&arena);
}

TEST(a_flag_of_another_shape_takes_a_value_where_it_serves_one)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag =
        posted(&arena, "f", "{\"type\":\"string\",\"value\":\"x\",\"rollout\":{\"percentage\":9}}");
    struct rule rule = rule_for_all(STR("r"), STR("off"));
    flag->rules = &rule;
    flag->rule_count = 1;
    check_refused(&arena, flag, "{\"value\":\"y\"}",
                  "the flag serves more than one value; change its document instead");
    check_refused(&arena, flag, "{\"rollout\":null}",
                  "the flag has rules of its own; change its document instead");

    flag->fallthrough = (struct serve){.kind = SERVE_VARIATION, .variation = STR("on")};
    const struct flag *after = patched(&arena, flag, "{\"value\":\"y\",\"clientEnabled\":true}");
    CHECK_STR(shown(&arena, after),
              STR("{\"type\":\"string\",\"value\":\"y\",\"clientEnabled\":true}"));
    CHECK_STR(flag->variations[0].value.string, STR("x"));
    CHECK_INT(after->rule_count, 1);
    check_refused(&arena, flag, "{\"value\":7}", "value must be a string");
    arena_close(&arena);
}

TEST(a_bulk_value_is_a_patch_of_the_value_alone)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag *flag =
        posted(&arena, "f", "{\"type\":\"number\",\"value\":1,\"rollout\":{\"percentage\":9}}");
    struct flag after;
    CHECK_OK(superflag_patch_legacy_value(&arena, flag, tree(&arena, "2.5"), &after));
    CHECK_STR(shown(&arena, &after),
              STR("{\"type\":\"number\",\"value\":2.5,\"rollout\":{\"percentage\":9}}"));
    CHECK_FAULT(superflag_patch_legacy_value(&arena, flag, tree(&arena, "\"2\""), &after),
                FAULT_INVALID);
    arena_close(&arena);
}

TESTS(a_patch_changes_what_it_names_and_nothing_else,
      a_patch_keeps_the_type_and_the_rules_of_a_post,
      a_flag_of_another_shape_takes_a_value_where_it_serves_one,
      a_bulk_value_is_a_patch_of_the_value_alone)
