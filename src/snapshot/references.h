/* SPDX-License-Identifier: Apache-2.0 */
/* references - counting who holds a thing; the last one out frees it. For snapshot/'s own files. */
#ifndef SNAPSHOT_REFERENCES_H
#define SNAPSHOT_REFERENCES_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Adds one to a count that somebody already holds, so it cannot reach zero meanwhile. */
static inline void references_add(_Atomic uint32_t *references)
{
    uint32_t before = atomic_fetch_add_explicit(references, 1, memory_order_relaxed);
    assert(before > 0);
    assert(before < UINT32_MAX);
}

/* True when this was the last reference and the owner must free. */
static inline bool references_drop(_Atomic uint32_t *references)
{
    uint32_t before = atomic_fetch_sub_explicit(references, 1, memory_order_acq_rel);
    assert(before > 0);
    return before == 1;
}

#endif
