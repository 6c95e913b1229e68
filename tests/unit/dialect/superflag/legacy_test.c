/* SPDX-License-Identifier: Apache-2.0 */
/* Flags as the management API speaks of them: what is posted comes back. */
#include "fixture.h"

TEST(what_is_posted_comes_back_as_it_was)
{
    static const char *const bodies[] = {
        "{\"type\":\"bool\",\"value\":true}",
        "{\"type\":\"bool\",\"value\":false,\"clientEnabled\":true}",
        "{\"type\":\"string\",\"value\":\"\",\"clientEnabled\":false}",
        "{\"type\":\"string\",\"value\":\"h\xc3\xa9llo \xf0\x9f\x9a\x80\"}",
        "{\"type\":\"number\",\"value\":0}",
        "{\"type\":\"number\",\"value\":-12.5}",
        "{\"type\":\"json\",\"value\":{\"b\":[1,null,{\"z\":true}],\"a\":\"x\"}}",
        "{\"type\":\"json\",\"value\":[]}",
        "{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percentage\":0}}",
        "{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percentage\":12.345}}",
        "{\"type\":\"bool\",\"value\":false,\"rollout\":{\"percentage\":100}}",
        "{\"type\":\"json\",\"value\":[1],\"rollout\":{\"percentage\":0.001}}",
        "{\"type\":\"string\",\"value\":\"a\",\"variants\":[{\"value\":\"a\",\"weight\":100}]}",
        "{\"type\":\"string\",\"value\":\"a\",\"variants\":[{\"value\":\"a\",\"weight\":33.333,"
        "\"name\":\"Control\"},{\"value\":\"b\",\"weight\":66.667}]}",
        "{\"type\":\"string\",\"value\":\"standing\",\"variants\":[{\"value\":\"a\",\"weight\":50},"
        "{\"value\":\"b\",\"weight\":30},{\"value\":\"c\",\"weight\":20}],\"clientEnabled\":true}",
        "{\"type\":\"number\",\"value\":2,\"variants\":[{\"value\":1,\"weight\":0},"
        "{\"value\":2,\"weight\":100}]}",
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct arena arena;
        arena_open(&arena, 4096);
        const struct flag *flag = posted(&arena, "checkout", bodies[i]);
        CHECK(superflag_is_legacy(flag));
        CHECK_OK(flag_check(&arena, flag));
        CHECK_STR(shown(&arena, flag), str_of(bodies[i]));
        arena_close(&arena);
    }
}

static double shown_percentage(struct arena *arena, double percentage)
{
    struct json number = json_make_number(percentage);
    struct json_member member = {STR("percentage"), number};
    const struct json rollout = {.type = JSON_OBJECT, .count = 1, .members = &member};
    const struct json value = json_make_boolean(true);
    struct flag flag;
    CHECK_OK(superflag_decode_legacy_flag(arena, STR("f"), STR("bool"), &value, &rollout, NULL,
                                          NULL, &flag));
    struct json back;
    CHECK_OK(json_parse(arena, shown(arena, &flag), &json_budget_default, &back));
    return json_find(json_find(&back, STR("rollout")), STR("percentage"))->number;
}

TEST(every_percentage_of_three_decimals_survives)
{
    struct arena arena;
    arena_open(&arena, 4096);
    for (int i = 0; i <= 100000; i += 7) {
        double percentage = i / 1000.0;
        CHECK(shown_percentage(&arena, percentage) == percentage);
        arena_reset(&arena);
    }
    CHECK(shown_percentage(&arena, 99.999) == 99.999);
    arena_close(&arena);
}

TEST(finer_percentages_are_rounded_half_up_as_the_sdk_does)
{
    struct arena arena;
    arena_open(&arena, 4096);
    CHECK(shown_percentage(&arena, 33.3333) == 33.333);
    CHECK(shown_percentage(&arena, 66.6667) == 66.667);
    CHECK(shown_percentage(&arena, 0.0005) == 0.001);
    CHECK(shown_percentage(&arena, 0.00049) == 0);
    CHECK(shown_percentage(&arena, 99.9999) == 100);
    arena_close(&arena);
}

