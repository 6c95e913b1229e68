/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256 - the digest that others can check with what they have (sha256sum, RFC 9530).
 *
 * For names of our own there is base/digest.h.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/arena.h"
#include "base/str.h"

enum { SHA256_BYTES = 32, SHA256_STATE_BYTES = 104 };

struct sha256 {
    _Alignas(8) unsigned char state[SHA256_STATE_BYTES];
};

void sha256_begin(struct sha256 *sha256);
void sha256_add(struct sha256 *sha256, struct str bytes);
void sha256_end(struct sha256 *sha256, unsigned char digest[SHA256_BYTES]);

/* 64 lower-case hexadecimal digits; 44 characters of base64 with its padding. In the arena, with a
 * NUL behind. */
struct str sha256_hex(struct arena *arena, const unsigned char digest[SHA256_BYTES]);
struct str sha256_base64(struct arena *arena, const unsigned char digest[SHA256_BYTES]);

#endif
