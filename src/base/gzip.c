/* SPDX-License-Identifier: Apache-2.0 */
/* gzip - bytes made smaller, on zlib: see gzip.h. */
#include "base/gzip.h"

#include <assert.h>
#include <pthread.h>
#include <zlib.h>

#include "base/memory.h"

enum { WINDOW_BITS = 15, AS_GZIP = 16, MEMORY_LEVEL = 8 };

struct compressor {
    z_stream stream;
    int level;
};

static pthread_key_t compressor_key;
static pthread_once_t compressor_key_once = PTHREAD_ONCE_INIT;

static void close_compressor(void *argument)
{
    struct compressor *compressor = argument;
    deflateEnd(&compressor->stream);
    memory_free(compressor);
}

static void make_key(void)
{
    int problem = pthread_key_create(&compressor_key, close_compressor);
    assert(problem == 0);
}

static void *allocate(void *nobody, unsigned count, unsigned size)
{
    (void)nobody;
    return memory_allocate_array(count, size);
}

static void release(void *nobody, void *memory)
{
    (void)nobody;
    memory_free(memory);
}

static struct compressor *open_compressor(int level)
{
    struct compressor *compressor = MEMORY_NEW(struct compressor);
    compressor->stream.zalloc = allocate;
    compressor->stream.zfree = release;
    compressor->level = level;
    int problem = deflateInit2(&compressor->stream, level, Z_DEFLATED, WINDOW_BITS + AS_GZIP,
                               MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
    assert(problem == Z_OK);
    problem = pthread_setspecific(compressor_key, compressor);
    assert(problem == 0);
    return compressor;
}

/* This thread's, ready for the first byte of a body. */
static struct compressor *take_compressor(int level)
{
    pthread_once(&compressor_key_once, make_key);
    struct compressor *compressor = pthread_getspecific(compressor_key);
    if (compressor == NULL)
        return open_compressor(level);
    int problem = deflateReset(&compressor->stream);
    assert(problem == Z_OK);
    if (compressor->level != level) {
        problem = deflateParams(&compressor->stream, level, Z_DEFAULT_STRATEGY);
        assert(problem == Z_OK);
        compressor->level = level;
    }
    return compressor;
}

void gzip_compress(struct str bytes, struct buf *gzip, int level)
{
    assert(bytes.size <= UINT32_MAX);
    z_stream *stream = &take_compressor(level)->stream;
    size_t most = deflateBound(stream, bytes.size);
    assert(most <= UINT32_MAX);
    char *room = buf_reserve(gzip, most);
    if (room == NULL)
        return;
    stream->next_in = (unsigned char *)(uintptr_t)bytes.data;
    stream->avail_in = (unsigned)bytes.size;
    stream->next_out = (unsigned char *)room;
    stream->avail_out = (unsigned)most;
    int verdict = deflate(stream, Z_FINISH);
    assert(verdict == Z_STREAM_END); /* deflateBound promises it */
    buf_advance(gzip, most - stream->avail_out);
}
