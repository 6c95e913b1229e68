/* SPDX-License-Identifier: Apache-2.0 */
/* attempts - so many at once, then as many again spread over each period, for any number of names.
 */
#include "auth/attempts.h"

#include "base/arena.h"
#include "base/random.h"
#include "test.h"

enum { MINUTE_MS = 60000 };

static struct attempts *open_five(void)
{
    random_open();
    return attempts_open((struct attempts_limit){5, MINUTE_MS});
}

TEST(so_many_at_once_and_not_one_more)
{
    struct attempts *attempts = open_five();
    for (size_t i = 0; i < 5; i++)
        CHECK_INT(attempts_take(attempts, STR("ann"), 1000), 0);
    CHECK_INT(attempts_take(attempts, STR("ann"), 1000), 12);
    CHECK_INT(attempts_take(attempts, STR("bob"), 1000), 0);
    attempts_close(attempts);
}

TEST(a_place_empties_evenly)
{
    struct attempts *attempts = open_five();
    for (size_t i = 0; i < 5; i++)
        CHECK_INT(attempts_take(attempts, STR("ann"), 0), 0);
    CHECK_INT(attempts_take(attempts, STR("ann"), 11999), 1);
    CHECK_INT(attempts_take(attempts, STR("ann"), 12000), 0);
    CHECK_INT(attempts_take(attempts, STR("ann"), 12001), 12);
    for (size_t i = 0; i < 5; i++) /* after a quiet minute all are there again, and no more */
        CHECK_INT(attempts_take(attempts, STR("ann"), 100000), 0);
    CHECK(attempts_take(attempts, STR("ann"), 100000) > 0);
    attempts_close(attempts);
}

TEST(who_is_refused_does_not_wait_longer_for_knocking)
{
    struct attempts *attempts = open_five();
    for (size_t i = 0; i < 5; i++)
        CHECK_INT(attempts_take(attempts, STR("ann"), 0), 0);
    for (int64_t at_ms = 0; at_ms < 12000; at_ms += 100)
        CHECK(attempts_take(attempts, STR("ann"), at_ms) > 0);
    CHECK_INT(attempts_take(attempts, STR("ann"), 12000), 0);
    attempts_close(attempts);
}

/* In any minute at most the burst and what has leaked away. */
TEST(no_minute_sees_more_than_twice_its_share)
{
    struct attempts *attempts = open_five();
    size_t taken = 0;
    for (int64_t at_ms = 0; at_ms < MINUTE_MS; at_ms += 250)
        taken += attempts_take(attempts, STR("ann"), at_ms) == 0;
    CHECK_INT(taken, 9);
    attempts_close(attempts);
}

/* A crowd of strangers fills places of its own; who comes once finds theirs free. */
TEST(a_crowd_does_not_shut_others_out)
{
    struct attempts *attempts = open_five();
    struct arena arena;
    size_t refused = 0;
    arena_open(&arena, 64 * 1024);
    for (size_t i = 0; i < 3000; i++)
        for (size_t turn = 0; turn < 5; turn++)
            attempts_take(attempts, arena_format(&arena, "stranger %zu", i), 0);
    for (size_t i = 0; i < 1000; i++)
        refused += attempts_take(attempts, arena_format(&arena, "friend %zu", i), 0) > 0;
    CHECK(refused < 200); /* about a tenth of the places are taken */
    CHECK(refused > 20);
    arena_close(&arena);
    attempts_close(attempts);
}

TESTS(so_many_at_once_and_not_one_more, a_place_empties_evenly,
      who_is_refused_does_not_wait_longer_for_knocking, no_minute_sees_more_than_twice_its_share,
      a_crowd_does_not_shut_others_out)
