/* SPDX-License-Identifier: Apache-2.0 */
/* hostile - requests that leave a message boundary in doubt are refused and the connection ends. */
#include "client.h"

#define HOST "Host: a\r\n"

static const struct {
    const char *sin;
    struct str bytes;
    int status;
} hostile[] = {
    {"bare CR before Transfer-Encoding (CVE-2023-30589)",
     STR("POST / HTTP/1.1\r\n" HOST "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"Content-Length and chunked",
     STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\n"),
     400},
    {"chunked and Content-Length",
     STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
         "0\r\n\r\n"),
     400},
    {"two different Content-Length",
     STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), 400},
    {"two equal Content-Length",
     STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), 400},
    {"a list of Content-Length",
     STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\nhello"), 400},
    {"Content-Length with a sign",
     STR("POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello"), 400},
    {"negative Content-Length", STR("POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"), 400},
    {"hexadecimal Content-Length",
     STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nhello"), 400},
    {"empty Content-Length", STR("POST / HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n"), 400},
    {"Content-Length overflow",
     STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551621\r\n\r\nhello"), 400},
    {"space before the colon", STR("POST / HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\nhello"),
     400},
    {"folded header line", STR("GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n"), 400},
    {"folded with a tab", STR("GET / HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n"), 400},
    {"blank before the first header", STR("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400},
    {"bare LF line ends", STR("GET / HTTP/1.1\nHost: a\n\n"), 400},
    {"bare LF at one header", STR("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"), 400},
    {"xchunked", STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n"), 400},
    {"gzip, chunked", STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"),
     400},
    {"chunked twice",
     STR("POST / HTTP/1.1\r\n" HOST
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     400},
    {"identity", STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n"), 400},
    {"chunked in HTTP/1.0",
     STR("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"chunk size overflow",
     STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
         "10000000000000005\r\nhello\r\n0\r\n\r\n"),
     400},
    {"chunk size with a sign",
     STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n"),
     400},
    {"chunk size with a prefix",
     STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"),
     400},
    {"no chunk size",
     STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n"),
     400},
    {"bare LF behind a chunk size",
     STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"),
     400},
    {"bare LF behind chunk data",
     STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n"),
     400},
    {"chunk longer than its size",
     STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n"),
     400},
    {"bare CR in a chunk extension",
     STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5;a\rb\r\nhello\r\n0\r\n"
         "\r\n"),
     400},
    {"bare LF behind the trailers",
     STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n"), 400},
    {"NUL in a header value", STR("GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n"), 400},
    {"NUL in a header name", STR("GET / HTTP/1.1\r\n" HOST "X\0: a\r\n\r\n"), 400},
    {"control character in a value", STR("GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n"), 400},
    {"no Host", STR("GET / HTTP/1.1\r\n\r\n"), 400},
    {"two Host", STR("GET / HTTP/1.1\r\n" HOST "Host: b\r\n\r\n"), 400},
    {"two Host in HTTP/1.0", STR("GET / HTTP/1.0\r\n" HOST "Host: b\r\n\r\n"), 400},
    {"Host with a path", STR("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400},
    {"Host with a user", STR("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), 400},
    {"header without a colon", STR("GET / HTTP/1.1\r\n" HOST "nonsense\r\n\r\n"), 400},
    {"header without a name", STR("GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n"), 400},
    {"two blanks in the request line", STR("GET  / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"blank in the target", STR("GET /a b HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"tab in the request line", STR("GET\t/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"fragment in the target", STR("GET /a#b HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"raw bytes in the target", STR("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"absolute form", STR("GET http://a/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"authority form", STR("CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"asterisk for GET", STR("GET * HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"no version", STR("GET /\r\n" HOST "\r\n"), 400},
    {"unreadable version", STR("GET / HTTP/1.x\r\n" HOST "\r\n"), 400},
    {"lower-case version", STR("GET / http/1.1\r\n" HOST "\r\n"), 400},
    {"HTTP/2.0", STR("GET / HTTP/2.0\r\n" HOST "\r\n"), 505},
    {"HTTP/1.2", STR("GET / HTTP/1.2\r\n" HOST "\r\n"), 505},
    {"HTTP/2 preface", STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505},
    {"unknown method", STR("BREW / HTTP/1.1\r\n" HOST "\r\n"), 501},
    {"lower-case method", STR("get / HTTP/1.1\r\n" HOST "\r\n"), 501},
    {"method that is no token", STR("GE(T / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"two empty lines first", STR("\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"TLS hello", STR("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n"), 400},
    {"encoded slash", STR("GET /a%2fb HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"dot segment", STR("GET /a/../b HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"unknown expectation", STR("POST / HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n"), 417},
};

TEST(what_leaves_a_doubt_is_refused_and_closed)
{
    struct site *site = site_open(http_limits_default, 1);
    for (size_t i = 0; i < COUNT_OF(hostile); i++) {
        print_message("%s\n", hostile[i].sin);
        expect_refusal(site, hostile[i].bytes, hostile[i].status);
    }
    struct http_counters counters = http_counters_read(site->server);
    CHECK_INT(counters.refusals, COUNT_OF(hostile));
    CHECK_INT(counters.requests, 0);
    site_close(site);
}

TEST(one_hundred_kilobytes_of_headers_are_refused)
{
    struct site *site = site_open(http_limits_default, 1);
    struct buf bytes;
    buf_open(&bytes, SIZE_MAX);
    buf_append(&bytes, STR("GET / HTTP/1.1\r\n" HOST));
    for (size_t i = 0; i < 10; i++)
        buf_append_format(&bytes, "X-%zu: %010240d\r\n", i, 0);
    buf_append(&bytes, STR("\r\n"));
    expect_refusal(site, buf_str(&bytes), 431);
    buf_close(&bytes);
    site_close(site);
}

/* Whatever came before, a refusal ends it, and what was smuggled behind it is never answered. */
TEST(nothing_behind_a_refused_request_is_answered)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client client = client_open(site);
    client_send(&client, STR("GET /echo HTTP/1.1\r\n" HOST "\r\n"
                             "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\nx"
                             "GET /secret HTTP/1.1\r\n" HOST "\r\n"));
    struct reply reply = client_read(&client, false);
    CHECK_INT(reply.status, 200);
    reply = client_read(&client, false);
    CHECK_INT(reply.status, 400);
    client_expect_end(&client);
    client_close(&client);
    site_close(site);
}

TEST(a_request_cut_anywhere_reads_the_same)
{
    struct site *site = site_open(http_limits_default, 1);
    struct str bytes =
        STR("POST //echo/%41?q=1 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
            "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: t\r\n\r\n");
    for (size_t cut = 1; cut < bytes.size; cut++) {
        struct client client = client_open(site);
        client_send(&client, str_slice(bytes, 0, cut));
        struct reply reply = client_ask(&client, str_slice(bytes, cut, bytes.size));
        CHECK_INT(reply.status, 200);
        CHECK_STR(reply.body, STR("POST /echo/A?q=1 [hello!]"));
        client_close(&client);
    }
    site_close(site);
}

TESTS(what_leaves_a_doubt_is_refused_and_closed, one_hundred_kilobytes_of_headers_are_refused,
      nothing_behind_a_refused_request_is_answered, a_request_cut_anywhere_reads_the_same)
