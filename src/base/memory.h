/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory - the only door to the system's allocator.
 *
 * None of these returns NULL. What the system refuses comes from a reserve (reserve.h), so that
 * what is under way gets to its end; from then on memory is short, and who is about to begin
 * something asks memory_is_short first and says "not now". Where there is no reserve (a command),
 * or none of it is left, it is a crash, and a crash is a tested path.
 *
 * What a caller can inflate has a budget, checked before memory is asked for.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

void *memory_allocate(size_t bytes);                    /* zeroed; never NULL */
void *memory_allocate_array(size_t count, size_t size); /* zeroed; overflow is a crash */
void *memory_resize(void *memory, size_t bytes);        /* as realloc; new bytes are not zeroed */
void memory_free(void *memory);
/* Gives back to the system what was freed: after work that needed much for a moment. */
void memory_trim(void);

#define MEMORY_NEW(type) ((type *)memory_allocate(sizeof(type)))
#define MEMORY_NEW_ARRAY(type, count) ((type *)memory_allocate_array((count), sizeof(type)))

/* Once, before there are threads; it stays to the process's end. False: the system has no room. */
bool memory_open_reserve(void);

/* Whether the system refused memory and has not been seen to give any since. Costs a load while all
 * is well; else it asks the system for a little. */
bool memory_is_short(void);
/* The same as a refusal. */
struct fault memory_refuse_when_short(void) MUST_CHECK;
/* The reserve goes, too: half of it is in use. Nobody is let in until some is free again. */
bool memory_is_nearly_gone(void);

struct memory_figures {
    uint64_t refusals; /* by the system, since the start */
    size_t reserve_bytes, reserve_used_bytes;
};
struct memory_figures memory_figures_read(void);

#endif
