/* SPDX-License-Identifier: Apache-2.0 */
/* path - one decoding, one canonical form, or a refusal. */
#include "http/http.h"
#include "test.h"

static const struct {
    struct str raw;
    struct str canonical; /* absent: refused */
} paths[] = {
    {STR("/"), STR("/")},
    {STR("/a"), STR("/a")},
    {STR("/a/b"), STR("/a/b")},
    {STR("/a/"), STR("/a/")},
    {STR("//a"), STR("/a")},
    {STR("//sdk/v2/vardata"), STR("/sdk/v2/vardata")},
    {STR("/a//b"), STR("/a/b")},
    {STR("/a///b//"), STR("/a/b/")},
    {STR("///"), STR("/")},
    {STR("/%61"), STR("/a")},
    {STR("/%41dmin"), STR("/Admin")},
    {STR("/a%20b"), STR("/a b")},
    {STR("/a+b"), STR("/a+b")},
    {STR("/a%2Bb"), STR("/a+b")},
    {STR("/%25"), STR("/%")},
    {STR("/%252e%252e/"), STR("/%2e%2e/")},
    {STR("/%252f"), STR("/%2f")},
    {STR("/a%3Fb"), STR("/a?b")},
    {STR("/a%23b"), STR("/a#b")},
    {STR("/a;b=c"), STR("/a;b=c")},
    {STR("/.well-known"), STR("/.well-known")},
    {STR("/..."), STR("/...")},
    {STR("/a.b"), STR("/a.b")},
    {STR("/a..b"), STR("/a..b")},
    {STR("/a."), STR("/a.")},
    {STR("/a.."), STR("/a..")},
    {STR("/%C3%A9"), STR("/\xc3\xa9")},
    {STR("/%c3%a9"), STR("/\xc3\xa9")},
    {STR("/%F0%9F%9A%A9"), STR("/\xf0\x9f\x9a\xa9")},
    {STR("/\xc3\xa9"), STR("/\xc3\xa9")},
    {STR("/~user:!$&'()*,="), STR("/~user:!$&'()*,=")},
    {STR(""), {0}},
    {STR("a"), {0}},
    {STR("*"), {0}},
    {STR("http://a/"), {0}},
    {STR("/."), {0}},
    {STR("/.."), {0}},
    {STR("/./"), {0}},
    {STR("/../a"), {0}},
    {STR("/a/."), {0}},
    {STR("/a/.."), {0}},
    {STR("/a/./b"), {0}},
    {STR("/a/../b"), {0}},
    {STR("//../a"), {0}},
    {STR("/%2e"), {0}},
    {STR("/%2e%2e/a"), {0}},
    {STR("/.%2E/a"), {0}},
    {STR("/a/%2e./b"), {0}},
    {STR("/a%2fb"), {0}},
    {STR("/a%2Fb"), {0}},
    {STR("/%2f"), {0}},
    {STR("/a%5cb"), {0}},
    {STR("/a%5Cb"), {0}},
    {STR("/a\\b"), {0}},
    {STR("/..\\a"), {0}},
    {STR("/a%00"), {0}},
    {STR("/a%00.json"), {0}},
    {STR("/a\0b"), {0}},
    {STR("/a%0a"), {0}},
    {STR("/a%0D%0AX:y"), {0}},
    {STR("/a%09"), {0}},
    {STR("/a%7f"), {0}},
    {STR("/a%1b"), {0}},
    {STR("/%"), {0}},
    {STR("/%4"), {0}},
    {STR("/%zz"), {0}},
    {STR("/%4g"), {0}},
    {STR("/% 41"), {0}},
    {STR("/%+41"), {0}},
    {STR("/%u0041"), {0}},
    {STR("/%c0%ae%c0%ae/"), {0}}, /* overlong ".." */
    {STR("/%e0%80%af"), {0}},     /* overlong "/" */
    {STR("/%ff"), {0}},
    {STR("/%c3"), {0}},
    {STR("/%c3/%a9"), {0}},
    {STR("/%ed%a0%80"), {0}},    /* a surrogate */
    {STR("/%f4%90%80%80"), {0}}, /* beyond U+10FFFF */
    {STR("/\xff"), {0}},
};