TEST(the_last_variant_takes_what_rounding_leaves)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag *flag =
        posted(&arena, "f",
               "{\"type\":\"number\",\"value\":1,\"variants\":[{\"value\":1,\"weight\":33.3333},"
               "{\"value\":2,\"weight\":33.3333},{\"value\":3,\"weight\":33.3333}]}");
    CHECK_STR(shown(&arena, flag),
              STR("{\"type\":\"number\",\"value\":1,\"variants\":[{\"value\":1,\"weight\":33.333},"
                  "{\"value\":2,\"weight\":33.333},{\"value\":3,\"weight\":33.334}]}"));
    arena_close(&arena);
}

TEST(a_standing_value_is_an_extra_variation_no_ticket_leads_to)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag *flag =
        posted(&arena, "f",
               "{\"type\":\"string\",\"value\":\"b\",\"variants\":[{\"value\":\"a\",\"weight\":40},"
               "{\"value\":\"b\",\"weight\":60}]}");
    CHECK_INT(flag->variation_count, 3);
    CHECK_STR(flag->variations[2].id, STR("default"));
    CHECK_STR(flag->off_variation, STR("variant-0"));
    CHECK_INT(flag->fallthrough.split.allocation_count, 2);
    arena_close(&arena);
}

TEST(visibility_is_what_client_enabled_said_or_unset)
{
    struct arena arena;
    arena_open(&arena, 4096);
    CHECK(posted(&arena, "f", "{\"type\":\"bool\",\"value\":true}")->visibility ==
          VISIBILITY_UNSET);
    CHECK(posted(&arena, "f", "{\"type\":\"bool\",\"value\":true,\"clientEnabled\":true}")
              ->visibility == VISIBILITY_CLIENT);
    CHECK(posted(&arena, "f", "{\"type\":\"bool\",\"value\":true,\"clientEnabled\":false}")
              ->visibility == VISIBILITY_SERVER);
    arena_close(&arena);
}

