/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random_edges - what operands, attributes and contexts of the differential tests are made of: the
 * values on both sides of where the specifications draw a line, so that they meet often.
 */
#ifndef DIFFERENTIAL_RANDOM_EDGES_H
#define DIFFERENTIAL_RANDOM_EDGES_H

#include "../scenario/random_text.h"

/* ---- values ---------------------------------------------------------------------------------- */

static inline struct str edge_numeral(struct dice *dice)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "1",
                                        "1.0",
                                        "01",
                                        "+1",
                                        ".5",
                                        "5.",
                                        ".",
                                        "1e3",
                                        "1E3",
                                        "1e",
                                        "1e21",
                                        "1e+21",
                                        "1e-7",
                                        "Infinity",
                                        "-Infinity",
                                        "+Infinity",
                                        "infinity",
                                        "NaN",
                                        "0x10",
                                        "0X1f",
                                        "0xg",
                                        "0b101",
                                        "0b2",
                                        "0o17",
                                        "0x",
                                        "-0x10",
                                        "--1",
                                        "1_0",
                                        "1,5",
                                        "30",
                                        " 30 ",
                                        "30\n",
                                        "\302\24030",
                                        "\357\273\27730",
                                        "\xd9\xa3",
                                        "29.999999999999996",
                                        "30.000000000000004",
                                        "30.0",
                                        "9007199254740993",
                                        "9007199254740992",
                                        "0.1",
                                        "0.30000000000000004",
                                        "1e400",
                                        "1 0",
                                        "\341\240\21630",
                                        "\342\200\25030",
                                        "\01330",
                                        "\302\20530",
                                        "5e-324",
                                        "1e-400",
                                        "+",
                                        "-",
                                        "e1",
                                        "1e+",
                                        "1.5.2",
                                        "00",
                                        "-1e-7"};
    return str_of(texts[roll(dice, COUNT_OF(texts))]);
}

static inline struct str edge_version(struct dice *dice)
{
    static const char *const texts[] = {"1.2.3",
                                        "1.2",
                                        "1",
                                        "1.2.0",
                                        "1.2.3-",
                                        "1.2.3-a",
                                        "1.2.3-a.",
                                        "1.2.3-a.b",
                                        "1.2.3-a..b",
                                        "1.2.3-.a",
                                        "1.2.3-alpha.10",
                                        "1.2.3-alpha.2",
                                        "1.2.3-alpha",
                                        "01.02.03",
                                        "v1.2.3",
                                        "V1.2.3",
                                        "1.2.3+b",
                                        "1.2.3-a+b",
                                        "1.2.3+",
                                        "1.2.3-1",
                                        "1.2.3-01",
                                        "1.2.3-1a",
                                        "1.2.3 ",
                                        " 1.2.3",
                                        "1.2.3.4",
                                        "1.10.0",
                                        "1.9.0",
                                        "1.2.3\n",
                                        "99999999999999999999.0.0",
                                        "18446744073709551615.0.0",
                                        "2097151.0.0",
                                        "2097152.0.0",
                                        "1048575.1048575.1048575",
                                        "1048576.0.0",
                                        "1.2.",
                                        ".1.2",
                                        "1..2",
                                        "-1.2.3",
                                        "1.2.3-a_b",
                                        "1.2.3-A",
                                        "1.2.3--",
                                        "1.2-a",
                                        "2.0",
                                        "2.0.0",
                                        "1.2.3-\xc3\xa9",
                                        "v 1.2.3",
                                        "0.0.0",
                                        "0.0.0-0",
                                        "10.0",
                                        "9.9.9",
                                        "1.2.3-99999999999999999999",
                                        "1.2.3-99999999999999999998",
                                        "4294967296.0.0",
                                        "4294967297.0.0"};
    return str_of(texts[roll(dice, COUNT_OF(texts))]);
}

