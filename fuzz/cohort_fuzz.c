/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cohort_fuzz - bytes into cohorts: as what is stored, as the list inside of it, and as ids.
 *
 * What a decoder lets through is encoded and decoded to the same members. A list is wrapped the way
 * the encoder does it first, because no fuzzer guesses a checksum.
 */
#include <stdlib.h>
#include <zlib.h>

#include "model/cohort.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Sorted, none twice, each found; and the stored form leads back to the same one. */
static void check_members(struct cohort_members *members)
{
    struct cohort cohort = {.members = members};
    for (size_t i = 0; i < cohort_members_count(members); i++) {
        struct str id = cohort_member_at(members, i);
        require(cohort_has(&cohort, id));
        require(i == 0 || str_compare(cohort_member_at(members, i - 1), id) < 0);
    }
    struct buf first;
    struct buf second;
    buf_open(&first, SIZE_MAX);
    buf_open(&second, SIZE_MAX);
    cohort_members_encode(members, &first);
    struct cohort_members *again = NULL;
    require(!failed(cohort_members_decode(buf_str(&first), &again)));
    cohort_members_encode(again, &second);
    require(str_equal(buf_str(&first), buf_str(&second)));
    buf_close(&first);
    buf_close(&second);
    cohort_members_release(again);
}

static void fuzz_stored(struct str bytes)
{
    struct cohort_members *members = NULL;
    if (failed(cohort_members_decode(bytes, &members)))
        return;
    check_members(members);
    cohort_members_release(members);
}

static void append_varint(struct buf *buf, size_t value)
{
    for (; value >= 0x80; value >>= 7)
        buf_append_byte(buf, (char)(0x80 | (value & 0x7f)));
    buf_append_byte(buf, (char)value);
}

/* Two bytes say how many ids and how much text the list claims to hold; the rest is the list. */
static void fuzz_list(struct str bytes)
{
    if (bytes.size < 2)
        return;
    struct str list = str_slice(bytes, 2, bytes.size);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("GC\x01"));
    append_varint(&buf, (unsigned char)bytes.data[0]);
    append_varint(&buf, (unsigned char)bytes.data[1]);
    append_varint(&buf, list.size);
    uLongf room = compressBound((uLong)list.size);
    char *piece = buf_reserve(&buf, room);
    require(compress2((Bytef *)piece, &room, (const Bytef *)list.data, (uLong)list.size, 1) ==
            Z_OK);
    buf_advance(&buf, room);
    fuzz_stored(buf_str(&buf));
    buf_close(&buf);
}

/* One id per line. */
static void fuzz_ids(struct str bytes)
{
    struct cohort_builder *builder = cohort_builder_open();
    size_t accepted = 0;
    for (size_t at = 0; at < bytes.size;) {
        size_t end = str_find_byte(bytes, '\n', at);
        accepted += !failed(cohort_builder_add(builder, str_slice(bytes, at, end)));
        at = end + 1;
    }
    struct cohort_members *members = NULL;
    require(!failed(cohort_builder_finish(builder, &members)));
    require(cohort_members_count(members) <= accepted);
    require((cohort_members_count(members) == 0) == (accepted == 0));
    check_members(members);
    cohort_members_release(members);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str bytes = {(const char *)data + 1, size - 1};
    switch (data[0] % 3) {
    case 0:
        fuzz_stored(bytes);
        break;
    case 1:
        fuzz_list(bytes);
        break;
    default:
        fuzz_ids(bytes);
        break;
    }
    return 0;
}
