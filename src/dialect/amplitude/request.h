/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request - what management calls name: a project, an item, a page, a body. Each function either
 * finds what was named or has refused the exchange and returns false.
 *
 * Order of refusals: 404 for an id that is nobody's, 403 for one in a project outside the key's
 * scope, 429 when that project has had enough requests, 403 for a key that only reads, 400.
 */
#ifndef AMPLITUDE_REQUEST_H
#define AMPLITUDE_REQUEST_H

#include "dialect/amplitude/wire.h"
#include "dialect/exchange.h"

/* ---- projects -------------------------------------------------------------------------------- */

/* By number; counted against its rate. */
bool request_find_project(struct exchange *x, uint64_t number,
                          const struct catalog_environment **environment);

/* The projects a list covers: all the key sees, or the one the query names; each counted. */
struct projects {
    const struct catalog_environment **list;
    size_t count;
};
bool request_cover_projects(struct exchange *x, struct projects *projects);

/* ---- flags of any kind ----------------------------------------------------------------------- */

enum {
    KIND_FLAG = 1 << FLAG_KIND_FLAG,
    KIND_EXPERIMENT = 1 << FLAG_KIND_EXPERIMENT,
    KIND_MUTEX = 1 << FLAG_KIND_MUTEX,
    KIND_HOLDOUT = 1 << FLAG_KIND_HOLDOUT,
};

struct found {
    const struct catalog_environment *environment;
    const struct snapshot *snapshot;
    const struct flag_revision *revision;
    const struct flag *flag;
    uint64_t number;
};
/* By the first parameter of the path; `what` is for the 404. */
bool request_find(struct exchange *x, unsigned kinds, struct str what, struct found *found);

/* ---- the rest -------------------------------------------------------------------------------- */

bool request_may_write(struct exchange *x);

/* The body as a JSON object. Its Content-Type is not looked at (1.1). */
bool request_read_body(struct exchange *x, struct json *body);
/* The same where a body may be missing; it is then an empty object. */
bool request_read_optional_body(struct exchange *x, struct json *body);

/* A query member; absent when it is missing. */
bool request_query(struct exchange *x, struct str name, struct str *text);

/* `limit` and `cursor` (1.5). */
struct page {
    size_t limit, cursor;
};
enum { PAGE_LIMIT_MAX = 1000 };
bool request_page(struct exchange *x, struct page *page);
/* "nextCursor" when there is more behind what was returned. */
void page_put_next(struct json_writer *writer, const struct page *page, size_t returned,
                   size_t total);

/* Refuses with the wire's fault, if there is one; true when there is none. */
bool request_accept(struct exchange *x, const struct wire *wire);

/* Applies; refuses the exchange with the fault when it does not go. */
bool request_apply(struct exchange *x, struct change *change);

#endif
