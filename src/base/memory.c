/* SPDX-License-Identifier: Apache-2.0 */
/* memory - the only door to the system's allocator: see memory.h. */
#include "base/memory.h"

#include <stdlib.h>
#include <unistd.h>

static void crash_out_of_memory(void)
{
    static const char text[] = "guidon: out of memory\n";
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
        abort();
    abort();
}

void *memory_allocate(size_t bytes)
{
    return memory_allocate_array(1, bytes);
}

void *memory_allocate_array(size_t count, size_t size)
{
    void *memory = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (memory == NULL)
        crash_out_of_memory();
    return memory;
}

void *memory_resize(void *memory, size_t bytes)
{
    void *resized = realloc(memory, bytes == 0 ? 1 : bytes);
    if (resized == NULL)
        crash_out_of_memory();
    return resized;
}

void memory_free(void *memory)
{
    free(memory);
}
