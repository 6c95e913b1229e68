/* SPDX-License-Identifier: Apache-2.0 */
/* problems - every refusal has one form, and says where. */
#include "dialect/admin/problems.h"

#include "visitor.h"

TEST(paths_of_checks_become_pointers)
{
    static const char *const pairs[][2] = {
        {"$", ""},
        {"$.rules[0].when", "/rules/0/when"},
        {"$.rules[12]", "/rules/12"},
        {"$.flags[3].rules[0].when.expressions[2].value[7]",
         "/flags/3/rules/0/when/expressions/2/value/7"},
        {"$.variations[0].value[1][2]", "/variations/0/value/1/2"},
        {"$.metadata.a/b~c", "/metadata/a~1b~0c"},
        {"$[4]", "/4"},
        {"/rules/0", "/rules/0"},
        {"", ""},
    };
    struct arena arena;
    arena_open(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        CHECK_STR(problem_pointer(&arena, str_of(pairs[i][0])), str_of(pairs[i][1]));
    CHECK(str_is_absent(problem_pointer(&arena, STR("byte 12"))));
    CHECK(str_is_absent(problem_pointer(&arena, STR("authorization"))));
    CHECK(str_is_empty(problem_pointer(&arena, (struct str){0})));
    arena_close(&arena);
}

TEST(broken_paths_are_read_to_their_end)
{
    struct arena arena;
    arena_open(&arena, 1024);
    CHECK_STR(problem_pointer(&arena, STR("$.a[")), STR("/a/"));
    CHECK_STR(problem_pointer(&arena, STR("$.a[1")), STR("/a/1"));
    CHECK_STR(problem_pointer(&arena, STR("$.")), STR("/"));
    CHECK_STR(problem_pointer(&arena, STR("$..")), STR("//"));
    CHECK_STR(problem_pointer(&arena, STR("$x")), STR("/"));
    arena_close(&arena);
}

TEST(codes_are_unique_and_every_kind_of_fault_has_its_status)
{
    static const struct {
        enum fault_kind kind;
        int status;
        const char *code;
    } kinds[] = {
        {FAULT_INVALID, 400, "invalid"},
        {FAULT_MISSING, 404, "not_found"},
        {FAULT_CONFLICT, 409, "conflict"},
        {FAULT_UNAUTHENTICATED, 401, "unauthenticated"},
        {FAULT_DENIED, 403, "denied"},
        {FAULT_LIMIT, 422, "limit"},
        {FAULT_UNAVAILABLE, 503, "unavailable"},
        {FAULT_STALE, 412, "stale"},
        {FAULT_FULL, 507, "full"},
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct problem *problem =
            problem_of(fault_make(kinds[i].kind, STR(""), STR("why")), 0);
        CHECK_INT(problem->status, kinds[i].status);
        CHECK_STR(problem->code, str_of(kinds[i].code));
    }
    for (size_t i = 0; i < problem_count; i++) {
        CHECK(problem_find(problems[i].code) == &problems[i]);
        CHECK(problems[i].title.size > 0);
        CHECK(problems[i].detail.size > 0);
        CHECK(problem_of(fault_none(), problems[i].status)->status == problems[i].status);
    }
    CHECK(problem_find(STR("nonsense")) == NULL);
    CHECK(problem_find(STR("")) == NULL);
}

TEST(a_problem_document_says_all_there_is_to_say)
{
    struct visitor *visitor = visitor_open(HTTP_PUT, "/admin/v1/flags/a%20b?x=1");
    visitor_say(visitor, "X-Request-ID", "mine-7");
    struct fault fault =
        fault_make(FAULT_INVALID, STR("$.rules[0].when"), STR("must be \"something\""));
    admin_refuse(&visitor->x, fault, 0, (struct str){0});
    visitor_expect_refusal(visitor, 400, "invalid");
    CHECK_STR(visitor_member(visitor, "type"), STR("/problems/invalid"));
    CHECK_STR(visitor_member(visitor, "title"), STR("Invalid request"));
    CHECK_STR(visitor_member(visitor, "detail"), STR("must be \"something\""));
    CHECK_STR(visitor_member(visitor, "instance"), STR("/admin/v1/flags/a%20b"));
    CHECK_STR(visitor_member(visitor, "requestId"), STR("mine-7"));
    CHECK_STR(visitor_place(visitor, "pointer"), STR("/rules/0/when"));
    CHECK_STR(visitor_header(visitor, "Content-Type"), STR("application/problem+json"));
    CHECK_STR(visitor_header(visitor, "X-Request-Id"), STR("mine-7"));
    visitor_close(visitor);
}

TEST(what_is_no_place_is_not_shown_as_one)
{
    struct visitor *visitor = visitor_open(HTTP_GET, "/admin/v1/x");
    admin_refuse(&visitor->x, fault_make(FAULT_UNAUTHENTICATED, STR("authorization"), STR("no")), 0,
                 (struct str){0});
    visitor_expect_refusal(visitor, 401, "unauthenticated");
    CHECK(str_is_absent(visitor_place(visitor, "pointer")));
    CHECK_STR(visitor_header(visitor, "WWW-Authenticate"), STR("Bearer"));
    CHECK_INT(visitor_member(visitor, "requestId").size, 22);
    visitor_close(visitor);
}

/* Before there is a request, there is only what was read of its path, whatever that is. */
TEST(a_request_that_never_was_gets_a_document_too)
{
    struct visitor *visitor = visitor_open(HTTP_GET, "/");
    visitor->x.request = NULL;
    visitor->x.path = STR("/admin/v1/\xff<\"\x01");
    admin_refuse(&visitor->x, fault_make(FAULT_INVALID, STR("request"), (struct str){0}), 431,
                 (struct str){0});
    visitor_expect_refusal(visitor, 431, "headers_too_large");
    CHECK_STR(visitor_member(visitor, "instance"), STR("/admin/v1/%FF%3C%22%01"));
    visitor_close(visitor);
}

TEST(a_kind_is_described_where_its_type_leads)
{
    for (size_t i = 0; i < problem_count; i++) {
        struct visitor *visitor = visitor_open(HTTP_GET, "/problems/x");
        visitor->x.parameters[0] = problems[i].code;
        admin_describe_problem(&visitor->x);
        CHECK_INT(visitor->x.response.status, 200);
        CHECK_STR(visitor_member(visitor, "code"), problems[i].code);
        CHECK_STR(visitor_member(visitor, "title"), problems[i].title);
        visitor_close(visitor);
    }
    struct visitor *visitor = visitor_open(HTTP_GET, "/problems/x");
    visitor->x.parameters[0] = STR("x");
    admin_describe_problem(&visitor->x);
    visitor_expect_refusal(visitor, 404, "not_found");
    visitor_close(visitor);
}

TESTS(paths_of_checks_become_pointers, broken_paths_are_read_to_their_end,
      codes_are_unique_and_every_kind_of_fault_has_its_status,
      a_problem_document_says_all_there_is_to_say, what_is_no_place_is_not_shown_as_one,
      a_request_that_never_was_gets_a_document_too, a_kind_is_described_where_its_type_leads)
