/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <math.h>
#include <string.h>

#include "test.h"

static struct fault parse(struct arena *arena, struct str text, struct json *json)
{
    return json_parse(arena, text, &json_budget_default, json);
}

struct verdict {
    struct str text;
    bool is_accepted;
};

#define ACCEPT(text)                                                                               \
    {                                                                                              \
        STR(text), true                                                                            \
    }
#define REFUSE(text)                                                                               \
    {                                                                                              \
        STR(text), false                                                                           \
    }

static const struct verdict corpus[] = {
    /* scalars and blanks */
    ACCEPT("null"),
    ACCEPT("true"),
    ACCEPT("false"),
    ACCEPT("\"\""),
    ACCEPT(" \t\r\n 1 \t\r\n "),
    REFUSE(""),
    REFUSE(" "),
    REFUSE("nul"),
    REFUSE("nulll"),
    REFUSE("True"),
    REFUSE("TRUE"),
    REFUSE("undefined"),
    REFUSE("\v1"),
    REFUSE("1\f"),
    REFUSE("\xc2\xa0\x31"),
    REFUSE("\xef\xbb\xbf{}"),
    REFUSE("1 2"),
    REFUSE("{} {}"),
    REFUSE("{}x"),
    REFUSE("1\0"),
    REFUSE("\0"),
    REFUSE("// c\n1"),
    REFUSE("/* c */ 1"),
    REFUSE("'a'"),
    REFUSE("a"),
    /* numbers */
    ACCEPT("0"),
    ACCEPT("-0"),
    ACCEPT("-0.0"),
    ACCEPT("0.5"),
    ACCEPT("1e5"),
    ACCEPT("1E+5"),
    ACCEPT("1e-400"),
    ACCEPT("9007199254740993"),
    ACCEPT("123456789012345678901234567890"),
    ACCEPT("1.7976931348623157e308"),
    REFUSE("01"),
    REFUSE("-01"),
    REFUSE("00"),
    REFUSE("+1"),
    REFUSE("-"),
    REFUSE("-a"),
    REFUSE(".5"),
    REFUSE("5."),
    REFUSE("1.e1"),
    REFUSE("1e"),
    REFUSE("1e+"),
    REFUSE("1e1.5"),
    REFUSE("0x1F"),
    REFUSE("1_000"),
    REFUSE("NaN"),
    REFUSE("Infinity"),
    REFUSE("-Infinity"),
    REFUSE("1e309"),
    REFUSE("-1e309"),
    REFUSE("1.2.3"),
    REFUSE("--1"),
    /* strings */
    ACCEPT("\"a b\""),
    ACCEPT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    ACCEPT("\"\\u0000\""),
    ACCEPT("\"\\u00e9\\u20AC\\uFFFF\""),
    ACCEPT("\"\\ud83d\\ude80\""),
    ACCEPT("\"\x7f\""),
    ACCEPT("\"caf\xc3\xa9 \xf0\x9f\x9a\x80\""),
    ACCEPT("\"\\u0022\""),
    ACCEPT("\"\\\\\""),
    REFUSE("\""),
    REFUSE("\"a"),
    REFUSE("\"a\\"),
    REFUSE("\"a\\\""),
    REFUSE("\"\\x41\""),
    REFUSE("\"\\a\""),
    REFUSE("\"\\'\""),
    REFUSE("\"\\U0041\""),
    REFUSE("\"\\u\""),
    REFUSE("\"\\u12\""),
    REFUSE("\"\\u123g\""),
    REFUSE("\"\\u+123\""),
    REFUSE("\"\\ud800\""),
    REFUSE("\"\\udc00\""),
    REFUSE("\"\\ud800x\""),
    REFUSE("\"\\ud800\\n\""),
    REFUSE("\"\\ud800\\u0041\""),
    REFUSE("\"\\ud800\\ud800\""),
    REFUSE("\"\\ude80\\ud83d\""),
    REFUSE("\"\n\""),
    REFUSE("\"\t\""),
    REFUSE("\"a\0b\""),
    REFUSE("\"\x1f\""),
    REFUSE("\"12345678\x01\""),
    REFUSE("\"\x80\""),
    REFUSE("\"\xc0\xaf\""),
    REFUSE("\"\xe0\x80\xaf\""),
    REFUSE("\"\xed\xa0\x80\""),
    REFUSE("\"\xf4\x90\x80\x80\""),
    REFUSE("\"\xff\""),
    REFUSE("\"\xc3\""),
    REFUSE("\"\xc3\\n\xa9\""),
    REFUSE("\"\xf0\x9f\x9a\""),
    /* arrays */
    ACCEPT("[]"),
    ACCEPT("[ ]"),
    ACCEPT("[1]"),
    ACCEPT("[ 1 , [ ] , { } ]"),
    ACCEPT("[[[[[[]]]]]]"),
    REFUSE("["),
    REFUSE("]"),
    REFUSE("[,]"),
    REFUSE("[1,]"),
    REFUSE("[,1]"),
    REFUSE("[1 2]"),
    REFUSE("[1,,2]"),
    REFUSE("[1"),
    REFUSE("[1,"),
    REFUSE("[1}"),
    REFUSE("[1:2]"),
    REFUSE("[]]"),
    REFUSE("[[]"),
    /* objects */
    ACCEPT("{}"),
    ACCEPT("{ }"),
    ACCEPT("{\"\":0}"),
    ACCEPT("{ \"a\" : 1 , \"b\" : { } }"),
    ACCEPT("{\"a\":{\"a\":{\"a\":1}}}"),
    ACCEPT("{\"a\":1,\"A\":2}"),
    REFUSE("{"),
    REFUSE("}"),
    REFUSE("{\"a\"}"),
    REFUSE("{\"a\":}"),
    REFUSE("{\"a\":1,}"),
    REFUSE("{,}"),
    REFUSE("{,\"a\":1}"),
    REFUSE("{\"a\" 1}"),
    REFUSE("{\"a\"::1}"),
    REFUSE("{\"a\":1 \"b\":2}"),
    REFUSE("{a:1}"),
    REFUSE("{'a':1}"),
    REFUSE("{1:1}"),
    REFUSE("{null:1}"),
    REFUSE("{\"a\":1]"),
    REFUSE("{\"a\":1"),
    REFUSE("{\"a\":1,"),
    REFUSE("{\"a\":1}}"),
    REFUSE("{\"a\":1,\"a\":1}"),
    REFUSE("{\"a\":1,\"b\":2,\"a\":3}"),
    REFUSE("{\"a\":1,\"\\u0061\":2}"),
    REFUSE("{\"\":1,\"\":2}"),
    REFUSE("[{\"x\":{\"y\":0,\"y\":0}}]"),
};

