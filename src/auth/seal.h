/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal - what only who shows the same secret again can read.
 *
 * For bytes that must be stored but may hold what was shown once (a new token): encrypted under a
 * key made of the secret and a salt, so that a copy of the store is worth nothing without the
 * secret, of which it has a hash alone.
 */
#ifndef AUTH_SEAL_H
#define AUTH_SEAL_H

#include "base/arena.h"
#include "base/str.h"

enum { SEAL_KEY_BYTES = 32 };
struct seal_key {
    unsigned char bytes[SEAL_KEY_BYTES];
};

/* The secret is one of ours, with 128 bits or more nobody can guess: it needs no stretching. */
struct seal_key seal_key_make(struct str secret, struct str salt);
void seal_key_forget(struct seal_key *key);

/* Encrypted and authenticated (XSalsa20-Poly1305), behind a nonce of its own; in the arena. */
struct str seal_close(struct arena *arena, const struct seal_key *key, struct str plain);
/* False: another key, or not what was sealed. */
bool seal_open(struct arena *arena, const struct seal_key *key, struct str sealed,
               struct str *plain);

#endif
