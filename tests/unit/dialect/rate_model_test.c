/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate_model - every limiter of the server against the plainest model of its sentence: whatever
 * happened is written down, and each answer is counted out of that anew.
 *
 * Thousands of sequences of requests at random moments of an injected clock. GUIDON_SEED repeats a
 * run, GUIDON_SEQUENCES makes it longer.
 */
#include <stdlib.h>
#include <time.h>

#include "auth/attempts.h"
#include "base/arena.h"
#include "base/random.h"
#include "dialect/rate.h"
#include "stream/pace.h"
#include "test.h"

enum { NAMES = 5, STEPS = 400, DAY_MS = 86400000 };

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static uint64_t sequences(void)
{
    return number_from("GUIDON_SEQUENCES", 3000);
}

struct dice {
    uint64_t state;
};

static struct dice dice_of(uint64_t seed, uint64_t sequence)
{
    return (struct dice){seed * 0x9E3779B97F4A7C15u + sequence * 0xD1B54A32D192ED03u};
}

/* splitmix64 */
static uint32_t roll(struct dice *dice, uint32_t sides)
{
    uint64_t mixed = dice->state += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((mixed ^ (mixed >> 31)) >> 32) % sides;
}

/* The edges of a period more often than what lies between. */
static int64_t gap(struct dice *dice, int64_t period_ms)
{
    const int64_t edges[] = {
        0, 0, 0, 1, period_ms / 2, period_ms - 1, period_ms, period_ms + 1,
    };
    if (roll(dice, 3) > 0)
        return (int64_t)roll(dice, (uint32_t)period_ms / 4 + 1);
    return edges[roll(dice, COUNT_OF(edges))];
}

/* ---- windows and days -------------------------------------------------------------------- */

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

/* All that was let in, of one name. */
struct diary {
    size_t count;
    struct {
        int64_t now_ms, day;
        bool is_in_window; /* there was a limit a second at that time */
    } entries[3 * STEPS];
};

struct walk {
    struct dice dice;
    struct stopped_clock clock;
    struct rate_limits limits;
    struct rates *rates;
    size_t names;
    int64_t day;        /* by the clock on the wall */
    int64_t days_begun; /* a day that comes again is not the day that was */
    struct diary diaries[NAMES];
};

static int64_t day_number(int64_t wall_ms)
{
    int64_t days = wall_ms / DAY_MS;
    return wall_ms % DAY_MS < 0 ? days - 1 : days;
}

static size_t in_window(const struct diary *diary, int64_t now_ms)
{
    size_t count = 0;
    for (size_t i = 0; i < diary->count; i++)
        count += diary->entries[i].is_in_window && now_ms - diary->entries[i].now_ms < 1000;
    return count;
}

static size_t in_day(const struct diary *diary, int64_t day)
{
    size_t count = 0;
    for (size_t i = 0; i < diary->count; i++)
        count += diary->entries[i].day == day;
    return count;
}

/* What is left before one is taken: of this second, of this day. */
static void check_answer(const struct walk *walk, const struct diary *diary,
                         struct rate_answer answer)
{
    int64_t second_left =
        (int64_t)walk->limits.per_second - (int64_t)in_window(diary, walk->clock.monotonic_ms);
    int64_t day_left = (int64_t)walk->limits.per_day - (int64_t)in_day(diary, walk->days_begun);
    bool second_refuses = walk->limits.per_second > 0 && second_left <= 0;
    bool day_refuses = walk->limits.per_day > 0 && day_left <= 0;
    CHECK(answer.is_allowed == !(second_refuses || day_refuses));
    if (walk->limits.per_second == 0 && walk->limits.per_day == 0)
        return;
    bool tells_of_day = day_refuses;
    if (!day_refuses && !second_refuses && walk->limits.per_day > 0)
        tells_of_day = walk->limits.per_second == 0 || day_left < second_left;
    int64_t left = tells_of_day ? day_left : second_left;
    CHECK_INT(answer.limit, tells_of_day ? walk->limits.per_day : walk->limits.per_second);
    CHECK_INT(answer.remaining, answer.is_allowed ? left - 1 : 0);
    int64_t to_midnight_ms = (day_number(walk->clock.wall_ms) + 1) * DAY_MS - walk->clock.wall_ms;
    CHECK_INT(answer.reset_s, tells_of_day ? (to_midnight_ms + 999) / 1000 : 1);
    if (!answer.is_allowed)
        CHECK_INT(answer.retry_after_s, answer.reset_s);
}

/* Asks, holds the answer against the diary, and writes it down. */
static struct rate_answer knock(struct walk *walk, size_t who)
{
    static const char *const names[NAMES] = {"token_a", "token_b", "", "token_aa", "e"};
    struct diary *diary = &walk->diaries[who];
    struct rate_answer answer = walk->names == 1
                                    ? rates_take(walk->rates, 7)
                                    : rates_take_named(walk->rates, str_of(names[who]));
    check_answer(walk, diary, answer);
    if (answer.is_allowed) {
        diary->entries[diary->count].now_ms = walk->clock.monotonic_ms;
        diary->entries[diary->count].day = walk->days_begun;
        diary->entries[diary->count++].is_in_window = walk->limits.per_second > 0;
    }
    return answer;
}

