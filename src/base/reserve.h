/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reserve - blocks out of one range of memory, for when the system gives none.
 *
 * First fit from the front, neighbours joined when they are free: it is slow, small, and used only
 * then. Nothing is written into the range before the first block, and what is given back leaves it
 * untouched again, so that it holds addresses, not memory.
 */
#ifndef BASE_RESERVE_H
#define BASE_RESERVE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reserve_gap;

struct reserve {
    char *base;
    size_t bytes;
    pthread_mutex_t lock;
    struct reserve_gap *gaps; /* free blocks below `fresh`, by address */
    size_t fresh;             /* from here on nothing was ever used, or all was given back */
    size_t used_bytes;
};

/* Takes the largest of bytes, bytes / 2 … least that can be had. */
bool reserve_open(struct reserve *reserve, size_t bytes, size_t least);
void reserve_close(struct reserve *reserve);

void *reserve_take(struct reserve *reserve, size_t bytes); /* aligned to 16, not zeroed; or NULL */
void reserve_give(struct reserve *reserve, void *block);
size_t reserve_block_bytes(const void *block);
size_t reserve_used_bytes(struct reserve *reserve);

static inline bool reserve_holds(const struct reserve *reserve, const void *memory)
{
    return (uintptr_t)memory - (uintptr_t)reserve->base < reserve->bytes;
}

#endif
