/* SPDX-License-Identifier: Apache-2.0 */
/* response - an answer as bytes: see response.h. */
#include "http/response.h"

#include <assert.h>
#include <string.h>

#include "base/instant.h"

enum { DATE_READ_EVERY_MS = 100, HEAD_BYTES_AROUND = 256 };

static char *put(char *at, struct str text)
{
    if (text.size > 0)
        memcpy(at, text.data, text.size);
    return at + text.size;
}

static char *put_u64(char *at, uint64_t value)
{
    char digits[20];
    size_t from = sizeof(digits);
    do {
        digits[--from] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return put(at, (struct str){digits + from, sizeof(digits) - from});
}

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

void response_format_date(int64_t wall_ms, char date[HTTP_DATE_BYTES])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[INSTANT_TEXT_BYTES];
    instant_format_seconds(wall_ms, text); /* YYYY-MM-DDTHH:MM:SSZ */
    int64_t day = floor_divide(wall_ms, 86400000);
    int64_t weekday = (day + 4) - 7 * floor_divide(day + 4, 7); /* 1970 began on a Thursday */
    int month = (text[5] - '0') * 10 + text[6] - '0';
    assert(month >= 1);
    assert(month <= 12);
    memcpy(date, "___, DD MMM YYYY HH:MM:SS GMT", HTTP_DATE_BYTES);
    memcpy(date, days + weekday * 3, 3);
    memcpy(date + 5, text + 8, 2);
    memcpy(date + 8, months + (month - 1) * 3, 3);
    memcpy(date + 12, text, 4);
    memcpy(date + 17, text + 11, 8);
}

/* The clock is read a few times a second at most; the lines change once a second. */
static struct str date_lines(struct http_loop *loop)
{
    uint64_t now_ms = loop_now_ms(loop);
    if (loop->date_lines_size == 0 || now_ms - loop->date_read_ms >= DATE_READ_EVERY_MS) {
        loop->date_read_ms = now_ms;
        int64_t wall_ms = clock_wall_ms(loop->clock);
        int64_t second = floor_divide(wall_ms, 1000);
        if (loop->date_lines_size == 0 || second != loop->date_second) {
            char date[HTTP_DATE_BYTES];
            response_format_date(wall_ms, date);
            char *end = put(loop->date_lines, STR("X-Content-Type-Options: nosniff\r\nDate: "));
            end = put(end, (struct str){date, sizeof(date)});
            end = put(end, STR("\r\n"));
            loop->date_second = second;
            loop->date_lines_size = (size_t)(end - loop->date_lines);
            assert(loop->date_lines_size <= sizeof(loop->date_lines));
        }
    }
    return (struct str){loop->date_lines, loop->date_lines_size};
}

static char *put_status_line(char *at, int status)
{
    if (status == 200)
        return put(at, STR("HTTP/1.1 200 OK\r\n"));
    at = put(at, STR("HTTP/1.1 "));
    at = put_u64(at, (uint64_t)status);
    at = put(at, STR(" "));
    at = put(at, str_of(http_status_text(status)));
    return put(at, STR("\r\n"));
}

static char *put_connection(char *at, enum response_connection connection)
{
    switch (connection) {
    case RESPONSE_SAYS_NOTHING:
        return at;
    case RESPONSE_SAYS_CLOSE:
        return put(at, STR("Connection: close\r\n"));
    case RESPONSE_SAYS_KEEP_ALIVE:
        return put(at, STR("Connection: keep-alive\r\n"));
    }
    return at;
}

static char *put_framing(char *at, enum response_framing framing, uint64_t body_bytes)
{
    switch (framing) {
    case FRAMED_BY_NOTHING:
        return at;
    case FRAMED_BY_LENGTH:
        at = put(at, STR("Content-Length: "));
        at = put_u64(at, body_bytes);
        return put(at, STR("\r\n"));
    case FRAMED_BY_CHUNKS:
        return put(at, STR("Transfer-Encoding: chunked\r\n"));
    }
    return at;
}

static void append_head(struct http_loop *loop, const struct http_response *response,
                        enum response_connection connection, enum response_framing framing,
                        uint64_t body_bytes)
{
    struct str lines = date_lines(loop);
    size_t most = HEAD_BYTES_AROUND + lines.size + response->headers.size;
    char *begin = output_reserve(&loop->output, most);
    char *end = put_status_line(begin, response->status);
    end = put(end, lines);
    end = put_framing(end, framing, body_bytes);
    end = put_connection(end, connection);
    end = put(end, response->headers);
    end = put(end, STR("\r\n"));
    assert((size_t)(end - begin) <= most);
    output_advance(&loop->output, (size_t)(end - begin));
}

/* RFC 9110 sections 6.4.1 and 8.6: 204 and 304 have no body and say no length here. */
static bool has_body(int status)
{
    return status != 204 && status != 304;
}

void response_append_stream_head(struct http_loop *loop, int status, struct str headers,
                                 enum response_framing framing, uint64_t body_bytes)
{
    assert(has_body(status));
    assert(headers.size == 0 || str_ends_with(headers, STR("\r\n")));
    const struct http_response response = {.status = status, .headers = headers};
    append_head(loop, &response, RESPONSE_SAYS_CLOSE, framing, body_bytes);
}

bool response_append(struct http_loop *loop, const struct http_response *response, bool is_head,
                     enum response_connection connection)
{
    assert(response->status >= 200);
    assert(response->status <= 599);
    assert(response->headers.size == 0 || str_ends_with(response->headers, STR("\r\n")));
    assert(response->body_owner == NULL || response->release != NULL);
    bool may_have_body = has_body(response->status);
    append_head(loop, response, connection, may_have_body ? FRAMED_BY_LENGTH : FRAMED_BY_NOTHING,
                response->body.size);

    bool is_borrowed = false;
    bool is_sent = may_have_body && !is_head;
    if (is_sent && response->body.size >= OUTPUT_BORROW_BYTES) {
        output_borrow(&loop->output, response->body, response->body_owner,
                      response->body_owner == NULL ? NULL : response->release);
        is_borrowed = true;
    } else {
        if (is_sent)
            output_append(&loop->output, response->body);
        if (response->body_owner != NULL)
            response->release(response->body_owner);
    }
    return is_borrowed && response->body_owner == NULL;
}
