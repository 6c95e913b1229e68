/* SPDX-License-Identifier: Apache-2.0 */
/* head and chunk - the pure readers: what arrives in pieces reads as what arrives at once. */
#include <string.h>

#include "http/chunk.h"
#include "http/head.h"
#include "http/response.h"
#include "test.h"

static const struct str heads[] = {
    STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    STR("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    STR("POST /x HTTP/1.1\r\nHost:a\r\nContent-Length: 5\r\nX:\r\n\r\nhello"),
    STR("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"),
    STR("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"),
    STR("GET / HTTP/1.1\r\nX: a\rb\r\n\r\n"),
    STR("\n"),
    STR("\r\n\r\n"),
};

TEST(a_head_scanned_byte_by_byte_gets_the_same_verdict)
{
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        struct head_scan whole = {0};
        struct head_verdict expected = head_scan(&whole, heads[i], &http_limits_default);
        struct head_scan scan = {0};
        struct head_verdict verdict = {0};
        size_t size = 0;
        while (size < heads[i].size && verdict.refusal == 0 && verdict.ends_at == 0)
            verdict = head_scan(&scan, str_slice(heads[i], 0, ++size), &http_limits_default);
        CHECK_INT(verdict.refusal, expected.refusal);
        CHECK_INT(verdict.ends_at, expected.ends_at);
        if (verdict.ends_at != 0)
            CHECK_INT(verdict.ends_at, size);
    }
}

static int parse(struct str bytes, struct http_header *headers, struct head *head)
{
    struct head_scan scan = {0};
    struct head_verdict verdict = head_scan(&scan, bytes, &http_limits_default);
    CHECK_INT(verdict.refusal, 0);
    CHECK_INT(verdict.ends_at, bytes.size);
    return head_parse(&scan, bytes, headers, head);
}

TEST(a_head_is_read_into_its_parts)
{
    struct http_header headers[64];
    struct head head;
    CHECK_INT(
        parse(STR("\r\nPATCH /a?b HTTP/1.1\r\nHost: h:80\r\nX-Empty:\r\n"
                  "Content-Length:  12 \r\nAccept: \ta, b \t\r\nExpect: 100-Continue\r\n\r\n"),
              headers, &head),
        0);
    CHECK_INT(head.method, HTTP_PATCH);
    CHECK_STR(head.method_text, STR("PATCH"));
    CHECK_STR(head.target, STR("/a?b"));
    CHECK_INT(head.header_count, 5);
    CHECK_STR(headers[1].name, STR("X-Empty"));
    CHECK_STR(headers[1].value, STR(""));
    CHECK_STR(headers[3].value, STR("a, b"));
    CHECK_INT(head.content_length, 12);
    CHECK(head.is_keep_alive);
    CHECK(head.expects_continue);
    CHECK(!head.is_chunked);
    CHECK(!head.is_http_1_0);
}

