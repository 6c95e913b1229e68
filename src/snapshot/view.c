/* SPDX-License-Identifier: Apache-2.0 */
/* view - the current view, and the readers that hold it. See snapshot.h. */
#include <assert.h>
#include <pthread.h>

#include "base/memory.h"
#include "snapshot/snapshot.h"

struct view_slot {
    pthread_mutex_t lock;           /* guards `view` and the raising of its count */
    struct view *view;              /* one reference */
    _Atomic uint64_t generation;    /* of `view`; readers compare it without the lock */
    _Atomic(struct view *) retired; /* let go of by all, not freed yet */
};

struct view *view_make(struct catalog *catalog, struct snapshot *const *snapshots,
                       bool is_read_only)
{
    struct view *view = MEMORY_NEW(struct view);
    atomic_init(&view->references, 1);
    view->catalog = catalog;
    catalog_acquire(catalog);
    view->snapshots = MEMORY_NEW_ARRAY(struct snapshot *, catalog->environment_count);
    for (size_t i = 0; i < catalog->environment_count; i++) {
        assert(snapshots[i]->environment == catalog->environments[i].number);
        view->snapshots[i] = snapshots[i];
        snapshot_acquire(snapshots[i]);
    }
    view->is_read_only = is_read_only;
    return view;
}

static void free_view(struct view *view)
{
    for (size_t i = 0; i < view->catalog->environment_count; i++)
        snapshot_release(view->snapshots[i]);
    memory_free(view->snapshots);
    catalog_release(view->catalog);
    memory_free(view);
}

static void retire(struct view *view)
{
    _Atomic(struct view *) *retired = &view->slot->retired;
    view->next_retired = atomic_load_explicit(retired, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(retired, &view->next_retired, view,
                                                  memory_order_release, memory_order_relaxed))
        continue;
}

void view_release(struct view *view)
{
    uint32_t before = atomic_fetch_sub_explicit(&view->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1)
        return;
    if (view->slot != NULL)
        retire(view);
    else
        free_view(view);
}

/* All are taken at once, so nobody meets a node that was there before (ABA). */
void view_slot_sweep(struct view_slot *slot)
{
    struct view *view = atomic_exchange_explicit(&slot->retired, NULL, memory_order_acquire);
    while (view != NULL) {
        struct view *next = view->next_retired;
        free_view(view);
        view = next;
    }
}

struct view_slot *view_slot_open(void)
{
    struct view_slot *slot = MEMORY_NEW(struct view_slot);
    pthread_mutex_init(&slot->lock, NULL);
    atomic_init(&slot->generation, 0);
    return slot;
}

void view_slot_close(struct view_slot *slot)
{
    if (slot->view != NULL)
        view_release(slot->view);
    view_slot_sweep(slot);
    pthread_mutex_destroy(&slot->lock);
    memory_free(slot);
}

/* Versions only go forward: the one writer publishes in order, and this is where that is held. */
static void assert_forward(const struct view *last, const struct view *next)
{
    for (size_t i = 0; last != NULL && i < last->catalog->environment_count; i++) {
        const struct snapshot *was = last->snapshots[i];
        const struct snapshot *is = view_find(next, was->environment);
        assert(is != NULL);
        assert(is->version >= was->version);
    }
}

void view_publish(struct view_slot *slot, struct view *next)
{
    pthread_mutex_lock(&slot->lock);
    struct view *last = slot->view;
    assert_forward(last, next);
    next->generation = atomic_load(&slot->generation) + 1;
    next->slot = slot;
    slot->view = next;
    atomic_store_explicit(&slot->generation, next->generation, memory_order_release);
    pthread_mutex_unlock(&slot->lock);
    if (last != NULL)
        view_release(last);
}

struct view *view_acquire(struct view_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    struct view *view = slot->view;
    if (view != NULL)
        atomic_fetch_add_explicit(&view->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&slot->lock);
    return view;
}

uint64_t view_generation(struct view_slot *slot)
{
    return atomic_load_explicit(&slot->generation, memory_order_acquire);
}

struct view *view_reader_refresh(struct view_reader *reader)
{
    if (reader->view != NULL && reader->view->generation == view_generation(reader->slot))
        return reader->view;
    struct view *newer = view_acquire(reader->slot);
    if (reader->view != NULL)
        view_release(reader->view);
    reader->view = newer;
    return newer;
}

void view_reader_close(struct view_reader *reader)
{
    if (reader->view != NULL)
        view_release(reader->view);
    reader->view = NULL;
}
