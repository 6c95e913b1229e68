/* SPDX-License-Identifier: Apache-2.0 */
/* map - text to number: see map.h. */
#include "base/map.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void draw_hash_key(void)
{
    if (sodium_init() < 0)
        assert(false);
    crypto_shorthash_keygen(hash_key);
}

uint64_t map_hash(struct str key)
{
    pthread_once(&hash_key_once, draw_hash_key);
    unsigned char digest[crypto_shorthash_BYTES];
    const char *data = key.data == NULL ? "" : key.data;
    crypto_shorthash(digest, (const unsigned char *)data, key.size, hash_key);
    uint64_t hash = 0;
    memcpy(&hash, digest, sizeof(hash));
    return hash;
}

static uint32_t slot_hash(struct str key)
{
    uint32_t hash = (uint32_t)map_hash(key);
    return hash == 0 ? 1 : hash;
}

void map_open(struct map *map, struct arena *arena, size_t expected_count)
{
    size_t capacity = 8;
    while (capacity < expected_count * 2)
        capacity *= 2;
    *map = (struct map){.arena = arena, .capacity = capacity};
    map->slots = ARENA_NEW_ARRAY(arena, struct map_slot, capacity);
}

static struct map_slot *find_slot(const struct map *map, struct str key, uint32_t hash)
{
    size_t mask = map->capacity - 1;
    size_t at = hash & mask;
    while (map->slots[at].hash != 0) {
        if (map->slots[at].hash == hash && str_equal(map->slots[at].key, key))
            break;
        at = (at + 1) & mask;
    }
    return &map->slots[at];
}

uint32_t map_find(const struct map *map, struct str key)
{
    if (map->count == 0)
        return MAP_ABSENT;
    const struct map_slot *slot = find_slot(map, key, slot_hash(key));
    return slot->hash == 0 ? MAP_ABSENT : slot->value;
}

static void grow(struct map *map)
{
    struct map larger;
    map_open(&larger, map->arena, map->capacity);
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].hash != 0)
            *find_slot(&larger, map->slots[i].key, map->slots[i].hash) = map->slots[i];
    }
    larger.count = map->count;
    *map = larger;
}

bool map_insert(struct map *map, struct str key, uint32_t value)
{
    assert(value != MAP_ABSENT);
    if ((map->count + 1) * 4 > map->capacity * 3)
        grow(map);
    uint32_t hash = slot_hash(key);
    struct map_slot *slot = find_slot(map, key, hash);
    if (slot->hash != 0)
        return false;
    *slot = (struct map_slot){key, hash, value};
    map->count++;
    return true;
}