static void pass(struct walk *walk, int64_t ms, int64_t wall_step_ms)
{
    walk->clock.monotonic_ms += ms;
    walk->clock.wall_ms += ms + wall_step_ms;
    if (day_number(walk->clock.wall_ms) != walk->day) {
        walk->day = day_number(walk->clock.wall_ms);
        walk->days_begun++;
    }
}

/* The system's clock steps now and then. Where there are several names it never goes back, because
 * one's coming may have another forgotten whose day is over. */
static int64_t wall_step(struct walk *walk)
{
    if (roll(&walk->dice, 60) > 0)
        return 0;
    int64_t step_ms = (int64_t)roll(&walk->dice, 400) * (DAY_MS / 7);
    return walk->names == 1 && roll(&walk->dice, 2) == 0 ? -step_ms : step_ms;
}

static void change_limits(struct walk *walk)
{
    walk->limits.per_second = roll(&walk->dice, 12);
    if (walk->limits.per_day > 0)
        walk->limits.per_day = 1 + roll(&walk->dice, 60);
    rates_change(walk->rates, walk->limits);
}

/* Whoever is refused and waits as long as they are told to is let in, and not a second earlier. */
static void wait_as_told(struct walk *walk, size_t who, uint32_t wait_s)
{
    if (wait_s > 1) {
        pass(walk, (int64_t)(wait_s - 1) * 1000, 0);
        CHECK(!knock(walk, who).is_allowed);
    }
    pass(walk, 1000, 0);
    CHECK(knock(walk, who).is_allowed);
}

static void step(struct walk *walk)
{
    if (roll(&walk->dice, 3) > 0)
        pass(walk, gap(&walk->dice, 1000), wall_step(walk));
    if (roll(&walk->dice, 50) == 0)
        change_limits(walk);
    size_t who = roll(&walk->dice, (uint32_t)walk->names);
    struct rate_answer answer = knock(walk, who);
    if (!answer.is_allowed && roll(&walk->dice, 20) == 0)
        wait_as_told(walk, who, answer.retry_after_s);
}

/* How many were let in. */
static size_t walk_once(uint64_t seed, uint64_t sequence)
{
    static struct walk walk;
    walk = (struct walk){.dice = dice_of(seed, sequence)};
    walk.clock = (struct stopped_clock){
        .clock = {stopped_wall, stopped_monotonic},
        .wall_ms = ((int64_t)roll(&walk.dice, 4000) - 2000) * DAY_MS,
        .monotonic_ms = 1 + roll(&walk.dice, 5000),
    };
    if (roll(&walk.dice, 2) == 0)
        walk.clock.wall_ms += roll(&walk.dice, DAY_MS);
    walk.day = day_number(walk.clock.wall_ms);
    walk.names = roll(&walk.dice, 2) == 0 ? 1 : NAMES;
    walk.limits = (struct rate_limits){
        .per_second = roll(&walk.dice, 12),
        .per_day = roll(&walk.dice, 2) == 0 ? 0 : 1 + roll(&walk.dice, 60),
    };
    walk.rates = rates_open(&walk.clock.clock, walk.limits);
    for (size_t i = 0; i < STEPS; i++)
        step(&walk);
    size_t let_in = 0;
    for (size_t i = 0; i < NAMES; i++)
        let_in += walk.diaries[i].count;
    rates_close(walk.rates);
    return let_in;
}

TEST(windows_and_days_are_what_was_written_down)
{
    uint64_t seed = number_from("GUIDON_SEED", (uint64_t)time(NULL));
    uint64_t count = sequences();
    size_t let_in = 0;
    print_message("GUIDON_SEED=%llu\n", (unsigned long long)seed);
    for (uint64_t sequence = 0; sequence < count; sequence++)
        let_in += walk_once(seed, sequence);
    CHECK(let_in > count);         /* it lets in … */
    CHECK(let_in < count * STEPS); /* … and refuses */
    print_message("figures: window_sequences=%llu let_in=%zu seed=%llu\n",
                  (unsigned long long)count, let_in, (unsigned long long)seed);
}

/* ---- buckets that leak ------------------------------------------------------------------- */

/* Requests that were let in, each as many drops as it costs. */
struct bucket {
    int64_t drops_each, leak_per_ms, drops_max;
    size_t count;
    int64_t at_ms[STEPS];
};