TEST(the_corpus_is_judged_as_it_says)
{
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(corpus); i++) {
        /* In memory of its own size, so that a sanitizer sees a read behind the end. */
        struct json json = json_make_boolean(true);
        struct arena exact;
        arena_open(&exact, corpus[i].text.size);
        struct fault fault = parse(&arena, arena_copy_str(&exact, corpus[i].text), &json);
        if (failed(fault) == corpus[i].is_accepted)
            fail_msg("%s: %.*s", failed(fault) ? "refused" : "accepted", STR_ARG(corpus[i].text));
        if (failed(fault)) {
            CHECK_INT(fault.kind, FAULT_INVALID);
            CHECK_INT(json.type, JSON_NULL);
            CHECK(fault.why.size > 0);
            CHECK(str_starts_with(fault.where, STR("byte ")));
        }
        arena_close(&exact);
    }
    arena_close(&arena);
}

TEST(no_prefix_of_a_document_is_one)
{
    struct str text = STR("{\"a\":[1.5e3,\"x\\u00e9\",{\"b\":null}],\"c\":true}");
    struct arena arena;
    struct json json;
    arena_open(&arena, 4096);
    CHECK_OK(parse(&arena, text, &json));
    for (size_t size = 0; size < text.size; size++)
        CHECK_FAULT(parse(&arena, str_slice(text, 0, size), &json), FAULT_INVALID);
    CHECK_FAULT(parse(&arena, (struct str){0}, &json), FAULT_INVALID);
    arena_close(&arena);
}

