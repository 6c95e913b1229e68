/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <string.h>

#include "test.h"

TEST(appends_stand_one_behind_the_other)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    CHECK_STR(buf_str(&buf), STR(""));
    buf_append(&buf, STR("flag "));
    buf_append(&buf, (struct str){0});
    buf_append_byte(&buf, '#');
    buf_append_u64(&buf, 0);
    buf_append_u64(&buf, UINT64_MAX);
    buf_append_format(&buf, " %s=%d", "n", -1);
    CHECK_STR(buf_str(&buf), STR("flag #018446744073709551615 n=-1"));
    buf_close(&buf);
}

TEST(the_maximum_is_reached_and_never_passed)
{
    struct buf buf;
    buf_open(&buf, 300);
    for (int i = 0; i < 300; i++)
        buf_append_byte(&buf, 'x');
    CHECK(!buf_failed(&buf));
    CHECK_INT(buf_str(&buf).size, 300);
    buf_append_byte(&buf, 'y');
    CHECK(buf_failed(&buf));
    CHECK_INT(buf_str(&buf).size, 300);
    CHECK(buf.capacity <= 300);
    buf_close(&buf);
}

TEST(a_failed_buf_stays_quiet_until_cleared)
{
    struct buf buf;
    buf_open(&buf, 8);
    buf_append(&buf, STR("too long for it"));
    buf_append(&buf, STR("fits"));
    buf_append_format(&buf, "%d", 1);
    CHECK(buf_failed(&buf));
    CHECK(buf_reserve(&buf, 1) == NULL);
    CHECK_STR(buf_str(&buf), STR(""));
    buf_clear(&buf);
    CHECK(!buf_failed(&buf));
    buf_append(&buf, STR("fits"));
    CHECK_STR(buf_str(&buf), STR("fits"));
    buf_close(&buf);
}

TEST(reserved_room_counts_once_advanced)
{
    struct buf buf;
    buf_open(&buf, 1000);
    char *room = buf_reserve(&buf, 500);
    CHECK(room != NULL);
    memset(room, 'r', 500);
    CHECK_INT(buf_str(&buf).size, 0);
    buf_advance(&buf, 3);
    CHECK_STR(buf_str(&buf), STR("rrr"));
    CHECK(buf_reserve(&buf, 998) == NULL);
    CHECK(buf_failed(&buf));
    buf_close(&buf);
}

TEST(clearing_keeps_the_memory)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("something"));
    size_t capacity = buf.capacity;
    buf_clear(&buf);
    CHECK_STR(buf_str(&buf), STR(""));
    CHECK_INT(buf.capacity, capacity);
    buf_close(&buf);
    CHECK_INT(buf.capacity, 0);
}

TESTS(appends_stand_one_behind_the_other, the_maximum_is_reached_and_never_passed,
      a_failed_buf_stays_quiet_until_cleared, reserved_room_counts_once_advanced,
      clearing_keeps_the_memory)