static inline struct str edge_instant(struct dice *dice)
{
    static const char *const texts[] = {"2031-03-10",
                                        "2031-03-10T00:00:00Z",
                                        "2031-03-10T00:00:00.000Z",
                                        "2031-03-10T00:00:00.001Z",
                                        "2031-03-09T23:59:59.999Z",
                                        "2031-03-09T23:59:59.9999Z",
                                        "2031-03-09T24:00:00Z",
                                        "2031-03-10T01:00:00+01:00",
                                        "2031-03-09T23:00:00-01:00",
                                        "2031-03-10T24:00:00.1Z",
                                        "2031-02-30",
                                        "2031-03-02",
                                        "2031-02-31T00:00:00Z",
                                        "2031-13-01",
                                        "2031-00-10",
                                        "2031-03-32",
                                        "2031-03-00",
                                        "2031-03-10t00:00:00Z",
                                        "2031-03-10T00:00:00z",
                                        "2031-03-10T00:00Z",
                                        "2031-03-10T00:00:00",
                                        "2031-03-10 00:00:00Z",
                                        "31-03-10",
                                        "2031-3-10",
                                        "2031-03-10T00:00:00.Z",
                                        "2031-03-10T00:00:60Z",
                                        "2031-03-10T00:60:00Z",
                                        "2031-03-10T25:00:00Z",
                                        "2031-03-10T00:00:00+0100",
                                        "2031-03-10T00:00:00+24:00",
                                        "2031-03-10T00:00:00+23:59",
                                        "1969-12-31T23:59:59Z",
                                        "0000-01-01T00:00:00Z",
                                        "9999-12-31T23:59:59.999Z",
                                        "2032-02-29",
                                        "2100-02-29",
                                        "2031-03-10T00:00:00.0000000000001Z",
                                        " 2031-03-10",
                                        "2031-03-10Z"};
    return str_of(texts[roll(dice, COUNT_OF(texts))]);
}

static inline struct str edge_letter_text(struct dice *dice)
{
    static const char *const texts[] = {"STRASSE",
                                        "stra\303\237e",
                                        "\xe1\xba\x9e",
                                        "\xc4\xb0",
                                        "i\xcc\x87",
                                        "I",
                                        "i",
                                        "\xc4\xb1",
                                        "\xce\x9f\xce\x94\xce\x9f\xce\xa3",
                                        "\xce\xbf\xce\xb4\xce\xbf\xcf\x82",
                                        "\xce\xbf\xce\xb4\xce\xbf\xcf\x83",
                                        "\xce\xa3",
                                        "\xce\x91\xce\xa3.",
                                        "\xce\x91\xce\xa3'B",
                                        "\xe2\x84\xaa",
                                        "k",
                                        "\xe2\x84\xab",
                                        "\xc3\xa5",
                                        "\xc7\x85",
                                        "\xc7\x86",
                                        "\xef\xac\x81",
                                        "\xf0\x9f\x9a\x80",
                                        "\360\237\232\200a",
                                        "\xee\x80\x80",
                                        "\xef\xbf\xbd",
                                        "\xef\xbf\xbf",
                                        "\xf0\x90\x90\x80",
                                        "\xf0\x90\x90\xa8",
                                        "\xc3\x85LAND",
                                        "\xc3\xa5land",
                                        "A\xcc\x8aland",
                                        "\xd0\x96",
                                        "\xd0\xb6",
                                        "\xe6\x97\xa5\xe6\x9c\xac",
                                        "\xe2\x80\x8b",
                                        "\x7f"};
    return str_of(texts[roll(dice, COUNT_OF(texts))]);
}

