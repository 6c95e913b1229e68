/* SPDX-License-Identifier: Apache-2.0 */
/* oracle_text - the forms in which values are compared: see oracle.h. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "oracle.h"

/* ---- characters ------------------------------------------------------------------------------ */

struct points points_of(struct arena *arena, struct str text)
{
    struct points points = {ARENA_NEW_ARRAY(arena, uint32_t, text.size + 1), 0};
    for (size_t i = 0; i < text.size;) {
        unsigned char first = (unsigned char)text.data[i];
        size_t more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
        uint32_t point = more == 0 ? first : first & (0x3Fu >> more);
        for (size_t j = 1; j <= more; j++)
            point = point << 6 | ((unsigned char)text.data[i + j] & 0x3Fu);
        points.at[points.count++] = point;
        i += more + 1;
    }
    return points;
}

struct points units_of(struct arena *arena, struct str text)
{
    struct points points = points_of(arena, text);
    struct points units = {ARENA_NEW_ARRAY(arena, uint32_t, points.count * 2 + 1), 0};
    for (size_t i = 0; i < points.count; i++) {
        uint32_t point = points.at[i];
        if (point > 0xFFFF) {
            units.at[units.count++] = 0xD800 + ((point - 0x10000) >> 10);
            point = 0xDC00 + ((point - 0x10000) & 0x3FF);
        }
        units.at[units.count++] = point;
    }
    return units;
}

struct str text_of_points(struct arena *arena, struct points points)
{
    char *bytes = arena_allocate(arena, points.count * 4 + 1);
    size_t size = 0;
    for (size_t i = 0; i < points.count; i++) {
        uint32_t point = points.at[i];
        size_t more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
        static const unsigned char marks[] = {0, 0xC0, 0xE0, 0xF0};
        bytes[size++] = (char)(marks[more] | (point >> (6 * more)));
        while (more-- > 0)
            bytes[size++] = (char)(0x80 | ((point >> (6 * more)) & 0x3F));
    }
    return (struct str){bytes, size};
}

int compare_units(struct arena *arena, struct str a, struct str b)
{
    struct points one = units_of(arena, a);
    struct points other = units_of(arena, b);
    for (size_t i = 0; i < one.count && i < other.count; i++) {
        if (one.at[i] != other.at[i])
            return one.at[i] < other.at[i] ? -1 : 1;
    }
    return one.count == other.count ? 0 : one.count < other.count ? -1 : 1;
}

/* WhiteSpace and LineTerminator of ECMA-262. */
bool is_blank_point(uint32_t point)
{
    static const uint32_t blanks[] = {9,      10,     11,     12,     13,     32,     0xA0,
                                      0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF};
    for (size_t i = 0; i < COUNT_OF(blanks); i++) {
        if (point == blanks[i])
            return true;
    }
    return 0x2000 <= point && point <= 0x200A;
}

struct str trimmed(struct arena *arena, struct str text)
{
    struct points points = points_of(arena, text);
    while (points.count > 0 && is_blank_point(points.at[points.count - 1]))
        points.count--;
    while (points.count > 0 && is_blank_point(points.at[0])) {
        points.at++;
        points.count--;
    }
    return text_of_points(arena, points);
}

/* ---- lower case ------------------------------------------------------------------------------ */

static locale_t unicode(void)
{
    static locale_t locale;
    if (locale == (locale_t)0)
        locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    return locale;
}

static uint32_t lower_point(uint32_t point)
{
    return (uint32_t)towlower_l((wint_t)point, unicode());
}

static bool is_cased(uint32_t point)
{
    return lower_point(point) != point || (uint32_t)towupper_l((wint_t)point, unicode()) != point;
}

/* Case_Ignorable, of what is ever asked about. */
static bool is_passed_over(uint32_t point)
{
    return point == '\'' || point == '.' || point == ':' || point == '^' || point == '`' ||
           point == 0xA8 || point == 0xAD || point == 0xB7 || point == 0x2019 ||
           (0x300 <= point && point <= 0x36F);
}

static bool ends_word(struct points points, size_t at)
{
    size_t before = at;
    while (before > 0 && is_passed_over(points.at[before - 1]))
        before--;
    size_t behind = at + 1;
    while (behind < points.count && is_passed_over(points.at[behind]))
        behind++;
    return before > 0 && is_cased(points.at[before - 1]) &&
           (behind == points.count || !is_cased(points.at[behind]));
}

