/* SPDX-License-Identifier: Apache-2.0 */
/* base64 - both alphabets, padded or not, and nothing else: amplitude-evaluation.md 2.4. */
#include "test.h"

#include "dialect/amplitude/base64.h"

static void expect_bytes(const char *text, const char *bytes)
{
    struct arena arena;
    struct str decoded;
    arena_open(&arena, 256);
    CHECK(base64_decode(&arena, str_of(text), &decoded));
    CHECK_STR(decoded, str_of(bytes));
    arena_close(&arena);
}

static void expect_refusal(const char *text)
{
    struct arena arena;
    struct str decoded;
    arena_open(&arena, 256);
    CHECK(!base64_decode(&arena, str_of(text), &decoded));
    arena_close(&arena);
}

TEST(every_length_decodes_with_padding_and_without)
{
    expect_bytes("", "");
    expect_bytes("Zg==", "f");
    expect_bytes("Zg", "f");
    expect_bytes("Zg=", "f");
    expect_bytes("Zm8=", "fo");
    expect_bytes("Zm8", "fo");
    expect_bytes("Zm9v", "foo");
    expect_bytes("Zm9vYmFy", "foobar");
}

TEST(alphabets_may_be_mixed_and_blanks_stand_anywhere)
{
    expect_bytes("Pj4_Pz8-", ">>?\?\?>");
    expect_bytes("Pj4/Pz8+", ">>?\?\?>");
    expect_bytes("Pj4/Pz8-", ">>?\?\?>");
    expect_bytes("  Z m\t9\r\nv  ", "foo");
    expect_bytes(" Zg = = ", "f");
}

TEST(anything_else_is_refused)
{
    expect_refusal("Z");
    expect_refusal("Zm9vY");
    expect_refusal("Zg==Zg==");
    expect_refusal("Zm9v=");
    expect_refusal("Zg===");
    expect_refusal("=");
    expect_refusal("Zm9v.");
    expect_refusal("{\"a\":1}");
    expect_refusal("\xC3\xA9");
}

TEST(bits_beyond_the_last_byte_are_ignored)
{
    expect_bytes("Zh==", "f");
    expect_bytes("Zm9", "fo");
}

TESTS(every_length_decodes_with_padding_and_without,
      alphabets_may_be_mixed_and_blanks_stand_anywhere, anything_else_is_refused,
      bits_beyond_the_last_byte_are_ignored)
