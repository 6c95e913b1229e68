/* SPDX-License-Identifier: Apache-2.0 */
/* pretty - JSON over several lines: see document.h. */
#include "cli/document.h"

enum { SHORT_BYTES = 72 };

static void append_indent(struct buf *buf, unsigned depth)
{
    buf_append_byte(buf, '\n');
    for (unsigned i = 0; i < depth; i++)
        buf_append(buf, STR("  "));
}

static void append_inline(struct buf *buf, const struct json *json)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_tree(&writer, json);
}

/* What fits on a line stays on one. */
static bool append_short(struct buf *buf, const struct json *json)
{
    struct buf text;
    buf_open(&text, SHORT_BYTES);
    append_inline(&text, json);
    bool is_short = !buf_failed(&text);
    if (is_short)
        buf_append(buf, buf_str(&text));
    buf_close(&text);
    return is_short;
}

/* Depth is the parser's: json_budget. */
static void append(struct buf *buf, const struct json *json, unsigned depth)
{
    bool is_object = json->type == JSON_OBJECT;
    bool is_container = is_object || json->type == JSON_ARRAY;
    if (!is_container || json->count == 0) {
        append_inline(buf, json);
        return;
    }
    if (depth > 0 && append_short(buf, json))
        return;
    buf_append_byte(buf, is_object ? '{' : '[');
    for (uint32_t i = 0; i < json->count; i++) {
        if (i > 0)
            buf_append_byte(buf, ',');
        append_indent(buf, depth + 1);
        if (is_object) {
            const struct json key = json_make_string(json->members[i].key);
            append_inline(buf, &key);
            buf_append(buf, STR(": "));
        }
        append(buf, is_object ? &json->members[i].value : &json->elements[i], depth + 1);
    }
    append_indent(buf, depth);
    buf_append_byte(buf, is_object ? '}' : ']');
}

void document_append_pretty(struct buf *buf, const struct json *json)
{
    append(buf, json, 0);
    buf_append_byte(buf, '\n');
}
