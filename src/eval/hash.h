/* SPDX-License-Identifier: Apache-2.0 */
/* hash - the arithmetic that turns text into a number, as its specification has it. */
#ifndef EVAL_HASH_H
#define EVAL_HASH_H

#include "base/str.h"

/* FNV-1a, 32 bits, over UTF-16 code units, xor-ing the whole unit: wire reference, section 14. The
 * text is valid UTF-8. For ASCII it equals the byte-wise form. */
uint32_t hash_fnv1a_utf16(struct str text);
uint32_t hash_fnv1a_utf16_continue(uint32_t hash, struct str text); /* start: HASH_FNV1A_BASIS */
uint32_t hash_fnv1a_units(const uint16_t *units, size_t count);

#define HASH_FNV1A_BASIS 0x811C9DC5u

/* The same over bytes. */
uint32_t hash_fnv1a_utf8_continue(uint32_t hash, struct str text);

/* MurmurHash3 x86 32-bit (Appleby) over bytes. */
uint32_t hash_murmur3_32(struct str bytes, uint32_t seed);

/* The same in two goes, so that a prefix is hashed once for all that comes behind it:
 * finish(begin(a, seed), b) is the hash of a and b written one behind the other. */
struct hash_murmur3 {
    uint32_t hash; /* of the whole blocks so far */
    uint32_t tail; /* the bytes behind them, little endian */
    size_t size;   /* bytes so far: size mod 4 of them are in the tail */
};
struct hash_murmur3 hash_murmur3_begin(struct str prefix, uint32_t seed);
struct hash_murmur3 hash_murmur3_continue(const struct hash_murmur3 *begun, struct str more);
uint32_t hash_murmur3_finish(const struct hash_murmur3 *begun, struct str rest);

#endif
