/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number - doubles as text, the way ECMAScript writes them: see number.h.
 *
 * A decimal of at most 15 digits survives the way through a double, so the shortest text of most
 * numbers is found by rounding to 15 digits; the rest need 16 or 17 (or are subnormal, where fewer
 * do). Each candidate is read back before it is believed.
 */
#include "base/number.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Products and quotients of exact doubles must be rounded once for the fast paths below. */
static_assert(FLT_EVAL_METHOD == 0, "doubles are computed as doubles");

enum { DIGITS_MAX = 17, EXPONENT_MAX = 99999 };

static const double safe_integer_max = 9007199254740991.0; /* 2^53 - 1 */

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

bool number_is_safe_integer(double value)
{
    return fabs(value) <= safe_integer_max && value == trunc(value);
}

/* ---- reading ----------------------------------------------------------------------------- */

/* A number's text taken apart: (-1)^is_negative * digits * 10^exponent. */
struct parts {
    uint64_t digits;
    int exponent;
    bool is_negative;
    bool is_cut; /* more digits than fit: `digits` cannot be trusted */
};

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static void add_digit(struct parts *parts, char digit)
{
    if (parts->digits > (UINT64_MAX - 9) / 10)
        parts->is_cut = true;
    else
        parts->digits = parts->digits * 10 + (uint64_t)(digit - '0');
}

/* Each reader returns where it stopped, or NULL when the grammar is broken. */
static const char *read_integer(const char *at, const char *end, struct parts *parts)
{
    if (!is_digit(at, end))
        return NULL;
    if (*at == '0')
        return at + 1; /* nothing may follow a leading zero; a digit that does is left over */
    while (is_digit(at, end))
        add_digit(parts, *at++);
    return at;
}

static const char *read_fraction(const char *at, const char *end, struct parts *parts)
{
    const char *first = at;
    while (is_digit(at, end))
        add_digit(parts, *at++);
    parts->exponent = -(int)(at - first);
    return at == first ? NULL : at;
}

static const char *read_exponent(const char *at, const char *end, struct parts *parts)
{
    bool is_negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (!is_digit(at, end))
        return NULL;
    int exponent = 0;
    for (; is_digit(at, end); at++)
        exponent = exponent > EXPONENT_MAX ? exponent : exponent * 10 + (*at - '0');
    parts->exponent += is_negative ? -exponent : exponent;
    return at;
}

static bool take_apart(struct str text, struct parts *parts)
{
    const char *at = text.data;
    const char *end = text.data + text.size;
    parts->is_negative = *at == '-';
    at = read_integer(at + (parts->is_negative ? 1 : 0), end, parts);
    if (at != NULL && at < end && *at == '.')
        at = read_fraction(at + 1, end, parts);
    if (at != NULL && at < end && (*at == 'e' || *at == 'E'))
        at = read_exponent(at + 1, end, parts);
    return at == end;
}

/* Digits up to 2^53 and powers of ten up to 10^22 are exact doubles, so one multiplication or
 * division rounds once and gives the nearest double (Clinger's fast path). */
static bool combine_exactly(const struct parts *parts, double *value)
{
    if (parts->is_cut || parts->digits > UINT64_C(1) << 53)
        return false;
    double magnitude = (double)parts->digits;
    if (parts->exponent > 22 || parts->exponent < -22)
        return false;
    if (parts->exponent > 0)
        magnitude *= powers_of_ten[parts->exponent];
    else if (parts->exponent < 0)
        magnitude /= powers_of_ten[-parts->exponent];
    *value = parts->is_negative ? -magnitude : magnitude;
    return true;
}

static bool read_slowly(struct str text, double *value)
{
    char terminated[NUMBER_PARSE_BYTES_MAX + 1];
    memcpy(terminated, text.data, text.size);
    terminated[text.size] = '\0';
    *value = strtod(terminated, NULL);
    return isfinite(*value) != 0;
}

bool number_parse(struct str text, double *value)
{
    if (text.size == 0 || text.size > NUMBER_PARSE_BYTES_MAX)
        return false;
    struct parts parts = {0};
    if (!take_apart(text, &parts))
        return false;
    return combine_exactly(&parts, value) || read_slowly(text, value);
}

/* ---- writing ----------------------------------------------------------------------------- */

/* digits[0].digits[1]... * 10^(point - 1): `point` digits stand before the decimal point. */
struct decimal {
    char digits[DIGITS_MAX + 1];
    int count;
    int point;
};

static void strip_zeros(struct decimal *decimal)
{
    while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0')
        decimal->count--;
}

/* The nearest decimal of `count` digits to a positive number. */
static struct decimal round_to_digits(double value, int count)
{
    char text[NUMBER_TEXT_BYTES];
    int size = snprintf(text, sizeof(text), "%.*e", count - 1, value);
    assert(size > 0);
    assert(size < (int)sizeof(text));
    struct decimal decimal = {.count = count};
    const char *exponent = strchr(text, 'e');
    assert(exponent != NULL);
    decimal.digits[0] = text[0];
    if (count > 1)
        memcpy(decimal.digits + 1, text + 2, (size_t)count - 1);
    decimal.point = (int)strtol(exponent + 1, NULL, 10) + 1;
    return decimal;
}

