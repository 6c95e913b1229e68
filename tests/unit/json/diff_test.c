/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "test.h"
#include "json/diff.h"
#include "json/write.h"

static struct json parsed(struct arena *arena, struct str text)
{
    struct json json;
    CHECK_OK(json_parse(arena, text, &json_budget_default, &json));
    return json;
}

static void append_value(struct buf *buf, const struct json *value)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_tree(&writer, value);
}

/* "+/a=1 -/b=2 ~/c=1>2 ^/d/1=0>1": added, removed, replaced, moved. */
static struct str told(struct arena *arena, struct str older, struct str newer)
{
    static const char signs[] = {'+', '-', '~', '^'};
    struct json before = parsed(arena, older);
    struct json after = parsed(arena, newer);
    const struct json_difference *list = NULL;
    size_t count = json_diff(arena, &before, &after, &list);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct json_difference *one = &list[i];
        buf_append_format(&buf, "%s%c%.*s=", i == 0 ? "" : " ", signs[one->kind],
                          STR_ARG(one->path));
        if (one->kind == JSON_MOVED) {
            buf_append_format(&buf, "%u>%u", one->older_index, one->newer_index);
            continue;
        }
        if (one->older != NULL)
            append_value(&buf, one->older);
        if (one->older != NULL && one->newer != NULL)
            buf_append_byte(&buf, '>');
        if (one->newer != NULL)
            append_value(&buf, one->newer);
    }
    struct str text = arena_copy_str(arena, buf.size == 0 ? STR("") : buf_str(&buf));
    buf_close(&buf);
    return text;
}

struct story {
    struct str older, newer, told;
};

static void check_stories(const struct story *stories, size_t count)
{
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < count; i++) {
        struct str text = told(&arena, stories[i].older, stories[i].newer);
        if (!str_equal(text, stories[i].told))
            fail_msg("%.*s -> %.*s: got \"%.*s\", expected \"%.*s\"", STR_ARG(stories[i].older),
                     STR_ARG(stories[i].newer), STR_ARG(text), STR_ARG(stories[i].told));
    }
    arena_close(&arena);
}

TEST(what_is_equal_has_no_difference)
{
    static const struct story stories[] = {
        {STR("null"), STR("null"), STR("")},
        {STR("{\"a\":1,\"b\":[{\"id\":\"x\"}]}"), STR("{\"b\":[{\"id\":\"x\"}],\"a\":1.0}"),
         STR("")},
        {STR("[]"), STR("[]"), STR("")},
        {STR("[1,1,2]"), STR("[1,1,2]"), STR("")},
        {STR("-0"), STR("0"), STR("")},
    };
    check_stories(stories, COUNT_OF(stories));
}

TEST(members_are_added_removed_and_replaced)
{
    static const struct story stories[] = {
        {STR("{\"a\":1}"), STR("{\"a\":2}"), STR("~/a=1>2")},
        {STR("{\"a\":1}"), STR("{\"b\":1}"), STR("-/a=1 +/b=1")},
        {STR("{\"a\":{\"b\":{\"c\":1}}}"), STR("{\"a\":{\"b\":{\"c\":null}}}"),
         STR("~/a/b/c=1>null")},
        {STR("{\"a\":1}"), STR("[1]"), STR("~={\"a\":1}>[1]")},
        {STR("{\"a\":\"1\"}"), STR("{\"a\":1}"), STR("~/a=\"1\">1")},
        {STR("{\"a/b\":1,\"c~d\":1,\"\":1}"), STR("{\"a/b\":2,\"c~d\":2,\"\":2}"),
         STR("~/a~1b=1>2 ~/c~0d=1>2 ~/=1>2")},
    };
    check_stories(stories, COUNT_OF(stories));
}

TEST(elements_with_ids_are_matched_by_them)
{
    static const struct story stories[] = {
        {STR("[{\"id\":\"a\",\"v\":1},{\"id\":\"b\",\"v\":1}]"), STR("[{\"id\":\"b\",\"v\":2}]"),
         STR("-/0={\"id\":\"a\",\"v\":1} ~/0/v=1>2")},
        {STR("[{\"id\":\"b\"}]"), STR("[{\"id\":\"a\"},{\"id\":\"b\"}]"),
         STR("+/0={\"id\":\"a\"}")},
        {STR("[]"), STR("[{\"id\":\"a\"}]"), STR("+/0={\"id\":\"a\"}")},
        {STR("[{\"id\":\"a\"}]"), STR("[]"), STR("-/0={\"id\":\"a\"}")},
        /* one of them twice, or without: no names */
        {STR("[{\"id\":\"a\"},{\"id\":\"a\",\"v\":1}]"), STR("[{\"id\":\"a\"},{\"id\":\"a\"}]"),
         STR("-/1/v=1")},
        {STR("[{\"id\":1}]"), STR("[{\"id\":2}]"), STR("~/0/id=1>2")},
    };
    check_stories(stories, COUNT_OF(stories));
}

