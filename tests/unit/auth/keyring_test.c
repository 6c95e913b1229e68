/* SPDX-License-Identifier: Apache-2.0 */
/* keyring - finds all that is in it and nothing else, wherever hashes meet in its table. */
#include "auth/keyring.h"

#include <string.h>

#include "auth/secret.h"
#include "base/random.h"
#include "test.h"

static struct keyring_entry entry_of(struct credential_hash hash)
{
    return (struct keyring_entry){.hash = hash, .caller = {.kind = CREDENTIAL_SERVER_KEY}};
}

static struct credential_hash random_hash(void)
{
    struct credential_hash hash;
    random_fill(hash.bytes, sizeof(hash.bytes));
    return hash;
}

static void check_all_found(const struct keyring *keyring)
{
    for (size_t i = 0; i < keyring->entry_count; i++)
        CHECK(keyring_find_hash(keyring, &keyring->entries[i].hash, 1) ==
              &keyring->entries[i].caller);
}

static struct keyring_entry *random_entries(struct arena *arena, size_t count)
{
    struct keyring_entry *entries = ARENA_NEW_ARRAY(arena, struct keyring_entry, count);
    for (size_t i = 0; i < count; i++)
        entries[i] = entry_of(random_hash());
    return entries;
}

TEST(a_keyring_of_any_size_finds_its_own_and_no_others)
{
    struct arena arena;
    random_open();
    arena_open(&arena, 64 * 1024);
    for (size_t count = 0; count <= 2000; count = count * 2 + 1) {
        struct keyring keyring = keyring_build(&arena, random_entries(&arena, count), count);
        check_all_found(&keyring);
        for (size_t i = 0; i < 500; i++) {
            struct credential_hash stranger = random_hash();
            CHECK(keyring_find_hash(&keyring, &stranger, 1) == NULL);
        }
    }
    arena_close(&arena);
}

TEST(nobody_is_known_where_there_is_no_keyring)
{
    const struct keyring none = {0};
    struct credential_hash hash = {{0}};
    CHECK(keyring_find_hash(&none, &hash, 1) == NULL);
}

/* The same place in the table, the same tag, and another hash all the same. */
TEST(hashes_that_meet_are_told_apart)
{
    enum { ALIKE = 40 };
    struct arena arena;
    arena_open(&arena, 64 * 1024);
    struct keyring_entry *entries = ARENA_NEW_ARRAY(&arena, struct keyring_entry, ALIKE);
    for (size_t i = 0; i < ALIKE; i++) {
        struct credential_hash hash = {{0}};
        hash.bytes[CREDENTIAL_HASH_BYTES - 1] = (unsigned char)i;
        entries[i] = entry_of(hash);
    }
    struct keyring keyring = keyring_build(&arena, entries, ALIKE);
    check_all_found(&keyring);
    for (size_t i = 0; i < CREDENTIAL_HASH_BYTES; i++) {
        struct credential_hash wrong = {{0}};
        wrong.bytes[i] = 0x80;
        CHECK(keyring_find_hash(&keyring, &wrong, 1) == NULL);
    }
    arena_close(&arena);
}

/* From the last places of the table on to the first. */
TEST(a_table_goes_on_at_its_beginning)
{
    enum { LAST = 7 };
    struct arena arena;
    arena_open(&arena, 64 * 1024);
    struct keyring_entry *entries = ARENA_NEW_ARRAY(&arena, struct keyring_entry, 2);
    for (size_t i = 0; i < 2; i++) {
        struct credential_hash hash = {{LAST}};
        hash.bytes[8] = (unsigned char)(1 + i);
        entries[i] = entry_of(hash);
    }
    struct keyring keyring = keyring_build(&arena, entries, 2);
    CHECK_INT(keyring.slot_count, LAST + 1);
    CHECK_INT(keyring.probes, 2);
    check_all_found(&keyring);
    arena_close(&arena);
}

TEST(a_credential_ends_at_its_moment)
{
    struct arena arena;
    arena_open(&arena, 64 * 1024);
    struct keyring_entry *entries = random_entries(&arena, 1);
    entries[0].caller.expires_ms = 1000;
    struct keyring keyring = keyring_build(&arena, entries, 1);
    CHECK(keyring_find_hash(&keyring, &entries[0].hash, 999) == &entries[0].caller);
    CHECK(keyring_find_hash(&keyring, &entries[0].hash, 1000) == NULL);
    arena_close(&arena);
}

/* A memo is filled in every slot; then others are the ones who are known. */
TEST(whom_a_keyring_no_longer_has_no_memo_knows)
{
    enum { COUNT = 16 * KEYRING_MEMO_SLOTS };
    struct arena arena;
    random_open();
    arena_open(&arena, 64 * 1024);
    struct keyring_entry *entries = ARENA_NEW_ARRAY(&arena, struct keyring_entry, COUNT);
    struct str *secrets = ARENA_NEW_ARRAY(&arena, struct str, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        struct str shown;
        secrets[i] = secret_make(&arena, CREDENTIAL_SERVER_KEY, STR("prod"), &shown);
        entries[i] = entry_of(secret_hash(secrets[i]));
    }
    struct keyring all = keyring_build(&arena, entries, COUNT);
    struct keyring none = keyring_build(&arena, entries, 0);
    struct keyring_memo memo;
    keyring_memo_open(&memo);
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < COUNT; i++)
            CHECK(keyring_memo_find(&memo, &all, 1, secrets[i], 1) == &entries[i].caller);
    }
    for (size_t i = 0; i < COUNT; i++)
        CHECK(keyring_memo_find(&memo, &none, 1, secrets[i], 1) == NULL);
    for (size_t i = 0; i < COUNT; i++)
        CHECK(keyring_memo_find(&memo, &all, 1, secrets[i], 1) == &entries[i].caller);
    all = keyring_build(&arena, entries, 0); /* in the same place, of another generation */
    for (size_t i = 0; i < COUNT; i++)
        CHECK(keyring_memo_find(&memo, &all, 2, secrets[i], 1) == NULL);
    arena_close(&arena);
}

/* What a memo's places hold is keyed, and each memo's key is its own: who knows one's cannot make
 * secrets that meet in another. */
TEST(no_memo_has_the_key_of_another)
{
    struct keyring_memo memos[2];
    random_open();
    for (size_t i = 0; i < COUNT_OF(memos); i++)
        keyring_memo_open(&memos[i]);
    CHECK(memcmp(memos[0].key, memos[1].key, sizeof(memos[0].key)) != 0);
}

TESTS(a_keyring_of_any_size_finds_its_own_and_no_others, nobody_is_known_where_there_is_no_keyring,
      hashes_that_meet_are_told_apart, a_table_goes_on_at_its_beginning,
      a_credential_ends_at_its_moment, whom_a_keyring_no_longer_has_no_memo_knows,
      no_memo_has_the_key_of_another)
