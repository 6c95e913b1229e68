/* SPDX-License-Identifier: Apache-2.0 */
/* query - see query.h. Comparisons are in query_compare.c. */
#include "import/goff/query.h"

#include "import/build.h"
#include "import/goff/query_compare.h"

enum { DEPTH_MAX = 24 };

struct cursor {
    struct query *query;
    struct str text;
    size_t at;
    unsigned depth;
};

static bool fail(struct cursor *cursor, const char *obstacle)
{
    if (str_is_absent(cursor->query->obstacle))
        cursor->query->obstacle = str_of(obstacle);
    return false;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static char peek(const struct cursor *cursor)
{
    return cursor->at < cursor->text.size ? cursor->text.data[cursor->at] : '\0';
}

static bool take(struct cursor *cursor, const char *token)
{
    struct str rest = str_slice(cursor->text, cursor->at, cursor->text.size);
    if (!str_starts_with(rest, str_of(token)))
        return false;
    cursor->at += str_of(token).size;
    return true;
}

/* One blank, and as many line ends as there are. */
static bool take_blank(struct cursor *cursor)
{
    if (!take(cursor, " "))
        return false;
    while (peek(cursor) == '\n' || peek(cursor) == '\r')
        cursor->at++;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name_byte(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':';
}

/* name.name.name */
static bool take_attribute(struct cursor *cursor, struct str *attribute)
{
    size_t from = cursor->at;
    do {
        if (!is_letter(peek(cursor)))
            return fail(cursor, "has no attribute where there must be one");
        while (is_name_byte(peek(cursor)))
            cursor->at++;
    } while (take(cursor, "."));
    *attribute = str_slice(cursor->text, from, cursor->at);
    return true;
}

/* Up to the next blank, bracket or parenthesis. */
static struct str take_word(struct cursor *cursor)
{
    size_t from = cursor->at;
    while (peek(cursor) != '\0' && peek(cursor) != ' ' && peek(cursor) != ')' &&
           peek(cursor) != ']' && peek(cursor) != ',' && peek(cursor) != '\n')
        cursor->at++;
    return str_slice(cursor->text, from, cursor->at);
}

/* With escapes kept as they are written: the engine does not undo them, either. */
static bool take_text(struct cursor *cursor, struct query_value *value)
{
    size_t from = ++cursor->at;
    while (peek(cursor) != '"') {
        if (cursor->at >= cursor->text.size)
            return fail(cursor, "has a text that does not end");
        cursor->at += peek(cursor) == '\\' ? 2 : 1;
    }
    *value =
        (struct query_value){.kind = QUERY_TEXT, .text = str_slice(cursor->text, from, cursor->at)};
    cursor->at++;
    return true;
}

static bool take_scalar(struct cursor *cursor, struct query_value *value)
{
    if (peek(cursor) == '"')
        return take_text(cursor, value);
    return query_value_of(cursor->query, take_word(cursor), value);
}

static bool take_list(struct cursor *cursor, struct query_value *value)
{
    enum { ELEMENTS_MAX = 1000 };
    struct query_value *elements =
        ARENA_NEW_ARRAY(cursor->query->arena, struct query_value, ELEMENTS_MAX);
    size_t count = 0;
    cursor->at++;
    do {
        while (peek(cursor) == ' ')
            cursor->at++;
        if (count == ELEMENTS_MAX)
            return fail(cursor, "has a list of more than 1000 values");
        if (!take_scalar(cursor, &elements[count++]))
            return false;
        while (peek(cursor) == ' ')
            cursor->at++;
    } while (take(cursor, ","));
    *value = (struct query_value){.kind = QUERY_LIST, .elements = elements, .element_count = count};
    return take(cursor, "]") || fail(cursor, "has a list that does not end");
}

/* ---- expressions ----------------------------------------------------------------------------- */

static bool read_query(struct cursor *cursor, struct expression *condition);

static bool read_comparison(struct cursor *cursor, struct expression *condition)
{
    struct str attribute = {0};
    struct query_value value = {0};
    if (!take_attribute(cursor, &attribute))
        return false;
    if (!take_blank(cursor))
        return fail(cursor, "has other than one blank between two words");
    struct str name = take_word(cursor);
    if (str_equal(name, STR("pr")))
        return query_present(cursor->query, attribute, condition);
    if (!take_blank(cursor))
        return fail(cursor, "has other than one blank between two words");
    bool is_read = peek(cursor) == '[' ? take_list(cursor, &value) : take_scalar(cursor, &value);
    return is_read && query_compare(cursor->query, attribute, name, &value, condition);
}

static bool read_nested(struct cursor *cursor, struct expression *condition)
{
    if (cursor->depth == DEPTH_MAX)
        return fail(cursor, "is nested too deep");
    cursor->depth++;
    bool is_read = read_query(cursor, condition);
    cursor->depth--;
    return is_read && (take(cursor, ")") || fail(cursor, "has a parenthesis that does not close"));
}

/* "not" is one in front of a parenthesis alone. */
static bool read_primary(struct cursor *cursor, struct expression *condition)
{
    bool is_negated = take(cursor, "not (") || take(cursor, "NOT (") || take(cursor, "not(") ||
                      take(cursor, "NOT(");
    if (!is_negated && !take(cursor, "("))
        return read_comparison(cursor, condition);
    if (!read_nested(cursor, condition))
        return false;
    if (is_negated)
        *condition = build_not(cursor->query->arena, *condition);
    return true;
}

static bool read_query(struct cursor *cursor, struct expression *condition)
{
    struct arena *arena = cursor->query->arena;
    if (!read_primary(cursor, condition))
        return false;
    while (cursor->at < cursor->text.size && peek(cursor) != ')') {
        struct expression next;
        bool is_all = take(cursor, " and ");
        if (!is_all && !take(cursor, " or "))
            return fail(cursor, "has other than \"and\" or \"or\" behind a comparison");
        while (peek(cursor) == '\n' || peek(cursor) == '\r')
            cursor->at++;
        if (!read_primary(cursor, &next))
            return false;
        *condition =
            is_all ? build_both(arena, *condition, next) : build_either(arena, *condition, next);
    }
    return true;
}

bool query_condition(struct query *query, struct str text, struct expression *condition)
{
    struct cursor cursor = {.query = query};
    query->obstacle = (struct str){0};
    size_t from = 0;
    size_t to = text.size;
    while (from < to && (text.data[from] == ' ' || text.data[from] == '\n'))
        from++;
    while (to > from && (text.data[to - 1] == ' ' || text.data[to - 1] == '\n'))
        to--;
    cursor.text = str_slice(text, from, to);
    *condition = build_always();
    if (cursor.text.size == 0)
        return true;
    if (read_query(&cursor, condition) && cursor.at == cursor.text.size)
        return true;
    fail(&cursor, "goes on behind its end");
    *condition = build_never();
    return false;
}
