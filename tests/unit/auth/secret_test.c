/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "auth/keyring.h"
#include "auth/secret.h"
#include "base/random.h"

#include "test.h"

static struct arena arena;

static struct str make(enum credential_kind kind, struct str tag)
{
    random_open();
    arena_open(&arena, 4096);
    struct str shown;
    return secret_make(&arena, kind, tag, &shown);
}

TEST(a_secret_says_its_kind_and_environment)
{
    random_open();
    arena_open(&arena, 4096);
    struct str shown;
    struct str secret = secret_make(&arena, CREDENTIAL_BROWSER_KEY, STR("prod"), &shown);
    CHECK_STR(shown, STR("pub_prod_"));
    CHECK(str_starts_with(secret, shown));
    CHECK_INT(secret.size, shown.size + 49);
    enum credential_kind kind = CREDENTIAL_APP;
    CHECK(secret_recognise(secret, &kind));
    CHECK_INT(kind, CREDENTIAL_BROWSER_KEY);
    arena_close(&arena);
}

TEST(every_kind_says_what_it_is)
{
    static const struct {
        enum credential_kind kind;
        const char *prefix;
    } rows[] = {
        {CREDENTIAL_BROWSER_KEY, "pub"},
        {CREDENTIAL_SERVER_KEY, "sdk"},
        {CREDENTIAL_PERSONAL, "cli"},
        {CREDENTIAL_APP, "admin"},
        {CREDENTIAL_ENVIRONMENT, "ampex"},
        {CREDENTIAL_CLIENT_DEPLOYMENT, "client"},
        {CREDENTIAL_SERVER_DEPLOYMENT, "server"},
        {CREDENTIAL_PROJECT_KEY, ""},
        {CREDENTIAL_PROJECT_SECRET, ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CHECK_STR(secret_prefix(rows[i].kind), str_of(rows[i].prefix));
        enum credential_kind kind = CREDENTIAL_PROJECT_SECRET;
        CHECK(secret_recognise(make(rows[i].kind, STR("")), &kind));
        bool is_hexadecimal = rows[i].prefix[0] == '\0';
        CHECK_INT(kind, is_hexadecimal ? CREDENTIAL_PROJECT_KEY : rows[i].kind);
        arena_close(&arena);
    }
}

TEST(any_typo_is_refused_before_a_look_up)
{
    struct str secret = make(CREDENTIAL_PERSONAL, STR(""));
    char *text = arena_copy(&arena, secret.data, secret.size);
    enum credential_kind kind;
    for (size_t i = 0; i < secret.size; i++) {
        char was = text[i];
        text[i] = was == 'x' ? 'y' : 'x';
        CHECK(!secret_recognise((struct str){text, secret.size}, &kind));
        text[i] = was;
        CHECK(!secret_recognise(str_slice(secret, 0, i), &kind));
    }
    CHECK(secret_recognise((struct str){text, secret.size}, &kind));
    arena_close(&arena);
}

TEST(no_two_secrets_are_alike)
{
    struct str one = make(CREDENTIAL_SERVER_KEY, STR("dev"));
    struct str shown;
    struct str other = secret_make(&arena, CREDENTIAL_SERVER_KEY, STR("dev"), &shown);
    CHECK(!str_equal(one, other));
    arena_close(&arena);
}

TEST(tags_are_short_for_their_environment)
{
    arena_open(&arena, 256);
    CHECK_STR(secret_tag(&arena, STR("production")), STR("prod"));
    CHECK_STR(secret_tag(&arena, STR("staging")), STR("stage"));
    CHECK_STR(secret_tag(&arena, STR("development")), STR("dev"));
    CHECK_STR(secret_tag(&arena, STR("QA-eu_1")), STR("eu1"));
    CHECK_STR(secret_tag(&arena, STR("---")), STR("env"));
    CHECK_STR(secret_tag(&arena, STR("/09:")), STR("09"));
    CHECK_STR(secret_tag(&arena, STR("`az{")), STR("az"));
    CHECK_STR(secret_tag(&arena, STR("abcdefghijklmnop")), STR("abcdefghijklmnop"));
    CHECK_STR(secret_tag(&arena, STR("abcdefghijklmnopq")), STR("abcdefghijklmnop"));
    arena_close(&arena);
}

/* Whoever was given one has it still after an upgrade. */
TEST(the_checksum_is_the_one_it_always_was)
{
    enum credential_kind kind;
    CHECK(secret_recognise(STR("cli_0123456789012345678901234567890123456789abcXrOazp"), &kind));
    CHECK_INT(kind, CREDENTIAL_PERSONAL);
    CHECK(secret_recognise(STR("cli_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZUoIsQ0"), &kind));
    CHECK(!secret_recognise(STR("cli_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZUoIsQ1"), &kind));
}

TEST(the_keyring_finds_whom_it_knows_and_nobody_else)
{
    enum { COUNT = 300 };
    random_open();
    arena_open(&arena, 4096);
    struct str secrets[COUNT];
    struct keyring_entry entries[COUNT];
    memset(entries, 0, sizeof(entries));
    for (size_t i = 0; i < COUNT; i++) {
        struct str shown;
        secrets[i] = secret_make(&arena, CREDENTIAL_SERVER_KEY, STR("prod"), &shown);
        entries[i].hash = secret_hash(secrets[i]);
        entries[i].caller.kind = CREDENTIAL_SERVER_KEY;
        entries[i].caller.environment = i + 1;
    }
    struct keyring keyring = keyring_build(&arena, entries, COUNT - 1);
    for (size_t i = 0; i < COUNT - 1; i++) {
        const struct caller *caller = keyring_find(&keyring, secrets[i], 0);
        CHECK(caller != NULL);
        CHECK_INT(caller->environment, i + 1);
    }
    CHECK(keyring_find(&keyring, secrets[COUNT - 1], 0) == NULL);
    CHECK(keyring_find(&keyring, STR(""), 0) == NULL);
    arena_close(&arena);
}

TEST(an_expired_credential_is_nobody)
{
    struct str secret = make(CREDENTIAL_PERSONAL, STR(""));
    struct keyring_entry entry = {.hash = secret_hash(secret)};
    entry.caller.kind = CREDENTIAL_PERSONAL;
    entry.caller.expires_ms = 1000;
    struct keyring keyring = keyring_build(&arena, &entry, 1);
    CHECK(keyring_find(&keyring, secret, 999) != NULL);
    CHECK(keyring_find(&keyring, secret, 1000) == NULL);
    arena_close(&arena);
}

TEST(a_memo_never_outlives_its_keyring)
{
    struct str secret = make(CREDENTIAL_PERSONAL, STR(""));
    struct str shown;
    struct str stranger = secret_make(&arena, CREDENTIAL_PERSONAL, STR(""), &shown);
    struct keyring_entry entry = {.hash = secret_hash(secret)};
    entry.caller.kind = CREDENTIAL_PERSONAL;
    entry.caller.expires_ms = 1000;
    struct keyring keyring = keyring_build(&arena, &entry, 1);
    struct keyring_memo memo;
    keyring_memo_open(&memo);
    for (size_t i = 0; i < 3; i++) {
        CHECK(keyring_memo_find(&memo, &keyring, 1, secret, 999) == &entry.caller);
        CHECK(keyring_memo_find(&memo, &keyring, 1, stranger, 999) == NULL);
        CHECK(keyring_memo_find(&memo, &keyring, 1, STR(""), 999) == NULL);
    }
    CHECK(keyring_memo_find(&memo, &keyring, 1, secret, 1000) == NULL); /* expired meanwhile */
    keyring = keyring_build(&arena, &entry, 0); /* revoked: same address, next generation */
    CHECK(keyring_memo_find(&memo, &keyring, 2, secret, 999) == NULL);
    arena_close(&arena);
}

TEST(an_empty_keyring_knows_nobody)
{
    struct str secret = make(CREDENTIAL_PERSONAL, STR(""));
    struct keyring keyring = {0};
    CHECK(keyring_find(&keyring, secret, 0) == NULL);
    arena_close(&arena);
}

TEST(viewers_read_and_editors_write)
{
    struct caller caller = {.kind = CREDENTIAL_PERSONAL, .role = ROLE_VIEWER};
    CHECK(!caller_may_write(&caller));
    caller.role = ROLE_EDITOR;
    CHECK(caller_may_write(&caller));
    struct caller app = {.kind = CREDENTIAL_APP, .app_id = STR("app_1")};
    CHECK(caller_may_write(&app));
    CHECK(caller_sees_app(&app, STR("app_1")));
    CHECK(!caller_sees_app(&app, STR("app_2")));
    CHECK(caller_sees_app(&caller, STR("app_2")));
}

TESTS(a_secret_says_its_kind_and_environment, every_kind_says_what_it_is,
      any_typo_is_refused_before_a_look_up, no_two_secrets_are_alike,
      the_checksum_is_the_one_it_always_was, tags_are_short_for_their_environment,
      the_keyring_finds_whom_it_knows_and_nobody_else, an_expired_credential_is_nobody,
      a_memo_never_outlives_its_keyring, an_empty_keyring_knows_nobody,
      viewers_read_and_editors_write)
