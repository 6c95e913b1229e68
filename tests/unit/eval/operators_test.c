/* SPDX-License-Identifier: Apache-2.0 */
/* operators - what each typed comparison holds for, and what it does with everything else. */
#include "fixture.h"

static bool holds(const char *operator, const char * actual, const char *expected)
{
    char expression[512];
    char attributes[512];
    snprintf(expression, sizeof(expression),
             "{'op':'match','attribute':'x','operator':'%s','value':%s}", operator, expected);
    snprintf(attributes, sizeof(attributes), "{'x':%s}", actual);
    return fixture_holds(expression, attributes);
}

static bool holds_when_missing(const char *operator, const char * expected)
{
    char expression[512];
    snprintf(expression, sizeof(expression),
             "{'op':'match','attribute':'x','operator':'%s','value':%s}", operator, expected);
    bool without = fixture_holds(expression, NULL);
    CHECK_INT(fixture_holds(expression, "{}"), without);
    CHECK_INT(fixture_holds(expression, "{'y':1}"), without);
    return without;
}

TEST(a_missing_attribute_fails_every_operator)
{
    static const char *const operators[] = {"eq",       "neq",        "in",       "notIn",
                                            "contains", "startsWith", "endsWith", "exists"};
    for (size_t i = 0; i < COUNT_OF(operators); i++)
        CHECK(!holds_when_missing(operators[i], "''"));
    static const char *const numeric[] = {"gt", "gte", "lt", "lte"};
    for (size_t i = 0; i < COUNT_OF(numeric); i++)
        CHECK(!holds_when_missing(numeric[i], "0"));
    static const char *const dates[] = {"before", "after"};
    for (size_t i = 0; i < COUNT_OF(dates); i++)
        CHECK(!holds_when_missing(dates[i], "'2031-01-01'"));
    static const char *const versions[] = {"semverEq", "semverGt", "semverGte", "semverLt",
                                           "semverLte"};
    for (size_t i = 0; i < COUNT_OF(versions); i++)
        CHECK(!holds_when_missing(versions[i], "'1.0.0'"));
    CHECK(!holds_when_missing("matches", "'.*'"));
    CHECK(!holds_when_missing("eq", "null"));
}

TEST(exists_counts_null_and_ignores_its_value)
{
    CHECK(holds("exists", "null", "false"));
    CHECK(holds("exists", "''", "null"));
    CHECK(fixture_holds("{'op':'match','attribute':'x','operator':'exists'}", "{'x':[]}"));
}

