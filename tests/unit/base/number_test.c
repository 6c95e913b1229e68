/* SPDX-License-Identifier: Apache-2.0 */
#include "base/number.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static struct str formatted(double value, char text[NUMBER_TEXT_BYTES])
{
    return (struct str){text, number_format(value, text)};
}

struct spelling {
    double value;
    struct str text;
};

/* What an ECMAScript engine prints for String(value). */
static const struct spelling spellings[] = {
    {0.0, STR("0")},
    {-0.0, STR("0")},
    {1, STR("1")},
    {-1, STR("-1")},
    {10, STR("10")},
    {100000, STR("100000")},
    {0.1, STR("0.1")},
    {-0.5, STR("-0.5")},
    {12.25, STR("12.25")},
    {1234.5678, STR("1234.5678")},
    {0.1 + 0.2, STR("0.30000000000000004")},
    {1.0 / 3, STR("0.3333333333333333")},
    {2.0 / 3, STR("0.6666666666666666")},
    {123456789.123456789, STR("123456789.12345679")},
    {0.000001, STR("0.000001")},
    {0.0000015, STR("0.0000015")},
    {1e-7, STR("1e-7")},
    {1.5e-7, STR("1.5e-7")},
    {-1.25e-10, STR("-1.25e-10")},
    {9007199254740991.0, STR("9007199254740991")},
    {9007199254740992.0, STR("9007199254740992")},
    {9007199254740994.0, STR("9007199254740994")},
    {1e20, STR("100000000000000000000")},
    {123456789012345680000.0, STR("123456789012345680000")},
    {999999999999999900000.0, STR("999999999999999900000")},
    {1e21, STR("1e+21")},
    {-1e21, STR("-1e+21")},
    {1.5e300, STR("1.5e+300")},
    {DBL_MAX, STR("1.7976931348623157e+308")},
    {DBL_MIN, STR("2.2250738585072014e-308")},
    {5e-324, STR("5e-324")},
    {-5e-324, STR("-5e-324")},
    {1.5e-323, STR("1.5e-323")},
    {2.225073858507201e-308, STR("2.225073858507201e-308")},
    /* powers of two whose nearest 16 digits do not read back but the next ones up do */
    {0x1p-44, STR("5.684341886080802e-14")},
    {0x1p-1017, STR("7.120236347223045e-307")},
    {0x1p89, STR("6.189700196426902e+26")},
    {4.35, STR("4.35")},
    {0.615, STR("0.615")},
    {1e23, STR("1e+23")},
    {5e-7, STR("5e-7")},
    {4503599627370495.5, STR("4503599627370495.5")},
    {-99.9999, STR("-99.9999")},
};

TEST(numbers_are_spelled_as_ecmascript_does)
{
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        char text[NUMBER_TEXT_BYTES];
        CHECK_STR(formatted(spellings[i].value, text), spellings[i].text);
    }
}

/* xorshift64*, seeded: the same numbers on every run. */
static uint64_t draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static size_t count_digits(struct str text)
{
    size_t first = 0;
    while (first < text.size && (text.data[first] < '1' || text.data[first] > '9'))
        first++;
    size_t digits = 0;
    size_t zeros = 0;
    for (size_t i = first; i < text.size && text.data[i] != 'e'; i++) {
        if (text.data[i] == '.')
            continue;
        digits++;
        zeros = text.data[i] == '0' ? zeros + 1 : 0;
    }
    return digits - zeros;
}

/* Digits needed when every precision is tried in turn. */
static size_t least_digits(double value)
{
    for (int precision = 1; precision < 17; precision++) {
        char text[64];
        snprintf(text, sizeof(text), "%.*e", precision - 1, value);
        if (strtod(text, NULL) == value) {
            char *exponent = strchr(text, 'e');
            return count_digits((struct str){text, (size_t)(exponent - text)});
        }
    }
    return 17;
}

static void check_round_trip(double value)
{
    char text[NUMBER_TEXT_BYTES];
    struct str written = formatted(value, text);
    double read = 0;
    if (!number_parse(written, &read) || read != value)
        fail_msg("%.17g was written %.*s", value, STR_ARG(written));
    if (count_digits(written) > least_digits(value))
        fail_msg("%.17g was written %.*s, which is too long", value, STR_ARG(written));
}

