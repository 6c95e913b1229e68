/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer - where a request comes from, proxies in between looked through.
 *
 * Everybody can write a forwarded address into a header; only what proxies say that the operator
 * has named is believed (security checklist, rule 16). From the right, the first address that is
 * none of theirs is the one they were asked from.
 */
#ifndef DIALECT_PEER_H
#define DIALECT_PEER_H

#include "dialect/exchange.h"

/* Numeric, without a port; in the exchange's arena, or borrowed. */
struct str peer_address(struct exchange *x);
/* Whether the person's side of the connection is encrypted, here or at such a proxy. */
bool peer_is_encrypted(struct exchange *x);

/* "10.0.0.1, 10.0.0.2, ::1": whether each is a numeric address; the empty list is one, too. */
bool peer_list_is_valid(struct str list);

#endif
