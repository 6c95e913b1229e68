/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include "test.h"

TEST(what_was_stored_is_found_and_nothing_else)
{
    struct arena arena;
    struct map map;
    arena_open(&arena, 4096);
    map_open(&map, &arena, 0);
    CHECK_INT(map_find(&map, STR("flag-0")), MAP_ABSENT);
    for (uint32_t i = 0; i < 20000; i++)
        CHECK(map_insert(&map, arena_format(&arena, "flag-%u", i), i));
    CHECK_INT(map.count, 20000);
    for (uint32_t i = 0; i < 20000; i++)
        CHECK_INT(map_find(&map, arena_format(&arena, "flag-%u", i)), i);
    CHECK_INT(map_find(&map, STR("flag-20000")), MAP_ABSENT);
    CHECK_INT(map_find(&map, STR("flag-")), MAP_ABSENT);
    arena_close(&arena);
}

TEST(the_first_value_of_a_key_stays)
{
    struct arena arena;
    struct map map;
    arena_open(&arena, 4096);
    map_open(&map, &arena, 4);
    CHECK(map_insert(&map, STR("checkout"), 1));
    CHECK(!map_insert(&map, STR("checkout"), 2));
    CHECK_INT(map_find(&map, STR("checkout")), 1);
    CHECK_INT(map.count, 1);
    arena_close(&arena);
}

TEST(any_bytes_are_a_key)
{
    struct arena arena;
    struct map map;
    arena_open(&arena, 4096);
    map_open(&map, &arena, 4);
    CHECK(map_insert(&map, STR(""), 0));
    CHECK(map_insert(&map, STR("a\0b"), 1));
    CHECK(map_insert(&map, STR("a\0c"), 2));
    CHECK(map_insert(&map, STR("\xff"), 3));
    CHECK_INT(map_find(&map, (struct str){0}), 0);
    CHECK_INT(map_find(&map, STR("a\0b")), 1);
    CHECK_INT(map_find(&map, STR("a\0c")), 2);
    CHECK_INT(map_find(&map, STR("a")), MAP_ABSENT);
    CHECK_INT(map_find(&map, STR("\xff")), 3);
    arena_close(&arena);
}

TEST(a_map_never_fills_up)
{
    struct arena arena;
    struct map map;
    arena_open(&arena, 4096);
    map_open(&map, &arena, 1);
    for (uint32_t i = 0; i < 1000; i++) {
        map_insert(&map, arena_format(&arena, "%u", i), i);
        CHECK(map.count * 4 <= map.capacity * 3);
    }
    arena_close(&arena);
}

TEST(the_hash_is_the_same_within_a_process)
{
    CHECK(map_hash(STR("checkout")) == map_hash(STR("checkout")));
    CHECK(map_hash(STR("checkout")) != map_hash(STR("checkous")));
    CHECK(map_hash((struct str){0}) == map_hash(STR("")));
}

TESTS(what_was_stored_is_found_and_nothing_else, the_first_value_of_a_key_stays,
      any_bytes_are_a_key, a_map_never_fills_up, the_hash_is_the_same_within_a_process)
