/* SPDX-License-Identifier: Apache-2.0 */
/* listing - flags of some kinds in all projects a request covers, newest first, ties by higher id.
 * amplitude-management-api.md 1.5, 2.1. */
#ifndef AMPLITUDE_LISTING_H
#define AMPLITUDE_LISTING_H

#include "dialect/amplitude/request.h"

struct listed {
    const struct catalog_environment *environment;
    const struct snapshot *snapshot;
    const struct flag_revision *revision;
};
struct listing {
    struct listed *list;
    size_t count;
};

/* By the query's projectId, key and includeArchived; false when the exchange was refused. */
bool listing_collect(struct exchange *x, unsigned kinds, struct listing *listing);

/* {"<name>":[…],"nextCursor":n}: put writes one. */
void listing_answer(struct exchange *x, const struct listing *listing, const struct page *page,
                    struct str name,
                    void (*put)(struct json_writer *writer, struct exchange *x,
                                const struct listed *listed, void *input),
                    void *input);

#endif
