/* SPDX-License-Identifier: Apache-2.0 */
/*
 * router - which language a path belongs to, and which of its routes.
 *
 * Made once per event loop from the dialects' tables; never changed afterwards. A path without
 * parameters costs one hash and one comparison, however many routes there are; the others are
 * looked for among the patterns with as many segments.
 *
 * The longest prefix a dialect speaks for decides about the dialect; the first dialect answers for
 * paths nobody speaks for. Patterns are compared segment by segment, split before anything is
 * decoded: an encoded slash never makes two segments of one. A pattern that ends in "{name*}" is
 * tried when no other fits, and takes what is left as it is, decoded once.
 */
#ifndef DIALECT_ROUTER_H
#define DIALECT_ROUTER_H

#include "base/map.h"
#include "dialect/exchange.h"

enum { ROUTER_SEGMENTS_MAX = 16 };

const struct dialect *dialects_find(const struct dialect *const *dialects, size_t count,
                                    struct str path);

/* The path without the slash behind it, if that language overlooks one. */
struct str dialect_path(const struct dialect *dialect, struct str path);

struct router_entry; /* a path or a pattern, with its routes by method */
struct router_shelf; /* a dialect's patterns */

struct router {
    struct arena arena;
    const struct dialect *const *dialects;
    size_t dialect_count;
    struct router_entry *entries;
    size_t entry_count;
    struct map exact;             /* path -> entry */
    struct router_shelf *shelves; /* by dialect: the patterns */
};

/* dialects and the list of them outlive the router. A route outside of its dialect's prefixes, a
 * route without a scope or a handler, two routes for one method and path, and a pattern with too
 * many segments or parameters are bugs. */
void router_open(struct router *router, const struct dialect *const *dialects, size_t count);
void router_close(struct router *router);

/* Whether it has routes with parameters: those alone take encoded slashes. */
bool router_has_patterns(const struct router *router, const struct dialect *dialect);

struct router_match {
    const struct dialect *dialect; /* never NULL */
    const struct route *route;     /* NULL: none */
    struct str parameters[ROUTE_PARAMETERS_MAX];
    size_t parameter_count;
};
/* HEAD finds the routes of GET. Parameters live in the request's arena, or are borrowed. */
struct router_match router_find(const struct router *router, const struct http_request *request);

/* "GET, HEAD, POST, OPTIONS": what the request's path takes; absent when it takes nothing. */
struct str router_list_methods(const struct router *router, const struct http_request *request);

#endif
