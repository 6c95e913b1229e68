/* SPDX-License-Identifier: Apache-2.0 */
/* sticky - who a request is about to those experiments that people keep their variation of.
 * amplitude-evaluation.md 6.4, 9.5; dialect/sticky.h does the rest. */
#ifndef AMPLITUDE_STICKY_H
#define AMPLITUDE_STICKY_H

#include "dialect/amplitude/user.h"
#include "dialect/exchange.h"
#include "dialect/sticky.h"

/* One request's. */
struct amplitude_person {
    struct arena *arena;
    const struct amplitude_user *user;
};

/* Borrows the person. */
struct sticky amplitude_sticky(const struct exchange *x, const struct amplitude_person *person);

/* Notes a decision about a flag that sticks, when the caller lets it be tracked. */
void amplitude_note_sticky(const struct exchange *x, const struct sticky *sticky,
                           const struct decision *decision);

#endif
