/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map - text to number, in an arena.
 *
 * Open addressing over SipHash with a key drawn once per process, because the texts come from
 * outside (security checklist, rule 8). Keys are borrowed, not copied. No removal: a map is built,
 * read, and dies with its arena.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/arena.h"
#include "base/str.h"

struct map_slot {
    struct str key;
    uint32_t hash; /* 0 marks an empty slot */
    uint32_t value;
};

struct map {
    struct arena *arena;
    struct map_slot *slots;
    size_t capacity; /* power of two */
    size_t count;
};

enum { MAP_ABSENT = UINT32_MAX };

void map_open(struct map *map, struct arena *arena, size_t expected_count);

/* The value stored under key, or MAP_ABSENT. Reading from many threads at once is fine. */
uint32_t map_find(const struct map *map, struct str key);

/* Stores value under key unless key is there already; returns whether it was new. */
bool map_insert(struct map *map, struct str key, uint32_t value);

uint64_t map_hash(struct str key); /* the keyed SipHash-2-4 the maps use */

#endif
