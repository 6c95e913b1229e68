/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_writer - JSON into a buf, commas kept for you.
 *
 *     struct json_writer w;
 *     json_writer_open(&w, &buf);
 *     json_object_begin(&w);
 *     json_key(&w, STR("version"));
 *     json_u64(&w, 42);
 *     json_object_end(&w);
 *
 * Numbers are spelled as ECMAScript spells them (base/number.h). Quiet after the first failure of
 * the buf, like the buf itself. Strings are escaped minimally: quote, backslash and controls;
 * \b \t \n \f \r by letter, other controls as \u00xx in lower case; all else as it is.
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include "json/json.h"

struct json_writer {
    struct buf *buf;
    uint32_t depth;
    bool needs_comma; /* a value already stands at this level */
    bool is_member;   /* a key was just written: the next value needs no comma */
};

void json_writer_open(struct json_writer *writer, struct buf *buf);

void json_object_begin(struct json_writer *writer);
void json_object_end(struct json_writer *writer);
void json_array_begin(struct json_writer *writer);
void json_array_end(struct json_writer *writer);
void json_key(struct json_writer *writer, struct str key);

void json_string(struct json_writer *writer, struct str value);
void json_number(struct json_writer *writer, double value);
void json_u64(struct json_writer *writer, uint64_t value);
void json_i64(struct json_writer *writer, int64_t value);
void json_boolean(struct json_writer *writer, bool value);
void json_null(struct json_writer *writer);
void json_tree(struct json_writer *writer, const struct json *json); /* members in tree order */
void json_raw(struct json_writer *writer, struct str fragment);      /* a value rendered before */

/* key and value in one go. */
void json_member_string(struct json_writer *writer, struct str key, struct str value);
void json_member_u64(struct json_writer *writer, struct str key, uint64_t value);
void json_member_boolean(struct json_writer *writer, struct str key, bool value);
void json_member_tree(struct json_writer *writer, struct str key, const struct json *json);

/* null for 0, and for an absent text. */
void json_member_u64_or_null(struct json_writer *writer, struct str key, uint64_t value);
void json_member_string_or_null(struct json_writer *writer, struct str key, struct str value);

/* Canonical text: members sorted by UTF-16 units at every depth, no blanks. Two trees that are
 * json_equal and free of -0 have the same canonical text. */
void json_append_canonical(struct buf *buf, const struct json *json);

#endif
