/* SPDX-License-Identifier: Apache-2.0 */
/* condition - properties and operators mean what they mean to SDKs, and read back as written. */
#include "dialect/amplitude/condition.h"
#include "dialect/amplitude/property.h"
#include "manage_fixture.h"

static const struct expression *read_condition(struct arena *arena, const char *prop,
                                               const char *op, const char *values)
{
    struct wire wire = {.arena = arena};
    struct expression *match = ARENA_NEW(arena, struct expression);
    struct str text =
        arena_format(arena, "{\"type\":\"property\",\"prop\":\"%s\",\"op\":\"%s\",\"values\":%s}",
                     prop, op, values);
    condition_read(&wire, body_of(arena, text.data), STR("c"), true, match);
    CHECK_OK(wire.fault);
    return match;
}

static struct fault refusal(struct arena *arena, const char *text)
{
    struct wire wire = {.arena = arena};
    struct expression match;
    condition_read(&wire, body_of(arena, text), STR("c"), true, &match);
    return wire.fault;
}

static struct str written(struct arena *arena, const struct expression *match)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    CHECK(condition_put(&writer, arena, match));
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

TEST(every_managed_operator_reads_back_as_it_was_written)
{
    static const char *const operators[] = {"is",           "is not",
                                            "contains",     "does not contain",
                                            "less",         "less or equal",
                                            "greater",      "greater or equal",
                                            "set is",       "set is not",
                                            "set contains", "set does not contain",
                                            "glob match",   "glob does not match"};
    static const char *const props[] = {"country", "version",    "start_version",
                                        "gp:plan", "gp:a/b~c.d", "cohort_ids"};
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        for (size_t j = 0; j < COUNT_OF(props); j++) {
            struct arena *arena = fixture_arena();
            const struct expression *match =
                read_condition(arena, props[j], operators[i], "[\"1.2\"]");
            struct str expected = arena_format(
                arena, "{\"type\":\"property\",\"prop\":\"%s\",\"op\":\"%s\",\"values\":[\"1.2\"]}",
                props[j], operators[i]);
            CHECK_STR(written(arena, match), expected);
        }
    }
}

TEST(properties_select_where_sdks_keep_them)
{
    struct arena *arena = fixture_arena();
    CHECK_STR(property_selector(arena, STR("country")), STR("/context/user/country"));
    CHECK_STR(property_selector(arena, STR("amplitude_id")), STR("/context/user/amplitude_id"));
    CHECK_STR(property_selector(arena, STR("gp:plan")), STR("/context/user/user_properties/plan"));
    CHECK_STR(property_selector(arena, STR("plan")), STR("/context/user/user_properties/plan"));
    CHECK_STR(property_selector(arena, STR("gp:country")),
              STR("/context/user/user_properties/country"));
    CHECK_STR(property_selector(arena, STR("gp:a/b~c")),
              STR("/context/user/user_properties/a~1b~0c"));
    CHECK(str_is_absent(property_selector(arena, STR("gp:"))));
    CHECK(str_is_absent(property_selector(arena, STR(""))));
    CHECK_STR(property_name(arena, STR("/context/user/user_properties/a~1b~0c")), STR("gp:a/b~c"));
    CHECK(str_is_absent(property_name(arena, STR("/context/user/user_properties/a/b"))));
    CHECK(str_is_absent(property_name(arena, STR("/context/groups/org/group_name"))));
    CHECK(str_is_absent(property_name(arena, STR("/result/f/key"))));
}

TEST(versions_compare_as_versions)
{
    struct arena *arena = fixture_arena();
    CHECK_INT(read_condition(arena, "version", "less", "[\"1.2\"]")->operator,
              OPERATOR_TEXT_VERSION_LESS);
    CHECK_INT(read_condition(arena, "version", "is", "[\"1.2\"]")->operator, OPERATOR_TEXT_IS);
    CHECK_INT(read_condition(arena, "gp:version", "less", "[\"1.2\"]")->operator,
              OPERATOR_TEXT_LESS);
}

TEST(cohorts_are_asked_for_as_a_property)
{
    struct arena *arena = fixture_arena();
    const struct expression *in = read_condition(arena, "userdata_cohort", "is", "[\"kx82mf0a\"]");
    CHECK_STR(in->attribute, STR("/context/user/cohort_ids"));
    CHECK_INT(in->operator, OPERATOR_TEXT_SET_CONTAINS_ANY);
    CHECK_STR(written(arena, in), STR("{\"type\":\"property\",\"prop\":\"userdata_cohort\","
                                      "\"op\":\"is\",\"values\":[\"kx82mf0a\"]}"));
    const struct expression *out =
        read_condition(arena, "userdata_cohort", "is not", "[\"kx82mf0a\"]");
    CHECK_INT(out->operator, OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY);
    CHECK_STR(refusal(arena, "{\"type\":\"property\",\"prop\":\"userdata_cohort\","
                             "\"op\":\"less\",\"values\":[\"1\"]}")
                  .where,
              STR("c.op"));
}

