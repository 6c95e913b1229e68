/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authorise - who is calling, and whether a route's scope takes them.
 *
 * Each scope names how its credential is shown and the kinds it admits; whatever is not named is
 * refused. Nothing is read from a request but its Authorization, and for those that evaluate its
 * X-API-Key or the token in its address.
 */
#ifndef DIALECT_AUTHORISE_H
#define DIALECT_AUTHORISE_H

#include "dialect/exchange.h"

/* *caller lives as long as the view; NULL for SCOPE_ANYONE. FAULT_UNAUTHENTICATED: no credential,
 * or an unknown one; FAULT_DENIED: a genuine one of another kind; FAULT_UNAVAILABLE: one that the
 * view is too old to know. */
struct fault authorise(struct keyring_memo *memo, const struct view *view,
                       const struct http_request *request, enum scope scope, int64_t now_ms,
                       const struct caller **caller) MUST_CHECK;

#endif