TEST(refusals_say_what_is_wrong_and_where)
{
    static const struct {
        const char *body, *where, *why;
    } cases[] = {
        {"{\"type\":\"boolean\",\"value\":true}", "type", "Invalid flag type"},
        {"{\"value\":true}", "type", "Invalid flag type"},
        {"{\"type\":\"bool\"}", "value", "value must be a boolean"},
        {"{\"type\":\"bool\",\"value\":\"true\"}", "value", "value must be a boolean"},
        {"{\"type\":\"string\",\"value\":1}", "value", "value must be a string"},
        {"{\"type\":\"number\",\"value\":null}", "value", "value must be a number"},
        {"{\"type\":\"json\",\"value\":null}", "value", "value must be an object or an array"},
        {"{\"type\":\"json\",\"value\":3}", "value", "value must be an object or an array"},
        {"{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percentage\":100.5}}",
         "rollout.percentage", "rollout.percentage must be a number between 0 and 100"},
        {"{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percent\":5}}", "rollout.percentage",
         "rollout.percentage must be a number between 0 and 100"},
        {"{\"type\":\"bool\",\"value\":true,\"rollout\":5}", "rollout.percentage",
         "rollout.percentage must be a number between 0 and 100"},
        {"{\"type\":\"bool\",\"value\":true,\"variants\":[]}", "variants",
         "variants must be an array with at least one variant"},
        {"{\"type\":\"bool\",\"value\":true,\"variants\":{}}", "variants",
         "variants must be an array with at least one variant"},
        {"{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percentage\":5},"
         "\"variants\":[{\"value\":true,\"weight\":100}]}",
         "variants", "rollout and variants cannot be combined"},
        {"{\"type\":\"bool\",\"value\":true,\"variants\":[{\"value\":true,\"weight\":99}]}",
         "variants", "variant weights must total 100"},
        {"{\"type\":\"bool\",\"value\":true,\"variants\":[{\"value\":true,\"weight\":150},"
         "{\"value\":false,\"weight\":-50}]}",
         "variants[1].weight", "variants[1].weight must be a number between 0 and 100"},
        {"{\"type\":\"bool\",\"value\":true,\"variants\":[{\"value\":true,\"weight\":-50},"
         "{\"value\":false,\"weight\":150}]}",
         "variants[0].weight", "variants[0].weight must be a number between 0 and 100"},
        {"{\"type\":\"bool\",\"value\":true,\"variants\":[{\"value\":true}]}", "variants[0].weight",
         "variants[0].weight must be a number between 0 and 100"},
        {"{\"type\":\"bool\",\"value\":true,\"variants\":[7]}", "variants[0].weight",
         "variants[0].weight must be a number between 0 and 100"},
        {"{\"type\":\"bool\",\"value\":true,\"variants\":[{\"value\":true,\"weight\":1e300},"
         "{\"value\":true,\"weight\":-1e300}]}",
         "variants[0].weight", "variants[0].weight must be a number between 0 and 100"},
        {"{\"type\":\"bool\",\"value\":true,\"variants\":[{\"value\":true,\"weight\":100,"
         "\"name\":5}]}",
         "variants[0].name", "variants[0].name must be a string"},
        {"{\"type\":\"number\",\"value\":1,\"variants\":[{\"value\":1,\"weight\":50},"
         "{\"value\":\"2\",\"weight\":50}]}",
         "variants[1].value", "variants[1].value must be a number"},
        {"{\"type\":\"bool\",\"value\":true,\"clientEnabled\":\"yes\"}", "clientEnabled",
         "clientEnabled must be a boolean"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena;
        arena_open(&arena, 4096);
        struct flag flag;
        struct fault fault = post_flag(&arena, "f", cases[i].body, &flag);
        CHECK_FAULT(fault, FAULT_INVALID);
        CHECK_STR(fault.why, str_of(cases[i].why));
        CHECK_STR(fault.where, str_of(cases[i].where));
        arena_close(&arena);
    }
}

TEST(keys_that_javascript_objects_have_already_are_refused)
{
    static const char *const refused[] = {"",           "-a",       ".a",        "_a",
                                          "a b",        "a/b",      "__proto__", "constructor",
                                          "prototype",  "toString", "valueOf",   "hasOwnProperty",
                                          "caf\xc3\xa9"};
    char long_key[97];
    memset(long_key, 'k', sizeof(long_key));
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        CHECK_FAULT(superflag_check_flag_key(str_of(refused[i])), FAULT_INVALID);
    CHECK_FAULT(superflag_check_flag_key((struct str){long_key, 97}), FAULT_INVALID);
    CHECK_OK(superflag_check_flag_key((struct str){long_key, 96}));
    CHECK_OK(superflag_check_flag_key(STR("Dark-mode_2.x")));
    CHECK_OK(superflag_check_flag_key(STR("7")));
}

/* What the store keeps of a posted flag is what an SDK makes of the flag we serve. */
TEST(the_core_form_is_what_the_sdk_itself_would_make)
{
    static const char *const bodies[] = {
        "{\"type\":\"bool\",\"value\":true,\"clientEnabled\":true}",
        "{\"type\":\"string\",\"value\":\"x\",\"rollout\":{\"percentage\":12.5},"
        "\"clientEnabled\":true}",
        "{\"type\":\"json\",\"value\":[1],\"variants\":[{\"value\":[1],\"weight\":25,"
        "\"name\":\"n\"},{\"value\":{},\"weight\":75}],\"clientEnabled\":true}",
    };
    const struct superflag_migration migration = {.app = STR("app_t"),
                                                  .environment = STR("production"),
                                                  .config_version = 42,
                                                  .lifecycle = LIFECYCLE_ACTIVE};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct arena arena;
        arena_open(&arena, 4096);
        const struct flag *flag = posted(&arena, "f", bodies[i]);
        struct environment_state ours = state_of(&arena, &flag, 1);

        struct json_member member = {STR("f"), *tree(&arena, bodies[i])};
        const struct json flags = {.type = JSON_OBJECT, .count = 1, .members = &member};
        struct superflag_document document;
        CHECK_OK(superflag_migrate_legacy_document(&arena, &flags, &migration, &document));
        struct environment_state theirs = superflag_document_state(&arena, &document);
        CHECK_STR(core_text(&arena, &ours, SUPERFLAG_SERVER, false),
                  core_text(&arena, &theirs, SUPERFLAG_SERVER, false));
        arena_close(&arena);
    }
}

/* ---- what is not legacy ----------------------------------------------------------------- */

static void check_not_legacy(struct arena *arena, struct flag flag)
{
    (void)arena;
    CHECK(!superflag_is_legacy(&flag));
}