TEST(what_cannot_be_said_is_refused_by_name)
{
    struct arena *arena = fixture_arena();
    static const char *const cases[][2] = {
        {"7", "c"},
        {"{\"prop\":\"a\",\"op\":\"is\",\"values\":[\"1\"]}", "c.type"},
        {"{\"type\":\"cohort\",\"prop\":\"a\",\"op\":\"is\",\"values\":[\"1\"]}", "c.type"},
        {"{\"type\":\"property\",\"op\":\"is\",\"values\":[\"1\"]}", "c.prop"},
        {"{\"type\":\"property\",\"prop\":\"\",\"op\":\"is\",\"values\":[\"1\"]}", "c.prop"},
        {"{\"type\":\"property\",\"prop\":\"a\",\"values\":[\"1\"]}", "c.op"},
        {"{\"type\":\"property\",\"prop\":\"a\",\"op\":\"IS\",\"values\":[\"1\"]}", "c.op"},
        {"{\"type\":\"property\",\"prop\":\"a\",\"op\":\"regex match\",\"values\":[\"1\"]}",
         "c.op"},
        {"{\"type\":\"property\",\"prop\":\"a\",\"op\":\"set contains any\",\"values\":[\"1\"]}",
         "c.op"},
        {"{\"type\":\"property\",\"prop\":\"a\",\"op\":\"is\"}", "c.values"},
        {"{\"type\":\"property\",\"prop\":\"a\",\"op\":\"is\",\"values\":\"1\"}", "c.values"},
        {"{\"type\":\"property\",\"prop\":\"a\",\"op\":\"is\",\"values\":[]}", "c.values"},
        {"{\"type\":\"property\",\"prop\":\"a\",\"op\":\"is\",\"values\":[\"1\",2]}",
         "c.values[1]"},
        {"{\"type\":\"property\",\"prop\":\"a\",\"op\":\"set is\",\"values\":[\"1\",\"1\"]}",
         "c.values[1]"},
        {"{\"type\":\"property\",\"prop\":\"a\",\"op\":\"set is\",\"values\":[\"\"]}",
         "c.values[0]"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fault fault = refusal(arena, cases[i][0]);
        CHECK_FAULT(fault, FAULT_INVALID);
        CHECK_STR(fault.where, str_of(cases[i][1]));
    }
}

TEST(a_glob_that_is_cut_short_is_refused)
{
    struct arena *arena = fixture_arena();
    static const char *const bad[] = {"a[b",  "[",      "[!",    "[]",     "[!]",
                                      "{a,b", "{a,{b}", "a\\\\", "[a\\\\]"};
    static const char *const good[] = {"",        "a*b?c**", "[a-z]", "[!a]", "[]a]",   "{a,b}",
                                       "{a,{b}}", "}",       "\\\\[", "a]b",  "[\\\\]]"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct str text = arena_format(arena,
                                       "{\"type\":\"property\",\"prop\":\"a\","
                                       "\"op\":\"glob match\",\"values\":[\"x\",\"%s\"]}",
                                       bad[i]);
        CHECK_STR(refusal(arena, text.data).where, STR("c.values[1]"));
    }
    for (size_t i = 0; i < COUNT_OF(good); i++)
        read_condition(arena, "a", "glob does not match",
                       arena_format(arena, "[\"%s\"]", good[i]).data);
}

TEST(the_old_api_has_no_sets)
{
    struct arena *arena = fixture_arena();
    struct wire wire = {.arena = arena};
    struct expression match;
    condition_read(&wire,
                   body_of(arena, "{\"type\":\"property\",\"prop\":\"a\",\"op\":\"set is\","
                                  "\"values\":[\"1\"]}"),
                   STR("c"), false, &match);
    CHECK_STR(wire.fault.where, STR("c.op"));
}

TESTS(every_managed_operator_reads_back_as_it_was_written, properties_select_where_sdks_keep_them,
      versions_compare_as_versions, cohorts_are_asked_for_as_a_property,
      what_cannot_be_said_is_refused_by_name, a_glob_that_is_cut_short_is_refused,
      the_old_api_has_no_sets)
