/* SPDX-License-Identifier: Apache-2.0 */
/* Names go both ways, schedules open and close on the millisecond, keys are what they should be. */
#include "model/names.h"

#include "fixture.h"

TEST(operators_are_spelled_as_documents_spell_them)
{
    const struct str names[] = {
        STR("eq"),
        STR("neq"),
        STR("in"),
        STR("notIn"),
        STR("contains"),
        STR("startsWith"),
        STR("endsWith"),
        STR("matches"),
        STR("exists"),
        STR("gt"),
        STR("gte"),
        STR("lt"),
        STR("lte"),
        STR("before"),
        STR("after"),
        STR("semverEq"),
        STR("semverGt"),
        STR("semverGte"),
        STR("semverLt"),
        STR("semverLte"),
        STR("text is"),
        STR("text is not"),
        STR("text contains"),
        STR("text does not contain"),
        STR("text less"),
        STR("text less or equal"),
        STR("text greater"),
        STR("text greater or equal"),
        STR("text version less"),
        STR("text version less or equal"),
        STR("text version greater"),
        STR("text version greater or equal"),
        STR("text set is"),
        STR("text set is not"),
        STR("text set contains"),
        STR("text set does not contain"),
        STR("text set contains any"),
        STR("text set does not contain any"),
        STR("text regex match"),
        STR("text regex does not match"),
        STR("text glob match"),
        STR("text glob does not match"),
    };
    CHECK_INT(COUNT_OF(names), OPERATOR_COUNT);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        enum operator operator= OPERATOR_EQ;
        CHECK(operator_parse(names[i], &operator));
        CHECK_INT(operator, i);
        CHECK_STR(operator_name((enum operator)i), names[i]);
        CHECK(operator_is_text((enum operator)i) == str_starts_with(names[i], STR("text ")));
    }
    enum operator operator= OPERATOR_LT;
    CHECK(!operator_parse(STR("EQ"), &operator));
    CHECK(!operator_parse(STR(""), &operator));
    CHECK(!operator_parse(STR("is"), &operator));
    CHECK_INT(operator, OPERATOR_LT);
}

TEST(types_are_named_after_what_they_hold)
{
    enum value_type type = VALUE_BOOLEAN;
    CHECK(value_type_parse(STR("object"), &type));
    CHECK_INT(type, VALUE_OBJECT);
    CHECK(!value_type_parse(STR("bool"), &type));
    CHECK_STR(value_type_name(VALUE_NUMBER), STR("number"));

    struct json array = {.type = JSON_ARRAY};
    struct json null = json_make_null();
    CHECK(value_type_of(&array, &type));
    CHECK_INT(type, VALUE_OBJECT);
    CHECK(!value_type_of(&null, &type));
}

TEST(a_schedule_includes_its_start_and_not_its_end)
{
    struct schedule schedule = {.start = STR("x"), .start_ms = 100, .end = STR("y"), .end_ms = 200};
    CHECK(!schedule_is_active(&schedule, 99));
    CHECK(schedule_is_active(&schedule, 100));
    CHECK(schedule_is_active(&schedule, 199));
    CHECK(!schedule_is_active(&schedule, 200));
}

TEST(an_open_side_never_closes)
{
    struct schedule always = {0};
    struct schedule until = {.end = STR("y"), .end_ms = -5};
    struct schedule from = {.start = STR("x"), .start_ms = 5};
    CHECK(schedule_is_active(&always, INT64_MIN));
    CHECK(schedule_is_active(&always, INT64_MAX));
    CHECK(schedule_is_active(&until, INT64_MIN));
    CHECK(!schedule_is_active(&until, 0));
    CHECK(schedule_is_active(&from, INT64_MAX));
}

TEST(keys_are_letters_digits_and_three_marks)
{
    const struct str good[] = {STR("a"), STR("9"), STR("A.b_c-d"), STR("constructor"), STR("a..b")};
    const struct str bad[] = {STR(""),    STR(".a"),  STR("_a"),          STR("-a"),
                              STR("a b"), STR("a/b"), STR("caf\xc3\xa9"), STR("__proto__")};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        CHECK(flag_key_is_valid(good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        CHECK(!flag_key_is_valid(bad[i]));
    char longest[FLAG_KEY_BYTES_MAX + 1];
    memset(longest, 'k', sizeof(longest));
    CHECK(flag_key_is_valid((struct str){longest, FLAG_KEY_BYTES_MAX}));
    CHECK(!flag_key_is_valid((struct str){longest, FLAG_KEY_BYTES_MAX + 1}));
}

TEST(variations_are_found_by_id)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct flag flag = fixture_flag(&arena, STR("k"));
    CHECK_INT(flag_find_variation(&flag, STR("off")), 0);
    CHECK_INT(flag_find_variation(&flag, STR("on")), 1);
    CHECK_INT(flag_find_variation(&flag, STR("o")), -1);
    CHECK_INT(flag_find_variation(&flag, (struct str){0}), -1);
    arena_close(&arena);
}

TESTS(operators_are_spelled_as_documents_spell_them, types_are_named_after_what_they_hold,
      a_schedule_includes_its_start_and_not_its_end, an_open_side_never_closes,
      keys_are_letters_digits_and_three_marks, variations_are_found_by_id)
