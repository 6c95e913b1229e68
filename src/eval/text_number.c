/* SPDX-License-Identifier: Apache-2.0 */
/* text_number - see text_number.h. Most numerals are JSON's too and are read as such. */
#include "eval/text_number.h"

#include <math.h>
#include <stdlib.h>
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

/* Behind the sign: digits, point, digits, with a digit on one side of the point; exponent. */
static bool is_decimal(struct str text, size_t from)
{
    size_t at = skip_digits(text, from);
    size_t digits = at - from;
    if (at < text.size && text.data[at] == '.') {
        size_t fraction = at + 1;
        at = skip_digits(text, fraction);
        digits += at - fraction;
    }
    if (digits == 0)
        return false;
    if (at < text.size && (text.data[at] == 'e' || text.data[at] == 'E')) {
        size_t exponent = skip_sign(text, at + 1);
        at = skip_digits(text, exponent);
        if (at == exponent)
            return false;
    }
    return at == text.size;
}

static double read_decimal(struct str text)
{
    char terminated[NUMBER_PARSE_BYTES_MAX + 1];
    if (text.size > NUMBER_PARSE_BYTES_MAX)
        return NAN;
    size_t from = skip_sign(text, 0);
    if (str_equal(str_slice(text, from, text.size), STR("Infinity")))
        return text.data[0] == '-' ? -INFINITY : INFINITY;
    if (!is_decimal(text, from))
        return NAN;
    memcpy(terminated, text.data, text.size);
    terminated[text.size] = '\0';
    return strtod(terminated, NULL);
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
