/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota - config requests per environment and calendar month (UTC).
 *
 * Counted where requests are answered, with one atomic word per environment that carries its month
 * along, so that a new month starts by itself. The writer thread writes the counts down now and
 * then: a crash forgets at most the last ten seconds of them.
 */
#include <string.h>

#include "base/instant.h"
#include "base/memory.h"
#include "change/internal.h"

enum { MONTH_SHIFT = 40 };

static const uint64_t uses_mask = ((uint64_t)1 << MONTH_SHIFT) - 1;

static uint64_t month_of(int64_t now_ms)
{
    int year = 0;
    int month = 0;
    instant_month(now_ms, &year, &month);
    return (uint64_t)year * 100 + (uint64_t)month;
}

static _Atomic uint64_t *find_counter(struct quotas *quotas, uint64_t environment)
{
    uint64_t page = environment / QUOTA_PAGE_COUNTERS;
    if (page >= QUOTA_PAGES)
        return NULL;
    struct quota_page *counters = atomic_load_explicit(&quotas->pages[page], memory_order_acquire);
    return counters == NULL ? NULL : &counters->uses[environment % QUOTA_PAGE_COUNTERS];
}

void quotas_cover(struct quotas *quotas, uint64_t environment)
{
    uint64_t page = environment / QUOTA_PAGE_COUNTERS;
    if (page >= QUOTA_PAGES || atomic_load(&quotas->pages[page]) != NULL)
        return;
    atomic_store_explicit(&quotas->pages[page], MEMORY_NEW(struct quota_page),
                          memory_order_release);
}

bool quotas_count(struct quotas *quotas, uint64_t environment, uint64_t quota, int64_t now_ms)
{
    _Atomic uint64_t *counter = find_counter(quotas, environment);
    if (counter == NULL)
        return true;
    uint64_t month = month_of(now_ms) << MONTH_SHIFT;
    uint64_t uses = atomic_load_explicit(counter, memory_order_relaxed);
    for (;;) {
        uint64_t used = (uses & ~uses_mask) == month ? uses & uses_mask : 0;
        if (quota != 0 && used >= quota)
            return false;
        if (atomic_compare_exchange_weak_explicit(counter, &uses, month | (used + 1),
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    }
}

uint64_t quotas_used(struct quotas *quotas, uint64_t environment, int64_t now_ms)
{
    _Atomic uint64_t *counter = find_counter(quotas, environment);
    uint64_t uses = counter == NULL ? 0 : atomic_load(counter);
    return uses >> MONTH_SHIFT == month_of(now_ms) ? uses & uses_mask : 0;
}

struct fault quotas_load(struct quotas *quotas, struct store *store, int64_t now_ms)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct quota_row *rows = NULL;
    size_t count = 0;
    uint64_t month = month_of(now_ms);
    struct fault fault = store_load_quota_use(store, &arena, (int)month, &rows, &count);
    for (size_t i = 0; !failed(fault) && i < count; i++) {
        quotas_cover(quotas, rows[i].environment);
        _Atomic uint64_t *counter = find_counter(quotas, rows[i].environment);
        if (counter == NULL)
            continue;
        uint64_t uses = month << MONTH_SHIFT | (rows[i].used & uses_mask);
        atomic_store(counter, uses);
        struct quota_page *page =
            atomic_load(&quotas->pages[rows[i].environment / QUOTA_PAGE_COUNTERS]);
        page->written[rows[i].environment % QUOTA_PAGE_COUNTERS] = uses;
    }
    arena_close(&arena);
    return fault;
}

static struct fault write_counter(struct store *store, uint64_t environment, uint64_t uses,
                                  uint64_t written)
{
    if (uses == written)
        return fault_none();
    bool is_same_month = uses >> MONTH_SHIFT == written >> MONTH_SHIFT;
    uint64_t more = (uses & uses_mask) - (is_same_month ? written & uses_mask : 0);
    return store_add_quota_use(store, environment, (int)(uses >> MONTH_SHIFT), more);
}

/* seen[i] is what was written of uses[i]: the counters go on meanwhile. */
static struct fault write_page(struct store *store, const struct quota_page *page, uint64_t first,
                               uint64_t *seen)
{
    struct fault fault = fault_none();
    for (uint64_t i = 0; i < QUOTA_PAGE_COUNTERS && !failed(fault); i++) {
        seen[i] = atomic_load(&page->uses[i]);
        fault = write_counter(store, first + i, seen[i], page->written[i]);
    }
    return fault;
}

static bool has_unwritten(const struct quota_page *page)
{
    for (size_t i = 0; i < QUOTA_PAGE_COUNTERS; i++) {
        if (atomic_load(&page->uses[i]) != page->written[i])
            return true;
    }
    return false;
}

/* What a rolled back transaction did not keep stays unwritten, and is written the next time. */
static struct fault write_in_transaction(struct store *store, struct quota_page *page,
                                         uint64_t first)
{
    uint64_t seen[QUOTA_PAGE_COUNTERS];
    struct fault fault = store_begin(store);
    if (failed(fault))
        return fault;
    fault = write_page(store, page, first, seen);
    if (failed(fault)) {
        store_rollback(store);
        return fault;
    }
    fault = store_commit(store);
    if (!failed(fault))
        memcpy(page->written, seen, sizeof(seen));
    return fault;
}

struct fault quotas_write(struct quotas *quotas, struct store *store)
{
    struct fault fault = fault_none();
    for (uint64_t i = 0; i < QUOTA_PAGES && !failed(fault); i++) {
        struct quota_page *page = atomic_load(&quotas->pages[i]);
        if (page != NULL && has_unwritten(page))
            fault = write_in_transaction(store, page, i * QUOTA_PAGE_COUNTERS);
    }
    return fault;
}

void quotas_close(struct quotas *quotas)
{
    for (size_t i = 0; i < QUOTA_PAGES; i++)
        memory_free(atomic_load(&quotas->pages[i]));
}
