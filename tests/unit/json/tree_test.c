/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "test.h"
#include "json/json.h"
#include "json/write.h"

static struct json parsed(struct arena *arena, struct str text)
{
    struct json json;
    CHECK_OK(json_parse(arena, text, &json_budget_default, &json));
    return json;
}

TEST(members_are_found_by_key)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct json json = parsed(&arena, STR("{\"a\":1,\"\":2,\"ab\":null}"));
    CHECK(json_find(&json, STR("a"))->number == 1);
    CHECK(json_find(&json, STR(""))->number == 2);
    CHECK_INT(json_find(&json, STR("ab"))->type, JSON_NULL);
    CHECK(json_find(&json, STR("b")) == NULL);
    struct json array = parsed(&arena, STR("[\"a\"]"));
    CHECK(json_find(&array, STR("a")) == NULL);
    struct json empty = parsed(&arena, STR("{}"));
    CHECK(json_find(&empty, STR("a")) == NULL);
    arena_close(&arena);
}

struct pair {
    struct str a, b;
    bool is_equal;
};

static const struct pair pairs[] = {
    {STR("null"), STR("null"), true},
    {STR("null"), STR("false"), false},
    {STR("true"), STR("true"), true},
    {STR("true"), STR("false"), false},
    {STR("1"), STR("1.0"), true},
    {STR("0"), STR("-0"), true},
    {STR("1"), STR("\"1\""), false},
    {STR("0"), STR("false"), false},
    {STR("\"a\""), STR("\"\\u0061\""), true},
    {STR("\"a\""), STR("\"A\""), false},
    {STR("[]"), STR("{}"), false},
    {STR("[1,2]"), STR("[1,2]"), true},
    {STR("[1,2]"), STR("[2,1]"), false},
    {STR("[1,2]"), STR("[1,2,3]"), false},
    {STR("{\"a\":1,\"b\":2}"), STR("{\"b\":2,\"a\":1}"), true},
    {STR("{\"a\":1,\"b\":2}"), STR("{\"a\":1}"), false},
    {STR("{\"a\":1,\"b\":2}"), STR("{\"a\":1,\"c\":2}"), false},
    {STR("{\"a\":null}"), STR("{}"), false},
    {STR("{\"a\":[{\"b\":[]}]}"), STR("{\"a\":[{\"b\":[]}]}"), true},
    {STR("{\"a\":[{\"b\":[]}]}"), STR("{\"a\":[{\"b\":[0]}]}"), false},
};

TEST(equality_is_deep_and_without_coercion)
{
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct json a = parsed(&arena, pairs[i].a);
        struct json b = parsed(&arena, pairs[i].b);
        if (json_equal(&a, &b) != pairs[i].is_equal || json_equal(&b, &a) != pairs[i].is_equal)
            fail_msg("%.*s and %.*s", STR_ARG(pairs[i].a), STR_ARG(pairs[i].b));
    }
    arena_close(&arena);
}

/* {"k0":0,...} with `twist` put at the front, numbered upwards or downwards. */
static struct json many_members(struct arena *arena, const char *twist, uint32_t count,
                                bool is_reversed)
{
    struct buf text;
    struct json json;
    struct json_budget budget = json_budget_default;
    budget.members_max = count + 1;
    buf_open(&text, SIZE_MAX);
    buf_append_format(&text, "{\"%s\":0", twist);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = is_reversed ? count - 1 - i : i;
        buf_append_format(&text, ",\"k%u\":%u", n, n);
    }
    buf_append_byte(&text, '}');
    CHECK_OK(json_parse(arena, arena_copy_str(arena, buf_str(&text)), &budget, &json));
    buf_close(&text);
    return json;
}

/* Member by member against member this would take minutes. */
TEST(order_does_not_matter_among_many_members)
{
    static const uint32_t counts[] = {3, 15, 16, 17, 1000, 200000};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct arena arena;
        arena_open(&arena, 4096);
        struct json upwards = many_members(&arena, "x", counts[i], false);
        struct json downwards = many_members(&arena, "x", counts[i], true);
        struct json other = many_members(&arena, "y", counts[i], false);
        CHECK(json_equal(&upwards, &downwards));
        CHECK(!json_equal(&upwards, &other));
        downwards.members[1].value.number += 1;
        CHECK(!json_equal(&upwards, &downwards));
        arena_close(&arena);
    }
}

