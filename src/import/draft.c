/* SPDX-License-Identifier: Apache-2.0 */
/* draft - an environment under construction, and its text: see draft.h. */
#include "import/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/codec.h"
#include "model/limits.h"

void draft_begin(struct draft *draft, struct arena *arena, const struct import_options *options)
{
    *draft = (struct draft){.arena = arena, .key_prefix = options->key_prefix};
    draft->settings.metadata = json_make_null();
    report_open(&draft->report, arena);
    map_open(&draft->flag_names, arena, 64);
    map_open(&draft->segment_names, arena, 64);
    map_open(&draft->flags_added, arena, 64);
    map_open(&draft->segments_added, arena, 64);
    map_open(&draft->flag_keys, arena, 64);
    map_open(&draft->segment_keys, arena, 64);
}

/* A larger copy of an array that has no room for one more. */
static void *grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity == 0 ? 32 : 2 * *capacity;
    void *larger = arena_allocate_array(arena, *capacity, size);
    if (count > 0)
        memcpy(larger, array, count * size);
    return larger;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* As our keys are: what they cannot have is '-', the first is a letter or a digit, and they end. */
static struct str clean_key(struct arena *arena, struct str prefix, struct str name,
                            size_t bytes_max)
{
    struct str joined = arena_format(arena, "%.*s%.*s", STR_ARG(prefix), STR_ARG(name));
    bool needs_letter = joined.size == 0 || !is_alphanumeric(joined.data[0]);
    struct str text = needs_letter ? arena_format(arena, "x%.*s", STR_ARG(joined)) : joined;
    size_t size = text.size < bytes_max ? text.size : bytes_max;
    char *bytes = arena_copy(arena, text.data, size);
    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];
        if (!is_alphanumeric(c) && c != '.' && c != '_' && c != '-')
            bytes[i] = '-';
    }
    return (struct str){bytes, size};
}

static struct str numbered(struct arena *arena, struct str key, unsigned number, size_t bytes_max)
{
    struct str suffix = arena_format(arena, "-%u", number);
    struct str stem = str_slice(key, 0, bytes_max - suffix.size);
    return arena_format(arena, "%.*s%.*s", STR_ARG(stem), STR_ARG(suffix));
}

static struct str take_key(struct draft *draft, struct map *names, struct map *keys,
                           struct str name, size_t bytes_max)
{
    uint32_t known = map_find(names, name);
    if (known != MAP_ABSENT)
        return draft->keys[known];
    struct str clean = clean_key(draft->arena, draft->key_prefix, name, bytes_max);
    struct str key = clean;
    for (unsigned number = 2; !map_insert(keys, key, 0); number++)
        key = numbered(draft->arena, clean, number, bytes_max);
    draft->keys = grow(draft->arena, draft->keys, draft->key_count, &draft->key_capacity,
                       sizeof(*draft->keys));
    map_insert(names, name, (uint32_t)draft->key_count);
    draft->keys[draft->key_count++] = key;
    return key;
}

struct str draft_flag_key(struct draft *draft, struct str name)
{
    return take_key(draft, &draft->flag_names, &draft->flag_keys, name, FLAG_KEY_BYTES_MAX);
}

struct str draft_segment_key(struct draft *draft, struct str name)
{
    return take_key(draft, &draft->segment_names, &draft->segment_keys, name,
                    SEGMENT_KEY_BYTES_MAX);
}

/* A prefix was asked for; anything else is a change whoever asks for the key has to know of. */
static void report_key(struct draft *draft, size_t row, struct str name, struct str key)
{
    struct str expected =
        arena_format(draft->arena, "%.*s%.*s", STR_ARG(draft->key_prefix), STR_ARG(name));
    if (!str_equal(expected, key))
        draft_lower_format(draft, row, IMPORT_PARTLY, "its key here is %.*s", STR_ARG(key));
}

/* ---- flags and segments ---------------------------------------------------------------------- */

