/* SPDX-License-Identifier: Apache-2.0 */
/* clock - one that does not go back by a little, and follows where it goes back by much. */
#include "base/clock.h"

#include <pthread.h>

#include "test.h"

struct lying_clock {
    struct clock clock;
    _Atomic int64_t wall_ms;
    int64_t monotonic_ms;
};

static int64_t lying_wall(const struct clock *clock)
{
    return ((const struct lying_clock *)clock)->wall_ms;
}

static int64_t lying_monotonic(const struct clock *clock)
{
    return ((const struct lying_clock *)clock)->monotonic_ms;
}

static const int64_t noon_ms = 1893499200000; /* 2030-01-01 */

static struct lying_clock lying(void)
{
    return (struct lying_clock){{lying_wall, lying_monotonic}, noon_ms, 77};
}

static int64_t at(struct steady_clock *steady, struct lying_clock *beneath, int64_t wall_ms)
{
    beneath->wall_ms = wall_ms;
    return clock_wall_ms(&steady->clock);
}

TEST(a_clock_that_goes_on_is_followed)
{
    struct lying_clock beneath = lying();
    struct steady_clock steady;
    steady_clock_init(&steady, &beneath.clock);
    for (int64_t ms = 0; ms < 100000; ms += 7)
        CHECK_INT(at(&steady, &beneath, noon_ms + ms), noon_ms + ms);
    CHECK_INT(clock_monotonic_ms(&steady.clock), 77);
}

/* 23:59:59.999 and again 23:59:59.000: a leap second, as most systems tell it. */
TEST(a_second_that_comes_twice_is_waited_for)
{
    struct lying_clock beneath = lying();
    struct steady_clock steady;
    steady_clock_init(&steady, &beneath.clock);
    CHECK_INT(at(&steady, &beneath, noon_ms + 999), noon_ms + 999);
    for (int64_t ms = 0; ms <= 999; ms++)
        CHECK_INT(at(&steady, &beneath, noon_ms + ms), noon_ms + 999);
    CHECK_INT(at(&steady, &beneath, noon_ms + 1000), noon_ms + 1000);
}

TEST(what_goes_back_by_more_than_two_seconds_was_wrong_before)
{
    static const int64_t steps_ms[] = {2001, 60000, 86400000, 31536000000, 1893499200000};
    for (size_t i = 0; i < COUNT_OF(steps_ms); i++) {
        struct lying_clock beneath = lying();
        struct steady_clock steady;
        steady_clock_init(&steady, &beneath.clock);
        CHECK_INT(at(&steady, &beneath, noon_ms - 2000), noon_ms);
        CHECK_INT(at(&steady, &beneath, noon_ms - steps_ms[i]), noon_ms - steps_ms[i]);
        CHECK_INT(at(&steady, &beneath, noon_ms - steps_ms[i] + 5), noon_ms - steps_ms[i] + 5);
        CHECK_INT(at(&steady, &beneath, noon_ms + steps_ms[i]), noon_ms + steps_ms[i]);
    }
}

TEST(before_1970_time_goes_on_too)
{
    struct lying_clock beneath = lying();
    struct steady_clock steady;
    steady_clock_init(&steady, &beneath.clock);
    CHECK_INT(at(&steady, &beneath, -5000), -5000);
    CHECK_INT(at(&steady, &beneath, -6000), -5000);
    CHECK_INT(at(&steady, &beneath, -4999), -4999);
}

enum { THREADS = 4, READS = 20000 };

static void *read_on(void *context)
{
    const struct clock *clock = context;
    int64_t before_ms = clock_wall_ms(clock);
    for (size_t i = 0; i < READS; i++) {
        int64_t now_ms = clock_wall_ms(clock);
        if (now_ms < before_ms)
            return context; /* a thread tells by this that it saw time go back */
        before_ms = now_ms;
    }
    return NULL;
}

TEST(no_thread_sees_it_go_back)
{
    struct lying_clock beneath = lying();
    struct steady_clock steady;
    pthread_t threads[THREADS];
    steady_clock_init(&steady, &beneath.clock);
    for (size_t i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, read_on, &steady.clock), 0);
    for (int64_t i = 0; i < READS; i++)
        beneath.wall_ms += i % 3 == 0 ? -50 : 40;
    for (size_t i = 0; i < THREADS; i++) {
        void *saw = NULL;
        CHECK_INT(pthread_join(threads[i], &saw), 0);
        CHECK(saw == NULL);
    }
}

/* Another thread reads the clock while one is asleep between its two reads. */
struct late_clock {
    struct clock clock;
    struct steady_clock *steady;
    bool is_within;
    int64_t wall_ms, later_ms;
};

static int64_t late_wall(const struct clock *clock)
{
    struct late_clock *late = (struct late_clock *)clock;
    int64_t now_ms = late->wall_ms;
    if (late->steady != NULL && !late->is_within) {
        late->is_within = true;
        late->wall_ms = late->later_ms;
        CHECK_INT(clock_wall_ms(&late->steady->clock), late->later_ms);
    }
    return now_ms;
}

TEST(who_slept_while_reading_does_not_put_it_back)
{
    struct late_clock late = {.clock = {late_wall, late_wall}, .wall_ms = noon_ms};
    struct steady_clock steady;
    steady_clock_init(&steady, &late.clock);
    late.wall_ms = noon_ms + 10;
    late.later_ms = noon_ms + 60000;
    late.steady = &steady;
    CHECK_INT(clock_wall_ms(&steady.clock), noon_ms + 60000);
    CHECK_INT(clock_wall_ms(&steady.clock), noon_ms + 60000);
}

TESTS(a_clock_that_goes_on_is_followed, a_second_that_comes_twice_is_waited_for,
      what_goes_back_by_more_than_two_seconds_was_wrong_before, before_1970_time_goes_on_too,
      who_slept_while_reading_does_not_put_it_back, no_thread_sees_it_go_back)
