/* SPDX-License-Identifier: Apache-2.0 */
/* address - paths and queries of requests, percent-encoded: see address.h. */
#include "client/address.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

static bool is_unreserved(unsigned char byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

void address_append_encoded(struct buf *buf, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (is_unreserved(byte))
            buf_append_byte(buf, (char)byte);
        else
            buf_append_format(buf, "%%%02X", byte);
    }
}

static struct str take(struct arena *arena, struct buf *buf)
{
    struct str text = arena_copy_str(arena, buf_str(buf));
    buf_close(buf);
    return text;
}

struct str address_path(struct arena *arena, const char *format, unsigned count, ...)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    va_list segments;
    va_start(segments, count);
    const char *at = format;
    for (unsigned i = 0; i < count; i++) {
        const char *gap = strstr(at, "{}");
        assert(gap != NULL);
        buf_append(&buf, (struct str){at, (size_t)(gap - at)});
        address_append_encoded(&buf, va_arg(segments, struct str));
        at = gap + 2;
    }
    va_end(segments);
    buf_append(&buf, str_of(at));
    return take(arena, &buf);
}

struct str address_with(struct arena *arena, struct str path, const char *name, struct str value)
{
    if (str_is_absent(value))
        return path;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, path);
    buf_append_byte(&buf, str_find_byte(path, '?', 0) == path.size ? '?' : '&');
    buf_append(&buf, str_of(name));
    buf_append_byte(&buf, '=');
    address_append_encoded(&buf, value);
    return take(arena, &buf);
}

/* Behind the scheme, or absent. */
static struct str authority_of(struct str origin)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (str_starts_with(origin, str_of(schemes[i])))
            return str_slice(origin, strlen(schemes[i]), origin.size);
    }
    return (struct str){0};
}

bool address_is_origin(struct str text)
{
    struct str authority = authority_of(text);
    if (str_is_empty(authority))
        return false;
    for (size_t i = 0; i < authority.size; i++) {
        char byte = authority.data[i];
        if (!is_unreserved((unsigned char)byte) && byte != ':' && byte != '[' && byte != ']')
            return false;
    }
    return true;
}

/* host, host:port, [::1]:port; "localhost.evil" is none of them. */
static bool is_host(struct str authority, struct str host)
{
    return str_starts_with(authority, host) &&
           (authority.size == host.size ||
            str_starts_with(str_slice(authority, host.size, SIZE_MAX), STR(":")));
}

bool address_is_private(struct str origin)
{
    struct str authority = authority_of(origin);
    return str_starts_with(origin, STR("https://")) || is_host(authority, STR("localhost")) ||
           is_host(authority, STR("[::1]")) || is_host(authority, STR("127.0.0.1"));
}
