/* SPDX-License-Identifier: Apache-2.0 */
/* reply - how the evaluation half answers: bodies, compression, headers for browsers.
 * amplitude-evaluation.md 2. */
#ifndef AMPLITUDE_REPLY_H
#define AMPLITUDE_REPLY_H

#include "dialect/exchange.h"

/* Smaller bodies are sent as they are, whatever the client would take. */
enum { GZIP_BODY_BYTES_MIN = 1024 };

/* The keys that the query's flag_keys names, or by its older name flag_key: separated by commas,
 * none for all. */
struct fault reply_query_keys(struct exchange *x, const struct str **keys,
                              size_t *count) MUST_CHECK;

/* JSON for one caller, never cached; compressed when asked for. Takes the bytes over. */
void reply_json(struct exchange *x, int status, struct buf *body);

/* JSON that is shared with others: gains a reference, dropped when the bytes are out. */
void reply_shared(struct exchange *x, struct shared_body *body, bool is_gzip);

/* No body, as 204. */
void reply_empty(struct exchange *x, int status);

/* {"error": text} */
void reply_error(struct exchange *x, int status, struct str text);

#endif
