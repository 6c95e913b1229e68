/* SPDX-License-Identifier: Apache-2.0 */
/* text_version - ranks stand for versions: where two have one, they order as the versions do. */
#include "test.h"

#include "eval/text_version.h"

static uint64_t rank_of(const char *text, struct text_version *version)
{
    CHECK(text_version_parse(str_of(text), version));
    return text_version_rank(version);
}

static int sign(int64_t value)
{
    return (value > 0) - (value < 0);
}

TEST(ranks_order_as_versions_do)
{
    static const char *const texts[] = {"0.0",         "0.0.1",          "0.1",
                                        "0.2097151.0", "1.0.0",          "1.2.3",
                                        "1.2.10",      "1.10.2",         "2.0",
                                        "2.0.2097151", "2097151.0.0",    "2097151.2097151.2097151",
                                        "1.2.03",      "2097152.0",      "1.2.3-a",
                                        "0.0.0-x",     "0.0.99999999999"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        for (size_t j = 0; j < COUNT_OF(texts); j++) {
            struct text_version a, b;
            uint64_t rank_a = rank_of(texts[i], &a);
            uint64_t rank_b = rank_of(texts[j], &b);
            if (rank_a != 0 && rank_b != 0)
                CHECK_INT((rank_a > rank_b) - (rank_a < rank_b),
                          sign(text_version_compare(&a, &b)));
        }
    }
}

TEST(what_a_number_cannot_hold_has_no_rank)
{
    struct text_version version;
    CHECK(rank_of("0.0.0", &version) != 0);
    CHECK(rank_of("2097151.2097151.2097151", &version) != 0);
    CHECK_INT(rank_of("2097152.0.0", &version), 0);
    CHECK_INT(rank_of("0.0.2097152", &version), 0);
    CHECK_INT(rank_of("99999999999999999999.0", &version), 0);
    CHECK_INT(rank_of("1.2.3-beta", &version), 0);
}

/* What stands behind a text is not of it. */
TEST(a_version_ends_where_its_text_does)
{
    struct text_version version;
    CHECK(text_version_parse(str_slice(STR("1.25"), 0, 3), &version));
    CHECK_INT(version.numbers[0], 1);
    CHECK_INT(version.numbers[1], 2);
    CHECK(text_version_parse(str_slice(STR("1.2.34"), 0, 5), &version));
    CHECK_INT(version.numbers[2], 3);
}

TESTS(a_version_ends_where_its_text_does, ranks_order_as_versions_do,
      what_a_number_cannot_hold_has_no_rank)
