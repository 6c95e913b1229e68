/* SPDX-License-Identifier: Apache-2.0 */
/*
 * as_of - an environment as ?at says: now, at a version, or at an instant.
 *
 * "?at=42" is version 42; "?at=2026-01-31T12:00:00Z" is the version that was current then, and the
 * moment its functions of time are read at. Without it, the view's. For routes of LANE_STORE: the
 * past is built from the store (change/follow.h).
 */
#ifndef ADMIN_AS_OF_H
#define ADMIN_AS_OF_H

#include "dialect/exchange.h"

struct admin_state {
    const struct snapshot *snapshot;
    int64_t at_ms;         /* what "now" is there: the instant asked for, else the request's */
    struct snapshot *held; /* to release; NULL when it is the view's */
};
/* False when the exchange is answered: 400 for what is neither, 404 for what is not there (yet). */
bool admin_state_open(struct exchange *x, const struct catalog_environment *environment,
                      struct admin_state *state);
/* The same for a text from elsewhere than ?at, absent: now; where: a pointer for the refusal. */
bool admin_state_open_at(struct exchange *x, const struct catalog_environment *environment,
                         struct str at, const char *where, struct admin_state *state);
void admin_state_close(struct admin_state *state);

#endif
