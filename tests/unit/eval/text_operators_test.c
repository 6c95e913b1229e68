/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_operators - what each comparison of the text family holds for. Every question is put in both
 * forms of context, which must answer alike.
 */
#include "fixture.h"

/* `value` is the JSON of the property, NULL when there is none; quotes are ' in all three. The
 * values are put in behind the check: not all that is evaluated came in through our door. */
static bool holds(const char *operator, const char * value, const char *values)
{
    struct fixture *fixture = fixture_open();
    struct arena *arena = &fixture->arena;
    struct str text = arena_format(
        arena,
        "{'rules':[{'id':'r','serve':{'variation':'on'},'when':{'op':'match','operator':'text %s',"
        "'attribute':'/context/user/user_properties/p','value':['(none)']}}]}",
        operator);
    struct flag *flag = fixture_decode_text_flag(fixture, "probe", text.data);
    flag->rules[0].when.value = *fixture_json(fixture, arena_format(arena, "[%s]", values).data);
    fixture->flags[0] = flag;
    fixture->state.flags = fixture->flags;
    fixture->state.flag_count = 1;
    struct str tree = value == NULL
                          ? STR("{'user':{'user_properties':{'q':1}}}")
                          : arena_format(arena, "{'user':{'user_properties':{'p':%s}}}", value);
    struct str flat = value == NULL ? STR("{'q':1}") : arena_format(arena, "{'p':%s}", value);
    struct str nested = value == NULL ? STR("{'user_properties':{}}")
                                      : arena_format(arena, "{'user_properties':{'p':%s}}", value);
    struct decision decision = fixture_ask_user(fixture, "probe", tree.data);
    bool is_on = decision.reason == REASON_TARGETING_MATCH;
    CHECK_STR(fixture_variation(decision), is_on ? STR("on") : STR("off"));
    CHECK_INT(fixture_ask(fixture, "probe", "u-1", flat.data).variation, decision.variation);
    CHECK_INT(fixture_ask(fixture, "probe", NULL, nested.data).variation, decision.variation);
    fixture_close(fixture);
    return is_on;
}

struct row {
    const char *value, *values;
    bool holds;
};

static void expect_rows(const char *operator, const struct row * rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_as_said = holds(operator, rows[i].value, rows[i].values) == rows[i].holds;
        if (!is_as_said)
            print_message("%s: %s against [%s]\n", operator,
                          rows[i].value == NULL ? "nothing" : rows[i].value, rows[i].values);
        CHECK(is_as_said);
    }
}

#define EXPECT(operator, ...)                                                                      \
    do {                                                                                           \
        static const struct row rows[] = {__VA_ARGS__};                                            \
        expect_rows(operator, rows, COUNT_OF(rows));                                               \
    } while (0)

TEST(is_wants_the_same_text_but_for_the_words_true_and_false)
{
    EXPECT("is", {"'red'", "'blue','red'", true}, {"'Red'", "'red'", false}, {"'red'", "", false},
           {"''", "''", true}, {"' red'", "'red'", false}, {"true", "'TRUE'", true},
           {"'tRUE'", "'True'", true}, {"'Yes'", "'true','yes'", false}, {"false", "'true'", false},
           {"'FALSE'", "'x','false'", true}, {"1", "'1'", true}, {"1.0", "'1.0'", false},
           {"1e21", "'1e+21'", true}, {"-0.5", "'-0.5'", true}, {"0", "'(none)'", false},
           {"'(none)'", "'(none)'", true});
    EXPECT("is not", {"'red'", "'blue'", true}, {"'red'", "'blue','red'", false},
           {"'red'", "", true}, {"true", "'TRUE'", false}, {"'red'", "'(none)'", true});
}

TEST(many_values_are_found_in_a_table)
{
    EXPECT("is", {"'k'", "'a','b','c','d','e','f','g','h','i','j','k'", true},
           {"'l'", "'a','b','c','d','e','f','g','h','i','j','k'", false},
           {"'a-longer-one-than-all'", "'a','b','c','d','e','f','g','h','i','j','k'", false},
           {"'True'", "'a','b','c','d','e','f','g','h','i','j','TRUE'", true});
}

