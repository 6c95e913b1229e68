/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page - lists, a page at a time: see request.h and answer.h.
 *
 * A cursor is the key of the last item that was shown, with a few bytes of its digest before it:
 * what somebody typed or cut is told from what was given out. It holds no secret and needs no
 * memory here, and a page behind it is right whatever came or went in between.
 */
#include <string.h>

#include "base/base64url.h"
#include "base/digest.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/request.h"

enum { LIMIT_USUAL = 100, LIMIT_MAX = 1000, CHECK_BYTES = 4 };

static void check_of(struct str key, char check[CHECK_BYTES])
{
    struct digest digest;
    unsigned char name[DIGEST_BYTES];
    digest_begin(&digest);
    digest_add_text(&digest, STR("guidon cursor"));
    digest_add_text(&digest, key);
    digest_end(&digest, name, sizeof(name));
    memcpy(check, name, CHECK_BYTES);
}

static struct str cursor_of(struct arena *arena, struct str key)
{
    char *bytes = arena_allocate(arena, CHECK_BYTES + key.size);
    check_of(key, bytes);
    if (key.size > 0)
        memcpy(bytes + CHECK_BYTES, key.data, key.size);
    return base64url_encode(arena, (struct str){bytes, CHECK_BYTES + key.size});
}

static bool key_of(struct arena *arena, struct str cursor, struct str *key)
{
    struct str bytes;
    char check[CHECK_BYTES];
    if (!base64url_decode(arena, cursor, &bytes) || bytes.size < CHECK_BYTES)
        return false;
    *key = str_slice(bytes, CHECK_BYTES, bytes.size);
    check_of(*key, check);
    return memcmp(check, bytes.data, CHECK_BYTES) == 0;
}

bool admin_read_page(struct exchange *x, struct admin_page *page)
{
    struct str limit, cursor;
    uint64_t number = LIMIT_USUAL;
    *page = (struct admin_page){0};
    if (!admin_read_query(x, STR("limit"), &limit) || !admin_read_query(x, STR("cursor"), &cursor))
        return false;
    if (!str_is_absent(limit) &&
        (!admin_parse_number(limit, &number) || number == 0 || number > LIMIT_MAX))
        return admin_refuse_with(x, FAULT_INVALID, "?limit",
                                 STR("must be a number from 1 to 1000"));
    page->limit = (size_t)number;
    if (!str_is_absent(cursor) && !key_of(x->arena, cursor, &page->after))
        return admin_refuse_with(x, FAULT_INVALID, "?cursor",
                                 STR("is not one that was given out here"));
    return true;
}

struct json_writer *admin_page_begin(struct admin_answer *answer)
{
    struct json_writer *writer = admin_answer_begin(answer);
    json_object_begin(writer);
    json_key(writer, STR("items"));
    json_array_begin(writer);
    return writer;
}

static bool is_cursor_member(struct str member)
{
    return str_equal(str_slice(member, 0, str_find_byte(member, '=', 0)), STR("cursor"));
}

/* Bytes that would end the reference or the line cannot stand in a request's target. '<' and '>'
 * are taken in by the parser, so they are written as escapes here. */
static void append_reference(struct buf *buf, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte <= ' ' || byte >= 0x7f || byte == '<' || byte == '>' || byte == '"')
            buf_append_format(buf, "%%%02X", byte);
        else
            buf_append_byte(buf, (char)byte);
    }
}

/* The same request with another cursor: RFC 8288. */
static void link_next(struct exchange *x, struct str cursor)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("Link: <"));
    struct str target = x->request->target;
    append_reference(&buf, str_slice(target, 0, str_find_byte(target, '?', 0)));
    buf_append_byte(&buf, '?');
    struct str query = x->request->query;
    for (size_t at = 0; at < query.size;) {
        size_t end = str_find_byte(query, '&', at);
        struct str member = str_slice(query, at, end);
        if (member.size > 0 && !is_cursor_member(member)) {
            append_reference(&buf, member);
            buf_append_byte(&buf, '&');
        }
        at = end + 1;
    }
    buf_append_format(&buf, "cursor=%.*s>; rel=\"next\"\r\n", STR_ARG(cursor));
    x->response.headers =
        arena_format(x->arena, "%.*s%.*s", STR_ARG(x->response.headers), STR_ARG(buf_str(&buf)));
    buf_close(&buf);
}

void admin_page_end(struct exchange *x, struct admin_answer *answer, struct str next)
{
    struct json_writer *writer = &answer->writer;
    struct str cursor = str_is_absent(next) ? next : cursor_of(x->arena, next);
    json_array_end(writer);
    json_member_string_or_null(writer, STR("next"), cursor);
    json_object_end(writer);
    admin_answer_end(x, answer, 200);
    if (!str_is_absent(cursor))
        link_next(x, cursor);
}
