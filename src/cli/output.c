/* SPDX-License-Identifier: Apache-2.0 */
/* output - what a command has to say: see output.h. */
#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/instant.h"
#include "json/write.h"

enum { GAP = 2, NARROWEST = 8 };

/* ---- cells --------------------------------------------------------------------------------------
 */

const struct json *output_find(const struct json *item, const char *path)
{
    struct str rest = str_of(path);
    while (item != NULL && rest.size > 0) {
        size_t dot = str_find_byte(rest, '.', 0);
        item = json_find(item, str_slice(rest, 0, dot));
        rest = str_slice(rest, dot + 1, rest.size);
    }
    return item;
}

/* What a terminal obeys instead of showing: controls, and characters without a width that turn the
 * direction of the text around or hide (UAX #9, U+200B and its like). 0: it is none. */
static size_t invisible_size(const unsigned char *bytes, size_t size, unsigned *point)
{
    *point = bytes[0];
    if (bytes[0] < 0x20 || bytes[0] == 0x7F)
        return 1;
    if (size > 1 && bytes[0] == 0xC2 && bytes[1] < 0xA0) {
        *point = bytes[1];
        return 2;
    }
    if (size < 3 || (bytes[0] != 0xE2 && bytes[0] != 0xEF))
        return 0;
    *point = (bytes[0] & 0x0Fu) << 12 | (bytes[1] & 0x3Fu) << 6 | (bytes[2] & 0x3Fu);
    bool is_invisible = *point == 0x200B || *point == 0x200E || *point == 0x200F ||
                        (*point >= 0x2028 && *point <= 0x202E) ||
                        (*point >= 0x2060 && *point <= 0x206F) || *point == 0xFEFF;
    return is_invisible ? 3 : 0;
}

static void append_visible(struct buf *buf, struct str text, bool is_json)
{
    for (size_t i = 0; i < text.size;) {
        unsigned point = 0;
        size_t size = invisible_size((const unsigned char *)text.data + i, text.size - i, &point);
        bool is_layout = is_json && text.data[i] == '\n'; /* in a text of JSON's it is escaped */
        if (size == 0 || is_layout)
            buf_append_byte(buf, text.data[i]);
        else
            buf_append_format(buf, is_json || point > 0xFF ? "\\u%04x" : "\\x%02x", point);
        i += size == 0 ? 1 : size;
    }
}

void output_append_visible(struct buf *buf, struct str text)
{
    append_visible(buf, text, false);
}

void output_append_visible_json(struct buf *buf, struct str text)
{
    append_visible(buf, text, true);
}

static void append_instant(struct buf *buf, struct str text)
{
    int64_t ms = 0;
    char seconds[INSTANT_TEXT_BYTES];
    if (!instant_parse(text, &ms)) {
        output_append_visible(buf, text);
        return;
    }
    instant_format_seconds(ms, seconds);
    buf_append(buf, str_of(seconds));
}

static void append_json(struct buf *buf, const struct json *value)
{
    struct buf text;
    struct json_writer writer;
    buf_open(&text, SIZE_MAX);
    json_writer_open(&writer, &text);
    json_tree(&writer, value);
    output_append_visible_json(buf, buf_str(&text));
    buf_close(&text);
}

static void append_list(struct buf *buf, const struct json *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        buf_append(buf, i == 0 ? STR("") : STR(", "));
        output_append_cell(buf, &list->elements[i],
                           list->elements[i].type == JSON_STRING ? COLUMN_TEXT : COLUMN_JSON);
    }
}

void output_append_cell(struct buf *buf, const struct json *value, enum column_form form)
{
    if (value == NULL || (value->type == JSON_NULL && form != COLUMN_JSON))
        return;
    if (form == COLUMN_SWITCH && value->type == JSON_BOOLEAN) {
        buf_append(buf, value->boolean ? STR("on") : STR("off"));
    } else if (form == COLUMN_INSTANT && value->type == JSON_STRING) {
        append_instant(buf, value->string);
    } else if (form == COLUMN_LIST && value->type == JSON_ARRAY) {
        append_list(buf, value);
    } else if (form != COLUMN_JSON && value->type == JSON_STRING) {
        output_append_visible(buf, value->string);
    } else {
        append_json(buf, value);
    }
}

/* Characters, not bytes; wide ones count as one. */
static size_t width_of(struct str text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.size; i++)
        width += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return width;
}

static struct str cut(struct str text, size_t width)
{
    size_t seen = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (((unsigned char)text.data[i] & 0xC0) != 0x80 && seen++ == width)
            return str_slice(text, 0, i);
    }
    return text;
}

/* ---- lists --------------------------------------------------------------------------------------
 */

struct grid {
    struct session *session;
    const struct column *columns;
    size_t column_count, row_count;
    struct str *cells; /* row by row */
    size_t *widths;
};

static void fill(struct grid *grid, const struct json *items)
{
    struct arena *arena = &grid->session->arena;
    grid->cells = ARENA_NEW_ARRAY(arena, struct str, grid->row_count * grid->column_count + 1);
    grid->widths = ARENA_NEW_ARRAY(arena, size_t, grid->column_count);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < grid->row_count * grid->column_count; i++) {
        size_t column = i % grid->column_count;
        buf_clear(&buf);
        output_append_cell(&buf,
                           output_find(&items[i / grid->column_count], grid->columns[column].path),
                           grid->columns[column].form);
        grid->cells[i] = arena_copy_str(arena, buf_str(&buf));
        size_t width = width_of(grid->cells[i]);
        if (width > grid->widths[column])
            grid->widths[column] = width;
    }
    buf_close(&buf);
}

