/* SPDX-License-Identifier: Apache-2.0 */
/* attempts - how often somebody may try: see attempts.h. */
#include "auth/attempts.h"

#include <assert.h>
#include <pthread.h>

#include "base/map.h"
#include "base/memory.h"

enum { PLACES = 1 << 15 };

struct attempts {
    pthread_mutex_t mutex;
    int64_t interval_ms; /* one attempt's share of the period */
    int64_t burst_ms;    /* how far ahead of now a place may be booked */
    /* When all that was taken in a place will have leaked away (GCRA's arrival time). */
    int64_t booked_ms[PLACES];
};

struct attempts *attempts_open(struct attempts_limit limit)
{
    assert(limit.count > 0);
    assert(limit.period_ms >= limit.count);
    struct attempts *attempts = MEMORY_NEW(struct attempts);
    pthread_mutex_init(&attempts->mutex, NULL);
    attempts->interval_ms = limit.period_ms / limit.count;
    attempts->burst_ms = attempts->interval_ms * limit.count;
    return attempts;
}

void attempts_close(struct attempts *attempts)
{
    pthread_mutex_destroy(&attempts->mutex);
    memory_free(attempts);
}

static uint32_t take(struct attempts *attempts, struct str name, int64_t now_ms, bool counts)
{
    int64_t *booked_ms = &attempts->booked_ms[map_hash(name) % PLACES];
    pthread_mutex_lock(&attempts->mutex);
    int64_t from_ms = *booked_ms > now_ms ? *booked_ms : now_ms;
    int64_t wait_ms = from_ms + attempts->interval_ms - (now_ms + attempts->burst_ms);
    if (wait_ms <= 0 && counts)
        *booked_ms = from_ms + attempts->interval_ms;
    pthread_mutex_unlock(&attempts->mutex);
    return wait_ms <= 0 ? 0 : (uint32_t)((wait_ms + 999) / 1000);
}

uint32_t attempts_take(struct attempts *attempts, struct str name, int64_t now_ms)
{
    return take(attempts, name, now_ms, true);
}

uint32_t attempts_ask(struct attempts *attempts, struct str name, int64_t now_ms)
{
    return take(attempts, name, now_ms, false);
}
