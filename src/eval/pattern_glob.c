/* SPDX-License-Identifier: Apache-2.0 */
/* pattern_glob - see pattern_glob.h. */
#include "eval/pattern_glob.h"

#include "base/buf.h"

struct translation {
    struct buf *out;
    struct str glob;
    size_t at;
    size_t open_braces;
};

static bool sees(const struct translation *translation, char byte)
{
    return translation->at < translation->glob.size &&
           translation->glob.data[translation->at] == byte;
}

/* A byte that stands for itself; those of a longer character pass one by one. */
static void put_literal(struct translation *translation, char byte)
{
    const struct str syntax = STR("^$\\.*+?()[]{}|");
    if (str_find_byte(syntax, byte, 0) < syntax.size)
        buf_append_byte(translation->out, '\\');
    buf_append_byte(translation->out, byte);
}

static void put_class_byte(struct translation *translation, char byte)
{
    const struct str syntax = STR("\\[]^");
    if (str_find_byte(syntax, byte, 0) < syntax.size)
        buf_append_byte(translation->out, '\\');
    buf_append_byte(translation->out, byte);
}

/* Index of the bracket that closes a class with these contents on; the glob's size when none does.
 * A class has at least one member. */
static size_t class_end(struct str glob, size_t contents)
{
    size_t at = contents;
    while (at < glob.size && (glob.data[at] != ']' || at == contents))
        at += glob.data[at] == '\\' ? 2 : 1;
    return at < glob.size ? at : glob.size;
}

/* Behind the opening bracket. */
static void translate_class(struct translation *translation)
{
    struct str glob = translation->glob;
    bool is_negated = sees(translation, '!');
    size_t at = translation->at + is_negated;
    size_t end = class_end(glob, at);
    if (end == glob.size) {
        put_literal(translation, '[');
        return;
    }
    buf_append(translation->out, is_negated ? STR("[^") : STR("["));
    for (; at < end; at++) {
        bool is_escape = glob.data[at] == '\\' && at + 1 < end;
        if (is_escape && glob.data[++at] == '-')
            buf_append_byte(translation->out, '\\');
        put_class_byte(translation, glob.data[at]);
    }
    buf_append_byte(translation->out, ']');
    translation->at = end + 1;
}

/* Whether a brace opened just now closes again. */
static bool closes(const struct translation *translation)
{
    struct str glob = translation->glob;
    size_t depth = 1;
    for (size_t at = translation->at; at < glob.size; at++) {
        if (glob.data[at] == '\\')
            at++;
        else if (glob.data[at] == '{')
            depth++;
        else if (glob.data[at] == '}' && --depth == 0)
            return true;
    }
    return false;
}

static void open_brace(struct translation *translation)
{
    if (!closes(translation)) {
        put_literal(translation, '{');
        return;
    }
    translation->open_braces++;
    buf_append(translation->out, STR("(?:"));
}

static void translate_star(struct translation *translation)
{
    bool is_double = sees(translation, '*');
    translation->at += is_double;
    buf_append(translation->out, is_double ? STR(".*") : STR("[^/]*"));
}

static void translate_escape(struct translation *translation)
{
    if (translation->at == translation->glob.size)
        put_literal(translation, '\\');
    else
        put_literal(translation, translation->glob.data[translation->at++]);
}

static void translate_byte(struct translation *translation)
{
    char byte = translation->glob.data[translation->at++];
    bool is_inside_braces = translation->open_braces > 0;
    if (byte == '?') {
        buf_append(translation->out, STR("[^/]"));
    } else if (byte == '*') {
        translate_star(translation);
    } else if (byte == '[') {
        translate_class(translation);
    } else if (byte == '\\') {
        translate_escape(translation);
    } else if (byte == '{') {
        open_brace(translation);
    } else if (byte == '}' && is_inside_braces) {
        translation->open_braces--;
        buf_append_byte(translation->out, ')');
    } else if (byte == ',' && is_inside_braces) {
        buf_append_byte(translation->out, '|');
    } else {
        put_literal(translation, byte);
    }
}

struct str glob_to_pattern(struct arena *arena, struct str glob)
{
    struct buf pattern;
    buf_open(&pattern, SIZE_MAX);
    struct translation translation = {.out = &pattern, .glob = glob};
    buf_append(&pattern, STR("^(?:"));
    while (translation.at < glob.size)
        translate_byte(&translation);
    buf_append(&pattern, STR(")$"));
    struct str copy = arena_copy_str(arena, buf_str(&pattern));
    buf_close(&pattern);
    return copy;
}
