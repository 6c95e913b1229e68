/* SPDX-License-Identifier: Apache-2.0 */
/* rate - no second of any day sees more than its share. */
#include "dialect/rate.h"

#include <pthread.h>

#include "test.h"

/* A clock that stands until it is told. */
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

enum { DAY_MS = 86400000 };

static struct stopped_clock stopped(void)
{
    return (struct stopped_clock){
        .clock = {stopped_wall, stopped_monotonic},
        .wall_ms = (int64_t)20000 * DAY_MS,
        .monotonic_ms = 5000,
    };
}

static void pass(struct stopped_clock *clock, int64_t ms)
{
    clock->wall_ms += ms;
    clock->monotonic_ms += ms;
}

static size_t take(struct rates *rates, uint64_t environment, size_t times)
{
    size_t allowed = 0;
    for (size_t i = 0; i < times; i++)
        allowed += rates_take(rates, environment).is_allowed;
    return allowed;
}

TEST(a_second_holds_its_share_and_not_one_more)
{
    struct stopped_clock clock = stopped();
    struct rates *rates = rates_open(&clock.clock, (struct rate_limits){.per_second = 100});
    CHECK_INT(take(rates, 1, 100), 100);
    struct rate_answer refused = rates_take(rates, 1);
    CHECK(!refused.is_allowed);
    CHECK_INT(refused.retry_after_s, 1);
    CHECK_INT(refused.limit, 100);
    CHECK_INT(refused.remaining, 0);
    rates_close(rates);
}

TEST(the_window_slides_it_does_not_begin_anew)
{
    struct stopped_clock clock = stopped();
    struct rates *rates = rates_open(&clock.clock, (struct rate_limits){.per_second = 10});
    CHECK_INT(take(rates, 1, 4), 4);
    pass(&clock, 900);
    CHECK_INT(take(rates, 1, 20), 6);
    pass(&clock, 99); /* 999 ms after the first four */
    CHECK_INT(take(rates, 1, 20), 0);
    pass(&clock, 1); /* they are a second old */
    CHECK_INT(take(rates, 1, 20), 4);
    pass(&clock, 899);
    CHECK_INT(take(rates, 1, 20), 0);
    pass(&clock, 1);
    CHECK_INT(take(rates, 1, 20), 6);
    rates_close(rates);
}

/* Whatever the pace, any second holds at most the limit: counted against a plain list. */
TEST(no_second_anywhere_holds_more_than_the_limit)
{
    enum { LIMIT = 7, REQUESTS = 4000 };
    struct stopped_clock clock = stopped();
    struct rates *rates = rates_open(&clock.clock, (struct rate_limits){.per_second = LIMIT});
    static int64_t allowed[REQUESTS];
    size_t count = 0;
    uint32_t state = 12345;
    for (size_t i = 0; i < REQUESTS; i++) {
        state = state * 1664525u + 1013904223u;
        pass(&clock, (int64_t)(state >> 24)); /* 0 to 255 ms */
        size_t in_window = 0;
        for (size_t j = count; j > 0 && allowed[j - 1] > clock.monotonic_ms - 1000; j--)
            in_window++;
        bool is_allowed = rates_take(rates, 3).is_allowed;
        CHECK(is_allowed == (in_window < LIMIT));
        if (is_allowed)
            allowed[count++] = clock.monotonic_ms;
    }
    CHECK(count > 100);
    CHECK(count < REQUESTS);
    rates_close(rates);
}

TEST(a_refused_request_does_not_keep_the_door_shut)
{
    struct stopped_clock clock = stopped();
    struct rates *rates = rates_open(&clock.clock, (struct rate_limits){.per_second = 1});
    CHECK_INT(take(rates, 1, 1), 1);
    for (size_t i = 0; i < 9; i++) {
        pass(&clock, 100);
        CHECK_INT(take(rates, 1, 1), 0);
    }
    pass(&clock, 100);
    CHECK_INT(take(rates, 1, 1), 1);
    rates_close(rates);
}

TEST(a_day_ends_at_midnight_in_utc)
{
    struct stopped_clock clock = stopped();
    struct rates *rates =
        rates_open(&clock.clock, (struct rate_limits){.per_second = 100, .per_day = 3});
    clock.wall_ms += DAY_MS - 90500;
    CHECK_INT(take(rates, 1, 3), 3);
    struct rate_answer refused = rates_take(rates, 1);
    CHECK(!refused.is_allowed);
    CHECK_INT(refused.retry_after_s, 91);
    CHECK_INT(refused.limit, 3);
    pass(&clock, 90499);
    CHECK_INT(take(rates, 1, 1), 0);
    pass(&clock, 1);
    CHECK_INT(take(rates, 1, 9), 3);
    rates_close(rates);
}

