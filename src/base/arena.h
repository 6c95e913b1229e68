/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena - memory with one lifetime.
 *
 * Everything allocated from an arena dies together, at reset or close. There are few lifetimes:
 * the process, a flag's revision, a snapshot, a request. A function that takes an arena leaves its
 * result there; one that does not borrows, or returns a value.
 *
 * An arena belongs to one thread at a time. Not thread-safe by itself.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* the one being filled; older ones hang off it */
    size_t chunk_bytes;        /* size of the next chunk to be asked for */
    size_t total_bytes;        /* bytes held from the system */
};

void arena_open(struct arena *arena, size_t chunk_bytes); /* asks the system for nothing yet */
void arena_reset(struct arena *arena);                    /* keeps one chunk for the next round */
void arena_close(struct arena *arena);

void *arena_allocate(struct arena *arena, size_t bytes); /* zeroed, aligned to 16 */
void *arena_allocate_array(struct arena *arena, size_t count, size_t size);
void *arena_copy(struct arena *arena, const void *data, size_t bytes);
/* Not aligned: texts lie one against the other. An absent str stays absent; others carry a NUL
 * behind their last byte. */
struct str arena_copy_str(struct arena *arena, struct str s);
/* What is in use of what is held: who copies all of it anew needs a chunk of up to
 * ARENA_ALIGNMENT - 1 bytes more, wherever the texts end. */
enum { ARENA_ALIGNMENT = 16 };
size_t arena_used_bytes(const struct arena *arena);

/* printf into the arena; the result carries a NUL behind its last byte. */
struct str arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define ARENA_NEW(arena, type) ((type *)arena_allocate((arena), sizeof(type)))
#define ARENA_NEW_ARRAY(arena, type, count)                                                        \
    ((type *)arena_allocate_array((arena), (count), sizeof(type)))

#endif