struct draft_flag *draft_add_flag(struct draft *draft, struct str name)
{
    struct draft_flag *item = ARENA_NEW(draft->arena, struct draft_flag);
    item->name = name;
    item->row = report_add(&draft->report, STR("flag"), name);
    item->flag = (struct flag){
        .id = STR("imported"),
        .key = draft_flag_key(draft, name),
        .description = STR(""),
        .owner = STR(""),
        .lifecycle = LIFECYCLE_ACTIVE,
        .is_on_all_deployments = true,
        .metadata = json_make_null(),
        .experiment = {.exposure_event = json_make_null()},
    };
    report_key(draft, item->row, name, item->flag.key);
    if (!map_insert(&draft->flags_added, name, 0))
        draft_leave_out_flag(draft, item, STR("there is one of that key before it"));
    draft->flags = grow(draft->arena, draft->flags, draft->flag_count, &draft->flag_capacity,
                        sizeof(struct draft_flag *));
    draft->flags[draft->flag_count++] = item;
    return item;
}

struct draft_segment *draft_add_segment(struct draft *draft, struct str name)
{
    struct draft_segment *item = ARENA_NEW(draft->arena, struct draft_segment);
    item->name = name;
    item->row = report_add(&draft->report, STR("segment"), name);
    item->segment = (struct segment){.id = STR("imported"), .key = draft_segment_key(draft, name)};
    report_key(draft, item->row, name, item->segment.key);
    if (!map_insert(&draft->segments_added, name, 0))
        draft_leave_out_segment(draft, item, STR("there is one of that key before it"));
    draft->segments = grow(draft->arena, draft->segments, draft->segment_count,
                           &draft->segment_capacity, sizeof(struct draft_segment *));
    draft->segments[draft->segment_count++] = item;
    return item;
}

/* ---- the report ------------------------------------------------------------------------------ */

void draft_lower(struct draft *draft, size_t row, enum import_outcome outcome, struct str note)
{
    report_lower(&draft->report, row, outcome, note);
}

