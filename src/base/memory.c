/* SPDX-License-Identifier: Apache-2.0 */
/* memory - the only door to the system's allocator: see memory.h. */
#include "base/memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/reserve.h"

/* Room for the largest change there can be (a snapshot of 32 MiB, made while its predecessor is
 * held). Less is taken where addresses are scarce. */
enum { RESERVE_BYTES = 64 << 20, RESERVE_BYTES_LEAST = 2 << 20, PROBE_BYTES = 256 * 1024 };

/* The process's, as the system's allocator is. */
static struct reserve reserve;
static _Atomic bool is_short;
static _Atomic uint64_t refusals;

static void crash_out_of_memory(void)
{
    static const char text[] = "guidon: out of memory\n";
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
        abort();
    abort();
}

__attribute__((noinline, cold)) static void *take_from_reserve(size_t bytes)
{
    atomic_fetch_add_explicit(&refusals, 1, memory_order_relaxed);
    atomic_store_explicit(&is_short, true, memory_order_relaxed);
    void *memory = reserve_take(&reserve, bytes);
    if (memory == NULL)
        crash_out_of_memory();
    return memory;
}

void *memory_allocate(size_t bytes)
{
    return memory_allocate_array(1, bytes);
}

void *memory_allocate_array(size_t count, size_t size)
{
    void *memory = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (memory != NULL)
        return memory;
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes))
        crash_out_of_memory();
    return memset(take_from_reserve(bytes), 0, bytes);
}

/* A block that cannot grow where it is, or comes from the reserve and had better leave it. */
__attribute__((noinline, cold)) static void *move(void *memory, size_t bytes)
{
    bool is_reserved = reserve_holds(&reserve, memory);
    void *moved = malloc(bytes);
    if (moved == NULL)
        moved = take_from_reserve(bytes);
    if (memory != NULL) {
        size_t held = is_reserved ? reserve_block_bytes(memory) : malloc_usable_size(memory);
        memcpy(moved, memory, held < bytes ? held : bytes);
        memory_free(memory);
    }
    return moved;
}

void *memory_resize(void *memory, size_t bytes)
{
    if (bytes == 0)
        bytes = 1;
    if (!reserve_holds(&reserve, memory)) {
        void *resized = realloc(memory, bytes);
        if (resized != NULL)
            return resized;
    }
    return move(memory, bytes);
}

void memory_free(void *memory)
{
    if (reserve_holds(&reserve, memory))
        reserve_give(&reserve, memory);
    else
        free(memory);
}

void memory_trim(void)
{
    malloc_trim(0);
}

/* ---- shortage ------------------------------------------------------------------------------ */

bool memory_open_reserve(void)
{
    return reserve.base != NULL || reserve_open(&reserve, RESERVE_BYTES, RESERVE_BYTES_LEAST);
}

/* Long-lived blocks may have come from the reserve: it need not be whole, but most of it free. */
static bool has_recovered(void)
{
    void *probe = malloc(PROBE_BYTES);
    bool is_given = probe != NULL;
    free(probe);
    return is_given && reserve_used_bytes(&reserve) <= reserve.bytes / 4;
}

bool memory_is_short(void)
{
    if (!atomic_load_explicit(&is_short, memory_order_relaxed))
        return false;
    if (!has_recovered())
        return true;
    atomic_store_explicit(&is_short, false, memory_order_relaxed);
    return false;
}

struct fault memory_refuse_when_short(void)
{
    if (memory_is_short())
        return fault_make(FAULT_UNAVAILABLE, STR("memory"), STR("memory is short at the moment"));
    return fault_none();
}

bool memory_is_nearly_gone(void)
{
    return atomic_load_explicit(&is_short, memory_order_relaxed) &&
           reserve_used_bytes(&reserve) > reserve.bytes / 2;
}

struct memory_figures memory_figures_read(void)
{
    return (struct memory_figures){
        .refusals = atomic_load_explicit(&refusals, memory_order_relaxed),
        .reserve_bytes = reserve.bytes,
        .reserve_used_bytes = reserve.base == NULL ? 0 : reserve_used_bytes(&reserve),
    };
}
