/* SPDX-License-Identifier: Apache-2.0 */
/* oracle_version - both families' versions, taken apart by hand: see oracle.h. */
#include <string.h>

#include "oracle.h"

static bool is_digit(char c)
{
    return '0' <= c && c <= '9';
}

/* Digits at *at, which moves behind them; absent when there are none. */
static struct str take_digits(struct str text, size_t *at)
{
    size_t from = *at;
    while (*at < text.size && is_digit(text.data[*at]))
        (*at)++;
    return *at == from ? (struct str){0} : str_slice(text, from, *at);
}

static int compare_digits(struct str a, struct str b)
{
    while (a.size > 1 && a.data[0] == '0')
        a = str_slice(a, 1, a.size);
    while (b.size > 1 && b.data[0] == '0')
        b = str_slice(b, 1, b.size);
    if (a.size != b.size)
        return a.size < b.size ? -1 : 1;
    return str_compare(a, b);
}

/* ---- typed: section 13 ----------------------------------------------------------------------- */

struct parts {
    struct str numbers[3];
    struct str pre; /* absent: a release */
};

static bool is_tag(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_letter = ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z');
        if (!is_letter && !is_digit(c) && c != '.' && c != '-')
            return false;
    }
    return text.size > 0;
}

static bool take_apart(struct str text, struct parts *parts)
{
    size_t at = text.size > 0 && text.data[0] == 'v' ? 1 : 0;
    for (size_t i = 0; i < 3; i++) {
        if (i > 0 && (at >= text.size || text.data[at++] != '.'))
            return false;
        parts->numbers[i] = take_digits(text, &at);
        if (str_is_absent(parts->numbers[i]))
            return false;
    }
    parts->pre = (struct str){0};
    struct str rest = str_slice(text, at, text.size);
    size_t plus = str_find_byte(rest, '+', 0);
    if (plus < rest.size && !is_tag(str_slice(rest, plus + 1, rest.size)))
        return false;
    rest = str_slice(rest, 0, plus);
    if (rest.size == 0)
        return true;
    parts->pre = str_slice(rest, 1, rest.size);
    return rest.data[0] == '-' && is_tag(parts->pre);
}

static bool is_number(struct str text)
{
    size_t at = 0;
    return !str_is_absent(take_digits(text, &at)) && at == text.size;
}

static int compare_identifiers(struct str a, struct str b)
{
    bool is_one = is_number(a), is_other = is_number(b);
    if (is_one && is_other)
        return compare_digits(a, b);
    if (is_one != is_other)
        return is_one ? -1 : 1;
    return str_compare(a, b);
}

/* The next identifier of a list, taken off; false: there is none left. */
static bool next_identifier(struct str *list, struct str *identifier)
{
    if (str_is_absent(*list))
        return false;
    size_t dot = str_find_byte(*list, '.', 0);
    *identifier = str_slice(*list, 0, dot);
    *list = dot == list->size ? (struct str){0} : str_slice(*list, dot + 1, list->size);
    return true;
}

static int compare_pre(struct str a, struct str b)
{
    if (str_is_absent(a) || str_is_absent(b))
        return (int)str_is_absent(a) - (int)str_is_absent(b);
    for (;;) {
        struct str one = {0}, other = {0};
        bool has_one = next_identifier(&a, &one), has_other = next_identifier(&b, &other);
        if (!has_one || !has_other)
            return (int)has_one - (int)has_other;
        int order = compare_identifiers(one, other);
        if (order != 0)
            return order;
    }
}

bool compare_semver(struct arena *arena, struct str a, struct str b, int *order)
{
    struct parts one, other;
    if (!take_apart(trimmed(arena, a), &one) || !take_apart(trimmed(arena, b), &other))
        return false;
    *order = 0;
    for (size_t i = 0; i < 3 && *order == 0; i++)
        *order = compare_digits(one.numbers[i], other.numbers[i]);
    if (*order == 0)
        *order = compare_pre(one.pre, other.pre);
    return true;
}

/* ---- text: section 11 ------------------------------------------------------------------------ */

/* Groups of [-_A-Za-z0-9] with single dots between and perhaps one behind; nothing is one, too. */
static bool is_text_pre(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_dot = c == '.';
        bool is_letter = ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z');
        if (!is_dot && !is_letter && !is_digit(c) && c != '_' && c != '-')
            return false;
        if (is_dot && (i == 0 || text.data[i - 1] == '.'))
            return false;
    }
    return true;
}

static bool take_text_apart(struct str text, struct parts *parts)
{
    size_t at = 0;
    *parts = (struct parts){.numbers = {STR("0"), STR("0"), STR("0")}};
    for (size_t i = 0; i < 3; i++) {
        if (i == 2 && at == text.size)
            return true;
        if (i > 0 && (at >= text.size || text.data[at++] != '.'))
            return false;
        parts->numbers[i] = take_digits(text, &at);
        if (str_is_absent(parts->numbers[i]))
            return false;
    }
    if (at == text.size)
        return true;
    parts->pre = str_slice(text, at + 1, text.size);
    if (str_is_absent(parts->pre))
        parts->pre = STR("");
    return text.data[at] == '-' && is_text_pre(parts->pre);
}

bool is_text_version(struct str text)
{
    struct parts parts;
    return take_text_apart(text, &parts);
}

bool compare_text_version(struct str a, struct str b, int *order)
{
    struct parts one, other;
    if (!take_text_apart(a, &one) || !take_text_apart(b, &other))
        return false;
    *order = 0;
    for (size_t i = 0; i < 3 && *order == 0; i++)
        *order = compare_digits(one.numbers[i], other.numbers[i]);
    if (*order == 0)
        *order = (int)str_is_absent(one.pre) - (int)str_is_absent(other.pre);
    if (*order == 0)
        *order = str_compare(one.pre, other.pre);
    return true;
}
