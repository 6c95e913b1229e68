/* SPDX-License-Identifier: Apache-2.0 */
/* listing - a page of something that is kept in order of a number: see listing.h. */
#include "dialect/admin/listing.h"

struct str listing_place_text(struct arena *arena, struct listing_place place)
{
    return arena_format(arena, "%lld %.*s", (long long)place.number, STR_ARG(place.id));
}

bool listing_place_parse(struct str text, struct listing_place *place)
{
    size_t at = str_find_byte(text, ' ', 0);
    uint64_t number = 0;
    if (at == text.size || !admin_parse_number(str_slice(text, 0, at), &number))
        return false;
    *place = (struct listing_place){(int64_t)number, str_slice(text, at + 1, text.size)};
    return true;
}

bool listing_begin(struct exchange *x, struct listing *listing)
{
    *listing = (struct listing){.x = x, .after = {.number = -1}};
    if (!admin_read_page(x, &listing->page))
        return false;
    if (!str_is_absent(listing->page.after) &&
        !listing_place_parse(listing->page.after, &listing->after))
        return admin_refuse_with(x, FAULT_INVALID, "?cursor", STR("is not of this list"));
    listing->writer = admin_page_begin(&listing->answer);
    return true;
}

bool listing_takes(struct listing *listing, int64_t number, struct str id)
{
    if (number < listing->after.number ||
        (number == listing->after.number && str_compare(id, listing->after.id) <= 0))
        return false;
    if (listing->count == listing->page.limit) {
        listing->has_more = true;
        return false;
    }
    listing->count++;
    listing->last = (struct listing_place){number, id};
    return true;
}

void listing_end(struct listing *listing)
{
    struct str next = {0};
    if (listing->has_more)
        next = listing_place_text(listing->x->arena, listing->last);
    admin_page_end(listing->x, &listing->answer, next);
}