TEST(anything_the_legacy_form_cannot_say_is_not_legacy)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct flag *rollout =
        posted(&arena, "f", "{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percentage\":25}}");
    CHECK(superflag_is_legacy(rollout));
    struct rule rule = rule_for_all(STR("r"), STR("on"));
    struct prerequisite prerequisite = {.flag = STR("g")};
    struct flag flag;

    flag = *rollout, flag.is_enabled = false;
    check_not_legacy(&arena, flag);
    flag = *rollout, flag.rules = &rule, flag.rule_count = 1;
    check_not_legacy(&arena, flag);
    flag = *rollout, flag.prerequisites = &prerequisite, flag.prerequisite_count = 1;
    check_not_legacy(&arena, flag);
    flag = *rollout, flag.schedule.end = STR("2031-01-01T00:00:00Z");
    check_not_legacy(&arena, flag);
    flag = *rollout, flag.metadata = (struct json){.type = JSON_OBJECT};
    check_not_legacy(&arena, flag);
    flag = *rollout, flag.fallthrough.split.salt = STR("2031");
    check_not_legacy(&arena, flag);
    flag = *rollout, flag.fallthrough.split.salt = (struct str){0};
    check_not_legacy(&arena, flag);
    flag = *rollout, flag.fallthrough.split.bucket_by = STR("account");
    check_not_legacy(&arena, flag);
    flag = *rollout, flag.off_variation = STR("on");
    check_not_legacy(&arena, flag);
    flag = *rollout, flag.fallthrough.kind = SERVE_PROGRESSIVE;
    check_not_legacy(&arena, flag);
    arena_close(&arena);
}

TEST(a_split_that_leaves_tickets_or_renames_variations_is_not_legacy)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag =
        posted(&arena, "f", "{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percentage\":25}}");
    flag->fallthrough.split.allocations[1].weight--;
    check_not_legacy(&arena, *flag);
    flag->fallthrough.split.allocations[1].weight++;
    CHECK(superflag_is_legacy(flag));
    flag->variations[1].value = json_make_boolean(true);
    check_not_legacy(&arena, *flag);
    flag->variations[1].value = json_make_boolean(false);
    flag->variations[0].name = STR("On");
    check_not_legacy(&arena, *flag);

    flag = posted(&arena, "f",
                  "{\"type\":\"bool\",\"value\":true,\"variants\":[{\"value\":true,\"weight\":1},"
                  "{\"value\":false,\"weight\":99}]}");
    CHECK(superflag_is_legacy(flag));
    flag->variations[1].description = STR("the others");
    check_not_legacy(&arena, *flag);
    flag->variations[1].description = (struct str){0};
    flag->variations[1].id = STR("variant-01");
    flag->fallthrough.split.allocations[1].variation = STR("variant-01");
    check_not_legacy(&arena, *flag);
    arena_close(&arena);
}

TEST(a_flag_of_another_shape_shows_the_value_it_serves_by_default)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag =
        posted(&arena, "f", "{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percentage\":25}}");
    struct rule rule = rule_for_all(STR("r"), STR("on"));
    flag->rules = &rule;
    flag->rule_count = 1;
    CHECK_STR(shown(&arena, flag), STR("{\"type\":\"bool\",\"value\":false}"));
    flag->fallthrough = (struct serve){.kind = SERVE_VARIATION, .variation = STR("on")};
    CHECK_STR(shown(&arena, flag), STR("{\"type\":\"bool\",\"value\":true}"));
    arena_close(&arena);
}

TESTS(what_is_posted_comes_back_as_it_was, every_percentage_of_three_decimals_survives,
      finer_percentages_are_rounded_half_up_as_the_sdk_does,
      the_last_variant_takes_what_rounding_leaves,
      a_standing_value_is_an_extra_variation_no_ticket_leads_to,
      visibility_is_what_client_enabled_said_or_unset, refusals_say_what_is_wrong_and_where,
      keys_that_javascript_objects_have_already_are_refused,
      the_core_form_is_what_the_sdk_itself_would_make,
      anything_the_legacy_form_cannot_say_is_not_legacy,
      a_split_that_leaves_tickets_or_renames_variations_is_not_legacy,
      a_flag_of_another_shape_shows_the_value_it_serves_by_default)
