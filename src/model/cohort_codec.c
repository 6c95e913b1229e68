/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cohort_codec - the stored form of a cohort's members: see cohort.h.
 *
 *     "GC" 1, varints: how many ids, bytes of their text, bytes of the list; zlib(list)
 *     list: per id, in byte order, how many bytes it shares with the one before, how many follow,
 *           and those
 *
 * The list depends on the set of ids alone, and so do the bytes as long as the compressor stays the
 * same; another one's read just as well. A reader believes nothing: counts are held against what
 * the bytes before them can possibly stand for, and every id has to be where the order puts it.
 */
#include <string.h>

#include "base/deflate.h"
#include "base/memory.h"
#include "model/cohort_members.h"
#include "model/limits.h"

static const unsigned char magic[] = {'G', 'C', 1};

enum {
    ID_HEAD_BYTES_MAX = 4, /* two varints of at most COHORT_MEMBER_BYTES_MAX */
    VARINT_BYTES_MAX = 5,
};

/* ---- varints: seven bits a byte, lowest first, none in vain ---------------------------------- */

static void put_varint(struct buf *buf, size_t value)
{
    while (value >= 0x80) {
        buf_append_byte(buf, (char)(0x80 | (value & 0x7f)));
        value >>= 7;
    }
    buf_append_byte(buf, (char)value);
}

struct reading {
    struct str bytes;
    size_t at;
    bool is_bad;
};

static size_t take_varint(struct reading *reading, size_t max)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < VARINT_BYTES_MAX && reading->at < reading->bytes.size; i++) {
        unsigned char byte = (unsigned char)reading->bytes.data[reading->at++];
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) != 0)
            continue;
        bool is_in_vain = byte == 0 && i > 0;
        reading->is_bad = reading->is_bad || is_in_vain || value > max;
        return reading->is_bad ? 0 : (size_t)value;
    }
    reading->is_bad = true;
    return 0;
}

static struct str take_bytes(struct reading *reading, size_t size)
{
    if (reading->is_bad || size > reading->bytes.size - reading->at) {
        reading->is_bad = true;
        return STR("");
    }
    struct str taken = {reading->bytes.data + reading->at, size};
    reading->at += size;
    return taken;
}

/* ---- encode ---------------------------------------------------------------------------------- */

static size_t shared_size(struct str a, struct str b)
{
    size_t max = a.size < b.size ? a.size : b.size;
    size_t size = 0;
    while (size < max && a.data[size] == b.data[size])
        size++;
    return size;
}

static void append_list(struct buf *buf, const struct id_list *ids)
{
    struct str before = STR("");
    for (size_t i = 0; i < ids->count; i++) {
        struct str id = id_list_at(ids, i);
        size_t shared = shared_size(before, id);
        put_varint(buf, shared);
        put_varint(buf, id.size - shared);
        buf_append(buf, str_slice(id, shared, id.size));
        before = id;
    }
}

void cohort_members_encode(const struct cohort_members *members, struct buf *buf)
{
    struct buf list;
    buf_open(&list, SIZE_MAX);
    append_list(&list, &members->ids);
    buf_append(buf, (struct str){(const char *)magic, sizeof(magic)});
    put_varint(buf, members->ids.count);
    put_varint(buf, id_list_bytes(&members->ids));
    put_varint(buf, list.size);
    deflate_append(buf, buf_str(&list));
    buf_close(&list);
}

/* ---- decode ---------------------------------------------------------------------------------- */

/* What the head says, within what is possible at all. */
struct head {
    size_t count, text_bytes, list_bytes;
};

static struct head take_head(struct reading *reading)
{
    const size_t text_max = (size_t)COHORT_MEMBERS_MAX * COHORT_MEMBER_BYTES_MAX;
    struct str begin = take_bytes(reading, sizeof(magic));
    if (!str_equal(begin, (struct str){(const char *)magic, sizeof(magic)}))
        reading->is_bad = true;
    struct head head = {0};
    head.count = take_varint(reading, COHORT_MEMBERS_MAX);
    head.text_bytes = take_varint(reading, text_max);
    head.list_bytes = take_varint(reading, text_max + COHORT_MEMBERS_MAX * ID_HEAD_BYTES_MAX);
    size_t rest = reading->bytes.size - reading->at;
    if (head.list_bytes > rest * DEFLATE_RATIO_MAX || head.count > head.list_bytes / 2 ||
        head.text_bytes > head.count * COHORT_MEMBER_BYTES_MAX)
        reading->is_bad = true;
    return head;
}

/* The next id, put together behind the text so far; it has to come after the one before. */
static void take_id(struct reading *reading, struct id_list *ids, size_t text_bytes_max)
{
    struct str before = ids->count == 0 ? STR("") : id_list_at(ids, ids->count - 1);
    size_t shared = take_varint(reading, before.size);
    struct str rest = take_bytes(reading, take_varint(reading, COHORT_MEMBER_BYTES_MAX));
    size_t begin = id_list_bytes(ids);
    bool is_after =
        rest.size > 0 &&
        (shared == before.size || (unsigned char)rest.data[0] > (unsigned char)before.data[shared]);
    if (reading->is_bad || !is_after || shared + rest.size > text_bytes_max - begin) {
        reading->is_bad = true;
        return;
    }
    memcpy(ids->text + begin, before.data, shared);
    memcpy(ids->text + begin + shared, rest.data, rest.size);
    ids->ends[ids->count++] = (uint32_t)(begin + shared + rest.size);
    if (!id_is_valid(id_list_at(ids, ids->count - 1)))
        reading->is_bad = true;
}

static bool take_list(struct str list, const struct head *head, struct id_list *ids)
{
    struct reading reading = {.bytes = list};
    ids->text = memory_allocate(head->text_bytes);
    ids->ends = MEMORY_NEW_ARRAY(uint32_t, head->count);
    for (size_t i = 0; i < head->count && !reading.is_bad; i++)
        take_id(&reading, ids, head->text_bytes);
    return !reading.is_bad && reading.at == list.size && id_list_bytes(ids) == head->text_bytes;
}

struct fault cohort_members_decode(struct str bytes, struct cohort_members **members)
{
    struct fault damaged =
        fault_make(FAULT_INVALID, STR(""), STR("the members of a cohort are damaged"));
    *members = NULL;
    struct reading reading = {.bytes = bytes};
    struct head head = take_head(&reading);
    if (reading.is_bad)
        return damaged;

    struct id_list ids = {0};
    char *list = memory_allocate(head.list_bytes + 1);
    struct str rest = str_slice(bytes, reading.at, bytes.size);
    bool is_whole = rest.size <= UINT32_MAX && deflate_restore(rest, list, head.list_bytes) &&
                    take_list((struct str){list, head.list_bytes}, &head, &ids);
    memory_free(list);
    if (!is_whole) {
        memory_free(ids.text);
        memory_free(ids.ends);
        return damaged;
    }
    *members = cohort_members_make(&ids);
    return fault_none();
}
