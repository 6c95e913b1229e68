/* SPDX-License-Identifier: Apache-2.0 */
/* sha1 - see sha1.h. The names of steps are those of RFC 3174, section 6.1. */
#include "eval/sha1.h"

#include <endian.h>
#include <string.h>

static inline uint32_t rotate_left(uint32_t value, unsigned bits)
{
    return (value << bits) | (value >> (32 - bits));
}

static void spread(const unsigned char *block, uint32_t words[80])
{
    for (unsigned i = 0; i < 16; i++) {
        uint32_t word = 0;
        memcpy(&word, block + i * sizeof(word), sizeof(word));
        words[i] = be32toh(word);
    }
    for (unsigned i = 16; i < 80; i++)
        words[i] = rotate_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
}

struct working {
    uint32_t a, b, c, d, e;
};

static inline __attribute__((always_inline)) struct working turn(struct working w, uint32_t mixed,
                                                                 uint32_t word)
{
    uint32_t first = rotate_left(w.a, 5) + mixed + w.e + word;
    return (struct working){first, w.a, rotate_left(w.b, 30), w.c, w.d};
}

static inline uint32_t choice(struct working w)
{
    return w.d ^ (w.b & (w.c ^ w.d));
}

static inline uint32_t parity(struct working w)
{
    return w.b ^ w.c ^ w.d;
}

static inline uint32_t majority(struct working w)
{
    return (w.b & w.c) | (w.d & (w.b | w.c));
}

/* Twenty rounds have one function and one constant. */
static void take_block(uint32_t state[5], const unsigned char *block)
{
    uint32_t words[80];
    struct working w = {state[0], state[1], state[2], state[3], state[4]};
    spread(block, words);
    for (unsigned i = 0; i < 20; i++)
        w = turn(w, choice(w) + 0x5A827999u, words[i]);
    for (unsigned i = 20; i < 40; i++)
        w = turn(w, parity(w) + 0x6ED9EBA1u, words[i]);
    for (unsigned i = 40; i < 60; i++)
        w = turn(w, majority(w) + 0x8F1BBCDCu, words[i]);
    for (unsigned i = 60; i < 80; i++)
        w = turn(w, parity(w) + 0xCA62C1D6u, words[i]);
    state[0] += w.a;
    state[1] += w.b;
    state[2] += w.c;
    state[3] += w.d;
    state[4] += w.e;
}

static void add(struct sha1 *sha1, struct str bytes)
{
    size_t held = sha1->size % SHA1_BLOCK_BYTES;
    sha1->size += bytes.size;
    while (bytes.size > 0) {
        size_t room = SHA1_BLOCK_BYTES - held;
        size_t taken = bytes.size < room ? bytes.size : room;
        memcpy(sha1->block + held, bytes.data, taken);
        bytes = str_slice(bytes, taken, bytes.size);
        held += taken;
        if (held == SHA1_BLOCK_BYTES) {
            take_block(sha1->words, sha1->block);
            held = 0;
        }
    }
}

struct sha1 sha1_begin(struct str prefix)
{
    struct sha1 sha1 = {.words = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u}};
    add(&sha1, prefix);
    return sha1;
}

/* A one bit, zeros, and the length in bits at the end of a block: section 4. */
static void finish(const struct sha1 *begun, struct str rest, uint32_t words[5])
{
    enum { LENGTH_AT = SHA1_BLOCK_BYTES - sizeof(uint64_t) };
    struct sha1 sha1 = *begun;
    add(&sha1, rest);
    size_t held = sha1.size % SHA1_BLOCK_BYTES;
    sha1.block[held++] = 0x80;
    memset(sha1.block + held, 0, SHA1_BLOCK_BYTES - held);
    if (held > LENGTH_AT) {
        take_block(sha1.words, sha1.block);
        memset(sha1.block, 0, SHA1_BLOCK_BYTES);
    }
    uint64_t bits = htobe64(sha1.size * 8);
    memcpy(sha1.block + LENGTH_AT, &bits, sizeof(bits));
    take_block(sha1.words, sha1.block);
    memcpy(words, sha1.words, sizeof(sha1.words));
}

void sha1_finish(const struct sha1 *begun, struct str rest, unsigned char digest[20])
{
    uint32_t words[5];
    finish(begun, rest, words);
    for (size_t i = 0; i < 5; i++)
        words[i] = htobe32(words[i]);
    memcpy(digest, words, sizeof(words));
}

uint64_t sha1_finish_60(const struct sha1 *begun, struct str rest)
{
    uint32_t words[5];
    finish(begun, rest, words);
    return ((uint64_t)words[0] << 32 | words[1]) >> 4;
}