TEST(a_value_that_is_not_there_is_what_none_stands_for)
{
    static const char *const when_listed[] = {"is",
                                              "contains",
                                              "less",
                                              "less or equal",
                                              "greater",
                                              "version less",
                                              "greater or equal",
                                              "set is",
                                              "version less or equal",
                                              "set contains",
                                              "version greater",
                                              "set contains any",
                                              "version greater or equal"};
    static const char *const when_not_listed[] = {
        "is not", "does not contain", "set does not contain", "set does not contain any"};
    static const char *const never[] = {"set is not", "regex match", "regex does not match",
                                        "glob match", "glob does not match"};
    for (size_t i = 0; i < COUNT_OF(when_listed); i++) {
        CHECK(holds(when_listed[i], NULL, "'1','(none)'"));
        CHECK(holds(when_listed[i], "null", "'(none)'"));
        CHECK(!holds(when_listed[i], NULL, "'1'"));
        CHECK(!holds(when_listed[i], NULL, ""));
    }
    for (size_t i = 0; i < COUNT_OF(when_not_listed); i++) {
        CHECK(!holds(when_not_listed[i], NULL, "'1','(none)'"));
        CHECK(holds(when_not_listed[i], NULL, "'1'"));
        CHECK(holds(when_not_listed[i], "null", ""));
    }
    for (size_t i = 0; i < COUNT_OF(never); i++) {
        CHECK(!holds(never[i], NULL, "'x'"));
        CHECK(!holds(never[i], NULL, "'(none)'"));
    }
}

TEST(a_list_passes_when_any_element_does)
{
    EXPECT("is", {"['a','b']", "'b'", true}, {"['a','b']", "'c'", false}, {"[]", "'a'", false},
           {"['','a']", "''", false}, {"[null,'a']", "'a'", true}, {"[1,2]", "'2'", true},
           {"[true]", "'TRUE'", true});
    EXPECT("is not", {"['a','b']", "'a'", true}, {"['a']", "'a'", false}, {"[]", "'a'", false});
    EXPECT("greater", {"[1,5]", "'4'", true}, {"[1,2]", "'4'", false});
    EXPECT("contains", {"['abc','def']", "'E'", true});
    EXPECT("does not contain", {"['abc','def']", "'e'", true}, {"['abc']", "'B'", false});
    EXPECT("version greater", {"['1.2.0','3.0.0']", "'2.0.0'", true});
    EXPECT("regex match", {"['x1','y']", "'^y$'", true});
}

TEST(contains_ignores_case_as_unicode_has_it)
{
    EXPECT("contains", {"'Hello World'", "'world'", true}, {"'hello'", "'ELL'", true},
           {"'hello'", "'xyz','lo'", true}, {"'hello'", "''", true}, {"''", "''", true},
           {"'hello'", "", false}, {"'\u00C9COLE'", "'\u00E9cole'", true},
           {"'STRASSE'", "'stra\u00DFe'", false},
           {"'\u039F\u0394\u039F\u03A3'", "'\u03BF\u03C2'", true},
           {"'\u039F\u0394\u039F\u03A3'", "'\u03BF\u03C3'", false}, {"'\u0130'", "'i\u0307'", true},
           {"12345", "'34'", true}, {"true", "'RU'", true}, {"{'a':1}", "'A'", true});
    EXPECT("does not contain", {"'hello'", "'z'", true}, {"'hello'", "'H'", false},
           {"'hello'", "", true});
}

TEST(numbers_are_what_number_makes_of_texts)
{
    EXPECT("less", {"'5'", "'10'", true}, {"10", "'9.5'", false}, {"'9'", "'1','10'", true},
           {"'-3'", "'-2'", true}, {"''", "'1'", true}, {"'abc'", "'b'", false}, {"'5'", "", false},
           {"'NaN'", "'1'", false}, {"'5'", "'5'", false}, {"'1.2.3'", "'9'", false});
    EXPECT("less or equal", {"'5.0'", "'5'", true}, {"'6'", "'5'", false});
    EXPECT("greater", {"'1e3'", "'999'", true}, {"' 5 '", "'4'", true}, {"'0x10'", "'15'", true},
           {"'5'", "'abc','4'", true}, {"'5'", "'abc'", false}, {"true", "'0'", false},
           {"'Infinity'", "'1'", true}, {"'1_000'", "'1'", false}, {"'9'", "'11','8'", true},
           {"'\u0661'", "'0'", false});
    EXPECT("greater or equal", {"10", "'10'", true}, {"'9'", "'10'", false});
}

