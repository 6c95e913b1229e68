/* SPDX-License-Identifier: Apache-2.0 */
/*
 * annex - what dialects prepare of revisions and snapshots. See snapshot.h.
 *
 * A slot is written once, by compare and swap; two who make the same at the same time do it in
 * vain once, which is cheaper than a lock on every answer.
 */
#include "snapshot/annex.h"

void *annex_make(size_t bytes, size_t more)
{
    struct arena arena;
    arena_open(&arena, bytes + more + (size_t)2 * ARENA_ALIGNMENT);
    struct annex *annex = arena_allocate(&arena, bytes);
    annex->arena = arena;
    return annex;
}

static void close_annex(struct annex *annex)
{
    struct arena arena = annex->arena; /* not from within what goes with it */
    arena_close(&arena);
}

const void *annex_keep(annex_slot *slot, void *mine)
{
    struct annex *kept = NULL;
    if (atomic_compare_exchange_strong_explicit(slot, &kept, mine, memory_order_acq_rel,
                                                memory_order_acquire))
        return mine;
    close_annex(mine);
    return kept;
}

void annexes_close(annex_slot slots[ANNEXES_MAX])
{
    for (size_t i = 0; i < ANNEXES_MAX; i++) {
        struct annex *annex = atomic_load_explicit(&slots[i], memory_order_acquire);
        if (annex != NULL)
            close_annex(annex);
    }
}
