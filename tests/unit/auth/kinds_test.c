/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of secrets that manage some environments or read one deployment. */
#include <string.h>

#include "auth/keyring.h"
#include "auth/secret.h"
#include "base/random.h"

#include "test.h"

enum { MANAGING_KINDS = 3 }; /* personal, app and environment tokens */
static const enum credential_kind reading[] = {
    CREDENTIAL_BROWSER_KEY,       CREDENTIAL_SERVER_KEY,  CREDENTIAL_CLIENT_DEPLOYMENT,
    CREDENTIAL_SERVER_DEPLOYMENT, CREDENTIAL_PROJECT_KEY, CREDENTIAL_PROJECT_SECRET};

static struct str make(struct arena *arena, enum credential_kind kind, struct str *shown)
{
    random_open();
    return secret_make(arena, kind, STR(""), shown);
}

TEST(an_environment_token_has_the_form_of_a_personal_one)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct str shown;
    struct str secret = make(&arena, CREDENTIAL_ENVIRONMENT, &shown);
    CHECK_STR(shown, STR("ampex_"));
    CHECK(str_starts_with(secret, shown));
    CHECK_INT(secret.size, 6 + 43 + 6);
    enum credential_kind kind = CREDENTIAL_APP;
    CHECK(secret_recognise(secret, &kind));
    CHECK_INT(kind, CREDENTIAL_ENVIRONMENT);
    char *typo = arena_copy(&arena, secret.data, secret.size);
    typo[10] = typo[10] == 'x' ? 'y' : 'x';
    CHECK(!secret_recognise((struct str){typo, secret.size}, &kind));
    arena_close(&arena);
}

TEST(a_deployment_key_is_a_word_and_32_letters_and_digits)
{
    struct arena arena;
    arena_open(&arena, 1024);
    static const struct {
        enum credential_kind kind;
        struct str prefix;
    } cases[] = {{CREDENTIAL_CLIENT_DEPLOYMENT, STR("client-")},
                 {CREDENTIAL_SERVER_DEPLOYMENT, STR("server-")}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str shown;
        struct str secret = make(&arena, cases[i].kind, &shown);
        CHECK_STR(shown, cases[i].prefix);
        CHECK_INT(secret.size, 7 + 32);
        enum credential_kind kind = CREDENTIAL_APP;
        CHECK(secret_recognise(secret, &kind));
        CHECK_INT(kind, cases[i].kind);
        CHECK(!secret_recognise(str_slice(secret, 0, secret.size - 1), &kind));
        char *other = arena_copy(&arena, secret.data, secret.size);
        for (size_t at = cases[i].prefix.size; at < secret.size; at++) {
            char was = other[at];
            other[at] = '-';
            CHECK(!secret_recognise((struct str){other, secret.size}, &kind));
            other[at] = was;
        }
        other[20] = 'a';
        other[6] = '_';
        CHECK(!secret_recognise((struct str){other, secret.size}, &kind));
    }
    arena_close(&arena);
}

TEST(project_keys_are_32_lower_case_hexadecimal_digits)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct str shown = STR("something");
    struct str key = make(&arena, CREDENTIAL_PROJECT_KEY, &shown);
    struct str secret = make(&arena, CREDENTIAL_PROJECT_SECRET, &shown);
    CHECK_STR(shown, STR(""));
    CHECK_INT(key.size, 32);
    CHECK_INT(secret.size, 32);
    CHECK(!str_equal(key, secret));
    enum credential_kind kind = CREDENTIAL_APP;
    CHECK(secret_recognise(key, &kind));
    CHECK(secret_recognise(STR("0123456789abcdef0123456789abcdef"), &kind));
    CHECK_INT(kind, CREDENTIAL_PROJECT_KEY);
    CHECK(!secret_recognise(STR("0123456789abcdef0123456789abcde"), &kind));
    CHECK(!secret_recognise(STR("0123456789abcdef0123456789abcdef0"), &kind));
    CHECK(!secret_recognise(STR("0123456789ABCDEF0123456789abcdef"), &kind));
    CHECK(!secret_recognise(STR("0123456789abcdeg0123456789abcdef"), &kind));
    arena_close(&arena);
}

