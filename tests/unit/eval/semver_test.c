/* SPDX-License-Identifier: Apache-2.0 */
/* semver - which texts are versions, and which of two comes first. */
#include "test.h"

#include "eval/semver.h"

static bool parses(const char *text)
{
    struct semver version;
    return semver_parse(str_of(text), &version);
}

static int compare(const char *a, const char *b)
{
    struct semver left;
    struct semver right;
    CHECK(semver_parse(str_of(a), &left));
    CHECK(semver_parse(str_of(b), &right));
    int order = semver_compare(&left, &right);
    int reverse = semver_compare(&right, &left);
    CHECK_INT((order > 0) - (order < 0), (reverse < 0) - (reverse > 0));
    return (order > 0) - (order < 0);
}

TEST(three_numbers_and_their_parts_are_versions)
{
    static const char *const versions[] = {"1.2.3",        "v1.2.3",
                                           "01.002.0003",  "0.0.0",
                                           " 1.2.3 ",      "\t1.2.3\r\n",
                                           "1.2.3-rc.1",   "1.2.3-rc.1+build.5",
                                           "1.2.3+b-1",    "1.2.3--",
                                           "1.2.3-x-y.0a", "\xC2\xA0\x31.2.3\xEF\xBB\xBF",
                                           "1.2.3-a..b",   "99999999999999999999999999.0.0"};
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        if (!parses(versions[i]))
            fprintf(stderr, "\"%s\" should be a version\n", versions[i]);
        CHECK(parses(versions[i]));
    }
}

TEST(other_texts_are_not)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "v",
                                        "1",
                                        "1.2",
                                        "1.2.",
                                        "1.2.3.4",
                                        "V1.2.3",
                                        "vv1.2.3",
                                        "v 1.2.3",
                                        "1.2.3-",
                                        "1.2.3+",
                                        "1.2.3-+b",
                                        "1.2.3-a+",
                                        "1.2.3 x",
                                        "a.b.c",
                                        "-1.2.3",
                                        "1.-2.3",
                                        "1.2.3-\xC3\xA9",
                                        "1.2.3+a+b",
                                        "1..3",
                                        "\xC2\xA0"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (parses(texts[i]))
            fprintf(stderr, "\"%s\" should not be a version\n", texts[i]);
        CHECK(!parses(texts[i]));
    }
}

TEST(parts_are_kept_without_leading_zeros)
{
    struct semver version;
    CHECK(semver_parse(STR("v00.010.9-rc.1+b7"), &version));
    CHECK_STR(version.major, STR("0"));
    CHECK_STR(version.minor, STR("10"));
    CHECK_STR(version.patch, STR("9"));
    CHECK_STR(version.pre, STR("rc.1"));
    CHECK(semver_parse(STR("1.2.3+b7"), &version));
    CHECK(str_is_absent(version.pre));
}

TEST(numbers_order_by_value)
{
    CHECK_INT(compare("1.2.3", "v1.2.3"), 0);
    CHECK_INT(compare("1.10.0", "1.9.9"), 1);
    CHECK_INT(compare("01.2.3", "1.2.3"), 0);
    CHECK_INT(compare("2.0.0", "10.0.0"), -1);
    CHECK_INT(compare("1.2.3+build.5", "1.2.3"), 0);
    CHECK_INT(compare("9007199254740993.0.0", "9007199254740992.0.0"), 1);
    CHECK_INT(compare("1.0.99999999999999999999", "1.0.100000000000000000000"), -1);
}

/* The chain of semver.org, each below the next. */
TEST(pre_releases_order_identifier_by_identifier)
{
    static const char *const chain[] = {
        "1.0.0-1",          "1.0.0-2",      "1.0.0-010",     "1.0.0-11",
        "1.0.0-Alpha",      "1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.",
        "1.0.0-alpha.beta", "1.0.0-beta",   "1.0.0-beta.2",  "1.0.0-beta.11",
        "1.0.0-rc.1",       "1.0.0-rc.1.0", "1.0.0",         "1.0.1-a"};
    for (size_t i = 0; i < COUNT_OF(chain); i++) {
        for (size_t j = 0; j < COUNT_OF(chain); j++)
            CHECK_INT(compare(chain[i], chain[j]), (i > j) - (i < j));
    }
}

TEST(a_rank_orders_as_the_version_does)
{
    static const char *const versions[] = {"0.0.0",  "0.0.1",       "0.0.1048575", "0.1.0",
                                           "0.01.1", "0.1048575.0", "1.0.0",       "1.2.3",
                                           "1.10.0", "2.0.0",       "1048575.0.0", "1048575.1.0"};
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        for (size_t j = 0; j < COUNT_OF(versions); j++) {
            uint64_t left = 0;
            uint64_t right = 0;
            CHECK(semver_rank(str_of(versions[i]), &left));
            CHECK(semver_rank(str_of(versions[j]), &right));
            CHECK_INT((left > right) - (left < right), compare(versions[i], versions[j]));
        }
    }
}

TEST(what_is_not_three_small_numbers_has_no_rank)
{
    static const char *const texts[] = {
        "",        "1",     "1.2",         "1.2.",        "1.2.3.4",
        "1..3",    ".1.2",  "v1.2.3",      " 1.2.3",      "1.2.3-a",
        "1.2.3+a", "1.2.x", "1048576.0.0", "0.0.1048576", "99999999999999999999.0.0"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        uint64_t rank = 0;
        CHECK(!semver_rank(str_of(texts[i]), &rank));
    }
}

TESTS(three_numbers_and_their_parts_are_versions, other_texts_are_not,
      parts_are_kept_without_leading_zeros, numbers_order_by_value,
      pre_releases_order_identifier_by_identifier, a_rank_orders_as_the_version_does,
      what_is_not_three_small_numbers_has_no_rank)
