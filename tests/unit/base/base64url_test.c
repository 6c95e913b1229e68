/* SPDX-License-Identifier: Apache-2.0 */
/* base64url - what is read is what would be written, and nothing else is. */
#include "test.h"

#include <string.h>

#include "base/base64url.h"

TEST(every_byte_but_a_digit_is_refused)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct arena arena;
    arena_open(&arena, 1024);
    for (int byte = 0; byte < 256; byte++) {
        char text[] = "AA?A";
        text[2] = (char)byte;
        struct str bytes;
        bool is_digit = byte != 0 && strchr(digits, byte) != NULL;
        CHECK_INT(base64url_decode(&arena, (struct str){text, 4}, &bytes), is_digit);
        if (is_digit)
            CHECK_STR(base64url_encode(&arena, bytes), ((struct str){text, 4}));
    }
    arena_close(&arena);
}

TESTS(every_byte_but_a_digit_is_refused)