TEST(a_path_has_one_canonical_form_or_none)
{
    struct arena arena;
    arena_open(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct str path = {0};
        struct fault fault = http_canonical_path(&arena, paths[i].raw, &path);
        bool is_refused = str_is_absent(paths[i].canonical);
        if (failed(fault) != is_refused)
            print_error("%.*s\n", STR_ARG(paths[i].raw));
        CHECK_FAULT(fault, is_refused ? FAULT_INVALID : FAULT_NONE);
        if (!is_refused)
            CHECK_STR(path, paths[i].canonical);
    }
    arena_close(&arena);
}

TEST(canonical_paths_without_a_percent_stay_as_they_are)
{
    struct arena arena;
    arena_open(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct str canonical = paths[i].canonical;
        if (str_is_absent(canonical) || str_contains(canonical, STR("%")))
            continue;
        struct str again = {0};
        CHECK_OK(http_canonical_path(&arena, canonical, &again));
        CHECK_STR(again, canonical);
    }
    arena_close(&arena);
}

static const struct {
    struct str query, name;
    struct str value; /* absent: there is none */
    bool is_malformed;
} queries[] = {
    {STR("a=1"), STR("a"), STR("1"), false},
    {STR("a=1&b=2"), STR("b"), STR("2"), false},
    {STR("a=1&a=2"), STR("a"), STR("1"), false},
    {STR("a=1"), STR("b"), {0}, false},
    {STR("aa=1"), STR("a"), {0}, false},
    {STR("A=1"), STR("a"), {0}, false},
    {STR(""), STR("a"), {0}, false},
    {STR("a"), STR("a"), STR(""), false},
    {STR("a="), STR("a"), STR(""), false},
    {STR("=1"), STR("a"), {0}, false},
    {STR("&&a=1&"), STR("a"), STR("1"), false},
    {STR("a=b=c"), STR("a"), STR("b=c"), false},
    {STR("a=x+y"), STR("a"), STR("x y"), false},
    {STR("a=x%2By"), STR("a"), STR("x+y"), false},
    {STR("a=x%20y"), STR("a"), STR("x y"), false},
    {STR("a=%26%3D"), STR("a"), STR("&="), false},
    {STR("%61=1"), STR("a"), STR("1"), false},
    {STR("a%5B%5D=1"), STR("a[]"), STR("1"), false},
    {STR("a=%c3%a9"), STR("a"), STR("\xc3\xa9"), false},
    {STR("a=%2525"), STR("a"), STR("%25"), false},
    {STR("a=%"), STR("a"), {0}, true},
    {STR("a=%4"), STR("a"), {0}, true},
    {STR("a=%zz&a=1"), STR("a"), {0}, true},
    {STR("a=%ff"), STR("a"), {0}, true},
    {STR("b=%zz&a=1"), STR("a"), STR("1"), false},
    {STR("%zz=1&a=2"), STR("a"), STR("2"), false},
};

TEST(a_query_member_is_found_and_decoded)
{
    struct arena arena;
    arena_open(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        struct http_request request = {.query = queries[i].query, .arena = &arena};
        bool is_malformed = !queries[i].is_malformed;
        struct str value = http_query(&request, queries[i].name, &is_malformed);
        if (is_malformed != queries[i].is_malformed)
            print_error("%.*s\n", STR_ARG(queries[i].query));
        CHECK_INT(is_malformed, queries[i].is_malformed);
        CHECK_INT(str_is_absent(value), str_is_absent(queries[i].value));
        CHECK_STR(value, queries[i].value);
    }
    arena_close(&arena);
}

TEST(no_query_has_no_members)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct http_request request = {.arena = &arena};
    bool is_malformed = true;
    CHECK(str_is_absent(http_query(&request, STR("a"), &is_malformed)));
    CHECK(!is_malformed);
    arena_close(&arena);
}

TEST(a_segment_is_decoded_once_and_may_hold_a_slash)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"a%2Fb", "a/b"},
        {"a%2fb%2F", "a/b/"},
        {"%2525", "%25"},
        {"a%252Fb", "a%2Fb"},
        {"gr%C3%BC%C3%9Fe", "gr\xc3\xbc\xc3\x9f"
                            "e"},
        {"a+b", "a+b"},
    };
    struct arena arena;
    arena_open(&arena, 64);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_STR(http_decode_segment(&arena, str_of(cases[i][0])), str_of(cases[i][1]));
    arena_close(&arena);
}

TESTS(a_segment_is_decoded_once_and_may_hold_a_slash, a_path_has_one_canonical_form_or_none,
      canonical_paths_without_a_percent_stay_as_they_are, a_query_member_is_found_and_decoded,
      no_query_has_no_members)