void draft_lower_format(struct draft *draft, size_t row, enum import_outcome outcome,
                        const char *format, ...)
{
    enum { NOTE_BYTES = 1024 };
    char note[NOTE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(note, sizeof(note), format, arguments);
    va_end(arguments);
    size_t bytes = size < 0 ? 0 : (size_t)size;
    if (bytes >= sizeof(note))
        bytes = sizeof(note) - 1;
    draft_lower(draft, row, outcome, (struct str){note, bytes});
}

void draft_leave_out_flag(struct draft *draft, struct draft_flag *flag, struct str why)
{
    flag->is_left_out = true;
    draft_lower(draft, flag->row, IMPORT_LEFT_OUT, why);
}

void draft_leave_out_segment(struct draft *draft, struct draft_segment *segment, struct str why)
{
    segment->is_left_out = true;
    draft_lower(draft, segment->row, IMPORT_LEFT_OUT, why);
}

/* ---- the text -------------------------------------------------------------------------------- */

static int compare_flags(const void *left, const void *right)
{
    const struct draft_flag *const *a = left;
    const struct draft_flag *const *b = right;
    return str_compare((*a)->flag.key, (*b)->flag.key);
}

static int compare_segments(const void *left, const void *right)
{
    const struct draft_segment *const *a = left;
    const struct draft_segment *const *b = right;
    return str_compare((*a)->segment.key, (*b)->segment.key);
}

static int compare_texts(const void *left, const void *right)
{
    const struct str *a = left;
    const struct str *b = right;
    return str_compare(*a, *b);
}

static void put_labels(struct json_writer *writer, struct draft_flag *flag)
{
    if (flag->label_count > 0)
        qsort(flag->labels, flag->label_count, sizeof(*flag->labels), compare_texts);
    json_array_begin(writer);
    for (size_t i = 0; i < flag->label_count; i++)
        json_string(writer, flag->labels[i]);
    json_array_end(writer);
}

/* The canonical text but for the id; deployments by label. `flag` is NULL for a segment's text. */
static struct fault put_document(struct arena *arena, struct str text, struct draft_flag *flag,
                                 struct buf *buf)
{
    static const struct json_budget budget = {.depth_max = JSON_DEPTH_MAX,
                                              .members_max = SIZE_MAX,
                                              .string_bytes_max = SIZE_MAX,
                                              .number_bytes_max = 64};
    struct json document;
    struct json_writer writer;
    struct fault fault = json_parse(arena, text, &budget, &document);
    if (failed(fault))
        return fault;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    for (uint32_t i = 0; i < document.count; i++) {
        const struct json_member *member = &document.members[i];
        if (str_equal(member->key, STR("id")))
            continue;
        json_key(&writer, member->key);
        if (flag != NULL && str_equal(member->key, STR("deployments")))
            put_labels(&writer, flag);
        else
            json_tree(&writer, &member->value);
    }
    json_object_end(&writer);
    return fault_none();
}

static void begin_item(struct buf *buf, size_t index)
{
    buf_append(buf, index == 0 ? STR("\n") : STR(",\n"));
}

static struct fault put_flags(struct draft *draft, struct draft_flag **flags, size_t count,
                              struct buf *buf)
{
    struct fault fault = fault_none();
    struct buf text;
    buf_open(&text, SIZE_MAX);
    buf_append(buf, STR("\"flags\":["));
    for (size_t i = 0; i < count && !failed(fault); i++) {
        buf_clear(&text);
        flag_encode(&flags[i]->flag, &text);
        begin_item(buf, i);
        fault =
            put_document(draft->arena, arena_copy_str(draft->arena, buf_str(&text)), flags[i], buf);
    }
    buf_append(buf, STR("]"));
    buf_close(&text);
    return fault;
}

static struct fault put_segments(struct draft *draft, struct draft_segment **segments, size_t count,
                                 struct buf *buf)
{
    struct fault fault = fault_none();
    struct buf text;
    buf_open(&text, SIZE_MAX);
    buf_append(buf, STR("\"segments\":["));
    for (size_t i = 0; i < count && !failed(fault); i++) {
        buf_clear(&text);
        segment_encode(&segments[i]->segment, &text);
        begin_item(buf, i);
        fault = put_document(draft->arena, arena_copy_str(draft->arena, buf_str(&text)), NULL, buf);
    }
    buf_append(buf, STR("]"));
    buf_close(&text);
    return fault;
}

static struct fault put_all(struct draft *draft, struct buf *buf)
{
    struct draft_flag **flags =
        ARENA_NEW_ARRAY(draft->arena, struct draft_flag *, draft->flag_count);
    struct draft_segment **segments =
        ARENA_NEW_ARRAY(draft->arena, struct draft_segment *, draft->segment_count);
    size_t flag_count = 0;
    size_t segment_count = 0;
    for (size_t i = 0; i < draft->flag_count; i++) {
        if (!draft->flags[i]->is_left_out)
            flags[flag_count++] = draft->flags[i];
    }
    for (size_t i = 0; i < draft->segment_count; i++) {
        if (!draft->segments[i]->is_left_out)
            segments[segment_count++] = draft->segments[i];
    }
    if (flag_count > 0)
        qsort(flags, flag_count, sizeof(struct draft_flag *), compare_flags);
    if (segment_count > 0)
        qsort(segments, segment_count, sizeof(struct draft_segment *), compare_segments);
    buf_append(buf, STR("{\"format\":\"guidon.environment/1\",\n"));
    if (draft->has_settings) {
        buf_append(buf, STR("\"settings\":"));
        settings_encode(&draft->settings, buf);
        buf_append(buf, STR(",\n"));
    }
    struct fault fault = put_segments(draft, segments, segment_count, buf);
    buf_append(buf, STR(",\n"));
    if (!failed(fault))
        fault = put_flags(draft, flags, flag_count, buf);
    buf_append(buf, STR("}\n"));
    return fault;
}

struct fault draft_finish(struct draft *draft, struct import_result *result)
{
    struct buf buf;
    draft_check(draft);
    buf_open(&buf, SIZE_MAX);
    struct fault fault = put_all(draft, &buf);
    result->document = arena_copy_str(draft->arena, buf_str(&buf));
    result->rows = draft->report.rows;
    result->row_count = draft->report.count;
    buf_close(&buf);
    return fault;
}
