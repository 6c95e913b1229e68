/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_view - what the text comparison family sees of a value: a text, or a list of texts (wire
 * reference of the family, 10.6). Forms that only some operators ask for are derived when first
 * asked for and kept.
 */
#ifndef EVAL_TEXT_VIEW_H
#define EVAL_TEXT_VIEW_H

#include "base/arena.h"
#include "json/json.h"

/* "true" and "false" in any case: equal to each other whatever their case is. */
enum text_word { WORD_NONE, WORD_TRUE, WORD_FALSE };

struct text_value {
    struct str text;
    struct str lower; /* these when KNOWN_… says so */
    double number;    /* NaN: not a number */
    uint64_t version; /* its text_version_rank; 0: none, or no version */
    uint32_t hash;
    uint8_t known;
    uint8_t word;   /* enum text_word */
    bool has_pairs; /* when known: it has something beyond U+FFFF */
};
enum {
    KNOWN_LOWER = 1,
    KNOWN_NUMBER = 2,
    KNOWN_HASH = 4,
    KNOWN_PAIRS = 8,
    KNOWN_VERSION = 16,
};

enum text_view_kind {
    VIEW_UNREAD,
    VIEW_NOTHING,
    VIEW_TEXT,
    VIEW_LIST,
};

struct text_view {
    enum text_view_kind kind;
    uint32_t count; /* VIEW_LIST */
    const struct json *json;
    struct text_value value;     /* VIEW_TEXT */
    struct text_value *elements; /* VIEW_LIST: without nulls and empty texts */
};

/* json may be NULL: nothing. Memory that is needed comes from the arena. */
void text_view_open(struct text_view *view, struct arena *arena, const struct json *json);

/* The whole as one text, a list as compact JSON; absent for nothing. */
struct str text_view_text(const struct text_view *view, struct arena *arena);

enum text_word text_word_of(struct str text);

struct str text_value_lower(struct text_value *value, struct arena *arena);
double text_value_read_number(struct text_value *value);
uint64_t text_value_read_version(struct text_value *value);
bool text_value_has_pairs(struct text_value *value);
uint32_t text_value_hash(struct text_value *value); /* as text_set's */

static inline double text_value_number(struct text_value *value)
{
    return value->known & KNOWN_NUMBER ? value->number : text_value_read_number(value);
}

static inline uint64_t text_value_version(struct text_value *value)
{
    return value->known & KNOWN_VERSION ? value->version : text_value_read_version(value);
}

#endif