TEST(equality_is_deep_and_typed)
{
    static const struct {
        const char *actual, *expected;
        bool is_equal;
    } cases[] = {
        {"'pro'", "'pro'", true},
        {"'pro'", "'Pro'", false},
        {"1", "1", true},
        {"1", "'1'", false},
        {"'1'", "1", false},
        {"true", "true", true},
        {"true", "1", false},
        {"null", "null", true},
        {"null", "''", false},
        {"-0", "0", true},
        {"1.0", "1", true},
        {"{'a':1,'b':[1,2]}", "{'b':[1,2],'a':1}", true},
        {"{'a':1}", "{'a':1,'b':2}", false},
        {"[1,2]", "[2,1]", false},
        {"['a']", "'a'", false},
        {"[]", "[]", true},
        {"{}", "{}", true},
        {"[]", "{}", false},
        {"''", "''", true},
        {"'ab'", "'abc'", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_INT(holds("eq", cases[i].actual, cases[i].expected), cases[i].is_equal);
        CHECK_INT(holds("neq", cases[i].actual, cases[i].expected), !cases[i].is_equal);
    }
}

TEST(in_asks_for_any_element_and_not_in_for_none)
{
    static const struct {
        const char *actual, *expected;
        bool is_in;
    } cases[] = {
        {"'b'", "['a','b']", true},
        {"'c'", "['a','b']", false},
        {"['c','b']", "['a','b']", true},
        {"'a'", "'a'", true},
        {"[]", "['a']", false},
        {"{'a':1}", "[{'a':1}]", true},
        {"1", "['1']", false},
        {"1", "['1',1]", true},
        {"'1'", "['1',1]", true},
        {"'x'", "[]", false},
        {"[[1]]", "[[1]]", true},
        {"[1]", "[[1]]", false},
        {"null", "[null]", true},
        {"null", "null", true},
        {"[2,'z']", "[1,2]", true},
        {"{'a':1}", "{'a':1}", true},
        {"'a9'", "['a1','a2','a3','a4','a5','a6','a7','a8','a9']", true},
        {"'a0'", "['a1','a2','a3','a4','a5','a6','a7','a8','a9']", false},
        {"9", "['a1','a2','a3','a4','a5','a6','a7','a8','a9',9]", true},
        {"['q','a5']", "['a1','a2','a3','a4','a5','a6','a7','a8','a9',9]", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_INT(holds("in", cases[i].actual, cases[i].expected), cases[i].is_in);
        CHECK_INT(holds("notIn", cases[i].actual, cases[i].expected), !cases[i].is_in);
    }
}

TEST(text_operators_want_texts)
{
    CHECK(holds("contains", "'hello world'", "'lo w'"));
    CHECK(!holds("contains", "'hello'", "'HELL'"));
    CHECK(!holds("contains", "['hello']", "'hello'"));
    CHECK(holds("contains", "'hello'", "''"));
    CHECK(holds("contains", "''", "''"));
    CHECK(!holds("contains", "123", "'2'"));
    CHECK(!holds("contains", "'123'", "2"));
    CHECK(holds("startsWith", "'prod-1'", "'prod'"));
    CHECK(!holds("startsWith", "'prod-1'", "'Prod'"));
    CHECK(!holds("startsWith", "'pro'", "'prod'"));
    CHECK(!holds("startsWith", "null", "''"));
    CHECK(holds("endsWith", "'a@b.co'", "'@b.co'"));
    CHECK(holds("endsWith", "'a@b.co'", "''"));
    CHECK(!holds("endsWith", "'co'", "'b.co'"));
    CHECK(!holds("endsWith", "7", "'7'"));
}

TEST(matches_is_an_unanchored_pattern)
{
    CHECK(holds("matches", "'user-42'", "'^user-\\\\d+$'"));
    CHECK(!holds("matches", "'xuser-42'", "'^user-\\\\d+$'"));
    CHECK(holds("matches", "'foobar'", "'o+b'"));
    CHECK(!holds("matches", "'abc'", "'B'"));
    CHECK(!holds("matches", "5", "'5'"));
    CHECK(!holds("matches", "'5'", "5"));
    CHECK(!holds("matches", "'abc'", "'['"));
}

TEST(numbers_compare_with_numbers_alone)
{
    static const struct {
        const char *actual, *expected;
        int order;
    } cases[] = {{"2", "1", 1},  {"1", "1", 0},      {"1", "2", -1},
                 {"-0", "0", 0}, {"0.1", "0.2", -1}, {"1e300", "1e299", 1}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_INT(holds("gt", cases[i].actual, cases[i].expected), cases[i].order > 0);
        CHECK_INT(holds("gte", cases[i].actual, cases[i].expected), cases[i].order >= 0);
        CHECK_INT(holds("lt", cases[i].actual, cases[i].expected), cases[i].order < 0);
        CHECK_INT(holds("lte", cases[i].actual, cases[i].expected), cases[i].order <= 0);
    }
    static const char *const operators[] = {"gt", "gte", "lt", "lte"};
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        CHECK(!holds(operators[i], "'2'", "2"));
        CHECK(!holds(operators[i], "2", "'2'"));
        CHECK(!holds(operators[i], "'b'", "'a'"));
        CHECK(!holds(operators[i], "[2]", "2"));
        CHECK(!holds(operators[i], "null", "0"));
        CHECK(!holds(operators[i], "true", "1"));
    }
}

TEST(dates_compare_as_moments)
{
    CHECK(holds("before", "'2031-01-01T00:00:00Z'", "'2031-01-02T00:00:00Z'"));
    CHECK(!holds("before", "'2031-01-02T00:00:00Z'", "'2031-01-02T00:00:00Z'"));
    CHECK(!holds("after", "'2031-01-02T00:00:00Z'", "'2031-01-02T00:00:00Z'"));
    CHECK(holds("after", "'2031-01-02T00:00:00.001Z'", "'2031-01-02T00:00:00Z'"));
    CHECK(holds("after", "'2031-01-02T01:00:00+02:00'", "'2031-01-01T22:59:59Z'"));
    CHECK(holds("before", "'2031-01-01'", "'2031-01-01T00:00:01Z'"));
    CHECK(holds("after", "'2031-01-02'", "'2031-01-01'"));
    CHECK(holds("before", "'2031-02-30T00:00:00Z'", "'2031-03-02T00:00:01Z'"));
    CHECK(!holds("before", "'never'", "'2031-01-01T00:00:00Z'"));
    CHECK(!holds("after", "1925000000000", "'2031-01-01T00:00:00Z'"));
    CHECK(!holds("after", "'2031-01-01T00:00:00Z'", "'soon'"));
    CHECK(!holds("before", "'2031-01-01T00:00:00Z'", "1925000000000"));
}

TEST(versions_compare_as_versions)
{
    static const struct {
        const char *actual, *expected;
        int order;
    } cases[] = {
        {"'1.2.3'", "'v1.2.3'", 0},
        {"' 1.2.3 '", "'1.2.3+b'", 0},
        {"'1.10.0'", "'1.9.9'", 1},
        {"'1.0.0'", "'1.0.0-rc.1'", 1},
        {"'1.0.0-alpha'", "'1.0.0-alpha.1'", -1},
        {"'1.0.0-beta.2'", "'1.0.0-beta.11'", -1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CHECK_INT(holds("semverEq", cases[i].actual, cases[i].expected), cases[i].order == 0);
        CHECK_INT(holds("semverGt", cases[i].actual, cases[i].expected), cases[i].order > 0);
        CHECK_INT(holds("semverGte", cases[i].actual, cases[i].expected), cases[i].order >= 0);
        CHECK_INT(holds("semverLt", cases[i].actual, cases[i].expected), cases[i].order < 0);
        CHECK_INT(holds("semverLte", cases[i].actual, cases[i].expected), cases[i].order <= 0);
    }
    CHECK(!holds("semverEq", "'1.2'", "'1.2.0'"));
    CHECK(!holds("semverEq", "'1.2.0'", "'1.2'"));
    CHECK(!holds("semverGt", "'abc'", "'1.0.0'"));
    CHECK(!holds("semverGt", "2", "'1.0.0'"));
    CHECK(!holds("semverLte", "'1.0.0'", "1"));
}

TEST(attribute_paths_walk_objects)
{
    static const struct {
        const char *path, *attributes, *value;
        bool is_match;
    } cases[] = {
        {"targetingKey", "{}", "'tk-1'", true},
        {"targetingKey", "{'targetingKey':'other'}", "'other'", false},
        {"attributes.targetingKey", "{'targetingKey':'other'}", "'other'", true},
        {"plan", "{'plan':'pro'}", "'pro'", true},
        {"attributes.plan", "{'plan':'pro'}", "'pro'", true},
        {"attributes.attributes.plan", "{'attributes':{'plan':'pro'}}", "'pro'", true},
        {"attributes.plan", "{'attributes':{'plan':'pro'}}", "'pro'", false},
        {"attributes", "{'attributes':1}", "1", true},
        {"attributes.", "{'':1}", "1", true},
        {"a.b.c", "{'a':{'b':{'c':3}}}", "3", true},
        {"a.b", "{'a.b':1}", "1", false},
        {"list.0", "{'list':['x']}", "'x'", false},
        {"a.b", "{'a':null}", "1", false},
        {"a..b", "{'a':{'':{'b':1}}}", "1", true},
        {"a.", "{'a':{'':1}}", "1", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char expression[256];
        snprintf(expression, sizeof(expression),
                 "{'op':'match','attribute':'%s','operator':'eq','value':%s}", cases[i].path,
                 cases[i].value);
        CHECK_INT(fixture_holds(expression, cases[i].attributes), cases[i].is_match);
    }
}

TEST(combinators_hold_as_written)
{
    static const char yes[] = "{'op':'match','attribute':'targetingKey','operator':'exists'}";
    static const char no[] = "{'op':'match','attribute':'nothing','operator':'exists'}";
    static const struct {
        const char *before, *between, *after;
        bool holds[4]; /* for (no, no), (no, yes), (yes, no), (yes, yes) */
    } cases[] = {
        {"{'op':'all','expressions':[", ",", "]}", {false, false, false, true}},
        {"{'op':'any','expressions':[", ",", "]}", {false, true, true, true}},
        {"{'op':'not','expression':{'op':'all','expressions':[",
         ",",
         "]}}",
         {true, true, true, false}},
        {"{'op':'not','expression':{'op':'any','expressions':[",
         ",",
         "]}}",
         {true, false, false, false}},
        {"{'op':'all','expressions':[{'op':'any','expressions':[",
         ",{'op':'any','expressions':[]}]},{'op':'not','expression':",
         "}]}",
         {false, false, true, false}},
        {"{'op':'any','expressions':[{'op':'all','expressions':[",
         ",{'op':'all','expressions':[]}]},{'op':'not','expression':{'op':'not','expression':",
         "}}]}",
         {false, true, true, true}},
        {"{'op':'any','expressions':[{'op':'all','expressions':[",
         ",{'op':'any','expressions':[]}]},",
         "]}",
         {false, true, false, true}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t row = 0; row < 4; row++) {
            char expression[1024];
            snprintf(expression, sizeof(expression), "%s%s%s%s%s", cases[i].before,
                     row & 2 ? yes : no, cases[i].between, row & 1 ? yes : no, cases[i].after);
            CHECK_INT(fixture_holds(expression, NULL), cases[i].holds[row]);
        }
    }
    CHECK(fixture_holds("{'op':'all','expressions':[]}", NULL));
    CHECK(!fixture_holds("{'op':'any','expressions':[]}", NULL));
    CHECK(!fixture_holds("{'op':'segment','segment':'nobody'}", NULL));
    CHECK(fixture_holds("{'op':'segment','segment':'nobody','negate':true}", NULL));
    /* A clause that can never hold is still a clause: not turns it around. */
    CHECK(fixture_holds("{'op':'not','expression':{'op':'match','attribute':'x','operator':'gt',"
                        "'value':'text'}}",
                        "{'x':1}"));
}

TESTS(a_missing_attribute_fails_every_operator, exists_counts_null_and_ignores_its_value,
      equality_is_deep_and_typed, in_asks_for_any_element_and_not_in_for_none,
      text_operators_want_texts, matches_is_an_unanchored_pattern,
      numbers_compare_with_numbers_alone, dates_compare_as_moments, versions_compare_as_versions,
      attribute_paths_walk_objects, combinators_hold_as_written)
