/* SPDX-License-Identifier: Apache-2.0 */
/* reserve - blocks out of one range of memory: see reserve.h. */
#include "base/reserve.h"

#include <assert.h>
#include <sys/mman.h>

enum { ALIGNMENT = 16 };

/* Before each block; a gap is one with its successor where the block's bytes would be. */
struct head {
    size_t bytes; /* with this head */
    size_t padding;
};

struct reserve_gap {
    struct head head;
    struct reserve_gap *next;
    size_t padding;
};

bool reserve_open(struct reserve *reserve, size_t bytes, size_t least)
{
    *reserve = (struct reserve){0};
    void *base = MAP_FAILED;
    for (; base == MAP_FAILED && bytes >= least; bytes /= 2) {
        base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        reserve->bytes = bytes;
    }
    if (base == MAP_FAILED) {
        reserve->bytes = 0;
        return false;
    }
    reserve->base = base;
    pthread_mutex_init(&reserve->lock, NULL);
    return true;
}

void reserve_close(struct reserve *reserve)
{
    assert(reserve->used_bytes == 0);
    munmap(reserve->base, reserve->bytes);
    pthread_mutex_destroy(&reserve->lock);
    *reserve = (struct reserve){0};
}

static char *gap_end(struct reserve_gap *gap)
{
    return (char *)gap + gap->head.bytes;
}

/* What is left of a gap stays one when another block could come out of it. */
static struct head *take_gap(struct reserve *reserve, size_t bytes)
{
    struct reserve_gap **link = &reserve->gaps;
    while (*link != NULL && (*link)->head.bytes < bytes)
        link = &(*link)->next;
    struct reserve_gap *gap = *link;
    if (gap == NULL)
        return NULL;
    if (gap->head.bytes - bytes < sizeof(struct reserve_gap)) {
        *link = gap->next;
        return &gap->head;
    }
    struct reserve_gap *rest = (void *)((char *)gap + bytes);
    rest->head.bytes = gap->head.bytes - bytes;
    rest->next = gap->next;
    *link = rest;
    gap->head.bytes = bytes;
    return &gap->head;
}

static struct head *take_fresh(struct reserve *reserve, size_t bytes)
{
    if (reserve->bytes - reserve->fresh < bytes)
        return NULL;
    struct head *head = (void *)(reserve->base + reserve->fresh);
    reserve->fresh += bytes;
    head->bytes = bytes;
    return head;
}

void *reserve_take(struct reserve *reserve, size_t bytes)
{
    if (bytes >= reserve->bytes)
        return NULL;
    size_t whole = sizeof(struct head) + ((bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1));
    if (whole < sizeof(struct reserve_gap))
        whole = sizeof(struct reserve_gap);
    pthread_mutex_lock(&reserve->lock);
    struct head *head = take_gap(reserve, whole);
    if (head == NULL)
        head = take_fresh(reserve, whole);
    if (head != NULL)
        reserve->used_bytes += head->bytes;
    pthread_mutex_unlock(&reserve->lock);
    return head == NULL ? NULL : head + 1;
}

static void join_with_next(struct reserve_gap *gap)
{
    struct reserve_gap *next = gap->next;
    if (next == NULL || gap_end(gap) != (char *)next)
        return;
    gap->head.bytes += next->head.bytes;
    gap->next = next->next;
}

/* All is free: the pages go back to the system. */
static void start_over(struct reserve *reserve)
{
    madvise(reserve->base, reserve->bytes, MADV_DONTNEED);
    reserve->gaps = NULL;
    reserve->fresh = 0;
}

void reserve_give(struct reserve *reserve, void *block)
{
    struct reserve_gap *gap = (void *)((struct head *)block - 1);
    pthread_mutex_lock(&reserve->lock);
    assert(reserve->used_bytes >= gap->head.bytes);
    reserve->used_bytes -= gap->head.bytes;
    struct reserve_gap *before = NULL;
    struct reserve_gap **link = &reserve->gaps;
    while (*link != NULL && *link < gap) {
        before = *link;
        link = &before->next;
    }
    gap->next = *link;
    *link = gap;
    join_with_next(gap);
    if (before != NULL)
        join_with_next(before);
    if (reserve->used_bytes == 0)
        start_over(reserve);
    pthread_mutex_unlock(&reserve->lock);
}

size_t reserve_block_bytes(const void *block)
{
    return ((const struct head *)block - 1)->bytes - sizeof(struct head);
}

size_t reserve_used_bytes(struct reserve *reserve)
{
    pthread_mutex_lock(&reserve->lock);
    size_t bytes = reserve->used_bytes;
    pthread_mutex_unlock(&reserve->lock);
    return bytes;
}
