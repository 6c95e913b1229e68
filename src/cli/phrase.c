/* SPDX-License-Identifier: Apache-2.0 */
/* phrase - parts of a flag's document as people say them: see phrase.h. */
#include "cli/phrase.h"

#include "cli/output.h"

enum { PHRASE_BYTES_MAX = 160, DEPTH_MAX = 32, SPLIT_TICKETS = 100000 };

static void append(struct buf *buf, const struct json *value, unsigned depth);

static struct str text_of(const struct json *json, const char *name)
{
    const struct json *member = json_find(json, str_of(name));
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

static double number_of(const struct json *json, const char *name)
{
    const struct json *member = json_find(json, str_of(name));
    return member != NULL && member->type == JSON_NUMBER ? member->number : 0;
}

void phrase_append_attribute(struct buf *buf, struct str attribute)
{
    static const char *const prefixes[] = {"/context/user/user_properties/", "/context/user/",
                                           "/context/"};
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        struct str prefix = str_of(prefixes[i]);
        if (str_starts_with(attribute, prefix)) {
            attribute = str_slice(attribute, prefix.size, attribute.size);
            break;
        }
    }
    output_append_visible(buf, attribute);
}

static void append_list(struct buf *buf, const struct json *list)
{
    buf_append_byte(buf, '{');
    for (uint32_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_append(buf, STR(", "));
        output_append_cell(buf, &list->elements[i], COLUMN_TEXT);
    }
    buf_append_byte(buf, '}');
}

/* ---- conditions ---------------------------------------------------------------------------------
 */

static void append_combined(struct buf *buf, const struct json *expressions, struct str word,
                            unsigned depth)
{
    for (uint32_t i = 0; expressions != NULL && i < expressions->count; i++) {
        const struct json *one = &expressions->elements[i];
        bool is_nested = json_find(one, STR("expressions")) != NULL;
        if (i > 0)
            buf_append(buf, word);
        buf_append(buf, is_nested ? STR("(") : STR(""));
        append(buf, one, depth + 1);
        buf_append(buf, is_nested ? STR(")") : STR(""));
    }
}

static void append_match(struct buf *buf, const struct json *match)
{
    const struct json *value = json_find(match, STR("value"));
    phrase_append_attribute(buf, text_of(match, "attribute"));
    buf_append_byte(buf, ' ');
    output_append_visible(buf, text_of(match, "operator"));
    if (value == NULL)
        return;
    buf_append_byte(buf, ' ');
    if (value->type == JSON_ARRAY)
        append_list(buf, value);
    else
        output_append_cell(buf, value, COLUMN_JSON);
}

static void append_condition(struct buf *buf, const struct json *condition, struct str op,
                             unsigned depth)
{
    const struct json *negate = json_find(condition, STR("negate"));
    const struct json *expressions = json_find(condition, STR("expressions"));
    if (str_equal(op, STR("all"))) {
        append_combined(buf, expressions, STR(" and "), depth);
    } else if (str_equal(op, STR("any"))) {
        append_combined(buf, expressions, STR(" or "), depth);
    } else if (str_equal(op, STR("not"))) {
        const struct json *inner = json_find(condition, STR("expression"));
        buf_append(buf, STR("not ("));
        if (inner != NULL)
            append(buf, inner, depth + 1);
        buf_append_byte(buf, ')');
    } else if (str_equal(op, STR("segment"))) {
        bool is_negated = negate != NULL && negate->type == JSON_BOOLEAN && negate->boolean;
        buf_append(buf, is_negated ? STR("not in segment ") : STR("in segment "));
        output_append_visible(buf, text_of(condition, "segment"));
    } else {
        append_match(buf, condition);
    }
}

/* ---- serves -------------------------------------------------------------------------------------
 */

static void append_slices(struct buf *buf, const struct json *slices)
{
    for (uint32_t i = 0; slices != NULL && i < slices->count; i++) {
        const struct json *variations = json_find(&slices->elements[i], STR("variations"));
        buf_append_format(buf, "%s%.0f %% ", i == 0 ? "" : ", ",
                          number_of(&slices->elements[i], "percent"));
        for (uint32_t j = 0; variations != NULL && j < variations->count; j++) {
            struct str id = text_of(&variations->elements[j], "variation");
            buf_append(buf, j == 0 ? STR("") : STR("/"));
            output_append_visible(buf, str_is_absent(id) ? STR("nothing") : id);
        }
    }
}

