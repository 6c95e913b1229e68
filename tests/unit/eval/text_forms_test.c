/* SPDX-License-Identifier: Apache-2.0 */
/* text_forms - lower case, numbers and versions of texts, each as ECMAScript's engines have them.
 */
#include "test.h"

#include <math.h>
#include <string.h>

#include "base/utf.h"
#include "eval/lower_case.h"
#include "eval/selector.h"
#include "eval/text_number.h"
#include "eval/text_version.h"

static const struct {
    const char *text, *lower;
} lower_rows[] = {
    {"", ""},
    {"plain text 1", "plain text 1"},
    {"AbC-Z[", "abc-z["},
    {"\u00C0\u00D7\u00DE", "\u00E0\u00D7\u00FE"},
    {"STRASSE \u1E9E", "strasse \u00DF"},
    {"\u0130I", "i\u0307i"},
    {"\u023A\u2126\u212A", "\u2C65\u03C9k"},
    {"\u01C4\u01C5", "\u01C6\u01C6"},
    {"\u0178\u0179", "\u00FF\u017A"},
    {"\u10A0\u13A0", "\u2D00\uAB70"},
    {"\U00010400\U0001E900", "\U00010428\U0001E922"},
    {"\u03A3", "\u03C3"},
    {"\u0391\u03A3", "\u03B1\u03C2"},
    {"\u0391\u03A3.", "\u03B1\u03C2."},
    {"\u0391\u03A3.\u0391", "\u03B1\u03C3.\u03B1"},
    {"\u0391.\u03A3 1", "\u03B1.\u03C2 1"},
    {"1\u03A3", "1\u03C3"},
    {"\u0391\u0345\u03A3\u0301", "\u03B1\u0345\u03C2\u0301"},
    {"\u03A3\u03A3\u03A3", "\u03C3\u03C3\u03C2"},
};

TEST(lower_case_is_that_of_unicode)
{
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(lower_rows); i++)
        CHECK_STR(lower_case(&arena, str_of(lower_rows[i].text)), str_of(lower_rows[i].lower));
    const struct str plain = STR("in lower case, 1");
    CHECK(lower_case(&arena, plain).data == plain.data); /* borrowed */
    arena_close(&arena);
}

/* Every code point: the sum is that of the engine the table was made from. */
TEST(lower_case_of_every_character_is_valid_and_settled)
{
    struct arena arena;
    arena_open(&arena, 4096);
    uint64_t changed = 0;
    uint64_t sum = 0;
    for (uint32_t code_point = 1; code_point <= 0x10FFFF; code_point++) {
        if (code_point >= 0xD800 && code_point <= 0xDFFF)
            continue;
        char bytes[4];
        struct str text = {bytes, utf8_put(code_point, bytes)};
        struct str lower = lower_case(&arena, text);
        CHECK(utf8_is_valid(lower));
        changed += !str_equal(lower, text);
        size_t at = 0;
        while (at < lower.size)
            sum += utf8_next(lower, &at);
        CHECK_STR(lower_case(&arena, lower), lower);
        arena_reset(&arena);
    }
    CHECK_INT(changed, 1488);
    CHECK_INT(sum, 620509483996);
    arena_close(&arena);
}

/* U+023A takes two bytes, its small letter three: nothing grows faster. */
TEST(what_grows_most_has_room)
{
    enum { LETTERS = 64 };
    char capitals[2 * LETTERS];
    char small[3 * LETTERS];
    for (size_t i = 0; i < LETTERS; i++) {
        utf8_put(0x023A, capitals + 2 * i);
        utf8_put(0x2C65, small + 3 * i);
    }
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t count = 1; count <= LETTERS; count++) {
        struct str lower = lower_case(&arena, (struct str){capitals, 2 * count});
        memset(arena_allocate(&arena, 16), 'x', 16); /* the next one's */
        CHECK_STR(lower, ((struct str){small, 3 * count}));
    }
    arena_close(&arena);
}

static const struct {
    const char *text;
    double number;
} number_rows[] = {
    {"", 0},
    {" \t\n\u00A0\uFEFF\u2028", 0},
    {"5", 5},
    {" 5 ", 5},
    {"+5", 5},
    {"-0", 0},
    {"5.", 5},
    {".5", 0.5},
    {"-.5e1", -5},
    {"007", 7},
    {"1e3", 1000},
    {"1E+3", 1000},
    {"1e400", INFINITY},
    {"-1e400", -INFINITY},
    {"1e-400", 0},
    {"Infinity", INFINITY},
    {"+Infinity", INFINITY},
    {"-Infinity", -INFINITY},
    {"0x10", 16},
    {"0XfF", 255},
    {"0o17", 15},
    {"0b101", 5},
    {"0x20000000000001", 9007199254740992.0},
    {"0x20000000000003", 9007199254740996.0},
    {"0x20000000000001000000000000001", 0x20000000000001000000000000001p0},
    {"12345678901234567890", 12345678901234567890.0},
};