/* What is in the bucket, from the first drop on. */
static int64_t level(const struct bucket *bucket, int64_t now_ms)
{
    int64_t drops = 0;
    int64_t before_ms = 0;
    for (size_t i = 0; i <= bucket->count; i++) {
        int64_t at_ms = i < bucket->count ? bucket->at_ms[i] : now_ms;
        drops -= (at_ms - before_ms) * bucket->leak_per_ms;
        drops = drops < 0 ? 0 : drops;
        before_ms = at_ms;
        if (i < bucket->count)
            drops += bucket->drops_each;
    }
    return drops;
}

/* 0: there is room now. */
static int64_t wait_ms(const struct bucket *bucket, int64_t now_ms)
{
    int64_t over = level(bucket, now_ms) + bucket->drops_each - bucket->drops_max;
    return over <= 0 ? 0 : (over + bucket->leak_per_ms - 1) / bucket->leak_per_ms;
}

/* Names that have a place of their own: the hash is another one in each process. */
static void choose_names(struct arena *arena, struct str names[NAMES])
{
    struct attempts *once = attempts_open((struct attempts_limit){1, 1000});
    size_t chosen = 0;
    for (size_t i = 0; chosen < NAMES; i++) {
        struct str name = i == 0 ? STR("") : arena_format(arena, "name %zu", i);
        if (attempts_take(once, name, 1) == 0)
            names[chosen++] = name;
    }
    attempts_close(once);
}

static void walk_attempts(struct dice *dice, const struct str names[NAMES],
                          struct attempts_limit limit)
{
    static struct bucket buckets[NAMES];
    struct attempts *attempts = attempts_open(limit);
    int64_t share_ms = limit.period_ms / limit.count;
    for (size_t i = 0; i < NAMES; i++)
        buckets[i] = (struct bucket){
            .drops_each = share_ms, .leak_per_ms = 1, .drops_max = share_ms * limit.count};
    int64_t now_ms = 1 + roll(dice, 5000);
    for (size_t i = 0; i < STEPS; i++) {
        now_ms += gap(dice, share_ms);
        size_t who = roll(dice, NAMES);
        struct bucket *bucket = &buckets[who];
        uint32_t wanted_s = (uint32_t)((wait_ms(bucket, now_ms) + 999) / 1000);
        CHECK_INT(attempts_ask(attempts, names[who], now_ms), wanted_s);
        CHECK_INT(attempts_take(attempts, names[who], now_ms), wanted_s);
        if (wanted_s == 0)
            bucket->at_ms[bucket->count++] = now_ms;
    }
    attempts_close(attempts);
}

TEST(attempts_are_a_bucket_that_leaks)
{
    uint64_t seed = number_from("GUIDON_SEED", (uint64_t)time(NULL));
    uint64_t count = sequences() / 4 + 1;
    print_message("GUIDON_SEED=%llu\n", (unsigned long long)seed);
    struct str names[NAMES];
    struct arena arena;
    random_open();
    arena_open(&arena, 1024);
    choose_names(&arena, names);
    for (uint64_t sequence = 0; sequence < count; sequence++) {
        struct dice dice = dice_of(seed ^ 1, sequence);
        uint32_t tries = 1 + roll(&dice, 30);
        walk_attempts(&dice, names,
                      (struct attempts_limit){tries, (int64_t)tries * (1 + roll(&dice, 20000))});
    }
    arena_close(&arena);
    print_message("figures: bucket_sequences=%llu\n", (unsigned long long)count);
}

static size_t walk_pace(struct dice *dice)
{
    static struct bucket bucket;
    struct pace pace = {.per_second = 1 + roll(dice, 3000), .burst = 1 + roll(dice, 20)};
    bucket = (struct bucket){.drops_each = 1000,
                             .leak_per_ms = pace.per_second,
                             .drops_max = (int64_t)pace.burst * 1000};
    int64_t now_ms = 1 + roll(dice, 5000);
    for (size_t i = 0; i < STEPS; i++) {
        now_ms += gap(dice, 1 + 1000 / pace.per_second);
        bool has_room = wait_ms(&bucket, now_ms) == 0;
        CHECK(pace_admit(&pace, now_ms) == has_room);
        if (has_room)
            bucket.at_ms[bucket.count++] = now_ms;
    }
    return bucket.count;
}

TEST(streams_begin_as_a_bucket_leaks)
{
    uint64_t seed = number_from("GUIDON_SEED", (uint64_t)time(NULL));
    uint64_t count = sequences() / 2 + 1;
    size_t let_in = 0;
    print_message("GUIDON_SEED=%llu\n", (unsigned long long)seed);
    for (uint64_t sequence = 0; sequence < count; sequence++) {
        struct dice dice = dice_of(seed ^ 2, sequence);
        let_in += walk_pace(&dice);
    }
    CHECK(let_in < count * STEPS);
    print_message("figures: pace_sequences=%llu\n", (unsigned long long)count);
}

TESTS(windows_and_days_are_what_was_written_down, attempts_are_a_bucket_that_leaks,
      streams_begin_as_a_bucket_leaks)
