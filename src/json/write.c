/* SPDX-License-Identifier: Apache-2.0 */
/* write - JSON into a buf, commas kept: see write.h. */
#include "json/write.h"

#include <assert.h>

#include "base/hex.h"
#include "base/number.h"
#include "json/scan.h"

void json_writer_open(struct json_writer *writer, struct buf *buf)
{
    *writer = (struct json_writer){.buf = buf};
}

/* Before a value: the comma that separates it from the one before, unless a key stands there. */
static void begin_value(struct json_writer *writer)
{
    assert(writer->depth > 0 || !writer->needs_comma); /* one value at the root */
    if (writer->needs_comma && !writer->is_member)
        buf_append_byte(writer->buf, ',');
    writer->is_member = false;
    writer->needs_comma = true;
}

static void begin_container(struct json_writer *writer, char bracket)
{
    begin_value(writer);
    buf_append_byte(writer->buf, bracket);
    writer->depth++;
    writer->needs_comma = false;
}

static void end_container(struct json_writer *writer, char bracket)
{
    assert(writer->depth > 0);
    assert(!writer->is_member);
    buf_append_byte(writer->buf, bracket);
    writer->depth--;
    writer->needs_comma = true;
}

void json_object_begin(struct json_writer *writer)
{
    begin_container(writer, '{');
}

void json_object_end(struct json_writer *writer)
{
    end_container(writer, '}');
}

void json_array_begin(struct json_writer *writer)
{
    begin_container(writer, '[');
}

void json_array_end(struct json_writer *writer)
{
    end_container(writer, ']');
}

/* The letter that stands for a byte behind a backslash; 'u' when it has none of its own. */
static char escape_letter(char byte)
{
    switch (byte) {
    case '"':
    case '\\':
        return byte;
    case '\b':
        return 'b';
    case '\t':
        return 't';
    case '\n':
        return 'n';
    case '\f':
        return 'f';
    case '\r':
        return 'r';
    default:
        return 'u';
    }
}

static void append_escape(struct buf *buf, char byte)
{
    char letter = escape_letter(byte);
    char text[6] = {'\\',
                    letter,
                    '0',
                    '0',
                    hex_digit((unsigned char)byte >> 4),
                    hex_digit((unsigned char)byte)};
    buf_append(buf, (struct str){text, letter == 'u' ? 6 : 2});
}

static void append_quoted(struct buf *buf, struct str s)
{
    buf_append_byte(buf, '"');
    size_t at = 0;
    while (at < s.size) {
        uint64_t high = 0;
        size_t plain = scan_plain(s.data + at, s.size - at, &high);
        buf_append(buf, str_slice(s, at, at + plain));
        at += plain;
        if (at < s.size)
            append_escape(buf, s.data[at++]);
    }
    buf_append_byte(buf, '"');
}

void json_key(struct json_writer *writer, struct str key)
{
    assert(writer->depth > 0);
    assert(!writer->is_member);
    if (writer->needs_comma)
        buf_append_byte(writer->buf, ',');
    append_quoted(writer->buf, key);
    buf_append_byte(writer->buf, ':');
    writer->is_member = true;
}

void json_string(struct json_writer *writer, struct str value)
{
    begin_value(writer);
    append_quoted(writer->buf, value);
}

void json_number(struct json_writer *writer, double value)
{
    char text[NUMBER_TEXT_BYTES];
    begin_value(writer);
    buf_append(writer->buf, (struct str){text, number_format(value, text)});
}

void json_u64(struct json_writer *writer, uint64_t value)
{
    begin_value(writer);
    buf_append_u64(writer->buf, value);
}

void json_i64(struct json_writer *writer, int64_t value)
{
    begin_value(writer);
    if (value < 0)
        buf_append_byte(writer->buf, '-');
    buf_append_u64(writer->buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_boolean(struct json_writer *writer, bool value)
{
    begin_value(writer);
    buf_append(writer->buf, value ? STR("true") : STR("false"));
}

void json_null(struct json_writer *writer)
{
    begin_value(writer);
    buf_append(writer->buf, STR("null"));
}

void json_raw(struct json_writer *writer, struct str fragment)
{
    assert(fragment.size > 0);
    begin_value(writer);
    buf_append(writer->buf, fragment);
}

static void write_value(struct json_writer *writer, const struct json *json, size_t depth);

static void write_elements(struct json_writer *writer, const struct json *array, size_t depth)
{
    json_array_begin(writer);
    for (uint32_t i = 0; i < array->count; i++)
        write_value(writer, &array->elements[i], depth + 1);
    json_array_end(writer);
}

static void write_members(struct json_writer *writer, const struct json *object, size_t depth)
{
    json_object_begin(writer);
    for (uint32_t i = 0; i < object->count; i++) {
        json_key(writer, object->members[i].key);
        write_value(writer, &object->members[i].value, depth + 1);
    }
    json_object_end(writer);
}

static void write_value(struct json_writer *writer, const struct json *json, size_t depth)
{
    assert(depth <= JSON_DEPTH_MAX);
    switch (json->type) {
    case JSON_NULL:
        json_null(writer);
        break;
    case JSON_BOOLEAN:
        json_boolean(writer, json->boolean);
        break;
    case JSON_NUMBER:
        json_number(writer, json->number);
        break;
    case JSON_STRING:
        json_string(writer, json->string);
        break;
    case JSON_ARRAY:
        write_elements(writer, json, depth);
        break;
    case JSON_OBJECT:
        write_members(writer, json, depth);
        break;
    }
}

void json_tree(struct json_writer *writer, const struct json *json)
{
    write_value(writer, json, 0);
}

void json_member_string(struct json_writer *writer, struct str key, struct str value)
{
    json_key(writer, key);
    json_string(writer, value);
}

void json_member_u64(struct json_writer *writer, struct str key, uint64_t value)
{
    json_key(writer, key);
    json_u64(writer, value);
}

void json_member_boolean(struct json_writer *writer, struct str key, bool value)
{
    json_key(writer, key);
    json_boolean(writer, value);
}

void json_member_tree(struct json_writer *writer, struct str key, const struct json *json)
{
    json_key(writer, key);
    json_tree(writer, json);
}

void json_member_u64_or_null(struct json_writer *writer, struct str key, uint64_t value)
{
    json_key(writer, key);
    if (value == 0)
        json_null(writer);
    else
        json_u64(writer, value);
}

void json_member_string_or_null(struct json_writer *writer, struct str key, struct str value)
{
    json_key(writer, key);
    if (str_is_absent(value))
        json_null(writer);
    else
        json_string(writer, value);
}
