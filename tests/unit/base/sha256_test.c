/* SPDX-License-Identifier: Apache-2.0 */
/* sha256 - what FIPS 180-4's examples say, in one piece and in many. */
#include "base/sha256.h"

#include <string.h>

#include "test.h"

static struct str hex_in_pieces(struct arena *arena, struct str text, size_t piece)
{
    struct sha256 sha256;
    unsigned char digest[SHA256_BYTES];
    sha256_begin(&sha256);
    for (size_t at = 0; at < text.size; at += piece)
        sha256_add(&sha256, str_slice(text, at, at + piece));
    sha256_end(&sha256, digest);
    return sha256_hex(arena, digest);
}

TEST(known_texts_have_their_known_digests)
{
    static const struct {
        const char *text, *digest;
    } known[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    struct arena arena;
    arena_open(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        for (size_t piece = 1; piece <= 64; piece++)
            CHECK_STR(hex_in_pieces(&arena, str_of(known[i].text), piece), str_of(known[i].digest));
    }
    arena_close(&arena);
}

/* RFC 9530 appendix B.1: the digest of {"hello": "world"} and a line end. */
TEST(a_header_says_it_in_base64)
{
    struct arena arena;
    struct sha256 sha256;
    unsigned char digest[SHA256_BYTES];
    arena_open(&arena, 1024);
    sha256_begin(&sha256);
    sha256_add(&sha256, STR("{\"hello\": \"world\"}\n"));
    sha256_end(&sha256, digest);
    CHECK_STR(sha256_base64(&arena, digest), STR("RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg="));
    arena_close(&arena);
}

TESTS(known_texts_have_their_known_digests, a_header_says_it_in_base64)