struct str lowered(struct arena *arena, struct str text)
{
    struct points points = points_of(arena, text);
    struct points lower = {ARENA_NEW_ARRAY(arena, uint32_t, points.count * 2 + 1), 0};
    for (size_t i = 0; i < points.count; i++) {
        uint32_t point = points.at[i];
        if (point == 0x130) {
            lower.at[lower.count++] = 'i';
            lower.at[lower.count++] = 0x307;
        } else if (point == 0x3A3 && ends_word(points, i)) {
            lower.at[lower.count++] = 0x3C2;
        } else {
            lower.at[lower.count++] = lower_point(point);
        }
    }
    return text_of_points(arena, lower);
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Number::toString of ECMA-262: the fewest digits that read back, and where the point is. */
struct str text_of_number(struct arena *arena, double number)
{
    char written[40], digits[24];
    if (number == 0)
        return STR("0");
    int precision = 0;
    do
        snprintf(written, sizeof(written), "%.*e", precision++, fabs(number));
    while (strtod(written, NULL) != fabs(number));
    int count = 0;
    for (const char *c = written; *c != 'e'; c++) {
        if (*c != '.')
            digits[count++] = *c;
    }
    int point = (int)strtol(strchr(written, 'e') + 1, NULL, 10) + 1;
    const char *sign = number < 0 ? "-" : "";
    static const char zeros[] = "0000000000000000000000";
    if (count <= point && point <= 21)
        return arena_format(arena, "%s%.*s%.*s", sign, count, digits, point - count, zeros);
    if (0 < point && point <= 21)
        return arena_format(arena, "%s%.*s.%.*s", sign, point, digits, count - point,
                            digits + point);
    if (-6 < point && point <= 0)
        return arena_format(arena, "%s0.%.*s%.*s", sign, -point, zeros, count, digits);
    return arena_format(arena, "%s%c%s%.*se%c%d", sign, digits[0], count > 1 ? "." : "", count - 1,
                        digits + 1, point > 0 ? '+' : '-', abs(point - 1));
}

static double number_of_base(struct str digits, int base)
{
    double number = 0;
    if (digits.size == 0)
        return NAN;
    for (size_t i = 0; i < digits.size; i++) {
        char c = digits.data[i];
        int digit = '0' <= c && c <= '9'   ? c - '0'
                    : 'a' <= c && c <= 'f' ? c - 'a' + 10
                    : 'A' <= c && c <= 'F' ? c - 'A' + 10
                                           : 99;
        if (digit >= base)
            return NAN;
        number = number * base + digit;
    }
    return number;
}

static size_t count_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* StrDecimalLiteral; the C library reads what has been found to be one. */
static double number_of_decimal(const char *text)
{
    const char *c = text + (*text == '+' || *text == '-' ? 1 : 0);
    if (strcmp(c, "Infinity") == 0)
        return *text == '-' ? -INFINITY : INFINITY;
    size_t before = count_digits(c);
    c += before;
    size_t behind = 0;
    if (*c == '.') {
        behind = count_digits(++c);
        c += behind;
    }
    if (before + behind == 0)
        return NAN;
    if (*c == 'e' || *c == 'E') {
        c += c[1] == '+' || c[1] == '-' ? 2 : 1;
        size_t exponent = count_digits(c);
        if (exponent == 0)
            return NAN;
        c += exponent;
    }
    return *c == '\0' ? strtod(text, NULL) : NAN;
}

double number_of_text(struct arena *arena, struct str text)
{
    struct str inner = trimmed(arena, text);
    if (inner.size == 0)
        return 0;
    if (memchr(inner.data, '\0', inner.size) != NULL)
        return NAN;
    if (inner.size > 2 && inner.data[0] == '0') {
        struct str digits = str_slice(inner, 2, inner.size);
        switch (inner.data[1] | 0x20) {
        case 'x':
            return number_of_base(digits, 16);
        case 'o':
            return number_of_base(digits, 8);
        case 'b':
            return number_of_base(digits, 2);
        default:
            break;
        }
    }
    return number_of_decimal(arena_format(arena, "%.*s", STR_ARG(inner)).data);
}

/* ---- JSON as text ---------------------------------------------------------------------------- */

static struct str joined(struct arena *arena, struct str a, struct str b)
{
    char *bytes = arena_allocate(arena, a.size + b.size + 1);
    if (a.size > 0)
        memcpy(bytes, a.data, a.size);
    if (b.size > 0)
        memcpy(bytes + a.size, b.data, b.size);
    return (struct str){bytes, a.size + b.size};
}

static struct str quoted(struct arena *arena, struct str text)
{
    static const char letters[] = "b\bf\fn\nr\rt\t\"\"\\\\";
    struct str result = STR("\"");
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        struct str piece = str_slice(text, i, i + 1);
        if (c < 0x20)
            piece = arena_format(arena, "\\u%04x", c);
        for (size_t j = 0; letters[j] != '\0'; j += 2) {
            if (letters[j + 1] == (char)c)
                piece = arena_format(arena, "\\%c", letters[j]);
        }
        result = joined(arena, result, piece);
    }
    return joined(arena, result, STR("\""));
}

