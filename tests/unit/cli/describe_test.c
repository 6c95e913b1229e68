/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/describe.h"
#include "cli/output.h"
#include "test.h"

static struct json parsed(struct arena *arena, const char *text)
{
    struct json json;
    CHECK_OK(json_parse(arena, str_of(text), &json_budget_default, &json));
    return json;
}

/* What is said of an array of differences. */
static struct str said(struct arena *arena, const char *differences)
{
    struct json json = parsed(arena, differences);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    describe_differences(&buf, &json, STR("; "));
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* What is said of two documents. */
static struct str compared(struct session *session, const char *older, const char *newer)
{
    struct json before = parsed(&session->arena, older), after = parsed(&session->arena, newer);
    struct json changes =
        describe_compare(session, STR("flag"), STR("one"), &before, &after, false);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    if (changes.count > 0)
        describe_differences(&buf, json_find(&changes.elements[0], STR("diff")), STR("; "));
    struct str text = arena_copy_str(&session->arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

TEST(a_difference_is_said_as_people_say_it)
{
    static const struct {
        const char *differences, *words;
    } cases[] = {
        {"[{\"op\":\"replace\",\"path\":\"/enabled\",\"from\":false,\"to\":true}]", "turned on"},
        {"[{\"op\":\"add\",\"path\":\"/archived\",\"to\":true}]", "archived"},
        {"[{\"op\":\"remove\",\"path\":\"/archived\",\"from\":true}]",
         "taken back from the archive"},
        {"[{\"op\":\"add\",\"path\":\"/tags/1\",\"to\":\"web\"}]", "tag 2 added: \"web\""},
        {"[{\"op\":\"replace\",\"path\":\"/a~1b\",\"from\":1,\"to\":2}]", "a/b: 1 -> 2"},
        {"[{\"op\":\"move\",\"path\":\"/rules/0\",\"from\":2,\"to\":0}]",
         "rule 1 moved here from place 3"},
        {"[{\"op\":\"replace\",\"path\":\"/fallthrough/bucket/slices/0/percent\",\"from\":20,"
         "\"to\":50}]",
         "fallthrough: 20 % -> 50 %"},
        {"[{\"op\":\"replace\",\"path\":\"/rules/2/serve/rollout/variations/1/weight\","
         "\"from\":12500,\"to\":0}]",
         "rule 3 serve share 2: 12.5 % -> 0 %"},
    };
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_STR(said(&arena, cases[i].differences), str_of(cases[i].words));
    arena_close(&arena);
}

TEST(one_way_of_serving_for_another_is_one_thing)
{
    struct arena arena;
    arena_open(&arena, 4096);
    CHECK_STR(said(&arena,
                   "[{\"op\":\"remove\",\"path\":\"/fallthrough/variation\",\"from\":\"off\"},"
                   "{\"op\":\"add\",\"path\":\"/fallthrough/rollout\",\"to\":{\"variations\":"
                   "[{\"variation\":\"on\",\"weight\":20000},"
                   "{\"variation\":\"off\",\"weight\":80000}]}}]"),
              STR("fallthrough: off -> 20 % on, 80 % off"));
    CHECK_STR(said(&arena, "[{\"op\":\"remove\",\"path\":\"/a/variation\",\"from\":\"x\"},"
                           "{\"op\":\"add\",\"path\":\"/b/variation\",\"to\":\"y\"}]"),
              STR("a variation removed: \"x\"; b variation added: \"y\""));
    arena_close(&arena);
}

#define RULE(id, plans)                                                                            \
    "{\"id\":\"" id "\",\"when\":{\"op\":\"match\",\"attribute\":\"plan\",\"operator\":\"in\","    \
    "\"value\":[" plans "]},\"serve\":{\"variation\":\"on\"}}"

TEST(a_condition_is_compared_as_a_whole)
{
    struct session session = {.format = OUTPUT_TABLE};
    arena_open(&session.arena, 4096);
    CHECK_STR(compared(&session, "{\"rules\":[" RULE("a", "\"pro\"") "]}",
                       "{\"rules\":[" RULE("a", "\"pro\",\"team\"") "]}"),
              STR("rule 1: plan in {pro} -> plan in {pro, team}"));
    CHECK_STR(compared(&session, "{\"rules\":[]}", "{\"rules\":[" RULE("a", "\"pro\"") "]}"),
              STR("rule 1 added: if plan in {pro} serve on"));
    CHECK_STR(compared(&session, "{\"a\":1}", "{\"a\":1}"), STR(""));
    arena_close(&session.arena);
}

TEST(a_rule_is_the_same_one_when_its_id_is)
{
    struct session session = {.format = OUTPUT_TABLE};
    arena_open(&session.arena, 4096);
    CHECK_STR(compared(&session, "{\"rules\":[" RULE("a", "\"x\"") "," RULE("b", "\"y\"") "]}",
                       "{\"rules\":[" RULE("b", "\"z\"") "]}"),
              STR("rule 1 removed: if plan in {x} serve on; rule 1: plan in {y} -> plan in {z}"));
    arena_close(&session.arena);
}

TEST(what_a_terminal_would_obey_is_shown)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    output_append_visible(&buf, STR("a\x1b[2J\n\x7f\xc2\x85\xe2\x80\xae\xef\xbb\xbf\xe2\x9c\x93"));
    CHECK_STR(buf_str(&buf), STR("a\\x1b[2J\\x0a\\x7f\\x85\\u202e\\ufeff\xe2\x9c\x93"));
    buf_clear(&buf);
    output_append_visible_json(&buf, STR("\"\x7f\xe2\x80\x8b\"\n"));
    CHECK_STR(buf_str(&buf), STR("\"\\u007f\\u200b\"\n"));
    buf_close(&buf);
}

TESTS(a_difference_is_said_as_people_say_it, one_way_of_serving_for_another_is_one_thing,
      a_condition_is_compared_as_a_whole, a_rule_is_the_same_one_when_its_id_is,
      what_a_terminal_would_obey_is_shown)
