/* SPDX-License-Identifier: Apache-2.0 */
#include "base/numbers.h"

#include "test.h"

TEST(a_set_is_ascending_and_has_each_once)
{
    uint64_t numbers[] = {7, UINT64_MAX, 0, 7, 3, UINT64_MAX, 3, 7};
    CHECK_INT(numbers_sort(numbers, COUNT_OF(numbers)), 4);
    const uint64_t expected[] = {0, 3, 7, UINT64_MAX};
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        CHECK(numbers[i] == expected[i]);
        CHECK(numbers_have(numbers, 4, expected[i]));
    }
    CHECK(!numbers_have(numbers, 4, 1));
    CHECK(!numbers_have(numbers, 3, UINT64_MAX));
}

TEST(an_empty_set_has_nothing)
{
    CHECK_INT(numbers_sort(NULL, 0), 0);
    CHECK(!numbers_have(NULL, 0, 0));
}

TESTS(a_set_is_ascending_and_has_each_once, an_empty_set_has_nothing)