TEST(the_answer_tells_of_the_tighter_limit)
{
    struct stopped_clock clock = stopped();
    struct rates *rates =
        rates_open(&clock.clock, (struct rate_limits){.per_second = 5, .per_day = 100});
    struct rate_answer first = rates_take(rates, 1);
    CHECK_INT(first.limit, 5);
    CHECK_INT(first.remaining, 4);
    for (size_t i = 0; i < 97; i++) {
        pass(&clock, 1000);
        CHECK(rates_take(rates, 1).is_allowed);
    }
    pass(&clock, 1000);
    struct rate_answer last = rates_take(rates, 1);
    CHECK_INT(last.limit, 100);
    CHECK_INT(last.remaining, 1);
    rates_close(rates);
}

TEST(zero_means_no_limit)
{
    struct stopped_clock clock = stopped();
    struct rates *rates = rates_open(&clock.clock, (struct rate_limits){0});
    CHECK_INT(take(rates, 1, 5000), 5000);
    rates_close(rates);
    rates = rates_open(&clock.clock, (struct rate_limits){.per_day = 10});
    CHECK_INT(take(rates, 1, 5000), 10);
    rates_close(rates);
}

TEST(environments_have_accounts_of_their_own)
{
    struct stopped_clock clock = stopped();
    struct rates *rates = rates_open(&clock.clock, (struct rate_limits){.per_second = 2});
    for (uint64_t environment = 1; environment < 1000; environment += 7)
        CHECK_INT(take(rates, environment, 5), 2);
    rates_close(rates);
}

TEST(a_clock_that_steps_back_only_begins_another_day)
{
    struct stopped_clock clock = stopped();
    struct rates *rates =
        rates_open(&clock.clock, (struct rate_limits){.per_second = 2, .per_day = 2});
    CHECK_INT(take(rates, 1, 5), 2);
    clock.wall_ms = -1;
    pass(&clock, 0);
    clock.monotonic_ms += 1000;
    CHECK_INT(take(rates, 1, 5), 2);
    rates_close(rates);
}

/* ---- names ----------------------------------------------------------------------------------- */

static size_t take_named(struct rates *rates, const char *name, size_t times)
{
    size_t allowed = 0;
    for (size_t i = 0; i < times; i++)
        allowed += rates_take_named(rates, str_of(name)).is_allowed;
    return allowed;
}

TEST(names_have_accounts_of_their_own_and_keep_them)
{
    struct stopped_clock clock = stopped();
    struct rates *rates = rates_open(&clock.clock, (struct rate_limits){.per_second = 3});
    char name[32];
    for (size_t i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "token_%zu", i);
        CHECK_INT(take_named(rates, name, 2), 2);
    }
    pass(&clock, 999); /* whoever is thrown out now would begin anew */
    for (size_t i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "token_%zu", i);
        CHECK_INT(take_named(rates, name, 2), 1);
    }
    CHECK_INT(take_named(rates, "", 5), 3);
    CHECK_INT(take(rates, 1, 5), 3); /* numbers are not names */
    rates_close(rates);
}

TEST(a_name_is_told_what_is_left)
{
    struct stopped_clock clock = stopped();
    struct rates *rates = rates_open(&clock.clock, (struct rate_limits){.per_second = 100});
    struct rate_answer answer = rates_take_named(rates, STR("token_1"));
    CHECK_INT(answer.limit, 100);
    CHECK_INT(answer.remaining, 99);
    CHECK_INT(answer.reset_s, 1);
    CHECK_INT(take_named(rates, "token_1", 200), 99);
    answer = rates_take_named(rates, STR("token_1"));
    CHECK(!answer.is_allowed);
    CHECK_INT(answer.retry_after_s, 1);
    CHECK_INT(answer.remaining, 0);
    pass(&clock, 1000);
    CHECK_INT(take_named(rates, "token_1", 200), 100);
    rates_close(rates);
}

TEST(a_day_is_remembered_by_name)
{
    struct stopped_clock clock = stopped();
    struct rates *rates =
        rates_open(&clock.clock, (struct rate_limits){.per_second = 10, .per_day = 12});
    char name[32];
    CHECK_INT(take_named(rates, "a", 10), 10);
    pass(&clock, 5000);
    for (size_t i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "other_%zu", i);
        CHECK_INT(take_named(rates, name, 1), 1);
    }
    CHECK_INT(take_named(rates, "a", 10), 2);
    pass(&clock, DAY_MS);
    CHECK_INT(take_named(rates, "a", 10), 10);
    rates_close(rates);
}

