/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret - what people and programs present, and ids nobody can guess.
 *
 * A secret is "<prefix>_<tag>_<random><checksum>" or "<prefix>_<random><checksum>": 43 base62
 * characters from the kernel (256 bits) and 6 of checksum over everything before, so that a typo
 * is refused before any look-up. Shown once; kept as SHA-256 and the last four characters.
 *
 * Two forms were fixed by others and carry no checksum: a deployment's key is "client-" or
 * "server-" and 32 base62 characters (190 bits); a project's key and its secret are 32 lower-case
 * hexadecimal digits each (128 bits), and nothing tells the two apart but the look-up.
 */
#ifndef AUTH_SECRET_H
#define AUTH_SECRET_H

#include "base/arena.h"
#include "model/credential.h"

/* "pub", "sdk", "cli", "admin", "ampex", "client", "server"; empty for projects. */
struct str secret_prefix(enum credential_kind kind);

/* A new secret in the arena; tag may be empty, and is for the forms that have one. *shown is its
 * public beginning: "pub_prod_", "client-", "". */
struct str secret_make(struct arena *arena, enum credential_kind kind, struct str tag,
                       struct str *shown);

/* The kind a text claims to be, by its form and checksum; false refuses it without a look-up. 32
 * hexadecimal digits are said to be a project key: they may be its secret as well. */
bool secret_recognise(struct str secret, enum credential_kind *kind);

struct credential_hash secret_hash(struct str secret);
struct str secret_tail(struct str secret); /* its last CREDENTIAL_TAIL_BYTES characters */

/* "production" -> "prod": development dev, staging stage, production prod; others cut down to
 * their lower-case letters and digits, at most 16, "env" when none is left. */
struct str secret_tag(struct arena *arena, struct str environment_name);

/* A random opaque id "<prefix>_<22 base62>". */
struct str id_make(struct arena *arena, struct str prefix);

#endif
