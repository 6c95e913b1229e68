/* SPDX-License-Identifier: Apache-2.0 */
/* rate - a window that slides, and a count per UTC day: see rate.h. */
#include "dialect/rate.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"

enum { WINDOW_MS = 1000, RING_COUNT_MIN = 8 };
/* Lists are short with as many environments as there can be (25,000), and no list fills up with
 * them; all accounts there can be, each asked a few times a second, fit in 32 MiB. */
enum { LISTS = 4096, ACCOUNTS_PER_LIST_MAX = 32, LOCKS = 64 };
static const int64_t day_ms = 86400000;

/* One environment's or one name's account. The ring holds the moments of the requests allowed last,
 * oldest at `first`; it grows with what is asked, not with what may be. A request that is refused
 * leaves no trace, so that knocking does not keep the door shut.
 */
struct account {
    struct account *next;
    int64_t *ring; /* NULL until the first request */
    uint32_t capacity;
    uint32_t first, count;
    int64_t day; /* since the epoch, UTC */
    uint64_t day_count;
    size_t name_size;
    char name[];
};

struct rates {
    const struct clock *clock;
    _Atomic uint32_t per_second; /* these two as struct rate_limits has them */
    _Atomic uint64_t per_day;
    pthread_mutex_t locks[LOCKS]; /* each guards every LOCKS-th list and the accounts in it */
    struct account *lists[LISTS]; /* who asked last is first */
};

struct moment {
    int64_t now_ms, wall_ms;
};

struct rates *rates_open(const struct clock *clock, struct rate_limits limits)
{
    struct rates *rates = MEMORY_NEW(struct rates);
    rates->clock = clock;
    rates_change(rates, limits);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&rates->locks[i], NULL);
    return rates;
}

void rates_change(struct rates *rates, struct rate_limits limits)
{
    assert(limits.per_second <= RATE_PER_SECOND_MAX);
    atomic_store_explicit(&rates->per_second, limits.per_second, memory_order_relaxed);
    atomic_store_explicit(&rates->per_day, limits.per_day, memory_order_relaxed);
}

static struct rate_limits limits_of(const struct rates *rates)
{
    return (struct rate_limits){
        .per_second = atomic_load_explicit(&rates->per_second, memory_order_relaxed),
        .per_day = atomic_load_explicit(&rates->per_day, memory_order_relaxed),
    };
}

static void free_account(struct account *account)
{
    memory_free(account->ring);
    memory_free(account);
}

void rates_close(struct rates *rates)
{
    for (size_t i = 0; i < LISTS; i++) {
        while (rates->lists[i] != NULL) {
            struct account *account = rates->lists[i];
            rates->lists[i] = account->next;
            free_account(account);
        }
    }
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&rates->locks[i]);
    memory_free(rates);
}

/* ---- one account ------------------------------------------------------------------------- */

static void grow_ring(struct account *account)
{
    uint32_t capacity = account->capacity == 0 ? RING_COUNT_MIN : account->capacity * 2;
    int64_t *ring = MEMORY_NEW_ARRAY(int64_t, capacity);
    for (uint32_t i = 0; i < account->count; i++)
        ring[i] = account->ring[(account->first + i) % account->capacity];
    memory_free(account->ring);
    account->ring = ring;
    account->capacity = capacity;
    account->first = 0;
}

static void drop_ring(struct account *account)
{
    memory_free(account->ring);
    account->ring = NULL;
    account->capacity = 0;
    account->first = 0;
}