TEST(every_number_reads_back_and_none_is_longer_than_needed)
{
    uint64_t state = 20310310;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = draw(&state);
        double value = 0;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value) && value != 0)
            check_round_trip(value);
        check_round_trip((double)(draw(&state) % 100000000) / 10000 + 0.0001);
        check_round_trip((double)(draw(&state) >> 11));
    }
    for (int exponent = -1074; exponent < 1024; exponent++) {
        check_round_trip(ldexp(1, exponent));
        check_round_trip(nextafter(ldexp(1, exponent), 0) + DBL_TRUE_MIN);
    }
}

/* The fast path must agree with the library on texts of every shape. */
TEST(texts_read_as_the_nearest_double)
{
    uint64_t state = 7;
    for (int i = 0; i < 50000; i++) {
        char text[64];
        int digits = (int)(draw(&state) % 20) + 1;
        uint64_t integer = draw(&state) >> (draw(&state) % 64);
        int exponent = (int)(draw(&state) % 60) - 30;
        switch (draw(&state) % 3) {
        case 0:
            snprintf(text, sizeof(text), "-%" PRIu64 "e%d", integer, exponent);
            break;
        case 1:
            snprintf(text, sizeof(text), "%" PRIu64 ".%0*d", integer, digits, (int)(state >> 40));
            break;
        default:
            snprintf(text, sizeof(text), "0.%0*" PRIu64 "E+%d", digits, integer, exponent + 30);
            break;
        }
        double value = 0;
        if (!number_parse(str_of(text), &value))
            fail_msg("refused: %s", text);
        if (value != strtod(text, NULL))
            fail_msg("%s was read as %.17g", text, value);
    }
}

TEST(only_the_grammar_of_json_is_read)
{
    static const char *const refused[] = {
        "",    "-",    "+1",   "01",    "-01",   "00",       "1.",    ".5",    "-.5", "1e",
        "1e+", "1E-",  "1.e1", "0x10",  "1_0",   "Infinity", "-inf",  "NaN",   " 1",  "1 ",
        "1,0", "1e1.", "--1",  "1e1e1", "1.2.3", "1f",       "1e400", "-1e309"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        double value = 0;
        if (number_parse(str_of(refused[i]), &value))
            fail_msg("accepted: %s", refused[i]);
    }
    double value = 1;
    CHECK(number_parse(STR("-0"), &value));
    CHECK(value == 0 && signbit(value) != 0);
    CHECK(number_parse(STR("0e999999999999"), &value));
    CHECK(value == 0);
    CHECK(number_parse(STR("1e-999999999999"), &value));
    CHECK(value == 0);
    CHECK(number_parse(STR("4.9e-324"), &value));
    CHECK(value == 5e-324);
    CHECK(number_parse(STR("1.7976931348623157e308"), &value));
    CHECK(value == DBL_MAX);
    CHECK(number_parse((struct str){"12345", 2}, &value)); /* never reads behind the text */
    CHECK(value == 12);
}

TEST(an_overflow_tells_itself_from_a_malformed_text)
{
    double value = 7;
    CHECK(!number_parse(STR("1.5.5"), &value));
    CHECK(value == 7);
    CHECK(!number_parse(STR("-1e309"), &value));
    CHECK(isinf(value) != 0);
}

TEST(texts_are_read_up_to_the_documented_length)
{
    char text[NUMBER_PARSE_BYTES_MAX + 1];
    memset(text, '3', sizeof(text));
    text[1] = '.';
    double value = 0;
    CHECK(number_parse((struct str){text, NUMBER_PARSE_BYTES_MAX}, &value));
    CHECK(value == 10.0 / 3);
    CHECK(!number_parse((struct str){text, NUMBER_PARSE_BYTES_MAX + 1}, &value));
}

TEST(safe_integers_end_below_two_to_the_53rd)
{
    CHECK(number_is_safe_integer(0));
    CHECK(number_is_safe_integer(-9007199254740991.0));
    CHECK(number_is_safe_integer(9007199254740991.0));
    CHECK(!number_is_safe_integer(9007199254740992.0));
    CHECK(!number_is_safe_integer(0.5));
    CHECK(!number_is_safe_integer((double)INFINITY));
    CHECK(!number_is_safe_integer((double)NAN));
}

TESTS(numbers_are_spelled_as_ecmascript_does,
      every_number_reads_back_and_none_is_longer_than_needed, texts_read_as_the_nearest_double,
      only_the_grammar_of_json_is_read, an_overflow_tells_itself_from_a_malformed_text,
      texts_are_read_up_to_the_documented_length, safe_integers_end_below_two_to_the_53rd)
