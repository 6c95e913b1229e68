/* SPDX-License-Identifier: Apache-2.0 */
/* oracle_hash - the hashes, written from their descriptions: see oracle.h. */
#include <string.h>

#include "oracle.h"

enum { FNV_PRIME = 0x01000193 };
#define FNV_BASIS 0x811C9DC5u

uint32_t oracle_fnv_units(struct arena *arena, struct str text)
{
    struct points units = units_of(arena, text);
    uint32_t hash = FNV_BASIS;
    for (size_t i = 0; i < units.count; i++)
        hash = (hash ^ units.at[i]) * FNV_PRIME;
    return hash;
}

uint32_t oracle_fnv_bytes(struct str text)
{
    uint32_t hash = FNV_BASIS;
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * FNV_PRIME;
    return hash;
}

static uint32_t rotated(uint32_t value, int by)
{
    return value << by | value >> (32 - by);
}

/* Up to four bytes, the first one lowest. */
static uint32_t block_at(struct str bytes, size_t at)
{
    uint32_t block = 0;
    for (size_t i = 0; i < 4 && at + i < bytes.size; i++)
        block |= (uint32_t)(unsigned char)bytes.data[at + i] << (8 * i);
    return block;
}

/* Section 10.4 of the text family. */
uint32_t oracle_murmur(struct str bytes, uint32_t seed)
{
    uint32_t hash = seed;
    for (size_t at = 0; at < bytes.size; at += 4) {
        hash ^= rotated(block_at(bytes, at) * 0xcc9e2d51u, 15) * 0x1b873593u;
        if (at + 4 <= bytes.size)
            hash = rotated(hash, 13) * 5 + 0xe6546b64u;
    }
    hash ^= (uint32_t)bytes.size;
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

/* FIPS 180-4, section 6.1. */
static void sha1_block(uint32_t state[5], const unsigned char *block)
{
    uint32_t words[80];
    uint32_t v[5];
    memcpy(v, state, sizeof(v));
    for (size_t t = 0; t < 80; t++) {
        words[t] = t < 16 ? (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
                                (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3]
                          : rotated(words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16], 1);
        uint32_t f = t < 20   ? (v[1] & v[2]) ^ (~v[1] & v[3])
                     : t < 40 ? v[1] ^ v[2] ^ v[3]
                     : t < 60 ? (v[1] & v[2]) ^ (v[1] & v[3]) ^ (v[2] & v[3])
                              : v[1] ^ v[2] ^ v[3];
        static const uint32_t constants[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
        uint32_t next = rotated(v[0], 5) + f + v[4] + constants[t / 20] + words[t];
        memmove(v + 1, v, 4 * sizeof(v[0]));
        v[0] = next;
        v[2] = rotated(v[2], 30);
    }
    for (size_t i = 0; i < 5; i++)
        state[i] += v[i];
}

uint64_t oracle_sha1_60(struct arena *arena, struct str bytes)
{
    size_t size = (bytes.size + 9 + 63) / 64 * 64;
    unsigned char *padded = arena_allocate(arena, size);
    if (bytes.size > 0)
        memcpy(padded, bytes.data, bytes.size);
    padded[bytes.size] = 0x80;
    for (size_t i = 0; i < 8; i++)
        padded[size - 1 - i] = (unsigned char)((uint64_t)bytes.size * 8 >> (8 * i));
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    for (size_t at = 0; at < size; at += 64)
        sha1_block(state, padded + at);
    return ((uint64_t)state[0] << 32 | state[1]) >> 4;
}