static void forget_what_passed(struct account *account, int64_t now_ms)
{
    while (account->count > 0 && account->ring[account->first] <= now_ms - WINDOW_MS) {
        account->first = (account->first + 1) % account->capacity;
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

/* Whoever waits, waits for a part of one second. */
static struct rate_answer answer_second(const struct account *account, uint32_t per_second)
{
    return (struct rate_answer){
        .is_allowed = account->count < per_second,
        .retry_after_s = 1,
        .limit = per_second,
        .remaining = account->count < per_second ? per_second - account->count : 0,
        .reset_s = 1,
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
        .remaining = account->day_count < per_day ? clamp(per_day - account->day_count) : 0,
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

static struct rate_answer ask(struct rate_limits limits, const struct account *account,
                              int64_t wall_ms)
{
    struct rate_answer free_way = {.is_allowed = true, .remaining = UINT32_MAX};
    struct rate_answer second = free_way;
    struct rate_answer day = free_way;
    if (limits.per_second > 0)
        second = answer_second(account, limits.per_second);
    if (limits.per_day > 0)
        day = answer_day(account, limits.per_day, wall_ms);
    return tighter(second, day);
}

static void note(struct account *account, uint32_t per_second, int64_t now_ms)
{
    account->day_count++;
    if (per_second == 0)
        return;
    if (account->count == account->capacity)
        grow_ring(account);
    account->ring[(account->first + account->count) % account->capacity] = now_ms;
    account->count++;
}

static int64_t day_of(int64_t wall_ms)
{
    return wall_ms >= 0 ? wall_ms / day_ms : (wall_ms - day_ms + 1) / day_ms;
}

static struct rate_answer take(struct rate_limits limits, struct account *account,
                               struct moment moment)
{
    if (day_of(moment.wall_ms) != account->day) {
        account->day = day_of(moment.wall_ms);
        account->day_count = 0;
    }
    forget_what_passed(account, moment.now_ms);
    struct rate_answer answer = ask(limits, account, moment.wall_ms);
    if (answer.is_allowed) {
        note(account, limits.per_second, moment.now_ms);
        if (answer.limit > 0)
            answer.remaining--;
    }
    return answer;
}

/* ---- all of them ------------------------------------------------------------------------- */

static struct account *make_account(struct str name)
{
    struct account *account = memory_allocate(sizeof(*account) + name.size);
    account->name_size = name.size;
    if (name.size > 0)
        memcpy(account->name, name.data, name.size);
    return account;
}

static bool is_of(const struct account *account, struct str name)
{
    return str_equal((struct str){account->name, account->name_size}, name);
}

/* Whether all it holds is past: then it is as one that was never made. Where only the day's count
 * is left, nothing else is kept. */
static bool is_spent(struct account *account, struct rate_limits limits, struct moment moment)
{
    forget_what_passed(account, moment.now_ms);
    if (account->count > 0)
        return false;
    drop_ring(account);
    bool has_today = limits.per_day > 0 && account->day == day_of(moment.wall_ms);
    return !has_today || account->day_count == 0;
}

/* Takes the name's account out of its list, and throws out others: those that are spent, and those
 * who have been quiet for longest when there are too many. NULL: it has none. */
static struct account *take_out(struct account **list, struct str name, struct rate_limits limits,
                                struct moment moment)
{
    struct account *found = NULL;
    size_t count = 0;
    for (struct account **link = list; *link != NULL;) {
        struct account *account = *link;
        bool is_wanted = is_of(account, name);
        bool stays = !is_wanted && count + 1 < ACCOUNTS_PER_LIST_MAX;
        if (stays && !is_spent(account, limits, moment)) {
            link = &account->next;
            count++;
            continue;
        }
        *link = account->next;
        if (is_wanted)
            found = account;
        else
            free_account(account);
    }
    return found;
}

struct rate_answer rates_take_named(struct rates *rates, struct str name)
{
    struct rate_limits limits = limits_of(rates);
    if (limits.per_second == 0 && limits.per_day == 0)
        return (struct rate_answer){.is_allowed = true, .remaining = UINT32_MAX};
    size_t place = map_hash(name) % LISTS;
    struct account **list = &rates->lists[place];
    pthread_mutex_lock(&rates->locks[place % LOCKS]);
    /* Read under the lock: rings are in order whoever comes first. */
    struct moment moment = {clock_monotonic_ms(rates->clock), clock_wall_ms(rates->clock)};
    struct account *account = take_out(list, name, limits, moment);
    if (account == NULL)
        account = make_account(name);
    account->next = *list;
    *list = account;
    struct rate_answer answer = take(limits, account, moment);
    pthread_mutex_unlock(&rates->locks[place % LOCKS]);
    return answer;
}

/* No name begins with a zero. */
struct rate_answer rates_take(struct rates *rates, uint64_t environment)
{
    char name[1 + sizeof(environment)] = {0};
    memcpy(name + 1, &environment, sizeof(environment));
    return rates_take_named(rates, (struct str){name, sizeof(name)});
}
