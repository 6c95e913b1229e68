/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag_defaults - what a flag is where its writer says nothing.
 *
 * A body of {"key": "dark-mode"} is a whole flag: boolean, off, "on" for everybody once it is
 * enabled. Of a flag that is there already, arithmetic and salt stay unless they are given, because
 * changing either deals everybody anew (flag_reshuffle).
 */
#ifndef ADMIN_FLAG_DEFAULTS_H
#define ADMIN_FLAG_DEFAULTS_H

#include "model/flag.h"

/* Who is dealt by: whom the request is about, in contexts of either form. */
extern const struct str flag_default_selector;
/* 8 characters of A-Z a-z 0-9. */
struct str flag_random_salt(struct arena *arena);

/* Fills what the document leaves out, and its id, which stays empty: the edit gives one. current:
 * what is there under the key, or NULL. Whatever is there but of a wrong type is left to the
 * decoder. */
void flag_defaults_fill(struct arena *arena, struct json *document, struct str key,
                        const struct flag *current);

/* What a new version of a flag would deal anew, in one sentence; absent when everybody keeps what
 * they have. *where: a pointer to what causes it. */
struct str flag_reshuffle(struct arena *arena, const struct flag *current, const struct flag *flag,
                          struct str *where);

#endif
