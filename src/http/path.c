/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path - request targets, decoded once and in one way.
 *
 * A path that two readers could understand differently is refused, so that the route that is
 * looked up is the route that is authorised (security checklist, rule 13).
 */
#include "http/path.h"

#include "base/hex.h"
#include "base/utf.h"

/* The byte that the escape at raw[at] stands for; -1 when it is none. */
static int escaped_byte(struct str raw, size_t at)
{
    if (raw.size - at < 3)
        return -1;
    int high = hex_value(raw.data[at + 1]);
    int low = hex_value(raw.data[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool is_control(int byte)
{
    return byte < 0x20 || byte == 0x7f;
}

static struct fault refuse(struct str why)
{
    return fault_make(FAULT_INVALID, STR("path"), why);
}

/* Whether raw is its own canonical form, as nearly every path is. */
static bool is_plain(struct str raw)
{
    char before = '\0';
    for (size_t i = 0; i < raw.size; i++) {
        char byte = raw.data[i];
        if (byte <= 0x20 || byte >= 0x7f || byte == '%' || byte == '\\')
            return false;
        if (before == '/' && (byte == '/' || byte == '.'))
            return false;
        before = byte;
    }
    return true;
}

static bool has_dot_segment(struct str path)
{
    for (size_t at = 0; at < path.size;) {
        size_t end = str_find_byte(path, '/', at);
        struct str segment = str_slice(path, at, end);
        if (str_equal(segment, STR(".")) || str_equal(segment, STR("..")))
            return true;
        at = end + 1;
    }
    return false;
}

/* Resolves escapes and collapses slashes into `decoded`, which holds raw.size bytes. A backslash is
 * a slash to some readers, so an encoded one is kept as an encoded slash is. */
static struct fault resolve(struct str raw, char *decoded, size_t *size, bool *has_encoded_slash)
{
    *size = 0;
    for (size_t at = 0; at < raw.size; at++) {
        int byte = (unsigned char)raw.data[at];
        if (byte == '%') {
            byte = escaped_byte(raw, at);
            if (byte < 0)
                return refuse(STR("holds a malformed escape"));
            at += 2;
            if (byte == '/' || byte == '\\') {
                *has_encoded_slash = true;
                decoded[(*size)++] = '%';
                decoded[(*size)++] = byte == '/' ? '2' : '5';
                byte = byte == '/' ? 'F' : 'C';
            }
        } else if (byte == '/' && *size > 0 && decoded[*size - 1] == '/') {
            continue;
        }
        if (byte == '\\')
            return refuse(STR("holds a backslash"));
        if (is_control(byte))
            return refuse(STR("holds a control character"));
        decoded[(*size)++] = (char)byte;
    }
    return fault_none();
}

struct fault path_decode(struct arena *arena, struct str raw, struct str *path,
                         bool *has_encoded_slash)
{
    *has_encoded_slash = false;
    if (raw.size == 0 || raw.data[0] != '/')
        return refuse(STR("does not begin with a slash"));
    *path = raw;
    if (is_plain(raw))
        return fault_none();

    char *decoded = arena_allocate(arena, raw.size);
    size_t size = 0;
    struct fault fault = resolve(raw, decoded, &size, has_encoded_slash);
    if (failed(fault))
        return fault;
    *path = (struct str){decoded, size};
    if (has_dot_segment(*path))
        return refuse(STR("holds a dot segment"));
    if (!utf8_is_valid(*path))
        return refuse(STR("is not UTF-8"));
    return fault_none();
}

struct fault http_canonical_path(struct arena *arena, struct str raw, struct str *path)
{
    bool has_encoded_slash = false;
    struct fault fault = path_decode(arena, raw, path, &has_encoded_slash);
    if (failed(fault))
        return fault;
    return has_encoded_slash ? refuse(STR("holds an encoded slash")) : fault_none();
}

struct str http_decode_segment(struct arena *arena, struct str raw)
{
    if (str_find_byte(raw, '%', 0) == raw.size)
        return raw;
    char *decoded = arena_allocate(arena, raw.size);
    size_t size = 0;
    for (size_t at = 0; at < raw.size; at++) {
        int byte = raw.data[at] == '%' ? escaped_byte(raw, at) : -1;
        if (byte >= 0)
            at += 2;
        decoded[size++] = byte >= 0 ? (char)byte : raw.data[at];
    }
    return (struct str){decoded, size};
}

static bool needs_decoding(struct str raw)
{
    return str_find_byte(raw, '%', 0) < raw.size || str_find_byte(raw, '+', 0) < raw.size;
}

/* A query's name or value; false when an escape is malformed or the result is not UTF-8. */
static bool decode_member(struct arena *arena, struct str raw, struct str *text)
{
    *text = raw;
    if (!needs_decoding(raw))
        return utf8_is_valid(raw);
    char *decoded = arena_allocate(arena, raw.size);
    size_t size = 0;
    for (size_t at = 0; at < raw.size; at++) {
        int byte = (unsigned char)raw.data[at];
        if (byte == '%') {
            byte = escaped_byte(raw, at);
            if (byte < 0)
                return false;
            at += 2;
        } else if (byte == '+') {
            byte = ' ';
        }
        decoded[size++] = (char)byte;
    }
    *text = (struct str){decoded, size};
    return utf8_is_valid(*text);
}

struct str http_query(const struct http_request *request, struct str name, bool *is_malformed)
{
    *is_malformed = false;
    struct str query = request->query;
    for (size_t at = 0; at < query.size;) {
        size_t end = str_find_byte(query, '&', at);
        struct str member = str_slice(query, at, end);
        size_t equals = str_find_byte(member, '=', 0);
        at = end + 1;

        struct str candidate;
        if (!decode_member(request->arena, str_slice(member, 0, equals), &candidate))
            continue;
        if (!str_equal(candidate, name))
            continue;
        struct str value;
        if (decode_member(request->arena, str_slice(member, equals + 1, member.size), &value))
            return value;
        *is_malformed = true;
        return (struct str){0};
    }
    return (struct str){0};
}
