/* SPDX-License-Identifier: Apache-2.0 */
/* pages - a cursor leads on from where a list was left, and nothing else is one. */
#include "visitor.h"

static struct str next_of(struct visitor *visitor)
{
    struct str next = visitor_member(visitor, "next");
    CHECK(!str_is_absent(next));
    return next;
}

/* Answers one page whose last item has this key; absent: the last page. */
static void end_page(struct visitor *visitor, struct str key)
{
    struct admin_answer answer;
    struct json_writer *writer = admin_page_begin(&answer);
    json_u64(writer, 1);
    json_u64(writer, 2);
    admin_page_end(&visitor->x, &answer, key);
}

static struct visitor *ask(struct arena *arena, struct str cursor, struct admin_page *page)
{
    struct visitor *visitor =
        visitor_open(HTTP_GET, arena_format(arena, "/x?cursor=%.*s", STR_ARG(cursor)).data);
    CHECK(admin_read_page(&visitor->x, page));
    return visitor;
}

TEST(a_cursor_is_the_key_it_was_made_of)
{
    static const char *const keys[] = {"a", "checkout/dark mode", "", "\xff\n\"", "äöü", "0 9"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct admin_page page;
        struct visitor *visitor = visitor_open(HTTP_GET, "/x");
        end_page(visitor, str_of(keys[i]));
        struct visitor *next = ask(&visitor->arena, next_of(visitor), &page);
        CHECK_STR(page.after, str_of(keys[i]));
        CHECK_INT(page.limit, 100);
        visitor_close(next);
        visitor_close(visitor);
    }
}

TEST(the_last_page_has_no_next)
{
    struct visitor *visitor = visitor_open(HTTP_GET, "/x");
    end_page(visitor, (struct str){0});
    CHECK_STR(visitor->x.response.body, STR("{\"items\":[1,2],\"next\":null}"));
    CHECK(str_is_absent(visitor_header(visitor, "Link")));
    visitor_close(visitor);
}

TEST(the_link_keeps_the_rest_of_the_query)
{
    static const char *const targets[][2] = {
        {"/x", "</x?cursor=%.*s>; rel=\"next\""},
        {"/x?limit=2", "</x?limit=2&cursor=%.*s>; rel=\"next\""},
        {"/x?cursor=old&tag=a%20b&limit=2", "</x?tag=a%%20b&limit=2&cursor=%.*s>; rel=\"next\""},
        {"/x/a%2Fb?tag=a&&cursor=old", "</x/a%%2Fb?tag=a&cursor=%.*s>; rel=\"next\""},
        {"/x?q=<a>\"", "</x?q=%%3Ca%%3E%%22&cursor=%.*s>; rel=\"next\""},
    };
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        struct visitor *visitor = visitor_open(HTTP_GET, targets[i][0]);
        char expected[256];
        end_page(visitor, STR("k"));
        struct str next = next_of(visitor);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(expected, sizeof(expected), targets[i][1], STR_ARG(next));
#pragma GCC diagnostic pop
        CHECK_STR(visitor_header(visitor, "Link"), str_of(expected));
        visitor_close(visitor);
    }
}

static void expect_bad(const char *target, const char *parameter)
{
    struct admin_page page;
    struct visitor *visitor = visitor_open(HTTP_GET, target);
    CHECK(!admin_read_page(&visitor->x, &page));
    visitor_expect_refusal(visitor, 400, "invalid");
    CHECK_STR(visitor_place(visitor, "parameter"), str_of(parameter));
    visitor_close(visitor);
}

TEST(what_was_not_given_out_is_no_cursor)
{
    static const char *const cursors[] = {"",         "a",   "abcd",  "AAAAAA",
                                          "AAAAAAAA", "%20", "AAAA=", "-"};
    char target[128];
    for (size_t i = 0; i < COUNT_OF(cursors); i++) {
        snprintf(target, sizeof(target), "/x?cursor=%s", cursors[i]);
        expect_bad(target, "cursor");
    }
    struct visitor *visitor = visitor_open(HTTP_GET, "/x");
    end_page(visitor, STR("some-key"));
    struct str next = next_of(visitor);
    for (size_t size = 0; size < next.size; size++) {
        snprintf(target, sizeof(target), "/x?cursor=%.*s", (int)size, next.data);
        expect_bad(target, "cursor");
    }
    visitor_close(visitor);
}

TEST(a_limit_is_a_number_from_1_to_1000)
{
    static const char *const limits[] = {
        "0", "1001", "", "x", "-1", "1.0", "+5", "1%00", "99999999999999999999"};
    char target[128];
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        snprintf(target, sizeof(target), "/x?limit=%s", limits[i]);
        expect_bad(target, "limit");
    }
    expect_bad("/x?limit=%", "limit");
    static const size_t good[] = {1, 100, 1000};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct admin_page page;
        snprintf(target, sizeof(target), "/x?limit=%zu", good[i]);
        struct visitor *visitor = visitor_open(HTTP_GET, target);
        CHECK(admin_read_page(&visitor->x, &page));
        CHECK_INT(page.limit, good[i]);
        CHECK(str_is_absent(page.after));
        visitor_close(visitor);
    }
}

TESTS(a_cursor_is_the_key_it_was_made_of, the_last_page_has_no_next,
      the_link_keeps_the_rest_of_the_query, what_was_not_given_out_is_no_cursor,
      a_limit_is_a_number_from_1_to_1000)
