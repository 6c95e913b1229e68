/* SPDX-License-Identifier: Apache-2.0 */
/* text_number - see text_number.h. Most numerals are JSON's too and are read as such. */
#include "eval/text_number.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "eval/blank.h"

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Index of the first byte at or after `at` that is no digit. */
static size_t skip_digits(struct str text, size_t at)
{
    while (at < text.size && is_digit(text.data[at]))
        at++;
    return at;
}

static size_t skip_sign(struct str text, size_t at)
{
    return at < text.size && (text.data[at] == '+' || text.data[at] == '-') ? at + 1 : at;
}

static void put(struct str text, char *json, size_t *size)
{
    memcpy(json + *size, text.data, text.size);
    *size += text.size;
}

/* Digits of an integer without leading zeros; one stays. */
static struct str trim_zeros(struct str digits)
{
    size_t zeros = 0;
    while (zeros + 1 < digits.size && digits.data[zeros] == '0')
        zeros++;
    return digits.size == 0 ? STR("0") : str_slice(digits, zeros, digits.size);
}

/* An unsigned decimal literal as JSON spells it: a digit on either side of a point, no zero in
 * front. Returns its bytes, at most one more; 0 when it is no such literal. */
static size_t spell_as_json(struct str text, char *json)
{
    size_t point = skip_digits(text, 0);
    size_t end = point;
    size_t size = 0;
    bool has_point = point < text.size && text.data[point] == '.';
    if (has_point)
        end = skip_digits(text, point + 1);
    if (point == 0 && end <= point + 1)
        return 0;
    put(trim_zeros(str_slice(text, 0, point)), json, &size);
    if (has_point && end > point + 1)
        put(str_slice(text, point, end), json, &size);
    if (end == text.size)
        return size;
    size_t exponent = skip_sign(text, end + 1);
    bool has_exponent = text.data[end] == 'e' || text.data[end] == 'E';
    if (!has_exponent || exponent == text.size || skip_digits(text, exponent) != text.size)
        return 0;
    put(str_slice(text, end, text.size), json, &size);
    return size;
}

/* What overflows is infinite. */
static bool read_literal(struct str digits, double *number)
{
    char json[NUMBER_PARSE_BYTES_MAX + 1];
    size_t size = spell_as_json(digits, json);
    return size > 0 && (number_parse((struct str){json, size}, number) || isinf(*number));
}

static double read_decimal(struct str text)
{
    if (text.size > NUMBER_PARSE_BYTES_MAX)
        return NAN;
    struct str digits = str_slice(text, skip_sign(text, 0), text.size);
    double number = 0;
    if (str_equal(digits, STR("Infinity")))
        number = INFINITY;
    else if (!read_literal(digits, &number))
        return NAN;
    return text.data[0] == '-' ? -number : number;
}

/* Bits of one digit after the prefix; 0 when there is no such prefix. */
static unsigned radix_bits(struct str text)
{
    if (text.size < 2 || text.data[0] != '0')
        return 0;
    switch (text.data[1]) {
    case 'x':
    case 'X':
        return 4;
    case 'o':
    case 'O':
        return 3;
    case 'b':
    case 'B':
        return 1;
    default:
        return 0;
    }
}

/* Larger than any radix for what is no digit. */
static unsigned digit_value(char byte)
{
    if (is_digit(byte))
        return (unsigned)(byte - '0');
    if (byte >= 'a' && byte <= 'f')
        return (unsigned)(byte - 'a') + 10;
    if (byte >= 'A' && byte <= 'F')
        return (unsigned)(byte - 'A') + 10;
    return 16;
}

/* The leading 61 bits and more, the last of them set when anything but zeros was dropped: a double
 * keeps 53, so that it is rounded as the whole number would be. */
static double read_radix(struct str digits, unsigned bits)
{
    uint64_t leading = 0;
    int dropped_bits = 0;
    if (digits.size == 0)
        return NAN;
    for (size_t i = 0; i < digits.size; i++) {
        unsigned value = digit_value(digits.data[i]);
        if (value >> bits != 0)
            return NAN;
        if (leading >> 60 == 0) {
            leading = leading << bits | value;
        } else {
            leading |= value != 0;
            dropped_bits += dropped_bits < 4096 ? (int)bits : 0;
        }
    }
    return ldexp((double)leading, dropped_bits);
}

double text_number(struct str text)
{
    struct str numeral = blanks_trim(text);
    double number = 0;
    if (numeral.size == 0 || number_parse(numeral, &number))
        return number;
    unsigned bits = radix_bits(numeral);
    return bits == 0 ? read_decimal(numeral)
                     : read_radix(str_slice(numeral, 2, numeral.size), bits);
}