static struct str compact(struct arena *arena, const struct json *json);

/* An array index of ECMA-262: plain decimal below 2^32 - 1. */
static bool is_index(struct str key, uint64_t *index)
{
    bool is_plain = key.size > 0 && key.size <= 10 && (key.data[0] != '0' || key.size == 1);
    *index = 0;
    for (size_t i = 0; i < key.size && is_plain; i++) {
        is_plain = '0' <= key.data[i] && key.data[i] <= '9';
        *index = *index * 10 + (uint64_t)(key.data[i] - '0');
    }
    return is_plain && *index < 4294967295u;
}

static bool comes_before(struct str a, struct str b)
{
    uint64_t one = 0, other = 0;
    bool is_one = is_index(a, &one), is_other = is_index(b, &other);
    return is_one && (!is_other || one < other);
}

static struct str compact_object(struct arena *arena, const struct json *json)
{
    const struct json_member **order =
        ARENA_NEW_ARRAY(arena, const struct json_member *, json->count);
    for (size_t i = 0; i < json->count; i++) {
        size_t place = i;
        for (; place > 0 && comes_before(json->members[i].key, order[place - 1]->key); place--)
            order[place] = order[place - 1];
        order[place] = &json->members[i];
    }
    struct str text = STR("{");
    for (size_t i = 0; i < json->count; i++) {
        text = joined(arena, text, i == 0 ? STR("") : STR(","));
        text = joined(arena, text, quoted(arena, order[i]->key));
        text = joined(arena, joined(arena, text, STR(":")), compact(arena, &order[i]->value));
    }
    return joined(arena, text, STR("}"));
}

static struct str compact(struct arena *arena, const struct json *json)
{
    struct str text = STR("[");
    switch (json->type) {
    case JSON_NULL:
        return STR("null");
    case JSON_BOOLEAN:
        return json->boolean ? STR("true") : STR("false");
    case JSON_NUMBER:
        return text_of_number(arena, json->number);
    case JSON_STRING:
        return quoted(arena, json->string);
    case JSON_OBJECT:
        return compact_object(arena, json);
    case JSON_ARRAY:
        break;
    }
    for (size_t i = 0; i < json->count; i++) {
        text = joined(arena, text, i == 0 ? STR("") : STR(","));
        text = joined(arena, text, compact(arena, &json->elements[i]));
    }
    return joined(arena, text, STR("]"));
}

struct str text_of_json(struct arena *arena, const struct json *json)
{
    if (json == NULL || json->type == JSON_NULL)
        return (struct str){0};
    return json->type == JSON_STRING ? json->string : compact(arena, json);
}

static const struct json *array_in(struct arena *arena, const struct json *json)
{
    if (json->type == JSON_ARRAY)
        return json;
    if (json->type != JSON_STRING || json->string.size == 0 || json->string.data[0] != '[')
        return NULL;
    struct json *parsed = ARENA_NEW(arena, struct json);
    struct fault fault = json_parse(arena, json->string, &json_budget_default, parsed);
    return failed(fault) ? NULL : parsed;
}

struct text_list_form list_of_json(struct arena *arena, const struct json *json)
{
    const struct json *array = array_in(arena, json);
    if (array == NULL)
        return (struct text_list_form){0};
    struct text_list_form list = {.is_list = true};
    list.items = ARENA_NEW_ARRAY(arena, struct str, array->count + 1);
    for (size_t i = 0; i < array->count; i++) {
        struct str text = text_of_json(arena, &array->elements[i]);
        if (text.size > 0)
            list.items[list.count++] = text;
    }
    return list;
}