TEST(keep_alive_follows_version_and_connection)
{
    static const struct {
        struct str bytes;
        bool is_keep_alive;
    } cases[] = {
        {STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), true},
        {STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), false},
        {STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n"), false},
        {STR("GET / HTTP/1.0\r\n\r\n"), false},
        {STR("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), true},
        {STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"), true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_header headers[64];
        struct head head;
        CHECK_INT(parse(cases[i].bytes, headers, &head), 0);
        CHECK_INT(head.is_keep_alive, cases[i].is_keep_alive);
    }
}

TEST(every_method_the_parser_knows_reaches_the_callback)
{
    static const struct {
        struct str text;
        enum http_method method;
    } methods[] = {
        {STR("GET"), HTTP_GET},
        {STR("HEAD"), HTTP_HEAD},
        {STR("POST"), HTTP_POST},
        {STR("PUT"), HTTP_PUT},
        {STR("PATCH"), HTTP_PATCH},
        {STR("DELETE"), HTTP_DELETE},
        {STR("OPTIONS"), HTTP_OPTIONS},
        {STR("TRACE"), HTTP_OTHER_METHOD},
        {STR("PROPFIND"), HTTP_OTHER_METHOD},
    };
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        char text[64];
        int size = snprintf(text, sizeof(text), "%.*s / HTTP/1.1\r\nHost: a\r\n\r\n",
                            STR_ARG(methods[i].text));
        struct http_header headers[64];
        struct head head;
        CHECK_INT(parse((struct str){text, (size_t)size}, headers, &head), 0);
        CHECK_INT(head.method, methods[i].method);
        CHECK_STR(head.method_text, methods[i].text);
    }
}

/* Decodes in pieces of `step` bytes. */
static enum chunk_verdict decode(struct str bytes, size_t step, struct buf *body, size_t *used)
{
    struct chunk_decoder decoder = {0};
    enum chunk_verdict verdict = CHUNK_MORE;
    *used = 0;
    buf_clear(body);
    while (*used < bytes.size && verdict == CHUNK_MORE) {
        size_t part = 0;
        verdict = chunk_decode(&decoder, str_slice(bytes, *used, *used + step), body, &part);
        *used += part;
    }
    return verdict;
}

static const struct {
    struct str bytes;
    enum chunk_verdict verdict;
    struct str body;
    size_t used;
} bodies[] = {
    {STR("0\r\n\r\n"), CHUNK_DONE, STR(""), 5},
    {STR("5\r\nhello\r\n0\r\n\r\nGET"), CHUNK_DONE, STR("hello"), 15},
    {STR("05\r\nhello\r\n000\r\n\r\n"), CHUNK_DONE, STR("hello"), 18},
    {STR("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), CHUNK_DONE,
     STR("01234567890123456789"), 35},
    {STR("1;name=\"a b\";c\r\nx\r\n0;d\r\n\r\n"), CHUNK_DONE, STR("x"), 26},
    {STR("1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n"), CHUNK_DONE, STR("x"), 23},
    {STR("5\r\nhel"), CHUNK_MORE, STR("hel"), 6},
    {STR("21\r\n"), CHUNK_TOO_LARGE, STR(""), 4},
    {STR("1f\r\n0123456789012345678901234567890\r\n2\r\n"), CHUNK_TOO_LARGE,
     STR("0123456789012345678901234567890"), 40},
    {STR("ffffffffffffffff\r\n"), CHUNK_TOO_LARGE, STR(""), 18},
    {STR("00000000000000000\r\n"), CHUNK_REFUSED, STR(""), 17},
    {STR("5 \r\n"), CHUNK_REFUSED, STR(""), 2},
    {STR(" 5\r\n"), CHUNK_REFUSED, STR(""), 1},
    {STR(";a\r\n"), CHUNK_REFUSED, STR(""), 1},
    {STR("g\r\n"), CHUNK_REFUSED, STR(""), 1},
    {STR("1\rx"), CHUNK_REFUSED, STR(""), 3},
    {STR("1;a\x01\r\n"), CHUNK_REFUSED, STR(""), 4},
    {STR("1\r\nx0\r\n\r\n"), CHUNK_REFUSED, STR("x"), 5},
    {STR("0\r\n folded\r\n\r\n"), CHUNK_REFUSED, STR(""), 4},
    {STR("0\r\nA: \0\r\n\r\n"), CHUNK_REFUSED, STR(""), 7},
    {STR("0\r\n\rX"), CHUNK_REFUSED, STR(""), 5},
};

TEST(chunks_read_the_same_however_they_are_cut)
{
    struct buf body;
    buf_open(&body, 32);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        for (size_t step = 1; step <= bodies[i].bytes.size; step++) {
            size_t used = 0;
            CHECK_INT(decode(bodies[i].bytes, step, &body, &used), bodies[i].verdict);
            CHECK_INT(used, bodies[i].used);
            CHECK_STR(buf_str(&body), bodies[i].body);
        }
    }
    buf_close(&body);
}

static enum chunk_verdict decode_padded(const char *before, size_t padding)
{
    struct buf text;
    struct buf body;
    buf_open(&text, SIZE_MAX);
    buf_open(&body, 32);
    buf_append(&text, str_of(before));
    for (size_t i = 0; i < padding; i++)
        buf_append_byte(&text, 'p');
    buf_append(&text, STR("\r\n\r\n"));
    size_t used = 0;
    enum chunk_verdict verdict = decode(buf_str(&text), 7, &body, &used);
    buf_close(&text);
    buf_close(&body);
    return verdict;
}

TEST(chunk_extensions_and_trailers_are_capped)
{
    CHECK_INT(decode_padded("0;", CHUNK_EXTENSION_BYTES_MAX), CHUNK_DONE);
    CHECK_INT(decode_padded("0;", CHUNK_EXTENSION_BYTES_MAX + 1), CHUNK_REFUSED);
    /* The cap is the body's, not the chunk's. */
    CHECK_INT(decode_padded("1;x\r\n1\r\n0;", CHUNK_EXTENSION_BYTES_MAX - 1), CHUNK_DONE);
    CHECK_INT(decode_padded("1;x\r\n1\r\n0;", CHUNK_EXTENSION_BYTES_MAX), CHUNK_REFUSED);
    CHECK_INT(decode_padded("0\r\nX:", CHUNK_TRAILER_BYTES_MAX - 2), CHUNK_DONE);
    CHECK_INT(decode_padded("0\r\nX:", CHUNK_TRAILER_BYTES_MAX - 1), CHUNK_REFUSED);
    CHECK_INT(decode_padded("0\r\n:", 1), CHUNK_REFUSED);
    CHECK_INT(decode_padded("0\r\n", 1), CHUNK_REFUSED); /* a trailer is a field */
}

TEST(dates_read_as_the_specification_writes_them)
{
    static const struct {
        int64_t wall_ms;
        const char *date;
    } dates[] = {
        {784111777000, "Sun, 06 Nov 1994 08:49:37 GMT"}, /* RFC 9110 section 5.6.7 */
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {951782400999, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {4102444799000, "Thu, 31 Dec 2099 23:59:59 GMT"},
        {-1000, "Wed, 31 Dec 1969 23:59:59 GMT"},
    };
    for (size_t i = 0; i < COUNT_OF(dates); i++) {
        char date[HTTP_DATE_BYTES];
        response_format_date(dates[i].wall_ms, date);
        CHECK_STR(((struct str){date, sizeof(date)}), str_of(dates[i].date));
    }
}

TESTS(a_head_scanned_byte_by_byte_gets_the_same_verdict, a_head_is_read_into_its_parts,
      keep_alive_follows_version_and_connection, every_method_the_parser_knows_reaches_the_callback,
      chunks_read_the_same_however_they_are_cut, chunk_extensions_and_trailers_are_capped,
      dates_read_as_the_specification_writes_them)