static const char *const no_numbers[] = {
    "abc", "1_000", "1,000",  "0x",        "0xg", "-0x10", "0b2", "0o8",
    ".",   "+",     "e5",     "1e",        "1e+", "1.2.3", "1 2", "infinity",
    "NaN", "true",  "\u0661", "InfinityX", "--1", "0x1p3", "1f",  "0x1.8"};

TEST(numbers_are_read_as_number_reads_them)
{
    for (size_t i = 0; i < COUNT_OF(number_rows); i++) {
        double number = text_number(str_of(number_rows[i].text));
        if (number != number_rows[i].number)
            print_message("\"%s\" is %g\n", number_rows[i].text, number);
        CHECK(number == number_rows[i].number);
    }
    for (size_t i = 0; i < COUNT_OF(no_numbers); i++)
        CHECK(isnan(text_number(str_of(no_numbers[i]))));
}

TEST(a_numeral_of_more_bytes_than_we_read_is_no_number)
{
    char text[2000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = '0';
    CHECK(text_number((struct str){text, 1024}) == 0);
    CHECK(isnan(text_number((struct str){text, 1025})));
    text[1] = 'x';
    CHECK(text_number((struct str){text, sizeof(text)}) == 0);
}

/* From the least up; those of one row are equal. */
static const char *const version_rows[][3] = {
    {"0.0", "0.0.0", "00.0.00"},
    {"0.1.0-"},
    {"0.1.0"},
    {"1.2.3-Alpha"},
    {"1.2.3-alpha"},
    {"1.2.3-alpha."},
    {"1.2.3-alpha.10"},
    {"1.2.3-alpha.2"},
    {"1.2.3-alpha_1"},
    {"1.2.3-beta--"},
    {"1.2.3"},
    {"1.10"},
    {"1.18000000000000000000"},
    {"1.18000000000000000001"},
    {"99999999999.0", "99999999999.0.0"},
    {"18446744073709551615.0", "18446744073709551616.0", "99999999999999999999999.0"},
};

TEST(versions_are_ordered)
{
    for (size_t i = 0; i < COUNT_OF(version_rows); i++) {
        struct text_version first;
        CHECK(text_version_parse(str_of(version_rows[i][0]), &first));
        for (size_t j = 1; j < 3 && version_rows[i][j] != NULL; j++) {
            struct text_version same;
            CHECK(text_version_parse(str_of(version_rows[i][j]), &same));
            CHECK_INT(text_version_compare(&first, &same), 0);
        }
        for (size_t j = 0; j < COUNT_OF(version_rows); j++) {
            struct text_version other;
            CHECK(text_version_parse(str_of(version_rows[j][0]), &other));
            CHECK_INT(text_version_compare(&first, &other), (i > j) - (i < j));
        }
    }
}

TEST(what_is_no_version_is_refused)
{
    static const char *const rows[] = {
        "",      "1",       "1.",      "1.2.", "1.2.3.",     "1.2.3.4",  "v1.2",
        "1.2-a", "1.2.3+b", "1.2.3\n", " 1.2", "1.2.3-a..b", "1.2.3-.a", "1.2.3-\u00E9",
        "-1.2",  "1.x",     "1.2.3 ",  "1..2"};
    struct text_version version;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK(!text_version_parse(str_of(rows[i]), &version));
}

TEST(selectors_are_pointers)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct selector selector = selector_parse(&arena, STR("/context/user/a~1b~0c~2"));
    CHECK_INT(selector.root, SELECTOR_CONTEXT);
    CHECK_INT(selector.step_count, 2);
    CHECK_STR(selector.steps[1], STR("a/b~c~2"));
    static const char *const nothings[] = {"",   "x",         "context/user", "/",
                                           "//", "/context/", "/context//x",  "/other/x"};
    for (size_t i = 0; i < COUNT_OF(nothings); i++) {
        selector = selector_parse(&arena, str_of(nothings[i]));
        CHECK(selector.root == SELECTOR_NOTHING || str_equal(selector.text, STR("")));
    }
    const struct str steps[] = {STR("result"), STR("a/b"), STR("~")};
    CHECK_STR(selector_text(&arena, steps, 3), STR("/result/a~1b/~0"));
    CHECK_STR(selector_text(&arena, steps, 1), STR("/result"));
    CHECK_STR(selector_text(&arena, steps, 0), STR(""));
    selector = selector_parse(&arena, selector_text(&arena, steps, 3));
    CHECK_INT(selector.root, SELECTOR_RESULT);
    CHECK_STR(selector.steps[0], STR("a/b"));
    CHECK_STR(selector.steps[1], STR("~"));
    arena_close(&arena);
}

TESTS(lower_case_is_that_of_unicode, lower_case_of_every_character_is_valid_and_settled,
      what_grows_most_has_room, numbers_are_read_as_number_reads_them,
      a_numeral_of_more_bytes_than_we_read_is_no_number, versions_are_ordered,
      what_is_no_version_is_refused, selectors_are_pointers)
