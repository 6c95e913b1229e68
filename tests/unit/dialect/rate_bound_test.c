/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate_bound - what limiters remember is bounded: a million names fit in 32 MiB, by the allocator's
 * own count, and nobody is refused on account of the crowd.
 */
#include <malloc.h>

#include "auth/attempts.h"
#include "base/random.h"
#include "base/sanitized.h"
#include "dialect/rate.h"
#include "test.h"

#if IS_SANITIZED
extern size_t __sanitizer_get_current_allocated_bytes(void);
enum { CROWD = 200000 }; /* more than there are accounts */
#else
enum { CROWD = 1000000 };
#endif
enum { DAY_MS = 86400000, MIB = 1024 * 1024 };
/* As many environments as there can be. */
enum { ENVIRONMENTS_MAX = 500 * 50 };

static size_t heap_bytes(void)
{
#if IS_SANITIZED
    return __sanitizer_get_current_allocated_bytes();
#else
    struct mallinfo2 now = mallinfo2();
    return now.uordblks + now.hblkhd;
#endif
}

struct stopped_clock {
    struct clock clock;
    int64_t wall_ms, monotonic_ms;
};

static int64_t stopped_wall(const struct clock *clock)
{
    return ((const struct stopped_clock *)clock)->wall_ms;
}

static int64_t stopped_monotonic(const struct clock *clock)
{
    return ((const struct stopped_clock *)clock)->monotonic_ms;
}

static struct stopped_clock stopped(void)
{
    return (struct stopped_clock){
        .clock = {stopped_wall, stopped_monotonic},
        .wall_ms = (int64_t)20000 * DAY_MS,
        .monotonic_ms = 5000,
    };
}

static struct str name_of(char text[32], size_t number)
{
    snprintf(text, 32, "token_%016zu", number);
    return str_of(text);
}

/* The most that is held at any time, with names of which some ask twice. */
static size_t crowd(size_t names, struct rate_limits limits, int64_t ms_between)
{
    struct stopped_clock clock = stopped();
    size_t before = heap_bytes();
    size_t most = 0;
    struct rates *rates = rates_open(&clock.clock, limits);
    for (size_t i = 0; i < names; i++) {
        char text[32];
        struct str name = name_of(text, i);
        for (size_t times = 0; times <= (i % 8 == 0); times++)
            CHECK(rates_take_named(rates, name).is_allowed);
        if (i % 1000 == 0)
            clock.monotonic_ms += ms_between;
        if (i % 4096 == 0 && heap_bytes() - before > most)
            most = heap_bytes() - before;
    }
    rates_close(rates);
    CHECK(heap_bytes() <= before + MIB / 4); /* the allocator keeps some for the next */
    return most;
}

TEST(a_million_names_at_once_fit)
{
    struct rate_limits limits = {.per_second = 100, .per_day = 100000};
    size_t most = crowd(CROWD, limits, 0);
    CHECK(most > MIB);
    CHECK(most <= (size_t)32 * MIB);
    print_message("figures: names=%d window_mib=%.1f\n", CROWD, (double)most / MIB);
}

TEST(a_million_names_one_after_the_other_fit)
{
    CHECK(crowd(CROWD / 5, (struct rate_limits){.per_second = 100, .per_day = 100000}, 100) <=
          32 * MIB);
    CHECK(crowd(CROWD / 5, (struct rate_limits){.per_second = 100}, 100) <= 8 * MIB);
}

/* The room a busy name took is given back when it is quiet, whatever the highest limit is. */
TEST(who_was_busy_is_small_again)
{
    struct stopped_clock clock = stopped();
    struct rates *rates = rates_open(
        &clock.clock, (struct rate_limits){.per_second = RATE_PER_SECOND_MAX, .per_day = CROWD});
    size_t before = heap_bytes();
    size_t busy = 0;
    for (size_t i = 0; i < 100; i++) {
        char text[32];
        struct str name = name_of(text, i);
        for (size_t times = 0; times < 5000; times++)
            CHECK(rates_take_named(rates, name).is_allowed);
        if (heap_bytes() - before > busy)
            busy = heap_bytes() - before;
    }
    CHECK(busy > 2 * MIB);
    clock.monotonic_ms += 1000;
    for (size_t i = 0; i < 40000; i++) { /* somebody comes by every list */
        char text[32];
        CHECK(rates_take_named(rates, name_of(text, 1000 + i)).is_allowed);
        clock.monotonic_ms += i % 16 == 0;
    }
    CHECK(heap_bytes() - before < (size_t)16 * MIB);
    rates_close(rates);
}

/* All environments there can be keep their counts: none of them begins anew, none is refused for
 * what others did. */
TEST(as_many_as_there_can_be_are_remembered)
{
    struct stopped_clock clock = stopped();
    struct rates *rates =
        rates_open(&clock.clock, (struct rate_limits){.per_second = 2, .per_day = 3});
    size_t wrong = 0;
    for (size_t turn = 0; turn < 3; turn++)
        for (uint64_t i = 1; i <= ENVIRONMENTS_MAX; i++)
            wrong += rates_take(rates, i).is_allowed != (turn < 2);
    clock.monotonic_ms += 1000;
    for (size_t turn = 0; turn < 2; turn++)
        for (uint64_t i = 1; i <= ENVIRONMENTS_MAX; i++)
            wrong += rates_take(rates, i).is_allowed != (turn < 1);
    CHECK_INT(wrong, 0);
    rates_close(rates);
}

TEST(tries_take_the_same_room_for_one_name_and_for_a_million)
{
    random_open();
    size_t before = heap_bytes();
    struct attempts *attempts = attempts_open((struct attempts_limit){5, 60000});
    size_t empty = heap_bytes() - before;
    for (size_t i = 0; i < CROWD; i++) {
        char text[32];
        attempts_take(attempts, name_of(text, i), 1000);
    }
    CHECK_INT(heap_bytes() - before, empty);
    CHECK(empty <= MIB);
    attempts_close(attempts);
}

TESTS(a_million_names_at_once_fit, a_million_names_one_after_the_other_fit,
      who_was_busy_is_small_again, as_many_as_there_can_be_are_remembered,
      tries_take_the_same_room_for_one_name_and_for_a_million)
