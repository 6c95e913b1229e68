/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version_fuzz - two texts as versions, by both families' grammars.
 *
 * An order is one: nothing comes before itself, turned round it is turned round, and the ranks
 * that stand for versions order as the versions do.
 */
#include "base/utf.h"
#include "eval/semver.h"
#include "eval/text_version.h"
#include "fuzz.h"

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static int order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static void fuzz_typed(struct str one, struct str other)
{
    struct semver a, b;
    uint64_t rank = 0, other_rank = 0;
    bool is_a = semver_parse(one, &a), is_b = semver_parse(other, &b);
    bool is_ranked = semver_rank(one, &rank), is_other_ranked = semver_rank(other, &other_rank);
    require(is_a || !is_ranked);
    require(is_b || !is_other_ranked);
    if (!is_a || !is_b)
        return;
    int between = sign(semver_compare(&a, &b));
    require(semver_compare(&a, &a) == 0);
    require(sign(semver_compare(&b, &a)) == -between);
    if (is_ranked && is_other_ranked)
        require(order(rank, other_rank) == between);
}

static void fuzz_text(struct str one, struct str other)
{
    struct text_version a, b;
    if (!text_version_parse(one, &a) || !text_version_parse(other, &b))
        return;
    int between = sign(text_version_compare(&a, &b));
    require(text_version_compare(&a, &a) == 0);
    require(sign(text_version_compare(&b, &a)) == -between);
    uint64_t rank = text_version_rank(&a), other_rank = text_version_rank(&b);
    if (rank != 0 && other_rank != 0)
        require(order(rank, other_rank) == between);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    if (!utf8_is_valid(rest))
        return 0;
    struct str one = fuzz_take(&rest), other = fuzz_take(&rest);
    fuzz_typed(one, other);
    fuzz_text(one, other);
    return 0;
}
