/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret - what people and programs present, and ids nobody can guess.
 *
 * A secret is "<prefix>_<tag>_<random><checksum>" or "<prefix>_<random><checksum>": 43 base62
 * characters from the kernel (256 bits) and 6 of checksum over everything before, so that a typo
 * is refused before any look-up. Shown once; kept as SHA-256 and the last four characters.
 */
#ifndef AUTH_SECRET_H
#define AUTH_SECRET_H

#include "base/arena.h"
#include "model/credential.h"

struct str secret_prefix(enum credential_kind kind); /* "pub", "sdk", "cli", "admin" */

/* A new secret in the arena; tag may be empty. *shown is its public beginning, "pub_prod_". */
struct str secret_make(struct arena *arena, enum credential_kind kind, struct str tag,
                       struct str *shown);

/* The kind a text claims to be, by prefix and checksum; false refuses it without a look-up. */
bool secret_recognise(struct str secret, enum credential_kind *kind);

struct credential_hash secret_hash(struct str secret);
struct str secret_tail(struct str secret); /* its last CREDENTIAL_TAIL_BYTES characters */

/* "production" -> "prod": development dev, staging stage, production prod; others cut down to
 * their lower-case letters and digits, at most 16, "env" when none is left. */
struct str secret_tag(struct arena *arena, struct str environment_name);

/* A random opaque id "<prefix>_<22 base62>". */
struct str id_make(struct arena *arena, struct str prefix);

#endif
