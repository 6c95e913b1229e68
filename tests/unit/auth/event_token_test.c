/* SPDX-License-Identifier: Apache-2.0 */
/* event_token - an event stream's address is of one credential, and nobody else can make it. */
#include <string.h>

#include "auth/event_token.h"
#include "auth/secret.h"
#include "base/random.h"

#include "test.h"

static struct credential_hash hash_of(char letter)
{
    struct credential_hash hash;
    memset(hash.bytes, letter, sizeof(hash.bytes));
    return hash;
}

static struct arena open_arena(void)
{
    struct arena arena;
    random_open();
    arena_open(&arena, 1024);
    return arena;
}

TEST(a_token_is_the_credential_s_and_no_other_s)
{
    struct arena arena = open_arena();
    struct credential_hash mine = hash_of('m');
    struct credential_hash other = hash_of('o');
    struct str token = event_token_make(&arena, STR("key_1"), &mine);
    CHECK(event_token_is_of(token, STR("key_1"), &mine));
    CHECK(!event_token_is_of(token, STR("key_1"), &other));
    CHECK(!event_token_is_of(token, STR("key_2"), &mine));
    CHECK(!event_token_is_of(token, STR("key_"), &mine));
    CHECK(!event_token_is_of(token, STR(""), &mine));
    CHECK_STR(event_token_credential(token), STR("key_1"));
    arena_close(&arena);
}

/* Addresses live as long as the credential does: over restarts, and on every node. */
TEST(a_token_is_the_same_wherever_it_is_made)
{
    struct arena arena = open_arena();
    struct credential_hash hash = hash_of('h');
    CHECK_STR(event_token_make(&arena, STR("key_AbC"), &hash),
              STR("key_AbC.kqg-We4kFzT1ASVL10hvgcpsriDnB4jBAYvDCzOfU8Q"));
    arena_close(&arena);
}

/* Unpadded base64url: it goes into an address as it is. */
TEST(a_token_needs_no_escaping)
{
    struct arena arena = open_arena();
    for (char letter = 'a'; letter <= 'z'; letter++) {
        struct credential_hash hash = hash_of(letter);
        struct str token = event_token_make(&arena, STR("key_1"), &hash);
        CHECK_INT(token.size, 5 + 1 + 43);
        for (size_t i = 0; i < token.size; i++)
            CHECK(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.",
                         token.data[i]) != NULL);
    }
    arena_close(&arena);
}

TEST(a_token_that_was_tampered_with_is_nobody_s)
{
    struct arena arena = open_arena();
    struct credential_hash hash = hash_of('h');
    struct str token = event_token_make(&arena, STR("key_1"), &hash);
    for (size_t i = 0; i < token.size; i++) {
        char *other = arena_copy(&arena, token.data, token.size);
        other[i] = other[i] == 'A' ? 'B' : 'A';
        struct str changed = {other, token.size};
        CHECK(!event_token_is_of(changed, STR("key_1"), &hash));
        CHECK(!event_token_is_of(changed, event_token_credential(changed), &hash));
    }
    for (size_t size = 0; size < token.size; size++)
        CHECK(!event_token_is_of(str_slice(token, 0, size), STR("key_1"), &hash));
    struct str longer = arena_format(&arena, "%.*sA", STR_ARG(token));
    CHECK(!event_token_is_of(longer, STR("key_1"), &hash));
    arena_close(&arena);
}

TEST(what_is_no_token_by_its_form_is_of_nobody)
{
    static const char digits[] = "0123456789012345678901234567890123456789012";
    static const char *const others[] = {"", ".", "x", "key_1", "key_1.", "key_1.abc"};
    struct arena arena = open_arena();
    for (size_t i = 0; i < COUNT_OF(others); i++)
        CHECK(str_is_absent(event_token_credential(str_of(others[i]))));
    CHECK(str_is_absent(event_token_credential((struct str){0})));
    CHECK(str_is_absent(event_token_credential(arena_format(&arena, ".%s", digits))));
    CHECK(str_is_absent(event_token_credential(arena_format(&arena, "key_1%s", digits))));
    CHECK_STR(event_token_credential(arena_format(&arena, "a.b.%s", digits)), STR("a.b"));
    struct credential_hash hash = hash_of('h');
    CHECK(!event_token_is_of(arena_format(&arena, ".%s", digits), STR(""), &hash));
    arena_close(&arena);
}

/* It says which credential, and nothing of the secret; nor is it one. */
TEST(a_token_is_no_secret_of_any_kind)
{
    struct arena arena = open_arena();
    for (int kind = 0; kind < CREDENTIAL_KIND_COUNT; kind++) {
        struct str shown;
        struct str secret = secret_make(&arena, (enum credential_kind)kind, STR(""), &shown);
        struct credential_hash hash = secret_hash(secret);
        struct str token = event_token_make(&arena, id_make(&arena, STR("key")), &hash);
        enum credential_kind recognised;
        CHECK(!secret_recognise(token, &recognised));
        CHECK(!str_contains(token, secret));
        struct str digits = str_slice(token, token.size - 43, token.size);
        CHECK(!secret_recognise(digits, &recognised));
    }
    arena_close(&arena);
}

TESTS(a_token_is_the_credential_s_and_no_other_s, a_token_is_the_same_wherever_it_is_made,
      a_token_needs_no_escaping, a_token_that_was_tampered_with_is_nobody_s,
      what_is_no_token_by_its_form_is_of_nobody, a_token_is_no_secret_of_any_kind)
