/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest - a name for bytes, by their content (BLAKE2b, libsodium).
 *
 *     struct digest digest;
 *     digest_begin(&digest);
 *     digest_add_text(&digest, method);
 *     digest_add_text(&digest, body);
 *     digest_end(&digest, name, sizeof(name));
 *
 * The same on every node and after a restart. Nobody finds other bytes with the same name.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/arena.h"
#include "base/str.h"

enum { DIGEST_STATE_BYTES = 384, DIGEST_STATE_ALIGNMENT = 64, DIGEST_BYTES = 32 };

/* Stays where it was begun: the state lies at the first place in it that is aligned as it must be.
 */
struct digest {
    unsigned char room[DIGEST_STATE_BYTES + DIGEST_STATE_ALIGNMENT];
};

void digest_begin(struct digest *digest);
void digest_add(struct digest *digest, struct str bytes); /* pieces of one text */
/* A text of its own: its length goes first, so that "ab", "c" is not "a", "bc". An absent text is
 * not an empty one. */
void digest_add_text(struct digest *digest, struct str text);
void digest_end(struct digest *digest, unsigned char *name, size_t size); /* 16 to 32 bytes */

/* 128 bits of one text's digest as 22 base64url digits, in the arena. */
struct str digest_text(struct arena *arena, struct str text);

#endif
