/* SPDX-License-Identifier: Apache-2.0 */
/* What was made smaller comes back whole, or not at all. */
#include "base/deflate.h"

#include <string.h>

#include "base/memory.h"

#include "test.h"

static void check_round_trip(struct str bytes)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    deflate_append(&buf, bytes);
    char *restored = memory_allocate(bytes.size + 1);
    CHECK(deflate_restore(buf_str(&buf), restored, bytes.size));
    CHECK_STR(((struct str){restored, bytes.size}), bytes);
    memory_free(restored);
    buf_close(&buf);
}

TEST(what_was_compressed_is_restored)
{
    enum { LARGE = 300000 };
    check_round_trip(STR(""));
    check_round_trip((struct str){0});
    check_round_trip(STR("abcabcabcabc"));
    char *large = memory_allocate(LARGE);
    uint32_t state = 1;
    for (size_t i = 0; i < LARGE; i++) {
        state = state * 1664525 + 1013904223;
        large[i] = (char)(state >> 24); /* hardly compresses: more than one piece */
    }
    check_round_trip((struct str){large, LARGE});
    memset(large, 'x', LARGE);
    check_round_trip((struct str){large, LARGE});
    memory_free(large);
}

TEST(another_size_or_damaged_bytes_are_refused)
{
    char restored[16];
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    deflate_append(&buf, STR("twelve bytes"));
    CHECK(deflate_restore(buf_str(&buf), restored, 12));
    CHECK(!deflate_restore(buf_str(&buf), restored, 11));
    CHECK(!deflate_restore(buf_str(&buf), restored, 13));
    CHECK(!deflate_restore(str_slice(buf_str(&buf), 0, buf.size - 1), restored, 12));
    CHECK(!deflate_restore(STR(""), restored, 0));
    buf.data[buf.size - 1] ^= 1; /* its checksum */
    CHECK(!deflate_restore(buf_str(&buf), restored, 12));
    buf.data[buf.size - 1] ^= 1;
    buf_append_byte(&buf, 0);
    CHECK(!deflate_restore(buf_str(&buf), restored, 12));
    buf_close(&buf);
}

TEST(a_full_buf_goes_quiet)
{
    struct buf buf;
    buf_open(&buf, 8);
    deflate_append(&buf, STR("more than eight bytes of it"));
    CHECK(buf_failed(&buf));
    buf_close(&buf);
}

TESTS(what_was_compressed_is_restored, another_size_or_damaged_bytes_are_refused,
      a_full_buf_goes_quiet)
