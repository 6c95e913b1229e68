/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reserve.h"

#include <string.h>
#include <sys/mman.h>

#include "test.h"

enum { BYTES = 1 << 20, LEAST = 1 << 16 };

TEST(blocks_are_aligned_and_apart)
{
    struct reserve reserve;
    CHECK(reserve_open(&reserve, BYTES, LEAST));
    char *blocks[100];
    for (size_t i = 0; i < 100; i++) {
        blocks[i] = reserve_take(&reserve, i * 7);
        CHECK(blocks[i]);
        CHECK_INT((uintptr_t)blocks[i] % 16, 0);
        CHECK(reserve_block_bytes(blocks[i]) >= i * 7);
        CHECK(reserve_holds(&reserve, blocks[i]));
        memset(blocks[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < 100; i++) {
        for (size_t at = 0; at < i * 7; at++)
            CHECK_INT((unsigned char)blocks[i][at], i);
        reserve_give(&reserve, blocks[i]);
    }
    CHECK_INT(reserve_used_bytes(&reserve), 0);
    reserve_close(&reserve);
}

TEST(it_ends_with_null_and_is_whole_again)
{
    struct reserve reserve;
    CHECK(reserve_open(&reserve, BYTES, LEAST));
    CHECK(!(reserve_take(&reserve, BYTES)));
    CHECK(!(reserve_take(&reserve, SIZE_MAX)));
    void *whole = reserve_take(&reserve, BYTES - 16);
    CHECK(whole);
    CHECK(!(reserve_take(&reserve, 1)));
    reserve_give(&reserve, whole);
    whole = reserve_take(&reserve, BYTES - 16);
    CHECK(whole != NULL);
    reserve_give(&reserve, whole);
    reserve_close(&reserve);
}

TEST(neighbours_join_in_any_order)
{
    static const size_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                       {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct reserve reserve;
    CHECK(reserve_open(&reserve, BYTES, LEAST));
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        void *before = reserve_take(&reserve, 64);
        void *blocks[3];
        for (size_t j = 0; j < 3; j++)
            blocks[j] = reserve_take(&reserve, 1000);
        void *behind = reserve_take(&reserve, 64);
        for (size_t j = 0; j < 3; j++)
            reserve_give(&reserve, blocks[orders[i][j]]);
        void *joined = reserve_take(&reserve, 3000); /* fits only where the three were one */
        CHECK(joined == blocks[0]);
        reserve_give(&reserve, joined);
        reserve_give(&reserve, before);
        reserve_give(&reserve, behind);
        CHECK_INT(reserve_used_bytes(&reserve), 0);
    }
    reserve_close(&reserve);
}

/* Against a model: what was written into a block is there until it is given back. */
TEST(random_use)
{
    struct reserve reserve;
    CHECK(reserve_open(&reserve, BYTES, LEAST));
    unsigned char *blocks[64] = {0};
    size_t sizes[64] = {0};
    uint64_t random = 42;
    for (unsigned i = 0; i < 20000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t at = (random >> 40) % 64;
        if (blocks[at] == NULL) {
            sizes[at] = (random >> 20) % 5000;
            blocks[at] = reserve_take(&reserve, sizes[at]);
            CHECK(blocks[at]);
            memset(blocks[at], (int)at, sizes[at]);
            continue;
        }
        for (size_t byte = 0; byte < sizes[at]; byte++)
            CHECK_INT(blocks[at][byte], at);
        reserve_give(&reserve, blocks[at]);
        blocks[at] = NULL;
    }
    for (size_t at = 0; at < 64; at++) {
        if (blocks[at] != NULL)
            reserve_give(&reserve, blocks[at]);
    }
    CHECK_INT(reserve_used_bytes(&reserve), 0);
    reserve_close(&reserve);
}

static size_t resident_pages(const struct reserve *reserve)
{
    static unsigned char pages[BYTES / 4096];
    CHECK_INT(mincore(reserve->base, reserve->bytes, pages), 0);
    size_t count = 0;
    for (size_t i = 0; i < sizeof(pages); i++)
        count += pages[i] & 1;
    return count;
}

TEST(it_holds_no_memory_but_in_need)
{
    struct reserve reserve;
    CHECK(reserve_open(&reserve, BYTES, LEAST));
    CHECK_INT(resident_pages(&reserve), 0);
    void *block = reserve_take(&reserve, BYTES / 2);
    memset(block, 1, BYTES / 2);
    CHECK(resident_pages(&reserve) >= BYTES / 2 / 4096);
    reserve_give(&reserve, block);
    CHECK_INT(resident_pages(&reserve), 0);
    reserve_close(&reserve);
}

TEST(less_is_taken_where_addresses_are_scarce)
{
    struct reserve reserve;
    CHECK(reserve_open(&reserve, (size_t)1 << 50, LEAST));
    CHECK(reserve.bytes < (size_t)1 << 48);
    reserve_close(&reserve);
    CHECK(!(reserve_open(&reserve, (size_t)1 << 50, (size_t)1 << 50)));
    CHECK(!(reserve_holds(&reserve, NULL)));
    CHECK(!(reserve_take(&reserve, 1)));
}

TESTS(blocks_are_aligned_and_apart, it_ends_with_null_and_is_whole_again,
      neighbours_join_in_any_order, random_use, it_holds_no_memory_but_in_need,
      less_is_taken_where_addresses_are_scarce)