/* ---- values and moments ---------------------------------------------------------------------- */

bool values_equal(const struct json *a, const struct json *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case JSON_NULL:
        return true;
    case JSON_BOOLEAN:
        return a->boolean == b->boolean;
    case JSON_NUMBER:
        return a->number == b->number;
    case JSON_STRING:
        return str_equal(a->string, b->string);
    case JSON_ARRAY:
        for (size_t i = 0; a->count == b->count && i < a->count; i++) {
            if (!values_equal(&a->elements[i], &b->elements[i]))
                return false;
        }
        return a->count == b->count;
    case JSON_OBJECT:
        break;
    }
    for (size_t i = 0; a->count == b->count && i < a->count; i++) {
        const struct json *other = json_find(b, a->members[i].key);
        if (other == NULL || !values_equal(&a->members[i].value, other))
            return false;
    }
    return a->count == b->count;
}

/* `form` has 0 for a digit and itself for anything else. */
static bool is_of_form(struct str text, const char *form)
{
    if (text.size != strlen(form))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        bool is_digit = '0' <= text.data[i] && text.data[i] <= '9';
        if (form[i] == '0' ? !is_digit : text.data[i] != form[i])
            return false;
    }
    return true;
}

static int two_at(struct str text, size_t at)
{
    return (text.data[at] - '0') * 10 + (text.data[at + 1] - '0');
}

static int64_t days_before(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = 0;
    for (int y = 0; y < year; y++)
        days += y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 366 : 365;
    for (int m = 1; m < month; m++)
        days += lengths[m - 1] + (m == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    return days;
}

static bool parse_day(struct str text, int64_t *ms)
{
    if (!is_of_form(text, "0000-00-00"))
        return false;
    int month = two_at(text, 5), day = two_at(text, 8);
    enum { DAYS_TO_1970 = 719528 };
    *ms = (days_before(two_at(text, 0) * 100 + two_at(text, 2), month) + day - 1 - DAYS_TO_1970) *
          86400000;
    return 1 <= month && month <= 12 && 1 <= day && day <= 31;
}

/* 'Z' or '+HH:MM' at the end of the text; its size, 0 when there is none. */
static size_t parse_offset(struct str text, int64_t *ms)
{
    *ms = 0;
    if (text.size > 0 && text.data[text.size - 1] == 'Z')
        return 1;
    struct str end = str_slice(text, text.size < 6 ? 0 : text.size - 6, text.size);
    if (!is_of_form(end, "+00:00") && !is_of_form(end, "-00:00"))
        return 0;
    int hours = two_at(end, 1), minutes = two_at(end, 4);
    *ms = (hours * 60 + minutes) * (int64_t)60000 * (end.data[0] == '-' ? -1 : 1);
    return hours < 24 && minutes < 60 ? 6 : 0;
}

bool parse_moment(struct str text, int64_t *ms)
{
    int64_t day_ms = 0, offset_ms = 0;
    if (!parse_day(str_slice(text, 0, 10), &day_ms))
        return false;
    *ms = day_ms;
    if (text.size == 10)
        return true;
    size_t offset = parse_offset(text, &offset_ms);
    struct str time = str_slice(text, 10, text.size - offset);
    if (offset == 0 || !is_of_form(str_slice(time, 0, 9), "T00:00:00"))
        return false;
    int hour = two_at(time, 1), minute = two_at(time, 4), second = two_at(time, 7);
    int thousandths = 0;
    bool has_rest = false;
    if (time.size > 9 && (time.data[9] != '.' || time.size == 10))
        return false;
    for (size_t i = 10, scale = 100; i < time.size; i++, scale /= 10) {
        if (time.data[i] < '0' || time.data[i] > '9')
            return false;
        thousandths += (time.data[i] - '0') * (int)scale;
        has_rest = has_rest || time.data[i] != '0';
    }
    *ms = day_ms + ((hour * 60 + minute) * 60 + second) * (int64_t)1000 + thousandths - offset_ms;
    bool is_midnight = hour == 24 && minute == 0 && second == 0 && !has_rest;
    return (hour < 24 || is_midnight) && minute < 60 && second < 60;
}
