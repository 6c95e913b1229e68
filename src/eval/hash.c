/* SPDX-License-Identifier: Apache-2.0 */
/* hash - FNV-1a over UTF-16 units and MurmurHash3: see hash.h. */
#include "eval/hash.h"

#include <endian.h>
#include <string.h>

#include "base/utf.h"

static inline uint32_t fnv1a_fold(uint32_t hash, uint32_t unit)
{
    return (hash ^ unit) * 0x01000193u;
}

static inline uint32_t fnv1a_fold_code_point(uint32_t hash, uint32_t code_point)
{
    if (code_point < 0x10000)
        return fnv1a_fold(hash, code_point);
    uint32_t offset = code_point - 0x10000;
    hash = fnv1a_fold(hash, 0xD800 + (offset >> 10));
    return fnv1a_fold(hash, 0xDC00 + (offset & 0x3FF));
}

uint32_t hash_fnv1a_utf16_continue(uint32_t hash, struct str text)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    size_t at = 0;
    while (at < text.size) {
        while (at < text.size && bytes[at] < 0x80)
            hash = fnv1a_fold(hash, bytes[at++]);
        if (at < text.size)
            hash = fnv1a_fold_code_point(hash, utf8_next(text, &at));
    }
    return hash;
}

uint32_t hash_fnv1a_utf16(struct str text)
{
    return hash_fnv1a_utf16_continue(HASH_FNV1A_BASIS, text);
}

uint32_t hash_fnv1a_utf8_continue(uint32_t hash, struct str text)
{
    for (size_t i = 0; i < text.size; i++)
        hash = fnv1a_fold(hash, (unsigned char)text.data[i]);
    return hash;
}

uint32_t hash_fnv1a_units(const uint16_t *units, size_t count)
{
    uint32_t hash = HASH_FNV1A_BASIS;
    for (size_t i = 0; i < count; i++)
        hash = fnv1a_fold(hash, units[i]);
    return hash;
}

static inline uint32_t rotate_left(uint32_t value, unsigned bits)
{
    return (value << bits) | (value >> (32 - bits));
}

static inline uint32_t murmur3_scramble(uint32_t block)
{
    return rotate_left(block * 0xcc9e2d51u, 15) * 0x1b873593u;
}

static inline uint32_t murmur3_mix(uint32_t hash, uint32_t block)
{
    return rotate_left(hash ^ murmur3_scramble(block), 13) * 5 + 0xe6546b64u;
}

/* Four bytes, little endian whatever the machine's order. */
static inline uint32_t load_block(const unsigned char *bytes)
{
    uint32_t block = 0;
    memcpy(&block, bytes, sizeof(block));
    return le32toh(block);
}

/* Up to three. */
static inline uint32_t load_tail(const unsigned char *bytes, size_t count)
{
    uint32_t last = count & 1 ? bytes[count - 1] : 0;
    return count & 2 ? last << 16 | (uint32_t)bytes[1] << 8 | bytes[0] : last;
}

/* Whatever is held already, four bytes are taken at once and put behind it: what does not fit into
 * the block is held for the next. */
static inline struct hash_murmur3 add(struct hash_murmur3 state, struct str rest)
{
    const unsigned char *bytes = (const unsigned char *)rest.data;
    size_t left = rest.size;
    size_t held = state.size & 3;
    uint64_t window = state.tail;
    for (; left >= 4; left -= 4, bytes += 4) {
        window |= (uint64_t)load_block(bytes) << (8 * held);
        state.hash = murmur3_mix(state.hash, (uint32_t)window);
        window >>= 32;
    }
    window |= (uint64_t)load_tail(bytes, left) << (8 * held);
    if (held + left >= 4) {
        state.hash = murmur3_mix(state.hash, (uint32_t)window);
        window >>= 32;
    }
    state.tail = (uint32_t)window;
    state.size += rest.size;
    return state;
}

struct hash_murmur3 hash_murmur3_begin(struct str prefix, uint32_t seed)
{
    return add((struct hash_murmur3){.hash = seed}, prefix);
}

struct hash_murmur3 hash_murmur3_continue(const struct hash_murmur3 *begun, struct str more)
{
    return add(*begun, more);
}

uint32_t hash_murmur3_finish(const struct hash_murmur3 *begun, struct str rest)
{
    struct hash_murmur3 state = add(*begun, rest);
    uint32_t hash = state.hash ^ murmur3_scramble(state.tail); /* of nothing it is nothing */
    hash ^= (uint32_t)state.size;
    hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
    hash = (hash ^ (hash >> 13)) * 0xc2b2ae35u;
    return hash ^ (hash >> 16);
}

uint32_t hash_murmur3_32(struct str bytes, uint32_t seed)
{
    struct hash_murmur3 begun = {.hash = seed};
    return hash_murmur3_finish(&begun, bytes);
}