TEST(texts_and_numbers_are_their_own_names)
{
    static const struct story stories[] = {
        {STR("[\"a\",\"b\",\"c\",\"d\"]"), STR("[\"b\",\"c\",\"d\",\"e\"]"),
         STR("-/0=\"a\" +/3=\"e\"")},
        {STR("[1,2,3]"), STR("[1,3]"), STR("-/1=2")},
        {STR("[1]"), STR("[\"1\"]"), STR("~/0=1>\"1\"")},
        {STR("[\"a\",\"a\"]"), STR("[\"a\"]"), STR("-/1=\"a\"")},
    };
    check_stories(stories, COUNT_OF(stories));
}

TEST(the_fewest_are_said_to_have_moved)
{
    static const struct story stories[] = {
        {STR("[\"a\",\"b\",\"c\"]"), STR("[\"c\",\"a\",\"b\"]"), STR("^/0=2>0")},
        {STR("[\"a\",\"b\",\"c\"]"), STR("[\"b\",\"c\",\"a\"]"), STR("^/2=0>2")},
        {STR("[\"a\",\"b\"]"), STR("[\"b\",\"a\"]"), STR("^/0=1>0")},
        {STR("[{\"id\":\"a\"},{\"id\":\"b\",\"v\":1}]"),
         STR("[{\"id\":\"b\",\"v\":2},{\"id\":\"a\"}]"), STR("^/0=1>0 ~/0/v=1>2")},
        /* what came and went moves nobody */
        {STR("[\"a\",\"b\",\"c\"]"), STR("[\"x\",\"b\",\"y\",\"c\"]"),
         STR("-/0=\"a\" +/0=\"x\" +/2=\"y\"")},
    };
    check_stories(stories, COUNT_OF(stories));
}

TEST(other_arrays_lose_what_both_ends_have_in_common)
{
    static const struct story stories[] = {
        {STR("[true,true,true]"), STR("[true,false,true]"), STR("~/1=true>false")},
        {STR("[{\"f\":\"a\"},{\"f\":\"b\"}]"), STR("[{\"f\":\"b\"}]"), STR("-/0={\"f\":\"a\"}")},
        {STR("[{\"f\":\"a\"}]"), STR("[{\"f\":\"b\"},{\"f\":\"a\"}]"), STR("+/0={\"f\":\"b\"}")},
        {STR("[{\"f\":\"a\",\"v\":[1]}]"), STR("[{\"f\":\"a\",\"v\":[1,2]}]"), STR("+/0/v/1=2")},
        {STR("[null]"), STR("[null,null]"), STR("+/1=null")},
        {STR("[[1],[2]]"), STR("[[1],[3]]"), STR("-/1/0=2 +/1/0=3")},
    };
    check_stories(stories, COUNT_OF(stories));
}

/* As deep as a tree can be, and wide: time stays in proportion. */
TEST(large_and_deep_trees_are_compared)
{
    enum { COUNT = 20000 };
    struct json_budget budget = {.depth_max = JSON_DEPTH_MAX,
                                 .members_max = COUNT,
                                 .string_bytes_max = 64,
                                 .number_bytes_max = 64};
    struct arena arena;
    struct buf older;
    struct buf newer;
    struct json before;
    struct json after;
    const struct json_difference *list = NULL;
    arena_open(&arena, 1024 * 1024);
    buf_open(&older, SIZE_MAX);
    buf_open(&newer, SIZE_MAX);
    for (int i = 0; i < COUNT; i++) {
        buf_append_format(&older, "%s\"k%d\"", i == 0 ? "[" : ",", i);
        buf_append_format(&newer, "%s\"k%d\"", i == 0 ? "[" : ",", COUNT - i);
    }
    buf_append_byte(&older, ']');
    buf_append_byte(&newer, ']');
    CHECK_OK(json_parse(&arena, buf_str(&older), &budget, &before));
    CHECK_OK(json_parse(&arena, buf_str(&newer), &budget, &after));
    /* k0 went, kCOUNT came, one of the others stays where it is */
    CHECK_INT(json_diff(&arena, &before, &after, &list), COUNT);

    buf_clear(&older);
    buf_clear(&newer);
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        buf_append_byte(&older, '[');
        buf_append_byte(&newer, '[');
    }
    buf_append(&older, STR("1"));
    buf_append(&newer, STR("2"));
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        buf_append_byte(&older, ']');
        buf_append_byte(&newer, ']');
    }
    CHECK_OK(json_parse(&arena, buf_str(&older), &budget, &before));
    CHECK_OK(json_parse(&arena, buf_str(&newer), &budget, &after));
    CHECK_INT(json_diff(&arena, &before, &after, &list), 2);
    CHECK_INT(list[0].path.size, 2 * JSON_DEPTH_MAX);
    buf_close(&older);
    buf_close(&newer);
    arena_close(&arena);
}

TESTS(what_is_equal_has_no_difference, members_are_added_removed_and_replaced,
      elements_with_ids_are_matched_by_them, texts_and_numbers_are_their_own_names,
      the_fewest_are_said_to_have_moved, other_arrays_lose_what_both_ends_have_in_common,
      large_and_deep_trees_are_compared)
