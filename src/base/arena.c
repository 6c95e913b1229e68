/* SPDX-License-Identifier: Apache-2.0 */
/* arena - memory with one lifetime: see arena.h. */
#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { ALIGNMENT = ARENA_ALIGNMENT, CHUNK_BYTES_MAX = 1 << 20 };

/* Objects are laid from the front, aligned; texts from the back, one against the other: what needs
 * no alignment pays for none. */
struct arena_chunk {
    struct arena_chunk *older;
    size_t capacity;
    size_t used;  /* by objects */
    size_t texts; /* where texts begin: capacity when there are none */
    char data[];
};

static_assert(sizeof(struct arena_chunk) % ALIGNMENT == 0, "chunk data must stay aligned");

void arena_open(struct arena *arena, size_t chunk_bytes)
{
    *arena = (struct arena){.chunk_bytes = chunk_bytes < 64 ? 64 : chunk_bytes};
}

static void free_chunks(struct arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct arena_chunk *older = chunk->older;
        memory_free(chunk);
        chunk = older;
    }
}

void arena_reset(struct arena *arena)
{
    if (arena->chunk == NULL)
        return;
    free_chunks(arena->chunk->older);
    arena->chunk->older = NULL;
    arena->chunk->used = 0;
    arena->chunk->texts = arena->chunk->capacity;
    arena->total_bytes = sizeof(struct arena_chunk) + arena->chunk->capacity;
}

void arena_close(struct arena *arena)
{
    free_chunks(arena->chunk);
    *arena = (struct arena){.chunk_bytes = arena->chunk_bytes};
}

static void add_chunk(struct arena *arena, size_t bytes)
{
    size_t capacity = bytes > arena->chunk_bytes ? bytes : arena->chunk_bytes;
    /* Not zeroed: that is done as it is handed out, which must be done after a reset anyway. */
    struct arena_chunk *chunk = memory_resize(NULL, sizeof(struct arena_chunk) + capacity);
    chunk->capacity = chunk->texts = capacity;
    chunk->used = 0;
    chunk->older = arena->chunk;
    arena->chunk = chunk;
    arena->total_bytes += sizeof(struct arena_chunk) + capacity;
    if (arena->chunk_bytes < CHUNK_BYTES_MAX)
        arena->chunk_bytes *= 2;
}

static struct arena_chunk *chunk_with_room(struct arena *arena, size_t bytes)
{
    if (arena->chunk == NULL || arena->chunk->texts - arena->chunk->used < bytes)
        add_chunk(arena, bytes);
    return arena->chunk;
}

void *arena_allocate(struct arena *arena, size_t bytes)
{
    assert(bytes <= SIZE_MAX / 2);
    size_t rounded = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct arena_chunk *chunk = chunk_with_room(arena, rounded);
    char *memory = chunk->data + chunk->used;
    chunk->used += rounded;
    memset(memory, 0, rounded);
    return memory;
}

void *arena_allocate_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes))
        abort();
    return arena_allocate(arena, bytes);
}

void *arena_copy(struct arena *arena, const void *data, size_t bytes)
{
    void *copy = arena_allocate(arena, bytes);
    if (bytes > 0)
        memcpy(copy, data, bytes);
    return copy;
}

struct str arena_copy_str(struct arena *arena, struct str s)
{
    if (s.size == 0)
        return (struct str){s.data == NULL ? NULL : "", 0};
    struct arena_chunk *chunk = chunk_with_room(arena, s.size + 1);
    chunk->texts -= s.size + 1;
    char *text = chunk->data + chunk->texts;
    memcpy(text, s.data, s.size);
    text[s.size] = '\0';
    return (struct str){text, s.size};
}

size_t arena_used_bytes(const struct arena *arena)
{
    size_t bytes = 0;
    for (const struct arena_chunk *chunk = arena->chunk; chunk != NULL; chunk = chunk->older)
        bytes += chunk->used + (chunk->capacity - chunk->texts);
    return bytes;
}

struct str arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(size >= 0);
    char *text = arena_allocate(arena, (size_t)size + 1);
    vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return (struct str){text, (size_t)size};
}
