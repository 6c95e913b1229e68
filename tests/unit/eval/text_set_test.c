/* SPDX-License-Identifier: Apache-2.0 */
/* text_set - the same answer whether few are compared or many are looked up. */
#include "test.h"

#include "base/random.h"
#include "eval/text_set.h"

static struct str *numbered(struct arena *arena, size_t count)
{
    struct str *texts = ARENA_NEW_ARRAY(arena, struct str, count);
    for (size_t i = 0; i < count; i++)
        texts[i] = arena_format(arena, "user-%zu", i);
    return texts;
}

TEST(every_member_is_found_and_nobody_else)
{
    struct arena arena;
    arena_open(&arena, 4096);
    random_open();
    static const size_t counts[] = {0, 1, 7, 8, 9, 10, 12, 13, 63, 64, 65, 1000, 10000};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct text_set set = text_set_build(&arena, numbered(&arena, counts[i]), counts[i]);
        CHECK_INT(set.slots != NULL, counts[i] > TEXT_SET_FEW_MAX);
        struct str *probes = numbered(&arena, counts[i] + 50);
        for (size_t j = 0; j < counts[i] + 50; j++)
            CHECK_INT(text_set_has(&set, probes[j]), j < counts[i]);
        CHECK(!text_set_has(&set, STR("")));
        arena_reset(&arena);
    }
    arena_close(&arena);
}

TEST(the_empty_text_is_a_member_like_any_other)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct str few[] = {STR("a"), STR("")};
    struct text_set set = text_set_build(&arena, few, COUNT_OF(few));
    CHECK(text_set_has(&set, STR("")));
    struct str *many = numbered(&arena, 20);
    many[11] = STR("");
    set = text_set_build(&arena, many, 20);
    CHECK(text_set_has(&set, STR("")));
    CHECK(!text_set_has(&set, STR("user-11")));
    arena_close(&arena);
}

TEST(a_repeated_text_does_no_harm)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct str texts[20];
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        texts[i] = STR("same");
    struct text_set set = text_set_build(&arena, texts, COUNT_OF(texts));
    CHECK(text_set_has(&set, STR("same")));
    CHECK(!text_set_has(&set, STR("other")));
    arena_close(&arena);
}

TESTS(every_member_is_found_and_nobody_else, the_empty_text_is_a_member_like_any_other,
      a_repeated_text_does_no_harm)
