/* SPDX-License-Identifier: Apache-2.0 */
/* deflate - on zlib, with the project's allocator: see deflate.h. */
#include "base/deflate.h"

#include <assert.h>
#include <zlib.h>

#include "base/memory.h"

enum { PIECE_BYTES = 16384 };

static void *zlib_allocate(void *unused, unsigned count, unsigned size)
{
    (void)unused;
    return memory_allocate_array(count, size);
}

static void zlib_free(void *unused, void *memory)
{
    (void)unused;
    memory_free(memory);
}

static z_stream stream_over(struct str bytes)
{
    static const unsigned char nothing;
    const void *data = bytes.size == 0 ? (const void *)&nothing : bytes.data;
    assert(bytes.size <= UINT32_MAX);
    return (z_stream){
        .next_in = (Bytef *)(uintptr_t)data,
        .avail_in = (uInt)bytes.size,
        .zalloc = zlib_allocate,
        .zfree = zlib_free,
    };
}

void deflate_append(struct buf *buf, struct str bytes)
{
    z_stream stream = stream_over(bytes);
    int status = deflateInit(&stream, Z_BEST_SPEED);
    assert(status == Z_OK);
    do {
        char *piece = buf_reserve(buf, PIECE_BYTES);
        if (piece == NULL)
            break;
        stream.next_out = (Bytef *)piece;
        stream.avail_out = PIECE_BYTES;
        status = deflate(&stream, Z_FINISH);
        buf_advance(buf, PIECE_BYTES - stream.avail_out);
    } while (status == Z_OK || status == Z_BUF_ERROR);
    deflateEnd(&stream);
}

/* One byte of room more than there should be anything to put in: an end that comes late shows. */
bool deflate_restore(struct str bytes, char *restored, size_t size)
{
    z_stream stream = stream_over(bytes);
    int status = inflateInit(&stream);
    assert(status == Z_OK);
    assert(size < UINT32_MAX);
    stream.next_out = (Bytef *)restored;
    stream.avail_out = (uInt)(size + 1);
    status = inflate(&stream, Z_FINISH);
    bool is_whole = status == Z_STREAM_END && stream.avail_out == 1 && stream.avail_in == 0;
    inflateEnd(&stream);
    return is_whole;
}