TEST(the_keyring_tells_a_project_key_from_its_secret)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct str shown;
    struct str secrets[COUNT_OF(reading)];
    struct keyring_entry entries[COUNT_OF(reading)];
    memset(entries, 0, sizeof(entries));
    for (size_t i = 0; i < COUNT_OF(reading); i++) {
        secrets[i] = make(&arena, reading[i], &shown);
        entries[i].hash = secret_hash(secrets[i]);
        entries[i].caller.kind = reading[i];
        entries[i].caller.deployment = i;
    }
    struct keyring keyring = keyring_build(&arena, entries, COUNT_OF(reading));
    for (size_t i = 0; i < COUNT_OF(reading); i++) {
        const struct caller *caller = keyring_find(&keyring, secrets[i], 0);
        assert_non_null(caller);
        CHECK_INT(caller->kind, reading[i]);
        CHECK_INT(caller->deployment, i);
    }
    CHECK(keyring_find(&keyring, STR("0123456789abcdef0123456789abcdef"), 0) == NULL);
    arena_close(&arena);
}

/* ---- who sees what ------------------------------------------------------------------------ */

TEST(an_environment_token_manages_what_it_lists_and_nothing_else)
{
    static const uint64_t listed[] = {2, 5, 9};
    const struct caller caller = {.kind = CREDENTIAL_ENVIRONMENT,
                                  .environments = listed,
                                  .environment_count = COUNT_OF(listed)};
    CHECK(caller_may_read(&caller));
    CHECK(caller_may_write(&caller));
    CHECK(!caller_sees_app(&caller, STR("app_1"))); /* not even the app of what it lists */
    for (uint64_t environment = 0; environment < 12; environment++) {
        bool is_listed = environment == 2 || environment == 5 || environment == 9;
        CHECK(caller_sees_environment(&caller, STR("app_1"), environment) == is_listed);
    }
    const struct caller nothing = {.kind = CREDENTIAL_ENVIRONMENT};
    CHECK(!caller_sees_environment(&nothing, STR("app_1"), 0));
}

TEST(people_see_what_their_role_sees_and_apps_their_own)
{
    struct caller person = {.kind = CREDENTIAL_PERSONAL, .role = ROLE_NONE};
    CHECK(!caller_sees_environment(&person, STR("app_1"), 1));
    person.role = ROLE_VIEWER;
    CHECK(caller_sees_environment(&person, STR("app_1"), 1));
    const struct caller app = {.kind = CREDENTIAL_APP, .app_id = STR("app_1")};
    CHECK(caller_sees_environment(&app, STR("app_1"), 1));
    CHECK(!caller_sees_environment(&app, STR("app_2"), 1));
    const struct caller stray = {.kind = CREDENTIAL_APP};
    CHECK(!caller_sees_app(&stray, STR("app_1")));
}

TEST(what_reads_a_deployment_manages_nothing)
{
    static const uint64_t everything[] = {1, 2, 3};
    for (size_t i = 0; i < COUNT_OF(reading); i++) {
        const struct caller caller = {.kind = reading[i],
                                      .role = ROLE_OWNER, /* were it there, it would not help */
                                      .app_id = STR("app_1"),
                                      .environment = 1,
                                      .deployment = 1,
                                      .environments = everything,
                                      .environment_count = COUNT_OF(everything)};
        CHECK(!caller_may_read(&caller));
        CHECK(!caller_may_write(&caller));
        CHECK(!caller_sees_environment(&caller, STR("app_1"), 1));
    }
    CHECK_INT(COUNT_OF(reading) + MANAGING_KINDS, CREDENTIAL_KIND_COUNT);
}

TESTS(an_environment_token_has_the_form_of_a_personal_one,
      a_deployment_key_is_a_word_and_32_letters_and_digits,
      project_keys_are_32_lower_case_hexadecimal_digits,
      the_keyring_tells_a_project_key_from_its_secret,
      an_environment_token_manages_what_it_lists_and_nothing_else,
      people_see_what_their_role_sees_and_apps_their_own, what_reads_a_deployment_manages_nothing)
