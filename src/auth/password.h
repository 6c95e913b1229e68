/* SPDX-License-Identifier: Apache-2.0 */
/*
 * password - what people remember, kept so that nobody can read it back.
 *
 * A password is stretched with Argon2id (19 MiB, two passes) and only that is kept, as a text that
 * says its own costs (PHC string format). Stretching is slow on purpose: it happens on two threads
 * of this room's, which have the lowest priority there is, so that a flood of logins takes nothing
 * from who evaluates. A few callers may wait for them; more are turned away at once.
 *
 * Used by dialect/sign_in.h alone. The threads are made when they are first needed.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include "base/arena.h"
#include "base/str.h"

enum { PASSWORD_BYTES_MIN = 12, PASSWORD_BYTES_MAX = 128 };
enum { PASSWORD_THREADS = 2, PASSWORD_WAITING_MAX = 4 };

struct passwords;
struct passwords *passwords_open(void);
void passwords_close(struct passwords *passwords); /* nobody is calling any more */

enum password_answer {
    PASSWORD_RIGHT,
    PASSWORD_WRONG,
    PASSWORD_BUSY, /* too many wait, or there is no memory to stretch it in: later */
};

/* Blocks until it is known. verifier absent: there is none, and finding that out takes as long. */
enum password_answer passwords_check(struct passwords *passwords, struct str verifier,
                                     struct str password);
/* What to keep of a password, in the arena. False: busy. */
bool passwords_make(struct passwords *passwords, struct arena *arena, struct str password,
                    struct str *verifier);

/* What only its owner should know, overwritten where it lies. */
void password_forget(struct str password);

#endif
