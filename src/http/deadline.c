/* SPDX-License-Identifier: Apache-2.0 */
/* deadline - what a connection must have done, and by when: see deadline.h. */
#include "http/deadline.h"

#include <assert.h>

#include "http/patience.h"

enum { TICK_MS_MIN = 5, TICK_MS_MAX = 250, LINGER_MS = 1000, TICKS_PER_INTERVAL = 8 };

void deadlines_open(struct deadlines *deadlines, const struct http_limits *limits)
{
    *deadlines = (struct deadlines){
        .interval_ms =
            {
                [DEADLINE_HEADER] = limits->header_timeout_ms,
                [DEADLINE_BODY] = limits->body_timeout_ms / BODY_LOOKS,
                [DEADLINE_IDLE] = limits->idle_timeout_ms,
                [DEADLINE_WRITE] = limits->write_timeout_ms,
                [DEADLINE_HANDLER] = limits->handler_timeout_ms,
                [DEADLINE_LINGER] = LINGER_MS,
                [DEADLINE_STREAM] = UINT32_MAX,
                [DEADLINE_REST] = PATIENCE_REST_MS,
            },
    };
    for (size_t kind = 0; kind < DEADLINE_KINDS; kind++) {
        struct deadline *ring = &deadlines->lists[kind];
        *ring = (struct deadline){.previous = ring, .next = ring, .kind = DEADLINE_NONE};
    }
}

uint32_t deadlines_tick_ms(const struct deadlines *deadlines)
{
    uint32_t shortest = TICK_MS_MAX * TICKS_PER_INTERVAL;
    for (size_t kind = 0; kind < DEADLINE_KINDS; kind++) {
        if (kind != DEADLINE_REST && deadlines->interval_ms[kind] < shortest)
            shortest = deadlines->interval_ms[kind];
    }
    uint32_t tick = shortest / TICKS_PER_INTERVAL;
    return tick < TICK_MS_MIN ? TICK_MS_MIN : tick;
}

void deadline_init(struct deadline *deadline)
{
    *deadline = (struct deadline){.kind = DEADLINE_NONE};
}

void deadline_stop(struct deadline *deadline)
{
    if (deadline->next == NULL)
        return;
    deadline->previous->next = deadline->next;
    deadline->next->previous = deadline->previous;
    deadline_init(deadline);
}

void deadline_start(struct deadlines *deadlines, struct deadline *deadline, enum deadline_kind kind,
                    uint64_t now_ms)
{
    assert(kind < DEADLINE_KINDS);
    deadline_stop(deadline);
    struct deadline *ring = &deadlines->lists[kind];
    deadline->due_ms = now_ms + deadlines->interval_ms[kind];
    deadline->kind = kind;
    deadline->previous = ring->previous;
    deadline->next = ring;
    ring->previous->next = deadline;
    ring->previous = deadline;
}

struct deadline *deadlines_take(struct deadlines *deadlines, enum deadline_kind kind)
{
    struct deadline *ring = &deadlines->lists[kind];
    struct deadline *first = ring->next;
    if (first == ring)
        return NULL;
    deadline_stop(first);
    return first;
}

struct deadline *deadlines_take_due(struct deadlines *deadlines, enum deadline_kind kind,
                                    uint64_t now_ms)
{
    const struct deadline *ring = &deadlines->lists[kind];
    if (ring->next == ring || ring->next->due_ms > now_ms)
        return NULL;
    return deadlines_take(deadlines, kind);
}
