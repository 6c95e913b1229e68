/* SPDX-License-Identifier: Apache-2.0 */
/* sha1 - RFC 3174, section 7.3, and FIPS 180's examples, in whole and in pieces. */
#include "eval/sha1.h"

#include <string.h>

#include "test.h"

static void expect_digest(struct str prefix, struct str rest, const char *hexadecimal)
{
    unsigned char digest[20];
    char text[41];
    struct sha1 begun = sha1_begin(prefix);
    sha1_finish(&begun, rest, digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned)digest[i]);
    CHECK_STR(str_of(text), str_of(hexadecimal));
}

static const char *const texts[][2] = {
    {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {"a", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    {"0123456701234567012345670123456701234567012345670123456701234567",
     "e0c094e867ef46c350ef54a7f59dd60bed92ae83"},
};

TEST(the_published_texts_have_the_published_digests)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        expect_digest(STR(""), str_of(texts[i][0]), texts[i][1]);
}

TEST(a_text_may_come_in_two_pieces_anywhere)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct str text = str_of(texts[i][0]);
        for (size_t at = 0; at <= text.size; at++)
            expect_digest(str_slice(text, 0, at), str_slice(text, at, text.size), texts[i][1]);
    }
}

/* RFC 3174's test 4: that one of the texts above, ten times. */
TEST(long_texts_go_through_block_by_block)
{
    char text[640];
    for (size_t i = 0; i < sizeof(text); i += 64)
        memcpy(text + i, texts[4][0], 64);
    struct str whole = {text, sizeof(text)};
    for (size_t at = 0; at <= whole.size; at += 61)
        expect_digest(str_slice(whole, 0, at), str_slice(whole, at, whole.size),
                      "dea356a2cddd90c7a7ecedc5ebb563934f460452");
}

TEST(sixty_bits_are_fifteen_digits)
{
    struct sha1 begun = sha1_begin(STR("a"));
    CHECK(sha1_finish_60(&begun, STR("bc")) == UINT64_C(0xa9993e364706816));
}

TESTS(the_published_texts_have_the_published_digests, a_text_may_come_in_two_pieces_anywhere,
      long_texts_go_through_block_by_block, sixty_bits_are_fifteen_digits)
