/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_view - see text_view.h. A text, a boolean and a list of texts cost no memory but the list's
 * own; numbers, objects and lists inside of lists are written down as JSON.stringify does.
 */
#include "eval/text_view.h"

#include <assert.h>
#include <stdlib.h>

#include "base/number.h"
#include "eval/lower_case.h"
#include "eval/pattern.h"
#include "eval/text_number.h"
#include "eval/text_set.h"
#include "eval/text_version.h"
#include "json/write.h"

/* Lists in a text's clothes: as deep as the parser goes, otherwise as large as the text. */
static const struct json_budget list_budget = {
    .depth_max = JSON_DEPTH_MAX,
    .members_max = 100000,
    .string_bytes_max = SIZE_MAX,
    .number_bytes_max = NUMBER_PARSE_BYTES_MAX,
};

/* ---- compact JSON ---------------------------------------------------------------------------- */

struct indexed_member {
    uint64_t index;
    const struct json_member *member;
};

/* ECMA-262 6.1.7, "array index": such members come first, by number. */
static bool is_index(struct str key, uint64_t *index)
{
    const uint64_t index_max = UINT32_MAX - UINT64_C(1);
    bool is_canonical = key.size == 1 || (key.size > 1 && key.size <= 10 && key.data[0] != '0');
    return is_canonical && str_parse_u64(key, index) && *index <= index_max;
}

static int compare_indices(const void *left, const void *right)
{
    const struct indexed_member *a = left;
    const struct indexed_member *b = right;
    return (a->index > b->index) - (a->index < b->index);
}

static void write_value(struct json_writer *writer, struct arena *arena, const struct json *json,
                        size_t depth);

static void write_member(struct json_writer *writer, struct arena *arena,
                         const struct json_member *member, size_t depth)
{
    json_key(writer, member->key);
    write_value(writer, arena, &member->value, depth + 1);
}

static void write_object(struct json_writer *writer, struct arena *arena, const struct json *json,
                         size_t depth)
{
    uint64_t index = 0;
    size_t count = 0;
    for (uint32_t i = 0; i < json->count; i++)
        count += is_index(json->members[i].key, &index);
    struct indexed_member *indexed = NULL;
    if (count > 0)
        indexed = ARENA_NEW_ARRAY(arena, struct indexed_member, count);
    count = 0;
    for (uint32_t i = 0; indexed != NULL && i < json->count; i++) {
        if (is_index(json->members[i].key, &index))
            indexed[count++] = (struct indexed_member){index, &json->members[i]};
    }
    if (count > 1)
        qsort(indexed, count, sizeof(*indexed), compare_indices);

    json_object_begin(writer);
    for (size_t i = 0; i < count; i++)
        write_member(writer, arena, indexed[i].member, depth);
    for (uint32_t i = 0; i < json->count; i++) {
        if (!is_index(json->members[i].key, &index))
            write_member(writer, arena, &json->members[i], depth);
    }
    json_object_end(writer);
}

static void write_value(struct json_writer *writer, struct arena *arena, const struct json *json,
                        size_t depth)
{
    assert(depth <= JSON_DEPTH_MAX);
    if (json->type == JSON_OBJECT) {
        write_object(writer, arena, json, depth);
        return;
    }
    if (json->type != JSON_ARRAY) {
        json_tree(writer, json);
        return;
    }
    json_array_begin(writer);
    for (uint32_t i = 0; i < json->count; i++)
        write_value(writer, arena, &json->elements[i], depth + 1);
    json_array_end(writer);
}

static struct str compact_text(struct arena *arena, const struct json *json)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    write_value(&writer, arena, json, 0);
    struct str copy = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return copy;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static struct str number_text(struct arena *arena, double number)
{
    char text[NUMBER_TEXT_BYTES];
    size_t size = number_format(number, text);
    return (struct str){arena_copy(arena, text, size), size};
}

/* Absent for null. */
static struct str text_of(struct arena *arena, const struct json *json)
{
    switch (json->type) {
    case JSON_STRING:
        return json->string.data == NULL ? STR("") : json->string;
    case JSON_BOOLEAN:
        return json->boolean ? STR("true") : STR("false");
    case JSON_NUMBER:
        return number_text(arena, json->number);
    case JSON_ARRAY:
    case JSON_OBJECT:
        return compact_text(arena, json);
    case JSON_NULL:
        break;
    }
    return (struct str){0};
}

enum text_word text_word_of(struct str text)
{
    if (text.size == 4 && str_equal_ignoring_case(text, STR("true")))
        return WORD_TRUE;
    if (text.size == 5 && str_equal_ignoring_case(text, STR("false")))
        return WORD_FALSE;
    return WORD_NONE;
}

static struct text_value value_of(struct str text)
{
    return (struct text_value){.text = text, .word = (uint8_t)text_word_of(text)};
}

struct str text_value_lower(struct text_value *value, struct arena *arena)
{
    if (!(value->known & KNOWN_LOWER)) {
        value->lower = lower_case(arena, value->text);
        value->known |= KNOWN_LOWER;
    }
    return value->lower;
}

double text_value_read_number(struct text_value *value)
{
    value->number = text_number(value->text);
    value->known |= KNOWN_NUMBER;
    return value->number;
}

uint64_t text_value_read_version(struct text_value *value)
{
    struct text_version version;
    bool is_version = text_version_parse(value->text, &version);
    value->version = is_version ? text_version_rank(&version) : 0;
    value->known |= KNOWN_VERSION;
    return value->version;
}

bool text_value_has_pairs(struct text_value *value)
{
    if (!(value->known & KNOWN_PAIRS)) {
        value->has_pairs = pattern_has_pairs(value->text);
        value->known |= KNOWN_PAIRS;
    }
    return value->has_pairs;
}

uint32_t text_value_hash(struct text_value *value)
{
    if (!(value->known & KNOWN_HASH)) {
        value->hash = text_set_hash(value->text);
        value->known |= KNOWN_HASH;
    }
    return value->hash;
}

/* ---- views ----------------------------------------------------------------------------------- */

static void open_list(struct text_view *view, struct arena *arena, const struct json *list)
{
    view->kind = VIEW_LIST;
    if (list->count == 0)
        return;
    view->elements = ARENA_NEW_ARRAY(arena, struct text_value, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        struct str text = text_of(arena, &list->elements[i]);
        if (!str_is_empty(text))
            view->elements[view->count++] = value_of(text);
    }
}

/* Whether a text is a list in JSON: only when it begins with the bracket itself. */
static bool open_written_list(struct text_view *view, struct arena *arena, struct str text)
{
    if (!str_starts_with(text, STR("[")))
        return false;
    struct json list;
    if (failed(json_parse(arena, text, &list_budget, &list)))
        return false;
    assert(list.type == JSON_ARRAY);
    open_list(view, arena, &list);
    return true;
}

void text_view_open(struct text_view *view, struct arena *arena, const struct json *json)
{
    *view = (struct text_view){.kind = VIEW_NOTHING, .json = json};
    if (json == NULL || json->type == JSON_NULL)
        return;
    if (json->type == JSON_ARRAY) {
        open_list(view, arena, json);
        return;
    }
    struct str text = text_of(arena, json);
    if (json->type == JSON_STRING && open_written_list(view, arena, text))
        return;
    view->kind = VIEW_TEXT;
    view->value = value_of(text);
}

struct str text_view_text(const struct text_view *view, struct arena *arena)
{
    assert(view->kind != VIEW_UNREAD);
    if (view->kind == VIEW_TEXT)
        return view->value.text;
    return view->kind == VIEW_NOTHING ? (struct str){0} : text_of(arena, view->json);
}