struct refusal {
    struct str text, where, why;
};

static const struct refusal refusals[] = {
    {STR(""), STR("byte 0"), STR("text ends too early")},
    {STR("{\"a\":"), STR("byte 5"), STR("text ends too early")},
    {STR("[1,2"), STR("byte 4"), STR("text ends too early")},
    {STR("\xef\xbb\xbf{}"), STR("byte 0"), STR("unexpected character")},
    {STR("{\"a\":1,\"b\":2,\"a\":3}"), STR("byte 13"), STR("duplicate member")},
    {STR("{\"a\":1, \"\\u0061\" : 2}"), STR("byte 8"), STR("duplicate member")},
    {STR("{\"a\":[{\"b\":0,\"b\":0}]}"), STR("byte 13"), STR("duplicate member")},
    {STR("{} x"), STR("byte 3"), STR("something follows the value")},
    {STR("[1 2]"), STR("byte 3"), STR("comma or ] expected")},
    {STR("{\"a\":1]"), STR("byte 6"), STR("comma or } expected")},
    {STR("{1:2}"), STR("byte 1"), STR("member name expected")},
    {STR("{\"a\" 2}"), STR("byte 5"), STR("colon expected")},
    {STR("[01]"), STR("byte 1"), STR("malformed number")},
    {STR("[1e999]"), STR("byte 1"), STR("number is larger than a double")},
    {STR("[\"open]"), STR("byte 1"), STR("string is not closed")},
    {STR("\"a\tb\""), STR("byte 2"), STR("control character in a string")},
    {STR("\"a\xff\""), STR("byte 2"), STR("invalid UTF-8")},
    {STR("\"a\\x\""), STR("byte 2"), STR("unknown escape")},
    {STR("\"ab\\ud800\""), STR("byte 3"), STR("lone surrogate")},
    {STR("\"\\u00zz\""), STR("byte 1"), STR("escape is not four hexadecimal digits")},
};

TEST(a_refusal_says_where_and_why)
{
    struct arena arena;
    struct json json;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct fault fault = parse(&arena, refusals[i].text, &json);
        CHECK_FAULT(fault, FAULT_INVALID);
        CHECK_STR(fault.where, refusals[i].where);
        CHECK_STR(fault.why, refusals[i].why);
    }
    arena_close(&arena);
}

TEST(members_and_elements_keep_the_order_of_the_text)
{
    struct arena arena;
    struct json json;
    arena_open(&arena, 4096);
    CHECK_OK(
        parse(&arena, STR("{\"z\":[1,-2.5,true,null],\"a\":{\"k\":\"v\"},\"m\":\"\"}"), &json));
    CHECK_INT(json.type, JSON_OBJECT);
    CHECK_INT(json.count, 3);
    CHECK_STR(json.members[0].key, STR("z"));
    CHECK_STR(json.members[1].key, STR("a"));
    CHECK_STR(json.members[2].key, STR("m"));
    const struct json *array = &json.members[0].value;
    CHECK_INT(array->type, JSON_ARRAY);
    CHECK_INT(array->count, 4);
    CHECK(array->elements[0].number == 1);
    CHECK(array->elements[1].number == -2.5);
    CHECK(array->elements[2].boolean);
    CHECK_INT(array->elements[3].type, JSON_NULL);
    CHECK_STR(json.members[1].value.members[0].value.string, STR("v"));
    CHECK_INT(json.members[2].value.type, JSON_STRING);
    CHECK(!str_is_absent(json.members[2].value.string));
    arena_close(&arena);
}

