/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign_in - who says who they are by what they know: a password, or a token pasted into a page.
 *
 * What all languages share that take passwords. Tries are counted per address and, whether there
 * is such an account or not, per account (auth/attempts.h); a wrong password, an account without
 * one and no account at all cost the same and are told apart by nobody. Handlers that call this
 * run in LANE_STORE.
 */
#ifndef DIALECT_SIGN_IN_H
#define DIALECT_SIGN_IN_H

#include "dialect/exchange.h"

struct sign_in_limits {
    uint32_t per_address, per_account; /* a minute */
};
struct sign_in;
struct sign_in *sign_in_open(struct sign_in_limits limits);
void sign_in_close(struct sign_in *sign_in); /* no requests come any more */

/* Where the request comes from, as tries are counted: an address, the first 64 bits of one of IPv6.
 * At most PLACE_BYTES_MAX bytes that are not text. */
enum { PLACE_BYTES_MAX = 8 };
struct str sign_in_place(struct exchange *x);
/* Counts a try from there. FAULT_LIMIT: too many, and retry_after_s says when. */
struct fault sign_in_count(struct exchange *x, uint32_t *retry_after_s) MUST_CHECK;

/* Who has been recognised. After a password there is no credential yet (change.h). Borrowed from
 * the exchange's view. */
struct signed_in {
    struct caller caller;
    struct str email;
};

/* FAULT_UNAUTHENTICATED: they do not belong together; FAULT_DENIED: known, but not good for
 * this; FAULT_LIMIT: too many tries; FAULT_UNAVAILABLE: not now. `why` is a sentence for the
 * person. retry_after_s: with the last two. */
struct fault sign_in_by_password(struct exchange *x, struct str email, struct str password,
                                 struct signed_in *person, uint32_t *retry_after_s) MUST_CHECK;
struct fault sign_in_by_token(struct exchange *x, struct str token, struct signed_in *person,
                              uint32_t *retry_after_s) MUST_CHECK;

/* Somebody recognised some minutes ago, by the ids they had: false when they are nobody any longer.
 * An empty credential_id is a password's. */
bool sign_in_again(struct exchange *x, struct str user_id, struct str credential_id,
                   struct signed_in *person);

/* Whether a person has a password, and whether this is it; the account's tries are counted. A
 * person who has none may go on with whatever `password` is. FAULT_DENIED: it is not, or is absent.
 */
struct fault sign_in_confirm(struct exchange *x, const struct catalog_user *user,
                             struct str password, uint32_t *retry_after_s) MUST_CHECK;
/* What to keep of a new password, which has an acceptable length, in the exchange's arena. */
struct fault sign_in_stretch(struct exchange *x, struct str password,
                             struct str *verifier) MUST_CHECK;

#endif
