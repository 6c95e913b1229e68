/* SPDX-License-Identifier: Apache-2.0 */
/* listing - pages in the order of a number, whatever comes and goes between them. */
#include "dialect/admin/listing.h"
#include "visitor.h"

/* What there is, in order; several may share a number. */
static const struct listing_place everything[] = {
    {0, STR("a")}, {5, STR("a")}, {5, STR("b")},           {5, STR("c")},
    {6, STR("")},  {7, STR("")},  {1LL << 49, STR("z y")},
};

/* Which of them a page shows, as a bit each. */
static unsigned page_behind(struct listing_place after, size_t limit, bool *has_more)
{
    struct listing listing = {.after = after, .page = {.limit = limit}};
    unsigned taken = 0;
    for (size_t i = 0; i < COUNT_OF(everything); i++) {
        if (listing_takes(&listing, everything[i].number, everything[i].id))
            taken |= 1U << i;
    }
    *has_more = listing.has_more;
    return taken;
}

TEST(pages_of_every_size_show_each_once)
{
    for (size_t limit = 1; limit <= COUNT_OF(everything) + 1; limit++) {
        struct listing_place after = {.number = -1};
        unsigned seen = 0;
        bool has_more = true;
        while (has_more) {
            unsigned taken = page_behind(after, limit, &has_more);
            CHECK((seen & taken) == 0);
            CHECK(taken != 0);
            seen |= taken;
            for (size_t i = 0; i < COUNT_OF(everything); i++)
                after = taken >> i & 1 ? everything[i] : after;
        }
        CHECK_INT(seen, (1U << COUNT_OF(everything)) - 1);
    }
}

TEST(a_page_begins_behind_a_place_that_is_gone)
{
    bool has_more = false;
    CHECK_INT(page_behind((struct listing_place){5, STR("bb")}, 2, &has_more), 1U << 3 | 1U << 4);
    CHECK(has_more);
    CHECK_INT(page_behind((struct listing_place){8, STR("")}, 2, &has_more), 1U << 6);
    CHECK(!has_more);
    CHECK_INT(page_behind(everything[6], 2, &has_more), 0);
    CHECK(!has_more);
}

TEST(places_survive_being_written)
{
    struct arena arena;
    arena_open(&arena, 256);
    for (size_t i = 0; i < COUNT_OF(everything); i++) {
        struct listing_place place;
        CHECK(listing_place_parse(listing_place_text(&arena, everything[i]), &place));
        CHECK(place.number == everything[i].number);
        CHECK_STR(place.id, everything[i].id);
    }
    static const char *const others[] = {"", "5", "x 1", " a", "-1 a", "1234567890123456 a"};
    struct listing_place place;
    for (size_t i = 0; i < COUNT_OF(others); i++)
        CHECK(!listing_place_parse(str_of(others[i]), &place));
    arena_close(&arena);
}

TESTS(pages_of_every_size_show_each_once, a_page_begins_behind_a_place_that_is_gone,
      places_survive_being_written)
