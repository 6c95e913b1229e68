/* SPDX-License-Identifier: Apache-2.0 */
/* Stamps tell texts apart, and are the same tomorrow. */
#include "base/stamp.h"

#include "test.h"

TEST(a_stamp_is_the_same_in_every_process)
{
    CHECK(stamp_of(STR("")) == 0x50b084e349ab8fac);
    CHECK(stamp_of(STR("flag")) == 0x73f4ea50ee6b8a06);
    CHECK(stamp_of((struct str){0}) == stamp_of(STR("")));
}

TEST(different_texts_have_different_stamps)
{
    static const struct str texts[] = {{"", 0},  {"\0", 1}, {"\0\0", 2}, {"a", 1},
                                       {"b", 1}, {"ab", 2}, {"flag", 4}, {"Flag", 4}};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        for (size_t j = 0; j < i; j++)
            CHECK(stamp_of(texts[i]) != stamp_of(texts[j]));
    }
}

TEST(what_is_mixed_counts_and_in_which_order)
{
    uint64_t one = stamp_mix(stamp_mix(7, 1), 2);
    CHECK(one == stamp_mix(stamp_mix(7, 1), 2));
    CHECK(one != stamp_mix(stamp_mix(7, 2), 1));
    CHECK(one != stamp_mix(stamp_mix(8, 1), 2));
    CHECK(one != stamp_mix(stamp_mix(stamp_mix(7, 1), 2), 0));
}

TESTS(a_stamp_is_the_same_in_every_process, different_texts_have_different_stamps,
      what_is_mixed_counts_and_in_which_order)
