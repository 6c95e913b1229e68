/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory - the only door to the system's allocator.
 *
 * None of these returns NULL: a machine out of memory is a crash, and a crash is a tested path.
 * What a caller can inflate has a budget, checked before memory is asked for.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

void *memory_allocate(size_t bytes);                    /* zeroed; never NULL */
void *memory_allocate_array(size_t count, size_t size); /* zeroed; overflow is a crash */
void *memory_resize(void *memory, size_t bytes);        /* as realloc; new bytes are not zeroed */
void memory_free(void *memory);

#define MEMORY_NEW(type) ((type *)memory_allocate(sizeof(type)))
#define MEMORY_NEW_ARRAY(type, count) ((type *)memory_allocate_array((count), sizeof(type)))

#endif
