/* SPDX-License-Identifier: Apache-2.0 */
/* rate - a window that slides, and a count per UTC day: see rate.h. */
#include "dialect/rate.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"

enum { WINDOW_MS = 1000, LISTS = 64 };
static const int64_t day_ms = 86400000;

/* One environment's or one name's account. The ring holds the moments of the requests allowed last,
 * oldest at `first`; a request that is refused leaves no trace, so that knocking does not keep the
 * door shut.
 */
struct account {
    int64_t *ring;     /* NULL until the first request */
    uint32_t capacity; /* of the ring: per_second, as it was when it was last used */
    uint32_t first, count;
    int64_t day; /* since the epoch, UTC */
    uint64_t day_count;
};

struct numbered_account {
    pthread_mutex_t lock;
    struct account account;
};

struct named_account {
    struct named_account *next;
    struct account account;
    size_t name_size;
    char name[];
};

struct named_list {
    pthread_mutex_t lock; /* guards the list and the accounts in it */
    struct named_account *first;
};

/* Environments are numbered densely and come from the catalog, never from a request. */
struct rates {
    const struct clock *clock;
    _Atomic uint32_t per_second; /* these two as struct rate_limits has them */
    _Atomic uint64_t per_day;
    pthread_rwlock_t lock; /* guards the table; each account in it guards itself */
    struct numbered_account **accounts;
    size_t account_count;
    struct named_list lists[LISTS];
};