TEST(versions_that_cannot_be_told_compare_as_texts)
{
    EXPECT("version less", {"'1.9.0'", "'1.10.0'", true}, {"'1.10.0'", "'1.9.0'", false},
           {"'1.2.3-alpha'", "'1.2.3'", true}, {"'1.2.3-alpha.2'", "'1.2.3-alpha.10'", false},
           {"'10'", "'9.0.0'", true}, {"'1.2.3-'", "'1.2.3'", true},
           {"'1.2.3-a..b'", "'1.2.3'", false}, {"'1.5.0'", "'bad','2.0.0'", true},
           {"'1.5.0'", "", false}, {"'\uFFFF'", "'\U0001F600'", false});
    EXPECT("version less or equal", {"'1.10'", "'1.10.0'", true});
    EXPECT("version greater", {"'2.0'", "'1.99.99'", true}, {"'1.2.3.4'", "'1.2.3'", true},
           {"'v1.2.3'", "'1.0.0'", true}, {"'1.2.3'", "'abc'", false}, {"1.5", "'1.4.0'", true},
           {"'99999999999.0.0'", "'2.0.0'", true}, {"'1.5.0'", "'9.9.9','1.4.0'", true});
    EXPECT("version greater or equal", {"'01.002.3'", "'1.2.3'", true},
           {"'1.2.2'", "'1.2.3'", false});
}

TEST(sets_are_for_lists_alone)
{
    static const char *const operators[] = {"set is",           "set is not",
                                            "set contains",     "set does not contain",
                                            "set contains any", "set does not contain any"};
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        CHECK(!holds(operators[i], "'a'", "'a'"));
        CHECK(!holds(operators[i], "'a'", "'b'"));
        CHECK(!holds(operators[i], "{'a':1}", "'a'"));
        CHECK(!holds(operators[i], "1", "'1'"));
    }
}

TEST(sets_compare_as_sets)
{
    EXPECT("set is", {"['1','2','3']", "'3','2','1'", true}, {"['1','2']", "'1','2','3'", false},
           {"['1','1','2']", "'1','2'", true}, {"['1','2']", "'1','1','2'", true},
           {"[true]", "'TRUE'", false}, {"[]", "", true}, {"['']", "", true}, {"[]", "'a'", false},
           {"'[1,2]'", "'2','1'", true});
    EXPECT("set is not", {"['1']", "'1'", false}, {"['1','2']", "'1'", true}, {"[]", "", false});
    EXPECT("set contains", {"['a','b','c']", "'a','c'", true}, {"['a']", "'a','b'", false},
           {"['a','b']", "", true}, {"['a']", "'a','a'", false}, {"['a','x']", "'a','a'", true},
           {"[true]", "'TRUE'", true}, {"[true,'FALSE']", "'false','true'", true},
           {"[true,'x']", "'false'", false}, {"[]", "'(none)'", false});
    EXPECT("set does not contain", {"['a']", "'b'", true}, {"['a','b']", "'a'", false},
           {"['a','b']", "'a','z'", true});
    EXPECT("set contains any", {"['a','b']", "'z','b'", true}, {"['a','b']", "'y','z'", false},
           {"['a']", "", false}, {"['A']", "'a'", false}, {"['True']", "'true'", true},
           {"[]", "'a'", false});
    EXPECT("set does not contain any", {"['a','b']", "'y','z'", true},
           {"['a','b']", "'b','z'", false}, {"[]", "'a'", true});
}

/* More values than are ticked off on the stack. */
TEST(large_sets_compare_alike)
{
    enum { COUNT = 1500 };
    struct buf values;
    buf_open(&values, SIZE_MAX);
    for (int i = 0; i < COUNT; i++)
        buf_append_format(&values, "%s'v%d'", i > 0 ? "," : "", i);
    buf_append_byte(&values, '\0');
    struct buf list;
    buf_open(&list, SIZE_MAX);
    buf_append_format(&list, "[%s]", values.data);
    buf_append_byte(&list, '\0');
    CHECK(holds("set is", list.data, values.data));
    CHECK(holds("set contains", list.data, values.data));
    buf_clear(&list);
    buf_append_format(&list, "['v0',%s]", values.data);
    buf_append_byte(&list, '\0');
    CHECK(holds("set is", list.data, values.data));
    CHECK(holds("set contains", list.data, values.data));
    CHECK(!holds("set is not", list.data, values.data));
    CHECK(!holds("set is", "['v0','v1']", values.data));
    list.data[2] = '0'; /* the first of two 'v0' becomes '00' */
    CHECK(!holds("set is", list.data, values.data));
    CHECK(holds("set contains", list.data, values.data));
    buf_close(&values);
    buf_close(&list);
}

