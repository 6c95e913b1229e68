/* SPDX-License-Identifier: Apache-2.0 */
/* upload_digest - a sink in front of another one, which notes what passes. */
#ifndef ADMIN_UPLOAD_DIGEST_H
#define ADMIN_UPLOAD_DIGEST_H

#include "http/http.h"

/* Takes over the inner sink. */
struct http_body_sink *upload_digest_open(struct http_body_sink *inner);

/* The digest of what passed, in the arena, and the inner sink back; absent, and the sink as it is,
 * when it is none of these. */
struct str upload_digest_take(struct arena *arena, struct http_body_sink **sink);

#endif