struct rates *rates_open(const struct clock *clock, struct rate_limits limits)
{
    assert(limits.per_second <= RATE_PER_SECOND_MAX);
    struct rates *rates = MEMORY_NEW(struct rates);
    rates->clock = clock;
    rates_change(rates, limits);
    pthread_rwlock_init(&rates->lock, NULL);
    for (size_t i = 0; i < LISTS; i++)
        pthread_mutex_init(&rates->lists[i].lock, NULL);
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

static void free_named(struct named_account *named)
{
    memory_free(named->account.ring);
    memory_free(named);
}

static void close_list(struct named_list *list)
{
    while (list->first != NULL) {
        struct named_account *named = list->first;
        list->first = named->next;
        free_named(named);
    }
    pthread_mutex_destroy(&list->lock);
}

void rates_close(struct rates *rates)
{
    for (size_t i = 0; i < rates->account_count; i++) {
        struct numbered_account *numbered = rates->accounts[i];
        if (numbered == NULL)
            continue;
        pthread_mutex_destroy(&numbered->lock);
        memory_free(numbered->account.ring);
        memory_free(numbered);
    }
    for (size_t i = 0; i < LISTS; i++)
        close_list(&rates->lists[i]);
    memory_free(rates->accounts);
    pthread_rwlock_destroy(&rates->lock);
    memory_free(rates);
}

static struct numbered_account *look_up(struct rates *rates, uint64_t environment)
{
    pthread_rwlock_rdlock(&rates->lock);
    struct numbered_account *numbered =
        environment < rates->account_count ? rates->accounts[environment] : NULL;
    pthread_rwlock_unlock(&rates->lock);
    return numbered;
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

static struct numbered_account *find_account(struct rates *rates, uint64_t environment)
{
    struct numbered_account *numbered = look_up(rates, environment);
    if (numbered != NULL)
        return numbered;
    pthread_rwlock_wrlock(&rates->lock);
    make_room(rates, environment);
    numbered = rates->accounts[environment];
    if (numbered == NULL) {
        numbered = MEMORY_NEW(struct numbered_account);
        pthread_mutex_init(&numbered->lock, NULL);
        rates->accounts[environment] = numbered;
    }
    pthread_rwlock_unlock(&rates->lock);
    return numbered;
}

/* A ring of another size, with the newest of what the old one holds. */
static void fit_ring(struct account *account, uint32_t per_second)
{
    if (account->capacity == per_second)
        return;
    int64_t *ring = MEMORY_NEW_ARRAY(int64_t, per_second);
    uint32_t kept = account->count < per_second ? account->count : per_second;
    uint32_t from = account->first + account->count - kept;
    for (uint32_t i = 0; i < kept; i++)
        ring[i] = account->ring[(from + i) % account->capacity];
    memory_free(account->ring);
    account->ring = ring;
    account->capacity = per_second;
    account->first = 0;
    account->count = kept;
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
                              int64_t now_ms, int64_t wall_ms)
{
    struct rate_answer free_way = {.is_allowed = true, .remaining = UINT32_MAX};
    struct rate_answer second = free_way;
    struct rate_answer day = free_way;
    if (limits.per_second > 0)
        second = answer_second(account, limits.per_second, now_ms);
    if (limits.per_day > 0)
        day = answer_day(account, limits.per_day, wall_ms);
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

/* Under the account's lock, and with the time read inside it: the ring is in order whoever comes
 * first. */
static struct rate_answer take(struct rates *rates, struct account *account)
{
    struct rate_limits limits = limits_of(rates);
    uint32_t per_second = limits.per_second;
    int64_t now_ms = clock_monotonic_ms(rates->clock);
    int64_t wall_ms = clock_wall_ms(rates->clock);
    if (per_second > 0)
        fit_ring(account, per_second);
    if (day_of(wall_ms) != account->day) {
        account->day = day_of(wall_ms);
        account->day_count = 0;
    }
    if (per_second > 0)
        forget_what_passed(account, now_ms);
    struct rate_answer answer = ask(limits, account, now_ms, wall_ms);
    if (answer.is_allowed) {
        note(account, per_second, now_ms);
        if (answer.limit > 0)
            answer.remaining--;
    }
    return answer;
}

struct rate_answer rates_take(struct rates *rates, uint64_t environment)
{
    struct numbered_account *numbered = find_account(rates, environment);
    pthread_mutex_lock(&numbered->lock);
    struct rate_answer answer = take(rates, &numbered->account);
    pthread_mutex_unlock(&numbered->lock);
    return answer;
}

/* ---- names -------------------------------------------------------------------------------------
 */

static struct named_account *make_named(struct str name)
{
    struct named_account *named = memory_allocate(sizeof(*named) + name.size);
    named->name_size = name.size;
    if (name.size > 0)
        memcpy(named->name, name.data, name.size);
    return named;
}

static bool is_of(const struct named_account *named, struct str name)
{
    return str_equal((struct str){named->name, named->name_size}, name);
}

/* Whether all it holds is past: then it is as one that was never made. */
static bool is_spent(const struct rates *rates, struct account *account)
{
    if (account->capacity > 0)
        forget_what_passed(account, clock_monotonic_ms(rates->clock));
    bool has_today = limits_of(rates).per_day > 0 &&
                     account->day == day_of(clock_wall_ms(rates->clock)) && account->day_count > 0;
    return account->count == 0 && !has_today;
}

/* The name's account at the head of its list, others of it that are spent thrown out. */
static struct account *find_named(const struct rates *rates, struct named_list *list,
                                  struct str name)
{
    struct named_account *found = NULL;
    for (struct named_account **link = &list->first; *link != NULL;) {
        struct named_account *named = *link;
        bool is_wanted = is_of(named, name);
        if (!is_wanted && !is_spent(rates, &named->account)) {
            link = &named->next;
            continue;
        }
        *link = named->next;
        if (is_wanted)
            found = named;
        else
            free_named(named);
    }
    if (found == NULL)
        found = make_named(name);
    found->next = list->first;
    list->first = found;
    return &found->account;
}

struct rate_answer rates_take_named(struct rates *rates, struct str name)
{
    struct rate_limits limits = limits_of(rates);
    if (limits.per_second == 0 && limits.per_day == 0)
        return (struct rate_answer){.is_allowed = true, .remaining = UINT32_MAX};
    struct named_list *list = &rates->lists[map_hash(name) % LISTS];
    pthread_mutex_lock(&list->lock);
    struct rate_answer answer = take(rates, find_named(rates, list, name));
    pthread_mutex_unlock(&list->lock);
    return answer;
}
