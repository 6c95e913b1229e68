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

TESTS(what_is_sealed_opens_again, another_secret_or_salt_opens_nothing,
      a_changed_byte_anywhere_is_noticed)
