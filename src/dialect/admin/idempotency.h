/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idempotency - a change that was asked for twice is made once, and answered twice.
 *
 * A mutation may carry an Idempotency-Key. The key is reserved in the change's own transaction
 * (change.once), so that whatever is interrupted, there is never a second change; the answer is
 * kept next to it, sealed for who shows the same credential and the same key (auth/seal.h), and
 * given again for a day with "Idempotency-Replayed: true". Refusals and dry runs reserve nothing.
 */
#ifndef ADMIN_IDEMPOTENCY_H
#define ADMIN_IDEMPOTENCY_H

#include "dialect/exchange.h"

/* Before the handler: reads the key and the request's fingerprint into the visit. False when the
 * exchange is answered: no such key there can be, or what was answered before. */
bool idempotency_begin(struct exchange *x);

/* The change is made under the visit's key, if there is one. The first change of a request alone.
 */
void idempotency_reserve(struct exchange *x, struct change *change);
/* change_apply found the key used, although idempotency_begin did not: answers for it. */
bool idempotency_is_taken(struct fault fault);
void idempotency_answer_taken(struct exchange *x);
void idempotency_note_applied(struct exchange *x, const struct change *change);

/* After the handler: keeps the answer to a change that was made. */
void idempotency_keep(struct exchange *x);

/* A route's open_sink that follows admin_open_upload: with an Idempotency-Key, what passes is
 * digested on its way, because two uploads of one length are not one. admin_admit takes the digest
 * out again. */
struct fault idempotency_open_upload(struct exchange *x, struct http_body_sink **sink);

#endif