TEST(without_a_limit_names_are_not_even_counted)
{
    struct stopped_clock clock = stopped();
    struct rates *rates = rates_open(&clock.clock, (struct rate_limits){0});
    CHECK_INT(take_named(rates, "a", 5000), 5000);
    CHECK_INT(rates_take_named(rates, STR("a")).limit, 0);
    rates_close(rates);
}

enum { THREADS = 4, TRIES = 2000, ENVIRONMENTS = 50 };

struct knocker {
    struct rates *rates;
    size_t allowed[ENVIRONMENTS];
};

static void *knock(void *argument)
{
    struct knocker *knocker = argument;
    for (size_t i = 0; i < TRIES; i++) {
        size_t environment = i % ENVIRONMENTS;
        knocker->allowed[environment] += rates_take(knocker->rates, environment + 1).is_allowed;
    }
    return NULL;
}

static void *knock_by_name(void *argument)
{
    struct knocker *knocker = argument;
    char name[32];
    for (size_t i = 0; i < TRIES * 2; i++) {
        size_t place = i % ENVIRONMENTS;
        snprintf(name, sizeof(name), "token_%zu", place);
        knocker->allowed[place] += rates_take_named(knocker->rates, str_of(name)).is_allowed;
    }
    return NULL;
}

/* The clock stands, so the share is exact however the threads meet. */
static void knock_together(void *(*way)(void *))
{
    struct stopped_clock clock = stopped();
    struct rates *rates =
        rates_open(&clock.clock, (struct rate_limits){.per_second = 100, .per_day = 1000});
    pthread_t threads[THREADS];
    static struct knocker knockers[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        knockers[i] = (struct knocker){.rates = rates};
        CHECK_INT(pthread_create(&threads[i], NULL, way, &knockers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    for (size_t environment = 0; environment < ENVIRONMENTS; environment++) {
        size_t allowed = 0;
        for (size_t i = 0; i < THREADS; i++)
            allowed += knockers[i].allowed[environment];
        CHECK_INT(allowed, 100);
    }
    rates_close(rates);
}

TEST(threads_together_get_exactly_the_share)
{
    knock_together(knock);
    knock_together(knock_by_name);
}

TEST(another_limit_holds_at_once_and_forgets_nothing)
{
    struct stopped_clock clock = stopped();
    struct rates *rates =
        rates_open(&clock.clock, (struct rate_limits){.per_second = 3, .per_day = 100});
    CHECK_INT(take(rates, 1, 2), 2);
    pass(&clock, 400);
    CHECK_INT(take(rates, 1, 5), 1);
    rates_change(rates, (struct rate_limits){.per_second = 5, .per_day = 100});
    CHECK_INT(take(rates, 1, 9), 2);
    pass(&clock, 600); /* the first two are past, three remain */
    CHECK_INT(take(rates, 1, 9), 2);
    rates_change(rates, (struct rate_limits){.per_second = 2, .per_day = 100});
    CHECK_INT(take(rates, 1, 9), 0);
    pass(&clock, 1000);
    CHECK_INT(take(rates, 1, 9), 2);
    rates_change(rates, (struct rate_limits){.per_day = 5});
    struct rate_answer answer = rates_take(rates, 1);
    CHECK(!answer.is_allowed);
    CHECK_INT(answer.remaining, 0);
    rates_change(rates, (struct rate_limits){0});
    CHECK_INT(take(rates, 1, 50), 50);
    rates_close(rates);
}

TESTS(a_second_holds_its_share_and_not_one_more, the_window_slides_it_does_not_begin_anew,
      no_second_anywhere_holds_more_than_the_limit, a_refused_request_does_not_keep_the_door_shut,
      a_day_ends_at_midnight_in_utc, the_answer_tells_of_the_tighter_limit, zero_means_no_limit,
      environments_have_accounts_of_their_own, a_clock_that_steps_back_only_begins_another_day,
      names_have_accounts_of_their_own_and_keep_them, a_name_is_told_what_is_left,
      a_day_is_remembered_by_name, without_a_limit_names_are_not_even_counted,
      threads_together_get_exactly_the_share, another_limit_holds_at_once_and_forgets_nothing)
