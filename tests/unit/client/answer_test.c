/* SPDX-License-Identifier: Apache-2.0 */
/* answer - a refusal of either kind is one sentence, and what to do is known. */
#include "client/answer.h"

#include "client/address.h"
#include "test.h"

#define JSON_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

static struct arena arena;

static struct answer answer_of(int status, const char *head, const char *body)
{
    arena_close(&arena);
    arena_open(&arena, 4096);
    return answer_read(&arena, status, str_of(head), str_of(body));
}

TEST(every_status_has_a_kind)
{
    static const struct {
        int status;
        enum answer_kind kind;
    } cases[] = {
        {200, ANSWER_OK},       {201, ANSWER_OK},      {204, ANSWER_OK},
        {304, ANSWER_OK},       {400, ANSWER_INVALID}, {401, ANSWER_UNAUTHENTICATED},
        {403, ANSWER_DENIED},   {404, ANSWER_MISSING}, {405, ANSWER_INVALID},
        {409, ANSWER_CONFLICT}, {410, ANSWER_MISSING}, {412, ANSWER_CONFLICT},
        {413, ANSWER_INVALID},  {422, ANSWER_INVALID}, {428, ANSWER_CONFLICT},
        {429, ANSWER_LIMITED},  {500, ANSWER_FAILED},  {503, ANSWER_FAILED},
        {302, ANSWER_FAILED},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_INT(answer_of(cases[i].status, "HTTP/1.1 x\r\n", "").kind, cases[i].kind);
    CHECK_INT(answer_of(503, "HTTP/1.1 503\r\nRetry-After: 3\r\n", "").kind, ANSWER_LIMITED);
    CHECK_INT(answer_of(503, "HTTP/1.1 503\r\nRetry-After: soon\r\n", "").kind, ANSWER_FAILED);
}

TEST(a_refusal_is_one_sentence_whoever_says_it)
{
    static const struct {
        const char *body, *message, *pointer;
    } cases[] = {
        {"{\"error\":\"Flag not found\"}", "Flag not found", ""},
        {"{\"title\":\"Invalid\",\"detail\":\"no such flag\"}", "no such flag", ""},
        {"{\"title\":\"Invalid\"}", "Invalid", ""},
        {"{\"title\":\"t\",\"errors\":[{\"pointer\":\"/key\",\"detail\":\"too long\"}]}",
         "too long", "/key"},
        {"{\"error\":\"slow_down\",\"error_description\":\"Ask less\"}", "Ask less", ""},
        {"{\"error\":3}", "the server answered 400", ""},
        {"", "the server answered 400", ""},
        {"[]", "the server answered 400", ""},
        {"not json", "the server answered 400", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct answer answer = answer_of(400, JSON_HEAD, cases[i].body);
        CHECK_STR(answer.message, str_of(cases[i].message));
        CHECK_STR(answer.pointer, str_of(cases[i].pointer));
    }
}

TEST(the_head_is_read_whatever_its_case)
{
    struct answer answer = answer_of(
        200,
        "HTTP/1.1 200 OK\r\ncontent-type: Application/problem+json ; charset=utf-8\r\n"
        "ETAG:  \"v3\" \r\nX-Request-ID: r1\r\nRetry-After: 7\r\nrepr-digest: sha-256=:x:\r\n",
        "{\"next\":\"c2\"}");
    CHECK_STR(answer.etag, STR("\"v3\""));
    CHECK_STR(answer.request_id, STR("r1"));
    CHECK_STR(answer.digest, STR("sha-256=:x:"));
    CHECK_STR(answer.next, STR("c2"));
    CHECK_INT(answer.retry_after_s, 7);
}

TEST(only_json_is_read_as_json)
{
    CHECK_INT(answer_of(200, "HTTP/1.1 200\r\nContent-Type: text/plain\r\n", "{}").json.type,
              JSON_NULL);
    CHECK_INT(answer_of(200, JSON_HEAD, "{}").json.type, JSON_OBJECT);
    CHECK_INT(answer_of(200, JSON_HEAD, "{").json.type, JSON_NULL);
}

TEST(addresses_are_encoded)
{
    arena_close(&arena);
    arena_open(&arena, 4096);
    CHECK_STR(address_path(&arena, "/flags/{}/history", 1, STR("a b/\xc3\xa9?&")),
              STR("/flags/a%20b%2F%C3%A9%3F%26/history"));
    struct str path = address_with(&arena, STR("/x"), "q", STR("a=b"));
    path = address_with(&arena, path, "none", (struct str){0});
    CHECK_STR(address_with(&arena, path, "r", STR("")), STR("/x?q=a%3Db&r="));
}

TEST(origins_are_told_from_what_is_none)
{
    static const char *const good[] = {"http://h", "https://h:8443", "http://[::1]:80"};
    static const char *const bad[] = {"",          "h",          "ftp://h",     "http://",
                                      "http://h/", "http://h/x", "http://u@h",  "http://h?x",
                                      "http://h#", "http://h h", "HTTP://h\r\n"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        CHECK(address_is_origin(str_of(good[i])));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        CHECK(!address_is_origin(str_of(bad[i])));
}

TEST(private_is_what_nobody_else_hears)
{
    CHECK(address_is_private(STR("https://flags.example")));
    CHECK(address_is_private(STR("http://127.0.0.1:8080")));
    CHECK(address_is_private(STR("http://localhost")));
    CHECK(address_is_private(STR("http://[::1]:1")));
    CHECK(!address_is_private(STR("http://localhost.evil")));
    CHECK(!address_is_private(STR("http://127.0.0.1.evil:80")));
    CHECK(!address_is_private(STR("http://10.0.0.1")));
}

TESTS(every_status_has_a_kind, a_refusal_is_one_sentence_whoever_says_it,
      the_head_is_read_whatever_its_case, only_json_is_read_as_json, addresses_are_encoded,
      origins_are_told_from_what_is_none, private_is_what_nobody_else_hears)
