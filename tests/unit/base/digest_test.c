/* SPDX-License-Identifier: Apache-2.0 */
/* digest and base64url - names for bytes, and bytes as text for an address. */
#include "base/digest.h"

#include <string.h>

#include "base/base64url.h"
#include "base/random.h"
#include "test.h"

static struct arena open_arena(void)
{
    struct arena arena;
    random_open();
    arena_open(&arena, 1024);
    return arena;
}

static void name_two(struct str first, struct str second, unsigned char name[DIGEST_BYTES])
{
    struct digest digest;
    digest_begin(&digest);
    digest_add_text(&digest, first);
    digest_add_text(&digest, second);
    digest_end(&digest, name, DIGEST_BYTES);
}

TEST(a_digest_is_blake2b_whatever_the_pieces)
{
    /* b2sum -l 256 of "abc" */
    static const unsigned char expected[DIGEST_BYTES] = {
        0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31, 0x71, 0xef,
        0x3f, 0xee, 0x98, 0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb,
        0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19};
    unsigned char name[DIGEST_BYTES];
    struct digest digest;
    digest_begin(&digest);
    digest_add(&digest, STR("a"));
    digest_add(&digest, STR(""));
    digest_add(&digest, STR("bc"));
    digest_end(&digest, name, sizeof(name));
    assert_memory_equal(name, expected, sizeof(name));
}

TEST(texts_do_not_run_into_each_other)
{
    unsigned char first[DIGEST_BYTES], second[DIGEST_BYTES];
    name_two(STR("ab"), STR("c"), first);
    name_two(STR("a"), STR("bc"), second);
    CHECK(memcmp(first, second, DIGEST_BYTES) != 0);
    name_two(STR("a"), STR(""), first);
    name_two(STR("a"), (struct str){0}, second);
    CHECK(memcmp(first, second, DIGEST_BYTES) != 0);
    name_two(STR("a"), (struct str){0}, first);
    assert_memory_equal(first, second, DIGEST_BYTES);
}

TEST(a_digest_may_lie_anywhere)
{
    struct arena arena = open_arena();
    char *room = arena_allocate(&arena, sizeof(struct digest) + 64);
    unsigned char first[DIGEST_BYTES], other[DIGEST_BYTES];
    name_two(STR("x"), STR("y"), first);
    for (size_t offset = 0; offset < 64; offset++) {
        struct digest *digest = (struct digest *)(void *)(room + offset);
        digest_begin(digest);
        digest_add_text(digest, STR("x"));
        digest_add_text(digest, STR("y"));
        digest_end(digest, other, sizeof(other));
        assert_memory_equal(first, other, DIGEST_BYTES);
    }
    arena_close(&arena);
}

TEST(what_is_encoded_is_decoded)
{
    struct arena arena = open_arena();
    char bytes[70];
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        struct str decoded;
        random_fill(bytes, size);
        struct str text = base64url_encode(&arena, (struct str){bytes, size});
        CHECK_INT(text.size, (size * 8 + 5) / 6);
        CHECK(base64url_decode(&arena, text, &decoded));
        CHECK_STR(decoded, ((struct str){bytes, size}));
    }
    CHECK_STR(base64url_encode(&arena, STR("\xfb\xef\xff")), STR("--__"));
    CHECK_INT(digest_text(&arena, STR("")).size, 22);
    arena_close(&arena);
}

TEST(what_nobody_encodes_is_refused)
{
    static const char *const texts[] = {"A",  "AA=", "AA==",  "A A", "+/+/",
                                        "AB", "\n",  "AAAA=", "ä"};
    struct arena arena = open_arena();
    struct str bytes;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        CHECK(!base64url_decode(&arena, str_of(texts[i]), &bytes));
    arena_close(&arena);
}

TESTS(a_digest_is_blake2b_whatever_the_pieces, texts_do_not_run_into_each_other,
      a_digest_may_lie_anywhere, what_is_encoded_is_decoded, what_nobody_encodes_is_refused)