TEST(escapes_mean_their_characters)
{
    struct arena arena;
    struct json json;
    arena_open(&arena, 4096);
    CHECK_OK(
        parse(&arena,
              STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t \\u0000\\u00e9\\u20AC\\ud83d\\uDE80 caf\xc3\xa9\""),
              &json));
    CHECK_STR(json.string,
              STR("\"\\/\b\f\n\r\t \0\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\x80 caf\xc3\xa9"));
    arena_close(&arena);
}

TEST(plain_strings_borrow_and_take_no_memory)
{
    struct str text = STR("\"a plain string of some length, caf\xc3\xa9\"");
    struct arena arena;
    struct json json;
    arena_open(&arena, 4096);
    CHECK_OK(parse(&arena, text, &json));
    CHECK(json.string.data == text.data + 1);
    CHECK_INT(json.string.size, text.size - 2);
    CHECK_INT(arena.total_bytes, 0);
    arena_close(&arena);
}

TEST(minus_zero_keeps_its_sign)
{
    struct arena arena;
    struct json json;
    arena_open(&arena, 4096);
    CHECK_OK(parse(&arena, STR("-0"), &json));
    CHECK(json.number == 0 && signbit(json.number) != 0);
    arena_close(&arena);
}

/* ---- duplicates among many ----------------------------------------------------------------- */

static void append_members(struct buf *buf, uint32_t count)
{
    buf_append_byte(buf, '{');
    for (uint32_t i = 0; i < count; i++)
        buf_append_format(buf, "%s\"key-%u\":%u", i > 0 ? "," : "", i, i);
}

TEST(a_duplicate_is_found_at_every_distance)
{
    static const uint32_t counts[] = {1, 2, 15, 16, 17, 31, 32, 33, 64, 100, 999};
    struct arena arena;
    struct buf text;
    arena_open(&arena, 4096);
    buf_open(&text, SIZE_MAX);
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct json json;
        buf_clear(&text);
        append_members(&text, counts[i]);
        buf_append_byte(&text, '}');
        CHECK_OK(parse(&arena, buf_str(&text), &json));
        CHECK_INT(json.count, counts[i]);
        for (uint32_t twin = 0; twin < counts[i]; twin += counts[i] / 7 + 1) {
            buf_clear(&text);
            append_members(&text, counts[i]);
            size_t twin_at = text.size + 1;
            buf_append_format(&text, ",\"key-%u\":0}", twin);
            struct fault fault = parse(&arena, buf_str(&text), &json);
            CHECK_STR(fault.why, STR("duplicate member"));
            CHECK_STR(fault.where, arena_format(&arena, "byte %zu", twin_at));
        }
    }
    buf_close(&text);
    arena_close(&arena);
}

/* Compared pairwise this would take minutes. */
TEST(two_hundred_thousand_members_are_told_apart)
{
    struct json_budget budget = json_budget_default;
    budget.members_max = 200000;
    struct arena arena;
    struct buf text;
    struct json json;
    arena_open(&arena, 4096);
    buf_open(&text, SIZE_MAX);
    append_members(&text, 200000);
    buf_append_byte(&text, '}');
    CHECK_OK(json_parse(&arena, buf_str(&text), &budget, &json));
    CHECK_INT(json.count, 200000);
    for (uint32_t i = 0; i < json.count; i++)
        assert_true(json.members[i].value.number == i);
    buf_close(&text);
    arena_close(&arena);
}

TESTS(the_corpus_is_judged_as_it_says, no_prefix_of_a_document_is_one, a_refusal_says_where_and_why,
      members_and_elements_keep_the_order_of_the_text, escapes_mean_their_characters,
      plain_strings_borrow_and_take_no_memory, minus_zero_keeps_its_sign,
      a_duplicate_is_found_at_every_distance, two_hundred_thousand_members_are_told_apart)
