/* SPDX-License-Identifier: Apache-2.0 */
/* seal - what was sealed opens for the same secret and salt, and for nothing else. */
#include "auth/seal.h"

#include <string.h>

#include "base/random.h"
#include "test.h"

static struct arena open_arena(void)
{
    struct arena arena;
    random_open();
    arena_open(&arena, 1024);
    return arena;
}

TEST(what_is_sealed_opens_again)
{
    static const char *const plains[] = {"", "x",
                                         "201Content-Type: a\r\n\r\n{\"token\":\"cli_…\"}"};
    struct arena arena = open_arena();
    struct seal_key key = seal_key_make(STR("cli_secret"), STR("key-1"));
    struct seal_key same = seal_key_make(STR("cli_secret"), STR("key-1"));
    for (size_t i = 0; i < COUNT_OF(plains); i++) {
        struct str opened;
        struct str sealed = seal_close(&arena, &key, str_of(plains[i]));
        CHECK(seal_open(&arena, &same, sealed, &opened));
        CHECK_STR(opened, str_of(plains[i]));
        /* A byte or two may stand in any random text. */
        CHECK(strlen(plains[i]) < 16 || !str_contains(sealed, str_of(plains[i])));
        CHECK(!str_equal(sealed, seal_close(&arena, &key, str_of(plains[i]))));
    }
    arena_close(&arena);
}

TEST(another_secret_or_salt_opens_nothing)
{
    struct arena arena = open_arena();
    struct str opened;
    struct seal_key key = seal_key_make(STR("cli_a"), STR("b"));
    struct str sealed = seal_close(&arena, &key, STR("hello"));
    const struct seal_key others[] = {
        seal_key_make(STR("cli_b"), STR("b")),
        seal_key_make(STR("cli_a"), STR("c")),
        seal_key_make(STR("cli_"), STR("ab")),
        seal_key_make(STR("cli_ab"), STR("")),
    };
    for (size_t i = 0; i < COUNT_OF(others); i++)
        CHECK(!seal_open(&arena, &others[i], sealed, &opened));
    seal_key_forget(&key);
    CHECK(!seal_open(&arena, &key, sealed, &opened));
    arena_close(&arena);
}

TEST(a_changed_byte_anywhere_is_noticed)
{
    struct arena arena = open_arena();
    struct str opened;
    struct seal_key key = seal_key_make(STR("cli_a"), STR("b"));
    struct str sealed = seal_close(&arena, &key, STR("hello"));
    for (size_t i = 0; i < sealed.size; i++) {
        char *damaged = arena_copy(&arena, sealed.data, sealed.size);
        damaged[i] = (char)(damaged[i] ^ 1);
        CHECK(!seal_open(&arena, &key, (struct str){damaged, sealed.size}, &opened));
        CHECK(!seal_open(&arena, &key, str_slice(sealed, 0, i), &opened));
    }
    arena_close(&arena);
}

/* BLAKE2b-256 over three texts, each behind its size in eight bytes, the lowest first: what was
 * kept under a key opens after an upgrade, too. */
TEST(a_key_is_made_as_it_always_was)
{
    static const unsigned char expected[SEAL_KEY_BYTES] = {
        0xf5, 0x69, 0x8d, 0xeb, 0x89, 0xcf, 0x48, 0xb5, 0xed, 0x1e, 0xff,
        0xb1, 0x02, 0x46, 0xd5, 0x59, 0xe0, 0x6c, 0x2f, 0x16, 0x33, 0xb9,
        0xfa, 0x18, 0x0f, 0xb9, 0x87, 0x62, 0xbc, 0x2b, 0x77, 0xd6};
    static const unsigned char of_long[SEAL_KEY_BYTES] = {
        0x22, 0xfc, 0xeb, 0x98, 0xa4, 0x02, 0xf5, 0x6c, 0x80, 0xf0, 0xbd,
        0x4f, 0xca, 0xd1, 0x81, 0xac, 0x71, 0xc1, 0xc2, 0x6c, 0x95, 0x56,
        0x2b, 0xb4, 0x82, 0xfd, 0xb3, 0x7d, 0xce, 0xf4, 0xb8, 0x3f};
    struct arena arena = open_arena();
    struct seal_key key = seal_key_make(STR("cli_secret"), STR("key-1"));
    assert_memory_equal(key.bytes, expected, SEAL_KEY_BYTES);
    char *secret = arena_allocate(&arena, 300);
    char *salt = arena_allocate(&arena, 70000);
    memset(secret, 's', 300);
    memset(salt, 't', 70000);
    key = seal_key_make((struct str){secret, 300}, (struct str){salt, 70000});
    assert_memory_equal(key.bytes, of_long, SEAL_KEY_BYTES);
    arena_close(&arena);
}

TESTS(what_is_sealed_opens_again, another_secret_or_salt_opens_nothing,
      a_changed_byte_anywhere_is_noticed, a_key_is_made_as_it_always_was)
