/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include "test.h"

#include <string.h>

TEST(slices_are_clamped)
{
    CHECK_STR(str_slice(STR("guidon"), 2, 99), STR("idon"));
    CHECK_STR(str_slice(STR("guidon"), 9, 3), STR(""));
    CHECK(str_is_absent(str_slice((struct str){0}, 0, 1)));
}

TEST(absent_is_not_empty)
{
    CHECK(!str_is_absent(STR("")));
    CHECK(str_is_empty((struct str){0}));
}

TEST(numbers_are_digits_that_fit)
{
    uint64_t value = 7;
    CHECK(str_parse_u64(STR("18446744073709551615"), &value));
    CHECK(value == UINT64_MAX);
    CHECK(!str_parse_u64(STR("18446744073709551616"), &value));
    CHECK(!str_parse_u64(STR("-1"), &value));
    CHECK(!str_parse_u64(STR(""), &value));
    CHECK(!str_parse_u64(STR("1 "), &value));
}

TEST(order_is_by_bytes_and_prefixes_come_first)
{
    CHECK(str_compare(STR("a"), STR("ab")) < 0);
    CHECK(str_compare(STR("b"), STR("ab")) > 0);
    CHECK(str_compare(STR("\xff"), STR("a")) > 0);
}

TEST(blanks_at_the_ends_are_trimmed)
{
    CHECK_STR(str_trim(STR(" \t x y \t")), STR("x y"));
    CHECK_STR(str_trim(STR("  ")), STR(""));
}

/* Wherever the needle stands, in texts on both sides of where the way to look changes. */
TEST(needles_are_found_wherever_they_are)
{
    char hay[200];
    for (size_t size = 1; size <= sizeof(hay); size += 9) {
        for (size_t at = 0; at < size; at++) {
            memset(hay, 'n', sizeof(hay));
            hay[at] = 'N';
            struct str text = {hay, size};
            CHECK(str_contains(text, STR("N")));
            CHECK_INT(str_contains(text, STR("nN")), at > 0);
            CHECK_INT(str_contains(text, STR("Nn")), at + 1 < size);
            CHECK_INT(str_contains(text, STR("nNn")), at > 0 && at + 1 < size);
            CHECK(!str_contains(text, STR("NN")));
        }
        CHECK(str_contains((struct str){hay, size}, STR("")));
        CHECK(str_contains((struct str){hay, size}, (struct str){hay, size}));
    }
    CHECK(!str_contains(STR("short"), STR("shorter")));
    CHECK(!str_contains(STR(""), STR("a")));
}

TESTS(slices_are_clamped, absent_is_not_empty, numbers_are_digits_that_fit,
      order_is_by_bytes_and_prefixes_come_first, blanks_at_the_ends_are_trimmed,
      needles_are_found_wherever_they_are)