static bool reads_back(const struct decimal *decimal, double value)
{
    char text[NUMBER_TEXT_BYTES + 8];
    snprintf(text, sizeof(text), "%.*se%d", decimal->count, decimal->digits,
             decimal->point - decimal->count);
    return strtod(text, NULL) == value;
}

/* One more in the last place. */
static void increment(struct decimal *decimal)
{
    int at = decimal->count - 1;
    while (at >= 0 && decimal->digits[at] == '9')
        decimal->digits[at--] = '0';
    if (at >= 0) {
        decimal->digits[at]++;
        return;
    }
    decimal->digits[0] = '1';
    decimal->point++;
}

static bool is_power_of_two(double value)
{
    int exponent = 0;
    return frexp(value, &exponent) == 0.5;
}

static struct decimal shortest_by_search(double value)
{
    for (int count = value < DBL_MIN ? 1 : 15; count < DIGITS_MAX; count++) {
        struct decimal decimal = round_to_digits(value, count);
        if (reads_back(&decimal, value))
            return decimal;
        /* Below a power of two doubles lie twice as dense: the nearest decimal may be lost while
         * the next one up still reads back (2^-44 is 5.684341886080802e-14). */
        if (is_power_of_two(value)) {
            increment(&decimal);
            if (reads_back(&decimal, value))
                return decimal;
        }
    }
    return round_to_digits(value, DIGITS_MAX);
}

static struct decimal decimal_of_integer(uint64_t integer)
{
    char reversed[20];
    int count = 0;
    do {
        reversed[count++] = (char)('0' + integer % 10);
        integer /= 10;
    } while (integer > 0);
    assert(count <= DIGITS_MAX);
    struct decimal decimal = {.count = count, .point = count};
    for (int i = 0; i < count; i++)
        decimal.digits[i] = reversed[count - 1 - i];
    return decimal;
}

/* Numbers with a few decimals, such as prices and shares. When m / 10^p gives the value back and m
 * has at most 15 digits, m is the only such decimal and so the shortest. */
static bool shortest_of_few_decimals(double value, struct decimal *decimal)
{
    for (int places = 1; places <= 6; places++) {
        double scaled = nearbyint(value * powers_of_ten[places]);
        if (scaled >= 1e15)
            return false;
        if (scaled / powers_of_ten[places] == value) {
            *decimal = decimal_of_integer((uint64_t)scaled);
            decimal->point -= places;
            return true;
        }
    }
    return false;
}

static struct decimal shortest(double value)
{
    struct decimal decimal;
    if (value <= safe_integer_max && value == trunc(value))
        decimal = decimal_of_integer((uint64_t)value);
    else if (!shortest_of_few_decimals(value, &decimal))
        decimal = shortest_by_search(value);
    strip_zeros(&decimal);
    return decimal;
}

static size_t put_digits(char *at, const struct decimal *decimal, int from, int to)
{
    for (int i = from; i < to; i++)
        at[i - from] = i < decimal->count ? decimal->digits[i] : '0';
    return (size_t)(to - from);
}

static size_t put_exponent_form(char *at, const struct decimal *decimal)
{
    size_t size = put_digits(at, decimal, 0, 1);
    if (decimal->count > 1) {
        at[size++] = '.';
        size += put_digits(at + size, decimal, 1, decimal->count);
    }
    int exponent = snprintf(at + size, 6, "e%+d", decimal->point - 1);
    assert(exponent >= 3);
    return size + (size_t)exponent;
}

/* ECMA-262, Number::toString, steps 6 to 10; `point` is the specification's n. */
static size_t put_decimal(char *at, const struct decimal *decimal)
{
    if (decimal->point > 21 || decimal->point <= -6)
        return put_exponent_form(at, decimal);
    if (decimal->point >= decimal->count)
        return put_digits(at, decimal, 0, decimal->point);
    size_t size = 0;
    if (decimal->point > 0) {
        size = put_digits(at, decimal, 0, decimal->point);
        at[size++] = '.';
        return size + put_digits(at + size, decimal, decimal->point, decimal->count);
    }
    at[size++] = '0';
    at[size++] = '.';
    for (int i = decimal->point; i < 0; i++)
        at[size++] = '0';
    return size + put_digits(at + size, decimal, 0, decimal->count);
}

size_t number_format(double value, char text[NUMBER_TEXT_BYTES])
{
    assert(isfinite(value));
    if (value == 0) {
        text[0] = '0';
        return 1;
    }
    size_t size = 0;
    if (value < 0)
        text[size++] = '-';
    struct decimal decimal = shortest(fabs(value));
    size += put_decimal(text + size, &decimal);
    assert(size < NUMBER_TEXT_BYTES);
    return size;
}
