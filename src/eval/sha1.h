/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha1 - SHA-1 (RFC 3174) of a text in two goes, so that a prefix is hashed once for all that comes
 * behind it. It deals tickets and guards nothing: for that it is too weak.
 */
#ifndef EVAL_SHA1_H
#define EVAL_SHA1_H

#include "base/str.h"

enum { SHA1_BLOCK_BYTES = 64 };

struct sha1 {
    uint32_t words[5];                     /* of the whole blocks so far */
    uint64_t size;                         /* bytes so far */
    unsigned char block[SHA1_BLOCK_BYTES]; /* those of them that fill no block */
};

struct sha1 sha1_begin(struct str prefix);
/* The digest of the prefix and this one behind the other. */
void sha1_finish(const struct sha1 *begun, struct str rest, unsigned char digest[20]);
/* The first fifteen hexadecimal digits of that, as a number. */
uint64_t sha1_finish_60(const struct sha1 *begun, struct str rest);

#endif