static inline struct str edge_plain(struct dice *dice)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "(none)",
                                        "(NONE)",
                                        "true",
                                        "TRUE",
                                        "tRuE",
                                        "false",
                                        "False",
                                        "truE ",
                                        "null",
                                        "a",
                                        "b",
                                        "ab",
                                        "aab",
                                        "A",
                                        "aB",
                                        "NO",
                                        "no",
                                        "a/b",
                                        "a.b",
                                        "a\nb",
                                        "a\"b",
                                        "a\\b",
                                        "[]",
                                        "[1,2]",
                                        "[\"a\",\"b\"]",
                                        "[\"b\",\"a\",\"a\"]",
                                        "[\"a\",null,\"\"]",
                                        "[\"a\"",
                                        "[ \"b\" ] ",
                                        "[true]",
                                        "[[1],{\"b\":2,\"1\":3}]",
                                        "{\"a\":1}",
                                        "[1.0,1e21]",
                                        "beta",
                                        "crew",
                                        "orgs",
                                        "nobody",
                                        "pro",
                                        "free",
                                        "acme",
                                        "on",
                                        "off",
                                        "u1",
                                        "[\"beta\"]",
                                        "a\342\200\250b",
                                        "aaaaaaaaaa",
                                        "-",
                                        "x-y",
                                        "_",
                                        "\t",
                                        "a b",
                                        "[\"TRUE\"]"};
    return str_of(texts[roll(dice, COUNT_OF(texts))]);
}

static inline struct str edge_long(struct dice *dice)
{
    static const uint32_t sizes[] = {255, 256, 257, 300, 2047, 2048};
    uint32_t size = sizes[roll(dice, COUNT_OF(sizes))];
    char *bytes = arena_allocate(dice->arena, size);
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = i + 1 < size || once_in(dice, 2) ? 'a' : 'b';
    return (struct str){bytes, size};
}

static inline struct str edge_text(struct dice *dice)
{
    uint32_t kind = roll(dice, 64);
    if (kind == 0)
        return edge_long(dice);
    if (kind < 12)
        return edge_numeral(dice);
    if (kind < 20)
        return edge_version(dice);
    if (kind < 25)
        return edge_instant(dice);
    if (kind < 33)
        return edge_letter_text(dice);
    return kind < 44 ? some_word(dice) : edge_plain(dice);
}

static inline double edge_number(struct dice *dice)
{
    static const double numbers[] = {0,
                                     -0.0,
                                     1,
                                     -1,
                                     0.1,
                                     0.30000000000000004,
                                     0.3,
                                     30,
                                     29.999999999999996,
                                     30.000000000000004,
                                     1e21,
                                     999999999999999900000.0,
                                     123456789012345680000.0,
                                     1e-6,
                                     1e-7,
                                     1.5e-10,
                                     5e-324,
                                     1.7976931348623157e308,
                                     9007199254740991.0,
                                     9007199254740992.0,
                                     9007199254740993.0,
                                     4294967295.0,
                                     2147483648.0,
                                     1.2,
                                     100,
                                     1e100,
                                     -1e-7,
                                     123.456};
    return numbers[roll(dice, COUNT_OF(numbers))];
}

static inline struct json edge_scalar(struct dice *dice)
{
    switch (roll(dice, 10)) {
    case 0:
    case 1:
        return json_make_number(edge_number(dice));
    case 2:
        return json_make_boolean(once_in(dice, 2));
    case 3:
        return once_in(dice, 3) ? json_make_null() : json_make_number(roll(dice, 41));
    default:
        return json_make_string(edge_text(dice));
    }
}

static inline struct json edge_list(struct dice *dice)
{
    uint32_t count = roll(dice, once_in(dice, 10) ? 20 : 4);
    struct json *elements = room_for(dice, count);
    for (uint32_t i = 0; i < count; i++)
        elements[i] = once_in(dice, 12) ? some_nested(dice) : edge_scalar(dice);
    return list_of(elements, count);
}

static inline struct json edge_value(struct dice *dice)
{
    uint32_t kind = roll(dice, 8);
    return kind == 0 ? edge_list(dice) : kind == 1 ? some_nested(dice) : edge_scalar(dice);
}

#endif