/* The widest column gives way until the table fits. */
static void fit(struct grid *grid)
{
    for (size_t i = 0; i < grid->column_count; i++) {
        size_t title = strlen(grid->columns[i].title);
        if (grid->widths[i] < title)
            grid->widths[i] = title;
    }
    if (grid->session->columns == 0 || !grid->session->is_output_terminal)
        return;
    for (;;) {
        size_t total = GAP * (grid->column_count - 1), widest = 0;
        for (size_t i = 0; i < grid->column_count; i++) {
            total += grid->widths[i];
            if (grid->widths[i] > grid->widths[widest])
                widest = i;
        }
        if (total <= grid->session->columns || grid->widths[widest] <= NARROWEST)
            return;
        size_t over = total - grid->session->columns;
        size_t spare = grid->widths[widest] - NARROWEST;
        grid->widths[widest] -= over < spare ? over : spare;
    }
}

static void append_padded(struct buf *buf, struct str text, size_t width, bool is_last)
{
    size_t has = width_of(text);
    if (has > width) {
        buf_append(buf, cut(text, width - 1));
        buf_append(buf, STR("…"));
        has = width;
    } else {
        buf_append(buf, text);
    }
    for (size_t i = has; !is_last && i < width + GAP; i++)
        buf_append_byte(buf, ' ');
}

static void append_titles(struct buf *buf, const struct grid *grid)
{
    buf_append(buf, str_of(output_colour(grid->session, COLOUR_BOLD)));
    for (size_t i = 0; i < grid->column_count; i++)
        append_padded(buf, str_of(grid->columns[i].title), grid->widths[i],
                      i + 1 == grid->column_count);
    buf_append(buf, str_of(output_colour(grid->session, COLOUR_NONE)));
    buf_append_byte(buf, '\n');
}

static void print_table(struct grid *grid)
{
    fit(grid);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    append_titles(&buf, grid);
    for (size_t i = 0; i < grid->row_count * grid->column_count; i++) {
        size_t column = i % grid->column_count;
        bool is_last = column + 1 == grid->column_count;
        append_padded(&buf, grid->cells[i], grid->widths[column], is_last);
        if (is_last)
            buf_append_byte(&buf, '\n');
    }
    output_raw(buf_str(&buf));
    buf_close(&buf);
}

static void print_tsv(const struct grid *grid)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < grid->row_count * grid->column_count; i++) {
        bool is_last = (i + 1) % grid->column_count == 0;
        buf_append(&buf, grid->cells[i]);
        buf_append_byte(&buf, is_last ? '\n' : '\t');
    }
    output_raw(buf_str(&buf));
    buf_close(&buf);
}

void output_list(struct session *session, const struct column *columns, size_t column_count,
                 const struct json *items, size_t count)
{
    if (session->format == OUTPUT_JSON) {
        for (size_t i = 0; i < count; i++)
            output_json(&items[i]);
        return;
    }
    struct grid grid = {session, columns, column_count, count, NULL, NULL};
    fill(&grid, items);
    if (session->format == OUTPUT_TSV)
        print_tsv(&grid);
    else
        print_table(&grid);
}

void output_item(struct session *session, const struct column *columns, size_t column_count,
                 const struct json *item)
{
    if (session->format != OUTPUT_TABLE) {
        output_list(session, columns, column_count, item, 1);
        return;
    }
    struct grid grid = {session, columns, column_count, 1, NULL, NULL};
    fill(&grid, item);
    size_t width = 0;
    for (size_t i = 0; i < column_count; i++)
        width = strlen(columns[i].title) > width ? strlen(columns[i].title) : width;
    for (size_t i = 0; i < column_count; i++)
        printf("%s%-*s%s  %.*s\n", output_colour(session, COLOUR_DIM), (int)width, columns[i].title,
               output_colour(session, COLOUR_NONE), STR_ARG(grid.cells[i]));
}

/* ---- sentences ----------------------------------------------------------------------------------
 */

void output_raw(struct str text)
{
    if (text.size > 0)
        fwrite(text.data, 1, text.size, stdout);
}

void output_json(const struct json *json)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct json_writer writer;
    json_writer_open(&writer, &buf);
    json_tree(&writer, json);
    buf_append_byte(&buf, '\n');
    if (isatty(STDOUT_FILENO) == 1) {
        struct buf visible;
        buf_open(&visible, SIZE_MAX);
        output_append_visible_json(&visible, buf_str(&buf));
        output_raw(buf_str(&visible));
        buf_close(&visible);
    } else {
        output_raw(buf_str(&buf));
    }
    buf_close(&buf);
}

void output_say(struct session *session, const char *format, ...)
{
    if (session->is_quiet || session->format != OUTPUT_TABLE)
        return;
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

void output_note(struct session *session, const char *format, ...)
{
    if (session->is_quiet)
        return;
    fflush(stdout);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

const char *output_colour(const struct session *session, enum output_colour colour)
{
    static const char *const escapes[] = {"\x1b[0m",  "\x1b[31m", "\x1b[32m",
                                          "\x1b[33m", "\x1b[2m",  "\x1b[1m"};
    return session->has_colour ? escapes[colour] : "";
}
