/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_token - what an event stream's address carries in the place of a credential.
 *
 * Browsers cannot send a header when they open a stream, so its address has to say who may. The
 * token is "<credential id>.<43 base64url digits>": a keyed BLAKE2b of the credential's id under
 * the hash that is kept of its secret. Nobody but the server and who holds the secret can make one;
 * it opens nothing but streams, ends with the credential, is the same on every node and after a
 * restart, and nothing is stored.
 */
#ifndef AUTH_EVENT_TOKEN_H
#define AUTH_EVENT_TOKEN_H

#include "base/arena.h"
#include "model/credential.h"

/* The token of the credential whose secret has this hash. In the arena. */
struct str event_token_make(struct arena *arena, struct str credential_id,
                            const struct credential_hash *hash);

/* The id a token claims to be of; absent when it is no token by its form. Borrowed. */
struct str event_token_credential(struct str token);

/* Whether the token is that credential's. In constant time. */
bool event_token_is_of(struct str token, struct str credential_id,
                       const struct credential_hash *hash);

#endif
