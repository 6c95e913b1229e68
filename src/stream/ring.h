/* SPDX-License-Identifier: Apache-2.0 */
/* ring - who is in which list: intrusive, and moved whole or one by one in constant time. */
#ifndef STREAM_RING_H
#define STREAM_RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring { /* a list's head, or a member's link; a link that is in no list points at itself */
    struct ring *previous, *next;
};

static inline void ring_open(struct ring *ring)
{
    *ring = (struct ring){ring, ring};
}

static inline bool ring_is_empty(const struct ring *ring)
{
    return ring->next == ring;
}

static inline void ring_remove(struct ring *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    ring_open(link);
}

/* As the last of the list, from wherever it was. */
static inline void ring_append(struct ring *ring, struct ring *link)
{
    ring_remove(link);
    link->previous = ring->previous;
    link->next = ring;
    ring->previous->next = link;
    ring->previous = link;
}

/* All of `from` behind the last of the list. */
static inline void ring_append_all(struct ring *ring, struct ring *from)
{
    if (ring_is_empty(from))
        return;
    from->next->previous = ring->previous;
    ring->previous->next = from->next;
    from->previous->next = ring;
    ring->previous = from->previous;
    ring_open(from);
}

#define RING_MEMBER(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

#endif
