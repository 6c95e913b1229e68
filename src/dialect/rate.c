/* SPDX-License-Identifier: Apache-2.0 */
/* rate - a window that slides, and a count per UTC day: see rate.h. */
#include "dialect/rate.h"

#include <assert.h>
#include <pthread.h>

#include "base/memory.h"

enum { WINDOW_MS = 1000 };
static const int64_t day_ms = 86400000;

/* One environment's account. The ring holds the moments of the requests allowed last, oldest at
 * `first`; a request that is refused leaves no trace, so that knocking does not keep the door shut.
 */
struct account {
    pthread_mutex_t lock;
    int64_t *ring; /* per_second long, NULL until the first request */
    uint32_t first, count;
    int64_t day; /* since the epoch, UTC */
    uint64_t day_count;
};

/* Environments are numbered densely and come from the catalog, never from a request. */
struct rates {
    const struct clock *clock;
    struct rate_limits limits;
    pthread_rwlock_t lock; /* guards the table; each account guards itself */
    struct account **accounts;
    size_t account_count;
};

struct rates *rates_open(const struct clock *clock, struct rate_limits limits)
{
    assert(limits.per_second <= RATE_PER_SECOND_MAX);
    struct rates *rates = MEMORY_NEW(struct rates);
    rates->clock = clock;
    rates->limits = limits;
    pthread_rwlock_init(&rates->lock, NULL);
    return rates;
}

void rates_close(struct rates *rates)
{
    for (size_t i = 0; i < rates->account_count; i++) {
        struct account *account = rates->accounts[i];
        if (account == NULL)
            continue;
        pthread_mutex_destroy(&account->lock);
        memory_free(account->ring);
        memory_free(account);
    }
    memory_free(rates->accounts);
    pthread_rwlock_destroy(&rates->lock);
    memory_free(rates);
}

static struct account *look_up(struct rates *rates, uint64_t environment)
{
    pthread_rwlock_rdlock(&rates->lock);
    struct account *account =
        environment < rates->account_count ? rates->accounts[environment] : NULL;
    pthread_rwlock_unlock(&rates->lock);
    return account;
}

static void make_room(struct rates *rates, uint64_t environment)
{
    if (environment < rates->account_count)
        return;
    size_t count = (size_t)environment + 64;
    rates->accounts = memory_resize(rates->accounts, count * sizeof(*rates->accounts));
    for (size_t i = rates->account_count; i < count; i++)
        rates->accounts[i] = NULL;
    rates->account_count = count;
}

static struct account *find_account(struct rates *rates, uint64_t environment)
{
    struct account *account = look_up(rates, environment);
    if (account != NULL)
        return account;
    pthread_rwlock_wrlock(&rates->lock);
    make_room(rates, environment);
    account = rates->accounts[environment];
    if (account == NULL) {
        account = MEMORY_NEW(struct account);
        pthread_mutex_init(&account->lock, NULL);
        rates->accounts[environment] = account;
    }
    pthread_rwlock_unlock(&rates->lock);
    return account;
}

static void forget_what_passed(struct account *account, uint32_t capacity, int64_t now_ms)
{
    while (account->count > 0 && account->ring[account->first] <= now_ms - WINDOW_MS) {
        account->first = (account->first + 1) % capacity;
        account->count--;
    }
}

/* Whole seconds until `remaining_ms` have passed, at least one. */
static uint32_t seconds_until(int64_t remaining_ms)
{
    int64_t seconds = (remaining_ms + 999) / 1000;
    return seconds < 1 ? 1 : (uint32_t)seconds;
}

static uint32_t clamp(uint64_t value)
{
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static struct rate_answer answer_second(const struct account *account, uint32_t per_second,
                                        int64_t now_ms)
{
    uint32_t wait_s = 1;
    if (account->ring != NULL && account->count > 0)
        wait_s = seconds_until(account->ring[account->first] + WINDOW_MS - now_ms);
    return (struct rate_answer){
        .is_allowed = account->count < per_second,
        .retry_after_s = wait_s,
        .limit = per_second,
        .remaining = per_second - account->count,
        .reset_s = wait_s,
    };
}

static struct rate_answer answer_day(const struct account *account, uint64_t per_day,
                                     int64_t wall_ms)
{
    uint32_t wait_s = seconds_until((account->day + 1) * day_ms - wall_ms);
    return (struct rate_answer){
        .is_allowed = account->day_count < per_day,
        .retry_after_s = wait_s,
        .limit = clamp(per_day),
        .remaining = clamp(per_day - account->day_count),
        .reset_s = wait_s,
    };
}

/* The one that refuses, else the one with less left. */
static struct rate_answer tighter(struct rate_answer second, struct rate_answer day)
{
    if (second.is_allowed != day.is_allowed)
        return second.is_allowed ? day : second;
    if (!day.is_allowed)
        return day; /* both refuse: the day's wait is the longer one */
    return day.remaining < second.remaining ? day : second;
}

static struct rate_answer ask(const struct rates *rates, const struct account *account,
                              int64_t now_ms, int64_t wall_ms)
{
    struct rate_answer free_way = {.is_allowed = true, .remaining = UINT32_MAX};
    struct rate_answer second = free_way;
    struct rate_answer day = free_way;
    if (rates->limits.per_second > 0)
        second = answer_second(account, rates->limits.per_second, now_ms);
    if (rates->limits.per_day > 0)
        day = answer_day(account, rates->limits.per_day, wall_ms);
    return tighter(second, day);
}

static void note(struct account *account, uint32_t per_second, int64_t now_ms)
{
    account->day_count++;
    if (per_second == 0)
        return;
    assert(account->count < per_second);
    account->ring[(account->first + account->count) % per_second] = now_ms;
    account->count++;
}

static int64_t day_of(int64_t wall_ms)
{
    return wall_ms >= 0 ? wall_ms / day_ms : (wall_ms - day_ms + 1) / day_ms;
}

struct rate_answer rates_take(struct rates *rates, uint64_t environment)
{
    uint32_t per_second = rates->limits.per_second;
    struct account *account = find_account(rates, environment);
    pthread_mutex_lock(&account->lock);
    /* Read inside the lock: the ring is in order whoever comes first. */
    int64_t now_ms = clock_monotonic_ms(rates->clock);
    int64_t wall_ms = clock_wall_ms(rates->clock);
    if (account->ring == NULL && per_second > 0)
        account->ring = MEMORY_NEW_ARRAY(int64_t, per_second);
    if (day_of(wall_ms) != account->day) {
        account->day = day_of(wall_ms);
        account->day_count = 0;
    }
    if (per_second > 0)
        forget_what_passed(account, per_second, now_ms);
    struct rate_answer answer = ask(rates, account, now_ms, wall_ms);
    if (answer.is_allowed) {
        note(account, per_second, now_ms);
        if (answer.limit > 0)
            answer.remaining--;
    }
    pthread_mutex_unlock(&account->lock);
    return answer;
}
