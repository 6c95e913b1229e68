/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <string.h>

#include "test.h"

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

TEST(everything_is_aligned_zeroed_and_apart)
{
    struct arena arena;
    arena_open(&arena, 128);
    unsigned char *previous = NULL;
    size_t previous_size = 0;
    for (size_t size = 0; size < 300; size++) {
        unsigned char *bytes = arena_allocate(&arena, size);
        CHECK((uintptr_t)bytes % 16 == 0);
        CHECK(is_zero(bytes, size));
        memset(bytes, 0xaa, size);
        for (size_t i = 0; i < previous_size; i++)
            CHECK_INT(previous[i], 0xaa);
        CHECK(previous_size == 0 || bytes >= previous + previous_size || bytes + size <= previous);
        previous = bytes;
        previous_size = size;
    }
    arena_close(&arena);
}

TEST(memory_is_zeroed_again_after_a_reset)
{
    struct arena arena;
    arena_open(&arena, 1024);
    memset(arena_allocate(&arena, 1000), 0xff, 1000);
    arena_reset(&arena);
    CHECK(is_zero(arena_allocate(&arena, 1000), 1000));
    arena_close(&arena);
}

TEST(a_steady_round_asks_the_system_once)
{
    struct arena arena;
    arena_open(&arena, 64);
    CHECK_INT(arena.total_bytes, 0);
    size_t held_bytes = 0;
    for (int round = 0; round < 20; round++) {
        arena_reset(&arena);
        for (int i = 0; i < 100; i++)
            arena_allocate(&arena, 100);
        if (round == 10)
            held_bytes = arena.total_bytes;
    }
    CHECK_INT(arena.total_bytes, held_bytes);
    arena_close(&arena);
    CHECK_INT(arena.total_bytes, 0);
}

TEST(a_request_beyond_the_chunk_gets_its_own)
{
    struct arena arena;
    arena_open(&arena, 64);
    unsigned char *large = arena_allocate(&arena, 1 << 20);
    memset(large, 1, 1 << 20);
    CHECK(arena.total_bytes >= 1 << 20);
    arena_close(&arena);
}

TEST(copies_do_not_borrow)
{
    struct arena arena;
    arena_open(&arena, 64);
    char text[] = "checkout";
    struct str copy = arena_copy_str(&arena, str_of(text));
    text[0] = 'C';
    CHECK_STR(copy, STR("checkout"));
    CHECK(str_is_absent(arena_copy_str(&arena, (struct str){0})));
    CHECK(!str_is_absent(arena_copy_str(&arena, STR(""))));
    arena_close(&arena);
}

/* Objects from one end of a chunk, texts from the other: none lies upon another, texts touch, and
 * who knows how much is in use has a chunk for all of it. */
TEST(texts_are_packed_and_objects_stay_aligned)
{
    struct arena draft;
    struct arena arena;
    arena_open(&draft, 64);
    arena_open(&arena, 0);
    for (int round = 0; round < 2; round++) {
        struct arena *into = round == 0 ? &draft : &arena;
        struct str texts[100];
        uint64_t *numbers[100];
        for (size_t i = 0; i < 100; i++) {
            texts[i] = arena_copy_str(into, STR("checkout-flow"));
            numbers[i] = ARENA_NEW(into, uint64_t);
            *numbers[i] = i;
        }
        for (size_t i = 0; i < 100; i++) {
            CHECK_STR(texts[i], STR("checkout-flow"));
            CHECK_INT(texts[i].data[texts[i].size], 0);
            CHECK_INT((uintptr_t)numbers[i] % 16, 0);
            CHECK_INT(*numbers[i], i);
        }
        if (round == 0)
            arena_open(&arena, arena_used_bytes(&draft) + ARENA_ALIGNMENT);
    }
    CHECK_INT(arena_used_bytes(&draft), 100 * (sizeof("checkout-flow") + ARENA_ALIGNMENT));
    CHECK_INT(arena_used_bytes(&arena), arena_used_bytes(&draft));
    CHECK(arena.total_bytes < arena_used_bytes(&arena) + 64); /* one chunk took it all */
    arena_close(&arena);
    arena_close(&draft);
}

TEST(formatted_text_is_terminated)
{
    struct arena arena;
    arena_open(&arena, 64);
    struct str text = arena_format(&arena, "%s-%d", "flag", 42);
    CHECK_STR(text, STR("flag-42"));
    CHECK_INT(text.data[text.size], 0);
    CHECK_STR(arena_format(&arena, "%s", ""), STR(""));
    arena_close(&arena);
}

TESTS(everything_is_aligned_zeroed_and_apart, memory_is_zeroed_again_after_a_reset,
      a_steady_round_asks_the_system_once, a_request_beyond_the_chunk_gets_its_own,
      copies_do_not_borrow, texts_are_packed_and_objects_stay_aligned, formatted_text_is_terminated)