TEST(a_copy_borrows_nothing)
{
    static const char original[] = "{\"a\":[\"text\",1,{\"b\":\"\\u00e9\"},[],{}],\"c\":false}";
    char text[sizeof(original)];
    memcpy(text, original, sizeof(original));
    struct arena arena;
    struct arena kept;
    arena_open(&arena, 4096);
    arena_open(&kept, 4096);
    struct json json = parsed(&arena, (struct str){text, sizeof(text) - 1});
    struct json copy = json_copy(&kept, &json);
    memset(text, '#', sizeof(text));
    arena_close(&arena);

    struct json expected = parsed(&kept, str_of(original));
    CHECK(json_equal(&copy, &expected));
    arena_close(&kept);
}

TEST(trees_are_built_by_hand)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct json elements[] = {json_make_null(), json_make_boolean(true), json_make_number(1.5),
                              json_make_string(STR("x"))};
    struct json array = {.type = JSON_ARRAY, .count = 4, .elements = elements};
    struct json expected = parsed(&arena, STR("[null,true,1.5,\"x\"]"));
    CHECK(json_equal(&array, &expected));
    arena_close(&arena);
}

/* ---- canonical text -------------------------------------------------------------------- */

struct canonical {
    struct str text, canonical;
};

static const struct canonical canonicals[] = {
    {STR("{}"), STR("{}")},
    {STR(" [ ] "), STR("[]")},
    {STR("{\"b\":1,\"a\":{\"d\":[3,{\"z\":1,\"y\":2}],\"c\":null}}"),
     STR("{\"a\":{\"c\":null,\"d\":[3,{\"y\":2,\"z\":1}]},\"b\":1}")},
    {STR("[1, \"x\", true]"), STR("[1,\"x\",true]")},
    {STR("{\"9\":5,\"10\":4,\"\xc3\xa9\":1,\"z\":2,\"Z\":3}"),
     STR("{\"10\":4,\"9\":5,\"Z\":3,\"z\":2,\"\xc3\xa9\":1}")},
    {STR("{\"a\":1.0,\"b\":1e21,\"c\":-0,\"d\":0.1}"),
     STR("{\"a\":1,\"b\":1e+21,\"c\":0,\"d\":0.1}")},
    /* U+1F680 is written with surrogates, which come before U+FB01 */
    {STR("{\"\xef\xac\x81\":1,\"\xf0\x9f\x9a\x80\":2}"),
     STR("{\"\xf0\x9f\x9a\x80\":2,\"\xef\xac\x81\":1}")},
    {STR("{\"ab\":1,\"a\":2,\"\":3}"), STR("{\"\":3,\"a\":2,\"ab\":1}")},
    {STR("\"\\u00e9\\u001f\\/\""), STR("\"\xc3\xa9\\u001f/\"")},
};

TEST(canonical_text_is_sorted_by_utf16_units_at_every_depth)
{
    struct arena arena;
    struct buf buf;
    arena_open(&arena, 4096);
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < COUNT_OF(canonicals); i++) {
        struct json json = parsed(&arena, canonicals[i].text);
        buf_clear(&buf);
        json_append_canonical(&buf, &json);
        CHECK_STR(buf_str(&buf), canonicals[i].canonical);
    }
    buf_close(&buf);
    arena_close(&arena);
}

TEST(equal_trees_have_one_canonical_text)
{
    struct arena arena;
    struct buf first;
    struct buf second;
    arena_open(&arena, 4096);
    buf_open(&first, SIZE_MAX);
    buf_open(&second, SIZE_MAX);
    struct json upwards = many_members(&arena, "x", 3000, false);
    struct json downwards = many_members(&arena, "x", 3000, true);
    json_append_canonical(&first, &upwards);
    json_append_canonical(&second, &downwards);
    CHECK_STR(buf_str(&first), buf_str(&second));
    buf_close(&first);
    buf_close(&second);
    arena_close(&arena);
}

TESTS(members_are_found_by_key, equality_is_deep_and_without_coercion,
      order_does_not_matter_among_many_members, a_copy_borrows_nothing, trees_are_built_by_hand,
      canonical_text_is_sorted_by_utf16_units_at_every_depth, equal_trees_have_one_canonical_text)
