/* SPDX-License-Identifier: Apache-2.0 */
/* conditions - If-Match and If-None-Match, as RFC 9110 has them, and tags to hold them against. */
#include "dialect/admin/condition.h"

#include "snapshot/snapshot.h"
#include "visitor.h"

TEST(lists_of_tags_are_told_from_what_is_none)
{
    static const char *const lists[] = {
        "*",    " * ",     "\"a\"",  "W/\"a\"",     "\"a\", \"b\"", "\"a\",\"b\" , W/\"c\"",
        "\"\"", "\"a,b\"", "\"a\",", "\"\xc3\xa4\""};
    static const char *const others[] = {
        "",         "a",        "\"a", "a\"",     "\"a\" \"b\"", ",\"a\"", "w/\"a\"", "\"a\";\"b\"",
        "*, \"a\"", "\"a\", *", "W/",  "\"a b\"", "\"a\"b"};
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        CHECK(condition_is_list(str_of(lists[i])));
    for (size_t i = 0; i < COUNT_OF(others); i++)
        CHECK(!condition_is_list(str_of(others[i])));
}

TEST(weak_tags_are_equal_to_read_and_not_to_change)
{
    struct str tag = STR("\"7-3\"");
    CHECK(condition_names(STR("\"7-3\""), tag));
    CHECK(condition_names(STR("W/\"7-3\""), tag));
    CHECK(condition_names(STR("\"x\", W/\"7-3\""), tag));
    CHECK(condition_names(STR("*"), tag));
    CHECK(!condition_names(STR("\"7-4\""), tag));
    CHECK(!condition_names(STR("7-3"), tag));
    CHECK(!condition_names((struct str){0}, tag));
    CHECK(!condition_names(STR("*"), (struct str){0}));
    CHECK(condition_names_strongly(STR("\"7-2\",\"7-3\""), tag));
    CHECK(condition_names_strongly(STR("*"), tag));
    CHECK(!condition_names_strongly(STR("W/\"7-3\""), tag));
    CHECK(!condition_names_strongly(STR("\"7-30\""), tag));
    CHECK(!condition_names_strongly(STR("\"7-3"), tag));
}

static struct fault check(const char *match, const char *none_match, const char *tag)
{
    static struct arena arena;
    struct admin_condition condition;
    struct visitor *visitor = visitor_open(HTTP_PUT, "/");
    if (match != NULL)
        visitor_say(visitor, "If-Match", match);
    if (none_match != NULL)
        visitor_say(visitor, "If-None-Match", none_match);
    arena_open(&arena, 256);
    CHECK(admin_read_condition(&visitor->x, &condition));
    struct fault fault = admin_condition_check(&condition, str_of(tag), &arena);
    arena_close(&arena);
    visitor_close(visitor);
    return fault;
}

TEST(a_change_happens_to_what_the_caller_has_seen)
{
    CHECK_OK(check(NULL, NULL, "\"1\""));
    CHECK_OK(check(NULL, NULL, NULL));
    CHECK_OK(check("\"1\"", NULL, "\"1\""));
    CHECK_OK(check("*", NULL, "\"1\""));
    CHECK_FAULT(check("\"1\"", NULL, "\"2\""), FAULT_STALE);
    CHECK_FAULT(check("\"1\"", NULL, NULL), FAULT_STALE);
    CHECK_FAULT(check("*", NULL, NULL), FAULT_STALE);
    CHECK_FAULT(check("W/\"1\"", NULL, "\"1\""), FAULT_STALE);
    CHECK_OK(check(NULL, "*", NULL));
    CHECK_FAULT(check(NULL, "*", "\"1\""), FAULT_STALE);
}

TEST(conditions_that_say_nothing_are_refused)
{
    static const char *const pairs[][2] = {
        {"If-Match", "1"}, {"If-Match", ""}, {"If-None-Match", "\"1\""}, {"If-None-Match", "x"}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        struct admin_condition condition;
        struct visitor *visitor = visitor_open(HTTP_PUT, "/");
        visitor_say(visitor, pairs[i][0], pairs[i][1]);
        CHECK(!admin_read_condition(&visitor->x, &condition));
        visitor_expect_refusal(visitor, 400, "invalid");
        visitor_close(visitor);
    }
}

TEST(tags_say_number_and_revision_or_what_the_text_is)
{
    struct arena arena;
    const struct provenance provenance = {.number = 12, .sequence = 3};
    random_open();
    arena_open(&arena, 256);
    CHECK_STR(admin_tag_of_flag(&arena, &provenance), STR("\"12-3\""));
    struct str tag = admin_tag_of_text(&arena, STR("a"));
    CHECK(condition_is_list(tag));
    CHECK_STR(admin_tag_of_text(&arena, STR("a")), tag);
    CHECK(!str_equal(admin_tag_of_text(&arena, STR("b")), tag));
    arena_close(&arena);
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static struct visitor *answer(enum http_method method, const char *none_match, const char *tag,
                              int status)
{
    struct visitor *visitor = visitor_open(method, "/admin/v1/x");
    struct admin_answer answer;
    if (none_match != NULL)
        visitor_say(visitor, "If-None-Match", none_match);
    json_string(admin_answer_begin(&answer), STR("hello"));
    if (tag != NULL)
        admin_answer_tag(&visitor->x, str_of(tag));
    admin_answer_end(&visitor->x, &answer, status);
    return visitor;
}

TEST(what_the_caller_has_is_not_sent_again)
{
    struct visitor *first = answer(HTTP_GET, NULL, NULL, 200);
    CHECK_INT(first->x.response.status, 200);
    CHECK_STR(first->x.response.body, STR("\"hello\""));
    struct str tag = visitor_header(first, "ETag");
    const char *text = arena_format(&first->arena, "\"other\", %.*s", STR_ARG(tag)).data;
    struct visitor *again = answer(HTTP_HEAD, text, NULL, 200);
    CHECK_INT(again->x.response.status, 304);
    CHECK_STR(again->x.response.body, STR(""));
    CHECK_STR(visitor_header(again, "ETag"), tag);
    CHECK(str_is_absent(visitor_header(again, "Content-Type")));
    visitor_close(again);
    again = answer(HTTP_GET, text, "\"12-3\"", 200);
    CHECK_INT(again->x.response.status, 200);
    CHECK_STR(visitor_header(again, "ETag"), STR("\"12-3\""));
    visitor_close(again);
    visitor_close(first);
}

TEST(changes_have_a_tag_when_one_is_said_and_are_never_304)
{
    struct visitor *visitor = answer(HTTP_PUT, "*", "\"12-4\"", 200);
    CHECK_INT(visitor->x.response.status, 200);
    CHECK_STR(visitor_header(visitor, "ETag"), STR("\"12-4\""));
    visitor_close(visitor);
    visitor = answer(HTTP_POST, NULL, NULL, 201);
    CHECK(str_is_absent(visitor_header(visitor, "ETag")));
    visitor_close(visitor);
}

TESTS(lists_of_tags_are_told_from_what_is_none, weak_tags_are_equal_to_read_and_not_to_change,
      a_change_happens_to_what_the_caller_has_seen, conditions_that_say_nothing_are_refused,
      tags_say_number_and_revision_or_what_the_text_is, what_the_caller_has_is_not_sent_again,
      changes_have_a_tag_when_one_is_said_and_are_never_304)
