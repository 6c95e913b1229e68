/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing - a page of something that is kept in order of a number: of its making, or its own.
 *
 * The place of an item is (number, id); a page begins behind the place that its cursor says, so
 * that what comes or goes meanwhile moves nothing else. Items are offered one by one:
 *
 *     if (!listing_begin(x, &listing))
 *         return;
 *     for (…)
 *         if (sees(…) && listing_takes(&listing, app->created_ms, app->id))
 *             write_app(listing.writer, app);
 *     listing_end(&listing);
 */
#ifndef ADMIN_LISTING_H
#define ADMIN_LISTING_H

#include "dialect/admin/answer.h"
#include "dialect/admin/request.h"

struct listing_place {
    int64_t number;
    struct str id; /* empty where the number is its own */
};

struct listing {
    struct json_writer *writer;
    /* its own */
    struct exchange *x;
    struct admin_page page;
    struct admin_answer answer;
    struct listing_place after, last;
    size_t count;
    bool has_more;
};

bool listing_begin(struct exchange *x, struct listing *listing);
/* In order; true: write it. */
bool listing_takes(struct listing *listing, int64_t number, struct str id);
void listing_end(struct listing *listing);

/* "1735689600000 app_…" <-> the place; false for what is none of ours. */
struct str listing_place_text(struct arena *arena, struct listing_place place);
bool listing_place_parse(struct str text, struct listing_place *place);

#endif
