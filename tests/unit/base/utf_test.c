/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf.h"

#include "test.h"

/* Every code point there is: written, checked, read back. */
TEST(every_character_survives_the_round_trip)
{
    for (uint32_t code_point = 0; code_point <= 0x10ffff; code_point++) {
        if (code_point >= 0xd800 && code_point <= 0xdfff)
            continue;
        char bytes[4];
        struct str s = {bytes, utf8_put(code_point, bytes)};
        size_t at = 0;
        assert_true(utf8_is_valid(s));
        assert_true(utf8_next(s, &at) == code_point);
        assert_true(at == s.size);
        assert_true(utf16_length(s) == (code_point > 0xffff ? 2 : 1));
    }
}

static bool is_valid_by_definition(const unsigned char *bytes, size_t size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t expected = bytes[0] < 0x80   ? 1
                      : bytes[0] < 0xc0 ? 0
                      : bytes[0] < 0xe0 ? 2
                      : bytes[0] < 0xf0 ? 3
                      : bytes[0] < 0xf8 ? 4
                                        : 0;
    if (expected != size)
        return false;
    uint32_t code_point = size == 1 ? bytes[0] : bytes[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return false;
        code_point = code_point << 6 | (bytes[i] & 0x3f);
    }
    return code_point >= least[size] && code_point <= 0x10ffff &&
           (code_point < 0xd800 || code_point > 0xdfff);
}

/* All pairs, and all triples and quadruples whose tail stays near the borders. */
TEST(a_sequence_is_valid_exactly_by_definition)
{
    static const unsigned char borders[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0};
    for (unsigned lead = 0x80; lead < 0x100; lead++) {
        for (unsigned second = 0; second < 0x100; second++) {
            unsigned char bytes[4] = {(unsigned char)lead, (unsigned char)second};
            assert_true(utf8_is_valid((struct str){(char *)bytes, 1}) == false);
            assert_true(utf8_is_valid((struct str){(char *)bytes, 2}) ==
                        is_valid_by_definition(bytes, 2));
            for (size_t i = 0; i < sizeof(borders) * sizeof(borders); i++) {
                bytes[2] = borders[i % sizeof(borders)];
                bytes[3] = borders[i / sizeof(borders)];
                bool is_pair = is_valid_by_definition(bytes, 2);
                bool is_triple = is_valid_by_definition(bytes, 3);
                bool tail_is_ascii = bytes[2] < 0x80;
                assert_true(utf8_is_valid((struct str){(char *)bytes, 3}) ==
                            (is_triple || (is_pair && tail_is_ascii)));
                if (!is_pair && !(is_triple && bytes[3] < 0x80))
                    assert_true(utf8_is_valid((struct str){(char *)bytes, 4}) ==
                                is_valid_by_definition(bytes, 4));
            }
        }
    }
}

TEST(the_first_bad_byte_is_told)
{
    CHECK_INT(utf8_valid_size(STR("")), 0);
    CHECK_INT(utf8_valid_size(STR("plain text of some length")), 25);
    CHECK_INT(utf8_valid_size(STR("plain text of\xff some length")), 13);
    CHECK_INT(utf8_valid_size(STR("caf\xc3\xa9 \xf0\x9f\x9a\x80")), 10);
    CHECK_INT(utf8_valid_size(STR("caf\xc3\xa9 \xf0\x9f\x9a")), 6);
    CHECK_INT(utf8_valid_size(STR("12345678\xed\xa0\x80")), 8);
}

TEST(lengths_count_utf16_units)
{
    CHECK_INT(utf16_length(STR("")), 0);
    CHECK_INT(utf16_length(STR("abc")), 3);
    CHECK_INT(utf16_length(STR("caf\xc3\xa9")), 4);
    CHECK_INT(utf16_length(STR("\xe2\x82\xac")), 1);
    CHECK_INT(utf16_length(STR("\xf0\x9f\x9a\x80!")), 3);
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static size_t units_of(uint32_t code_point, uint32_t units[2])
{
    if (code_point < 0x10000) {
        units[0] = code_point;
        return 1;
    }
    units[0] = 0xd800 + ((code_point - 0x10000) >> 10);
    units[1] = 0xdc00 + (code_point & 0x3ff);
    return 2;
}

static int compare_by_units(uint32_t a, uint32_t b)
{
    uint32_t a_units[2] = {0};
    uint32_t b_units[2] = {0};
    units_of(a, a_units);
    units_of(b, b_units);
    if (a_units[0] != b_units[0])
        return a_units[0] < b_units[0] ? -1 : 1;
    return (a_units[1] > b_units[1]) - (a_units[1] < b_units[1]);
}

TEST(order_is_by_utf16_units)
{
    static const uint32_t points[] = {0x0,     0x41,    0x7f,    0x80,    0x7ff,   0x800,
                                      0xd7ff,  0xe000,  0xefff,  0xf000,  0xfffd,  0xffff,
                                      0x10000, 0x103ff, 0x10400, 0x1f680, 0xfffff, 0x10ffff};
    for (size_t i = 0; i < COUNT_OF(points); i++) {
        for (size_t j = 0; j < COUNT_OF(points); j++) {
            char left[8] = "k-";
            char right[8] = "k-";
            struct str a = {left, 2 + utf8_put(points[i], left + 2)};
            struct str b = {right, 2 + utf8_put(points[j], right + 2)};
            CHECK_INT(sign(utf16_compare(a, b)), compare_by_units(points[i], points[j]));
        }
    }
    CHECK(utf16_compare(STR("a"), STR("ab")) < 0);
    CHECK(utf16_compare(STR("ab"), STR("a")) > 0);
    CHECK_INT(utf16_compare(STR("ab"), STR("ab")), 0);
}

TESTS(every_character_survives_the_round_trip, a_sequence_is_valid_exactly_by_definition,
      the_first_bad_byte_is_told, lengths_count_utf16_units, order_is_by_utf16_units)
