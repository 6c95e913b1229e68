/* SPDX-License-Identifier: Apache-2.0 */
/* peer - forwarded addresses count for what the named proxies say, and for nothing else. */
#include "dialect/peer.h"

#include "test.h"

struct ride {
    const char *peer, *trusted;
    const char *forwarded[3]; /* header lines, in the order they come */
    const char *expected;
};

static void check_ride(const struct ride *ride)
{
    struct arena arena;
    struct http_header headers[5] = {{STR("Host"), STR("x")}};
    size_t count = 1;
    arena_open(&arena, 1024);
    for (size_t i = 0; i < COUNT_OF(ride->forwarded) && ride->forwarded[i] != NULL; i++)
        headers[count++] = (struct http_header){STR("X-Forwarded-For"), str_of(ride->forwarded[i])};
    struct http_request request = {
        .headers = headers, .header_count = count, .peer = str_of(ride->peer), .arena = &arena};
    struct services services = {.trusted_proxies = str_of(ride->trusted)};
    struct exchange x = {.request = &request, .services = &services, .arena = &arena};
    CHECK_STR(peer_address(&x), str_of(ride->expected));
    arena_close(&arena);
}

TEST(the_first_address_from_the_right_that_is_no_trusted_proxys)
{
    static const struct ride rides[] = {
        {"10.0.0.1", "", {"192.0.2.7"}, "10.0.0.1"},
        {"10.0.0.9", "10.0.0.1", {"192.0.2.7"}, "10.0.0.9"},
        {"10.0.0.1", "10.0.0.1", {"192.0.2.7"}, "192.0.2.7"},
        {"10.0.0.1", "10.0.0.1", {NULL}, "10.0.0.1"},
        {"10.0.0.1", "10.0.0.1", {"6.6.6.6, 192.0.2.7"}, "192.0.2.7"},
        {"10.0.0.1", "10.0.0.1,10.0.0.2", {"6.6.6.6, 192.0.2.7, 10.0.0.2"}, "192.0.2.7"},
        {"10.0.0.1", "10.0.0.1, 10.0.0.2", {"6.6.6.6", "192.0.2.7", "10.0.0.2"}, "192.0.2.7"},
        {"10.0.0.1", "10.0.0.1,10.0.0.2", {"10.0.0.2"}, "10.0.0.2"},
        {"10.0.0.1", "10.0.0.1", {"192.0.2.7, not an address"}, "10.0.0.1"},
        {"10.0.0.1", "10.0.0.1", {"192.0.2.7:80"}, "10.0.0.1"},
        {"10.0.0.1", "10.0.0.1", {"192.0.2.7,"}, "10.0.0.1"},
        {"10.0.0.1", "10.0.0.1", {""}, "10.0.0.1"},
        {"::ffff:10.0.0.1", "10.0.0.1", {"2001:db8::7"}, "2001:db8::7"},
        {"::1", "0:0:0:0:0:0:0:1", {"192.0.2.7"}, "192.0.2.7"},
    };
    for (size_t i = 0; i < COUNT_OF(rides); i++)
        check_ride(&rides[i]);
}

TEST(a_chain_without_an_end_is_followed_so_far)
{
    struct arena arena;
    struct str list = STR("6.6.6.6");
    arena_open(&arena, 1024);
    for (size_t i = 0; i < 100; i++)
        list = arena_format(&arena, "%.*s,10.0.0.1", STR_ARG(list));
    const struct ride ride = {"10.0.0.1", "10.0.0.1", {list.data}, "10.0.0.1"};
    check_ride(&ride);
    arena_close(&arena);
}

TEST(a_list_is_of_numeric_addresses)
{
    CHECK(peer_list_is_valid(STR("")));
    CHECK(peer_list_is_valid((struct str){0}));
    CHECK(peer_list_is_valid(STR("10.0.0.1")));
    CHECK(peer_list_is_valid(STR("10.0.0.1, ::1 ,2001:db8::1")));
    CHECK(!peer_list_is_valid(STR("10.0.0.1,,::1")));
    CHECK(!peer_list_is_valid(STR("localhost")));
    CHECK(!peer_list_is_valid(STR("10.0.0.0/8")));
    CHECK(!peer_list_is_valid(STR("10.0.0.1 10.0.0.2")));
}

TESTS(the_first_address_from_the_right_that_is_no_trusted_proxys,
      a_chain_without_an_end_is_followed_so_far, a_list_is_of_numeric_addresses)