TEST(texts_that_are_lists_in_json_are_lists)
{
    EXPECT("set contains", {"'[1,2]'", "'2'", true}, {"'[]'", "'a'", false},
           {"'[true]'", "'TRUE'", true});
    EXPECT("is", {"'[1,2]'", "'[1,2]'", false}, {"'[1,2]'", "'2'", true},
           {"'[broken'", "'[broken'", true}, {"' [1]'", "' [1]'", true}, {"'{}'", "'{}'", true},
           {"'[1] '", "'1'", true}, {"'[1]x'", "'[1]x'", true});
}

TEST(regexes_search_and_globs_take_the_whole)
{
    EXPECT("regex match", {"'abc123'", "'[0-9]+'", true}, {"'abc123'", "'^[0-9]+$'", false},
           {"'ABC'", "'abc'", false}, {"'abc'", "'x','b'", true}, {"'abc'", "", false},
           {"'a\\nb'", "'^b$'", false}, {"''", "'^$'", true}, {"true", "'^true$'", true},
           {"'\u00E9t\u00E9'", "'^\\\\w+$'", false}, {"'abc'", "'('", false},
           {"'\U0001F600'", "'^..$'", true}, {"'\U0001F600'", "'^.$'", false});
    EXPECT("regex does not match", {"'abc'", "'z'", true}, {"'abc'", "'z','b'", false},
           {"'abc'", "", true}, {"'abc'", "'('", false});
    EXPECT("glob match", {"'/docs/a/b'", "'/docs/*/b'", true},
           {"'/docs/a/c/b'", "'/docs/*/b'", false}, {"'/docs/a/c/b'", "'/docs/**/b'", true},
           {"'x/docs'", "'docs'", false}, {"'cat'", "'[!b]a?'", true},
           {"'two'", "'{one,tw?}'", true});
    EXPECT("glob does not match", {"'cat'", "'dog'", true}, {"'cat'", "'c*'", false});
}

TEST(what_is_too_long_for_a_pattern_holds_neither_way)
{
    struct buf value;
    buf_open(&value, SIZE_MAX);
    buf_append_byte(&value, '\'');
    for (int i = 0; i < 5000; i++)
        buf_append_byte(&value, 'a');
    buf_append(&value, STR("'"));
    buf_append_byte(&value, '\0');
    CHECK(!holds("regex match", value.data, "'a'"));
    CHECK(!holds("regex does not match", value.data, "'b'"));
    buf_close(&value);
}

/* The quotes of the text are escaped ones, which the fixture's do not cover. */
TEST(objects_are_compact_json)
{
    static const char tree[] = "{'user':{'o':{'b':1.50,'2':null,'1':[true, {}],'01':'x'}}}";
    struct fixture *fixture = fixture_open();
    fixture_text_flag(
        fixture, "probe",
        "{'rules':[{'id':'r','serve':{'variation':'on'},'when':{'op':'match',"
        "'operator':'text is','attribute':'/context/user/o','value':['placeholder']}}]}");
    struct json *expected = &fixture->flags[0]->rules[0].when.value.elements[0];
    expected->string = STR("{\"1\":[true,{}],\"2\":null,\"b\":1.5,\"01\":\"x\"}");
    fixture_expect_user(fixture, "probe", tree, "on", REASON_TARGETING_MATCH);
    fixture_close(fixture);
}

TESTS(is_wants_the_same_text_but_for_the_words_true_and_false, many_values_are_found_in_a_table,
      a_value_that_is_not_there_is_what_none_stands_for, a_list_passes_when_any_element_does,
      contains_ignores_case_as_unicode_has_it, numbers_are_what_number_makes_of_texts,
      versions_that_cannot_be_told_compare_as_texts, sets_are_for_lists_alone, sets_compare_as_sets,
      large_sets_compare_alike, texts_that_are_lists_in_json_are_lists,
      regexes_search_and_globs_take_the_whole, what_is_too_long_for_a_pattern_holds_neither_way,
      objects_are_compact_json)