static void append_bucket(struct buf *buf, const struct json *bucket)
{
    struct str otherwise = text_of(bucket, "otherwise");
    append_slices(buf, json_find(bucket, STR("slices")));
    if (str_is_absent(otherwise))
        return;
    buf_append(buf, STR(", else "));
    output_append_visible(buf, otherwise);
}

static void append_split(struct buf *buf, const struct json *split)
{
    const struct json *variations = json_find(split, STR("variations"));
    for (uint32_t i = 0; variations != NULL && i < variations->count; i++) {
        const struct json *one = &variations->elements[i];
        buf_append_format(buf, "%s%g %% ", i == 0 ? "" : ", ",
                          number_of(one, "weight") * 100 / SPLIT_TICKETS);
        output_append_visible(buf, text_of(one, "variation"));
    }
}

static void append_progressive(struct buf *buf, const struct json *way)
{
    const struct json *from = json_find(way, STR("from")), *to = json_find(way, STR("to"));
    const struct json *const sides[] = {from, to};
    for (size_t i = 0; i < COUNT_OF(sides); i++) {
        buf_append(buf, i == 0 ? STR("from ") : STR(" to "));
        if (sides[i] != NULL && json_find(sides[i], STR("variations")) != NULL)
            append_split(buf, sides[i]);
        else if (sides[i] != NULL)
            output_append_cell(buf, sides[i], COLUMN_JSON);
    }
    buf_append(buf, STR(" between "));
    output_append_visible(buf, text_of(way, "start"));
    buf_append(buf, STR(" and "));
    output_append_visible(buf, text_of(way, "end"));
}

static bool append_serve(struct buf *buf, const struct json *serve)
{
    const struct json *bucket = json_find(serve, STR("bucket"));
    const struct json *split = json_find(serve, STR("rollout"));
    const struct json *progressive = json_find(serve, STR("progressive"));
    if (json_find(serve, STR("slices")) != NULL)
        append_bucket(buf, serve);
    else if (bucket != NULL)
        append_bucket(buf, bucket);
    else if (split != NULL)
        append_split(buf, split);
    else if (progressive != NULL)
        append_progressive(buf, progressive);
    else if (serve->count == 1 && json_find(serve, STR("variation")) != NULL)
        output_append_cell(buf, json_find(serve, STR("variation")), COLUMN_TEXT);
    else
        return false;
    return true;
}

/* ---- whole --------------------------------------------------------------------------------------
 */

static bool append_rule(struct buf *buf, const struct json *rule, unsigned depth)
{
    const struct json *when = json_find(rule, STR("when"));
    const struct json *serve = json_find(rule, STR("serve"));
    if (when == NULL || serve == NULL)
        return false;
    buf_append(buf, STR("if "));
    append(buf, when, depth + 1);
    buf_append(buf, STR(" serve "));
    append(buf, serve, depth + 1);
    return true;
}

/* Rules and such: their phrases one after the other. */
static void append_phrases(struct buf *buf, const struct json *list, unsigned depth)
{
    for (uint32_t i = 0; i < list->count; i++) {
        buf_append(buf, i == 0 ? STR("") : STR(", "));
        append(buf, &list->elements[i], depth + 1);
    }
}

static bool is_scalars(const struct json *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->elements[i].type == JSON_OBJECT || list->elements[i].type == JSON_ARRAY)
            return false;
    }
    return true;
}

static void append(struct buf *buf, const struct json *value, unsigned depth)
{
    struct str op = text_of(value, "op");
    if (depth > DEPTH_MAX) {
        buf_append(buf, STR("…"));
        return;
    }
    if (value->type == JSON_OBJECT && !str_is_absent(op))
        append_condition(buf, value, op, depth);
    else if (value->type == JSON_OBJECT &&
             (append_rule(buf, value, depth) || append_serve(buf, value)))
        return;
    else if (value->type == JSON_ARRAY && is_scalars(value))
        append_list(buf, value);
    else if (value->type == JSON_ARRAY)
        append_phrases(buf, value, depth);
    else
        output_append_cell(buf, value, COLUMN_JSON);
}

void phrase_append(struct buf *buf, const struct json *value)
{
    struct buf whole;
    buf_open(&whole, SIZE_MAX);
    append(&whole, value, 0);
    struct str text = buf_str(&whole);
    if (text.size > PHRASE_BYTES_MAX) {
        size_t end = PHRASE_BYTES_MAX;
        while (end > 0 && ((unsigned char)text.data[end] & 0xC0) == 0x80)
            end--;
        buf_append(buf, str_slice(text, 0, end));
        buf_append(buf, STR("…"));
    } else {
        buf_append(buf, text);
    }
    buf_close(&whole);
}
