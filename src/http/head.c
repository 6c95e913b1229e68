/* SPDX-License-Identifier: Apache-2.0 */
/* head - where a request's head ends, and whether it leaves a doubt: see head.h. */
#include "http/head.h"

#include <string.h>

#include "http/parser.h"

enum { REFUSED = 400, TARGET_TOO_LONG = 414, EXPECTATION_FAILED = 417, HEADERS_TOO_LARGE = 431 };
enum { METHOD_UNKNOWN = 501, VERSION_NOT_SUPPORTED = 505 };
enum { LINE_END_BYTES = 2 };

/* Which bytes a token is made of (RFC 9110 section 5.6.2). */
static bool is_token_byte(unsigned char byte)
{
    static const bool table[256] = {
        ['!'] = true,         ['#'] = true,         ['$'] = true, ['%'] = true,
        ['&'] = true,         ['\''] = true,        ['*'] = true, ['+'] = true,
        ['-'] = true,         ['.'] = true,         ['^'] = true, ['_'] = true,
        ['`'] = true,         ['|'] = true,         ['~'] = true, ['0' ... '9'] = true,
        ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
    };
    return table[byte];
}

static bool is_token(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is_token_byte((unsigned char)text.data[i]))
            return false;
    }
    return text.size > 0;
}

static bool is_control_byte(unsigned char byte)
{
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* Eight bytes at once: whether one of them may be below 0x20 or 0x7f. */
static bool may_hold_control(const char *bytes)
{
    const uint64_t each = 0x0101010101010101U;
    uint64_t word = 0;
    memcpy(&word, bytes, sizeof(word));
    uint64_t deleted = word ^ (each * 0x7f);
    uint64_t is_below = (word - each * 0x20) & ~word;
    uint64_t is_deleted = (deleted - each) & ~deleted;
    return ((is_below | is_deleted) & (each * 0x80)) != 0;
}

static bool has_control(struct str line)
{
    size_t i = 0;
    while (line.size - i >= sizeof(uint64_t) && !may_hold_control(line.data + i))
        i += sizeof(uint64_t);
    for (; i < line.size; i++) {
        if (is_control_byte((unsigned char)line.data[i]))
            return true;
    }
    return false;
}

static int check_header_line(struct head_scan *scan, struct str line, size_t line_ends_at,
                             const struct http_limits *limits)
{
    scan->header_count++;
    if (scan->header_count > limits->header_count)
        return HEADERS_TOO_LARGE;
    if (line_ends_at - scan->headers_at > limits->header_bytes)
        return HEADERS_TOO_LARGE;
    size_t colon = str_find_byte(line, ':', 0);
    if (colon == line.size)
        return REFUSED;
    /* A folded line begins with a blank, a name before a blank is no token: both end here. */
    if (!is_token(str_slice(line, 0, colon)))
        return REFUSED;
    if (str_trim(str_slice(line, colon + 1, line.size)).size > limits->header_value_bytes)
        return HEADERS_TOO_LARGE;
    return 0;
}

/* One whole line, without its line end. */
static int check_line(struct head_scan *scan, struct str line, size_t line_ends_at,
                      const struct http_limits *limits)
{
    bool is_request_line = scan->headers_at == 0;
    if (is_request_line && line.size > limits->request_line_bytes)
        return TARGET_TOO_LONG;
    if (has_control(line))
        return REFUSED;
    if (!is_request_line)
        return check_header_line(scan, line, line_ends_at, limits);
    scan->headers_at = line_ends_at;
    return 0;
}

/* A line whose end has not come: long enough already? A CR may be the first half of its end. */
static int check_unfinished(const struct head_scan *scan, size_t size,
                            const struct http_limits *limits)
{
    if (scan->headers_at == 0)
        return size - scan->line_at > limits->request_line_bytes + 1 ? TARGET_TOO_LONG : 0;
    return size - scan->headers_at > limits->header_bytes + 1 ? HEADERS_TOO_LARGE : 0;
}

static bool is_leading_empty_line(const struct head_scan *scan, struct str line)
{
    return line.size == 0 && scan->headers_at == 0 && scan->begins_at == 0;
}

struct head_verdict head_scan(struct head_scan *scan, struct str bytes,
                              const struct http_limits *limits)
{
    for (;;) {
        size_t feed = str_find_byte(bytes, '\n', scan->seen);
        if (feed == bytes.size) {
            scan->seen = bytes.size;
            return (struct head_verdict){.refusal = check_unfinished(scan, bytes.size, limits)};
        }
        if (feed == scan->line_at || bytes.data[feed - 1] != '\r')
            return (struct head_verdict){.refusal = REFUSED};

        struct str line = str_slice(bytes, scan->line_at, feed - 1);
        size_t line_ends_at = feed + 1;
        if (is_leading_empty_line(scan, line)) {
            scan->begins_at = line_ends_at; /* RFC 9112 section 2.2: one is ignored */
        } else if (line.size == 0 && scan->headers_at != 0) {
            return (struct head_verdict){.ends_at = line_ends_at};
        } else {
            int refusal = check_line(scan, line, line_ends_at, limits);
            if (refusal != 0)
                return (struct head_verdict){.refusal = refusal};
        }
        scan->line_at = line_ends_at;
        scan->seen = line_ends_at;
    }
}

static enum http_method method_of(struct str text)
{
    static const struct {
        struct str name;
        enum http_method method;
    } known[] = {
        {STR("GET"), HTTP_GET},         {STR("POST"), HTTP_POST},   {STR("HEAD"), HTTP_HEAD},
        {STR("PUT"), HTTP_PUT},         {STR("PATCH"), HTTP_PATCH}, {STR("DELETE"), HTTP_DELETE},
        {STR("OPTIONS"), HTTP_OPTIONS},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (str_equal(known[i].name, text))
            return known[i].method;
    }
    return HTTP_OTHER_METHOD;
}

static int check_version(struct str version, struct head *head)
{
    bool is_version = version.size == 8 && str_starts_with(version, STR("HTTP/")) &&
                      version.data[5] >= '0' && version.data[5] <= '9' && version.data[6] == '.' &&
                      version.data[7] >= '0' && version.data[7] <= '9';
    if (!is_version)
        return REFUSED;
    head->is_http_1_0 = str_ends_with(version, STR("1.0"));
    return head->is_http_1_0 || str_ends_with(version, STR("1.1")) ? 0 : VERSION_NOT_SUPPORTED;
}

/* Origin form only, and "*" for OPTIONS: a proxy is not what we are (RFC 9112 section 3.2). */
static bool is_target(struct str target, enum http_method method)
{
    if (method == HTTP_OPTIONS && str_equal(target, STR("*")))
        return true;
    if (target.size == 0 || target.data[0] != '/')
        return false;
    for (size_t i = 0; i < target.size; i++) {
        unsigned char byte = (unsigned char)target.data[i];
        if (byte <= 0x20 || byte >= 0x7f || byte == '#')
            return false;
    }
    return true;
}

static int parse_request_line(struct str line, struct head *head)
{
    size_t first = str_find_byte(line, ' ', 0);
    size_t second = str_find_byte(line, ' ', first + 1);
    head->method_text = str_slice(line, 0, first);
    head->target = str_slice(line, first + 1, second);
    if (second == line.size || !is_token(head->method_text))
        return REFUSED;
    int refusal = check_version(str_slice(line, second + 1, line.size), head);
    if (refusal != 0)
        return refusal;
    head->method = method_of(head->method_text);
    return is_target(head->target, head->method) ? 0 : REFUSED;
}

struct head_line head_peek(const struct head_scan *scan, struct str bytes)
{
    struct str line = str_slice(bytes, scan->begins_at, bytes.size);
    line = str_slice(line, 0, str_find_byte(line, '\n', 0));
    if (str_ends_with(line, STR("\r")))
        line.size--;
    size_t blank = str_find_byte(line, ' ', 0);
    struct str method = str_slice(line, 0, blank);
    struct str target = str_slice(line, blank + 1, line.size);
    target = str_slice(target, 0, str_find_byte(target, ' ', 0));
    struct head_line read = {.method = method_of(method), .path = STR("")};
    if (is_token(method) && str_starts_with(target, STR("/")) && !has_control(target))
        read.path = str_slice(target, 0, str_find_byte(target, '?', 0));
    return read;
}

/* What a Host may be made of (RFC 3986 section 3.2.2, with a port). */
static bool is_host_byte(unsigned char byte)
{
    static const bool table[256] = {
        ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['-'] = true,
        ['.'] = true,         ['_'] = true,         ['~'] = true,         ['%'] = true,
        ['!'] = true,         ['$'] = true,         ['&'] = true,         ['\''] = true,
        ['('] = true,         [')'] = true,         ['*'] = true,         ['+'] = true,
        [','] = true,         [';'] = true,         ['='] = true,         [':'] = true,
        ['['] = true,         [']'] = true,
    };
    return table[byte];
}

static bool is_host(struct str host)
{
    for (size_t i = 0; i < host.size; i++) {
        if (!is_host_byte((unsigned char)host.data[i]))
            return false;
    }
    return true;
}

/* The headers that decide about framing, as they were found. */
struct framing {
    size_t hosts;
    size_t lengths;
    size_t encodings;
};

static int note_header(const struct http_header *header, struct framing *framing, struct head *head)
{
    struct str name = header->name;
    switch (name.size) {
    case sizeof("host") - 1:
        if (!str_equal_ignoring_case(name, STR("host")))
            return 0;
        framing->hosts++;
        return is_host(header->value) ? 0 : REFUSED;
    case sizeof("expect") - 1:
        if (!str_equal_ignoring_case(name, STR("expect")) || head->is_http_1_0)
            return 0;
        head->expects_continue = true;
        return str_equal_ignoring_case(header->value, STR("100-continue")) ? 0 : EXPECTATION_FAILED;
    case sizeof("content-length") - 1:
        if (!str_equal_ignoring_case(name, STR("content-length")))
            return 0;
        framing->lengths++;
        return str_parse_u64(header->value, &head->content_length) ? 0 : REFUSED;
    case sizeof("transfer-encoding") - 1:
        if (!str_equal_ignoring_case(name, STR("transfer-encoding")))
            return 0;
        framing->encodings++;
        head->is_chunked = true;
        return str_equal_ignoring_case(header->value, STR("chunked")) ? 0 : REFUSED;
    default:
        return 0;
    }
}

static int check_framing(const struct framing *framing, const struct head *head)
{
    /* RFC 9112 section 3.2: HTTP/1.0 may leave Host out; nobody may send two. */
    if (framing->hosts > 1 || (framing->hosts == 0 && !head->is_http_1_0))
        return REFUSED;
    if (framing->lengths + framing->encodings > 1)
        return REFUSED;
    if (head->is_chunked && head->is_http_1_0)
        return REFUSED;
    return 0;
}

int head_parse(const struct head_scan *scan, struct str bytes, struct http_header *headers,
               struct head *head)
{
    *head = (struct head){0};
    struct str line = str_slice(bytes, scan->begins_at, scan->headers_at - LINE_END_BYTES);
    int refusal = parse_request_line(line, head);
    if (refusal != 0)
        return refusal;

    struct parser_result parsed;
    struct str all = str_slice(bytes, scan->begins_at, bytes.size);
    switch (parser_run(all, headers, scan->header_count, &parsed)) {
    case PARSER_ACCEPTS:
        break;
    case PARSER_KNOWS_NO_SUCH_METHOD:
        return METHOD_UNKNOWN;
    case PARSER_REFUSES:
        return REFUSED;
    }
    /* Two readers that disagree on what they read are a doubt. */
    if (parsed.header_count != scan->header_count || !str_equal(parsed.target, head->target))
        return REFUSED;
    head->header_count = parsed.header_count;
    head->is_keep_alive = parsed.is_keep_alive;

    struct framing framing = {0};
    for (size_t i = 0; i < head->header_count; i++) {
        refusal = note_header(&headers[i], &framing, head);
        if (refusal != 0)
            return refusal;
    }
    return check_framing(&framing, head);
}
