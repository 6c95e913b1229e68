/* SPDX-License-Identifier: Apache-2.0 */
/* What apps, environments and users may be called. */
#include "model/title.h"

#include "fixture.h"

TEST(app_names_are_short_and_readable)
{
    static const char *const good[] = {"a", "Shop", "Läden & Co.", "two words", "👍"};
    static const char *const bad[] = {"", " a", "a ", "\ta", "a\nb", "\x7f", "\xff"};
    struct arena arena;
    arena_open(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(good); i++)
        CHECK(app_name_is_valid(str_of(good[i])));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        CHECK(!app_name_is_valid(str_of(bad[i])));
    CHECK(app_name_is_valid(fixture_repeat(&arena, 'x', APP_NAME_UNITS_MAX)));
    CHECK(!app_name_is_valid(fixture_repeat(&arena, 'x', APP_NAME_UNITS_MAX + 1)));
    CHECK(!app_name_is_valid((struct str){0}));
    CHECK_STR(title_trim(STR(" \t Shop \n")), STR("Shop"));
    CHECK_STR(title_trim(STR(" \n ")), STR(""));
    arena_close(&arena);
}

TEST(environment_names_are_plain_and_no_ids)
{
    static const char *const good[] = {"a", "0", "pre-prod", "eu.west_1", "env", "environment"};
    static const char *const bad[] = {"", "-a", ".a", "_a", "a b", "ä", "a/b", "env_", "env_1"};
    struct arena arena;
    arena_open(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(good); i++)
        CHECK(environment_name_is_valid(str_of(good[i])));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        CHECK(!environment_name_is_valid(str_of(bad[i])));
    CHECK(environment_name_is_valid(fixture_repeat(&arena, 'x', ENVIRONMENT_NAME_BYTES_MAX)));
    CHECK(!environment_name_is_valid(fixture_repeat(&arena, 'x', ENVIRONMENT_NAME_BYTES_MAX + 1)));
    arena_close(&arena);
}

TEST(emails_name_somebody_somewhere)
{
    static const char *const good[] = {"a@b", "owner@localhost", "ann+ci@mail.example.com"};
    static const char *const bad[] = {"",      "a",     "@",     "a@",  "@b",
                                      "a@b@c", "a b@c", "a@b\n", "ä@b", "a@\x7f"};
    struct arena arena;
    arena_open(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(good); i++)
        CHECK(email_is_valid(str_of(good[i])));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        CHECK(!email_is_valid(str_of(bad[i])));
    struct str longest = fixture_repeat(&arena, 'x', EMAIL_BYTES_MAX + 1);
    ((char *)(uintptr_t)longest.data)[64] = '@';
    CHECK(!email_is_valid(longest));
    CHECK(email_is_valid(str_slice(longest, 0, EMAIL_BYTES_MAX)));
    arena_close(&arena);
}

TESTS(app_names_are_short_and_readable, environment_names_are_plain_and_no_ids,
      emails_name_somebody_somewhere)
