/* SPDX-License-Identifier: Apache-2.0 */
/* gzip - bytes made smaller, for who accepts it: see gzip.h. */
#include "http/gzip.h"

#include <assert.h>
#include <pthread.h>
#include <zlib.h>

#include "base/memory.h"
#include "http/http.h"

/* ---- compressing -------------------------------------------------------------------------- */

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

/* ---- what a client accepts ---------------------------------------------------------------- */

enum { WEIGHT_MAX = 1000, UNLISTED = -1 };

/* "0", "1", "0.5", "1.000" (RFC 9110 section 12.4.2) in thousandths; UNLISTED when it is neither.
 */
static int parse_weight(struct str text)
{
    bool is_long = text.size > 1 && text.data[1] != '.';
    if (text.size == 0 || text.size > 5 || is_long || (text.data[0] != '0' && text.data[0] != '1'))
        return UNLISTED;
    int weight = (text.data[0] - '0') * WEIGHT_MAX;
    int place = WEIGHT_MAX / 10;
    for (size_t i = 2; i < text.size; i++, place /= 10) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return UNLISTED;
        weight += (text.data[i] - '0') * place;
    }
    return weight <= WEIGHT_MAX ? weight : UNLISTED;
}

/* Of "gzip;q=0.5", the part behind the name. */
static int weight_of(struct str parameters)
{
    struct str text = str_trim(parameters);
    if (text.size == 0)
        return WEIGHT_MAX;
    size_t equals = str_find_byte(text, '=', 0);
    if (!str_equal_ignoring_case(str_trim(str_slice(text, 0, equals)), STR("q")))
        return UNLISTED;
    return parse_weight(str_trim(str_slice(text, equals + 1, text.size)));
}

struct accepted {
    int gzip, plain, others; /* weights in thousandths */
};

static void note_coding(struct accepted *accepted, struct str member)
{
    size_t semicolon = str_find_byte(member, ';', 0);
    struct str name = str_trim(str_slice(member, 0, semicolon));
    int weight = weight_of(str_slice(member, semicolon + 1, member.size));
    /* x-gzip is the same: RFC 9110 section 8.4.1.3. */
    if (str_equal_ignoring_case(name, STR("gzip")) || str_equal_ignoring_case(name, STR("x-gzip")))
        accepted->gzip = weight;
    else if (str_equal_ignoring_case(name, STR("identity")))
        accepted->plain = weight;
    else if (str_equal(name, STR("*")))
        accepted->others = weight;
}

static void note_codings(struct accepted *accepted, struct str list)
{
    for (size_t at = 0; at < list.size;) {
        size_t end = str_find_byte(list, ',', at);
        note_coding(accepted, str_slice(list, at, end));
        at = end + 1;
    }
}

bool http_accepts_gzip(const struct http_request *request)
{
    struct accepted accepted = {UNLISTED, UNLISTED, UNLISTED};
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_equal_ignoring_case(request->headers[i].name, STR("accept-encoding")))
            note_codings(&accepted, request->headers[i].value);
    }
    int gzip = accepted.gzip != UNLISTED ? accepted.gzip : accepted.others;
    return gzip > 0 && gzip >= accepted.plain;
}
