/* SPDX-License-Identifier: Apache-2.0 */
/* refusal - whoever is refused is refused at the path that was asked for, if that can be told. */
#include "client.h"

#define HOST "Host: a\r\n"
#define LONG "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static struct site *tight_site(void)
{
    struct http_limits limits = http_limits_default;
    limits.request_line_bytes = 60;
    limits.header_bytes = 120;
    limits.header_count = 4;
    limits.header_value_bytes = 60;
    limits.body_bytes = 100;
    return site_open(limits, 1);
}

static const struct {
    const char *bytes, *body;
} refusals[] = {
    {"GET /a/b?c=d HTTP/1.1\r\n" HOST "X: " LONG "\r\n\r\n", "refused 431 at /a/b"},
    {"GET /a/b HTTP/1.1\r\n" HOST "X: " LONG LONG, "refused 431 at /a/b"},
    {"GET /a/b HTTP/1.1\r\n" HOST "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n", "refused 431 at /a/b"},
    {"\r\nGET /a HTTP/1.1\r\n" HOST "X: " LONG "\r\n\r\n", "refused 431 at /a"},
    {"GET //a//%62 HTTP/1.1\r\n" HOST "X: " LONG "\r\n\r\n", "refused 431 at /a/b"},
    {"GET /a?" LONG " HTTP/1.1\r\n" HOST "\r\n", "refused 414 at /a"},
    {"GET /a?" LONG, "refused 414 at /a"},
    {"GET /a HTTP/1.1\r\n" HOST "X : y\r\n\r\n", "refused 400 at /a"},
    {"GET /a HTTP/1.1\r\n" HOST "\r\n folded\r\n\r\n", "GET /a? []"},
    {"GET /a HTTP/1.1\r\n folded\r\n\r\n", "refused 400 at /a"},
    {"GET /a HTTP/1.1\n" HOST "\r\n", "refused 400 at /a"},
    {"GET /a HTTP/1.1\r\n\r\n", "refused 400 at /a"},
    {"GET /a HTTP/1.1\r\n" HOST HOST "\r\n", "refused 400 at /a"},
    {"GET /a/%zz HTTP/1.1\r\n" HOST "\r\n", "refused 400 at /a/%zz"},
    {"GET /a/../b HTTP/1.1\r\n" HOST "\r\n", "refused 400 at /a/../b"},
    {"GET /a%2Fb HTTP/1.1\r\n" HOST "\r\n", "refused 400 at /a%2Fb"},
    {"GET /a HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n", "refused 417 at /a"},
    {"BREW /a HTTP/1.1\r\n" HOST "\r\n", "refused 501 at /a"},
    {"GET /a HTTP/2.0\r\n" HOST "\r\n", "refused 505 at /a"},
    {"GET /a\r\n" HOST "\r\n", "refused 400 at /a"},
    {"POST /a/b HTTP/1.1\r\n" HOST "Content-Length: 101\r\n\r\n", "refused 413 at /a/b"},
    {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     "refused 400 at /a"},
    {"POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "refused 400 at /a"},
    {"POST /small HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n",
     "refused 413 at /small"},
    /* Nothing to be read there. */
    {"GET /a\x01 HTTP/1.1\r\n" HOST "\r\n", "refused 400 at "},
    {"G(T /a HTTP/1.1\r\n" HOST "\r\n", "refused 400 at "},
    {"GET http://a/b HTTP/1.1\r\n" HOST "\r\n", "refused 400 at "},
    {"GET  /a HTTP/1.1\r\n" HOST "\r\n", "refused 400 at "},
    {"\x16\x03\x01\r\n\r\n", "refused 400 at "},
    {LONG LONG, "refused 414 at "},
};

TEST(a_refusal_knows_the_path_when_the_first_line_can_be_read)
{
    struct site *site = tight_site();
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        struct client client = client_open(site);
        struct reply reply = client_ask(&client, str_of(refusals[i].bytes));
        if (!str_equal(reply.body, str_of(refusals[i].body)))
            fprintf(stderr, "%s\n", refusals[i].bytes);
        CHECK_STR(reply.body, str_of(refusals[i].body));
        client_close(&client);
    }
    site_close(site);
}

TEST(a_refused_head_gets_no_body)
{
    static const char *const heads[] = {
        "HEAD /a HTTP/1.1\r\n" HOST "X: " LONG "\r\n\r\n",
        "HEAD /a?" LONG " HTTP/1.1\r\n" HOST "\r\n",
        "HEAD /a HTTP/1.1\r\n\r\n",
        "HEAD /a/%zz HTTP/1.1\r\n" HOST "\r\n",
    };
    struct site *site = tight_site();
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        struct client client = client_open(site);
        client_send(&client, str_of(heads[i]));
        CHECK(client_read(&client, true).status >= 400);
        client_expect_end(&client);
        CHECK_INT(client_unread(&client).size, 0);
        client_close(&client);
    }
    site_close(site);
}

TEST(who_is_too_slow_hears_it_at_the_path)
{
    struct http_limits limits = http_limits_default;
    limits.header_timeout_ms = 60;
    limits.body_timeout_ms = 60;
    struct site *site = site_open(limits, 1);
    static const struct {
        const char *bytes, *body;
    } slow[] = {
        {"GET /a/b?c HTTP/1.1\r\nHost:", "refused 408 at /a/b"},
        {"GET /a/b", "refused 408 at /a/b"},
        {"GE", "refused 408 at "},
        {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nhalf", "refused 408 at /a"},
    };
    for (size_t i = 0; i < COUNT_OF(slow); i++) {
        struct client client = client_open(site);
        CHECK_STR(client_ask(&client, str_of(slow[i].bytes)).body, str_of(slow[i].body));
        client_close(&client);
    }
    site_close(site);
}

/* A head that came with the end of another request is read from its own first byte. */
TEST(the_path_is_that_of_the_request_that_is_refused)
{
    struct site *site = tight_site();
    struct client client = client_open(site);
    client_send(&client, STR("GET /first HTTP/1.1\r\n" HOST "\r\nGET /second HTTP/1.1\r\n" HOST));
    CHECK_STR(client_read(&client, false).body, STR("GET /first? []"));
    CHECK_STR(client_ask(&client, STR("X: " LONG "\r\n\r\n")).body, STR("refused 431 at /second"));
    client_close(&client);
    site_close(site);
}

TESTS(a_refusal_knows_the_path_when_the_first_line_can_be_read, a_refused_head_gets_no_body,
      who_is_too_slow_hears_it_at_the_path, the_path_is_that_of_the_request_that_is_refused)
