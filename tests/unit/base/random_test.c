/* SPDX-License-Identifier: Apache-2.0 */
#include "base/random.h"

#include <ctype.h>
#include <string.h>

#include "test.h"

TEST(draws_differ)
{
    unsigned char first[32] = {0};
    unsigned char second[32] = {0};
    random_open();
    random_fill(first, sizeof(first));
    random_fill(second, sizeof(second));
    CHECK(memcmp(first, second, sizeof(first)) != 0);
}

TEST(only_what_was_asked_for_is_filled)
{
    unsigned char guarded[34] = {0};
    random_open();
    random_fill(guarded + 1, 32);
    CHECK_INT(guarded[0], 0);
    CHECK_INT(guarded[33], 0);
}

/* Of 62,000 draws each character expects 1,000 with a deviation of 31: 800 to 1,200 is six of
 * them, which chance passes about once in a hundred million runs. */
TEST(every_letter_is_drawn_about_equally_often)
{
    enum { DRAWS = 62000 };
    static char text[DRAWS + 1];
    size_t counts[256] = {0};
    random_open();
    random_base62(text, DRAWS);
    CHECK_INT(text[DRAWS], 0);
    for (size_t i = 0; i < DRAWS; i++)
        counts[(unsigned char)text[i]]++;
    for (int byte = 0; byte < 256; byte++) {
        bool is_letter = byte < 128 && isalnum(byte) != 0;
        CHECK(is_letter ? counts[byte] > 800 && counts[byte] < 1200 : counts[byte] == 0);
    }
}

TESTS(draws_differ, only_what_was_asked_for_is_filled, every_letter_is_drawn_about_equally_often)
