/* SPDX-License-Identifier: Apache-2.0 */
/* describe - what changed, in words: see describe.h. */
#include "cli/describe.h"

#include <stdio.h>

#include "cli/output.h"

enum { VALUE_BYTES_MAX = 120 };

static struct str text_of(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

/* /rules/3/when -> rules 3 when */
static void append_place(struct buf *buf, struct str path)
{
    for (size_t i = path.size > 0 ? 1 : 0; i < path.size; i++) {
        bool is_slash = path.data[i] == '~' && i + 1 < path.size && path.data[i + 1] == '1';
        bool is_tilde = path.data[i] == '~' && i + 1 < path.size && path.data[i + 1] == '0';
        if (is_slash || is_tilde)
            i++;
        char byte = is_slash ? '/' : is_tilde ? '~' : path.data[i] == '/' ? ' ' : path.data[i];
        output_append_visible(buf, (struct str){&byte, 1});
    }
}

static void append_value(struct buf *buf, const struct json *value)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    output_append_cell(&text, value, COLUMN_JSON);
    struct str whole = buf_str(&text);
    if (whole.size <= VALUE_BYTES_MAX) {
        buf_append(buf, whole);
    } else {
        size_t end = VALUE_BYTES_MAX;
        while (end > 0 && ((unsigned char)whole.data[end] & 0xC0) == 0x80)
            end--;
        buf_append(buf, str_slice(whole, 0, end));
        buf_append(buf, STR("…"));
    }
    buf_close(&text);
}

void describe_difference(struct buf *buf, const struct json *difference)
{
    struct str op = text_of(difference, STR("op"));
    const struct json *from = json_find(difference, STR("from"));
    const struct json *to = json_find(difference, STR("to"));
    append_place(buf, text_of(difference, STR("path")));
    buf_append(buf, STR(": "));
    if (str_equal(op, STR("move")))
        buf_append(buf, STR("moved "));
    if (from != NULL)
        append_value(buf, from);
    else
        buf_append(buf, STR("nothing"));
    buf_append(buf, STR(" -> "));
    if (to != NULL)
        append_value(buf, to);
    else
        buf_append(buf, STR("nothing"));
}

static enum output_colour colour_of(struct str op)
{
    if (str_equal(op, STR("create")))
        return COLOUR_GREEN;
    return str_equal(op, STR("delete")) ? COLOUR_RED : COLOUR_YELLOW;
}

static void describe_change(struct session *session, const struct json *change)
{
    struct str op = text_of(change, STR("op"));
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    output_append_visible(&buf, text_of(change, STR("key")));
    printf("%s%.*s%s %.*s %.*s\n", output_colour(session, colour_of(op)), STR_ARG(op),
           output_colour(session, COLOUR_NONE), STR_ARG(text_of(change, STR("kind"))),
           STR_ARG(buf_str(&buf)));
    const struct json *differences = json_find(change, STR("diff"));
    bool is_update = str_equal(op, STR("update"));
    for (uint32_t i = 0; is_update && differences != NULL && i < differences->count; i++) {
        buf_clear(&buf);
        describe_difference(&buf, &differences->elements[i]);
        printf("  %.*s\n", STR_ARG(buf_str(&buf)));
    }
    buf_close(&buf);
}

void describe_changes(struct session *session, const struct json *changes)
{
    for (uint32_t i = 0; i < changes->count; i++)
        describe_change(session, &changes->elements[i]);
    if (changes->count == 0)
        output_say(session, "nothing changes");
}
