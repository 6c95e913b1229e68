/* SPDX-License-Identifier: Apache-2.0 */
/* address - paths and queries of requests, percent-encoded (RFC 3986). */
#ifndef CLIENT_ADDRESS_H
#define CLIENT_ADDRESS_H

#include "base/arena.h"
#include "base/buf.h"

/* Everything but unreserved characters as %XX: good for one segment and for a query's value. */
void address_append_encoded(struct buf *buf, struct str text);

/* A path of a format with `{}` for each segment: address_path(arena, "/flags/{}/history", 1, key).
 * The further arguments are struct str, `count` of them. */
struct str address_path(struct arena *arena, const char *format, unsigned count, ...);

/* path with ?name=value or &name=value behind it; path itself when the value is absent. */
struct str address_with(struct arena *arena, struct str path, const char *name, struct str value);

/* Whether it is http:// or https://, a host, maybe a port, and nothing else. */
bool address_is_origin(struct str text);
/* Whether nobody but this machine hears what is sent there: loopback, or https. */
bool address_is_private(struct str origin);

#endif
