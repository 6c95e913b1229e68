/* SPDX-License-Identifier: Apache-2.0 */
/* text - texts at a place, as regular expressions: see feature.h. */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf.h"
#include "eval/lower_case.h"
#include "import/unleash/feature.h"
#include "model/limits.h"

/* ---- lists of values ------------------------------------------------------------------------- */

struct expression values_match(struct arena *arena, struct str selector, enum operator operator,
                               const struct str * texts, size_t count)
{
    struct expression any = build_never();
    for (size_t from = 0; from < count; from += VALUES_PER_CLAUSE_MAX) {
        size_t rest = count - from;
        struct json list = {.type = JSON_ARRAY};
        list.count = rest < VALUES_PER_CLAUSE_MAX ? (uint32_t)rest : VALUES_PER_CLAUSE_MAX;
        list.elements = ARENA_NEW_ARRAY(arena, struct json, list.count);
        for (uint32_t i = 0; i < list.count; i++)
            list.elements[i] = json_make_string(texts[from + i]);
        any = build_either(arena, any, build_match(selector, operator, list));
    }
    return any;
}

/* ---- regular expressions --------------------------------------------------------------------- */

/* A letter of ASCII in either case; the Kelvin sign is a k in lower case. */
static void put_folded(struct buf *buf, char letter)
{
    char upper = (char)(letter - 'a' + 'A');
    buf_append_format(buf, "[%c%c%s]", letter, upper, letter == 'k' ? "\\u212a" : "");
}

static struct str literal(struct arena *arena, struct str text, bool folds_case)
{
    struct buf buf;
    struct str source = folds_case ? lower_case(arena, text) : text;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < source.size; i++) {
        char c = source.data[i];
        if (strchr("^$\\.*+?()[]{}|/", c) != NULL && c != '\0')
            buf_append_byte(&buf, '\\');
        if (folds_case && c >= 'a' && c <= 'z')
            put_folded(&buf, c);
        else
            buf_append_byte(&buf, c);
    }
    struct str copy = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return str_is_absent(copy) ? STR("") : copy;
}

static struct str at_place(struct arena *arena, enum text_place place, struct str alternatives)
{
    switch (place) {
    case TEXT_PLACE_START:
        return arena_format(arena, "^(?:%.*s)", STR_ARG(alternatives));
    case TEXT_PLACE_ANYWHERE:
        return arena_format(arena, "(?:%.*s)", STR_ARG(alternatives));
    case TEXT_PLACE_END:
        return arena_format(arena, "(?:%.*s)$", STR_ARG(alternatives));
    case TEXT_PLACE_WHOLE:
        return arena_format(arena, "^(?:%.*s)$", STR_ARG(alternatives));
    }
    assert(false);
    return alternatives;
}

struct expression pattern_match_any(struct arena *arena, struct str selector, enum text_place place,
                                    const struct str *patterns, size_t count)
{
    enum { FRAME_BYTES = 6 }; /* what at_place puts around them, at most */
    struct str *joined = ARENA_NEW_ARRAY(arena, struct str, count);
    size_t joined_count = 0;
    for (size_t i = 0; i < count;) {
        struct str alternatives = patterns[i++];
        while (i < count &&
               alternatives.size + 1 + patterns[i].size <= REGEX_PATTERN_BYTES_MAX - FRAME_BYTES) {
            alternatives =
                arena_format(arena, "%.*s|%.*s", STR_ARG(alternatives), STR_ARG(patterns[i]));
            i++;
        }
        joined[joined_count++] = at_place(arena, place, alternatives);
    }
    return values_match(arena, selector, OPERATOR_TEXT_REGEX_MATCH, joined, joined_count);
}

struct expression text_match(struct arena *arena, struct str selector, enum text_place place,
                             const struct str *texts, size_t count, bool folds_case)
{
    struct str *patterns = ARENA_NEW_ARRAY(arena, struct str, count);
    for (size_t i = 0; i < count; i++)
        patterns[i] = literal(arena, texts[i], folds_case);
    return pattern_match_any(arena, selector, place, patterns, count);
}
