/* SPDX-License-Identifier: Apache-2.0 */
/* hash - FNV-1a over UTF-16 units and MurmurHash3: see hash.h. */
#include "eval/hash.h"

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

/* Little endian, whatever the machine's order; `count` is 1 to 4. */
static inline uint32_t murmur3_block(const unsigned char *bytes, size_t count)
{
    uint32_t block = 0;
    for (size_t i = 0; i < count; i++)
        block |= (uint32_t)bytes[i] << (8 * i);
    return block;
}

uint32_t hash_murmur3_32(struct str bytes, uint32_t seed)
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    size_t tail = bytes.size & 3;
    size_t whole = bytes.size - tail;
    uint32_t hash = seed;
    for (size_t at = 0; at < whole; at += 4) {
        hash ^= murmur3_scramble(murmur3_block(data + at, 4));
        hash = rotate_left(hash, 13) * 5 + 0xe6546b64u;
    }
    if (tail > 0)
        hash ^= murmur3_scramble(murmur3_block(data + whole, tail));
    hash ^= (uint32_t)bytes.size;
    hash = (hash ^ (hash >> 16)) * 0x85ebca6bu;
    hash = (hash ^ (hash >> 13)) * 0xc2b2ae35u;
    return hash ^ (hash >> 16);
}
